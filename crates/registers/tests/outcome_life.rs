//! What follows from a result, given / when / then. Spec: specs/outcome.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

mod world;

use std::collections::BTreeSet;

use proptest::prelude::*;
use sijill_ledger::LedgerId;
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::*;
use sijill_registers::election::outcome::{By, Standing, Tie, standing};
use sijill_registers::election::views::outcome::{Elected, OutcomeDocument, QuestionOutcome};
use sijill_registers::election::views::result::{ResultDocument, Results};
use sijill_registers::roll::events::RollEvent;
use sijill_registers::views::View;
use sijill_rules::RulePack;
use world::{DISTRICT, FILE, PACK, Refused, World};

fn refused(outcome: Result<(), Refused>, code: &str) {
    match outcome {
        Ok(()) => panic!("accepted, but {code} was expected"),
        Err(e) => assert_eq!(e.code(), code, "{e:?}"),
    }
}

/// The event of the world with other questions: answers, seats (0: none) of each.
fn file(questions: &[(usize, u16)]) -> String {
    let (head, _) = FILE.split_once("[[district.question]]").unwrap();
    let mut file = head.to_owned();
    for (answers, seats) in questions {
        let names: Vec<String> = (1..=*answers)
            .map(|n| format!("{{ en = \"Candidate {n}\", ar = \"\" }}"))
            .collect();
        file += &format!(
            "[[district.question]]\ntext = {{ en = \"Who?\", ar = \"\" }}\nanswers = [{}]\nblank = true\nmin = 0\nmax = {answers}\n",
            names.join(", ")
        );
        if *seats > 0 {
            file += &format!("seats = {seats}\n");
        }
    }
    file
}

/// A rule pack whose law names a way to decide ties.
fn pack(tie: &str) -> String {
    PACK.replace("version = 1\n", &format!("version = 1\ntie = \"{tie}\"\n"))
}

fn election(event: ElectionEvent) -> Event {
    Event::Election(event)
}

/// Given an event with those questions under a pack, defined under its rules.
fn defined(questions: &[(usize, u16)], pack: &str) -> World {
    let mut w = World::of(&file(questions), pack);
    w.define();
    w.adopt();
    w
}

/// … whose box is counted; nobody voted digitally.
fn counted(questions: &[(usize, u16)], pack: &str) -> World {
    let mut w = defined(questions, pack);
    w.fix_trustees();
    w.open_boxes();
    w.count();
    w
}

fn paper(w: &World, votes: &[Vec<u64>]) -> PaperReturned {
    let valid = votes.iter().flatten().copied().max().unwrap_or(0);
    PaperReturned {
        ledger: w.ballot_box,
        issued: valid,
        valid,
        invalid: 0,
        spoilt: 0,
        counts: votes.iter().map(|v| [&[0], v.as_slice()].concat()).collect(),
    }
}

fn return_paper(w: &mut World, votes: &[Vec<u64>]) {
    let returned = election(ElectionEvent::PaperReturned(paper(w, votes)));
    w.commission(w.election, returned, &[]).unwrap();
}

fn recount(w: &World, votes: &[Vec<u64>]) -> PaperRecounted {
    let p = paper(w, votes);
    PaperRecounted {
        ledger: p.ledger,
        issued: p.issued,
        valid: p.valid,
        invalid: p.invalid,
        spoilt: p.spoilt,
        counts: p.counts,
        reason: "Two bundles were counted twice".to_owned(),
    }
}

fn result(w: &World) -> Option<ResultDocument> {
    let mut view = Results::default();
    let one = &w.ledgers.0[&w.election];
    for entry in &one.entries[1..] {
        let body = entry.body();
        let event = Event::parse(one.state.kind(), body.event_type, &body.payload).unwrap();
        view.apply(entry.seq().as_u64(), entry.received_ms(), &event, &w.documents)
            .unwrap();
    }
    view.document(w.ballot_box, one.chain.size(), &w.manifest)
}

fn publish_result(w: &mut World) -> Result<(), Refused> {
    let document = result(w).unwrap();
    let event = w.view_published("result", &document.to_bytes());
    w.serve(w.election, event, &[])
}

