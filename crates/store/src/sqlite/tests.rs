//! Failures of the disk, as far as they can be arranged from inside: the crash table of the writer.
//!
//! | durable step | lost | reached the disk, reported as failed |
//! |---|---|---|
//! | insert | refused as read-only; never there | (not durable before the commit) |
//! | commit | unknown; absent when opened again | unknown; there when opened again |
//! | answer | unknown; there when opened again | |
//!
//! In all of them nothing acknowledged is lost, and the handle takes no more writes.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};

use rusqlite::{Connection, ffi};
use sijill_ledger::{LedgerId, Seq};

use super::{Shared, SqliteOptions, SqliteStore};
use crate::{
    AppendError, Batch, CreateError, EventStore, NewEntry, Outcome, PageLimit, ResolveError, StoreState,
    Tail, resolve,
};

/// What shall go wrong with the next group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// From now on the database may hold 20 pages.
    SmallDisk,
    /// An insert fails because the disk is full.
    Insert,
    /// The commit fails and nothing of it reached the disk.
    CommitLost,
    /// The commit reaches the disk, but is reported as failed.
    CommitReportedFailed,
    /// The writer dies between commit and answer.
    Dies,
}

impl Fault {
    fn take(shared: &Shared, fault: Self) -> bool {
        let mut faults = shared.faults.lock().unwrap();
        let hit = faults.front() == Some(&fault);
        if hit {
            faults.pop_front();
        }
        hit
    }

    pub(super) fn before_insert(shared: &Shared, connection: &Connection) -> rusqlite::Result<()> {
        if Self::take(shared, Self::SmallDisk) {
            connection.query_row("PRAGMA max_page_count = 20", [], |_| Ok(()))?;
        }
        if Self::take(shared, Self::Insert) {
            return Err(failure(ffi::SQLITE_FULL));
        }
        Ok(())
    }

    pub(super) fn before_commit(shared: &Shared, connection: &Connection) -> rusqlite::Result<()> {
        if Self::take(shared, Self::CommitLost) {
            connection.execute_batch("ROLLBACK")?;
            return Err(failure(ffi::SQLITE_IOERR_FSYNC));
        }
        Ok(())
    }

    pub(super) fn after_commit(shared: &Shared) -> rusqlite::Result<()> {
        shared.commits.fetch_add(1, Ordering::Relaxed);
        if Self::take(shared, Self::CommitReportedFailed) {
            return Err(failure(ffi::SQLITE_IOERR_FSYNC));
        }
        if Self::take(shared, Self::Dies) {
            panic!("injected");
        }
        Ok(())
    }
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("injected".into()))
}

fn ledger(n: u8) -> LedgerId {
    LedgerId::from_bytes([n; 32])
}

fn batch(text: &str) -> Batch {
    Batch::new(vec![NewEntry::new(text.into()).unwrap()]).unwrap()
}

