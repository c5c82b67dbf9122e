//! The published form: exactly the files of a size, and the ledger back from them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sijill_ledger::tiles::{PublishedError, published_files, read_published};
use sijill_ledger::*;

fn entry_bytes(seq: Seq) -> Vec<u8> {
    let length = (seq.as_u64() * 7 % 90) as usize;
    [seq.as_u64().to_be_bytes().as_slice(), &vec![0xee; length]].concat()
}

fn tree(size: u64) -> MerkleTree {
    let mut tree = MerkleTree::new();
    (0..size).for_each(|n| tree.push(LeafHash::of_entry_bytes(&entry_bytes(Seq::new(n)))));
    tree
}

fn files(tree: &MerkleTree, old: u64, new: u64) -> BTreeMap<String, Vec<u8>> {
    published_files(tree, old, new, |seq| Ok::<_, ()>(entry_bytes(seq)))
        .map(|file| file.unwrap())
        .map(|(path, bytes)| (path.to_string(), bytes))
        .collect()
}

fn read(
    size: u64,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<(MerkleTree, Vec<Vec<u8>>), PublishedError<String>> {
    let mut entries = Vec::new();
    let file = |path: &TilePath| {
        files
            .get(&path.to_string())
            .cloned()
            .ok_or_else(|| path.to_string())
    };
    let tree = read_published(size, file, |seq, bytes| {
        assert_eq!(seq.as_u64(), entries.len() as u64);
        entries.push(bytes.to_vec());
        Ok(())
    })?;
    Ok((tree, entries))
}

const SIZES: [u64; 11] = [1, 2, 255, 256, 257, 511, 512, 513, 1000, 1024, 1300];

#[test]
fn a_ledger_comes_back_from_its_files() {
    let all = tree(1300);
    for size in SIZES {
        let published = files(&all, 0, size);
        let (back, entries) = read(size, &published).unwrap();
        assert_eq!(Some(back.root()), all.root_at(size));
        assert_eq!(
            entries,
            (0..size).map(|n| entry_bytes(Seq::new(n))).collect::<Vec<_>>()
        );
    }
}

#[test]
fn growing_step_by_step_ends_with_exactly_the_same_files() {
    let all = tree(1300);
    let mut folder = BTreeMap::new();
    let mut old = 0;
    for new in SIZES {
        for path in TilePath::removed(old, new) {
            assert!(folder.remove(&path.to_string()).is_some(), "{path}");
        }
        for (path, bytes) in files(&all, old, new) {
            assert!(folder.insert(path, bytes).is_none());
        }
        assert_eq!(folder, files(&all, 0, new));
        old = new;
    }
    assert_eq!(
        TilePath::added(old, old).count() + TilePath::removed(old, old).count(),
        0
    );
}

#[test]
fn every_file_counts() {
    let all = tree(600);
    let published = files(&all, 0, 600);
    assert!(published.len() > 6);
    for (path, bytes) in &published {
        let mut missing = published.clone();
        missing.remove(path);
        assert_eq!(read(600, &missing), Err(PublishedError::Source(path.clone())));
        for at in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = published.clone();
            changed.get_mut(path).unwrap()[at] ^= 1;
            let outcome = read(600, &changed);
            assert!(
                matches!(outcome, Err(PublishedError::Tile(_))),
                "{path}, byte {at}: {outcome:?}"
            );
        }
        for changed_bytes in [
            [bytes.as_slice(), &[0]].concat(),
            bytes[..bytes.len() - 1].to_vec(),
            Vec::new(),
        ] {
            let mut changed = published.clone();
            changed.insert(path.clone(), changed_bytes);
            assert!(
                matches!(read(600, &changed), Err(PublishedError::Tile(_))),
                "{path}"
            );
        }
    }
}

#[test]
fn sources_that_fail_or_fall_short() {
    let short = tree(5);
    let failed: Vec<_> = published_files(&short, 0, 5, |_| Err::<Vec<u8>, _>("gone")).collect();
    assert!(failed.contains(&Err(PublishedError::Source("gone"))));
    let too_small: Vec<_> = published_files(&short, 0, 6, |seq| Ok::<_, ()>(entry_bytes(seq))).collect();
    assert!(too_small.contains(&Err(PublishedError::Tile(TileError::Size(6)))));
    let too_long: Vec<_> = published_files(&short, 0, 1, |_| Ok::<_, ()>(vec![0; 65_536])).collect();
    assert!(too_long.contains(&Err(PublishedError::Tile(TileError::EntrySize(Seq::ZERO)))));
}

