//! The moderation log, a published view. Spec: specs/consultation.md §11.

use serde::{Deserialize, Serialize};
use sijill_ledger::LedgerId;
use sijill_rules::{day_number, numbered_day};

use super::Reading;
use crate::consultation::decide::Reason;
use crate::consultation::state::{Act, Speaker, Standing, Step};
use crate::json;

/// Name of the published view.
pub const MODERATION_LOG: &str = "moderation-log";
/// Format of the document.
const FORMAT: &str = "sijill-moderation-log/1";

/// The published document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModerationLog {
    /// `sijill-moderation-log/1`.
    pub format: String,
    /// The consultation.
    pub ledger: LedgerId,
    /// Entries folded.
    pub size: u64,
    /// The last closed day.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed: Option<String>,
    /// What became of the report.
    pub report: LogReport,
    /// How many there are.
    pub counts: LogCounts,
    /// Comments to which something happened, ascending.
    pub comments: Vec<LogComment>,
}

/// What became of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogReport {
    /// When it was due at first.
    pub original_due: String,
    /// When it is due.
    pub due: String,
    /// `pending`, `overdue`, `published`, `late`.
    pub state: String,
    /// Day of the first one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<String>,
    /// Position of the latest one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<u64>,
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogCounts {
    /// Persons enrolled.
    pub participants: u64,
    /// Comments of any state.
    pub comments: u64,
    /// Visible ones.
    pub visible: u64,
    /// Hidden ones.
    pub hidden: u64,
    /// Withdrawn ones.
    pub withdrawn: u64,
    /// Late ones, of any state.
    pub late: u64,
    /// Visible ones that are not late.
    pub counted: u64,
    /// Ones with an erased text.
    pub erased: u64,
    /// Persons with a response.
    pub responses: u64,
}

/// A comment to which something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogComment {
    /// Its position.
    pub comment: u64,
    /// `visible`, `hidden`, `withdrawn`.
    pub state: String,
    /// `published`, `withheld`, `erased`.
    pub text: String,
    /// Whether it came after the window.
    pub late: bool,
    /// Comments below it, of any state.
    pub replies: u64,
    /// What happened, ascending.
    pub steps: Vec<LogStep>,
}

/// What happened to a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogStep {
    /// Position of the event.
    pub position: u64,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
    /// What.
    pub step: String,
    /// `author`, `intake`, or an official's key.
    pub by: String,
    /// Reason of a hiding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
}

impl LogStep {
    /// A step as the log has it.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        let speaker = |by: &Speaker| match by {
            Speaker::Author => "author".to_owned(),
            Speaker::Intake => "intake".to_owned(),
        };
        let (name, by, code) = match &step.act {
            Act::Hidden { by, code, .. } => ("hidden", by.to_string(), Reason::of(*code)),
            Act::Restored { by } => ("restored", by.to_string(), None),
            Act::Appealed { by } => ("appealed", speaker(by), None),
            Act::AppealRejected { by, .. } => ("appeal-rejected", by.to_string(), None),
            Act::AppealGranted { by, .. } => ("appeal-granted", by.to_string(), None),
            Act::Withdrawn { by } => ("withdrawn", speaker(by), None),
            Act::Erased { by } => ("erased", by.to_string(), None),
        };
        Self {
            position: step.position,
            at_ms: step.at_ms,
            step: name.to_owned(),
            by,
            code: code.map(|c| c.name().to_owned()),
        }
    }
}

impl ModerationLog {
    /// The published bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }
}

/// What became of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportState {
    /// It is not due yet.
    Pending,
    /// It was due and is not there.
    Overdue,
    /// It came in time.
    Published,
    /// It came after it was due.
    Late,
}

impl ReportState {
    /// Its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Overdue => "overdue",
            Self::Published => "published",
            Self::Late => "late",
        }
    }
}

impl Reading<'_> {
    /// What became of the report, judged up to the last closed day; `None` before the definition.
    #[must_use]
    pub fn report_state(&self) -> Option<ReportState> {
        let due = self.state.settings()?.report_due;
        Some(match (self.state.report(), self.state.last_closed()) {
            (Some(report), _) if self.day_number(report.first_ms)? > report.due => ReportState::Late,
            (Some(_), _) => ReportState::Published,
            (None, Some(day)) if day >= due => ReportState::Overdue,
            (None, _) => ReportState::Pending,
        })
    }

    fn day_number(&self, at_ms: u64) -> Option<u32> {
        u32::try_from(day_number(self.calendar.day_of(at_ms)?)).ok()
    }

    /// How many there are.
    #[must_use]
    pub fn counts(&self) -> LogCounts {
        let mut counts = LogCounts {
            participants: self.state.people().len() as u64,
            responses: self.state.responded(),
            ..LogCounts::default()
        };
        for (_, comment) in self.state.comments() {
            counts.comments += 1;
            match comment.standing {
                Standing::Visible => counts.visible += 1,
                Standing::Hidden { .. } => counts.hidden += 1,
                Standing::Withdrawn => counts.withdrawn += 1,
            }
            counts.late += u64::from(self.is_late(comment));
            counts.counted += u64::from(self.is_counted(comment));
            counts.erased += u64::from(self.state.is_erased(&comment.text));
        }
        counts
    }

    /// What became of the report, as the log says it; `None` before the definition.
    #[must_use]
    pub fn log_report(&self) -> Option<LogReport> {
        let day = |number: u32| numbered_day(number).map(|d| d.to_string());
        let report = self.state.report();
        Some(LogReport {
            original_due: day(self.state.definition()?.settings.report_due)?,
            due: day(self.state.settings()?.report_due)?,
            state: self.report_state()?.name().to_owned(),
            published: report.and_then(|r| day(self.day_number(r.first_ms)?)),
            position: report.map(|r| r.position),
        })
    }

    /// The moderation log after `size` entries; `None` before the definition.
    #[must_use]
    pub fn moderation_log(&self, ledger: LedgerId, size: u64) -> Option<ModerationLog> {
        let day = |number: u32| numbered_day(number).map(|d| d.to_string());
        let comments = self.state.comments().filter(|(_, c)| !c.steps.is_empty());
        Some(ModerationLog {
            format: FORMAT.to_owned(),
            ledger,
            size,
            closed: self.state.last_closed().and_then(day),
            report: self.log_report()?,
            counts: self.counts(),
            comments: comments
                .map(|(position, comment)| LogComment {
                    comment: position,
                    state: comment.standing.name().to_owned(),
                    text: match comment.standing {
                        _ if self.state.is_erased(&comment.text) => "erased",
                        Standing::Visible => "published",
                        Standing::Hidden { .. } | Standing::Withdrawn => "withheld",
                    }
                    .to_owned(),
                    late: self.is_late(comment),
                    replies: self.state.thread(position).map_or(0, |thread| thread.size()),
                    steps: comment.steps.iter().map(LogStep::of).collect(),
                })
                .collect(),
        })
    }
}
