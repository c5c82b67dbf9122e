//! A run that rests on an earlier report decides what a full run decides, whatever happened before or after.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use sijill_verifier::{
    CheckVerdict, EarlierReport, MemorySource, Profile, Report, SinceError, Stage, Trust, Verdict,
    verify_event_source, verify_event_source_since,
};
use support::{Draft, Event, Hook, LedgerBuilder, build, honest};

/// An event and the order in which its ledgers grew.
struct Story {
    event: Event,
    /// The ledger of every entry, in the order of time.
    order: Vec<&'static str>,
}

fn tell(hook: Hook<'_>) -> Story {
    let order = RefCell::new(Vec::new());
    let event = build(
        &|draft| {
            hook(draft);
            for _ in 0..draft.copies {
                order.borrow_mut().push(draft.ledger);
            }
        },
        &|_, bytes| bytes,
    );
    Story {
        event,
        order: order.into_inner(),
    }
}

impl Story {
    fn ledgers(&self) -> [&LedgerBuilder; 4] {
        let event = &self.event;
        [&event.election, &event.roll, &event.boxes[0], &event.boxes[1]]
    }

    /// What was published when the first `moment` entries stood.
    fn at(&self, moment: usize, profile: Profile) -> MemorySource {
        let mut files = BTreeMap::new();
        let mut entries: Vec<&[u8]> = Vec::new();
        for ledger in self.ledgers() {
            let size = self.order[..moment]
                .iter()
                .filter(|name| **name == ledger.name)
                .count();
            if size == 0 || (ledger.name == "roll" && profile == Profile::Public) {
                continue;
            }
            let folder = format!("ledgers/{}", hex::encode(ledger.id));
            let of = &ledger.entries[..size];
            entries.extend(of.iter().map(Vec::as_slice));
            let mut bundle = Vec::new();
            for entry in of {
                bundle.extend_from_slice(&(entry.len() as u16).to_be_bytes());
                bundle.extend_from_slice(entry);
            }
            files.insert(
                format!("{folder}/checkpoint"),
                ledger.checkpoint(size as u64).into_bytes(),
            );
            files.insert(
                format!("{folder}/tile/0/000.p/{size}"),
                ledger.leaves[..size].concat(),
            );
            files.insert(format!("{folder}/tile/entries/000.p/{size}"), bundle);
        }
        for (hash, bytes) in &self.event.contents {
            let raw = hex::decode(hash).unwrap();
            let cited = entries
                .iter()
                .any(|entry| entry.windows(32).any(|window| window == raw));
            if cited {
                files.insert(format!("content/{hash}"), bytes.clone());
            }
        }
        MemorySource { files }
    }
}

const STAGE: Stage = Stage::Announced;

fn full(files: &MemorySource, trust: &Trust, profile: Profile) -> Report {
    verify_event_source(files, Some(trust), profile, STAGE).unwrap()
}

fn since(files: &MemorySource, trust: &Trust, profile: Profile, earlier: &EarlierReport) -> Report {
    verify_event_source_since(files, trust, profile, STAGE, earlier)
        .unwrap()
        .unwrap()
}

fn earlier(report: &Report) -> EarlierReport {
    EarlierReport::parse(report.to_json().as_bytes()).unwrap()
}

fn codes(report: &Report) -> BTreeSet<&'static str> {
    let checks = report.checks.iter();
    checks
        .flat_map(|check| check.counter_examples.iter().map(|example| example.code))
        .collect()
}

/// Everything that a report says, but for what only one of the two kinds of runs has.
fn findings(report: &Report) -> String {
    let mut report = report.clone();
    report.checks.iter_mut().for_each(|check| check.millis = 0);
    report.checks.retain(|check| check.code != "since.prefix");
    report.since = None;
    report.elapsed_ms = 0;
    report.to_json()
}

/// The two runs agree on everything; that history was rewritten is said besides.
fn assert_same(full: &Report, later: &Report, rewritten: bool, what: &str) {
    let prefix = later
        .checks
        .iter()
        .find(|check| check.code == "since.prefix")
        .unwrap();
    let failed = prefix.verdict == CheckVerdict::Fail;
    assert_eq!(failed, rewritten, "{what}\n{}", later.to_text());
    if rewritten {
        assert_eq!(later.verdict, Verdict::NotVerified, "{what}");
        let mut expected = codes(full);
        expected.insert("since.prefix");
        assert_eq!(codes(later), expected, "{what}\n{}", later.to_text());
    } else {
        assert_eq!(findings(full), findings(later), "{what}");
    }
}

