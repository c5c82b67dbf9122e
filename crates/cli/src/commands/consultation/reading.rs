//! What everybody reads of a consultation, and a participant of their own part in it. Spec: specs/consultation.md §10.

use std::path::Path;

use serde_json::{Value, json};
use sijill_boards::Kind as Found;
use sijill_ledger::LedgerId;
use sijill_registers::consultation::document::{Answers, ENGLISH};
use sijill_registers::consultation::events::{Outcome as ThemeOutcome, Question};
use sijill_registers::consultation::views::{Coverage, Place, Placed, Reading, Thread};
use sijill_registers::consultation::{Access, Act, Appeal, CommentRecord, Reason, Speaker, Standing, Step};
use sijill_registers::register::Facts;
use sijill_rules::{arabic_both, day_number, english_both, numbered_day};

use super::arguments::{Category, View, Voice};
use super::desk::{Desk, Speaks};
use super::participant::clause_number;
use crate::commands::calendar::calendar;
use crate::error::{Failure, Outcome};
use crate::render::{escape, say, show};
use crate::site::make_folder;

/// Most hits that are shown.
const MOST_HITS: u32 = 100;

/// A comment as everybody reads it.
struct Shown {
    number: u64,
    participant: u64,
    attested: bool,
    late: bool,
    standing: &'static str,
    /// The text, or why there is none.
    text: Result<String, Gone>,
    commitment: String,
    replies: u64,
    answered: bool,
    place: String,
}

/// Why a text is not there for everybody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    Hidden(&'static str),
    Withdrawn,
    Erased,
}

impl Gone {
    fn line(self) -> String {
        match self {
            Self::Hidden(code) => format!("[hidden by a moderator: {code} / حجبه مشرف]"),
            Self::Withdrawn => "[withdrawn by its author / سحبه صاحبه]".to_owned(),
            Self::Erased => "[erased / مُحي]".to_owned(),
        }
    }
}

impl Shown {
    fn line(&self) -> String {
        let mut out = format!("{} by participant {}", self.number, self.participant);
        if self.attested {
            out.push_str(", at the intake");
        }
        if self.late {
            out.push_str(", late, not counted");
        }
        if !self.place.is_empty() {
            out.push_str(&format!(" {}", self.place));
        }
        if self.answered {
            out.push_str(", answered");
        }
        let text = match &self.text {
            Ok(text) => escape(text.trim_end()),
            Err(gone) => gone.line(),
        };
        format!("{out}: {text}")
    }

    fn json(&self) -> Value {
        json!({
            "comment": self.number, "participant": self.participant, "attested": self.attested, "late": self.late,
            "state": self.standing, "text": self.text.as_ref().ok(), "erased": self.text.as_ref().err() == Some(&Gone::Erased),
            "commitment": self.commitment, "replies": self.replies, "answered": self.answered,
        })
    }
}

fn day(number: u32) -> String {
    numbered_day(number).map_or_else(|| number.to_string(), english_both)
}

fn day_ar(number: u32) -> String {
    numbered_day(number).map_or_else(|| number.to_string(), arabic_both)
}

fn iso(number: u32) -> Option<String> {
    numbered_day(number).map(|d| d.to_string())
}

pub(super) const fn outcome_name(outcome: u8) -> &'static str {
    match outcome {
        1 => "accepted",
        2 => "partly accepted",
        _ => "rejected",
    }
}

fn placed(placed: &Placed) -> String {
    let made = placed.made_on.map(|v| format!("made on version {v}"));
    let other = placed.other_wording.then(|| "of other wording".to_owned());
    let badges: Vec<String> = made.into_iter().chain(other).collect();
    if badges.is_empty() {
        String::new()
    } else {
        format!("({})", badges.join(", "))
    }
}

