//! A jurisdiction in memory: its calendar and two registers of freedom of information with their chains and states,
//! contents, a clock. After every accepted event the ledger is replayed from its entries and compared with the state
//! that grew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a harness shared by several test files"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sijill_ledger::{
    Admission, Body, Chain, Committed, ContentHash, ContentRef, Entry, Genesis, GenesisFields, Grant, Kind,
    LedgerId, Nonce, Predecessor, Ref, Role, SignedBody, SigningKey, UnixMillis,
};
use sijill_registers::calendar::events::*;
use sijill_registers::catalogue::Event;
use sijill_registers::foi::FoiState;
use sijill_registers::foi::events::*;
use sijill_registers::register::*;
use sijill_rules::{FoiPack, day_number};

pub const QATAR: &str = include_str!("../../../../fixtures/rules/foi-qa-2022-009.toml");
pub const QATAR_WORKING: &str = include_str!("../../../../fixtures/rules/foi-qa-2022-009-working.toml");

/// A law that knows everything: in working days or not, with deemed refusals, in Qatar.
pub const FULL: &str = r#"
format = "sijill-foi-rules/1"
id = "full"
version = 1
title = { en = "Everything is known", ar = "" }
legal_basis = "none: invented for tests"
confidence = "invented"
valid_from = "2025-01-01"
[calendar]
time_zone = "Asia/Qatar"
weekly_rest = ["friday", "saturday"]
[clock]
answer_days = 15
unit = "calendar"
start = "next_day"
roll = "next_working_day"
max_extensions = 1
extension_days = 15
silence = "deemed_refusal"
clarification = "pause"
clarification_limit_days = 30
fee_policy = "pauses"
transfer = "restart"
grievance_days = 30
grievance_decision_days = 10
grievance_silence = "deemed_refusal"
third_party_days = 10
court_days = 60
[[exemptions]]
code = "commercial"
title = { en = "Trade secrets", ar = "" }
[[exemptions]]
code = "security"
title = { en = "National security", ar = "" }
"#;

#[derive(Default)]
pub struct Documents {
    contents: BTreeMap<ContentHash, Arc<[u8]>>,
    openings: BTreeMap<[u8; 32], Vec<u8>>,
}

impl Documents {
    pub fn put(&mut self, bytes: &[u8]) -> ContentRef {
        let content = ContentRef::of(bytes).unwrap();
        self.contents.insert(content.sha256, bytes.into());
        content
    }
}

impl Contents for Documents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let bytes = self
            .contents
            .get(&content.sha256)
            .ok_or(ContentProblem::Missing(content.sha256))?;
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

pub struct OneLedger {
    pub chain: Chain,
    pub state: State,
    pub entries: Vec<Entry>,
}

#[derive(Default)]
pub struct OtherLedgers(pub BTreeMap<LedgerId, OneLedger>);

impl Linked for OtherLedgers {
    fn facts(&self, ledger: &LedgerId) -> Option<Facts> {
        self.0.get(ledger).map(|l| l.state.facts())
    }
}

#[derive(Debug)]
pub enum Refused {
    Chain(sijill_ledger::ChainError),
    Register(Rejection),
}

impl Refused {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Chain(_) => "chain",
            Self::Register(r) => r.code(),
        }
    }
}

pub struct World {
    pub now: u64,
    pub rng: StdRng,
    pub documents: Documents,
    pub ledgers: OtherLedgers,
    pub service: SigningKey,
    pub ledger_key: SigningKey,
    pub commission: SigningKey,
    pub second: SigningKey,
    pub officer: SigningKey,
    pub grievance: SigningKey,
    pub calendar: LedgerId,
    pub register: LedgerId,
    pub other: LedgerId,
    /// Whether days are closed as time passes.
    pub awake: bool,
    /// Off for long random histories.
    pub replay: bool,
}

pub fn day(text: &str) -> u32 {
    u32::try_from(day_number(text.parse::<Date>().unwrap())).unwrap()
}

/// A moment in Qatar: `2025-12-03 10:00`.
pub fn moment(text: &str) -> u64 {
    let at: DateTime = text.replace(' ', "T").parse().unwrap();
    let zone = TimeZone::get("Asia/Qatar").unwrap();
    u64::try_from(zone.to_timestamp(at).unwrap().as_millisecond()).unwrap()
}

pub fn local(at_ms: u64) -> u32 {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(at_ms).unwrap()).unwrap();
    let date = TimeZone::get("Asia/Qatar").unwrap().to_datetime(at).date();
    u32::try_from(day_number(date)).unwrap()
}

