//! The trustee's own machine: verifies the published folder, decrypts what the verified ledgers say, and never a second
//! tally of the same box.
//!
//! Nothing here talks to the engine. Everything that is decrypted is read from the published folder after the
//! independent verifier has passed it up to the anchored tally, against a trust file that came by another way.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_ballot::{TrusteeSecret, decrypt_tally};
use sijill_ledger::tiles::{PublishedError, ledger_folder, read_published};
use sijill_ledger::{ContentRef, LedgerId, UnverifiedCheckpoint, UnverifiedEntry};
use sijill_registers::catalogue::{Event, types};
use sijill_registers::election::ElectionFacts;
use sijill_registers::manifest::Manifest;
use sijill_registers::names::Name;
use sijill_registers::register::{ContentProblem, Contents, Facts, State};
use sijill_verifier::{CheckVerdict, Options, Profile, Report, Stage, Verdict, verify_event};

use crate::error::{Failure, Outcome};
use crate::site::write_file;

const SHARE_FORMAT: &str = "sijill-share/1";
const JOURNAL_FORMAT: &str = "sijill-decrypted/1";
/// Largest file of ours that is read whole, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// Counter-examples that a refusal quotes.
const QUOTED: usize = 5;

/// A share as it travels from the trustee to the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareFile {
    format: String,
    /// The election ledger.
    pub(crate) event: LedgerId,
    /// The box.
    pub(crate) ledger: LedgerId,
    /// Its district.
    pub(crate) district: Name,
    /// The trustee, from 1.
    pub(crate) index: u16,
    /// SHA-256 of the encrypted tally, hexadecimal.
    pub(crate) encrypted_tally: String,
    /// The partial decryption record.
    pub(crate) share: String,
}

impl ShareFile {
    /// Reads a share file.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let bytes = read_bounded(path)?;
        let bad = || {
            Failure::refused(
                format!("{} is not a share file", path.display()),
                "give a file of `sijill trustee decrypt`",
            )
        };
        let file: Self = serde_json::from_slice(&bytes).map_err(|_| bad())?;
        if file.format == SHARE_FORMAT {
            Ok(file)
        } else {
            Err(bad())
        }
    }

    /// Writes it.
    pub(crate) fn write(&self, path: &Path) -> Outcome {
        let bytes = serde_json::to_vec_pretty(self).map_err(Failure::internal)?;
        write_file(path, &bytes)
    }
}

/// A published folder that passed every check up to the anchored tallies.
pub(crate) struct VerifiedFolder {
    contents: FolderContents,
    facts: Arc<ElectionFacts>,
    event: LedgerId,
    /// What the verifier found.
    pub(crate) report: Report,
}

