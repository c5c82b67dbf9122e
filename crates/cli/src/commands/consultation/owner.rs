//! What the owner of a consultation does: defines it, publishes its document, answers, reports, archives.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use sijill_ledger::{Kind, LedgerId, Role};
use sijill_registers::calendar::events::{ACCREDITED, PUBLIC};
use sijill_registers::consultation::document::{ARABIC, Document, ENGLISH};
use sijill_registers::consultation::events::{
    AnswerGiven, Choice, CommentsAssigned, ConsultationArchived, ConsultationDefined, ConsultationEvent,
    DocumentPublished, Outcome as ThemeOutcome, Question, ReportPublished, Settings, SettingsChanged,
    ThemeDefined,
};

use super::arguments::{Category, KeyArg, Late, NewArgs, SettingsArgs};
use super::desk::{Desk, done, numbers};
use super::document;
use crate::commands::calendar::{Names, NewRegister, day, number as day_number};
use crate::error::{Failure, Outcome};
use crate::render::{escape, say, show};
use crate::site::read_bounded;

/// The file of `define`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefinitionFile {
    name_en: String,
    #[serde(default)]
    name_ar: String,
    languages: Vec<String>,
    first: String,
    last: String,
    report_due: String,
    late: String,
    categories: Vec<String>,
    verified_only: bool,
    owner_en: String,
    #[serde(default)]
    owner_ar: String,
    officer_en: String,
    #[serde(default)]
    officer_ar: String,
    #[serde(default)]
    question: Vec<QuestionEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionEntry {
    text_en: String,
    #[serde(default)]
    text_ar: String,
    min: u16,
    max: u16,
    options: Vec<OptionEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionEntry {
    en: String,
    #[serde(default)]
    ar: String,
}

/// The file of `report`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportFile {
    report: String,
    #[serde(default)]
    theme: Vec<ThemeEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeEntry {
    id: String,
    outcome: String,
    reason: String,
}

impl DefinitionFile {
    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    fn event(self) -> Outcome<ConsultationDefined> {
        let of = |found: Option<u8>, what: &str, text: &str| {
            found.ok_or_else(|| bad_file(format!("there is no {what} `{}`", escape(text))))
        };
        let languages = self.languages.iter().map(|l| {
            let code = match l.as_str() {
                "ar" => Some(ARABIC),
                "en" => Some(ENGLISH),
                _ => None,
            };
            of(code, "language", l)
        });
        let categories = self.categories.iter().map(|c| {
            let all = [Category::Citizen, Category::Resident, Category::Visitor].map(Category::code);
            let code = all.into_iter().find(|code| Category::name(*code) == c);
            of(code, "category", c)
        });
        let late = match self.late.as_str() {
            "refused" => Some(Late::Refused.code()),
            "not-counted" => Some(Late::NotCounted.code()),
            _ => None,
        };
        let questions = self.question.into_iter().map(|q| Question {
            text_en: q.text_en,
            text_ar: q.text_ar,
            options: q
                .options
                .into_iter()
                .map(|o| Choice { en: o.en, ar: o.ar })
                .collect(),
            min: q.min,
            max: q.max,
        });
        Ok(ConsultationDefined {
            name_en: self.name_en,
            name_ar: self.name_ar,
            languages: ascending(languages.collect::<Outcome<_>>()?),
            settings: Settings {
                first: day_number(day(&self.first)?),
                last: day_number(day(&self.last)?),
                report_due: day_number(day(&self.report_due)?),
                late: of(late, "rule for late comments", &self.late)?,
                categories: ascending(categories.collect::<Outcome<_>>()?),
                verified_only: self.verified_only,
                owner_en: self.owner_en,
                owner_ar: self.owner_ar,
                officer_en: self.officer_en,
                officer_ar: self.officer_ar,
            },
            questions: questions.collect(),
        })
    }
}

fn bad_file(problem: impl Into<String>) -> Failure {
    Failure::refused(
        problem,
        "mend the file; `--help` of this command says what is in it",
    )
    .code("consultation-file")
}

fn ascending(mut all: Vec<u8>) -> Vec<u8> {
    all.sort_unstable();
    all
}

fn read_text(path: &Path) -> Outcome<String> {
    String::from_utf8(read_bounded(path)?).map_err(|_| {
        Failure::refused(
            format!("{} is not UTF-8 text", path.display()),
            "save it as UTF-8 and try again",
        )
        .code("file.encoding")
    })
}

impl Desk<'_> {
    pub(super) async fn new_consultation(&self, args: &NewArgs) -> Outcome {
        let engine = self.engine();
        let register = NewRegister::named(engine, &args.id, &args.authority, "park-fees")?;
        let signing = self.common.signing_key(&args.key.key)?;
        let offices: [(&[String], Role); 3] = [
            (&args.member, Role::Commission),
            (&args.owner, Role::ConsultationOwner),
            (&args.moderator, Role::Moderator),
        ];
        let visibility = if args.accredited { ACCREDITED } else { PUBLIC };
        let ledger = register
            .begin(
                engine,
                self.site.origin(),
                (Kind::Consultation, "consultation", visibility),
                &args.names,
                (&signing, &offices),
                None,
            )
            .await?;
        let id = register.id;
        say!(
            "The consultation {id} is ledger {ledger}. Next, by its owner: `sijill consultation define {id}`."
        );
        show!(json!({ "consultation": id.as_str(), "ledger": ledger }));
        Ok(())
    }

    pub(super) async fn define(&self, id: &str, ledger: LedgerId, file: &Path, key: &KeyArg) -> Outcome {
        let text = read_text(file)?;
        let parsed = DefinitionFile::parse(&text);
        let parsed = parsed.map_err(|e| bad_file(format!("{}: {e}", file.display())))?;
        let event = ConsultationEvent::ConsultationDefined(parsed.event()?);
        let at = self.sign(ledger, event, key).await?;
        done(id, "it is defined", &at, json!({}))
    }

    pub(super) async fn settings(&self, ledger: LedgerId, args: &SettingsArgs) -> Outcome {
        let before = self.state(ledger, |state| state.settings().cloned())?;
        let before = before.ok_or_else(|| {
            Failure::refused(
                "the consultation is not defined yet",
                "`sijill consultation define` defines it",
            )
            .code("consultation.order")
        })?;
        let mut after = before.clone();
        for (given, field) in [
            (&args.first, &mut after.first),
            (&args.last, &mut after.last),
            (&args.report_due, &mut after.report_due),
        ] {
            if let Some(text) = given {
                *field = day_number(day(text)?);
            }
        }
        if let Some(late) = args.late {
            after.late = late.code();
        }
        if !args.categories.is_empty() {
            after.categories = ascending(args.categories.iter().map(|c| c.code()).collect());
        }
        if let Some(only) = args.verified_only {
            after.verified_only = only;
        }
        if let Some(text) = &args.officer_en {
            after.officer_en.clone_from(text);
        }
        if let Some(text) = &args.officer_ar {
            after.officer_ar.clone_from(text);
        }
        let event = ConsultationEvent::SettingsChanged(SettingsChanged {
            before,
            after,
            reason: args.reason.clone(),
        });
        let at = self.sign(ledger, event, &args.key).await?;
        done(&args.consultation, "the settings have changed", &at, json!({}))
    }

    pub(super) async fn publish(&self, id: &str, ledger: LedgerId, file: &Path, key: &KeyArg) -> Outcome {
        let (languages, version) = self.state(ledger, |state| {
            let languages = state.definition().map(|d| d.languages.clone());
            (languages.unwrap_or_default(), state.versions().len() + 1)
        })?;
        let is_json = file.extension().is_some_and(|e| e == "json");
        let written = document::parse(&read_text(file)?, is_json, &languages)?;
        let clauses = written.clauses.len();
        let bytes = Document::write(&written.clauses);
        if !languages.is_empty() {
            // Looked at before anything is kept; the ledger looks at it again.
            Document::parse(&bytes, &languages).map_err(|problem| {
                Failure::refused(
                    format!("{}: {problem}", file.display()),
                    "mend the clause that is named",
                )
                .code("consultation.document")
            })?;
        }
        let event = ConsultationEvent::DocumentPublished(DocumentPublished {
            version: u32::try_from(version).map_err(Failure::internal)?,
            document: self.engine().put_content(&bytes)?,
            moves: written.moves,
        });
        let at = self.sign(ledger, event, key).await?;
        let what = format!("version {version} of the document, {clauses} clauses, is published");
        done(id, &what, &at, json!({ "version": version, "clauses": clauses }))
    }

    pub(super) async fn answer(
        &self,
        id: &str,
        ledger: LedgerId,
        to: &[String],
        text: &Path,
        key: &KeyArg,
    ) -> Outcome {
        let to = numbers(to)?;
        let text = self.commit_file(ledger, text)?;
        let event = ConsultationEvent::AnswerGiven(AnswerGiven { to, text });
        let at = self.sign(ledger, event, key).await?;
        done(id, "the answer is published", &at, json!({}))
    }

    pub(super) async fn theme(
        &self,
        id: &str,
        ledger: LedgerId,
        theme: &str,
        names: &Names,
        key: &KeyArg,
    ) -> Outcome {
        let event = ConsultationEvent::ThemeDefined(ThemeDefined {
            theme: theme.to_owned(),
            name_en: names.name_en.clone(),
            name_ar: names.name_ar.clone(),
        });
        let at = self.sign(ledger, event, key).await?;
        let what = format!("the theme {} is defined", escape(theme));
        done(id, &what, &at, json!({ "theme": theme }))
    }

    pub(super) async fn assign(
        &self,
        id: &str,
        ledger: LedgerId,
        theme: &str,
        (add, remove): (&[String], &[String]),
        key: &KeyArg,
    ) -> Outcome {
        let event = ConsultationEvent::CommentsAssigned(CommentsAssigned {
            theme: theme.to_owned(),
            added: numbers(add)?,
            removed: numbers(remove)?,
        });
        let at = self.sign(ledger, event, key).await?;
        let what = format!("the comments of the theme {} have changed", escape(theme));
        done(id, &what, &at, json!({ "theme": theme }))
    }

    pub(super) async fn report(&self, id: &str, ledger: LedgerId, file: &Path, key: &KeyArg) -> Outcome {
        let text = read_text(file)?;
        let bad = |problem: String| bad_file(format!("{}: {problem}", file.display()));
        let parsed: ReportFile = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
        let mut outcomes = Vec::new();
        let mut themes = parsed.theme;
        themes.sort_by(|a, b| a.id.cmp(&b.id));
        // Looked at as a whole before anything is kept.
        let codes = themes.iter().map(|theme| match theme.outcome.as_str() {
            "accepted" => Ok(1),
            "partly-accepted" => Ok(2),
            "rejected" => Ok(3),
            other => Err(bad(format!("there is no outcome `{}`", escape(other)))),
        });
        let codes = codes.collect::<Outcome<Vec<u8>>>()?;
        for (theme, outcome) in themes.into_iter().zip(codes) {
            outcomes.push(ThemeOutcome {
                reason: self.commit(ledger, &theme.reason)?,
                theme: theme.id,
                outcome,
            });
        }
        let event = ConsultationEvent::ReportPublished(ReportPublished {
            report: self.commit(ledger, &parsed.report)?,
            outcomes,
        });
        let at = self.sign(ledger, event, key).await?;
        done(id, "the report is published", &at, json!({}))
    }

    pub(super) async fn archive(&self, id: &str, ledger: LedgerId, key: &KeyArg) -> Outcome {
        let event = ConsultationEvent::ConsultationArchived(ConsultationArchived {});
        let at = self.sign(ledger, event, key).await?;
        done(id, "it is archived", &at, json!({}))
    }
}
