//! A ledger that is damaged, or that its checkpoint record contradicts, is refused by itself: nothing is written to it, what
//! is wrong is named with its position, and the other ledgers go on.

#![allow(
    clippy::unwrap_used,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::path::Path;
use std::sync::Arc;

use sijill_engine::clock::RehearsalClock;
use sijill_engine::{Engine, EngineError, SubmitError};
use sijill_ledger::{LedgerId, Seq, UnixMillis};
use sijill_registers::catalogue::Event;
use sijill_registers::roll::events::{RollEvent, VoterRegistered};
use sijill_store::{Disk, MemoryStore};
use sijill_tests::{Rehearsal, district, key, open_engine, pseudonym, referendum_file};

struct Scene {
    dir: tempfile::TempDir,
    clock: Arc<RehearsalClock>,
    disk: Disk,
    election: LedgerId,
    roll: LedgerId,
    ballot_box: LedgerId,
}

/// An open poll with one ballot, stopped.
async fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let store = MemoryStore::new();
    let disk = store.disk().clone();
    let engine = open_engine(dir.path(), Arc::new(store), Arc::clone(&clock))
        .await
        .unwrap();
    let r = Rehearsal::define(engine, Arc::clone(&clock), &referendum_file(false), 3).await;
    r.open().await;
    r.vote(0, Some(0)).await.unwrap();
    let (election, roll, ballot_box) = (r.election, r.roll, r.ballot_box);
    r.engine.close().await;
    Scene {
        dir,
        clock,
        disk,
        election,
        roll,
        ballot_box,
    }
}

async fn start(dir: &Path, scene: &Scene, disk: &Disk) -> Engine {
    open_engine(dir, Arc::new(MemoryStore::open(disk)), Arc::clone(&scene.clock))
        .await
        .unwrap()
}

async fn commission_acts(engine: &Engine, ledger: LedgerId) -> Result<(), SubmitError> {
    // Never granted, so a ledger that is open refuses it by its rules.
    let event = Event::Roll(RollEvent::VoterRegistered(VoterRegistered {
        pseudonym: pseudonym(99),
        district: district(),
    }));
    engine
        .act(&key("registrar"), ledger, &event, &[])
        .await
        .map(|_| ())
}

#[tokio::test]
async fn a_damaged_entry_closes_its_ledger_only() {
    let scene = scene().await;
    for seq in 0..4 {
        let disk = scene.disk.copy();
        assert!(disk.flip(scene.roll, Seq::new(seq), 40));
        let engine = start(scene.dir.path(), &scene, &disk).await;
        let why = engine.refused().get(&scene.roll).unwrap();
        assert!(matches!(why, EngineError::Load { .. }), "{why}");
        assert!(why.to_string().contains(&format!(" {seq}")), "{why}");
        assert_eq!(engine.refused().len(), 1);
        let refusal = commission_acts(&engine, scene.roll).await;
        assert!(matches!(&refusal, Err(SubmitError::ReadOnly(_))), "{refusal:?}");
        for open in [scene.election, scene.ballot_box] {
            assert!(engine.ledgers().find(&open).is_some());
            let refusal = commission_acts(&engine, open).await;
            assert!(matches!(&refusal, Err(SubmitError::Rejected(_))), "{refusal:?}");
        }
        engine.close().await;
    }
    // The disk that was not damaged opens as a whole.
    let engine = start(scene.dir.path(), &scene, &scene.disk).await;
    assert!(engine.refused().is_empty());
}

#[tokio::test]
async fn a_ledger_that_lost_entries_is_refused() {
    let scene = scene().await;
    let disk = scene.disk.copy();
    disk.truncate(scene.ballot_box, 3);
    let engine = start(scene.dir.path(), &scene, &disk).await;
    let why = engine.refused().get(&scene.ballot_box).unwrap();
    assert!(matches!(why, EngineError::Record { .. }), "{why}");
    assert_eq!(engine.ledgers().all().len(), 2);
}

/// The store is older than the ledger: only the checkpoint record knows that there was one.
#[tokio::test]
async fn a_ledger_that_is_gone_is_noticed() {
    let scene = scene().await;
    let empty = MemoryStore::new();
    let engine = start(scene.dir.path(), &scene, empty.disk()).await;
    let lost: Vec<_> = engine.refused().keys().copied().collect();
    let mut all = vec![scene.election, scene.roll, scene.ballot_box];
    all.sort_unstable();
    assert_eq!(lost, all);
    for why in engine.refused().values() {
        assert!(matches!(why, EngineError::Lost { .. }), "{why}");
    }
}
