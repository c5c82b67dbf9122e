//! The Merkle tree of RFC 9162 §2.1, kept as levels of complete nodes, so that the root of every earlier size is at hand.
//!
//! Spec: specs/ledger.md §5, §6.

use crate::hash::sha256;

/// Leaf hash of an entry.
pub(crate) fn leaf_hash(entry: &[u8]) -> [u8; 32] {
    sha256(&[&[0], entry])
}

/// Hash of an inner node.
pub(crate) fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], left, right])
}

/// All complete nodes of a growing tree. 64 bytes per leaf.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tree {
    /// `levels[0]` are the leaves; `levels[k][i]` covers leaves `i·2^k` to `(i+1)·2^k − 1`, all of them present.
    levels: Vec<Vec<[u8; 32]>>,
}

impl Tree {
    pub(crate) fn push(&mut self, leaf: [u8; 32]) {
        let mut node = leaf;
        let mut level = 0;
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(nodes) = self.levels.get_mut(level) else {
                return;
            };
            nodes.push(node);
            if nodes.len() % 2 == 1 {
                return;
            }
            let [.., left, right] = nodes.as_slice() else {
                return;
            };
            node = node_hash(left, right);
            level += 1;
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    pub(crate) fn leaf(&self, index: u64) -> Option<&[u8; 32]> {
        self.node(0, index)
    }

    /// A complete node: `level` 0 for leaves.
    pub(crate) fn node(&self, level: usize, index: u64) -> Option<&[u8; 32]> {
        self.levels.get(level)?.get(usize::try_from(index).ok()?)
    }

    /// Root of the first `size` leaves; `None` for 0 and beyond the tree.
    pub(crate) fn root(&self, size: u64) -> Option<[u8; 32]> {
        if size == 0 || size > self.size() {
            return None;
        }
        // The complete subtrees of `size` from the right to the left are its one bits from the lowest to the highest.
        let mut root: Option<[u8; 32]> = None;
        for level in 0..64u32 {
            if (size >> level) & 1 == 0 {
                continue;
            }
            let index = (size >> level) - 1;
            let node = self.node(level as usize, index)?;
            root = Some(match root {
                None => *node,
                Some(right) => node_hash(node, &right),
            });
        }
        root
    }
}

/// Whether `proof` leads from `leaf` at `index` to `root` of a tree of `size` leaves (RFC 9162 §2.1.3.2).
pub(crate) fn inclusion_holds(
    leaf: &[u8; 32],
    index: u64,
    size: u64,
    proof: &[[u8; 32]],
    root: &[u8; 32],
) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recursive definition of RFC 9162 §2.1.1, as a second opinion.
    fn root_by_definition(leaves: &[[u8; 32]]) -> [u8; 32] {
        if let [only] = leaves {
            return *only;
        }
        let split = leaves.len().next_power_of_two() / 2;
        node_hash(
            &root_by_definition(&leaves[..split]),
            &root_by_definition(&leaves[split..]),
        )
    }

    /// §2.1.3.1 of the same.
    fn proof_by_definition(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let split = leaves.len().next_power_of_two() / 2;
        if index < split {
            let mut proof = proof_by_definition(index, &leaves[..split]);
            proof.push(root_by_definition(&leaves[split..]));
            proof
        } else {
            let mut proof = proof_by_definition(index - split, &leaves[split..]);
            proof.push(root_by_definition(&leaves[..split]));
            proof
        }
    }

    #[test]
    fn roots_and_proofs_follow_the_definition() {
        let mut tree = Tree::default();
        let mut leaves = Vec::new();
        assert_eq!(tree.root(0), None);
        for i in 0..70u8 {
            let leaf = leaf_hash(&[i]);
            leaves.push(leaf);
            tree.push(leaf);
            for size in 1..=leaves.len() {
                assert_eq!(tree.root(size as u64), Some(root_by_definition(&leaves[..size])));
            }
            let size = leaves.len() as u64;
            let root = tree.root(size).unwrap();
            for index in 0..leaves.len() {
                let mut proof = proof_by_definition(index, &leaves);
                let holds = |index: u64, size: u64, proof: &[[u8; 32]]| {
                    inclusion_holds(
                        &leaves[usize::from(i).min(index as usize)],
                        index,
                        size,
                        proof,
                        &root,
                    )
                };
                assert!(holds(index as u64, size, &proof));
                assert!(!holds(index as u64 + 1, size, &proof));
                proof.push([0; 32]);
                assert!(!holds(index as u64, size, &proof));
            }
        }
        assert_eq!(tree.root(71), None);
    }
}
