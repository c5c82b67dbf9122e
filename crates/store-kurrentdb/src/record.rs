//! The checkpoint record in KurrentDB itself, for services of several nodes.
//!
//! The stream `<namespace>-checkpoint-<ledger>` holds every recorded checkpoint; the last one is the record. Each event
//! also carries the fencing number of the lease under which it was written; a node whose number is smaller than the last
//! one changes nothing.
//!
//! The record is on the same servers as the ledgers: a backup that restores both takes the record back too, which this
//! record cannot notice. Published checkpoints can: specs/operations.md §4.3.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, mpsc};

use kurrentdb::{EventData, StreamState};
use sijill_engine::checkpoint_record::{CheckpointRecord, Head, RecordError};
use sijill_ledger::{CheckpointError, LedgerId, LedgerIdentity, SignedCheckpoint, UnverifiedCheckpoint};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::lease::Leases;
use crate::options::{KurrentDbError, KurrentDbOptions};
use crate::server::{Server, Trouble};

/// The type of an event that is a checkpoint: its note, and the fencing number as metadata, 8 bytes, most significant
/// first.
const CHECKPOINT: &str = "sijill-checkpoint";
/// The type of an event that names a ledger: its id.
const LEDGER: &str = "sijill-ledger";

/// For the operator, what is wrong with a stream of the record, and what to do.
fn reason(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Deleted => "somebody has deleted or truncated the stream; find out who. What was not scavenged comes \
                             back with the stream's metadata as it was (without $tb); otherwise restore a backup of \
                             the servers"
            .into(),
        trouble => trouble.reason(),
    }
}

/// The checkpoint record of a service in KurrentDB. Its calls block, and work in a thread of its own.
#[derive(Debug)]
pub struct KurrentDbRecord {
    requests: UnboundedSender<Request>,
    leases: Option<Arc<Leases>>,
    namespace: String,
    hosts: String,
}

#[derive(Debug)]
struct Request {
    stream: String,
    what: What,
    answer: mpsc::Sender<Result<Answer, Trouble>>,
}

#[derive(Debug)]
enum Answer {
    Last(Option<Value>),
    Done,
    All(Vec<Vec<u8>>),
}

#[derive(Debug)]
enum What {
    Last,
    /// The data of every event.
    All,
    /// Names a ledger; twice is no harm.
    Name(LedgerId),
    /// After this revision, or as the first one.
    Put(Option<u64>, String, u64),
}

/// The last event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    revision: u64,
    note: String,
    fence: u64,
    sound: bool,
}

