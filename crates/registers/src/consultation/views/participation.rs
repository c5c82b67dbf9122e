//! "My participation": what a person said, what became of it and why. Spec: specs/consultation.md §4 to §8.

use super::{Access, Place, Reading, Shown, Step};
use crate::consultation::events::{Outcome, Person};

/// An own comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnComment {
    /// Its position, which the receipt proves.
    pub position: u64,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
    /// What it is now.
    pub shown: Shown,
    /// Whether others can read its text.
    pub access: Access,
    /// Whether it came after the window and does not count.
    pub late: bool,
    /// Where it stands.
    pub place: Place,
    /// What moderators and the person did, with reasons.
    pub steps: Vec<Step>,
    /// Positions of official answers to it.
    pub answers: Vec<u64>,
    /// Replies to it, of any state.
    pub replies: u64,
    /// What the report says of its themes.
    pub outcomes: Vec<Outcome>,
    /// Whether the person can appeal now.
    pub can_appeal: bool,
    /// Whether the person can withdraw it now.
    pub can_withdraw: bool,
}

/// What a person takes part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participation {
    /// Number under which others see the person.
    pub number: u64,
    /// 1 citizen, 2 resident, 3 visitor.
    pub category: u8,
    /// Whether the service verified who they are.
    pub verified: bool,
    /// Whether the person signs with an own key.
    pub has_key: bool,
    /// Own comments, ascending.
    pub comments: Vec<OwnComment>,
    /// Positions of responses, ascending; the last one counts.
    pub responses: Vec<u64>,
}

impl Reading<'_> {
    /// What a person takes part in; `None` if they are not enrolled.
    #[must_use]
    pub fn participation(&self, person: &Person) -> Option<Participation> {
        let record = self.record.person(person)?;
        let own = |position: &u64| self.own_comment(*position);
        Some(Participation {
            number: record.number,
            category: record.category,
            verified: record.verified,
            has_key: record.key.is_some(),
            comments: record.comments.iter().filter_map(own).collect(),
            responses: record.responses.clone(),
        })
    }

    fn own_comment(&self, position: u64) -> Option<OwnComment> {
        use super::Act;
        let comment = self.record.comment(position)?;
        let outcomes = self.record.report_record().map_or(&[][..], |r| &r.outcomes);
        let appealed = comment
            .steps
            .iter()
            .rev()
            .take_while(|s| !matches!(s.act, Act::Hidden { .. }))
            .any(|s| matches!(s.act, Act::Appealed { .. }));
        Some(OwnComment {
            position,
            at_ms: comment.at_ms,
            shown: comment.shown,
            access: self.record.access(&comment.text.commitment)?,
            late: self.is_late(comment),
            place: self.record.place(position)?,
            steps: comment.steps.clone(),
            answers: comment.answers.clone(),
            replies: self.record.thread(position)?.size(),
            outcomes: outcomes
                .iter()
                .filter(|o| comment.themes.contains(&o.theme))
                .cloned()
                .collect(),
            can_appeal: comment.shown == Shown::Hidden && !appealed,
            can_withdraw: comment.shown != Shown::Withdrawn,
        })
    }
}
