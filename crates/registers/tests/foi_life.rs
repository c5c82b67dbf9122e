//! The life of requests on a register, each test a scenario of freedom of information. Spec: specs/foi.md.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod jurisdiction;

use jurisdiction::{FULL, QATAR, QATAR_WORKING, World, day, moment};
use sijill_registers::calendar::events::{RegisterEvent, RegisterViewPublished};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::events::*;
use sijill_registers::foi::views::Standing;

#[test]
fn scenario_20_due_dates_follow_the_pack_and_are_explained() {
    for (pack, due, line) in [
        (QATAR, "2025-12-21", "weekly rest, the last day moves on"),
        (QATAR_WORKING, "2025-12-25", "National Day"),
    ] {
        // Given the holidays known then, when a request is filed on Wednesday 3 December 2025
        let mut w = World::with_holidays(pack, "2025-12-01 09:00");
        w.at("2025-12-03 10:00");
        w.request();
        // then it is due as the pack counts, and the case says how.
        assert_eq!(w.due(1)["due"], due);
        assert_eq!(w.due(1)["status"], "running");
        let case = w.foi(w.register).case(1, w.now, &w.ledgers).unwrap();
        assert_eq!(case.line.reference, "moph-2026/1");
        assert_eq!(case.confidence, "low");
        assert!(
            case.english.iter().any(|l| l.contains(line)),
            "{:?}",
            case.english
        );
        assert_eq!(case.english.len(), case.arabic.len());
    }
}

#[test]
fn scenario_21_filed_on_friday_night() {
    let mut w = World::with_holidays(QATAR, "2025-12-01 09:00");
    w.at("2025-12-05 23:30");
    w.request();
    assert_eq!(w.due(1)["received"], "2025-12-05");
    assert_eq!(w.due(1)["due"], "2025-12-21");
}

#[test]
fn scenario_22_and_attack_f6_a_holiday_that_moves_changes_open_requests_alone() {
    // Given two requests of 8 March 2026, of which one is decided on 24 March, the day on which both are due
    let mut w = World::with_holidays(QATAR, "2026-03-01 09:00");
    w.at("2026-03-08 10:00");
    let first = w.request();
    w.request();
    w.admit(first);
    w.at("2026-03-24 10:00");
    assert_eq!(w.due(1)["due"], "2026-03-24");
    let document = w.document(1, &[]);
    w.decide(first, vec![document]).unwrap();
    // when it is announced that Eid lasts until the 25th
    let eid = w.foi(w.register).days().calendar(&w.ledgers).unwrap();
    let eid = eid
        .facts()
        .iter()
        .find(|f| f.name.en == "Eid al-Fitr")
        .unwrap()
        .seq;
    w.now += 1_000;
    w.holiday("Eid al-Fitr", "2026-03-17", "2026-03-25", 2, Some(eid))
        .unwrap();
    // then nothing changes before the register has seen it,
    assert_eq!(w.due(2)["due"], "2026-03-24");
    w.see(w.register).unwrap();
    // and afterwards the open request is due later, and the decided one was due when it was.
    assert_eq!(w.due(2)["due"], "2026-03-26");
    assert_eq!(w.due(1)["due"], "2026-03-24");
    assert_eq!(w.due(1)["status"], "decided");
    w.at("2026-03-27 00:10");
    assert_eq!(w.due(2)["missed"]["due"], "2026-03-26");
}

#[test]
fn a_holiday_that_was_declared_while_the_service_slept_counts_from_its_declaration() {
    // Given a request that is due on 21 December, and a service that sleeps from the 20th on
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-03 10:00");
    w.request();
    w.at("2025-12-20 12:00");
    w.awake = false;
    // when the 21st is declared a holiday on that very day, and the service wakes on the 24th
    w.at("2025-12-21 08:00");
    w.holiday("Mourning", "2025-12-21", "2025-12-21", 2, None)
        .unwrap();
    w.at("2025-12-24 08:00");
    w.close(w.register, day("2025-12-23")).unwrap();
    // then the request was due on the 22nd.
    assert_eq!(w.due(1)["missed"]["due"], "2025-12-22");
    assert_eq!(w.due(1)["missed"]["on"], "2025-12-23");
    assert_eq!(w.due(1)["status"], "deemed-refused");
}

#[test]
fn scenario_23_and_attack_f3_one_extension_and_only_in_time() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-03 10:00");
    let first = w.request();
    w.at("2025-12-05 10:00");
    let second = w.request();
    // On the last day, at the last minute.
    w.at("2025-12-21 23:59");
    w.extend(first).unwrap();
    assert_eq!(w.due(1)["original_due"], "2025-12-21");
    assert_eq!(w.due(1)["due"], "2026-01-04");
    assert_eq!(w.extend(first).unwrap_err().code(), "foi.clock");
    // A minute later the other one has lapsed.
    w.at("2025-12-22 00:01");
    assert_eq!(w.extend(second).unwrap_err().code(), "foi.order");
    // Without a deemed refusal the clock itself refuses.
    let mut w = World::with_holidays(QATAR, "2025-12-01 09:00");
    w.at("2025-12-03 10:00");
    let late = w.request();
    w.at("2025-12-22 00:01");
    assert_eq!(w.extend(late).unwrap_err().code(), "foi.clock");
}

