//! Renderings of a report: the JSON is of the published schema, the HTML is safe and whole in both languages, and numbers are shown only if they are
//! established.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::fs;

use serde_json::Value;
use sijill_verifier::{
    ArchiveOptions, Profile, Report, Stage, Verdict, verify_archive_bytes, verify_event_source,
    verify_receipts,
};
use support::consultation::{self, D0};
use support::stations::{self, Played};
use support::{EAST, Event, Moment, Paper, Plan, RULES, WEST, build, honest, play, polling_day};

fn verify(event: &Event, accredited: bool, trusted: bool) -> Report {
    let trust = trusted.then(|| event.trust(Some(1)));
    let profile = if accredited {
        Profile::Accredited
    } else {
        Profile::Public
    };
    verify_event_source(
        &event.files(accredited),
        trust.as_ref(),
        profile,
        Stage::Published,
    )
    .unwrap()
}

/// An event in which the service did not sign the second ballot of the box `east`.
fn forged() -> Event {
    build(
        &|draft| {
            if draft.ledger == "east" && draft.event_type == 0x0403 && draft.nth == 1 {
                draft.break_signature = true;
            }
        },
        &|_, bytes| bytes,
    )
}

/// An event in which `west` elects two of four by votes and by lots, one candidate being removed.
fn electing() -> Event {
    let mut plan = Plan::new();
    (plan.west, plan.seats) = (4, 2);
    plan.papers[WEST] = Paper::new(9, 0, &[&[4, 9, 4, 9]]);
    play(
        &plan,
        &|_| {},
        &|_, bytes| bytes,
        &|moment, script| match moment {
            Moment::Defined => script.adopt(RULES, polling_day()),
            Moment::PollOpened => script.remove("west", 0, 3, 2, "Court of Appeal, 12/2026"),
            Moment::Published => {
                script.tie(WEST, 0, &[2], 2, &[EVIL, "Witness B"], EVIL);
                script.outcome(EAST, "{\"seats\":0},{\"seats\":0}");
                script.outcome(
                WEST,
                "{\"seats\":2,\"elected\":[{\"answer\":1,\"by\":\"votes\"},{\"answer\":2,\"by\":\"lots\"}],\"void\":[3]}",
            );
                script.certify();
            }
            _ => {}
        },
    )
}

/// An event with three polling stations, of which one lost its book.
fn with_stations(plan: &stations::Plan, accredited: bool) -> Report {
    let played: Played = stations::play(plan, &|_| {}, &|_, bytes| bytes);
    let profile = if accredited {
        Profile::Accredited
    } else {
        Profile::Public
    };
    let files = played.files(accredited);
    verify_event_source(&files, Some(&played.trust()), profile, Stage::Certified).unwrap()
}

/// Checks a value against a schema: the keywords that the report's schema uses, and no property that it does not have.
fn matches(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let fail = |what: &str| Err(format!("{at}: {what}: {value}"));
    for (keyword, wanted) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$ref" => {
                let target = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                matches(root, root.pointer(target).unwrap(), value, at)?;
            }
            "anyOf" => {
                let options = wanted.as_array().unwrap();
                let outcomes: Vec<_> = options.iter().map(|s| matches(root, s, value, at)).collect();
                if outcomes.iter().all(Result::is_err) {
                    return Err(outcomes.iter().filter_map(|o| o.clone().err()).collect());
                }
            }
            "type" => {
                let is = match wanted.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "null" => value.is_null(),
                    other => panic!("unknown type {other}"),
                };
                if !is {
                    return fail("another type");
                }
            }
            "const" if value != wanted => return fail("another constant"),
            "enum" if !wanted.as_array().unwrap().contains(value) => return fail("not in the list"),
            "minimum" if value.as_i64().is_some_and(|v| v < wanted.as_i64().unwrap()) => {
                return fail("too small");
            }
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                let holds = match wanted.as_str().unwrap() {
                    "^[0-9a-f]{64}$" => {
                        text.len() == 64
                            && text
                                .bytes()
                                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
                    }
                    "^([2-9]|1[0-9]|20)[.][0-9]+$" => text.split_once('.').is_some_and(|(a, b)| {
                        a.parse().is_ok_and(|section: u8| (2..=20).contains(&section))
                            && b.parse::<u8>().is_ok()
                    }),
                    other => panic!("unknown pattern {other}"),
                };
                if !holds {
                    return fail("not of the pattern");
                }
            }
            "required" => {
                for name in wanted.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        return fail(&format!("{name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    let Some(schema) = wanted.get(name) else {
                        return fail(&format!("{name} is not in the schema"));
                    };
                    matches(root, schema, inner, &format!("{at}/{name}"))?;
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    matches(root, wanted, item, &format!("{at}/{index}"))?;
                }
            }
            "const" | "enum" | "minimum" | "description" | "title" | "$schema" | "$id" | "$defs" => {}
            other => panic!("unknown keyword {other}"),
        }
    }
    Ok(())
}

