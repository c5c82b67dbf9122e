//! Following a published event: whoever keeps what was signed yesterday can show that it was changed today.
//!
//! A [`Watcher`] remembers the latest checkpoint of each ledger of the trust file in its state folder. A [`Watcher::round`] fetches the
//! published checkpoints, and takes a new one only if it is signed and continues the remembered one. Whatever else it finds is an alarm; the
//! signed statements that contradict each other are then kept as evidence, and the remembered checkpoint stays.
//!
//! Spec: specs/verification.md §13.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde::Serialize;

use crate::check::Check;
use crate::consistency::{TileFault, Tiles};
use crate::hash::sha256;
use crate::note::{Checkpoint, MAX_CHECKPOINT_BYTES};
use crate::report::escape;
use crate::source::{Folder, Source as _, SourceError};
use crate::trust::{Trust, TrustedLedger};
use crate::{Unusable, read_trust};

/// A folder may be replaced while it is read; what is wrong then is looked at again.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);
/// A hostile publisher must not fill the disk: so many pieces of evidence are kept for each ledger.
const MAX_EVIDENCE: usize = 64;

/// What was found of a ledger in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WatchStatus {
    /// Seen for the first time, and remembered from now on.
    First,
    /// The remembered checkpoint is still the published one.
    Same,
    /// Longer than before, and a continuation of it.
    Grown,
    /// Not published, and never seen before.
    Absent,
    /// Could not be looked at: the network or the disk failed.
    Unreachable,
    /// Something that must never be.
    Alarm,
}

/// One ledger in one round.
#[derive(Debug, Clone, Serialize)]
pub struct Observation {
    /// `sijill-watch/1`.
    pub format: &'static str,
    /// When, RFC 3339.
    pub time: String,
    /// Ledger id in hexadecimal.
    pub ledger: String,
    /// Its kind, of the trust file.
    pub kind: &'static str,
    /// What was found.
    pub status: WatchStatus,
    /// Code of an alarm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Size of the published checkpoint, if one was read and is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its root in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Size of the checkpoint that was remembered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// What is wrong and what it proves, escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Files of the state folder that prove it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Observation {
    /// One line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // String keys only and no failing serializer, so this cannot fail.
        let mut text = serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned());
        text.push('\n');
        text
    }

    /// A line for people, and more of them for an alarm.
    #[must_use]
    pub fn to_text(&self) -> String {
        let status = match self.status {
            WatchStatus::First => "first",
            WatchStatus::Same => "same",
            WatchStatus::Grown => "grown",
            WatchStatus::Absent => "absent",
            WatchStatus::Unreachable => "unreachable",
            WatchStatus::Alarm => "ALARM",
        };
        let Observation {
            time, ledger, kind, ..
        } = self;
        let mut text = format!("{time}  {ledger}  {kind:<10}  {status:<11}");
        match (self.before, self.size) {
            (Some(before), Some(size)) if before != size => {
                text.push_str(&format!("  {before} -> {size} entries"))
            }
            (_, Some(size)) => text.push_str(&format!("  {size} entries")),
            _ => {}
        }
        text.push('\n');
        if let Some(detail) = &self.detail {
            let code = self.code.map_or_else(String::new, |code| format!("{code}: "));
            text.push_str(&format!("        {code}{detail}\n"));
        }
        for file in &self.evidence {
            text.push_str(&format!("        evidence: {file}\n"));
        }
        text
    }
}

/// What one round found, by ledger in the order of the trust file.
#[derive(Debug, Clone)]
pub struct Round {
    /// The ledgers.
    pub ledgers: Vec<Observation>,
}

impl Round {
    /// 0: everything that is published continues what was; 1: an alarm; 2: something could not be looked at.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let any = |status| self.ledgers.iter().any(|ledger| ledger.status == status);
        if any(WatchStatus::Alarm) {
            1
        } else if any(WatchStatus::Unreachable) {
            2
        } else {
            0
        }
    }
}

/// Follows the ledgers of a trust file.
#[derive(Debug)]
pub struct Watcher {
    trust: Trust,
    state: State,
    published: Published,
}

