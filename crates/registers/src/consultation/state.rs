//! State of a consultation: what its rules need to know. Spec: specs/consultation.md.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_ledger::{ContentRef, KeyId, LedgerId};
use sijill_rules::{Calendar, numbered_day};

use super::document::Document;
use super::events::{
    AppealDecided, CommentHidden, ConsultationDefined, ConsultationEvent, DocumentPublished, Person, Settings,
};
use crate::register::Contents;

/// When and by whom an event is, in the terms of this register. Spec: specs/consultation.md §1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// Position on the ledger.
    pub position: u64,
    /// The key that signed it.
    pub author: KeyId,
    /// When the service received it, in milliseconds.
    pub received_ms: u64,
    /// Its moment, in milliseconds.
    pub moment_ms: u64,
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

/// A comment, as the rules need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentState {
    /// Whose it is.
    pub person: Person,
    /// 1, or one more than that of the comment that it replies to.
    pub depth: u8,
    /// When the service received it, in milliseconds.
    pub received_ms: u64,
    /// Last day of the window then, as a day number: if it was received after that day it is late.
    pub last: u32,
    /// What it is now.
    pub standing: Standing,
    /// Number of themes that it is in.
    pub themes: u16,
}

/// A person, as the rules need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Position of the event that says this.
    pub since: u64,
    /// The key that they sign with.
    pub key: Option<KeyId>,
    /// 1 citizen, 2 resident, 3 visitor.
    pub category: u8,
    /// Whether the service verified who they are.
    pub verified: bool,
    /// Position of their response.
    pub response: Option<u64>,
}

