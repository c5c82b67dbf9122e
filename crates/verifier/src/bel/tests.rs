//! Archives of another tool and of the model are accepted; whatever is changed in them is refused, or is the stage that is left.

use std::path::PathBuf;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as G;
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use serde_json::Value;

use crate::archive::header;
use crate::bel::{ArchiveOptions, verify_archive_bytes};
use crate::hash::{b64raw, sha256};
use crate::report::{ArchiveProfile, ArchiveStage, CheckVerdict, Report, Verdict};
use crate::suite::group::challenge;

const COMPATIBLE: ArchiveOptions = ArchiveOptions {
    profile: ArchiveProfile::Compatible,
    require_stage: ArchiveStage::Setup,
};
const TO_RESULT: ArchiveOptions = ArchiveOptions {
    profile: ArchiveProfile::Strict,
    require_stage: ArchiveStage::Result,
};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/bel")
}

fn fixture(name: &str) -> Vec<u8> {
    let mut files = std::fs::read_dir(fixtures().join(name)).unwrap();
    let file = files.find(|file| {
        let path = file.as_ref().unwrap().path();
        path.extension().is_some_and(|extension| extension == "bel")
    });
    std::fs::read(file.unwrap().unwrap().path()).unwrap()
}

fn strict(bytes: &[u8]) -> Report {
    verify_archive_bytes("test", bytes, &ArchiveOptions::default())
}

fn compatible(bytes: &[u8]) -> Report {
    verify_archive_bytes("test", bytes, &COMPATIBLE)
}

/// The codes of what failed, or what is unsupported.
fn reasons(report: &Report) -> Vec<String> {
    let failed = report
        .checks
        .iter()
        .filter(|check| check.verdict == CheckVerdict::Fail);
    let codes = failed.flat_map(|check| {
        check
            .counter_examples
            .iter()
            .map(|example| example.code.to_owned())
    });
    let mut reasons: Vec<String> = codes.chain(report.unsupported.iter().cloned()).collect();
    reasons.dedup();
    reasons
}

fn stage(report: &Report) -> Option<ArchiveStage> {
    report.archive.as_ref().unwrap().stage
}

/// An event and the records before it. Heights, parents, payloads and the hashes between records are made anew by [`build`].
#[derive(Debug, Clone, PartialEq)]
struct Step {
    kind: String,
    records: Vec<Vec<u8>>,
}

/// Every record of an archive as it is.
fn records(bytes: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let mut records = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = std::str::from_utf8(&bytes[at + 124..at + 135]).unwrap();
        let size = usize::from_str_radix(digits, 8).unwrap();
        let is_event = bytes[at..at + 100]
            .windows(11)
            .any(|window| window == b".event.json");
        records.push((is_event, bytes[at + 512..at + 512 + size].to_vec()));
        at += 512 + size.next_multiple_of(512);
    }
    records.remove(0);
    records
}

fn steps(bytes: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut before = Vec::new();
    for (is_event, body) in records(bytes) {
        if is_event {
            let event: Value = serde_json::from_slice(&body).unwrap();
            let kind = event["type"].as_str().unwrap().to_owned();
            let records = std::mem::take(&mut before);
            steps.push(Step { kind, records });
        } else {
            before.push(body);
        }
    }
    steps
}

fn entry(name: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, body.len() as u64, 1_795_456_697).to_vec();
    bytes.extend_from_slice(body);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn hash(body: &[u8]) -> String {
    hex::encode(sha256(&[body]))
}