impl World {
    /// Calendar and registers, listed, not defined, at a moment.
    pub fn listed(at: &str) -> Self {
        let mut rng = StdRng::seed_from_u64(11);
        let mut key = || SigningKey::generate(&mut rng);
        let (service, ledger_key, commission, second, officer, grievance) =
            (key(), key(), key(), key(), key(), key());
        let none = LedgerId::from_bytes([0; 32]);
        let mut world = Self {
            now: moment(at),
            rng,
            documents: Documents::default(),
            ledgers: OtherLedgers::default(),
            service,
            ledger_key,
            commission,
            second,
            officer,
            grievance,
            calendar: none,
            register: none,
            other: none,
            awake: true,
            replay: true,
        };
        world.calendar = world.create(Kind::Calendar, None, None);
        let jurisdiction = JurisdictionDefined {
            name_en: "Qatar".into(),
            name_ar: "قطر".into(),
            time_zone: "Asia/Qatar".into(),
            weekly_rest: vec![5, 6],
            rehearsal: true,
        };
        world
            .declare(CalendarEvent::JurisdictionDefined(jurisdiction))
            .unwrap();
        world.register = world.create(Kind::Foi, Some(world.calendar), None);
        world.other = world.create(Kind::Foi, Some(world.calendar), None);
        world.list(world.register, "moph-2026", "moph").unwrap();
        world.list(world.other, "moi-2026", "moi").unwrap();
        world
    }

    /// Both registers are defined under a pack.
    pub fn under(pack: &str, at: &str) -> Self {
        let mut world = Self::listed(at);
        let pack = world.adopt(pack);
        for register in [world.register, world.other] {
            world.now += 1;
            world.see(register).unwrap();
            world.now += 1;
            let defined = FoiEvent::RegisterDefined(RegisterDefined { pack });
            world.commission(register, Event::Foi(defined)).unwrap();
        }
        world
    }

    /// With the holidays that were known when the packs were written: Eids are estimates.
    pub fn with_holidays(pack: &str, at: &str) -> Self {
        let mut world = Self::under(pack, at);
        for (name, first, last, status) in [
            ("National Day", "2025-12-18", "2025-12-18", 2),
            ("Sports Day", "2026-02-10", "2026-02-10", 2),
            ("Eid al-Fitr", "2026-03-17", "2026-03-23", 1),
            ("Eid al-Adha", "2026-05-26", "2026-05-30", 1),
        ] {
            world.holiday(name, first, last, status, None).unwrap();
        }
        world.now += 1;
        world.see(world.register).unwrap();
        world.see(world.other).unwrap();
        world
    }

    pub fn create(&mut self, kind: Kind, parent: Option<LedgerId>, after: Option<Predecessor>) -> LedgerId {
        let mut random = [0; 32];
        self.rng.fill_bytes(&mut random);
        let grants = [
            (&self.commission, Role::Commission),
            (&self.second, Role::Commission),
            (&self.officer, Role::FoiOfficer),
            (&self.grievance, Role::GrievanceOfficer),
            // An officer of both kinds, who must not decide on grievances about own acts.
            (&self.officer, Role::GrievanceOfficer),
        ]
        .map(|(key, role)| Grant {
            key: key.key_id(),
            role,
            scope: None,
        });
        let genesis = Genesis::new(GenesisFields {
            kind,
            origin: "foi.example/test".parse().unwrap(),
            parent,
            ledger_key: self.ledger_key.key_id(),
            service_key: self.service.key_id(),
            grants: grants.to_vec(),
            max_lag_ms: 30_000,
            official_window_ms: 604_800_000,
            random,
            predecessor: after,
        })
        .unwrap();
        let state = State::start(&genesis).unwrap();
        let (chain, entry) = Chain::create(genesis, &self.service, UnixMillis::clamped(self.now)).unwrap();
        let id = chain.ledger();
        let entries = vec![entry];
        self.ledgers.0.insert(
            id,
            OneLedger {
                chain,
                state,
                entries,
            },
        );
        id
    }

    pub fn cite(&self, ledger: LedgerId) -> Ref {
        let seen = self.ledgers.0[&ledger].chain.seen();
        Ref {
            ledger,
            size: seen.size,
            root: seen.root,
        }
    }

    pub fn size(&self, ledger: LedgerId) -> u64 {
        self.ledgers.0[&ledger].chain.size()
    }

