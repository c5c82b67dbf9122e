//! What the tests of this store share.

#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, reason = "each test uses a part")]

use std::time::Duration;

use kurrentdb::{Client, ClientSettings};
use sijill_kurrentdb_testserver::{Cluster, Options};
use sijill_ledger::{LedgerId, Seq};
use sijill_store::{Batch, EventStore as _, NewEntry};
use sijill_store_kurrentdb::{KurrentDbOptions, KurrentDbStore};

pub const LEDGER: LedgerId = LedgerId::from_bytes([7; 32]);

pub fn stream() -> String {
    format!("sijill-{LEDGER}")
}

pub fn batch(texts: &[&str]) -> Batch {
    let entries = texts.iter().map(|text| NewEntry::new(text.as_bytes().to_vec()).unwrap());
    Batch::new(entries.collect()).unwrap()
}

pub async fn cluster(nodes: usize) -> Cluster {
    let options = Options {
        nodes,
        ..Options::default()
    };
    Cluster::start(options).await.unwrap()
}

pub fn options(cluster: &Cluster) -> KurrentDbOptions {
    let mut options = KurrentDbOptions::parse(&cluster.url(), None).unwrap();
    options.request = Duration::from_millis(600);
    options.patience = Duration::from_secs(6);
    options
}

pub async fn store(cluster: &Cluster) -> KurrentDbStore {
    KurrentDbStore::connect(options(cluster)).await.unwrap()
}

/// A store whose ledger holds entries `0`, `1`, …
pub async fn filled(cluster: &Cluster, len: u64) -> KurrentDbStore {
    let store = store(cluster).await;
    store.create(LEDGER, batch(&["0"])).await.unwrap();
    for at in 1..len {
        store.append(LEDGER, Seq::new(at), batch(&[&at.to_string()])).await.unwrap();
    }
    store
}

/// The client, as anybody else may use it.
pub fn stranger(cluster: &Cluster) -> Client {
    let settings: ClientSettings = cluster.url().parse().unwrap();
    Client::new(settings).unwrap()
}
