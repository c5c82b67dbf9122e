//! What moderators do. Spec: specs/consultation.md §6.

use std::path::Path;

use serde_json::json;
use sijill_ledger::LedgerId;
use sijill_registers::consultation::events::{
    AppealDecided, CommentHidden, CommentRestored, ConsultationEvent,
};

use super::arguments::{AppealDecision, HidingReason, KeyArg};
use super::desk::{Desk, done};
use crate::error::Outcome;
use crate::render::{say, show};

impl Desk<'_> {
    pub(super) async fn hide(
        &self,
        id: &str,
        ledger: LedgerId,
        comment: &str,
        (reason, note): (HidingReason, Option<&Path>),
        key: &KeyArg,
    ) -> Outcome {
        let (comment, replies) = self.comment(ledger, comment, |c| c.replies.len())?;
        let note = self.commit_note(ledger, note)?;
        let event = ConsultationEvent::CommentHidden(CommentHidden {
            comment,
            code: reason.code(),
            note,
        });
        let at = self.sign(ledger, event, key).await?;
        let what = format!("comment {comment} is hidden; {replies} replies stay, and its author may appeal");
        done(id, &what, &at, json!({ "comment": comment }))
    }

    pub(super) async fn restore(&self, id: &str, ledger: LedgerId, comment: &str, key: &KeyArg) -> Outcome {
        let (comment, ()) = self.comment(ledger, comment, |_| ())?;
        let event = ConsultationEvent::CommentRestored(CommentRestored { comment });
        let at = self.sign(ledger, event, key).await?;
        let what = format!("comment {comment} is visible again, where it was");
        done(id, &what, &at, json!({ "comment": comment }))
    }

    pub(super) async fn decide(
        &self,
        id: &str,
        ledger: LedgerId,
        comment: &str,
        (decision, note): (AppealDecision, Option<&Path>),
        key: &KeyArg,
    ) -> Outcome {
        let (comment, ()) = self.comment(ledger, comment, |_| ())?;
        let note = self.commit_note(ledger, note)?;
        let (code, what) = match decision {
            AppealDecision::StaysHidden => (1, "stays hidden"),
            AppealDecision::Restore => (2, "is visible again, where it was"),
        };
        let event = ConsultationEvent::AppealDecided(AppealDecided {
            comment,
            decision: code,
            note,
        });
        let at = self.sign(ledger, event, key).await?;
        let what = format!("comment {comment} {what}");
        done(id, &what, &at, json!({ "comment": comment }))
    }

    pub(super) async fn moderation_log(&self, id: &str, ledger: LedgerId) -> Outcome {
        let at = self.engine().publish_moderation_log(ledger).await?;
        say!("The moderation log of {id} stands at entry {}.", at.seq);
        show!(json!({ "consultation": id, "seq": at.seq }));
        Ok(())
    }
}
