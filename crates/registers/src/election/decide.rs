//! Which events may stand on an election ledger. Spec: specs/election.md §4.

use sijill_ballot::ceremony::Attempt;
use sijill_ballot::{TrusteeError, TrusteeKey, Trustees};
use sijill_ledger::{Body, Kind, LedgerId};

use super::ceremony::Phase;
use super::events::{
    ACCREDITED, BoxDefined, ElectionDefined, ElectionEvent, PUBLIC, PaperReturned, ResultDeclared,
    ShareSubmitted, TallyAnchored, TrusteeKeyPublished, TrusteesFixed, ViewPublished,
};
use super::state::{BoxProgress, ElectionState};
use super::stations::check_listed;
use crate::catalogue::find;
use crate::json::MAX_INTEGER;
use crate::manifest::{District, Manifest, ManifestError};
use crate::names::Name;
use crate::records::{RecordError, election_record};
use crate::register::{Consequence, Context, Facts, Rejection, no_refs, one_ref};
use crate::station::StationRejection;

/// Why an event may not stand on an election ledger. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ElectionRejection {
    /// The event does not come next.
    #[error("{event} is not possible now: {why}")]
    Order {
        /// Name of the event type.
        event: &'static str,
        /// What is missing, or stands already.
        why: String,
    },
    /// The manifest is refused.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The list of ledgers is not what the manifest asks for.
    #[error("the list of ledgers: {0}")]
    Ledgers(String),
    /// A trustee's record is refused.
    #[error("trustee {index}: {problem}")]
    TrusteeKey {
        /// Index from 1.
        index: u16,
        /// What is wrong.
        problem: String,
    },
    /// A message of the key ceremony is refused.
    #[error("key ceremony, trustee {index}: {problem}")]
    Ceremony {
        /// Verdict code of specs/verification.md.
        code: &'static str,
        /// Index from 1.
        index: u16,
        /// What is wrong.
        problem: String,
    },
    /// The trustees record is not the one that follows from the keys.
    #[error(
        "the trustees record or the election key is not the one that follows from the published keys: {0}"
    )]
    TrusteesRecord(String),
    /// A box's records are not the ones that follow from manifest and trustees.
    #[error("box of district {district}: {problem}")]
    BoxRecord {
        /// District.
        district: Name,
        /// What differs.
        problem: String,
    },
    /// The roll is not frozen, or does not agree.
    #[error("box of district {district}: {problem}")]
    Roll {
        /// District.
        district: Name,
        /// What is wrong.
        problem: &'static str,
    },
    /// The anchored tally is not that of the box's seal.
    #[error("the anchored tally does not agree with the seal of the box: {0}")]
    Anchor(&'static str),
    /// The box must not be decrypted.
    #[error(
        "the box has {counted} counted ballots, fewer than the {minimum} that the rules ask for: it is never decrypted"
    )]
    BelowMinimum {
        /// Counted.
        counted: u64,
        /// Minimum.
        minimum: u64,
    },
    /// A share is refused.
    #[error("share of trustee {index}: {problem}")]
    Share {
        /// Index from 1.
        index: u16,
        /// What is wrong.
        problem: String,
    },
    /// The result is not the one that follows from tally and shares.
    #[error("the result: {0}")]
    Result(String),
    /// The paper return does not add up.
    #[error("the paper return: {0}")]
    Paper(String),
    /// An event of specs/outcome.md that does not stand there, or decides what it may not.
    #[error("{event}: {problem}")]
    Outcome {
        /// Verdict code of specs/verification.md.
        code: &'static str,
        /// Name of the event type.
        event: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The results cannot be certified now, or not by this key.
    #[error("the results cannot be certified: {0}")]
    Certification(String),
    /// A view that does not exist, is published already or too early.
    #[error("view {view}: {problem}")]
    View {
        /// Verdict code of specs/verification.md.
        code: &'static str,
        /// Its name.
        view: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl ElectionRejection {
    /// The verdict code of specs/verification.md.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Order { .. } | Self::Ledgers(_) => "election.order",
            Self::Manifest(_) => "election.manifest",
            Self::TrusteeKey { .. } => "trustee.key",
            Self::Ceremony { code, .. } | Self::Outcome { code, .. } | Self::View { code, .. } => code,
            Self::TrusteesRecord(_) => "trustee.record",
            Self::BoxRecord { .. } => "election.record",
            Self::Roll { .. } => "election.credentials",
            Self::Anchor(_) => "election.anchor",
            Self::BelowMinimum { .. } | Self::Share { .. } => "trustee.share",
            Self::Result(_) => "result.value",
            Self::Paper(_) => "paper.return",
            Self::Certification(_) => "election.certification",
        }
    }
}

