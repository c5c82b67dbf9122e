//! Read models of the registers, brought up to the ledgers. Spec: specs/operations.md §17.
//!
//! *A step* reads the events since the last one, then looks at the head of the ledger: only if everything that was decided is
//! durable, and nothing came meanwhile, are rows made of it. They are written after the head was let go, so a sequencer
//! waits for as long as rows are made of some thousand items, and never for a disk.

use std::path::Path;
use std::time::Duration;

use sijill_boards::{BoardError, Boards, Source, gather};
use sijill_ledger::{Kind, LedgerId, Seq};
use sijill_registers::catalogue::Event;

use crate::engine::{Engine, EngineError};
use crate::ledgers::LedgerHandle;
use crate::views::read_event;

/// Entries read at a time.
const PAGE: usize = 4_096;
/// Items that are built in one step.
const STEP: usize = 2_000;
/// How often a ledger is looked at that is not durable up to its end, or has moved on.
const LOOKS: u32 = 2_000;

/// Why read models are not brought up to the ledgers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The read models.
    #[error(transparent)]
    Boards(#[from] BoardError),
    /// A ledger cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An event cannot be read: the ledger is damaged.
    #[error("entry {seq} of ledger {ledger}: {problem}")]
    Event {
        /// The ledger.
        ledger: LedgerId,
        /// Position of the entry.
        seq: u64,
        /// What is wrong.
        problem: String,
    },
    /// So much is going on that no state stood still. Try again.
    #[error("ledger {0} is too busy for its read models; try again")]
    Busy(LedgerId),
}

/// A ledger whose read models were brought up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// The ledger.
    pub ledger: LedgerId,
    /// Entries that the rows were of; 0 if there were none.
    pub from: u64,
    /// Entries that they are of.
    pub size: u64,
    /// Published texts that could not be read: they are not found by a search.
    pub missing: u64,
}

/// The file of the read models, for nobody else to read; made if it is not there.
///
/// # Errors
/// [`BoardError`].
pub fn open_boards(path: &Path) -> Result<Boards, BoardError> {
    // A log of a file that was deleted without it is nobody's.
    if !path.exists() {
        let _nothing_to_lose = delete_boards(path);
    }
    // What SQLite makes beside it has the same mode.
    if let Err(error) = crate::durable::private().create(true).open(path) {
        tracing::warn!(%error, "the file of the read models cannot be made");
    }
    Boards::open(path)
}

/// Deletes the file of the read models, if it is there.
///
/// # Errors
/// What the system says.
pub fn delete_boards(path: &Path) -> std::io::Result<()> {
    // The log first: without it the file is what it was at some step, with it and without the file nothing.
    for suffix in ["-wal", "-shm", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

impl Engine {
    /// Brings the read models of every register up to its durable entries and to this moment.
    ///
    /// # Errors
    /// [`FollowError`] of the first register that cannot be followed, after all were looked at; what was done of the others
    /// stands.
    ///
    /// # Durability
    /// As [`Boards::write`]. Killed anywhere, the next call goes on.
    pub async fn follow_boards(&self, boards: &mut Boards) -> Result<Vec<Followed>, FollowError> {
        let mut all = Vec::new();
        let mut failed = None;
        for handle in self.ledgers().all() {
            let kind = handle.with_head(|head| head.state.kind());
            if !matches!(kind, Kind::Consultation | Kind::Foi) {
                continue;
            }
            match self.follow(&handle, kind, boards).await {
                Ok(followed) => all.push(followed),
                Err(error) => {
                    tracing::warn!(register = %handle.ledger(), %error, "read models could not be brought up to it");
                    failed.get_or_insert(error);
                }
            }
        }
        failed.map_or(Ok(all), Err)
    }

    /// As [`Engine::follow_boards`], of one register.
    ///
    /// # Errors
    /// [`FollowError`].
    ///
    /// # Durability
    /// As [`Engine::follow_boards`].
    pub async fn follow_board(&self, ledger: LedgerId, boards: &mut Boards) -> Result<Followed, FollowError> {
        let gone = || EngineError::Missing(format!("this service keeps no ledger {ledger}"));
        let handle = self.ledgers().find(&ledger).ok_or_else(gone)?;
        let kind = handle.with_head(|head| head.state.kind());
        self.follow(&handle, kind, boards).await
    }

    async fn follow(
        &self,
        handle: &LedgerHandle,
        kind: Kind,
        boards: &mut Boards,
    ) -> Result<Followed, FollowError> {
        let ledger = handle.ledger();
        let contents = self.shared.contents.of(ledger);
        let mut followed = Followed {
            ledger,
            from: boards.progress(ledger)?.size,
            size: 0,
            missing: 0,
        };
        let mut events: Vec<(u64, Event)> = Vec::new();
        let mut looks = 0;
        loop {
            let progress = boards.progress(ledger)?;
            let durable = handle.durable_size();
            if let Some(last) = progress.last {
                let leaf =
                    handle.with_head(|head| head.chain.leaf(Seq::new(progress.size.saturating_sub(1))));
                if progress.size > durable || leaf != Some(last) {
                    // Rows of another history: of a restored backup, or of entries that never became durable.
                    boards.forget(ledger)?;
                    events.clear();
                    continue;
                }
                events.retain(|(position, _)| *position >= progress.size);
                let from = events.last().map_or(progress.size, |(position, _)| position + 1);
                self.read_events(ledger, kind, from, durable, &mut events).await?;
            }
            let found = handle.with_head(|head| {
                // What is decided and not durable may still be taken back.
                let size = head.chain.size();
                let stands = size == handle.durable_size() && (progress.size == 0 || size == durable);
                stands.then(|| {
                    let source = Source {
                        size,
                        last: head.chain.tail(),
                        state: &head.state,
                        linked: self.ledgers(),
                        now_ms: self.now().as_u64(),
                    };
                    gather(&progress, &events, &source, STEP)
                })
            });
            match found {
                None if looks == LOOKS => return Err(FollowError::Busy(ledger)),
                None => {
                    looks += 1;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Some(batch) => match batch? {
                    Some(batch) => followed.missing += boards.write(batch, &contents)?,
                    None => {
                        followed.size = progress.size;
                        if followed.missing > 0 {
                            tracing::warn!(%ledger, missing = followed.missing, "published texts could not be read");
                        }
                        return Ok(followed);
                    }
                },
            }
        }
    }

    /// Events from a position on.
    async fn read_events(
        &self,
        ledger: LedgerId,
        kind: Kind,
        from: u64,
        size: u64,
        events: &mut Vec<(u64, Event)>,
    ) -> Result<(), FollowError> {
        let mut at = from;
        while at < size {
            let most = usize::try_from(size - at).unwrap_or(PAGE).min(PAGE);
            let page = self.read(ledger, Seq::new(at), most).await?;
            if page.is_empty() {
                let gone = format!("ledger {ledger} ends before entry {at}");
                return Err(EngineError::Internal(gone).into());
            }
            for bytes in page {
                let event = read_event(kind, &bytes).map_err(|problem| FollowError::Event {
                    ledger,
                    seq: at,
                    problem,
                })?;
                events.extend(event.map(|(_, event)| (at, event)));
                at += 1;
            }
        }
        Ok(())
    }
}
