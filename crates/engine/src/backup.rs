//! Copies of a data folder, and putting one back.
//!
//! A backup holds the event store, then the documents (they are stored before the entries that cite them and never
//! change), then `manifest.json` with the digest of each file: a folder without it is not a backup. The checkpoint
//! record is in no backup and is touched by no restoration. Spec: specs/operations.md §8.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sijill_store::{OpenError, ReadError, SqliteOptions, SqliteStore};

use crate::content::{ContentStore, ContentStoreError};
use crate::durable;
use crate::examine::{Findings, examine};
use crate::folder::{DataFolder, FolderError};

const FORMAT: &str = "sijill-backup/1";
const MANIFEST: &str = "manifest.json";
const EVENTS: &str = "events.sqlite";
/// No manifest is longer: about 150 bytes for each document.
const MAX_MANIFEST_BYTES: u64 = 256 << 20;

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    /// The files.
    pub files: Vec<BackedUp>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackedUp {
    /// Its place, relative to the backup and to the data folder.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Why a backup was not made or not put back. Nothing is half done: an incomplete backup has no manifest, an
/// incomplete restoration no data folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// A folder is in the way.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The backup would lie in what it is a backup of.
    #[error("the backup {0} must not lie in the data folder")]
    Inside(PathBuf),
    /// Not a backup, or an incomplete one.
    #[error("{path} is not a complete backup: {problem}")]
    NotABackup {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file of the backup is not what its manifest says.
    #[error("{0} is damaged: it is not what the manifest of the backup says")]
    Damaged(PathBuf),
    /// The files are what was backed up, and do not replay.
    #[error("the backup does not hold sound ledgers: {0}")]
    Unsound(String),
    /// The event store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The event store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The documents.
    #[error(transparent)]
    Content(#[from] ContentStoreError),
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

/// Copies a data folder into `to`, which must be free or empty. A process may be working on the data folder.
///
/// # Durability
/// The backup is complete and on stable storage when this returns.
///
/// # Errors
/// [`BackupError`]
pub fn backup(data: &Path, to: &Path, with_keys: bool) -> Result<Manifest, BackupError> {
    empty(to)?;
    durable::ensure_folder(to).map_err(io_error(to))?;
    let (inner, outer) = (
        fs::canonicalize(to).map_err(io_error(to))?,
        fs::canonicalize(data).map_err(io_error(data))?,
    );
    if inner.starts_with(&outer) {
        // It was made a moment ago, and is empty.
        let _left = fs::remove_dir(to);
        return Err(BackupError::Inside(to.into()));
    }
    SqliteStore::backup(&data.join(EVENTS), &to.join(EVENTS))?;
    let mut files = vec![describe(to, EVENTS)?];
    let folders: &[&str] = if with_keys {
        &["content", "keys"]
    } else {
        &["content"]
    };
    // Only installations that keep registers of a jurisdiction have openings.
    let has_openings = data.join("openings").is_dir();
    for folder in folders.iter().chain(has_openings.then_some(&"openings")) {
        durable::ensure_folder(&to.join(folder)).map_err(io_error(to))?;
        let from = data.join(folder);
        let mut names = Vec::new();
        for entry in fs::read_dir(&from).map_err(io_error(&from))? {
            let name = entry.map_err(io_error(&from))?.file_name();
            names.extend(name.to_str().filter(|n| !n.ends_with(".new")).map(str::to_owned));
        }
        names.sort_unstable();
        for name in names {
            let path = format!("{folder}/{name}");
            copy(&data.join(&path), &to.join(&path))?;
            files.push(describe(to, &path)?);
        }
        durable::sync_parent(&to.join(folder).join("x")).map_err(io_error(to))?;
    }
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        files,
    };
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| io_error(to)(e.into()))?;
    let path = to.join(MANIFEST);
    durable::replace(&path, &to.join("manifest.json.new"), &text)
        .map_err(|error| io_error(&path)(error.into_io()))?;
    Ok(manifest)
}

/// Puts a backup in the place of a data folder that does not exist or is empty, after everything in it was checked: each
/// file against the manifest, then every ledger by replay. The checkpoint record is not looked at.
///
/// # Durability
/// The data folder appears complete and durable, or not at all.
///
/// # Errors
/// [`BackupError`]
pub async fn restore(from: &Path, data: &Path) -> Result<Findings, BackupError> {
    empty(data)?;
    let manifest = read_manifest(from)?;
    for file in &manifest.files {
        if describe(from, &file.path)? != *file {
            return Err(BackupError::Damaged(from.join(&file.path)));
        }
    }
    let mut draft = data.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    clear(&draft)?;
    let findings = match fill(from, &draft, &manifest).await {
        Ok(findings) => findings,
        Err(error) => {
            clear(&draft)?;
            return Err(error);
        }
    };
    // Over an empty folder too.
    fs::rename(&draft, data).map_err(io_error(data))?;
    durable::sync_parent(data).map_err(io_error(data))?;
    Ok(findings)
}

async fn fill(from: &Path, draft: &Path, manifest: &Manifest) -> Result<Findings, BackupError> {
    let folder = DataFolder::create(draft)?;
    if manifest
        .files
        .iter()
        .any(|file| file.path.starts_with("openings/"))
    {
        durable::ensure_folder(&folder.openings()).map_err(io_error(draft))?;
    }
    for file in &manifest.files {
        copy(&from.join(&file.path), &draft.join(&file.path))?;
        // What was read was right a moment ago; what was written is what counts.
        if describe(draft, &file.path)? != *file {
            return Err(BackupError::Damaged(draft.join(&file.path)));
        }
    }
    for folder in [folder.content(), folder.keys()] {
        durable::sync_parent(&folder.join("x")).map_err(io_error(&folder))?;
    }
    let store = SqliteStore::open(&folder.events(), SqliteOptions::default())?;
    let findings = examine(&store, &ContentStore::open(&folder.content())?, None).await?;
    if !findings.sound() {
        return Err(BackupError::Unsound(first_problem(&findings)));
    }
    Ok(findings)
}

fn first_problem(findings: &Findings) -> String {
    let of_ledger = findings.ledgers.iter().find_map(|ledger| {
        let finding = ledger.findings.first()?;
        let at = finding
            .seq
            .map(|seq| format!(", entry {seq}"))
            .unwrap_or_default();
        Some(format!("ledger {}{at}: {}", ledger.ledger, finding.problem))
    });
    of_ledger
        .or_else(|| findings.database.first().cloned())
        .unwrap_or_default()
}

fn read_manifest(from: &Path) -> Result<Manifest, BackupError> {
    let not_a_backup = |problem: String| BackupError::NotABackup {
        path: from.into(),
        problem,
    };
    let path = from.join(MANIFEST);
    let mut bytes = Vec::new();
    match File::open(&path) {
        Ok(file) => file
            .take(MAX_MANIFEST_BYTES)
            .read_to_end(&mut bytes)
            .map_err(io_error(&path))?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(not_a_backup("it has no manifest.json".to_owned()));
        }
        Err(e) => return Err(io_error(&path)(e)),
    };
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|e| not_a_backup(format!("manifest.json: {e}")))?;
    if manifest.format != FORMAT {
        return Err(not_a_backup(format!(
            "format {:?}; this program knows {FORMAT:?}",
            manifest.format
        )));
    }
    for file in &manifest.files {
        let ours = file.path == EVENTS
            || file.path.split_once('/').is_some_and(|(folder, name)| {
                let mut parts = Path::new(name).components();
                ["content", "keys", "openings"].contains(&folder)
                    && matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
            });
        if !ours {
            return Err(not_a_backup(format!("it lists {:?}", file.path)));
        }
    }
    if !manifest.files.iter().any(|file| file.path == EVENTS) {
        return Err(not_a_backup(format!("it has no {EVENTS}")));
    }
    Ok(manifest)
}

fn describe(root: &Path, name: &str) -> Result<BackedUp, BackupError> {
    let path = root.join(name);
    let mut file = File::open(&path).map_err(io_error(&path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(io_error(&path))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
    Ok(BackedUp {
        path: name.to_owned(),
        bytes,
        sha256: hex::encode(hash.finalize()),
    })
}

fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut source = File::open(from).map_err(io_error(from))?;
    let mut target = durable::private()
        .create_new(true)
        .open(to)
        .map_err(io_error(to))?;
    io::copy(&mut source, &mut target)
        .and_then(|_| target.flush())
        .and_then(|()| target.sync_all())
        .map_err(io_error(to))
}

/// Refuses a folder that holds anything.
fn empty(path: &Path) -> Result<(), BackupError> {
    match fs::read_dir(path) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::NotEmpty(path.into())),
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(io_error(path)(e)),
    }
}

fn clear(draft: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(draft) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(draft)(e)),
        _ => Ok(()),
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |source| BackupError::Io {
        path: path.into(),
        source,
    }
}
