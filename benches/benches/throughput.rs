//! How many events a second are acknowledged, how many ballots accepted and verified.
//!
//! Whole-path figures on SQLite with `synchronous=FULL`: signature check, decision, durable append, signed checkpoint,
//! checkpoint record, answer. Bodies are signed and ballots encrypted before the clock starts.
//!
//!     cargo bench -p sijill-benches                      all
//!     cargo bench -p sijill-benches -- --quick           a tenth of the work

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its figures"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;
use sijill_benches::Meter;
use sijill_engine::clock::RehearsalClock;
use sijill_engine::publish::Scope;
use sijill_ledger::{SignedBody, UnixMillis};
use sijill_registers::ballot_box::check_ballot;
use sijill_registers::ballot_box::events::BallotCast;
use sijill_registers::catalogue::Event;
use sijill_registers::roll::events::{EligibilityChecked, Pseudonym, RollEvent};
use sijill_store::{SqliteOptions, SqliteStore};
use sijill_tests::{Rehearsal, key, open_engine, referendum_file, trust_path};
use sijill_verifier::{Options, Profile, Stage, verify_event};

/// Ballots that are under way at a time.
const AT_ONCE: usize = 1_024;

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let share = if quick { 10 } else { 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{} cores",
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    for (submitters, events) in [(1, 2_000), (64, 40_000), (1_024, 100_000)] {
        runtime.block_on(acknowledged(submitters, events / share));
    }
    runtime.block_on(ballots(10_000 / share));
}

async fn rehearsal(dir: &Path, voters: usize) -> Arc<Rehearsal> {
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let store = SqliteStore::create(&dir.join("events.sqlite3"), SqliteOptions::default()).unwrap();
    let engine = open_engine(dir, Arc::new(store), Arc::clone(&clock))
        .await
        .unwrap();
    Arc::new(Rehearsal::define(engine, clock, &referendum_file(false), voters).await)
}

/// Small signed events, each by its own submission, from so many submitters at once.
async fn acknowledged(submitters: usize, events: usize) {
    let dir = tempfile::tempdir().unwrap();
    let r = rehearsal(dir.path(), 0).await;
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
            r.engine
                .sign_as(
                    &registrar,
                    r.roll,
                    &Event::Roll(RollEvent::EligibilityChecked(event)),
                    &[],
                )
                .unwrap()
        })
        .collect();
    let bodies = Arc::new(bodies);
    let next = Arc::new(AtomicUsize::new(0));
    let meter = Meter::start();
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
    let cpu_us = meter.seconds().1 * 1e6 / events as f64;
    println!(
        "acknowledged, {submitters:>5} submitters: {rate:>9.0} events/s ({events} events, {cpu_us:.0} µs of CPU each)"
    );
}

/// A referendum: ballots accepted end to end, then the published folder verified.
async fn ballots(voters: usize) {
    let dir = tempfile::tempdir().unwrap();
    let r = rehearsal(dir.path(), voters).await;
    r.open().await;
    let context = r.context();
    let start = Instant::now();
    let ballots: Vec<BallotCast> = (0..voters).map(|v| r.ballot(&context, v, Some(v % 2))).collect();
    let rate = voters as f64 / start.elapsed().as_secs_f64();
    println!("encrypted on one core:          {rate:>9.0} ballots/s");
    // The check alone, on all cores, as the door runs it.
    let meter = Meter::start();
    ballots.par_iter().for_each(|ballot| {
        check_ballot(&context, ballot).unwrap();
    });
    let (wall, check) = meter.seconds();
    println!(
        "checked, nothing else:          {:>9.0} ballots/s",
        voters as f64 / wall
    );
    let meter = Meter::start();
    let start = Instant::now();
    let at_once = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let tasks: Vec<_> = ballots
        .into_iter()
        .map(|ballot| {
            let (r, at_once) = (Arc::clone(&r), Arc::clone(&at_once));
            tokio::spawn(async move {
                let _place = at_once.acquire().await.unwrap();
                r.engine.cast(r.ballot_box, ballot).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rate = voters as f64 / start.elapsed().as_secs_f64();
    let (_, all) = meter.seconds();
    println!("accepted, {AT_ONCE} under way:       {rate:>9.0} ballots/s ({voters} ballots, yes or no)");
    println!(
        "of its CPU time, ballot check:  {:>9.0} % ({check:.2} s of {all:.2} s, client encryption aside)",
        100.0 * check / all
    );
    r.seal(&[]).await;
    r.result(r.invalid_papers(1)).await;
    let folder = dir.path().join("published");
    r.publish(Scope::Public, &folder).await;
    let options = Options {
        trust: Some(trust_path(&folder)),
        profile: Profile::Public,
        require_stage: Stage::Published,
        threads: None,
        plain: false,
    };
    let start = Instant::now();
    let report = verify_event(&folder, &options).unwrap();
    assert_eq!(report.verdict.exit_code(), 0, "{}", report.to_text());
    let rate = voters as f64 / start.elapsed().as_secs_f64();
    println!("verified by sijill-verify:      {rate:>9.0} ballots/s (whole published folder)");
}
