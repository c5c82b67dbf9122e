//! The engine of a data folder: opens its ledgers, makes new ones, answers what it holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use sijill_ballot::{Accumulator, ElectionContext, VerifiedBallot};
use sijill_ledger::{
    Chain, Checkpoint, Committed, ContentRef, Entry, Genesis, LedgerId, LedgerIdentity, Receipt, Seq,
    SigningKey,
};
use sijill_registers::ballot_box::events::BoxEvent;
use sijill_registers::catalogue::Event;
use sijill_registers::register::{ContentProblem, Contents, Facts, SealTally, StartError, State};
use sijill_store::{Batch, CreateError, Damage, EventStore, NewEntry, PageLimit, ReadError, StoredEntry};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::checkpoint_record::{CheckpointRecord, RecordError, Source, Standing, compare};
use crate::clock::Clock;
use crate::content::{ContentStore, ContentStoreError};
use crate::head_snapshot::{self, HeadSnapshot, HeadSnapshots};
use crate::ledgers::{Head, LedgerHandle, Ledgers};
use crate::load::{LoadError, load_head};
use crate::openings::OpeningError;
use crate::sequencer::{self, Shared};
use crate::submit::SubmitError;

/// Submissions that may wait for a sequencer; past it, callers are told that the service is busy.
const QUEUE_LENGTH: usize = 4_096;
/// Ballots of a page when a tally is computed.
const TALLY_PAGE: usize = 4_096;
/// Ballots of it that one core adds up at a time.
const TALLY_CHUNK: usize = 128;

/// Why a data folder cannot be opened or a ledger not made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The checkpoint record and the ledger contradict each other, or the record cannot be read.
    #[error("ledger {ledger}: {error}")]
    Record {
        /// The ledger.
        ledger: LedgerId,
        /// What is wrong, and what to do.
        error: RecordError,
    },
    /// A ledger in the store is damaged.
    #[error(
        "ledger {ledger} cannot be read back: {error}. It is left untouched; restore the data folder from a copy and compare with the published checkpoint"
    )]
    Load {
        /// The ledger.
        ledger: LedgerId,
        /// What is wrong.
        error: LoadError,
    },
    /// The checkpoint record has a ledger that the store has not.
    #[error(
        "ledger {ledger} is in the checkpoint record and not in the store: an old copy of the data folder was restored"
    )]
    Lost {
        /// The ledger.
        ledger: LedgerId,
    },
    /// It cannot be found out which ledgers have a record.
    #[error(transparent)]
    RecordFolder(RecordError),
    /// The store refuses a new ledger.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A kind of ledger without a register.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A ledger was made under other keys than those of this service.
    #[error(
        "ledger {ledger} belongs to other {which} keys than the ones given; use the key files of this service"
    )]
    OtherKeys {
        /// The ledger.
        ledger: LedgerId,
        /// `service` or `ledger`.
        which: &'static str,
    },
    /// A content cannot be stored or read.
    #[error(transparent)]
    Content(#[from] ContentStoreError),
    /// An opening cannot be stored or read.
    #[error(transparent)]
    Opening(OpeningError),
    /// Something that the caller asked for does not exist.
    #[error("{0}")]
    Missing(String),
    /// A contradiction inside.
    #[error("internal contradiction: {0}")]
    Internal(String),
}

/// The keys that live in the engine; all others stay with the people who act.
#[derive(Debug)]
pub struct EngineKeys {
    /// Signs the service's events.
    pub service: SigningKey,
    /// Signs checkpoints.
    pub ledger: SigningKey,
}

/// The write side of one data folder.
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    pub(crate) content: Arc<ContentStore>,
    pub(crate) snapshots: PathBuf,
    /// Ledgers that may not be written, and why. Fixed when the engine opens.
    refused: BTreeMap<LedgerId, EngineError>,
    tasks: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("ledgers", &self.shared.ledgers.all().len())
            .finish_non_exhaustive()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let tasks = self
            .tasks
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for task in tasks.drain(..) {
            task.abort();
        }
    }
}

/// [`ContentStore`] as the registers see it. Openings are seen by the ledger that they belong to.
pub(crate) struct StoredContents {
    store: Arc<ContentStore>,
    ledger: Option<LedgerId>,
}

impl StoredContents {
    /// What one ledger sees.
    pub(crate) fn of(&self, ledger: LedgerId) -> Self {
        Self {
            store: Arc::clone(&self.store),
            ledger: Some(ledger),
        }
    }
}

