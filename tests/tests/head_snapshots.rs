//! A ledger that is opened from a snapshot is the ledger that is read back whole; a snapshot that is not exactly right
//! is passed over.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sijill_engine::clock::RehearsalClock;
use sijill_engine::{Engine, EngineError};
use sijill_ledger::{
    Chain, Checkpoint, Entry, Grant, LedgerId, Role, Seq, SignedCheckpoint, SigningKey, UnixMillis,
};
use sijill_registers::ballot_box::check_ballot;
use sijill_registers::ballot_box::events::BoxEvent;
use sijill_registers::catalogue::Event;
use sijill_registers::register::{Context, Evidence, Facts, State, StateSnapshot};
use sijill_store::{Disk, MemoryStore};
use sijill_tests::{Rehearsal, key, open_engine, referendum_file};

/// An event with everything that boxes and rolls remember: re-votes, an audit, grants, exclusions, a seal.
async fn event(dir: &Path, disk: &Disk) -> Rehearsal {
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let engine = open_engine(dir, Arc::new(MemoryStore::open(disk)), Arc::clone(&clock))
        .await
        .unwrap();
    let r = Rehearsal::define(engine, clock, &referendum_file(false), 4).await;
    let grant = Grant {
        key: key("second registrar").key_id(),
        role: Role::Registrar,
        scope: None,
    };
    for ledger in [r.roll, r.ballot_box] {
        let granted = Event::RoleGranted(grant.clone());
        r.commission(ledger, granted, &[]).await.unwrap();
    }
    let revoked = Event::RoleRevoked(grant);
    r.commission(r.roll, revoked, &[]).await.unwrap();
    r.open().await;
    for (voter, answer) in [(0, 0), (1, 1), (0, 1)] {
        r.vote(voter, Some(answer)).await.unwrap();
    }
    r.audit(2).await;
    r.vote(2, Some(0)).await.unwrap();
    r
}

async fn entries(engine: &Engine, ledger: LedgerId) -> Vec<Entry> {
    let size = engine.ledgers().find(&ledger).unwrap().durable_size();
    let most = usize::try_from(size).unwrap();
    let bytes = engine.read(ledger, Seq::ZERO, most).await.unwrap();
    assert_eq!(bytes.len(), most);
    bytes.iter().map(|bytes| Entry::parse(bytes).unwrap()).collect()
}

fn push(chain: &mut Chain, state: &mut State, entry: &Entry, engine: &Engine) {
    chain.push(entry).unwrap();
    let event = Event::parse(state.kind(), entry.body().event_type, &entry.body().payload).unwrap();
    state.evolve(&entry.into(), &event, engine.contents()).unwrap();
}

/// What chain and register answer to every body of the ledger, past and future.
fn answers(chain: &Chain, state: &State, bodies: &[Entry], engine: &Engine) -> Vec<String> {
    let evidence = |event: &Event| match (event, state.facts()) {
        (Event::BallotBox(BoxEvent::BallotCast(cast)), Facts::BallotBox(facts)) => match &facts.prepared {
            Some(setup) => Evidence::Ballot(check_ballot(&setup.election, cast).unwrap()),
            None => Evidence::None,
        },
        _ => Evidence::None,
    };
    let answer = |entry: &Entry| {
        let (body, received_ms) = (entry.body(), entry.received_ms());
        let admission = chain.check_body(
            entry.signed_body(),
            received_ms,
            chain.next_sequenced_ms(received_ms),
        );
        let event = Event::parse(state.kind(), body.event_type, &body.payload).unwrap();
        let context = Context {
            received_ms,
            body_hash: entry.signed_body().hash(),
            refs: &body.refs,
            size: chain.size(),
            contents: engine.contents(),
            linked: engine.ledgers(),
            evidence: &evidence(&event),
        };
        format!("{admission:?} {:?}", state.decide(body, &event, &context))
    };
    bodies[1..].iter().map(answer).collect()
}

