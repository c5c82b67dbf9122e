//! Events of a polling station's ledger, and what the events about stations on other ledgers share.
//!
//! Spec: specs/events.md §3, §4, §6, specs/station.md.

use serde::{Deserialize, Deserializer, Serialize};
use sijill_ledger::{ContentRef, KeyId, Scope, Signature};

use crate::json::MAX_INTEGER;

/// A number of an event about stations: at most 2^53 − 1; a greater one does not decode. Spec: specs/events.md §10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Number(u64);

impl Number {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Why a number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number is greater than 2^53 − 1")]
pub struct NumberError;

impl TryFrom<u64> for Number {
    type Error = NumberError;

    fn try_from(number: u64) -> Result<Self, NumberError> {
        if number <= MAX_INTEGER {
            Ok(Self(number))
        } else {
            Err(NumberError)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}

impl core::fmt::Display for Number {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// A signature and whose it is said to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The key.
    pub key: KeyId,
    /// The signature.
    pub signature: Signature,
}

/// What a closing protocol counts. Spec: specs/station.md §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StationCounts {
    /// Blank papers received at the opening.
    pub received: Number,
    /// Check-ins.
    pub checked_in: Number,
    /// Papers issued, replacements and envelopes included.
    pub issued: Number,
    /// Papers spoilt.
    pub spoilt: Number,
    /// Papers in envelopes among those issued.
    pub envelopes: Number,
    /// Papers left over, counted by hand.
    pub unused: Number,
}

impl StationCounts {
    /// Whether the papers received are not those issued and left over.
    #[must_use]
    pub const fn has_mismatch(&self) -> bool {
        self.received.0 != self.issued.0 + self.unused.0
    }
}

/// 0x0503: the opening protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationOpened {
    /// The station's list of voters.
    pub voters: ContentRef,
    /// The rule pack in its JSON form.
    pub pack: ContentRef,
    /// Blank papers received.
    pub papers: Number,
    /// Number of the urn's seal.
    pub seal: Scope,
}

/// 0x0504: somebody's identity was checked by a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedIn {
    /// Whether the person is on the station's list.
    pub listed: bool,
    /// The pseudonym on the roll, or the commitment to a guest.
    pub person: [u8; 32],
    /// 1 ID card, 2 digital ID.
    pub document: u8,
    /// Whether the voter was assisted.
    pub assistance: bool,
}

/// 0x0505: a paper was handed out. It is named by its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperIssued {
    /// Position of the check-in.
    pub check_in: Number,
    /// Number of the envelope, for guests.
    pub envelope: Option<Number>,
    /// Position of the spoilt paper that this one replaces.
    pub replaces: Option<Number>,
    /// The second officer.
    pub second: Option<Signed>,
}

impl PaperIssued {
    /// What the second officer signs. Spec: specs/station.md §5.4.
    #[must_use]
    pub fn second_message(&self, station: sijill_ledger::LedgerId, author: KeyId) -> Vec<u8> {
        let alone = Self {
            second: None,
            ..self.clone()
        };
        let mut message = b"sijill/second-officer/v1\n".to_vec();
        message.extend_from_slice(station.as_bytes());
        message.extend_from_slice(author.as_bytes());
        message.extend_from_slice(&sijill_ledger::encode(&alone));
        message
    }
}

/// 0x0506: a paper was spoilt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperSpoilt {
    /// Its position.
    pub paper: Number,
}

/// 0x0507: somebody says that they did not get the paper that was issued in their name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueDisputed {
    /// The paper's position.
    pub paper: Number,
    /// Commitment to what they say.
    pub statement: [u8; 32],
}

/// 0x0508: the closing protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationClosed {
    /// The counts.
    pub counts: StationCounts,
    /// Check-ins without a paper.
    pub unserved: Number,
}

/// An event of a station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StationEvent {
    /// 0x0504.
    CheckedIn(CheckedIn),
    /// 0x0501.
    DutyBegun,
    /// 0x0502.
    DutyEnded,
    /// 0x0507.
    IssueDisputed(IssueDisputed),
    /// 0x0505.
    PaperIssued(PaperIssued),
    /// 0x0506.
    PaperSpoilt(PaperSpoilt),
    /// 0x0508.
    StationClosed(StationClosed),
    /// 0x0503.
    StationOpened(StationOpened),
}

impl StationEvent {
    /// Its name in the catalogue.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CheckedIn(_) => "CheckedIn",
            Self::DutyBegun => "DutyBegun",
            Self::DutyEnded => "DutyEnded",
            Self::IssueDisputed(_) => "IssueDisputed",
            Self::PaperIssued(_) => "PaperIssued",
            Self::PaperSpoilt(_) => "PaperSpoilt",
            Self::StationClosed(_) => "StationClosed",
            Self::StationOpened(_) => "StationOpened",
        }
    }
}

/// What chair and members sign at the end. Spec: specs/station.md §2.2.
#[must_use]
pub fn final_message(station: sijill_ledger::LedgerId, size: u64, root: &[u8; 32]) -> Vec<u8> {
    let mut message = b"sijill/station-final/v1\n".to_vec();
    message.extend_from_slice(station.as_bytes());
    message.extend_from_slice(&size.to_be_bytes());
    message.extend_from_slice(root);
    message
}
