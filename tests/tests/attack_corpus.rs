//! The committed corpus is what the generator makes, and the verifier says of every case exactly what the index expects, on any number of
//! threads and every time.

#![allow(
    clippy::unwrap_used,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::collections::BTreeSet;

use rayon::ThreadPool;
use sijill_tests::attacks::corpus::{differences, folder, judge, read, verify};
use sijill_verifier::{CODES, CheckVerdict};

fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

/// Cases of which each has many objects to look at on several threads, a failing one among them.
const RACES: [&str; 10] = [
    "B1-challenge",
    "B2-cancellation",
    "B4-copy",
    "B13-torsion",
    "B16-weak-hash",
    "B21-audited",
    "B22-held-back",
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

/// Codes of which no case has a counter-example, and where they fail instead.
const ELSEWHERE: &[(&str, &str)] = &[("ballot.form", "")];

/// Every numbered check, and every more precise code, fails in some case.
#[test]
fn every_code_fails_somewhere() {
    let cases = read(&folder());
    let mut seen = BTreeSet::new();
    for (row, members) in &cases {
        seen.extend(row.codes.iter().cloned());
        let report = verify(row, members);
        let failed = report
            .checks
            .iter()
            .filter(|check| check.verdict == CheckVerdict::Fail);
        seen.extend(failed.map(|check| check.code.to_owned()));
    }
    let missing: BTreeSet<&str> = CODES
        .iter()
        .map(|code| code.code)
        .filter(|code| !seen.contains(*code))
        .collect();
    let excused: BTreeSet<&str> = ELSEWHERE.iter().map(|(code, _)| *code).collect();
    assert_eq!(missing, excused, "codes without a case, and the list of them");
}
