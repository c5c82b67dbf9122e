//! Read models at scale: a consultation with a million comments, and 40 registers with 200,000 open requests for information
//! and 100,000 that were decided.
//!
//! Everything is synthetic: events are applied to the states of the registers without a signature, a chain, an opening on
//! a disk or a decision whether they may stand; texts are made of 20,000 words, half of them Arabic with vowel signs. What is
//! measured is real: the rows, the file on the disk, the queries.
//!
//!     cargo bench -p sijill-benches --bench boards                a million comments
//!     cargo bench -p sijill-benches --bench boards -- --quick     a hundredth of it

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its figures"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sijill_benches::{Meter, resident_bytes};
use sijill_boards::{BoardFilter, Boards, Cursor, Scope, Source, StandingFilter, Threads, gather};
use sijill_ledger::{
    BodyHash, Committed, ContentHash, ContentRef, Genesis, GenesisFields, Grant, KeyId, Kind, LeafHash,
    LedgerId, Ref, Role, Root, SigningKey, UnixMillis,
};
use sijill_registers::calendar::events::*;
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::document::{Clause, ClauseText, Document};
use sijill_registers::consultation::events::*;
use sijill_registers::foi::events::*;
use sijill_registers::register::*;
use sijill_rules::{FoiPack, day_number};

const REGISTERS: usize = 40;
const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;
/// Items that one step of building takes.
const STEP: usize = 5_000;
const VOCABULARY: usize = 20_000;

const SERVICE: KeyId = KeyId::from_bytes([1; 32]);

fn officer(register: usize, n: usize) -> KeyId {
    let mut key = [7; 32];
    key[0] = u8::try_from(register).unwrap();
    key[1] = u8::try_from(n).unwrap();
    KeyId::from_bytes(key)
}

// --- contents -----------------------------------------------------------------------------------------------------------

/// Documents, and texts that are made from the number in their commitment.
struct Texts {
    contents: BTreeMap<ContentHash, Arc<[u8]>>,
    words: Vec<String>,
}

impl Texts {
    fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(5);
        let arabic: Vec<char> = "ابتثجحخدذرزسشصضطظعغفقكلمنهويأإآةى".chars().collect();
        let english: Vec<char> = "abcdefghijklmnopqrstuvwxyz".chars().collect();
        let words = (0..VOCABULARY).map(|n| {
            let letters = if n % 2 == 0 { &arabic } else { &english };
            let mut word = String::new();
            for _ in 0..rng.random_range(3..9) {
                word.push(*letters.choose(&mut rng).unwrap());
                if n % 2 == 0 && rng.random_bool(0.2) {
                    word.push('\u{064E}');
                }
            }
            word
        });
        Self {
            contents: BTreeMap::new(),
            words: words.collect(),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> ContentRef {
        let content = ContentRef::of(bytes).unwrap();
        self.contents.insert(content.sha256, bytes.into());
        content
    }

    /// Few words are in most texts, most words in few.
    fn word(&self, rng: &mut StdRng) -> &str {
        let place: f64 = rng.random();
        let at = (place.powi(3) * VOCABULARY as f64) as usize;
        &self.words[at.min(VOCABULARY - 1)]
    }

    fn text(&self, number: u64) -> String {
        let mut rng = StdRng::seed_from_u64(number);
        let count = rng.random_range(15..40);
        let words: Vec<&str> = (0..count).map(|_| self.word(&mut rng)).collect();
        words.join(" ")
    }
}

impl Contents for Texts {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let bytes = self.contents.get(&content.sha256);
        bytes
            .map(Arc::clone)
            .ok_or(ContentProblem::Missing(content.sha256))
    }

    fn opening(&self, committed: &Committed) -> Result<Arc<[u8]>, ContentProblem> {
        let (number, _) = committed.commitment.split_first_chunk().unwrap();
        Ok(self.text(u64::from_be_bytes(*number)).into_bytes().into())
    }
}

// --- ledgers ------------------------------------------------------------------------------------------------------------

#[derive(Default)]
struct States(BTreeMap<LedgerId, Ledger>);

struct Ledger {
    genesis: Genesis,
    state: State,
    size: u64,
}

impl Linked for States {
    fn facts(&self, ledger: &LedgerId) -> Option<Facts> {
        self.0.get(ledger).map(|ledger| ledger.state.facts())
    }
}

