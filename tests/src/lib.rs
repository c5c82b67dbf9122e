//! A small event run through the real engine, for the tests of the whole and for the benches.
//!
//! [`Rehearsal`] holds every key: it is commission, registrar, trustees and voters at once. Each step is one method, so
//! that a test can stop anywhere, damage something, and go on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a harness: it fails by panicking"
)]

pub mod attacks;

use std::path::Path;
use std::sync::Arc;

use rand::Rng;
use sha2::{Digest, Sha256};
use sijill_ballot::{
    Credential, CredentialList, Election, ElectionContext, Selection, TrusteeSecret, VerifiedBallot, Vote,
    decrypt_tally, encrypt_ballot, prove_replaces,
};
use sijill_engine::checkpoint_record::{CheckpointRecord, FileRecord};
use sijill_engine::clock::RehearsalClock;
use sijill_engine::content::ContentStore;
use sijill_engine::openings::OpeningStore;
use sijill_engine::publish::{Publication, Scope};
use sijill_engine::{Acknowledgement, Engine, EngineError, EngineKeys, SubmitError};
use sijill_ledger::{
    ContentRef, Genesis, GenesisFields, Grant, Kind, LedgerId, Role, SigningKey, UnixMillis,
};
use sijill_registers::ballot_box::alpha_digest;
use sijill_registers::ballot_box::events::*;
use sijill_registers::ballot_box::views::{tally::Tally, trackers::Trackers, turnout::Turnout};
use sijill_registers::catalogue::Event;
use sijill_registers::election::ElectionFacts;
use sijill_registers::election::events::*;
use sijill_registers::election::views::result::{ResultDocument, Results};
use sijill_registers::election_file;
use sijill_registers::manifest::Manifest;
use sijill_registers::names::Name;
use sijill_registers::records::election_record;
use sijill_registers::register::Facts;
use sijill_registers::roll::events::*;
use sijill_rules::RulePack;
use sijill_store::EventStore;

const PACK: &str = include_str!("../../fixtures/rules/plain-1.toml");

/// The plain rules, but a single ballot is decrypted: so that events can be small.
#[must_use]
pub fn rules() -> RulePack {
    let text = PACK.replace("min_ballots_to_decrypt = 5", "min_ballots_to_decrypt = 1");
    let rules = RulePack::parse(&text).unwrap();
    assert_eq!(rules.voting.min_ballots_to_decrypt, 1);
    rules
}

/// A check for registration that found a person eligible.
#[must_use]
pub fn checked(voter: usize) -> Event {
    Event::Roll(RollEvent::EligibilityChecked(EligibilityChecked {
        pseudonym: pseudonym(voter),
        purpose: 1,
        eligible: true,
        commitment: pseudonym(voter).0,
    }))
}

/// A referendum: one district, yes or no.
#[must_use]
pub fn referendum_file(blank: bool) -> String {
    format!(
        r#"
format = "sijill-election/1"
id = "rehearsal"
name = {{ en = "A rehearsal", ar = "تدريب" }}
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
name = {{ en = "National", ar = "" }}
[[district.question]]
text = {{ en = "Agreed?", ar = "موافق؟" }}
answers = [{{ en = "Yes", ar = "نعم" }}, {{ en = "No", ar = "لا" }}]
blank = {blank}
min = 1
max = 1
"#
    )
}

/// A fixed key, by its name.
#[must_use]
pub fn key(name: &str) -> SigningKey {
    let mut seed = [0u8; 32];
    for (at, byte) in name.bytes().enumerate() {
        seed[at % 32] = seed[at % 32].wrapping_mul(31).wrapping_add(byte);
    }
    SigningKey::from_seed(&seed)
}

#[must_use]
pub fn engine_keys() -> EngineKeys {
    EngineKeys {
        service: key("service"),
        ledger: key("ledger"),
    }
}

/// Opens an engine over a store, with its folders under `dir`.
///
/// # Errors
/// Those of [`Engine::open`].
pub async fn open_engine(
    dir: &Path,
    store: Arc<dyn EventStore>,
    clock: Arc<RehearsalClock>,
) -> Result<Engine, EngineError> {
    let data = dir.join("data");
    std::fs::create_dir_all(&data).unwrap();
    let record_path = dir.join("checkpoints");
    let record = if record_path.exists() {
        FileRecord::open(&record_path, &data).unwrap()
    } else {
        FileRecord::create(&record_path, &data).unwrap()
    };
    open_engine_as(dir, store, clock, Arc::new(record), engine_keys()).await
}

