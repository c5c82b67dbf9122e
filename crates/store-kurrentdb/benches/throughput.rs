//! How many events a second the engine acknowledges on KurrentDB, beside SQLite.
//!
//!     cargo bench                              the test server, in this process, in memory: the cost of the protocol
//!     SIJILL_TEST_KURRENTDB=kurrentdb://… cargo bench       a real server
//!     cargo bench -- --quick                   a tenth of the work
//!
//! The whole path: signature check, decision, durable append, signed checkpoint, record, answer. The checkpoint record is
//! a file for both. The test server forgets everything and forces nothing to a disk, so its figures are no promise of a
//! real server's.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its figures"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sijill_engine::clock::RehearsalClock;
use sijill_kurrentdb_testserver::{Cluster, Options};
use sijill_ledger::{SignedBody, UnixMillis};
use sijill_registers::catalogue::Event;
use sijill_registers::roll::events::{EligibilityChecked, Pseudonym, RollEvent};
use sijill_store::{EventStore, SqliteOptions, SqliteStore};
use sijill_store_kurrentdb::{KurrentDbOptions, KurrentDbStore};
use sijill_tests::{Rehearsal, key, open_engine, referendum_file};

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let share = if quick { 10 } else { 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores");
    for (submitters, events) in [(1, 1_000), (64, 20_000), (1_024, 50_000)] {
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("events.sqlite");
            let sqlite = SqliteStore::create(&file, SqliteOptions::default()).unwrap();
            acknowledged("SQLite", Arc::new(sqlite), submitters, events / share).await;
            if let Ok(url) = std::env::var("SIJILL_TEST_KURRENTDB") {
                let store = connect(&format!("{url}&namespace=bench-{:08x}", rand::random::<u32>())).await;
                acknowledged("KurrentDB", store, submitters, events / share).await;
                return;
            }
            for (name, slow_acknowledgements) in [("test server", false), ("test server, 40 ms ACKs", true)] {
                // The second one only shows what a lone writer waits for.
                if slow_acknowledgements && submitters > 1 {
                    continue;
                }
                let options = Options {
                    slow_acknowledgements,
                    ..Options::default()
                };
                let cluster = Cluster::start(options).await.unwrap();
                let events = if slow_acknowledgements { 100 } else { events };
                acknowledged(name, connect(&cluster.url()).await, submitters, events / share).await;
            }
        });
    }
}

async fn connect(url: &str) -> Arc<dyn EventStore> {
    let options = KurrentDbOptions::parse(url, None).unwrap();
    Arc::new(KurrentDbStore::connect(options).await.unwrap())
}

/// Small signed events, each by its own submission, from so many submitters at once.
async fn acknowledged(name: &str, store: Arc<dyn EventStore>, submitters: usize, events: usize) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let engine = open_engine(dir.path(), store, Arc::clone(&clock)).await.unwrap();
    let r = Arc::new(Rehearsal::define(engine, clock, &referendum_file(false), 0).await);
    r.commission(r.roll, r.roll_defined(), &[r.election])
        .await
        .unwrap();
    let registrar = key("registrar");
    let bodies: Vec<SignedBody> = (0..events)
        .map(|i| {
            let mut pseudonym = [0; 32];
            pseudonym[..8].copy_from_slice(&(i as u64).to_be_bytes());
            let event = EligibilityChecked {
                pseudonym: Pseudonym(pseudonym),
                purpose: 1,
                eligible: true,
                commitment: pseudonym,
            };
            let event = Event::Roll(RollEvent::EligibilityChecked(event));
            r.engine.sign_as(&registrar, r.roll, &event, &[]).unwrap()
        })
        .collect();
    let bodies = Arc::new(bodies);
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..submitters)
        .map(|_| {
            let (r, bodies, next) = (Arc::clone(&r), Arc::clone(&bodies), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    r.engine.submit_signed(body).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rate = events as f64 / start.elapsed().as_secs_f64();
    println!("{name:<24} {submitters:>5} in flight: {rate:>8.0} events/s acknowledged ({events} events)");
}
