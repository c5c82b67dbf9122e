//! What every backend must pass: [`run`], called from the backend's tests.
//!
//! Each case works on ledgers of its own, so that the storage may be shared with other tests. A case that fails panics
//! with what it found.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sijill_ledger::{LeafHash, LedgerId, MAX_ENTRY_BYTES, Seq};
use tokio::task::JoinSet;

use crate::contract::{
    Batch, EventStore, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, NewEntry, Outcome, PageLimit, StoreState,
    StoredEntry, Tail, leaf_hash, resolve,
};
use crate::error::{AppendError, BatchError, CreateError, ReadError};

/// Opens the storage under test.
#[async_trait]
pub trait Factory: Sync {
    /// Opens the same storage every time. The suite drops a handle before it asks for the next.
    async fn open(&self) -> Arc<dyn EventStore>;
}

/// How much the suite does.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Names the ledgers and fills the entries. Another seed on the same storage means other ledgers.
    pub seed: u64,
    /// Ledgers in the case of many ledgers.
    pub ledgers: usize,
    /// Rounds of each race.
    pub races: usize,
}

impl Default for Scale {
    /// Seed 1, 1,000 ledgers, 20 rounds.
    fn default() -> Self {
        Self {
            seed: 1,
            ledgers: 1000,
            races: 20,
        }
    }
}

/// Runs all cases. Needs a tokio runtime with time; more than one thread makes the races real.
///
/// # Panics
/// With the first breach of the contract.
pub async fn run(factory: &dyn Factory, scale: Scale) {
    let store = factory.open().await;
    let cases = Cases { store, scale };
    assert_eq!(cases.store.state(), StoreState::Writable);
    cases.batches_are_checked();
    cases.entries_come_back().await;
    cases.unknown_ledgers().await;
    cases.creation_happens_once().await;
    cases.racing_creators().await;
    cases.conflicts_name_the_head().await;
    cases.racing_appenders().await;
    cases.equal_entries_each_stand().await;
    cases.interrupted_writers_leave_all_or_nothing().await;
    cases.batches_are_atomic().await;
    cases.largest_entries_and_batches().await;
    cases.page_borders().await;
    cases.outcomes_resolve().await;
    cases.many_ledgers().await;
    cases.subscriptions_resume_everywhere().await;
    cases.subscriptions_follow().await;
    cases.slow_subscribers_hold_nobody_up().await;
    let scale = cases.scale;
    drop(cases);
    reopening_keeps_everything(factory, scale).await;
}

struct Cases {
    store: Arc<dyn EventStore>,
    scale: Scale,
}

impl Cases {
    fn ledger(&self, case: &str) -> Ledger {
        Ledger::new(self.scale, case)
    }

    fn batches_are_checked(&self) {
        let ledger = self.ledger("batches");
        assert_eq!(Batch::new(Vec::new()), Err(BatchError::Empty));
        assert_eq!(NewEntry::new(Vec::new()), Err(BatchError::EmptyEntry));
        let long = NewEntry::new(vec![0; MAX_ENTRY_BYTES + 1]);
        assert!(matches!(
            long,
            Err(BatchError::EntryTooLarge { bytes: 65_536, .. })
        ));
        let wrong = NewEntry::with_leaf(ledger.bytes(1), leaf_hash(&ledger.bytes(2)));
        assert_eq!(wrong, Err(BatchError::LeafMismatch));
        let bytes = ledger.bytes(1);
        let right = must(NewEntry::with_leaf(bytes.clone(), leaf_hash(&bytes)));
        assert_eq!((right.leaf(), right.bytes()), (leaf_hash(&bytes), &bytes[..]));
        let entry = must(NewEntry::new(vec![7; MAX_ENTRY_BYTES]));
        let heavy = Batch::new(vec![entry; MAX_BATCH_BYTES / MAX_ENTRY_BYTES + 1]);
        assert!(matches!(heavy, Err(BatchError::TooLarge { .. })));
        let many = Batch::new(vec![right; MAX_BATCH_ENTRIES + 1]);
        assert!(matches!(many, Err(BatchError::TooLarge { .. })));
    }

    async fn entries_come_back(&self) {
        let ledger = self.ledger("come-back");
        let tail = must(self.store.create(ledger.id, ledger.batch(0..1)).await);
        assert_eq!(tail, ledger.tail(1));
        let tail = must(
            self.store
                .append(ledger.id, Seq::new(1), ledger.batch(1..4))
                .await,
        );
        assert_eq!(tail, ledger.tail(4));
        let tail = must(
            self.store
                .append(ledger.id, Seq::new(4), ledger.batch(4..5))
                .await,
        );
        assert_eq!(tail, ledger.tail(5));
        ledger.expect(&*self.store, 5).await;
    }

