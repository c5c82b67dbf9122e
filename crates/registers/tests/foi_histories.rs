//! Random histories of a register, against a slow model that lives through every beginning of a day and knows nothing
//! of the engine: which steps stand, what the clock brings about, and when what is open is due.
//!
//! Spec: specs/jurisdiction.md §2, specs/foi.md §4, §8, specs/rules.md §4, §5.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod jurisdiction;

use std::collections::{BTreeMap, BTreeSet};

use jurisdiction::{FULL, World, local, moment};
use proptest::prelude::*;
use sijill_registers::foi::events::*;

const DAY_MS: u64 = 86_400_000;

fn midnight(day: u32) -> u64 {
    u64::from(day) * DAY_MS - 3 * 3_600_000
}

#[derive(Debug, Clone)]
struct Law {
    answer: u32,
    working: bool,
    next_working: bool,
    rolls: bool,
    extensions: u32,
    extension: u32,
    deems: bool,
    restarts: bool,
    limit: Option<u32>,
    fee_pauses: bool,
}

impl Law {
    fn pack(&self) -> String {
        let pick = |yes, a: &str, b: &str| if yes { a.to_owned() } else { b.to_owned() };
        let limit = self
            .limit
            .map_or(String::new(), |n| format!("clarification_limit_days = {n}"));
        let clock = format!(
            "answer_days = {}\nunit = \"{}\"\nstart = \"{}\"\nroll = \"{}\"\nmax_extensions = {}\nextension_days = {}\nsilence = \"{}\"\nclarification = \"{}\"\n{limit}\nfee_policy = \"{}\"\ntransfer = \"restart\"\n",
            self.answer,
            pick(self.working, "working", "calendar"),
            pick(self.next_working, "next_working_day", "next_day"),
            pick(self.rolls, "next_working_day", "none"),
            self.extensions,
            if self.extensions == 0 { 0 } else { self.extension },
            pick(self.deems, "deemed_refusal", "none"),
            pick(self.restarts, "restart", "pause"),
            pick(self.fee_pauses, "pauses", "none"),
        );
        let (head, rest) = FULL.split_once("[clock]\n").unwrap();
        let (_, tail) = rest.split_once("[[exemptions]]").unwrap();
        format!("{head}[clock]\n{clock}[[exemptions]]{tail}")
    }
}

/// What the register knows: holidays, each with the moment from which it knows them.
#[derive(Default)]
struct Known {
    /// First and last day, when the calendar took it, and when the register came to know it.
    holidays: Vec<(u32, u32, u64, Option<u64>)>,
}

impl Known {
    /// The register cites everything, with an entry at `now`, the entry before it at `before`.
    fn cite(&mut self, before: u64, now: u64) {
        for holiday in &mut self.holidays {
            let taken = holiday.2;
            holiday.3.get_or_insert(if taken > before {
                taken.min(now)
            } else {
                before + 1
            });
        }
    }

    fn works(&self, day: u32, at: u64) -> bool {
        // 1970-01-01 was a Thursday, and nobody works on Fridays and Saturdays.
        !matches!(day % 7, 1 | 2)
            && !self
                .holidays
                .iter()
                .any(|h| h.3.is_some_and(|known| known <= at) && h.0 <= day && day <= h.1)
    }
}

#[derive(Debug, Clone)]
struct Case {
    seq: u64,
    anchor: u32,
    looked_at: u32,
    extensions: u32,
    pauses: Vec<(u32, Option<u32>)>,
    question: Option<(u32, Option<usize>)>,
    fee: Option<Option<usize>>,
    missed: Option<u32>,
    ended: bool,
    brought: BTreeSet<(String, u32)>,
}

