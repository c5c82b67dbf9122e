//! The rule pack file: parsing and validation.

use jiff::civil::Date;
use serde::Deserialize;

use crate::MAX_GRACE_MS;
use crate::text::{Bilingual, check_line};

/// Why a text is not a valid rule pack. The fault is the file's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Not TOML, or fields missing, unknown or of the wrong type.
    #[error("the rule pack cannot be read: {0}")]
    Syntax(String),
    /// A format that this version does not know.
    #[error("the rule pack has the format `{0}`; this version reads `sijill-rules/1`")]
    UnknownFormat(String),
    /// A freedom-of-information pack of a format that this version does not know.
    #[error(
        "the rule pack has the format `{0}`; for freedom of information this version reads `sijill-foi-rules/1`"
    )]
    UnknownFoiFormat(String),
    /// A field outside its range.
    #[error("rule pack, `{field}`: {problem}")]
    Field {
        /// Path of the field in the file.
        field: &'static str,
        /// What is wrong, and what would be right.
        problem: &'static str,
    },
}

/// How sure the authors of a pack are of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Confidence {
    /// Checked against the text of the law.
    Confirmed,
    /// From public sources, not checked against the law's text.
    Low,
    /// No law at all: for rehearsals and tests.
    Invented,
}

/// What the rules say of voting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VotingRules {
    /// How long after the close a ballot still counts, at most 600 000 ms.
    pub grace_ms: u64,
    /// Longest time between receipt and sequencing, 1 to 3 600 000 ms.
    pub max_lag_ms: u32,
    /// How old an official's view and signature may be, 1 000 to 604 800 000 ms.
    pub official_window_ms: u64,
    /// Whether a voter may vote again until the close.
    pub revote: bool,
    /// Whether there is a paper channel.
    pub paper: bool,
    /// A box with fewer counted ballots is never decrypted.
    pub min_ballots_to_decrypt: u64,
}

/// What the rules say of trustees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrusteeRules {
    /// Fewest trustees of an event, 1 to 32.
    pub minimum: u16,
}

/// What the rules say of the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificationRules {
    /// How many members of the commission certify the results, 1 to 16.
    pub quorum: u16,
}

/// A rule pack: the rules of one law, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePack {
    /// 1 to 32 bytes of `a-z 0-9 -`.
    pub id: String,
    /// For people.
    pub title: Bilingual,
    /// The law and article, or that there is none.
    pub legal_basis: String,
    /// How sure its authors are.
    pub confidence: Confidence,
    /// First day on which the pack may be used.
    pub valid_from: Date,
    /// Last day, if there is one.
    pub valid_until: Option<Date>,
    /// Rules of voting.
    pub voting: VotingRules,
    /// Rules of trustees.
    pub trustees: TrusteeRules,
    /// Rules of certification.
    pub certification: CertificationRules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    id: String,
    title: Bilingual,
    legal_basis: String,
    confidence: Confidence,
    valid_from: String,
    #[serde(default)]
    valid_until: Option<String>,
    voting: VotingRules,
    trustees: TrusteeRules,
    certification: CertificationRules,
}

impl RulePack {
    /// Reads a pack from TOML text.
    ///
    /// # Errors
    /// [`PackError`] with the field and the permitted range.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let file: File = toml::from_str(text).map_err(|e| PackError::Syntax(e.to_string()))?;
        if file.format != "sijill-rules/1" {
            return Err(PackError::UnknownFormat(file.format));
        }
        let wrong = |field, problem| Err(PackError::Field { field, problem });
        if !is_id(&file.id) {
            return wrong("id", "1 to 32 characters of a-z, 0-9 and -");
        }
        if let Err(problem) = file.title.check() {
            return wrong("title", problem);
        }
        if let Err(problem) = check_line(&file.legal_basis) {
            return wrong("legal_basis", problem);
        }
        let day = |field, text: &str| {
            text.parse::<Date>().map_err(|_| PackError::Field {
                field,
                problem: "a day as YYYY-MM-DD",
            })
        };
        let valid_from = day("valid_from", &file.valid_from)?;
        let valid_until = file
            .valid_until
            .as_deref()
            .map(|t| day("valid_until", t))
            .transpose()?;
        if valid_until.is_some_and(|until| until < valid_from) {
            return wrong("valid_until", "must not be before valid_from");
        }
        if file.voting.grace_ms > MAX_GRACE_MS {
            return wrong("voting.grace_ms", "at most 600000");
        }
        if !(1..=3_600_000).contains(&file.voting.max_lag_ms) {
            return wrong("voting.max_lag_ms", "1 to 3600000");
        }
        if !(1_000..=604_800_000).contains(&file.voting.official_window_ms) {
            return wrong("voting.official_window_ms", "1000 to 604800000");
        }
        if !(1..=32).contains(&file.trustees.minimum) {
            return wrong("trustees.minimum", "1 to 32");
        }
        if !(1..=16).contains(&file.certification.quorum) {
            return wrong("certification.quorum", "1 to 16");
        }
        Ok(Self {
            id: file.id,
            title: file.title,
            legal_basis: file.legal_basis,
            confidence: file.confidence,
            valid_from,
            valid_until,
            voting: file.voting,
            trustees: file.trustees,
            certification: file.certification,
        })
    }

    /// Whether the pack may be used on that day.
    #[must_use]
    pub fn covers(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|until| day <= until)
    }
}

