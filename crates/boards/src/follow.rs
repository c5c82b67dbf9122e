//! What one step changes: rows of the items that events concern, of all that the clock may have moved, and of the next items of
//! a ledger that is being built. Pure: a function of the state, the events since, and the moment.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use sijill_ledger::{Committed, Kind, LeafHash, LedgerId};
use sijill_registers::calendar::events::RegisterEvent;
use sijill_registers::catalogue::Event;
use sijill_registers::register::{Contents, Linked, State};

use crate::consultation::{self, ConsultationRows};
use crate::database::Progress;
use crate::error::BoardError;
use crate::foi::{self, FoiRows};
use crate::fold::fold;

/// A ledger at a size.
pub struct Source<'a> {
    /// Entries that the state is of.
    pub size: u64,
    /// Leaf hash of the last of them.
    pub last: LeafHash,
    /// The state.
    pub state: &'a State,
    /// Other ledgers.
    pub linked: &'a dyn Linked,
    /// The moment, in milliseconds.
    pub now_ms: u64,
}

impl core::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Source")
            .field("size", &self.size)
            .field("now_ms", &self.now_ms)
            .finish_non_exhaustive()
    }
}

/// What one step changes.
#[derive(Debug)]
pub struct Batch {
    pub(crate) ledger: LedgerId,
    pub(crate) kind: Kind,
    pub(crate) register: String,
    pub(crate) authority: String,
    pub(crate) size: u64,
    pub(crate) last: LeafHash,
    pub(crate) next: Option<u64>,
    pub(crate) cited: u64,
    pub(crate) day: u32,
    /// Something was erased: no word of it may be left.
    pub(crate) erases: bool,
    pub(crate) rows: Rows,
    /// Published texts of the rows, by item.
    pub(crate) texts: Vec<(u64, Vec<Committed>)>,
}

#[derive(Debug)]
pub(crate) enum Rows {
    Consultation(Box<ConsultationRows>),
    Foi(FoiRows),
}

/// What events since the last step concern.
pub(crate) struct Since<'a> {
    pub(crate) progress: &'a Progress,
    pub(crate) events: &'a [(u64, Event)],
    pub(crate) most: usize,
}

impl Since<'_> {
    /// Whether an item is there, and not among those that are still missing.
    pub(crate) fn is_there(&self, position: u64) -> bool {
        self.progress.next.is_none_or(|next| position < next)
    }

    pub(crate) fn erases(&self) -> bool {
        let confirms = |event: &Event| matches!(event, Event::Register(RegisterEvent::ErasureConfirmed(_)));
        self.events.iter().any(|(_, event)| confirms(event))
    }
}

/// What has to be written so that the rows are those of the ledger at the source's size and moment; of a ledger that is being
/// built, with at most `most` items more. `events` are those from the size of `progress` on, with their positions.
///
/// `None` if nothing has to be, or the ledger has no rows: a register that has not begun, a ledger of another kind.
///
/// # Errors
/// [`BoardError::Register`] if a ledger that it rests on is not kept here.
pub fn gather(
    progress: &Progress,
    events: &[(u64, Event)],
    source: &Source<'_>,
    most: usize,
) -> Result<Option<Batch>, BoardError> {
    let since = Since {
        progress,
        events,
        most,
    };
    let Some(days) = source.state.days().filter(|days| days.size() > 0) else {
        return Ok(None);
    };
    let cited = days.size();
    let reading = if let Some(foi) = source.state.as_foi() {
        foi::gather(&since, foi, source)?
    } else if let Some(register) = source.state.as_consultation() {
        consultation::gather(&since, register, source)?
    } else {
        return Ok(None);
    };
    let is_same = progress.next.is_none()
        && progress.size == source.size
        && (progress.cited, progress.day) == (cited, reading.day);
    Ok((!is_same).then(|| Batch {
        ledger: source.state.ledger(),
        kind: source.state.kind(),
        register: reading.register,
        authority: reading.authority,
        size: source.size,
        last: source.last,
        next: reading.next,
        cited,
        day: reading.day,
        erases: since.erases(),
        rows: reading.rows,
        texts: reading.texts,
    }))
}

/// What a register says of itself and its rows.
pub(crate) struct Gathered {
    pub(crate) register: String,
    pub(crate) authority: String,
    pub(crate) day: u32,
    pub(crate) next: Option<u64>,
    pub(crate) rows: Rows,
    pub(crate) texts: Vec<(u64, Vec<Committed>)>,
}

/// Positions that a step touches, and the first item that is still missing after it.
pub(crate) struct Touched {
    pub(crate) there: BTreeSet<u64>,
    pub(crate) next: Option<u64>,
}

impl Touched {
    /// Those of `concerned` that are there already, and as many more of `missing`, from the first missing one on, as a step
    /// takes.
    pub(crate) fn of(
        since: &Since<'_>,
        concerned: impl Iterator<Item = u64>,
        missing: impl FnOnce(u64) -> Vec<u64>,
    ) -> Self {
        let mut there: BTreeSet<u64> = concerned.filter(|p| since.is_there(*p)).collect();
        let next = since.progress.next.and_then(|next| {
            let mut more = missing(next);
            let after = (more.len() > since.most).then(|| more[since.most]);
            more.truncate(since.most);
            there.extend(more);
            after
        });
        Self { there, next }
    }
}

impl Batch {
    /// Entries of the ledger that the rows are of afterwards.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Whether items are still missing afterwards.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.next.is_some()
    }

    /// The folded texts of the rows, by item, and how many contents cannot be read.
    pub(crate) fn fold_texts(&self, contents: &dyn Contents) -> (BTreeMap<u64, String>, u64) {
        let folded: Vec<(u64, String, u64)> = self
            .texts
            .par_iter()
            .map(|(position, all)| {
                let mut missing = 0;
                let mut text = String::new();
                for committed in all {
                    match contents.opening(committed) {
                        Ok(content) => {
                            if !text.is_empty() {
                                text.push('\n');
                            }
                            text.push_str(&String::from_utf8_lossy(&content));
                        }
                        Err(_) => missing += 1,
                    }
                }
                (*position, fold(&text), missing)
            })
            .collect();
        let missing = folded.iter().map(|(_, _, missing)| missing).sum();
        let texts = folded
            .into_iter()
            .filter(|(_, text, _)| !text.is_empty())
            .map(|(position, text, _)| (position, text))
            .collect();
        (texts, missing)
    }
}
