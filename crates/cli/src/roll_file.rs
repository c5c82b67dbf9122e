//! The roll as the registrar hands it in: a CSV file of `identifier,district`.
//!
//! Identifiers never leave this module by a message: problems name the line of the file, not the person.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sijill_registers::names::Name;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Failure, Outcome};

/// Longest identifier, in characters.
const MAX_IDENTIFIER_CHARS: usize = 64;
/// Bad rows that a message lists.
const LISTED: usize = 20;

/// A row of the roll.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct RollRow {
    /// The person, as the registrar knows them.
    pub(crate) identifier: String,
    /// Where they vote.
    #[zeroize(skip)]
    pub(crate) district: Name,
}

/// A row that is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRow {
    /// Line in the file, from 1.
    pub(crate) line: u64,
    /// What is wrong with it; names no person.
    pub(crate) problem: String,
}

/// A file whose first line is right. Rows are read as they are needed: nothing but the bytes of the file is held.
pub(crate) struct RollFile<'a> {
    text: &'a str,
}

/// What a first reading of a whole file has found.
pub(crate) struct Checked {
    /// Number of good rows.
    pub(crate) good: u64,
    /// Rows that are not good, ascending by line.
    pub(crate) bad: Vec<BadRow>,
}

impl<'a> RollFile<'a> {
    /// Takes a file.
    ///
    /// # Errors
    /// If it is not such a file at all; single bad rows are in [`Checked::bad`].
    pub(crate) fn new(bytes: &'a [u8]) -> Outcome<Self> {
        let text = utf8(bytes)?;
        let header = reader(text)
            .records()
            .next()
            .and_then(Result::ok)
            .unwrap_or_default();
        if header.iter().map(str::trim).ne(["identifier", "district"]) {
            return Err(Failure::refused(
                "line 1 of the roll is not `identifier,district`",
                "put these two names into the first line, separated by a comma",
            )
            .code("roll-file.header"));
        }
        Ok(Self { text })
    }

    /// Lines and rows in order.
    fn records<F: Fn(&Name) -> bool>(
        &self,
        known: F,
    ) -> impl Iterator<Item = (u64, Result<RollRow, String>)> + use<'a, F> {
        let mut at = Lines::new(self.text);
        let mut records = reader(self.text).into_records();
        records.next();
        records.map(move |record| match record {
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                (line, Err("is not CSV".to_owned()))
            }
            Ok(record) => {
                let line = record.position().map_or(0, |position| {
                    at.line_of(usize::try_from(position.byte()).unwrap_or(usize::MAX))
                });
                (line, row(&record, &known))
            }
        })
    }

    /// Reads the whole file and says what is wrong with it. `known` says whether a district exists, `pseudonym` tells
    /// persons apart, `check` what else is wrong with a row.
    pub(crate) fn check(
        &self,
        known: impl Fn(&Name) -> bool,
        pseudonym: impl Fn(&str) -> [u8; 32],
        mut check: impl FnMut(&RollRow) -> Result<(), String>,
    ) -> Checked {
        let mut lines: HashMap<[u8; 32], u64> = HashMap::new();
        let mut bad = Vec::new();
        for (line, row) in self.records(known) {
            let problem = row.and_then(|row| match lines.entry(pseudonym(&row.identifier)) {
                Entry::Occupied(first) => Err(format!("repeats the person of line {}", first.get())),
                Entry::Vacant(free) => {
                    check(&row)?;
                    free.insert(line);
                    Ok(())
                }
            });
            if let Err(problem) = problem {
                bad.push(BadRow { line, problem });
            }
        }
        Checked {
            good: lines.len() as u64,
            bad,
        }
    }

    /// The good rows, after [`RollFile::check`] has named the others.
    pub(crate) fn rows<'b>(&self, bad: &'b [BadRow]) -> impl Iterator<Item = RollRow> + use<'a, 'b> {
        let mut bad = bad.iter().map(|row| row.line).peekable();
        self.records(|_| true).filter_map(move |(line, row)| {
            while bad.next_if(|at| *at < line).is_some() {}
            row.ok().filter(|_| bad.peek() != Some(&line))
        })
    }
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Counts lines as an editor does: the CSV reader's own count is one behind where lines end with carriage return and line
/// feed.
struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            byte: 0,
            line: 1,
        }
    }

    /// The line of the record that begins at this byte or after the line ends that follow it. Bytes are asked for in
    /// ascending order.
    fn line_of(&mut self, byte: usize) -> u64 {
        while let Some(c) = self.text.get(self.byte) {
            let ends = matches!(c, b'\r' | b'\n');
            if self.byte >= byte && !ends {
                break;
            }
            self.byte += 1;
            // Both together end one line.
            if ends && !(*c == b'\r' && self.text.get(self.byte) == Some(&b'\n')) {
                self.line += 1;
            }
        }
        self.line
    }
}

