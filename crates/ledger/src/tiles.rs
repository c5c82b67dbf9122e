//! The published form of a ledger: C2SP `tlog-tiles` of height 8.
//!
//! [`TilePath`] names a file, [`TilePath::all`] lists exactly the files of a size, [`TilePath::added`] and
//! [`TilePath::removed`] what a publication of a longer ledger changes. [`published_files`] makes their bytes,
//! [`read_published`] reads a ledger back from them. Spec: specs/ledger.md §8.

use core::fmt;
use core::str::FromStr;

use crate::entry::MAX_ENTRY_BYTES;
use crate::ids::{LeafHash, LedgerId, Seq, decimal};
use crate::merkle::MerkleTree;

/// Hashes of a full tile, entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// Levels that a tree of fewer than 2^64 leaves can have.
const LEVELS: u8 = 8;

/// What a file of the published form holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of this level, 0 to 7: level 0 are leaf hashes, above are hashes of full tiles of the level below.
    Hashes(u8),
    /// Entries.
    Entries,
}

/// The path of a tile or entry bundle, relative to the ledger's folder: `tile/<L>/<N>[.p/<W>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    /// 1 to 256; 256 is full.
    width: u16,
}

/// Why bytes are not the file that they should be. The fault is that of whoever wrote or altered them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// Not the canonical path of a tile or bundle.
    #[error("not the path of a tile or entry bundle")]
    Path,
    /// A bundle that does not hold exactly its number of entries.
    #[error("{0} does not hold exactly its entries")]
    Bundle(TilePath),
    /// A tile that does not follow from the entries.
    #[error("{0} does not follow from the entries")]
    Hashes(TilePath),
    /// An entry that does not fit into a bundle.
    #[error("the entry at position {0} is longer than a bundle can hold")]
    EntrySize(Seq),
    /// The tree is shorter than the size to publish.
    #[error("the tree has fewer than {0} leaves")]
    Size(u64),
}

/// A failure of the caller's entry source or file source, or a file that is wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishedError<E> {
    /// A file or an entry is wrong.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The caller's source failed.
    #[error("reading failed")]
    Source(#[source] E),
}

/// The folder of a ledger in a published folder: `ledgers/<ledger id>`. Spec: specs/ledger.md §8.
#[must_use]
pub fn ledger_folder(ledger: LedgerId) -> String {
    format!("ledgers/{ledger}")
}

impl TilePath {
    /// Names a file; `None` if level or width are out of range.
    #[must_use]
    pub fn new(kind: TileKind, index: u64, width: u16) -> Option<Self> {
        let level_exists = !matches!(kind, TileKind::Hashes(level) if level >= LEVELS);
        (level_exists && (1..=256).contains(&width)).then_some(Self { kind, index, width })
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> TileKind {
        self.kind
    }

    /// Its number within its level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Hashes or entries that it holds: 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it will never change.
    #[must_use]
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// Exactly the files of a ledger of `size` entries: levels upwards, then the bundles.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        Self::added(0, size)
    }

    /// The files of `new` that a ledger of `old ≤ new` entries does not have.
    pub fn added(old: u64, new: u64) -> impl Iterator<Item = Self> {
        kinds().flat_map(move |(kind, level)| {
            let (had, has) = (at_level(old, level), at_level(new, level));
            // The tiles before this one were full, and full tiles never change.
            let first = had / TILE_WIDTH;
            let unchanged = had == has;
            let full = (first..has / TILE_WIDTH).map(move |index| Self {
                kind,
                index,
                width: 256,
            });
            full.chain(partial(kind, has)).filter(move |_| !unchanged)
        })
    }

    /// The files of a ledger of `old` entries that one of `new ≥ old` entries does not have: some partial ones.
    pub fn removed(old: u64, new: u64) -> impl Iterator<Item = Self> {
        kinds().filter_map(move |(kind, level)| {
            let (had, has) = (at_level(old, level), at_level(new, level));
            partial(kind, had).filter(|_| had != has)
        })
    }

    /// The bytes of a tile of hashes; `None` for a bundle, or if the tree is too short.
    #[must_use]
    pub fn hashes(&self, tree: &MerkleTree) -> Option<Vec<u8>> {
        let TileKind::Hashes(level) = self.kind else {
            return None;
        };
        let mut bytes = Vec::with_capacity(usize::from(self.width) * 32);
        let first = self.index.checked_mul(TILE_WIDTH)?;
        for offset in 0..u64::from(self.width) {
            bytes.extend_from_slice(&tree.node(level * 8, first.checked_add(offset)?)?);
        }
        Some(bytes)
    }

    /// The positions of the first entry and behind the last entry of a bundle; `None` for a tile of hashes.
    #[must_use]
    pub fn entries(&self) -> Option<core::ops::Range<u64>> {
        if self.kind != TileKind::Entries {
            return None;
        }
        let first = self.index.checked_mul(TILE_WIDTH)?;
        Some(first..first.checked_add(self.width.into())?)
    }

