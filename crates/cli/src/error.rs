//! What went wrong, and what to do next.

use std::fmt;
use std::path::Path;

use sijill_engine::archive::ArchiveError;
use sijill_engine::backup::BackupError;
use sijill_engine::checkpoint_record::RecordError;
use sijill_engine::folder::FolderError;
use sijill_engine::keyfile::{KeyFileError, SealError, UnlockError};
use sijill_engine::persons::PersonsError;
use sijill_engine::publish::PublishError;
use sijill_engine::vault::VaultError;
use sijill_engine::vault::access::LogError;
use sijill_engine::views::ViewError;
use sijill_engine::{EngineError, LoadError, SubmitError};
use sijill_ledger::LedgerId;
use sijill_registers::ballot_box::BoxRejection;
use sijill_registers::consultation::ConsultationRejection;
use sijill_registers::election_file::ElectionFileError;
use sijill_registers::register::{ContentProblem, Rejection};
use sijill_registers::station::StationRejection;
use sijill_store::{CreateError, Elsewhere, OpenError, ReadError};

use crate::messages;
use crate::render::{escape, moment};

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The arguments contradict each other: exit code 2.
    Usage,
    /// A rule of the election, a ledger or a file refuses it.
    Refused,
    /// The machine: a file, a disk, a lock.
    Failed,
}

/// A command that did not succeed. Nothing that was asked for is half done: ledgers are as they were, or hold complete
/// events.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    code: &'static str,
    problem: String,
    help: String,
    arabic: Option<String>,
}

/// What to do about a disk.
const FULL_OR_FAILING: &str = "nothing that was acknowledged is lost. See that the disk has free space, can be written and \
     has no errors, then run the command again";
/// What to do about a store that is not as it was written.
const DAMAGED: &str = "nothing was written. `sijill store check` names what is damaged. Put back a good copy of the data folder \
     (with KurrentDB: compare its nodes, deploy/kurrentdb/README.md), or read the published folder, which has everything up \
     to the last publication";
const TOO_LARGE: &str =
    "nothing was written. Raise MaxAppendSize of KurrentDB to 1 MiB or more, on every node";

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn usage(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind: Kind::Usage,
            code: "usage",
            problem: problem.into(),
            help: help.into(),
            arabic: None,
        }
    }

    pub(crate) fn refused(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind: Kind::Refused,
            code: "refused",
            problem: problem.into(),
            help: help.into(),
            arabic: None,
        }
    }

    pub(crate) fn failed(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind: Kind::Failed,
            code: "failed",
            problem: problem.into(),
            help: help.into(),
            arabic: None,
        }
    }

    /// The same failure under a code of its own, by which programs tell it from others. Codes never change their meaning.
    /// Spec: specs/operations.md §10.
    pub(crate) const fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The same failure with what is wrong in Arabic too, where a citizen reads it.
    pub(crate) fn in_arabic(mut self, text: impl Into<String>) -> Self {
        self.arabic = Some(text.into());
        self
    }

    /// The same failure with something more to say, in both languages.
    pub(crate) fn also(mut self, english: &str, arabic: &str) -> Self {
        self.problem = format!("{}; {english}", self.problem);
        if let Some(text) = &mut self.arabic {
            text.push(' ');
            text.push_str(arabic);
        }
        self
    }

    /// Whether it is certain that nothing was recorded: a rule, a file or the service has refused.
    pub(crate) fn is_without_effect(&self) -> bool {
        self.kind != Kind::Failed
            && !matches!(self.code, "submit.unknown" | "store.unknown" | "submit.read-only")
    }

    /// Whether a process that serves one command after the other cannot serve another one.
    pub(crate) fn ends_a_process(&self) -> bool {
        matches!(
            self.code,
            "submit.unknown" | "submit.read-only" | "store.unknown" | "store.elsewhere" | "internal"
        )
    }

    /// A file that the system does not let us use.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        let (code, help) = match error.kind() {
            std::io::ErrorKind::NotFound => ("file.missing", "check the name; nothing was changed"),
            std::io::ErrorKind::PermissionDenied => (
                "file.denied",
                "check who owns the file or folder, and who may read or write it",
            ),
            std::io::ErrorKind::AlreadyExists => (
                "file.exists",
                "choose another name, or move the existing file away yourself",
            ),
            std::io::ErrorKind::InvalidData => ("file.encoding", "save the file as UTF-8 text and try again"),
            std::io::ErrorKind::NotADirectory | std::io::ErrorKind::IsADirectory => (
                "file.kind",
                "a folder is named where a file should be, or the reverse; check the name",
            ),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                ("file.full", "free space on the disk, then run the command again")
            }
            std::io::ErrorKind::ReadOnlyFilesystem => (
                "file.read-only",
                "have the disk looked at: the system has made it read-only; then run the command again",
            ),
            _ => ("file.failed", "check the disk, then run the command again"),
        };
        Self::failed(format!("{}: {error}", path.display()), help).code(code)
    }

    /// A state that this program rules out.
    pub(crate) fn internal(problem: impl fmt::Display) -> Self {
        Self::failed(
            format!("internal contradiction: {problem}"),
            "this is a defect of this program; keep the folder as it is and report it",
        )
        .code("internal")
    }

    /// What is wrong.
    pub(crate) fn problem(&self) -> &str {
        &self.problem
    }

    pub(crate) const fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Usage => 2,
            Kind::Refused | Kind::Failed => 1,
        }
    }
}

