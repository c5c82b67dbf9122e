//! The process that is ill-treated: plays a small event from wherever an earlier process was stopped.
//!
//! Every official's body is kept in an outbox before it is sent, and every ballot follows from a seed, so that what was
//! sent and not acknowledged is sent again as the same bytes. Every acknowledgement is forced to the disk, outside the
//! folders of the installation, before the next step.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sijill_ballot::{
    Credential, Selection, TrusteeSecret, Vote, decrypt_tally, encrypt_ballot, prove_replaces,
};
use sijill_engine::checkpoint_record::FileRecord;
use sijill_engine::clock::RehearsalClock;
use sijill_engine::content::ContentStore;
use sijill_engine::folder::DataFolder;
use sijill_engine::keyfile::{KdfCost, KeyFile, Passphrase, SigningKind};
use sijill_engine::publish::Scope;
use sijill_engine::{Acknowledgement, Engine, EngineKeys};
use sijill_ledger::{Kind, LedgerId, Signature, SigningKey, UnixMillis};
use sijill_registers::ballot_box::events::*;
use sijill_registers::ballot_box::views::{tally::Tally, trackers::Trackers, turnout::Turnout};
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::*;
use sijill_registers::election::views::result::Results;
use sijill_registers::election_file;
use sijill_registers::register::Facts;
use sijill_registers::roll::events::*;
use sijill_store::{SqliteOptions, SqliteStore};
use sijill_tests::{Rehearsal, checked, district, engine_keys, genesis, key, pseudonym, rules, trustee_key};

pub(crate) const VOTERS: usize = 5;
/// Voter and answer, in order; ballots of one row are cast together. Voters 0 and 1 vote again.
const BALLOTS: [[(usize, usize); 3]; 3] = [
    [(0, 1), (1, 0), (2, 0)],
    [(0, 0), (3, 1), (4, 0)],
    [(1, 1), (2, 0), (4, 1)],
];
/// Yes and no, when the latest ballots of each voter count.
pub(crate) const EXPECTED: (u64, u64) = (2, 3);

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The folders of a run. `disk` and `record` may be file systems of their own.
#[derive(Debug, Clone)]
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn disk(&self) -> PathBuf {
        self.0.join("disk")
    }
    pub(crate) fn data(&self) -> PathBuf {
        self.disk().join("data")
    }
    pub(crate) fn vault(&self) -> PathBuf {
        self.0.join("vault")
    }
    pub(crate) fn record(&self) -> PathBuf {
        self.vault().join("record")
    }
    pub(crate) fn public(&self) -> PathBuf {
        self.0.join("public")
    }
    pub(crate) fn published(&self) -> PathBuf {
        self.public().join("published")
    }
    fn outbox(&self) -> PathBuf {
        self.0.join("outbox")
    }
    pub(crate) fn acks(&self) -> PathBuf {
        self.0.join("acks")
    }
    pub(crate) fn done(&self) -> bool {
        self.0.join("done").exists()
    }

    /// An installation without ledgers.
    pub(crate) fn make(&self) {
        for folder in [self.disk(), self.vault(), self.public(), self.outbox()] {
            fs::create_dir_all(folder).unwrap();
        }
        let data = DataFolder::create(&self.data()).unwrap();
        let keys = engine_keys();
        for (name, kind, key) in [
            ("service.key", SigningKind::Service, &keys.service),
            ("ledger.key", SigningKind::Ledger, &keys.ledger),
        ] {
            let cost = KdfCost::danger_fast_kdf();
            KeyFile::seal_signing_key(kind, "test", key, &passphrase(), cost, &mut rand::rng())
                .unwrap()
                .create(&data.keys().join(name))
                .unwrap();
        }
        drop(SqliteStore::create(&data.events(), SqliteOptions::default()).unwrap());
        drop(FileRecord::create(&self.record(), &self.data()).unwrap());
    }

    /// Opens the engine by the ordinary path.
    pub(crate) async fn open(&self, clock: Arc<RehearsalClock>) -> Result<(Engine, DataFolder), Fault> {
        let data = DataFolder::open(&self.data())?;
        let unlock = |name: &str, kind| -> Result<SigningKey, Fault> {
            Ok(KeyFile::load(&data.keys().join(name))?.unlock_signing_key(kind, &passphrase())?)
        };
        let keys = EngineKeys {
            service: unlock("service.key", SigningKind::Service)?,
            ledger: unlock("ledger.key", SigningKind::Ledger)?,
        };
        let store = SqliteStore::open(&data.events(), SqliteOptions::default())?;
        let record = FileRecord::open(&self.record(), &self.data())?;
        let content = ContentStore::open(&data.content())?;
        let (store, record) = (Arc::new(store), Arc::new(record));
        let engine = Engine::open(store, record, content, &data.snapshots(), clock, keys).await?;
        Ok((engine, data))
    }

    /// What was acknowledged: step, ledger, position, leaf hash. A torn last line was not.
    pub(crate) fn acknowledged(&self) -> Vec<[String; 4]> {
        let text = fs::read_to_string(self.acks()).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let line = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            words.try_into().unwrap()
        };
        whole.lines().map(line).collect()
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new("a passphrase of a test".to_owned())
}

