//! No answer of the store is a guess: whatever is lost on the way, it says what stands.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{LEDGER, batch, cluster, filled, options, store, stream};
use sijill_kurrentdb_testserver::{ReadFault, WriteFault};
use sijill_ledger::{LedgerId, Seq};
use sijill_store::{AppendError, CreateError, EventStore, NewEntry, Outcome, PageLimit, ReadError, resolve};
use sijill_store_kurrentdb::KurrentDbStore;

const ONE: Seq = Seq::new(1);

const FAULTS: [WriteFault; 10] = [
    WriteFault::CutBefore,
    WriteFault::CutAfter,
    WriteFault::FailBefore,
    WriteFault::FailAfter,
    WriteFault::Late(Duration::from_millis(900)),
    WriteFault::Slow(Duration::from_millis(900)),
    WriteFault::Twice,
    WriteFault::Busy,
    WriteFault::LeaderMoves,
    WriteFault::LeaderMovesAfter,
];

/// Each fault alone: the write ends with success, and stands exactly once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn single_faults_are_outlived() {
    let mut tasks = tokio::task::JoinSet::new();
    for fault in FAULTS {
        tasks.spawn(async move {
            let nodes = if format!("{fault:?}").starts_with("Leader") {
                3
            } else {
                1
            };
            let cluster = cluster(nodes).await;
            let store = filled(&cluster, 1).await;
            let a = batch(&["a", "b", "c"]);
            cluster.database().inject_write(fault);
            let tail = store.append(LEDGER, ONE, a.clone()).await;
            assert_eq!(tail, Ok(a.tail_at(ONE)), "{fault:?}");
            assert!(cluster.database().faults_are_used_up(), "{fault:?}");
            tokio::time::sleep(Duration::from_millis(900)).await;
            assert_eq!(cluster.database().len(&stream()), 4, "{fault:?}");
            let d = batch(&["d"]);
            let at = Seq::new(4);
            assert_eq!(
                store.append(LEDGER, at, d.clone()).await,
                Ok(d.tail_at(at)),
                "{fault:?}"
            );
            let page = store.read(LEDGER, ONE, PageLimit::default()).await.unwrap();
            let texts: Vec<_> = page.entries.iter().map(|e| e.bytes().to_vec()).collect();
            assert_eq!(texts, [b"a", b"b", b"c", b"d"], "{fault:?}");
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

/// Two faults in a row, every pair: still success and once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pairs_of_faults_are_outlived() {
    let cluster = Arc::new(cluster(3).await);
    let store = filled(&cluster, 1).await;
    let mut at = 1;
    for first in FAULTS {
        for second in FAULTS {
            // The long ones are met alone.
            if [first, second]
                .iter()
                .any(|f| matches!(f, WriteFault::Late(_) | WriteFault::Slow(_)))
            {
                continue;
            }
            cluster.database().inject_write(first);
            cluster.database().inject_write(second);
            let a = batch(&[&format!("{at}"), "same"]);
            let tail = store.append(LEDGER, Seq::new(at), a.clone()).await;
            assert_eq!(tail, Ok(a.tail_at(Seq::new(at))), "{first:?}, {second:?}");
            at += 2;
            assert_eq!(
                cluster.database().len(&stream()) as u64,
                at,
                "{first:?}, {second:?}"
            );
            // A success at once leaves the second fault behind.
            while !cluster.database().faults_are_used_up() {
                let a = batch(&["again"]);
                store.append(LEDGER, Seq::new(at), a).await.unwrap();
                at += 1;
            }
        }
    }
}

/// The same for creations.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creations_outlive_faults() {
    let cluster = cluster(3).await;
    let store = store(&cluster).await;
    for (n, fault) in FAULTS.into_iter().enumerate() {
        let ledger = LedgerId::from_bytes([u8::try_from(n).unwrap() + 100; 32]);
        cluster.database().inject_write(fault);
        let a = batch(&["genesis", "more"]);
        assert_eq!(
            store.create(ledger, a.clone()).await,
            Ok(a.tail_at(Seq::ZERO)),
            "{fault:?}"
        );
        let again = store.create(ledger, a).await;
        assert_eq!(again, Err(CreateError::AlreadyExists { ledger }), "{fault:?}");
    }
}

/// An acknowledgement is lost and somebody else writes before the range is read back: never a wrong success.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_race_is_a_conflict() {
    let cluster = cluster(1).await;
    let first = filled(&cluster, 1).await;
    let second = store(&cluster).await;
    for round in 0..20 {
        let at = Seq::new(1 + round);
        // The very same bytes from both: still exactly one of them made it.
        let a = batch(&["a"]);
        cluster
            .database()
            .inject_write(WriteFault::Late(Duration::from_millis(30)));
        let (one, two) = tokio::join!(
            first.append(LEDGER, at, a.clone()),
            second.append(LEDGER, at, a.clone())
        );
        assert_eq!(
            usize::from(one.is_ok()) + usize::from(two.is_ok()),
            1,
            "{one:?} {two:?}"
        );
        let lost = one.err().or(two.err()).unwrap();
        let actual = at.next();
        assert_eq!(lost, AppendError::Conflict { expected: at, actual });
    }
}