impl Case {
    fn last_day(&self, law: &Law, known: &Known, at: u64, anchor: u32, n: u32, paused: bool) -> Option<u32> {
        let pauses: &[(u32, Option<u32>)] = if paused { &self.pauses } else { &[] };
        let stopped: BTreeSet<u32> = pauses
            .iter()
            .filter_map(|p| Some((p.0, p.1?)))
            .flat_map(|(from, until)| from + 1..=until)
            .collect();
        let held: BTreeSet<u32> = pauses
            .iter()
            .filter_map(|p| Some((p.0, p.1?)))
            .filter(|(from, until)| from < until)
            .flat_map(|(from, until)| from..=until)
            .collect();
        let open = pauses.iter().filter(|p| p.1.is_none()).map(|p| p.0).min();
        let mut day = anchor + 1;
        while law.next_working && !known.works(day, at) {
            day += 1;
        }
        let mut counted = 0;
        loop {
            if open.is_some_and(|open| day > open) {
                return None;
            }
            if !stopped.contains(&day) && (!law.working || known.works(day, at)) {
                counted += 1;
            }
            let may_end = !held.contains(&day)
                && open != Some(day)
                && (!(law.working || law.rolls) || known.works(day, at));
            if counted >= n && may_end {
                return Some(day);
            }
            day += 1;
        }
    }

    fn due(&self, law: &Law, known: &Known, at: u64) -> Option<u32> {
        let n = law.answer + self.extensions * law.extension;
        self.last_day(law, known, at, self.anchor, n, true)
    }

    /// Lives through the beginnings of all days up to `until`.
    fn live(&mut self, law: &Law, known: &Known, until: u32) {
        while self.looked_at < until && !self.ended {
            self.looked_at += 1;
            let (day, at) = (self.looked_at, midnight(self.looked_at));
            let lapsed = self.due(law, known, at).is_some_and(|due| due < day);
            let limit = self
                .question
                .zip(law.limit)
                .and_then(|((asked, _), n)| self.last_day(law, known, at, asked, n, false));
            let abandoned = limit.is_some_and(|limit| limit < day);
            if lapsed && (law.deems || !abandoned) && self.missed.is_none() {
                self.missed = Some(day);
                self.brought.insert(("missed".into(), day));
            }
            if lapsed && law.deems {
                self.brought.insert(("deemed".into(), day));
                self.ended = true;
            } else if abandoned {
                self.brought.insert(("abandoned".into(), day));
                self.ended = true;
            }
        }
    }

    /// Whether the step stands.
    fn step(&mut self, law: &Law, known: &Known, at: u64, act: Act) -> bool {
        if self.ended {
            return false;
        }
        let today = local(at);
        let late = self.due(law, known, at).is_some_and(|due| due < today);
        match act {
            Act::Question => {
                if self.question.is_some() {
                    return false;
                }
                let pause = (!late).then(|| self.pause(today));
                self.question = Some((today, pause));
            }
            Act::Answer(back) => {
                let Some((asked, pause)) = self.question else {
                    return false;
                };
                let day = today - back;
                if day < asked {
                    return false;
                }
                self.question = None;
                if let Some(pause) = pause {
                    self.pauses[pause].1 = Some(day);
                    if law.restarts {
                        self.anchor = day;
                    }
                }
            }
            Act::Fee => {
                if self.fee.is_some() {
                    return false;
                }
                self.fee = Some((law.fee_pauses && !late).then(|| self.pause(today)));
            }
            Act::Settle => {
                let Some(pause) = self.fee.take() else {
                    return false;
                };
                if let Some(pause) = pause {
                    self.pauses[pause].1 = Some(today);
                }
            }
            Act::Extend => {
                if late || self.extensions == law.extensions {
                    return false;
                }
                self.extensions += 1;
            }
            Act::Withdraw | Act::Decide => self.ended = true,
        }
        true
    }

