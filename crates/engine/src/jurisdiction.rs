//! A jurisdiction at run time: the timer that closes days on its registers, transfers on their way, openings and their
//! destruction, the published folder.
//!
//! *The timer.* [`Engine::tick`] is called now and then (and [`Engine::prepare`] before anything is handed in to a
//! register). It does what is due and nothing twice: a register says itself which day was closed last, and a day is
//! closed together with everything that the clock brought about, in one append. A service that was down for a week
//! closes the last day when it is back.
//!
//! *If the process dies* in between, the next tick goes on from what stands on the ledgers. An opening that was ordered
//! to be erased and is still there is destroyed when the engine opens, and before anything is published.
//!
//! Spec: specs/jurisdiction.md §2, §3.2, §6, specs/foi.md §6.4, §8.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sijill_ledger::{Committed, JurisdictionTrustFile, Kind, LedgerId, UnverifiedEntry};
use sijill_registers::calendar::CalendarFacts;
use sijill_registers::calendar::events::{DayClosed, PUBLIC, RegisterEvent, RegisterViewPublished};
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::views::MODERATION_LOG;
use sijill_registers::foi::events::{FoiEvent, TransferReceived};
use sijill_registers::foi::{FoiFacts, Published, views};
use sijill_registers::register::{Contents, Facts, Rejection, State};
use sijill_rules::numbered_day;

use crate::engine::{Engine, EngineError};
use crate::ledgers::LedgerHandle;
use crate::openings::{OpeningError, OpeningStore};
use crate::publish::{PublishError, Scope, beside, refuse_foreign, remove, replace, write};
use crate::submit::{Acknowledgement, SubmitError};
use crate::views::read_event;

/// What the timer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticked {
    /// The register.
    pub register: LedgerId,
    /// Name of the event type.
    pub event: &'static str,
    /// Position of the event.
    pub seq: u64,
    /// The last closed day, where days were closed.
    pub closed: Option<u32>,
}

/// What was published of a jurisdiction.
#[derive(Debug, Clone)]
pub struct JurisdictionPublication {
    /// The trust file that goes with it, to be handed out by another way.
    pub trust: JurisdictionTrustFile,
    /// Ledgers.
    pub ledgers: usize,
    /// Entries of all ledgers.
    pub entries: u64,
    /// Contents.
    pub contents: usize,
    /// Openings.
    pub openings: usize,
}

/// How far a register lags behind the clock.
struct Lag {
    /// The day before today, if it is not closed yet.
    close: Option<u32>,
    /// The calendar has grown since it was cited.
    calendar_grew: bool,
    parent: LedgerId,
    /// Nobody waits for anything, and new requests go elsewhere.
    idle: bool,
}

impl Engine {
    /// Keeps a content of a ledger behind a fresh commitment. Spec: specs/jurisdiction.md §3.
    ///
    /// # Errors
    /// [`EngineError::Opening`].
    ///
    /// # Durability
    /// The opening is on stable storage when this returns.
    pub fn commit_content(&self, ledger: &LedgerId, content: &[u8]) -> Result<Committed, EngineError> {
        Ok(self.openings()?.commit(ledger, content)?)
    }

    /// The content behind a commitment of a ledger.
    ///
    /// # Errors
    /// [`EngineError::Opening`]; [`OpeningError::Missing`] if it was erased.
    pub fn committed_content(
        &self,
        ledger: &LedgerId,
        committed: &Committed,
    ) -> Result<Arc<[u8]>, EngineError> {
        Ok(self.openings()?.load(ledger, committed)?)
    }

    fn openings(&self) -> Result<&OpeningStore, EngineError> {
        let none = || EngineError::Missing("this service keeps no openings of commitments".into());
        self.content.openings().ok_or_else(none)
    }

    /// Does whatever is due on every register: closes days, takes note of the calendar, receives transfers. A register
    /// that refuses holds up no other one.
    ///
    /// # Errors
    /// [`SubmitError`] of the first register that refused, after all were looked at; what was done on the others stands.
    ///
    /// # Durability
    /// What is reported is durable.
    pub async fn tick(&self) -> Result<Vec<Ticked>, SubmitError> {
        self.destroy_erased();
        let mut done = Vec::new();
        let mut refused = None;
        for handle in self.ledgers().all() {
            match self.tick_days(&handle).await {
                Ok(more) => done.extend(more),
                Err(error) => note_refusal(&mut refused, handle.ledger(), error),
            }
        }
        self.receive_transfers(&mut done, &mut refused).await;
        refused.map_or(Ok(done), Err)
    }

