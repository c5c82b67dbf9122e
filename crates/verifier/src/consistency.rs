//! Whether one state of a ledger continues another, from the few published tiles that say so.
//!
//! A state of `n` entries has one rightmost tile on each level, and its root is computed from these alone. For an earlier state of `m`
//! entries the same holds of the tiles at *its* right edge, of which all but some at the top are now full. Each full one is bound to the later
//! root by its own hash, which stands in the tile above; so at most 16 tiles are read, however long the ledger is.
//!
//! Spec: specs/ledger.md §6, §8, specs/verification.md §13.2.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::merkle::node_hash;
use crate::source::SourceError;
use crate::tiles::{TileName, WIDTH};

/// Tile levels of the longest ledger.
const LEVELS: u32 = 8;

/// Why no root was computed.
#[derive(Debug)]
pub(crate) enum TileFault {
    /// A tile cannot be read.
    Read(String, SourceError),
    /// A tile is not what the tile above says, or has another length.
    Wrong(String),
}

/// The tiles of a state of a ledger, read as they are needed.
pub(crate) struct Tiles<R> {
    size: u64,
    read: R,
    /// By level and index.
    tiles: BTreeMap<(u32, u64), Tile>,
}

struct Tile {
    path: String,
    hashes: Vec<[u8; 32]>,
}

impl<R: FnMut(&str, u64) -> Result<Vec<u8>, SourceError>> Tiles<R> {
    /// `read` takes a path below the folder of the ledger and a length.
    pub(crate) fn new(size: u64, read: R) -> Tiles<R> {
        Tiles {
            size,
            read,
            tiles: BTreeMap::new(),
        }
    }

    /// Root of the whole state.
    pub(crate) fn root(&mut self) -> Result<[u8; 32], TileFault> {
        self.root_at(self.size)
    }

    /// Root of the first `size` entries of the state that [`Tiles::root`] is the root of. `size` is at least 1 and at most that of the state.
    pub(crate) fn earlier_root(&mut self, size: u64) -> Result<[u8; 32], TileFault> {
        self.bind(size)?;
        self.root_at(size)
    }

    /// Paths and bytes of all tiles that were read.
    pub(crate) fn used(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        self.tiles
            .values()
            .map(|tile| (tile.path.as_str(), tile.hashes.concat()))
    }

    fn root_at(&mut self, size: u64) -> Result<[u8; 32], TileFault> {
        let mut root: Option<[u8; 32]> = None;
        for level in 0..LEVELS {
            let items = size >> (8 * level);
            let width = items % WIDTH;
            if width == 0 {
                continue;
            }
            let hashes = self.tile(level, items / WIDTH)?;
            // The perfect subtrees of the tile from the right to the left are the one bits of its width from the lowest on.
            for bit in (0..8).filter(|bit| (width >> bit) & 1 == 1) {
                let start = ((width >> bit) - 1) << bit;
                let node = perfect_root(hashes, start, 1 << bit).ok_or_else(too_short)?;
                root = Some(match root {
                    None => node,
                    Some(right) => node_hash(&node, &right),
                });
            }
        }
        root.ok_or_else(too_short)
    }

    /// Every full tile at the right edge of the first `size` entries is the one that the tile above names.
    fn bind(&mut self, size: u64) -> Result<(), TileFault> {
        let mut below = false;
        for level in 0..LEVELS - 1 {
            let items = size >> (8 * level);
            let index = items / WIDTH;
            if items.is_multiple_of(WIDTH) && !below {
                continue;
            }
            // From here on up the edge is that of the whole state, which its root binds.
            if index == (self.size >> (8 * level)) / WIDTH {
                return Ok(());
            }
            let hashes = self.tile(level, index)?;
            let root = perfect_root(hashes, 0, WIDTH).ok_or_else(too_short)?;
            let above = self.tile(level + 1, index / WIDTH)?;
            let named = usize::try_from(index % WIDTH).ok().and_then(|at| above.get(at));
            if named != Some(&root) {
                let path = TileName {
                    level: Some(level),
                    index,
                    width: WIDTH,
                };
                return Err(TileFault::Wrong(format!(
                    "{} is not what the tile above it says",
                    path.path()
                )));
            }
            below = true;
        }
        Ok(())
    }

    fn tile(&mut self, level: u32, index: u64) -> Result<&[[u8; 32]], TileFault> {
        let entry = match self.tiles.entry((level, index)) {
            Entry::Occupied(entry) => return Ok(&entry.into_mut().hashes),
            Entry::Vacant(entry) => entry,
        };
        let items = self.size >> (8 * level);
        let width = if index < items / WIDTH {
            WIDTH
        } else {
            items % WIDTH
        };
        let name = TileName {
            level: Some(level),
            index,
            width,
        };
        let path = name.path();
        let length = width * 32;
        let bytes = (self.read)(&path, length).map_err(|error| TileFault::Read(path.clone(), error))?;
        if bytes.len() as u64 != length {
            return Err(TileFault::Wrong(format!(
                "{path} has {} bytes, not {length}",
                bytes.len()
            )));
        }
        let (hashes, _) = bytes.as_chunks::<32>();
        let hashes = hashes.to_vec();
        Ok(&entry.insert(Tile { path, hashes }).hashes)
    }
}