    async fn unknown_ledgers(&self) {
        let ledger = self.ledger("unknown");
        let id = ledger.id;
        for expected in [0, 1] {
            let append = self
                .store
                .append(id, Seq::new(expected), ledger.batch(0..1))
                .await;
            assert_eq!(append, Err(AppendError::NotFound { ledger: id }));
        }
        let none = ReadError::NotFound { ledger: id };
        assert_eq!(self.store.tail(id).await, Err(none.clone()));
        assert_eq!(
            self.store.read(id, Seq::ZERO, PageLimit::default()).await,
            Err(none.clone())
        );
        assert_eq!(self.store.subscribe(id, Seq::ZERO).await.err(), Some(none));
        assert!(!must(self.store.list().await).contains(&id));
    }

    async fn creation_happens_once(&self) {
        let ledger = self.ledger("once");
        must(self.store.create(ledger.id, ledger.batch(0..2)).await);
        for batch in [ledger.batch(0..2), ledger.batch(5..6)] {
            let again = self.store.create(ledger.id, batch).await;
            assert_eq!(again, Err(CreateError::AlreadyExists { ledger: ledger.id }));
        }
        ledger.expect(&*self.store, 2).await;
    }

    async fn racing_creators(&self) {
        for round in 0..self.scale.races {
            let ledger = self.ledger(&format!("racing-creators-{round}"));
            let mut tasks = JoinSet::new();
            for racer in 0..4_u64 {
                // In every other round all want the very same bytes.
                let first = if round % 2 == 0 { 0 } else { racer * 10 };
                let batch = ledger.batch(first..first + 2);
                let store = Arc::clone(&self.store);
                let id = ledger.id;
                tasks.spawn(async move { (first, patient_create(&*store, id, batch).await) });
            }
            let mut winners = Vec::new();
            while let Some(result) = tasks.join_next().await {
                match must(result) {
                    (first, Ok(_)) => winners.push(first),
                    (_, Err(error)) => assert_eq!(error, CreateError::AlreadyExists { ledger: ledger.id }),
                }
            }
            assert_eq!(winners.len(), 1, "winners: {winners:?}");
            let page = must(self.store.read(ledger.id, Seq::ZERO, PageLimit::default()).await);
            let bytes: Vec<_> = page.entries.into_iter().map(StoredEntry::into_bytes).collect();
            assert_eq!(bytes, [ledger.bytes(winners[0]), ledger.bytes(winners[0] + 1)]);
        }
    }

    async fn conflicts_name_the_head(&self) {
        let ledger = self.ledger("conflicts");
        must(self.store.create(ledger.id, ledger.batch(0..3)).await);
        for expected in [0, 1, 2, 4, 1 << 40, u64::MAX] {
            let expected = Seq::new(expected);
            let result = self.store.append(ledger.id, expected, ledger.batch(3..4)).await;
            let actual = Seq::new(3);
            assert_eq!(result, Err(AppendError::Conflict { expected, actual }));
        }
        // A repetition of what stands there is a conflict too.
        let result = self
            .store
            .append(ledger.id, Seq::new(1), ledger.batch(1..3))
            .await;
        assert!(matches!(result, Err(AppendError::Conflict { .. })), "{result:?}");
        ledger.expect(&*self.store, 3).await;
        must(
            self.store
                .append(ledger.id, Seq::new(3), ledger.batch(3..4))
                .await,
        );
        ledger.expect(&*self.store, 4).await;
    }

