//! What every register of a jurisdiction has: its days, the calendar as it has seen it, commitments and their erasure.
//!
//! A register embeds [`Days`] in its state. Its `decide` first asks [`Days::check_entry`] (and [`Days::check`] for the
//! events of specs/events.md §7), then its own rules; its `evolve` first calls [`Days::note`].
//!
//! Spec: specs/jurisdiction.md §2, §3.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sijill_ledger::{BodyHash, Committed, KeyId, Kind, LedgerId};
use sijill_rules::{Calendar, END_OF_TIME_MS, check_line, check_prose, day_number, numbered_day};

use super::decide::CalendarRejection;
use super::events::{ErasureConfirmed, ErasureOrdered, RegisterEvent};
use super::state::CalendarFacts;
use crate::catalogue::Event;
use crate::register::{Context, Facts, Linked, Position, Rejection, no_refs, one_ref};

/// Most bytes of a committed content that is no text. Spec: specs/jurisdiction.md §3.
const MAX_BYTES: u64 = 26_214_400;
/// Most bytes of a committed text.
const MAX_TEXT: u64 = sijill_rules::MAX_PROSE_BYTES as u64;

/// A citation of the calendar by which a register has come to know more of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    /// Entries of the calendar.
    pub size: u64,
    /// Moment of the entry before; `None` for entry 1.
    pub before_ms: Option<u64>,
    /// Moment of the entry that cites.
    pub moment_ms: u64,
}

/// What a committed content is. Spec: specs/jurisdiction.md §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Prose in UTF-8.
    Text,
    /// Anything.
    Bytes,
}

/// A field of an event that holds a commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The commitment.
    pub committed: Committed,
    /// What the content is.
    pub form: Form,
    /// Whether everybody may read it.
    pub open: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Order {
    author: KeyId,
    commitments: Vec<[u8; 32]>,
    confirmed: bool,
}

/// The days of a register and what goes with them.
#[derive(Debug, Clone)]
pub struct Days {
    ledger: LedgerId,
    parent: LedgerId,
    /// Moment of entry 1.
    first_ms: Option<u64>,
    /// Moment of the last entry; `None` if there is none behind the genesis.
    moment_ms: Option<u64>,
    closed: Option<u32>,
    cited: Arc<Vec<Cited>>,
    commitments: BTreeSet<[u8; 32]>,
    orders: BTreeMap<BodyHash, Order>,
    erased: BTreeSet<[u8; 32]>,
    views: BTreeSet<(String, u64)>,
}

/// The calendar of a register: that of the calendar ledger, with each fact known as §2.3 says. `None` if the
/// jurisdiction is not defined.
///
/// # Errors
/// A text if facts contradict each other: the calendar ledger is damaged.
pub fn calendar_as_cited(facts: &CalendarFacts, cited: &[Cited]) -> Result<Option<Calendar>, String> {
    let Some(jurisdiction) = &facts.jurisdiction else {
        return Ok(None);
    };
    let mut calendar = Calendar::new(&jurisdiction.time_zone, &jurisdiction.weekly_rest)
        .map_err(|error| error.to_string())?;
    for declared in &facts.facts {
        let beyond = declared.fact.seq;
        let Some(first) = cited.get(cited.partition_point(|c| c.size <= beyond)) else {
            break;
        };
        let known_ms = first.before_ms.map_or(first.moment_ms, |before| {
            first
                .moment_ms
                .min(declared.sequenced_ms.max(before.saturating_add(1)))
        });
        let mut fact = declared.fact.clone();
        fact.known_ms = known_ms;
        calendar.declare(fact).map_err(|error| error.to_string())?;
    }
    Ok(Some(calendar))
}

/// [`Days`] for a cache.
#[derive(Serialize, Deserialize)]
pub(crate) struct DaysSnapshot {
    first_ms: Option<u64>,
    moment_ms: Option<u64>,
    closed: Option<u32>,
    cited: Vec<Cited>,
    /// One behind the other, ascending.
    #[serde(with = "sijill_ledger::codec::bytes")]
    commitments: Vec<u8>,
    orders: BTreeMap<BodyHash, Order>,
    erased: BTreeSet<[u8; 32]>,
    views: BTreeSet<(String, u64)>,
}