impl Failure {
    /// The same as JSON, for programs.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let kind = match self.kind {
            Kind::Usage => "usage",
            Kind::Refused => "refused",
            Kind::Failed => "failed",
        };
        let mut line = serde_json::json!({
            "error": escape(&self.problem),
            "help": escape(&self.help),
            "kind": kind,
            "code": self.code,
        });
        if let Some(arabic) = &self.arabic {
            line["error_ar"] = escape(arabic).into();
        }
        if let Some(message) = messages::of(self.code) {
            line["message"] = serde_json::json!(message);
        }
        line
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", escape(&self.problem))?;
        if let Some(arabic) = &self.arabic {
            writeln!(f, "خطأ: {}", escape(arabic))?;
        }
        write!(f, "help: {}", escape(&self.help))?;
        if let Some(message) = messages::of(self.code) {
            write!(f, "\n{}\n{}\n[{}]", message.en, message.ar, message.rule)?;
        }
        Ok(())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::from(&error)
    }
}

impl From<&EngineError> for Failure {
    fn from(error: &EngineError) -> Self {
        let code = match error {
            EngineError::Record { .. } | EngineError::RecordFolder(_) | EngineError::Lost { .. } => {
                "engine.record"
            }
            EngineError::Create(CreateError::Elsewhere(elsewhere)) => {
                return Self::from((**elsewhere).clone());
            }
            EngineError::Create(CreateError::TooLarge) => "store.too-large",
            EngineError::Create(CreateError::Busy | CreateError::Unavailable { .. })
            | EngineError::Read(ReadError::Unavailable { .. })
            | EngineError::Load {
                error: LoadError::Read(ReadError::Unavailable { .. }),
                ..
            } => "store.unavailable",
            EngineError::Create(CreateError::OutcomeUnknown { .. }) => "store.unknown",
            EngineError::Create(CreateError::Damaged { .. }) => "store.damaged",
            EngineError::Create(CreateError::ReadOnly { .. }) => "store.read-only",
            EngineError::Load { .. } | EngineError::Read(_) => "engine.store",
            EngineError::OtherKeys { .. } => "engine.keys",
            EngineError::Content(_) => "engine.content",
            EngineError::Missing(_) => "engine.missing",
            _ => "engine.failed",
        };
        let help = match error {
            EngineError::RecordFolder(_)
            | EngineError::Record {
                error: RecordError::Unavailable { .. } | RecordError::OutcomeUnknown { .. },
                ..
            } => FULL_OR_FAILING,
            _ if code == "store.too-large" => TOO_LARGE,
            _ if code == "store.unavailable" => "run the command again when the store answers",
            _ if code == "store.unknown" => "run the same command again; it finds out what became of it",
            _ if code == "store.read-only" => {
                "nothing was written; see what the message says of the store, then run the command again"
            }
            _ if code == "store.damaged" => DAMAGED,
            EngineError::Record {
                error: RecordError::Damaged { .. },
                ..
            } => {
                "do not delete the record. Keep the file, and put back the ledger's `checkpoint` from a publication \
                 that is as long as the ledger"
            }
            EngineError::Record { .. } | EngineError::Lost { .. } => {
                "the checkpoint record lies outside the data folder to notice this; do not delete it. Put back the \
                 newest copy of the data folder, or ask whoever restored an older one"
            }
            EngineError::Load { .. } | EngineError::Read(_) => DAMAGED,
            EngineError::OtherKeys { .. } => "give the folder that these keys belong to",
            EngineError::Content(_) => "check the disk; documents can be put back from the published folder",
            EngineError::Missing(_) => "`sijill ledger list` shows what is here",
            _ => "nothing was changed; look at the message, then try again",
        };
        Self::failed(error.to_string(), help).code(code)
    }
}

