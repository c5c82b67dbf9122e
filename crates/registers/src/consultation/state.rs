//! State of a consultation: what its rules need to know and people read of it. Spec: specs/consultation.md.
//!
//! Texts are not in it: it says which commitments are published, and the opening is looked up beside the ledger. It
//! holds moments, not days; where a rule or a reading speaks of days, the calendar comes in from outside.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_ledger::{Committed, ContentRef, KeyId, LedgerId};
use sijill_rules::{Calendar, numbered_day};

use super::document::Document;
use super::events::{
    AppealDecided, CommentsAssigned, ConsultationDefined, ConsultationEvent, DocumentPublished, Move,
    OnClause, Outcome, Person, ReportPublished, Settings, What,
};
use crate::register::Contents;

/// When and by whom an event is, in the terms of this register. Spec: specs/consultation.md §1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    /// Position on the ledger.
    pub(super) position: u64,
    /// The key that signed it.
    pub(super) author: KeyId,
    /// When the service received it, in milliseconds.
    pub(super) received_ms: u64,
    /// Its moment, in milliseconds.
    pub(super) moment_ms: u64,
}

/// A cache of where windows end: the first moment behind their last day.
#[derive(Debug)]
pub(super) struct WindowEnds<'a> {
    calendar: &'a Calendar,
    latest: Cell<Option<(u32, u64)>>,
}

impl<'a> WindowEnds<'a> {
    pub(super) fn new(calendar: &'a Calendar) -> Self {
        Self {
            calendar,
            latest: Cell::new(None),
        }
    }

    /// Whether what was received then came after a window with this last day.
    pub(super) fn is_late(&self, received_ms: u64, last: u32) -> bool {
        let end = match self.latest.get() {
            Some((day, end)) if day == last => end,
            _ => {
                let next = numbered_day(last).and_then(|day| day.tomorrow().ok());
                let end = next
                    .and_then(|day| self.calendar.start_of(day))
                    .unwrap_or(u64::MAX);
                self.latest.set(Some((last, end)));
                end
            }
        };
        received_ms >= end
    }
}

/// What a consultation has established for other ledgers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsultationFacts {
    /// The calendar ledger of its jurisdiction.
    pub parent: LedgerId,
    /// Whether it is archived.
    pub is_archived: bool,
}

/// An appeal against the current hiding of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Appeal {
    /// None was filed.
    None,
    /// It waits for a second moderator.
    Pending,
    /// It was rejected: the comment stays hidden.
    Rejected,
}

/// What a comment is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Everybody reads it.
    Visible,
    /// A moderator hid it.
    Hidden {
        /// The moderator's key.
        by: KeyId,
        /// What became of the author's appeal.
        appeal: Appeal,
    },
    /// Its author withdrew it, for good.
    Withdrawn,
}

impl Standing {
    /// Its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Hidden { .. } => "hidden",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Who acted for the author of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speaker {
    /// The author, by their key.
    Author,
    /// The intake service, for an author without one.
    Intake,
}

/// What became of a comment, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Position of the event.
    pub position: u64,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
    /// What happened.
    pub act: Act,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// 1, or one more than that of the comment that it replies to.
    pub depth: u8,
    /// What it is now.
    pub standing: Standing,
    /// What became of it.
    pub steps: Vec<Step>,
    /// Positions of official answers to it.
    pub answers: Vec<u64>,
    /// Its themes.
    pub themes: BTreeSet<String>,
}

/// An official answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// The comments that it answers.
    pub to: Vec<u64>,
    /// Its text.
    pub text: Committed,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
}

/// A theme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThemeRecord {
    /// Name in English.
    pub name_en: String,
    /// Name in Arabic; may be empty.
    pub name_ar: String,
    /// Its comments.
    pub comments: BTreeSet<u64>,
}

/// The "what we heard" report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRecord {
    /// Number in the order of enrolment, from 1: how others see them.
    pub number: u64,
    /// Position of the event that says the following.
    pub since: u64,
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

/// A committed content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    what: What,
    length: u64,
    /// Position of its event.
    position: u64,
}

