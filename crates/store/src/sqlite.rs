//! The embedded backend: SQLite in WAL mode, one database file.
//!
//! One thread writes. It takes everything that waits in its queue, makes one transaction of it with a savepoint per
//! write (so that a conflict undoes one write and not its neighbours), commits once, then answers everybody. Readers
//! have connections of their own and never wait for it.
//!
//! After a failure while writing, the handle takes no more writes. What the failed commit left behind is decided when
//! the file is next opened: recovery of the log, then a checkpoint that is forced to the disk before anything is
//! answered. A handle never decides it by reading, because it reads through the operating system's cache.
//!
//! Tables: `ledgers(no, id)` and `entries(pos, ledger, leaf, bytes)`, where `pos` is `no * 2^40 + seq`. Nothing is
//! stored twice: the end of a ledger is its last row. The view `readable` shows ids and positions as people read them.
//! Spec: specs/operations.md §7.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};
use sijill_ledger::{LeafHash, LedgerId, Seq};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::contract::{Batch, EventStore, Page, PageLimit, StoreState, StoredEntry, Tail};
use crate::error::{AppendError, CreateError, Damage, OpenError, ReadError};
use crate::notify::Notifier;
use crate::subscription::{EntrySource, Subscription};

#[cfg(test)]
mod tests;

/// "Sijl" in ASCII.
const APPLICATION_ID: u32 = 0x5369_6a6c;
const FORMAT: u32 = 1;

const SEQ_BITS: u32 = 40;
const SEQ_LIMIT: u64 = 1 << SEQ_BITS;
/// Keeps `pos` positive.
const LEDGER_LIMIT: i64 = 1 << 23;

const TABLE_LEDGERS: &str = "CREATE TABLE ledgers (
  no INTEGER PRIMARY KEY CHECK (no BETWEEN 1 AND 8388607),
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 32)
) STRICT";
const TABLE_ENTRIES: &str = "CREATE TABLE entries (
  pos INTEGER PRIMARY KEY CHECK (pos >> 40 = ledger),
  ledger INTEGER NOT NULL REFERENCES ledgers (no),
  leaf BLOB NOT NULL CHECK (length(leaf) = 32),
  bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 65535)
) STRICT";
const VIEW_READABLE: &str = "CREATE VIEW readable AS
  SELECT lower(hex(l.id)) AS ledger, e.pos & 1099511627775 AS seq, lower(hex(e.leaf)) AS leaf, e.bytes AS bytes
  FROM entries AS e JOIN ledgers AS l ON l.no = e.ledger";

/// The most writes and bytes in one transaction.
const GROUP_WRITES: usize = 4096;
const GROUP_BYTES: usize = 32 << 20;
/// Bytes of entries after which the log is copied into the database.
const CHECKPOINT_BYTES: usize = 16 << 20;
/// Pages of the log (256 MiB) past which the writer waits for readers to let go of it.
const LOG_PAGES: i64 = 65_536;

/// How a [`SqliteStore`] uses the machine.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// Writes that may wait; further ones are refused as busy. Default 8,192.
    pub queue_writes: usize,
    /// KiB of entries that may wait. A batch of any size may wait if nothing else does. Default 262,144 (256 MiB).
    pub queue_kib: u32,
    /// Connections for reading. Default 4.
    pub readers: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            queue_writes: 8192,
            queue_kib: 256 << 10,
            readers: 4,
        }
    }
}

