//! A polling station at work: how many are checked in and given a paper in a second, how fast somebody is looked up, at the
//! station and at the centre.
//!
//! Station and centre are engines of their own on SQLite with `synchronous=FULL`. Everything goes one after the other, as
//! at one desk: the next voter comes when the last one's paper is durable. The centre's look-up is the logged read of the
//! vault and the signed answer of the box.
//!
//!     cargo bench -p sijill-benches --bench station                  50,000 voters, 1,000,000 records in the vault
//!     cargo bench -p sijill-benches --bench station -- --quick       a fiftieth of it

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its figures"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use sha2::{Digest as _, Sha256};
use sijill_engine::Engine;
use sijill_engine::clock::RehearsalClock;
use sijill_engine::keyfile::{KdfCost, Passphrase, RegistrarSecret};
use sijill_engine::look_up::Question;
use sijill_engine::publish::Scope;
use sijill_engine::station_notes::NotesSecret;
use sijill_engine::station_roll::{Line, StationRoll};
use sijill_engine::vault::access::{Access, Action};
use sijill_engine::vault::{Subject, Vault};
use sijill_ledger::{Genesis, GenesisFields, Grant, Kind, LedgerId, Role, SigningKey, UnixMillis};
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::{ElectionEvent, StationDefined};
use sijill_registers::roll::events::{
    CredentialCommitted, DistrictRoll, RollEvent, RollFrozen, VoterRegistered, VotersAssigned,
};
use sijill_registers::station::events::{
    CheckedIn, Number, PaperIssued, Signed, StationEvent, StationOpened,
};
use sijill_store::{SqliteOptions, SqliteStore};
use sijill_tests::{
    Rehearsal, checked, credential_commitment, district, key, open_engine, open_other_engine, pseudonym,
    referendum_file, rules,
};
use zeroize::Zeroizing;

/// Voters who hold a credential, and may have voted digitally.
const HOLDERS: usize = 100;
/// Submissions under way while the roll is made.
const AT_ONCE: usize = 1_024;

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let share = if quick { 50 } else { 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{} cores",
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    runtime.block_on(station(50_000 / share, if quick { 100 } else { 3_000 }));
    runtime.block_on(centre(1_000_000 / share, if quick { 50 } else { 2_000 }));
}

fn number(n: u64) -> Number {
    n.try_into().unwrap()
}

fn store(dir: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::create(&dir.join("events.sqlite3"), SqliteOptions::default()).unwrap())
}

fn officer(n: usize) -> SigningKey {
    key(&format!("officer {n}"))
}

fn identifier(voter: usize) -> String {
    format!("{:011}", 28_000_000_000 + voter as u64 * 7)
}

/// How long each of many things took.
struct Times(Vec<Duration>);

impl Times {
    fn say(mut self, what: &str) {
        self.0.sort();
        let of = |share: usize| self.0[(self.0.len() - 1) * share / 1000].as_secs_f64() * 1e3;
        let all: Duration = self.0.iter().sum();
        println!(
            "{what}: {:.0} a second; half within {:.4} ms, 99 of 100 within {:.4} ms, all within {:.4} ms ({} of them)",
            self.0.len() as f64 / all.as_secs_f64(),
            of(500),
            of(990),
            of(1000),
            self.0.len()
        );
    }
}

async fn submit_all(r: &Arc<Rehearsal>, events: Vec<Event>) {
    let registrar = key("registrar");
    for group in events.chunks(AT_ONCE) {
        let mut under_way = tokio::task::JoinSet::new();
        for event in group {
            let body = r.engine.sign_as(&registrar, r.roll, event, &[]).unwrap();
            let r = Arc::clone(r);
            under_way.spawn(async move { r.engine.submit_signed(&body).await.unwrap() });
        }
        while let Some(done) = under_way.join_next().await {
            done.unwrap();
        }
    }
}

