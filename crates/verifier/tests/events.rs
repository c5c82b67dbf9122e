//! Whole events: an honest one is verified, and every way of tampering is found under its code.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use sijill_verifier::{
    CheckVerdict, MemorySource, Profile, Report, Stage, Trust, Verdict, verify_event_source,
};
use support::{Draft, Event, build, honest};

fn verify(files: &MemorySource, trust: Option<&Trust>, profile: Profile) -> Report {
    verify_event_source(files, trust, profile, Stage::Published).unwrap()
}

fn failed(report: &Report) -> Vec<&'static str> {
    let failed = report
        .checks
        .iter()
        .filter(|check| check.verdict == CheckVerdict::Fail);
    failed
        .flat_map(|check| check.counter_examples.iter().map(|example| example.code))
        .collect()
}

fn without_times(mut report: Report) -> Report {
    report.elapsed_ms = 0;
    report.checks.iter_mut().for_each(|check| check.millis = 0);
    report
}

#[test]
fn an_honest_event_is_verified() {
    let event = honest();
    for (profile, accredited) in [(Profile::Public, false), (Profile::Accredited, true)] {
        for known in [None, Some(1)] {
            let trust = event.trust(known);
            let report = verify(&event.files(accredited), Some(&trust), profile);
            assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
            assert!(failed(&report).is_empty());
            assert_eq!(
                report.boxes[0].result.as_deref(),
                Some(&[vec![0, 1, 1], vec![1, 0]][..])
            );
            assert_eq!(report.boxes[0].counted, Some(2));
            assert_eq!(report.boxes[1].stage, Some(Stage::Published));
            assert_eq!(report.rehearsal, Some(true));
            let number = |number| report.checks.iter().find(|check| check.number == number).unwrap();
            assert_eq!(number("6.9").looked_at, 4);
            assert_eq!(number("5.9").looked_at, 4);
            assert_eq!(number("5.12").looked_at, 8);
            let roll = if accredited {
                CheckVerdict::Pass
            } else {
                CheckVerdict::NotEstablished
            };
            assert_eq!(number("4.1").verdict, roll);
            if accredited {
                // Trustees with separate keys hold no ceremony; nothing was certified or archived, and nobody is elected.
                let absent = [
                    "4.7", "5.13", "5.14", "5.15", "5.16", "5.17", "5.18", "5.19", "5.20", "5.21", "5.22",
                    "5.23", "5.24",
                ];
                for check in &report.checks {
                    let expected =
                        if absent.contains(&check.number) || (check.number == "2.4" && known.is_none()) {
                            CheckVerdict::Empty
                        } else {
                            CheckVerdict::Pass
                        };
                    assert_eq!(check.verdict, expected, "{}", check.number);
                }
            }
        }
    }
}

#[test]
fn nothing_is_verified_without_trust() {
    let event = honest();
    let report = verify(&event.files(false), None, Profile::Public);
    assert_eq!(report.verdict, Verdict::SelfConsistent, "{}", report.to_text());
    assert_eq!(report.verdict.exit_code(), 1);
}

#[test]
fn a_public_folder_is_not_an_accredited_one() {
    let event = honest();
    let trust = event.trust(None);
    let report = verify(&event.files(true), Some(&trust), Profile::Public);
    assert!(
        failed(&report).contains(&"folder.restricted"),
        "{}",
        report.to_text()
    );
    let report = verify(&event.files(false), Some(&trust), Profile::Accredited);
    assert!(
        failed(&report).contains(&"election.omitted"),
        "{}",
        report.to_text()
    );
    assert_eq!(report.verdict, Verdict::NotVerified);
}