/// An event store in one SQLite file. Beside `<file>` it keeps `<file>-wal`, `<file>-shm` and `<file>.lock`.
///
/// One handle at a time may have the file open. Dropping the handle waits for the writes that are under way.
#[derive(Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    /// None only while dropping.
    queue: Option<mpsc::Sender<Job>>,
    room: Arc<Semaphore>,
    queue_kib: u32,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Makes an empty store, readable and writable by this user only, and opens it.
    ///
    /// # Durability
    /// The file appears under its name complete and durable or not at all.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn create(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        match path.try_exists() {
            Ok(false) => {}
            Ok(true) => return Err(OpenError::AlreadyExists { path: path.into() }),
            Err(source) => return Err(io_error(path, source)),
        }
        make_database(path)?;
        Self::open_locked(path, options, lock)
    }

    /// Opens a store and completes or undoes what a crash has left unfinished.
    ///
    /// # Durability
    /// When this returns, everything that can be read from the store is durable.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        // Looked at before the lock file is made, so that a mistyped name leaves nothing behind.
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(OpenError::NotFound { path: path.into() }),
            Err(source) => return Err(io_error(path, source)),
        }
        let lock = lock(path)?;
        Self::open_locked(path, options, lock)
    }

    /// What SQLite's own check of the whole file finds wrong; nothing if it is sound. At most 100 lines.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`]
    pub async fn integrity(&self) -> Result<Vec<String>, ReadError> {
        let shared = Arc::clone(&self.shared);
        Self::with_reader(Arc::clone(&shared), move |reader| {
            let check = || -> rusqlite::Result<Vec<String>> {
                reader
                    .prepare("PRAGMA integrity_check(100)")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            };
            match check() {
                Ok(lines) if lines == ["ok"] => Ok(Vec::new()),
                Ok(lines) => Ok(lines),
                Err(error) if matches!(kind(&error), Kind::Damage) => Ok(vec![error.to_string()]),
                Err(error) => Err(ReadError::Unavailable {
                    reason: shared.describe(&error),
                }),
            }
        })
        .await
    }

    /// Copies the store at `path` into the new file `to`, by SQLite's online backup: a process may be writing to the
    /// store meanwhile. The copy is the store as it was at one moment.
    ///
    /// # Durability
    /// The copy is on stable storage when this returns; if it fails, there is none, or an incomplete one that the
    /// caller deletes.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn backup(path: &Path, to: &Path) -> Result<(), OpenError> {
        check_header(path)?;
        private()
            .create_new(true)
            .open(to)
            .map_err(|source| io_error(to, source))?;
        let copy = || -> rusqlite::Result<()> {
            let source = open_reader(path)?;
            let mut target = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            // In one step, so that a writer cannot make it begin again and again.
            let backup = rusqlite::backup::Backup::new(&source, &mut target)?;
            while backup.step(-1)? != rusqlite::backup::StepResult::Done {
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        };
        copy().map_err(|error| open_error(path, &error))?;
        File::open(to)
            .and_then(|file| file.sync_all())
            .map_err(|source| io_error(to, source))
    }

    fn open_locked(path: &Path, options: SqliteOptions, lock: Lock) -> Result<Self, OpenError> {
        check_header(path)?;
        let database = |error| open_error(path, &error);
        let writer = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(database)?;
        prepare_writer(&writer).map_err(database)?;
        check_schema(path, &writer)?;
        settle(path, &writer)?;
        let readers = (0..options.readers.max(1))
            .map(|_| open_reader(path))
            .collect::<Result<_, _>>()
            .map_err(database)?;
        let shared = Arc::new(Shared {
            path: path.into(),
            broken: OnceLock::new(),
            free: Arc::new(Semaphore::new(options.readers.max(1))),
            readers: Mutex::new(readers),
            notifier: Notifier::default(),
            closed: watch::Sender::new(false),
            #[cfg(test)]
            faults: Mutex::default(),
            #[cfg(test)]
            commits: std::sync::atomic::AtomicU64::default(),
            _lock: lock,
        });
        let (queue, jobs) = mpsc::channel(options.queue_writes.max(1));
        let thread = Writer {
            shared: Arc::clone(&shared),
            connection: writer,
            since_checkpoint: 0,
        };
        let writer = std::thread::Builder::new()
            .name("sijill-store".into())
            .spawn(move || thread.run(jobs))
            .map_err(|source| io_error(path, source))?;
        let queue_kib = options.queue_kib.max(1);
        Ok(Self {
            shared,
            queue: Some(queue),
            room: Arc::new(Semaphore::new(queue_kib as usize)),
            queue_kib,
            writer: Some(writer),
        })
    }

    async fn write(&self, ledger: LedgerId, expected: Option<Seq>, batch: Batch) -> Result<Tail, Refusal> {
        if let Some(reason) = self.shared.broken.get() {
            return Err(Refusal::ReadOnly(reason.clone()));
        }
        let kib = u32::try_from(batch.size_bytes().div_ceil(1024)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(kib.min(self.queue_kib))
            .map_err(|_| Refusal::Busy)?;
        let (answer, outcome) = oneshot::channel();
        let job = Job {
            ledger,
            expected,
            batch,
            answer,
            room,
        };
        let stopped = || Refusal::Unavailable("the writer has stopped".into());
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::Busy,
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })?;
        // The writer answers every job it took. If it died instead, it may have died behind the commit.
        outcome.await.unwrap_or_else(|_| {
            let reason = self
                .shared
                .broken
                .get_or_init(|| "the writer stopped without an answer".into());
            Err(Refusal::Unknown(reason.clone()))
        })
    }

    async fn with_reader<T: Send + 'static>(
        shared: Arc<Shared>,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let stopped = |_| ReadError::Unavailable {
            reason: "the store was closed".into(),
        };
        let permit = Arc::clone(&shared.free).acquire_owned().await.map_err(stopped)?;
        tokio::task::spawn_blocking(move || {
            let reader = Reader::take(shared, permit)?;
            read(&reader)
        })
        .await
        .map_err(|_| ReadError::Unavailable {
            reason: "reading was interrupted".into(),
        })?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shared.closed.send_replace(true);
        self.queue.take();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has dropped its jobs, whose callers were told that the outcome is unknown.
            let _panicked = writer.join();
        }
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    async fn create(&self, ledger: LedgerId, batch: Batch) -> Result<Tail, CreateError> {
        self.write(ledger, None, batch)
            .await
            .map_err(|refusal| match refusal {
                Refusal::Exists | Refusal::NotFound | Refusal::Conflict(_) => {
                    CreateError::AlreadyExists { ledger }
                }
                Refusal::Busy => CreateError::Busy,
                Refusal::Full => CreateError::TooLarge,
                Refusal::Unavailable(reason) => CreateError::Unavailable { reason },
                Refusal::ReadOnly(reason) => CreateError::ReadOnly { reason },
                Refusal::Unknown(reason) => CreateError::OutcomeUnknown { reason },
                Refusal::Damaged(reason) => CreateError::Damaged { reason },
            })
    }

    async fn append(&self, ledger: LedgerId, expected: Seq, batch: Batch) -> Result<Tail, AppendError> {
        self.write(ledger, Some(expected), batch)
            .await
            .map_err(|refusal| match refusal {
                Refusal::Conflict(actual) => AppendError::Conflict { expected, actual },
                Refusal::Exists | Refusal::NotFound => AppendError::NotFound { ledger },
                Refusal::Busy => AppendError::Busy,
                Refusal::Full => AppendError::TooLarge,
                Refusal::Unavailable(reason) => AppendError::Unavailable { reason },
                Refusal::ReadOnly(reason) => AppendError::ReadOnly { reason },
                Refusal::Unknown(reason) => AppendError::OutcomeUnknown { reason },
                Refusal::Damaged(_) => AppendError::Corrupt { ledger, at: expected },
            })
    }

    async fn read(&self, ledger: LedgerId, from: Seq, limit: PageLimit) -> Result<Page, ReadError> {
        let shared = Arc::clone(&self.shared);
        Self::with_reader(shared, move |reader| read_page(reader, ledger, from, limit)).await
    }

    async fn tail(&self, ledger: LedgerId) -> Result<Tail, ReadError> {
        Self::with_reader(Arc::clone(&self.shared), move |reader| read_tail(reader, ledger)).await
    }

    async fn list(&self) -> Result<BTreeSet<LedgerId>, ReadError> {
        let shared = Arc::clone(&self.shared);
        Self::with_reader(Arc::clone(&shared), move |reader| {
            read_list(reader).map_err(|error| match kind(&error) {
                Kind::Damage => ReadError::Damaged {
                    reason: shared.describe(&error),
                },
                _ => ReadError::Unavailable {
                    reason: shared.describe(&error),
                },
            })
        })
        .await
    }

    async fn subscribe(&self, ledger: LedgerId, from: Seq) -> Result<Subscription, ReadError> {
        let source = Source {
            ledger,
            store: Arc::downgrade(&self.shared),
            growth: self.shared.notifier.follow(ledger),
            closed: self.shared.closed.subscribe(),
        };
        Self::with_reader(Arc::clone(&self.shared), move |reader| {
            let next = read_ledger(reader, ledger)?.next;
            if from > next {
                return Err(ReadError::BeyondTail { next });
            }
            Ok(())
        })
        .await?;
        Ok(Subscription::new(ledger, from, Box::new(source)))
    }

    fn state(&self) -> StoreState {
        match self.shared.broken.get() {
            None => StoreState::Writable,
            Some(reason) => StoreState::ReadOnly {
                reason: reason.clone(),
            },
        }
    }
}