pub(super) fn order(event: &'static str, why: impl Into<String>) -> ElectionRejection {
    ElectionRejection::Order {
        event,
        why: why.into(),
    }
}

impl ElectionState {
    pub(crate) fn decide(
        &self,
        event: &ElectionEvent,
        body: &Body,
        ctx: &Context<'_>,
    ) -> Result<Vec<Consequence>, Rejection> {
        let name = find(body.event_type.as_u16()).map_or("event", |line| line.name);
        if !self.facts.certified_by.is_empty() && !matches!(event, ElectionEvent::ResultsCertified) {
            return Err(order(name, "the results are being certified; nothing else may follow").into());
        }
        match event {
            ElectionEvent::TrusteeEnrolled(e) => {
                no_refs(name, ctx)?;
                let (_, attempt) = self.ceremony(name)?;
                self.facts.ceremony.check_enrolment(&attempt, e)?;
            }
            ElectionEvent::CoefficientsOpened(e) => {
                no_refs(name, ctx)?;
                let (_, attempt) = self.ceremony(name)?;
                self.facts.ceremony.check_opening(&attempt, e)?;
            }
            ElectionEvent::SharesDealt(e) => {
                no_refs(name, ctx)?;
                let (_, attempt) = self.ceremony(name)?;
                self.facts.ceremony.check_deal(&attempt, e)?;
            }
            ElectionEvent::KeyConfirmed(e) => {
                no_refs(name, ctx)?;
                let (manifest, attempt) = self.ceremony(name)?;
                self.facts.ceremony.check_confirmation(&attempt, manifest, e)?;
            }
            ElectionEvent::CeremonyComplained(e) => {
                no_refs(name, ctx)?;
                let (_, attempt) = self.ceremony(name)?;
                self.facts.ceremony.check_complaint(&attempt, e)?;
            }
            ElectionEvent::CeremonyRestarted(e) => {
                no_refs(name, ctx)?;
                self.ceremony(name)?;
                self.facts.ceremony.check_restart(e.attempt)?;
            }
            ElectionEvent::ResultsCertified => {
                no_refs(name, ctx)?;
                self.decide_certification(body)?;
            }
            ElectionEvent::ElectionDefined(e) => {
                no_refs("ElectionDefined", ctx)?;
                self.decide_definition(e, ctx)?;
            }
            ElectionEvent::TrusteeKeyPublished(e) => {
                no_refs("TrusteeKeyPublished", ctx)?;
                self.decide_trustee_key(e)?;
            }
            ElectionEvent::TrusteesFixed(e) => {
                no_refs("TrusteesFixed", ctx)?;
                self.decide_trustees(e, ctx)?;
            }
            ElectionEvent::BoxDefined(e) => self.decide_box(e, ctx)?,
            ElectionEvent::PollOpened => {
                no_refs("PollOpened", ctx)?;
                self.decide_poll_opening()?;
            }
            ElectionEvent::RulesAdopted(e) => {
                no_refs(name, ctx)?;
                self.decide_adoption(e, ctx)?;
            }
            ElectionEvent::TieDecided(e) => {
                no_refs(name, ctx)?;
                self.decide_tie(e, ctx)?;
            }
            ElectionEvent::PaperRecounted(e) => {
                no_refs(name, ctx)?;
                self.decide_recount(e, ctx)?;
            }
            ElectionEvent::CandidateRemoved(e) => {
                no_refs(name, ctx)?;
                self.decide_removal(e, ctx)?;
            }
            ElectionEvent::ResultObjectionFiled(e) => {
                no_refs(name, ctx)?;
                self.decide_filing(e)?;
            }
            ElectionEvent::ResultObjectionDecided(e) => {
                no_refs(name, ctx)?;
                self.decide_objection(e)?;
            }
            ElectionEvent::TallyAnchored(e) => self.decide_anchor(e, ctx)?,
            ElectionEvent::ShareSubmitted(e) => {
                no_refs("ShareSubmitted", ctx)?;
                self.decide_share(e, ctx)?;
            }
            ElectionEvent::ResultDeclared(e) => {
                no_refs("ResultDeclared", ctx)?;
                self.decide_result(e, ctx)?;
            }
            ElectionEvent::PaperReturned(e) => {
                no_refs("PaperReturned", ctx)?;
                self.decide_paper(e, ctx)?;
            }
            ElectionEvent::ViewPublished(e) => {
                no_refs("ViewPublished", ctx)?;
                self.decide_view(e, ctx)?;
            }
            ElectionEvent::StationDefined(_)
            | ElectionEvent::OfficerNamed(_)
            | ElectionEvent::OfficerRevoked(_)
            | ElectionEvent::StationAnchored(_)
            | ElectionEvent::StationFinal(_)
            | ElectionEvent::StationLost(_)
            | ElectionEvent::StationReturned(_)
            | ElectionEvent::MismatchResolved(_) => self.decide_station(event, ctx)?,
        }
        Ok(Vec::new())
    }