#[test]
fn scenario_24_clarification_pauses_or_restarts_and_silence_of_the_requester_ends_it() {
    let restart = FULL.replace("clarification = \"pause\"", "clarification = \"restart\"");
    for (pack, due) in [(FULL, "2026-01-05"), (&restart, "2026-01-11")] {
        let mut w = World::with_holidays(pack, "2025-12-01 09:00");
        w.at("2025-12-01 10:00");
        let request = w.request();
        // Asked on day 6, answered 20 days later.
        w.at("2025-12-07 10:00");
        w.question(request).unwrap();
        assert_eq!(w.question(request).unwrap_err().code(), "foi.clock");
        w.at("2025-12-08 10:00");
        assert_eq!(w.due(1)["status"], "paused");
        assert_eq!(w.due(1)["due"], serde_json::Value::Null);
        w.at("2025-12-27 10:00");
        w.answer(request).unwrap();
        assert_eq!(w.answer(request).unwrap_err().code(), "foi.clock");
        assert_eq!(w.due(1)["due"], due);
    }
    // No answer by the limit: 30 days from 7 December end on Tuesday 6 January.
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-01 10:00");
    let request = w.request();
    w.at("2025-12-07 10:00");
    w.question(request).unwrap();
    w.at("2026-01-06 23:59");
    assert_eq!(w.due(1)["status"], "paused");
    w.at("2026-01-07 00:10");
    assert_eq!(w.due(1)["status"], "abandoned");
    assert_eq!(
        w.brought_about(w.register),
        [("abandoned".to_owned(), request, day("2026-01-07"))]
    );
}

#[test]
fn a_clarification_by_letter_counts_from_the_day_on_which_it_came() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-01 10:00");
    let request = w.request();
    w.at("2025-12-07 10:00");
    w.question(request).unwrap();
    w.at("2025-12-14 10:00");
    let letter = |w: &mut World, on: &str| {
        FoiEvent::ClarificationGiven(ClarificationGiven {
            request,
            answer: w.commit("The blue one"),
            letter: Some(w.letter(on)),
        })
    };
    let before = letter(&mut w, "2025-12-06");
    assert_eq!(w.act(before).unwrap_err().code(), "foi.clock");
    let after = letter(&mut w, "2025-12-15");
    assert_eq!(w.act(after).unwrap_err().code(), "foi.request");
    let right = letter(&mut w, "2025-12-10");
    // The service does not enter letters, an officer does not answer for the requester without one.
    assert_eq!(w.ask(right.clone()).unwrap_err().code(), "event.author");
    w.act(right).unwrap();
    // Three days of pause: 19 instead of 16 December, a Friday, rolls to Sunday.
    assert_eq!(w.due(1)["due"], "2025-12-21");
}

#[test]
fn scenario_25_documents_are_decided_one_by_one() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-03 10:00");
    let request = w.request();
    let open = w.document(1, &[]);
    assert_eq!(w.decide(request, vec![open]).unwrap_err().code(), "foi.order");
    w.admit(request);
    let three = |w: &mut World| {
        vec![
            w.document(1, &[]),
            w.document(3, &["security"]),
            w.document(2, &["commercial"]),
        ]
    };
    let spoil: [fn(&mut DocumentDecision); 6] = [
        |d| d.outcome = 0,
        |d| d.outcome = 6,
        |d| d.exemptions = vec!["weather".into()],
        |d| d.exemptions.clear(),
        |d| d.original = None,
        |d| d.place = Some("here".into()),
    ];
    for spoil in spoil {
        let mut documents = three(&mut w);
        spoil(&mut documents[1]);
        assert_eq!(w.decide(request, documents).unwrap_err().code(), "foi.decision");
    }
    let mut twice = three(&mut w);
    twice[1].exemptions = vec!["security".into(), "commercial".into()];
    assert_eq!(w.decide(request, twice).unwrap_err().code(), "entry.encoding");
    assert_eq!(w.decide(request, Vec::new()).unwrap_err().code(), "foi.decision");
    assert_eq!(w.release(request, &[0]).unwrap_err().code(), "foi.order");
    let documents = three(&mut w);
    w.decide(request, documents).unwrap();
    // Released is what was decided for release.
    assert_eq!(w.release(request, &[0, 1]).unwrap_err().code(), "foi.release");
    assert_eq!(w.release(request, &[0, 3]).unwrap_err().code(), "foi.release");
    w.release(request, &[0, 2]).unwrap();
    assert_eq!(w.release(request, &[0]).unwrap_err().code(), "foi.release");
    let log = w.foi(w.register).disclosure_log(&w.ledgers).unwrap();
    let outcomes: Vec<_> = log[0]
        .documents
        .iter()
        .map(|d| (d.outcome, d.rendition.is_some()))
        .collect();
    assert_eq!(
        outcomes,
        [("released", true), ("refused", false), ("partly-released", true)]
    );
    let league = w.foi(w.register).league_line(&w.ledgers).unwrap();
    assert_eq!((league.decided, league.on_time_bp), (1, 10_000));
    assert_eq!(league.median_days, Some(0));
    assert_eq!(league.exemptions.len(), 2);
}

