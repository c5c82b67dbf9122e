//! The clock of a freedom-of-information request.
//!
//! *Nomenclature.* The **anchor** is the day whose next day begins the counting: the day of receipt, or that of a restart. The
//! **allowance** is how many days are counted. A request **ends** by a decision, by being closed, or by silence. **T**
//! is the moment whose facts apply: the end of a request that has ended, now for an open one. So facts that come late
//! move open due dates and never touch ended ones.
//!
//! Entry point: [`read_clock`]. Spec: specs/rules.md §5.

use jiff::civil::Date;

use crate::calendar::{Calendar, Days};
use crate::explain::Line;
use crate::foi_pack::{Clarification, ClockRules, FeePolicy, Silence, Transfer};
use crate::period::{BeyondTime, Counting, Pause, lapse};

/// Most steps in the history of one request.
pub const MAX_STEPS: usize = 1_000;

/// What happened to a request, as far as its clock is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The body asked the requester what is meant.
    ClarificationAsked,
    /// The requester answered.
    ClarificationAnswered,
    /// The requester answered by a letter that came on an earlier day than it was entered. Spec: specs/rules.md §5.1.
    ClarificationReceived {
        /// The day on which the letter came.
        on: Date,
    },
    /// A fee was quoted.
    FeeQuoted,
    /// The fee was paid or waived.
    FeeSettled,
    /// The body took an extension.
    Extended,
    /// The request went to another body.
    Transferred,
    /// The body decided.
    Decided,
    /// Ended without a decision: withdrawn, routed out, unpaid.
    Closed,
}

/// A step and when it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepAt {
    /// Milliseconds since 1970 UTC, as received by the service.
    pub at_ms: u64,
    /// What happened.
    pub step: Step,
}

/// A request's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// When the request was received, in milliseconds since 1970 UTC.
    pub received_ms: u64,
    /// Everything after it, in order.
    pub steps: Vec<StepAt>,
}

/// Where a clock begins. Spec: specs/rules.md §5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// With the receipt of the request.
    Received {
        /// When it was received or, if it came on paper, entered; milliseconds since 1970 UTC.
        at_ms: u64,
        /// The day on which it came on paper; `None` for the day of `at_ms`.
        on: Option<Date>,
    },
    /// With the state of a clock elsewhere.
    TakenOver {
        /// When it was taken over, in milliseconds since 1970 UTC.
        at_ms: u64,
        /// The state.
        carried: Carried,
    },
}

impl Origin {
    /// The moment from which on days are looked at, in milliseconds since 1970 UTC.
    #[must_use]
    pub const fn at_ms(&self) -> u64 {
        match self {
            Self::Received { at_ms, .. } | Self::TakenOver { at_ms, .. } => *at_ms,
        }
    }
}

/// The state of a clock that another register takes over. Spec: specs/foi.md §6.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The anchor.
    pub anchor: Date,
    /// Extensions that were taken.
    pub extensions: u8,
    /// Pauses, all ended: the day on which each began and the day on which it ended.
    pub pauses: Vec<(Date, Date)>,
    /// Whether a due date was missed.
    pub missed: Option<Missed>,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The clock runs.
    Running,
    /// The clock is stopped: a clarification or a fee is open.
    Paused,
    /// The due date has passed without a decision.
    Overdue,
    /// Decided; days after the due date, 0 if in time.
    Decided {
        /// The day of the decision.
        on: Date,
        /// How many days after the due date.
        days_late: u32,
    },
    /// Ended without a decision.
    Closed {
        /// The day.
        on: Date,
    },
    /// The body was silent, which the law takes as a refusal.
    DeemedRefusal {
        /// The day of the refusal.
        on: Date,
    },
    /// The requester did not clarify in time.
    Abandoned {
        /// The first day after the limit.
        on: Date,
    },
}

/// A due date that passed without a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// The first day at whose beginning the due date lay in the past.
    pub on: Date,
    /// The due date, as it stood at that moment.
    pub due: Date,
}

