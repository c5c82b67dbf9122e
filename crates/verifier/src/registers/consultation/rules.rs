//! The events of a consultation, each by its paragraph: the first rule that does not hold is reported, and the event has no effect.
//!
//! Spec: specs/consultation.md §1.3, §2 to §8.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::calendar::{Day, LAST_DAY, is_line};
use crate::check::{Check, Checks};
use crate::events::{self, ConsultationEvent, ContentRef, Move, OnClause, Outcome, Pair, Question, Settings};
use crate::keys::is_enrollable_key;
use crate::registers::common::Item;
use crate::registers::consultation::document::{
    ARABIC, ENGLISH, MAX_DOCUMENT_BYTES, check_clause, parse_document,
};
use crate::registers::consultation::{
    Comment, Consultation, Fault, Hiding, Id, Latest, Person, Published, Register, Standing, Step, StepKind,
};
use crate::source::Source;
use crate::wire::is_short_id;

/// Longest window, and longest time for the report, days.
const MAX_DAYS: Day = 731;
const MAX_QUESTIONS: usize = 32;
const MAX_THEMES: usize = 500;
const MAX_ASSIGNED: usize = 2000;
const MAX_ANSWERED: usize = 1000;
/// A comment of this depth has no replies.
const MAX_DEPTH: u8 = 16;
const LATE_REFUSED: u8 = 1;
const LATE_TAKEN: u8 = 2;
/// The reason code that needs a note.
const CODE_OTHER: u8 = 7;

/// Fails under `check` with a reason unless `holds`.
fn require(check: Check, holds: bool, reason: &'static str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err((check, reason)) }
}

fn ascending<T: Ord>(list: &[T]) -> bool {
    list.is_sorted_by(|a, b| a < b)
}

impl Pair {
    /// Spec: specs/consultation.md §1.2.
    fn holds(&self) -> bool {
        is_line(&self.en) && (self.ar.is_empty() || is_line(&self.ar))
    }
}

impl Settings {
    /// Spec: specs/consultation.md §2.3.
    fn holds(&self) -> bool {
        let [first, last, due] = [self.first, self.last, self.report_due].map(Day::from);
        let window = first <= last && last <= first + MAX_DAYS;
        let report = last < due && due <= last + MAX_DAYS && due <= LAST_DAY;
        let categories = (1..=3).contains(&self.categories.len())
            && ascending(&self.categories)
            && self.categories.iter().all(|category| (1..=3).contains(category));
        window
            && report
            && [LATE_REFUSED, LATE_TAKEN].contains(&self.late)
            && categories
            && self.owner.holds()
            && self.officer.holds()
    }
}

impl Question {
    fn holds(&self) -> bool {
        let options = self.options.len();
        self.text.holds()
            && (2..=100).contains(&options)
            && self.options.iter().all(Pair::holds)
            && 1 <= self.min
            && self.min <= self.max
            && usize::from(self.max) <= options
    }
}