    async fn racing_appenders(&self) {
        let ledger = self.ledger("racing-appenders");
        must(self.store.create(ledger.id, ledger.batch(0..1)).await);
        let mut head = 1;
        for round in 0..self.scale.races as u64 {
            let mut tasks = JoinSet::new();
            for racer in 0..4 {
                let first = 1000 * (round + 1) + if round % 2 == 0 { 0 } else { racer * 10 };
                let batch = ledger.batch(first..first + 3);
                let store = Arc::clone(&self.store);
                let id = ledger.id;
                tasks.spawn(async move { (first, patient_append(&*store, id, Seq::new(head), batch).await) });
            }
            let mut winners = Vec::new();
            while let Some(result) = tasks.join_next().await {
                match must(result) {
                    (first, Ok(tail)) => {
                        assert_eq!(tail.next, Seq::new(head + 3));
                        winners.push(first);
                    }
                    (_, Err(error)) => assert_eq!(
                        error,
                        AppendError::Conflict {
                            expected: Seq::new(head),
                            actual: Seq::new(head + 3)
                        }
                    ),
                }
            }
            assert_eq!(winners.len(), 1, "winners: {winners:?}");
            let page = must(
                self.store
                    .read(ledger.id, Seq::new(head), PageLimit::default())
                    .await,
            );
            let bytes: Vec<_> = page.entries.into_iter().map(StoredEntry::into_bytes).collect();
            let first = winners[0];
            assert_eq!(
                bytes,
                [
                    ledger.bytes(first),
                    ledger.bytes(first + 1),
                    ledger.bytes(first + 2)
                ]
            );
            head += 3;
        }
    }

    /// A store that recognises repeated writes by what is written must not swallow entries that are the same bytes.
    async fn equal_entries_each_stand(&self) {
        let ledger = self.ledger("equal");
        let same = |count| must(Batch::new(vec![must(NewEntry::new(ledger.bytes(0))); count]));
        must(self.store.create(ledger.id, same(2)).await);
        let mut next = 2;
        for count in [1, 3, 1, 1] {
            let tail = must(patient_append(&*self.store, ledger.id, Seq::new(next), same(count)).await);
            next += count as u64;
            assert_eq!(tail.next, Seq::new(next));
        }
        let page = must(self.store.read(ledger.id, Seq::ZERO, PageLimit::default()).await);
        assert_eq!(page.entries.len() as u64, next);
        assert!(page.entries.iter().all(|entry| entry.bytes() == ledger.bytes(0)));
    }

    /// Whoever gives up waiting for a write finds it made or not made, and can go on from there.
    async fn interrupted_writers_leave_all_or_nothing(&self) {
        let ledger = self.ledger("interrupted");
        must(self.store.create(ledger.id, ledger.batch(0..1)).await);
        let mut next = 1;
        for round in 0..self.scale.races as u64 {
            let batch = ledger.batch(next..next + 3);
            let patience = Duration::from_micros(40 * round);
            let write = self.store.append(ledger.id, Seq::new(next), batch.clone());
            let _given_up = tokio::time::timeout(patience, write).await;
            // Repeated by somebody who cannot know: one of the two stands.
            match patient_append(&*self.store, ledger.id, Seq::new(next), batch.clone()).await {
                Ok(tail) => assert_eq!(tail, batch.tail_at(Seq::new(next))),
                Err(error) => {
                    let (expected, actual) = (Seq::new(next), Seq::new(next + 3));
                    assert_eq!(error, AppendError::Conflict { expected, actual });
                }
            }
            let tail = batch.tail_at(Seq::new(next));
            assert_eq!(
                must(resolve(&*self.store, ledger.id, Seq::new(next), &batch).await),
                Outcome::Committed { tail }
            );
            next += 3;
            ledger.expect(&*self.store, next).await;
        }
    }

