//! Whatever stops the process, what was acknowledged is there exactly once, at the same place, and the event can be
//! finished and verified.
//!
//! `SIJILL_KILLS` is how often processes are killed (4), `SIJILL_SEED` where it begins, `SIJILL_STRIDE` how many calls
//! of the system are passed over between two injected failures (60). `.ci/faults` sets them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod play;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use play::{EXPECTED, Place, play};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sijill_engine::clock::RehearsalClock;
use sijill_engine::{Engine, SubmitError};
use sijill_ledger::{Entry, LedgerId, Seq, UnixMillis};
use sijill_store::MemoryStore;
use sijill_tests::{Rehearsal, open_engine, referendum_file, trust_path};
use sijill_verifier::{Options, Profile, Stage, verify_event};

const CHILD: &str = "SIJILL_FAULTS_CHILD";
const CHILD_SEED: &str = "SIJILL_FAULTS_CHILD_SEED";

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap())
}

/// Not a test of its own: the process that the others start.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    if let Err(error) = runtime.block_on(play(Place(path.into()), setting(CHILD_SEED, 0))) {
        eprintln!("stopped: {error}");
        std::process::exit(7);
    }
}

fn command(place: &Place, seed: u64, wrapper: &[&str]) -> Command {
    let own = std::env::current_exe().unwrap();
    let mut command = match wrapper {
        [] => Command::new(&own),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(&own);
            command
        }
    };
    command
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(CHILD, &place.0)
        .env(CHILD_SEED, seed.to_string())
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs to the end of the process: exit code and what it said.
fn run(place: &Place, seed: u64, wrapper: &[&str]) -> (Option<i32>, String) {
    let output = command(place, seed, wrapper).output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[track_caller]
fn finish(place: &Place, seed: u64) {
    let (code, said) = run(place, seed, &[]);
    assert_eq!(code, Some(0), "seed {seed}: {said}");
    assert!(place.done());
}

fn fresh() -> (tempfile::TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place(folder.path().to_owned());
    place.make();
    (folder, place)
}

async fn entries(engine: &Engine, ledger: LedgerId) -> Vec<Entry> {
    let mut found = Vec::new();
    loop {
        let page = engine
            .read(ledger, Seq::new(found.len() as u64), 1000)
            .await
            .unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page.iter().map(|bytes| Entry::parse(bytes).unwrap()));
    }
}

/// Opens by the ordinary path; every acknowledged entry stands at its place, and no body stands twice. Returns how many
/// were acknowledged.
fn check(place: &Place, context: &str) -> usize {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
        let (engine, _data) = place
            .open(clock)
            .await
            .unwrap_or_else(|e| panic!("{context}: {e}"));
        let mut ledgers = BTreeMap::new();
        for handle in engine.ledgers().all() {
            let entries = entries(&engine, handle.ledger()).await;
            let bodies: std::collections::BTreeSet<_> =
                entries.iter().map(|e| e.signed_body().hash()).collect();
            assert_eq!(bodies.len(), entries.len(), "{context}: a body stands twice");
            assert_eq!(handle.checkpoint().size(), entries.len() as u64, "{context}");
            ledgers.insert(handle.ledger().to_string(), entries);
        }
        let acknowledged = place.acknowledged();
        for [step, ledger, seq, leaf] in &acknowledged {
            let at: usize = seq.parse().unwrap();
            let entry = ledgers[ledger].get(at);
            let entry = entry.unwrap_or_else(|| panic!("{context}: {step} at {seq} of {ledger} is lost"));
            assert_eq!(
                entry.leaf_hash().to_string(),
                *leaf,
                "{context}: {step} is another entry"
            );
        }
        engine.close().await;
        acknowledged.len()
    })
}

fn verify(place: &Place, context: &str) {
    for (name, profile) in [
        ("published", Profile::Public),
        ("accredited", Profile::Accredited),
    ] {
        let folder = place.public().join(name);
        let options = Options {
            trust: Some(trust_path(&folder)),
            profile,
            require_stage: Stage::Published,
            threads: Some(1),
            plain: false,
        };
        let report = verify_event(&folder, &options).unwrap();
        assert_eq!(report.verdict.exit_code(), 0, "{context}: {}", report.to_text());
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
        let (engine, _data) = place.open(clock).await.unwrap();
        let result = sijill_tests::declared_result(&engine).await;
        assert_eq!(result, vec![EXPECTED.0, EXPECTED.1], "{context}");
        engine.close().await;
    });
}

fn until_ready(child: &mut Child) {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 && !line.contains("ready") {
        line.clear();
    }
    // The pipe stays open, so that the child can go on writing.
    child.stdout = Some(out.into_inner());
}

