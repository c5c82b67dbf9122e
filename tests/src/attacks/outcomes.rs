//! What follows from a result: rules, ties, recounts, removed candidates, objections, who is elected.
//!
//! The event has one box, with two answers and one seat. What the voters cast digitally is level unless a case says otherwise.
//!
//! Spec: specs/outcome.md.

use super::cases::{Case, Package, attack, honest, pack, world};
use super::forge::{Draft, sha};
use super::world::{Spec, World, question};

/// Every case.
pub(super) fn all() -> Vec<Case> {
    let mut cases = controls();
    cases.extend(rules());
    cases.extend(ties());
    cases.extend(recounts());
    cases.extend(removals());
    cases.extend(objections());
    cases.extend(outcomes());
    cases
}

const FIRST: [i64; 2] = [1, 0];
const SECOND: [i64; 2] = [0, 1];

fn electing(name: &str, change: impl FnOnce(&mut Spec)) -> World {
    world(name, |spec| {
        spec.seats = 1;
        spec.adopts = true;
        spec.votes = vec![
            (0, vec![SECOND.to_vec()]),
            (1, vec![FIRST.to_vec()]),
            (2, vec![FIRST.to_vec()]),
        ];
        change(spec);
    })
}

/// One vote more for the first answer.
fn decisive(spec: &mut Spec) {
    spec.excluded = Vec::new();
}

/// With a return of papers: one voter is excluded, and one paper is for the first answer.
fn on_paper(spec: &mut Spec) {
    spec.paper = true;
}

fn played(name: &str, change: impl FnOnce(&mut Spec), then: impl FnOnce(&mut World)) -> Package {
    let mut w = electing(name, change);
    w.play();
    then(&mut w);
    pack(&w)
}

/// The same, with something before the poll is opened and something while it is open.
fn played_from(
    name: &str,
    change: impl FnOnce(&mut Spec),
    before: impl FnOnce(&mut World),
    during: impl FnOnce(&mut World),
) -> Package {
    let mut w = electing(name, change);
    w.begin();
    w.fill_roll();
    w.make_key();
    w.define_boxes();
    before(&mut w);
    w.open();
    during(&mut w);
    w.poll();
    w.finish();
    pack(&w)
}

fn by_lots(w: &mut World, answer: usize) {
    w.decide_tie(&[answer], &["Witness A", "Witness B"]);
    w.decided = Some((vec![answer], "lots"));
    w.publish_outcome(0);
}

/// Changes the adoption of the rules.
fn adopted(name: &str, change: impl Fn(&mut Draft) + 'static) -> Package {
    let mut w = electing(name, decisive);
    w.on("election", 0x0320, 0, change);
    w.play();
    pack(&w)
}

fn controls() -> Vec<Case> {
    vec![
        honest("honest-elected", "One seat, filled by votes", |name| {
            played(name, decisive, World::certify)
        })
        .stage("certified"),
        honest("honest-lots", "A tie, decided by lots", |name| {
            played(
                name,
                |_| (),
                |w| {
                    by_lots(w, 1);
                    w.certify();
                },
            )
        })
        .stage("certified"),
        honest("honest-casting-vote", "A tie, decided by casting vote", |name| {
            played(
                name,
                |_| (),
                |w| {
                    w.decide_tie(&[0], &["Chair of the commission, A. Person"]);
                    w.decided = Some((vec![0], "casting_vote"));
                    w.publish_outcome(0);
                    w.certify();
                },
            )
        })
        .stage("certified"),
        honest(
            "honest-recount",
            "Two recounts, a tie between them, and objections",
            |name| {
                played(name, on_paper, |w| {
                    let objection = w.object();
                    w.decide_objection(objection, 3);
                    w.recount(&[1, 1], 0);
                    w.publish_result(0);
                    by_lots(w, 1);
                    let objection = w.object();
                    w.recount(&[1, 2], 0);
                    w.decide_objection(objection, 2);
                    w.publish_result(0);
                    w.certify();
                })
            },
        )
        .stage("certified"),
        honest("honest-void", "Whoever had the votes was removed", |name| {
            played_from(
                name,
                decisive,
                |w| {
                    w.remove(0, 1);
                    w.removed = vec![0];
                },
                |_| (),
            )
        }),
        honest(
            "honest-no-seats",
            "Rules are adopted, and nobody is elected",
            |name| played(name, |spec| spec.seats = 0, |_| ()),
        ),
    ]
}

