//! The encrypted tally: sums of the counted ballots' ciphertexts, and its records.
//!
//! Spec: specs/ballot-suite.md §8.

use crate::ballot::{VerifiedBallot, WireCiphertext};
use crate::credential::MAX_TOTAL_WEIGHT;
use crate::election::ElectionContext;
use crate::group::{Ciphertext, Point, PointError};
use crate::hash;
use crate::json::{self, JsonError, MAX_SMALL, Weight};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why ballots cannot be tallied, or a record of a tally is not acceptable; questions and choices are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TallyError {
    /// Not canonical JSON of the shape.
    #[error("tally: {0}")]
    Json(#[from] JsonError),
    /// The shape is not that of the questions: a ballot or a record of another election.
    #[error("tally: the shape is not that of the election")]
    Shape,
    /// A component is not an element of the group.
    #[error("tally: question {question}, choice {choice}: {error}")]
    Point {
        /// Position of the question, from 0.
        question: usize,
        /// Position of the choice, from 0.
        choice: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// A weight of 0, more than 2^30 − 1 ballots, or a total weight above 2^40.
    #[error("tally: a weight of zero, or too many ballots")]
    Weight,
}

/// An encrypted tally: per question, per choice, the sum over the counted ballots. The neutral element is legitimate here: an
/// empty tally is all neutral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedTally {
    json: String,
    sums: Vec<Vec<Ciphertext>>,
    sized: SizedTally,
}

impl EncryptedTally {
    /// Adds up ballots, each with its weight (1 in elections without weights). Uses all processors for many ballots.
    ///
    /// # Errors
    /// [`TallyError::Shape`] for a ballot of another election, [`TallyError::Weight`].
    pub fn of(election: &ElectionContext, ballots: &[(&VerifiedBallot, u64)]) -> Result<Self, TallyError> {
        let partial = ballots
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut sums = Accumulator::new(election);
                for (ballot, weight) in chunk {
                    sums.add(ballot, *weight)?;
                }
                Ok(sums)
            })
            .try_reduce(|| Accumulator::new(election), Accumulator::merge)?;
        Ok(partial.finish())
    }

    /// Reads the two records of a tally, strictly.
    ///
    /// # Errors
    /// [`TallyError`]; [`TallyError::Shape`] also if the sized record is about another encrypted tally.
    pub fn parse(election: &ElectionContext, tally: &[u8], sized: &[u8]) -> Result<Self, TallyError> {
        let sized = SizedTally::parse(sized)?;
        if sized.encrypted_tally != hash::sha256(tally) {
            return Err(TallyError::Shape);
        }
        let wire: Vec<Vec<WireCiphertext>> = json::parse(tally)?;
        let fits = wire.len() == election.questions().len()
            && wire
                .iter()
                .zip(election.questions())
                .all(|(row, question)| row.len() == question.choices());
        if !fits {
            return Err(TallyError::Shape);
        }
        let mut sums = Vec::with_capacity(wire.len());
        for (question, row) in wire.iter().enumerate() {
            let mut decoded = Vec::with_capacity(row.len());
            for (choice, ciphertext) in row.iter().enumerate() {
                let part = |text: &str| {
                    Point::from_text(text).map_err(|error| TallyError::Point {
                        question,
                        choice,
                        error,
                    })
                };
                decoded.push(Ciphertext {
                    alpha: part(&ciphertext.alpha)?,
                    beta: part(&ciphertext.beta)?,
                });
            }
            sums.push(decoded);
        }
        let json = String::from_utf8(tally.to_vec()).map_err(|_| JsonError::Shape)?;
        Ok(Self { json, sums, sized })
    }

    /// The exact `encrypted_tally` record.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The sums: per question, per choice.
    #[must_use]
    pub fn sums(&self) -> &[Vec<Ciphertext>] {
        &self.sums
    }

    /// The `sized_encrypted_tally` record.
    #[must_use]
    pub fn sized(&self) -> &SizedTally {
        &self.sized
    }
}

/// The record that goes with an encrypted tally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizedTally {
    /// Number of counted ballots, at most 2^30 − 1.
    pub num_tallied: u64,
    /// Sum of their weights, at most 2^40.
    pub total_weight: u64,
    /// SHA-256 of the encrypted tally's bytes.
    pub encrypted_tally: [u8; 32],
}

