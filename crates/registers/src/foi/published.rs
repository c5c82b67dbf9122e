//! Which committed contents of a register are published after a part of its ledger: a pure fold over its events.
//!
//! Spec: specs/foi.md §5.2, §5.3, §10, specs/jurisdiction.md §3.1, §3.2.

use std::collections::{BTreeMap, BTreeSet};

use sijill_ledger::{BodyHash, Committed};

use super::events::FoiEvent;
use crate::calendar::events::RegisterEvent;
use crate::catalogue::Event;

/// The published contents so far.
#[derive(Debug, Clone, Default)]
pub struct Published {
    open: BTreeSet<Committed>,
    /// What is released now, by request and document.
    released: BTreeMap<(u64, u16), Committed>,
    orders: BTreeMap<BodyHash, Vec<[u8; 32]>>,
    erased: BTreeSet<[u8; 32]>,
}

impl Published {
    /// Folds an event that stands, whose body has this hash.
    pub fn apply(&mut self, body: BodyHash, event: &Event) {
        let open = event.fields().into_iter().filter(|field| field.open);
        self.open.extend(open.map(|field| field.committed));
        match event {
            Event::Foi(FoiEvent::ReleaseMade(e)) => {
                let released = e.releases.iter().map(|r| ((e.request, r.document), r.rendition));
                self.released.extend(released);
            }
            // What an earlier decision released stays published, and belongs to no document of the new one.
            Event::Foi(FoiEvent::DecisionMade(e)) => {
                self.released.retain(|(request, _), _| *request != e.request);
            }
            Event::Foi(FoiEvent::ReleaseWithdrawn(e)) => {
                for document in &e.documents {
                    if let Some(gone) = self.released.remove(&(e.request, *document)) {
                        self.open.remove(&gone);
                    }
                }
            }
            Event::Register(RegisterEvent::ErasureOrdered(e)) => {
                self.orders.insert(body, e.commitments.clone());
            }
            Event::Register(RegisterEvent::ErasureConfirmed(e)) => {
                self.erased
                    .extend(self.orders.get(&e.order).into_iter().flatten().copied());
            }
            _ => {}
        }
    }

    /// The published contents.
    pub fn contents(&self) -> impl Iterator<Item = &Committed> {
        let erased = &self.erased;
        self.open.iter().filter(|c| !erased.contains(&c.commitment))
    }

    /// Commitments whose contents were erased.
    pub fn erased(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.erased.iter()
    }
}