impl Register<'_> {
    /// Takes an event whose moment lies on the first of the days and that was received on the second, or says which rule it breaks.
    pub(super) fn apply(
        &mut self,
        source: &dyn Source,
        item: &Item,
        event: &ConsultationEvent,
        (today, received): (Day, Day),
        checks: &mut Checks,
    ) -> Result<(), Fault> {
        use ConsultationEvent as E;
        if let E::ConsultationDefined {
            name,
            languages,
            settings,
            questions,
        } = event
        {
            let order = "the consultation is defined already";
            require(Check::ConsultationOrder, self.state.is_none(), order)?;
            let defined = define(name, languages, settings, questions, today)?;
            self.state = Some(defined);
            return Ok(());
        }
        let key_is_taken = match event {
            E::ParticipantEnrolled { standing, .. } | E::ParticipantChanged { standing, .. } => standing
                .key
                .is_some_and(|key| !is_enrollable_key(&key) || self.authority.names(&key)),
            _ => false,
        };
        let by = self.person_of(&item.author);
        let state = self.state.as_mut().ok_or((
            Check::ConsultationOrder,
            "the event stands before the consultation is defined",
        ))?;
        let rights = matches!(
            event,
            E::ParticipantChanged { .. }
                | E::Withdrawal { .. }
                | E::CommentHidden { .. }
                | E::CommentRestored { .. }
                | E::Appeal { .. }
                | E::AppealDecided { .. }
        );
        require(
            Check::ConsultationOrder,
            !state.archived || rights,
            "the event stands behind the archive",
        )?;
        match event {
            E::ConsultationDefined { .. } => Ok(()),
            E::SettingsChanged {
                before,
                after,
                reason,
            } => state.change(before, after, reason, today),
            E::DocumentPublished {
                version,
                document,
                moves,
            } => {
                let read = |content: &ContentRef| Register::read(source, content);
                if state.publish(*version, document, moves, read)? {
                    checks.pass(Check::ConsultationDocument);
                } else {
                    let reason = "a version of a document, or the one before it, is not here";
                    checks.skip(Check::ConsultationDocument, reason);
                }
                Ok(())
            }
            E::ParticipantEnrolled { person, standing } => {
                state.enrol(item.seq, *person, standing, key_is_taken)
            }
            E::ParticipantChanged {
                person,
                before,
                standing,
            } => state.change_person(item.seq, *person, *before, standing, key_is_taken),
            E::Comment { person, comment, .. } => {
                let person = state.author(by, *person)?;
                state.comment(item, person, comment, received, checks)
            }
            E::Withdrawal { person, comment } => {
                let author = state.author(by, *person)?;
                state.withdraw(item, author, *comment, person.is_some())
            }
            E::CommentHidden { comment, code, note } => state.hide(item, *comment, *code, note.is_some()),
            E::CommentRestored { comment } => state.restore(item, *comment),
            E::Appeal { person, comment, .. } => {
                let author = state.author(by, *person)?;
                state.appeal(item, author, *comment, person.is_some())
            }
            E::AppealDecided {
                comment, decision, ..
            } => state.decide(item, *comment, *decision),
            E::Response { person, .. } => {
                let person = state.author(by, *person)?;
                state.respond(item.seq, person, received)
            }
            E::AnswerGiven { to, .. } => state.answer(to),
            E::ThemeDefined { theme, name } => state.define_theme(theme, name),
            E::CommentsAssigned {
                theme,
                added,
                removed,
            } => state.assign(theme, added, removed),
            E::ReportPublished { outcomes, .. } => state.report(item.seq, outcomes, today),
            E::ConsultationArchived => state.archive(),
        }
    }
}

/// Spec: specs/consultation.md §2.2.
fn define(
    name: &Pair,
    languages: &[u8],
    settings: &Settings,
    questions: &[Question],
    today: Day,
) -> Result<Consultation, Fault> {
    let check = |holds, reason| require(Check::ConsultationDefinition, holds, reason);
    check(
        name.holds(),
        "the name is no line, or has characters that none has",
    )?;
    let known = languages
        .iter()
        .all(|language| [ARABIC, ENGLISH].contains(language));
    check(
        !languages.is_empty() && known && ascending(languages),
        "the languages are not one or two of Arabic and English, ascending",
    )?;
    check(settings.holds(), "the settings are not valid")?;
    check(
        Day::from(settings.first) >= today,
        "the window begins in the past",
    )?;
    check(
        questions.len() <= MAX_QUESTIONS && questions.iter().all(Question::holds),
        "a question is not valid, or there are too many",
    )?;
    Ok(Consultation {
        languages: languages.to_vec(),
        questions: questions.to_vec(),
        original_due: settings.report_due.into(),
        settings: settings.clone(),
        archived: false,
        versions: 0,
        latest: Latest::None,
        people: HashMap::new(),
        keys: HashMap::new(),
        used: HashSet::new(),
        comments: BTreeMap::new(),
        responses: HashMap::new(),
        given: BTreeMap::new(),
        themes: BTreeMap::new(),
        first_report: None,
        report: None,
    })
}

