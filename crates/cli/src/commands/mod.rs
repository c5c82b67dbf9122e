//! The commands: arguments, messages, exit codes.

pub(crate) mod backup;
pub(crate) mod ballot_box;
pub(crate) mod calendar;
pub(crate) mod consultation;
pub(crate) mod credential;
pub(crate) mod demo;
pub(crate) mod election;
pub(crate) mod erasure;
pub(crate) mod export;
pub(crate) mod foi;
pub(crate) mod generate;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod open_data;
pub(crate) mod outcome;
pub(crate) mod person;
pub(crate) mod receipt;
pub(crate) mod restore;
pub(crate) mod roll;
pub(crate) mod station;
pub(crate) mod store;
pub(crate) mod store_copy;
pub(crate) mod trustee;
pub(crate) mod vault;
pub(crate) mod views;
pub(crate) mod vote;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use sijill_engine::keyfile::{KeyFile, SigningKind};
use sijill_ledger::{KeyId, LedgerId, SigningKey};

use crate::acts::Event;
use crate::error::{Failure, Outcome};
use crate::passphrase::Passphrases;
use crate::render::{self, show, tell};
use crate::site::{Clocks, OpenSite, Site};
use crate::stores::Held;

/// Elections whose every step stands on a public, verifiable ledger.
#[derive(Debug, Parser)]
#[command(
    name = "sijill",
    version,
    arg_required_else_help = true,
    after_help = "Begin with `sijill demo`: a referendum, a council election and a jurisdiction in one folder.\n\n\
        The way of an event, and who runs each step:\n\
        \x20 operator     init\n\
        \x20 everybody    key new            trustees: trustee keygen\n\
        \x20 commission   election new\n\
        \x20 registrar    roll import, credential issue, roll freeze\n\
        \x20 operator     ledger publish\n\
        \x20 trustees     trustee publish, or trustee ceremony next     operator: ledger submit, ledger publish\n\
        \x20 commission   election prepare, election open\n\
        \x20 stations     station assign and define before that; then station set-up, open, desk, close, sign, export;\n\
        \x20              station receive, guests, decide, exclude; station return and totals in the place of paper\n\
        \x20 voters       vote, receipt check\n\
        \x20 commission   election close     registrar: election exclude\n\
        \x20 commission   election seal      operator: ledger publish\n\
        \x20 trustees     trustee decrypt     operator: ledger submit\n\
        \x20 commission   election paper, election result, where needed election tie\n\
        \x20 operator     ledger publish     commission: election certify     operator: ledger submit\n\
        \x20 operator     ledger publish     everybody: verify\n\n\
        Exit codes: 0 done, 1 refused or failed, 2 wrong arguments. `verify` has its own, see there."
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The installation's folder [default: sijill-data; for the demo: sijill-demo]
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// File whose first line is the passphrase of your key files; without it you are asked
    #[arg(long, global = true, value_name = "FILE", env = "SIJILL_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// The same for the keys of service and ledgers [default: as --passphrase-file]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "SIJILL_ENGINE_PASSPHRASE_FILE"
    )]
    engine_passphrase_file: Option<PathBuf>,
    /// Pretend that it is this moment, such as 2026-12-05T07:00:00+03:00. Only where every event is a rehearsal
    #[arg(long, global = true, value_name = "TIME")]
    rehearsal_clock: Option<jiff::Timestamp>,
    /// Say what was done, or what went wrong, as one line of JSON
    #[arg(long, global = true)]
    json: bool,
    /// The event, by its election ledger's id [default: the last one defined in this folder]
    #[arg(long, global = true, value_name = "LEDGER")]
    event: Option<LedgerId>,
    /// Make key files whose passphrase can be guessed quickly: for tests, and only with --rehearsal-clock
    #[arg(long, global = true, hide = true, requires = "rehearsal_clock")]
    danger_fast_keys: bool,
    /// Leases of this process, given back when the command has ended.
    #[arg(skip)]
    held: Held,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a referendum, a council election and a jurisdiction with invented people in a fresh folder, and verify them
    Demo(demo::DemoArgs),
    /// Make an installation: data folder, keys of service and ledgers, checkpoint record
    Init(init::InitArgs),
    /// Make and look at key files
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Keep the electoral roll (registrar)
    #[command(subcommand)]
    Roll(roll::RollCommand),
    /// Look after what is kept of persons: copies, erasure, access log (registrar)
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// Issue voters' credentials (registrar)
    #[command(subcommand)]
    Credential(credential::CredentialCommand),
    /// Define, open, close, seal and count an event (commission)
    #[command(subcommand)]
    Election(election::ElectionCommand),
    /// Look after ballot boxes
    #[command(subcommand)]
    Box(ballot_box::BoxCommand),
    /// Hold a part of the election key (trustees, on their own machines)
    #[command(subcommand)]
    Trustee(trustee::TrusteeCommand),
    /// Keep the calendar of a jurisdiction: holidays, rule packs, registers (commission)
    #[command(subcommand)]
    Calendar(calendar::CalendarCommand),
    /// Answer requests for information, with a clock that everybody can check
    #[command(subcommand)]
    Foi(Box<foi::FoiCommand>),
    /// Ask the public about a document: comments on its clauses, moderation, answers, the report
    #[command(subcommand)]
    Consultation(Box<consultation::ConsultationCommand>),
    /// Write what registers publish in the forms of others: open data, feeds
    #[command(subcommand)]
    Export(open_data::ExportCommand),
    /// Look after what registers keep of persons: letters, copies, erasure, legal holds
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// Vote, as a voter's device does
    Vote(vote::VoteArgs),
    /// Look at receipts, and check them
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Keep a polling station, on its own machine; and at the centre, bring its book in
    #[command(subcommand)]
    Station(station::StationCommand),
    /// Look at ledgers, and publish them
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Write shell completions and man pages of `sijill` and `sijill-verify`
    #[command(subcommand)]
    Generate(generate::GenerateCommand),
    /// Check and copy event stores
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Look after read models
    #[command(subcommand)]
    Views(views::ViewsCommand),
    /// Copy event store and documents into a free folder; a service may be running meanwhile
    Backup(backup::BackupArgs),
    /// Put a backup in the place of a data folder that is gone
    Restore(restore::RestoreArgs),
    /// Verify a published folder, a ledger, receipts or archives, exactly as `sijill-verify` does
    #[command(disable_help_flag = true, disable_help_subcommand = true)]
    Verify {
        /// `event`, `ledger`, `receipt` or `bel` and their arguments; `sijill verify --help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<OsString>,
    },
}

