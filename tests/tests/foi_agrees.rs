//! Whatever the registers of a jurisdiction accept, the independent verifier verifies; what they refuse, the verifier reports under the same code
//! at the same position when it stands there all the same.
//!
//! The histories are random: a calendar with facts that come late, are corrected and withdrawn, random rules in random time zones, requests by hand and
//! on paper, clarifications that nobody answers, fees, third parties, transfers that go on and come back, decisions, releases, grievances, erasures,
//! a new register at the turn of the year, services that sleep, published due dates. What the clock brings about is also forged.
//!
//! Spec: specs/jurisdiction.md, specs/foi.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rayon::prelude::*;
use sijill_ledger::{BodyHash, Committed, ContentRef, Genesis, LedgerId, UnverifiedEntry};
use sijill_registers::calendar::events::*;
use sijill_registers::catalogue::{Event, find};
use sijill_registers::foi::events::*;
use sijill_registers::foi::{FoiState, Published};
use sijill_registers::register::{
    Consequence, ContentProblem, Contents, Context, Evidence, Facts, Linked, Position, Rejection, State,
};
use sijill_rules::{Calendar, FoiPack, Step, day_number};
use sijill_tests::attacks::forge::{Cited, Draft, Ledger, grant, root};
use sijill_tests::attacks::jurisdiction::{Book, D0, MOI, SILENT, World, definition, fact, listing};
use sijill_verifier::{CounterExample, MemorySource, Profile, Report, Trust, verify_jurisdiction_source};

const SEEDS: u64 = 14;
const MINUTE: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;
/// Most milliseconds between receipt and sequencing, as the genesis of the forger says.
const LAG_MS: u64 = 5_000;
/// Every type that a register of freedom of information may hold behind its genesis.
const TYPES: [u16; 33] = [
    0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x0008, 0x0701, 0x0702, 0x0703, 0x0704, 0x0705, 0x0706,
    0x0707, 0x0708, 0x0709, 0x070a, 0x070b, 0x070c, 0x070d, 0x070e, 0x070f, 0x0710, 0x0711, 0x0712, 0x0713,
    0x0714, 0x0715, 0x0716, 0x0717, 0x0718, 0x0719, 0x071a,
];

#[derive(Default)]
struct Documents {
    contents: BTreeMap<[u8; 32], Arc<[u8]>>,
    openings: BTreeMap<[u8; 32], Vec<u8>>,
}

impl Documents {
    fn put(&mut self, bytes: &[u8]) -> ContentRef {
        let content = ContentRef::of(bytes).unwrap();
        self.contents.insert(*content.sha256.as_bytes(), bytes.into());
        content
    }
}

impl Contents for Documents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let bytes = self.contents.get(content.sha256.as_bytes());
        let bytes = bytes.ok_or(ContentProblem::Missing(content.sha256))?;
        content
            .check(bytes)
            .map_err(|_| ContentProblem::Mismatch(content.sha256))?;
        Ok(Arc::clone(bytes))
    }

    fn opening(&self, committed: &Committed) -> Result<Arc<[u8]>, ContentProblem> {
        let opening = self.openings.get(&committed.commitment);
        let content = opening.and_then(|opening| committed.open(opening));
        content
            .map(Into::into)
            .ok_or(ContentProblem::Opening(committed.commitment))
    }
}

/// The registers' side of every ledger.
#[derive(Default)]
struct States(BTreeMap<LedgerId, State>);

impl Linked for States {
    fn facts(&self, ledger: &LedgerId) -> Option<Facts> {
        self.0.get(ledger).map(State::facts)
    }
}

/// An event that is offered.
struct Offer {
    book: Book,
    author: String,
    event: Event,
    refs: Vec<Cited>,
}

/// What came of a run.
#[derive(Default)]
struct Outcome {
    accepted: BTreeMap<u16, usize>,
    /// By code and type.
    refused: BTreeMap<(String, u16), usize>,
    forged: usize,
    faults: Vec<String>,
}

struct Run {
    seed: u64,
    dice: StdRng,
    world: World,
    documents: Documents,
    /// What accepted events cite.
    cited: BTreeSet<[u8; 32]>,
    states: States,
    /// What is published of each register.
    published: BTreeMap<LedgerId, Published>,
    packs: Vec<ContentRef>,
    /// Body hash, commitments and author of every order of erasure.
    orders: Vec<(Book, BodyHash)>,
    now: u64,
    outcome: Outcome,
}

fn id(bytes: [u8; 32]) -> LedgerId {
    LedgerId::from_bytes(bytes)
}