    /// Receives every transfer that is on its way.
    async fn receive_transfers(&self, done: &mut Vec<Ticked>, refused: &mut Option<SubmitError>) {
        for (from, facts) in self.registers() {
            for (request, out) in &facts.transfers {
                match self.receive_transfer(from, *request, out.to).await {
                    Ok(more) => done.extend(more),
                    Err(error) => note_refusal(refused, out.to, error),
                }
            }
        }
    }

    async fn tick_days(&self, handle: &LedgerHandle) -> Result<Vec<Ticked>, SubmitError> {
        let idle = lag(self, handle)?.is_none_or(|lag| lag.idle);
        if idle {
            Ok(Vec::new())
        } else {
            self.prepare(handle.ledger()).await
        }
    }

    /// Receives a transfer, unless that was done, or the register that it goes to has not begun.
    async fn receive_transfer(
        &self,
        from: LedgerId,
        request: u64,
        to: LedgerId,
    ) -> Result<Vec<Ticked>, SubmitError> {
        let Some(Facts::Foi(there)) = self.ledgers().find(&to).map(|h| h.facts()) else {
            return Ok(Vec::new());
        };
        if there.cited.is_empty() || there.taken.contains(&(from, request)) {
            return Ok(Vec::new());
        }
        let mut done = self.prepare(to).await?;
        let event = FoiEvent::TransferReceived(TransferReceived { from, request });
        let name = event.name();
        let taken = self.act_as_service(to, Event::Foi(event), &[from]).await?;
        self.settle_clock(&to, taken.seq);
        done.push(ticked(name, &taken, None));
        Ok(done)
    }

    /// Brings one register up to now, so that something may be handed in to it.
    ///
    /// # Errors
    /// [`SubmitError`].
    ///
    /// # Durability
    /// What is reported is durable.
    pub async fn prepare(&self, register: LedgerId) -> Result<Vec<Ticked>, SubmitError> {
        let handle = self.ledger_handle(&register)?;
        let Some(lag) = lag(self, &handle)? else {
            return Ok(Vec::new());
        };
        if let Some(day) = lag.close {
            let event = RegisterEvent::DayClosed(DayClosed { day });
            let closed = self.cite_calendar(register, event, lag.parent).await?;
            return Ok(vec![ticked("DayClosed", &closed, Some(day))]);
        }
        if lag.calendar_grew {
            let seen = self
                .cite_calendar(register, RegisterEvent::CalendarSeen, lag.parent)
                .await;
            return match seen {
                Ok(seen) => Ok(vec![ticked("CalendarSeen", &seen, None)]),
                // The clock has not moved since the last entry: it is seen at the next tick.
                Err(SubmitError::Rejected(Rejection::Calendar(r))) if r.code() == "calendar.seen" => {
                    Ok(Vec::new())
                }
                Err(error) => Err(error),
            };
        }
        Ok(Vec::new())
    }

    /// Has a register take note of the calendar for the first time.
    ///
    /// # Errors
    /// [`SubmitError`].
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn begin_register(
        &self,
        register: LedgerId,
        calendar: LedgerId,
    ) -> Result<Acknowledgement, SubmitError> {
        self.cite_calendar(register, RegisterEvent::CalendarSeen, calendar)
            .await
    }