/// State of a consultation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsultationState {
    parent: LedgerId,
    definition: Option<ConsultationDefined>,
    settings: Option<Settings>,
    versions: Vec<VersionRecord>,
    people: BTreeMap<Person, PersonRecord>,
    /// Every key that was ever a person's, with the person whose it is now.
    keys: HashMap<KeyId, Option<Person>>,
    comments: BTreeMap<u64, CommentRecord>,
    answers: BTreeMap<u64, AnswerRecord>,
    themes: BTreeMap<String, ThemeRecord>,
    report: Option<ReportRecord>,
    archived: Option<u64>,
    last_closed: Option<u32>,
    /// Whose responses are at these positions, and what they commit to.
    respondents: HashMap<u64, (Person, Committed)>,
    /// Persons with a response.
    responded: u64,
    /// What each commitment commits to.
    contents: HashMap<[u8; 32], Content>,
    erased: HashSet<[u8; 32]>,
}

/// [`ConsultationState`] for a cache. Documents are cited; what has no order is in the order of its bytes.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConsultationSnapshot {
    definition: Option<ConsultationDefined>,
    settings: Option<Settings>,
    versions: Vec<(u64, ContentRef, Vec<Move>)>,
    people: BTreeMap<Person, PersonRecord>,
    keys: BTreeMap<KeyId, Option<Person>>,
    comments: BTreeMap<u64, CommentRecord>,
    answers: BTreeMap<u64, AnswerRecord>,
    themes: BTreeMap<String, ThemeRecord>,
    report: Option<ReportRecord>,
    archived: Option<u64>,
    last_closed: Option<u32>,
    respondents: BTreeMap<u64, (Person, Committed)>,
    responded: u64,
    contents: BTreeMap<[u8; 32], Content>,
    erased: BTreeSet<[u8; 32]>,
}

impl ConsultationState {
    pub(crate) fn snapshot(&self) -> ConsultationSnapshot {
        ConsultationSnapshot {
            definition: self.definition.clone(),
            settings: self.settings.clone(),
            versions: self
                .versions
                .iter()
                .map(|v| (v.position, v.content, v.moves.clone()))
                .collect(),
            people: self.people.clone(),
            keys: self.keys.iter().map(|(key, person)| (*key, *person)).collect(),
            comments: self.comments.clone(),
            answers: self.answers.clone(),
            themes: self.themes.clone(),
            report: self.report.clone(),
            archived: self.archived,
            last_closed: self.last_closed,
            respondents: self
                .respondents
                .iter()
                .map(|(at, person)| (*at, *person))
                .collect(),
            responded: self.responded,
            contents: self.contents.iter().map(|(c, content)| (*c, *content)).collect(),
            erased: self.erased.iter().copied().collect(),
        }
    }

    /// `None` if a document that it cites cannot be read.
    pub(crate) fn restore(&mut self, found: ConsultationSnapshot, contents: &dyn Contents) -> Option<()> {
        for (position, content, moves) in found.versions {
            let languages = &found.definition.as_ref()?.languages;
            let bytes = contents.load(&content).ok()?;
            self.versions.push(VersionRecord {
                position,
                document: Arc::new(Document::parse(&bytes, languages).ok()?),
                content,
                moves,
            });
        }
        self.definition = found.definition;
        self.settings = found.settings;
        self.people = found.people;
        self.keys = found.keys.into_iter().collect();
        self.comments = found.comments;
        self.answers = found.answers;
        self.themes = found.themes;
        self.report = found.report;
        self.archived = found.archived;
        self.last_closed = found.last_closed;
        self.respondents = found.respondents.into_iter().collect();
        self.responded = found.responded;
        self.contents = found.contents.into_iter().collect();
        self.erased = found.erased.into_iter().collect();
        Some(())
    }

    /// A consultation of the jurisdiction with this calendar ledger, not yet defined.
    #[must_use]
    pub fn new(parent: LedgerId) -> Self {
        Self {
            parent,
            definition: None,
            settings: None,
            versions: Vec::new(),
            people: BTreeMap::new(),
            keys: HashMap::new(),
            comments: BTreeMap::new(),
            answers: BTreeMap::new(),
            themes: BTreeMap::new(),
            report: None,
            archived: None,
            last_closed: None,
            respondents: HashMap::new(),
            responded: 0,
            contents: HashMap::new(),
            erased: HashSet::new(),
        }
    }

