//! The store of openings: salts and contents behind the commitments of registers, one file each.
//!
//! An opening is named by ledger and commitment. Reading it is verifying it, and a ledger reaches its own openings alone: a
//! commitment is public, and whoever may write to one ledger must neither publish nor destroy what another one keeps closed.
//! Unlike a document it may be destroyed: then the commitment tells nothing any more. Spec: specs/jurisdiction.md §3.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::Rng as _;
use sijill_ledger::{Committed, LedgerId};
use zeroize::Zeroizing;

use crate::durable;

const DRAFT_SUFFIX: &str = ".new";
const SEALED_SUFFIX: &str = ".sealed";
const SALT_BYTES: u64 = 32;
/// Most bytes that sealing adds to an opening.
const MAX_SEALING_BYTES: u64 = 256;
/// Most bytes of a content. Spec: specs/jurisdiction.md §3.
pub const MAX_COMMITTED_BYTES: u64 = 26_214_400;

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

/// A folder of openings. Calls block; they may come from several threads.
#[derive(Debug)]
pub struct OpeningStore {
    folder: PathBuf,
    drafts: AtomicU64,
}

impl OpeningStore {
    /// Opens the folder, which need not exist, and removes drafts that a crash has left.
    ///
    /// # Errors
    /// [`OpeningError::Io`]
    pub fn open(folder: &Path) -> Result<Self, OpeningError> {
        match fs::read_dir(folder) {
            Ok(entries) => {
                for entry in entries {
                    let entry = entry.map_err(io_error(folder))?;
                    if entry.file_name().to_string_lossy().ends_with(DRAFT_SUFFIX) {
                        fs::remove_file(entry.path()).map_err(io_error(&entry.path()))?;
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(folder)(error)),
        }
        Ok(Self {
            folder: folder.into(),
            drafts: AtomicU64::new(0),
        })
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
        durable::ensure_folder(&self.folder).map_err(io_error(&self.folder))?;
        let path = self.file(ledger, &committed.commitment);
        if self.load(ledger, &committed).is_ok() {
            // Whoever wrote it may have failed to force it to the disk.
            durable::settle(&path).map_err(io_error(&path))?;
            return Ok(committed);
        }
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{number}{DRAFT_SUFFIX}"));
        durable::replace(&path, &draft, opening).map_err(|error| {
            let _leftover = fs::remove_file(&draft);
            io_error(&path)(error.into_io())
        })?;
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
        let path = self.file(ledger, &committed.commitment);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpeningError::Missing(committed.commitment));
            }
            Err(error) => return Err(io_error(&path)(error)),
        };
        let mismatch = || OpeningError::Mismatch(committed.commitment);
        // Before anything is allocated for it.
        let found = file.metadata().map_err(io_error(&path))?.len();
        if committed.length > MAX_COMMITTED_BYTES || found != committed.length + SALT_BYTES {
            return Err(mismatch());
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(found).unwrap_or(0)));
        file.take(found + 1)
            .read_to_end(&mut bytes)
            .map_err(io_error(&path))?;
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
        if sealed.len() as u64 > MAX_COMMITTED_BYTES + SALT_BYTES + MAX_SEALING_BYTES {
            return Err(OpeningError::Length);
        }
        durable::ensure_folder(&self.folder).map_err(io_error(&self.folder))?;
        let path = self.sealed_file(ledger, commitment);
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{number}{DRAFT_SUFFIX}"));
        durable::replace(&path, &draft, sealed).map_err(|error| {
            let _leftover = fs::remove_file(&draft);
            io_error(&path)(error.into_io())
        })
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
        let path = self.sealed_file(ledger, commitment);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(&path)(error)),
        };
        let found = file.metadata().map_err(io_error(&path))?.len();
        let most = MAX_COMMITTED_BYTES + SALT_BYTES + MAX_SEALING_BYTES;
        if found > most {
            return Err(OpeningError::Mismatch(*commitment));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(found).unwrap_or(0));
        file.take(most).read_to_end(&mut bytes).map_err(io_error(&path))?;
        Ok(Some(bytes))
    }

    /// Destroys an opening, sealed or not; whether there was one. What a disk or a backup keeps of deleted files is not in its hands:
    /// specs/operations.md says what the operator must do.
    ///
    /// # Durability
    /// On success the name is gone after a loss of power too.
    ///
    /// # Errors
    /// [`OpeningError::Io`]
    pub fn destroy(&self, ledger: &LedgerId, commitment: &[u8; 32]) -> Result<bool, OpeningError> {
        let mut found = false;
        for path in [
            self.file(ledger, commitment),
            self.sealed_file(ledger, commitment),
        ] {
            match fs::remove_file(&path) {
                Ok(()) => {
                    durable::sync_parent(&path).map_err(io_error(&path))?;
                    found = true;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(io_error(&path)(error)),
            }
        }
        Ok(found)
    }

    /// Ledger and commitment of every opening that is here, sealed or not.
    ///
    /// # Errors
    /// [`OpeningError::Io`]
    pub fn all(&self) -> Result<Vec<(LedgerId, [u8; 32])>, OpeningError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error(&self.folder)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(io_error(&self.folder))?.file_name();
            let name = name
                .to_str()
                .map(|name| name.strip_suffix(SEALED_SUFFIX).unwrap_or(name));
            let parts = name.and_then(|name| name.split_once('-'));
            let mut commitment = [0; 32];
            if let Some((ledger, digits)) = parts
                && let Ok(ledger) = ledger.parse()
                && hex::decode_to_slice(digits, &mut commitment).is_ok()
            {
                found.push((ledger, commitment));
            }
        }
        Ok(found)
    }

    fn file(&self, ledger: &LedgerId, commitment: &[u8; 32]) -> PathBuf {
        self.folder.join(format!("{ledger}-{}", hex::encode(commitment)))
    }

    fn sealed_file(&self, ledger: &LedgerId, commitment: &[u8; 32]) -> PathBuf {
        let name = format!("{ledger}-{}{SEALED_SUFFIX}", hex::encode(commitment));
        self.folder.join(name)
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> OpeningError + '_ {
    move |source| OpeningError::Io {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
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