impl Days {
    pub(crate) fn snapshot(&self) -> DaysSnapshot {
        DaysSnapshot {
            first_ms: self.first_ms,
            moment_ms: self.moment_ms,
            closed: self.closed,
            cited: (*self.cited).clone(),
            commitments: self.commitments.iter().flatten().copied().collect(),
            orders: self.orders.clone(),
            erased: self.erased.clone(),
            views: self.views.clone(),
        }
    }

    /// `None` if the snapshot cannot be of a register.
    pub(crate) fn restore(&mut self, found: DaysSnapshot) -> Option<()> {
        let (commitments, []) = found.commitments.as_chunks::<32>() else {
            return None;
        };
        self.commitments = commitments.iter().copied().collect();
        self.first_ms = found.first_ms;
        self.moment_ms = found.moment_ms;
        self.closed = found.closed;
        self.cited = Arc::new(found.cited);
        self.orders = found.orders;
        self.erased = found.erased;
        self.views = found.views;
        Some(())
    }

    /// Of a register, and the calendar ledger of its jurisdiction.
    #[must_use]
    pub fn new(ledger: LedgerId, parent: LedgerId) -> Self {
        Self {
            ledger,
            parent,
            first_ms: None,
            moment_ms: None,
            closed: None,
            cited: Arc::new(Vec::new()),
            commitments: BTreeSet::new(),
            orders: BTreeMap::new(),
            erased: BTreeSet::new(),
            views: BTreeSet::new(),
        }
    }

    /// The calendar ledger.
    #[must_use]
    pub const fn parent(&self) -> LedgerId {
        self.parent
    }

    /// The last closed day, as a day number.
    #[must_use]
    pub const fn closed(&self) -> Option<u32> {
        self.closed
    }

    /// The local day of entry 1.
    #[must_use]
    pub fn first_day(&self, calendar: &Calendar) -> Option<Date> {
        calendar.day_of(self.first_ms?)
    }

    /// Moment of the last entry, if there is one behind the genesis.
    #[must_use]
    pub const fn moment_ms(&self) -> Option<u64> {
        self.moment_ms
    }

    /// The citations of the calendar, each with more entries than the one before.
    #[must_use]
    pub fn cited(&self) -> Arc<Vec<Cited>> {
        Arc::clone(&self.cited)
    }