impl Consultation {
    /// Spec: specs/consultation.md §2.4.
    fn change(&mut self, before: &Settings, after: &Settings, reason: &str, today: Day) -> Result<(), Fault> {
        let check = |holds, reason| require(Check::ConsultationSettings, holds, reason);
        let now = &self.settings;
        check(
            before == now,
            "the change does not state the settings that are in force",
        )?;
        check(
            after != now && after.holds(),
            "nothing changes, or the new settings are not valid",
        )?;
        check(is_line(reason), "the reason of the change is no line")?;
        let (first, last) = (Day::from(now.first), Day::from(now.last));
        let same = after.first == now.first
            && after.categories == now.categories
            && after.verified_only == now.verified_only;
        if today < first {
            check(
                Day::from(after.first) >= today,
                "the window would begin in the past",
            )?;
        } else if today <= last {
            let late = after.late == now.late || (now.late, after.late) == (LATE_REFUSED, LATE_TAKEN);
            check(
                same && late && after.last >= now.last,
                "the change takes back what contributors rely on while the window is open",
            )?;
        } else {
            check(
                same && after.late == now.late && after.last == now.last,
                "the change is of what was settled when the window ended",
            )?;
        }
        if after.report_due != now.report_due {
            check(
                today <= self.due() && Day::from(after.report_due) >= today && self.report.is_none(),
                "the day on which the report is due has passed, or would have, or the report stands",
            )?;
        }
        self.settings = after.clone();
        Ok(())
    }

    /// Says whether everything that the rules ask could be judged. Spec: specs/consultation.md §3.
    fn publish(
        &mut self,
        version: u32,
        document: &ContentRef,
        moves: &[Move],
        read: impl FnOnce(&ContentRef) -> Option<Vec<u8>>,
    ) -> Result<bool, Fault> {
        let check = |holds, reason| require(Check::ConsultationDocument, holds, reason);
        check(
            u64::from(version) == self.versions + 1,
            "the version is not the next one",
        )?;
        check(
            document.length <= MAX_DOCUMENT_BYTES,
            "the document is longer than 4194304 bytes",
        )?;
        let Some(bytes) = read(document) else {
            self.versions += 1;
            self.latest = Latest::Unknown;
            return Ok(false);
        };
        let clauses = parse_document(&bytes, &self.languages).map_err(|_| {
            (
                Check::ConsultationDocument,
                "the document is not canonical, or a clause of it is not valid in the languages of the consultation",
            )
        })?;
        let begins = |from: &Move| match &self.latest {
            Latest::None => false,
            Latest::Known(old) => old.contains_key(&from.from),
            Latest::Unknown => true,
        };
        let fits = |a: &Move| begins(a) && !clauses.contains_key(&a.from) && clauses.contains_key(&a.to);
        check(
            moves.is_sorted_by(|a, b| a.from < b.from) && moves.iter().all(fits),
            "a move does not lead from a clause that is gone to one that is there, or they are not ascending",
        )?;
        let known = !matches!(self.latest, Latest::Unknown) || moves.is_empty();
        self.versions += 1;
        self.latest = Latest::Known(clauses);
        Ok(known)
    }

    /// `key_is_taken`: the key is not one that can be enrolled, or names a service, ledger or grant.
    ///
    /// Spec: specs/consultation.md §4.1.
    fn enrol(
        &mut self,
        seq: u64,
        person: Id,
        standing: &events::Standing,
        key_is_taken: bool,
    ) -> Result<(), Fault> {
        let check = |holds, reason| require(Check::ConsultationParticipant, holds, reason);
        check(
            !self.people.contains_key(&person),
            "the person is enrolled already",
        )?;
        check((1..=3).contains(&standing.category), "there is no such category")?;
        let fresh = |key| !key_is_taken && !self.used.contains(key);
        check(
            standing.key.as_ref().is_none_or(fresh),
            "the key is no fresh public key",
        )?;
        require(
            Check::ConsultationEligibility,
            self.admits(standing.category, standing.verified),
            "the person is not admitted",
        )?;
        self.set_person(seq, person, standing);
        Ok(())
    }

    /// Spec: specs/consultation.md §4.2.
    fn change_person(
        &mut self,
        seq: u64,
        person: Id,
        before: u64,
        standing: &events::Standing,
        key_is_taken: bool,
    ) -> Result<(), Fault> {
        let check = |holds, reason| require(Check::ConsultationParticipant, holds, reason);
        let Some(old) = self.people.get(&person) else {
            return check(false, "the person is not enrolled");
        };
        check(
            old.at == before,
            "the change does not name what stands of the person",
        )?;
        check((1..=3).contains(&standing.category), "there is no such category")?;
        let fresh = |key| old.key.as_ref() == Some(key) || (!key_is_taken && !self.used.contains(key));
        check(
            standing.key.as_ref().is_none_or(fresh),
            "the key is no fresh public key",
        )?;
        let changes =
            (old.key, old.category, old.verified) != (standing.key, standing.category, standing.verified);
        check(changes, "nothing changes")?;
        self.set_person(seq, person, standing);
        Ok(())
    }

