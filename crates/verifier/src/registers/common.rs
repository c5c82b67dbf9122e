//! What registers of every kind have in common: what they saw of the calendar, their days, committed contents and erasures.
//!
//! Spec: specs/jurisdiction.md §2 to §5.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Calendar, Day, MOMENT_LIMIT_MS, day_at, is_line, start_of};
use crate::check::{Check, Checks, Place};
use crate::events::{Committed, Event, Field, RegisterEvent};
use crate::registers::jurisdiction::CalendarLedger;
use crate::wire::{Entry, Kind, Position, body_hash};

type Id = [u8; 32];

/// Where a committed content stands, as far as its opening may be published. Spec: specs/jurisdiction.md §3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The event that holds it has no effect: its opening is neither due nor forbidden.
    Void,
    Closed,
    Published,
    Withheld,
    Erased,
}

/// One place at which a commitment stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content {
    pub(crate) seq: u64,
    pub(crate) field: Field,
    pub(crate) length: u64,
    pub(crate) state: State,
}

/// An entry of a register.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) seq: u64,
    pub(crate) moment: u64,
    pub(crate) received_ms: u64,
    pub(crate) author: Id,
    pub(crate) body_hash: Id,
    pub(crate) cited: Option<Position>,
    /// `None` of a genesis, grant or revocation.
    pub(crate) event: Option<RegisterEvent>,
}

impl Item {
    /// The entry behind one of the moment `before`.
    pub(crate) fn new(entry: &Entry<'_>, event: &Event<'_>, before: u64) -> Item {
        Item {
            seq: entry.seq,
            // The genesis has no moment.
            moment: if entry.seq > 0 {
                before.max(entry.received_ms)
            } else {
                0
            },
            received_ms: entry.received_ms,
            author: entry.body.author,
            body_hash: body_hash(entry.body_bytes),
            cited: entry.body.refs.first().map(|cited| cited.at),
            event: match event {
                Event::Register(event) => Some((**event).clone()),
                _ => None,
            },
        }
    }
}

/// What the rules that every register has say of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It breaks one of them, or is theirs alone; nothing else is asked of it.
    Done,
    /// The register began with it.
    Began,
    /// It closed the days up to `day`; `last` was closed before.
    Closed { last: Day, day: Day },
    /// A consequence of a DayClosed.
    Consequence,
    /// It is for the document of the register to judge; its moment lies on the day `today`. If not `stands`, it has no effect.
    On { today: Day, stands: bool },
}

#[derive(Debug)]
struct Order {
    author: Id,
    commitments: Vec<Id>,
    confirmed: bool,
}

/// A register, as far as every kind has it.
#[derive(Debug)]
pub(crate) struct Common<'c> {
    pub(crate) id: Id,
    kind: Kind,
    pub(crate) calendar: &'c CalendarLedger,
    /// It began with the calendar, so that its days are known.
    pub(crate) judged: bool,
    pub(crate) days: Option<Calendar>,
    learnt: usize,
    /// Size of the calendar at the latest ref.
    pub(crate) size: u64,
    first_day: Day,
    /// The last day that is closed.
    pub(crate) closed: Option<Day>,
    pub(crate) contents: BTreeMap<Id, Vec<Content>>,
    orders: BTreeMap<Id, Order>,
    pub(crate) erased: BTreeSet<Id>,
    published: BTreeSet<(String, u64)>,
}

