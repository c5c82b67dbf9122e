//! A consultation as open data: what everybody may read of it now.

use std::fs;
use std::path::Path;

use serde_json::json;
use sijill_exports::consultation::{
    Answer, Comment, OpenData, OptionCount, Question, Report, Responses, Theme,
};
use sijill_ledger::{Committed, LedgerId};
use sijill_registers::calendar::events::PUBLIC;
use sijill_registers::consultation::views::{Place, Reading};
use sijill_registers::consultation::{Access, CommentRecord, ConsultationState, Speaker, Standing};
use sijill_rules::numbered_day;

use super::desk::Desk;
use super::reading::{hiding, outcome_name};
use crate::commands::calendar::calendar;
use crate::error::{Failure, Outcome};
use crate::render::{say, show};

impl Desk<'_> {
    /// Writes the open data of a consultation into a new folder.
    pub(super) fn export(&self, id: &str, ledger: LedgerId, out: &Path) -> Outcome {
        let (_, facts) = calendar(self.engine())?;
        let mut all = facts.registers.iter().map(|r| &r.listing);
        if all.any(|l| l.ledger == ledger && l.visibility != PUBLIC) {
            return Err(Failure::refused(
                format!("the consultation {id} is not public"),
                "only public consultations are open data; `sijill calendar publish --accredited` is for auditors",
            )
            .code("register.visibility"));
        }
        let data = self.open_data(id, ledger)?;
        let files = [
            ("consultation.json", data.to_json()),
            ("comments.csv", data.comments_csv()),
            ("answers.csv", data.answers_csv()),
            ("report.csv", data.report_csv()),
            ("responses.csv", data.responses_csv()),
        ];
        fs::create_dir(out).map_err(|e| Failure::file(out, &e))?;
        for (name, text) in &files {
            let path = out.join(name);
            fs::write(&path, text).map_err(|e| Failure::file(&path, &e))?;
        }
        say!(
            "{}: {} comments, {} answers, as the service publishes them after {} entries; not verified.",
            out.display(),
            data.comments.len(),
            data.answers.len(),
            data.size
        );
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        show!(json!({
            "consultation": id, "out": out, "size": data.size, "comments": data.comments.len(),
            "answers": data.answers.len(), "report": data.report.is_some(),
            "responses": data.responses.as_ref().map(|r| r.persons), "files": names,
        }));
        Ok(())
    }

    fn open_data(&self, id: &str, ledger: LedgerId) -> Outcome<OpenData> {
        let handle = self.engine().ledgers().find(&ledger);
        let size = handle.map_or(0, |h| h.durable_size());
        let (mut data, texts) = self
            .with(ledger, |reading| gathered(id, ledger, size, reading))?
            .ok_or_else(|| {
                Failure::refused(
                    "the consultation is not defined yet",
                    "`sijill consultation define` defines it",
                )
                .code("consultation.order")
            })?;
        for (comment, text) in data.comments.iter_mut().zip(texts.comments) {
            comment.text = text.and_then(|text| self.read(ledger, &text));
        }
        for (answer, text) in data.answers.iter_mut().zip(texts.answers) {
            answer.text = text.and_then(|text| self.read(ledger, &text));
        }
        if let Some(report) = &mut data.report {
            report.text = texts.report.and_then(|text| self.read(ledger, &text));
            for (theme, text) in report.themes.iter_mut().zip(texts.reasons) {
                theme.reason = text.and_then(|text| self.read(ledger, &text));
            }
        }
        data.responses = self.counts_of_responses(ledger)?.map(|counted| Responses {
            persons: counted.responses,
            erased: counted.erased,
            questions: counted
                .questions
                .into_iter()
                .zip(counted.options)
                .map(|(question, persons)| Question {
                    text_en: question.text_en,
                    text_ar: question.text_ar,
                    options: question
                        .options
                        .into_iter()
                        .zip(persons)
                        .map(|(option, persons)| OptionCount {
                            en: option.en,
                            ar: option.ar,
                            persons,
                        })
                        .collect(),
                })
                .collect(),
        });
        Ok(data)
    }
}

