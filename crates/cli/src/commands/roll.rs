//! `sijill roll`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use sijill_engine::identity::{IdentityProvider, PersonsFile, PersonsFileError};
use sijill_engine::keyfile::{KeyFile, RegistrarSecret};
use sijill_engine::station_notes::NotesSecret;
use sijill_ledger::SigningKey;
use sijill_rules::{Finding, Holiday, Purpose, arabic_both, english_both};

use super::Common;
use crate::acts::roll::Registered;
use crate::acts::{self, Event};
use crate::error::{Failure, Outcome};
use crate::registrar::{Book, Pseudonyms};
use crate::render::{number, say, show};
use crate::roll_file::{self, RollFile};
use crate::site::{NewFile, Site, read_bounded};

/// The registrar's files.
#[derive(Debug, Args)]
pub(crate) struct RegistrarArgs {
    /// The registrar's signing key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The registrar's secret, from which pseudonyms and the keys of the vault are made
    #[arg(long, value_name = "FILE")]
    secret: PathBuf,
    /// The registrar's vault [default: in DIR/people/registrar]
    #[arg(long, value_name = "FILE")]
    vault: Option<PathBuf>,
}

impl RegistrarArgs {
    /// Those of a command that does not always need them.
    pub(crate) fn new(key: &Path, secret: &Path, vault: Option<&Path>) -> Self {
        Self {
            key: key.to_owned(),
            secret: secret.to_owned(),
            vault: vault.map(Path::to_owned),
        }
    }
}

