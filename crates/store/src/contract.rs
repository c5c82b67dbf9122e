//! The contract of an event store: its operations and the values they exchange.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sijill_ledger::{LeafHash, LedgerId, MAX_ENTRY_BYTES, Seq};

use crate::error::{AppendError, BatchError, CreateError, Damage, ReadError, ResolveError};
use crate::subscription::Subscription;

/// The most entries in one batch.
pub const MAX_BATCH_ENTRIES: usize = 16_384;

/// The most bytes of entries in one batch: 16 MiB.
pub const MAX_BATCH_BYTES: usize = 16 << 20;

/// Ledgers of opaque entries with gapless positions.
///
/// Writes to one ledger are totally ordered: of all appends that expect one position, exactly one succeeds, even if
/// their batches are the same bytes. A backend over a store that recognises repeated writes must not let such a
/// repetition pass as a success.
///
/// Dropping the future of a write does not undo the write: its outcome is unknown then.
///
/// # Durability
/// When a write is answered with success, its entries survive the loss of power (on a cluster: of fewer nodes than a
/// majority), and every later read through any handle returns them. [`MemoryStore`](crate::MemoryStore), which is
/// for tests, keeps this only for as long as its disk value lives.
#[async_trait]
pub trait EventStore: fmt::Debug + Send + Sync {
    /// Creates `ledger` with its first entries, at positions 0, 1, …
    ///
    /// # Durability
    /// Success means that all entries of the batch are durable, in order. Any error but
    /// [`CreateError::OutcomeUnknown`] means that nothing was written and nothing will surface later.
    ///
    /// # Errors
    /// [`CreateError`]; of racing creators all but one get [`CreateError::AlreadyExists`].
    async fn create(&self, ledger: LedgerId, batch: Batch) -> Result<Tail, CreateError>;

    /// Appends `batch` at position `expected`, which must be the next sequence number of the ledger.
    ///
    /// # Durability
    /// Atomic: all entries of the batch or none, also through a crash. Success means that all are durable. Any error
    /// but [`AppendError::OutcomeUnknown`] means that nothing was written and nothing will surface later.
    ///
    /// # Errors
    /// [`AppendError`]; [`AppendError::Conflict`] carries the actual next sequence number.
    async fn append(&self, ledger: LedgerId, expected: Seq, batch: Batch) -> Result<Tail, AppendError>;

    /// Reads entries from position `from` on, without gaps, at most `limit`; at least one if there is one, even if it
    /// alone is longer than the limit in bytes. Reading at the end gives an empty page.
    ///
    /// Every entry returned matches its leaf hash. A page ends before a damaged entry; a read that begins at one
    /// reports it.
    ///
    /// # Durability
    /// Only entries of durable writes are returned.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Corrupt`] if the entry at `from` is damaged.
    async fn read(&self, ledger: LedgerId, from: Seq, limit: PageLimit) -> Result<Page, ReadError>;

    /// The end of the ledger. The last entry has been checked against its leaf hash.
    ///
    /// # Durability
    /// Counts durable writes only.
    ///
    /// # Errors
    /// [`ReadError`]
    async fn tail(&self, ledger: LedgerId) -> Result<Tail, ReadError>;

    /// The ids of all ledgers, ascending.
    ///
    /// # Durability
    /// Only ledgers whose creation is durable.
    ///
    /// # Errors
    /// [`ReadError`]
    async fn list(&self) -> Result<BTreeSet<LedgerId>, ReadError>;

    /// Entries from position `from` on: those that are there, then those to come. Nothing is read ahead of the
    /// subscriber by more than one page.
    ///
    /// # Durability
    /// Only entries of durable writes are delivered, each once and in order.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::BeyondTail`] if `from` is behind the end.
    async fn subscribe(&self, ledger: LedgerId, from: Seq) -> Result<Subscription, ReadError>;

    /// Whether the store takes writes.
    fn state(&self) -> StoreState;

    /// Bytes of entries that one batch should hold at most; larger ones may be refused as too large. At least 1, at
    /// most [`MAX_BATCH_BYTES`].
    fn batch_bytes(&self) -> usize {
        MAX_BATCH_BYTES
    }
}

/// Whether a store takes writes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreState {
    /// It does.
    Writable,
    /// It does not, until an operator has acted and opened it again.
    ReadOnly {
        /// For the operator.
        reason: String,
    },
}

