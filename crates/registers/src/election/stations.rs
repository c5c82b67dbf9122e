//! Polling stations on the election ledger: definitions, officers, books, returns. Spec: specs/station.md §1, §2, §9.

use std::collections::{BTreeMap, BTreeSet};

use sijill_ledger::{KeyId, Kind, LedgerId, PublicKey};
use sijill_rules::{InPerson, LostBook, check_line};

use super::decide::{check_counts, order};
use super::events::{
    ElectionEvent, MismatchResolved, OfficerNamed, OfficerRevoked, PaperReturned, StationAnchored,
    StationDefined, StationFinal, StationLost, StationReturned,
};
use super::state::{ElectionFacts, ElectionState};
use crate::manifest::{Manifest, Text};
use crate::names::Name;
use crate::register::{Context, Facts, Rejection, no_refs, one_ref};
use crate::station::events::{StationCounts, final_message};
use crate::station::{Reckoning, StationRejection};

/// Longest time after the close in which those who wait are checked in. Spec: specs/station.md §1.3.
const MAX_QUEUE_MS: u64 = 14_400_000;
/// Most officers of a station at a time.
const MAX_OFFICERS: usize = 64;
/// Fewest signatures under a final state: the chair and two members.
const FINAL_SIGNATURES: usize = 3;

/// The officers of a station at some size of the election ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Officers {
    /// The chair; none if the last one was revoked.
    pub chair: Option<KeyId>,
    /// The others.
    pub members: BTreeSet<KeyId>,
}

impl Officers {
    /// All of them, ascending.
    #[must_use]
    pub fn all(&self) -> BTreeSet<KeyId> {
        self.members.iter().copied().chain(self.chair).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Named { key: KeyId, chair: bool },
    Revoked { key: KeyId, anchored: u64 },
}

/// How the story of a station's book ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookEnd {
    /// It came to the centre, whole and signed.
    Final {
        /// All its entries.
        size: u64,
        /// What its closing protocol counts.
        counts: StationCounts,
    },
    /// It is lost.
    Lost(LostBook),
}

/// What the election ledger says of a station.
#[derive(Debug, Clone)]
pub struct StationProgress {
    /// Its definition.
    pub defined: StationDefined,
    /// Entries up to and including the definition.
    pub defined_size: u64,
    /// With the entries up to and including each.
    changes: Vec<(u64, Change)>,
    /// Entries of the station that the centre had last.
    pub anchored: u64,
    /// How its book ended, with the entries up to and including that event.
    pub end: Option<(u64, BookEnd)>,
    /// Its returns by district.
    pub returns: BTreeMap<Name, StationReturned>,
    /// Mismatches that are resolved: of its closing protocol (no district), of its returns.
    pub resolved: BTreeSet<Option<Name>>,
}

impl StationProgress {
    /// The officers at a size of the election ledger.
    #[must_use]
    pub fn officers_at(&self, size: u64) -> Officers {
        let mut officers = Officers {
            chair: Some(self.defined.chair),
            members: self.defined.members.iter().copied().collect(),
        };
        for (_, change) in self.changes.iter().take_while(|(at, _)| *at <= size) {
            match change {
                Change::Named { key, chair: false } => {
                    officers.members.insert(*key);
                }
                Change::Named { key, chair: true } => {
                    officers.members.remove(key);
                    officers.members.extend(officers.chair.replace(*key));
                }
                Change::Revoked { key, .. } => {
                    officers.members.remove(key);
                    officers.chair = officers.chair.filter(|chair| chair != key);
                }
            }
        }
        officers
    }

    /// The officers now.
    #[must_use]
    pub fn officers(&self) -> Officers {
        self.officers_at(u64::MAX)
    }

    /// Everybody who is or was an officer.
    #[must_use]
    pub fn ever_officers(&self) -> BTreeSet<KeyId> {
        let named = self.changes.iter().filter_map(|(_, c)| match c {
            Change::Named { key, .. } => Some(*key),
            Change::Revoked { .. } => None,
        });
        let first = self.defined.members.iter().copied();
        first.chain([self.defined.chair]).chain(named).collect()
    }

    /// Whether a key was ever revoked.
    #[must_use]
    pub fn was_revoked(&self, key: &KeyId) -> bool {
        self.changes
            .iter()
            .any(|(_, c)| matches!(c, Change::Revoked { key: k, .. } if k == key))
    }