    fn pause(&mut self, day: u32) -> usize {
        self.pauses.push((day, None));
        self.pauses.len() - 1
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Question,
    /// By a letter that came so many days ago, if not 0.
    Answer(u32),
    Fee,
    Settle,
    Extend,
    Decide,
    Withdraw,
}

#[derive(Debug, Clone, Copy)]
enum Move {
    /// So many hours pass.
    Wait(u64),
    /// A request; by a letter that came so many days ago, if not 0.
    Submit(u32),
    /// An act on one of the requests.
    Act(usize, Act),
    /// A holiday, from so many days from now (or ago) on, so many days long.
    Holiday(i64, u32),
    /// The register looks at the calendar.
    See,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let act = prop_oneof![
        3 => Just(Act::Question),
        3 => (0u32..4).prop_map(Act::Answer),
        2 => Just(Act::Fee),
        2 => Just(Act::Settle),
        3 => Just(Act::Extend),
        1 => Just(Act::Decide),
        1 => Just(Act::Withdraw),
    ];
    let one = prop_oneof![
        6 => (1u64..200).prop_map(Move::Wait),
        2 => prop_oneof![Just(0u32), 0u32..30].prop_map(Move::Submit),
        6 => (0usize..6, act).prop_map(|(i, act)| Move::Act(i, act)),
        2 => (-3i64..30, 1u32..5).prop_map(|(from, days)| Move::Holiday(from, days)),
        1 => Just(Move::See),
    ];
    proptest::collection::vec(one, 1..40)
}

fn laws() -> impl Strategy<Value = Law> {
    let flags = any::<[bool; 6]>();
    let limit = proptest::option::of(1u32..20);
    (1u32..15, flags, 0u32..3, 1u32..10, limit).prop_map(|(answer, flags, extensions, extension, limit)| {
        let [working, next_working, rolls, deems, restarts, fee_pauses] = flags;
        Law {
            answer,
            working,
            next_working,
            rolls,
            extensions,
            extension,
            deems,
            restarts,
            limit,
            fee_pauses,
        }
    })
}

struct Both {
    w: World,
    law: Law,
    known: Known,
    cases: Vec<Case>,
    closed: u32,
}

impl Both {
    fn new(law: Law) -> Self {
        let mut w = World::under(&law.pack(), "2025-12-01 09:00");
        w.awake = false;
        w.replay = false;
        let closed = local(w.now) - 1;
        Self {
            w,
            law,
            known: Known::default(),
            cases: Vec::new(),
            closed,
        }
    }

    fn before(&self) -> u64 {
        self.w.foi(self.w.register).days().moment_ms().unwrap()
    }

    /// The service wakes before anything happens on a new day.
    fn wake(&mut self) {
        let today = local(self.w.now);
        if self.closed + 1 < today {
            self.known.cite(self.before(), self.w.now);
            self.closed = today - 1;
            self.w.close(self.w.register, self.closed).unwrap();
        }
        for case in &mut self.cases {
            case.live(&self.law, &self.known, today);
        }
    }

    fn submit(&mut self, back: u32) {
        self.wake();
        let today = local(self.w.now);
        let letter = (back > 0).then(|| {
            let scan = self.w.commit("a scan");
            Letter {
                received_on: today - back,
                scan,
            }
        });
        let event = FoiEvent::RequestSubmitted(RequestSubmitted {
            requester: self.w.commit("Somebody"),
            text: self.w.commit("Something"),
            letter,
        });
        let seq = self.w.size(self.w.register);
        if letter.is_some() {
            self.w.act(event).unwrap();
        } else {
            self.w.ask(event).unwrap();
        }
        self.w.admit(seq);
        self.cases.push(Case {
            seq,
            anchor: today - back,
            looked_at: today,
            extensions: 0,
            pauses: Vec::new(),
            question: None,
            fee: None,
            missed: None,
            ended: false,
            brought: BTreeSet::new(),
        });
    }

