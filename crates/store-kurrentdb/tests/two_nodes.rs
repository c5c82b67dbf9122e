//! Two nodes on one store: one writes, the other one refuses and says who does; a node that slept acknowledges nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::{LEDGER, Road, batch, cluster};
use sijill_engine::clock::RehearsalClock;
use sijill_engine::publish::Scope;
use sijill_engine::{Engine, SubmitError};
use sijill_ledger::{LedgerId, Seq, UnixMillis};
use sijill_store::{AppendError, EventStore as _, MemoryStore};
use sijill_store_kurrentdb::{
    KurrentDbOptions, KurrentDbRecord, KurrentDbStore, LeaseError, LeasedStore, Node,
};
use sijill_tests::{Rehearsal, open_engine, open_engine_with, referendum_file, trust_path};
use sijill_verifier::{Options, Profile, Stage, verify_event};

const LEASE: Duration = Duration::from_millis(600);
const LONG: Duration = Duration::from_secs(20);

fn node(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        address: format!("https://{name}.example"),
        lease: LEASE,
    }
}

fn options(url: &str) -> KurrentDbOptions {
    let mut options = KurrentDbOptions::parse(url, None).unwrap();
    options.request = Duration::from_secs(4);
    options
}

async fn leased(url: &str, name: &str, patience: Duration) -> Result<LeasedStore, LeaseError> {
    let store = KurrentDbStore::connect(options(url)).await.unwrap();
    LeasedStore::acquire(Arc::new(store), node(name), patience).await
}

/// An engine of a node; documents are on a file system that the nodes share.
async fn engine(
    url: &str,
    dir: &Path,
    name: &str,
    clock: &Arc<RehearsalClock>,
) -> (Engine, Arc<LeasedStore>) {
    let store = Arc::new(leased(url, name, LONG).await.unwrap());
    let record = KurrentDbRecord::connect(options(url), Some(store.leases())).unwrap();
    let engine = open_engine_with(dir, store.clone(), Arc::clone(clock), Arc::new(record))
        .await
        .unwrap();
    (engine, store)
}

