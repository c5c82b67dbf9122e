//! Which events may stand on a roll. Spec: specs/roll.md §4.

use sijill_ballot::{CredentialError, CredentialList};
use sijill_rules::RulePack;

use super::events::{EligibilityChecked, Pseudonym, RollDefined, RollEvent, RollFrozen, VoterTransferred};
use super::governed::{Governed, check_definition};
use super::state::RollState;
use crate::names::Name;
use crate::register::{Consequence, Context, Facts, Rejection, no_refs, one_ref};

/// Why an event may not stand on a roll. The fault is the registrar's; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RollRejection {
    /// The person is on the roll already.
    #[error("this person is registered already (pseudonym {0:?})")]
    AlreadyRegistered(Pseudonym),
    /// A credential for somebody who is not on the roll.
    #[error("no person with the pseudonym {0:?} is registered")]
    NotRegistered(Pseudonym),
    /// The person has a credential.
    #[error("this person has a credential already (pseudonym {0:?})")]
    SecondCredential(Pseudonym),
    /// The same commitment for two persons.
    #[error("this commitment stands on the roll already")]
    CommitmentReused,
    /// An event of stations where there are none, or too early.
    #[error("{event}: {problem}")]
    Stations {
        /// Name of the event type.
        event: &'static str,
        /// What is missing.
        problem: &'static str,
    },
    /// Too many districts.
    #[error("a roll has at most 1000 districts")]
    TooManyDistricts,
    /// A district that the election does not have.
    #[error("the election has no district {0}")]
    UnknownDistrict(Name),
    /// The roll is final.
    #[error("the roll is frozen; only checks at the poll may follow")]
    Frozen,
    /// The roll has no rules yet.
    #[error("{0}: the roll is not defined yet; define it first, with its rule pack")]
    NotDefined(&'static str),
    /// The roll has its rules.
    #[error("the roll is defined already")]
    DefinedAlready,
    /// The definition, or a list of holidays, does not follow.
    #[error("the definition of the roll: {0}")]
    Definition(String),
    /// Another pack or polling day than the one that the election has adopted.
    #[error(
        "the definition of the roll: rule pack and polling day must be those that the election has adopted"
    )]
    OtherRules,
    /// A check where it must not stand, or a step that does not rest on one.
    #[error("{0}")]
    Eligibility(&'static str),
    /// A transfer that does not lead from the voter's district to another one.
    #[error("the transfer leads from {from} to {to}, but the person is registered in {is}")]
    Transfer {
        /// In the event.
        from: Name,
        /// In the event.
        to: Name,
        /// On the roll.
        is: Name,
    },
    /// An objection, decision or extension outside its time, or a freeze before objections have ended.
    #[error("objections: {0}")]
    Objection(String),
    /// The freeze does not state what the roll says.
    #[error("the freeze of district {district} says {said}, but the roll has {is}")]
    Counts {
        /// The district.
        district: Name,
        /// What the freeze says.
        said: String,
        /// What the roll has.
        is: String,
    },
    /// The freeze does not list the districts of the roll.
    #[error("the freeze must list exactly the districts that have registered voters, in ascending order")]
    Districts,
    /// A credential list is malformed.
    #[error("credential list of district {district}: {problem}")]
    Credentials {
        /// The district.
        district: Name,
        /// What is wrong with it.
        problem: CredentialError,
    },
    /// A credential list carries weights.
    #[error("credential list of district {0}: carries weights, which elections of this service do not know")]
    Weights(Name),
    /// A credential list has another length.
    #[error("credential list of district {district}: has {found} credentials instead of {holders}")]
    ListLength {
        /// The district.
        district: Name,
        /// Credentials on the list.
        found: usize,
        /// Holders on the roll.
        holders: u64,
    },
}

impl RollRejection {
    /// The verdict code of specs/verification.md.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyRegistered(_) | Self::SecondCredential(_) | Self::CommitmentReused => {
                "roll.duplicate"
            }
            Self::Definition(_) => "roll.definition",
            Self::OtherRules => "outcome.rules",
            Self::Eligibility(_) => "roll.eligibility",
            Self::Transfer { .. } => "roll.transfer",
            Self::Objection(_) => "roll.objection",
            Self::Counts { .. } | Self::Districts => "roll.counts",
            Self::Credentials { .. } | Self::Weights(_) | Self::ListLength { .. } => "roll.credentials",
            _ => "roll.order",
        }
    }
}