fn raw_archive(records: &[(bool, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = entry("BELENIOS", b"{\"version\":1,\"timestamp\":\"1795456697\"}");
    for (is_event, body) in records {
        let kind = if *is_event { "event" } else { "data" };
        bytes.extend(entry(&format!("{}.{kind}.json", hash(body)), body));
    }
    bytes
}

/// An archive whose hashes all agree, whatever the records are.
fn build(steps: &[Step]) -> Vec<u8> {
    let mut records = Vec::new();
    let mut parent = String::new();
    for (height, step) in steps.iter().enumerate() {
        let mut own = step.records.clone();
        let hashes: Vec<String> = own.iter().map(|body| hash(body)).collect();
        match (step.kind.as_str(), own.as_mut_slice()) {
            ("Setup", [_, _, _, setup]) => {
                *setup = format!(
                    "{{\"election\":\"{}\",\"trustees\":\"{}\",\"credentials\":\"{}\"}}",
                    hashes[0], hashes[1], hashes[2]
                )
                .into_bytes();
            }
            ("PartialDecryption", [_, owned]) => {
                let text = String::from_utf8(owned.clone()).unwrap();
                let head = text.split("\"payload\"").next().unwrap();
                *owned = format!("{head}\"payload\":\"{}\"}}", hashes[0]).into_bytes();
            }
            _ => {}
        }
        let payload = own
            .last()
            .map_or(String::new(), |body| format!(",\"payload\":\"{}\"", hash(body)));
        let event = format!(
            "{{{parent}\"height\":{height},\"type\":\"{}\"{payload}}}",
            step.kind
        )
        .into_bytes();
        parent = format!("\"parent\":\"{}\",", hash(&event));
        records.extend(own.into_iter().map(|body| (false, body)));
        records.push((true, event));
    }
    raw_archive(&records)
}

/// The steps of a fixture after a change.
fn changed(name: &str, change: impl FnOnce(&mut Vec<Step>)) -> Vec<u8> {
    let mut all = steps(&fixture(name));
    change(&mut all);
    build(&all)
}

fn at(steps: &[Step], kind: &str) -> usize {
    steps.iter().position(|step| step.kind == kind).unwrap()
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).unwrap()
}

fn replace(body: &mut Vec<u8>, from: &str, to: &str) {
    let before = text(body);
    assert!(before.contains(from), "{from} is not in {before}");
    *body = before.replacen(from, to, 1).into_bytes();
}

const HONEST: [&str; 6] = [
    "tiny",
    "small-threshold",
    "both-trustees",
    "weights",
    "absent-voters",
    "mixed-blank",
];

#[test]
fn honest_archives_are_accepted_with_their_result() {
    for name in HONEST {
        let bytes = fixture(name);
        let expected = std::fs::read(fixtures().join(name).join("expected.json")).unwrap();
        let expected: Vec<Vec<u64>> = serde_json::from_slice(&expected).unwrap();
        for profile in [ArchiveProfile::Strict, ArchiveProfile::Compatible] {
            let options = ArchiveOptions { profile, ..TO_RESULT };
            let report = verify_archive_bytes(name, &bytes, &options);
            assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
            assert!(report.notes.is_empty());
            assert!(
                report
                    .checks
                    .iter()
                    .all(|check| check.verdict == CheckVerdict::Pass)
            );
            let archive = report.archive.unwrap();
            assert_eq!(archive.result.as_ref(), Some(&expected));
            assert_eq!(archive.stage, Some(ArchiveStage::Result));
        }
        assert_eq!(
            build(&steps(&bytes)).len(),
            bytes.len(),
            "the tests build what they read"
        );
    }
    assert_eq!(build(&steps(&fixture("tiny"))), fixture("tiny"));
}

#[test]
fn blank_written_as_false_is_another_spelling() {
    let bytes = fixture("blank-false");
    assert_eq!(reasons(&strict(&bytes)), ["archive.election"]);
    let report = compatible(&bytes);
    assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
    assert!(report.notes[0].starts_with("blank-false: "));
    let archive = report.archive.unwrap();
    assert_eq!(archive.result, Some(vec![vec![1, (1 << 30) + 3]]));
    assert_eq!((archive.counted, archive.weight), (Some(4), Some((1 << 30) + 6)));
}

/// Elections of the model, with several questions, threshold blocks and weights, as archives.
#[test]
fn archives_of_the_model() {
    let vectors = crate::vectors::vectors("ballot-suite");
    for vector in vectors["elections"].as_array().unwrap() {
        let bytes = build(&model(vector, true));
        let report = strict(&bytes);
        assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
        assert_eq!(stage(&report), Some(ArchiveStage::Result));
    }
}

fn model(vector: &Value, complete: bool) -> Vec<Step> {
    let field = |value: &Value, name: &str| value[name].as_str().unwrap().as_bytes().to_vec();
    let step = |kind: &str, records: Vec<Vec<u8>>| Step {
        kind: kind.to_owned(),
        records,
    };
    let setup = ["election", "trustees", "credentials"].map(|name| field(vector, name));
    let mut steps = vec![step("Setup", setup.into_iter().chain([Vec::new()]).collect())];
    if !complete {
        return steps;
    }
    for ballot in vector["ballots"].as_array().unwrap() {
        steps.push(step("Ballot", vec![field(ballot, "json")]));
    }
    steps.push(step("EndBallots", Vec::new()));
    let tally = ["encrypted_tally", "sized_encrypted_tally"].map(|name| field(vector, name));
    steps.push(step("EncryptedTally", tally.to_vec()));
    for share in vector["shares"].as_array().unwrap() {
        let owned = format!("{{\"owner\":{},\"payload\":\"\"}}", share["owner"]).into_bytes();
        steps.push(step("PartialDecryption", vec![field(share, "json"), owned]));
    }
    steps.push(step("Result", vec![field(vector, "result")]));
    steps
}

/// B1 to B16: every ballot that the model refuses is refused in an archive.
#[test]
fn ballots_that_the_model_refuses() {
    let vectors = crate::vectors::vectors("ballot-suite");
    let setup = model(&vectors["elections"][0], false);
    for bad in vectors["refused_ballots"].as_array().unwrap() {
        let (why, check) = (bad["why"].as_str().unwrap(), bad["check"].as_str().unwrap());
        let mut steps = setup.clone();
        steps.push(Step {
            kind: "Ballot".to_owned(),
            records: vec![bad["json"].as_str().unwrap().as_bytes().to_vec()],
        });
        let bytes = build(&steps);
        let report = strict(&bytes);
        assert_eq!(report.verdict, Verdict::NotVerified, "{why}");
        assert!(!reasons(&report).is_empty(), "{why}: {check}");
        assert!(
            reasons(&report)[0].starts_with("ballot."),
            "{why}: {:?}",
            reasons(&report)
        );
        let lenient = compatible(&bytes);
        if why == "choice encrypted with randomness 0" {
            assert_eq!(reasons(&report), ["ballot.group"]);
            assert_eq!(lenient.verdict, Verdict::Verified, "{}", lenient.to_text());
            assert!(lenient.notes[0].starts_with("neutral: "), "{:?}", lenient.notes);
        } else {
            assert_eq!(lenient.verdict, Verdict::NotVerified, "{why}");
        }
    }
}

/// Records of a setup, of shares and results that the model refuses, in the place of the honest ones.
#[test]
fn records_that_the_model_refuses() {
    let vectors = crate::vectors::vectors("ballot-suite");
    let elections = vectors["elections"].as_array().unwrap();
    let mut seen = 0;
    for bad in vectors["refused_records"].as_array().unwrap() {
        let field = bad["field"].as_str().unwrap();
        let (kind, record) = match field {
            "election" => ("Setup", 0),
            "trustees" => ("Setup", 1),
            "credentials" => ("Setup", 2),
            "encrypted_tally" => ("EncryptedTally", 0),
            "sized_encrypted_tally" => ("EncryptedTally", 1),
            "share" | "shares" => ("PartialDecryption", 0),
            "result" => ("Result", 0),
            _ => continue,
        };
        seen += 1;
        for vector in elections {
            let mut steps = model(vector, true);
            let at = at(&steps, kind);
            steps[at].records[record] = bad["value"].as_str().unwrap().as_bytes().to_vec();
            if kind == "Setup" {
                steps.truncate(1);
            }
            let report = strict(&build(&steps));
            let refused = matches!(report.verdict, Verdict::NotVerified | Verdict::Unsupported);
            let honest = vector[field].as_str() == bad["value"].as_str();
            assert!(
                refused && !honest,
                "{field}: {}: {}",
                bad["why"],
                report.to_text()
            );
        }
    }
    assert!(seen > 50, "{seen}");
}

/// One bit of every byte, another one in the next; all bits with SIJILL_ALL_FLIPS=1.
#[test]
fn every_flipped_byte_is_refused() {
    let bytes = fixture("tiny");
    let all = std::env::var_os("SIJILL_ALL_FLIPS").is_some();
    let flips: Vec<(usize, usize)> = (0..bytes.len())
        .flat_map(|at| (0..8).map(move |bit| (at, bit)))
        .filter(|(at, bit)| all || *bit == at % 8)
        .collect();
    assert!(flips.len() >= 43_520);
    flips.par_iter().for_each(|(at, bit)| {
        let mut bytes = bytes.clone();
        bytes[*at] ^= 1 << bit;
        for report in [strict(&bytes), compatible(&bytes)] {
            let refused = matches!(report.verdict, Verdict::NotVerified | Verdict::Unsupported);
            assert!(refused && !reasons(&report).is_empty(), "byte {at}, bit {bit}");
        }
    });
}

/// Bytes of records changed, all hashes made anew: what the hashes do not refuse, something else does.
#[test]
fn changed_records_with_the_right_hashes_are_refused() {
    for (name, stride) in [("tiny", 53), ("both-trustees", 97)] {
        let honest = steps(&fixture(name));
        let original = build(&honest);
        let mut places = Vec::new();
        for (step, of) in honest.iter().enumerate() {
            for (record, body) in of.records.iter().enumerate() {
                places.extend(
                    (step % stride..body.len())
                        .step_by(stride)
                        .map(|at| (step, record, at)),
                );
            }
        }
        assert!(places.len() > 200);
        places.par_iter().for_each(|(step, record, at)| {
            let mut changed = honest.clone();
            changed[*step].records[*record][*at] ^= 1 << (at % 7);
            // The setup data, and the hash of a partial decryption, are made anew whatever they were.
            if std::str::from_utf8(&changed[*step].records[*record]).is_err() || build(&changed) == original {
                return;
            }
            for report in [strict(&build(&changed)), compatible(&build(&changed))] {
                let refused = matches!(report.verdict, Verdict::NotVerified | Verdict::Unsupported);
                assert!(refused, "{name}: {step}, {record}, {at}: {}", report.to_text());
            }
        });
    }
}

/// Where an archive may end, and the stage that it then has.
fn ends(bytes: &[u8]) -> Vec<(usize, ArchiveStage)> {
    let all = steps(bytes);
    (1..=all.len())
        .map(|count| {
            let stage = match all[count - 1].kind.as_str() {
                "Setup" => ArchiveStage::Setup,
                "Ballot" => ArchiveStage::Open,
                "EndBallots" => ArchiveStage::Closed,
                "EncryptedTally" => ArchiveStage::Tallied,
                "PartialDecryption" => ArchiveStage::Decrypting,
                _ => ArchiveStage::Result,
            };
            (build(&all[..count]).len(), stage)
        })
        .collect()
}

#[test]
fn every_truncation_is_refused_or_named() {
    let bytes = fixture("tiny");
    let ends = ends(&bytes);
    (0..=bytes.len()).into_par_iter().for_each(|length| {
        let report = strict(&bytes[..length]);
        match ends.iter().find(|(end, _)| *end == length) {
            Some((_, expected)) => {
                assert_eq!(
                    report.verdict,
                    Verdict::Verified,
                    "{length}: {}",
                    report.to_text()
                );
                assert_eq!(stage(&report), Some(*expected), "{length}");
                let to_result = verify_archive_bytes("test", &bytes[..length], &TO_RESULT);
                let complete = *expected == ArchiveStage::Result;
                assert_eq!(to_result.verdict == Verdict::Verified, complete, "{length}");
                assert!(complete || reasons(&to_result) == ["archive.order"], "{length}");
            }
            None => {
                let refused = matches!(report.verdict, Verdict::NotVerified | Verdict::Unsupported);
                assert!(refused, "{length}");
            }
        }
    });
}

#[test]
fn unfinished_archives_of_other_shapes() {
    for name in HONEST {
        let bytes = fixture(name);
        let honest = steps(&bytes);
        for (count, (_, expected)) in (1..).zip(ends(&bytes)) {
            let report = strict(&build(&honest[..count]));
            assert_eq!(report.verdict, Verdict::Verified, "{name}: {}", report.to_text());
            assert_eq!(stage(&report), Some(expected));
        }
    }
}

#[test]
fn bytes_around_the_records() {
    let bytes = fixture("tiny");
    let with = |more: &[u8]| [bytes.as_slice(), more].concat();
    for more in [vec![0], vec![b'x'], vec![0; 512], vec![0; 1_024], vec![0; 511]] {
        assert_eq!(reasons(&strict(&with(&more))), ["archive.entry"]);
    }
    let before = [[0; 512].as_slice(), &bytes].concat();
    assert_eq!(strict(&before).verdict, Verdict::Unsupported);
    assert_eq!(strict(b"").verdict, Verdict::Unsupported);
    assert_eq!(
        reasons(&strict(&with(&bytes))),
        ["archive.name"],
        "a second first entry"
    );
    let only_first = entry("BELENIOS", b"{\"version\":1,\"timestamp\":\"1795456697\"}");
    assert_eq!(reasons(&strict(&only_first)), ["archive.order"]);
    let lone = [
        bytes.as_slice(),
        &entry(&format!("{}.data.json", hash(b"{}")), b"{}"),
    ]
    .concat();
    assert_eq!(reasons(&strict(&lone)), ["archive.order"]);
}

/// Records as they are, one of them missing, there twice, or exchanged with the next.
#[test]
fn missing_repeated_and_exchanged_records() {
    for name in ["tiny", "both-trustees"] {
        let honest = records(&fixture(name));
        assert_eq!(strict(&raw_archive(&honest)).verdict, Verdict::Verified);
        (0..honest.len()).into_par_iter().for_each(|at| {
            let refuse = |records: &[(bool, Vec<u8>)], what: &str| {
                let report = strict(&raw_archive(records));
                assert_eq!(report.verdict, Verdict::NotVerified, "{name}: {what} {at}");
            };
            let mut missing = honest.clone();
            missing.remove(at);
            // Without the event of the result nothing of the result may be left.
            refuse(&missing, "missing");
            let mut repeated = honest.clone();
            repeated.insert(at, honest[at].clone());
            refuse(&repeated, "repeated");
            if at + 1 < honest.len() {
                let mut exchanged = honest.clone();
                exchanged.swap(at, at + 1);
                refuse(&exchanged, "exchanged");
            }
        });
    }
}

/// Whole events missing, repeated or exchanged, all hashes made anew: L3, L5, L6, L10, L11, L12, T9.
#[test]
fn missing_repeated_and_exchanged_events() {
    let honest = steps(&fixture("tiny"));
    let superseded = 2;
    for at in 0..honest.len() {
        let kind = honest[at].kind.as_str();
        let mut missing = honest.clone();
        missing.remove(at);
        let report = strict(&build(&missing));
        match kind {
            // A superseded ballot and the last event leave no trace in what remains.
            "Ballot" if at == superseded => assert_eq!(report.verdict, Verdict::Verified),
            "Ballot" => assert_eq!(reasons(&report), ["archive.tally"], "{at}"),
            "Result" => assert_eq!(stage(&report), Some(ArchiveStage::Decrypting)),
            _ => assert_eq!(reasons(&report), ["archive.order"], "{kind}"),
        }
        let mut repeated = honest.clone();
        repeated.insert(at, honest[at].clone());
        let expected = match kind {
            "Ballot" => "archive.duplicate",
            "PartialDecryption" => "archive.share",
            _ => "archive.order",
        };
        assert_eq!(reasons(&strict(&build(&repeated))), [expected], "{kind}");
        if at + 1 < honest.len() && !(kind == "Ballot" && honest[at + 1].kind == "Ballot") {
            let mut exchanged = honest.clone();
            exchanged.swap(at, at + 1);
            assert_eq!(reasons(&strict(&build(&exchanged))), ["archive.order"], "{at}");
        }
    }
    // B5: the superseded ballot again, after the one that replaced it.
    let mut replayed = honest.clone();
    replayed.insert(7, honest[superseded].clone());
    assert!(reasons(&strict(&build(&replayed))).contains(&"archive.duplicate".to_owned()));
    // The other order of the two ballots of one voter counts the other one.
    let mut exchanged = honest.clone();
    exchanged.swap(superseded, 6);
    assert_eq!(reasons(&strict(&build(&exchanged))), ["archive.tally"]);
    // A record more before each event.
    for at in 0..honest.len() {
        let mut more = honest.clone();
        more[at].records.insert(0, b"{}".to_vec());
        let report = strict(&build(&more));
        assert_eq!(report.verdict, Verdict::NotVerified, "{at}");
    }
    let mut unknown = honest;
    unknown[7].kind = "Pause".to_owned();
    assert_eq!(reasons(&strict(&build(&unknown))), ["event.unknown"]);
}

/// The secret of a voter of `tiny`. Spec: specs/ballot-suite.md §5.2.
fn secret(voter: &str) -> Scalar {
    let codes = std::fs::read(fixtures().join("tiny/private_creds.json")).unwrap();
    let codes: Value = serde_json::from_slice(&codes).unwrap();
    let code = codes[voter].as_str().unwrap();
    let half = |number: u8| {
        let mut digest = sha256(&[format!("derive_credential|maT7QXfZ2LqUFe|{number}|{code}").as_bytes()]);
        digest.reverse();
        digest
    };
    let mut wide = [0; 64];
    wide[..32].copy_from_slice(&half(1));
    wide[32..].copy_from_slice(&half(0));
    Scalar::from_bytes_mod_order_wide(&wide)
}

fn decimal(scalar: &Scalar) -> String {
    let mut rest = *scalar.as_bytes();
    let mut digits = Vec::new();
    for _ in 0..77 {
        let mut carry = 0u32;
        for byte in rest.iter_mut().rev() {
            let value = carry * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 10).unwrap();
            carry = value % 10;
        }
        digits.push(char::from_digit(carry, 10).unwrap());
    }
    let all: String = digits.iter().rev().collect();
    let trimmed = all.trim_start_matches('0');
    if trimmed.is_empty() { "0" } else { trimmed }.to_owned()
}

