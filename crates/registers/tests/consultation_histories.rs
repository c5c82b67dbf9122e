//! Random histories of a consultation: whatever people, moderators and the owner try, a replay gives the same state,
//! replies stay where they are, counts follow, and nothing is lost. Spec: specs/consultation.md.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod forum;
mod tries;

use std::collections::BTreeMap;

use forum::*;
use proptest::prelude::*;
use sijill_registers::consultation::{Act, Standing};
use tries::{attempt, some_try};

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