#[test]
fn scenario_26_overdue_from_the_next_day_and_deemed_refused_where_the_law_says_so() {
    for (pack, status) in [(QATAR, "overdue"), (FULL, "deemed-refused")] {
        let mut w = World::with_holidays(pack, "2025-12-01 09:00");
        w.at("2025-12-03 10:00");
        let request = w.request();
        w.at("2025-12-21 23:59");
        assert_eq!(w.due(1)["status"], "running");
        assert_eq!(w.brought_about(w.register), []);
        let board = w.foi(w.register).board(w.now, &w.ledgers).unwrap();
        assert_eq!(board[0].standing, Standing::DueToday);
        assert_eq!(w.grieve(request).unwrap_err().code(), "foi.grievance");
        w.at("2025-12-22 00:10");
        assert_eq!(w.due(1)["status"], status);
        assert_eq!(w.due(1)["missed"]["on"], "2025-12-22");
        let mut expected = vec![("missed".to_owned(), request, day("2025-12-22"))];
        if status == "deemed-refused" {
            expected.push(("deemed".to_owned(), request, day("2025-12-22")));
            assert_eq!(w.due(1)["ended"], "2025-12-22");
        }
        assert_eq!(w.brought_about(w.register), expected);
        // The grievance opens, and what happened happens once.
        w.grieve(request).unwrap();
        w.at("2025-12-30 10:00");
        assert_eq!(w.brought_about(w.register), expected);
    }
}

#[test]
fn a_week_of_downtime_brings_everything_about_once_and_in_order() {
    // Given requests that lapse on different days, and a grievance whose limit lapses between them
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-10 10:00");
    let refused = w.request();
    w.admit(refused);
    let document = w.document(4, &[]);
    w.decide(refused, vec![document]).unwrap();
    w.at("2025-12-16 10:00");
    let a = w.request();
    w.at("2025-12-18 10:00");
    let b = w.request();
    let c = w.request();
    let grievance = w.grieve(refused).unwrap();
    w.at("2025-12-22 10:00");
    w.question(c).unwrap();
    // when the service sleeps for weeks, and then closes all days at once
    w.awake = false;
    w.at("2026-01-28 10:00");
    // (nothing stands before the days before it are closed)
    assert_eq!(w.extend(a).unwrap_err().code(), "calendar.day");
    assert_eq!(
        w.close(w.register, day("2026-01-28")).unwrap_err().code(),
        "calendar.day"
    );
    w.close(w.register, day("2026-01-27")).unwrap();
    // then what came about stands there in order of day and position.
    let expected = [
        ("missed", grievance, "2025-12-29"),
        ("deemed", grievance, "2025-12-29"),
        ("missed", a, "2026-01-01"),
        ("deemed", a, "2026-01-01"),
        ("missed", b, "2026-01-05"),
        ("deemed", b, "2026-01-05"),
        ("abandoned", c, "2026-01-22"),
    ]
    .map(|(name, item, on)| (name.to_owned(), item, day(on)));
    assert_eq!(w.brought_about(w.register), expected);
    // The same day again is refused, the next one brings nothing twice.
    assert_eq!(
        w.close(w.register, day("2026-01-20")).unwrap_err().code(),
        "calendar.day"
    );
    w.awake = true;
    w.close(w.other, day("2026-01-27")).unwrap();
    w.at("2026-01-30 10:00");
    assert_eq!(w.brought_about(w.register), expected);
}

#[test]
fn attack_f2_nobody_submits_what_only_the_clock_brings_about() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    let request = w.request();
    let forged = FoiEvent::DeadlineMissed(DeadlineMissed {
        cause: sijill_ledger::BodyHash::from_bytes([1; 32]),
        item: request,
        day: day("2025-12-02"),
        due: day("2025-12-01"),
    });
    assert_eq!(w.ask(forged).unwrap_err().code(), "foi.silence");
}

