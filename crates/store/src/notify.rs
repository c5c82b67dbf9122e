//! Tells subscribers of a ledger that it has grown.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sijill_ledger::{LedgerId, Seq};
use tokio::sync::watch;

/// One channel per ledger that somebody follows. When this value goes, all followers are told.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    followed: Mutex<HashMap<LedgerId, watch::Sender<Seq>>>,
}

impl Notifier {
    /// Follows `ledger`. Whoever registers first and reads then misses nothing.
    pub(crate) fn follow(&self, ledger: LedgerId) -> watch::Receiver<Seq> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed
            .entry(ledger)
            .or_insert_with(|| watch::Sender::new(Seq::ZERO))
            .subscribe()
    }

    /// Says that `ledger` now has entries up to `next`. To be called after they can be read.
    pub(crate) fn grown(&self, ledger: LedgerId, next: Seq) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = followed.get(&ledger) {
            if sender.receiver_count() == 0 {
                followed.remove(&ledger);
            } else {
                sender.send_replace(next);
            }
        }
    }
}
