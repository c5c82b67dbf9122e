//! A killed process loses nothing that it was told is durable.
//!
//! The test starts itself as a child that appends and prints each acknowledgement, and kills it without warning.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use sijill_ledger::{LedgerId, Seq};
use sijill_store::{Batch, EventStore, NewEntry, PageLimit, SqliteOptions, SqliteStore};

const CHILD: &str = "SIJILL_STORE_CRASH_CHILD";
const LEDGERS: u8 = 3;

fn ledger(n: u8) -> LedgerId {
    LedgerId::from_bytes([n; 32])
}

fn entry(n: u8, seq: u64) -> Vec<u8> {
    format!("{n} {seq} ").into_bytes().repeat(1 + (seq % 90) as usize)
}

/// Batches of two: `at` is even.
fn batch(n: u8, at: u64) -> Batch {
    Batch::new(vec![
        NewEntry::new(entry(n, at)).unwrap(),
        NewEntry::new(entry(n, at + 1)).unwrap(),
    ])
    .unwrap()
}

async fn sizes(store: &SqliteStore) -> Vec<u64> {
    let listed = store.list().await.unwrap();
    let mut sizes = Vec::new();
    for n in 0..LEDGERS {
        let mut at = 0;
        while listed.contains(&ledger(n)) {
            let page = store
                .read(ledger(n), Seq::new(at), PageLimit::default())
                .await
                .unwrap();
            if page.entries.is_empty() {
                break;
            }
            for stored in &page.entries {
                assert_eq!(stored.bytes(), entry(n, at));
                at += 1;
            }
        }
        sizes.push(at);
    }
    sizes
}

async fn append_for_ever(path: &Path) {
    let store = SqliteStore::open(path, SqliteOptions::default()).unwrap();
    let mut sizes = sizes(&store).await;
    loop {
        for n in 0..LEDGERS {
            let at = sizes[usize::from(n)];
            let tail = if at == 0 {
                store.create(ledger(n), batch(n, 0)).await.unwrap()
            } else {
                store.append(ledger(n), Seq::new(at), batch(n, at)).await.unwrap()
            };
            sizes[usize::from(n)] = tail.next.as_u64();
            let mut out = std::io::stdout().lock();
            writeln!(out, "ACK {n} {}", tail.next).unwrap();
            out.flush().unwrap();
        }
    }
}

#[tokio::test]
async fn killed_again_and_again() {
    if let Some(path) = std::env::var_os(CHILD) {
        append_for_ever(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    drop(SqliteStore::create(&path, SqliteOptions::default()).unwrap());
    let mut acknowledged = vec![0_u64; usize::from(LEDGERS)];
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed_again_and_again", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = 1 + round * 17;
        for line in lines {
            let line = line.unwrap();
            // The harness prints the test's name in front of the first line.
            let Some((_, ack)) = line.split_once("ACK ") else {
                continue;
            };
            let (n, next) = ack.split_once(' ').unwrap();
            acknowledged[n.parse::<usize>().unwrap()] = next.parse().unwrap();
            left -= 1;
            if left == 0 {
                // What was printed until the child is dead is read on, up to the end of the pipe.
                child.kill().unwrap();
            }
        }
        assert!(left <= 0, "the child ended by itself");
        child.wait().unwrap();
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let found = sizes(&store).await;
        for (found, acknowledged) in found.iter().zip(&acknowledged) {
            assert!(found >= acknowledged, "{found} < {acknowledged}");
            assert!(
                found - acknowledged <= 2,
                "at most the one unanswered write: {found}, {acknowledged}"
            );
            assert_eq!(found % 2, 0, "half a batch");
        }
        acknowledged = found;
    }
}
