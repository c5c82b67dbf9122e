//! The clock of requests and grievances: what follows from the state, the packs and the calendar.
//!
//! Spec: specs/foi.md §6.3, §7, §8.

use std::sync::Arc;

use jiff::civil::Date;
use sijill_ledger::{BodyHash, LedgerId};
use sijill_rules::{
    Calendar, ClockError, FoiPack, Origin, Reading, Silence, Status, StepAt, carry_clock, day_number,
    numbered_day, period_lapse, read_clock_from,
};

use super::decide::FoiRejection;
use super::events::{DeadlineMissed, FoiEvent, RequestAbandoned, SilenceDeemed};
use super::kept::ClockBasis;
use super::state::{Begin, FoiState, Grievance, Request, TransferOut, When};
use crate::calendar::{CalendarFacts, CalendarRejection, Cited, calendar_as_cited};
use crate::catalogue::Event;
use crate::register::{Consequence, Facts, Linked, Rejection};

impl FoiState {
    /// Pack and beginning of a request; those of one that was taken over come from the register that it came from.
    pub(super) fn basis(&self, request: &Request, linked: &dyn Linked) -> Result<ClockBasis, Rejection> {
        let facts = self.days.facts(linked)?;
        basis(
            &facts,
            (self.ledger, request.seq),
            request.begin,
            request.pack.as_ref(),
            linked,
        )
    }

    /// The reading of a request at a moment, with one more step if there is one.
    pub(super) fn read(
        &self,
        request: &Request,
        calendar: &Calendar,
        next: Option<StepAt>,
        now_ms: u64,
        linked: &dyn Linked,
    ) -> Result<(Reading, Arc<FoiPack>), Rejection> {
        let ClockBasis { pack, origin } = self.basis(request, linked)?;
        let reading = match next {
            None => read_clock_from(&pack.clock, calendar, &origin, &request.steps, now_ms),
            Some(next) => {
                let steps: Vec<StepAt> = request.steps.iter().copied().chain([next]).collect();
                read_clock_from(&pack.clock, calendar, &origin, &steps, now_ms)
            }
        };
        Ok((reading.map_err(FoiRejection::Clock)?, pack))
    }

    /// What the clock brings about when days up to `day` are closed. Spec: specs/foi.md §8.
    pub(super) fn consequences(
        &self,
        day: u32,
        calendar: &Calendar,
        cause: BodyHash,
        linked: &dyn Linked,
    ) -> Result<Vec<Consequence>, Rejection> {
        let beyond = || FoiRejection::Clock(ClockError::BeyondTime);
        let closed = self.days.closed_before(calendar).ok_or_else(beyond)?;
        let next = numbered_day(day)
            .and_then(|d| d.tomorrow().ok())
            .ok_or_else(beyond)?;
        let until_ms = calendar.start_of(next).ok_or_else(beyond)?;
        let is_new = |on: Date| number(on) > closed.saturating_add(1);
        let mut found = Vec::new();
        for seq in &self.open {
            let request = &self.requests[seq];
            let (reading, _) = self.read(request, calendar, None, until_ms, linked)?;
            if let Some(missed) = reading.missed.filter(|m| is_new(m.on)) {
                found.push(FoiEvent::DeadlineMissed(DeadlineMissed {
                    cause,
                    item: *seq,
                    day: number(missed.on),
                    due: number(missed.due),
                }));
            }
            match reading.status {
                Status::DeemedRefusal { on } => found.push(FoiEvent::SilenceDeemed(SilenceDeemed {
                    cause,
                    item: *seq,
                    day: number(on),
                })),
                Status::Abandoned { on } => found.push(FoiEvent::RequestAbandoned(RequestAbandoned {
                    cause,
                    request: *seq,
                    day: number(on),
                })),
                _ => {}
            }
        }
        for (seq, request) in &self.open_grievances {
            let request = &self.requests[request];
            let Some(grievance) = request.grievances.iter().find(|g| g.seq == *seq) else {
                continue;
            };
            let pack = self.basis(request, linked)?.pack;
            let Some(n) = pack.clock.grievance_decision_days else {
                continue;
            };
            let anchor = filed_on(grievance, calendar)?;
            let lapsed = period_lapse(&pack.clock, calendar, anchor, n, grievance.at_ms, until_ms)
                .map_err(FoiRejection::Clock)?;
            let Some(missed) = lapsed.filter(|m| is_new(m.on)) else {
                continue;
            };
            found.push(FoiEvent::DeadlineMissed(DeadlineMissed {
                cause,
                item: *seq,
                day: number(missed.on),
                due: number(missed.due),
            }));
            if pack.clock.grievance_silence == Some(Silence::DeemedRefusal) {
                found.push(FoiEvent::SilenceDeemed(SilenceDeemed {
                    cause,
                    item: *seq,
                    day: number(missed.on),
                }));
            }
        }
        found.sort_by_key(|e| match e {
            FoiEvent::DeadlineMissed(m) => (m.day, m.item, e.event_type()),
            FoiEvent::SilenceDeemed(s) => (s.day, s.item, e.event_type()),
            FoiEvent::RequestAbandoned(a) => (a.day, a.request, e.event_type()),
            _ => (0, 0, 0),
        });
        let event = |e| Consequence { event: Event::Foi(e) };
        Ok(found.into_iter().map(event).collect())
    }
}