/// A line of a list of persons.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct ListedPerson {
    /// Line in the file, from 1.
    pub(crate) line: u64,
    /// The person.
    pub(crate) identifier: String,
}

/// A list of identifiers, one in each line, under the header `identifier`.
///
/// # Errors
/// If any line is not an identifier.
pub(crate) fn parse_identifiers(bytes: &[u8]) -> Outcome<Vec<ListedPerson>> {
    let text = utf8(bytes)?;
    let mut lines = text.lines().zip(1u64..);
    if lines
        .next()
        .is_none_or(|(header, _)| header.trim() != "identifier")
    {
        return Err(Failure::refused(
            "line 1 of the list is not `identifier`",
            "put this word into the first line",
        )
        .code("roll-file.header"));
    }
    let mut identifiers = Vec::new();
    let mut bad = Vec::new();
    for (text, line) in lines.filter(|(text, _)| !text.trim().is_empty()) {
        match identifier(text) {
            Ok(identifier) => identifiers.push(ListedPerson { line, identifier }),
            Err(problem) => bad.push(BadRow { line, problem }),
        }
    }
    if bad.is_empty() {
        Ok(identifiers)
    } else {
        Err(refuse("the list", &bad))
    }
}

/// The refusal of a file with bad rows.
pub(crate) fn refuse(what: &str, bad: &[BadRow]) -> Failure {
    let help = if what == "the roll" {
        "mend these lines and import again (nothing was imported), or leave them out with --skip-bad"
    } else {
        "mend these lines and try again; nothing was written"
    };
    Failure::refused(
        format!("{what} has {} bad lines:\n{}", bad.len(), list(bad)),
        help,
    )
    .code("roll-file.lines")
}

/// One line of text for each bad row, the first ones only.
pub(crate) fn list(bad: &[BadRow]) -> String {
    let mut lines: Vec<String> = bad
        .iter()
        .take(LISTED)
        .map(|b| format!("  line {}: {}", b.line, b.problem))
        .collect();
    if bad.len() > LISTED {
        lines.push(format!("  and {} more", bad.len() - LISTED));
    }
    lines.join("\n")
}

fn utf8(bytes: &[u8]) -> Outcome<&str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let line = 1 + bytes[..e.valid_up_to()]
            .split(|b| *b == b'\n')
            .count()
            .saturating_sub(1);
        Failure::refused(
            format!("line {line} of the file is not UTF-8"),
            "save the file as UTF-8 and try again",
        )
        .code("file.encoding")
    })
}

fn row(record: &csv::StringRecord, known: &impl Fn(&Name) -> bool) -> Result<RollRow, String> {
    let (Some(person), Some(district), 2) = (record.get(0), record.get(1), record.len()) else {
        return Err(format!("has {} fields instead of 2", record.len()));
    };
    let identifier = identifier(person)?;
    let district: Name = district.trim().parse().map_err(|e| format!("the district {e}"))?;
    if !known(&district) {
        return Err(format!("the election has no district `{district}`"));
    }
    Ok(RollRow { identifier, district })
}

