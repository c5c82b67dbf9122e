//! A version of a document as people write it: text with marked clauses, or JSON.

use serde::Deserialize;
use sijill_registers::consultation::document::{ARABIC, Clause, ClauseText, ENGLISH};
use sijill_registers::consultation::events::Move;

use crate::error::{Failure, Outcome};
use crate::render::escape;

/// What a file says: clauses in their order, and moves ascending by the clause that is gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) clauses: Vec<Clause>,
    pub(super) moves: Vec<Move>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonFile {
    #[serde(default)]
    format: Option<String>,
    clauses: Vec<Clause>,
    #[serde(default)]
    moves: Vec<JsonMove>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonMove {
    from: String,
    to: String,
}

fn bad(problem: impl std::fmt::Display) -> Failure {
    Failure::refused(
        format!("the document: {problem}"),
        "`sijill consultation publish --help` says how a document is written",
    )
    .code("document.file")
}

/// Reads a file in the languages of a consultation. Whether ids, numbers and texts are valid is for the register to say.
pub(super) fn parse(text: &str, is_json: bool, languages: &[u8]) -> Outcome<Written> {
    let mut written = if is_json {
        json(text)?
    } else {
        marked(text, languages)?
    };
    written.moves.sort_by(|a, b| a.from.cmp(&b.from));
    Ok(written)
}

fn json(text: &str) -> Outcome<Written> {
    let file: JsonFile = serde_json::from_str(text).map_err(bad)?;
    if file.format.is_some_and(|f| f != "sijill-document/1") {
        return Err(bad("the member `format`, where it is, is sijill-document/1"));
    }
    let moves = file.moves.into_iter();
    Ok(Written {
        clauses: file.clauses,
        moves: moves
            .map(|m| Move {
                from: m.from,
                to: m.to,
            })
            .collect(),
    })
}

/// A clause while its lines are read.
struct Open {
    id: String,
    number: String,
    /// Lines of each language, and of none.
    lines: [Vec<String>; 3],
    language: usize,
    begun: usize,
}

const NO_LANGUAGE: usize = 0;

impl Open {
    fn close(self, languages: &[u8]) -> Outcome<Clause> {
        let at = |problem: &str| {
            bad(format!(
                "line {}, clause {}: {problem}",
                self.begun,
                escape(&self.id)
            ))
        };
        let [plain, ar, en] = self
            .lines
            .map(|lines| lines.join("\n").trim_matches('\n').to_owned());
        let (mut ar, mut en) = (ar, en);
        if !plain.trim().is_empty() {
            match languages {
                [ARABIC] if ar.is_empty() => ar = plain,
                [ENGLISH] if en.is_empty() => en = plain,
                [_] => return Err(at("text stands before a line [en] or [ar]")),
                _ => {
                    return Err(at(
                        "the consultation has two languages: put a line [en] or [ar] before the text of each",
                    ));
                }
            }
        }
        Ok(Clause {
            id: self.id,
            number: self.number,
            text: ClauseText { en, ar },
        })
    }
}

fn marked(text: &str, languages: &[u8]) -> Outcome<Written> {
    let mut written = Written {
        clauses: Vec::new(),
        moves: Vec::new(),
    };
    let mut open: Option<Open> = None;
    for (line, n) in text.lines().zip(1..) {
        let line = line.trim_end();
        if let Some(heading) = line.strip_prefix("# ") {
            if let Some(clause) = open.take() {
                written.clauses.push(clause.close(languages)?);
            }
            let parsed = heading
                .strip_suffix('}')
                .and_then(|rest| rest.rsplit_once("{#"))
                .map(|(number, id)| (number.trim().to_owned(), id.trim().to_owned()));
            let (number, id) = parsed.ok_or_else(|| {
                bad(format!(
                    "line {n}: a clause begins with its number and its id, such as # 4(2) {{#fees-limit}}"
                ))
            })?;
            open = Some(Open {
                id,
                number,
                lines: [Vec::new(), Vec::new(), Vec::new()],
                language: NO_LANGUAGE,
                begun: n,
            });
            continue;
        }
        match (&mut open, line) {
            (Some(clause), "[ar]") => clause.language = usize::from(ARABIC),
            (Some(clause), "[en]") => clause.language = usize::from(ENGLISH),
            (Some(clause), line) => clause.lines[clause.language].push(line.to_owned()),
            (None, "") => {}
            (None, line) => written.moves.push(moved(line).ok_or_else(|| {
                bad(format!(
                    "line {n}: before the first clause there are only lines like moved: old-id -> id"
                ))
            })?),
        }
    }
    if let Some(clause) = open {
        written.clauses.push(clause.close(languages)?);
    }
    Ok(written)
}

fn moved(line: &str) -> Option<Move> {
    let (from, to) = line.strip_prefix("moved:")?.split_once("->")?;
    Some(Move {
        from: from.trim().to_owned(),
        to: to.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_text_with_marked_clauses() {
        let text = "moved: tax -> fee\nmoved: old -> fee\n\n# 4(2) {#fee}\n[en]\nThe fee is ten.\n\nNo more.\n[ar]\nالرسم عشرة.\n\n# 5 {#time}\n[en]\nAt once.\n[ar]\nفورًا.\n";
        let written = parse(text, false, &[1, 2]).unwrap();
        assert_eq!(
            written.clauses,
            [
                clause("fee", "4(2)", "The fee is ten.\n\nNo more.", "الرسم عشرة."),
                clause("time", "5", "At once.", "فورًا."),
            ]
        );
        let moves: Vec<_> = written
            .moves
            .iter()
            .map(|m| (m.from.as_str(), m.to.as_str()))
            .collect();
        assert_eq!(moves, [("old", "fee"), ("tax", "fee")]);
        let one = parse("# ١ {#a}\r\nنص\r\n", false, &[1]).unwrap();
        assert_eq!(one.clauses, [clause("a", "١", "", "نص")]);
    }

    #[test]
    fn json_says_the_same() {
        let text = r#"{"clauses":[{"id":"a","number":"1","text":{"en":"One","ar":""}}],"moves":[{"from":"b","to":"a"}]}"#;
        let written = parse(text, true, &[2]).unwrap();
        assert_eq!(written.clauses, [clause("a", "1", "One", "")]);
        assert_eq!(written.moves.len(), 1);
        assert!(parse(r#"{"clauses":[],"title":"x"}"#, true, &[2]).is_err());
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        for (text, languages, with) in [
            ("Hello\n# 1 {#a}\n", &[2][..], "line 1: before the first clause"),
            ("# 1\nText\n", &[2], "line 1: a clause begins"),
            (
                "# 1 {#a}\nText\n",
                &[1, 2],
                "line 1, clause a: the consultation has two languages",
            ),
            (
                "\n# 1 {#a}\nText\n[en]\nMore\n",
                &[2],
                "line 2, clause a: text stands before",
            ),
            ("moved: a\n", &[2], "line 1"),
        ] {
            let failure = parse(text, false, languages).unwrap_err();
            assert!(failure.problem().contains(with), "{}", failure.problem());
        }
    }
}