    fn act(&mut self, which: usize, act: Act) {
        if self.cases.is_empty() {
            return;
        }
        self.wake();
        let which = which % self.cases.len();
        let request = self.cases[which].seq;
        if self.cases[which].ended && matches!(act, Act::Withdraw) {
            // The same withdrawal again is the same event, whose place is told.
            return;
        }
        let today = local(self.w.now);
        let done = match act {
            Act::Question => self.w.question(request),
            Act::Answer(0) => self.w.answer(request),
            Act::Answer(back) => {
                let scan = self.w.commit("a scan");
                let letter = Some(Letter {
                    received_on: today - back,
                    scan,
                });
                let answer = self.w.commit("The blue one");
                self.w.act(FoiEvent::ClarificationGiven(ClarificationGiven {
                    request,
                    answer,
                    letter,
                }))
            }
            Act::Fee => self.w.act(FoiEvent::FeeQuoted(FeeQuoted {
                request,
                amount: 5_000,
                currency: "QAR".into(),
                pay_by: today + 30,
            })),
            Act::Settle => self.w.act(FoiEvent::FeeSettled(FeeSettled { request, how: 2 })),
            Act::Extend => self.w.extend(request),
            Act::Decide => {
                let documents = vec![self.w.document(4, &[])];
                self.w.decide(request, documents)
            }
            Act::Withdraw => self.w.ask(FoiEvent::RequestWithdrawn(RequestWithdrawn {
                request,
                letter: None,
            })),
        };
        let case = &mut self.cases[which];
        let allowed = case.step(&self.law, &self.known, self.w.now, act);
        assert_eq!(done.is_ok(), allowed, "{act:?} on {case:?}: {done:?}");
        if let Err(refused) = done {
            assert!(matches!(refused.code(), "foi.order" | "foi.clock"), "{refused:?}");
        }
    }

    fn holiday(&mut self, from: i64, days: u32) {
        let first = u32::try_from(i64::from(local(self.w.now)) + from).unwrap();
        let text = |day| sijill_rules::numbered_day(day).unwrap().to_string();
        let last = first + days - 1;
        let declared = self.w.holiday("Holiday", &text(first), &text(last), 2, None);
        let overlaps = self.known.holidays.iter().any(|h| h.0 <= last && first <= h.1);
        assert_eq!(declared.is_ok(), !overlaps);
        if declared.is_ok() {
            self.known.holidays.push((first, last, self.w.now, None));
        }
    }

    fn see(&mut self) {
        self.wake();
        let fresh = self.known.holidays.iter().any(|h| h.3.is_none());
        let before = self.before();
        if fresh && self.w.now > before {
            self.w.see(self.w.register).unwrap();
            self.known.cite(before, self.w.now);
        }
    }

    fn compare(&mut self) {
        self.wake();
        let mut brought: BTreeMap<u64, BTreeSet<(String, u32)>> = BTreeMap::new();
        let all = self.w.brought_about(self.w.register);
        let count = all.len();
        for (name, item, day) in all {
            brought.entry(item).or_default().insert((name, day));
        }
        assert_eq!(
            brought.values().map(BTreeSet::len).sum::<usize>(),
            count,
            "each once"
        );
        for (number, case) in (1..).zip(&self.cases) {
            let found = brought.remove(&case.seq).unwrap_or_default();
            assert_eq!(found, case.brought, "{case:?}");
            if !case.ended {
                let now = self.w.foi(self.w.register).days().moment_ms().unwrap();
                let due = case.due(&self.law, &self.known, now);
                let due = due.map(|d| sijill_rules::numbered_day(d).unwrap().to_string());
                let shown = self.w.due(number)["due"].as_str().map(str::to_owned);
                assert_eq!(shown, due, "{case:?}");
            }
        }
        self.w.check_replay(self.w.register);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_are_those_of_the_slow_model(law in laws(), moves in moves()) {
        let mut both = Both::new(law);
        prop_assert_eq!(both.w.now / DAY_MS, moment("2025-12-01 09:00") / DAY_MS);
        for one in moves {
            both.w.now += 1;
            match one {
                Move::Wait(hours) => both.w.now += hours * 3_600_000,
                Move::Submit(back) => both.submit(back),
                Move::Act(which, act) => both.act(which, act),
                Move::Holiday(from, days) => both.holiday(from, days),
                Move::See => both.see(),
            }
        }
        both.compare();
        both.w.now += 60 * DAY_MS;
        both.compare();
    }
}
