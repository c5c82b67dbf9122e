//! The result: discrete logarithms of the decrypted sums, and their record.
//!
//! Spec: specs/ballot-suite.md §11.

use crate::decryption::CombinedFactors;
use crate::group::GENERATOR;
use crate::json::{self, JsonError, Weight};
use crate::tally::EncryptedTally;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use thiserror::Error;

/// Why a result does not follow from a tally; questions and choices are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResultError {
    /// Not canonical JSON of the shape.
    #[error("result: {0}")]
    Json(#[from] JsonError),
    /// The factors are those of another tally.
    #[error("result: the factors are those of another tally")]
    OtherTally,
    /// The shape is not that of the tally.
    #[error("result: the shape is not that of the tally")]
    Shape,
    /// No number from 0 to the total weight is the sum's plaintext. With verified ballots and shares this
    /// means that something was not verified.
    #[error("result: question {question}, choice {choice}: out of bounds")]
    OutOfBounds {
        /// Position of the question, from 0.
        question: usize,
        /// Position of the choice, from 0.
        choice: usize,
    },
    /// The number is not the sum's plaintext.
    #[error("result: question {question}, choice {choice}: not what the tally decrypts to")]
    Wrong {
        /// Position of the question, from 0.
        question: usize,
        /// Position of the choice, from 0.
        choice: usize,
    },
}

/// Votes per question and choice, blank first where it is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElectionResult {
    counts: Vec<Vec<u64>>,
}

impl ElectionResult {
    /// Finds the result of a tally, each count from 0 to the total weight. Uses all processors; up to a few seconds for totals
    /// near 2^40.
    ///
    /// # Errors
    /// [`ResultError::OtherTally`], [`ResultError::OutOfBounds`].
    pub fn decrypt(tally: &EncryptedTally, factors: &CombinedFactors) -> Result<Self, ResultError> {
        let messages = factors.messages(tally).ok_or(ResultError::OtherTally)?;
        let logarithms = Logarithms::new(tally.sized().total_weight, messages.iter().map(Vec::len).sum());
        let counts = messages
            .par_iter()
            .enumerate()
            .map(|(question, row)| {
                row.par_iter()
                    .enumerate()
                    .map(|(choice, message)| {
                        logarithms
                            .find(message)
                            .ok_or(ResultError::OutOfBounds { question, choice })
                    })
                    .collect()
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { counts })
    }

    /// Reads a result, strictly. Whether it is right is for [`ElectionResult::verify`].
    ///
    /// # Errors
    /// [`ResultError::Json`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ResultError> {
        let wire: WireResult = json::parse(bytes)?;
        Ok(Self {
            counts: wire
                .result
                .into_iter()
                .map(|row| row.into_iter().map(|w| w.0).collect())
                .collect(),
        })
    }

    /// Checks that this is what the tally decrypts to.
    ///
    /// # Errors
    /// [`ResultError`].
    pub fn verify(&self, tally: &EncryptedTally, factors: &CombinedFactors) -> Result<(), ResultError> {
        let messages = factors.messages(tally).ok_or(ResultError::OtherTally)?;
        if self.counts.len() != messages.len() {
            return Err(ResultError::Shape);
        }
        for (question, (counts, row)) in self.counts.iter().zip(&messages).enumerate() {
            if counts.len() != row.len() {
                return Err(ResultError::Shape);
            }
            for (choice, (count, message)) in counts.iter().zip(row).enumerate() {
                if *count > tally.sized().total_weight {
                    return Err(ResultError::OutOfBounds { question, choice });
                }
                if EdwardsPoint::mul_base(&Scalar::from(*count)) != *message {
                    return Err(ResultError::Wrong { question, choice });
                }
            }
        }
        Ok(())
    }

