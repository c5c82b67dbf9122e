//! Events of a consultation. Spec: specs/events.md §7, specs/consultation.md.
//!
//! Numbers and lists are as they stand on the wire: a value that no rule allows decodes, and is refused by the rule.

use serde::{Deserialize, Serialize};
use sijill_ledger::{Committed, ContentRef, KeyId};

/// A person on one ledger: an HMAC that only the service can compute. Spec: specs/jurisdiction.md §4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Person(pub [u8; 32]);

impl core::fmt::Debug for Person {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", hex::encode(self.0))
    }
}

/// What the owner may change, each time all of it. Spec: specs/consultation.md §2.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// First day of the window, as a day number.
    pub first: u32,
    /// Last day of the window, as a day number.
    pub last: u32,
    /// Last day for the report, as a day number.
    pub report_due: u32,
    /// Late comments: 1 refused, 2 taken and not counted.
    pub late: u8,
    /// Who may take part: 1 citizens, 2 residents, 3 visitors; ascending.
    pub categories: Vec<u8>,
    /// Whether only persons who are verified may take part.
    pub verified_only: bool,
    /// The body that asks, in English.
    pub owner_en: String,
    /// The body that asks, in Arabic; may be empty.
    pub owner_ar: String,
    /// The office of the senior responsible officer, in English.
    pub officer_en: String,
    /// The office of the senior responsible officer, in Arabic; may be empty.
    pub officer_ar: String,
}

/// An option of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// English.
    pub en: String,
    /// Arabic; may be empty.
    pub ar: String,
}

/// A closed question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// English.
    pub text_en: String,
    /// Arabic; may be empty.
    pub text_ar: String,
    /// 2 to 100 options.
    pub options: Vec<Choice>,
    /// Fewest options of an answer, from 1.
    pub min: u16,
    /// Most options of an answer.
    pub max: u16,
}

/// 0x0601: what is asked, of whom, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsultationDefined {
    /// Name in English.
    pub name_en: String,
    /// Name in Arabic; may be empty.
    pub name_ar: String,
    /// Languages of the document: 1 Arabic, 2 English; ascending.
    pub languages: Vec<u8>,
    /// The settings to begin with.
    pub settings: Settings,
    /// Closed questions, or none.
    pub questions: Vec<Question>,
}

/// 0x0602: the settings change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsChanged {
    /// Those in force.
    pub before: Settings,
    /// Those from now on.
    pub after: Settings,
    /// Why, for the public.
    pub reason: String,
}

/// What was said about a clause that is gone belongs to another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Id of the clause that is gone.
    pub from: String,
    /// Id of a clause of the new version.
    pub to: String,
}

/// 0x0603: a version of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPublished {
    /// Its number, from 1.
    pub version: u32,
    /// The document.
    pub document: ContentRef,
    /// Ascending by `from`.
    pub moves: Vec<Move>,
}

/// 0x0604: who a person is to this consultation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantEnrolled {
    /// The person.
    pub person: Person,
    /// The key that they sign with; `None` for people without one.
    pub key: Option<KeyId>,
    /// 1 citizen, 2 resident, 3 visitor.
    pub category: u8,
    /// Whether the service verified who they are.
    pub verified: bool,
}

/// 0x0605: a person has another key, or is another one to this consultation. All of it is stated anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantChanged {
    /// The person.
    pub person: Person,
    /// Position of the event that said so before.
    pub before: u64,
    /// The key that they sign with from now on; `None` for people without one.
    pub key: Option<KeyId>,
    /// 1 citizen, 2 resident, 3 visitor.
    pub category: u8,
    /// Whether the service verified who they are.
    pub verified: bool,
}

/// Words of a clause, by their place in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// 1 Arabic, 2 English.
    pub language: u8,
    /// First byte, from 0.
    pub start: u32,
    /// Number of bytes.
    pub length: u32,
}

/// The clause that a comment hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnClause {
    /// Number of the version.
    pub version: u32,
    /// Id of the clause.
    pub clause: String,
    /// Hash of its text.
    pub hash: [u8; 32],
    /// Quoted words.
    pub quote: Option<Quote>,
}

