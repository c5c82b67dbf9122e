//! Who may vote, under the shipped packs: scenarios, borders of days, leap days.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use jiff::civil::Date;
use proptest::prelude::*;
use sijill_rules::{
    Calendar, Condition, Confidence, Document, Evidence, EvidenceError, Finding, LeapDay, Nationality,
    Purpose, RulePack, check, years_after,
};

const CMC: &str = include_str!("../../../fixtures/rules/qa-cmc-2023.toml");
const REFERENDUM: &str = include_str!("../../../fixtures/rules/qa-referendum-2024.toml");
const SHURA: &str = include_str!("../../../fixtures/rules/qa-shura-2021.toml");
const PLAIN: &str = include_str!("../../../fixtures/rules/plain-1.toml");
const COUNCIL: &str = include_str!("../../../fixtures/rules/council-1.toml");

const DAY_MS: u64 = 86_400_000;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn citizen(born: &str) -> Evidence {
    Evidence {
        born: day(born),
        nationality: Nationality::Original,
        since: None,
        document: Document::IdCard,
        expires: day("2030-12-31"),
        exclusions: Vec::new(),
    }
}

struct Law {
    pack: RulePack,
    calendar: Calendar,
    polling_day: Date,
}

impl Law {
    fn new(text: &str, polling_day: &str) -> Self {
        let pack = RulePack::parse(text).unwrap();
        let calendar = pack.calendar().unwrap();
        Self {
            pack,
            calendar,
            polling_day: day(polling_day),
        }
    }

    /// A check at a local time of day.
    fn at(&self, evidence: &Evidence, purpose: Purpose, on_roll: bool, date: &str, ms: u64) -> Finding {
        let at_ms = self.calendar.start_of(day(date)).unwrap() + ms;
        let (pack, calendar) = (&self.pack, &self.calendar);
        check(
            pack,
            calendar,
            self.polling_day,
            evidence,
            purpose,
            on_roll,
            at_ms,
        )
        .unwrap()
    }

    /// A check for registration at noon of polling day.
    fn register(&self, evidence: &Evidence) -> Finding {
        let date = self.polling_day.to_string();
        self.at(evidence, Purpose::Registration, false, &date, DAY_MS / 2)
    }
}

#[test]
fn the_shipped_packs_say_what_is_not_confirmed() {
    for text in [CMC, REFERENDUM, SHURA] {
        let pack = RulePack::parse(text).unwrap();
        assert_eq!(pack.confidence, Confidence::Low);
        assert!(pack.unconfirmed.iter().all(|u| !u.note.ar.is_empty()));
        for field in ["legal_basis", "age.leap_day", "voting"] {
            assert!(pack.unconfirmed.iter().any(|u| u.field == field), "{field}");
        }
        assert_eq!(RulePack::from_json(&pack.to_json()).unwrap(), pack);
    }
    for text in [PLAIN, COUNCIL] {
        let pack = RulePack::parse(text).unwrap();
        assert_eq!(
            (pack.confidence, pack.unconfirmed.len()),
            (Confidence::Invented, 0)
        );
    }
}

/// Scenario 1.
#[test]
fn who_turns_18_on_polling_day_may_vote_where_polling_day_counts() {
    let shura = Law::new(SHURA, "2021-10-02");
    let young = shura.register(&citizen("2003-10-02"));
    assert_eq!(young.failed, [Condition::Age]);
    let text = &young.lines[0].text;
    assert!(
        text.en.contains("2 October 2021") && text.en.contains("22 August 2021"),
        "{}",
        text.en
    );
    assert!(text.en.contains("rule age of pack qa-shura-2021"), "{}", text.en);
    assert!(text.ar.contains("22 أغسطس 2021"), "{}", text.ar);
    assert!(shura.register(&citizen("2003-08-22")).is_eligible());
    assert_eq!(shura.register(&citizen("2003-08-23")).failed, [Condition::Age]);

    let referendum = Law::new(REFERENDUM, "2024-11-05");
    let same = referendum.register(&citizen("2006-11-05"));
    assert!(same.is_eligible());
    assert!(
        same.lines[0].text.en.contains("00:00 (Asia/Qatar) on"),
        "{}",
        same.lines[0].text.en
    );
    assert_eq!(
        referendum.register(&citizen("2006-11-06")).failed,
        [Condition::Age]
    );
}

