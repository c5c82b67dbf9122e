//! `sijill-verify`: an independent verifier of published ledgers.
//!
//! Reads what the people who run an event publish, and says whether the tallies and everything before them follow from it. Written from
//! the specifications alone: it shares no code with the engine, so that two implementations have to agree.
//!
//! - [`verify_event`]: the whole published folder of an event.
//! - [`verify_jurisdiction`]: the whole published folder of a jurisdiction.
//! - [`verify_ledger`]: one ledger.
//! - [`verify_receipts`]: receipts that voters and officials keep.
//! - [`verify_archives`]: archives of elections that others ran with tools of the Belenios protocol.
//! - [`Watcher`]: follows a published event.
//! - [`verify_event_source`], [`verify_ledger_source`]: the same for any [`Source`] of files: an archive, an object store, memory.
//! - [`explain`]: what a verdict code means and what to do about it.
//! - [`run_cli`]: the command.
//!
//! Every function returns a [`Report`] with one result for each numbered check of specs/verification.md; nothing prints. A report renders as
//! text ([`Report::to_text`]), JSON ([`Report::to_json`], of specs/verification-report.schema.json) and HTML ([`Report::to_html`]).
//!
//! Input is hostile: decoding is strict, memory bounded, and no input makes a check panic. Checks reach files only through a [`Source`],
//! which reads no more than it is asked for; [`Folder`] never follows links and never leaves its root.
//!
//! # A folder
//!
//! ```
//! use std::path::Path;
//!
//! use sijill_verifier::{Options, Verdict, verify_event};
//!
//! let event = Path::new("../../fixtures/event");
//! let options = Options {
//!     // Get it by another way than the folder.
//!     trust: Some(event.join("trust.json")),
//!     ..Options::default()
//! };
//! let report = verify_event(&event.join("published"), &options)?;
//! assert_eq!(report.verdict, Verdict::Verified);
//! for district in &report.boxes {
//!     if let Some(outcome) = &district.outcome {
//!         println!("{}: {} ballots cast", district.name.en, outcome.cast());
//!     }
//! }
//! std::fs::write(std::env::temp_dir().join("sijill-report.html"), report.to_html(None))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files from elsewhere
//!
//! ```
//! use sijill_verifier::{CheckVerdict, Folder, MemorySource, Profile, Source, Stage, Trust, Verdict};
//! use sijill_verifier::{explain, verify_event_source};
//!
//! let mut source = MemorySource::default();
//! let folder = Folder::open("../../fixtures/event/published".as_ref())?;
//! for path in folder.list()?.files.keys() {
//!     source.files.insert(path.clone(), folder.read(path, 1 << 20)?);
//! }
//! let trust = Trust::parse(&std::fs::read("../../fixtures/event/trust.json")?)?;
//! let verify = |source: &MemorySource| {
//!     verify_event_source(source, Some(&trust), Profile::Public, Stage::Published)
//! };
//! assert_eq!(verify(&source)?.verdict, Verdict::Verified);
//!
//! // Somebody changes one byte of one ballot.
//! let entries = source.files.iter_mut().find(|(path, _)| path.contains("/tile/entries/"));
//! let (_, bytes) = entries.ok_or("no entries")?;
//! bytes[2000] ^= 1;
//! let report = verify(&source)?;
//! assert_eq!(report.verdict, Verdict::NotVerified);
//! let failed = report.checks.iter().find(|check| check.verdict == CheckVerdict::Fail);
//! let code = failed.ok_or("nothing failed")?.counter_examples[0].code;
//! println!("{}", explain(code).unwrap_or_default());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A receipt
//!
//! ```
//! use std::path::{Path, PathBuf};
//!
//! use sijill_verifier::{Verdict, verify_receipts};
//!
//! let event = Path::new("../../fixtures/event");
//! let receipts: [PathBuf; 1] = [event.join("receipt.tlog-proof")];
//! let published = event.join("published");
//! let report = verify_receipts(&receipts, &event.join("trust.json"), Some(&published), None)?;
//! assert_eq!(report.verdict, Verdict::Verified);
//! assert!(report.receipts[0].tracking_code.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod accepts;
mod archive;
mod authority;
mod bel;
mod calendar;
mod check;
mod cli;
mod clock;
mod consistency;
mod contents;
mod event;
mod events;
mod explain;
mod hash;
#[cfg(test)]
mod hostile;
mod html;
#[cfg(feature = "http")]
mod http;
mod json;
mod jurisdiction;
mod keys;
mod layout;
mod ledger;
mod manifest;
mod merkle;
mod note;
mod progress;
mod progress_line;
mod reader;
mod receipt;
mod registers;
mod report;
mod rules;
mod run;
mod since;
mod source;
mod suite;
mod tiles;
mod trust;
mod values;
#[cfg(test)]
mod vectors;
mod views;
mod watch;
mod wire;
mod words;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;

