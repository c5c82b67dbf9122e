//! `sijill station`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sijill_engine::copies::StationFile;
use sijill_engine::keyfile::{KeyFile, Passphrase};
use sijill_engine::station_roll::{Line, StationRoll};
use sijill_ledger::{Genesis, LedgerId, Scope};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::BookEnd;
use sijill_registers::election::events::{ElectionEvent, StationLost};
use sijill_registers::names::Name;
use sijill_registers::station::events::{
    CheckedIn, Number, PaperIssued, PaperSpoilt, Signed, StationClosed, StationEvent, StationOpened,
};
use sijill_verifier::Stage;
use zeroize::Zeroizing;

use super::Common;
use super::roll::{Registrar, RegistrarArgs};
use crate::acts::station::{self as acts, MACHINE_FORMAT, Machine, MachineKeys};
use crate::error::{Failure, Outcome};
use crate::passphrase::Passphrases;
use crate::registrar::salt;
use crate::render::{number, say, show};
use crate::roll_file;
use crate::site::{NewFile, Site, make_folder, read_bounded, write_file, written_files};
use crate::verified::VerifiedFolder;

const ROLL: &str = "roll.sealed";
const GUESTS: &str = "guests.sealed";

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
        } => assign(registrar, list, (out, passphrases.as_deref()), common).await,
        StationCommand::CheckIn {
            key,
            person,
            document,
            assistance,
            guest,
        } => check_in(key, person, *document, (*assistance, *guest), common).await,
        StationCommand::Close { key, unused } => close(key, *unused, common).await,
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
            decide(key, (station, *paper), *decision, person.as_deref(), why, common).await
        }
        StationCommand::Define { key } => define(key, common).await,
        StationCommand::Duty { key, end } => duty(key, *end, common).await,
        StationCommand::Exclude { registrar } => exclude(registrar, common).await,
        StationCommand::Export { out } => export(out, common).await,
        StationCommand::Issue {
            key,
            second,
            person,
            envelope,
        } => issue(key, second.as_deref(), person, *envelope, common).await,
        StationCommand::Keys { out } => keys(out, common).await,
        StationCommand::LookUp { person } => look_up(person, common).await,
        StationCommand::Lose {
            key,
            station,
            rule,
            reason,
        } => lose(key, station, *rule, reason, common).await,
        StationCommand::Open { key, papers, seal } => open(key, *papers, seal, common).await,
        StationCommand::Receive { file } => receive(file, common).await,
        StationCommand::SetUp {
            kit,
            published,
            trust,
        } => set_up(kit, published, trust, common).await,
        StationCommand::Sign { key } => sign(key, common).await,
        StationCommand::Spoil { key, person } => spoil(key, person, common).await,
        StationCommand::Status => status(common).await,
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

// --- on the station's machine ------------------------------------------------------------------------------------

async fn keys(out: &Path, common: &Common) -> Outcome {
    let file = NewFile::take(out)?;
    let site = common.site()?;
    let open = common.start(&site).await?;
    let (service, ledger) = open.engine.key_ids();
    let keys = MachineKeys {
        format: MACHINE_FORMAT.to_owned(),
        service,
        ledger,
    };
    file.write(&serde_json::to_vec_pretty(&keys).map_err(Failure::internal)?)?;
    say!("Wrote {}: hand it to the commission.", out.display());
    show!(json!({ "service": service, "ledger": ledger }));
    Ok(())
}