/// What the clock says. Spec: specs/rules.md §5.4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Where the request stands.
    pub status: Status,
    /// T: the facts known at this moment apply.
    pub judged_ms: u64,
    /// The last day in time; `None` while paused.
    pub due: Option<Date>,
    /// What it would be without extensions.
    pub original_due: Option<Date>,
    /// Days that still have to be counted after the day of T.
    pub days_left: u32,
    /// The first time that a due date passed; later facts do not undo it.
    pub missed: Option<Missed>,
    /// Last day for the requester to clarify, if one is asked for and the pack knows a limit.
    pub clarify_by: Option<Date>,
    /// The computation, line by line.
    pub lines: Vec<Line>,
}

/// Why a history is impossible. Whoever asks for the step is at fault; `step` counts from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// Steps not in order of time, before the receipt, or after the moment of the question.
    #[error("step {step} is out of order in time")]
    Order {
        /// Place of the step.
        step: usize,
    },
    /// The question is about a moment before the receipt.
    #[error("the request had not been received at that moment")]
    NotReceivedYet,
    /// The request had already ended.
    #[error("step {step} comes after the end of the request on {on}")]
    Ended {
        /// Place of the step.
        step: usize,
        /// Day of the end.
        on: Date,
    },
    /// A clarification or fee is already open.
    #[error("step {step} asks again for what is still open")]
    StillOpen {
        /// Place of the step.
        step: usize,
    },
    /// Answer without a question.
    #[error("step {step} answers what was not asked")]
    NotAsked {
        /// Place of the step.
        step: usize,
    },
    /// A letter that came before what it answers, or after it was entered.
    #[error("step {step}: the letter cannot have come on {on}")]
    DayOfReceipt {
        /// Place of the step.
        step: usize,
        /// The day that was given.
        on: Date,
    },
    /// A transfer while a clarification or a fee is open.
    #[error("step {step} transfers the request while a clarification or a fee is open; settle that first")]
    TransferWhileOpen {
        /// Place of the step.
        step: usize,
    },
    /// No extension is left.
    #[error("step {step} is one extension too many; the rules allow {allowed}")]
    NoExtensionLeft {
        /// Place of the step.
        step: usize,
        /// How many are allowed.
        allowed: u8,
    },
    /// An extension after the due date.
    #[error("step {step} extends after the due date {due}; an extension is taken on or before it")]
    ExtendedLate {
        /// Place of the step.
        step: usize,
        /// The due date that had passed.
        due: Date,
    },
    /// More than [`MAX_STEPS`].
    #[error("a request has at most 1000 steps")]
    TooMany,
    /// A date beyond the year 9989.
    #[error("a date lies beyond the year 9989")]
    BeyondTime,
}

impl ClockError {
    /// The same in Arabic.
    #[must_use]
    pub fn arabic(&self) -> String {
        match self {
            Self::Order { step } => format!("الإجراء {step} ليس في ترتيبه الزمني"),
            Self::NotReceivedYet => "لم يكن الطلب قد ورد في تلك اللحظة".into(),
            Self::Ended { step, on } => format!("الإجراء {step} بعد انتهاء الطلب في {on}"),
            Self::StillOpen { step } => format!("الإجراء {step} يطلب ما هو مطلوب من قبل"),
            Self::NotAsked { step } => format!("الإجراء {step} يرد على ما لم يطلب"),
            Self::DayOfReceipt { step, on } => format!("الإجراء {step}: لا يمكن أن يكون الخطاب قد ورد في {on}"),
            Self::TransferWhileOpen { step } => {
                format!("الإجراء {step} يحيل الطلب قبل تسوية الإيضاح أو الرسم؛ يسوى ذلك أولاً")
            }
            Self::NoExtensionLeft { step, allowed } => {
                format!("الإجراء {step} تمديد زائد؛ عدد مرات التمديد المسموح بها {allowed}")
            }
            Self::ExtendedLate { step, due } => {
                format!("الإجراء {step} تمديد بعد الموعد {due}؛ التمديد في الموعد أو قبله")
            }
            Self::TooMany => "للطلب 1000 إجراء على الأكثر".into(),
            Self::BeyondTime => "التاريخ بعد سنة 9989".into(),
        }
    }
}

