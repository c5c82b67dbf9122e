//! Results as one CSV table.

use sijill_registers::manifest::Text;

use crate::language::percent;
use crate::model::{Counted, EventResults, Poll, QuestionResults, Votes};

const HEADER: [&str; 15] = [
    "event",
    "district",
    "question",
    "row",
    "choice",
    "english",
    "arabic",
    "digital",
    "paper",
    "total",
    "percent_of_cast",
    "percent_of_valid",
    "status",
    "outcome",
    "detail",
];

/// UTF-8, RFC 4180, one header line. `row` is one of `answer`, `blank`, `invalid`, `cast`, `eligible`, `unopposed`,
/// `not-decrypted`; `question` and `choice` count from 1 in the order of the ballot; percentages have two decimals.
/// Fields that do not apply are empty. `outcome` is how an answer is elected (`votes`, `unopposed`, `casting_vote`, `lots`),
/// `level` if it was in a tie and is not elected, or `void`; `detail` says by whom and why a tie was decided, or why a
/// candidate was removed.
#[must_use]
pub fn table(results: &EventResults) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail, and every row has the same number of fields.
    let _ = writer.write_record(HEADER);
    for district in &results.districts {
        let row = |fields: Row<'_>| fields.cells(&results.id, &district.id, results);
        match &district.poll {
            Poll::Unopposed(elected) => {
                for (name, choice) in elected.iter().zip(1..) {
                    let fields = Row {
                        outcome: "unopposed",
                        ..Row::new("unopposed").choice(choice, name)
                    };
                    let _ = writer.write_record(row(fields));
                }
            }
            Poll::NotDecrypted { .. } => {
                let _ = writer.write_record(row(Row::new("not-decrypted")));
            }
            Poll::Counted(counted) => {
                for fields in rows(counted) {
                    let _ = writer.write_record(row(fields));
                }
            }
        }
    }
    writer
        .into_inner()
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

fn rows(counted: &Counted) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for (question, number) in counted.questions.iter().zip(1..) {
        for ((answer, votes), choice) in question.answers.iter().zip(1..) {
            let row = Row::new("answer").choice(choice, answer);
            let row = row.votes(counted, *votes).of(counted, question, number, *votes);
            let (outcome, detail) = outcome(question, choice - 1);
            rows.push(Row {
                outcome,
                detail,
                ..row
            });
        }
        if let Some(blank) = question.blank {
            rows.push(Row {
                question: Some(number),
                ..Row::new("blank").votes(counted, blank)
            });
        }
    }
    let invalid = Votes {
        digital: 0,
        paper: counted.invalid,
    };
    rows.push(Row::new("invalid").votes(counted, invalid));
    rows.push(Row::new("cast").votes(counted, counted.cast));
    rows.push(Row {
        total: Some(counted.eligible),
        ..Row::new("eligible")
    });
    rows
}

/// What became of an answer, counted from 0, and why.
fn outcome(question: &QuestionResults, answer: usize) -> (&'static str, String) {
    let Some(seats) = &question.seats else {
        return ("", String::new());
    };
    let is = |other: u16| usize::from(other) == answer;
    let decided = seats.tie.as_ref().and_then(|tie| {
        let decided = tie.decided.as_ref()?;
        let level = tie.level.iter().any(|other| is(*other));
        level.then(|| format!("{}: {}", decided.by.join("; "), decided.reason))
    });
    if let Some(elected) = seats.elected.iter().find(|elected| is(elected.answer)) {
        return (elected.by.name(), decided.unwrap_or_default());
    }
    if let Some(removal) = seats.void.iter().find(|removal| is(removal.answer)) {
        return ("void", removal.reason.clone());
    }
    decided.map_or(("", String::new()), |detail| ("level", detail))
}

struct Row<'a> {
    kind: &'static str,
    question: Option<usize>,
    choice: Option<usize>,
    text: Option<&'a Text>,
    votes: Option<Votes>,
    total: Option<u64>,
    of_cast_bp: Option<u64>,
    of_valid_bp: Option<u64>,
    outcome: &'static str,
    detail: String,
}

impl<'a> Row<'a> {
    const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            question: None,
            choice: None,
            text: None,
            votes: None,
            total: None,
            of_cast_bp: None,
            of_valid_bp: None,
            outcome: "",
            detail: String::new(),
        }
    }

    fn choice(self, choice: usize, text: &'a Text) -> Self {
        Self {
            choice: Some(choice),
            text: Some(text),
            ..self
        }
    }

    fn votes(self, counted: &Counted, votes: Votes) -> Self {
        Self {
            votes: Some(votes),
            total: Some(votes.total()),
            of_cast_bp: Some(counted.of_cast_bp(votes.total())),
            ..self
        }
    }

    fn of(self, counted: &Counted, question: &QuestionResults, number: usize, votes: Votes) -> Self {
        Self {
            question: Some(number),
            of_valid_bp: Some(counted.of_valid_bp(question, votes.total())),
            ..self
        }
    }

    fn cells(self, event: &str, district: &str, results: &EventResults) -> [String; 15] {
        let number = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
        let index = |n: Option<usize>| n.map_or_else(String::new, |n| n.to_string());
        let share = |bp: Option<u64>| bp.map_or_else(String::new, |bp| percent(bp).replace('%', ""));
        [
            event.to_owned(),
            district.to_owned(),
            index(self.question),
            self.kind.to_owned(),
            index(self.choice),
            self.text.map_or_else(String::new, |t| t.en.clone()),
            self.text.map_or_else(String::new, |t| t.ar.clone()),
            number(self.votes.map(|v| v.digital)),
            number(self.votes.map(|v| v.paper)),
            number(self.total),
            share(self.of_cast_bp),
            share(self.of_valid_bp),
            results.status.name().to_owned(),
            self.outcome.to_owned(),
            self.detail,
        ]
    }
}