/// Runs the command of this process.
pub(crate) fn main() -> ExitCode {
    no_core_dumps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return wrong_arguments(&error),
    };
    if cli.common.json {
        render::choose_json();
    }
    if cli.common.danger_fast_keys {
        crate::passphrase::danger_choose_fast();
    }
    if let Command::Verify { arguments } = &cli.command {
        let mut all = vec![OsString::from("sijill verify")];
        all.extend(arguments.iter().cloned());
        if cli.common.json && !arguments.iter().any(|argument| argument == "--json") {
            all.push(OsString::from("--json"));
        }
        let code = sijill_verifier::run_cli(all);
        return ExitCode::from(u8::try_from(code).unwrap_or(3));
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("SIJILL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error,kurrentdb=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::failed(format!("threads cannot be started: {e}"), "try again"))
        .and_then(|runtime| {
            runtime.block_on(async {
                let outcome = run(cli.command, &cli.common).await;
                cli.common.held.release().await;
                outcome
            })
        });
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            if render::wants_json() {
                show!(failure.to_json());
            } else {
                tell!("{failure}");
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Secrets in memory stay out of core dumps, and other processes of the user from this one's memory.
fn no_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Where a system refuses, the command works as well: specs/operations.md §10 tells the operator.
    let _refused = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _refused = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Help and version, or what is wrong with the arguments: as JSON too, though they could not be read.
fn wrong_arguments(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os()
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json");
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    if json && code != 0 {
        render::choose_json();
        let text = error.to_string();
        let problem = text.split("\n\n").next().unwrap_or_default();
        let problem = problem.strip_prefix("error: ").unwrap_or(problem).trim();
        show!(Failure::usage(problem, "`--help` after the command shows its arguments").to_json());
    } else {
        let _gone = error.print();
    }
    ExitCode::from(code)
}

async fn run(command: Command, common: &Common) -> Outcome<ExitCode> {
    match command {
        Command::Demo(args) => demo::run(&args, common).await,
        Command::Init(args) => init::run(&args, common),
        Command::Key(command) => key::run(&command, common),
        Command::Roll(command) => roll::run(&command, common).await,
        Command::Vault(command) => vault::run(&command, common).await,
        Command::Credential(command) => credential::run(&command, common).await,
        Command::Election(command) => election::run(&command, common).await,
        Command::Box(command) => ballot_box::run(&command, common).await,
        Command::Trustee(command) => trustee::run(&command, common).await,
        Command::Calendar(command) => calendar::run(&command, common).await,
        Command::Foi(command) => foi::run(&command, common).await,
        Command::Consultation(command) => consultation::run(&command, common).await,
        Command::Export(command) => open_data::run(&command, common).await,
        Command::Person(command) => person::run(&command, common).await,
        Command::Vote(args) => vote::run(&args, common).await,
        Command::Station(command) => station::run(&command, common).await,
        Command::Receipt(command) => return receipt::run(&command),
        Command::Ledger(command) => ledger::run(&command, common).await,
        Command::Generate(command) => generate::run(&command, Cli::command()),
        Command::Store(command) => return store::run(&command, common).await,
        Command::Views(command) => views::run(&command, common).await,
        Command::Backup(args) => backup::run(&args, common),
        Command::Restore(args) => return restore::run(&args, common).await,
        // Handled before the runtime is made.
        Command::Verify { .. } => Ok(()),
    }
    .map(|()| ExitCode::SUCCESS)
}

impl Common {
    fn dir(&self) -> &Path {
        self.dir.as_deref().unwrap_or(Path::new("sijill-data"))
    }

    fn demo_dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| PathBuf::from("sijill-demo"))
    }

    fn passphrases(&self) -> Passphrases {
        Passphrases {
            acting: self.passphrase_file.clone(),
            engine: self.engine_passphrase_file.clone(),
        }
    }

    fn clock(&self) -> Outcome<Clocks> {
        Clocks::at(self.rehearsal_clock)
    }

    fn site(&self) -> Outcome<Site> {
        Site::open(self.dir())
    }

    async fn start(&self, site: &Site) -> Outcome<OpenSite> {
        site.start(self.clock()?, &self.passphrases().engine()?, &self.held)
            .await
    }

    /// Opens the site and the event that is meant.
    async fn start_event(&self) -> Outcome<(Site, OpenSite, Event)> {
        let site = self.site()?;
        let event = site.event(self.event)?;
        let open = self.start(&site).await?;
        let event = open.event(event)?;
        Ok((site, open, event))
    }

    /// Unlocks a person's signing key.
    fn signing_key(&self, path: &Path) -> Outcome<SigningKey> {
        let file = KeyFile::load(path)?;
        Ok(file.unlock_signing_key(SigningKind::Author, &self.passphrases().acting(path)?)?)
    }
}

/// A public key: its 64 hexadecimal digits, or a key file that shows it.
pub(crate) fn public_key(text: &str) -> Outcome<KeyId> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let file = KeyFile::load(Path::new(text))?;
    file.public().and_then(|key| key.parse().ok()).ok_or_else(|| {
        Failure::refused(
            format!("{text} has no public signing key"),
            "give the signing key, or its public part",
        )
        .code("key.kind")
    })
}