    /// Whether an entry of the station by this key is provisional at a size of the election ledger.
    /// Spec: specs/station.md §7.1.
    #[must_use]
    pub fn is_provisional(&self, size: u64, key: &KeyId, position: u64) -> bool {
        self.changes.iter().any(|(at, c)| {
            *at <= size
                && matches!(c, Change::Revoked { key: k, anchored } if k == key && position >= *anchored)
        })
    }

    /// Whether its book came to the centre whole, within a size of the election ledger.
    #[must_use]
    pub fn is_final_within(&self, size: u64) -> bool {
        matches!(&self.end, Some((at, BookEnd::Final { .. })) if *at <= size)
    }

    /// Whether its book ended, either way, within a size of the election ledger.
    #[must_use]
    pub fn has_ended_within(&self, size: u64) -> bool {
        matches!(&self.end, Some((at, _)) if *at <= size)
    }

    /// Whether its book is lost, and the digital ballots of its voters are excluded.
    #[must_use]
    pub fn is_void_digital(&self) -> bool {
        matches!(self.end, Some((_, BookEnd::Lost(LostBook::VoidDigital))))
    }

    /// Whether its papers are counted.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.is_final_within(u64::MAX) || self.is_void_digital()
    }

    /// Mismatches that nothing resolves yet.
    fn unresolved(&self) -> impl Iterator<Item = Option<&Name>> {
        let protocol = matches!(&self.end, Some((_, BookEnd::Final { counts, .. })) if counts.has_mismatch())
            .then_some(None);
        let returns = self.returns.iter().filter(|(_, r)| r.has_mismatch());
        protocol
            .into_iter()
            .chain(returns.map(|(district, _)| Some(district)))
            .filter(|which| !self.resolved.contains(&which.cloned()))
    }
}

impl ElectionFacts {
    /// The ledgers of polling stations that the definition lists, ascending.
    pub fn listed_stations(&self) -> impl Iterator<Item = LedgerId> + '_ {
        let ledgers = self.defined.iter().flat_map(|d| &d.ledgers);
        ledgers
            .filter(|l| l.kind == Kind::Station.code())
            .map(|l| l.ledger)
    }

    /// Whether this is an event with stations.
    #[must_use]
    pub fn has_stations(&self) -> bool {
        self.listed_stations().next().is_some()
    }

    /// Whether the book of every station is there or lost, within the first `size` entries of this ledger.
    #[must_use]
    pub fn all_books_ended_within(&self, size: u64) -> bool {
        self.listed_stations()
            .all(|l| self.stations.get(&l).is_some_and(|s| s.has_ended_within(size)))
    }

    /// Whether a key was commission, without scope, at a size of this ledger.
    #[must_use]
    pub fn is_commission_at(&self, size: u64, key: &KeyId) -> bool {
        let changes = self.commission.iter().take_while(|(at, ..)| *at <= size);
        changes
            .filter(|(_, k, _)| k == key)
            .last()
            .is_some_and(|(.., holds)| *holds)
    }

    /// A mismatch of a station that nothing resolves yet.
    pub(super) fn unresolved_mismatch(&self) -> Option<(&StationProgress, Option<&Name>)> {
        let mut all = self
            .stations
            .values()
            .flat_map(|s| s.unresolved().map(move |which| (s, which)));
        all.next()
    }
}

impl ElectionState {
    /// Spec: specs/station.md, before §1.
    fn in_event_with_stations(&self, event: &'static str) -> Result<(), Rejection> {
        if self.facts.defined.is_none() {
            return Err(order(event, "the election is not defined yet").into());
        }
        if !self.facts.has_stations() {
            return Err(order(event, "this event has no polling stations").into());
        }
        Ok(())
    }

    pub(super) fn decide_station(&self, event: &ElectionEvent, ctx: &Context<'_>) -> Result<(), Rejection> {
        match event {
            ElectionEvent::StationDefined(e) => self.decide_station_definition(e, ctx),
            ElectionEvent::OfficerNamed(e) => {
                self.plain("OfficerNamed", ctx)?;
                self.decide_officer(e)
            }
            ElectionEvent::OfficerRevoked(e) => {
                self.plain("OfficerRevoked", ctx)?;
                self.decide_revocation(e)
            }
            ElectionEvent::StationAnchored(e) => self.decide_station_anchor(e, ctx),
            ElectionEvent::StationFinal(e) => self.decide_station_final(e, ctx),
            ElectionEvent::StationLost(e) => {
                self.plain("StationLost", ctx)?;
                self.decide_station_lost(e, ctx)
            }
            ElectionEvent::StationReturned(e) => {
                self.plain("StationReturned", ctx)?;
                self.decide_station_return(e, ctx)
            }
            ElectionEvent::MismatchResolved(e) => {
                self.plain("MismatchResolved", ctx)?;
                self.decide_resolution(e)
            }
            _ => Ok(()),
        }
    }

