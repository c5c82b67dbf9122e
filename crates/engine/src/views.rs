//! The view runner: folds a ledger's stored events into a read model, from a snapshot if there is a usable one.
//!
//! A snapshot is a cache and never evidence: it names the view, its version, the position and the leaf hash of the last
//! entry that it has folded, and is dropped unless all of them agree with the ledger. Deleting it costs time, nothing
//! else.

use std::io::Write as _;
use std::path::PathBuf;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sijill_ledger::{Kind, LeafHash, LedgerId, Seq, UnverifiedEntry};
use sijill_registers::ballot_box::views::{tally::Tally, trackers::Trackers, turnout::Turnout};
use sijill_registers::catalogue::{Event, types};
use sijill_registers::election::views::result::Results;
use sijill_registers::views::{FoldError, View};

use crate::engine::{Engine, EngineError};

/// Entries folded at a time.
const PAGE: usize = 4_096;
/// Version of the snapshot format and of all folds: raise it when a fold changes.
const SNAPSHOT_VERSION: u16 = 1;

/// A read model with its position.
#[derive(Debug, Clone)]
pub struct Folded<V> {
    /// The read model.
    pub view: V,
    /// Entries folded.
    pub size: u64,
}

/// A view that was folded again from the first entry.
#[derive(Debug, Clone, Serialize)]
pub struct Rebuilt {
    /// Its name.
    pub view: &'static str,
    /// Entries folded.
    pub size: u64,
    /// SHA-256 of the read model in its snapshot form, in hexadecimal.
    pub sha256: String,
    /// Whether its snapshot led to the same; `None` if there was no snapshot.
    pub as_before: Option<bool>,
}

fn digest<V: Serialize>(view: &V) -> String {
    let bytes = postcard::to_allocvec(view).unwrap_or_default();
    hex::encode(Sha256::digest(bytes))
}

#[derive(Serialize, Deserialize)]
struct Snapshot<V> {
    version: u16,
    name: String,
    size: u64,
    last: LeafHash,
    view: V,
}

/// Why a view cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An event cannot be folded.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The snapshots of a view cannot be deleted.
    #[error("{0}: {1}")]
    Snapshots(PathBuf, std::io::Error),
    /// The ledger is shorter than asked for.
    #[error("the ledger has {have} entries; {want} were asked for")]
    TooShort {
        /// Durable entries.
        have: u64,
        /// Asked for.
        want: u64,
    },
}

impl Engine {
    /// Folds the first `size` entries of a ledger (all durable ones if `None`), from the snapshot if it fits, and writes
    /// a new snapshot.
    ///
    /// # Errors
    /// [`ViewError`].
    pub async fn view<V: View>(&self, ledger: LedgerId, size: Option<u64>) -> Result<Folded<V>, ViewError> {
        let missing = || EngineError::Missing(format!("this service keeps no ledger {ledger}"));
        let handle = self.ledgers().find(&ledger).ok_or_else(missing)?;
        let have = handle.durable_size();
        let want = size.unwrap_or(have);
        if want > have {
            return Err(ViewError::TooShort { have, want });
        }
        let kind = handle.with_head(|head| head.state.kind());
        let fits = |s: &Snapshot<V>| {
            s.version == SNAPSHOT_VERSION
                && s.name == V::NAME
                && (1..=want).contains(&s.size)
                && handle.with_head(|head| head.chain.leaf(Seq::new(s.size - 1))) == Some(s.last)
        };
        let mut folded = match self.read_snapshot::<V>(ledger).filter(fits) {
            Some(s) => Folded {
                view: s.view,
                size: s.size,
            },
            None => Folded {
                view: V::default(),
                size: 0,
            },
        };
        let start = folded.size;
        while folded.size < want {
            let most = usize::try_from(want - folded.size).unwrap_or(PAGE).min(PAGE);
            let page = self.read(ledger, Seq::new(folded.size), most).await?;
            if page.is_empty() {
                return Err(ViewError::TooShort {
                    have: folded.size,
                    want,
                });
            }
            let events: Vec<_> = page
                .par_iter()
                .map(|bytes| {
                    let read = read_event(kind, bytes)?;
                    Ok::<_, String>(read.map(|(entry, event)| (entry.received_ms(), event)))
                })
                .collect();
            for event in events {
                let seq = folded.size;
                let fail = |problem: String| FoldError { seq, problem };
                if let Some((received_ms, event)) = event.map_err(fail)? {
                    folded
                        .view
                        .apply(seq, received_ms, &event, self.contents())
                        .map_err(fail)?;
                }
                folded.size += 1;
            }
        }
        if folded.size > start
            && let Some(last) = handle.with_head(|head| head.chain.leaf(Seq::new(folded.size - 1)))
        {
            self.write_snapshot(ledger, &folded, last);
        }
        Ok(folded)
    }

