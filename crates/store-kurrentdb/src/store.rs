//! The store.
//!
//! *Writing.* A write is sent with the revision that it expects and with event ids that only this call can have made.
//! If the answer is missing, the range is read back: our ids there: it was made; other events there: it never will be;
//! nothing there: it is sent again with the same ids, which the server recognises if the first one arrives after all.
//! When patience ends before one of these is certain, the outcome is unknown, and is said to be.
//!
//! *Creating.* The ledger is named in the stream of ledgers first. A crash in between leaves a name without a stream,
//! which does not count as a ledger.
//!
//! *Damage.* What is read is compared with its leaf hash and position. A damage that was met once is remembered: the
//! ledger takes no more writes through this handle.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kurrentdb::{EventData, StreamState};
use sijill_ledger::{LedgerId, Seq};
use sijill_store::{
    AppendError, Batch, CreateError, Damage, EventStore, Page, PageLimit, ReadError, StoreState,
    Subscription, Tail,
};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::event::{Token, decode, encode, is_of};
use crate::lease::Leases;
use crate::options::{KurrentDbError, KurrentDbOptions};
use crate::server::{Patience, Server, Trouble};
use crate::subscription::Source;

/// The type of an event that names a ledger.
const LEDGER: &str = "sijill-ledger";
const NO_LEASE: &str = "this node's lease of the ledger has run out; start the node again";
/// Ledgers that are looked for at the same time.
const LOOKUPS: usize = 64;
/// Revisions are signed on the server's side.
const MAX_REVISION: u64 = i64::MAX.unsigned_abs();

/// An event store in KurrentDB. Clients of other machines may use the same one.
///
/// Dropping the handle ends its subscriptions. Writes that are under way go on.
#[derive(Debug)]
pub struct KurrentDbStore {
    inner: Arc<Inner>,
    closed: watch::Sender<bool>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) server: Server,
    room: Semaphore,
    known: Mutex<Known>,
    /// Nobody reads the stream of ledgers twice at the same time.
    listing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    /// Names that were read, up to `named_to`.
    named: BTreeSet<LedgerId>,
    named_to: u64,
    /// Ledgers that were seen to exist.
    existing: BTreeSet<LedgerId>,
    /// The first damage met.
    damaged: HashMap<LedgerId, Seq>,
}

/// How a write ended. Every case but `Unknown` is certain.
pub(crate) enum Written {
    Stands,
    /// The lease under which it was to be made is over; nothing was sent.
    NoLease,
    /// Others stand there; the last revision, if the ledger exists.
    Refused(Option<u64>),
    TooLarge,
    Busy,
    Unavailable(String),
    Denied(String),
    Damaged(Seq),
    Unknown(String),
}

/// What stands where a write belongs.
enum Standing {
    Ours,
    Others,
    Nothing,
}

impl KurrentDbStore {
    /// Connects to the servers. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`KurrentDbError`]
    pub async fn connect(options: KurrentDbOptions) -> Result<Self, KurrentDbError> {
        let hosts = options.hosts.clone();
        let room = Semaphore::new(options.in_flight.clamp(1, Semaphore::MAX_PERMITS));
        let inner = Arc::new(Inner {
            server: Server::connect(options).await?,
            room,
            known: Mutex::default(),
            listing: tokio::sync::Mutex::new(()),
        });
        // Reading the names shows wrong credentials now and not in the middle of a poll.
        inner.read_names().await.map_err(|error| match error {
            Names::Trouble(Trouble::Denied) => KurrentDbError::Denied { hosts },
            Names::Trouble(trouble) => KurrentDbError::Unreachable {
                hosts,
                reason: trouble.reason(),
            },
            Names::Damaged(reason) => KurrentDbError::Damaged { hosts, reason },
        })?;
        Ok(Self {
            inner,
            closed: watch::Sender::new(false),
        })
    }

    pub(crate) fn options(&self) -> &KurrentDbOptions {
        &self.inner.server.options
    }

