//! What an event of a consultation changes in the index.

use sijill_registers::consultation::events::ConsultationEvent;
use sijill_registers::consultation::{Access, ConsultationState};
use sijill_registers::register::{ContentProblem, Contents};

use crate::index::{Change, Kind};

/// The event whose text may have become visible or invisible by an event at this position, if any. (Erasures: the
/// comments whose texts they name.)
#[must_use]
pub fn touched(position: u64, event: &ConsultationEvent) -> Option<u64> {
    use ConsultationEvent as E;
    match event {
        E::CommentMade(_) | E::CommentAttested(_) | E::AnswerGiven(_) => Some(position),
        E::CommentWithdrawn(e) => Some(e.comment),
        E::WithdrawalAttested(e) => Some(e.comment),
        E::CommentHidden(e) => Some(e.comment),
        E::CommentRestored(e) => Some(e.comment),
        E::AppealDecided(e) => Some(e.comment),
        _ => None,
    }
}

/// What the index must know of the text of an event now.
///
/// # Errors
/// [`ContentProblem`] if a published text cannot be read.
pub fn change(
    state: &ConsultationState,
    position: u64,
    contents: &dyn Contents,
) -> Result<Change, ContentProblem> {
    let comment = state.comment(position).map(|c| (Kind::Comment, c.text));
    let answer = || state.answer(position).map(|a| (Kind::Answer, a.text));
    let Some((kind, text)) = comment.or_else(answer) else {
        return Ok(Change::Hide { position });
    };
    if state.access(&text.commitment) != Some(Access::Published) {
        return Ok(Change::Hide { position });
    }
    let content = contents.opening(&text)?;
    Ok(Change::Show {
        position,
        kind,
        text: String::from_utf8_lossy(&content).into_owned(),
    })
}

/// Everything that is published, for an index that is made again.
///
/// # Errors
/// [`ContentProblem`] if a published text cannot be read.
pub fn all(state: &ConsultationState, contents: &dyn Contents) -> Result<Vec<Change>, ContentProblem> {
    let comments = state.comments().map(|(position, _)| position);
    let answers = state.answers().map(|(position, _)| position);
    let all = comments
        .chain(answers)
        .map(|position| change(state, position, contents));
    all.filter(|c| !matches!(c, Ok(Change::Hide { .. }))).collect()
}