#[test]
fn stages_are_reported_and_required() {
    // The commission never opens the poll: nothing after the preparation stands.
    let event = build(
        &|draft| {
            let definition =
                matches!(draft.event_type, 0x0001..=0x0003 | 0x0201..=0x0205 | 0x0301..=0x0304 | 0x0401);
            if !definition {
                draft.copies = 0;
            }
        },
        &|_, bytes| bytes,
    );
    let mut files = event.files(false);
    let trust = event.trust(None);
    let stage = |files: &MemorySource, stage| {
        verify_event_source(files, Some(&trust), Profile::Public, stage).unwrap()
    };
    let report = stage(&files, Stage::Prepared);
    // Contents that nothing cites are the only fault.
    assert!(
        failed(&report).iter().all(|code| *code == "content.uncited"),
        "{}",
        report.to_text()
    );
    loop {
        let report = stage(&files, Stage::Prepared);
        let uncited: Vec<String> = report
            .checks
            .iter()
            .flat_map(|check| &check.counter_examples)
            .filter(|example| example.code == "content.uncited")
            .map(|example| example.detail.clone())
            .collect();
        if uncited.is_empty() {
            break;
        }
        for path in uncited {
            files.files.remove(&path);
        }
    }
    assert_eq!(stage(&files, Stage::Prepared).verdict, Verdict::Verified);
    let report = stage(&files, Stage::Open);
    assert_eq!(failed(&report), ["election.order", "election.order"]);
    assert_eq!(report.boxes[0].stage, Some(Stage::Prepared));
}

/// What a forger with all keys does to one entry, and the code that must name it.
type Tamper = (&'static str, &'static str, u16, usize, fn(&mut Draft));

fn leave_out(draft: &mut Draft) {
    draft.copies = 0;
}

fn twice(draft: &mut Draft) {
    draft.copies = 2;
}

fn flip(draft: &mut Draft, at: usize) {
    draft.payload[at] ^= 1;
}

