//! A consultation as open data: what is published of it, and nothing else.
//!
//! Whoever makes an [`OpenData`] puts published texts into it alone: a comment that is hidden, withdrawn or erased has its place and its
//! state here, and no text.
//!
//! *CSV.* UTF-8, RFC 4180, one header line. Moments are RFC 3339 in UTC, days `YYYY-MM-DD`. A cell of what somebody typed that a
//! spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return) has an apostrophe before it;
//! the JSON has every text as it was typed.

use jiff::Timestamp;
use serde::Serialize;

/// Format of the JSON.
const FORMAT: &str = "sijill-open-consultation/1";

/// What is published of a consultation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenData {
    /// `sijill-open-consultation/1`.
    pub format: &'static str,
    /// The id of its register.
    pub id: String,
    /// Its ledger, in hexadecimal.
    pub ledger: String,
    /// Entries of the ledger that this is read from.
    pub size: u64,
    /// Name in English.
    pub name_en: String,
    /// Name in Arabic.
    pub name_ar: String,
    /// The body that asks.
    pub owner_en: String,
    /// The same in Arabic.
    pub owner_ar: String,
    /// First day of the window.
    pub first: String,
    /// Last day of the window.
    pub last: String,
    /// Last day for the report.
    pub report_due: String,
    /// `pending`, `overdue`, `published`, `late`.
    pub report_state: &'static str,
    /// Comments, by number.
    pub comments: Vec<Comment>,
    /// Official answers.
    pub answers: Vec<Answer>,
    /// The report, if there is one.
    pub report: Option<Report>,
    /// Counts of responses; `None` before the last day of the window is closed.
    pub responses: Option<Responses>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// Its number: its position on the ledger.
    pub comment: u64,
    /// The number of the participant, in the order of enrolment.
    pub participant: u64,
    /// Whether the intake service handed it in.
    pub attested: bool,
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: u64,
    /// `visible`, `hidden`, `withdrawn`.
    pub state: &'static str,
    /// Why it is hidden, if it is.
    pub hidden: Option<&'static str>,
    /// Whether its text is erased.
    pub erased: bool,
    /// Whether it came after the window.
    pub late: bool,
    /// Whether it counts: visible and not late.
    pub counted: bool,
    /// The comment that it replies to.
    pub reply_to: Option<u64>,
    /// The version that it was made on.
    pub version: Option<u32>,
    /// The clause that it was made on.
    pub clause: Option<String>,
    /// The clause of the latest version at which it stands now; `None` if it is orphaned or on the document as a whole.
    pub clause_now: Option<String>,
    /// Whether the clause that it was made on is gone.
    pub orphaned: bool,
    /// Its themes.
    pub themes: Vec<String>,
    /// Official answers to it.
    pub answers: Vec<u64>,
    /// Its text, if it is published.
    pub text: Option<String>,
}

/// An official answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Its position on the ledger.
    pub answer: u64,
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: u64,
    /// The comments that it answers.
    pub to: Vec<u64>,
    /// Its text, unless it is erased.
    pub text: Option<String>,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Position of the latest one on the ledger.
    pub position: u64,
    /// Its text, unless it is erased.
    pub text: Option<String>,
    /// What came of each theme.
    pub themes: Vec<Theme>,
}

/// A theme of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Theme {
    /// Its id.
    pub theme: String,
    /// Name in English.
    pub name_en: String,
    /// Name in Arabic.
    pub name_ar: String,
    /// Comments in it that count.
    pub counted: u64,
    /// `accepted`, `partly accepted`, `rejected`.
    pub outcome: &'static str,
    /// Why, unless it is erased.
    pub reason: Option<String>,
}

/// Counts of responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Responses {
    /// Persons who responded.
    pub persons: u64,
    /// Those of them whose answers are erased, and who count for no option.
    pub erased: u64,
    /// The questions, in their order.
    pub questions: Vec<Question>,
}

/// Counts of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The question in English.
    pub text_en: String,
    /// The same in Arabic.
    pub text_ar: String,
    /// Its options.
    pub options: Vec<OptionCount>,
}

/// Count of an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptionCount {
    /// The option in English.
    pub en: String,
    /// The same in Arabic.
    pub ar: String,
    /// Persons who chose it.
    pub persons: u64,
}

impl OpenData {
    /// The format of this version.
    pub const FORMAT: &'static str = FORMAT;

    /// Everything as one JSON document.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The comments.
    #[must_use]
    pub fn comments_csv(&self) -> String {
        let head = [
            "comment",
            "participant",
            "attested",
            "at",
            "state",
            "hidden",
            "erased",
            "late",
            "counted",
            "reply_to",
            "version",
            "clause",
            "clause_now",
            "orphaned",
            "themes",
            "answers",
            "text",
        ];
        let rows = self.comments.iter().map(|c| {
            vec![
                c.comment.to_string(),
                c.participant.to_string(),
                c.attested.to_string(),
                moment(c.at_ms),
                c.state.to_owned(),
                c.hidden.unwrap_or_default().to_owned(),
                c.erased.to_string(),
                c.late.to_string(),
                c.counted.to_string(),
                number(c.reply_to),
                c.version.map(|v| v.to_string()).unwrap_or_default(),
                c.clause.clone().unwrap_or_default(),
                c.clause_now.clone().unwrap_or_default(),
                c.orphaned.to_string(),
                c.themes.join(" "),
                numbers(&c.answers),
                typed(c.text.as_deref()),
            ]
        });
        table(&head, rows)
    }

