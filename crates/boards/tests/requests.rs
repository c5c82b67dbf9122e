//! Whatever happens on registers of freedom of information, their read models are what the pure views say: after any part was
//! written, the file closed and opened, and a copy taken as a killed process leaves it. Spec: specs/operations.md §17.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "../../registers/tests/jurisdiction/mod.rs"]
mod jurisdiction;

use std::collections::BTreeMap;

use jurisdiction::{FULL, QATAR_WORKING, World, local};
use proptest::prelude::*;
use sijill_boards::{
    BoardCounts, BoardError, BoardFilter, Boards, Kind, Page, Scope, Source, StandingFilter, gather,
};
use sijill_ledger::LedgerId;
use sijill_registers::calendar::events::{ErasureConfirmed, ErasureOrdered, RegisterEvent};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::events::*;
use sijill_registers::foi::views::{BoardLine, Standing};

fn event(w: &World, ledger: LedgerId, position: u64) -> Event {
    let body = w.ledgers.0[&ledger].entries[usize::try_from(position).unwrap()].body();
    Event::parse(sijill_ledger::Kind::Foi, body.event_type, &body.payload).unwrap()
}

/// One step of the read models of a register. Whether there was anything to do.
fn step(w: &World, ledger: LedgerId, boards: &mut Boards, most: usize) -> bool {
    let progress = boards.progress(ledger).unwrap();
    let size = w.size(ledger);
    let from = if progress.size == 0 { size } else { progress.size };
    let events: Vec<_> = (from..size).map(|p| (p, event(w, ledger, p))).collect();
    let one = &w.ledgers.0[&ledger];
    let source = Source {
        size,
        last: one.chain.tail(),
        state: &one.state,
        linked: &w.ledgers,
        now_ms: w.now,
    };
    match gather(&progress, &events, &source, most).unwrap() {
        None => false,
        Some(batch) => {
            assert_eq!(
                boards.write(batch, &w.documents).unwrap(),
                0,
                "every text is there"
            );
            true
        }
    }
}

fn follow(w: &World, boards: &mut Boards) {
    for ledger in [w.register, w.other] {
        while step(w, ledger, boards, 3) {}
    }
}

fn all<T>(mut page: impl FnMut(Option<&sijill_boards::Cursor>) -> Page<T>) -> Vec<T> {
    let mut lines = Vec::new();
    let mut from = None;
    loop {
        let one = page(from.as_ref());
        lines.extend(one.lines);
        match one.next {
            Some(next) => from = Some(next.to_string().parse().unwrap()),
            None => return lines,
        }
    }
}

fn filter(scope: Scope) -> BoardFilter {
    BoardFilter {
        scope,
        standing: None,
        officer: None,
    }
}

