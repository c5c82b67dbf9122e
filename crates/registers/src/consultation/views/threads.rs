//! Threads: every comment where it was put, whatever became of it. Spec: specs/consultation.md §5, §10.

use crate::consultation::state::{CommentRecord, ConsultationState};

/// A comment and what hangs below it. At most 16 deep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Position of the comment.
    pub comment: u64,
    /// Replies, in the order in which they came.
    pub replies: Vec<Thread>,
}

impl Thread {
    /// Number of comments below this one, of any state.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.replies.iter().map(|reply| 1 + reply.size()).sum()
    }
}

impl ConsultationState {
    /// All threads, by the position of their roots.
    pub fn threads(&self) -> impl Iterator<Item = Thread> {
        self.roots().filter_map(|(position, _)| self.thread(position))
    }

    /// The thread below a comment.
    #[must_use]
    pub fn thread(&self, comment: u64) -> Option<Thread> {
        let replies = &self.comment(comment)?.replies;
        Some(Thread {
            comment,
            replies: replies.iter().filter_map(|reply| self.thread(*reply)).collect(),
        })
    }

    /// Comments that reply to none, ascending.
    pub fn roots(&self) -> impl Iterator<Item = (u64, &CommentRecord)> {
        self.comments().filter(|(_, c)| c.reply_to.is_none())
    }

    /// The root of a comment's thread.
    #[must_use]
    pub fn root_of(&self, comment: u64) -> Option<u64> {
        let mut at = comment;
        loop {
            match self.comment(at)?.reply_to {
                // A reply stands behind what it replies to, so this ends.
                Some(parent) if parent < at => at = parent,
                Some(_) => return None,
                None => return Some(at),
            }
        }
    }
}