use crate::check::{Check, Checks, Place};
use crate::hash::{hex32, sha256};
use crate::ledger::LEDGER_CHECKS;
use crate::note::{MAX_CHECKPOINT_BYTES, MAX_RECEIPT_BYTES, RECEIPT_HEADER};
use crate::run::{Judgement, ledger_summary, new_report};
use crate::since::MAX_REPORT_BYTES;
use crate::suite::checker::Method;
use crate::trust::MAX_TRUST_BYTES;

pub use crate::bel::{ArchiveOptions, ArchiveReports, verify_archive_bytes, verify_archives};
pub use crate::cli::{command, run_cli};
pub use crate::explain::{CODES, Code, explain};
pub use crate::progress::{Phase, Progress};
pub use crate::report::{
    AnswerOutcome, ArchiveProfile, ArchiveStage, ArchiveSummary, BoxSummary, ChannelCount, CheckResult,
    CheckVerdict, ConsultationCounts, CounterExample, Elected, ElectedBy, EventSummary, FoiCounts, Hour,
    InputDigest, JurisdictionSummary, LedgerSummary, LostRule, Outcome, PaperCounts, Profile,
    QuestionOutcome, ReceiptSummary, RegisterCounts, RegisterSummary, Report, Stage, StationReturn,
    StationState, StationSummary, Text, TieOutcome, Turnout, Unopposed, Verdict, escape,
};
pub use crate::since::{Basis, BasisLedger, EarlierReport, Rested, SinceError};
pub use crate::source::{Folder, Listing, MemorySource, Source, SourceError};
pub use crate::trust::{Trust, TrustError};
pub use crate::watch::{Observation, Round, WatchStatus, Watcher};

/// What to verify an event or a ledger against.
#[derive(Debug, Clone)]
pub struct Options {
    /// The trust file. Without one nothing is verified, only found consistent in itself.
    pub trust: Option<PathBuf>,
    /// Which ledgers the folder claims to hold.
    pub profile: Profile,
    /// The stage that every box must have reached.
    pub require_stage: Stage,
    /// Threads for cryptography; `None` for all cores.
    pub threads: Option<usize>,
    /// Check every part of a ballot by itself, as the specification has it. The verdict is the same, and comes later.
    ///
    /// Spec: specs/verification.md §10.
    pub plain: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            trust: None,
            profile: Profile::Public,
            require_stage: Stage::Published,
            threads: None,
            plain: false,
        }
    }
}

/// Input that cannot be verified at all: exit code 2.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Unusable {
    /// The folder cannot be read.
    #[error("{path}: {error}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: SourceError,
    },
    /// A file that was named cannot be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file that was named is larger than any of its kind.
    #[error("{path}: longer than {limit} bytes")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Largest length, in bytes.
        limit: u64,
    },
    /// The trust file cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The earlier report cannot be rested on.
    #[error(transparent)]
    Since(#[from] SinceError),
    /// The folder of a single ledger is not named by a ledger id.
    #[error("{0}: the folder of a ledger is named by its id, 64 hexadecimal digits")]
    LedgerName(PathBuf),
    /// A file that was named as a receipt is none.
    #[error("{0}: not a receipt: its first line is not {RECEIPT_HEADER}")]
    NotAReceipt(PathBuf),
    /// There is no such verdict code.
    #[error("there is no verdict code {0:?}; `sijill-verify explain` lists all")]
    UnknownCode(String),
    /// A folder that was named for its archives has none.
    #[error("{0}: there is no archive (*.bel) in this folder")]
    NoArchives(PathBuf),
    /// What is to be watched is no place where anything is published.
    #[error("{0}")]
    Place(String),
    /// The state folder of a watcher cannot be used.
    #[error("the state {0}: {1}")]
    State(PathBuf, String),
    /// The threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
}