impl Watcher {
    /// `place` is a published folder: a path, `file:///…`, or `http(s)://…` if this program was built with the feature `http`. The state folder
    /// is made if it is not there; one process at a time works in it.
    ///
    /// # Errors
    /// If the place, the trust file or the state folder cannot be used.
    pub fn open(place: &str, trust: &Path, state: &Path) -> Result<Watcher, Unusable> {
        let published = Published::at(place)?;
        let (trust, _) = read_trust(Some(trust))?;
        let trust = trust.ok_or(Unusable::Place("no trust file".to_owned()))?;
        let state = State::open(state, &trust)?;
        Ok(Watcher {
            trust,
            state,
            published,
        })
    }

    /// Looks at every ledger once.
    ///
    /// # Errors
    /// If the state folder cannot be read or written, or is damaged. What could not be fetched is in the round.
    pub fn round(&self) -> Result<Round, Unusable> {
        let mut ledgers = Vec::new();
        for trusted in &self.trust.ledgers {
            let remembered = self.state.remembered(trusted)?;
            let mut finding = self.look(trusted, remembered.as_ref());
            for _ in 1..ATTEMPTS {
                if !matches!(&finding.outcome, Err(Trouble::Alarm(alarm)) if alarm.may_pass) {
                    break;
                }
                sleep(PAUSE);
                finding = self.look(trusted, remembered.as_ref());
            }
            ledgers.push(self.take(trusted, remembered.as_ref(), finding)?);
        }
        Ok(Round { ledgers })
    }

    /// Writes down what was found, and says it.
    fn take(
        &self,
        trusted: &TrustedLedger,
        remembered: Option<&Note>,
        finding: Finding,
    ) -> Result<Observation, Unusable> {
        let note = finding.note;
        let mut seen = Observation {
            format: "sijill-watch/1",
            time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            ledger: hex::encode(trusted.id),
            kind: trusted.kind.name(),
            status: WatchStatus::Same,
            code: None,
            size: note.as_ref().map(|note| note.checkpoint.size),
            root: note.as_ref().map(|note| hex::encode(note.checkpoint.root)),
            before: remembered.map(|note| note.checkpoint.size),
            detail: None,
            evidence: Vec::new(),
        };
        match finding.outcome {
            Ok(status) => {
                if let (WatchStatus::First | WatchStatus::Grown, Some(note)) = (status, &note) {
                    self.state.remember(trusted, note)?;
                }
                seen.status = status;
            }
            Err(Trouble::Unreachable(detail)) => {
                seen.status = WatchStatus::Unreachable;
                seen.detail = Some(escape(&detail));
            }
            Err(Trouble::Alarm(alarm)) => {
                seen.status = WatchStatus::Alarm;
                seen.code = Some(alarm.check.code());
                let mut files = Vec::new();
                if alarm.keep_notes {
                    for note in remembered.into_iter().chain(&note) {
                        files.push((note.evidence_name(), note.text.clone()));
                    }
                }
                if let (true, Some(note)) = (!alarm.tiles.is_empty(), &note) {
                    let folder = note.evidence_name().replace(".checkpoint", "-tiles");
                    let tiles = alarm.tiles.into_iter();
                    files.extend(
                        tiles.map(|(path, bytes)| (format!("{folder}/{}", path.replace('/', "_")), bytes)),
                    );
                }
                let kept = self.state.keep(trusted, &files)?;
                let mut detail = alarm.detail;
                if kept.len() < files.len() {
                    detail.push_str("; no more evidence is kept: move what is there to another place");
                }
                seen.evidence = kept;
                seen.detail = Some(escape(&detail));
            }
        }
        Ok(seen)
    }