    fn plain(&self, event: &'static str, ctx: &Context<'_>) -> Result<(), Rejection> {
        self.in_event_with_stations(event)?;
        no_refs(event, ctx)
    }

    /// Spec: specs/station.md §1.3.
    fn decide_station_definition(&self, e: &StationDefined, ctx: &Context<'_>) -> Result<(), Rejection> {
        self.in_event_with_stations("StationDefined")?;
        let wrong = |problem: &str| Rejection::from(StationRejection::Defined(problem.to_owned()));
        let (Some(manifest), Some(defined)) = (&self.facts.manifest, &self.facts.defined) else {
            return Err(wrong("the election is not defined yet"));
        };
        if self.facts.poll_opened_size.is_some() {
            return Err(wrong("the poll is open"));
        }
        if !self.facts.listed_stations().any(|l| l == e.ledger) {
            return Err(wrong("the event lists no such station"));
        }
        if self.facts.stations.contains_key(&e.ledger) {
            return Err(wrong("this station is defined already"));
        }
        if self
            .facts
            .stations
            .values()
            .any(|s| s.defined.station == e.station)
        {
            return Err(wrong("another station has this id"));
        }
        let name = Text {
            en: e.name_en.clone(),
            ar: e.name_ar.clone(),
        };
        name.validate()
            .map_err(|e| StationRejection::Defined(e.to_string()))?;
        let polled = |d: &Name| manifest.district(d).is_some_and(|d| d.is_polled());
        if !(1..=1000).contains(&e.districts.len())
            || !e.districts.is_sorted_by(|a, b| a < b)
            || !e.districts.iter().all(polled)
        {
            return Err(wrong(
                "the districts must be districts of the manifest that hold a poll, ascending, at least one",
            ));
        }
        if e.queue_ms.get() > MAX_QUEUE_MS {
            return Err(wrong(
                "people wait at most 14400000 ms (four hours) after the close",
            ));
        }
        let enrolled = |key: &KeyId| PublicKey::enrolled(*key).is_ok();
        if !(2..MAX_OFFICERS).contains(&e.members.len())
            || !e.members.is_sorted_by(|a, b| a < b)
            || e.members.contains(&e.chair)
            || !e.members.iter().chain([&e.chair]).all(enrolled)
        {
            return Err(wrong(
                "the officers are a chair and 2 to 63 other members with valid keys, ascending",
            ));
        }
        let roll = defined.ledgers.iter().find(|l| l.kind == Kind::Roll.code());
        let roll = roll.ok_or_else(|| wrong("the event has no roll"))?.ledger;
        let cited = one_ref("StationDefined", ctx, &roll)?;
        let Some(Facts::Roll(roll)) = ctx.linked.facts(&roll) else {
            return Err(wrong("the roll is not kept by this service"));
        };
        let assigned = roll
            .assigned
            .get(&e.ledger)
            .filter(|a| a.size <= cited.size)
            .ok_or_else(|| wrong("the roll, as cited, has no list of voters for this station yet"))?;
        if assigned.voters.sha256.as_bytes() != &e.voters || assigned.count != e.count.get() {
            return Err(wrong("list of voters and number must be those of the roll"));
        }
        if !assigned.districts.iter().all(|d| e.districts.contains(d)) {
            return Err(wrong(
                "the list of voters has a district that the station does not serve",
            ));
        }
        let rules = roll
            .station_rules
            .as_ref()
            .ok_or_else(|| wrong("the roll has no rule pack"))?;
        if rules.pack.sha256.as_bytes() != &e.pack {
            return Err(wrong("the rule pack must be that of the roll"));
        }
        if rules.in_person == InPerson::FirstVoteFinal && !e.online {
            return Err(wrong(
                "where the first vote is final every station must be on line, so that voters can be looked up",
            ));
        }
        Ok(())
    }

