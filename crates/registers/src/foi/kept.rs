//! The clock that a request brought along from another register, as a service keeps it beside the ledger.
//!
//! It follows from the other register, so nothing of it stands on a ledger. A service that once verified it keeps it, so
//! that the clock goes on where the other register can be read no more.
//!
//! Spec: specs/foi.md §6.3, specs/operations.md §11.4.

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sijill_ledger::{ContentRef, decode_canonical, encode};
use sijill_rules::{Carried, FoiPack, Missed, Origin, numbered_day};

use super::clock::number;
use super::state::{Begin, FoiState};
use crate::register::{Contents, Linked, Rejection};

/// Pack and beginning of a request, wherever it began.
#[derive(Debug, Clone, PartialEq)]
pub struct ClockBasis {
    /// Its rules.
    pub pack: Arc<FoiPack>,
    /// How its clock begins here.
    pub origin: Origin,
}

/// What is kept. Days are day numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    pack: ContentRef,
    at_ms: u64,
    anchor: u32,
    extensions: u8,
    pauses: Vec<(u32, u32)>,
    missed: Option<(u32, u32)>,
}

impl ClockBasis {
    /// The bytes to keep; `None` of a request that was submitted here, which needs none.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let Origin::TakenOver { at_ms, carried } = &self.origin else {
            return None;
        };
        let pauses = carried.pauses.iter();
        Some(encode(&Kept {
            pack: ContentRef::of(&self.pack.to_json()).ok()?,
            at_ms: *at_ms,
            anchor: number(carried.anchor),
            extensions: carried.extensions,
            pauses: pauses
                .map(|(from, until)| (number(*from), number(*until)))
                .collect(),
            missed: carried.missed.map(|m| (number(m.on), number(m.due))),
        }))
    }

    /// What [`to_bytes`](Self::to_bytes) kept; `None` if the bytes are none of that, or the pack cannot be read.
    ///
    /// The bytes are believed: whoever calls this has reason to.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], contents: &dyn Contents) -> Option<Self> {
        let kept: Kept = decode_canonical(bytes).ok()?;
        let both = |(from, until)| Some((numbered_day(from)?, numbered_day(until)?));
        let pauses: Option<Vec<(Date, Date)>> = kept.pauses.into_iter().map(both).collect();
        let missed = match kept.missed {
            None => None,
            Some(days) => both(days).map(|(on, due)| Some(Missed { on, due }))?,
        };
        let carried = Carried {
            anchor: numbered_day(kept.anchor)?,
            extensions: kept.extensions,
            pauses: pauses?,
            missed,
        };
        Some(Self {
            pack: Arc::new(FoiPack::from_json(&contents.load(&kept.pack).ok()?).ok()?),
            origin: Origin::TakenOver {
                at_ms: kept.at_ms,
                carried,
            },
        })
    }
}

impl FoiState {
    /// Positions of the requests that came from other registers.
    pub fn taken_over(&self) -> impl Iterator<Item = u64> {
        let all = self.requests.values();
        all.filter(|request| matches!(request.begin, Begin::TakenOver { .. }))
            .map(|request| request.seq)
    }

    /// Pack and beginning of a request; `None` if there is no such request.
    ///
    /// # Errors
    /// [`Rejection`] if it came from a register that cannot be read, and nothing was kept of it.
    pub fn clock_basis(&self, request: u64, linked: &dyn Linked) -> Result<Option<ClockBasis>, Rejection> {
        let request = self.requests.get(&request);
        request.map(|request| self.basis(request, linked)).transpose()
    }
}