fn foi(event: FoiEvent) -> Event {
    Event::Foi(event)
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut world = World::new(&format!("foi agrees {seed}"));
        world.now += dice.random_range(0..DAY_MS);
        world.genesis(Book::Calendar);
        for register in 0..2 {
            world.genesis(Book::Register(register));
        }
        let zones = [
            ("Asia/Qatar", "[\"friday\",\"saturday\"]", &[5, 6][..]),
            ("Asia/Qatar", "[\"friday\",\"saturday\"]", &[5, 6]),
            ("Europe/London", "[\"saturday\",\"sunday\"]", &[6, 7]),
            // The clocks skip midnight there.
            ("America/Santiago", "[\"sunday\"]", &[7]),
            ("Pacific/Auckland", "[]", &[]),
        ];
        let (zone, rest, days) = zones[dice.random_range(0..zones.len())];
        world.push(Book::Calendar, 0x0101, "commission", definition(zone, days));
        let mut run = Run {
            seed,
            now: world.now,
            dice,
            documents: Documents::default(),
            cited: BTreeSet::new(),
            states: States::default(),
            published: BTreeMap::new(),
            packs: Vec::new(),
            orders: Vec::new(),
            outcome: Outcome::default(),
            world,
        };
        for book in [Book::Calendar, Book::Register(0), Book::Register(1)] {
            run.start(book);
        }
        for version in 1..=3 {
            let pack = run.pack(version, zone, rest);
            let pack = run.documents.put(&pack);
            run.packs.push(pack);
            let adopted = CalendarEvent::PackAdopted(PackAdopted { kind: 7, pack });
            while !run.offer("commission", Book::Calendar, Event::Calendar(adopted.clone())) {
                run.now += MINUTE;
            }
        }
        run
    }

    /// The state of a ledger, of all that stands on it.
    fn start(&mut self, book: Book) {
        let ledger = self.world.ledger(book).clone();
        let mut state = State::start(&Genesis::parse(&ledger.genesis).unwrap()).unwrap();
        for bytes in &ledger.entries[1..] {
            let entry = UnverifiedEntry::parse(bytes).unwrap();
            let body = entry.body().body();
            let event = Event::parse(state.kind(), body.event_type, &body.payload).unwrap();
            state
                .evolve(&Position::from(&entry), &event, &self.documents)
                .unwrap();
        }
        self.states.0.insert(id(ledger.id), state);
    }

    /// Random rules.
    fn pack(&mut self, version: u32, zone: &str, rest: &str) -> Vec<u8> {
        let mut one = |of: &[&str]| of[self.dice.random_range(0..of.len())].to_owned();
        let extensions = one(&[
            "\"max_extensions\":0,\"extension_days\":0",
            "\"max_extensions\":1,\"extension_days\":4",
            "\"max_extensions\":2,\"extension_days\":3",
        ]);
        let clock = format!(
            "\"answer_days\":{},\"unit\":\"{}\",\"start\":\"{}\",\"roll\":\"{}\",{extensions},\"silence\":\"{}\",\"clarification\":\"{}\",{}\"fee_policy\":\"{}\",\"transfer\":\"{}\",{}{}",
            one(&["2", "5", "9", "20"]),
            one(&["calendar", "working"]),
            one(&["next_day", "next_working_day"]),
            one(&["none", "next_working_day"]),
            one(&["none", "deemed_refusal", "deemed_refusal"]),
            one(&["pause", "restart"]),
            one(&[
                "",
                "\"clarification_limit_days\":3,",
                "\"clarification_limit_days\":6,"
            ]),
            one(&["pauses", "none"]),
            one(&["restart", "continue"]),
            one(&["", "\"grievance_days\":3,", "\"grievance_days\":12,"]),
            one(&[
                "\"third_party_days\":2",
                "\"grievance_decision_days\":3,\"grievance_silence\":\"deemed_refusal\"",
                "\"grievance_decision_days\":2,\"grievance_silence\":\"none\"",
                "\"grievance_decision_days\":5,\"court_days\":10",
            ]),
        );
        let (head, rest_of) = SILENT.split_once("\"clock\":{").unwrap();
        let (_, tail) = rest_of.split_once("},\"exemptions\"").unwrap();
        let text = format!("{head}\"clock\":{{{clock}}},\"exemptions\"{tail}")
            .replace("\"version\":1", &format!("\"version\":{version}"))
            .replace("Asia/Qatar", zone)
            .replace("[\"friday\",\"saturday\"]", rest);
        let parsed = FoiPack::from_json(text.as_bytes()).unwrap();
        assert_eq!(parsed.to_json(), text.as_bytes());
        text.into_bytes()
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    fn below(&mut self, n: u64) -> u64 {
        self.dice.random_range(0..n.max(1))
    }

    fn registers(&self) -> usize {
        self.world.registers.len()
    }

    fn state(&self, book: Book) -> &State {
        &self.states.0[&id(self.world.id(book))]
    }

    fn foi(&self, book: Book) -> &FoiState {
        self.state(book).as_foi().unwrap()
    }

    fn calendar(&self, book: Book) -> Option<Calendar> {
        self.foi(book).days().calendar(&self.states).ok()
    }

    /// The local day of now, as a register reckons.
    fn today(&self, book: Book) -> u64 {
        let Some(calendar) = self.calendar(book) else {
            return self.now / DAY_MS;
        };
        let moment = self.foi(book).days().next_moment(self.now);
        u64::try_from(day_number(calendar.day_of(moment).unwrap())).unwrap()
    }

    fn salt(&mut self) -> [u8; 32] {
        let mut salt = [0; 32];
        self.dice.fill_bytes(&mut salt);
        salt
    }

    fn commit(&mut self, text: &str) -> Committed {
        let flaw = self.dice.random_range(0..150);
        let stands = self.documents.openings.keys().next_back().copied();
        let content = match flaw {
            0 => "a bell \u{7}",
            1 => " \n ",
            _ => text,
        };
        let salt = self.salt();
        let mut committed = Committed::new(&salt, content.as_bytes());
        match flaw {
            2 => committed.length = 0,
            3 => committed.length = 65_537,
            4 => {
                if let Some(stands) = stands {
                    committed.commitment = stands;
                }
            }
            // Nobody has handed in what it commits to.
            5 => return committed,
            _ => {}
        }
        if !(2..=4).contains(&flaw) {
            let opening = [&salt, content.as_bytes()].concat();
            self.documents.openings.insert(committed.commitment, opening);
        }
        committed
    }

    /// Offers an event without refs.
    fn offer(&mut self, author: &str, book: Book, event: Event) -> bool {
        self.offer_citing(author, book, event, Vec::new())
    }

    fn offer_citing(&mut self, author: &str, book: Book, event: Event, refs: Vec<Cited>) -> bool {
        let mut author = author.to_owned();
        // By somebody else it has its effect all the same, and the folder would be another one.
        let publishes = matches!(
            event,
            Event::Calendar(CalendarEvent::RegisterListed(_))
                | Event::Register(RegisterEvent::ErasureConfirmed(_))
                | Event::Foi(FoiEvent::ReleaseWithdrawn(_))
        );
        if self.chance(2) && !publishes {
            let others = ["commission", "officer", "judge", "service", "both", "nobody"];
            author = others[self.dice.random_range(0..others.len())].to_owned();
        }
        self.offer_raw(Offer {
            book,
            author,
            event,
            refs,
        })
    }

    /// Offers an event to the register. It stays on the ledger if the register takes it; else the verifier must report it where it would stand.
    fn offer_raw(&mut self, offer: Offer) -> bool {
        let Offer {
            book,
            author,
            event,
            refs,
        } = offer;
        let late = if self.chance(70) { 0 } else { self.below(LAG_MS) };
        let mut ledger = self.world.ledger(book).clone();
        let event_type = event.event_type();
        let mut hook = |draft: &mut Draft| draft.received -= late;
        ledger.push(&mut hook, event_type, &author, self.now, &refs, event.payload());
        let entry = UnverifiedEntry::parse(ledger.entries.last().unwrap()).unwrap();
        let body = entry.body().body();
        let kind = self.state(book).kind();
        let parsed = Event::parse(kind, body.event_type, &body.payload);
        let decided = match &parsed {
            Ok(event) => {
                let context = Context {
                    received_ms: entry.received_ms(),
                    body_hash: entry.body().hash(),
                    refs: &body.refs,
                    size: ledger.size() - 1,
                    contents: &self.documents,
                    linked: &self.states,
                    evidence: &Evidence::None,
                };
                self.state(book).decide(body, event, &context)
            }
            Err(error) => Err(Rejection::from(error.clone())),
        };
        match decided {
            Ok(consequences) => {
                if !consequences.is_empty() || matches!(event, Event::Register(RegisterEvent::DayClosed(_))) {
                    self.forge(book, &ledger, &consequences, late);
                }
                self.take(book, ledger, &event);
                for Consequence { event } in consequences {
                    let mut ledger = self.world.ledger(book).clone();
                    let mut hook = |draft: &mut Draft| draft.received -= late;
                    let service = ledger.service_key.clone();
                    ledger.push(
                        &mut hook,
                        event.event_type(),
                        &service,
                        self.now,
                        &[],
                        event.payload(),
                    );
                    self.take(book, ledger, &event);
                }
                true
            }
            Err(refused) => {
                let reason = refused.to_string();
                let code = refused.code().to_owned();
                *self
                    .outcome
                    .refused
                    .entry((code.clone(), event_type))
                    .or_default() += 1;
                let at = ledger.size() - 1;
                let report = self.verify_with(book, ledger, Some(&event));
                self.require(book, at, &code, event_type, &reason, &report);
                false
            }
        }
    }

    /// An event stands.
    fn take(&mut self, book: Book, ledger: Ledger, event: &Event) {
        let entry = UnverifiedEntry::parse(ledger.entries.last().unwrap()).unwrap();
        let contents = event.contents().into_iter();
        self.cited
            .extend(contents.map(|content| *content.sha256.as_bytes()));
        let ledger_id = id(ledger.id);
        let hash = entry.body().hash();
        self.published.entry(ledger_id).or_default().apply(hash, event);
        if let Event::Register(RegisterEvent::ErasureOrdered(_)) = event {
            self.orders.push((book, hash));
        }
        let state = self.states.0.get_mut(&ledger_id).unwrap();
        state
            .evolve(&Position::from(&entry), event, &self.documents)
            .unwrap();
        *self.world.ledger(book) = ledger;
        *self.outcome.accepted.entry(event.event_type()).or_default() += 1;
    }

    /// Exactly what the clock brings about may stand behind a DayClosed: anything else is reported at the DayClosed.
    fn forge(&mut self, book: Book, closed: &Ledger, consequences: &[Consequence], late: u64) {
        if !self.chance(30) {
            return;
        }
        let Event::Register(RegisterEvent::DayClosed(DayClosed { day })) = last_event(closed) else {
            return;
        };
        let cause = UnverifiedEntry::parse(closed.entries.last().unwrap())
            .unwrap()
            .body()
            .hash();
        let at = closed.size() - 1;
        let mut forged: Vec<FoiEvent> = consequences
            .iter()
            .filter_map(|consequence| match &consequence.event {
                Event::Foi(event) => Some(event.clone()),
                _ => None,
            })
            .collect();
        let which = self.dice.random_range(0..forged.len().max(1));
        match self.dice.random_range(0..6) {
            0 if !forged.is_empty() => {
                forged.remove(which);
            }
            1 if forged.len() > 1 => forged.swap(0, which.max(1)),
            2 if !forged.is_empty() => match &mut forged[which] {
                FoiEvent::DeadlineMissed(e) => e.due -= 1,
                FoiEvent::SilenceDeemed(e) => e.day -= 1,
                FoiEvent::RequestAbandoned(e) => e.day += 1,
                _ => {}
            },
            3 if !forged.is_empty() => match &mut forged[which] {
                FoiEvent::DeadlineMissed(e) => e.day += 1,
                FoiEvent::SilenceDeemed(e) => e.item += 1,
                FoiEvent::RequestAbandoned(e) => e.request += 1,
                _ => {}
            },
            4 => {
                let open = self.foi(book).requests().filter(|request| request.is_open());
                let Some(item) = open.map(|request| request.seq).last() else {
                    return;
                };
                let more = FoiEvent::RequestAbandoned(RequestAbandoned {
                    cause,
                    request: item,
                    day: day + 2,
                });
                forged.push(more);
            }
            _ => {
                let other = BodyHash::from_bytes(self.salt());
                let Some(FoiEvent::DeadlineMissed(e)) = forged.get_mut(which) else {
                    return;
                };
                e.cause = other;
            }
        }
        let mut ledger = closed.clone();
        for event in forged {
            let event = foi(event);
            let service = ledger.service_key.clone();
            let mut hook = |draft: &mut Draft| draft.received -= late;
            ledger.push(
                &mut hook,
                event.event_type(),
                &service,
                self.now,
                &[],
                event.payload(),
            );
        }
        let report = self.verify_with(book, ledger, None);
        self.outcome.forged += 1;
        self.require(book, at, "foi.silence", 0x0005, "forged", &report);
    }

    fn require(&mut self, book: Book, at: u64, code: &str, event_type: u16, reason: &str, report: &Report) {
        let here = (Some(hex::encode(self.world.id(book))), Some(at));
        let (mut codes, mut elsewhere) = (BTreeSet::new(), Vec::new());
        for example in examples(report) {
            if (example.ledger.clone(), example.seq) == here {
                codes.insert(example.code);
            } else {
                // Two consequences that are forged alike have one nonce.
                let alike = example.code == "entry.nonce" && example.ledger == here.0 && example.seq > here.1;
                if !(alike || self.on_the_way() && example.code == "foi.transfer") {
                    elsewhere.push(example.clone());
                }
            }
        }
        // The service has no content of that length.
        let other_length = code == "opening.missing" && codes.contains("opening.mismatch");
        if !(codes.contains(code) || other_length) || !elsewhere.is_empty() {
            self.outcome.faults.push(format!(
                "seed {}, {book:?}, entry {at}, type {event_type:#06x}: refused under {code} ({reason}), reported under {codes:?} {elsewhere:?}",
                self.seed,
            ));
        }
    }

    /// Whether a transfer has not been received yet.
    fn on_the_way(&self) -> bool {
        self.pending().next().is_some()
    }

    fn pending(&self) -> impl Iterator<Item = (Book, u64, Book)> + '_ {
        let books = (0..self.registers()).map(Book::Register);
        books.flat_map(move |from| {
            let facts = self.foi(from).facts();
            let out: Vec<(u64, LedgerId)> = facts.transfers.iter().map(|(r, out)| (*r, out.to)).collect();
            out.into_iter().filter_map(move |(request, to)| {
                let to = (0..self.registers())
                    .map(Book::Register)
                    .find(|book| id(self.world.id(*book)) == to)?;
                let taken = &self.foi(to).facts().taken;
                (!taken.contains(&(id(self.world.id(from)), request))).then_some((from, request, to))
            })
        })
    }

    /// The verifier's report when a ledger is this one; `offered` is the event that was refused.
    fn verify_with(&mut self, book: Book, ledger: Ledger, offered: Option<&Event>) -> Report {
        let kept = std::mem::replace(self.world.ledger(book), ledger);
        let report = self.verify(offered);
        *self.world.ledger(book) = kept;
        report
    }

    fn verify(&mut self, offered: Option<&Event>) -> Report {
        let mut files = BTreeMap::new();
        self.world.calendar.publish(&mut files);
        let Facts::Calendar(calendar) = self.state(Book::Calendar).facts() else {
            panic!("a calendar");
        };
        for register in &mut self.world.registers {
            // It is made before it is listed.
            register.published = calendar.register(&id(register.ledger.id), u64::MAX).is_some();
            if register.published {
                register.ledger.publish(&mut files);
            }
        }
        let mut cited = self.cited.clone();
        let offered_contents = offered.map(Event::contents).unwrap_or_default();
        cited.extend(offered_contents.iter().map(|content| *content.sha256.as_bytes()));
        for hash in &cited {
            if let Some(bytes) = self.documents.contents.get(hash) {
                files.insert(format!("content/{}", hex::encode(hash)), bytes.to_vec());
            }
        }
        let mut open: BTreeSet<[u8; 32]> = self
            .published
            .values()
            .flat_map(|published| published.contents().map(|c| c.commitment))
            .collect();
        let fields = offered.map(Event::fields).unwrap_or_default();
        // What stands already is published, or not, as it stands.
        let fresh = |commitment: &[u8; 32]| {
            let states = self.states.0.values();
            let mut days = states.filter_map(State::days);
            days.all(|days| !days.holds(commitment))
        };
        let fields = fields.iter().filter(|f| f.open).map(|f| f.committed.commitment);
        open.extend(fields.filter(fresh));
        for commitment in open {
            if let Some(opening) = self.documents.openings.get(&commitment) {
                files.insert(format!("openings/{}", hex::encode(commitment)), opening.clone());
            }
        }
        let trust = Trust::parse(self.world.trust().as_bytes()).unwrap();
        verify_jurisdiction_source(&MemorySource { files }, Some(&trust), Profile::Public).unwrap()
    }

    fn require_verified(&mut self) {
        let report = self.verify(None);
        let lost = |example: &CounterExample| example.code == "foi.transfer" && self.on_the_way();
        if report.verdict.exit_code() != 0 && !examples(&report).all(lost) {
            let text = report.to_text();
            self.outcome
                .faults
                .push(format!("seed {}: accepted, but not verified: {text}", self.seed));
        }
    }
}

