//! What a consultation is about, and what is answered to its questions.
//!
//! Spec: specs/consultation.md §3, §7.

use std::collections::BTreeMap;

use crate::calendar::is_line;
use crate::events::{OnClause, Question};
use crate::hash::sha256;
use crate::json::{Cursor, JsonError};
use crate::manifest::is_refused;
use crate::wire::is_short_id;

/// Largest document, bytes.
pub(super) const MAX_DOCUMENT_BYTES: u64 = 4_194_304;
const MAX_CLAUSES: usize = 2000;
/// A text has at most so many bytes. Spec: specs/jurisdiction.md §3.
pub(crate) const MAX_TEXT_BYTES: usize = 65_536;

pub(super) const ARABIC: u8 = 1;
pub(super) const ENGLISH: u8 = 2;

/// A clause of a version.
#[derive(Debug)]
pub(super) struct Clause {
    pub(super) hash: [u8; 32],
    en: String,
    ar: String,
}

impl Clause {
    /// Whether a quotation lies within the text of its language, and begins and ends between characters.
    fn has(&self, language: u8, start: u32, length: u32) -> bool {
        let text = match language {
            ARABIC => &self.ar,
            ENGLISH => &self.en,
            _ => return false,
        };
        let (start, length) = (usize::try_from(start), usize::try_from(length));
        let (Ok(start), Ok(length)) = (start, length) else {
            return false;
        };
        let quoted = start.checked_add(length).and_then(|end| text.get(start..end));
        quoted.is_some_and(|quoted| !quoted.is_empty())
    }
}

/// Clauses of a version by their ids.
pub(super) type Clauses = BTreeMap<String, Clause>;

/// Whether a comment may hang on this clause of the version that has these clauses. Spec: specs/consultation.md §5.1.4.
pub(super) fn check_clause(clauses: &Clauses, on: &OnClause) -> Result<(), &'static str> {
    let clause = clauses
        .get(&on.clause)
        .ok_or("the version has no clause of this id")?;
    if clause.hash != on.hash {
        return Err("the hash is not that of the clause");
    }
    if on
        .quote
        .is_some_and(|quote| !clause.has(quote.language, quote.start, quote.length))
    {
        return Err("the quoted bytes are not words of the clause");
    }
    Ok(())
}

/// A text of a person or of a document. Spec: specs/jurisdiction.md §3.
pub(crate) fn is_text(text: &str) -> bool {
    let refused = |c: char| c != '\n' && is_refused(c);
    !text.trim().is_empty() && text.len() <= MAX_TEXT_BYTES && !text.contains(refused)
}

/// Reads a document in the languages of its consultation. Spec: specs/consultation.md §3.2.
pub(super) fn parse_document(bytes: &[u8], languages: &[u8]) -> Result<Clauses, String> {
    let mut c = Cursor::new(bytes);
    let read = c
        .expect("{\"format\":\"sijill-document/1\",\"clauses\":")
        .and_then(|()| {
            let clauses = c.array(MAX_CLAUSES, clause)?;
            c.expect("}")?;
            c.end()?;
            Ok(clauses)
        });
    let read = read.map_err(|error| format!("the document is not canonical: {error}"))?;
    if read.is_empty() {
        return Err("the document has no clause".to_owned());
    }
    let mut clauses = Clauses::new();
    for (id, number, clause) in read {
        if !is_short_id(&id) {
            return Err("the id of a clause is malformed".to_owned());
        }
        if !is_line(&number) || number.len() > 64 {
            return Err("the number of a clause is no line of at most 64 bytes".to_owned());
        }
        for (language, text) in [(ENGLISH, &clause.en), (ARABIC, &clause.ar)] {
            let fits = if languages.contains(&language) {
                is_text(text)
            } else {
                text.is_empty()
            };
            if !fits {
                return Err(
                    "a clause has no text in a language of the consultation, or one in another".to_owned(),
                );
            }
        }
        if clauses.insert(id, clause).is_some() {
            return Err("two clauses have one id".to_owned());
        }
    }
    Ok(clauses)
}

fn clause(c: &mut Cursor<'_>) -> Result<(String, String, Clause), JsonError> {
    c.expect("{\"id\":")?;
    let id = c.string()?;
    c.expect(",\"number\":")?;
    let number = c.string()?;
    c.expect(",\"text\":")?;
    let start = c.position();
    c.expect("{\"en\":")?;
    let en = c.string()?;
    c.expect(",\"ar\":")?;
    let ar = c.string()?;
    c.expect("}")?;
    let hash = sha256(&[b"sijill/clause/v1\n", c.since(start)]);
    c.expect("}")?;
    Ok((id, number, Clause { hash, en, ar }))
}