    /// Nobody ever sees a part of a batch.
    async fn batches_are_atomic(&self) {
        let ledger = self.ledger("atomic");
        must(self.store.create(ledger.id, ledger.batch(0..5)).await);
        let (store, id) = (Arc::clone(&self.store), ledger.id);
        let watcher = tokio::spawn(async move {
            let mut seen = BTreeSet::new();
            loop {
                let next = must(store.tail(id).await).next.as_u64();
                let page = must(
                    store
                        .read(id, Seq::ZERO, PageLimit::new(usize::MAX, usize::MAX))
                        .await,
                );
                assert_eq!(page.next, Seq::new(page.entries.len() as u64));
                seen.extend([next, page.next.as_u64()]);
                if next == 105 {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        });
        for round in 1..=20 {
            must(
                patient_append(
                    &*self.store,
                    id,
                    Seq::new(round * 5),
                    ledger.batch(round * 5..round * 5 + 5),
                )
                .await,
            );
        }
        let seen = must(watcher.await);
        assert!(seen.iter().all(|next| next % 5 == 0), "{seen:?}");
        ledger.expect(&*self.store, 105).await;
    }

    async fn largest_entries_and_batches(&self) {
        let ledger = self.ledger("largest");
        let largest: Vec<u8> = ledger
            .bytes(0)
            .iter()
            .copied()
            .cycle()
            .take(MAX_ENTRY_BYTES)
            .collect();
        let entry = must(NewEntry::new(largest.clone()));
        must(
            self.store
                .create(ledger.id, must(Batch::new(vec![entry.clone()])))
                .await,
        );
        let smallest = must(Batch::new(vec![must(NewEntry::new(vec![0]))]));
        must(self.store.append(ledger.id, Seq::new(1), smallest).await);
        let page = must(self.store.read(ledger.id, Seq::ZERO, PageLimit::new(10, 1)).await);
        assert_eq!(
            page.entries.len(),
            1,
            "an entry longer than the limit comes alone"
        );
        assert_eq!(page.entries[0].bytes(), largest);

        // The largest batch is written, or refused as too large: a backend may take less.
        let count = MAX_BATCH_BYTES / MAX_ENTRY_BYTES;
        let heavy = must(Batch::new(vec![entry; count]));
        let many = must(Batch::new(vec![must(NewEntry::new(vec![1])); MAX_BATCH_ENTRIES]));
        let mut next = 2;
        for batch in [heavy, many] {
            let entries = batch.entries().len() as u64;
            match patient_append(&*self.store, ledger.id, Seq::new(next), batch).await {
                Ok(_) => next += entries,
                Err(error) => assert_eq!(error, AppendError::TooLarge),
            }
            assert_eq!(must(self.store.tail(ledger.id).await).next, Seq::new(next));
        }
    }

    async fn page_borders(&self) {
        let ledger = self.ledger("pages");
        const SIZE: u64 = 23;
        must(self.store.create(ledger.id, ledger.batch(0..1)).await);
        must(
            self.store
                .append(ledger.id, Seq::new(1), ledger.batch(1..SIZE))
                .await,
        );
        let length = |from: u64, to: u64| (from..to).map(|i| ledger.bytes(i).len()).sum::<usize>();
        for from in 0..=SIZE {
            for entries in [1, 2, 7, 22, 23, 24, 1000] {
                let page = must(
                    self.store
                        .read(ledger.id, Seq::new(from), PageLimit::new(entries, usize::MAX))
                        .await,
                );
                let end = SIZE.min(from + entries as u64);
                ledger.expect_entries(&page.entries, from, end);
                assert_eq!(page.next, Seq::new(SIZE));
            }
            for end in (from + 1)..=SIZE {
                // Exactly enough for the entries up to `end`, and one byte less.
                let exact = PageLimit::new(1000, length(from, end));
                let page = must(self.store.read(ledger.id, Seq::new(from), exact).await);
                ledger.expect_entries(&page.entries, from, end);
                let short = PageLimit::new(1000, length(from, end) - 1);
                let page = must(self.store.read(ledger.id, Seq::new(from), short).await);
                ledger.expect_entries(&page.entries, from, (end - 1).max(from + 1));
            }
        }
        let zero = must(self.store.read(ledger.id, Seq::ZERO, PageLimit::new(0, 0)).await);
        ledger.expect_entries(&zero.entries, 0, 1);
        for beyond in [SIZE + 1, 1 << 40, u64::MAX] {
            let error = ReadError::BeyondTail { next: Seq::new(SIZE) };
            let page = self
                .store
                .read(ledger.id, Seq::new(beyond), PageLimit::default())
                .await;
            assert_eq!(page, Err(error.clone()));
            let subscription = self.store.subscribe(ledger.id, Seq::new(beyond)).await;
            assert_eq!(subscription.err(), Some(error));
        }
    }

    async fn outcomes_resolve(&self) {
        let ledger = self.ledger("resolve");
        let store = &*self.store;
        let genesis = ledger.batch(0..2);
        assert_eq!(
            must(resolve(store, ledger.id, Seq::ZERO, &genesis).await),
            Outcome::Absent
        );
        must(store.create(ledger.id, genesis.clone()).await);
        let committed = |batch: &Batch, at| Outcome::Committed {
            tail: batch.tail_at(at),
        };
        assert_eq!(
            must(resolve(store, ledger.id, Seq::ZERO, &genesis).await),
            committed(&genesis, Seq::ZERO)
        );
        let at = Seq::new(2);
        let batch = ledger.batch(2..5);
        assert_eq!(must(resolve(store, ledger.id, at, &batch).await), Outcome::Absent);
        must(store.append(ledger.id, at, batch.clone()).await);
        must(store.append(ledger.id, Seq::new(5), ledger.batch(5..6)).await);
        assert_eq!(
            must(resolve(store, ledger.id, at, &batch).await),
            committed(&batch, at)
        );
        for other in [ledger.batch(7..8), ledger.batch(2..8)] {
            let next = Seq::new(6);
            let outcome = must(resolve(store, ledger.id, at, &other).await);
            assert_eq!(outcome, Outcome::Superseded { next });
        }
    }

    async fn many_ledgers(&self) {
        let ledgers: Vec<_> = (0..self.scale.ledgers)
            .map(|i| self.ledger(&format!("many-{i}")))
            .collect();
        let mut tasks = JoinSet::new();
        for ledger in ledgers.clone() {
            let store = Arc::clone(&self.store);
            tasks.spawn(async move {
                must(patient_create(&*store, ledger.id, ledger.batch(0..1)).await);
                for round in 0..3 {
                    let at = 1 + 2 * round;
                    must(patient_append(&*store, ledger.id, Seq::new(at), ledger.batch(at..at + 2)).await);
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            must(done);
        }
        let listed = must(self.store.list().await);
        for ledger in &ledgers {
            assert!(listed.contains(&ledger.id));
            ledger.expect(&*self.store, 7).await;
        }
    }

    async fn subscriptions_resume_everywhere(&self) {
        let ledger = self.ledger("resume");
        const SIZE: u64 = 12;
        must(self.store.create(ledger.id, ledger.batch(0..SIZE)).await);
        for from in 0..=SIZE {
            let mut subscription = must(self.store.subscribe(ledger.id, Seq::new(from)).await);
            for at in from..SIZE {
                assert_eq!(subscription.position(), Seq::new(at));
                ledger.expect_entry(&must(subscription.next().await), at);
                // Leave here, come back here.
                let mut resumed = must(self.store.subscribe(ledger.id, subscription.position()).await);
                if at + 1 < SIZE {
                    ledger.expect_entry(&must(resumed.next().await), at + 1);
                }
            }
            assert_eq!(subscription.position(), Seq::new(SIZE));
            let waiting = tokio::time::timeout(Duration::from_millis(2), subscription.next()).await;
            assert!(waiting.is_err(), "nothing is there yet: {waiting:?}");
        }
    }

    async fn subscriptions_follow(&self) {
        let ledger = self.ledger("follow");
        const SIZE: u64 = 200;
        must(self.store.create(ledger.id, ledger.batch(0..1)).await);
        let mut tasks = JoinSet::new();
        for from in [0, 1] {
            let (store, ledger) = (Arc::clone(&self.store), ledger.clone());
            tasks.spawn(async move {
                let mut subscription = must(store.subscribe(ledger.id, Seq::new(from)).await);
                let mut at = from;
                while at < SIZE {
                    // Impatience must not lose an entry.
                    let patience = Duration::from_micros(50 + 13 * at);
                    if let Ok(entry) = tokio::time::timeout(patience, subscription.next()).await {
                        ledger.expect_entry(&must(entry), at);
                        at += 1;
                    }
                }
            });
        }
        let mut at = 1;
        while at < SIZE {
            let end = SIZE.min(at + 1 + at % 5);
            must(patient_append(&*self.store, ledger.id, Seq::new(at), ledger.batch(at..end)).await);
            at = end;
        }
        let all = async {
            while let Some(done) = tasks.join_next().await {
                must(done);
            }
        };
        must(tokio::time::timeout(Duration::from_secs(60), all).await);
    }

    async fn slow_subscribers_hold_nobody_up(&self) {
        let ledger = self.ledger("slow");
        must(self.store.create(ledger.id, ledger.batch(0..1)).await);
        let mut slow = must(self.store.subscribe(ledger.id, Seq::ZERO).await);
        ledger.expect_entry(&must(slow.next().await), 0);
        const ROUNDS: u64 = 30;
        for round in 0..ROUNDS {
            let at = 1 + round * 100;
            must(patient_append(&*self.store, ledger.id, Seq::new(at), ledger.batch(at..at + 100)).await);
        }
        for at in 1..=ROUNDS * 100 {
            ledger.expect_entry(&must(slow.next().await), at);
        }
    }
}

async fn reopening_keeps_everything(factory: &dyn Factory, scale: Scale) {
    let ledger = Ledger::new(scale, "reopen");
    let mut size = 3;
    {
        let store = factory.open().await;
        must(store.create(ledger.id, ledger.batch(0..size)).await);
        let mut subscription = must(store.subscribe(ledger.id, Seq::new(size)).await);
        drop(store);
        let ended = must(tokio::time::timeout(Duration::from_secs(10), subscription.next()).await);
        assert!(matches!(ended, Err(ReadError::Unavailable { .. })), "{ended:?}");
    }
    for _ in 0..3 {
        let store = factory.open().await;
        ledger.expect(&*store, size).await;
        must(
            store
                .append(ledger.id, Seq::new(size), ledger.batch(size..size + 2))
                .await,
        );
        size += 2;
    }
    let store = factory.open().await;
    ledger.expect(&*store, size).await;
    for i in [0, scale.ledgers / 2, scale.ledgers.saturating_sub(1)] {
        if i < scale.ledgers {
            Ledger::new(scale, &format!("many-{i}")).expect(&*store, 7).await;
        }
    }
}

/// A ledger with entries that can be told from all others.
#[derive(Debug, Clone)]
struct Ledger {
    id: LedgerId,
}

impl Ledger {
    fn new(scale: Scale, case: &str) -> Self {
        let name = format!("sijill-store conformance {} {case}", scale.seed);
        Self {
            id: LedgerId::from_bytes(leaf_hash(name.as_bytes()).to_bytes()),
        }
    }

    /// Entry number `i`: 32 to 300 bytes.
    fn bytes(&self, i: u64) -> Vec<u8> {
        let mut seed = self.id.as_bytes().to_vec();
        seed.extend(i.to_le_bytes());
        let hash = leaf_hash(&seed);
        let length = 32 + usize::from(hash.as_bytes()[0]) + usize::from(hash.as_bytes()[1] % 14);
        hash.as_bytes().iter().copied().cycle().take(length).collect()
    }

    fn batch(&self, range: std::ops::Range<u64>) -> Batch {
        let entries = range.map(|i| must(NewEntry::new(self.bytes(i)))).collect();
        must(Batch::new(entries))
    }

    fn leaf(&self, i: u64) -> LeafHash {
        leaf_hash(&self.bytes(i))
    }

    fn tail(&self, size: u64) -> Tail {
        Tail {
            next: Seq::new(size),
            last: self.leaf(size - 1),
        }
    }

    fn expect_entry(&self, entry: &StoredEntry, at: u64) {
        assert_eq!(entry.seq(), Seq::new(at));
        assert_eq!(entry.bytes(), self.bytes(at));
        assert_eq!(entry.leaf(), self.leaf(at));
    }

    fn expect_entries(&self, entries: &[StoredEntry], from: u64, to: u64) {
        assert_eq!(
            entries.len() as u64,
            to.saturating_sub(from),
            "entries {from} to {to}"
        );
        for (entry, at) in entries.iter().zip(from..) {
            self.expect_entry(entry, at);
        }
    }

    /// The ledger is exactly entries 0 to `size`.
    async fn expect(&self, store: &dyn EventStore, size: u64) {
        assert_eq!(must(store.tail(self.id).await), self.tail(size));
        let mut at = 0;
        while at < size {
            let page = must(store.read(self.id, Seq::new(at), PageLimit::default()).await);
            assert_eq!(page.next, Seq::new(size));
            assert!(!page.entries.is_empty());
            let end = at + page.entries.len() as u64;
            self.expect_entries(&page.entries, at, end);
            at = end;
        }
        assert_eq!(at, size);
        let end = must(store.read(self.id, Seq::new(size), PageLimit::default()).await);
        assert!(end.entries.is_empty());
    }
}

/// Creates, however busy the store is.
async fn patient_create(store: &dyn EventStore, ledger: LedgerId, batch: Batch) -> Result<Tail, CreateError> {
    loop {
        match store.create(ledger, batch.clone()).await {
            Err(error) if error.is_transient() => tokio::time::sleep(Duration::from_millis(1)).await,
            result => return result,
        }
    }
}

/// Appends, however busy the store is.
async fn patient_append(
    store: &dyn EventStore,
    ledger: LedgerId,
    expected: Seq,
    batch: Batch,
) -> Result<Tail, AppendError> {
    loop {
        match store.append(ledger, expected, batch.clone()).await {
            Err(error) if error.is_transient() => tokio::time::sleep(Duration::from_millis(1)).await,
            result => return result,
        }
    }
}

fn must<T, E: Debug>(result: Result<T, E>) -> T {
    result.expect("the contract promises success here")
}
