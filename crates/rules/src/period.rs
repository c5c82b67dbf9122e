//! Periods of days: from the day of an act to a last day, with pauses, by the facts known at a moment.
//!
//! Spec: specs/rules.md §4.

use jiff::civil::Date;

use crate::calendar::{Calendar, Days, RestReason, next_day};
use crate::foi_pack::{DayUnit, Roll, Start};

/// How days are counted. Spec: specs/rules.md §4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// Which days count.
    pub unit: DayUnit,
    /// Which day is day 1.
    pub start: Start,
    /// What happens when the last day is not a working day.
    pub roll: Roll,
}

/// A pause of a clock: the day on which it began still counts, the days after it up to `until` do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) from: Date,
    /// `None` while the pause lasts.
    pub(crate) until: Option<Date>,
}

impl Pause {
    /// Whether the day does not count.
    fn stops(self, day: Date) -> bool {
        self.from < day && self.until.is_none_or(|until| day <= until)
    }

    /// Whether the day cannot be the last one.
    fn holds(self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until && self.from < until)
    }
}

/// One run of days in the counting of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunKind {
    /// Days that count; the numbers of the first and the last.
    Counted(u32, u32),
    /// Days without work that do not count.
    Rest(RestReason),
    /// Days of a pause.
    Paused,
    /// All days are counted, but the last one cannot be a day without work.
    Rolled(RestReason),
}

/// A run of days of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
    /// What they are.
    pub kind: RunKind,
}

/// The reckoning went beyond the year 9989.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BeyondTime;

/// A counted period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    /// `None` while a pause lasts.
    pub(crate) last_day: Option<Date>,
    /// Days counted up to and including `today`.
    pub(crate) used: u32,
    /// Every day from day 1 to the last one, in runs; the last one only if it counts.
    pub(crate) runs: Vec<Run>,
}

impl Counting {
    /// The last day of `n` days after the day `anchor`, without pauses; `None` beyond the year 9989. Spec: specs/rules.md §4.1.
    #[must_use]
    pub fn last_day_after(self, days: &Days<'_>, anchor: Date, n: u16) -> Option<Date> {
        self.last_day(days, anchor, n.into()).ok()
    }

    /// The last day of `n` days after the day `anchor`, without pauses.
    pub(crate) fn last_day(self, days: &Days<'_>, anchor: Date, n: u32) -> Result<Date, BeyondTime> {
        self.count(days, anchor, n, &[], anchor)?
            .last_day
            .ok_or(BeyondTime)
    }

    /// Counts `n` days after the day `anchor`. Spec: specs/rules.md §4.1.
    pub(crate) fn count(
        self,
        days: &Days<'_>,
        anchor: Date,
        n: u32,
        pauses: &[Pause],
        today: Date,
    ) -> Result<Counted, BeyondTime> {
        let mut day = next_day(anchor).ok_or(BeyondTime)?;
        if self.start == Start::NextWorkingDay {
            day = days.working_from(day).ok_or(BeyondTime)?;
        }
        let working_end = self.roll == Roll::NextWorkingDay || self.unit == DayUnit::Working;
        let mut counted = Counted {
            last_day: None,
            used: 0,
            runs: Vec::new(),
        };
        let mut k = 0;
        loop {
            if day.year() > 9989 {
                return Err(BeyondTime);
            }
            let stopped = pauses.iter().any(|p| p.stops(day));
            let rest = days.rest_reason(day);
            let counts = !stopped && k < n && (self.unit == DayUnit::Calendar || rest.is_none());
            if counts {
                k += 1;
                if day <= today {
                    counted.used = k;
                }
            }
            let held = pauses.iter().any(|p| p.holds(day));
            let may_end = !held && (rest.is_none() || !working_end);
            let ends = k >= n && may_end;
            let kind = match rest {
                _ if counts => RunKind::Counted(k, k),
                Some(reason) if !stopped && k < n => RunKind::Rest(reason),
                Some(reason) if !stopped => RunKind::Rolled(reason),
                _ => RunKind::Paused,
            };
            if counts || !ends {
                push_run(&mut counted.runs, day, kind);
            }
            if ends {
                counted.last_day = Some(day);
                return Ok(counted);
            }
            if pauses.iter().any(|p| p.until.is_none() && p.from <= day) {
                return Ok(counted);
            }
            day = next_day(day).ok_or(BeyondTime)?;
        }
    }
}

fn push_run(runs: &mut Vec<Run>, day: Date, kind: RunKind) {
    if let Some(run) = runs.last_mut() {
        match (&mut run.kind, &kind) {
            (RunKind::Counted(_, last), RunKind::Counted(k, _)) => {
                *last = *k;
                run.last = day;
                return;
            }
            (old, new) if *old == *new => {
                run.last = day;
                return;
            }
            _ => {}
        }
    }
    runs.push(Run {
        first: day,
        last: day,
        kind,
    });
}

/// The first day, beginning after `from_ms` and not after `until_ms`, at whose beginning the last day lay in the past
/// by the facts then known; with that last day. Spec: specs/rules.md §4.2.
///
/// `last_day` says the last day by given facts, or `None` if there is none.
pub(crate) fn lapse(
    calendar: &Calendar,
    from_ms: u64,
    until_ms: u64,
    last_day: impl Fn(&Days<'_>) -> Result<Option<Date>, BeyondTime>,
) -> Result<Option<(Date, Date)>, BeyondTime> {
    let mut moments = calendar
        .changes_after(from_ms)
        .take_while(|t| *t <= until_ms)
        .peekable();
    let mut at = Some(from_ms);
    let mut earliest = from_ms.checked_add(1).ok_or(BeyondTime)?;
    while let Some(t) = at {
        let next = moments.next();
        if let Some(last) = last_day(&calendar.days_at(t))? {
            let mut day = calendar.day_of(earliest).ok_or(BeyondTime)?;
            if calendar.start_of(day).ok_or(BeyondTime)? < earliest {
                day = next_day(day).ok_or(BeyondTime)?;
            }
            let day = day.max(next_day(last).ok_or(BeyondTime)?);
            let start = calendar.start_of(day).ok_or(BeyondTime)?;
            if start <= until_ms && next.is_none_or(|next| start < next) {
                return Ok(Some((day, last)));
            }
        }
        at = next;
        earliest = next.unwrap_or(0);
    }
    Ok(None)
}
