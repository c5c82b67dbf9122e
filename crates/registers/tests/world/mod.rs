//! A whole event in memory: three ledgers with their chains and states, contents, a clock. After every accepted event
//! the ledger is replayed from its entries and compared with the state that grew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a harness shared by several test files"
)]

pub mod stations;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sijill_ballot::{
    Accumulator, Credential, CredentialList, Election, ElectionContext, Point, Selection, TrusteeSecret,
    VerifiedBallot, Vote, decrypt_tally, encrypt_ballot, prove_replaces,
};
use sijill_ledger::{
    Admission, Body, Chain, ContentHash, ContentRef, Entry, Genesis, GenesisFields, Grant, KeyId, Kind,
    LedgerId, Nonce, Ref, Role, SignedBody, SigningKey, UnixMillis,
};
use sijill_registers::ballot_box::events::*;
use sijill_registers::ballot_box::{BoxRejection, alpha_digest, check_ballot};
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::*;
use sijill_registers::election_file;
use sijill_registers::manifest::Manifest;
use sijill_registers::records::election_record;
use sijill_registers::register::*;
use sijill_registers::roll::events::*;
use sijill_rules::RulePack;

pub const PACK: &str = include_str!("../../../../fixtures/rules/plain-1.toml");
pub const DISTRICT: &str = "national";
pub const MINUTE: u64 = 60_000;

pub const FILE: &str = r#"
format = "sijill-election/1"
id = "test-2026"
name = { en = "A test", ar = "اختبار" }
rehearsal = true
rules = "plain-1"
time_zone = "Asia/Qatar"
opens = "2026-12-05T07:00:00+03:00"
closes = "2026-12-05T19:00:00+03:00"
administrator = "Commission"
credential_authority = "Registrar"
trustees = ["One", "Two"]
[[district]]
id = "national"
name = { en = "National", ar = "" }
[[district.question]]
text = { en = "Agreed?", ar = "موافق؟" }
answers = [{ en = "Yes", ar = "نعم" }, { en = "No", ar = "لا" }]
blank = true
min = 1
max = 1
"#;

#[derive(Default)]
pub struct Documents(BTreeMap<ContentHash, Arc<[u8]>>);

impl Documents {
    pub fn put(&mut self, bytes: &[u8]) -> ContentRef {
        let content = ContentRef::of(bytes).unwrap();
        self.0.insert(content.sha256, bytes.into());
        content
    }
}

impl Contents for Documents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let bytes = self
            .0
            .get(&content.sha256)
            .ok_or(ContentProblem::Missing(content.sha256))?;
        content
            .check(bytes)
            .map_err(|_| ContentProblem::Mismatch(content.sha256))?;
        Ok(Arc::clone(bytes))
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

pub struct World {
    pub now: u64,
    pub rng: StdRng,
    pub documents: Documents,
    pub ledgers: OtherLedgers,
    pub pack: RulePack,
    pub manifest: Manifest,
    pub service: SigningKey,
    pub ledger_key: SigningKey,
    pub commission: SigningKey,
    pub registrar: SigningKey,
    pub trustees: Vec<SigningKey>,
    pub secrets: Vec<TrusteeSecret>,
    pub election: LedgerId,
    pub roll: LedgerId,
    pub ballot_box: LedgerId,
    pub voters: Vec<Credential>,
    /// Persons on the roll: one for each credential, and some without.
    pub persons: u8,
    /// Whether commitments to credentials are real ones, so that they can be opened.
    pub real_commitments: bool,
    /// Whether a ledger is replayed after every event.
    pub replays: bool,
    pub stations: Vec<stations::Station>,
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

impl World {
    /// Three ledgers with their geneses, nothing else.
    pub fn new() -> Self {
        Self::of(FILE, PACK)
    }

    /// As [`World::new`], for an election file and a rule pack of the test.
    pub fn of(file: &str, pack: &str) -> Self {
        Self::starting(file, pack, 600 * MINUTE)
    }

