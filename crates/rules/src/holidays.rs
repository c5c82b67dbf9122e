//! Lists of holidays as rolls cite them.
//!
//! A list is a canonical JSON document. Its facts become known with the event that first cites them; a later list begins
//! with all facts of the one before.
//!
//! Spec: specs/roll.md §1.1.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, CalendarError, Fact, FactStatus};
use crate::pack::day;
use crate::text::Bilingual;

/// Longest document, in bytes.
const MAX_BYTES: usize = 65_536;
/// Most facts of a list.
const MAX_FACTS: usize = 366;
const FORMAT: &str = "sijill-holidays/1";

/// A holiday of a list. Its number is its place in the list, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// First day.
    #[serde(with = "day")]
    pub first: Date,
    /// Last day, included.
    #[serde(with = "day")]
    pub last: Date,
    /// How sure it is.
    pub status: FactStatus,
    /// Number of the fact that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<u64>,
    /// What it is called.
    pub name: Bilingual,
    /// Who declared it, and where it can be read.
    pub source: String,
}

/// A list of holidays. Spec: specs/roll.md §1.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayList {
    format: String,
    /// The facts, in order.
    pub facts: Vec<Holiday>,
}

/// Why a list is refused. The fault is its author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HolidayError {
    /// Not such a document, or not in its one spelling.
    #[error("the list of holidays is not a canonical document: {0}")]
    Form(String),
    /// No facts, or too many.
    #[error("a list has 1 to 366 holidays")]
    Length,
    /// The list does not begin with what was declared before, or adds nothing.
    #[error(
        "the list must begin with every holiday that was declared before, unchanged, and add at least one"
    )]
    NotContinued,
    /// A fact contradicts the ones before it.
    #[error(transparent)]
    Fact(#[from] CalendarError),
}

impl HolidayList {
    /// A list of facts.
    #[must_use]
    pub fn new(facts: Vec<Holiday>) -> Self {
        Self {
            format: FORMAT.into(),
            facts,
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`HolidayError::Form`], [`HolidayError::Length`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, HolidayError> {
        if bytes.len() > MAX_BYTES {
            return Err(HolidayError::Form("more than 65536 bytes".into()));
        }
        let list: Self = serde_json::from_slice(bytes).map_err(|e| HolidayError::Form(e.to_string()))?;
        if list.format != FORMAT {
            return Err(HolidayError::Form("another format".into()));
        }
        if list.to_json() != bytes {
            return Err(HolidayError::Form("another spelling".into()));
        }
        if list.facts.is_empty() || list.facts.len() > MAX_FACTS {
            return Err(HolidayError::Length);
        }
        Ok(list)
    }

    /// The document.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Structs of strings, integers and lists: always writable.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Declares on `calendar` what this list adds to the facts there, as known at `known_ms`.
    ///
    /// # Errors
    /// [`HolidayError`]; the calendar is then of no further use.
    pub fn declare(&self, calendar: &mut Calendar, known_ms: u64) -> Result<(), HolidayError> {
        let old = calendar.facts();
        let same = |(holiday, fact): (&Holiday, &Fact)| {
            (holiday.first, holiday.last, holiday.status, holiday.corrects)
                == (fact.first, fact.last, fact.status, fact.corrects)
                && holiday.name == fact.name
                && holiday.source == fact.source
        };
        if self.facts.len() <= old.len() || !self.facts.iter().zip(old).all(same) {
            return Err(HolidayError::NotContinued);
        }
        let known = old.len();
        for (holiday, seq) in self.facts.iter().zip(1u64..).skip(known) {
            calendar.declare(Fact {
                seq,
                known_ms,
                first: holiday.first,
                last: holiday.last,
                status: holiday.status,
                corrects: holiday.corrects,
                name: holiday.name.clone(),
                source: holiday.source.clone(),
            })?;
        }
        Ok(())
    }
}
