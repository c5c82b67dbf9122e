//! Holidays are declared facts, only ever added; dates read the same in both calendars and both scripts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use jiff::civil::{Date, Weekday};
use proptest::prelude::*;
use sijill_rules::{
    Bilingual, Calendar, CalendarError, Fact, FactStatus, HijriDate, RestReason, arabic_both, day_number,
    english_both, parse_date, parse_number, western_digits,
};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn qatar() -> Calendar {
    Calendar::new("Asia/Qatar", &[Weekday::Friday, Weekday::Saturday]).unwrap()
}

fn fact(seq: u64, known_ms: u64, first: &str, last: &str) -> Fact {
    Fact {
        seq,
        known_ms,
        first: day(first),
        last: day(last),
        status: FactStatus::Estimate,
        corrects: None,
        name: Bilingual::new("Eid", "عيد"),
        source: "Amiri Decision 57/2025".into(),
    }
}

#[test]
fn hijri_dates_are_those_of_umm_al_qura() {
    let golden = [
        ("2019-04-16", "11 Sha'ban 1440"),
        ("2021-08-09", "1 Muharram 1443"),
        ("2021-10-02", "25 Safar 1443"),
        ("2022-11-10", "16 Rabi II 1444"),
        ("2023-03-21", "29 Sha'ban 1444"),
        ("2024-11-05", "3 Jumada I 1446"),
        ("2025-06-05", "9 Dhu al-Hijja 1446"),
        ("2025-12-20", "29 Jumada II 1447"),
    ];
    for (gregorian, hijri) in golden {
        let date = HijriDate::from_gregorian(day(gregorian)).unwrap();
        assert_eq!(date.english(), hijri, "{gregorian}");
        assert_eq!(date.to_gregorian(), Some(day(gregorian)));
    }
}

#[test]
fn the_eid_ranges_of_2026_are_estimated_from_umm_al_qura() {
    let gregorian = |year, month, day| HijriDate::new(year, month, day).unwrap().to_gregorian().unwrap();
    assert_eq!(gregorian(1447, 9, 28), day("2026-03-17"));
    assert_eq!(gregorian(1447, 10, 4), day("2026-03-23"));
    assert_eq!(gregorian(1447, 12, 9), day("2026-05-26"));
    assert_eq!(gregorian(1447, 12, 13), day("2026-05-30"));
    assert_eq!(HijriDate::new(1447, 13, 1), None);
    assert_eq!(HijriDate::new(1447, 0, 1), None);
    assert_eq!(HijriDate::new(1447, 1, 31), None);
    assert_eq!(HijriDate::new(1299, 1, 1), None);
    assert_eq!(HijriDate::from_gregorian(day("9999-01-01")), None);
    assert_eq!(HijriDate::from_gregorian(Date::MIN), None);
}

#[test]
fn dates_are_shown_in_both_calendars_and_languages() {
    let due = day("2025-12-21");
    assert_eq!(english_both(due), "Sunday 21 December 2025 (1 Rajab 1447)");
    assert_eq!(arabic_both(due), "الأحد 21 ديسمبر 2025 (1 رجب 1447 هـ)");
}

#[test]
fn digits_of_both_scripts_are_accepted() {
    assert_eq!(western_digits("٢٠٢٥-١٢-۲۱ أ"), "2025-12-21 أ");
    assert_eq!(parse_number(" ١٥ "), Some(15));
    assert_eq!(parse_number("+5"), None);
    assert_eq!(parse_number("1_0"), None);
    assert_eq!(parse_number(""), None);
    assert_eq!(parse_number("1234567890123456789"), None);
    for typed in [
        "2025-12-21",
        "٢٠٢٥-١٢-٢١",
        "2025/12/21",
        "21/12/2025",
        "٢١/١٢/٢٠٢٥",
    ] {
        assert_eq!(parse_date(typed), Some(day("2025-12-21")), "{typed}");
    }
    for typed in [
        "2025-02-29",
        "21-12-2025",
        "2025-12",
        "2025-012-1",
        "2025- 1-02",
        "25/12/21",
        "x",
    ] {
        assert_eq!(parse_date(typed), None, "{typed}");
    }
}