    /// Deletes the snapshots of a ledger and folds all its views again from the first entry.
    ///
    /// # Errors
    /// [`ViewError`]; [`ViewError::Snapshots`] if the snapshots cannot be deleted.
    pub async fn rebuild_views(&self, ledger: LedgerId) -> Result<Vec<Rebuilt>, ViewError> {
        let missing = || EngineError::Missing(format!("this service keeps no ledger {ledger}"));
        let handle = self.ledgers().find(&ledger).ok_or_else(missing)?;
        let before = self.snapshots.join(ledger.to_string());
        let kind = handle.with_head(|head| head.state.kind());
        let size = handle.durable_size();
        Ok(match kind {
            Kind::BallotBox => vec![
                self.rebuild::<Turnout>(ledger, size).await?,
                self.rebuild::<Trackers>(ledger, size).await?,
                self.rebuild::<Tally>(ledger, size).await?,
            ],
            Kind::Election => vec![self.rebuild::<Results>(ledger, size).await?],
            _ => {
                // Views of another version may have left snapshots.
                self.drop_snapshots(ledger)
                    .map_err(|error| ViewError::Snapshots(before, error))?;
                Vec::new()
            }
        })
    }

    async fn rebuild<V: View>(&self, ledger: LedgerId, size: u64) -> Result<Rebuilt, ViewError> {
        // What the snapshot would have led to.
        let before = match self.read_snapshot::<V>(ledger) {
            Some(_) => self
                .view::<V>(ledger, Some(size))
                .await
                .ok()
                .map(|f| digest(&f.view)),
            None => None,
        };
        let path = self.snapshot_path::<V>(ledger);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(ViewError::Snapshots(path, e)),
            _ => {}
        }
        let folded = self.view::<V>(ledger, Some(size)).await?;
        let sha256 = digest(&folded.view);
        Ok(Rebuilt {
            view: V::NAME,
            size: folded.size,
            as_before: before.map(|before| before == sha256),
            sha256,
        })
    }

    /// Deletes all snapshots of a ledger; the next [`Engine::view`] folds from the beginning.
    ///
    /// # Errors
    /// [`std::io::Error`] if they cannot be deleted.
    pub fn drop_snapshots(&self, ledger: LedgerId) -> std::io::Result<()> {
        match std::fs::remove_dir_all(self.snapshots.join(ledger.to_string())) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    fn snapshot_path<V: View>(&self, ledger: LedgerId) -> PathBuf {
        self.snapshots
            .join(ledger.to_string())
            .join(format!("{}.snapshot", V::NAME))
    }

    fn read_snapshot<V: View>(&self, ledger: LedgerId) -> Option<Snapshot<V>> {
        let bytes = std::fs::read(self.snapshot_path::<V>(ledger)).ok()?;
        postcard::from_bytes(&bytes).ok()
    }

    /// Writes a snapshot aside and renames it, so that a reader sees the old or the new one. Not made durable: losing
    /// it costs a fold.
    fn write_snapshot<V: View>(&self, ledger: LedgerId, folded: &Folded<V>, last: LeafHash) {
        #[derive(Serialize)]
        struct Borrowed<'a, V> {
            version: u16,
            name: &'a str,
            size: u64,
            last: LeafHash,
            view: &'a V,
        }
        let path = self.snapshot_path::<V>(ledger);
        let write = || -> std::io::Result<()> {
            let snapshot = Borrowed {
                version: SNAPSHOT_VERSION,
                name: V::NAME,
                size: folded.size,
                last,
                view: &folded.view,
            };
            let bytes = postcard::to_allocvec(&snapshot).map_err(std::io::Error::other)?;
            crate::durable::parent_of_expendable(&path)?;
            let aside = path.with_extension("new");
            // Snapshots of restricted ledgers are nobody else's to read.
            let mut private = crate::durable::private();
            private.write(true).create(true).truncate(true);
            private.open(&aside)?.write_all(&bytes)?;
            std::fs::rename(&aside, &path)
        };
        if let Err(error) = write() {
            tracing::warn!(view = V::NAME, %error, "the snapshot of a view could not be written");
        }
    }
}

/// An entry and its event; `None` for the genesis.
pub(crate) fn read_event(kind: Kind, bytes: &[u8]) -> Result<Option<(UnverifiedEntry, Event)>, String> {
    let entry = UnverifiedEntry::parse(bytes).map_err(|e| e.to_string())?;
    let body = entry.body().body();
    if body.event_type.as_u16() == types::GENESIS {
        return Ok(None);
    }
    let event = Event::parse(kind, body.event_type, &body.payload).map_err(|e| e.to_string())?;
    Ok(Some((entry, event)))
}
