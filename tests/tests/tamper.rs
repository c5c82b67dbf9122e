//! Whatever byte of a published folder is changed, the verifier does not call it verified: neither as it is, nor after the
//! forger has rehashed and chained again everything that follows.
//!
//! Bytes are sampled; `SIJILL_TAMPER_EVERY=1 cargo test --release -p sijill-tests --test tamper` tries each of them.

#![allow(
    clippy::unwrap_used,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use sijill_engine::clock::RehearsalClock;
use sijill_engine::publish::Scope;
use sijill_ledger::{
    Checkpoint, LeafHash, LedgerId, MerkleTree, TilePath, TrustFile, UnixMillis, tiles::ledger_folder,
};
use sijill_store::MemoryStore;
use sijill_tests::attacks::corpus;
use sijill_tests::{Rehearsal, engine_keys, open_engine, referendum_file, trust_path};
use sijill_verifier::{MemorySource, Profile, Stage, Trust, verify_event_source};

/// A finished event of two voters, published for accredited auditors, and its trust file.
fn event() -> (MemorySource, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("accredited");
    runtime.block_on(async {
        let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
        let engine = open_engine(dir.path(), Arc::new(MemoryStore::new()), Arc::clone(&clock))
            .await
            .unwrap();
        let r = Rehearsal::define(engine, clock, &referendum_file(false), 2).await;
        r.open().await;
        r.vote(0, Some(0)).await.unwrap();
        r.vote(1, Some(1)).await.unwrap();
        r.seal(&[]).await;
        r.result(r.invalid_papers(0)).await;
        r.publish(Scope::Accredited, &folder).await;
    });
    let mut files = BTreeMap::new();
    read_all(&folder, &folder, &mut files);
    (
        MemorySource { files },
        std::fs::read(trust_path(&folder)).unwrap(),
    )
}

