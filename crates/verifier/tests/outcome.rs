//! What follows from a result: adopted rules, seats, ties, recounts, removed candidates, objections, outcomes.
//!
//! Honest events are verified, and for every rule there is a ledger with exactly that fault, which is found under its code.
//!
//! Spec: specs/outcome.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::BTreeSet;

use sijill_verifier::{
    CheckVerdict, EarlierReport, ElectedBy, Profile, QuestionOutcome, Report, Stage, Verdict,
    verify_event_source, verify_event_source_since,
};
use support::Moment::{Begun, BoxesDefined, Defined, PollOpened, Published, Returned, TrusteesFixed};
use support::{EAST, Event, Moment, Paper, Plan, RULES, Script, WEST, play, polling_day};

type Steps<'a> = dyn Fn(Moment, &mut Script<'_>) + 'a;
type Play<'a> = &'a Steps<'a>;

fn event(plan: &Plan, script: Play<'_>) -> Event {
    play(plan, &|_| {}, &|_, bytes| bytes, script)
}

fn verify(event: &Event, profile: Profile, stage: Stage) -> Report {
    let files = event.files(profile == Profile::Accredited);
    verify_event_source(&files, Some(&event.trust(None)), profile, stage).unwrap()
}

/// The codes under which something failed, each with how often.
fn codes(report: &Report) -> Vec<&'static str> {
    let checks = report.checks.iter();
    let failed = checks.filter(|check| check.verdict == CheckVerdict::Fail);
    failed
        .flat_map(|check| check.counter_examples.iter().map(|example| example.code))
        .collect()
}

/// The report of the accredited profile, which is the same with one thread and with eight.
fn report(plan: &Plan, script: Play<'_>, stage: Stage) -> Report {
    let event = event(plan, script);
    let [one, eight] = [1, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let mut report = pool.install(|| verify(&event, Profile::Accredited, stage));
        report.elapsed_ms = 0;
        report.checks.iter_mut().for_each(|check| check.millis = 0);
        report
    });
    assert_eq!(one, eight);
    one
}

/// Verified by everybody, up to the certificate.
fn honest(plan: &Plan, script: Play<'_>) -> Report {
    let verified = report(plan, script, Stage::Certified);
    assert_eq!(verified.verdict, Verdict::Verified, "{}", verified.to_text());
    let public = verify(&event(plan, script), Profile::Public, Stage::Certified);
    assert_eq!(public.verdict, Verdict::Verified, "{}", public.to_text());
    assert_eq!(public.boxes, verified.boxes);
    verified
}

const SEATS: &str = "\"max\":1}]";

/// `west` is a contest of `answers` for `seats`, on paper alone; `east` elects nobody.
fn contest(answers: usize, seats: usize, votes: &[u64]) -> Plan {
    let mut plan = Plan::new();
    assert!(plan.manifest.ends_with("\"max\":1}]}]}"));
    plan.west = answers;
    plan.seats = seats;
    plan.papers[WEST] = west(votes);
    plan
}

/// Papers of `west`, as many as the most votes.
fn west(votes: &[u64]) -> Paper {
    Paper::new(votes.iter().copied().max().unwrap_or(0), 0, &[votes])
}

fn adopt(moment: Moment, script: &mut Script<'_>) {
    if moment == Defined {
        script.adopt(RULES, polling_day());
    }
}

const NOBODY: &str = "{\"seats\":0},{\"seats\":0}";

/// Publishes both outcomes, certifies.
fn finish(script: &mut Script<'_>, west: &str) {
    script.outcome(EAST, NOBODY);
    script.outcome(WEST, west);
    script.certify();
}

fn west_of(report: &Report) -> &QuestionOutcome {
    &report.boxes[WEST].outcome.as_ref().unwrap().questions[0]
}

fn elected(report: &Report) -> Vec<(u16, ElectedBy)> {
    let elected = west_of(report).elected.as_ref().unwrap().iter();
    elected.map(|elected| (elected.answer, elected.by)).collect()
}

use ElectedBy::{CastingVote, Lots, Unopposed, Votes};

#[test]
fn a_question_without_seats_elects_nobody() {
    let report = honest(&Plan::new(), &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            finish(script, "{\"seats\":0}");
        }
    });
    assert!(west_of(&report).seats.is_none() && west_of(&report).elected.is_none());
    assert!(!report.to_json().contains("\"elected\":[{"));
    // Nor does an event need rules, as long as no question fills seats.
    honest(&Plan::new(), &|moment, script| {
        if moment == Published {
            let objection = script.object(WEST);
            script.decide(objection, 1, "Nothing was found");
            script.certify();
        }
    });
}

#[test]
fn seats_are_filled_by_votes() {
    let one = honest(&contest(3, 1, &[4, 9, 7]), &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            finish(
                script,
                "{\"seats\":1,\"elected\":[{\"answer\":1,\"by\":\"votes\"}],\"void\":[]}",
            );
        }
    });
    assert_eq!(elected(&one), [(1, Votes)]);
    assert!(
        one.to_text()
            .contains("1 elected for 1 seats\n        W1, by votes\n")
    );
    let several = honest(&contest(4, 3, &[4, 9, 7, 4]), &|moment, script| {
        adopt(moment, script);
        // Two are level, and for both there is no room; one of them is removed.
        if moment == PollOpened {
            script.remove("west", 0, 0, 2, "Court of Appeal, 12/2026");
        }
        if moment == Published {
            finish(
                script,
                "{\"seats\":3,\"elected\":[{\"answer\":1,\"by\":\"unopposed\"},{\"answer\":2,\"by\":\"unopposed\"},\
                 {\"answer\":3,\"by\":\"unopposed\"}],\"void\":[0]}",
            );
        }
    });
    assert_eq!(
        elected(&several),
        [(1, Unopposed), (2, Unopposed), (3, Unopposed)]
    );
    assert_eq!(west_of(&several).void.as_deref(), Some(&[0][..]));
    // Level at the last seat, but there is room for both; nobody voted for the last one.
    let level = honest(&contest(4, 3, &[5, 5, 5, 0]), &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            finish(
                script,
                "{\"seats\":3,\"elected\":[{\"answer\":0,\"by\":\"votes\"},{\"answer\":1,\"by\":\"votes\"},\
                 {\"answer\":2,\"by\":\"votes\"}],\"void\":[]}",
            );
        }
    });
    assert_eq!(elected(&level), [(0, Votes), (1, Votes), (2, Votes)]);
}

#[test]
fn all_but_one_may_be_void() {
    let report = honest(&contest(3, 1, &[4, 9, 0]), &|moment, script| {
        adopt(moment, script);
        if moment == BoxesDefined {
            script.remove("west", 0, 1, 1, "Withdrew in writing");
        }
        if moment == Returned {
            script.remove("west", 0, 0, 2, "Court of Appeal, 12/2026");
        }
        if moment == Published {
            finish(
                script,
                "{\"seats\":1,\"elected\":[{\"answer\":2,\"by\":\"unopposed\"}],\"void\":[0,1]}",
            );
        }
    });
    assert_eq!(elected(&report), [(2, Unopposed)]);
    assert!(report.to_text().contains("void, not elected: W1\n"));
}