/// As [`open_engine`], of another machine with keys of its own.
///
/// # Errors
/// Those of [`Engine::open`].
pub async fn open_other_engine(
    dir: &Path,
    store: Arc<dyn EventStore>,
    clock: Arc<RehearsalClock>,
    name: &str,
) -> Result<Engine, EngineError> {
    let data = dir.join("data");
    std::fs::create_dir_all(&data).unwrap();
    let record_path = dir.join("checkpoints");
    let record = if record_path.exists() {
        FileRecord::open(&record_path, &data).unwrap()
    } else {
        FileRecord::create(&record_path, &data).unwrap()
    };
    let keys = EngineKeys {
        service: key(&format!("service {name}")),
        ledger: key(&format!("ledger {name}")),
    };
    open_engine_as(dir, store, clock, Arc::new(record), keys).await
}

/// As [`open_engine`], with another checkpoint record.
///
/// # Errors
/// Those of [`Engine::open`].
pub async fn open_engine_with(
    dir: &Path,
    store: Arc<dyn EventStore>,
    clock: Arc<RehearsalClock>,
    record: Arc<dyn CheckpointRecord>,
) -> Result<Engine, EngineError> {
    open_engine_as(dir, store, clock, record, engine_keys()).await
}

async fn open_engine_as(
    dir: &Path,
    store: Arc<dyn EventStore>,
    clock: Arc<RehearsalClock>,
    record: Arc<dyn CheckpointRecord>,
    keys: EngineKeys,
) -> Result<Engine, EngineError> {
    let data = dir.join("data");
    std::fs::create_dir_all(data.join("content")).unwrap();
    let openings = OpeningStore::open(&data.join("openings")).unwrap();
    let content = ContentStore::open(&data.join("content"))
        .unwrap()
        .with_openings(openings);
    Engine::open(store, record, content, &data.join("snapshots"), clock, keys).await
}

/// Spec: specs/events.md §3.
#[must_use]
pub fn credential_commitment(opening: &Opening) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"sijill/credential/v1\n");
    hasher.update(opening.salt);
    hasher.update(opening.credential);
    hasher.finalize().into()
}

pub struct Rehearsal {
    pub engine: Engine,
    /// The rules of the roll: [`rules`], unless a test changes them.
    pub pack: RulePack,
    pub clock: Arc<RehearsalClock>,
    pub manifest: Manifest,
    pub election: LedgerId,
    pub roll: LedgerId,
    pub ballot_box: LedgerId,
    pub voters: Vec<Credential>,
    pub secrets: Vec<TrusteeSecret>,
}

impl std::fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rehearsal").finish_non_exhaustive()
    }
}

#[must_use]
pub fn district() -> Name {
    "national".parse().unwrap()
}

impl Rehearsal {
    /// Three ledgers and the definition of the event, hours before it opens.
    pub async fn define(engine: Engine, clock: Arc<RehearsalClock>, file: &str, voters: usize) -> Self {
        let rehearsal = Self::create(engine, clock, file, voters).await;
        rehearsal.announce(&[]).await;
        rehearsal
    }

    /// Three ledgers without a definition, hours before the event opens.
    pub async fn create(engine: Engine, clock: Arc<RehearsalClock>, file: &str, voters: usize) -> Self {
        let manifest = election_file::compile(file, &rules()).unwrap();
        clock.set(UnixMillis::clamped(manifest.opens_ms - 36_000_000));
        let election = create(&engine, Kind::Election, None).await;
        let roll = create(&engine, Kind::Roll, Some(election)).await;
        let ballot_box = create(&engine, Kind::BallotBox, Some(election)).await;
        let mut rng = rand::rng();
        Self {
            voters: (0..voters).map(|_| Credential::random(&mut rng)).collect(),
            secrets: (0..2).map(|_| TrusteeSecret::generate(&mut rng)).collect(),
            engine,
            pack: rules(),
            clock,
            manifest,
            election,
            roll,
            ballot_box,
        }
    }

