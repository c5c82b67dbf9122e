//! Whatever a roll accepts, the independent verifier verifies; what it refuses, the verifier reports under the same code at the same position
//! when it stands there all the same.
//!
//! The histories are random: registrations, transfers, corrections, strikes, checks of every purpose, objections in a window that is extended,
//! holidays that become known late, a freeze, a poll; received at times that also go back a little. Spec: specs/roll.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as G;
use jiff::civil::Date;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rayon::prelude::*;
use sijill_ledger::{ContentRef, Genesis, Kind, LedgerId, UnverifiedEntry};
use sijill_registers::catalogue::{Event, find};
use sijill_registers::register::{
    ContentProblem, Contents, Context, Evidence, Facts, Linked, Position, State,
};
use sijill_registers::roll::RollState;
use sijill_registers::roll::events::*;
use sijill_rules::{
    Calendar, FactStatus, Holiday, HolidayList, ObjectionStatus, RulePack, day_number, numbered_day,
};
use sijill_tests::attacks::forge::{Cited, Enc, Ledger, grant, public};
use sijill_tests::attacks::world::{CLOSES, OPENS, Spec, World, credential_list, question, secret};
use sijill_verifier::{MemorySource, Profile, Report, Stage, Trust, verify_event_source};

const PACK: &str = include_str!("../../fixtures/rules/plain-1.toml");
const SEEDS: u64 = 40;
const MINUTE: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;
/// Most milliseconds between receipt and sequencing, as the genesis of the forger says.
const LAG_MS: u64 = 5_000;
/// The last one is not the manifest's.
const DISTRICTS: [&str; 5] = ["island", "national", "north", "south", "west"];
/// Every type that a roll may hold behind its genesis.
const TYPES: [u16; 14] = [
    0x0002, 0x0003, 0x0201, 0x0202, 0x0203, 0x0204, 0x0205, 0x0206, 0x0207, 0x0208, 0x0209, 0x020a, 0x020b,
    0x020c,
];

#[derive(Default)]
struct Documents(BTreeMap<[u8; 32], Arc<[u8]>>);

impl Documents {
    fn put(&mut self, bytes: &[u8]) -> ContentRef {
        let content = ContentRef::of(bytes).unwrap();
        self.0.insert(*content.sha256.as_bytes(), bytes.into());
        content
    }
}

impl Contents for Documents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let bytes = self.0.get(content.sha256.as_bytes());
        let bytes = bytes.ok_or(ContentProblem::Missing(content.sha256))?;
        content
            .check(bytes)
            .map_err(|_| ContentProblem::Mismatch(content.sha256))?;
        Ok(Arc::clone(bytes))
    }
}

/// The election ledger that the roll belongs to.
struct Parent(LedgerId, State);

impl Linked for Parent {
    fn facts(&self, ledger: &LedgerId) -> Option<Facts> {
        (*ledger == self.0).then(|| self.1.facts())
    }
}

/// An event that is offered.
struct Offer {
    author: &'static str,
    event_type: u16,
    refs: Vec<Cited>,
    payload: Vec<u8>,
}