/// Why a comment is hidden now.
pub(super) fn hiding(comment: &CommentRecord) -> &'static str {
    let last = comment.steps.iter().rev().find_map(|step| match step.act {
        Act::Hidden { code, .. } => Reason::of(code),
        _ => None,
    });
    last.map_or("other", Reason::name)
}

fn gone(reading: &Reading<'_>, comment: &CommentRecord) -> Option<Gone> {
    if reading.state().is_erased(&comment.text) {
        return Some(Gone::Erased);
    }
    match comment.standing {
        Standing::Visible => None,
        Standing::Hidden { .. } => Some(Gone::Hidden(hiding(comment))),
        Standing::Withdrawn => Some(Gone::Withdrawn),
    }
}

const fn standing_ar(standing: Standing) -> &'static str {
    match standing {
        Standing::Visible => "ظاهر",
        Standing::Hidden { .. } => "محجوب",
        Standing::Withdrawn => "مسحوب",
    }
}

const fn reason_ar(reason: Reason) -> &'static str {
    match reason {
        Reason::PersonalData => "بيانات شخصية",
        Reason::Abuse => "إساءة",
        Reason::Threat => "تهديد",
        Reason::OffTopic => "خارج الموضوع",
        Reason::Spam => "إزعاج متكرر",
        Reason::Unlawful => "مخالف للقانون",
        Reason::Other => "سبب آخر",
    }
}

/// What happened, in English and Arabic.
fn step_lines(step: &Step) -> (String, String) {
    let speaker = |by: &Speaker| match by {
        Speaker::Author => ("its author", "صاحبه"),
        Speaker::Intake => ("the intake service", "مكتب الاستقبال"),
    };
    match &step.act {
        Act::Hidden { code, .. } => {
            let reason = Reason::of(*code).unwrap_or(Reason::Other);
            (
                format!("hidden: {}", reason.name()),
                format!("حُجب: {}", reason_ar(reason)),
            )
        }
        Act::Restored { .. } => ("restored".to_owned(), "أُعيد إظهاره".to_owned()),
        Act::Appealed { by } => {
            let (en, ar) = speaker(by);
            (format!("appeal by {en}"), format!("تظلم قدّمه {ar}"))
        }
        Act::AppealRejected { .. } => ("appeal rejected".to_owned(), "رُفض التظلم".to_owned()),
        Act::AppealGranted { .. } => ("appeal granted".to_owned(), "قُبل التظلم".to_owned()),
        Act::Withdrawn { by } => {
            let (en, ar) = speaker(by);
            (format!("withdrawn by {en}"), format!("سحبه {ar}"))
        }
        Act::Erased { .. } => ("erased".to_owned(), "مُحي".to_owned()),
    }
}

fn step_line(step: &Step) -> String {
    step_lines(step).0
}