impl Participant {
    fn new(since: u64, key: Option<KeyId>, category: u8, verified: bool) -> Self {
        Self {
            since,
            key,
            category,
            verified,
            response: None,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Defined {
    pub(super) definition: ConsultationDefined,
    pub(super) settings: Settings,
}

/// State of a consultation.
#[derive(Debug, Clone)]
pub struct ConsultationState {
    parent: LedgerId,
    pub(super) defined: Option<Arc<Defined>>,
    pub(super) versions: u32,
    latest: Option<(ContentRef, Arc<Document>)>,
    people: HashMap<Person, Participant>,
    /// Every key that was ever a person's, with the person whose it is now.
    keys: HashMap<KeyId, Option<Person>>,
    comments: BTreeMap<u64, CommentState>,
    themes: BTreeMap<String, BTreeSet<u64>>,
    /// The themes of the latest report.
    pub(super) reported: Option<Vec<String>>,
    pub(super) is_archived: bool,
    commitments: HashSet<[u8; 32]>,
}

impl ConsultationState {
    /// A consultation of the jurisdiction with this calendar ledger, not yet defined.
    #[must_use]
    pub fn new(parent: LedgerId) -> Self {
        Self {
            parent,
            defined: None,
            versions: 0,
            latest: None,
            people: HashMap::new(),
            keys: HashMap::new(),
            comments: BTreeMap::new(),
            themes: BTreeMap::new(),
            reported: None,
            is_archived: false,
            commitments: HashSet::new(),
        }
    }

    /// What the consultation has established.
    #[must_use]
    pub fn facts(&self) -> Arc<ConsultationFacts> {
        Arc::new(ConsultationFacts {
            parent: self.parent,
            is_archived: self.is_archived,
        })
    }

    /// The definition, once there is one.
    #[must_use]
    pub fn definition(&self) -> Option<&ConsultationDefined> {
        self.defined.as_ref().map(|d| &d.definition)
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Option<&Settings> {
        self.defined.as_ref().map(|d| &d.settings)
    }

    /// Whether the consultation is archived.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.is_archived
    }

    /// The latest version of the document and its number.
    #[must_use]
    pub fn latest(&self) -> Option<(u32, &Document)> {
        self.latest.as_ref().map(|(_, d)| (self.versions, d.as_ref()))
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
    pub fn participant(&self, person: &Person) -> Option<&Participant> {
        self.people.get(person)
    }

    /// A comment, by its position.
    #[must_use]
    pub fn comment(&self, position: u64) -> Option<&CommentState> {
        self.comments.get(&position)
    }

    /// The comments with their positions, ascending.
    pub fn comments(&self) -> impl Iterator<Item = (u64, &CommentState)> {
        self.comments.iter().map(|(p, c)| (*p, c))
    }

    /// Whether an event with effect has this commitment.
    #[must_use]
    pub fn has_commitment(&self, commitment: &[u8; 32]) -> bool {
        self.commitments.contains(commitment)
    }

    /// The themes, ascending.
    pub fn themes(&self) -> impl Iterator<Item = &str> {
        self.themes.keys().map(String::as_str)
    }

    /// Number of themes.
    pub(super) fn theme_count(&self) -> usize {
        self.themes.len()
    }

    /// The comments of a theme, if it is defined.
    #[must_use]
    pub fn theme(&self, theme: &str) -> Option<&BTreeSet<u64>> {
        self.themes.get(theme)
    }

    /// The first root that counts and is in no theme.
    pub(super) fn uncovered(&self, calendar: &Calendar) -> Option<u64> {
        let ends = WindowEnds::new(calendar);
        let open = |c: &CommentState| {
            let visible = c.standing == Standing::Visible;
            c.depth == 1 && c.themes == 0 && visible && !ends.is_late(c.received_ms, c.last)
        };
        self.comments.iter().find(|(_, c)| open(c)).map(|(p, _)| *p)
    }

    /// The first comment with a pending appeal.
    pub(super) fn pending_appeal(&self) -> Option<u64> {
        let pending = |c: &CommentState| {
            matches!(
                c.standing,
                Standing::Hidden {
                    appeal: Appeal::Pending,
                    ..
                }
            )
        };
        self.comments.iter().find(|(_, c)| pending(c)).map(|(p, _)| *p)
    }

    /// The person whose contribution an event is: for whom the intake service acts, or whose key signed.
    pub(super) fn contributor(&self, event: &ConsultationEvent, author: &KeyId) -> Option<Person> {
        event.attested_for().or_else(|| self.person_of(author))
    }

    fn comment_mut(&mut self, position: u64) -> Result<&mut CommentState, String> {
        self.comments
            .get_mut(&position)
            .ok_or_else(|| "an event about a comment that is not there".to_owned())
    }

    fn enrol(&mut self, person: Person, new: Participant) -> Result<(), String> {
        let before = self.people.get(&person).copied();
        if let Some(key) = before.and_then(|b| b.key) {
            self.keys.insert(key, None);
        }
        if let Some(key) = new.key
            && self.keys.insert(key, Some(person)).flatten().is_some()
        {
            return Err("a key of two persons".into());
        }
        let response = before.and_then(|b| b.response);
        self.people.insert(person, Participant { response, ..new });
        Ok(())
    }

    fn publish(&mut self, e: &DocumentPublished, contents: &dyn Contents) -> Result<(), String> {
        self.versions = e.version;
        self.latest = Some((e.document, self.read(&e.document, contents)?));
        Ok(())
    }

    fn read(&self, document: &ContentRef, contents: &dyn Contents) -> Result<Arc<Document>, String> {
        let languages = &self
            .definition()
            .ok_or("a document before the definition")?
            .languages;
        let bytes = contents.load(document).map_err(|e| e.to_string())?;
        Ok(Arc::new(Document::parse(&bytes, languages)?))
    }

    fn add_comment(&mut self, at: &At, person: Person, reply_to: Option<u64>) -> Result<(), String> {
        let depth = match reply_to {
            None => 1,
            Some(to) => self.comment_mut(to)?.depth.saturating_add(1),
        };
        let last = self.settings().ok_or("a comment before the definition")?.last;
        let comment = CommentState {
            person,
            depth,
            received_ms: at.received_ms,
            last,
            standing: Standing::Visible,
            themes: 0,
        };
        self.comments.insert(at.position, comment);
        Ok(())
    }

    fn respond(&mut self, at: &At, person: Person) -> Result<(), String> {
        let participant = self.people.get_mut(&person).ok_or("a response of nobody")?;
        participant.response = Some(at.position);
        Ok(())
    }

    fn hide(&mut self, at: &At, e: &CommentHidden) -> Result<(), String> {
        self.comment_mut(e.comment)?.standing = Standing::Hidden {
            by: at.author,
            appeal: Appeal::None,
        };
        Ok(())
    }

    fn set_appeal(&mut self, comment: u64, now: Appeal) -> Result<(), String> {
        match &mut self.comment_mut(comment)?.standing {
            Standing::Hidden { appeal, .. } => {
                *appeal = now;
                Ok(())
            }
            _ => Err("an appeal for a comment that is not hidden".into()),
        }
    }

    fn decide_appeal(&mut self, e: &AppealDecided) -> Result<(), String> {
        if e.decision == 2 {
            self.comment_mut(e.comment)?.standing = Standing::Visible;
            Ok(())
        } else {
            self.set_appeal(e.comment, Appeal::Rejected)
        }
    }

    fn assign(&mut self, theme: &str, added: &[u64], removed: &[u64]) -> Result<(), String> {
        let members = self.themes.get_mut(theme).ok_or("an unknown theme")?;
        for position in added {
            let comment = self.comments.get_mut(position).ok_or("an unknown comment")?;
            members.insert(*position);
            comment.themes = comment.themes.saturating_add(1);
        }
        for position in removed {
            let comment = self.comments.get_mut(position).ok_or("an unknown comment")?;
            members.remove(position);
            comment.themes = comment.themes.saturating_sub(1);
        }
        Ok(())
    }

    /// Applies an event that stands.
    ///
    /// # Errors
    /// A text if the event could never have been admitted here.
    pub fn evolve(
        &mut self,
        at: &At,
        event: &ConsultationEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        use ConsultationEvent as E;
        self.commitments
            .extend(event.committed().iter().map(|(_, c)| c.commitment));
        let contributor = || {
            self.contributor(event, &at.author)
                .ok_or("a contribution of nobody")
        };
        match event {
            E::ConsultationDefined(e) => {
                self.defined = Some(Arc::new(Defined {
                    settings: e.settings.clone(),
                    definition: e.clone(),
                }));
                Ok(())
            }
            E::SettingsChanged(e) => {
                let defined = self.defined.as_mut().ok_or("a change before the definition")?;
                Arc::make_mut(defined).settings = e.after.clone();
                Ok(())
            }
            E::DocumentPublished(e) => self.publish(e, contents),
            E::ParticipantEnrolled(e) => {
                let new = Participant::new(at.position, e.key, e.category, e.verified);
                self.enrol(e.person, new)
            }
            E::ParticipantChanged(e) => {
                let new = Participant::new(at.position, e.key, e.category, e.verified);
                self.enrol(e.person, new)
            }
            E::CommentMade(e) => {
                let person = contributor()?;
                self.add_comment(at, person, e.reply_to)
            }
            E::CommentAttested(e) => self.add_comment(at, e.person, e.reply_to),
            E::CommentWithdrawn(e) => self.withdraw(e.comment),
            E::WithdrawalAttested(e) => self.withdraw(e.comment),
            E::CommentHidden(e) => self.hide(at, e),
            E::CommentRestored(e) => {
                self.comment_mut(e.comment)?.standing = Standing::Visible;
                Ok(())
            }
            E::AppealFiled(e) => self.set_appeal(e.comment, Appeal::Pending),
            E::AppealAttested(e) => self.set_appeal(e.comment, Appeal::Pending),
            E::AppealDecided(e) => self.decide_appeal(e),
            E::ResponseGiven(_) => {
                let person = contributor()?;
                self.respond(at, person)
            }
            E::ResponseAttested(e) => self.respond(at, e.person),
            E::AnswerGiven(_) => Ok(()),
            E::ThemeDefined(e) => {
                self.themes.insert(e.theme.clone(), BTreeSet::new());
                Ok(())
            }
            E::CommentsAssigned(e) => self.assign(&e.theme, &e.added, &e.removed),
            E::ReportPublished(e) => {
                self.reported = Some(e.outcomes.iter().map(|o| o.theme.clone()).collect());
                Ok(())
            }
            E::ConsultationArchived(_) => {
                self.is_archived = true;
                Ok(())
            }
        }
    }

    fn withdraw(&mut self, comment: u64) -> Result<(), String> {
        self.comment_mut(comment)?.standing = Standing::Withdrawn;
        Ok(())
    }
}

/// [`ConsultationState`] for a cache.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConsultationSnapshot {
    defined: Option<Defined>,
    versions: u32,
    latest: Option<ContentRef>,
    /// Ascending.
    people: Vec<(Person, Participant)>,
    /// Ascending.
    keys: Vec<(KeyId, Option<Person>)>,
    /// Ascending.
    comments: Vec<(u64, CommentState)>,
    /// Ascending.
    themes: Vec<(String, Vec<u64>)>,
    reported: Option<Vec<String>>,
    is_archived: bool,
    /// Ascending.
    commitments: Vec<[u8; 32]>,
}

impl ConsultationState {
    /// A copy for a cache.
    #[must_use]
    pub fn snapshot(&self) -> ConsultationSnapshot {
        fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
            let mut all: Vec<T> = all.collect();
            all.sort_unstable();
            all
        }
        let mut people: Vec<_> = self.people.iter().map(|(k, v)| (*k, *v)).collect();
        people.sort_unstable_by_key(|(person, _)| *person);
        ConsultationSnapshot {
            defined: self.defined.as_deref().cloned(),
            versions: self.versions,
            latest: self.latest.as_ref().map(|(content, _)| *content),
            people,
            keys: sorted(self.keys.iter().map(|(k, v)| (*k, *v))),
            comments: self.comments.iter().map(|(p, c)| (*p, *c)).collect(),
            themes: self
                .themes
                .iter()
                .map(|(theme, members)| (theme.clone(), members.iter().copied().collect()))
                .collect(),
            reported: self.reported.clone(),
            is_archived: self.is_archived,
            commitments: sorted(self.commitments.iter().copied()),
        }
    }

    /// The state of a copy, on top of [`ConsultationState::new`]; `None` if it is damaged or a document that it cites
    /// cannot be read.
    pub fn restore(&mut self, found: ConsultationSnapshot, contents: &dyn Contents) -> Option<()> {
        use super::settings::is_ascending;
        let whole = is_ascending(&found.people.iter().map(|(p, _)| *p).collect::<Vec<_>>())
            && is_ascending(&found.keys)
            && is_ascending(&found.comments.iter().map(|(p, _)| *p).collect::<Vec<_>>())
            && is_ascending(&found.commitments);
        if !whole {
            return None;
        }
        self.defined = found.defined.map(Arc::new);
        self.versions = found.versions;
        self.latest = match found.latest {
            Some(content) => Some((content, self.read(&content, contents).ok()?)),
            None => None,
        };
        self.people = found.people.into_iter().collect();
        self.keys = found.keys.into_iter().collect();
        self.comments = found.comments.into_iter().collect();
        self.themes = found
            .themes
            .into_iter()
            .map(|(theme, members)| (theme, members.into_iter().collect()))
            .collect();
        self.reported = found.reported;
        self.is_archived = found.is_archived;
        self.commitments = found.commitments.into_iter().collect();
        Some(())
    }
}