    /// Spec: specs/verification.md §13.2.
    fn look(&self, trusted: &TrustedLedger, remembered: Option<&Note>) -> Finding {
        let folder = format!("ledgers/{}/", hex::encode(trusted.id));
        let text = match self
            .published
            .read(&format!("{folder}checkpoint"), MAX_CHECKPOINT_BYTES)
        {
            Ok(text) => text,
            Err(SourceError::Missing) if remembered.is_some() => {
                let detail = "the ledger was published before and is not any more";
                let mut alarm = Alarm::new(Check::WatchGone, detail);
                alarm.may_pass = true;
                return Finding::trouble(None, Trouble::Alarm(alarm));
            }
            Err(SourceError::Missing) if trusted.id == self.trust.root => {
                let detail = "the election ledger is not published here (yet)".to_owned();
                return Finding::trouble(None, Trouble::Unreachable(detail));
            }
            Err(SourceError::Missing) => {
                return Finding {
                    note: None,
                    outcome: Ok(WatchStatus::Absent),
                };
            }
            Err(SourceError::Io(error)) => {
                return Finding::trouble(None, Trouble::Unreachable(format!("the checkpoint: {error}")));
            }
            Err(error) => {
                let alarm = Alarm::new(Check::WatchCheckpoint, &format!("the checkpoint: {error}"));
                return Finding::trouble(None, Trouble::Alarm(alarm));
            }
        };
        let note = match Note::of(text, trusted) {
            Ok(note) => note,
            Err(reason) => {
                let mut alarm = Alarm::new(Check::WatchCheckpoint, &reason);
                alarm.may_pass = true;
                return Finding::trouble(None, Trouble::Alarm(alarm));
            }
        };
        let outcome = self.compare(trusted, remembered, &note, &folder);
        Finding {
            note: Some(note),
            outcome,
        }
    }

    /// A signed checkpoint against what is known.
    fn compare(
        &self,
        trusted: &TrustedLedger,
        remembered: Option<&Note>,
        note: &Note,
        folder: &str,
    ) -> Result<WatchStatus, Trouble> {
        let now = &note.checkpoint;
        let of_state = remembered.map(|note| (note.checkpoint.size, note.checkpoint.root, true));
        let of_trust = trusted.checkpoint.map(|known| (known.size, known.root, false));
        let known: Vec<(u64, [u8; 32], bool)> = of_state.into_iter().chain(of_trust).collect();
        let mut status = if remembered.is_some() {
            WatchStatus::Same
        } else {
            WatchStatus::First
        };
        for (size, root, signed) in &known {
            if now.size < *size {
                let detail = if *signed {
                    "an older checkpoint is published than before: an old copy was restored or is handed out. The two signed notes show that the holder of the ledger key had gone further"
                } else {
                    "the published checkpoint is older than the one of the trust file"
                };
                return Err(Trouble::Alarm(Alarm::new(Check::WatchBack, detail).with_notes()));
            }
            if now.size == *size && now.root != *root {
                let detail = if *signed {
                    "two checkpoints of one size with different roots, both signed: together they prove that the holder of the ledger key keeps two histories. Publish both"
                } else {
                    "the published checkpoint has another root than the trust file's of the same size: together they show two histories"
                };
                return Err(Trouble::Alarm(Alarm::new(Check::WatchFork, detail).with_notes()));
            }
        }
        if remembered.is_some_and(|note| note.checkpoint.size == now.size) && known.len() == 1 {
            return Ok(status);
        }
        let read = |path: &str, length| self.published.read(&format!("{folder}{path}"), length);
        let mut tiles = Tiles::new(now.size, read);
        let root = tiles.root().map_err(tile_trouble)?;
        if root != now.root {
            let detail = "the published tiles do not give the root of the signed checkpoint";
            return Err(Trouble::Alarm(Alarm::tiles(detail)));
        }
        for (size, root, signed) in &known {
            if tiles.earlier_root(*size).map_err(tile_trouble)? == *root {
                continue;
            }
            let detail = if *signed {
                "the published ledger does not continue the remembered one: entries were changed or removed. The two signed notes, with the tiles that lead from the newer one to another root at the older size, prove it"
            } else {
                "the published ledger does not contain the checkpoint of the trust file: entries were changed or removed"
            };
            let mut alarm = Alarm::new(Check::WatchRewrite, detail).with_notes();
            alarm.tiles = tiles
                .used()
                .map(|(path, bytes)| (path.to_owned(), bytes))
                .collect();
            return Err(Trouble::Alarm(alarm));
        }
        if remembered.is_some_and(|note| note.checkpoint.size < now.size) {
            status = WatchStatus::Grown;
        }
        Ok(status)
    }
}