    /// An entry that cites more of the calendar comes later than the entry before it: within one millisecond the first
    /// try may be too early.
    async fn cite_calendar(
        &self,
        register: LedgerId,
        event: RegisterEvent,
        calendar: LedgerId,
    ) -> Result<Acknowledgement, SubmitError> {
        let first = self
            .act_as_service(register, Event::Register(event.clone()), &[calendar])
            .await;
        match first {
            Err(SubmitError::Rejected(Rejection::Calendar(rejection)))
                if rejection.code() == "calendar.seen" =>
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
                self.act_as_service(register, Event::Register(event), &[calendar])
                    .await
            }
            other => other,
        }
    }

    /// Computes the due dates of a register, and publishes them on it. Spec: specs/foi.md §9.
    ///
    /// # Errors
    /// [`SubmitError`]; if an event came in between, it is to be tried again.
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn publish_due_dates(&self, register: LedgerId) -> Result<Acknowledgement, SubmitError> {
        self.prepare(register).await?;
        let handle = self.ledger_handle(&register)?;
        let computed = handle.with_head(|head| {
            let size = head.chain.size();
            let foi = head.state.as_foi()?;
            Some(foi.due_dates(size, self.ledgers()).map(|bytes| (size, bytes)))
        });
        let (size, bytes) = computed.ok_or(SubmitError::Unknown(register))??;
        let content = self
            .put_content(&bytes)
            .map_err(|e| SubmitError::Unavailable(e.to_string()))?;
        let event = RegisterEvent::ViewPublished(RegisterViewPublished {
            view: views::DUE_DATES.to_owned(),
            size,
            content,
        });
        self.act_as_service(register, Event::Register(event), &[]).await
    }

    /// Computes the moderation log of a consultation, and publishes it on it. Spec: specs/consultation.md §11.
    ///
    /// # Errors
    /// [`SubmitError`]; if an event came in between, it is to be tried again.
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn publish_moderation_log(
        &self,
        consultation: LedgerId,
    ) -> Result<Acknowledgement, SubmitError> {
        self.prepare(consultation).await?;
        let handle = self.ledger_handle(&consultation)?;
        let computed = handle.with_head(|head| {
            let size = head.chain.size();
            let register = head.state.as_consultation()?;
            let log = register
                .moderation_log(size, self.ledgers())
                .map_err(Rejection::from);
            log.transpose().map(|log| log.map(|bytes| (size, bytes)))
        });
        let (size, bytes) = computed.ok_or(SubmitError::Unknown(consultation))??;
        let content = self
            .put_content(&bytes)
            .map_err(|e| SubmitError::Unavailable(e.to_string()))?;
        let event = RegisterEvent::ViewPublished(RegisterViewPublished {
            view: MODERATION_LOG.to_owned(),
            size,
            content,
        });
        self.act_as_service(consultation, Event::Register(event), &[])
            .await
    }

    /// Registers of freedom of information that this service keeps, and what they have established.
    #[must_use]
    pub fn registers(&self) -> Vec<(LedgerId, Arc<FoiFacts>)> {
        let all = self.ledgers().all().into_iter();
        all.filter_map(|handle| match handle.facts() {
            Facts::Foi(facts) => Some((handle.ledger(), facts)),
            _ => None,
        })
        .collect()
    }

    /// Destroys every opening whose content was ordered to be erased.
    pub(crate) fn destroy_erased(&self) {
        for handle in self.ledgers().all() {
            if matches!(handle.facts(), Facts::Foi(_) | Facts::Consultation(_)) {
                self.destroy_erased_of(&handle.ledger());
            }
        }
    }

    /// Destroys every opening whose commitment never came onto its ledger: of an event that was refused, or not handed in
    /// because the process died. Nobody could order its erasure. Only while the engine opens: later somebody may be about
    /// to hand in the event.
    pub(crate) fn destroy_unclaimed(&self) {
        let Some(openings) = self.content.openings() else {
            return;
        };
        let stored = match openings.all() {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!(%error, "openings of no event may still be there");
                return;
            }
        };
        for (ledger, commitment) in stored {
            // Of a ledger that is refused nothing is known: its openings stay.
            let unclaimed = self.ledgers().find(&ledger).is_some_and(|handle| {
                handle.with_head(|head| head.state.days().is_some_and(|days| !days.holds(&commitment)))
            });
            if unclaimed && let Err(error) = openings.destroy(&ledger, &commitment) {
                tracing::error!(register = %ledger, %error, "an opening of no event is still there");
            }
        }
    }

    /// As [`destroy_erased`](Self::destroy_erased), of one register. What cannot be destroyed now is tried again when
    /// the engine opens, at every tick, and before every publication.
    pub(crate) fn destroy_erased_of(&self, register: &LedgerId) {
        let Some(handle) = self.ledgers().find(register) else {
            return;
        };
        let erased: Vec<[u8; 32]> = handle.with_head(|head| {
            // What is decided and not durable may still be taken back.
            let durable = head.chain.size() == handle.durable_size();
            let days = head.state.days().filter(|_| durable);
            days.map(|days| days.erased().copied().collect())
                .unwrap_or_default()
        });
        let Some(openings) = self.content.openings() else {
            return;
        };
        for commitment in erased {
            if let Err(error) = openings.destroy(register, &commitment) {
                tracing::error!(%register, %error, "an opening that was ordered to be erased is still there");
            }
        }
    }

    /// Publishes a jurisdiction into a folder, replacing an earlier publication there. Spec: specs/jurisdiction.md §6.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn publish_jurisdiction(
        &self,
        calendar: LedgerId,
        scope: Scope,
        folder: &Path,
    ) -> Result<JurisdictionPublication, PublishError> {
        self.destroy_erased();
        let openings = self.openings()?;
        let root = self
            .ledgers()
            .find(&calendar)
            .ok_or(PublishError::NotAJurisdiction(calendar))?;
        let (handles, checkpoints) = self.settled_state(&root, scope).await?;
        refuse_foreign(folder)?;
        let aside = beside(folder, "new");
        remove(&aside)?;
        let mut cited = BTreeSet::new();
        let mut published = Vec::new();
        let mut trusted = Vec::new();
        let mut entries = 0;
        for (handle, checkpoint) in handles.iter().zip(&checkpoints) {
            let kind = handle.with_head(|head| head.state.kind());
            let mut of_ledger = Openings::of(handle)?;
            let mut visit = |bytes: &[u8]| -> Result<(), String> {
                let Some((entry, event)) = read_event(kind, bytes)? else {
                    return Ok(());
                };
                cited.extend(event.contents());
                of_ledger.apply(&entry, &event, self.contents())
            };
            trusted.push(
                self.publish_ledger(handle, checkpoint, &aside, &mut visit)
                    .await?,
            );
            published.push((handle.ledger(), of_ledger));
            entries += checkpoint.size();
        }
        for content in &cited {
            write(&aside.join(content.path()), &self.contents().load(content)?)?;
        }
        let mut open = BTreeSet::new();
        for (ledger, committed) in published.iter().flat_map(|(ledger, of)| {
            of.published()
                .into_iter()
                .map(move |committed| (ledger, committed))
        }) {
            if !open.insert(committed.commitment) {
                continue;
            }
            let opening = openings.opening(ledger, &committed)?;
            let path = aside.join("openings").join(hex::encode(committed.commitment));
            write(&path, &opening)?;
        }
        let trust = JurisdictionTrustFile::new(calendar, trusted)
            .map_err(|e| EngineError::Internal(e.to_string()))?;
        replace(&aside, folder)?;
        Ok(JurisdictionPublication {
            trust,
            ledgers: handles.len(),
            entries,
            contents: cited.len(),
            openings: open.len(),
        })
    }

    /// As [`one_state`](Self::one_state), when no transfer is on its way behind a day that is closed: whoever reads the
    /// folder would take it for lost. Spec: specs/foi.md §6.4.
    async fn settled_state(
        &self,
        root: &Arc<LedgerHandle>,
        scope: Scope,
    ) -> Result<(Vec<Arc<LedgerHandle>>, Vec<sijill_ledger::SignedCheckpoint>), PublishError> {
        for _ in 0..8 {
            // A refusal is in the log, and leaves the transfer where it is.
            self.receive_transfers(&mut Vec::new(), &mut None).await;
            match self.one_state(root, scope) {
                Err(PublishError::Busy) => {}
                other => return other,
            }
        }
        Err(PublishError::Busy)
    }

    /// Whether a transfer was not received by a register that has closed a day after it.
    fn has_belated_transfer(&self) -> bool {
        self.registers().iter().any(|(from, facts)| {
            facts.transfers.iter().any(|(request, out)| {
                let there = self.ledgers().find(&out.to);
                there.is_some_and(|there| {
                    there.with_head(|head| {
                        let foi = head.state.as_foi()?;
                        if foi.facts().taken.contains(&(*from, *request)) {
                            return None;
                        }
                        let calendar = foi.days().calendar(self.ledgers()).ok()?;
                        let closed = foi.days().closed().and_then(numbered_day)?;
                        Some(calendar.day_of(out.at_ms)? < closed)
                    }) == Some(true)
                })
            })
        })
    }

    /// The calendar and the registers of the scope, each with a checkpoint, such that whatever one of them cites is
    /// covered: nothing has changed between two looks at all of them.
    fn one_state(
        &self,
        root: &Arc<LedgerHandle>,
        scope: Scope,
    ) -> Result<(Vec<Arc<LedgerHandle>>, Vec<sijill_ledger::SignedCheckpoint>), PublishError> {
        for _ in 0..64 {
            let facts = calendar_facts(root).ok_or(PublishError::NotAJurisdiction(root.ledger()))?;
            let mut handles = vec![Arc::clone(root)];
            for listed in &facts.registers {
                let listing = &listed.listing;
                if scope == Scope::Public && listing.visibility != PUBLIC {
                    continue;
                }
                let missing =
                    || EngineError::Missing(format!("this service keeps no ledger {}", listing.ledger));
                handles.push(self.ledgers().find(&listing.ledger).ok_or_else(missing)?);
            }
            let look = || handles.iter().map(|h| h.checkpoint()).collect::<Vec<_>>();
            let checkpoints = look();
            if self.has_belated_transfer() {
                return Err(PublishError::Busy);
            }
            if look() == checkpoints && calendar_facts(root).as_ref() == Some(&facts) {
                return Ok((handles, checkpoints));
            }
        }
        Err(PublishError::Busy)
    }
}

