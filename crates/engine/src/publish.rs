//! Publishing: static files that anyone may copy, mirror and verify. Spec: specs/ledger.md §8 to §11.
//!
//! A publication is a snapshot. It is written beside the folder and renamed over it, so that a reader sees the old or
//! the new one, never a mixture; files of an earlier publication do not linger.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sijill_ledger::{
    ContentRef, Kind, LedgerId, Seq, SignedCheckpoint, TilePath, TrustFile, TrustedCheckpoint, TrustedLedger,
    tiles::ledger_folder,
};
use sijill_registers::election::ElectionFacts;
use sijill_registers::election::events::PUBLIC;
use sijill_registers::register::{ContentProblem, Facts};

use crate::archive::ArchiveError;
use crate::engine::{Engine, EngineError};
use crate::ledgers::LedgerHandle;
use crate::openings::OpeningError;
use crate::views::read_event;

/// Which ledgers are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything, for accredited auditors.
    Accredited,
    /// What everybody may read.
    Public,
}

/// What was published.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The trust file that goes with it, to be handed out by another way.
    pub trust: TrustFile,
    /// Ledgers.
    pub ledgers: usize,
    /// Entries of all ledgers.
    pub entries: u64,
    /// Contents.
    pub contents: usize,
    /// Archives of boxes.
    pub archives: usize,
}

/// Why an event cannot be published. The folder is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The ledgers cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An archive cannot be made.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A content is missing or damaged.
    #[error(transparent)]
    Content(#[from] ContentProblem),
    /// A file cannot be written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The folder holds something that is no publication.
    #[error("{0} exists and is not a published folder; name another one, or remove it yourself")]
    Foreign(PathBuf),
    /// The ledger is not a calendar ledger, or not defined.
    #[error("ledger {0} is not the calendar ledger of a defined jurisdiction")]
    NotAJurisdiction(LedgerId),
    /// The ledgers grow faster than they can be looked at.
    #[error("the registers are too busy to be published in one state; try again")]
    Busy,
    /// An opening is missing or damaged.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// The ledger is not an election ledger, or not defined.
    #[error("ledger {0} is not the election ledger of a defined event")]
    NotAnEvent(LedgerId),
}