/// Keep the electoral roll.
#[derive(Debug, Subcommand)]
pub(crate) enum RollCommand {
    /// Register the persons of a CSV file: first line `identifier,district`, then a person in each line
    #[command(
        long_about = "Register the persons of a CSV file: first line `identifier,district`, then a person in each line.\n\n\
        Identifiers become pseudonyms at once; the rows themselves go into the registrar's vault, encrypted, and nowhere else. \
        If any row is bad, nothing is imported and every bad line is named. Importing again adds who is new, and completes an \
        import that was interrupted; nobody is registered twice."
    )]
    Import {
        /// The CSV file, UTF-8
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// Check everybody against this register of persons: a CSV file
        /// `qid,born,nationality,since,document,expires,exclusions`. Left out: the registrar vouches for the check
        #[arg(long, value_name = "FILE")]
        persons: Option<PathBuf>,
        /// Import the good rows, leave the bad ones out
        #[arg(long)]
        skip_bad: bool,
    },
    /// Say whether a person is eligible and on the roll, condition by condition; nothing is written
    Explain {
        /// The person's identifier: 11 digits
        #[arg(value_name = "QID")]
        person: String,
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// The register of persons: a CSV file `qid,born,nationality,since,document,expires,exclusions`
        #[arg(long, value_name = "FILE")]
        persons: PathBuf,
    },
    /// Check a person at the poll: at a station, when they log in, when they cast
    #[command(
        long_about = "Check a person at the poll: at a station, when they log in, when they cast.\n\n\
        A check at a station is recorded. At a log-in or cast it is recorded only if it refuses: otherwise the roll would \
        tell who voted when."
    )]
    Check {
        /// The person's identifier: 11 digits
        #[arg(value_name = "QID")]
        person: String,
        /// Where the person stands
        #[arg(long, value_enum)]
        at: PollPoint,
        /// The register of persons, as for `explain`
        #[arg(long, value_name = "FILE")]
        persons: PathBuf,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Declare further holidays (commission)
    #[command(
        long_about = "Declare further holidays (commission). They count from now on, for every day that is reckoned by working days.\n\n\
        The file is TOML:\n\n  [[holiday]]\n  first = \"2026-12-18\"\n  last = \"2026-12-18\"\n  status = \"announced\"   # \
        estimate | announced | withdrawn\n  name = { en = \"National Day\", ar = \"اليوم الوطني\" }\n  source = \"Decree 1 of \
        2026\"\n  # corrects = 1          # the number of an earlier holiday that this one replaces"
    )]
    Holidays {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Check a registered person again because their record has changed
    Correct {
        /// The person's identifier: 11 digits
        #[arg(value_name = "QID")]
        person: String,
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// The register of persons, as for `explain`
        #[arg(long, value_name = "FILE")]
        persons: PathBuf,
    },
    /// Move a voter to another district; a credential that was issued before ends
    Transfer {
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// The district from now on
        #[arg(long, value_name = "DISTRICT")]
        to: String,
        /// Why; the roll commits to it without showing it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Strike a person off the roll
    Strike {
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// Why; the roll commits to it without showing it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// File a person's objection to what the roll says of them, while the window is open
    Object {
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// omission: they are missing; inclusion: they should not be there; entry: what it says is wrong
        #[arg(long, value_enum)]
        kind: ObjectionKind,
        /// What they say; the roll commits to it without showing it
        #[arg(long, value_name = "TEXT")]
        statement: String,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Decide an objection (commission)
    Decide {
        /// Its number, as `object` said it
        #[arg(value_name = "NUMBER", value_parser = typed_number)]
        objection: u64,
        /// upheld: the roll stays as it is; varied: followed in part; overturned: followed
        #[arg(long, value_enum)]
        decision: Ruling,
        /// Why; the roll commits to it without showing it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Where the opening of that commitment is written; keep it with the files of the commission
        #[arg(long, value_name = "FILE")]
        opening: PathBuf,
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Extend the window for objections while it is open (commission)
    Extend {
        /// The last day from now on, such as 2026-11-27
        #[arg(long, value_name = "DAY")]
        until: String,
        /// Which office extends it; public
        #[arg(long, value_name = "TEXT")]
        by: String,
        /// Why; public
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Fix the roll and its credential lists for good
    Freeze {
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
}

/// A number as people type it, in digits of any script.
fn typed_number(text: &str) -> Result<u64, std::num::ParseIntError> {
    sijill_rules::western_digits(text.trim()).parse()
}

/// Where a person stands at the poll.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum PollPoint {
    /// Before the officers of a polling station.
    Station,
    /// Before a voting booth on a screen.
    LogIn,
    /// With a ballot in hand.
    Cast,
}

impl PollPoint {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Station => Purpose::Station,
            Self::LogIn => Purpose::LogIn,
            Self::Cast => Purpose::Cast,
        }
    }
}

/// Holidays as people write them.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidaysFile {
    holiday: Vec<Holiday>,
}

/// What an objection says of the roll.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum ObjectionKind {
    /// A person is missing.
    Omission,
    /// A person should not be there.
    Inclusion,
    /// What it says of a person is wrong.
    Entry,
}

/// How an objection is decided.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Ruling {
    /// The roll stays as it is.
    Upheld,
    /// Followed in part.
    Varied,
    /// Followed.
    Overturned,
}

/// The registrar at work.
pub(crate) struct Registrar {
    key: SigningKey,
    secret: RegistrarSecret,
    path: PathBuf,
    pub(crate) pseudonyms: Pseudonyms,
}

impl Registrar {
    /// Unlocks the registrar's keys.
    pub(crate) fn unlock(args: &RegistrarArgs, common: &Common, site: &Site, event: &Event) -> Outcome<Self> {
        let key = common.signing_key(&args.key)?;
        acts::roll::refuse_strangers(event, &key)?;
        let passphrase = common.passphrases().acting(&args.secret)?;
        let secret = KeyFile::load(&args.secret)?.unlock_registrar(&passphrase)?;
        let pseudonyms = Pseudonyms::new(&secret, event.roll)?;
        let path = args.vault.clone().unwrap_or_else(|| site.vault(&event.election));
        Ok(Self {
            key,
            secret,
            path,
            pseudonyms,
        })
    }

    /// What opens the notes of the stations of this roll.
    pub(crate) fn notes(&self, event: &Event) -> NotesSecret {
        NotesSecret::new(&self.secret, event.roll)
    }

