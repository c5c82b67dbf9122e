//! The engine is fed with the very bodies of the attack corpus, at their times: it refuses the flaw under the code of the verifier, and what it
//! accepts of honest cases it writes byte for byte as the forger did.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use sijill_engine::Engine;
use sijill_engine::checkpoint_record::{CheckpointRecord, RecordError};
use sijill_engine::clock::RehearsalClock;
use sijill_engine::openings::OpeningStore;
use sijill_ledger::{
    Genesis, LedgerId, LedgerIdentity, Seq, Signature, SignedCheckpoint, UnixMillis, UnverifiedBody,
};
use sijill_store::MemoryStore;
use sijill_tests::attacks::cases::Package;
use sijill_tests::attacks::corpus::{self, Row};
use sijill_tests::attacks::outcomes;
use sijill_tests::open_engine_with;
use sijill_verifier::{MemorySource, Profile, Stage, Trust, verify_event_source};

/// What became of the bodies of a case.
#[derive(Debug)]
enum Outcome {
    /// All were taken, and the engine's ledgers are those of the case.
    Same,
    /// All were taken, but the engine wrote something else of its own, or keeps no such ledger.
    Differs,
    /// The first that was refused.
    Refused(String, u64, String),
}

/// An entry of a ledger, read without any rule but the order of its fields. Spec: specs/ledger.md §5.
struct Recorded {
    bytes: Vec<u8>,
    received_ms: u64,
    body: Vec<u8>,
    signature: Signature,
    /// Ledger and size of each ref, if the body can be read.
    refs: Vec<(String, u64)>,
}

fn record(bytes: &[u8]) -> Recorded {
    let mut rest = &bytes[1..];
    let int = |rest: &mut &[u8]| {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (byte, after) = rest.split_first().unwrap();
            *rest = after;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    };
    int(&mut rest);
    rest = &rest[32..];
    let received_ms = int(&mut rest);
    int(&mut rest);
    let length = int(&mut rest);
    let (body, signature) = rest.split_at(usize::try_from(length).unwrap());
    let signature = Signature::from_bytes(signature.try_into().unwrap());
    let unverified = UnverifiedBody::parse(body, signature);
    let refs = unverified.iter().flat_map(|body| &body.body().refs);
    Recorded {
        bytes: bytes.to_vec(),
        received_ms,
        body: body.to_vec(),
        signature,
        refs: refs.map(|cited| (cited.ledger.to_string(), cited.size)).collect(),
    }
}

