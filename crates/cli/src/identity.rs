//! Who a person is: a port to whatever register of persons there is, and a file in its place for rehearsals.
//!
//! A QID is looked at for its shape alone: 11 digits, Arabic-Indic ones too. Nothing is inferred from them.

use std::collections::HashMap;

use sijill_rules::{Document, Evidence, Nationality, parse_date, western_digits};

use crate::error::{Failure, Outcome};

/// A register of persons.
pub(crate) trait IdentityProvider {
    /// What the register knows of a person; `None` if it does not know them.
    fn evidence(&self, qid: &Qid) -> Option<Evidence>;
}

/// The number of an identity card: 11 digits.
#[derive(Clone, PartialEq, Eq, Hash, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub(crate) struct Qid(String);

impl Qid {
    /// Reads a number as people type it.
    ///
    /// # Errors
    /// What is wrong, in English and Arabic; it does not repeat the text.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let digits = western_digits(text.trim());
        if digits.len() == 11 && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(digits))
        } else {
            Err("is not an identity number: it has 11 digits / ليس رقماً شخصياً: الرقم من 11 خانة")
        }
    }
}

/// Persons of a CSV file: `qid,born,nationality,since,document,expires,exclusions`, days as `YYYY-MM-DD`, exclusions
/// separated by spaces.
pub(crate) struct PersonsFile {
    persons: HashMap<Qid, Evidence>,
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
    /// Reads the file.
    ///
    /// # Errors
    /// The first bad line, by its number; never by its person.
    pub(crate) fn parse(bytes: &[u8]) -> Outcome<Self> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut records = reader.records();
        let header = records.next().and_then(Result::ok).unwrap_or_default();
        if header.iter().map(str::trim).ne(HEADER) {
            return Err(Failure::refused(
                format!("line 1 of the file of persons is not `{}`", HEADER.join(",")),
                "put these names into the first line, separated by commas",
            )
            .code("persons-file.header"));
        }
        let mut persons = HashMap::new();
        for record in records {
            let bad = |line: u64, problem: &str| {
                Failure::refused(
                    format!("line {line} of the file of persons {problem}"),
                    "mend this line; nothing was written",
                )
                .code("persons-file.line")
            };
            let record = match record {
                Ok(record) => record,
                Err(error) => return Err(bad(error.position().map_or(0, csv::Position::line), "is not CSV")),
            };
            let line = record.position().map_or(0, csv::Position::line);
            let (qid, evidence) = person(&record).map_err(|problem| bad(line, problem))?;
            if persons.insert(qid, evidence).is_some() {
                return Err(bad(line, "repeats a person"));
            }
        }
        Ok(Self { persons })
    }
}

impl IdentityProvider for PersonsFile {
    fn evidence(&self, qid: &Qid) -> Option<Evidence> {
        self.persons.get(qid).cloned()
    }
}

fn person(record: &csv::StringRecord) -> Result<(Qid, Evidence), &'static str> {
    if record.len() != HEADER.len() {
        return Err("does not have 7 fields");
    }
    let field = |at: usize| record.get(at).unwrap_or_default().trim();
    let day = |text: &str| parse_date(text).ok_or("has a day that is not YYYY-MM-DD");
    let mut exclusions: Vec<String> = field(6).split_whitespace().map(str::to_owned).collect();
    exclusions.sort();
    exclusions.dedup();
    let since = field(3);
    Ok((
        Qid::parse(field(0))?,
        Evidence {
            born: day(field(1))?,
            nationality: match field(2) {
                "naturalised" => Nationality::Naturalised,
                "original" => Nationality::Original,
                "other" => Nationality::Other,
                _ => return Err("has a nationality other than naturalised, original, other"),
            },
            since: if since.is_empty() { None } else { Some(day(since)?) },
            document: match field(4) {
                "digital_id" => Document::DigitalId,
                "id_card" => Document::IdCard,
                _ => return Err("has a document other than digital_id, id_card"),
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
            let problem = Qid::parse(bad).err().unwrap();
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
        let file = PersonsFile::parse(good.as_bytes()).unwrap();
        let found = file.evidence(&Qid::parse("12345678901").unwrap()).unwrap();
        assert_eq!(found.exclusions, ["conviction", "military"]);
        assert!(file.evidence(&Qid::parse("12345678902").unwrap()).is_none());
        for line in [
            "1,1990-01-31,original,,id_card,2027-01-01,",
            "12345678901,soon,original,,id_card,2027-01-01,",
            "12345678901,1990-01-31,martian,,id_card,2027-01-01,",
            "12345678901,1990-01-31,original,,letter,2027-01-01,",
            "12345678901,1990-01-31,original",
        ] {
            let error = PersonsFile::parse(format!("{head}\n{line}\n").as_bytes())
                .err()
                .unwrap()
                .to_string();
            assert!(
                error.contains("line 2") && !error.contains("12345678901"),
                "{error}"
            );
        }
        let twice = format!("{good}12345678901,1990-01-31,original,,id_card,2027-01-01,\n");
        assert!(PersonsFile::parse(twice.as_bytes()).is_err());
    }
}
