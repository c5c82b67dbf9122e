//! A window for objections or grievances: open, extended while open, then decided or rejected by silence, then the next remedy.
//!
//! Spec: specs/rules.md §7.

use jiff::civil::Date;

use crate::calendar::Calendar;
use crate::foi_pack::{FoiPack, Silence};
use crate::period::{BeyondTime, Counting, lapse};
use crate::text::check_line;

/// What a law says of one kind of objection. Spec: specs/rules.md §7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectionRules {
    /// How days are counted.
    pub counting: Counting,
    /// Days of the window, after the day on which it opens.
    pub window_days: u16,
    /// Days for the decision, after the day of filing; `None` if unknown.
    pub decision_days: Option<u16>,
    /// What silence means.
    pub silence: Silence,
    /// Days for the next remedy, after the day of the decision or of the implicit rejection; `None` if unknown.
    pub remedy_days: Option<u16>,
}

impl ObjectionRules {
    /// The grievance of a freedom-of-information pack; `None` if the pack does not know its days.
    #[must_use]
    pub fn grievance(pack: &FoiPack) -> Option<Self> {
        let clock = &pack.clock;
        Some(Self {
            counting: clock.counting(),
            window_days: clock.grievance_days?,
            decision_days: clock.grievance_decision_days,
            silence: clock.grievance_silence.unwrap_or(Silence::None),
            remedy_days: clock.court_days,
        })
    }
}

/// An extension of a window, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowExtension {
    /// When, in milliseconds.
    pub at_ms: u64,
    /// Who extended it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The last day before.
    pub old_last_day: Date,
    /// The last day since.
    pub new_last_day: Date,
}

/// How an objection was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The first decision stands.
    Upheld,
    /// It was changed.
    Varied,
    /// It was reversed.
    Overturned,
}

/// Where an objection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectionStatus {
    /// Waiting for a decision.
    Pending,
    /// Waiting, and the last day for the decision has passed.
    Overdue,
    /// Decided.
    Decided {
        /// The day.
        on: Date,
        /// How.
        decision: Decision,
    },
    /// Rejected by silence.
    ImplicitlyRejected {
        /// The first day after the last day for the decision.
        on: Date,
    },
}

/// Why an act is refused; nothing has changed. The fault is the actor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectionError {
    /// Before the window, or before the act that it follows.
    #[error("this comes before the window opens or before what it follows")]
    TooEarly,
    /// After the window.
    #[error("the window closed at the end of {last_day}")]
    WindowClosed {
        /// Its last day.
        last_day: Date,
    },
    /// An extension that does not lengthen the window, or by more than 366 days.
    #[error("an extension must move the last day {last_day} to a later one, by at most 366 days")]
    NotLonger {
        /// The last day that stands.
        last_day: Date,
    },
    /// A person or reason that is empty, longer than 1000 bytes, or with characters that are not allowed.
    #[error("who extends and why: {0}")]
    Text(&'static str),
    /// Already decided or rejected by silence.
    #[error("this ended on {on}")]
    Ended {
        /// The day.
        on: Date,
    },
    /// A date beyond the year 9989.
    #[error("a date lies beyond the year 9989")]
    BeyondTime,
}

impl ObjectionError {
    /// The same in Arabic.
    #[must_use]
    pub fn arabic(&self) -> String {
        match self {
            Self::TooEarly => "هذا الإجراء قبل فتح الباب أو قبل ما يترتب عليه".into(),
            Self::WindowClosed { last_day } => format!("أُغلق الباب بنهاية يوم {last_day}"),
            Self::NotLonger { last_day } => {
                format!("يجب أن ينقل التمديد اليوم الأخير {last_day} إلى يوم لاحق، بحد أقصى 366 يوماً")
            }
            Self::Text(_) => "من يمدد ولماذا: نص فارغ أو طويل أو فيه محارف غير مسموح بها".into(),
            Self::Ended { on } => format!("انتهى ذلك يوم {on}"),
            Self::BeyondTime => "التاريخ بعد سنة 9989".into(),
        }
    }
}

impl From<BeyondTime> for ObjectionError {
    fn from(_: BeyondTime) -> Self {
        Self::BeyondTime
    }
}

