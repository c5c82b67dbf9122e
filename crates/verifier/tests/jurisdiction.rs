//! Jurisdictions: an honest calendar with two registers of freedom of information, and forgeries by somebody who holds every key.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use sijill_verifier::{
    CheckVerdict, MemorySource, Profile, RegisterCounts, Report, Trust, Verdict, verify_jurisdiction_source,
};
use support::{Draft, Enc, LedgerBuilder, grant, public, sha};

/// 2026-01-01.
const D0: u64 = 20_454;

/// Ten in the morning in Qatar.
fn at(day: u64, minute: u64) -> u64 {
    day * 86_400_000 + 7 * 3_600_000 + minute * 60_000
}

const PACK: &str = r#"{"format":"sijill-foi-rules/1","id":"qa","version":1,"title":{"en":"T","ar":""},"legal_basis":"L","confidence":"invented","valid_from":"2022-01-01","calendar":{"time_zone":"Asia/Qatar","weekly_rest":["friday","saturday"]},"clock":{"answer_days":5,"unit":"calendar","start":"next_day","roll":"none","max_extensions":1,"extension_days":5,"silence":"deemed_refusal","clarification":"pause","fee_policy":"pauses","transfer":"continue","grievance_days":30,"grievance_decision_days":10,"grievance_silence":"none"},"exemptions":[{"code":"a","title":{"en":"A","ar":""}}],"penalties":[],"unconfirmed":[]}"#;

type Hook<'a> = &'a dyn Fn(&mut Draft);
type Change<'a> = &'a dyn Fn(&mut Files);
type Files = BTreeMap<String, Vec<u8>>;

struct Contents {
    files: RefCell<Files>,
}

impl Contents {
    fn cite(&self, bytes: &[u8]) -> Enc {
        let hash = sha(&[bytes]);
        let name = format!("content/{}", hex::encode(hash));
        self.files.borrow_mut().insert(name, bytes.to_vec());
        Enc::default().raw(&hash).int(bytes.len() as u64)
    }

    /// A commitment to a text; its opening is published if `open`.
    fn commit(&self, text: &str, open: bool) -> Vec<u8> {
        let salt = sha(&[b"salt", text.as_bytes()]);
        let commitment = commitment(text);
        if open {
            let name = format!("openings/{}", hex::encode(commitment));
            let opening = [&salt, text.as_bytes()].concat();
            self.files.borrow_mut().insert(name, opening);
        }
        Enc::default().raw(&commitment).int(text.len() as u64).0
    }
}

fn commitment(text: &str) -> [u8; 32] {
    let salt = sha(&[b"salt", text.as_bytes()]);
    sha(&[b"sijill/commitment/v1\n", &salt, text.as_bytes()])
}

fn names(enc: Enc) -> Enc {
    enc.text("Name").text("اسم")
}

