//! The command line.
//!
//! Spec: specs/verification.md §1.5, §8.

use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::explain;
use crate::progress_line::ProgressLine;
use crate::report::{ArchiveProfile, ArchiveStage, Profile, Report, Stage, escape};
use crate::watch::{WatchStatus, Watcher};
use crate::{
    ArchiveOptions, ArchiveReports, Options, Unusable, verify_archives, verify_event_watched,
    verify_jurisdiction, verify_ledger, verify_receipts,
};

/// Unusable or unsupported input.
const EXIT_UNUSABLE: i32 = 2;
/// A fault of this program.
const EXIT_INTERNAL: i32 = 3;

/// Check published registers without trusting those who run them
#[derive(Debug, Parser)]
#[command(
    name = "sijill-verify",
    version,
    after_help = "\
Where trust starts: the trust file names the ledgers of an event and their keys. Get it by another way than the folder
(print, several web sites, a newspaper). Without it anyone could have made the folder, and nothing is reported as verified.

Examples:
  sijill-verify event published/ --trust trust.json
  sijill-verify event published/ --trust trust.json --require-stage sealed
  sijill-verify watch published/ --trust trust.json --state watched/ --once
  sijill-verify event published/ --trust trust.json --html report.html
  sijill-verify receipt my-ballot.tlog-proof --trust trust.json --folder published/
  sijill-verify bel election.bel --require-stage result

Exit codes: 0 verified; 1 not verified; 2 unusable or unsupported input; 3 internal error."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify the published folder of an event: ledgers, trustees, ballots, tally, result, views
    #[command(after_help = "\
Profiles: `public` looks at what everyone may read and lists what rests on restricted ledgers as not established;
`accredited` needs every ledger of the event, and then everything must be established.

Stages, in order: announced, defined, prepared, open, closed, sealed, anchored, result, published, certified. Every box must have reached the required one.")]
    Event(EventArgs),
    /// Verify the published folder of a jurisdiction: calendar, freedom of information, consultations, openings
    #[command(after_help = "\
Registers are judged up to their last closed day, which the report gives. An overdue report of a consultation is shown and is no failure.")]
    Jurisdiction(JurisdictionArgs),
    /// Verify one ledger: encoding, chain, signatures, authority, tree, checkpoint
    Ledger(LedgerArgs),
    /// Verify receipts: that an entry stands in a ledger, signed by the ledger's key
    #[command(after_help = "\
With --folder the receipt is also compared with the published ledger. If the two differ although both are signed, they prove
together that the ledger was forked: keep the receipt and publish it.")]
    Receipt(ReceiptArgs),
    /// Verify archives (*.bel) of elections that others ran with tools of the Belenios protocol
    #[command(after_help = "\
Archives of protocol version 1 on the group Ed25519 with homomorphic questions, at any stage. Nothing in an archive says who made it: compare
the fingerprint in the report with the one that the election announced.

Profiles: `strict` is the whole policy of this program; `compatible` accepts, besides, what other honest tools are known to
write, and notes it.

Stages, in order: setup, open, closed, tallied, decrypting, result.")]
    Bel(BelArgs),
    /// Say what a verdict code means and what to do about it; without a code, list all
    Explain {
        /// The code, as in a report
        code: Option<String>,
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Follow a published event: raise an alarm when a ledger is rewritten, forked, shortened or taken away
    #[command(after_help = "\
PLACE is a published folder, file:///PATH, or http(s)://… if this program was built with the feature `http`. Nothing but `watch` with
such a URL ever uses the network. The state folder keeps the latest signed checkpoint of each ledger of the trust file: keep it, it is
what later rounds are compared with. Signed notes that contradict each other are kept in its folder `evidence`.

Exit codes: 0 everything published continues what was; 1 alarm; 2 something could not be looked at; 3 internal error.
With --every the program ends at the first alarm, with 1.")]
    Watch(WatchArgs),
}