impl From<Elsewhere> for Failure {
    fn from(elsewhere: Elsewhere) -> Self {
        let seconds = elsewhere.ends_in_ms.div_ceil(1000);
        Self::refused(
            format!(
                "ledger {} is written by node {} at {}; its lease ends in {seconds} s unless it is renewed",
                elsewhere.ledger, elsewhere.node, elsewhere.address
            ),
            "run the command there, or here when that node has ended; if it has crashed, another one may take over once \
             its lease has ended. Nothing was written",
        )
        .code("store.elsewhere")
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        let code = match &error {
            SubmitError::Chain(_) | SubmitError::Refs(_) => "submit.stale",
            SubmitError::Busy => "submit.busy",
            SubmitError::Unavailable(_) => "submit.unavailable",
            SubmitError::OutcomeUnknown(_) => "submit.unknown",
            SubmitError::ClockBehind { .. } => "submit.clock",
            SubmitError::Elsewhere(elsewhere) => return Self::from(elsewhere.clone()),
            SubmitError::TooLarge => "store.too-large",
            SubmitError::ReadOnly(_) => "submit.read-only",
            _ => "submit.refused",
        };
        let help = match &error {
            SubmitError::Rejected(rejection) => return Self::from(rejection.clone()),
            SubmitError::Chain(_) | SubmitError::Refs(_) => {
                "what was signed does not fit the ledger as it is now; run the command again, and check the clock"
            }
            SubmitError::Busy | SubmitError::Unavailable(_) | SubmitError::OutcomeUnknown(_) => {
                "run the same command again; what is recorded already is not recorded twice"
            }
            SubmitError::ClockBehind { .. } => {
                "set the clock right (for a rehearsal: a later --rehearsal-clock)"
            }
            SubmitError::TooLarge => TOO_LARGE,
            SubmitError::ReadOnly(_) => {
                "nothing more is written, and what was acknowledged is kept. Free space on the disk or have it looked \
                 at, then run the command again; `sijill store check` says whether the store is sound"
            }
            _ => "nothing was written",
        };
        Self::refused(error.to_string(), help).code(code)
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        let help = match (&rejection, rejection.code()) {
            (Rejection::Author { .. }, _) => "sign with the key file of the person who holds that role",
            (_, "box.window") => {
                "wait for the time, or see `sijill ledger list` for when the poll opens and closes"
            }
            (_, "box.order" | "election.order" | "roll.order") => {
                "`sijill ledger list` shows where each ledger stands and what comes next"
            }
            (_, "outcome.order") => {
                "nothing was written; `sijill election result` shows where the result of each district stands"
            }
            (_, "station.window") => {
                "set date, time and time zone of this machine right, or wait for the time"
            }
            (_, "event.nonce") => "this is a defect of this program; report it",
            (_, "ballot.chain") => "fetch the credential's latest tracking code and vote again",
            (_, "ballot.election") => "this ballot was made for another election; make one for this event",
            (_, "ballot.credential") => "check the code, and that it is for this district",
            (_, "paper.return") => "count again: valid + invalid + spoilt must be the papers issued",
            _ => "nothing was written; mend what the message names and try again",
        };
        let text = match &rejection {
            Rejection::BallotBox(BoxRejection::Early { received_ms, from_ms }) => format!(
                "too early: it is {}, and this is possible from {}",
                moment(*received_ms, "UTC"),
                moment(*from_ms, "UTC")
            ),
            Rejection::BallotBox(BoxRejection::Late {
                received_ms,
                until_ms,
            }) => format!(
                "too late: it is {}, and this was possible until {}",
                moment(*received_ms, "UTC"),
                moment(*until_ms, "UTC")
            ),
            Rejection::Consultation(ConsultationRejection::TooEarly { first }) => {
                format!("the consultation opens on {}; send it then", day(*first))
            }
            Rejection::Consultation(ConsultationRejection::TooLate { last }) => format!(
                "the consultation closed at the end of {}; nothing is taken any more",
                day(*last)
            ),
            Rejection::Station(StationRejection::Window {
                received_ms,
                from_ms,
                until_ms,
            }) => {
                let off_ms = from_ms.saturating_sub(*received_ms) + received_ms.saturating_sub(*until_ms);
                format!(
                    "the clock of this machine shows {}, {} min outside of the time from {} to {}",
                    moment(*received_ms, "UTC"),
                    off_ms.div_ceil(60_000),
                    moment(*from_ms, "UTC"),
                    moment(*until_ms, "UTC")
                )
            }
            other => other.to_string(),
        };
        Self::refused(format!("{text} [{}]", rejection.code()), help).code(rejection.code())
    }
}