struct Play {
    place: Place,
    seed: u64,
    r: Rehearsal,
    acked: BTreeSet<String>,
    now: u64,
}

/// Plays to the end, or to the first error.
pub(crate) async fn play(place: Place, seed: u64) -> Result<(), Fault> {
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let manifest = election_file::compile(&sijill_tests::referendum_file(false), &rules())?;
    let start = manifest.opens_ms - 36_000_000;
    clock.set(UnixMillis::clamped(start));
    let acknowledged = place.acknowledged();
    let text = fs::read_to_string(place.acks()).unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        fs::write(place.acks(), &text[..text.rfind('\n').map_or(0, |end| end + 1)])?;
    }
    let (engine, _data) = place.open(Arc::clone(&clock)).await?;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut ids = Vec::new();
    for (n, kind) in [Kind::Election, Kind::Roll, Kind::BallotBox]
        .into_iter()
        .enumerate()
    {
        let mut random = [u8::try_from(n)?; 32];
        random[..8].copy_from_slice(&seed.to_be_bytes());
        let genesis = genesis(&engine, kind, ids.first().copied(), random);
        let id = genesis.id();
        if engine.ledgers().find(&id).is_none() {
            engine.create_ledger(genesis).await?;
        }
        ids.push(id);
    }
    println!("ready");
    let mut play = Play {
        r: Rehearsal {
            pack: rules(),
            voters: (0..VOTERS).map(|_| Credential::random(&mut rng)).collect(),
            secrets: (0..2).map(|_| TrusteeSecret::generate(&mut rng)).collect(),
            engine,
            clock,
            manifest,
            election: ids[0],
            roll: ids[1],
            ballot_box: ids[2],
        },
        acked: acknowledged.into_iter().map(|[step, ..]| step).collect(),
        now: start,
        place,
        seed,
    };
    play.prepare().await?;
    play.poll().await?;
    play.count().await?;
    play.publish(Scope::Public).await?;
    play.publish(Scope::Accredited).await?;
    play.r.engine.close().await;
    fs::write(play.place.0.join("done"), "")?;
    Ok(())
}

impl Play {
    fn tick(&mut self) {
        self.now += 60_000;
        self.r.clock.set(UnixMillis::clamped(self.now));
    }