/// What handle, writer and readers share. The lock on the file goes with it.
#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Why no more writes are taken. Set once, never taken back.
    broken: OnceLock<String>,
    /// One permit per connection in `readers`.
    free: Arc<Semaphore>,
    readers: Mutex<Vec<Connection>>,
    notifier: Notifier,
    closed: watch::Sender<bool>,
    #[cfg(test)]
    faults: Mutex<std::collections::VecDeque<tests::Fault>>,
    #[cfg(test)]
    commits: std::sync::atomic::AtomicU64,
    _lock: Lock,
}

impl Shared {
    fn describe(&self, error: &rusqlite::Error) -> String {
        format!("{}: {error}", self.path.display())
    }
}

/// A connection on loan.
struct Reader {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    fn take(shared: Arc<Shared>, permit: OwnedSemaphorePermit) -> Result<Self, ReadError> {
        let connection = {
            let mut readers = shared.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.pop()
        };
        // A connection that a panic took with it is replaced.
        let connection = match connection {
            Some(connection) => connection,
            None => open_reader(&shared.path).map_err(|error| ReadError::Unavailable {
                reason: shared.describe(&error),
            })?,
        };
        Ok(Self {
            shared,
            connection: Some(connection),
            _permit: permit,
        })
    }
}

impl std::ops::Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("taken back only when dropped")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !std::thread::panicking()
        {
            let mut readers = self.shared.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.push(connection);
        }
    }
}