    /// The definition of the event, with these polling stations.
    pub async fn announce(&self, stations: &[LedgerId]) {
        let mut ledgers = vec![
            ListedLedger {
                ledger: self.roll,
                kind: Kind::Roll.code(),
                visibility: ACCREDITED,
                district: None,
            },
            ListedLedger {
                ledger: self.ballot_box,
                kind: Kind::BallotBox.code(),
                visibility: PUBLIC,
                district: Some(district()),
            },
        ];
        ledgers.extend(stations.iter().map(|station| ListedLedger {
            ledger: *station,
            kind: Kind::Station.code(),
            visibility: ACCREDITED,
            district: None,
        }));
        ledgers.sort_by_key(|l| l.ledger);
        let manifest = self.put(&self.manifest.to_bytes());
        let defined = ElectionEvent::ElectionDefined(ElectionDefined { manifest, ledgers });
        self.commission(self.election, Event::Election(defined), &[])
            .await
            .unwrap();
    }

    #[must_use]
    pub fn put(&self, bytes: &[u8]) -> ContentRef {
        self.engine.put_content(bytes).unwrap()
    }

    /// # Errors
    /// Those of the engine.
    pub async fn commission(
        &self,
        ledger: LedgerId,
        event: Event,
        cites: &[LedgerId],
    ) -> Result<Acknowledgement, SubmitError> {
        self.engine.act(&key("commission"), ledger, &event, cites).await
    }

    /// # Errors
    /// Those of the engine.
    pub async fn registrar(&self, ledger: LedgerId, event: Event) -> Result<Acknowledgement, SubmitError> {
        self.engine.act(&key("registrar"), ledger, &event, &[]).await
    }

    #[must_use]
    pub fn election_facts(&self) -> Arc<ElectionFacts> {
        match self.engine.ledgers().find(&self.election).unwrap().facts() {
            Facts::Election(facts) => facts,
            other => panic!("{other:?}"),
        }
    }

    #[must_use]
    pub fn record(&self) -> Election {
        let key = *self
            .election_facts()
            .trustees_record
            .as_ref()
            .unwrap()
            .election_key();
        election_record(
            &self.manifest,
            &self.manifest.districts[0],
            &self.ballot_box,
            &key,
        )
        .unwrap()
    }

    pub async fn fix_trustees(&self) {
        for (i, secret) in self.secrets.iter().enumerate() {
            let index = u16::try_from(i + 1).unwrap();
            let name = &self.manifest.trustees.names[i];
            let record = secret
                .publish(Some(name), &mut rand::rng())
                .unwrap()
                .json()
                .into_bytes();
            let event = Event::Election(ElectionEvent::TrusteeKeyPublished(TrusteeKeyPublished {
                index,
                record,
            }));
            self.engine
                .act(&trustee_key(index), self.election, &event, &[])
                .await
                .unwrap();
        }
        let record = self
            .engine
            .ledgers()
            .find(&self.election)
            .unwrap()
            .with_head(|head| head.state.as_election().unwrap().derive_trustees().unwrap());
        let event = TrusteesFixed {
            trustees: self.put(record.json().as_bytes()),
            public_key: *record.election_key().as_bytes(),
        };
        self.commission(
            self.election,
            Event::Election(ElectionEvent::TrusteesFixed(event)),
            &[],
        )
        .await
        .unwrap();
    }

    #[must_use]
    pub fn credential_list(&self, voters: &[usize]) -> ContentRef {
        let points = voters.iter().map(|v| *self.voters[*v].public()).collect();
        self.put(CredentialList::build(points).unwrap().json().as_bytes())
    }

    /// The roll's definition under its rules.
    #[must_use]
    pub fn roll_defined(&self) -> Event {
        let rules = &self.pack;
        let polling_day = rules.calendar().unwrap().day_of(self.manifest.opens_ms).unwrap();
        Event::Roll(RollEvent::RollDefined(RollDefined {
            pack: self.put(&rules.to_json()),
            holidays: None,
            polling_day: u32::try_from(sijill_rules::day_number(polling_day)).unwrap(),
            objections: None,
        }))
    }

