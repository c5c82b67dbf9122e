//! Random histories of a consultation: whatever people, moderators and the owner try, a replay gives the same state,
//! replies stay where they are, counts follow, and nothing is lost. Spec: specs/consultation.md.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod forum;

use std::collections::BTreeMap;

use forum::*;
use proptest::prelude::*;
use sijill_registers::consultation::document::Clause;
use sijill_registers::consultation::{Act, Standing};

/// What somebody tries. Numbers choose among what is there, so most tries are sensible and some are refused.
#[derive(Debug, Clone)]
enum Try {
    Enrol {
        person: u8,
        key: Option<u8>,
        category: u8,
    },
    Change {
        person: u8,
        key: Option<u8>,
        category: u8,
    },
    Comment {
        key: u8,
        clause: Option<u8>,
    },
    Reply {
        key: u8,
        to: u8,
    },
    Attest {
        person: u8,
    },
    Withdraw {
        key: u8,
        comment: u8,
    },
    Hide {
        moderator: bool,
        comment: u8,
        code: u8,
    },
    Restore {
        moderator: bool,
        comment: u8,
    },
    Appeal {
        comment: u8,
    },
    Decide {
        moderator: bool,
        comment: u8,
        decision: u8,
    },
    Respond {
        key: u8,
        option: u16,
    },
    Publish {
        clauses: u8,
        moved: bool,
    },
    Theme {
        theme: u8,
    },
    Assign {
        theme: u8,
        comment: u8,
        remove: bool,
    },
    AssignAll,
    Answer {
        comment: u8,
    },
    Report {
        outcome: u8,
    },
    Archive,
    Extend {
        days: u32,
    },
    TakeLate,
    NextDay {
        days: u8,
        close: bool,
    },
    Erase {
        comment: u8,
    },
}

fn byte() -> impl Strategy<Value = u8> {
    any::<u8>()
}

fn yes_or_no() -> impl Strategy<Value = bool> {
    any::<bool>()
}

fn some_try() -> impl Strategy<Value = Try> {
    let id = 1..=6u8;
    prop_oneof![
        2 => (id.clone(), proptest::option::of(1..=9u8), 1..=4u8)
            .prop_map(|(person, key, category)| Try::Enrol { person, key, category }),
        2 => (id.clone(), proptest::option::of(1..=20u8), 1..=3u8)
            .prop_map(|(person, key, category)| Try::Change { person, key, category }),
        8 => (1..=9u8, proptest::option::of(byte())).prop_map(|(key, clause)| Try::Comment { key, clause }),
        8 => (1..=9u8, byte()).prop_map(|(key, to)| Try::Reply { key, to }),
        2 => id.prop_map(|person| Try::Attest { person }),
        2 => (1..=9u8, byte()).prop_map(|(key, comment)| Try::Withdraw { key, comment }),
        4 => (yes_or_no(), byte(), 0..=8u8)
            .prop_map(|(moderator, comment, code)| Try::Hide { moderator, comment, code }),
        2 => (yes_or_no(), byte()).prop_map(|(moderator, comment)| Try::Restore { moderator, comment }),
        4 => byte().prop_map(|comment| Try::Appeal { comment }),
        4 => (yes_or_no(), byte(), 0..=3u8)
            .prop_map(|(moderator, comment, decision)| Try::Decide { moderator, comment, decision }),
        2 => (1..=9u8, 0..=3u16).prop_map(|(key, option)| Try::Respond { key, option }),
        2 => (byte(), yes_or_no()).prop_map(|(clauses, moved)| Try::Publish { clauses, moved }),
        1 => (0..=3u8).prop_map(|theme| Try::Theme { theme }),
        2 => (0..=3u8, byte(), yes_or_no())
            .prop_map(|(theme, comment, remove)| Try::Assign { theme, comment, remove }),
        1 => Just(Try::AssignAll),
        1 => byte().prop_map(|comment| Try::Answer { comment }),
        1 => (1..=3u8).prop_map(|outcome| Try::Report { outcome }),
        1 => Just(Try::Archive),
        1 => (0..=10u32).prop_map(|days| Try::Extend { days }),
        1 => Just(Try::TakeLate),
        3 => (0..=9u8, yes_or_no()).prop_map(|(days, close)| Try::NextDay { days, close }),
        1 => byte().prop_map(|comment| Try::Erase { comment }),
    ]
}