    fn manifest(&self, event: &'static str) -> Result<&Manifest, ElectionRejection> {
        self.facts
            .manifest
            .as_deref()
            .ok_or_else(|| order(event, "the election is not defined yet"))
    }

    fn progress(&self, event: &'static str, ledger: &LedgerId) -> Result<&BoxProgress, ElectionRejection> {
        let missing = || {
            order(
                event,
                "this box has no anchored tally yet: seal and anchor it first",
            )
        };
        self.facts.progress.get(ledger).ok_or_else(missing)
    }

    fn decide_definition(&self, e: &ElectionDefined, ctx: &Context<'_>) -> Result<(), Rejection> {
        if self.facts.defined.is_some() {
            return Err(order("ElectionDefined", "the election is defined already").into());
        }
        let manifest =
            Manifest::parse(&ctx.contents.load(&e.manifest)?).map_err(ElectionRejection::Manifest)?;
        check_ledgers(&self.facts.ledger, &manifest, e)?;
        Ok(())
    }

    fn decide_trustee_key(&self, e: &TrusteeKeyPublished) -> Result<(), Rejection> {
        let manifest = self.manifest("TrusteeKeyPublished")?;
        if manifest.trustees.hold_a_ceremony() {
            return Err(order(
                "TrusteeKeyPublished",
                "the trustees of this event make their key in a ceremony",
            )
            .into());
        }
        if self.facts.trustees.is_some() {
            return Err(order("TrusteeKeyPublished", "the trustees are fixed already").into());
        }
        let wrong = |problem: String| ElectionRejection::TrusteeKey {
            index: e.index,
            problem,
        };
        let name = usize::from(e.index)
            .checked_sub(1)
            .and_then(|i| manifest.trustees.names.get(i));
        let Some(name) = name else {
            return Err(wrong(format!(
                "the manifest names {} trustees",
                manifest.trustees.names.len()
            ))
            .into());
        };
        if self.facts.trustee_keys.contains_key(&e.index) {
            return Err(order(
                "TrusteeKeyPublished",
                format!("trustee {} has published a key already", e.index),
            )
            .into());
        }
        let key = TrusteeKey::parse(&e.record).map_err(|e| wrong(e.to_string()))?;
        if key.name() != Some(name.as_str()) {
            return Err(
                wrong("the record must carry the name that the manifest gives this trustee".into()).into(),
            );
        }
        if self
            .facts
            .trustee_keys
            .values()
            .any(|other| other.public() == key.public())
        {
            return Err(wrong("another trustee has published this very key".into()).into());
        }
        Ok(())
    }

