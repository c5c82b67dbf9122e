//! Events with polling stations: honest ones are verified in both profiles, and every rule of specs/station.md that is broken is named.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::BTreeSet;

use sijill_verifier::{CheckVerdict, Profile, Report, Stage, Verdict, verify_event_source};
use support::stations::{Plan, Played, play};

fn verify(played: &Played, profile: Profile) -> Report {
    let files = played.files(profile == Profile::Accredited);
    verify_event_source(&files, Some(&played.trust()), profile, Stage::Certified).unwrap()
}

fn codes(report: &Report) -> BTreeSet<&'static str> {
    report
        .checks
        .iter()
        .flat_map(|check| check.counter_examples.iter().map(|example| example.code))
        .collect()
}

#[test]
fn honest_events_are_verified() {
    for plan in [Plan::honest(), Plan::void_digital(), Plan::first_vote_final()] {
        let played = play(&plan, &|_| {}, &|_, bytes| bytes);
        for profile in [Profile::Public, Profile::Accredited] {
            let report = verify(&played, profile);
            assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_full_text());
            let of_stations = report.checks.iter().filter(|check| check.number.starts_with("20."));
            assert_eq!(of_stations.clone().count(), 15);
            for check in of_stations {
                assert_ne!(check.verdict, CheckVerdict::Fail);
                assert_eq!(check.not_established.is_empty(), profile == Profile::Accredited);
            }
        }
    }
}