/// Takes the engine out of an event, so that the node stops.
async fn stop(event: &mut Rehearsal, idle: &Path) {
    let clock = Arc::clone(&event.clock);
    let nothing = open_engine(idle, Arc::new(MemoryStore::new()), clock)
        .await
        .unwrap();
    std::mem::replace(&mut event.engine, nothing).close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_lease_moves_in_the_middle_of_a_poll() {
    let cluster = cluster(3).await;
    let url = cluster.url();
    let dir = tempfile::tempdir().unwrap();
    let idle = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let (first, store) = engine(&url, dir.path(), "one", &clock).await;
    let mut event = Rehearsal::define(first, Arc::clone(&clock), &referendum_file(false), 9).await;
    event.open().await;
    let context = event.context();
    for voter in 0..3 {
        let ballot = event.ballot(&context, voter, Some(voter % 2));
        event.engine.cast(event.ballot_box, ballot).await.unwrap();
    }
    // Meanwhile nobody else can: and is told where to go.
    let refused = leased(&url, "two", Duration::ZERO).await.unwrap_err();
    let told = refused.to_string();
    assert!(told.contains("node one at https://one.example"), "{told}");

    // The first node is shut down in order, and gives its leases back.
    stop(&mut event, idle[0].path()).await;
    Arc::into_inner(store).unwrap().release().await;
    let (second, store) = engine(&url, dir.path(), "two", &clock).await;
    event.engine = second;
    for voter in 3..6 {
        let ballot = event.ballot(&context, voter, Some(voter % 2));
        event.engine.cast(event.ballot_box, ballot).await.unwrap();
    }
    // The leading server dies, and then the second node crashes: its leases run out.
    cluster.kill(0);
    cluster.elect(1);
    let ballot = event.ballot(&context, 6, Some(0));
    event.engine.cast(event.ballot_box, ballot).await.unwrap();
    stop(&mut event, idle[1].path()).await;
    drop(store);
    let (third, _store) = engine(&url, dir.path(), "one", &clock).await;
    event.engine = third;
    for voter in 7..9 {
        let ballot = event.ballot(&context, voter, Some(voter % 2));
        event.engine.cast(event.ballot_box, ballot).await.unwrap();
    }
    event.seal(&[]).await;
    event.result(event.invalid_papers(1)).await;
    let folder = dir.path().join("published");
    event.publish(Scope::Public, &folder).await;
    let options = Options {
        trust: Some(trust_path(&folder)),
        profile: Profile::Public,
        require_stage: Stage::Published,
        threads: None,
        plain: false,
    };
    let report = verify_event(&folder, &options).unwrap();
    assert_eq!(report.verdict.exit_code(), 0, "{}", report.to_text());
}

/// A node sleeps with a ballot on its way. The other one takes over; then the ballot arrives in the store. It stands,
/// because it was right and came first, but the node that slept could not sign it, and told nobody that it stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_slept_acknowledges_nothing() {
    let cluster = cluster(1).await;
    let road = Road::to(&cluster).await;
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let (first, store) = engine(&road.url, dir.path(), "sleeper", &clock).await;
    let event = Rehearsal::define(first, Arc::clone(&clock), &referendum_file(false), 3).await;
    event.open().await;
    let context = event.context();
    let ballot = event.ballot(&context, 0, Some(0));
    event.engine.cast(event.ballot_box, ballot).await.unwrap();

    road.block();
    let ballot = event.ballot(&context, 1, Some(0));
    let sleeping = event.engine.cast(event.ballot_box, ballot);
    tokio::pin!(sleeping);
    let early = tokio::time::timeout(Duration::from_millis(100), &mut sleeping).await;
    assert!(early.is_err(), "no answer without the store: {early:?}");
    let (second, _awake) = engine(&cluster.url(), dir.path(), "awake", &clock).await;
    road.free();
    let answer = tokio::time::timeout(LONG, &mut sleeping).await.unwrap();
    let told = matches!(
        answer,
        Err(SubmitError::OutcomeUnknown(_) | SubmitError::ReadOnly(_) | SubmitError::Elsewhere(_))
    );
    assert!(told, "{answer:?}");
    // Awake again, it knows that its time is over.
    let ballot = event.ballot(&context, 2, Some(0));
    let refused = event.engine.cast(event.ballot_box, ballot).await;
    let told = matches!(refused, Err(SubmitError::ReadOnly(_) | SubmitError::Elsewhere(_)));
    assert!(told, "{refused:?}");
    let late = store.append(event.roll, Seq::new(1), batch(&["x"])).await;
    assert!(
        matches!(&late, Err(AppendError::Elsewhere(other)) if other.node == "awake"),
        "{late:?}"
    );
    second.close().await;

    // Whoever opens next finds one history, and goes on.
    drop(_awake);
    let (third, _store) = engine(&cluster.url(), dir.path(), "third", &clock).await;
    let ballot = event.ballot(&context, 2, Some(0));
    third.cast(event.ballot_box, ballot).await.unwrap();
}