impl Engine {
    /// Publishes an event into a folder, replacing an earlier publication there.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn publish(
        &self,
        event: LedgerId,
        scope: Scope,
        folder: &Path,
    ) -> Result<Publication, PublishError> {
        let not_an_event = || PublishError::NotAnEvent(event);
        let election = self.ledgers().find(&event).ok_or_else(not_an_event)?;
        let Facts::Election(facts) = election.facts() else {
            return Err(not_an_event());
        };
        let defined = facts.defined.as_ref().ok_or_else(not_an_event)?;
        let mut handles = vec![];
        for listed in &defined.ledgers {
            if scope == Scope::Accredited || listed.visibility == PUBLIC {
                // A station that has brought nothing is not published. Spec: specs/station.md §2.4.
                if listed.kind == Kind::Station.code() && self.ledgers().find(&listed.ledger).is_none() {
                    continue;
                }
                let missing =
                    || EngineError::Missing(format!("this service keeps no ledger {}", listed.ledger));
                handles.push(self.ledgers().find(&listed.ledger).ok_or_else(missing)?);
            }
        }
        handles.push(std::sync::Arc::clone(&election));
        refuse_foreign(folder)?;
        let aside = beside(folder, "new");
        remove(&aside)?;
        let mut entries = 0;
        let mut trusted = Vec::new();
        let mut cited = BTreeSet::new();
        let checkpoints = loop {
            let before = election.checkpoint();
            let checkpoints: Vec<_> = handles.iter().map(|h| h.checkpoint()).collect();
            // The election ledger cites boxes and boxes cite it: while it stands still, whatever one of them cites is
            // covered by the checkpoint of the other.
            if election.checkpoint() == before {
                break checkpoints;
            }
        };
        for (handle, checkpoint) in handles.iter().zip(&checkpoints) {
            let kind = handle.with_head(|head| head.state.kind());
            let mut visit = |bytes: &[u8]| {
                cited.extend(contents_of(kind, bytes)?);
                Ok(())
            };
            trusted.push(
                self.publish_ledger(handle, checkpoint, &aside, &mut visit)
                    .await?,
            );
            entries += checkpoint.size();
        }
        for content in &cited {
            write(&aside.join(content.path()), &self.contents().load(content)?)?;
        }
        let archives = self.publish_archives(event, &facts, &aside).await?;
        let ledgers = trusted.len();
        let trust = TrustFile::new(event, trusted).map_err(|e| EngineError::Internal(e.to_string()))?;
        replace(&aside, folder)?;
        Ok(Publication {
            trust,
            ledgers,
            entries,
            contents: cited.len(),
            archives,
        })
    }

    /// The archive of every box whose result stands within what is published.
    async fn publish_archives(
        &self,
        event: LedgerId,
        facts: &ElectionFacts,
        root: &Path,
    ) -> Result<usize, PublishError> {
        let with_result = facts.progress.iter().filter(|(_, p)| p.result.is_some());
        let mut archives = 0;
        for (ballot_box, _) in with_result {
            let path = root.join(archive_path(ballot_box));
            let folder = root.join("archives");
            fs::create_dir_all(&folder).map_err(file_error(&folder))?;
            let file = fs::File::create(&path).map_err(file_error(&path))?;
            self.write_archive(event, *ballot_box, io::BufWriter::new(file))
                .await?;
            archives += 1;
        }
        Ok(archives)
    }

    /// Writes a ledger up to a checkpoint, and the checkpoint; what a trust file says of it.
    pub(crate) async fn publish_ledger(
        &self,
        handle: &LedgerHandle,
        checkpoint: &SignedCheckpoint,
        root: &Path,
        visit: &mut (dyn FnMut(&[u8]) -> Result<(), String> + Send),
    ) -> Result<TrustedLedger, PublishError> {
        self.write_tiles(handle, checkpoint.size(), root, visit).await?;
        let note = root.join(ledger_folder(handle.ledger())).join("checkpoint");
        write(&note, checkpoint.to_note().as_bytes())?;
        let identity = handle.identity();
        Ok(TrustedLedger {
            id: identity.ledger,
            kind: handle.with_head(|head| head.state.kind()),
            origin: identity.origin.clone(),
            key: identity.key,
            checkpoint: Some(TrustedCheckpoint {
                size: checkpoint.size(),
                root: checkpoint.root(),
            }),
        })
    }

    /// Writes tiles and bundles of the first `size` entries, and shows each entry on the way.
    async fn write_tiles(
        &self,
        handle: &LedgerHandle,
        size: u64,
        root: &Path,
        visit: &mut (dyn FnMut(&[u8]) -> Result<(), String> + Send),
    ) -> Result<(), PublishError> {
        let base = root.join(ledger_folder(handle.ledger()));
        for path in TilePath::all(size) {
            let bytes = match path.entries() {
                None => handle
                    .with_head(|head| path.hashes(head.chain.tree()))
                    .unwrap_or_default(),
                Some(range) => {
                    let mut bundle = Vec::new();
                    let mut next = range.start;
                    while next < range.end {
                        let most = usize::try_from(range.end - next).unwrap_or(usize::MAX);
                        let page = self.read(handle.ledger(), Seq::new(next), most).await?;
                        if page.is_empty() {
                            let text = format!("ledger {} ends at {next}", handle.ledger());
                            return Err(EngineError::Internal(text).into());
                        }
                        for bytes in page {
                            visit(&bytes).map_err(EngineError::Internal)?;
                            let length = u16::try_from(bytes.len()).map_err(|_| {
                                EngineError::Internal("an entry longer than 65535 bytes".to_owned())
                            })?;
                            bundle.extend_from_slice(&length.to_be_bytes());
                            bundle.extend_from_slice(&bytes);
                            next += 1;
                        }
                    }
                    bundle
                }
            };
            write(&base.join(path.to_string()), &bytes)?;
        }
        Ok(())
    }
}

/// Where the archive of a box lies in a published folder. Spec: specs/election.md §8.
#[must_use]
pub fn archive_path(ballot_box: &LedgerId) -> String {
    format!("archives/{}.bel", sijill_registers::records::uuid(ballot_box))
}

/// The documents that an entry cites.
pub(crate) fn contents_of(kind: Kind, bytes: &[u8]) -> Result<Vec<ContentRef>, String> {
    let read = read_event(kind, bytes)?;
    Ok(read.map(|(_, event)| event.contents()).unwrap_or_default())
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> PublishError + '_ {
    move |error| PublishError::File {
        path: path.to_owned(),
        error,
    }
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(file_error(folder))?;
    }
    fs::write(path, bytes).map_err(file_error(path))
}

/// A folder that holds anything but `ledgers`, `content`, `archives` and `openings` is somebody's, not ours.
pub(crate) fn refuse_foreign(folder: &Path) -> Result<(), PublishError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(file_error(folder)(e)),
    };
    for entry in entries {
        let name = entry.map_err(file_error(folder))?.file_name();
        if !["ledgers", "content", "archives", "openings"]
            .iter()
            .any(|ours| name == *ours)
        {
            return Err(PublishError::Foreign(folder.to_owned()));
        }
    }
    Ok(())
}

pub(crate) fn beside(folder: &Path, extension: &str) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    folder.with_file_name(name)
}

pub(crate) fn remove(folder: &Path) -> Result<(), PublishError> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(file_error(folder)(e)),
        _ => Ok(()),
    }
}

/// A crash between the two renames leaves the old publication under `….old` and the new one under `….new`; publishing
/// again mends that.
pub(crate) fn replace(new: &Path, folder: &Path) -> Result<(), PublishError> {
    let old = beside(folder, "old");
    remove(&old)?;
    match fs::rename(folder, &old) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(file_error(folder)(e)),
        _ => {}
    }
    fs::rename(new, folder).map_err(file_error(folder))?;
    remove(&old)
}