struct Source {
    ledger: LedgerId,
    store: Weak<Shared>,
    growth: watch::Receiver<Seq>,
    closed: watch::Receiver<bool>,
}

#[async_trait]
impl EntrySource for Source {
    async fn page_from(&mut self, from: Seq) -> Result<Page, ReadError> {
        let closed = || ReadError::Unavailable {
            reason: "the store was closed".into(),
        };
        let ledger = self.ledger;
        loop {
            // Seen before reading, so that growth while reading ends the wait below at once.
            self.growth.borrow_and_update();
            let store = self.store.upgrade().ok_or_else(closed)?;
            if *self.closed.borrow() {
                return Err(closed());
            }
            let page = SqliteStore::with_reader(store, move |reader| {
                read_page(reader, ledger, from, PageLimit::default())
            })
            .await?;
            if !page.entries.is_empty() {
                return Ok(page);
            }
            tokio::select! {
                grown = self.growth.changed() => grown.map_err(|_| closed())?,
                _ = self.closed.changed() => return Err(closed()),
            }
        }
    }
}

// ---- reading ----

struct LedgerRow {
    no: i64,
    next: Seq,
}

fn read_ledger(reader: &Connection, ledger: LedgerId) -> Result<LedgerRow, ReadError> {
    let at_start = |error| read_error(ledger, Seq::ZERO, &error);
    let no = ledger_no(reader, ledger)
        .map_err(at_start)?
        .ok_or(ReadError::NotFound { ledger })?;
    let next = next_seq(reader, no).map_err(at_start)?;
    if next == Seq::ZERO {
        // A ledger is created together with its first entry.
        return Err(ReadError::Corrupt {
            ledger,
            at: Seq::ZERO,
            damage: Damage::Missing,
        });
    }
    Ok(LedgerRow { no, next })
}

fn ledger_no(connection: &Connection, ledger: LedgerId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT no FROM ledgers WHERE id = ?1")?
        .query_row([ledger.as_bytes()], |row| row.get(0))
        .optional()
}

/// The next sequence number of ledger `no`: one behind its last row.
fn next_seq(connection: &Connection, no: i64) -> rusqlite::Result<Seq> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT pos FROM entries WHERE pos BETWEEN ?1 AND ?2 ORDER BY pos DESC LIMIT 1")?
        .query_row(
            params![pos(no, Seq::ZERO), pos(no, Seq::new(SEQ_LIMIT - 1))],
            |row| row.get(0),
        )
        .optional()?;
    Ok(last.map_or(Seq::ZERO, |pos| seq(pos).next()))
}

fn pos(no: i64, seq: Seq) -> i64 {
    let seq = seq.as_u64().min(SEQ_LIMIT - 1);
    (no << SEQ_BITS) | i64::try_from(seq).unwrap_or(i64::MAX)
}

fn seq(pos: i64) -> Seq {
    Seq::new(pos.unsigned_abs() & (SEQ_LIMIT - 1))
}

