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