/// `kill -9` at random moments; every fourth time an ordinary `kill`, which is no more than a crash to the ledgers.
#[test]
fn killed_at_any_moment() {
    let kills = setting("SIJILL_KILLS", 4);
    let seed = setting("SIJILL_SEED", 1);
    println!("kills: {kills}, first seed: {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut killed, mut events, mut acknowledged) = (0, 0, 0);
    // What an undisturbed run takes, so that moments are spread over all of it.
    let (_folder, place) = fresh();
    let begin = std::time::Instant::now();
    finish(&place, seed);
    let whole_us = u64::try_from(begin.elapsed().as_micros()).unwrap().max(1000);
    while killed < kills {
        let (_folder, place) = fresh();
        let event_seed = seed.wrapping_add(events);
        loop {
            let delay = random.random_range(0..whole_us * 3 / 4);
            let mut child = command(&place, event_seed, &[]).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(delay));
            if child.try_wait().unwrap().is_some() {
                break;
            }
            if killed % 4 == 3 {
                let pid = child.id().to_string();
                Command::new("kill").args(["-TERM", &pid]).status().unwrap();
            } else {
                child.kill().unwrap();
            }
            if child.wait().unwrap().code() == Some(0) {
                break;
            }
            killed += 1;
            check(
                &place,
                &format!("event {event_seed}, kill {killed} after {delay} µs"),
            );
            if killed == kills {
                break;
            }
        }
        let context = format!("event {event_seed}");
        finish(&place, event_seed);
        acknowledged += check(&place, &context);
        verify(&place, &context);
        events += 1;
    }
    println!(
        "{killed} kills in {events} events; {acknowledged} acknowledgements, none lost, all events verify"
    );
}

#[test]
fn two_processes_on_one_folder() {
    let (_folder, place) = fresh();
    let mut first = command(&place, 1, &[]).spawn().unwrap();
    until_ready(&mut first);
    let (code, said) = run(&place, 1, &[]);
    assert_eq!(code, Some(7), "{said}");
    assert!(
        said.contains(&format!("is in use by process {}", first.id())),
        "{said}"
    );
    assert_eq!(first.wait().unwrap().code(), Some(0));
    check(&place, "after two processes");
    verify(&place, "after two processes");
}

fn has_strace() -> bool {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        println!("skipped: strace does not work here; install it (apt-get install strace) and allow ptrace");
    }
    works
}

/// A call of the system fails: fsync with an error of the disk or for want of space, writing and renaming for want of
/// space, opening for want of permission, and the process is killed at the very call.
#[test]
fn calls_of_the_system_fail() {
    if !has_strace() {
        return;
    }
    let stride = usize::try_from(setting("SIJILL_STRIDE", 60)).unwrap();
    let (mut injected, mut stopped) = (0, 0);
    for (calls, fault) in [
        ("fsync,fdatasync", "error=EIO"),
        ("fsync,fdatasync", "error=ENOSPC"),
        ("fsync,fdatasync", "signal=KILL"),
        ("pwrite64", "error=ENOSPC"),
        ("pwrite64", "error=EIO"),
        ("rename,renameat,renameat2", "error=ENOSPC"),
        ("rename,renameat,renameat2", "signal=KILL"),
    ] {
        let mut at = 1;
        loop {
            let (folder, place) = fresh();
            let context = format!("{calls} number {at}: {fault}");
            let log = folder.path().join("strace.log");
            let (trace, inject) = (
                format!("trace={calls}"),
                format!("inject={calls}:{fault}:when={at}"),
            );
            let log = log.to_str().unwrap();
            let (code, said) = run(
                &place,
                1,
                &["strace", "-f", "-qq", "-o", log, "-e", &trace, "-e", &inject],
            );
            let done = place.done();
            if std::fs::read_to_string(log).unwrap().contains("INJECTED") || code.is_none() {
                injected += 1;
            }
            if done {
                // Calls are counted for each thread: there was none of that number, or it did not matter.
                check(&place, &context);
                verify(&place, &context);
                break;
            }
            stopped += 1;
            assert!(!said.contains("panicked"), "{context}: {said}");
            if fault.starts_with("error") {
                assert_eq!(code, Some(7), "{context}: {said}");
                let told = [
                    "stopped: ",
                    "I/O error",
                    "No space left",
                    "disk is full",
                    "os error 5",
                ];
                assert!(
                    said.contains(told[0]) && told[1..].iter().any(|text| said.contains(text)),
                    "{context}: {said}"
                );
            }
            check(&place, &context);
            finish(&place, 1);
            check(&place, &context);
            verify(&place, &context);
            at += stride;
        }
    }
    println!(
        "{injected} runs with an injected failure, {stopped} stopped by it; none lost anything, all went on"
    );
}

