//! `sijill foi`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;
use sijill_engine::{Acknowledgement, Engine};
use sijill_ledger::{BodyHash, Committed, Kind, LedgerId, Predecessor, Role};
use sijill_registers::calendar::events::{
    CalendarEvent, ErasureConfirmed, ErasureOrdered, PUBLIC, RegisterEvent, RegisterListed,
};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::FoiState;
use sijill_registers::foi::events::*;
use sijill_registers::foi::feeds::icalendar;
use sijill_registers::foi::views::{BoardLine, Day, LeagueLine};
use sijill_registers::names::Name;
use sijill_registers::register::Rejection;
use sijill_rules::{english_both, parse_number, western_digits};

use super::calendar::{Names, calendar, day, make, number, office};
use super::{Common, public_key};
use crate::error::{Failure, Outcome};
use crate::render::{escape, percent, say, show};
use crate::site::{NewFile, OpenSite, Site, read_bounded};

/// The key file of whoever acts.
#[derive(Debug, Args)]
pub(crate) struct KeyArg {
    /// The signing key file of the officer
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// What was handed in on paper.
#[derive(Debug, Args)]
pub(crate) struct Paper {
    /// It came on paper, on this day
    #[arg(long, value_name = "DAY", requires = "scan", requires = "key")]
    received_on: Option<String>,
    /// The scan of the letter
    #[arg(long, value_name = "FILE", requires = "received_on")]
    scan: Option<PathBuf>,
    /// The signing key file of the officer who enters a letter
    #[arg(long, value_name = "FILE", requires = "received_on")]
    key: Option<PathBuf>,
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
    /// How the authorities answer
    League {
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
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

/// The file of `decide`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionFile {
    statement: String,
    #[serde(default)]
    document: Vec<DocumentEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentEntry {
    title: String,
    outcome: String,
    #[serde(default)]
    exemptions: Vec<String>,
    #[serde(default)]
    original: Option<PathBuf>,
    #[serde(default)]
    place: Option<String>,
}

struct Desk<'a> {
    common: &'a Common,
    site: Site,
    open: OpenSite,
}

/// Runs `sijill foi`.
pub(crate) async fn run(command: &FoiCommand, common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let desk = Desk { common, site, open };
    match command {
        FoiCommand::New { .. } => desk.new_register(command).await,
        FoiCommand::Board {
            register,
            format,
            icalendar,
        } => desk.board(register, *format, icalendar.as_deref()).await,
        FoiCommand::Case { request } => desk.case(request).await,
        FoiCommand::Log { register } => desk.log(register).await,
        FoiCommand::League { format } => desk.league(*format).await,
        FoiCommand::Erase {
            register,
            commitments,
            basis,
            key,
        } => desk.erase(register, commitments, basis, key).await,
        FoiCommand::ConfirmErasure { register, order, key } => {
            desk.confirm_erasure(register, order, key).await
        }
        FoiCommand::DueDates { register } => {
            let (ledger, _) = desk.register(register)?;
            let at = desk.engine().publish_due_dates(ledger).await?;
            say!("The due dates of {register} stand at entry {}.", at.seq);
            show!(json!({ "register": register, "seq": at.seq }));
            Ok(())
        }
        other => desk.act(other).await,
    }
}

impl Desk<'_> {
    fn engine(&self) -> &Arc<Engine> {
        &self.open.engine
    }

    /// A register by its id.
    fn register(&self, id: &str) -> Outcome<(LedgerId, String)> {
        let (_, facts) = calendar(self.engine())?;
        let mut all = facts.registers.iter().map(|r| &r.listing);
        let foi = Kind::Foi.code();
        let found = all.find(|l| l.kind == foi && l.id.as_str() == id);
        found.map(|l| (l.ledger, l.name_en.clone())).ok_or_else(|| {
            Failure::refused(
                format!("there is no register {}", escape(id)),
                "`sijill calendar show` lists the registers",
            )
            .code("register.missing")
        })
    }

