//! What a demanding requester, officer or auditor will try with a deadline. Numbers are those of the list of scenarios.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use jiff::civil::Date;
use sijill_rules::{
    Bilingual, Calendar, ClockError, ClockRules, Counting, DayUnit, Decision, Fact, FactStatus, FoiPack,
    History, Line, ObjectionError, ObjectionRules, ObjectionStatus, ObjectionWindow, Reading, Roll, Silence,
    Start, Status, Step, StepAt, Transfer, read_clock, third_party_last_day,
};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn pack(name: &str) -> FoiPack {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(format!("{root}/../../fixtures/rules/foi-{name}.toml")).unwrap();
    FoiPack::parse(&text).unwrap()
}

/// The clock of a pack; in Qatar with the holidays of December 2025 to May 2026, declared on 1 June 2025.
struct World {
    rules: ClockRules,
    calendar: Calendar,
}

impl World {
    fn new(name: &str) -> Self {
        let pack = pack(name);
        let mut world = Self {
            rules: pack.clock,
            calendar: pack.calendar().unwrap(),
        };
        if !name.starts_with("qa-") {
            return world;
        }
        let known_ms = world.at("2025-06-01", 9);
        for (seq, first, last, status, name) in [
            (
                1,
                "2025-12-18",
                "2025-12-18",
                FactStatus::Announced,
                "National Day",
            ),
            (2, "2026-02-10", "2026-02-10", FactStatus::Announced, "Sports Day"),
            (3, "2026-03-17", "2026-03-23", FactStatus::Estimate, "Eid al-Fitr"),
            (4, "2026-05-26", "2026-05-30", FactStatus::Estimate, "Eid al-Adha"),
        ] {
            world.declare(seq, known_ms, first, last, status, None, name);
        }
        world
    }

    #[allow(clippy::too_many_arguments)]
    fn declare(
        &mut self,
        seq: u64,
        known_ms: u64,
        first: &str,
        last: &str,
        status: FactStatus,
        corrects: Option<u64>,
        name: &str,
    ) {
        self.calendar
            .declare(Fact {
                seq,
                known_ms,
                first: day(first),
                last: day(last),
                status,
                corrects,
                name: Bilingual::new(name, ""),
                source: "Amiri Decision 57/2025".into(),
            })
            .unwrap();
    }

    fn at(&self, date: &str, hour: u64) -> u64 {
        self.calendar.start_of(day(date)).unwrap() + hour * HOUR
    }

    fn history(&self, received: &str, steps: &[(&str, Step)]) -> History {
        History {
            received_ms: self.at(received, 10),
            steps: steps
                .iter()
                .map(|(date, step)| StepAt {
                    at_ms: self.at(date, 12),
                    step: *step,
                })
                .collect(),
        }
    }

    fn try_read(&self, received: &str, steps: &[(&str, Step)], now: &str) -> Result<Reading, ClockError> {
        read_clock(
            &self.rules,
            &self.calendar,
            &self.history(received, steps),
            self.at(now, 12),
        )
    }

    fn read(&self, received: &str, steps: &[(&str, Step)], now: &str) -> Reading {
        self.try_read(received, steps, now).unwrap()
    }

    fn due(&self, received: &str) -> Option<Date> {
        self.read(received, &[], received).due
    }
}

fn english(reading: &Reading) -> Vec<String> {
    reading.lines.iter().map(Line::english).collect()
}

#[test]
fn golden_due_dates_of_the_shipped_packs() {
    let (calendar, working) = (World::new("qa-2022-009"), World::new("qa-2022-009-working"));
    for (received, calendar_due, working_due) in [
        ("2025-12-01", "2025-12-16", "2025-12-23"),
        ("2025-12-03", "2025-12-21", "2025-12-25"),
        ("2025-12-05", "2025-12-21", "2025-12-28"),
        ("2026-01-26", "2026-02-11", "2026-02-17"),
        ("2026-03-08", "2026-03-24", "2026-04-05"),
        ("2026-05-12", "2026-05-31", "2026-06-07"),
    ] {
        assert_eq!(calendar.due(received), Some(day(calendar_due)), "{received}");
        assert_eq!(working.due(received), Some(day(working_due)), "{received}");
    }
}