impl RollState {
    pub(crate) fn decide(&self, event: &RollEvent, ctx: &Context<'_>) -> Result<Vec<Consequence>, Rejection> {
        let name = event.name();
        if let RollEvent::RollDefined(e) = event {
            self.check_definition(e, ctx)?;
            return Ok(Vec::new());
        }
        if matches!(
            event,
            RollEvent::VotersAssigned(_)
                | RollEvent::PaperDisputed(_)
                | RollEvent::PaperDecided(_)
                | RollEvent::ExclusionsOpened(_)
        ) {
            self.decide_at_stations(event, ctx)?;
            return Ok(Vec::new());
        }
        no_refs(name, ctx)?;
        let at_poll = matches!(event, RollEvent::EligibilityChecked(e) if matches!(e.purpose, 2..=4));
        if self.is_frozen() && !at_poll {
            return Err(RollRejection::Frozen.into());
        }
        let governed = self.governed().ok_or(RollRejection::NotDefined(name))?;
        let objection = |result: Result<(), String>| result.map_err(RollRejection::Objection);
        let at = ctx.received_ms;
        match event {
            RollEvent::RollDefined(_)
            | RollEvent::VotersAssigned(_)
            | RollEvent::PaperDisputed(_)
            | RollEvent::PaperDecided(_)
            | RollEvent::ExclusionsOpened(_) => {}
            RollEvent::EligibilityChecked(e) => self.check_check(e)?,
            RollEvent::VoterRegistered(e) => {
                if self.is_registered(&e.pseudonym) {
                    return Err(RollRejection::AlreadyRegistered(e.pseudonym).into());
                }
                self.check_district(&e.district, ctx)?;
                if !self.open_check(&e.pseudonym).is_some_and(|c| c.eligible) {
                    return Err(RollRejection::Eligibility(
                        "nobody is registered without a check for registration that found them eligible",
                    )
                    .into());
                }
            }
            RollEvent::VoterTransferred(e) => self.check_transfer(e, ctx)?,
            RollEvent::VoterCorrected(e) => {
                self.require_registered(&e.pseudonym)?;
                let check = self.open_check(&e.pseudonym);
                if !check.is_some_and(|c| c.eligible && c.position == e.check) {
                    return Err(RollRejection::Eligibility(
                        "a correction cites the person's last check for registration, which must have found them eligible",
                    )
                    .into());
                }
            }
            RollEvent::VoterStruck(e) => self.require_registered(&e.pseudonym)?,
            RollEvent::CredentialCommitted(e) => {
                self.require_registered(&e.pseudonym)?;
                if self.has_credential(&e.pseudonym) == Some(true) {
                    return Err(RollRejection::SecondCredential(e.pseudonym).into());
                }
                if self.has_commitment(&e.commitment) {
                    return Err(RollRejection::CommitmentReused.into());
                }
            }
            RollEvent::ObjectionFiled(e) => {
                objection(governed.check_filing(e, self.is_registered(&e.about), at))?;
            }
            RollEvent::ObjectionDecided(e) => objection(governed.check_decision(e, at))?,
            RollEvent::ObjectionWindowExtended(e) => objection(governed.check_extension(e, at))?,
            RollEvent::HolidaysDeclared(e) => {
                let list = ctx.contents.load(&e.holidays)?;
                governed
                    .check_holidays(&list, at)
                    .map_err(RollRejection::Definition)?;
            }
            RollEvent::RollFrozen(e) => self.check_freeze(e, governed, ctx)?,
        }
        Ok(Vec::new())
    }

    fn require_registered(&self, pseudonym: &Pseudonym) -> Result<(), RollRejection> {
        if self.is_registered(pseudonym) {
            Ok(())
        } else {
            Err(RollRejection::NotRegistered(*pseudonym))
        }
    }