/// Scenario 2.
#[test]
fn who_was_born_on_29_february_has_a_birthday_by_the_rule() {
    let fixed = |day: &str, leap: &str| {
        let text = COUNCIL
            .replace("reference = \"2026-11-15\"", &format!("reference = \"{day}\""))
            .replace("leap_day = \"march_1\"", &format!("leap_day = \"{leap}\""));
        Law::new(&text, "2026-12-12").register(&citizen("2008-02-29"))
    };
    assert_eq!(fixed("2026-02-28", "march_1").failed, [Condition::Age]);
    let march = fixed("2026-03-01", "march_1");
    assert!(march.is_eligible());
    assert!(
        march.lines[0]
            .text
            .en
            .contains("born on 29 February completes the year on 1 March")
    );
    assert!(march.lines[0].text.ar.contains("1 مارس"));
    assert!(fixed("2026-02-28", "february_28").is_eligible());
    assert_eq!(fixed("2026-02-27", "february_28").failed, [Condition::Age]);
}

/// Scenarios 3 and 4.
#[test]
fn a_card_is_valid_through_the_end_of_its_last_day() {
    let law = Law::new(REFERENDUM, "2024-11-05");
    let mut voter = citizen("1990-01-31");
    voter.expires = day("2024-11-05");
    for purpose in [Purpose::Station, Purpose::LogIn, Purpose::Cast] {
        let ten = law.at(&voter, purpose, true, "2024-11-05", 10 * 3_600_000);
        assert!(ten.is_eligible());
        assert!(
            law.at(&voter, purpose, true, "2024-11-05", DAY_MS - 1)
                .is_eligible()
        );
        let after = law.at(&voter, purpose, true, "2024-11-05", DAY_MS + 60_000);
        assert_eq!(after.failed, [Condition::Document]);
        let said = &after.lines.iter().find(|l| !l.holds).unwrap().text;
        assert!(said.en.contains("Renew it") && said.en.contains("nothing else is held against you"));
        assert!(said.ar.contains("جددها"));
    }
}

/// Scenario 5.
#[test]
fn who_is_not_on_the_roll_is_told_the_way() {
    let voter = citizen("1990-01-31");
    let shura = Law::new(SHURA, "2021-10-02");
    let off = shura.at(&voter, Purpose::LogIn, false, "2021-10-02", 0);
    assert_eq!(off.failed, [Condition::Roll]);
    assert!(
        off.lines
            .last()
            .unwrap()
            .text
            .en
            .contains("may object while the window")
    );
    let referendum = Law::new(REFERENDUM, "2024-11-05");
    let off = referendum.at(&voter, Purpose::LogIn, false, "2024-11-05", 0);
    assert!(off.lines.last().unwrap().text.en.contains("know no objection"));
}

/// Scenario 6.
#[test]
fn a_naturalised_person_fares_differently_under_different_laws() {
    let mut voter = citizen("1980-01-31");
    voter.nationality = Nationality::Naturalised;
    voter.since = Some(day("2010-05-04"));
    let cmc = Law::new(CMC, "2023-06-22").register(&voter);
    assert_eq!(cmc.failed, [Condition::Naturalisation]);
    let said = &cmc.lines[2].text;
    assert!(
        said.en.contains("15 years") && said.en.contains("4 May 2025"),
        "{}",
        said.en
    );
    assert!(Law::new(REFERENDUM, "2024-11-05").register(&voter).is_eligible());
    let shura = Law::new(SHURA, "2021-10-02").register(&voter);
    assert_eq!(shura.failed, [Condition::Nationality]);
    voter.since = Some(day("2008-05-04"));
    assert!(Law::new(CMC, "2023-06-22").register(&voter).is_eligible());
    voter.since = Some(day("2008-05-05"));
    assert!(!Law::new(CMC, "2023-06-22").register(&voter).is_eligible());
    voter.nationality = Nationality::Other;
    voter.since = None;
    for (text, polling) in [
        (CMC, "2023-06-22"),
        (REFERENDUM, "2024-11-05"),
        (SHURA, "2021-10-02"),
    ] {
        assert_eq!(
            Law::new(text, polling).register(&voter).failed,
            [Condition::Nationality]
        );
    }
}

