//! The content store: larger documents that entries cite by hash and length, each under its hash.
//!
//! A document is named by its SHA-256, so that storing it twice is storing it once, and reading it is verifying it. It
//! must be stored before an entry that cites it is appended. Spec: specs/ledger.md §9, specs/operations.md §5.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sijill_ledger::{ContentError, ContentHash, ContentRef};

use crate::blobs::{Blobs, Folder};
use crate::openings::OpeningStore;

/// Why a document was not stored or not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentStoreError {
    /// The store does not have the document. Fetch it from whoever has it.
    #[error("the document {0} is missing")]
    Missing(ContentHash),
    /// The file is not the cited document: it was damaged or exchanged. The operator's to mend, by storing the right
    /// document again.
    #[error("what is stored as the document {0} is not that document, or not of the cited length")]
    Mismatch(ContentHash),
    /// A document, or a citation, longer than allowed. The caller's fault.
    #[error(transparent)]
    TooLong(ContentError),
    /// The system refused. If the document was to be stored, it may or may not be; store it again.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

/// The documents. Calls block; they may come from several threads.
#[derive(Debug)]
pub struct ContentStore {
    blobs: Box<dyn Blobs>,
    openings: Option<OpeningStore>,
}

impl ContentStore {
    /// Opens the folder, which the caller has locked, and removes drafts that a crash has left.
    ///
    /// # Errors
    /// [`ContentStoreError::Io`]
    pub fn open(folder: &Path) -> Result<Self, ContentStoreError> {
        let blobs = Folder::open(folder).map_err(|source| io_error(folder, source))?;
        Ok(Self::over(Box::new(blobs)))
    }

    /// Opens a folder in which other nodes work too. Drafts that a crash has left stay there.
    ///
    /// # Errors
    /// [`ContentStoreError::Io`]
    pub fn open_shared(folder: &Path) -> Result<Self, ContentStoreError> {
        let blobs = Folder::open_shared(folder).map_err(|source| io_error(folder, source))?;
        Ok(Self::over(Box::new(blobs)))
    }

    /// Documents that lie in any place behind the port.
    #[must_use]
    pub fn over(blobs: Box<dyn Blobs>) -> Self {
        Self {
            blobs,
            openings: None,
        }
    }

    /// With the openings of commitments, which registers of a jurisdiction need.
    #[must_use]
    pub fn with_openings(mut self, openings: OpeningStore) -> Self {
        self.openings = Some(openings);
        self
    }

    /// The openings of commitments, if it has them.
    #[must_use]
    pub const fn openings(&self) -> Option<&OpeningStore> {
        self.openings.as_ref()
    }

    /// Stores a document and cites it. A damaged copy that stands under its name is replaced.
    ///
    /// # Durability
    /// On success the document survives a loss of power. A crash leaves it complete or not at all.
    ///
    /// # Errors
    /// [`ContentStoreError::TooLong`], [`ContentStoreError::Io`]
    pub fn put(&self, bytes: &[u8]) -> Result<ContentRef, ContentStoreError> {
        let cited = ContentRef::of(bytes).map_err(ContentStoreError::TooLong)?;
        let name = cited.sha256.to_string();
        let stored = if self.load(&cited).is_ok() {
            // Whoever wrote it may have failed to force it to the disk.
            self.blobs.settle(&name)
        } else {
            self.blobs.put(&name, bytes)
        };
        stored.map_err(|source| io_error(&self.blobs.place(&name), source))?;
        Ok(cited)
    }

    /// Reads a document and verifies it.
    ///
    /// # Errors
    /// [`ContentStoreError`]
    pub fn load(&self, cited: &ContentRef) -> Result<Arc<[u8]>, ContentStoreError> {
        cited.check_length().map_err(ContentStoreError::TooLong)?;
        let name = cited.sha256.to_string();
        let io = |source| io_error(&self.blobs.place(&name), source);
        // Before anything is allocated for it.
        match self.blobs.length(&name).map_err(io)? {
            None => return Err(ContentStoreError::Missing(cited.sha256)),
            Some(found) if found != cited.length => return Err(ContentStoreError::Mismatch(cited.sha256)),
            Some(_) => {}
        }
        let bytes = self.blobs.get(&name, cited.length).map_err(io)?;
        let bytes = bytes.ok_or(ContentStoreError::Missing(cited.sha256))?;
        cited
            .check(&bytes)
            .map_err(|_| ContentStoreError::Mismatch(cited.sha256))?;
        Ok(bytes.into())
    }

    /// Whether there is a file of the cited name and length. Only [`ContentStore::load`] says whether it is the document.
    ///
    /// # Errors
    /// [`ContentStoreError::Io`]
    pub fn has(&self, cited: &ContentRef) -> Result<bool, ContentStoreError> {
        let name = cited.sha256.to_string();
        let found = self
            .blobs
            .length(&name)
            .map_err(|source| io_error(&self.blobs.place(&name), source))?;
        Ok(found == Some(cited.length))
    }
}