    /// The current attempt of the key ceremony, while there may be one.
    fn ceremony(&self, event: &'static str) -> Result<(&Manifest, Attempt), ElectionRejection> {
        let manifest = self.manifest(event)?;
        if !manifest.trustees.hold_a_ceremony() {
            return Err(order(
                event,
                "all trustees must act in this event: each publishes a key of its own",
            ));
        }
        if self.facts.trustees.is_some() {
            return Err(order(event, "the trustees are fixed already"));
        }
        Ok((
            manifest,
            self.facts.ceremony.attempt(&self.facts.ledger, manifest),
        ))
    }

    /// Spec: specs/election.md §4.11.
    fn decide_certification(&self, body: &Body) -> Result<(), ElectionRejection> {
        let wrong = |problem: String| ElectionRejection::Certification(problem);
        let manifest = self.manifest("ResultsCertified")?;
        let unpublished = self
            .facts
            .boxes
            .iter()
            .find(|(ledger, _)| !self.facts.is_published(manifest, ledger));
        if self.facts.poll_opened_size.is_none() {
            return Err(wrong("the poll was never opened".to_owned()));
        }
        if let Some((ledger, (_, unpublished))) = unpublished {
            let what = match self.facts.progress.get(ledger) {
                Some(progress) if progress.has_view("result") && self.facts.adopted.is_some() => {
                    "a view of it, or its outcome: a tie may have to be decided"
                }
                _ => "or a view of it",
            };
            return Err(wrong(format!(
                "the result of district {} is not published yet, {what}",
                unpublished.district
            )));
        }
        if let Some(problem) = self.unsettled() {
            return Err(wrong(problem));
        }
        if self.facts.certified_by.contains(&body.author) {
            return Err(wrong("this key has certified them already".to_owned()));
        }
        if let Some((station, district)) = self.facts.unresolved_mismatch() {
            let which = district.map_or("closing protocol".to_owned(), |d| {
                format!("return for district {d}")
            });
            return Err(wrong(format!(
                "the {which} of station {} does not add up, and nothing resolves it yet",
                station.defined.station
            )));
        }
        if body
            .seen
            .is_none_or(|seen| seen.size <= self.facts.last_to_certify)
        {
            return Err(wrong(format!(
                "whoever certifies must have seen the first {} entries of this ledger",
                self.facts.last_to_certify + 1
            )));
        }
        Ok(())
    }

    fn decide_trustees(&self, e: &TrusteesFixed, ctx: &Context<'_>) -> Result<(), Rejection> {
        let manifest = self.manifest("TrusteesFixed")?;
        if self.facts.trustees.is_some() {
            return Err(order("TrusteesFixed", "the trustees are fixed already").into());
        }
        let need = manifest.trustees.names.len();
        if manifest.trustees.hold_a_ceremony() {
            let members = u16::try_from(need).unwrap_or(u16::MAX);
            if self.facts.ceremony.phase(members) != Phase::Complete {
                return Err(order("TrusteesFixed", "the key ceremony is not complete").into());
            }
        } else if self.facts.trustee_keys.len() < need {
            let have = self.facts.trustee_keys.len();
            return Err(order(
                "TrusteesFixed",
                format!("{have} of {need} trustees have published their keys"),
            )
            .into());
        }
        let bytes = ctx.contents.load(&e.trustees)?;
        let wrong = |problem: String| ElectionRejection::TrusteesRecord(problem);
        let record = self.derive_trustees().map_err(|e| wrong(e.to_string()))?;
        if record.json().as_bytes() != &*bytes {
            return Err(wrong("the record differs".into()).into());
        }
        if record.election_key().as_bytes() != &e.public_key {
            return Err(wrong("the key differs".into()).into());
        }
        Ok(())
    }

    /// The trustees record that follows from the published keys or from the ceremony. Spec: specs/election.md §3.2, §7.6.
    ///
    /// # Errors
    /// [`TrusteeError`] if keys are missing, or cancel out.
    pub fn derive_trustees(&self) -> Result<Trustees, TrusteeError> {
        if let Some(manifest) = self.facts.manifest.as_deref()
            && manifest.trustees.hold_a_ceremony()
        {
            let attempt = self.facts.ceremony.attempt(&self.facts.ledger, manifest);
            return self.facts.ceremony.trustees(&attempt);
        }
        let keys: Vec<_> = self.facts.trustee_keys.values().cloned().collect();
        Trustees::from_keys(&keys)
    }