    fn with_foi<T>(
        &self,
        ledger: LedgerId,
        look: impl FnOnce(&FoiState) -> Result<T, Rejection>,
    ) -> Outcome<T> {
        let gone = || {
            Failure::refused(
                format!("the register {ledger} cannot be read here"),
                "`sijill store check` says whether it is damaged",
            )
            .code("register.missing")
        };
        let handle = self.engine().ledgers().find(&ledger).ok_or_else(gone)?;
        let found = handle
            .with_head(|head| head.state.as_foi().map(look))
            .ok_or_else(gone)?;
        Ok(found?)
    }

    /// Register and number of a reference.
    fn reference(&self, text: &str) -> Outcome<(LedgerId, u64)> {
        let western = western_digits(text.trim());
        let parts = western.rsplit_once('/');
        let parsed = parts.and_then(|(id, n)| Some((id, parse_number(n)?)));
        let (id, number) = parsed.ok_or_else(|| {
            Failure::usage(
                format!("{} is no reference of a request", escape(text)),
                "a reference is the register's id, a slash and a number, such as moph-2026/17",
            )
            .code("request.reference")
        })?;
        Ok((self.register(id)?.0, number))
    }

    /// Ledger and position of a request.
    fn request(&self, text: &str) -> Outcome<(LedgerId, u64)> {
        let (ledger, number) = self.reference(text)?;
        let seq = self.with_foi(ledger, |foi| Ok(foi.numbered(number).map(|r| r.seq)))?;
        let seq = seq.ok_or_else(|| {
            Failure::refused(
                format!("there is no request {}", escape(text)),
                "`sijill foi board` lists what is open",
            )
            .code("request.missing")
        })?;
        Ok((ledger, seq))
    }

    /// Commits to a text that was given.
    fn commit(&self, text: &str) -> Outcome<Committed> {
        sijill_rules::check_prose(text).map_err(|problem| {
            Failure::refused(
                format!("the text {problem}"),
                "write a text of 1 to 65536 bytes without control characters",
            )
            .code("opening.form")
        })?;
        Ok(self.engine().commit_content(text.as_bytes())?)
    }

    /// Commits to the text of a file.
    fn commit_file(&self, path: &Path) -> Outcome<Committed> {
        let text = String::from_utf8(read_bounded(path)?).map_err(|_| {
            Failure::refused(
                format!("{} is not UTF-8 text", path.display()),
                "save it as UTF-8 and try again",
            )
            .code("file.encoding")
        })?;
        self.commit(&text)
    }

    /// Commits to the bytes of a file.
    fn commit_bytes(&self, path: &Path) -> Outcome<Committed> {
        let bytes = read_bounded(path)?;
        if bytes.is_empty() || bytes.len() as u64 > sijill_engine::openings::MAX_COMMITTED_BYTES {
            return Err(Failure::refused(
                format!("{} has {} bytes", path.display(), bytes.len()),
                "a document has 1 to 26214400 bytes; split it, or make it smaller",
            )
            .code("file.size"));
        }
        Ok(self.engine().commit_content(&bytes)?)
    }

    fn letter(&self, paper: &Paper) -> Outcome<Option<Letter>> {
        match (&paper.received_on, &paper.scan) {
            (Some(on), Some(scan)) => Ok(Some(Letter {
                received_on: number(day(on)?),
                scan: self.commit_bytes(scan)?,
            })),
            _ => Ok(None),
        }
    }

    /// Hands in what a requester causes: by the service, or with a letter by an officer.
    async fn hand_in(&self, ledger: LedgerId, event: FoiEvent, paper: &Paper) -> Outcome<Acknowledgement> {
        let event = Event::Foi(event);
        Ok(match &paper.key {
            Some(key) => {
                let key = self.common.signing_key(key)?;
                self.engine().act(&key, ledger, &event, &[]).await?
            }
            None => self.engine().act_as_service(ledger, event, &[]).await?,
        })
    }