fn examples(report: &Report) -> impl Iterator<Item = &CounterExample> {
    report.checks.iter().flat_map(|check| &check.counter_examples)
}

fn last_event(ledger: &Ledger) -> Event {
    let entry = UnverifiedEntry::parse(ledger.entries.last().unwrap()).unwrap();
    let body = entry.body().body();
    Event::parse(sijill_ledger::Kind::Foi, body.event_type, &body.payload).unwrap()
}

/// What happens.
impl Run {
    fn play(mut self) -> Outcome {
        self.list(MOI);
        self.list(Book::Register(1));
        for register in 0..2 {
            self.begin(Book::Register(register));
        }
        self.require_verified();
        for n in 0..180 {
            self.pass();
            if self.chance(12) {
                self.on_calendar();
            } else {
                let book = self.book();
                self.on_register(book);
            }
            if n % 25 == 24 {
                self.arrive();
                self.require_verified();
            }
            if self.now > (D0 + 170) * DAY_MS {
                break;
            }
        }
        // What is open lapses.
        for _ in 0..3 {
            self.now += 9 * DAY_MS;
            for register in 0..self.registers() {
                self.wake(Book::Register(register));
            }
        }
        self.arrive();
        self.require_verified();
        self.outcome
    }

    fn book(&mut self) -> Book {
        let registers = self.registers();
        Book::Register(self.dice.random_range(0..registers))
    }

