//! What a million is: folding, memory, tally, result, and how soon a ledger serves again after the process was killed.
//!
//! Figures are wall seconds and CPU seconds (user and system) of this process. What is synthetic: ledgers of a million
//! entries are signed and chained like any other, but written straight into the store; their ballots have the bytes of
//! one real ballot, with a credential and ciphertexts of their own, and proofs that do not hold. Where proofs are
//! checked, in `throughput`, every ballot is real.
//!
//!     cargo bench -p sijill-benches --bench scale                    a million
//!     cargo bench -p sijill-benches --bench scale -- --quick         a fiftieth of it
//!     cargo bench -p sijill-benches --bench scale -- fold            one of: boxes result fold box credentials roll
//!
//! `roll` runs the command itself: `cargo build --release -p sijill-cli` before.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its figures"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as GENERATOR;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use sijill_ballot::{
    BallotHash, CredentialList, ElectionResult, EncryptedTally, VerifiedBallot, combine_shares,
    decrypt_tally, verify_share,
};
use sijill_benches::{Meter, resident_bytes};
use sijill_engine::Engine;
use sijill_engine::clock::RehearsalClock;
use sijill_engine::publish::Scope;
use sijill_ledger::{
    Body, Chain, Entry, Genesis, GenesisFields, Grant, Kind, LedgerId, Role, Seq, UnixMillis,
};
use sijill_registers::ballot_box::events::{AuditStarted, BallotCast, BoxEvent};
use sijill_registers::ballot_box::views::{trackers::Trackers, turnout::Turnout};
use sijill_registers::catalogue::Event;
use sijill_registers::register::service_nonce;
use sijill_store::{Batch, EventStore, NewEntry, PageLimit, SqliteOptions, SqliteStore};
use sijill_tests::{Rehearsal, key, open_engine, referendum_file};

/// Entries made and written together.
const PAGE: usize = 4_096;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|a| a == "--quick");
    let named: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let wanted = |name: &str| named.is_empty() || named.contains(&name);
    let million = if quick { 20_000 } else { 1_000_000 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores");
    println!("{:<58} {:>10} {:>9} {:>9}", "", "", "wall s", "CPU s");
    // First, before there is freed memory that it could use again.
    if wanted("boxes") {
        runtime.block_on(boxes(600));
    }
    if wanted("result") {
        runtime.block_on(result(million));
    }
    if wanted("fold") {
        runtime.block_on(fold(million));
    }
    if wanted("box") {
        runtime.block_on(ballot_box(million));
    }
    if wanted("credentials") {
        credentials(million);
    }
    if wanted("roll") {
        roll(million);
    }
}

fn row(what: &str, figure: &str, meter: &Meter) {
    let (wall, cpu) = meter.seconds();
    println!("{what:<58} {figure:>10} {wall:>9.2} {cpu:>9.2}");
}

fn per_second(count: usize, meter: &Meter) -> String {
    format!("{:.0}/s", count as f64 / meter.seconds().0)
}

fn mib(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / 1_048_576.0)
}

async fn open(dir: &Path, clock: &Arc<RehearsalClock>) -> Engine {
    let path = dir.join("events.sqlite3");
    let options = SqliteOptions::default();
    let store = if path.exists() {
        SqliteStore::open(&path, options)
    } else {
        SqliteStore::create(&path, options)
    };
    open_engine(dir, Arc::new(store.unwrap()), Arc::clone(clock))
        .await
        .unwrap()
}

/// An event with an open box for a few real voters.
async fn rehearsal(dir: &Path) -> Rehearsal {
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let engine = open(dir, &clock).await;
    let r = Rehearsal::define(engine, clock, &referendum_file(false), 4).await;
    r.open().await;
    r
}

