//! Contents cited by hash.
//!
//! Spec: specs/ledger.md §9, specs/verification.md §2.6.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::check::{Check, Checks, Place};
use crate::events::ContentRef;
use crate::hash::{hex32, sha256};
use crate::ledger::Ledger;
use crate::source::{Listing, Source, SourceError};

/// Why a cited content is not at hand.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum ContentError {
    #[error("content {0} is missing")]
    Missing(String),
    #[error("content {0} has another length or hash than cited")]
    Mismatch(String),
    #[error("content {0} is {1}")]
    Unreadable(String, SourceError),
}

impl ContentError {
    fn code(&self) -> &'static str {
        match self {
            ContentError::Missing(_) => "content.missing",
            ContentError::Mismatch(_) => "content.mismatch",
            ContentError::Unreadable(..) => Check::FolderContent.code(),
        }
    }
}

/// Reads a content. Every reading checks length and hash again. A citation beyond the limit does not decode, so the length bounds memory.
pub(crate) fn read_content(source: &dyn Source, cited: &ContentRef) -> Result<Vec<u8>, ContentError> {
    let name = hex::encode(cited.sha256);
    match source.read(&format!("content/{name}"), cited.length) {
        Ok(bytes) if bytes.len() as u64 == cited.length && sha256(&[&bytes]) == cited.sha256 => Ok(bytes),
        Ok(_) | Err(SourceError::TooLong(_)) => Err(ContentError::Mismatch(name)),
        Err(SourceError::Missing) => Err(ContentError::Missing(name)),
        Err(error) => Err(ContentError::Unreadable(name, error)),
    }
}

/// Every cited content is there, and every content is cited. Spec: specs/verification.md §2.6.
pub(crate) fn check_contents(
    source: &dyn Source,
    listing: &Listing,
    ledgers: &BTreeMap<[u8; 32], Ledger>,
    all_ledgers_read: bool,
    checks: &mut Checks,
) {
    let mut cited = BTreeMap::new();
    for ledger in ledgers.values() {
        for (content, seq) in &ledger.contents {
            cited.entry(*content).or_insert(Place::entry(ledger.id, *seq));
        }
    }
    for (content, place) in &cited {
        match read_content(source, content) {
            Ok(_) => checks.pass(Check::FolderContent),
            Err(error) => checks.fail_as(Check::FolderContent, error.code(), *place, error),
        }
    }
    let names: BTreeSet<[u8; 32]> = cited.keys().map(|content| content.sha256).collect();
    let complete = all_ledgers_read && ledgers.values().all(|ledger| ledger.broken_at.is_none());
    for path in listing.files.keys() {
        let Some(name) = path.strip_prefix("content/") else {
            continue;
        };
        // A name that is no hash has failed 2.1 already.
        if hex32(name).is_none_or(|hash| names.contains(&hash)) {
            continue;
        }
        if complete {
            checks.fail_as(Check::FolderContent, "content.uncited", Place::nowhere(), path);
        } else {
            checks.skip(
                Check::FolderContent,
                "not every event could be read, so some content may be cited there",
            );
        }
    }
}