    async fn sign(&self, ledger: LedgerId, event: FoiEvent, key: &KeyArg) -> Outcome<Acknowledgement> {
        let key = self.common.signing_key(&key.key)?;
        Ok(self.engine().act(&key, ledger, &Event::Foi(event), &[]).await?)
    }

    async fn act(&self, command: &FoiCommand) -> Outcome {
        let (ledger, name) = match command {
            FoiCommand::Submit { register, .. }
            | FoiCommand::Rules { register, .. }
            | FoiCommand::Reply { register, .. } => (self.register(register)?.0, register.clone()),
            other => {
                let text = request_of(other).unwrap_or_default();
                (self.reference(text)?.0, text.to_owned())
            }
        };
        // Whatever the clock has brought about by now stands before this.
        self.engine().prepare(ledger).await?;
        let at = self.hand_over(command).await?;
        match command {
            FoiCommand::Submit { .. } => self.receipt(&name, &at),
            FoiCommand::Transfer { .. } => {
                self.engine().tick().await?;
                self.done(command, &name, &at)
            }
            _ => self.done(command, &name, &at),
        }
    }

    fn done(&self, command: &FoiCommand, name: &str, at: &Acknowledgement) -> Outcome {
        let what = match command {
            FoiCommand::Consult { .. } => " Its entry is the number of the consultation.",
            _ => "",
        };
        say!("{}: stands at entry {}.{what}", escape(name), at.seq);
        show!(json!({ "request": name, "ledger": at.ledger, "seq": at.seq, "repeated": at.repeated }));
        Ok(())
    }

    /// What a requester is told at once.
    fn receipt(&self, register: &str, at: &Acknowledgement) -> Outcome {
        let seq = at.seq.as_u64();
        let now_ms = self.engine().now().as_u64();
        let (case, number) = self.with_foi(at.ledger, |foi| {
            let number = foi.request(seq).map_or(0, |r| r.number);
            Ok((foi.case(number, now_ms, self.engine().ledgers())?, number))
        })?;
        say!("Reference {register}/{number}");
        if let Some(Day(due)) = case.line.due {
            say!("Received on {}.", english_both(case.received.0));
            say!("Due on {}.", english_both(due));
            say!("ورد الطلب يوم {}.", sijill_rules::arabic_both(case.received.0));
            say!("الموعد {}.", sijill_rules::arabic_both(due));
        }
        show!(json!({
            "reference": case.line.reference, "ledger": at.ledger, "seq": seq,
            "received": case.received, "due": case.line.due,
        }));
        Ok(())
    }

    async fn hand_over(&self, command: &FoiCommand) -> Outcome<Acknowledgement> {
        match command {
            FoiCommand::Rules { register, pack, key } => {
                let (ledger, _) = self.register(register)?;
                let pack = self.pack(pack)?;
                let event = FoiEvent::RulesChosen(RulesChosen { pack });
                self.sign(ledger, event, key).await
            }
            FoiCommand::Submit {
                register,
                requester,
                text,
                paper,
            } => {
                let (ledger, _) = self.register(register)?;
                let event = RequestSubmitted {
                    requester: self.commit_file(requester)?,
                    text: self.commit_file(text)?,
                    letter: self.letter(paper)?,
                };
                self.hand_in(ledger, FoiEvent::RequestSubmitted(event), paper)
                    .await
            }
            FoiCommand::Reply {
                register,
                consultation,
                reply,
                key,
            } => {
                let (ledger, _) = self.register(register)?;
                let event = ThirdPartyReplied {
                    consultation: *consultation,
                    reply: self.commit_file(reply)?,
                };
                self.sign(ledger, FoiEvent::ThirdPartyReplied(event), key).await
            }
            FoiCommand::Answer {
                request,
                answer,
                paper,
            } => {
                let (ledger, request) = self.request(request)?;
                let event = ClarificationGiven {
                    request,
                    answer: self.commit_file(answer)?,
                    letter: self.letter(paper)?,
                };
                self.hand_in(ledger, FoiEvent::ClarificationGiven(event), paper)
                    .await
            }
            FoiCommand::Withdraw { request, paper } => {
                let (ledger, request) = self.request(request)?;
                let letter = self.letter(paper)?;
                let event = FoiEvent::RequestWithdrawn(RequestWithdrawn { request, letter });
                self.hand_in(ledger, event, paper).await
            }
            FoiCommand::Grieve {
                request,
                statement,
                paper,
            } => {
                let (ledger, request) = self.request(request)?;
                let event = GrievanceFiled {
                    request,
                    statement: self.commit_file(statement)?,
                    letter: self.letter(paper)?,
                };
                self.hand_in(ledger, FoiEvent::GrievanceFiled(event), paper).await
            }
            other => {
                let (ledger, request) = self.request(request_of(other).unwrap_or_default())?;
                let (event, key) = self.event(other, ledger, request)?;
                self.sign(ledger, event, key).await
            }
        }
    }

