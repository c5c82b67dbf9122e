//! Questions: n answers of which min to max may be chosen, with or without a blank vote.
//!
//! Spec: specs/ballot-suite.md §3.

use crate::json::MAX_SMALL;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An election whose largest ballot may exceed this many bytes is refused: a ballot must fit into one entry of a ledger.
///
/// Spec: specs/ballot-suite.md §7.6.
pub const MAX_BALLOT_BYTES: usize = 59_800;

/// Why a question is not acceptable. Whoever wrote the election is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// There is no answer, or there are more than 2^30 − 2.
    #[error("a question needs between 1 and 2^30 - 2 answers")]
    Answers,
    /// Not min ≤ max ≤ number of answers with max ≥ 1.
    #[error("the numbers of answers to choose must fit min <= max <= answers, max >= 1")]
    Bounds,
    /// `blank` is written although it is false.
    #[error("blank is written only when true")]
    Blank,
    /// A text holds U+007F.
    #[error("a text holds the character U+007F")]
    Text,
}

/// A homomorphic question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    wire: WireQuestion,
}

impl Question {
    /// A question with its answers; voters choose `min` to `max` of them, or blank if `blank` is true.
    ///
    /// # Errors
    /// [`QuestionError`] unless there is an answer and min ≤ max ≤ number of answers, max ≥ 1.
    pub fn new(
        question: &str,
        answers: &[String],
        blank: bool,
        min: u32,
        max: u32,
    ) -> Result<Self, QuestionError> {
        Self::from_wire(WireQuestion {
            answers: answers.to_vec(),
            blank: blank.then_some(true),
            min,
            max,
            question: question.to_owned(),
        })
    }

    /// The question's text.
    #[must_use]
    pub fn question(&self) -> &str {
        &self.wire.question
    }

    /// The answers' texts, in order, without blank.
    #[must_use]
    pub fn answers(&self) -> &[String] {
        &self.wire.answers
    }

    /// Whether voters may vote blank.
    #[must_use]
    pub fn blank(&self) -> bool {
        self.wire.blank.is_some()
    }

    /// Least number of answers to choose.
    #[must_use]
    pub fn min(&self) -> u32 {
        self.wire.min
    }

    /// Greatest number of answers to choose.
    #[must_use]
    pub fn max(&self) -> u32 {
        self.wire.max
    }

    /// Number of choices: the answers, and one before them for blank if it is allowed.
    #[must_use]
    pub fn choices(&self) -> usize {
        self.wire.answers.len() + usize::from(self.blank())
    }

    /// Number of proofs in an answer's overall proof.
    #[must_use]
    pub fn overall_proofs(&self) -> usize {
        (self.max() - self.min()) as usize + 1 + usize::from(self.blank())
    }

    pub(crate) fn from_wire(wire: WireQuestion) -> Result<Self, QuestionError> {
        let count = wire.answers.len() as u64;
        if count == 0 || count >= MAX_SMALL {
            return Err(QuestionError::Answers);
        }
        if wire.min > wire.max || u64::from(wire.max) > count || wire.max == 0 {
            return Err(QuestionError::Bounds);
        }
        if wire.blank == Some(false) {
            return Err(QuestionError::Blank);
        }
        if wire.question.contains('\u{7f}') || wire.answers.iter().any(|a| a.contains('\u{7f}')) {
            return Err(QuestionError::Text);
        }
        Ok(Self { wire })
    }

    pub(crate) fn to_wire(&self) -> WireQuestion {
        self.wire.clone()
    }
}

/// Upper bound, in bytes, of a ballot over these questions with a uuid of `uuid_bytes` bytes; it is reached when every
/// scalar has 76 digits. Saturates instead of overflowing.
///
/// Spec: specs/ballot-suite.md §7.6.
#[must_use]
pub fn largest_ballot_bytes(questions: &[Question], uuid_bytes: usize) -> usize {
    questions.iter().fold(
        432usize
            .saturating_add(uuid_bytes)
            .saturating_add(questions.len()),
        |sum, q| {
            sum.saturating_add(53)
                .saturating_add(q.choices().saturating_mul(519))
                .saturating_add(q.overall_proofs().saturating_mul(183))
                .saturating_add(if q.blank() { 382 } else { 0 })
        },
    )
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireQuestion {
    answers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blank: Option<bool>,
    min: u32,
    max: u32,
    question: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(answers: usize, min: u32, max: u32) -> Result<Question, QuestionError> {
        Question::new("Q", &vec!["A".to_owned(); answers], true, min, max)
    }

    #[test]
    fn bounds() {
        assert_eq!(question(0, 0, 0), Err(QuestionError::Answers));
        assert_eq!(question(2, 0, 0), Err(QuestionError::Bounds));
        assert_eq!(question(2, 2, 1), Err(QuestionError::Bounds));
        assert_eq!(question(2, 0, 3), Err(QuestionError::Bounds));
        let good = question(2, 0, 2).unwrap();
        assert_eq!((good.choices(), good.overall_proofs()), (3, 4));
        let deleted = Question::new("\u{7f}", &["A".to_owned()], false, 0, 1);
        assert_eq!(deleted, Err(QuestionError::Text));
    }
}
