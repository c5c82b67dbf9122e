//! The store of openings: salts and contents behind the commitments of registers, each under its name.
//!
//! An opening is named by ledger and commitment. Reading it is verifying it, and a ledger reaches its own openings alone: a
//! commitment is public, and whoever may write to one ledger must neither publish nor destroy what another one keeps closed.
//! Unlike a document it may be destroyed: then the commitment tells nothing any more. Spec: specs/jurisdiction.md §3.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::Rng as _;
use sijill_ledger::{Committed, LedgerId};
use zeroize::Zeroizing;

use crate::blobs::{Blobs, Folder};

const SEALED_SUFFIX: &str = ".sealed";
const SALT_BYTES: u64 = 32;
/// Most bytes of a content. Spec: specs/jurisdiction.md §3.
pub const MAX_COMMITTED_BYTES: u64 = 26_214_400;
/// Most bytes of an opening in its sealed form.
const MAX_SEALED_BYTES: u64 = MAX_COMMITTED_BYTES + SALT_BYTES + 256;

/// Why an opening was not stored, read or destroyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// There is none: it was never handed in, or it was erased.
    #[error("there is no opening of the commitment {}", hex::encode(.0))]
    Missing([u8; 32]),
    /// The file does not open the commitment: it was damaged or exchanged.
    #[error("what is stored as the opening of {} does not open it", hex::encode(.0))]
    Mismatch([u8; 32]),
    /// A content that is empty or longer than allowed. The caller's fault.
    #[error("a content has 1 to 26214400 bytes")]
    Length,
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

/// The openings. Calls block; they may come from several threads.
#[derive(Debug)]
pub struct OpeningStore {
    blobs: Box<dyn Blobs>,
}

impl OpeningStore {
    /// Opens the folder, which need not exist, and removes drafts that a crash has left.
    ///
    /// # Errors
    /// [`OpeningError::Io`]
    pub fn open(folder: &Path) -> Result<Self, OpeningError> {
        let blobs = Folder::made_with_the_first(folder).map_err(io_error(folder))?;
        Ok(Self::over(Box::new(blobs)))
    }

    /// Openings that lie in any place behind the port. What is removed there must be gone: no versions are kept.
    #[must_use]
    pub fn over(blobs: Box<dyn Blobs>) -> Self {
        Self { blobs }
    }

    /// Commits to a content of a ledger under a fresh salt, and keeps both.
    ///
    /// # Durability
    /// On success the opening survives a loss of power.
    ///
    /// # Errors
    /// [`OpeningError::Length`], [`OpeningError::Io`]
    pub fn commit(&self, ledger: &LedgerId, content: &[u8]) -> Result<Committed, OpeningError> {
        let mut opening = Zeroizing::new(vec![0; 32]);
        rand::rng().fill_bytes(&mut opening);
        opening.extend_from_slice(content);
        self.put(ledger, &opening)
    }

    /// Keeps an opening (salt, then content) of a ledger that was made elsewhere.
    ///
    /// # Durability
    /// On success the opening survives a loss of power.
    ///
    /// # Errors
    /// [`OpeningError::Length`], [`OpeningError::Io`]
    pub fn put(&self, ledger: &LedgerId, opening: &[u8]) -> Result<Committed, OpeningError> {
        let (salt, content) = opening.split_first_chunk::<32>().ok_or(OpeningError::Length)?;
        if content.is_empty() || content.len() as u64 > MAX_COMMITTED_BYTES {
            return Err(OpeningError::Length);
        }
        let committed = Committed::new(salt, content);
        let name = name(ledger, &committed.commitment);
        let stored = if self.load(ledger, &committed).is_ok() {
            // Whoever wrote it may have failed to force it to the disk.
            self.blobs.settle(&name)
        } else {
            self.blobs.put(&name, opening)
        };
        stored.map_err(|source| self.io(&name, source))?;
        Ok(committed)
    }