    fn check_definition(&self, e: &RollDefined, ctx: &Context<'_>) -> Result<(), Rejection> {
        if self.is_frozen() {
            return Err(RollRejection::Frozen.into());
        }
        if self.governed().is_some() {
            return Err(RollRejection::DefinedAlready.into());
        }
        let parent = self.facts().parent;
        let cited = one_ref("RollDefined", ctx, &parent)?;
        let Some(Facts::Election(election)) = ctx.linked.facts(&parent) else {
            let problem = "the election ledger of this roll is not kept by this service";
            return Err(RollRejection::Definition(problem.into()).into());
        };
        let (Some(manifest), Some(size)) = (&election.manifest, election.defined_size) else {
            let problem = "the election is not defined yet; define it first";
            return Err(RollRejection::Definition(problem.into()).into());
        };
        if cited.size < size {
            let problem = "the roll cites the election ledger at a size before its definition";
            return Err(RollRejection::Definition(problem.into()).into());
        }
        let adopted = election.adopted.as_ref();
        if adopted.is_some_and(|adopted| (adopted.content, adopted.polling_day) != (e.pack, e.polling_day)) {
            return Err(RollRejection::OtherRules.into());
        }
        let pack = ctx.contents.load(&e.pack)?;
        let holidays = e.holidays.map(|list| ctx.contents.load(&list)).transpose()?;
        let pack = RulePack::from_json(&pack).map_err(|e| RollRejection::Definition(e.to_string()))?;
        check_definition(e, &pack, holidays.as_deref(), manifest, ctx.received_ms)
            .map_err(|problem| RollRejection::Definition(problem).into())
    }

    fn check_check(&self, e: &EligibilityChecked) -> Result<(), RollRejection> {
        let problem = match e.purpose {
            1 => None,
            2..=4 if !self.is_frozen() => Some("checks at the poll stand behind the freeze of the roll"),
            2 if e.eligible && !self.is_registered(&e.pseudonym) => {
                Some("a person who is not on the roll is not eligible at a station")
            }
            3 | 4 if e.eligible => Some("a check at a log-in or cast is recorded only if it refuses"),
            2..=4 => None,
            _ => Some("the purpose of a check is 1, 2, 3 or 4"),
        };
        problem.map_or(Ok(()), |p| Err(RollRejection::Eligibility(p)))
    }

    /// Whether somebody may vote in a district. Spec: specs/roll.md §4.2, §4.7.
    fn check_district(&self, district: &Name, ctx: &Context<'_>) -> Result<(), RollRejection> {
        let known = match ctx.linked.facts(&self.facts().parent) {
            Some(Facts::Election(election)) => {
                let manifest = election.manifest.as_ref();
                manifest.is_some_and(|manifest| manifest.district(district).is_some())
            }
            _ => false,
        };
        if !known {
            return Err(RollRejection::UnknownDistrict(district.clone()));
        }
        if self.districts_with(district) > 1000 {
            return Err(RollRejection::TooManyDistricts);
        }
        Ok(())
    }

    fn check_transfer(&self, e: &VoterTransferred, ctx: &Context<'_>) -> Result<(), RollRejection> {
        let is = self
            .district_of(&e.pseudonym)
            .ok_or(RollRejection::NotRegistered(e.pseudonym))?;
        if *is != e.from || e.to == e.from {
            return Err(RollRejection::Transfer {
                from: e.from.clone(),
                to: e.to.clone(),
                is: is.clone(),
            });
        }
        self.check_district(&e.to, ctx)
    }

    fn check_freeze(
        &self,
        freeze: &RollFrozen,
        governed: &Governed,
        ctx: &Context<'_>,
    ) -> Result<(), Rejection> {
        if self.keeps_somebody_ineligible() {
            return Err(RollRejection::Eligibility(
                "a registered person was found not to be eligible; strike them, or check again and correct",
            )
            .into());
        }
        governed
            .check_freeze(ctx.received_ms)
            .map_err(RollRejection::Objection)?;
        let counts = self.counts();
        if !freeze.districts.iter().map(|d| &d.district).eq(counts.keys()) {
            return Err(RollRejection::Districts.into());
        }
        for (row, (eligible, holders)) in freeze.districts.iter().zip(counts.values()) {
            let district = || row.district.clone();
            if (row.eligible, row.holders) != (*eligible, *holders) {
                let words = |e: u64, h: u64| format!("{e} eligible and {h} holders of credentials");
                return Err(RollRejection::Counts {
                    district: district(),
                    said: words(row.eligible, row.holders),
                    is: words(*eligible, *holders),
                }
                .into());
            }
            let list = CredentialList::parse(&ctx.contents.load(&row.credentials)?).map_err(|problem| {
                RollRejection::Credentials {
                    district: district(),
                    problem,
                }
            })?;
            if list.has_weights() {
                return Err(RollRejection::Weights(district()).into());
            }
            if list.entries().len() as u64 != *holders {
                return Err(RollRejection::ListLength {
                    district: district(),
                    found: list.entries().len(),
                    holders: *holders,
                }
                .into());
            }
        }
        Ok(())
    }
}