async fn set_up(kit: &Path, published: &Path, trust: &Path, common: &Common) -> Outcome {
    let mut site = common.site()?;
    let verified = VerifiedFolder::open(published, trust, Stage::Defined)?;
    let event = verified.event();
    let genesis = read_bounded(&kit.join("genesis"))?;
    let genesis = Genesis::parse(&genesis).map_err(|e| {
        Failure::refused(format!("the kit's genesis: {e}"), "fetch the kit again").code("station.kit")
    })?;
    if genesis.parent() != Some(event) {
        return Err(Failure::refused(
            "the kit is of another event than the published folder",
            "take the two that belong together",
        )
        .code("station.kit"));
    }
    let ledger = genesis.id();
    let passphrase = common.passphrases().acting(&kit.join(ROLL))?;
    let roll = StationRoll::unlock(&KeyFile::load(&kit.join(ROLL))?, &passphrase, ledger)?;
    let open = common.start(&site).await?;
    if open.engine.ledgers().find(&ledger).is_none() {
        open.engine.create_ledger(genesis).await?;
    }
    for name in ["voters", "pack"] {
        open.engine.put_content(&read_bounded(&kit.join(name))?)?;
    }
    let taken = open.engine.take_election(event, published).await?;
    make_folder(&site.station())?;
    let own = site.station().join(ROLL);
    if !own.exists() {
        let engine = common.passphrases().engine()?;
        roll.seal(&engine, crate::passphrase::cost(), &mut rand::rng())?
            .create(&own)?;
    }
    site.set_event(event)?;
    say!("This is the machine of station ledger {ledger}.");
    say!("  election ledger: {} entries", number(taken.size));
    say!("Next: `sijill station duty` for each officer, then `sijill station open`.");
    show!(json!({ "station": ledger, "event": event, "entries": taken.size }));
    Ok(())
}

/// A person as this machine knows them.
struct Known {
    line: Option<Line>,
    guest: Option<[u8; 32]>,
}

/// Guests by identifier: the random bytes of their commitments.
#[derive(Default, Serialize, Deserialize)]
struct Guests(BTreeMap<String, [u8; 32]>);

impl Guests {
    fn load(site: &Site, common: &Common) -> Outcome<Self> {
        let path = site.station().join(GUESTS);
        if !path.exists() {
            return Ok(Self::default());
        }
        let secret = KeyFile::load(&path)?.unlock_data(&common.passphrases().engine()?)?;
        postcard::from_bytes(&secret).map_err(|_| {
            Failure::refused("the list of guests is damaged", "restore the folder `station`")
                .code("station.guests")
        })
    }

    /// # Durability
    /// On stable storage when this returns, before anybody is checked in under it.
    fn save(&self, site: &Site, common: &Common) -> Outcome {
        let secret = Zeroizing::new(postcard::to_allocvec(self).map_err(Failure::internal)?);
        let file = KeyFile::seal_data(
            "station guests",
            &secret,
            &common.passphrases().engine()?,
            crate::passphrase::cost(),
            &mut rand::rng(),
        )?;
        write_file(&site.station().join(GUESTS), &file.to_bytes())
    }
}

fn known(site: &Site, machine: &Machine, identifier: &str, common: &Common) -> Outcome<Known> {
    let path = site.station().join(ROLL);
    let roll = StationRoll::unlock(
        &KeyFile::load(&path)?,
        &common.passphrases().engine()?,
        machine.ledger,
    )?;
    let line = roll.find(identifier).cloned();
    let guest = match &line {
        Some(_) => None,
        None => Guests::load(site, common)?
            .0
            .get(identifier)
            .map(|salt| acts::guest_commitment(salt, identifier)),
    };
    Ok(Known { line, guest })
}

/// Where somebody stands in the book.
struct Served {
    /// Position of the check-in.
    check_in: u64,
    /// Position of the paper, and whether it stands.
    paper: Option<(u64, bool)>,
}

impl Known {
    fn person(&self) -> Option<[u8; 32]> {
        self.line.as_ref().map(|l| l.pseudonym.0).or(self.guest)
    }

    /// Where they stand in the book; none if they are not checked in.
    fn served(&self, machine: &Machine) -> Outcome<Option<Served>> {
        let Some(person) = self.person() else {
            return Ok(None);
        };
        Ok(machine.handle()?.with_head(|head| {
            let book = head.state.as_station()?.book();
            let check_in = book.find(&person)?;
            let paper = book.paper_of(check_in).map(|p| (p, book.stands(p)));
            Some(Served { check_in, paper })
        }))
    }
}