/// Verifies the published folder of an event.
///
/// Spec: specs/verification.md §2 to §6.
///
/// # Errors
/// If the folder or the trust file cannot be used at all. Everything else is in the report.
pub fn verify_event(dir: &Path, options: &Options) -> Result<Report, Unusable> {
    verify_event_watched(dir, None, options, &Arc::default())
}

/// Verifies the published folder of an event, of which `since` is the JSON report of an earlier run that was verified: signatures and proofs
/// of entries that it covers are not checked again. Otherwise as [`verify_event`], and with the same verdict.
///
/// Whoever can change the file `since` decides what is believed of those entries: it belongs to the auditor alone.
///
/// Spec: specs/verification.md §12.
///
/// # Errors
/// If the folder, the trust file or the report cannot be used at all. Everything else is in the report.
pub fn verify_event_since(dir: &Path, since: &Path, options: &Options) -> Result<Report, Unusable> {
    verify_event_watched(dir, Some(since), options, &Arc::default())
}

/// [`verify_event`] or, with `since`, [`verify_event_since`], counting in `progress` how far it has come.
///
/// # Errors
/// As of [`verify_event_since`].
pub fn verify_event_watched(
    dir: &Path,
    since: Option<&Path>,
    options: &Options,
    progress: &Arc<Progress>,
) -> Result<Report, Unusable> {
    let (trust, mut inputs) = read_trust(options.trust.as_deref())?;
    let earlier = match since {
        None => None,
        Some(path) => {
            let bytes = read_file(path, MAX_REPORT_BYTES)?;
            let earlier = EarlierReport::parse(&bytes)?;
            earlier.agrees(trust.as_ref(), options.profile)?;
            inputs.push(digest("since".to_owned(), &bytes));
            Some(earlier)
        }
    };
    of_folder(dir, options.threads, inputs, |folder| {
        let (profile, stage) = (options.profile, options.require_stage);
        let method = Method::of(options.plain);
        let earlier = earlier.as_ref();
        verify_event_by(folder, trust.as_ref(), profile, stage, method, earlier, progress)
    })
}

/// Adds the checkpoints of the ledgers to the inputs.
fn digest_checkpoints(source: &dyn Source, report: &mut Report) {
    for ledger in &report.ledgers {
        let name = format!("ledgers/{}/checkpoint", ledger.id);
        if let Ok(bytes) = source.read(&name, MAX_CHECKPOINT_BYTES) {
            report.inputs.push(digest(name, &bytes));
        }
    }
}

/// Verifies a folder on so many threads; `inputs` come before those of the folder.
fn of_folder(
    dir: &Path,
    threads: Option<usize>,
    mut inputs: Vec<InputDigest>,
    verify: impl FnOnce(&Folder) -> Result<Report, SourceError> + Send,
) -> Result<Report, Unusable> {
    let folder = open(dir)?;
    let mut report = with_threads(threads, || verify(&folder))?.map_err(|error| Unusable::Folder {
        path: dir.to_owned(),
        error,
    })?;
    inputs.append(&mut report.inputs);
    report.inputs = inputs;
    Ok(report)
}

/// Verifies the published files of an event, wherever they are, on the threads of the caller. Digests of the inputs do not include the
/// trust file: the caller has its bytes.
///
/// Spec: specs/verification.md §2 to §6.
///
/// # Errors
/// If the source cannot be listed.
pub fn verify_event_source(
    source: &dyn Source,
    trust: Option<&Trust>,
    profile: Profile,
    require_stage: Stage,
) -> Result<Report, SourceError> {
    verify_event_by(
        source,
        trust,
        profile,
        require_stage,
        Method::quickest(),
        None,
        &Arc::default(),
    )
}

/// Verifies the published files of an event, resting on an earlier report, on the threads of the caller.
///
/// Spec: specs/verification.md §12.
///
/// # Errors
/// If the report is of another event or profile, or knows a ledger otherwise than the trust file. The inner error: if the source cannot be
/// listed.
pub fn verify_event_source_since(
    source: &dyn Source,
    trust: &Trust,
    profile: Profile,
    require_stage: Stage,
    earlier: &EarlierReport,
) -> Result<Result<Report, SourceError>, SinceError> {
    earlier.agrees(Some(trust), profile)?;
    Ok(verify_event_by(
        source,
        Some(trust),
        profile,
        require_stage,
        Method::quickest(),
        Some(earlier),
        &Arc::default(),
    ))
}

