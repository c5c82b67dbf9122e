//! The committed corpus is what the generator makes, and the verifier says of every case exactly what the index expects, on any number of
//! threads and every time.

#![allow(
    clippy::unwrap_used,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::collections::BTreeSet;

use rayon::ThreadPool;
use sijill_tests::attacks::corpus::{differences, events, folder, judge, read, verify};
use sijill_verifier::{CODES, CheckVerdict};

fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

/// Cases of which each has many objects to look at on several threads, a failing one among them.
const RACES: [&str; 12] = [
    "B1-challenge",
    "B2-cancellation",
    "B4-copy",
    "B13-torsion",
    "B16-weak-hash",
    "B21-audited",
    "B22-held-back",
    "F2-order",
    "J12-mismatch",
    "L1-rest",
    "L21-torsion",
    "T3-bogus",
];

#[test]
fn the_generator_makes_what_is_committed() {
    let differences = differences(&folder());
    assert!(
        differences.is_empty(),
        "make the corpus anew with `cargo run -p sijill-tests --bin attacks -- write`: {differences:?}"
    );
}

#[test]
fn every_case_has_its_verdict_on_any_number_of_threads() {
    let cases = read(&folder());
    let mut faults = Vec::new();
    for (row, members) in &cases {
        let expected = pool(1).install(|| verify(row, members));
        faults.extend(judge(row, &expected));
        for threads in [2, 3, 8] {
            if pool(threads).install(|| verify(row, members)) != expected {
                faults.push(format!("{}: another report on {threads} threads", row.id));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn races_have_the_same_report_every_time() {
    let cases = read(&folder());
    for id in RACES {
        let (row, members) = cases.iter().find(|(row, _)| row.id == id).unwrap();
        let expected = verify(row, members);
        assert_eq!(judge(row, &expected), None);
        for round in 0..50 {
            let report = pool(1 + round % 8).install(|| verify(row, members));
            assert_eq!(report, expected, "{id}, round {round}");
        }
    }
}

/// Codes under which no case of the corpus fails, and why.
const ELSEWHERE: [(&str, &str); 11] = [
    ("folder.layout", "whatever it finds has a more precise code"),
    (
        "folder.content",
        "a file that the operating system does not hand out: only on a disk",
    ),
    (
        "calendar.openings",
        "an opening that the operating system does not hand out: only on a disk",
    ),
    ("archive.ballot", "whatever it finds has a more precise code"),
    ("since.prefix", "needs an earlier report: tests of the verifier"),
    ("watch.checkpoint", "needs a state folder: tests of the verifier"),
    ("watch.gone", "needs a state folder: tests of the verifier"),
    ("watch.back", "needs a state folder: tests of the verifier"),
    ("watch.fork", "needs a state folder: tests of the verifier"),
    ("watch.rewrite", "needs a state folder: tests of the verifier"),
    ("watch.tiles", "needs a state folder: tests of the verifier"),
];

/// Every code of the verifier is that of a counter-example in some case, but for those of the list.
#[test]
fn every_code_fails_somewhere() {
    let cases = read(&folder());
    let seen: BTreeSet<&str> = cases
        .iter()
        .flat_map(|(row, _)| &row.codes)
        .map(String::as_str)
        .collect();
    let missing: BTreeSet<&str> = CODES
        .iter()
        .map(|code| code.code)
        .filter(|code| !seen.contains(code))
        .collect();
    assert_eq!(missing, ELSEWHERE.iter().map(|(code, _)| *code).collect());
    let unknown: Vec<_> = seen
        .iter()
        .filter(|code| CODES.iter().all(|known| known.code != **code))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Checks that have nothing to look at in an honest case.
fn is_empty_by_right(id: &str, number: &str) -> bool {
    let ceremony = ["honest-absent-trustee", "honest-restart", "honest-complaint"].contains(&id);
    let with_stations = id.starts_with("honest-station");
    match number {
        "20.4" => id != "honest-station-lost",
        "20.13" => !["honest-station-guest", "honest-station-revoked"].contains(&id),
        // No case has the first vote final.
        "20.11" => true,
        // Either each trustee has a key of its own, or they hold a ceremony.
        "5.4" => ceremony,
        "5.13" | "5.14" | "5.15" | "5.16" => !ceremony,
        "5.17" => id != "honest-complaint",
        "5.11" => !["honest-paper", "honest-recount"].contains(&id) && !with_stations,
        "5.18" if with_stations => false,
        "5.18" => ![
            "honest-paper",
            "honest-elected",
            "honest-lots",
            "honest-casting-vote",
            "honest-recount",
        ]
        .contains(&id),
        "5.20" | "5.21" => ![
            "honest-elected",
            "honest-lots",
            "honest-casting-vote",
            "honest-recount",
            "honest-void",
            "honest-no-seats",
        ]
        .contains(&id),
        "5.22" => !["honest-lots", "honest-casting-vote", "honest-recount"].contains(&id),
        "5.23" => id != "honest-void",
        "5.24" => id != "honest-recount",
        "5.19" => id != "honest-archive",
        "5.9" | "5.10" => id == "honest-below-minimum",
        // Nobody is granted a role behind the genesis.
        "3.14" => !["honest-foi-accredited", "honest-consultation-accredited"].contains(&id),
        "6.4" | "6.5" | "6.6" | "6.7" | "6.8" | "6.9" | "6.10" | "6.11" | "6.12" => id == "honest-no-ballots",
        // Nobody is transferred.
        "4.7" => true,
        _ => false,
    }
}

/// A check that looked at nothing says so, and that happens only where there is nothing.
#[test]
fn no_check_is_empty_where_there_is_something_to_look_at() {
    for (row, members) in events(&folder()) {
        if row.exit == 0 && row.profile.as_deref() == Some("accredited") {
            for check in verify(&row, &members).checks {
                let expected = if is_empty_by_right(&row.id, check.number) {
                    CheckVerdict::Empty
                } else {
                    CheckVerdict::Pass
                };
                assert_eq!(check.verdict, expected, "{} {}", row.id, check.number);
                assert_eq!(
                    check.looked_at == 0,
                    expected == CheckVerdict::Empty,
                    "{} {}",
                    row.id,
                    check.number
                );
            }
        }
    }
}