/// The leaf hash of an entry: SHA-256(0x00 ‖ entry). Spec: specs/ledger.md §5.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> LeafHash {
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(entry);
    LeafHash::from_bytes(hash.finalize().into())
}

/// An entry on its way into a ledger: 1 to [`MAX_ENTRY_BYTES`] bytes and their leaf hash.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEntry {
    leaf: LeafHash,
    bytes: Vec<u8>,
}

impl NewEntry {
    /// Takes encoded bytes and computes their leaf hash.
    ///
    /// # Errors
    /// [`BatchError::EmptyEntry`], [`BatchError::EntryTooLarge`]
    pub fn new(bytes: Vec<u8>) -> Result<Self, BatchError> {
        if bytes.is_empty() {
            return Err(BatchError::EmptyEntry);
        }
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(BatchError::EntryTooLarge {
                bytes: bytes.len(),
                limit: MAX_ENTRY_BYTES,
            });
        }
        Ok(Self {
            leaf: leaf_hash(&bytes),
            bytes,
        })
    }

    /// Takes encoded bytes and the leaf hash that the caller computed when it sealed them.
    ///
    /// # Errors
    /// As [`NewEntry::new`], and [`BatchError::LeafMismatch`]
    pub fn with_leaf(bytes: Vec<u8>, leaf: LeafHash) -> Result<Self, BatchError> {
        let entry = Self::new(bytes)?;
        if entry.leaf != leaf {
            return Err(BatchError::LeafMismatch);
        }
        Ok(entry)
    }

    /// The leaf hash.
    #[must_use]
    pub fn leaf(&self) -> LeafHash {
        self.leaf
    }

    /// The encoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for NewEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewEntry({}, {} bytes)", self.leaf, self.bytes.len())
    }
}

/// Entries that are written together or not at all: 1 to [`MAX_BATCH_ENTRIES`], together at most
/// [`MAX_BATCH_BYTES`]. A clone shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    entries: Arc<[NewEntry]>,
    bytes: usize,
}

impl Batch {
    /// Puts entries together, in the order in which they will stand in the ledger.
    ///
    /// # Errors
    /// [`BatchError::Empty`], [`BatchError::TooLarge`]
    pub fn new(entries: Vec<NewEntry>) -> Result<Self, BatchError> {
        if entries.is_empty() {
            return Err(BatchError::Empty);
        }
        let bytes = entries.iter().map(|entry| entry.bytes.len()).sum();
        if entries.len() > MAX_BATCH_ENTRIES || bytes > MAX_BATCH_BYTES {
            return Err(BatchError::TooLarge {
                entries: entries.len(),
                bytes,
            });
        }
        Ok(Self {
            entries: entries.into(),
            bytes,
        })
    }

    /// The entries; never empty.
    #[must_use]
    pub fn entries(&self) -> &[NewEntry] {
        &self.entries
    }

    /// Bytes of all entries.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// The tail of a ledger in which this batch stands from `at` on.
    #[must_use]
    pub fn tail_at(&self, at: Seq) -> Tail {
        Tail {
            next: Seq::new(at.as_u64().saturating_add(self.entries.len() as u64)),
            last: self.entries.last().map_or(LeafHash::NONE, NewEntry::leaf),
        }
    }
}

/// An entry as it stands in a ledger. Holding one means that bytes and leaf hash belong together.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEntry {
    seq: Seq,
    leaf: LeafHash,
    bytes: Vec<u8>,
}

impl StoredEntry {
    /// Checks what a backend has read. Backends have no other way to return an entry.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] if the leaf hash is not that of the bytes.
    pub fn check(ledger: LedgerId, seq: Seq, leaf: LeafHash, bytes: Vec<u8>) -> Result<Self, ReadError> {
        if leaf_hash(&bytes) != leaf {
            return Err(ReadError::Corrupt {
                ledger,
                at: seq,
                damage: Damage::LeafMismatch,
            });
        }
        Ok(Self { seq, leaf, bytes })
    }

    /// The position.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The leaf hash.
    #[must_use]
    pub fn leaf(&self) -> LeafHash {
        self.leaf
    }

