//! What people read of a consultation: one pure fold, [`Record`], and readings of it. Spec: specs/consultation.md §9 to §11.
//!
//! The fold takes events that stand; it never refuses one for a rule. Texts are not in it: it says which commitments
//! are published, and the opening is looked up beside the ledger.

mod clauses;
mod coverage;
mod moderation_log;
mod participation;
mod threads;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sijill_ledger::{Committed, ContentRef, KeyId};
use sijill_rules::Calendar;

use super::document::Document;
use super::events::{
    CommentsAssigned, ConsultationDefined, ConsultationEvent, DocumentPublished, Field, Move, OnClause,
    Outcome, Person, ReportPublished, Settings,
};
use super::state::{At, WindowEnds};
use crate::register::Contents;

pub use clauses::{ClauseReading, ClausesReading, Place, Placed};
pub use coverage::{Coverage, ThemeReading};
pub use moderation_log::{LogComment, LogCounts, LogReport, LogStep, ModerationLog, ReportState};
pub use participation::{OwnComment, Participation};
pub use threads::Thread;

/// Who acted for the author of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The author, by their key.
    Author,
    /// The intake service, for an author without one.
    Intake,
}

/// What became of a comment, step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A moderator hid it.
    Hidden {
        /// The moderator's key.
        by: KeyId,
        /// Reason code, 1 to 7.
        code: u8,
        /// What the author is told.
        note: Option<Committed>,
    },
    /// A moderator took a hiding back.
    Restored {
        /// The moderator's key.
        by: KeyId,
    },
    /// Its author appealed.
    Appealed {
        /// Who spoke.
        by: Speaker,
    },
    /// A second moderator left it hidden.
    AppealRejected {
        /// The moderator's key.
        by: KeyId,
        /// What the author is told.
        note: Option<Committed>,
    },
    /// A second moderator made it visible again.
    AppealGranted {
        /// The moderator's key.
        by: KeyId,
        /// What the author is told.
        note: Option<Committed>,
    },
    /// Its author withdrew it.
    Withdrawn {
        /// Who spoke.
        by: Speaker,
    },
    /// Its text was erased.
    Erased {
        /// Key of the commission that confirmed it.
        by: KeyId,
    },
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Position of the event.
    pub position: u64,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
    /// What happened.
    pub act: Act,
}

/// What a comment is now, to readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Everybody reads it.
    Visible,
    /// A moderator hid it: a tombstone with the reason code.
    Hidden,
    /// Its author withdrew it: another tombstone.
    Withdrawn,
}

impl Shown {
    /// Its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Whether a committed content may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// By everybody.
    Published,
    /// Not now: hidden, withdrawn, or not yet.
    Withheld,
    /// Never again.
    Erased,
    /// By nobody but whom it concerns.
    Closed,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentRecord {
    /// Whose it is.
    pub person: Person,
    /// Who spoke.
    pub by: Speaker,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
    /// When the service received it, in milliseconds.
    pub received_ms: u64,
    /// Last day of the window then, as a day number: if it was received after that day it is late.
    pub last: u32,
    /// The comment that it replies to.
    pub reply_to: Option<u64>,
    /// Replies to it, ascending.
    pub replies: Vec<u64>,
    /// The clause that it hangs on.
    pub clause: Option<OnClause>,
    /// Its text.
    pub text: Committed,
    /// What it is now.
    pub shown: Shown,
    /// What became of it.
    pub steps: Vec<Step>,
    /// Positions of official answers to it.
    pub answers: Vec<u64>,
    /// Its themes.
    pub themes: BTreeSet<String>,
}

/// An official answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRecord {
    /// The comments that it answers.
    pub to: Vec<u64>,
    /// Its text.
    pub text: Committed,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
}

/// A theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeRecord {
    /// Name in English.
    pub name_en: String,
    /// Name in Arabic; may be empty.
    pub name_ar: String,
    /// Its comments.
    pub comments: BTreeSet<u64>,
}