#[test]
fn scenario_27_and_attack_f4_grievances_in_time_and_by_another_officer() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-03 10:00");
    let request = w.request();
    w.admit(request);
    w.at("2025-12-07 10:00");
    let document = w.document(3, &["security"]);
    w.decide(request, vec![document]).unwrap();
    // 30 days from 7 December end on 6 January.
    w.at("2026-01-06 23:59");
    let case = w.foi(w.register).case(1, w.now, &w.ledgers).unwrap();
    assert_eq!(case.remedies[0].remedy, "grievance");
    assert_eq!(case.remedies[0].last_day.unwrap().to_string(), "2026-01-06");
    let grievance = w.grieve(request).unwrap();
    assert_eq!(w.grieve(request).unwrap_err().code(), "foi.grievance");
    w.at("2026-01-12 10:00");
    // The officer holds both roles, and has decided.
    assert_eq!(
        w.decide_grievance("officer", grievance, 1).unwrap_err().code(),
        "foi.officer"
    );
    assert_eq!(
        w.decide_grievance("commission", grievance, 1).unwrap_err().code(),
        "event.author"
    );
    assert_eq!(
        w.decide_grievance("grievance", grievance, 4).unwrap_err().code(),
        "foi.grievance"
    );
    w.decide_grievance("grievance", grievance, 1).unwrap();
    assert_eq!(
        w.decide_grievance("grievance", grievance, 1).unwrap_err().code(),
        "foi.grievance"
    );
    // Upheld: the court is open, for 60 days from 12 January; 13 March is a Friday.
    let case = w.foi(w.register).case(1, w.now, &w.ledgers).unwrap();
    assert_eq!(case.remedies.len(), 1);
    assert_eq!(case.remedies[0].remedy, "court");
    assert_eq!(case.remedies[0].last_day.unwrap().to_string(), "2026-03-15");
    // One about the same thing is too many, and one day later is too late.
    assert_eq!(w.grieve(request).unwrap_err().code(), "foi.grievance");
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-07 10:00");
    let request = w.request();
    w.admit(request);
    let document = w.document(4, &[]);
    w.decide(request, vec![document]).unwrap();
    w.at("2026-01-07 00:01");
    assert_eq!(w.grieve(request).unwrap_err().code(), "foi.grievance");
    // On paper it came in time.
    let letter = FoiEvent::GrievanceFiled(GrievanceFiled {
        request,
        statement: w.commit("I do not agree"),
        letter: Some(w.letter("2026-01-06")),
    });
    w.act(letter).unwrap();
}

#[test]
fn what_a_grievance_overturns_is_decided_anew_and_may_be_contested_again() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    let request = w.request();
    w.admit(request);
    let document = w.document(3, &["security"]);
    w.decide(request, vec![document]).unwrap();
    let again = w.document(1, &[]);
    assert_eq!(w.decide(request, vec![again]).unwrap_err().code(), "foi.order");
    let grievance = w.grieve(request).unwrap();
    w.decide_grievance("grievance", grievance, 3).unwrap();
    let board = w.foi(w.register).board(w.now, &w.ledgers).unwrap();
    assert_eq!(board[0].standing, Standing::Reopened);
    assert_eq!(board[0].next, ["DecisionMade"]);
    let ended = w.due(1)["ended"].clone();
    w.at("2025-12-09 10:00");
    let document = w.document(2, &["security"]);
    w.decide(request, vec![document]).unwrap();
    assert_eq!(
        w.due(1)["ended"],
        ended,
        "the clock ended with the first decision"
    );
    w.release(request, &[0]).unwrap();
    let second = w.grieve(request).unwrap();
    // The officer of the first grievance may decide the second: only acts on the request bar.
    w.decide_grievance("grievance", second, 1).unwrap();
    let document = w.document(1, &[]);
    assert_eq!(w.decide(request, vec![document]).unwrap_err().code(), "foi.order");
}