/// A file system of its own for a folder, as long as the value lives.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(path: &'a Path, kib: u64) -> Option<Self> {
        let size = format!("size={kib}k,mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(path)
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(path))
    }

    fn grow(&self) {
        let grown = Command::new("mount")
            .args(["-o", "remount,size=64m"])
            .arg(self.0)
            .status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _left = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// The disk of the data folder, of the checkpoint record, or of the publication is full: from the first entry to the
/// last publication, by the size that it has.
#[test]
fn a_full_disk_in_every_phase() {
    let (mut full, mut runs) = (0, 0);
    for which in ["disk", "vault", "public"] {
        let mut kib = match which {
            "vault" => 16,
            _ => 48,
        };
        loop {
            let folder = tempfile::tempdir().unwrap();
            let place = Place(folder.path().to_owned());
            let path = folder.path().join(which);
            std::fs::create_dir(&path).unwrap();
            let Some(disk) = Mounted::new(&path, 4096) else {
                println!(
                    "skipped: mounting a small file system needs root; run as root, or under `unshare -rm`"
                );
                return;
            };
            place.make();
            let sized = Command::new("mount")
                .args(["-o", &format!("remount,size={kib}k")])
                .arg(&path)
                .stderr(Stdio::null())
                .status()
                .unwrap();
            let context = format!("{which} of {kib} KiB");
            // Smaller than what is there already: not a disk that can be.
            if sized.success() {
                runs += 1;
                let (code, said) = run(&place, 1, &[]);
                if place.done() {
                    // It may have fitted to the last block: opening needs a little room.
                    disk.grow();
                    check(&place, &context);
                    break;
                }
                full += 1;
                assert_eq!(code, Some(7), "{context}: {said}");
                let told = ["No space left", "disk is full", "disk I/O error"];
                assert!(told.iter().any(|text| said.contains(text)), "{context}: {said}");
                // Once more while it is full: no worse.
                let (code, said) = run(&place, 1, &[]);
                assert!(code == Some(7) && !said.contains("panicked"), "{context}: {said}");
                disk.grow();
                check(&place, &context);
                finish(&place, 1);
                check(&place, &context);
                verify(&place, &context);
            }
            kib += match which {
                "vault" => 4,
                _ => 32.max(kib / 4),
            };
        }
    }
    assert!(full > 3, "{full}");
    println!("{runs} runs on small disks, {full} found them full; none lost anything, all went on");
}

/// The clock jumps a day ahead, and back: nothing is written out of order, nothing is lost, and the event goes on.
#[tokio::test(flavor = "multi_thread")]
async fn the_clock_jumps() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let store = Arc::new(MemoryStore::new());
    let engine = open_engine(dir.path(), store, Arc::clone(&clock)).await.unwrap();
    let r = Rehearsal::define(engine, clock, &referendum_file(false), 4).await;
    r.open().await;
    let opens = r.manifest.opens_ms;
    let set = |ms: u64| r.clock.set(UnixMillis::clamped(ms));
    set(opens + 60_000);
    let first = r.ballot(&r.context(), 0, Some(0));
    let placed = r.engine.cast(r.ballot_box, first.clone()).await.unwrap();
    // Back by less than is tolerated, then by more.
    set(opens + 58_500);
    r.vote(1, Some(1)).await.unwrap();
    set(opens + 10_000);
    let late = r.ballot(&r.context(), 2, Some(1));
    let refused = r.engine.cast(r.ballot_box, late.clone()).await.unwrap_err();
    assert!(
        matches!(refused, SubmitError::ClockBehind { behind_ms: 50_000 }),
        "{refused}"
    );
    assert!(refused.to_string().contains("set the clock right"));
    // A day ahead: behind the close, so refused, and nothing carries that time.
    set(opens + 86_400_000);
    let refused = r.engine.cast(r.ballot_box, late.clone()).await.unwrap_err();
    assert!(matches!(refused, SubmitError::Rejected(_)), "{refused}");
    set(opens + 120_000);
    let now = r.engine.cast(r.ballot_box, late).await.unwrap();
    assert_eq!(now.seq.as_u64(), placed.seq.as_u64() + 2);
    // The same ballot again, whatever the clock said meanwhile: its own place.
    let again = r.engine.cast(r.ballot_box, first).await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.seq, again.leaf_hash), (placed.seq, placed.leaf_hash));
    // An hour ahead inside the poll, and a ballot is taken: until the clock is there again, nothing is.
    set(opens + 3_600_000);
    r.vote(3, Some(0)).await.unwrap();
    set(opens + 180_000);
    let ahead = r.vote(1, Some(0)).await.unwrap_err();
    assert!(matches!(ahead, SubmitError::ClockBehind { .. }), "{ahead}");
    set(opens + 3_600_001);
    r.vote(1, Some(0)).await.unwrap();
    let entries = entries(&r.engine, r.ballot_box).await;
    assert!(entries.is_sorted_by_key(|e| e.sequenced_ms()));
    r.seal(&[]).await;
    r.result(r.invalid_papers(1)).await;
    let folder = dir.path().join("published");
    r.publish(sijill_engine::publish::Scope::Public, &folder).await;
    let options = Options {
        trust: Some(trust_path(&folder)),
        profile: Profile::Public,
        require_stage: Stage::Published,
        threads: Some(1),
        plain: false,
    };
    let report = verify_event(&folder, &options).unwrap();
    assert_eq!(report.verdict.exit_code(), 0, "{}", report.to_text());
}
