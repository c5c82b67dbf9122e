//! What can go wrong, one enum per family of operations.
//!
//! Every variant says whose fault it is, whether anything was written, and whether the same call may be repeated.

use std::path::PathBuf;

use sijill_ledger::{LedgerId, Seq};

/// Why bytes are not an entry, or entries not a batch. Nothing reached the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// No entries. The caller's fault; repeating cannot help.
    #[error("a batch holds at least one entry")]
    Empty,
    /// An entry of no bytes. The caller's fault; repeating cannot help.
    #[error("an entry holds at least one byte")]
    EmptyEntry,
    /// An entry longer than [`MAX_ENTRY_BYTES`](crate::MAX_ENTRY_BYTES). The caller's fault.
    #[error("an entry of {bytes} bytes; at most {limit}")]
    EntryTooLarge {
        /// Length of the entry.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// More entries or bytes than one batch may hold. The caller's fault; several batches can carry them.
    #[error("a batch of {entries} entries and {bytes} bytes; split it")]
    TooLarge {
        /// Entries in the batch.
        entries: usize,
        /// Bytes of all entries.
        bytes: usize,
    },
    /// The leaf hash handed over is not SHA-256(0x00 ‖ entry). A defect in the caller or in its memory: do not
    /// repeat, look for the cause.
    #[error("the leaf hash does not belong to the entry")]
    LeafMismatch,
}

/// Which other node writes a ledger now. Send what is for the ledger there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "ledger {ledger} is written by node {node} at {address}, whose lease ends in {ends_in_ms} ms unless it is renewed"
)]
pub struct Elsewhere {
    /// The ledger.
    pub ledger: LedgerId,
    /// The name of the node.
    pub node: String,
    /// Where it is reached.
    pub address: String,
    /// After how many milliseconds at most another node may take over, if nothing is heard of this one; at most
    /// 3,600,000. Of use to people; no decision rests on it.
    pub ends_in_ms: u64,
}

/// Why a ledger was not created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The ledger exists, perhaps since a moment ago. Nothing was written. Read it; do not repeat.
    #[error("the ledger {ledger} exists already")]
    AlreadyExists {
        /// The ledger.
        ledger: LedgerId,
    },
    /// The batch is beyond what this backend takes at once, which may be less than the contract's limits.
    /// Nothing was written. Repeat with fewer entries.
    #[error("the batch is too large for the store")]
    TooLarge,
    /// The queue is full. Nothing was written. Repeat after a pause.
    #[error("the store is busy")]
    Busy,
    /// The store cannot be reached. Nothing was written. Repeat after a pause.
    #[error("the store is not available: {reason}")]
    Unavailable {
        /// For the operator.
        reason: String,
    },
    /// Another node writes this ledger now. Nothing was written. Ask that node.
    #[error(transparent)]
    Elsewhere(Box<Elsewhere>),
    /// The store takes no writes until an operator has acted. Nothing was written. Do not repeat.
    #[error("the store is read-only: {reason}")]
    ReadOnly {
        /// For the operator.
        reason: String,
    },
    /// The ledger may or may not exist now. Never guess: [`resolve`](crate::resolve).
    #[error("it is unknown whether the ledger was created: {reason}")]
    OutcomeUnknown {
        /// For the operator.
        reason: String,
    },
    /// The storage is damaged where ledgers are registered. Nothing was written. The operator's to mend.
    #[error("the storage is damaged: {reason}")]
    Damaged {
        /// For the operator.
        reason: String,
    },
}