fn create(path: &Path) -> SqliteStore {
    SqliteStore::create(path, SqliteOptions::default()).unwrap()
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

async fn size(store: &SqliteStore, n: u8) -> u64 {
    let tail = store.tail(ledger(n)).await.unwrap();
    let page = store
        .read(ledger(n), Seq::ZERO, PageLimit::default())
        .await
        .unwrap();
    assert_eq!(page.next, tail.next);
    assert_eq!(page.entries.len() as u64, tail.next.as_u64());
    tail.next.as_u64()
}

/// A store with one acknowledged entry in ledger 1, and `fault` ahead.
async fn failing(path: &Path, fault: Fault) -> SqliteStore {
    let store = create(path);
    store.create(ledger(1), batch("acknowledged")).await.unwrap();
    store.shared.faults.lock().unwrap().push_back(fault);
    store
}

async fn takes_no_writes_but_reads(store: &SqliteStore) {
    let StoreState::ReadOnly { reason } = store.state() else {
        panic!("still writable");
    };
    assert!(reason.contains("events.sqlite"), "{reason}");
    for expected in [0, 1, 2] {
        let refused = store.append(ledger(1), Seq::new(expected), batch("later")).await;
        assert_eq!(
            refused,
            Err(AppendError::ReadOnly {
                reason: reason.clone()
            })
        );
    }
    let refused = store.create(ledger(9), batch("later")).await;
    assert_eq!(
        refused,
        Err(CreateError::ReadOnly {
            reason: reason.clone()
        })
    );
    let page = store
        .read(ledger(1), Seq::ZERO, PageLimit::default())
        .await
        .unwrap();
    assert_eq!(page.entries[0].bytes(), b"acknowledged");
    let resolved = resolve(store, ledger(1), Seq::new(1), &batch("tried")).await;
    assert_eq!(resolved, Err(ResolveError::ReadOnly { reason }));
}

#[tokio::test]
async fn a_failed_insert_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let store = failing(&path, Fault::Insert).await;
    let refused = store.append(ledger(1), Seq::new(1), batch("tried")).await;
    assert!(
        matches!(refused, Err(AppendError::ReadOnly { .. })),
        "{refused:?}"
    );
    takes_no_writes_but_reads(&store).await;
    drop(store);
    let store = open(&path);
    assert_eq!(size(&store, 1).await, 1);
    store
        .append(ledger(1), Seq::new(1), batch("again"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_lost_commit_is_unknown_and_then_absent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let store = failing(&path, Fault::CommitLost).await;
    let unknown = store.append(ledger(1), Seq::new(1), batch("tried")).await;
    assert!(
        matches!(unknown, Err(AppendError::OutcomeUnknown { .. })),
        "{unknown:?}"
    );
    takes_no_writes_but_reads(&store).await;
    drop(store);
    let store = open(&path);
    let resolved = resolve(&store, ledger(1), Seq::new(1), &batch("tried")).await;
    assert_eq!(resolved, Ok(Outcome::Absent));
    store
        .append(ledger(1), Seq::new(1), batch("tried"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_commit_that_only_seemed_to_fail_is_unknown_and_then_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let store = failing(&path, Fault::CommitReportedFailed).await;
    let unknown = store.append(ledger(1), Seq::new(1), batch("tried")).await;
    assert!(
        matches!(unknown, Err(AppendError::OutcomeUnknown { .. })),
        "{unknown:?}"
    );
    takes_no_writes_but_reads(&store).await;
    drop(store);
    let store = open(&path);
    let tried = batch("tried");
    let tail = Tail {
        next: Seq::new(2),
        last: tried.entries()[0].leaf(),
    };
    let resolved = resolve(&store, ledger(1), Seq::new(1), &tried).await;
    assert_eq!(resolved, Ok(Outcome::Committed { tail }));
    assert_eq!(size(&store, 1).await, 2);
}

#[tokio::test]
async fn the_same_for_a_creation() {
    for (fault, outcome) in [(Fault::CommitLost, false), (Fault::CommitReportedFailed, true)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.sqlite");
        let store = failing(&path, fault).await;
        let unknown = store.create(ledger(2), batch("tried")).await;
        assert!(
            matches!(unknown, Err(CreateError::OutcomeUnknown { .. })),
            "{unknown:?}"
        );
        drop(store);
        let store = open(&path);
        let resolved = resolve(&store, ledger(2), Seq::ZERO, &batch("tried"))
            .await
            .unwrap();
        assert_eq!(matches!(resolved, Outcome::Committed { .. }), outcome);
        assert_eq!(store.list().await.unwrap().contains(&ledger(2)), outcome);
    }
}

#[tokio::test]
async fn a_writer_that_dies_leaves_an_unknown_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let store = failing(&path, Fault::Dies).await;
    let unknown = store.append(ledger(1), Seq::new(1), batch("tried")).await;
    assert!(
        matches!(unknown, Err(AppendError::OutcomeUnknown { .. })),
        "{unknown:?}"
    );
    let refused = store.append(ledger(1), Seq::new(1), batch("tried")).await;
    assert!(
        matches!(refused, Err(AppendError::ReadOnly { .. })),
        "{refused:?}"
    );
    let resolved = resolve(&store, ledger(1), Seq::new(1), &batch("tried")).await;
    assert!(
        matches!(resolved, Err(ResolveError::ReadOnly { .. })),
        "{resolved:?}"
    );
    drop(store);
    assert_eq!(size(&open(&path), 1).await, 2);
}

/// Writes that were queued together fail together, and no refusal that rests on an uncommitted neighbour gets out.
#[tokio::test]
async fn a_failed_group_is_unknown_for_all_that_were_staged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let store = Arc::new(failing(&path, Fault::CommitLost).await);
    // On this single-threaded runtime all futures queue their job before the writer can answer one; but the writer
    // may take the first before it sees the others.
    let (a, b, c) = tokio::join!(
        store.append(ledger(1), Seq::new(1), batch("a")),
        store.append(ledger(1), Seq::new(1), batch("b")),
        store.create(ledger(3), batch("c")),
    );
    assert!(matches!(a, Err(AppendError::OutcomeUnknown { .. })), "{a:?}");
    assert!(matches!(b, Err(AppendError::ReadOnly { .. })), "{b:?}");
    assert!(
        matches!(
            c,
            Err(CreateError::OutcomeUnknown { .. } | CreateError::ReadOnly { .. })
        ),
        "{c:?}"
    );
    drop(store);
    let store = open(&path);
    assert_eq!(size(&store, 1).await, 1);
    assert_eq!(store.list().await.unwrap().len(), 1);
}

/// A database that may not grow any more: SQLite itself reports it as full.
#[tokio::test]
async fn a_full_database_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let store = failing(&path, Fault::SmallDisk).await;
    let mut acknowledged = 1;
    loop {
        match store
            .append(ledger(1), Seq::new(acknowledged), batch(&"x".repeat(5000)))
            .await
        {
            Ok(tail) => acknowledged = tail.next.as_u64(),
            Err(AppendError::ReadOnly { reason }) => {
                assert!(reason.contains("full"), "{reason}");
                break;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(acknowledged > 3);
    assert_eq!(size(&store, 1).await, acknowledged);
    drop(store);
    let store = open(&path);
    assert_eq!(size(&store, 1).await, acknowledged);
    store
        .append(ledger(1), Seq::new(acknowledged), batch("more"))
        .await
        .unwrap();
}

/// What waits while the writer is at work becomes one commit, over many ledgers, and a conflict among it fails alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_writes_share_a_commit() {
    const LEDGERS: u8 = 100;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let store = Arc::new(create(&path));
    for n in 0..LEDGERS {
        store.create(ledger(n), batch("genesis")).await.unwrap();
    }
    let before = store.shared.commits.load(Ordering::Relaxed);

    // The writer looks at the faults before each insert: whoever holds them holds the writer.
    let (release, held) = mpsc::channel::<()>();
    let (ready, is_held) = mpsc::channel();
    let shared = Arc::clone(&store.shared);
    let holder = std::thread::spawn(move || {
        let faults = shared.faults.lock().unwrap();
        ready.send(()).unwrap();
        held.recv().unwrap();
        drop(faults);
    });
    is_held.recv().unwrap();
    let append = |n: u8, expected: u64| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.append(ledger(n), Seq::new(expected), batch("next")).await })
    };
    let first = append(0, 1);
    let rest: Vec<_> = (1..LEDGERS)
        .map(|n| append(n, if n == 50 { 7 } else { 1 }))
        .collect();
    while store.room.available_permits() > store.queue_kib as usize - usize::from(LEDGERS) {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    holder.join().unwrap();
    first.await.unwrap().unwrap();
    for (n, outcome) in (1..LEDGERS).zip(rest) {
        let outcome = outcome.await.unwrap();
        assert_eq!(outcome.is_err(), n == 50, "{n}: {outcome:?}");
        assert_eq!(size(&store, n).await, if n == 50 { 1 } else { 2 });
    }
    let commits = store.shared.commits.load(Ordering::Relaxed) - before;
    assert!(
        (1..=3).contains(&commits),
        "{commits} commits for {LEDGERS} writes"
    );
}
