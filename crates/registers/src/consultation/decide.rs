//! Which events may stand on a consultation. Spec: specs/consultation.md §2 to §8.
//!
//! The rules of an event are looked at in the order of the specification: the first one that does not hold is the one
//! that is reported.

use sijill_ledger::{Authority, KeyId};
use sijill_rules::{Calendar, day_number};

use super::document::Document;
use super::events::{
    AnswerGiven, AppealDecided, CommentHidden, CommentsAssigned, ConsultationEvent, DocumentPublished,
    OnClause, Person, ReportPublished, Settings, ThemeDefined,
};
use super::settings::{LATE_NOT_COUNTED, check_reason, is_ascending};
use super::state::{Appeal, At, CommentRecord, ConsultationState, Standing};
use super::text;
use crate::register::{Context, Rejection, no_refs};

const MAX_DEPTH: u8 = 16;
const MAX_THEMES: usize = 500;

/// Why an event may not stand on a consultation. The fault is the author's; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsultationRejection {
    /// An event that does not come next.
    #[error("{event}: {problem}")]
    Order {
        /// Name of the event type.
        event: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A definition that is not valid.
    #[error("the definition of the consultation: {0}")]
    Definition(String),
    /// A change of settings that is not valid, or comes too late.
    #[error("settings: {0}")]
    Settings(String),
    /// A version of the document that is not valid.
    #[error("document: {0}")]
    Document(String),
    /// A second voice for one person, one key for two, or a person who can speak for themselves.
    #[error("{0}")]
    Participant(&'static str),
    /// Somebody whom the settings do not admit.
    #[error("the consultation is not open to {who}")]
    Eligibility {
        /// Whom.
        who: &'static str,
    },
    /// Before the window.
    #[error("the consultation opens on day {first} (days since 1970-01-01); send it then")]
    TooEarly {
        /// First day of the window, as a day number.
        first: u32,
    },
    /// After the window.
    #[error(
        "the consultation closed at the end of day {last} (days since 1970-01-01); nothing is taken any more"
    )]
    TooLate {
        /// Last day of the window, as a day number.
        last: u32,
    },
    /// A clause, wording or words that the document does not have.
    #[error("{0}")]
    Clause(&'static str),
    /// A comment that cannot be replied to or withdrawn.
    #[error("{0}")]
    Comment(&'static str),
    /// Moderation out of turn.
    #[error("{0}")]
    Moderation(&'static str),
    /// Answers that do not fit the questions.
    #[error("response: {0}")]
    Response(String),
    /// An official answer to nothing.
    #[error("{0}")]
    Answer(&'static str),
    /// A theme, or what is assigned to it.
    #[error("theme: {0}")]
    Theme(String),
    /// A report that leaves something out, or an archive without one.
    #[error("{0}")]
    Report(String),
    /// A moderation log that does not follow.
    #[error("the moderation log is not the one that follows from the consultation; compute it again")]
    View,
}

impl ConsultationRejection {
    /// The verdict code of specs/verification.md.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Order { .. } => "consultation.order",
            Self::Definition(_) => "consultation.definition",
            Self::Settings(_) => "consultation.settings",
            Self::Document(_) => "consultation.document",
            Self::Participant(_) => "consultation.participant",
            Self::Eligibility { .. } => "consultation.eligibility",
            Self::TooEarly { .. } | Self::TooLate { .. } => "consultation.window",
            Self::Clause(_) => "consultation.clause",
            Self::Comment(_) => "consultation.comment",
            Self::Moderation(_) => "consultation.moderation",
            Self::Response(_) => "consultation.response",
            Self::Answer(_) => "consultation.answer",
            Self::Theme(_) => "consultation.theme",
            Self::Report(_) => "consultation.report",
            Self::View => "consultation.view",
        }
    }
}

use ConsultationRejection as Refusal;

/// What every decision looks at. Spec: specs/consultation.md §1.1.
#[derive(Clone, Copy)]
struct Now<'a> {
    at: &'a At,
    calendar: &'a Calendar,
    /// The local day of the moment of the event: *c*.
    today: u32,
    /// The local day on which it was received: *d*.
    received: u32,
}

impl<'a> Now<'a> {
    fn of(at: &'a At, calendar: &'a Calendar) -> Option<Self> {
        let number = |ms| u32::try_from(day_number(calendar.day_of(ms)?)).ok();
        Some(Self {
            at,
            calendar,
            today: number(at.moment_ms)?,
            received: number(at.received_ms)?,
        })
    }
}