const TAMPERS: &[Tamper] = &[
    ("entry.chain", "east", 0x0403, 0, |d| d.prev[0] ^= 1),
    ("entry.chain", "east", 0x0403, 1, |d| d.seq += 1),
    ("entry.time", "east", 0x0403, 1, |d| d.sequenced = d.received - 1),
    ("entry.time", "east", 0x0403, 1, |d| {
        d.sequenced = d.received + 5_001
    }),
    ("entry.time", "election", 0x0302, 0, |d| {
        (d.received, d.sequenced, d.author_time) = (0, 1, 0)
    }),
    ("entry.signature", "east", 0x0403, 0, |d| d.break_signature = true),
    ("entry.ledger", "east", 0x0405, 0, |d| d.body_ledger[3] ^= 1),
    ("entry.nonce", "east", 0x0403, 1, twice),
    ("entry.seen", "election", 0x0302, 0, |d| d.seen = None),
    ("entry.seen", "election", 0x0302, 0, |d| {
        d.seen = Some((1, [7; 32]))
    }),
    ("entry.seen", "election", 0x0302, 0, |d| {
        d.author_time = d.received + 120_001
    }),
    ("entry.seen", "election", 0x0302, 0, |d| {
        d.author_time = d.received - 600_001
    }),
    ("entry.refs", "election", 0x0304, 0, |d| d.refs.clear()),
    ("entry.refs", "election", 0x0304, 0, |d| d.refs[0].0[0] ^= 1),
    ("entry.refs", "east", 0x0402, 0, |d| d.refs[0].2[0] ^= 1),
    ("entry.refs", "election", 0x0305, 0, |d| {
        d.refs = vec![([1; 32], 1, [2; 32])]
    }),
    ("event.unknown", "east", 0x0405, 0, |d| d.version = 2),
    ("event.unknown", "east", 0x0405, 0, |d| d.event_type = 0x0301),
    ("event.unknown", "east", 0x0405, 0, |d| d.event_type = 0x7777),
    ("event.author", "east", 0x0405, 0, |d| {
        d.author = "registrar".to_owned()
    }),
    ("event.author", "election", 0x0307, 0, |d| {
        d.author = "commission".to_owned()
    }),
    ("event.author", "election", 0x0302, 1, |d| {
        d.author = "trustee 1".to_owned()
    }),
    ("event.author", "election", 0x0301, 0, |d| {
        d.author = "election service".to_owned()
    }),
    ("event.grant", "election", 0x0002, 0, twice),
    ("event.grant", "election", 0x0003, 0, twice),
    ("event.grant", "election", 0x0002, 0, |d| {
        d.payload = support::grant(&support::public("x"), 10, None)
    }),
    ("event.grant", "election", 0x0002, 0, |d| {
        d.payload = support::grant(&support::public("x"), 4, Some("01"))
    }),
    ("event.grant", "election", 0x0003, 0, |d| {
        d.payload = support::grant(&support::public("commission"), 1, None)
    }),
    ("event.nonce", "east", 0x0403, 0, |d| d.nonce = Some([9; 16])),
    ("event.nonce", "east", 0x0404, 0, |d| d.nonce = Some([9; 16])),
    ("event.nonce", "east", 0x0403, 0, |d| d.author_time = 5),
    ("event.nonce", "east", 0x0408, 0, |d| {
        (d.received, d.sequenced) = (d.received + 1, d.sequenced + 1)
    }),
    ("event.nonce", "east", 0x0408, 0, |d| flip(d, 0)),
    ("event.nonce", "election", 0x030a, 0, |d| d.nonce = Some([9; 16])),
    ("entry.encoding", "east", 0x0405, 0, |d| d.payload.push(0)),
    ("entry.encoding", "east", 0x0403, 3, |d| {
        *d.payload.last_mut().unwrap() = 2
    }),
    ("election.order", "election", 0x0301, 0, twice),
    ("election.order", "election", 0x0305, 0, leave_out),
    ("election.order", "election", 0x0303, 0, leave_out),
    ("election.order", "election", 0x0304, 1, twice),
    ("election.order", "election", 0x0306, 0, twice),
    ("election.order", "election", 0x0306, 0, leave_out),
    ("election.order", "election", 0x0308, 0, twice),
    ("election.order", "election", 0x0308, 0, leave_out),
    ("election.order", "election", 0x0309, 0, leave_out),
    ("election.order", "election", 0x030a, 3, leave_out),
    ("election.order", "election", 0x030a, 6, leave_out),
    ("election.order", "election", 0x030a, 7, twice),
    ("election.order", "election", 0x0307, 1, leave_out),
    ("trustee.key", "election", 0x0302, 0, |d| flip(d, 40)),
    ("trustee.record", "election", 0x0303, 0, |d| flip(d, 5)),
    ("trustee.record", "election", 0x0303, 0, |d| {
        *d = {
            let mut d = d.clone();
            let n = d.payload.len();
            d.payload[n - 32..].copy_from_slice(&curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED.0);
            d
        }
    }),
    ("election.anchor", "election", 0x0306, 0, |d| flip(d, 33)),
    ("trustee.share", "election", 0x0307, 0, |d| d.copies = 2),
    ("paper.return", "election", 0x0309, 0, |d| d.payload[32] += 1),
    ("paper.return", "election", 0x0309, 0, |d| d.payload[38] = 100),
    ("view.digest", "election", 0x030a, 0, |d| flip(d, 8 + 32)),
    ("box.order", "east", 0x0402, 0, leave_out),
    ("box.order", "east", 0x0405, 0, leave_out),
    ("box.order", "east", 0x0405, 0, twice),
    ("box.order", "east", 0x0406, 0, leave_out),
    ("box.order", "east", 0x0408, 0, leave_out),
    ("box.order", "east", 0x0408, 0, twice),
    ("box.order", "east", 0x0407, 0, leave_out),
    ("box.setup", "east", 0x0401, 0, |d| flip(d, 3)),
    ("box.setup", "east", 0x0401, 0, |d| {
        *d.payload.last_mut().unwrap() = 1
    }),
    ("box.window", "east", 0x0402, 0, |d| {
        (d.received, d.sequenced, d.author_time) =
            (support::OPENS - 1, support::OPENS - 1, support::OPENS - 1)
    }),
    ("box.window", "east", 0x0403, 3, |d| {
        (d.received, d.sequenced) = (d.received + 1, d.sequenced + 1)
    }),
    ("box.window", "east", 0x0405, 0, |d| {
        (d.received, d.sequenced, d.author_time) = (d.received - 1, d.sequenced - 1, d.author_time - 1)
    }),
    ("ballot.form", "east", 0x0403, 0, |d| flip(d, 4)),
    ("ballot.election", "east", 0x0403, 0, |d| {
        d.payload[25] = if d.payload[25] == b'a' { b'b' } else { b'a' }
    }),
    ("ballot.chain", "east", 0x0403, 2, |d| {
        let n = d.payload.len();
        d.payload.truncate(n - 96);
        d.payload[n - 97] = 0;
    }),
    ("ballot.chain", "east", 0x0403, 2, |d| {
        let n = d.payload.len();
        d.payload[n - 1] ^= 1;
    }),
    ("ballot.chain", "east", 0x0403, 2, |d| {
        let n = d.payload.len();
        d.payload[n - 96] ^= 1;
    }),
    ("ballot.duplicate", "east", 0x0403, 1, twice),
    ("ballot.audited", "east", 0x0404, 0, twice),
    ("ballot.audited", "east", 0x0404, 0, |d| {
        d.payload[32] -= 1;
        let n = d.payload.len();
        d.payload.truncate(n - 32);
    }),
    ("box.exclusions", "east", 0x0406, 0, |d| {
        *d.payload.last_mut().unwrap() = 2
    }),
    ("box.counted", "east", 0x0408, 0, |d| d.payload[32] = 3),
    ("box.counted", "east", 0x0408, 0, |d| flip(d, 40)),
    ("box.tally", "east", 0x0408, 0, |d| flip(d, 33 + 32)),
    ("roll.order", "roll", 0x0203, 0, twice),
    ("roll.order", "roll", 0x0201, 0, leave_out),
    ("roll.order", "roll", 0x0204, 0, leave_out),
    ("roll.order", "roll", 0x0204, 0, twice),
    ("roll.definition", "roll", 0x0204, 0, |d| d.payload[35] += 1),
    ("roll.eligibility", "roll", 0x0205, 0, leave_out),
    ("roll.eligibility", "roll", 0x0205, 4, |d| d.payload[33] = 0),
    ("roll.eligibility", "roll", 0x0205, 0, |d| d.payload[32] = 2),
    ("roll.duplicate", "roll", 0x0201, 0, twice),
    ("roll.duplicate", "roll", 0x0202, 0, twice),
    ("roll.counts", "roll", 0x0201, 4, leave_out),
    ("roll.counts", "roll", 0x0203, 0, |d| d.payload[6] = 6),
    ("election.credentials", "election", 0x0304, 0, |d| {
        *d.payload.last_mut().unwrap() = 3
    }),
    ("election.credentials", "election", 0x0304, 0, |d| {
        let n = d.payload.len();
        d.payload[n - 2] = 9;
    }),
    ("ledger.genesis", "west", 0x0001, 0, |d| flip(d, 100)),
    ("ledger.genesis", "west", 0x0001, 0, |d| d.nonce = Some([1; 16])),
];

