//! Section 4: the electoral roll.
//!
//! Spec: specs/roll.md, specs/events.md §3, specs/verification.md §4.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroU64;

use jiff::tz::TimeZone;

use crate::calendar::{Calendar, Day, Fact, LAST_DAY, MOMENT_LIMIT_MS, day_at, is_line, parse_holidays};
use crate::check::{Check, Checks, Place};
use crate::contents::read_content;
use crate::events::{ContentRef, DistrictRoll, Event, RollDefined, Window};
use crate::ledger::{Ledger, replay};
use crate::manifest::Manifest;
use crate::rules::{Objections, Pack};
use crate::source::Source;
use crate::suite::checker::Method;
use crate::suite::trustee::{all_credentials_valid, parse_credentials};
use crate::wire::{Entry, Ref, is_short_id};

/// The checks of this section.
pub(crate) const ROLL_CHECKS: [Check; 8] = [
    Check::RollOrder,
    Check::RollDuplicate,
    Check::RollCounts,
    Check::RollCredentials,
    Check::RollDefinition,
    Check::RollEligibility,
    Check::RollTransfer,
    Check::RollObjection,
];

/// Most districts of a roll.
const MAX_DISTRICTS: usize = 1000;
/// An extension, and a window whose days no rule counts, end at most so many days later.
const MAX_WINDOW_DAYS: Day = 366;

/// What a roll says that the election ledger depends on.
#[derive(Debug)]
pub(crate) struct RollFacts {
    /// The rule pack that governs it, and its polling day.
    pub(crate) rules: Option<(ContentRef, u32)>,
    pub(crate) frozen: Option<FrozenRoll>,
    /// What stations need of it.
    pub(crate) poll: PollRoll,
}

/// What a roll says once it is frozen.
#[derive(Debug)]
pub(crate) struct FrozenRoll {
    pub(crate) seq: u64,
    pub(crate) districts: Vec<DistrictRoll>,
}

/// What the election ledger says that a roll depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Announced<'a> {
    pub(crate) election: [u8; 32],
    pub(crate) manifest: &'a Manifest,
    /// Position of ElectionDefined.
    pub(crate) defined_at: u64,
    /// Whether this is an event with stations.
    pub(crate) stations: bool,
    /// How credentials are checked.
    pub(crate) method: Method,
}

/// An event of stations on a frozen roll. Spec: specs/station.md §3, §7, §8.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PollEvent {
    VotersAssigned {
        station: [u8; 32],
        voters: ContentRef,
    },
    PaperDisputed {
        station: [u8; 32],
        paper: u64,
    },
    PaperDecided {
        station: [u8; 32],
        paper: u64,
        decision: u8,
        person: Option<[u8; 32]>,
    },
    ExclusionsOpened {
        ledger: [u8; 32],
        openings: ContentRef,
    },
}

impl PollEvent {
    fn of(event: &Event<'_>) -> Option<PollEvent> {
        Some(match event {
            Event::VotersAssigned { station, voters } => PollEvent::VotersAssigned {
                station: *station,
                voters: *voters,
            },
            Event::PaperDisputed { station, paper } => PollEvent::PaperDisputed {
                station: *station,
                paper: *paper,
            },
            Event::PaperDecided {
                station,
                paper,
                decision,
                person,
            } => PollEvent::PaperDecided {
                station: *station,
                paper: *paper,
                decision: *decision,
                person: *person,
            },
            Event::ExclusionsOpened { ledger, openings } => PollEvent::ExclusionsOpened {
                ledger: *ledger,
                openings: *openings,
            },
            _ => return None,
        })
    }
}

/// Where an event of stations stands on the roll.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PollStep {
    pub(crate) seq: u64,
    /// The ref to the election ledger, if there is exactly that.
    pub(crate) cited: Option<Ref>,
    pub(crate) event: PollEvent,
}