    pub fn foi(&self, ledger: LedgerId) -> &FoiState {
        self.ledgers.0[&ledger].state.as_foi().unwrap()
    }

    // --- time ---------------------------------------------------------------------------------------------------

    /// Time passes; whoever is awake closes each day at one second past midnight.
    pub fn at(&mut self, text: &str) {
        self.until(moment(text));
    }

    pub fn until(&mut self, at_ms: u64) {
        assert!(at_ms >= self.now, "time goes on");
        while self.awake && local(self.now) < local(at_ms) {
            let today = local(self.now);
            let midnight = (u64::from(today) + 1) * 86_400_000 - 3 * 3_600_000;
            self.now = midnight + 1_000;
            for register in [self.register, self.other] {
                self.close(register, today).unwrap();
            }
        }
        self.now = at_ms;
    }

    pub fn close(&mut self, register: LedgerId, day: u32) -> Result<(), Refused> {
        let event = RegisterEvent::DayClosed(DayClosed { day });
        self.serve(register, Event::Register(event), &[self.calendar])
    }

    pub fn see(&mut self, register: LedgerId) -> Result<(), Refused> {
        let event = Event::Register(RegisterEvent::CalendarSeen);
        self.serve(register, event, &[self.calendar])
    }

    // --- the calendar -------------------------------------------------------------------------------------------

    pub fn declare(&mut self, event: CalendarEvent) -> Result<(), Refused> {
        self.commission(self.calendar, Event::Calendar(event))
    }

    pub fn list(&mut self, ledger: LedgerId, id: &str, authority: &str) -> Result<(), Refused> {
        self.declare(CalendarEvent::RegisterListed(RegisterListed {
            ledger,
            kind: 7,
            visibility: 1,
            id: id.parse().unwrap(),
            authority: authority.parse().unwrap(),
            name_en: "A register".into(),
            name_ar: "سجل".into(),
        }))
    }

    pub fn adopt(&mut self, pack: &str) -> ContentRef {
        let pack = FoiPack::parse(pack).unwrap();
        let pack = self.documents.put(&pack.to_json());
        self.declare(CalendarEvent::PackAdopted(PackAdopted { kind: 7, pack }))
            .unwrap();
        pack
    }

    /// Position of the fact.
    pub fn holiday(
        &mut self,
        name: &str,
        first: &str,
        last: &str,
        status: u8,
        corrects: Option<u64>,
    ) -> Result<u64, Refused> {
        let seq = self.size(self.calendar);
        self.declare(CalendarEvent::FactDeclared(FactDeclared {
            first: day(first),
            last: day(last),
            status,
            corrects,
            name_en: name.into(),
            name_ar: String::new(),
            source: "Amiri Diwan".into(),
        }))?;
        Ok(seq)
    }

    // --- contents -----------------------------------------------------------------------------------------------

    /// A fresh commitment, whose opening is handed in.
    pub fn commit(&mut self, content: &str) -> Committed {
        let mut salt = [0; 32];
        self.rng.fill_bytes(&mut salt);
        let committed = Committed::new(&salt, content.as_bytes());
        let opening = [&salt[..], content.as_bytes()].concat();
        self.documents.openings.insert(committed.commitment, opening);
        committed
    }

    pub fn letter(&mut self, on: &str) -> Letter {
        Letter {
            received_on: day(on),
            scan: self.commit("a scan"),
        }
    }

    // --- requests -----------------------------------------------------------------------------------------------

    /// Position of a request that somebody submits to the first register.
    pub fn request(&mut self) -> u64 {
        let event = RequestSubmitted {
            requester: self.commit("Fatima, fatima@example.org"),
            text: self.commit("What did the tower cost?"),
            letter: None,
        };
        let seq = self.size(self.register);
        self.ask(FoiEvent::RequestSubmitted(event)).unwrap();
        seq
    }

    /// An event of the service on the first register.
    pub fn ask(&mut self, event: FoiEvent) -> Result<(), Refused> {
        self.serve(self.register, Event::Foi(event), &[])
    }

    /// An event of the officer on the first register.
    pub fn act(&mut self, event: FoiEvent) -> Result<(), Refused> {
        self.sign("officer", self.register, Event::Foi(event), &[])
    }

    pub fn admit(&mut self, request: u64) {
        let summary = self.commit("Costs of the tower");
        self.act(FoiEvent::RequestAdmitted(RequestAdmitted { request, summary }))
            .unwrap();
    }