    fn pass(&mut self) {
        self.now += match self.dice.random_range(0..20) {
            0..8 => self.below(LAG_MS),
            8..16 => self.below(3 * 60 * MINUTE),
            16..19 => self.below(DAY_MS),
            _ => self.below(5 * DAY_MS),
        };
    }

    /// Lists a register, at last without a flaw.
    fn list(&mut self, book: Book) {
        let Book::Register(at) = book else { return };
        let register = &self.world.registers[at];
        let (ledger, id, authority) = (register.ledger.id, register.id, register.authority);
        let offer = |run: &mut Run, ledger, kind, visibility, name: &str| {
            let payload = listing(ledger, kind, visibility, name, authority);
            let event = Event::parse(
                sijill_ledger::Kind::Calendar,
                sijill_ledger::EventType::new(0x0104),
                &payload,
            );
            run.now += MINUTE;
            event.is_ok_and(|event| run.offer("commission", Book::Calendar, event))
        };
        match self.dice.random_range(0..6) {
            0 => {
                offer(self, ledger, 3, 1, id);
            }
            1 => {
                offer(self, ledger, 7, 2, id);
            }
            2 => {
                offer(self, ledger, 7, 1, "moi-2026");
            }
            _ => {}
        }
        while !offer(self, ledger, 7, 1, id) {
            let facts = self.state(Book::Calendar).facts();
            let Facts::Calendar(facts) = facts else { return };
            if facts.register(&LedgerId::from_bytes(ledger), u64::MAX).is_some() {
                return;
            }
        }
    }