fn not_checked_in() -> Failure {
    Failure::refused(
        "this person is not checked in here",
        "check their document, then `sijill station check-in`",
    )
    .code("station.check-in")
}

async fn duty(key: &Path, end: bool, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let event = if end {
        StationEvent::DutyEnded
    } else {
        StationEvent::DutyBegun
    };
    machine.act(&key, event).await?;
    let on_duty = machine
        .handle()?
        .with_head(|head| head.state.as_station().map_or(0, |s| s.on_duty().count()));
    say!("{}; {on_duty} on duty.", if end { "Off duty" } else { "On duty" });
    show!(json!({ "on_duty": on_duty }));
    Ok(())
}

async fn open(key: &Path, papers: u64, seal: &Scope, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let roll = StationRoll::unlock(
        &KeyFile::load(&site.station().join(ROLL))?,
        &common.passphrases().engine()?,
        machine.ledger,
    )?;
    let event = open.event(machine.election)?;
    let facts = event.election_facts()?;
    let defined = facts.stations.get(&machine.ledger).ok_or_else(|| {
        Failure::refused(
            "the election ledger on this machine does not define this station yet",
            "`sijill station set-up` again, with the newest published folder",
        )
        .code("station.defined")
    })?;
    let opened = StationOpened {
        voters: open.engine.put_content(&roll.list()?.to_bytes())?,
        pack: pack_of(&site, &open.engine, &defined.defined.pack)?,
        papers: wire(papers)?,
        seal: seal.clone(),
    };
    machine.act(&key, StationEvent::StationOpened(opened)).await?;
    say!("The station is open, with {} papers.", number(papers));
    show!(json!({ "papers": papers }));
    Ok(())
}

/// The rule pack, which set-up has stored: its length is not in the definition.
fn pack_of(
    site: &Site,
    engine: &sijill_engine::Engine,
    sha256: &[u8; 32],
) -> Outcome<sijill_ledger::ContentRef> {
    let name = hex::encode(sha256);
    let bytes = read_bounded(&site.engine_folder().join("content").join(name))?;
    Ok(engine.put_content(&bytes)?)
}

async fn look_up(person: &str, common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let known = known(&site, &machine, &typed(person)?, common)?;
    let served = known.served(&machine)?;
    match &known.line {
        Some(line) => say!(
            "On the list of this station, district {}{}.",
            line.district,
            if line.holder {
                ", may have voted digitally"
            } else {
                ""
            }
        ),
        None => say!("Not on the list of this station."),
    }
    let paper = served.as_ref().and_then(|s| s.paper);
    match (&served, paper) {
        (None, _) => say!("Not checked in."),
        (Some(_), None) => say!("Checked in, without a paper."),
        (Some(_), Some((_, true))) => say!("Has a paper."),
        (Some(_), Some((_, false))) => say!("Their paper was spoilt."),
    }
    show!(json!({
        "listed": known.line.is_some(),
        "district": known.line.as_ref().map(|l| l.district.to_string()),
        "holder": known.line.as_ref().is_some_and(|l| l.holder),
        "checked_in": served.is_some(),
        "paper": paper.map(|(position, stands)| json!({ "position": position, "stands": stands })),
    }));
    Ok(())
}

async fn check_in(
    key: &Path,
    person: &str,
    document: Document,
    (assistance, guest): (bool, bool),
    common: &Common,
) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let identifier = typed(person)?;
    let known = known(&site, &machine, &identifier, common)?;
    let listed = known.line.is_some();
    if listed == guest {
        return Err(if guest {
            Failure::refused(
                "this person is on the list of this station, and no guest",
                "leave --guest out",
            )
        } else {
            Failure::refused(
                "this person is not on the list of this station",
                "send them to their own station, or check them in with --guest: they get an envelope",
            )
        }
        .code("station.check-in"));
    }
    let person = match known.person() {
        Some(person) => person,
        None => {
            let mut guests = Guests::load(&site, common)?;
            let salt = salt();
            guests.0.insert(identifier.clone(), salt);
            guests.save(&site, common)?;
            acts::guest_commitment(&salt, &identifier)
        }
    };
    let event = StationEvent::CheckedIn(CheckedIn {
        listed,
        person,
        document: match document {
            Document::IdCard => 1,
            Document::DigitalId => 2,
        },
        assistance,
    });
    let position = machine.act(&key, event).await?;
    say!("Checked in ({position}).");
    show!(json!({ "check_in": position, "listed": listed }));
    Ok(())
}

