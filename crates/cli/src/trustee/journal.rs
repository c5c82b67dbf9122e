//! What a trustee has decrypted: one tally of each box, ever.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sijill_ledger::LedgerId;

use crate::error::{Failure, Outcome};
use crate::site::write_file;

const FORMAT: &str = "sijill-decrypted/1";

/// Which tally of each box a trustee has decrypted. Kept in the trustee's folder.
///
/// Two decrypted tallies that differ by one ballot would reveal that ballot.
pub(crate) struct Journal {
    path: PathBuf,
    document: JournalDocument,
    /// Held until the journal is dropped, so that two processes cannot both be the first.
    _lock: fs::File,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalDocument {
    format: String,
    boxes: BTreeMap<String, Decrypted>,
}

/// Hashes of the records of a tally.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decrypted {
    pub(super) encrypted_tally: String,
    pub(super) sized_tally: String,
}

impl Journal {
    /// Opens the journal in a trustee's folder and keeps others out.
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let lock_path = folder.join("decrypted.lock");
        let lock = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|e| Failure::file(&lock_path, &e))?;
        lock.try_lock().map_err(|_| {
            Failure::failed(
                "another process decrypts with this folder",
                "wait until it has finished, then try again",
            )
            .code("trustee.in-use")
        })?;
        let path = folder.join("decrypted.json");
        let document = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .ok()
                .filter(|d: &JournalDocument| d.format == FORMAT),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Some(JournalDocument {
                format: FORMAT.to_owned(),
                boxes: BTreeMap::new(),
            }),
            Err(e) => return Err(Failure::file(&path, &e)),
        };
        let document = document.ok_or_else(|| {
            Failure::refused(
                format!(
                    "{} is damaged: it cannot be known what this trustee has decrypted",
                    path.display()
                ),
                "nothing is decrypted until this file is restored from a copy",
            )
            .code("trustee.journal")
        })?;
        Ok(Self {
            path,
            document,
            _lock: lock,
        })
    }

    /// Notes a tally, or refuses it if another one of that box was decrypted before.
    ///
    /// # Durability
    /// The note is on stable storage when this returns: before the share exists.
    pub(super) fn record(&mut self, ballot_box: &LedgerId, tally: &Decrypted) -> Outcome {
        let ballot_box = ballot_box.to_string();
        match self.document.boxes.get(&ballot_box) {
            Some(before) if before == tally => return Ok(()),
            Some(before) => {
                return Err(Failure::refused(
                    format!(
                        "this trustee has decrypted another tally of ballot box {ballot_box} before ({} instead of {})",
                        before.encrypted_tally, tally.encrypted_tally
                    ),
                    "do not decrypt: there is one tally of a box, ever. Tell the other trustees and the auditors",
                ).code("trustee.second-tally"));
            }
            None => {}
        }
        self.document.boxes.insert(ballot_box, tally.clone());
        let bytes = serde_json::to_vec_pretty(&self.document).map_err(Failure::internal)?;
        write_file(&self.path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(c: char) -> Decrypted {
        Decrypted {
            encrypted_tally: c.to_string().repeat(64),
            sized_tally: "0".repeat(64),
        }
    }

    #[test]
    fn a_second_tally_of_a_box_is_refused_even_by_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let ballot_box = LedgerId::from_bytes([1; 32]);
        {
            let mut journal = Journal::open(folder.path()).unwrap();
            assert!(
                Journal::open(folder.path()).is_err(),
                "a second process must wait"
            );
            journal.record(&ballot_box, &tally('a')).unwrap();
            journal.record(&ballot_box, &tally('a')).unwrap();
        }
        let mut journal = Journal::open(folder.path()).unwrap();
        assert!(journal.record(&ballot_box, &tally('b')).is_err());
        journal
            .record(&LedgerId::from_bytes([2; 32]), &tally('b'))
            .unwrap();
    }

    #[test]
    fn a_damaged_journal_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("decrypted.json"), b"{").unwrap();
        assert!(Journal::open(folder.path()).is_err());
    }
}