    /// Applies an event that stands.
    ///
    /// # Errors
    /// A text if the event could never have been admitted here, or a content cannot be read.
    pub(super) fn evolve(
        &mut self,
        at: &At,
        event: &ConsultationEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        use ConsultationEvent as E;
        for (what, committed) in event.committed() {
            let content = Content {
                what,
                length: committed.length,
                position: at.position,
            };
            self.contents.insert(committed.commitment, content);
        }
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
            E::ParticipantEnrolled(e) => self.enrol(at, e.person, e.key, e.category, e.verified),
            E::ParticipantChanged(e) => self.enrol(at, e.person, e.key, e.category, e.verified),
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
                let act = Act::Hidden {
                    by,
                    code: e.code,
                    note: e.note,
                };
                let appeal = Appeal::None;
                self.step(at, e.comment, act)?.standing = Standing::Hidden { by, appeal };
                Ok(())
            }
            E::CommentRestored(e) => {
                let act = Act::Restored { by: at.author };
                self.step(at, e.comment, act)?.standing = Standing::Visible;
                Ok(())
            }
            E::AppealFiled(e) => self.appeal(at, e.comment, Speaker::Author),
            E::AppealAttested(e) => self.appeal(at, e.comment, Speaker::Intake),
            E::AppealDecided(e) => self.decide_appeal(at, e),
            E::ResponseGiven(e) => {
                let person = self.signer(at)?;
                self.respond(at, person, e.answers)
            }
            E::ResponseAttested(e) => self.respond(at, e.person, e.answers),
            E::AnswerGiven(e) => {
                for position in &e.to {
                    self.comment_mut(*position)?.answers.push(at.position);
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
            E::ReportPublished(e) => self.publish_report(at, e),
            E::ConsultationArchived(_) => {
                self.archived = Some(at.position);
                Ok(())
            }
        }
    }

    /// Applies a DayClosed that stands.
    pub(super) fn close_day(&mut self, day: u32) {
        self.last_closed = Some(day);
    }

    /// Applies an ErasureConfirmed that stands, of an order for these commitments.
    pub(super) fn erase(&mut self, at: &At, commitments: &[[u8; 32]]) {
        for commitment in commitments {
            self.erased.insert(*commitment);
            let text = self.contents.get(commitment).filter(|c| c.what == What::Comment);
            let comment = text.and_then(|text| self.comments.get_mut(&text.position));
            if let Some(comment) = comment {
                comment.steps.push(Step {
                    position: at.position,
                    at_ms: at.moment_ms,
                    act: Act::Erased { by: at.author },
                });
            }
        }
    }

