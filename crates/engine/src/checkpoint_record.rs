//! The checkpoint record: the last checkpoint that was signed for each ledger, kept outside the data folder.
//!
//! The ledger key never signs what is not consistent with the record. Because the record is not part of the data, it is
//! not restored with it: a store that was put back from an old backup is noticed before anything is signed. What is
//! signed is recorded before anybody is shown it. Spec: specs/operations.md §4.
//!
//! [`CheckpointRecord`] is one compare-and-swap value per ledger; [`FileRecord`] keeps them in a folder, [`SharedRecord`]
//! where several nodes see them. [`compare`] is the rule, without I/O, by which a ledger is compared with its record
//! before anything is signed; [`check_standing`] is the same with what was published beside it.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};

use sijill_ledger::{
    Chain, Checkpoint, CheckpointError, LedgerId, LedgerIdentity, Root, SignedCheckpoint,
    UnverifiedCheckpoint,
};

use crate::durable::{self, WriteError};
use crate::folder::{FolderError, LockedFolder, Purpose};

/// Size and root of a checkpoint: what two checkpoints of a ledger are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Entries, at least 1.
    pub size: u64,
    /// Their root.
    pub root: Root,
}

impl From<&Checkpoint> for Head {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self {
            size: checkpoint.size,
            root: checkpoint.root,
        }
    }
}

impl From<&SignedCheckpoint> for Head {
    fn from(signed: &SignedCheckpoint) -> Self {
        signed.checkpoint().into()
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "size {} with root {}", self.size, self.root)
    }
}

/// Why the record was not read or not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The record is not what the caller expected: another process has signed, or the caller lost count. Nothing
    /// was changed. Sign nothing; load the record, compare, find out why.
    #[error("the checkpoint record of {ledger} holds another checkpoint than expected")]
    Conflict {
        /// The ledger.
        ledger: LedgerId,
        /// What the record holds.
        actual: Option<Head>,
    },
    /// The new checkpoint is of a smaller size than the recorded one, or of the same size with another root.
    /// Nothing was changed. Recording it would hide a fork: do not repeat.
    #[error("a checkpoint of {new} cannot follow one of {recorded}")]
    NotForward {
        /// What the record holds.
        recorded: Head,
        /// What was to be recorded.
        new: Head,
    },
    /// The ledger contradicts its record. An operator's to judge.
    #[error(transparent)]
    Standing(#[from] StandingError),
    /// What the record holds is not a checkpoint that this ledger's key signed. The operator's to mend; never by
    /// deleting the record.
    #[error("the checkpoint record {place} is not the ledger's: {source}")]
    Damaged {
        /// The place of the record.
        place: String,
        /// What is wrong.
        source: CheckpointError,
    },
    /// The record cannot be reached. Nothing was changed. Repeat after a pause.
    #[error("the checkpoint record {place} cannot be reached: {source}")]
    Unavailable {
        /// The place of the record.
        place: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The new checkpoint may or may not be recorded. Show it to nobody; load the record, or repeat the same call.
    #[error("it is unknown whether the checkpoint record {place} was changed: {source}")]
    OutcomeUnknown {
        /// The place of the record.
        place: String,
        /// The system's answer.
        source: io::Error,
    },
}

/// One compare-and-swap value per ledger: the last checkpoint that its key signed. Calls block.
pub trait CheckpointRecord: fmt::Debug + Send + Sync {
    /// The recorded checkpoint, its signature verified.
    ///
    /// # Durability
    /// What is returned survives a loss of power.
    ///
    /// # Errors
    /// [`RecordError`]
    fn load(&self, identity: &LedgerIdentity) -> Result<Option<SignedCheckpoint>, RecordError>;

    /// Records `new`, if the record holds exactly `expected` (None: nothing). A repetition of what is already recorded
    /// succeeds, whatever is expected.
    ///
    /// # Durability
    /// On success `new` survives a loss of power and may be shown. Any error but [`RecordError::OutcomeUnknown`]
    /// means that nothing was changed.
    ///
    /// # Errors
    /// [`RecordError`]
    fn advance(&self, expected: Option<&SignedCheckpoint>, new: &SignedCheckpoint)
    -> Result<(), RecordError>;

    /// The ledgers that have a record, whether or not it can be read.
    ///
    /// # Errors
    /// [`RecordError::Unavailable`]
    fn ledgers(&self) -> Result<BTreeSet<LedgerId>, RecordError>;

    /// What else is remembered of the ledger, never of a larger size than the record: see [`SharedRecord`].
    ///
    /// # Errors
    /// [`RecordError`]
    fn remembered(&self, identity: &LedgerIdentity) -> Result<Option<SignedCheckpoint>, RecordError> {
        let _ = identity;
        Ok(None)
    }
}

/// How a ledger stands to a checkpoint that is consistent with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The checkpoint covers the whole ledger.
    Equal,
    /// The ledger is longer: a checkpoint of its present size may be signed and recorded.
    Extends {
        /// The size of the checkpoint; 0 if there is none.
        from: u64,
    },
}

