//! Which node writes a ledger.
//!
//! The stream `<namespace>-lease-<ledger>` holds who may write; each renewal is an event at the expected revision, so of
//! two nodes that want a lease one gets it. Its revision is the fencing number: it only grows. No node trusts another
//! one's clock: the holder counts from before it asked, and others take over when they have seen no renewal for as long
//! as the lease says, by their own clocks.
//!
//! *What a node that slept can do.* It looks at its own time before every request, and sends nothing when it is over. If
//! it slept between that look and the request, the request still stands under the ledger's expected revision; and what it
//! then wants to sign is refused by the checkpoint record, which the next holder has marked with its own fencing number:
//! so nothing of it is ever acknowledged unless the ledger and the record are still its own.
//!
//! *Why a thread of its own.* Leases are renewed while every other thread of the program is busy with proofs.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kurrentdb::EventData;
use sijill_ledger::{LedgerId, Seq};
use sijill_store::{
    AppendError, Batch, CreateError, Elsewhere, EventStore, Page, PageLimit, ReadError, StoreState,
    Subscription, Tail,
};
use tokio::runtime::Runtime;
use tokio::sync::{RwLock, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Moment;
use crate::server::{Server, Trouble};
use crate::store::{KurrentDbStore, Written};

/// The type of an event of a lease: holder and address, each on its line, and milliseconds.
const LEASE: &str = "sijill-lease";
/// Leases that are worked on at the same time.
const TURNS: usize = 64;
/// No lease is longer.
const LONGEST: Duration = Duration::from_secs(3600);

/// Who a node is, and how long its leases last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name, for people. Two nodes of one name exclude each other like any two.
    pub name: String,
    /// Where others reach it.
    pub address: String,
    /// How long a lease lasts without renewal, 50 ms to an hour. It is renewed three times as often.
    pub lease: Duration,
}

/// Why a lease was not had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Another node holds it.
    #[error(transparent)]
    Held(#[from] Elsewhere),
    /// The store cannot be asked, or does not write it.
    #[error("the leases cannot be had: {0}")]
    Unavailable(String),
    /// The name or address of a node is empty, too long or has line breaks.
    #[error(
        "a node's name and address are one line of at most 200 bytes each, and a lease lasts 50 ms to an hour"
    )]
    Node,
    /// What stands in the stream is no lease, or it was deleted.
    #[error(
        "the stream {stream} does not end with a lease: somebody else has written to it, or deleted or truncated it"
    )]
    Damaged {
        /// The stream.
        stream: String,
    },
}

#[derive(Debug, Clone, Copy)]
struct Held {
    /// The revision of the first event of this tenure.
    fence: u64,
    revision: u64,
    /// No writing from here on.
    until: Moment,
}

/// The leases of a node.
#[derive(Debug)]
pub struct Leases {
    server: Server,
    node: Node,
    held: Mutex<HashMap<LedgerId, Held>>,
    turns: Semaphore,
    /// Shared by renewals, held alone while leases are given back.
    renewals: RwLock<()>,
}

/// What a lease's stream says.
struct Seen {
    revision: u64,
    node: String,
    address: String,
    lease: Duration,
}