/// 0x0606: a comment, signed by its author's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentMade {
    /// Position of the comment that it replies to.
    pub reply_to: Option<u64>,
    /// The clause that it is about; `None` for a reply or the document as a whole.
    pub clause: Option<OnClause>,
    /// Its text.
    pub text: Committed,
}

/// 0x0607: a comment of a person without a key, taken by the intake service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentAttested {
    /// Whose it is.
    pub person: Person,
    /// Position of the comment that it replies to.
    pub reply_to: Option<u64>,
    /// The clause that it is about; `None` for a reply or the document as a whole.
    pub clause: Option<OnClause>,
    /// Its text.
    pub text: Committed,
    /// What the intake service keeps of how it was given.
    pub record: Option<Committed>,
}

/// 0x0608: the author withdraws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentWithdrawn {
    /// Position of the comment.
    pub comment: u64,
}

/// 0x0609: an author without a key withdraws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalAttested {
    /// The author.
    pub person: Person,
    /// Position of the comment.
    pub comment: u64,
}

/// 0x060A: a moderator hides a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentHidden {
    /// Position of the comment.
    pub comment: u64,
    /// Reason, 1 to 7.
    pub code: u8,
    /// An explanation for the author.
    pub note: Option<Committed>,
}

/// 0x060B: a moderator takes a hiding back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentRestored {
    /// Position of the comment.
    pub comment: u64,
}

/// 0x060C: the author appeals against a hiding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealFiled {
    /// Position of the comment.
    pub comment: u64,
    /// Why, for the moderators.
    pub statement: Committed,
}

/// 0x060D: an author without a key appeals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealAttested {
    /// The author.
    pub person: Person,
    /// Position of the comment.
    pub comment: u64,
    /// Why, for the moderators.
    pub statement: Committed,
}

/// 0x060E: a second moderator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealDecided {
    /// Position of the comment.
    pub comment: u64,
    /// 1 it stays hidden, 2 it is visible again.
    pub decision: u8,
    /// An explanation for the author.
    pub note: Option<Committed>,
}

/// 0x060F: answers to the questions, signed by the person's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseGiven {
    /// The answers.
    pub answers: Committed,
}

/// 0x0610: answers of a person without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseAttested {
    /// Whose they are.
    pub person: Person,
    /// The answers.
    pub answers: Committed,
    /// What the intake service keeps of how they were given.
    pub record: Option<Committed>,
}

/// 0x0611: the owner answers comments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerGiven {
    /// Positions of the comments, ascending.
    pub to: Vec<u64>,
    /// The answer.
    pub text: Committed,
}

/// 0x0612: what several comments are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThemeDefined {
    /// Its id.
    pub theme: String,
    /// Name in English.
    pub name_en: String,
    /// Name in Arabic; may be empty.
    pub name_ar: String,
}

/// 0x0613: comments come to a theme or leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentsAssigned {
    /// The theme.
    pub theme: String,
    /// Positions of comments, ascending.
    pub added: Vec<u64>,
    /// Positions of comments, ascending.
    pub removed: Vec<u64>,
}

/// What came of a theme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The theme.
    pub theme: String,
    /// 1 accepted, 2 partly accepted, 3 rejected.
    pub outcome: u8,
    /// Why.
    pub reason: Committed,
}

/// 0x0614: the "what we heard" report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPublished {
    /// Its text.
    pub report: Committed,
    /// One for each theme, ascending by theme.
    pub outcomes: Vec<Outcome>,
}

/// 0x0615: the consultation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsultationArchived {}

macro_rules! events {
    ($($code:literal $name:ident($payload:ident),)+) => {
        /// An event of a consultation.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ConsultationEvent {
            $(#[doc = concat!(stringify!($code), ".")] $name($payload),)+
        }

        impl ConsultationEvent {
            /// Name of the event type.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)+
                }
            }

            /// The type on the wire.
            #[must_use]
            pub const fn event_type(&self) -> u16 {
                match self {
                    $(Self::$name(_) => $code,)+
                }
            }

            /// The payload's bytes.
            #[must_use]
            pub fn payload(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(e) => sijill_ledger::encode(e),)+
                }
            }

            /// Reads the payload of a type; `None` if it is of no consultation, or is not canonical.
            #[must_use]
            pub fn parse(event_type: u16, payload: &[u8]) -> Option<Self> {
                Some(match event_type {
                    $($code => Self::$name(sijill_ledger::decode_canonical(payload).ok()?),)+
                    _ => return None,
                })
            }
        }
    };
}