#[test]
fn contradictory_facts_are_refused_in_both_languages() {
    let mut calendar = qatar();
    calendar
        .declare(fact(3, 100, "2026-03-17", "2026-03-23"))
        .unwrap();
    let announced = Fact {
        status: FactStatus::Announced,
        corrects: Some(3),
        ..fact(5, 200, "2026-03-18", "2026-03-24")
    };
    calendar.declare(announced).unwrap();
    let before = calendar.facts().to_vec();

    let base = || fact(6, 300, "2026-05-26", "2026-05-30");
    let cases: Vec<(Fact, CalendarError)> = vec![
        (
            Fact { seq: 5, ..base() },
            CalendarError::Order { seq: 5, last: 5 },
        ),
        (
            Fact {
                known_ms: 199,
                ..base()
            },
            CalendarError::KnownEarlier { seq: 6, last: 5 },
        ),
        (
            fact(6, 300, "2026-03-24", "2026-03-26"),
            CalendarError::Overlap {
                seq: 6,
                day: day("2026-03-24"),
                other: 5,
            },
        ),
        (
            Fact {
                corrects: Some(3),
                ..base()
            },
            CalendarError::NothingToCorrect { seq: 6, corrects: 3 },
        ),
        (
            Fact {
                corrects: Some(6),
                ..base()
            },
            CalendarError::NothingToCorrect { seq: 6, corrects: 6 },
        ),
        (
            Fact {
                corrects: Some(5),
                ..base()
            },
            CalendarError::EstimateAgainstAnnouncement { seq: 6, corrects: 5 },
        ),
        (
            Fact {
                status: FactStatus::Withdrawn,
                ..base()
            },
            CalendarError::Withdrawal { seq: 6 },
        ),
        (
            Fact {
                status: FactStatus::Withdrawn,
                corrects: Some(5),
                ..base()
            },
            CalendarError::Withdrawal { seq: 6 },
        ),
        (
            fact(6, 300, "2026-05-30", "2026-05-26"),
            CalendarError::Backwards {
                seq: 6,
                first: day("2026-05-30"),
                last: day("2026-05-26"),
            },
        ),
        (
            fact(6, 300, "2026-05-01", "2026-06-30"),
            CalendarError::TooLong { seq: 6, days: 61 },
        ),
        (
            fact(6, 300, "1969-12-31", "1970-01-01"),
            CalendarError::BeyondTime { seq: 6 },
        ),
        (
            Fact {
                known_ms: u64::MAX,
                ..base()
            },
            CalendarError::BeyondTime { seq: 6 },
        ),
    ];
    for (fact, expected) in cases {
        assert_eq!(calendar.declare(fact), Err(expected.clone()));
        assert!(!expected.to_string().is_empty());
        assert!(
            expected
                .arabic()
                .chars()
                .any(|c| ('\u{0600}'..'\u{0700}').contains(&c))
        );
    }
    for (name, source) in [("", "s"), ("n", ""), ("a\u{202E}b", "s"), ("n", "a\nb")] {
        let bad = Fact {
            name: Bilingual::new(name, ""),
            source: source.into(),
            ..base()
        };
        assert!(matches!(
            calendar.declare(bad),
            Err(CalendarError::Text { seq: 6, .. })
        ));
    }
    assert_eq!(calendar.facts(), before, "a refused fact leaves no trace");
    calendar.declare(base()).unwrap();
}

#[test]
fn calendars_without_a_zone_or_a_working_day_are_refused() {
    let new = |zone, rest: &[Weekday]| Calendar::new(zone, rest).map(|_| ());
    assert!(matches!(
        new("Asia/Atlantis", &[]),
        Err(CalendarError::UnknownZone(_))
    ));
    assert_eq!(
        new("Asia/Qatar", &[Weekday::Friday, Weekday::Friday]),
        Err(CalendarError::RepeatedRest)
    );
    let all: Vec<Weekday> = (0..7)
        .map(|i| Weekday::from_monday_zero_offset(i).unwrap())
        .collect();
    assert_eq!(new("Asia/Qatar", &all), Err(CalendarError::NoWorkingDay));
}

#[test]
fn a_fact_counts_from_the_moment_it_is_known() {
    let mut calendar = qatar();
    calendar
        .declare(fact(1, 1_000, "2026-03-17", "2026-03-17"))
        .unwrap();
    let withdrawn = Fact {
        status: FactStatus::Withdrawn,
        corrects: Some(1),
        ..fact(2, 2_000, "2026-03-17", "2026-03-17")
    };
    calendar.declare(withdrawn).unwrap();
    let tuesday = day("2026-03-17");
    assert!(calendar.days_at(999).is_working(tuesday));
    assert!(!calendar.days_at(1_000).is_working(tuesday));
    assert!(!calendar.days_at(1_999).is_working(tuesday));
    assert!(calendar.days_at(2_000).is_working(tuesday));
    assert!(matches!(
        calendar.days_at(1_500).rest_reason(tuesday),
        Some(RestReason::Holiday {
            seq: 1,
            estimate: true,
            ..
        })
    ));
    assert_eq!(
        calendar.days_at(1_500).rest_reason(day("2026-03-20")),
        Some(RestReason::Weekly)
    );
}

#[test]
fn the_local_day_turns_at_local_midnight() {
    let calendar = qatar();
    let start = calendar.start_of(day("2025-12-03")).unwrap();
    assert_eq!(start, 1_764_709_200_000);
    assert_eq!(calendar.day_of(start), Some(day("2025-12-03")));
    assert_eq!(calendar.day_of(start - 1), Some(day("2025-12-02")));
    assert_eq!(calendar.day_of(u64::MAX), None);
}

proptest! {
    #[test]
    fn a_day_begins_at_its_first_moment(number in 366i64..20_000, zone in 0usize..4) {
        // Cairo and Beirut skip midnight in spring.
        let zone = ["Asia/Qatar", "Europe/London", "Africa/Cairo", "Asia/Beirut"][zone];
        let calendar = Calendar::new(zone, &[]).unwrap();
        let date = day("1970-01-01").checked_add(jiff::Span::new().days(number)).unwrap();
        prop_assert_eq!(i64::from(day_number(date)), number);
        let start = calendar.start_of(date).unwrap();
        prop_assert_eq!(calendar.day_of(start), Some(date));
        prop_assert_eq!(calendar.day_of(start - 1), date.yesterday().ok());
    }

    #[test]
    fn facts_declared_at_random_never_overlap(facts in proptest::collection::vec((0i64..60, 0i64..6, 0u8..3, 0u64..12), 0..20)) {
        let mut calendar = qatar();
        for (seq, (first, length, status, corrects)) in (1u64..).zip(facts) {
            let first = day("2026-01-01").checked_add(jiff::Span::new().days(first)).unwrap();
            let last = first.checked_add(jiff::Span::new().days(length)).unwrap();
            let status = [FactStatus::Estimate, FactStatus::Announced, FactStatus::Withdrawn][usize::from(status)];
            let corrects = (corrects > 0).then_some(corrects);
            let _ = calendar.declare(Fact { first, last, status, corrects, ..fact(seq, seq, "2026-01-01", "2026-01-01") });
            let days = calendar.days_at(seq);
            for pair in days.holidays().windows(2) {
                prop_assert!(pair[0].last < pair[1].first);
            }
        }
    }
}
