//! State of a station's ledger.

use std::collections::BTreeSet;
use std::sync::Arc;

use sijill_ledger::{Authority, KeyId, LedgerId, Role};
use sijill_rules::RulePack;

use super::book::Book;
use super::events::{StationClosed, StationEvent};
use super::voters::VoterList;
use crate::register::Contents;

/// Where a station stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Officers may come on duty.
    New,
    /// It serves voters.
    Open,
    /// Nothing follows.
    Closed,
}

/// What a station has established for other ledgers.
#[derive(Debug, Clone)]
pub struct StationFacts {
    /// The election ledger.
    pub parent: LedgerId,
    /// Where it stands.
    pub phase: Phase,
    /// Its list of voters, once it is open.
    pub list: Option<Arc<VoterList>>,
    /// The closing protocol, and the entries up to and including it.
    pub closed: Option<(u64, StationClosed)>,
    /// What it recorded, once it is closed.
    pub book: Option<Arc<Book>>,
    /// Everybody who authored an event here or signed as second officer, once it is closed.
    pub actors: BTreeSet<KeyId>,
}

/// State of a station's ledger.
#[derive(Debug, Clone)]
pub struct StationState {
    ledger: LedgerId,
    facts: Arc<StationFacts>,
    on_duty: BTreeSet<KeyId>,
    actors: BTreeSet<KeyId>,
    pub(super) received: u64,
    pub(super) pack: Option<Arc<RulePack>>,
    book: Arc<Book>,
}

impl StationState {
    /// An empty station of an election.
    #[must_use]
    pub fn new(ledger: LedgerId, parent: LedgerId) -> Self {
        Self {
            ledger,
            facts: Arc::new(StationFacts {
                parent,
                phase: Phase::New,
                list: None,
                closed: None,
                book: None,
                actors: BTreeSet::new(),
            }),
            on_duty: BTreeSet::new(),
            actors: BTreeSet::new(),
            received: 0,
            pack: None,
            book: Arc::new(Book::default()),
        }
    }

    /// What the station has established.
    #[must_use]
    pub fn facts(&self) -> Arc<StationFacts> {
        Arc::clone(&self.facts)
    }

    /// The ledger.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.facts.phase
    }

    /// Whether nothing may follow.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.facts.phase == Phase::Closed
    }

    /// What was recorded so far.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The station's list of voters, once it is open.
    #[must_use]
    pub fn list(&self) -> Option<&VoterList> {
        self.facts.list.as_deref()
    }

    /// The rule pack, once the station is open.
    #[must_use]
    pub fn pack(&self) -> Option<&RulePack> {
        self.pack.as_deref()
    }

    /// Blank papers received at the opening.
    #[must_use]
    pub const fn papers_received(&self) -> u64 {
        self.received
    }

    /// The officers on duty, ascending by key.
    pub fn on_duty(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.on_duty.iter().copied()
    }

    /// Whether an officer is on duty.
    #[must_use]
    pub fn is_on_duty(&self, key: &KeyId) -> bool {
        self.on_duty.contains(key)
    }

    /// Ends the duty of those who hold the role no more. Spec: specs/station.md §4.3.
    pub(crate) fn roles_changed(&mut self, authority: &Authority) {
        self.on_duty
            .retain(|key| authority.holds(*key, Role::StationOfficer, None));
    }

    pub(crate) fn evolve(
        &mut self,
        seq: u64,
        author: KeyId,
        event: &StationEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        self.actors.insert(author);
        match event {
            StationEvent::DutyBegun => {
                self.on_duty.insert(author);
            }
            StationEvent::DutyEnded => {
                self.on_duty.remove(&author);
            }
            StationEvent::StationOpened(e) => {
                let list = contents.load(&e.voters).map_err(|e| e.to_string())?;
                let list = VoterList::parse(&list).map_err(|e| e.to_string())?;
                let pack = contents.load(&e.pack).map_err(|e| e.to_string())?;
                let pack = RulePack::from_json(&pack).map_err(|e| e.to_string())?;
                self.pack = Some(Arc::new(pack));
                self.received = e.papers.get();
                let facts = Arc::make_mut(&mut self.facts);
                facts.list = Some(Arc::new(list));
                facts.phase = Phase::Open;
            }
            StationEvent::CheckedIn(e) => self.book_mut().checked_in(seq, author, e)?,
            StationEvent::PaperIssued(e) => {
                self.actors.extend(e.second.as_ref().map(|s| s.key));
                self.book_mut().issued(seq, author, e)?;
            }
            StationEvent::PaperSpoilt(e) => self.book_mut().spoilt(seq, author, e.paper.get())?,
            StationEvent::IssueDisputed(e) => self.book_mut().disputed(e.paper.get())?,
            StationEvent::StationClosed(e) => {
                let facts = Arc::make_mut(&mut self.facts);
                facts.closed = Some((seq + 1, e.clone()));
                facts.phase = Phase::Closed;
                // Shared only now, when it changes no more: before that a copy for every reader would cost too much.
                facts.book = Some(Arc::clone(&self.book));
                facts.actors.clone_from(&self.actors);
            }
        }
        Ok(())
    }

    fn book_mut(&mut self) -> &mut Book {
        Arc::make_mut(&mut self.book)
    }
}