/// Where a checkpoint that a ledger is compared with was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The checkpoint record.
    Record,
    /// The published folder.
    Published,
    /// What this node remembers beside a record that it shares.
    Remembered,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Record => "recorded",
            Self::Published => "published",
            Self::Remembered => "remembered",
        })
    }
}

/// Why a ledger must not be written to or signed. An operator's to judge; nothing that the program may mend by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StandingError {
    /// The store holds less than was signed: an old backup was restored, or entries were lost.
    #[error(
        "the store holds {stored} entries, the {source_of} checkpoint has {known}: an old backup was restored"
    )]
    OldBackup {
        /// Where the checkpoint was kept.
        source_of: Source,
        /// Entries in the store.
        stored: u64,
        /// Entries of the checkpoint.
        known: u64,
    },
    /// The store's first entries are not those that were signed.
    #[error(
        "the first {size} entries in the store are not those of the {source_of} checkpoint: the ledger is forked"
    )]
    Fork {
        /// Where the checkpoint was kept.
        source_of: Source,
        /// Entries of the checkpoint.
        size: u64,
    },
    /// The store holds a ledger with a history, but there is no record of it: the record was lost or is another
    /// installation's.
    #[error("the store holds {stored} entries, but there is no checkpoint record of the ledger")]
    NoRecord {
        /// Entries in the store.
        stored: u64,
    },
    /// The published or remembered checkpoint is of a larger size than the recorded one, though recording comes first:
    /// the record was put back from a backup, or the ledger key was used elsewhere.
    #[error(
        "the {source_of} checkpoint has {known} entries, the recorded one {recorded}: the record is an old one"
    )]
    OldRecord {
        /// Where the checkpoint was kept.
        source_of: Source,
        /// Its entries.
        known: u64,
        /// Entries of the recorded one.
        recorded: u64,
    },
}

/// Compares a ledger of `stored` entries (at least 1) with its record and with another checkpoint of it, which was
/// published or remembered. `root_at` gives the root of the store's first entries, for sizes from 1 to `stored`. Spec:
/// specs/operations.md §4.3.
///
/// A ledger of one entry without a record is one whose creation was interrupted before anything was signed.
///
/// # Errors
/// [`StandingError`]
pub fn check_standing(
    record: Option<Head>,
    other: Option<(Source, Head)>,
    stored: u64,
    root_at: impl Fn(u64) -> Option<Root>,
) -> Result<Standing, StandingError> {
    let check = |source_of: Source, known: Head| {
        if known.size > stored {
            return Err(StandingError::OldBackup {
                source_of,
                stored,
                known: known.size,
            });
        }
        if root_at(known.size) != Some(known.root) {
            return Err(StandingError::Fork {
                source_of,
                size: known.size,
            });
        }
        Ok(())
    };
    // Each against the store first: a fork is the graver finding.
    record.map_or(Ok(()), |head| check(Source::Record, head))?;
    other.map_or(Ok(()), |(source_of, head)| check(source_of, head))?;
    let recorded = record.map_or(0, |head| head.size);
    if let Some((source_of, known)) = other
        && known.size > recorded
        && record.is_some()
    {
        return Err(StandingError::OldRecord {
            source_of,
            known: known.size,
            recorded,
        });
    }
    if record.is_none() && (stored > 1 || other.is_some()) {
        return Err(StandingError::NoRecord { stored });
    }
    Ok(if recorded == stored {
        Standing::Equal
    } else {
        Standing::Extends { from: recorded }
    })
}

/// Compares a ledger with its record, and with another checkpoint of it. Spec: specs/operations.md §4.3.
///
/// # Errors
/// [`RecordError::Standing`]
pub fn compare(
    chain: &Chain,
    record: Option<&SignedCheckpoint>,
    other: Option<(Source, &SignedCheckpoint)>,
) -> Result<Standing, RecordError> {
    let other = other.map(|(source, signed)| (source, Head::from(signed)));
    Ok(check_standing(
        record.map(Head::from),
        other,
        chain.size(),
        |size| chain.root_at(size),
    )?)
}

