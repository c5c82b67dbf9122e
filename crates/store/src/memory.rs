//! The backend for tests: it keeps entries in memory, and fails when told to.
//!
//! A [`Disk`] outlives the handles that open it, so that a test can drop a [`MemoryStore`] and open the "same storage"
//! again, damage it, or put an old copy back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use sijill_ledger::{LeafHash, LedgerId, Seq};
use tokio::sync::watch;

use crate::contract::{Batch, EventStore, Page, PageLimit, StoreState, StoredEntry, Tail};
use crate::error::{AppendError, CreateError, Damage, ReadError};
use crate::notify::Notifier;
use crate::subscription::{EntrySource, Subscription};

/// What shall happen to a write. Each fault is used up by one write, in the order in which they were injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteFault {
    /// Refused as busy; nothing is written.
    Busy,
    /// Refused as unavailable; nothing is written.
    Unavailable,
    /// Refused as too large; nothing is written.
    TooLarge,
    /// Nothing is written, and the outcome is reported as unknown.
    Lost,
    /// The write is made as usual, and whatever comes of it is reported as unknown.
    AnswerLost,
    /// The outcome is reported as unknown, and the write is made only at [`MemoryStore::land_late`].
    Late,
    /// The write happens after a while.
    Delay(Duration),
    /// The outcome is reported as unknown, nothing is written, and the store takes no more writes.
    Breaks,
}

/// What shall happen to a read ([`EventStore::read`], [`EventStore::tail`], a page of a subscription). Each is used up
/// by one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadFault {
    /// Refused as unavailable.
    Unavailable,
    /// Answered after a while.
    Delay(Duration),
}

/// What survives a handle. A clone is the same disk; [`Disk::copy`] is another one.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<DiskInner>);

#[derive(Debug, Default)]
struct DiskInner {
    ledgers: Mutex<BTreeMap<LedgerId, Vec<Row>>>,
    notifier: Notifier,
}

#[derive(Debug, Clone)]
struct Row {
    leaf: LeafHash,
    bytes: Option<Vec<u8>>,
}

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of what the disk holds now: a backup.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(Arc::new(DiskInner {
            ledgers: Mutex::new(self.ledgers().clone()),
            notifier: Notifier::default(),
        }))
    }

    /// Flips the lowest bit of the byte `offset` of an entry. False if there is no such byte.
    pub fn flip(&self, ledger: LedgerId, seq: Seq, offset: usize) -> bool {
        self.with_row(ledger, seq, |row| {
            match row.bytes.as_mut().and_then(|bytes| bytes.get_mut(offset)) {
                Some(byte) => {
                    *byte ^= 1;
                    true
                }
                None => false,
            }
        })
    }

    /// Takes an entry away and leaves a gap. False if there is no such entry.
    pub fn erase(&self, ledger: LedgerId, seq: Seq) -> bool {
        self.with_row(ledger, seq, |row| row.bytes.take().is_some())
    }

    /// Puts other bytes, with their matching leaf hash, in the place of an entry: what somebody who controls the
    /// storage can do. False if there is no such entry.
    pub fn replace(&self, ledger: LedgerId, seq: Seq, bytes: Vec<u8>) -> bool {
        self.with_row(ledger, seq, |row| {
            row.leaf = crate::leaf_hash(&bytes);
            row.bytes = Some(bytes);
            true
        })
    }

    /// Cuts a ledger down to its first `size` entries, as a restored old backup would.
    pub fn truncate(&self, ledger: LedgerId, size: usize) {
        if let Some(rows) = self.ledgers().get_mut(&ledger) {
            rows.truncate(size);
        }
    }

    fn with_row(&self, ledger: LedgerId, seq: Seq, change: impl FnOnce(&mut Row) -> bool) -> bool {
        let index = usize::try_from(seq.as_u64()).unwrap_or(usize::MAX);
        self.ledgers()
            .get_mut(&ledger)
            .and_then(|rows| rows.get_mut(index))
            .is_some_and(change)
    }

    fn ledgers(&self) -> MutexGuard<'_, BTreeMap<LedgerId, Vec<Row>>> {
        self.0.ledgers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store in memory, for tests: it keeps what its [`Disk`] keeps, and fails when told to.
#[derive(Debug)]
pub struct MemoryStore {
    inner: Arc<Inner>,
    /// Goes with the handle, which ends the subscriptions.
    open: watch::Sender<()>,
}

#[derive(Debug)]
struct Inner {
    disk: Disk,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    writes: VecDeque<WriteFault>,
    reads: VecDeque<ReadFault>,
    late: Vec<Write>,
    read_only: Option<String>,
}

#[derive(Debug, Clone)]
struct Write {
    ledger: LedgerId,
    /// None creates the ledger.
    expected: Option<Seq>,
    batch: Batch,
}

