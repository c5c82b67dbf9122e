//! The store passes the conformance suite: on the test server, and on a real one if there is one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

use std::sync::Arc;

use async_trait::async_trait;
use sijill_kurrentdb_testserver::{Cluster, Options};
use sijill_store::EventStore;
use sijill_store::conformance::{Factory, Scale, run};
use sijill_store_kurrentdb::{KurrentDbOptions, KurrentDbStore};

struct Remote(String);

#[async_trait]
impl Factory for Remote {
    async fn open(&self) -> Arc<dyn EventStore> {
        let options = KurrentDbOptions::parse(&self.0, None).unwrap();
        Arc::new(KurrentDbStore::connect(options).await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn test_server() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    run(&Remote(cluster.url()), Scale::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_nodes_with_the_limits_of_an_older_server() {
    let options = Options {
        nodes: 3,
        max_append_bytes: 1 << 20,
        max_event_bytes: 1 << 20,
        version: "22.10.0".into(),
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.unwrap();
    let scale = Scale {
        seed: 2,
        ledgers: 100,
        races: 10,
    };
    run(&Remote(cluster.url()), scale).await;
}

/// Ten thousand ledgers, listed by a handle that has not seen them before.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_ledgers() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    let store = Remote(cluster.url()).open().await;
    let batch = |n: u64| {
        let entry = sijill_store::NewEntry::new(n.to_be_bytes().to_vec()).unwrap();
        sijill_store::Batch::new(vec![entry]).unwrap()
    };
    let id = |n: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        sijill_ledger::LedgerId::from_bytes(bytes)
    };
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..50 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in (0..10_000).filter(|n| n % 50 == worker) {
                store.create(id(n), batch(n)).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let other = Remote(cluster.url()).open().await;
    let listed: Vec<_> = other.list().await.unwrap().into_iter().collect();
    assert_eq!(listed, (0..10_000).map(id).collect::<Vec<_>>());
}

/// Runs against the server or cluster that `SIJILL_TEST_KURRENTDB` names, which keeps what the suite writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn real_server() {
    let Ok(url) = std::env::var("SIJILL_TEST_KURRENTDB") else {
        eprintln!("skipped, set SIJILL_TEST_KURRENTDB=kurrentdb://user:password@host:2113?tls=…");
        return;
    };
    let scale = Scale {
        seed: rand::random(),
        ..Scale::default()
    };
    run(&Remote(url), scale).await;
}