/// The "what we heard" report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRecord {
    /// Moment of the first one, in milliseconds.
    pub first_ms: u64,
    /// The day on which it was due then, as a day number.
    pub due: u32,
    /// Position of the latest one.
    pub position: u64,
    /// Its text.
    pub text: Committed,
    /// What came of each theme, ascending.
    pub outcomes: Vec<Outcome>,
}

/// A version of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// Position of its event.
    pub position: u64,
    /// The document.
    pub document: Arc<Document>,
    /// Where its bytes are.
    pub content: ContentRef,
    /// What belongs elsewhere now.
    pub moves: Vec<Move>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRecord {
    /// Number in the order of enrolment, from 1: how others see them.
    pub number: u64,
    /// The key that they sign with.
    pub key: Option<KeyId>,
    /// 1 citizen, 2 resident, 3 visitor.
    pub category: u8,
    /// Whether the service verified who they are.
    pub verified: bool,
    /// Their comments, ascending.
    pub comments: Vec<u64>,
    /// Positions of their responses, ascending; the last one counts.
    pub responses: Vec<u64>,
}

/// A record with the calendar of its jurisdiction, which makes days of moments: everything that depends on what is late
/// is read from here.
#[derive(Debug)]
pub struct Reading<'a> {
    record: &'a Record,
    calendar: &'a Calendar,
    ends: WindowEnds<'a>,
}

impl<'a> Reading<'a> {
    /// The record.
    #[must_use]
    pub fn record(&self) -> &'a Record {
        self.record
    }

    /// Whether a comment came after the window.
    #[must_use]
    pub fn is_late(&self, comment: &CommentRecord) -> bool {
        self.ends.is_late(comment.received_ms, comment.last)
    }

    /// Whether a comment counts: visible and in time.
    #[must_use]
    pub fn is_counted(&self, comment: &CommentRecord) -> bool {
        comment.shown == Shown::Visible && !self.is_late(comment)
    }
}

/// Everything that people read of a consultation.
#[derive(Debug, Clone, Default)]
pub struct Record {
    definition: Option<ConsultationDefined>,
    settings: Option<Settings>,
    versions: Vec<VersionRecord>,
    people: BTreeMap<Person, PersonRecord>,
    keys: HashMap<KeyId, Person>,
    comments: BTreeMap<u64, CommentRecord>,
    responses: BTreeMap<u64, (Person, Committed)>,
    answers: BTreeMap<u64, AnswerRecord>,
    themes: BTreeMap<String, ThemeRecord>,
    report: Option<ReportRecord>,
    archived: Option<u64>,
    last_closed: Option<u32>,
    /// The position of the comment whose text a commitment is.
    texts: HashMap<[u8; 32], u64>,
    closed: HashSet<[u8; 32]>,
    official: HashSet<[u8; 32]>,
    answered: HashMap<[u8; 32], u64>,
    erased: HashSet<[u8; 32]>,
}

