//! Decryption: trustees' partial decryptions with proofs, their verification and combination.
//!
//! A [`VerifiedShare`] remembers which tally it decrypts, so that shares of different tallies are never combined.
//!
//! Spec: specs/ballot-suite.md §9 and §10.

use crate::election::{ElectionContext, Fingerprint};
use crate::group::{Ciphertext, Point, PointError};
use crate::json::{self, JsonError};
use crate::proof::{self, Proof, WireProof};
use crate::scalar::ScalarError;
use crate::tally::EncryptedTally;
use crate::threshold;
use crate::trustee::{TrusteeSecret, Trustees};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use rand::CryptoRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a partial decryption is not acceptable; questions and choices are counted from 0. The trustee is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShareError {
    /// There is no owner of that number.
    #[error("partial decryption: no such owner")]
    Owner,
    /// Not canonical JSON of the shape.
    #[error("partial decryption: {0}")]
    Json(#[from] JsonError),
    /// The shape is not that of the tally.
    #[error("partial decryption: the shape is not that of the tally")]
    Shape,
    /// A factor is not an element of the group.
    #[error("partial decryption: question {question}, choice {choice}: {error}")]
    Point {
        /// Position of the question, from 0.
        question: usize,
        /// Position of the choice, from 0.
        choice: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// A scalar of a proof is not canonical.
    #[error("partial decryption: {0}")]
    Scalar(#[from] ScalarError),
    /// A proof does not hold for the owner's key and the tally.
    #[error("partial decryption: question {question}, choice {choice}: the proof does not hold")]
    Proof {
        /// Position of the question, from 0.
        question: usize,
        /// Position of the choice, from 0.
        choice: usize,
    },
}

/// Why shares cannot be combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CombineError {
    /// A share decrypts another tally, or belongs to another record of trustees.
    #[error("a share of another tally")]
    OtherTally,
    /// An owner has two shares; owners are counted from 1.
    #[error("owner {owner} has two shares")]
    Repeated {
        /// Number of the owner, from 1.
        owner: usize,
    },
    /// A single trustee's share is missing; owners are counted from 1. Retry when it is there.
    #[error("the share of owner {owner} is missing")]
    Missing {
        /// Number of the owner, from 1.
        owner: usize,
    },
    /// The threshold block has too few shares. Retry when there are more.
    #[error("{present} shares of the threshold block, {needed} are needed")]
    Quorum {
        /// Shares of the block at hand.
        present: usize,
        /// Shares needed.
        needed: usize,
    },
}

/// Partially decrypts a tally: the canonical record of factors and proofs. The caller has verified that the tally is the
/// one to decrypt, and never decrypts two different tallies of one box.
#[must_use]
pub fn decrypt_tally<R: CryptoRng + ?Sized>(
    secret: &TrusteeSecret,
    election: &ElectionContext,
    tally: &EncryptedTally,
    rng: &mut R,
) -> String {
    let prefix = prefix(election.fingerprint(), secret.public());
    let mut factors = Vec::with_capacity(tally.sums().len());
    let mut proofs = Vec::with_capacity(tally.sums().len());
    for row in tally.sums() {
        let factor = |c: &Ciphertext| Point::from_inner(c.alpha.inner() * secret.secret().expose()).text();
        factors.push(row.iter().map(factor).collect());
        let proof =
            |c: &Ciphertext| proof::prove_equal_logs(&prefix, secret.secret(), &c.alpha, rng).to_wire();
        proofs.push(row.iter().map(proof).collect());
    }
    json::write(&WireShare {
        decryption_factors: factors,
        decryption_proofs: proofs,
    })
}

/// A partial decryption that is valid for its owner and tally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedShare {
    owner: usize,
    key: Point,
    tally: [u8; 32],
    factors: Vec<Vec<Point>>,
}

impl VerifiedShare {
    /// Number of the owner in the record of trustees, from 1.
    #[must_use]
    pub fn owner(&self) -> usize {
        self.owner
    }
}

/// Checks the partial decryption of an owner, counted from 1 over the flattened record of trustees.
///
/// # Errors
/// [`ShareError`].
pub fn verify_share(
    election: &ElectionContext,
    trustees: &Trustees,
    owner: usize,
    tally: &EncryptedTally,
    share: &[u8],
) -> Result<VerifiedShare, ShareError> {
    let key = owner
        .checked_sub(1)
        .and_then(|at| trustees.owners().get(at))
        .ok_or(ShareError::Owner)?;
    let key = *key.public();
    let wire: WireShare = json::parse(share)?;
    let sums = tally.sums();
    let fits = wire.decryption_factors.len() == sums.len()
        && wire.decryption_proofs.len() == sums.len()
        && wire
            .decryption_factors
            .iter()
            .zip(sums)
            .all(|(row, sums)| row.len() == sums.len())
        && wire
            .decryption_proofs
            .iter()
            .zip(sums)
            .all(|(row, sums)| row.len() == sums.len());
    if !fits {
        return Err(ShareError::Shape);
    }
    let prefix = prefix(election.fingerprint(), &key);
    let mut factors = Vec::with_capacity(sums.len());
    for (question, row) in sums.iter().enumerate() {
        let texts = &wire.decryption_factors[question];
        let proofs = &wire.decryption_proofs[question];
        let verified: Vec<Point> = (0..row.len())
            .into_par_iter()
            .map(|choice| {
                let factor = Point::from_text(&texts[choice]).map_err(|error| ShareError::Point {
                    question,
                    choice,
                    error,
                })?;
                let proof = Proof::from_wire(&proofs[choice])?;
                if proof::verify_equal_logs(&prefix, &key, &row[choice].alpha, &factor, &proof) {
                    Ok(factor)
                } else {
                    Err(ShareError::Proof { question, choice })
                }
            })
            .collect::<Result<_, ShareError>>()?;
        factors.push(verified);
    }
    Ok(VerifiedShare {
        owner,
        key,
        tally: tally.sized().encrypted_tally,
        factors,
    })
}

/// The factors that remove the encryption from a tally: per question, per choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CombinedFactors {
    tally: [u8; 32],
    factors: Vec<Vec<EdwardsPoint>>,
}

