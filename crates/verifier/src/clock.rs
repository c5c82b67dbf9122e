//! The clock of a request.
//!
//! A [`Clock`] takes steps in order of time. What lapses between them is asked for by [`Clock::lapse`]: whoever keeps the clock says when
//! days are looked at, and what came of it. Nothing here reads a clock.
//!
//! Spec: specs/rules.md §5.

use crate::calendar::{Beyond, Calendar, Day, Pause, day_at};
use crate::rules::foi::ClockRules;

/// A history has at most so many steps.
const MAX_STEPS: u32 = 1000;

/// What happens to a request, as far as its clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Asked,
    /// On the day of the act.
    Answered(Day),
    FeeQuoted,
    FeeSettled,
    Extended,
    Transferred,
    /// Decided, withdrawn, routed out, unpaid.
    Ended,
}

/// What a request comes to when nobody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lapse {
    pub(crate) day: Day,
    /// The due date that was missed for the first time.
    pub(crate) missed: Option<Day>,
    pub(crate) end: Option<Silence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    DeemedRefusal,
    Abandoned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Question {
    on: Day,
    /// Which of the pauses is its own.
    pause: Option<usize>,
}

/// The state after some steps.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    anchor: Day,
    extensions: u64,
    pauses: Vec<Pause>,
    question: Option<Question>,
    /// An open fee, and which of the pauses is its own.
    fee: Option<Option<usize>>,
    steps: u32,
    /// Whether a due date was missed.
    pub(crate) missed: bool,
    /// Days that begin at or before this moment are not looked at again.
    changed_ms: u64,
}

impl Clock {
    /// Begins with the day of receipt; entered at the moment `ms`.
    pub(crate) fn begin(received: Day, ms: u64) -> Clock {
        Clock {
            anchor: received,
            extensions: 0,
            pauses: Vec::new(),
            question: None,
            fee: None,
            steps: 0,
            missed: false,
            changed_ms: ms,
        }
    }

    /// The clock of another register, taken over at the moment `ms`. Spec: specs/foi.md §6.3.
    pub(crate) fn take_over(&self, ms: u64) -> Clock {
        Clock {
            steps: 0,
            changed_ms: ms,
            ..self.clone()
        }
    }

    pub(crate) fn has_question(&self) -> bool {
        self.question.is_some()
    }

    pub(crate) fn has_fee(&self) -> bool {
        self.fee.is_some()
    }

    /// The due date by the facts known, with the extensions that there are or, if `original`, none.
    pub(crate) fn due(
        &self,
        calendar: &Calendar,
        version: usize,
        rules: &ClockRules,
        original: bool,
    ) -> Result<Option<Day>, Beyond> {
        let extensions = if original { 0 } else { self.extensions };
        let days = rules
            .answer_days
            .saturating_add(extensions.saturating_mul(rules.extension_days));
        calendar.last_day(version, rules.counting, self.anchor, days, &self.pauses)
    }

