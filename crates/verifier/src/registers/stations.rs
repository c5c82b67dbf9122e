//! Section 20, on the election ledger: stations are defined, their books come to the centre, their papers are returned.
//!
//! [`Stations`] follows the state machine of everything that is public. What rests on restricted ledgers is compared in `papers.rs`.
//!
//! Spec: specs/station.md §1, §2, §9.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::is_line;
use crate::check::Check;
use crate::events::{
    Event, ListedLedger, PaperReturned, StationCounts, StationDefined, StationFinal, StationReturned,
};
use crate::json::MAX_INTEGER;
use crate::keys::{is_enrollable_key, signature_holds};
use crate::manifest::{Manifest, Text};
use crate::registers::election::At;
use crate::suite::tally::sums_possible;
use crate::wire::{Entry, Kind, Ref};

/// Longest time after the close in which those who wait may still be checked in.
const MAX_QUEUE_MS: u64 = 14_400_000;
/// Most districts of a station.
const MAX_DISTRICTS: usize = 1000;
/// Most officers of a station, the chair included.
const MAX_OFFICERS: usize = 64;

/// A key of a person.
type Key = [u8; 32];
/// Id of a ledger.
type Id = [u8; 32];

/// What becomes of a station whose book is lost. Spec: specs/station.md §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LostBook {
    VoidPaper,
    VoidDigital,
}

/// How the book of a station ended.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Final(At<StationFinal>),
    Lost { at: At<LostBook>, rule: u8 },
}

impl End {
    fn seq(&self) -> u64 {
        match self {
            End::Final(last) => last.seq,
            End::Lost { at, .. } => at.seq,
        }
    }
}

/// An officer who was revoked, and from which position on entries of theirs are provisional.
#[derive(Debug, Clone, Copy)]
struct Revocation {
    key: Key,
    from: u64,
}

/// A station that is defined.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) defined: At<StationDefined>,
    /// The ref of StationDefined, if it is to the roll.
    pub(crate) roll_ref: Option<Ref>,
    chair: Option<Key>,
    members: BTreeSet<Key>,
    /// Officers from the entry with this position on.
    officers: Vec<(u64, BTreeSet<Key>)>,
    revocations: Vec<Revocation>,
    /// The largest size that was anchored, or 0.
    pub(crate) anchored: u64,
    pub(crate) end: Option<End>,
    pub(crate) returns: BTreeMap<String, At<StationReturned>>,
    /// Mismatches that were resolved, by district; of the book itself without one.
    resolved: BTreeSet<Option<String>>,
}

impl Station {
    fn is_open(&self) -> bool {
        self.end.is_none()
    }

    pub(crate) fn last(&self) -> Option<&At<StationFinal>> {
        match &self.end {
            Some(End::Final(last)) => Some(last),
            _ => None,
        }
    }

    pub(crate) fn lost(&self) -> Option<LostBook> {
        match &self.end {
            Some(End::Lost { at, .. }) => Some(at.value),
            _ => None,
        }
    }

    /// Whether the station is final within the first `size` entries of the election ledger.
    pub(crate) fn is_final_within(&self, size: u64) -> bool {
        self.last().is_some_and(|last| last.seq < size)
    }

    fn officers_now(&self) -> BTreeSet<Key> {
        self.members.iter().copied().chain(self.chair).collect()
    }

    fn is_officer(&self, key: &Key) -> bool {
        self.chair.as_ref() == Some(key) || self.members.contains(key)
    }

    /// The officers after the first `size` entries of the election ledger.
    pub(crate) fn officers_at(&self, size: u64) -> Option<&BTreeSet<Key>> {
        let before = self.officers.iter().rev().find(|(seq, _)| *seq < size);
        before.map(|(_, officers)| officers)
    }

    /// Everybody who was an officer at some position. A station that is final has the officers that it had.
    pub(crate) fn ever_officers(&self) -> BTreeSet<Key> {
        self.officers
            .iter()
            .flat_map(|(_, keys)| keys.iter().copied())
            .collect()
    }

    /// Whether an entry by `key` at this position came to the centre after its author was revoked. Spec: specs/station.md §7.1.
    pub(crate) fn is_provisional(&self, key: &Key, seq: u64) -> bool {
        let of_key = self
            .revocations
            .iter()
            .filter(|revocation| revocation.key == *key);
        of_key.into_iter().any(|revocation| seq >= revocation.from)
    }

