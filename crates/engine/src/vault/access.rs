//! The access log: who looked at what the vault keeps, when, why, and about which subject. Never what they saw.
//!
//! An append-only chain: each entry has the hash of the one before it, and is signed by whoever made the access. Entries
//! are never changed or erased; subjects are pseudonyms. Spec: specs/operations.md §13.3.

use serde::{Deserialize, Serialize};
use sijill_ledger::{KeyId, SigningKey};
use sijill_rules::check_line;

use super::Subject;
use super::chain;
pub use super::chain::{LogError, LogHead};

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

impl chain::Body for Body {
    const TAG: &'static [u8] = b"sijill/access/v1\n";

    fn place(&self) -> (u64, [u8; 32], KeyId) {
        (self.seq, self.prev, self.who)
    }
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
        let (read, action) = chain::open(entry, before, |read: &Body| {
            let mut all = Action::ALL.into_iter();
            let action = all.find(|action| action.number() == read.action)?;
            check_line(&read.why).is_ok().then_some(action)
        })?;
        Ok(Self {
            seq: read.seq,
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
        let body = Body {
            seq: before.size,
            prev: before.hash,
            at_ms,
            who: actor.key_id(),
            action: access.action.number(),
            why: access.why.to_owned(),
            subject: access.subject.map(|subject| subject.0),
        };
        Ok(Self {
            entry: chain::seal(&body, actor),
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
    chain::hash::<Body>(entry)
}