/// Appends events of the service to a ledger behind the engine's back.
async fn fill(dir: &Path, ledger: LedgerId, events: usize, make: impl Fn(usize) -> Event + Sync) -> u64 {
    let path = dir.join("events.sqlite3");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let page = store
        .read(ledger, Seq::ZERO, PageLimit::new(PAGE, 16 << 20))
        .await
        .unwrap();
    let entries = page.entries.iter().map(|e| Entry::parse(e.bytes()).unwrap());
    let mut chain = Chain::replay(entries).unwrap();
    let (service, now) = (key("service"), chain.tail_sequenced_ms());
    let mut bytes = 0;
    let mut made = 0;
    while made < events {
        let next = (made + PAGE).min(events);
        let genesis = chain.genesis().clone();
        let bodies: Vec<_> = (made..next)
            .into_par_iter()
            .map(|number| {
                let event = make(number);
                let payload = event.payload();
                let nonce = service_nonce(&event, &payload);
                Body::by_service(&genesis, event.wire_type(), nonce, payload)
                    .sign(&service)
                    .unwrap()
            })
            .collect();
        let first = chain.next_seq();
        let entries: Vec<_> = bodies
            .into_iter()
            .map(|body| {
                let entry = chain.append(body, now, now).unwrap();
                bytes += entry.bytes().len() as u64;
                NewEntry::new(entry.into_bytes()).unwrap()
            })
            .collect();
        store
            .append(ledger, first, Batch::new(entries).unwrap())
            .await
            .unwrap();
        made = next;
    }
    bytes
}

/// Small events into a view, and the ledger read back without a snapshot.
async fn fold(events: usize) {
    let dir = tempfile::tempdir().unwrap();
    let r = rehearsal(dir.path()).await;
    let (ledger, clock, election) = (r.ballot_box, Arc::clone(&r.clock), r.election);
    r.engine.close().await;
    let bytes = fill(dir.path(), ledger, events, |number| {
        Event::BallotBox(BoxEvent::AuditStarted(AuditStarted {
            ballot_hash: BallotHash::of(&number.to_be_bytes()),
            alphas: Vec::new(),
        }))
    })
    .await;
    let mean = bytes / events as u64;
    assert!(mean <= 256, "{mean}");
    let meter = Meter::start();
    let engine = open(dir.path(), &clock).await;
    row(
        &format!("read back {events} events of {mean} bytes, signatures checked"),
        &per_second(events, &meter),
        &meter,
    );
    let meter = Meter::start();
    let folded = engine.view::<Turnout>(ledger, None).await.unwrap();
    row(
        &format!("fold {events} events of {mean} bytes into the turnout"),
        &per_second(events, &meter),
        &meter,
    );
    assert!(folded.size > events as u64);
    let published = dir.path().join("published");
    engine.publish(election, Scope::Public, &published).await.unwrap();
    engine.close().await;
    verified(&published.join("ledgers").join(ledger.to_string()), events);
}

/// What the verifier does with any ledger, beside nothing but as many strict signature checks on all cores.
fn verified(folder: &Path, events: usize) {
    let (signer, message) = (key("service"), [0x5a; 200]);
    let (public, signature) = (signer.public_key(), signer.sign(&message));
    let meter = Meter::start();
    let valid = (0..events)
        .into_par_iter()
        .all(|_| public.verify(&message, &signature).is_ok());
    assert!(valid);
    row(
        &format!("({events} strict signature checks and nothing else)"),
        &per_second(events, &meter),
        &meter,
    );
    let bare = meter.seconds().0;
    let meter = Meter::start();
    let report = sijill_verifier::verify_ledger(folder, &sijill_verifier::Options::default()).unwrap();
    let wall = meter.seconds().0;
    assert!(report.checks.iter().all(|check| check.failed == 0));
    row(
        &format!(
            "chain and signatures of it verified: {:.0} % of that",
            100.0 * bare / wall
        ),
        &per_second(events, &meter),
        &meter,
    );
}

