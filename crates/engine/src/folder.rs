//! Folders that belong to one process at a time: the data folder, and the folder of the checkpoint record.
//!
//! Such a folder can be entered by its owner only, says in the file `format` what it is, and is locked through the file
//! `lock`, which names the process that holds it. Spec: specs/operations.md §2.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::durable;

const FORMAT_FILE: &str = "format";
const FORMAT_DRAFT: &str = "format.new";
const LOCK_FILE: &str = "lock";
/// No format line is longer.
const MAX_FORMAT_BYTES: u64 = 64;

const CONTENT: &str = "content";
const KEYS: &str = "keys";
const OPENINGS: &str = "openings";
const SNAPSHOTS: &str = "snapshots";
const EVENTS: &str = "events.sqlite";

/// Why a folder was not opened. Always the operator's to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is no such folder. It is never made by opening it.
    #[error("there is no folder {path}")]
    NotFound {
        /// The folder.
        path: PathBuf,
    },
    /// Asked to make a folder where there is something.
    #[error("{path} exists and is not an empty folder")]
    AlreadyExists {
        /// The folder.
        path: PathBuf,
    },
    /// A file, or another kind of folder.
    #[error("{path} is not a {expected} folder: {what}")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
        /// What was found.
        what: &'static str,
    },
    /// Making it was interrupted. Nothing of value is in it; make it again.
    #[error("making {path} was interrupted; make it again")]
    Unfinished {
        /// The folder.
        path: PathBuf,
    },
    /// A folder of another version of this program.
    #[error("{path} has format {found:?}; this program knows {known:?}")]
    Version {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: String,
        /// The format of this program.
        known: &'static str,
    },
    /// Others than the owner may look into the folder.
    #[error("{path} is open to others (mode {mode:03o}); run: chmod 700 {path}")]
    Exposed {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Another process works on the folder.
    #[error("{path} is in use by {}", holder(*.pid))]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process, if it has said so.
        pid: Option<u32>,
    },
    /// The checkpoint record must not be restored together with the data, so it may not lie in it, nor around it.
    #[error("the checkpoint record {record} must lie outside the data folder {data}")]
    NotOutside {
        /// The folder of the record.
        record: PathBuf,
        /// The data folder.
        data: PathBuf,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Purpose {
    pub(crate) name: &'static str,
    /// The whole text of the file `format`.
    pub(crate) format: &'static str,
    /// What the formats of all versions begin with.
    pub(crate) family: &'static str,
    pub(crate) folders: &'static [&'static str],
}

const DATA: Purpose = Purpose {
    name: "data",
    format: "sijill-data/1\n",
    family: "sijill-data/",
    folders: &[CONTENT, KEYS],
};

/// The data folder of an installation, locked until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    folder: LockedFolder,
}

impl DataFolder {
    /// Makes a data folder, in a place that is free or an empty folder, and opens it.
    ///
    /// # Durability
    /// The folder counts as made once its format is on the disk. A crash before that leaves a folder which
    /// [`DataFolder::open`] calls unfinished and this function completes.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        LockedFolder::create(path, DATA).map(|folder| Self { folder })
    }

    /// Opens a data folder.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        LockedFolder::open(path, DATA).map(|folder| Self { folder })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The event store.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.path().join(EVENTS)
    }

    /// The folder of cited documents: see [`ContentStore`](crate::content::ContentStore).
    #[must_use]
    pub fn content(&self) -> PathBuf {
        self.path().join(CONTENT)
    }

    /// The folder of openings, which need not exist: see [`OpeningStore`](crate::openings::OpeningStore).
    #[must_use]
    pub fn openings(&self) -> PathBuf {
        self.path().join(OPENINGS)
    }

    /// The folder of snapshots, which need not exist: it may be deleted at any time.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.path().join(SNAPSHOTS)
    }

    /// The folder of the key files of service and ledgers.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path().join(KEYS)
    }
}

/// A folder that this process has to itself.
#[derive(Debug)]
pub(crate) struct LockedFolder {
    path: PathBuf,
    _lock: FolderLock,
}

/// The lock file of a folder. It is given back explicitly: a process that another thread has just started holds a copy of the
/// file until it runs its own program, and the lock with it.
#[derive(Debug)]
struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is the other way to give it back.
        let _closed_next = self.0.unlock();
    }
}