    /// The registrar's signing key.
    pub(crate) const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Opens the book, which must be there.
    pub(crate) fn book(self, event: &Event) -> Outcome<Book> {
        Book::open(&self.path, event, &self.secret, self.key)
    }

    /// Opens the book, or begins one.
    fn book_or_new(self, event: &Event) -> Outcome<Book> {
        Book::open_or_new(&self.path, event, &self.secret, self.key)
    }
}

/// Runs `sijill roll`.
pub(crate) async fn run(command: &RollCommand, common: &Common) -> Outcome {
    match command {
        RollCommand::Import {
            file,
            registrar,
            persons,
            skip_bad,
        } => import(file, registrar, persons.as_deref(), *skip_bad, common).await,
        RollCommand::Explain {
            person,
            registrar,
            persons,
        } => explain(person, registrar, persons, common).await,
        RollCommand::Check {
            person,
            at,
            persons,
            registrar,
        } => {
            let (identifier, persons) = (roll_person(person)?, read_persons(persons)?);
            let (site, _open, event) = common.start_event().await?;
            let registrar = Registrar::unlock(registrar, common, &site, &event)?;
            let checked =
                acts::roll::check_at_poll(&event, registrar, &identifier, at.purpose(), &persons).await?;
            say_finding(&checked.finding);
            match checked.position {
                Some(position) => say!("Recorded: entry {position} of the roll."),
                None => say!("Not recorded."),
            }
            show!(json!({
                "eligible": checked.finding.is_eligible(),
                "failed": acts::roll::codes(&checked.finding),
                "entry": checked.position,
            }));
            Ok(())
        }
        RollCommand::Holidays { file, key } => {
            let text = std::fs::read_to_string(file).map_err(|e| Failure::file(file, &e))?;
            let more: HolidaysFile = toml::from_str(&text).map_err(|e| {
                Failure::refused(
                    format!("{}: {e}", file.display()),
                    "`sijill roll holidays --help` shows the form; nothing was written",
                )
                .code("roll.definition")
            })?;
            let (_site, _open, event) = common.start_event().await?;
            let key = common.signing_key(key)?;
            let added = more.holiday.len();
            let all = acts::roll::declare_holidays(&event, &key, more.holiday).await?;
            say!("Declared {added} holidays; the roll knows {all} now.");
            say!("The last day for objections stays; only `sijill roll extend` moves it.");
            show!(json!({ "declared": added, "known": all }));
            Ok(())
        }
        RollCommand::Correct {
            person,
            registrar,
            persons,
        } => {
            let (identifier, persons) = (roll_person(person)?, read_persons(persons)?);
            let (site, _open, event) = common.start_event().await?;
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            let failed = acts::roll::correct(&event, &mut book, &identifier, &persons).await?;
            if failed.is_empty() {
                say!("Checked again: eligible. The correction is on the roll.");
            } else {
                say!(
                    "Checked again: not eligible ({}). Strike the person before the freeze, or check again.",
                    failed.join(", ")
                );
            }
            show!(json!({ "eligible": failed.is_empty(), "failed": failed }));
            Ok(())
        }
        RollCommand::Transfer {
            person,
            to,
            reason,
            registrar,
        } => {
            let identifier = roll_person(person)?;
            let to = to.parse().map_err(|e| {
                Failure::usage(format!("the district {e}"), "name one of the election")
                    .code("district.unknown")
            })?;
            let (site, _open, event) = common.start_event().await?;
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            let from = acts::roll::transfer(&event, &mut book, &identifier, &to, reason).await?;
            say!(
                "Transferred from {from} to {to}. If a credential was issued it has ended: `sijill credential issue`."
            );
            show!(json!({ "from": from, "to": to }));
            Ok(())
        }
        RollCommand::Strike {
            person,
            reason,
            registrar,
        } => {
            let identifier = roll_person(person)?;
            let (site, _open, event) = common.start_event().await?;
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            acts::roll::strike(&event, &mut book, &identifier, reason).await?;
            say!("Struck off the roll. An import that names the person checks and registers them again.");
            show!(json!({ "struck": true }));
            Ok(())
        }
        RollCommand::Object {
            person,
            kind,
            statement,
            registrar,
        } => {
            let identifier = roll_person(person)?;
            let (site, _open, event) = common.start_event().await?;
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book_or_new(&event)?;
            let kind = *kind as u8 + 1;
            let position = acts::roll::object(&event, &mut book, &identifier, kind, statement).await?;
            say!("Filed: objection {position} of the roll.");
            show!(json!({ "objection": position }));
            Ok(())
        }
        RollCommand::Decide {
            objection,
            decision,
            reason,
            opening,
            key,
        } => {
            let (_site, _open, event) = common.start_event().await?;
            let key = common.signing_key(key)?;
            let ruling = *decision as u8 + 1;
            let name = NewFile::take(opening)?;
            acts::roll::decide(&event, &key, *objection, ruling, reason, name).await?;
            say!(
                "Decided. What follows for the roll is an act of the registrar; the opening is in {}.",
                opening.display()
            );
            show!(json!({ "objection": objection, "decision": ruling }));
            Ok(())
        }
        RollCommand::Extend {
            until,
            by,
            reason,
            key,
        } => {
            let until = sijill_rules::parse_date(until).ok_or_else(|| {
                Failure::usage("that is not a day", "type it as 2026-11-27").code("roll.day")
            })?;
            let (_site, _open, event) = common.start_event().await?;
            let key = common.signing_key(key)?;
            let old = acts::roll::extend(&event, &key, until, by, reason).await?;
            say!("The last day for objections was {old} and is {until}.");
            show!(json!({ "old_last_day": old.to_string(), "new_last_day": until.to_string() }));
            Ok(())
        }
        RollCommand::Freeze { registrar } => {
            let (site, _open, event) = common.start_event().await?;
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            acts::roll::freeze(&event, &mut book).await?;
            for district in &event.roll_facts()?.districts {
                say!(
                    "{}: {} eligible voters, {} of them with a credential",
                    district.district,
                    number(district.eligible),
                    number(district.holders)
                );
            }
            say!("The roll is frozen. Next: trustees publish their keys, then `sijill election prepare`.");
            let rows: Vec<_> = event
                .roll_facts()?
                .districts
                .iter()
                .map(|d| json!({ "district": d.district, "eligible": d.eligible, "holders": d.holders }))
                .collect();
            show!(json!({ "districts": rows }));
            Ok(())
        }
    }
}