    fn decide_box(&self, e: &BoxDefined, ctx: &Context<'_>) -> Result<(), Rejection> {
        let manifest = self.manifest("BoxDefined")?;
        let (Some(defined), Some(trustees)) = (&self.facts.defined, &self.facts.trustees_record) else {
            return Err(order("BoxDefined", "the trustees are not fixed yet").into());
        };
        if self.facts.poll_opened_size.is_some() {
            return Err(order("BoxDefined", "the poll is open").into());
        }
        if self.facts.boxes.contains_key(&e.ledger) {
            return Err(order(
                "BoxDefined",
                format!("the box of district {} is defined already", e.district),
            )
            .into());
        }
        let wrong = |problem: String| ElectionRejection::BoxRecord {
            district: e.district.clone(),
            problem,
        };
        let listed = defined
            .ledgers
            .iter()
            .any(|l| l.ledger == e.ledger && l.district.as_ref() == Some(&e.district));
        if !listed {
            return Err(wrong("this ledger is not the one listed for the district".into()).into());
        }
        let district = manifest
            .district(&e.district)
            .filter(|district| district.is_polled())
            .ok_or_else(|| wrong(RecordError::NoDistrict.to_string()))?;
        let record = election_record(manifest, district, &e.ledger, trustees.election_key())
            .map_err(|e| wrong(e.to_string()))?;
        if record.json().as_bytes() != &*ctx.contents.load(&e.election)? {
            return Err(wrong(
                "the election record differs from the one that follows from the manifest".into(),
            )
            .into());
        }
        self.check_roll(e, manifest, ctx)
    }