/// Positions at which a snapshot is verified, with their reports.
fn verified(story: &Story, trust: &Trust, profile: Profile) -> Vec<(usize, Report)> {
    (1..=story.order.len())
        .map(|moment| (moment, full(&story.at(moment, profile), trust, profile)))
        .filter(|(_, report)| report.verdict == Verdict::Verified)
        .collect()
}

/// Scenario 45: with yesterday's checkpoints an auditor replays without a network, and finds what a full run finds.
#[test]
fn every_later_moment_is_judged_as_by_a_full_run() {
    let story = tell(&|_| {});
    let trust = story.event.trust(None);
    for (profile, step) in [(Profile::Public, 5), (Profile::Accredited, 7)] {
        let earlier_ones = verified(&story, &trust, profile);
        assert!(earlier_ones.len() > 30, "{}", earlier_ones.len());
        for (then, report) in earlier_ones.iter().step_by(step) {
            let earlier = earlier(report);
            for now in (*then..=story.order.len())
                .step_by(step - 2)
                .chain([story.order.len()])
            {
                let files = story.at(now, profile);
                let later = since(&files, &trust, profile, &earlier);
                let what = format!("{then} then, {now} now");
                assert_same(&full(&files, &trust, profile), &later, false, &what);
                let restricted = usize::from(profile == Profile::Public);
                let hidden = story.order[..*then]
                    .iter()
                    .filter(|name| **name == "roll")
                    .count();
                let rested = later.since.unwrap();
                assert_eq!(rested.entries, (then - restricted * hidden) as u64, "{what}");
            }
        }
    }
    // Ballots are among what is not checked again.
    let whole = full(
        &story.at(story.order.len(), Profile::Public),
        &trust,
        Profile::Public,
    );
    let later = since(
        &story.at(story.order.len(), Profile::Public),
        &trust,
        Profile::Public,
        &earlier(&whole),
    );
    assert_eq!(later.since.as_ref().unwrap().ballots, 4);
    assert!(later.to_text().contains("rest on the earlier report"));
    // A run that rests on an earlier one can be rested on.
    let chained = since(
        &story.at(story.order.len(), Profile::Public),
        &trust,
        Profile::Public,
        &earlier(&later),
    );
    assert_eq!(chained.verdict, Verdict::Verified);
}

#[test]
fn going_back_is_noticed() {
    let story = tell(&|_| {});
    let trust = story.event.trust(None);
    let reports = verified(&story, &trust, Profile::Public);
    for pair in reports.windows(9).step_by(9) {
        let (now, before) = &pair[0];
        let later = since(
            &story.at(*now, Profile::Public),
            &trust,
            Profile::Public,
            &earlier(&pair[8].1),
        );
        let grown = story.order[*now..pair[8].0].iter().any(|name| *name != "roll");
        assert_same(before, &later, grown, "an older state");
    }
}