const PLAIN: &str = "{\"seats\":1,\"elected\":[{\"answer\":1,\"by\":\"votes\"}],\"void\":[]}";
const BY_CASTING_VOTE: &str =
    "{\"seats\":1,\"elected\":[{\"answer\":2,\"by\":\"casting_vote\"}],\"void\":[]}";
const BY_LOTS: &str = "{\"seats\":3,\"elected\":[{\"answer\":0,\"by\":\"lots\"},{\"answer\":1,\"by\":\"votes\"},\
                       {\"answer\":3,\"by\":\"lots\"}],\"void\":[]}";

fn with_tie_rule(rule: &str) -> String {
    RULES.replace(
        "\"trustees\":{\"minimum\"",
        &format!("\"tie\":\"{rule}\",\"trustees\":{{\"minimum\""),
    )
}

#[test]
fn ties_are_decided_by_casting_vote_or_lots() {
    for rules in [RULES.to_owned(), with_tie_rule("casting_vote")] {
        let mut plan = contest(3, 1, &[4, 9, 9]);
        plan.rules = rules.clone();
        let report = honest(&plan, &|moment, script| {
            if moment == Defined {
                script.adopt(&rules, polling_day());
            }
            if moment == Published {
                script.tie(
                    WEST,
                    0,
                    &[2],
                    1,
                    &["Chair of the commission, A. Person"],
                    "By the law, article 5",
                );
                finish(script, BY_CASTING_VOTE);
            }
        });
        assert_eq!(elected(&report), [(2, CastingVote)]);
        let tie = west_of(&report).tie.as_ref().unwrap();
        assert_eq!(tie.by, ["Chair of the commission, A. Person"]);
        assert!(report.to_text().contains("W2, by casting vote\n"));
    }
    for rules in [RULES.to_owned(), with_tie_rule("lots")] {
        let mut plan = contest(5, 3, &[4, 9, 4, 4, 0]);
        plan.rules = rules.clone();
        let report = honest(&plan, &|moment, script| {
            if moment == Defined {
                script.adopt(&rules, polling_day());
            }
            if moment == Published {
                script.tie(
                    WEST,
                    0,
                    &[0, 3],
                    2,
                    &["Witness B", "Witness A"],
                    "Drawn in public",
                );
                finish(script, BY_LOTS);
            }
        });
        assert_eq!(elected(&report), [(0, Lots), (1, Votes), (3, Lots)]);
        let html = report.to_html(None);
        assert!(html.contains("by lots") && html.contains("بالقرعة") && html.contains("Witness B"));
    }
    // Nobody voted at all.
    honest(&contest(2, 1, &[0, 0]), &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            script.tie(WEST, 0, &[1], 2, &["A", "B"], "Drawn in public");
            finish(
                script,
                "{\"seats\":1,\"elected\":[{\"answer\":1,\"by\":\"lots\"}],\"void\":[]}",
            );
        }
    });
}

#[test]
fn digital_votes_and_papers_count_alike() {
    // Digital: Yes 1, No 1; on paper No 1 and Yes 1, one blank: level, and blank ballots decide nothing.
    let mut plan = Plan::new();
    plan.manifest = plan.manifest.replacen("\"max\":1}", "\"max\":1,\"seats\":1}", 1);
    plan.papers[EAST] = Paper::new(9, 1, &[&[7, 1, 1], &[1, 0]]);
    let report = honest(&plan, &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            script.tie(EAST, 0, &[1], 1, &["The chair"], "By the law");
            let voted = "{\"seats\":1,\"elected\":[{\"answer\":1,\"by\":\"casting_vote\"}],\"void\":[]},{\"seats\":0}";
            script.outcome(EAST, voted);
            script.outcome(WEST, "{\"seats\":0}");
            script.certify();
        }
    });
    let east = &report.boxes[EAST].outcome.as_ref().unwrap().questions;
    assert_eq!(east[0].elected.as_ref().unwrap()[0].by, CastingVote);
    assert_eq!((east[0].seats, east[1].seats), (Some(1), None));
}

#[test]
fn a_recount_voids_what_rested_on_the_return_before() {
    let plan = contest(3, 1, &[4, 9, 9]);
    let report = honest(&plan, &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
            script.outcome(WEST, BY_CASTING_VOTE);
            let objection = script.object(WEST);
            script.decide(objection, 2, "Papers of one station were counted twice");
            // Now three are level.
            script.recount(WEST, &west(&[9, 9, 9]), "Ordered upon an objection");
            script.remove("west", 0, 0, 2, "Court of Appeal, 12/2026");
            script.result(WEST);
            script.tie(WEST, 0, &[1], 2, &["A", "B"], "Drawn in public");
            finish(
                script,
                "{\"seats\":1,\"elected\":[{\"answer\":1,\"by\":\"lots\"}],\"void\":[0]}",
            );
        }
    });
    assert_eq!(elected(&report), [(1, Lots)]);
    let papers = report.boxes[WEST].outcome.as_ref().unwrap().paper_valid;
    assert_eq!(papers, 9);
    // A recount before the first result, and one that settles a tie.
    let report = honest(&plan, &|moment, script| {
        adopt(moment, script);
        if moment == Returned {
            script.recount(WEST, &west(&[9, 9, 1]), "A sum was wrong");
        }
        if moment == Published {
            script.tie(WEST, 0, &[0], 1, &["The chair"], "By the law");
            script.recount(WEST, &west(&[8, 9, 1]), "One paper was not valid");
            script.recount(WEST, &west(&[9, 10, 1]), "Another one was");
            script.result(WEST);
            finish(script, PLAIN);
        }
    });
    assert_eq!(elected(&report), [(1, Votes)]);
    assert!(west_of(&report).tie.is_none());
}

#[test]
fn small_boxes_have_a_result_only_with_paper() {
    // West has no ballots: below the minimum, so nothing is decrypted there.
    let mut plan = contest(3, 1, &[4, 9, 7]);
    plan.min_ballots = 1;
    let report = honest(&plan, &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            finish(script, PLAIN);
        }
    });
    assert_eq!(elected(&report), [(1, Votes)]);
    plan.paper = false;
    let without = |rules: bool| {
        let plan = if rules {
            plan.clone()
        } else {
            Plan {
                seats: 0,
                ..plan.clone()
            }
        };
        honest(&plan, &|moment, script| {
            if rules {
                adopt(moment, script);
            }
            if moment == Published {
                // Objections to the tally of a box that has no result.
                let objections = [script.object(WEST), script.object(EAST), script.object(WEST)];
                for objection in objections {
                    script.decide(objection, 3, "Followed");
                }
                if rules {
                    script.outcome(EAST, NOBODY);
                }
                script.certify();
            }
        });
    };
    without(true);
    without(false);
}

