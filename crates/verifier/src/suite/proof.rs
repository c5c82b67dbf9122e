//! Schnorr and disjunctive proofs.
//!
//! Spec: specs/ballot-suite.md §1.5.

use std::sync::OnceLock;

use curve25519_dalek::edwards::{EdwardsPoint, VartimeEdwardsPrecomputation};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{VartimeMultiscalarMul as _, VartimePrecomputedMultiscalarMul as _};

use crate::json::{Cursor, JsonError};
use crate::suite::group::challenge;
use crate::suite::multiples::FixedBase;

/// `{"challenge":Zq,"response":Zq}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) challenge: Scalar,
    pub(crate) response: Scalar,
}

impl Proof {
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Proof, JsonError> {
        cursor.expect("{\"challenge\":")?;
        let challenge = cursor.scalar()?;
        cursor.expect(",\"response\":")?;
        let response = cursor.scalar()?;
        cursor.expect("}")?;
        Ok(Proof { challenge, response })
    }

    /// A Schnorr proof for `public` under `prefix`.
    pub(crate) fn schnorr_holds(&self, prefix: &[&[u8]], public: &EdwardsPoint) -> bool {
        challenge(prefix, &[self.commitment(public)]) == self.challenge
    }

    /// response·G + challenge·X.
    pub(crate) fn commitment(&self, public: &EdwardsPoint) -> EdwardsPoint {
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&self.challenge, public, &self.response)
    }
}

/// A key under which ciphertexts are made, with its tables.
pub(crate) struct EncryptionKey {
    point: EdwardsPoint,
    table: VartimeEdwardsPrecomputation,
    multiples: OnceLock<FixedBase>,
}

impl std::fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncryptionKey").finish_non_exhaustive()
    }
}

impl EncryptionKey {
    pub(crate) fn new(point: EdwardsPoint) -> EncryptionKey {
        EncryptionKey {
            point,
            table: VartimeEdwardsPrecomputation::new([point]),
            multiples: OnceLock::new(),
        }
    }

    /// Multiples of the key, made when they are first needed.
    pub(super) fn multiples(&self) -> &FixedBase {
        self.multiples.get_or_init(|| FixedBase::new(&self.point))
    }

    /// response·Y + challenge·point.
    pub(super) fn commitment(&self, proof: &Proof, point: EdwardsPoint) -> EdwardsPoint {
        self.table
            .vartime_mixed_multiscalar_mul([proof.response], [proof.challenge], [point])
    }
}

/// response·base + challenge·factor, for proofs of equal logarithms.
pub(crate) fn second_commitment(proof: &Proof, base: &EdwardsPoint, factor: &EdwardsPoint) -> EdwardsPoint {
    EdwardsPoint::vartime_multiscalar_mul([proof.response, proof.challenge], [*base, *factor])
}

/// A claim of a disjunctive proof: the ciphertext (alpha, beta), less its claimed plaintext, encrypts zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) alpha: EdwardsPoint,
    /// beta − m·G.
    pub(crate) remainder: EdwardsPoint,
}

/// A disjunctive proof of `claims` under `prefix`; there are as many proofs as claims.
pub(crate) fn disjunction_holds(
    key: &EncryptionKey,
    prefix: &[&[u8]],
    claims: &[Claim],
    proofs: &[Proof],
) -> bool {
    if claims.is_empty() || claims.len() != proofs.len() {
        return false;
    }
    let mut commitments = Vec::with_capacity(2 * claims.len());
    let mut sum = Scalar::ZERO;
    for (claim, proof) in claims.iter().zip(proofs) {
        commitments.push(proof.commitment(&claim.alpha));
        commitments.push(key.commitment(proof, claim.remainder));
        sum += proof.challenge;
    }
    challenge(prefix, &commitments) == sum
}