    /// A station whose book has not ended.
    fn running(
        &self,
        ledger: &LedgerId,
        wrong: impl Fn(&'static str) -> Rejection,
    ) -> Result<&StationProgress, Rejection> {
        let station = self.facts.stations.get(ledger);
        let station = station.ok_or_else(|| wrong("no such station is defined"))?;
        match &station.end {
            None => Ok(station),
            Some((_, BookEnd::Final { .. })) => Err(wrong("the book of this station is final already")),
            Some((_, BookEnd::Lost(_))) => Err(wrong("the book of this station was declared lost")),
        }
    }

    /// Spec: specs/station.md §1.4.
    fn decide_officer(&self, e: &OfficerNamed) -> Result<(), Rejection> {
        let wrong = |problem: &str| Rejection::from(StationRejection::Defined(problem.to_owned()));
        let station = self.running(&e.ledger, wrong)?;
        if PublicKey::enrolled(e.key).is_err() {
            return Err(wrong("the officer's key is not valid"));
        }
        if station.was_revoked(&e.key) {
            return Err(wrong(
                "this key was revoked for this station; the officer needs another one",
            ));
        }
        let mut officers = station.officers();
        if officers.chair == Some(e.key) {
            return Err(wrong("this key is the chair already"));
        }
        if !e.chair && officers.members.contains(&e.key) {
            return Err(wrong("this key is an officer of the station already"));
        }
        officers.members.insert(e.key);
        if officers.all().len() > MAX_OFFICERS {
            return Err(wrong("a station has at most 64 officers"));
        }
        Ok(())
    }

    /// Spec: specs/station.md §1.5.
    fn decide_revocation(&self, e: &OfficerRevoked) -> Result<(), Rejection> {
        let wrong = |problem: &str| Rejection::from(StationRejection::Defined(problem.to_owned()));
        let station = self.running(&e.ledger, wrong)?;
        if station.officers().all().contains(&e.key) {
            Ok(())
        } else {
            Err(wrong("this key is no officer of the station"))
        }
    }

    /// Spec: specs/station.md §2.1.
    fn decide_station_anchor(&self, e: &StationAnchored, ctx: &Context<'_>) -> Result<(), Rejection> {
        self.in_event_with_stations("StationAnchored")?;
        let cited = one_ref("StationAnchored", ctx, &e.ledger)?;
        let wrong = |problem| Rejection::from(StationRejection::Anchor(problem));
        let station = self.running(&e.ledger, wrong)?;
        if cited.size != e.size.get() {
            return Err(wrong("cites the station's ledger at another size"));
        }
        if e.size.get() <= station.anchored {
            return Err(wrong(
                "the centre has as many entries of this station already, or more",
            ));
        }
        Ok(())
    }

    /// Spec: specs/station.md §2.2.
    fn decide_station_final(&self, e: &StationFinal, ctx: &Context<'_>) -> Result<(), Rejection> {
        self.in_event_with_stations("StationFinal")?;
        let cited = one_ref("StationFinal", ctx, &e.ledger)?;
        let wrong = |problem| Rejection::from(StationRejection::Final(problem));
        if self.facts.poll_opened_size.is_none() {
            return Err(wrong("the poll was never opened"));
        }
        let station = self.running(&e.ledger, wrong)?;
        if cited.size != e.size.get() {
            return Err(wrong("cites the station's ledger at another size"));
        }
        if e.size.get() < station.anchored {
            return Err(wrong(
                "is shorter than what the centre has of this station: its last entries are withheld",
            ));
        }
        let officers = station.officers();
        let all = officers.all();
        if !(FINAL_SIGNATURES..=MAX_OFFICERS).contains(&e.signatures.len())
            || !e.signatures.is_sorted_by(|a, b| a.key < b.key)
            || !e.signatures.iter().all(|s| all.contains(&s.key))
            || !e.signatures.iter().any(|s| Some(s.key) == officers.chair)
        {
            return Err(wrong(
                "must be signed by the chair and at least two other officers of the station, ascending by key",
            ));
        }
        let message = final_message(e.ledger, cited.size, cited.root.as_bytes());
        if !e
            .signatures
            .iter()
            .all(|s| s.key.verify(&message, &s.signature).is_ok())
        {
            return Err(wrong("a signature is not valid for this size and root"));
        }
        let Some(Facts::Station(facts)) = ctx.linked.facts(&e.ledger) else {
            return Err(wrong(
                "the station's ledger is not kept by this service; receive its file first",
            ));
        };
        match &facts.closed {
            Some((size, closed)) if *size == cited.size && closed.counts == e.counts => {
                // Nobody acts at a station whom the public ledger does not name.
                if facts.actors.is_subset(&station.ever_officers()) {
                    Ok(())
                } else {
                    Err(wrong(
                        "somebody acted at the station whom the election ledger never named as its officer; name them first",
                    ))
                }
            }
            Some(_) => Err(wrong("is not that of the station's closing protocol")),
            None => Err(wrong("the station's ledger has no closing protocol")),
        }
    }

    /// Spec: specs/station.md §2.3.
    fn decide_station_lost(&self, e: &StationLost, ctx: &Context<'_>) -> Result<(), Rejection> {
        let wrong = |problem| Rejection::from(StationRejection::Lost(problem));
        if self.facts.poll_opened_size.is_none() {
            return Err(wrong("the poll was never opened"));
        }
        self.running(&e.ledger, wrong)?;
        check_line(&e.reason).map_err(wrong)?;
        let rule = match e.rule {
            1 => LostBook::VoidPaper,
            2 => LostBook::VoidDigital,
            _ => return Err(wrong("the rule is 1 (void-paper) or 2 (void-digital)")),
        };
        let rules = self.roll_facts(ctx).and_then(|roll| roll.station_rules.clone());
        match rules.and_then(|rules| rules.lost_book) {
            None => Err(wrong(
                "the rule pack of this event has no rule `lost_book`: without one no book can be given up",
            )),
            Some(law) if law != rule => Err(wrong("the rule pack of this event has the other rule")),
            Some(_) => Ok(()),
        }
    }

    fn roll_facts(&self, ctx: &Context<'_>) -> Option<std::sync::Arc<crate::roll::RollFacts>> {
        let defined = self.facts.defined.as_ref()?;
        let roll = defined.ledgers.iter().find(|l| l.kind == Kind::Roll.code())?;
        match ctx.linked.facts(&roll.ledger) {
            Some(Facts::Roll(facts)) => Some(facts),
            _ => None,
        }
    }

    /// Spec: specs/station.md §9.1.
    fn decide_station_return(&self, e: &StationReturned, ctx: &Context<'_>) -> Result<(), Rejection> {
        let wrong = |problem: &str| Rejection::from(StationRejection::Return(problem.to_owned()));
        let manifest = self.facts.manifest.as_ref();
        let station = self
            .facts
            .stations
            .get(&e.ledger)
            .ok_or_else(|| wrong("no such station is defined"))?;
        if !station.is_counted() {
            return Err(wrong(
                "the book of this station is not final: bring it to the centre first (the papers of a lost one may not be counted)",
            ));
        }
        if !station.defined.districts.contains(&e.district) {
            return Err(wrong("the station does not serve this district"));
        }
        if station.returns.contains_key(&e.district) {
            return Err(wrong(
                "the return of this station for this district is in already",
            ));
        }
        let ballot_box = self
            .facts
            .boxes
            .iter()
            .find(|(_, (_, b))| b.district == e.district);
        if !ballot_box.is_some_and(|(ledger, _)| self.facts.progress.contains_key(ledger)) {
            return Err(wrong("the tally of this district's box is not anchored yet"));
        }
        let district = manifest
            .and_then(|m| m.district(&e.district))
            .ok_or_else(|| wrong("no such district"))?;
        let counts: Vec<Vec<u64>> = e
            .counts
            .iter()
            .map(|question| question.iter().map(|n| n.get()).collect())
            .collect();
        check_counts(e.valid.get(), &counts, district).map_err(StationRejection::Return)?;
        if station.is_void_digital() {
            return Ok(());
        }
        let roll = self
            .roll_facts(ctx)
            .ok_or_else(|| wrong("the roll is not kept by this service"))?;
        let issued = Reckoning::new(&self.facts, ctx.size, &roll.stations, ctx.linked)
            .ok_or_else(|| wrong("the book of a station is not kept by this service"))?
            .issued(&e.ledger, &e.district);
        if e.issued.get() != issued {
            return Err(wrong(&format!(
                "says that {} papers were issued, but the station's book, with the envelopes opened at its urn, has {issued}",
                e.issued
            )));
        }
        Ok(())
    }

    /// Spec: specs/station.md §9.3.
    fn decide_resolution(&self, e: &MismatchResolved) -> Result<(), Rejection> {
        let wrong = |problem: &str| Rejection::from(StationRejection::Return(problem.to_owned()));
        check_line(&e.reason).map_err(wrong)?;
        let station = self.facts.stations.get(&e.ledger);
        if station.is_some_and(|s| s.unresolved().any(|which| which == e.district.as_ref())) {
            Ok(())
        } else {
            Err(wrong("there is no such mismatch, or it is resolved already"))
        }
    }

    /// Spec: specs/station.md §9.2.
    pub(super) fn check_sums(&self, e: &PaperReturned, district: &Name) -> Result<(), String> {
        if !self.facts.all_books_ended_within(u64::MAX) {
            return Err("the book of a station is neither final nor lost".to_owned());
        }
        let questions = self
            .facts
            .manifest
            .as_ref()
            .and_then(|m| m.district(district))
            .ok_or("no such district")?
            .questions();
        let mut sum = PaperReturned {
            ledger: e.ledger,
            issued: 0,
            valid: 0,
            invalid: 0,
            spoilt: 0,
            counts: questions.iter().map(|q| vec![0; q.choices()]).collect(),
        };
        for station in self.facts.stations.values() {
            if !station.is_counted() || !station.defined.districts.contains(district) {
                continue;
            }
            let one = station.returns.get(district).ok_or_else(|| {
                format!(
                    "the return of station {} for this district is missing",
                    station.defined.station
                )
            })?;
            sum.issued += one.issued.get();
            sum.valid += one.valid.get();
            sum.invalid += one.invalid.get();
            sum.spoilt += one.spoilt.get();
            for (all, question) in sum.counts.iter_mut().zip(&one.counts) {
                for (all, count) in all.iter_mut().zip(question) {
                    *all += count.get();
                }
            }
        }
        if sum == *e {
            Ok(())
        } else {
            Err(format!(
                "the numbers must be the sums of the stations' returns: {} issued, {} valid, {} invalid, {} spoilt, counts {:?}",
                sum.issued, sum.valid, sum.invalid, sum.spoilt, sum.counts
            ))
        }
    }
}

fn find<'a>(facts: &'a mut ElectionFacts, ledger: &LedgerId) -> Result<&'a mut StationProgress, String> {
    let station = facts.stations.get_mut(ledger);
    station.ok_or_else(|| "an event about a station that is not defined".to_owned())
}

