//! The life of a roll: what may stand where, and what is refused under which code. Spec: specs/roll.md.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use jiff::civil::Date;
use sijill_ledger::UnixMillis;
use sijill_registers::catalogue::Event;
use sijill_registers::register::State;
use sijill_registers::roll::events::*;
use sijill_rules::{FactStatus, Holiday, HolidayList, ObjectionStatus, RulePack, day_number};
use world::{DISTRICT, FILE, PACK, Refused, World};

const DAY_MS: u64 = 86_400_000;

fn refused(result: Result<(), Refused>, code: &str) {
    match result {
        Ok(()) => panic!("accepted, but {code} was expected"),
        Err(error) => assert_eq!(error.code(), code, "{error:?}"),
    }
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn number(text: &str) -> u32 {
    u32::try_from(day_number(day(text))).unwrap()
}

fn person(n: u8) -> Pseudonym {
    Pseudonym([n; 32])
}

/// The plain pack with a window of three days, seven days for decisions, silence that rejects.
fn pack_with_objections() -> String {
    PACK.replace(
        "[candidates]",
        "[roll_objections]\nunit = \"calendar\"\nstart = \"next_day\"\nroll = \"next_working_day\"\nwindow_days = 3\ndecision_days = 7\nsilence = \"deemed_refusal\"\nremedy_days = 3\n\n[candidates]",
    )
}

/// A world 20 days before the poll: Sunday 15 November 2026.
fn early() -> World {
    let file = format!(
        "{FILE}\n[[district]]\nid = \"north\"\nname = {{ en = \"North\", ar = \"\" }}\nunopposed = [{{ en = \"One\", ar = \"\" }}]\n"
    );
    let mut w = World::starting(&file, &pack_with_objections(), 20 * DAY_MS);
    w.define();
    w
}

/// Moves the clock to a local time.
fn go(w: &mut World, date: &str, ms: u64) {
    let at = w.pack.calendar().unwrap().start_of(day(date)).unwrap() + ms;
    assert!(at >= w.now);
    w.now = at;
}

fn define(w: &mut World, change: impl Fn(&mut RollDefined)) -> Result<(), Refused> {
    let mut e = w.roll_defined();
    // The window opens on Tuesday 17 November; its third day is a Friday, so it ends on Sunday.
    let opens_ms = w.pack.calendar().unwrap().start_of(day("2026-11-17")).unwrap();
    e.objections = Some(Window {
        opens_ms,
        last_day: number("2026-11-22"),
    });
    change(&mut e);
    w.commission(w.roll, Event::Roll(RollEvent::RollDefined(e)), &[w.election])
}

fn registrar(w: &mut World, event: RollEvent) -> Result<(), Refused> {
    w.registrar(w.roll, Event::Roll(event))
}

fn commission(w: &mut World, event: RollEvent) -> Result<(), Refused> {
    w.commission(w.roll, Event::Roll(event), &[])
}

fn file(w: &mut World, about: u8, kind: u8) -> Result<(), Refused> {
    registrar(
        w,
        RollEvent::ObjectionFiled(ObjectionFiled {
            objector: person(9),
            about: person(about),
            kind,
            statement: [0; 32],
        }),
    )
}

fn decide(w: &mut World, objection: u64, decision: u8) -> Result<(), Refused> {
    commission(
        w,
        RollEvent::ObjectionDecided(ObjectionDecided {
            objection,
            decision,
            reason: [0; 32],
        }),
    )
}

fn extend(w: &mut World, old: &str, new: &str) -> Result<(), Refused> {
    commission(
        w,
        RollEvent::ObjectionWindowExtended(ObjectionWindowExtended {
            by: "Committee of the rehearsal".into(),
            reason: "Offices were closed for a day".into(),
            old_last: number(old),
            new_last: number(new),
        }),
    )
}

fn last(w: &World) -> u64 {
    w.ledgers.0[&w.roll].chain.size() - 1
}

/// A snapshot gives the state back: it decides as the original does, and is the same bytes again.
fn assert_snapshot_is_whole(w: &World) {
    let one = &w.ledgers.0[&w.roll];
    let bytes = one.state.snapshot().unwrap().to_bytes();
    let again = State::restore(one.chain.genesis(), &bytes, &w.documents).unwrap();
    let (a, b) = (one.state.as_roll().unwrap(), again.as_roll().unwrap());
    assert_eq!(a.counts(), b.counts());
    for n in 0..=20 {
        assert_eq!(a.district_of(&person(n)), b.district_of(&person(n)));
        assert_eq!(a.has_credential(&person(n)), b.has_credential(&person(n)));
        assert_eq!(a.open_check(&person(n)), b.open_check(&person(n)));
    }
    let (a, b) = (a.governed().unwrap(), b.governed().unwrap());
    assert_eq!(a.window(), b.window());
    assert_eq!(a.calendar().facts(), b.calendar().facts());
    assert!(a.objections().eq(b.objections()));
    for objection in a.objections() {
        assert_eq!(a.objection(objection, w.now), b.objection(objection, w.now));
    }
    for cut in [0, bytes.len() / 2, bytes.len() - 1] {
        assert!(State::restore(one.chain.genesis(), &bytes[..cut], &w.documents).is_none());
    }
}

#[test]
fn a_roll_is_defined_first_and_once() {
    let mut w = early();
    refused(w.check(1, true), "roll.order");
    refused(w.commit(1), "roll.order");
    let early = w.freeze(0, 0, &[]);
    refused(w.registrar(w.roll, early), "roll.order");
    define(&mut w, |_| {}).unwrap();
    refused(define(&mut w, |_| {}), "roll.order");
    assert_snapshot_is_whole(&w);
}

#[test]
fn a_definition_follows_from_pack_and_manifest() {
    let mut w = early();
    refused(define(&mut w, |e| e.objections = None), "roll.definition");
    refused(define(&mut w, |e| e.polling_day += 1), "roll.definition");
    refused(define(&mut w, |e| e.polling_day = u32::MAX), "roll.definition");
    refused(
        define(&mut w, |e| e.objections.as_mut().unwrap().last_day -= 1),
        "roll.definition",
    );
    let now = w.now;
    refused(
        define(&mut w, |e| e.objections.as_mut().unwrap().opens_ms = now - 1),
        "roll.definition",
    );
    refused(define(&mut w, |e| e.pack.length += 1), "content.mismatch");
    let text = String::from_utf8(w.pack.to_json()).unwrap();
    for (good, bad) in [
        ("\"id\":\"plain-1\"", "\"id\":\"plain-2\""),
        ("Asia/Qatar", "Asia/Kuwait"),
        ("\"version\":1", "\"version\":0"),
        ("{\"format\"", "{ \"format\""),
        ("\"valid_from\":\"2026-01-01\"", "\"valid_from\":\"2026-12-06\""),
    ] {
        let other = text.replace(good, bad);
        assert_ne!(text, other);
        let other = w.documents.put(other.as_bytes());
        refused(define(&mut w, |e| e.pack = other), "roll.definition");
    }
    let e = w.roll_defined();
    let event = Event::Roll(RollEvent::RollDefined(e));
    refused(w.commission(w.roll, event.clone(), &[]), "entry.refs");
    refused(w.registrar(w.roll, event), "event.author");
    define(&mut w, |_| {}).unwrap();
    // Without objections in the pack there is no window.
    let mut w = World::new();
    w.define();
    let mut e = w.roll_defined();
    e.objections = Some(Window {
        opens_ms: w.now,
        last_day: number("2026-12-04"),
    });
    let event = Event::Roll(RollEvent::RollDefined(e));
    refused(w.commission(w.roll, event, &[w.election]), "roll.definition");
    w.define_roll();
    refused(file(&mut w, 1, 1), "roll.objection");
}

#[test]
fn nobody_is_registered_without_an_eligible_check() {
    let mut w = early();
    define(&mut w, |_| {}).unwrap();
    let register = |w: &mut World| {
        registrar(
            w,
            RollEvent::VoterRegistered(VoterRegistered {
                pseudonym: person(1),
                district: DISTRICT.parse().unwrap(),
            }),
        )
    };
    refused(register(&mut w), "roll.eligibility");
    w.check(2, true).unwrap();
    refused(register(&mut w), "roll.eligibility");
    w.check(1, true).unwrap();
    w.check(1, false).unwrap();
    refused(register(&mut w), "roll.eligibility");
    w.check(1, true).unwrap();
    register(&mut w).unwrap();
    refused(register(&mut w), "roll.duplicate");
    for purpose in [0, 2, 3, 4, 5] {
        let check = EligibilityChecked {
            pseudonym: person(1),
            purpose,
            eligible: false,
            commitment: [0; 32],
        };
        refused(
            registrar(&mut w, RollEvent::EligibilityChecked(check)),
            "roll.eligibility",
        );
    }
    assert_snapshot_is_whole(&w);
}

/// Scenario 7: two registrations in two districts.
#[test]
fn a_voter_is_in_one_district_and_a_transfer_ends_the_credential() {
    let mut w = early();
    define(&mut w, |_| {}).unwrap();
    w.register(1).unwrap();
    w.register(2).unwrap();
    w.commit(1).unwrap();
    let transfer = |w: &mut World, from: &str, to: &str| {
        let e = VoterTransferred {
            pseudonym: person(1),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            reason: [0; 32],
        };
        registrar(w, RollEvent::VoterTransferred(e))
    };
    refused(transfer(&mut w, "elsewhere", "north"), "roll.transfer");
    refused(transfer(&mut w, DISTRICT, DISTRICT), "roll.transfer");
    // The election has no such district: the freeze could never hold it.
    refused(transfer(&mut w, DISTRICT, "west"), "roll.order");
    transfer(&mut w, DISTRICT, "north").unwrap();
    assert_eq!(w.roll_state().has_credential(&person(1)), Some(false));
    assert_eq!(w.roll_state().district_of(&person(1)).unwrap().as_str(), "north");
    let counts: Vec<_> = w.roll_state().counts().into_values().collect();
    assert_eq!(counts, [(1, 0), (1, 0)]);
    // The commitment of the credential that ended never comes back.
    refused(w.commit(1), "roll.duplicate");
    registrar(
        &mut w,
        RollEvent::CredentialCommitted(CredentialCommitted {
            pseudonym: person(1),
            commitment: [77; 32],
        }),
    )
    .unwrap();
    transfer(&mut w, "north", DISTRICT).unwrap();
    // A district that nobody is left in is not a district of the freeze.
    assert_eq!(w.roll_state().counts().len(), 1);
    let stranger = VoterTransferred {
        pseudonym: person(3),
        from: DISTRICT.parse().unwrap(),
        to: "north".parse().unwrap(),
        reason: [0; 32],
    };
    refused(
        registrar(&mut w, RollEvent::VoterTransferred(stranger)),
        "roll.order",
    );
    assert_snapshot_is_whole(&w);
}

#[test]
fn who_is_struck_comes_back_by_a_new_check_alone() {
    let mut w = early();
    define(&mut w, |_| {}).unwrap();
    let strike = |w: &mut World| {
        let e = VoterStruck {
            pseudonym: person(1),
            reason: [0; 32],
        };
        registrar(w, RollEvent::VoterStruck(e))
    };
    refused(strike(&mut w), "roll.order");
    w.register(1).unwrap();
    w.commit(1).unwrap();
    w.check(1, true).unwrap();
    strike(&mut w).unwrap();
    refused(strike(&mut w), "roll.order");
    refused(w.commit(1), "roll.order");
    // The check that was open is used up with the strike.
    let again = VoterRegistered {
        pseudonym: person(1),
        district: DISTRICT.parse().unwrap(),
    };
    refused(
        registrar(&mut w, RollEvent::VoterRegistered(again)),
        "roll.eligibility",
    );
    w.register(1).unwrap();
    assert_eq!(w.roll_state().has_credential(&person(1)), Some(false));
}

#[test]
fn a_correction_cites_the_last_check() {
    let mut w = early();
    define(&mut w, |_| {}).unwrap();
    let correct = |w: &mut World, check: u64| {
        let e = VoterCorrected {
            pseudonym: person(1),
            check,
        };
        registrar(w, RollEvent::VoterCorrected(e))
    };
    refused(correct(&mut w, 1), "roll.order");
    w.register(1).unwrap();
    let used = last(&w) - 1;
    refused(correct(&mut w, used), "roll.eligibility");
    w.check(1, true).unwrap();
    let first = last(&w);
    w.check(1, true).unwrap();
    let second = last(&w);
    refused(correct(&mut w, first), "roll.eligibility");
    correct(&mut w, second).unwrap();
    refused(correct(&mut w, second), "roll.eligibility");
    w.check(1, false).unwrap();
    let found = last(&w);
    refused(correct(&mut w, found), "roll.eligibility");
}

/// Scenario 19.
#[test]
fn objections_inside_the_window_and_silence_rejects() {
    let mut w = early();
    define(&mut w, |_| {}).unwrap();
    w.register(1).unwrap();
    refused(file(&mut w, 1, 3), "roll.objection");
    go(&mut w, "2026-11-17", 0);
    for (about, kind) in [(1, 1), (2, 2), (2, 3), (1, 0), (1, 4)] {
        refused(file(&mut w, about, kind), "roll.objection");
    }
    file(&mut w, 1, 3).unwrap();
    let entry = last(&w);
    refused(extend(&mut w, "2026-11-21", "2026-11-26"), "roll.objection");
    refused(extend(&mut w, "2026-11-22", "2026-11-22"), "roll.objection");
    refused(extend(&mut w, "2026-11-22", "2026-12-05"), "roll.objection");
    go(&mut w, "2026-11-22", DAY_MS - 1);
    extend(&mut w, "2026-11-22", "2026-11-27").unwrap();
    // Friday, inside the extended window.
    go(&mut w, "2026-11-27", DAY_MS - 1);
    file(&mut w, 2, 1).unwrap();
    let omission = last(&w);
    refused(decide(&mut w, omission - 1, 1), "roll.objection");
    refused(decide(&mut w, omission, 0), "roll.objection");
    assert_snapshot_is_whole(&w);
    go(&mut w, "2026-11-28", 0);
    refused(file(&mut w, 2, 1), "roll.objection");
    refused(extend(&mut w, "2026-11-27", "2026-11-29"), "roll.objection");
    // The first objection: seven days from 17 November are over on Tuesday 24 November.
    let governed = w.roll_state().governed().unwrap();
    let reading = governed.objection(entry, w.now).unwrap();
    assert_eq!(
        reading.status,
        ObjectionStatus::ImplicitlyRejected {
            on: day("2026-11-25")
        }
    );
    assert_eq!(reading.next_remedy_last_day, Some(day("2026-11-29")));
    refused(decide(&mut w, entry, 3), "roll.objection");
    // The roll waits for the second one.
    let freeze = w.freeze(1, 0, &[]);
    refused(w.registrar(w.roll, freeze.clone()), "roll.objection");
    go(&mut w, "2026-11-29", 0);
    decide(&mut w, omission, 3).unwrap();
    refused(decide(&mut w, omission, 3), "roll.objection");
    w.registrar(w.roll, freeze).unwrap();
    assert_snapshot_is_whole(&w);
}

#[test]
fn holidays_that_become_known_move_the_day_of_silence_and_nothing_else() {
    let mut w = early();
    let holiday = |first: &str, last: &str| Holiday {
        first: day(first),
        last: day(last),
        status: FactStatus::Announced,
        corrects: None,
        name: sijill_rules::Bilingual::new("A holiday", "عطلة"),
        source: "Gazette of the rehearsal".into(),
    };
    let facts = vec![holiday("2026-11-18", "2026-11-18")];
    let first = w.documents.put(&HolidayList::new(facts.clone()).to_json());
    define(&mut w, |e| e.holidays = Some(first)).unwrap();
    w.register(1).unwrap();
    go(&mut w, "2026-11-17", 3_600_000);
    file(&mut w, 1, 3).unwrap();
    let objection = last(&w);
    let declare = |w: &mut World, facts: Vec<Holiday>| {
        let holidays = w.documents.put(&HolidayList::new(facts).to_json());
        commission(w, RollEvent::HolidaysDeclared(HolidaysDeclared { holidays }))
    };
    refused(declare(&mut w, facts.clone()), "roll.definition");
    refused(
        declare(
            &mut w,
            vec![
                holiday("2026-11-19", "2026-11-19"),
                holiday("2026-11-24", "2026-11-25"),
            ],
        ),
        "roll.definition",
    );
    refused(
        declare(
            &mut w,
            vec![facts[0].clone(), holiday("2026-11-18", "2026-11-19")],
        ),
        "roll.definition",
    );
    go(&mut w, "2026-11-20", 0);
    declare(
        &mut w,
        vec![facts[0].clone(), holiday("2026-11-24", "2026-11-25")],
    )
    .unwrap();
    let governed = w.roll_state().governed().unwrap();
    assert_eq!(governed.window().unwrap().last_day, day("2026-11-22"));
    let reading = governed.objection(objection, w.now).unwrap();
    assert_eq!(reading.decide_by, Some(day("2026-11-26")));
    assert_snapshot_is_whole(&w);
    go(&mut w, "2026-11-26", DAY_MS - 1);
    decide(&mut w, objection, 1).unwrap();
}

#[test]
fn the_freeze_keeps_nobody_ineligible_and_only_checks_of_the_poll_follow() {
    let mut w = World::new();
    w.define();
    w.register(1).unwrap();
    w.register(2).unwrap();
    w.check(1, false).unwrap();
    let freeze = w.freeze(2, 0, &[]);
    refused(w.registrar(w.roll, freeze), "roll.eligibility");
    w.check(1, true).unwrap();
    // Found ineligible, but on no roll: that does not matter.
    w.check(3, false).unwrap();
    let wrong = w.freeze(3, 0, &[]);
    refused(w.registrar(w.roll, wrong), "roll.counts");
    let freeze = w.freeze(2, 0, &[]);
    w.registrar(w.roll, freeze.clone()).unwrap();
    refused(w.registrar(w.roll, freeze), "roll.order");
    refused(w.check(1, true), "roll.order");
    refused(w.commit(1), "roll.order");
    let at_poll = |purpose, eligible, n| {
        RollEvent::EligibilityChecked(EligibilityChecked {
            pseudonym: person(n),
            purpose,
            eligible,
            commitment: [0; 32],
        })
    };
    registrar(&mut w, at_poll(2, true, 1)).unwrap();
    registrar(&mut w, at_poll(2, false, 3)).unwrap();
    refused(registrar(&mut w, at_poll(2, true, 3)), "roll.eligibility");
    for purpose in [3, 4] {
        registrar(&mut w, at_poll(purpose, false, 1)).unwrap();
        refused(registrar(&mut w, at_poll(purpose, true, 1)), "roll.eligibility");
    }
    assert_snapshot_is_whole(&w);
}

#[test]
fn the_world_starts_where_these_tests_think() {
    let w = early();
    let pack: &RulePack = &w.pack;
    let at = UnixMillis::clamped(w.now).as_u64();
    assert_eq!(pack.calendar().unwrap().day_of(at), Some(day("2026-11-15")));
}