    fn check_roll(&self, e: &BoxDefined, manifest: &Manifest, ctx: &Context<'_>) -> Result<(), Rejection> {
        let wrong = |problem: &'static str| ElectionRejection::Roll {
            district: e.district.clone(),
            problem,
        };
        let defined = self
            .facts
            .defined
            .as_ref()
            .ok_or_else(|| order("BoxDefined", "the election is not defined yet"))?;
        let roll = defined
            .ledgers
            .iter()
            .find(|l| l.kind == Kind::Roll.code())
            .ok_or_else(|| wrong("the event has no roll"))?
            .ledger;
        let cited = one_ref("BoxDefined", ctx, &roll)?;
        let Some(Facts::Roll(roll)) = ctx.linked.facts(&roll) else {
            return Err(wrong("the roll is not kept by this service").into());
        };
        let Some(frozen_size) = roll.frozen_size else {
            return Err(wrong("the roll is not frozen yet").into());
        };
        if cited.size < frozen_size {
            return Err(wrong("cites the roll at a size before its freeze").into());
        }
        if let Some(adopted) = &self.facts.adopted
            && roll.rules != Some((adopted.content, adopted.polling_day))
        {
            return Err(ElectionRejection::Outcome {
                code: "outcome.rules",
                event: "BoxDefined",
                problem: "rule pack and polling day of the roll are not those that the event has adopted"
                    .into(),
            }
            .into());
        }
        if roll
            .districts
            .iter()
            .any(|d| manifest.district(&d.district).is_none())
        {
            return Err(wrong("the frozen roll has a district that the manifest does not have").into());
        }
        match roll.districts.iter().find(|d| d.district == e.district) {
            Some(d) if (d.eligible, d.holders, d.credentials) == (e.eligible, e.holders, e.credentials) => {
                Ok(())
            }
            Some(_) => Err(wrong("credential list and numbers must be those of the frozen roll").into()),
            None if (e.eligible, e.holders) == (0, 0) && &*ctx.contents.load(&e.credentials)? == b"[]" => {
                Ok(())
            }
            None => {
                Err(wrong("the roll has no voters there: the list must be empty and the numbers 0").into())
            }
        }
    }

    fn decide_poll_opening(&self) -> Result<(), Rejection> {
        let manifest = self.manifest("PollOpened")?;
        if self.facts.poll_opened_size.is_some() {
            return Err(order("PollOpened", "the poll is open already").into());
        }
        let (have, need) = (self.facts.boxes.len(), manifest.polled().count());
        if have < need {
            return Err(order("PollOpened", format!("{have} of {need} boxes are defined")).into());
        }
        if manifest.fills_seats() && self.facts.adopted.is_none() {
            return Err(ElectionRejection::Outcome {
                code: "outcome.order",
                event: "PollOpened",
                problem: "a question fills seats, and no rules were adopted".into(),
            }
            .into());
        }
        let (have, need) = (self.facts.stations.len(), self.facts.listed_stations().count());
        if have < need {
            let problem = format!("{have} of {need} polling stations are defined; the poll cannot open");
            return Err(StationRejection::Defined(problem).into());
        }
        Ok(())
    }

    fn decide_anchor(&self, e: &TallyAnchored, ctx: &Context<'_>) -> Result<(), Rejection> {
        if self.facts.poll_opened_size.is_none() {
            return Err(order("TallyAnchored", "the poll was never opened").into());
        }
        if !self.facts.boxes.contains_key(&e.ledger) {
            return Err(ElectionRejection::Anchor("the election has no such box").into());
        }
        if self.facts.progress.contains_key(&e.ledger) {
            return Err(order(
                "TallyAnchored",
                "the tally of this box is anchored already; there is one, ever",
            )
            .into());
        }
        let cited = one_ref("TallyAnchored", ctx, &e.ledger)?;
        let Some(Facts::BallotBox(ballot_box)) = ctx.linked.facts(&e.ledger) else {
            return Err(ElectionRejection::Anchor("the box is not kept by this service").into());
        };
        let Some((sealed_size, seal)) = &ballot_box.sealed else {
            return Err(order("TallyAnchored", "the box is not sealed yet").into());
        };
        let same = |ok: bool, what: &'static str| {
            if ok {
                Ok(())
            } else {
                Err(ElectionRejection::Anchor(what))
            }
        };
        same(
            cited.size == *sealed_size && e.sealed_size == *sealed_size,
            "size",
        )?;
        same(e.counted == seal.counted, "number of counted ballots")?;
        same(
            e.encrypted_tally == seal.encrypted_tally && e.sized_tally == seal.sized_tally,
            "tally",
        )?;
        Ok(())
    }

    fn decide_share(&self, e: &ShareSubmitted, ctx: &Context<'_>) -> Result<(), Rejection> {
        let manifest = self.manifest("ShareSubmitted")?;
        let progress = self.progress("ShareSubmitted", &e.ledger)?;
        if progress.result.is_some() {
            return Err(order("ShareSubmitted", "the result of this box is declared already").into());
        }
        let (counted, minimum) = (progress.anchored.counted, manifest.min_ballots);
        if counted < minimum {
            return Err(ElectionRejection::BelowMinimum { counted, minimum }.into());
        }
        if progress.shares.contains_key(&e.index) {
            return Err(ElectionRejection::Share {
                index: e.index,
                problem: "this trustee has handed in a share already".to_owned(),
            }
            .into());
        }
        self.check_share(e, ctx)
    }

    fn decide_result(&self, e: &ResultDeclared, ctx: &Context<'_>) -> Result<(), Rejection> {
        let manifest = self.manifest("ResultDeclared")?;
        let progress = self.progress("ResultDeclared", &e.ledger)?;
        if progress.result.is_some() {
            return Err(order("ResultDeclared", "the result of this box is declared already").into());
        }
        let (have, need) = (progress.shares.len(), usize::from(manifest.trustees.threshold));
        if have < need {
            return Err(order(
                "ResultDeclared",
                format!("{have} trustees have handed in their shares, and {need} are needed"),
            )
            .into());
        }
        self.check_result(progress, e, ctx)
    }

    fn decide_paper(&self, e: &PaperReturned, ctx: &Context<'_>) -> Result<(), Rejection> {
        let manifest = self.manifest("PaperReturned")?;
        if !manifest.paper {
            return Err(order("PaperReturned", "this event has no paper channel").into());
        }
        let progress = self.progress("PaperReturned", &e.ledger)?;
        if progress.paper.is_some() {
            return Err(order("PaperReturned", "the paper return of this district is in already").into());
        }
        if self.facts.has_stations() {
            let district = self
                .district_of(&e.ledger)
                .ok_or_else(|| order("PaperReturned", "no such box"))?;
            check_limits(e)?;
            let sums = self.check_sums(e, &district.id);
            return sums.map_err(|problem| ElectionRejection::Paper(problem).into());
        }
        self.check_paper_numbers(e, ctx)
    }

    /// The numbers of a recount: in an event with stations they are not the sums of the returns any more, and need not add
    /// up. Spec: specs/outcome.md §4, specs/station.md §9.2.
    pub(super) fn check_recount(&self, e: &PaperReturned, ctx: &Context<'_>) -> Result<(), Rejection> {
        if !self.facts.has_stations() {
            return self.check_paper_numbers(e, ctx);
        }
        let district = self
            .district_of(&e.ledger)
            .ok_or_else(|| order("PaperRecounted", "no such box"))?;
        check_limits(e)?;
        check_counts(e.valid, &e.counts, district).map_err(|p| ElectionRejection::Paper(p).into())
    }

    /// The numbers of a return. Spec: specs/election.md §4.9.
    fn check_paper_numbers(&self, e: &PaperReturned, ctx: &Context<'_>) -> Result<(), Rejection> {
        let district = self
            .district_of(&e.ledger)
            .ok_or_else(|| order("PaperReturned", "no such box"))?;
        if self.facts.has_stations() {
            // A recount need not be the sums of the stations' returns. Spec: specs/station.md §9.2.
            check_limits(e)?;
            check_counts(e.valid, &e.counts, district).map_err(ElectionRejection::Paper)?;
            return Ok(());
        }
        check_paper(e, district)?;
        if let Some(Facts::BallotBox(facts)) = ctx.linked.facts(&e.ledger)
            && let Some(exclusions) = facts.exclusions
        {
            if e.issued < exclusions {
                let text = format!(
                    "{} papers issued, but {exclusions} credentials are excluded for paper",
                    e.issued
                );
                return Err(ElectionRejection::Paper(text).into());
            }
            return Ok(());
        }
        Err(
            ElectionRejection::Paper("the ballot box of this district is not kept by this service".into())
                .into(),
        )
    }

    fn decide_view(&self, e: &ViewPublished, ctx: &Context<'_>) -> Result<(), Rejection> {
        let manifest = self.manifest("ViewPublished")?;
        let progress = self.progress("ViewPublished", &e.ledger)?;
        let rejected = |code: &'static str, problem: &'static str| ElectionRejection::View {
            code,
            view: e.view.clone(),
            problem,
        };
        let wrong = |problem: &'static str| rejected("election.order", problem);
        if progress.has_view(&e.view) {
            return Err(wrong("is published already").into());
        }
        let size = match e.view.as_str() {
            "turnout" | "trackers" | "tally" => progress.anchored.sealed_size,
            "result" => {
                let decrypted = progress.anchored.counted >= manifest.min_ballots;
                if decrypted && progress.result.is_none() {
                    return Err(wrong("the result of this box is not declared yet").into());
                }
                if !decrypted && !manifest.paper {
                    return Err(wrong(
                        "the box is below the minimum and there is no paper channel: it has no result",
                    )
                    .into());
                }
                if manifest.paper && progress.paper.is_none() {
                    return Err(wrong("the paper return of this district is not in yet").into());
                }
                ctx.size
            }
            "outcome" => {
                let document = self.facts.outcome(&e.ledger, ctx.size, ctx.contents)?;
                if *ctx.contents.load(&e.content)? != *document.to_bytes() {
                    return Err(
                        rejected("view.digest", "is not the one that follows from the ledger").into(),
                    );
                }
                ctx.size
            }
            _ => return Err(wrong("is not a view of this version").into()),
        };
        if e.size != size {
            return Err(rejected("view.digest", "was computed at another size").into());
        }
        ctx.contents.load(&e.content)?;
        Ok(())
    }

    /// The district of a defined box.
    pub(super) fn district_of(&self, ledger: &LedgerId) -> Option<&District> {
        let (_, defined) = self.facts.boxes.get(ledger)?;
        self.facts.manifest.as_ref()?.district(&defined.district)
    }
}

