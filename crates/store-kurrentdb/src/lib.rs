//! KurrentDB as the event store: a replicated log on several machines behind [`EventStore`](sijill_store::EventStore).
//!
//! One ledger is the stream `sijill-<ledger id>`; an entry's sequence number is its revision, and the server's check of
//! the expected revision is the referee between two writers. The stream `sijill-ledgers` names the ledgers. What the
//! server answers is never taken for more than it says: an answer that is missing is looked up, entries are compared
//! with their leaf hashes, and what the server lost or changed is reported as damage. Spec: specs/operations.md §12.
//!
//! [`KurrentDbOptions`] is the configuration, [`KurrentDbStore`] the store, [`KurrentDbRecord`] the checkpoint record
//! beside it.

mod clock;
mod event;
mod lease;
mod options;
mod record;
mod server;
mod store;
mod subscription;
mod tls;

pub use lease::{LeaseError, LeasedStore, Leases, Node};
pub use options::{KurrentDbError, KurrentDbOptions};
pub use record::KurrentDbRecord;
pub use store::KurrentDbStore;