impl CombinedFactors {
    /// v·G per question and choice, where v is the number of votes; `None` for factors of another tally.
    pub(crate) fn messages(&self, tally: &EncryptedTally) -> Option<Vec<Vec<EdwardsPoint>>> {
        if self.tally != tally.sized().encrypted_tally {
            return None;
        }
        let message = |(c, factor): (&Ciphertext, &EdwardsPoint)| c.beta.inner() - factor;
        Some(
            tally
                .sums()
                .iter()
                .zip(&self.factors)
                .map(|(row, factors)| row.iter().zip(factors).map(message).collect())
                .collect(),
        )
    }
}

/// Combines verified shares: all single trustees, and of the threshold block the lowest `threshold` owners that are there.
///
/// # Errors
/// [`CombineError`].
pub fn combine_shares(
    trustees: &Trustees,
    tally: &EncryptedTally,
    shares: &[VerifiedShare],
) -> Result<CombinedFactors, CombineError> {
    let mut by_owner: Vec<Option<&VerifiedShare>> = vec![None; trustees.owners().len()];
    for share in shares {
        let at = share.owner - 1;
        let same_key = trustees
            .owners()
            .get(at)
            .is_some_and(|key| *key.public() == share.key);
        if share.tally != tally.sized().encrypted_tally || !same_key {
            return Err(CombineError::OtherTally);
        }
        if by_owner[at].replace(share).is_some() {
            return Err(CombineError::Repeated { owner: share.owner });
        }
    }
    let (singles, block) = by_owner.split_at(trustees.singles());
    if let Some(missing) = singles.iter().position(Option::is_none) {
        return Err(CombineError::Missing { owner: missing + 1 });
    }
    let mut members: Vec<(usize, &VerifiedShare)> = block
        .iter()
        .zip(1..)
        .filter_map(|(share, slot)| share.map(|share| (slot, share)))
        .collect();
    if members.len() < trustees.threshold() {
        return Err(CombineError::Quorum {
            present: members.len(),
            needed: trustees.threshold(),
        });
    }
    members.truncate(trustees.threshold());
    let slots: Vec<usize> = members.iter().map(|(slot, _)| *slot).collect();
    let weights: Vec<_> = slots
        .iter()
        .map(|slot| threshold::lagrange(*slot, &slots))
        .collect();

    let factors = tally.sums().iter().enumerate().map(|(question, row)| {
        (0..row.len())
            .map(|choice| {
                let all: EdwardsPoint = singles
                    .iter()
                    .flatten()
                    .map(|share| share.factors[question][choice].inner())
                    .sum();
                let points = members
                    .iter()
                    .map(|(_, share)| share.factors[question][choice].inner());
                all + EdwardsPoint::vartime_multiscalar_mul(&weights, points)
            })
            .collect()
    });
    Ok(CombinedFactors {
        tally: tally.sized().encrypted_tally,
        factors: factors.collect(),
    })
}

fn prefix(fingerprint: &Fingerprint, key: &Point) -> String {
    format!("decrypt|{}|{}|", fingerprint.as_str(), key.text())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireShare {
    decryption_factors: Vec<Vec<String>>,
    decryption_proofs: Vec<Vec<WireProof>>,
}