impl Desk<'_> {
    pub(super) fn list(&self) -> Outcome {
        let (_, facts) = calendar(self.engine())?;
        let mut rows = Vec::new();
        for listed in &facts.registers {
            let listing = &listed.listing;
            let handle = self.engine().ledgers().find(&listing.ledger);
            if !handle.is_some_and(|h| matches!(h.facts(), Facts::Consultation(_))) {
                continue;
            }
            let today = self.today(listing.ledger)?;
            let (stage, counts) = self.with(listing.ledger, |reading| {
                (stage(reading, today), reading.counts())
            })?;
            say!(
                "{}: {} ({stage}); {} comments, {} of them count",
                listing.id,
                escape(&listing.name_en),
                counts.comments,
                counts.counted
            );
            rows.push(json!({
                "consultation": listing.id.as_str(), "ledger": listing.ledger, "name": listing.name_en,
                "name_ar": listing.name_ar, "stage": stage.name(), "comments": counts.comments, "counted": counts.counted,
            }));
        }
        if rows.is_empty() {
            say!("There is no consultation yet.");
        }
        show!(json!({ "consultations": rows }));
        Ok(())
    }

    /// Today, in the time zone of the jurisdiction.
    fn today(&self, ledger: LedgerId) -> Outcome<u32> {
        let now = self.engine().now().as_u64();
        self.with(ledger, |reading| {
            let today = reading.calendar().day_of(now)?;
            u32::try_from(day_number(today)).ok()
        })?
        .ok_or_else(|| Failure::internal("a day beyond the calendar"))
    }

    pub(super) fn show(&self, id: &str, ledger: LedgerId, view: View) -> Outcome {
        match view {
            View::Summary => self.summary(id, ledger),
            View::Clauses => self.clauses(id, ledger),
            View::Orphaned => self.orphaned(id, ledger),
            View::Threads => self.threads(id, ledger),
            View::Moderation => self.moderation(id, ledger),
            View::Coverage => self.coverage(id, ledger),
            View::Responses => self.responses(id, ledger),
            View::Report => self.report_as_published(id, ledger),
        }
    }

    fn shown(&self, ledger: LedgerId, number: u64) -> Outcome<Option<Shown>> {
        let found = self.with(ledger, |reading| {
            let state = reading.state();
            let comment = state.comment(number)?;
            let place = match state.place(number) {
                Some(Place::Clause(at)) if comment.reply_to.is_none() => {
                    let number = state.latest().and_then(|(_, d)| clause_number(d, &at.clause));
                    format!("on {} {}", number.unwrap_or_default(), placed(&at))
                        .trim_end()
                        .to_owned()
                }
                Some(Place::Orphaned { version, clause }) if comment.reply_to.is_none() => {
                    format!("on clause {clause} of version {version}, which is gone")
                }
                _ => String::new(),
            };
            let shown = Shown {
                number,
                participant: state.person(&comment.person).map_or(0, |p| p.number),
                attested: comment.by == Speaker::Intake,
                late: reading.is_late(comment),
                standing: comment.standing.name(),
                text: match gone(reading, comment) {
                    Some(gone) => Err(gone),
                    None => Ok(String::new()),
                },
                commitment: hex::encode(comment.text.commitment),
                replies: state.thread(number).map_or(0, |t| t.size()),
                answered: !comment.answers.is_empty(),
                place,
            };
            Some((shown, comment.text))
        })?;
        Ok(found.map(|(mut shown, text)| {
            if shown.text.is_ok() {
                shown.text = self.read(ledger, &text).ok_or(Gone::Erased);
            }
            shown
        }))
    }

    fn summary(&self, id: &str, ledger: LedgerId) -> Outcome {
        let today = self.today(ledger)?;
        let (definition, settings, versions, counts, stage, report) = self.with(ledger, |reading| {
            let state = reading.state();
            (
                state.definition().cloned(),
                state.settings().cloned(),
                state.versions().len(),
                reading.counts(),
                stage(reading, today),
                reading.report_state().map(|r| r.name()),
            )
        })?;
        let (Some(definition), Some(settings)) = (definition, settings) else {
            say!("{id} is not defined yet.");
            show!(json!({ "consultation": id, "stage": stage.name() }));
            return Ok(());
        };
        say!(
            "{} / {}",
            escape(&definition.name_en),
            escape(&definition.name_ar)
        );
        say!(
            "Asked by {}; responsible: {}.",
            escape(&settings.owner_en),
            escape(&settings.officer_en)
        );
        say!("From {} to {}: {stage}.", day(settings.first), day(settings.last));
        say!(
            "من {} إلى {}: {}.",
            day_ar(settings.first),
            day_ar(settings.last),
            stage.arabic()
        );
        say!(
            "The report is due by {} ({}).",
            day(settings.report_due),
            report.unwrap_or_default()
        );
        let who: Vec<&str> = settings.categories.iter().map(|c| Category::name(*c)).collect();
        let only = if settings.verified_only { ", verified" } else { "" };
        say!("Open to: {}{only}.", who.join(", "));
        say!("The document has {versions} versions.");
        for (n, question) in (1..).zip(&definition.questions) {
            say!("Question {n}: {}", escape(&question.text_en));
            for (o, option) in (1..).zip(&question.options) {
                say!("  {o}: {}", escape(&option.en));
            }
        }
        say!(
            "{} participants, {} comments: {} visible, {} hidden, {} withdrawn, {} late, {} erased; {} count. {} responses.",
            counts.participants,
            counts.comments,
            counts.visible,
            counts.hidden,
            counts.withdrawn,
            counts.late,
            counts.erased,
            counts.counted,
            counts.responses
        );
        show!(json!({
            "consultation": id, "ledger": ledger, "name": definition.name_en, "name_ar": definition.name_ar,
            "stage": stage.name(), "first": iso(settings.first), "last": iso(settings.last),
            "report_due": iso(settings.report_due), "report": report, "categories": who,
            "verified_only": settings.verified_only, "versions": versions, "questions": definition.questions.len(),
            "counts": counts,
        }));
        Ok(())
    }

    fn clauses(&self, id: &str, ledger: LedgerId) -> Outcome {
        let (version, texts, reading) = self.with(ledger, |reading| {
            let latest = reading.state().latest();
            let texts: Vec<_> = latest
                .map(|(_, d)| d.clauses().iter().map(|c| c.text.clone()).collect())
                .unwrap_or_default();
            (latest.map(|(version, _)| version), texts, reading.clauses())
        })?;
        let Some(version) = version else {
            say!("There is no document yet.");
            show!(json!({ "consultation": id, "version": null, "clauses": [] }));
            return Ok(());
        };
        say!("Version {version}:");
        let mut rows = Vec::new();
        for (clause, text) in reading.clauses.iter().zip(texts) {
            say!(
                "{} {{#{}}}: {} comments count",
                escape(&clause.number),
                clause.clause,
                clause.counted
            );
            for text in [&text.en, &text.ar].into_iter().filter(|t| !t.is_empty()) {
                say!("  | {}", escape(text).replace('\n', "\n  | "));
            }
            let mut comments = Vec::new();
            for (number, _) in &clause.comments {
                if let Some(shown) = self.shown(ledger, *number)? {
                    say!("  {}", shown.line());
                    comments.push(shown.json());
                }
            }
            rows.push(json!({
                "clause": clause.clause, "number": clause.number, "counted": clause.counted,
                "text": { "en": text.en, "ar": text.ar }, "comments": comments,
            }));
        }
        let mut whole = Vec::new();
        for number in &reading.document {
            if let Some(shown) = self.shown(ledger, *number)? {
                if whole.is_empty() {
                    say!("On the document as a whole:");
                }
                say!("  {}", shown.line());
                whole.push(shown.json());
            }
        }
        if !reading.orphaned.is_empty() {
            say!(
                "{} comments are on clauses that are gone: --view orphaned.",
                reading.orphaned.len()
            );
        }
        show!(json!({
            "consultation": id, "version": version, "clauses": rows, "document": whole,
            "orphaned": reading.orphaned.len(),
        }));
        Ok(())
    }

    fn orphaned(&self, id: &str, ledger: LedgerId) -> Outcome {
        let orphaned = self.with(ledger, |reading| {
            let text_of = |version: u32, clause: &str| {
                let at = usize::try_from(version).ok()?.checked_sub(1)?;
                let (found, _) = reading.state().versions().get(at)?.document.clause(clause)?;
                Some(found.clone())
            };
            let all = reading.clauses().orphaned.into_iter();
            all.map(|(number, version, clause)| (number, version, text_of(version, &clause), clause))
                .collect::<Vec<_>>()
        })?;
        let mut rows = Vec::new();
        for (number, version, made_on, clause) in orphaned {
            let Some(shown) = self.shown(ledger, number)? else {
                continue;
            };
            say!("{}", shown.line());
            if let Some(made_on) = &made_on {
                let text = made_on.text.in_language(ENGLISH).filter(|t| !t.is_empty());
                say!("  | {}", escape(text.unwrap_or(&made_on.text.ar)));
            }
            let mut row = shown.json();
            row["version"] = json!(version);
            row["clause"] = json!(clause);
            row["clause_text"] = json!(made_on.map(|c| json!({ "en": c.text.en, "ar": c.text.ar })));
            rows.push(row);
        }
        if rows.is_empty() {
            say!("No comment is on a clause that is gone.");
        }
        show!(json!({ "consultation": id, "orphaned": rows }));
        Ok(())
    }

    fn threads(&self, id: &str, ledger: LedgerId) -> Outcome {
        let threads: Vec<Thread> = self.state(ledger, |state| state.threads().collect())?;
        let mut rows = Vec::new();
        for thread in &threads {
            rows.push(self.thread(ledger, thread, 0)?);
        }
        if threads.is_empty() {
            say!("Nobody has commented yet.");
        }
        show!(json!({ "consultation": id, "threads": rows }));
        Ok(())
    }

    fn thread(&self, ledger: LedgerId, thread: &Thread, depth: usize) -> Outcome<Value> {
        let Some(shown) = self.shown(ledger, thread.comment)? else {
            return Ok(Value::Null);
        };
        say!("{}{}", "  ".repeat(depth), shown.line());
        let mut replies = Vec::new();
        for reply in &thread.replies {
            replies.push(self.thread(ledger, reply, depth + 1)?);
        }
        let mut row = shown.json();
        row["thread"] = json!(replies);
        Ok(row)
    }

    fn moderation(&self, id: &str, ledger: LedgerId) -> Outcome {
        let size = self
            .engine()
            .ledgers()
            .find(&ledger)
            .map_or(0, |h| h.durable_size());
        let (log, steps) = self.with(ledger, |reading| {
            let comments = reading.state().comments();
            let steps: Vec<(u64, &'static str, Vec<String>)> = comments
                .filter(|(_, c)| !c.steps.is_empty())
                .map(|(n, c)| (n, c.standing.name(), c.steps.iter().map(step_line).collect()))
                .collect();
            (reading.moderation_log(ledger, size), steps)
        })?;
        for (number, standing, steps) in &steps {
            say!("{number} is {standing}: {}", steps.join("; "));
        }
        if steps.is_empty() {
            say!("Nothing was hidden, withdrawn or erased.");
        }
        let log = log.map(|log| serde_json::to_value(log).map_err(Failure::internal));
        show!(json!({ "consultation": id, "log": log.transpose()? }));
        Ok(())
    }

    fn coverage(&self, id: &str, ledger: LedgerId) -> Outcome {
        let coverage: Coverage = self.with(ledger, |reading| reading.coverage())?;
        say!(
            "{} comments count; {} are answered, {} are in a theme of the report.",
            coverage.counted,
            coverage.answered,
            coverage.followed_up
        );
        let mut themes = Vec::new();
        for theme in &coverage.themes {
            let outcome = theme.outcome.map(outcome_name);
            say!(
                "{}: {} ({} comments count): {}",
                theme.theme,
                escape(&theme.name_en),
                theme.counted,
                outcome.unwrap_or("not reported on")
            );
            themes.push(json!({
                "theme": theme.theme, "name": theme.name_en, "name_ar": theme.name_ar, "counted": theme.counted,
                "outcome": outcome,
            }));
        }
        if !coverage.uncovered.is_empty() {
            let all: Vec<String> = coverage.uncovered.iter().map(u64::to_string).collect();
            say!("In no theme yet: {}", all.join(", "));
        }
        show!(json!({
            "consultation": id, "counted": coverage.counted, "answered": coverage.answered,
            "followed_up": coverage.followed_up, "uncovered": coverage.uncovered, "themes": themes,
        }));
        Ok(())
    }

    /// The number of persons for each option; `None` before the window has ended.
    pub(super) fn counts_of_responses(&self, ledger: LedgerId) -> Outcome<Option<Counted>> {
        let (questions, over, published) = self.state(ledger, |state| {
            let questions = state
                .definition()
                .map(|d| d.questions.clone())
                .unwrap_or_default();
            let committed: Vec<_> = state
                .responses()
                .filter_map(|(_, position)| state.committed_answers(position))
                .map(|committed| (committed, state.access(&committed.commitment)))
                .collect();
            (questions, state.is_window_over(), committed)
        })?;
        if !over {
            return Ok(None);
        }
        let mut counted = Counted {
            options: questions.iter().map(|q| vec![0; q.options.len()]).collect(),
            questions,
            responses: 0,
            erased: 0,
        };
        for (committed, access) in published {
            counted.responses += 1;
            if access == Some(Access::Erased) {
                counted.erased += 1;
                continue;
            }
            let content = self.engine().committed_content(&ledger, &committed)?;
            let answers = Answers::parse(&content, &counted.questions).map_err(Failure::internal)?;
            for (options, chosen) in counted.options.iter_mut().zip(answers.answers) {
                for option in chosen {
                    if let Some(n) = options.get_mut(usize::from(option)) {
                        *n += 1;
                    }
                }
            }
        }
        Ok(Some(counted))
    }

    fn responses(&self, id: &str, ledger: LedgerId) -> Outcome {
        let Some(counted) = self.counts_of_responses(ledger)? else {
            return Err(Failure::refused(
                "the counts of responses are published when the window has ended and its last day is closed",
                "nobody sees before the close how it stands; look again then",
            )
            .code("consultation.window")
            .in_arabic("تُنشر أعداد الإجابات بعد إغلاق المشاورة."));
        };
        let mut rows = Vec::new();
        for (n, (question, options)) in (1..).zip(counted.questions.iter().zip(&counted.options)) {
            say!("{n}. {}", escape(&question.text_en));
            let mut row = Vec::new();
            for (option, count) in question.options.iter().zip(options) {
                say!("   {}: {count}", escape(&option.en));
                row.push(json!({ "option": option.en, "option_ar": option.ar, "persons": count }));
            }
            rows.push(
                json!({ "question": question.text_en, "question_ar": question.text_ar, "options": row }),
            );
        }
        say!(
            "{} persons responded; the answers of {} are erased.",
            counted.responses,
            counted.erased
        );
        show!(json!({
            "consultation": id, "responses": counted.responses, "erased": counted.erased, "questions": rows,
        }));
        Ok(())
    }

    fn report_as_published(&self, id: &str, ledger: LedgerId) -> Outcome {
        let (report, state) = self.with(ledger, |reading| {
            let state = reading.report_state().map(|r| r.name());
            (reading.state().report().cloned(), state)
        })?;
        let Some(report) = report else {
            say!("There is no report yet ({}).", state.unwrap_or_default());
            show!(json!({ "consultation": id, "state": state, "report": null }));
            return Ok(());
        };
        let text = self.read(ledger, &report.text).unwrap_or_default();
        say!("{}", escape(&text));
        let mut rows = Vec::new();
        for outcome in &report.outcomes {
            let reason = self.read(ledger, &outcome.reason).unwrap_or_default();
            say!(
                "{}: {}. {}",
                outcome.theme,
                outcome_name(outcome.outcome),
                escape(&reason)
            );
            rows.push(json!({
                "theme": outcome.theme, "outcome": outcome_name(outcome.outcome), "reason": reason,
            }));
        }
        show!(
            json!({ "consultation": id, "state": state, "seq": report.position, "report": text, "themes": rows })
        );
        Ok(())
    }

    pub(super) async fn mine(
        &self,
        id: &str,
        ledger: LedgerId,
        receipts: Option<&Path>,
        voice: &Voice,
    ) -> Outcome {
        let nobody = || {
            Failure::refused(
                "this person is not enrolled in the consultation",
                "enrol at the intake service, or give the key that you enrolled with",
            )
            .code("participant.missing")
            .in_arabic("لست مسجَّلًا في هذه المشاورة.")
        };
        let person = match self.speaks(ledger, voice)? {
            Speaks::Key(key) => self
                .state(ledger, |state| state.person_of(&key.key_id()))?
                .ok_or_else(nobody)?,
            Speaks::Intake(person) => person,
        };
        let found = self.with(ledger, |reading| reading.participation(&person))?;
        let found = found.ok_or_else(nobody)?;
        let key = if found.has_key {
            "signs with an own key"
        } else {
            "speaks at the intake service"
        };
        say!(
            "Participant {}: {}, {key}. المشارك رقم {}.",
            found.number,
            Category::name(found.category),
            found.number
        );
        let mut rows = Vec::new();
        for own in &found.comments {
            let text = self.state(ledger, |state| state.comment(own.position).map(|c| c.text))?;
            let text = text.and_then(|committed| self.read(ledger, &committed));
            let late = if own.late {
                ", late, not counted / متأخر"
            } else {
                ""
            };
            say!(
                "{} is {} / {}{late}; {} replies: {}",
                own.position,
                own.standing.name(),
                standing_ar(own.standing),
                own.replies,
                escape(text.as_deref().map_or("[erased / مُحي]", str::trim_end))
            );
            let mut steps = Vec::new();
            for step in &own.steps {
                let note = match &step.act {
                    Act::Hidden { note, .. }
                    | Act::AppealRejected { note, .. }
                    | Act::AppealGranted { note, .. } => *note,
                    _ => None,
                };
                let note = note.and_then(|committed| self.read(ledger, &committed));
                let more = note.as_deref().map(|n| format!(" ({})", escape(n)));
                let (english, arabic) = step_lines(step);
                say!("  {english} / {arabic}{}", more.unwrap_or_default());
                steps.push(json!({ "seq": step.position, "step": step_line(step), "note": note }));
            }
            if let Standing::Hidden {
                appeal: Appeal::Pending,
                ..
            } = own.standing
            {
                say!("  The appeal is pending. التظلم قيد النظر.");
            }
            if own.can_appeal {
                say!(
                    "  You can appeal: `sijill consultation appeal {id} {}`.",
                    own.position
                );
            }
            let mut outcomes = Vec::new();
            for outcome in &own.outcomes {
                outcomes.push(self.own_outcome(ledger, outcome));
            }
            let mut answers = Vec::new();
            for answer in &own.answers {
                let text = self.state(ledger, |state| state.answer(*answer).map(|a| a.text))?;
                let text = text.and_then(|committed| self.read(ledger, &committed));
                say!(
                    "  The owner answers: {}",
                    escape(text.as_deref().unwrap_or_default())
                );
                answers.push(json!({ "seq": answer, "text": text }));
            }
            rows.push(json!({
                "comment": own.position, "at_ms": own.at_ms, "state": own.standing.name(), "late": own.late,
                "published": own.access == Access::Published, "replies": own.replies, "text": text, "steps": steps,
                "answers": answers, "outcomes": outcomes, "can_appeal": own.can_appeal,
                "can_withdraw": own.can_withdraw,
            }));
        }
        if let Some(last) = found.responses.last() {
            say!(
                "{} responses; the one at entry {last} counts.",
                found.responses.len()
            );
        }
        let mut written = Vec::new();
        if let Some(folder) = receipts {
            make_folder(folder)?;
            let all = found.comments.iter().map(|c| c.position);
            for seq in all.chain(found.responses.iter().copied()) {
                written.push(self.receipt(id, ledger, seq, folder).await?);
            }
            say!("{} receipts in {}", written.len(), folder.display());
        }
        show!(json!({
            "consultation": id, "participant": found.number, "category": Category::name(found.category),
            "verified": found.verified, "has_key": found.has_key, "comments": rows,
            "responses": found.responses, "receipts": written,
        }));
        Ok(())
    }

    fn own_outcome(&self, ledger: LedgerId, outcome: &ThemeOutcome) -> Value {
        let reason = self.read(ledger, &outcome.reason).unwrap_or_default();
        say!(
            "  What came of it ({}): {}. {}",
            outcome.theme,
            outcome_name(outcome.outcome),
            escape(&reason)
        );
        json!({ "theme": outcome.theme, "outcome": outcome_name(outcome.outcome), "reason": reason })
    }

    pub(super) async fn search(&self, id: &str, ledger: LedgerId, words: &[String]) -> Outcome {
        let boards = crate::boards::follow_one(&self.site, self.engine(), ledger).await?;
        let hits = boards.search(ledger, &words.join(" "), None, MOST_HITS)?.lines;
        let mut rows = Vec::new();
        for hit in &hits {
            match hit.kind {
                Found::Comment => {
                    if let Some(shown) = self.shown(ledger, hit.position)? {
                        say!("{}", shown.line());
                        rows.push(shown.json());
                    }
                }
                Found::Answer => {
                    let text = self.state(ledger, |state| state.answer(hit.position).map(|a| a.text))?;
                    let text = text.and_then(|committed| self.read(ledger, &committed));
                    say!(
                        "{} answer of the owner: {}",
                        hit.position,
                        escape(text.as_deref().unwrap_or_default())
                    );
                    rows.push(json!({ "answer": hit.position, "text": text }));
                }
                Found::Disclosure => {}
            }
        }
        if rows.is_empty() {
            say!("Nothing was found. لا توجد نتائج.");
        }
        show!(json!({ "consultation": id, "found": rows }));
        Ok(())
    }
}

