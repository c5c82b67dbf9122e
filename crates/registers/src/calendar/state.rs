//! State of a calendar ledger. Spec: specs/jurisdiction.md §1.

use std::sync::Arc;

use jiff::civil::Weekday;
use sijill_ledger::{ContentRef, LedgerId};
use sijill_rules::{Bilingual, Calendar, Fact, FactStatus, FoiPack, numbered_day};

use super::events::{CalendarEvent, FactDeclared, JurisdictionDefined, RegisterListed};
use crate::register::Contents;

/// The jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jurisdiction {
    /// Position of its definition.
    pub seq: u64,
    /// For people.
    pub name: Bilingual,
    /// IANA name.
    pub time_zone: String,
    /// Days of weekly rest.
    pub weekly_rest: Vec<Weekday>,
    /// Whether this is a rehearsal.
    pub rehearsal: bool,
}

/// A fact, and when the calendar ledger took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredFact {
    /// The fact; its `known_ms` is that of the calendar ledger.
    pub fact: Fact,
    /// When it was sequenced, in milliseconds.
    pub sequenced_ms: u64,
}

/// A pack that was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedPack {
    /// Position of its adoption.
    pub seq: u64,
    /// Its bytes.
    pub content: ContentRef,
    /// What it says.
    pub pack: Arc<FoiPack>,
}

/// A register that is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRegister {
    /// Position of the listing.
    pub seq: u64,
    /// The listing.
    pub listing: RegisterListed,
}

/// What a calendar ledger has established for registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFacts {
    /// The calendar ledger.
    pub ledger: LedgerId,
    /// The jurisdiction, once it is defined.
    pub jurisdiction: Option<Jurisdiction>,
    /// Every fact, in order.
    pub facts: Vec<DeclaredFact>,
    /// Every adopted pack, in order.
    pub packs: Vec<AdoptedPack>,
    /// Every listed register, in order.
    pub registers: Vec<ListedRegister>,
    /// When each entry was sequenced, from position 1 on; never falls.
    sequenced: Vec<u64>,
}

impl CalendarFacts {
    /// Entries that were sequenced before a moment, the genesis included.
    #[must_use]
    pub fn size_before(&self, moment_ms: u64) -> u64 {
        1 + self.sequenced.partition_point(|at| *at < moment_ms) as u64
    }

    /// A register as the first `size` entries list it.
    #[must_use]
    pub fn register(&self, ledger: &LedgerId, size: u64) -> Option<&RegisterListed> {
        let listed = self.registers.iter().find(|r| r.listing.ledger == *ledger)?;
        (listed.seq < size).then_some(&listed.listing)
    }

    /// A pack that the first `size` entries adopt.
    #[must_use]
    pub fn pack(&self, content: &ContentRef, size: u64) -> Option<&Arc<FoiPack>> {
        let adopted = self.packs.iter().find(|p| p.content == *content)?;
        (adopted.seq < size).then_some(&adopted.pack)
    }
}

/// State of a calendar ledger.
#[derive(Debug, Clone)]
pub struct CalendarState {
    facts: Arc<CalendarFacts>,
    /// With all facts: the one place that says which fact may come next.
    calendar: Option<Calendar>,
    moment_ms: u64,
}

impl CalendarState {
    /// An empty calendar ledger.
    #[must_use]
    pub fn new(ledger: LedgerId) -> Self {
        Self {
            facts: Arc::new(CalendarFacts {
                ledger,
                jurisdiction: None,
                facts: Vec::new(),
                packs: Vec::new(),
                registers: Vec::new(),
                sequenced: Vec::new(),
            }),
            calendar: None,
            moment_ms: 0,
        }
    }

    /// What it has established.
    #[must_use]
    pub fn facts(&self) -> Arc<CalendarFacts> {
        Arc::clone(&self.facts)
    }

