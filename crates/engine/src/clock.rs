//! Time, injected: the engine never asks the operating system anywhere else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sijill_ledger::UnixMillis;

/// What time it is.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, in milliseconds since 1970 UTC.
    fn now(&self) -> UnixMillis;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::clamped(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that shows what it is told, for rehearsals and tests. It never goes back by itself.
#[derive(Debug, Default)]
pub struct RehearsalClock(AtomicU64);

impl RehearsalClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn new(now: UnixMillis) -> Self {
        Self(AtomicU64::new(now.as_u64()))
    }

    /// Sets it.
    pub fn set(&self, now: UnixMillis) {
        self.0.store(now.as_u64(), Ordering::SeqCst);
    }

    /// Moves it forward.
    pub fn advance(&self, by_ms: u64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for RehearsalClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::clamped(self.0.load(Ordering::SeqCst))
    }
}