impl States {
    fn create(&mut self, kind: Kind, parent: Option<LedgerId>, number: u64) -> LedgerId {
        let mut random = [0; 32];
        random[..8].copy_from_slice(&number.to_be_bytes());
        let key = |seed: u8| SigningKey::from_seed(&[seed; 32]).key_id();
        let genesis = Genesis::new(GenesisFields {
            kind,
            origin: "bench.example/boards".parse().unwrap(),
            parent,
            ledger_key: key(201),
            service_key: key(200),
            grants: vec![Grant {
                key: key(202),
                role: Role::Commission,
                scope: None,
            }],
            max_lag_ms: 30_000,
            official_window_ms: DAY_MS,
            random,
            predecessor: None,
        })
        .unwrap();
        let state = State::start(&genesis).unwrap();
        let id = genesis.id();
        let ledger = Ledger {
            genesis,
            state,
            size: 1,
        };
        self.0.insert(id, ledger);
        id
    }

    /// Applies an event as if it stood. Its position.
    fn apply(
        &mut self,
        ledger: LedgerId,
        author: KeyId,
        at_ms: u64,
        cites: Option<Ref>,
        event: &Event,
        texts: &Texts,
    ) -> u64 {
        let one = self.0.get_mut(&ledger).unwrap();
        let at = Position {
            seq: one.size,
            author,
            received_ms: UnixMillis::clamped(at_ms),
            sequenced_ms: UnixMillis::clamped(at_ms),
            body_hash: BodyHash::from_bytes([0; 32]),
            cites,
        };
        one.state.evolve(&at, event, texts).unwrap();
        one.size += 1;
        at.seq
    }
}

struct World {
    states: States,
    texts: Texts,
    rng: StdRng,
    next_text: u64,
    calendar: LedgerId,
    registers: Vec<LedgerId>,
    forum: LedgerId,
    now_ms: u64,
}

fn day(text: &str) -> u32 {
    u32::try_from(day_number(text.parse().unwrap())).unwrap()
}

/// The beginning of a day in Qatar.
fn start(text: &str) -> u64 {
    u64::from(day(text)) * DAY_MS - 3 * HOUR_MS
}

impl World {
    fn new() -> Self {
        let mut states = States::default();
        let calendar = states.create(Kind::Calendar, None, 0);
        let registers = (1..=REGISTERS as u64).map(|n| states.create(Kind::Foi, Some(calendar), n));
        let registers = registers.collect();
        let forum = states.create(Kind::Consultation, Some(calendar), 1_000);
        let mut world = Self {
            states,
            texts: Texts::new(),
            rng: StdRng::seed_from_u64(3),
            next_text: 0,
            calendar,
            registers,
            forum,
            now_ms: start("2025-12-31"),
        };
        world.list();
        world
    }

    fn declare(&mut self, event: CalendarEvent) {
        let (calendar, now) = (self.calendar, self.now_ms);
        self.states
            .apply(calendar, SERVICE, now, None, &Event::Calendar(event), &self.texts);
    }

    fn list(&mut self) {
        self.declare(CalendarEvent::JurisdictionDefined(JurisdictionDefined {
            name_en: "Qatar".into(),
            name_ar: "قطر".into(),
            time_zone: "Asia/Qatar".into(),
            weekly_rest: vec![5, 6],
            rehearsal: true,
        }));
        let pack = include_str!("../../fixtures/rules/foi-qa-2022-009-working.toml");
        let pack = self.texts.put(&FoiPack::parse(pack).unwrap().to_json());
        self.declare(CalendarEvent::PackAdopted(PackAdopted { kind: 7, pack }));
        let listed: Vec<(LedgerId, u16, String, String)> = self
            .registers
            .iter()
            .enumerate()
            .map(|(n, ledger)| (*ledger, 7, format!("body-{n}-2026"), format!("body-{}", n / 2)))
            .chain([(self.forum, 6, "forum".to_owned(), "council".to_owned())])
            .collect();
        for (ledger, kind, id, authority) in listed {
            self.declare(CalendarEvent::RegisterListed(RegisterListed {
                ledger,
                kind,
                visibility: PUBLIC,
                id: id.parse().unwrap(),
                authority: authority.parse().unwrap(),
                name_en: "A register".into(),
                name_ar: String::new(),
            }));
        }
        for (first, last) in [
            ("2026-02-10", "2026-02-10"),
            ("2026-03-17", "2026-03-23"),
            ("2026-05-26", "2026-05-30"),
            ("2026-12-18", "2026-12-18"),
        ] {
            self.holiday(first, last);
        }
        for ledger in self.registers.clone().into_iter().chain([self.forum]) {
            self.see(ledger);
        }
        for ledger in self.registers.clone() {
            let event = Event::Foi(FoiEvent::RegisterDefined(RegisterDefined { pack }));
            self.states
                .apply(ledger, SERVICE, self.now_ms, None, &event, &self.texts);
        }
    }