    /// What an officer signs about a request.
    fn event<'c>(
        &self,
        command: &'c FoiCommand,
        ledger: LedgerId,
        request: u64,
    ) -> Outcome<(FoiEvent, &'c KeyArg)> {
        Ok(match command {
            FoiCommand::Admit { summary, key, .. } => {
                let summary = self.commit(summary)?;
                (
                    FoiEvent::RequestAdmitted(RequestAdmitted { request, summary }),
                    key,
                )
            }
            FoiCommand::RouteOut {
                ground,
                explanation,
                key,
                ..
            } => {
                let event = RequestRoutedOut {
                    request,
                    ground: match ground {
                        Ground::OwnData => 1,
                        Ground::OtherLaw => 2,
                    },
                    explanation: self.commit_file(explanation)?,
                };
                (FoiEvent::RequestRoutedOut(event), key)
            }
            FoiCommand::Transfer { to, reason, key, .. } => {
                let (to, _) = self.register(to)?;
                let reason = self.commit_file(reason)?;
                let event = RequestTransferred { request, to, reason };
                (FoiEvent::RequestTransferred(event), key)
            }
            FoiCommand::Link { similar, key, .. } => {
                let (other, similar) = self.request(similar)?;
                if other != ledger {
                    return Err(Failure::usage(
                        "the two requests are of different registers",
                        "link requests of one register",
                    )
                    .code("request.reference"));
                }
                (FoiEvent::RequestsLinked(RequestsLinked { request, similar }), key)
            }
            FoiCommand::Ask { question, key, .. } => {
                let question = self.commit_file(question)?;
                let event = ClarificationAsked { request, question };
                (FoiEvent::ClarificationAsked(event), key)
            }
            FoiCommand::Fee {
                amount,
                currency,
                pay_by,
                key,
                ..
            } => {
                let event = FeeQuoted {
                    request,
                    amount: *amount,
                    currency: currency.clone(),
                    pay_by: number(day(pay_by)?),
                };
                (FoiEvent::FeeQuoted(event), key)
            }
            FoiCommand::Settle { how, key, .. } => {
                let how = match how {
                    Settled::Paid => 1,
                    Settled::Waived => 2,
                };
                (FoiEvent::FeeSettled(FeeSettled { request, how }), key)
            }
            FoiCommand::Unpaid { key, .. } => (FoiEvent::FeeUnpaid(FeeUnpaid { request }), key),
            FoiCommand::Consult {
                party, notice, key, ..
            } => {
                let event = ThirdPartyConsulted {
                    request,
                    party: self.commit_file(party)?,
                    notice: self.commit_file(notice)?,
                };
                (FoiEvent::ThirdPartyConsulted(event), key)
            }
            FoiCommand::Extend { reason, key, .. } => {
                let reason = self.commit(reason)?;
                (
                    FoiEvent::DeadlineExtended(DeadlineExtended { request, reason }),
                    key,
                )
            }
            FoiCommand::Decide { file, key, .. } => {
                (FoiEvent::DecisionMade(self.decision(request, file)?), key)
            }
            FoiCommand::Release { files, key, .. } => {
                let mut releases = files
                    .iter()
                    .map(|f| self.released(f))
                    .collect::<Outcome<Vec<_>>>()?;
                releases.sort_by_key(|r| r.document);
                (FoiEvent::ReleaseMade(ReleaseMade { request, releases }), key)
            }
            FoiCommand::Recall {
                documents,
                reason,
                key,
                ..
            } => {
                let mut documents = documents.clone();
                documents.sort_unstable();
                let reason = self.commit(reason)?;
                let event = ReleaseWithdrawn {
                    request,
                    documents,
                    reason,
                };
                (FoiEvent::ReleaseWithdrawn(event), key)
            }
            FoiCommand::DecideGrievance {
                decision,
                reason,
                key,
                ..
            } => {
                let open = self.with_foi(ledger, |foi| {
                    let request = foi.request(request);
                    Ok(request.and_then(|r| r.grievances.iter().find(|g| g.end.is_none()).map(|g| g.seq)))
                })?;
                let grievance = open.ok_or_else(|| {
                    Failure::refused(
                        "no grievance about this request is open",
                        "`sijill foi case` shows its grievances",
                    )
                    .code("request.grievance")
                })?;
                let event = GrievanceDecided {
                    grievance,
                    decision: match decision {
                        GrievanceDecision::Upheld => grievance_decisions::UPHELD,
                        GrievanceDecision::Varied => grievance_decisions::VARIED,
                        GrievanceDecision::Overturned => grievance_decisions::OVERTURNED,
                    },
                    reason: self.commit(reason)?,
                };
                (FoiEvent::GrievanceDecided(event), key)
            }
            _ => return Err(Failure::internal("a command without an event")),
        })
    }