#[test]
fn json_reports_are_of_the_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../specs/verification-report.schema.json")).unwrap();
    let event = honest();
    let dir = tempfile::tempdir().unwrap();
    let (trust, receipt) = (dir.path().join("trust.json"), dir.path().join("r.tlog-proof"));
    fs::write(&trust, event.trust_json(Some(4))).unwrap();
    fs::write(&receipt, event.boxes[0].receipt(3, 7)).unwrap();
    let archive = |bytes: &[u8]| verify_archive_bytes("tiny.bel", bytes, &ArchiveOptions::default());
    let tiny = include_bytes!("../../../fixtures/bel/tiny/maT7QXfZ2LqUFe.bel");
    let reports = [
        archive(tiny),
        archive(&tiny[..4096]),
        archive(b"not an archive"),
        verify(&event, false, true),
        verify(&event, true, true),
        verify(&event, true, false),
        verify(&forged(), false, true),
        verify(&electing(), true, true),
        with_stations(&stations::Plan::honest(), true),
        with_stations(&stations::Plan::honest(), false),
        with_stations(&uncertain(), true),
        verify_receipts(&[receipt], &trust, None, Some(1)).unwrap(),
        consultation::report(true, D0 + 3),
        consultation::report(false, D0),
    ];
    for report in &reports {
        let json: Value = serde_json::from_str(&report.to_json()).unwrap();
        matches(&schema, &schema, &json, "").unwrap();
    }
    // The walk is not blind.
    let mut json: Value = serde_json::from_str(&reports[3].to_json()).unwrap();
    for (pointer, wrong) in [
        ("/format", Value::from("sijill-report/2")),
        ("/boxes/0/stage", Value::from("elsewhere")),
        ("/boxes/0/turnout/voters", Value::from(-1)),
        ("/inputs/0/sha256", Value::from("00")),
        ("/checks/0/within_scope", Value::Null),
    ] {
        let right = std::mem::replace(json.pointer_mut(pointer).unwrap(), wrong);
        assert!(matches(&schema, &schema, &json, "").is_err(), "{pointer}");
        *json.pointer_mut(pointer).unwrap() = right;
    }
    json.as_object_mut().unwrap().remove("checks");
    assert!(matches(&schema, &schema, &json, "").is_err());
}