impl From<BeyondTime> for ClockError {
    fn from(_: BeyondTime) -> Self {
        Self::BeyondTime
    }
}

impl ClockRules {
    /// How this pack counts days.
    #[must_use]
    pub const fn counting(&self) -> Counting {
        Counting {
            unit: self.unit,
            start: self.start,
            roll: self.roll,
        }
    }
}

/// Reads the clock of a request at the moment `now_ms`. Spec: specs/rules.md §5.
///
/// # Errors
/// [`ClockError`] for a history that the rules do not allow.
pub fn read_clock(
    rules: &ClockRules,
    calendar: &Calendar,
    history: &History,
    now_ms: u64,
) -> Result<Reading, ClockError> {
    let origin = Origin::Received {
        at_ms: history.received_ms,
        on: None,
    };
    read_clock_from(rules, calendar, &origin, &history.steps, now_ms)
}

/// Reads the clock of a request that began in any way. Spec: specs/rules.md §5.
///
/// # Errors
/// [`ClockError`] for a history that the rules do not allow.
pub fn read_clock_from(
    rules: &ClockRules,
    calendar: &Calendar,
    origin: &Origin,
    steps: &[StepAt],
    now_ms: u64,
) -> Result<Reading, ClockError> {
    let mut clock = run(rules, calendar, origin, steps, now_ms)?;
    clock.pass_time(now_ms)?;
    clock.reading(now_ms)
}

/// The state that goes with a request that is transferred at `at_ms`, after `steps`. Spec: specs/foi.md §6.3.
///
/// # Errors
/// [`ClockError`] for a history that the rules do not allow, a request that has ended, or an open question or fee.
pub fn carry_clock(
    rules: &ClockRules,
    calendar: &Calendar,
    origin: &Origin,
    steps: &[StepAt],
    at_ms: u64,
) -> Result<Carried, ClockError> {
    let mut clock = run(rules, calendar, origin, steps, at_ms)?;
    let transfer = StepAt {
        at_ms,
        step: Step::Transferred,
    };
    clock.step(steps.len(), transfer)?;
    let ended = |p: &Pause| p.until.map(|until| (p.from, until));
    Ok(Carried {
        anchor: clock.anchor,
        extensions: clock.extensions,
        pauses: clock.pauses.iter().filter_map(ended).collect(),
        missed: clock.missed,
    })
}

/// The day on which the period of `n` days after the day `anchor`, counted without pauses, lapses: looked at are the
/// days that begin after `from_ms` and not after `until_ms`. Spec: specs/rules.md §4.2.
///
/// # Errors
/// [`ClockError::BeyondTime`].
pub fn period_lapse(
    rules: &ClockRules,
    calendar: &Calendar,
    anchor: Date,
    n: u16,
    from_ms: u64,
    until_ms: u64,
) -> Result<Option<Missed>, ClockError> {
    let counting = rules.counting();
    let lapsed = lapse(calendar, from_ms, until_ms, |days| {
        counting.last_day(days, anchor, n.into()).map(Some)
    })?;
    Ok(lapsed.map(|(on, due)| Missed { on, due }))
}

/// The clock after all steps.
fn run<'a>(
    rules: &'a ClockRules,
    calendar: &'a Calendar,
    origin: &Origin,
    steps: &[StepAt],
    now_ms: u64,
) -> Result<Clock<'a>, ClockError> {
    if steps.len() > MAX_STEPS {
        return Err(ClockError::TooMany);
    }
    let mut last_ms = origin.at_ms();
    for (step, event) in steps.iter().enumerate() {
        if event.at_ms < last_ms || event.at_ms > now_ms {
            return Err(ClockError::Order { step });
        }
        last_ms = event.at_ms;
    }
    if now_ms < origin.at_ms() {
        return Err(ClockError::NotReceivedYet);
    }
    let mut clock = Clock::begin(rules, calendar, origin)?;
    for (step, event) in steps.iter().enumerate() {
        clock.step(step, *event)?;
    }
    Ok(clock)
}

