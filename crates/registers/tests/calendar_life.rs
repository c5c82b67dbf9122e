//! The calendar ledger of a jurisdiction, and what registers may see of it. Spec: specs/jurisdiction.md.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod jurisdiction;

use jurisdiction::{FULL, QATAR, World};
use sijill_ledger::{Kind, LedgerId};
use sijill_registers::calendar::events::*;
use sijill_registers::catalogue::Event;
use sijill_registers::foi::events::{FoiEvent, RegisterDefined};

fn defined() -> JurisdictionDefined {
    JurisdictionDefined {
        name_en: "Qatar".into(),
        name_ar: "قطر".into(),
        time_zone: "Asia/Qatar".into(),
        weekly_rest: vec![5, 6],
        rehearsal: true,
    }
}

#[test]
fn a_jurisdiction_is_defined_once_with_permitted_values_and_first() {
    let mut w = World::listed("2025-12-01 09:00");
    let again = w.declare(CalendarEvent::JurisdictionDefined(defined()));
    assert_eq!(again.unwrap_err().code(), "calendar.order");
    w.calendar = w.create(Kind::Calendar, None, None);
    let early = w.holiday("National Day", "2025-12-18", "2025-12-18", 2, None);
    assert_eq!(early.unwrap_err().code(), "calendar.order");
    let spoil: [fn(&mut JurisdictionDefined); 7] = [
        |e| e.name_en = " ".into(),
        |e| e.name_ar = "\u{202E}".into(),
        |e| e.time_zone = "Asia/Doha".into(),
        |e| e.time_zone = "asia/qatar".into(),
        |e| e.weekly_rest = vec![6, 5],
        |e| e.weekly_rest = vec![0],
        |e| e.weekly_rest = (1..=7).collect(),
    ];
    for spoil in spoil {
        let mut e = defined();
        spoil(&mut e);
        let refused = w.declare(CalendarEvent::JurisdictionDefined(e.clone()));
        assert_eq!(refused.unwrap_err().code(), "calendar.definition", "{e:?}");
    }
    w.declare(CalendarEvent::JurisdictionDefined(defined())).unwrap();
}

#[test]
fn holidays_contradict_nothing_that_stands() {
    let mut w = World::listed("2025-12-01 09:00");
    let eid = w.holiday("Eid", "2026-03-17", "2026-03-23", 1, None).unwrap();
    let mut refuse = |first, last, status, corrects| {
        w.holiday("Holiday", first, last, status, corrects)
            .unwrap_err()
            .code()
    };
    assert_eq!(refuse("2026-03-23", "2026-03-24", 2, None), "calendar.fact");
    assert_eq!(refuse("2026-04-02", "2026-04-01", 2, None), "calendar.fact");
    assert_eq!(refuse("2026-04-01", "2026-06-01", 2, None), "calendar.fact");
    assert_eq!(refuse("2026-04-01", "2026-04-01", 4, None), "calendar.fact");
    assert_eq!(refuse("2026-03-17", "2026-03-23", 3, None), "calendar.fact");
    assert_eq!(refuse("2026-03-17", "2026-03-22", 3, Some(eid)), "calendar.fact");
    assert_eq!(
        refuse("2026-03-18", "2026-03-24", 2, Some(eid + 1)),
        "calendar.fact"
    );
    let announced = w
        .holiday("Eid", "2026-03-18", "2026-03-24", 2, Some(eid))
        .unwrap();
    let guess = w.holiday("Eid", "2026-03-19", "2026-03-25", 1, Some(announced));
    assert_eq!(guess.unwrap_err().code(), "calendar.fact");
    w.holiday("Eid", "2026-03-18", "2026-03-24", 3, Some(announced))
        .unwrap();
}