    /// A write in a task of its own, which goes on if the caller goes. With `leases`, each request is sent only while
    /// they hold.
    async fn write(
        &self,
        leases: Option<&Arc<Leases>>,
        ledger: LedgerId,
        expected: Option<Seq>,
        batch: Batch,
    ) -> Written {
        let inner = Arc::clone(&self.inner);
        let leases = leases.map(Arc::clone);
        let task = tokio::spawn(async move {
            let Ok(_room) = inner.room.try_acquire() else {
                return Written::Busy;
            };
            if let Some(at) = inner.known().damaged.get(&ledger) {
                return Written::Damaged(*at);
            }
            match expected {
                Some(expected) => inner.append(leases.as_deref(), ledger, expected, &batch).await,
                None => inner.create(leases.as_deref(), ledger, &batch).await,
            }
        });
        task.await
            .unwrap_or_else(|_| Written::Unknown("the write was interrupted".into()))
    }

    pub(crate) async fn create_under(
        &self,
        leases: Option<&Arc<Leases>>,
        ledger: LedgerId,
        batch: Batch,
    ) -> Result<Tail, CreateError> {
        let tail = batch.tail_at(Seq::ZERO);
        match self.write(leases, ledger, None, batch).await {
            Written::Stands => Ok(tail),
            Written::Refused(_) => Err(CreateError::AlreadyExists { ledger }),
            Written::TooLarge => Err(CreateError::TooLarge),
            Written::Busy => Err(CreateError::Busy),
            Written::Unavailable(reason) => Err(CreateError::Unavailable { reason }),
            Written::Denied(reason) => Err(CreateError::ReadOnly { reason }),
            Written::NoLease => Err(CreateError::Unavailable {
                reason: NO_LEASE.to_owned(),
            }),
            Written::Damaged(at) => Err(CreateError::Damaged {
                reason: format!("the stream of ledger {ledger} was deleted, or is damaged at position {at}"),
            }),
            Written::Unknown(reason) => Err(CreateError::OutcomeUnknown { reason }),
        }
    }

    pub(crate) async fn append_under(
        &self,
        leases: Option<&Arc<Leases>>,
        ledger: LedgerId,
        expected: Seq,
        batch: Batch,
    ) -> Result<Tail, Written> {
        let tail = batch.tail_at(expected);
        match self.write(leases, ledger, Some(expected), batch).await {
            Written::Stands => Ok(tail),
            other => Err(other),
        }
    }
}

impl Drop for KurrentDbStore {
    fn drop(&mut self) {
        self.closed.send_replace(true);
    }
}

impl Written {
    /// What a write that does not stand is to whoever asked for it.
    pub(crate) fn append_error(self, ledger: LedgerId, expected: Seq) -> AppendError {
        match self {
            Self::Refused(None) => AppendError::NotFound { ledger },
            Self::Refused(Some(last)) => AppendError::Conflict {
                expected,
                actual: Seq::new(last.saturating_add(1)),
            },
            Self::TooLarge => AppendError::TooLarge,
            Self::Busy => AppendError::Busy,
            Self::Unavailable(reason) => AppendError::Unavailable { reason },
            Self::Denied(reason) => AppendError::ReadOnly { reason },
            Self::NoLease => AppendError::ReadOnly {
                reason: NO_LEASE.to_owned(),
            },
            Self::Damaged(at) => AppendError::Corrupt { ledger, at },
            Self::Unknown(reason) => AppendError::OutcomeUnknown { reason },
            Self::Stands => AppendError::OutcomeUnknown {
                reason: "it stands".to_owned(),
            },
        }
    }
}

#[async_trait]
impl EventStore for KurrentDbStore {
    async fn create(&self, ledger: LedgerId, batch: Batch) -> Result<Tail, CreateError> {
        self.create_under(None, ledger, batch).await
    }