impl ConsultationState {
    /// Says whether an event may stand at this position. What all registers share is the caller's to check (days,
    /// commitments), and so is the author's role.
    ///
    /// # Errors
    /// [`Rejection`] with the first rule that does not hold.
    pub(super) fn decide(
        &self,
        event: &ConsultationEvent,
        at: &At,
        calendar: &Calendar,
        ctx: &Context<'_>,
        authority: &Authority,
    ) -> Result<(), Rejection> {
        let name = event.name();
        no_refs(name, ctx)?;
        self.check_order(event, name)?;
        let now = Now::of(at, calendar).ok_or(Refusal::Order {
            event: name,
            problem: "the year 9990 is beyond the calendar",
        })?;
        if let ConsultationEvent::ConsultationDefined(e) = event {
            e.check(now.today).map_err(Refusal::Definition)?;
            return Ok(());
        }
        let Some(settings) = self.settings() else {
            return Ok(());
        };
        self.check_event(event, settings, now, ctx, authority)
    }

    fn check_order(&self, event: &ConsultationEvent, name: &'static str) -> Result<(), Refusal> {
        use ConsultationEvent as E;
        let refuse = |problem| Err(Refusal::Order { event: name, problem });
        let is_definition = matches!(event, E::ConsultationDefined(_));
        match (self.definition().is_some(), is_definition) {
            (true, true) => return refuse("the consultation is defined already"),
            (false, false) => return refuse("the consultation is not defined yet; define it first"),
            _ => {}
        }
        let after_archive = matches!(
            event,
            E::ParticipantChanged(_)
                | E::CommentWithdrawn(_)
                | E::WithdrawalAttested(_)
                | E::CommentHidden(_)
                | E::CommentRestored(_)
                | E::AppealFiled(_)
                | E::AppealAttested(_)
                | E::AppealDecided(_)
        );
        if self.archived().is_some() && !after_archive {
            return refuse("the consultation is archived");
        }
        Ok(())
    }

    fn check_event(
        &self,
        event: &ConsultationEvent,
        settings: &Settings,
        now: Now<'_>,
        ctx: &Context<'_>,
        authority: &Authority,
    ) -> Result<(), Rejection> {
        use ConsultationEvent as E;
        if let Some(person) = event.attested_for() {
            self.check_attested(&person)?;
        }
        let person = self.contributor(event, &now.at.author);
        match event {
            E::ConsultationDefined(_) => {}
            E::SettingsChanged(e) => {
                if e.before != *settings {
                    return Err(Refusal::Settings("`before` is not what is in force".into()).into());
                }
                if e.after == e.before {
                    return Err(Refusal::Settings("nothing changes".into()).into());
                }
                e.after.check().map_err(Refusal::Settings)?;
                check_reason(&e.reason).map_err(Refusal::Settings)?;
                e.after
                    .check_change(settings, now.today, self.report().is_some())
                    .map_err(|problem| Refusal::Settings(problem.into()))?;
            }
            E::DocumentPublished(e) => self.check_document(e, ctx)?,
            E::ParticipantEnrolled(e) => {
                if self.person(&e.person).is_some() {
                    return Err(Refusal::Participant("this person is enrolled already").into());
                }
                self.check_enrolment(e.category, e.key, None, authority)?;
                check_admitted(settings, e.category, e.verified)?;
            }
            E::ParticipantChanged(e) => {
                let Some(before) = self.person(&e.person) else {
                    return Err(Refusal::Participant("this person is not enrolled").into());
                };
                if e.before != before.since {
                    return Err(Refusal::Participant(
                        "`before` is not the last enrolment or change of this person; look again",
                    )
                    .into());
                }
                self.check_enrolment(e.category, e.key, before.key, authority)?;
                if (e.key, e.category, e.verified) == (before.key, before.category, before.verified) {
                    return Err(Refusal::Participant("nothing changes").into());
                }
            }
            E::CommentMade(e) => {
                self.check_comment(person, settings, now, e.reply_to, e.clause.as_ref())?;
            }
            E::CommentAttested(e) => {
                self.check_comment(person, settings, now, e.reply_to, e.clause.as_ref())?;
            }
            E::CommentWithdrawn(e) => self.check_withdrawal(person, e.comment)?,
            E::WithdrawalAttested(e) => self.check_withdrawal(person, e.comment)?,
            E::CommentHidden(e) => self.check_hiding(e)?,
            E::CommentRestored(e) => match self.comment(e.comment).map(|c| c.standing) {
                Some(Standing::Hidden {
                    appeal: Appeal::None, ..
                }) => {}
                Some(Standing::Hidden { .. }) => {
                    return Err(Refusal::Moderation(
                        "the author has appealed: a second moderator decides on the appeal",
                    )
                    .into());
                }
                _ => return Err(Refusal::Moderation("only a hidden comment can be restored").into()),
            },
            E::AppealFiled(e) => self.check_appeal(person, e.comment)?,
            E::AppealAttested(e) => self.check_appeal(person, e.comment)?,
            E::AppealDecided(e) => self.check_decision(e, now)?,
            E::ResponseGiven(_) | E::ResponseAttested(_) => self.check_response(person, settings, now)?,
            E::AnswerGiven(e) => self.check_answer(e)?,
            E::ThemeDefined(e) => self.check_theme(e)?,
            E::CommentsAssigned(e) => self.check_assignment(e)?,
            E::ReportPublished(e) => self.check_report(e, settings, now)?,
            E::ConsultationArchived(_) => self.check_archive(now.calendar)?,
        }
        Ok(())
    }

