//! The Merkle tree of a ledger: roots at any size, inclusion and consistency proofs.
//!
//! [`MerkleTree`] keeps every node and answers everything; [`Frontier`] keeps one hash per level and gives the root
//! of what it was fed; [`InclusionProof::verify`] and [`ConsistencyProof::verify`] need neither.
//! RFC 9162 §2.1 with SHA-256. Spec: specs/ledger.md §6.

use crate::hash::{node, sha256};
use crate::ids::{LeafHash, Root, Seq};

/// A proof never needs more hashes: one per level of a tree of 2^64 leaves.
pub const MAX_PROOF_HASHES: usize = 64;

/// Why a proof proves nothing. The fault is that of whoever presents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The position is not below the size, or the sizes are not in order, or a size is 0.
    #[error("position or sizes out of range")]
    Range,
    /// More or fewer hashes than this position and size need.
    #[error("the proof has the wrong number of hashes")]
    Length,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    Root,
}

/// All nodes of a growing tree: 64 bytes per leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerkleTree {
    /// `levels[l][i]` is the root of the complete subtree over leaves `i·2^l` to `(i+1)·2^l − 1`. Never empty.
    levels: Vec<Vec<[u8; 32]>>,
}

impl Default for MerkleTree {
    fn default() -> Self {
        Self {
            levels: vec![Vec::new()],
        }
    }
}

impl MerkleTree {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// Adds the next leaf.
    pub fn push(&mut self, leaf: LeafHash) {
        self.levels[0].push(leaf.to_bytes());
        let mut level = 0;
        while let [.., left, right] = self.levels[level].as_slice()
            && self.levels[level].len().is_multiple_of(2)
        {
            let parent = node(left, right);
            level += 1;
            match self.levels.get_mut(level) {
                Some(nodes) => nodes.push(parent),
                None => self.levels.push(vec![parent]),
            }
        }
    }

    /// Forgets the leaves from `size` on.
    pub fn truncate(&mut self, size: u64) {
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            nodes.truncate(usize::try_from(size >> level).unwrap_or(usize::MAX));
        }
        while self.levels.len() > 1 && self.levels.last().is_some_and(Vec::is_empty) {
            self.levels.pop();
        }
    }

    /// The leaf at a position.
    #[must_use]
    pub fn leaf(&self, seq: Seq) -> Option<LeafHash> {
        self.node(0, seq.as_u64()).map(LeafHash::from_bytes)
    }

    /// All leaves.
    pub(crate) fn leaves(&self) -> &[[u8; 32]] {
        &self.levels[0]
    }

    /// The root of the complete subtree `index` of height `level`, if the tree has all of its leaves.
    #[must_use]
    pub fn node(&self, level: u8, index: u64) -> Option<[u8; 32]> {
        self.levels
            .get(usize::from(level))?
            .get(usize::try_from(index).ok()?)
            .copied()
    }

    /// The root of all leaves. That of the empty tree is SHA-256 of nothing, and is never signed.
    #[must_use]
    pub fn root(&self) -> Root {
        Root::from_bytes(self.range(0, self.size()))
    }

    /// The root of the first `size` leaves, if there are that many.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<Root> {
        (size <= self.size()).then(|| Root::from_bytes(self.range(0, size)))
    }

    /// The proof that the leaf at `seq` is in the tree of the first `size` leaves. RFC 9162 §2.1.3.1.
    #[must_use]
    pub fn inclusion_proof(&self, seq: Seq, size: u64) -> Option<InclusionProof> {
        let index = seq.as_u64();
        if index >= size || size > self.size() {
            return None;
        }
        let (mut low, mut high) = (0, size);
        let mut hashes = Vec::new();
        while high - low > 1 {
            let middle = low + split(high - low);
            if index < middle {
                hashes.push(self.range(middle, high));
                high = middle;
            } else {
                hashes.push(self.range(low, middle));
                low = middle;
            }
        }
        hashes.reverse();
        Some(InclusionProof { hashes })
    }

    /// The proof that the tree of `old` leaves is a prefix of the tree of `new` leaves, with
    /// `1 ≤ old ≤ new ≤ size`. RFC 9162 §2.1.4.1.
    #[must_use]
    pub fn consistency_proof(&self, old: u64, new: u64) -> Option<ConsistencyProof> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        let (mut low, mut high) = (0, new);
        let mut hashes = Vec::new();
        while old != high {
            let middle = low + split(high - low);
            if old <= middle {
                hashes.push(self.range(middle, high));
                high = middle;
            } else {
                hashes.push(self.range(low, middle));
                low = middle;
            }
        }
        // With low = 0 the verifier has this hash already: it is the old root.
        if low > 0 {
            hashes.push(self.range(low, high));
        }
        hashes.reverse();
        Some(ConsistencyProof { hashes })
    }

    /// The Merkle tree hash of leaves `low` to `high − 1`, which must exist; `low` is a multiple of the smallest
    /// power of two that is not below `high − low`, so that the range falls apart into complete subtrees.
    fn range(&self, low: u64, high: u64) -> [u8; 32] {
        let mut hash: Option<[u8; 32]> = None;
        let mut end = high;
        while end > low {
            let level = end.trailing_zeros().min((end - low).ilog2());
            let left = self.levels[level as usize][((end >> level) - 1) as usize];
            hash = Some(match hash {
                Some(right) => node(&left, &right),
                None => left,
            });
            end -= 1 << level;
        }
        hash.unwrap_or_else(|| sha256(&[]))
    }
}