    /// Defines the roll, registers every voter and one person without a credential, and freezes it.
    pub async fn freeze_roll(&self) {
        self.commission(self.roll, self.roll_defined(), &[self.election])
            .await
            .unwrap();
        for voter in 0..=self.voters.len() {
            let pseudonym = pseudonym(voter);
            self.registrar(self.roll, checked(voter)).await.unwrap();
            let event = VoterRegistered {
                pseudonym,
                district: district(),
            };
            self.registrar(self.roll, Event::Roll(RollEvent::VoterRegistered(event)))
                .await
                .unwrap();
        }
        for voter in 0..self.voters.len() {
            let commitment = credential_commitment(&self.opening(voter));
            let event = CredentialCommitted {
                pseudonym: pseudonym(voter),
                commitment,
            };
            self.registrar(self.roll, Event::Roll(RollEvent::CredentialCommitted(event)))
                .await
                .unwrap();
        }
        let all: Vec<_> = (0..self.voters.len()).collect();
        let holders = all.len() as u64;
        let row = DistrictRoll {
            district: district(),
            eligible: holders + 1,
            holders,
            credentials: self.credential_list(&all),
        };
        let event = RollFrozen { districts: vec![row] };
        self.registrar(self.roll, Event::Roll(RollEvent::RollFrozen(event)))
            .await
            .unwrap();
    }

    /// The opening of the commitment to a voter's credential. Its salt is no secret here.
    #[must_use]
    pub fn opening(&self, voter: usize) -> Opening {
        Opening {
            pseudonym: pseudonym(voter),
            salt: pseudonym(voter).0,
            credential: *self.voters[voter].public().as_bytes(),
        }
    }

    /// Everything up to an open box, at the opening time.
    pub async fn open(&self) {
        self.fix_trustees().await;
        self.freeze_roll().await;
        self.open_box().await;
    }

    /// From trustees and frozen roll to an open box, at the opening time.
    pub async fn open_box(&self) {
        let record = self.record();
        let all: Vec<_> = (0..self.voters.len()).collect();
        let roll = self.engine.ledgers().find(&self.roll).unwrap();
        let (eligible, holders) = roll.with_head(|head| head.state.as_roll().unwrap().counts()[&district()]);
        let election = self.put(record.json().as_bytes());
        let credentials = self.credential_list(&all);
        let defined = BoxDefined {
            district: district(),
            ledger: self.ballot_box,
            election,
            credentials,
            eligible,
            holders,
        };
        let event = Event::Election(ElectionEvent::BoxDefined(defined));
        self.commission(self.election, event, &[self.roll]).await.unwrap();
        // Stations, if the event has any, are defined by now.
        self.commission(self.election, Event::Election(ElectionEvent::PollOpened), &[])
            .await
            .unwrap();
        let m = &self.manifest;
        let prepared = BoxPrepared {
            district: district(),
            election,
            trustees: self.election_facts().trustees.as_ref().unwrap().trustees,
            credentials,
            opens_ms: m.opens_ms,
            closes_ms: m.closes_ms,
            grace_ms: m.grace_ms,
            revote: m.revote,
            min_ballots: m.min_ballots,
        };
        let event = Event::BallotBox(BoxEvent::BoxPrepared(prepared));
        self.commission(self.ballot_box, event, &[self.election])
            .await
            .unwrap();
        self.clock.set(UnixMillis::clamped(m.opens_ms));
        self.commission(
            self.ballot_box,
            Event::BallotBox(BoxEvent::BoxOpened),
            &[self.election],
        )
        .await
        .unwrap();
    }

    #[must_use]
    pub fn context(&self) -> ElectionContext {
        ElectionContext::new(&self.record())
    }