#[test]
fn scenario_19_objection_in_an_extended_window_and_silence() {
    let world = World::new("qa-2022-009");
    let rules = ObjectionRules {
        counting: Counting {
            unit: DayUnit::Calendar,
            start: Start::NextDay,
            roll: Roll::None,
        },
        window_days: 5,
        decision_days: Some(7),
        silence: Silence::DeemedRefusal,
        remedy_days: Some(3),
    };
    let calendar = &world.calendar;
    let mut window = ObjectionWindow::open(rules, calendar, world.at("2025-11-30", 8)).unwrap();
    assert_eq!(
        window.last_day(calendar, world.at("2025-11-30", 8)),
        Ok(day("2025-12-05"))
    );
    let extend = |window: &mut ObjectionWindow, at: &str, to: &str| {
        window.extend(
            calendar,
            world.at(at, 12),
            day(to),
            "commission",
            "system outage on 2 December",
        )
    };
    let last_day = day("2025-12-05");
    assert_eq!(
        extend(&mut window, "2025-12-04", "2025-12-05"),
        Err(ObjectionError::NotLonger { last_day })
    );
    assert_eq!(
        extend(&mut window.clone(), "2025-12-06", "2025-12-12"),
        Err(ObjectionError::WindowClosed { last_day })
    );
    extend(&mut window, "2025-12-05", "2025-12-12").unwrap();
    let record = &window.extensions()[0];
    assert_eq!(
        (record.old_last_day, record.new_last_day),
        (last_day, day("2025-12-12"))
    );
    assert_eq!(
        (record.by.as_str(), record.at_ms),
        ("commission", world.at("2025-12-05", 12))
    );
    assert!(record.reason.contains("outage"));

    // Filed on Friday 12 December, the last millisecond of the extended window; the next one is too late.
    let end = world.at("2025-12-13", 0);
    assert!(window.file(calendar, end).is_err());
    let mut objection = window.file(calendar, end - 1).unwrap();
    let pending = objection.read(calendar, world.at("2025-12-19", 23)).unwrap();
    assert_eq!(pending.status, ObjectionStatus::Pending);
    assert_eq!(pending.decide_by, Some(day("2025-12-19")));
    assert_eq!(pending.next_remedy_last_day, None);
    let rejected = objection.read(calendar, world.at("2025-12-20", 0)).unwrap();
    let on = day("2025-12-20");
    assert_eq!(rejected.status, ObjectionStatus::ImplicitlyRejected { on });
    assert_eq!(rejected.next_remedy_last_day, Some(day("2025-12-23")));
    assert_eq!(
        objection.decide(calendar, world.at("2025-12-20", 1), Decision::Upheld),
        Err(ObjectionError::Ended { on })
    );
}

#[test]
fn scenario_20_explained_step_by_step_in_both_languages() {
    let world = World::new("qa-2022-009");
    let reading = world.read("2025-12-03", &[], "2025-12-03");
    assert_eq!(
        english(&reading),
        [
            "Received on Wednesday 3 December 2025 (12 Jumada II 1447).",
            "15 calendar days, from the day after Wednesday 3 December 2025; a last day without work moves to the next working day.",
            "Thursday 4 December 2025 to Thursday 18 December 2025: days 1 to 15.",
            "Friday 19 December 2025 to Saturday 20 December 2025: weekly rest, the last day moves on.",
            "Due on Sunday 21 December 2025 (1 Rajab 1447).",
            "The clock runs.",
        ]
    );
    for line in &reading.lines {
        assert!(
            line.arabic()
                .chars()
                .any(|c| ('\u{0600}'..'\u{0700}').contains(&c))
        );
    }
    let working = World::new("qa-2022-009-working").read("2025-12-03", &[], "2025-12-03");
    assert_eq!(working.due, Some(day("2025-12-25")));
    let lines = english(&working);
    assert!(lines.contains(
        &"Thursday 18 December 2025: holiday National Day (fact 1, announced), not counted.".into()
    ));
    assert!(lines.contains(&"Sunday 21 December 2025 to Thursday 25 December 2025: days 11 to 15.".into()));
}