    async fn append(&self, ledger: LedgerId, expected: Seq, batch: Batch) -> Result<Tail, AppendError> {
        self.append_under(None, ledger, expected, batch)
            .await
            .map_err(|written| written.append_error(ledger, expected))
    }

    async fn read(&self, ledger: LedgerId, from: Seq, limit: PageLimit) -> Result<Page, ReadError> {
        // The end first, the page after it: the page may then be cut to it, so that both belong together.
        let next = self.inner.tail(ledger).await.map_or_else(
            |error| match error {
                // Damage at the end does not keep what stands before it from being read.
                ReadError::Corrupt { at, .. } if from < at => Ok(at.next()),
                error => Err(error),
            },
            |tail| Ok(tail.next),
        )?;
        if from > next {
            return Err(ReadError::BeyondTail { next });
        }
        let left = usize::try_from(next.as_u64() - from.as_u64()).unwrap_or(usize::MAX);
        let count = limit.entries().min(left);
        let mut entries = Vec::new();
        if count == 0 {
            return Ok(Page { entries, next });
        }
        let events = self
            .inner
            .events(ledger, from.as_u64(), count, limit.bytes())
            .await?;
        let mut bytes = 0;
        for (event, at) in events.into_iter().zip(from.as_u64()..) {
            match decode(ledger, Seq::new(at), event) {
                Ok(entry) if limit.admits(entries.len(), bytes, entry.bytes().len()) => {
                    bytes += entry.bytes().len();
                    entries.push(entry);
                }
                Err(error) if entries.is_empty() => return Err(self.inner.noted(error)),
                Ok(_) | Err(_) => break,
            }
        }
        if entries.is_empty() {
            let damage = Damage::Missing;
            return Err(self.inner.noted(ReadError::Corrupt {
                ledger,
                at: from,
                damage,
            }));
        }
        Ok(Page { entries, next })
    }

    async fn tail(&self, ledger: LedgerId) -> Result<Tail, ReadError> {
        self.inner.tail(ledger).await
    }

    async fn list(&self) -> Result<BTreeSet<LedgerId>, ReadError> {
        self.inner.list().await
    }

    async fn subscribe(&self, ledger: LedgerId, from: Seq) -> Result<Subscription, ReadError> {
        let next = match self.inner.tail(ledger).await {
            Ok(tail) => tail.next,
            // A damaged entry is reported when the subscription gets to it.
            Err(ReadError::Corrupt { at, .. }) if from <= at => from,
            Err(error) => return Err(error),
        };
        if from > next {
            return Err(ReadError::BeyondTail { next });
        }
        let source = Source::new(ledger, &self.inner, self.closed.subscribe());
        Ok(Subscription::new(ledger, from, Box::new(source)))
    }

    fn state(&self) -> StoreState {
        StoreState::Writable
    }

    fn batch_bytes(&self) -> usize {
        self.inner
            .server
            .options
            .batch_bytes
            .clamp(1, sijill_store::MAX_BATCH_BYTES)
    }
}

/// Why the names of ledgers cannot be read.
enum Names {
    Trouble(Trouble),
    Damaged(String),
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers damage: the ledger takes no more writes through this handle.
    pub(crate) fn noted(&self, error: ReadError) -> ReadError {
        if let ReadError::Corrupt { ledger, at, damage } = &error {
            let mut known = self.known();
            if known.damaged.insert(*ledger, *at).is_none() {
                tracing::error!(%ledger, %at, %damage, "the ledger is damaged, and read-only from now on");
            }
        }
        error
    }

    /// What trouble with a ledger's stream means to a reader.
    pub(crate) fn read_trouble(&self, ledger: LedgerId, trouble: Trouble) -> ReadError {
        match trouble {
            Trouble::Deleted => self.noted(ReadError::Corrupt {
                ledger,
                at: Seq::ZERO,
                damage: Damage::Missing,
            }),
            Trouble::NotFound => ReadError::NotFound { ledger },
            other => ReadError::Unavailable {
                reason: other.reason(),
            },
        }
    }