impl<'c> Common<'c> {
    /// A register whose genesis names `parent`.
    pub(crate) fn new(
        id: Id,
        kind: Kind,
        parent: Option<Id>,
        calendar: &'c CalendarLedger,
        checks: &mut Checks,
    ) -> Common<'c> {
        let is_child = parent == Some(calendar.id);
        let detail = "the parent of a register is not the calendar ledger";
        checks.require(Check::CalendarOrder, Place::entry(id, 0), is_child, detail);
        Common {
            id,
            kind,
            calendar,
            judged: true,
            days: None,
            learnt: 0,
            size: 0,
            first_day: 0,
            closed: None,
            contents: BTreeMap::new(),
            orders: BTreeMap::new(),
            erased: BTreeSet::new(),
            published: BTreeSet::new(),
        }
    }

    pub(crate) fn place(&self, seq: u64) -> Place {
        Place::entry(self.id, seq)
    }

    /// Nothing of the register can be judged, for this reason.
    pub(crate) fn skip_all(own: &[Check], reason: &str, checks: &mut Checks) {
        for check in own
            .iter()
            .chain(&[Check::CalendarSeen, Check::CalendarDay])
            .chain(&[
                Check::CalendarCommitment,
                Check::CalendarErasure,
                Check::CalendarView,
            ])
        {
            checks.skip(*check, reason);
        }
    }

    /// Judges an entry behind the genesis, of which `before` is the moment of the one before it. `own` are the checks of the register's
    /// document. Consequences of a DayClosed are for that document alone.
    ///
    /// Spec: specs/jurisdiction.md §7.
    pub(crate) fn judge(
        &mut self,
        item: &Item,
        before: Option<u64>,
        own: &[Check],
        checks: &mut Checks,
    ) -> Judged {
        use RegisterEvent as E;
        let place = self.place(item.seq);
        let event = item.event.as_ref();
        let committed = self.commit(item);
        if self.judged && item.moment >= MOMENT_LIMIT_MS {
            checks.fail(Check::CalendarSeen, place, "the moment lies beyond the year 9989");
            if item.seq == 1 {
                self.do_not_judge(own, checks);
            }
            return Judged::Done;
        }
        let committed = |checks: &mut Checks| {
            if let Some(outcome) = committed {
                checks.outcome(Check::CalendarCommitment, place, outcome);
            }
        };
        if item.seq == 1 {
            committed(checks);
            let outcome = self.begin(item);
            let begins = outcome.is_ok();
            checks.outcome(Check::CalendarSeen, place, outcome);
            if !begins {
                self.do_not_judge(own, checks);
                return Judged::Done;
            }
            return Judged::Began;
        }
        if !self.judged {
            committed(checks);
            if let Some(event @ (E::ErasureOrdered { .. } | E::ErasureConfirmed { .. })) = event {
                let outcome = self.erase(item, event);
                checks.outcome(Check::CalendarErasure, place, outcome);
            }
            return Judged::Done;
        }
        match event {
            Some(E::CalendarSeen | E::DayClosed { .. }) => {
                return self.look_at_calendar(item, before, checks);
            }
            Some(event) if event.is_consequence() => return Judged::Consequence,
            _ => {}
        }
        let today = self
            .days
            .as_ref()
            .and_then(|days| day_at(&days.zone, item.moment).ok())
            .unwrap_or(0);
        let on_time = today == self.first_day || self.closed.is_some_and(|closed| closed >= today - 1);
        let detail = "the event stands before the day before it is closed";
        // An event is reported under the first code whose rule it breaks.
        if checks.require(Check::CalendarDay, place, on_time, detail) {
            committed(checks);
        }
        let mut stands = true;
        if let Some(event @ (E::ErasureOrdered { .. } | E::ErasureConfirmed { .. })) = event {
            let outcome = self.erase(item, event);
            stands = outcome.is_ok();
            checks.outcome(Check::CalendarErasure, place, outcome);
        }
        Judged::On { today, stands }
    }

    fn do_not_judge(&mut self, own: &[Check], checks: &mut Checks) {
        self.judged = false;
        let reason = "a register did not begin with the calendar, so its days are not known";
        for check in own.iter().chain(&[Check::CalendarDay, Check::CalendarView]) {
            checks.skip(*check, reason);
        }
    }

    /// Judges a published view of a register whose views have this name; `defined`: there is one of every size that is greater, if the
    /// register's own document does not say so. Says whether its bytes are to be judged, which they are if it is only there twice.
    ///
    /// Spec: specs/jurisdiction.md §5.
    pub(crate) fn look_at_view(
        &mut self,
        seq: u64,
        (view, size): (&str, u64),
        name: &str,
        defined: Option<u64>,
        checks: &mut Checks,
    ) -> bool {
        let exists = if view != name {
            Err("there is no view of this name on this ledger")
        } else if !(2..=seq).contains(&size) {
            Err("there is no view of this size")
        } else if defined.is_none_or(|defined| defined >= size) {
            Err("there is no view before the register is defined")
        } else {
            Ok(())
        };
        let outcome = exists.and_then(|()| {
            if self.published.insert((view.to_owned(), size)) {
                Ok(())
            } else {
                Err("the view of this size was published before")
            }
        });
        checks.outcome(Check::CalendarView, self.place(seq), outcome);
        exists.is_ok()
    }

    /// Publishes the open contents of an event that has its effect. Spec: specs/jurisdiction.md §3.1.
    pub(crate) fn publish(&mut self, item: &Item) {
        let committed = item
            .event
            .as_ref()
            .map(RegisterEvent::committed)
            .unwrap_or_default();
        for (_, committed) in committed {
            self.set(&committed.commitment, item.seq, State::Void, State::Published);
        }
    }

    /// The content of the event at `seq` under this commitment changes its state, if it has the state `from`.
    pub(crate) fn set(&mut self, commitment: &Id, seq: u64, from: State, to: State) {
        for content in self.contents.get_mut(commitment).into_iter().flatten() {
            if content.seq == seq && content.state == from {
                content.state = to;
            }
        }
    }

    /// Takes the commitments of an event, if it has any. Spec: specs/jurisdiction.md §3.
    fn commit(&mut self, item: &Item) -> Option<Result<(), &'static str>> {
        let committed = item.event.as_ref().map(RegisterEvent::committed)?;
        let mut outcome = (!committed.is_empty()).then_some(Ok(()))?;
        for (field, Committed { commitment, length }) in committed {
            let most = if field.is_text() { 65_536 } else { 26_214_400 };
            if !(1..=most).contains(&length) {
                outcome = Err("a commitment to a content of a length that is not permitted");
            }
            let places = self.contents.entry(commitment).or_default();
            if !places.is_empty() {
                outcome = Err("a commitment stands twice");
            }
            let state = if self.erased.contains(&commitment) {
                State::Erased
            } else if field.is_open() {
                State::Void
            } else {
                State::Closed
            };
            places.push(Content {
                seq: item.seq,
                field,
                length,
                state,
            });
        }
        Some(outcome)
    }

    /// Entry 1. Spec: specs/jurisdiction.md §2.2.
    fn begin(&mut self, item: &Item) -> Result<(), &'static str> {
        let (Some(RegisterEvent::CalendarSeen), Some(cited)) = (&item.event, item.cited) else {
            return Err("the register does not begin with the calendar");
        };
        let defined = self
            .calendar
            .defined
            .as_ref()
            .filter(|defined| defined.seq < cited.size);
        let defined = defined.ok_or("the register begins before the jurisdiction is defined")?;
        let listed = self.calendar.listed_at(&self.id, cited.size);
        if listed.is_none_or(|listed| listed.kind != self.kind) {
            return Err("the register begins before it is listed");
        }
        self.first_day =
            day_at(&defined.zone, item.moment).map_err(|_| "the moment lies beyond the year 9989")?;
        self.days = Some(Calendar::new(defined.zone.clone(), defined.rest));
        self.see(cited.size, item.moment, None);
        Ok(())
    }

    /// Learns the facts among the first `size` entries of the calendar. Spec: specs/jurisdiction.md §2.3.
    fn see(&mut self, size: u64, moment: u64, before: Option<u64>) {
        self.size = size;
        let Some(days) = &mut self.days else {
            return;
        };
        while let Some((sequenced_ms, fact)) = self.calendar.facts.get(self.learnt) {
            if fact.seq >= size {
                break;
            }
            let known = match before {
                None => moment,
                Some(before) => moment.min(before.saturating_add(1).max(*sequenced_ms)),
            };
            // Facts with effect follow one another by the rules.
            let _ = days.learn(known, std::slice::from_ref(fact));
            self.learnt += 1;
        }
    }

    fn look_at_calendar(&mut self, item: &Item, before: Option<u64>, checks: &mut Checks) -> Judged {
        let place = self.place(item.seq);
        let Some(cited) = item.cited else {
            checks.fail(Check::CalendarSeen, place, "the calendar is not cited");
            return Judged::Done;
        };
        let closes = match &item.event {
            Some(RegisterEvent::DayClosed { day }) => Some(Day::from(*day)),
            _ => None,
        };
        let larger = cited.size > self.size;
        let later = before.is_none_or(|before| item.moment > before);
        let outcome = if !larger && (closes.is_none() || cited.size < self.size) {
            Err("the calendar is cited at no larger size than before")
        } else if larger && !later {
            Err("more of the calendar is cited at the moment of the entry before")
        } else {
            Ok(())
        };
        let seen = outcome.is_ok();
        checks.outcome(Check::CalendarSeen, place, outcome);
        if !seen {
            return Judged::Done;
        }
        let Some(day) = closes else {
            self.see(cited.size, item.moment, before);
            return Judged::Done;
        };
        let outcome = self.may_close(item, day, cited.size);
        let holds = outcome.is_ok();
        checks.outcome(Check::CalendarDay, place, outcome);
        if !holds {
            return Judged::Done;
        }
        self.see(cited.size, item.moment, before);
        let last = self.closed.unwrap_or(self.first_day - 1);
        self.closed = Some(day);
        Judged::Closed { last, day }
    }

    /// Spec: specs/jurisdiction.md §2.4.
    fn may_close(&self, item: &Item, day: Day, size: u64) -> Result<(), &'static str> {
        let days = self
            .days
            .as_ref()
            .ok_or("the days of the register are not known")?;
        let in_order = match self.closed {
            Some(closed) => day > closed,
            None => day >= self.first_day,
        };
        if !in_order {
            return Err("the day was closed before, or lies before the register");
        }
        let over = start_of(&days.zone, day + 1).map_err(|_| "the day lies beyond the year 9989")?;
        if i64::try_from(item.moment).is_ok_and(|moment| moment < over) {
            return Err("the day is not over");
        }
        let unseen = self
            .calendar
            .sequenced
            .iter()
            .skip(usize::try_from(size).unwrap_or(usize::MAX));
        let mut unseen = unseen.map(|ms| i64::try_from(*ms).unwrap_or(i64::MAX));
        if unseen.any(|ms| ms < over) {
            return Err("the day was closed without all that the calendar said by then");
        }
        Ok(())
    }

    /// Spec: specs/jurisdiction.md §3.2.
    fn erase(&mut self, item: &Item, event: &RegisterEvent) -> Result<(), &'static str> {
        match event {
            RegisterEvent::ErasureOrdered { commitments, basis } => {
                if !(1..=1000).contains(&commitments.len()) {
                    return Err("an order names no commitment, or more than 1000");
                }
                if !is_line(basis) {
                    return Err("the basis of an order is no line");
                }
                if commitments
                    .iter()
                    .any(|c| !self.contents.contains_key(c) || self.erased.contains(c))
                {
                    return Err("an order names a commitment that is not there, or erased already");
                }
                self.orders.insert(
                    item.body_hash,
                    Order {
                        author: item.author,
                        commitments: commitments.clone(),
                        confirmed: false,
                    },
                );
                Ok(())
            }
            RegisterEvent::ErasureConfirmed { order } => {
                let found = self.orders.get_mut(order);
                let order = found.filter(|order| !order.confirmed);
                let order = order.ok_or("there is no such order to confirm")?;
                if order.author == item.author {
                    return Err("order and confirmation are by one person");
                }
                if order.commitments.iter().any(|c| self.erased.contains(c)) {
                    return Err("a commitment of the order is erased already");
                }
                order.confirmed = true;
                for commitment in &order.commitments {
                    self.erased.insert(*commitment);
                    for content in self.contents.get_mut(commitment).into_iter().flatten() {
                        content.state = State::Erased;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The commitments of a confirmed order.
    pub(crate) fn order(&self, order: &Id) -> &[Id] {
        self.orders.get(order).map_or(&[], |order| &order.commitments)
    }
}
