//! Audit by opening: a voter shows what a ballot contains instead of casting it.
//!
//! Spec: specs/ballot-suite.md §14.

use crate::ballot::{self, BallotError, VerifiedBallot};
use crate::election::ElectionContext;
use crate::encrypt::encrypt_choice;
use crate::hash::TrackingCode;
use crate::json::{self, JsonError};
use crate::scalar::{self, ScalarError, SecretScalar};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Why an opened ballot does not convince; questions and choices are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The document is not canonical JSON of the shape.
    #[error("opened ballot: {0}")]
    Json(#[from] JsonError),
    /// The ballot inside is not valid for the election.
    #[error("opened ballot: {0}")]
    Ballot(#[from] BallotError),
    /// The openings do not have the shape of the answers, or a choice is neither 0 nor 1.
    #[error("opened ballot: the openings do not fit the ballot")]
    Shape,
    /// A randomness is not a canonical scalar.
    #[error("opened ballot: {0}")]
    Scalar(#[from] ScalarError),
    /// The ballot does not contain what the opening says: the device that made it cheated or failed.
    #[error("opened ballot: question {question}, choice {choice} holds something else")]
    Mismatch {
        /// Position of the question, from 0.
        question: usize,
        /// Position of the choice, from 0.
        choice: usize,
    },
}

/// What an opened ballot contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedBallot {
    /// The ballot; it must not be cast.
    pub ballot: VerifiedBallot,
    /// Per question one 0 or 1 per choice, blank first where it is allowed.
    pub choices: Vec<Vec<u8>>,
}

impl AuditedBallot {
    /// The code that the voter compares with the one noted before opening.
    #[must_use]
    pub fn tracking_code(&self) -> TrackingCode {
        self.ballot.tracking_code()
    }
}

/// Checks an opened ballot and says what it contains.
///
/// # Errors
/// [`AuditError`].
pub fn check_opening(election: &ElectionContext, opened: &[u8]) -> Result<AuditedBallot, AuditError> {
    let wire: WireOpened = json::parse(opened)?;
    let ballot = ballot::verify_ballot(election, wire.ballot.as_bytes())?;
    if wire.openings.len() != ballot.ciphertexts().len() {
        return Err(AuditError::Shape);
    }
    let mut choices = Vec::with_capacity(wire.openings.len());
    for (question, (openings, ciphertexts)) in wire.openings.iter().zip(ballot.ciphertexts()).enumerate() {
        if openings.len() != ciphertexts.len() || openings.iter().any(|opening| opening.choice > 1) {
            return Err(AuditError::Shape);
        }
        for (choice, (opening, ciphertext)) in openings.iter().zip(ciphertexts).enumerate() {
            let secret = SecretScalar::new(scalar::parse_decimal(&opening.r)?);
            if encrypt_choice(election.public_key(), opening.choice, &secret) != *ciphertext {
                return Err(AuditError::Mismatch { question, choice });
            }
        }
        choices.push(openings.iter().map(|opening| opening.choice).collect());
    }
    Ok(AuditedBallot { ballot, choices })
}

/// Choices and randomness of a ballot just made, per question and choice; erased when dropped.
#[derive(Default)]
pub(crate) struct Openings(Vec<(zeroize::Zeroizing<Vec<u8>>, Vec<SecretScalar>)>);

impl Openings {
    pub(crate) fn push(&mut self, choices: &[u8], secrets: Vec<SecretScalar>) {
        self.0.push((zeroize::Zeroizing::new(choices.to_vec()), secrets));
    }

    pub(crate) fn opened(&self, ballot: &str) -> String {
        let opening = |(choice, secret): (&u8, &SecretScalar)| WireOpening {
            choice: *choice,
            r: scalar::to_decimal(secret.expose()),
        };
        json::write(&WireOpened {
            ballot: ballot.to_owned(),
            openings: self
                .0
                .iter()
                .map(|(choices, secrets)| choices.iter().zip(secrets).map(opening).collect())
                .collect(),
        })
    }
}

impl fmt::Debug for Openings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Openings(redacted)")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireOpened {
    ballot: String,
    openings: Vec<Vec<WireOpening>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireOpening {
    choice: u8,
    r: String,
}
