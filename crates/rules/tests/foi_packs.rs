//! Freedom-of-information packs are data: three are shipped, and a wrong file is refused with its field named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use sijill_rules::{
    Confidence, DayUnit, FoiPack, History, ObjectionRules, PackError, RulePack, Silence, read_clock,
};

const QATAR: &str = include_str!("../../../fixtures/rules/foi-qa-2022-009.toml");
const QATAR_WORKING: &str = include_str!("../../../fixtures/rules/foi-qa-2022-009-working.toml");
const UK_LIKE: &str = include_str!("../../../fixtures/rules/foi-uk-like.toml");

#[test]
fn what_is_not_confirmed_says_so() {
    for text in [QATAR, QATAR_WORKING] {
        let pack = FoiPack::parse(text).unwrap();
        assert_eq!(pack.confidence, Confidence::Low);
        assert_eq!(pack.clock.answer_days, 15);
        // Everything in the clock but the number of days is unconfirmed.
        let table: toml::Table = text.parse().unwrap();
        for field in table["clock"]
            .as_table()
            .unwrap()
            .keys()
            .filter(|f| *f != "answer_days")
        {
            let path = format!("clock.{field}");
            assert!(pack.unconfirmed.iter().any(|u| u.field == path), "{path}");
        }
        assert!(pack.unconfirmed.iter().all(|u| !u.note.ar.is_empty()));
        assert_eq!(pack.clock.grievance_days, None);
        assert_eq!(ObjectionRules::grievance(&pack), None);
    }
    let [a, b] = [QATAR, QATAR_WORKING].map(|text| FoiPack::parse(text).unwrap());
    assert_eq!(
        (a.clock.unit, b.clock.unit),
        (DayUnit::Calendar, DayUnit::Working)
    );
    assert_ne!(a.id, b.id);
    let pack = FoiPack::parse(UK_LIKE).unwrap();
    assert_eq!(pack.confidence, Confidence::Invented);
    assert_eq!(
        ObjectionRules::grievance(&pack).unwrap().silence,
        Silence::DeemedRefusal
    );
    assert!(pack.covers("2026-01-01".parse().unwrap()));
    assert!(!pack.covers("2025-12-31".parse().unwrap()));
}

#[test]
fn twenty_working_days_over_a_weekend_of_saturday_and_sunday() {
    let pack = FoiPack::parse(UK_LIKE).unwrap();
    let calendar = pack.calendar().unwrap();
    // Received on Friday 27 March 2026 at 23:30 in London; the clocks change in the night to Sunday.
    let received_ms = calendar.start_of("2026-03-27".parse().unwrap()).unwrap() + 84_600_000;
    let history = History {
        received_ms,
        steps: Vec::new(),
    };
    let reading = read_clock(&pack.clock, &calendar, &history, received_ms).unwrap();
    assert_eq!(reading.due, Some("2026-04-24".parse().unwrap()));
}

#[test]
fn every_wrong_field_is_named() {
    let long = format!("legal_basis = \"{}\"", "x".repeat(1_001));
    let cases = [
        ("id = \"uk-like\"", "id = \"UK\"", "id"),
        ("version = 1", "version = 0", "version"),
        ("An example like", "An \\u202E example like", "title"),
        (
            "legal_basis = \"none: an example shaped like the Freedom of Information Act 2000\"",
            &long,
            "legal_basis",
        ),
        (
            "valid_from = \"2026-01-01\"",
            "valid_from = \"2026-1-1\"",
            "valid_from",
        ),
        (
            "valid_from = \"2026-01-01\"",
            "valid_from = \"2026-01-01T00:00\"",
            "valid_from",
        ),
        (
            "valid_from = \"2026-01-01\"",
            "valid_from = \"2026-01-02\"\nvalid_until = \"2026-01-01\"",
            "valid_until",
        ),
        ("Europe/London", "Europe/Camelot", "calendar.time_zone"),
        (
            "[\"saturday\", \"sunday\"]",
            "[\"sunday\", \"sunday\"]",
            "calendar.weekly_rest",
        ),
        ("answer_days = 20", "answer_days = 0", "clock.answer_days"),
        (
            "max_extensions = 1",
            "max_extensions = 13",
            "clock.max_extensions",
        ),
        ("max_extensions = 1", "max_extensions = 0", "clock.extension_days"),
        (
            "extension_days = 20",
            "extension_days = 367",
            "clock.extension_days",
        ),
        (
            "clarification_limit_days = 40",
            "clarification_limit_days = 0",
            "clock.clarification_limit_days",
        ),
        (
            "grievance_days = 40",
            "grievance_days = 0",
            "clock.grievance_days",
        ),
        ("grievance_decision_days = 20\n", "", "clock.grievance_silence"),
        (
            "third_party_days = 10",
            "third_party_days = 0",
            "clock.third_party_days",
        ),
        ("court_days = 28", "court_days = 367", "clock.court_days"),
        ("code = \"personal-data\"", "code = \"Personal\"", "exemptions"),
        (
            "code = \"destruction\"",
            "code = \"destruction\"\narticle = \"\"",
            "penalties",
        ),
    ];
    for (good, bad, expected) in cases {
        assert!(UK_LIKE.contains(good), "{good}");
        match FoiPack::parse(&UK_LIKE.replace(good, bad)) {
            Err(PackError::Field { field, .. }) => assert_eq!(field, expected),
            other => panic!("{bad}: {other:?}"),
        }
    }
    let twice =
        format!("{UK_LIKE}\n[[exemptions]]\ncode = \"personal-data\"\ntitle = {{ en = \"x\", ar = \"\" }}\n");
    assert!(matches!(
        FoiPack::parse(&twice),
        Err(PackError::Field {
            field: "exemptions",
            ..
        })
    ));
    let huge = format!("{UK_LIKE}\n# {}", "x".repeat(65_536));
    assert!(matches!(
        FoiPack::parse(&huge),
        Err(PackError::Field { field: "file", .. })
    ));
}

