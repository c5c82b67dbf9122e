//! Information requests: the clock, and who may do what when.
//!
//! Spec: specs/foi.md, specs/jurisdiction.md.

use super::cases::{Case, Command, Package, attack, honest};
use super::jurisdiction::{
    Book, D0, Document, GrievanceRow, Lapse, MOI, MOJ, Row, SILENT, STRICT, World, fact,
};

/// An attack on a jurisdiction, found in the public folder.
pub(super) fn on_registers(
    id: &'static str,
    what: &'static str,
    reference: &'static str,
    codes: &'static [&'static str],
    make: fn(&str) -> Package,
) -> Case {
    Case {
        command: Command::Jurisdiction { accredited: false },
        ..attack(id, what, reference, codes, make)
    }
}

/// An odd jurisdiction that must verify.
pub(super) fn odd(id: &'static str, what: &'static str, make: fn(&str) -> Package) -> Case {
    Case {
        command: Command::Jurisdiction { accredited: false },
        reference: "specs/verification.md §14, §15",
        ..honest(id, what, make)
    }
}

pub(super) fn all() -> Vec<Case> {
    let mut cases = controls();
    cases.extend(deadlines());
    cases.extend(silence());
    cases.extend(extensions());
    cases.extend(grievances());
    cases.extend(receipts());
    cases.extend(facts());
    cases.extend(days());
    cases.extend(rules());
    cases
}

/// Something of everything.
fn everything(name: &str) -> World {
    let mut w = World::begun(name);
    let first = w.submit(MOI);
    w.admit(MOI, first);
    w.ask(MOI, first);
    w.answer(MOI, first);
    w.quote(MOI, first, D0 + 5);
    w.settle(MOI, first);
    let consultation = w.consult(MOI, first);
    w.reply(MOI, consultation);
    w.extend(MOI, first);
    w.decide(MOI, first, &[Document::Released, Document::Partly(&["privacy"])]);
    let files = w.release(MOI, first, &[0, 1]);
    w.take_back(MOI, first, &[(1, files[1])]);
    let second = w.submit(MOI);
    w.transfer(MOI, second, MOJ);
    let third = w.submit_letter(MOI, D0 - 1);
    w.link(MOI, third, first);
    let grievance = w.grieve(MOI, first);
    w.judge(MOI, grievance, 1);
    let erased = w.committed[..1].to_vec();
    let order = w.order_erasure(MOI, &erased);
    w.confirm_erasure(MOI, order, &erased);
    w.push(
        MOI,
        0x0002,
        "commission",
        super::forge::grant("new officer", 7, None),
    );
    w.receive(MOJ, MOI, second);
    w.at(D0 + 3, 0);
    w.close(MOJ, D0 + 2, &[]);
    w.at(D0 + 8, 0);
    // Five days from Saturday the 3rd are Thursday the 8th.
    let (missed, silence) = (
        Lapse::Missed(third, D0 + 5, D0 + 4),
        Lapse::Silence(third, D0 + 5),
    );
    w.close(MOI, D0 + 7, &[missed, silence]);
    let decided = Row::new(1, first, D0, "decided")
        .extended(D0 + 10, D0 + 7)
        .ended(D0)
        .grievance(GrievanceRow {
            entry: grievance,
            filed: D0,
            status: "decided",
            decide_by: Some(D0 + 7),
            missed: None,
            ended: Some(D0),
        });
    let transferred = Row::new(2, second, D0, "transferred").due(D0 + 7).ended(D0);
    let refused = Row::new(3, third, D0 - 1, "deemed-refused")
        .due(D0 + 4)
        .missed(D0 + 5, D0 + 4)
        .ended(D0 + 5);
    w.board(MOI, &[decided, transferred, refused]);
    w
}

/// The default row of a request of the first day under the silent rules that nobody has answered yet.
fn running(number: u64, entry: u64) -> Row {
    Row::new(number, entry, D0, "running").due(D0 + 7)
}

/// A grievance of the day `filed`, decided on the day `ended`.
fn judged(entry: u64, filed: u64, decide_by: u64, ended: u64) -> GrievanceRow {
    GrievanceRow {
        entry,
        filed,
        status: "decided",
        decide_by: Some(decide_by),
        missed: None,
        ended: Some(ended),
    }
}

/// One request of the first day at `moi-2026`, admitted.
fn asked(name: &str) -> (World, u64) {
    let mut w = World::begun(name);
    let request = w.submit(MOI);
    w.admit(MOI, request);
    (w, request)
}

/// The same under the strict rules.
fn asked_strictly(name: &str) -> (World, u64) {
    let mut w = World::begun(name);
    w.choose(MOI, STRICT);
    let request = w.submit(MOI);
    w.admit(MOI, request);
    (w, request)
}

/// The same, decided on the first day: one document is released, one with passages removed.
fn decided(name: &str) -> (World, u64) {
    let (mut w, request) = asked(name);
    w.decide(
        MOI,
        request,
        &[Document::Released, Document::Partly(&["privacy"])],
    );
    (w, request)
}

