//! Section 20, on the ledger of a station: who was on duty, who was checked in, every paper, and what the closing protocol counts.
//!
//! An event is reported once, for the first rule that it breaks, and has its effect unless it has no place. [`Book`] is what is then known of
//! the station; which of its papers count is decided in `papers.rs`.
//!
//! Spec: specs/station.md §4, §5, §6, §10.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::authority::Authority;
use crate::check::{Check, Checks, Place};
use crate::contents::read_content;
use crate::events::{ContentRef, Event, ListedLedger, PaperIssued, Signed, StationCounts};
use crate::keys::signature_holds;
use crate::ledger::{Ledger, replay};
use crate::manifest::Manifest;
use crate::reader::{DecodeError, Reader};
use crate::registers::election::{At, Election};
use crate::registers::stations::{Station, box_of};
use crate::rules::Pack;
use crate::source::Source;
use crate::wire::{Entry, Kind, Ref, Role, is_short_id};

/// The checks of this register.
pub(crate) const BOOK_CHECKS: [Check; 7] = [
    Check::StationOrder,
    Check::StationDuty,
    Check::StationWindow,
    Check::StationCheckIn,
    Check::StationPaper,
    Check::StationLookUp,
    Check::StationCounts,
];

/// Most districts of a list of voters.
const MAX_DISTRICTS: usize = 1000;
/// How long before the poll a station may be opened.
const EARLY_MS: u64 = 21_600_000;
/// How old a look-up may be.
const LOOK_UP_MS: u64 = 60_000;

/// A voter of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Index into [`Voters::districts`].
    district: u32,
    pub(crate) holder: bool,
}

/// A list of voters. Spec: specs/station.md §3.
#[derive(Debug, Default)]
pub(crate) struct Voters {
    pub(crate) districts: Vec<String>,
    voters: HashMap<[u8; 32], Listed>,
    /// Voters as they stand on the list, one who stands there twice counted twice.
    pub(crate) count: u64,
    /// Somebody stands in two districts.
    pub(crate) twice: bool,
}

impl Voters {
    /// Reads a list; of a voter who stands on it twice the first place is taken.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Voters, DecodeError> {
        let mut list = Voters::default();
        Reader::whole(bytes, |r| {
            r.list(|r| {
                let id = r.string()?;
                let after = list.districts.last().is_none_or(|before| before.as_str() < id);
                if !is_short_id(id) || !after || list.districts.len() == MAX_DISTRICTS {
                    return Err(DecodeError::Rule(
                        "a district is malformed, not in order, or one too many",
                    ));
                }
                let district = u32::try_from(list.districts.len()).unwrap_or(u32::MAX);
                list.districts.push(id.to_owned());
                let mut before: Option<[u8; 32]> = None;
                r.list(|r| {
                    let pseudonym: [u8; 32] = r.array()?;
                    let holder = r.bool()?;
                    if before.is_some_and(|before| before >= pseudonym) {
                        return Err(DecodeError::Rule("the voters are not sorted or not distinct"));
                    }
                    before = Some(pseudonym);
                    list.count += 1;
                    let known = list.voters.contains_key(&pseudonym);
                    list.twice |= known;
                    list.voters
                        .entry(pseudonym)
                        .or_insert(Listed { district, holder });
                    Ok(())
                })?;
                if before.is_none() {
                    return Err(DecodeError::Rule("a district has no voters"));
                }
                Ok(())
            })
        })?;
        Ok(list)
    }

    pub(crate) fn get(&self, pseudonym: &[u8; 32]) -> Option<&Listed> {
        self.voters.get(pseudonym)
    }

    /// The district for which somebody is listed.
    pub(crate) fn district(&self, pseudonym: &[u8; 32]) -> Option<&str> {
        let listed = self.voters.get(pseudonym)?;
        let index = usize::try_from(listed.district).ok()?;
        self.districts.get(index).map(String::as_str)
    }

    /// Everybody, with the district and whether they hold a credential, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8; 32], &str, bool)> {
        self.voters.iter().map(|(pseudonym, listed)| {
            let index = usize::try_from(listed.district).unwrap_or(usize::MAX);
            let district = self.districts.get(index).map_or("", String::as_str);
            (pseudonym, district, listed.holder)
        })
    }
}

