//! Section 20, where everything is compared: lists of voters with the roll, books of stations with what the centre says of them, papers with
//! the digital ballots that they exclude, returns with the papers.
//!
//! Phases: lists of voters; definitions and lost books against the rule pack; the books; the steps of the roll in their order (disputes,
//! decisions, openings of exclusions), with the papers as they stand at each; returns.
//!
//! Spec: specs/station.md §1.3, §2, §3, §7, §8, §9.1.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::check::{Check, Checks, Place};
use crate::contents::read_content;
use crate::events::{ContentRef, ListedLedger};
use crate::hash::sha256;
use crate::ledger::Ledger;
use crate::manifest::Manifest;
use crate::reader::{DecodeError, Reader};
use crate::registers::election::Election;
use crate::registers::roll::{PollEvent, PollRoll, PollStep};
use crate::registers::station::{self, Book, Voters, check_station};
use crate::registers::stations::{End, LostBook, Station};
use crate::source::Source;
use crate::wire::Kind;

/// The checks of section 20.
pub(crate) const STATION_CHECKS: [Check; 15] = [
    Check::StationDefined,
    Check::StationAnchor,
    Check::StationFinal,
    Check::StationLost,
    Check::StationVoters,
    Check::StationOrder,
    Check::StationDuty,
    Check::StationWindow,
    Check::StationCheckIn,
    Check::StationPaper,
    Check::StationLookUp,
    Check::StationCounts,
    Check::StationDecided,
    Check::StationExclusions,
    Check::StationReturn,
];

/// Id of a ledger.
type Id = [u8; 32];
/// A station and the position of one of its papers.
type At = (Id, u64);

/// What the stations are compared with.
pub(crate) struct Event<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) election_id: Id,
    pub(crate) election: &'a Election,
    pub(crate) manifest: &'a Manifest,
    pub(crate) listed: &'a [ListedLedger],
    pub(crate) ledgers: &'a BTreeMap<Id, Ledger>,
    pub(crate) roll_id: Id,
    pub(crate) roll: &'a PollRoll,
}

/// The openings of the exclusions of a box.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Position on the roll.
    pub(crate) seq: u64,
    /// Ascending.
    pub(crate) credentials: Vec<[u8; 32]>,
    by_voter: HashMap<[u8; 32], [u8; 32]>,
}

/// A voter who was looked up in a box, and was given a paper that counts. Spec: specs/station.md §8.4.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LookUp {
    pub(crate) station: Id,
    pub(crate) paper: u64,
    pub(crate) ballot_box: Id,
    /// Entries of the box that the officer saw.
    pub(crate) size: u64,
    pub(crate) credential: [u8; 32],
}

/// What boxes are checked against.
#[derive(Debug, Default)]
pub(crate) struct Reconciled {
    pub(crate) opened: BTreeMap<Id, Opened>,
    /// Boxes whose openings cannot be had.
    pub(crate) lost: BTreeSet<Id>,
    pub(crate) look_ups: Vec<LookUp>,
}