fn too_short() -> TileFault {
    TileFault::Wrong("there are not enough hashes".to_owned())
}

/// Root over `count` hashes from `start` on; `count` is a power of two.
fn perfect_root(hashes: &[[u8; 32]], start: u64, count: u64) -> Option<[u8; 32]> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(count).ok()?)?;
    let mut level = hashes.get(start..end)?.to_vec();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                _ => None,
            })
            .collect::<Option<_>>()?;
    }
    level.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Tree, leaf_hash};
    use crate::tiles::{tile_bytes, tile_names};

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        (0..size).for_each(|i| tree.push(leaf_hash(&i.to_be_bytes())));
        tree
    }

    fn published(tree: &Tree) -> BTreeMap<String, Vec<u8>> {
        tile_names(tree.size())
            .map(|name| (name.path(), tile_bytes(&name, tree).unwrap()))
            .collect()
    }

    fn tiles(
        size: u64,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Tiles<impl FnMut(&str, u64) -> Result<Vec<u8>, SourceError>> {
        Tiles::new(size, |path, _| {
            files.get(path).cloned().ok_or(SourceError::Missing)
        })
    }

    const SIZES: [u64; 17] = [
        1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 65_793, 70_000, 131_073,
    ];

    #[test]
    fn roots_are_those_of_the_tree() {
        let whole = tree(131_073);
        for now in SIZES {
            let mut tree = Tree::default();
            (0..now).for_each(|i| tree.push(*whole.leaf(i).unwrap()));
            let files = published(&tree);
            for then in SIZES.into_iter().filter(|then| *then <= now) {
                let mut tiles = tiles(now, &files);
                assert_eq!(tiles.root().unwrap(), tree.root(now).unwrap());
                assert_eq!(
                    tiles.earlier_root(then).unwrap(),
                    tree.root(then).unwrap(),
                    "{then} of {now}"
                );
                assert!(tiles.used().count() <= 16);
            }
        }
    }

    /// Whatever tiles are published: if they give the later root, no earlier root comes out but the true one.
    #[test]
    fn no_tiles_lead_to_another_earlier_root() {
        for (then, now) in [
            (3, 200),
            (200, 300),
            (256, 257),
            (300, 70_000),
            (65_536, 65_793),
            (65_537, 131_073),
        ] {
            let tree = tree(now);
            let honest = published(&tree);
            let mut used: Vec<String> = Vec::new();
            {
                let mut tiles = tiles(now, &honest);
                tiles.root().unwrap();
                tiles.earlier_root(then).unwrap();
                used.extend(tiles.used().map(|(path, _)| path.to_owned()));
            }
            for path in &used {
                let length = honest[path].len();
                for at in (0..length).step_by((length / 40).max(1)) {
                    let mut files = honest.clone();
                    files.get_mut(path).unwrap()[at] ^= 1;
                    let mut tiles = tiles(now, &files);
                    let agrees = tiles.root().is_ok_and(|root| Some(root) == tree.root(now));
                    if agrees && let Ok(root) = tiles.earlier_root(then) {
                        // The hash that changed is none of those that either root is made from.
                        assert_eq!(Some(root), tree.root(then), "{path}, byte {at}");
                    }
                }
            }
        }
    }

    /// A forger rewrites the beginning and leaves the old tiles at the edge of the earlier state.
    #[test]
    fn old_tiles_under_a_new_history_are_not_bound() {
        let (then, now) = (300, 70_000);
        let mut other = Tree::default();
        (0..now).for_each(|i| other.push(leaf_hash(&(i + u64::from(i == 17)).to_be_bytes())));
        let old = tree(then);
        let mut files = published(&other);
        let mut honest = tiles(now, &files);
        honest.root().unwrap();
        assert_ne!(honest.earlier_root(then).unwrap(), old.root(then).unwrap());
        drop(honest);
        let first = TileName {
            level: Some(0),
            index: 0,
            width: WIDTH,
        };
        files.insert(first.path(), tile_bytes(&first, &old).unwrap());
        let top = TileName {
            level: Some(1),
            index: 0,
            width: WIDTH,
        };
        let mut tampered = files[&top.path()].clone();
        tampered[..32].copy_from_slice(old.node(8, 0).unwrap());
        files.insert(top.path(), tampered);
        let mut tiles = tiles(now, &files);
        assert_eq!(tiles.root().unwrap(), other.root(now).unwrap());
        assert!(matches!(tiles.earlier_root(then), Err(TileFault::Wrong(_))));
    }
}