#[test]
fn stages_fall_back_until_the_outcome_is_there() {
    let plan = contest(3, 1, &[4, 9, 9]);
    let stage = |last: usize| {
        let event = event(&plan, &|moment, script| {
            adopt(moment, script);
            if moment == Published {
                script.outcome(EAST, NOBODY);
                let steps: [&dyn Fn(&mut Script<'_>); 5] = [
                    &|script| script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law"),
                    &|script| script.outcome(WEST, BY_CASTING_VOTE),
                    &|script| script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong"),
                    &|script| script.result(WEST),
                    &|script| script.outcome(WEST, PLAIN),
                ];
                steps.iter().take(last).for_each(|step| step(script));
            }
        });
        let report = verify(&event, Profile::Accredited, Stage::Result);
        assert_eq!(report.verdict, Verdict::Verified, "{last} {}", report.to_text());
        let shown = report.boxes[WEST].outcome.as_ref().map(|outcome| {
            let question = &outcome.questions[0];
            assert_eq!(question.seats, Some(1));
            question.elected.is_some()
        });
        (report.boxes[WEST].stage.unwrap(), shown)
    };
    assert_eq!(stage(0), (Stage::Result, Some(false)));
    assert_eq!(stage(1), (Stage::Result, Some(false)));
    assert_eq!(stage(2), (Stage::Published, Some(true)));
    assert_eq!(stage(3), (Stage::Result, None));
    assert_eq!(stage(4), (Stage::Result, Some(false)));
    assert_eq!(stage(5), (Stage::Published, Some(true)));
}

/// A fault, the codes that name it, and the ledger that has it and no other.
struct Fault<'a> {
    name: &'a str,
    codes: &'a [&'a str],
    plan: Plan,
    script: Box<Steps<'a>>,
}

fn fault<'a>(
    name: &'a str,
    codes: &'a [&'a str],
    plan: Plan,
    script: impl Fn(Moment, &mut Script<'_>) + 'a,
) -> Fault<'a> {
    Fault {
        name,
        codes,
        plan,
        script: Box::new(script),
    }
}

/// A fault of an event that was begun as it should be.
fn at<'a>(
    moment: Moment,
    name: &'a str,
    codes: &'a [&'a str],
    plan: Plan,
    play: impl Fn(&mut Script<'_>) + 'a,
) -> Fault<'a> {
    fault(name, codes, plan, move |now, script| {
        adopt(now, script);
        if now == moment {
            play(script);
        }
    })
}

/// Every fault is found, once, and under no other code.
fn all_are_named(faults: Vec<Fault<'_>>) {
    let mut unnamed = Vec::new();
    for fault in faults {
        let report = report(&fault.plan, &*fault.script, Stage::Anchored);
        let found = codes(&report);
        if found != fault.codes || report.verdict != Verdict::NotVerified {
            unnamed.push(format!(
                "{}: {:?} {found:?} {}",
                fault.name,
                report.verdict,
                report.to_text()
            ));
        }
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
}

#[test]
fn rules_that_do_not_agree_are_named() {
    let mut faults = Vec::new();
    let rules = ["outcome.rules"];
    let adopted = |from: &str, to: &str| {
        let rules = RULES.replacen(from, to, 1);
        assert_ne!(rules, RULES);
        rules
    };
    // The roll cites the same pack, so it is at fault as well where the roll has the same rule.
    for (from, to, of_roll) in [
        ("plain-1", "plain-2", true),
        ("Asia/Qatar", "Asia/Kuwait", true),
        ("2026-01-01", "2027-01-17", true),
        (
            "\"valid_from\":\"2026-01-01\"",
            "\"valid_from\":\"2026-01-01\",\"valid_until\":\"2027-01-14\"",
            true,
        ),
        ("\"unconfirmed\":[]", "\"unconfirmed\":[ ]", true),
        ("sijill-rules/2", "sijill-rules/3", true),
        ("\"grace_ms\":60000", "\"grace_ms\":60001", false),
        ("\"revote\":true", "\"revote\":false", false),
        (
            "\"min_ballots_to_decrypt\":0",
            "\"min_ballots_to_decrypt\":1",
            false,
        ),
        ("\"quorum\":1", "\"quorum\":2", false),
        ("\"minimum\":2", "\"minimum\":3", false),
        (
            "\"voting\":[\"paper\",\"remote\"]",
            "\"voting\":[\"remote\"]",
            false,
        ),
    ] {
        let mut plan = Plan::new();
        plan.rules = adopted(from, to);
        let pack = plan.rules.clone();
        let codes: &[&str] = if of_roll {
            &["roll.definition", "outcome.rules"]
        } else {
            &rules
        };
        faults.push(fault(to, codes, plan, move |moment, script| {
            if moment == Defined {
                script.adopt(&pack, polling_day());
            }
        }));
    }
    for day in [polling_day() - 1, polling_day() + 1, u64::from(u32::MAX)] {
        faults.push(fault(
            "another day",
            &rules,
            Plan::new(),
            move |moment, script| {
                if moment == Defined {
                    script.adopt(RULES, day);
                }
            },
        ));
    }
    // The roll has another pack, or another day: each is right by itself.
    let other = adopted("\"version\":1", "\"version\":2");
    faults.push(fault(
        "the roll's pack",
        &rules,
        Plan::new(),
        move |moment, script| {
            if moment == Defined {
                script.adopt(&other, polling_day());
            }
        },
    ));
    // An election that is none of paper alone.
    let mut plan = Plan::new();
    plan.rules = adopted("\"voting\":[\"paper\",\"remote\"]", "\"voting\":[\"paper\"]");
    let paper_alone = plan.rules.clone();
    let script = move |moment, script: &mut Script<'_>| {
        if moment == Defined {
            script.adopt(&paper_alone, polling_day());
        }
    };
    // A rehearsal may.
    let report = report(&plan, &script, Stage::Result);
    assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
    plan.manifest = plan.manifest.replace("\"rehearsal\":true", "\"rehearsal\":false");
    faults.push(fault("no digital channel", &["outcome.rules"], plan, script));
    all_are_named(faults);
}

#[test]
fn the_roll_is_compared_where_it_is_known() {
    let script = |moment, script: &mut Script<'_>| {
        if moment == Defined {
            script.adopt(&RULES.replace("\"version\":1", "\"version\":2"), polling_day());
        }
    };
    let event = event(&Plan::new(), &script);
    let public = verify(&event, Profile::Public, Stage::Result);
    assert_eq!(public.verdict, Verdict::Verified, "{}", public.to_text());
    let rules = public
        .checks
        .iter()
        .find(|check| check.code == "outcome.rules")
        .unwrap();
    assert!(rules.within_scope && rules.not_established.len() == 1);
    assert!(
        public
            .to_html(None)
            .contains("كون جدول الناخبين بنظام القواعد ويوم الاقتراع نفسيهما")
    );
}