/// Signs a changed ballot again, with the credential of the signer.
fn signed(ballot: &[u8], secret: &Scalar) -> Vec<u8> {
    let ballot = text(ballot);
    let (unsigned, _) = ballot.split_once(",\"signature\":").unwrap();
    let hash = b64raw(&sha256(&[unsigned.as_bytes(), b"}"]));
    let w = Scalar::from(987_654_321u64);
    let c = challenge(&[b"sig|", hash.as_bytes(), b"|"], &[G * w]);
    let (challenge, response) = (decimal(&c), decimal(&(w - secret * c)));
    format!("{unsigned},\"signature\":{{\"hash\":\"{hash}\",\"proof\":{{\"challenge\":\"{challenge}\",\"response\":\"{response}\"}}}}}}")
        .into_bytes()
}

fn credential(ballot: &[u8]) -> String {
    let ballot: Value = serde_json::from_slice(ballot).unwrap();
    ballot["credential"].as_str().unwrap().to_owned()
}

/// The setup and the first ballot of `tiny`, which is voter 1's, changed.
fn with_ballot(change: impl FnOnce(&mut Vec<u8>)) -> Report {
    strict(&changed("tiny", |steps| {
        steps.truncate(2);
        change(&mut steps[1].records[0]);
    }))
}

#[test]
fn forged_ballots() {
    let own = secret("1");
    let honest = with_ballot(|ballot| *ballot = signed(ballot, &own));
    assert_eq!(honest.verdict, Verdict::Verified, "{}", honest.to_text());
    let others = steps(&fixture("tiny"));
    let other = &others[4].records[0];
    assert_ne!(credential(&others[1].records[0]), credential(other));

    // B7: signed by another voter.
    let report = with_ballot(|ballot| *ballot = signed(ballot, &secret("2")));
    assert_eq!(reasons(&report), ["ballot.signature"]);
    // B9: made for another election.
    for (from, to) in [("maT7QXfZ2LqUFe", "maT7QXfZ2LqUFf"), ("0kstyo5C", "0kstyo5D")] {
        let report = with_ballot(|ballot| {
            replace(ballot, from, to);
            *ballot = signed(ballot, &own);
        });
        assert_eq!(reasons(&report), ["ballot.election"]);
    }
    // B1: a challenge that is another one, signed again.
    let report = with_ballot(|ballot| {
        let before = text(ballot);
        let start = before.find("\"individual_proofs\":[[{\"challenge\":\"").unwrap() + 40;
        let digit = if before.as_bytes()[start] == b'1' {
            b'2'
        } else {
            b'1'
        };
        ballot[start] = digit;
        *ballot = signed(ballot, &own);
    });
    assert_eq!(reasons(&report), ["ballot.proof"]);
    // B4: the answers of another voter under one's own credential.
    let report = strict(&changed("tiny", |steps| {
        steps.truncate(5);
        let answers = |ballot: &[u8]| text(ballot).split_once("\"answers\":").unwrap().1.to_owned();
        let own_head = text(&steps[1].records[0])
            .split_once("\"answers\":")
            .unwrap()
            .0
            .to_owned();
        let copied = format!("{own_head}\"answers\":{}", answers(&steps[4].records[0]));
        steps[1].records[0] = signed(copied.as_bytes(), &own);
    }));
    assert_eq!(reasons(&report), ["ballot.proof", "archive.duplicate"]);
    // B3: the voter is not on the list.
    let report = strict(&changed("tiny", |steps| {
        steps.truncate(2);
        let own = format!("\"{}\"", credential(&steps[1].records[0]));
        let list = text(&steps[0].records[2])
            .replace(&format!("{own},"), "")
            .replace(&format!(",{own}"), "");
        steps[0].records[2] = list.into_bytes();
    }));
    assert_eq!(reasons(&report), ["ballot.credential"]);
}

