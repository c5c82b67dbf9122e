//! Election files under rule packs.

use sijill_registers::election_file::{ElectionFileError, compile};
use sijill_rules::RulePack;

const PACK: &str = include_str!("../../../fixtures/rules/plain-1.toml");
const FILE: &str = include_str!("../../../fixtures/referendum/election.toml");

fn opening(opens: &str) -> Result<(), ElectionFileError> {
    let pack = RulePack::parse(PACK).expect("the shipped pack");
    let file: String = FILE
        .lines()
        .map(|line| match line.split_once(" = ") {
            Some(("opens", _)) => format!("opens = \"{opens}\"\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    compile(&file, &pack).map(|_| ())
}

/// The pack is in force from 1 January 2026. It is that day in Qatar three hours earlier than in UTC.
#[test]
fn the_opening_day_is_that_of_the_event_s_time_zone() {
    opening("2026-01-01T00:30:00+03:00").expect("in force since half an hour");
    opening("2025-12-31T21:30:00Z").expect("the same moment");
    let early = opening("2025-12-31T23:30:00+03:00");
    assert!(
        matches!(early, Err(ElectionFileError::Rules { field: "opens", .. })),
        "{early:?}"
    );
}

/// The search of the time-zone database ignores case: `Asia/QAtar` was compiled into a manifest that verifiers refuse.
#[test]
fn a_time_zone_is_spelled_as_in_the_database() {
    let pack = RulePack::parse(PACK).expect("the shipped pack");
    let manifest = compile(FILE, &pack).expect("the shipped file");
    for other in ["Asia/QAtar", "asia/qatar", "Etc/Unknown", "+03:00"] {
        let refused = compile(&FILE.replace("Asia/Qatar", other), &pack);
        assert!(
            matches!(refused, Err(ElectionFileError::TimeZone { .. })),
            "{refused:?}"
        );
        let mut manifest = manifest.clone();
        manifest.time_zone = other.to_owned();
        assert!(manifest.validate().is_err(), "{other}");
    }
}

/// Days are reckoned once: by the rules, in the time zone of the event.
#[test]
fn rules_and_event_have_one_time_zone_and_the_rules_hold_until_the_close() {
    let pack = RulePack::parse(PACK).expect("the shipped pack");
    let elsewhere = compile(&FILE.replace("Asia/Qatar", "Asia/Kuwait"), &pack);
    assert!(
        matches!(
            elsewhere,
            Err(ElectionFileError::Rules {
                field: "time_zone",
                ..
            })
        ),
        "{elsewhere:?}"
    );
    let until = |day: &str| {
        let text = PACK.replace("valid_from", &format!("valid_until = \"{day}\"\nvalid_from"));
        compile(FILE, &RulePack::parse(&text).expect("a pack")).map(|_| ())
    };
    until("2026-12-05").expect("in force through the polling day");
    assert!(matches!(
        until("2026-12-04"),
        Err(ElectionFileError::Rules { field: "opens", .. })
    ));
}

/// Spec: specs/outcome.md §2.
#[test]
fn seats_are_at_least_one_and_at_most_the_answers() {
    let pack = RulePack::parse(PACK).expect("the shipped pack");
    let with = |seats: &str| {
        compile(
            &FILE.replacen("max = 1", &format!("max = 1\nseats = {seats}"), 1),
            &pack,
        )
    };
    let manifest = with("2").expect("as many as answers");
    assert!(manifest.fills_seats());
    let text = String::from_utf8(manifest.to_bytes()).expect("JSON");
    assert!(text.contains(r#""max":1,"seats":2}"#), "{text}");
    let read = |text: &str| sijill_registers::manifest::Manifest::parse(text.as_bytes());
    assert_eq!(read(&text).expect("the document"), manifest);
    for wrong in ["null", "0", "3", "-1", "1.0", "\"1\""] {
        assert!(
            read(&text.replace("\"seats\":2", &format!("\"seats\":{wrong}"))).is_err(),
            "{wrong}"
        );
    }
    assert!(read(&text.replace("\"max\":1,\"seats\":2", "\"seats\":2,\"max\":1")).is_err());
    for wrong in ["0", "3", "-1", "70000"] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
    let without = compile(FILE, &pack).expect("the shipped file");
    assert!(!without.fills_seats());
    assert!(
        !String::from_utf8(without.to_bytes())
            .expect("JSON")
            .contains("seats")
    );
}