#[test]
fn scenario_28_a_transfer_is_seen_by_both_and_takes_its_clock_along() {
    let goes_on = FULL.replace("transfer = \"restart\"", "transfer = \"continue\"");
    for (pack, due) in [(FULL, "2025-12-25"), (&goes_on, "2025-12-21")] {
        let mut w = World::with_holidays(pack, "2025-12-01 09:00");
        w.at("2025-12-03 10:00");
        let request = w.request();
        w.at("2025-12-10 10:00");
        let transfer = |w: &mut World, to| {
            FoiEvent::RequestTransferred(RequestTransferred {
                request,
                to,
                reason: w.commit("The ministry of interior holds it"),
            })
        };
        let (calendar, own, other) = (w.calendar, w.register, w.other);
        for nowhere in [calendar, own] {
            let event = transfer(&mut w, nowhere);
            assert_eq!(w.act(event).unwrap_err().code(), "foi.transfer");
        }
        let arrival = TransferReceived { from: own, request };
        let arrival = Event::Foi(FoiEvent::TransferReceived(arrival));
        assert_eq!(
            w.serve(other, arrival.clone(), &[own]).unwrap_err().code(),
            "foi.transfer"
        );
        w.question(request).unwrap();
        let event = transfer(&mut w, other);
        assert_eq!(w.act(event).unwrap_err().code(), "foi.transfer");
        w.answer(request).unwrap();
        let event = transfer(&mut w, other);
        w.act(event).unwrap();
        assert_eq!(w.due(1)["status"], "transferred");
        // It arrives a day later; what counts is when it was sent.
        w.at("2025-12-11 10:00");
        assert_eq!(
            w.serve(other, arrival.clone(), &[]).unwrap_err().code(),
            "entry.refs"
        );
        let arrived = w.size(other);
        w.serve(other, arrival.clone(), &[own]).unwrap();
        // Received again, citing more: the service's nonce follows from the transfer, so there is no second one.
        assert_eq!(w.serve(other, arrival, &[own]).map_err(|e| e.code()), Ok(()));
        assert_eq!(w.size(other), arrived + 1);
        let case = w.foi(other).case(1, w.now, &w.ledgers).unwrap();
        assert_eq!(case.line.reference, "moi-2026/1");
        assert_eq!(w.due_on(other, 1)["due"], due);
        assert_eq!(w.due_on(other, 1)["entry"], arrived);
        assert_eq!(w.due_on(other, 1)["received"], "2025-12-11");
        w.at("2026-01-05 10:00");
        let brought = w.brought_about(other);
        assert_eq!(brought.len(), 2);
        assert_eq!(brought[0].2, day(due) + 1);
        assert_eq!(w.brought_about(own), []);
    }
}

#[test]
fn a_late_transfer_takes_its_missed_deadline_along_and_it_is_recorded_once() {
    let silent = FULL.replace("silence = \"deemed_refusal\"\nclar", "silence = \"none\"\nclar");
    let mut w = World::with_holidays(&silent, "2025-12-01 09:00");
    w.at("2025-12-03 10:00");
    let request = w.request();
    w.at("2025-12-23 10:00");
    let (own, other) = (w.register, w.other);
    assert_eq!(
        w.brought_about(own),
        [("missed".to_owned(), request, day("2025-12-22"))]
    );
    let event = RequestTransferred {
        request,
        to: other,
        reason: w.commit("Late"),
    };
    w.act(FoiEvent::RequestTransferred(event)).unwrap();
    let arrival = FoiEvent::TransferReceived(TransferReceived { from: own, request });
    w.serve(other, Event::Foi(arrival), &[own]).unwrap();
    assert_eq!(w.due_on(other, 1)["status"], "overdue");
    assert_eq!(w.due_on(other, 1)["due"], "2025-12-21");
    assert_eq!(w.due_on(other, 1)["missed"], serde_json::Value::Null);
    w.at("2025-12-30 10:00");
    assert_eq!(w.brought_about(other), []);
}

#[test]
fn scenario_29_routed_out_is_not_refused() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    let request = w.request();
    let mut route = |ground| {
        let explanation = w.commit("Ask under the data protection law");
        let event = RequestRoutedOut {
            request,
            ground,
            explanation,
        };
        w.act(FoiEvent::RequestRoutedOut(event)).map_err(|e| e.code())
    };
    assert_eq!(route(0), Err("foi.request"));
    assert_eq!(route(3), Err("foi.request"));
    assert_eq!(route(1), Ok(()));
    assert_eq!(route(1), Err("foi.order"));
    assert_eq!(w.due(1)["status"], "routed-out");
    w.at("2026-01-20 10:00");
    assert_eq!(w.brought_about(w.register), []);
}

#[test]
fn scenario_30_fees_pause_until_they_are_settled_and_end_what_is_not_paid() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-01 10:00");
    let (paid, unpaid) = (w.request(), w.request());
    w.at("2025-12-06 10:00");
    let quote = |request, amount, currency: &str, pay_by: &str| {
        FoiEvent::FeeQuoted(FeeQuoted {
            request,
            amount,
            currency: currency.into(),
            pay_by: day(pay_by),
        })
    };
    for wrong in [
        quote(paid, 0, "QAR", "2025-12-20"),
        quote(paid, 5_000, "qar", "2025-12-20"),
        quote(paid, 5_000, "QARS", "2025-12-20"),
        quote(paid, 5_000, "QAR", "2025-12-06"),
        quote(paid, 5_000, "QAR", "2026-12-08"),
    ] {
        assert_eq!(w.act(wrong).unwrap_err().code(), "foi.request");
    }
    for request in [paid, unpaid] {
        w.act(quote(request, 5_000, "QAR", "2025-12-20")).unwrap();
    }
    let again = quote(paid, 1, "QAR", "2025-12-20");
    assert_eq!(w.act(again).unwrap_err().code(), "foi.clock");
    w.at("2025-12-16 10:00");
    assert_eq!(w.due(1)["status"], "paused");
    w.act(FoiEvent::FeeSettled(FeeSettled {
        request: paid,
        how: 1,
    }))
    .unwrap();
    assert_eq!(
        w.act(FoiEvent::FeeSettled(FeeSettled {
            request: paid,
            how: 2
        }))
        .unwrap_err()
        .code(),
        "foi.clock"
    );
    // 10 days of pause, then a weekend: 26 December is a Friday.
    assert_eq!(w.due(1)["due"], "2025-12-28");
    let end = |request| FoiEvent::FeeUnpaid(FeeUnpaid { request });
    w.at("2025-12-20 23:59");
    assert_eq!(w.act(end(unpaid)).unwrap_err().code(), "foi.clock");
    w.at("2025-12-21 00:01");
    assert_eq!(w.act(end(paid)).unwrap_err().code(), "foi.clock");
    w.act(end(unpaid)).unwrap();
    assert_eq!(w.due(2)["status"], "unpaid");
}