    async fn create(&self, leases: Option<&Leases>, ledger: LedgerId, batch: &Batch) -> Written {
        if let Err(trouble) = self.name(ledger).await {
            // Nothing of the ledger was written, whatever became of the name.
            return match trouble {
                Trouble::Denied | Trouble::Unsupported => Written::Denied(trouble.reason()),
                Trouble::Busy => Written::Busy,
                other => Written::Unavailable(other.reason()),
            };
        }
        // A deleted stream would be continued where it ended.
        match self.tail(ledger).await {
            Ok(tail) => return Written::Refused(tail.next.as_u64().checked_sub(1)),
            Err(ReadError::NotFound { .. }) => {}
            Err(ReadError::Corrupt { at, .. }) => return Written::Damaged(at),
            Err(error) => return Written::Unavailable(error.to_string()),
        }
        self.write(leases, ledger, StreamState::NoStream, 0, batch).await
    }

    async fn append(
        &self,
        leases: Option<&Leases>,
        ledger: LedgerId,
        expected: Seq,
        batch: &Batch,
    ) -> Written {
        let Some(revision) = expected.as_u64().checked_sub(1).filter(|r| *r < MAX_REVISION) else {
            // Nothing can be appended there; but say where the end is.
            return match self.tail(ledger).await {
                Ok(tail) => Written::Refused(tail.next.as_u64().checked_sub(1)),
                Err(ReadError::NotFound { .. }) => Written::Refused(None),
                Err(ReadError::Corrupt { at, .. }) => Written::Damaged(at),
                Err(error) => Written::Unavailable(error.to_string()),
            };
        };
        self.write(
            leases,
            ledger,
            StreamState::StreamRevision(revision),
            expected.as_u64(),
            batch,
        )
        .await
    }

    async fn write(
        &self,
        leases: Option<&Leases>,
        ledger: LedgerId,
        state: StreamState,
        first: u64,
        batch: &Batch,
    ) -> Written {
        let stream = self.server.options.stream_of(ledger);
        let token = Token::random();
        let last = first + batch.entries().len() as u64 - 1;
        let existed = self.was_seen(ledger);
        let mut patience = Patience::new(self.server.options.patience);
        // The first reason for doubt; from then on only what is read back counts.
        let mut doubt: Option<String> = None;
        loop {
            let left = match leases.map(|leases| leases.left(ledger)) {
                None => Duration::MAX,
                Some(Some(left)) => left,
                Some(None) => return doubt.map_or(Written::NoLease, Written::Unknown),
            };
            let deadline = self.server.options.request.min(patience.left()).min(left);
            let sent = self
                .server
                .append(&stream, state, encode(batch, token), deadline)
                .await;
            let trouble = match sent {
                Ok(revision) if revision == last => {
                    self.known().existing.insert(ledger);
                    return Written::Stands;
                }
                Ok(revision) => {
                    self.noted(ReadError::Corrupt {
                        ledger,
                        at: Seq::new(first),
                        damage: Damage::Missing,
                    });
                    return Written::Unknown(format!(
                        "the server put the entries at {revision} instead of {last}"
                    ));
                }
                Err(trouble) => trouble,
            };
            match (&trouble, &doubt) {
                (Trouble::WrongRevision(current), None) => {
                    return self.refused(ledger, existed, *current);
                }
                (Trouble::TooLarge, None) => return Written::TooLarge,
                (Trouble::Denied | Trouble::Unsupported, None) => return Written::Denied(trouble.reason()),
                (Trouble::Deleted, _) => {
                    self.read_trouble(ledger, Trouble::Deleted);
                    return Written::Damaged(Seq::ZERO);
                }
                (Trouble::Busy | Trouble::NotSent(_), None) => {
                    if !patience.pause().await {
                        return match trouble {
                            Trouble::Busy => Written::Busy,
                            other => Written::Unavailable(other.reason()),
                        };
                    }
                    continue;
                }
                _ => {}
            }
            let reason = doubt.get_or_insert_with(|| trouble.reason()).clone();
            match self.standing(&stream, first, token, batch, patience.left()).await {
                Ok(Standing::Ours) => {
                    self.known().existing.insert(ledger);
                    return Written::Stands;
                }
                Ok(Standing::Others) => {
                    return match self.tail(ledger).await {
                        Ok(tail) => Written::Refused(tail.next.as_u64().checked_sub(1)),
                        Err(ReadError::Corrupt { at, .. }) => Written::Damaged(at),
                        Err(_) => Written::Unknown(reason),
                    };
                }
                // Sent again, unless patience ends.
                Ok(Standing::Nothing) | Err(_) => {}
            }
            if !patience.pause().await {
                return Written::Unknown(reason);
            }
        }
    }