/// The life of a box with so many ballots.
async fn ballot_box(ballots: usize) {
    let dir = tempfile::tempdir().unwrap();
    let r = rehearsal(dir.path()).await;
    let (ledger, clock) = (r.ballot_box, Arc::clone(&r.clock));
    let template = Template::of(r.ballot(&r.context(), 0, Some(0)).ballot);
    let base = r.engine.ledgers().find(&ledger).unwrap().durable_size();
    let (pack, manifest, voters, secrets) = (r.pack, r.manifest, r.voters, r.secrets);
    let (election, roll) = (r.election, r.roll);
    r.engine.close().await;
    let meter = Meter::start();
    let points = template.points.len();
    let bytes = fill(dir.path(), ledger, ballots, |number| {
        Event::BallotBox(BoxEvent::BallotCast(BallotCast {
            ballot: template.ballot(number * points),
            replaces: None,
        }))
    })
    .await;
    row(
        &format!(
            "(made {ballots} synthetic ballots, {} bytes each)",
            bytes / ballots as u64
        ),
        &per_second(ballots, &meter),
        &meter,
    );

    let before = resident_bytes();
    let meter = Meter::start();
    let engine = open(dir.path(), &clock).await;
    row(
        "serve again, without snapshot",
        &per_second(ballots, &meter),
        &meter,
    );
    let held = resident_bytes().saturating_sub(before);
    row(
        &format!(
            "memory of chain and state: {} bytes per ballot",
            held / ballots as u64
        ),
        &mib(held),
        &meter,
    );
    let meter = Meter::start();
    let written = engine.snapshot(ledger).await.unwrap().unwrap();
    row(
        &format!(
            "write a snapshot; the ledger waits {} ms",
            written.pause.as_millis()
        ),
        &mib(written.bytes),
        &meter,
    );
    // As after `kill -9`: nothing is closed.
    drop(engine);
    // The runtime lets go of the store's handles soon after.
    let meter = loop {
        let path = dir.path().join("events.sqlite3");
        match SqliteStore::open(&path, SqliteOptions::default()) {
            Ok(store) => {
                drop(store);
                break Meter::start();
            }
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    };
    let engine = open(dir.path(), &clock).await;
    row("serve again, with snapshot", &per_second(ballots, &meter), &meter);
    let handle = engine.ledgers().find(&ledger).unwrap();
    assert_eq!(handle.snapshot_size(), base + ballots as u64);
    assert_eq!(handle.durable_size(), base + ballots as u64);
    drop(handle);

    let before = resident_bytes();
    let meter = Meter::start();
    let turnout = engine.view::<Turnout>(ledger, None).await.unwrap();
    row(
        "fold the ballots into the turnout",
        &per_second(ballots, &meter),
        &meter,
    );
    let meter = Meter::start();
    let trackers = engine.view::<Trackers>(ledger, None).await.unwrap();
    row(
        "fold the ballots into the list of trackers",
        &per_second(ballots, &meter),
        &meter,
    );
    let held = resident_bytes().saturating_sub(before);
    row(
        &format!("memory of both views: {} bytes per ballot", held / ballots as u64),
        &mib(held),
        &meter,
    );
    drop((turnout, trackers));
    let r = Rehearsal {
        pack,
        engine,
        clock,
        manifest,
        election,
        roll,
        ballot_box: ledger,
        voters,
        secrets,
    };
    let meter = Meter::start();
    r.seal(&[]).await;
    row(
        "close, add up the encrypted tally, seal, anchor",
        &per_second(ballots, &meter),
        &meter,
    );
    println!(
        "{:<58} {:>10}",
        "most memory at any time",
        mib(sijill_benches::peak_bytes())
    );
}

/// A real ballot, with the places of its points.
struct Template {
    bytes: Vec<u8>,
    /// Where the text of a point begins.
    points: Vec<usize>,
}

impl Template {
    fn of(bytes: Vec<u8>) -> Self {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let mut points: Vec<usize> = ["\"alpha\":\"", "\"beta\":\"", "\"credential\":\""]
            .iter()
            .flat_map(|field| {
                text.match_indices(field)
                    .map(|(at, _)| at + field.len())
                    .collect::<Vec<_>>()
            })
            .collect();
        points.sort_unstable();
        Self { bytes, points }
    }

    /// With (first + 1)·G, (first + 2)·G, … for its points.
    fn ballot(&self, first: usize) -> Vec<u8> {
        let start = EdwardsPoint::mul_base(&Scalar::from(first as u64 + 1));
        let points: Vec<_> = std::iter::successors(Some(start), |point| Some(point + GENERATOR))
            .take(self.points.len())
            .collect();
        let mut bytes = self.bytes.clone();
        for (encoding, at) in EdwardsPoint::compress_batch_alloc(&points)
            .iter()
            .zip(&self.points)
        {
            bytes[*at..at + 64].copy_from_slice(text(encoding.as_bytes()).as_bytes());
        }
        bytes
    }
}

/// The text of a point: its encoding, most significant byte first.
fn text(encoding: &[u8; 32]) -> String {
    let mut reversed = *encoding;
    reversed.reverse();
    hex::encode(reversed)
}

/// Boxes of one event in one engine, with a setup of their own.
async fn boxes(count: usize) {
    let dir = tempfile::tempdir().unwrap();
    let r = rehearsal(dir.path()).await;
    let clock = Arc::clone(&r.clock);
    let page = r.engine.read(r.ballot_box, Seq::new(1), 1).await.unwrap();
    let prepared = Entry::parse(&page[0]).unwrap().body().clone();
    let commission = key("commission");
    let mut ledgers = Vec::new();
    for number in 0..count {
        let mut random = [0; 32];
        random[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let grants = vec![Grant {
            key: commission.key_id(),
            role: Role::Commission,
            scope: None,
        }];
        let genesis = Genesis::new(GenesisFields {
            kind: Kind::BallotBox,
            origin: "vote.example/boxes".parse().unwrap(),
            parent: Some(r.election),
            ledger_key: key("ledger").key_id(),
            service_key: key("service").key_id(),
            grants,
            max_lag_ms: 30_000,
            official_window_ms: 3_600_000,
            random,
            predecessor: None,
        })
        .unwrap();
        let handle = r.engine.create_ledger(genesis).await.unwrap();
        let page = r.engine.read(handle.ledger(), Seq::ZERO, 1).await.unwrap();
        ledgers.push(Entry::parse(&page[0]).unwrap());
    }
    r.engine.close().await;
    let store = SqliteStore::open(&dir.path().join("events.sqlite3"), SqliteOptions::default()).unwrap();
    for entry_0 in ledgers {
        let mut chain = Chain::start(&entry_0).unwrap();
        let now = chain.tail_sequenced_ms();
        let mut body = prepared.clone();
        body.ledger = chain.ledger();
        body.author_time_ms = now;
        body.seen = Some(chain.seen());
        let entry_1 = chain.append(body.sign(&commission).unwrap(), now, now).unwrap();
        let batch = Batch::new(vec![NewEntry::new(entry_1.into_bytes()).unwrap()]).unwrap();
        store.append(chain.ledger(), Seq::new(1), batch).await.unwrap();
    }
    drop(store);
    let before = resident_bytes();
    let threads = sijill_benches::threads();
    let meter = Meter::start();
    let engine = open(dir.path(), &clock).await;
    let held = resident_bytes().saturating_sub(before);
    assert_eq!(engine.ledgers().all().len(), count + 3);
    row(
        &format!("open {count} more boxes: {} bytes each", held / count as u64),
        &mib(held),
        &meter,
    );
    println!(
        "{:<58} {:>10}",
        "threads before and after",
        format!("{threads}, {}", sijill_benches::threads())
    );
    engine.close().await;
}

/// The result of a tally whose counts add up to so many voters.
async fn result(voters: usize) {
    let dir = tempfile::tempdir().unwrap();
    let r = rehearsal(dir.path()).await;
    let context = r.context();
    let ballots: Vec<VerifiedBallot> = [0, 1]
        .into_iter()
        .map(|answer| {
            let cast = r.ballot(&context, 0, Some(answer));
            VerifiedBallot::danger_from_recorded(&context, &cast.ballot).unwrap()
        })
        .collect();
    let yes = voters as u64 * 618 / 1000;
    let weighted = [(&ballots[0], yes), (&ballots[1], voters as u64 - yes)];
    let tally = EncryptedTally::of(&context, &weighted).unwrap();
    let trustees = Arc::clone(r.election_facts().trustees_record.as_ref().unwrap());
    let shares: Vec<_> = r
        .secrets
        .iter()
        .zip(1..)
        .map(|(secret, owner)| (owner, decrypt_tally(secret, &context, &tally, &mut rand::rng())))
        .collect();
    let verified: Vec<_> = shares
        .iter()
        .map(|(owner, share)| verify_share(&context, &trustees, *owner, &tally, share.as_bytes()).unwrap())
        .collect();
    let factors = combine_shares(&trustees, &tally, &verified).unwrap();
    let meter = Meter::start();
    let found = ElectionResult::decrypt(&tally, &factors).unwrap();
    row(&format!("extract the result of {voters} voters"), "", &meter);
    assert_eq!(found.counts(), &[vec![yes, voters as u64 - yes]]);
}

/// Reading a credential list: at the preparation of a box, and whenever its ledger is opened.
fn credentials(count: usize) {
    let points: Vec<String> = {
        let all: Vec<EdwardsPoint> = std::iter::successors(Some(GENERATOR), |point| Some(point + GENERATOR))
            .take(count)
            .collect();
        let mut encodings: Vec<[u8; 32]> = all
            .par_chunks(4_096)
            .flat_map_iter(EdwardsPoint::compress_batch_alloc)
            .map(|encoding| encoding.to_bytes())
            .collect();
        encodings.sort_unstable();
        encodings.iter().map(text).collect()
    };
    let json = format!("[\"{}\"]", points.join("\",\""));
    let meter = Meter::start();
    let list = CredentialList::parse(json.as_bytes()).unwrap();
    assert_eq!(list.entries().len(), count);
    row(
        &format!("read a list of {count} credentials"),
        &per_second(count, &meter),
        &meter,
    );
    let meter = Meter::start();
    CredentialList::danger_from_recorded(json.as_bytes()).unwrap();
    row(
        "read it again, with a snapshot",
        &per_second(count, &meter),
        &meter,
    );
}

/// An import of so many persons, each checked against a register of persons, by the command.
fn roll(persons: usize) {
    let built = std::env::current_exe().unwrap();
    let command = built.parent().unwrap().parent().unwrap().join("sijill");
    if !command.exists() {
        println!(
            "(no {}: `cargo build --release -p sijill-cli`)",
            command.display()
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let mut roll = "identifier,district\n".to_owned();
    let mut register = "qid,born,nationality,since,document,expires,exclusions\n".to_owned();
    for n in 0..persons {
        let _ = writeln!(roll, "{:011},national", 20_000_000_000 + n as u64);
        let _ = writeln!(
            register,
            "{:011},19{}-0{}-1{},original,,id_card,2030-01-01,",
            20_000_000_000 + n as u64,
            50 + n % 40,
            1 + n % 9,
            n % 9
        );
    }
    for (name, text) in [
        ("roll.csv", roll),
        ("persons.csv", register),
        ("passphrase", "correct horse battery\n".to_owned()),
        ("election.toml", referendum_file(false)),
    ] {
        std::fs::write(path(name), text).unwrap();
    }
    let sijill = |args: &[&str]| {
        let mut command = std::process::Command::new(&command);
        command
            .args(["--dir", &path("data"), "--passphrase-file", &path("passphrase")])
            .args([
                "--rehearsal-clock",
                "2026-12-01T12:00:00+03:00",
                "--danger-fast-keys",
            ])
            .args(args)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        sijill_benches::run(&mut command).unwrap()
    };
    let (commission, registrar, secret) = (path("commission.key"), path("registrar.key"), path("secret"));
    let trustees = [path("one"), path("two")];
    sijill(&["init", "--origin", "bench.example"]);
    sijill(&["key", "new", &commission, "--label", "commission"]);
    sijill(&["key", "new", &registrar, "--label", "registrar"]);
    sijill(&[
        "key",
        "new",
        &secret,
        "--purpose",
        "registrar-secret",
        "--label",
        "secret",
    ]);
    for folder in &trustees {
        sijill(&["trustee", "keygen", folder, "--name", "Trustee"]);
    }
    let signing = trustees.map(|folder| format!("{folder}/signing.key"));
    sijill(&[
        "election",
        "new",
        "--file",
        &path("election.toml"),
        "--key",
        &commission,
        "--registrar",
        &registrar,
        "--trustee",
        &signing[0],
        "--trustee",
        &signing[1],
    ]);
    let run = sijill(&[
        "roll",
        "import",
        &path("roll.csv"),
        "--persons",
        &path("persons.csv"),
        "--key",
        &registrar,
        "--secret",
        &secret,
    ]);
    println!(
        "{:<58} {:>10} {:>9.2} {:>9.2}",
        format!("check and register {persons} persons"),
        format!("{:.0}/s", persons as f64 / run.wall),
        run.wall,
        run.cpu
    );
    println!("{:<58} {:>10}", "most memory at any time", mib(run.peak_bytes));
}