fn read_page(reader: &Connection, ledger: LedgerId, from: Seq, limit: PageLimit) -> Result<Page, ReadError> {
    let unread = |at: Seq| move |error: rusqlite::Error| read_error(ledger, at, &error);
    // One snapshot for the end of the ledger and its rows.
    let snapshot = reader.unchecked_transaction().map_err(unread(from))?;
    let LedgerRow { no, next } = read_ledger(&snapshot, ledger)?;
    if from > next {
        return Err(ReadError::BeyondTail { next });
    }
    let mut statement = snapshot
        .prepare_cached("SELECT pos, leaf, bytes FROM entries WHERE pos BETWEEN ?1 AND ?2 ORDER BY pos")
        .map_err(unread(from))?;
    let mut entries: Vec<StoredEntry> = Vec::new();
    let mut at = from;
    let mut bytes = 0;
    if from < next {
        let mut rows = statement
            .query(params![pos(no, from), pos(no, Seq::new(next.as_u64() - 1))])
            .map_err(unread(from))?;
        while at < next && entries.len() < limit.entries() {
            match read_row(&mut rows, ledger, no, at) {
                Ok(entry) if limit.admits(entries.len(), bytes, entry.bytes().len()) => {
                    bytes += entry.bytes().len();
                    entries.push(entry);
                    at = at.next();
                }
                Err(error) if entries.is_empty() => return Err(error),
                Ok(_) | Err(_) => break,
            }
        }
    }
    Ok(Page { entries, next })
}

/// The row of position `at`, which is before the end of the ledger.
fn read_row(
    rows: &mut rusqlite::Rows<'_>,
    ledger: LedgerId,
    no: i64,
    at: Seq,
) -> Result<StoredEntry, ReadError> {
    let unread = |error| read_error(ledger, at, &error);
    let missing = ReadError::Corrupt {
        ledger,
        at,
        damage: Damage::Missing,
    };
    let Some(row) = rows.next().map_err(unread)? else {
        return Err(missing);
    };
    if row.get::<_, i64>(0).map_err(unread)? != pos(no, at) {
        return Err(missing);
    }
    let leaf: [u8; 32] = row.get(1).map_err(unread)?;
    let bytes: Vec<u8> = row.get(2).map_err(unread)?;
    StoredEntry::check(ledger, at, LeafHash::from_bytes(leaf), bytes)
}

fn read_tail(reader: &Connection, ledger: LedgerId) -> Result<Tail, ReadError> {
    let unread = |error: rusqlite::Error| read_error(ledger, Seq::ZERO, &error);
    let snapshot = reader.unchecked_transaction().map_err(unread)?;
    let LedgerRow { no, next } = read_ledger(&snapshot, ledger)?;
    let at = Seq::new(next.as_u64().saturating_sub(1));
    let mut statement = snapshot
        .prepare_cached("SELECT pos, leaf, bytes FROM entries WHERE pos = ?1")
        .map_err(unread)?;
    let mut rows = statement.query([pos(no, at)]).map_err(unread)?;
    let last = read_row(&mut rows, ledger, no, at)?;
    Ok(Tail {
        next,
        last: last.leaf(),
    })
}

fn read_list(reader: &Connection) -> rusqlite::Result<BTreeSet<LedgerId>> {
    reader
        .prepare_cached("SELECT id FROM ledgers")?
        .query_map([], |row| row.get(0).map(LedgerId::from_bytes))?
        .collect()
}

// ---- writing ----

/// One write in the queue.
struct Job {
    ledger: LedgerId,
    /// None creates the ledger.
    expected: Option<Seq>,
    batch: Batch,
    answer: oneshot::Sender<Result<Tail, Refusal>>,
    room: OwnedSemaphorePermit,
}

impl Job {
    fn answer(self, outcome: Result<Tail, Refusal>) {
        // First the room, so that a caller who was answered finds it free.
        drop(self.room);
        // A caller that has gone away does not want to know.
        let _gone = self.answer.send(outcome);
    }
}

/// Why a write was refused, for both kinds of write.
#[derive(Debug, Clone)]
enum Refusal {
    Exists,
    NotFound,
    Conflict(Seq),
    Busy,
    Full,
    Unavailable(String),
    ReadOnly(String),
    Unknown(String),
    Damaged(String),
}