/// Compares everything. What is left out because something cannot be had is in `checks`.
pub(crate) fn reconcile(event: &Event<'_>, checks: &mut Checks) -> Reconciled {
    let mut lists = Lists::default();
    for step in &event.roll.steps {
        if let PollEvent::VotersAssigned { station, voters } = &step.event {
            lists.assign(event, step.seq, station, voters, checks);
        }
    }
    for station in event.election.stations.defined.values() {
        check_defined(event, station, &lists, checks);
        check_lost(event, station, checks);
    }
    let mut books = BTreeMap::new();
    for id in &event.election.stations.listed {
        let here = event
            .ledgers
            .get(id)
            .filter(|ledger| ledger.kind == Kind::Station);
        let Some(ledger) = here else {
            continue;
        };
        let setup = station::Setup {
            election: event.election,
            manifest: event.manifest,
            station: event.election.stations.defined.get(id),
            listed: event.listed,
            ledgers: event.ledgers,
        };
        books.insert(*id, check_station(event.source, ledger, &setup, checks));
    }
    for (id, station) in &event.election.stations.defined {
        check_book(event, id, station, books.get(id), checks);
    }
    let stations = &event.election.stations.defined;
    let mut finals = stations.iter().filter(|(_, station)| station.last().is_some());
    let all_here = finals.all(|(id, _)| books.get(id).is_some_and(|book| book.complete));
    if !all_here || !event.roll.complete || lists.lost {
        let reason = "a book, a list of voters or the roll cannot be read as a whole";
        for check in [
            Check::StationDecided,
            Check::StationExclusions,
            Check::StationReturn,
        ] {
            checks.skip(check, reason);
        }
        return Reconciled {
            lost: event.listed.iter().map(|listed| listed.ledger).collect(),
            ..Reconciled::default()
        };
    }
    let mut papers = Papers::new(event, &lists, &books);
    for step in &event.roll.steps {
        papers.step(step, checks);
    }
    papers.check_returns(checks);
    papers.finish()
}

/// The lists of voters that were assigned.
#[derive(Debug, Default)]
struct Lists {
    assigned: BTreeMap<Id, Assigned>,
    /// The station of each voter: the first on whose list they were.
    of: HashMap<[u8; 32], Id>,
    /// A list cannot be had.
    lost: bool,
}

#[derive(Debug)]
struct Assigned {
    seq: u64,
    content: ContentRef,
    voters: Voters,
}

impl Lists {
    /// Spec: specs/station.md §3.
    fn assign(
        &mut self,
        event: &Event<'_>,
        seq: u64,
        station: &Id,
        content: &ContentRef,
        checks: &mut Checks,
    ) {
        let place = Place::entry(event.roll_id, seq);
        if !event.election.stations.listed.contains(station) {
            let detail = "voters are assigned to a ledger that is not listed as a station";
            return checks.fail(Check::StationVoters, place, detail);
        }
        if self.assigned.contains_key(station) {
            let detail = "a second list of voters of this station";
            return checks.fail(Check::StationVoters, place, detail);
        }
        let bytes = match read_content(event.source, content) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.lost = true;
                return checks.skip(Check::StationVoters, error);
            }
        };
        let voters = match Voters::decode(&bytes) {
            Ok(voters) => voters,
            Err(error) => return checks.fail(Check::StationVoters, place, format!("the list: {error}")),
        };
        // The voters come in no order, so the reason that is given does not depend on it.
        let (mut stranger, mut holders, mut elsewhere) = (false, false, false);
        for (pseudonym, district, holder) in voters.iter() {
            let registered = event.roll.get(pseudonym);
            stranger |= registered.is_none_or(|registered| registered.district != district);
            holders |= registered.is_some_and(|registered| registered.commitment.is_some() != holder);
            elsewhere |= self.of.contains_key(pseudonym);
            self.of.entry(*pseudonym).or_insert(*station);
        }
        let outcome = if voters.twice {
            Err("a voter stands on the list twice")
        } else if elsewhere {
            Err("a voter is on the list of another station")
        } else if stranger {
            Err("a voter of the list is not registered in that district")
        } else if holders {
            Err("the list does not say of a voter whether they have a credential")
        } else {
            Ok(())
        };
        checks.outcome(Check::StationVoters, place, outcome);
        let assigned = Assigned {
            seq,
            content: *content,
            voters,
        };
        self.assigned.insert(*station, assigned);
    }
}

