//! Events of the roll in an event with stations: lists of voters, disputes, decisions, exclusions.
//!
//! Spec: specs/station.md §3, §7, §8.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sijill_ledger::{Kind, Ref, decode_canonical};

use super::decide::RollRejection;
use super::events::{
    ExclusionsOpened, Opening, PaperDecided, PaperDisputed, Pseudonym, RollEvent, VotersAssigned,
};
use super::state::{RollState, exclusion_list};
use crate::election::ElectionFacts;
use crate::register::{Context, Facts, Rejection, no_refs, one_ref};
use crate::station::{Reckoning, RollStations, StationRejection, VoterList};

impl RollState {
    pub(super) fn decide_at_stations(&self, event: &RollEvent, ctx: &Context<'_>) -> Result<(), Rejection> {
        let name = event.name();
        let refused = |problem| Rejection::from(RollRejection::Stations { event: name, problem });
        let parent = self.facts().parent;
        let Some(Facts::Election(election)) = ctx.linked.facts(&parent) else {
            return Err(refused(
                "the election ledger of this roll is not kept by this service",
            ));
        };
        if !election.has_stations() {
            return Err(refused("this event has no polling stations"));
        }
        if !self.is_frozen() {
            return Err(refused("the roll is not frozen yet"));
        }
        if let RollEvent::VotersAssigned(e) = event {
            no_refs(name, ctx)?;
            return self.check_assignment(e, &election, ctx);
        }
        let cited = one_ref(name, ctx, &parent)?;
        let books = Books { election, cited };
        match event {
            RollEvent::PaperDisputed(e) => self.check_dispute(e, &books, ctx),
            RollEvent::PaperDecided(e) => self.check_decision(e, &books, ctx),
            RollEvent::ExclusionsOpened(e) => self.check_openings(e, &books, ctx),
            _ => Ok(()),
        }
    }

    /// Spec: specs/station.md §3.
    fn check_assignment(
        &self,
        e: &VotersAssigned,
        election: &ElectionFacts,
        ctx: &Context<'_>,
    ) -> Result<(), Rejection> {
        let wrong = |problem: String| Rejection::from(StationRejection::Voters(problem));
        if !election.listed_stations().any(|l| l == e.station) {
            return Err(wrong("the event lists no such station".to_owned()));
        }
        if self.facts().assigned.contains_key(&e.station) {
            return Err(wrong("this station has its list already".to_owned()));
        }
        let list = VoterList::parse(&ctx.contents.load(&e.voters)?).map_err(|e| wrong(e.to_string()))?;
        let stations = Arc::clone(&self.facts().stations);
        for (served, voter) in list
            .served()
            .iter()
            .flat_map(|d| d.voters.iter().map(move |v| (d, v)))
        {
            let person = &voter.pseudonym;
            if self.district_of(person) != Some(&served.district) {
                return Err(wrong(format!(
                    "{person:?} is not registered in district {}",
                    served.district
                )));
            }
            if self.has_credential(person) != Some(voter.holder) {
                return Err(wrong(format!(
                    "{person:?} holds a credential on the roll and not on the list, or the reverse"
                )));
            }
            if stations.home(person).is_some() {
                return Err(wrong(format!("{person:?} is on the list of another station")));
            }
        }
        Ok(())
    }

    /// Spec: specs/station.md §7.4.
    fn check_dispute(&self, e: &PaperDisputed, books: &Books, ctx: &Context<'_>) -> Result<(), Rejection> {
        let wrong = |problem| Rejection::from(StationRejection::Decided(problem));
        let stations = Arc::clone(&self.facts().stations);
        if !stations.opened.is_empty() {
            return Err(wrong(
                "the exclusions of a box are open: nothing can be disputed any more",
            ));
        }
        let reckoning = books.reckon(&stations, ctx).ok_or_else(|| wrong(NO_BOOK))?;
        let paper = e.paper.get();
        let Some(book) = reckoning.book(&e.station) else {
            return Err(wrong("the book of this station is not final, as cited"));
        };
        if !book.stands(paper) {
            return Err(wrong("there is no such paper, or it was spoilt or replaced"));
        }
        if reckoning.is_disputed(&e.station, paper) {
            return Err(wrong("this paper is disputed already"));
        }
        if stations.decided.contains_key(&(e.station, paper)) {
            return Err(wrong("this paper was decided already"));
        }
        Ok(())
    }