/// Spec: specs/election.md §4.1.
fn check_ledgers(own: &LedgerId, manifest: &Manifest, e: &ElectionDefined) -> Result<(), ElectionRejection> {
    let wrong = |problem: &str| Err(ElectionRejection::Ledgers(problem.to_owned()));
    if !e.ledgers.is_sorted_by(|a, b| a.ledger < b.ledger) {
        return wrong("must be ascending by ledger id, without repetition");
    }
    if e.ledgers.iter().any(|l| l.ledger == *own) {
        return wrong("the election ledger itself is not listed");
    }
    let mut rolls = 0;
    let mut stations = 0;
    let mut districts = Vec::new();
    for listed in &e.ledgers {
        match (Kind::from_code(listed.kind), listed.visibility, &listed.district) {
            (Some(Kind::Roll), ACCREDITED, None) => rolls += 1,
            (Some(Kind::BallotBox), PUBLIC, Some(district)) => districts.push(district),
            (Some(Kind::Station), ACCREDITED, None) => stations += 1,
            _ => {
                return wrong(
                    "each is the roll or a polling station (accredited), or the box of a district (public)",
                );
            }
        }
    }
    if let Err(problem) = check_listed(manifest, stations) {
        return wrong(problem);
    }
    if rolls != 1 {
        return wrong("there must be exactly one roll");
    }
    districts.sort();
    if !districts.into_iter().eq(manifest.polled().map(|d| &d.id)) {
        return wrong(
            "there must be exactly one ballot box for each district of the manifest that holds a poll",
        );
    }
    Ok(())
}

