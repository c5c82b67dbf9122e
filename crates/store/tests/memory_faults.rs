//! The faults that the memory backend can be told to have do what they say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::sync::Arc;
use std::time::Duration;

use sijill_ledger::{LedgerId, Seq};
use sijill_store::{
    AppendError, Batch, CreateError, Damage, Disk, EventStore, MemoryStore, NewEntry, Outcome, PageLimit,
    ReadError, ReadFault, ResolveError, WriteFault, resolve,
};

const LEDGER: LedgerId = LedgerId::from_bytes([7; 32]);
const ONE: Seq = Seq::new(1);

fn batch(text: &str) -> Batch {
    Batch::new(vec![NewEntry::new(text.into()).unwrap()]).unwrap()
}

async fn store() -> MemoryStore {
    let store = MemoryStore::new();
    store.create(LEDGER, batch("genesis")).await.unwrap();
    store
}

async fn size(store: &MemoryStore) -> u64 {
    store.tail(LEDGER).await.unwrap().next.as_u64()
}

#[tokio::test]
async fn refusals_write_nothing() {
    let store = store().await;
    for fault in [WriteFault::Busy, WriteFault::Unavailable, WriteFault::TooLarge] {
        store.inject_write(fault);
        let refused = store.append(LEDGER, ONE, batch("a")).await.unwrap_err();
        assert_eq!(refused.is_transient(), fault != WriteFault::TooLarge);
        assert_eq!(size(&store).await, 1);
    }
    store.append(LEDGER, ONE, batch("a")).await.unwrap();
}

#[tokio::test]
async fn unknown_outcomes_resolve() {
    let store = store().await;
    let a = batch("a");
    store.inject_write(WriteFault::Lost);
    let unknown = store.append(LEDGER, ONE, a.clone()).await;
    assert!(matches!(unknown, Err(AppendError::OutcomeUnknown { .. })));
    assert_eq!(resolve(&store, LEDGER, ONE, &a).await, Ok(Outcome::Absent));

    store.inject_write(WriteFault::AnswerLost);
    let unknown = store.append(LEDGER, ONE, a.clone()).await;
    assert!(matches!(unknown, Err(AppendError::OutcomeUnknown { .. })));
    let tail = a.tail_at(ONE);
    assert_eq!(
        resolve(&store, LEDGER, ONE, &a).await,
        Ok(Outcome::Committed { tail })
    );

    let other = LedgerId::from_bytes([8; 32]);
    store.inject_write(WriteFault::AnswerLost);
    let unknown = store.create(other, a.clone()).await;
    assert!(matches!(unknown, Err(CreateError::OutcomeUnknown { .. })));
    let tail = a.tail_at(Seq::ZERO);
    assert_eq!(
        resolve(&store, other, Seq::ZERO, &a).await,
        Ok(Outcome::Committed { tail })
    );
}

/// A write on its way to a cluster: absent when looked for, there later, unless its position was taken.
#[tokio::test]
async fn a_late_write_lands_only_on_a_free_position() {
    for taken in [false, true] {
        let store = store().await;
        store.inject_write(WriteFault::Late);
        let unknown = store.append(LEDGER, ONE, batch("late")).await;
        assert!(matches!(unknown, Err(AppendError::OutcomeUnknown { .. })));
        assert_eq!(
            resolve(&store, LEDGER, ONE, &batch("late")).await,
            Ok(Outcome::Absent)
        );
        if taken {
            store.append(LEDGER, ONE, batch("taken")).await.unwrap();
        }
        assert_eq!(store.land_late(), usize::from(!taken));
        assert_eq!(size(&store).await, 2);
        let resolved = resolve(&store, LEDGER, ONE, &batch("late")).await.unwrap();
        assert_eq!(matches!(resolved, Outcome::Superseded { .. }), taken);
    }
}

#[tokio::test]
async fn a_broken_store_takes_no_writes() {
    let store = store().await;
    store.inject_write(WriteFault::Breaks);
    let unknown = store.append(LEDGER, ONE, batch("a")).await;
    assert!(matches!(unknown, Err(AppendError::OutcomeUnknown { .. })));
    let refused = store.append(LEDGER, ONE, batch("a")).await;
    assert!(matches!(refused, Err(AppendError::ReadOnly { .. })));
    let open = resolve(&store, LEDGER, ONE, &batch("a")).await;
    assert!(matches!(open, Err(ResolveError::ReadOnly { .. })));
    let again = MemoryStore::open(store.disk());
    assert_eq!(
        resolve(&again, LEDGER, ONE, &batch("a")).await,
        Ok(Outcome::Absent)
    );
}

#[tokio::test]
async fn damage_is_reported_where_it_is() {
    let store = store().await;
    for at in 1..4 {
        store
            .append(LEDGER, Seq::new(at), batch(&format!("entry {at}")))
            .await
            .unwrap();
    }
    let corrupt = |at, damage| {
        let at = Seq::new(at);
        ReadError::Corrupt {
            ledger: LEDGER,
            at,
            damage,
        }
    };
    let pristine = store.disk().copy();
    assert!(store.disk().flip(LEDGER, Seq::new(2), 0));
    assert!(!store.disk().flip(LEDGER, Seq::new(9), 0));
    let page = store.read(LEDGER, Seq::ZERO, PageLimit::default()).await.unwrap();
    assert_eq!(page.entries.len(), 2);
    let read = store.read(LEDGER, Seq::new(2), PageLimit::default()).await;
    assert_eq!(read, Err(corrupt(2, Damage::LeafMismatch)));
    assert!(store.disk().erase(LEDGER, Seq::new(3)));
    assert_eq!(store.tail(LEDGER).await, Err(corrupt(3, Damage::Missing)));
    let mut subscription = store.subscribe(LEDGER, Seq::new(2)).await.unwrap();
    assert_eq!(subscription.next().await, Err(corrupt(2, Damage::LeafMismatch)));

    let restored = MemoryStore::open(&pristine);
    assert_eq!(size(&restored).await, 4);
    pristine.truncate(LEDGER, 2);
    assert_eq!(size(&restored).await, 2);
    assert!(pristine.replace(LEDGER, ONE, b"forged".to_vec()));
    let page = restored.read(LEDGER, ONE, PageLimit::default()).await.unwrap();
    assert_eq!(page.entries[0].bytes(), b"forged");
}

#[tokio::test(start_paused = true)]
async fn delays_and_read_faults() {
    let store = Arc::new(store().await);
    store.inject_read(ReadFault::Unavailable);
    assert!(matches!(
        store.tail(LEDGER).await,
        Err(ReadError::Unavailable { .. })
    ));
    store.inject_read(ReadFault::Delay(Duration::from_secs(3)));
    store.inject_write(WriteFault::Delay(Duration::from_secs(5)));
    let start = tokio::time::Instant::now();
    store.append(LEDGER, ONE, batch("a")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert_eq!(size(&store).await, 2);
    assert_eq!(start.elapsed(), Duration::from_secs(8));
    store.inject_read(ReadFault::Unavailable);
    let mut subscription = store.subscribe(LEDGER, ONE).await.unwrap();
    assert!(subscription.next().await.is_err());
    assert_eq!(
        subscription.next().await.unwrap().bytes(),
        b"a",
        "it goes on where it stood"
    );
}

#[tokio::test]
async fn a_disk_outlives_its_handles() {
    let disk = Disk::new();
    MemoryStore::open(&disk)
        .create(LEDGER, batch("genesis"))
        .await
        .unwrap();
    assert_eq!(size(&MemoryStore::open(&disk)).await, 1);
}