/// Counts of responses. Spec: specs/consultation.md §10.4.
pub(super) struct Counted {
    pub(super) questions: Vec<Question>,
    /// Persons for each option of each question.
    pub(super) options: Vec<Vec<u64>>,
    /// Persons who responded.
    pub(super) responses: u64,
    /// Those of them whose answers are erased.
    pub(super) erased: u64,
}

/// Where a consultation stands.
#[derive(Clone, Copy)]
enum Stage {
    Undefined,
    Ahead,
    Open,
    Awaited,
    Overdue,
    Reported,
    Archived,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Undefined => "not defined yet",
            Self::Ahead => "not open yet",
            Self::Open => "open",
            Self::Awaited => "closed, the report is awaited",
            Self::Overdue => "closed, the report is overdue",
            Self::Reported => "closed, with a report",
            Self::Archived => "archived",
        }
    }

    const fn arabic(self) -> &'static str {
        match self {
            Self::Undefined => "لم تُعرَّف بعد",
            Self::Ahead => "لم تُفتح بعد",
            Self::Open => "مفتوحة",
            Self::Awaited => "مغلقة بانتظار التقرير",
            Self::Overdue => "مغلقة والتقرير متأخر",
            Self::Reported => "مغلقة ونُشر التقرير",
            Self::Archived => "مؤرشفة",
        }
    }
}

/// Where a consultation stands today.
fn stage(reading: &Reading<'_>, today: u32) -> Stage {
    let state = reading.state();
    let Some(settings) = state.settings() else {
        return Stage::Undefined;
    };
    if state.archived().is_some() {
        return Stage::Archived;
    }
    if today < settings.first {
        return Stage::Ahead;
    }
    if today <= settings.last {
        return Stage::Open;
    }
    match (state.report().is_some(), today > settings.report_due) {
        (true, _) => Stage::Reported,
        (false, true) => Stage::Overdue,
        (false, false) => Stage::Awaited,
    }
}