/// Every query gives what its pure view gives.
fn check(w: &World, boards: &Boards) {
    let mut everything: Vec<BoardLine> = Vec::new();
    let mut disclosed = 0;
    for (ledger, authority) in [(w.register, "moph"), (w.other, "moi")] {
        let foi = w.foi(ledger);
        let scope = Scope::Register(ledger);
        let board = foi.board(w.now, &w.ledgers).unwrap();
        let lines = |filter: &BoardFilter| all(|from| boards.board(filter, from, 2).unwrap());
        assert_eq!(lines(&filter(scope.clone())), board);
        assert_eq!(lines(&filter(Scope::Authority(authority.into()))), board);
        let mut counts = BoardCounts::default();
        for (standing, field, of) in [
            (StandingFilter::Overdue, &mut counts.overdue, Standing::Overdue),
            (
                StandingFilter::DueToday,
                &mut counts.due_today,
                Standing::DueToday,
            ),
            (StandingFilter::Running, &mut counts.running, Standing::Running),
            (StandingFilter::Paused, &mut counts.paused, Standing::Paused),
            (StandingFilter::Reopened, &mut counts.reopened, Standing::Reopened),
        ] {
            let mut narrow = filter(scope.clone());
            narrow.standing = Some(standing);
            let part: Vec<_> = board.iter().filter(|l| l.standing == of).cloned().collect();
            *field = part.len() as u64;
            assert_eq!(lines(&narrow), part, "{standing:?}");
        }
        let extended: Vec<_> = board.iter().filter(|l| l.extended).cloned().collect();
        counts.extended = extended.len() as u64;
        let mut narrow = filter(scope.clone());
        narrow.standing = Some(StandingFilter::Extended);
        assert_eq!(lines(&narrow), extended);
        assert_eq!(boards.board_counts(&scope).unwrap(), counts);
        for officer in [&w.officer, &w.grievance] {
            let mut narrow = filter(scope.clone());
            narrow.officer = Some(officer.key_id());
            let own = |l: &&BoardLine| foi.request(l.request).unwrap().officer == narrow.officer;
            assert_eq!(
                lines(&narrow),
                board.iter().filter(own).cloned().collect::<Vec<_>>()
            );
        }
        let log: Vec<_> = foi.disclosure_log(&w.ledgers).unwrap();
        let log: Vec<_> = log
            .iter()
            .map(|line| serde_json::to_value(line).unwrap())
            .collect();
        assert_eq!(all(|from| boards.disclosures(&scope, from, 2).unwrap()), log);
        assert_eq!(
            boards.league(&scope).unwrap(),
            [foi.league_line(&w.ledgers).unwrap()]
        );
        let due: BTreeMap<u64, _> = board.iter().filter_map(|l| Some((l.request, l.due?))).collect();
        let near = boards.due_between(ledger, 0..=u32::MAX).unwrap();
        let timed = board
            .iter()
            .filter(|l| l.due.is_some() && l.standing != Standing::Reopened);
        assert_eq!(
            near.iter().map(|(l, _)| l).collect::<Vec<_>>(),
            timed.collect::<Vec<_>>()
        );
        for (line, officer) in near {
            assert_eq!(due[&line.request], line.due.unwrap());
            assert_eq!(officer, foi.request(line.request).unwrap().officer);
        }
        // What was answered is found by its summary, unless that was erased.
        let answered: Vec<u64> = foi
            .requests()
            .filter(|r| {
                let summary = r.admitted.filter(|(_, s)| !foi.days().is_erased(&s.commitment));
                r.decision.is_some() && summary.is_some()
            })
            .map(|r| r.seq)
            .rev_sorted();
        let hits = all(|from| boards.search(ledger, "TOWER", from, 2).unwrap());
        assert_eq!(hits.iter().map(|h| h.position).collect::<Vec<_>>(), answered);
        disclosed += answered.len();
        everything.extend(board);
    }
    let urgency = |line: &BoardLine| match line.standing {
        Standing::Overdue | Standing::DueToday | Standing::Running => 0,
        Standing::Paused => 1,
        _ => 2,
    };
    everything.sort_by_key(|line| (urgency(line), line.due));
    let mine = all(|from| boards.board(&filter(Scope::All), from, 3).unwrap());
    let key = |lines: &[BoardLine]| lines.iter().map(|l| (urgency(l), l.due)).collect::<Vec<_>>();
    assert_eq!(key(&mine), key(&everything));
    let sorted = |mut lines: Vec<BoardLine>| {
        lines.sort_by(|a, b| a.reference.cmp(&b.reference));
        lines
    };
    assert_eq!(sorted(mine), sorted(everything));
    let log = all(|from| boards.disclosures(&Scope::All, from, 2).unwrap());
    let days: Vec<_> = log
        .iter()
        .map(|line| line["decided"].as_str().unwrap().to_owned())
        .collect();
    assert!(days.is_sorted_by(|a, b| a >= b));
    let similar = boards
        .similar("Please: what are the costs of a TOWER, and why?", 1_000)
        .unwrap();
    assert_eq!(similar.len(), disclosed);
    assert!(
        similar
            .iter()
            .all(|hit| hit.kind == Kind::Disclosure && hit.reference.is_some())
    );
    let authorities = boards.league_of_authorities().unwrap();
    assert_eq!(authorities.len(), 2);
}

trait RevSorted {
    fn rev_sorted(self) -> Vec<u64>;
}