fn io_error(path: &Path, source: io::Error) -> ContentStoreError {
    ContentStoreError::Io {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt as _;

    use sijill_ledger::MAX_CONTENT_BYTES;

    use super::*;
    use crate::durable::Step;
    use crate::durable::faults::{self, Fault};

    fn store() -> (tempfile::TempDir, ContentStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = ContentStore::open(folder.path()).unwrap();
        (folder, store)
    }

    #[test]
    fn documents_come_back() {
        let (folder, store) = store();
        for document in [&b""[..], b"a", &[7; 100_000]] {
            let cited = store.put(document).unwrap();
            assert_eq!(cited, ContentRef::of(document).unwrap());
            assert_eq!(store.put(document).unwrap(), cited, "twice is once");
            assert_eq!(&*store.load(&cited).unwrap(), document);
            assert!(store.has(&cited).unwrap());
            let file = folder.path().join(cited.sha256.to_string());
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn missing_damaged_and_lying() {
        let (folder, store) = store();
        let cited = ContentRef::of(b"document").unwrap();
        assert!(matches!(store.load(&cited), Err(ContentStoreError::Missing(_))));
        assert!(!store.has(&cited).unwrap());
        store.put(b"document").unwrap();
        let file = folder.path().join(cited.sha256.to_string());
        let longer = ContentRef { length: 9, ..cited };
        assert!(matches!(store.load(&longer), Err(ContentStoreError::Mismatch(_))));
        assert!(!store.has(&longer).unwrap());
        for damaged in [&b"documenT"[..], b"documen", b"documents", b""] {
            fs::write(&file, damaged).unwrap();
            let error = store.load(&cited).unwrap_err();
            assert!(matches!(error, ContentStoreError::Mismatch(_)), "{error:?}");
            assert!(error.to_string().contains(&cited.sha256.to_string()));
            assert_eq!(
                store.put(b"document").unwrap(),
                cited,
                "the damaged copy is replaced"
            );
            assert_eq!(&*store.load(&cited).unwrap(), b"document");
        }
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(store.load(&cited).is_err());
    }

    #[test]
    fn nothing_beyond_the_limit() {
        let (folder, store) = store();
        let cited = ContentRef {
            length: MAX_CONTENT_BYTES + 1,
            ..ContentRef::of(b"").unwrap()
        };
        assert!(matches!(store.load(&cited), Err(ContentStoreError::TooLong(_))));
        // A file as long as a lying citation claims, without its bytes on the disk.
        let file = File::create(folder.path().join(cited.sha256.to_string())).unwrap();
        file.set_len(MAX_CONTENT_BYTES + 1).unwrap();
        assert!(matches!(store.load(&cited), Err(ContentStoreError::TooLong(_))));
    }

    /// The crash table: whatever step fails, what stands under the name is the document or nothing, drafts go when the
    /// store is opened again, and storing again succeeds.
    #[test]
    fn every_step_that_fails() {
        for (step, fault) in faults::ALL {
            let (folder, store) = store();
            let cited = ContentRef::of(b"document").unwrap();
            faults::inject(step, fault);
            assert!(
                matches!(store.put(b"document"), Err(ContentStoreError::Io { .. })),
                "{step:?}"
            );
            assert!(faults::none_left());
            let there = matches!(
                (step, fault),
                (Step::Rename, Fault::ReportedFailed) | (Step::SyncFolder, _)
            );
            match store.load(&cited) {
                Ok(bytes) => assert!(there && &*bytes == b"document", "{step:?} {fault:?}"),
                Err(ContentStoreError::Missing(_)) => assert!(!there, "{step:?} {fault:?}"),
                Err(other) => panic!("{other:?}"),
            }
            fs::write(folder.path().join("left.7.new"), "half a doc").unwrap();
            let store = ContentStore::open(folder.path()).unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), usize::from(there));
            store.put(b"document").unwrap();
            assert_eq!(&*store.load(&cited).unwrap(), b"document");
        }
    }

    /// A document whose writer failed behind the renaming is not taken as durable before it is forced to the disk.
    #[test]
    fn storing_again_forces_to_the_disk() {
        let (_folder, store) = store();
        faults::inject(Step::SyncFolder, Fault::Lost);
        assert!(store.put(b"document").is_err());
        faults::inject(Step::SyncFolder, Fault::Lost);
        assert!(store.put(b"document").is_err());
        assert!(faults::none_left());
        store.put(b"document").unwrap();
    }

    #[test]
    fn the_same_document_from_many_threads() {
        let (folder, store) = store();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for i in 0..20_u32 {
                        store.put(&i.to_le_bytes().repeat(1000)).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 20);
    }
}
