//! Every backend passes the conformance suite.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use sijill_store::conformance::{Factory, Scale, run};
use sijill_store::{Disk, EventStore, MemoryStore, SqliteOptions, SqliteStore};

struct Memory(Disk);

#[async_trait]
impl Factory for Memory {
    async fn open(&self) -> Arc<dyn EventStore> {
        Arc::new(MemoryStore::open(&self.0))
    }
}

struct Sqlite {
    path: PathBuf,
    options: SqliteOptions,
}

#[async_trait]
impl Factory for Sqlite {
    async fn open(&self) -> Arc<dyn EventStore> {
        let open = if self.path.exists() {
            SqliteStore::open
        } else {
            SqliteStore::create
        };
        Arc::new(open(&self.path, self.options.clone()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory() {
    run(&Memory(Disk::new()), Scale::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let options = SqliteOptions::default();
    run(&Sqlite { path, options }, Scale::default()).await;
}

/// A queue of one write and 1 KiB and a single reader: everybody is told "busy" all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_with_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let mut options = SqliteOptions::default();
    options.queue_writes = 1;
    options.queue_kib = 1;
    options.readers = 1;
    let scale = Scale {
        seed: 2,
        ledgers: 50,
        races: 5,
    };
    run(&Sqlite { path, options }, scale).await;
}
