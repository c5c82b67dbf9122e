//! Subscriptions: catching up with a ledger, then following it.

use std::collections::VecDeque;
use std::fmt;

use async_trait::async_trait;
use sijill_ledger::{LedgerId, Seq};

use crate::contract::{Page, StoredEntry};
use crate::error::{Damage, ReadError};

/// Where a subscription gets its pages from; one implementation per backend.
#[async_trait]
pub trait EntrySource: Send {
    /// Waits until there is an entry at `from`, then returns a page that begins with it. Dropping the future loses
    /// nothing.
    ///
    /// # Errors
    /// [`ReadError`]
    async fn page_from(&mut self, from: Seq) -> Result<Page, ReadError>;
}

/// The entries of a ledger from a position on, without an end.
///
/// It pulls: a slow subscriber holds one page and nothing else. After an error it stands where it stood, and the next
/// call tries again from there; a new subscription from [`Subscription::position`] is the same.
pub struct Subscription {
    ledger: LedgerId,
    position: Seq,
    page: VecDeque<StoredEntry>,
    source: Box<dyn EntrySource>,
}

impl Subscription {
    /// A subscription of `ledger` from `from` on. For backends.
    #[must_use]
    pub fn new(ledger: LedgerId, from: Seq, source: Box<dyn EntrySource>) -> Self {
        Self {
            ledger,
            position: from,
            page: VecDeque::new(),
            source,
        }
    }

    /// The position of the entry that comes next.
    #[must_use]
    pub fn position(&self) -> Seq {
        self.position
    }

    /// The next entry, as soon as it is durable. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Unavailable`] if the store was closed.
    pub async fn next(&mut self) -> Result<StoredEntry, ReadError> {
        if self.page.is_empty() {
            self.page = self.source.page_from(self.position).await?.entries.into();
        }
        match self.page.pop_front() {
            Some(entry) if entry.seq() == self.position => {
                self.position = self.position.next();
                Ok(entry)
            }
            _ => {
                self.page.clear();
                Err(ReadError::Corrupt {
                    ledger: self.ledger,
                    at: self.position,
                    damage: Damage::Missing,
                })
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("ledger", &self.ledger)
            .field("position", &self.position)
            .field("buffered", &self.page.len())
            .finish_non_exhaustive()
    }
}