fn outcome(w: &World) -> Result<OutcomeDocument, sijill_registers::register::Rejection> {
    let size = w.ledgers.0[&w.election].chain.size();
    w.election_facts().outcome(&w.ballot_box, size, &w.documents)
}

fn publish_outcome(w: &mut World) -> Result<OutcomeDocument, Refused> {
    let document = outcome(w).map_err(Refused::Register)?;
    let event = w.view_published("outcome", &document.to_bytes());
    w.serve(w.election, event, &[])?;
    Ok(document)
}

fn lots(ledger: LedgerId, question: u16, elected: &[u16]) -> TieDecided {
    TieDecided {
        ledger,
        question,
        elected: elected.to_vec(),
        rule: 2,
        by: vec!["Clerk of the court".to_owned(), "Notary of the town".to_owned()],
        reason: "Drawn from an urn".to_owned(),
    }
}

fn decide_tie(w: &mut World, tie: TieDecided) -> Result<(), Refused> {
    w.commission(w.election, election(ElectionEvent::TieDecided(tie)), &[])
}

fn draw(w: &mut World, question: u16, elected: &[u16]) -> Result<(), Refused> {
    let tie = lots(w.ballot_box, question, elected);
    decide_tie(w, tie)
}

fn removal(question: u16, answer: u16, cause: u8) -> CandidateRemoved {
    CandidateRemoved {
        district: DISTRICT.parse().unwrap(),
        question,
        answer,
        cause,
        reason: "Judgment 12 of the administrative court".to_owned(),
    }
}

fn remove(w: &mut World, removal: CandidateRemoved) -> Result<(), Refused> {
    w.commission(
        w.election,
        election(ElectionEvent::CandidateRemoved(removal)),
        &[],
    )
}

fn certify(w: &mut World) -> Result<(), Refused> {
    w.commission(w.election, election(ElectionEvent::ResultsCertified), &[])
}

fn seats(seats: u16, elected: &[(u16, By)], void: &[u16]) -> QuestionOutcome {
    QuestionOutcome::Seats {
        seats,
        elected: elected
            .iter()
            .map(|(answer, by)| Elected {
                answer: *answer,
                by: *by,
            })
            .collect(),
        void: void.to_vec(),
    }
}

/// Publishes what certification needs beside result and outcome.
fn publish_others(w: &mut World) {
    let size = w.anchor().sealed_size;
    for view in ["turnout", "trackers", "tally"] {
        let content = w.documents.put(b"{}");
        let event = election(ElectionEvent::ViewPublished(ViewPublished {
            view: view.to_owned(),
            ledger: w.ballot_box,
            size,
            content,
        }));
        w.serve(w.election, event, &[]).unwrap();
    }
}

// --- adopted rules ------------------------------------------------------------------------------------------------

#[test]
fn rules_are_adopted_once_after_the_definition_and_before_the_trustees() {
    let mut w = World::of(&file(&[(3, 1)]), PACK);
    let good = w.rules_adopted();
    let event = |e: &RulesAdopted| election(ElectionEvent::RulesAdopted(e.clone()));
    refused(w.commission(w.election, event(&good), &[]), "outcome.order");
    w.define();
    for polling_day in [good.polling_day - 1, good.polling_day + 1, u32::MAX] {
        let wrong = RulesAdopted {
            polling_day,
            ..good.clone()
        };
        refused(w.commission(w.election, event(&wrong), &[]), "outcome.rules");
    }
    let changes: &[fn(&mut RulePack)] = &[
        |p| p.id = "other-1".to_owned(),
        |p| p.calendar.time_zone = "Asia/Kuwait".to_owned(),
        |p| p.valid_from = jiff::civil::date(2026, 12, 6),
        |p| p.valid_until = Some(jiff::civil::date(2026, 12, 4)),
        |p| p.voting.grace_ms += 1,
        |p| p.voting.revote = false,
        |p| p.voting.min_ballots_to_decrypt = 6,
        |p| p.certification.quorum = 2,
        |p| p.trustees.minimum = 3,
        |p| {
            p.channels
                .voting
                .retain(|c| *c != sijill_rules::VotingChannel::Paper);
        },
    ];
    for (n, change) in changes.iter().enumerate() {
        let mut pack = w.pack.clone();
        change(&mut pack);
        let wrong = RulesAdopted {
            pack: w.documents.put(&pack.to_json()),
            ..good.clone()
        };
        let outcome = w.commission(w.election, event(&wrong), &[]);
        assert_eq!(outcome.unwrap_err().code(), "outcome.rules", "change {n}");
    }
    let wrong = RulesAdopted {
        pack: w.documents.put(b"{}"),
        ..good.clone()
    };
    refused(w.commission(w.election, event(&wrong), &[]), "outcome.rules");
    w.commission(w.election, event(&good), &[]).unwrap();
    refused(w.commission(w.election, event(&good), &[]), "outcome.order");
}

