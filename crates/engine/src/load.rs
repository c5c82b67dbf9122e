//! Reading a ledger back from the store: the same path at start, after a failed append, and in tests.

use rayon::prelude::*;
use sijill_ledger::{Chain, ChainError, Entry, EntryError, LedgerId, Seq};
use sijill_registers::catalogue::{Event, EventError};
use sijill_registers::register::{Contents, ReplayError, StartError, State};
use sijill_store::{EventStore, PageLimit, ReadError};

use crate::ledgers::Head;

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

/// Reads a whole ledger: every signature, the chain, and the register's state.
///
/// # Errors
/// [`LoadError`] with the first position that is wrong.
pub(crate) async fn load_head(
    store: &dyn EventStore,
    ledger: LedgerId,
    contents: &dyn Contents,
) -> Result<Head, LoadError> {
    let mut head: Option<Head> = None;
    let mut from = Seq::ZERO;
    loop {
        let page = store
            .read(ledger, from, PageLimit::new(PAGE_ENTRIES, PAGE_BYTES))
            .await?;
        if page.entries.is_empty() {
            return head.ok_or(LoadError::Empty(ledger));
        }
        let entries: Vec<Result<Entry, LoadError>> = page
            .entries
            .par_iter()
            .map(|stored| {
                Entry::parse(stored.bytes()).map_err(|error| LoadError::Entry {
                    seq: stored.seq().as_u64(),
                    error,
                })
            })
            .collect();
        for entry in entries {
            push(&mut head, ledger, &entry?, contents)?;
        }
        from = Seq::new(from.as_u64() + page.entries.len() as u64);
    }
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