#[test]
fn forged_setups() {
    let setup = |name: &str, record: usize, change: &dyn Fn(&str) -> String| {
        strict(&changed(name, |steps| {
            steps.truncate(1);
            let before = text(&steps[0].records[record]);
            let after = change(&before);
            assert_ne!(before, after);
            steps[0].records[record] = after.into_bytes();
        }))
    };
    let neutral = format!("{}1", "0".repeat(63));
    let generator = "6666666666666666666666666666666666666666666666666666666666666658";
    let tiny_key = "2fb234bbf12fd8603f6e5f283718cdc53b4c3e367e2d2a728ea182710e9de13d";
    let replaced = |from: &'static str, to: String| move |text: &str| text.replacen(from, &to, 1);
    let cases: Vec<(&str, Report)> = vec![
        // T2: another election key; T1: a key without its proof; T6: nobody, or no key.
        (
            "trustee.record",
            setup("tiny", 0, &replaced(tiny_key, generator.to_owned())),
        ),
        (
            "trustee.key",
            setup("tiny", 1, &replaced(tiny_key, generator.to_owned())),
        ),
        ("archive.trustees", setup("tiny", 1, &|_| "[]".to_owned())),
        (
            "archive.election",
            setup("tiny", 0, &replaced(tiny_key, neutral.clone())),
        ),
        (
            "trustee.key",
            setup("tiny", 1, &replaced(tiny_key, neutral.clone())),
        ),
        // The same Single twice.
        (
            "trustee.record",
            setup("tiny", 1, &|text| format!("[{0},{0}]", &text[1..text.len() - 1])),
        ),
        // T4: other numbers in the certificates, other certificates, another threshold.
        (
            "archive.trustees",
            setup(
                "both-trustees",
                1,
                &replaced("\"threshold\":2", "\"threshold\":4".to_owned()),
            ),
        ),
        (
            "trustee.key",
            setup(
                "both-trustees",
                1,
                &replaced("\"threshold\":2", "\"threshold\":1".to_owned()),
            ),
        ),
        (
            "trustee.key",
            setup(
                "both-trustees",
                1,
                &replaced("\\\"size\\\":3", "\\\"size\\\":4".to_owned()),
            ),
        ),
        (
            "trustee.key",
            setup(
                "both-trustees",
                1,
                &replaced("\\\"index\\\":2", "\\\"index\\\":3".to_owned()),
            ),
        ),
        // The list of credentials.
        (
            "archive.credentials",
            setup("tiny", 2, &replaced("\"]", format!("\",\"{generator}\"]"))),
        ),
        (
            "archive.credentials",
            setup("weights", 2, &replaced(",1000\"", ",0\"".to_owned())),
        ),
        (
            "archive.credentials",
            setup("weights", 2, &replaced(",1000\"", ",01\"".to_owned())),
        ),
        (
            "archive.credentials",
            setup("weights", 2, &replaced(",1000\"", ",1099511627776\"".to_owned())),
        ),
        (
            "archive.credentials",
            setup("tiny", 2, &|text| format!("[\"{generator}\",{}", &text[1..])),
        ),
        // L13: what does not belong there.
        (
            "archive.election",
            setup("tiny", 0, &|text| text.replace("\"uuid\"", " \"uuid\"")),
        ),
        (
            "archive.election",
            setup("tiny", 0, &|text| {
                format!("{},\"x\":1}}", &text[..text.len() - 1])
            }),
        ),
        (
            "archive.election",
            setup("tiny", 0, &replaced("\"max\":1", "\"max\":3".to_owned())),
        ),
        (
            "archive.election",
            setup("tiny", 0, &replaced("\"min\":1", "\"min\":2".to_owned())),
        ),
        (
            "archive.election",
            setup("tiny", 0, &replaced("maT7QXfZ2LqUFe", "maT7QXfZ2LqUF".to_owned())),
        ),
        (
            "archive.election",
            setup(
                "tiny",
                0,
                &replaced("maT7QXfZ2LqUFe", "maT7QXfZ2LqUF0".to_owned()),
            ),
        ),
    ];
    for (index, (expected, report)) in cases.iter().enumerate() {
        assert_eq!(reasons(report), [*expected], "{index}: {}", report.to_text());
    }
}