impl KurrentDbRecord {
    /// Connects. With `leases`, what is recorded carries their fencing numbers, and loading marks a record that is there
    /// with this node's: get the leases first. Without them it is for looking, and for services of one node: nothing is recorded
    /// where a node with a lease has recorded.
    ///
    /// # Errors
    /// [`KurrentDbError`]
    pub fn connect(options: KurrentDbOptions, leases: Option<Arc<Leases>>) -> Result<Self, KurrentDbError> {
        let (requests, queue) = unbounded_channel();
        let (namespace, hosts) = (options.namespace.clone(), options.hosts.clone());
        let (started, outcome) = mpsc::channel();
        let failed = |reason: String| KurrentDbError::Unreachable {
            hosts: options.hosts.clone(),
            reason,
        };
        let thread = {
            let options = options.clone();
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let connected = match runtime {
                    Ok(runtime) => runtime
                        .block_on(Server::connect(options))
                        .map(|server| (runtime, server)),
                    Err(error) => Err(KurrentDbError::Unreachable {
                        hosts: options.hosts,
                        reason: error.to_string(),
                    }),
                };
                match connected {
                    Ok((runtime, server)) => {
                        let _ = started.send(Ok(()));
                        runtime.block_on(serve(Arc::new(server), queue));
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
            }
        };
        std::thread::Builder::new()
            .name("sijill-record".into())
            .spawn(thread)
            .map_err(|error| failed(error.to_string()))?;
        outcome.recv().map_err(|error| failed(error.to_string()))??;
        Ok(Self {
            requests,
            leases,
            namespace,
            hosts,
        })
    }

    fn send(&self, stream: String, what: What) -> Result<Answer, Trouble> {
        let stopped = || Trouble::NotSent("the record's thread has stopped".into());
        let (answer, outcome) = mpsc::channel();
        let request = Request { stream, what, answer };
        self.requests.send(request).map_err(|_| stopped())?;
        outcome
            .recv()
            .unwrap_or_else(|_| Err(Trouble::Unknown("the record's thread was interrupted".into())))
    }

    fn ask(&self, ledger: LedgerId, what: What) -> Result<Option<Value>, Trouble> {
        match self.send(format!("{}-checkpoint-{ledger}", self.namespace), what)? {
            Answer::Last(last) => Ok(last),
            Answer::Done | Answer::All(_) => Ok(None),
        }
    }

    /// The stream that names the ledgers with a record.
    fn names(&self) -> String {
        format!("{}-checkpoints", self.namespace)
    }

    fn place(&self, ledger: LedgerId) -> String {
        format!(
            "{}-checkpoint-{ledger} in KurrentDB at {}",
            self.namespace, self.hosts
        )
    }

    fn unavailable(&self, ledger: LedgerId, reason: String) -> RecordError {
        RecordError::Unavailable {
            place: self.place(ledger),
            source: io::Error::other(reason),
        }
    }

    fn last(&self, ledger: LedgerId) -> Result<Option<Value>, RecordError> {
        self.sound(ledger, self.ask(ledger, What::Last))
    }

    /// An answer to [`What::Last`], if it is a checkpoint or nothing.
    fn sound(
        &self,
        ledger: LedgerId,
        last: Result<Option<Value>, Trouble>,
    ) -> Result<Option<Value>, RecordError> {
        match last {
            Ok(Some(value)) if !value.sound => Err(self.unavailable(
                ledger,
                "the last event of the record is not a checkpoint; somebody else has written there".into(),
            )),
            Ok(last) => Ok(last),
            Err(trouble) => Err(self.unavailable(ledger, reason(&trouble))),
        }
    }

    fn put(&self, ledger: LedgerId, after: Option<u64>, note: String, fence: u64) -> Result<(), RecordError> {
        if after.is_none() {
            self.send(self.names(), What::Name(ledger))
                .map_err(|trouble| self.unavailable(ledger, reason(&trouble)))?;
        }
        match self.ask(ledger, What::Put(after, note, fence)) {
            Ok(_) => Ok(()),
            Err(Trouble::WrongRevision(_)) => {
                let actual = None;
                Err(RecordError::Conflict { ledger, actual })
            }
            Err(trouble @ Trouble::Unknown(_)) => Err(RecordError::OutcomeUnknown {
                place: self.place(ledger),
                source: io::Error::other(reason(&trouble)),
            }),
            Err(trouble) => Err(self.unavailable(ledger, reason(&trouble))),
        }
    }

    /// This node's fencing number; 0 without leases.
    fn fence(&self, ledger: LedgerId) -> Result<u64, RecordError> {
        match &self.leases {
            None => Ok(0),
            Some(leases) => leases.fence(ledger).ok_or_else(|| {
                self.unavailable(ledger, "this node's lease of the ledger has run out".into())
            }),
        }
    }

    fn damaged(&self, ledger: LedgerId, source: CheckpointError) -> RecordError {
        RecordError::Damaged {
            place: self.place(ledger),
            source,
        }
    }
}

impl CheckpointRecord for KurrentDbRecord {
    fn ledgers(&self) -> Result<BTreeSet<LedgerId>, RecordError> {
        let unreadable = |reason: String| RecordError::Unavailable {
            place: format!("{} in KurrentDB at {}", self.names(), self.hosts),
            source: io::Error::other(reason),
        };
        let named = match self.send(self.names(), What::All) {
            Ok(Answer::All(named)) => named,
            Ok(_) => return Err(unreadable("the record's thread gave another answer".into())),
            Err(trouble) => return Err(unreadable(reason(&trouble))),
        };
        let mut ledgers = BTreeSet::new();
        for name in named {
            let bytes: [u8; 32] = name[..]
                .try_into()
                .map_err(|_| unreadable("an event there does not name a ledger".into()))?;
            let ledger = LedgerId::from_bytes(bytes);
            match self.ask(ledger, What::Last) {
                // Named and never recorded: the first recording was interrupted.
                Ok(None) => {}
                // A deleted record is one that cannot be read: its ledger is refused, the others go on.
                Err(Trouble::Deleted) => {
                    ledgers.insert(ledger);
                }
                last => {
                    self.sound(ledger, last)?;
                    ledgers.insert(ledger);
                }
            }
        }
        Ok(ledgers)
    }

    fn load(&self, identity: &LedgerIdentity) -> Result<Option<SignedCheckpoint>, RecordError> {
        let ledger = identity.ledger;
        // Of a ledger that is not there yet nobody has a lease, and there is nothing to mark.
        let Some(last) = self.last(ledger)? else {
            return Ok(None);
        };
        let checkpoint =
            SignedCheckpoint::parse(&last.note, identity).map_err(|e| self.damaged(ledger, e))?;
        if self.leases.is_none() {
            return Ok(Some(checkpoint));
        }
        let fence = self.fence(ledger)?;
        if last.fence > fence {
            let actual = Some(Head::from(&checkpoint));
            return Err(RecordError::Conflict { ledger, actual });
        }
        if last.fence < fence {
            // From here on, the holder before this one records nothing.
            self.put(ledger, Some(last.revision), last.note, fence)?;
        }
        Ok(Some(checkpoint))
    }