#[test]
fn unconfirmed_fields_exist_stand_once_and_exclude_confidence() {
    let with = |field: &str| {
        format!("{UK_LIKE}\n[[unconfirmed]]\nfield = \"{field}\"\nnote = {{ en = \"x\", ar = \"\" }}\n")
    };
    for field in ["clock.unit", "clock.court_days", "penalties", "valid_until"] {
        FoiPack::parse(&with(field)).unwrap();
        let confirmed = with(field).replace("\"invented\"", "\"confirmed\"");
        assert!(matches!(
            FoiPack::parse(&confirmed),
            Err(PackError::Field {
                field: "confidence",
                ..
            })
        ));
    }
    for field in ["clock.units", "unit", "clock", "", "title"] {
        let refused = FoiPack::parse(&with(field));
        assert!(
            matches!(
                refused,
                Err(PackError::Field {
                    field: "unconfirmed.field",
                    ..
                })
            ),
            "{field}"
        );
    }
    let twice =
        with("clock.unit") + "\n[[unconfirmed]]\nfield = \"clock.unit\"\nnote = { en = \"x\", ar = \"\" }\n";
    assert!(matches!(
        FoiPack::parse(&twice),
        Err(PackError::Field {
            field: "unconfirmed.field",
            ..
        })
    ));
}

#[test]
fn unknown_missing_and_mistyped_fields_are_refused() {
    for (good, bad) in [
        ("[clock]", "[clock]\nanswer_hours = 3"),
        ("[calendar]", "[calendar]\nholidays = []"),
        ("roll = \"none\"\n", ""),
        ("roll = \"none\"", "roll = \"previous_working_day\""),
        ("version = 1", "version = -1"),
        ("\"saturday\"", "\"Saturday\""),
    ] {
        assert!(UK_LIKE.contains(good), "{good}");
        let refused = FoiPack::parse(&UK_LIKE.replace(good, bad));
        assert!(matches!(refused, Err(PackError::Syntax(_))), "{bad}");
    }
    let newer = UK_LIKE.replace("sijill-foi-rules/1", "sijill-foi-rules/2");
    assert!(matches!(
        FoiPack::parse(&newer),
        Err(PackError::UnknownFoiFormat(_))
    ));
    // The two kinds of pack never pass for each other.
    assert!(FoiPack::parse(include_str!("../../../fixtures/rules/plain-1.toml")).is_err());
    assert!(RulePack::parse(UK_LIKE).is_err());
}

#[test]
fn the_json_form_is_canonical_and_the_only_one() {
    for text in [QATAR, QATAR_WORKING, UK_LIKE] {
        let pack = FoiPack::parse(text).unwrap();
        assert_eq!(FoiPack::from_json(&pack.to_json()).unwrap(), pack);
    }
    let pack = FoiPack::parse(UK_LIKE).unwrap();
    let json = String::from_utf8(pack.to_json()).unwrap();
    let head = r#"{"format":"sijill-foi-rules/1","id":"uk-like","version":1,"title":{"en":"#;
    assert!(json.starts_with(head), "{json}");
    // The clock in the order of the specification, whatever the order of the file.
    let clock = json
        .split_once("\"clock\":{")
        .unwrap()
        .1
        .split_once('}')
        .unwrap()
        .0;
    let names: Vec<&str> = clock.split(',').map(|f| f.split('"').nth(1).unwrap()).collect();
    assert_eq!(
        names,
        [
            "answer_days",
            "unit",
            "start",
            "roll",
            "max_extensions",
            "extension_days",
            "silence",
            "clarification",
            "clarification_limit_days",
            "fee_policy",
            "transfer",
            "grievance_days",
            "grievance_decision_days",
            "grievance_silence",
            "third_party_days",
            "court_days"
        ]
    );
    for (good, bad) in [
        ("{\"format\"", "{ \"format\""),
        ("\"version\":1", "\"version\":01"),
        ("\"version\":1", "\"version\":1,\"valid_until\":null"),
        ("\"version\":1", "\"version\":1,\"version\":1"),
        ("[\"saturday\",\"sunday\"]", "[\"sunday\",\"saturday\"]"),
        ("uk-like", "uk\\u002dlike"),
        ("\"unconfirmed\":[]", "\"unconfirmed\":null"),
        (",\"unconfirmed\":[]", ""),
        ("\"answer_days\":20", "\"answer_days\":0"),
        ("\"answer_days\":20", "\"answer_days\":20,\"colour\":1"),
    ] {
        assert!(json.contains(good), "{good} in {json}");
        assert!(
            FoiPack::from_json(json.replacen(good, bad, 1).as_bytes()).is_err(),
            "{bad}"
        );
    }
    assert!(FoiPack::from_json(format!("{json}\n").as_bytes()).is_err());
    // An election pack says what it is before its fields are read.
    let other = json.replacen("sijill-foi-rules/1", "sijill-rules/2", 1);
    assert_eq!(
        FoiPack::from_json(other.as_bytes()),
        Err(PackError::UnknownFoiFormat("sijill-rules/2".into()))
    );
}

#[test]
fn days_of_validity_are_strict() {
    for bad in ["1899-12-31", "9990-01-01", "2026-1-01", "2026-02-30"] {
        let text = UK_LIKE.replace("2026-01-01", bad);
        assert!(
            matches!(
                FoiPack::parse(&text),
                Err(PackError::Field {
                    field: "valid_from",
                    ..
                })
            ),
            "{bad}"
        );
    }
}
