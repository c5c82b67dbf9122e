//! The checkpoint record in KurrentDB keeps its contract: it never goes back, and one of two writers wins.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{batch, cluster, options, store, stranger};
use kurrentdb::{
    AppendToStreamOptions, DeleteStreamOptions, EventData, StreamMetadataBuilder, TombstoneStreamOptions,
};
use sijill_engine::checkpoint_record::{CheckpointRecord, RecordError};
use sijill_ledger::{Checkpoint, LedgerId, LedgerIdentity, Root, SignedCheckpoint};
use sijill_store::EventStore as _;
use sijill_store_kurrentdb::{KurrentDbRecord, LeasedStore, Node};
use sijill_tests::key;

fn identity(n: u8) -> LedgerIdentity {
    LedgerIdentity {
        ledger: LedgerId::from_bytes([n; 32]),
        origin: "record.example".parse().unwrap(),
        key: key("ledger").key_id(),
    }
}

fn checkpoint(identity: &LedgerIdentity, size: u64, root: u8) -> SignedCheckpoint {
    Checkpoint::sign(identity, size, Root::from_bytes([root; 32]), &key("ledger")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract() {
    let cluster = cluster(1).await;
    let record = KurrentDbRecord::connect(options(&cluster), None).unwrap();
    let other = KurrentDbRecord::connect(options(&cluster), None).unwrap();
    let a = identity(1);
    let [one, two, fork, three] =
        [(1, 1), (2, 2), (2, 9), (3, 3)].map(|(size, root)| checkpoint(&a, size, root));
    assert!(record.load(&a).unwrap().is_none());
    assert!(record.ledgers().unwrap().is_empty());
    let early = record.advance(Some(&one), &two);
    assert!(
        matches!(early, Err(RecordError::Conflict { actual: None, .. })),
        "{early:?}"
    );
    record.advance(None, &one).unwrap();
    record.advance(None, &one).unwrap();
    record.advance(Some(&one), &two).unwrap();
    for (expected, new) in [(Some(&two), &fork), (Some(&two), &one), (None, &fork)] {
        let back = other.advance(expected, new);
        assert!(matches!(back, Err(RecordError::NotForward { .. })), "{back:?}");
    }
    for expected in [None, Some(&one), Some(&fork)] {
        let wrong = other.advance(expected, &three);
        assert!(matches!(wrong, Err(RecordError::Conflict { .. })), "{wrong:?}");
    }
    assert_eq!(other.load(&a).unwrap().map(|c| c.to_note()), Some(two.to_note()));
    assert_eq!(
        other.ledgers().unwrap().into_iter().collect::<Vec<_>>(),
        [a.ledger]
    );
    // Another ledger's key, or ledger.
    let mut stranger_identity = identity(1);
    stranger_identity.key = key("other").key_id();
    assert!(matches!(
        other.load(&stranger_identity),
        Err(RecordError::Damaged { .. })
    ));
}

/// A ledger that is yet to be received has neither a lease nor a record: that there is none can be asked before. A record
/// that is there is only told to who has the lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn loaded_before_there_is_a_lease() {
    let cluster = cluster(1).await;
    let node = Node {
        name: "one".into(),
        address: "https://one.example".into(),
        lease: Duration::from_secs(60),
    };
    let leased = LeasedStore::acquire(Arc::new(store(&cluster).await), node, Duration::ZERO)
        .await
        .unwrap();
    let record = KurrentDbRecord::connect(options(&cluster), Some(leased.leases())).unwrap();
    let a = identity(1);
    assert!(record.load(&a).unwrap().is_none());
    let one = checkpoint(&a, 1, 1);
    let without = record.advance(None, &one);
    assert!(
        matches!(without, Err(RecordError::Unavailable { .. })),
        "{without:?}"
    );
    assert!(record.load(&a).unwrap().is_none(), "nothing was recorded");
    leased.create(a.ledger, batch(&["0"])).await.unwrap();
    record.advance(None, &one).unwrap();
    assert_eq!(record.load(&a).unwrap().map(|c| c.to_note()), Some(one.to_note()));
    leased.release().await;
    let over = record.load(&a);
    assert!(matches!(over, Err(RecordError::Unavailable { .. })), "{over:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_two_writers_wins() {
    let cluster = cluster(1).await;
    let records = [0, 1].map(|_| KurrentDbRecord::connect(options(&cluster), None).unwrap());
    for n in 0..10 {
        let id = identity(10 + n);
        let first = checkpoint(&id, 1, 1);
        records[0].advance(None, &first).unwrap();
        let results = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2_u8)
                .map(|i| {
                    let (record, first, next) =
                        (&records[usize::from(i)], &first, checkpoint(&id, 2, 10 + i));
                    scope.spawn(move || record.advance(Some(first), &next))
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1, "{results:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn foreign_events_are_no_record() {
    let cluster = cluster(1).await;
    let record = KurrentDbRecord::connect(options(&cluster), None).unwrap();
    let a = identity(1);
    let one = checkpoint(&a, 1, 1);
    record.advance(None, &one).unwrap();
    for event in [
        EventData::binary("other", "x".into()),
        EventData::binary("sijill-checkpoint", "x".into()),
        EventData::binary("sijill-checkpoint", "x".into()).metadata(vec![0; 8].into()),
    ] {
        let stream = format!("sijill-checkpoint-{}", a.ledger);
        stranger(&cluster)
            .append_to_stream(stream, &AppendToStreamOptions::default(), event)
            .await
            .unwrap();
        assert!(record.load(&a).is_err());
        assert!(record.advance(Some(&one), &checkpoint(&a, 2, 2)).is_err());
    }
}

/// A record that was deleted or truncated is not one that never was: nothing is recorded in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deleted_is_not_absent() {
    for how in 0..3 {
        let cluster = cluster(1).await;
        let record = KurrentDbRecord::connect(options(&cluster), None).unwrap();
        let [a, b] = [identity(1), identity(2)];
        let [one, two] = [1, 2].map(|size| checkpoint(&a, size, 1));
        record.advance(None, &one).unwrap();
        let stream = format!("sijill-checkpoint-{}", a.ledger);
        let stranger = stranger(&cluster);
        match how {
            0 => {
                let options = DeleteStreamOptions::default();
                stranger.delete_stream(stream.clone(), &options).await.map(|_| ())
            }
            1 => {
                let options = TombstoneStreamOptions::default();
                stranger
                    .tombstone_stream(stream.clone(), &options)
                    .await
                    .map(|_| ())
            }
            _ => {
                let metadata = StreamMetadataBuilder::new().truncate_before(1).build();
                let options = AppendToStreamOptions::default();
                stranger
                    .set_stream_metadata(stream.clone(), &options, &metadata)
                    .await
                    .map(|_| ())
            }
        }
        .unwrap();
        let loaded = record.load(&a);
        let told = matches!(&loaded, Err(RecordError::Unavailable { source, .. })
            if source.to_string().contains("deleted or truncated"));
        assert!(told, "{loaded:?}");
        for expected in [None, Some(&one)] {
            let advanced = record.advance(expected, &two);
            assert!(
                matches!(advanced, Err(RecordError::Unavailable { .. })),
                "{advanced:?}"
            );
        }
        assert_eq!(cluster.database().len(&stream), 1);
        // It has a record, though not one that can be read; others go on.
        record.advance(None, &checkpoint(&b, 1, 1)).unwrap();
        let recorded: Vec<_> = record.ledgers().unwrap().into_iter().collect();
        assert_eq!(recorded, [a.ledger, b.ledger]);

        stranger
            .delete_stream("sijill-checkpoints", &DeleteStreamOptions::default())
            .await
            .unwrap();
        let names = record.ledgers();
        assert!(matches!(names, Err(RecordError::Unavailable { .. })), "{names:?}");
    }
}