/// Whether a text is an id: 1 to 32 bytes of `a-z 0-9 -`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = include_str!("../../../fixtures/rules/plain-1.toml");

    #[test]
    fn the_shipped_pack_is_valid() {
        let pack = RulePack::parse(PLAIN).unwrap();
        assert_eq!(pack.id, "plain-1");
        assert_eq!(pack.confidence, Confidence::Invented);
        assert!(pack.covers("2026-12-05".parse().unwrap()));
        assert!(!pack.covers("2025-12-31".parse().unwrap()));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let cases = [
            ("id = \"plain-1\"", "id = \"Plain 1\"", "id"),
            ("grace_ms = 2000", "grace_ms = 600001", "voting.grace_ms"),
            ("max_lag_ms = 30000", "max_lag_ms = 0", "voting.max_lag_ms"),
            (
                "official_window_ms = 3600000",
                "official_window_ms = 999",
                "voting.official_window_ms",
            ),
            ("minimum = 2", "minimum = 0", "trustees.minimum"),
            ("quorum = 1", "quorum = 17", "certification.quorum"),
            (
                "valid_from = \"2026-01-01\"",
                "valid_from = \"soon\"",
                "valid_from",
            ),
        ];
        for (good, bad, expected) in cases {
            assert!(PLAIN.contains(good), "{good}");
            match RulePack::parse(&PLAIN.replace(good, bad)) {
                Err(PackError::Field { field, .. }) => assert_eq!(field, expected),
                other => panic!("{bad}: {other:?}"),
            }
        }
    }

    #[test]
    fn texts_are_bounded_and_free_of_control_and_direction_characters() {
        let title = "en = \"Plain rules for a rehearsal\"";
        let basis = "legal_basis = \"none: invented for rehearsals and tests\"";
        let long = format!("\"{}\"", "x".repeat(1_001));
        let texts = [
            "\"\"",
            "\" \"",
            "\"a\\nb\"",
            "\"a\\u202Eb\"",
            "\"a\\u2066b\"",
            "\"a\\u200Fb\"",
            "\"a\\u0085b\"",
            &long,
        ];
        for bad in texts {
            for (field, good, key) in [("title", title, "en"), ("legal_basis", basis, "legal_basis")] {
                assert!(PLAIN.contains(good));
                match RulePack::parse(&PLAIN.replace(good, &format!("{key} = {bad}"))) {
                    Err(PackError::Field { field: named, .. }) => assert_eq!(named, field),
                    other => panic!("{bad}: {other:?}"),
                }
            }
        }
        let longest = format!("legal_basis = \"{}\"", "x".repeat(1_000));
        RulePack::parse(&PLAIN.replace(basis, &longest)).unwrap();
    }

    #[test]
    fn unknown_fields_and_formats_are_refused() {
        let extra = PLAIN.replace("[trustees]", "[trustees]\nweight = 2");
        assert!(matches!(RulePack::parse(&extra), Err(PackError::Syntax(_))));
        let newer = PLAIN.replace("sijill-rules/1", "sijill-rules/2");
        assert_eq!(
            RulePack::parse(&newer),
            Err(PackError::UnknownFormat("sijill-rules/2".into()))
        );
    }
}