/// A window in which objections may be filed. Spec: specs/rules.md §7.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectionWindow {
    rules: ObjectionRules,
    opened_ms: u64,
    opened_on: Date,
    extensions: Vec<WindowExtension>,
}

impl ObjectionWindow {
    /// Opens a window.
    ///
    /// # Errors
    /// [`ObjectionError::BeyondTime`].
    pub fn open(rules: ObjectionRules, calendar: &Calendar, opened_ms: u64) -> Result<Self, ObjectionError> {
        Ok(Self {
            rules,
            opened_ms,
            opened_on: calendar.day_of(opened_ms).ok_or(ObjectionError::BeyondTime)?,
            extensions: Vec::new(),
        })
    }

    /// The last day by the facts known at `at_ms`; after an extension the day that it set.
    ///
    /// # Errors
    /// [`ObjectionError::BeyondTime`].
    pub fn last_day(&self, calendar: &Calendar, at_ms: u64) -> Result<Date, ObjectionError> {
        if let Some(extension) = self.extensions.last() {
            return Ok(extension.new_last_day);
        }
        let (n, days) = (self.rules.window_days.into(), calendar.days_at(at_ms));
        Ok(self.rules.counting.last_day(&days, self.opened_on, n)?)
    }

    /// Every extension, oldest first.
    #[must_use]
    pub fn extensions(&self) -> &[WindowExtension] {
        &self.extensions
    }

    /// Extends the window while it is open.
    ///
    /// # Errors
    /// [`ObjectionError`] after its end, for a day that is not later, or for a text that is not allowed.
    pub fn extend(
        &mut self,
        calendar: &Calendar,
        at_ms: u64,
        new_last_day: Date,
        by: &str,
        reason: &str,
    ) -> Result<(), ObjectionError> {
        let (_, old_last_day) = self.require_open(calendar, at_ms)?;
        let longer = crate::calendar::day_number(new_last_day) - crate::calendar::day_number(old_last_day);
        if !(1..=366).contains(&longer) {
            return Err(ObjectionError::NotLonger {
                last_day: old_last_day,
            });
        }
        check_line(by).map_err(ObjectionError::Text)?;
        check_line(reason).map_err(ObjectionError::Text)?;
        self.extensions.push(WindowExtension {
            at_ms,
            by: by.into(),
            reason: reason.into(),
            old_last_day,
            new_last_day,
        });
        Ok(())
    }

    /// Files an objection: in time through the end of the last local day.
    ///
    /// # Errors
    /// [`ObjectionError::TooEarly`], [`ObjectionError::WindowClosed`].
    pub fn file(&self, calendar: &Calendar, at_ms: u64) -> Result<Objection, ObjectionError> {
        let (filed_on, _) = self.require_open(calendar, at_ms)?;
        Ok(Objection {
            rules: self.rules,
            filed_ms: at_ms,
            filed_on,
            decided: None,
        })
    }

    /// The day of `at_ms` and the last day.
    fn require_open(&self, calendar: &Calendar, at_ms: u64) -> Result<(Date, Date), ObjectionError> {
        let since = self.extensions.last().map_or(self.opened_ms, |e| e.at_ms);
        if at_ms < since {
            return Err(ObjectionError::TooEarly);
        }
        let day = calendar.day_of(at_ms).ok_or(ObjectionError::BeyondTime)?;
        let last_day = self.last_day(calendar, at_ms)?;
        if day > last_day {
            return Err(ObjectionError::WindowClosed { last_day });
        }
        Ok((day, last_day))
    }
}

/// An objection that was filed in time. Spec: specs/rules.md §7.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    rules: ObjectionRules,
    filed_ms: u64,
    filed_on: Date,
    decided: Option<(u64, Date, Decision)>,
}

/// What is known of an objection at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectionReading {
    /// Where it stands.
    pub status: ObjectionStatus,
    /// Last day for the decision, if the rules know one.
    pub decide_by: Option<Date>,
    /// Last day for the next remedy: open only once this one has ended, other than by overturning, and if the rules know it.
    pub next_remedy_last_day: Option<Date>,
}