#[test]
fn a_law_without_a_digital_channel_is_adopted_for_rehearsals_alone() {
    let without = PACK.replace(
        "voting = [\"paper\", \"remote\", \"station\"]",
        "voting = [\"paper\"]",
    );
    let mut w = World::of(&file(&[(3, 1)]), &without);
    w.define();
    w.adopt();

    let mut w = World::of(&file(&[(3, 1)]), &without);
    w.manifest.rehearsal = false;
    w.define();
    let event = election(ElectionEvent::RulesAdopted(w.rules_adopted()));
    refused(w.commission(w.election, event, &[]), "outcome.rules");
}

#[test]
fn without_rules_no_seat_is_filled() {
    let mut w = World::of(&file(&[(3, 1)]), PACK);
    w.define();
    w.fix_trustees();
    let event = election(ElectionEvent::RulesAdopted(w.rules_adopted()));
    refused(w.commission(w.election, event, &[]), "outcome.order");
    refused(remove(&mut w, removal(0, 0, 1)), "outcome.order");
    w.freeze_roll();
    let defined = w.box_definition();
    w.commission(
        w.election,
        election(ElectionEvent::BoxDefined(defined)),
        &[w.roll],
    )
    .unwrap();
    let opened = w.commission(w.election, election(ElectionEvent::PollOpened), &[]);
    refused(opened, "outcome.order");
}

#[test]
fn an_event_without_seats_needs_no_rules() {
    let mut w = World::new();
    w.open();
    w.count();
    return_paper(&mut w, &[vec![3, 0]]);
    publish_result(&mut w).unwrap();
    refused(draw(&mut w, 0, &[0]), "outcome.order");
    let event = election(ElectionEvent::PaperRecounted(recount(&w, &[vec![2, 2]])));
    refused(w.commission(w.election, event, &[]), "outcome.order");
    assert_eq!(outcome(&w).unwrap_err().code(), "election.order");
    publish_others(&mut w);
    certify(&mut w).unwrap();
}

#[test]
fn the_roll_is_held_under_the_adopted_rules() {
    let mut w = defined(&[(3, 1)], PACK);
    let mut other = w.pack.clone();
    other.version = 2;
    let mut roll = w.roll_defined();
    roll.pack = w.documents.put(&other.to_json());
    let event = Event::Roll(RollEvent::RollDefined(roll));
    refused(w.commission(w.roll, event, &[w.election]), "outcome.rules");

    let mut w = World::of(&file(&[(3, 1)]), PACK);
    w.define();
    w.define_roll();
    let adopted = RulesAdopted {
        pack: w.documents.put(&other.to_json()),
        ..w.rules_adopted()
    };
    let event = election(ElectionEvent::RulesAdopted(adopted));
    refused(w.commission(w.election, event, &[]), "outcome.rules");
    w.adopt();
}

// --- candidates ---------------------------------------------------------------------------------------------------