/// Why a write was refused, for both kinds of write.
enum Refusal {
    Exists,
    NotFound,
    Conflict(Seq),
    Busy,
    Unavailable,
    TooLarge,
    ReadOnly(String),
    Unknown,
}

impl MemoryStore {
    /// A store on a disk of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::open(&Disk::new())
    }

    /// Opens what `disk` holds.
    #[must_use]
    pub fn open(disk: &Disk) -> Self {
        Self {
            inner: Arc::new(Inner {
                disk: disk.clone(),
                plan: Mutex::default(),
            }),
            open: watch::Sender::new(()),
        }
    }

    /// The disk, to damage or copy it.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.inner.disk
    }

    /// Lets a write to come fail.
    pub fn inject_write(&self, fault: WriteFault) {
        self.inner.plan().writes.push_back(fault);
    }

    /// Lets a read to come fail.
    pub fn inject_read(&self, fault: ReadFault) {
        self.inner.plan().reads.push_back(fault);
    }

    /// Takes no more writes.
    pub fn make_read_only(&self, reason: &str) {
        self.inner.plan().read_only = Some(reason.to_owned());
    }

    /// Makes the writes that were held back by [`WriteFault::Late`], each only if its position is still free. How
    /// many were made.
    pub fn land_late(&self) -> usize {
        let late = std::mem::take(&mut self.inner.plan().late);
        late.into_iter()
            .filter(|write| self.inner.make(write).is_ok())
            .count()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn create(&self, ledger: LedgerId, batch: Batch) -> Result<Tail, CreateError> {
        let write = Write {
            ledger,
            expected: None,
            batch,
        };
        self.inner.write(write).await.map_err(|refusal| match refusal {
            Refusal::Busy => CreateError::Busy,
            Refusal::TooLarge => CreateError::TooLarge,
            Refusal::Unavailable => CreateError::Unavailable {
                reason: INJECTED.into(),
            },
            Refusal::ReadOnly(reason) => CreateError::ReadOnly { reason },
            Refusal::Unknown => CreateError::OutcomeUnknown {
                reason: INJECTED.into(),
            },
            Refusal::Exists | Refusal::NotFound | Refusal::Conflict(_) => {
                CreateError::AlreadyExists { ledger }
            }
        })
    }

    async fn append(&self, ledger: LedgerId, expected: Seq, batch: Batch) -> Result<Tail, AppendError> {
        let write = Write {
            ledger,
            expected: Some(expected),
            batch,
        };
        self.inner.write(write).await.map_err(|refusal| match refusal {
            Refusal::Conflict(actual) => AppendError::Conflict { expected, actual },
            Refusal::Busy => AppendError::Busy,
            Refusal::TooLarge => AppendError::TooLarge,
            Refusal::Unavailable => AppendError::Unavailable {
                reason: INJECTED.into(),
            },
            Refusal::ReadOnly(reason) => AppendError::ReadOnly { reason },
            Refusal::Unknown => AppendError::OutcomeUnknown {
                reason: INJECTED.into(),
            },
            Refusal::Exists | Refusal::NotFound => AppendError::NotFound { ledger },
        })
    }

    async fn read(&self, ledger: LedgerId, from: Seq, limit: PageLimit) -> Result<Page, ReadError> {
        self.inner.read_fault().await?;
        self.inner.page(ledger, from, limit)
    }

    async fn tail(&self, ledger: LedgerId) -> Result<Tail, ReadError> {
        self.inner.read_fault().await?;
        let ledgers = self.inner.disk.ledgers();
        let rows = ledgers.get(&ledger).ok_or(ReadError::NotFound { ledger })?;
        let at = Seq::new(rows.len().saturating_sub(1) as u64);
        let last = stored(ledger, at, rows.last())?;
        Ok(Tail {
            next: at.next(),
            last: last.leaf(),
        })
    }

    async fn list(&self) -> Result<BTreeSet<LedgerId>, ReadError> {
        Ok(self.inner.disk.ledgers().keys().copied().collect())
    }

    async fn subscribe(&self, ledger: LedgerId, from: Seq) -> Result<Subscription, ReadError> {
        let source = Source {
            ledger,
            store: Arc::downgrade(&self.inner),
            growth: self.inner.disk.0.notifier.follow(ledger),
            open: self.open.subscribe(),
        };
        self.inner
            .page(ledger, from, PageLimit::new(1, 1))
            .or_else(|error| match error {
                // A damaged entry is reported when the subscription gets to it.
                ReadError::Corrupt { .. } => Ok(Page {
                    entries: Vec::new(),
                    next: from,
                }),
                error => Err(error),
            })?;
        Ok(Subscription::new(ledger, from, Box::new(source)))
    }

    fn state(&self) -> StoreState {
        match &self.inner.plan().read_only {
            None => StoreState::Writable,
            Some(reason) => StoreState::ReadOnly {
                reason: reason.clone(),
            },
        }
    }
}

