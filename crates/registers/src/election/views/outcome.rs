//! Who is elected in a district, as it is published. Spec: specs/outcome.md §8. It is computed by
//! [`ElectionFacts::outcome`](crate::election::ElectionFacts::outcome).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sijill_ledger::{ContentHash, LedgerId};

use crate::election::outcome::By;
use crate::json::{self, JsonError};
use crate::names::Name;

/// The format of this version.
pub const FORMAT: &str = "sijill-outcome/1";

/// The published document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeDocument {
    /// [`FORMAT`].
    pub format: String,
    /// The box.
    pub ledger: LedgerId,
    /// Entries of the election ledger before the view.
    pub size: u64,
    /// District.
    pub district: Name,
    /// Hash of the adopted rule pack.
    pub pack: ContentHash,
    /// By question.
    pub questions: Vec<QuestionOutcome>,
}

/// What follows for one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionOutcome {
    /// It fills no seats.
    Nobody,
    /// It fills seats.
    Seats {
        /// How many, from 1.
        seats: u16,
        /// Those elected, ascending by answer.
        elected: Vec<Elected>,
        /// The answers that were removed, ascending, from 0.
        void: Vec<u16>,
    },
}

/// One who is elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elected {
    /// The answer, from 0.
    pub answer: u16,
    /// Why.
    pub by: By,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    seats: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    elected: Option<Vec<Elected>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    void: Option<Vec<u16>>,
}

impl Serialize for QuestionOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = match self {
            Self::Nobody => Wire {
                seats: 0,
                elected: None,
                void: None,
            },
            Self::Seats { seats, elected, void } => Wire {
                seats: *seats,
                elected: Some(elected.clone()),
                void: Some(void.clone()),
            },
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for QuestionOutcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Wire::deserialize(deserializer)? {
            Wire {
                seats: 0,
                elected: None,
                void: None,
            } => Ok(Self::Nobody),
            Wire {
                seats: seats @ 1..,
                elected: Some(elected),
                void: Some(void),
            } => Ok(Self::Seats { seats, elected, void }),
            _ => Err(D::Error::custom(
                "`elected` and `void` belong to seats, and to nothing else",
            )),
        }
    }
}

impl OutcomeDocument {
    /// The published bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }

    /// Reads published bytes.
    ///
    /// # Errors
    /// [`JsonError`] for anything but the one permitted spelling of such a document.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let document: Self = json::read(bytes)?;
        if document.format != FORMAT {
            return Err(JsonError::Syntax(format!("the format is not {FORMAT}")));
        }
        Ok(document)
    }
}