#[test]
fn forged_tallies_shares_and_results() {
    let cases: Vec<(&str, Vec<u8>)> = vec![
        // L7, L8, T8: another tally; L9: other totals; C3: another weight.
        (
            "archive.tally",
            changed("tiny", |steps| {
                let sums = steps[at(steps, "EncryptedTally")].records[0].clone();
                let mut value: Vec<Value> = serde_json::from_slice(&sums).unwrap();
                value[0].as_array_mut().unwrap().swap(0, 1);
                let at = at(steps, "EncryptedTally");
                let other = serde_json::to_vec(&value).unwrap();
                let (from, to) = (hash(&sums), hash(&other));
                steps[at].records[0] = other;
                replace(&mut steps[at].records[1], &from, &to);
            }),
        ),
        (
            "archive.tally",
            changed("tiny", |steps| {
                let at = at(steps, "EncryptedTally");
                replace(
                    &mut steps[at].records[1],
                    "\"num_tallied\":5",
                    "\"num_tallied\":6",
                );
            }),
        ),
        (
            "archive.tally",
            changed("weights", |steps| {
                let at = at(steps, "EncryptedTally");
                replace(
                    &mut steps[at].records[1],
                    "\"total_weight\":26133",
                    "\"total_weight\":26134",
                );
            }),
        ),
        (
            "archive.tally",
            changed("weights", |steps| {
                replace(&mut steps[0].records[2], ",1000\"", ",1001\"")
            }),
        ),
        // T3: a share of another tally, a share that is missing; T10: one trustee for two.
        (
            "archive.share",
            changed("both-trustees", |steps| {
                let at = at(steps, "PartialDecryption");
                let (first, second) = (steps[at].records[0].clone(), steps[at + 1].records[0].clone());
                steps[at].records[0] = second;
                steps[at + 1].records[0] = first;
            }),
        ),
        (
            "archive.share",
            changed("both-trustees", |steps| {
                let at = at(steps, "PartialDecryption");
                steps.remove(at);
            }),
        ),
        (
            "archive.share",
            changed("both-trustees", |steps| {
                let at = at(steps, "Result");
                steps.remove(at - 1);
            }),
        ),
        (
            "archive.share",
            changed("small-threshold", |steps| {
                let at = at(steps, "PartialDecryption");
                let copy = steps[at].records[0].clone();
                steps[at + 1].records[0] = copy;
            }),
        ),
        (
            "archive.share",
            changed("small-threshold", |steps| {
                let at = at(steps, "PartialDecryption");
                steps[at + 1] = steps[at].clone();
            }),
        ),
        (
            "archive.share",
            changed("tiny", |steps| {
                let at = at(steps, "PartialDecryption");
                replace(&mut steps[at].records[1], "\"owner\":1", "\"owner\":2");
            }),
        ),
        (
            "archive.share",
            changed("tiny", |steps| {
                let at = at(steps, "PartialDecryption");
                replace(&mut steps[at].records[1], "\"owner\":1", "\"owner\":0");
            }),
        ),
        // T11: off by one, by the group order; shapes; sums.
        ("archive.result", with_result("{\"result\":[[1,3,1]]}")),
        ("archive.result", with_result("{\"result\":[[1,4]]}")),
        ("archive.result", with_result("{\"result\":[[1,4,0],[0]]}")),
        ("archive.result", with_result("{\"result\":[[\"1\",4,0]]}")),
        ("archive.result", with_result("{\"result\":[[1,4,0]]} ")),
        ("archive.result", with_result("{\"result\":[[01,4,0]]}")),
        (
            "archive.result",
            with_result(
                "{\"result\":[[\"7237005577332262213973186563042994240857116359379907606001950938285454250990\",4,0]]}",
            ),
        ),
    ];
    for (index, (expected, bytes)) in cases.iter().enumerate() {
        let report = strict(bytes);
        assert_eq!(reasons(&report), [*expected], "{index}: {}", report.to_text());
        assert_eq!(report.archive.unwrap().result, None, "{index}");
    }
}