fn controls() -> Vec<Case> {
    vec![
        odd(
            "honest-foi",
            "Two registers, with something of everything",
            |name| everything(name).package(),
        ),
        Case {
            command: Command::Jurisdiction { accredited: true },
            ..odd(
                "honest-foi-accredited",
                "The same, in the accredited profile",
                |name| everything(name).package(),
            )
        },
        odd("honest-foi-nothing", "Nobody has asked anything", |name| {
            let mut w = World::begun(name);
            w.board(MOI, &[]);
            for day in 1..=8 {
                w.morning(D0 + day);
            }
            w.board(MOJ, &[]);
            w.package()
        }),
        odd("honest-foi-calendar", "A calendar without registers", |name| {
            let mut w = World::new(name);
            w.registers.clear();
            w.found();
            w.package()
        }),
        odd(
            "honest-foi-all-transferred",
            "Every request goes to the other authority",
            |name| {
                let mut w = World::begun(name);
                let requests: Vec<u64> = (0..3).map(|_| w.submit(MOI)).collect();
                for request in &requests {
                    w.transfer(MOI, *request, MOJ);
                }
                let there: Vec<u64> = requests
                    .iter()
                    .map(|request| w.receive(MOJ, MOI, *request))
                    .collect();
                w.morning(D0 + 1);
                let gone = |n: usize| {
                    Row::new(n as u64 + 1, requests[n], D0, "transferred")
                        .due(D0 + 7)
                        .ended(D0)
                };
                w.board(MOI, &[gone(0), gone(1), gone(2)]);
                w.board(
                    MOJ,
                    &[running(1, there[0]), running(2, there[1]), running(3, there[2])],
                );
                w.package()
            },
        ),
        odd(
            "honest-foi-back-again",
            "A request is transferred, transferred back, and decided where it began",
            |name| {
                let (mut w, request) = asked(name);
                w.extend(MOI, request);
                w.transfer(MOI, request, MOJ);
                w.morning(D0 + 1);
                let there = w.receive(MOJ, MOI, request);
                w.transfer(MOJ, there, MOI);
                let back = w.receive(MOI, MOJ, there);
                let first = Row::new(1, request, D0, "transferred")
                    .extended(D0 + 10, D0 + 7)
                    .ended(D0);
                let second = Row::new(2, back, D0 + 1, "running").extended(D0 + 10, D0 + 7);
                w.board(MOI, &[first, second]);
                w.admit(MOI, back);
                w.decide(MOI, back, &[Document::NotHeld]);
                w.package()
            },
        ),
        odd(
            "honest-foi-restart",
            "Rules under which a transfer starts the clock anew, and gives the extension back",
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.extend(MOI, request);
                w.morning(D0 + 1);
                w.morning(D0 + 2);
                w.transfer(MOI, request, MOJ);
                w.morning(D0 + 3);
                let there = w.receive(MOJ, MOI, request);
                let row = Row::new(1, there, D0 + 3, "running").pack("qa/2");
                // Counted from the day of the transfer, Tuesday the 6th.
                w.board(MOJ, &[row.clone().due(D0 + 7)]);
                w.extend(MOJ, there);
                w.board(MOJ, &[row.extended(D0 + 14, D0 + 7)]);
                w.package()
            },
        ),
        odd(
            "honest-foi-late-transfer",
            "A transfer after the due date takes the missed date with it, and starts nothing anew",
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.transfer(MOI, request, MOJ);
                w.close(MOJ, D0 + 7, &[]);
                let there = w.receive(MOJ, MOI, request);
                let row = Row::new(1, there, D0 + 8, "overdue").pack("qa/2").due(D0 + 7);
                w.board(MOJ, &[row]);
                w.morning(D0 + 9);
                w.package()
            },
        ),
        odd(
            "honest-foi-lapsed-on-the-way",
            "The due date lapses while a transfer is on its way: the register that receives it misses it on its next day",
            |name| {
                let (mut w, request) = asked(name);
                w.at(D0 + 7, 0);
                w.close(MOI, D0 + 6, &[]);
                w.transfer(MOI, request, MOJ);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[]);
                w.close(MOJ, D0 + 7, &[]);
                let there = w.receive(MOJ, MOI, request);
                w.at(D0 + 9, 0);
                let missed = Lapse::Missed(there, D0 + 9, D0 + 7);
                w.close(MOJ, D0 + 8, &[missed, Lapse::Silence(there, D0 + 9)]);
                w.package()
            },
        ),
        odd(
            "honest-foi-all-refused",
            "Nobody is answered: everything is deemed refused, one is overturned, answered and released",
            |name| {
                let mut w = World::begun(name);
                let requests: Vec<u64> = (0..3).map(|_| w.submit(MOI)).collect();
                w.at(D0 + 8, 0);
                let lapses = requests.iter().flat_map(|request| {
                    [
                        Lapse::Missed(*request, D0 + 8, D0 + 7),
                        Lapse::Silence(*request, D0 + 8),
                    ]
                });
                w.close(MOI, D0 + 7, &lapses.collect::<Vec<_>>());
                let grievance = w.grieve(MOI, requests[1]);
                w.judge(MOI, grievance, 3);
                w.admit(MOI, requests[1]);
                w.decide(MOI, requests[1], &[Document::Released]);
                w.release(MOI, requests[1], &[0]);
                let refused = |n: usize| {
                    Row::new(n as u64 + 1, requests[n], D0, "deemed-refused")
                        .due(D0 + 7)
                        .missed(D0 + 8, D0 + 7)
                        .ended(D0 + 8)
                };
                // Five days from Monday the 12th end on a Saturday.
                let row = refused(1).grievance(judged(grievance, D0 + 8, D0 + 14, D0 + 8));
                w.board(MOI, &[refused(0), row, refused(2)]);
                w.package()
            },
        ),
        odd(
            "honest-foi-downtime",
            "The service is down for more than a week: the last day is closed for all, with what lapsed meanwhile in its order",
            |name| {
                let (mut w, first) = asked(name);
                w.morning(D0 + 1);
                let second = w.submit(MOI);
                let third = w.submit(MOI);
                w.ask(MOI, third);
                w.at(D0 + 12, 0);
                let lapses = [
                    Lapse::Missed(first, D0 + 8, D0 + 7),
                    Lapse::Silence(first, D0 + 8),
                    Lapse::Missed(second, D0 + 8, D0 + 7),
                    Lapse::Silence(second, D0 + 8),
                    Lapse::Abandoned(third, D0 + 9),
                ];
                w.close(MOI, D0 + 11, &lapses);
                w.close(MOJ, D0 + 11, &[]);
                w.submit(MOI);
                w.package()
            },
        ),
        odd(
            "honest-foi-quiet",
            "Nothing stands behind the first day: the report says up to which day it was judged, and no due date was missed by then",
            |name| asked(name).0.package(),
        ),
        odd(
            "honest-foi-erased",
            "Requester and summary are erased by order of two; chain and proofs are what they were",
            |name| {
                let (mut w, request) = asked(name);
                let erased = [w.committed[0], w.committed[2]];
                let order = w.order_erasure(MOI, &erased);
                w.confirm_erasure(MOI, order, &erased);
                w.decide(MOI, request, &[Document::NotHeld]);
                w.package()
            },
        ),
        odd(
            "honest-foi-released-anew",
            "A wrong file was released, withdrawn, and the right one released",
            |name| {
                let (mut w, request) = decided(name);
                let files = w.release(MOI, request, &[0, 1]);
                w.take_back(MOI, request, &[(0, files[0]), (1, files[1])]);
                w.release(MOI, request, &[1]);
                w.release(MOI, request, &[0]);
                w.package()
            },
        ),
        odd(
            "honest-foi-holiday",
            "A holiday is declared for the due date: it moves to the next working day",
            |name| {
                let (mut w, request) = asked(name);
                w.declare(D0 + 7, D0 + 8);
                w.see(MOI);
                w.board(MOI, &[Row::new(1, request, D0, "running").due(D0 + 9)]);
                w.at(D0 + 9, 0);
                w.close(MOI, D0 + 8, &[]);
                w.decide(MOI, request, &[Document::NotHeld]);
                w.package()
            },
        ),
        odd(
            "honest-foi-late-holiday",
            "A holiday becomes known after the due date: what was decided and what was missed stays, what is open moves",
            |name| {
                let (mut w, first) = asked_strictly(name);
                let second = w.submit(MOI);
                w.decide(MOI, first, &[Document::NotHeld]);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(second, D0 + 8, D0 + 7)]);
                w.declare(D0 + 7, D0 + 10);
                w.see(MOI);
                let first = Row::new(1, first, D0, "decided")
                    .pack("qa/2")
                    .due(D0 + 7)
                    .ended(D0);
                // The first working day behind the holiday.
                let second = Row::new(2, second, D0, "running").pack("qa/2").due(D0 + 11);
                w.board(MOI, &[first, second.missed(D0 + 8, D0 + 7)]);
                w.package()
            },
        ),
        odd(
            "honest-foi-shortened",
            "A holiday is withdrawn, which shortens a period into the past: it lapses on the next day that begins",
            |name| {
                let (mut w, request) = shortened(name);
                let lapses = [
                    Lapse::Missed(request, D0 + 9, D0 + 7),
                    Lapse::Silence(request, D0 + 9),
                ];
                w.close(MOI, D0 + 8, &lapses);
                w.package()
            },
        ),
        odd("honest-foi-every-end", "A request for each way to end", |name| {
            let mut w = World::begun(name);
            let requests: Vec<u64> = (0..6).map(|_| w.submit(MOI)).collect();
            w.route_out(MOI, requests[0], 2);
            w.withdraw(MOI, requests[1]);
            w.quote(MOI, requests[2], D0 + 1);
            w.ask(MOI, requests[3]);
            w.transfer(MOI, requests[4], MOJ);
            let there = w.receive(MOJ, MOI, requests[4]);
            w.morning(D0 + 1);
            w.morning(D0 + 2);
            w.unpaid(MOI, requests[2]);
            w.at(D0 + 8, 0);
            let lapses = [
                Lapse::Abandoned(requests[3], D0 + 8),
                Lapse::Missed(requests[5], D0 + 8, D0 + 7),
                Lapse::Silence(requests[5], D0 + 8),
            ];
            w.close(MOI, D0 + 7, &lapses);
            w.close(
                MOJ,
                D0 + 7,
                &[
                    Lapse::Missed(there, D0 + 8, D0 + 7),
                    Lapse::Silence(there, D0 + 8),
                ],
            );
            let row = |n: usize, status| Row::new(n as u64 + 1, requests[n], D0, status);
            let rows = [
                row(0, "routed-out").due(D0 + 7).ended(D0),
                row(1, "withdrawn").due(D0 + 7).ended(D0),
                row(2, "unpaid").ended(D0 + 2),
                row(3, "abandoned").ended(D0 + 8),
                row(4, "transferred").due(D0 + 7).ended(D0),
                row(5, "deemed-refused")
                    .due(D0 + 7)
                    .missed(D0 + 8, D0 + 7)
                    .ended(D0 + 8),
            ];
            w.board(MOI, &rows);
            w.package()
        }),
        odd(
            "honest-foi-paused",
            "A question and a fee stop the clock, one within the other",
            |name| {
                let (mut w, request) = asked(name);
                w.morning(D0 + 1);
                w.ask(MOI, request);
                w.morning(D0 + 2);
                w.quote(MOI, request, D0 + 9);
                w.board(MOI, &[Row::new(1, request, D0, "paused")]);
                w.morning(D0 + 4);
                w.answer_letter(MOI, request, D0 + 3);
                w.board(MOI, &[Row::new(1, request, D0, "paused")]);
                w.morning(D0 + 8);
                w.settle(MOI, request);
                // Day 1 was counted; 4 more from Tuesday the 13th end on Friday the 16th, which rolls over.
                w.board(MOI, &[Row::new(1, request, D0, "running").due(D0 + 14)]);
                w.package()
            },
        ),
        odd(
            "honest-foi-officer-judges",
            "Somebody with both roles decides two grievances of a request on which only others have acted",
            |name| {
                let (mut w, request) = decided(name);
                let first = w.grieve(MOI, request);
                w.by("both").judge(MOI, first, 2);
                w.decide(MOI, request, &[Document::Refused(&["security"])]);
                let second = w.grieve(MOI, request);
                w.by("both").judge(MOI, second, 1);
                w.package()
            },
        ),
        odd(
            "honest-foi-grievance-silence",
            "Nobody decides a grievance: it is rejected by silence, and the court is next",
            |name| {
                let (mut w, request) = decided(name);
                let grievance = w.grieve_letter(MOI, request, D0);
                w.at(D0 + 8, 0);
                let lapses = [
                    Lapse::Missed(grievance, D0 + 8, D0 + 7),
                    Lapse::Silence(grievance, D0 + 8),
                ];
                w.close(MOI, D0 + 7, &lapses);
                let row = GrievanceRow {
                    entry: grievance,
                    filed: D0,
                    status: "rejected",
                    decide_by: Some(D0 + 7),
                    missed: Some((D0 + 8, D0 + 7)),
                    ended: Some(D0 + 8),
                };
                w.board(
                    MOI,
                    &[Row::new(1, request, D0, "decided")
                        .due(D0 + 7)
                        .ended(D0)
                        .grievance(row)],
                );
                w.package()
            },
        ),
        odd(
            "honest-foi-succession",
            "A new year's register continues the old one, on which open requests go on",
            |name| {
                let mut w = World::new(name);
                w.found();
                w.begin(MOI);
                let old = w.submit(MOI);
                let next = next_year(&mut w);
                w.genesis(next);
                w.list(next);
                w.begin(next);
                w.see(MOI);
                w.succeed(MOI, next);
                w.submit(next);
                w.admit(MOI, old);
                w.at(D0 + 8, 0);
                w.close(
                    MOI,
                    D0 + 7,
                    &[Lapse::Missed(old, D0 + 8, D0 + 7), Lapse::Silence(old, D0 + 8)],
                );
                w.package()
            },
        ),
    ]
}

