//! "My participation": what a person said, what became of it and why. Spec: specs/consultation.md §4 to §8.

use super::{Place, Reading};
use crate::consultation::events::{Outcome, Person};
use crate::consultation::state::{Access, Appeal, Standing, Step};

/// An own comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnComment {
    /// Its position, which the receipt proves.
    pub position: u64,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
    /// What it is now.
    pub standing: Standing,
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
        let record = self.state.person(person)?;
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
        let comment = self.state.comment(position)?;
        let outcomes = self.state.report().map_or(&[][..], |r| &r.outcomes);
        Some(OwnComment {
            position,
            at_ms: comment.at_ms,
            standing: comment.standing,
            access: self.state.access(&comment.text.commitment)?,
            late: self.is_late(comment),
            place: self.state.place(position)?,
            steps: comment.steps.clone(),
            answers: comment.answers.clone(),
            replies: self.state.thread(position)?.size(),
            outcomes: outcomes
                .iter()
                .filter(|o| comment.themes.contains(&o.theme))
                .cloned()
                .collect(),
            can_appeal: matches!(
                comment.standing,
                Standing::Hidden {
                    appeal: Appeal::None,
                    ..
                }
            ),
            can_withdraw: comment.standing != Standing::Withdrawn,
        })
    }
}