    fn holiday(&mut self, first: &str, last: &str) {
        self.declare(CalendarEvent::FactDeclared(FactDeclared {
            first: day(first),
            last: day(last),
            status: 2,
            corrects: None,
            name_en: "A holiday".into(),
            name_ar: String::new(),
            source: "A gazette".into(),
        }));
    }

    /// The register cites all of the calendar.
    fn see(&mut self, ledger: LedgerId) {
        self.now_ms += 1;
        let cites = Ref {
            ledger: self.calendar,
            size: self.states.0[&self.calendar].size,
            root: Root::from_bytes([0; 32]),
        };
        let event = Event::Register(RegisterEvent::CalendarSeen);
        self.states
            .apply(ledger, SERVICE, self.now_ms, Some(cites), &event, &self.texts);
    }

    fn commit(&mut self) -> Committed {
        let mut commitment = [0; 32];
        commitment[..8].copy_from_slice(&self.next_text.to_be_bytes());
        self.next_text += 1;
        Committed {
            commitment,
            length: 200,
        }
    }

    /// Requests of a register over half a year: a third decided, the rest open; of these some paused, some extended.
    fn fill_register(&mut self, which: usize, cases: usize) {
        let ledger = self.registers[which];
        let (first, last) = (start("2026-01-01"), start("2026-06-30"));
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum Do {
            Submit,
            Admit,
            Extend,
            Ask,
            Decide,
            Release,
        }
        let mut plan = Vec::new();
        for case in 0..cases {
            let at = self.rng.random_range(first..last - 9 * DAY_MS);
            plan.push((at, Do::Submit, case));
            plan.push((at + HOUR_MS, Do::Admit, case));
            match case % 3 {
                0 => {
                    let decided = at + self.rng.random_range(1..9) * DAY_MS;
                    plan.push((decided, Do::Decide, case));
                    plan.push((decided + HOUR_MS, Do::Release, case));
                }
                1 if case % 5 == 0 => plan.push((at + 2 * DAY_MS, Do::Extend, case)),
                2 if case % 7 == 0 => plan.push((at + 3 * DAY_MS, Do::Ask, case)),
                _ => {}
            }
        }
        plan.sort_unstable();
        let mut requests = vec![0; cases];
        for (at, what, case) in plan {
            let request = requests[case];
            let event = match what {
                Do::Submit => FoiEvent::RequestSubmitted(RequestSubmitted {
                    requester: self.commit(),
                    text: self.commit(),
                    letter: None,
                }),
                Do::Admit => FoiEvent::RequestAdmitted(RequestAdmitted {
                    request,
                    summary: self.commit(),
                }),
                Do::Extend => FoiEvent::DeadlineExtended(DeadlineExtended {
                    request,
                    reason: self.commit(),
                }),
                Do::Ask => FoiEvent::ClarificationAsked(ClarificationAsked {
                    request,
                    question: self.commit(),
                }),
                Do::Decide => {
                    let title = self.commit();
                    let original = Some(self.commit());
                    FoiEvent::DecisionMade(DecisionMade {
                        request,
                        statement: self.commit(),
                        documents: vec![DocumentDecision {
                            title,
                            outcome: 2,
                            exemptions: vec!["commercial".into()],
                            original,
                            place: None,
                        }],
                    })
                }
                Do::Release => FoiEvent::ReleaseMade(ReleaseMade {
                    request,
                    releases: vec![Release {
                        document: 0,
                        rendition: self.commit(),
                    }],
                }),
            };
            let author = match what {
                Do::Submit => SERVICE,
                _ => officer(which, case % 10),
            };
            let seq = self
                .states
                .apply(ledger, author, at, None, &Event::Foi(event), &self.texts);
            if what == Do::Submit {
                requests[case] = seq;
            }
        }
    }