#[test]
fn scenario_31_similar_requests_are_linked_and_each_is_answered() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    let first = w.request();
    let others: Vec<u64> = (0..39).map(|_| w.request()).collect();
    let link = |request, similar| FoiEvent::RequestsLinked(RequestsLinked { request, similar });
    for other in &others {
        w.act(link(*other, first)).unwrap();
    }
    assert_eq!(w.act(link(others[0], first)).unwrap_err().code(), "foi.request");
    assert_eq!(w.act(link(first, others[0])).unwrap_err().code(), "foi.request");
    assert_eq!(w.act(link(first, first)).unwrap_err().code(), "foi.request");
    let case = w.foi(w.register).case(40, w.now, &w.ledgers).unwrap();
    assert_eq!(case.similar, ["moph-2026/1"]);
    assert_eq!(w.foi(w.register).board(w.now, &w.ledgers).unwrap().len(), 40);
}

#[test]
fn scenario_32_a_release_that_was_wrong_is_withdrawn_and_may_be_made_again() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    let request = w.request();
    w.admit(request);
    let documents = vec![w.document(1, &[]), w.document(1, &[])];
    w.decide(request, documents).unwrap();
    w.release(request, &[0]).unwrap();
    let withdraw = |w: &mut World, documents: &[u16]| {
        let reason = w.commit("The wrong file");
        let event = ReleaseWithdrawn {
            request,
            documents: documents.to_vec(),
            reason,
        };
        w.act(FoiEvent::ReleaseWithdrawn(event)).map_err(|e| e.code())
    };
    assert_eq!(withdraw(&mut w, &[1]), Err("foi.release"));
    assert_eq!(withdraw(&mut w, &[]), Err("foi.release"));
    let wrong = w.foi(w.register).request(request).unwrap().released[&0];
    assert_eq!(withdraw(&mut w, &[0]), Ok(()));
    assert_eq!(withdraw(&mut w, &[0]), Err("foi.release"));
    assert_eq!(w.foi(w.register).request(request).unwrap().withdrawn, [wrong]);
    assert!(w.foi(w.register).case(1, w.now, &w.ledgers).unwrap().documents[0].withdrawn);
    w.release(request, &[0, 1]).unwrap();
    assert_ne!(w.foi(w.register).request(request).unwrap().released[&0], wrong);
}

#[test]
fn attack_f5_a_letter_counts_from_its_day_and_what_had_lapsed_lapses_next() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2026-01-10 10:00");
    let letter = |w: &mut World, on: &str| {
        FoiEvent::RequestSubmitted(RequestSubmitted {
            requester: w.commit("Ali"),
            text: w.commit("The budget, please"),
            letter: Some(w.letter(on)),
        })
    };
    let tomorrow = letter(&mut w, "2026-01-11");
    assert_eq!(w.act(tomorrow).unwrap_err().code(), "foi.request");
    let ancient = letter(&mut w, "2025-01-08");
    assert_eq!(w.act(ancient).unwrap_err().code(), "foi.request");
    let right = letter(&mut w, "2026-01-04");
    assert_eq!(w.ask(right.clone()).unwrap_err().code(), "event.author");
    w.act(right).unwrap();
    assert_eq!(w.due(1)["received"], "2026-01-04");
    assert_eq!(w.due(1)["due"], "2026-01-19");
    // One that had lain in a drawer for a month.
    let request = w.size(w.register);
    let forgotten = letter(&mut w, "2025-12-03");
    w.act(forgotten).unwrap();
    assert_eq!(w.due(2)["status"], "overdue");
    assert_eq!(w.brought_about(w.register), []);
    w.at("2026-01-11 00:10");
    assert_eq!(
        w.brought_about(w.register),
        [
            ("missed".to_owned(), request, day("2026-01-11")),
            ("deemed".to_owned(), request, day("2026-01-11"))
        ]
    );
    assert_eq!(w.due(2)["missed"]["due"], "2025-12-21");
}