    /// The calendar with all facts, once the jurisdiction is defined. Each fact is known from its own moment on.
    #[must_use]
    pub const fn calendar(&self) -> Option<&Calendar> {
        self.calendar.as_ref()
    }

    /// The moment that an entry received at `received_ms` would have.
    pub(super) fn moment(&self, received_ms: u64) -> u64 {
        self.moment_ms.max(received_ms)
    }

    /// Takes note of an entry of any type.
    pub(crate) fn note(&mut self, received_ms: u64, sequenced_ms: u64) {
        self.moment_ms = self.moment(received_ms);
        Arc::make_mut(&mut self.facts).sequenced.push(sequenced_ms);
    }

    /// Applies an event; [`note`](Self::note) comes before.
    pub(crate) fn evolve(
        &mut self,
        seq: u64,
        sequenced_ms: u64,
        event: &CalendarEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let known_ms = self.moment_ms;
        let facts = Arc::make_mut(&mut self.facts);
        match event {
            CalendarEvent::JurisdictionDefined(e) => {
                let (jurisdiction, calendar) = define(seq, e)?;
                facts.jurisdiction = Some(jurisdiction);
                self.calendar = Some(calendar);
            }
            CalendarEvent::FactDeclared(e) => {
                let calendar = self.calendar.as_mut().ok_or("a fact before the jurisdiction")?;
                let fact = fact(seq, known_ms, e)?;
                calendar.declare(fact.clone()).map_err(|e| e.to_string())?;
                facts.facts.push(DeclaredFact { fact, sequenced_ms });
            }
            CalendarEvent::PackAdopted(e) => {
                let bytes = contents.load(&e.pack).map_err(|e| e.to_string())?;
                let pack = FoiPack::from_json(&bytes).map_err(|e| e.to_string())?;
                facts.packs.push(AdoptedPack {
                    seq,
                    content: e.pack,
                    pack: Arc::new(pack),
                });
            }
            CalendarEvent::RegisterListed(e) => facts.registers.push(ListedRegister {
                seq,
                listing: e.clone(),
            }),
        }
        Ok(())
    }
}

/// The jurisdiction and its calendar without holidays.
pub(super) fn define(seq: u64, e: &JurisdictionDefined) -> Result<(Jurisdiction, Calendar), String> {
    let sorted = e.weekly_rest.is_sorted_by(|a, b| a < b);
    let rest: Option<Vec<Weekday>> = e
        .weekly_rest
        .iter()
        .map(|day| {
            i8::try_from(*day)
                .ok()
                .and_then(|d| Weekday::from_monday_one_offset(d).ok())
        })
        .collect();
    let weekly_rest = rest
        .filter(|_| sorted)
        .ok_or("days of weekly rest are numbers from 1 (Monday) to 7 (Sunday), ascending")?;
    let name = Bilingual::new(&e.name_en, &e.name_ar);
    name.check().map_err(|problem| format!("name: {problem}"))?;
    let calendar = Calendar::new(&e.time_zone, &weekly_rest).map_err(|e| e.to_string())?;
    let jurisdiction = Jurisdiction {
        seq,
        name,
        time_zone: e.time_zone.clone(),
        weekly_rest,
        rehearsal: e.rehearsal,
    };
    Ok((jurisdiction, calendar))
}

/// A fact as the rules know it.
pub(super) fn fact(seq: u64, known_ms: u64, e: &FactDeclared) -> Result<Fact, String> {
    let day = |number| numbered_day(number).ok_or("a day after 9989-12-31");
    let status = match e.status {
        1 => FactStatus::Estimate,
        2 => FactStatus::Announced,
        3 => FactStatus::Withdrawn,
        _ => return Err("a fact is 1 an estimate, 2 announced, or 3 withdrawn".into()),
    };
    Ok(Fact {
        seq,
        known_ms,
        first: day(e.first)?,
        last: day(e.last)?,
        status,
        corrects: e.corrects,
        name: Bilingual::new(&e.name_en, &e.name_ar),
        source: e.source.clone(),
    })
}
