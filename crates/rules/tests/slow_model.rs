//! The clock agrees with a model that lives through every beginning of a day, and keeps its promises for random histories.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::{Date, Weekday};
use proptest::prelude::*;
use sijill_rules::{
    Bilingual, Calendar, Clarification, ClockRules, DayUnit, Fact, FactStatus, FeePolicy, History, Line,
    Reading, Roll, RunKind, Silence, Start, Status, Step, StepAt, Transfer, day_number, read_clock,
};

const DAY_MS: u64 = 86_400_000;
/// 2025-11-30 00:00 in Qatar.
const BASE_MS: u64 = 1_764_450_000_000;

fn plus(day: Date, days: i64) -> Date {
    day.checked_add(Span::new().days(days)).unwrap()
}

fn local(at_ms: u64) -> Date {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(at_ms).unwrap()).unwrap();
    jiff::tz::TimeZone::fixed(jiff::tz::offset(3))
        .to_datetime(at)
        .date()
}

fn midnight(day: Date) -> u64 {
    u64::try_from(day_number(day)).unwrap() * DAY_MS - 3 * 3_600_000
}

/// The slow model: sets of days, and one day after the other.
struct Model<'a> {
    rules: &'a ClockRules,
    facts: &'a [Fact],
    anchor: Date,
    extensions: u32,
    /// Day on which each pause began, and on which it ended.
    pauses: Vec<(Date, Option<Date>)>,
    question: Option<(Date, Option<usize>)>,
    fee: Option<Option<usize>>,
    missed: Option<(Date, Date)>,
    end: Option<(Status, u64)>,
}

impl Model<'_> {
    fn off(&self, at_ms: u64) -> BTreeSet<Date> {
        let mut ranges = BTreeMap::new();
        for fact in self.facts.iter().filter(|f| f.known_ms <= at_ms) {
            if let Some(old) = fact.corrects {
                ranges.remove(&old);
            }
            if fact.status != FactStatus::Withdrawn {
                ranges.insert(fact.seq, (fact.first, fact.last));
            }
        }
        let days =
            |(first, last): (Date, Date)| first.series(Span::new().days(1)).take_while(move |d| *d <= last);
        ranges.into_values().flat_map(days).collect()
    }

    fn works(off: &BTreeSet<Date>, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Friday | Weekday::Saturday) && !off.contains(&day)
    }

    fn period(&self, at_ms: u64, anchor: Date, n: u32, pauses: &[(Date, Option<Date>)]) -> Option<Date> {
        let off = self.off(at_ms);
        let mut first = plus(anchor, 1);
        while self.rules.start == Start::NextWorkingDay && !Self::works(&off, first) {
            first = plus(first, 1);
        }
        let open = pauses.iter().filter(|p| p.1.is_none()).map(|p| p.0).min();
        let horizon = open.unwrap_or_else(|| plus(first, 2_000));
        let mut stopped = BTreeSet::new();
        let mut held = BTreeSet::new();
        for (from, until) in pauses.iter().filter_map(|p| Some((p.0, p.1?))) {
            for i in 1..=i64::from(day_number(until) - day_number(from)) {
                stopped.insert(plus(from, i));
                held.insert(plus(from, i));
                held.insert(from);
            }
        }
        let working_end = self.rules.unit == DayUnit::Working || self.rules.roll == Roll::NextWorkingDay;
        let counted: Vec<Date> = first
            .series(Span::new().days(1))
            .take_while(|d| *d <= horizon)
            .filter(|d| !stopped.contains(d))
            .filter(|d| self.rules.unit == DayUnit::Calendar || Self::works(&off, *d))
            .take(n as usize)
            .collect();
        let raw = *counted.get(n as usize - 1)?;
        let last = raw
            .series(Span::new().days(1))
            .find(|d| !held.contains(d) && (!working_end || Self::works(&off, *d)))?;
        (open.is_none_or(|open| last < open)).then_some(last)
    }

    fn allowance(&self) -> u32 {
        u32::from(self.rules.answer_days) + self.extensions * u32::from(self.rules.extension_days)
    }

    fn due(&self, at_ms: u64) -> Option<Date> {
        self.period(at_ms, self.anchor, self.allowance(), &self.pauses)
    }

    fn day_begins(&mut self, day: Date) {
        let at_ms = midnight(day);
        let due = self.due(at_ms).filter(|due| *due < day);
        let limit = match (self.question, self.rules.clarification_limit_days) {
            (Some((asked, _)), Some(n)) => self.period(at_ms, asked, n.into(), &[]).filter(|l| *l < day),
            _ => None,
        };
        match (due, limit) {
            (Some(due), _) if self.rules.silence == Silence::DeemedRefusal => {
                self.missed.get_or_insert((day, due));
                self.end = Some((Status::DeemedRefusal { on: day }, at_ms));
            }
            (_, Some(_)) => self.end = Some((Status::Abandoned { on: day }, at_ms)),
            (Some(due), None) => {
                self.missed.get_or_insert((day, due));
            }
            (None, None) => {}
        }
    }

    /// Whether the step is allowed.
    fn step(&mut self, step: Step, at_ms: u64) -> bool {
        let on = local(at_ms);
        let due = self.due(at_ms);
        let late = due.is_some_and(|due| on > due);
        let begin = |model: &mut Self, effective: bool| {
            effective.then(|| {
                model.pauses.push((on, None));
                model.pauses.len() - 1
            })
        };
        match step {
            Step::ClarificationAsked if self.question.is_none() => {
                let pause = begin(self, !late);
                self.question = Some((on, pause));
            }
            Step::ClarificationAnswered if self.question.is_some() => {
                if let Some((_, Some(pause))) = self.question.take() {
                    self.pauses[pause].1 = Some(on);
                    if self.rules.clarification == Clarification::Restart {
                        self.anchor = on;
                    }
                }
            }
            Step::FeeQuoted if self.fee.is_none() => {
                self.fee = Some(begin(self, !late && self.rules.fee_policy == FeePolicy::Pauses));
            }
            Step::FeeSettled if self.fee.is_some() => {
                if let Some(Some(pause)) = self.fee.take() {
                    self.pauses[pause].1 = Some(on);
                }
            }
            Step::Extended if self.extensions < u32::from(self.rules.max_extensions) && !late => {
                self.extensions += 1
            }
            Step::Transferred if self.question.is_none() && self.fee.is_none() => {
                if self.rules.transfer == Transfer::Restart && !late {
                    self.anchor = on;
                    self.extensions = 0;
                }
            }
            Step::Decided => {
                let days_late = due.map_or(0, |due| {
                    u32::try_from(day_number(on) - day_number(due)).unwrap_or(0)
                });
                self.end = Some((Status::Decided { on, days_late }, at_ms));
            }
            Step::Closed => self.end = Some((Status::Closed { on }, at_ms)),
            _ => return false,
        }
        true
    }
}