impl<I: Iterator<Item = u64>> RevSorted for I {
    fn rev_sorted(self) -> Vec<u64> {
        let mut all: Vec<u64> = self.collect();
        all.sort_unstable();
        all.reverse();
        all
    }
}

#[derive(Debug, Clone)]
enum Try {
    Wait(u64),
    Submit { letter: u32 },
    Act(u8, Act),
    Holiday { from: u32, days: u32, seen: bool },
    Transfer(u8),
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Admit,
    Question,
    Answer,
    Fee,
    Settle,
    Extend,
    Decide(u8),
    Release,
    Withhold,
    Withdraw,
    RouteOut,
    Grieve,
    Judge(u8),
    Consult,
    Reply,
    Link,
    Erase,
}

fn some_try() -> impl Strategy<Value = Try> {
    let act = prop_oneof![
        3 => Just(Act::Admit),
        2 => Just(Act::Question),
        2 => Just(Act::Answer),
        1 => Just(Act::Fee),
        1 => Just(Act::Settle),
        3 => Just(Act::Extend),
        5 => (1u8..=5).prop_map(Act::Decide),
        3 => Just(Act::Release),
        2 => Just(Act::Withhold),
        1 => Just(Act::Withdraw),
        1 => Just(Act::RouteOut),
        4 => Just(Act::Grieve),
        4 => (1u8..=3).prop_map(Act::Judge),
        1 => Just(Act::Consult),
        1 => Just(Act::Reply),
        1 => Just(Act::Link),
        1 => Just(Act::Erase),
    ];
    prop_oneof![
        2 => (1u64..120).prop_map(Try::Wait),
        2 => prop_oneof![3 => Just(0u32), 1 => 1u32..20].prop_map(|letter| Try::Submit { letter }),
        12 => (any::<u8>(), act).prop_map(|(which, act)| Try::Act(which, act)),
        1 => (0u32..30, 1u32..6, any::<bool>()).prop_map(|(from, days, seen)| Try::Holiday { from, days, seen }),
        1 => any::<u8>().prop_map(Try::Transfer),
    ]
}

fn attempt(w: &mut World, what: Try) -> Option<()> {
    let register = w.register;
    match what {
        Try::Wait(hours) => w.until(w.now + hours * 3_600_000),
        Try::Submit { letter } => {
            let letter = (letter > 0).then(|| Letter {
                received_on: local(w.now) - letter,
                scan: w.commit("a scan"),
            });
            let event = FoiEvent::RequestSubmitted(RequestSubmitted {
                requester: w.commit("Fatima"),
                text: w.commit("What did the tower cost?"),
                letter,
            });
            if letter.is_some() {
                w.act(event).ok()?
            } else {
                w.ask(event).ok()?
            }
        }
        Try::Holiday { from, days, seen } => {
            let first = sijill_rules::numbered_day(local(w.now) + from)?;
            let last = sijill_rules::numbered_day(local(w.now) + from + days)?;
            w.holiday("A holiday", &first.to_string(), &last.to_string(), 2, None)
                .ok()?;
            if seen {
                w.now += 1;
                w.see(register).ok()?;
            }
        }
        Try::Transfer(which) => {
            let request = pick(w, which)?;
            let reason = w.commit("Not ours");
            let event = RequestTransferred {
                request,
                to: w.other,
                reason,
            };
            w.act(FoiEvent::RequestTransferred(event)).ok()?;
            let event = FoiEvent::TransferReceived(TransferReceived {
                from: register,
                request,
            });
            w.serve(w.other, Event::Foi(event), &[register]).unwrap();
        }
        Try::Act(which, act) => attempt_act(w, pick(w, which)?, act)?,
    }
    Some(())
}

fn pick(w: &World, which: u8) -> Option<u64> {
    // Mostly one of the last, so that something becomes of them.
    let all: Vec<u64> = w.foi(w.register).requests().map(|r| r.seq).collect();
    let last = if which.is_multiple_of(4) {
        0
    } else {
        all.len().saturating_sub(2)
    };
    all[last..]
        .get(usize::from(which / 4).checked_rem(all.len() - last)?)
        .copied()
}