/// A day by its number.
fn day(number: u32) -> String {
    sijill_rules::numbered_day(number).map_or_else(
        || format!("day {number} after 1970-01-01"),
        sijill_rules::english_both,
    )
}

impl From<ContentProblem> for Failure {
    fn from(error: ContentProblem) -> Self {
        Self::failed(
            error.to_string(),
            "check the disk; documents can be put back from the published folder",
        )
    }
}

impl From<ViewError> for Failure {
    fn from(error: ViewError) -> Self {
        Self::failed(error.to_string(), "nothing was changed; run the command again")
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self::failed(
            error.to_string(),
            "the archive is not complete: delete it, then run the command again",
        )
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self::failed(
            error.to_string(),
            "the earlier publication, if there was one, is as it was; run the command again",
        )
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let help = match &error {
            FolderError::NotFound { .. } => "`sijill init` makes one; give --dir if it lies elsewhere",
            FolderError::AlreadyExists { .. } => "name another folder, or go on working in this one",
            FolderError::InUse { .. } => "wait until the other command has finished",
            FolderError::Exposed { .. } => "take the permissions away: chmod 700",
            FolderError::NotOutside { .. } => {
                "name a folder for checkpoints that is not inside the data folder"
            }
            FolderError::Io { .. } => FULL_OR_FAILING,
            _ => "nothing was changed",
        };
        let code = match &error {
            FolderError::NotFound { .. } => "folder.missing",
            FolderError::AlreadyExists { .. } => "folder.exists",
            FolderError::InUse { .. } => "folder.in-use",
            FolderError::Exposed { .. } => "folder.exposed",
            FolderError::NotOutside { .. } => "folder.nested",
            _ => "folder.failed",
        };
        Self::failed(error.to_string(), help).code(code)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let help = match &error {
            OpenError::InUse { .. } => "wait until the other command has finished",
            OpenError::NotFound { .. } => "`sijill init` makes one; give --dir if it lies elsewhere",
            OpenError::Damaged { .. } => {
                "nothing was written. Put back a good copy of the data folder; the published folder has everything \
                 up to the last publication"
            }
            OpenError::Version { .. } => "use the version of this program that wrote the folder",
            OpenError::Io { .. } | OpenError::Database { .. } => FULL_OR_FAILING,
            _ => "nothing was changed",
        };
        let code = match &error {
            OpenError::InUse { .. } => "store.in-use",
            OpenError::NotFound { .. } => "store.missing",
            OpenError::Damaged { .. } => "store.damaged",
            OpenError::Version { .. } => "store.version",
            _ => "store.failed",
        };
        Self::failed(error.to_string(), help).code(code)
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let code = match &error {
            BackupError::NotEmpty(_) => "backup.not-empty",
            BackupError::Inside(_) => "backup.inside",
            BackupError::NotABackup { .. } => "backup.form",
            BackupError::Damaged(_) | BackupError::Unsound(_) => "backup.damaged",
            _ => "backup.failed",
        };
        let help = match error {
            BackupError::Store(error) => return Self::from(error),
            BackupError::Folder(error) => return Self::from(error),
            BackupError::Io { path, source } => return Self::file(&path, &source),
            BackupError::NotEmpty(_) => {
                "nothing was changed. Name a free folder; to restore, move the damaged data folder away yourself, and \
                 keep it"
            }
            BackupError::Inside(_) => "name a folder on another disk",
            _ => "nothing was changed; take another backup",
        };
        Self::refused(error.to_string(), help).code(code)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::from(EngineError::Read(error))
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let help = match &error {
            KeyFileError::Exposed { .. } => "take the permissions away: chmod 600",
            KeyFileError::AlreadyExists { .. } => "key files are never overwritten; choose another name",
            KeyFileError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "free space on the disk, then run the command again"
            }
            KeyFileError::Parse { .. } => "name a file that `sijill key new` or `sijill trustee keygen` made",
            _ => "check the name of the file",
        };
        let code = match &error {
            KeyFileError::Exposed { .. } => "key.exposed",
            KeyFileError::AlreadyExists { .. } => "key.exists",
            KeyFileError::Parse { .. } => "key.form",
            _ => "key.failed",
        };
        Self::failed(error.to_string(), help).code(code)
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let (code, help) = match &error {
            VaultError::NotFound { .. } => {
                ("vault.missing", "run `sijill roll import` first, or give --vault")
            }
            VaultError::AlreadyExists { .. } => ("vault.exists", "name another file with --vault"),
            VaultError::Exposed { .. } => ("vault.exposed", "take the permissions away: chmod 600"),
            VaultError::InUse { .. } => ("vault.in-use", "wait until the other command has finished"),
            VaultError::NotAVault { .. } => (
                "vault.form",
                "give the vault that the registrar keeps of this roll",
            ),
            VaultError::OtherRoll => (
                "vault.roll",
                "give the vault that the registrar keeps of this roll",
            ),
            VaultError::WrongSecret => ("vault.secret", "give the registrar's secret with --secret"),
            VaultError::Altered(_) => (
                "vault.altered",
                "do not go on with this vault: keep the file, and put back the newest backup",
            ),
            VaultError::Log(LogError::Why(_)) => ("vault.why", "say why in one line"),
            VaultError::Log(_) => (
                "vault.log",
                "keep the file as evidence: somebody has changed the access log outside of this program",
            ),
            VaultError::Outside | VaultError::TooLarge(_) => return Self::internal(error),
            _ => ("vault.failed", FULL_OR_FAILING),
        };
        Self::refused(error.to_string(), help).code(code)
    }
}

