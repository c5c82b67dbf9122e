//! Threshold blocks: verification of the whole key ceremony that a record of trustees shows.
//!
//! n members each chose a secret polynomial and published its coefficients times G (A_i0 … A_it). Member j's key is the sum
//! of all polynomials at j, so that its public part follows from the published coefficients.
//!
//! Spec: specs/ballot-suite.md §6.3 and §6.4.

use crate::group::{Point, PointError};
use crate::json::{self, JsonError};
use crate::proof::{self, Proof, WireProof};
use crate::trustee::{self, TrusteeError, TrusteeKey, WireKey};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use thiserror::Error;

/// Most members of a threshold block.
pub const MAX_MEMBERS: usize = 255;

/// Why a threshold block is not acceptable; members are counted from 1. Whoever wrote it is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The arrays differ in length, are empty or too long, or the threshold does not fit them.
    #[error("the arrays and the threshold do not fit together")]
    Shape,
    /// A signed message is not canonical JSON of its shape.
    #[error("member {member}: message: {error}")]
    Message {
        /// Member, from 1.
        member: usize,
        /// What is wrong with it.
        error: JsonError,
    },
    /// A certificate's context is not that of the block.
    #[error("member {member}: certificate of another ceremony")]
    Context {
        /// Member, from 1.
        member: usize,
    },
    /// An element is not in the group, or neutral.
    #[error("member {member}: {error}")]
    Point {
        /// Member, from 1.
        member: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// Two members have the same certificate key.
    #[error("two members have the same certificate key")]
    Repeated,
    /// Verification and encryption key of a certificate are the same.
    #[error("member {member}: the certificate's two keys are the same")]
    SameKeys {
        /// Member, from 1.
        member: usize,
    },
    /// The signature of a certificate does not hold.
    #[error("member {member}: the certificate's signature does not hold")]
    Certificate {
        /// Member, from 1.
        member: usize,
    },
    /// The signature of a member's coefficients does not hold, or their number is not the threshold.
    #[error("member {member}: coefficients")]
    Coefficients {
        /// Member, from 1.
        member: usize,
    },
    /// The signature over all certificates and the member's coefficients does not hold.
    #[error("member {member}: the signature over the ceremony does not hold")]
    Ceremony {
        /// Member, from 1.
        member: usize,
    },
    /// A member's public key does not follow from the coefficients.
    #[error("member {member}: the key does not follow from the coefficients")]
    Key {
        /// Member, from 1.
        member: usize,
    },
    /// The member's signature over its public key is missing or does not hold.
    #[error("member {member}: the signature over the key does not hold")]
    KeySignature {
        /// Member, from 1.
        member: usize,
    },
}

/// `tp` of the specification.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireBlock {
    pub(crate) threshold: u64,
    pub(crate) certs: Vec<WireSigned>,
    pub(crate) coefexps: Vec<WireSigned>,
    pub(crate) signatures: Vec<WireProof>,
    pub(crate) verification_keys: Vec<WireKey>,
}

/// What a verified block contributes to a record of trustees.
#[derive(Debug)]
pub(crate) struct VerifiedBlock {
    pub(crate) threshold: usize,
    pub(crate) keys: Vec<TrusteeKey>,
    pub(crate) sub_key: EdwardsPoint,
}

/// Checks a block; `first_owner` owners come before it in the record.
pub(crate) fn verify_block(block: WireBlock, first_owner: usize) -> Result<VerifiedBlock, TrusteeError> {
    let size = block.certs.len();
    let threshold = trustee::small(block.threshold).ok_or(BlockError::Shape)?;
    let same_length = block.coefexps.len() == size
        && block.signatures.len() == size
        && block.verification_keys.len() == size;
    if !same_length || size > MAX_MEMBERS || threshold == 0 || threshold > size {
        return Err(BlockError::Shape.into());
    }
    let verifiers = block
        .certs
        .iter()
        .zip(1..)
        .map(|(signed, member)| Ok(verify_certificate(signed, member, size, threshold)?.verification))
        .collect::<Result<Vec<Point>, TrusteeError>>()?;
    if verifiers.iter().collect::<HashSet<_>>().len() != size {
        return Err(BlockError::Repeated.into());
    }

    // Σ_i A_ik for each k.
    let mut coefficients = vec![EdwardsPoint::default(); threshold];
    for (((signed, signature), verifier), member) in block
        .coefexps
        .iter()
        .zip(&block.signatures)
        .zip(&verifiers)
        .zip(1..)
    {
        let message = verify_coefficients(signed, verifier, member, threshold)?;
        for (sum, point) in coefficients.iter_mut().zip(elements(&message, member)?) {
            *sum += point.inner();
        }
        let ceremony = ceremony_message(&WireCeremony {
            certs: &block.certs,
            coefexps: &message.coefexps,
        });
        verify_ceremony_signature(&ceremony, verifier, &Proof::from_wire(signature)?, member)?;
    }

    let mut keys = Vec::with_capacity(size);
    for ((wire, verifier), member) in block.verification_keys.into_iter().zip(&verifiers).zip(1usize..) {
        let key = TrusteeKey::from_wire(wire, first_owner + member - 1)?;
        verify_member_key(&key, verifier, &evaluate(&coefficients, member), member)?;
        keys.push(key);
    }
    let sub_key = coefficients.first().copied().unwrap_or_default();
    Ok(VerifiedBlock {
        threshold,
        keys,
        sub_key,
    })
}