impl LockedFolder {
    pub(crate) fn create(path: &Path, purpose: Purpose) -> Result<Self, FolderError> {
        durable::ensure_folder(path).map_err(|error| io_error(path, error))?;
        check_folder(path, purpose)?;
        let draft = path.join(FORMAT_DRAFT);
        let ours = |name: &str| purpose.folders.contains(&name) || [LOCK_FILE, FORMAT_DRAFT].contains(&name);
        // Taken before looking, so that of two makers one finds the folder finished.
        let empty_but_ours = || -> io::Result<bool> {
            for entry in fs::read_dir(path)? {
                if !entry?.file_name().to_str().is_some_and(ours) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        if !empty_but_ours().map_err(|error| io_error(path, error))? {
            return Err(FolderError::AlreadyExists { path: path.into() });
        }
        let lock = lock(path)?;
        if !empty_but_ours().map_err(|error| io_error(path, error))? {
            return Err(FolderError::AlreadyExists { path: path.into() });
        }
        for name in purpose.folders {
            let folder = path.join(name);
            durable::ensure_folder(&folder).map_err(|error| io_error(&folder, error))?;
        }
        let format = path.join(FORMAT_FILE);
        durable::replace(&format, &draft, purpose.format.as_bytes())
            .map_err(|error| io_error(&format, error.into_io()))?;
        Self::open_locked(path, purpose, lock)
    }

    pub(crate) fn open(path: &Path, purpose: Purpose) -> Result<Self, FolderError> {
        check_folder(path, purpose)?;
        // Looked at before the lock file is made, so that a foreign folder stays as it is.
        check_format(path, purpose)?;
        let lock = lock(path)?;
        Self::open_locked(path, purpose, lock)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn open_locked(path: &Path, purpose: Purpose, lock: FolderLock) -> Result<Self, FolderError> {
        check_format(path, purpose)?;
        for name in purpose.folders {
            check_folder(&path.join(name), purpose)?;
        }
        Ok(Self {
            path: path.into(),
            _lock: lock,
        })
    }
}

/// Checks a folder that the data folder does not hold, such as that of documents which several nodes share.
///
/// # Errors
/// [`FolderError`]: there is none, it is no folder, or others than its owner may enter it.
pub fn check_private(path: &Path) -> Result<(), FolderError> {
    check_folder(path, DATA)
}

fn check_folder(path: &Path, purpose: Purpose) -> Result<(), FolderError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(FolderError::NotFound { path: path.into() });
        }
        Err(error) => return Err(io_error(path, error)),
    };
    if !metadata.is_dir() {
        return Err(FolderError::Foreign {
            path: path.into(),
            expected: purpose.name,
            what: "not a folder",
        });
    }
    match durable::exposure(&metadata) {
        Some(mode) => Err(FolderError::Exposed {
            path: path.into(),
            mode,
        }),
        None => Ok(()),
    }
}

fn check_format(path: &Path, purpose: Purpose) -> Result<(), FolderError> {
    let file = path.join(FORMAT_FILE);
    let foreign = |what| FolderError::Foreign {
        path: path.into(),
        expected: purpose.name,
        what,
    };
    let mut found = Vec::new();
    match File::open(&file) {
        Ok(open) => open
            .take(MAX_FORMAT_BYTES)
            .read_to_end(&mut found)
            .map_err(|error| io_error(&file, error))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let lock = path.join(LOCK_FILE);
            return Err(if lock.try_exists().map_err(|error| io_error(&lock, error))? {
                FolderError::Unfinished { path: path.into() }
            } else {
                foreign("it has no file named format")
            });
        }
        Err(error) => return Err(io_error(&file, error)),
    };
    let found = str::from_utf8(&found).map_err(|_| foreign("its format is not text"))?;
    if found == purpose.format {
        return Ok(());
    }
    if found.starts_with(purpose.family) {
        return Err(FolderError::Version {
            path: path.into(),
            found: found.trim_end().into(),
            known: purpose.format.trim_end(),
        });
    }
    Err(foreign("its format is another one"))
}