/// Builds the folder and its trust file. Every entry passes through the hook.
fn build(hook: Hook<'_>) -> (Files, Trust) {
    let contents = Contents {
        files: RefCell::default(),
    };
    let c = &contents;
    let officers = [
        grant(&public("commission"), 1, None),
        grant(&public("commission two"), 1, None),
        grant(&public("officer"), 7, None),
        grant(&public("judge"), 8, None),
        grant(&public("both"), 7, None),
        grant(&public("both"), 8, None),
    ];
    let mut calendar = LedgerBuilder::new("calendar", 1, None, &officers);
    let mut a = LedgerBuilder::new("moi", 7, Some(calendar.id), &officers);
    let mut b = LedgerBuilder::new("moj", 7, Some(calendar.id), &officers);
    for ledger in [&mut calendar, &mut a, &mut b] {
        let (service, genesis) = (ledger.service(), ledger.genesis.clone());
        ledger.push(hook, 0x0001, &service, at(D0, 0), &[], genesis);
    }
    let pack = c.cite(PACK.as_bytes()).0;
    let defined = names(Enc::default())
        .text("Asia/Qatar")
        .int(2)
        .byte(5)
        .byte(6)
        .byte(0);
    calendar.push(hook, 0x0101, "commission", at(D0, 1), &[], defined.0);
    let fact = names(Enc::default().int(D0 + 30).int(D0 + 31).byte(2).byte(0)).text("Circular 1");
    calendar.push(hook, 0x0102, "commission", at(D0, 2), &[], fact.0);
    calendar.push(
        hook,
        0x0103,
        "commission",
        at(D0, 3),
        &[],
        Enc::default().int(7).raw(&pack).0,
    );
    for (minute, ledger, id) in [(4, &a, "moi"), (5, &b, "moj")] {
        let listed = Enc::default().raw(&ledger.id).int(7).byte(1).text(id).text(id);
        calendar.push(hook, 0x0104, "commission", at(D0, minute), &[], names(listed).0);
    }
    let seen = calendar.cite();
    let (service, other) = (a.service(), b.service());
    let on = |request: u64| Enc::default().int(request);
    let say = |ledger: &mut LedgerBuilder, event_type, author: &str, minute, payload: Enc| {
        ledger.push(hook, event_type, author, at(D0, minute), &[], payload.0);
    };
    a.push(hook, 0x0004, &service, at(D0, 10), &[seen], Vec::new());
    b.push(hook, 0x0004, &other, at(D0, 10), &[seen], Vec::new());
    say(&mut a, 0x0701, "commission", 11, Enc(pack.clone()));
    say(&mut b, 0x0701, "commission", 11, Enc(pack.clone()));
    let submitted = |who: &str, text: &str| Enc(c.commit(who, false)).raw(&c.commit(text, false));
    // 3: decided.
    say(
        &mut a,
        0x0704,
        &service,
        12,
        submitted("me", "my question").byte(0),
    );
    say(
        &mut a,
        0x0706,
        "officer",
        13,
        on(3).raw(&c.commit("A summary", true)),
    );
    say(
        &mut a,
        0x070a,
        "officer",
        14,
        on(3).raw(&c.commit("which?", false)),
    );
    say(
        &mut a,
        0x070b,
        &service,
        15,
        on(3).raw(&c.commit("that", false)).byte(0),
    );
    say(
        &mut a,
        0x070c,
        "officer",
        16,
        on(3).int(100).text("QAR").int(D0 + 5),
    );
    say(&mut a, 0x070d, "officer", 17, on(3).byte(1));
    let consulted = on(3)
        .raw(&c.commit("they", false))
        .raw(&c.commit("notice", false));
    say(&mut a, 0x070f, "officer", 18, consulted);
    say(
        &mut a,
        0x0710,
        "officer",
        19,
        on(9).raw(&c.commit("reply", false)),
    );
    say(
        &mut a,
        0x0711,
        "officer",
        20,
        on(3).raw(&c.commit("Many papers\nto read", true)),
    );
    let documents = Enc::default()
        .int(2)
        .raw(&c.commit("First", true))
        .byte(1)
        .int(0)
        .byte(0)
        .byte(0)
        .raw(&c.commit("Second", true))
        .byte(2)
        .int(1)
        .text("a")
        .byte(1)
        .raw(&c.commit("original", false))
        .byte(0);
    say(
        &mut a,
        0x0713,
        "officer",
        21,
        on(3).raw(&c.commit("Decided", true)).raw(&documents.0),
    );
    let releases = on(3)
        .int(2)
        .int(0)
        .raw(&c.commit("file 1", true))
        .int(1)
        .raw(&c.commit("file 2", false));
    say(&mut a, 0x0714, "officer", 22, releases);
    say(
        &mut a,
        0x0715,
        "officer",
        23,
        on(3).int(1).int(1).raw(&c.commit("A name was in it", true)),
    );
    // 15: transferred.
    say(
        &mut a,
        0x0704,
        &service,
        24,
        submitted("you", "another question").byte(0),
    );
    let transferred = on(15).raw(&b.id).raw(&c.commit("not ours", false));
    say(&mut a, 0x0708, "officer", 25, transferred);
    // 17: on paper; nobody answers.
    let letter = submitted("he", "a letter")
        .byte(1)
        .int(D0)
        .raw(&c.commit("scan", false));
    say(&mut a, 0x0704, "officer", 26, letter);
    say(&mut a, 0x0709, "officer", 27, on(17).int(3));
    say(
        &mut a,
        0x0716,
        &service,
        28,
        on(3).raw(&c.commit("I disagree", false)).byte(0),
    );
    say(
        &mut a,
        0x0717,
        "judge",
        29,
        on(19).byte(1).raw(&c.commit("Upheld", true)),
    );
    let ordered = Enc::default()
        .int(1)
        .raw(&commitment("my question"))
        .text("Art. 5");
    say(&mut a, 0x0006, "commission", 30, ordered);
    let order = a.last_body_hash;
    say(&mut a, 0x0007, "commission two", 31, Enc::default().raw(&order));
    let cited = a.cite();
    b.push(
        hook,
        0x0705,
        &other,
        at(D0, 40),
        &[cited],
        Enc::default().raw(&a.id).int(15).0,
    );
    b.push(
        hook,
        0x0005,
        &other,
        at(D0 + 3, 0),
        &[seen],
        Enc::default().int(D0 + 2).0,
    );
    a.push(
        hook,
        0x0005,
        &service,
        at(D0 + 7, 0),
        &[seen],
        Enc::default().int(D0 + 6).0,
    );
    let cause = a.last_body_hash;
    let missed = Enc::default().raw(&cause).int(17).int(D0 + 6);
    a.push(
        hook,
        0x0718,
        &service,
        at(D0 + 7, 0),
        &[],
        missed.clone().int(D0 + 5).0,
    );
    a.push(hook, 0x0719, &service, at(D0 + 7, 0), &[], missed.0);
    let view = format!(
        concat!(
            "{{\"format\":\"sijill-due-dates/1\",\"ledger\":\"{}\",\"size\":26,\"register\":\"moi\",\"closed\":\"2026-01-07\",\"requests\":[",
            "{{\"number\":1,\"entry\":3,\"pack\":\"qa/1\",\"received\":\"2026-01-01\",\"status\":\"decided\",\"due\":\"2026-01-11\",\"original_due\":\"2026-01-06\",\"ended\":\"2026-01-01\",\"grievances\":[",
            "{{\"entry\":19,\"filed\":\"2026-01-01\",\"status\":\"decided\",\"decide_by\":\"2026-01-11\",\"ended\":\"2026-01-01\"}}]}},",
            "{{\"number\":2,\"entry\":15,\"pack\":\"qa/1\",\"received\":\"2026-01-01\",\"status\":\"transferred\",\"due\":\"2026-01-06\",\"original_due\":\"2026-01-06\",\"ended\":\"2026-01-01\",\"grievances\":[]}},",
            "{{\"number\":3,\"entry\":17,\"pack\":\"qa/1\",\"received\":\"2026-01-01\",\"status\":\"deemed-refused\",\"due\":\"2026-01-06\",\"original_due\":\"2026-01-06\",\"missed\":{{\"on\":\"2026-01-07\",\"due\":\"2026-01-06\"}},\"ended\":\"2026-01-07\",\"grievances\":[]}}]}}"
        ),
        hex::encode(a.id)
    );
    let view = Enc::default()
        .text("due-dates")
        .int(26)
        .raw(&c.cite(view.as_bytes()).0);
    a.push(hook, 0x0008, &service, at(D0 + 7, 1), &[], view.0);
    let mut files = contents.files.take();
    let mut listed = Vec::new();
    for (ledger, kind) in [(&calendar, "calendar"), (&a, "foi"), (&b, "foi")] {
        ledger.publish(&mut files);
        listed.push(format!(
            r#"{{"id":"{}","kind":"{kind}","origin":"{}","key":"{}"}}"#,
            hex::encode(ledger.id),
            ledger.origin,
            hex::encode(public(&format!("{} ledger", ledger.name)))
        ));
    }
    let trust = format!(
        r#"{{"format":"sijill-trust/1","jurisdiction":"{}","ledgers":[{}]}}"#,
        hex::encode(calendar.id),
        listed.join(",")
    );
    (files, Trust::parse(trust.as_bytes()).unwrap())
}