/// Somebody who was checked in.
#[derive(Debug)]
pub(crate) struct CheckIn {
    pub(crate) person: [u8; 32],
    listed: bool,
    /// Their papers, in order.
    papers: Vec<u64>,
    /// The CheckedIn, or a PaperSpoilt of one of the papers, is provisional.
    provisional: bool,
}

/// A paper that was issued.
#[derive(Debug)]
pub(crate) struct Paper {
    check_in: u64,
    pub(crate) envelope: bool,
    spoilt: bool,
    disputed: bool,
    provisional: bool,
    /// Where the voter was looked up, if the ref is the one that the paper must carry.
    pub(crate) look_up: Option<Ref>,
}

/// What a closing protocol says, where it stands.
pub(crate) type Closed = At<StationCounts>;

/// A station as its ledger tells it.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) check_ins: BTreeMap<u64, CheckIn>,
    pub(crate) papers: BTreeMap<u64, Paper>,
    pub(crate) closed: Option<Closed>,
    pub(crate) voters: Voters,
    /// Authors of the station's own events, and those who signed second.
    pub(crate) actors: BTreeSet<[u8; 32]>,
    /// Positions that were reported.
    pub(crate) reported: BTreeSet<u64>,
    /// Every entry was understood.
    pub(crate) complete: bool,
    opened: bool,
    papers_received: u64,
    spoilt: u64,
    pack: Option<Pack>,
    persons: HashMap<[u8; 32], u64>,
    envelopes: BTreeSet<u64>,
    on_duty: BTreeSet<[u8; 32]>,
}

impl Book {
    /// The paper of its check-in: the last one.
    pub(crate) fn is_latest(&self, paper: u64) -> bool {
        let check_in = self
            .papers
            .get(&paper)
            .and_then(|p| self.check_ins.get(&p.check_in));
        check_in.is_some_and(|check_in| check_in.papers.last() == Some(&paper))
    }

    /// Spec: specs/station.md §5.
    pub(crate) fn stands(&self, paper: u64) -> bool {
        self.is_latest(paper) && self.papers.get(&paper).is_some_and(|paper| !paper.spoilt)
    }

    pub(crate) fn is_disputed(&self, paper: u64) -> bool {
        self.papers.get(&paper).is_some_and(|paper| paper.disputed)
    }

    /// Whether the paper of a check-in is contested by what the book says. Spec: specs/station.md §7.2.
    pub(crate) fn is_contested(&self, paper: u64) -> bool {
        let Some((paper, check_in)) = self
            .papers
            .get(&paper)
            .and_then(|paper| Some((paper, self.check_ins.get(&paper.check_in)?)))
        else {
            return false;
        };
        let mut disputed = check_in.papers.iter().filter_map(|paper| self.papers.get(paper));
        paper.provisional || check_in.provisional || disputed.any(|paper| paper.disputed)
    }

    /// Who was checked in for a paper.
    pub(crate) fn voter(&self, paper: &Paper) -> Option<&[u8; 32]> {
        self.check_ins
            .get(&paper.check_in)
            .map(|check_in| &check_in.person)
    }

    fn first_vote_final(&self) -> bool {
        self.pack.as_ref().is_some_and(|pack| pack.first_vote_final)
    }
}

/// What a station is checked against.
pub(crate) struct Setup<'a> {
    pub(crate) election: &'a Election,
    pub(crate) manifest: &'a Manifest,
    /// `None` if the station is not defined.
    pub(crate) station: Option<&'a Station>,
    pub(crate) listed: &'a [ListedLedger],
    pub(crate) ledgers: &'a BTreeMap<[u8; 32], Ledger>,
}

