//! The sequencer of a ledger: the one task that gives events their order and makes them durable.
//!
//! *Life of an event.* A [`Job`] leaves the door checked for everything that needs no state, and waits in a bounded
//! queue. The sequencer takes what has gathered, and for each job in order: the common rules, the register's decision,
//! sealing of the event and of what the service adds. Then one append to the store for all of them, one checkpoint,
//! one compare-and-swap of the checkpoint record, and only then every answer, refusals included: a refusal may rest on
//! an event of the same batch, so it must not be told before that event is durable.
//!
//! *If the process dies* before the append is durable, nothing was acknowledged and nothing remains. After the append
//! and before the record: the entries are in the store and the record is behind; opening extends it by the ordinary
//! path. After the record and before the answers: the submitter sends the same bytes again and gets their place.
//!
//! *If the append fails*, chain and state are ahead of the store. Its outcome is resolved by reading back; unless the
//! entries are there, chain and state are made again from the store, by the same path as at start.

use std::sync::Arc;
use std::time::Duration;

use sijill_ledger::{
    Admission, Body, Checkpoint, Entry, LeafHash, Seq, SignedBody, SignedCheckpoint, SigningKey, UnixMillis,
};
use sijill_registers::catalogue::Event;
use sijill_registers::register::{Contents, Context, Evidence, service_nonce};
use sijill_store::{AppendError, Batch, EventStore, NewEntry, Outcome, resolve};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::checkpoint_record::CheckpointRecord;
use crate::clock::Clock;
use crate::engine::StoredContents;
use crate::head_snapshot::{self, HeadSnapshots};
use crate::ledgers::{Head, LedgerHandle, Ledgers};
use crate::load::load_head;
use crate::submit::{Acknowledgement, SubmitError};

/// How far the ledger's tail may be ahead of the clock before the node refuses to write.
pub(crate) const MAX_CLOCK_BEHIND_MS: u64 = 2_000;

/// How long a batch waits for submissions that are being checked.
const GATHER: Duration = Duration::from_millis(10);

/// Most entries of a batch; consequences may exceed it by a few.
const MAX_BATCH_ENTRIES: usize = 4_096;
/// Most bytes of a batch.
const MAX_BATCH_BYTES: usize = 8 << 20;

/// A submission that passed the door.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) body: SignedBody,
    pub(crate) event: Event,
    pub(crate) evidence: Evidence,
    pub(crate) received_ms: UnixMillis,
    pub(crate) reply: oneshot::Sender<Result<Acknowledgement, SubmitError>>,
}

/// What all sequencers of a service share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) record: Arc<dyn CheckpointRecord>,
    pub(crate) contents: Arc<StoredContents>,
    pub(crate) ledgers: Arc<Ledgers>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) snapshots: Arc<HeadSnapshots>,
    pub(crate) service_key: SigningKey,
    pub(crate) ledger_key: SigningKey,
}

/// An answer that waits for durability.
struct Waiting {
    reply: oneshot::Sender<Result<Acknowledgement, SubmitError>>,
    answer: Result<Placed, SubmitError>,
}

#[derive(Clone, Copy)]
struct Placed {
    seq: Seq,
    leaf_hash: LeafHash,
    received_ms: UnixMillis,
    repeated: bool,
}

/// Runs until every [`LedgerHandle`] is gone, or the ledger turns out to be damaged: then every submission is answered
/// with the reason.
pub(crate) async fn run(shared: Arc<Shared>, handle: Arc<LedgerHandle>, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    snapshot_if_due(&shared, &handle);
    while queue.recv_many(&mut jobs, MAX_BATCH_ENTRIES).await > 0 {
        gather(&handle, &mut queue, &mut jobs).await;
        let mut rest = std::mem::take(&mut jobs).into_iter();
        while rest.len() > 0 {
            let batch = decide_batch(&shared, &handle, &mut rest);
            if let Err(problem) = commit(&shared, &handle, batch).await {
                tracing::error!(ledger = %handle.ledger(), %problem, "this process writes the ledger no more");
                refuse_all(rest, &mut queue, &problem).await;
                return;
            }
            snapshot_if_due(&shared, &handle);
        }
    }
}

/// Waits for submissions that were received before and are still being checked, for [`GATHER`] at most: making a batch
/// durable costs the same for one event and for a thousand. Without others nobody waits.
async fn gather(handle: &LedgerHandle, queue: &mut mpsc::Receiver<Job>, jobs: &mut Vec<Job>) {
    let until = Instant::now() + GATHER;
    // A place in the queue is taken before the check.
    while jobs.len() < MAX_BATCH_ENTRIES && handle.queue.capacity() < handle.queue.max_capacity() {
        let more = queue.recv_many(jobs, MAX_BATCH_ENTRIES - jobs.len());
        if !matches!(timeout_at(until, more).await, Ok(1..)) {
            break;
        }
    }
}

