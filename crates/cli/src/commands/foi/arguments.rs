//! What `sijill foi` is told.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::redacting::{RedactArgs, RenditionCommand};
use crate::commands::calendar::Names;

/// The key file of whoever acts.
#[derive(Debug, Args)]
pub(crate) struct KeyArg {
    /// The signing key file of the officer
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
}

/// A page of a list.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// At most so many lines
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) most: u32,
    /// Go on where a page ended, as its `next` said
    #[arg(long, value_name = "PLACE")]
    pub(super) from: Option<String>,
}

/// Which part of the work lists.
#[derive(Debug, Args)]
pub(crate) struct WorklistArgs {
    /// Of this register
    #[arg(value_name = "REGISTER", conflicts_with = "authority")]
    pub(super) register: Option<String>,
    /// Of all registers of this authority
    #[arg(long, value_name = "ID")]
    pub(super) authority: Option<String>,
    /// Only what stands so
    #[arg(long, value_enum)]
    pub(super) standing: Option<StandingArg>,
    /// Only what this officer acted on last: a public key, or a key file
    #[arg(long, value_name = "KEY")]
    pub(super) officer: Option<String>,
    #[command(flatten)]
    pub(super) page: PageArgs,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum StandingArg {
    /// The due date has passed
    Overdue,
    /// Today is the due date
    DueToday,
    /// The due date lies ahead
    Running,
    /// The clock is stopped
    Paused,
    /// To be decided anew after a grievance
    Reopened,
    /// Extensions were taken
    Extended,
}

/// What was handed in on paper.
#[derive(Debug, Args)]
pub(crate) struct Paper {
    /// It came on paper, on this day
    #[arg(long, value_name = "DAY", requires = "scan", requires = "key")]
    pub(super) received_on: Option<String>,
    /// The scan of the letter
    #[arg(long, value_name = "FILE", requires = "received_on")]
    pub(super) scan: Option<PathBuf>,
    /// The signing key file of the officer who enters a letter
    #[arg(long, value_name = "FILE", requires = "received_on")]
    pub(super) key: Option<PathBuf>,
}

/// Why a request is not for this law.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Ground {
    /// It asks for own personal data
    OwnData,
    /// Another law applies
    OtherLaw,
}

/// What became of a fee.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Settled {
    /// It was paid
    Paid,
    /// It was waived
    Waived,
}

/// What becomes of a grievance.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GrievanceDecision {
    /// The first decision stands
    Upheld,
    /// It is changed: decide anew
    Varied,
    /// It is reversed: decide anew
    Overturned,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// Comma-separated, for open data
    Csv,
}