/// An identifier in its one spelling: no space around it, ASCII digits, Unicode normalisation form C. Two spellings of one
/// person would be two voters.
pub(crate) fn identifier(text: &str) -> Result<String, String> {
    let identifier: String = text.trim().nfc().map(ascii_digit).collect();
    if identifier.is_empty() {
        return Err("the identifier is empty".to_owned());
    }
    if identifier.chars().count() > MAX_IDENTIFIER_CHARS {
        return Err(format!(
            "the identifier has more than {MAX_IDENTIFIER_CHARS} characters"
        ));
    }
    if identifier.chars().any(invisible) {
        return Err("the identifier has control or direction characters".to_owned());
    }
    Ok(identifier)
}

/// Arabic-Indic digits, eastern ones too, as ASCII ones.
fn ascii_digit(c: char) -> char {
    let value = match c {
        '\u{0660}'..='\u{0669}' => u32::from(c) - 0x0660,
        '\u{06F0}'..='\u{06F9}' => u32::from(c) - 0x06F0,
        _ => return c,
    };
    char::from_digit(value, 10).unwrap_or(c)
}

fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{061C}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;

    struct Parsed {
        rows: Vec<RollRow>,
        bad: Vec<BadRow>,
    }

    fn parse(text: &str) -> Parsed {
        let file = RollFile::new(text.as_bytes()).unwrap();
        let pseudonym = |identifier: &str| sha2::Sha256::digest(identifier).into();
        let checked = file.check(
            |d| d.as_str() == "national",
            pseudonym,
            |row| {
                if row.identifier == "V666" {
                    Err("is refused".to_owned())
                } else {
                    Ok(())
                }
            },
        );
        let rows: Vec<_> = file.rows(&checked.bad).collect();
        assert_eq!(checked.good, rows.len() as u64);
        Parsed {
            rows,
            bad: checked.bad,
        }
    }

    #[test]
    fn digits_have_one_spelling() {
        let file = parse("\u{feff}identifier,district\nV١٢٣,national\n ۴۵۶ ,national\n");
        let found: Vec<_> = file.rows.iter().map(|r| r.identifier.as_str()).collect();
        assert_eq!(found, ["V123", "456"]);
        assert_eq!(file.bad, []);
    }

    #[test]
    fn lines_are_counted_as_editors_do() {
        for end in ["\n", "\r\n", "\r"] {
            let lines = [
                "identifier,district",
                "V1,national",
                "",
                "V1,national",
                "\"V2\",x",
                "V3",
            ];
            let file = parse(&lines.join(end));
            let bad: Vec<_> = file.bad.iter().map(|b| b.line).collect();
            assert_eq!(bad, [4, 5, 6], "{end:?}");
        }
    }

    #[test]
    fn a_person_has_one_spelling_in_every_normal_form() {
        let file = parse("identifier,district\r\nZoe\u{301},national\r\nZo\u{e9},national\r\n");
        assert_eq!(file.rows.len(), 1);
        assert_eq!(file.bad[0].problem, "repeats the person of line 2");
    }

    #[test]
    fn every_bad_row_is_named_by_its_line_and_never_by_its_person() {
        let file = parse(
            "identifier,district\nV1,national\nV1,national\n,national\nV2\nV3,north\nV\u{202e}4,national\nV٢,national\nV666,national\n",
        );
        let lines: Vec<_> = file.bad.iter().map(|b| b.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 9]);
        assert_eq!(file.bad[0].problem, "repeats the person of line 2");
        assert!(file.bad.iter().all(|b| !b.problem.contains('V')));
        assert_eq!(file.rows.len(), 2);
    }

    #[test]
    fn what_is_no_roll_is_refused() {
        assert!(RollFile::new(b"V1,national\n").is_err());
        assert!(RollFile::new(b"").is_err());
        let error = RollFile::new(b"identifier,district\nV1,national\n\xff,national\n")
            .err()
            .unwrap();
        assert!(error.to_string().contains("line 3"));
    }

    #[test]
    fn a_list_of_identifiers() {
        let list = parse_identifiers("identifier\nV1\n\n٢\n".as_bytes()).unwrap();
        let found: Vec<_> = list.iter().map(|p| (p.line, p.identifier.as_str())).collect();
        assert_eq!(found, [(2, "V1"), (4, "2")]);
        assert!(parse_identifiers(b"V1\n").is_err());
        assert!(parse_identifiers("identifier\na\u{7}\n".as_bytes()).is_err());
    }
}