/// Scenario 13: a candidate withdraws after the cut-off; one is removed by a court; both can be traced.
#[test]
fn candidates_withdraw_until_the_cut_off_and_courts_remove_them_until_the_result() {
    // The law of the pack: 14 days before the polling day, 5 December 2026.
    let start = |before_ms| {
        let mut w = World::starting(&file(&[(4, 2), (2, 0)]), PACK, before_ms);
        w.define();
        w.adopt();
        w
    };
    const DAY: u64 = 24 * 60 * world::MINUTE;
    // 7 o'clock on 21 November is the last day.
    let mut w = start(14 * DAY);
    w.now += 17 * 60 * world::MINUTE - 1;
    remove(&mut w, removal(0, 3, 1)).unwrap();
    refused(remove(&mut w, removal(0, 3, 1)), "outcome.order");
    refused(remove(&mut w, removal(0, 3, 2)), "outcome.order");
    w.now += 1;
    refused(remove(&mut w, removal(0, 2, 1)), "outcome.order");
    for (wrong, code) in [
        (removal(0, 4, 2), "outcome.candidate"),
        (removal(1, 0, 2), "outcome.candidate"),
        (removal(2, 0, 2), "outcome.candidate"),
        (removal(0, 0, 3), "outcome.candidate"),
        (
            CandidateRemoved {
                district: "nowhere".parse().unwrap(),
                ..removal(0, 0, 2)
            },
            "outcome.candidate",
        ),
        (
            CandidateRemoved {
                reason: " ".to_owned(),
                ..removal(0, 0, 2)
            },
            "outcome.candidate",
        ),
    ] {
        refused(remove(&mut w, wrong), code);
    }
    w.fix_trustees();
    w.open_boxes();
    refused(remove(&mut w, removal(0, 2, 1)), "outcome.order");
    remove(&mut w, removal(0, 2, 2)).unwrap();
    w.count();
    remove(&mut w, removal(0, 1, 2)).unwrap();
    refused(remove(&mut w, removal(0, 0, 2)), "outcome.candidate");
    return_paper(&mut w, &[vec![0, 9, 8, 7], vec![1, 1]]);
    publish_result(&mut w).unwrap();
    // The ballots and every count still have all four.
    assert_eq!(result(&w).unwrap().questions[0].answers[2].total, 8);
    let document = publish_outcome(&mut w).unwrap();
    assert_eq!(
        document.questions,
        [
            seats(2, &[(0, By::Unopposed)], &[1, 2, 3]),
            QuestionOutcome::Nobody
        ]
    );
}

#[test]
fn a_court_that_comes_after_the_result_waits_for_a_recount() {
    let mut w = counted(&[(3, 1)], PACK);
    return_paper(&mut w, &[vec![5, 3, 1]]);
    publish_result(&mut w).unwrap();
    refused(remove(&mut w, removal(0, 0, 2)), "outcome.order");
    let event = election(ElectionEvent::PaperRecounted(recount(&w, &[vec![5, 2, 1]])));
    w.commission(w.election, event, &[]).unwrap();
    remove(&mut w, removal(0, 0, 2)).unwrap();
    publish_result(&mut w).unwrap();
    let document = publish_outcome(&mut w).unwrap();
    assert_eq!(document.questions, [seats(1, &[(1, By::Votes)], &[0])]);
}

/// Scenario 14: who is alone is elected without a poll, also if the others withdrew before it.
#[test]
fn whoever_has_no_opponent_is_elected() {
    let none = BTreeSet::new();
    let alone = standing(1, &[0], &none);
    assert_eq!(alone.elected, [(0, By::Unopposed)]);
    assert_eq!(alone.tie, None);
    let two_left = standing(2, &[0, 7, 0], &BTreeSet::from([1]));
    assert_eq!(two_left.elected, [(0, By::Unopposed), (2, By::Unopposed)]);
}

// --- ties ---------------------------------------------------------------------------------------------------------