/// What came of a run.
#[derive(Default)]
struct Outcome {
    accepted: BTreeMap<u16, usize>,
    /// By code and type.
    refused: BTreeMap<(&'static str, u16), usize>,
    faults: Vec<String>,
}

struct Run {
    seed: u64,
    dice: StdRng,
    world: World,
    documents: Documents,
    /// What accepted events cite.
    cited: BTreeSet<[u8; 32]>,
    parent: Parent,
    state: State,
    pack: RulePack,
    now: u64,
    /// The facts of the list of holidays that was cited last.
    holidays: Vec<Holiday>,
    polling_day: Date,
    outcome: Outcome,
}

fn number(day: Date) -> u32 {
    u32::try_from(day_number(day)).unwrap()
}

fn days_after(day: Date, days: i64) -> Date {
    let number = i64::from(number(day)) + days;
    numbered_day(u32::try_from(number).unwrap()).unwrap()
}

/// The plain pack with objections, or without.
fn pack(dice: &mut StdRng, seed: u64) -> RulePack {
    if seed % 10 == 9 {
        return RulePack::parse(PACK).unwrap();
    }
    let mut one = |of: &[&str]| of[dice.random_range(0..of.len())].to_owned();
    let mut table = format!(
        "[roll_objections]\nunit = \"{}\"\nstart = \"{}\"\nroll = \"{}\"\n",
        one(&["calendar", "working"]),
        one(&["next_day", "next_working_day"]),
        one(&["none", "next_working_day"]),
    );
    table += &one(&["", "window_days = 3\n", "window_days = 7\n"]);
    table += &one(&[
        "silence = \"none\"\n",
        "silence = \"none\"\ndecision_days = 4\n",
        "silence = \"deemed_refusal\"\ndecision_days = 2\n",
        "silence = \"deemed_refusal\"\ndecision_days = 5\nremedy_days = 3\n",
    ]);
    let text = PACK.replace("[candidates]", &format!("{table}\n[candidates]"));
    RulePack::parse(&text).unwrap()
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut dice = StdRng::seed_from_u64(seed);
        let pack = pack(&mut dice, seed);
        let polled = vec![question(2, false, 1, 1)];
        let districts = DISTRICTS[..4].iter();
        let spec = Spec {
            // A district without questions is unopposed.
            districts: districts
                .map(|id| {
                    (
                        *id,
                        if *id == "south" {
                            Vec::new()
                        } else {
                            polled.clone()
                        },
                    )
                })
                .collect(),
            ..Spec::default()
        };
        let mut world = World::new(&format!("roll agrees {seed}"), spec);
        // Seven weeks before the poll, at some hour.
        world.now = OPENS - 49 * DAY_MS + dice.random_range(0..DAY_MS);
        world.begin();
        let start = |ledger: &Ledger| State::start(&Genesis::parse(&ledger.genesis).unwrap()).unwrap();
        let mut documents = Documents::default();
        for bytes in world.contents.values() {
            documents.put(bytes);
        }
        let mut election = start(&world.election);
        for bytes in &world.election.entries[1..] {
            let entry = UnverifiedEntry::parse(bytes).unwrap();
            let body = entry.body().body();
            let event = Event::parse(Kind::Election, body.event_type, &body.payload).unwrap();
            election
                .evolve(&Position::from(&entry), &event, &documents)
                .unwrap();
        }
        Run {
            seed,
            dice,
            state: start(&world.roll),
            parent: Parent(LedgerId::from_bytes(world.election.id), election),
            now: world.now + MINUTE,
            world,
            cited: BTreeSet::new(),
            polling_day: pack.calendar().unwrap().day_of(OPENS).unwrap(),
            pack,
            documents,
            holidays: Vec::new(),
            outcome: Outcome::default(),
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    fn roll(&self) -> &RollState {
        self.state.as_roll().unwrap()
    }

    fn calendar(&self) -> Calendar {
        match self.roll().governed() {
            Some(governed) => governed.calendar().clone(),
            None => self.pack.calendar().unwrap(),
        }
    }

    fn today(&self) -> Date {
        self.calendar().day_of(self.now).unwrap()
    }

    fn offer(&mut self, event: RollEvent) -> bool {
        let event = Event::Roll(event);
        let author = if event.line().author == sijill_ledger::Role::Commission {
            "commission"
        } else {
            "registrar"
        };
        self.offer_raw(Offer {
            author,
            event_type: event.event_type(),
            refs: Vec::new(),
            payload: event.payload(),
        })
    }

    /// Offers an event to the register. It stays on the ledger if the register takes it; else the verifier must report it where it would stand.
    fn offer_raw(&mut self, offer: Offer) -> bool {
        let late = if self.chance(60) {
            0
        } else {
            self.dice.random_range(0..=LAG_MS)
        };
        let mut ledger = self.world.roll.clone();
        let Offer {
            author,
            event_type,
            refs,
            payload,
        } = offer;
        let mut hook = |draft: &mut sijill_tests::attacks::forge::Draft| draft.received -= late;
        ledger.push(&mut hook, event_type, author, self.now, &refs, payload);
        let entry = UnverifiedEntry::parse(ledger.entries.last().unwrap()).unwrap();
        let body = entry.body().body();
        let context = Context {
            received_ms: entry.received_ms(),
            body_hash: entry.body().hash(),
            refs: &body.refs,
            size: self.world.roll.size(),
            contents: &self.documents,
            linked: &self.parent,
            evidence: &Evidence::None,
        };
        let event = Event::parse(Kind::Roll, body.event_type, &body.payload);
        let contents = event.as_ref().map(Event::contents).unwrap_or_default();
        let contents = contents.iter().map(|content| *content.sha256.as_bytes());
        let decided = match &event {
            Ok(event) => self
                .state
                .decide(body, event, &context)
                .map_err(|refused| (refused.code(), refused.to_string())),
            Err(error) => {
                let refused = sijill_registers::register::Rejection::from(error.clone());
                Err((refused.code(), refused.to_string()))
            }
        };
        match decided {
            Ok(consequences) => {
                assert!(consequences.is_empty());
                self.cited.extend(contents);
                let position = Position::from(&entry);
                self.state
                    .evolve(&position, &event.unwrap(), &self.documents)
                    .unwrap();
                self.world.roll = ledger;
                *self.outcome.accepted.entry(event_type).or_default() += 1;
                true
            }
            Err((code, reason)) => {
                *self.outcome.refused.entry((code, event_type)).or_default() += 1;
                let cited: Vec<_> = contents.collect();
                let kept = std::mem::replace(&mut self.world.roll, ledger);
                let report = self.verify(&cited);
                let here = (Some(hex::encode(kept.id)), Some(kept.size()));
                let (mut codes, mut elsewhere) = (BTreeSet::new(), Vec::new());
                for example in report.checks.iter().flat_map(|check| &check.counter_examples) {
                    if (example.ledger.clone(), example.seq) == here {
                        codes.insert(example.code);
                    } else {
                        elsewhere.push(example.clone());
                    }
                }
                // The engine cannot even read a district with a malformed name.
                let unreadable = code == "entry.encoding" && codes.contains("roll.order");
                if !(codes.contains(code) || unreadable) || !elsewhere.is_empty() {
                    self.outcome.faults.push(format!(
                        "seed {}, entry {}, type {event_type:#06x}: refused under {code} ({reason}), reported under {codes:?} {elsewhere:?}",
                        self.seed,
                        kept.size()
                    ));
                }
                self.world.roll = kept;
                false
            }
        }
    }

    /// The verifier's report on the whole event as it stands, with the contents that it cites.
    fn verify(&mut self, cited_too: &[[u8; 32]]) -> Report {
        let known = self.world.contents.clone();
        for hash in self.cited.iter().chain(cited_too) {
            if let Some(bytes) = self.documents.0.get(hash) {
                self.world.contents.insert(hex::encode(hash), bytes.to_vec());
            }
        }
        let files = self.world.files(true);
        self.world.contents = known;
        let trust = Trust::parse(self.world.trust().as_bytes()).unwrap();
        let source = MemorySource {
            files: files.into_iter().collect(),
        };
        verify_event_source(&source, Some(&trust), Profile::Accredited, Stage::Announced).unwrap()
    }

    fn require_verified(&mut self) {
        let report = self.verify(&[]);
        if report.verdict.exit_code() != 0 {
            let text = report.to_text();
            self.outcome
                .faults
                .push(format!("seed {}: accepted, but not verified: {text}", self.seed));
        }
    }

    /// Time goes on: often by moments only, so that receipts overtake each other.
    fn pass(&mut self) {
        self.now += match self.dice.random_range(0..10) {
            0..4 => self.dice.random_range(0..LAG_MS),
            4..7 => self.dice.random_range(0..3 * 60 * MINUTE),
            _ => self.dice.random_range(0..DAY_MS),
        };
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.dice.fill_bytes(&mut bytes);
        bytes
    }

    /// One of a few persons, so that they meet each other.
    fn person(&mut self) -> Pseudonym {
        Pseudonym([self.dice.random_range(1..=14); 32])
    }

    /// A person whom `fits` likes, mostly.
    fn fitting(&mut self, fits: impl Fn(&RollState, &Pseudonym) -> bool) -> Pseudonym {
        let start = self.dice.random_range(0..14);
        let any = self.person();
        if self.chance(20) {
            return any;
        }
        let all = (0..14).map(|n| Pseudonym([(start + n) % 14 + 1; 32]));
        all.into_iter()
            .find(|person| fits(self.roll(), person))
            .unwrap_or(any)
    }

    fn district(&mut self) -> sijill_registers::names::Name {
        let known = if self.chance(4) {
            DISTRICTS.len()
        } else {
            DISTRICTS.len() - 1
        };
        DISTRICTS[self.dice.random_range(0..known)].parse().unwrap()
    }

    /// Offers definitions until one is taken. Spec: specs/roll.md §1.
    fn define(&mut self) {
        for attempt in 0.. {
            assert!(attempt < 200, "seed {}: no definition is taken", self.seed);
            self.pass();
            let flaw = if attempt < 6 {
                self.dice.random_range(0..12)
            } else {
                99
            };
            self.define_once(flaw);
            if self.roll().governed().is_some() {
                return;
            }
        }
    }

    fn define_once(&mut self, flaw: u32) -> bool {
        let mut pack = self.pack.clone();
        match flaw {
            0 => pack.id = "plain-2".into(),
            1 => pack.calendar.time_zone = "Asia/Riyadh".into(),
            2 => pack.valid_from = days_after(self.polling_day, 1),
            _ => {}
        }
        let mut polling_day = self.polling_day;
        if flaw == 3 {
            polling_day = days_after(polling_day, self.dice.random_range(-1..=1));
        }
        let mut holidays = Vec::new();
        if self.chance(40) {
            for _ in 0..self.dice.random_range(1..3) {
                holidays = self.longer(&holidays);
            }
        }
        let mut calendar = pack.calendar().unwrap();
        let mut facts = None;
        if !holidays.is_empty() {
            let list = HolidayList::new(holidays.clone());
            if list.declare(&mut calendar, self.now - LAG_MS).is_err() {
                calendar = pack.calendar().unwrap();
            }
            facts = Some(self.documents.put(&list.to_json()));
        }
        let opens_ms = if flaw == 4 {
            self.now - self.dice.random_range(0..=LAG_MS)
        } else {
            self.now + self.dice.random_range(0..3 * DAY_MS)
        };
        let objections = pack.roll_objections.map(|rules| {
            let anchor = calendar.day_of(opens_ms).unwrap();
            let days = calendar.days_at(self.now);
            let last = match rules.window_days {
                Some(n) => rules.counting().last_day_after(&days, anchor, n).unwrap(),
                None => days_after(anchor, self.dice.random_range(0..14)),
            };
            let last = match flaw {
                5 => days_after(last, self.dice.random_range(-2..=2)),
                6 => days_after(anchor, self.dice.random_range(-1..=0)),
                7 => days_after(polling_day, self.dice.random_range(-1..=1)),
                8 => days_after(anchor, self.dice.random_range(365..=368)),
                _ => last,
            };
            Window {
                opens_ms,
                last_day: number(last),
            }
        });
        let objections = match flaw {
            9 if objections.is_some() => None,
            9 => Some(Window {
                opens_ms,
                last_day: number(polling_day) - 3,
            }),
            _ => objections,
        };
        let refs = match flaw {
            10 => Vec::new(),
            11 => vec![(self.world.election.id, 1, self.world.election.leaves[0])],
            _ => vec![self.world.election.cite()],
        };
        let event = RollDefined {
            pack: self.documents.put(&pack.to_json()),
            holidays: facts,
            polling_day: number(polling_day),
            objections,
        };
        let taken = self.offer_raw(Offer {
            author: "commission",
            event_type: 0x0204,
            refs,
            payload: Event::Roll(RollEvent::RollDefined(event)).payload(),
        });
        if taken {
            self.holidays = holidays;
        }
        taken
    }

    /// A list that has one fact more.
    fn longer(&mut self, before: &[Holiday]) -> Vec<Holiday> {
        let first = days_after(self.today(), self.dice.random_range(-3..20));
        let mut fact = Holiday {
            first,
            last: days_after(first, self.dice.random_range(0..3)),
            status: [FactStatus::Estimate, FactStatus::Announced][self.dice.random_range(0..2)],
            corrects: None,
            name: serde_json::from_str("{\"en\":\"A feast\",\"ar\":\"عيد\"}").unwrap(),
            source: "a decree".into(),
        };
        if !before.is_empty() && self.chance(50) {
            let corrects = self.dice.random_range(0..before.len());
            fact.corrects = Some(corrects as u64 + 1);
            if self.chance(50) {
                fact.status = FactStatus::Withdrawn;
                (fact.first, fact.last) = (before[corrects].first, before[corrects].last);
            }
        }
        if self.chance(5) {
            fact.last = days_after(fact.first, self.dice.random_range(-1..62));
        }
        if self.chance(4) {
            fact.source = "  ".into();
        }
        let mut all = before.to_vec();
        all.push(fact);
        all
    }

    fn declare_holidays(&mut self) {
        let known = self.holidays.clone();
        let mut facts = known.clone();
        for _ in 0..self.dice.random_range(1..3) {
            facts = self.longer(&facts);
        }
        match self.dice.random_range(0..16) {
            0 => facts = known,
            1 => facts.rotate_left(1),
            2 if !known.is_empty() => facts[0].source = "another decree".into(),
            _ => {}
        }
        if facts.is_empty() {
            return;
        }
        let mut text = HolidayList::new(facts.clone()).to_json();
        if self.chance(4) {
            text.insert(1, b' ');
        }
        let event = HolidaysDeclared {
            holidays: self.documents.put(&text),
        };
        if self.offer(RollEvent::HolidaysDeclared(event)) {
            self.holidays = facts;
        }
    }

    fn check(&mut self, purpose: u8) {
        let pseudonym = match purpose {
            1 => self.fitting(|roll, p| roll.open_check(p).is_none()),
            _ => self.fitting(|roll, p| roll.is_registered(p)),
        };
        let eligible = match purpose {
            1 => self.chance(85),
            2 => self.chance(70),
            _ => self.chance(30),
        };
        let commitment = self.bytes();
        self.offer(RollEvent::EligibilityChecked(EligibilityChecked {
            pseudonym,
            purpose,
            eligible,
            commitment,
        }));
    }

    fn register(&mut self) {
        let pseudonym =
            self.fitting(|roll, p| !roll.is_registered(p) && roll.open_check(p).is_some_and(|c| c.eligible));
        let district = self.district();
        if self.chance(3) {
            // A name that no district may have.
            let malformed = ["", "North", "n_th", "a district whose name is too long"];
            let malformed = malformed[self.dice.random_range(0..malformed.len())];
            let payload = Enc::default().raw(&pseudonym.0).text(malformed).0;
            self.offer_raw(Offer {
                author: "registrar",
                event_type: 0x0201,
                refs: Vec::new(),
                payload,
            });
            return;
        }
        self.offer(RollEvent::VoterRegistered(VoterRegistered {
            pseudonym,
            district,
        }));
    }

    fn transfer(&mut self) {
        let pseudonym = self.fitting(|roll, p| roll.is_registered(p));
        let (to, other) = (self.district(), self.district());
        let from = match self.roll().district_of(&pseudonym).cloned() {
            Some(from) if !self.chance(15) => from,
            _ => other,
        };
        let reason = self.bytes();
        self.offer(RollEvent::VoterTransferred(VoterTransferred {
            pseudonym,
            from,
            to,
            reason,
        }));
    }

    fn correct(&mut self) {
        let pseudonym =
            self.fitting(|roll, p| roll.is_registered(p) && roll.open_check(p).is_some_and(|c| c.eligible));
        let check = match self.roll().open_check(&pseudonym) {
            Some(check) if !self.chance(15) => check.position,
            _ => self.dice.random_range(0..=self.world.roll.size()),
        };
        self.offer(RollEvent::VoterCorrected(VoterCorrected { pseudonym, check }));
    }

    fn strike(&mut self) {
        let pseudonym = self.fitting(|roll, p| roll.is_registered(p));
        let reason = self.bytes();
        self.offer(RollEvent::VoterStruck(VoterStruck { pseudonym, reason }));
    }

    fn commit(&mut self) {
        let pseudonym = self.fitting(|roll, p| roll.has_credential(p) == Some(false));
        let mut commitment = self.bytes();
        // Few values, so that they are repeated now and then.
        if self.chance(30) {
            commitment = [self.dice.random_range(0..4); 32];
        }
        self.offer(RollEvent::CredentialCommitted(CredentialCommitted {
            pseudonym,
            commitment,
        }));
    }

    fn object(&mut self) {
        let kind = match self.dice.random_range(0..20) {
            0 => 0,
            1 => 4,
            n => n % 3 + 1,
        };
        let about = self.fitting(|roll, p| roll.is_registered(p) == (kind != 1));
        let (objector, statement) = (self.person(), self.bytes());
        self.offer(RollEvent::ObjectionFiled(ObjectionFiled {
            objector,
            about,
            kind: u8::try_from(kind).unwrap(),
            statement,
        }));
    }

    /// Positions of objections that can still be decided.
    fn pending(&self) -> Vec<u64> {
        let Some(governed) = self.roll().governed() else {
            return Vec::new();
        };
        let open = |at: &u64| {
            let reading = governed.objection(*at, self.now);
            reading.is_none_or(|r| {
                !matches!(
                    r.status,
                    ObjectionStatus::Decided { .. } | ObjectionStatus::ImplicitlyRejected { .. }
                )
            })
        };
        governed.objections().filter(open).collect()
    }

    fn decide(&mut self) {
        let pending = self.pending();
        let all: Vec<u64> = self
            .roll()
            .governed()
            .map(|g| g.objections().collect())
            .unwrap_or_default();
        let objection = if !pending.is_empty() && self.chance(80) {
            pending[self.dice.random_range(0..pending.len())]
        } else if !all.is_empty() && self.chance(70) {
            all[self.dice.random_range(0..all.len())]
        } else {
            self.dice.random_range(0..=self.world.roll.size())
        };
        let decision = match self.dice.random_range(0..20) {
            0 => 0,
            1 => 4,
            n => n % 3 + 1,
        };
        let reason = self.bytes();
        self.offer(RollEvent::ObjectionDecided(ObjectionDecided {
            objection,
            decision,
            reason,
        }));
    }

    fn extend(&mut self) {
        let window = self.roll().governed().and_then(|g| g.window());
        let last = window.map_or(days_after(self.polling_day, -9), |w| w.last_day);
        let mut old_last = number(last);
        let mut new_last = number(last) + self.dice.random_range(1..6);
        let mut by = "The committee".to_owned();
        match self.dice.random_range(0..16) {
            0 => old_last += 1,
            1 => new_last = old_last,
            2 => new_last = old_last + 367,
            3 => new_last = number(self.polling_day) + self.dice.random_range(0..2) - 1,
            4 => by = String::new(),
            5 => by = "two\nlines".into(),
            6 => new_last = u32::MAX,
            _ => {}
        }
        self.offer(RollEvent::ObjectionWindowExtended(ObjectionWindowExtended {
            by,
            reason: "Offices were closed".into(),
            old_last,
            new_last,
        }));
    }

    fn authority(&mut self) {
        let revoked = self.chance(30);
        let name =
            ["second registrar", "third registrar", "registrar", "commission"][self.dice.random_range(0..4)];
        let role = if name == "commission" { 1 } else { 2 };
        self.offer_raw(Offer {
            author: "commission",
            event_type: if revoked { 0x0003 } else { 0x0002 },
            refs: Vec::new(),
            payload: grant(name, role, None),
        });
        // The one who acts here must not stay away.
        if name == "registrar" && revoked {
            let held = self.state.authority().holds(
                sijill_ledger::KeyId::from_bytes(public("registrar")),
                sijill_ledger::Role::Registrar,
                None,
            );
            if !held {
                self.offer_raw(Offer {
                    author: "commission",
                    event_type: 0x0002,
                    refs: Vec::new(),
                    payload: grant(name, role, None),
                });
            }
        }
    }

    /// An event that the wrong person signs, or that cites a ledger.
    fn misdirect(&mut self) {
        let reason = self.bytes();
        let pseudonym = self.person();
        let event = Event::Roll(RollEvent::VoterStruck(VoterStruck { pseudonym, reason }));
        let strangers = self.chance(50);
        let cite = self.world.election.cite();
        self.offer_raw(Offer {
            author: if strangers { "trustee 1" } else { "registrar" },
            event_type: event.event_type(),
            refs: if strangers { Vec::new() } else { vec![cite] },
            payload: event.payload(),
        });
    }

    fn freeze(&mut self, flaw: u32) -> bool {
        let mut districts = Vec::new();
        let mut secrets = 0..;
        for (district, (eligible, holders)) in self.roll().counts() {
            let mut points: Vec<[u8; 32]> = (0..holders)
                .map(|_| (G * secret(secrets.next().unwrap())).compress().0)
                .collect();
            points.sort_unstable();
            let mut list = credential_list(&points);
            match flaw {
                0 => list = list.replace(']', ",\"00\"]"),
                1 => list = list.replace(',', ", "),
                2 if points.len() > 1 => {
                    points.reverse();
                    list = credential_list(&points);
                }
                3 if !points.is_empty() => {
                    points.pop();
                    list = credential_list(&points);
                }
                _ => {}
            }
            districts.push(DistrictRoll {
                district,
                eligible: eligible + u64::from(flaw == 4),
                holders: holders.saturating_sub(u64::from(flaw == 5)),
                credentials: self.documents.put(list.as_bytes()),
            });
        }
        match flaw {
            6 => districts.reverse(),
            7 => {
                districts.pop();
            }
            8 => {
                if let Some(first) = districts.first().cloned() {
                    districts.insert(0, first);
                }
            }
            _ => {}
        }
        self.offer(RollEvent::RollFrozen(RollFrozen { districts }))
    }

    fn step(&mut self) {
        match self.dice.random_range(0..100) {
            0..22 => self.check(1),
            22..38 => self.register(),
            38..44 => self.transfer(),
            44..50 => self.correct(),
            50..55 => self.strike(),
            55..63 => self.commit(),
            63..73 => self.object(),
            73..81 => self.decide(),
            81..86 => self.extend(),
            86..91 => self.declare_holidays(),
            91..94 => {
                let purpose = self.dice.random_range(0..=5);
                self.check(purpose);
            }
            94..96 => self.authority(),
            96..97 => self.misdirect(),
            97..98 => {
                self.define_once(99);
            }
            _ => {
                self.freeze(99);
            }
        }
    }

    /// Whatever keeps the roll from being frozen is brought to an end.
    fn wind_up(&mut self) {
        for _ in 0..60 {
            self.pass();
            self.now = self.now.min(OPENS - DAY_MS / 2);
            let kept = (1..=14).map(|n| Pseudonym([n; 32])).find(|p| {
                self.roll().is_registered(p) && self.roll().open_check(p).is_some_and(|c| !c.eligible)
            });
            if let Some(pseudonym) = kept {
                let reason = self.bytes();
                self.offer(RollEvent::VoterStruck(VoterStruck { pseudonym, reason }));
                continue;
            }
            if let Some(objection) = self.pending().first().copied()
                && self.chance(80)
            {
                let reason = self.bytes();
                self.offer(RollEvent::ObjectionDecided(ObjectionDecided {
                    objection,
                    decision: 1,
                    reason,
                }));
                continue;
            }
            let flaw = if self.chance(50) {
                self.dice.random_range(0..9)
            } else {
                99
            };
            if self.freeze(flaw) {
                return;
            }
            self.now += DAY_MS;
        }
    }

    fn poll(&mut self) {
        self.now = self.now.max(OPENS);
        for _ in 0..14 {
            self.now += self.dice.random_range(0..20 * MINUTE);
            self.now = self.now.min(CLOSES);
            match self.dice.random_range(0..12) {
                0 => self.step(),
                n => self.check(u8::try_from(n % 4 + 1).unwrap()),
            }
        }
    }

    fn play(mut self) -> Outcome {
        // Before the definition nothing stands but roles.
        for _ in 0..3 {
            self.pass();
            self.step_undefined();
        }
        self.define();
        self.require_verified();
        for n in 0..80 {
            self.pass();
            if self.now > OPENS - 2 * DAY_MS {
                break;
            }
            self.step();
            if n % 20 == 19 {
                self.require_verified();
            }
        }
        self.wind_up();
        self.require_verified();
        self.poll();
        self.require_verified();
        self.outcome
    }

    fn step_undefined(&mut self) {
        match self.dice.random_range(0..4) {
            0 => self.authority(),
            1 => self.check(1),
            2 => self.object(),
            _ => self.declare_holidays(),
        }
    }
}

#[test]
fn the_register_and_the_verifier_agree_on_every_offer() {
    let outcomes: Vec<Outcome> = (0..SEEDS)
        .into_par_iter()
        .map(|seed| Run::new(seed).play())
        .collect();
    let mut faults = Vec::new();
    let mut accepted: BTreeMap<u16, usize> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, u16), usize> = BTreeMap::new();
    for outcome in outcomes {
        faults.extend(outcome.faults);
        for (event_type, n) in outcome.accepted {
            *accepted.entry(event_type).or_default() += n;
        }
        for (key, n) in outcome.refused {
            *refused.entry(key).or_default() += n;
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults: {:#?}",
        faults.len(),
        &faults[..faults.len().min(20)]
    );
    for event_type in TYPES {
        let name = find(event_type).unwrap().name;
        let n = accepted.get(&event_type).copied().unwrap_or_default();
        assert!(n >= 3, "{name} was accepted {n} times: {accepted:?}");
    }
    let codes: BTreeSet<&str> = refused.keys().map(|(code, _)| *code).collect();
    for code in [
        "entry.encoding",
        "entry.refs",
        "event.author",
        "event.grant",
        "roll.counts",
        "roll.credentials",
        "roll.definition",
        "roll.duplicate",
        "roll.eligibility",
        "roll.objection",
        "roll.order",
        "roll.transfer",
    ] {
        assert!(
            codes.contains(code),
            "nothing was refused under {code}: {refused:?}"
        );
    }
}