    /// Nobody speaks for a person who can sign. Spec: specs/consultation.md §4.
    fn check_attested(&self, person: &Person) -> Result<(), Refusal> {
        match self.person(person) {
            None => Err(Refusal::Participant("this person is not enrolled")),
            Some(p) if p.key.is_some() => Err(Refusal::Participant(
                "this person has a key and signs for themselves; the intake service cannot speak for them",
            )),
            Some(_) => Ok(()),
        }
    }

    fn check_document(&self, e: &DocumentPublished, ctx: &Context<'_>) -> Result<(), Rejection> {
        let refuse = |problem: String| Rejection::from(Refusal::Document(problem));
        let next = self.versions().len() as u64 + 1;
        if u64::from(e.version) != next {
            return Err(refuse(format!("the next version has the number {next}")));
        }
        let languages = &self.definition().map(|d| d.languages.clone()).unwrap_or_default();
        let bytes = ctx.contents.load(&e.document)?;
        let new = Document::parse(&bytes, languages).map_err(refuse)?;
        let old = self.latest().map(|(_, document)| document);
        let sources: Vec<&str> = e.moves.iter().map(|m| m.from.as_str()).collect();
        if !is_ascending(&sources) {
            return Err(refuse("moves must be ascending by `from`, each once".into()));
        }
        for moved in &e.moves {
            let gone = old.is_some_and(|old| old.clause(&moved.from).is_some());
            if !gone || new.clause(&moved.from).is_some() {
                return Err(refuse(
                    "a move leads from a clause that the version before has and this one has not".into(),
                ));
            }
            if new.clause(&moved.to).is_none() {
                return Err(refuse("a move leads to a clause of this version".into()));
            }
        }
        Ok(())
    }

    fn check_enrolment(
        &self,
        category: u8,
        key: Option<KeyId>,
        before: Option<KeyId>,
        authority: &Authority,
    ) -> Result<(), Refusal> {
        if !(1..=3).contains(&category) {
            return Err(Refusal::Participant(
                "the category is 1 citizen, 2 resident or 3 visitor",
            ));
        }
        let Some(key) = key else { return Ok(()) };
        if before == Some(key) {
            return Ok(());
        }
        if self.knows_key(&key) {
            return Err(Refusal::Participant(
                "this key was enrolled before; make a new one for each person and consultation",
            ));
        }
        if authority.is_reserved(key) {
            return Err(Refusal::Participant(
                "this key is the service's, the ledger's or an official's; make a new one",
            ));
        }
        if sijill_ledger::PublicKey::enrolled(key).is_err() {
            return Err(Refusal::Participant(
                "this is not a public key that can be enrolled",
            ));
        }
        Ok(())
    }

    fn check_admitted(&self, person: Option<Person>, settings: &Settings) -> Result<Person, Refusal> {
        let enrolled = person.and_then(|p| Some((p, self.person(&p)?)));
        let (person, participant) = enrolled.ok_or(Refusal::Participant("this person is not enrolled"))?;
        check_admitted(settings, participant.category, participant.verified)?;
        Ok(person)
    }

    fn check_comment(
        &self,
        person: Option<Person>,
        settings: &Settings,
        now: Now<'_>,
        reply_to: Option<u64>,
        clause: Option<&OnClause>,
    ) -> Result<(), Refusal> {
        self.check_admitted(person, settings)?;
        let takes_late = settings.late == LATE_NOT_COUNTED && self.report().is_none();
        check_window(settings, now, takes_late)?;
        if reply_to.is_some() && clause.is_some() {
            return Err(Refusal::Comment(
                "a reply belongs to the comment that it replies to, and names no clause",
            ));
        }
        if let Some(position) = reply_to {
            let parent = self
                .comment(position)
                .ok_or(Refusal::Comment("there is no comment at this position"))?;
            if parent.standing != Standing::Visible {
                return Err(Refusal::Comment(
                    "the comment is not visible any more and cannot be replied to",
                ));
            }
            if parent.depth >= MAX_DEPTH {
                return Err(Refusal::Comment(
                    "this thread is as deep as threads go; reply to an earlier comment of it",
                ));
            }
        }
        let Some(on) = clause else { return Ok(()) };
        match self.latest() {
            Some((version, document)) if version == on.version => {
                document.check_clause(on).map_err(Refusal::Clause)
            }
            Some(_) => Err(Refusal::Clause(
                "this is not the latest version of the document; read the new one and send the comment again",
            )),
            None => Err(Refusal::Clause("there is no document yet")),
        }
    }