fn verify(files: Files, trust: &Trust, threads: usize) -> Report {
    let source = MemorySource { files };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| verify_jurisdiction_source(&source, Some(trust), Profile::Public).unwrap())
}

/// The codes under which something failed.
fn codes(report: &Report) -> BTreeSet<&'static str> {
    let examples = report.checks.iter().flat_map(|check| &check.counter_examples);
    examples.map(|example| example.code).collect()
}

#[test]
fn an_honest_jurisdiction_is_verified() {
    let (files, trust) = build(&|_| {});
    for threads in [1, 8] {
        let report = verify(files.clone(), &trust, threads);
        assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_full_text());
        let empty = |check: &&sijill_verifier::CheckResult| {
            check.verdict == CheckVerdict::Empty
                && (check.number.starts_with("14.") || check.number.starts_with("15."))
        };
        let empty: Vec<_> = report
            .checks
            .iter()
            .filter(empty)
            .map(|check| check.code)
            .collect();
        assert!(empty.is_empty(), "{empty:?}");
        let register = report
            .registers
            .iter()
            .find(|register| register.register == "moi")
            .unwrap();
        assert_eq!(register.closed.as_deref(), Some("2026-01-07"));
        let RegisterCounts::Foi(counts) = &register.counts else {
            panic!("a register of another kind")
        };
        assert_eq!(
            (counts.requests, counts.open, counts.missed, counts.deemed_refused),
            (3, 0, 1, 1)
        );
        assert!(report.to_json().contains("\"registers\""));
        assert!(report.to_text().contains("judged up to: 2026-01-07"));
        assert!(report.to_html(None).contains("حرية المعلومات"));
    }
}