/// A frozen roll, of whose voters [`HOLDERS`] have a credential.
async fn make_roll(r: &Arc<Rehearsal>, voters: usize) {
    r.commission(r.roll, r.roll_defined(), &[r.election])
        .await
        .unwrap();
    submit_all(r, (0..voters).map(checked).collect()).await;
    let registered = |voter| {
        Event::Roll(RollEvent::VoterRegistered(VoterRegistered {
            pseudonym: pseudonym(voter),
            district: district(),
        }))
    };
    submit_all(r, (0..voters).map(registered).collect()).await;
    let committed = |voter| {
        Event::Roll(RollEvent::CredentialCommitted(CredentialCommitted {
            pseudonym: pseudonym(voter),
            commitment: credential_commitment(&r.opening(voter)),
        }))
    };
    submit_all(r, (0..HOLDERS).map(committed).collect()).await;
    let row = DistrictRoll {
        district: district(),
        eligible: voters as u64,
        holders: HOLDERS as u64,
        credentials: r.credential_list(&(0..HOLDERS).collect::<Vec<_>>()),
    };
    let frozen = RollFrozen { districts: vec![row] };
    r.registrar(r.roll, Event::Roll(RollEvent::RollFrozen(frozen)))
        .await
        .unwrap();
}

/// The ledger of a station on its own engine.
async fn make_station(engine: &Engine, parent: LedgerId) -> LedgerId {
    let (service_key, ledger_key) = engine.key_ids();
    let grant = |key: &SigningKey, role| Grant {
        key: key.key_id(),
        role,
        scope: None,
    };
    let mut grants: Vec<_> = (0..3).map(|n| grant(&officer(n), Role::StationOfficer)).collect();
    grants.push(grant(&key("commission"), Role::Commission));
    let genesis = Genesis::new(GenesisFields {
        kind: Kind::Station,
        origin: "vote.example/station".parse().unwrap(),
        parent: Some(parent),
        ledger_key,
        service_key,
        grants,
        max_lag_ms: 30_000,
        official_window_ms: 3_600_000,
        random: Sha256::digest("station").into(),
        predecessor: None,
    })
    .unwrap();
    engine.create_ledger(genesis).await.unwrap().ledger()
}

async fn station(voters: usize, served: usize) {
    let (centre, own, published) = (folder(), folder(), folder());
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let engine = open_engine(centre.path(), store(centre.path()), Arc::clone(&clock))
        .await
        .unwrap();
    let r = Rehearsal::create(engine, Arc::clone(&clock), &referendum_file(true), HOLDERS).await;
    let r = Arc::new(r);
    let engine = open_other_engine(own.path(), store(own.path()), clock, "station")
        .await
        .unwrap();
    let ledger = make_station(&engine, r.election).await;
    r.announce(&[ledger]).await;
    r.fix_trustees().await;
    make_roll(&r, voters).await;

    let line = |voter| Line {
        identifier: identifier(voter),
        pseudonym: pseudonym(voter),
        district: district(),
        holder: voter < HOLDERS,
    };
    let mut rng = StdRng::seed_from_u64(1);
    let registrar = NotesSecret::new(&RegistrarSecret::generate(&mut rng), r.roll).public();
    let roll = StationRoll::new(ledger, registrar, (0..voters).map(line).collect(), &mut rng).unwrap();
    let list = roll.list().unwrap().to_bytes();
    let assigned = VotersAssigned {
        station: ledger,
        voters: r.put(&list),
    };
    r.registrar(r.roll, Event::Roll(RollEvent::VotersAssigned(assigned)))
        .await
        .unwrap();
    let mut members: Vec<_> = [1, 2].iter().map(|n| officer(*n).key_id()).collect();
    members.sort();
    let defined = StationDefined {
        station: "east".parse().unwrap(),
        name_en: "East".to_owned(),
        name_ar: String::new(),
        ledger,
        districts: vec![district()],
        online: false,
        queue_ms: number(0),
        pack: Sha256::digest(rules().to_json()).into(),
        voters: Sha256::digest(&list).into(),
        count: number(voters as u64),
        chair: officer(0).key_id(),
        members,
    };
    let defined = Event::Election(ElectionEvent::StationDefined(defined));
    r.commission(r.election, defined, &[r.roll]).await.unwrap();
    r.open_box().await;
    r.engine
        .publish(r.election, Scope::Public, published.path())
        .await
        .unwrap();
    engine.take_election(r.election, published.path()).await.unwrap();

    let passphrase = Passphrase::new("a passphrase of a station".to_owned());
    let sealed = roll.seal(&passphrase, KdfCost::standard(), &mut rng).unwrap();
    let start = Instant::now();
    let roll = StationRoll::unlock(&sealed, &passphrase, ledger).unwrap();
    println!(
        "roll of {voters} voters: {:.1} MB sealed, unlocked once in {:.2} s",
        sealed.to_bytes().len() as f64 / 1e6,
        start.elapsed().as_secs_f64()
    );
    let act = async |n: usize, event: StationEvent, cites: &[LedgerId]| {
        let event = Event::Station(event);
        engine.act(&officer(n), ledger, &event, cites).await.unwrap().seq
    };
    for n in 0..3 {
        act(n, StationEvent::DutyBegun, &[]).await;
    }
    let opened = StationOpened {
        voters: engine.put_content(&list).unwrap(),
        pack: engine.put_content(&rules().to_json()).unwrap(),
        papers: number(voters as u64),
        seal: "seal-1".parse().unwrap(),
    };
    act(0, StationEvent::StationOpened(opened), &[r.election]).await;

    let mut coming: Vec<usize> = (0..voters).collect();
    coming.shuffle(&mut rng);
    let handle = engine.ledgers().find(&ledger).unwrap();
    let look_up = |voter: usize| {
        let start = Instant::now();
        let identifier = identifier(voter);
        assert!(roll.find(&identifier).is_some());
        let person = roll.person(&identifier);
        let found = handle.with_head(|head| head.state.as_station().unwrap().book().find(&person));
        (start.elapsed(), found)
    };
    let (mut check_ins, mut papers) = (Vec::new(), Vec::new());
    for voter in coming.iter().take(served) {
        let start = Instant::now();
        let event = CheckedIn {
            listed: true,
            person: roll.person(&identifier(*voter)),
            document: 1,
            assistance: false,
        };
        let check_in = act(1, StationEvent::CheckedIn(event), &[]).await;
        check_ins.push(start.elapsed());
        let start = Instant::now();
        let mut event = PaperIssued {
            check_in: number(check_in.as_u64()),
            envelope: None,
            replaces: None,
            second: None,
        };
        let message = event.second_message(ledger, officer(1).key_id());
        event.second = Some(Signed {
            key: officer(2).key_id(),
            signature: officer(2).sign(&message),
        });
        act(1, StationEvent::PaperIssued(event), &[]).await;
        papers.push(start.elapsed());
    }
    Times(check_ins).say("check-ins");
    Times(papers).say("papers, with a second officer");
    let looked_up: Vec<_> = coming.iter().map(|voter| look_up(*voter)).collect();
    assert_eq!(
        looked_up.iter().filter(|(_, found)| found.is_some()).count(),
        served
    );
    Times(looked_up.into_iter().map(|(time, _)| time).collect())
        .say(&format!("look-ups among {voters} voters"));
}