/// Whether published answers are a document of ours that fits the questions. Spec: specs/consultation.md §7.
pub(super) fn check_answers(bytes: &[u8], questions: &[Question]) -> Result<(), &'static str> {
    let mut c = Cursor::new(bytes);
    let read = c
        .expect("{\"format\":\"sijill-response/1\",\"answers\":")
        .and_then(|()| {
            let answers = c.array_of(questions.len(), |c| {
                c.array(usize::from(u16::MAX), |c| c.integer(u64::from(u16::MAX)))
            })?;
            c.expect("}")?;
            c.end()?;
            Ok(answers)
        });
    let answers = read.map_err(|_| "the answers are no canonical document with a list for each question")?;
    for (given, question) in answers.iter().zip(questions) {
        let options = question.options.len() as u64;
        let chosen = given.len() as u64;
        if given.iter().any(|option| *option >= options) || !given.is_sorted_by(|a, b| a < b) {
            return Err("answers are not options of their question, ascending");
        }
        if chosen > 0 && !(u64::from(question.min)..=u64::from(question.max)).contains(&chosen) {
            return Err("more or fewer options are chosen than the question allows");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Pair;

    fn document(text: &str) -> Result<Clauses, String> {
        parse_document(text.as_bytes(), &[ARABIC, ENGLISH])
    }

    #[test]
    fn documents_have_one_spelling() {
        let good = r#"{"format":"sijill-document/1","clauses":[{"id":"a","number":"1(2)","text":{"en":"Fee: €5","ar":"رسم"}}]}"#;
        let clauses = document(good).unwrap();
        let clause = &clauses["a"];
        let raw = r#"{"en":"Fee: €5","ar":"رسم"}"#;
        assert_eq!(clause.hash, sha256(&[b"sijill/clause/v1\n", raw.as_bytes()]));
        // € has three bytes.
        for (language, start, length, fits) in [
            (2, 0, 4, true),
            (2, 5, 3, true),
            (2, 5, 1, false),
            (2, 6, 3, false),
            (2, 0, 9, true),
            (2, 0, 10, false),
            (2, 0, 0, false),
            (2, 9, 1, false),
            (2, u32::MAX, u32::MAX, false),
            (1, 0, 2, true),
            (1, 1, 2, false),
            (0, 0, 2, false),
            (3, 0, 2, false),
        ] {
            assert_eq!(
                clause.has(language, start, length),
                fits,
                "{language} {start} {length}"
            );
        }
        let long = format!("\"number\":\"{}\"", "1".repeat(65));
        for (from, to) in [
            ("\"a\"", "\"A\""),
            ("\"a\"", "\"\""),
            ("\"number\":\"1(2)\"", "\"number\":\" \""),
            ("\"number\":\"1(2)\"", long.as_str()),
            ("Fee: €5", ""),
            ("Fee: €5", "\\n"),
            ("Fee: €5", "a\\t"),
            ("رسم", "\u{200f}رسم"),
            ("document/1", "document/2"),
            ("}]}", "}] }"),
            ("}]}", "}]}\n"),
        ] {
            assert!(document(&good.replace(from, to)).is_err(), "{from} {to}");
        }
        let twice = good.replace("}]}", r#"},{"id":"a","number":"2","text":{"en":"x","ar":"x"}}]}"#);
        assert!(document(&twice).is_err());
        assert!(document(r#"{"format":"sijill-document/1","clauses":[]}"#).is_err());
        assert!(parse_document(good.as_bytes(), &[ENGLISH]).is_err());
        assert!(parse_document(good.replace("رسم", "").as_bytes(), &[ENGLISH]).is_ok());
    }

    #[test]
    fn answers_fit_their_questions() {
        let pair = || Pair {
            en: "x".into(),
            ar: String::new(),
        };
        let question = |options: usize, min, max| Question {
            text: pair(),
            options: (0..options).map(|_| pair()).collect(),
            min,
            max,
        };
        let questions = [question(2, 1, 1), question(4, 2, 3)];
        let check = |answers: &str| {
            let text = format!("{{\"format\":\"sijill-response/1\",\"answers\":{answers}}}");
            check_answers(text.as_bytes(), &questions).is_ok()
        };
        for good in ["[[],[]]", "[[1],[]]", "[[0],[0,3]]", "[[],[1,2,3]]"] {
            assert!(check(good), "{good}");
        }
        for bad in [
            "[]",
            "[[]]",
            "[[],[],[]]",
            "[[2],[]]",
            "[[0,1],[]]",
            "[[],[0]]",
            "[[],[0,1,2,3]]",
            "[[],[1,0]]",
            "[[],[1,1]]",
            "[[01],[]]",
            "[[ 1],[]]",
            "[[1],[]] ",
        ] {
            assert!(!check(bad), "{bad}");
        }
    }
}
