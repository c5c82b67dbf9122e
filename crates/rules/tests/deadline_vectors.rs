//! The deadlines that an independent program made from the specification are the ones made here.
//!
//! Vectors: fixtures/vectors/deadlines.json, by specs/vectors/deadline_vectors.py.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use jiff::civil::Date;
use serde::Deserialize;
use sijill_rules::{
    Bilingual, Calendar, ClockError, ClockRules, Counting, DayUnit, Decision, Fact, FactStatus, History,
    ObjectionError, ObjectionReading, ObjectionRules, ObjectionStatus, ObjectionWindow, Reading, Roll,
    Silence, Start, Status, Step, StepAt, read_clock,
};

const VECTORS: &str = include_str!("../../../fixtures/vectors/deadlines.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    format: String,
    clocks: Vec<ClockCase>,
    objections: Vec<ObjectionCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackJson {
    time_zone: String,
    weekly_rest: Vec<String>,
    clock: ClockRules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactJson {
    seq: u64,
    known_ms: u64,
    first: String,
    last: String,
    status: String,
    corrects: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepJson {
    at_ms: u64,
    step: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockCase {
    name: String,
    pack: PackJson,
    facts: Vec<FactJson>,
    received_ms: u64,
    steps: Vec<StepJson>,
    now_ms: u64,
    #[serde(default)]
    expect: Option<ClockExpect>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct ClockExpect {
    status: String,
    on: Option<String>,
    days_late: Option<u32>,
    judged_ms: u64,
    due: Option<String>,
    original_due: Option<String>,
    days_left: u32,
    missed_on: Option<String>,
    missed_due: Option<String>,
    clarify_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesJson {
    unit: DayUnit,
    start: Start,
    roll: Roll,
    window_days: u16,
    decision_days: Option<u16>,
    silence: Silence,
    remedy_days: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtensionJson {
    at_ms: u64,
    new_last_day: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectionCase {
    name: String,
    pack: PackJson,
    facts: Vec<FactJson>,
    rules: RulesJson,
    opened_ms: u64,
    extensions: Vec<ExtensionJson>,
    filed_ms: u64,
    decided_ms: Option<u64>,
    decision: Option<String>,
    now_ms: u64,
    #[serde(default)]
    expect: Option<ObjectionExpect>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct ObjectionExpect {
    status: String,
    on: Option<String>,
    decide_by: Option<String>,
    next_remedy_last_day: Option<String>,
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn text(day: Date) -> String {
    day.to_string()
}

fn calendar(pack: &PackJson, facts: &[FactJson]) -> Calendar {
    let names = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let rest: Vec<_> = pack
        .weekly_rest
        .iter()
        .map(|name| {
            let offset = names.iter().position(|n| n == name).unwrap();
            jiff::civil::Weekday::from_monday_zero_offset(i8::try_from(offset).unwrap()).unwrap()
        })
        .collect();
    let mut calendar = Calendar::new(&pack.time_zone, &rest).unwrap();
    for fact in facts {
        calendar
            .declare(Fact {
                seq: fact.seq,
                known_ms: fact.known_ms,
                first: date(&fact.first),
                last: date(&fact.last),
                status: match fact.status.as_str() {
                    "estimate" => FactStatus::Estimate,
                    "announced" => FactStatus::Announced,
                    "withdrawn" => FactStatus::Withdrawn,
                    other => panic!("{other}"),
                },
                corrects: fact.corrects,
                name: Bilingual::new("Holiday", "عطلة"),
                source: "vector".into(),
            })
            .unwrap();
    }
    calendar
}

fn step(name: &str) -> Step {
    match name {
        "clarification_asked" => Step::ClarificationAsked,
        "clarification_answered" => Step::ClarificationAnswered,
        "fee_quoted" => Step::FeeQuoted,
        "fee_settled" => Step::FeeSettled,
        "extended" => Step::Extended,
        "transferred" => Step::Transferred,
        "decided" => Step::Decided,
        "closed" => Step::Closed,
        other => panic!("{other}"),
    }
}

fn told(reading: &Reading) -> ClockExpect {
    let (status, on, days_late) = match reading.status {
        Status::Running => ("running", None, None),
        Status::Paused => ("paused", None, None),
        Status::Overdue => ("overdue", None, None),
        Status::Decided { on, days_late } => ("decided", Some(on), Some(days_late)),
        Status::Closed { on } => ("closed", Some(on), None),
        Status::DeemedRefusal { on } => ("deemed_refusal", Some(on), None),
        Status::Abandoned { on } => ("abandoned", Some(on), None),
    };
    ClockExpect {
        status: status.into(),
        on: on.map(text),
        days_late,
        judged_ms: reading.judged_ms,
        due: reading.due.map(text),
        original_due: reading.original_due.map(text),
        days_left: reading.days_left,
        missed_on: reading.missed.map(|m| text(m.on)),
        missed_due: reading.missed.map(|m| text(m.due)),
        clarify_by: reading.clarify_by.map(text),
    }
}

fn clock_code(error: ClockError) -> &'static str {
    match error {
        ClockError::Order { .. } => "order",
        ClockError::Ended { .. } => "ended",
        ClockError::StillOpen { .. } => "still_open",
        ClockError::NotAsked { .. } => "not_asked",
        ClockError::TransferWhileOpen { .. } => "transfer_while_open",
        ClockError::NoExtensionLeft { .. } => "no_extension_left",
        ClockError::ExtendedLate { .. } => "extended_late",
        other => panic!("{other}"),
    }
}

fn vectors() -> Vectors {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.format, "sijill-deadline-vectors/1");
    vectors
}

#[test]
fn clocks_agree_with_the_independent_program() {
    let vectors = vectors();
    assert!(vectors.clocks.len() > 400);
    for case in vectors.clocks {
        let calendar = calendar(&case.pack, &case.facts);
        let history = History {
            received_ms: case.received_ms,
            steps: case
                .steps
                .iter()
                .map(|s| StepAt {
                    at_ms: s.at_ms,
                    step: step(&s.step),
                })
                .collect(),
        };
        match read_clock(&case.pack.clock, &calendar, &history, case.now_ms) {
            Ok(reading) => {
                assert_eq!(case.error, None, "{}: accepted", case.name);
                assert_eq!(Some(told(&reading)), case.expect, "{}", case.name);
            }
            Err(error) => assert_eq!(
                Some(clock_code(error)),
                case.error.as_deref(),
                "{}: {error}",
                case.name
            ),
        }
    }
}

fn objection(case: &ObjectionCase) -> Result<ObjectionReading, ObjectionError> {
    let calendar = calendar(&case.pack, &case.facts);
    let rules = ObjectionRules {
        counting: Counting {
            unit: case.rules.unit,
            start: case.rules.start,
            roll: case.rules.roll,
        },
        window_days: case.rules.window_days,
        decision_days: case.rules.decision_days,
        silence: case.rules.silence,
        remedy_days: case.rules.remedy_days,
    };
    let mut window = ObjectionWindow::open(rules, &calendar, case.opened_ms)?;
    for extension in &case.extensions {
        let new = date(&extension.new_last_day);
        window.extend(&calendar, extension.at_ms, new, "commission", "more time")?;
    }
    let mut objection = window.file(&calendar, case.filed_ms)?;
    if let Some(at_ms) = case.decided_ms {
        let decision = match case.decision.as_deref() {
            Some("upheld") => Decision::Upheld,
            Some("varied") => Decision::Varied,
            Some("overturned") => Decision::Overturned,
            other => panic!("{other:?}"),
        };
        objection.decide(&calendar, at_ms, decision)?;
    }
    objection.read(&calendar, case.now_ms)
}

#[test]
fn objections_agree_with_the_independent_program() {
    let vectors = vectors();
    assert!(vectors.objections.len() > 100);
    for case in vectors.objections {
        match objection(&case) {
            Ok(reading) => {
                let (status, on) = match reading.status {
                    ObjectionStatus::Pending => ("pending", None),
                    ObjectionStatus::Overdue => ("overdue", None),
                    ObjectionStatus::Decided { on, .. } => ("decided", Some(on)),
                    ObjectionStatus::ImplicitlyRejected { on } => ("implicitly_rejected", Some(on)),
                };
                let told = ObjectionExpect {
                    status: status.into(),
                    on: on.map(text),
                    decide_by: reading.decide_by.map(text),
                    next_remedy_last_day: reading.next_remedy_last_day.map(text),
                };
                assert_eq!(case.error, None, "{}: accepted", case.name);
                assert_eq!(Some(told), case.expect, "{}", case.name);
            }
            Err(error) => {
                let code = match error {
                    ObjectionError::WindowClosed { .. } => "window_closed",
                    ObjectionError::NotLonger { .. } => "not_longer",
                    ObjectionError::Ended { .. } => "ended",
                    other => panic!("{}: {other}", case.name),
                };
                assert_eq!(Some(code), case.error.as_deref(), "{}: {error}", case.name);
            }
        }
    }
}
