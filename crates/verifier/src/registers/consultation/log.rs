//! The moderation log as it follows from the first entries of a consultation.
//!
//! Spec: specs/consultation.md §10.2, §11.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Day, day_text};
use crate::events::ContentRef;
use crate::json::push_array;
use crate::registers::consultation::{Comment, Consultation, Standing, Step, StepKind};

type Id = [u8; 32];

const CODES: [&str; 7] = [
    "personal-data",
    "abuse",
    "threat",
    "off-topic",
    "spam",
    "unlawful",
    "other",
];

/// State of the report of a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportState {
    Pending,
    Overdue,
    Published,
    Late,
}

impl ReportState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            ReportState::Pending => "pending",
            ReportState::Overdue => "overdue",
            ReportState::Published => "published",
            ReportState::Late => "late",
        }
    }
}

/// Counts as in the moderation log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) participants: u64,
    pub(crate) comments: u64,
    pub(crate) visible: u64,
    pub(crate) hidden: u64,
    pub(crate) withdrawn: u64,
    pub(crate) late: u64,
    pub(crate) counted: u64,
    pub(crate) erased: u64,
    pub(crate) responses: u64,
}

impl Consultation {
    /// Spec: specs/consultation.md §10.2.
    pub(super) fn report_state(&self, closed: Option<Day>) -> ReportState {
        match self.first_report {
            Some((published, due)) if published <= due => ReportState::Published,
            Some(_) => ReportState::Late,
            None if closed.is_some_and(|closed| closed >= self.due()) => ReportState::Overdue,
            None => ReportState::Pending,
        }
    }

    pub(super) fn counts(&self, erased: &BTreeSet<Id>) -> Counts {
        let mut counts = Counts {
            participants: self.people.len() as u64,
            comments: self.comments.len() as u64,
            responses: self.responses.len() as u64,
            ..Counts::default()
        };
        for comment in self.comments.values() {
            match comment.standing {
                Standing::Visible => counts.visible += 1,
                Standing::Hidden => counts.hidden += 1,
                Standing::Withdrawn => counts.withdrawn += 1,
            }
            counts.late += u64::from(comment.late);
            counts.counted += u64::from(comment.is_counted());
            counts.erased += u64::from(erased.contains(&comment.text));
        }
        counts
    }

    /// The log after `size` entries, as a citation of its bytes.
    pub(super) fn log(&self, ledger: &Id, size: u64, closed: Option<Day>, erased: &BTreeSet<Id>) -> String {
        let ledger = hex::encode(ledger);
        let mut out =
            format!("{{\"format\":\"sijill-moderation-log/1\",\"ledger\":\"{ledger}\",\"size\":{size}");
        if let Some(closed) = closed {
            out.push_str(&format!(",\"closed\":\"{}\"", day_text(closed)));
        }
        let (original, due) = (day_text(self.original_due), day_text(self.due()));
        let state = self.report_state(closed).name();
        out.push_str(&format!(
            ",\"report\":{{\"original_due\":\"{original}\",\"due\":\"{due}\",\"state\":\"{state}\""
        ));
        if let (Some((published, _)), Some(latest)) = (self.first_report, &self.report) {
            let (published, position) = (day_text(published), latest.seq);
            out.push_str(&format!(",\"published\":\"{published}\",\"position\":{position}"));
        }
        let Counts {
            participants,
            comments,
            visible,
            hidden,
            withdrawn,
            late,
            counted,
            erased: gone,
            responses,
        } = self.counts(erased);
        out.push_str(&format!(
            "}},\"counts\":{{\"participants\":{participants},\"comments\":{comments},\"visible\":{visible},\"hidden\":{hidden},\"withdrawn\":{withdrawn},\"late\":{late},\"counted\":{counted},\"erased\":{gone},\"responses\":{responses}}},\"comments\":"
        ));
        let replies = self.replies();
        let moderated = self
            .comments
            .iter()
            .filter(|(_, comment)| !comment.steps.is_empty());
        push_array(&mut out, moderated, |out, (at, comment)| {
            let replies = replies.get(at).copied().unwrap_or(0);
            push_comment(out, *at, comment, replies, erased.contains(&comment.text));
        });
        out.push('}');
        out
    }

    /// Whether a cited log is that of `size` entries.
    pub(super) fn cite_log(
        &self,
        ledger: &Id,
        size: u64,
        closed: Option<Day>,
        erased: &BTreeSet<Id>,
    ) -> ContentRef {
        ContentRef::of(self.log(ledger, size, closed, erased).as_bytes())
    }

    /// Numbers of comments below each comment that has any.
    fn replies(&self) -> BTreeMap<u64, u64> {
        let mut replies: BTreeMap<u64, u64> = BTreeMap::new();
        // A reply stands behind what it replies to.
        for (at, comment) in self.comments.iter().rev() {
            if let Some(parent) = comment.parent {
                let below = replies.get(at).copied().unwrap_or(0) + 1;
                *replies.entry(parent).or_default() += below;
            }
        }
        replies
    }
}

fn push_comment(out: &mut String, at: u64, comment: &Comment, replies: u64, erased: bool) {
    let state = match comment.standing {
        Standing::Visible => "visible",
        Standing::Hidden => "hidden",
        Standing::Withdrawn => "withdrawn",
    };
    let text = match comment.standing {
        _ if erased => "erased",
        Standing::Visible => "published",
        Standing::Hidden | Standing::Withdrawn => "withheld",
    };
    let late = comment.late;
    out.push_str(&format!(
        "{{\"comment\":{at},\"state\":\"{state}\",\"text\":\"{text}\",\"late\":{late},\"replies\":{replies},\"steps\":"
    ));
    push_array(out, &comment.steps, push_step);
    out.push('}');
}

fn push_step(out: &mut String, step: &Step) {
    let Step {
        position,
        at_ms,
        kind,
        by,
    } = step;
    let by = match (kind, by) {
        (StepKind::Appealed | StepKind::Withdrawn, None) => "intake".to_owned(),
        (StepKind::Appealed | StepKind::Withdrawn, Some(_)) => "author".to_owned(),
        (_, by) => by.map(hex::encode).unwrap_or_default(),
    };
    let name = match kind {
        StepKind::Hidden(_) => "hidden",
        StepKind::Restored => "restored",
        StepKind::Appealed => "appealed",
        StepKind::AppealRejected => "appeal-rejected",
        StepKind::AppealGranted => "appeal-granted",
        StepKind::Withdrawn => "withdrawn",
        StepKind::Erased => "erased",
    };
    out.push_str(&format!(
        "{{\"position\":{position},\"at_ms\":{at_ms},\"step\":\"{name}\",\"by\":\"{by}\""
    ));
    if let StepKind::Hidden(code) = kind {
        let code = usize::from(*code).checked_sub(1).and_then(|at| CODES.get(at));
        out.push_str(&format!(",\"code\":\"{}\"", code.copied().unwrap_or_default()));
    }
    out.push('}');
}