fn with_result(result: &str) -> Vec<u8> {
    changed("tiny", |steps| {
        steps.last_mut().unwrap().records[0] = result.as_bytes().to_vec();
    })
}

#[test]
fn what_is_not_known_is_unsupported() {
    let question = "{\"answers\":[\"Yes\",\"No\"],\"blank\":true,";
    let with_election =
        |from: &str, to: &str| changed("tiny", |steps| replace(&mut steps[0].records[0], from, to));
    let with_event = |kind: &str| {
        changed("tiny", |steps| {
            let after = at(steps, "EncryptedTally") + 1;
            let step = Step {
                kind: kind.to_owned(),
                records: Vec::new(),
            };
            steps.insert(after, step);
        })
    };
    let mut other_version = fixture("tiny");
    other_version[523] = b'2';
    let cases = [
        ("version 2 of the archive", other_version),
        (
            "version 2 of the protocol",
            with_election("{\"version\":1", "{\"version\":2"),
        ),
        ("version 0 of the protocol", with_election("{\"version\":1,", "{")),
        (
            "the group RFC-3526-2048",
            with_election("Ed25519", "RFC-3526-2048"),
        ),
        (
            "questions of the kind NonHomomorphic",
            with_election(question, "{\"type\":\"NonHomomorphic\",\"value\":{"),
        ),
        (
            "questions of the kind Lists",
            with_election(question, "{\"type\":\"Lists\",\"value\":{"),
        ),
        ("mixnets: the event Shuffle", with_event("Shuffle")),
        ("mixnets: the event EndShuffles", with_event("EndShuffles")),
    ];
    for (expected, bytes) in cases {
        for report in [strict(&bytes), compatible(&bytes)] {
            assert_eq!(report.verdict, Verdict::Unsupported, "{expected}");
            assert_eq!(report.unsupported, [expected]);
        }
    }
}