/// A node sleeps with nothing on its way. Awake again, it sends nothing and says who writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_slept_sends_nothing() {
    let cluster = cluster(1).await;
    let road = Road::to(&cluster).await;
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let (first, _store) = engine(&road.url, dir.path(), "sleeper", &clock).await;
    let event = Rehearsal::define(first, Arc::clone(&clock), &referendum_file(false), 3).await;
    event.open().await;
    let context = event.context();
    road.block();
    let (_second, awake) = engine(&cluster.url(), dir.path(), "awake", &clock).await;
    road.free();
    let stream = format!("sijill-{}", event.ballot_box);
    let before = cluster.database().len(&stream);
    for _ in 0..2 {
        let ballot = event.ballot(&context, 0, Some(0));
        let told = event.engine.cast(event.ballot_box, ballot).await.unwrap_err();
        let SubmitError::Elsewhere(elsewhere) = &told else {
            panic!("{told:?}");
        };
        assert_eq!(elsewhere.address, "https://awake.example");
        assert_eq!(elsewhere.ledger, event.ballot_box);
        assert!((1..=600).contains(&elsewhere.ends_in_ms), "{elsewhere:?}");
        assert!(!told.is_transient());
    }
    assert_eq!(cluster.database().len(&stream), before);

    // Given back, the leases are another node's at once.
    awake.release().await;
    let _third = leased(&cluster.url(), "third", Duration::ZERO).await.unwrap();
    let late = awake.append(event.roll, Seq::new(1), batch(&["x"])).await;
    assert!(matches!(late, Err(AppendError::Elsewhere(_))), "{late:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_a_lease_one_gets_it() {
    let cluster = cluster(1).await;
    let url = cluster.url();
    let first = leased(&url, "first", Duration::ZERO).await.unwrap();
    first.create(LEDGER, batch(&["0"])).await.unwrap();
    let mut fence = first.leases().fence(LEDGER).unwrap();
    // Kept for longer than it lasts without renewal.
    tokio::time::sleep(LEASE * 2).await;
    assert_eq!(first.leases().fence(LEDGER), Some(fence));
    let refused = leased(&url, "other", LEASE * 2).await.unwrap_err();
    assert!(matches!(refused, LeaseError::Held(held) if held.node == "first"));
    drop(first);
    for round in 0..3 {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..4 {
            let url = url.clone();
            tasks.spawn(async move { leased(&url, &format!("node-{round}-{n}"), LEASE * 3).await });
        }
        let mut winners = Vec::new();
        while let Some(done) = tasks.join_next().await {
            winners.extend(done.unwrap().ok());
        }
        assert_eq!(winners.len(), 1);
        let next = winners[0].leases().fence(LEDGER).unwrap();
        assert!(next > fence, "fencing numbers grow");
        fence = next;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_without_a_name_are_refused() {
    let cluster = cluster(1).await;
    for name in ["", "two\nlines"] {
        assert_eq!(
            leased(&cluster.url(), name, LONG).await.err(),
            Some(LeaseError::Node)
        );
    }
}

/// A lease whose stream was deleted may be somebody's who still lives, and fencing numbers would begin again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deleted_lease_is_nobodys_to_take() {
    let cluster = cluster(1).await;
    let url = cluster.url();
    let first = leased(&url, "first", Duration::ZERO).await.unwrap();
    first.create(LEDGER, batch(&["0"])).await.unwrap();
    first.release().await;
    let stream = format!("sijill-lease-{LEDGER}");
    let before = cluster.database().len(&stream);
    common::stranger(&cluster)
        .delete_stream(stream.clone(), &kurrentdb::DeleteStreamOptions::default())
        .await
        .unwrap();
    let refused = leased(&url, "second", Duration::ZERO).await.err();
    assert_eq!(
        refused,
        Some(LeaseError::Damaged {
            stream: stream.clone()
        })
    );
    assert_eq!(cluster.database().len(&stream), before);
}

/// Each lease is renewed at its own pace: a stream that the server does not write costs its own lease alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stalled_lease_is_lost_alone() {
    let cluster = cluster(1).await;
    let mut node = node("first");
    node.lease = LEASE * 3;
    let store = Arc::new(KurrentDbStore::connect(options(&cluster.url())).await.unwrap());
    let store = LeasedStore::acquire(store, node, Duration::ZERO).await.unwrap();
    let ledgers = [1, 2, 3].map(|n| LedgerId::from_bytes([n; 32]));
    for ledger in ledgers {
        store.create(ledger, batch(&["0"])).await.unwrap();
    }
    let leases = store.leases();
    let fences = ledgers.map(|ledger| leases.fence(ledger).unwrap());
    let [stalled, others @ ..] = ledgers;
    cluster.database().stall(&format!("sijill-lease-{stalled}"));
    // Longer than the request and the looking up of its outcome take together.
    let end = tokio::time::Instant::now() + LEASE * 8;
    while tokio::time::Instant::now() < end {
        for (ledger, fence) in others.iter().zip(&fences[1..]) {
            assert_eq!(leases.fence(*ledger), Some(*fence));
        }
        tokio::time::sleep(LEASE / 20).await;
    }
    assert_eq!(leases.fence(stalled), None);
    for ledger in others {
        store.append(ledger, Seq::new(1), batch(&["1"])).await.unwrap();
    }
}