    /// The content behind a commitment of a ledger.
    ///
    /// # Errors
    /// [`OpeningError`]
    pub fn load(&self, ledger: &LedgerId, committed: &Committed) -> Result<Arc<[u8]>, OpeningError> {
        let opening = self.opening(ledger, committed)?;
        let content = committed.open(&opening);
        content
            .map(Into::into)
            .ok_or(OpeningError::Mismatch(committed.commitment))
    }

    /// Salt and content behind a commitment, as they are published.
    ///
    /// # Errors
    /// [`OpeningError`]
    pub fn opening(
        &self,
        ledger: &LedgerId,
        committed: &Committed,
    ) -> Result<Zeroizing<Vec<u8>>, OpeningError> {
        let name = name(ledger, &committed.commitment);
        let missing = || OpeningError::Missing(committed.commitment);
        let mismatch = || OpeningError::Mismatch(committed.commitment);
        // Before anything is allocated for it.
        let found = self
            .blobs
            .length(&name)
            .map_err(|source| self.io(&name, source))?;
        let found = found.ok_or_else(missing)?;
        if committed.length > MAX_COMMITTED_BYTES || found != committed.length + SALT_BYTES {
            return Err(mismatch());
        }
        let bytes = self
            .blobs
            .get(&name, found)
            .map_err(|source| self.io(&name, source))?;
        let bytes = Zeroizing::new(bytes.ok_or_else(missing)?);
        if committed.open(&bytes).is_none() {
            return Err(mismatch());
        }
        Ok(bytes)
    }

    /// Keeps an opening in its sealed form, which this store does not read. Spec: specs/operations.md §15.2.
    ///
    /// # Durability
    /// On success it survives a loss of power.
    ///
    /// # Errors
    /// [`OpeningError::Length`], [`OpeningError::Io`]
    pub(crate) fn put_sealed(
        &self,
        ledger: &LedgerId,
        commitment: &[u8; 32],
        sealed: &[u8],
    ) -> Result<(), OpeningError> {
        if sealed.len() as u64 > MAX_SEALED_BYTES {
            return Err(OpeningError::Length);
        }
        let name = sealed_name(ledger, commitment);
        self.blobs
            .put(&name, sealed)
            .map_err(|source| self.io(&name, source))
    }

    /// An opening in its sealed form; `None` if there is none.
    ///
    /// # Errors
    /// [`OpeningError::Mismatch`] if it is longer than any, [`OpeningError::Io`]
    pub(crate) fn sealed(
        &self,
        ledger: &LedgerId,
        commitment: &[u8; 32],
    ) -> Result<Option<Vec<u8>>, OpeningError> {
        let name = sealed_name(ledger, commitment);
        let found = self.blobs.get(&name, MAX_SEALED_BYTES);
        let found = found.map_err(|source| self.io(&name, source))?;
        if found
            .as_ref()
            .is_some_and(|bytes| bytes.len() as u64 > MAX_SEALED_BYTES)
        {
            return Err(OpeningError::Mismatch(*commitment));
        }
        Ok(found)
    }

    /// Destroys an opening, sealed or not; whether there was one. What a disk or a backup keeps of deleted files is not in
    /// its hands: specs/operations.md says what the operator must do.
    ///
    /// # Durability
    /// On success the name is gone after a loss of power too.
    ///
    /// # Errors
    /// [`OpeningError::Io`]
    pub fn destroy(&self, ledger: &LedgerId, commitment: &[u8; 32]) -> Result<bool, OpeningError> {
        let mut found = false;
        for name in [name(ledger, commitment), sealed_name(ledger, commitment)] {
            found |= self
                .blobs
                .remove(&name)
                .map_err(|source| self.io(&name, source))?;
        }
        Ok(found)
    }