/// The last day for a third party to be heard; `None` if the pack does not know it. Spec: specs/rules.md §5.5.
///
/// # Errors
/// [`ClockError::BeyondTime`].
pub fn third_party_last_day(
    rules: &ClockRules,
    calendar: &Calendar,
    consulted_ms: u64,
    now_ms: u64,
) -> Result<Option<Date>, ClockError> {
    let Some(n) = rules.third_party_days else {
        return Ok(None);
    };
    let anchor = calendar.day_of(consulted_ms).ok_or(ClockError::BeyondTime)?;
    let last = rules
        .counting()
        .last_day(&calendar.days_at(now_ms), anchor, n.into())?;
    Ok(Some(last))
}

#[derive(Debug, Clone, Copy)]
enum End {
    Decided(Date, u64),
    Closed(Date, u64),
    Deemed(Date, u64),
    Abandoned(Date, u64),
}

impl End {
    const fn day(self) -> Date {
        match self {
            Self::Decided(day, _) | Self::Closed(day, _) | Self::Deemed(day, _) | Self::Abandoned(day, _) => {
                day
            }
        }
    }

    const fn at_ms(self) -> u64 {
        match self {
            Self::Decided(_, at) | Self::Closed(_, at) | Self::Deemed(_, at) | Self::Abandoned(_, at) => at,
        }
    }
}

/// The state of a clock after a part of its history. `judged_ms` is the moment up to which time has passed.
struct Clock<'a> {
    rules: &'a ClockRules,
    calendar: &'a Calendar,
    judged_ms: u64,
    anchor: Date,
    extensions: u8,
    pauses: Vec<Pause>,
    /// Day of an open question, and whether it stopped the clock (then the place of its pause).
    question: Option<(Date, Option<usize>)>,
    /// The same for an open fee.
    fee: Option<Option<usize>>,
    missed: Option<Missed>,
    end: Option<End>,
    lines: Vec<Line>,
}

impl<'a> Clock<'a> {
    fn begin(rules: &'a ClockRules, calendar: &'a Calendar, origin: &Origin) -> Result<Self, ClockError> {
        let judged_ms = origin.at_ms();
        let entered = calendar.day_of(judged_ms).ok_or(ClockError::BeyondTime)?;
        let (carried, line) = match origin {
            Origin::Received { on, .. } => {
                let anchor = on.unwrap_or(entered);
                if anchor > entered {
                    return Err(ClockError::NotReceivedYet);
                }
                let carried = Carried {
                    anchor,
                    extensions: 0,
                    pauses: Vec::new(),
                    missed: None,
                };
                (carried, Line::Received { on: anchor })
            }
            Origin::TakenOver { carried, .. } => {
                let line = Line::TakenOver {
                    on: entered,
                    after: carried.anchor,
                };
                (carried.clone(), line)
            }
        };
        let ended = |(from, until): &(Date, Date)| Pause {
            from: *from,
            until: Some(*until),
        };
        Ok(Self {
            rules,
            calendar,
            judged_ms,
            anchor: carried.anchor,
            extensions: carried.extensions,
            pauses: carried.pauses.iter().map(ended).collect(),
            question: None,
            fee: None,
            missed: carried.missed,
            end: None,
            lines: vec![line],
        })
    }

    /// Lets time pass up to a step, and takes it.
    fn step(&mut self, step: usize, event: StepAt) -> Result<(), ClockError> {
        self.pass_time(event.at_ms)?;
        if let Some(end) = self.end {
            return Err(ClockError::Ended { step, on: end.day() });
        }
        self.take(step, event)
    }

    fn allowance(&self, extensions: u8) -> u32 {
        u32::from(self.rules.answer_days) + u32::from(self.rules.extension_days) * u32::from(extensions)
    }