    /// A consultation on 200 clauses by a tenth as many persons as comments.
    fn fill_forum(&mut self, comments: usize) {
        let ledger = self.forum;
        let mut at = start("2026-02-01");
        let clauses: Vec<Clause> = (0..200)
            .map(|n| Clause {
                id: format!("clause-{n}"),
                number: n.to_string(),
                text: ClauseText {
                    en: format!("Clause {n}."),
                    ar: String::new(),
                },
            })
            .collect();
        let bytes = Document::write(&clauses);
        let hashes: Vec<OnClause> = {
            let document = Document::parse(&bytes, &[2]).unwrap();
            let on = |clause: &Clause| OnClause {
                version: 1,
                clause: clause.id.clone(),
                hash: *document.clause(&clause.id).unwrap().1,
                quote: None,
            };
            clauses.iter().map(on).collect()
        };
        let document = self.texts.put(&bytes);
        let settings = Settings {
            first: day("2026-02-01"),
            last: day("2026-06-01"),
            report_due: day("2026-09-01"),
            late: 1,
            categories: vec![1],
            verified_only: false,
            owner_en: "Council".into(),
            owner_ar: String::new(),
            officer_en: "Secretary".into(),
            officer_ar: String::new(),
        };
        let defined = ConsultationDefined {
            name_en: "A consultation".into(),
            name_ar: String::new(),
            languages: vec![2],
            settings,
            questions: Vec::new(),
        };
        let mut events = vec![
            ConsultationEvent::ConsultationDefined(defined),
            ConsultationEvent::DocumentPublished(DocumentPublished {
                version: 1,
                document,
                moves: Vec::new(),
            }),
        ];
        let person = |n: usize| {
            let mut person = [0; 32];
            person[..8].copy_from_slice(&(n as u64).to_be_bytes());
            Person(person)
        };
        let people = comments / 10;
        events.extend((0..people).map(|n| {
            ConsultationEvent::ParticipantEnrolled(ParticipantEnrolled {
                person: person(n),
                key: None,
                category: 1,
                verified: true,
            })
        }));
        events.extend((0..20).map(|n| {
            ConsultationEvent::ThemeDefined(ThemeDefined {
                theme: format!("theme-{n}"),
                name_en: format!("Theme {n}"),
                name_ar: String::new(),
            })
        }));
        for event in events {
            at += 10;
            self.states.apply(
                ledger,
                SERVICE,
                at,
                None,
                &Event::Consultation(event),
                &self.texts,
            );
        }
        let step = 100 * DAY_MS / comments as u64;
        // Position and depth of the latest comments.
        let mut latest: Vec<(u64, u8)> = Vec::new();
        let moderator = KeyId::from_bytes([9; 32]);
        for n in 0..comments {
            at += step;
            let to = latest
                .choose(&mut self.rng)
                .copied()
                .filter(|(_, depth)| *depth < 16);
            let to = to.filter(|_| self.rng.random_bool(0.4));
            let clause = match to {
                Some(_) => None,
                None => hashes.choose(&mut self.rng).cloned().filter(|_| n % 9 != 0),
            };
            let event = ConsultationEvent::CommentAttested(CommentAttested {
                person: person(self.rng.random_range(0..people)),
                reply_to: to.map(|(position, _)| position),
                clause,
                text: self.commit(),
                record: None,
            });
            let comment = self.states.apply(
                ledger,
                SERVICE,
                at,
                None,
                &Event::Consultation(event),
                &self.texts,
            );
            let depth = to.map_or(1, |(_, depth)| depth + 1);
            if latest.len() < 500 {
                latest.push((comment, depth));
            } else {
                latest[n % 500] = (comment, depth);
            }
            let more = match n % 100 {
                50 => Some(ConsultationEvent::CommentHidden(CommentHidden {
                    comment,
                    code: 4,
                    note: None,
                })),
                70 if n % 200 == 70 => Some(ConsultationEvent::AnswerGiven(AnswerGiven {
                    to: vec![comment],
                    text: self.commit(),
                })),
                _ if n % 2 == 0 => Some(ConsultationEvent::CommentsAssigned(CommentsAssigned {
                    theme: format!("theme-{}", n / 2 % 20),
                    added: vec![comment],
                    removed: Vec::new(),
                })),
                _ => None,
            };
            if let Some(event) = more {
                let event = Event::Consultation(event);
                self.states
                    .apply(ledger, moderator, at, None, &event, &self.texts);
                if matches!(event, Event::Consultation(ConsultationEvent::CommentHidden(_))) {
                    latest.retain(|(position, _)| *position != comment);
                }
            }
        }
    }