    /// As [`World::of`], so long before the opening.
    pub fn starting(file: &str, pack: &str, before_ms: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(7);
        let pack = RulePack::parse(pack).unwrap();
        let manifest = election_file::compile(file, &pack).unwrap();
        let n = manifest.trustees.names.len();
        let mut key = || SigningKey::generate(&mut rng);
        let (service, ledger_key, commission, registrar) = (key(), key(), key(), key());
        let trustees: Vec<_> = (0..n).map(|_| key()).collect();
        let secrets = (0..n).map(|_| TrusteeSecret::generate(&mut rng)).collect();
        let voters = (0..6).map(|_| Credential::random(&mut rng)).collect();
        let none = LedgerId::from_bytes([0; 32]);
        let mut world = Self {
            now: manifest.opens_ms - before_ms,
            rng,
            documents: Documents::default(),
            pack,
            ledgers: OtherLedgers::default(),
            manifest,
            service,
            ledger_key,
            commission,
            registrar,
            trustees,
            secrets,
            election: none,
            roll: none,
            ballot_box: none,
            voters,
            persons: 7,
            real_commitments: false,
            replays: true,
            stations: Vec::new(),
        };
        world.election = world.create(Kind::Election, None);
        world.roll = world.create(Kind::Roll, Some(world.election));
        world.ballot_box = world.create(Kind::BallotBox, Some(world.election));
        world
    }

    pub fn create(&mut self, kind: Kind, parent: Option<LedgerId>) -> LedgerId {
        self.create_with(kind, parent, &[])
    }

