//! The event store: where a ledger's entries are made durable.
//!
//! One ledger is one stream. Its only write is an append at an expected position, which makes the store the
//! referee between two sequencers that both believe they own a ledger. The store does not parse entries; it keeps
//! each beside its leaf hash and checks that hash whenever it reads, so that a damaged row is reported with its
//! position instead of being served. It is trusted for availability only: order, completeness and authorship are
//! what the hash chain, the Merkle tree and the signatures prove. Spec: specs/ledger.md §5.
//!
//! - [`EventStore`] is the contract. A backend is one file that implements it and passes [`conformance::run`].
//! - [`SqliteStore`] is the embedded backend: one database file, group commit over all ledgers.
//! - [`MemoryStore`] is for tests: it forgets, and it can be told to fail.

pub mod conformance;
mod contract;
mod error;
mod memory;
mod notify;
mod sqlite;
mod subscription;

pub use contract::{
    Batch, EventStore, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, NewEntry, Outcome, Page, PageLimit, StoreState,
    StoredEntry, Tail, leaf_hash, resolve,
};
pub use error::{
    AppendError, BatchError, CreateError, Damage, Elsewhere, OpenError, ReadError, ResolveError,
};
pub use memory::{Disk, MemoryStore, ReadFault, WriteFault};
pub use sijill_ledger::MAX_ENTRY_BYTES;
pub use sqlite::{SqliteOptions, SqliteStore};
pub use subscription::{EntrySource, Subscription};