/// The compatible profile accepts other spellings and says so; the strict one refuses each.
#[test]
fn other_spellings_of_honest_tools() {
    let setup_of = |name: &str, change: &dyn Fn(&mut Step)| {
        changed(name, |steps| {
            steps.truncate(1);
            change(&mut steps[0]);
        })
    };
    let language = |value: &str| {
        setup_of("tiny", &|setup| {
            let record = text(&setup.records[0]);
            setup.records[0] = format!("{},\"language\":{value}}}", &record[..record.len() - 1]).into_bytes();
        })
    };
    let certificate = setup_of("tiny", &|setup| {
        let certificate = b"{\"message\":\"x\"}".to_vec();
        let hashes: Vec<String> = setup.records.iter().map(|record| hash(record)).collect();
        setup.records[3] = format!(
            "{{\"election\":\"{}\",\"trustees\":\"{}\",\"credentials\":\"{}\",\"credentials_certificate\":\"{}\"}}",
            hashes[0],
            hashes[1],
            hashes[2],
            hash(&certificate)
        )
        .into_bytes();
        setup.records.insert(3, certificate);
    });
    let unsigned_keys = setup_of("both-trustees", &|setup| {
        let record = text(&setup.records[1]);
        let (before, keys) = record.split_once("\"verification_keys\":").unwrap();
        let unsigned: Vec<String> = keys
            .split(",\"signature\":{")
            .enumerate()
            .map(|(index, part)| {
                let rest = part.split_once('}').map_or("", |(_, rest)| rest);
                if index == 0 {
                    part.to_owned()
                } else {
                    rest.to_owned()
                }
            })
            .collect();
        setup.records[1] = format!("{before}\"verification_keys\":{}", unsigned.concat()).into_bytes();
    });
    let blank_false = setup_of("absent-voters", &|setup| {
        replace(&mut setup.records[0], ",\"min\":", ",\"blank\":false,\"min\":");
    });
    let weight = changed("tiny", |steps| {
        let at = at(steps, "EncryptedTally");
        replace(
            &mut steps[at].records[1],
            "\"total_weight\":5",
            "\"total_weight\":\"5\"",
        );
        steps.last_mut().unwrap().records[0] = b"{\"result\":[[1,\"4\",0]]}".to_vec();
    });
    let cases = [
        ("language", language("\"fr\"")),
        ("language", language("[\"ar\",\"Rtl\"]")),
        ("language", language("[\"ar\",[\"Rtl\"]]")),
        ("certificate", certificate.clone()),
        ("unsigned-key", unsigned_keys),
        ("blank-false", blank_false),
        ("weight", weight),
    ];
    for (expected, bytes) in cases {
        let report = compatible(&bytes);
        assert_eq!(
            report.verdict,
            Verdict::Verified,
            "{expected}: {}",
            report.to_text()
        );
        assert_eq!(report.notes.len(), 1, "{expected}");
        assert!(
            report.notes[0].starts_with(&format!("{expected}: ")),
            "{:?}",
            report.notes
        );
        let report = strict(&bytes);
        assert_eq!(report.verdict, Verdict::NotVerified, "{expected}");
    }
    assert_eq!(reasons(&strict(&certificate)), ["archive.election"]);
    for bytes in [language("[\"ar\"]"), language("1"), language("[\"ar\",[\"Rtl\"]")] {
        assert_eq!(reasons(&compatible(&bytes)), ["archive.election"]);
    }
    // A wrong value is not another spelling.
    let bytes = with_result("{\"result\":[[1,\"3\",0]]}");
    assert_eq!(reasons(&compatible(&bytes)), ["archive.result"]);
    let bytes = with_result("{\"result\":[[1,\"04\",0]]}");
    assert_eq!(reasons(&compatible(&bytes)), ["archive.result"]);
}