/// Scenario 15: under the rules of the Shura a casting vote, with identity and reason.
#[test]
fn a_casting_vote_decides_under_a_law_that_says_so() {
    let law = RulePack::parse(include_str!("../../../fixtures/rules/qa-shura-2021.toml")).unwrap();
    assert_eq!(law.tie, Some(sijill_rules::Tie::CastingVote));
    // Three votes each on the ballots, one each on paper.
    let mut w = World::of(&file(&[(3, 1)]), &pack("casting_vote"));
    w.define();
    w.adopt();
    w.fix_trustees();
    w.open_boxes();
    for voter in 0..6 {
        w.vote(voter, Some(voter % 2)).unwrap();
    }
    w.count();
    for trustee in [0, 1] {
        let share = election(ElectionEvent::ShareSubmitted(w.share(trustee)));
        w.trustee(trustee, share).unwrap();
    }
    let declared = election(ElectionEvent::ResultDeclared(w.result()));
    w.commission(w.election, declared, &[]).unwrap();
    return_paper(&mut w, &[vec![1, 1, 1]]);
    let vote = TieDecided {
        rule: 1,
        by: vec!["Head of the electoral committee, Judge N. N.".to_owned()],
        reason: "The elder of the two".to_owned(),
        ..lots(w.ballot_box, 0, &[1])
    };
    refused(decide_tie(&mut w, vote.clone()), "outcome.order");
    publish_result(&mut w).unwrap();
    assert_eq!(outcome(&w).unwrap_err().code(), "election.order");
    for wrong in [
        lots(w.ballot_box, 0, &[1]),
        TieDecided {
            by: Vec::new(),
            ..vote.clone()
        },
        TieDecided {
            by: vec!["A".to_owned(), "B".to_owned()],
            ..vote.clone()
        },
        TieDecided {
            by: vec!["\u{202E}A".to_owned()],
            ..vote.clone()
        },
        TieDecided {
            by: vec!["A".repeat(201)],
            ..vote.clone()
        },
        TieDecided {
            reason: String::new(),
            ..vote.clone()
        },
        TieDecided {
            elected: vec![2],
            ..vote.clone()
        },
        TieDecided {
            elected: vec![0, 1],
            ..vote.clone()
        },
        TieDecided {
            elected: Vec::new(),
            ..vote.clone()
        },
        TieDecided {
            question: 1,
            ..vote.clone()
        },
        TieDecided {
            rule: 3,
            ..vote.clone()
        },
    ] {
        refused(decide_tie(&mut w, wrong), "outcome.tie");
    }
    decide_tie(&mut w, vote.clone()).unwrap();
    refused(decide_tie(&mut w, vote.clone()), "outcome.order");
    let document = publish_outcome(&mut w).unwrap();
    assert_eq!(document.questions, [seats(1, &[(1, By::CastingVote)], &[])]);
    refused(
        decide_tie(&mut w, TieDecided { question: 3, ..vote }),
        "outcome.order",
    );
}

/// Scenario 15: under the rules of the Central Municipal Council lots, before witnesses.
#[test]
fn lots_decide_under_a_law_that_says_so() {
    let law = RulePack::parse(include_str!("../../../fixtures/rules/qa-cmc-2023.toml")).unwrap();
    assert_eq!(law.tie, Some(sijill_rules::Tie::Lots));
    let mut w = counted(&[(5, 3)], &pack("lots"));
    return_paper(&mut w, &[vec![4, 9, 4, 0, 4]]);
    publish_result(&mut w).unwrap();
    let good = lots(w.ballot_box, 0, &[0, 4]);
    for wrong in [
        TieDecided {
            rule: 1,
            ..good.clone()
        },
        TieDecided {
            rule: 1,
            by: vec!["Head".to_owned()],
            ..good.clone()
        },
        TieDecided {
            by: vec!["Clerk".to_owned()],
            ..good.clone()
        },
        TieDecided {
            by: vec!["Clerk".to_owned(), "Clerk".to_owned()],
            ..good.clone()
        },
        TieDecided {
            by: (0..17).map(|n| format!("Witness {n}")).collect(),
            ..good.clone()
        },
        TieDecided {
            elected: vec![4, 0],
            ..good.clone()
        },
        TieDecided {
            elected: vec![0, 0],
            ..good.clone()
        },
        TieDecided {
            elected: vec![0, 1],
            ..good.clone()
        },
        TieDecided {
            elected: vec![0, 3],
            ..good.clone()
        },
    ] {
        refused(decide_tie(&mut w, wrong), "outcome.tie");
    }
    decide_tie(&mut w, good).unwrap();
    let document = publish_outcome(&mut w).unwrap();
    assert_eq!(
        document.questions,
        [seats(3, &[(0, By::Lots), (1, By::Votes), (4, By::Lots)], &[])]
    );
    let bytes = document.to_bytes();
    assert_eq!(OutcomeDocument::parse(&bytes).unwrap(), document);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.ends_with(
        r#""questions":[{"seats":3,"elected":[{"answer":0,"by":"lots"},{"answer":1,"by":"votes"},{"answer":4,"by":"lots"}],"void":[]}]}"#
    ));
}