    /// A comment of the person.
    fn own(&self, person: Option<Person>, position: u64) -> Option<&CommentRecord> {
        let comment = self.comment(position)?;
        (Some(comment.person) == person).then_some(comment)
    }

    fn check_withdrawal(&self, person: Option<Person>, position: u64) -> Result<(), Refusal> {
        let comment = self.own(person, position).ok_or(Refusal::Comment(
            "only its author can withdraw a comment; there is none of this author at this position",
        ))?;
        if comment.standing == Standing::Withdrawn {
            return Err(Refusal::Comment("the comment is withdrawn already"));
        }
        Ok(())
    }

    fn check_hiding(&self, e: &CommentHidden) -> Result<(), Refusal> {
        let comment = self
            .comment(e.comment)
            .ok_or(Refusal::Moderation("there is no comment at this position"))?;
        if comment.standing != Standing::Visible {
            return Err(Refusal::Moderation("only a visible comment can be hidden"));
        }
        if Reason::of(e.code).is_none() {
            return Err(Refusal::Moderation("a hiding has one of the reason codes 1 to 7"));
        }
        if Reason::of(e.code) == Some(Reason::Other) && e.note.is_none() {
            return Err(Refusal::Moderation(
                "with the reason `other` the author is told why in a note",
            ));
        }
        Ok(())
    }

    fn check_appeal(&self, person: Option<Person>, position: u64) -> Result<(), Refusal> {
        let comment = self.own(person, position).ok_or(Refusal::Moderation(
            "only its author can appeal for a comment; there is none of this author at this position",
        ))?;
        match comment.standing {
            Standing::Hidden {
                appeal: Appeal::None, ..
            } => Ok(()),
            Standing::Hidden { .. } => Err(Refusal::Moderation(
                "there was an appeal against this hiding already",
            )),
            _ => Err(Refusal::Moderation("the comment is not hidden")),
        }
    }

    fn check_decision(&self, e: &AppealDecided, now: Now<'_>) -> Result<(), Refusal> {
        let Some(Standing::Hidden {
            by,
            appeal: Appeal::Pending,
        }) = self.comment(e.comment).map(|c| c.standing)
        else {
            return Err(Refusal::Moderation(
                "no appeal is pending for a comment at this position",
            ));
        };
        if by == now.at.author {
            return Err(Refusal::Moderation(
                "another moderator decides than the one who hid the comment",
            ));
        }
        if matches!(e.decision, 1 | 2) {
            Ok(())
        } else {
            Err(Refusal::Moderation(
                "a decision is 1 (it stays hidden) or 2 (it is visible again)",
            ))
        }
    }

    fn check_response(
        &self,
        person: Option<Person>,
        settings: &Settings,
        now: Now<'_>,
    ) -> Result<(), Refusal> {
        self.check_admitted(person, settings)?;
        check_window(settings, now, false)?;
        if self.definition().is_none_or(|d| d.questions.is_empty()) {
            return Err(Refusal::Response("the consultation has no questions".into()));
        }
        Ok(())
    }

    fn check_answer(&self, e: &AnswerGiven) -> Result<(), Refusal> {
        if !(1..=1_000).contains(&e.to.len()) || !is_ascending(&e.to) {
            return Err(Refusal::Answer(
                "an answer names 1 to 1000 comments, ascending by position",
            ));
        }
        let visible = |p: &u64| self.comment(*p).is_some_and(|c| c.standing == Standing::Visible);
        if e.to.iter().all(visible) {
            Ok(())
        } else {
            Err(Refusal::Answer("an answer names visible comments only"))
        }
    }