#[test]
fn scenario_21_filed_on_friday_at_23_30() {
    let world = World::new("qa-2022-009");
    let history = History {
        received_ms: world.at("2025-12-05", 23) + HOUR / 2,
        steps: Vec::new(),
    };
    let reading = read_clock(&world.rules, &world.calendar, &history, history.received_ms).unwrap();
    assert_eq!(reading.due, Some(day("2025-12-21")));
    assert_eq!(
        reading.lines[0].english(),
        "Received on Friday 5 December 2025 (14 Jumada II 1447)."
    );
    assert_eq!(
        reading.lines[0].arabic(),
        "ورد الطلب يوم الجمعة 5 ديسمبر 2025 (14 جمادى الآخرة 1447 هـ)."
    );
}

#[test]
fn scenario_22_and_attack_f6_a_late_fact_moves_open_deadlines_and_never_decided_ones() {
    let mut world = World::new("qa-2022-009");
    let decided_late = [("2026-03-25", Step::Decided)];
    let before = world.read("2026-03-08", &[], "2026-03-24");
    let decided = world.read("2026-03-08", &decided_late, "2026-04-30");
    assert_eq!(before.due, Some(day("2026-03-24")));
    assert_eq!(
        decided.status,
        Status::Decided {
            on: day("2026-03-25"),
            days_late: 1
        }
    );

    // On 26 March the announcement of 18 to 25 March arrives.
    let known_ms = world.at("2026-03-26", 9);
    world.declare(
        9,
        known_ms,
        "2026-03-18",
        "2026-03-25",
        FactStatus::Announced,
        Some(3),
        "Eid al-Fitr",
    );
    assert_eq!(
        world.read("2026-03-08", &[], "2026-03-24"),
        before,
        "what was told that day is still explained"
    );
    assert_eq!(
        world.read("2026-03-08", &decided_late, "2026-04-30"),
        decided,
        "a decided case is untouched"
    );
    let open = world.read("2026-03-08", &[], "2026-03-26");
    assert_eq!(open.due, Some(day("2026-03-26")));
    assert_eq!(open.status, Status::Running);
    let missed = open.missed.unwrap();
    assert_eq!(
        (missed.due, missed.on),
        (day("2026-03-24"), day("2026-03-25")),
        "the record of the miss stays"
    );
}

#[test]
fn a_fact_that_shortens_a_deadline_into_the_past_deems_no_refusal_in_the_past() {
    let mut world = World::new("qa-2022-009");
    world.rules.silence = Silence::DeemedRefusal;
    // Without the holiday the request of 8 March was due on 23 March; that becomes known on the 24th in the morning.
    let known_ms = world.at("2026-03-24", 9);
    let (first, last) = ("2026-03-17", "2026-03-23");
    world.declare(
        9,
        known_ms,
        first,
        last,
        FactStatus::Withdrawn,
        Some(3),
        "Eid al-Fitr",
    );
    for steps in [&[][..], &[("2026-03-24", Step::FeeQuoted)]] {
        let noon = world.read("2026-03-08", steps, "2026-03-24");
        assert_eq!(
            (noon.due, noon.status),
            (Some(day("2026-03-23")), Status::Overdue)
        );
        assert_eq!(noon.missed, None);
        let next = world.read("2026-03-08", steps, "2026-03-25");
        assert_eq!(
            next.status,
            Status::DeemedRefusal {
                on: day("2026-03-25")
            }
        );
    }
}