struct Told {
    status: Status,
    judged_ms: u64,
    due: Option<Date>,
    missed: Option<(Date, Date)>,
}

/// `None` for a history that the rules refuse.
fn slow(rules: &ClockRules, facts: &[Fact], history: &History, now_ms: u64) -> Option<Told> {
    let mut model = Model {
        rules,
        facts,
        anchor: local(history.received_ms),
        extensions: 0,
        pauses: Vec::new(),
        question: None,
        fee: None,
        missed: None,
        end: None,
    };
    let mut day = plus(model.anchor, 1);
    let stops = history.steps.iter().map(|s| (s.at_ms, Some(s.step)));
    for (at_ms, step) in stops.chain([(now_ms, None)]) {
        while midnight(day) <= at_ms {
            if model.end.is_none() {
                model.day_begins(day);
            }
            day = plus(day, 1);
        }
        if let Some(step) = step
            && (model.end.is_some() || !model.step(step, at_ms))
        {
            return None;
        }
    }
    let judged_ms = model.end.map_or(now_ms, |(_, at)| at);
    let due = model.due(judged_ms);
    let status = match (model.end, due) {
        (Some((status, _)), _) => status,
        (None, None) => Status::Paused,
        (None, Some(due)) if local(now_ms) > due => Status::Overdue,
        (None, Some(_)) => Status::Running,
    };
    Some(Told {
        status,
        judged_ms,
        due,
        missed: model.missed,
    })
}