#[test]
fn seats_are_rules_of_the_manifest() {
    let mut faults = Vec::new();
    for seats in ["0", "2", "301", "null", "01"] {
        let mut plan = Plan::new();
        plan.manifest = plan
            .manifest
            .replace(SEATS, &format!("\"max\":1,\"seats\":{seats}}}]"));
        let report = report(&plan, &|_, _| {}, Stage::Announced);
        assert!(
            codes(&report).contains(&"election.manifest"),
            "{seats} {}",
            report.to_text()
        );
    }
    // Nobody is elected without rules.
    let plan = contest(3, 1, &[4, 9, 7]);
    faults.push(fault(
        "seats without rules",
        &["outcome.order"],
        plan.clone(),
        |_, _| {},
    ));
    faults.push(fault(
        "an outcome without rules",
        &["election.order"],
        Plan::new(),
        |moment, script| {
            if moment == Published {
                script.outcome(WEST, "{\"seats\":0}");
            }
        },
    ));
    all_are_named(faults);
}

#[test]
fn rules_out_of_their_place_are_named() {
    let faults = vec![
        fault(
            "before the definition",
            &["outcome.order"],
            Plan::new(),
            |moment, script| {
                if moment == Begun {
                    script.adopt(RULES, polling_day());
                }
            },
        ),
        fault(
            "after the trustees",
            &["outcome.order"],
            Plan::new(),
            |moment, script| {
                if moment == TrusteesFixed {
                    script.adopt(RULES, polling_day());
                }
            },
        ),
        at(Defined, "twice", &["outcome.order"], Plan::new(), |script| {
            script.adopt(RULES, polling_day())
        }),
        // Out of place they have no effect.
        fault(
            "late, and then seats",
            &["outcome.order", "outcome.order"],
            contest(3, 1, &[4, 9, 7]),
            |moment, script| {
                if moment == TrusteesFixed {
                    script.adopt(RULES, polling_day());
                }
            },
        ),
    ];
    all_are_named(faults);
}

#[test]
fn ties_out_of_their_place_are_named() {
    let tied = || contest(3, 1, &[4, 9, 9]);
    let decide = |script: &mut Script<'_>| script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
    let order = &["outcome.order"];
    let faults = vec![
        fault("no rules", order, Plan::new(), move |moment, script| {
            if moment == Published {
                decide(script);
            }
        }),
        at(Returned, "before the result", order, tied(), decide),
        at(Published, "no box", order, tied(), |script| {
            script.tie_of([7; 32], 0, &[2], 1, &["The chair"], "By the law");
        }),
        at(Published, "twice", order, tied(), move |script| {
            decide(script);
            decide(script);
        }),
        at(Published, "after the outcome", order, tied(), move |script| {
            decide(script);
            script.outcome(WEST, BY_CASTING_VOTE);
            decide(script);
        }),
        at(Published, "after a recount", order, tied(), move |script| {
            script.recount(WEST, &west(&[9, 9, 9]), "A sum was wrong");
            decide(script);
        }),
        at(
            Published,
            "after the certificate",
            &["election.order"],
            tied(),
            move |script| {
                decide(script);
                finish(script, BY_CASTING_VOTE);
                decide(script);
            },
        ),
    ];
    all_are_named(faults);
}

#[test]
fn ties_that_are_none_or_wrongly_decided_are_named() {
    let code = &["outcome.tie"];
    let one = || contest(3, 1, &[4, 9, 9]);
    let several = || contest(5, 3, &[4, 9, 4, 4, 0]);
    let long = "x".repeat(201);
    let long_reason = "x".repeat(1001);
    let many: Vec<String> = (0..17).map(|n| format!("Witness {n}")).collect();
    type Case<'a> = (&'a str, &'a [u64], u8, Vec<&'a str>, &'a str);
    let of_one: Vec<Case<'_>> = vec![
        ("not level", &[0], 1, vec!["The chair"], "By the law"),
        ("nobody", &[], 1, vec!["The chair"], "By the law"),
        ("too many", &[1, 2], 1, vec!["The chair"], "By the law"),
        ("no answer", &[3], 1, vec!["The chair"], "By the law"),
        ("no rule", &[1], 0, vec!["The chair"], "By the law"),
        ("another rule", &[1], 3, vec!["The chair"], "By the law"),
        ("nobody's vote", &[1], 1, vec![], "By the law"),
        (
            "two casting votes",
            &[1],
            1,
            vec!["The chair", "The other"],
            "By the law",
        ),
        ("an empty name", &[1], 1, vec![""], "By the law"),
        ("a blank name", &[1], 1, vec![" \u{3000}"], "By the law"),
        ("a long name", &[1], 1, vec![&long], "By the law"),
        ("a turned name", &[1], 1, vec!["The \u{202e}chair"], "By the law"),
        ("no reason", &[1], 1, vec!["The chair"], ""),
        ("a blank reason", &[1], 1, vec!["The chair"], " "),
        ("two lines", &[1], 1, vec!["The chair"], "By\nlaw"),
        ("a long reason", &[1], 1, vec!["The chair"], &long_reason),
        ("no witness", &[1], 2, vec![], "Drawn"),
        ("one witness", &[1], 2, vec!["A"], "Drawn"),
        ("one witness twice", &[1], 2, vec!["A", "A"], "Drawn"),
        ("a blank witness", &[1], 2, vec!["A", " "], "Drawn"),
        (
            "too many witnesses",
            &[1],
            2,
            many.iter().map(String::as_str).collect(),
            "Drawn",
        ),
    ];
    let of_several: Vec<Case<'_>> = vec![
        ("not ascending", &[3, 0], 2, vec!["A", "B"], "Drawn"),
        ("one twice", &[0, 0], 2, vec!["A", "B"], "Drawn"),
        ("one too few", &[0], 2, vec!["A", "B"], "Drawn"),
        ("one elected already", &[0, 1], 2, vec!["A", "B"], "Drawn"),
        ("one with less", &[0, 4], 2, vec!["A", "B"], "Drawn"),
        ("all", &[0, 2, 3], 2, vec!["A", "B"], "Drawn"),
    ];
    let mut faults = vec![
        at(Published, "no tie", code, contest(3, 1, &[4, 9, 8]), |script| {
            script.tie(WEST, 0, &[1], 1, &["The chair"], "By the law");
        }),
        at(
            Published,
            "room for all",
            code,
            contest(3, 2, &[4, 9, 9]),
            |script| {
                script.tie(WEST, 0, &[1], 1, &["The chair"], "By the law");
            },
        ),
        at(Published, "no seats", code, one(), |script| {
            script.tie(EAST, 0, &[0], 1, &["The chair"], "By the law");
        }),
        at(Published, "no question", code, one(), |script| {
            script.tie(WEST, 1, &[0], 1, &["The chair"], "By the law");
        }),
    ];
    for (plan, cases) in [(one(), &of_one), (several(), &of_several)] {
        for (name, elected, rule, by, reason) in cases {
            faults.push(at(Published, name, code, plan.clone(), move |script| {
                script.tie(WEST, 0, elected, *rule, by, reason);
            }));
        }
    }
    for (pack, rule, by) in [
        (with_tie_rule("lots"), 1, vec!["The chair"]),
        (with_tie_rule("casting_vote"), 2, vec!["A", "B"]),
    ] {
        let mut plan = one();
        plan.rules = pack.clone();
        faults.push(fault("not the pack's rule", code, plan, move |moment, script| {
            if moment == Defined {
                script.adopt(&pack, polling_day());
            }
            if moment == Published {
                script.tie(WEST, 0, &[1], rule, &by, "By the law");
            }
        }));
    }
    // One who was removed is not level, whoever has as many votes.
    faults.push(fault(
        "one removed",
        code,
        contest(3, 1, &[9, 9, 9]),
        |moment, script| {
            adopt(moment, script);
            if moment == PollOpened {
                script.remove("west", 0, 0, 2, "Court of Appeal, 12/2026");
            }
            if moment == Published {
                script.tie(WEST, 0, &[0], 1, &["The chair"], "By the law");
            }
        },
    ));
    all_are_named(faults);
    // Two hundred bytes of a name, a thousand of a reason and sixteen witnesses will do.
    let witnesses: Vec<&str> = many
        .iter()
        .take(15)
        .map(String::as_str)
        .chain([&long[..200]])
        .collect();
    honest(&one(), &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            script.tie(WEST, 0, &[2], 2, &witnesses, &long_reason[..1000]);
            finish(script, &BY_CASTING_VOTE.replace("casting_vote", "lots"));
        }
    });
}