fn ledgers(members: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<Recorded>> {
    let mut ledgers = BTreeMap::new();
    for (path, bundle) in members {
        let Some((ledger, _)) = path
            .strip_prefix("published/ledgers/")
            .and_then(|rest| rest.split_once("/tile/entries/"))
        else {
            continue;
        };
        let mut entries = Vec::new();
        let mut rest = bundle.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (bytes, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            entries.push(record(bytes));
            rest = after;
        }
        ledgers.insert(ledger.to_owned(), entries);
    }
    ledgers
}

/// A record that is gone with the test: no case is opened twice.
#[derive(Debug, Default)]
struct Forgetful(Mutex<BTreeMap<String, SignedCheckpoint>>);

impl CheckpointRecord for Forgetful {
    fn load(&self, identity: &LedgerIdentity) -> Result<Option<SignedCheckpoint>, RecordError> {
        Ok(self.0.lock().unwrap().get(&identity.ledger.to_string()).cloned())
    }

    fn advance(&self, _: Option<&SignedCheckpoint>, new: &SignedCheckpoint) -> Result<(), RecordError> {
        let ledger = new.ledger().to_string();
        self.0.lock().unwrap().insert(ledger, new.clone());
        Ok(())
    }

    fn ledgers(&self) -> Result<BTreeSet<LedgerId>, RecordError> {
        let recorded = self.0.lock().unwrap();
        Ok(recorded.keys().map(|ledger| ledger.parse().unwrap()).collect())
    }
}

/// The service has what it publishes, and what it withholds. A ledger reaches its own openings alone, so each gets all of them.
fn hand_in_openings(dir: &Path, members: &BTreeMap<String, Vec<u8>>) {
    std::fs::create_dir_all(dir.join("data")).unwrap();
    let store = OpeningStore::open(&dir.join("data/openings")).unwrap();
    for (path, bytes) in members {
        if path.starts_with("published/openings/") || path.starts_with("withheld/") {
            for ledger in ledgers(members).keys() {
                store.put(&ledger.parse().unwrap(), bytes).unwrap();
            }
        }
    }
}

async fn feed(case: &str, members: &BTreeMap<String, Vec<u8>>) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    hand_in_openings(dir.path(), members);
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let record = Arc::new(Forgetful::default());
    let engine = open_engine_with(
        dir.path(),
        Arc::new(MemoryStore::new()),
        Arc::clone(&clock),
        record,
    )
    .await
    .unwrap();
    for (path, bytes) in members {
        if path.starts_with("published/content/") {
            engine.put_content(bytes).unwrap();
        }
    }
    let ledgers = ledgers(members);
    let mut taken: BTreeMap<&str, usize> = ledgers.keys().map(|ledger| (ledger.as_str(), 0)).collect();
    loop {
        // The earliest entry whose refs stand already.
        let stands = |cited: &(String, u64)| {
            taken
                .get(cited.0.as_str())
                .is_none_or(|there| *there as u64 >= cited.1)
        };
        let next = ledgers
            .iter()
            .filter_map(|(ledger, entries)| Some((ledger, entries.get(taken[ledger.as_str()])?)))
            .filter(|(_, recorded)| recorded.refs.iter().all(stands))
            .min_by_key(|(_, recorded)| recorded.received_ms);
        let Some((ledger, recorded)) = next else {
            break;
        };
        let seq = taken[ledger.as_str()];
        *taken.get_mut(ledger.as_str()).unwrap() += 1;
        clock.set(UnixMillis::clamped(recorded.received_ms));
        let id: LedgerId = ledger.parse().unwrap();
        if seq == 0 {
            let body = UnverifiedBody::parse(&recorded.body, recorded.signature).unwrap();
            if engine
                .create_ledger(Genesis::parse(&body.body().payload).unwrap())
                .await
                .is_err()
            {
                // It belongs to other keys.
                return Outcome::Differs;
            }
        } else if read(&engine, id, seq).await.is_none() {
            // Otherwise it was written as the consequence of another.
            match engine.submit(recorded.body.clone(), recorded.signature).await {
                Ok(acknowledgement) if acknowledgement.repeated => {
                    return Outcome::Refused(ledger.clone(), seq as u64, "repeated".to_owned());
                }
                Ok(_) => {}
                Err(error) => {
                    let code = error.code().unwrap_or_else(|| panic!("{case}: {error}"));
                    return Outcome::Refused(ledger.clone(), seq as u64, code.to_owned());
                }
            }
        }
        if read(&engine, id, seq).await.as_ref() != Some(&recorded.bytes) {
            return Outcome::Differs;
        }
    }
    let left = ledgers
        .iter()
        .find(|(ledger, entries)| taken[ledger.as_str()] < entries.len());
    if let Some((ledger, _)) = left {
        return Outcome::Refused(
            ledger.clone(),
            taken[ledger.as_str()] as u64,
            "entry.refs".to_owned(),
        );
    }
    for (ledger, entries) in &ledgers {
        // It has written more than stands in the case.
        if read(&engine, ledger.parse().unwrap(), entries.len())
            .await
            .is_some()
        {
            return Outcome::Differs;
        }
    }
    Outcome::Same
}

async fn read(engine: &Engine, ledger: LedgerId, seq: usize) -> Option<Vec<u8>> {
    engine.read(ledger, Seq::new(seq as u64), 1).await.unwrap().pop()
}

/// Whether every ledger of the event or jurisdiction is in the case, and can be fed to one engine.
fn has_every_ledger(row: &Row) -> bool {
    // A ledger or its tail is missing; a station looks into a copy of a box, and this engine has the box itself.
    let not_fed = [
        "L24-omitted",
        "L24-register",
        "L24-untrusted-register",
        "C12-tail",
        "C12-withheld",
        "P4-voted",
        // This engine sequences what it receives at once, and publishes a log of now alone.
        "honest-consultation-midnight",
        "honest-consultation-old-log",
    ];
    let whole = row.command == "jurisdiction" || row.profile.as_deref() == Some("accredited");
    whole && !not_fed.contains(&row.id.as_str())
}