    /// Spec: specs/station.md §7.5.
    fn check_decision(&self, e: &PaperDecided, books: &Books, ctx: &Context<'_>) -> Result<(), Rejection> {
        let wrong = |problem| Rejection::from(StationRejection::Decided(problem));
        let stations = Arc::clone(&self.facts().stations);
        books.all_ended().map_err(wrong)?;
        if !stations.opened.is_empty() {
            return Err(wrong(
                "the exclusions of a box are open: nothing can be decided any more",
            ));
        }
        let reckoning = books.reckon(&stations, ctx).ok_or_else(|| wrong(NO_BOOK))?;
        let paper = e.paper.get();
        if !reckoning.is_open(&e.station, paper) {
            return Err(wrong(
                "there is no such paper that needs a decision (one that is contested, or in an envelope), or it was decided",
            ));
        }
        let in_envelope = reckoning
            .book(&e.station)
            .and_then(|b| b.paper(paper))
            .is_some_and(|p| p.envelope.is_some());
        match (e.decision, in_envelope, e.person) {
            (1, true, Some(person)) => self.check_admission(&person, &reckoning).map_err(wrong),
            (1, true, None) => Err(wrong("an envelope is admitted for a person: name the pseudonym")),
            (1, false, None) | (2, _, None) => Ok(()),
            (1 | 2, _, Some(_)) => Err(wrong("a person is named only where an envelope is admitted")),
            _ => Err(wrong("the decision is 1 (it counts) or 2 (it does not)")),
        }
    }

    fn check_admission(&self, person: &Pseudonym, reckoning: &Reckoning<'_>) -> Result<(), &'static str> {
        let district = self
            .district_of(person)
            .ok_or("this person is not on the roll: the envelope does not count")?;
        if reckoning.has_regular_paper(person) {
            return Err(
                "this person has a paper at their own station: the envelope does not count (decide the paper first if it is contested)",
            );
        }
        if reckoning.has_admitted_envelope(person) {
            return Err("another envelope of this person counts: this one does not");
        }
        if reckoning.is_void_digital(person) {
            return Err(
                "this person is on the list of a station whose book is lost, and may have a paper in its urn",
            );
        }
        if reckoning.urn(person, district).is_none() {
            return Err("no station whose book is final serves this person's district: there is no urn");
        }
        Ok(())
    }

    /// Spec: specs/station.md §8.2.
    fn check_openings(
        &self,
        e: &ExclusionsOpened,
        books: &Books,
        ctx: &Context<'_>,
    ) -> Result<(), Rejection> {
        let wrong = |problem: &str| Rejection::from(StationRejection::Exclusions(problem.to_owned()));
        let stations = Arc::clone(&self.facts().stations);
        let listed = books.election.defined.iter().flat_map(|d| &d.ledgers);
        let district = listed
            .filter(|l| l.kind == Kind::BallotBox.code() && l.ledger == e.ledger)
            .find_map(|l| l.district.as_ref())
            .ok_or_else(|| wrong("the event has no such ballot box"))?;
        if stations.opened.contains_key(&e.ledger) {
            return Err(wrong("the exclusions of this box are open already"));
        }
        books.all_ended().map_err(wrong)?;
        let reckoning = books.reckon(&stations, ctx).ok_or_else(|| wrong(NO_BOOK))?;
        if let Some((station, paper)) = reckoning.open().first() {
            return Err(wrong(&format!(
                "paper {paper} of station {station} needs a decision first"
            )));
        }
        let openings: Vec<Opening> = decode_canonical(&ctx.contents.load(&e.openings)?)
            .map_err(|_| wrong("the openings cannot be read"))?;
        if !openings.is_sorted_by(|a, b| a.pseudonym < b.pseudonym) {
            return Err(wrong("the openings must be ascending by pseudonym, each once"));
        }
        let excluded: BTreeSet<Pseudonym> = reckoning
            .excluded()
            .into_iter()
            .filter(|v| self.district_of(v) == Some(district) && self.has_credential(v) == Some(true))
            .collect();
        if !openings.iter().map(|o| &o.pseudonym).eq(&excluded) {
            return Err(wrong(
                "the openings must be of exactly the voters of this district who have a credential and a paper that counts",
            ));
        }
        for opening in &openings {
            let mut hasher = Sha256::new();
            hasher.update(b"sijill/credential/v1\n");
            hasher.update(opening.salt);
            hasher.update(opening.credential);
            if !self.is_commitment_of(&opening.pseudonym, &hasher.finalize().into()) {
                return Err(wrong(&format!(
                    "the opening of {:?} is not that of the commitment on the roll",
                    opening.pseudonym
                )));
            }
        }
        exclusion_list(&openings).map_err(|e| wrong(&e))?;
        Ok(())
    }
}

const NO_BOOK: &str = "the book of a station that is final is not kept by this service";

/// The election ledger as an event cites it.
struct Books<'a> {
    election: Arc<ElectionFacts>,
    cited: &'a Ref,
}

impl Books<'_> {
    fn all_ended(&self) -> Result<(), &'static str> {
        if self.election.all_books_ended_within(self.cited.size) {
            Ok(())
        } else {
            Err("the book of a station is neither final nor lost, as cited")
        }
    }

    fn reckon<'a>(&'a self, stations: &'a RollStations, ctx: &Context<'_>) -> Option<Reckoning<'a>> {
        Reckoning::new(&self.election, self.cited.size, stations, ctx.linked)
    }
}