impl From<PersonsError> for Failure {
    fn from(error: PersonsError) -> Self {
        let text = error.to_string();
        let (code, help) = match error {
            PersonsError::Vault(error) => return error.into(),
            PersonsError::Opening(error) => return EngineError::from(error).into(),
            PersonsError::Engine(error) => return error.into(),
            PersonsError::Altered(_) => (
                "person.altered",
                "keep the file as evidence, and put the letter back from the newest backup of the data folder",
            ),
            PersonsError::Absent => (
                "person.absent",
                "check the identifier, or name a request of theirs with --request",
            ),
            PersonsError::Forgotten => ("person.forgotten", "name the person by their identifier"),
            PersonsError::Full => (
                "person.full",
                "nothing was kept: see what can be erased of this person first",
            ),
            PersonsError::Office => (
                "person.office",
                "sign with the key of an officer of the register, or of the commission",
            ),
            PersonsError::NoHold(_) => ("person.hold", "`sijill person holds` lists the holds that stand"),
            PersonsError::Held { .. } => (
                "person.held",
                "nothing was erased; it can be when the hold has ended, or was lifted with `sijill person lift`",
            ),
            PersonsError::Form => ("vault.form", "use the version that wrote it"),
            _ => ("person.failed", FULL_OR_FAILING),
        };
        Self::refused(text, help).code(code)
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::refused(error.to_string(), "nothing was written").code("key.new")
    }
}