/// Changes the nth event of a type on a ledger.
struct Forgery {
    name: &'static str,
    codes: &'static [&'static str],
    ledger: &'static str,
    event_type: u16,
    change: fn(&mut Draft),
}

fn last(draft: &mut Draft, value: u8) {
    if let Some(byte) = draft.payload.last_mut() {
        *byte = value;
    }
}

const FORGERIES: &[Forgery] = &[
    Forgery {
        name: "a fact before its definition",
        codes: &["calendar.order"],
        ledger: "calendar",
        event_type: 0x0102,
        change: |d| {
            d.event_type = 0x0101;
            d.payload = names(Enc::default())
                .text("Asia/Qatar")
                .int(2)
                .byte(5)
                .byte(6)
                .byte(0)
                .0;
        },
    },
    Forgery {
        name: "a rest out of order",
        codes: &["calendar.definition"],
        ledger: "calendar",
        event_type: 0x0101,
        change: |d| {
            d.payload = names(Enc::default())
                .text("Asia/Qatar")
                .int(2)
                .byte(6)
                .byte(5)
                .byte(0)
                .0
        },
    },
    Forgery {
        name: "a holiday that ends before it begins",
        codes: &["calendar.fact"],
        ledger: "calendar",
        event_type: 0x0102,
        change: |d| {
            d.payload = names(Enc::default().int(D0 + 31).int(D0 + 30).byte(2).byte(0))
                .text("Circular 1")
                .0
        },
    },
    Forgery {
        name: "days closed too early",
        codes: &["calendar.day"],
        ledger: "moj",
        event_type: 0x0005,
        change: |d| d.payload = Enc::default().int(D0 + 3).0,
    },
    Forgery {
        name: "a day that was not closed",
        codes: &["calendar.day"],
        ledger: "moi",
        event_type: 0x0007,
        change: |d| {
            d.received += 86_400_000;
            d.sequenced += 86_400_000;
            d.author_time += 86_400_000;
        },
    },
    Forgery {
        name: "an order without a basis",
        codes: &["calendar.erasure"],
        ledger: "moi",
        event_type: 0x0007,
        change: |d| last(d, 0),
    },
    Forgery {
        name: "a confirmation by the author of the order",
        codes: &["calendar.erasure"],
        ledger: "moi",
        event_type: 0x0007,
        change: |d| d.author = "commission".to_owned(),
    },
    Forgery {
        name: "a view of the future",
        codes: &["calendar.view"],
        ledger: "moi",
        event_type: 0x0008,
        change: |d| d.payload[10] = 27,
    },
    Forgery {
        name: "a view of another size",
        codes: &["foi.due-dates"],
        ledger: "moi",
        event_type: 0x0008,
        change: |d| d.payload[10] = 25,
    },
    Forgery {
        name: "an admission of nothing",
        codes: &["foi.order"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| d.payload[0] = 16,
    },
    Forgery {
        name: "a fee that is neither paid nor waived, and stays open",
        codes: &["foi.request", "foi.due-dates"],
        ledger: "moi",
        event_type: 0x070d,
        change: |d| last(d, 3),
    },
    Forgery {
        name: "a link to a later request",
        codes: &["foi.request"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| last(d, 17),
    },
    Forgery {
        name: "the reply of nobody",
        codes: &["foi.order"],
        ledger: "moi",
        event_type: 0x0710,
        change: |d| d.payload[0] = 8,
    },
    Forgery {
        name: "a grievance decided by the officer",
        codes: &["event.author", "foi.officer"],
        ledger: "moi",
        event_type: 0x0717,
        change: |d| d.author = "officer".to_owned(),
    },
    Forgery {
        name: "no such decision on a grievance",
        codes: &["foi.grievance", "foi.due-dates"],
        ledger: "moi",
        event_type: 0x0717,
        change: |d| d.payload[1] = 4,
    },
    Forgery {
        name: "a due date that was not the one",
        codes: &["foi.silence"],
        ledger: "moi",
        event_type: 0x0718,
        change: |d| {
            let end = d.payload.len();
            d.payload[end - 3] ^= 1;
        },
    },
    Forgery {
        name: "a refusal that is not recorded",
        codes: &["foi.silence"],
        ledger: "moi",
        event_type: 0x0719,
        change: |d| d.event_type = 0x071a,
    },
    Forgery {
        name: "a pack for consultations",
        codes: &["calendar.pack", "foi.definition"],
        ledger: "calendar",
        event_type: 0x0103,
        change: |d| d.payload[0] = 6,
    },
    Forgery {
        name: "a register of freedom of information that is not public",
        codes: &[
            "calendar.register",
            "calendar.seen",
            "calendar.unlisted",
            "foi.transfer",
            "trust.ledger",
        ],
        ledger: "calendar",
        event_type: 0x0104,
        change: |d| d.payload[33] = 2,
    },
    Forgery {
        name: "a register listed under another kind",
        codes: &["calendar.registers", "calendar.seen", "foi.transfer"],
        ledger: "calendar",
        event_type: 0x0104,
        change: |d| d.payload[32] = 6,
    },
    Forgery {
        name: "a register that does not begin with the calendar",
        codes: &["calendar.seen"],
        ledger: "moj",
        event_type: 0x0004,
        change: |d| {
            d.event_type = 0x0005;
            d.payload = Enc::default().int(D0).0;
        },
    },
    Forgery {
        name: "a commitment to nothing",
        codes: &["calendar.commitment"],
        ledger: "moi",
        event_type: 0x0708,
        change: |d| last(d, 0),
    },
    Forgery {
        name: "a commitment that stands twice",
        codes: &["calendar.commitment"],
        ledger: "moi",
        event_type: 0x0708,
        change: |d| {
            let end = d.payload.len();
            d.payload[end - 33..end - 1].copy_from_slice(&commitment("which?"));
        },
    },
    Forgery {
        name: "a fee settled that is not open",
        codes: &["foi.clock"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| {
            d.event_type = 0x070d;
            d.payload = vec![17, 1];
        },
    },
    Forgery {
        name: "a second reply of a third party",
        codes: &["foi.third-party"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| {
            d.event_type = 0x0710;
            d.payload = [&[9][..], &sha(&[b"x"]), &[1]].concat();
        },
    },
    Forgery {
        name: "a document released twice",
        codes: &["foi.release"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| {
            d.event_type = 0x0714;
            d.payload = [&[3, 1, 0][..], &sha(&[b"x"]), &[1]].concat();
        },
    },
    Forgery {
        name: "a transfer to nowhere",
        codes: &["foi.transfer"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| {
            d.event_type = 0x0708;
            d.payload = [&[17][..], &[9; 32], &sha(&[b"x"]), &[1]].concat();
        },
    },
    Forgery {
        name: "a fee of nothing",
        codes: &["foi.request"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| {
            d.event_type = 0x070c;
            d.payload = [&[17, 0, 3][..], b"QAR", &Enc::default().int(D0 + 5).0].concat();
        },
    },
    Forgery {
        name: "a second admission",
        codes: &["foi.order"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| {
            d.event_type = 0x0706;
            d.payload = [&[3][..], &sha(&[b"x"]), &[1]].concat();
        },
    },
    Forgery {
        name: "an outcome that there is not",
        codes: &["foi.decision", "foi.order"],
        ledger: "moi",
        event_type: 0x0713,
        change: |d| {
            let at = 1 + 33 + 1 + 33;
            d.payload[at] = 6;
        },
    },
    Forgery {
        name: "a transfer that was not received",
        codes: &["foi.transfer"],
        ledger: "moj",
        event_type: 0x0705,
        change: |d| {
            d.payload[32] = 3;
        },
    },
    Forgery {
        name: "a register defined twice",
        codes: &["foi.order"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| {
            d.event_type = 0x0701;
            d.author = "commission".to_owned();
            d.payload = Enc::default()
                .raw(&sha(&[PACK.as_bytes()]))
                .int(PACK.len() as u64)
                .0;
        },
    },
    Forgery {
        name: "rules that are in force already",
        codes: &["foi.definition"],
        ledger: "moi",
        event_type: 0x0709,
        change: |d| {
            d.event_type = 0x0702;
            d.author = "commission".to_owned();
            d.payload = Enc::default()
                .raw(&sha(&[PACK.as_bytes()]))
                .int(PACK.len() as u64)
                .0;
        },
    },
];

#[test]
fn forgeries_are_found_under_their_codes() {
    let mut wrong = Vec::new();
    for forgery in FORGERIES {
        let hook = |draft: &mut Draft| {
            if draft.ledger == forgery.ledger && draft.event_type == forgery.event_type && draft.nth == 0 {
                (forgery.change)(draft);
            }
        };
        let (files, trust) = build(&hook);
        let one = verify(files.clone(), &trust, 1);
        let eight = verify(files, &trust, 8);
        let found = codes(&one);
        let expected: BTreeSet<&str> = forgery.codes.iter().copied().collect();
        if found != expected || codes(&eight) != found || one.verdict != Verdict::NotVerified {
            wrong.push(format!("{}: {found:?} instead of {expected:?}", forgery.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn folders_of_jurisdictions_are_exact() {
    let (files, trust) = build(&|_| {});
    let opening = |text: &str| format!("openings/{}", hex::encode(commitment(text)));
    let published = [sha(&[b"salt", b"my question"]).as_slice(), b"my question"].concat();
    let cases: [(&str, Change<'_>); 5] = [
        ("opening.missing", &|files| {
            assert!(files.remove(&opening("A summary")).is_some())
        }),
        ("opening.mismatch", &|files| {
            files.get_mut(&opening("A summary")).unwrap()[40] ^= 1
        }),
        ("opening.forbidden", &|files| {
            files.insert(opening("my question"), published.clone());
        }),
        ("opening.forbidden", &|files| {
            files.insert(opening("file 2"), published.clone());
        }),
        ("folder.unexpected", &|files| {
            files.insert(opening("a stranger"), published.clone());
        }),
    ];
    for (code, change) in cases {
        let mut changed = files.clone();
        change(&mut changed);
        let report = verify(changed, &trust, 1);
        assert_eq!(codes(&report), BTreeSet::from([code]), "{code}");
        assert_eq!(report.verdict, Verdict::NotVerified);
    }
}

#[test]
fn who_acted_on_a_request_decides_no_grievance_about_it() {
    let (files, trust) = build(&|draft| {
        if matches!(draft.event_type, 0x0706 | 0x0717) {
            draft.author = "both".to_owned();
        }
    });
    assert_eq!(codes(&verify(files, &trust, 1)), BTreeSet::from(["foi.officer"]));
}

#[test]
fn a_published_text_is_a_text() {
    let (mut files, trust) = build(&|draft| {
        if draft.event_type == 0x0706 {
            let text = Enc::default().int(3).raw(&commitment("tab\t")).int(4);
            draft.payload = text.0;
        }
    });
    let opening = |text: &str| format!("openings/{}", hex::encode(commitment(text)));
    files.remove(&opening("A summary"));
    let salt = sha(&[b"salt", b"tab\t"]);
    files.insert(opening("tab\t"), [&salt, b"tab\t".as_slice()].concat());
    assert_eq!(codes(&verify(files, &trust, 1)), BTreeSet::from(["opening.form"]));
}

#[test]
fn a_register_that_is_left_out_is_missed() {
    let (mut files, trust) = build(&|_| {});
    let b = files
        .iter()
        .find(|(path, bytes)| path.ends_with("checkpoint") && bytes.starts_with(b"vote.example/moj/"));
    let folder = b.unwrap().0.trim_end_matches("checkpoint").to_owned();
    files.retain(|path, _| !path.starts_with(&folder));
    let report = verify(files, &trust, 1);
    assert_eq!(
        codes(&report),
        BTreeSet::from(["calendar.omitted", "trust.ledger"])
    );
}

#[test]
fn a_consultation_is_not_taken_for_verified_if_it_is_not_listed() {
    let (mut files, trust) = build(&|_| {});
    let root = trust_root(&files);
    let grants = [grant(&public("commission"), 1, None)];
    let mut consultation = LedgerBuilder::new("talk", 6, Some(root), &grants);
    let (service, genesis) = (consultation.service(), consultation.genesis.clone());
    consultation.push(&|_| {}, 0x0001, &service, at(D0, 0), &[], genesis);
    consultation.publish(&mut files);
    let report = verify(files, &trust, 1);
    assert_eq!(codes(&report), BTreeSet::from(["calendar.unlisted"]));
    assert_eq!(report.verdict, Verdict::NotVerified);
}

fn trust_root(files: &Files) -> [u8; 32] {
    let calendar = files
        .iter()
        .find(|(path, bytes)| path.ends_with("checkpoint") && bytes.starts_with(b"vote.example/calendar/"));
    let id = calendar.unwrap().0.split('/').nth(1).unwrap();
    hex::decode(id).unwrap().try_into().unwrap()
}