impl SizedTally {
    /// Reads the record, strictly.
    ///
    /// # Errors
    /// [`TallyError::Json`], [`TallyError::Weight`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TallyError> {
        let wire: WireSized = json::parse(bytes)?;
        if wire.num_tallied > MAX_SMALL || wire.total_weight.0 > MAX_TOTAL_WEIGHT {
            return Err(TallyError::Weight);
        }
        let mut encrypted_tally = [0u8; 32];
        hex::decode_to_slice(&wire.encrypted_tally, &mut encrypted_tally).map_err(|_| JsonError::Shape)?;
        if hex::encode(encrypted_tally) != wire.encrypted_tally {
            return Err(JsonError::NotCanonical.into());
        }
        Ok(Self {
            num_tallied: wire.num_tallied,
            total_weight: wire.total_weight.0,
            encrypted_tally,
        })
    }

    /// The canonical record.
    #[must_use]
    pub fn json(&self) -> String {
        json::write(&WireSized {
            num_tallied: self.num_tallied,
            total_weight: Weight(self.total_weight),
            encrypted_tally: hex::encode(self.encrypted_tally),
        })
    }
}

/// Sums ballots one by one: for a box that does not hold all ballots in memory.
#[derive(Debug, Clone)]
pub struct Accumulator {
    sums: Vec<Vec<(EdwardsPoint, EdwardsPoint)>>,
    counted: u64,
    total_weight: u64,
}

impl Accumulator {
    /// The empty sum for an election.
    #[must_use]
    pub fn new(election: &ElectionContext) -> Self {
        let zero = (EdwardsPoint::default(), EdwardsPoint::default());
        let sums = election
            .questions()
            .iter()
            .map(|question| vec![zero; question.choices()])
            .collect();
        Self {
            sums,
            counted: 0,
            total_weight: 0,
        }
    }

    /// Adds a ballot; after an error the sum is as before.
    ///
    /// # Errors
    /// [`TallyError::Shape`] for a ballot of another election, [`TallyError::Weight`].
    pub fn add(&mut self, ballot: &VerifiedBallot, weight: u64) -> Result<(), TallyError> {
        let ciphertexts = ballot.ciphertexts();
        let fits = ciphertexts.len() == self.sums.len()
            && ciphertexts
                .iter()
                .zip(&self.sums)
                .all(|(row, sums)| row.len() == sums.len());
        if !fits {
            return Err(TallyError::Shape);
        }
        self.count(1, weight)?;
        let factor = Scalar::from(weight);
        let times = |point: &Point| match weight {
            1 => *point.inner(),
            _ => EdwardsPoint::vartime_double_scalar_mul_basepoint(&factor, point.inner(), &Scalar::ZERO),
        };
        for (sum, ciphertext) in self.sums.iter_mut().flatten().zip(ciphertexts.iter().flatten()) {
            sum.0 += times(&ciphertext.alpha);
            sum.1 += times(&ciphertext.beta);
        }
        Ok(())
    }

    /// The tally of what was added.
    #[must_use]
    pub fn finish(self) -> EncryptedTally {
        let sums: Vec<Vec<Ciphertext>> = self
            .sums
            .into_iter()
            .map(|row| {
                row.into_iter()
                    .map(|(alpha, beta)| Ciphertext {
                        alpha: Point::from_inner(alpha),
                        beta: Point::from_inner(beta),
                    })
                    .collect()
            })
            .collect();
        let wire: Vec<Vec<WireCiphertext>> = sums
            .iter()
            .map(|row| row.iter().map(WireCiphertext::new).collect())
            .collect();
        let json = json::write(&wire);
        let sized = SizedTally {
            num_tallied: self.counted,
            total_weight: self.total_weight,
            encrypted_tally: hash::sha256(json.as_bytes()),
        };
        EncryptedTally { json, sums, sized }
    }

    /// The sum of two sums of one election.
    ///
    /// # Errors
    /// [`TallyError::Shape`] for sums of different elections, [`TallyError::Weight`].
    pub fn merge(mut self, other: Self) -> Result<Self, TallyError> {
        let fits = self.sums.len() == other.sums.len()
            && self.sums.iter().zip(&other.sums).all(|(a, b)| a.len() == b.len());
        if !fits {
            return Err(TallyError::Shape);
        }
        if other.counted > 0 {
            self.count(other.counted, other.total_weight)?;
        }
        for (sum, more) in self.sums.iter_mut().flatten().zip(other.sums.iter().flatten()) {
            sum.0 += more.0;
            sum.1 += more.1;
        }
        Ok(self)
    }

    fn count(&mut self, ballots: u64, weight: u64) -> Result<(), TallyError> {
        let counted = self.counted.saturating_add(ballots);
        let total_weight = self.total_weight.saturating_add(weight);
        if weight == 0 || counted > MAX_SMALL || total_weight > MAX_TOTAL_WEIGHT {
            return Err(TallyError::Weight);
        }
        (self.counted, self.total_weight) = (counted, total_weight);
        Ok(())
    }
}

const CHUNK: usize = 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSized {
    num_tallied: u64,
    total_weight: Weight,
    encrypted_tally: String,
}