/// Why entries were not appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Another writer was there first, or this one is ahead of the store. Nothing was written. Read what is new,
    /// decide again, then append at `actual`.
    #[error("expected position {expected}, the ledger stands at {actual}")]
    Conflict {
        /// What the caller expected.
        expected: Seq,
        /// The next sequence number of the ledger.
        actual: Seq,
    },
    /// There is no such ledger. Nothing was written. Repeating cannot help.
    #[error("there is no ledger {ledger}")]
    NotFound {
        /// The ledger.
        ledger: LedgerId,
    },
    /// The batch is beyond what this backend takes at once, which may be less than the contract's limits.
    /// Nothing was written. Repeat with fewer entries.
    #[error("the batch is too large for the store")]
    TooLarge,
    /// The queue is full. Nothing was written. Repeat after a pause.
    #[error("the store is busy")]
    Busy,
    /// The store cannot be reached. Nothing was written. Repeat after a pause.
    #[error("the store is not available: {reason}")]
    Unavailable {
        /// For the operator.
        reason: String,
    },
    /// Another node writes this ledger now. Nothing was written. Ask that node.
    #[error(transparent)]
    Elsewhere(Box<Elsewhere>),
    /// The store takes no writes until an operator has acted. Nothing was written. Do not repeat.
    #[error("the store is read-only: {reason}")]
    ReadOnly {
        /// For the operator.
        reason: String,
    },
    /// The batch may or may not stand in the ledger, whole or not at all. Never guess:
    /// [`resolve`](crate::resolve).
    #[error("it is unknown whether the entries were appended: {reason}")]
    OutcomeUnknown {
        /// For the operator.
        reason: String,
    },
    /// The storage is damaged near `at`. Nothing was written. The operator's to mend.
    #[error("the ledger {ledger} is damaged at position {at}")]
    Corrupt {
        /// The ledger.
        ledger: LedgerId,
        /// The position that was looked for.
        at: Seq,
    },
}

impl AppendError {
    /// Whether nothing was written and the same call may succeed after a pause.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable { .. })
    }
}

impl CreateError {
    /// Whether nothing was written and the same call may succeed after a pause.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable { .. })
    }
}

/// How a stored entry is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Bytes and leaf hash do not belong together.
    #[error("the bytes do not match the leaf hash")]
    LeafMismatch,
    /// No entry, though there are later ones.
    #[error("the entry is missing")]
    Missing,
    /// The storage could not make sense of what it found.
    #[error("the entry cannot be read")]
    Unreadable,
}

/// Why entries could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such ledger. Repeating cannot help.
    #[error("there is no ledger {ledger}")]
    NotFound {
        /// The ledger.
        ledger: LedgerId,
    },
    /// The position lies behind the end. The caller knows of entries that the store has not: either a defect of
    /// the caller, or the store was restored from an old copy. Repeating cannot help.
    #[error("the position is beyond the end of the ledger, which is {next}")]
    BeyondTail {
        /// The next sequence number of the ledger.
        next: Seq,
    },
    /// The entry at `at` is damaged. Everything before it, and other ledgers, can still be read. The operator's
    /// to mend, from a replica or a published copy.
    #[error("the ledger {ledger} is damaged at position {at}: {damage}")]
    Corrupt {
        /// The ledger.
        ledger: LedgerId,
        /// The first damaged position.
        at: Seq,
        /// What is wrong.
        damage: Damage,
    },
    /// The storage is damaged where no single entry can be named. The operator's to mend.
    #[error("the storage is damaged: {reason}")]
    Damaged {
        /// For the operator.
        reason: String,
    },
    /// The store cannot be reached or was closed. Repeat after a pause.
    #[error("the store is not available: {reason}")]
    Unavailable {
        /// For the operator.
        reason: String,
    },
}

/// Why an unknown outcome could not be resolved. It stays unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// What this handle reads is not conclusive: the write may still surface when the storage is opened again.
    /// An operator must act, then ask again through a new handle.
    #[error("the store is read-only, so the outcome is open until it is opened again: {reason}")]
    ReadOnly {
        /// For the operator.
        reason: String,
    },
    /// Reading back failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a store could not be opened. Always the operator's to mend; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such file. A missing database is never created by opening it.
    #[error("there is no event store at {path}")]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// Asked to create a store where there is a file.
    #[error("{path} exists already")]
    AlreadyExists {
        /// The file.
        path: PathBuf,
    },
    /// Another handle, in this process or another, has the store open.
    #[error("the event store {path} is in use; one process at a time may open it")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not an event store: {what}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// An event store of a format that this program does not know.
    #[error("the event store {path} has format {found}; this program knows format {known}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format of this program.
        known: u32,
    },
    /// An event store, but damaged.
    #[error("the event store {path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file or its folder cannot be read and written.
    #[error("the event store {path} cannot be opened for writing")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The database refused for another reason.
    #[error("the event store {path} cannot be opened: {what}")]
    Database {
        /// The file.
        path: PathBuf,
        /// The database's answer.
        what: String,
    },
}