    fn service(&mut self, book: Book) -> String {
        self.world.ledger(book).service_key.clone()
    }

    /// The calendar, mostly as it is.
    fn cite(&mut self) -> Cited {
        let calendar = &self.world.calendar;
        let size = calendar.size();
        let less = self.dice.random_range(0..12);
        let size = if less < 2 {
            size.saturating_sub(less + 1).max(1)
        } else {
            size
        };
        (
            calendar.id,
            size,
            root(&calendar.leaves[..usize::try_from(size).unwrap()]),
        )
    }

    fn see(&mut self, book: Book) -> bool {
        let (service, cited) = (self.service(book), self.cite());
        let event = Event::Register(RegisterEvent::CalendarSeen);
        self.offer_citing(&service, book, event, vec![cited])
    }

    /// CalendarSeen and RegisterDefined, at last without a flaw.
    fn begin(&mut self, book: Book) {
        for _ in 0..60 {
            self.now += MINUTE;
            if self.foi(book).days().size() == 0 {
                if self.chance(10) {
                    self.act(book);
                }
                self.see(book);
            } else if self.foi(book).pack_in_force().is_none() {
                if self.chance(10) {
                    self.act(book);
                }
                self.wake(book);
                let pack = self.any_pack();
                let defined = FoiEvent::RegisterDefined(RegisterDefined { pack });
                self.offer("commission", book, foi(defined));
            } else {
                return;
            }
        }
        panic!("seed {}: no definition is taken", self.seed);
    }

    fn any_pack(&mut self) -> ContentRef {
        if self.chance(5) {
            return self.documents.put(b"no pack");
        }
        self.packs[self.dice.random_range(0..self.packs.len())]
    }

    /// Closes the days before today, mostly, and takes what arrives.
    fn wake(&mut self, book: Book) {
        if self.foi(book).days().size() == 0 {
            return;
        }
        let (today, closed) = (self.today(book), self.foi(book).days().closed());
        let calendar = self.calendar(book).unwrap();
        let first = self.foi(book).days().first_day(&calendar).unwrap();
        let first = u64::try_from(day_number(first)).unwrap();
        let reached = closed.map_or(first, |closed| u64::from(closed) + 1);
        if reached >= today {
            return;
        }
        if self.chance(10) {
            // Not over, or closed before, or only a part of what is due.
            let day = today - 2 + self.below(3);
            self.close(book, day);
        }
        for _ in 0..40 {
            self.close(book, today - 1);
            if self.foi(book).days().closed() == Some(u32::try_from(today - 1).unwrap()) {
                return;
            }
            self.now += 1_000;
            if self.today(book) != today {
                return;
            }
        }
    }

    fn close(&mut self, book: Book, day: u64) -> bool {
        let (service, cited) = (self.service(book), self.cite());
        let day = u32::try_from(day).unwrap();
        let event = Event::Register(RegisterEvent::DayClosed(DayClosed { day }));
        self.offer_citing(&service, book, event, vec![cited])
    }

    /// Everything that is on its way arrives.
    fn arrive(&mut self) {
        for _ in 0..20 {
            let Some((from, request, to)) = self.pending().next() else {
                return;
            };
            self.now += MINUTE;
            self.wake(to);
            self.receive(to, from, request);
        }
    }

    fn receive(&mut self, to: Book, from: Book, request: u64) -> bool {
        if to == from {
            // A ref to the ledger itself: no body at all.
            return false;
        }
        let service = self.service(to);
        let cited = self.world.ledger(from).cite();
        let event = FoiEvent::TransferReceived(TransferReceived {
            from: id(self.world.id(from)),
            request,
        });
        self.offer_citing(&service, to, foi(event), vec![cited])
    }

    fn on_calendar(&mut self) {
        match self.dice.random_range(0..12) {
            0..8 => {
                let facts = self.state(Book::Calendar).facts();
                let Facts::Calendar(facts) = facts else { return };
                let known = facts.facts.len() as u64;
                let corrects = (known > 0 && self.chance(40)).then(|| {
                    facts.facts[usize::try_from(self.below(known)).unwrap()]
                        .fact
                        .clone()
                });
                let today = self.now / DAY_MS;
                let mut first = today - 4 + self.below(14);
                let mut last = first + self.below(4);
                let withdraws = self.chance(40);
                let mut status = u8::try_from(self.below(4)).unwrap();
                if let Some(old) = corrects.as_ref().filter(|_| withdraws) {
                    first = u64::try_from(day_number(old.first)).unwrap();
                    last = u64::try_from(day_number(old.last)).unwrap();
                    status = 3;
                }
                let payload = fact(first, last, status, corrects.map(|fact| fact.seq));
                let event = parse_calendar(0x0102, &payload);
                self.offer("commission", Book::Calendar, event);
            }
            8 => {
                let pack = self.packs[0];
                let adopted = CalendarEvent::PackAdopted(PackAdopted { kind: 7, pack });
                self.offer("commission", Book::Calendar, Event::Calendar(adopted));
            }
            9 => {
                let event = parse_calendar(0x0101, &definition("Asia/Qatar", &[5, 6]));
                self.offer("commission", Book::Calendar, event);
            }
            10 if self.registers() == 2 => self.next_year(),
            _ => {
                let granted = parse_calendar(0x0002, &grant("another", 1, None));
                self.offer("commission", Book::Calendar, granted);
            }
        }
    }

