//! The rules that govern a roll: its pack, its calendar, its window for objections. Spec: specs/roll.md §1, §5.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sijill_ledger::{ContentRef, UnixMillis};
use sijill_rules::{
    Calendar, Decision, END_OF_TIME_MS, HolidayList, Objection, ObjectionReading, ObjectionRules, RulePack,
    check_line, day_number, numbered_day,
};

use super::events::{
    HolidaysDeclared, ObjectionDecided, ObjectionFiled, ObjectionWindowExtended, Pseudonym, RollDefined,
};
use crate::election::outcome::check_pack;
use crate::manifest::Manifest;
use crate::register::Contents;

/// What a roll's rules rest on: enough to make [`Governed`] again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Basis {
    defined: RollDefined,
    defined_ms: u64,
    later_lists: Vec<(ContentRef, u64)>,
    last_day: u32,
    extended_ms: Option<u64>,
    objections: BTreeMap<u64, Filed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Filed {
    at_ms: u64,
    about: Pseudonym,
    decided: Option<(u64, u8)>,
}

impl Basis {
    /// The pack and the polling day of the definition.
    pub(super) const fn rules(&self) -> (ContentRef, u32) {
        (self.defined.pack, self.defined.polling_day)
    }
}

/// The rules that govern a roll.
#[derive(Debug, Clone)]
pub struct Governed {
    basis: Basis,
    pack: RulePack,
    calendar: Calendar,
    polling_day: Date,
}

/// Where the window for objections stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowReading {
    /// When it opens, in milliseconds.
    pub opens_ms: u64,
    /// Its last day, extensions included.
    pub last_day: Date,
}

impl Governed {
    /// The rules of a definition that was admitted.
    pub(super) fn new(e: &RollDefined, at: UnixMillis, contents: &dyn Contents) -> Result<Self, String> {
        let basis = Basis {
            defined: e.clone(),
            defined_ms: at.as_u64(),
            later_lists: Vec::new(),
            last_day: e.objections.map_or(0, |w| w.last_day),
            extended_ms: None,
            objections: BTreeMap::new(),
        };
        Self::restore(basis, contents)
    }

    /// The rules of a [`Basis`].
    pub(super) fn restore(basis: Basis, contents: &dyn Contents) -> Result<Self, String> {
        let load = |content: &ContentRef| contents.load(content).map_err(|e| e.to_string());
        let pack = RulePack::from_json(&load(&basis.defined.pack)?).map_err(|e| e.to_string())?;
        let mut calendar = pack.calendar().map_err(|e| e.to_string())?;
        let first = basis.defined.holidays.map(|list| (list, basis.defined_ms));
        for (list, known_ms) in first.into_iter().chain(basis.later_lists.iter().copied()) {
            let list = HolidayList::from_json(&load(&list)?).map_err(|e| e.to_string())?;
            list.declare(&mut calendar, known_ms).map_err(|e| e.to_string())?;
        }
        let polling_day = numbered_day(basis.defined.polling_day).ok_or("a polling day beyond reckoning")?;
        Ok(Self {
            basis,
            pack,
            calendar,
            polling_day,
        })
    }

    pub(super) fn basis(&self) -> &Basis {
        &self.basis
    }

    /// The rule pack.
    #[must_use]
    pub const fn pack(&self) -> &RulePack {
        &self.pack
    }

    /// The pack's content.
    #[must_use]
    pub const fn pack_content(&self) -> ContentRef {
        self.basis.defined.pack
    }

    /// The calendar, with the holidays that were declared.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Polling day.
    #[must_use]
    pub const fn polling_day(&self) -> Date {
        self.polling_day
    }

    /// The window for objections, if the pack knows objections.
    #[must_use]
    pub fn window(&self) -> Option<WindowReading> {
        let window = self.basis.defined.objections?;
        Some(WindowReading {
            opens_ms: window.opens_ms,
            last_day: numbered_day(self.basis.last_day)?,
        })
    }

    /// Where an objection stands at a moment; `None` if there is none at that position.
    #[must_use]
    pub fn objection(&self, position: u64, now_ms: u64) -> Option<ObjectionReading> {
        let filed = self.basis.objections.get(&position)?;
        self.read(filed)?.read(&self.calendar, now_ms).ok()
    }

