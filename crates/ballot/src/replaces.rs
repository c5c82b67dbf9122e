//! The re-vote chain: a re-vote proves, with the credential's secret, which ballot it replaces.
//!
//! Spec: specs/ballot-suite.md §13.

use crate::ballot::VerifiedBallot;
use crate::credential::Credential;
use crate::hash::BallotHash;
use crate::proof::{self, Proof};
use rand::CryptoRng;
use thiserror::Error;

/// Why a proof of replacement is not acceptable. Whoever sent it is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplacesError {
    /// A ballot cannot replace itself.
    #[error("a ballot cannot replace itself")]
    Itself,
    /// The proof does not hold for the ballot's credential.
    #[error("the proof of replacement does not hold")]
    Proof,
}

/// Proves that the credential's holder replaces the ballot `replaced` by the ballot `new`.
#[must_use]
pub fn prove_replaces<R: CryptoRng + ?Sized>(
    credential: &Credential,
    new: BallotHash,
    replaced: BallotHash,
    rng: &mut R,
) -> Proof {
    proof::prove_secret(&prefix(new, replaced), credential.secret(), rng)
}

/// Checks that the holder of the new ballot's credential replaces the ballot `replaced`. That `replaced` is the credential's
/// current ballot is for the box to check.
///
/// # Errors
/// [`ReplacesError`].
pub fn verify_replaces(
    new: &VerifiedBallot,
    replaced: BallotHash,
    proof: &Proof,
) -> Result<(), ReplacesError> {
    if new.hash() == replaced {
        return Err(ReplacesError::Itself);
    }
    if proof::verify_secret(&prefix(new.hash(), replaced), new.credential(), proof) {
        Ok(())
    } else {
        Err(ReplacesError::Proof)
    }
}

fn prefix(new: BallotHash, replaced: BallotHash) -> String {
    format!(
        "sijill-replaces|{}|{}|",
        new.tracking_code(),
        replaced.tracking_code()
    )
}