/// Lagrange coefficient at 0 of `slot` among distinct `slots`, all from 1 on.
pub(crate) fn lagrange(slot: usize, slots: &[usize]) -> Scalar {
    let mut numerator = Scalar::ONE;
    let mut denominator = Scalar::ONE;
    for other in slots.iter().filter(|other| **other != slot) {
        numerator *= index(*other);
        denominator *= index(*other) - index(slot);
    }
    numerator * denominator.invert()
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireSigned {
    pub(crate) message: String,
    pub(crate) signature: WireProof,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireContext {
    group: String,
    size: u64,
    threshold: u64,
    index: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCertificate {
    context: WireContext,
    verification: String,
    encryption: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireCoefficients {
    coefexps: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct WireCeremony<'a> {
    pub(crate) certs: &'a [WireSigned],
    pub(crate) coefexps: &'a [String],
}

/// The keys of a certificate whose signature holds.
pub(crate) struct CertifiedKeys {
    pub(crate) verification: Point,
    pub(crate) encryption: Point,
}

/// The message of a certificate. Spec: specs/ballot-suite.md §6.4.1.
pub(crate) fn certificate_message(
    size: u64,
    threshold: u64,
    index: u64,
    verification: &Point,
    encryption: &Point,
) -> String {
    json::write(&WireCertificate {
        context: WireContext {
            group: "Ed25519".to_owned(),
            size,
            threshold,
            index,
        },
        verification: verification.text(),
        encryption: encryption.text(),
    })
}

/// The message with a member's coefficients. Spec: specs/ballot-suite.md §6.4.2.
pub(crate) fn coefficients_message(coefexps: Vec<String>) -> String {
    json::write(&WireCoefficients { coefexps })
}

/// The message by which a member vouches for the ceremony. Spec: specs/ballot-suite.md §6.4.3.
pub(crate) fn ceremony_message(ceremony: &WireCeremony<'_>) -> String {
    format!("certs_sig|{}", json::write(ceremony))
}

/// Prefix of the proof that signs a message. Spec: specs/ballot-suite.md §6.3.
pub(crate) fn signature_prefix(message: &str) -> String {
    format!("sigmsg|{message}|")
}

pub(crate) fn verify_ceremony_signature(
    ceremony: &str,
    verifier: &Point,
    signature: &Proof,
    member: usize,
) -> Result<(), TrusteeError> {
    if verify_signature(ceremony, verifier, signature) {
        Ok(())
    } else {
        Err(BlockError::Ceremony { member }.into())
    }
}

/// Checks a member's key against the one that follows from the coefficients, and its signature.
pub(crate) fn verify_member_key(
    key: &TrusteeKey,
    verifier: &Point,
    expected: &EdwardsPoint,
    member: usize,
) -> Result<(), TrusteeError> {
    if expected != key.public().inner() {
        return Err(BlockError::Key { member }.into());
    }
    let signed = key
        .signature()
        .is_some_and(|s| verify_signature(&key.public().text(), verifier, s));
    if signed {
        Ok(())
    } else {
        Err(BlockError::KeySignature { member }.into())
    }
}

pub(crate) fn elements(message: &WireCoefficients, member: usize) -> Result<Vec<Point>, BlockError> {
    message
        .coefexps
        .iter()
        .map(|text| element(text, member))
        .collect()
}

pub(crate) fn verify_certificate(
    signed: &WireSigned,
    member: usize,
    size: usize,
    threshold: usize,
) -> Result<CertifiedKeys, TrusteeError> {
    let certificate: WireCertificate =
        json::parse(signed.message.as_bytes()).map_err(|error| BlockError::Message { member, error })?;
    let context = &certificate.context;
    let expected = (size as u64, threshold as u64, member as u64);
    if context.group != "Ed25519" || (context.size, context.threshold, context.index) != expected {
        return Err(BlockError::Context { member }.into());
    }
    let verification = element(&certificate.verification, member)?;
    let encryption = element(&certificate.encryption, member)?;
    if !verify_signature(
        &signed.message,
        &verification,
        &Proof::from_wire(&signed.signature)?,
    ) {
        return Err(BlockError::Certificate { member }.into());
    }
    if verification == encryption {
        return Err(BlockError::SameKeys { member }.into());
    }
    Ok(CertifiedKeys {
        verification,
        encryption,
    })
}

pub(crate) fn verify_coefficients(
    signed: &WireSigned,
    verifier: &Point,
    member: usize,
    threshold: usize,
) -> Result<WireCoefficients, TrusteeError> {
    let message: WireCoefficients =
        json::parse(signed.message.as_bytes()).map_err(|error| BlockError::Message { member, error })?;
    let holds = message.coefexps.len() == threshold
        && verify_signature(&signed.message, verifier, &Proof::from_wire(&signed.signature)?);
    if holds {
        Ok(message)
    } else {
        Err(BlockError::Coefficients { member }.into())
    }
}

fn verify_signature(message: &str, verifier: &Point, signature: &Proof) -> bool {
    proof::verify_secret(&signature_prefix(message), verifier, signature)
}

fn element(text: &str, member: usize) -> Result<Point, BlockError> {
    Point::from_text(text)
        .and_then(Point::refuse_neutral)
        .map_err(|error| BlockError::Point { member, error })
}

/// Σ_k member^k·coefficient_k, by Horner's rule on public data.
pub(crate) fn evaluate(coefficients: &[EdwardsPoint], member: usize) -> EdwardsPoint {
    let x = index(member);
    coefficients
        .iter()
        .rev()
        .fold(EdwardsPoint::default(), |sum, coefficient| {
            EdwardsPoint::vartime_double_scalar_mul_basepoint(&x, &sum, &Scalar::ZERO) + coefficient
        })
}

fn index(member: usize) -> Scalar {
    Scalar::from(member as u64)
}