/// The day of the act of filing.
pub(super) fn filed_on(grievance: &Grievance, calendar: &Calendar) -> Result<Date, FoiRejection> {
    let day = match grievance.on {
        Some(on) => numbered_day(on),
        None => calendar.day_of(grievance.at_ms),
    };
    day.ok_or(FoiRejection::Clock(ClockError::BeyondTime))
}

/// The local day of something that came about.
pub(super) fn day_when(when: When, calendar: &Calendar) -> Result<Date, FoiRejection> {
    let day = match when {
        When::Day(day) => numbered_day(day),
        When::Moment(at_ms) => calendar.day_of(at_ms),
    };
    day.ok_or(FoiRejection::Clock(ClockError::BeyondTime))
}

/// Days of the reckoning lie from 1970 to 9989.
pub(super) fn number(day: Date) -> u32 {
    u32::try_from(day_number(day)).unwrap_or(0)
}

fn basis(
    facts: &CalendarFacts,
    (register, seq): (LedgerId, u64),
    begin: Begin,
    pack: Option<&Arc<FoiPack>>,
    linked: &dyn Linked,
) -> Result<ClockBasis, Rejection> {
    // From here back to where the request was submitted, or to where its clock was kept, then forward again. A chain is
    // as long as it was transferred.
    let mut way: Vec<(u64, Arc<TransferOut>, Arc<Vec<Cited>>)> = Vec::new();
    let (mut begin, mut pack) = (begin, pack.cloned());
    let mut at = (register, seq);
    let mut kept = None;
    while let Begin::TakenOver { at_ms, from, request } = begin {
        kept = linked.kept_clock(&at.0, at.1);
        if kept.is_some() {
            break;
        }
        let lost =
            || FoiRejection::Transfer("the register that the request came from is not kept here".into());
        let Some(Facts::Foi(other)) = linked.facts(&from) else {
            return Err(lost().into());
        };
        let out = Arc::clone(other.transfers.get(&request).ok_or_else(lost)?);
        begin = out.begin;
        pack.clone_from(&out.pack);
        way.push((at_ms, out, Arc::clone(&other.cited)));
        at = (from, request);
    }
    let beyond = || FoiRejection::Clock(ClockError::BeyondTime);
    let (pack, mut origin) = match (kept, begin) {
        (Some(kept), _) => (Arc::clone(&kept.pack), kept.origin.clone()),
        (None, Begin::Received { at_ms, on }) => {
            let pack = pack.ok_or_else(|| FoiRejection::Transfer("the request has no rules".into()))?;
            let on = on.map(|on| numbered_day(on).ok_or_else(beyond)).transpose()?;
            (pack, Origin::Received { at_ms, on })
        }
        (None, Begin::TakenOver { .. }) => {
            return Err(FoiRejection::Transfer("the request has no beginning".into()).into());
        }
    };
    for (at_ms, out, cited) in way.iter().rev() {
        let calendar = calendar_as_cited(facts, cited)
            .map_err(CalendarRejection::Seen)?
            .ok_or_else(beyond)?;
        let carried = carry_clock(&pack.clock, &calendar, &origin, &out.steps, out.at_ms)
            .map_err(FoiRejection::Clock)?;
        origin = Origin::TakenOver {
            at_ms: *at_ms,
            carried,
        };
    }
    Ok(ClockBasis { pack, origin })
}