/// Keeps the first refusal, and tells the log of each.
fn note_refusal(refused: &mut Option<SubmitError>, register: LedgerId, error: SubmitError) {
    tracing::warn!(%register, %error, "what is due on a register could not be done");
    refused.get_or_insert(error);
}

fn calendar_facts(handle: &LedgerHandle) -> Option<Arc<CalendarFacts>> {
    match handle.facts() {
        Facts::Calendar(facts) if facts.jurisdiction.is_some() => Some(facts),
        _ => None,
    }
}

/// The published contents of a ledger, entry by entry.
enum Openings {
    /// Of a calendar ledger, or a register of freedom of information.
    Folded(Published),
    /// Of a consultation: a comment that was hidden may come back, and answers are published with the end of a day.
    Replayed(Box<State>),
}

impl Openings {
    fn of(handle: &LedgerHandle) -> Result<Self, EngineError> {
        let genesis = handle.with_head(|head| head.chain.genesis().clone());
        if genesis.kind() != Kind::Consultation {
            return Ok(Self::Folded(Published::default()));
        }
        let state = State::start(&genesis).map_err(|e| EngineError::Internal(e.to_string()))?;
        Ok(Self::Replayed(Box::new(state)))
    }

    fn apply(
        &mut self,
        entry: &UnverifiedEntry,
        event: &Event,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        match self {
            Self::Folded(published) => {
                published.apply(entry.body().hash(), event);
                Ok(())
            }
            Self::Replayed(state) => state
                .evolve(&entry.into(), event, contents)
                .map_err(|e| e.to_string()),
        }
    }