#[test]
fn a_fact_known_at_midnight_counts_for_the_day_that_begins() {
    for (late_ms, expected) in [
        (0, Status::Running),
        (
            1,
            Status::DeemedRefusal {
                on: day("2026-03-25"),
            },
        ),
    ] {
        let mut world = World::new("qa-2022-009");
        world.rules.silence = Silence::DeemedRefusal;
        let known_ms = world.at("2026-03-25", 0) + late_ms;
        world.declare(
            9,
            known_ms,
            "2026-03-24",
            "2026-03-25",
            FactStatus::Announced,
            None,
            "Eid al-Fitr",
        );
        assert_eq!(world.read("2026-03-08", &[], "2026-03-26").status, expected);
    }
}

#[test]
fn scenario_23_and_attack_f3_extensions() {
    let world = World::new("qa-2022-009");
    let reading = world.read("2025-12-03", &[("2025-12-21", Step::Extended)], "2025-12-21");
    assert_eq!(reading.due, Some(day("2026-01-04")), "2 January is a Friday");
    assert_eq!(reading.original_due, Some(day("2025-12-21")));
    assert!(
        english(&reading).contains(&"Without extension it would be due on Sunday 21 December 2025.".into())
    );
    assert_eq!(
        world.try_read("2025-12-03", &[("2025-12-22", Step::Extended)], "2025-12-22"),
        Err(ClockError::ExtendedLate {
            step: 0,
            due: day("2025-12-21")
        })
    );
    let twice = [("2025-12-20", Step::Extended), ("2025-12-21", Step::Extended)];
    assert_eq!(
        world.try_read("2025-12-03", &twice, "2025-12-21"),
        Err(ClockError::NoExtensionLeft { step: 1, allowed: 1 })
    );
}

#[test]
fn scenario_24_clarification_pauses_or_restarts_or_is_abandoned() {
    let mut world = World::new("qa-2022-009");
    let asked = ("2025-12-07", Step::ClarificationAsked);
    let answered = ("2025-12-27", Step::ClarificationAnswered);
    let paused = world.read("2025-12-01", &[asked], "2025-12-20");
    assert_eq!(
        (paused.status, paused.due, paused.days_left),
        (Status::Paused, None, 9)
    );
    let resumed = world.read("2025-12-01", &[asked, answered], "2025-12-27");
    assert_eq!((resumed.days_left, resumed.due), (9, Some(day("2026-01-05"))));

    world.rules.clarification = sijill_rules::Clarification::Restart;
    let restarted = world.read("2025-12-01", &[asked, answered], "2025-12-27");
    assert_eq!(
        (restarted.days_left, restarted.due),
        (15, Some(day("2026-01-11")))
    );

    world.rules.clarification_limit_days = Some(10);
    let waiting = world.read("2025-12-01", &[asked], "2025-12-17");
    assert_eq!(
        (waiting.status, waiting.clarify_by),
        (Status::Paused, Some(day("2025-12-17")))
    );
    let abandoned = world.read("2025-12-01", &[asked], "2026-02-01");
    assert_eq!(
        abandoned.status,
        Status::Abandoned {
            on: day("2025-12-18")
        }
    );
    assert_eq!(abandoned.missed, None);
    assert_eq!(
        world.try_read("2025-12-01", &[asked, answered], "2025-12-27"),
        Err(ClockError::Ended {
            step: 1,
            on: day("2025-12-18")
        })
    );
}

#[test]
fn scenario_25_third_parties_have_their_own_clock() {
    let world = World::new("uk-like");
    let consulted = world.at("2026-01-05", 10);
    let last = third_party_last_day(&world.rules, &world.calendar, consulted, consulted).unwrap();
    assert_eq!(last, Some(day("2026-01-19")));
    let unknown = World::new("qa-2022-009");
    assert_eq!(
        third_party_last_day(&unknown.rules, &unknown.calendar, consulted, consulted),
        Ok(None)
    );
}