impl VerifiedFolder {
    /// Verifies a folder, and reads its election ledger.
    pub(crate) fn open(folder: &Path, trust: &Path) -> Outcome<Self> {
        let options = Options {
            trust: Some(trust.to_owned()),
            profile: Profile::Public,
            require_stage: Stage::Anchored,
            threads: None,
        };
        let report = verify_event(folder, &options).map_err(|e| {
            Failure::refused(
                e.to_string(),
                "give the published folder and the trust file of the event",
            )
        })?;
        if report.verdict != Verdict::Verified {
            return Err(refusal(&report));
        }
        let event: LedgerId = report
            .event
            .as_ref()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| Failure::internal("a verified report without an event"))?;
        let contents = FolderContents(folder.to_owned());
        let facts = read_election(folder, event, &contents, &report)?;
        Ok(Self {
            contents,
            facts,
            event,
            report,
        })
    }

    /// The election ledger.
    pub(crate) const fn event(&self) -> LedgerId {
        self.event
    }

    /// The manifest.
    pub(crate) fn manifest(&self) -> Outcome<&Manifest> {
        self.facts
            .manifest
            .as_deref()
            .ok_or_else(|| Failure::internal("a verified event without manifest"))
    }

    /// The index of the trustee with that secret.
    pub(crate) fn index_of(&self, secret: &TrusteeSecret) -> Outcome<u16> {
        let owner = self
            .facts
            .trustee_keys
            .iter()
            .find(|(_, key)| key.public() == secret.public());
        owner.map(|(index, _)| *index).ok_or_else(|| {
            Failure::refused(
                "this key is not one of the trustees' keys of the event",
                "give the decryption key whose record was published for this event",
            )
        })
    }

    /// Boxes with an anchored tally that may be decrypted and have no result yet, by district.
    pub(crate) fn decryptable(&self) -> Outcome<Vec<(Name, LedgerId)>> {
        let minimum = self.manifest()?.min_ballots;
        let mut boxes = Vec::new();
        for (ledger, progress) in &self.facts.progress {
            let (_, defined) = self
                .facts
                .boxes
                .get(ledger)
                .ok_or_else(|| Failure::internal("an anchored box that is not defined"))?;
            if progress.anchored.counted >= minimum && progress.result.is_none() {
                boxes.push((defined.district.clone(), *ledger));
            }
        }
        boxes.sort();
        Ok(boxes)
    }

    /// Makes the share of a box, after the journal has it on stable storage which tally this is.
    pub(crate) fn decrypt(
        &self,
        (district, ballot_box): &(Name, LedgerId),
        index: u16,
        secret: &TrusteeSecret,
        journal: &mut Journal,
    ) -> Outcome<ShareFile> {
        let tally = self.facts.anchored_tally(ballot_box, &self.contents)?;
        let anchored = &self
            .facts
            .progress
            .get(ballot_box)
            .ok_or_else(|| Failure::internal("a box without anchored tally"))?
            .anchored;
        let this = Decrypted {
            encrypted_tally: anchored.encrypted_tally.sha256.to_string(),
            sized_tally: anchored.sized_tally.sha256.to_string(),
        };
        journal.record(ballot_box, &this)?;
        let share = decrypt_tally(secret, &tally.election, &tally.tally, &mut rand::rng());
        tally
            .verify_share(index, share.as_bytes())
            .map_err(Failure::internal)?;
        Ok(ShareFile {
            format: SHARE_FORMAT.to_owned(),
            event: self.event,
            ledger: *ballot_box,
            district: district.clone(),
            index,
            encrypted_tally: this.encrypted_tally,
            share,
        })
    }
}

/// Which tally of each box a key has decrypted. Kept beside the key file.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decrypted {
    encrypted_tally: String,
    sized_tally: String,
}