#[derive(Debug, Args)]
struct EventArgs {
    /// The published folder, with `ledgers/` and `content/` in it
    dir: PathBuf,
    /// The trust file
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Which ledgers the folder claims to hold
    #[arg(long, value_enum, default_value_t = ProfileArg::Public)]
    profile: ProfileArg,
    /// The stage that every box must have reached
    #[arg(long, value_enum, value_name = "STAGE", default_value_t = StageArg::Published)]
    require_stage: StageArg,
    /// The JSON report of an earlier run that was verified: what it covers is not checked at length again. Keep it where only you write
    #[arg(long, value_name = "REPORT", requires = "trust")]
    since: Option<PathBuf>,
    /// Check every part of a ballot by itself: the same verdict, more slowly
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
struct JurisdictionArgs {
    /// The published folder, with `ledgers/`, `content/` and `openings/` in it
    dir: PathBuf,
    /// The trust file
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Which registers the folder claims to hold
    #[arg(long, value_enum, default_value_t = ProfileArg::Public)]
    profile: ProfileArg,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
struct LedgerArgs {
    /// The folder of one ledger, `ledgers/<id>`
    dir: PathBuf,
    /// The trust file
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
struct ReceiptArgs {
    /// Receipts (*.tlog-proof)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The trust file
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// A published folder to compare the receipts with
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
struct BelArgs {
    /// Archives, or folders with archives in them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What is accepted
    #[arg(long, value_enum, default_value_t = BelProfileArg::Strict)]
    profile: BelProfileArg,
    /// The stage that every archive must have reached
    #[arg(long, value_enum, value_name = "STAGE", default_value_t = BelStageArg::Setup)]
    require_stage: BelStageArg,
    /// Threads for cryptography [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print the reports as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct WatchArgs {
    /// The published folder, or its URL
    place: String,
    /// The trust file
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// The folder that keeps what was seen; made if it is not there
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Look once and end, as without --every
    #[arg(long, conflicts_with = "every")]
    once: bool,
    /// Look every so many seconds, and print what changed
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    every: Option<u32>,
    /// Print one line of JSON for each ledger
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CommonArgs {
    /// Threads for cryptography [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// List every check
    #[arg(long, conflicts_with = "json")]
    checks: bool,
    /// Write the report as one HTML file in English and Arabic, to print, sign and file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileArg {
    Public,
    Accredited,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StageArg {
    Announced,
    Defined,
    Prepared,
    Open,
    Closed,
    Sealed,
    Anchored,
    Result,
    Published,
    Certified,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BelProfileArg {
    Strict,
    Compatible,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BelStageArg {
    Setup,
    Open,
    Closed,
    Tallied,
    Decrypting,
    Result,
}

impl Command {
    fn common(&self) -> Option<&CommonArgs> {
        match self {
            Command::Event(args) => Some(&args.common),
            Command::Jurisdiction(args) => Some(&args.common),
            Command::Ledger(args) => Some(&args.common),
            Command::Receipt(args) => Some(&args.common),
            Command::Bel(_) | Command::Explain { .. } | Command::Watch(_) => None,
        }
    }

    fn wants_json(&self) -> bool {
        match self {
            Command::Explain { json, .. } => *json,
            Command::Watch(args) => args.json,
            Command::Bel(args) => args.json,
            _ => self.common().is_some_and(|common| common.json),
        }
    }
}

impl From<ProfileArg> for Profile {
    fn from(profile: ProfileArg) -> Profile {
        match profile {
            ProfileArg::Public => Profile::Public,
            ProfileArg::Accredited => Profile::Accredited,
        }
    }
}

impl From<BelProfileArg> for ArchiveProfile {
    fn from(profile: BelProfileArg) -> ArchiveProfile {
        match profile {
            BelProfileArg::Strict => ArchiveProfile::Strict,
            BelProfileArg::Compatible => ArchiveProfile::Compatible,
        }
    }
}

impl From<BelStageArg> for ArchiveStage {
    fn from(stage: BelStageArg) -> ArchiveStage {
        match stage {
            BelStageArg::Setup => ArchiveStage::Setup,
            BelStageArg::Open => ArchiveStage::Open,
            BelStageArg::Closed => ArchiveStage::Closed,
            BelStageArg::Tallied => ArchiveStage::Tallied,
            BelStageArg::Decrypting => ArchiveStage::Decrypting,
            BelStageArg::Result => ArchiveStage::Result,
        }
    }
}

impl From<StageArg> for Stage {
    fn from(stage: StageArg) -> Stage {
        match stage {
            StageArg::Announced => Stage::Announced,
            StageArg::Defined => Stage::Defined,
            StageArg::Prepared => Stage::Prepared,
            StageArg::Open => Stage::Open,
            StageArg::Closed => Stage::Closed,
            StageArg::Sealed => Stage::Sealed,
            StageArg::Anchored => Stage::Anchored,
            StageArg::Result => Stage::Result,
            StageArg::Published => Stage::Published,
            StageArg::Certified => Stage::Certified,
        }
    }
}

/// The arguments of the command, for completions and manuals.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// What cannot be used, as one line of JSON on standard output: programs read the same stream for every outcome.
fn unusable_json(message: &str) -> String {
    let document = serde_json::json!({
        "error": message,
        "help": "give the folder, receipt, archive or trust file that the command asks for; `--help` says which",
        "kind": "unusable",
        "code": "unusable",
    });
    format!("{document}\n")
}

/// Runs the command with its arguments, the program's name first. Prints the report to standard output and faults to standard error.
///
/// Returns the exit code: 0 verified, 1 not verified, 2 unusable or unsupported input or arguments, 3 internal error.
#[must_use]
pub fn run_cli(args: impl IntoIterator<Item = OsString>) -> i32 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let code = error.exit_code();
            return if error.print().is_ok() {
                code
            } else {
                EXIT_INTERNAL
            };
        }
    };
    if let Command::Explain { code, json } = &cli.command
        && let Some(text) = match code.as_deref() {
            code if *json => explain::to_json(code),
            None => Some(explain::list()),
            Some(code) => explain(code),
        }
    {
        return print(&text, 0);
    }
    // A panic is a fault of this program; it must never look like a verdict.
    let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| run(&cli.command))) else {
        return EXIT_INTERNAL;
    };
    match outcome {
        Ok(Output::Printed(code)) => code,
        Ok(Output::Archives(reports)) => {
            let text = if cli.command.wants_json() {
                reports.to_json()
            } else {
                reports.to_text()
            };
            print(&text, i32::from(reports.exit_code()))
        }
        Ok(Output::Report(report)) => {
            let common = cli.command.common();
            if let Some(path) = common.and_then(|common| common.html.as_deref())
                && let Err(error) = std::fs::write(path, report.to_html(now_ms()))
            {
                // A verdict without the file that was asked for would look like success.
                return refuse(&cli.command, &format!("{}: {error}", path.display()));
            }
            let text = match common {
                Some(common) if common.json => report.to_json(),
                Some(common) if common.checks => report.to_full_text(),
                _ => report.to_text(),
            };
            print(&text, i32::from(report.verdict.exit_code()))
        }
        Err(unusable) => refuse(&cli.command, &unusable.to_string()),
    }
}

/// What a command comes to.
enum Output {
    /// Everything was printed as it came: the exit code.
    Printed(i32),
    /// Reports on archives.
    Archives(ArchiveReports),
    /// The report on anything else.
    Report(Box<Report>),
}

/// Says what cannot be used, and returns the exit code.
fn refuse(command: &Command, message: &str) -> i32 {
    let message = escape(message);
    let written = if command.wants_json() {
        std::io::stdout()
            .lock()
            .write_all(unusable_json(&message).as_bytes())
    } else {
        writeln!(std::io::stderr().lock(), "sijill-verify: {message}")
    };
    if written.is_ok() {
        EXIT_UNUSABLE
    } else {
        EXIT_INTERNAL
    }
}

/// The time, Unix milliseconds.
fn now_ms() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

/// Prints a whole text and returns `code`, or that this failed.
fn print(text: &str, code: i32) -> i32 {
    let mut out = std::io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        EXIT_INTERNAL
    } else {
        code
    }
}

/// Prints rounds as they come; the exit code of the last one.
fn watch(args: &WatchArgs) -> Result<i32, Unusable> {
    let watcher = Watcher::open(&args.place, &args.trust, &args.state)?;
    let mut first = true;
    loop {
        let round = watcher.round()?;
        let mut text = String::new();
        for seen in &round.ledgers {
            let news = !matches!(seen.status, WatchStatus::Same | WatchStatus::Absent);
            if first || news {
                text.push_str(&if args.json { seen.to_json() } else { seen.to_text() });
            }
        }
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            return Ok(EXIT_INTERNAL);
        }
        drop(out);
        let code = round.exit_code();
        match args.every {
            Some(seconds) if code != 1 => std::thread::sleep(Duration::from_secs(u64::from(seconds))),
            _ => return Ok(i32::from(code)),
        }
        first = false;
    }
}

fn run(command: &Command) -> Result<Output, Unusable> {
    let threads = |common: &CommonArgs| common.threads.map(usize::from);
    let report = match command {
        Command::Event(args) => {
            let options = Options {
                trust: args.trust.clone(),
                profile: args.profile.into(),
                require_stage: args.require_stage.into(),
                threads: threads(&args.common),
                plain: args.plain,
            };
            let progress = Arc::default();
            let line = ProgressLine::start(&progress);
            let report = verify_event_watched(&args.dir, args.since.as_deref(), &options, &progress);
            drop(line);
            report
        }
        Command::Jurisdiction(args) => {
            let options = Options {
                trust: args.trust.clone(),
                profile: args.profile.into(),
                threads: threads(&args.common),
                ..Options::default()
            };
            verify_jurisdiction(&args.dir, &options)
        }
        Command::Ledger(args) => {
            let options = Options {
                trust: args.trust.clone(),
                threads: threads(&args.common),
                ..Options::default()
            };
            verify_ledger(&args.dir, &options)
        }
        Command::Receipt(args) => {
            let folder = args.folder.as_deref();
            verify_receipts(&args.files, &args.trust, folder, threads(&args.common))
        }
        Command::Bel(args) => {
            let options = ArchiveOptions {
                profile: args.profile.into(),
                require_stage: args.require_stage.into(),
            };
            return verify_archives(&args.files, &options, args.threads.map(usize::from))
                .map(Output::Archives);
        }
        // One that there is was explained before.
        Command::Explain { code, .. } => {
            return Err(Unusable::UnknownCode(code.clone().unwrap_or_default()));
        }
        Command::Watch(args) => return watch(args).map(Output::Printed),
    };
    report.map(|report| Output::Report(Box::new(report)))
}
