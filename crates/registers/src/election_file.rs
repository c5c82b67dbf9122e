//! The file that people edit: an election in TOML, compiled with a rule pack into a manifest.

use jiff::Timestamp;
use serde::Deserialize;
use sijill_rules::RulePack;
use unicode_normalization::UnicodeNormalization as _;

use crate::manifest::{Contest, District, FORMAT, Manifest, ManifestError, Question, SUITE, Text, Trustees};
use crate::names::Name;

/// Why an election file makes no manifest. The fault is the file's author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ElectionFileError {
    /// Not TOML, or fields missing, unknown or of the wrong type.
    #[error("the election file cannot be read: {0}")]
    Syntax(String),
    /// A format that this version does not know.
    #[error("the election file has the format `{0}`; this version reads `sijill-election/1`")]
    UnknownFormat(String),
    /// A time that is not RFC 3339 with an offset.
    #[error("`{field}`: `{text}` is not a time such as 2026-12-05T07:00:00+03:00")]
    Time {
        /// The field.
        field: &'static str,
        /// What it says.
        text: String,
    },
    /// Not a time zone of the IANA database.
    #[error("`time_zone`: `{name}` is no time zone of the IANA database, such as Asia/Qatar")]
    TimeZone {
        /// What the file says.
        name: String,
    },
    /// Not an id.
    #[error("`{field}`: `{text}` {problem}")]
    Name {
        /// The field.
        field: &'static str,
        /// What it says.
        text: String,
        /// What is wrong.
        problem: crate::names::NameError,
    },
    /// The file names another rule pack than the one given.
    #[error("the election file names the rules `{named}`, but the rule pack given is `{given}`")]
    OtherRules {
        /// In the file.
        named: String,
        /// The pack's id.
        given: String,
    },
    /// The rules do not permit what the file says.
    #[error("`{field}`: {problem} (rule pack {rules})")]
    Rules {
        /// The field.
        field: &'static str,
        /// What the rules say.
        problem: String,
        /// The pack's id.
        rules: String,
    },
    /// A text that readers could take for another one.
    #[error("`{field}`: {problem}")]
    Text {
        /// The field.
        field: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A district has questions and names without a poll.
    #[error("district `{0}` has both questions and `unopposed` names; leave out one of them")]
    PolledAndUnopposed(String),
    /// The manifest that results is contradictory.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    id: String,
    name: Text,
    #[serde(default)]
    rehearsal: bool,
    rules: String,
    time_zone: String,
    opens: String,
    closes: String,
    administrator: String,
    credential_authority: String,
    trustees: Vec<String>,
    /// How many of the trustees must act; all of them if left out.
    #[serde(default)]
    threshold: Option<u16>,
    district: Vec<DistrictFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DistrictFile {
    id: String,
    name: Text,
    #[serde(default)]
    question: Vec<QuestionFile>,
    /// Names of those elected without a poll, instead of questions.
    #[serde(default)]
    unopposed: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionFile {
    text: Text,
    answers: Vec<Text>,
    #[serde(default)]
    blank: bool,
    min: u32,
    max: u32,
    /// How many of the answers are elected; left out if the question elects nobody.
    #[serde(default)]
    seats: Option<u16>,
}

/// The rule pack that an election file names, without compiling it.
///
/// # Errors
/// [`ElectionFileError::Syntax`].
pub fn rules_named(text: &str) -> Result<String, ElectionFileError> {
    #[derive(Deserialize)]
    struct Head {
        rules: String,
    }
    let head: Head = toml::from_str(text).map_err(|e| ElectionFileError::Syntax(e.to_string()))?;
    Ok(head.rules)
}

/// Compiles an election file under a rule pack into a valid manifest.
///
/// # Errors
/// [`ElectionFileError`] with the field at fault.
pub fn compile(text: &str, pack: &RulePack) -> Result<Manifest, ElectionFileError> {
    let file: File = toml::from_str(text).map_err(|e| ElectionFileError::Syntax(e.to_string()))?;
    if file.format != "sijill-election/1" {
        return Err(ElectionFileError::UnknownFormat(file.format));
    }
    if file.rules != pack.id {
        return Err(ElectionFileError::OtherRules {
            named: file.rules,
            given: pack.id.clone(),
        });
    }
    let rules_refuse = |field, problem: String| {
        Err(ElectionFileError::Rules {
            field,
            problem,
            rules: pack.id.clone(),
        })
    };
    let opens = time("opens", &file.opens)?;
    let closes = time("closes", &file.closes)?;
    // Laws count days where the election is held.
    let zone = sijill_rules::time_zone(&file.time_zone).ok_or_else(|| ElectionFileError::TimeZone {
        name: file.time_zone.clone(),
    })?;
    if file.time_zone != pack.calendar.time_zone {
        return rules_refuse(
            "time_zone",
            format!("the rules reckon days in {}", pack.calendar.time_zone),
        );
    }
    for (field, moment) in [("opens", opens), ("closes", closes)] {
        let day = moment.to_zoned_datetime(zone.clone()).date();
        if !pack.covers(day) {
            return rules_refuse(field, format!("the rules are not in force on {day}"));
        }
    }
    if !pack.has_digital() && !file.rehearsal && file.district.iter().any(|d| d.unopposed.is_empty()) {
        return rules_refuse(
            "rules",
            "these rules open no digital channel; only a rehearsal may hold a digital poll under them"
                .to_owned(),
        );
    }
    if file.trustees.len() < usize::from(pack.trustees.minimum) {
        return rules_refuse(
            "trustees",
            format!("at least {} are needed", pack.trustees.minimum),
        );
    }
    let all = u16::try_from(file.trustees.len()).unwrap_or(u16::MAX);
    let threshold = file.threshold.unwrap_or(all);
    let mut districts = file
        .district
        .into_iter()
        .map(|d| {
            let questions: Vec<Question> = d
                .question
                .into_iter()
                .map(|q| Question {
                    question: q.text,
                    answers: q.answers,
                    blank: q.blank,
                    min: q.min,
                    max: q.max,
                    seats: q.seats,
                })
                .collect();
            let contest = match (questions.is_empty(), d.unopposed.is_empty()) {
                (_, true) => Contest::Polled(questions),
                (true, false) => Contest::Unopposed(d.unopposed),
                (false, false) => return Err(ElectionFileError::PolledAndUnopposed(d.id)),
            };
            Ok(District {
                id: name("district.id", &d.id)?,
                name: d.name,
                contest,
            })
        })
        .collect::<Result<Vec<_>, ElectionFileError>>()?;
    districts.sort_by(|a, b| a.id.cmp(&b.id));
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        id: name("id", &file.id)?,
        name: file.name,
        rehearsal: file.rehearsal,
        suite: SUITE.to_owned(),
        rules: name("rules", &file.rules)?,
        time_zone: file.time_zone,
        opens_ms: millis("opens", opens)?,
        closes_ms: millis("closes", closes)?,
        grace_ms: pack.voting.grace_ms,
        revote: pack.voting.revote,
        paper: pack.has_paper(),
        min_ballots: pack.voting.min_ballots_to_decrypt,
        certification_quorum: pack.certification.quorum,
        administrator: file.administrator,
        credential_authority: file.credential_authority,
        trustees: Trustees {
            threshold,
            names: file.trustees,
        },
        districts,
    };
    manifest.validate()?;
    refuse_deceptive_texts(&manifest)?;
    Ok(manifest)
}

/// Refuses texts that look like others: invisible characters, mixed normal forms, and two answers of a question that read
/// the same. The manifest's own rules (specs/election.md §2.1) allow some of this; people who edit files should not do it.
fn refuse_deceptive_texts(manifest: &Manifest) -> Result<(), ElectionFileError> {
    check_text("name", &manifest.name.joined())?;
    check_text("administrator", &manifest.administrator)?;
    check_text("credential_authority", &manifest.credential_authority)?;
    for name in &manifest.trustees.names {
        check_text("trustees", name)?;
    }
    for district in &manifest.districts {
        let id = &district.id;
        check_text(&format!("district {id}, name"), &district.name.joined())?;
        if let Contest::Unopposed(names) = &district.contest {
            check_distinct(&format!("district {id}, unopposed"), names)?;
        }
        for (question, n) in district.questions().iter().zip(1..) {
            let field = format!("district {id}, question {n}");
            check_text(&field, &question.question.joined())?;
            check_distinct(&field, &question.answers)?;
        }
    }
    Ok(())
}

fn check_distinct(field: &str, texts: &[Text]) -> Result<(), ElectionFileError> {
    let mut seen = std::collections::HashMap::new();
    for (text, n) in texts.iter().zip(1..) {
        check_text(&format!("{field}, answer {n}"), &text.joined())?;
        // Joiners shape letters and are seldom seen.
        let read: String = text
            .joined()
            .nfkc()
            .filter(|c| !matches!(c, '\u{200C}' | '\u{200D}'))
            .collect();
        let read = read
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase();
        if let Some(first) = seen.insert(read, n) {
            return Err(ElectionFileError::Text {
                field: field.to_owned(),
                problem: format!(
                    "answers {first} and {n} read the same; voters must be able to tell them apart"
                ),
            });
        }
    }
    Ok(())
}

fn check_text(field: &str, text: &str) -> Result<(), ElectionFileError> {
    let refuse = |problem: String| {
        Err(ElectionFileError::Text {
            field: field.to_owned(),
            problem,
        })
    };
    let hidden = |c: &char| {
        matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
    };
    if let Some(c) = text.chars().find(hidden) {
        return refuse(format!(
            "contains the invisible character U+{:04X}; remove it",
            u32::from(c)
        ));
    }
    if !unicode_normalization::is_nfc(text) {
        return refuse(
            "is not in Unicode normalisation form C; type it again, or have your editor compose the characters".to_owned(),
        );
    }
    Ok(())
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, ElectionFileError> {
    text.parse().map_err(|_| ElectionFileError::Time {
        field,
        text: text.to_owned(),
    })
}

fn millis(field: &'static str, at: Timestamp) -> Result<u64, ElectionFileError> {
    u64::try_from(at.as_millisecond()).map_err(|_| ElectionFileError::Time {
        field,
        text: at.to_string(),
    })
}

fn name(field: &'static str, text: &str) -> Result<Name, ElectionFileError> {
    text.parse().map_err(|problem| ElectionFileError::Name {
        field,
        text: text.to_owned(),
        problem,
    })
}