/// A registered voter of a frozen roll.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registered<'r> {
    pub(crate) district: &'r str,
    /// The commitment to the credential in force, of a holder.
    pub(crate) commitment: Option<&'r [u8; 32]>,
}

/// What stations need of a frozen roll.
#[derive(Debug, Default)]
pub(crate) struct PollRoll {
    persons: HashMap<[u8; 32], Person>,
    in_force: HashMap<[u8; 32], [u8; 32]>,
    district_ids: Vec<String>,
    pub(crate) steps: Vec<PollStep>,
    /// The pack that RollDefined cites.
    pub(crate) pack: Option<ContentRef>,
    /// It, if it could be read.
    pub(crate) rules: Option<Pack>,
    /// Every entry of the roll was understood.
    pub(crate) complete: bool,
}

impl PollRoll {
    pub(crate) fn get(&self, pseudonym: &[u8; 32]) -> Option<Registered<'_>> {
        let (pseudonym, person) = self.persons.get_key_value(pseudonym)?;
        self.registered(pseudonym, person)
    }

    fn registered(&self, pseudonym: &[u8; 32], person: &Person) -> Option<Registered<'_>> {
        let index = usize::try_from(person.district).ok()?.checked_sub(1)?;
        Some(Registered {
            district: self.district_ids.get(index)?,
            commitment: self.in_force.get(pseudonym).filter(|_| person.credential),
        })
    }
}

/// A person. Small: a roll may have millions.
#[derive(Debug, Clone, Copy, Default)]
struct Person {
    /// Index of the district where the person is registered, plus one.
    district: u32,
    credential: bool,
    eligible: bool,
    /// Position of the open check; `eligible` is what it found.
    check: Option<NonZeroU64>,
}

#[derive(Debug)]
struct Objection {
    filed_ms: u64,
    decided: bool,
}

/// The rules that govern the roll.
#[derive(Debug)]
struct Governed {
    calendar: Calendar,
    rules: Option<Objections>,
    polling_day: Day,
    window: Option<Window>,
    /// Last day for objections, as extended.
    last_day: Option<Day>,
    extended_ms: u64,
}

struct State<'a> {
    source: &'a dyn Source,
    announced: Announced<'a>,
    defined: bool,
    rules: Option<(ContentRef, u32)>,
    governed: Option<Governed>,
    /// The facts of the list of holidays that was cited last, and the moment of its citation.
    holidays: (Vec<Fact>, u64),
    /// A list of holidays is not at hand, so no day that depends on it can be reckoned.
    holidays_lost: bool,
    persons: HashMap<[u8; 32], Person>,
    commitments: HashSet<[u8; 32]>,
    district_ids: Vec<String>,
    /// Index of each district.
    districts: HashMap<String, u32>,
    objections: BTreeMap<u64, Objection>,
    frozen: Option<FrozenRoll>,
    /// Commitments to credentials in force, in an event with stations.
    in_force: HashMap<[u8; 32], [u8; 32]>,
    steps: Vec<PollStep>,
    /// The rule pack, if it could be read.
    pack: Option<Pack>,
}

/// What is wrong with one event: one reason for each check.
#[derive(Debug, Default)]
struct Findings {
    outcomes: BTreeMap<Check, Option<String>>,
    skipped: Vec<(Check, String)>,
}

impl Findings {
    /// The event must have `holds`.
    fn require(&mut self, check: Check, holds: bool, reason: &str) {
        let outcome = self.outcomes.entry(check).or_default();
        if !holds && outcome.is_none() {
            *outcome = Some(reason.to_owned());
        }
    }

    fn skip(&mut self, check: Check, reason: impl Into<String>) {
        self.skipped.push((check, reason.into()));
    }

    fn failed(&self, check: Check) -> bool {
        self.outcomes.get(&check).is_some_and(Option::is_some)
    }

    fn report(self, place: Place, checks: &mut Checks) {
        for (check, outcome) in self.outcomes {
            checks.outcome(check, place, outcome.map_or(Ok(()), Err));
        }
        for (check, reason) in self.skipped {
            checks.skip(check, reason);
        }
    }
}