/// The right edge of a growing tree: enough for its root, at most 64 hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The complete subtrees that the leaves fall apart into, the largest first: one per 1-bit of `size`.
    nodes: Vec<[u8; 32]>,
}

impl Frontier {
    /// That of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the next leaf.
    pub fn push(&mut self, leaf: LeafHash) {
        let mut hash = leaf.to_bytes();
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                hash = node(&left, &hash);
            }
        }
        self.nodes.push(hash);
        self.size += 1;
    }

    /// The root. That of the empty tree is SHA-256 of nothing, and is never signed.
    #[must_use]
    pub fn root(&self) -> Root {
        let root = self
            .nodes
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node(&left, &right));
        Root::from_bytes(root.unwrap_or_else(|| sha256(&[])))
    }
}

macro_rules! hashes {
    ($name:ident) => {
        impl $name {
            /// Takes the hashes; `None` if there are more than [`MAX_PROOF_HASHES`].
            #[must_use]
            pub fn from_hashes(hashes: Vec<[u8; 32]>) -> Option<Self> {
                (hashes.len() <= MAX_PROOF_HASHES).then_some(Self { hashes })
            }

            /// The hashes, in the order of RFC 9162.
            #[must_use]
            pub fn hashes(&self) -> &[[u8; 32]] {
                &self.hashes
            }
        }
    };
}

/// An inclusion proof: the siblings from the leaf up to the root. RFC 9162 §2.1.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    hashes: Vec<[u8; 32]>,
}

hashes!(InclusionProof);

impl InclusionProof {
    /// Verifies that `leaf` stands at `seq` in the tree with this size and root. RFC 9162 §2.1.3.2.
    ///
    /// # Errors
    ///
    /// [`ProofError`] says what is wrong.
    pub fn verify(&self, leaf: LeafHash, seq: Seq, size: u64, root: Root) -> Result<(), ProofError> {
        if seq.as_u64() >= size {
            return Err(ProofError::Range);
        }
        let (mut position, mut last) = (seq.as_u64(), size - 1);
        let mut hash = leaf.to_bytes();
        for sibling in &self.hashes {
            if last == 0 {
                return Err(ProofError::Length);
            }
            if position & 1 == 1 || position == last {
                hash = node(sibling, &hash);
                // A last node without sibling rises unchanged to where it has one. Here `position` is not 0.
                let rise = position.trailing_zeros();
                position >>= rise;
                last >>= rise;
            } else {
                hash = node(&hash, sibling);
            }
            position >>= 1;
            last >>= 1;
        }
        if last != 0 {
            return Err(ProofError::Length);
        }
        if hash != *root.as_bytes() {
            return Err(ProofError::Root);
        }
        Ok(())
    }
}

/// A consistency proof between two sizes. RFC 9162 §2.1.4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    hashes: Vec<[u8; 32]>,
}

hashes!(ConsistencyProof);

impl ConsistencyProof {
    /// Verifies that the tree with the old size and root is a prefix of the tree with the new size and root.
    /// `1 ≤ old_size ≤ new_size`. RFC 9162 §2.1.4.2.
    ///
    /// # Errors
    ///
    /// [`ProofError`] says what is wrong.
    pub fn verify(
        &self,
        old_size: u64,
        old_root: Root,
        new_size: u64,
        new_root: Root,
    ) -> Result<(), ProofError> {
        if old_size == 0 || old_size > new_size {
            return Err(ProofError::Range);
        }
        if old_size == new_size {
            return match (self.hashes.is_empty(), old_root == new_root) {
                (false, _) => Err(ProofError::Length),
                (true, false) => Err(ProofError::Root),
                (true, true) => Ok(()),
            };
        }
        // The old tree's last complete subtree is where both walks begin. If it is the whole old tree, its hash is
        // the old root and not part of the proof.
        let rise = old_size.trailing_zeros();
        let (mut position, mut last) = ((old_size - 1) >> rise, (new_size - 1) >> rise);
        let (first, rest) = if old_size.is_power_of_two() {
            (*old_root.as_bytes(), self.hashes.as_slice())
        } else {
            match self.hashes.split_first() {
                Some((first, rest)) => (*first, rest),
                None => return Err(ProofError::Length),
            }
        };
        let (mut old, mut new) = (first, first);
        for sibling in rest {
            if last == 0 {
                return Err(ProofError::Length);
            }
            if position & 1 == 1 || position == last {
                old = node(sibling, &old);
                new = node(sibling, &new);
                let rise = position.trailing_zeros();
                position >>= rise;
                last >>= rise;
            } else {
                new = node(&new, sibling);
            }
            position >>= 1;
            last >>= 1;
        }
        if last != 0 {
            return Err(ProofError::Length);
        }
        if old != *old_root.as_bytes() || new != *new_root.as_bytes() {
            return Err(ProofError::Root);
        }
        Ok(())
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}