/// What became of one write inside the transaction.
enum Step {
    /// Undone; the transaction goes on.
    Refused(Refusal),
    /// The database failed; the transaction is over.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Step {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

struct Writer {
    shared: Arc<Shared>,
    connection: Connection,
    since_checkpoint: usize,
}

impl Writer {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut bytes = first.batch.size_bytes();
            let mut group = vec![first];
            while group.len() < GROUP_WRITES && bytes < GROUP_BYTES {
                let Ok(job) = jobs.try_recv() else { break };
                bytes += job.batch.size_bytes();
                group.push(job);
            }
            self.commit_group(group);
            self.since_checkpoint += bytes;
            if self.since_checkpoint >= CHECKPOINT_BYTES {
                self.checkpoint("PASSIVE");
                self.since_checkpoint = 0;
            }
        }
        self.checkpoint("TRUNCATE");
    }

    fn commit_group(&mut self, group: Vec<Job>) {
        if let Some(reason) = self.shared.broken.get() {
            let refusal = Refusal::ReadOnly(reason.clone());
            return answer_all(group, &refusal);
        }
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            // Only somebody who ignores the lock file can hold the database's own lock.
            let refusal = match kind(&error) {
                Kind::Busy => Refusal::Busy,
                _ => Refusal::ReadOnly(self.fail("beginning a transaction", &error)),
            };
            return answer_all(group, &refusal);
        }
        let mut outcomes = Vec::with_capacity(group.len());
        for job in &group {
            match self.stage(job) {
                Ok(tail) => outcomes.push(Ok(tail)),
                Err(Step::Refused(refusal)) => outcomes.push(Err(refusal)),
                Err(Step::Failed(error)) => {
                    // Not committed, so nothing of the group is written: frames without a commit mark are
                    // ignored by recovery.
                    let reason = self.fail("writing", &error);
                    self.roll_back();
                    let damaged = matches!(kind(&error), Kind::Damage);
                    let at_fault = outcomes.len();
                    for (i, job) in group.into_iter().enumerate() {
                        job.answer(Err(if damaged && i == at_fault {
                            Refusal::Damaged(reason.clone())
                        } else {
                            Refusal::ReadOnly(reason.clone())
                        }));
                    }
                    return;
                }
            }
        }
        if outcomes.iter().all(Result::is_err) {
            // Nothing to commit, and the refusals speak of committed state only.
            self.roll_back();
        } else if let Err(error) = self.commit() {
            // The log may hold the transaction with its commit mark though it could not be forced to the disk:
            // a crash now may bring it to light, an orderly end will not. Unknown is the only true answer. A
            // refusal may rest on a neighbour's write, so it is not certain either; nothing of it was written.
            let reason = self.fail("committing", &error);
            self.roll_back();
            for (job, outcome) in group.into_iter().zip(outcomes) {
                job.answer(Err(match outcome {
                    Ok(_) => Refusal::Unknown(reason.clone()),
                    Err(_) => Refusal::ReadOnly(reason.clone()),
                }));
            }
            return;
        }
        for (job, outcome) in group.into_iter().zip(outcomes) {
            if let Ok(tail) = &outcome {
                self.shared.notifier.grown(job.ledger, tail.next);
            }
            job.answer(outcome);
        }
    }

    /// Makes one write inside the transaction, or undoes it alone.
    fn stage(&self, job: &Job) -> Result<Tail, Step> {
        self.connection.prepare_cached("SAVEPOINT one")?.execute([])?;
        let outcome = self.insert(job);
        if let Err(Step::Refused(_)) = outcome {
            self.connection.prepare_cached("ROLLBACK TO one")?.execute([])?;
        }
        if !matches!(outcome, Err(Step::Failed(_))) {
            self.connection.prepare_cached("RELEASE one")?.execute([])?;
        }
        outcome
    }

    fn insert(&self, job: &Job) -> Result<Tail, Step> {
        #[cfg(test)]
        tests::Fault::before_insert(&self.shared, &self.connection)?;
        let known = ledger_no(&self.connection, job.ledger)?;
        let (no, at) = match (job.expected, known) {
            (None, Some(_)) => return Err(Step::Refused(Refusal::Exists)),
            (Some(_), None) => return Err(Step::Refused(Refusal::NotFound)),
            (None, None) => (self.register(job.ledger)?, Seq::ZERO),
            (Some(expected), Some(no)) => {
                let actual = next_seq(&self.connection, no)?;
                if expected != actual {
                    return Err(Step::Refused(Refusal::Conflict(actual)));
                }
                (no, expected)
            }
        };
        let tail = job.batch.tail_at(at);
        if tail.next.as_u64() > SEQ_LIMIT {
            return Err(Step::Refused(Refusal::Full));
        }
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO entries (pos, ledger, leaf, bytes) VALUES (?1, ?2, ?3, ?4)")?;
        let mut at = at;
        for entry in job.batch.entries() {
            insert.execute(params![pos(no, at), no, entry.leaf().as_bytes(), entry.bytes()])?;
            at = at.next();
        }
        Ok(tail)
    }

    fn register(&self, ledger: LedgerId) -> Result<i64, Step> {
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(no) FROM ledgers")?
            .query_row([], |row| row.get(0))?;
        let no = last.unwrap_or(0) + 1;
        if no >= LEDGER_LIMIT {
            return Err(Step::Refused(Refusal::Full));
        }
        self.connection
            .prepare_cached("INSERT INTO ledgers (no, id) VALUES (?1, ?2)")?
            .execute(params![no, ledger.as_bytes()])?;
        Ok(no)
    }

    fn commit(&self) -> rusqlite::Result<()> {
        #[cfg(test)]
        tests::Fault::before_commit(&self.shared, &self.connection)?;
        self.connection.execute_batch("COMMIT")?;
        #[cfg(test)]
        tests::Fault::after_commit(&self.shared)?;
        Ok(())
    }

    fn roll_back(&self) {
        // SQLite undoes the transaction by itself after some failures. If undoing fails, the transaction is never
        // committed: the connection is not written through again, and closing it discards what is open.
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            self.fail("undoing a transaction", &error);
        }
    }

    /// Takes no more writes. Says why.
    fn fail(&self, doing: &str, error: &rusqlite::Error) -> String {
        let reason = format!("{doing} failed: {}", self.shared.describe(error));
        tracing::error!(reason, "the event store takes no more writes");
        self.shared.broken.get_or_init(|| reason).clone()
    }

    /// Copies the log into the database and forces both to the disk. Where readers have kept the log from being used
    /// again for long, waits for them.
    fn checkpoint(&self, mode: &str) {
        // After a failure the log is left as it is: opening the store again settles it.
        if self.shared.broken.get().is_some() {
            return;
        }
        let outcome = run_checkpoint(&self.connection, mode).and_then(|done| {
            if done.log_pages > LOG_PAGES {
                run_checkpoint(&self.connection, "RESTART")?;
            }
            Ok(())
        });
        if let Err(error) = outcome {
            self.fail("copying the log into the database", &error);
        }
    }
}

