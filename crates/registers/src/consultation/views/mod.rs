//! What people read of a consultation: readings of its state. Spec: specs/consultation.md §10, §11.

mod clauses;
mod coverage;
mod moderation_log;
mod participation;
mod threads;

use sijill_rules::Calendar;

use super::state::{CommentRecord, ConsultationState, Standing, WindowEnds};

pub use clauses::{ClauseReading, ClausesReading, Place, Placed};
pub use coverage::{Coverage, ThemeReading};
pub use moderation_log::{
    LogComment, LogCounts, LogReport, LogStep, MODERATION_LOG, ModerationLog, ReportState,
};
pub use participation::{OwnComment, Participation};
pub use threads::Thread;

/// A state with the calendar of its jurisdiction, which makes days of moments: everything that depends on what is late
/// is read from here.
#[derive(Debug)]
pub struct Reading<'a> {
    state: &'a ConsultationState,
    calendar: &'a Calendar,
    ends: WindowEnds<'a>,
}

impl<'a> Reading<'a> {
    /// The state.
    #[must_use]
    pub fn state(&self) -> &'a ConsultationState {
        self.state
    }

    /// The calendar of its jurisdiction.
    #[must_use]
    pub fn calendar(&self) -> &'a Calendar {
        self.calendar
    }

    /// Whether a comment came after the window.
    #[must_use]
    pub fn is_late(&self, comment: &CommentRecord) -> bool {
        self.ends.is_late(comment.received_ms, comment.last)
    }

    /// Whether a comment counts: visible and in time.
    #[must_use]
    pub fn is_counted(&self, comment: &CommentRecord) -> bool {
        comment.standing == Standing::Visible && !self.is_late(comment)
    }
}

impl ConsultationState {
    /// The state in the calendar of its jurisdiction.
    #[must_use]
    pub fn read<'a>(&'a self, calendar: &'a Calendar) -> Reading<'a> {
        Reading {
            state: self,
            calendar,
            ends: WindowEnds::new(calendar),
        }
    }
}