#[test]
fn no_tie_is_decided_that_is_none() {
    let mut w = counted(&[(3, 2), (2, 0)], PACK);
    return_paper(&mut w, &[vec![4, 4, 3], vec![1, 1]]);
    publish_result(&mut w).unwrap();
    for question in [0, 1, 2] {
        refused(draw(&mut w, question, &[0]), "outcome.tie");
    }
    let document = publish_outcome(&mut w).unwrap();
    assert_eq!(
        document.questions,
        [
            seats(2, &[(0, By::Votes), (1, By::Votes)], &[]),
            QuestionOutcome::Nobody
        ]
    );
}

#[test]
fn an_outcome_is_the_one_that_follows() {
    let mut w = counted(&[(3, 1)], PACK);
    return_paper(&mut w, &[vec![4, 2, 3]]);
    publish_result(&mut w).unwrap();
    let good = outcome(&w).unwrap();
    let mut wrong = good.clone();
    wrong.questions = vec![seats(1, &[(2, By::Votes)], &[])];
    let event = w.view_published("outcome", &wrong.to_bytes());
    refused(w.serve(w.election, event, &[]), "view.digest");
    publish_outcome(&mut w).unwrap();
    let again = w.view_published("outcome", &good.to_bytes());
    refused(w.serve(w.election, again, &[]), "election.order");
}

// --- recounts -----------------------------------------------------------------------------------------------------

/// Scenario 17: both percentages, of what was counted last.
#[test]
fn a_recount_supersedes_the_return_the_result_and_the_tie() {
    let mut w = counted(&[(2, 1)], PACK);
    let recounted = |w: &World, valid: u64, invalid: u64, votes: Vec<u64>| PaperRecounted {
        issued: valid + invalid,
        valid,
        invalid,
        counts: vec![[vec![0], votes].concat()],
        ..recount(w, &[vec![1, 1]])
    };
    let event = |e: &PaperRecounted| election(ElectionEvent::PaperRecounted(e.clone()));
    let before = recounted(&w, 982, 18, vec![491, 491]);
    refused(w.commission(w.election, event(&before), &[]), "outcome.order");
    let returned = election(ElectionEvent::PaperReturned(before.as_return()));
    w.commission(w.election, returned, &[]).unwrap();
    publish_result(&mut w).unwrap();
    refused(publish_result(&mut w), "election.order");
    draw(&mut w, 0, &[1]).unwrap();
    publish_outcome(&mut w).unwrap();

    refused(w.commission(w.election, event(&before), &[]), "paper.return");
    let mut wrong = recounted(&w, 982, 18, vec![890, 92]);
    wrong.issued += 1;
    refused(w.commission(w.election, event(&wrong), &[]), "paper.return");
    let mut wrong = recounted(&w, 982, 18, vec![890, 92]);
    wrong.reason = "line\nbreak".to_owned();
    refused(w.commission(w.election, event(&wrong), &[]), "paper.return");
    let good = recounted(&w, 982, 18, vec![890, 92]);
    w.commission(w.election, event(&good), &[]).unwrap();

    let facts = w.election_facts();
    let progress = &facts.progress[&w.ballot_box];
    assert!(!progress.has_view("result") && !progress.has_view("outcome"));
    assert!(progress.ties.is_empty());
    refused(draw(&mut w, 0, &[1]), "outcome.order");
    assert_eq!(outcome(&w).unwrap_err().code(), "election.order");
    publish_others(&mut w);
    refused(certify(&mut w), "election.certification");
    publish_result(&mut w).unwrap();
    refused(certify(&mut w), "election.certification");
    let document = result(&w).unwrap();
    // What was published of the referendum of 2024.
    let published: serde_json::Value =
        serde_json::from_str(include_str!("../../../fixtures/referendum/published-2024.json")).unwrap();
    let bp = |of: &str, what: &str| published[of][what].as_u64().unwrap();
    let of_cast = document.questions[0].answers.iter().map(|a| a.of_cast_bp);
    let said = [bp("of_votes_cast", "yes_bp"), bp("of_votes_cast", "no_bp")];
    assert_eq!(of_cast.collect::<Vec<_>>(), said);
    let of_valid = document.questions[0].answers.iter().map(|a| a.of_valid_bp);
    assert_eq!(
        of_valid.collect::<Vec<_>>(),
        [bp("of_valid_votes", "yes_bp"), 937]
    );
    let invalid = document.cast.total - document.valid.total;
    assert_eq!(
        invalid * 10_000 / document.cast.total,
        bp("of_votes_cast", "invalid_bp")
    );
    assert_eq!(document.cast.total - document.valid.total, 18, "1.8 of a hundred");
    let document = publish_outcome(&mut w).unwrap();
    assert_eq!(document.questions, [seats(1, &[(0, By::Votes)], &[])]);
    certify(&mut w).unwrap();
    let late = recounted(&w, 982, 18, vec![491, 491]);
    refused(w.commission(w.election, event(&late), &[]), "election.order");
    refused(remove(&mut w, removal(0, 1, 2)), "election.order");
}