    /// Ledger and commitment of every opening that is here, sealed or not.
    ///
    /// # Errors
    /// [`OpeningError::Io`]
    pub fn all(&self) -> Result<Vec<(LedgerId, [u8; 32])>, OpeningError> {
        let names = self.blobs.names().map_err(|source| self.io("", source))?;
        let mut found = Vec::new();
        for name in &names {
            let name = name.strip_suffix(SEALED_SUFFIX).unwrap_or(name);
            let mut commitment = [0; 32];
            if let Some((ledger, digits)) = name.split_once('-')
                && let Ok(ledger) = ledger.parse()
                && hex::decode_to_slice(digits, &mut commitment).is_ok()
            {
                found.push((ledger, commitment));
            }
        }
        Ok(found)
    }

    fn io(&self, name: &str, source: io::Error) -> OpeningError {
        io_error(&self.blobs.place(name))(source)
    }
}

fn name(ledger: &LedgerId, commitment: &[u8; 32]) -> String {
    format!("{ledger}-{}", hex::encode(commitment))
}

fn sealed_name(ledger: &LedgerId, commitment: &[u8; 32]) -> String {
    format!("{ledger}-{}{SEALED_SUFFIX}", hex::encode(commitment))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> OpeningError + '_ {
    move |source| OpeningError::Io {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LEDGER: LedgerId = LedgerId::from_bytes([1; 32]);
    const ANOTHER: LedgerId = LedgerId::from_bytes([2; 32]);

    #[test]
    fn no_ledger_reaches_the_openings_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let store = OpeningStore::open(folder.path()).unwrap();
        let closed = store.commit(&LEDGER, b"who asked").unwrap();
        assert!(matches!(
            store.load(&ANOTHER, &closed),
            Err(OpeningError::Missing(_))
        ));
        assert!(!store.destroy(&ANOTHER, &closed.commitment).unwrap());
        assert_eq!(&*store.load(&LEDGER, &closed).unwrap(), b"who asked");
        assert_eq!(store.all().unwrap(), [(LEDGER, closed.commitment)]);
    }

    #[test]
    fn openings_come_back_and_can_be_destroyed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("openings");
        let store = OpeningStore::open(&path).unwrap();
        let one = store.commit(&LEDGER, "سر".as_bytes()).unwrap();
        let other = store.commit(&LEDGER, "سر".as_bytes()).unwrap();
        assert_ne!(one, other, "salts are fresh");
        assert_eq!(&*store.load(&LEDGER, &one).unwrap(), "سر".as_bytes());
        let opening = store.opening(&LEDGER, &one).unwrap();
        assert_eq!(store.put(&LEDGER, &opening).unwrap(), one, "twice is once");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 2);
        // Another length is another claim; a changed file opens nothing.
        let longer = Committed { length: 5, ..one };
        assert!(matches!(
            store.load(&LEDGER, &longer),
            Err(OpeningError::Mismatch(_))
        ));
        let file = path.join(format!("{LEDGER}-{}", hex::encode(other.commitment)));
        let mut bytes = fs::read(&file).unwrap();
        bytes[40 - 8] ^= 1;
        fs::write(&file, bytes).unwrap();
        assert!(matches!(
            store.load(&LEDGER, &other),
            Err(OpeningError::Mismatch(_))
        ));
        assert!(store.destroy(&LEDGER, &one.commitment).unwrap());
        assert!(!store.destroy(&LEDGER, &one.commitment).unwrap());
        assert!(matches!(store.load(&LEDGER, &one), Err(OpeningError::Missing(_))));
        fs::write(path.join("left.0.new"), "half").unwrap();
        OpeningStore::open(&path).unwrap();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }

    #[test]
    fn nothing_empty_and_nothing_beyond_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let store = OpeningStore::open(folder.path()).unwrap();
        assert!(matches!(store.commit(&LEDGER, b""), Err(OpeningError::Length)));
        assert!(matches!(store.put(&LEDGER, &[1; 31]), Err(OpeningError::Length)));
        let long = vec![0; usize::try_from(MAX_COMMITTED_BYTES).unwrap() + 1];
        assert!(matches!(store.commit(&LEDGER, &long), Err(OpeningError::Length)));
    }
}
