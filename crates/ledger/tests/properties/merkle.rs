//! The Merkle tree: published values, and that proofs prove exactly what they should.

use proptest::prelude::*;
use sijill_ledger::*;

fn tree(size: u64) -> MerkleTree {
    let mut tree = MerkleTree::new();
    (0..size).for_each(|n| tree.push(LeafHash::of_entry_bytes(&n.to_be_bytes())));
    tree
}

/// The eight leaves and the roots of RFC 6962's reference implementation (also in RFC 9162 clients' tests).
#[test]
fn values_of_certificate_transparency() {
    let leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = MerkleTree::new();
    assert_eq!(
        tree.root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    for (leaf, root) in leaves.iter().zip(roots) {
        tree.push(LeafHash::of_entry_bytes(&hex::decode(leaf).unwrap()));
        assert_eq!(tree.root().to_string(), root);
    }
    let hashes = |proof: &[[u8; 32]]| proof.iter().map(hex::encode).collect::<Vec<_>>();
    let proof = tree.inclusion_proof(Seq::new(5), 8).unwrap();
    assert_eq!(
        hashes(proof.hashes()),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    let proof = tree.consistency_proof(6, 8).unwrap();
    assert_eq!(
        hashes(proof.hashes()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
}

#[test]
fn ranges_are_checked() {
    let tree = tree(5);
    assert_eq!(tree.root_at(6), None);
    assert_eq!(tree.leaf(Seq::new(5)), None);
    assert_eq!(tree.inclusion_proof(Seq::new(5), 5), None);
    assert_eq!(tree.inclusion_proof(Seq::new(0), 6), None);
    assert_eq!(tree.inclusion_proof(Seq::new(0), 0), None);
    assert_eq!(tree.consistency_proof(0, 5), None);
    assert_eq!(tree.consistency_proof(5, 4), None);
    assert_eq!(tree.consistency_proof(5, 6), None);
    let empty = ConsistencyProof::from_hashes(Vec::new()).unwrap();
    let root = tree.root();
    assert_eq!(empty.verify(5, root, 5, root), Ok(()));
    assert_eq!(empty.verify(0, root, 5, root), Err(ProofError::Range));
    assert_eq!(empty.verify(5, root, 4, root), Err(ProofError::Range));
    assert_eq!(
        empty.verify(5, tree.root_at(4).unwrap(), 5, root),
        Err(ProofError::Root)
    );
    assert_eq!(empty.verify(4, root, 5, root), Err(ProofError::Length));
    assert_eq!(InclusionProof::from_hashes(vec![[0; 32]; 65]), None);
    // The largest numbers, with as many hashes as can be.
    let most = InclusionProof::from_hashes(vec![[0; 32]; 64]).unwrap();
    let leaf = LeafHash::from_bytes([0; 32]);
    assert_eq!(
        most.verify(leaf, Seq::ZERO, u64::MAX, root),
        Err(ProofError::Root)
    );
    assert_eq!(
        most.verify(leaf, Seq::new(u64::MAX - 1), u64::MAX, root),
        Err(ProofError::Length)
    );
    assert_eq!(
        most.verify(leaf, Seq::new(u64::MAX), u64::MAX, root),
        Err(ProofError::Range)
    );
    let most = ConsistencyProof::from_hashes(vec![[0; 32]; 64]).unwrap();
    for old in [1, 2, u64::MAX / 2, u64::MAX - 1, 1 << 63] {
        assert!(most.verify(old, root, u64::MAX, root).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn inclusion_proves_one_leaf_at_one_place(size in 1_u64..300, seq in any::<prop::sample::Index>(), other in 0_u64..300, larger in 1_u64..300) {
        let tree = tree(300);
        let seq = Seq::new(seq.index(usize::try_from(size).unwrap()) as u64);
        let (leaf, root) = (tree.leaf(seq).unwrap(), tree.root_at(size).unwrap());
        let proof = tree.inclusion_proof(seq, size).unwrap();
        prop_assert_eq!(proof.verify(leaf, seq, size, root), Ok(()));
        if other != seq.as_u64() {
            prop_assert!(proof.verify(leaf, Seq::new(other), size, root).is_err());
            prop_assert!(proof.verify(tree.leaf(Seq::new(other)).unwrap(), seq, size, root).is_err());
        }
        if larger != size {
            prop_assert!(proof.verify(leaf, seq, size, tree.root_at(larger).unwrap()).is_err());
        }
        let mut longer = proof.hashes().to_vec();
        longer.push([0; 32]);
        let longer = InclusionProof::from_hashes(longer).unwrap();
        prop_assert_eq!(longer.verify(leaf, seq, size, root), Err(ProofError::Length));
        for at in 0..proof.hashes().len() {
            let mut changed = proof.hashes().to_vec();
            changed[at][0] ^= 1;
            let changed = InclusionProof::from_hashes(changed).unwrap();
            prop_assert_eq!(changed.verify(leaf, seq, size, root), Err(ProofError::Root));
            let mut shorter = proof.hashes().to_vec();
            shorter.remove(at);
            let shorter = InclusionProof::from_hashes(shorter).unwrap();
            prop_assert_eq!(shorter.verify(leaf, seq, size, root), Err(ProofError::Length));
        }
    }

    #[test]
    fn consistency_proves_one_history(new in 1_u64..300, old in any::<prop::sample::Index>()) {
        let tree = tree(300);
        let old = old.index(usize::try_from(new).unwrap()) as u64 + 1;
        let (old_root, new_root) = (tree.root_at(old).unwrap(), tree.root_at(new).unwrap());
        let proof = tree.consistency_proof(old, new).unwrap();
        prop_assert_eq!(proof.verify(old, old_root, new, new_root), Ok(()));

        // A history rewritten at any one place has other roots, and no part of the honest proof helps.
        let mut rewritten = MerkleTree::new();
        for n in 0..new {
            let leaf = if n == old - 1 { LeafHash::from_bytes([7; 32]) } else { tree.leaf(Seq::new(n)).unwrap() };
            rewritten.push(leaf);
        }
        prop_assert!(proof.verify(old, old_root, new, rewritten.root()).is_err());
        let forged = rewritten.consistency_proof(old, new).unwrap();
        prop_assert!(forged.verify(old, old_root, new, rewritten.root()).is_err());

        let mut longer = proof.hashes().to_vec();
        longer.push([0; 32]);
        let longer = ConsistencyProof::from_hashes(longer).unwrap();
        prop_assert_eq!(longer.verify(old, old_root, new, new_root), Err(ProofError::Length));
        for at in 0..proof.hashes().len() {
            let mut changed = proof.hashes().to_vec();
            changed[at][31] ^= 1;
            let changed = ConsistencyProof::from_hashes(changed).unwrap();
            prop_assert_eq!(changed.verify(old, old_root, new, new_root), Err(ProofError::Root));
            let mut shorter = proof.hashes().to_vec();
            shorter.remove(at);
            let shorter = ConsistencyProof::from_hashes(shorter).unwrap();
            prop_assert_eq!(shorter.verify(old, old_root, new, new_root), Err(ProofError::Length));
        }
    }

    #[test]
    fn truncated_is_as_if_never_grown(size in 0_u64..300, cut in 0_u64..300) {
        let mut grown = tree(size);
        grown.truncate(cut);
        prop_assert_eq!(grown, tree(size.min(cut)));
    }
}