// --- objections ---------------------------------------------------------------------------------------------------

#[test]
fn nothing_is_certified_while_an_objection_is_undecided() {
    let mut w = counted(&[(3, 1)], PACK);
    return_paper(&mut w, &[vec![4, 2, 3]]);
    let filed = |w: &World| {
        election(ElectionEvent::ResultObjectionFiled(ResultObjectionFiled {
            ledger: w.ballot_box,
            objector: [7; 32],
            statement: [8; 32],
        }))
    };
    let event = filed(&w);
    refused(w.registrar(w.election, event), "outcome.order");
    publish_result(&mut w).unwrap();
    publish_outcome(&mut w).unwrap();
    publish_others(&mut w);
    let event = filed(&w);
    refused(w.commission(w.election, event, &[]), "event.author");
    let event = filed(&w);
    w.registrar(w.election, event).unwrap();
    let position = w.ledgers.0[&w.election].chain.size() - 1;
    refused(certify(&mut w), "election.certification");

    let decided = |objection: u64, decision: u8, reason: &str| {
        election(ElectionEvent::ResultObjectionDecided(ResultObjectionDecided {
            objection,
            decision,
            reason: reason.to_owned(),
        }))
    };
    for wrong in [
        decided(position - 1, 1, "x"),
        decided(position + 1, 1, "x"),
        decided(position, 0, "x"),
        decided(position, 4, "x"),
        decided(position, 1, ""),
    ] {
        refused(w.commission(w.election, wrong, &[]), "outcome.objection");
    }
    let good = decided(position, 1, "The seals were whole");
    w.commission(w.election, good, &[]).unwrap();
    let again = decided(position, 2, "The seals were whole");
    refused(w.commission(w.election, again, &[]), "outcome.objection");
    certify(&mut w).unwrap();
}

#[test]
fn a_box_that_is_never_decrypted_is_objected_to_after_its_tally() {
    let digital_only = PACK.replace(
        "voting = [\"paper\", \"remote\", \"station\"]",
        "voting = [\"remote\", \"station\"]",
    );
    let mut w = counted(&[(3, 1)], &digital_only);
    let filed = |w: &World| {
        election(ElectionEvent::ResultObjectionFiled(ResultObjectionFiled {
            ledger: w.ballot_box,
            objector: [7; 32],
            statement: [8; 32],
        }))
    };
    let event = filed(&w);
    refused(w.registrar(w.election, event), "outcome.order");
    publish_others(&mut w);
    let event = filed(&w);
    w.registrar(w.election, event).unwrap();
    // It elects nobody, and is certified without an outcome once the objection is decided.
    assert_eq!(outcome(&w).unwrap_err().code(), "election.order");
    let position = w.ledgers.0[&w.election].chain.size() - 1;
    let decided = election(ElectionEvent::ResultObjectionDecided(ResultObjectionDecided {
        objection: position,
        decision: 1,
        reason: "Too few to tell".to_owned(),
    }));
    w.commission(w.election, decided, &[]).unwrap();
    certify(&mut w).unwrap();
}

// --- who is elected, against a naive model ------------------------------------------------------------------------