/// Copies the head if the ledger has grown enough, and has the copy signed and written by another thread. Called
/// between batches, when everything in the head is durable and recorded.
fn snapshot_if_due(shared: &Shared, handle: &Arc<LedgerHandle>) {
    if !head_snapshot::is_due(handle.snapshot_size(), handle.durable_size()) {
        return;
    }
    let Some(copied) = handle.with_head(head_snapshot::copy) else {
        return;
    };
    // Announced before it is written, so that a slow disk does not make the next one due at once.
    handle.announce_snapshot(copied.size);
    let (snapshots, handle) = (Arc::clone(&shared.snapshots), Arc::clone(handle));
    tokio::task::spawn_blocking(move || handle.write_snapshot(&snapshots, &copied));
}

struct Decided {
    entries: Vec<NewEntry>,
    first: u64,
    waiting: Vec<Waiting>,
}

/// Decides jobs in order until the batch is full. Holds the write lock of the head: no waiting in here.
fn decide_batch(shared: &Shared, handle: &LedgerHandle, jobs: &mut std::vec::IntoIter<Job>) -> Decided {
    let mut head = handle.head_mut();
    let first = head.chain.size();
    let mut decided = Decided {
        entries: Vec::new(),
        first,
        waiting: Vec::new(),
    };
    let mut bytes = 0;
    let most = MAX_BATCH_BYTES.min(shared.store.batch_bytes());
    while decided.entries.len() < MAX_BATCH_ENTRIES && bytes < most {
        let Some(job) = jobs.next() else { break };
        let before = decided.entries.len();
        let answer = decide_one(shared, &mut head, &job, &mut decided.entries);
        bytes += decided.entries[before..]
            .iter()
            .map(|e| e.bytes().len())
            .sum::<usize>();
        decided.waiting.push(Waiting {
            reply: job.reply,
            answer,
        });
    }
    decided
}

fn decide_one(
    shared: &Shared,
    head: &mut Head,
    job: &Job,
    entries: &mut Vec<NewEntry>,
) -> Result<Placed, SubmitError> {
    let now = shared.clock.now();
    let behind_ms = head
        .chain
        .tail_sequenced_ms()
        .as_u64()
        .saturating_sub(now.as_u64());
    if behind_ms > MAX_CLOCK_BEHIND_MS {
        return Err(SubmitError::ClockBehind { behind_ms });
    }
    let sequenced_ms = head.chain.next_sequenced_ms(now).max(job.received_ms);
    if let Admission::Recorded { seq, leaf_hash } =
        head.chain.check_body(&job.body, job.received_ms, sequenced_ms)?
    {
        return Ok(Placed {
            seq,
            leaf_hash,
            received_ms: job.received_ms,
            repeated: true,
        });
    }
    let body = job.body.body();
    let contents = shared.contents.of(body.ledger);
    let context = Context {
        received_ms: job.received_ms,
        body_hash: job.body.hash(),
        refs: &body.refs,
        size: head.chain.size(),
        contents: &contents,
        linked: &*shared.ledgers,
        evidence: &job.evidence,
    };
    let consequences = head.state.decide(body, &job.event, &context)?;
    // Everything that can be refused is refused above: from here on the batch only grows.
    let genesis = head.chain.genesis().clone();
    let added = consequences
        .into_iter()
        .map(|c| {
            let payload = c.event.payload();
            let nonce = service_nonce(&c.event, &payload);
            let body =
                Body::by_service(&genesis, c.event.wire_type(), nonce, payload).sign(&shared.service_key)?;
            Ok((body, c.event))
        })
        .collect::<Result<Vec<_>, SubmitError>>()?;
    let mut placed = None;
    for (body, event) in std::iter::once((job.body.clone(), job.event.clone())).chain(added) {
        let entry = head.chain.append(body, job.received_ms, sequenced_ms)?;
        apply(head, &entry, &event, &*shared.contents)?;
        placed.get_or_insert(Placed {
            seq: entry.seq(),
            leaf_hash: entry.leaf_hash(),
            received_ms: job.received_ms,
            repeated: false,
        });
        entries.push(NewEntry::new(entry.into_bytes()).map_err(|e| SubmitError::ReadOnly(e.to_string()))?);
    }
    placed.ok_or_else(|| SubmitError::ReadOnly("an event without an entry".to_owned()))
}

/// Applies an admitted event. A failure here is a contradiction between `decide` and `evolve`; the caller's batch is
/// then not what the chain holds, which [`commit`] notices and answers by loading the head again.
fn apply(head: &mut Head, entry: &Entry, event: &Event, contents: &dyn Contents) -> Result<(), SubmitError> {
    head.state
        .evolve(&entry.into(), event, contents)
        .map_err(|e| SubmitError::ReadOnly(e.to_string()))
}