async fn issue(
    key: &Path,
    second: Option<&Path>,
    person: &str,
    envelope: Option<u64>,
    common: &Common,
) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let second = second.map(|path| common.signing_key(path)).transpose()?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let known = known(&site, &machine, &typed(person)?, common)?;
    let Served { check_in, paper } = known.served(&machine)?.ok_or_else(not_checked_in)?;
    let mut event = PaperIssued {
        check_in: wire(check_in)?,
        envelope: envelope.map(wire).transpose()?,
        replaces: paper.map(|(position, _)| wire(position)).transpose()?,
        second: None,
    };
    if let Some(second) = &second {
        let message = event.second_message(machine.ledger, key.key_id());
        event.second = Some(Signed {
            key: second.key_id(),
            signature: second.sign(&message),
        });
    }
    let position = machine.act(&key, StationEvent::PaperIssued(event)).await?;
    say!("Paper {position}: hand it out now.");
    show!(json!({ "paper": position }));
    Ok(())
}

async fn spoil(key: &Path, person: &str, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let known = known(&site, &machine, &typed(person)?, common)?;
    let served = known.served(&machine)?.ok_or_else(not_checked_in)?;
    let (paper, _) = served.paper.ok_or_else(|| {
        Failure::refused("this person has no paper", "`sijill station issue` hands one out")
            .code("station.paper")
    })?;
    let event = StationEvent::PaperSpoilt(PaperSpoilt { paper: wire(paper)? });
    machine.act(&key, event).await?;
    say!("Paper {paper} is spoilt; put it into the bag.");
    show!(json!({ "spoilt": paper }));
    Ok(())
}

async fn close(key: &Path, unused: u64, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let counted = machine.handle()?.with_head(|head| {
        let state = head.state.as_station()?;
        let counts = state.book().counts(state.papers_received(), unused)?;
        Some((counts, state.book().unserved()))
    });
    let (counts, unserved) = counted
        .ok_or_else(|| Failure::usage("that number is too large", "count again").code("number.range"))?;
    let event = StationEvent::StationClosed(StationClosed {
        counts,
        unserved: wire(unserved)?,
    });
    machine.act(&key, event).await?;
    say!("The station is closed.");
    say!("  checked in:      {}", number(counts.checked_in.get()));
    say!("  papers received: {}", number(counts.received.get()));
    say!("  issued:          {}", number(counts.issued.get()));
    say!("  of them spoilt:  {}", number(counts.spoilt.get()));
    say!("  in envelopes:    {}", number(counts.envelopes.get()));
    say!("  left over:       {}", number(unused));
    if counts.has_mismatch() {
        say!(
            "These papers do not add up: the commission must explain that before the results are certified."
        );
    }
    say!("Next: chair and two members run `sijill station sign`, then `sijill station export`.");
    show!(json!({
        "checked_in": counts.checked_in.get(), "received": counts.received.get(), "issued": counts.issued.get(),
        "spoilt": counts.spoilt.get(), "envelopes": counts.envelopes.get(), "unused": unused,
        "mismatch": counts.has_mismatch(),
    }));
    Ok(())
}

async fn sign(key: &Path, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let signed = machine.sign_final(&key)?;
    let folder = site.station().join("signatures");
    make_folder(&folder)?;
    let bytes = sijill_ledger::encode(&signed);
    write_file(&folder.join(signed.key.to_string()), &bytes)?;
    say!("Signed the final state.");
    show!(json!({ "signed": signed.key }));
    Ok(())
}