/// Every condition, in both languages.
fn say_lines(finding: &Finding) {
    for line in &finding.lines {
        say!("{} {}", if line.holds { "[yes]" } else { "[no] " }, line.text.en);
        say!("      {}", line.text.ar);
    }
}

fn say_verdict(finding: &Finding) {
    say!(
        "{}",
        if finding.is_eligible() {
            "Eligible. / مستوفٍ للشروط."
        } else {
            "Not eligible. / غير مستوفٍ للشروط."
        }
    );
}

fn say_finding(finding: &Finding) {
    say_lines(finding);
    say_verdict(finding);
}

/// An identifier in its one spelling.
pub(crate) fn roll_person(text: &str) -> Outcome<String> {
    roll_file::identifier(text).map_err(|problem| {
        Failure::usage(
            format!("{problem} / الرقم غير مكتوب كما يجب"),
            "type it as it stands on the roll / اكتب الرقم كما هو في الجدول",
        )
        .code("identity.form")
    })
}

fn read_persons(path: &Path) -> Outcome<PersonsFile> {
    let file = std::fs::File::open(path).map_err(|e| Failure::file(path, &e))?;
    PersonsFile::read(std::io::BufReader::new(file)).map_err(|error| {
        let (code, help) = match error {
            PersonsFileError::Header => (
                "persons-file.header",
                "put these names into the first line, separated by commas",
            ),
            _ => ("persons-file.line", "mend this line; nothing was written"),
        };
        Failure::refused(error.to_string(), help).code(code)
    })
}