#[test]
fn scenario_26_overdue_the_next_day_and_not_earlier() {
    let mut world = World::new("qa-2022-009");
    let history = world.history("2025-12-03", &[]);
    let midnight = world.at("2025-12-22", 0);
    let read = |world: &World, now| read_clock(&world.rules, &world.calendar, &history, now).unwrap();
    let last = read(&world, midnight - 1);
    assert_eq!((last.status, last.missed), (Status::Running, None));
    let next = read(&world, midnight);
    assert_eq!(next.status, Status::Overdue);
    assert_eq!(next.missed.unwrap().on, day("2025-12-22"));

    world.rules.silence = Silence::DeemedRefusal;
    assert_eq!(read(&world, midnight - 1).status, Status::Running);
    let refused = read(&world, midnight + 40 * DAY);
    assert_eq!(
        refused.status,
        Status::DeemedRefusal {
            on: day("2025-12-22")
        }
    );
    assert_eq!(refused.judged_ms, midnight);
    assert_eq!(
        world.try_read("2025-12-03", &[("2025-12-22", Step::Decided)], "2025-12-22"),
        Err(ClockError::Ended {
            step: 0,
            on: day("2025-12-22")
        })
    );
}

#[test]
fn scenario_27_grievance_on_the_last_day_and_the_court() {
    let world = World::new("uk-like");
    let rules = ObjectionRules::grievance(&pack("uk-like")).unwrap();
    let calendar = &world.calendar;
    let window = ObjectionWindow::open(rules, calendar, world.at("2026-01-05", 10)).unwrap();
    let last_day = day("2026-03-02");
    assert_eq!(
        window.last_day(calendar, world.at("2026-01-05", 10)),
        Ok(last_day)
    );
    let end = world.at("2026-03-03", 0);
    assert_eq!(
        window.file(calendar, end),
        Err(ObjectionError::WindowClosed { last_day })
    );
    let mut grievance = window.file(calendar, end - 60_000).unwrap();
    assert_eq!(
        grievance.decide(calendar, end - 60_001, Decision::Upheld),
        Err(ObjectionError::TooEarly)
    );
    grievance
        .decide(calendar, world.at("2026-03-10", 9), Decision::Upheld)
        .unwrap();
    let reading = grievance.read(calendar, world.at("2026-03-10", 9)).unwrap();
    let on = day("2026-03-10");
    assert_eq!(
        reading.status,
        ObjectionStatus::Decided {
            on,
            decision: Decision::Upheld
        }
    );
    assert_eq!(reading.next_remedy_last_day, Some(day("2026-04-17")));
    assert_eq!(
        grievance.decide(calendar, world.at("2026-03-11", 9), Decision::Varied),
        Err(ObjectionError::Ended { on })
    );
}

#[test]
fn a_remedy_is_offered_only_when_it_is_open() {
    let world = World::new("uk-like");
    let rules = ObjectionRules::grievance(&pack("uk-like")).unwrap();
    let calendar = &world.calendar;
    let window = ObjectionWindow::open(rules, calendar, world.at("2026-01-05", 10)).unwrap();
    let mut grievance = window.file(calendar, world.at("2026-01-06", 10)).unwrap();
    grievance
        .decide(calendar, world.at("2026-01-07", 9), Decision::Overturned)
        .unwrap();
    let reading = grievance.read(calendar, world.at("2026-01-07", 9)).unwrap();
    assert_eq!(reading.next_remedy_last_day, None);
}

#[test]
fn scenario_28_transfer_goes_on_or_starts_anew() {
    let mut world = World::new("qa-2022-009");
    let transfer = [("2025-12-10", Step::Transferred)];
    assert_eq!(
        world.read("2025-12-01", &transfer, "2025-12-10").due,
        Some(day("2025-12-16"))
    );
    world.rules.transfer = Transfer::Restart;
    let reading = world.read("2025-12-01", &transfer, "2025-12-10");
    assert_eq!(
        reading.due,
        Some(day("2025-12-25")),
        "day 15 after the transfer, a Thursday"
    );
}