    fn source(&self, ledger: LedgerId) -> Source<'_> {
        let one = &self.states.0[&ledger];
        Source {
            size: one.size,
            last: LeafHash::from_bytes([0; 32]),
            state: &one.state,
            linked: &self.states,
            now_ms: self.now_ms,
        }
    }

    /// Steps until nothing is to do.
    fn follow(&self, boards: &mut Boards, ledger: LedgerId, events: &[(u64, Event)]) {
        let mut events = events;
        loop {
            let progress = boards.progress(ledger).unwrap();
            let Some(batch) = gather(&progress, events, &self.source(ledger), STEP).unwrap() else {
                return;
            };
            boards.write(batch, &self.texts).unwrap();
            events = &[];
        }
    }
}

// --- figures ------------------------------------------------------------------------------------------------------------

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

fn row(what: &str, figure: &str, meter: &Meter) {
    let (wall, cpu) = meter.seconds();
    println!("{what:<62} {figure:>12} {wall:>9.2} {cpu:>9.2}   load {}", load());
}

/// Processor time of this thread, in milliseconds.
fn thread_ms() -> f64 {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    at.tv_sec as f64 * 1_000.0 + at.tv_nsec as f64 / 1_000_000.0
}

/// Runs a query many times; median and 99th percentile on the wall, then of processor time, in milliseconds. On a machine
/// that does other work too the wall says how long the query waited for a processor.
fn query(what: &str, times: usize, mut ask: impl FnMut(usize) -> usize) {
    let mut found = 0;
    let (mut wall, mut cpu): (Vec<f64>, Vec<f64>) = (0..times)
        .map(|n| {
            let (start, before) = (Instant::now(), thread_ms());
            found += ask(n);
            (start.elapsed().as_secs_f64() * 1_000.0, thread_ms() - before)
        })
        .unzip();
    assert!(found > 0, "{what}: nothing was found");
    let at = |all: &mut Vec<f64>, part: f64| {
        all.sort_by(f64::total_cmp);
        all[((all.len() - 1) as f64 * part) as usize]
    };
    println!(
        "  {what:<60} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
        at(&mut wall, 0.5),
        at(&mut wall, 0.99),
        at(&mut cpu, 0.5),
        at(&mut cpu, 0.99),
    );
}

fn file_size(path: &Path) -> String {
    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    format!("{:.0} MiB", bytes as f64 / 1_048_576.0)
}

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let (comments, cases, times) = if quick {
        (10_000, 75, 50)
    } else {
        (1_000_000, 7_500, 1_000)
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores, load {}", load());
    println!("{:<62} {:>12} {:>9} {:>9}", "", "", "wall s", "CPU s");

    let meter = Meter::start();
    let mut world = World::new();
    for register in 0..REGISTERS {
        world.fill_register(register, cases);
    }
    world.fill_forum(comments);
    world.now_ms = start("2026-07-01") + 9 * HOUR_MS;
    let figure = format!("{:.0} MiB", resident_bytes() as f64 / 1_048_576.0);
    row(
        "states of all registers (not a part of the figures)",
        &figure,
        &meter,
    );

    snapshots(&world, &world.registers, "registers of requests");
    snapshots(&world, &[world.forum], "consultation");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boards.sqlite");
    let mut boards = Boards::open(&path).unwrap();
    let whole = Meter::start();
    let meter = Meter::start();
    for register in world.registers.clone() {
        world.follow(&mut boards, register, &[]);
    }
    row(
        &format!("built: {} requests", REGISTERS * cases),
        &file_size(&path),
        &meter,
    );
    let meter = Meter::start();
    world.follow(&mut boards, world.forum, &[]);
    row(&format!("built: {comments} comments"), &file_size(&path), &meter);
    row("built: all", "", &whole);

    queries(&world, &boards, times, cases);

    let meter = Meter::start();
    world.holiday("2026-07-05", "2026-07-06");
    let mut seen = Vec::new();
    for register in world.registers.clone() {
        seen.push((register, world.states.0[&register].size));
        world.see(register);
    }
    for (register, position) in seen {
        let event = Event::Register(RegisterEvent::CalendarSeen);
        world.follow(&mut boards, register, &[(position, event)]);
    }
    let open: usize = world
        .registers
        .iter()
        .map(|l| world.states.0[l].state.as_foi().unwrap().unsettled().count())
        .sum();
    row(
        "all open due dates anew after a holiday was declared",
        &open.to_string(),
        &meter,
    );
    let meter = Meter::start();
    world.now_ms += DAY_MS;
    for register in world.registers.clone() {
        world.follow(&mut boards, register, &[]);
    }
    row(
        "all open due dates anew on the next day",
        &open.to_string(),
        &meter,
    );

    println!(
        "  {:<60} {:>9} {:>9} {:>9} {:>9}",
        "an event until its rows are written", "p50 ms", "p99 ms", "CPU p50", "CPU p99"
    );
    let (register, forum) = (world.registers[0], world.forum);
    query("a request is submitted", times / 2, |_| {
        let event = Event::Foi(FoiEvent::RequestSubmitted(RequestSubmitted {
            requester: world.commit(),
            text: world.commit(),
            letter: None,
        }));
        let now = world.now_ms;
        let position = world
            .states
            .apply(register, SERVICE, now, None, &event, &world.texts);
        world.follow(&mut boards, register, &[(position, event)]);
        1
    });
    query("a comment is made", times / 2, |n| {
        let mut person = [0; 32];
        person[..8].copy_from_slice(&(n as u64 % 500).to_be_bytes());
        let event = Event::Consultation(ConsultationEvent::CommentAttested(CommentAttested {
            person: Person(person),
            reply_to: None,
            clause: None,
            text: world.commit(),
            record: None,
        }));
        let now = world.now_ms;
        let position = world
            .states
            .apply(forum, SERVICE, now, None, &event, &world.texts);
        world.follow(&mut boards, forum, &[(position, event)]);
        1
    });

    let meter = Meter::start();
    boards.forget(register).unwrap();
    row(
        "a register is taken out, and all words are merged anew",
        &file_size(&path),
        &meter,
    );
}