fn rules() -> impl Strategy<Value = ClockRules> {
    let first = (1u16..25, any::<[bool; 7]>(), 0u8..3, 1u16..20);
    (first, proptest::option::of(1u16..25)).prop_map(
        |((answer_days, flags, max_extensions, extension_days), limit)| {
            let [working, next_working, rolls, deemed, restart, pauses, transfer] = flags;
            ClockRules {
                answer_days,
                unit: if working {
                    DayUnit::Working
                } else {
                    DayUnit::Calendar
                },
                start: if next_working {
                    Start::NextWorkingDay
                } else {
                    Start::NextDay
                },
                roll: if rolls { Roll::NextWorkingDay } else { Roll::None },
                max_extensions,
                extension_days: if max_extensions == 0 { 0 } else { extension_days },
                silence: if deemed {
                    Silence::DeemedRefusal
                } else {
                    Silence::None
                },
                clarification: if restart {
                    Clarification::Restart
                } else {
                    Clarification::Pause
                },
                clarification_limit_days: limit,
                fee_policy: if pauses {
                    FeePolicy::Pauses
                } else {
                    FeePolicy::None
                },
                transfer: if transfer {
                    Transfer::Restart
                } else {
                    Transfer::Continue
                },
                grievance_days: None,
                grievance_decision_days: None,
                grievance_silence: None,
                third_party_days: None,
                court_days: None,
            }
        },
    )
}

/// Facts that stand: those of the random ones that the calendar accepts.
fn facts() -> impl Strategy<Value = Calendar> {
    let one = (
        0u64..20 * DAY_MS,
        0i64..90,
        0i64..9,
        0u8..4,
        proptest::option::weighted(0.4, 1u64..8),
    );
    proptest::collection::vec(one, 0..9).prop_map(|drafts| {
        let mut calendar = Calendar::new("Asia/Qatar", &[Weekday::Friday, Weekday::Saturday]).unwrap();
        let mut known_ms = BASE_MS - 30 * DAY_MS;
        for (seq, (wait, first, length, status, corrects)) in (1u64..).zip(drafts) {
            known_ms += wait;
            let standing: Vec<Fact> = calendar
                .days_at(known_ms)
                .holidays()
                .iter()
                .map(|f| (*f).clone())
                .collect();
            let old = standing.iter().find(|f| Some(f.seq) == corrects);
            let mut first = plus(local(BASE_MS), first);
            let mut last = plus(first, length);
            let mut status = if status == 0 {
                FactStatus::Estimate
            } else {
                FactStatus::Announced
            };
            if let Some(old) = old {
                (first, last) = (plus(old.first, length - 4), plus(old.last, length - 4));
                if length == 4 {
                    status = FactStatus::Withdrawn;
                }
            }
            let _ = calendar.declare(Fact {
                seq,
                known_ms,
                first,
                last,
                status,
                corrects: old.map(|f| f.seq),
                name: Bilingual::new("Holiday", "عطلة"),
                source: "test".into(),
            });
        }
        calendar
    })
}

/// Steps that mostly make sense: an answer only after a question.
fn history() -> impl Strategy<Value = (History, u64)> {
    let step = (0u64..6, 0u64..DAY_MS, 0u8..14);
    (
        0u64..30 * DAY_MS,
        proptest::collection::vec(step, 0..7),
        0u64..50 * DAY_MS,
    )
        .prop_map(|(received, drafts, wait)| {
            let received_ms = BASE_MS + received;
            let (mut at_ms, mut question, mut fee) = (received_ms, false, false);
            let mut steps = Vec::new();
            for (days, ms, kind) in drafts {
                at_ms += days * DAY_MS + ms;
                let step = match kind {
                    0..=3 if question => Step::ClarificationAnswered,
                    0..=3 => Step::ClarificationAsked,
                    4..=6 if fee => Step::FeeSettled,
                    4..=6 => Step::FeeQuoted,
                    7..=9 => Step::Extended,
                    10..=11 => Step::Transferred,
                    12 => Step::Decided,
                    _ => Step::Closed,
                };
                question = matches!(step, Step::ClarificationAsked)
                    || (question && step != Step::ClarificationAnswered);
                fee = matches!(step, Step::FeeQuoted) || (fee && step != Step::FeeSettled);
                steps.push(StepAt { at_ms, step });
            }
            (History { received_ms, steps }, at_ms + wait)
        })
}