impl Objection {
    /// An objection that a window accepted at `at_ms`.
    ///
    /// # Errors
    /// [`ObjectionError::BeyondTime`].
    pub fn accepted(rules: ObjectionRules, calendar: &Calendar, at_ms: u64) -> Result<Self, ObjectionError> {
        Ok(Self {
            rules,
            filed_ms: at_ms,
            filed_on: calendar.day_of(at_ms).ok_or(ObjectionError::BeyondTime)?,
            decided: None,
        })
    }

    /// Records the decision.
    ///
    /// # Errors
    /// [`ObjectionError::Ended`] after a decision or an implicit rejection, [`ObjectionError::TooEarly`].
    pub fn decide(
        &mut self,
        calendar: &Calendar,
        at_ms: u64,
        decision: Decision,
    ) -> Result<(), ObjectionError> {
        if at_ms < self.filed_ms {
            return Err(ObjectionError::TooEarly);
        }
        if let Some((_, on, _)) = self.decided {
            return Err(ObjectionError::Ended { on });
        }
        if let Some((on, _)) = self.rejected(calendar, at_ms)? {
            return Err(ObjectionError::Ended { on });
        }
        let on = calendar.day_of(at_ms).ok_or(ObjectionError::BeyondTime)?;
        self.decided = Some((at_ms, on, decision));
        Ok(())
    }

    /// Where the objection stands at `now_ms`. The facts at its end apply to the last day for the decision; those at
    /// `now_ms` to the next remedy.
    ///
    /// # Errors
    /// [`ObjectionError::TooEarly`] before the filing, [`ObjectionError::BeyondTime`].
    pub fn read(&self, calendar: &Calendar, now_ms: u64) -> Result<ObjectionReading, ObjectionError> {
        if now_ms < self.filed_ms || self.decided.is_some_and(|(at, _, _)| now_ms < at) {
            return Err(ObjectionError::TooEarly);
        }
        let today = calendar.day_of(now_ms).ok_or(ObjectionError::BeyondTime)?;
        let (status, judged_ms) = match (self.decided, self.rejected(calendar, now_ms)?) {
            (Some((at, on, decision)), _) => (ObjectionStatus::Decided { on, decision }, at),
            (None, Some((on, at))) => (ObjectionStatus::ImplicitlyRejected { on }, at),
            (None, None) => (ObjectionStatus::Pending, now_ms),
        };
        let decide_by = self.decide_by(calendar, judged_ms)?;
        let overdue = status == ObjectionStatus::Pending && decide_by.is_some_and(|last| today > last);
        let status = if overdue { ObjectionStatus::Overdue } else { status };
        let ended_on = match status {
            ObjectionStatus::Decided { on, decision } if decision != Decision::Overturned => Some(on),
            ObjectionStatus::ImplicitlyRejected { on } => Some(on),
            _ => None,
        };
        let next_remedy_last_day = match (ended_on, self.rules.remedy_days) {
            (Some(on), Some(n)) => Some(self.rules.counting.last_day(
                &calendar.days_at(now_ms),
                on,
                n.into(),
            )?),
            _ => None,
        };
        Ok(ObjectionReading {
            status,
            decide_by,
            next_remedy_last_day,
        })
    }

    fn decide_by(&self, calendar: &Calendar, at_ms: u64) -> Result<Option<Date>, ObjectionError> {
        let Some(n) = self.rules.decision_days else {
            return Ok(None);
        };
        let days = calendar.days_at(at_ms);
        Ok(Some(self.rules.counting.last_day(
            &days,
            self.filed_on,
            n.into(),
        )?))
    }

    /// The day of the implicit rejection and its first moment, if it came by `until_ms`.
    fn rejected(&self, calendar: &Calendar, until_ms: u64) -> Result<Option<(Date, u64)>, ObjectionError> {
        let (Silence::DeemedRefusal, Some(n)) = (self.rules.silence, self.rules.decision_days) else {
            return Ok(None);
        };
        let counting = self.rules.counting;
        let lapsed = lapse(calendar, self.filed_ms, until_ms, |days| {
            counting.last_day(days, self.filed_on, n.into()).map(Some)
        })?;
        let Some((on, _)) = lapsed else { return Ok(None) };
        let start = calendar.start_of(on).ok_or(ObjectionError::BeyondTime)?;
        Ok(Some((on, start)))
    }
}