    fn released(&self, text: &str) -> Outcome<Release> {
        let parsed = text
            .split_once('=')
            .and_then(|(n, file)| Some((n.parse().ok()?, file)));
        let (document, file): (u16, &str) = parsed.ok_or_else(|| {
            Failure::usage(
                format!("{} is no document", escape(text)),
                "write its number in the decision, from 0, an equals sign and the file: 0=report.pdf",
            )
            .code("request.document")
        })?;
        Ok(Release {
            document,
            rendition: self.commit_bytes(Path::new(file))?,
        })
    }

    fn decision(&self, request: u64, path: &Path) -> Outcome<DecisionMade> {
        let bad = |problem: String| {
            Failure::refused(
                format!("{}: {problem}", path.display()),
                "`sijill foi decide --help` says what is in the file",
            )
            .code("request.decision")
        };
        let text = String::from_utf8(read_bounded(path)?).map_err(|_| bad("is not UTF-8 text".into()))?;
        let file: DecisionFile = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
        // Looked at as a whole before anything is kept.
        let outcome = |text: &str| match text {
            "released" => Ok(outcomes::RELEASED),
            "partly-released" => Ok(outcomes::PARTLY_RELEASED),
            "refused" => Ok(outcomes::REFUSED),
            "not-held" => Ok(outcomes::NOT_HELD),
            "already-public" => Ok(outcomes::ALREADY_PUBLIC),
            other => Err(bad(format!("there is no outcome `{}`", escape(other)))),
        };
        let outcomes = file
            .document
            .iter()
            .map(|d| outcome(&d.outcome))
            .collect::<Outcome<Vec<_>>>()?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut documents = Vec::new();
        for (document, outcome) in file.document.into_iter().zip(outcomes) {
            let mut exemptions = document.exemptions;
            exemptions.sort_unstable();
            let original = document
                .original
                .map(|file| self.commit_bytes(&folder.join(file)));
            documents.push(DocumentDecision {
                title: self.commit(&document.title)?,
                outcome,
                exemptions,
                original: original.transpose()?,
                place: document.place,
            });
        }
        Ok(DecisionMade {
            request,
            statement: self.commit(&file.statement)?,
            documents,
        })
    }

