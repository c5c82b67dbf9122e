//! What was deleted, truncated, scavenged, redacted, replaced or written by somebody else is reported with its position,
//! and the ledger takes no more writes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

mod common;

use common::{LEDGER, batch, cluster, filled, store, stranger, stream};
use kurrentdb::{
    AppendToStreamOptions, DeleteStreamOptions, EventData, StreamMetadataBuilder, TombstoneStreamOptions,
};
use sijill_ledger::{LedgerId, Seq};
use sijill_store::{AppendError, CreateError, Damage, EventStore as _, PageLimit, ReadError};
use sijill_store_kurrentdb::KurrentDbStore;

fn corrupt(at: u64, damage: Damage) -> ReadError {
    ReadError::Corrupt {
        ledger: LEDGER,
        at: Seq::new(at),
        damage,
    }
}

async fn read(store: &KurrentDbStore, from: u64) -> Result<usize, ReadError> {
    let page = store.read(LEDGER, Seq::new(from), PageLimit::default()).await?;
    Ok(page.entries.len())
}

/// After the damage was met, nothing is appended; other ledgers go on.
async fn is_read_only(store: &KurrentDbStore, next: u64, at: u64) {
    let refused = store.append(LEDGER, Seq::new(next), batch(&["more"])).await;
    let at = Seq::new(at);
    assert_eq!(refused, Err(AppendError::Corrupt { ledger: LEDGER, at }));
    let other = LedgerId::from_bytes([9; 32]);
    store.create(other, batch(&["other"])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn redacted() {
    let cluster = cluster(1).await;
    let store = filled(&cluster, 6).await;
    cluster.database().redact(&stream(), 3);
    assert_eq!(read(&store, 0).await, Ok(3));
    assert_eq!(read(&store, 3).await, Err(corrupt(3, Damage::LeafMismatch)));
    assert_eq!(read(&store, 4).await, Ok(2));
    let mut subscription = store.subscribe(LEDGER, Seq::new(2)).await.unwrap();
    assert_eq!(subscription.next().await.unwrap().seq(), Seq::new(2));
    assert_eq!(subscription.next().await, Err(corrupt(3, Damage::LeafMismatch)));
    is_read_only(&store, 6, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_entry_is_redacted() {
    let cluster = cluster(1).await;
    let store = filled(&cluster, 3).await;
    cluster.database().redact(&stream(), 2);
    assert_eq!(store.tail(LEDGER).await, Err(corrupt(2, Damage::LeafMismatch)));
    assert_eq!(read(&store, 0).await, Ok(2));
    is_read_only(&store, 3, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scavenged() {
    let cluster = cluster(1).await;
    let store = filled(&cluster, 6).await;
    cluster.database().scavenge(&stream(), 2);
    assert_eq!(read(&store, 0).await, Ok(2));
    assert_eq!(read(&store, 2).await, Err(corrupt(2, Damage::Missing)));
    let mut subscription = store.subscribe(LEDGER, Seq::new(1)).await.unwrap();
    subscription.next().await.unwrap();
    assert_eq!(subscription.next().await, Err(corrupt(2, Damage::Missing)));
    is_read_only(&store, 6, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn truncated_by_metadata() {
    for metadata in [
        StreamMetadataBuilder::new().truncate_before(4).build(),
        StreamMetadataBuilder::new().max_count(2).build(),
    ] {
        let cluster = cluster(1).await;
        let store = filled(&cluster, 6).await;
        stranger(&cluster)
            .set_stream_metadata(stream(), &AppendToStreamOptions::default(), &metadata)
            .await
            .unwrap();
        assert_eq!(read(&store, 4).await, Ok(2));
        assert_eq!(read(&store, 0).await, Err(corrupt(0, Damage::Missing)));
        is_read_only(&store, 6, 0).await;
    }
}

/// A soft-deleted stream is continued by the server where it ended: a new ledger must not begin there.
#[tokio::test(flavor = "multi_thread")]
async fn deleted() {
    for hard in [false, true] {
        for seen in [false, true] {
            let cluster = cluster(1).await;
            let mut store = filled(&cluster, 3).await;
            let stranger = stranger(&cluster);
            if hard {
                let options = TombstoneStreamOptions::default();
                stranger.tombstone_stream(stream(), &options).await.unwrap();
            } else {
                let options = DeleteStreamOptions::default();
                stranger.delete_stream(stream(), &options).await.unwrap();
            }
            if !seen {
                store = common::store(&cluster).await;
            }
            assert_eq!(store.tail(LEDGER).await, Err(corrupt(0, Damage::Missing)));
            assert_eq!(read(&store, 0).await, Err(corrupt(0, Damage::Missing)));
            let created = store.create(LEDGER, batch(&["new"])).await;
            assert!(matches!(created, Err(CreateError::Damaged { .. })), "{created:?}");
            assert_eq!(cluster.database().len(&stream()), 3);
            assert!(
                store.list().await.unwrap().contains(&LEDGER),
                "it is there, though damaged"
            );
            is_read_only(&store, 3, 0).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_events() {
    let cluster = cluster(1).await;
    let store = filled(&cluster, 2).await;
    let entry = sijill_store::leaf_hash(b"x");
    let plausible = [entry.as_bytes().as_slice(), &[0; 20]].concat();
    for event in [
        EventData::binary("other", "x".into()),
        EventData::binary("sijill-entry", "x".into()),
        EventData::json("sijill-entry", &"x").unwrap(),
        // Right leaf hash, but an event id that no writer of ours makes.
        EventData::binary("sijill-entry", "x".into()).metadata(plausible.into()),
    ] {
        stranger(&cluster)
            .append_to_stream(stream(), &AppendToStreamOptions::default(), event)
            .await
            .unwrap();
        assert_eq!(store.tail(LEDGER).await, Err(corrupt(2, Damage::Unreadable)));
        assert_eq!(read(&store, 0).await, Ok(2));
        assert_eq!(read(&store, 2).await, Err(corrupt(2, Damage::Unreadable)));
        is_read_only_again(&store).await;
        cluster.database().cut(&stream(), 2);
    }
}

async fn is_read_only_again(store: &KurrentDbStore) {
    let refused = store.append(LEDGER, Seq::new(3), batch(&["more"])).await;
    assert!(matches!(refused, Err(AppendError::Corrupt { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_bytes() {
    let cluster = cluster(1).await;
    let store = filled(&cluster, 4).await;
    let metadata = [sijill_store::leaf_hash(b"forged").as_bytes().as_slice(), &[0; 20]].concat();
    cluster
        .database()
        .replace(&stream(), 1, b"forged".to_vec(), metadata);
    assert_eq!(read(&store, 1).await, Err(corrupt(1, Damage::Unreadable)));
    is_read_only(&store, 4, 1).await;
}

/// An old backup is not damage that a store can see; its end is just earlier. The checkpoint record sees it.
#[tokio::test(flavor = "multi_thread")]
async fn restored_backup() {
    let cluster = cluster(1).await;
    let store = filled(&cluster, 4).await;
    cluster.database().cut(&stream(), 2);
    assert_eq!(store.tail(LEDGER).await.unwrap().next, Seq::new(2));
    let next = Seq::new(2);
    assert_eq!(read(&store, 4).await, Err(ReadError::BeyondTail { next }));
    let expected = Seq::new(4);
    let refused = store.append(LEDGER, expected, batch(&["x"])).await;
    assert_eq!(
        refused,
        Err(AppendError::Conflict {
            expected,
            actual: next
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_are_damaged() {
    let damaged = cluster(1).await;
    let handle = filled(&damaged, 1).await;
    stranger(&damaged)
        .append_to_stream(
            "sijill-ledgers",
            &AppendToStreamOptions::default(),
            EventData::binary("other", "x".into()),
        )
        .await
        .unwrap();
    assert!(matches!(handle.list().await, Err(ReadError::Damaged { .. })));
    assert!(KurrentDbStore::connect(common::options(&damaged)).await.is_err());

    let deleted = cluster(1).await;
    filled(&deleted, 1).await;
    stranger(&deleted)
        .delete_stream("sijill-ledgers", &DeleteStreamOptions::default())
        .await
        .unwrap();
    assert!(KurrentDbStore::connect(common::options(&deleted)).await.is_err());
}

/// A crash between naming a ledger and creating it.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_a_stream_is_no_ledger() {
    let cluster = cluster(1).await;
    let name = EventData::binary("sijill-ledger", LEDGER.as_bytes().to_vec().into());
    stranger(&cluster)
        .append_to_stream("sijill-ledgers", &AppendToStreamOptions::default(), name)
        .await
        .unwrap();
    let store = store(&cluster).await;
    assert!(store.list().await.unwrap().is_empty());
    assert_eq!(
        store.tail(LEDGER).await,
        Err(ReadError::NotFound { ledger: LEDGER })
    );
    store.create(LEDGER, batch(&["0"])).await.unwrap();
    assert_eq!(store.list().await.unwrap().len(), 1);
}