    /// The official answers.
    #[must_use]
    pub fn answers_csv(&self) -> String {
        let rows = self.answers.iter().map(|a| {
            vec![
                a.answer.to_string(),
                moment(a.at_ms),
                numbers(&a.to),
                typed(a.text.as_deref()),
            ]
        });
        table(&["answer", "at", "to", "text"], rows)
    }

    /// What came of each theme; the first row, without a theme, has the text of the report.
    #[must_use]
    pub fn report_csv(&self) -> String {
        let head = ["theme", "name_en", "name_ar", "counted", "outcome", "text"];
        let mut rows = Vec::new();
        if let Some(report) = &self.report {
            let mut first = vec![String::new(); head.len()];
            first[head.len() - 1] = typed(report.text.as_deref());
            rows.push(first);
            rows.extend(report.themes.iter().map(|t| {
                vec![
                    t.theme.clone(),
                    typed(Some(&t.name_en)),
                    typed(Some(&t.name_ar)),
                    t.counted.to_string(),
                    t.outcome.to_owned(),
                    typed(t.reason.as_deref()),
                ]
            }));
        }
        table(&head, rows.into_iter())
    }

    /// The counts of responses, questions and options from 1; only the header before the last day of the window is closed.
    #[must_use]
    pub fn responses_csv(&self) -> String {
        let head = [
            "question",
            "option",
            "question_en",
            "question_ar",
            "option_en",
            "option_ar",
            "persons",
        ];
        let mut rows = Vec::new();
        for (q, question) in (1..).zip(self.responses.iter().flat_map(|r| &r.questions)) {
            for (o, option) in (1..).zip(&question.options) {
                let (q, o): (u32, u32) = (q, o);
                rows.push(vec![
                    q.to_string(),
                    o.to_string(),
                    typed(Some(&question.text_en)),
                    typed(Some(&question.text_ar)),
                    typed(Some(&option.en)),
                    typed(Some(&option.ar)),
                    option.persons.to_string(),
                ]);
            }
        }
        table(&head, rows.into_iter())
    }
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail, and every row has the same number of fields.
    let _ = writer.write_record(head);
    for row in rows {
        let _ = writer.write_record(row);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// What somebody typed, so that no spreadsheet runs it.
fn typed(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn number(n: Option<u64>) -> String {
    n.map(|n| n.to_string()).unwrap_or_default()
}

fn numbers(all: &[u64]) -> String {
    let all: Vec<String> = all.iter().map(u64::to_string).collect();
    all.join(" ")
}

fn moment(ms: u64) -> String {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(number: u64, text: Option<&str>) -> Comment {
        Comment {
            comment: number,
            participant: 1,
            attested: false,
            at_ms: 1_770_000_000_123,
            state: if text.is_some() { "visible" } else { "hidden" },
            hidden: text.is_none().then_some("abuse"),
            erased: false,
            late: false,
            counted: text.is_some(),
            reply_to: None,
            version: Some(1),
            clause: Some("fee".into()),
            clause_now: Some("fee".into()),
            orphaned: false,
            themes: vec!["fees".into(), "hours".into()],
            answers: vec![7, 9],
            text: text.map(str::to_owned),
        }
    }

    fn data(comments: Vec<Comment>) -> OpenData {
        OpenData {
            format: OpenData::FORMAT,
            id: "parks".into(),
            ledger: "00".into(),
            size: 9,
            name_en: "Parks".into(),
            name_ar: String::new(),
            owner_en: "Municipality".into(),
            owner_ar: String::new(),
            first: "2026-02-01".into(),
            last: "2026-02-10".into(),
            report_due: "2026-03-01".into(),
            report_state: "pending",
            comments,
            answers: vec![Answer {
                answer: 7,
                at_ms: 0,
                to: vec![3, 5],
                text: Some("Thanks".into()),
            }],
            report: None,
            responses: None,
        }
    }

    #[test]
    fn a_table_is_read_back_as_it_was_meant() {
        let typed = ["=1+1", "@cmd", "a \"quoted\", text\nof two lines", "نص عربي"];
        let comments = typed.iter().zip(3..).map(|(text, n)| comment(n, Some(text)));
        let csv = data(comments.collect()).comments_csv();
        let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<::csv::StringRecord> = reader.records().map(|r| r.unwrap()).collect();
        let texts: Vec<&str> = rows.iter().map(|r| r.get(16).unwrap()).collect();
        assert_eq!(
            texts,
            ["'=1+1", "'@cmd", "a \"quoted\", text\nof two lines", "نص عربي"]
        );
        assert_eq!(rows[0].get(3), Some("2026-02-02T02:40:00.123Z"));
        assert_eq!(rows[0].get(14), Some("fees hours"));
        assert_eq!(rows[0].get(15), Some("7 9"));
    }

    #[test]
    fn what_is_not_published_has_a_place_and_no_text() {
        let data = data(vec![comment(3, None)]);
        let json: serde_json::Value = serde_json::from_str(&data.to_json()).unwrap();
        assert_eq!(json["comments"][0]["text"], serde_json::Value::Null);
        assert_eq!(json["comments"][0]["hidden"], "abuse");
        assert_eq!(json["responses"], serde_json::Value::Null);
        assert_eq!(data.responses_csv().lines().count(), 1);
        assert!(
            data.answers_csv()
                .contains("7,1970-01-01T00:00:00.000Z,3 5,Thanks")
        );
    }
}