/// The example of the C2SP text: a tree of 70,000 entries.
#[test]
fn the_example_of_the_tlog_tiles_text() {
    let paths: Vec<String> = TilePath::all(70_000).map(|p| p.to_string()).collect();
    let level = |l: &str| {
        paths
            .iter()
            .filter(|p| p.starts_with(&format!("tile/{l}/")))
            .collect::<Vec<_>>()
    };
    assert_eq!(level("0").len(), 274);
    assert_eq!(level("0")[273], "tile/0/273.p/112");
    assert_eq!(level("1"), ["tile/1/000", "tile/1/001.p/17"]);
    assert_eq!(level("2"), ["tile/2/000.p/1"]);
    assert_eq!(level("entries").len(), 274);
    assert_eq!(paths.len(), 274 + 2 + 1 + 274);
    let all: Vec<String> = TilePath::all(256).map(|p| p.to_string()).collect();
    assert_eq!(all, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    assert_eq!(TilePath::all(0).count(), 0);
}

#[test]
fn paths_have_one_spelling() {
    let path = TilePath::new(TileKind::Hashes(0), 1_234_067, 8).unwrap();
    assert_eq!(path.to_string(), "tile/0/x001/x234/067.p/8");
    let path = TilePath::new(TileKind::Entries, u64::MAX, 256).unwrap();
    assert_eq!(path.to_string(), "tile/entries/x018/x446/x744/x073/x709/x551/615");
    assert_eq!(path.to_string().parse(), Ok(path));
    assert_eq!(path.entries(), None);
    assert_eq!(TilePath::new(TileKind::Hashes(8), 0, 1), None);
    assert_eq!(TilePath::new(TileKind::Entries, 0, 0), None);
    assert_eq!(TilePath::new(TileKind::Entries, 0, 257), None);
    for bad in [
        "",
        "tile",
        "tile/",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/8/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/x001/x002",
        "tile/0/+01",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1.p/1",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/../000",
        "tile/entries/x018/x446/x744/x073/x709/x551/616",
        "tile/entries/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(bad.parse::<TilePath>(), Err(TileError::Path), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn paths_round_trip(level in 0_u8..8, entries in any::<bool>(), index in any::<u64>(), width in 1_u16..=256) {
        let kind = if entries { TileKind::Entries } else { TileKind::Hashes(level) };
        let path = TilePath::new(kind, index, width).unwrap();
        prop_assert_eq!(path.to_string().parse::<TilePath>(), Ok(path));
    }

    #[test]
    fn added_and_removed_are_the_difference(old in 0_u64..200_000, more in 0_u64..200_000) {
        let new = old + more;
        let set = |paths: Vec<TilePath>| paths.into_iter().collect::<BTreeSet<_>>();
        let (had, has) = (set(TilePath::all(old).collect()), set(TilePath::all(new).collect()));
        prop_assert_eq!(set(TilePath::added(old, new).collect()), &has - &had);
        prop_assert_eq!(set(TilePath::removed(old, new).collect()), &had - &has);
        // A removed file is partial, and wider or full in its new form.
        prop_assert!(TilePath::removed(old, new).all(|path| !path.is_full()));
    }

    #[test]
    fn bundles_split_only_into_their_entries(bytes in proptest::collection::vec(any::<u8>(), 0..200), width in 1_u16..5) {
        let path = TilePath::new(TileKind::Entries, 0, width).unwrap();
        if let Ok(entries) = path.split_bundle(&bytes) {
            prop_assert_eq!(entries.len(), usize::from(width));
            let again: Vec<u8> = entries
                .iter()
                .flat_map(|e| [u16::try_from(e.len()).unwrap().to_be_bytes().as_slice(), e].concat())
                .collect();
            prop_assert_eq!(again, bytes);
        }
    }
}