    pub fn extend(&mut self, request: u64) -> Result<(), Refused> {
        let reason = self.commit("Many documents");
        self.act(FoiEvent::DeadlineExtended(DeadlineExtended { request, reason }))
    }

    pub fn question(&mut self, request: u64) -> Result<(), Refused> {
        let question = self.commit("Which tower?");
        self.act(FoiEvent::ClarificationAsked(ClarificationAsked {
            request,
            question,
        }))
    }

    pub fn answer(&mut self, request: u64) -> Result<(), Refused> {
        let event = ClarificationGiven {
            request,
            answer: self.commit("The blue one"),
            letter: None,
        };
        self.ask(FoiEvent::ClarificationGiven(event))
    }

    pub fn document(&mut self, outcome: u8, exemptions: &[&str]) -> DocumentDecision {
        let withheld = matches!(outcome, 2 | 3);
        DocumentDecision {
            title: self.commit("A document"),
            outcome,
            exemptions: exemptions.iter().map(|e| (*e).to_owned()).collect(),
            original: withheld.then(|| self.commit("the original")),
            place: (outcome == 5).then(|| "https://example.org/report".to_owned()),
        }
    }

    pub fn decide(&mut self, request: u64, documents: Vec<DocumentDecision>) -> Result<(), Refused> {
        let statement = self.commit("Decided as follows.");
        self.act(FoiEvent::DecisionMade(DecisionMade {
            request,
            statement,
            documents,
        }))
    }

    pub fn release(&mut self, request: u64, documents: &[u16]) -> Result<(), Refused> {
        let releases = documents
            .iter()
            .map(|document| Release {
                document: *document,
                rendition: self.commit("the rendition"),
            })
            .collect();
        self.act(FoiEvent::ReleaseMade(ReleaseMade { request, releases }))
    }

    /// Position of the grievance.
    pub fn grieve(&mut self, request: u64) -> Result<u64, Refused> {
        let event = GrievanceFiled {
            request,
            statement: self.commit("I do not agree"),
            letter: None,
        };
        let seq = self.size(self.register);
        self.ask(FoiEvent::GrievanceFiled(event))?;
        Ok(seq)
    }

    pub fn decide_grievance(&mut self, who: &str, grievance: u64, decision: u8) -> Result<(), Refused> {
        let reason = self.commit("Because");
        let event = FoiEvent::GrievanceDecided(GrievanceDecided {
            grievance,
            decision,
            reason,
        });
        self.sign(who, self.register, Event::Foi(event), &[])
    }

    // --- what stands --------------------------------------------------------------------------------------------

    /// The published due date of a request of the first register, by number.
    pub fn due(&self, number: u64) -> serde_json::Value {
        self.due_on(self.register, number)
    }

    pub fn due_on(&self, register: LedgerId, number: u64) -> serde_json::Value {
        let bytes = self
            .foi(register)
            .due_dates(self.size(register), &self.ledgers)
            .unwrap();
        let view: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        view["requests"][usize::try_from(number).unwrap() - 1].clone()
    }

    /// Names and days of what the clock brought about on a register: `name item day`.
    pub fn brought_about(&self, register: LedgerId) -> Vec<(String, u64, u32)> {
        let one = &self.ledgers.0[&register];
        let events = one.entries[1..].iter().map(|entry| {
            let body = entry.body();
            Event::parse(Kind::Foi, body.event_type, &body.payload).unwrap()
        });
        events
            .filter_map(|event| match event {
                Event::Foi(FoiEvent::DeadlineMissed(e)) => Some(("missed".to_owned(), e.item, e.day)),
                Event::Foi(FoiEvent::SilenceDeemed(e)) => Some(("deemed".to_owned(), e.item, e.day)),
                Event::Foi(FoiEvent::RequestAbandoned(e)) => Some(("abandoned".to_owned(), e.request, e.day)),
                _ => None,
            })
            .collect()
    }

    // --- submission ---------------------------------------------------------------------------------------------

    pub fn commission(&mut self, ledger: LedgerId, event: Event) -> Result<(), Refused> {
        self.sign("commission", ledger, event, &[])
    }