impl Contents for StoredContents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        self.store.load(content).map_err(|e| match e {
            ContentStoreError::Missing(hash) => ContentProblem::Missing(hash),
            ContentStoreError::Mismatch(hash) => ContentProblem::Mismatch(hash),
            other => ContentProblem::Unavailable(content.sha256, other.to_string()),
        })
    }

    fn opening(&self, committed: &Committed) -> Result<Arc<[u8]>, ContentProblem> {
        let openings = self.store.openings().zip(self.ledger);
        match openings.map(|(openings, ledger)| openings.load(&ledger, committed)) {
            Some(Ok(content)) => Ok(content),
            _ => Err(ContentProblem::Opening(committed.commitment)),
        }
    }
}

impl Engine {
    /// Opens every ledger of a store: reads it back, whole or from its snapshot on, compares it with the checkpoint
    /// record, starts its sequencer. Must be called inside a tokio runtime with its timer.
    ///
    /// A ledger that is damaged, or that its record contradicts, is [refused](Self::refused): nothing is written to it or
    /// signed for it; the others go on.
    ///
    /// # Errors
    /// [`EngineError`] if nothing can be opened: other keys, or a store or record that cannot be read at all.
    ///
    /// # Durability
    /// Where the store is ahead of the record (the process died in between), the record is extended before this returns.
    pub async fn open(
        store: Arc<dyn EventStore>,
        record: Arc<dyn CheckpointRecord>,
        content: ContentStore,
        snapshots: &Path,
        clock: Arc<dyn Clock>,
        keys: EngineKeys,
    ) -> Result<Self, EngineError> {
        let content = Arc::new(content);
        let shared = Arc::new(Shared {
            store,
            record,
            contents: Arc::new(StoredContents {
                store: Arc::clone(&content),
                ledger: None,
            }),
            ledgers: Arc::new(Ledgers::default()),
            clock,
            snapshots: Arc::new(HeadSnapshots::new(snapshots, &keys.service)),
            service_key: keys.service,
            ledger_key: keys.ledger,
        });
        let mut engine = Self {
            shared,
            content,
            snapshots: snapshots.to_owned(),
            refused: BTreeMap::new(),
            tasks: std::sync::Mutex::new(Vec::new()),
        };
        let stored = engine.shared.store.list().await?;
        let recorded = engine
            .shared
            .record
            .ledgers()
            .map_err(EngineError::RecordFolder)?;
        for ledger in recorded.difference(&stored) {
            let lost = EngineError::Lost { ledger: *ledger };
            engine.refused.insert(*ledger, lost);
        }
        let mut foreign = Vec::new();
        for ledger in stored {
            let head = load_head(&engine.shared, ledger).await;
            let started = match head {
                Err(error) => Err(EngineError::Load { ledger, error }),
                Ok((head, _)) if engine.is_foreign(head.chain.genesis()) => {
                    foreign.push(head.chain.genesis().clone());
                    continue;
                }
                Ok((head, snapshot)) => engine.start(head, snapshot).map(|_| ()),
            };
            match started {
                Ok(()) => {}
                Err(error @ (EngineError::Load { .. } | EngineError::Record { .. })) => {
                    tracing::error!(%ledger, %error, "the ledger is refused");
                    engine.refused.insert(ledger, error);
                }
                Err(error) => return Err(error),
            }
        }
        engine.open_copies(foreign).await?;
        engine.settle_clocks();
        engine.destroy_erased();
        engine.destroy_unclaimed();
        Ok(engine)
    }

    /// Whether a ledger is written by another machine, under keys that are both not ours.
    fn is_foreign(&self, genesis: &Genesis) -> bool {
        let (service, ledger) = self.key_ids();
        genesis.service_key() != service && genesis.ledger_key() != ledger
    }