/// Replays a roll.
pub(crate) fn check_roll(
    source: &dyn Source,
    ledger: &Ledger,
    announced: Announced<'_>,
    checks: &mut Checks,
) -> RollFacts {
    let here = Place::ledger(ledger.id);
    let parent_is_election = ledger.genesis.parent == Some(announced.election);
    checks.require(
        Check::RollOrder,
        here,
        parent_is_election,
        "the parent is not the election ledger",
    );
    let mut state = State::new(source, announced);
    let outcome = replay(source, ledger, checks, |checks, items| {
        for (entry, event) in items {
            let findings = state.apply(entry, event);
            findings.report(Place::entry(ledger.id, entry.seq), checks);
        }
    });
    let complete = outcome.is_ok();
    if let Err(reason) = outcome {
        for check in ROLL_CHECKS {
            checks.skip(check, &reason);
        }
    }
    let State { rules, frozen, .. } = state;
    let poll = PollRoll {
        persons: state.persons,
        in_force: state.in_force,
        district_ids: state.district_ids,
        steps: state.steps,
        pack: rules.map(|(pack, _)| pack),
        rules: state.pack,
        complete,
    };
    for (seq, district) in frozen
        .iter()
        .flat_map(|frozen| frozen.districts.iter().map(|district| (frozen.seq, district)))
    {
        match read_content(source, &district.credentials) {
            Err(error) => checks.skip(Check::RollCredentials, error),
            Ok(bytes) => {
                checks.outcome(
                    Check::RollCredentials,
                    Place::entry(ledger.id, seq),
                    credential_rules(&bytes, district.holders, seq < ledger.known, announced.method),
                );
            }
        }
    }
    RollFacts { rules, frozen, poll }
}

/// A canonical list of `holders` valid credentials; of a `known` list their validity was established by an earlier run.
pub(crate) fn credential_rules(
    bytes: &[u8],
    holders: u64,
    known: bool,
    method: Method,
) -> Result<(), String> {
    let credentials = parse_credentials(bytes).map_err(|error| error.to_string())?;
    if credentials.len() as u64 != holders {
        return Err("the list has another number of credentials than there are holders".to_owned());
    }
    if known {
        return Ok(());
    }
    all_credentials_valid(&credentials, false, method)
}