    pub fn sign(
        &mut self,
        who: &str,
        ledger: LedgerId,
        event: Event,
        cites: &[LedgerId],
    ) -> Result<(), Refused> {
        let key = match who {
            "commission" => &self.commission,
            "second" => &self.second,
            "officer" => &self.officer,
            "grievance" => &self.grievance,
            other => panic!("nobody is {other}"),
        };
        let key = SigningKey::from_seed(&key.seed());
        let mut nonce = [0; 16];
        self.rng.fill_bytes(&mut nonce);
        let body = Body {
            ledger,
            event_type: event.wire_type(),
            author: key.key_id(),
            author_time_ms: UnixMillis::clamped(self.now),
            nonce: Nonce::from_bytes(nonce),
            seen: Some(self.ledgers.0[&ledger].chain.seen()),
            refs: cites.iter().map(|l| self.cite(*l)).collect(),
            payload: event.payload(),
        };
        self.submit(body.sign(&key).unwrap())
    }

    pub fn serve(&mut self, ledger: LedgerId, event: Event, cites: &[LedgerId]) -> Result<(), Refused> {
        let payload = event.payload();
        let refs: Vec<Ref> = cites.iter().map(|l| self.cite(*l)).collect();
        let nonce = citing_nonce(&event, &payload, &refs);
        let genesis = self.ledgers.0[&ledger].chain.genesis().clone();
        let mut body = Body::by_service(&genesis, event.wire_type(), nonce, payload);
        body.refs = refs;
        self.submit(body.sign(&self.service).unwrap())
    }

    /// What door and sequencer do, in memory.
    pub fn submit(&mut self, body: SignedBody) -> Result<(), Refused> {
        let ledger = body.body().ledger;
        let at = UnixMillis::clamped(self.now);
        let one = &self.ledgers.0[&ledger];
        match one.chain.check_body(&body, at, at).map_err(Refused::Chain)? {
            Admission::New => {}
            Admission::Recorded { .. } => return Ok(()),
        }
        let event = Event::parse(one.state.kind(), body.body().event_type, &body.body().payload)
            .map_err(|e| Refused::Register(e.into()))?;
        let evidence = Evidence::None;
        let context = Context {
            received_ms: at,
            body_hash: body.hash(),
            refs: &body.body().refs,
            size: one.chain.size(),
            contents: &self.documents,
            linked: &self.ledgers,
            evidence: &evidence,
        };
        let consequences = one
            .state
            .decide(body.body(), &event, &context)
            .map_err(Refused::Register)?;
        let one = self.ledgers.0.get_mut(&ledger).unwrap();
        let genesis = one.chain.genesis().clone();
        let mut all = vec![(body, event)];
        for c in consequences {
            let payload = c.event.payload();
            let nonce = service_nonce(&c.event, &payload);
            let body = Body::by_service(&genesis, c.event.wire_type(), nonce, payload);
            all.push((body.sign(&self.service).unwrap(), c.event));
        }
        for (body, event) in all {
            let entry = one.chain.append(body, at, at).unwrap();
            one.state
                .evolve(&(&entry).into(), &event, &self.documents)
                .unwrap();
            one.entries.push(entry);
        }
        if self.replay {
            self.check_replay(ledger);
        }
        Ok(())
    }

    /// Replays the ledger from its bytes and compares.
    pub fn check_replay(&self, ledger: LedgerId) {
        let one = &self.ledgers.0[&ledger];
        let entries: Vec<_> = one
            .entries
            .iter()
            .map(|e| Entry::parse(e.bytes()).unwrap())
            .collect();
        let chain = Chain::replay(entries.iter().cloned()).unwrap();
        assert_eq!(chain.root(), one.chain.root());
        let mut state = State::start(chain.genesis()).unwrap();
        for entry in &entries[1..] {
            let body = entry.body();
            let event = Event::parse(state.kind(), body.event_type, &body.payload).unwrap();
            state.evolve(&entry.into(), &event, &self.documents).unwrap();
        }
        assert_eq!(format!("{:?}", state.facts()), format!("{:?}", one.state.facts()));
        if let Some(snapshot) = one.state.snapshot() {
            let restored = State::restore(chain.genesis(), &snapshot.to_bytes(), &self.documents).unwrap();
            assert_eq!(
                format!("{restored:?}"),
                format!("{:?}", one.state),
                "a snapshot is the state"
            );
        }
        if let (Some(a), Some(b)) = (state.as_foi(), one.state.as_foi()) {
            assert!(a.requests().eq(b.requests()));
            if b.pack_in_force().is_some() {
                let due = |s: &FoiState| s.due_dates(one.chain.size(), &self.ledgers).unwrap();
                assert_eq!(due(a), due(b));
            }
        }
    }
}