/// Look-ups at the centre: the registrar's vault, in which the access is logged first, and the box.
async fn centre(records: usize, asked: usize) {
    let dir = folder();
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let engine = open_engine(dir.path(), store(dir.path()), Arc::clone(&clock))
        .await
        .unwrap();
    let r = Rehearsal::define(engine, clock, &referendum_file(true), HOLDERS).await;
    r.open().await;
    for voter in 0..HOLDERS / 2 {
        r.vote(voter, Some(0)).await.unwrap();
    }
    let mut rng = StdRng::seed_from_u64(2);
    let secret = RegistrarSecret::generate(&mut rng);
    let registrar = key("registrar");
    let mut vault = Vault::create(&dir.path().join("vault.sqlite"), r.roll, &secret).unwrap();
    let access = |action, subject| Access {
        action,
        why: "bench",
        subject,
    };
    let all: Vec<usize> = (0..records).collect();
    for group in all.chunks(50_000) {
        let records: Vec<_> = group
            .iter()
            .map(|voter| (Subject(pseudonym(*voter).0), Zeroizing::new(vec![7; 200])))
            .collect();
        vault
            .admit(&registrar, &access(Action::Write, None), 1)
            .unwrap()
            .write(&records)
            .unwrap();
    }
    let mut coming = all;
    coming.shuffle(&mut rng);
    let mut times = Vec::new();
    for voter in coming.into_iter().take(asked) {
        let start = Instant::now();
        let person = pseudonym(voter);
        let subject = Subject(person.0);
        let admitted = vault
            .admit(&registrar, &access(Action::Read, Some(subject)), 2)
            .unwrap();
        assert!(admitted.read(&subject).unwrap().is_some());
        let question = Question {
            station: r.election,
            person,
            asked_ms: 0,
        };
        let credential = r.opening(voter % HOLDERS).credential;
        let answer = r
            .engine
            .answer_look_up(question, r.ballot_box, Some(&credential))
            .unwrap();
        times.push(start.elapsed());
        assert_eq!(answer.voted(), voter % HOLDERS < HOLDERS / 2);
    }
    Times(times).say(&format!("look-ups at the centre, {records} records in the vault"));
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