    fn set_person(&mut self, seq: u64, person: Id, standing: &events::Standing) {
        let new = Person {
            key: standing.key,
            category: standing.category,
            verified: standing.verified,
            at: seq,
        };
        if let Some(key) = self.people.insert(person, new).and_then(|old| old.key) {
            self.keys.remove(&key);
        }
        if let Some(key) = standing.key {
            self.keys.insert(key, person);
            self.used.insert(key);
        }
    }

    /// The person whose contribution it is: `by` has the author's key, `person` is spoken for by the intake service.
    ///
    /// Spec: specs/consultation.md §4.
    fn author(&self, by: Option<Id>, person: Option<Id>) -> Result<Id, Fault> {
        match person {
            Some(person) => {
                let silent = self.people.get(&person).is_some_and(|known| known.key.is_none());
                let reason = "the service speaks for a person who is not enrolled, or can sign";
                require(Check::ConsultationParticipant, silent, reason)?;
                Ok(person)
            }
            // Nobody without a key of a person comes so far.
            None => by.ok_or((Check::ConsultationParticipant, "the author is no participant")),
        }
    }

    fn admitted(&self, person: &Id) -> Result<(), Fault> {
        let known = self.people.get(person);
        require(
            Check::ConsultationEligibility,
            known.is_some_and(|known| self.admits(known.category, known.verified)),
            "the person is not admitted",
        )
    }

    /// Spec: specs/consultation.md §5.1.
    fn comment(
        &mut self,
        item: &Item,
        person: Id,
        comment: &events::Comment,
        received: Day,
        checks: &mut Checks,
    ) -> Result<(), Fault> {
        self.admitted(&person)?;
        let late = received > self.last();
        let taken = self.settings.late == LATE_TAKEN && self.report.is_none();
        require(
            Check::ConsultationWindow,
            Day::from(self.settings.first) <= received && (!late || taken),
            "the comment was received before the window, or after it",
        )?;
        let check = |holds, reason| require(Check::ConsultationComment, holds, reason);
        check(
            comment.reply_to.is_none() || comment.clause.is_none(),
            "a reply is on a clause of its own",
        )?;
        let mut depth = 1;
        if let Some(parent) = comment.reply_to {
            let parent = self.comments.get(&parent);
            let open = parent.filter(|parent| parent.standing == Standing::Visible);
            let open = open.ok_or((
                Check::ConsultationComment,
                "there is no visible comment to reply to",
            ))?;
            check(open.depth < MAX_DEPTH, "the replies are too deep")?;
            depth = open.depth.saturating_add(1);
        }
        if let Some(on) = &comment.clause {
            self.on_clause(on, checks)?;
        }
        let comment = Comment {
            person,
            parent: comment.reply_to,
            depth,
            late,
            standing: Standing::Visible,
            hiding: None,
            themes: 0,
            text: comment.text.commitment,
            steps: Vec::new(),
        };
        self.comments.insert(item.seq, comment);
        Ok(())
    }

    /// Spec: specs/consultation.md §5.1.4.
    fn on_clause(&self, on: &OnClause, checks: &mut Checks) -> Result<(), Fault> {
        require(
            Check::ConsultationClause,
            on.version > 0 && u64::from(on.version) == self.versions,
            "the comment is not on the latest version",
        )?;
        match &self.latest {
            Latest::Known(clauses) => {
                check_clause(clauses, on).map_err(|reason| (Check::ConsultationClause, reason))?;
                checks.pass(Check::ConsultationClause);
            }
            Latest::Unknown | Latest::None => {
                checks.skip(Check::ConsultationClause, "a version of a document is not here");
            }
        }
        Ok(())
    }

    fn step(&mut self, item: &Item, at: u64, kind: StepKind, by: Option<Id>) -> Option<&mut Comment> {
        let comment = self.comments.get_mut(&at)?;
        comment.steps.push(Step {
            position: item.seq,
            at_ms: item.moment,
            kind,
            by,
        });
        Some(comment)
    }