    /// Whether this return of the station has a mismatch; without a district its closing protocol. Spec: specs/station.md §6, §9.1.
    fn has_mismatch(&self, district: Option<&str>) -> bool {
        match district {
            None => self
                .last()
                .is_some_and(|last| counts_mismatch(&last.value.counts)),
            Some(district) => self
                .returns
                .get(district)
                .is_some_and(|returned| return_mismatch(&returned.value)),
        }
    }

    fn is_resolved(&self) -> bool {
        let resolved = |district: Option<&str>| {
            !self.has_mismatch(district) || self.resolved.contains(&district.map(str::to_owned))
        };
        resolved(None) && self.returns.keys().all(|district| resolved(Some(district)))
    }
}

fn counts_mismatch(counts: &StationCounts) -> bool {
    counts.issued.saturating_add(counts.unused) != counts.received
}

fn return_mismatch(returned: &StationReturned) -> bool {
    let counted = returned.valid.saturating_add(returned.invalid);
    counted.saturating_add(returned.spoilt) != returned.issued
}

/// What the election ledger says at an entry, besides stations.
pub(crate) struct Context<'a> {
    pub(crate) entry: &'a Entry<'a>,
    pub(crate) manifest: &'a Manifest,
    pub(crate) listed: &'a [ListedLedger],
    pub(crate) poll_opened: bool,
    /// Whether the tally of a box is anchored.
    pub(crate) is_anchored: &'a dyn Fn(&Id) -> bool,
}

impl Context<'_> {
    /// The ref of the event, if it is the one to `ledger`.
    fn cited(&self, ledger: &Id) -> Option<Ref> {
        match self.entry.body.refs.as_slice() {
            [cited] if cited.ledger == *ledger => Some(*cited),
            _ => None,
        }
    }

    fn roll(&self) -> Option<Id> {
        let mut rolls = self
            .listed
            .iter()
            .filter(|l| Kind::from_code(l.kind) == Some(Kind::Roll));
        rolls.next().map(|listed| listed.ledger)
    }
}

/// The box that is listed for a district.
pub(crate) fn box_of(listed: &[ListedLedger], district: &str) -> Option<Id> {
    let mut boxes = listed.iter().filter(|l| {
        Kind::from_code(l.kind) == Some(Kind::BallotBox) && l.district.as_deref() == Some(district)
    });
    boxes.next().map(|listed| listed.ledger)
}

/// The stations of an event, as the election ledger has them.
#[derive(Debug, Default)]
pub(crate) struct Stations {
    /// Ledgers that are listed as stations. Empty in an event without stations.
    pub(crate) listed: BTreeSet<Id>,
    /// Those that are defined.
    pub(crate) defined: BTreeMap<Id, Station>,
    /// Positions of events that broke a rule of theirs: nothing more is reported of them.
    pub(crate) faulty: BTreeSet<u64>,
}

/// Whether an event is one of stations on the election ledger, and the check that names its faults.
pub(crate) fn check_of(event: &Event<'_>) -> Option<Check> {
    Some(match event {
        Event::StationDefined(_) | Event::OfficerNamed { .. } | Event::OfficerRevoked { .. } => {
            Check::StationDefined
        }
        Event::StationAnchored { .. } => Check::StationAnchor,
        Event::StationFinal(_) => Check::StationFinal,
        Event::StationLost { .. } => Check::StationLost,
        Event::StationReturned(_) | Event::MismatchResolved { .. } => Check::StationReturn,
        _ => return None,
    })
}

impl Stations {
    pub(crate) fn new(listed: &[ListedLedger]) -> Stations {
        let stations = listed
            .iter()
            .filter(|l| Kind::from_code(l.kind) == Some(Kind::Station));
        Stations {
            listed: stations.map(|l| l.ledger).collect(),
            ..Stations::default()
        }
    }

    /// Whether this is an event with stations.
    pub(crate) fn any(&self) -> bool {
        !self.listed.is_empty()
    }

    /// Whether every listed station is defined. Spec: specs/station.md §1.6.
    pub(crate) fn all_defined(&self) -> bool {
        self.listed.iter().all(|id| self.defined.contains_key(id))
    }

    /// Whether every listed station is final or lost within the first `size` entries.
    pub(crate) fn all_ended_within(&self, size: u64) -> bool {
        let ended = |id| {
            let end = self
                .defined
                .get(id)
                .and_then(|station: &Station| station.end.as_ref());
            end.is_some_and(|end| end.seq() < size)
        };
        self.listed.iter().all(ended)
    }

