//! The trust file: what a reader knows of the ledgers of an event by another way than the published folder.
//!
//! Spec: specs/ledger.md §11.

use serde::{Deserialize, Serialize};

use crate::checkpoint::LedgerIdentity;
use crate::genesis::Kind;
use crate::ids::{KeyId, LedgerId, Root};
use crate::keys::PublicKey;
use crate::names::Origin;

const FORMAT: &str = "sijill-trust/1";

/// Why a text is not a trust file. The fault is that of whoever wrote it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Not JSON of this shape.
    #[error("trust file: {0}")]
    Json(#[from] serde_json::Error),
    /// A format that this version does not know.
    #[error("unknown format of a trust file")]
    Format,
    /// A ledger listed twice.
    #[error("ledger {0} is listed twice")]
    Twice(LedgerId),
    /// The event's election ledger is not listed as such.
    #[error("the event is not listed as an election ledger")]
    Event,
    /// The jurisdiction's calendar ledger is not listed as such.
    #[error("the jurisdiction is not listed as a calendar ledger")]
    Jurisdiction,
    /// A known checkpoint of no entries.
    #[error("the known checkpoint of ledger {0} has size 0")]
    EmptyCheckpoint(LedgerId),
    /// A ledger key that is not a public key.
    #[error("the key of ledger {0} is not a public key")]
    Key(LedgerId),
}

/// A trust file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustFile {
    format: String,
    event: LedgerId,
    ledgers: Vec<TrustedLedger>,
}

/// One ledger of a trust file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedLedger {
    /// The ledger id, which binds the whole genesis.
    pub id: LedgerId,
    /// Its kind.
    pub kind: Kind,
    /// Its origin.
    pub origin: Origin,
    /// Its ledger key.
    pub key: KeyId,
    /// A known checkpoint, which binds history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<TrustedCheckpoint>,
}

/// A known checkpoint of a trust file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedCheckpoint {
    /// Entries, at least 1.
    pub size: u64,
    /// Their root.
    pub root: Root,
}

impl TrustedLedger {
    /// What checkpoints and receipts of this ledger are verified against.
    #[must_use]
    pub fn identity(&self) -> LedgerIdentity {
        LedgerIdentity {
            ledger: self.id,
            origin: self.origin.clone(),
            key: self.key,
        }
    }
}

impl TrustFile {
    /// Checks and takes the ledgers of the event with this election ledger.
    ///
    /// # Errors
    ///
    /// [`TrustError`] names the rule.
    pub fn new(event: LedgerId, ledgers: Vec<TrustedLedger>) -> Result<Self, TrustError> {
        Self {
            format: FORMAT.into(),
            event,
            ledgers,
        }
        .checked()
    }

    /// Reads a trust file. Spec: specs/ledger.md §11.
    ///
    /// # Errors
    ///
    /// [`TrustError`] names what is wrong.
    pub fn parse(json: &str) -> Result<Self, TrustError> {
        serde_json::from_str::<Self>(json)?.checked()
    }

    /// Writes the file, readable and with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("strings and numbers have a JSON form");
        json.push('\n');
        json
    }

    /// The election ledger of the event.
    #[must_use]
    pub fn event(&self) -> LedgerId {
        self.event
    }

    /// All ledgers.
    #[must_use]
    pub fn ledgers(&self) -> &[TrustedLedger] {
        &self.ledgers
    }

    /// The ledger with this id.
    #[must_use]
    pub fn ledger(&self, id: LedgerId) -> Option<&TrustedLedger> {
        self.ledgers.iter().find(|ledger| ledger.id == id)
    }

    fn checked(self) -> Result<Self, TrustError> {
        check(&self.format, &self.ledgers)?;
        if self
            .ledger(self.event)
            .is_none_or(|ledger| ledger.kind != Kind::Election)
        {
            return Err(TrustError::Event);
        }
        Ok(self)
    }
}

/// The trust file of a jurisdiction. Spec: specs/jurisdiction.md §6.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JurisdictionTrustFile {
    format: String,
    jurisdiction: LedgerId,
    ledgers: Vec<TrustedLedger>,
}

impl JurisdictionTrustFile {
    /// Checks and takes the ledgers of the jurisdiction with this calendar ledger.
    ///
    /// # Errors
    ///
    /// [`TrustError`] names the rule.
    pub fn new(jurisdiction: LedgerId, ledgers: Vec<TrustedLedger>) -> Result<Self, TrustError> {
        Self {
            format: FORMAT.into(),
            jurisdiction,
            ledgers,
        }
        .checked()
    }

    /// Reads a trust file.
    ///
    /// # Errors
    ///
    /// [`TrustError`] names what is wrong.
    pub fn parse(json: &str) -> Result<Self, TrustError> {
        serde_json::from_str::<Self>(json)?.checked()
    }

    /// Writes the file, readable and with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("strings and numbers have a JSON form");
        json.push('\n');
        json
    }

    /// The calendar ledger.
    #[must_use]
    pub fn jurisdiction(&self) -> LedgerId {
        self.jurisdiction
    }

    /// All ledgers.
    #[must_use]
    pub fn ledgers(&self) -> &[TrustedLedger] {
        &self.ledgers
    }

    fn checked(self) -> Result<Self, TrustError> {
        check(&self.format, &self.ledgers)?;
        let mut calendars = self.ledgers.iter().filter(|l| l.kind == Kind::Calendar);
        if calendars.any(|l| l.id == self.jurisdiction) {
            Ok(self)
        } else {
            Err(TrustError::Jurisdiction)
        }
    }
}

fn check(format: &str, ledgers: &[TrustedLedger]) -> Result<(), TrustError> {
    if format != FORMAT {
        return Err(TrustError::Format);
    }
    let mut known = std::collections::BTreeSet::new();
    for ledger in ledgers {
        if !known.insert(ledger.id) {
            return Err(TrustError::Twice(ledger.id));
        }
        if ledger.checkpoint.is_some_and(|c| c.size == 0) {
            return Err(TrustError::EmptyCheckpoint(ledger.id));
        }
        PublicKey::new(ledger.key).map_err(|_| TrustError::Key(ledger.id))?;
    }
    Ok(())
}