fn verify_event_by(
    source: &dyn Source,
    trust: Option<&Trust>,
    profile: Profile,
    require_stage: Stage,
    method: Method,
    earlier: Option<&EarlierReport>,
    progress: &Arc<Progress>,
) -> Result<Report, SourceError> {
    let start = Instant::now();
    let mut report = event::verify(source, trust, profile, require_stage, method, earlier, progress)?;
    digest_checkpoints(source, &mut report);
    for name in event::archive_names(&source.list()?) {
        if let Some(sha256) = source.open(&name).ok().and_then(hash::sha256_of_stream) {
            let sha256 = hex::encode(sha256);
            report.inputs.push(InputDigest { name, sha256 });
        }
    }
    report.elapsed_ms = millis_since(start);
    Ok(report)
}

/// Verifies the published folder of a jurisdiction: its calendar ledger and its registers. Of the options, stage and `plain` do not apply.
///
/// Spec: specs/verification.md §14, §15.
///
/// # Errors
/// If the folder or the trust file cannot be used at all. Everything else is in the report.
pub fn verify_jurisdiction(dir: &Path, options: &Options) -> Result<Report, Unusable> {
    let (trust, inputs) = read_trust(options.trust.as_deref())?;
    of_folder(dir, options.threads, inputs, |folder| {
        verify_jurisdiction_source(folder, trust.as_ref(), options.profile)
    })
}

/// Verifies the published files of a jurisdiction, wherever they are, on the threads of the caller. Digests of the inputs do not include
/// the trust file: the caller has its bytes.
///
/// Spec: specs/verification.md §14, §15.
///
/// # Errors
/// If the source cannot be listed.
pub fn verify_jurisdiction_source(
    source: &dyn Source,
    trust: Option<&Trust>,
    profile: Profile,
) -> Result<Report, SourceError> {
    let start = Instant::now();
    let mut report = jurisdiction::verify(source, trust, profile)?;
    digest_checkpoints(source, &mut report);
    report.elapsed_ms = millis_since(start);
    Ok(report)
}

fn millis_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Verifies one ledger: `dir` is the folder `ledgers/<id>` of a published folder.
///
/// Spec: specs/verification.md §2.3, §2.4, §3.
///
/// # Errors
/// If the folder or the trust file cannot be used at all. Everything else is in the report.
pub fn verify_ledger(dir: &Path, options: &Options) -> Result<Report, Unusable> {
    let start = Instant::now();
    let (trust, inputs) = read_trust(options.trust.as_deref())?;
    let path = dir.canonicalize().map_err(|error| Unusable::File {
        path: dir.to_owned(),
        error,
    })?;
    let id = path.file_name().and_then(|name| name.to_str()).and_then(hex32);
    let id = id.ok_or_else(|| Unusable::LedgerName(dir.to_owned()))?;
    let folder = open(dir)?;
    let mut report = with_threads(options.threads, || {
        verify_ledger_source(&folder, id, trust.as_ref())
    })?
    .map_err(|error| Unusable::Folder {
        path: dir.to_owned(),
        error,
    })?;
    report.inputs = inputs;
    if let Ok(bytes) = folder.read("checkpoint", MAX_CHECKPOINT_BYTES) {
        report.inputs.push(digest("checkpoint".to_owned(), &bytes));
    }
    report.elapsed_ms = millis_since(start);
    Ok(report)
}