/// The texts of open data, in its order, where they are published.
struct Texts {
    comments: Vec<Option<Committed>>,
    answers: Vec<Option<Committed>>,
    report: Option<Committed>,
    reasons: Vec<Option<Committed>>,
}

fn published(state: &ConsultationState, text: Committed) -> Option<Committed> {
    (state.access(&text.commitment) == Some(Access::Published)).then_some(text)
}

fn gathered(id: &str, ledger: LedgerId, size: u64, reading: &Reading<'_>) -> Option<(OpenData, Texts)> {
    let state = reading.state();
    let (definition, settings) = (state.definition()?, state.settings()?);
    let day = |number: u32| numbered_day(number).map(|d| d.to_string()).unwrap_or_default();
    let comments = state.comments();
    let (comments, comment_texts) = comments
        .map(|(n, c)| (comment(reading, n, c), published(state, c.text)))
        .unzip();
    let (answers, answer_texts) = state
        .answers()
        .map(|(n, a)| {
            let answer = Answer {
                answer: n,
                at_ms: a.at_ms,
                to: a.to.clone(),
                text: None,
            };
            (answer, published(state, a.text))
        })
        .unzip();
    let coverage = reading.coverage();
    let mut reasons = Vec::new();
    let report = state.report().map(|report| Report {
        position: report.position,
        text: None,
        themes: report
            .outcomes
            .iter()
            .map(|outcome| {
                reasons.push(published(state, outcome.reason));
                let theme = coverage.themes.iter().find(|t| t.theme == outcome.theme);
                Theme {
                    theme: outcome.theme.clone(),
                    name_en: theme.map(|t| t.name_en.clone()).unwrap_or_default(),
                    name_ar: theme.map(|t| t.name_ar.clone()).unwrap_or_default(),
                    counted: theme.map_or(0, |t| t.counted),
                    outcome: outcome_name(outcome.outcome),
                    reason: None,
                }
            })
            .collect(),
    });
    let data = OpenData {
        format: OpenData::FORMAT,
        id: id.to_owned(),
        ledger: ledger.to_string(),
        size,
        name_en: definition.name_en.clone(),
        name_ar: definition.name_ar.clone(),
        owner_en: settings.owner_en.clone(),
        owner_ar: settings.owner_ar.clone(),
        first: day(settings.first),
        last: day(settings.last),
        report_due: day(settings.report_due),
        report_state: reading.report_state()?.name(),
        comments,
        answers,
        report,
        responses: None,
    };
    let texts = Texts {
        comments: comment_texts,
        answers: answer_texts,
        report: state.report().and_then(|r| published(state, r.text)),
        reasons,
    };
    Some((data, texts))
}

fn comment(reading: &Reading<'_>, number: u64, record: &CommentRecord) -> Comment {
    let state = reading.state();
    let place = state.place(number);
    Comment {
        comment: number,
        participant: state.person(&record.person).map_or(0, |p| p.number),
        attested: record.by == Speaker::Intake,
        at_ms: record.at_ms,
        state: record.standing.name(),
        hidden: matches!(record.standing, Standing::Hidden { .. }).then(|| hiding(record)),
        erased: state.is_erased(&record.text),
        late: reading.is_late(record),
        counted: reading.is_counted(record),
        reply_to: record.reply_to,
        version: record.clause.as_ref().map(|on| on.version),
        clause: record.clause.as_ref().map(|on| on.clause.clone()),
        clause_now: match &place {
            Some(Place::Clause(at)) => Some(at.clause.clone()),
            _ => None,
        },
        orphaned: matches!(place, Some(Place::Orphaned { .. })),
        themes: record.themes.iter().cloned().collect(),
        answers: record.answers.clone(),
        text: None,
    }
}