/// Replays the ledger of a station.
pub(crate) fn check_station(
    source: &dyn Source,
    ledger: &Ledger,
    setup: &Setup<'_>,
    checks: &mut Checks,
) -> Book {
    let mut book = Book {
        reported: ledger.reported.clone(),
        ..Book::default()
    };
    let mut authority = Authority::of(&ledger.genesis);
    let outcome = replay(source, ledger, checks, |checks, items| {
        for (entry, event) in items {
            match event {
                Event::Genesis(_) | Event::RoleGranted(_) | Event::RoleRevoked(_) => {
                    if book.closed.is_none() {
                        let before = authority.holders(Role::STATION_OFFICER);
                        authority.follow(&entry.body.author, event);
                        let after = authority.holders(Role::STATION_OFFICER);
                        for ceased in before.difference(&after) {
                            book.on_duty.remove(ceased);
                        }
                    }
                }
                _ => {
                    let step = Step {
                        source,
                        ledger,
                        setup,
                        entry,
                        authority: &authority,
                    };
                    step.apply(&mut book, event, checks);
                }
            }
        }
    });
    book.complete = outcome.is_ok();
    if let Err(reason) = outcome {
        for check in BOOK_CHECKS {
            checks.skip(check, &reason);
        }
    }
    book
}

/// Whether a rule holds, and under which check it is reported.
type Rule = (Check, Result<(), &'static str>);

fn rule(check: Check, holds: bool, reason: &'static str) -> Rule {
    (check, if holds { Ok(()) } else { Err(reason) })
}

/// One entry and what is needed to judge it.
struct Step<'s, 'e> {
    source: &'s dyn Source,
    ledger: &'s Ledger,
    setup: &'s Setup<'s>,
    entry: &'s Entry<'e>,
    authority: &'s Authority,
}

impl Step<'_, '_> {
    fn apply(&self, book: &mut Book, event: &Event<'_>, checks: &mut Checks) {
        let seq = self.entry.seq;
        let place = Place::entry(self.ledger.id, seq);
        book.actors.insert(self.entry.body.author);
        if let Event::PaperIssued(PaperIssued {
            second: Some(second), ..
        }) = event
        {
            book.actors.insert(second.key);
        }
        let contents = match event {
            Event::StationOpened { voters, pack, .. } => Some(self.contents(voters, pack)),
            _ => None,
        };
        if !book.reported.contains(&seq) {
            for (check, outcome) in self.rules(book, event, contents.as_ref(), checks) {
                // What a ref says is counted where it is compared.
                if outcome.is_ok() && check == Check::EntryRefs {
                    continue;
                }
                checks.outcome(check, place, outcome);
                if outcome.is_err() {
                    book.reported.insert(seq);
                    break;
                }
            }
        }
        self.effect(book, event, contents);
    }

    /// The rules of an event in their order. Spec: specs/station.md §4.1.
    fn rules(
        &self,
        book: &Book,
        event: &Event<'_>,
        contents: Option<&Contents>,
        checks: &mut Checks,
    ) -> Vec<Rule> {
        let author = &self.entry.body.author;
        let mut rules = vec![(Check::EntryRefs, self.refs(book, event))];
        let before = matches!(
            event,
            Event::DutyBegun | Event::DutyEnded | Event::StationOpened { .. }
        );
        let order = if book.closed.is_some() {
            Err("an event after the station was closed")
        } else if matches!(event, Event::StationOpened { .. }) && book.opened {
            Err("the station is open already")
        } else if !before && !book.opened {
            Err("the station is not open")
        } else {
            Ok(())
        };
        rules.push((Check::StationOrder, order));
        let on_duty = book.on_duty.contains(author);
        let duty = match event {
            Event::DutyBegun if on_duty => Err("the officer is on duty already"),
            Event::DutyBegun => Ok(()),
            _ if !on_duty => Err("the officer is not on duty"),
            _ => Ok(()),
        };
        rules.push((Check::StationDuty, duty));
        match event {
            Event::StationOpened { voters, pack, .. } => {
                rules.push(rule(
                    Check::StationDuty,
                    book.on_duty.len() >= 3,
                    "the station is opened by fewer than three officers on duty",
                ));
                rules.push((Check::StationDefined, self.as_defined(voters, pack)));
                match contents.map(|contents| &contents.voters) {
                    Some(Ok(_)) => rules.push((Check::StationVoters, Ok(()))),
                    Some(Err(Lost::Malformed)) => rules.push((
                        Check::StationVoters,
                        Err("the list of voters is not canonical, not sorted, or malformed"),
                    )),
                    _ => checks.skip(Check::StationVoters, "a list of voters cannot be had"),
                }
                let manifest = self.setup.manifest;
                let opens = manifest.opens_ms.saturating_sub(EARLY_MS);
                rules.push(rule(
                    Check::StationWindow,
                    (opens..=manifest.closes_ms).contains(&self.entry.received_ms),
                    "the station is opened outside its time",
                ));
            }
            Event::CheckedIn {
                listed,
                person,
                document,
            } => {
                let manifest = self.setup.manifest;
                let queue = self.setup.station.map_or(0, |s| s.defined.value.queue_ms);
                let last = manifest.closes_ms.saturating_add(queue);
                rules.push(rule(
                    Check::StationWindow,
                    (manifest.opens_ms..=last).contains(&self.entry.received_ms),
                    "somebody was checked in outside the poll",
                ));
                let outcome = check_in_rules(book, *listed, person, *document);
                rules.push((Check::StationCheckIn, outcome));
            }
            Event::PaperIssued(issued) => {
                rules.push((Check::StationPaper, self.paper_rules(book, issued)));
                if book.first_vote_final() {
                    match self.look_up() {
                        Some(outcome) => rules.push((Check::StationLookUp, outcome)),
                        None => checks.skip(Check::StationLookUp, "a box that was looked into is not here"),
                    }
                }
            }
            Event::PaperSpoilt { paper } => rules.push(rule(
                Check::StationPaper,
                book.stands(*paper),
                "a paper is spoilt that does not stand",
            )),
            Event::IssueDisputed { paper } => rules.push(rule(
                Check::StationDecided,
                book.stands(*paper) && !book.is_disputed(*paper),
                "a paper is disputed that does not stand, or that was disputed before",
            )),
            Event::StationClosed { counts, unserved } => rules.push(rule(
                Check::StationCounts,
                self.counts_hold(book, counts, *unserved),
                "the closing protocol does not count what the station recorded",
            )),
            _ => {}
        }
        rules
    }

    /// Spec: specs/station.md §4.4, §5.5.
    fn refs(&self, book: &Book, event: &Event<'_>) -> Result<(), &'static str> {
        let refs = self.entry.body.refs.as_slice();
        match event {
            Event::StationOpened { .. } => {
                let opened = self.setup.election.opened;
                let cited = refs.first().map_or(0, |cited| cited.at.size);
                if opened.is_some_and(|opened| cited > opened) {
                    Ok(())
                } else {
                    Err("the election ledger is not cited beyond PollOpened")
                }
            }
            Event::PaperIssued(issued) => match &book.pack {
                None => Ok(()),
                Some(pack) if !pack.first_vote_final && refs.is_empty() => Ok(()),
                Some(pack) if !pack.first_vote_final => Err("the event carries refs"),
                Some(_) => {
                    let [cited] = refs else {
                        return Err("the event does not carry exactly one ref");
                    };
                    let listed = self.setup.listed;
                    let person = book.check_ins.get(&issued.check_in).map(|c| &c.person);
                    let district = person.and_then(|person| book.voters.district(person));
                    let holds = match district {
                        Some(district) => box_of(listed, district) == Some(cited.ledger),
                        None => listed.iter().any(|l| {
                            l.ledger == cited.ledger && Kind::from_code(l.kind) == Some(Kind::BallotBox)
                        }),
                    };
                    if holds {
                        Ok(())
                    } else {
                        Err("the ref cites another ledger than the box of the voter")
                    }
                }
            },
            _ => Ok(()),
        }
    }

    /// Spec: specs/station.md §4.4.
    fn as_defined(&self, voters: &ContentRef, pack: &ContentRef) -> Result<(), &'static str> {
        let size = self.entry.body.refs.first().map_or(0, |cited| cited.at.size);
        let station = self.setup.station.filter(|station| station.defined.seq < size);
        let Some(station) = station else {
            return Err("no definition of the station within what is cited");
        };
        let defined = &station.defined.value;
        if voters.sha256 != defined.voters || pack.sha256 != defined.pack {
            return Err("list of voters or rule pack are not those of the station's definition");
        }
        let officers = self.authority.holders(Role::STATION_OFFICER);
        if station.officers_at(size) != Some(&officers) {
            return Err("the keys of officers here are not the station's officers");
        }
        let commission = self.authority.holders(Role::COMMISSION);
        let of_election = self.setup.election.commission_at(size);
        if !of_election.is_some_and(|keys| commission.is_subset(keys)) {
            return Err("a key of the commission here is none on the election ledger");
        }
        Ok(())
    }

    /// Spec: specs/station.md §5.1 to §5.4.
    fn paper_rules(&self, book: &Book, issued: &PaperIssued) -> Result<(), &'static str> {
        let check_in = book.check_ins.get(&issued.check_in);
        let check_in = check_in.ok_or("a paper is issued to nobody who was checked in")?;
        match (check_in.papers.last(), issued.replaces) {
            (None, None) => {}
            (None, Some(_)) => return Err("a first paper says that it replaces another"),
            (Some(_), None) => return Err("a second paper is issued, and replaces none"),
            (Some(latest), Some(replaces)) => {
                let spoilt = book.papers.get(latest).is_some_and(|paper| paper.spoilt);
                if *latest != replaces || !spoilt {
                    return Err("the replaced paper is not the last one of the check-in, or is not spoilt");
                }
            }
        }
        match (check_in.listed, issued.envelope) {
            (true, None) => {}
            (true, Some(_)) => return Err("a voter of the list is given an envelope"),
            (false, None) => return Err("a guest is given a paper without an envelope"),
            (false, Some(number)) => {
                if number == 0 || book.envelopes.contains(&number) {
                    return Err("the number of an envelope is 0 or was used before");
                }
            }
        }
        let excludes = book
            .voters
            .get(&check_in.person)
            .is_some_and(|listed| listed.holder);
        let Some(second) = &issued.second else {
            return if issued.envelope.is_some() || excludes {
                Err("a paper that may exclude a digital ballot is issued by one officer alone")
            } else {
                Ok(())
            };
        };
        let author = &self.entry.body.author;
        if second.key == *author {
            return Err("the second officer is the first one");
        }
        if !book.on_duty.contains(&second.key) {
            return Err("the second officer is not on duty");
        }
        if !second_holds(&self.ledger.id, author, issued, second) {
            return Err("the signature of the second officer does not hold");
        }
        Ok(())
    }

    /// Whether the look-up is fresh. `None`: the box is not here. Spec: specs/station.md §5.5.
    fn look_up(&self) -> Option<Result<(), &'static str>> {
        let cited = self.entry.body.refs.first()?;
        let ballot_box = self.setup.ledgers.get(&cited.ledger)?;
        let first_unseen = usize::try_from(cited.at.size)
            .ok()
            .and_then(|index| ballot_box.sequenced.get(index));
        let oldest = self.entry.received_ms.saturating_sub(LOOK_UP_MS);
        Some(if first_unseen.is_none_or(|sequenced| *sequenced >= oldest) {
            Ok(())
        } else {
            Err("the voter was looked up too long ago")
        })
    }

    /// Spec: specs/station.md §6.
    fn counts_hold(&self, book: &Book, counts: &StationCounts, unserved: u64) -> bool {
        let waiting = book
            .check_ins
            .values()
            .filter(|check_in| check_in.papers.is_empty());
        let envelopes = book.papers.values().filter(|paper| paper.envelope);
        let expected = StationCounts {
            received: book.papers_received,
            checked_in: book.check_ins.len() as u64,
            issued: book.papers.len() as u64,
            spoilt: book.spoilt,
            envelopes: envelopes.count() as u64,
            unused: counts.unused,
        };
        *counts == expected && unserved == waiting.count() as u64
    }

    fn contents(&self, voters: &ContentRef, pack: &ContentRef) -> Contents {
        let voters = match read_content(self.source, voters) {
            Err(_) => Err(Lost::Missing),
            Ok(bytes) => Voters::decode(&bytes).map_err(|_| Lost::Malformed),
        };
        let pack = read_content(self.source, pack).ok();
        Contents {
            voters,
            pack: pack.and_then(|bytes| Pack::parse(&bytes).ok()),
        }
    }

    /// Spec: specs/station.md §10.
    fn effect(&self, book: &mut Book, event: &Event<'_>, contents: Option<Contents>) {
        if book.closed.is_some() {
            return;
        }
        let (seq, author) = (self.entry.seq, self.entry.body.author);
        let provisional = |key: &[u8; 32]| self.setup.station.is_some_and(|s| s.is_provisional(key, seq));
        match event {
            Event::DutyBegun => {
                book.on_duty.insert(author);
            }
            Event::DutyEnded => {
                book.on_duty.remove(&author);
            }
            Event::StationOpened { papers, .. } if !book.opened => {
                book.opened = true;
                book.papers_received = *papers;
                if let Some(contents) = contents {
                    book.voters = contents.voters.unwrap_or_default();
                    book.pack = contents.pack;
                }
            }
            Event::CheckedIn { listed, person, .. } if !book.persons.contains_key(person) => {
                book.persons.insert(*person, seq);
                let check_in = CheckIn {
                    person: *person,
                    listed: *listed,
                    papers: Vec::new(),
                    provisional: provisional(&author),
                };
                book.check_ins.insert(seq, check_in);
            }
            Event::PaperIssued(issued) => {
                let right = book.first_vote_final() && self.refs(book, event).is_ok();
                let Some(check_in) = book.check_ins.get_mut(&issued.check_in) else {
                    return;
                };
                check_in.papers.push(seq);
                book.envelopes.extend(issued.envelope);
                let second = issued.second.is_some_and(|second| provisional(&second.key));
                let paper = Paper {
                    check_in: issued.check_in,
                    envelope: issued.envelope.is_some(),
                    spoilt: false,
                    disputed: false,
                    provisional: second || provisional(&author),
                    look_up: self.entry.body.refs.first().filter(|_| right).copied(),
                };
                book.papers.insert(seq, paper);
            }
            Event::PaperSpoilt { paper } => {
                let Some(paper) = book.papers.get_mut(paper) else {
                    return;
                };
                paper.spoilt = true;
                book.spoilt += 1;
                if let Some(check_in) = book.check_ins.get_mut(&paper.check_in) {
                    check_in.provisional |= provisional(&author);
                }
            }
            Event::IssueDisputed { paper } => {
                if let Some(paper) = book.papers.get_mut(paper) {
                    paper.disputed = true;
                }
            }
            Event::StationClosed { counts, .. } => {
                book.closed = Some(At { seq, value: *counts });
            }
            _ => {}
        }
    }
}