async fn export(out: &Path, common: &Common) -> Outcome {
    let file = NewFile::take(out)?;
    let site = common.site()?;
    let open = common.start(&site).await?;
    let machine = Machine::open(std::sync::Arc::clone(&open.engine))?;
    let mut signatures: Vec<Signed> = Vec::new();
    let folder = site.station().join("signatures");
    if machine.facts()?.closed.is_some() {
        for path in written_files(&folder)? {
            let signed = sijill_ledger::decode_canonical(&read_bounded(&path)?).map_err(|_| {
                Failure::refused(format!("{} is damaged", path.display()), "sign again").code("station.final")
            })?;
            signatures.push(signed);
        }
        signatures.sort_by_key(|s| s.key);
    }
    let guests = site.station().join(GUESTS);
    let guests = if guests.exists() {
        read_bounded(&guests)?
    } else {
        Vec::new()
    };
    let signed = signatures.len();
    let book = open
        .engine
        .export_station(machine.ledger, signatures, guests)
        .await?;
    file.write(&book.to_bytes())?;
    say!(
        "Wrote {}: {} entries, {signed} signatures.",
        out.display(),
        number(book.size())
    );
    show!(json!({ "station": machine.ledger, "entries": book.size(), "signatures": signed }));
    Ok(())
}

// --- at the centre -------------------------------------------------------------------------------------------------

/// Seals the roll of a kit under a passphrase of its own, drawn into `drawn`, or typed.
fn seal_kit(kit: &acts::Kit, drawn: Option<NewFile>) -> Outcome<KeyFile> {
    let passphrase = match drawn {
        Some(file) => {
            let text = crate::passphrase::draw();
            let line = Zeroizing::new(format!("{}\n", *text));
            file.write(line.as_bytes())?;
            Passphrase::new(text.to_string())
        }
        None => Passphrases::new_typed(&format!("the roll of station {}", kit.station))?,
    };
    Ok(kit
        .roll
        .seal(&passphrase, crate::passphrase::cost(), &mut rand::rng())?)
}

async fn assign(
    registrar: &RegistrarArgs,
    list: &Path,
    (out, passphrases): (&Path, Option<&Path>),
    common: &Common,
) -> Outcome {
    let bytes = Zeroizing::new(std::fs::read(list).map_err(|e| Failure::file(list, &e))?);
    let lists = acts::assignments(&bytes)?;
    let (site, _open, event) = common.start_event().await?;
    let registrar = Registrar::unlock(registrar, common, &site, &event)?;
    let folder = site.stations(&event.election);
    let kits = acts::kits(&event, &folder, lists, &registrar.pseudonyms)?;
    // Every roll is sealed before the first assignment, which cannot be taken back. Names first, then work.
    let names = kits
        .iter()
        .map(|kit| {
            let Some(folder) = passphrases else {
                return Ok(None);
            };
            make_folder(folder)?;
            NewFile::take(&folder.join(kit.station.as_str())).map(Some)
        })
        .collect::<Outcome<Vec<_>>>()?;
    let sealed = kits
        .iter()
        .zip(names)
        .map(|(kit, name)| seal_kit(kit, name))
        .collect::<Outcome<Vec<_>>>()?;
    acts::assign(&event, &kits, registrar.key()).await?;
    let mut made = serde_json::Map::new();
    for (kit, sealed) in kits.into_iter().zip(sealed) {
        let folder = out.join(kit.station.as_str());
        make_folder(&folder)?;
        write_file(&folder.join("genesis"), &kit.genesis)?;
        write_file(&folder.join("voters"), &kit.list)?;
        write_file(&folder.join("pack"), &kit.pack)?;
        write_file(&folder.join(ROLL), &sealed.to_bytes())?;
        let voters = kit.roll.list()?.count();
        say!(
            "{}: {} voters, kit in {}",
            kit.station,
            number(voters),
            folder.display()
        );
        made.insert(kit.station.to_string(), voters.into());
    }
    if let Some(folder) = passphrases {
        say!("Their passphrases are in {}.", folder.display());
    }
    say!("Next: `sijill station define` (commission), `sijill election prepare`, `sijill ledger publish`.");
    show!(json!({ "stations": made }));
    Ok(())
}