    /// Takes a bundle apart into the bytes of its entries.
    ///
    /// # Errors
    ///
    /// [`TileError::Bundle`] if the bytes do not hold exactly the entries of this path.
    pub fn split_bundle<'a>(&self, bundle: &'a [u8]) -> Result<Vec<&'a [u8]>, TileError> {
        let mut rest = bundle;
        let mut entries = Vec::with_capacity(self.width.into());
        for _ in 0..self.width {
            let (length, tail) = rest.split_first_chunk::<2>().ok_or(TileError::Bundle(*self))?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, tail) = tail.split_at_checked(length).ok_or(TileError::Bundle(*self))?;
            entries.push(entry);
            rest = tail;
        }
        if rest.is_empty() {
            Ok(entries)
        } else {
            Err(TileError::Bundle(*self))
        }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        while groups.len() > 1 {
            write!(f, "x{:03}/", groups.pop().unwrap_or_default())?;
        }
        write!(f, "{:03}", groups[0])?;
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    /// Reads a path and refuses every spelling but the canonical one.
    fn from_str(text: &str) -> Result<Self, TileError> {
        let parse = || {
            let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
            let kind = match kind {
                "entries" => TileKind::Entries,
                level => TileKind::Hashes(decimal(level).ok()?.try_into().ok()?),
            };
            let (index, width) = match rest.split_once(".p/") {
                Some((index, width)) => (index, decimal(width).ok().filter(|w| *w < TILE_WIDTH)?),
                None => (rest, TILE_WIDTH),
            };
            let mut number = 0_u64;
            for group in index.split('/') {
                let group = group.strip_prefix('x').unwrap_or(group);
                let digits = group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
                let group = group.parse::<u64>().ok().filter(|_| digits)?;
                number = number.checked_mul(1000)?.checked_add(group)?;
            }
            Self::new(kind, number, width.try_into().ok()?)
        };
        // Comparing with the one spelling settles where the x stands and that there is no leading 000 group.
        parse()
            .filter(|path| path.to_string() == text)
            .ok_or(TileError::Path)
    }
}

/// The tiles and bundles that a publication of `size` entries adds to one of `published` entries, 0 for a first
/// one. `entry` gives the bytes of an entry. The checkpoint is written last, by the caller.
///
/// # Errors
///
/// Each item: [`TileError::Size`] if the tree is shorter than `size`, [`TileError::EntrySize`] for an entry that
/// does not fit, and what `entry` reports.
pub fn published_files<'a, E>(
    tree: &'a MerkleTree,
    published: u64,
    size: u64,
    mut entry: impl FnMut(Seq) -> Result<Vec<u8>, E> + 'a,
) -> impl Iterator<Item = Result<(TilePath, Vec<u8>), PublishedError<E>>> + 'a {
    TilePath::added(published, size).map(move |path| {
        let Some(range) = path.entries() else {
            return Ok((path, path.hashes(tree).ok_or(TileError::Size(size))?));
        };
        let mut bundle = Vec::new();
        for seq in range.map(Seq::new) {
            let bytes = entry(seq).map_err(PublishedError::Source)?;
            let length = u16::try_from(bytes.len()).map_err(|_| TileError::EntrySize(seq))?;
            bundle.extend_from_slice(&length.to_be_bytes());
            bundle.extend_from_slice(&bytes);
        }
        Ok((path, bundle))
    })
}

/// Reads a published ledger of `size` entries: hands each entry's bytes to `entry` in order, then checks that every
/// tile of hashes has exactly the bytes that follow. Whether the root is the checkpoint's is for the caller to ask.
///
/// # Errors
///
/// [`TileError`] of the file that is wrong, and what `file` or `entry` report.
pub fn read_published<E>(
    size: u64,
    mut file: impl FnMut(&TilePath) -> Result<Vec<u8>, E>,
    mut entry: impl FnMut(Seq, &[u8]) -> Result<(), E>,
) -> Result<MerkleTree, PublishedError<E>> {
    let mut tree = MerkleTree::new();
    for path in TilePath::all(size) {
        let Some(range) = path.entries() else { continue };
        let bundle = file(&path).map_err(PublishedError::Source)?;
        for (seq, bytes) in range.map(Seq::new).zip(path.split_bundle(&bundle)?) {
            entry(seq, bytes).map_err(PublishedError::Source)?;
            tree.push(LeafHash::of_entry_bytes(bytes));
        }
    }
    for path in TilePath::all(size) {
        let Some(expected) = path.hashes(&tree) else {
            continue;
        };
        if file(&path).map_err(PublishedError::Source)? != expected {
            return Err(TileError::Hashes(path).into());
        }
    }
    Ok(tree)
}

fn kinds() -> impl Iterator<Item = (TileKind, u8)> {
    (0..LEVELS)
        .map(|level| (TileKind::Hashes(level), level))
        .chain([(TileKind::Entries, 0)])
}

/// Complete subtrees of 256^level leaves in a tree of `size` leaves.
fn at_level(size: u64, level: u8) -> u64 {
    size >> (8 * level)
}

fn partial(kind: TileKind, count: u64) -> Option<TilePath> {
    let width = u16::try_from(count % TILE_WIDTH)
        .ok()
        .filter(|width| *width > 0)?;
    Some(TilePath {
        kind,
        index: count / TILE_WIDTH,
        width,
    })
}

const _: () = assert!(MAX_ENTRY_BYTES <= u16::MAX as usize);