    /// Whether every mismatch is resolved. Spec: specs/station.md §9.4.
    pub(crate) fn all_resolved(&self) -> bool {
        self.defined.values().all(Station::is_resolved)
    }

    /// Whether the book of a station, or a part of it, came to the centre. Spec: specs/station.md §2.4.
    pub(crate) fn has_come(&self, id: &Id) -> bool {
        let station = self.defined.get(id);
        station.is_some_and(|station| station.anchored > 0 || station.last().is_some())
    }

    /// Takes an event of stations; the error is what its check reports.
    pub(crate) fn apply(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), &'static str> {
        let outcome = match event {
            Event::StationDefined(defined) => self.define(context, defined),
            Event::OfficerNamed { ledger, key, chair } => self.name(context, ledger, *key, *chair),
            Event::OfficerRevoked { ledger, key } => self.revoke(context, ledger, key),
            Event::StationAnchored { ledger, size } => self.anchor(context, ledger, *size),
            Event::StationFinal(last) => self.finish(context, last),
            Event::StationLost { ledger, rule, reason } => self.lose(context, ledger, *rule, reason),
            Event::StationReturned(returned) => self.take_return(context, returned),
            Event::MismatchResolved {
                ledger,
                district,
                reason,
            } => self.resolve(ledger, *district, reason),
            _ => Ok(()),
        };
        if outcome.is_err() {
            self.faulty.insert(context.entry.seq);
        }
        outcome
    }

    /// Spec: specs/station.md §1.3.
    fn define(&mut self, context: &Context<'_>, defined: &StationDefined) -> Result<(), &'static str> {
        let is_listed = self.listed.contains(&defined.ledger);
        let polled = |district: &String| context.manifest.district(district).is_some_and(|d| d.is_polled());
        let districts = &defined.districts;
        let members = &defined.members;
        let mut others = self.defined.values();
        let outcome = if !is_listed {
            Err("the ledger is not listed as a station")
        } else if self.defined.contains_key(&defined.ledger) {
            Err("a second definition of this station")
        } else if context.poll_opened {
            Err("a station is defined after the poll was opened")
        } else if others.any(|other| other.defined.value.station == defined.station) {
            Err("another station has this id")
        } else if Text::rules(&defined.name_en, &defined.name_ar).is_err() {
            Err("the name of a station is no text")
        } else if !(1..=MAX_DISTRICTS).contains(&districts.len()) || !districts.is_sorted_by(|a, b| a < b) {
            Err("a station has no districts, too many, or they are not sorted")
        } else if !districts.iter().all(polled) {
            Err("a district of a station is no polled district of the manifest")
        } else if defined.queue_ms > MAX_QUEUE_MS {
            Err("those who wait may be checked in too long after the close")
        } else if !(2..MAX_OFFICERS).contains(&members.len()) || !members.is_sorted_by(|a, b| a < b) {
            Err("a station has too few members, too many, or they are not sorted")
        } else if members.contains(&defined.chair) {
            Err("the chair of a station is also a member")
        } else if !members.iter().chain([&defined.chair]).all(is_enrollable_key) {
            Err("the key of an officer is not a public key")
        } else {
            Ok(())
        };
        if is_listed && !self.defined.contains_key(&defined.ledger) {
            let mut station = Station {
                defined: At {
                    seq: context.entry.seq,
                    value: defined.clone(),
                },
                roll_ref: context.roll().and_then(|roll| context.cited(&roll)),
                chair: Some(defined.chair),
                members: members
                    .iter()
                    .copied()
                    .filter(|key| *key != defined.chair)
                    .collect(),
                officers: Vec::new(),
                revocations: Vec::new(),
                anchored: 0,
                end: None,
                returns: BTreeMap::new(),
                resolved: BTreeSet::new(),
            };
            station.officers.push((context.entry.seq, station.officers_now()));
            self.defined.insert(defined.ledger, station);
        }
        outcome
    }

    /// The station, if it is defined and neither final nor lost.
    fn open(&mut self, ledger: &Id) -> Result<&mut Station, &'static str> {
        let station = self.defined.get_mut(ledger).ok_or("no such station is defined")?;
        if station.is_open() {
            Ok(station)
        } else {
            Err("the station is final or lost")
        }
    }

    /// Spec: specs/station.md §1.4.
    fn name(
        &mut self,
        context: &Context<'_>,
        ledger: &Id,
        key: Key,
        chair: bool,
    ) -> Result<(), &'static str> {
        let station = self.open(ledger)?;
        if !is_enrollable_key(&key) {
            return Err("the key of an officer is not a public key");
        }
        if station.revocations.iter().any(|revocation| revocation.key == key) {
            return Err("the officer was revoked for this station");
        }
        if chair && station.chair == Some(key) {
            return Err("the officer is the chair already");
        }
        if !chair && station.is_officer(&key) {
            return Err("the officer is one already");
        }
        if !station.is_officer(&key) && station.officers_now().len() >= MAX_OFFICERS {
            return Err("the station has too many officers");
        }
        if chair {
            station.members.remove(&key);
            let before = station.chair.replace(key);
            station.members.extend(before);
        } else {
            station.members.insert(key);
        }
        station.officers.push((context.entry.seq, station.officers_now()));
        Ok(())
    }

    /// Spec: specs/station.md §1.5, §7.1.
    fn revoke(&mut self, context: &Context<'_>, ledger: &Id, key: &Key) -> Result<(), &'static str> {
        let station = self.open(ledger)?;
        if !station.is_officer(key) {
            return Err("the key is no officer of the station");
        }
        if station.chair.as_ref() == Some(key) {
            station.chair = None;
        }
        station.members.remove(key);
        station.revocations.push(Revocation {
            key: *key,
            from: station.anchored,
        });
        station.officers.push((context.entry.seq, station.officers_now()));
        Ok(())
    }

    /// Spec: specs/station.md §2.1.
    fn anchor(&mut self, context: &Context<'_>, ledger: &Id, size: u64) -> Result<(), &'static str> {
        let cited = context.cited(ledger);
        let station = self.open(ledger)?;
        if cited.is_some_and(|cited| cited.at.size != size) {
            return Err("the size is not the one that the ref cites");
        }
        if size <= station.anchored {
            return Err("the size is not greater than the one that was anchored before");
        }
        station.anchored = size;
        Ok(())
    }

    /// Spec: specs/station.md §2.2.
    fn finish(&mut self, context: &Context<'_>, last: &StationFinal) -> Result<(), &'static str> {
        let cited = context.cited(&last.ledger);
        let station = self.open(&last.ledger)?;
        let keys: Vec<&Key> = last.signatures.iter().map(|signed| &signed.key).collect();
        let outcome = if !context.poll_opened {
            Err("the poll is not open")
        } else if cited.is_some_and(|cited| cited.at.size != last.size) {
            Err("the size is not the one that the ref cites")
        } else if last.size < station.anchored {
            Err("the size is less than the one that was anchored before")
        } else if !(3..=MAX_OFFICERS).contains(&keys.len()) || !keys.is_sorted_by(|a, b| a < b) {
            Err("there are too few signatures, too many, or they are not sorted by key")
        } else if !keys.iter().all(|key| station.is_officer(key)) {
            Err("a signature is by a key that is no officer of the station")
        } else if !station.chair.as_ref().is_some_and(|chair| keys.contains(&chair)) {
            Err("the chair has not signed")
        } else if cited.is_some_and(|cited| !final_signatures_hold(last, &cited.at.root)) {
            Err("a signature of the final state does not hold")
        } else {
            Ok(())
        };
        station.end = Some(End::Final(At {
            seq: context.entry.seq,
            value: last.clone(),
        }));
        outcome
    }

    /// Spec: specs/station.md §2.3.
    fn lose(
        &mut self,
        context: &Context<'_>,
        ledger: &Id,
        rule: u8,
        reason: &str,
    ) -> Result<(), &'static str> {
        let station = self.open(ledger)?;
        let known = match rule {
            1 => Some(LostBook::VoidPaper),
            2 => Some(LostBook::VoidDigital),
            _ => None,
        };
        station.end = Some(End::Lost {
            at: At {
                seq: context.entry.seq,
                value: known.unwrap_or(LostBook::VoidPaper),
            },
            rule,
        });
        if !context.poll_opened {
            Err("the poll is not open")
        } else if known.is_none() {
            Err("there is no such rule for lost books")
        } else if !is_line(reason) {
            Err("the reason is no line of text")
        } else {
            Ok(())
        }
    }

    /// Spec: specs/station.md §9.1.
    fn take_return(&mut self, context: &Context<'_>, returned: &StationReturned) -> Result<(), &'static str> {
        let station = self
            .defined
            .get_mut(&returned.ledger)
            .ok_or("no such station is defined")?;
        let district = context.manifest.district(&returned.district);
        let of_station = station.defined.value.districts.contains(&returned.district);
        let counted = station.last().is_some() || station.lost() == Some(LostBook::VoidDigital);
        let anchored =
            box_of(context.listed, &returned.district).is_some_and(|id| (context.is_anchored)(&id));
        let possible = district.is_some_and(|district| {
            let questions = &district.questions;
            questions.len() == returned.counts.len()
                && questions
                    .iter()
                    .zip(&returned.counts)
                    .all(|(question, counts)| sums_possible(question, counts, returned.valid))
        });
        if !of_station {
            return Err("the district is none of the station's");
        }
        if station.returns.contains_key(&returned.district) {
            return Err("a second return of this station for this district");
        }
        let at = At {
            seq: context.entry.seq,
            value: returned.clone(),
        };
        station.returns.insert(returned.district.clone(), at);
        if !counted {
            Err("the urn of this station is not counted: it is neither final nor lost with void-digital")
        } else if !anchored {
            Err("the tally of the district's box is not anchored")
        } else if !possible {
            Err("the counts are impossible for the valid papers")
        } else {
            Ok(())
        }
    }

    /// Spec: specs/station.md §9.3.
    fn resolve(&mut self, ledger: &Id, district: Option<&str>, reason: &str) -> Result<(), &'static str> {
        let station = self.defined.get_mut(ledger).ok_or("no such station is defined")?;
        if !station.has_mismatch(district) {
            return Err("there is no such mismatch");
        }
        if !station.resolved.insert(district.map(str::to_owned)) {
            return Err("the mismatch was resolved already");
        }
        if !is_line(reason) {
            return Err("the reason is no line of text");
        }
        Ok(())
    }

    /// A paper return of a district is the sum of those of the stations. Spec: specs/station.md §9.2.
    pub(crate) fn sums(
        &self,
        manifest: &Manifest,
        district: &str,
        size: u64,
        paper: &PaperReturned,
    ) -> Result<(), &'static str> {
        if !self.all_ended_within(size) {
            return Err("a station is neither final nor lost");
        }
        let questions = manifest.district(district).map(|d| d.questions.as_slice());
        let zeros: Vec<Vec<u64>> = questions
            .unwrap_or_default()
            .iter()
            .map(|question| vec![0; question.choices()])
            .collect();
        let mut numbers = [0u64; 4];
        let mut counts = Some(zeros);
        for station in self.defined.values() {
            let serves = station.defined.value.districts.iter().any(|id| id == district);
            if !serves || station.lost() == Some(LostBook::VoidPaper) {
                continue;
            }
            let returned = station.returns.get(district);
            let returned = &returned.ok_or("the return of a station is missing")?.value;
            let parts = [returned.issued, returned.valid, returned.invalid, returned.spoilt];
            for (sum, part) in numbers.iter_mut().zip(parts) {
                *sum = sum.saturating_add(part);
            }
            counts = counts.and_then(|counts| added(counts, &returned.counts));
        }
        let said = [paper.issued, paper.valid, paper.invalid, paper.spoilt];
        let largest = said.iter().chain(paper.counts.iter().flatten()).max();
        if largest.is_some_and(|largest| *largest > MAX_INTEGER) {
            return Err("a number is beyond the limit");
        }
        if said != numbers {
            return Err("issued, valid, invalid or spoilt papers are not the sums of the stations' returns");
        }
        if counts.is_some_and(|counts| counts != paper.counts) {
            return Err("the counts are not the sums of the stations' returns");
        }
        Ok(())
    }
}

/// Sums of counts, if they have one shape.
fn added(mut sums: Vec<Vec<u64>>, counts: &[Vec<u64>]) -> Option<Vec<Vec<u64>>> {
    if sums.len() != counts.len() {
        return None;
    }
    for (sums, counts) in sums.iter_mut().zip(counts) {
        if sums.len() != counts.len() {
            return None;
        }
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum = sum.saturating_add(*count);
        }
    }
    Some(sums)
}

fn final_signatures_hold(last: &StationFinal, root: &[u8; 32]) -> bool {
    let message = [
        b"sijill/station-final/v1\n".as_slice(),
        &last.ledger,
        &last.size.to_be_bytes(),
        root,
    ]
    .concat();
    let mut signatures = last.signatures.iter();
    signatures.all(|signed| signature_holds(&signed.key, &message, &signed.signature))
}