#[test]
fn packs_are_adopted_once_and_are_those_of_the_jurisdiction() {
    let mut w = World::listed("2025-12-01 09:00");
    let mut adopt = |bytes: &[u8], kind| {
        let pack = w.documents.put(bytes);
        let event = CalendarEvent::PackAdopted(PackAdopted { kind, pack });
        w.declare(event).map_err(|e| e.code())
    };
    let json = |text: &str| sijill_rules::FoiPack::parse(text).unwrap().to_json();
    let good = json(FULL);
    assert_eq!(adopt(&good, 6), Err("calendar.pack"));
    assert_eq!(adopt(FULL.as_bytes(), 7), Err("calendar.pack"));
    assert_eq!(adopt(&[&good[..], b" "].concat(), 7), Err("calendar.pack"));
    assert_eq!(
        adopt(&json(&FULL.replace("Asia/Qatar", "Europe/London")), 7),
        Err("calendar.pack")
    );
    assert_eq!(
        adopt(&json(&FULL.replace("[\"friday\", ", "[")), 7),
        Err("calendar.pack")
    );
    assert_eq!(adopt(&good, 7), Ok(()));
    let other = json(&FULL.replace("answer_days = 15", "answer_days = 16"));
    assert_eq!(adopt(&other, 7), Err("calendar.pack"), "the same id and version");
    assert_eq!(
        adopt(&json(&FULL.replace("version = 1", "version = 2")), 7),
        Ok(())
    );
}

#[test]
fn registers_are_listed_once_under_a_name_of_their_own() {
    let mut w = World::listed("2025-12-01 09:00");
    let new = LedgerId::from_bytes([5; 32]);
    let listing = |ledger, kind, visibility, id: &str| RegisterListed {
        ledger,
        kind,
        visibility,
        id: id.parse().unwrap(),
        authority: "moph".parse().unwrap(),
        name_en: "Health".into(),
        name_ar: String::new(),
    };
    let (own, listed) = (w.calendar, w.register);
    for wrong in [
        listing(new, 3, 1, "a"),
        listing(new, 7, 2, "a"),
        listing(new, 6, 3, "a"),
        listing(own, 7, 1, "a"),
        listing(listed, 7, 1, "a"),
        listing(new, 7, 1, "moph-2026"),
    ] {
        let refused = w.declare(CalendarEvent::RegisterListed(wrong.clone()));
        assert_eq!(refused.unwrap_err().code(), "calendar.register", "{wrong:?}");
    }
    let consultation = w.create(Kind::Consultation, Some(own), None);
    let stray = w.create(Kind::Foi, Some(listed), None);
    for (wrong, code) in [
        (listing(new, 6, 2, "a"), "calendar.omitted"),
        (listing(consultation, 7, 1, "a"), "calendar.registers"),
        (listing(listed, 6, 1, "moph-2026"), "calendar.register"),
        (listing(stray, 7, 1, "a"), "calendar.order"),
    ] {
        let refused = w.declare(CalendarEvent::RegisterListed(wrong.clone()));
        assert_eq!(refused.unwrap_err().code(), code, "{wrong:?}");
    }
    w.declare(CalendarEvent::RegisterListed(listing(consultation, 6, 2, "a")))
        .unwrap();
}

#[test]
fn a_register_begins_with_the_calendar_that_lists_it() {
    let mut w = World::listed("2025-12-01 09:00");
    let pack = w.adopt(QATAR);
    let define = |w: &mut World, register| {
        let event = FoiEvent::RegisterDefined(RegisterDefined { pack });
        w.commission(register, Event::Foi(event)).map_err(|e| e.code())
    };
    let register = w.register;
    assert_eq!(define(&mut w, register), Err("calendar.seen"));
    let grant = Event::RoleGranted(sijill_ledger::Grant {
        key: w.second.key_id(),
        role: sijill_ledger::Role::Moderator,
        scope: None,
    });
    assert_eq!(w.commission(register, grant).unwrap_err().code(), "calendar.seen");
    // One that is not listed does not begin.
    let hidden = w.create(Kind::Foi, Some(w.calendar), None);
    assert_eq!(w.see(hidden).unwrap_err().code(), "calendar.seen");
    w.list(hidden, "hidden", "moph").unwrap();
    w.see(hidden).unwrap();
    // Seeing nothing new is refused, and so is going back, and learning something in the same millisecond.
    assert_eq!(w.see(hidden).map_err(|e| e.code()), Ok(()), "the same event");
    w.holiday("National Day", "2025-12-18", "2025-12-18", 2, None)
        .unwrap();
    assert_eq!(w.see(hidden).unwrap_err().code(), "calendar.seen");
    w.now += 1;
    w.see(hidden).unwrap();
    assert_eq!(define(&mut w, hidden), Ok(()));
    assert_eq!(define(&mut w, hidden), Err("foi.order"));
}
