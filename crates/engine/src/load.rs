//! Reading a ledger back from the store: the same path at start, after a failed append, and in tests.
//!
//! With a usable snapshot ([`crate::head_snapshot`]) only the entries behind it are read; what stands before it is
//! then compared with the chain whenever it is read.

use std::sync::Arc;

use rayon::prelude::*;
use sijill_ledger::{Chain, ChainError, Entry, EntryError, Genesis, LedgerId, LedgerIdentity, Seq};
use sijill_registers::catalogue::{Event, EventError};
use sijill_registers::register::{Contents, ReplayError, StartError, State};
use sijill_store::{PageLimit, ReadError, StoredEntry};

use crate::ledgers::Head;
use crate::sequencer::Shared;

/// Entries of a page when reading a ledger back.
const PAGE_ENTRIES: usize = 8_192;
/// Bytes of such a page.
const PAGE_BYTES: usize = 16 << 20;

/// Why a ledger cannot be read back. The store is damaged, or was written by somebody else; the ledger must not be
/// written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry is malformed or not signed by its author.
    #[error("entry {seq} is damaged: {error}")]
    Entry {
        /// Its position.
        seq: u64,
        /// What is wrong.
        error: EntryError,
    },
    /// An entry does not continue the ledger.
    #[error("entry {seq} does not continue the ledger: {error}")]
    Chain {
        /// Its position.
        seq: u64,
        /// What is wrong.
        error: ChainError,
    },
    /// The payload is not an event of this ledger.
    #[error("entry {seq}: {error}")]
    Event {
        /// Its position.
        seq: u64,
        /// What is wrong.
        error: EventError,
    },
    /// The ledger is not the one asked for.
    #[error("the stream of ledger {0} holds another ledger")]
    OtherLedger(LedgerId),
    /// No register of this version.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An event that could never have been admitted.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The ledger has no entries.
    #[error("ledger {0} has no entries")]
    Empty(LedgerId),
}

/// Reads a ledger: from its snapshot on if there is one that leads to the recorded root, else whole. With the number
/// of entries that came from the snapshot.
///
/// # Errors
/// [`LoadError`] with the first position that is wrong.
pub(crate) async fn load_head(shared: &Shared, ledger: LedgerId) -> Result<(Head, u64), LoadError> {
    if let Some(found) = load_from_snapshot(shared, ledger).await {
        return Ok(found);
    }
    let head = read_on(shared, ledger, None).await?;
    Ok((head.ok_or(LoadError::Empty(ledger))?, 0))
}

/// `None` if there is no snapshot, or anything about it, or behind it, is not as it should be: reading the whole
/// ledger then says what is wrong, if anything is.
async fn load_from_snapshot(shared: &Shared, ledger: LedgerId) -> Option<(Head, u64)> {
    let found = shared.snapshots.read(ledger)?;
    let entry_0 = Entry::parse(stored(shared, ledger, Seq::ZERO).await?.bytes()).ok()?;
    let genesis = Genesis::parse(&entry_0.body().payload).ok()?;
    let recorded = shared.record.load(&LedgerIdentity::from(&genesis)).ok()??;
    let last = Seq::new(found.size.checked_sub(1)?);
    // A snapshot is only written of what is recorded: one that is ahead is of another history.
    if found.size > recorded.size() || stored(shared, ledger, last).await?.leaf() != found.last {
        return None;
    }
    let (chain, state) = rayon::join(
        || Chain::restore(&entry_0, found.chain()),
        || State::restore(&genesis, found.state(), &*shared.contents),
    );
    let head = Head {
        chain: chain?,
        state: state?,
    };
    if head.chain.ledger() != ledger || head.chain.size() != found.size || head.chain.tail() != found.last {
        return None;
    }
    let head = read_on(shared, ledger, Some(head)).await.ok()??;
    // The anchor: every leaf of the snapshot is under this root.
    (head.chain.root_at(recorded.size()) == Some(recorded.root())).then_some((head, found.size))
}

async fn stored(shared: &Shared, ledger: LedgerId, seq: Seq) -> Option<StoredEntry> {
    let page = shared.store.read(ledger, seq, PageLimit::new(1, 1)).await.ok()?;
    page.entries.into_iter().next()
}

/// Reads the entries behind `head` (all of them if there is none): every signature, the chain, and the register's
/// state. While one page is verified on all cores, the one before is applied and the next is read.
async fn read_on(
    shared: &Shared,
    ledger: LedgerId,
    mut head: Option<Head>,
) -> Result<Option<Head>, LoadError> {
    let read = |from: u64| {
        let store = Arc::clone(&shared.store);
        let limit = PageLimit::new(PAGE_ENTRIES, PAGE_BYTES);
        tokio::spawn(async move { store.read(ledger, Seq::new(from), limit).await })
    };
    let mut from = head.as_ref().map_or(0, |head| head.chain.size());
    let mut next = Some(read(from));
    let mut parsed: Vec<Result<Entry, LoadError>> = Vec::new();
    while let Some(reading) = next.take() {
        let interrupted = |_| ReadError::Unavailable {
            reason: "reading was interrupted".to_owned(),
        };
        let page = reading.await.map_err(interrupted)??;
        from += page.entries.len() as u64;
        // The empty page is the end.
        next = (!page.entries.is_empty()).then(|| read(from));
        let (verified, applied) = rayon::join(
            || page.entries.par_iter().map(parse).collect(),
            || {
                parsed
                    .into_iter()
                    .try_for_each(|entry| push(&mut head, ledger, &entry?, &*shared.contents))
            },
        );
        if let Err(error) = applied {
            if let Some(reading) = next.take() {
                // Nobody must find the store in use when this returns.
                let _ = reading.await;
            }
            return Err(error);
        }
        parsed = verified;
    }
    Ok(head)
}

fn parse(stored: &StoredEntry) -> Result<Entry, LoadError> {
    Entry::parse(stored.bytes()).map_err(|error| LoadError::Entry {
        seq: stored.seq().as_u64(),
        error,
    })
}

pub(crate) fn push(
    head: &mut Option<Head>,
    ledger: LedgerId,
    entry: &Entry,
    contents: &dyn Contents,
) -> Result<(), LoadError> {
    let seq = entry.seq().as_u64();
    let Some(head) = head else {
        let chain = Chain::start(entry).map_err(|error| LoadError::Chain { seq, error })?;
        if chain.ledger() != ledger {
            return Err(LoadError::OtherLedger(ledger));
        }
        let state = State::start(chain.genesis())?;
        *head = Some(Head { chain, state });
        return Ok(());
    };
    head.chain
        .push(entry)
        .map_err(|error| LoadError::Chain { seq, error })?;
    let body = entry.body();
    let event = Event::parse(head.state.kind(), body.event_type, &body.payload)
        .map_err(|error| LoadError::Event { seq, error })?;
    head.state.evolve(&entry.into(), &event, contents)?;
    Ok(())
}