    /// Entries of the calendar that the latest ref covers; 0 if there is none.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.cited.last().map_or(0, |c| c.size)
    }

    /// Whether a content was erased.
    #[must_use]
    pub fn is_erased(&self, commitment: &[u8; 32]) -> bool {
        self.erased.contains(commitment)
    }

    /// Commitments whose contents were erased.
    pub fn erased(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.erased.iter()
    }

    /// Whether a commitment stands on the ledger.
    #[must_use]
    pub fn holds(&self, commitment: &[u8; 32]) -> bool {
        self.commitments.contains(commitment)
    }

    /// Commitments of an order that was not confirmed yet.
    #[must_use]
    pub fn ordered(&self, order: &BodyHash) -> Option<&[[u8; 32]]> {
        let order = self.orders.get(order)?;
        (!order.confirmed).then_some(order.commitments.as_slice())
    }

    /// Orders to erase that wait for a second person, with their commitments. One of which a content was erased meanwhile waits
    /// for nobody: it can never be confirmed.
    pub fn waiting_orders(&self) -> impl Iterator<Item = (BodyHash, &[[u8; 32]])> {
        let waiting = self.orders.iter().filter(|(_, order)| {
            !order.confirmed && !order.commitments.iter().any(|c| self.erased.contains(c))
        });
        waiting.map(|(hash, order)| (*hash, order.commitments.as_slice()))
    }

    /// The moment that an entry received at `received_ms` has if it stands next.
    #[must_use]
    pub fn next_moment(&self, received_ms: u64) -> u64 {
        self.moment_ms.map_or(received_ms, |last| last.max(received_ms))
    }

    /// Facts of the calendar ledger.
    ///
    /// # Errors
    /// [`CalendarRejection::Seen`] if this service does not keep it.
    pub fn facts(&self, linked: &dyn Linked) -> Result<Arc<CalendarFacts>, CalendarRejection> {
        match linked.facts(&self.parent) {
            Some(Facts::Calendar(facts)) => Ok(facts),
            _ => Err(CalendarRejection::Seen(
                "the calendar ledger of this register is not kept by this service".into(),
            )),
        }
    }

    /// The calendar as this register has seen it.
    ///
    /// # Errors
    /// [`CalendarRejection::Seen`] if it has not.
    pub fn calendar(&self, linked: &dyn Linked) -> Result<Calendar, CalendarRejection> {
        self.calendar_of(&*self.facts(linked)?, &self.cited)
    }

    fn calendar_of(&self, facts: &CalendarFacts, cited: &[Cited]) -> Result<Calendar, CalendarRejection> {
        if cited.is_empty() {
            let problem = "the register has not seen its calendar yet";
            return Err(CalendarRejection::Seen(problem.into()));
        }
        calendar_as_cited(facts, cited)
            .map_err(CalendarRejection::Seen)?
            .ok_or_else(|| CalendarRejection::Seen("the jurisdiction is not defined".into()))
    }

    /// What holds for every entry but CalendarSeen, DayClosed and its consequences: the register has begun, and the days
    /// before are closed. Spec: specs/jurisdiction.md §2.2, §2.5.
    ///
    /// # Errors
    /// [`CalendarRejection`].
    pub fn check_entry(
        &self,
        name: &str,
        calendar: &Calendar,
        received_ms: u64,
    ) -> Result<(), CalendarRejection> {
        let day = day_of(calendar, self.next_moment(received_ms))?;
        let first = self.first_ms.and_then(|at| calendar.day_of(at));
        let closed = self.closed.and_then(numbered_day);
        let reached = closed.and_then(|closed| closed.tomorrow().ok());
        if first == Some(day) || reached.is_some_and(|reached| day <= reached) {
            return Ok(());
        }
        let problem = format!("{name}: close the days before {day} first");
        Err(CalendarRejection::Day(problem))
    }

    /// Checks an event that all registers have, but for the bytes of a view. DayClosed: the calendar with what the event
    /// itself cites comes back.
    ///
    /// # Errors
    /// [`Rejection`].
    pub fn check(
        &self,
        kind: Kind,
        event: &RegisterEvent,
        author: KeyId,
        ctx: &Context<'_>,
    ) -> Result<Calendar, Rejection> {
        let received_ms = ctx.received_ms.as_u64();
        match event {
            RegisterEvent::CalendarSeen => {
                let (_, calendar) = self.citing(event.name(), kind, ctx)?;
                Ok(calendar)
            }
            RegisterEvent::DayClosed(e) => {
                let (facts, calendar) = self.citing(event.name(), kind, ctx)?;
                self.check_day(e.day, &facts, &calendar, ctx)?;
                Ok(calendar)
            }
            RegisterEvent::ErasureOrdered(e) => {
                no_refs(event.name(), ctx)?;
                let calendar = self.calendar(ctx.linked)?;
                self.check_entry(event.name(), &calendar, received_ms)?;
                self.check_order(e)?;
                Ok(calendar)
            }
            RegisterEvent::ErasureConfirmed(e) => {
                no_refs(event.name(), ctx)?;
                let calendar = self.calendar(ctx.linked)?;
                self.check_entry(event.name(), &calendar, received_ms)?;
                self.check_confirmation(e, author)?;
                Ok(calendar)
            }
            RegisterEvent::ViewPublished(e) => {
                no_refs(event.name(), ctx)?;
                let calendar = self.calendar(ctx.linked)?;
                self.check_entry(event.name(), &calendar, received_ms)?;
                if self.views.contains(&(e.view.clone(), e.size)) {
                    let problem = format!("{} of {} entries was published already", e.view, e.size);
                    return Err(CalendarRejection::View(problem).into());
                }
                Ok(calendar)
            }
        }
    }

    /// The ref to the calendar that CalendarSeen and DayClosed carry, and the calendar with it.
    fn citing(
        &self,
        name: &'static str,
        kind: Kind,
        ctx: &Context<'_>,
    ) -> Result<(Arc<CalendarFacts>, Calendar), Rejection> {
        let cited = one_ref(name, ctx, &self.parent)?;
        let facts = self.facts(ctx.linked)?;
        let moment_ms = self.next_moment(ctx.received_ms.as_u64());
        let seen = |problem: &str| Rejection::from(CalendarRejection::Seen(format!("{name}: {problem}")));
        if moment_ms >= END_OF_TIME_MS {
            return Err(seen("the year 9990 is beyond the calendar"));
        }
        let mut all = (*self.cited).clone();
        if let Some(next) = self.next_citation(cited.size, moment_ms) {
            if next.before_ms.is_some_and(|before| before >= moment_ms) {
                return Err(seen("must come later than the entry before it; try again"));
            }
            all.push(next);
        } else if cited.size < self.size() || name == "CalendarSeen" {
            return Err(seen("cites no more of the calendar than was cited before"));
        }
        if self.first_ms.is_none() {
            if name != "CalendarSeen" {
                return Err(seen("the first event of a register is CalendarSeen"));
            }
            let defined = facts.jurisdiction.as_ref().is_some_and(|j| j.seq < cited.size);
            let listed = facts.register(&self.ledger, cited.size);
            if !defined || listed.is_none_or(|l| l.kind != kind.code()) {
                return Err(seen(
                    "cites the calendar before it defines the jurisdiction and lists this register with its kind",
                ));
            }
        }
        let calendar = self.calendar_of(&facts, &all)?;
        Ok((facts, calendar))
    }

    fn next_citation(&self, size: u64, moment_ms: u64) -> Option<Cited> {
        (size > self.size()).then_some(Cited {
            size,
            before_ms: self.moment_ms,
            moment_ms,
        })
    }

    fn check_day(
        &self,
        number: u32,
        facts: &CalendarFacts,
        calendar: &Calendar,
        ctx: &Context<'_>,
    ) -> Result<(), Rejection> {
        let wrong = |problem: String| Rejection::from(CalendarRejection::Day(problem));
        let day = numbered_day(number).ok_or_else(|| wrong("DayClosed: a day after 9989-12-31".into()))?;
        let first = self.first_ms.and_then(|at| calendar.day_of(at));
        if self.closed.is_some_and(|closed| number <= closed) {
            return Err(wrong(format!("DayClosed: {day} is closed already")));
        }
        if first.is_none_or(|first| day < first) {
            return Err(wrong(format!("DayClosed: {day} lies before the register")));
        }
        let over = day.tomorrow().ok().and_then(|next| calendar.start_of(next));
        let over = over.ok_or_else(|| wrong("DayClosed: a day after 9989-12-31".into()))?;
        if self.next_moment(ctx.received_ms.as_u64()) < over {
            return Err(wrong(format!("DayClosed: {day} is not over yet")));
        }
        let needed = facts.size_before(over);
        if ctx.refs.first().is_none_or(|cited| cited.size < needed) {
            return Err(wrong(format!(
                "DayClosed: must cite all {needed} entries that the calendar had when {day} ended"
            )));
        }
        Ok(())
    }

    fn check_order(&self, e: &ErasureOrdered) -> Result<(), CalendarRejection> {
        let wrong = |problem: &str| Err(CalendarRejection::Erasure(problem.into()));
        if !(1..=1_000).contains(&e.commitments.len()) || !e.commitments.is_sorted_by(|a, b| a < b) {
            return wrong("1 to 1000 commitments, ascending, each once");
        }
        if !e.commitments.iter().all(|c| self.commitments.contains(c)) {
            return wrong("names a commitment that does not stand on this ledger");
        }
        if e.commitments.iter().any(|c| self.erased.contains(c)) {
            return wrong("names a content that was erased already");
        }
        check_line(&e.basis).or_else(|problem| wrong(&format!("basis: {problem}")))
    }

    fn check_confirmation(&self, e: &ErasureConfirmed, author: KeyId) -> Result<(), CalendarRejection> {
        let wrong = |problem: &str| Err(CalendarRejection::Erasure(problem.into()));
        let Some(order) = self.orders.get(&e.order) else {
            return wrong("there is no such order");
        };
        if order.confirmed {
            return wrong("the order was confirmed already");
        }
        if order.author == author {
            return wrong("who ordered it cannot confirm it; a second person must");
        }
        if order.commitments.iter().any(|c| self.erased.contains(c)) {
            return wrong("names a content that was erased meanwhile; order the rest again");
        }
        Ok(())
    }

    /// Checks the commitments of an event that may stand otherwise: new, of permitted lengths, and with a permitted text
    /// where everybody will read it. Spec: specs/jurisdiction.md §3.
    ///
    /// # Errors
    /// [`Rejection`].
    pub fn check_commitments(&self, fields: &[Field], ctx: &Context<'_>) -> Result<(), Rejection> {
        let mut new = BTreeSet::new();
        for field in fields {
            let Committed { commitment, length } = field.committed;
            let most = if field.form == Form::Text {
                MAX_TEXT
            } else {
                MAX_BYTES
            };
            let wrong = |problem: String| Rejection::from(CalendarRejection::Commitment(problem));
            if !(1..=most).contains(&length) {
                return Err(wrong(format!("a content has 1 to {most} bytes, not {length}")));
            }
            if self.commitments.contains(&commitment) || !new.insert(commitment) {
                return Err(wrong(
                    "a commitment stands on the ledger already; take a fresh salt".into(),
                ));
            }
            if field.open {
                let content = ctx.contents.opening(&field.committed)?;
                if field.form == Form::Text {
                    let text = core::str::from_utf8(&content).map_err(|_| "is not UTF-8");
                    text.and_then(check_prose)
                        .map_err(|problem| CalendarRejection::Opening(problem.into()))?;
                }
            }
        }
        Ok(())
    }

    /// Takes note of an entry of any type that stands: its moment, what it cites, its commitments.
    pub(crate) fn note(&mut self, at: &Position, event: &Event, fields: &[Field]) {
        let moment_ms = self.next_moment(at.received_ms.as_u64());
        if let (Event::Register(RegisterEvent::CalendarSeen | RegisterEvent::DayClosed(_)), Some(cited)) =
            (event, &at.cites)
            && let Some(next) = self.next_citation(cited.size, moment_ms)
        {
            Arc::make_mut(&mut self.cited).push(next);
        }
        self.first_ms.get_or_insert(moment_ms);
        self.moment_ms = Some(moment_ms);
        self.commitments
            .extend(fields.iter().map(|f| f.committed.commitment));
        match event {
            Event::Register(RegisterEvent::DayClosed(e)) => self.closed = Some(e.day),
            Event::Register(RegisterEvent::ErasureOrdered(e)) => {
                let order = Order {
                    author: at.author,
                    commitments: e.commitments.clone(),
                    confirmed: false,
                };
                self.orders.insert(at.body_hash, order);
            }
            Event::Register(RegisterEvent::ErasureConfirmed(e)) => {
                if let Some(order) = self.orders.get_mut(&e.order) {
                    order.confirmed = true;
                    self.erased.extend(order.commitments.iter().copied());
                }
            }
            Event::Register(RegisterEvent::ViewPublished(e)) => {
                self.views.insert((e.view.clone(), e.size));
            }
            _ => {}
        }
    }

    /// The day before which nothing is closed: the last closed one, or the day before the first.
    pub(crate) fn closed_before(&self, calendar: &Calendar) -> Option<u32> {
        self.closed.or_else(|| {
            let first = calendar.day_of(self.first_ms?)?;
            u32::try_from(day_number(first)).ok()?.checked_sub(1)
        })
    }
}

/// The local day of a moment.
pub(crate) fn day_of(calendar: &Calendar, at_ms: u64) -> Result<Date, CalendarRejection> {
    calendar
        .day_of(at_ms)
        .ok_or_else(|| CalendarRejection::Seen("the year 9990 is beyond the calendar".into()))
}