    /// Opens the copies of ledgers of other machines. Where everything is foreign, it is the keys that are wrong.
    async fn open_copies(&mut self, foreign: Vec<Genesis>) -> Result<(), EngineError> {
        for genesis in foreign {
            let ledger = genesis.id();
            if self.shared.ledgers.all().is_empty() && self.refused.is_empty() {
                return Err(EngineError::OtherKeys {
                    ledger,
                    which: "service",
                });
            }
            match self.open_copy(&genesis).await {
                Ok(true) => {}
                Ok(false) => tracing::warn!(%ledger, "a copy was never received whole; receive it again"),
                Err(error @ (EngineError::Load { .. } | EngineError::Record { .. })) => {
                    tracing::error!(%ledger, %error, "the copy is refused");
                    self.refused.insert(ledger, error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Stops every sequencer and waits until they are gone, so that the same store may be opened again. What was
    /// acknowledged is durable; what was not may or may not be recorded, as after any stop. Ledgers that have grown
    /// get a snapshot.
    pub async fn close(self) {
        let tasks = std::mem::take(
            &mut *self
                .tasks
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for task in tasks {
            task.abort();
            // Aborted is what it should be.
            let _ = task.await;
        }
        for handle in self.shared.ledgers.all() {
            if head_snapshot::is_due_at_close(handle.snapshot_size(), handle.durable_size()) {
                self.write_head_snapshot(&handle).await;
            }
        }
    }

    /// Writes a snapshot of chain and register state of a ledger now, whether one is due or not. `None` if there is
    /// none to be had: of an election ledger, of a ledger with events under way, or because the disk refuses.
    ///
    /// # Errors
    /// [`EngineError::Missing`] if this service has no such ledger.
    pub async fn snapshot(&self, ledger: LedgerId) -> Result<Option<HeadSnapshot>, EngineError> {
        let missing = || EngineError::Missing(format!("this service keeps no ledger {ledger}"));
        let handle = self.shared.ledgers.find(&ledger).ok_or_else(missing)?;
        Ok(self.write_head_snapshot(&handle).await)
    }

    async fn write_head_snapshot(&self, handle: &Arc<LedgerHandle>) -> Option<HeadSnapshot> {
        let copied = handle.with_head(|head| {
            // What is decided and not durable must not be in a snapshot.
            (head.chain.size() == handle.durable_size())
                .then(|| head_snapshot::copy(head))
                .flatten()
        })?;
        handle.announce_snapshot(copied.size);
        let (snapshots, handle) = (Arc::clone(&self.shared.snapshots), Arc::clone(handle));
        tokio::task::spawn_blocking(move || handle.write_snapshot(&snapshots, &copied))
            .await
            .ok()
            .flatten()
    }

    /// Makes a new ledger.
    ///
    /// # Errors
    /// [`EngineError`]; if a ledger of that id exists, it is left as it is.
    ///
    /// # Durability
    /// When this returns, entry 0 is on stable storage and recorded outside the data folder.
    pub async fn create_ledger(&self, genesis: Genesis) -> Result<Arc<LedgerHandle>, EngineError> {
        State::start(&genesis)?;
        let ledger = genesis.id();
        let now = self.shared.clock.now();
        let internal = |e: &dyn std::fmt::Display| EngineError::Internal(e.to_string());
        let (chain, entry) =
            Chain::create(genesis, &self.shared.service_key, now).map_err(|_| EngineError::OtherKeys {
                ledger,
                which: "service",
            })?;
        if chain.genesis().ledger_key() != self.shared.ledger_key.key_id() {
            return Err(EngineError::OtherKeys {
                ledger,
                which: "ledger",
            });
        }
        let entry = NewEntry::new(entry.into_bytes()).map_err(|e| internal(&e))?;
        let batch = Batch::new(vec![entry]).map_err(|e| internal(&e))?;
        self.shared.store.create(ledger, batch).await?;
        let state = State::start(chain.genesis())?;
        self.start(Head { chain, state }, 0)
    }

    /// Compares a ledger with the checkpoint record, extends the record if it is behind, starts the sequencer.
    fn start(&self, head: Head, snapshot: u64) -> Result<Arc<LedgerHandle>, EngineError> {
        let genesis = head.chain.genesis();
        let ledger = genesis.id();
        let other = |which| EngineError::OtherKeys { ledger, which };
        if genesis.service_key() != self.shared.service_key.key_id() {
            return Err(other("service"));
        }
        if genesis.ledger_key() != self.shared.ledger_key.key_id() {
            return Err(other("ledger"));
        }
        let identity = LedgerIdentity::from(genesis);
        let recorded = |error| EngineError::Record { ledger, error };
        let last = self.shared.record.load(&identity).map_err(recorded)?;
        let remembered = self.shared.record.remembered(&identity).map_err(recorded)?;
        let other = remembered.as_ref().map(|signed| (Source::Remembered, signed));
        let standing = compare(&head.chain, last.as_ref(), other).map_err(recorded)?;
        let checkpoint = match (standing, last) {
            (Standing::Equal, Some(last)) => last,
            (_, last) => {
                let next = Checkpoint::sign(
                    &identity,
                    head.chain.size(),
                    head.chain.root(),
                    &self.shared.ledger_key,
                )
                .map_err(|e| EngineError::Internal(e.to_string()))?;
                self.shared
                    .record
                    .advance(last.as_ref(), &next)
                    .map_err(recorded)?;
                next
            }
        };
        let (queue, jobs) = mpsc::channel(QUEUE_LENGTH);
        let handle = Arc::new(LedgerHandle::new(head, snapshot, checkpoint, queue));
        self.shared.ledgers.insert(Arc::clone(&handle));
        let task = tokio::spawn(sequencer::run(
            Arc::clone(&self.shared),
            Arc::clone(&handle),
            jobs,
        ));
        self.tasks
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(task);
        Ok(handle)
    }

    /// Public keys of the engine: service, ledger.
    #[must_use]
    pub fn key_ids(&self) -> (sijill_ledger::KeyId, sijill_ledger::KeyId) {
        (self.shared.service_key.key_id(), self.shared.ledger_key.key_id())
    }

    /// What time it is for this engine.
    #[must_use]
    pub fn now(&self) -> sijill_ledger::UnixMillis {
        self.shared.clock.now()
    }

    /// Ledgers that may not be written, and why: damaged in the store, or contradicted by the checkpoint record.
    #[must_use]
    pub const fn refused(&self) -> &BTreeMap<LedgerId, EngineError> {
        &self.refused
    }

    /// All ledgers that are open.
    #[must_use]
    pub fn ledgers(&self) -> &Ledgers {
        &self.shared.ledgers
    }

    /// Documents of this service.
    #[must_use]
    pub fn contents(&self) -> &dyn Contents {
        &*self.shared.contents
    }

    /// Stores a document.
    ///
    /// # Errors
    /// [`EngineError::Content`].
    ///
    /// # Durability
    /// The document is on stable storage when this returns.
    pub fn put_content(&self, bytes: &[u8]) -> Result<ContentRef, EngineError> {
        Ok(self.content.put(bytes)?)
    }

    pub(crate) fn ledger_handle(&self, ledger: &LedgerId) -> Result<Arc<LedgerHandle>, SubmitError> {
        self.shared
            .ledgers
            .find(ledger)
            .ok_or_else(|| match self.refused.get(ledger) {
                Some(why) => SubmitError::ReadOnly(why.to_string()),
                None => SubmitError::Unknown(*ledger),
            })
    }

    /// The bytes of durable entries, from a position on, as many as fit in a page. Empty at the end.
    ///
    /// # Errors
    /// [`EngineError::Read`].
    pub async fn read(&self, ledger: LedgerId, from: Seq, most: usize) -> Result<Vec<Vec<u8>>, EngineError> {
        let Some(handle) = self.shared.ledgers.find(&ledger) else {
            return Err(EngineError::Missing(format!(
                "this service keeps no ledger {ledger}"
            )));
        };
        let left = handle.durable_size().saturating_sub(from.as_u64());
        let most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(Vec::new());
        }
        let page = self
            .shared
            .store
            .read(ledger, from, PageLimit::new(most, 16 << 20))
            .await?;
        check_leaves(&handle, &page.entries)?;
        Ok(page.entries.into_iter().map(StoredEntry::into_bytes).collect())
    }

    /// The receipt of a durable entry, under the latest checkpoint. Spec: specs/ledger.md §12.
    ///
    /// # Errors
    /// [`EngineError::Missing`] if there is no such entry, [`EngineError::Read`].
    pub async fn receipt(&self, ledger: LedgerId, seq: Seq) -> Result<Receipt, EngineError> {
        let missing = || EngineError::Missing(format!("ledger {ledger} has no entry {seq}"));
        let handle = self.shared.ledgers.find(&ledger).ok_or_else(missing)?;
        let bytes = self
            .read(ledger, seq, 1)
            .await?
            .into_iter()
            .next()
            .ok_or_else(missing)?;
        let internal = |e: &dyn std::fmt::Display| EngineError::Internal(e.to_string());
        let entry = Entry::parse(&bytes).map_err(|e| internal(&e))?;
        let checkpoint = handle.checkpoint();
        let proof = handle
            .with_head(|head| head.chain.inclusion_proof(seq, checkpoint.size()))
            .ok_or_else(missing)?;
        Receipt::new(entry, proof, checkpoint).map_err(|e| internal(&e))
    }

    /// The encrypted tally of the ballots that count as the box stands; its records are stored as contents.
    pub(crate) async fn compute_tally(&self, handle: &Arc<LedgerHandle>) -> Result<SealTally, SubmitError> {
        let Facts::BallotBox(facts) = handle.facts() else {
            return Err(SubmitError::Unavailable("not a ballot box".to_owned()));
        };
        let Some(setup) = &facts.prepared else {
            return Err(SubmitError::Unavailable("the box is not prepared".to_owned()));
        };
        let (size, mut counted) = handle.with_head(|head| {
            let counted: Vec<_> = head.state.as_box().map(|b| b.counted()).unwrap_or_default();
            (
                head.chain.size(),
                counted.into_iter().map(|c| c.seq).collect::<Vec<_>>(),
            )
        });
        counted.sort_unstable();
        let tally = self.sum(handle, &setup.election, size, &counted).await?;
        let put = |bytes: &[u8]| {
            self.content
                .put(bytes)
                .map_err(|e| SubmitError::Unavailable(e.to_string()))
        };
        Ok(SealTally {
            size,
            encrypted_tally: put(tally.json().as_bytes())?,
            sized_tally: put(tally.sized().json().as_bytes())?,
        })
    }

    /// Adds up the ballots at the given positions, ascending. Ballots are read and added on all cores while the next
    /// page is fetched; memory is bounded by two pages.
    async fn sum(
        &self,
        handle: &LedgerHandle,
        election: &ElectionContext,
        size: u64,
        counted: &[u64],
    ) -> Result<sijill_ballot::EncryptedTally, SubmitError> {
        let unavailable = |e: &dyn std::fmt::Display| SubmitError::Unavailable(e.to_string());
        let ledger = handle.ledger();
        let fetch = |from: u64| {
            let store = Arc::clone(&self.shared.store);
            let limit = PageLimit::new(TALLY_PAGE, 16 << 20);
            tokio::spawn(async move { store.read(ledger, Seq::new(from), limit).await })
        };
        let mut sum = Accumulator::new(election);
        let mut wanted = counted.iter().copied().peekable();
        let mut from = wanted.peek().copied().unwrap_or(size);
        let mut next = fetch(from);
        while from < size {
            let page = next
                .await
                .map_err(|e| unavailable(&e))?
                .map_err(|e| unavailable(&e))?;
            from += page.entries.len() as u64;
            next = fetch(from);
            if page.entries.is_empty() {
                break;
            }
            check_leaves(handle, &page.entries).map_err(|e| SubmitError::ReadOnly(e.to_string()))?;
            let mut chosen = Vec::new();
            for stored in &page.entries {
                if wanted.next_if_eq(&stored.seq().as_u64()).is_some() {
                    chosen.push(stored);
                }
            }
            let part = chosen
                .par_chunks(TALLY_CHUNK)
                .map(|chunk| {
                    let mut sum = Accumulator::new(election);
                    for stored in chunk {
                        let ballot = ballot_of(election, stored.bytes())?;
                        sum.add(&ballot, 1).map_err(|e| e.to_string())?;
                    }
                    Ok(sum)
                })
                .try_reduce(
                    || Accumulator::new(election),
                    |a, b| a.merge(b).map_err(|e| e.to_string()),
                )
                .map_err(SubmitError::ReadOnly)?;
            sum = sum.merge(part).map_err(|e| unavailable(&e))?;
        }
        if wanted.peek().is_some() {
            return Err(SubmitError::Unavailable(
                "the box ended before its last counted ballot".to_owned(),
            ));
        }
        Ok(sum.finish())
    }
}

/// Compares what the store returns with the chain: entries before a snapshot are not read at start.
fn check_leaves(handle: &LedgerHandle, entries: &[StoredEntry]) -> Result<(), ReadError> {
    handle.with_head(|head| {
        match entries
            .iter()
            .find(|e| head.chain.leaf(e.seq()) != Some(e.leaf()))
        {
            Some(other) => Err(ReadError::Corrupt {
                ledger: handle.ledger(),
                at: other.seq(),
                damage: Damage::LeafMismatch,
            }),
            None => Ok(()),
        }
    })
}

/// The ballot of a stored entry, which was fully checked before it was stored.
fn ballot_of(election: &ElectionContext, entry: &[u8]) -> Result<VerifiedBallot, String> {
    let entry = sijill_ledger::UnverifiedEntry::parse(entry).map_err(|e| e.to_string())?;
    let body = entry.body().body();
    let event = Event::parse(sijill_ledger::Kind::BallotBox, body.event_type, &body.payload)
        .map_err(|e| e.to_string())?;
    let Event::BallotBox(BoxEvent::BallotCast(cast)) = event else {
        return Err("a counted position is not a ballot".to_owned());
    };
    VerifiedBallot::danger_from_recorded(election, &cast.ballot).map_err(|e| e.to_string())
}