#[test]
fn a_wrong_decision_of_a_tie_has_no_effect() {
    let report = report(
        &contest(3, 1, &[4, 9, 9]),
        &|moment, script| {
            adopt(moment, script);
            if moment == Published {
                script.tie(WEST, 0, &[0], 1, &["The chair"], "By the law");
                script.outcome(
                    WEST,
                    "{\"seats\":1,\"elected\":[{\"answer\":0,\"by\":\"casting_vote\"}],\"void\":[]}",
                );
                script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
                finish(script, BY_CASTING_VOTE);
            }
        },
        Stage::Certified,
    );
    assert_eq!(
        codes(&report),
        ["election.order", "outcome.tie"],
        "{}",
        report.to_text()
    );
}

#[test]
fn faulty_recounts_are_named() {
    let plan = || contest(3, 1, &[4, 9, 7]);
    let order = &["outcome.order"];
    let paper = &["paper.return"];
    let mut without_paper = plan();
    without_paper.paper = false;
    without_paper.papers[WEST] = west(&[0, 0, 0]);
    let faults = vec![
        fault("no rules", order, Plan::new(), |moment, script| {
            if moment == Published {
                script.recount(WEST, &Paper::new(1, 0, &[&[1]]), "A sum was wrong");
            }
        }),
        at(PollOpened, "before the return", order, plan(), |script| {
            script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
        }),
        at(Published, "no paper", order, without_paper, |script| {
            script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
        }),
        at(Published, "no box", order, plan(), |script| {
            script.recount_of([7; 32], &west(&[4, 9, 8]), "A sum was wrong");
        }),
        at(
            Published,
            "after the certificate",
            &["election.order"],
            plan(),
            |script| {
                finish(script, PLAIN);
                script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
            },
        ),
        at(Published, "the same numbers", paper, plan(), |script| {
            script.recount(WEST, &west(&[4, 9, 7]), "A sum was wrong");
        }),
        at(
            Published,
            "the numbers of the recount before",
            paper,
            plan(),
            |script| {
                script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
                script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
            },
        ),
        at(Published, "no reason", paper, plan(), |script| {
            script.recount(WEST, &west(&[4, 9, 8]), " ");
        }),
        at(Published, "impossible numbers", paper, plan(), |script| {
            script.recount(WEST, &Paper::new(8, 0, &[&[4, 9, 7]]), "A sum was wrong");
        }),
        at(Published, "another shape", paper, plan(), |script| {
            script.recount(WEST, &Paper::new(9, 0, &[&[4, 9]]), "A sum was wrong");
        }),
        at(
            Published,
            "fewer papers than excluded voters",
            paper,
            plan(),
            |script| {
                script.recount(EAST, &Paper::new(0, 0, &[&[0, 0, 0], &[0, 0]]), "A sum was wrong");
            },
        ),
        // Whatever is wrong with it, it supersedes.
        at(
            Published,
            "no reason, and a new result",
            paper,
            plan(),
            |script| {
                script.recount(WEST, &west(&[4, 9, 8]), "");
                script.result(WEST);
                finish(script, PLAIN);
            },
        ),
        at(
            Published,
            "a tie decided before it",
            &["election.order"],
            contest(3, 1, &[4, 9, 9]),
            |script| {
                script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
                script.recount(WEST, &west(&[5, 9, 9]), "A sum was wrong");
                script.result(WEST);
                script.outcome(WEST, BY_CASTING_VOTE);
            },
        ),
    ];
    all_are_named(faults);
    // Back to the first numbers is a difference.
    honest(&plan(), &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
            script.recount(WEST, &west(&[4, 9, 7]), "It was right");
            script.result(WEST);
            finish(script, PLAIN);
        }
    });
    // What rests on numbers that do not add up is not established, and says so.
    let report = report(
        &contest(3, 1, &[4, 9, 9]),
        &|moment, script| {
            adopt(moment, script);
            if moment == Published {
                script.recount(WEST, &Paper::new(8, 0, &[&[4, 9, 9]]), "A sum was wrong");
                script.result(WEST);
                script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
                script.outcome(WEST, BY_CASTING_VOTE);
            }
        },
        Stage::Result,
    );
    assert_eq!(codes(&report), ["paper.return"], "{}", report.to_text());
    for code in ["view.digest", "outcome.tie"] {
        let check = report.checks.iter().find(|check| check.code == code).unwrap();
        assert_eq!(check.verdict, CheckVerdict::NotEstablished, "{code}");
    }
    assert!(report.boxes[WEST].outcome.is_none());
}