    fn due(&self, days: &Days<'_>) -> Result<Option<Date>, BeyondTime> {
        let n = self.allowance(self.extensions);
        let counted = self
            .rules
            .counting()
            .count(days, self.anchor, n, &self.pauses, self.anchor)?;
        Ok(counted.last_day)
    }

    fn clarify_by(&self, days: &Days<'_>) -> Result<Option<Date>, BeyondTime> {
        match (self.question, self.rules.clarification_limit_days) {
            (Some((asked, _)), Some(n)) => self.rules.counting().last_day(days, asked, n.into()).map(Some),
            _ => Ok(None),
        }
    }

    /// Judges every beginning of a day after `judged_ms` up to `until_ms`. Spec: specs/rules.md §5.3.
    fn pass_time(&mut self, until_ms: u64) -> Result<(), ClockError> {
        if self.end.is_some() {
            return Ok(());
        }
        let from_ms = self.judged_ms;
        let deems = self.rules.silence == Silence::DeemedRefusal;
        let mut deemed = None;
        if self.missed.is_none() || deems {
            let lapsed = lapse(self.calendar, from_ms, until_ms, |days| self.due(days))?;
            if let Some((on, due)) = lapsed {
                self.missed.get_or_insert(Missed { on, due });
                deemed = deems.then_some(on);
            }
        }
        let abandoned = lapse(self.calendar, from_ms, until_ms, |days| self.clarify_by(days))?;
        let abandoned = abandoned.map(|(on, _)| on);
        self.judged_ms = until_ms;
        let start = |day| self.calendar.start_of(day).ok_or(ClockError::BeyondTime);
        self.end = match (deemed, abandoned) {
            (Some(on), other) if other.is_none_or(|other| on <= other) => Some(End::Deemed(on, start(on)?)),
            (_, Some(on)) => Some(End::Abandoned(on, start(on)?)),
            _ => None,
        };
        // A due date that passed only after the request had ended by other means was not missed.
        if let (Some(End::Abandoned(on, _)), Some(missed)) = (self.end, self.missed)
            && missed.on >= on
        {
            self.missed = None;
        }
        Ok(())
    }

    /// Takes one step; time has passed up to it. Spec: specs/rules.md §5.2.
    fn take(&mut self, step: usize, event: StepAt) -> Result<(), ClockError> {
        let at_ms = event.at_ms;
        let on = self.calendar.day_of(at_ms).ok_or(ClockError::BeyondTime)?;
        let due = self.due(&self.calendar.days_at(at_ms))?;
        let late = due.filter(|due| on > *due);
        match event.step {
            Step::ClarificationAsked => {
                if self.question.is_some() {
                    return Err(ClockError::StillOpen { step });
                }
                let pause = self.stop(on, late);
                self.question = Some((on, pause));
                self.lines.push(Line::ClarificationAsked {
                    on,
                    effective: pause.is_some(),
                });
            }
            Step::ClarificationAnswered | Step::ClarificationReceived { .. } => {
                let (asked, pause) = self.question.take().ok_or(ClockError::NotAsked { step })?;
                let on = match event.step {
                    Step::ClarificationReceived { on: came } if came < asked || came > on => {
                        return Err(ClockError::DayOfReceipt { step, on: came });
                    }
                    Step::ClarificationReceived { on: came } => came,
                    _ => on,
                };
                self.resume(pause, on);
                let restarts = pause.is_some() && self.rules.clarification == Clarification::Restart;
                if restarts {
                    self.anchor = on;
                }
                self.lines.push(Line::ClarificationAnswered { on, restarts });
            }
            Step::FeeQuoted => {
                if self.fee.is_some() {
                    return Err(ClockError::StillOpen { step });
                }
                let pauses = self.rules.fee_policy == FeePolicy::Pauses;
                let pause = if pauses { self.stop(on, late) } else { None };
                self.fee = Some(pause);
                self.lines.push(Line::FeeQuoted {
                    on,
                    effective: pause.is_some(),
                });
            }
            Step::FeeSettled => {
                let pause = self.fee.take().ok_or(ClockError::NotAsked { step })?;
                self.resume(pause, on);
                self.lines.push(Line::FeeSettled { on });
            }
            Step::Extended => {
                let allowed = self.rules.max_extensions;
                if self.extensions >= allowed {
                    return Err(ClockError::NoExtensionLeft { step, allowed });
                }
                if let Some(due) = late {
                    return Err(ClockError::ExtendedLate { step, due });
                }
                self.extensions += 1;
                self.lines.push(Line::Extended {
                    on,
                    days: self.rules.extension_days,
                });
            }
            Step::Transferred => {
                if self.question.is_some() || self.fee.is_some() {
                    return Err(ClockError::TransferWhileOpen { step });
                }
                let restarts = self.rules.transfer == Transfer::Restart && late.is_none();
                if restarts {
                    self.anchor = on;
                    self.extensions = 0;
                }
                self.lines.push(Line::Transferred { on, restarts });
            }
            Step::Decided => self.end = Some(End::Decided(on, at_ms)),
            Step::Closed => self.end = Some(End::Closed(on, at_ms)),
        }
        Ok(())
    }

