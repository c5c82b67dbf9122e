//! Where published files come from: a folder on disk, or a map in memory.
//!
//! A source lists every file once and opens files with a size limit; nothing larger than the limit is read. The folder refuses symbolic
//! links and special files wherever they stand, and never leaves its root.
//!
//! Spec: specs/verification.md §1.6.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Deepest nesting that a published folder has: `ledgers/<id>/tile/<L>/x…/x…/…`.
const MAX_DEPTH: usize = 16;
/// Most files and folders of a source. A ledger of a hundred million entries has fewer than a million.
const MAX_ENTRIES: u64 = 4_000_000;

/// Everything in a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Path (with `/`) and length of every regular file.
    pub files: BTreeMap<String, u64>,
    /// Folders without any entry.
    pub empty_folders: BTreeSet<String>,
    /// What a published folder never has: symbolic links, special files, names that are not UTF-8. Lossy paths.
    pub refused: BTreeSet<String>,
}

/// Why a file was not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no such file.
    #[error("missing")]
    Missing,
    /// The file is longer than allowed.
    #[error("longer than {0} bytes")]
    TooLong(u64),
    /// A symbolic link, a folder or a special file stands there.
    #[error("not a regular file")]
    NotRegular,
    /// There are more files and folders than any event has.
    #[error("more than {0} files and folders")]
    TooMany(u64),
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// A set of published files.
pub trait Source: Sync {
    /// Lists everything.
    ///
    /// # Errors
    /// If the root or a folder in it cannot be read.
    fn list(&self) -> Result<Listing, SourceError>;

    /// Reads a whole file of at most `limit` bytes. Paths are relative, with `/`.
    ///
    /// # Errors
    /// If the file is missing, not regular, too long or unreadable.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError>;

    /// Opens a file of any length for reading from its start. Paths are relative, with `/`.
    ///
    /// # Errors
    /// If the file is missing, not regular or unreadable.
    fn open(&self, path: &str) -> Result<Box<dyn std::io::Read + '_>, SourceError>;
}

/// A folder on disk.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// # Errors
    /// If `root` is not a folder.
    pub fn open(root: &Path) -> Result<Folder, SourceError> {
        if fs::metadata(root)?.is_dir() {
            Ok(Folder {
                root: root.to_owned(),
            })
        } else {
            Err(SourceError::NotRegular)
        }
    }

    fn file(&self, path: &str) -> Result<File, SourceError> {
        let mut full = self.root.clone();
        let mut parts = path.split('/').peekable();
        let mut looked_at = None;
        while let Some(part) = parts.next() {
            if part.is_empty() || part == "." || part == ".." || part.contains(['\\', ':', '\0']) {
                return Err(SourceError::Missing);
            }
            full.push(part);
            let metadata = match fs::symlink_metadata(&full) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(SourceError::Missing);
                }
                Err(error) => return Err(error.into()),
            };
            let kind = metadata.file_type();
            let expected = if parts.peek().is_some() {
                kind.is_dir()
            } else {
                kind.is_file()
            };
            if !expected {
                return Err(SourceError::NotRegular);
            }
            looked_at = Some(metadata);
        }
        let file = File::open(&full)?;
        // Something else may have been put in its place since it was looked at.
        let opened = file.metadata()?;
        if looked_at.is_some_and(|looked_at| same_file(&looked_at, &opened)) {
            Ok(file)
        } else {
            Err(SourceError::NotRegular)
        }
    }
}

#[cfg(unix)]
fn same_file(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_file(_: &fs::Metadata, opened: &fs::Metadata) -> bool {
    opened.is_file()
}

impl Source for Folder {
    fn list(&self) -> Result<Listing, SourceError> {
        let mut listing = Listing::default();
        let mut pending = vec![(self.root.clone(), String::new(), 0usize)];
        let mut seen = 0u64;
        while let Some((folder, prefix, depth)) = pending.pop() {
            let mut entries = 0u64;
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                entries += 1;
                seen += 1;
                if seen > MAX_ENTRIES {
                    return Err(SourceError::TooMany(MAX_ENTRIES));
                }
                let name = entry.file_name();
                let path = if prefix.is_empty() {
                    name.to_string_lossy().into_owned()
                } else {
                    format!("{prefix}/{}", name.to_string_lossy())
                };
                // Of the entry itself: a link is not followed.
                let kind = entry.file_type()?;
                if name.to_str().is_none() || depth >= MAX_DEPTH {
                    listing.refused.insert(path);
                } else if kind.is_dir() {
                    pending.push((entry.path(), path, depth + 1));
                } else if kind.is_file() {
                    listing.files.insert(path, entry.metadata()?.len());
                } else {
                    listing.refused.insert(path);
                }
            }
            if entries == 0 && !prefix.is_empty() {
                listing.empty_folders.insert(prefix);
            }
        }
        Ok(listing)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let file = self.file(path)?;
        let length = file.metadata()?.len();
        if length > limit {
            return Err(SourceError::TooLong(limit));
        }
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            Err(SourceError::TooLong(limit))
        } else {
            Ok(bytes)
        }
    }

    fn open(&self, path: &str) -> Result<Box<dyn std::io::Read + '_>, SourceError> {
        Ok(Box::new(self.file(path)?))
    }
}

/// Files in memory, for tests and for callers that hold an archive.
#[derive(Debug, Clone, Default)]
pub struct MemorySource {
    /// Path and bytes of every file.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Source for MemorySource {
    fn list(&self) -> Result<Listing, SourceError> {
        let files = self
            .files
            .iter()
            .map(|(path, bytes)| (path.clone(), bytes.len() as u64))
            .collect();
        Ok(Listing {
            files,
            ..Listing::default()
        })
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let bytes = self.files.get(path).ok_or(SourceError::Missing)?;
        if bytes.len() as u64 > limit {
            Err(SourceError::TooLong(limit))
        } else {
            Ok(bytes.clone())
        }
    }

    fn open(&self, path: &str) -> Result<Box<dyn std::io::Read + '_>, SourceError> {
        let bytes = self.files.get(path).ok_or(SourceError::Missing)?;
        Ok(Box::new(bytes.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_never_leaves_its_root_and_never_follows_links() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("a/empty")).unwrap();
        fs::write(root.join("a/file"), b"12345").unwrap();
        fs::write(dir.path().join("secret"), b"secret").unwrap();
        let folder = Folder::open(&root).unwrap();
        assert_eq!(folder.read("a/file", 5).unwrap(), b"12345");
        assert!(matches!(folder.read("a/file", 4), Err(SourceError::TooLong(4))));
        for path in [
            "../secret",
            "a/../../secret",
            "/etc/passwd",
            "a//file",
            "./a/file",
            "",
            "a/file/x",
            "a",
        ] {
            assert!(folder.read(path, 100).is_err(), "{path}");
        }
        let listing = folder.list().unwrap();
        assert_eq!(listing.files.keys().collect::<Vec<_>>(), ["a/file"]);
        assert_eq!(listing.empty_folders.iter().collect::<Vec<_>>(), ["a/empty"]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path().join("secret"), root.join("link")).unwrap();
            std::os::unix::fs::symlink(dir.path(), root.join("folder")).unwrap();
            assert!(matches!(folder.read("link", 100), Err(SourceError::NotRegular)));
            assert!(matches!(
                folder.read("folder/secret", 100),
                Err(SourceError::NotRegular)
            ));
            let refused = folder.list().unwrap().refused;
            assert_eq!(refused.iter().collect::<Vec<_>>(), ["folder", "link"]);
        }
    }
}