/// What StationOpened cites.
struct Contents {
    voters: Result<Voters, Lost>,
    pack: Option<Pack>,
}

/// Why there is no list of voters.
enum Lost {
    Missing,
    Malformed,
}

/// Spec: specs/station.md §4.5.
fn check_in_rules(book: &Book, listed: bool, person: &[u8; 32], document: u8) -> Result<(), &'static str> {
    let known = match (document, &book.pack) {
        (1, pack) => pack.as_ref().is_none_or(|pack| pack.id_card),
        (2, pack) => pack.as_ref().is_none_or(|pack| pack.digital_id),
        _ => false,
    };
    if !known {
        return Err("somebody was checked in by a document that the rules do not have");
    }
    if listed != book.voters.get(person).is_some() {
        return Err("the check-in does not say whether the person is on the station's list");
    }
    if book.first_vote_final() && !listed {
        return Err("a guest was checked in where the first vote is final");
    }
    if book.persons.contains_key(person) {
        return Err("the person was checked in before");
    }
    Ok(())
}

/// Spec: specs/station.md §5.4.
fn second_holds(station: &[u8; 32], author: &[u8; 32], issued: &PaperIssued, second: &Signed) -> bool {
    let mut message = b"sijill/second-officer/v1\n".to_vec();
    message.extend_from_slice(station);
    message.extend_from_slice(author);
    integer(&mut message, issued.check_in);
    for number in [issued.envelope, issued.replaces] {
        message.push(u8::from(number.is_some()));
        if let Some(number) = number {
            integer(&mut message, number);
        }
    }
    message.push(0);
    signature_holds(&second.key, &message, &second.signature)
}

/// Appends an integer as it is encoded. Spec: specs/ledger.md §2.
fn integer(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}