const RECORD: Purpose = Purpose {
    name: "checkpoint record",
    format: "sijill-record/1\n",
    family: "sijill-record/",
    folders: &[],
};

/// No checkpoint is longer: an origin of 200 bytes twice, two ids, size, root, signature.
const MAX_NOTE_BYTES: u64 = 2048;

/// The record as a folder with one file per ledger: `<ledger id>.checkpoint`, the signed checkpoint as it is published.
///
/// One process at a time may have the folder open.
#[derive(Debug)]
pub struct FileRecord {
    folder: LockedFolder,
    /// Ledgers whose file is being worked on.
    busy: Mutex<HashSet<LedgerId>>,
    released: Condvar,
}

impl FileRecord {
    /// Makes the folder, in a place that is free or an empty folder, and opens it. It must lie outside `data_folder`,
    /// so that nobody restores the two together.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn create(path: &Path, data_folder: &Path) -> Result<Self, FolderError> {
        // Before the folder is made: by its nearest ancestor that exists.
        let mut place = path;
        while !place.exists() {
            match place.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => place = parent,
                _ => place = Path::new("."),
            }
        }
        if canonical(place)?.starts_with(canonical(data_folder)?) {
            return Err(not_outside(path, data_folder));
        }
        let record = Self::new(LockedFolder::create(path, RECORD)?);
        check_outside(path, data_folder)?;
        Ok(record)
    }

    /// Opens the folder. A missing record is never made by opening it: that would look like a record of nothing.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn open(path: &Path, data_folder: &Path) -> Result<Self, FolderError> {
        let record = Self::new(LockedFolder::open(path, RECORD)?);
        check_outside(path, data_folder)?;
        Ok(record)
    }

    /// Opens the folder of an installation that does not work meanwhile, wherever its data folder is.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn open_apart(path: &Path) -> Result<Self, FolderError> {
        Ok(Self::new(LockedFolder::open(path, RECORD)?))
    }

    fn new(folder: LockedFolder) -> Self {
        Self {
            folder,
            busy: Mutex::default(),
            released: Condvar::new(),
        }
    }

    /// What stands in the file of a ledger, if there is one.
    fn read(&self, path: &Path) -> Result<Option<String>, RecordError> {
        let mut note = Vec::new();
        match File::open(path) {
            Ok(file) => file
                .take(MAX_NOTE_BYTES)
                .read_to_end(&mut note)
                .map_err(|source| unavailable(path, source))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(unavailable(path, source)),
        };
        // What is not text is not a checkpoint either way.
        Ok(Some(String::from_utf8_lossy(&note).into_owned()))
    }

    /// Records what was recorded elsewhere first. What this folder holds may lag behind that by any number of entries.
    ///
    /// # Errors
    /// As [`CheckpointRecord::advance`], but never [`RecordError::Conflict`].
    pub fn follow(&self, new: &SignedCheckpoint) -> Result<(), RecordError> {
        let _turn = self.turn(new.ledger());
        self.write(new, |_| true)
    }

    /// Writes, if what is recorded is as it should be.
    fn write(
        &self,
        new: &SignedCheckpoint,
        as_expected: impl FnOnce(Option<&String>) -> bool,
    ) -> Result<(), RecordError> {
        let ledger = new.ledger();
        let head = Head::from(new);
        let note = new.to_note();
        let path = self.file(ledger);
        let recorded = self.read(&path)?;
        let unknown = |source| RecordError::OutcomeUnknown {
            place: path.display().to_string(),
            source,
        };
        if recorded.as_ref() == Some(&note) {
            return durable::settle(&path).map_err(unknown);
        }
        let actual = match &recorded {
            None => None,
            Some(note) => {
                let parsed = UnverifiedCheckpoint::parse(note).map_err(|source| damaged(&path, source))?;
                if parsed.checkpoint().ledger != ledger {
                    return Err(damaged(&path, CheckpointError::OtherLedger));
                }
                Some(Head::from(parsed.checkpoint()))
            }
        };
        if let Some(recorded) = actual
            && head.size <= recorded.size
        {
            return Err(RecordError::NotForward { recorded, new: head });
        }
        if !as_expected(recorded.as_ref()) {
            return Err(RecordError::Conflict { ledger, actual });
        }
        let draft = path.with_extension("checkpoint.new");
        durable::replace(&path, &draft, note.as_bytes()).map_err(|error| match error {
            WriteError::Unchanged(source) => unavailable(&path, source),
            WriteError::Unknown(source) => unknown(source),
        })
    }

    fn file(&self, ledger: LedgerId) -> PathBuf {
        self.folder.path().join(format!("{ledger}.checkpoint"))
    }

    /// Waits until nobody else works on the file of `ledger`. Other ledgers go on meanwhile.
    fn turn(&self, ledger: LedgerId) -> Turn<'_> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        while !busy.insert(ledger) {
            busy = self.released.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        Turn { record: self, ledger }
    }
}