    /// Positions of the objections, ascending.
    pub fn objections(&self) -> impl Iterator<Item = u64> + '_ {
        self.basis.objections.keys().copied()
    }

    /// Whom the objection at a position is about.
    #[must_use]
    pub fn objection_about(&self, position: u64) -> Option<Pseudonym> {
        Some(self.basis.objections.get(&position)?.about)
    }

    fn rules(&self) -> Option<ObjectionRules> {
        self.pack.roll_objections.map(|rules| rules.rules())
    }

    fn read(&self, filed: &Filed) -> Option<Objection> {
        let mut objection = Objection::accepted(self.rules()?, &self.calendar, filed.at_ms).ok()?;
        if let Some((at_ms, decision)) = filed.decided {
            objection
                .decide(&self.calendar, at_ms, decision_of(decision)?)
                .ok()?;
        }
        Some(objection)
    }

    /// Says whether the window is open at a moment, and its last day. Spec: specs/roll.md §5.
    fn open_window(&self, at_ms: u64) -> Result<Date, String> {
        let window = self
            .window()
            .ok_or("the rule pack of this roll knows no objections")?;
        let day = self
            .calendar
            .day_of(at_ms)
            .ok_or("the moment lies beyond reckoning")?;
        if at_ms < window.opens_ms {
            return Err("the preliminary roll is not announced yet: the window is not open".into());
        }
        if self.basis.extended_ms.is_some_and(|extended| at_ms < extended) {
            return Err("this was received before the last extension of the window; send it again".into());
        }
        if day > window.last_day {
            return Err(format!(
                "the window for objections closed at the end of {}; the next remedy is in the rule pack's law",
                window.last_day
            ));
        }
        Ok(window.last_day)
    }

    /// Whether an objection may be filed. `registered` says whether the person whom it is about is on the roll.
    pub(super) fn check_filing(
        &self,
        e: &ObjectionFiled,
        registered: bool,
        at: UnixMillis,
    ) -> Result<(), String> {
        self.open_window(at.as_u64())?;
        match (e.kind, registered) {
            (1, false) | (2 | 3, true) => Ok(()),
            (1, true) => Err("an objection of omission is about a person who is on the roll".into()),
            (2 | 3, false) => Err("the objection is about a person who is not on the roll".into()),
            _ => Err("the kind of an objection is 1, 2 or 3".into()),
        }
    }

    /// Whether an objection may be decided.
    pub(super) fn check_decision(&self, e: &ObjectionDecided, at: UnixMillis) -> Result<(), String> {
        let Some(filed) = self.basis.objections.get(&e.objection) else {
            return Err(format!("there is no objection at position {}", e.objection));
        };
        let decision = decision_of(e.decision).ok_or("a decision is 1, 2 or 3")?;
        let mut objection = self.read(filed).ok_or("the objection cannot be reckoned")?;
        objection
            .decide(&self.calendar, at.as_u64(), decision)
            .map_err(|e| e.to_string())
    }

    /// Whether the window may be extended.
    pub(super) fn check_extension(&self, e: &ObjectionWindowExtended, at: UnixMillis) -> Result<(), String> {
        let last = self.open_window(at.as_u64())?;
        check_line(&e.by).map_err(|p| format!("who extends: {p}"))?;
        check_line(&e.reason).map_err(|p| format!("the reason: {p}"))?;
        if i64::from(e.old_last) != i64::from(day_number(last)) {
            return Err(format!("the last day until now is {last}"));
        }
        let longer = i64::from(e.new_last) - i64::from(e.old_last);
        if !(1..=366).contains(&longer) {
            return Err("an extension moves the last day by 1 to 366 days".into());
        }
        if e.new_last >= self.basis.defined.polling_day {
            return Err("the window must end before polling day".into());
        }
        Ok(())
    }

    /// Whether a list of holidays may follow.
    pub(super) fn check_holidays(&self, list: &[u8], at: UnixMillis) -> Result<(), String> {
        let list = HolidayList::from_json(list).map_err(|e| e.to_string())?;
        let before = self
            .basis
            .later_lists
            .last()
            .map_or(self.basis.defined_ms, |(_, at)| *at);
        if at.as_u64() < before {
            return Err("this was received before the list that stands; send it again".into());
        }
        let mut calendar = self.calendar.clone();
        list.declare(&mut calendar, at.as_u64())
            .map_err(|e| e.to_string())
    }

    /// Why the roll may not be frozen yet. Spec: specs/roll.md §4.8.
    pub(super) fn check_freeze(&self, at: UnixMillis) -> Result<(), String> {
        let Some(window) = self.window() else {
            return Ok(());
        };
        let day = self
            .calendar
            .day_of(at.as_u64())
            .ok_or("the moment lies beyond reckoning")?;
        if day <= window.last_day {
            return Err(format!("objections may be filed through {}", window.last_day));
        }
        for (position, filed) in &self.basis.objections {
            if !self.has_ended(filed, at.as_u64()) {
                return Err(format!("the objection at position {position} is not decided"));
            }
        }
        Ok(())
    }

    fn has_ended(&self, filed: &Filed, at_ms: u64) -> bool {
        use sijill_rules::ObjectionStatus as S;
        filed.decided.is_some()
            || self
                .read(filed)
                .and_then(|o| o.read(&self.calendar, at_ms).ok())
                .is_some_and(|r| matches!(r.status, S::ImplicitlyRejected { .. }))
    }

    pub(super) fn filed(&mut self, position: u64, e: &ObjectionFiled, at: UnixMillis) {
        let filed = Filed {
            at_ms: at.as_u64(),
            about: e.about,
            decided: None,
        };
        self.basis.objections.insert(position, filed);
    }

    pub(super) fn decided(&mut self, e: &ObjectionDecided, at: UnixMillis) -> Result<(), String> {
        let filed = self
            .basis
            .objections
            .get_mut(&e.objection)
            .ok_or("a decision about no objection")?;
        filed.decided = Some((at.as_u64(), e.decision));
        Ok(())
    }

    pub(super) fn extended(&mut self, e: &ObjectionWindowExtended, at: UnixMillis) {
        self.basis.last_day = e.new_last;
        self.basis.extended_ms = Some(at.as_u64());
    }

    pub(super) fn declared(
        &mut self,
        e: &HolidaysDeclared,
        at: UnixMillis,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let list = contents.load(&e.holidays).map_err(|e| e.to_string())?;
        let list = HolidayList::from_json(&list).map_err(|e| e.to_string())?;
        list.declare(&mut self.calendar, at.as_u64())
            .map_err(|e| e.to_string())?;
        self.basis.later_lists.push((e.holidays, at.as_u64()));
        Ok(())
    }
}