    /// What the consultation has established.
    #[must_use]
    pub fn facts(&self) -> Arc<ConsultationFacts> {
        Arc::new(ConsultationFacts {
            parent: self.parent,
            is_archived: self.archived.is_some(),
        })
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

    /// The latest version of the document and its number.
    #[must_use]
    pub fn latest(&self) -> Option<(u32, &Document)> {
        let number = u32::try_from(self.versions.len()).ok()?;
        Some((number, &self.versions.last()?.document))
    }

    /// The person who has this key now.
    #[must_use]
    pub fn person_of(&self, key: &KeyId) -> Option<Person> {
        self.keys.get(key).copied().flatten()
    }

    /// Whether this key was ever a person's.
    #[must_use]
    pub fn knows_key(&self, key: &KeyId) -> bool {
        self.keys.contains_key(key)
    }

    /// A person who is enrolled.
    #[must_use]
    pub fn person(&self, person: &Person) -> Option<&PersonRecord> {
        self.people.get(person)
    }

    /// The persons who are enrolled.
    pub fn people(&self) -> impl ExactSizeIterator<Item = (&Person, &PersonRecord)> {
        self.people.iter()
    }

    /// A comment, by its position.
    #[must_use]
    pub fn comment(&self, position: u64) -> Option<&CommentRecord> {
        self.comments.get(&position)
    }

    /// The comments from a position on, ascending.
    pub fn comments_from(&self, position: u64) -> impl Iterator<Item = (u64, &CommentRecord)> {
        self.comments.range(position..).map(|(p, c)| (*p, c))
    }

    /// Position of the event that a commitment of this ledger stands in.
    #[must_use]
    pub fn committed_at(&self, commitment: &[u8; 32]) -> Option<u64> {
        self.contents.get(commitment).map(|content| content.position)
    }

    /// The comments with their positions, ascending.
    pub fn comments(&self) -> impl Iterator<Item = (u64, &CommentRecord)> {
        self.comments.iter().map(|(p, c)| (*p, c))
    }

    /// An official answer, by its position.
    #[must_use]
    pub fn answer(&self, position: u64) -> Option<&AnswerRecord> {
        self.answers.get(&position)
    }

    /// The official answers with their positions, ascending.
    pub fn answers(&self) -> impl Iterator<Item = (u64, &AnswerRecord)> {
        self.answers.iter().map(|(p, a)| (*p, a))
    }

    /// The themes by their ids, ascending.
    pub fn themes(&self) -> impl ExactSizeIterator<Item = (&str, &ThemeRecord)> {
        self.themes.iter().map(|(id, theme)| (id.as_str(), theme))
    }

    /// A theme.
    #[must_use]
    pub fn theme(&self, theme: &str) -> Option<&ThemeRecord> {
        self.themes.get(theme)
    }

    /// The report, if there is one.
    #[must_use]
    pub fn report(&self) -> Option<&ReportRecord> {
        self.report.as_ref()
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

    /// Whether a content was erased.
    #[must_use]
    pub fn is_erased(&self, committed: &Committed) -> bool {
        self.erased.contains(&committed.commitment)
    }

    /// Whether a committed content of this ledger may be read; `None` if it is not one. Spec: specs/consultation.md §9.
    #[must_use]
    pub fn access(&self, commitment: &[u8; 32]) -> Option<Access> {
        let Content { what, position, .. } = *self.contents.get(commitment)?;
        if self.erased.contains(commitment) {
            return Some(Access::Erased);
        }
        let is_published = match what {
            What::Comment => self
                .comment(position)
                .is_some_and(|c| c.standing == Standing::Visible),
            What::Answers => self.is_window_over() && self.is_response_of_its_person(position),
            What::Official => true,
            What::Note | What::Record => return Some(Access::Closed),
        };
        Some(if is_published {
            Access::Published
        } else {
            Access::Withheld
        })
    }

    /// Every commitment whose opening is published.
    #[must_use]
    pub fn published(&self) -> BTreeSet<Committed> {
        let all = self.contents.iter();
        all.filter(|(commitment, _)| self.access(commitment) == Some(Access::Published))
            .map(|(commitment, content)| Committed {
                commitment: *commitment,
                length: content.length,
            })
            .collect()
    }

    /// The responses that count: whose they are, and the positions of their events.
    pub fn responses(&self) -> impl Iterator<Item = (Person, u64)> {
        self.people
            .iter()
            .filter_map(|(person, record)| Some((*person, *record.responses.last()?)))
    }

    /// Number of persons with a response.
    #[must_use]
    pub const fn responded(&self) -> u64 {
        self.responded
    }

    /// The answers that the event at this position commits to, if it is a response.
    #[must_use]
    pub fn committed_answers(&self, position: u64) -> Option<Committed> {
        self.respondents.get(&position).map(|(_, answers)| *answers)
    }

    /// Whether the last day of the window is closed.
    #[must_use]
    pub fn is_window_over(&self) -> bool {
        match (&self.settings, self.last_closed) {
            (Some(settings), Some(day)) => day >= settings.last,
            _ => false,
        }
    }

    fn is_response_of_its_person(&self, position: u64) -> bool {
        let person = self
            .respondents
            .get(&position)
            .and_then(|(p, _)| self.people.get(p));
        person.and_then(|p| p.responses.last()) == Some(&position)
    }

    /// The first root that counts and is in no theme.
    pub(super) fn uncovered(&self, calendar: &Calendar) -> Option<u64> {
        let ends = WindowEnds::new(calendar);
        let open = |c: &CommentRecord| {
            let root_without_theme = c.reply_to.is_none() && c.themes.is_empty();
            root_without_theme && c.standing == Standing::Visible && !ends.is_late(c.received_ms, c.last)
        };
        self.comments().find(|(_, c)| open(c)).map(|(p, _)| p)
    }

    /// The first comment with a pending appeal.
    pub(super) fn pending_appeal(&self) -> Option<u64> {
        let pending = |c: &CommentRecord| {
            matches!(
                c.standing,
                Standing::Hidden {
                    appeal: Appeal::Pending,
                    ..
                }
            )
        };
        self.comments().find(|(_, c)| pending(c)).map(|(p, _)| p)
    }

    /// The person whose contribution an event is: for whom the intake service acts, or whose key signed.
    pub(super) fn contributor(&self, event: &ConsultationEvent, author: &KeyId) -> Option<Person> {
        event.attested_for().or_else(|| self.person_of(author))
    }

    fn signer(&self, at: &At) -> Result<Person, String> {
        self.person_of(&at.author)
            .ok_or_else(|| "a contribution by a key that is nobody's".to_owned())
    }

    fn comment_mut(&mut self, position: u64) -> Result<&mut CommentRecord, String> {
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

    fn enrol(
        &mut self,
        at: &At,
        person: Person,
        key: Option<KeyId>,
        category: u8,
        verified: bool,
    ) -> Result<(), String> {
        let number = self.people.len() as u64 + 1;
        let record = self.people.entry(person).or_insert_with(|| PersonRecord {
            number,
            since: at.position,
            key: None,
            category,
            verified,
            comments: Vec::new(),
            responses: Vec::new(),
        });
        if let Some(old) = record.key {
            self.keys.insert(old, None);
        }
        record.since = at.position;
        record.key = key;
        record.category = category;
        record.verified = verified;
        if let Some(key) = key
            && self.keys.insert(key, Some(person)).flatten().is_some()
        {
            return Err("a key of two persons".into());
        }
        Ok(())
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
        let depth = match reply_to {
            None => 1,
            Some(parent) => {
                let parent = self.comment_mut(parent)?;
                parent.replies.push(at.position);
                parent.depth.saturating_add(1)
            }
        };
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
            depth,
            standing: Standing::Visible,
            steps: Vec::new(),
            answers: Vec::new(),
            themes: BTreeSet::new(),
        };
        self.comments.insert(at.position, comment);
        Ok(())
    }

    fn step(&mut self, at: &At, comment: u64, act: Act) -> Result<&mut CommentRecord, String> {
        let record = self.comment_mut(comment)?;
        record.steps.push(Step {
            position: at.position,
            at_ms: at.moment_ms,
            act,
        });
        Ok(record)
    }

    fn withdraw(&mut self, at: &At, comment: u64, by: Speaker) -> Result<(), String> {
        self.step(at, comment, Act::Withdrawn { by })?.standing = Standing::Withdrawn;
        Ok(())
    }

    fn appeal(&mut self, at: &At, comment: u64, by: Speaker) -> Result<(), String> {
        self.set_appeal(at, comment, Act::Appealed { by }, Appeal::Pending)
    }

    fn decide_appeal(&mut self, at: &At, e: &AppealDecided) -> Result<(), String> {
        let (by, note) = (at.author, e.note);
        if e.decision == 2 {
            self.step(at, e.comment, Act::AppealGranted { by, note })?
                .standing = Standing::Visible;
            return Ok(());
        }
        self.set_appeal(at, e.comment, Act::AppealRejected { by, note }, Appeal::Rejected)
    }

    fn set_appeal(&mut self, at: &At, comment: u64, act: Act, now: Appeal) -> Result<(), String> {
        match &mut self.step(at, comment, act)?.standing {
            Standing::Hidden { appeal, .. } => {
                *appeal = now;
                Ok(())
            }
            _ => Err("an appeal for a comment that is not hidden".into()),
        }
    }

    fn respond(&mut self, at: &At, person: Person, answers: Committed) -> Result<(), String> {
        let record = self.people.get_mut(&person).ok_or("a response of nobody")?;
        self.responded += u64::from(record.responses.is_empty());
        record.responses.push(at.position);
        self.respondents.insert(at.position, (person, answers));
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

    fn publish_report(&mut self, at: &At, e: &ReportPublished) -> Result<(), String> {
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