async fn define(key: &Path, common: &Common) -> Outcome {
    let (site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let defined = acts::define(&event, &site.stations(&event.election), &key).await?;
    say!("{defined} stations defined.");
    show!(json!({ "defined": defined }));
    Ok(())
}

async fn receive(file: &Path, common: &Common) -> Outcome {
    let file = StationFile::parse(&read_bounded(file)?)?;
    let (_site, _open, event) = common.start_event().await?;
    let (received, is_final) = acts::receive(&event, &file).await?;
    say!(
        "Received station {}: {} entries, {} of them new.",
        received.ledger,
        number(received.size),
        number(received.new)
    );
    if is_final {
        say!("Its book is final.");
    }
    show!(json!({
        "station": received.ledger, "entries": received.size, "new": received.new, "final": is_final,
    }));
    Ok(())
}

async fn lose(key: &Path, station: &Name, rule: LostRule, reason: &str, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let ledger = acts::ledger_of(&event, station)?;
    let lost = StationLost {
        ledger,
        rule: match rule {
            LostRule::VoidPaper => 1,
            LostRule::VoidDigital => 2,
        },
        reason: reason.to_owned(),
    };
    let lost = Typed::Election(ElectionEvent::StationLost(lost));
    event.act(&key, event.election, lost, &[]).await?;
    say!("The book of station {station} is given up.");
    show!(json!({ "lost": station.to_string() }));
    Ok(())
}

async fn decide(
    key: &Path,
    (station, paper): (&Name, u64),
    decision: Decision,
    person: Option<&str>,
    why: (&str, &Path),
    common: &Common,
) -> Outcome {
    let person = person
        .map(|text| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(text, &mut bytes)
                .map(|()| sijill_registers::roll::events::Pseudonym(bytes))
                .map_err(|_| {
                    Failure::usage("a pseudonym has 64 hexadecimal digits", "copy it whole")
                        .code("person.pseudonym")
                })
        })
        .transpose()?;
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let station_ledger = acts::ledger_of(&event, station)?;
    let decision = match decision {
        Decision::Counts => 1,
        Decision::DoesNotCount => 2,
    };
    let (reason, opening) = why;
    let why = (reason, NewFile::take(opening)?);
    acts::decide(&event, &key, (station_ledger, paper), (decision, person), why).await?;
    say!("Decided.");
    show!(json!({ "station": station.to_string(), "paper": paper }));
    Ok(())
}

async fn exclude(registrar: &RegistrarArgs, common: &Common) -> Outcome {
    let (site, _open, event) = common.start_event().await?;
    let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
    let counts = acts::exclude(&event, &mut book).await?;
    for (district, count) in &counts {
        say!("{district}: {} credentials excluded", number(*count as u64));
    }
    say!("Next: `sijill election seal`.");
    let counts: serde_json::Map<_, _> = counts
        .iter()
        .map(|(district, count)| (district.to_string(), (*count).into()))
        .collect();
    show!(json!({ "excluded": counts }));
    Ok(())
}

async fn status(common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let facts = event.election_facts()?;
    let mut all = Vec::new();
    for station in facts.stations.values() {
        let state = match &station.end {
            Some((_, BookEnd::Final { .. })) => "final",
            Some((_, BookEnd::Lost(_))) => "lost",
            None if station.anchored > 0 => "received in part",
            None => "nothing received",
        };
        say!("{}: {state}", station.defined.station);
        all.push(json!({
            "station": station.defined.station.to_string(), "ledger": station.defined.ledger, "state": state,
        }));
    }
    let undefined: Vec<LedgerId> = facts
        .listed_stations()
        .filter(|l| !facts.stations.contains_key(l))
        .collect();
    if !undefined.is_empty() {
        say!("{} stations are not defined yet.", undefined.len());
    }
    show!(json!({ "stations": all, "undefined": undefined.len() }));
    Ok(())
}
