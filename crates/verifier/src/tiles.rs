//! Names and bytes of the published form of a ledger.
//!
//! Spec: specs/ledger.md §8.

use std::ops::Range;

use crate::merkle::{Tree, leaf_hash};
use crate::source::{Source, SourceError};
use crate::wire::MAX_ENTRY_BYTES;

/// Entries in a full bundle, hashes in a full tile.
pub(crate) const WIDTH: u64 = 256;
/// Largest bundle, bytes.
const MAX_BUNDLE_BYTES: u64 = WIDTH * (MAX_ENTRY_BYTES as u64 + 2);

/// A file of the published form: a tile of hashes, or a bundle of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TileName {
    /// `None` for entry bundles.
    pub(crate) level: Option<u32>,
    pub(crate) index: u64,
    /// 1 to 256.
    pub(crate) width: u64,
}

impl TileName {
    /// Path below the folder of the ledger.
    pub(crate) fn path(&self) -> String {
        let mut path = match self.level {
            None => "tile/entries/".to_owned(),
            Some(level) => format!("tile/{level}/"),
        };
        let digits = self.index.to_string();
        let padded = format!("{}{digits}", "0".repeat((3 - digits.len() % 3) % 3));
        let groups = padded.len() / 3;
        for group in 0..groups {
            let part = padded.get(group * 3..group * 3 + 3).unwrap_or_default();
            if group + 1 < groups {
                path.push('x');
                path.push_str(part);
                path.push('/');
            } else {
                path.push_str(part);
            }
        }
        if self.width < WIDTH {
            path.push_str(&format!(".p/{}", self.width));
        }
        path
    }

    /// Reads a path below the folder of the ledger; every other spelling is refused.
    pub(crate) fn parse(path: &str) -> Option<TileName> {
        let mut parts = path.split('/');
        if parts.next() != Some("tile") {
            return None;
        }
        let level = match parts.next()? {
            "entries" => None,
            level => Some(u32::try_from(crate::note::decimal(level)?).ok()?),
        };
        let mut index = 0u64;
        let mut width = WIDTH;
        while let Some(part) = parts.next() {
            let (digits, last) = match part.strip_prefix('x') {
                Some(digits) => (digits, false),
                None => (part, true),
            };
            let digits = match digits.strip_suffix(".p") {
                Some(digits) if last => {
                    width = crate::note::decimal(parts.next()?)?;
                    digits
                }
                _ => digits,
            };
            if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
            if last {
                let name = TileName { level, index, width };
                return (parts.next().is_none() && name.path() == path).then_some(name);
            }
        }
        None
    }

    /// Whether a ledger of this size has the file.
    pub(crate) fn belongs_to(&self, size: u64) -> bool {
        let items = items_at(self.level.unwrap_or(0), size);
        if self.width == WIDTH {
            self.index < items / WIDTH
        } else {
            self.width > 0 && self.index == items / WIDTH && self.width == items % WIDTH
        }
    }
}

/// Hashes at a tile level of a ledger of this size.
fn items_at(level: u32, size: u64) -> u64 {
    size.checked_shr(8u32.saturating_mul(level)).unwrap_or(0)
}

fn names_at(level: Option<u32>, size: u64) -> impl Iterator<Item = TileName> {
    let items = items_at(level.unwrap_or(0), size);
    let partial = (!items.is_multiple_of(WIDTH)).then_some(TileName {
        level,
        index: items / WIDTH,
        width: items % WIDTH,
    });
    (0..items / WIDTH)
        .map(move |index| TileName {
            level,
            index,
            width: WIDTH,
        })
        .chain(partial)
}

/// Every file that a ledger of this size has, `checkpoint` aside. Lazy: a claimed size may be absurd.
pub(crate) fn expected_names(size: u64) -> impl Iterator<Item = TileName> {
    bundle_names(size).chain(tile_names(size))
}

pub(crate) fn bundle_names(size: u64) -> impl Iterator<Item = TileName> {
    names_at(None, size)
}

pub(crate) fn tile_names(size: u64) -> impl Iterator<Item = TileName> {
    (0..8).flat_map(move |level| names_at(Some(level), size))
}

