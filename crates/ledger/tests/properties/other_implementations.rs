//! Bytes agree with other people's implementations: `tlog_tiles`, `signed_note`, `ct-merkle`.

use std::collections::BTreeMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use sijill_ledger::*;
use tlog_tiles::{Hash, HashReader, Tile};

use crate::common::World;

const SIZES: [u64; 12] = [1, 2, 3, 7, 8, 9, 64, 65, 255, 256, 257, 600];

struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        Ok(indexes
            .iter()
            .map(|i| self.0[usize::try_from(*i).unwrap()])
            .collect())
    }
}

fn both(size: u64) -> (MerkleTree, Stored) {
    let (mut ours, mut theirs) = (MerkleTree::new(), Stored(Vec::new()));
    for n in 0..size {
        ours.push(LeafHash::of_entry_bytes(&n.to_be_bytes()));
        let added = tlog_tiles::stored_hashes(n, &n.to_be_bytes(), &theirs).unwrap();
        theirs.0.extend(added);
    }
    (ours, theirs)
}

#[test]
fn tlog_tiles_roots_and_proofs() {
    let (ours, theirs) = both(600);
    let flat = |hashes: &[Hash]| hashes.iter().map(|h| h.0).collect::<Vec<_>>();
    for size in SIZES {
        let root = tlog_tiles::tree_hash(size, &theirs).unwrap();
        assert_eq!(ours.root_at(size).unwrap().to_bytes(), root.0);
        for other in SIZES.into_iter().filter(|other| *other <= size) {
            let seq = Seq::new(other - 1);
            let their_proof = tlog_tiles::prove_record(size, seq.as_u64(), &theirs).unwrap();
            let our_proof = ours.inclusion_proof(seq, size).unwrap();
            assert_eq!(our_proof.hashes(), flat(&their_proof));
            let leaf = Hash(ours.leaf(seq).unwrap().to_bytes());
            tlog_tiles::check_record(&their_proof, size, root, seq.as_u64(), leaf).unwrap();

            let their_proof = tlog_tiles::prove_tree(size, other, &theirs).unwrap();
            let our_proof = ours.consistency_proof(other, size).unwrap();
            assert_eq!(our_proof.hashes(), flat(&their_proof));
        }
    }
}

#[test]
fn tlog_tiles_files() {
    // Theirs has the height in the path, as in the design it comes from: tile/8/<L>/<N>.
    let path = |tile: &Tile| tile.path().replacen("tile/8/", "tile/", 1);
    let (ours, theirs) = both(600);
    for size in SIZES {
        for old in [0].into_iter().chain(SIZES).filter(|old| *old <= size) {
            let their_tiles: BTreeMap<String, Vec<u8>> = Tile::new_tiles(8, old, size)
                .iter()
                .map(|tile| (path(tile), tile.read_data(&theirs).unwrap()))
                .collect();
            let our_tiles: BTreeMap<String, Vec<u8>> = TilePath::added(old, size)
                .filter_map(|path| Some((path.to_string(), path.hashes(&ours)?)))
                .collect();
            assert_eq!(our_tiles, their_tiles, "{old} to {size}");
        }
    }
    for size in [65_535, 65_536, 65_537, 70_000, 16_777_216, 300_000_000] {
        for old in [0, 65_000, size - 1] {
            let their_paths: Vec<String> = Tile::new_tiles(8, old, size).iter().map(path).collect();
            let our_paths: Vec<String> = TilePath::added(old, size)
                .filter(|path| path.kind() != TileKind::Entries)
                .map(|path| path.to_string())
                .collect();
            assert!(our_paths == their_paths, "{old} to {size}");
        }
    }
}

#[test]
fn ct_merkle_roots_and_proofs() {
    let mut theirs = MemoryBackedTree::<Sha256, [u8; 8]>::new();
    let mut ours = MerkleTree::new();
    for n in 0..130_u64 {
        theirs.push(n.to_be_bytes());
        ours.push(LeafHash::of_entry_bytes(&n.to_be_bytes()));
        let (size, root) = (n + 1, ours.root());
        assert_eq!(root.as_bytes().as_slice(), theirs.root().as_bytes().as_slice());
        for seq in 0..size {
            let their_proof = theirs.prove_inclusion(usize::try_from(seq).unwrap());
            let our_proof = ours.inclusion_proof(Seq::new(seq), size).unwrap();
            assert_eq!(our_proof.hashes().concat(), their_proof.as_bytes());
        }
        for old in 1..size {
            let their_proof = theirs.prove_consistency(usize::try_from(size - old).unwrap());
            let our_proof = ours.consistency_proof(old, size).unwrap();
            assert_eq!(
                our_proof.hashes().concat(),
                their_proof.as_bytes(),
                "{old} to {size}"
            );
        }
    }
}

#[test]
fn signed_note_and_tlog_checkpoint() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    let world = World::of_size(10);
    let checkpoint = world.checkpoint();
    let name = world.identity().name();

    // They read and verify ours.
    let key = [&[1], world.ledger_key.key_id().as_bytes().as_slice()].concat();
    let id = signed_note::key_id(&name, &key);
    let vkey = format!("{name}+{id:08x}+{}", STANDARD.encode(&key));
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    let note = Note::from_bytes(checkpoint.to_note().as_bytes()).unwrap();
    let (verified, unknown) = note.verify(&known).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 0));
    assert_eq!(note.to_bytes(), checkpoint.to_note().as_bytes());

    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!(theirs.origin(), name);
    assert_eq!(theirs.size(), checkpoint.size());
    assert_eq!(theirs.hash().0, checkpoint.root().to_bytes());
    assert_eq!(theirs.extension(), "");
    assert_eq!(theirs.to_bytes(), checkpoint.checkpoint().text().as_bytes());

    // We read and verify theirs, and the two are the same bytes.
    let seed = [&[1], world.ledger_key.seed().as_slice()].concat();
    let skey = format!("PRIVATE+KEY+{name}+{id:08x}+{}", STANDARD.encode(seed));
    let signer = StandardSigner::new(&skey).unwrap();
    let mut note = Note::new(checkpoint.checkpoint().text().as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    let text = String::from_utf8(note.to_bytes()).unwrap();
    assert_eq!(text, checkpoint.to_note());
    assert_eq!(
        SignedCheckpoint::parse(&text, &world.identity()).unwrap(),
        checkpoint
    );
}