/// A comment that is there, or one that is not.
fn pick(f: &Forum, n: u8) -> u64 {
    let all: Vec<u64> = f.state().comments().map(|(p, _)| p).collect();
    match all.len() {
        0 => 3,
        len => *all.get(usize::from(n) % (len + 1)).unwrap_or(&3),
    }
}

fn theme_id(n: u8) -> String {
    format!("theme-{n}")
}

/// The clauses of a bit set, with a wording that depends on it too.
fn clauses(bits: u8) -> Vec<Clause> {
    let all = (0..4u8).filter(|i| bits & (1 << i) != 0).map(|i| {
        let wording = if bits & 0x10 == 0 { "old" } else { "new" };
        clause(
            &format!("c{i}"),
            &format!("{}", i + bits / 32),
            &format!("The {wording} clause {i}."),
        )
    });
    all.collect()
}

fn attempt(f: &mut Forum, what: Try) -> Result<u64, &'static str> {
    match what {
        Try::Enrol {
            person,
            key,
            category,
        } => f.enrol_as(person, key, category, true),
        Try::Change {
            person,
            key,
            category,
        } => f.change(person, key, category),
        Try::Comment { key, clause } => {
            let on = clause.and_then(|n| {
                let (_, document) = f.state().latest()?;
                let all = document.clauses();
                Some(f.on(&all[usize::from(n) % all.len()].id))
            });
            f.comment(key, on, "a comment")
        }
        Try::Reply { key, to } => f.reply(key, pick(f, to), "a reply"),
        Try::Attest { person } => f.attest(person, "at the counter"),
        Try::Withdraw { key, comment } => f.withdraw(key, pick(f, comment)),
        Try::Hide {
            moderator,
            comment,
            code,
        } => f.hide(usize::from(moderator), pick(f, comment), code),
        Try::Restore { moderator, comment } => f.restore(usize::from(moderator), pick(f, comment)),
        Try::Appeal { comment } => {
            let comment = pick(f, comment);
            let author = f.state().comment(comment).map(|c| c.person);
            let seed = (1..=20).find(|k| f.state().person_of(&key(*k).key_id()) == author);
            f.appeal(seed.unwrap_or(1), comment)
        }
        Try::Decide {
            moderator,
            comment,
            decision,
        } => f.decide(usize::from(moderator), pick(f, comment), decision),
        Try::Respond { key, option } => f.respond(key, vec![vec![option]]),
        Try::Publish { clauses: bits, moved } => {
            let new = clauses(bits);
            let is_new = |id: &str| new.iter().any(|c| c.id == id);
            let gone = f.state().latest().and_then(|(_, d)| {
                let gone = d.clauses().iter().find(|c| !is_new(&c.id))?;
                Some(gone.id.clone())
            });
            match (moved, gone, new.first()) {
                (true, Some(gone), Some(to)) => f.publish(&new, &[(&gone, &to.id)]),
                _ => f.publish(&new, &[]),
            }
        }
        Try::Theme { theme } => f.theme(&theme_id(theme)),
        Try::Assign {
            theme,
            comment,
            remove,
        } => {
            let comment = [pick(f, comment)];
            let (added, removed): (&[u64], &[u64]) = if remove { (&[], &comment) } else { (&comment, &[]) };
            f.assign(&theme_id(theme), added, removed)
        }
        Try::AssignAll => {
            let open = f.read().coverage().uncovered;
            f.assign(&theme_id(0), &open, &[])
        }
        Try::Answer { comment } => f.answer(&[pick(f, comment)]),
        Try::Report { outcome } => {
            let themes: Vec<String> = f.state().themes().map(|(id, _)| id.to_owned()).collect();
            let outcomes: Vec<_> = themes.iter().map(|t| (t.as_str(), outcome)).collect();
            f.report(&outcomes)
        }
        Try::Archive => f.archive(),
        Try::Extend { days } => f.settle(|s| {
            s.last += days;
            s.report_due = s.report_due.max(s.last + 1);
        }),
        Try::TakeLate => f.settle(|s| s.late = 2),
        Try::NextDay { days, close } => {
            f.now += u64::from(days) * DAY_MS + 1;
            let yesterday = f.day_of(f.now) - 1;
            if close && f.state().last_closed() < Some(yesterday) {
                f.close_day_number(yesterday);
            }
            Ok(0)
        }
        Try::Erase { comment } => {
            let text = f.state().comment(pick(f, comment)).map(|c| c.text.commitment);
            f.erase(&text.into_iter().collect::<Vec<_>>())
        }
    }
}

