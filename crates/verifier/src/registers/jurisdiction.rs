//! The calendar ledger of a jurisdiction.
//!
//! Spec: specs/jurisdiction.md §1, specs/verification.md §14.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::calendar::{Calendar, Day, Fact, LAST_DAY, Status, is_line};
use crate::check::{Check, Checks, Place};
use crate::contents::read_content;
use crate::events::{ContentRef, Event, RegisterEvent};
use crate::ledger::{Ledger, replay};
use crate::manifest::{Text, time_zone};
use crate::rules::foi::FoiPack;
use crate::source::Source;
use crate::wire::{Kind, is_short_id};

type Id = [u8; 32];

/// What a jurisdiction is.
#[derive(Debug, Clone)]
pub(crate) struct Defined {
    pub(crate) seq: u64,
    pub(crate) name: Text,
    pub(crate) zone: TimeZone,
    pub(crate) rest: [bool; 7],
    pub(crate) rehearsal: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct AdoptedPack {
    pub(crate) seq: u64,
    pub(crate) content: ContentRef,
    pub(crate) pack: Arc<FoiPack>,
}

#[derive(Debug, Clone)]
pub(crate) struct ListedRegister {
    pub(crate) seq: u64,
    pub(crate) ledger: Id,
    pub(crate) kind: Kind,
    pub(crate) public: bool,
    pub(crate) id: String,
    pub(crate) authority: String,
    pub(crate) name: Text,
}

/// What stands on a calendar with effect, in the order of the ledger.
#[derive(Debug, Default)]
pub(crate) struct CalendarLedger {
    pub(crate) id: Id,
    pub(crate) sequenced: Vec<u64>,
    pub(crate) defined: Option<Defined>,
    /// With the time at which each was sequenced; its number is its position.
    pub(crate) facts: Vec<(u64, Fact)>,
    pub(crate) packs: Vec<AdoptedPack>,
    pub(crate) listed: Vec<ListedRegister>,
}

impl CalendarLedger {
    /// The register as it is listed among the first `size` entries.
    pub(crate) fn listed_at(&self, ledger: &Id, size: u64) -> Option<&ListedRegister> {
        let mut listed = self.listed.iter();
        listed.find(|listed| listed.ledger == *ledger && listed.seq < size)
    }
}

/// Follows the calendar ledger.
pub(crate) fn replay_calendar(source: &dyn Source, ledger: &Ledger, checks: &mut Checks) -> CalendarLedger {
    let mut calendar = CalendarLedger {
        id: ledger.id,
        sequenced: ledger.sequenced.clone(),
        ..CalendarLedger::default()
    };
    let place = Place::entry(ledger.id, 0);
    let root = ledger.genesis.parent.is_none();
    checks.require(
        Check::CalendarOrder,
        place,
        root,
        "a calendar ledger has a parent",
    );
    let mut standing: Option<Calendar> = None;
    let outcome = replay(source, ledger, checks, |checks, items| {
        for (entry, event) in items {
            if let Event::Register(event) = event {
                let place = Place::entry(ledger.id, entry.seq);
                let at = (entry.seq, entry.sequenced_ms);
                apply(&mut calendar, &mut standing, source, at, place, event, checks);
            }
        }
    });
    if let Err(reason) = outcome {
        for check in [
            Check::CalendarOrder,
            Check::CalendarDefinition,
            Check::CalendarFact,
            Check::CalendarPack,
            Check::CalendarRegister,
            Check::CalendarRegisters,
        ] {
            checks.skip(check, &reason);
        }
    } else if calendar.defined.is_none() {
        let detail = "the jurisdiction is not defined";
        checks.fail(Check::CalendarOrder, Place::ledger(ledger.id), detail);
    }
    calendar
}

fn apply(
    calendar: &mut CalendarLedger,
    standing: &mut Option<Calendar>,
    source: &dyn Source,
    (seq, sequenced_ms): (u64, u64),
    place: Place,
    event: &RegisterEvent,
    checks: &mut Checks,
) {
    let defines = matches!(event, RegisterEvent::JurisdictionDefined { .. });
    if defines == calendar.defined.is_some() {
        let detail = if defines {
            "the jurisdiction is defined already"
        } else {
            "the event stands before the jurisdiction is defined"
        };
        checks.fail(Check::CalendarOrder, place, detail);
        return;
    }
    checks.pass(Check::CalendarOrder);
    match event {
        RegisterEvent::JurisdictionDefined {
            name_en,
            name_ar,
            time_zone: zone,
            weekly_rest,
            rehearsal,
        } => {
            let name = names(name_en, name_ar);
            let found = time_zone(zone).ok();
            let valid_rest = weekly_rest.len() <= 6
                && weekly_rest.is_sorted_by(|a, b| a < b)
                && weekly_rest.iter().all(|day| (1..=7).contains(day));
            let outcome = match (&name, &found) {
                (Err(reason), _) => Err(*reason),
                (_, None) => Err("the time zone is not one of the IANA database"),
                _ if !valid_rest => {
                    Err("the weekly rest is not sorted, or the whole week, or has what is no day")
                }
                _ => Ok(()),
            };
            checks.outcome(Check::CalendarDefinition, place, outcome);
            let rest = [1, 2, 3, 4, 5, 6, 7].map(|day: u8| weekly_rest.contains(&day));
            let usable = rest.contains(&false);
            if let Some(zone) = found.filter(|_| usable) {
                *standing = Some(Calendar::new(zone.clone(), rest));
                calendar.defined = Some(Defined {
                    seq,
                    name: Text {
                        en: name_en.clone(),
                        ar: name_ar.clone(),
                    },
                    zone,
                    rest,
                    rehearsal: *rehearsal,
                });
            }
        }
        RegisterEvent::FactDeclared {
            first,
            last,
            status,
            corrects,
            name_en,
            name_ar,
            source,
        } => {
            let fact = fact(seq, (*first, *last), *status, *corrects);
            let outcome = fact.and_then(|fact| {
                names(name_en, name_ar)?;
                if !is_line(source) {
                    return Err("the source of a fact is no line");
                }
                // When it became known concerns the registers.
                let standing = standing.as_mut().ok_or("the jurisdiction is not defined")?;
                standing.learn(0, std::slice::from_ref(&fact))?;
                calendar.facts.push((sequenced_ms, fact));
                Ok(())
            });
            checks.outcome(Check::CalendarFact, place, outcome);
        }
        RegisterEvent::PackAdopted { kind, pack } => {
            adopt(calendar, source, seq, place, (*kind, *pack), checks)
        }
        RegisterEvent::RegisterListed {
            ledger,
            kind,
            visibility,
            id,
            authority,
            name_en,
            name_ar,
        } => {
            let kind = Kind::from_code(*kind).filter(|kind| matches!(kind, Kind::Consultation | Kind::Foi));
            let known = |of: &dyn Fn(&ListedRegister) -> bool| calendar.listed.iter().any(of);
            let outcome = match (kind, names(name_en, name_ar)) {
                (None, _) => Err("a register is of no kind that a jurisdiction has"),
                (_, Err(reason)) => Err(reason),
                (Some(kind), _)
                    if !(*visibility == 1 || (*visibility == 2 && kind == Kind::Consultation)) =>
                {
                    Err("a register has a visibility that its kind does not have")
                }
                _ if *ledger == calendar.id || known(&|listed| listed.ledger == *ledger) => {
                    Err("the ledger is listed already, or the calendar itself")
                }
                _ if !is_short_id(id) || !is_short_id(authority) => Err("an id is malformed"),
                _ if known(&|listed| listed.id == *id) => Err("another register has this id"),
                (Some(kind), Ok(name)) => {
                    calendar.listed.push(ListedRegister {
                        seq,
                        ledger: *ledger,
                        kind,
                        public: *visibility == 1,
                        id: id.clone(),
                        authority: authority.clone(),
                        name,
                    });
                    Ok(())
                }
            };
            checks.outcome(Check::CalendarRegister, place, outcome);
        }
        _ => {}
    }
}

/// Spec: specs/jurisdiction.md §1.3.
fn adopt(
    calendar: &mut CalendarLedger,
    source: &dyn Source,
    seq: u64,
    place: Place,
    (kind, content): (u16, ContentRef),
    checks: &mut Checks,
) {
    if Kind::from_code(kind) != Some(Kind::Foi) {
        checks.fail(
            Check::CalendarPack,
            place,
            "a pack for a kind of register that has none",
        );
        return;
    }
    let Ok(bytes) = read_content(source, &content) else {
        checks.skip(Check::CalendarPack, "an adopted pack is not here");
        return;
    };
    let outcome = FoiPack::parse(&bytes)
        .map_err(|error| error.to_string())
        .and_then(|pack| {
            let same = calendar.defined.as_ref().is_some_and(|defined| {
                defined.zone.iana_name() == pack.head.zone.iana_name() && defined.rest == pack.head.rest
            });
            if !same {
                return Err("the pack has another time zone or weekly rest".to_owned());
            }
            let mut adopted = calendar.packs.iter();
            if adopted.any(|known| {
                (&known.pack.head.id, known.pack.head.version) == (&pack.head.id, pack.head.version)
            }) {
                return Err("a pack of this id and version was adopted before".to_owned());
            }
            calendar.packs.push(AdoptedPack {
                seq,
                content,
                pack: Arc::new(pack),
            });
            Ok(())
        });
    checks.outcome(Check::CalendarPack, place, outcome);
}

fn fact(
    seq: u64,
    (first, last): (u32, u32),
    status: u8,
    corrects: Option<u64>,
) -> Result<Fact, &'static str> {
    let status = match status {
        1 => Status::Estimate,
        2 => Status::Announced,
        3 => Status::Withdrawn,
        _ => return Err("a fact has an unknown status"),
    };
    let (first, last) = (Day::from(first), Day::from(last));
    if first > LAST_DAY || last > LAST_DAY {
        return Err("a day lies beyond the year 9989");
    }
    Ok(Fact {
        seq,
        first,
        last,
        status,
        corrects,
        text: None,
    })
}

/// Names of which neither is white space alone. Spec: specs/jurisdiction.md §1.1.
fn names(en: &str, ar: &str) -> Result<Text, &'static str> {
    Text::rules(en, ar)?;
    if en.trim().is_empty() || (!ar.is_empty() && ar.trim().is_empty()) {
        return Err("a name is white space alone");
    }
    Ok(Text {
        en: en.to_owned(),
        ar: ar.to_owned(),
    })
}
