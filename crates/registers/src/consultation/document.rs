//! Versions of a document, their clauses, and answers to questions. Spec: specs/consultation.md §3, §7.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::events::{OnClause, Question};
use super::text;
use crate::json;

/// Format of a document.
pub const DOCUMENT_FORMAT: &str = "sijill-document/1";
/// Format of answers.
pub const RESPONSE_FORMAT: &str = "sijill-response/1";
const MAX_DOCUMENT_BYTES: usize = 4_194_304;
const MAX_CLAUSES: usize = 2_000;
const MAX_NUMBER_BYTES: usize = 64;
const CLAUSE_TAG: &[u8] = b"sijill/clause/v1\n";

/// Arabic, as a language of a document.
pub const ARABIC: u8 = 1;
/// English, as a language of a document.
pub const ENGLISH: u8 = 2;

/// The text of a clause, empty in a language that the consultation does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseText {
    /// English.
    pub en: String,
    /// Arabic.
    pub ar: String,
}

impl ClauseText {
    /// The text in a language, if it is one.
    #[must_use]
    pub fn in_language(&self, language: u8) -> Option<&str> {
        match language {
            ARABIC => Some(&self.ar),
            ENGLISH => Some(&self.en),
            _ => None,
        }
    }

    /// The clause hash. Spec: specs/consultation.md §3.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(CLAUSE_TAG)
            .chain_update(json::write(self))
            .finalize()
            .into()
    }
}

/// A clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its stable id.
    pub id: String,
    /// Its number in this version, as it is printed.
    pub number: String,
    /// Its text.
    pub text: ClauseText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentFile {
    format: String,
    clauses: Vec<Clause>,
}

/// A version of the document that is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    clauses: Vec<Clause>,
    hashes: Vec<[u8; 32]>,
    by_id: BTreeMap<String, usize>,
}

impl Document {
    /// Reads and validates a document of a consultation in these languages.
    ///
    /// # Errors
    /// What is wrong, with the clause.
    pub fn parse(bytes: &[u8], languages: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(format!("a document has at most {MAX_DOCUMENT_BYTES} bytes"));
        }
        let file: DocumentFile = json::read(bytes).map_err(|e| e.to_string())?;
        if file.format != DOCUMENT_FORMAT {
            return Err(format!("the format must be {DOCUMENT_FORMAT}"));
        }
        if file.clauses.is_empty() || file.clauses.len() > MAX_CLAUSES {
            return Err(format!("a document has 1 to {MAX_CLAUSES} clauses"));
        }
        let mut by_id = BTreeMap::new();
        for (i, clause) in file.clauses.iter().enumerate() {
            let at = |problem: &str| format!("clause {}: {problem}", i + 1);
            if !text::is_id(&clause.id) {
                return Err(at("the id must be 1 to 32 characters of a-z, 0-9 and -"));
            }
            text::check_line(&clause.number).map_err(|e| at(&format!("number: {e}")))?;
            if clause.number.len() > MAX_NUMBER_BYTES {
                return Err(at("the number has at most 64 bytes"));
            }
            for language in [ARABIC, ENGLISH] {
                let found = clause.text.in_language(language).unwrap_or_default();
                if languages.contains(&language) {
                    text::check_text(found.as_bytes()).map_err(|e| at(&format!("text: {e}")))?;
                } else if !found.is_empty() {
                    return Err(at(
                        "the text is in a language that the consultation does not have",
                    ));
                }
            }
            if by_id.insert(clause.id.clone(), i).is_some() {
                return Err(at(&format!("the id {} stands twice", clause.id)));
            }
        }
        let hashes = file.clauses.iter().map(|c| c.text.hash()).collect();
        Ok(Self {
            clauses: file.clauses,
            hashes,
            by_id,
        })
    }

    /// The bytes of a document with these clauses.
    #[must_use]
    pub fn write(clauses: &[Clause]) -> Vec<u8> {
        json::write(&DocumentFile {
            format: DOCUMENT_FORMAT.to_owned(),
            clauses: clauses.to_vec(),
        })
    }

    /// The clauses, in the order of the text.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// A clause and its hash.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<(&Clause, &[u8; 32])> {
        let at = *self.by_id.get(id)?;
        Some((&self.clauses[at], &self.hashes[at]))
    }

    /// Checks what a comment says about its clause. Spec: specs/consultation.md §5.1.4.
    pub(super) fn check_clause(&self, on: &OnClause) -> Result<(), &'static str> {
        let Some((clause, hash)) = self.clause(&on.clause) else {
            return Err(
                "the latest version does not have this clause; comment on another one or on the document as a whole",
            );
        };
        if *hash != on.hash {
            return Err("the clause has another text now; read it again and send the comment again");
        }
        let Some(quote) = on.quote else { return Ok(()) };
        const QUOTE: &str = "the quoted words do not stand in the clause";
        let text = clause.text.in_language(quote.language).ok_or(QUOTE)?;
        let start = usize::try_from(quote.start).map_err(|_| QUOTE)?;
        let length = usize::try_from(quote.length).map_err(|_| QUOTE)?;
        let end = start.checked_add(length).ok_or(QUOTE)?;
        match text.get(start..end) {
            Some(words) if !words.is_empty() => Ok(()),
            _ => Err(QUOTE),
        }
    }

    /// The quoted words of a comment on this version.
    #[must_use]
    pub fn quoted(&self, on: &OnClause) -> Option<&str> {
        let quote = on.quote?;
        let start = usize::try_from(quote.start).ok()?;
        let end = start.checked_add(usize::try_from(quote.length).ok()?)?;
        self.clause(&on.clause)?
            .0
            .text
            .in_language(quote.language)?
            .get(start..end)
    }
}