impl From<UnlockError> for Failure {
    fn from(error: UnlockError) -> Self {
        let help = match &error {
            UnlockError::WrongPassphrase => {
                "check the passphrase (and which file --passphrase-file names), then try again"
            }
            UnlockError::WrongKind { .. } => {
                "give the key file for that purpose; `sijill key show` says what a file is for"
            }
            _ => "find the original file",
        };
        let code = match &error {
            UnlockError::WrongPassphrase => "key.passphrase",
            UnlockError::WrongKind { .. } => "key.kind",
            _ => "key.altered",
        };
        Self::refused(error.to_string(), help).code(code)
    }
}

impl From<ElectionFileError> for Failure {
    fn from(error: ElectionFileError) -> Self {
        Self::refused(error.to_string(), "edit the election file; nothing was written").code("election-file")
    }
}

/// A ledger that is not what its id promised.
pub(crate) fn wrong_kind(ledger: &LedgerId, what: &str) -> Failure {
    Failure::internal(format!("ledger {ledger} is not {what}"))
}

impl From<sijill_engine::copies::ReceiveError> for Failure {
    fn from(error: sijill_engine::copies::ReceiveError) -> Self {
        use sijill_engine::copies::ReceiveError as R;
        let help = match &error {
            R::Damaged(_) | R::Truncated { .. } | R::Content(_) => {
                "copy the file again from the station's machine; nothing was changed"
            }
            R::NotListed(_) => "bring it to the centre of its own event; nothing was changed",
            R::Older { .. } => "the newer one is here already; nothing was changed",
            R::Fork { .. } | R::OtherEntries | R::Checkpoint(_) | R::Rule { .. } | R::Load(_) => {
                "keep the file as evidence and call the commission; nothing was changed"
            }
            R::Own(_) => "that ledger is written here; nothing was changed",
            R::Refs { .. } => "publish and receive the ledgers that it cites first; nothing was changed",
            _ => "look at the message, then try again",
        };
        Self::refused(error.to_string(), help).code(error.code())
    }
}

impl From<sijill_engine::station_roll::StationRollError> for Failure {
    fn from(error: sijill_engine::station_roll::StationRollError) -> Self {
        use sijill_engine::station_roll::StationRollError as R;
        match error {
            R::Seal(e) => e.into(),
            R::Unlock(e) => e.into(),
            other => Self::refused(other.to_string(), "take the kit that was made for this station")
                .code("station.roll"),
        }
    }
}

impl From<sijill_engine::station_notes::NoteError> for Failure {
    fn from(error: sijill_engine::station_notes::NoteError) -> Self {
        use sijill_engine::station_notes::NoteError as N;
        let help = match &error {
            N::Key => "take the kit that was made for this station",
            N::Form => "give the registrar's own secret; else copy the station's file again from its machine",
            N::TooLong => "say it in fewer words",
            _ => FULL_OR_FAILING,
        };
        Self::refused(error.to_string(), help).code("station.guests")
    }
}

impl From<sijill_engine::look_up::LookUpError> for Failure {
    fn from(error: sijill_engine::look_up::LookUpError) -> Self {
        use sijill_engine::look_up::LookUpError as L;
        let help = match error {
            L::Submit(error) => return error.into(),
            L::Voted => "nothing was written; no paper is handed out",
            L::Stale { .. } => "nothing was written; ask the centre again, and check the clock",
            _ => "nothing was written; ask the centre again",
        };
        Self::refused(error.to_string(), help).code("station.look-up")
    }
}