/// Spec: specs/station.md §1.3.
fn check_defined(event: &Event<'_>, station: &Station, lists: &Lists, checks: &mut Checks) {
    let seq = station.defined.seq;
    if event.election.stations.faulty.contains(&seq) {
        return;
    }
    let defined = &station.defined.value;
    let list = lists.assigned.get(&defined.ledger);
    if list.is_none() && lists.lost {
        return checks.skip(Check::StationDefined, "a list of voters cannot be had");
    }
    let cited = station.roll_ref.map(|cited| cited.at.size);
    let rules = event.roll.rules.as_ref();
    if rules.is_none() {
        checks.skip(Check::StationDefined, "the rule pack of the roll cannot be read");
    }
    let outcome = match list {
        None => Err("the station has no list of voters"),
        Some(list) if cited.is_some_and(|cited| cited <= list.seq) => {
            Err("the roll is not cited beyond the list of voters of this station")
        }
        Some(list) if list.content.sha256 != defined.voters => {
            Err("another list of voters than the one that was assigned")
        }
        Some(list) if list.voters.count != defined.count => Err("the list has another number of voters"),
        Some(list)
            if !list
                .voters
                .districts
                .iter()
                .all(|id| defined.districts.contains(id)) =>
        {
            Err("a district of the list is none of the station's")
        }
        Some(_) if event.roll.pack.is_some_and(|pack| pack.sha256 != defined.pack) => {
            Err("another rule pack than the roll's")
        }
        Some(_) if rules.is_some_and(|rules| rules.first_vote_final) && !defined.online => {
            Err("the first vote is final, but the station is not online")
        }
        Some(_) => Ok(()),
    };
    let place = Place::entry(event.election_id, seq);
    checks.outcome(Check::StationDefined, place, outcome);
}

/// Spec: specs/station.md §2.3.
fn check_lost(event: &Event<'_>, station: &Station, checks: &mut Checks) {
    let Some(End::Lost { at, rule }) = &station.end else {
        return;
    };
    if event.election.stations.faulty.contains(&at.seq) {
        return;
    }
    let Some(rules) = &event.roll.rules else {
        return checks.skip(Check::StationLost, "the rule pack of the roll cannot be read");
    };
    let of_pack = rules.lost_book.map(|lost_book| match lost_book {
        LostBook::VoidPaper => 1,
        LostBook::VoidDigital => 2,
    });
    let outcome = match of_pack {
        None => Err("the rule pack has no rule for lost books"),
        Some(of_pack) if of_pack != *rule => Err("another rule than the rule pack has for lost books"),
        Some(_) => Ok(()),
    };
    let place = Place::entry(event.election_id, at.seq);
    checks.outcome(Check::StationLost, place, outcome);
}

/// The book is as long as the centre says, and ends as it says. Spec: specs/station.md §2.2, §2.4.
fn check_book(event: &Event<'_>, id: &Id, station: &Station, book: Option<&Book>, checks: &mut Checks) {
    let (Some(book), Some(ledger)) = (book, event.ledgers.get(id)) else {
        if station.last().is_some() {
            checks.skip(Check::StationFinal, "the book of a station is not here");
        }
        return;
    };
    let size = ledger.size();
    let end = Place::entry(*id, size.saturating_sub(1));
    let last = station.last();
    if station.anchored > 0 || last.is_some() {
        let outcome = if size < station.anchored {
            Err("the book is shorter than what was anchored")
        } else if last.is_some_and(|last| last.value.size != size) {
            Err("the book has not the size that was signed as final")
        } else {
            Ok(())
        };
        checks.outcome(Check::StationAnchor, end, outcome);
    }
    let Some(last) = last.filter(|last| !event.election.stations.faulty.contains(&last.seq)) else {
        return;
    };
    if !book.complete {
        return checks.skip(
            Check::StationFinal,
            "the book of a station cannot be read as a whole",
        );
    }
    let closed = book.closed.as_ref();
    let officers = station.ever_officers();
    let outcome = if closed.and_then(|closed| closed.seq.checked_add(1)) != Some(last.value.size) {
        Err("the final state does not end with the closing protocol")
    } else if closed.map(|closed| closed.value) != Some(last.value.counts) {
        Err("the counts are not those of the closing protocol")
    } else if !book.actors.is_subset(&officers) {
        Err("somebody acted at the station who never was an officer of it on the election ledger")
    } else {
        Ok(())
    };
    checks.outcome(
        Check::StationFinal,
        Place::entry(event.election_id, last.seq),
        outcome,
    );
}