/// Spec: specs/election.md §4.9.
fn check_paper(e: &PaperReturned, district: &District) -> Result<(), ElectionRejection> {
    let wrong = |problem: String| Err(ElectionRejection::Paper(problem));
    check_limits(e)?;
    let used = e.valid + e.invalid + e.spoilt;
    if used != e.issued {
        return wrong(format!(
            "{} valid + {} invalid + {} spoilt = {used}, but {} were issued",
            e.valid, e.invalid, e.spoilt, e.issued
        ));
    }
    check_counts(e.valid, &e.counts, district).map_err(ElectionRejection::Paper)
}

/// Spec: specs/election.md §4.9.
fn check_limits(e: &PaperReturned) -> Result<(), ElectionRejection> {
    let all = [e.issued, e.valid, e.invalid, e.spoilt];
    if all
        .iter()
        .chain(e.counts.iter().flatten())
        .any(|n| *n > MAX_INTEGER)
    {
        return Err(ElectionRejection::Paper("a number is too large".into()));
    }
    Ok(())
}

/// The rules of the counts of a return. Spec: specs/election.md §4.9.
pub(super) fn check_counts(valid: u64, all: &[Vec<u64>], district: &District) -> Result<(), String> {
    let wrong = |problem: String| Err(problem);
    if all.len() != district.questions().len() {
        return wrong(format!(
            "{} questions, but the district has {}",
            all.len(),
            district.questions().len()
        ));
    }
    for (i, (counts, question)) in all.iter().zip(district.questions()).enumerate() {
        let number = i + 1;
        if counts.len() != question.choices() {
            return wrong(format!(
                "question {number}: {} counts, but {} choices",
                counts.len(),
                question.choices()
            ));
        }
        if counts.iter().any(|n| *n > valid) {
            return wrong(format!(
                "question {number}: a count is greater than the {valid} valid papers"
            ));
        }
        let (blank, answers) = if question.blank {
            (counts[0], &counts[1..])
        } else {
            (0, &counts[..])
        };
        let marked = u128::from(valid - blank);
        let sum: u128 = answers.iter().map(|n| u128::from(*n)).sum();
        let (least, most) = (
            u128::from(question.min) * marked,
            u128::from(question.max) * marked,
        );
        if !(least..=most).contains(&sum) {
            return wrong(format!(
                "question {number}: {sum} votes on {marked} papers, but there must be {least} to {most}"
            ));
        }
    }
    Ok(())
}