    /// Spec: specs/consultation.md §5.2.
    fn withdraw(&mut self, item: &Item, author: Id, at: u64, attested: bool) -> Result<(), Fault> {
        let comment = self.comments.get(&at);
        let own = comment
            .is_some_and(|comment| comment.person == author && comment.standing != Standing::Withdrawn);
        let reason = "the comment is not the author's, or is withdrawn already";
        require(Check::ConsultationComment, own, reason)?;
        let by = (!attested).then_some(item.author);
        if let Some(comment) = self.step(item, at, StepKind::Withdrawn, by) {
            comment.standing = Standing::Withdrawn;
            comment.hiding = None;
        }
        Ok(())
    }

    /// Spec: specs/consultation.md §6.1.
    fn hide(&mut self, item: &Item, at: u64, code: u8, has_note: bool) -> Result<(), Fault> {
        let check = |holds, reason| require(Check::ConsultationModeration, holds, reason);
        let visible = self
            .comments
            .get(&at)
            .is_some_and(|comment| comment.standing == Standing::Visible);
        check(visible, "there is no visible comment to hide")?;
        check((1..=CODE_OTHER).contains(&code), "there is no such reason code")?;
        check(
            code != CODE_OTHER || has_note,
            "a reason of another kind has no note",
        )?;
        if let Some(comment) = self.step(item, at, StepKind::Hidden(code), Some(item.author)) {
            comment.standing = Standing::Hidden;
            comment.hiding = Some(Hiding {
                by: item.author,
                appealed: false,
                pending: false,
            });
        }
        Ok(())
    }

    /// The current hiding of a comment.
    fn hiding(&self, at: u64) -> Option<Hiding> {
        self.comments.get(&at)?.hiding
    }

    fn show_again(&mut self, item: &Item, at: u64, kind: StepKind) {
        if let Some(comment) = self.step(item, at, kind, Some(item.author)) {
            comment.standing = Standing::Visible;
            comment.hiding = None;
        }
    }

    /// Spec: specs/consultation.md §6.2.
    fn restore(&mut self, item: &Item, at: u64) -> Result<(), Fault> {
        let free = self.hiding(at).is_some_and(|hiding| !hiding.appealed);
        let reason = "the comment is not hidden, or an appeal was filed against that";
        require(Check::ConsultationModeration, free, reason)?;
        self.show_again(item, at, StepKind::Restored);
        Ok(())
    }

    /// Spec: specs/consultation.md §6.3.
    fn appeal(&mut self, item: &Item, author: Id, at: u64, attested: bool) -> Result<(), Fault> {
        let own = self
            .comments
            .get(&at)
            .is_some_and(|comment| comment.person == author);
        let free = self.hiding(at).is_some_and(|hiding| !hiding.appealed);
        let reason = "the comment is not the author's, is not hidden, or an appeal was filed against that";
        require(Check::ConsultationModeration, own && free, reason)?;
        let by = (!attested).then_some(item.author);
        if let Some(comment) = self.step(item, at, StepKind::Appealed, by)
            && let Some(hiding) = &mut comment.hiding
        {
            (hiding.appealed, hiding.pending) = (true, true);
        }
        Ok(())
    }

    /// Spec: specs/consultation.md §6.4.
    fn decide(&mut self, item: &Item, at: u64, decision: u8) -> Result<(), Fault> {
        let check = |holds, reason| require(Check::ConsultationModeration, holds, reason);
        let pending = self.hiding(at).filter(|hiding| hiding.pending);
        let Some(hiding) = pending else {
            return check(false, "no appeal about the comment is pending");
        };
        check(
            hiding.by != item.author,
            "the appeal was decided by the moderator who had hidden the comment",
        )?;
        match decision {
            1 => {
                let step = self.step(item, at, StepKind::AppealRejected, Some(item.author));
                if let Some(hiding) = step.and_then(|comment| comment.hiding.as_mut()) {
                    hiding.pending = false;
                }
                Ok(())
            }
            2 => {
                self.show_again(item, at, StepKind::AppealGranted);
                Ok(())
            }
            _ => check(false, "there is no such decision"),
        }
    }

    /// Spec: specs/consultation.md §7.
    fn respond(&mut self, seq: u64, person: Id, received: Day) -> Result<(), Fault> {
        self.admitted(&person)?;
        let window = Day::from(self.settings.first)..=self.last();
        require(
            Check::ConsultationWindow,
            window.contains(&received),
            "the response was received before the window, or after it",
        )?;
        let reason = "the consultation has no questions";
        require(Check::ConsultationResponse, !self.questions.is_empty(), reason)?;
        self.responses.insert(person, seq);
        self.given.insert(seq, person);
        Ok(())
    }