fn attempt_act(w: &mut World, request: u64, act: Act) -> Option<()> {
    let found = w.foi(w.register).request(request)?.clone();
    match act {
        Act::Admit => {
            let summary = w.commit("Costs of the tower");
            w.act(FoiEvent::RequestAdmitted(RequestAdmitted { request, summary }))
                .ok()
        }
        Act::Question => w.question(request).ok(),
        Act::Answer => w.answer(request).ok(),
        Act::Fee => w
            .act(FoiEvent::FeeQuoted(FeeQuoted {
                request,
                amount: 5_000,
                currency: "QAR".into(),
                pay_by: local(w.now) + 30,
            }))
            .ok(),
        Act::Settle => w.act(FoiEvent::FeeSettled(FeeSettled { request, how: 1 })).ok(),
        Act::Extend => w.extend(request).ok(),
        Act::Decide(outcome) => {
            let codes: &[&str] = if matches!(outcome, 2 | 3) {
                &["commercial"]
            } else {
                &[]
            };
            let documents = vec![w.document(outcome, codes), w.document(1, &[])];
            w.decide(request, documents).ok()
        }
        Act::Release => w.release(request, &[1]).ok(),
        Act::Withhold => {
            let reason = w.commit("By mistake");
            w.act(FoiEvent::ReleaseWithdrawn(ReleaseWithdrawn {
                request,
                documents: vec![1],
                reason,
            }))
            .ok()
        }
        Act::Withdraw => w
            .ask(FoiEvent::RequestWithdrawn(RequestWithdrawn {
                request,
                letter: None,
            }))
            .ok(),
        Act::RouteOut => {
            let explanation = w.commit("Elsewhere");
            w.act(FoiEvent::RequestRoutedOut(RequestRoutedOut {
                request,
                ground: 1,
                explanation,
            }))
            .ok()
        }
        Act::Grieve => w.grieve(request).map(|_| ()).ok(),
        Act::Judge(decision) => {
            let open = found.grievances.iter().find(|g| g.end.is_none())?;
            w.decide_grievance("grievance", open.seq, decision).ok()
        }
        Act::Consult => {
            let (party, notice) = (w.commit("A company"), w.commit("You are named"));
            w.act(FoiEvent::ThirdPartyConsulted(ThirdPartyConsulted {
                request,
                party,
                notice,
            }))
            .ok()
        }
        Act::Reply => {
            let consultation = found.consultations.first()?.seq;
            let reply = w.commit("We object");
            w.act(FoiEvent::ThirdPartyReplied(ThirdPartyReplied {
                consultation,
                reply,
            }))
            .ok()
        }
        Act::Link => {
            let similar = w.foi(w.register).requests().next()?.seq;
            w.act(FoiEvent::RequestsLinked(RequestsLinked { request, similar }))
                .ok()
        }
        Act::Erase => {
            let texts = found.answer_texts();
            erase(w, texts.first()?.commitment)
        }
    }
}