impl Seen {
    fn elsewhere(self, ledger: LedgerId, watched: Duration) -> Elsewhere {
        let left = self.lease.saturating_sub(watched);
        Elsewhere {
            ledger,
            node: self.node,
            address: self.address,
            ends_in_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// How a claim ended. Every case but `Unknown` is certain.
enum Claimed {
    /// At this revision, until then.
    Ours(u64, Moment),
    Others,
    Unknown(String),
}

impl Leases {
    fn new(server: Server, node: Node) -> Result<Arc<Self>, LeaseError> {
        let line = |text: &str| !text.is_empty() && text.len() <= 200 && !text.chars().any(char::is_control);
        let span = Duration::from_millis(50)..=LONGEST;
        if !line(&node.name) || !line(&node.address) || !span.contains(&node.lease) {
            return Err(LeaseError::Node);
        }
        Ok(Arc::new(Self {
            server,
            node,
            held: Mutex::default(),
            turns: Semaphore::new(TURNS),
            renewals: RwLock::new(()),
        }))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<LedgerId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(&self, ledger: LedgerId) -> String {
        format!("{}-lease-{ledger}", self.server.options.namespace)
    }

    /// The fencing number, if this node may write the ledger now.
    #[must_use]
    pub fn fence(&self, ledger: LedgerId) -> Option<u64> {
        let held = self.held().get(&ledger).copied()?;
        (Moment::now() < held.until).then_some(held.fence)
    }

    /// For how long this node may still write the ledger, if it may.
    pub(crate) fn left(&self, ledger: LedgerId) -> Option<Duration> {
        let until = self.held().get(&ledger)?.until;
        Some(until.since(Moment::now())).filter(|left| !left.is_zero())
    }

    async fn seen(&self, ledger: LedgerId) -> Result<Option<Seen>, LeaseError> {
        let stream = self.stream(ledger);
        let _turn = self.turns.acquire().await;
        let last = match self
            .server
            .patiently(|deadline| self.server.last(&stream, deadline))
            .await
        {
            Ok(last) => Ok(last),
            Err(Trouble::NotFound) => Err(self.server.missing(&stream).await),
            Err(trouble) => Err(trouble),
        };
        let last = match last {
            Ok(last) => last,
            Err(Trouble::NotFound) => return Ok(None),
            // Whose lease it was may still live, and fencing numbers would begin again.
            Err(Trouble::Deleted) => return Err(LeaseError::Damaged { stream }),
            Err(trouble) => return Err(LeaseError::Unavailable(trouble.reason())),
        };
        let text = std::str::from_utf8(&last.data)
            .ok()
            .filter(|_| last.event_type == LEASE);
        let lines: Vec<_> = text.unwrap_or_default().split('\n').collect();
        let &[node, address, ms] = &lines[..] else {
            return Err(LeaseError::Damaged { stream });
        };
        let lease = ms.parse().map(Duration::from_millis);
        match lease.ok().filter(|lease| *lease <= LONGEST) {
            None => Err(LeaseError::Damaged { stream }),
            Some(lease) => Ok(Some(Seen {
                revision: last.revision,
                node: node.to_owned(),
                address: address.to_owned(),
                lease,
            })),
        }
    }

    fn event(&self, ms: u128) -> EventData {
        let text = format!("{}\n{}\n{ms}", self.node.name, self.node.address);
        EventData::binary(LEASE, text.into_bytes().into())
    }

    /// Writes this node's lease at a revision.
    async fn claim(&self, ledger: LedgerId, after: Option<u64>) -> Result<Claimed, LeaseError> {
        let _turn = self.turns.acquire().await;
        // Counted from before the question: nobody else counts from earlier. A tenth is left for clocks that run at
        // different speeds.
        let until = Moment::now().after(self.node.lease * 9 / 10);
        let event = self.event(self.node.lease.as_millis());
        let patience = self.server.options.patience.min(self.node.lease * 9 / 10);
        let stream = self.stream(ledger);
        match self.server.put_one(&stream, after, event, patience).await {
            Ok(revision) => Ok(Claimed::Ours(revision, until)),
            Err(Trouble::WrongRevision(_)) => Ok(Claimed::Others),
            Err(Trouble::Deleted) => Err(LeaseError::Damaged { stream }),
            Err(trouble @ (Trouble::Denied | Trouble::Unsupported | Trouble::TooLarge)) => {
                Err(LeaseError::Unavailable(trouble.reason()))
            }
            // Not known to be ours is not ours.
            Err(trouble) => Ok(Claimed::Unknown(trouble.reason())),
        }
    }

    /// Gets the lease of a ledger. As long as nothing is heard of a node that holds it, waits for it to run out, at most
    /// for `patience`. Takes it only after what `first` says has happened.
    ///
    /// # Errors
    /// [`LeaseError::Held`] if another node holds it and lives, or may live when patience ends.
    async fn acquire(
        &self,
        ledger: LedgerId,
        patience: Duration,
        mut first: Option<watch::Receiver<bool>>,
    ) -> Result<u64, LeaseError> {
        if let Some(fence) = self.fence(ledger) {
            return Ok(fence);
        }
        let end = Moment::now().after(patience);
        // What was seen first, and when, by our clock.
        let mut watched: Option<(u64, Moment)> = None;
        loop {
            let seen = self.seen(ledger).await?;
            let now = Moment::now();
            let free = match &seen {
                None => true,
                Some(seen) if seen.lease.is_zero() => true,
                Some(seen) => {
                    let (revision, since) = *watched.get_or_insert((seen.revision, now));
                    revision == seen.revision && now.since(since) > seen.lease
                }
            };
            if free {
                if let Some(first) = &mut first
                    && first.wait_for(|had| *had).await.is_err()
                {
                    return Err(LeaseError::Unavailable("another lease was not had".into()));
                }
                match self.claim(ledger, seen.as_ref().map(|s| s.revision)).await? {
                    Claimed::Ours(revision, until) => {
                        let fence = revision;
                        self.held().insert(
                            ledger,
                            Held {
                                fence,
                                revision,
                                until,
                            },
                        );
                        return Ok(fence);
                    }
                    Claimed::Others => {}
                    Claimed::Unknown(reason) => return Err(LeaseError::Unavailable(reason)),
                }
            }
            let alive = |seen: &Seen| watched.is_some_and(|(first, _)| first != seen.revision);
            if let Some(seen) = seen
                && !free
                && (alive(&seen) || now >= end)
            {
                let watched = match watched {
                    Some((first, since)) if first == seen.revision => now.since(since),
                    _ => Duration::ZERO,
                };
                return Err(seen.elsewhere(ledger, watched).into());
            }
            tokio::time::sleep((self.node.lease / 10).min(Duration::from_millis(500))).await;
        }
    }

    /// Gets the leases of several ledgers, or of none.
    async fn acquire_all(
        self: &Arc<Self>,
        ledgers: BTreeSet<LedgerId>,
        patience: Duration,
    ) -> Result<(), LeaseError> {
        let mut ledgers = ledgers.into_iter();
        let Some(smallest) = ledgers.next() else {
            return Ok(());
        };
        // All are watched at once. But of nodes that want the same ledgers, who gets the smallest gets the others.
        let (had, first) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for ledger in ledgers {
            let (leases, first) = (Arc::clone(self), first.clone());
            tasks.spawn(async move { leases.acquire(ledger, patience, Some(first)).await });
        }
        let mut outcome = self.acquire(smallest, patience, None).await;
        if outcome.is_ok() {
            had.send_replace(true);
            while let Some(done) = tasks.join_next().await {
                outcome = done.unwrap_or_else(|_| Err(LeaseError::Unavailable("interrupted".into())));
                if outcome.is_err() {
                    break;
                }
            }
        }
        if let Err(error) = outcome {
            tasks.shutdown().await;
            self.release().await;
            return Err(error);
        }
        Ok(())
    }

    async fn renew(&self, ledger: LedgerId) {
        let _shared = self.renewals.read().await;
        let Some(held) = self.held().get(&ledger).copied() else {
            return;
        };
        if Moment::now() >= held.until {
            return;
        }
        let renewed = self.claim(ledger, Some(held.revision)).await;
        let mut leases = self.held();
        let Some(held) = leases.get_mut(&ledger) else {
            return;
        };
        match renewed {
            Ok(Claimed::Ours(revision, until)) => {
                held.revision = revision;
                held.until = until;
            }
            // It is certain that it is another node's.
            Ok(Claimed::Others) => {
                leases.remove(&ledger);
                tracing::warn!(%ledger, "another node has taken the lease");
            }
            // It runs out by itself; whether the renewal stands or not, nothing is written past the old end.
            Ok(Claimed::Unknown(_)) | Err(_) => tracing::warn!(%ledger, "the lease was not renewed"),
        }
    }

    /// Gives every lease back, so that the next node need not wait.
    async fn release(self: &Arc<Self>) {
        let _alone = self.renewals.write().await;
        let held: Vec<_> = self.held().drain().collect();
        let mut tasks = JoinSet::new();
        for (ledger, held) in held {
            let leases = Arc::clone(self);
            tasks.spawn(async move {
                let _turn = leases.turns.acquire().await;
                let patience = leases.server.options.request;
                let released = leases
                    .server
                    .put_one(&leases.stream(ledger), Some(held.revision), leases.event(0), patience)
                    .await;
                if let Err(trouble) = released {
                    tracing::info!(%ledger, reason = trouble.reason(), "the lease was not given back; it runs out");
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Why this node may not write a ledger.
    async fn refusal(&self, ledger: LedgerId) -> AppendError {
        match self.seen(ledger).await {
            Ok(Some(seen)) if seen.node != self.node.name || seen.address != self.node.address => {
                AppendError::Elsewhere(Box::new(seen.elsewhere(ledger, Duration::ZERO)))
            }
            _ => AppendError::ReadOnly {
                reason: format!(
                    "this node's lease of ledger {ledger} has run out before it could be renewed; start the node again"
                ),
            },
        }
    }
}

/// The thread that renews leases, and everything that it needs of a runtime.
struct Keeper(Option<Runtime>);

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper")
    }
}

impl Keeper {
    fn start() -> std::io::Result<Self> {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sijill-leases")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    /// Has the thread do something.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, LeaseError> {
        let stopped = || LeaseError::Unavailable("the thread of the leases has stopped".into());
        let task = self.0.as_ref().map(|runtime| runtime.spawn(work));
        task.ok_or_else(stopped)?.await.map_err(|_| stopped())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting is not allowed where a runtime is dropped.
            runtime.shutdown_background();
        }
    }
}

/// A store that writes only what its node holds the lease of. Dropped without [`release`](Self::release), its leases run
/// out.
#[derive(Debug)]
pub struct LeasedStore {
    store: Arc<KurrentDbStore>,
    leases: Arc<Leases>,
    keeper: Keeper,
}

impl LeasedStore {
    /// Gets the lease of every ledger of the store, and keeps them: all of them, or none. As long as nothing is heard of a
    /// node that holds one, waits for it to run out, at most for `patience`. Open the engine over it after that. Needs a
    /// tokio runtime.
    ///
    /// # Errors
    /// [`LeaseError`]
    pub async fn acquire(
        store: Arc<KurrentDbStore>,
        node: Node,
        patience: Duration,
    ) -> Result<Self, LeaseError> {
        let unavailable = |e: &dyn fmt::Display| LeaseError::Unavailable(e.to_string());
        let keeper = Keeper::start().map_err(|e| unavailable(&e))?;
        let options = store.options().clone();
        let server = keeper.run(Server::connect(options)).await?;
        let leases = Leases::new(server.map_err(|e| unavailable(&e))?, node)?;
        let renewed = Arc::downgrade(&leases);
        let pause = leases.node.lease / 3;
        let renewal = async move {
            // No renewal waits for another ledger's, and no ledger has two.
            let mut under_way: HashMap<LedgerId, JoinHandle<()>> = HashMap::new();
            loop {
                tokio::time::sleep(pause).await;
                let Some(leases) = renewed.upgrade() else { return };
                under_way.retain(|_, task| !task.is_finished());
                let ledgers: Vec<_> = leases.held().keys().copied().collect();
                for ledger in ledgers {
                    under_way.entry(ledger).or_insert_with(|| {
                        let leases = Arc::clone(&leases);
                        tokio::spawn(async move { leases.renew(ledger).await })
                    });
                }
            }
        };
        // Before the first lease is had: getting the others may take longer than one lasts.
        if let Some(runtime) = &keeper.0 {
            runtime.spawn(renewal);
        }
        let ledgers = store.list().await.map_err(|e| unavailable(&e))?;
        let all = Arc::clone(&leases);
        keeper
            .run(async move { all.acquire_all(ledgers, patience).await })
            .await??;
        Ok(Self {
            store,
            leases,
            keeper,
        })
    }

    /// The leases, which the checkpoint record asks for fencing numbers.
    #[must_use]
    pub fn leases(&self) -> Arc<Leases> {
        Arc::clone(&self.leases)
    }

    /// Gives the leases back; nothing is written through this handle from here on. Stop writing first.
    pub async fn release(&self) {
        let leases = Arc::clone(&self.leases);
        // If the thread is gone, they run out.
        let _gone = self.keeper.run(async move { leases.release().await }).await;
    }
}

#[async_trait]
impl EventStore for LeasedStore {
    async fn create(&self, ledger: LedgerId, batch: Batch) -> Result<Tail, CreateError> {
        let leases = Arc::clone(&self.leases);
        let acquired = self
            .keeper
            .run(async move { leases.acquire(ledger, Duration::ZERO, None).await })
            .await;
        match acquired {
            Ok(Ok(_)) => self.store.create_under(Some(&self.leases), ledger, batch).await,
            Ok(Err(LeaseError::Held(elsewhere))) => Err(CreateError::Elsewhere(Box::new(elsewhere))),
            Ok(Err(error)) | Err(error) => Err(CreateError::Unavailable {
                reason: error.to_string(),
            }),
        }
    }

    async fn append(&self, ledger: LedgerId, expected: Seq, batch: Batch) -> Result<Tail, AppendError> {
        let written = self
            .store
            .append_under(Some(&self.leases), ledger, expected, batch)
            .await;
        match written {
            Err(Written::NoLease) => Err(self.leases.refusal(ledger).await),
            Err(written) => Err(written.append_error(ledger, expected)),
            Ok(tail) => Ok(tail),
        }
    }

    async fn read(&self, ledger: LedgerId, from: Seq, limit: PageLimit) -> Result<Page, ReadError> {
        self.store.read(ledger, from, limit).await
    }

    async fn tail(&self, ledger: LedgerId) -> Result<Tail, ReadError> {
        self.store.tail(ledger).await
    }

    async fn list(&self) -> Result<BTreeSet<LedgerId>, ReadError> {
        self.store.list().await
    }

    async fn subscribe(&self, ledger: LedgerId, from: Seq) -> Result<Subscription, ReadError> {
        self.store.subscribe(ledger, from).await
    }

    fn state(&self) -> StoreState {
        self.store.state()
    }

    fn batch_bytes(&self) -> usize {
        self.store.batch_bytes()
    }
}