impl Record {
    /// Folds an event that stands.
    ///
    /// # Errors
    /// A text if the event could never have been admitted, or a content cannot be read.
    pub fn apply(
        &mut self,
        at: &At,
        event: &ConsultationEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        use ConsultationEvent as E;
        self.note_contents(at, event);
        match event {
            E::ConsultationDefined(e) => {
                self.settings = Some(e.settings.clone());
                self.definition = Some(e.clone());
                Ok(())
            }
            E::SettingsChanged(e) => {
                self.settings = Some(e.after.clone());
                Ok(())
            }
            E::DocumentPublished(e) => self.publish(at, e, contents),
            E::ParticipantEnrolled(e) => {
                self.enrol(e.person, e.key, e.category, e.verified);
                Ok(())
            }
            E::ParticipantChanged(e) => {
                self.enrol(e.person, e.key, e.category, e.verified);
                Ok(())
            }
            E::CommentMade(e) => {
                let person = self.signer(at)?;
                self.comment_on(at, person, Speaker::Author, e.reply_to, e.clause.clone(), e.text)
            }
            E::CommentAttested(e) => self.comment_on(
                at,
                e.person,
                Speaker::Intake,
                e.reply_to,
                e.clause.clone(),
                e.text,
            ),
            E::CommentWithdrawn(e) => self.withdraw(at, e.comment, Speaker::Author),
            E::WithdrawalAttested(e) => self.withdraw(at, e.comment, Speaker::Intake),
            E::CommentHidden(e) => {
                let by = at.author;
                let (code, note) = (e.code, e.note);
                self.step(at, e.comment, Act::Hidden { by, code, note }, Some(Shown::Hidden))
            }
            E::CommentRestored(e) => {
                let act = Act::Restored { by: at.author };
                self.step(at, e.comment, act, Some(Shown::Visible))
            }
            E::AppealFiled(e) => {
                let act = Act::Appealed { by: Speaker::Author };
                self.step(at, e.comment, act, None)
            }
            E::AppealAttested(e) => {
                let act = Act::Appealed { by: Speaker::Intake };
                self.step(at, e.comment, act, None)
            }
            E::AppealDecided(e) => {
                let (by, note) = (at.author, e.note);
                if e.decision == 2 {
                    self.step(
                        at,
                        e.comment,
                        Act::AppealGranted { by, note },
                        Some(Shown::Visible),
                    )
                } else {
                    self.step(at, e.comment, Act::AppealRejected { by, note }, None)
                }
            }
            E::ResponseGiven(e) => {
                let person = self.signer(at)?;
                self.respond(at, person, e.answers)
            }
            E::ResponseAttested(e) => self.respond(at, e.person, e.answers),
            E::AnswerGiven(e) => {
                for position in &e.to {
                    self.record_mut(*position)?.answers.push(at.position);
                }
                let answer = AnswerRecord {
                    to: e.to.clone(),
                    text: e.text,
                    at_ms: at.moment_ms,
                };
                self.answers.insert(at.position, answer);
                Ok(())
            }
            E::ThemeDefined(e) => {
                let theme = ThemeRecord {
                    name_en: e.name_en.clone(),
                    name_ar: e.name_ar.clone(),
                    comments: BTreeSet::new(),
                };
                self.themes.insert(e.theme.clone(), theme);
                Ok(())
            }
            E::CommentsAssigned(e) => self.assign(e),
            E::ReportPublished(e) => self.report(at, e),
            E::ConsultationArchived(_) => {
                self.archived = Some(at.position);
                Ok(())
            }
        }
    }

    /// Folds a DayClosed that stands.
    pub fn close_day(&mut self, day: u32) {
        self.last_closed = Some(day);
    }

    /// Folds an ErasureConfirmed that stands, of an order for these commitments.
    pub fn erase(&mut self, at: &At, commitments: &[[u8; 32]]) {
        for commitment in commitments {
            self.erased.insert(*commitment);
            let comment = self.texts.get(commitment).and_then(|p| self.comments.get_mut(p));
            if let Some(comment) = comment {
                comment.steps.push(Step {
                    position: at.position,
                    at_ms: at.moment_ms,
                    act: Act::Erased { by: at.author },
                });
            }
        }
    }

    /// The record in the calendar of its jurisdiction.
    #[must_use]
    pub fn read<'a>(&'a self, calendar: &'a Calendar) -> Reading<'a> {
        Reading {
            record: self,
            calendar,
            ends: WindowEnds::new(calendar),
        }
    }

