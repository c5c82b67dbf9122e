//! A register for a cache: what happened, without what follows from it. Spec: specs/operations.md §11.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_ledger::{ContentRef, LedgerId};
use sijill_rules::FoiPack;

use super::state::{FoiState, Request, TransferOut};
use crate::calendar::DaysSnapshot;
use crate::register::Contents;

/// [`FoiState`] for a cache. Packs are cited, and named by their places.
#[derive(Serialize, Deserialize)]
pub(crate) struct FoiSnapshot {
    days: DaysSnapshot,
    /// Every pack that was chosen, in order; the last one is in force.
    packs: Vec<ContentRef>,
    successor: Option<LedgerId>,
    requests: Vec<(Request, Option<u32>)>,
    transfers: Vec<(u64, TransferOut, Option<u32>)>,
    taken: BTreeSet<(LedgerId, u64)>,
}

impl FoiState {
    pub(crate) fn snapshot(&self) -> FoiSnapshot {
        let place = |pack: &Option<Arc<FoiPack>>| {
            let pack = pack.as_ref()?;
            let at = self
                .packs
                .iter()
                .position(|(_, chosen)| Arc::ptr_eq(chosen, pack));
            at.and_then(|at| u32::try_from(at).ok())
        };
        let facts = self.facts();
        FoiSnapshot {
            days: self.days.snapshot(),
            packs: self.packs.iter().map(|(content, _)| *content).collect(),
            successor: self.successor,
            requests: self.requests().map(|r| (r.clone(), place(&r.pack))).collect(),
            transfers: facts
                .transfers
                .iter()
                .map(|(request, out)| (*request, TransferOut::clone(out), place(&out.pack)))
                .collect(),
            taken: facts.taken.clone(),
        }
    }

    pub(crate) fn restore(&mut self, found: FoiSnapshot, contents: &dyn Contents) -> Option<()> {
        self.days.restore(found.days)?;
        for content in found.packs {
            self.choose(content, contents).ok()?;
        }
        let pack = |place: Option<u32>| match place {
            None => Some(None),
            Some(at) => {
                let (_, pack) = self.packs.get(usize::try_from(at).ok()?)?;
                Some(Some(Arc::clone(pack)))
            }
        };
        let mut requests = Vec::with_capacity(found.requests.len());
        for (mut request, place) in found.requests {
            request.pack = pack(place)?;
            requests.push(request);
        }
        let mut transfers = Vec::new();
        for (request, mut out, place) in found.transfers {
            out.pack = pack(place)?;
            transfers.push((request, Arc::new(out)));
        }
        self.successor = found.successor;
        self.take_back(requests, transfers, found.taken)
    }
}

/// Steps of a clock: moment, what happened, and the day of a letter.
pub(super) mod steps {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error};
    use sijill_rules::{Step, StepAt, day_number, numbered_day};

    pub(crate) fn serialize<S: Serializer>(steps: &[StepAt], to: S) -> Result<S::Ok, S::Error> {
        let number = |day| u32::try_from(day_number(day)).unwrap_or(0);
        let parts: Vec<(u64, u8, Option<u32>)> = steps
            .iter()
            .map(|at| {
                let (code, day) = match at.step {
                    Step::ClarificationAsked => (0, None),
                    Step::ClarificationAnswered => (1, None),
                    Step::ClarificationReceived { on } => (2, Some(number(on))),
                    Step::FeeQuoted => (3, None),
                    Step::FeeSettled => (4, None),
                    Step::Extended => (5, None),
                    Step::Transferred => (6, None),
                    Step::Decided => (7, None),
                    Step::Closed => (8, None),
                };
                (at.at_ms, code, day)
            })
            .collect();
        parts.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<StepAt>, D::Error> {
        let parts: Vec<(u64, u8, Option<u32>)> = Vec::deserialize(from)?;
        let read = |(at_ms, code, day): (u64, u8, Option<u32>)| {
            let step = match (code, day.map(numbered_day)) {
                (0, None) => Step::ClarificationAsked,
                (1, None) => Step::ClarificationAnswered,
                (2, Some(Some(on))) => Step::ClarificationReceived { on },
                (3, None) => Step::FeeQuoted,
                (4, None) => Step::FeeSettled,
                (5, None) => Step::Extended,
                (6, None) => Step::Transferred,
                (7, None) => Step::Decided,
                (8, None) => Step::Closed,
                _ => return Err(D::Error::custom("no step of a clock")),
            };
            Ok(StepAt { at_ms, step })
        };
        parts.into_iter().map(read).collect()
    }
}