#[test]
fn reports_do_not_depend_on_the_number_of_threads() {
    let bytes = fixture("small-threshold");
    let mut one = verify_in(1, &bytes);
    let mut four = verify_in(4, &bytes);
    for report in [&mut one, &mut four] {
        for check in &mut report.checks {
            check.millis = 0;
        }
    }
    assert_eq!(one, four);
}

fn verify_in(threads: usize, bytes: &[u8]) -> Report {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| strict(bytes))
}

#[test]
fn several_files_and_folders() {
    let all = |paths: &[PathBuf]| super::verify_archives(paths, &ArchiveOptions::default(), Some(2));
    let folder = fixtures();
    let reports = all(std::slice::from_ref(&folder)).unwrap();
    assert_eq!(
        (reports.reports.len(), reports.exit_code()),
        (7, 1),
        "blank-false is refused"
    );
    let files: Vec<&str> = reports
        .reports
        .iter()
        .map(|report| report.archive.as_ref().unwrap().file.as_str())
        .collect();
    assert!(files.is_sorted());
    let text = reports.to_text();
    assert!(
        text.ends_with("6 of 7 archives verified\n") && text.contains("NOT VERIFIED"),
        "{text}"
    );
    let json = reports.to_json();
    assert_eq!(json.lines().count(), 1);
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["verdict"], "not-verified");
    assert_eq!(value["reports"].as_array().unwrap().len(), 7);

    let dir = tempfile::tempdir().unwrap();
    assert!(all(&[dir.path().to_owned()]).is_err(), "no archives");
    assert!(all(&[dir.path().join("missing.bel")]).is_err());
    let (good, other) = (dir.path().join("a.bel"), dir.path().join("b.bel"));
    std::fs::write(&good, fixture("tiny")).unwrap();
    std::fs::write(&other, b"something else").unwrap();
    std::fs::write(dir.path().join("c.txt"), b"no archive").unwrap();
    let one = all(std::slice::from_ref(&good)).unwrap();
    assert_eq!((one.single, one.exit_code()), (true, 0));
    let one: Value = serde_json::from_str(&one.to_json()).unwrap();
    assert_eq!(
        (&one["format"], &one["verdict"]),
        (&Value::from("sijill-report/1"), &Value::from("verified"))
    );
    assert_eq!(all(&[good.clone(), other]).unwrap().exit_code(), 2);
    let both = all(&[dir.path().to_owned(), good]).unwrap();
    assert_eq!((both.reports.len(), both.exit_code()), (3, 2));
}