#[test]
fn every_tampering_with_an_entry_is_named() {
    let mut unnamed = Vec::new();
    for (code, ledger, event_type, nth, change) in TAMPERS {
        let hook = |draft: &mut Draft| {
            if draft.ledger == *ledger && draft.event_type == *event_type && draft.nth == *nth {
                change(draft);
            }
        };
        let event = build(&hook, &|_, bytes| bytes);
        let trust = event.trust(None);
        let report = verify(&event.files(true), Some(&trust), Profile::Accredited);
        let name = format!("{code} by {ledger} {event_type:#06x}/{nth}");
        if report.verdict != Verdict::NotVerified || !failed(&report).contains(code) {
            unnamed.push(format!("{name}: {:?} {:?}", report.verdict, failed(&report)));
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
}

/// Changes the second ballot of east up to its signature and signs it again with its own credential's secret.
fn forge(draft: &mut Draft, change: impl Fn(String) -> String) {
    let start = draft.payload.iter().position(|byte| *byte == b'{').unwrap();
    let end = draft.payload.len() - 1;
    let ballot = String::from_utf8(draft.payload[start..end].to_vec()).unwrap();
    let unsigned = &ballot[..ballot.find(",\"signature\"").unwrap()];
    let forged = support::sign_ballot(
        &change(unsigned.to_owned()),
        &support::secret(1),
        &mut support::Dice::new(99),
    );
    draft.payload = support::Enc::default().text(&forged).byte(0).0;
}

/// The `nth` value that follows `field` in a ballot.
fn value(ballot: &str, field: &str, nth: usize) -> String {
    let rest = ballot.split(&format!("\"{field}\":\"")).nth(nth + 1).unwrap();
    rest[..rest.find('"').unwrap()].to_owned()
}

const NEUTRAL: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const ORDER_2: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec";

#[test]
fn every_forged_ballot_is_named() {
    let forgeries: &[(&str, Change)] = &[
        ("ballot.form", |b| {
            b.replace("\"blank_proof\"", "\"blank_proofs\"")
        }),
        ("ballot.form", |b| {
            b.replacen("\"challenge\":\"", "\"challenge\":\"0", 1)
        }),
        ("ballot.form", |b| b.replacen(":", ": ", 1)),
        ("ballot.form", |b| {
            b.replacen(&value(&b, "alpha", 0), &value(&b, "alpha", 0).to_uppercase(), 1)
        }),
        ("ballot.election", |b| {
            b.replace(&value(&b, "election_uuid", 0), "12345678abcdEF")
        }),
        ("ballot.election", |b| {
            b.replace(&value(&b, "election_hash", 0), &support::b64(&[7; 32]))
        }),
        ("ballot.credential", |b| {
            b.replace(&value(&b, "credential", 0), &support::credential(9))
        }),
        ("ballot.signature", |b| {
            b.replace(&value(&b, "credential", 0), &support::credential(3))
        }),
        ("ballot.group", |b| {
            b.replace(&value(&b, "credential", 0), NEUTRAL)
        }),
        ("ballot.group", |b| b.replace(&value(&b, "alpha", 1), NEUTRAL)),
        ("ballot.group", |b| b.replace(&value(&b, "beta", 2), NEUTRAL)),
        ("ballot.group", |b| b.replace(&value(&b, "beta", 4), ORDER_2)),
        ("ballot.group", |b| {
            b.replace(
                &value(&b, "alpha", 0),
                &support::with_torsion(&value(&b, "alpha", 0)),
            )
        }),
        ("ballot.proof", |b| b.replace(&value(&b, "challenge", 0), "1")),
        ("ballot.proof", |b| b.replace(&value(&b, "response", 7), "1")),
        ("ballot.proof", |b| {
            b.replace(&value(&b, "beta", 0), &value(&b, "beta", 1))
        }),
        ("ballot.duplicate", |b| {
            b.replace(&value(&b, "alpha", 0), &value(&b, "alpha", 1))
        }),
    ];
    let mut unnamed = Vec::new();
    for (index, (code, change)) in forgeries.iter().enumerate() {
        let hook = |draft: &mut Draft| {
            if draft.ledger == "east" && draft.event_type == 0x0403 && draft.nth == 1 {
                forge(draft, change);
            }
        };
        let event = build(&hook, &|_, bytes| bytes);
        let report = verify(&event.files(false), Some(&event.trust(None)), Profile::Public);
        if report.verdict != Verdict::NotVerified || !failed(&report).contains(code) {
            unnamed.push(format!(
                "{index} {code}: {:?} {:?}",
                report.verdict,
                failed(&report)
            ));
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
}

/// How a text is changed.
type Change = fn(String) -> String;

/// Contents changed before they are cited: everything else stays consistent.
const CONTENTS: &[(&str, &str, Change)] = &[
    ("election.manifest", "manifest", |s| {
        s.replace("\"rehearsal\":true", "\"rehearsal\": true")
    }),
    ("election.manifest", "manifest", |s| {
        s.replace("Asia/Qatar", "Asia/Nowhere")
    }),
    ("election.manifest", "manifest", |s| {
        s.replace("\"threshold\":2", "\"threshold\":1")
    }),
    ("election.manifest", "manifest", |s| {
        s.replace("\"en\":\"West\"", "\"en\":\"We\u{202e}st\"")
    }),
    ("box.setup", "manifest", |s| {
        s.replace("\"revote\":true", "\"revote\":false")
    }),
    ("ballot.chain", "manifest", |s| {
        s.replace("\"revote\":true", "\"revote\":false")
    }),
    ("trustee.key", "manifest", |s| s.replace("T One", "T 1")),
    ("trustee.share", "manifest", |s| {
        s.replace("\"min_ballots\":0", "\"min_ballots\":3")
    }),
    ("election.record", "manifest", |s| {
        s.replace("Agree?", "Do you agree?")
    }),
    ("election.record", "election east", |s| {
        s.replace("Agree?", "Do you agree?")
    }),
    ("trustee.record", "trustees", |s| s + " "),
    ("election.credentials", "credentials east", |s| {
        s.replace(',', ", ")
    }),
    ("election.credentials", "credentials east", |s| {
        s.replacen(
            '[',
            "[\"0000000000000000000000000000000000000000000000000000000000000001\",",
            1,
        )
    }),
    ("roll.definition", "rules", |s| s.replace("plain-1", "plain-2")),
    ("roll.definition", "rules", |s| {
        s.replace("Asia/Qatar", "Asia/Kuwait")
    }),
    ("roll.definition", "rules", |s| {
        s.replace("2026-01-01", "2027-01-17")
    }),
    ("roll.definition", "rules", |s| s.replace("[]}", "[ ]}")),
    ("roll.credentials", "credentials east", |s| s.replace(',', ", ")),
    ("box.exclusions", "exclusions east", |s| {
        s.replacen(
            "[\"",
            "[\"0000000000000000000000000000000000000000000000000000000000000001\",\"",
            1,
        )
    }),
    ("box.tally", "tally east", |s| s.replace('}', "} ")),
    ("box.tally", "sized east", |s| {
        s.replace("\"total_weight\":2", "\"total_weight\":3")
    }),
    ("trustee.share", "share east 1", |s| {
        s.replacen("\"challenge\":\"", "\"challenge\":\"1", 1)
    }),
    ("trustee.share", "share west 2", |s| {
        s.replacen("\"response\":\"", "\"response\":\"0", 1)
    }),
    ("result.value", "result east", |s| s.replace("[0,1,1]", "[0,2,0]")),
    ("result.value", "result east", |s| {
        s.replace("[0,1,1]", "[0,1,1,0]")
    }),
    ("result.value", "result east", |s| {
        s.replace("[0,1,1]", "[0,1,01]")
    }),
    ("view.digest", "turnout east", |s| {
        s.replace("\"voters\":3", "\"voters\":4")
    }),
    ("view.digest", "trackers east", |s| {
        s.replace("superseded", "counted")
    }),
    ("view.digest", "tally west", |s| s + "\n"),
    ("view.digest", "result-view east", |s| s.replace("6667", "6666")),
];

#[test]
fn every_tampering_with_a_content_is_named() {
    let mut unnamed = Vec::new();
    for (code, name, change) in CONTENTS {
        let on_content = |this: &str, bytes: Vec<u8>| {
            if this == *name {
                change(String::from_utf8(bytes).unwrap()).into_bytes()
            } else {
                bytes
            }
        };
        let event = build(&|_| {}, &on_content);
        let trust = event.trust(None);
        let report = verify(&event.files(true), Some(&trust), Profile::Accredited);
        if report.verdict != Verdict::NotVerified || !failed(&report).contains(code) {
            unnamed.push(format!(
                "{code} by {name}: {:?} {:?}",
                report.verdict,
                failed(&report)
            ));
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
}

#[test]
fn unknown_suites_and_formats_are_unsupported() {
    for (from, to) in [
        ("belenios-v1-ed25519", "belenios-v9"),
        ("sijill-manifest/1", "sijill-manifest/2"),
    ] {
        let on_content = |name: &str, bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            if name == "manifest" {
                text.replace(from, to).into_bytes()
            } else {
                text.into_bytes()
            }
        };
        let event = build(&|_| {}, &on_content);
        let report = verify(&event.files(false), Some(&event.trust(None)), Profile::Public);
        assert_eq!(report.verdict, Verdict::Unsupported, "{}", report.to_text());
        assert_eq!(report.verdict.exit_code(), 2);
    }
}

#[test]
fn another_history_is_not_the_known_one() {
    let event = honest();
    let mut other = honest();
    other.boxes[0].leaves[3][0] ^= 1;
    let trust = other.trust(Some(5));
    let report = verify(&event.files(false), Some(&trust), Profile::Public);
    assert_eq!(failed(&report), ["ledger.fork"]);
    let longer = event.trust_json(Some(5)).replace("\"size\":5", "\"size\":500");
    let report = verify(
        &event.files(false),
        Some(&Trust::parse(longer.as_bytes()).unwrap()),
        Profile::Public,
    );
    assert!(failed(&report).contains(&"trust.checkpoint"));
    let key = hex::encode(support::public("west ledger"));
    let stranger = event
        .trust_json(None)
        .replace(&key, &hex::encode(support::public("stranger")));
    let report = verify(
        &event.files(false),
        Some(&Trust::parse(stranger.as_bytes()).unwrap()),
        Profile::Public,
    );
    assert_eq!(failed(&report), ["trust.ledger"]);
}

#[test]
fn files_that_are_missing_extra_or_changed_are_found() {
    let event = honest();
    let trust = event.trust(Some(1));
    let honest_files = event.files(false);
    let changed = |change: &dyn Fn(&mut MemorySource)| {
        let mut files = honest_files.clone();
        change(&mut files);
        verify(&files, Some(&trust), Profile::Public)
    };
    for path in honest_files.files.keys() {
        let report = changed(&|files| drop(files.files.remove(path)));
        assert_eq!(report.verdict, Verdict::NotVerified, "{path} removed");
        let expected = if path.starts_with("content/") {
            "content.missing"
        } else {
            "folder.missing"
        };
        let partial_ledger =
            failed(&report).contains(&expected) || failed(&report).contains(&"election.omitted");
        assert!(partial_ledger, "{path} removed\n{}", report.to_text());
    }
    for extra in [
        "README",
        "content/short",
        "ledgers/x",
        "ledgers/checkpoint",
        "content/sub/file",
    ] {
        let report = changed(&|files| drop(files.files.insert(extra.to_owned(), Vec::new())));
        assert_eq!(failed(&report), ["folder.unexpected"], "{extra}");
    }
    let uncited = format!("content/{}", "ab".repeat(32));
    let report = changed(&|files| drop(files.files.insert(uncited.clone(), Vec::new())));
    assert_eq!(failed(&report), ["content.uncited"]);
    let ledger = format!("ledgers/{}/", hex::encode(event.election.id));
    for extra in [
        "tile/0/001.p/3",
        "tile/1/000.p/1",
        "tile/0/000",
        "tile/0/000.p/1",
        "x",
        "checkpoint/x",
    ] {
        let path = format!("{ledger}{extra}");
        let report = changed(&|files| drop(files.files.insert(path.clone(), Vec::new())));
        assert_eq!(failed(&report), ["folder.unexpected"], "{extra}");
    }
    let report = changed(&|files| files.files.retain(|path, _| !path.starts_with("ledgers/")));
    assert_eq!(report.verdict, Verdict::NotVerified);
    let report = changed(&|files| files.files.clear());
    assert_eq!(report.verdict, Verdict::NotVerified);
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let event = honest();
    let trust = event.trust(None);
    let honest_files = event.files(false);
    for (path, bytes) in &honest_files.files {
        for step in 0..6usize {
            let at = (bytes.len().saturating_sub(1)) * step / 5;
            let mut files = honest_files.clone();
            let Some(byte) = files.files.get_mut(path).and_then(|bytes| bytes.get_mut(at)) else {
                continue;
            };
            *byte ^= 1 << step;
            let report = verify(&files, Some(&trust), Profile::Public);
            assert_eq!(
                report.verdict,
                Verdict::NotVerified,
                "{path} byte {at}\n{}",
                report.to_text()
            );
            assert!(!failed(&report).is_empty());
        }
        let mut files = honest_files.clone();
        files.files.get_mut(path).unwrap().push(0);
        assert_eq!(
            verify(&files, Some(&trust), Profile::Public).verdict,
            Verdict::NotVerified,
            "{path} longer"
        );
        let mut files = honest_files.clone();
        files.files.get_mut(path).unwrap().pop();
        assert_eq!(
            verify(&files, Some(&trust), Profile::Public).verdict,
            Verdict::NotVerified,
            "{path} shorter"
        );
    }
}

/// A verifier once said "verified" now and then, because it did not wait for the error of a worker. Errors here are returned, in order.
#[test]
fn errors_are_found_every_time_on_any_number_of_threads() {
    let event: Event = build(
        &|draft| {
            if draft.event_type == 0x0403 && draft.nth == 2 {
                let n = draft.payload.len();
                draft.payload[n - 1] ^= 1;
            }
        },
        &|_, bytes| bytes,
    );
    let trust = event.trust(None);
    let files = event.files(false);
    let expected = without_times(verify(&files, Some(&trust), Profile::Public));
    assert_eq!(failed(&expected), ["ballot.chain"]);
    for round in 0..50 {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1 + round % 8)
            .build()
            .unwrap();
        let report = pool.install(|| without_times(verify(&files, Some(&trust), Profile::Public)));
        assert_eq!(report, expected, "round {round}");
    }
}