impl Journal {
    /// Opens the journal of a key file and keeps others out.
    pub(crate) fn open(key: &Path) -> Outcome<Self> {
        let beside = |suffix: &str| {
            let mut name = key.file_name().unwrap_or_default().to_owned();
            name.push(suffix);
            key.with_file_name(name)
        };
        let lock_path = beside(".decrypted.lock");
        let lock = fs::File::create(&lock_path).map_err(|e| Failure::file(&lock_path, &e))?;
        lock.try_lock().map_err(|_| {
            Failure::failed(
                "another process decrypts with this key",
                "wait until it has finished, then try again",
            )
        })?;
        let path = beside(".decrypted.json");
        let document = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .ok()
                .filter(|d: &JournalDocument| d.format == JOURNAL_FORMAT),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Some(JournalDocument {
                format: JOURNAL_FORMAT.to_owned(),
                boxes: BTreeMap::new(),
            }),
            Err(e) => return Err(Failure::file(&path, &e)),
        };
        let document = document.ok_or_else(|| {
            Failure::refused(
                format!(
                    "{} is damaged: it cannot be known what this key has decrypted",
                    path.display()
                ),
                "nothing is decrypted until this file is restored from a copy",
            )
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
    fn record(&mut self, ballot_box: &LedgerId, tally: &Decrypted) -> Outcome {
        let ballot_box = ballot_box.to_string();
        match self.document.boxes.get(&ballot_box) {
            Some(before) if before == tally => return Ok(()),
            Some(before) => {
                return Err(Failure::refused(
                    format!(
                        "this key has decrypted another tally of ballot box {ballot_box} before ({} instead of {})",
                        before.encrypted_tally, tally.encrypted_tally
                    ),
                    "do not decrypt: there is one tally of a box, ever. Tell the other trustees and the auditors",
                ));
            }
            None => {}
        }
        self.document.boxes.insert(ballot_box, tally.clone());
        let bytes = serde_json::to_vec_pretty(&self.document).map_err(Failure::internal)?;
        write_file(&self.path, &bytes)
    }
}

fn refusal(report: &Report) -> Failure {
    let failed = report
        .checks
        .iter()
        .filter(|c| matches!(c.verdict, CheckVerdict::Fail | CheckVerdict::NotEstablished));
    let found: Vec<String> = failed
        .flat_map(|c| {
            c.counter_examples
                .iter()
                .map(move |e| format!("  {} {}: {}", c.number, e.code, e.detail))
        })
        .take(QUOTED)
        .collect();
    Failure::refused(
        format!(
            "nothing was decrypted, because the published folder does not verify: {}\n{}",
            report.summary,
            found.join("\n")
        ),
        "`sijill verify event FOLDER --trust FILE --require-stage anchored` says more; fetch the folder again, and tell \
         the other trustees if it stays so",
    )
}

/// Folds the published election ledger. It must be the very one that the verifier read.
fn read_election(
    folder: &Path,
    event: LedgerId,
    contents: &FolderContents,
    report: &Report,
) -> Outcome<Arc<ElectionFacts>> {
    let changed = || {
        Failure::refused(
            "the published folder changed while it was verified",
            "nothing was decrypted; try again",
        )
    };
    let base = folder.join(ledger_folder(event));
    let note = read_bounded(&base.join("checkpoint"))?;
    let note = std::str::from_utf8(&note).map_err(|_| changed())?;
    let size = UnverifiedCheckpoint::parse(note)
        .map_err(|_| changed())?
        .checkpoint()
        .size;
    let verified = report
        .ledgers
        .iter()
        .find(|l| l.id == event.to_string())
        .ok_or_else(changed)?;
    let mut state: Option<State> = None;
    let tree = read_published(
        size,
        |path| read_bounded(&base.join(path.to_string())),
        |_, bytes| {
            let entry = UnverifiedEntry::parse(bytes).map_err(|_| changed())?;
            let body = entry.body().body();
            if body.event_type.as_u16() == types::GENESIS {
                let genesis = sijill_ledger::Genesis::parse(&body.payload).map_err(|_| changed())?;
                state = Some(State::start(&genesis).map_err(|_| changed())?);
                return Ok(());
            }
            let state = state.as_mut().ok_or_else(changed)?;
            let event = Event::parse(state.kind(), body.event_type, &body.payload).map_err(|_| changed())?;
            state
                .evolve(&(&entry).into(), &event, contents)
                .map_err(|_| changed())
        },
    )
    .map_err(|e| match e {
        PublishedError::Source(failure) => failure,
        _ => changed(),
    })?;
    if verified.size != tree.size() || verified.root.as_deref() != Some(tree.root().to_string().as_str()) {
        return Err(changed());
    }
    match state.ok_or_else(changed)?.facts() {
        Facts::Election(facts) => Ok(facts),
        _ => Err(changed()),
    }
}

/// Documents of a published folder, checked against their hashes.
struct FolderContents(PathBuf);

impl Contents for FolderContents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let hash = content.sha256;
        let bytes = fs::read(self.0.join(content.path())).map_err(|_| ContentProblem::Missing(hash))?;
        content
            .check(&bytes)
            .map_err(|_| ContentProblem::Mismatch(hash))?;
        Ok(bytes.into())
    }
}

fn read_bounded(path: &Path) -> Outcome<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| Failure::file(path, &e))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Failure::refused(
            format!("{} is too large", path.display()),
            "give the right file",
        ));
    }
    Ok(bytes)
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
        let key = folder.path().join("trustee.key");
        let ballot_box = LedgerId::from_bytes([1; 32]);
        {
            let mut journal = Journal::open(&key).unwrap();
            assert!(Journal::open(&key).is_err(), "a second process must wait");
            journal.record(&ballot_box, &tally('a')).unwrap();
            journal.record(&ballot_box, &tally('a')).unwrap();
        }
        let mut journal = Journal::open(&key).unwrap();
        assert!(journal.record(&ballot_box, &tally('b')).is_err());
        journal
            .record(&LedgerId::from_bytes([2; 32]), &tally('b'))
            .unwrap();
    }

    #[test]
    fn a_damaged_journal_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("trustee.key");
        fs::write(folder.path().join("trustee.key.decrypted.json"), b"{").unwrap();
        assert!(Journal::open(&key).is_err());
    }
}