/// The bytes of a snapshot without their order: sets are written in none.
fn members(snapshot: &StateSnapshot) -> Vec<u8> {
    let mut bytes = snapshot.to_bytes();
    bytes.sort_unstable();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_head_goes_on_as_the_replayed_one_at_every_position() {
    let dir = tempfile::tempdir().unwrap();
    let r = event(dir.path(), &Disk::new()).await;
    r.seal(&[1]).await;
    let engine = &r.engine;
    for ledger in [r.roll, r.ballot_box] {
        let entries = entries(engine, ledger).await;
        assert!(entries.len() > 10);
        let mut chain = Chain::start(&entries[0]).unwrap();
        let mut state = State::start(chain.genesis()).unwrap();
        let mut admitted = 0;
        for at in 1..=entries.len() {
            let restored = (chain.snapshot(), state.snapshot().unwrap().to_bytes());
            let mut chain_2 = Chain::restore(&entries[0], &restored.0).unwrap();
            let mut state_2 = State::restore(chain.genesis(), &restored.1, engine.contents()).unwrap();
            // Decisions alone do not show every member of every set: another rule may refuse first.
            assert_eq!(
                members(&state_2.snapshot().unwrap()),
                members(&state.snapshot().unwrap())
            );
            let expected = answers(&chain, &state, &entries, engine);
            assert_eq!(answers(&chain_2, &state_2, &entries, engine), expected, "{at}");
            admitted += expected.iter().filter(|a| a.starts_with("Ok(New) Ok")).count();
            for entry in &entries[at..] {
                push(&mut chain_2, &mut state_2, entry, engine);
            }
            let handle = engine.ledgers().find(&ledger).unwrap();
            handle.with_head(|head| {
                for size in 0..=head.chain.size() {
                    assert_eq!(chain_2.root_at(size), head.chain.root_at(size), "{at}");
                    assert_eq!(
                        chain_2.sequenced_ms(Seq::new(size)),
                        head.chain.sequenced_ms(Seq::new(size))
                    );
                }
                assert_eq!(chain_2.tail(), head.chain.tail());
                assert_eq!(
                    format!("{:?}", state_2.facts()),
                    format!("{:?}", head.state.facts())
                );
                assert_eq!(state_2.authority(), head.state.authority());
                assert_eq!(
                    state_2.as_box().map(|b| b.counted()),
                    head.state.as_box().map(|b| b.counted())
                );
                assert_eq!(
                    state_2.as_roll().map(|roll| roll.counts()),
                    head.state.as_roll().map(|roll| roll.counts())
                );
            });
            for cut in 0..8 {
                let short = restored.0.len() - 1 - cut * restored.0.len() / 8;
                assert!(Chain::restore(&entries[0], &restored.0[..short]).is_none());
                let short = restored.1.len() - 1 - cut * restored.1.len() / 8;
                assert!(State::restore(chain.genesis(), &restored.1[..short], engine.contents()).is_none());
            }
            if let Some(entry) = entries.get(at) {
                push(&mut chain, &mut state, entry, engine);
            }
        }
        // Every position had at least the next body to admit; so the comparison is not one of refusals alone.
        assert!(
            admitted + 1 >= entries.len() - 1,
            "{admitted} of {}",
            entries.len()
        );
    }
}

/// A data folder whose box has a snapshot, and entries behind it.
struct World {
    dir: tempfile::TempDir,
    disk: Disk,
    roll: LedgerId,
    ballot_box: LedgerId,
    clock: Arc<RehearsalClock>,
    size: u64,
    root: String,
    snapshot_size: u64,
    snapshot: Vec<u8>,
    /// What the record held one entry before the snapshot.
    earlier: SignedCheckpoint,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        let r = event(dir.path(), &disk).await;
        for ledger in [r.roll, r.ballot_box] {
            assert!(r.engine.snapshot(ledger).await.unwrap().is_some());
        }
        // Election ledgers are always read back whole.
        assert_eq!(r.engine.snapshot(r.election).await.unwrap(), None);
        let handle = r.engine.ledgers().find(&r.ballot_box).unwrap();
        let snapshot_size = handle.durable_size();
        let before = snapshot_size - 1;
        let root = handle.with_head(|head| head.chain.root_at(before).unwrap());
        let earlier = Checkpoint::sign(handle.identity(), before, root, &key("ledger")).unwrap();
        r.vote(3, Some(1)).await.unwrap();
        r.vote(0, Some(0)).await.unwrap();
        let (size, root) = handle.with_head(|head| (head.chain.size(), head.chain.root().to_string()));
        drop(handle);
        r.engine.close().await;
        let mut world = Self {
            dir,
            disk,
            roll: r.roll,
            ballot_box: r.ballot_box,
            clock: r.clock,
            size,
            root,
            snapshot_size,
            snapshot: Vec::new(),
            earlier,
        };
        world.snapshot = std::fs::read(world.file(world.ballot_box)).unwrap();
        world
    }

    fn file(&self, ledger: LedgerId) -> PathBuf {
        let folder = self.dir.path().join("data/snapshots").join(ledger.to_string());
        folder.join("ledger.head")
    }

    async fn open_on(&self, disk: &Disk) -> Result<Engine, EngineError> {
        let store = Arc::new(MemoryStore::open(disk));
        open_engine(self.dir.path(), store, Arc::clone(&self.clock)).await
    }

    /// Opens with this snapshot of the box; says how many entries came from it.
    async fn with_snapshot(&self, bytes: &[u8]) -> u64 {
        std::fs::write(self.file(self.ballot_box), bytes).unwrap();
        let engine = self.open_on(&self.disk.copy()).await.unwrap();
        let handle = engine.ledgers().find(&self.ballot_box).unwrap();
        let root = handle.with_head(|head| head.chain.root().to_string());
        assert_eq!((handle.durable_size(), root), (self.size, self.root.clone()));
        let from_snapshot = handle.snapshot_size();
        drop(handle);
        engine.close().await;
        from_snapshot
    }
}