#[test]
fn third_parties_are_heard_once() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    let request = w.request();
    let consultation = w.size(w.register);
    let event = ThirdPartyConsulted {
        request,
        party: w.commit("A company"),
        notice: w.commit("Somebody asks for your offer"),
    };
    w.act(FoiEvent::ThirdPartyConsulted(event)).unwrap();
    let reply = |w: &mut World, consultation| {
        let reply = w.commit("We object");
        let event = ThirdPartyReplied { consultation, reply };
        w.act(FoiEvent::ThirdPartyReplied(event)).map_err(|e| e.code())
    };
    assert_eq!(reply(&mut w, request), Err("foi.order"));
    assert_eq!(reply(&mut w, consultation), Ok(()));
    assert_eq!(reply(&mut w, consultation), Err("foi.third-party"));
    let case = w.foi(w.register).case(1, w.now, &w.ledgers).unwrap();
    assert!(case.third_parties[0].1);
    assert_eq!(case.third_parties[0].0.unwrap().to_string(), "2025-12-11");
}

#[test]
fn rules_are_chosen_for_what_comes_and_never_for_what_is_there() {
    let mut w = World::with_holidays(QATAR, "2025-12-01 09:00");
    w.at("2025-12-03 10:00");
    w.request();
    let pack = w.adopt(QATAR_WORKING);
    let choose = |w: &mut World, pack| {
        let event = FoiEvent::RulesChosen(RulesChosen { pack });
        w.commission(w.register, Event::Foi(event)).map_err(|e| e.code())
    };
    // Not before the register has seen that it was adopted.
    assert_eq!(choose(&mut w, pack), Err("foi.definition"));
    w.now += 1;
    w.see(w.register).unwrap();
    choose(&mut w, pack).unwrap();
    assert_eq!(choose(&mut w, pack), Err("foi.definition"));
    w.request();
    assert_eq!(w.due(1)["due"], "2025-12-21");
    assert_eq!(w.due(2)["due"], "2025-12-25");
}

#[test]
fn commitments_are_new_open_texts_are_there_and_erasure_needs_two() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    let request = w.request();
    let text = w.foi(w.register).request(request).unwrap().seq;
    assert_eq!(text, request);
    // A commitment that stands already, a text that nobody handed in, one with a character that turns text around.
    let summary = w.commit("Costs");
    w.act(FoiEvent::RequestAdmitted(RequestAdmitted { request, summary }))
        .unwrap();
    let other = w.request();
    let admit = |w: &mut World, summary| {
        let event = FoiEvent::RequestAdmitted(RequestAdmitted {
            request: other,
            summary,
        });
        w.act(event).map_err(|e| e.code())
    };
    assert_eq!(admit(&mut w, summary), Err("calendar.commitment"));
    let lost = sijill_ledger::Committed::new(&[9; 32], b"lost");
    assert_eq!(admit(&mut w, lost), Err("opening.missing"));
    for bad in ["a\u{202E}b", "a\u{7}b", "  "] {
        let bad = w.commit(bad);
        assert_eq!(admit(&mut w, bad), Err("opening.form"));
    }
    let endless = w.commit(&"x".repeat(65_537));
    assert_eq!(admit(&mut w, endless), Err("calendar.commitment"));
    // Erasure.
    use sijill_registers::calendar::events::{ErasureConfirmed, ErasureOrdered};
    let order = |w: &mut World, commitments: Vec<[u8; 32]>| {
        let basis = "Law No. 13 of 2016".to_owned();
        let event = RegisterEvent::ErasureOrdered(ErasureOrdered { commitments, basis });
        w.commission(w.register, Event::Register(event))
            .map_err(|e| e.code())
    };
    assert_eq!(order(&mut w, vec![[7; 32]]), Err("calendar.erasure"));
    assert_eq!(order(&mut w, vec![]), Err("calendar.erasure"));
    order(&mut w, vec![summary.commitment]).unwrap();
    let hash = w.ledgers.0[&w.register]
        .entries
        .last()
        .unwrap()
        .signed_body()
        .hash();
    let confirm = |w: &mut World, who: &str| {
        let event = RegisterEvent::ErasureConfirmed(ErasureConfirmed { order: hash });
        w.sign(who, w.register, Event::Register(event), &[])
            .map_err(|e| e.code())
    };
    // Ordered twice: once one order is confirmed, the other waits for nobody.
    order(&mut w, vec![summary.commitment]).unwrap();
    let waiting = |w: &World| w.foi(w.register).days().waiting_orders().count();
    assert_eq!(waiting(&w), 2);
    assert_eq!(confirm(&mut w, "commission"), Err("calendar.erasure"));
    confirm(&mut w, "second").unwrap();
    assert_eq!(waiting(&w), 0);
    assert!(w.foi(w.register).days().is_erased(&summary.commitment));
    assert_eq!(confirm(&mut w, "second"), Err("calendar.erasure"));
    assert_eq!(order(&mut w, vec![summary.commitment]), Err("calendar.erasure"));
}