/// Cases whose bodies the engine takes although the verifier refuses the folder, and why that is right.
fn is_taken(row: &Row) -> Option<&'static str> {
    let files = [
        "content.mismatch",
        "content.uncited",
        "opening.forbidden",
        "election.omitted",
        "election.unlisted",
        "folder.missing",
        "folder.unexpected",
        "ledger.fork",
        "trust.checkpoint",
        "trust.file",
        "trust.ledger",
        "archive.bytes",
        "ledger.tiles",
        "calendar.unlisted",
        "opening.missing",
    ];
    if !row.trust {
        Some("there is no flaw but the missing trust file")
    } else if files.iter().any(|code| row.codes.contains(*code)) {
        Some("the flaw is in the folder, not in a body")
    } else if row.id == "Q8-lost" {
        Some("the service receives a transfer by itself, when its timer ticks")
    } else if row.id == "J1-second" {
        Some("each of the two jurisdictions is right by itself")
    } else if row.codes.iter().all(|code| code == "view.digest") {
        Some("a view is computed and signed by the service itself")
    } else {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_refuses_what_the_verifier_refuses() {
    let mut faults = Vec::new();
    let cases = corpus::events(&corpus::folder());
    let tasks: Vec<_> = cases
        .into_iter()
        .filter(|(row, _)| has_every_ledger(row))
        .map(|(row, members)| {
            tokio::spawn(async move {
                let outcome = feed(&row.id, &members).await;
                (row, outcome)
            })
        })
        .collect();
    assert!(tasks.len() > 100, "{} cases are no corpus", tasks.len());
    for task in tasks {
        let (row, outcome) = task.await.unwrap();
        let expected = match &outcome {
            Outcome::Same if row.exit == 0 => row.door.is_empty(),
            Outcome::Same => row.door.is_empty() && is_taken(&row).is_some(),
            // What the service writes by itself is right: it cannot be offered another seal, time or number.
            Outcome::Differs => row.exit != 0 && row.door.is_empty(),
            Outcome::Refused(ledger, seq, code) => {
                // What stands wrongly behind a closed day is reported at the day.
                let behind = u64::from(code == "foi.silence");
                let here = row
                    .position
                    .as_ref()
                    .is_none_or(|p| p.ledger == *ledger && (p.seq..=p.seq + behind).contains(seq));
                *code == row.door && here
            }
        };
        if !expected {
            faults.push(format!(
                "{} ({}, {:?}, {:?}): {outcome:?}",
                row.id, row.door, row.codes, row.position
            ));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What the verifier finds first on the election ledger: position and codes there.
fn first_found(package: &Package) -> Option<(u64, BTreeSet<&'static str>)> {
    let files = MemorySource {
        files: package.files.clone(),
    };
    let trust = Trust::parse(package.trust.as_ref().unwrap().as_bytes()).unwrap();
    let report = verify_event_source(&files, Some(&trust), Profile::Accredited, Stage::Announced).unwrap();
    let examples = report.checks.iter().flat_map(|check| &check.counter_examples);
    let found: Vec<(u64, &str)> = examples.map(|e| (e.seq.unwrap_or(u64::MAX), e.code)).collect();
    assert_eq!(
        found.is_empty(),
        report.verdict.exit_code() == 0,
        "{}",
        report.to_text()
    );
    let first = found.iter().map(|(seq, _)| *seq).min()?;
    let codes = found
        .iter()
        .filter(|(seq, _)| *seq == first)
        .map(|(_, code)| *code);
    Some((first, codes.collect()))
}

/// What follows from a result is refused by the engine where the verifier finds the first fault, under its code, and nowhere before.
#[tokio::test(flavor = "multi_thread")]
async fn the_engine_and_the_verifier_agree_on_random_outcomes() {
    let events: u64 = std::env::var("SIJILL_RANDOM_OUTCOMES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(80);
    let tasks: Vec<_> = (0..events)
        .map(|seed| {
            tokio::spawn(async move {
                let package = outcomes::at_random(seed);
                let outcome = feed(&seed.to_string(), &corpus::members(&package)).await;
                match (&outcome, first_found(&package)) {
                    (Outcome::Same, None) => Ok(None),
                    (Outcome::Refused(_, seq, code), Some((first, codes)))
                        if *seq == first && codes.contains(code.as_str()) =>
                    {
                        Ok(Some(code.clone()))
                    }
                    (_, found) => Err(format!("{seed}: {outcome:?}, the verifier {found:?}")),
                }
            })
        })
        .collect();
    let mut faults = Vec::new();
    let mut seen: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(code) => *seen.entry(code).or_default() += 1,
            Err(fault) => faults.push(fault),
        }
    }
    println!("{seen:?}");
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(seen.len() > 6, "the events are too much alike: {seen:?}");
}
