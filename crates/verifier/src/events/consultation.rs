//! Payloads of consultations. What they say is judged by the register; here only their form.
//!
//! Spec: specs/events.md §9, specs/consultation.md §2.3.

use crate::events::registers::{Committed, Field};
use crate::events::{ContentRef, RegisterEvent};
use crate::reader::{DecodeError, Reader};
use crate::wire::Role;

type Id = [u8; 32];

/// A text in two languages, of which the second may be empty. Spec: specs/consultation.md §1.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) en: String,
    pub(crate) ar: String,
}

impl Pair {
    fn decode(r: &mut Reader<'_>) -> Result<Pair, DecodeError> {
        Ok(Pair {
            en: owned(r)?,
            ar: owned(r)?,
        })
    }
}

/// Spec: specs/consultation.md §2.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) report_due: u32,
    pub(crate) late: u8,
    pub(crate) categories: Vec<u8>,
    pub(crate) verified_only: bool,
    pub(crate) owner: Pair,
    pub(crate) officer: Pair,
}

impl Settings {
    fn decode(r: &mut Reader<'_>) -> Result<Settings, DecodeError> {
        Ok(Settings {
            first: r.u32()?,
            last: r.u32()?,
            report_due: r.u32()?,
            late: r.u8()?,
            categories: r.list(Reader::u8)?,
            verified_only: r.bool()?,
            owner: Pair::decode(r)?,
            officer: Pair::decode(r)?,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) text: Pair,
    pub(crate) options: Vec<Pair>,
    pub(crate) min: u16,
    pub(crate) max: u16,
}

impl Question {
    fn decode(r: &mut Reader<'_>) -> Result<Question, DecodeError> {
        Ok(Question {
            text: Pair::decode(r)?,
            options: r.list(Pair::decode)?,
            min: r.u16()?,
            max: r.u16()?,
        })
    }
}

/// What was said about a clause that is gone belongs to another one. Spec: specs/consultation.md §3.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) from: String,
    pub(crate) to: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote {
    pub(crate) language: u8,
    /// Bytes of the text of the clause in that language.
    pub(crate) start: u32,
    pub(crate) length: u32,
}

/// Spec: specs/consultation.md §5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnClause {
    pub(crate) version: u32,
    pub(crate) clause: String,
    pub(crate) hash: Id,
    pub(crate) quote: Option<Quote>,
}

impl OnClause {
    fn decode(r: &mut Reader<'_>) -> Result<OnClause, DecodeError> {
        Ok(OnClause {
            version: r.u32()?,
            clause: owned(r)?,
            hash: r.array()?,
            quote: r.option(|r| {
                Ok(Quote {
                    language: r.u8()?,
                    start: r.u32()?,
                    length: r.u32()?,
                })
            })?,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) theme: String,
    pub(crate) outcome: u8,
    pub(crate) reason: Committed,
}

/// Who takes part, all of it. Spec: specs/consultation.md §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) key: Option<Id>,
    pub(crate) category: u8,
    pub(crate) verified: bool,
}

impl Standing {
    fn decode(r: &mut Reader<'_>) -> Result<Standing, DecodeError> {
        Ok(Standing {
            key: r.option(Reader::array)?,
            category: r.u8()?,
            verified: r.bool()?,
        })
    }
}

/// What a comment hangs on, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) reply_to: Option<u64>,
    pub(crate) clause: Option<OnClause>,
    pub(crate) text: Committed,
}

impl Comment {
    fn decode(r: &mut Reader<'_>) -> Result<Comment, DecodeError> {
        Ok(Comment {
            reply_to: r.option(Reader::u64)?,
            clause: r.option(OnClause::decode)?,
            text: Committed::decode(r)?,
        })
    }
}

/// A decoded payload of a consultation. What a person does by the intake service has that `person`, what it signs itself has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConsultationEvent {
    ConsultationDefined {
        name: Pair,
        languages: Vec<u8>,
        settings: Settings,
        questions: Vec<Question>,
    },
    SettingsChanged {
        before: Settings,
        after: Settings,
        reason: String,
    },
    DocumentPublished {
        version: u32,
        document: ContentRef,
        moves: Vec<Move>,
    },
    ParticipantEnrolled {
        person: Id,
        standing: Standing,
    },
    ParticipantChanged {
        person: Id,
        before: u64,
        standing: Standing,
    },
    Comment {
        person: Option<Id>,
        comment: Comment,
        record: Option<Committed>,
    },
    Withdrawal {
        person: Option<Id>,
        comment: u64,
    },
    CommentHidden {
        comment: u64,
        code: u8,
        note: Option<Committed>,
    },
    CommentRestored {
        comment: u64,
    },
    Appeal {
        person: Option<Id>,
        comment: u64,
        statement: Committed,
    },
    AppealDecided {
        comment: u64,
        decision: u8,
        note: Option<Committed>,
    },
    Response {
        person: Option<Id>,
        answers: Committed,
        record: Option<Committed>,
    },
    AnswerGiven {
        to: Vec<u64>,
        text: Committed,
    },
    ThemeDefined {
        theme: String,
        name: Pair,
    },
    CommentsAssigned {
        theme: String,
        added: Vec<u64>,
        removed: Vec<u64>,
    },
    ReportPublished {
        report: Committed,
        outcomes: Vec<Outcome>,
    },
    ConsultationArchived,
}