    /// As [`World::create`], with station officers.
    pub fn create_with(&mut self, kind: Kind, parent: Option<LedgerId>, officers: &[KeyId]) -> LedgerId {
        let mut random = [0; 32];
        self.rng.fill_bytes(&mut random);
        let grant = |key: &SigningKey, role, scope: Option<&str>| Grant {
            key: key.key_id(),
            role,
            scope: scope.map(|s| s.parse().unwrap()),
        };
        let mut grants = vec![
            grant(&self.commission, Role::Commission, None),
            grant(&self.registrar, Role::Registrar, None),
        ];
        grants.extend(officers.iter().map(|key| Grant {
            key: *key,
            role: Role::StationOfficer,
            scope: None,
        }));
        for (i, key) in self.trustees.iter().enumerate() {
            grants.push(grant(key, Role::Trustee, Some(&(i + 1).to_string())));
        }
        let genesis = Genesis::new(GenesisFields {
            kind,
            origin: "vote.example/test".parse().unwrap(),
            parent,
            ledger_key: self.ledger_key.key_id(),
            service_key: self.service.key_id(),
            grants,
            max_lag_ms: 30_000,
            official_window_ms: 3_600_000,
            random,
            predecessor: None,
        })
        .unwrap();
        let state = State::start(&genesis).unwrap();
        let (chain, entry) = Chain::create(genesis, &self.service, UnixMillis::clamped(self.now)).unwrap();
        let id = chain.ledger();
        self.ledgers.0.insert(
            id,
            OneLedger {
                chain,
                state,
                entries: vec![entry],
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

    /// Submits an event as an official signs it.
    pub fn act(
        &mut self,
        author: &SigningKey,
        ledger: LedgerId,
        event: Event,
        cites: &[LedgerId],
    ) -> Result<(), Refused> {
        let refs: Vec<_> = cites.iter().map(|l| self.cite(*l)).collect();
        self.act_citing(author, ledger, event, refs)
    }

    /// As [`World::act`], with refs of the test.
    pub fn act_citing(
        &mut self,
        author: &SigningKey,
        ledger: LedgerId,
        event: Event,
        refs: Vec<Ref>,
    ) -> Result<(), Refused> {
        let body = self.body(author, ledger, &event, refs);
        self.submit(body)
    }

    /// The signed body of an official's event.
    pub fn body(
        &mut self,
        author: &SigningKey,
        ledger: LedgerId,
        event: &Event,
        mut refs: Vec<Ref>,
    ) -> SignedBody {
        let mut nonce = [0; 16];
        self.rng.fill_bytes(&mut nonce);
        refs.sort_by_key(|r| r.ledger);
        let body = Body {
            ledger,
            event_type: event.wire_type(),
            author: author.key_id(),
            author_time_ms: UnixMillis::clamped(self.now),
            nonce: Nonce::from_bytes(nonce),
            seen: Some(self.ledgers.0[&ledger].chain.seen()),
            refs,
            payload: event.payload(),
        };
        body.sign(author).unwrap()
    }

    pub fn commission(&mut self, ledger: LedgerId, event: Event, cites: &[LedgerId]) -> Result<(), Refused> {
        let key = SigningKey::from_seed(&self.commission.seed());
        self.act(&key, ledger, event, cites)
    }

    pub fn registrar(&mut self, ledger: LedgerId, event: Event) -> Result<(), Refused> {
        let key = SigningKey::from_seed(&self.registrar.seed());
        self.act(&key, ledger, event, &[])
    }

    pub fn trustee(&mut self, index: usize, event: Event) -> Result<(), Refused> {
        let key = SigningKey::from_seed(&self.trustees[index].seed());
        self.act(&key, self.election, event, &[])
    }

    /// Submits an event of the service.
    pub fn serve(&mut self, ledger: LedgerId, event: Event, cites: &[LedgerId]) -> Result<(), Refused> {
        let payload = event.payload();
        let nonce = service_nonce(&event, &payload);
        let genesis = self.ledgers.0[&ledger].chain.genesis().clone();
        let mut body = Body::by_service(&genesis, event.wire_type(), nonce, payload);
        body.refs = cites.iter().map(|l| self.cite(*l)).collect();
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
        let evidence = self.evidence(&event).map_err(Refused::Register)?;
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
            all.push((
                Body::by_service(&genesis, c.event.wire_type(), nonce, payload)
                    .sign(&self.service)
                    .unwrap(),
                c.event,
            ));
        }
        for (body, event) in all {
            let entry = one.chain.append(body, at, at).unwrap();
            one.state
                .evolve(&(&entry).into(), &event, &self.documents)
                .unwrap();
            one.entries.push(entry);
        }
        if self.replays {
            self.check_replay(ledger);
        }
        Ok(())
    }

    fn evidence(&self, event: &Event) -> Result<Evidence, Rejection> {
        let Facts::BallotBox(facts) = self.ledgers.0[&self.ballot_box].state.facts() else {
            panic!()
        };
        match (event, &facts.prepared) {
            (Event::BallotBox(BoxEvent::BallotCast(cast)), Some(setup)) => {
                let checked = check_ballot(&setup.election, cast).map_err(BoxRejection::Ballot)?;
                Ok(Evidence::Ballot(checked))
            }
            (Event::BallotBox(BoxEvent::SealOrdered), Some(_)) => Ok(Evidence::Tally(self.seal_tally())),
            _ => Ok(Evidence::None),
        }
    }

    fn seal_tally(&self) -> SealTally {
        let one = &self.ledgers.0[&self.ballot_box];
        let context = self.election_context();
        let mut sum = Accumulator::new(&context);
        for counted in one.state.as_box().unwrap().counted() {
            let body = one.entries[usize::try_from(counted.seq).unwrap()].body();
            let Event::BallotBox(BoxEvent::BallotCast(cast)) =
                Event::parse(Kind::BallotBox, body.event_type, &body.payload).unwrap()
            else {
                panic!("a counted position is not a ballot")
            };
            sum.add(
                &VerifiedBallot::danger_from_recorded(&context, &cast.ballot).unwrap(),
                1,
            )
            .unwrap();
        }
        let tally = sum.finish();
        let content = |bytes: &str| ContentRef::of(bytes.as_bytes()).unwrap();
        SealTally {
            size: one.chain.size(),
            encrypted_tally: content(tally.json()),
            sized_tally: content(&tally.sized().json()),
        }
    }

    /// Stores the documents that a seal will cite.
    pub fn store_tally(&mut self) {
        let context = self.election_context();
        let one = &self.ledgers.0[&self.ballot_box];
        let mut sum = Accumulator::new(&context);
        for counted in one.state.as_box().unwrap().counted() {
            let body = one.entries[usize::try_from(counted.seq).unwrap()].body();
            if let Ok(Event::BallotBox(BoxEvent::BallotCast(cast))) =
                Event::parse(Kind::BallotBox, body.event_type, &body.payload)
            {
                sum.add(
                    &VerifiedBallot::danger_from_recorded(&context, &cast.ballot).unwrap(),
                    1,
                )
                .unwrap();
            }
        }
        let tally = sum.finish();
        self.documents.put(tally.json().as_bytes());
        self.documents.put(tally.sized().json().as_bytes());
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
        if let (Some(a), Some(b)) = (state.as_box(), one.state.as_box()) {
            assert_eq!(a.counted(), b.counted());
        }
        if let (Some(a), Some(b)) = (state.as_roll(), one.state.as_roll()) {
            assert_eq!(a.counts(), b.counts());
        }
    }

    // --- the life of an event, step by step ---------------------------------------------------------------------

    pub fn definition(&mut self) -> Event {
        let manifest = self.documents.put(&self.manifest.to_bytes());
        let mut ledgers = vec![
            ListedLedger {
                ledger: self.roll,
                kind: 2,
                visibility: ACCREDITED,
                district: None,
            },
            ListedLedger {
                ledger: self.ballot_box,
                kind: 4,
                visibility: PUBLIC,
                district: Some(DISTRICT.parse().unwrap()),
            },
        ];
        ledgers.extend(self.stations.iter().map(|s| ListedLedger {
            ledger: s.ledger,
            kind: 5,
            visibility: ACCREDITED,
            district: None,
        }));
        ledgers.sort_by_key(|l| l.ledger);
        Event::Election(ElectionEvent::ElectionDefined(ElectionDefined {
            manifest,
            ledgers,
        }))
    }

    pub fn define(&mut self) {
        let event = self.definition();
        self.commission(self.election, event, &[]).unwrap();
    }

    pub fn trustee_key(&mut self, index: usize) -> Event {
        let name = self.manifest.trustees.names[index].clone();
        let record = self.secrets[index]
            .publish(Some(&name), &mut self.rng)
            .unwrap()
            .json()
            .into_bytes();
        let index = u16::try_from(index + 1).unwrap();
        Event::Election(ElectionEvent::TrusteeKeyPublished(TrusteeKeyPublished {
            index,
            record,
        }))
    }

    pub fn fix_trustees(&mut self) {
        for index in 0..self.trustees.len() {
            let event = self.trustee_key(index);
            self.trustee(index, event).unwrap();
        }
        let event = self.trustees_fixed();
        self.commission(self.election, event, &[]).unwrap();
    }

    /// The event that fixes the trustees as they follow from the ledger.
    pub fn trustees_fixed(&mut self) -> Event {
        let record = self.ledgers.0[&self.election]
            .state
            .as_election()
            .unwrap()
            .derive_trustees()
            .unwrap();
        let trustees = self.documents.put(record.json().as_bytes());
        let event = TrusteesFixed {
            trustees,
            public_key: *record.election_key().as_bytes(),
        };
        Event::Election(ElectionEvent::TrusteesFixed(event))
    }

    /// The event that adopts the pack of the world, with the polling day of the roll.
    pub fn rules_adopted(&mut self) -> RulesAdopted {
        let roll = self.roll_defined();
        RulesAdopted {
            pack: roll.pack,
            polling_day: roll.polling_day,
        }
    }

    pub fn adopt(&mut self) {
        let event = Event::Election(ElectionEvent::RulesAdopted(self.rules_adopted()));
        self.commission(self.election, event, &[]).unwrap();
    }

    /// Closes, seals and anchors the box.
    pub fn count(&mut self) {
        self.close();
        self.exclude(&[]).unwrap();
        self.seal().unwrap();
        let anchored = Event::Election(ElectionEvent::TallyAnchored(self.anchor()));
        self.serve(self.election, anchored, &[self.ballot_box]).unwrap();
    }

    /// A view of the box, with the entries of the election ledger as its size.
    pub fn view_published(&mut self, view: &str, bytes: &[u8]) -> Event {
        let size = self.ledgers.0[&self.election].chain.size();
        Event::Election(ElectionEvent::ViewPublished(ViewPublished {
            view: view.to_owned(),
            ledger: self.ballot_box,
            size,
            content: self.documents.put(bytes),
        }))
    }

    /// The roll's definition for a polling day, with the pack of the world.
    pub fn roll_defined(&mut self) -> RollDefined {
        let calendar = self.pack.calendar().unwrap();
        let polling_day = calendar.day_of(self.manifest.opens_ms).unwrap();
        RollDefined {
            pack: self.documents.put(&self.pack.to_json()),
            holidays: None,
            polling_day: u32::try_from(sijill_rules::day_number(polling_day)).unwrap(),
            objections: None,
        }
    }

    pub fn define_roll(&mut self) {
        let event = Event::Roll(RollEvent::RollDefined(self.roll_defined()));
        self.commission(self.roll, event, &[self.election]).unwrap();
    }

    pub fn roll_state(&self) -> &sijill_registers::roll::RollState {
        self.ledgers.0[&self.roll].state.as_roll().unwrap()
    }

    pub fn check(&mut self, voter: u8, eligible: bool) -> Result<(), Refused> {
        let event = EligibilityChecked {
            pseudonym: Pseudonym([voter; 32]),
            purpose: 1,
            eligible,
            commitment: [voter; 32],
        };
        self.registrar(self.roll, Event::Roll(RollEvent::EligibilityChecked(event)))
    }

    /// Checks, and registers; defines the roll first if it is not.
    pub fn register(&mut self, voter: u8) -> Result<(), Refused> {
        if self.roll_state().governed().is_none() {
            self.define_roll();
        }
        self.check(voter, true)?;
        let event = VoterRegistered {
            pseudonym: Pseudonym([voter; 32]),
            district: DISTRICT.parse().unwrap(),
        };
        self.registrar(self.roll, Event::Roll(RollEvent::VoterRegistered(event)))
    }

    pub fn commitment(&self, voter: u8) -> [u8; 32] {
        if self.real_commitments {
            stations::commitment(&self.opening(voter))
        } else {
            [voter ^ 0xFF; 32]
        }
    }

    pub fn commit(&mut self, voter: u8) -> Result<(), Refused> {
        let event = CredentialCommitted {
            pseudonym: Pseudonym([voter; 32]),
            commitment: self.commitment(voter),
        };
        self.registrar(self.roll, Event::Roll(RollEvent::CredentialCommitted(event)))
    }

    pub fn credentials(&self, voters: &[usize]) -> String {
        let points: Vec<Point> = voters.iter().map(|v| *self.voters[*v].public()).collect();
        CredentialList::build(points).unwrap().json().to_owned()
    }

    /// All persons, those with a credential first: seven and six, unless a test has changed that.
    pub fn freeze_roll(&mut self) {
        let holders = u8::try_from(self.voters.len()).unwrap();
        for voter in 0..self.persons {
            self.register(voter).unwrap();
        }
        for voter in 0..holders {
            self.commit(voter).unwrap();
        }
        let all: Vec<_> = (0..self.voters.len()).collect();
        let event = self.freeze(u64::from(self.persons), u64::from(holders), &all);
        self.registrar(self.roll, event).unwrap();
    }

    pub fn freeze(&mut self, eligible: u64, holders: u64, voters: &[usize]) -> Event {
        let list = self.credentials(voters);
        let credentials = self.documents.put(list.as_bytes());
        let district = DISTRICT.parse().unwrap();
        let row = DistrictRoll {
            district,
            eligible,
            holders,
            credentials,
        };
        Event::Roll(RollEvent::RollFrozen(RollFrozen { districts: vec![row] }))
    }

    pub fn election_facts(&self) -> Arc<sijill_registers::election::ElectionFacts> {
        self.ledgers.0[&self.election]
            .state
            .as_election()
            .unwrap()
            .facts()
    }

    pub fn election_record(&self) -> Election {
        let district = &self.manifest.districts[0];
        let facts = self.election_facts();
        let key = *facts.trustees_record.as_ref().unwrap().election_key();
        election_record(&self.manifest, district, &self.ballot_box, &key).unwrap()
    }

    pub fn election_context(&self) -> ElectionContext {
        ElectionContext::new(&self.election_record())
    }

    pub fn box_definition(&mut self) -> BoxDefined {
        let record = self.election_record();
        let all: Vec<_> = (0..self.voters.len()).collect();
        let list = self.credentials(&all);
        BoxDefined {
            district: DISTRICT.parse().unwrap(),
            ledger: self.ballot_box,
            election: self.documents.put(record.json().as_bytes()),
            credentials: self.documents.put(list.as_bytes()),
            eligible: u64::from(self.persons),
            holders: self.voters.len() as u64,
        }
    }

    pub fn setup(&mut self) -> BoxPrepared {
        let defined = self.box_definition();
        let facts = self.election_facts();
        BoxPrepared {
            district: defined.district,
            election: defined.election,
            trustees: facts.trustees.as_ref().unwrap().trustees,
            credentials: defined.credentials,
            opens_ms: self.manifest.opens_ms,
            closes_ms: self.manifest.closes_ms,
            grace_ms: self.manifest.grace_ms,
            revote: self.manifest.revote,
            min_ballots: self.manifest.min_ballots,
        }
    }

    /// Up to an open box, at the opening time.
    pub fn open(&mut self) {
        self.define();
        self.fix_trustees();
        self.open_boxes();
    }

    /// From fixed trustees to an open box, at the opening time.
    pub fn open_boxes(&mut self) {
        self.freeze_roll();
        let defined = self.box_definition();
        self.commission(
            self.election,
            Event::Election(ElectionEvent::BoxDefined(defined)),
            &[self.roll],
        )
        .unwrap();
        self.define_stations();
        self.commission(self.election, Event::Election(ElectionEvent::PollOpened), &[])
            .unwrap();
        let setup = self.setup();
        self.commission(
            self.ballot_box,
            Event::BallotBox(BoxEvent::BoxPrepared(setup)),
            &[self.election],
        )
        .unwrap();
        self.now = self.manifest.opens_ms;
        self.commission(
            self.ballot_box,
            Event::BallotBox(BoxEvent::BoxOpened),
            &[self.election],
        )
        .unwrap();
    }

    /// A ballot of a voter for answer 0, answer 1, or blank.
    pub fn ballot(&mut self, voter: usize, answer: Option<usize>) -> BallotCast {
        let context = self.election_context();
        let answers = answer.map(|a| vec![a]);
        let selection = answers.as_deref().map_or(Selection::Blank, Selection::Answers);
        let vote = Vote::from_selections(context.questions(), &[selection]).unwrap();
        let ballot = encrypt_ballot(&context, &self.voters[voter], &vote, &mut self.rng).unwrap();
        let latest = self.ledgers.0[&self.ballot_box]
            .state
            .as_box()
            .unwrap()
            .latest(self.voters[voter].public().as_bytes());
        let replaces = latest.map(|ballot_hash| {
            let proof = prove_replaces(&self.voters[voter], ballot.hash(), ballot_hash, &mut self.rng);
            Replaces {
                ballot_hash,
                challenge: proof.challenge_le_bytes(),
                response: proof.response_le_bytes(),
            }
        });
        BallotCast {
            ballot: ballot.into_cast().into_bytes(),
            replaces,
        }
    }

    pub fn cast(&mut self, ballot: BallotCast) -> Result<(), Refused> {
        self.serve(
            self.ballot_box,
            Event::BallotBox(BoxEvent::BallotCast(ballot)),
            &[],
        )
    }

    pub fn vote(&mut self, voter: usize, answer: Option<usize>) -> Result<(), Refused> {
        let ballot = self.ballot(voter, answer);
        self.cast(ballot)
    }

    pub fn audit_of(&self, ballot: &BallotCast) -> AuditStarted {
        let context = self.election_context();
        let ballot = VerifiedBallot::danger_from_recorded(&context, &ballot.ballot).unwrap();
        AuditStarted {
            ballot_hash: ballot.hash(),
            alphas: ballot.alphas().map(|a| alpha_digest(a.as_bytes())).collect(),
        }
    }

    pub fn close(&mut self) {
        self.now = self.manifest.closes_ms + self.manifest.grace_ms + 1;
        self.commission(self.ballot_box, Event::BallotBox(BoxEvent::BoxClosed), &[])
            .unwrap();
    }

    pub fn exclude(&mut self, voters: &[usize]) -> Result<(), Refused> {
        let list = self.credentials(voters);
        let list = self.documents.put(list.as_bytes());
        let event = ExclusionsFixed {
            list,
            count: voters.len() as u64,
        };
        self.registrar(
            self.ballot_box,
            Event::BallotBox(BoxEvent::ExclusionsFixed(event)),
        )
    }

    pub fn seal(&mut self) -> Result<(), Refused> {
        self.store_tally();
        self.commission(self.ballot_box, Event::BallotBox(BoxEvent::SealOrdered), &[])
    }

    pub fn anchor(&self) -> TallyAnchored {
        let facts = self.ledgers.0[&self.ballot_box].state.as_box().unwrap().facts();
        let (sealed_size, sealed) = facts.sealed.clone().unwrap();
        TallyAnchored {
            ledger: self.ballot_box,
            sealed_size,
            counted: sealed.counted,
            encrypted_tally: sealed.encrypted_tally,
            sized_tally: sealed.sized_tally,
        }
    }

    pub fn share(&mut self, trustee: usize) -> ShareSubmitted {
        let tally = self
            .election_facts()
            .anchored_tally(&self.ballot_box, &self.documents)
            .unwrap();
        let share = decrypt_tally(
            &self.secrets[trustee],
            &tally.election,
            &tally.tally,
            &mut self.rng,
        );
        ShareSubmitted {
            ledger: self.ballot_box,
            index: u16::try_from(trustee + 1).unwrap(),
            share: self.documents.put(share.as_bytes()),
        }
    }

    pub fn result(&mut self) -> ResultDeclared {
        let facts = self.election_facts();
        let tally = facts.anchored_tally(&self.ballot_box, &self.documents).unwrap();
        let shares = facts.progress[&self.ballot_box]
            .verified_shares(&tally, &self.documents)
            .unwrap();
        let json = tally.decrypt(&shares).unwrap().json();
        ResultDeclared {
            ledger: self.ballot_box,
            result: self.documents.put(json.as_bytes()),
        }
    }
}

pub fn key_id(key: &SigningKey) -> KeyId {
    key.key_id()
}