fn erase(w: &mut World, commitment: [u8; 32]) -> Option<()> {
    let order = Event::Register(RegisterEvent::ErasureOrdered(ErasureOrdered {
        commitments: vec![commitment],
        basis: "Request of the person concerned".into(),
    }));
    w.sign("commission", w.register, order, &[]).ok()?;
    let order = w.ledgers.0[&w.register].entries.last()?.signed_body().hash();
    let confirmed = Event::Register(RegisterEvent::ErasureConfirmed(ErasureConfirmed { order }));
    w.sign("second", w.register, confirmed, &[]).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn read_models_are_the_pure_views(
        tries in proptest::collection::vec((some_try(), 0u8..8), 1..100),
        most in 1usize..5,
        in_working_days in any::<bool>(),
        starts_awake in any::<bool>(),
    ) {
        let mut w = World::with_holidays(if in_working_days { QATAR_WORKING } else { FULL }, "2025-12-01 09:00");
        w.replay = false;
        w.awake = starts_awake;
        let folder = tempfile::tempdir().unwrap();
        let (path, killed) = (folder.path().join("boards.sqlite"), folder.path().join("killed.sqlite"));
        let mut boards = Boards::open(&path).unwrap();
        for (what, then) in tries {
            if !matches!(what, Try::Wait(_)) {
                // Nothing happens on a day before the days before it are closed.
                for ledger in [w.register, w.other] {
                    let yesterday = local(w.now) - 1;
                    if w.foi(ledger).days().closed() < Some(yesterday) {
                        let _ = w.close(ledger, yesterday);
                    }
                }
            }
            let _ = attempt(&mut w, what);
            match then {
                0 | 1 => { step(&w, w.register, &mut boards, most); }
                2 => { step(&w, w.other, &mut boards, most); }
                3 => {
                    drop(boards);
                    boards = Boards::open(&path).unwrap();
                }
                4 => {
                    for suffix in ["", "-wal", "-shm"] {
                        let name = |path: &std::path::Path| format!("{}{suffix}", path.display());
                        let _ = std::fs::remove_file(name(&killed));
                        let _ = std::fs::copy(name(&path), name(&killed));
                    }
                    let mut other = Boards::open(&killed).unwrap();
                    follow(&w, &mut other);
                    check(&w, &other);
                }
                _ => {}
            }
        }
        follow(&w, &mut boards);
        check(&w, &boards);
        let mut again = Boards::in_memory().unwrap();
        follow(&w, &mut again);
        check(&w, &again);
        // A replay of the bytes, and a snapshot, give the same state.
        w.check_replay(w.register);
        w.check_replay(w.other);
    }
}

/// The histories above would prove nothing if everything in them were refused.
#[test]
fn everything_that_is_tried_succeeds_sometimes() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let some = proptest::collection::vec(some_try(), 100);
    let mut accepted = std::collections::BTreeSet::new();
    for _ in 0..30 {
        let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
        w.replay = false;
        for what in some.new_tree(&mut runner).unwrap().current() {
            let name: String = match &what {
                Try::Act(_, act) => format!("{act:?}"),
                other => format!("{other:?}"),
            };
            if attempt(&mut w, what).is_some() {
                accepted.insert(name.split([' ', '(']).next().unwrap().to_owned());
            }
        }
    }
    assert_eq!(accepted.len(), 21, "{accepted:?}");
}

#[test]
fn published_answers_to_the_same_question_are_offered() {
    let mut w = World::with_holidays(FULL, "2025-12-01 09:00");
    let mut boards = Boards::in_memory().unwrap();
    assert!(boards.similar("costs of a tower", 5).unwrap().is_empty());
    let answer = |w: &mut World, summary: &str| {
        let request = w.request();
        let summary = w.commit(summary);
        w.act(FoiEvent::RequestAdmitted(RequestAdmitted { request, summary }))
            .unwrap();
        let documents = vec![w.document(4, &[])];
        w.decide(request, documents).unwrap();
        request
    };
    let tower = answer(&mut w, "تكاليف برج أحمد في المدينة");
    let school = answer(&mut w, "عدد المدارس في المدينة");
    w.request();
    follow(&w, &mut boards);
    let found = |boards: &Boards, text: &str| {
        let hits = boards.similar(text, 5).unwrap();
        hits.iter().map(|hit| hit.position).collect::<Vec<_>>()
    };
    assert_eq!(found(&boards, "أريد معرفة كم كلّف برج احمد"), [tower]);
    assert_eq!(found(&boards, "المدارس"), [school]);
    assert_eq!(found(&boards, "the weather"), [0; 0]);
    assert!(matches!(boards.similar("؟ !", 5), Err(BoardError::NoWord)));
    // Whose answer was erased is offered no more.
    let texts = w.foi(w.register).request(tower).unwrap().answer_texts();
    for text in texts {
        erase(&mut w, text.commitment).unwrap();
    }
    follow(&w, &mut boards);
    assert_eq!(found(&boards, "برج"), [0; 0]);
    check_only_positions(&boards, &w, school);
}

fn check_only_positions(boards: &Boards, w: &World, school: u64) {
    let hits = boards.search(w.register, "المدينة", None, 9).unwrap().lines;
    assert_eq!(hits.iter().map(|h| h.position).collect::<Vec<_>>(), [school]);
}