fn read_all(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// One byte of so many is changed, at positions that are spread over all fields.
fn every() -> usize {
    let every = std::env::var("SIJILL_TAMPER_EVERY").map_or(11, |n| n.parse().unwrap());
    println!("changing one byte of {every} (SIJILL_TAMPER_EVERY)");
    every
}

fn verified(source: &MemorySource, trust: &Trust) -> bool {
    verify_event_source(source, Some(trust), Profile::Accredited, Stage::Published)
        .unwrap()
        .verdict
        .exit_code()
        == 0
}

#[test]
fn any_flipped_byte_is_noticed() {
    let (source, trust) = event();
    let trust = Trust::parse(&trust).unwrap();
    assert!(verified(&source, &trust), "the honest folder must verify");
    let places: Vec<(&String, usize)> = source
        .files
        .iter()
        .flat_map(|(name, bytes)| (0..bytes.len()).map(move |at| (name, at)))
        .collect();
    assert!(places.len() > 10_000, "{} bytes are no event", places.len());
    let every = every();
    let missed: Vec<_> = places
        .par_iter()
        .step_by(every)
        .filter(|(name, at)| {
            let mut forged = source.clone();
            // Every bit is tried on one byte in eight.
            forged.files.get_mut(*name).unwrap()[*at] ^= 1 << (at % 8);
            verified(&forged, &trust)
        })
        .collect();
    assert!(missed.is_empty(), "accepted with a changed byte at {missed:?}");
}

#[test]
fn any_missing_or_added_file_is_noticed() {
    let (source, trust) = event();
    let trust = Trust::parse(&trust).unwrap();
    for name in source.files.keys() {
        let mut forged = source.clone();
        forged.files.remove(name);
        // Archives are there for the convenience of others: they follow from the ledgers.
        let dispensable = name.starts_with("archives/");
        assert_eq!(verified(&forged, &trust), dispensable, "without {name}");
        let mut forged = source.clone();
        forged.files.insert(format!("{name}.old"), Vec::new());
        assert!(!verified(&forged, &trust), "accepted with an added {name}.old");
        let mut forged = source.clone();
        forged.files.get_mut(name).unwrap().push(0);
        assert!(!verified(&forged, &trust), "accepted with {name} made longer");
        let mut forged = source.clone();
        forged.files.get_mut(name).unwrap().pop();
        assert!(!verified(&forged, &trust), "accepted with {name} made shorter");
    }
}

/// The folders of two jurisdictions of the corpus, with requests and with a consultation.
#[test]
fn any_change_of_the_folder_of_a_jurisdiction_is_noticed() {
    let cases = corpus::read(&corpus::folder());
    let every = 3 * every();
    for id in ["honest-foi-accredited", "honest-consultation-accredited"] {
        let (row, members) = cases.iter().find(|(row, _)| row.id == id).unwrap();
        let verified =
            |members: &BTreeMap<String, Vec<u8>>| corpus::verify(row, members).verdict.exit_code() == 0;
        assert!(verified(members), "{id} must verify");
        let published: Vec<_> = members
            .iter()
            .filter(|(name, _)| name.starts_with("published/"))
            .collect();
        let places: Vec<(&String, usize)> = published
            .iter()
            .flat_map(|(name, bytes)| (0..bytes.len()).map(move |at| (*name, at)))
            .collect();
        assert!(
            places.len() > 10_000,
            "{} bytes are no jurisdiction",
            places.len()
        );
        let missed: Vec<_> = places
            .par_iter()
            .step_by(every)
            .filter(|(name, at)| {
                let mut forged = members.clone();
                forged.get_mut(*name).unwrap()[*at] ^= 1 << (at % 8);
                verified(&forged)
            })
            .collect();
        assert!(
            missed.is_empty(),
            "{id}: accepted with a changed byte at {missed:?}"
        );
        type Change = fn(&mut BTreeMap<String, Vec<u8>>, &String);
        let changes: [(&str, Change); 4] = [
            ("without", |files, name| {
                files.remove(name);
            }),
            ("with an old copy of", |files, name| {
                files.insert(format!("{name}.old"), Vec::new());
            }),
            ("with a longer", |files, name| {
                files.get_mut(name).unwrap().push(0)
            }),
            ("with a shorter", |files, name| {
                files.get_mut(name).unwrap().pop();
            }),
        ];
        let missed: Vec<String> = published
            .par_iter()
            .flat_map_iter(|(name, _)| {
                changes.iter().filter_map(move |(what, change)| {
                    let mut forged = members.clone();
                    change(&mut forged, name);
                    verified(&forged).then(|| format!("{what} {name}"))
                })
            })
            .collect();
        assert!(missed.is_empty(), "{id}: accepted {missed:?}");
    }
}

/// The entries of a published ledger.
fn entries(source: &MemorySource, ledger: LedgerId, size: u64) -> Vec<Vec<u8>> {
    let base = ledger_folder(ledger);
    TilePath::all(size)
        .filter(|path| path.entries().is_some())
        .flat_map(|path| {
            let bundle = &source.files[&format!("{base}/{path}")];
            path.split_bundle(bundle)
                .unwrap()
                .into_iter()
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Chains the entries again, writes all tiles again, and signs a new checkpoint with the ledger key.
fn republish(
    source: &mut MemorySource,
    ledger: LedgerId,
    trust: &TrustFile,
    mut entries: Vec<Vec<u8>>,
    signs: bool,
) {
    let mut tree = MerkleTree::new();
    let mut prev = LeafHash::NONE;
    for (seq, entry) in entries.iter_mut().enumerate() {
        // Format byte, then the position as a varint, then the hash of the entry before.
        let at = 1 + if seq < 128 { 1 } else { 2 };
        if let Some(place) = entry.get_mut(at..at + 32) {
            place.copy_from_slice(prev.as_bytes());
        }
        prev = LeafHash::of_entry_bytes(entry);
        tree.push(prev);
    }
    let base = ledger_folder(ledger);
    source
        .files
        .retain(|name, _| !name.starts_with(&format!("{base}/tile/")));
    for path in TilePath::all(tree.size()) {
        let bytes = match path.entries() {
            None => path.hashes(&tree).unwrap(),
            Some(range) => entries
                [usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
                .iter()
                .flat_map(|e| [&u16::try_from(e.len()).unwrap().to_be_bytes()[..], e].concat())
                .collect(),
        };
        source.files.insert(format!("{base}/{path}"), bytes);
    }
    if signs {
        let identity = trust.ledger(ledger).unwrap().identity();
        let note = Checkpoint::sign(&identity, tree.size(), tree.root(), &engine_keys().ledger)
            .unwrap()
            .to_note();
        source
            .files
            .insert(format!("{base}/checkpoint"), note.into_bytes());
    }
}

#[test]
fn rehashing_and_chaining_again_does_not_help() {
    let (source, trust_bytes) = event();
    let trust = Trust::parse(&trust_bytes).unwrap();
    let file = TrustFile::parse(std::str::from_utf8(&trust_bytes).unwrap()).unwrap();
    let every = 2 * every();
    for listed in file.ledgers() {
        let size = listed.checkpoint.unwrap().size;
        let honest = entries(&source, listed.id, size);
        // The forger's tools must be right: what is not changed verifies.
        let mut same = source.clone();
        republish(&mut same, listed.id, &file, honest.clone(), true);
        assert!(verified(&same, &trust));
        let places: Vec<(usize, usize)> = honest
            .iter()
            .enumerate()
            .flat_map(|(e, bytes)| (0..bytes.len()).map(move |at| (e, at)))
            .collect();
        let missed: Vec<_> = places
            .par_iter()
            .step_by(every)
            .filter(|(e, at)| {
                let mut changed = honest.clone();
                changed[*e][*at] ^= 1 << (at % 8);
                [false, true].into_iter().any(|signs| {
                    let mut forged = source.clone();
                    republish(&mut forged, listed.id, &file, changed.clone(), signs);
                    // The position of an entry's own chain hash is set right again: then nothing was changed.
                    forged.files != source.files && verified(&forged, &trust)
                })
            })
            .collect();
        assert!(
            missed.is_empty(),
            "{:?}: accepted with a changed byte at {missed:?}",
            listed.kind
        );
    }
}

#[test]
fn an_entry_left_out_is_noticed() {
    let (source, trust_bytes) = event();
    let trust = Trust::parse(&trust_bytes).unwrap();
    let file = TrustFile::parse(std::str::from_utf8(&trust_bytes).unwrap()).unwrap();
    for listed in file.ledgers() {
        let size = listed.checkpoint.unwrap().size;
        let honest = entries(&source, listed.id, size);
        for left_out in 0..honest.len() {
            let mut fewer = honest.clone();
            fewer.remove(left_out);
            if fewer.is_empty() {
                continue;
            }
            let mut forged = source.clone();
            republish(&mut forged, listed.id, &file, fewer, true);
            assert!(
                !verified(&forged, &trust),
                "{:?}: accepted without entry {left_out}",
                listed.kind
            );
        }
    }
}