#[test]
fn a_late_transfer_or_question_does_not_wash_away_a_missed_deadline() {
    let mut world = World::new("qa-2022-009");
    world.rules.transfer = Transfer::Restart;
    for step in [Step::Transferred, Step::ClarificationAsked, Step::FeeQuoted] {
        let reading = world.read("2025-12-01", &[("2025-12-17", step)], "2025-12-17");
        assert_eq!(
            (reading.status, reading.due),
            (Status::Overdue, Some(day("2025-12-16"))),
            "{step:?}"
        );
        assert_eq!(reading.missed.unwrap().on, day("2025-12-17"));
    }
}

#[test]
fn scenario_29_routed_out_is_closed_and_not_refused() {
    let world = World::new("qa-2022-009");
    let reading = world.read("2025-12-01", &[("2025-12-04", Step::Closed)], "2026-02-01");
    assert_eq!(
        reading.status,
        Status::Closed {
            on: day("2025-12-04")
        }
    );
    assert_eq!(reading.missed, None);
}

#[test]
fn scenario_30_a_quoted_fee_pauses_until_paid_or_closes() {
    let world = World::new("qa-2022-009");
    let quoted = ("2025-12-07", Step::FeeQuoted);
    let paused = world.read("2025-12-01", &[quoted], "2026-01-30");
    assert_eq!(
        (paused.status, paused.days_left, paused.missed),
        (Status::Paused, 9, None)
    );
    let paid = world.read(
        "2025-12-01",
        &[quoted, ("2025-12-27", Step::FeeSettled)],
        "2025-12-27",
    );
    assert_eq!(paid.due, Some(day("2026-01-05")));
    let unpaid = world.read(
        "2025-12-01",
        &[quoted, ("2026-01-30", Step::Closed)],
        "2026-02-01",
    );
    assert_eq!(
        unpaid.status,
        Status::Closed {
            on: day("2026-01-30")
        }
    );
}

#[test]
fn scenario_36_a_window_closes_with_its_last_millisecond() {
    let world = World::new("uk-like");
    let rules = ObjectionRules::grievance(&pack("uk-like")).unwrap();
    // The clocks in London change on 29 March 2026: the last day is still a whole local day.
    let window = ObjectionWindow::open(rules, &world.calendar, world.at("2026-02-02", 10)).unwrap();
    let last = window
        .last_day(&world.calendar, world.at("2026-02-02", 10))
        .unwrap();
    assert_eq!(last, day("2026-03-30"));
    let end = world.at("2026-03-31", 0);
    assert!(window.file(&world.calendar, end - 1).is_ok());
    assert!(window.file(&world.calendar, end).is_err());
}

#[test]
fn impossible_histories_are_refused_in_both_languages() {
    let world = World::new("qa-2022-009");
    let asked = ("2025-12-02", Step::ClarificationAsked);
    let cases: [(&[(&str, Step)], ClockError); 6] = [
        (
            &[("2025-12-02", Step::ClarificationAnswered)],
            ClockError::NotAsked { step: 0 },
        ),
        (
            &[("2025-12-02", Step::FeeSettled)],
            ClockError::NotAsked { step: 0 },
        ),
        (&[asked, asked], ClockError::StillOpen { step: 1 }),
        (
            &[asked, ("2025-12-03", Step::Transferred)],
            ClockError::TransferWhileOpen { step: 1 },
        ),
        (
            &[asked, ("2025-11-30", Step::Decided)],
            ClockError::Order { step: 1 },
        ),
        (&[("2026-06-01", Step::Decided)], ClockError::Order { step: 0 }),
    ];
    for (steps, expected) in cases {
        assert_eq!(world.try_read("2025-12-01", steps, "2025-12-10"), Err(expected));
        assert!(!expected.to_string().is_empty());
        assert!(
            expected
                .arabic()
                .chars()
                .any(|c| ('\u{0600}'..'\u{0700}').contains(&c))
        );
    }
    assert_eq!(
        world.try_read("2025-12-01", &[], "2025-11-01"),
        Err(ClockError::NotReceivedYet)
    );
    let many = vec![asked; 1_001];
    assert_eq!(
        world.try_read("2025-12-01", &many, "2025-12-10"),
        Err(ClockError::TooMany)
    );
}