fn lock(folder: &Path) -> Result<FolderLock, FolderError> {
    let path = folder.join(LOCK_FILE);
    let mut file = durable::private()
        .create(true)
        .open(&path)
        .map_err(|error| io_error(&path, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // The holder may be about to write its name.
            let read = (&file).take(MAX_FORMAT_BYTES).read_to_string(&mut text);
            return Err(FolderError::InUse {
                path: folder.into(),
                pid: read.ok().and_then(|_| text.trim_end().parse().ok()),
            });
        }
        Err(TryLockError::Error(error)) => return Err(io_error(&path, error)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|error| io_error(&path, error))?;
    Ok(FolderLock(file))
}

fn io_error(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::durable::Step;
    use crate::durable::faults::{self, Fault};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn made_private_and_opened_again() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("data");
        assert!(matches!(
            DataFolder::open(&path),
            Err(FolderError::NotFound { .. })
        ));
        assert!(!path.exists());
        let data = DataFolder::create(&path).unwrap();
        for folder in [data.path(), &data.content(), &data.keys()] {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
        assert_eq!(mode(&path.join("lock")), 0o600);
        assert_eq!(fs::read(path.join("format")).unwrap(), b"sijill-data/1\n");
        assert_eq!(data.events(), path.join("events.sqlite"));
        assert_eq!(data.snapshots(), path.join("snapshots"));
        drop(data);
        DataFolder::open(&path).unwrap();
        assert!(matches!(
            DataFolder::create(&path),
            Err(FolderError::AlreadyExists { .. })
        ));
        let empty = outer.path().join("empty");
        fs::create_dir(&empty).unwrap();
        set_mode(&empty, 0o700);
        DataFolder::create(&empty).unwrap();
    }

    #[test]
    fn one_process_at_a_time() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("data");
        let first = DataFolder::create(&path).unwrap();
        let error = DataFolder::open(&path).unwrap_err();
        let own = std::process::id();
        assert!(
            matches!(error, FolderError::InUse { pid: Some(pid), .. } if pid == own),
            "{error:?}"
        );
        assert!(
            error
                .to_string()
                .ends_with(&format!("is in use by process {own}")),
            "{error}"
        );
        fs::write(path.join("lock"), "").unwrap();
        let error = DataFolder::open(&path).unwrap_err();
        assert!(
            error.to_string().ends_with("is in use by another process"),
            "{error}"
        );
        drop(first);
        DataFolder::open(&path).unwrap();
    }

    #[test]
    fn open_to_others() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("data");
        drop(DataFolder::create(&path).unwrap());
        for (folder, bits) in [
            (path.clone(), 0o750),
            (path.join("keys"), 0o701),
            (path.join("content"), 0o755),
        ] {
            set_mode(&folder, bits);
            let error = DataFolder::open(&path).unwrap_err();
            assert!(
                matches!(error, FolderError::Exposed { mode, .. } if mode == bits),
                "{error:?}"
            );
            assert!(
                error
                    .to_string()
                    .contains(&format!("chmod 700 {}", folder.display())),
                "{error}"
            );
            set_mode(&folder, 0o700);
        }
        DataFolder::open(&path).unwrap();
        let open = outer.path().join("open");
        fs::create_dir(&open).unwrap();
        set_mode(&open, 0o755);
        assert!(matches!(
            DataFolder::create(&open),
            Err(FolderError::Exposed { .. })
        ));
    }

    #[test]
    fn foreign_folders_stay_as_they_are() {
        let outer = tempfile::tempdir().unwrap();
        let file = outer.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(
            DataFolder::open(&file),
            Err(FolderError::Foreign { .. })
        ));
        assert!(matches!(
            DataFolder::create(&file),
            Err(FolderError::Foreign { .. })
        ));
        let other = outer.path().join("other");
        fs::create_dir(&other).unwrap();
        set_mode(&other, 0o700);
        fs::write(other.join("minutes.txt"), "").unwrap();
        assert!(matches!(
            DataFolder::open(&other),
            Err(FolderError::Foreign { .. })
        ));
        assert!(matches!(
            DataFolder::create(&other),
            Err(FolderError::AlreadyExists { .. })
        ));
        assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
        for (format, version) in [
            ("sijill-data/2\n", true),
            ("sijill-data/1", true),
            ("other\n", false),
        ] {
            fs::write(other.join("format"), format).unwrap();
            let error = DataFolder::open(&other).unwrap_err();
            assert_eq!(matches!(error, FolderError::Version { .. }), version, "{error:?}");
            assert_eq!(
                matches!(error, FolderError::Foreign { .. }),
                !version,
                "{error:?}"
            );
        }
    }

    /// Whatever step is the last one, making the folder again completes it, or it was complete.
    #[test]
    fn interrupted_while_being_made() {
        for (step, fault) in faults::ALL {
            let outer = tempfile::tempdir().unwrap();
            let path = outer.path().join("data");
            faults::inject(step, fault);
            assert!(
                matches!(DataFolder::create(&path), Err(FolderError::Io { .. })),
                "{step:?}"
            );
            assert!(faults::none_left());
            if (step, fault) == (Step::Rename, Fault::ReportedFailed) {
                DataFolder::open(&path).unwrap();
            } else {
                let error = DataFolder::open(&path).unwrap_err();
                match step {
                    Step::SyncFolder => assert!(matches!(error, FolderError::Foreign { .. }), "{error:?}"),
                    _ => assert!(
                        matches!(error, FolderError::Unfinished { .. }),
                        "{step:?}: {error:?}"
                    ),
                }
                DataFolder::create(&path).unwrap();
            }
        }
    }
}