    /// A register that continues one of the first two, of the same authority or another.
    fn next_year(&mut self) {
        let old = self.book();
        let authority = if self.chance(70) { "moi" } else { "moj" };
        let before = self.world.ledger(old).cite();
        self.world.now = self.now;
        self.world.add_register(7, "next-2027", authority, "");
        let ledger = self.world.registers.pop().unwrap().ledger;
        let next = self
            .world
            .add_ledger(ledger.continuing(before), "next-2027", authority);
        self.world.genesis(next);
        self.start(next);
        self.list(next);
        let right = (authority == "moi") == (old == MOI);
        self.now += MINUTE;
        if right {
            self.begin(next);
        } else {
            while self.foi(next).days().size() == 0 {
                self.now += MINUTE;
                self.see(next);
            }
            let pack = self.any_pack();
            let defined = FoiEvent::RegisterDefined(RegisterDefined { pack });
            self.offer("commission", next, foi(defined));
        }
    }

    fn on_register(&mut self, book: Book) {
        if !self.chance(4) {
            self.wake(book);
            if !self.chance(4) {
                self.arrive();
            }
        }
        match self.dice.random_range(0..40) {
            0 => {
                self.see(book);
            }
            1 => self.see_if_grown(book),
            2 => {
                self.erase(book);
                if self.chance(60) {
                    self.pass();
                    self.wake(book);
                    self.confirm(book);
                }
            }
            3 if self.chance(40) => self.confirm(book),
            4 | 5 => self.board(book),
            6 => {
                let granted = parse_foi(0x0002, &grant("another", 7, None));
                self.offer("commission", book, granted);
            }
            7 => {
                let revoked = parse_foi(0x0003, &grant("another", 7, None));
                self.offer("commission", book, revoked);
            }
            8 if self.chance(40) => {
                let pack = self.any_pack();
                self.offer(
                    "commission",
                    book,
                    foi(FoiEvent::RulesChosen(RulesChosen { pack })),
                );
            }
            9 if self.chance(50) => {
                let successor = self.book();
                let successor = id(self.world.id(successor));
                let event = FoiEvent::RegisterSucceeded(RegisterSucceeded { successor });
                self.offer("commission", book, foi(event));
            }
            10 => {
                let from = self.book();
                let request = self.request(from, |_, _| true);
                self.receive(book, from, request);
            }
            _ => self.act(book),
        }
    }

    fn see_if_grown(&mut self, book: Book) {
        if self.foi(book).days().size() < self.world.calendar.size() {
            self.see(book);
        }
    }

    fn erase(&mut self, book: Book) {
        let all = self.documents.openings.keys();
        let days = self.foi(book).days();
        let standing: Vec<[u8; 32]> = all.filter(|commitment| days.holds(commitment)).copied().collect();
        let mut commitments = BTreeSet::new();
        for _ in 0..1 + self.below(2) {
            let at = self.below(standing.len() as u64);
            commitments.extend(standing.get(usize::try_from(at).unwrap()).copied());
        }
        if self.chance(5) {
            commitments.insert(self.salt());
        }
        let event = RegisterEvent::ErasureOrdered(ErasureOrdered {
            commitments: commitments.into_iter().collect(),
            basis: if self.chance(4) { " " } else { "Law No. 13 of 2016" }.into(),
        });
        self.offer("commission", book, Event::Register(event));
    }

    fn confirm(&mut self, book: Book) {
        let orders: Vec<BodyHash> = self
            .orders
            .iter()
            .filter(|(b, _)| *b == book)
            .map(|(_, o)| *o)
            .collect();
        let order = match orders.len() {
            0 => BodyHash::from_bytes(self.salt()),
            n if self.chance(70) => orders[n - 1],
            n => orders[self.dice.random_range(0..n)],
        };
        let who = if self.chance(80) {
            "second commission"
        } else {
            "commission"
        };
        let event = RegisterEvent::ErasureConfirmed(ErasureConfirmed { order });
        self.offer(who, book, Event::Register(event));
    }

    /// Publishes the due dates, or what somebody would like them to be.
    fn board(&mut self, book: Book) {
        let mut size = self.world.ledger(book).size();
        let Ok(bytes) = self.foi(book).due_dates(size, &self.states) else {
            return;
        };
        let mut text = String::from_utf8(bytes).unwrap();
        let mut view = "due-dates";
        match self.dice.random_range(0..12) {
            0 => text = text.replacen("\"due\":\"2026-01", "\"due\":\"2026-02", 1),
            1 => text = text.replacen("overdue", "running", 1),
            2 => text = text.replacen("running", "paused", 1),
            3 => size += 1,
            4 => size = 1,
            5 => view = "moderation-log",
            _ => {}
        }
        let content = self.documents.put(text.as_bytes());
        let service = self.service(book);
        let event = RegisterEvent::ViewPublished(RegisterViewPublished {
            view: view.into(),
            size,
            content,
        });
        self.offer(&service, book, Event::Register(event));
    }

    /// A request of the register that `fits`, mostly.
    fn request(
        &mut self,
        book: Book,
        fits: impl Fn(&FoiState, &sijill_registers::foi::Request) -> bool,
    ) -> u64 {
        let state = self.foi(book);
        let all: Vec<u64> = state.requests().map(|request| request.seq).collect();
        let fitting: Vec<u64> = state
            .requests()
            .filter(|request| fits(state, request))
            .map(|request| request.seq)
            .collect();
        if self.chance(2) {
            let size = self.world.ledger(book).size();
            return self.below(size + 2);
        }
        let from = if self.chance(85) && !fitting.is_empty() {
            fitting
        } else {
            all
        };
        match from.len() {
            0 => 3,
            n => from[self.dice.random_range(0..n)],
        }
    }

    /// Nobody, or a letter of the last days (or of a wrong one), and who enters it.
    fn letter(&mut self, book: Book) -> (&'static str, Option<Letter>) {
        if self.chance(60) {
            return ("service", None);
        }
        let today = self.today(book);
        let received_on = match self.dice.random_range(0..20) {
            0 => today + 1,
            1 => today - 367,
            _ => today - self.below(4),
        };
        let letter = Letter {
            received_on: u32::try_from(received_on).unwrap(),
            scan: self.commit("a scan"),
        };
        (if self.chance(80) { "officer" } else { "both" }, Some(letter))
    }