/// Verifies the published files of one ledger, wherever they are: paths are those inside its folder.
///
/// Spec: specs/verification.md §2.3, §2.4, §3.
///
/// # Errors
/// If the source cannot be listed.
pub fn verify_ledger_source(
    source: &dyn Source,
    id: [u8; 32],
    trust: Option<&Trust>,
) -> Result<Report, SourceError> {
    let listing = source.list()?;
    let others = [
        Check::FolderLayout,
        Check::TrustLedger,
        Check::TrustCheckpoint,
        Check::FolderContent,
    ];
    let mut checks = Checks::new(others.into_iter().chain(LEDGER_CHECKS));
    checks.limit(
        Check::FolderContent,
        "contents lie outside the folder of a ledger",
    );
    layout::check_ledger_layout(source, &listing, id, &mut checks);
    let ledger = ledger::scan(source, "", id, None, &mut checks);
    if let Some(ledger) = &ledger {
        for citation in &ledger.citations {
            let target = hex::encode(citation.target.ledger);
            checks.limit(
                Check::EntryRefs,
                format!("refs to ledger {target}, which is not here"),
            );
        }
    }
    if ledger.as_ref().is_some_and(|ledger| ledger.has_participants) {
        let reason = "keys of participants are followed with the whole jurisdiction";
        checks.limit(Check::EventAuthor, reason);
    }
    match trust {
        None => {
            checks.limit(Check::TrustLedger, "no trust file was given");
            checks.limit(Check::TrustCheckpoint, "no trust file was given");
        }
        Some(trust) => match trust.ledger(&id) {
            None => {
                let detail = "the trust file does not list this ledger";
                checks.fail(Check::TrustLedger, Place::ledger(id), detail);
            }
            Some(trusted) => event::check_trusted(trusted, ledger.as_ref(), &mut checks),
        },
    }
    let judgement = Judgement {
        trusted: trust.is_some(),
        limits_allowed: true,
        unsupported: &[],
    };
    let mut report = new_report("ledger", &checks, &judgement);
    report.ledgers = ledger.iter().map(ledger_summary).collect();
    Ok(report)
}

/// Verifies receipts against a trust file, and against a published folder if one is given.
///
/// Spec: specs/verification.md §7.
///
/// # Errors
/// If a file, the trust file or the folder cannot be used at all. Everything else is in the report.
pub fn verify_receipts(
    files: &[PathBuf],
    trust: &Path,
    folder: Option<&Path>,
    threads: Option<usize>,
) -> Result<Report, Unusable> {
    let start = Instant::now();
    let (trust, mut inputs) = read_trust(Some(trust))?;
    let mut receipts = Vec::new();
    for path in files {
        let bytes = read_file(path, MAX_RECEIPT_BYTES)?;
        if !bytes.starts_with(format!("{RECEIPT_HEADER}\n").as_bytes()) {
            return Err(Unusable::NotAReceipt(path.clone()));
        }
        let name = escape(&path.display().to_string());
        inputs.push(digest(name.clone(), &bytes));
        receipts.push((name, bytes));
    }
    let folder = folder.map(open).transpose()?;
    let source = folder.as_ref().map(|folder| folder as &dyn Source);
    // `read_trust` returns a trust file whenever it is given a path.
    let trust = trust.ok_or_else(|| TrustError::Malformed("missing".to_owned()))?;
    let mut report = with_threads(threads, || receipt::verify(&receipts, &trust, source))?;
    report.inputs = inputs;
    report.elapsed_ms = millis_since(start);
    Ok(report)
}

fn open(dir: &Path) -> Result<Folder, Unusable> {
    Folder::open(dir).map_err(|error| Unusable::Folder {
        path: dir.to_owned(),
        error,
    })
}

fn read_trust(path: Option<&Path>) -> Result<(Option<Trust>, Vec<InputDigest>), Unusable> {
    let Some(path) = path else {
        return Ok((None, Vec::new()));
    };
    let bytes = read_file(path, MAX_TRUST_BYTES)?;
    Ok((
        Some(Trust::parse(&bytes)?),
        vec![digest("trust".to_owned(), &bytes)],
    ))
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Unusable> {
    let fault = |error| Unusable::File {
        path: path.to_owned(),
        error,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(fault)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    if bytes.len() as u64 > limit {
        Err(Unusable::TooLong {
            path: path.to_owned(),
            limit,
        })
    } else {
        Ok(bytes)
    }
}

fn digest(name: String, bytes: &[u8]) -> InputDigest {
    InputDigest {
        name,
        sha256: hex::encode(sha256(&[bytes])),
    }
}

fn with_threads<T: Send>(threads: Option<usize>, work: impl FnOnce() -> T + Send) -> Result<T, Unusable> {
    match threads {
        None => Ok(work()),
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            Ok(pool
                .map_err(|error| Unusable::Threads(error.to_string()))?
                .install(work))
        }
    }
}