struct Finding {
    /// The published checkpoint, if it is signed.
    note: Option<Note>,
    outcome: Result<WatchStatus, Trouble>,
}

impl Finding {
    fn trouble(note: Option<Note>, trouble: Trouble) -> Finding {
        Finding {
            note,
            outcome: Err(trouble),
        }
    }
}

enum Trouble {
    Unreachable(String),
    Alarm(Alarm),
}

struct Alarm {
    check: Check,
    detail: String,
    /// May be a moment in which the folder is replaced.
    may_pass: bool,
    keep_notes: bool,
    tiles: Vec<(String, Vec<u8>)>,
}

impl Alarm {
    fn new(check: Check, detail: &str) -> Alarm {
        Alarm {
            check,
            detail: detail.to_owned(),
            may_pass: false,
            keep_notes: false,
            tiles: Vec::new(),
        }
    }

    fn with_notes(self) -> Alarm {
        Alarm {
            keep_notes: true,
            ..self
        }
    }

    fn tiles(detail: &str) -> Alarm {
        Alarm {
            may_pass: true,
            ..Alarm::new(Check::WatchTiles, detail)
        }
    }
}

fn tile_trouble(fault: TileFault) -> Trouble {
    match fault {
        TileFault::Read(path, SourceError::Io(error)) => Trouble::Unreachable(format!("{path}: {error}")),
        TileFault::Read(path, error) => Trouble::Alarm(Alarm::tiles(&format!("{path}: {error}"))),
        TileFault::Wrong(what) => Trouble::Alarm(Alarm::tiles(&what)),
    }
}

/// A checkpoint that is signed by its trusted ledger, with its bytes.
struct Note {
    text: Vec<u8>,
    checkpoint: Checkpoint,
}

impl Note {
    fn of(text: Vec<u8>, trusted: &TrustedLedger) -> Result<Note, String> {
        let checkpoint = Checkpoint::parse(&text).map_err(|error| error.to_string())?;
        if checkpoint.ledger != trusted.id || checkpoint.origin != trusted.origin {
            return Err("the checkpoint is of another ledger or origin".to_owned());
        }
        if !checkpoint.signature_holds(&trusted.key) {
            return Err("the checkpoint is not signed by the ledger key of the trust file".to_owned());
        }
        Ok(Note { text, checkpoint })
    }

    fn evidence_name(&self) -> String {
        let hash = hex::encode(sha256(&[&self.text]));
        format!("{}-{}.checkpoint", self.checkpoint.size, &hash[..16])
    }
}

/// Where published files are read.
#[derive(Debug)]
enum Published {
    Folder(PathBuf),
    #[cfg(feature = "http")]
    Site(crate::http::Site),
}

impl Published {
    fn at(place: &str) -> Result<Published, Unusable> {
        let refused = |reason: &str| Unusable::Place(format!("{}: {reason}", escape(place)));
        let Some((scheme, rest)) = place.split_once("://") else {
            return Published::folder(PathBuf::from(place));
        };
        if place.contains(['?', '#']) {
            return Err(refused("the URL of a folder has neither `?` nor `#`"));
        }
        match scheme {
            "file" => {
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                if !path.starts_with('/') || path.contains('%') {
                    return Err(refused("write file:///path, without %; or the path itself"));
                }
                Published::folder(PathBuf::from(path))
            }
            #[cfg(feature = "http")]
            "http" | "https" => Ok(Published::Site(crate::http::Site::new(place))),
            #[cfg(not(feature = "http"))]
            "http" | "https" => Err(refused(
                "this program was built without the network; build it with `--features http`, or fetch the folder with another tool and watch that",
            )),
            _ => Err(refused("not a folder, file, http or https")),
        }
    }