    /// Begins a pause, unless the due date has passed: then nothing moves the clock any more.
    fn stop(&mut self, on: Date, late: Option<Date>) -> Option<usize> {
        if late.is_some() {
            return None;
        }
        self.pauses.push(Pause {
            from: on,
            until: None,
        });
        Some(self.pauses.len() - 1)
    }

    fn resume(&mut self, pause: Option<usize>, on: Date) {
        if let Some(pause) = pause.and_then(|i| self.pauses.get_mut(i)) {
            pause.until = Some(on);
        }
    }

    fn reading(mut self, now_ms: u64) -> Result<Reading, ClockError> {
        let judged_ms = self.end.map_or(now_ms, End::at_ms);
        let today = self.calendar.day_of(judged_ms).ok_or(ClockError::BeyondTime)?;
        let days = self.calendar.days_at(judged_ms);
        let counting = self.rules.counting();
        let n = self.allowance(self.extensions);
        let counted = counting.count(&days, self.anchor, n, &self.pauses, today)?;
        let original = counting.count(&days, self.anchor, self.allowance(0), &self.pauses, today)?;
        let due = counted.last_day;
        let status = match self.end {
            Some(End::Decided(on, _)) => Status::Decided {
                on,
                days_late: due.map_or(0, |due| days_between(due, on)),
            },
            Some(End::Closed(on, _)) => Status::Closed { on },
            Some(End::Deemed(on, _)) => Status::DeemedRefusal { on },
            Some(End::Abandoned(on, _)) => Status::Abandoned { on },
            None => match due {
                None => Status::Paused,
                Some(due) if today > due => Status::Overdue,
                Some(_) => Status::Running,
            },
        };
        let mut lines = std::mem::take(&mut self.lines);
        lines.push(Line::Counting {
            after: self.anchor,
            days: n,
            counting,
        });
        lines.extend(counted.runs.into_iter().map(Line::Run));
        match due {
            Some(due) => lines.push(Line::Due { on: due }),
            None => lines.push(Line::NoDueDate {
                left: n.saturating_sub(counted.used),
            }),
        }
        if let (Some(original), true) = (original.last_day, self.extensions > 0) {
            lines.push(Line::OriginalDue { on: original });
        }
        let clarify_by = self.clarify_by(&days)?;
        if let Some(on) = clarify_by {
            lines.push(Line::ClarifyBy { on });
        }
        if let Some(missed) = self.missed {
            lines.push(Line::Missed(missed));
        }
        lines.push(Line::Stands { status });
        Ok(Reading {
            status,
            judged_ms,
            due,
            original_due: original.last_day,
            days_left: n.saturating_sub(counted.used),
            missed: self.missed,
            clarify_by,
            lines,
        })
    }
}

/// Days from `due` to `on`; 0 if `on` is not after it.
fn days_between(due: Date, on: Date) -> u32 {
    use crate::calendar::day_number;
    u32::try_from(day_number(on) - day_number(due)).unwrap_or(0)
}