#[test]
fn a_tie_of_papers_that_were_not_issued_is_not_established() {
    // Fewer papers than excluded voters: only the box tells, not the election ledger.
    let mut plan = contest(3, 1, &[4, 9, 9]);
    plan.manifest = plan.manifest.replacen("\"max\":1}", "\"max\":1,\"seats\":1}", 1);
    for elected in [0, 1, 7] {
        let report = report(
            &plan,
            &|moment, script| {
                adopt(moment, script);
                if moment == Published {
                    script.recount(EAST, &Paper::new(0, 0, &[&[0, 0, 0], &[0, 0]]), "None were found");
                    script.result(EAST);
                    script.tie(EAST, 0, &[elected], 1, &["The chair"], "By the law");
                    script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
                    script.outcome(WEST, BY_CASTING_VOTE);
                }
            },
            Stage::Result,
        );
        assert_eq!(codes(&report), ["paper.return"], "{}", report.to_text());
        let tie = report
            .checks
            .iter()
            .find(|check| check.code == "outcome.tie")
            .unwrap();
        assert_eq!((tie.verdict, tie.looked_at), (CheckVerdict::NotEstablished, 1));
        // The fault is east's alone.
        assert!(!report.boxes[EAST].established && report.boxes[WEST].established);
        assert!(west_of(&report).elected.is_some());
    }
}

#[test]
fn faulty_removals_are_named() {
    let plan = || contest(3, 1, &[4, 9, 7]);
    let order = &["outcome.order"];
    let candidate = &["outcome.candidate"];
    let long = "x".repeat(1001);
    let mut faults = vec![
        fault("no rules", order, Plan::new(), |moment, script| {
            if moment == BoxesDefined {
                script.remove("west", 0, 0, 1, "Withdrew");
            }
        }),
        at(BoxesDefined, "twice", order, plan(), |script| {
            script.remove("west", 0, 0, 1, "Withdrew");
            script.remove("west", 0, 0, 2, "Court of Appeal");
        }),
        at(
            PollOpened,
            "a withdrawal after the opening",
            order,
            plan(),
            |script| {
                script.remove("west", 0, 0, 1, "Withdrew");
            },
        ),
        at(Published, "a court beside the result", order, plan(), |script| {
            script.remove("west", 0, 0, 2, "Court of Appeal");
        }),
        at(Published, "a court after the outcome", order, plan(), |script| {
            script.outcome(WEST, PLAIN);
            script.remove("west", 0, 0, 2, "Court of Appeal");
        }),
        at(
            Published,
            "after the certificate",
            &["election.order"],
            plan(),
            |script| {
                finish(script, PLAIN);
                script.remove("west", 0, 0, 2, "Court of Appeal");
            },
        ),
        at(BoxesDefined, "the last one", candidate, plan(), |script| {
            script.remove("west", 0, 0, 1, "Withdrew");
            script.remove("west", 0, 1, 1, "Withdrew");
            script.remove("west", 0, 2, 1, "Withdrew");
        }),
    ];
    for (name, district, question, answer, cause, reason) in [
        ("no district", "north", 0, 0, 1, "Withdrew"),
        ("an unpolled district", "void", 0, 0, 1, "Withdrew"),
        ("no question", "west", 1, 0, 1, "Withdrew"),
        ("no seats", "east", 0, 0, 1, "Withdrew"),
        ("no answer", "west", 0, 3, 1, "Withdrew"),
        ("no cause", "west", 0, 0, 0, "Withdrew"),
        ("another cause", "west", 0, 0, 3, "Withdrew"),
        ("no reason", "west", 0, 0, 1, ""),
        ("a blank reason", "west", 0, 0, 1, "\u{a0}"),
        ("a long reason", "west", 0, 0, 1, long.as_str()),
    ] {
        let mut plan = plan();
        let unopposed = "{\"id\":\"void\",\"name\":{\"en\":\"V\",\"ar\":\"\"},\"unopposed\":[{\"en\":\"V\",\"ar\":\"\"}]},{\"id\":\"west\"";
        plan.manifest = plan.manifest.replace("{\"id\":\"west\"", unopposed);
        let reason = reason.to_owned();
        faults.push(at(BoxesDefined, name, candidate, plan, move |script| {
            script.remove(district, question, answer, cause, &reason);
        }));
    }
    // Withdrawals end so many days before polling day; here it is polling day.
    for (days, late) in [(0, false), (1, true), (366, true)] {
        let mut plan = plan();
        plan.rules = RULES.replace(
            "\"candidates\":{}",
            &format!("\"candidates\":{{\"withdrawal_days\":{days}}}"),
        );
        let rules = plan.rules.clone();
        let script = move |moment, script: &mut Script<'_>| {
            if moment == Defined {
                script.adopt(&rules, polling_day());
            }
            if moment == BoxesDefined {
                // A court has no last day.
                script.remove("west", 0, 2, 2, "Court of Appeal");
                script.remove("west", 0, 0, 1, "Withdrew");
            }
        };
        if late {
            faults.push(fault("a late withdrawal", order, plan, script));
        } else {
            let report = report(&plan, &script, Stage::Result);
            assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
        }
    }
    all_are_named(faults);
}

#[test]
fn faulty_objections_are_named() {
    let plan = || contest(3, 1, &[4, 9, 7]);
    let order = &["outcome.order"];
    let objection = &["outcome.objection"];
    let mut small = Plan::new();
    (small.min_ballots, small.paper) = (1, false);
    let mut small_with_paper = Plan::new();
    small_with_paper.min_ballots = 1;
    let mut faults = vec![
        at(Returned, "before the result", order, plan(), |script| {
            script.object(WEST);
        }),
        at(PollOpened, "before the tally", order, small, |script| {
            script.object(WEST);
        }),
        at(
            Returned,
            "a small box with paper",
            order,
            small_with_paper,
            |script| {
                script.object(WEST);
            },
        ),
        at(Published, "no box", order, plan(), |script| {
            script.object_to([7; 32]);
        }),
        at(Published, "after a recount", order, plan(), |script| {
            script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
            script.object(WEST);
        }),
        at(
            Published,
            "after the certificate",
            &["election.order"],
            plan(),
            |script| {
                finish(script, PLAIN);
                script.object(WEST);
            },
        ),
        at(
            Published,
            "decided after the certificate",
            &["election.order", "election.certification"],
            plan(),
            |script| {
                let objection = script.object(WEST);
                finish(script, PLAIN);
                script.decide(objection, 1, "Nothing was found");
            },
        ),
        at(Published, "decided twice", objection, plan(), |script| {
            let objection = script.object(WEST);
            script.decide(objection, 1, "Nothing was found");
            script.decide(objection, 1, "Nothing was found");
        }),
        at(Published, "no objection", objection, plan(), |script| {
            let objection = script.object(WEST);
            script.decide(objection - 1, 1, "Nothing was found");
            script.decide(objection, 1, "Nothing was found");
        }),
        at(Published, "its own position", objection, plan(), |script| {
            let objection = script.object(WEST);
            script.decide(objection + 1, 1, "Nothing was found");
            script.decide(objection, 1, "Nothing was found");
        }),
        // One that has no effect is none.
        at(
            Returned,
            "an objection that is none",
            &["outcome.order", "outcome.objection"],
            plan(),
            |script| {
                let objection = script.object(WEST);
                script.decide(objection, 1, "Nothing was found");
            },
        ),
    ];
    for (name, decision, reason) in [
        ("no decision", 0, "Nothing was found"),
        ("another decision", 4, "Nothing was found"),
        ("no reason", 1, ""),
        ("a turned reason", 1, "\u{2067}Nothing"),
    ] {
        faults.push(at(Published, name, objection, plan(), move |script| {
            let objection = script.object(WEST);
            script.decide(objection, decision, reason);
        }));
    }
    all_are_named(faults);
}

