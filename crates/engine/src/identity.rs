//! Who a person is: a port to whatever register of persons there is, and a file in its place for rehearsals.
//!
//! A QID is looked at for its shape alone: 11 digits, Arabic-Indic ones too. Nothing is inferred from them. What a register
//! says of a person is evidence; whether it makes them eligible is for the rules to say (specs/roll.md §3).

use std::collections::HashMap;
use std::io::Read;

use sijill_rules::{Document, Evidence, Nationality, parse_date, western_digits};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A register of persons.
pub trait IdentityProvider: Send + Sync {
    /// What the register knows of a person; `None` if it does not know them.
    ///
    /// # Errors
    /// [`Unavailable`] if it cannot be asked now; ask again.
    fn evidence(&self, qid: &Qid) -> Result<Option<Evidence>, Unavailable>;
}

/// A register that cannot be asked now. Nobody's fault who asks; the reason names no person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the register of persons cannot be asked now: {0}")]
pub struct Unavailable(pub String);

/// The number of an identity card: 11 digits. Wiped from memory when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
pub struct Qid([u8; 11]);

impl std::fmt::Debug for Qid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Qid(redacted)")
    }
}

/// A text that is no QID. The fault is that of whoever typed it, whose text is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an identity number: it has 11 digits / ليس رقماً شخصياً: الرقم من 11 خانة")]
pub struct NotAQid;

impl Qid {
    /// Reads a number as people type it, in digits of any script.
    ///
    /// # Errors
    /// [`NotAQid`]
    pub fn parse(text: &str) -> Result<Self, NotAQid> {
        let mut digits = western_digits(text.trim());
        let read = digits.as_bytes().try_into().map(Self).map_err(|_| NotAQid);
        let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
        digits.zeroize();
        read.and_then(|qid| if all_digits { Ok(qid) } else { Err(NotAQid) })
    }
}

/// Why a file of persons is refused. Names lines, never persons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PersonsFileError {
    /// The first line is another one.
    #[error("line 1 of the file of persons is not `{}`", HEADER.join(","))]
    Header,
    /// A line is wrong.
    #[error("line {line} of the file of persons {problem}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
}

/// Persons of a CSV file: `qid,born,nationality,since,document,expires,exclusions`, days as `YYYY-MM-DD`, exclusions
/// separated by spaces.
pub struct PersonsFile {
    persons: HashMap<Qid, Evidence>,
}

impl std::fmt::Debug for PersonsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonsFile")
            .field("persons", &self.persons.len())
            .finish_non_exhaustive()
    }
}

const HEADER: [&str; 7] = [
    "qid",
    "born",
    "nationality",
    "since",
    "document",
    "expires",
    "exclusions",
];

impl PersonsFile {
    /// Reads the file as it comes; of its bytes nothing is held.
    ///
    /// # Errors
    /// [`PersonsFileError`]: the first bad line, by its number.
    pub fn read(file: impl Read) -> Result<Self, PersonsFileError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(file);
        let mut records = reader.records();
        let header = records.next().and_then(Result::ok).unwrap_or_default();
        let first = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim());
        if first.ne(HEADER) {
            return Err(PersonsFileError::Header);
        }
        let mut persons = HashMap::new();
        for record in records {
            let bad = |line: u64, problem: &str| PersonsFileError::Line {
                line,
                problem: problem.to_owned(),
            };
            let record = record.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line);
                match error.kind() {
                    csv::ErrorKind::Io(error) => bad(line, &format!("cannot be read: {error}")),
                    _ => bad(line, "is not CSV in UTF-8"),
                }
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            let (qid, evidence) = person(&record).map_err(|problem| bad(line, &problem))?;
            if persons.insert(qid, evidence).is_some() {
                return Err(bad(line, "repeats a person"));
            }
        }
        Ok(Self { persons })
    }
}

impl IdentityProvider for PersonsFile {
    fn evidence(&self, qid: &Qid) -> Result<Option<Evidence>, Unavailable> {
        Ok(self.persons.get(qid).cloned())
    }
}

fn person(record: &csv::StringRecord) -> Result<(Qid, Evidence), String> {
    if record.len() != HEADER.len() {
        return Err("does not have 7 fields".to_owned());
    }
    let field = |at: usize| record.get(at).unwrap_or_default().trim();
    let day = |text: &str| parse_date(text).ok_or_else(|| "has a day that is not YYYY-MM-DD".to_owned());
    let mut exclusions: Vec<String> = field(6).split_whitespace().map(str::to_owned).collect();
    exclusions.sort();
    exclusions.dedup();
    let since = field(3);
    Ok((
        Qid::parse(field(0)).map_err(|problem| problem.to_string())?,
        Evidence {
            born: day(field(1))?,
            nationality: match field(2) {
                "naturalised" => Nationality::Naturalised,
                "original" => Nationality::Original,
                "other" => Nationality::Other,
                _ => return Err("has a nationality other than naturalised, original, other".to_owned()),
            },
            since: if since.is_empty() { None } else { Some(day(since)?) },
            document: match field(4) {
                "digital_id" => Document::DigitalId,
                "id_card" => Document::IdCard,
                _ => return Err("has a document other than digital_id, id_card".to_owned()),
            },
            expires: day(field(5))?,
            exclusions,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_eleven_digits_of_any_script_and_no_other_rule() {
        for good in ["12345678901", " ١٢٣٤٥٦٧٨٩٠١ ", "۱۲۳۴۵۶۷۸۹۰۱", "00000000000"] {
            assert!(Qid::parse(good).is_ok(), "{good}");
        }
        assert!(Qid::parse("١٢٣٤٥٦٧٨٩٠١") == Qid::parse("12345678901"));
        for bad in ["", "1234567890", "123456789012", "1234567890a", "123 45678901"] {
            let problem = Qid::parse(bad).unwrap_err().to_string();
            assert!(
                problem.contains("11 digits") && problem.contains("11 خانة"),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_file_of_persons() {
        let head = HEADER.join(",");
        let good = format!(
            "{head}\n12345678901,1990-01-31,naturalised,2001-05-02,id_card,2027-01-01,military conviction\n"
        );
        let file = PersonsFile::read(good.as_bytes()).unwrap();
        let found = file
            .evidence(&Qid::parse("12345678901").unwrap())
            .unwrap()
            .unwrap();
        assert_eq!(found.exclusions, ["conviction", "military"]);
        let other = file.evidence(&Qid::parse("12345678902").unwrap());
        assert_eq!(other, Ok(None));
        assert!(!format!("{file:?} {:?}", Qid::parse("12345678901")).contains("1234"));
        assert!(PersonsFile::read(format!("\u{feff}{good}").as_bytes()).is_ok());
        for line in [
            "1,1990-01-31,original,,id_card,2027-01-01,",
            "12345678901,soon,original,,id_card,2027-01-01,",
            "12345678901,1990-01-31,martian,,id_card,2027-01-01,",
            "12345678901,1990-01-31,original,,letter,2027-01-01,",
            "12345678901,1990-01-31,original",
        ] {
            let error = PersonsFile::read(format!("{head}\n{line}\n").as_bytes())
                .err()
                .unwrap()
                .to_string();
            assert!(
                error.contains("line 2") && !error.contains("12345678901"),
                "{error}"
            );
        }
        let twice = format!("{good}12345678901,1990-01-31,original,,id_card,2027-01-01,\n");
        assert!(PersonsFile::read(twice.as_bytes()).is_err());
    }
}