#[test]
fn a_letter_counts_from_its_day_and_is_looked_at_from_its_entry() {
    use sijill_rules::{Origin, read_clock_from};
    let pack = FoiPack::parse(include_str!("../../../fixtures/rules/foi-qa-2022-009.toml")).unwrap();
    let calendar = pack.calendar().unwrap();
    let on = |text: &str| text.parse::<Date>().unwrap();
    let at = |text: &str| calendar.start_of(on(text)).unwrap() + 36_000_000;
    let origin = |day: &str| Origin::Received {
        at_ms: at("2026-01-10"),
        on: Some(on(day)),
    };
    let read = |origin: &Origin, now: &str| read_clock_from(&pack.clock, &calendar, origin, &[], at(now));
    // 15 days from 3 December end on the 18th, three weeks before the entry: missed on the first day that begins after it.
    let late = origin("2025-12-03");
    assert_eq!(read(&late, "2026-01-10").unwrap().missed, None);
    let missed = read(&late, "2026-01-11").unwrap().missed.unwrap();
    assert_eq!((missed.on, missed.due), (on("2026-01-11"), on("2025-12-18")));
    let due = read(&origin("2026-01-04"), "2026-01-10").unwrap().due;
    assert_eq!(due, Some(on("2026-01-19")));
    assert!(
        read(&origin("2026-01-11"), "2026-01-12").is_err(),
        "from the future"
    );
}

#[test]
fn what_is_taken_over_goes_on_as_it_was() {
    use sijill_rules::{Origin, Step, StepAt, carry_clock, read_clock_from};
    let text = include_str!("../../../fixtures/rules/foi-qa-2022-009.toml");
    let pack = FoiPack::parse(text).unwrap();
    let calendar = pack.calendar().unwrap();
    let on = |text: &str| text.parse::<Date>().unwrap();
    let at = |text: &str| calendar.start_of(on(text)).unwrap() + 36_000_000;
    let origin = Origin::Received {
        at_ms: at("2026-01-04"),
        on: None,
    };
    let step = |day: &str, step| StepAt { at_ms: at(day), step };
    let steps = [
        step("2026-01-06", Step::ClarificationAsked),
        step("2026-01-11", Step::ClarificationAnswered),
        step("2026-01-12", Step::Extended),
    ];
    let carried = carry_clock(&pack.clock, &calendar, &origin, &steps, at("2026-01-13")).unwrap();
    assert_eq!((carried.anchor, carried.extensions), (on("2026-01-04"), 1));
    assert_eq!(carried.pauses, [(on("2026-01-06"), on("2026-01-11"))]);
    let there = Origin::TakenOver {
        at_ms: at("2026-01-14"),
        carried,
    };
    let here = read_clock_from(&pack.clock, &calendar, &origin, &steps, at("2026-01-14")).unwrap();
    let taken = read_clock_from(&pack.clock, &calendar, &there, &[], at("2026-01-14")).unwrap();
    assert_eq!((taken.due, taken.original_due), (here.due, here.original_due));
    // No extension is left there either, and nothing is taken over while a question is open.
    let again = [step("2026-01-15", Step::Extended)];
    assert!(read_clock_from(&pack.clock, &calendar, &there, &again, at("2026-01-16")).is_err());
    assert!(carry_clock(&pack.clock, &calendar, &origin, &steps[..1], at("2026-01-07")).is_err());
}