    /// An adopted pack by its name.
    fn pack(&self, name: &str) -> Outcome<sijill_ledger::ContentRef> {
        let (_, facts) = calendar(self.engine())?;
        let mut all = facts.packs.iter();
        let found = all.find(|p| format!("{}/{}", p.pack.id, p.pack.version) == name);
        found.map(|p| p.content).ok_or_else(|| {
            Failure::refused(
                format!("there is no rule pack {}", escape(name)),
                "`sijill calendar show` lists the packs, `sijill calendar adopt` adopts one",
            )
            .code("rules.missing")
        })
    }

    async fn new_register(&self, command: &FoiCommand) -> Outcome {
        let FoiCommand::New {
            id,
            authority,
            names,
            pack,
            officer,
            grievance_officer,
            member,
            succeeds,
            key,
        } = command
        else {
            return Err(Failure::internal("another command"));
        };
        let named = |text: &str| -> Outcome<Name> {
            text.parse().map_err(|e| {
                Failure::usage(format!("{}: {e}", escape(text)), "choose a name like moph-2026")
                    .code("register.name")
            })
        };
        let (id, authority) = (named(id)?, named(authority)?);
        let engine = self.engine();
        let (root, facts) = calendar(engine)?;
        if facts.registers.iter().any(|r| r.listing.id == id) {
            return Err(Failure::refused(
                format!("the id {id} is taken"),
                "choose another one; `sijill calendar show` lists them",
            )
            .code("register.name"));
        }
        let pack = self.pack(pack)?;
        let signing = self.common.signing_key(&key.key)?;
        let mut grants = vec![office(signing.key_id(), Role::Commission)];
        for (keys, role) in [
            (member, Role::Commission),
            (officer, Role::FoiOfficer),
            (grievance_officer, Role::GrievanceOfficer),
        ] {
            for key in keys {
                grants.push(office(public_key(key)?, role));
            }
        }
        let old = succeeds.as_deref().map(|id| self.register(id)).transpose()?;
        let predecessor = match &old {
            None => None,
            Some((old, _)) => {
                let missing = || Failure::internal("a listed register that is not here");
                let cited = engine.ledgers().find(old).ok_or_else(missing)?.cite();
                Some(Predecessor {
                    ledger: cited.ledger,
                    size: cited.size,
                    root: cited.root,
                })
            }
        };
        let name = format!("foi/{id}");
        let origin = self.site.origin();
        let ledger = make(engine, origin, &name, Kind::Foi, Some(root), grants, predecessor).await?;
        let listed = CalendarEvent::RegisterListed(RegisterListed {
            ledger,
            kind: Kind::Foi.code(),
            visibility: PUBLIC,
            id: id.clone(),
            authority,
            name_en: names.name_en.clone(),
            name_ar: names.name_ar.clone(),
        });
        engine.act(&signing, root, &Event::Calendar(listed), &[]).await?;
        engine.begin_register(ledger, root).await?;
        let defined = FoiEvent::RegisterDefined(RegisterDefined { pack });
        engine.act(&signing, ledger, &Event::Foi(defined), &[]).await?;
        if let Some((old, _)) = old {
            // The days before today, and then that the new register is listed.
            for _ in 0..2 {
                engine.prepare(old).await?;
            }
            let succeeded = FoiEvent::RegisterSucceeded(RegisterSucceeded { successor: ledger });
            engine.act(&signing, old, &Event::Foi(succeeded), &[]).await?;
        }
        say!("The register {id} is ledger {ledger}. Next: `sijill foi submit {id}`.");
        show!(json!({ "register": id.as_str(), "ledger": ledger }));
        Ok(())
    }

    async fn erase(&self, register: &str, commitments: &[String], basis: &str, key: &KeyArg) -> Outcome {
        let (ledger, _) = self.register(register)?;
        let mut commitments = commitments
            .iter()
            .map(|text| hash(text))
            .collect::<Outcome<Vec<_>>>()?;
        commitments.sort_unstable();
        let key = self.common.signing_key(&key.key)?;
        self.engine().prepare(ledger).await?;
        let event = Event::Register(RegisterEvent::ErasureOrdered(ErasureOrdered {
            commitments,
            basis: basis.to_owned(),
        }));
        let body = self.engine().sign_as(&key, ledger, &event, &[])?;
        let at = self.engine().submit_signed(&body).await?;
        say!(
            "The order stands at entry {}. A second member of the commission confirms it:",
            at.seq
        );
        say!("  sijill foi confirm-erasure {register} {}", body.hash());
        show!(json!({ "register": register, "seq": at.seq, "order": body.hash().to_string() }));
        Ok(())
    }