/// What a restart reads in the place of the events.
fn snapshots(world: &World, ledgers: &[LedgerId], what: &str) {
    let meter = Meter::start();
    let copies: Vec<(LedgerId, Vec<u8>)> = ledgers
        .iter()
        .map(|ledger| {
            (
                *ledger,
                world.states.0[ledger].state.snapshot().unwrap().to_bytes(),
            )
        })
        .collect();
    let bytes: usize = copies.iter().map(|(_, bytes)| bytes.len()).sum();
    let figure = format!("{} MiB", bytes >> 20);
    row(&format!("snapshots of states: {what}"), &figure, &meter);
    let meter = Meter::start();
    for (ledger, bytes) in &copies {
        let one = &world.states.0[ledger];
        let restored = State::restore(&one.genesis, bytes, &world.texts).unwrap();
        assert!(restored.snapshot().unwrap().to_bytes() == *bytes);
    }
    row(
        &format!("states from snapshots, and again to compare: {what}"),
        "",
        &meter,
    );
}

fn queries(world: &World, boards: &Boards, times: usize, cases: usize) {
    let mut rng = StdRng::seed_from_u64(9);
    println!(
        "  {:<60} {:>9} {:>9} {:>9} {:>9}",
        "queries, pages of 50 lines", "p50 ms", "p99 ms", "CPU p50", "CPU p99"
    );
    let filter = |scope: Scope| BoardFilter {
        scope,
        standing: None,
        officer: None,
    };
    let lines =
        |filter: &BoardFilter, from: Option<&Cursor>| boards.board(filter, from, 50).unwrap().lines.len();
    // A place of the work list, in one of the first ledgers of the file.
    let place = |rng: &mut StdRng| -> Cursor {
        let due = rng.random_range(day("2026-01-20")..day("2026-07-01"));
        format!("0.{due}.{}", 1u64 << 40).parse().unwrap()
    };
    let one = |rng: &mut StdRng| *world.registers.choose(rng).unwrap();
    query("work list of all registers, its beginning", times, |_| {
        lines(&filter(Scope::All), None)
    });
    query("work list of all registers, from anywhere", times, |_| {
        lines(&filter(Scope::All), Some(&place(&mut rng)))
    });
    query("work list of an authority", times, |n| {
        lines(
            &filter(Scope::Authority(format!("body-{}", n % (REGISTERS / 2)))),
            Some(&place(&mut rng)),
        )
    });
    query("work list of a register", times, |_| {
        lines(&filter(Scope::Register(one(&mut rng))), Some(&place(&mut rng)))
    });
    for standing in [
        StandingFilter::Overdue,
        StandingFilter::DueToday,
        StandingFilter::Paused,
        StandingFilter::Extended,
    ] {
        let mut narrow = filter(Scope::All);
        narrow.standing = Some(standing);
        query(
            &format!("work list of all registers: {standing:?}"),
            times,
            |_| lines(&narrow, None),
        );
    }
    query("work list of an officer in all registers", times, |n| {
        let mut narrow = filter(Scope::All);
        narrow.officer = Some(officer(n % REGISTERS, n % 10));
        lines(&narrow, None)
    });
    query("how many requests stand where, in all registers", times, |_| {
        usize::try_from(boards.board_counts(&Scope::All).unwrap().overdue).unwrap()
    });
    query("disclosure log of all registers, from anywhere", times, |_| {
        let day = rng.random_range(day("2026-02-01")..day("2026-06-30"));
        let from: Cursor = format!("{day}.{}.1", 1u64 << 40).parse().unwrap();
        boards
            .disclosures(&Scope::All, Some(&from), 50)
            .unwrap()
            .lines
            .len()
    });
    query("disclosure log of a register", times, |_| {
        boards
            .disclosures(&Scope::Register(one(&mut rng)), None, 50)
            .unwrap()
            .lines
            .len()
    });
    query("league of all registers", times, |_| {
        boards.league(&Scope::All).unwrap().len()
    });
    query("league of all authorities", times, |_| {
        boards.league_of_authorities().unwrap().len()
    });
    query(
        "a case, with its computation (from the register's state)",
        times,
        |_| {
            let foi = world.states.0[&one(&mut rng)].state.as_foi().unwrap();
            let number = rng.random_range(1..=cases as u64);
            foi.case(number, world.now_ms, &world.states)
                .unwrap()
                .english
                .len()
        },
    );
    query("published answers to something like a text", times, |n| {
        let text = world.texts.text(10_000_000 + n as u64);
        boards.similar(&text, 10).unwrap().len()
    });
    let forum = world.forum;
    let position = |rng: &mut StdRng| -> Cursor {
        let size = world.states.0[&forum].size;
        let ledger = REGISTERS as u64 + 1;
        ((ledger << 40) + rng.random_range(1..size))
            .to_string()
            .parse()
            .unwrap()
    };
    query("threads from anywhere, each with 20 replies", times, |_| {
        let from = position(&mut rng);
        boards
            .threads(forum, &Threads::All, Some(&from), 50, 20)
            .unwrap()
            .lines
            .len()
    });
    query("threads of a clause, each with 20 replies", times, |n| {
        let which = Threads::Clause(format!("clause-{}", n % 200));
        boards
            .threads(forum, &which, Some(&position(&mut rng)), 50, 20)
            .unwrap()
            .lines
            .len()
    });
    query("contributions per clause", times, |_| {
        boards.clauses(forum).unwrap().clauses.len()
    });
    query("coverage by answers", times, |_| {
        boards.coverage(forum).unwrap().themes.len()
    });
    query("contributions in no theme, from anywhere", times, |_| {
        boards
            .uncovered(forum, Some(&position(&mut rng)), 50)
            .unwrap()
            .lines
            .len()
    });
    query("moderation log from anywhere", times, |_| {
        boards
            .moderation_log(forum, Some(&position(&mut rng)), 50)
            .unwrap()
            .lines
            .len()
    });
    query("head of the moderation log", times, |_| {
        usize::try_from(boards.moderation_head(forum).unwrap().1.comments).unwrap()
    });
    let texts = &world.texts;
    query("search: one word, as people use them", times, |_| {
        let word = texts.word(&mut rng).to_owned();
        boards.search(forum, &word, None, 50).unwrap().lines.len()
    });
    query(
        "search: one of the ten most frequent words, from anywhere",
        times,
        |n| {
            let word = &texts.words[n % 10];
            boards
                .search(forum, word, Some(&position(&mut rng)), 50)
                .unwrap()
                .lines
                .len()
        },
    );
    query("search: three words, as people use them", times, |_| {
        let words = [0; 3].map(|_| texts.word(&mut rng).to_owned()).join(" ");
        boards.search(forum, &words, None, 50).unwrap().lines.len()
    });
}