#[test]
fn every_condition_that_fails_is_named_in_order() {
    let law = Law::new(CMC, "2023-06-22");
    let voter = Evidence {
        born: day("2010-01-01"),
        nationality: Nationality::Naturalised,
        since: Some(day("2020-01-01")),
        document: Document::DigitalId,
        expires: day("2020-01-01"),
        exclusions: vec!["conviction".into(), "elsewhere".into(), "military".into()],
    };
    let found = law.at(&voter, Purpose::Station, false, "2023-06-22", 0);
    let names: Vec<String> = found.failed.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "age",
            "naturalisation",
            "exclusion-conviction",
            "exclusion-military",
            "document",
            "roll"
        ]
    );
    assert_eq!(found.lines.iter().filter(|l| !l.holds).count(), names.len());
}

#[test]
fn evidence_that_contradicts_itself_is_refused() {
    let law = Law::new(PLAIN, "2026-12-05");
    let at_ms = law.calendar.start_of(day("2026-12-01")).unwrap();
    let refuse = |change: &dyn Fn(&mut Evidence)| {
        let mut voter = citizen("1990-01-31");
        change(&mut voter);
        let (pack, calendar) = (&law.pack, &law.calendar);
        check(
            pack,
            calendar,
            law.polling_day,
            &voter,
            Purpose::Registration,
            false,
            at_ms,
        )
        .unwrap_err()
    };
    assert_eq!(refuse(&|e| e.born = day("2026-12-02")), EvidenceError::Future);
    assert_eq!(
        refuse(&|e| e.since = Some(day("2001-01-01"))),
        EvidenceError::Naturalisation
    );
    assert_eq!(
        refuse(&|e| e.nationality = Nationality::Naturalised),
        EvidenceError::Naturalisation
    );
    assert_eq!(
        refuse(&|e| e.exclusions = vec!["b".into(), "a".into()]),
        EvidenceError::Exclusions
    );
}

proptest! {
    /// The age is reached on one day and held ever after; that day follows from year, month and day alone.
    #[test]
    fn an_age_is_reached_once(offset in 0i32..40_000, years in 1u16..120, march in any::<bool>()) {
        let born = day("1900-01-01").checked_add(jiff::Span::new().days(offset)).unwrap();
        let rule = if march { LeapDay::March1 } else { LeapDay::February28 };
        let reached = years_after(born, years, rule).unwrap();
        let expected_year = born.year() + i16::try_from(years).unwrap();
        prop_assert_eq!(reached.year(), expected_year);
        let leap = (born.month(), born.day()) == (2, 29);
        match (leap, reached.in_leap_year(), march) {
            (false, ..) | (true, true, _) => {
                prop_assert_eq!((reached.month(), reached.day()), (born.month(), born.day()));
            }
            (true, false, true) => prop_assert_eq!((reached.month(), reached.day()), (3, 1)),
            (true, false, false) => prop_assert_eq!((reached.month(), reached.day()), (2, 28)),
        }
        // Nobody reaches it before somebody who is older.
        let younger = born.tomorrow().unwrap();
        prop_assert!(years_after(younger, years, rule).unwrap() >= reached);
    }

    /// The moment of the day never changes the answer, except where the day changes: at midnight in the pack's zone.
    #[test]
    fn only_midnight_in_the_zone_of_the_pack_changes_an_answer(ms in 0u64..DAY_MS) {
        let law = Law::new(REFERENDUM, "2024-11-05");
        let mut voter = citizen("1990-01-31");
        voter.expires = day("2024-11-04");
        prop_assert!(law.at(&voter, Purpose::Cast, true, "2024-11-04", ms).is_eligible());
        prop_assert_eq!(law.at(&voter, Purpose::Cast, true, "2024-11-05", ms).failed, [Condition::Document]);
        // Midnight in Qatar is 21:00 UTC.
        let start = law.calendar.start_of(day("2024-11-05")).unwrap();
        prop_assert_eq!(start % DAY_MS, 21 * 3_600_000);
    }
}