    fn check_theme(&self, e: &ThemeDefined) -> Result<(), Refusal> {
        let refuse = |problem: String| Err(Refusal::Theme(problem));
        if !text::is_id(&e.theme) {
            return refuse("the id must be 1 to 32 characters of a-z, 0-9 and -".into());
        }
        if self.theme(&e.theme).is_some() {
            return refuse(format!("{} is defined already", e.theme));
        }
        if let Err(problem) = text::check_pair(&e.name_en, &e.name_ar) {
            return refuse(format!("name: {problem}"));
        }
        if self.themes().len() >= MAX_THEMES {
            return refuse(format!("at most {MAX_THEMES} themes"));
        }
        Ok(())
    }

    fn check_assignment(&self, e: &CommentsAssigned) -> Result<(), Refusal> {
        let refuse = |problem: &str| Err(Refusal::Theme(problem.into()));
        let Some(members) = self.theme(&e.theme).map(|t| &t.comments) else {
            return refuse("it is not defined");
        };
        for list in [&e.added, &e.removed] {
            if list.len() > 2_000 || !is_ascending(list) {
                return refuse("at most 2000 comments each are added and removed, ascending by position");
            }
        }
        if e.added.is_empty() && e.removed.is_empty() {
            return refuse("nothing changes");
        }
        let new = |p: &u64| self.comment(*p).is_some() && !members.contains(p);
        if !e.added.iter().all(new) {
            return refuse("only comments that are not in the theme are added");
        }
        if !e.removed.iter().all(|p| members.contains(p)) {
            return refuse("only comments that are in the theme are removed");
        }
        Ok(())
    }

    fn check_report(&self, e: &ReportPublished, settings: &Settings, now: Now<'_>) -> Result<(), Refusal> {
        let refuse = |problem: String| Err(Refusal::Report(problem));
        if now.today <= settings.last {
            return refuse("the report comes after the window".into());
        }
        let reported = e.outcomes.iter().map(|o| o.theme.as_str());
        if !self.themes().map(|(id, _)| id).eq(reported) {
            return refuse(
                "the report must answer exactly the themes that are defined, ascending by their ids".into(),
            );
        }
        if !e.outcomes.iter().all(|o| (1..=3).contains(&o.outcome)) {
            return refuse("an outcome is 1 accepted, 2 partly accepted or 3 rejected".into());
        }
        self.check_coverage(now.calendar)
    }

    fn check_coverage(&self, calendar: &Calendar) -> Result<(), Refusal> {
        match self.uncovered(calendar) {
            None => Ok(()),
            Some(position) => Err(Refusal::Report(format!(
                "comment {position} is in no theme; assign every comment that counts to one"
            ))),
        }
    }

    fn check_archive(&self, calendar: &Calendar) -> Result<(), Refusal> {
        let refuse = |problem: String| Err(Refusal::Report(problem));
        let Some(report) = self.report() else {
            return refuse("publish the \"what we heard\" report first".into());
        };
        let reported = report.outcomes.iter().map(|o| o.theme.as_str());
        if !self.themes().map(|(id, _)| id).eq(reported) {
            return refuse("a theme was defined after the report; publish it again with all themes".into());
        }
        self.check_coverage(calendar)?;
        match self.pending_appeal() {
            None => Ok(()),
            Some(position) => refuse(format!("the appeal for comment {position} is not decided yet")),
        }
    }
}

fn check_admitted(settings: &Settings, category: u8, verified: bool) -> Result<(), Refusal> {
    if settings.admits(category, verified) {
        return Ok(());
    }
    let who = match category {
        _ if settings.categories.contains(&category) => "people whom the service has not verified",
        1 => "citizens",
        2 => "residents",
        _ => "visitors",
    };
    Err(Refusal::Eligibility { who })
}

fn check_window(settings: &Settings, now: Now<'_>, takes_late: bool) -> Result<(), Refusal> {
    if now.received < settings.first {
        return Err(Refusal::TooEarly {
            first: settings.first,
        });
    }
    if now.received > settings.last && !takes_late {
        return Err(Refusal::TooLate { last: settings.last });
    }
    Ok(())
}

/// Why a comment was hidden. Spec: specs/consultation.md §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the specification")]
pub enum Reason {
    PersonalData,
    Abuse,
    Threat,
    OffTopic,
    Spam,
    Unlawful,
    Other,
}

impl Reason {
    /// The reason of a code.
    #[must_use]
    pub fn of(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::PersonalData,
            2 => Self::Abuse,
            3 => Self::Threat,
            4 => Self::OffTopic,
            5 => Self::Spam,
            6 => Self::Unlawful,
            7 => Self::Other,
            _ => return None,
        })
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersonalData => "personal-data",
            Self::Abuse => "abuse",
            Self::Threat => "threat",
            Self::OffTopic => "off-topic",
            Self::Spam => "spam",
            Self::Unlawful => "unlawful",
            Self::Other => "other",
        }
    }
}