    /// A ballot of a voter, replacing the latest one in the box.
    #[must_use]
    pub fn ballot(&self, context: &ElectionContext, voter: usize, answer: Option<usize>) -> BallotCast {
        let answers = answer.map(|a| vec![a]);
        let selection = answers.as_deref().map_or(Selection::Blank, Selection::Answers);
        let vote = Vote::from_selections(context.questions(), &[selection]).unwrap();
        let credential = &self.voters[voter];
        let ballot = encrypt_ballot(context, credential, &vote, &mut rand::rng()).unwrap();
        let handle = self.engine.ledgers().find(&self.ballot_box).unwrap();
        let latest = handle.with_head(|head| {
            head.state
                .as_box()
                .unwrap()
                .latest(credential.public().as_bytes())
        });
        let replaces = latest.map(|ballot_hash| {
            let proof = prove_replaces(credential, ballot.hash(), ballot_hash, &mut rand::rng());
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

    /// # Errors
    /// Those of the engine.
    pub async fn vote(&self, voter: usize, answer: Option<usize>) -> Result<Acknowledgement, SubmitError> {
        let ballot = self.ballot(&self.context(), voter, answer);
        self.engine.cast(self.ballot_box, ballot).await
    }

    pub async fn audit(&self, voter: usize) {
        let context = self.context();
        let ballot = self.ballot(&context, voter, Some(0));
        let ballot = VerifiedBallot::danger_from_recorded(&context, &ballot.ballot).unwrap();
        let audit = AuditStarted {
            ballot_hash: ballot.hash(),
            alphas: ballot.alphas().map(|a| alpha_digest(a.as_bytes())).collect(),
        };
        self.engine.start_audit(self.ballot_box, audit).await.unwrap();
    }

    /// Close, exclusions, seal, anchor.
    pub async fn seal(&self, excluded: &[usize]) {
        let m = &self.manifest;
        self.clock.set(UnixMillis::clamped(m.closes_ms + m.grace_ms + 1));
        self.commission(self.ballot_box, Event::BallotBox(BoxEvent::BoxClosed), &[])
            .await
            .unwrap();
        let list = self.credential_list(excluded);
        let event = ExclusionsFixed {
            list,
            count: excluded.len() as u64,
        };
        self.registrar(
            self.ballot_box,
            Event::BallotBox(BoxEvent::ExclusionsFixed(event)),
        )
        .await
        .unwrap();
        self.commission(self.ballot_box, Event::BallotBox(BoxEvent::SealOrdered), &[])
            .await
            .unwrap();
        let Facts::BallotBox(facts) = self.engine.ledgers().find(&self.ballot_box).unwrap().facts() else {
            panic!("a box");
        };
        let (sealed_size, sealed) = facts.sealed.clone().unwrap();
        let event = TallyAnchored {
            ledger: self.ballot_box,
            sealed_size,
            counted: sealed.counted,
            encrypted_tally: sealed.encrypted_tally,
            sized_tally: sealed.sized_tally,
        };
        let event = Event::Election(ElectionEvent::TallyAnchored(event));
        self.engine
            .act_as_service(self.election, event, &[self.ballot_box])
            .await
            .unwrap();
    }

    /// Shares, result, paper, views.
    pub async fn result(&self, paper: PaperReturned) -> ResultDocument {
        for (i, secret) in self.secrets.iter().enumerate() {
            let index = u16::try_from(i + 1).unwrap();
            let tally = self
                .election_facts()
                .anchored_tally(&self.ballot_box, self.engine.contents())
                .unwrap();
            let share = decrypt_tally(secret, &tally.election, &tally.tally, &mut rand::rng());
            let share = self.put(share.as_bytes());
            let event = ShareSubmitted {
                ledger: self.ballot_box,
                index,
                share,
            };
            let event = Event::Election(ElectionEvent::ShareSubmitted(event));
            self.engine
                .act(&trustee_key(index), self.election, &event, &[])
                .await
                .unwrap();
        }
        let facts = self.election_facts();
        let tally = facts
            .anchored_tally(&self.ballot_box, self.engine.contents())
            .unwrap();
        let shares = facts.progress[&self.ballot_box]
            .verified_shares(&tally, self.engine.contents())
            .unwrap();
        let result = self.put(tally.decrypt(&shares).unwrap().json().as_bytes());
        let event = ResultDeclared {
            ledger: self.ballot_box,
            result,
        };
        self.commission(
            self.election,
            Event::Election(ElectionEvent::ResultDeclared(event)),
            &[],
        )
        .await
        .unwrap();
        self.return_paper(paper).await
    }

    /// The paper return, and all views of the box.
    pub async fn return_paper(&self, paper: PaperReturned) -> ResultDocument {
        self.commission(
            self.election,
            Event::Election(ElectionEvent::PaperReturned(paper)),
            &[],
        )
        .await
        .unwrap();
        self.publish_box_views().await;
        let size = self.engine.ledgers().find(&self.election).unwrap().durable_size();
        let view = self
            .engine
            .view::<Results>(self.election, Some(size))
            .await
            .unwrap()
            .view;
        let document = view.document(self.ballot_box, size, &self.manifest).unwrap();
        self.publish_view("result", size, &document.to_bytes()).await;
        document
    }

    pub async fn publish_box_views(&self) {
        let (_, defined) = self.election_facts().boxes[&self.ballot_box].clone();
        let id = self.ballot_box;
        let size = self.engine.ledgers().find(&id).unwrap().durable_size();
        let zone = sijill_rules::time_zone(&self.manifest.time_zone).unwrap();
        let turnout = self.engine.view::<Turnout>(id, Some(size)).await.unwrap().view;
        self.publish_view(
            "turnout",
            size,
            &turnout.document(id, size, &defined, &zone).to_bytes(),
        )
        .await;
        let trackers = self.engine.view::<Trackers>(id, Some(size)).await.unwrap().view;
        self.publish_view("trackers", size, &trackers.document(id, size).to_bytes())
            .await;
        let tally = self.engine.view::<Tally>(id, Some(size)).await.unwrap().view;
        self.publish_view("tally", size, &tally.document(id, size).unwrap().to_bytes())
            .await;
    }

    async fn publish_view(&self, view: &str, size: u64, bytes: &[u8]) {
        let content = self.put(bytes);
        let event = ViewPublished {
            view: view.to_owned(),
            ledger: self.ballot_box,
            size,
            content,
        };
        let event = Event::Election(ElectionEvent::ViewPublished(event));
        self.engine
            .act_as_service(self.election, event, &[])
            .await
            .unwrap();
    }

    /// A paper return of as many papers, none of them valid.
    #[must_use]
    pub fn invalid_papers(&self, issued: u64) -> PaperReturned {
        let choices = self.manifest.districts[0].questions()[0].choices();
        PaperReturned {
            ledger: self.ballot_box,
            issued,
            valid: 0,
            invalid: issued,
            spoilt: 0,
            counts: vec![vec![0; choices]],
        }
    }

    /// Publishes into `folder`, the trust file beside it.
    pub async fn publish(&self, scope: Scope, folder: &Path) -> Publication {
        let publication = self.engine.publish(self.election, scope, folder).await.unwrap();
        std::fs::write(trust_path(folder), publication.trust.to_json()).unwrap();
        publication
    }
}

/// Votes for each answer that the one declared result of a service has.
pub async fn declared_result(engine: &Engine) -> Vec<u64> {
    for handle in engine.ledgers().all() {
        let Facts::Election(facts) = handle.facts() else {
            continue;
        };
        let manifest = facts.manifest.clone().unwrap();
        let size = handle.durable_size();
        let folded = engine.view::<Results>(handle.ledger(), Some(size)).await.unwrap();
        let ballot_box = *facts.progress.keys().next().unwrap();
        let document = folded.view.document(ballot_box, size, &manifest).unwrap();
        return document.questions[0].answers.iter().map(|a| a.total).collect();
    }
    panic!("no election");
}

/// Where [`Rehearsal::publish`] puts the trust file of a folder.
#[must_use]
pub fn trust_path(folder: &Path) -> std::path::PathBuf {
    folder.with_extension("trust.json")
}

#[must_use]
pub fn trustee_key(index: u16) -> SigningKey {
    key(&format!("trustee {index}"))
}

/// The pseudonym of a voter.
#[must_use]
pub fn pseudonym(voter: usize) -> Pseudonym {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(voter as u64).to_be_bytes());
    Pseudonym(bytes)
}

async fn create(engine: &Engine, kind: Kind, parent: Option<LedgerId>) -> LedgerId {
    let mut random = [0; 32];
    rand::rng().fill_bytes(&mut random);
    let genesis = genesis(engine, kind, parent, random);
    engine.create_ledger(genesis).await.unwrap().ledger()
}

/// The first entry of a ledger of a rehearsal.
#[must_use]
pub fn genesis(engine: &Engine, kind: Kind, parent: Option<LedgerId>, random: [u8; 32]) -> Genesis {
    let grant = |key: &SigningKey, role, scope: Option<&str>| Grant {
        key: key.key_id(),
        role,
        scope: scope.map(|s| s.parse().unwrap()),
    };
    let (service_key, ledger_key) = engine.key_ids();
    Genesis::new(GenesisFields {
        kind,
        origin: "vote.example/rehearsal".parse().unwrap(),
        parent,
        ledger_key,
        service_key,
        grants: vec![
            grant(&key("commission"), Role::Commission, None),
            grant(&key("registrar"), Role::Registrar, None),
            grant(&trustee_key(1), Role::Trustee, Some("1")),
            grant(&trustee_key(2), Role::Trustee, Some("2")),
        ],
        max_lag_ms: 30_000,
        official_window_ms: 3_600_000,
        random,
        predecessor: None,
    })
    .unwrap()
}

/// The Rust of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