fn answer_all(group: Vec<Job>, refusal: &Refusal) {
    for job in group {
        job.answer(Err(refusal.clone()));
    }
}

struct Checkpointed {
    /// Whether readers kept the checkpoint from finishing.
    busy: bool,
    /// Length of the log.
    log_pages: i64,
}

fn run_checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Checkpointed> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        Ok(Checkpointed {
            busy: row.get::<_, i64>(0)? != 0,
            log_pages: row.get(1)?,
        })
    })
}

// ---- opening ----

/// The lock file beside the database. It is given back explicitly: a process that another thread has just started holds a copy of
/// the file until it runs its own program, and the lock with it.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is the other way to give it back.
        let _closed_next = self.0.unlock();
    }
}

/// Takes the lock file beside the database; it goes with the value.
fn lock(path: &Path) -> Result<Lock, OpenError> {
    let file = private()
        .create(true)
        .open(beside(path, ".lock"))
        .map_err(|source| io_error(path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.into() }),
        Err(TryLockError::Error(source)) => Err(io_error(path, source)),
    }
}

/// Makes an empty database under another name, then gives it its name. A crash leaves the other name behind, which the
/// next attempt removes.
fn make_database(path: &Path) -> Result<(), OpenError> {
    let draft = beside(path, ".new");
    let io = |source| io_error(path, source);
    for leftover in [beside(&draft, "-journal"), draft.clone()] {
        match fs::remove_file(leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
    }
    private().create_new(true).open(&draft).map_err(io)?;
    let fill = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(&draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch(&format!(
            "PRAGMA page_size = 4096; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
             BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};
             {TABLE_LEDGERS}; {TABLE_ENTRIES}; {VIEW_READABLE}; COMMIT;"
        ))
    };
    fill().map_err(|error| open_error(path, &error))?;
    File::open(&draft).and_then(|file| file.sync_all()).map_err(io)?;
    fs::rename(&draft, path).map_err(io)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io)
}

