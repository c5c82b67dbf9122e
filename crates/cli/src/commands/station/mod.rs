//! `sijill station`

mod centre;
mod desk;
mod machine;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use sijill_ledger::Scope;
use sijill_registers::names::Name;
use sijill_registers::station::events::Number;

use super::Common;
use super::roll::RegistrarArgs;
use crate::error::{Failure, Outcome};

/// Keep a polling station, on its own machine; and at the centre, bring its book in.
#[derive(Debug, Subcommand)]
pub(crate) enum StationCommand {
    /// Station: take up an officer whom the commission has named, in the book of this station (commission)
    AdmitOfficer {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The officer: a public key, or a key file that shows it
        #[arg(value_name = "OFFICER")]
        officer: String,
    },
    /// Centre: answer stations that ask whether somebody has voted digitally (registrar)
    #[command(
        long_about = "Centre: answer stations that ask whether somebody has voted digitally.\n\n\
        Reads one question in each line, as `station ask` writes them, and writes one answer in each line, until the input \
        ends. Only where the first vote is final; an answer is good for a minute."
    )]
    Answer {
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// File with the questions [default: standard input]
        #[arg(long, value_name = "FILE")]
        questions: Option<PathBuf>,
        /// File for the answers [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Station: write the question for the centre whether somebody who is checked in has voted digitally
    Ask {
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// The file; it goes to `station answer` at the centre
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
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
        #[arg(long, value_name = "HEX", conflicts_with = "guests")]
        person: Option<String>,
        /// The registrar's list of guests, which names that pseudonym
        #[arg(long, value_name = "FILE")]
        guests: Option<PathBuf>,
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
    /// Station: serve voters, one command in each line, with roll and keys unlocked once
    #[command(
        long_about = "Station: serve voters, one command in each line, with roll and keys unlocked once.\n\n\
        Each line is answered when what it says is durable. With --json lines are JSON objects, and so are answers; otherwise:\n\n  \
        look-up IDENTIFIER\n  check-in IDENTIFIER id-card|digital-id [assisted] [guest] [by=N]\n  \
        issue IDENTIFIER [second=N] [envelope=NUMBER] [answer=HEX] [by=N]\n  spoil IDENTIFIER [by=N]\n  \
        dispute IDENTIFIER [by=N] TEXT\n  ask IDENTIFIER\n  duty begin|end [by=N]\n  lock N\n  export FILE\n  status\n  quit\n\n\
        N is an officer, by the place of the key file on the command line, from 1; without `by` the first one acts. \
        `lock` forgets the key of an officer who leaves the desk."
    )]
    Desk {
        /// The signing key file of an officer at this desk; once for each
        #[arg(long, value_name = "FILE", required = true)]
        key: Vec<PathBuf>,
    },
    /// Station: dismiss an officer whom the commission has revoked, in the book of this station (commission)
    DismissOfficer {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The officer: a public key, or a key file that shows it
        #[arg(value_name = "OFFICER")]
        officer: String,
    },
    /// Station: record that somebody, told of the paper in their name, says that they did not get it
    Dispute {
        /// The officer's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// What they say; sealed for the registrar
        #[arg(long, value_name = "TEXT")]
        statement: String,
    },
    /// Centre: somebody, told of the paper in their name, says that they did not get it (registrar)
    DisputePaper {
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// What they say; the roll commits to it without showing it
        #[arg(long, value_name = "TEXT")]
        statement: String,
        /// The file for the opening of that commitment; keep it
        #[arg(long, value_name = "FILE")]
        opening: PathBuf,
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
    /// Centre: who the guests of all stations are: open what the stations sealed (registrar)
    Guests {
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// The list for the commission: pseudonyms alone
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The registrar's own list, with identifiers: `station,check_in,identifier`
        #[arg(long, value_name = "FILE")]
        names: Option<PathBuf>,
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
        /// The centre's answer that they have not voted digitally, where the first vote is final
        #[arg(long, value_name = "FILE")]
        answer: Option<PathBuf>,
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
    /// Centre: name another officer of a station, or another chair (commission)
    NameOfficer {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The station
        #[arg(value_name = "STATION")]
        station: Name,
        /// The officer: a public key, or a key file that shows it
        #[arg(value_name = "OFFICER")]
        officer: String,
        /// As the chair
        #[arg(long)]
        chair: bool,
    },
    /// Centre: whom to tell that a paper takes the place of their digital ballot, before it is excluded (registrar)
    Notices {
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// The file: `identifier,district`, one person in each line; for the registrar alone
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
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
    /// Centre: the papers about which the commission must decide
    Papers,
    /// Centre: take the book of a station; the same file again changes nothing
    Receive {
        /// The file that `station export` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Centre: say for the public why papers do not add up, and what follows (commission)
    Resolve {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The station
        #[arg(value_name = "STATION")]
        station: Name,
        /// The district whose return it is [default: the closing protocol of the station]
        #[arg(long, value_name = "DISTRICT")]
        district: Option<Name>,
        /// Why; public
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Centre: return what was counted by hand at the stations (commission)
    #[command(long_about = "Centre: return what was counted by hand at the stations.\n\n\
        A TOML file with one table for each station and district:\n\n  \
        [[return]]\n  station = \"east\"\n  district = \"north\"\n  valid = 39\n  invalid = 1\n  spoilt = 1\n  \
        counts = [[1, 20, 18]]      # per question, per choice, blank first where it is offered\n\n\
        How many papers were issued follows from the book; `issued` is given only for a lost station whose urn is counted. \
        Returns that were recorded already are left alone.")]
    Return {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The returns
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// They do not add up, also after they were counted again: record them all the same
        #[arg(long)]
        mismatch: bool,
    },
    /// Centre: revoke an officer of a station (commission)
    RevokeOfficer {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The station
        #[arg(value_name = "STATION")]
        station: Name,
        /// The officer: a public key, or a key file that shows it
        #[arg(value_name = "OFFICER")]
        officer: String,
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
    /// Centre: the paper returns of the districts: the sums of what their stations returned (commission)
    Totals {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

/// An identity document.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Document {
    /// A valid ID card.
    IdCard,
    /// A digital ID.
    DigitalId,
}

impl Document {
    /// As the event names it.
    const fn number(self) -> u8 {
        match self {
            Self::IdCard => 1,
            Self::DigitalId => 2,
        }
    }
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
        StationCommand::AdmitOfficer { key, officer } => {
            machine::change_officer(key, officer, true, common).await
        }
        StationCommand::Answer {
            registrar,
            questions,
            out,
        } => centre::answer(registrar, (questions.as_deref(), out.as_deref()), common).await,
        StationCommand::Ask { person, out } => machine::ask(person, out, common).await,
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
            guests,
            reason,
            opening,
        } => {
            let why = (reason.as_str(), opening.as_path());
            let who = (person.as_deref(), guests.as_deref());
            centre::decide(key, (station, *paper), *decision, who, why, common).await
        }
        StationCommand::Define { key } => centre::define(key, common).await,
        StationCommand::Desk { key } => desk::run(key, common).await,
        StationCommand::DismissOfficer { key, officer } => {
            machine::change_officer(key, officer, false, common).await
        }
        StationCommand::Dispute {
            key,
            person,
            statement,
        } => machine::dispute(key, person, statement, common).await,
        StationCommand::DisputePaper {
            registrar,
            person,
            statement,
            opening,
        } => centre::dispute(registrar, person, (statement, opening), common).await,
        StationCommand::Duty { key, end } => machine::duty(key, *end, common).await,
        StationCommand::Exclude { registrar } => centre::exclude(registrar, common).await,
        StationCommand::Export { out } => machine::export(out, common).await,
        StationCommand::Guests {
            registrar,
            out,
            names,
        } => centre::guests(registrar, out, names.as_deref(), common).await,
        StationCommand::Issue {
            key,
            second,
            person,
            envelope,
            answer,
        } => {
            let keys = (key.as_path(), second.as_deref());
            machine::issue(keys, person, *envelope, answer.as_deref(), common).await
        }
        StationCommand::Keys { out } => machine::keys(out, common).await,
        StationCommand::LookUp { person } => machine::look_up(person, common).await,
        StationCommand::Lose {
            key,
            station,
            rule,
            reason,
        } => centre::lose(key, station, *rule, reason, common).await,
        StationCommand::NameOfficer {
            key,
            station,
            officer,
            chair,
        } => centre::name_officer(key, station, officer, *chair, common).await,
        StationCommand::Notices { registrar, out } => centre::notices(registrar, out, common).await,
        StationCommand::Open { key, papers, seal } => machine::open(key, *papers, seal, common).await,
        StationCommand::Papers => centre::papers(common).await,
        StationCommand::Receive { file } => centre::receive(file, common).await,
        StationCommand::Resolve {
            key,
            station,
            district,
            reason,
        } => centre::resolve(key, (station, district.as_ref()), reason, common).await,
        StationCommand::Return { key, file, mismatch } => centre::returns(key, file, *mismatch, common).await,
        StationCommand::RevokeOfficer {
            key,
            station,
            officer,
        } => centre::revoke_officer(key, station, officer, common).await,
        StationCommand::SetUp {
            kit,
            published,
            trust,
        } => machine::set_up(kit, published, trust, common).await,
        StationCommand::Sign { key } => machine::sign(key, common).await,
        StationCommand::Spoil { key, person } => machine::spoil(key, person, common).await,
        StationCommand::Status => centre::status(common).await,
        StationCommand::Totals { key } => centre::totals(key, common).await,
    }
}

fn wire(n: u64) -> Outcome<Number> {
    Number::try_from(n)
        .map_err(|e| Failure::usage(e.to_string(), "give a smaller number").code("number.range"))
}
