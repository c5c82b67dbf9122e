//! Which node writes a ledger.
//!
//! The stream `<namespace>-lease-<ledger>` holds who may write; each renewal is an event at the expected revision, so of
//! two nodes that want a lease one gets it. Its revision is the fencing number: it only grows. No node trusts another
//! one's clock: the holder counts from before it asked, and others take over when they have seen no renewal for as long
//! as the lease says, by their own clocks.
//!
//! *What a node that slept can do.* It refuses to write once its time is over. If it slept between that look and the
//! request, the request still stands under the ledger's expected revision; and what it then wants to sign is refused by
//! the checkpoint record, which the next holder has marked with its own fencing number: so nothing of it is ever
//! acknowledged unless the ledger and the record are still its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kurrentdb::{EventData, StreamState};
use sijill_ledger::{LedgerId, Seq};
use sijill_store::{
    AppendError, Batch, CreateError, EventStore, Page, PageLimit, ReadError, StoreState, Subscription, Tail,
};
use tokio::time::Instant;

use crate::server::{AbortOnDrop, Server, Trouble};
use crate::store::KurrentDbStore;

/// The type of an event of a lease: holder and address, each on its line, and milliseconds.
const LEASE: &str = "sijill-lease";

/// Who a node is, and how long its leases last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name, unique among the nodes of the service.
    pub name: String,
    /// Where others reach it.
    pub address: String,
    /// How long a lease lasts without renewal. It is renewed three times as often.
    pub lease: Duration,
}

/// Why a lease was not had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Another node holds it.
    #[error("ledger {ledger} is written by node {holder} at {address}; send it there")]
    Held {
        /// The ledger.
        ledger: LedgerId,
        /// Its name.
        holder: String,
        /// Where it is reached.
        address: String,
    },
    /// The store cannot be asked.
    #[error("{0}")]
    Unavailable(String),
    /// The name or address of a node is empty, too long or has line breaks.
    #[error(
        "a node's name and address are one line of at most 200 bytes each, and a lease lasts 50 ms to an hour"
    )]
    Node,
    /// What stands in the stream is no lease.
    #[error("the lease of ledger {ledger} is damaged")]
    Damaged {
        /// The ledger.
        ledger: LedgerId,
    },
}

#[derive(Debug, Clone, Copy)]
struct Held {
    /// The revision of the first event of this tenure.
    fence: u64,
    revision: u64,
    /// No writing from here on.
    until: Instant,
}

/// The leases of a node.
#[derive(Debug)]
pub struct Leases {
    server: Server,
    node: Node,
    held: Mutex<HashMap<LedgerId, Held>>,
}

/// What a lease's stream says.
struct Seen {
    revision: u64,
    holder: String,
    address: String,
    lease: Duration,
}