events! {
    0x0601 ConsultationDefined(ConsultationDefined),
    0x0602 SettingsChanged(SettingsChanged),
    0x0603 DocumentPublished(DocumentPublished),
    0x0604 ParticipantEnrolled(ParticipantEnrolled),
    0x0605 ParticipantChanged(ParticipantChanged),
    0x0606 CommentMade(CommentMade),
    0x0607 CommentAttested(CommentAttested),
    0x0608 CommentWithdrawn(CommentWithdrawn),
    0x0609 WithdrawalAttested(WithdrawalAttested),
    0x060A CommentHidden(CommentHidden),
    0x060B CommentRestored(CommentRestored),
    0x060C AppealFiled(AppealFiled),
    0x060D AppealAttested(AppealAttested),
    0x060E AppealDecided(AppealDecided),
    0x060F ResponseGiven(ResponseGiven),
    0x0610 ResponseAttested(ResponseAttested),
    0x0611 AnswerGiven(AnswerGiven),
    0x0612 ThemeDefined(ThemeDefined),
    0x0613 CommentsAssigned(CommentsAssigned),
    0x0614 ReportPublished(ReportPublished),
    0x0615 ConsultationArchived(ConsultationArchived),
}

/// What a committed content of an event is, and so who may read it. Spec: specs/consultation.md §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Text of a comment: open while the comment is visible.
    Comment,
    /// Answers to questions: open after the window.
    Answers,
    /// Text of the owner: open.
    Official,
    /// A note or a statement: closed.
    Note,
    /// What the intake service keeps: closed, and any bytes.
    Record,
}

impl ConsultationEvent {
    /// The committed contents, in the order of the fields.
    #[must_use]
    pub fn committed(&self) -> Vec<(What, Committed)> {
        let one = |field, c: &Committed| vec![(field, *c)];
        let with_record = |field, c: &Committed, record: &Option<Committed>| {
            let mut all = vec![(field, *c)];
            all.extend(record.map(|r| (What::Record, r)));
            all
        };
        match self {
            Self::CommentMade(e) => one(What::Comment, &e.text),
            Self::CommentAttested(e) => with_record(What::Comment, &e.text, &e.record),
            Self::CommentHidden(e) => e.note.iter().map(|c| (What::Note, *c)).collect(),
            Self::AppealFiled(e) => one(What::Note, &e.statement),
            Self::AppealAttested(e) => one(What::Note, &e.statement),
            Self::AppealDecided(e) => e.note.iter().map(|c| (What::Note, *c)).collect(),
            Self::ResponseGiven(e) => one(What::Answers, &e.answers),
            Self::ResponseAttested(e) => with_record(What::Answers, &e.answers, &e.record),
            Self::AnswerGiven(e) => one(What::Official, &e.text),
            Self::ReportPublished(e) => {
                let mut all = one(What::Official, &e.report);
                all.extend(e.outcomes.iter().map(|o| (What::Official, o.reason)));
                all
            }
            Self::ConsultationDefined(_)
            | Self::SettingsChanged(_)
            | Self::DocumentPublished(_)
            | Self::ParticipantEnrolled(_)
            | Self::ParticipantChanged(_)
            | Self::CommentWithdrawn(_)
            | Self::WithdrawalAttested(_)
            | Self::CommentRestored(_)
            | Self::ThemeDefined(_)
            | Self::CommentsAssigned(_)
            | Self::ConsultationArchived(_) => Vec::new(),
        }
    }

    /// The person for whom the intake service acts, if it does.
    #[must_use]
    pub fn attested_for(&self) -> Option<Person> {
        match self {
            Self::CommentAttested(e) => Some(e.person),
            Self::WithdrawalAttested(e) => Some(e.person),
            Self::AppealAttested(e) => Some(e.person),
            Self::ResponseAttested(e) => Some(e.person),
            _ => None,
        }
    }
}