    /// Votes per question and choice, blank first where it is allowed.
    #[must_use]
    pub fn counts(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// The canonical record.
    #[must_use]
    pub fn json(&self) -> String {
        let row = |row: &Vec<u64>| row.iter().map(|count| Weight(*count)).collect();
        json::write(&WireResult {
            result: self.counts.iter().map(row).collect(),
        })
    }
}

/// Discrete logarithms from 0 to a bound, by baby steps and giant steps.
struct Logarithms {
    bound: u64,
    /// Encodings of 0·G … (steps − 1)·G.
    baby: HashMap<[u8; 32], u64>,
    steps: u64,
    /// −steps·G.
    giant: EdwardsPoint,
}

impl Logarithms {
    /// `points` is how many logarithms will be asked for: more are worth a larger table.
    fn new(bound: u64, points: usize) -> Self {
        let work = bound.saturating_add(1).saturating_mul(points.max(1) as u64);
        let steps = work
            .isqrt()
            .saturating_add(1)
            .min(MAX_STEPS)
            .min(bound.saturating_add(1));
        let starts: Vec<u64> = (0..steps.div_ceil(BATCH)).map(|batch| batch * BATCH).collect();
        let baby = starts
            .par_iter()
            .flat_map_iter(|start| {
                let length = BATCH.min(steps - start);
                let first = EdwardsPoint::mul_base(&Scalar::from(*start));
                let points: Vec<EdwardsPoint> = progression(first, GENERATOR, length).collect();
                let encodings = EdwardsPoint::compress_batch_alloc(&points);
                encodings.into_iter().map(|e| e.to_bytes()).zip(*start..)
            })
            .collect();
        Self {
            bound,
            baby,
            steps,
            giant: -EdwardsPoint::mul_base(&Scalar::from(steps)),
        }
    }

    fn find(&self, point: &EdwardsPoint) -> Option<u64> {
        let giants = self.bound / self.steps + 1;
        let mut start = *point;
        let mut done = 0;
        while done < giants {
            let length = BATCH.min(giants - done);
            let points: Vec<EdwardsPoint> = progression(start, self.giant, length).collect();
            for (encoding, giant) in EdwardsPoint::compress_batch_alloc(&points).iter().zip(done..) {
                if let Some(baby) = self.baby.get(encoding.as_bytes()) {
                    let found = giant * self.steps + baby;
                    return (found <= self.bound).then_some(found);
                }
            }
            done += length;
            start = points.last()? + self.giant;
        }
        None
    }
}

/// Bounds the table's memory to about 100 MB.
const MAX_STEPS: u64 = 1 << 20;

/// Points encoded together: one field inversion for all of them.
const BATCH: u64 = 512;

fn progression(first: EdwardsPoint, step: EdwardsPoint, length: u64) -> impl Iterator<Item = EdwardsPoint> {
    (0..length).scan(first, move |next, _| {
        let current = *next;
        *next += step;
        Some(current)
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireResult {
    result: Vec<Vec<Weight>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms() {
        for (bound, points) in [(0, 1), (1, 1), (7, 3), (1000, 2), (1_000_000, 5), (1 << 40, 1)] {
            let logarithms = Logarithms::new(bound, points);
            let values = [0, 1, bound / 3, bound / 2, bound - bound.min(1), bound];
            for value in values
                .into_iter()
                .filter(|v| *v <= bound && (bound < 1 << 40 || *v < 1 << 34))
            {
                let point = EdwardsPoint::mul_base(&Scalar::from(value));
                assert_eq!(logarithms.find(&point), Some(value), "{value} of {bound}");
            }
            if bound < 1 << 40 {
                for outside in [Scalar::from(bound + 1), Scalar::from(bound * 2 + 2), -Scalar::ONE] {
                    assert_eq!(logarithms.find(&EdwardsPoint::mul_base(&outside)), None);
                }
            }
        }
    }

    #[test]
    fn records() {
        let result = ElectionResult {
            counts: vec![vec![0, 1_073_741_823, 1_073_741_824], vec![3]],
        };
        assert_eq!(result.json(), "{\"result\":[[0,1073741823,\"1073741824\"],[3]]}");
        assert_eq!(ElectionResult::parse(result.json().as_bytes()), Ok(result));
        for bad in [
            "{\"result\":[[\"3\"]]}",
            "{\"result\":[[3.0]]}",
            "{\"result\":[[-1]]}",
            "{\"result\":[[3]] }",
            "{}",
        ] {
            assert!(ElectionResult::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