const INJECTED: &str = "injected";

impl Inner {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, write: Write) -> Result<Tail, Refusal> {
        let fault = {
            let mut plan = self.plan();
            if let Some(reason) = &plan.read_only {
                return Err(Refusal::ReadOnly(reason.clone()));
            }
            plan.writes.pop_front()
        };
        match fault {
            None => self.make(&write),
            Some(WriteFault::Busy) => Err(Refusal::Busy),
            Some(WriteFault::Unavailable) => Err(Refusal::Unavailable),
            Some(WriteFault::TooLarge) => Err(Refusal::TooLarge),
            Some(WriteFault::Lost) => Err(Refusal::Unknown),
            Some(WriteFault::AnswerLost) => {
                // Made or refused: the caller cannot tell.
                let _outcome = self.make(&write);
                Err(Refusal::Unknown)
            }
            Some(WriteFault::Late) => {
                self.plan().late.push(write);
                Err(Refusal::Unknown)
            }
            Some(WriteFault::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.make(&write)
            }
            Some(WriteFault::Breaks) => {
                self.plan().read_only = Some(INJECTED.to_owned());
                Err(Refusal::Unknown)
            }
        }
    }

    fn make(&self, write: &Write) -> Result<Tail, Refusal> {
        let mut ledgers = self.disk.ledgers();
        let rows = match (write.expected, ledgers.get_mut(&write.ledger)) {
            (None, Some(_)) => return Err(Refusal::Exists),
            (None, None) => ledgers.entry(write.ledger).or_default(),
            (Some(_), None) => return Err(Refusal::NotFound),
            (Some(expected), Some(rows)) => {
                let actual = Seq::new(rows.len() as u64);
                if expected != actual {
                    return Err(Refusal::Conflict(actual));
                }
                rows
            }
        };
        rows.extend(write.batch.entries().iter().map(|entry| Row {
            leaf: entry.leaf(),
            bytes: Some(entry.bytes().to_vec()),
        }));
        let tail = write.batch.tail_at(write.expected.unwrap_or(Seq::ZERO));
        drop(ledgers);
        self.disk.0.notifier.grown(write.ledger, tail.next);
        Ok(tail)
    }

    async fn read_fault(&self) -> Result<(), ReadError> {
        let fault = self.plan().reads.pop_front();
        match fault {
            None => Ok(()),
            Some(ReadFault::Unavailable) => Err(ReadError::Unavailable {
                reason: INJECTED.into(),
            }),
            Some(ReadFault::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }

    fn page(&self, ledger: LedgerId, from: Seq, limit: PageLimit) -> Result<Page, ReadError> {
        let ledgers = self.disk.ledgers();
        let rows = ledgers.get(&ledger).ok_or(ReadError::NotFound { ledger })?;
        let next = Seq::new(rows.len() as u64);
        if from > next {
            return Err(ReadError::BeyondTail { next });
        }
        let start = usize::try_from(from.as_u64()).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        let mut bytes = 0;
        for (row, at) in rows.iter().skip(start).zip(from.as_u64()..) {
            match stored(ledger, Seq::new(at), Some(row)) {
                Ok(entry) if limit.admits(entries.len(), bytes, entry.bytes().len()) => {
                    bytes += entry.bytes().len();
                    entries.push(entry);
                }
                Err(error) if entries.is_empty() => return Err(error),
                Ok(_) | Err(_) => break,
            }
        }
        Ok(Page { entries, next })
    }
}

fn stored(ledger: LedgerId, at: Seq, row: Option<&Row>) -> Result<StoredEntry, ReadError> {
    match row {
        Some(Row {
            leaf,
            bytes: Some(bytes),
        }) => StoredEntry::check(ledger, at, *leaf, bytes.clone()),
        _ => Err(ReadError::Corrupt {
            ledger,
            at,
            damage: Damage::Missing,
        }),
    }
}

struct Source {
    ledger: LedgerId,
    store: Weak<Inner>,
    growth: watch::Receiver<Seq>,
    open: watch::Receiver<()>,
}

#[async_trait]
impl EntrySource for Source {
    async fn page_from(&mut self, from: Seq) -> Result<Page, ReadError> {
        let closed = || ReadError::Unavailable {
            reason: "the store was closed".into(),
        };
        loop {
            // Seen before reading, so that growth while reading ends the wait below at once.
            self.growth.borrow_and_update();
            let store = self.store.upgrade().ok_or_else(closed)?;
            store.read_fault().await?;
            let page = store.page(self.ledger, from, PageLimit::default())?;
            if !page.entries.is_empty() {
                return Ok(page);
            }
            drop(store);
            tokio::select! {
                grown = self.growth.changed() => grown.map_err(|_| closed())?,
                _ = self.open.changed() => return Err(closed()),
            }
        }
    }
}