async fn explain(person: &str, registrar: &RegistrarArgs, persons: &Path, common: &Common) -> Outcome {
    let (identifier, persons) = (roll_person(person)?, read_persons(persons)?);
    let evidence = acts::roll::evidence(&persons, &identifier)?;
    let (site, _open, event) = common.start_event().await?;
    let registrar = Registrar::unlock(registrar, common, &site, &event)?;
    let standing = acts::roll::standing(&event, &registrar.pseudonyms, &identifier)?;
    let governed = acts::roll::governed(&event)?;
    let now_ms = event.engine.now().as_u64();
    let on_roll = standing.district.is_some();
    // The conditions of voting, those of the roll among them.
    let finding = acts::roll::find(&governed, &evidence, Purpose::LogIn, on_roll, now_ms)?;
    say_lines(&finding);
    if let Some(district) = &standing.district {
        let name = event
            .manifest
            .district(district)
            .map(|d| crate::render::bilingual(&d.name));
        say!(
            "Registered in {district}. / مقيد في الدائرة: {}",
            name.unwrap_or_default()
        );
    } else if let Some(window) = governed.window() {
        let zone = &governed.pack().calendar.time_zone;
        say!(
            "Objections: from {} through {} / الاعتراضات: حتى نهاية يوم {}",
            crate::render::moment(window.opens_ms, zone),
            english_both(window.last_day),
            arabic_both(window.last_day)
        );
    }
    say_verdict(&finding);
    let failed = acts::roll::codes(&finding);
    show!(json!({ "eligible": finding.is_eligible(), "failed": failed, "district": standing.district }));
    Ok(())
}

async fn import(
    file: &Path,
    registrar: &RegistrarArgs,
    persons: Option<&Path>,
    skip_bad: bool,
    common: &Common,
) -> Outcome {
    let persons = persons.map(read_persons).transpose()?;
    let provider = persons.as_ref().map(|p| p as &dyn IdentityProvider);
    let bytes = zeroize::Zeroizing::new(read_bounded(file)?);
    let file = RollFile::new(&bytes)?;
    let (site, _open, event) = common.start_event().await?;
    acts::roll::refuse_frozen(&event)?;
    let governed = acts::roll::governed(&event)?;
    let registrar = Registrar::unlock(registrar, common, &site, &event)?;
    // Everything is looked at before anything is written.
    let checked = file.check(
        |district| event.manifest.district(district).is_some(),
        |identifier| registrar.pseudonyms.of(identifier).0,
        |row| acts::roll::check_row(&event, &governed, &registrar.pseudonyms, row, provider),
    );
    if !checked.bad.is_empty() {
        if !skip_bad {
            return Err(roll_file::refuse("the roll", &checked.bad));
        }
        say!(
            "Left out {} bad lines:\n{}",
            checked.bad.len(),
            roll_file::list(&checked.bad)
        );
    }
    if checked.good == 0 {
        return Err(Failure::refused(
            "the roll has no persons",
            "add a line for each person; nothing was imported",
        )
        .code("roll-file.empty"));
    }
    let mut book = registrar.book_or_new(&event)?;
    let rows = file.rows(&checked.bad);
    let Registered {
        registered,
        refused,
        already,
    } = acts::roll::register(&event, &mut book, rows, checked.good, provider, "roll import").await?;
    say!("Registered {} voters.", number(registered as u64));
    if refused > 0 {
        say!(
            "{} are not eligible and were not registered; `sijill roll explain` says why.",
            number(refused as u64)
        );
    }
    if already > 0 {
        say!("{} were registered already.", number(already as u64));
    }
    say!(
        "Next: `sijill credential issue`, then `sijill roll freeze`. The CSV file is no longer needed here."
    );
    show!(json!({
        "registered": registered,
        "not_eligible": refused,
        "already": already,
        "left_out": checked.bad.len(),
    }));
    Ok(())
}