/// Answers to the questions: for each one the options that were chosen, from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    format: String,
    /// One list for each question, empty if it was not answered.
    pub answers: Vec<Vec<u16>>,
}

impl Answers {
    /// Answers in their format.
    #[must_use]
    pub fn new(answers: Vec<Vec<u16>>) -> Self {
        Self {
            format: RESPONSE_FORMAT.to_owned(),
            answers,
        }
    }

    /// The document's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }

    /// Reads answers and checks that they fit the questions. Spec: specs/consultation.md §7.
    ///
    /// # Errors
    /// What is wrong, with the question.
    pub fn parse(bytes: &[u8], questions: &[Question]) -> Result<Self, String> {
        let found: Self = json::read(bytes).map_err(|e| e.to_string())?;
        if found.format != RESPONSE_FORMAT {
            return Err(format!("the format must be {RESPONSE_FORMAT}"));
        }
        if found.answers.len() != questions.len() {
            return Err("there must be one list for each question".into());
        }
        for (i, (answer, question)) in found.answers.iter().zip(questions).enumerate() {
            let at = |problem: &str| format!("question {}: {problem}", i + 1);
            if answer.is_empty() {
                continue;
            }
            if answer.iter().any(|o| usize::from(*o) >= question.options.len()) {
                return Err(at("an option that the question does not have"));
            }
            if !answer.is_sorted_by(|a, b| a < b) {
                return Err(at("options must be different and ascending"));
            }
            if !(usize::from(question.min)..=usize::from(question.max)).contains(&answer.len()) {
                return Err(at(&format!(
                    "choose {} to {} options",
                    question.min, question.max
                )));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::{Choice, Quote};
    use super::*;

    fn clause(id: &str, number: &str, en: &str, ar: &str) -> Clause {
        Clause {
            id: id.into(),
            number: number.into(),
            text: ClauseText {
                en: en.into(),
                ar: ar.into(),
            },
        }
    }

    /// The hash was computed by coreutils:
    /// `printf 'sijill/clause/v1\n{"en":"Fees","ar":"رسوم"}' | sha256sum`.
    #[test]
    fn a_clause_hash_is_over_the_member_text_as_it_stands() {
        let hash = clause("a", "1", "Fees", "رسوم").text.hash();
        assert_eq!(
            hex::encode(hash),
            "c883f46c83b5ce966a4440ee5b87edf53639ec09e7c918112c7bcb2634377b52"
        );
    }

    #[test]
    fn documents_are_canonical_and_in_the_languages_of_the_consultation() {
        let good = [
            clause("a", "1", "One\ntwo", "واحد"),
            clause("b", "2", "Two", "اثنان"),
        ];
        let bytes = Document::write(&good);
        let document = Document::parse(&bytes, &[1, 2]).unwrap();
        assert_eq!(document.clauses(), good);
        assert!(
            Document::parse(&bytes, &[1]).is_err(),
            "English is not a language of it"
        );
        let spaced = String::from_utf8(bytes)
            .unwrap()
            .replace(",\"clauses\"", ", \"clauses\"");
        assert!(Document::parse(spaced.as_bytes(), &[1, 2]).is_err());
        for bad in [
            vec![],
            vec![clause("a", "1", "One", "واحد"), clause("a", "2", "Two", "اثنان")],
            vec![clause("A", "1", "One", "واحد")],
            vec![clause("a", " ", "One", "واحد")],
            vec![clause("a", &"1".repeat(65), "One", "واحد")],
            vec![clause("a", "1", "", "واحد")],
            vec![clause("a", "1", "One\ttwo", "واحد")],
            vec![clause("a", "1", "One", "\u{202E}واحد")],
            vec![clause("a", "1", &"x".repeat(65_537), "واحد")],
        ] {
            assert!(
                Document::parse(&Document::write(&bad), &[1, 2]).is_err(),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn quotes_are_words_of_the_clause_and_end_between_characters() {
        let document = Document::parse(&Document::write(&[clause("a", "1", "", "رسوم")]), &[1]).unwrap();
        let hash = *document.clause("a").unwrap().1;
        let on = |language, start, length| OnClause {
            version: 1,
            clause: "a".into(),
            hash,
            quote: Some(Quote {
                language,
                start,
                length,
            }),
        };
        assert_eq!(document.check_clause(&on(1, 0, 4)), Ok(()));
        assert_eq!(document.quoted(&on(1, 0, 4)), Some("رس"));
        assert_eq!(document.check_clause(&on(1, 6, 2)), Ok(()));
        for bad in [
            on(1, 1, 3),
            on(1, 0, 3),
            on(1, 6, 3),
            on(1, 8, 0),
            on(1, 0, 0),
            on(2, 0, 1),
            on(3, 0, 2),
            on(1, u32::MAX, u32::MAX),
        ] {
            assert!(document.check_clause(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn answers_fit_the_questions() {
        let choice = |en: &str| Choice {
            en: en.into(),
            ar: String::new(),
        };
        let question = |min, max| Question {
            text_en: "?".into(),
            text_ar: String::new(),
            options: vec![choice("a"), choice("b"), choice("c")],
            min,
            max,
        };
        let questions = [question(1, 1), question(2, 3)];
        let parse = |answers: Vec<Vec<u16>>| Answers::parse(&Answers::new(answers).to_bytes(), &questions);
        assert_eq!(
            Answers::new(vec![vec![0], vec![], vec![1, 3]]).to_bytes(),
            br#"{"format":"sijill-response/1","answers":[[0],[],[1,3]]}"#
        );
        assert!(parse(vec![vec![2], vec![0, 2]]).is_ok());
        assert!(parse(vec![vec![], vec![]]).is_ok());
        for bad in [
            vec![vec![0]],
            vec![vec![3], vec![]],
            vec![vec![0, 1], vec![]],
            vec![vec![0], vec![1]],
            vec![vec![0], vec![1, 0]],
            vec![vec![0], vec![1, 1]],
            vec![vec![0], vec![], vec![]],
        ] {
            assert!(parse(bad.clone()).is_err(), "{bad:?}");
        }
    }
}