impl Leases {
    pub(crate) fn new(server: Server, node: Node) -> Result<Arc<Self>, LeaseError> {
        let line = |text: &str| !text.is_empty() && text.len() <= 200 && !text.chars().any(char::is_control);
        let span = Duration::from_millis(50)..=Duration::from_secs(3600);
        if !line(&node.name) || !line(&node.address) || !span.contains(&node.lease) {
            return Err(LeaseError::Node);
        }
        Ok(Arc::new(Self {
            server,
            node,
            held: Mutex::default(),
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
        (Instant::now() < held.until).then_some(held.fence)
    }

    async fn seen(&self, ledger: LedgerId) -> Result<Option<Seen>, LeaseError> {
        let stream = self.stream(ledger);
        let last = match self
            .server
            .patiently(|deadline| self.server.last(&stream, deadline))
            .await
        {
            Ok(last) => last,
            Err(Trouble::NotFound) => return Ok(None),
            Err(trouble) => return Err(LeaseError::Unavailable(trouble.reason())),
        };
        let text = std::str::from_utf8(&last.data)
            .ok()
            .filter(|_| last.event_type == LEASE);
        let mut lines = text.unwrap_or_default().split('\n');
        let mut line = || lines.next().map(str::to_owned);
        let (Some(holder), Some(address), Some(ms)) = (line(), line(), line()) else {
            return Err(LeaseError::Damaged { ledger });
        };
        let ms = ms.parse::<u64>().ok().filter(|ms| *ms <= 3_600_000);
        Ok(Some(Seen {
            revision: last.revision,
            holder,
            address,
            lease: Duration::from_millis(ms.ok_or(LeaseError::Damaged { ledger })?),
        }))
    }

    /// Writes this node's lease at a revision. None: another node was faster, or it is unknown.
    async fn claim(
        &self,
        ledger: LedgerId,
        after: Option<u64>,
    ) -> Result<Option<(u64, Instant)>, LeaseError> {
        // Counted from before the question: nobody else counts from earlier.
        let asked = Instant::now();
        let state = after.map_or(StreamState::NoStream, StreamState::StreamRevision);
        let text = format!(
            "{}\n{}\n{}",
            self.node.name,
            self.node.address,
            self.node.lease.as_millis()
        );
        let event = EventData::binary(LEASE, text.into_bytes().into()).id(uuid::Uuid::new_v4());
        let deadline = self.server.options.request.min(self.node.lease);
        let claimed = self
            .server
            .append(&self.stream(ledger), state, vec![event], deadline)
            .await;
        match claimed {
            // A tenth is left for clocks that run at different speeds.
            Ok(revision) => Ok(Some((revision, asked + self.node.lease * 9 / 10))),
            Err(Trouble::Denied | Trouble::Unsupported) => Err(LeaseError::Unavailable(
                "KurrentDB denies writing the lease".into(),
            )),
            // Not known to be ours is not ours.
            Err(_) => Ok(None),
        }
    }

    /// Gets the lease of a ledger, or waits until it can be had, at most for `patience`.
    ///
    /// # Errors
    /// [`LeaseError::Held`] if another node holds it then.
    pub async fn acquire(&self, ledger: LedgerId, patience: Duration) -> Result<u64, LeaseError> {
        if let Some(fence) = self.fence(ledger) {
            return Ok(fence);
        }
        let end = Instant::now() + patience;
        // Since when nothing has moved, by our clock.
        let mut watched: Option<(u64, Instant)> = None;
        loop {
            let seen = self.seen(ledger).await?;
            let now = Instant::now();
            let free = match &seen {
                None => true,
                Some(seen) if seen.lease.is_zero() => true,
                Some(seen) => {
                    let (revision, since) = *watched.get_or_insert((seen.revision, now));
                    if revision != seen.revision {
                        watched = Some((seen.revision, now));
                    }
                    revision == seen.revision && now.duration_since(since) > seen.lease
                }
            };
            if free
                && let Some((revision, until)) = self.claim(ledger, seen.as_ref().map(|s| s.revision)).await?
            {
                let held = Held {
                    fence: revision,
                    revision,
                    until,
                };
                self.held().insert(ledger, held);
                return Ok(revision);
            }
            if now >= end {
                return Err(match seen {
                    Some(seen) => LeaseError::Held {
                        ledger,
                        holder: seen.holder,
                        address: seen.address,
                    },
                    None => LeaseError::Unavailable("the lease was not written".into()),
                });
            }
            tokio::time::sleep((self.node.lease / 10).min(Duration::from_millis(500))).await;
        }
    }

    async fn renew(&self, ledger: LedgerId) {
        let Some(held) = self.held().get(&ledger).copied() else {
            return;
        };
        if Instant::now() >= held.until {
            return;
        }
        let renewed = self.claim(ledger, Some(held.revision)).await;
        let mut leases = self.held();
        let Some(held) = leases.get_mut(&ledger) else {
            return;
        };
        match renewed {
            Ok(Some((revision, until))) => {
                held.revision = revision;
                held.until = until;
            }
            // It runs out by itself; whether the renewal stands or not, nothing is written past the old end.
            Ok(None) | Err(_) => tracing::warn!(%ledger, "the lease was not renewed"),
        }
    }

    /// Gives every lease back, so that the next node need not wait.
    async fn release(&self) {
        let held: Vec<_> = self.held().drain().collect();
        for (ledger, held) in held {
            let text = format!("{}\n{}\n0", self.node.name, self.node.address);
            let event = EventData::binary(LEASE, text.into_bytes().into()).id(uuid::Uuid::new_v4());
            let state = StreamState::StreamRevision(held.revision);
            let released = self
                .server
                .append(
                    &self.stream(ledger),
                    state,
                    vec![event],
                    self.server.options.request,
                )
                .await;
            if let Err(trouble) = released {
                tracing::info!(%ledger, reason = trouble.reason(), "the lease was not given back; it runs out");
            }
        }
    }

    async fn refusal(&self, ledger: LedgerId) -> String {
        match self.seen(ledger).await {
            Ok(Some(seen)) if seen.holder != self.node.name => LeaseError::Held {
                ledger,
                holder: seen.holder,
                address: seen.address,
            }
            .to_string(),
            _ => format!("the lease of ledger {ledger} has run out; start this node again"),
        }
    }
}

/// A store that writes only what its node holds the lease of.
#[derive(Debug)]
pub struct LeasedStore {
    store: Arc<KurrentDbStore>,
    leases: Arc<Leases>,
    _renewal: AbortOnDrop<()>,
}

impl LeasedStore {
    /// Gets the lease of every ledger of the store, waiting for each at most for `patience`, and keeps them. Open the
    /// engine over it after that. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`LeaseError`]; leases that were had are not given back, they run out.
    pub async fn acquire(
        store: Arc<KurrentDbStore>,
        node: Node,
        patience: Duration,
    ) -> Result<Self, LeaseError> {
        let unavailable = |e: &dyn std::fmt::Display| LeaseError::Unavailable(e.to_string());
        let server = Server::connect(store.options().clone())
            .await
            .map_err(|e| unavailable(&e))?;
        let leases = Leases::new(server, node)?;
        let renewed = Arc::downgrade(&leases);
        let pause = leases.node.lease / 3;
        // Before the first lease is had: getting the others may take longer than one lasts.
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(leases) = renewed.upgrade() else { return };
                let ledgers: Vec<_> = leases.held().keys().copied().collect();
                let mut tasks = tokio::task::JoinSet::new();
                for ledger in ledgers {
                    let leases = Arc::clone(&leases);
                    tasks.spawn(async move { leases.renew(ledger).await });
                }
                while tasks.join_next().await.is_some() {}
            }
        });
        let leased = Self {
            store,
            leases,
            _renewal: AbortOnDrop(renewal),
        };
        for ledger in leased.store.list().await.map_err(|e| unavailable(&e))? {
            leased.leases.acquire(ledger, patience).await?;
        }
        Ok(leased)
    }

    /// The leases, which the checkpoint record asks for fencing numbers.
    #[must_use]
    pub fn leases(&self) -> Arc<Leases> {
        Arc::clone(&self.leases)
    }

    /// Gives the leases back. Stop writing first.
    pub async fn release(self) {
        self.leases.release().await;
    }
}

#[async_trait]
impl EventStore for LeasedStore {
    async fn create(&self, ledger: LedgerId, batch: Batch) -> Result<Tail, CreateError> {
        self.leases
            .acquire(ledger, Duration::ZERO)
            .await
            .map_err(|error| CreateError::Unavailable {
                reason: error.to_string(),
            })?;
        self.store.create(ledger, batch).await
    }

    async fn append(&self, ledger: LedgerId, expected: Seq, batch: Batch) -> Result<Tail, AppendError> {
        if self.leases.fence(ledger).is_none() {
            let reason = self.leases.refusal(ledger).await;
            return Err(AppendError::ReadOnly { reason });
        }
        self.store.append(ledger, expected, batch).await
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