#[test]
fn an_overdue_report_of_a_consultation_is_shown_and_is_no_failure() {
    let shown = |report: &Report| (report.to_text(), report.to_html(None), report.to_json());
    let due = consultation::report(true, D0 + 2);
    assert_eq!(due.verdict, Verdict::Verified, "{}", due.to_full_text());
    let (text, html, json) = shown(&due);
    assert!(text.contains("the report is due on 2026-01-04"), "{text}");
    assert!(html.contains("not due yet") && html.contains("لم يحن موعده"));
    assert!(json.contains(r#""report":"pending","report_due":"2026-01-04","archived":false"#));
    let overdue = consultation::report(true, D0 + 3);
    assert_eq!(overdue.verdict, Verdict::Verified);
    let (text, html, json) = shown(&overdue);
    assert!(
        text.contains("the report is OVERDUE: it was due on 2026-01-04"),
        "{text}"
    );
    assert!(text.contains("judged up to: 2026-01-04"), "{text}");
    assert!(html.contains("OVERDUE") && html.contains("متأخر ولم يُنشر"));
    assert!(!html.contains("<b>"));
    assert!(json.contains(r#""kind":"consultation""#) && json.contains(r#""report":"overdue""#));
    let undefined = consultation::report(false, D0);
    assert_eq!(undefined.verdict, Verdict::Verified);
    let (text, html, json) = shown(&undefined);
    assert!(text.contains("the consultation is not defined"), "{text}");
    assert!(html.contains("غير معرّفة"));
    assert!(json.contains(r#""register":"park""#) && !json.contains("report_due"));
}

#[test]
fn numbers_are_those_of_the_views() {
    let report = verify(&honest(), false, true);
    let east = &report.boxes[0];
    assert!(east.established);
    let turnout = east.turnout.as_ref().unwrap();
    let by_hour: u64 = turnout.by_hour.iter().map(|hour| hour.voters).sum();
    assert_eq!(by_hour, turnout.voters);
    assert_eq!(turnout.voters + turnout.superseded, east.ballots);
    let outcome = east.outcome.as_ref().unwrap();
    assert_eq!(outcome.digital, east.counted.unwrap());
    for (question, counts) in outcome.questions.iter().zip(east.result.as_ref().unwrap()) {
        let blank = question.blank.iter().map(|count| count.digital);
        let answers = question.answers.iter().map(|answer| answer.count.digital);
        assert_eq!(&blank.chain(answers).collect::<Vec<_>>(), counts);
    }
    assert!(report.inputs.len() >= report.ledgers.len());
}

#[test]
fn a_district_that_is_not_established_has_no_numbers() {
    let report = verify(&forged(), false, true);
    assert_eq!(report.verdict, Verdict::NotVerified);
    let (east, west) = (&report.boxes[0], &report.boxes[1]);
    assert!(!east.established);
    assert_eq!(
        (&east.turnout, &east.result, &east.outcome),
        (&None, &None, &None)
    );
    // The fault is east's alone.
    assert!(west.established && west.turnout.is_some(), "{}", report.to_text());
    let html = report.to_html(None);
    let text = report.to_text();
    assert!(text.contains("turnout and result NOT ESTABLISHED") && text.contains("FAILED"));
    assert!(html.contains("Turnout and result of this district are not established"));
    assert!(html.contains("لم تثبت نسبة المشاركة والنتيجة في هذه الدائرة"));
}

#[test]
fn a_fault_of_the_election_takes_every_district() {
    let event = honest();
    let mut files = event.files(false);
    files.files.insert("content/extra".to_owned(), Vec::new());
    let trust = event.trust(None);
    let report = verify_event_source(&files, Some(&trust), Profile::Public, Stage::Published).unwrap();
    assert!(
        report
            .boxes
            .iter()
            .all(|b| !b.established && b.turnout.is_none() && b.result.is_none())
    );
}

const EVIL: &str = "<script>alert(1)</script>\"'&</title><svg onload=x> http://evil.example";

#[test]
fn who_is_elected_is_said_in_every_form() {
    let report = verify(&electing(), true, true);
    assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    let question = json.pointer("/boxes/1/outcome/questions/0").unwrap();
    assert_eq!(question["seats"], 2);
    assert_eq!(question["void"], serde_json::json!([3]));
    let elected = serde_json::json!([{"answer":1,"by":"votes"},{"answer":2,"by":"lots"}]);
    assert_eq!(question["elected"], elected);
    assert_eq!(question["tie"]["by"][1], "Witness B");
    assert!(json.pointer("/boxes/0/outcome/questions/0/seats").is_none());
    let text = report.to_text();
    for line in [
        "2 elected for 2 seats\n",
        "  W1, by votes\n",
        "  W2, by lots\n",
        "void, not elected: W3\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let html = report.to_html(None);
    let (english, arabic) = html.split_once("id=\"ar\"").unwrap();
    assert!(
        english.contains("by votes") && english.contains("by lots") && english.contains("votes are void")
    );
    assert!(arabic.contains("بعدد الأصوات") && arabic.contains("بالقرعة") && arabic.contains("وأصواته لاغية"));
    assert!(!html.contains("<script") && !html.contains("<svg onload"));
    for part in [english, arabic] {
        assert_eq!(part.matches("<caption>").count(), part.matches("<table").count());
    }
}

/// A mismatch at a station was never explained.
fn uncertain() -> stations::Plan {
    let mut plan = stations::Plan::honest();
    plan.resolved.clear();
    plan
}

#[test]
fn turnout_is_told_by_channel_and_station() {
    for accredited in [false, true] {
        let report = with_stations(&stations::Plan::honest(), accredited);
        assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
        let states: Vec<&str> = report.stations.iter().map(|s| s.station.as_str()).collect();
        assert_eq!(states.len(), 3);
        let text = report.to_text();
        for line in [
            "\nPolling stations\n",
            "  north (north): the book is final, signed by chair and members\n",
            "    3 checked in; 4 papers issued, 0 of them in envelopes, 1 spoilt, 46 left over\n",
            "  harbour (harbour): the book is lost: no paper of it counts\n",
            "    turnout, both channels: 1 digital and 6 on paper of 7 eligible (100.00%)\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        let html = report.to_html(None);
        let (english, arabic) = html.split_once("id=\"ar\"").unwrap();
        assert!(
            english.contains("Votes cast by channel and station")
                && english.contains("Books of the stations")
        );
        assert!(arabic.contains("الأصوات المدلى بها بحسب القناة والمركز") && arabic.contains("دفاتر المراكز"));
        assert!(arabic.contains("مركز</bdi>") && arabic.contains("الدفتر مفقود: لا تُحتسب أوراقه"));
        for part in [english, arabic] {
            assert_eq!(part.matches("<caption>").count(), part.matches("<table").count());
        }
        // What the profile does not reach is listed.
        let listed = report
            .checks
            .iter()
            .find(|check| check.number == "20.14")
            .unwrap();
        assert_eq!(listed.not_established.is_empty(), accredited);
        assert_eq!(
            text.contains("books of stations and the roll are restricted ledgers"),
            !accredited
        );
    }
    let report = with_stations(&uncertain(), true);
    assert!(
        report
            .stations
            .iter()
            .all(|s| !s.established && s.papers.is_none() && s.returns.is_empty())
    );
    assert!(report.to_text().contains("papers NOT ESTABLISHED"));
    assert!(report.to_html(None).contains("Its papers are not established"));
    // An event without stations says nothing of them.
    let report = verify(&honest(), true, true);
    assert!(!report.to_text().contains("station") && !report.to_json().contains("\"stations\""));
}

#[test]
fn html_is_escaped_whole_and_loads_nothing() {
    let mut report = verify(&honest(), false, true);
    let evil = || EVIL.to_owned();
    let manifest = report.manifest.as_mut().unwrap();
    (manifest.name.en, manifest.name.ar) = (evil(), evil());
    manifest.id = evil();
    manifest.time_zone = evil();
    for ballot_box in &mut report.boxes {
        (ballot_box.district, ballot_box.name.en) = (evil(), evil());
        for question in ballot_box.outcome.iter_mut().flat_map(|o| &mut o.questions) {
            question.question.en = evil();
            question
                .answers
                .iter_mut()
                .for_each(|answer| answer.answer.ar = evil());
        }
    }
    report.inputs[0].name = evil();
    report.ledgers[0].origin = Some(evil());
    report.checks[0].not_established.push(evil());
    report.unsupported.push(evil());
    let html = report.to_html(Some(1_800_000_000_000));
    assert!(!html.contains("<script") && !html.contains("<svg onload"));
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;/title&gt;&lt;svg onload=x&gt;";
    assert!(html.matches(escaped).count() > 12);
    // Nothing is loaded: the only "http" are the policy's header name and the text above.
    assert_eq!(
        html.matches("http").count(),
        html.matches("http-equiv").count() + html.matches("http://evil.example").count()
    );
    for loading in [
        " src=",
        "url(",
        "@import",
        "<link",
        "<iframe",
        "<object",
        " style=",
        " on",
        "javascript:",
    ] {
        let harmless = html.replace("<svg onload=x", "").replace("svg onload=x", "");
        let tags = harmless.split('<').filter_map(|tag| tag.split('>').next());
        assert!(!tags.into_iter().any(|tag| tag.contains(loading)), "{loading}");
    }
    assert_eq!(html.matches("<style>").count(), 1);
}

#[test]
fn html_has_both_languages_and_every_table_its_headers() {
    let report = verify(&honest(), false, true);
    let html = report.to_html(None);
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\">"));
    let (english, arabic) = html
        .split_once("<section class=\"language\" id=\"ar\" lang=\"ar\" dir=\"rtl\">")
        .unwrap();
    assert!(english.contains("<section class=\"language\" id=\"en\" lang=\"en\" dir=\"ltr\">"));
    for part in [english, arabic] {
        assert_eq!(part.matches("<h1>").count(), 1);
        assert_eq!(part.matches("<h3>").count(), report.boxes.len());
        let tables = part.matches("<table").count();
        assert!(tables > 6);
        assert_eq!(part.matches("<caption>").count(), tables);
        // A chart has a name; bars and keys repeat what stands beside them.
        assert_eq!(
            part.matches("<svg").count(),
            part.matches("role=\"img\" aria-label=\"").count() + part.matches("aria-hidden=\"true\"").count()
        );
        for check in &report.checks {
            assert!(part.contains(&format!(">{}</bdi>", check.code)), "{}", check.code);
        }
        for input in &report.inputs {
            assert!(part.contains(&input.sha256));
        }
    }
    assert!(english.contains("Signatures") && arabic.contains("التوقيعات"));
    for name in [
        "section", "table", "tr", "td", "th", "bdi", "p", "svg", "span", "h2", "h3", "h4", "div", "tbody",
        "thead",
    ] {
        let opened = html.matches(&format!("<{name}>")).count() + html.matches(&format!("<{name} ")).count();
        assert_eq!(opened, html.matches(&format!("</{name}>")).count(), "{name}");
    }
    // The policy allows the style sheet that is there, and nothing else.
    let style = html
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let digest = support::sha(&[style.as_bytes()]);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}=';",
        support::b64(&digest)
    );
    assert!(html.contains(&policy));
}