/// The bytes that a tile must have, computed from the leaves.
pub(crate) fn tile_bytes(name: &TileName, tree: &Tree) -> Option<Vec<u8>> {
    let level = usize::try_from(name.level?).ok()?.checked_mul(8)?;
    let first = name.index.checked_mul(WIDTH)?;
    let mut bytes = Vec::new();
    for index in first..first.checked_add(name.width)? {
        bytes.extend_from_slice(tree.node(level, index)?);
    }
    Some(bytes)
}

/// A bundle of entries that was split at its lengths.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// Sequence number of the first entry.
    pub(crate) first: u64,
    bytes: Vec<u8>,
    ranges: Vec<Range<usize>>,
}

impl Bundle {
    /// Reads a bundle: exactly `name.width` entries and nothing else.
    pub(crate) fn read(source: &dyn Source, folder: &str, name: &TileName) -> Result<Bundle, String> {
        let path = format!("{folder}{}", name.path());
        let bytes = source
            .read(&path, MAX_BUNDLE_BYTES)
            .map_err(|error: SourceError| format!("{path}: {error}"))?;
        let mut ranges = Vec::new();
        let mut at = 0usize;
        for _ in 0..name.width {
            let start = at + 2;
            let length = bytes
                .get(at..start)
                .and_then(|prefix| prefix.try_into().ok())
                .map(|prefix| usize::from(u16::from_be_bytes(prefix)))
                .ok_or_else(|| format!("{path}: has fewer entries than its name says"))?;
            at = start + length;
            if at > bytes.len() {
                return Err(format!("{path}: ends inside an entry"));
            }
            ranges.push(start..at);
        }
        if at != bytes.len() {
            return Err(format!("{path}: bytes are left over"));
        }
        Ok(Bundle {
            first: name.index.saturating_mul(WIDTH),
            bytes,
            ranges,
        })
    }

    /// Sequence numbers, leaf hashes and bytes.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, [u8; 32], &[u8])> {
        self.entry_bytes()
            .map(|(seq, bytes)| (seq, leaf_hash(bytes), bytes))
    }

    /// Sequence numbers and bytes.
    pub(crate) fn entry_bytes(&self) -> impl Iterator<Item = (u64, &[u8])> {
        (self.first..)
            .zip(&self.ranges)
            .map(|(seq, range)| (seq, self.bytes.get(range.clone()).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_published_convention() {
        let name = |level, index, width| TileName { level, index, width }.path();
        assert_eq!(name(Some(0), 0, 256), "tile/0/000");
        assert_eq!(name(Some(3), 1_234_067, 256), "tile/3/x001/x234/067");
        assert_eq!(name(None, 1_000, 7), "tile/entries/x001/000.p/7");
        assert_eq!(name(None, 999, 255), "tile/entries/999.p/255");
        for bad in [
            "tile/0/0",
            "tile/00/000",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/000.p/256",
            "tile/0/000.p/07",
            "tile/0/000.p",
            "tile/0/x001",
            "tile/0/000/",
            "tile/0/+00",
            "tile/0/000.p/0",
            "tile/0/x001.p/5",
            "checkpoint",
            "tile/-1/000",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            let parsed = TileName::parse(bad);
            assert!(parsed.is_none_or(|name| !name.belongs_to(5)), "{bad}");
        }
    }

    #[test]
    fn a_size_has_exactly_its_files() {
        for size in [
            1u64, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000, 131_072,
        ] {
            let names: Vec<TileName> = expected_names(size).collect();
            let paths: BTreeSet<String> = names.iter().map(TileName::path).collect();
            assert_eq!(paths.len(), names.len());
            for name in &names {
                assert!(name.belongs_to(size), "{size} {name:?}");
                assert_eq!(TileName::parse(&name.path()).as_ref(), Some(name));
            }
            for level in [None, Some(0), Some(1), Some(2), Some(3)] {
                for index in 0..600 {
                    for width in [1, 2, 17, 112, 255, 256] {
                        let name = TileName { level, index, width };
                        assert_eq!(
                            name.belongs_to(size),
                            paths.contains(&name.path()),
                            "{size} {name:?}"
                        );
                    }
                }
            }
        }
        assert!(
            !TileName {
                level: Some(60),
                index: 0,
                width: 1
            }
            .belongs_to(u64::MAX)
        );
    }
}