/// Answer requests for information. A REQUEST is its reference, such as moph-2026/17.
#[derive(Debug, Subcommand)]
pub(crate) enum FoiCommand {
    /// Make a register, list it, and put it under a rule pack (commission)
    New {
        /// Its name in references, such as moph-2026
        #[arg(long, value_name = "ID")]
        id: String,
        /// The authority that keeps it, such as moph
        #[arg(long, value_name = "ID")]
        authority: String,
        #[command(flatten)]
        names: Names,
        /// The rule pack, such as qa-2022-009/1
        #[arg(long, value_name = "PACK")]
        pack: String,
        /// Officers who answer: public keys, or key files
        #[arg(long, value_name = "KEY", required = true)]
        officer: Vec<String>,
        /// Officers who decide on grievances
        #[arg(long, value_name = "KEY")]
        grievance_officer: Vec<String>,
        /// Further members of the commission
        #[arg(long, value_name = "KEY")]
        member: Vec<String>,
        /// The register that it continues, which takes no new requests from then on
        #[arg(long, value_name = "ID")]
        succeeds: Option<String>,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Put requests to come under another rule pack (commission)
    Rules {
        /// The register
        #[arg(value_name = "REGISTER")]
        register: String,
        /// The rule pack, such as qa-2022-009/2
        #[arg(value_name = "PACK")]
        pack: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Submit a request, as the service does for a requester, or enter one that came on paper
    Submit {
        /// The register
        #[arg(value_name = "REGISTER")]
        register: String,
        /// The requester's identifier, if the service has checked it: their letters are then kept under it
        #[arg(long, value_name = "IDENTIFIER")]
        person: Option<String>,
        /// File that says who asks and how to reach them
        #[arg(long, value_name = "FILE")]
        requester: PathBuf,
        /// File that says what they ask for
        #[arg(long, value_name = "FILE")]
        text: PathBuf,
        #[command(flatten)]
        paper: Paper,
    },
    /// Admit a request: it will be answered here
    Admit {
        /// The request
        request: String,
        /// What it is about, for the public: name nobody
        #[arg(long, value_name = "TEXT")]
        summary: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Show the requester another way, because this law is not the right one
    RouteOut {
        /// The request
        request: String,
        /// Why
        #[arg(long, value_enum)]
        ground: Ground,
        /// File with what the requester is told
        #[arg(long, value_name = "FILE")]
        explanation: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Pass a request on to the authority that holds what is asked for
    Transfer {
        /// The request
        request: String,
        /// The register of that authority
        #[arg(long, value_name = "REGISTER")]
        to: String,
        /// File that says why
        #[arg(long, value_name = "FILE")]
        reason: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Link a request to an earlier one for the same
    Link {
        /// The request
        request: String,
        /// The earlier one
        #[arg(long, value_name = "REQUEST")]
        similar: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Ask the requester what is meant
    Ask {
        /// The request
        request: String,
        /// File with the question
        #[arg(long, value_name = "FILE")]
        question: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Record what the requester says is meant
    Answer {
        /// The request
        request: String,
        /// File with the answer
        #[arg(long, value_name = "FILE")]
        answer: PathBuf,
        #[command(flatten)]
        paper: Paper,
    },
    /// Quote a fee
    Fee {
        /// The request
        request: String,
        /// How much, in the smallest unit
        #[arg(long, value_name = "N")]
        amount: u64,
        /// Its currency
        #[arg(long, value_name = "XXX", default_value = "QAR")]
        currency: String,
        /// Last day to pay
        #[arg(long, value_name = "DAY")]
        pay_by: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Record that a fee was paid or waived
    Settle {
        /// The request
        request: String,
        /// What became of it
        #[arg(value_enum)]
        how: Settled,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Close a request whose fee was not paid in time
    Unpaid {
        /// The request
        request: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Hear a third party
    Consult {
        /// The request
        request: String,
        /// File that says who
        #[arg(long, value_name = "FILE")]
        party: PathBuf,
        /// File with what they are told
        #[arg(long, value_name = "FILE")]
        notice: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Record what a third party says
    Reply {
        /// The register
        #[arg(value_name = "REGISTER")]
        register: String,
        /// The consultation, by its entry on the ledger
        #[arg(value_name = "N")]
        consultation: u64,
        /// File with the reply
        #[arg(long, value_name = "FILE")]
        reply: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Extend the deadline, on or before the due date
    Extend {
        /// The request
        request: String,
        /// Why, for the public
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Record that the requester withdraws
    Withdraw {
        /// The request
        request: String,
        #[command(flatten)]
        paper: Paper,
    },
    /// Decide, document by document, as a file says
    #[command(long_about = "Decide, document by document, as a file says.\n\n\
        The file is TOML: `statement = \"…\"`, the reasons for the public; then for each document `[[document]]` with \
        `title`, `outcome` (released, partly-released, refused, not-held, already-public), and where something is \
        withheld `exemptions = [\"…\"]` (codes of the rule pack) and `original = \"FILE\"`, which stays with the service; \
        where it is public already, `place`.")]
    Decide {
        /// The request
        request: String,
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Publish documents that were decided for release
    Release {
        /// The request
        request: String,
        /// Number of the document in the decision, from 0, and the file: 0=report.pdf
        #[arg(value_name = "N=FILE", required = true)]
        files: Vec<String>,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Make a rendition: a new file from which words, lines, areas or pages are really gone
    Redact(RedactArgs),
    /// Look at renditions
    #[command(subcommand)]
    Rendition(RenditionCommand),
    /// Withdraw what was released by mistake
    Recall {
        /// The request
        request: String,
        /// Numbers of documents in the decision, from 0
        #[arg(value_name = "N", required = true)]
        documents: Vec<u16>,
        /// Why, for the public
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// File a grievance for a requester, or enter one that came on paper
    Grieve {
        /// The request
        request: String,
        /// File with what they say
        #[arg(long, value_name = "FILE")]
        statement: PathBuf,
        #[command(flatten)]
        paper: Paper,
    },
    /// Decide the open grievance about a request (another officer)
    DecideGrievance {
        /// The request
        request: String,
        /// How
        #[arg(value_enum)]
        decision: GrievanceDecision,
        /// Why, for the public
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// The work list: what is overdue, due today, running, paused
    Board {
        /// The register
        #[arg(value_name = "REGISTER")]
        register: String,
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Write the days to this file too, as an iCalendar feed
        #[arg(long, value_name = "FILE")]
        icalendar: Option<PathBuf>,
    },
    /// One case: its due date, line by line, and what is open to the requester
    Case {
        /// The request
        request: String,
    },
    /// What was decided and released, newest first
    Log {
        /// The register
        #[arg(value_name = "REGISTER")]
        register: String,
    },
    /// The work list by pages, of all registers or a part of them
    Worklist(WorklistArgs),
    /// What was decided and released in all registers, newest first, by pages
    Disclosures {
        /// Of this register
        #[arg(value_name = "REGISTER", conflicts_with = "authority")]
        register: Option<String>,
        /// Of all registers of this authority
        #[arg(long, value_name = "ID")]
        authority: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Published answers that are about the same as a text: look before you ask
    Similar {
        /// What is asked for
        #[arg(value_name = "TEXT")]
        text: String,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 10)]
        most: u32,
    },
    /// Reminders that are due now and were not sent: five working days before a due date, one day before, and on the day
    Reminders {
        /// These were sent, by their ids: they are not listed again
        #[arg(long, value_name = "ID", num_args = 1..)]
        sent: Vec<String>,
    },
    /// How the authorities answer
    League {
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// By authority, each with all its registers
        #[arg(long)]
        authorities: bool,
    },
    /// Order that contents be erased, by their commitments (commission). A second person confirms
    Erase {
        /// The register
        #[arg(value_name = "REGISTER")]
        register: String,
        /// Commitments, 64 hexadecimal digits each
        #[arg(value_name = "COMMITMENT", required = true)]
        commitments: Vec<String>,
        /// On what grounds, for the public
        #[arg(long, value_name = "TEXT")]
        basis: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Confirm an order to erase (another member of the commission): from then on the contents are gone
    ConfirmErasure {
        /// The register
        #[arg(value_name = "REGISTER")]
        register: String,
        /// The order, as `erase` told it
        #[arg(value_name = "ORDER")]
        order: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Publish the due dates of a register on its ledger
    DueDates {
        /// The register
        #[arg(value_name = "REGISTER")]
        register: String,
    },
}

/// The request that a command is about.
pub(super) fn request_of(command: &FoiCommand) -> Option<&str> {
    Some(match command {
        FoiCommand::Admit { request, .. }
        | FoiCommand::RouteOut { request, .. }
        | FoiCommand::Transfer { request, .. }
        | FoiCommand::Link { request, .. }
        | FoiCommand::Ask { request, .. }
        | FoiCommand::Answer { request, .. }
        | FoiCommand::Fee { request, .. }
        | FoiCommand::Settle { request, .. }
        | FoiCommand::Unpaid { request, .. }
        | FoiCommand::Consult { request, .. }
        | FoiCommand::Extend { request, .. }
        | FoiCommand::Withdraw { request, .. }
        | FoiCommand::Decide { request, .. }
        | FoiCommand::Release { request, .. }
        | FoiCommand::Recall { request, .. }
        | FoiCommand::Grieve { request, .. }
        | FoiCommand::DecideGrievance { request, .. }
        | FoiCommand::Case { request } => request,
        _ => return None,
    })
}