    fn advance(
        &self,
        expected: Option<&SignedCheckpoint>,
        new: &SignedCheckpoint,
    ) -> Result<(), RecordError> {
        let (ledger, note, head) = (new.ledger(), new.to_note(), Head::from(new));
        let fence = self.fence(ledger)?;
        let last = self.last(ledger)?;
        let actual = match &last {
            None => None,
            Some(last) => {
                let parsed = UnverifiedCheckpoint::parse(&last.note).map_err(|e| self.damaged(ledger, e))?;
                if parsed.checkpoint().ledger != ledger {
                    return Err(self.damaged(ledger, CheckpointError::OtherLedger));
                }
                Some(Head::from(parsed.checkpoint()))
            }
        };
        // Another node has taken over, whatever it has recorded.
        if last.as_ref().is_some_and(|last| last.fence > fence) {
            return Err(RecordError::Conflict { ledger, actual });
        }
        if last.as_ref().is_some_and(|last| last.note == note) {
            return Ok(());
        }
        if let Some(recorded) = actual
            && head.size <= recorded.size
        {
            return Err(RecordError::NotForward { recorded, new: head });
        }
        if last.as_ref().map(|last| &last.note) != expected.map(SignedCheckpoint::to_note).as_ref() {
            return Err(RecordError::Conflict { ledger, actual });
        }
        self.put(ledger, last.map(|last| last.revision), note, fence)
    }
}

async fn serve(server: Arc<Server>, mut queue: UnboundedReceiver<Request>) {
    while let Some(Request { stream, what, answer }) = queue.recv().await {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let done = match what {
                What::Last => last(&server, &stream).await.map(Answer::Last),
                What::All => all(&server, &stream).await.map(Answer::All),
                What::Name(ledger) => name(&server, &stream, ledger).await.map(|()| Answer::Done),
                What::Put(after, note, fence) => put(&server, &stream, after, note, fence)
                    .await
                    .map(|()| Answer::Done),
            };
            let _ = answer.send(done);
        });
    }
}

async fn all(server: &Server, stream: &str) -> Result<Vec<Vec<u8>>, Trouble> {
    let mut all = Vec::new();
    loop {
        let from = all.len() as u64;
        let page = server
            .patiently(|deadline| server.read(stream, from, 4_096, usize::MAX, deadline))
            .await;
        match page {
            Err(Trouble::NotFound) if from == 0 => {
                return match server.missing(stream).await {
                    Trouble::NotFound => Ok(all),
                    trouble => Err(trouble),
                };
            }
            Err(trouble) => return Err(trouble),
            Ok(events) if events.is_empty() => return Ok(all),
            Ok(events) if events[0].revision != from => {
                return Err(Trouble::Unknown("the beginning of the stream is gone".into()));
            }
            Ok(events) => all.extend(events.into_iter().map(|event| event.data.to_vec())),
        }
    }
}

async fn name(server: &Server, stream: &str, ledger: LedgerId) -> Result<(), Trouble> {
    let id = uuid::Uuid::new_v4();
    let event = || EventData::binary(LEDGER, ledger.as_bytes().to_vec().into()).id(id);
    server
        .patiently(|deadline| server.append(stream, StreamState::Any, vec![event()], deadline))
        .await
        .map(|_| ())
}

async fn last(server: &Server, stream: &str) -> Result<Option<Value>, Trouble> {
    match server.patiently(|deadline| server.last(stream, deadline)).await {
        Ok(event) => {
            let fence = event.custom_metadata[..].try_into().map(u64::from_be_bytes);
            Ok(Some(Value {
                revision: event.revision,
                note: String::from_utf8_lossy(&event.data).into_owned(),
                fence: fence.unwrap_or(u64::MAX),
                sound: event.event_type == CHECKPOINT && fence.is_ok(),
            }))
        }
        Err(Trouble::NotFound) => match server.missing(stream).await {
            Trouble::NotFound => Ok(None),
            trouble => Err(trouble),
        },
        Err(trouble) => Err(trouble),
    }
}

/// One conditional write; a missing answer is looked up.
async fn put(
    server: &Server,
    stream: &str,
    after: Option<u64>,
    note: String,
    fence: u64,
) -> Result<(), Trouble> {
    let event =
        EventData::binary(CHECKPOINT, note.into_bytes().into()).metadata(fence.to_be_bytes().to_vec().into());
    server
        .put_one(stream, after, event, server.options.patience)
        .await
        .map(|_| ())
}