    /// The encoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The encoded bytes, by value.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Debug for StoredEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "StoredEntry({}, {}, {} bytes)",
            self.seq,
            self.leaf,
            self.bytes.len()
        )
    }
}

/// The end of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// The next sequence number, which is the number of entries; at least 1.
    pub next: Seq,
    /// The leaf hash of the last entry.
    pub last: LeafHash,
}

/// How much one read returns at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit {
    entries: usize,
    bytes: usize,
}

impl PageLimit {
    /// The most entries of any page.
    pub const MAX_ENTRIES: usize = MAX_BATCH_ENTRIES;
    /// The most bytes of any page.
    pub const MAX_BYTES: usize = MAX_BATCH_BYTES;

    /// A limit of `entries` entries and `bytes` bytes, each brought into 1 to the maximum.
    #[must_use]
    pub fn new(entries: usize, bytes: usize) -> Self {
        Self {
            entries: entries.clamp(1, Self::MAX_ENTRIES),
            bytes: bytes.clamp(1, Self::MAX_BYTES),
        }
    }

    /// The most entries of a page.
    #[must_use]
    pub fn entries(self) -> usize {
        self.entries
    }

    /// The most bytes of a page, unless its first entry alone is longer.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.bytes
    }

    /// Whether a page of `entries` entries and `bytes` bytes still takes an entry of `len` bytes.
    #[must_use]
    pub fn admits(self, entries: usize, bytes: usize, len: usize) -> bool {
        entries == 0 || (entries < self.entries && bytes.saturating_add(len) <= self.bytes)
    }
}

impl Default for PageLimit {
    /// 1,024 entries, 1 MiB.
    fn default() -> Self {
        Self::new(1024, 1 << 20)
    }
}

/// Consecutive entries of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries, with consecutive positions; the first stands at the position asked for.
    pub entries: Vec<StoredEntry>,
    /// The next sequence number of the ledger at the time of reading: entries up to there can be read.
    pub next: Seq,
}

/// What became of a write whose outcome was unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The batch stands in the ledger, durable and whole. `tail` is the end of the batch, not of the ledger.
    Committed {
        /// What the write would have answered.
        tail: Tail,
    },
    /// The ledger ends at the expected position (or does not exist, for a creation): the batch is not there. A
    /// write that is still on its way to a cluster may land later. So append at that position again, this batch or
    /// another: one of them will stand, and the answer says which.
    Absent,
    /// Other entries stand at the expected position: the batch is not there and never will be.
    Superseded {
        /// The next sequence number of the ledger.
        next: Seq,
    },
}

/// Resolves the unknown outcome of a write by reading back and comparing leaf hashes. `expected` is the position
/// that the write was meant for: [`Seq::ZERO`] for a creation.
///
/// # Errors
/// [`ResolveError`]; the outcome stays unknown then.
pub async fn resolve(
    store: &dyn EventStore,
    ledger: LedgerId,
    expected: Seq,
    batch: &Batch,
) -> Result<Outcome, ResolveError> {
    // A handle that failed to commit shows what it had before, but the write may be on the disk all the same and
    // surface when the storage is next opened. Only a store that still takes writes can be believed.
    if let StoreState::ReadOnly { reason } = store.state() {
        return Err(ResolveError::ReadOnly { reason });
    }
    let mut at = expected;
    let mut rest = batch.entries();
    while !rest.is_empty() {
        let limit = PageLimit::new(rest.len(), MAX_BATCH_BYTES);
        let page = match store.read(ledger, at, limit).await {
            Ok(page) => page,
            Err(ReadError::NotFound { .. }) if expected == Seq::ZERO => return Ok(Outcome::Absent),
            Err(error) => return Err(error.into()),
        };
        if page.entries.is_empty() {
            // Appends are atomic, so a ledger cannot end inside the batch.
            return Ok(if at == expected {
                Outcome::Absent
            } else {
                Outcome::Superseded { next: page.next }
            });
        }
        let count = page.entries.len().min(rest.len());
        for (stored, new) in page.entries.iter().zip(rest) {
            if stored.leaf() != new.leaf() {
                return Ok(Outcome::Superseded { next: page.next });
            }
        }
        rest = &rest[count..];
        at = Seq::new(at.as_u64().saturating_add(count as u64));
    }
    Ok(Outcome::Committed {
        tail: batch.tail_at(expected),
    })
}