/// Applies what stands.
pub(super) fn evolve(facts: &mut ElectionFacts, seq: u64, event: &ElectionEvent) -> Result<(), String> {
    let at = seq + 1;
    match event {
        ElectionEvent::StationDefined(e) => {
            let fresh = StationProgress {
                defined: e.clone(),
                defined_size: at,
                changes: Vec::new(),
                anchored: 0,
                end: None,
                returns: BTreeMap::new(),
                resolved: BTreeSet::new(),
            };
            facts.stations.insert(e.ledger, fresh);
        }
        ElectionEvent::OfficerNamed(e) => find(facts, &e.ledger)?.changes.push((
            at,
            Change::Named {
                key: e.key,
                chair: e.chair,
            },
        )),
        ElectionEvent::OfficerRevoked(e) => {
            let station = find(facts, &e.ledger)?;
            let change = Change::Revoked {
                key: e.key,
                anchored: station.anchored,
            };
            station.changes.push((at, change));
        }
        ElectionEvent::StationAnchored(e) => find(facts, &e.ledger)?.anchored = e.size.get(),
        ElectionEvent::StationFinal(e) => {
            let end = BookEnd::Final {
                size: e.size.get(),
                counts: e.counts,
            };
            find(facts, &e.ledger)?.end = Some((at, end));
        }
        ElectionEvent::StationLost(e) => {
            let rule = if e.rule == 2 {
                LostBook::VoidDigital
            } else {
                LostBook::VoidPaper
            };
            find(facts, &e.ledger)?.end = Some((at, BookEnd::Lost(rule)));
        }
        ElectionEvent::StationReturned(e) => {
            find(facts, &e.ledger)?
                .returns
                .insert(e.district.clone(), e.clone());
        }
        ElectionEvent::MismatchResolved(e) => {
            find(facts, &e.ledger)?.resolved.insert(e.district.clone());
        }
        _ => {}
    }
    Ok(())
}

/// The stations that the definition of an event lists. Spec: specs/station.md §1.1.
pub(super) fn check_listed(manifest: &Manifest, stations: usize) -> Result<(), &'static str> {
    if stations > 0 && !manifest.paper {
        return Err("polling stations need a paper channel in the manifest");
    }
    if stations > 1000 {
        return Err("an event has at most 1000 polling stations");
    }
    Ok(())
}