impl ConsultationEvent {
    pub(crate) fn name(&self) -> &'static str {
        use ConsultationEvent as E;
        match self {
            E::ConsultationDefined { .. } => "ConsultationDefined",
            E::SettingsChanged { .. } => "SettingsChanged",
            E::DocumentPublished { .. } => "DocumentPublished",
            E::ParticipantEnrolled { .. } => "ParticipantEnrolled",
            E::ParticipantChanged { .. } => "ParticipantChanged",
            E::Comment { person: None, .. } => "CommentMade",
            E::Comment { .. } => "CommentAttested",
            E::Withdrawal { person: None, .. } => "CommentWithdrawn",
            E::Withdrawal { .. } => "WithdrawalAttested",
            E::CommentHidden { .. } => "CommentHidden",
            E::CommentRestored { .. } => "CommentRestored",
            E::Appeal { person: None, .. } => "AppealFiled",
            E::Appeal { .. } => "AppealAttested",
            E::AppealDecided { .. } => "AppealDecided",
            E::Response { person: None, .. } => "ResponseGiven",
            E::Response { .. } => "ResponseAttested",
            E::AnswerGiven { .. } => "AnswerGiven",
            E::ThemeDefined { .. } => "ThemeDefined",
            E::CommentsAssigned { .. } => "CommentsAssigned",
            E::ReportPublished { .. } => "ReportPublished",
            E::ConsultationArchived => "ConsultationArchived",
        }
    }

    /// The role that the author must hold. A participant's is a key that a person has, which the register follows.
    pub(crate) fn author(&self) -> Role {
        use ConsultationEvent as E;
        match self {
            E::ConsultationDefined { .. }
            | E::SettingsChanged { .. }
            | E::DocumentPublished { .. }
            | E::AnswerGiven { .. }
            | E::ThemeDefined { .. }
            | E::CommentsAssigned { .. }
            | E::ReportPublished { .. }
            | E::ConsultationArchived => Role::CONSULTATION_OWNER,
            E::CommentHidden { .. } | E::CommentRestored { .. } | E::AppealDecided { .. } => Role::MODERATOR,
            E::Comment { person: None, .. }
            | E::Withdrawal { person: None, .. }
            | E::Appeal { person: None, .. }
            | E::Response { person: None, .. } => Role::PARTICIPANT,
            E::ParticipantEnrolled { .. }
            | E::ParticipantChanged { .. }
            | E::Comment { .. }
            | E::Withdrawal { .. }
            | E::Appeal { .. }
            | E::Response { .. } => Role::SERVICE,
        }
    }

    pub(crate) fn contents(&self) -> Vec<ContentRef> {
        match self {
            ConsultationEvent::DocumentPublished { document, .. } => vec![*document],
            _ => Vec::new(),
        }
    }

    /// Commitments in the order of the payload. Spec: specs/consultation.md §9.
    pub(crate) fn committed(&self) -> Vec<(Field, Committed)> {
        use ConsultationEvent as E;
        use Field::{ClosedBytes, ClosedText, OpenText};
        let closed = |field, committed: &Option<Committed>| committed.map(|committed| (field, committed));
        match self {
            E::Comment { comment, record, .. } => [(OpenText, comment.text)]
                .into_iter()
                .chain(closed(ClosedBytes, record))
                .collect(),
            E::CommentHidden { note, .. } | E::AppealDecided { note, .. } => {
                closed(ClosedText, note).into_iter().collect()
            }
            E::Appeal { statement, .. } => vec![(ClosedText, *statement)],
            E::Response { answers, record, .. } => [(OpenText, *answers)]
                .into_iter()
                .chain(closed(ClosedBytes, record))
                .collect(),
            E::AnswerGiven { text, .. } => vec![(OpenText, *text)],
            E::ReportPublished { report, outcomes } => [*report]
                .into_iter()
                .chain(outcomes.iter().map(|outcome| outcome.reason))
                .map(|committed| (OpenText, committed))
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn decode(event_type: u16, r: &mut Reader<'_>) -> Result<RegisterEvent, DecodeError> {
        use ConsultationEvent as E;
        let event = match event_type {
            0x0601 => E::ConsultationDefined {
                name: Pair::decode(r)?,
                languages: r.list(Reader::u8)?,
                settings: Settings::decode(r)?,
                questions: r.list(Question::decode)?,
            },
            0x0602 => E::SettingsChanged {
                before: Settings::decode(r)?,
                after: Settings::decode(r)?,
                reason: owned(r)?,
            },
            0x0603 => E::DocumentPublished {
                version: r.u32()?,
                document: ContentRef::decode(r)?,
                moves: r.list(|r| {
                    Ok(Move {
                        from: owned(r)?,
                        to: owned(r)?,
                    })
                })?,
            },
            0x0604 => E::ParticipantEnrolled {
                person: r.array()?,
                standing: Standing::decode(r)?,
            },
            0x0605 => E::ParticipantChanged {
                person: r.array()?,
                before: r.u64()?,
                standing: Standing::decode(r)?,
            },
            0x0606 => E::Comment {
                person: None,
                comment: Comment::decode(r)?,
                record: None,
            },
            0x0607 => E::Comment {
                person: Some(r.array()?),
                comment: Comment::decode(r)?,
                record: r.option(Committed::decode)?,
            },
            0x0608 => E::Withdrawal {
                person: None,
                comment: r.u64()?,
            },
            0x0609 => E::Withdrawal {
                person: Some(r.array()?),
                comment: r.u64()?,
            },
            0x060a => E::CommentHidden {
                comment: r.u64()?,
                code: r.u8()?,
                note: r.option(Committed::decode)?,
            },
            0x060b => E::CommentRestored { comment: r.u64()? },
            0x060c => E::Appeal {
                person: None,
                comment: r.u64()?,
                statement: Committed::decode(r)?,
            },
            0x060d => E::Appeal {
                person: Some(r.array()?),
                comment: r.u64()?,
                statement: Committed::decode(r)?,
            },
            0x060e => E::AppealDecided {
                comment: r.u64()?,
                decision: r.u8()?,
                note: r.option(Committed::decode)?,
            },
            0x060f => E::Response {
                person: None,
                answers: Committed::decode(r)?,
                record: None,
            },
            0x0610 => E::Response {
                person: Some(r.array()?),
                answers: Committed::decode(r)?,
                record: r.option(Committed::decode)?,
            },
            0x0611 => E::AnswerGiven {
                to: r.list(Reader::u64)?,
                text: Committed::decode(r)?,
            },
            0x0612 => E::ThemeDefined {
                theme: owned(r)?,
                name: Pair::decode(r)?,
            },
            0x0613 => E::CommentsAssigned {
                theme: owned(r)?,
                added: r.list(Reader::u64)?,
                removed: r.list(Reader::u64)?,
            },
            0x0614 => E::ReportPublished {
                report: Committed::decode(r)?,
                outcomes: r.list(|r| {
                    Ok(Outcome {
                        theme: owned(r)?,
                        outcome: r.u8()?,
                        reason: Committed::decode(r)?,
                    })
                })?,
            },
            0x0615 => E::ConsultationArchived,
            _ => return Err(DecodeError::Rule("no decoder for this event type")),
        };
        Ok(RegisterEvent::Consultation(event))
    }
}

fn owned(r: &mut Reader<'_>) -> Result<String, DecodeError> {
    r.string().map(str::to_owned)
}