    /// Takes a step at the moment `ms`, or says why it is refused and changes nothing.
    pub(crate) fn step(
        &mut self,
        calendar: &Calendar,
        rules: &ClockRules,
        step: Step,
        ms: u64,
    ) -> Result<(), &'static str> {
        const BEYOND: &str = "the clock would reckon beyond the year 9989";
        let on = day_at(&calendar.zone, ms).map_err(|_| BEYOND)?;
        let version = calendar.version_at(i64::try_from(ms).map_err(|_| BEYOND)?);
        let mut next = self.clone();
        if next.steps >= MAX_STEPS {
            return Err("the request has had 1000 steps");
        }
        next.steps += 1;
        next.changed_ms = ms;
        let due = self.due(calendar, version, rules, false).map_err(|_| BEYOND)?;
        let late = due.is_some_and(|due| on > due);
        match step {
            Step::Asked => {
                if next.question.is_some() {
                    return Err("a question is open already");
                }
                let pause = next.pause(on, late);
                next.question = Some(Question { on, pause });
            }
            Step::Answered(received) => {
                let question = next.question.take().ok_or("no question is open")?;
                if received < question.on {
                    return Err("the answer was received before the question was asked");
                }
                if next.end_pause(question.pause, received) && rules.clarification_restarts {
                    next.anchor = received;
                }
            }
            Step::FeeQuoted => {
                if next.fee.is_some() {
                    return Err("a fee is open already");
                }
                let pause = next.pause(on, late || !rules.fee_pauses);
                next.fee = Some(pause);
            }
            Step::FeeSettled => {
                let pause = next.fee.take().ok_or("no fee is open")?;
                next.end_pause(pause, on);
            }
            Step::Extended => {
                if next.extensions >= rules.max_extensions {
                    return Err("no extension is left");
                }
                if late {
                    return Err("the due date has passed");
                }
                next.extensions += 1;
            }
            Step::Transferred => {
                if next.question.is_some() || next.fee.is_some() {
                    return Err("a question or a fee is open");
                }
                if rules.transfer_restarts && !late {
                    next.anchor = on;
                    next.extensions = 0;
                }
            }
            Step::Ended => {}
        }
        next.due(calendar, version, rules, false).map_err(|_| BEYOND)?;
        *self = next;
        Ok(())
    }

    fn pause(&mut self, on: Day, without_effect: bool) -> Option<usize> {
        if without_effect {
            return None;
        }
        self.pauses.push(Pause {
            from: on,
            until: None,
        });
        Some(self.pauses.len() - 1)
    }

    /// Whether there was a pause to end.
    fn end_pause(&mut self, pause: Option<usize>, on: Day) -> bool {
        let pause = pause.and_then(|at| self.pauses.get_mut(at));
        let found = pause.is_some();
        if let Some(pause) = pause {
            pause.until = Some(on);
        }
        found
    }

    /// What lapses on the first of the days `from` to `to` on which the request ends, or its due date is missed for the first time.
    ///
    /// Spec: specs/rules.md §5.3.
    pub(crate) fn lapse(
        &self,
        calendar: &Calendar,
        rules: &ClockRules,
        from: Day,
        to: Day,
    ) -> Result<Option<Lapse>, Beyond> {
        let from = from.max(day_at(&calendar.zone, self.changed_ms)? + 1);
        let overdue = if self.missed && !rules.deemed_refusal {
            None
        } else {
            calendar.lapse_between(from, to, |version| self.due(calendar, version, rules, false))?
        };
        let abandoned = match (self.question, rules.clarification_limit_days) {
            (Some(question), Some(days)) => calendar.lapse_between(from, to, |version| {
                calendar.last_day(version, rules.counting, question.on, days, &[])
            })?,
            _ => None,
        };
        Ok(match (overdue, abandoned) {
            (Some((day, due)), other)
                if other.is_none_or(|(end, _)| day < end || (day == end && rules.deemed_refusal)) =>
            {
                Some(Lapse {
                    day,
                    missed: (!self.missed).then_some(due),
                    end: rules.deemed_refusal.then_some(Silence::DeemedRefusal),
                })
            }
            (_, Some((day, _))) => Some(Lapse {
                day,
                missed: None,
                end: Some(Silence::Abandoned),
            }),
            (_, None) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::calendar::start_of;
    use crate::calendar::tests::{calendar, counting, on};
    use crate::vectors::vectors;

    fn rules(pack: &Value) -> ClockRules {
        let clock = &pack["clock"];
        ClockRules {
            answer_days: clock["answer_days"].as_u64().unwrap(),
            counting: counting(clock),
            max_extensions: clock["max_extensions"].as_u64().unwrap(),
            extension_days: clock["extension_days"].as_u64().unwrap(),
            deemed_refusal: clock["silence"] == "deemed_refusal",
            clarification_restarts: clock["clarification"] == "restart",
            clarification_limit_days: clock["clarification_limit_days"].as_u64(),
            fee_pauses: clock["fee_policy"] == "pauses",
            transfer_restarts: clock["transfer"] == "restart",
            grievance_days: None,
            grievance_decision_days: None,
            grievance_deemed_refusal: false,
        }
    }

    /// Lives through the days up to the moment `ms`: when the request ended, and by what.
    fn live(
        clock: &mut Clock,
        missed: &mut Option<(Day, Day)>,
        calendar: &Calendar,
        rules: &ClockRules,
        ms: u64,
    ) -> Option<(Day, Silence)> {
        let today = day_at(&calendar.zone, ms).unwrap();
        let mut from = 0;
        while let Some(lapse) = clock.lapse(calendar, rules, from, today).unwrap() {
            if let Some(due) = lapse.missed {
                clock.missed = true;
                *missed = Some((lapse.day, due));
            }
            if let Some(end) = lapse.end {
                return Some((lapse.day, end));
            }
            from = lapse.day;
        }
        None
    }

    #[test]
    fn clocks_of_the_model() {
        let (mut read, mut refused, mut silent) = (0, 0, 0);
        for case in vectors("deadlines")["clocks"].as_array().unwrap() {
            let name = &case["name"];
            if case["error"] == "order" {
                // An order of a history that no ledger can have.
                continue;
            }
            let (calendar, rules) = (calendar(case), rules(&case["pack"]));
            let received = case["received_ms"].as_u64().unwrap();
            let now = case["now_ms"].as_u64().unwrap();
            let mut clock = Clock::begin(day_at(&calendar.zone, received).unwrap(), received);
            let mut missed = None;
            let mut end: Option<(&str, Day, u64)> = None;
            let mut error = None;
            let silence = |(day, silence): (Day, Silence)| {
                let start = start_of(&calendar.zone, day).unwrap().try_into().unwrap();
                let name = match silence {
                    Silence::DeemedRefusal => "deemed_refusal",
                    Silence::Abandoned => "abandoned",
                };
                (name, day, start)
            };
            for step in case["steps"].as_array().unwrap() {
                let at = step["at_ms"].as_u64().unwrap();
                if end.is_none() {
                    end = live(&mut clock, &mut missed, &calendar, &rules, at).map(silence);
                }
                if end.is_some() {
                    error = Some("after the end");
                    break;
                }
                let today = day_at(&calendar.zone, at).unwrap();
                let kind = step["step"].as_str().unwrap();
                let taken = match kind {
                    "clarification_asked" => Step::Asked,
                    "clarification_answered" => Step::Answered(today),
                    "fee_quoted" => Step::FeeQuoted,
                    "fee_settled" => Step::FeeSettled,
                    "extended" => Step::Extended,
                    "transferred" => Step::Transferred,
                    _ => Step::Ended,
                };
                if let Err(reason) = clock.step(&calendar, &rules, taken, at) {
                    error = Some(reason);
                    break;
                }
                if taken == Step::Ended {
                    end = Some((kind, today, at));
                }
            }
            assert_eq!(error.is_some(), case["error"].is_string(), "{name}: {error:?}");
            if error.is_some() {
                refused += 1;
                continue;
            }
            if end.is_none() {
                end = live(&mut clock, &mut missed, &calendar, &rules, now).map(silence);
                silent += u64::from(end.is_some());
            }
            let expected = &case["expect"];
            let judged = end.map_or(now, |(_, _, ms)| ms);
            assert_eq!(expected["judged_ms"], judged, "{name}");
            let version = calendar.version_at(i64::try_from(judged).unwrap());
            let due = clock.due(&calendar, version, &rules, false).unwrap();
            assert_eq!(due, expected["due"].as_str().map(on), "{name}");
            let original = clock.due(&calendar, version, &rules, true).unwrap();
            assert_eq!(original, expected["original_due"].as_str().map(on), "{name}");
            assert_eq!(
                missed.map(|(day, _)| day),
                expected["missed_on"].as_str().map(on),
                "{name}"
            );
            assert_eq!(
                missed.map(|(_, due)| due),
                expected["missed_due"].as_str().map(on),
                "{name}"
            );
            assert_eq!(
                end.map(|(_, day, _)| day),
                expected["on"].as_str().map(on),
                "{name}"
            );
            read += 1;
        }
        assert!(
            read > 250 && refused > 100 && silent > 20,
            "{read} {refused} {silent}"
        );
    }
}
