//! The access log: who looked at what the vault keeps, when, why, and about which subject. Never what they saw.
//!
//! An append-only chain: each entry has the hash of the one before it, and is signed by whoever made the access. Entries
//! are never changed or erased; subjects are pseudonyms. Spec: specs/operations.md §13.3.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sijill_ledger::{KeyId, PublicKey, Signature, SigningKey, decode_canonical, encode};
use sijill_rules::check_line;

use super::Subject;

const TAG: &[u8] = b"sijill/access/v1\n";
const SIGNATURE_BYTES: usize = 64;

/// What kind of access it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Somebody looks.
    Read,
    /// Somebody looks and changes.
    Write,
    /// A copy for the person.
    Disclose,
    /// The key is destroyed.
    Erase,
}

impl Action {
    const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Disclose, Self::Erase];

    const fn number(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Disclose => 3,
            Self::Erase => 4,
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Disclose => "disclose",
            Self::Erase => "erase",
        }
    }
}

/// An access that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// What.
    pub action: Action,
    /// Why: a line of 1 to 1000 bytes, which must not name the person.
    pub why: &'a str,
    /// About whom; `None`: every record of the vault.
    pub subject: Option<Subject>,
}

/// How long a log is, and the hash of its last entry (zeros if it has none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogHead {
    /// Entries.
    pub size: u64,
    /// Hash of the last one.
    pub hash: [u8; 32],
}

/// Why an entry is not written, or what is wrong with one that stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The reason is not a line.
    #[error("the reason of an access: {0}")]
    Why(&'static str),
    /// Not an entry.
    #[error("entry {seq} is malformed")]
    Malformed {
        /// Its position.
        seq: u64,
    },
    /// Another position, or another entry before it.
    #[error("entry {seq} does not follow the one before it")]
    Order {
        /// Its position.
        seq: u64,
    },
    /// Not signed by whoever it names.
    #[error("entry {seq} is not signed by whom it names")]
    Signature {
        /// Its position.
        seq: u64,
    },
}

/// What is signed. Fields in this order, encoded as in specs/ledger.md §2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    seq: u64,
    prev: [u8; 32],
    at_ms: u64,
    who: KeyId,
    action: u8,
    why: String,
    subject: Option<[u8; 32]>,
}

/// An entry that stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its position, from 0.
    pub seq: u64,
    /// When, in milliseconds.
    pub at_ms: u64,
    /// The key of whoever made the access.
    pub who: KeyId,
    /// What.
    pub action: Action,
    /// Why.
    pub why: String,
    /// About whom; `None`: every record that there was.
    pub subject: Option<Subject>,
    hash: [u8; 32],
}

impl Logged {
    /// Reads the entry that follows `before`, and checks it.
    pub(super) fn read(entry: &[u8], before: LogHead) -> Result<Self, LogError> {
        let seq = before.size;
        let malformed = || LogError::Malformed { seq };
        let (body, signature) = entry
            .split_last_chunk::<SIGNATURE_BYTES>()
            .ok_or_else(malformed)?;
        let read: Body = decode_canonical(body).map_err(|_| malformed())?;
        check_line(&read.why).map_err(|_| malformed())?;
        let action = Action::ALL
            .into_iter()
            .find(|action| action.number() == read.action)
            .ok_or_else(malformed)?;
        if (read.seq, read.prev) != (before.size, before.hash) {
            return Err(LogError::Order { seq });
        }
        PublicKey::new(read.who)
            .ok()
            .and_then(|key| {
                key.verify(&[TAG, body].concat(), &Signature::from_bytes(*signature))
                    .ok()
            })
            .ok_or(LogError::Signature { seq })?;
        Ok(Self {
            seq,
            at_ms: read.at_ms,
            who: read.who,
            action,
            why: read.why,
            subject: read.subject.map(Subject),
            hash: hash(entry),
        })
    }

    /// The head of the log up to this entry.
    #[must_use]
    pub const fn head(&self) -> LogHead {
        LogHead {
            size: self.seq + 1,
            hash: self.hash,
        }
    }

    /// Whether the access was about a subject: about them alone, or about everybody.
    #[must_use]
    pub fn concerns(&self, subject: &Subject) -> bool {
        self.subject.is_none_or(|own| own == *subject)
    }
}

/// An entry that is about to be written.
pub(super) struct Recorded {
    entry: Vec<u8>,
    seq: u64,
}

impl Recorded {
    pub(super) fn new(
        before: LogHead,
        actor: &SigningKey,
        access: &Access<'_>,
        at_ms: u64,
    ) -> Result<Self, LogError> {
        check_line(access.why).map_err(LogError::Why)?;
        let body = encode(&Body {
            seq: before.size,
            prev: before.hash,
            at_ms,
            who: actor.key_id(),
            action: access.action.number(),
            why: access.why.to_owned(),
            subject: access.subject.map(|subject| subject.0),
        });
        let signature = actor.sign(&[TAG, &body].concat());
        Ok(Self {
            entry: [body.as_slice(), signature.as_bytes()].concat(),
            seq: before.size,
        })
    }

    pub(super) fn entry(&self) -> &[u8] {
        &self.entry
    }

    pub(super) fn head(&self) -> LogHead {
        LogHead {
            size: self.seq + 1,
            hash: hash(&self.entry),
        }
    }
}

/// Hash of an entry, signature included.
pub(super) fn hash(entry: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(TAG)
        .chain_update(entry)
        .finalize()
        .into()
}