#[test]
fn outcomes_out_of_their_place_or_wrong_are_named() {
    let plan = || contest(4, 2, &[4, 9, 7, 1]);
    let right = "{\"seats\":2,\"elected\":[{\"answer\":1,\"by\":\"votes\"},{\"answer\":2,\"by\":\"votes\"}],\"void\":[]}";
    let order = &["election.order"];
    let digest = &["view.digest"];
    let mut faults = vec![
        at(Returned, "before the result", order, plan(), move |script| {
            script.outcome(WEST, right)
        }),
        at(Published, "twice", order, plan(), move |script| {
            script.outcome(WEST, right);
            script.outcome(WEST, right);
        }),
        at(
            Published,
            "before the tie is decided",
            order,
            contest(3, 1, &[4, 9, 9]),
            |script| {
                script.outcome(WEST, BY_CASTING_VOTE);
            },
        ),
        at(Published, "after a recount", order, plan(), move |script| {
            script.recount(WEST, &west(&[4, 9, 8, 1]), "A sum was wrong");
            script.outcome(WEST, right);
        }),
        at(Published, "a second result", order, plan(), |script| {
            script.result(WEST)
        }),
        at(
            Published,
            "a second result after a recount",
            order,
            plan(),
            |script| {
                script.recount(WEST, &west(&[4, 9, 8, 1]), "A sum was wrong");
                script.result(WEST);
                script.result(WEST);
            },
        ),
        at(Published, "after the certificate", order, plan(), move |script| {
            finish(script, right);
            script.outcome(WEST, right);
        }),
    ];
    for wrong in [
        right.replace("\"answer\":2", "\"answer\":0"),
        right.replace("},{\"answer\":2,\"by\":\"votes\"}", "}"),
        right.replacen("votes", "unopposed", 1),
        right.replacen("votes", "lots", 1),
        right.replace("\"void\":[]", "\"void\":[3]"),
        right.replace(",\"void\":[]", ""),
        right.replace("\"seats\":2", "\"seats\":3"),
        right.replace(',', ", "),
        "{\"seats\":0}".to_owned(),
        "{\"seats\":2,\"elected\":[{\"answer\":2,\"by\":\"votes\"},{\"answer\":1,\"by\":\"votes\"}],\"void\":[]}".to_owned(),
        format!("{right},{{\"seats\":0}}"),
        String::new(),
    ] {
        faults.push(at(Published, "another outcome", digest, plan(), move |script| {
            script.outcome(WEST, &wrong);
        }));
    }
    faults.push(at(Published, "another pack", digest, plan(), move |script| {
        script.say_adopted(&[7; 32]);
        script.outcome(WEST, right);
    }));
    all_are_named(faults);
    for (name, of_size) in [
        ("an outcome of another size", "outcome"),
        ("a result of another size", "result"),
    ] {
        let shift = |draft: &mut support::Draft| {
            let named = draft.event_type == 0x030a
                && draft
                    .payload
                    .get(1..)
                    .is_some_and(|view| view.starts_with(of_size.as_bytes()));
            if named {
                draft.payload[1 + of_size.len() + 32] += 1;
            }
        };
        let event = play(&plan(), &shift, &|_, bytes| bytes, &|moment, script| {
            adopt(moment, script);
            if moment == Published {
                script.outcome(EAST, NOBODY);
                script.outcome(WEST, right);
            }
        });
        let report = verify(&event, Profile::Accredited, Stage::Result);
        assert_eq!(
            codes(&report),
            ["view.digest", "view.digest"],
            "{name} {}",
            report.to_text()
        );
    }
}

#[test]
fn certificates_that_come_too_early_are_named() {
    let code = &["election.certification"];
    let tied = || contest(3, 1, &[4, 9, 9]);
    let faults = vec![
        at(
            Published,
            "no outcome",
            code,
            contest(3, 1, &[4, 9, 7]),
            |script| {
                script.outcome(EAST, NOBODY);
                script.certify();
            },
        ),
        at(
            Published,
            "no outcome of a box without seats",
            code,
            contest(3, 1, &[4, 9, 7]),
            |script| {
                script.outcome(WEST, PLAIN);
                script.certify();
            },
        ),
        at(Published, "an open tie", code, tied(), |script| {
            script.outcome(EAST, NOBODY);
            script.certify();
        }),
        at(
            Published,
            "an open objection",
            code,
            contest(3, 1, &[4, 9, 7]),
            |script| {
                script.object(EAST);
                finish(script, PLAIN);
            },
        ),
        at(
            Published,
            "a recount without a result",
            code,
            contest(3, 1, &[4, 9, 7]),
            |script| {
                script.outcome(EAST, NOBODY);
                script.outcome(WEST, PLAIN);
                script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
                script.certify();
            },
        ),
        at(
            Published,
            "a recount without an outcome",
            code,
            contest(3, 1, &[4, 9, 7]),
            |script| {
                script.outcome(EAST, NOBODY);
                script.outcome(WEST, PLAIN);
                script.recount(WEST, &west(&[4, 9, 8]), "A sum was wrong");
                script.result(WEST);
                script.certify();
            },
        ),
        fault(
            "an open objection without rules",
            code,
            Plan::new(),
            |moment, script| {
                if moment == Published {
                    script.object(EAST);
                    script.certify();
                }
            },
        ),
    ];
    all_are_named(faults);
}

#[test]
fn the_authors_are_those_of_the_catalogue() {
    for event_type in [0x0320u16, 0x0321, 0x0322, 0x0323, 0x0324, 0x0325] {
        for (author, right) in [
            ("commission", event_type != 0x0324),
            ("registrar", event_type == 0x0324),
            ("election service", false),
        ] {
            let hook = |draft: &mut support::Draft| {
                if draft.event_type == event_type {
                    draft.author = author.to_owned();
                }
            };
            let event = play(
                &contest(3, 1, &[4, 9, 9]),
                &hook,
                &|_, bytes| bytes,
                &|moment, script| {
                    adopt(moment, script);
                    if moment == BoxesDefined {
                        script.remove("west", 0, 0, 1, "Withdrew");
                    }
                    if moment == Published {
                        script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
                        let objection = script.object(WEST);
                        script.decide(objection, 1, "Nothing was found");
                        script.recount(WEST, &west(&[5, 9, 9]), "A sum was wrong");
                    }
                },
            );
            let report = verify(&event, Profile::Accredited, Stage::Result);
            let found: BTreeSet<_> = codes(&report).into_iter().collect();
            assert_eq!(
                found.contains("event.author"),
                !right,
                "{event_type:#06x} {author} {}",
                report.to_text()
            );
            assert_eq!(
                report.verdict == Verdict::Verified,
                right,
                "{event_type:#06x} {author} {}",
                report.to_text()
            );
        }
    }
}