type Forge = (&'static str, u16, usize, fn(&mut Draft));

/// One for each thing that is skipped, and some that are not.
const FORGES: &[Forge] = &[
    ("east", 0x0403, 0, |d| d.break_signature = true),
    ("east", 0x0403, 3, |d| d.break_signature = true),
    ("east", 0x0403, 1, |d| change_digit(d, "\"challenge\":\"")),
    ("east", 0x0403, 1, |d| change_digit(d, "\"credential\":\"")),
    ("east", 0x0403, 0, |d| change_digit(d, "\"alpha\":\"")),
    ("east", 0x0403, 2, |d| {
        let last = d.payload.len() - 1;
        d.payload[last] ^= 1;
    }),
    ("east", 0x0403, 1, |d| d.copies = 2),
    ("east", 0x0403, 1, |d| d.copies = 0),
    ("east", 0x0403, 1, |d| d.received += 1),
    ("east", 0x0404, 0, |d| d.break_signature = true),
    ("east", 0x0408, 0, |d| d.payload[32] ^= 1),
    ("election", 0x0002, 0, |d| d.copies = 0),
    ("election", 0x0302, 0, |d| d.break_signature = true),
    ("election", 0x0303, 0, |d| d.payload[5] ^= 1),
    ("election", 0x0304, 0, |d| d.break_signature = true),
    ("election", 0x0307, 0, |d| d.author = "commission".to_owned()),
    ("west", 0x0406, 0, |d| d.break_signature = true),
];

/// Changes a character in the middle of the first string behind `mark`.
fn change_digit(draft: &mut Draft, mark: &str) {
    let at = draft
        .payload
        .windows(mark.len())
        .position(|w| w == mark.as_bytes())
        .unwrap();
    let digit = &mut draft.payload[at + mark.len() + 20];
    *digit = if *digit == b'1' { b'2' } else { b'1' };
}

#[test]
fn forgers_with_all_keys_gain_nothing_before_or_after() {
    let story = tell(&|_| {});
    let trust = story.event.trust(None);
    let profile = Profile::Public;
    let reports = verified(&story, &trust, profile);
    let end = story.order.len();
    for (index, (ledger, event_type, nth, forge)) in FORGES.iter().enumerate() {
        let forged = tell(&|draft| {
            if (draft.ledger, draft.event_type, draft.nth) == (*ledger, *event_type, *nth) {
                forge(draft);
            }
        });
        let files = forged.at(forged.order.len(), profile);
        let judged = full(&files, &trust, profile);
        let (mut before, mut after) = (0, 0);
        for (then, report) in reports.iter().step_by(4).chain(reports.last()) {
            let rewritten = story
                .ledgers()
                .into_iter()
                .zip(forged.ledgers())
                .any(|(true_one, false_one)| {
                    let size = story.order[..*then]
                        .iter()
                        .filter(|name| **name == true_one.name)
                        .count();
                    true_one.name != "roll" && false_one.leaves.get(..size) != Some(&true_one.leaves[..size])
                });
            *(if rewritten { &mut before } else { &mut after }) += 1;
            let later = since(&files, &trust, profile, &earlier(report));
            assert_same(
                &judged,
                &later,
                rewritten,
                &format!("forge {index}, {then} of {end} then"),
            );
        }
        assert!(
            before > 0 && after > 0,
            "forge {index}: {before} before, {after} after"
        );
    }
}

/// Tiles say which entries are known; entries that are changed under honest tiles must not pass for known ones.
#[test]
fn changed_files_are_judged_as_by_a_full_run() {
    let story = tell(&|_| {});
    let trust = story.event.trust(None);
    let profile = Profile::Accredited;
    let end = story.order.len();
    let honest = story.at(end, profile);
    let reports = verified(&story, &trust, profile);
    let whole = earlier(&reports.last().unwrap().1);
    let half = earlier(&reports[reports.len() / 2].1);
    let mut tried = 0;
    for (path, bytes) in &honest.files {
        let step = if path.contains("entries") {
            bytes.len() / 24
        } else {
            bytes.len() / 3
        };
        for at in (0..bytes.len()).step_by(step.max(1)) {
            let mut files = honest.clone();
            files.files.get_mut(path).unwrap()[at] ^= 4;
            let judged = full(&files, &trust, profile);
            for earlier in [&whole, &half] {
                let later = since(&files, &trust, profile, earlier);
                let rewritten = codes(&later).contains("since.prefix");
                assert!(
                    !rewritten || path.contains("entries") || path.ends_with("checkpoint"),
                    "{path}"
                );
                assert_same(&judged, &later, rewritten, &format!("{path}, byte {at}"));
                tried += 1;
            }
        }
        let mut files = honest.clone();
        files.files.remove(path);
        let judged = full(&files, &trust, profile);
        let later = since(&files, &trust, profile, &whole);
        let rewritten = codes(&later).contains("since.prefix");
        assert_same(&judged, &later, rewritten, &format!("{path} is gone"));
    }
    assert!(tried > 200, "{tried}");
}

#[test]
fn reports_that_are_no_basis_are_refused() {
    let event = honest();
    let trust = event.trust(None);
    let files = event.files(false);
    let report = verify_event_source(&files, Some(&trust), Profile::Public, Stage::Published).unwrap();
    let text = report.to_json();
    let parse = |text: &str| EarlierReport::parse(text.as_bytes()).map(|_| ());
    assert_eq!(parse(&text), Ok(()));
    let tried = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        parse(&text.replacen(from, to, 1))
    };
    assert_eq!(
        tried("\"verdict\":\"verified\"", "\"verdict\":\"not-verified\""),
        Err(SinceError::NotVerified)
    );
    assert!(matches!(
        tried("report/1", "report/2"),
        Err(SinceError::Format(_))
    ));
    assert!(matches!(
        tried("\"rules\":4", "\"rules\":3"),
        Err(SinceError::Rules(_))
    ));
    assert!(matches!(
        tried("\"basis\":", "\"other\":"),
        Err(SinceError::Rules(_))
    ));
    assert!(matches!(
        tried("\"command\":\"event\"", "\"command\":\"ledger\""),
        Err(SinceError::Malformed(_))
    ));
    assert!(parse(&text[..text.len() - 9]).is_err());
    assert!(parse("").is_err() && parse("[]").is_err());

    // Reports that are not `verified` have no basis at all.
    let alone = verify_event_source(&files, None, Profile::Public, Stage::Published).unwrap();
    assert_eq!(alone.basis, None);
    assert_eq!(parse(&alone.to_json()), Err(SinceError::NotVerified));
    let certified = verify_event_source(&files, Some(&trust), Profile::Public, Stage::Certified).unwrap();
    assert_eq!(certified.basis, None);

    // A byte that changes is noticed, or was of no concern.
    let basis = text.find("\"basis\"").unwrap()..text.find(",\"elapsed_ms\"").unwrap();
    let mut accepted = 0;
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(earlier) = EarlierReport::parse(&bytes) else {
            continue;
        };
        assert!(!basis.contains(&at), "byte {at} of the basis");
        accepted += 1;
        if accepted % 150 != 0 {
            continue;
        }
        let later =
            verify_event_source_since(&files, &trust, Profile::Public, Stage::Published, &earlier).unwrap();
        assert_eq!(later.unwrap().verdict, Verdict::Verified, "byte {at}");
    }

    // Another profile, another event, another key under the same id.
    let earlier = EarlierReport::parse(text.as_bytes()).unwrap();
    let agrees = |trust: &Trust, profile| {
        verify_event_source_since(&files, trust, profile, Stage::Published, &earlier)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(agrees(&trust, Profile::Accredited), SinceError::Profile);
    let json = event.trust_json(None);
    let named = |json: String| Trust::parse(json.as_bytes()).unwrap();
    let east = hex::encode(event.boxes[0].id);
    let another_event = json.replace(&hex::encode(event.election.id), &"ab".repeat(32));
    assert_eq!(agrees(&named(another_event), Profile::Public), SinceError::Event);
    let key = hex::encode(support::public("east ledger"));
    let another_key = json.replace(&key, &hex::encode(support::public("west ledger")));
    assert_eq!(
        agrees(&named(another_key), Profile::Public),
        SinceError::Trust(east)
    );
}