/// Reads what the file says it is before SQLite may touch it.
fn check_header(path: &Path) -> Result<(), OpenError> {
    let foreign = |what: &str| OpenError::Foreign {
        path: path.into(),
        what: what.into(),
    };
    let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
    if !metadata.is_file() {
        return Err(foreign("not a regular file"));
    }
    let mut header = Vec::with_capacity(100);
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .and_then(|file| file.take(100).read_to_end(&mut header))
        .map_err(|source| io_error(path, source))?;
    let word = |at: usize| {
        header
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u32::from_be_bytes)
    };
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(foreign("not an SQLite database"));
    }
    if header.len() < 100 {
        return Err(OpenError::Damaged {
            path: path.into(),
            what: "the file ends inside its header".into(),
        });
    }
    if word(68) != APPLICATION_ID {
        return Err(foreign("an SQLite database of another application"));
    }
    if word(60) != FORMAT {
        return Err(OpenError::Version {
            path: path.into(),
            found: word(60),
            known: FORMAT,
        });
    }
    Ok(())
}

fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
         PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON; PRAGMA foreign_keys = ON;",
    )?;
    // Checkpoints are made by the writer, which sees their errors; SQLite's own ignore them. The pragma answers
    // with a row, and so does the journal mode.
    connection.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    Ok(())
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA query_only = ON;",
    )?;
    Ok(connection)
}

/// Another schema under our name may hide triggers or lack constraints.
fn check_schema(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let read = || -> rusqlite::Result<(String, Vec<String>)> {
        let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        let schema = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok((mode, schema))
    };
    let (mode, schema) = read().map_err(|error| open_error(path, &error))?;
    if mode != "wal" {
        return Err(OpenError::Database {
            path: path.into(),
            what: format!("journal mode {mode} instead of wal"),
        });
    }
    if schema != [TABLE_ENTRIES, TABLE_LEDGERS, VIEW_READABLE] {
        return Err(OpenError::Foreign {
            path: path.into(),
            what: "its tables are not those of an event store".into(),
        });
    }
    Ok(())
}

/// Settles what a crash or a failed commit left in the log: what recovery found is copied into the database and both
/// are forced to the disk, so that nothing is shown that a loss of power could take back. Then the file must be as
/// long as it says.
fn settle(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let database = |error| open_error(path, &error);
    if run_checkpoint(connection, "TRUNCATE").map_err(database)?.busy {
        return Err(OpenError::InUse { path: path.into() });
    }
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let pages = number("PRAGMA page_count").map_err(database)?;
    let page_bytes = number("PRAGMA page_size").map_err(database)?;
    // Never opened here: closing another descriptor of the file would release the database's own locks.
    let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
    if metadata.len() < pages.saturating_mul(page_bytes).unsigned_abs() {
        return Err(OpenError::Damaged {
            path: path.into(),
            what: "the file is shorter than it says".into(),
        });
    }
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

// ---- errors ----

enum Kind {
    Busy,
    Damage,
    Other,
}

fn kind(error: &rusqlite::Error) -> Kind {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Kind::Busy,
            // A constraint can only fail if rows are not what the schema promises.
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation => {
                Kind::Damage
            }
            _ => Kind::Other,
        },
        // A value of another type than the schema allows.
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => Kind::Damage,
        _ => Kind::Other,
    }
}

fn read_error(ledger: LedgerId, at: Seq, error: &rusqlite::Error) -> ReadError {
    match kind(error) {
        Kind::Damage => ReadError::Corrupt {
            ledger,
            at,
            damage: Damage::Unreadable,
        },
        Kind::Busy | Kind::Other => ReadError::Unavailable {
            reason: error.to_string(),
        },
    }
}

fn open_error(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.into();
    match kind(error) {
        Kind::Busy => OpenError::InUse { path },
        Kind::Damage => OpenError::Damaged {
            path,
            what: error.to_string(),
        },
        Kind::Other => OpenError::Database {
            path,
            what: error.to_string(),
        },
    }
}

fn io_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::Io {
        path: path.into(),
        source,
    }
}