#[test]
fn malformed_payloads_are_named() {
    for event_type in [0x0320u16, 0x0321, 0x0322, 0x0323, 0x0324, 0x0325] {
        for longer in [false, true] {
            let hook = |draft: &mut support::Draft| {
                if draft.event_type == event_type && longer {
                    draft.payload.push(0);
                } else if draft.event_type == event_type {
                    draft.payload.pop();
                }
            };
            let event = play(
                &contest(3, 1, &[4, 9, 9]),
                &hook,
                &|_, bytes| bytes,
                &|moment, script| {
                    adopt(moment, script);
                    if moment == BoxesDefined {
                        script.remove("west", 0, 0, 1, "Withdrew");
                    }
                    if moment == Published {
                        script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
                        let objection = script.object(WEST);
                        script.decide(objection, 1, "Nothing was found");
                        script.recount(WEST, &west(&[5, 9, 9]), "A sum was wrong");
                    }
                },
            );
            let report = verify(&event, Profile::Accredited, Stage::Announced);
            assert!(
                codes(&report).contains(&"entry.encoding"),
                "{event_type:#06x} {}",
                report.to_text()
            );
        }
    }
}

#[test]
fn a_pack_that_cannot_be_read_leaves_its_rules_unestablished() {
    let script = |moment, script: &mut Script<'_>| {
        if moment == Defined {
            script.adopt(&RULES.replace("[]}", "[ ]}"), polling_day());
        }
        if moment == BoxesDefined {
            script.remove("west", 0, 0, 1, "Withdrew");
        }
        if moment == Published {
            script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
            finish(
                script,
                "{\"seats\":1,\"elected\":[{\"answer\":2,\"by\":\"casting_vote\"}],\"void\":[0]}",
            );
        }
    };
    let report = report(&contest(3, 1, &[4, 9, 9]), &script, Stage::Certified);
    assert_eq!(codes(&report), ["outcome.rules"], "{}", report.to_text());
    for code in ["outcome.order", "outcome.tie"] {
        let check = report.checks.iter().find(|check| check.code == code).unwrap();
        assert_eq!(check.verdict, CheckVerdict::NotEstablished, "{code}");
    }
    // What is wrong whatever the pack says is found.
    let wrong = |moment, script: &mut Script<'_>| {
        if moment == Defined {
            script.adopt(&RULES.replace("[]}", "[ ]}"), polling_day());
        }
        if moment == Published {
            script.tie(WEST, 0, &[0], 1, &["The chair"], "By the law");
        }
    };
    let report = self::report(&contest(3, 1, &[4, 9, 9]), &wrong, Stage::Result);
    assert_eq!(
        codes(&report),
        ["outcome.rules", "outcome.tie"],
        "{}",
        report.to_text()
    );
}

#[test]
fn without_a_valid_manifest_nothing_of_it_is_established() {
    let mut plan = contest(3, 1, &[4, 9, 9]);
    plan.manifest = plan.manifest.replace("\"rehearsal\":true", "\"rehearsal\": true");
    let report = report(
        &plan,
        &|moment, script| {
            adopt(moment, script);
            if moment == Published {
                script.tie(WEST, 0, &[2], 1, &["The chair"], "By the law");
            }
        },
        Stage::Announced,
    );
    let ours = report
        .checks
        .iter()
        .filter(|check| check.code.starts_with("outcome."));
    for check in ours {
        assert_eq!(check.verdict, CheckVerdict::NotEstablished, "{}", check.code);
    }
}

#[test]
fn a_tie_of_a_result_that_does_not_follow_is_not_established() {
    // The declared result is not the one of tally and shares: what the tie would be is not known, and it is decided all the same.
    let on_content = |name: &str, bytes: Vec<u8>| {
        if name == "result east" {
            String::from_utf8(bytes)
                .unwrap()
                .replace("[0,1,1]", "[0,2,0]")
                .into_bytes()
        } else {
            bytes
        }
    };
    let mut plan = Plan::new();
    plan.manifest = plan.manifest.replacen("\"max\":1}", "\"max\":1,\"seats\":1}", 1);
    let event = play(&plan, &|_| {}, &on_content, &|moment, script| {
        adopt(moment, script);
        if moment == Published {
            script.tie(EAST, 0, &[0], 1, &["The chair"], "By the law");
            script.outcome(EAST, "{\"seats\":1,\"elected\":[{\"answer\":0,\"by\":\"casting_vote\"}],\"void\":[]},{\"seats\":0}");
        }
    });
    let report = verify(&event, Profile::Accredited, Stage::Result);
    assert_eq!(codes(&report), ["result.value"], "{}", report.to_text());
    let tie = report
        .checks
        .iter()
        .find(|check| check.code == "outcome.tie")
        .unwrap();
    assert_eq!(tie.verdict, CheckVerdict::NotEstablished);
}

#[test]
fn a_run_that_rests_on_an_earlier_one_finds_the_same() {
    let plan = contest(3, 1, &[4, 9, 9]);
    let later = |steps: usize, elected: u64| {
        event(&plan, &move |moment, script| {
            adopt(moment, script);
            if moment == Published && steps > 0 {
                script.outcome(EAST, NOBODY);
            }
            if moment == Published && steps > 1 {
                script.tie(WEST, 0, &[elected], 1, &["The chair"], "By the law");
                script.outcome(WEST, &BY_CASTING_VOTE.replace('2', &elected.to_string()));
                script.certify();
            }
        })
    };
    for profile in [Profile::Public, Profile::Accredited] {
        for before in [0, 1] {
            let report = verify(&later(before, 2), profile, Stage::Result);
            assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
            assert_eq!(report.basis.as_ref().unwrap().rules, 4);
            let earlier = EarlierReport::parse(report.to_json().as_bytes()).unwrap();
            for elected in [0, 1, 2] {
                let event = later(2, elected);
                let full = verify(&event, profile, Stage::Certified);
                let files = event.files(profile == Profile::Accredited);
                let trust = event.trust(None);
                let since = verify_event_source_since(&files, &trust, profile, Stage::Certified, &earlier);
                let since = since.unwrap().unwrap();
                assert_eq!(codes(&since), codes(&full));
                assert_eq!(since.boxes, full.boxes);
                assert_eq!(
                    since.verdict == Verdict::Verified,
                    elected > 0,
                    "{}",
                    since.to_text()
                );
            }
        }
    }
}