    async fn confirm_erasure(&self, register: &str, order: &str, key: &KeyArg) -> Outcome {
        let (ledger, _) = self.register(register)?;
        let order = BodyHash::from_bytes(hash(order)?);
        let key = self.common.signing_key(&key.key)?;
        self.engine().prepare(ledger).await?;
        let event = Event::Register(RegisterEvent::ErasureConfirmed(ErasureConfirmed { order }));
        let at = self.engine().act(&key, ledger, &event, &[]).await?;
        say!(
            "Confirmed at entry {}: the contents are erased. Publish again, and destroy older backups.",
            at.seq
        );
        show!(json!({ "register": register, "seq": at.seq }));
        Ok(())
    }

    async fn board(&self, register: &str, format: Format, feed: Option<&Path>) -> Outcome {
        let (ledger, name) = self.register(register)?;
        let feed = feed.map(NewFile::take).transpose()?;
        let now = self.engine().now();
        let board = self.with_foi(ledger, |foi| foi.board(now.as_u64(), self.engine().ledgers()))?;
        if let Some(file) = feed {
            file.write(icalendar(&ledger, &name, &board, now).as_bytes())?;
        }
        match format {
            Format::Csv => say!("{}", csv_text(&board_rows(&board))?.trim_end()),
            Format::Text => {
                if board.is_empty() {
                    say!("Nothing is open in {register}.");
                }
                for line in &board {
                    say!("{}", board_text(line));
                }
            }
        }
        show!(json!({ "register": register, "board": board }));
        Ok(())
    }

    async fn case(&self, request: &str) -> Outcome {
        let (ledger, number) = self.reference(request)?;
        let now_ms = self.engine().now().as_u64();
        self.request(request)?;
        let case = self.with_foi(ledger, |foi| foi.case(number, now_ms, self.engine().ledgers()))?;
        say!("{}: {}", case.line.reference, case.line.status);
        if case.confidence != "confirmed" {
            say!("The rules {} are not confirmed ({}).", case.pack, case.confidence);
        }
        for line in case.english.iter().chain(&case.arabic) {
            say!("  {}", escape(line));
        }
        for document in &case.documents {
            let withdrawn = if document.withdrawn { ", withdrawn" } else { "" };
            say!(
                "Document {}: {}{withdrawn} {}",
                document.document,
                document.outcome,
                document.exemptions.join(", ")
            );
        }
        for grievance in &case.grievances {
            let by = grievance.decide_by.map(|d| format!(", to be decided by {d}"));
            say!(
                "Grievance of {}: {}{}",
                grievance.filed,
                grievance.decision.unwrap_or(grievance.status),
                by.unwrap_or_default()
            );
        }
        for remedy in &case.remedies {
            match remedy.last_day {
                Some(Day(last)) => say!(
                    "Open to the requester: {}, until {}.",
                    remedy.remedy,
                    english_both(last)
                ),
                None => say!("Open to the requester: {}.", remedy.remedy),
            }
        }
        show!(json!({ "case": case }));
        Ok(())
    }

    async fn log(&self, register: &str) -> Outcome {
        let (ledger, _) = self.register(register)?;
        let log = self.with_foi(ledger, |foi| foi.disclosure_log(self.engine().ledgers()))?;
        for line in &log {
            say!("{}: decided on {}", line.reference, line.decided);
            for document in &line.documents {
                let file = document.rendition.as_deref().map(|r| format!(": openings/{r}"));
                say!(
                    "  {} {}{}",
                    document.document,
                    document.outcome,
                    file.unwrap_or_default()
                );
            }
        }
        if log.is_empty() {
            say!("Nothing was decided in {register} yet.");
        }
        show!(json!({ "register": register, "log": log }));
        Ok(())
    }