fn told(reading: &Reading) -> (Status, u64, Option<Date>, Option<(Date, Date)>) {
    let missed = reading.missed.map(|m| (m.on, m.due));
    (reading.status, reading.judged_ms, reading.due, missed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_clock_agrees_with_the_slow_model(rules in rules(), calendar in facts(), (history, now_ms) in history()) {
        let fast = read_clock(&rules, &calendar, &history, now_ms).ok();
        let slow = slow(&rules, calendar.facts(), &history, now_ms);
        prop_assert_eq!(
            fast.as_ref().map(told),
            slow.map(|s| (s.status, s.judged_ms, s.due, s.missed))
        );
    }

    #[test]
    fn the_explanation_has_every_day_once_and_ends_at_the_due_date(rules in rules(), calendar in facts(), (history, now_ms) in history()) {
        let Ok(reading) = read_clock(&rules, &calendar, &history, now_ms) else { return Ok(()) };
        let mut previous: Option<Date> = None;
        let mut counted = 0;
        let mut allowance = 0;
        for line in &reading.lines {
            prop_assert!(!line.english().is_empty() && !line.arabic().is_empty());
            if let Line::Counting { days, .. } = line {
                allowance = *days;
            }
            let Line::Run(run) = line else { continue };
            prop_assert!(run.first <= run.last);
            if let Some(previous) = previous {
                prop_assert_eq!(run.first, plus(previous, 1));
            }
            if let RunKind::Counted(first, last) = run.kind {
                prop_assert_eq!(first, counted + 1);
                prop_assert_eq!(i64::from(last - first), i64::from(day_number(run.last) - day_number(run.first)));
                counted = last;
            }
            previous = Some(run.last);
        }
        if let Some(due) = reading.due {
            prop_assert_eq!(counted, allowance);
            prop_assert!(previous == Some(due) || previous == due.yesterday().ok());
            let due = Line::Due { on: due };
            prop_assert!(reading.lines.contains(&due));
        }
    }

    #[test]
    fn an_ended_request_never_changes_whatever_is_declared_later(rules in rules(), calendar in facts(), (history, now_ms) in history(), later in 0u64..100 * DAY_MS, first in 0i64..90) {
        let Ok(before) = read_clock(&rules, &calendar, &history, now_ms) else { return Ok(()) };
        if matches!(before.status, Status::Running | Status::Paused | Status::Overdue) {
            return Ok(());
        }
        let mut calendar = calendar;
        let first = plus(local(BASE_MS), first);
        let (seq, known) = calendar.facts().last().map_or((1, 0), |f| (f.seq + 1, f.known_ms));
        let declared = calendar.declare(Fact {
            seq,
            known_ms: known.max(before.judged_ms + 1),
            first,
            last: plus(first, 5),
            status: FactStatus::Announced,
            corrects: None,
            name: Bilingual::new("Late", ""),
            source: "test".into(),
        });
        let after = read_clock(&rules, &calendar, &history, now_ms + later);
        prop_assert_eq!(after, Ok(before), "{:?}", declared);
    }

    #[test]
    fn an_extension_never_brings_the_due_date_nearer(rules in rules(), calendar in facts(), (history, now_ms) in history()) {
        let Ok(reading) = read_clock(&rules, &calendar, &history, now_ms) else { return Ok(()) };
        if let (Some(due), Some(original)) = (reading.due, reading.original_due) {
            prop_assert!(original <= due);
        }
    }

    #[test]
    fn any_times_are_answered_without_a_panic(rules in rules(), received_ms: u64, at_ms: u64, now_ms: u64, step in 0usize..8) {
        let step = [
            Step::ClarificationAsked, Step::ClarificationAnswered, Step::FeeQuoted, Step::FeeSettled,
            Step::Extended, Step::Transferred, Step::Decided, Step::Closed,
        ][step];
        let calendar = Calendar::new("Asia/Qatar", &[]).unwrap();
        let near_end = sijill_rules::END_OF_TIME_MS - 1 - received_ms % (20 * DAY_MS);
        for received_ms in [received_ms, near_end] {
            for (at_ms, now_ms) in [(at_ms, now_ms), (received_ms, received_ms), (received_ms, now_ms)] {
                let history = History { received_ms, steps: vec![StepAt { at_ms, step }] };
                let _ = read_clock(&rules, &calendar, &history, now_ms);
            }
        }
    }
}