fn rules() -> Vec<Case> {
    vec![
        attack(
            "O1-day",
            "The rules are adopted for a day on which nobody votes",
            "outcome.md §1.2",
            &["outcome.rules"],
            |name| adopted(name, |d| *d.payload.last_mut().unwrap() += 1),
        )
        .same(),
        attack(
            "O1-trustees",
            "The adopted rules require more trustees than there are",
            "outcome.md §1.3",
            &["outcome.rules"],
            |name| {
                let mut w = electing(name, decisive);
                w.on_content("rules", |s| {
                    s.replace("\"trustees\":{\"minimum\":2}", "\"trustees\":{\"minimum\":3}")
                });
                w.on("election", 0x0320, 0, |_| ());
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "O1-paper-alone",
            "The adopted rules know no votes on paper, and papers are counted",
            "outcome.md §1.3",
            &["outcome.rules"],
            |name| {
                let mut w = electing(name, on_paper);
                w.on_content("rules", |s| {
                    s.replace("[\"paper\",\"remote\",\"station\"]", "[\"remote\",\"station\"]")
                });
                w.on("election", 0x0320, 0, |_| ());
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "O1-roll",
            "The roll follows other rules than those that were adopted",
            "outcome.md §1.4",
            &["outcome.rules"],
            |name| {
                let mut w = electing(name, decisive);
                w.begin();
                w.fill_roll();
                // The same rules in another version.
                let (hash, rules) = w
                    .contents
                    .iter()
                    .find(|(_, bytes)| bytes.starts_with(b"{\"format\":\"sijill-rules"))
                    .unwrap();
                let (hash, rules) = (hash.clone(), String::from_utf8(rules.clone()).unwrap());
                let other = w.content("other rules", rules.replacen("\"version\":1", "\"version\":2", 1));
                assert_ne!(hex::encode(other.hash), hash);
                w.rules = Some(other);
                w.on("election", 0x0320, 0, |_| ());
                w.make_key();
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "O2-unruled",
            "Seats are filled, and nobody has said by which rules",
            "outcome.md §1",
            &["outcome.order"],
            |name| {
                let mut w = electing(name, |spec| {
                    decisive(spec);
                    spec.adopts = false;
                });
                w.on("election", 0x0305, 0, |_| ());
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "O2-late",
            "The rules are adopted when the trustees are fixed already",
            "outcome.md §1",
            &["outcome.order"],
            |name| {
                let mut w = electing(name, |spec| {
                    spec.adopts = false;
                    spec.seats = 0;
                });
                w.begin();
                w.fill_roll();
                w.make_key();
                w.mark().adopt();
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "O2-again",
            "The rules are adopted a second time",
            "outcome.md §1",
            &["outcome.order"],
            |name| {
                let mut w = electing(name, decisive);
                w.begin();
                w.fill_roll();
                w.adopt();
                w.mark().make_key();
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
    ]
}

fn ties() -> Vec<Case> {
    vec![
        attack(
            "O3-none",
            "A tie is decided where one had more votes",
            "outcome.md §3.1",
            &["outcome.tie"],
            |name| {
                // The outcome would be there already: it is left out.
                let mut w = electing(name, decisive);
                w.on("election", 0x030a, 4, |d| {
                    d.copies = 0;
                    d.flawed = false;
                });
                w.play();
                w.mark().decide_tie(&[1], &["Witness A", "Witness B"]);
                pack(&w)
            },
        )
        .stage("result")
        .same(),
        attack(
            "O3-both",
            "Two win a tie for one seat",
            "outcome.md §3.1",
            &["outcome.tie"],
            |name| {
                played(
                    name,
                    |_| (),
                    |w| w.mark().decide_tie(&[0, 1], &["Witness A", "Witness B"]),
                )
            },
        )
        .stage("result")
        .same(),
        attack(
            "O3-one-witness",
            "Lots are drawn before one witness, who is named twice",
            "outcome.md §3.3",
            &["outcome.tie"],
            |name| {
                played(
                    name,
                    |_| (),
                    |w| w.mark().decide_tie(&[0], &["Witness A", "Witness A"]),
                )
            },
        )
        .stage("result")
        .same(),
        attack(
            "O3-rule",
            "Lots are drawn where the rules give a casting vote",
            "outcome.md §3.2",
            &["outcome.tie"],
            |name| {
                let mut w = electing(name, |_| ());
                w.on_content("rules", |s| {
                    s.replace(
                        "\"trustees\":{\"minimum\"",
                        "\"tie\":\"casting_vote\",\"trustees\":{\"minimum\"",
                    )
                });
                w.play();
                w.mark().decide_tie(&[0], &["Witness A", "Witness B"]);
                pack(&w)
            },
        )
        .stage("result")
        .same(),
        attack(
            "O3-again",
            "Lots are drawn until the right one wins",
            "outcome.md §3",
            &["outcome.order"],
            |name| {
                played(
                    name,
                    |_| (),
                    |w| {
                        by_lots(w, 1);
                        w.mark().decide_tie(&[0], &["Witness A", "Witness B"]);
                    },
                )
            },
        )
        .same(),
        attack(
            "O3-early",
            "A tie is decided before the result is published",
            "outcome.md §3",
            &["outcome.order"],
            |name| {
                let mut w = electing(name, |_| ());
                w.until_open();
                w.poll();
                w.close();
                w.seal();
                w.anchor();
                w.mark().decide_tie(&[0], &["Witness A", "Witness B"]);
                w.decrypt();
                w.declare();
                w.publish_views();
                pack(&w)
            },
        )
        .stage("result")
        .same(),
        attack(
            "O3-superseded",
            "A tie that was decided before a recount is taken for one after it",
            "outcome.md §4",
            &["election.order"],
            |name| {
                played(name, on_paper, |w| {
                    w.recount(&[1, 1], 0);
                    w.publish_result(0);
                    w.decide_tie(&[1], &["Witness A", "Witness B"]);
                    w.decided = Some((vec![1], "lots"));
                    w.publish_outcome(0);
                    w.recount(&[2, 2], 0);
                    w.decided = None;
                    w.publish_result(0);
                    w.decided = Some((vec![1], "lots"));
                    w.mark().publish_outcome(0);
                })
            },
        )
        .stage("result")
        .same(),
    ]
}

fn recounts() -> Vec<Case> {
    vec![
        attack(
            "O4-same",
            "A recount that finds what was found before",
            "outcome.md §4",
            &["paper.return"],
            |name| played(name, on_paper, |w| w.mark().recount(&[1, 0], 1)),
        )
        .stage("anchored")
        .same(),
        attack(
            "O4-sum",
            "A recount with more votes than papers",
            "outcome.md §4",
            &["paper.return"],
            |name| {
                let mut w = electing(name, on_paper);
                w.on("election", 0x0322, 0, |d| d.payload[33] -= 1);
                w.play();
                w.recount(&[1, 2], 0);
                pack(&w)
            },
        )
        .stage("anchored")
        .same(),
        attack(
            "O4-unreturned",
            "Papers are counted again that nobody returned",
            "outcome.md §4",
            &["outcome.order"],
            |name| played(name, decisive, |w| w.mark().recount(&[1, 2], 0)),
        )
        .same(),
        attack(
            "O4-second-result",
            "The result is published a second time without a recount",
            "outcome.md §4",
            &["election.order"],
            |name| {
                played(name, decisive, |w| {
                    let document = w.result_view(0);
                    let size = w.election.size();
                    w.mark().publish_view(0, "result", size, document);
                })
            },
        )
        .same(),
        attack(
            "O4-old-result",
            "After a recount the result is published from the numbers before it",
            "outcome.md §4",
            &["view.digest"],
            |name| {
                let mut w = electing(name, on_paper);
                w.play();
                w.recount(&[1, 2], 0);
                let at = w.election.size();
                // What it should say: First 2, Second 3.
                w.on_content("view result", |s| {
                    s.replace(
                        "\"digital\":1,\"paper\":1,\"total\":2",
                        "\"digital\":1,\"paper\":2,\"total\":3",
                    )
                });
                w.publish_result(0);
                w.flaw = Some((w.election.id, at));
                pack(&w)
            },
        ),
    ]
}

fn removals() -> Vec<Case> {
    vec![
        attack(
            "O5-last",
            "The last candidate is removed",
            "outcome.md §5.3",
            &["outcome.candidate"],
            |name| {
                played_from(
                    name,
                    decisive,
                    |w| {
                        w.remove(0, 1);
                        w.mark().remove(1, 1);
                        w.removed = vec![0];
                    },
                    |_| (),
                )
            },
        )
        .same(),
        attack(
            "O5-nobody",
            "Somebody is removed who is no candidate",
            "outcome.md §5",
            &["outcome.candidate"],
            |name| played_from(name, decisive, |w| w.mark().remove(2, 1), |_| ()),
        )
        .same(),
        attack(
            "O5-cause",
            "A candidate is removed for no cause that the rules know",
            "outcome.md §5",
            &["outcome.candidate"],
            |name| played_from(name, decisive, |w| w.mark().remove(0, 3), |_| ()),
        )
        .same(),
        attack(
            "O5-again",
            "A candidate is removed twice",
            "outcome.md §5",
            &["outcome.order"],
            |name| {
                played_from(
                    name,
                    decisive,
                    |w| {
                        w.remove(0, 1);
                        w.mark().remove(0, 2);
                        w.removed = vec![0];
                    },
                    |_| (),
                )
            },
        )
        .same(),
        attack(
            "O5-open",
            "A candidate withdraws while people vote",
            "outcome.md §5.1",
            &["outcome.order"],
            |name| played_from(name, decisive, |_| (), |w| w.mark().remove(0, 1)),
        )
        .same(),
        attack(
            "O5-late",
            "A candidate withdraws after the last day for it",
            "outcome.md §5.1",
            &["outcome.order"],
            |name| {
                let mut w = electing(name, decisive);
                w.on_content("rules", |s| {
                    s.replace("\"withdrawal_days\":0", "\"withdrawal_days\":1")
                });
                w.begin();
                w.fill_roll();
                w.make_key();
                w.define_boxes();
                w.mark().remove(0, 1);
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "O5-winner",
            "The winner is removed when the result is known",
            "outcome.md §5.2",
            &["outcome.order"],
            |name| played(name, decisive, |w| w.mark().remove(0, 2)),
        )
        .same(),
    ]
}

fn objections() -> Vec<Case> {
    vec![
        attack(
            "O6-early",
            "An objection to a result that is not published",
            "outcome.md §6",
            &["outcome.order"],
            |name| {
                let mut w = electing(name, decisive);
                w.until_open();
                w.mark().object();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "O6-again",
            "An objection is decided a second time",
            "outcome.md §6",
            &["outcome.objection"],
            |name| {
                played(name, decisive, |w| {
                    let objection = w.object();
                    w.decide_objection(objection, 3);
                    w.mark().decide_objection(objection, 1);
                })
            },
        )
        .same(),
        attack(
            "O6-nothing",
            "A decision on an objection that nobody filed",
            "outcome.md §6",
            &["outcome.objection"],
            |name| played(name, decisive, |w| w.mark().decide_objection(3, 1)),
        )
        .same(),
        attack(
            "O6-pending",
            "The results are certified while an objection is not decided",
            "outcome.md §7",
            &["election.certification"],
            |name| {
                played(name, decisive, |w| {
                    w.object();
                    w.mark().certify();
                })
            },
        )
        .same(),
        attack(
            "O6-certified",
            "An objection to results that are certified",
            "outcome.md §7",
            &["election.order"],
            |name| {
                played(name, decisive, |w| {
                    w.certify();
                    w.mark().object();
                })
            },
        )
        .same(),
    ]
}

fn outcomes() -> Vec<Case> {
    vec![
        attack(
            "O7-tie",
            "The results are certified while a tie is not decided",
            "outcome.md §7",
            &["election.certification"],
            |name| played(name, |_| (), |w| w.mark().certify()),
        )
        .stage("result")
        .same(),
        attack(
            "O7-recount",
            "The results are certified after a recount, and its result is not published",
            "outcome.md §7",
            &["election.certification"],
            |name| {
                let mut w = electing(name, on_paper);
                w.on("election", 0x030a, 5, |d| {
                    d.copies = 0;
                    d.flawed = false;
                });
                w.play();
                w.recount(&[1, 2], 0);
                w.mark().certify();
                pack(&w)
            },
        )
        .stage("result")
        .same(),
        attack(
            "O8-loser",
            "The published outcome elects another one",
            "outcome.md §8",
            &["view.digest"],
            |name| {
                let mut w = electing(name, decisive);
                w.on_content("view outcome", |s| s.replace("\"answer\":0", "\"answer\":1"));
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "O8-void",
            "The published outcome elects somebody who was removed",
            "outcome.md §8",
            &["view.digest"],
            |name| played_from(name, decisive, |w| w.remove(0, 1), |_| ()),
        )
        .same(),
        attack(
            "O8-tie",
            "The published outcome decides a tie by itself",
            "outcome.md §8",
            &["election.order"],
            |name| {
                played(
                    name,
                    |_| (),
                    |w| {
                        w.decided = Some((vec![0], "lots"));
                        w.mark().publish_outcome(0);
                    },
                )
            },
        )
        .stage("result")
        .same(),
        attack(
            "O9-form",
            "A seat for nobody",
            "outcome.md §2",
            &["election.manifest", "election.order"],
            |name| {
                let mut w = electing(name, decisive);
                w.on_content("manifest", |s| s.replace("\"seats\":1", "\"seats\":3"));
                w.on("election", 0x0301, 0, |_| ());
                w.play();
                pack(&w)
            },
        )
        .stage("announced")
        .door("election.manifest"),
    ]
}

/// Numbers that follow from a seed.
struct Choices {
    seed: u64,
    made: u64,
}

impl Choices {
    /// One of `0..n`.
    fn below(&mut self, n: u64) -> u64 {
        self.made += 1;
        let digest = sha(&[b"choice", &self.seed.to_be_bytes(), &self.made.to_be_bytes()]);
        u64::from(u16::from_be_bytes([digest[0], digest[1]])) % n
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].clone()
    }

    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// An event with random numbers in which officials do what comes to their minds. Up to the first thing that they may not do it is honest.
#[must_use]
pub fn at_random(seed: u64) -> Package {
    let mut dice = Choices { seed, made: 0 };
    let c = &mut dice;
    let answers = c.one_of(&[2, 2, 3, 4]);
    let blank = c.once_in(3);
    let choices = answers + usize::from(blank);
    let ballot = |c: &mut Choices| {
        let mut row = vec![0; choices];
        let choice = usize::try_from(c.below(choices as u64)).unwrap();
        row[choice] = 1;
        vec![row]
    };
    let votes = (0..3).map(|voter| (voter, ballot(c))).collect();
    let most = answers as u64;
    let seats = if c.once_in(8) { 0 } else { 1 + c.below(most.min(2)) };
    let mut w = electing("random", |spec| {
        spec.districts = vec![("national", vec![question(answers, blank, 1, 1)])];
        spec.seats = usize::try_from(seats).unwrap();
        spec.votes = votes;
        spec.excluded = c.one_of(&[vec![], vec![2]]);
        spec.paper = !c.once_in(3);
        spec.min_ballots = c.one_of(&[1, 1, 1, 5]);
        spec.adopts = !c.once_in(12);
    });
    if c.once_in(2) {
        let rule = c.one_of(&["casting_vote", "lots"]);
        w.on_content("rules", move |s| {
            let tie = format!("\"tie\":\"{rule}\",\"trustees\":{{\"minimum\"");
            s.replace("\"trustees\":{\"minimum\"", &tie)
        });
    }
    w.begin();
    w.fill_roll();
    w.make_key();
    w.define_boxes();
    for _ in 0..c.one_of(&[0, 0, 0, 1, 1, 2]) {
        remove(&mut w, c, answers);
    }
    w.open();
    if c.once_in(8) {
        remove(&mut w, c, answers);
    }
    w.poll();
    w.finish();
    let mut objections = Vec::new();
    for _ in 0..1 + c.below(9) {
        step(&mut w, c, answers, choices, &mut objections);
    }
    pack(&w)
}

fn remove(w: &mut World, c: &mut Choices, answers: usize) {
    let beyond = u64::from(c.once_in(12));
    let answer = c.below(answers as u64 + beyond);
    let open = w.election.entries.len() > 12;
    let cause = match c.below(12) {
        0 => 3,
        1 => 1,
        n => 1 + u8::from(open || n > 6),
    };
    w.remove(answer, cause);
    let answer = usize::try_from(answer).unwrap();
    if !w.removed.contains(&answer) {
        w.removed.push(answer);
        w.removed.sort_unstable();
    }
}

fn step(w: &mut World, c: &mut Choices, answers: usize, choices: usize, objections: &mut Vec<u64>) {
    match c.below(12) {
        0..=2 => {
            let (_, level, left) = w.standing();
            let chosen: Vec<usize> = if c.once_in(4) {
                (0..answers).filter(|_| c.once_in(2)).collect()
            } else {
                level.into_iter().rev().take(left).rev().collect()
            };
            let by = c.one_of(&[
                &["The chair"][..],
                &["Witness A", "Witness B"],
                &["Witness A", "Witness B"],
                &["Witness C", "Witness B", "Witness A"],
                &["The chair"],
                &["Witness A", "Witness A"],
            ]);
            w.decide_tie(&chosen, by);
            let how = if by.len() == 1 { "casting_vote" } else { "lots" };
            w.decided = Some((chosen, how));
            if c.below(4) > 0 {
                w.publish_outcome(0);
            }
        }
        3 | 4 => {
            let counts: Vec<u64> = (0..choices).map(|_| c.below(3)).collect();
            w.recount(&counts, c.below(2) + 1);
            if c.once_in(6) {
                remove(w, c, answers);
            }
            if c.below(6) > 0 {
                w.publish_result(0);
            }
        }
        5 => remove(w, c, answers),
        6 | 7 => objections.push(w.object()),
        8 | 9 => {
            let at = w.election.size();
            let named = match objections.pop() {
                Some(named) if c.below(8) > 0 => named,
                None if c.below(3) > 0 => return objections.push(w.object()),
                _ => at - c.below(3),
            };
            w.decide_objection(named, c.one_of(&[1, 2, 3, 1, 2, 3, 1, 2, 3, 0, 4]));
        }
        10 => w.publish_outcome(0),
        _ => w.certify(),
    }
}