    fn note(&mut self, step: &str, ack: &Acknowledgement) -> Result<(), Fault> {
        let line = format!("{step} {} {} {}\n", ack.ledger, ack.seq, ack.leaf_hash);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.place.acks())?;
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        self.acked.insert(step.to_owned());
        Ok(())
    }

    /// Signs once, sends until it is acknowledged.
    async fn act(
        &mut self,
        step: &str,
        author: &SigningKey,
        ledger: LedgerId,
        cites: &[LedgerId],
        make: impl FnOnce(&Rehearsal) -> Result<Event, Fault>,
    ) -> Result<(), Fault> {
        self.tick();
        if self.acked.contains(step) {
            return Ok(());
        }
        let path = self.place.outbox().join(step);
        let sent = match fs::read(&path) {
            Ok(sent) => sent,
            Err(_) => {
                let event = make(&self.r)?;
                let body = self.r.engine.sign_as(author, ledger, &event, cites)?;
                let sent = [&body.signature().as_bytes()[..], body.bytes()].concat();
                write(&path, &sent)?;
                sent
            }
        };
        let (signature, body) = sent.split_at(64);
        let signature = Signature::from_bytes(signature.try_into()?);
        let ack = self.r.engine.submit(body.to_vec(), signature).await?;
        self.note(step, &ack)
    }

    async fn commission(
        &mut self,
        step: &str,
        ledger: LedgerId,
        cites: &[LedgerId],
        make: impl FnOnce(&Rehearsal) -> Result<Event, Fault>,
    ) -> Result<(), Fault> {
        self.act(step, &key("commission"), ledger, cites, make).await
    }

    async fn prepare(&mut self) -> Result<(), Fault> {
        let (election, roll, ballot_box) = (self.r.election, self.r.roll, self.r.ballot_box);
        let listed = |ledger, kind: Kind, visibility, district| ListedLedger {
            ledger,
            kind: kind.code(),
            visibility,
            district,
        };
        let mut ledgers = vec![
            listed(roll, Kind::Roll, ACCREDITED, None),
            listed(ballot_box, Kind::BallotBox, PUBLIC, Some(district())),
        ];
        ledgers.sort_by_key(|l| l.ledger);
        self.commission("define", election, &[], |r| {
            let manifest = r.engine.put_content(&r.manifest.to_bytes())?;
            Ok(Event::Election(ElectionEvent::ElectionDefined(ElectionDefined {
                manifest,
                ledgers,
            })))
        })
        .await?;
        for index in 1..=2_u16 {
            self.act(
                &format!("trustee-{index}"),
                &trustee_key(index),
                election,
                &[],
                |r| {
                    let at = usize::from(index) - 1;
                    let name = &r.manifest.trustees.names[at];
                    let record = r.secrets[at]
                        .publish(Some(name), &mut rand::rng())?
                        .json()
                        .into_bytes();
                    let event = TrusteeKeyPublished { index, record };
                    Ok(Event::Election(ElectionEvent::TrusteeKeyPublished(event)))
                },
            )
            .await?;
        }
        self.commission("trustees", election, &[], |r| {
            let handle = r.engine.ledgers().find(&election).ok_or("no election")?;
            let record = handle.with_head(|h| h.state.as_election().unwrap().derive_trustees().unwrap());
            let event = TrusteesFixed {
                trustees: r.engine.put_content(record.json().as_bytes())?,
                public_key: *record.election_key().as_bytes(),
            };
            Ok(Event::Election(ElectionEvent::TrusteesFixed(event)))
        })
        .await?;
        self.commission("roll", roll, &[election], |r| Ok(r.roll_defined()))
            .await?;
        let registrar = key("registrar");
        for voter in 0..=VOTERS {
            self.act(&format!("check-{voter}"), &registrar, roll, &[], |_| {
                Ok(checked(voter))
            })
            .await?;
            self.act(&format!("register-{voter}"), &registrar, roll, &[], |_| {
                let (pseudonym, district) = (pseudonym(voter), district());
                Ok(Event::Roll(RollEvent::VoterRegistered(VoterRegistered {
                    pseudonym,
                    district,
                })))
            })
            .await?;
        }
        for voter in 0..VOTERS {
            self.act(&format!("commit-{voter}"), &registrar, roll, &[], |_| {
                let (pseudonym, commitment) = (pseudonym(voter), [u8::try_from(voter)?; 32]);
                Ok(Event::Roll(RollEvent::CredentialCommitted(CredentialCommitted {
                    pseudonym,
                    commitment,
                })))
            })
            .await?;
        }
        let holders = VOTERS as u64;
        let all: Vec<_> = (0..VOTERS).collect();
        self.act("freeze", &registrar, roll, &[], |r| {
            let row = DistrictRoll {
                district: district(),
                eligible: holders + 1,
                holders,
                credentials: put_list(r, &all)?,
            };
            Ok(Event::Roll(RollEvent::RollFrozen(RollFrozen {
                districts: vec![row],
            })))
        })
        .await?;
        self.commission("box", election, &[roll], |r| {
            let event = BoxDefined {
                district: district(),
                ledger: ballot_box,
                election: r.engine.put_content(r.record().json().as_bytes())?,
                credentials: put_list(r, &all)?,
                eligible: holders + 1,
                holders,
            };
            Ok(Event::Election(ElectionEvent::BoxDefined(event)))
        })
        .await?;
        self.commission("poll", election, &[], |_| {
            Ok(Event::Election(ElectionEvent::PollOpened))
        })
        .await?;
        self.commission("prepare", ballot_box, &[election], |r| {
            let m = &r.manifest;
            let event = BoxPrepared {
                district: district(),
                election: r.engine.put_content(r.record().json().as_bytes())?,
                trustees: r
                    .election_facts()
                    .trustees
                    .as_ref()
                    .ok_or("no trustees")?
                    .trustees,
                credentials: put_list(r, &all)?,
                opens_ms: m.opens_ms,
                closes_ms: m.closes_ms,
                grace_ms: m.grace_ms,
                revote: m.revote,
                min_ballots: m.min_ballots,
            };
            Ok(Event::BallotBox(BoxEvent::BoxPrepared(event)))
        })
        .await?;
        self.now = self.r.manifest.opens_ms;
        self.commission("open", ballot_box, &[election], |_| {
            Ok(Event::BallotBox(BoxEvent::BoxOpened))
        })
        .await
    }

    async fn poll(&mut self) -> Result<(), Fault> {
        self.publish(Scope::Public).await?;
        let context = self.r.context();
        let mut latest = [None; VOTERS];
        for (row, ballots) in BALLOTS.iter().enumerate() {
            self.tick();
            let mut sent = Vec::new();
            for (voter, answer) in ballots {
                let step = format!("ballot-{row}-{voter}");
                let mut rng = StdRng::seed_from_u64(self.seed ^ ((row * 100 + voter) as u64) << 8);
                let vote = Vote::from_selections(context.questions(), &[Selection::Answers(&[*answer])])?;
                let credential = &self.r.voters[*voter];
                let ballot = encrypt_ballot(&context, credential, &vote, &mut rng)?;
                let replaces = latest[*voter].map(|ballot_hash| {
                    let proof = prove_replaces(credential, ballot.hash(), ballot_hash, &mut rng);
                    Replaces {
                        ballot_hash,
                        challenge: proof.challenge_le_bytes(),
                        response: proof.response_le_bytes(),
                    }
                });
                latest[*voter] = Some(ballot.hash());
                let cast = BallotCast {
                    ballot: ballot.into_cast().into_bytes(),
                    replaces,
                };
                if !self.acked.contains(&step) {
                    sent.push((step, cast));
                }
            }
            let engine = &self.r.engine;
            let ballot_box = self.r.ballot_box;
            // Together, so that they share a batch.
            let mut answers = Vec::new();
            let (a, b, c) = tokio::join!(
                cast(engine, ballot_box, sent.first()),
                cast(engine, ballot_box, sent.get(1)),
                cast(engine, ballot_box, sent.get(2)),
            );
            answers.extend([a, b, c]);
            let mut failed = None;
            for ((step, _), answer) in sent.iter().zip(answers) {
                match answer {
                    Some(Ok(ack)) => self.note(step, &ack)?,
                    Some(Err(error)) => failed = Some(error),
                    None => {}
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn count(&mut self) -> Result<(), Fault> {
        let (election, ballot_box) = (self.r.election, self.r.ballot_box);
        let m = &self.r.manifest;
        self.now = m.closes_ms + m.grace_ms;
        self.commission("close", ballot_box, &[], |_| {
            Ok(Event::BallotBox(BoxEvent::BoxClosed))
        })
        .await?;
        self.act("exclude", &key("registrar"), ballot_box, &[], |r| {
            let list = put_list(r, &[])?;
            Ok(Event::BallotBox(BoxEvent::ExclusionsFixed(ExclusionsFixed {
                list,
                count: 0,
            })))
        })
        .await?;
        self.commission("seal", ballot_box, &[], |_| {
            Ok(Event::BallotBox(BoxEvent::SealOrdered))
        })
        .await?;
        self.tick();
        if !self.acked.contains("anchor") {
            let Facts::BallotBox(facts) = self.r.engine.ledgers().find(&ballot_box).ok_or("no box")?.facts()
            else {
                return Err("not a box".into());
            };
            let (sealed_size, sealed) = facts.sealed.clone().ok_or("not sealed")?;
            let event = TallyAnchored {
                ledger: ballot_box,
                sealed_size,
                counted: sealed.counted,
                encrypted_tally: sealed.encrypted_tally,
                sized_tally: sealed.sized_tally,
            };
            let event = Event::Election(ElectionEvent::TallyAnchored(event));
            let ack = self
                .r
                .engine
                .act_as_service(election, event, &[ballot_box])
                .await?;
            self.note("anchor", &ack)?;
        }
        for index in 1..=2_u16 {
            self.act(
                &format!("share-{index}"),
                &trustee_key(index),
                election,
                &[],
                |r| {
                    let tally = r
                        .election_facts()
                        .anchored_tally(&ballot_box, r.engine.contents())?;
                    let secret = &r.secrets[usize::from(index) - 1];
                    let share = decrypt_tally(secret, &tally.election, &tally.tally, &mut rand::rng());
                    let event = ShareSubmitted {
                        ledger: ballot_box,
                        index,
                        share: r.engine.put_content(share.as_bytes())?,
                    };
                    Ok(Event::Election(ElectionEvent::ShareSubmitted(event)))
                },
            )
            .await?;
        }
        self.commission("result", election, &[], |r| {
            let facts = r.election_facts();
            let tally = facts.anchored_tally(&ballot_box, r.engine.contents())?;
            let shares = facts.progress[&ballot_box].verified_shares(&tally, r.engine.contents())?;
            let result = r.engine.put_content(tally.decrypt(&shares)?.json().as_bytes())?;
            Ok(Event::Election(ElectionEvent::ResultDeclared(ResultDeclared {
                ledger: ballot_box,
                result,
            })))
        })
        .await?;
        self.commission("paper", election, &[], |r| {
            Ok(Event::Election(ElectionEvent::PaperReturned(r.invalid_papers(1))))
        })
        .await?;
        for view in ["turnout", "trackers", "tally", "result"] {
            self.publish_view(view).await?;
        }
        Ok(())
    }

    /// The size is kept in the outbox: the document of the same size is the same.
    async fn publish_view(&mut self, view: &'static str) -> Result<(), Fault> {
        self.tick();
        let step = format!("view-{view}");
        if self.acked.contains(&step) {
            return Ok(());
        }
        let (election, id) = (self.r.election, self.r.ballot_box);
        let of = if view == "result" { election } else { id };
        let path = self.place.outbox().join(&step);
        let engine = &self.r.engine;
        let size = match fs::read_to_string(&path) {
            Ok(size) => size.parse()?,
            Err(_) => {
                let size = engine.ledgers().find(&of).ok_or("no ledger")?.durable_size();
                write(&path, size.to_string().as_bytes())?;
                size
            }
        };
        let (_, defined) = self.r.election_facts().boxes[&id].clone();
        let zone = sijill_rules::time_zone(&self.r.manifest.time_zone).ok_or("an unknown time zone")?;
        let document = match view {
            "turnout" => engine
                .view::<Turnout>(id, Some(size))
                .await?
                .view
                .document(id, size, &defined, &zone)
                .to_bytes(),
            "trackers" => engine
                .view::<Trackers>(id, Some(size))
                .await?
                .view
                .document(id, size)
                .to_bytes(),
            "tally" => engine
                .view::<Tally>(id, Some(size))
                .await?
                .view
                .document(id, size)
                .ok_or("no tally")?
                .to_bytes(),
            _ => {
                let folded = engine.view::<Results>(election, Some(size)).await?.view;
                folded
                    .document(id, size, &self.r.manifest)
                    .ok_or("no result")?
                    .to_bytes()
            }
        };
        let event = ViewPublished {
            view: view.to_owned(),
            ledger: id,
            size,
            content: engine.put_content(&document)?,
        };
        let event = Event::Election(ElectionEvent::ViewPublished(event));
        let ack = engine.act_as_service(election, event, &[]).await?;
        self.note(&step, &ack)
    }

    async fn publish(&self, scope: Scope) -> Result<(), Fault> {
        let folder = match scope {
            Scope::Public => self.place.published(),
            Scope::Accredited => self.place.public().join("accredited"),
        };
        let publication = self.r.engine.publish(self.r.election, scope, &folder).await?;
        write(
            &sijill_tests::trust_path(&folder),
            publication.trust.to_json().as_bytes(),
        )
    }
}

async fn cast(
    engine: &Engine,
    ballot_box: LedgerId,
    sent: Option<&(String, BallotCast)>,
) -> Option<Result<Acknowledgement, Fault>> {
    let (_, ballot) = sent?;
    Some(engine.cast(ballot_box, ballot.clone()).await.map_err(Into::into))
}

fn put_list(r: &Rehearsal, voters: &[usize]) -> Result<sijill_ledger::ContentRef, Fault> {
    let points = voters.iter().map(|v| *r.voters[*v].public()).collect();
    let list = sijill_ballot::CredentialList::build(points)?;
    Ok(r.engine.put_content(list.json().as_bytes())?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let aside = path.with_extension("draft");
    let mut file = fs::File::create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    Ok(())
}