#[test]
fn the_command_rests_on_its_own_reports() {
    let event = honest();
    let dir = tempfile::tempdir().unwrap();
    let published = dir.path().join("published");
    for (path, bytes) in &event.files(false).files {
        let path = published.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::write(dir.path().join("trust.json"), event.trust_json(None)).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sijill-verify"));
        command
            .arg("event")
            .arg("published")
            .args(args)
            .current_dir(dir.path())
            .output()
            .unwrap()
    };
    let trusted = ["--trust", "trust.json", "--json"];
    let first = run(&trusted);
    assert_eq!(first.status.code(), Some(0));
    fs::write(dir.path().join("report.json"), &first.stdout).unwrap();
    let second = run(&[&trusted[..], &["--since", "report.json"]].concat());
    assert_eq!(second.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(
        json["since"]["report"],
        hex::encode(support::sha(&[&first.stdout]))
    );
    assert_eq!(json["since"]["ballots"], 4);
    assert_eq!(json["inputs"][1]["name"], "since");
    for (args, word) in [
        (&["--since", "report.json"][..], "--trust"),
        (&["--trust", "trust.json", "--since", "trust.json"], "format"),
        (
            &["--trust", "trust.json", "--since", "nowhere.json"],
            "nowhere.json",
        ),
        (
            &[
                "--trust",
                "trust.json",
                "--since",
                "report.json",
                "--profile",
                "accredited",
            ],
            "profile",
        ),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(word), "{args:?}");
    }
}