    /// Spec: specs/consultation.md §8.1.
    fn answer(&self, to: &[u64]) -> Result<(), Fault> {
        let visible = |at: &u64| {
            self.comments
                .get(at)
                .is_some_and(|comment| comment.standing == Standing::Visible)
        };
        let holds = (1..=MAX_ANSWERED).contains(&to.len()) && ascending(to) && to.iter().all(visible);
        let reason = "the answer is to no comment, to too many, or to one that is not visible";
        require(Check::ConsultationAnswer, holds, reason)
    }

    /// Spec: specs/consultation.md §8.2.
    fn define_theme(&mut self, theme: &str, name: &Pair) -> Result<(), Fault> {
        let new = is_short_id(theme)
            && !self.themes.contains_key(theme)
            && name.holds()
            && self.themes.len() < MAX_THEMES;
        let reason = "the theme is defined already, is malformed, or there are too many";
        require(Check::ConsultationTheme, new, reason)?;
        self.themes.insert(theme.to_owned(), BTreeSet::new());
        Ok(())
    }

    /// Spec: specs/consultation.md §8.3.
    fn assign(&mut self, theme: &str, added: &[u64], removed: &[u64]) -> Result<(), Fault> {
        let check = |holds, reason| require(Check::ConsultationTheme, holds, reason);
        let Some(theme) = self.themes.get_mut(theme) else {
            return check(false, "there is no such theme");
        };
        let some = !added.is_empty() || !removed.is_empty();
        let bounded = added.len() <= MAX_ASSIGNED && removed.len() <= MAX_ASSIGNED;
        check(
            some && bounded && ascending(added) && ascending(removed),
            "the lists of comments are empty, too long, or not ascending",
        )?;
        check(
            added
                .iter()
                .all(|at| self.comments.contains_key(at) && !theme.contains(at)),
            "a comment is added that is not there, or is in the theme",
        )?;
        check(
            removed.iter().all(|at| theme.contains(at)),
            "a comment is removed that is not in the theme",
        )?;
        for at in added {
            theme.insert(*at);
            if let Some(comment) = self.comments.get_mut(at) {
                comment.themes = comment.themes.saturating_add(1);
            }
        }
        for at in removed {
            theme.remove(at);
            if let Some(comment) = self.comments.get_mut(at) {
                comment.themes = comment.themes.saturating_sub(1);
            }
        }
        Ok(())
    }

    /// Whether every root that counts is in a theme.
    fn is_covered(&self) -> bool {
        self.comments
            .values()
            .all(|comment| comment.parent.is_some() || !comment.is_counted() || comment.themes > 0)
    }

    /// Spec: specs/consultation.md §8.4.
    fn report(&mut self, seq: u64, outcomes: &[Outcome], today: Day) -> Result<(), Fault> {
        let check = |holds, reason| require(Check::ConsultationReport, holds, reason);
        check(
            today > self.last(),
            "the report stands before the window has ended",
        )?;
        check(
            outcomes
                .iter()
                .map(|outcome| &outcome.theme)
                .eq(self.themes.keys()),
            "the report is not about exactly the themes that are defined",
        )?;
        check(
            outcomes.iter().all(|outcome| (1..=3).contains(&outcome.outcome)),
            "there is no such outcome",
        )?;
        check(self.is_covered(), "a comment that counts is in no theme")?;
        self.first_report
            .get_or_insert((today, self.settings.report_due.into()));
        self.report = Some(Published {
            seq,
            themes: outcomes.iter().map(|outcome| outcome.theme.clone()).collect(),
        });
        Ok(())
    }

    /// Spec: specs/consultation.md §8.5.
    fn archive(&mut self) -> Result<(), Fault> {
        let check = |holds, reason| require(Check::ConsultationReport, holds, reason);
        let Some(report) = &self.report else {
            return check(false, "the consultation was archived without a report");
        };
        check(
            report.themes.iter().eq(self.themes.keys()),
            "a theme was defined that the report does not have",
        )?;
        check(self.is_covered(), "a comment that counts is in no theme")?;
        let pending = |comment: &Comment| comment.hiding.is_some_and(|hiding| hiding.pending);
        check(!self.comments.values().any(pending), "an appeal is pending")?;
        self.archived = true;
        Ok(())
    }
}
