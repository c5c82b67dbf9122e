//! What people, moderators and the owner of a consultation try, at random.

#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a harness shared by several test files"
)]

use proptest::prelude::*;
use sijill_registers::consultation::document::Clause;

use crate::forum::*;

/// What somebody tries. Numbers choose among what is there, so most tries are sensible and some are refused.
#[derive(Debug, Clone)]
pub enum Try {
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

pub fn some_try() -> impl Strategy<Value = Try> {
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

pub fn attempt(f: &mut Forum, what: Try) -> Result<u64, &'static str> {
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
