//! `sijill station`

mod centre;
mod guests;
mod machine;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use sijill_ledger::Scope;
use sijill_registers::names::Name;
use sijill_registers::station::events::Number;

use super::Common;
use super::roll::RegistrarArgs;
use crate::error::{Failure, Outcome};
use crate::roll_file;

/// The sealed roll of a station, in its kit and on its machine.
const ROLL: &str = "roll.sealed";

/// Keep a polling station, on its own machine; and at the centre, bring its book in.
#[derive(Debug, Subcommand)]
pub(crate) enum StationCommand {
    /// Centre: assign the lists of voters on the roll, and make a kit for each station's machine (registrar)
    Assign {
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// Who votes where: first line `identifier,station`, then one person in each line; every station of the event is
        /// in it, and one without voters has a line `,STATION`
        #[arg(long, value_name = "FILE")]
        list: PathBuf,
        /// Folder for the kits, one folder for each station; the roll in it is sealed under a passphrase of its own
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Draw these passphrases, and write each into a file of its own here, named as its station: carry it apart from
        /// the kit. Without it you are asked for each
        #[arg(long, value_name = "DIR")]
        passphrases: Option<PathBuf>,
    },
    /// Station: check somebody in whose identity document was seen
    CheckIn {
        /// The officer's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// Which document was seen
        #[arg(long, value_enum)]
        document: Document,
        /// The voter is assisted
        #[arg(long)]
        assistance: bool,
        /// The person is not on the list of this station: they get an envelope
        #[arg(long)]
        guest: bool,
    },
    /// Station: close it; the counts follow from the ledger
    Close {
        /// The officer's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Blank papers left over, counted by hand
        #[arg(long, value_name = "NUMBER")]
        unused: u64,
    },
    /// Centre: decide about a paper that is contested or in an envelope (commission)
    Decide {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The station
        #[arg(value_name = "STATION")]
        station: Name,
        /// The paper, by its position
        #[arg(value_name = "PAPER")]
        paper: u64,
        /// counts, or does-not-count
        #[arg(long, value_enum)]
        decision: Decision,
        /// The pseudonym of the guest whose envelope counts: the registrar tells it
        #[arg(long, value_name = "HEX")]
        person: Option<String>,
        /// Why; the roll commits to it without showing it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The file for the opening of that commitment; keep it
        #[arg(long, value_name = "FILE")]
        opening: PathBuf,
    },
    /// Centre: define the stations on the election ledger (commission)
    Define {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Station: begin an officer's duty, or end it
    Duty {
        /// The officer's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// End it
        #[arg(long)]
        end: bool,
    },
    /// Centre: exclude the digital ballots of those whose papers count (registrar)
    Exclude {
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Station: write the book into one file to carry to the centre
    Export {
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Station: hand out a paper to somebody who is checked in
    Issue {
        /// The officer's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The second officer's: needed where the paper may exclude a digital ballot
        #[arg(long, value_name = "FILE")]
        second: Option<PathBuf>,
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// Number of the envelope, for guests
        #[arg(long, value_name = "NUMBER")]
        envelope: Option<u64>,
    },
    /// Station: write the public keys of this machine, for the commission
    #[command(
        long_about = "Station: write the public keys of this machine, for the commission.\n\n\
        The commission names the file in its stations file, which `election new --stations` takes:\n\n  \
        [[station]]\n  id = \"east\"\n  name = { en = \"East school\", ar = \"\" }\n  keys = \"east.keys.json\"\n  \
        districts = [\"national\"]\n  chair = \"chair.key\"             # public key, or a key file that shows it\n  \
        members = [\"one.key\", \"two.key\"]\n  queue_minutes = 60              # how long those who wait are served after the close\n  \
        online = false"
    )]
    Keys {
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Station: whether somebody is on the list, checked in, and has a paper
    LookUp {
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
    },
    /// Centre: give up a book that is lost, by the rule of the rule pack (commission)
    Lose {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The station
        #[arg(value_name = "STATION")]
        station: Name,
        /// The rule
        #[arg(long, value_enum)]
        rule: LostRule,
        /// How it was lost, for the public
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Station: open it, with three officers on duty
    Open {
        /// The officer's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Blank papers received
        #[arg(long, value_name = "NUMBER")]
        papers: u64,
        /// Number of the urn's seal
        #[arg(long, value_name = "SEAL")]
        seal: Scope,
    },
    /// Centre: take the book of a station; the same file again changes nothing
    Receive {
        /// The file that `station export` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Station: make this installation the machine of a station, from its kit and the published folder
    SetUp {
        /// The kit that the registrar made
        #[arg(long, value_name = "DIR")]
        kit: PathBuf,
        /// The published folder of the event
        #[arg(long, value_name = "DIR")]
        published: PathBuf,
        /// The trust file
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
    },
    /// Station: sign the final state, after the close (the chair and two members)
    Sign {
        /// The officer's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Station: record a spoilt paper; `issue` then replaces it
    Spoil {
        /// The officer's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
    },
    /// Centre: the stations of the event, and how far their books have come
    Status,
}

/// An identity document.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Document {
    /// A valid ID card.
    IdCard,
    /// A digital ID.
    DigitalId,
}

/// Whether a paper counts.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Decision {
    /// It does.
    Counts,
    /// It does not.
    DoesNotCount,
}

/// What becomes of a station whose book is lost.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LostRule {
    /// None of its papers counts.
    VoidPaper,
    /// The digital ballots of its voters are excluded.
    VoidDigital,
}

/// Runs `sijill station`.
pub(crate) async fn run(command: &StationCommand, common: &Common) -> Outcome {
    match command {
        StationCommand::Assign {
            registrar,
            list,
            out,
            passphrases,
        } => centre::assign(registrar, list, (out, passphrases.as_deref()), common).await,
        StationCommand::CheckIn {
            key,
            person,
            document,
            assistance,
            guest,
        } => machine::check_in(key, person, *document, (*assistance, *guest), common).await,
        StationCommand::Close { key, unused } => machine::close(key, *unused, common).await,
        StationCommand::Decide {
            key,
            station,
            paper,
            decision,
            person,
            reason,
            opening,
        } => {
            let why = (reason.as_str(), opening.as_path());
            centre::decide(key, (station, *paper), *decision, person.as_deref(), why, common).await
        }
        StationCommand::Define { key } => centre::define(key, common).await,
        StationCommand::Duty { key, end } => machine::duty(key, *end, common).await,
        StationCommand::Exclude { registrar } => centre::exclude(registrar, common).await,
        StationCommand::Export { out } => machine::export(out, common).await,
        StationCommand::Issue {
            key,
            second,
            person,
            envelope,
        } => machine::issue(key, second.as_deref(), person, *envelope, common).await,
        StationCommand::Keys { out } => machine::keys(out, common).await,
        StationCommand::LookUp { person } => machine::look_up(person, common).await,
        StationCommand::Lose {
            key,
            station,
            rule,
            reason,
        } => centre::lose(key, station, *rule, reason, common).await,
        StationCommand::Open { key, papers, seal } => machine::open(key, *papers, seal, common).await,
        StationCommand::Receive { file } => centre::receive(file, common).await,
        StationCommand::SetUp {
            kit,
            published,
            trust,
        } => machine::set_up(kit, published, trust, common).await,
        StationCommand::Sign { key } => machine::sign(key, common).await,
        StationCommand::Spoil { key, person } => machine::spoil(key, person, common).await,
        StationCommand::Status => centre::status(common).await,
    }
}

fn wire(n: u64) -> Outcome<Number> {
    Number::try_from(n)
        .map_err(|e| Failure::usage(e.to_string(), "give a smaller number").code("number.range"))
}

fn typed(person: &str) -> Outcome<String> {
    roll_file::identifier(person)
        .map_err(|problem| Failure::usage(problem, "type the identifier again").code("person.identifier"))
}