fn decision_of(number: u8) -> Option<Decision> {
    match number {
        1 => Some(Decision::Upheld),
        2 => Some(Decision::Varied),
        3 => Some(Decision::Overturned),
        _ => None,
    }
}

/// Checks a definition against the manifest of its election. Spec: specs/roll.md §1.
pub(super) fn check_definition(
    e: &RollDefined,
    pack: &RulePack,
    holidays: Option<&[u8]>,
    manifest: &Manifest,
    at: UnixMillis,
) -> Result<(), String> {
    let at_ms = at.as_u64();
    let mut calendar = check_pack(e.polling_day, pack, manifest)?;
    if let Some(list) = holidays {
        let list = HolidayList::from_json(list).map_err(|e| e.to_string())?;
        list.declare(&mut calendar, at_ms).map_err(|e| e.to_string())?;
    }
    const BEYOND: &str = "a day lies beyond reckoning";
    let polling_day = numbered_day(e.polling_day).ok_or(BEYOND)?;
    match (e.objections, &pack.roll_objections) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err("the rule pack has objections to the roll: the window must be stated".into()),
        (Some(_), None) => Err("the rule pack knows no objections to the roll".into()),
        (Some(window), Some(rules)) => {
            if window.opens_ms < at_ms {
                return Err("the window for objections would open before it was defined".into());
            }
            if window.opens_ms >= END_OF_TIME_MS {
                return Err(BEYOND.into());
            }
            let last = numbered_day(window.last_day).ok_or(BEYOND)?;
            if last >= polling_day {
                return Err("the window for objections must end before polling day".into());
            }
            let anchor = calendar.day_of(window.opens_ms).ok_or(BEYOND)?;
            if let Some(n) = rules.window_days {
                let days = calendar.days_at(at_ms);
                let due = rules.counting().last_day_after(&days, anchor, n).ok_or(BEYOND)?;
                if due != last {
                    return Err(format!(
                        "under the rule pack the window that opens on {anchor} ends on {due}, not on {last}"
                    ));
                }
                return Ok(());
            }
            let longer = day_number(last) - day_number(anchor);
            if (0..=366).contains(&longer) {
                Ok(())
            } else {
                Err("the window for objections lasts through its first day, or up to 366 days more".into())
            }
        }
    }
}
