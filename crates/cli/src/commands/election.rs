//! `sijill election`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Deserialize;
use sijill_registers::election::events::PaperReturned;
use sijill_registers::election_file;
use sijill_registers::names::Name;

use super::{Common, public_key};
use crate::acts::counting::Declared;
use crate::acts::definition::Officials;
use crate::acts::{self, Event};
use crate::error::{Failure, Outcome};
use crate::registrar::Book;
use crate::render::{self, moment, number, say};
use crate::{roll_file, rules};

/// Define, open, close, seal and count an event.
#[derive(Debug, Subcommand)]
pub(crate) enum ElectionCommand {
    /// Define an event from an election file: its ledgers, who may act on them, what is asked and when
    New {
        /// The election file (TOML); fixtures/referendum/election.toml is one to begin with
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// A rule pack instead of the built-in one that the election file names
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The registrar's public key, or a key file that shows it
        #[arg(long, value_name = "KEY")]
        registrar: String,
        /// A trustee's public signing key, or a key file that shows it; once for each, in the order of the election file
        #[arg(long = "trustee", value_name = "KEY", required = true)]
        trustees: Vec<String>,
    },
    /// After the freeze and the trustees' keys: fix the election key, the boxes and the questions
    Prepare {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Open the ballot boxes, when the time has come
    Open {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Close the ballot boxes, after the closing time and its grace
    Close {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Exclude the digital ballots of those who voted on paper (registrar)
    Exclude {
        /// The registrar's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Those who voted on paper: first line `identifier`, then one in each line. Left out: nobody did
        #[arg(long, value_name = "FILE")]
        list: Option<PathBuf>,
        /// The registrar's sealed book [default: in DIR/people/registrar]
        #[arg(long, value_name = "FILE")]
        book: Option<PathBuf>,
    },
    /// Seal the boxes and anchor their encrypted tallies, once and for ever
    Seal {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Return the paper votes of the districts
    #[command(long_about = "Return the paper votes of the districts.\n\n\
        The file is TOML:\n\n  [[district]]\n  id = \"national\"\n  issued = 120\n  valid = 110\n  invalid = 7\n  spoilt = 3\n  \
        counts = [[4, 90, 16]]   # by question: blank first if it is offered, then the answers")]
    Paper {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The returns (TOML)
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Show the result; with --key, declare it once all shares are there
    Result {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Show the result as the published JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaperFile {
    district: Vec<PaperDistrict>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaperDistrict {
    id: Name,
    issued: u64,
    valid: u64,
    invalid: u64,
    spoilt: u64,
    counts: Vec<Vec<u64>>,
}

/// Runs `sijill election`.
pub(crate) async fn run(command: &ElectionCommand, common: &Common) -> Outcome {
    match command {
        ElectionCommand::New {
            file,
            rules,
            key,
            registrar,
            trustees,
        } => new(file, rules.as_deref(), key, registrar, trustees, common).await,
        ElectionCommand::Prepare { key } => {
            let (_site, _open, event) = common.start_event().await?;
            acts::preparation::prepare(&event, &common.signing_key(key)?).await?;
            say!("Election key, boxes and questions are fixed.");
            say!("Next: `sijill election open` from {}.", opens(&event));
            Ok(())
        }
        ElectionCommand::Open { key } => {
            let (_site, _open, event) = common.start_event().await?;
            let opened = acts::polling::open(&event, &common.signing_key(key)?).await?;
            say!(
                "Opened {opened} ballot boxes; {} were open already.",
                event.boxes.len() - opened
            );
            say!("They take ballots until {}.", closes(&event));
            Ok(())
        }
        ElectionCommand::Close { key } => {
            let (_site, _open, event) = common.start_event().await?;
            let closed = acts::polling::close(&event, &common.signing_key(key)?).await?;
            say!(
                "Closed {closed} ballot boxes; {} were closed already.",
                event.boxes.len() - closed
            );
            say!("Next: `sijill election exclude` (registrar), then `sijill election seal`.");
            Ok(())
        }
        ElectionCommand::Exclude { key, list, book } => {
            exclude(key, list.as_deref(), book.as_deref(), common).await
        }
        ElectionCommand::Seal { key } => {
            let (_site, _open, event) = common.start_event().await?;
            acts::polling::seal(&event, &common.signing_key(key)?).await?;
            for (district, ballot_box) in &event.boxes {
                if let Some(progress) = event.election_facts()?.progress.get(ballot_box) {
                    say!(
                        "{district}: {} ballots counted, sealed and anchored",
                        number(progress.anchored.counted)
                    );
                }
            }
            say!("Next: `sijill ledger publish`, then each trustee runs `sijill trustee decrypt`.");
            Ok(())
        }
        ElectionCommand::Paper { key, file } => paper(key, file, common).await,
        ElectionCommand::Result { key, json } => result(key.as_deref(), *json, common).await,
    }
}

async fn new(
    file: &Path,
    rules_file: Option<&Path>,
    key: &Path,
    registrar: &str,
    trustees: &[String],
    common: &Common,
) -> Outcome {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::file(file, &e))?;
    let pack = rules::for_election(&text, rules_file)?;
    let manifest = election_file::compile(&text, &pack)?;
    if !manifest.rehearsal && common.clock()?.is_simulated() {
        return Err(Failure::refused(
            "a simulated clock is refused: this election is no rehearsal",
            "leave --rehearsal-clock out, or write `rehearsal = true` into the election file",
        ));
    }
    let mut site = common.site()?;
    let commission = common.signing_key(key)?;
    let officials = Officials {
        commission: commission.key_id(),
        registrar: public_key(registrar)?,
        trustees: trustees.iter().map(|t| public_key(t)).collect::<Outcome<_>>()?,
    };
    let open = common.start(&site).await?;
    if open.engine.now().as_u64() >= manifest.closes_ms {
        return Err(Failure::refused(
            format!(
                "the poll would close at {}, which is past",
                moment(manifest.closes_ms, &manifest.time_zone)
            ),
            "edit `opens` and `closes` of the election file; nothing was written",
        ));
    }
    let event = acts::definition::define(
        &open.engine,
        &manifest,
        &pack,
        site.origin(),
        &officials,
        &commission,
    )
    .await?;
    site.set_event(event.election)?;
    say!("Defined: {}", render::bilingual(&manifest.name));
    say!("  event (election ledger): {}", event.election);
    say!("  roll:                    {}", event.roll);
    for (district, ledger) in &event.boxes {
        say!("  ballot box {district}: {ledger}");
    }
    say!("Next: `sijill roll import` (registrar), `sijill trustee publish` (each trustee).");
    Ok(())
}

async fn exclude(key: &Path, list: Option<&Path>, book: Option<&Path>, common: &Common) -> Outcome {
    let on_paper = match list {
        Some(path) => {
            let bytes = zeroize::Zeroizing::new(std::fs::read(path).map_err(|e| Failure::file(path, &e))?);
            roll_file::parse_identifiers(&bytes)?
        }
        None => Vec::new(),
    };
    let (site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let path = book.map_or_else(|| site.book(&event.election), Path::to_owned);
    let book = if path.exists() {
        Book::open(&path, event.roll, common.passphrases().acting(&path)?)?
    } else if on_paper.is_empty() {
        // Nobody to look up.
        Book::open_or_new(
            &path,
            event.roll,
            sijill_engine::keyfile::Passphrase::new(String::new()),
        )?
    } else {
        return Err(super::roll::no_book(&path));
    };
    let counts = acts::polling::exclude(&event, &book, &on_paper, &key).await?;
    for (district, count) in &counts {
        say!("{district}: {} credentials excluded", number(*count as u64));
    }
    if counts.is_empty() {
        say!("The exclusions of every box are fixed already.");
    }
    say!("Next: `sijill election seal`.");
    Ok(())
}

async fn paper(key: &Path, file: &Path, common: &Common) -> Outcome {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::file(file, &e))?;
    let returns: PaperFile = toml::from_str(&text).map_err(|e| {
        Failure::refused(
            format!("{}: {e}", file.display()),
            "`sijill election paper --help` shows the form; nothing was written",
        )
    })?;
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    for district in returns.district {
        let ledger = event.box_of(Some(&district.id))?;
        let returned = PaperReturned {
            ledger,
            issued: district.issued,
            valid: district.valid,
            invalid: district.invalid,
            spoilt: district.spoilt,
            counts: district.counts,
        };
        acts::counting::return_paper(&event, returned, &key).await?;
        acts::counting::publish_result(&event, &ledger).await?;
        say!("{}: returned", district.id);
    }
    say!("Next: `sijill election result`.");
    Ok(())
}

async fn result(key: Option<&Path>, json: bool, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = key.map(|path| common.signing_key(path)).transpose()?;
    let mut incomplete = Vec::new();
    for (district, ballot_box) in &event.boxes {
        if let Some(key) = &key {
            match acts::counting::declare(&event, ballot_box, key).await? {
                Declared::Result => {}
                Declared::SharesMissing(trustees) => {
                    let trustees: Vec<String> = trustees.iter().map(u16::to_string).collect();
                    incomplete.push(format!(
                        "{district}: the shares of trustees {} are missing",
                        trustees.join(", ")
                    ));
                    continue;
                }
                Declared::BelowMinimum => {
                    say!(
                        "{district}: fewer than {} ballots; it is never decrypted.",
                        event.manifest.min_ballots
                    );
                    continue;
                }
                Declared::NotSealed => {
                    incomplete.push(format!("{district}: not sealed yet"));
                    continue;
                }
            }
        }
        match acts::counting::result(&event, ballot_box).await? {
            Some(document) if json => say!("{}", String::from_utf8_lossy(&document.to_bytes())),
            Some(document) => say!("{}", render::result(&event.manifest, &document)),
            None => incomplete.push(format!("{district}: {}", what_is_missing(&event, ballot_box)?)),
        }
    }
    if incomplete.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(
        format!("not every result is there:\n  {}", incomplete.join("\n  ")),
        "trustees run `sijill trustee decrypt`, the commission `sijill election paper` and `sijill election result --key`",
    ))
}

fn what_is_missing(event: &Event, ballot_box: &sijill_ledger::LedgerId) -> Outcome<String> {
    let facts = event.election_facts()?;
    Ok(match facts.progress.get(ballot_box) {
        None => "not sealed yet".to_owned(),
        Some(p) if p.result.is_none() => {
            format!(
                "no result declared; {} of {} shares are there",
                p.shares.len(),
                event.manifest.trustees.names.len()
            )
        }
        Some(_) => "the paper return is missing".to_owned(),
    })
}

fn opens(event: &Event) -> String {
    moment(event.manifest.opens_ms, &event.manifest.time_zone)
}

fn closes(event: &Event) -> String {
    moment(event.manifest.closes_ms, &event.manifest.time_zone)
}