#[test]
fn attack_f1_published_due_dates_are_those_that_follow() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-03 10:00");
    w.request();
    let publish = |w: &mut World, bytes: &[u8], size| {
        let content = w.documents.put(bytes);
        let view = "due-dates".to_owned();
        let event = RegisterEvent::ViewPublished(RegisterViewPublished { view, size, content });
        w.serve(w.register, Event::Register(event), &[])
            .map_err(|e| e.code())
    };
    let size = w.size(w.register);
    let right = w.foi(w.register).due_dates(size, &w.ledgers).unwrap();
    let text = String::from_utf8(right.clone()).unwrap();
    let ledger = hex::encode(w.register.as_bytes());
    assert_eq!(
        text,
        format!(
            r#"{{"format":"sijill-due-dates/1","ledger":"{ledger}","size":{size},"register":"moph-2026","closed":"2025-12-02","requests":[{{"number":1,"entry":{},"pack":"full/1","received":"2025-12-03","status":"running","due":"2025-12-21","original_due":"2025-12-21","grievances":[]}}]}}"#,
            size - 1
        )
    );
    let moved = text.replace("2025-12-21", "2025-12-22");
    assert_eq!(publish(&mut w, moved.as_bytes(), size), Err("foi.due-dates"));
    assert_eq!(publish(&mut w, &right, size - 1), Err("calendar.view"));
    publish(&mut w, &right, size).unwrap();
}

#[test]
fn a_successor_takes_new_requests_and_the_old_register_ends_its_own() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.at("2025-12-20 10:00");
    let request = w.request();
    w.admit(request);
    let next = {
        let seen = w.cite(w.register);
        let after = sijill_ledger::Predecessor {
            ledger: w.register,
            size: seen.size,
            root: seen.root,
        };
        w.create(sijill_ledger::Kind::Foi, Some(w.calendar), Some(after))
    };
    w.list(next, "moph-2027", "moph").unwrap();
    w.now += 1;
    w.see(w.register).unwrap();
    w.see(next).unwrap();
    let succeed = |w: &mut World, successor| {
        let event = FoiEvent::RegisterSucceeded(RegisterSucceeded { successor });
        w.commission(w.register, Event::Foi(event)).map_err(|e| e.code())
    };
    let (own, other) = (w.register, w.other);
    assert_eq!(succeed(&mut w, own), Err("foi.order"));
    assert_eq!(succeed(&mut w, other), Err("foi.order"));
    succeed(&mut w, next).unwrap();
    let late = FoiEvent::RequestSubmitted(RequestSubmitted {
        requester: w.commit("Ali"),
        text: w.commit("The budget"),
        letter: None,
    });
    assert_eq!(w.ask(late).unwrap_err().code(), "foi.order");
    let document = w.document(4, &[]);
    w.decide(request, vec![document]).unwrap();
    assert_eq!(w.due(1)["status"], "decided");
}

#[test]
fn attack_f11_days_are_closed_in_order_when_they_are_over_and_knowing_the_calendar() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    w.awake = false;
    w.at("2025-12-02 10:00");
    // Not the day before the register, not today.
    assert_eq!(
        w.close(w.register, day("2025-11-30")).unwrap_err().code(),
        "calendar.day"
    );
    assert_eq!(
        w.close(w.register, day("2025-12-02")).unwrap_err().code(),
        "calendar.day"
    );
    // Nothing of today before yesterday is closed.
    let early = FoiEvent::RequestSubmitted(RequestSubmitted {
        requester: w.commit("Ali"),
        text: w.commit("The budget"),
        letter: None,
    });
    assert_eq!(w.ask(early.clone()).unwrap_err().code(), "calendar.day");
    let grant = Event::RoleGranted(sijill_ledger::Grant {
        key: w.second.key_id(),
        role: sijill_ledger::Role::Moderator,
        scope: None,
    });
    assert_eq!(
        w.commission(w.register, grant.clone()).unwrap_err().code(),
        "calendar.day"
    );
    // A citation that is older than what the calendar said when the day ended.
    let old = w.cite(w.calendar);
    w.now = moment("2025-12-02 11:00");
    w.holiday("Late", "2025-12-24", "2025-12-24", 2, None).unwrap();
    w.at("2025-12-03 10:00");
    let event = Event::Register(RegisterEvent::DayClosed(
        sijill_registers::calendar::events::DayClosed {
            day: day("2025-12-02"),
        },
    ));
    let payload = event.payload();
    let genesis = w.ledgers.0[&w.register].chain.genesis().clone();
    let nonce = sijill_registers::register::service_nonce(&event, &payload);
    let mut body = sijill_ledger::Body::by_service(&genesis, event.wire_type(), nonce, payload);
    body.refs = vec![old];
    let body = body.sign(&w.service).unwrap();
    assert_eq!(w.submit(body).unwrap_err().code(), "calendar.day");
    w.close(w.register, day("2025-12-02")).unwrap();
    w.ask(early).unwrap();
    w.commission(w.register, grant).unwrap();
}