    fn published(&self) -> BTreeSet<Committed> {
        match self {
            Self::Folded(published) => published.contents().copied().collect(),
            Self::Replayed(state) => state
                .as_consultation()
                .map(|consultation| consultation.state().published())
                .unwrap_or_default(),
        }
    }
}

/// `None` for what is no register, or one that has not begun.
fn lag(engine: &Engine, handle: &LedgerHandle) -> Result<Option<Lag>, SubmitError> {
    let now_ms = engine.now().as_u64();
    handle.with_head(|head| {
        let Some(days) = head.state.days().filter(|days| days.size() > 0) else {
            return Ok(None);
        };
        let calendar = days.calendar(engine.ledgers()).map_err(Rejection::from)?;
        let parent = engine.ledger_handle(&days.parent())?;
        let yesterday = calendar.day_of(days.next_moment(now_ms)).and_then(|today| {
            u32::try_from(sijill_rules::day_number(today))
                .ok()?
                .checked_sub(1)
        });
        // A day before the register's first has nothing to close.
        let first = days.moment_ms().and_then(|_| days.first_day(&calendar));
        let close = yesterday
            .filter(|day| numbered_day(*day) >= first && days.closed().is_none_or(|closed| closed < *day));
        Ok(Some(Lag {
            close,
            calendar_grew: parent.durable_size() > days.size(),
            parent: days.parent(),
            idle: head.state.is_idle(),
        }))
    })
}

const fn ticked(event: &'static str, at: &Acknowledgement, closed: Option<u32>) -> Ticked {
    Ticked {
        register: at.ledger,
        event,
        seq: at.seq.as_u64(),
        closed,
    }
}

impl From<OpeningError> for EngineError {
    fn from(error: OpeningError) -> Self {
        Self::Opening(error)
    }
}