impl<'a> State<'a> {
    fn new(source: &'a dyn Source, announced: Announced<'a>) -> State<'a> {
        State {
            source,
            announced,
            defined: false,
            rules: None,
            governed: None,
            holidays: (Vec::new(), 0),
            holidays_lost: false,
            persons: HashMap::new(),
            commitments: HashSet::new(),
            district_ids: Vec::new(),
            districts: HashMap::new(),
            objections: BTreeMap::new(),
            frozen: None,
            in_force: HashMap::new(),
            steps: Vec::new(),
            pack: None,
        }
    }

    /// Spec: specs/roll.md §4, §6.
    fn apply(&mut self, entry: &Entry<'_>, event: &Event<'_>) -> Findings {
        let mut found = Findings::default();
        let of_stations = PollEvent::of(event);
        let of_poll = matches!(event, Event::EligibilityChecked { purpose: 2..=4, .. })
            || (of_stations.is_some() && self.announced.stations);
        let alone = match event {
            _ if of_stations.is_some() && !self.announced.stations => Err("the event has no stations"),
            _ if of_stations.is_some() && self.frozen.is_none() => Err("the roll is not frozen"),
            _ if self.frozen.is_some() && !of_poll => Err("the roll is frozen"),
            Event::RollDefined(_) if self.defined => Err("the roll is defined already"),
            Event::Genesis(_) | Event::RoleGranted(_) | Event::RoleRevoked(_) | Event::RollDefined(_) => {
                Ok(())
            }
            _ => {
                found.require(Check::RollOrder, self.defined, "the roll is not defined");
                Ok(())
            }
        };
        found.require(Check::RollOrder, alone.is_ok(), alone.err().unwrap_or_default());
        if alone.is_err() {
            return found;
        }
        let (seq, t) = (entry.seq, entry.received_ms);
        if let Some(event) = of_stations {
            let cited = match entry.body.refs.as_slice() {
                [cited] if cited.ledger == self.announced.election => Some(*cited),
                _ => None,
            };
            self.steps.push(PollStep { seq, cited, event });
            return found;
        }
        match event {
            Event::RollDefined(defined) => self.define(entry, defined, &mut found),
            Event::EligibilityChecked {
                pseudonym,
                purpose,
                eligible,
            } => self.checked(seq, *pseudonym, *purpose, *eligible, &mut found),
            Event::VoterRegistered { pseudonym, district } => {
                self.registered(*pseudonym, district, &mut found);
            }
            Event::VoterTransferred { pseudonym, from, to } => {
                self.transferred(pseudonym, from, to, &mut found);
            }
            Event::VoterCorrected { pseudonym, check } => self.corrected(pseudonym, *check, &mut found),
            Event::VoterStruck { pseudonym } => {
                if let Some(person) = self.on_roll(pseudonym, &mut found) {
                    *person = Person::default();
                    self.in_force.remove(pseudonym);
                }
            }
            Event::CredentialCommitted {
                pseudonym,
                commitment,
            } => {
                let fresh = self.commitments.insert(*commitment);
                found.require(
                    Check::RollDuplicate,
                    fresh,
                    "the commitment stands on the roll already",
                );
                if let Some(person) = self.on_roll(pseudonym, &mut found) {
                    let first = !std::mem::replace(&mut person.credential, true);
                    found.require(Check::RollDuplicate, first, "the voter has a credential already");
                    if first && self.announced.stations {
                        self.in_force.insert(*pseudonym, *commitment);
                    }
                }
            }
            Event::ObjectionFiled { about, kind } => self.filed(seq, t, about, *kind, &mut found),
            Event::ObjectionDecided { objection, decision } => {
                self.decided(t, *objection, *decision, &mut found);
            }
            Event::ObjectionWindowExtended {
                by,
                reason,
                old_last,
                new_last,
            } => {
                let lines = is_line(by) && is_line(reason);
                found.require(
                    Check::RollObjection,
                    lines,
                    "who extends, or why, is no line of text",
                );
                self.extended(t, *old_last, *new_last, &mut found);
            }
            Event::HolidaysDeclared { holidays } => {
                let after = t >= self.holidays.1;
                found.require(
                    Check::RollDefinition,
                    after,
                    "it was received before the list that it continues",
                );
                if !found.failed(Check::RollDefinition) {
                    self.learn(holidays, t, &mut found);
                }
            }
            Event::RollFrozen { districts } => {
                self.freeze(t, districts, &mut found);
                self.frozen = Some(FrozenRoll {
                    seq,
                    districts: districts.clone(),
                });
            }
            _ => {}
        }
        found
    }

    /// The person, if registered.
    fn on_roll(&mut self, pseudonym: &[u8; 32], found: &mut Findings) -> Option<&mut Person> {
        let person = self
            .persons
            .get_mut(pseudonym)
            .filter(|person| person.district != 0);
        found.require(Check::RollOrder, person.is_some(), "the voter is not registered");
        person
    }

    fn is_registered(&self, pseudonym: &[u8; 32]) -> bool {
        self.persons
            .get(pseudonym)
            .is_some_and(|person| person.district != 0)
    }

    /// Number of a district that somebody is registered in or transferred to.
    fn district(&mut self, id: &str, found: &mut Findings) -> u32 {
        found.require(Check::RollOrder, is_short_id(id), "the district id is malformed");
        let known = self.announced.manifest.district(id).is_some();
        found.require(Check::RollOrder, known, "the manifest has no such district");
        if let Some(number) = self.districts.get(id) {
            return *number;
        }
        let room = self.district_ids.len() < MAX_DISTRICTS;
        found.require(Check::RollOrder, room, "the roll has too many districts");
        self.district_ids.push(id.to_owned());
        let number = u32::try_from(self.district_ids.len()).unwrap_or(u32::MAX);
        self.districts.insert(id.to_owned(), number);
        number
    }

    /// Spec: specs/roll.md §4.1.
    fn checked(&mut self, seq: u64, pseudonym: [u8; 32], purpose: u8, eligible: bool, found: &mut Findings) {
        let check = Check::RollEligibility;
        found.require(
            check,
            (1..=4).contains(&purpose),
            "a check has an unknown purpose",
        );
        if purpose != 1 {
            let frozen = self.frozen.is_some();
            found.require(check, frozen, "a check of the poll stands before the freeze");
            let silent = eligible && (purpose == 3 || purpose == 4);
            found.require(check, !silent, "a check at log-in or cast that does not refuse");
            let stranger = purpose == 2 && eligible && !self.is_registered(&pseudonym);
            found.require(
                check,
                !stranger,
                "somebody who is not registered is found eligible at a station",
            );
            return;
        }
        let person = self.persons.entry(pseudonym).or_default();
        person.check = NonZeroU64::new(seq);
        person.eligible = eligible;
    }

    /// Spec: specs/roll.md §4.2.
    fn registered(&mut self, pseudonym: [u8; 32], district: &str, found: &mut Findings) {
        let number = self.district(district, found);
        let person = self.persons.entry(pseudonym).or_default();
        let fresh = person.district == 0;
        found.require(Check::RollDuplicate, fresh, "the voter is registered already");
        let eligible = person.check.is_some() && person.eligible;
        let reason = "a registration without an open check that found the person eligible";
        found.require(Check::RollEligibility, eligible, reason);
        if fresh {
            *person = Person {
                district: number,
                ..Person::default()
            };
        }
    }

    /// Spec: specs/roll.md §4.3.
    fn transferred(&mut self, pseudonym: &[u8; 32], from: &str, to: &str, found: &mut Findings) {
        found.require(Check::RollTransfer, from != to, "a transfer to the same district");
        found.require(
            Check::RollOrder,
            is_short_id(from),
            "the district id is malformed",
        );
        let number = self.district(to, found);
        let from = self.districts.get(from).copied();
        if let Some(person) = self.on_roll(pseudonym, found) {
            let there = from == Some(person.district);
            person.district = number;
            person.credential = false;
            self.in_force.remove(pseudonym);
            found.require(
                Check::RollTransfer,
                there,
                "the voter is not in the district that the transfer leaves",
            );
        }
    }

    /// Spec: specs/roll.md §4.4.
    fn corrected(&mut self, pseudonym: &[u8; 32], check: u64, found: &mut Findings) {
        let open = self.persons.get_mut(pseudonym).filter(|person| {
            let open = person.check.map(NonZeroU64::get);
            open == Some(check)
        });
        let eligible = open.as_ref().is_some_and(|person| person.eligible);
        let reason =
            "a correction that does not rest on the voter's open check, or on one that found them ineligible";
        found.require(Check::RollEligibility, eligible, reason);
        if let Some(person) = open.filter(|person| person.district != 0) {
            person.check = None;
        }
        self.on_roll(pseudonym, found);
    }

    /// Spec: specs/roll.md §4.8.
    fn freeze(&mut self, t: u64, districts: &[DistrictRoll], found: &mut Findings) {
        let mut counted: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        let mut kept = false;
        for person in self.persons.values().filter(|person| person.district != 0) {
            let counts = counted.entry(person.district).or_default();
            counts.0 += 1;
            counts.1 += u64::from(person.credential);
            kept |= person.check.is_some() && !person.eligible;
        }
        let mut expected: Vec<(&str, u64, u64)> = counted
            .into_iter()
            .filter_map(|(number, (eligible, holders))| {
                let id = self
                    .district_ids
                    .get(usize::try_from(number).ok()?.checked_sub(1)?)?;
                Some((id.as_str(), eligible, holders))
            })
            .collect();
        expected.sort_unstable();
        // Ascending and distinct, so this also asks for order and distinctness.
        let listed = districts
            .iter()
            .map(|d| (d.district.as_str(), d.eligible, d.holders));
        let reason = "districts, eligible or holders are not those of the registrations";
        found.require(Check::RollCounts, listed.eq(expected), reason);
        let well_formed = districts.iter().all(|d| is_short_id(&d.district));
        found.require(Check::RollOrder, well_formed, "the district id is malformed");
        let reason = "a voter stays on the roll whose last check found them ineligible";
        found.require(Check::RollEligibility, !kept, reason);

        let Some(governed) = self.governed(found) else {
            return;
        };
        if let Some(last) = governed.last_day {
            let over = day_at(&governed.calendar.zone, t).is_ok_and(|day| day > last);
            found.require(
                Check::RollObjection,
                over,
                "the roll is frozen before the last day for objections is over",
            );
        }
        let undecided = self.objections.values().filter(|objection| !objection.decided);
        // What follows from silence depends on the day of filing, not on the moment.
        let days: BTreeMap<_, u64> = undecided
            .map(|objection| {
                (
                    day_at(&governed.calendar.zone, objection.filed_ms).ok(),
                    objection.filed_ms,
                )
            })
            .collect();
        let open = days
            .values()
            .any(|filed_ms| !governed.is_implicitly_rejected(*filed_ms, t));
        found.require(
            Check::RollObjection,
            !open,
            "the roll is frozen while an objection is open",
        );
    }

    /// The rules for objections, if they can be had.
    fn governed<'s>(&'s self, found: &mut Findings) -> Option<&'s Governed> {
        if self.holidays_lost {
            found.skip(Check::RollObjection, "a list of holidays cannot be read");
            return None;
        }
        if self.governed.is_none() {
            found.skip(Check::RollObjection, "the roll has no rule pack that can be read");
        }
        self.governed.as_ref()
    }

    /// Spec: specs/roll.md §5.1.
    fn filed(&mut self, seq: u64, t: u64, about: &[u8; 32], kind: u8, found: &mut Findings) {
        let fits = match kind {
            1 => !self.is_registered(about),
            2 | 3 => self.is_registered(about),
            _ => false,
        };
        let reason =
            "an objection of an unknown kind, or that does not fit whether the person is on the roll";
        found.require(Check::RollObjection, fits, reason);
        if let Some(governed) = self.governed(found) {
            let outcome = governed.in_window(t);
            found.require(
                Check::RollObjection,
                outcome.is_ok(),
                outcome.err().unwrap_or_default(),
            );
        }
        if !found.failed(Check::RollObjection) {
            self.objections.insert(
                seq,
                Objection {
                    filed_ms: t,
                    decided: false,
                },
            );
        }
    }

    /// Spec: specs/roll.md §5.2.
    fn decided(&mut self, t: u64, position: u64, decision: u8, found: &mut Findings) {
        let known = (1..=3).contains(&decision);
        found.require(Check::RollObjection, known, "an unknown decision");
        let objection = self.objections.get(&position);
        let filed = objection.filter(|objection| objection.filed_ms <= t);
        found.require(
            Check::RollObjection,
            filed.is_some(),
            "no objection was filed there before",
        );
        let again = filed.is_some_and(|objection| objection.decided);
        found.require(Check::RollObjection, !again, "the objection was decided already");
        if let (Some(governed), Some(filed)) = (self.governed(found), filed) {
            found.require(Check::RollObjection, governed.rules.is_some(), NOBODY);
            let silent = governed.is_implicitly_rejected(filed.filed_ms, t);
            found.require(
                Check::RollObjection,
                !silent,
                "the objection was implicitly rejected before",
            );
            let reckoned = t < MOMENT_LIMIT_MS;
            found.require(
                Check::RollObjection,
                reckoned,
                "the moment lies beyond the year 9989",
            );
        }
        if !found.failed(Check::RollObjection)
            && let Some(objection) = self.objections.get_mut(&position)
        {
            objection.decided = true;
        }
    }

    /// Spec: specs/roll.md §5.4.
    fn extended(&mut self, t: u64, old_last: u32, new_last: u32, found: &mut Findings) {
        let (old_last, new_last) = (Day::from(old_last), Day::from(new_last));
        let check = Check::RollObjection;
        let Some(governed) = self.governed(found) else {
            return;
        };
        let outcome = governed.in_window(t);
        found.require(check, outcome.is_ok(), outcome.err().unwrap_or_default());
        found.require(
            check,
            governed.last_day == Some(old_last),
            "the last day was another one",
        );
        let further = new_last > old_last && new_last - old_last <= MAX_WINDOW_DAYS;
        found.require(check, further, "the new last day is not 1 to 366 days later");
        let before = new_last < governed.polling_day && new_last <= LAST_DAY;
        found.require(check, before, "the new last day is not before the polling day");
        if !found.failed(check)
            && let Some(governed) = &mut self.governed
        {
            governed.last_day = Some(new_last);
            governed.extended_ms = t;
        }
    }

    /// Takes the list of holidays that an event cites, or nothing of it. Spec: specs/roll.md §1.1.
    fn learn(&mut self, cited: &ContentRef, t: u64, found: &mut Findings) {
        let check = Check::RollDefinition;
        let bytes = match read_content(self.source, cited) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.holidays_lost = true;
                return found.skip(check, error.to_string());
            }
        };
        let facts = match parse_holidays(&bytes) {
            Ok(facts) => facts,
            Err(error) => return found.require(check, false, &format!("the list of holidays: {error}")),
        };
        let (known, _) = &self.holidays;
        let new = facts.strip_prefix(known.as_slice()).filter(|new| !new.is_empty());
        let outcome = match (new, &mut self.governed) {
            _ if t >= MOMENT_LIMIT_MS => Err("the moment lies beyond the year 9989"),
            (None, _) => Err("the list of holidays does not continue the one before"),
            (Some(new), Some(governed)) => governed.calendar.learn(t, new),
            // The rules of facts need neither time zone nor weekly rest.
            (Some(_), None) => Calendar::new(TimeZone::UTC, [false; 7]).learn(t, &facts),
        };
        found.require(check, outcome.is_ok(), outcome.err().unwrap_or_default());
        if outcome.is_ok() {
            self.holidays = (facts, t);
        }
    }

    /// Spec: specs/roll.md §1.
    fn define(&mut self, entry: &Entry<'_>, defined: &RollDefined, found: &mut Findings) {
        self.defined = true;
        self.rules = Some((defined.pack, defined.polling_day));
        let check = Check::RollDefinition;
        let t = entry.received_ms;
        let announced = self.announced;
        let cited = matches!(entry.body.refs.as_slice(),
            [cited] if cited.ledger == announced.election && cited.at.size > announced.defined_at);
        found.require(check, cited, "the definition of the election is not cited");
        let pack = match read_content(self.source, &defined.pack) {
            Ok(bytes) => Pack::parse(&bytes),
            Err(error) => {
                self.holidays.1 = t;
                return found.skip(check, error.to_string());
            }
        };
        let pack = match pack {
            Ok(pack) => pack,
            Err(error) => {
                self.holidays.1 = t;
                return found.require(check, false, &format!("the rule pack: {error}"));
            }
        };
        self.pack = Some(pack.clone());
        let polling_day = Day::from(defined.polling_day);
        self.governed = Some(Governed {
            calendar: pack.calendar(),
            rules: pack.roll_objections,
            polling_day,
            window: defined.objections,
            last_day: defined.objections.map(|window| Day::from(window.last_day)),
            extended_ms: 0,
        });
        self.holidays = (Vec::new(), t);
        if let Some(holidays) = &defined.holidays {
            self.learn(holidays, t, found);
        }
        let manifest = announced.manifest;
        found.require(
            check,
            pack.head.id == manifest.rules,
            "another rule pack than the manifest's",
        );
        let same_zone = pack.head.zone.iana_name() == manifest.zone.iana_name();
        found.require(
            check,
            same_zone,
            "the rule pack has another time zone than the manifest",
        );
        found.require(
            check,
            pack.is_valid_on(polling_day),
            "the rule pack is not valid on the polling day",
        );
        let opens = day_at(&pack.head.zone, manifest.opens_ms);
        let closes = day_at(&pack.head.zone, manifest.closes_ms);
        let of_poll = opens.is_ok_and(|day| day <= polling_day) && closes.is_ok_and(|day| polling_day <= day);
        found.require(check, of_poll, "the polling day is not a day of the poll");
        let same = pack.roll_objections.is_some() == defined.objections.is_some();
        found.require(
            check,
            same,
            "a window for objections without rules for them, or rules without a window",
        );
        if let (Some(window), Some(governed)) = (defined.objections, &self.governed) {
            let last = Day::from(window.last_day);
            let opens = window.opens_ms >= t && window.opens_ms < MOMENT_LIMIT_MS;
            found.require(
                check,
                opens,
                "the preliminary roll is announced before it is defined",
            );
            let before = last < polling_day && last <= LAST_DAY;
            found.require(
                check,
                before,
                "the last day for objections is not before the polling day",
            );
            if self.holidays_lost {
                return found.skip(check, "a list of holidays cannot be read");
            }
            let right = governed.window_holds(window, last, t);
            found.require(
                check,
                right,
                "the last day for objections does not follow from the rules",
            );
        }
    }
}

