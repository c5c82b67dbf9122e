//! The check of a ballot at the door: everything that needs no state, and nearly all of the work.

use sijill_ballot::ElectionContext;
use sijill_ballot::Proof;
use sijill_ballot::{BallotError, verify_ballot};
use sijill_ballot::{ReplacesError, verify_replaces};

use super::events::BallotCast;
use super::recorded::{RecordedBallot, alpha_digest};

/// Why a ballot is invalid by itself. The fault is the device's or somebody's on the way; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BallotProblem {
    /// The suite refuses it.
    #[error(transparent)]
    Suite(#[from] BallotError),
    /// The replacement proof is not of canonical scalars.
    #[error("the proof of replacement is not of canonical scalars")]
    ReplacesEncoding,
    /// The replacement proof does not hold.
    #[error(transparent)]
    Replaces(#[from] ReplacesError),
}

/// A ballot that passed [`check_ballot`]. Only that function makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedBallot(RecordedBallot);

impl CheckedBallot {
    /// What the box will remember of it.
    #[must_use]
    pub const fn recorded(&self) -> &RecordedBallot {
        &self.0
    }
}

/// Checks a ballot, and the proof of replacement if there is one, against the election of a box.
///
/// Spec: specs/ballot-suite.md §7.5, §13. Needs no state of the box: it may run on any core before the queue.
///
/// # Errors
/// [`BallotProblem`].
pub fn check_ballot(election: &ElectionContext, cast: &BallotCast) -> Result<CheckedBallot, BallotProblem> {
    let ballot = verify_ballot(election, &cast.ballot)?;
    if let Some(replaces) = &cast.replaces {
        let proof = Proof::from_le_bytes(&replaces.challenge, &replaces.response)
            .map_err(|_| BallotProblem::ReplacesEncoding)?;
        verify_replaces(&ballot, replaces.ballot_hash, &proof)?;
    }
    Ok(CheckedBallot(RecordedBallot {
        hash: ballot.hash(),
        credential: *ballot.credential().as_bytes(),
        alphas: ballot.alphas().map(|a| alpha_digest(a.as_bytes())).collect(),
    }))
}