    /// The definition, once there is one.
    #[must_use]
    pub fn definition(&self) -> Option<&ConsultationDefined> {
        self.definition.as_ref()
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// The versions of the document, the first one first.
    #[must_use]
    pub fn versions(&self) -> &[VersionRecord] {
        &self.versions
    }

    /// A comment, by its position.
    #[must_use]
    pub fn comment(&self, position: u64) -> Option<&CommentRecord> {
        self.comments.get(&position)
    }

    /// The comments with their positions, ascending.
    pub fn comments(&self) -> impl Iterator<Item = (u64, &CommentRecord)> {
        self.comments.iter().map(|(p, c)| (*p, c))
    }

    /// The official answers with their positions, ascending.
    pub fn answers(&self) -> impl Iterator<Item = (u64, &AnswerRecord)> {
        self.answers.iter().map(|(p, a)| (*p, a))
    }

    /// An official answer, by its position.
    #[must_use]
    pub fn answer(&self, position: u64) -> Option<&AnswerRecord> {
        self.answers.get(&position)
    }

    /// The report, if there is one.
    #[must_use]
    pub fn report_record(&self) -> Option<&ReportRecord> {
        self.report.as_ref()
    }

    /// A person.
    #[must_use]
    pub fn person(&self, person: &Person) -> Option<&PersonRecord> {
        self.people.get(person)
    }

    /// Position of ConsultationArchived.
    #[must_use]
    pub fn archived(&self) -> Option<u64> {
        self.archived
    }

    /// The last closed day, as a day number.
    #[must_use]
    pub fn last_closed(&self) -> Option<u32> {
        self.last_closed
    }

    /// Whether a committed content of this ledger may be read; `None` if it is not one. Spec: specs/consultation.md §9.
    #[must_use]
    pub fn access(&self, commitment: &[u8; 32]) -> Option<Access> {
        let published_if = |yes| if yes { Access::Published } else { Access::Withheld };
        let access = if let Some(position) = self.texts.get(commitment) {
            let shown = self.comments.get(position).map(|c| c.shown);
            published_if(shown == Some(Shown::Visible))
        } else if let Some(position) = self.answered.get(commitment) {
            published_if(self.is_window_over() && self.is_latest_response(*position))
        } else if self.official.contains(commitment) {
            Access::Published
        } else if self.closed.contains(commitment) {
            Access::Closed
        } else {
            return None;
        };
        if self.erased.contains(commitment) {
            return Some(Access::Erased);
        }
        Some(access)
    }

    /// Every commitment whose opening is published.
    #[must_use]
    pub fn published(&self) -> BTreeSet<[u8; 32]> {
        let all = self
            .texts
            .keys()
            .chain(self.answered.keys())
            .chain(&self.official);
        all.filter(|c| self.access(c) == Some(Access::Published))
            .copied()
            .collect()
    }

    /// The responses that count: person, position, answers.
    pub fn responses(&self) -> impl Iterator<Item = (Person, u64, Committed)> {
        self.people.iter().filter_map(|(person, record)| {
            let position = *record.responses.last()?;
            let (_, answers) = self.responses.get(&position)?;
            Some((*person, position, *answers))
        })
    }

    /// Whether the last day of the window is closed.
    #[must_use]
    pub fn is_window_over(&self) -> bool {
        match (&self.settings, self.last_closed) {
            (Some(settings), Some(day)) => day >= settings.last,
            _ => false,
        }
    }

    fn is_latest_response(&self, position: u64) -> bool {
        let person = self
            .responses
            .get(&position)
            .and_then(|(p, _)| self.people.get(p));
        person.and_then(|p| p.responses.last()) == Some(&position)
    }

    fn is_erased(&self, committed: &Committed) -> bool {
        self.erased.contains(&committed.commitment)
    }

    fn note_contents(&mut self, at: &At, event: &ConsultationEvent) {
        for (field, committed) in event.committed() {
            let commitment = committed.commitment;
            match field {
                Field::Comment => {
                    self.texts.insert(commitment, at.position);
                }
                Field::Answers => {
                    self.answered.insert(commitment, at.position);
                }
                Field::Official => {
                    self.official.insert(commitment);
                }
                Field::Note | Field::Record => {
                    self.closed.insert(commitment);
                }
            }
        }
    }

    fn signer(&self, at: &At) -> Result<Person, String> {
        let person = self.keys.get(&at.author).copied();
        person.ok_or_else(|| "a contribution by a key that is nobody's".to_owned())
    }

    fn record_mut(&mut self, position: u64) -> Result<&mut CommentRecord, String> {
        let comment = self.comments.get_mut(&position);
        comment.ok_or_else(|| "an event about a comment that is not there".to_owned())
    }

    fn publish(&mut self, at: &At, e: &DocumentPublished, contents: &dyn Contents) -> Result<(), String> {
        let languages = &self
            .definition
            .as_ref()
            .ok_or("a document before the definition")?
            .languages;
        let bytes = contents.load(&e.document).map_err(|e| e.to_string())?;
        self.versions.push(VersionRecord {
            position: at.position,
            document: Arc::new(Document::parse(&bytes, languages)?),
            content: e.document,
            moves: e.moves.clone(),
        });
        Ok(())
    }

    fn enrol(&mut self, person: Person, key: Option<KeyId>, category: u8, verified: bool) {
        let number = self.people.len() as u64 + 1;
        let record = self.people.entry(person).or_insert_with(|| PersonRecord {
            number,
            key: None,
            category,
            verified,
            comments: Vec::new(),
            responses: Vec::new(),
        });
        if let Some(old) = record.key {
            self.keys.remove(&old);
        }
        record.key = key;
        record.category = category;
        record.verified = verified;
        if let Some(key) = key {
            self.keys.insert(key, person);
        }
    }

    fn comment_on(
        &mut self,
        at: &At,
        person: Person,
        by: Speaker,
        reply_to: Option<u64>,
        clause: Option<OnClause>,
        text: Committed,
    ) -> Result<(), String> {
        let last = self
            .settings
            .as_ref()
            .ok_or("a comment before the definition")?
            .last;
        if let Some(parent) = reply_to {
            self.record_mut(parent)?.replies.push(at.position);
        }
        let owner = self.people.get_mut(&person).ok_or("a comment of nobody")?;
        owner.comments.push(at.position);
        let comment = CommentRecord {
            person,
            by,
            at_ms: at.moment_ms,
            received_ms: at.received_ms,
            last,
            reply_to,
            replies: Vec::new(),
            clause,
            text,
            shown: Shown::Visible,
            steps: Vec::new(),
            answers: Vec::new(),
            themes: BTreeSet::new(),
        };
        self.comments.insert(at.position, comment);
        Ok(())
    }

    fn withdraw(&mut self, at: &At, comment: u64, by: Speaker) -> Result<(), String> {
        self.step(at, comment, Act::Withdrawn { by }, Some(Shown::Withdrawn))
    }

    fn step(&mut self, at: &At, comment: u64, act: Act, shown: Option<Shown>) -> Result<(), String> {
        let record = self.record_mut(comment)?;
        record.steps.push(Step {
            position: at.position,
            at_ms: at.moment_ms,
            act,
        });
        record.shown = shown.unwrap_or(record.shown);
        Ok(())
    }

    fn respond(&mut self, at: &At, person: Person, answers: Committed) -> Result<(), String> {
        let record = self.people.get_mut(&person).ok_or("a response of nobody")?;
        record.responses.push(at.position);
        self.responses.insert(at.position, (person, answers));
        Ok(())
    }

    fn assign(&mut self, e: &CommentsAssigned) -> Result<(), String> {
        let theme = self.themes.get_mut(&e.theme).ok_or("an unknown theme")?;
        for position in &e.added {
            theme.comments.insert(*position);
            let comment = self.comments.get_mut(position).ok_or("an unknown comment")?;
            comment.themes.insert(e.theme.clone());
        }
        for position in &e.removed {
            theme.comments.remove(position);
            let comment = self.comments.get_mut(position).ok_or("an unknown comment")?;
            comment.themes.remove(&e.theme);
        }
        Ok(())
    }

    fn report(&mut self, at: &At, e: &ReportPublished) -> Result<(), String> {
        let due = self
            .settings
            .as_ref()
            .ok_or("a report before the definition")?
            .report_due;
        let (first_ms, due) = match &self.report {
            Some(first) => (first.first_ms, first.due),
            None => (at.moment_ms, due),
        };
        self.report = Some(ReportRecord {
            first_ms,
            due,
            position: at.position,
            text: e.report,
            outcomes: e.outcomes.clone(),
        });
        Ok(())
    }
}