/// What must never change once it is there: who said what, under what, on which clause.
fn lasting(f: &Forum) -> Vec<String> {
    f.state()
        .comments()
        .map(|(p, c)| {
            format!(
                "{p} {:?} {:?} {:?} {:?} {}",
                c.person,
                c.reply_to,
                c.clause,
                c.text,
                f.read().is_late(c)
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_lost_whatever_is_tried(tries in proptest::collection::vec(some_try(), 1..120)) {
        let mut f = Forum::open();
        f.enrol(1, Some(1)).unwrap();
        f.enrol(2, Some(2)).unwrap();
        let mut before = Vec::new();
        for what in tries {
            f.catch_up();
            let size = f.size();
            let log = f.log();
            let outcome = attempt(&mut f, what.clone());
            if let Err(code) = outcome {
                prop_assert_eq!(f.size(), size, "{:?} was refused ({}) and left something", what, code);
                prop_assert_eq!(f.log(), log);
            }
            let now = lasting(&f);
            prop_assert_eq!(&now[..before.len()], &before[..], "{:?} changed what was said", what);
            before = now;
            // One person, one voice.
            let participants = f.read().counts().participants;
            prop_assert!(participants <= 6 && f.state().responses().count() as u64 <= participants);
            // A granted appeal was granted by another moderator than the one who hid the comment.
            for (_, comment) in f.state().comments() {
                let mut hidden_by = None;
                for step in &comment.steps {
                    match &step.act {
                        Act::Hidden { by, .. } => hidden_by = Some(*by),
                        Act::AppealGranted { by, .. } | Act::AppealRejected { by, .. } => {
                            prop_assert_ne!(Some(*by), hidden_by);
                        }
                        _ => {}
                    }
                }
                let withdrawn = comment.steps.iter().any(|s| matches!(s.act, Act::Withdrawn { .. }));
                prop_assert_eq!(withdrawn, comment.standing == Standing::Withdrawn, "a withdrawal is for good");
            }
            // An archive rests on a report that answered everything.
            if f.state().archived() == Some(size) {
                let coverage = f.read().coverage();
                prop_assert!(coverage.uncovered.is_empty());
                prop_assert!(coverage.themes.iter().all(|t| t.outcome.is_some()));
            }
        }
        f.check();
    }
}

/// The histories above would prove nothing if everything in them were refused: everything that can be tried succeeds
/// now and then, and almost everything is refused now and then.
#[test]
fn everything_that_is_tried_succeeds_sometimes() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let some = proptest::collection::vec(some_try(), 120);
    let (mut accepted, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..150 {
        let mut f = Forum::open();
        f.enrol(1, Some(1)).unwrap();
        f.enrol(2, Some(2)).unwrap();
        for what in some.new_tree(&mut runner).unwrap().current() {
            let name = format!("{what:?}")
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned();
            match attempt(&mut f, what) {
                Ok(_) => *accepted.entry(name).or_insert(0) += 1,
                Err(code) => *refused.entry(code).or_insert(0) += 1,
            }
        }
    }
    assert_eq!(accepted.len(), 22, "{accepted:?}");
    for code in [
        "order",
        "settings",
        "document",
        "participant",
        "eligibility",
        "window",
        "comment",
        "moderation",
        "response",
        "answer",
        "theme",
        "report",
    ] {
        assert!(
            refused.contains_key(format!("consultation.{code}").as_str()),
            "{code}: {refused:?}"
        );
    }
}