/// Why nobody objects.
const NOBODY: &str = "the rule pack has no objections to the roll";

impl Governed {
    /// Spec: specs/roll.md §1.4.
    fn window_holds(&self, window: Window, last: Day, defined_ms: u64) -> bool {
        let Ok(anchor) = day_at(&self.calendar.zone, window.opens_ms) else {
            return false;
        };
        match self
            .rules
            .and_then(|rules| Some((rules.counting, rules.window_days?)))
        {
            None => (0..=MAX_WINDOW_DAYS).contains(&(last - anchor)),
            Some((counting, days)) => {
                let version = self
                    .calendar
                    .version_at(i64::try_from(defined_ms).unwrap_or(i64::MAX));
                self.calendar.last_day(version, counting, anchor, days, &[]) == Ok(Some(last))
            }
        }
    }

    /// Whether an objection may be filed, or the window extended. Spec: specs/roll.md §5.1, §5.4.
    fn in_window(&self, t: u64) -> Result<(), &'static str> {
        if self.rules.is_none() {
            return Err(NOBODY);
        }
        let (Some(window), Some(last)) = (self.window, self.last_day) else {
            return Err("no window for objections was announced");
        };
        if t < window.opens_ms {
            return Err("the window for objections is not open");
        }
        if t < self.extended_ms {
            return Err("it was received before the last extension");
        }
        if day_at(&self.calendar.zone, t).is_ok_and(|day| day <= last) {
            Ok(())
        } else {
            Err("the window for objections is over")
        }
    }

    /// Spec: specs/roll.md §5.3.
    fn is_implicitly_rejected(&self, filed_ms: u64, t: u64) -> bool {
        let Some(rules) = self.rules.filter(|rules| rules.deemed_refusal) else {
            return false;
        };
        let (Some(days), Ok(filed)) = (rules.decision_days, day_at(&self.calendar.zone, filed_ms)) else {
            return false;
        };
        self.calendar
            .lapse(rules.counting, filed, days, t)
            .is_ok_and(|lapse| lapse.is_some())
    }
}