/// Makes a batch durable and answers it. `Err` means that the ledger must not be written any more.
async fn commit(shared: &Shared, handle: &LedgerHandle, decided: Decided) -> Result<(), SubmitError> {
    let Decided {
        entries,
        first,
        waiting,
    } = decided;
    let expected = handle.with_head(|head| head.chain.size());
    if first + entries.len() as u64 != expected {
        let problem = "an admitted event could not be applied";
        reload(shared, handle, first)
            .await
            .map_err(SubmitError::ReadOnly)?;
        answer_all(waiting, |_| Err(SubmitError::Unavailable(problem.to_owned())));
        return Ok(());
    }
    if !entries.is_empty() {
        let batch = Batch::new(entries).map_err(read_only)?;
        match append(shared, handle, first, batch).await {
            Ok(()) => {}
            Err(Failure::Retry(error)) => {
                reload(shared, handle, first)
                    .await
                    .map_err(SubmitError::ReadOnly)?;
                answer_all(waiting, |_| Err(error.clone()));
                return Ok(());
            }
            Err(Failure::Stop(problem)) => {
                answer_all(waiting, |_| Err(problem.clone()));
                return Err(problem);
            }
            Err(Failure::Unknown(problem)) => {
                answer_all(waiting, |_| Err(SubmitError::OutcomeUnknown(problem.clone())));
                return Err(SubmitError::ReadOnly(problem));
            }
        }
        let next = sign_head(shared, handle).map_err(SubmitError::ReadOnly)?;
        let before = handle.checkpoint();
        if let Err(error) = shared.record.advance(Some(&before), &next) {
            // The entries are durable, but no checkpoint of them may leave this process. Opening extends the record.
            let problem = format!("the checkpoint record cannot be written: {error}");
            answer_all(waiting, |_| Err(SubmitError::OutcomeUnknown(problem.clone())));
            return Err(SubmitError::ReadOnly(problem));
        }
        handle.publish(handle.with_head(|head| head.state.facts()), next);
    }
    let checkpoint = handle.checkpoint();
    answer_all(waiting, |placed| {
        Ok(Acknowledgement {
            ledger: handle.ledger(),
            seq: placed.seq,
            leaf_hash: placed.leaf_hash,
            received_ms: placed.received_ms,
            repeated: placed.repeated,
            checkpoint: checkpoint.clone(),
        })
    });
    Ok(())
}

enum Failure {
    /// Nothing was recorded; the same may be tried again.
    Retry(SubmitError),
    /// This sequencer writes no more: the ledger in the store is not the one that it knows, or another node's now.
    Stop(SubmitError),
    /// It cannot be found out now whether the batch was recorded.
    Unknown(String),
}

async fn append(shared: &Shared, handle: &LedgerHandle, first: u64, batch: Batch) -> Result<(), Failure> {
    let expected = Seq::new(first);
    let error = match shared
        .store
        .append(handle.ledger(), expected, batch.clone())
        .await
    {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    match error {
        AppendError::Busy => Err(Failure::Retry(SubmitError::Busy)),
        AppendError::Unavailable { reason } => Err(Failure::Retry(SubmitError::Unavailable(reason))),
        AppendError::TooLarge => Err(Failure::Retry(SubmitError::TooLarge)),
        AppendError::OutcomeUnknown { reason } => {
            match resolve(&*shared.store, handle.ledger(), expected, &batch).await {
                Ok(Outcome::Committed { .. }) => Ok(()),
                Ok(Outcome::Absent) => Err(Failure::Retry(SubmitError::Unavailable(reason))),
                Ok(_) => Err(Failure::Stop(SubmitError::ReadOnly(
                    "somebody else writes to this ledger".to_owned(),
                ))),
                Err(error) => Err(Failure::Unknown(format!("{reason}; {error}"))),
            }
        }
        AppendError::Elsewhere(elsewhere) => Err(Failure::Stop(SubmitError::Elsewhere(*elsewhere))),
        other => Err(Failure::Stop(SubmitError::ReadOnly(other.to_string()))),
    }
}

pub(crate) fn sign_head(shared: &Shared, handle: &LedgerHandle) -> Result<SignedCheckpoint, String> {
    let (size, root) = handle.with_head(|head| (head.chain.size(), head.chain.root()));
    Checkpoint::sign(handle.identity(), size, root, &shared.ledger_key).map_err(|e| e.to_string())
}

/// Makes chain and state again from the store, which must have exactly the `size` entries that were durable before.
async fn reload(shared: &Shared, handle: &LedgerHandle, size: u64) -> Result<(), String> {
    let (head, _) = load_head(shared, handle.ledger())
        .await
        .map_err(|e| e.to_string())?;
    if head.chain.size() != size {
        return Err(format!(
            "the store has {} entries instead of {size}",
            head.chain.size()
        ));
    }
    *handle.head_mut() = head;
    Ok(())
}

fn answer_all(waiting: Vec<Waiting>, mut place: impl FnMut(Placed) -> Result<Acknowledgement, SubmitError>) {
    for Waiting { reply, answer } in waiting {
        // A submitter that has gone away asks again with the same bytes.
        let _ = reply.send(answer.and_then(&mut place));
    }
}

async fn refuse_all(rest: std::vec::IntoIter<Job>, queue: &mut mpsc::Receiver<Job>, problem: &SubmitError) {
    for job in rest {
        let _ = job.reply.send(Err(problem.clone()));
    }
    while let Some(job) = queue.recv().await {
        let _ = job.reply.send(Err(problem.clone()));
    }
}

fn read_only(problem: impl std::fmt::Display) -> SubmitError {
    SubmitError::ReadOnly(problem.to_string())
}