impl CheckpointRecord for FileRecord {
    fn ledgers(&self) -> Result<BTreeSet<LedgerId>, RecordError> {
        let folder = self.folder.path();
        let mut ledgers = BTreeSet::new();
        for entry in fs::read_dir(folder).map_err(|source| unavailable(folder, source))? {
            let name = entry.map_err(|source| unavailable(folder, source))?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".checkpoint"));
            ledgers.extend(id.and_then(|id| id.parse::<LedgerId>().ok()));
        }
        Ok(ledgers)
    }

    fn load(&self, identity: &LedgerIdentity) -> Result<Option<SignedCheckpoint>, RecordError> {
        let _turn = self.turn(identity.ledger);
        let path = self.file(identity.ledger);
        let Some(note) = self.read(&path)? else {
            return Ok(None);
        };
        let recorded = SignedCheckpoint::parse(&note, identity).map_err(|source| damaged(&path, source))?;
        // It may have been written by a call that failed behind the renaming.
        durable::settle(&path).map_err(|source| unavailable(&path, source))?;
        Ok(Some(recorded))
    }

    fn advance(
        &self,
        expected: Option<&SignedCheckpoint>,
        new: &SignedCheckpoint,
    ) -> Result<(), RecordError> {
        let _turn = self.turn(new.ledger());
        // Byte for byte, so that a record which was tampered with is not what a signer expects.
        let expected = expected.map(SignedCheckpoint::to_note);
        self.write(new, |recorded| recorded == expected.as_ref())
    }
}

/// A record that several nodes share, and what this node remembers of it in a folder of its own.
///
/// The shared one is the record. The own one only ever follows it: it is not restored together with the servers on which
/// the shared one lies, so a ledger that was put back there together with its record is noticed by every node that has
/// signed more. Spec: specs/operations.md §12.
#[derive(Debug)]
pub struct SharedRecord<R> {
    shared: R,
    own: FileRecord,
}

impl<R: CheckpointRecord> SharedRecord<R> {
    /// Remembers in `own` what this node records in `shared`.
    #[must_use]
    pub const fn new(shared: R, own: FileRecord) -> Self {
        Self { shared, own }
    }
}

impl<R: CheckpointRecord> CheckpointRecord for SharedRecord<R> {
    fn load(&self, identity: &LedgerIdentity) -> Result<Option<SignedCheckpoint>, RecordError> {
        self.shared.load(identity)
    }

    fn advance(
        &self,
        expected: Option<&SignedCheckpoint>,
        new: &SignedCheckpoint,
    ) -> Result<(), RecordError> {
        self.shared.advance(expected, new)?;
        self.own.follow(new)
    }

    fn ledgers(&self) -> Result<BTreeSet<LedgerId>, RecordError> {
        let mut ledgers = self.shared.ledgers()?;
        ledgers.extend(self.own.ledgers()?);
        Ok(ledgers)
    }

    fn remembered(&self, identity: &LedgerIdentity) -> Result<Option<SignedCheckpoint>, RecordError> {
        self.own.load(identity)
    }
}

struct Turn<'a> {
    record: &'a FileRecord,
    ledger: LedgerId,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut busy = self.record.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.ledger);
        drop(busy);
        self.record.released.notify_all();
    }
}

/// With links followed, neither folder lies in the other.
fn check_outside(record: &Path, data: &Path) -> Result<(), FolderError> {
    let (inner, outer) = (canonical(record)?, canonical(data)?);
    if inner.starts_with(&outer) || outer.starts_with(&inner) {
        return Err(not_outside(record, data));
    }
    Ok(())
}

fn not_outside(record: &Path, data: &Path) -> FolderError {
    FolderError::NotOutside {
        record: record.into(),
        data: data.into(),
    }
}

fn canonical(path: &Path) -> Result<PathBuf, FolderError> {
    fs::canonicalize(path).map_err(|source| FolderError::Io {
        path: path.into(),
        source,
    })
}

fn damaged(path: &Path, source: CheckpointError) -> RecordError {
    RecordError::Damaged {
        place: path.display().to_string(),
        source,
    }
}

fn unavailable(path: &Path, source: io::Error) -> RecordError {
    RecordError::Unavailable {
        place: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests;