fn signed(mut bytes: Vec<u8>, key: &SigningKey) -> Vec<u8> {
    bytes.truncate(bytes.len() - 64);
    let mut message = b"sijill/head-snapshot/v1\n".to_vec();
    message.extend_from_slice(&Sha256::digest(&bytes));
    bytes.extend_from_slice(key.sign(&message).as_bytes());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_not_exactly_right_is_passed_over() {
    let world = World::new().await;
    let good = &world.snapshot;
    assert_eq!(world.with_snapshot(good).await, world.snapshot_size);
    assert_eq!(
        &signed(good.clone(), &key("service")),
        good,
        "this file's idea of a signature"
    );

    for cut in [
        0,
        1,
        13,
        14,
        60,
        102,
        good.len() / 2,
        good.len() - 64,
        good.len() - 1,
    ] {
        assert_eq!(world.with_snapshot(&good[..cut]).await, 0, "cut at {cut}");
    }
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(world.with_snapshot(&longer).await, 0);
    for at in (0..good.len()).step_by(good.len() / 40) {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        assert_eq!(world.with_snapshot(&flipped).await, 0, "byte {at}");
    }

    // Written by somebody else.
    assert_eq!(
        world.with_snapshot(&signed(good.clone(), &key("ledger"))).await,
        0
    );
    // By this service: of another ledger, of another version, of another history.
    let of_roll = std::fs::read(world.file(world.roll)).unwrap();
    assert_eq!(world.with_snapshot(&of_roll).await, 0);
    let mut newer = good.clone();
    assert_eq!(&newer[..14], b"sijill-head/3\n");
    newer[12] = b'4';
    assert_eq!(world.with_snapshot(&signed(newer, &key("service"))).await, 0);
    let leaf_1 = 14 + 88 + 12 + 2 * 32 + 76;
    for (at, what) in [(leaf_1, "a leaf"), (46, "the size"), (54, "the last leaf")] {
        let mut other = good.clone();
        other[at] ^= 1;
        assert_eq!(
            world.with_snapshot(&signed(other, &key("service"))).await,
            0,
            "{what}"
        );
    }
    assert_eq!(world.with_snapshot(good).await, world.snapshot_size);

    // Of entries that are not recorded: nothing vouches for them.
    let record = world.dir.path().join("checkpoints");
    let record = record.join(format!("{}.checkpoint", world.ballot_box));
    assert!(record.exists());
    std::fs::write(&record, world.earlier.to_note()).unwrap();
    assert_eq!(world.with_snapshot(good).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_and_the_entries_are_believed_before_a_snapshot() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    let file = std::fs::metadata(world.file(world.ballot_box)).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);

    // Entries were lost: refused as without a snapshot, whether it reaches behind the end or not.
    for size in [world.size - 1, world.snapshot_size, world.snapshot_size - 1] {
        let disk = world.disk.copy();
        disk.truncate(world.ballot_box, usize::try_from(size).unwrap());
        let engine = world.open_on(&disk).await.unwrap();
        let error = &engine.refused()[&world.ballot_box];
        assert!(matches!(error, EngineError::Record { .. }), "{size}: {error}");
        engine.close().await;
    }
    // An entry behind the snapshot was exchanged: found at start.
    let entry = |seq: u64| Seq::new(seq);
    let disk = world.disk.copy();
    assert!(disk.flip(world.ballot_box, entry(world.snapshot_size), 70));
    let engine = world.open_on(&disk).await.unwrap();
    let error = &engine.refused()[&world.ballot_box];
    assert!(matches!(error, EngineError::Load { .. }), "{error}");
    engine.close().await;
    // One before it, with a leaf hash of its own: found when it is read, and nothing else is lost.
    let disk = world.disk.copy();
    let engine = world.open_on(&disk).await.unwrap();
    let at = world.snapshot_size - 2;
    let mut bytes = engine
        .read(world.ballot_box, entry(at), 1)
        .await
        .unwrap()
        .remove(0);
    engine.close().await;
    *bytes.last_mut().unwrap() ^= 1;
    assert!(disk.replace(world.ballot_box, entry(at), bytes));
    let engine = world.open_on(&disk).await.unwrap();
    let handle = engine.ledgers().find(&world.ballot_box).unwrap();
    assert_eq!(handle.snapshot_size(), world.snapshot_size);
    drop(handle);
    let error = engine.read(world.ballot_box, entry(at), 1).await.unwrap_err();
    assert!(matches!(error, EngineError::Read(_)), "{error}");
    engine.read(world.ballot_box, entry(at + 1), 1).await.unwrap();
    engine.drop_snapshots(world.ballot_box).unwrap();
    engine.close().await;
    // Without the snapshot it is found at start.
    let engine = world.open_on(&disk).await.unwrap();
    let error = &engine.refused()[&world.ballot_box];
    assert!(matches!(error, EngineError::Load { .. }), "{error}");
}