    fn folder(path: PathBuf) -> Result<Published, Unusable> {
        match Folder::open(&path) {
            Ok(_) => Ok(Published::Folder(path)),
            Err(error) => Err(Unusable::Folder { path, error }),
        }
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        match self {
            // Opened again each time: the folder itself may be replaced between rounds. That all of it is missing is no statement about a ledger.
            Published::Folder(folder) => Folder::open(folder)
                .map_err(|error| SourceError::Io(io::Error::other(error)))?
                .read(path, limit),
            #[cfg(feature = "http")]
            Published::Site(site) => site.read(path, limit),
        }
    }
}

/// The state folder: `event` (the event's id), `lock`, `<ledger id>.checkpoint` (the signed note as it was published), `evidence/<ledger id>/…`.
#[derive(Debug)]
struct State {
    folder: PathBuf,
    /// Held as long as the watcher lives.
    _lock: File,
}

impl State {
    fn open(folder: &Path, trust: &Trust) -> Result<State, Unusable> {
        let fault = |path: &Path| {
            let path = path.to_owned();
            move |error| Unusable::File { path, error }
        };
        fs::create_dir_all(folder).map_err(fault(folder))?;
        let path = folder.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(fault(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Unusable::State(
                    folder.to_owned(),
                    "another process watches with it: give each its own".to_owned(),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(fault(&path)(error)),
        }
        let event = format!("{}\n", hex::encode(trust.root));
        let path = folder.join("event");
        match read_bounded(&path, 256).map_err(fault(&path))? {
            Some(bytes) if bytes == event.as_bytes() => {}
            Some(_) => {
                let reason = "it is the state of another event: give each event its own";
                return Err(Unusable::State(folder.to_owned(), reason.to_owned()));
            }
            None => write_durably(&path, event.as_bytes()).map_err(fault(&path))?,
        }
        Ok(State {
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    fn path(&self, trusted: &TrustedLedger) -> PathBuf {
        self.folder
            .join(format!("{}.checkpoint", hex::encode(trusted.id)))
    }

    fn remembered(&self, trusted: &TrustedLedger) -> Result<Option<Note>, Unusable> {
        let path = self.path(trusted);
        let text = read_bounded(&path, MAX_CHECKPOINT_BYTES).map_err(|error| Unusable::File {
            path: path.clone(),
            error,
        })?;
        text.map(|text| {
            Note::of(text, trusted).map_err(|reason| {
                Unusable::State(
                    path,
                    format!("{reason}. It was damaged, or the trust file has changed: restore it from a backup, or begin with a new state folder"),
                )
            })
        })
        .transpose()
    }

    /// # Durability
    /// The note is on disk when this returns. A crash leaves the one before or this one, never a part.
    fn remember(&self, trusted: &TrustedLedger, note: &Note) -> Result<(), Unusable> {
        let path = self.path(trusted);
        write_durably(&path, &note.text).map_err(|error| Unusable::File { path, error })
    }

    /// Keeps files of a ledger as evidence, and says which are there now. Their names follow from what is in them, so nothing is written twice.
    fn keep(&self, trusted: &TrustedLedger, files: &[(String, Vec<u8>)]) -> Result<Vec<String>, Unusable> {
        let id = hex::encode(trusted.id);
        let folder = self.folder.join("evidence").join(&id);
        let mut kept = Vec::new();
        for (name, bytes) in files {
            let path = folder.join(name);
            // The file itself, or the folder of the tiles that belong together.
            let piece = folder.join(name.split('/').next().unwrap_or(name));
            let write = || {
                fs::create_dir_all(&folder)?;
                if !piece.exists() && fs::read_dir(&folder)?.count() >= MAX_EVIDENCE {
                    return Ok(false);
                }
                fs::create_dir_all(path.parent().unwrap_or(&folder))?;
                if !path.exists() {
                    write_durably(&path, bytes)?;
                }
                Ok(true)
            };
            if write().map_err(|error| Unusable::File {
                path: path.clone(),
                error,
            })? {
                kept.push(format!("evidence/{id}/{name}"));
            }
        }
        Ok(kept)
    }
}

fn read_bounded(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > limit => Err(io::Error::other(format!("longer than {limit} bytes"))),
        Ok(_) => fs::read(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes beside, flushes, renames, flushes the folder.
fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        // An empty parent is the folder at hand.
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