/// Each candidate for itself: how many have more votes, and how many have at least as many.
fn naive(seats: u16, votes: &[u64], removed: &BTreeSet<u16>) -> Standing {
    let seats = usize::from(seats);
    let stands = |answer: usize| !removed.contains(&u16::try_from(answer).unwrap());
    let candidates: Vec<usize> = (0..votes.len()).filter(|a| stands(*a)).collect();
    let mut elected = Vec::new();
    let mut level = Vec::new();
    for me in &candidates {
        let more = candidates.iter().filter(|c| votes[**c] > votes[*me]).count();
        let at_least = candidates.iter().filter(|c| votes[**c] >= votes[*me]).count();
        let answer = u16::try_from(*me).unwrap();
        if candidates.len() <= seats {
            elected.push((answer, By::Unopposed));
        } else if at_least <= seats {
            elected.push((answer, By::Votes));
        } else if more < seats {
            level.push(answer);
        }
    }
    let seats = seats - elected.len().min(seats);
    Standing {
        tie: (!level.is_empty()).then_some(Tie { level, seats }),
        elected,
    }
}

fn questions() -> impl Strategy<Value = (u16, Vec<u64>, BTreeSet<u16>)> {
    (1usize..=8).prop_flat_map(|answers| {
        let last = u16::try_from(answers).unwrap();
        (
            1..=last,
            // Few different numbers: many are level, many are zero.
            prop::collection::vec(0u64..4, answers),
            prop::collection::btree_set(0..last, 0..answers),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn who_is_elected_agrees_with_a_naive_model((seats, votes, removed) in questions()) {
        let found = standing(seats, &votes, &removed);
        prop_assert_eq!(&found, &naive(seats, &votes, &removed));
        if let Some(tie) = &found.tie {
            prop_assert!(tie.seats >= 1 && tie.seats < tie.level.len());
            prop_assert_eq!(tie.seats + found.elected.len(), usize::from(seats));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// The same through a whole event: removed before and after the poll, every tie decided for the last of those level.
    #[test]
    fn a_published_outcome_agrees_with_a_naive_model(all in prop::collection::vec(questions(), 1..4), court in any::<bool>()) {
        let shape: Vec<(usize, u16)> = all.iter().map(|(seats, votes, _)| (votes.len(), *seats)).collect();
        let mut w = World::starting(&file(&shape), PACK, 20 * 24 * 60 * world::MINUTE);
        w.define();
        w.adopt();
        let removals: Vec<(u16, u16)> = (0u16..).zip(&all).flat_map(|(q, (_, _, removed))| removed.iter().map(move |a| (q, *a))).collect();
        if !court {
            for (question, answer) in &removals {
                remove(&mut w, removal(*question, *answer, 1)).unwrap();
            }
        }
        w.fix_trustees();
        w.now = w.manifest.opens_ms - 600 * world::MINUTE;
        w.open_boxes();
        w.count();
        if court {
            for (question, answer) in &removals {
                remove(&mut w, removal(*question, *answer, 2)).unwrap();
            }
        }
        let votes: Vec<Vec<u64>> = all.iter().map(|(_, votes, _)| votes.clone()).collect();
        return_paper(&mut w, &votes);
        publish_result(&mut w).unwrap();
        let mut expected = Vec::new();
        let undecided = w.election_facts().undecided_ties(&w.ballot_box, &w.documents).unwrap();
        let mut ties = Vec::new();
        for (question, (places, votes, removed)) in (0u16..).zip(&all) {
            let Standing { mut elected, tie } = naive(*places, votes, removed);
            if let Some(tie) = tie {
                let chosen = tie.level[tie.level.len() - tie.seats..].to_vec();
                draw(&mut w, question, &chosen).unwrap();
                elected.extend(chosen.iter().map(|answer| (*answer, By::Lots)));
                elected.sort_unstable();
                ties.push((question, tie));
            }
            expected.push(seats(*places, &elected, &removed.iter().copied().collect::<Vec<_>>()));
        }
        prop_assert_eq!(undecided, ties);
        let document = publish_outcome(&mut w).unwrap();
        prop_assert_eq!(document.questions, expected);
    }
}
