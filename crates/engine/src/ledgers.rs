//! The ledgers of this service: what other parts may read of each while its sequencer writes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sijill_ledger::{Chain, LedgerId, LedgerIdentity, Ref, Root, SignedCheckpoint};
use sijill_registers::foi::ClockBasis;
use sijill_registers::register::{Facts, Linked, State};
use tokio::sync::mpsc;

use crate::head_snapshot::{Copied, HeadSnapshot, HeadSnapshots};
use crate::sequencer::Job;

/// Chain and register state of a ledger: what has been decided, of which the first
/// [`durable`](LedgerHandle::durable_size) entries are on stable storage.
#[derive(Debug)]
pub struct Head {
    /// The common rules.
    pub chain: Chain,
    /// The register.
    pub state: State,
}

/// A ledger that is open. Owned by its sequencer; everybody else reads.
#[derive(Debug)]
pub struct LedgerHandle {
    ledger: LedgerId,
    identity: LedgerIdentity,
    head: RwLock<Head>,
    durable: AtomicU64,
    published: RwLock<Published>,
    /// Entries of the newest snapshot that was made or found.
    snapshot: AtomicU64,
    /// Entries of the newest snapshot on the disk; held while one is written.
    written: Mutex<u64>,
    /// Held shared from receipt to queue, exclusively by a close: everything received before it is sequenced before it.
    pub(crate) receiving: tokio::sync::RwLock<()>,
    pub(crate) queue: mpsc::Sender<Job>,
}

/// What others may rely on: facts and checkpoint of the durable entries.
#[derive(Debug, Clone)]
struct Published {
    facts: Facts,
    checkpoint: SignedCheckpoint,
}

impl LedgerHandle {
    /// `snapshot` is the number of entries that came from one.
    pub(crate) fn new(
        head: Head,
        snapshot: u64,
        checkpoint: SignedCheckpoint,
        queue: mpsc::Sender<Job>,
    ) -> Self {
        let genesis = head.chain.genesis();
        let identity = LedgerIdentity::from(genesis);
        Self {
            ledger: head.chain.ledger(),
            identity,
            durable: AtomicU64::new(head.chain.size()),
            published: RwLock::new(Published {
                facts: head.state.facts(),
                checkpoint,
            }),
            head: RwLock::new(head),
            snapshot: AtomicU64::new(snapshot),
            written: Mutex::new(snapshot),
            receiving: tokio::sync::RwLock::new(()),
            queue,
        }
    }

    /// Its id.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// What its checkpoints are checked against.
    #[must_use]
    pub const fn identity(&self) -> &LedgerIdentity {
        &self.identity
    }

    /// Entries on stable storage.
    #[must_use]
    pub fn durable_size(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Facts of the durable entries.
    #[must_use]
    pub fn facts(&self) -> Facts {
        read(&self.published).facts.clone()
    }

    /// The latest checkpoint; it covers every acknowledged entry.
    #[must_use]
    pub fn checkpoint(&self) -> SignedCheckpoint {
        read(&self.published).checkpoint.clone()
    }

    /// Reads chain and state. Entries beyond [`LedgerHandle::durable_size`] may still be taken back.
    pub fn with_head<T>(&self, look: impl FnOnce(&Head) -> T) -> T {
        look(&read(&self.head))
    }

    /// Root of the first `size` entries, if they are durable.
    #[must_use]
    pub fn durable_root(&self, size: u64) -> Option<Root> {
        (size <= self.durable_size())
            .then(|| read(&self.head).chain.root_at(size))
            .flatten()
    }

    /// The latest durable state of this ledger as a citation.
    #[must_use]
    pub fn cite(&self) -> Ref {
        let checkpoint = self.checkpoint();
        Ref {
            ledger: self.ledger,
            size: checkpoint.size(),
            root: checkpoint.root(),
        }
    }

    pub(crate) fn head_mut(&self) -> RwLockWriteGuard<'_, Head> {
        self.head.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries of the newest snapshot that was made or found, 0 if there is none.
    #[must_use]
    pub fn snapshot_size(&self) -> u64 {
        self.snapshot.load(Ordering::Relaxed)
    }

    pub(crate) fn announce_snapshot(&self, size: u64) {
        self.snapshot.fetch_max(size, Ordering::Relaxed);
    }

    /// Writes a snapshot unless a newer one has been written. Failing costs time at the next start, nothing else.
    pub(crate) fn write_snapshot(&self, snapshots: &HeadSnapshots, copied: &Copied) -> Option<HeadSnapshot> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let size = copied.size;
        if size < *written {
            return None;
        }
        match snapshots.write(copied) {
            Ok(snapshot) => {
                *written = size;
                Some(snapshot)
            }
            Err(error) => {
                tracing::warn!(ledger = %self.ledger, %error, "the snapshot of a ledger could not be written");
                None
            }
        }
    }

    /// Announces durable entries.
    pub(crate) fn publish(&self, facts: Facts, checkpoint: SignedCheckpoint) {
        let size = checkpoint.size();
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Published { facts, checkpoint };
        self.durable.store(size, Ordering::Release);
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// All open ledgers.
#[derive(Debug, Default)]
pub struct Ledgers {
    open: RwLock<BTreeMap<LedgerId, Arc<LedgerHandle>>>,
    /// By register and request, where the register that the request came from is not open.
    clocks: RwLock<BTreeMap<(LedgerId, u64), Arc<ClockBasis>>>,
}

impl Ledgers {
    /// A ledger.
    #[must_use]
    pub fn find(&self, ledger: &LedgerId) -> Option<Arc<LedgerHandle>> {
        read(&self.open).get(ledger).cloned()
    }

    /// All, ascending by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<LedgerHandle>> {
        read(&self.open).values().cloned().collect()
    }

    pub(crate) fn insert(&self, handle: Arc<LedgerHandle>) {
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(handle.ledger(), handle);
    }

    pub(crate) fn keep_clock(&self, register: LedgerId, request: u64, clock: ClockBasis) {
        let mut clocks = self.clocks.write().unwrap_or_else(PoisonError::into_inner);
        clocks.insert((register, request), Arc::new(clock));
    }
}

impl Linked for Ledgers {
    fn facts(&self, ledger: &LedgerId) -> Option<Facts> {
        self.find(ledger).map(|handle| handle.facts())
    }

    fn kept_clock(&self, register: &LedgerId, request: u64) -> Option<Arc<ClockBasis>> {
        read(&self.clocks).get(&(*register, request)).cloned()
    }
}
