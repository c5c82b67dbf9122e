//! Plain votes, before encryption: kept only as long as needed, erased when dropped, never printed.
//!
//! Spec: specs/ballot-suite.md §3.

use crate::question::Question;
use std::fmt;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Why a vote cannot be encrypted; questions are counted from 0. The messages do not repeat the vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VoteError {
    /// Not one answer per question.
    #[error("the vote does not answer each question once")]
    Questions,
    /// The number of choices is not that of the question, or a choice is neither 0 nor 1.
    #[error("question {question}: not a choice of 0 or 1 for each possibility")]
    Choices {
        /// Position of the question, from 0.
        question: usize,
    },
    /// An answer that does not exist, or one named twice.
    #[error("question {question}: no such answer, or an answer named twice")]
    Answer {
        /// Position of the question, from 0.
        question: usize,
    },
    /// Fewer or more answers than the question allows.
    #[error("question {question}: too few or too many answers")]
    Count {
        /// Position of the question, from 0.
        question: usize,
    },
    /// Blank where it is not allowed, or together with answers.
    #[error("question {question}: blank is not possible here")]
    Blank {
        /// Position of the question, from 0.
        question: usize,
    },
}

/// What a voter chose for one question.
#[derive(Clone, Copy)]
pub enum Selection<'a> {
    /// A blank vote.
    Blank,
    /// The chosen answers, counted from 0 without blank, in any order.
    Answers(&'a [usize]),
}

impl fmt::Debug for Selection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Selection(redacted)")
    }
}

/// A vote that fits its questions: for each question one 0 or 1 per choice, blank first where it is allowed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Vote {
    choices: Vec<Vec<u8>>,
}

impl Vote {
    /// A vote from the voter's selections, one per question.
    ///
    /// # Errors
    /// [`VoteError`] if the selections are not a vote that the questions allow.
    pub fn from_selections(questions: &[Question], selections: &[Selection<'_>]) -> Result<Self, VoteError> {
        if questions.len() != selections.len() {
            return Err(VoteError::Questions);
        }
        let mut vote = Self {
            choices: Vec::with_capacity(questions.len()),
        };
        for (question, (asked, selection)) in questions.iter().zip(selections).enumerate() {
            let mut choices = vec![0u8; asked.choices()];
            match selection {
                Selection::Blank if asked.blank() => choices[0] = 1,
                Selection::Blank => return Err(VoteError::Blank { question }),
                Selection::Answers(answers) => {
                    for answer in *answers {
                        if *answer >= asked.answers().len() {
                            return Err(VoteError::Answer { question });
                        }
                        let choice = &mut choices[answer + usize::from(asked.blank())];
                        if *choice != 0 {
                            return Err(VoteError::Answer { question });
                        }
                        *choice = 1;
                    }
                }
            }
            vote.choices.push(choices);
        }
        vote.require_allowed(questions)?;
        Ok(vote)
    }

    /// A vote from raw choices: for each question one 0 or 1 per choice, blank first where it is allowed.
    ///
    /// # Errors
    /// [`VoteError`] if the choices are not a vote that the questions allow.
    pub fn from_choices(questions: &[Question], choices: Vec<Vec<u8>>) -> Result<Self, VoteError> {
        let vote = Self { choices };
        vote.require_allowed(questions)?;
        Ok(vote)
    }

    /// The choices: for each question one 0 or 1 per choice, blank first where it is allowed.
    #[must_use]
    pub fn expose(&self) -> &[Vec<u8>] {
        &self.choices
    }

    pub(crate) fn require_allowed(&self, questions: &[Question]) -> Result<(), VoteError> {
        if self.choices.len() != questions.len() {
            return Err(VoteError::Questions);
        }
        for (question, (asked, choices)) in questions.iter().zip(&self.choices).enumerate() {
            if choices.len() != asked.choices() || choices.iter().any(|choice| *choice > 1) {
                return Err(VoteError::Choices { question });
            }
            let (blank, answers) = choices.split_at(usize::from(asked.blank()));
            let chosen: u32 = answers.iter().map(|choice| u32::from(*choice)).sum();
            if blank.first() == Some(&1) {
                if chosen != 0 {
                    return Err(VoteError::Blank { question });
                }
            } else if !(asked.min()..=asked.max()).contains(&chosen) {
                return Err(VoteError::Count { question });
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vote(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions() -> Vec<Question> {
        let answers: Vec<String> = ["A", "B", "C"].map(str::to_owned).to_vec();
        vec![
            Question::new("Q", &answers, true, 1, 2).unwrap(),
            Question::new("R", &answers, false, 0, 3).unwrap(),
        ]
    }

    #[test]
    fn selections() {
        let make = |first, second| Vote::from_selections(&questions(), &[first, second]);
        let vote = make(Selection::Answers(&[2, 0]), Selection::Answers(&[1])).unwrap();
        assert_eq!(vote.expose(), [vec![0, 1, 0, 1], vec![0, 1, 0]]);
        let blank = make(Selection::Blank, Selection::Answers(&[])).unwrap();
        assert_eq!(blank.expose(), [vec![1, 0, 0, 0], vec![0, 0, 0]]);
        assert_eq!(format!("{blank:?}"), "Vote(redacted)");
        let none = Selection::Answers(&[]);
        for (first, second, error) in [
            (none, none, VoteError::Count { question: 0 }),
            (
                Selection::Answers(&[0, 1, 2]),
                none,
                VoteError::Count { question: 0 },
            ),
            (
                Selection::Answers(&[0, 0]),
                none,
                VoteError::Answer { question: 0 },
            ),
            (Selection::Answers(&[3]), none, VoteError::Answer { question: 0 }),
            (
                Selection::Answers(&[usize::MAX]),
                none,
                VoteError::Answer { question: 0 },
            ),
            (
                Selection::Blank,
                Selection::Blank,
                VoteError::Blank { question: 1 },
            ),
        ] {
            assert_eq!(make(first, second).unwrap_err(), error);
        }
        assert_eq!(
            Vote::from_selections(&questions(), &[none]).unwrap_err(),
            VoteError::Questions
        );
    }

    #[test]
    fn raw_choices() {
        let make = |first: &[u8], second: &[u8]| {
            Vote::from_choices(&questions(), vec![first.to_vec(), second.to_vec()]).map(|_| ())
        };
        assert_eq!(make(&[0, 1, 0, 1], &[1, 1, 1]), Ok(()));
        assert_eq!(
            make(&[0, 2, 0, 0], &[1, 1, 1]),
            Err(VoteError::Choices { question: 0 })
        );
        assert_eq!(
            make(&[0, 1, 0], &[1, 1, 1]),
            Err(VoteError::Choices { question: 0 })
        );
        assert_eq!(
            make(&[1, 1, 0, 0], &[1, 1, 1]),
            Err(VoteError::Blank { question: 0 })
        );
        assert_eq!(
            make(&[0, 1, 1, 1], &[1, 1, 1]),
            Err(VoteError::Count { question: 0 })
        );
    }
}