    fn officer(&mut self) -> &'static str {
        if self.chance(80) { "officer" } else { "both" }
    }

    fn act(&mut self, book: Book) {
        let has_question = |_: &FoiState, r: &sijill_registers::foi::Request| {
            let asked = |s: &sijill_rules::StepAt| s.step == Step::ClarificationAsked;
            let answered = |s: &sijill_rules::StepAt| {
                matches!(
                    s.step,
                    Step::ClarificationAnswered | Step::ClarificationReceived { .. }
                )
            };
            let count = |of: &dyn Fn(&sijill_rules::StepAt) -> bool| r.steps.iter().filter(|s| of(s)).count();
            r.is_open() && count(&asked) > count(&answered)
        };
        let open = |_: &FoiState, r: &sijill_registers::foi::Request| r.is_open();
        let ended = |_: &FoiState, r: &sijill_registers::foi::Request| !r.is_open();
        let officer = self.officer();
        let today = u32::try_from(self.today(book)).unwrap();
        match self.dice.random_range(0..46) {
            0..6 => {
                let (author, letter) = self.letter(book);
                let event = FoiEvent::RequestSubmitted(RequestSubmitted {
                    requester: self.commit("Fatima"),
                    text: self.commit("What did the tower cost?"),
                    letter,
                });
                let request = self.world.ledger(book).size();
                if self.offer(author, book, foi(event)) && self.chance(60) {
                    let summary = self.commit("Costs of the tower");
                    let event = FoiEvent::RequestAdmitted(RequestAdmitted { request, summary });
                    self.offer(officer, book, foi(event));
                }
            }
            6..9 => {
                let request = self.request(book, |_, r| r.admitted.is_none());
                let summary = self.commit("Costs of the tower");
                let event = FoiEvent::RequestAdmitted(RequestAdmitted { request, summary });
                self.offer(officer, book, foi(event));
            }
            9 => {
                let event = FoiEvent::RequestRoutedOut(RequestRoutedOut {
                    request: self.request(book, open),
                    ground: u8::try_from(self.below(4)).unwrap(),
                    explanation: self.commit("Ask for your own data"),
                });
                self.offer(officer, book, foi(event));
            }
            10..13 => {
                let to = self.book();
                let to = match self.dice.random_range(0..10) {
                    0 => id(self.world.calendar.id),
                    1 => id(self.salt()),
                    _ => id(self.world.id(to)),
                };
                let event = FoiEvent::RequestTransferred(RequestTransferred {
                    request: self.request(book, open),
                    to,
                    reason: self.commit("They hold it"),
                });
                self.offer(officer, book, foi(event));
            }
            13 => {
                let request = self.request(book, |_, _| true);
                let similar = self.request(book, move |_, r| r.seq < request);
                let event = FoiEvent::RequestsLinked(RequestsLinked { request, similar });
                self.offer(officer, book, foi(event));
            }
            14..17 => {
                let event = FoiEvent::ClarificationAsked(ClarificationAsked {
                    request: self.request(book, open),
                    question: self.commit("Which tower?"),
                });
                self.offer(officer, book, foi(event));
            }
            17..19 => {
                let (author, letter) = self.letter(book);
                let event = FoiEvent::ClarificationGiven(ClarificationGiven {
                    request: self.request(book, has_question),
                    answer: self.commit("The tall one"),
                    letter,
                });
                self.offer(author, book, foi(event));
            }
            19 | 20 => {
                let event = FoiEvent::FeeQuoted(FeeQuoted {
                    request: self.request(book, open),
                    amount: self.below(9),
                    currency: if self.chance(5) { "qar" } else { "QAR" }.into(),
                    pay_by: today + u32::try_from(self.below(4)).unwrap(),
                });
                let request = event.request().unwrap_or_default();
                if self.offer(officer, book, foi(event)) && self.chance(50) {
                    let event = FoiEvent::FeeSettled(FeeSettled { request, how: 1 });
                    self.offer(officer, book, foi(event));
                }
            }
            21 => {
                let event = FoiEvent::FeeSettled(FeeSettled {
                    request: self.request(book, |_, r| r.fee_open.is_some()),
                    how: u8::try_from(self.below(4)).unwrap(),
                });
                self.offer(officer, book, foi(event));
            }
            22..24 => {
                let request = self.request(book, move |_, r| r.fee_open.is_some_and(|by| by < today));
                self.offer(officer, book, foi(FoiEvent::FeeUnpaid(FeeUnpaid { request })));
            }
            24 => {
                let event = FoiEvent::ThirdPartyConsulted(ThirdPartyConsulted {
                    request: self.request(book, open),
                    party: self.commit("Builders Ltd"),
                    notice: self.commit("We mean to release"),
                });
                let consultation = self.world.ledger(book).size();
                if self.offer(officer, book, foi(event)) && self.chance(50) {
                    let reply = self.commit("We do not mind");
                    let event = FoiEvent::ThirdPartyReplied(ThirdPartyReplied { consultation, reply });
                    self.offer(officer, book, foi(event));
                }
            }
            25 => {
                let state = self.foi(book);
                let all = state
                    .requests()
                    .flat_map(|r| r.consultations.iter().map(|c| c.seq));
                let all: Vec<u64> = all.collect();
                let consultation = match all.len() {
                    0 => self.below(9),
                    n => all[self.dice.random_range(0..n)],
                };
                let reply = self.commit("We do not mind");
                let event = FoiEvent::ThirdPartyReplied(ThirdPartyReplied { consultation, reply });
                self.offer(officer, book, foi(event));
            }
            26..28 => {
                let event = FoiEvent::DeadlineExtended(DeadlineExtended {
                    request: self.request(book, open),
                    reason: self.commit("Many papers"),
                });
                self.offer(officer, book, foi(event));
            }
            28 => {
                let (author, letter) = self.letter(book);
                let request = self.request(book, open);
                let event = FoiEvent::RequestWithdrawn(RequestWithdrawn { request, letter });
                self.offer(author, book, foi(event));
            }
            29..34 => self.decide(book, officer),
            34..36 => {
                let request = self.request(book, |_, r| !r.is_open() && r.decision.is_some());
                let documents = self.documents_of(book, request);
                let releases = documents.into_iter().map(|document| Release {
                    document,
                    rendition: self.commit("a file"),
                });
                let releases: Vec<Release> = releases.collect();
                let event = FoiEvent::ReleaseMade(ReleaseMade { request, releases });
                self.offer(officer, book, foi(event));
            }
            36..38 => {
                let request = self.request(book, |_, r| !r.released.is_empty());
                let released = self
                    .foi(book)
                    .request(request)
                    .map(|r| r.released.keys().copied().collect());
                let mut documents: Vec<u16> = released.unwrap_or_default();
                if self.chance(20) || documents.is_empty() {
                    documents = self.documents_of(book, request);
                }
                let reason = self.commit("A name was in it");
                let event = FoiEvent::ReleaseWithdrawn(ReleaseWithdrawn {
                    request,
                    documents,
                    reason,
                });
                self.offer(officer, book, foi(event));
            }
            38..42 => {
                let (author, letter) = self.letter(book);
                let event = FoiEvent::GrievanceFiled(GrievanceFiled {
                    request: self.request(book, ended),
                    statement: self.commit("I disagree"),
                    letter,
                });
                self.offer(author, book, foi(event));
            }
            _ => {
                let state = self.foi(book);
                let all = state.requests().flat_map(|r| r.grievances.iter());
                let open: Vec<u64> = all.filter(|g| g.end.is_none()).map(|g| g.seq).collect();
                let all: Vec<u64> = state
                    .requests()
                    .flat_map(|r| r.grievances.iter().map(|g| g.seq))
                    .collect();
                let from = if open.is_empty() { all } else { open };
                let grievance = match from.len() {
                    0 => self.below(9),
                    n => from[self.dice.random_range(0..n)],
                };
                let judge = if self.chance(70) { "judge" } else { "both" };
                let event = FoiEvent::GrievanceDecided(GrievanceDecided {
                    grievance,
                    decision: u8::try_from(self.below(5)).unwrap(),
                    reason: self.commit("Reasons"),
                });
                self.offer(judge, book, foi(event));
            }
        }
    }

    /// Numbers of documents, ascending.
    fn documents_of(&mut self, book: Book, request: u64) -> Vec<u16> {
        let decision = self.foi(book).request(request).and_then(|r| r.decision.as_ref());
        let n = decision.map_or(1, |decision| decision.documents.len());
        let all = 0..u16::try_from(n).unwrap() + u16::from(self.chance(10));
        let mut some: Vec<u16> = all.filter(|_| self.dice.random_range(0..3) > 0).collect();
        if some.is_empty() && !self.chance(10) {
            some.push(0);
        }
        some
    }

    fn decide(&mut self, book: Book, officer: &str) {
        let request = self.request(book, |_, r| {
            r.admitted.is_some() && (r.is_open() || r.is_reopened())
        });
        let statement = self.commit("Decided");
        let n = if self.chance(4) { 0 } else { 1 + self.below(2) };
        let mut documents = Vec::new();
        for _ in 0..n {
            let outcome = match self.dice.random_range(0..20) {
                0 => 0,
                1 => 6,
                _ => 1 + u8::try_from(self.below(5)).unwrap(),
            };
            let slip = self.dice.random_range(0..25);
            let exempt = matches!(outcome, 2 | 3) != (slip == 0);
            let code = if slip == 1 { "convenience" } else { "privacy" };
            documents.push(DocumentDecision {
                title: self.commit("An invoice"),
                outcome,
                exemptions: if exempt { vec![code.into()] } else { Vec::new() },
                original: (matches!(outcome, 2 | 3) != (slip == 2)).then(|| self.commit("the invoice")),
                place: ((outcome == 5) != (slip == 3))
                    .then(|| if slip == 4 { " " } else { "On the site" }.into()),
            });
        }
        let event = FoiEvent::DecisionMade(DecisionMade {
            request,
            statement,
            documents,
        });
        self.offer(officer, book, foi(event));
    }
}