/// What was decided about a paper.
#[derive(Debug, Clone, Copy)]
enum Decision {
    Counts(Option<[u8; 32]>),
    Void,
}

/// The papers as they stand at a position of the roll.
struct Papers<'a> {
    event: &'a Event<'a>,
    lists: &'a Lists,
    /// Of final stations.
    books: BTreeMap<Id, (&'a Station, &'a Book)>,
    /// The last regular papers of everybody's check-ins.
    regular: HashMap<[u8; 32], Vec<At>>,
    disputed: BTreeSet<At>,
    /// Papers of check-ins that are contested.
    contested: BTreeSet<At>,
    open: BTreeSet<At>,
    decided: BTreeMap<At, Decision>,
    /// Envelopes that were admitted, by person.
    admitted: HashMap<[u8; 32], At>,
    opened: BTreeMap<Id, Opened>,
    lost: BTreeSet<Id>,
    /// Those who are excluded, by district, as long as nothing is decided.
    excluded: Option<BTreeMap<String, BTreeSet<[u8; 32]>>>,
}

impl<'a> Papers<'a> {
    fn new(event: &'a Event<'a>, lists: &'a Lists, books: &'a BTreeMap<Id, Book>) -> Papers<'a> {
        let mut papers = Papers {
            event,
            lists,
            books: BTreeMap::new(),
            regular: HashMap::new(),
            disputed: BTreeSet::new(),
            contested: BTreeSet::new(),
            open: BTreeSet::new(),
            decided: BTreeMap::new(),
            admitted: HashMap::new(),
            opened: BTreeMap::new(),
            lost: BTreeSet::new(),
            excluded: None,
        };
        for (id, station) in &event.election.stations.defined {
            let Some(book) = books.get(id).filter(|_| station.last().is_some()) else {
                continue;
            };
            for (seq, paper) in &book.papers {
                if !book.is_latest(*seq) {
                    continue;
                }
                let contested = book.is_contested(*seq);
                if contested {
                    papers.contested.insert((*id, *seq));
                }
                if contested || (paper.envelope && book.stands(*seq)) {
                    papers.open.insert((*id, *seq));
                }
                if let (false, Some(voter)) = (paper.envelope, book.voter(paper)) {
                    papers.regular.entry(*voter).or_default().push((*id, *seq));
                }
            }
            papers.books.insert(*id, (station, book));
        }
        papers
    }

    fn book(&self, station: &Id) -> Option<&'a Book> {
        self.books.get(station).map(|(_, book)| *book)
    }

    fn stands(&self, (station, paper): &At) -> bool {
        self.book(station).is_some_and(|book| book.stands(*paper))
    }

    fn is_final_within(&self, station: &Id, size: u64) -> bool {
        let station = self.books.get(station);
        station.is_some_and(|(station, _)| station.is_final_within(size))
    }

    /// Whether a paper of a check-in counts, and for whom an envelope was opened. Spec: specs/station.md §7.5.
    fn counts(&self, at: &At, envelope: bool) -> bool {
        match self.decided.get(at) {
            Some(Decision::Counts(_)) => true,
            Some(Decision::Void) => false,
            None => !envelope && self.stands(at) && !self.contested.contains(at),
        }
    }

    fn step(&mut self, step: &PollStep, checks: &mut Checks) {
        let place = Place::entry(self.event.roll_id, step.seq);
        match &step.event {
            PollEvent::VotersAssigned { .. } => {}
            PollEvent::PaperDisputed { station, paper } => {
                let outcome = self.dispute(step, (*station, *paper));
                checks.outcome(Check::StationDecided, place, outcome);
            }
            PollEvent::PaperDecided {
                station,
                paper,
                decision,
                person,
            } => {
                let outcome = self.decide(step, (*station, *paper), *decision, *person);
                checks.outcome(Check::StationDecided, place, outcome);
            }
            PollEvent::ExclusionsOpened { ledger, openings } => {
                self.open(step, ledger, openings, checks);
            }
        }
    }

    /// Spec: specs/station.md §7.4.
    fn dispute(&mut self, step: &PollStep, at: At) -> Result<(), &'static str> {
        let size = step.cited.map_or(u64::MAX, |cited| cited.at.size);
        let book = self.book(&at.0);
        let known = book.is_some_and(|book| book.is_disputed(at.1)) || self.disputed.contains(&at);
        if !self.is_final_within(&at.0, size) {
            return Err("a paper is disputed of a station that is not final");
        }
        if !self.stands(&at) {
            return Err("a paper is disputed that does not stand");
        }
        if known {
            return Err("the paper was disputed before");
        }
        if self.decided.contains_key(&at) {
            return Err("a paper is disputed that was decided");
        }
        if !self.opened.is_empty() {
            return Err("a paper is disputed after exclusions were opened");
        }
        self.disputed.insert(at);
        self.contested.insert(at);
        self.open.insert(at);
        self.excluded = None;
        Ok(())
    }

    /// Spec: specs/station.md §7.5.
    fn decide(
        &mut self,
        step: &PollStep,
        at: At,
        decision: u8,
        person: Option<[u8; 32]>,
    ) -> Result<(), &'static str> {
        let size = step.cited.map_or(u64::MAX, |cited| cited.at.size);
        let stations = &self.event.election.stations;
        if !self.is_final_within(&at.0, size) || !self.open.contains(&at) {
            return Err("a paper is decided that needs no decision, or has one");
        }
        let paper = self.book(&at.0).and_then(|book| book.papers.get(&at.1));
        let envelope = paper.is_some_and(|paper| paper.envelope);
        let outcome = if step.cited.is_some() && !stations.all_ended_within(size) {
            Err("a paper is decided before all books are known")
        } else if !self.opened.is_empty() {
            Err("a paper is decided after exclusions were opened")
        } else if !matches!(decision, 1 | 2) {
            Err("an unknown decision")
        } else if person.is_some() != (envelope && decision == 1) {
            Err("a person is named who is not admitted by this, or none is")
        } else if let Some(person) = &person {
            self.admission_rules(person, size)
        } else {
            Ok(())
        };
        let registered = person.filter(|person| self.event.roll.get(person).is_some());
        let effect = match (decision, envelope) {
            (1, false) => Decision::Counts(None),
            (1, true) if registered.is_some() => Decision::Counts(registered),
            _ => Decision::Void,
        };
        if let Decision::Counts(Some(person)) = effect {
            self.admitted.entry(person).or_insert(at);
        }
        self.decided.insert(at, effect);
        self.open.remove(&at);
        self.excluded = None;
        outcome
    }

    /// Whether the envelope of somebody may be admitted. Spec: specs/station.md §7.5.
    fn admission_rules(&self, person: &[u8; 32], size: u64) -> Result<(), &'static str> {
        if self.event.roll.get(person).is_none() {
            return Err("an envelope is admitted of somebody who is not registered");
        }
        let regular = self.regular.get(person).map_or(&[][..], Vec::as_slice);
        let other = regular.iter().any(|at| {
            let votes = self.stands(at) || self.contested.contains(at);
            let void = matches!(self.decided.get(at), Some(Decision::Void));
            self.is_final_within(&at.0, size) && votes && !void
        });
        if other {
            return Err("an envelope is admitted of somebody who has a regular paper");
        }
        if self.admitted.contains_key(person) {
            return Err("a second envelope of somebody is admitted");
        }
        if self.is_void_digital(person) {
            return Err("an envelope is admitted of somebody whose station is lost, and whose paper counts");
        }
        if self.urn(person, size).is_none() {
            return Err("there is no urn into which the paper could go");
        }
        Ok(())
    }

    /// Whether somebody is on the list of a station that is lost with void-digital.
    fn is_void_digital(&self, person: &[u8; 32]) -> bool {
        let station = self.lists.of.get(person);
        let station = station.and_then(|id| self.event.election.stations.defined.get(id));
        station.is_some_and(|station| station.lost() == Some(LostBook::VoidDigital))
    }

    /// Where the envelope of somebody is opened. Spec: specs/station.md §7.5.
    fn urn(&self, person: &[u8; 32], size: u64) -> Option<Id> {
        let own = self.lists.of.get(person).copied();
        if let Some(own) = own.filter(|own| self.is_final_within(own, size)) {
            return Some(own);
        }
        let district = self.event.roll.get(person)?.district;
        let mut others = self.books.iter().filter(|(_, (station, _))| {
            let districts = &station.defined.value.districts;
            station.is_final_within(size) && districts.iter().any(|id| id == district)
        });
        others.next().map(|(id, _)| *id)
    }

    /// Everybody with a credential who is excluded, by district. Spec: specs/station.md §8.1.
    fn excluded(&mut self) -> &BTreeMap<String, BTreeSet<[u8; 32]>> {
        let excluded = match self.excluded.take() {
            Some(excluded) => excluded,
            None => {
                let mut excluded: BTreeMap<String, BTreeSet<[u8; 32]>> = BTreeMap::new();
                let mut exclude = |person: &[u8; 32]| {
                    let registered = self.event.roll.get(person);
                    if let Some(registered) = registered.filter(|r| r.commitment.is_some()) {
                        let district = registered.district.to_owned();
                        excluded.entry(district).or_default().insert(*person);
                    }
                };
                for (voter, papers) in &self.regular {
                    if papers.iter().any(|at| self.counts(at, false)) {
                        exclude(voter);
                    }
                }
                for decision in self.decided.values() {
                    if let Decision::Counts(Some(person)) = decision {
                        exclude(person);
                    }
                }
                for person in self.lists.of.keys().filter(|person| self.is_void_digital(person)) {
                    exclude(person);
                }
                excluded
            }
        };
        self.excluded.insert(excluded)
    }

    /// Spec: specs/station.md §8.2.
    fn open(&mut self, step: &PollStep, ballot_box: &Id, content: &ContentRef, checks: &mut Checks) {
        let place = Place::entry(self.event.roll_id, step.seq);
        let check = Check::StationExclusions;
        let listed = self.event.listed.iter().find(|listed| {
            listed.ledger == *ballot_box && Kind::from_code(listed.kind) == Some(Kind::BallotBox)
        });
        let Some(district) = listed.and_then(|listed| listed.district.as_ref()) else {
            return checks.fail(
                check,
                place,
                "exclusions are opened of a ledger that is no box of the event",
            );
        };
        if self.opened.contains_key(ballot_box) {
            return checks.fail(check, place, "the exclusions of this box were opened before");
        }
        let openings = match read_content(self.event.source, content) {
            Ok(bytes) => Openings::decode(&bytes),
            Err(error) => {
                self.lost.insert(*ballot_box);
                return checks.skip(check, error);
            }
        };
        let openings = match openings {
            Ok(openings) => openings,
            Err(error) => return checks.fail(check, place, format!("the openings: {error}")),
        };
        let ended = step
            .cited
            .is_none_or(|cited| self.event.election.stations.all_ended_within(cited.at.size));
        let outcome = if !ended {
            Err("exclusions are opened before all books are known")
        } else if !self.open.is_empty() {
            Err("exclusions are opened while a paper needs a decision")
        } else {
            self.opening_rules(district, &openings)
        };
        checks.outcome(check, place, outcome);
        let mut credentials: Vec<[u8; 32]> = openings.list.iter().map(|o| o.credential).collect();
        credentials.sort_unstable();
        let by_voter = openings.list.iter().map(|o| (o.pseudonym, o.credential));
        let opened = Opened {
            seq: step.seq,
            credentials,
            by_voter: by_voter.collect(),
        };
        self.opened.insert(*ballot_box, opened);
    }

    fn opening_rules(&mut self, district: &str, openings: &Openings) -> Result<(), &'static str> {
        let none = BTreeSet::new();
        let expected = self.excluded().get(district).unwrap_or(&none);
        let opened: BTreeSet<[u8; 32]> = openings.list.iter().map(|o| o.pseudonym).collect();
        if !opened.is_subset(expected) {
            return Err("somebody is excluded who has no paper that counts");
        }
        if opened.len() != expected.len() {
            return Err("somebody is not excluded whose paper counts");
        }
        let mut credentials = HashSet::new();
        for opening in &openings.list {
            let registered = self.event.roll.get(&opening.pseudonym);
            let commitment = registered.and_then(|registered| registered.commitment);
            let opened = sha256(&[b"sijill/credential/v1\n", &opening.salt, &opening.credential]);
            if commitment != Some(&opened) {
                return Err("an opening is not that of the voter's credential");
            }
            if !credentials.insert(opening.credential) {
                return Err("a credential is excluded twice");
            }
        }
        Ok(())
    }

    /// Spec: specs/station.md §9.1.
    fn check_returns(&self, checks: &mut Checks) {
        for (id, (station, book)) in &self.books {
            let mut issued: BTreeMap<&str, u64> = BTreeMap::new();
            for paper in book.papers.values().filter(|paper| !paper.envelope) {
                let district = book.voter(paper).and_then(|voter| book.voters.district(voter));
                if let Some(district) = district {
                    *issued.entry(district).or_default() += 1;
                }
            }
            for decision in self.decided.values() {
                let Decision::Counts(Some(person)) = decision else {
                    continue;
                };
                if let Some(registered) = self.event.roll.get(person)
                    && self.urn(person, u64::MAX) == Some(*id)
                {
                    *issued.entry(registered.district).or_default() += 1;
                }
            }
            for (district, returned) in &station.returns {
                if self.event.election.stations.faulty.contains(&returned.seq) {
                    continue;
                }
                let expected = issued.get(district.as_str()).copied().unwrap_or(0);
                checks.require(
                    Check::StationReturn,
                    Place::entry(self.event.election_id, returned.seq),
                    returned.value.issued == expected,
                    "the papers issued are not those that the station recorded",
                );
            }
        }
    }

    /// What boxes are checked against, as the roll stands at its end.
    fn finish(self) -> Reconciled {
        let mut look_ups = Vec::new();
        for (voter, papers) in &self.regular {
            for at in papers.iter().filter(|at| self.counts(at, false)) {
                let Some(book) = self.book(&at.0) else {
                    continue;
                };
                let cited = book.papers.get(&at.1).and_then(|paper| paper.look_up);
                if let Some(cited) = cited.filter(|_| !book.reported.contains(&at.1))
                    && let Some(opened) = self.opened.get(&cited.ledger)
                    && let Some(credential) = opened.by_voter.get(voter)
                {
                    look_ups.push(LookUp {
                        station: at.0,
                        paper: at.1,
                        ballot_box: cited.ledger,
                        size: cited.at.size,
                        credential: *credential,
                    });
                }
            }
        }
        look_ups.sort_unstable_by_key(|look_up| (look_up.station, look_up.paper));
        Reconciled {
            opened: self.opened,
            lost: self.lost,
            look_ups,
        }
    }
}

/// What opens the commitment to a credential.
struct Opening {
    pseudonym: [u8; 32],
    salt: [u8; 32],
    credential: [u8; 32],
}

/// The openings of a box's exclusions. Spec: specs/station.md §8.2.
struct Openings {
    list: Vec<Opening>,
}

impl Openings {
    fn decode(bytes: &[u8]) -> Result<Openings, DecodeError> {
        let list = Reader::whole(bytes, |r| {
            r.list(|r| {
                Ok(Opening {
                    pseudonym: r.array()?,
                    salt: r.array()?,
                    credential: r.array()?,
                })
            })
        })?;
        if list.is_sorted_by(|a: &Opening, b| a.pseudonym < b.pseudonym) {
            Ok(Openings { list })
        } else {
            Err(DecodeError::Rule("they are not sorted or not distinct"))
        }
    }
}
