//! What the tests of this store share.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test uses a part"
)]

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
    let entries = texts
        .iter()
        .map(|text| NewEntry::new(text.as_bytes().to_vec()).unwrap());
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
        store
            .append(LEDGER, Seq::new(at), batch(&[&at.to_string()]))
            .await
            .unwrap();
    }
    store
}

/// The client, as anybody else may use it.
pub fn stranger(cluster: &Cluster) -> Client {
    let settings: ClientSettings = cluster.url().parse().unwrap();
    Client::new(settings).unwrap()
}

/// A way to the server that can be blocked: what is on it then arrives later, as when a machine sleeps.
pub struct Road {
    pub url: String,
    open: tokio::sync::watch::Sender<bool>,
}

impl Road {
    pub async fn to(cluster: &Cluster) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (before, rest) = cluster
            .url()
            .split_once("localhost:")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let (server, settings) = rest.split_once('?').unwrap();
        let server: u16 = server.parse().unwrap();
        let open = tokio::sync::watch::Sender::new(true);
        let gate = open.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = tokio::net::TcpStream::connect(("127.0.0.1", server))
                    .await
                    .unwrap();
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                let (near, far) = (near.into_split(), far.into_split());
                tokio::spawn(carry(near.0, far.1, gate.subscribe()));
                tokio::spawn(carry(far.0, near.1, gate.subscribe()));
            }
        });
        Self {
            url: format!("{before}localhost:{port}?{settings}"),
            open,
        }
    }

    pub fn block(&self) {
        self.open.send_replace(false);
    }

    pub fn free(&self) {
        self.open.send_replace(true);
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut open: tokio::sync::watch::Receiver<bool>,
) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0
            || open.wait_for(|open| *open).await.is_err()
            || to.write_all(&buffer[..read]).await.is_err()
        {
            return;
        }
    }
}
