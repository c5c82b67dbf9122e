//! Lists of voters: whom a station serves regularly. Spec: specs/station.md §3.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sijill_ledger::{DecodeError, decode_canonical, encode};

use crate::names::Name;
use crate::roll::events::Pseudonym;

/// Most districts on a list.
const MAX_DISTRICTS: usize = 1000;

/// A voter on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    /// The person.
    pub pseudonym: Pseudonym,
    /// Whether they have a credential, so that a paper may exclude a digital ballot.
    pub holder: bool,
}

/// The voters of one district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// District.
    pub district: Name,
    /// Ascending by pseudonym.
    pub voters: Vec<Listed>,
}

/// Why bytes are not a list of voters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The bytes are no list.
    #[error("the list of voters cannot be read: {0}")]
    Encoding(#[from] DecodeError),
    /// Districts or voters out of order, twice, none or too many.
    #[error(
        "the list of voters must have at most 1000 districts in ascending order, each with its voters in ascending order"
    )]
    Order,
}

/// A list of voters.
#[derive(Clone, PartialEq, Eq)]
pub struct VoterList {
    served: Vec<Served>,
    index: HashMap<Pseudonym, (u16, bool)>,
}

impl VoterList {
    /// Makes a list; a voter must not stand in two districts.
    ///
    /// # Errors
    /// [`ListError::Order`].
    pub fn build(served: Vec<Served>) -> Result<Self, ListError> {
        let ordered = served.len() <= MAX_DISTRICTS
            && served.is_sorted_by(|a, b| a.district < b.district)
            && served
                .iter()
                .all(|d| !d.voters.is_empty() && d.voters.is_sorted_by(|a, b| a.pseudonym < b.pseudonym));
        if !ordered {
            return Err(ListError::Order);
        }
        let mut index = HashMap::new();
        for (i, district) in (0u16..).zip(&served) {
            for voter in &district.voters {
                // Of somebody who stands in two districts the first one is taken; such a list is refused on the roll.
                index.entry(voter.pseudonym).or_insert((i, voter.holder));
            }
        }
        Ok(Self { served, index })
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ListError> {
        Self::build(decode_canonical(bytes)?)
    }

    /// The bytes that are cited.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&self.served)
    }

    /// The districts with their voters, ascending.
    #[must_use]
    pub fn served(&self) -> &[Served] {
        &self.served
    }

    /// District of a voter, and whether they have a credential; `None` if they are not on the list.
    #[must_use]
    pub fn find(&self, pseudonym: &Pseudonym) -> Option<(&Name, bool)> {
        let (district, holder) = self.index.get(pseudonym)?;
        Some((&self.served.get(usize::from(*district))?.district, *holder))
    }

    /// Number of voters.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.served.iter().map(|d| d.voters.len() as u64).sum()
    }
}

impl core::fmt::Debug for VoterList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("VoterList")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