    /// Whether the ledger was seen to exist. To be asked before the request whose answer it explains: a ledger may be
    /// created while a request is under way.
    fn was_seen(&self, ledger: LedgerId) -> bool {
        self.known().existing.contains(&ledger)
    }

    /// A refusal by revision. A ledger that has gone since it was seen is damage and not absence.
    fn refused(&self, ledger: LedgerId, existed: bool, current: Option<u64>) -> Written {
        if current.is_none() && existed {
            self.read_trouble(ledger, Trouble::Deleted);
            return Written::Damaged(Seq::ZERO);
        }
        Written::Refused(current)
    }

    /// What stands from `first` on.
    async fn standing(
        &self,
        stream: &str,
        first: u64,
        token: Token,
        batch: &Batch,
        most: Duration,
    ) -> Result<Standing, Trouble> {
        let deadline = self.server.options.request.min(most);
        let events = match self
            .server
            .read(stream, first, batch.entries().len(), usize::MAX, deadline)
            .await
        {
            Err(Trouble::NotFound) => return Ok(Standing::Nothing),
            read => read?,
        };
        if events.is_empty() {
            return Ok(Standing::Nothing);
        }
        let all = events.len() == batch.entries().len()
            && (0..)
                .zip(&events)
                .zip(batch.entries())
                .all(|((place, event), entry)| {
                    event.revision == first + u64::from(place)
                        && is_of(event, token, place, entry.leaf())
                        && event.data == entry.bytes()
                });
        Ok(if all { Standing::Ours } else { Standing::Others })
    }

    async fn events(
        &self,
        ledger: LedgerId,
        from: u64,
        count: usize,
        bytes: usize,
    ) -> Result<Vec<kurrentdb::RecordedEvent>, ReadError> {
        let stream = self.server.options.stream_of(ledger);
        let existed = self.was_seen(ledger);
        match self
            .server
            .patiently(|deadline| self.server.read(&stream, from, count, bytes, deadline))
            .await
        {
            Ok(events) => Ok(events),
            Err(trouble) => Err(self.missing_or(ledger, existed, trouble).await),
        }
    }

    pub(crate) async fn tail(&self, ledger: LedgerId) -> Result<Tail, ReadError> {
        let stream = self.server.options.stream_of(ledger);
        let existed = self.was_seen(ledger);
        let last = match self
            .server
            .patiently(|deadline| self.server.last(&stream, deadline))
            .await
        {
            Ok(last) => last,
            Err(trouble) => return Err(self.missing_or(ledger, existed, trouble).await),
        };
        let at = Seq::new(last.revision);
        let entry = decode(ledger, at, last).map_err(|error| self.noted(error))?;
        self.known().existing.insert(ledger);
        Ok(Tail {
            next: at.next(),
            last: entry.leaf(),
        })
    }

    /// Tells a stream that never was from one that was deleted or truncated.
    async fn missing_or(&self, ledger: LedgerId, existed: bool, trouble: Trouble) -> ReadError {
        if !matches!(trouble, Trouble::NotFound) {
            return self.read_trouble(ledger, trouble);
        }
        if existed {
            return self.read_trouble(ledger, Trouble::Deleted);
        }
        let stream = self.server.options.stream_of(ledger);
        self.read_trouble(ledger, self.server.missing(&stream).await)
    }

