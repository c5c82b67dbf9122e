//! Which events may stand on a roll. Spec: specs/events.md §3.

use sijill_ballot::{CredentialError, CredentialList};

use super::events::{Pseudonym, RollEvent, RollFrozen};
use super::state::RollState;
use crate::names::Name;
use crate::register::{Consequence, Context, Rejection, no_refs};

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
    /// Too many districts.
    #[error("a roll has at most 1000 districts")]
    TooManyDistricts,
    /// The roll is final.
    #[error("the roll is frozen; nothing may follow")]
    Frozen,
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
            Self::Counts { .. } | Self::Districts => "roll.counts",
            Self::Credentials { .. } | Self::Weights(_) | Self::ListLength { .. } => "roll.credentials",
            _ => "roll.order",
        }
    }
}

impl RollState {
    pub(crate) fn decide(&self, event: &RollEvent, ctx: &Context<'_>) -> Result<Vec<Consequence>, Rejection> {
        if self.is_frozen() {
            return Err(RollRejection::Frozen.into());
        }
        match event {
            RollEvent::VoterRegistered(e) => {
                no_refs("VoterRegistered", ctx)?;
                if self.is_registered(&e.pseudonym) {
                    return Err(RollRejection::AlreadyRegistered(e.pseudonym).into());
                }
                if self.districts_with(&e.district) > 1000 {
                    return Err(RollRejection::TooManyDistricts.into());
                }
            }
            RollEvent::CredentialCommitted(e) => {
                no_refs("CredentialCommitted", ctx)?;
                match self.has_credential(&e.pseudonym) {
                    None => return Err(RollRejection::NotRegistered(e.pseudonym).into()),
                    Some(true) => return Err(RollRejection::SecondCredential(e.pseudonym).into()),
                    Some(false) => {}
                }
                if self.has_commitment(&e.commitment) {
                    return Err(RollRejection::CommitmentReused.into());
                }
            }
            RollEvent::RollFrozen(e) => {
                no_refs("RollFrozen", ctx)?;
                self.check_freeze(e, ctx)?;
            }
        }
        Ok(Vec::new())
    }

    fn check_freeze(&self, freeze: &RollFrozen, ctx: &Context<'_>) -> Result<(), Rejection> {
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