/// A request whose due date was Tuesday the 13th, until on Monday the holiday before it is withdrawn. It is Tuesday morning.
fn shortened(name: &str) -> (World, u64) {
    let mut w = World::new(name);
    w.found();
    let holiday = w.declare(D0 + 7, D0 + 8);
    w.begin(MOI);
    w.begin(MOJ);
    let request = w.submit(MOI);
    w.at(D0 + 8, 0);
    w.close(MOI, D0 + 7, &[]);
    w.push(
        Book::Calendar,
        0x0102,
        "commission",
        fact(D0 + 7, D0 + 8, 3, Some(holiday)),
    );
    w.see(MOI);
    w.at(D0 + 9, 0);
    (w, request)
}

/// The register of `moi` for another year, which continues the one that there is.
fn next_year(w: &mut World) -> Book {
    let before = w.ledger(MOI).cite();
    w.add_register(7, "moi-2027", "moi", "");
    let ledger = w.registers.pop().unwrap().ledger;
    w.add_ledger(ledger.continuing(before), "moi-2027", "moi")
}

/// F1: a due date that is not the one that follows.
fn deadlines() -> Vec<Case> {
    vec![
        on_registers(
            "F1-board",
            "The published due date is a day later than the one that follows",
            "foi.md §9",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0, "running").due(D0 + 8)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-first-day",
            "The day of receipt is counted as day 1",
            "rules.md §4.1.1",
            &["foi.due-dates"],
            |name| {
                let mut w = World::begun(name);
                w.morning(D0 + 3);
                let request = w.submit(MOI);
                // Five days from Wednesday the 7th end on Monday the 12th.
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0 + 3, "running").due(D0 + 7)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-no-roll",
            "The due date stays on a Friday",
            "rules.md §4.1.3",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0, "running").due(D0 + 5)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-original",
            "The date before an extension is shown as if there had been none",
            "foi.md §9, rules.md §5.4",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked(name);
                w.extend(MOI, request);
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0, "running").due(D0 + 10)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-undeclared",
            "A due date is reckoned with a holiday that nobody has declared",
            "rules.md §2.2",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0, "running").due(D0 + 9)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-unseen",
            "A due date is reckoned with a holiday that the calendar has and the register has not seen yet",
            "jurisdiction.md §2.3",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked(name);
                w.declare(D0 + 7, D0 + 8);
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0, "running").due(D0 + 9)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-late-question",
            "A question after the due date stops a clock that has run out",
            "rules.md §5.2",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.ask(MOI, request);
                let row = Row::new(1, request, D0, "paused")
                    .pack("qa/2")
                    .missed(D0 + 8, D0 + 7);
                w.mark().board(MOI, &[row]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-transfer",
            "A transfer is shown as if it had started the clock anew, under rules by which it goes on",
            "foi.md §6.3",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked(name);
                w.morning(D0 + 3);
                w.transfer(MOI, request, MOJ);
                let there = w.receive(MOJ, MOI, request);
                w.mark()
                    .board(MOJ, &[Row::new(1, there, D0 + 3, "running").due(D0 + 8)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-kept-extension",
            "A transfer starts the clock anew, and the extension that was taken before is kept all the same",
            "foi.md §6.3",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.extend(MOI, request);
                w.morning(D0 + 1);
                w.morning(D0 + 2);
                w.transfer(MOI, request, MOJ);
                let there = w.receive(MOJ, MOI, request);
                let row = Row::new(1, there, D0 + 2, "running").pack("qa/2");
                w.mark().board(MOJ, &[row.extended(D0 + 14, D0 + 7)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-late-restart",
            "A request is transferred after its due date, and its clock starts anew",
            "rules.md §5.2",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.transfer(MOI, request, MOJ);
                w.close(MOJ, D0 + 7, &[]);
                let there = w.receive(MOJ, MOI, request);
                let row = Row::new(1, there, D0 + 8, "running").pack("qa/2").due(D0 + 14);
                w.mark().board(MOJ, &[row]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-left-out",
            "A request is missing from the published due dates",
            "foi.md §9",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked(name);
                w.submit(MOI);
                w.mark().board(MOI, &[running(1, request)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F1-missed",
            "The missed due date is left out of the published due dates",
            "foi.md §9",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                let row = Row::new(1, request, D0, "overdue").pack("qa/2").due(D0 + 7);
                w.mark().board(MOI, &[row]);
                w.package()
            },
        )
        .same(),
    ]
}

/// F2: a due date that was missed, and no word of it.
fn silence() -> Vec<Case> {
    vec![
        on_registers(
            "F2-nothing",
            "The clock ran out, and nothing stands behind the day that is closed",
            "foi.md §8",
            &["foi.silence"],
            |name| {
                let (mut w, _) = asked(name);
                w.at(D0 + 8, 0);
                w.mark().close(MOI, D0 + 7, &[]);
                w.package()
            },
        ),
        on_registers(
            "F2-no-refusal",
            "The missed date is on record, the refusal that silence is deemed to be is not",
            "foi.md §8.1",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                w.at(D0 + 8, 0);
                w.mark()
                    .close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.package()
            },
        ),
        on_registers(
            "F2-no-date",
            "The refusal is on record, the date that was missed is not",
            "foi.md §8.1",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                w.at(D0 + 8, 0);
                w.mark().close(MOI, D0 + 7, &[Lapse::Silence(request, D0 + 8)]);
                w.package()
            },
        ),
        on_registers(
            "F2-other-date",
            "The due date on record is not the one that was missed",
            "foi.md §8.1",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.mark()
                    .close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 5)]);
                w.package()
            },
        ),
        on_registers(
            "F2-other-day",
            "The service was down, and dates what was missed from its return",
            "foi.md §8",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 12, 0);
                w.mark()
                    .close(MOI, D0 + 11, &[Lapse::Missed(request, D0 + 12, D0 + 7)]);
                w.package()
            },
        ),
        on_registers(
            "F2-order",
            "What was missed on one day stands in another order",
            "foi.md §8",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                let second = w.submit(MOI);
                w.at(D0 + 8, 0);
                let lapses = [
                    Lapse::Missed(second, D0 + 8, D0 + 7),
                    Lapse::Missed(request, D0 + 8, D0 + 7),
                ];
                w.mark().close(MOI, D0 + 7, &lapses);
                w.package()
            },
        ),
        on_registers(
            "F2-early",
            "A request is deemed refused while its clock stands still",
            "foi.md §8",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                w.morning(D0 + 2);
                w.ask(MOI, request);
                w.at(D0 + 8, 0);
                let lapses = [
                    Lapse::Missed(request, D0 + 8, D0 + 7),
                    Lapse::Silence(request, D0 + 8),
                ];
                w.mark().close(MOI, D0 + 7, &lapses);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F2-twice",
            "A date that was missed before is missed again",
            "foi.md §8.1",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.at(D0 + 9, 0);
                w.mark()
                    .close(MOI, D0 + 8, &[Lapse::Missed(request, D0 + 9, D0 + 7)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F2-cause",
            "What was missed names another cause than the day that is closed",
            "foi.md §8",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                let other = w.ledger(MOI).last_body_hash;
                w.at(D0 + 8, 0);
                let service = "service";
                let cited = w.calendar.cite();
                let payload = super::forge::Enc::default().int(D0 + 7).0;
                w.mark().push_citing(MOI, 0x0005, service, &[cited], payload);
                w.now -= 60_000;
                w.lapse(MOI, &other, Lapse::Missed(request, D0 + 8, D0 + 7));
                w.package()
            },
        ),
        on_registers(
            "F2-alone",
            "A refusal by silence behind no closed day",
            "foi.md §8",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                let cause = w.ledger(MOI).last_body_hash;
                // At the time of the entry before.
                w.now -= 60_000;
                w.mark().lapse(MOI, &cause, Lapse::Silence(request, D0));
                w.package()
            },
        )
        .same(),
        on_registers(
            "F2-answered-after-all",
            "Nothing is recorded of the refusal by silence, and the officer decides as if in time",
            "foi.md §3, §8",
            &["foi.order", "foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[]);
                w.mark().decide(MOI, request, &[Document::NotHeld]);
                w.package()
            },
        ),
        on_registers(
            "F2-refused-and-decided",
            "A request that was deemed refused is decided without a grievance",
            "foi.md §3",
            &["foi.order"],
            |name| {
                let (mut w, request) = asked(name);
                w.at(D0 + 8, 0);
                let lapses = [
                    Lapse::Missed(request, D0 + 8, D0 + 7),
                    Lapse::Silence(request, D0 + 8),
                ];
                w.close(MOI, D0 + 7, &lapses);
                w.mark().decide(MOI, request, &[Document::NotHeld]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F2-not-abandoned",
            "Nobody answers the question, and the request stays open",
            "foi.md §8.2",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                w.ask(MOI, request);
                w.at(D0 + 8, 0);
                w.mark().close(MOI, D0 + 7, &[]);
                w.package()
            },
        ),
        on_registers(
            "F2-abandoned-early",
            "A request is abandoned while its requester may still answer",
            "foi.md §8.2",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                w.ask(MOI, request);
                w.at(D0 + 6, 0);
                w.mark().close(MOI, D0 + 5, &[Lapse::Abandoned(request, D0 + 6)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F2-answered-too-late",
            "A clarification is taken after the request was abandoned",
            "foi.md §3, §8.2",
            &["foi.order"],
            |name| {
                let (mut w, request) = asked(name);
                w.ask(MOI, request);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Abandoned(request, D0 + 8)]);
                w.mark().answer_letter(MOI, request, D0 + 6);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F2-grievance",
            "A grievance that nobody decides is not rejected by silence",
            "foi.md §8.3",
            &["foi.silence"],
            |name| {
                let (mut w, request) = decided(name);
                w.grieve(MOI, request);
                w.at(D0 + 8, 0);
                w.mark().close(MOI, D0 + 7, &[]);
                w.package()
            },
        ),
        on_registers(
            "F2-again-elsewhere",
            "A due date that was missed before the transfer is missed again by the register that receives it",
            "foi.md §6.3",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.transfer(MOI, request, MOJ);
                w.close(MOJ, D0 + 7, &[]);
                let there = w.receive(MOJ, MOI, request);
                w.at(D0 + 9, 0);
                w.mark()
                    .close(MOJ, D0 + 8, &[Lapse::Missed(there, D0 + 9, D0 + 7)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F2-succeeded",
            "The year is over and a new register goes on; what is open on the old one runs out, and nothing says so",
            "foi.md §1.5, §8",
            &["foi.silence"],
            |name| {
                let (mut w, _) = asked(name);
                let next = next_year(&mut w);
                w.genesis(next);
                w.list(next);
                w.begin(next);
                w.see(MOI);
                w.succeed(MOI, next);
                w.at(D0 + 8, 0);
                w.mark().close(MOI, D0 + 7, &[]);
                w.package()
            },
        ),
        on_registers(
            "F2-carried",
            "A transfer loses the clock that it came with: what runs out with the old due date is not recorded",
            "foi.md §6.3, §8",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                w.morning(D0 + 4);
                w.transfer(MOI, request, MOJ);
                w.receive(MOJ, MOI, request);
                w.at(D0 + 8, 0);
                w.mark().close(MOJ, D0 + 7, &[]);
                w.package()
            },
        ),
    ]
}

/// F3: extensions.
fn extensions() -> Vec<Case> {
    vec![
        on_registers(
            "F3-second",
            "A second extension under rules that give one",
            "rules.md §5.2",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked(name);
                w.extend(MOI, request);
                w.mark().extend(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F3-late",
            "An extension on the day after the due date",
            "rules.md §5.2",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.mark().extend(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F3-ended",
            "An extension of a request that was decided",
            "foi.md §4",
            &["foi.order"],
            |name| {
                let (mut w, request) = decided(name);
                w.mark().extend(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F3-carried",
            "A second extension by the authority to which the request was transferred",
            "foi.md §6.3",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked(name);
                w.extend(MOI, request);
                w.transfer(MOI, request, MOJ);
                let there = w.receive(MOJ, MOI, request);
                w.mark().extend(MOJ, there);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F3-restarted",
            "Two extensions behind a transfer that gave one back",
            "foi.md §6.3",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.extend(MOI, request);
                w.transfer(MOI, request, MOJ);
                let there = w.receive(MOJ, MOI, request);
                w.extend(MOJ, there);
                w.mark().extend(MOJ, there);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F3-holiday",
            "An extension behind a due date that only a holiday of another jurisdiction would move",
            "rules.md §5.2",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.declare(D0 + 7, D0 + 8);
                w.mark().extend(MOI, request);
                w.package()
            },
        )
        .same(),
    ]
}

/// F4: who decides a grievance.
fn grievances() -> Vec<Case> {
    vec![
        on_registers(
            "F4-decided",
            "Who decided the request decides the grievance about it",
            "foi.md §7.4",
            &["foi.officer"],
            |name| {
                let (mut w, request) = asked(name);
                w.by("both").decide(MOI, request, &[Document::NotHeld]);
                let grievance = w.grieve(MOI, request);
                w.mark().by("both").judge(MOI, grievance, 1);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F4-admitted",
            "Who admitted the request, and did nothing else, decides the grievance",
            "foi.md §7.4",
            &["foi.officer"],
            |name| {
                let mut w = World::begun(name);
                let request = w.submit(MOI);
                w.by("both").admit(MOI, request);
                w.decide(MOI, request, &[Document::NotHeld]);
                let grievance = w.grieve(MOI, request);
                w.mark().by("both").judge(MOI, grievance, 3);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F4-reply",
            "Who took the reply of a third party, which names no request, decides the grievance",
            "foi.md §7.4",
            &["foi.officer"],
            |name| {
                let (mut w, request) = asked(name);
                let consultation = w.consult(MOI, request);
                w.by("both").reply(MOI, consultation);
                w.decide(MOI, request, &[Document::NotHeld]);
                let grievance = w.grieve(MOI, request);
                w.mark().by("both").judge(MOI, grievance, 1);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F4-entered",
            "Who entered the letter with the request decides the grievance",
            "foi.md §7.4",
            &["foi.officer"],
            |name| {
                let mut w = World::begun(name);
                let request = w.by("both").submit_letter(MOI, D0);
                w.admit(MOI, request);
                w.decide(MOI, request, &[Document::NotHeld]);
                let grievance = w.grieve(MOI, request);
                w.mark().by("both").judge(MOI, grievance, 1);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F4-filed",
            "Who entered the letter with the grievance decides it",
            "foi.md §7.4",
            &["foi.officer"],
            |name| {
                let (mut w, request) = decided(name);
                let grievance = w.by("both").grieve_letter(MOI, request, D0);
                w.mark().by("both").judge(MOI, grievance, 1);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F4-role",
            "The officer who decided, without the role for grievances, decides the grievance",
            "events.md §8",
            &["event.author", "foi.officer"],
            |name| {
                let (mut w, request) = decided(name);
                let grievance = w.grieve(MOI, request);
                w.mark().by("officer").judge(MOI, grievance, 1);
                w.package()
            },
        )
        .door("event.author"),
        on_registers(
            "Q9-late",
            "A grievance after its time, about a request that was decided in time",
            "foi.md §7.2",
            &["foi.grievance"],
            |name| {
                let (mut w, request) = decided(name);
                // Ten days from Sunday the 4th end on Wednesday the 14th.
                w.morning(D0 + 11);
                w.mark().grieve(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q9-letter",
            "A letter with a grievance that came before the decision it is about",
            "foi.md §7.2",
            &["foi.grievance"],
            |name| {
                let (mut w, request) = decided(name);
                w.mark().grieve_letter(MOI, request, D0 - 1);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q9-open",
            "A grievance about a request that is open and not overdue",
            "foi.md §7.2",
            &["foi.grievance"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().grieve(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q9-again",
            "A second grievance about the decision that was upheld",
            "foi.md §7.2",
            &["foi.grievance"],
            |name| {
                let (mut w, request) = decided(name);
                let grievance = w.grieve(MOI, request);
                w.judge(MOI, grievance, 1);
                w.mark().grieve(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q9-decided-twice",
            "A grievance is decided again, the other way",
            "foi.md §7.4",
            &["foi.grievance"],
            |name| {
                let (mut w, request) = decided(name);
                let grievance = w.grieve(MOI, request);
                w.judge(MOI, grievance, 3);
                w.mark().judge(MOI, grievance, 1);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q9-after-silence",
            "A grievance is decided that silence has rejected",
            "foi.md §7.4, §8.3",
            &["foi.grievance"],
            |name| {
                let (mut w, request) = decided(name);
                let grievance = w.grieve(MOI, request);
                w.at(D0 + 8, 0);
                let lapses = [
                    Lapse::Missed(grievance, D0 + 8, D0 + 7),
                    Lapse::Silence(grievance, D0 + 8),
                ];
                w.close(MOI, D0 + 7, &lapses);
                w.mark().judge(MOI, grievance, 3);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q9-decision",
            "A decision on a grievance that there is not",
            "foi.md §7.4",
            &["foi.grievance"],
            |name| {
                let (mut w, request) = decided(name);
                let grievance = w.grieve(MOI, request);
                w.mark().judge(MOI, grievance, 4);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q9-transferred",
            "A grievance about a request that was transferred",
            "foi.md §7.1",
            &["foi.grievance"],
            |name| {
                let (mut w, request) = asked(name);
                w.transfer(MOI, request, MOJ);
                w.receive(MOJ, MOI, request);
                w.mark().grieve(MOI, request);
                w.package()
            },
        )
        .same(),
    ]
}

/// F5: when something came in.
fn receipts() -> Vec<Case> {
    vec![
        on_registers(
            "F5-lag",
            "A request is entered as received an hour before it was sequenced",
            "ledger.md §5",
            &["entry.time"],
            |name| {
                let mut w = World::begun(name);
                w.at(D0, 120);
                w.mark().next(|draft| draft.received -= 3_600_000);
                w.submit(MOI);
                w.package()
            },
        ),
        on_registers(
            "F5-author",
            "The due date is counted from the day that the author's clock had, not from the day of receipt",
            "jurisdiction.md §2.1",
            &["foi.due-dates"],
            |name| {
                let mut w = World::begun(name);
                // Five past midnight on Thursday, entered by an officer whose clock is ten minutes behind.
                w.at(D0 + 3, 0);
                w.close(MOI, D0 + 2, &[]);
                w.now = (D0 + 4) * 86_400_000 - 3 * 3_600_000 + 300_000;
                w.close(MOI, D0 + 3, &[]);
                w.next(|draft| draft.author_time -= 590_000);
                let request = w.submit_letter(MOI, D0 + 4);
                // Five days from Thursday the 8th end on Tuesday the 13th.
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0 + 4, "running").due(D0 + 8)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F5-entered",
            "A letter lay for two days, and is counted from the day on which it was entered",
            "foi.md §4.1",
            &["foi.due-dates"],
            |name| {
                let mut w = World::begun(name);
                w.morning(D0 + 3);
                let request = w.submit_letter(MOI, D0 + 1);
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0 + 1, "running").due(D0 + 8)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F5-lapsed-letter",
            "A letter was entered after its due date: what lapsed before is not recorded on the next day",
            "foi.md §4.1, rules.md §5.1",
            &["foi.silence"],
            |name| {
                let mut w = World::begun(name);
                w.morning(D0 + 10);
                w.submit_letter(MOI, D0);
                w.at(D0 + 11, 0);
                w.mark().close(MOI, D0 + 10, &[]);
                w.package()
            },
        ),
        on_registers(
            "F5-future",
            "A letter that will be handed in tomorrow",
            "foi.md §2.2",
            &["foi.request"],
            |name| {
                let mut w = World::begun(name);
                w.mark().submit_letter(MOI, D0 + 1);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F5-ancient",
            "A letter from more than 366 days ago",
            "foi.md §2.2",
            &["foi.request"],
            |name| {
                let mut w = World::begun(name);
                w.mark().submit_letter(MOI, D0 - 367);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F5-service",
            "The service itself enters a letter, which no officer answers for",
            "events.md §8",
            &["event.author"],
            |name| {
                let mut w = World::begun(name);
                w.mark().by("service").submit_letter(MOI, D0);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F5-officer",
            "An officer enters a request without a letter",
            "events.md §8",
            &["event.author"],
            |name| {
                let mut w = World::begun(name);
                w.mark().by("officer").submit(MOI);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F5-answer",
            "An answer that came before the question",
            "foi.md §4",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked(name);
                w.morning(D0 + 2);
                w.ask(MOI, request);
                w.mark().answer_letter(MOI, request, D0 + 1);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F5-transfer",
            "A transfer was received before it was made",
            "foi.md §6.2",
            &["foi.transfer"],
            |name| {
                let (mut w, request) = asked(name);
                w.transfer(MOI, request, MOJ);
                w.now -= 180_000;
                w.mark().receive(MOJ, MOI, request);
                w.package()
            },
        )
        .same(),
    ]
}

/// F6: facts of the calendar that come late.
fn facts() -> Vec<Case> {
    vec![
        on_registers(
            "F6-decided",
            "A holiday that was declared later moves the due date of a request that was decided before",
            "rules.md §5.4",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = decided(name);
                w.declare(D0 + 7, D0 + 8);
                w.see(MOI);
                w.mark()
                    .board(MOI, &[Row::new(1, request, D0, "decided").due(D0 + 9).ended(D0)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F6-open",
            "A holiday on record does not move the due date of a request that is open",
            "rules.md §5.4",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked(name);
                w.declare(D0 + 7, D0 + 8);
                w.see(MOI);
                w.mark().board(MOI, &[running(1, request)]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F6-unmissed",
            "A holiday that became known after the due date undoes that it was missed",
            "rules.md §5.3",
            &["foi.due-dates"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.at(D0 + 8, 0);
                w.close(MOI, D0 + 7, &[Lapse::Missed(request, D0 + 8, D0 + 7)]);
                w.declare(D0 + 7, D0 + 8);
                w.see(MOI);
                let row = Row::new(1, request, D0, "running").pack("qa/2").due(D0 + 9);
                w.mark().board(MOI, &[row]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F6-downtime",
            "The service was down when a holiday was declared, and judges the days before with it",
            "jurisdiction.md §2.3",
            &["foi.silence"],
            |name| {
                let (mut w, _) = asked_strictly(name);
                w.at(D0 + 9, 0);
                // Until then Monday the 12th had begun, and the request was late.
                w.declare(D0 + 7, D0 + 9);
                w.at(D0 + 10, 0);
                w.mark().close(MOI, D0 + 9, &[]);
                w.package()
            },
        ),
        on_registers(
            "F6-in-time",
            "A holiday was declared before the due date while the service was down: the request is deemed refused all the same",
            "jurisdiction.md §2.3",
            &["foi.silence"],
            |name| {
                let (mut w, request) = asked(name);
                w.at(D0 + 6, 0);
                w.declare(D0 + 7, D0 + 8);
                w.at(D0 + 9, 0);
                let lapses = [
                    Lapse::Missed(request, D0 + 8, D0 + 7),
                    Lapse::Silence(request, D0 + 8),
                ];
                w.mark().close(MOI, D0 + 8, &lapses);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F6-shortened",
            "A holiday is withdrawn, which shortens a period into the past, and the refusal is dated back",
            "rules.md §4.2",
            &["foi.silence"],
            |name| {
                let (mut w, request) = shortened(name);
                let lapses = [Lapse::Missed(request, D0 + 8, D0 + 7), Lapse::Silence(request, D0 + 8)];
                w.mark().close(MOI, D0 + 8, &lapses);
                w.package()
            },
        ),
        on_registers(
            "F6-back-dated",
            "The calendar takes a holiday as if it had been declared a week before",
            "ledger.md §5",
            &["entry.time"],
            |name| {
                let (mut w, _) = asked(name);
                w.at(D0 + 6, 0);
                w.adopt(&STRICT.replace("\"version\":2", "\"version\":3"));
                w.mark().next(|draft| {
                    draft.received -= 3 * 86_400_000;
                    draft.sequenced -= 3 * 86_400_000;
                    draft.author_time -= 3 * 86_400_000;
                });
                w.declare(D0 + 7, D0 + 8);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F6-same-moment",
            "A register learns of a holiday at the very moment of a decision that stands before",
            "jurisdiction.md §2.2",
            &["calendar.seen"],
            |name| {
                let (mut w, _) = asked(name);
                w.declare(D0 + 7, D0 + 8);
                w.submit(MOI);
                w.now -= 60_000;
                w.mark().see(MOI);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F6-not-looked",
            "A day is closed without a holiday that was declared on it",
            "jurisdiction.md §2.4",
            &["calendar.day"],
            |name| {
                let (mut w, _) = asked(name);
                let before = w.calendar.cite();
                w.declare(D0 + 7, D0 + 8);
                w.at(D0 + 1, 0);
                w.mark().close_citing(MOI, D0, before, &[]);
                w.package()
            },
        )
        .same(),
    ]
}

/// F11: days that nobody closes, or in no order.
fn days() -> Vec<Case> {
    vec![
        on_registers(
            "F11-silent",
            "No day is closed, and the officer decides after the due date as if in time",
            "jurisdiction.md §2.5",
            &["calendar.day"],
            |name| {
                let (mut w, request) = asked(name);
                w.at(D0 + 9, 0);
                w.mark().decide(MOI, request, &[Document::NotHeld]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F11-one-missing",
            "The day before is not closed when somebody asks",
            "jurisdiction.md §2.5",
            &["calendar.day"],
            |name| {
                let (mut w, _) = asked(name);
                w.morning(D0 + 1);
                w.at(D0 + 3, 0);
                w.mark().submit(MOI);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F11-grant",
            "Even a grant waits for the days before it",
            "jurisdiction.md §2.5",
            &["calendar.day"],
            |name| {
                let (mut w, _) = asked(name);
                w.at(D0 + 2, 0);
                w.mark().push(
                    MOI,
                    0x0002,
                    "commission",
                    super::forge::grant("new officer", 7, None),
                );
                w.package()
            },
        )
        .same(),
        on_registers(
            "F11-early",
            "A day is closed before it is over",
            "jurisdiction.md §2.4",
            &["calendar.day"],
            |name| {
                let (mut w, _) = asked(name);
                w.mark().close(MOI, D0, &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F11-again",
            "A day is closed again",
            "jurisdiction.md §2.4",
            &["calendar.day", "entry.nonce"],
            |name| {
                let (mut w, _) = asked(name);
                w.morning(D0 + 1);
                w.mark().close(MOI, D0, &[]);
                w.package()
            },
        )
        .door("repeated"),
        on_registers(
            "F11-back",
            "A day is closed behind a later one",
            "jurisdiction.md §2.4",
            &["calendar.day"],
            |name| {
                let (mut w, _) = asked(name);
                w.morning(D0 + 3);
                w.mark().close(MOI, D0 + 1, &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "F11-before",
            "A day is closed that lies before the register",
            "jurisdiction.md §2.4",
            &["calendar.day"],
            |name| {
                let (mut w, _) = asked(name);
                w.mark().close(MOI, D0 - 1, &[]);
                w.package()
            },
        )
        .same(),
    ]
}

/// The other rules of a register: what no line of the list names. Numbers are those of the checks.
fn rules() -> Vec<Case> {
    vec![
        on_registers(
            "Q1-twice",
            "A register is defined again",
            "foi.md §1.1",
            &["foi.order"],
            |name| {
                let mut w = World::begun(name);
                w.mark().define(MOI, STRICT);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q1-undefined",
            "A request before the register has rules",
            "foi.md §1.1",
            &["foi.order"],
            |name| {
                let mut w = World::new(name);
                w.found();
                w.see(MOI);
                w.mark().submit(MOI);
                w.begin(MOJ);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q1-nobody",
            "Something is admitted that is no request",
            "foi.md §3",
            &["foi.order"],
            |name| {
                let mut w = World::begun(name);
                w.mark().admit(MOI, 2);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q1-admitted",
            "A request is admitted twice",
            "foi.md §4",
            &["foi.order"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().admit(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q1-not-admitted",
            "A request is decided that was never admitted",
            "foi.md §4",
            &["foi.order"],
            |name| {
                let mut w = World::begun(name);
                let request = w.submit(MOI);
                w.mark().decide(MOI, request, &[Document::NotHeld]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q1-decided",
            "A decision is replaced by another one, without a grievance",
            "foi.md §3",
            &["foi.order"],
            |name| {
                let (mut w, request) = decided(name);
                w.mark().decide(MOI, request, &[Document::Refused(&["security"])]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q1-upheld",
            "A decision that was upheld is replaced by another one",
            "foi.md §3",
            &["foi.order"],
            |name| {
                let (mut w, request) = decided(name);
                let grievance = w.grieve(MOI, request);
                w.judge(MOI, grievance, 1);
                w.mark().decide(MOI, request, &[Document::NotHeld]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q1-succeeded",
            "A request is taken by a register that has a successor",
            "foi.md §1.5",
            &["foi.order"],
            |name| {
                let mut w = World::begun(name);
                let next = next_year(&mut w);
                w.genesis(next);
                w.list(next);
                w.see(MOI);
                w.succeed(MOI, next);
                w.mark().submit(MOI);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q1-successor",
            "A register is succeeded by that of another authority",
            "foi.md §1.5",
            &["foi.order"],
            |name| {
                let mut w = World::begun(name);
                w.mark().succeed(MOI, MOJ);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q2-adopted",
            "A register takes rules that the jurisdiction has not adopted",
            "foi.md §1.3",
            &["foi.definition"],
            |name| {
                let mut w = World::begun(name);
                let own = SILENT.replace("\"answer_days\":5", "\"answer_days\":50");
                w.mark().choose(MOI, &own);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q2-unseen",
            "A register takes rules that it has not seen adopted",
            "foi.md §1.3",
            &["foi.definition"],
            |name| {
                let mut w = World::begun(name);
                let new = SILENT.replace("\"version\":1", "\"version\":3");
                w.adopt(&new);
                w.mark().choose(MOI, &new);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q2-expired",
            "A register takes rules that are not in force any more",
            "foi.md §1.3",
            &["foi.definition"],
            |name| {
                let mut w = World::new(name);
                w.found();
                let old = SILENT
                    .replace("\"version\":1", "\"version\":3")
                    .replace("2026-06-30", "2026-01-03");
                w.adopt(&old);
                w.begin(MOI);
                w.begin(MOJ);
                w.mark().choose(MOI, &old);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q2-again",
            "Rules are chosen that are in force already",
            "foi.md §1.3",
            &["foi.definition"],
            |name| {
                let mut w = World::begun(name);
                w.mark().choose(MOI, SILENT);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q2-predecessor",
            "A register continues one of another authority",
            "foi.md §1.4",
            &["foi.definition"],
            |name| {
                let mut w = World::begun(name);
                let next = next_year(&mut w);
                let Book::Register(at) = next else {
                    return w.package();
                };
                w.registers[at].authority = "moj";
                w.genesis(next);
                w.list(next);
                w.see(next);
                w.mark().define(next, SILENT);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q3-old-rules",
            "A letter from before the rules that are in force",
            "foi.md §4.1",
            &["foi.request"],
            |name| {
                let mut w = World::begun(name);
                // The rules are valid from 1 December.
                w.mark().submit_letter(MOI, D0 - 40);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q3-ground",
            "A request is routed out on a ground that there is not",
            "foi.md §4",
            &["foi.request"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().route_out(MOI, request, 3);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q3-fee",
            "A fee in no currency",
            "foi.md §4",
            &["foi.request"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().next(|draft| draft.payload[4] = b'q');
                w.quote(MOI, request, D0 + 5);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q3-pay-by",
            "A fee to be paid on the day on which it is quoted",
            "foi.md §4",
            &["foi.request"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().quote(MOI, request, D0);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q3-settled",
            "A fee is settled neither by payment nor by waiver",
            "foi.md §4",
            &["foi.request"],
            |name| {
                let (mut w, request) = asked(name);
                w.quote(MOI, request, D0 + 5);
                w.mark().next(|draft| draft.payload[1] = 3);
                w.settle(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q3-later",
            "A request is linked to a later one",
            "foi.md §4.2",
            &["foi.request"],
            |name| {
                let (mut w, request) = asked(name);
                let later = w.submit(MOI);
                w.mark().link(MOI, request, later);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q3-linked",
            "Two requests are linked twice",
            "foi.md §4.2",
            &["foi.request"],
            |name| {
                let (mut w, request) = asked(name);
                let later = w.submit(MOI);
                w.link(MOI, later, request);
                // Another nonce: the same link is another event.
                w.mark().by("other officer").link(MOI, later, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q4-question",
            "A second question while one is open",
            "rules.md §5.2",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked(name);
                w.ask(MOI, request);
                w.mark().ask(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q4-answer",
            "An answer to no question",
            "rules.md §5.2",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().answer(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q4-fee",
            "A second fee while one is open",
            "rules.md §5.2",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked(name);
                w.quote(MOI, request, D0 + 5);
                w.mark().quote(MOI, request, D0 + 6);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q4-unpaid",
            "A request is closed as unpaid on the last day for paying",
            "foi.md §4",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked(name);
                w.quote(MOI, request, D0 + 1);
                w.morning(D0 + 1);
                w.mark().unpaid(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q4-no-fee",
            "A request is closed as unpaid whose fee was settled",
            "foi.md §4",
            &["foi.clock"],
            |name| {
                let (mut w, request) = asked(name);
                w.quote(MOI, request, D0 + 1);
                w.settle(MOI, request);
                w.morning(D0 + 1);
                w.morning(D0 + 2);
                w.mark().unpaid(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q5-again",
            "A third party replies twice",
            "foi.md §4",
            &["foi.third-party"],
            |name| {
                let (mut w, request) = asked(name);
                let consultation = w.consult(MOI, request);
                w.reply(MOI, consultation);
                w.mark().reply(MOI, consultation);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q6-exemption",
            "A refusal under an exemption that the rules do not have",
            "foi.md §5.1",
            &["foi.decision"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark()
                    .decide(MOI, request, &[Document::Refused(&["convenience"])]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q6-other-rules",
            "A refusal under an exemption of other rules than those under which the request began",
            "foi.md §1.3, §5.1",
            &["foi.decision"],
            |name| {
                let (mut w, request) = asked_strictly(name);
                w.choose(MOI, SILENT);
                w.mark().decide(MOI, request, &[Document::Refused(&["security"])]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q6-no-exemption",
            "A refusal without an exemption",
            "foi.md §5.1",
            &["foi.decision"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().decide(MOI, request, &[Document::Refused(&[])]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q6-nothing",
            "A decision on no document",
            "foi.md §5.1",
            &["foi.decision"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().decide(MOI, request, &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q6-place",
            "A document is said to be public, at a place that is white space",
            "foi.md §5.1",
            &["foi.decision"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().decide(MOI, request, &[Document::Public(" ")]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q7-refused",
            "A file is released that was refused",
            "foi.md §5.2",
            &["foi.release"],
            |name| {
                let (mut w, request) = asked(name);
                w.decide(
                    MOI,
                    request,
                    &[Document::Released, Document::Refused(&["privacy"])],
                );
                let files = w.openings.clone();
                w.mark().release(MOI, request, &[0, 1]);
                // Nothing of it has an effect, so nothing is published.
                w.openings = files;
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q7-again",
            "A file is released that is released",
            "foi.md §5.2",
            &["foi.release"],
            |name| {
                let (mut w, request) = decided(name);
                w.release(MOI, request, &[0]);
                w.mark().release(MOI, request, &[0]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q7-taken-back",
            "A release is withdrawn that was withdrawn before",
            "foi.md §5.3",
            &["foi.release"],
            |name| {
                let (mut w, request) = decided(name);
                let files = w.release(MOI, request, &[0]);
                w.take_back(MOI, request, &[(0, files[0])]);
                w.mark().take_back(MOI, request, &[(0, files[0])]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q8-nowhere",
            "A request is transferred to a ledger that the calendar does not list",
            "foi.md §6.1",
            &["foi.transfer"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().transfer(MOI, request, Book::Calendar);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q8-itself",
            "A register transfers a request to itself, and so begins anew",
            "foi.md §6.1",
            &["foi.transfer"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().transfer(MOI, request, MOI);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q8-undefined",
            "A request is transferred to a register that has no rules and receives nothing: its clock stands still",
            "foi.md §6.1",
            &["foi.transfer"],
            |name| {
                let mut w = World::new(name);
                w.found();
                w.begin(MOI);
                let request = w.submit(MOI);
                w.mark().transfer(MOI, request, MOJ);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q8-question",
            "A request is transferred while the requester is asked something",
            "foi.md §6.1",
            &["foi.transfer"],
            |name| {
                let (mut w, request) = asked(name);
                w.ask(MOI, request);
                w.mark().transfer(MOI, request, MOJ);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q8-lost",
            "A transfer never arrives",
            "foi.md §6.4",
            &["foi.transfer"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().transfer(MOI, request, MOJ);
                w.morning(D0 + 1);
                w.morning(D0 + 2);
                w.package()
            },
        ),
        on_registers(
            "Q8-twice",
            "A transfer arrives twice",
            "foi.md §6.2",
            &["entry.nonce", "foi.transfer"],
            |name| {
                let (mut w, request) = asked(name);
                w.transfer(MOI, request, MOJ);
                w.receive(MOJ, MOI, request);
                w.submit(MOI);
                w.mark();
                w.receive(MOJ, MOI, request);
                w.package()
            },
        )
        .door("entry.nonce"),
        on_registers(
            "Q8-other",
            "A request arrives that was transferred to another authority",
            "foi.md §6.2",
            &["foi.transfer"],
            |name| {
                let mut w = World::new(name);
                let third = w.add_register(7, "moph-2026", "moph", "");
                w.found();
                for book in [MOI, MOJ, third] {
                    w.begin(book);
                }
                let request = w.submit(MOI);
                w.transfer(MOI, request, third);
                w.receive(third, MOI, request);
                w.mark().receive(MOJ, MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q8-uncited",
            "A transfer arrives that the ref does not cover",
            "foi.md §6.2",
            &["foi.transfer"],
            |name| {
                let (mut w, request) = asked(name);
                let before = w.ledger(MOI).cite();
                w.transfer(MOI, request, MOJ);
                w.mark().next(move |draft| draft.refs = vec![before]);
                w.receive(MOJ, MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "Q8-never-sent",
            "A request arrives that was never transferred",
            "foi.md §6.2",
            &["foi.transfer"],
            |name| {
                let (mut w, request) = asked(name);
                w.mark().receive(MOJ, MOI, request);
                w.package()
            },
        )
        .same(),
    ]
}