    /// Names a ledger. The same name twice is no harm.
    async fn name(&self, ledger: LedgerId) -> Result<(), Trouble> {
        if self.known().named.contains(&ledger) {
            return Ok(());
        }
        let ledgers = self.server.options.ledgers();
        let event = || EventData::binary(LEDGER, ledger.as_bytes().to_vec().into()).id(uuid::Uuid::new_v4());
        self.server
            .patiently(|deadline| {
                self.server
                    .append(&ledgers, StreamState::Any, vec![event()], deadline)
            })
            .await
            .map(|_| ())
    }

    /// Reads the names that are new.
    async fn read_names(&self) -> Result<(), Names> {
        let _one = self.listing.lock().await;
        let ledgers = self.server.options.ledgers();
        loop {
            let from = self.known().named_to;
            let page = self
                .server
                .patiently(|deadline| {
                    self.server
                        .read(&ledgers, from, PageLimit::MAX_ENTRIES, usize::MAX, deadline)
                })
                .await;
            let events = match page {
                Err(Trouble::NotFound) if from == 0 => {
                    let metadata = self
                        .server
                        .patiently(|deadline| self.server.has_metadata(&ledgers, deadline))
                        .await
                        .map_err(Names::Trouble)?;
                    return match metadata {
                        true => Err(Names::Damaged(format!("the stream {ledgers} was deleted"))),
                        false => Ok(()),
                    };
                }
                page => page.map_err(Names::Trouble)?,
            };
            if events.is_empty() {
                return Ok(());
            }
            let mut known = self.known();
            for event in events {
                let bytes: Option<[u8; 32]> = event.data[..].try_into().ok();
                match bytes.filter(|_| event.event_type == LEDGER && event.revision == known.named_to) {
                    Some(bytes) => {
                        known.named.insert(LedgerId::from_bytes(bytes));
                        known.named_to += 1;
                    }
                    None => {
                        return Err(Names::Damaged(format!(
                            "the stream {ledgers} is damaged at position {}",
                            known.named_to
                        )));
                    }
                }
            }
        }
    }

    async fn list(self: &Arc<Self>) -> Result<BTreeSet<LedgerId>, ReadError> {
        let ledgers = self.server.options.ledgers();
        self.read_names().await.map_err(|error| match error {
            Names::Trouble(Trouble::Deleted) => ReadError::Damaged {
                reason: format!("the stream {ledgers} was deleted"),
            },
            Names::Trouble(trouble) => ReadError::Unavailable {
                reason: trouble.reason(),
            },
            Names::Damaged(reason) => ReadError::Damaged { reason },
        })?;
        let (mut unsure, mut found) = {
            let known = self.known();
            let unsure: Vec<_> = known.named.difference(&known.existing).copied().collect();
            let found: BTreeMap<LedgerId, ()> = known.existing.iter().map(|ledger| (*ledger, ())).collect();
            (unsure.into_iter(), found)
        };
        let mut tasks = JoinSet::new();
        loop {
            while tasks.len() < LOOKUPS {
                let Some(ledger) = unsure.next() else { break };
                let inner = Arc::clone(self);
                tasks.spawn(async move { (ledger, inner.tail(ledger).await) });
            }
            let Some(done) = tasks.join_next().await else {
                break;
            };
            match done {
                // Damaged or not, it is there.
                Ok((ledger, Ok(_) | Err(ReadError::Corrupt { .. }))) => {
                    found.insert(ledger, ());
                }
                Ok((_, Err(ReadError::NotFound { .. }))) => {}
                Ok((_, Err(error))) => return Err(error),
                Err(_) => {
                    return Err(ReadError::Unavailable {
                        reason: "reading was interrupted".into(),
                    });
                }
            }
        }
        Ok(found.into_keys().collect())
    }
}
