//! How far a run has come: counters that checks add to and that anybody may read meanwhile. Nothing here prints or looks at a clock.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Reading ledgers: encoding, chains, signatures, trees. Counts bundles of up to 256 entries.
    Reading,
    /// Following registers and verifying ballots. Counts entries.
    Checking,
}

/// Counters of a run, shared with whoever shows them.
///
/// The counts are for people. They may be read while they change, and a hostile folder can make them too small or too large; no verdict rests on them.
#[derive(Debug, Default)]
pub struct Progress {
    /// 0 while reading, 1 while checking.
    phase: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Phase, objects done in it, objects expected in it. More may be done than was expected.
    #[must_use]
    pub fn now(&self) -> (Phase, u64, u64) {
        let phase = match self.phase.load(Ordering::Acquire) {
            0 => Phase::Reading,
            _ => Phase::Checking,
        };
        (
            phase,
            self.done.load(Ordering::Relaxed),
            self.total.load(Ordering::Relaxed),
        )
    }

    pub(crate) fn begin(&self, phase: Phase, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.phase
            .store(u64::from(phase == Phase::Checking), Ordering::Release);
    }

    pub(crate) fn advance(&self, objects: u64) {
        self.done.fetch_add(objects, Ordering::Relaxed);
    }

    pub(crate) fn expect_more(&self, objects: u64) {
        self.total.fetch_add(objects, Ordering::Relaxed);
    }
}