fn parse_calendar(event_type: u16, payload: &[u8]) -> Event {
    let event_type = sijill_ledger::EventType::new(event_type);
    Event::parse(sijill_ledger::Kind::Calendar, event_type, payload).unwrap()
}

fn parse_foi(event_type: u16, payload: &[u8]) -> Event {
    let event_type = sijill_ledger::EventType::new(event_type);
    Event::parse(sijill_ledger::Kind::Foi, event_type, payload).unwrap()
}

#[test]
fn the_registers_and_the_verifier_agree_on_every_offer() {
    let seeds = std::env::var("SIJILL_RANDOM_REGISTERS").ok();
    let seeds = seeds.and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let outcomes: Vec<Outcome> = (0..seeds)
        .into_par_iter()
        .map(|seed| Run::new(seed).play())
        .collect();
    let mut faults = Vec::new();
    let mut forged = 0;
    let mut accepted: BTreeMap<u16, usize> = BTreeMap::new();
    let mut refused: BTreeMap<(String, u16), usize> = BTreeMap::new();
    for outcome in outcomes {
        faults.extend(outcome.faults);
        forged += outcome.forged;
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
        assert!(n >= 1, "{name} was never accepted: {accepted:?}");
    }
    assert!(forged > 20, "{forged} closed days were forged");
    let codes: BTreeSet<&str> = refused.keys().map(|(code, _)| code.as_str()).collect();
    for code in [
        "calendar.commitment",
        "calendar.day",
        "calendar.erasure",
        "calendar.fact",
        "calendar.order",
        "calendar.pack",
        "calendar.register",
        "calendar.seen",
        "calendar.view",
        "event.author",
        "event.grant",
        "foi.clock",
        "foi.decision",
        "foi.definition",
        "foi.due-dates",
        "foi.grievance",
        "foi.officer",
        "foi.order",
        "foi.release",
        "foi.request",
        "foi.third-party",
        "foi.transfer",
        "opening.form",
        "opening.missing",
    ] {
        assert!(
            codes.contains(code),
            "nothing was refused under {code}: {refused:?}"
        );
    }
}