/// All answers are lost: the outcome is unknown, and resolves to what stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_answers_the_outcome_is_unknown() {
    for (fault, committed) in [(WriteFault::FailAfter, true), (WriteFault::FailBefore, false)] {
        let cluster = cluster(1).await;
        let mut options = options(&cluster);
        filled(&cluster, 1).await;
        options.patience = Duration::from_millis(300);
        options.request = Duration::from_millis(100);
        let store = KurrentDbStore::connect(options).await.unwrap();
        for _ in 0..100 {
            cluster
                .database()
                .inject_write(if committed { fault } else { WriteFault::FailBefore });
            cluster.database().inject_read(ReadFault::Unavailable);
        }
        let a = batch(&["a"]);
        let unknown = store.append(LEDGER, ONE, a.clone()).await;
        assert!(
            matches!(unknown, Err(AppendError::OutcomeUnknown { .. })),
            "{unknown:?}"
        );
        let unresolved = resolve(&store, LEDGER, ONE, &a).await;
        assert!(unresolved.is_err(), "{unresolved:?}");
        cluster.database().clear_faults();
        let outcome = resolve(&store, LEDGER, ONE, &a).await.unwrap();
        let tail = a.tail_at(ONE);
        let expected = if committed {
            Outcome::Committed { tail }
        } else {
            Outcome::Absent
        };
        assert_eq!(outcome, expected);
    }
}

/// A node dies: the others are found, also by a handle that has worked with the dead one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_leader_dies() {
    let cluster = cluster(3).await;
    let store = filled(&cluster, 3).await;
    let mut subscription = store.subscribe(LEDGER, Seq::ZERO).await.unwrap();
    for at in 0..3 {
        assert_eq!(subscription.next().await.unwrap().seq(), Seq::new(at));
    }
    let mut at = 3;
    for leader in [1, 2, 0, 2] {
        let dead = cluster.leader();
        cluster.kill(dead);
        cluster.elect(leader);
        let a = batch(&["after"]);
        store.append(LEDGER, Seq::new(at), a).await.unwrap();
        at += 1;
        assert_eq!(store.tail(LEDGER).await.unwrap().next, Seq::new(at));
        let next = tokio::time::timeout(Duration::from_secs(10), subscription.next())
            .await
            .unwrap();
        assert_eq!(next.unwrap().seq(), Seq::new(at - 1));
        cluster.revive(dead);
    }
}

/// Nobody answers: an error that says so, nothing written, and work goes on when somebody does.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_answers_for_a_while() {
    let cluster = cluster(1).await;
    filled(&cluster, 1).await;
    let mut options = options(&cluster);
    options.patience = Duration::from_millis(300);
    let store = KurrentDbStore::connect(options).await.unwrap();
    store.tail(LEDGER).await.unwrap();
    cluster.kill(0);
    let a = batch(&["a"]);
    let refused = store.append(LEDGER, ONE, a.clone()).await.unwrap_err();
    let told = matches!(
        refused,
        AppendError::Unavailable { .. } | AppendError::OutcomeUnknown { .. }
    );
    assert!(told, "{refused:?}");
    assert!(matches!(
        store.tail(LEDGER).await,
        Err(ReadError::Unavailable { .. })
    ));
    cluster.revive(0);
    assert_eq!(resolve(&store, LEDGER, ONE, &a).await, Ok(Outcome::Absent));
    store.append(LEDGER, ONE, a).await.unwrap();
}

/// A read that is cut anywhere is read again; a subscription goes on where it stood.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reads_are_cut() {
    let cluster = cluster(1).await;
    let store = filled(&cluster, 12).await;
    for cut in 0..=12 {
        cluster.database().inject_read(ReadFault::Slow(Duration::ZERO));
        cluster.database().inject_read(ReadFault::CutAfter(cut));
        let page = store.read(LEDGER, Seq::ZERO, PageLimit::default()).await.unwrap();
        assert_eq!(page.entries.len(), 12, "cut after {cut}");
    }
    cluster.database().clear_faults();
    let mut subscription = store.subscribe(LEDGER, Seq::ZERO).await.unwrap();
    for cut in [0, 1, 2, 3] {
        cluster.database().inject_read(ReadFault::CutAfter(cut));
    }
    cluster.database().inject_read(ReadFault::Unavailable);
    for at in 0..12 {
        assert_eq!(subscription.next().await.unwrap().seq(), Seq::new(at));
        cluster.cut(0);
    }
}

/// Too large for the server: refused as such, and nothing written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn too_large() {
    let options = sijill_kurrentdb_testserver::Options {
        max_append_bytes: 100_000,
        max_event_bytes: 50_000,
        ..Default::default()
    };
    let cluster = sijill_kurrentdb_testserver::Cluster::start(options)
        .await
        .unwrap();
    let store = filled(&cluster, 1).await;
    for sizes in [vec![60_000], vec![40_000; 3]] {
        let entries = sizes
            .iter()
            .map(|size| NewEntry::new(vec![1; *size]).unwrap())
            .collect();
        let heavy = sijill_store::Batch::new(entries).unwrap();
        let refused = store.append(LEDGER, ONE, heavy).await;
        assert_eq!(refused, Err(AppendError::TooLarge));
    }
    assert_eq!(cluster.database().len(&stream()), 1);
}