    async fn league(&self, format: Format) -> Outcome {
        let mut lines = Vec::new();
        for (ledger, _) in self.engine().registers() {
            let begun = self.with_foi(ledger, |foi| Ok(foi.days().size() > 0))?;
            if begun {
                lines.push(self.with_foi(ledger, |foi| foi.league_line(self.engine().ledgers()))?);
            }
        }
        lines.sort_by(|a, b| {
            b.on_time_bp
                .cmp(&a.on_time_bp)
                .then_with(|| a.register.cmp(&b.register))
        });
        match format {
            Format::Csv => say!("{}", csv_text(&league_rows(&lines))?.trim_end()),
            Format::Text => {
                for line in &lines {
                    let median = line
                        .median_days
                        .map_or("no decision yet".to_owned(), |d| format!("median {d} days"));
                    say!(
                        "{}: {} received, {} open, {} decided, {} on time, {median}, {} deadlines missed",
                        line.register,
                        line.received,
                        line.open,
                        line.decided,
                        percent(line.on_time_bp),
                        line.missed
                    );
                }
            }
        }
        show!(json!({ "league": lines }));
        Ok(())
    }
}

/// 64 hexadecimal digits.
fn hash(text: &str) -> Outcome<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| {
        Failure::usage(
            format!("{} is not a commitment or order", escape(text)),
            "give its 64 hexadecimal digits: `sijill foi log`, `sijill foi case --json` and published `openings/` have them",
        )
        .code("request.commitment")
    })?;
    Ok(bytes)
}

fn request_of(command: &FoiCommand) -> Option<&str> {
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

fn optional(day: Option<Day>) -> String {
    day.map(|d| d.to_string()).unwrap_or_default()
}

fn board_text(line: &BoardLine) -> String {
    let mut out = format!("{}: {}", line.reference, line.status);
    if let Some(due) = line.due {
        out.push_str(&format!(", due {due}"));
    }
    if line.extended {
        out.push_str(&format!(" (extended, before {})", optional(line.original_due)));
    }
    if let Some(day) = line.clarify_by {
        out.push_str(&format!(", to be clarified by {day}"));
    }
    if let Some(day) = line.pay_by {
        out.push_str(&format!(", to be paid by {day}"));
    }
    out.push_str(&format!("; next: {}", line.next.join(", ")));
    out
}

fn board_rows(board: &[BoardLine]) -> Vec<Vec<String>> {
    let head = [
        "reference",
        "status",
        "due",
        "original_due",
        "days_left",
        "extended",
        "missed",
        "clarify_by",
        "pay_by",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(board.iter().map(|line| {
        vec![
            line.reference.clone(),
            line.status.to_owned(),
            optional(line.due),
            optional(line.original_due),
            line.days_left.to_string(),
            line.extended.to_string(),
            line.missed.to_string(),
            optional(line.clarify_by),
            optional(line.pay_by),
        ]
    }));
    rows
}

fn league_rows(league: &[LeagueLine]) -> Vec<Vec<String>> {
    let head = [
        "authority",
        "register",
        "received",
        "open",
        "decided",
        "on_time",
        "on_time_bp",
        "median_days",
        "missed",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(league.iter().map(|line| {
        vec![
            line.authority.clone(),
            line.register.clone(),
            line.received.to_string(),
            line.open.to_string(),
            line.decided.to_string(),
            line.on_time.to_string(),
            line.on_time_bp.to_string(),
            line.median_days.map(|d| d.to_string()).unwrap_or_default(),
            line.missed.to_string(),
        ]
    }));
    rows
}

fn csv_text(rows: &[Vec<String>]) -> Outcome<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(Failure::internal)?;
    }
    let bytes = writer.into_inner().map_err(|e| Failure::internal(e.error()))?;
    String::from_utf8(bytes).map_err(Failure::internal)
}
