//! `sijill election`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Deserialize;
use serde_json::json;
use sijill_registers::election::events::{ElectionEvent, PaperReturned};
use sijill_registers::election_file;
use sijill_registers::names::Name;
use sijill_verifier::Stage;

use super::export::{self, Contests};
use super::roll::{Registrar, RegistrarArgs};
use super::{Common, outcome, public_key};
use crate::acts::counting::Declared;
use crate::acts::definition::{Announced, Officials};
use crate::acts::{self, Event};
use crate::error::{Failure, Outcome};
use crate::render::{self, moment, number, say, show};
use crate::site::NewFile;
use crate::verified::VerifiedFolder;
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
        /// The polling stations (TOML); `sijill station keys --help` shows the form
        #[arg(long, value_name = "FILE")]
        stations: Option<PathBuf>,
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The registrar's public key, or a key file that shows it
        #[arg(long, value_name = "KEY")]
        registrar: String,
        /// The public key of a further member of the commission, or a key file that shows it; once for each
        #[arg(long = "member", value_name = "KEY")]
        members: Vec<String>,
        /// A trustee's public signing key, or a key file that shows it; once for each, in the order of the election file
        #[arg(long = "trustee", value_name = "KEY", required = true)]
        trustees: Vec<String>,
        /// When the preliminary roll is announced and objections begin, such as 2026-11-15T08:00:00+03:00
        /// [default: a minute from now]
        #[arg(long, value_name = "TIME")]
        objections_open: Option<jiff::Timestamp>,
        /// The last day for objections, such as 2026-11-20, where the rules do not count the days [default: a week]
        #[arg(long, value_name = "DAY")]
        objections_until: Option<String>,
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
        /// The registrar's secret; needed if anybody is on the list
        #[arg(long, value_name = "FILE")]
        secret: Option<PathBuf>,
        /// The registrar's vault [default: in DIR/people/registrar]
        #[arg(long, value_name = "FILE")]
        vault: Option<PathBuf>,
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
    },
    /// Decide a tie: who is elected of those with the same number of votes, by the rule of the law (commission)
    Tie(outcome::TieArgs),
    /// Return the paper votes of districts again, in the place of the earlier returns (commission)
    #[command(
        long_about = "Return the paper votes of districts again, in the place of the earlier returns.\n\n\
        The file is that of `sijill election paper`. The earlier return stays on the ledger; the result, the decided ties and \
        the outcome that followed from it are void, and the new result is published. Digital votes are never counted again."
    )]
    Recount(outcome::RecountArgs),
    /// Remove a candidate who cannot be elected any more: withdrawn in time, or by a court's decision (commission)
    RemoveCandidate(outcome::RemovalArgs),
    /// File somebody's objection to a result, before it is certified (registrar)
    Object(outcome::ObjectionArgs),
    /// Decide an objection to a result (commission)
    DecideObjection(outcome::DecisionArgs),
    /// End the current attempt of the trustees' key ceremony and begin the next
    RestartCeremony {
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Verify everything that was published, then certify the results (each member of the commission)
    #[command(
        long_about = "Verify everything that was published, then certify the results.\n\n\
        Each member of the commission runs it on their own machine until the quorum of the rules is reached. The folder is \
        verified up to the published results by the independent verifier against the trust file, and what is signed names the \
        state of the election ledger that was verified."
    )]
    Certify {
        /// The member's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The published folder
        #[arg(long, value_name = "DIR")]
        published: PathBuf,
        /// The trust file
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// The file for what is signed, on its way to the service
        #[arg(long, value_name = "FILE", required_unless_present = "submit")]
        out: Option<PathBuf>,
        /// Hand it at once to the installation of --dir, if it is on this machine
        #[arg(long)]
        submit: bool,
    },
    /// Verify everything that was published, then write the results for others: JSON of NIST SP 1500-100, CSV, protocols to print
    #[command(
        long_about = "Verify everything that was published, then write the results for others.\n\n\
        The folder is verified by the independent verifier against the trust file; what it does not establish is not \
        written. The new folder of --out gets results.json (NIST SP 1500-100, version 2.0), results.csv, and for each district \
        a protocol to print and sign in English and Arabic (<district>.html) and its charts (<district>-….svg)."
    )]
    Export {
        /// The published folder
        #[arg(long, value_name = "DIR")]
        published: PathBuf,
        /// The trust file
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// The folder to make; it must not exist
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// What the questions are about, in results.json [default: measures if the event has one district, else candidates]
        #[arg(long, value_name = "KIND")]
        contests: Option<Contests>,
        /// Results that are not certified yet will do, and are marked so
        #[arg(long)]
        uncertified: bool,
    },
}

/// A file of paper returns.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaperFile {
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

/// Reads a file of paper returns.
pub(super) fn read_returns(file: &Path) -> Outcome<PaperFile> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::file(file, &e))?;
    toml::from_str(&text).map_err(|e| {
        Failure::refused(
            format!("{}: {e}", file.display()),
            "`sijill election paper --help` shows the form; nothing was written",
        )
        .code("paper-file.form")
    })
}

impl PaperFile {
    /// The returns, by district in the order of the file; refused if one of them is not a district of the event.
    pub(super) fn of(self, event: &Event) -> Outcome<Vec<(Name, PaperReturned)>> {
        let returns = self.district.into_iter().map(|district| {
            let returned = PaperReturned {
                ledger: event.box_of(Some(&district.id))?,
                issued: district.issued,
                valid: district.valid,
                invalid: district.invalid,
                spoilt: district.spoilt,
                counts: district.counts,
            };
            Ok((district.id, returned))
        });
        returns.collect()
    }
}

/// Runs `sijill election`.
pub(crate) async fn run(command: &ElectionCommand, common: &Common) -> Outcome {
    match command {
        ElectionCommand::New {
            file,
            rules,
            stations,
            key,
            registrar,
            members,
            trustees,
            objections_open,
            objections_until,
        } => {
            let last_day = objections_until.as_deref().map(|text| {
                sijill_rules::parse_date(text).ok_or_else(|| {
                    Failure::usage("that is not a day", "type it as 2026-11-20").code("roll.day")
                })
            });
            let opens_ms = objections_open.map(|at| {
                u64::try_from(at.as_millisecond()).map_err(|_| {
                    Failure::usage("that moment is before 1970", "name another").code("roll.window")
                })
            });
            let announced = Announced {
                opens_ms: opens_ms.transpose()?,
                last_day: last_day.transpose()?,
            };
            let keys = Keys {
                commission: key,
                registrar,
                members,
                trustees,
            };
            let files = (rules.as_deref(), stations.as_deref());
            new(file, files, keys, announced, common).await
        }
        ElectionCommand::RestartCeremony { key } => {
            let (_site, _open, event) = common.start_event().await?;
            let attempt = acts::preparation::restart_ceremony(&event, &common.signing_key(key)?).await?;
            say!("Attempt {attempt} of the key ceremony begins; nothing of the earlier ones is used.");
            say!("Next: `sijill ledger publish`, then each trustee runs `sijill trustee ceremony next`.");
            show!(json!({ "attempt": attempt }));
            Ok(())
        }
        ElectionCommand::Export {
            published,
            trust,
            out,
            contests,
            uncertified,
        } => export::export(
            published,
            trust,
            out,
            *contests,
            *uncertified,
            common.clock()?.now(),
        ),
        ElectionCommand::Certify {
            key,
            published,
            trust,
            out,
            submit,
        } => certify(key, published, trust, out.as_deref(), *submit, common).await,
        ElectionCommand::Prepare { key } => {
            let (_site, _open, event) = common.start_event().await?;
            acts::preparation::prepare(&event, &common.signing_key(key)?).await?;
            say!("Election key, boxes and questions are fixed.");
            say!("Next: `sijill election open` from {}.", opens(&event));
            show!(json!({ "prepared": event.boxes.len(), "opens_ms": event.manifest.opens_ms }));
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
            show!(json!({ "opened": opened, "closes_ms": event.manifest.closes_ms }));
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
            show!(json!({ "closed": closed }));
            Ok(())
        }
        ElectionCommand::Exclude {
            key,
            list,
            secret,
            vault,
        } => {
            let vault = (secret.as_deref(), vault.as_deref());
            exclude(key, list.as_deref(), vault, common).await
        }
        ElectionCommand::Seal { key } => {
            let (_site, _open, event) = common.start_event().await?;
            acts::polling::seal(&event, &common.signing_key(key)?).await?;
            let mut sealed = serde_json::Map::new();
            for (district, ballot_box) in &event.boxes {
                if let Some(progress) = event.election_facts()?.progress.get(ballot_box) {
                    sealed.insert(district.to_string(), progress.anchored.counted.into());
                    say!(
                        "{district}: {} ballots counted, sealed and anchored",
                        number(progress.anchored.counted)
                    );
                }
            }
            say!("Next: `sijill ledger publish`, then each trustee runs `sijill trustee decrypt`.");
            show!(json!({ "counted": sealed }));
            Ok(())
        }
        ElectionCommand::Paper { key, file } => paper(key, file, common).await,
        ElectionCommand::Tie(args) => outcome::tie(args, common).await,
        ElectionCommand::Recount(args) => outcome::recount(args, common).await,
        ElectionCommand::RemoveCandidate(args) => outcome::remove_candidate(args, common).await,
        ElectionCommand::Object(args) => outcome::object(args, common).await,
        ElectionCommand::DecideObjection(args) => outcome::decide_objection(args, common).await,
        ElectionCommand::Result { key } => result(key.as_deref(), common).await,
    }
}

/// Whose keys an event is defined with.
struct Keys<'a> {
    commission: &'a Path,
    registrar: &'a str,
    members: &'a [String],
    trustees: &'a [String],
}

async fn new(
    file: &Path,
    (rules_file, stations_file): (Option<&Path>, Option<&Path>),
    keys: Keys<'_>,
    announced: Announced,
    common: &Common,
) -> Outcome {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::file(file, &e))?;
    let pack = rules::for_election(&text, rules_file)?;
    let manifest = election_file::compile(&text, &pack)?;
    if !manifest.rehearsal && common.clock()?.is_simulated() {
        return Err(Failure::refused(
            "a simulated clock is refused: this election is no rehearsal",
            "leave --rehearsal-clock out, or write `rehearsal = true` into the election file",
        )
        .code("clock.simulated"));
    }
    let mut site = common.site()?;
    let commission = common.signing_key(keys.commission)?;
    let officials = Officials {
        commission: commission.key_id(),
        members: keys
            .members
            .iter()
            .map(|m| public_key(m))
            .collect::<Outcome<_>>()?,
        registrar: public_key(keys.registrar)?,
        trustees: keys
            .trustees
            .iter()
            .map(|t| public_key(t))
            .collect::<Outcome<_>>()?,
        stations: match stations_file {
            Some(path) => acts::station::plans(path)?,
            None => Vec::new(),
        },
        stations_folder: site.all_stations(),
    };
    let open = common.start(&site).await?;
    if open.engine.now().as_u64() >= manifest.closes_ms {
        return Err(Failure::refused(
            format!(
                "the poll would close at {}, which is past",
                moment(manifest.closes_ms, &manifest.time_zone)
            ),
            "edit `opens` and `closes` of the election file; nothing was written",
        )
        .code("election-file.past"));
    }
    let event = acts::definition::define(
        &open.engine,
        &manifest,
        &pack,
        site.origin(),
        &officials,
        announced,
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
    if event.manifest.trustees.hold_a_ceremony() {
        say!(
            "Next: `sijill roll import` (registrar), `sijill ledger publish`, `sijill trustee ceremony next` (each trustee)."
        );
    } else {
        say!(
            "Next: `sijill roll import` (registrar), `sijill ledger publish`, `sijill trustee publish` (each trustee)."
        );
    }
    let boxes: serde_json::Map<_, _> = event
        .boxes
        .iter()
        .map(|(district, ledger)| (district.to_string(), ledger.to_string().into()))
        .collect();
    show!(json!({ "event": event.election, "roll": event.roll, "boxes": boxes }));
    Ok(())
}

async fn exclude(
    key: &Path,
    list: Option<&Path>,
    (secret, vault): (Option<&Path>, Option<&Path>),
    common: &Common,
) -> Outcome {
    let on_paper = match list {
        Some(path) => {
            let bytes = zeroize::Zeroizing::new(std::fs::read(path).map_err(|e| Failure::file(path, &e))?);
            roll_file::parse_identifiers(&bytes)?
        }
        None => Vec::new(),
    };
    let (site, _open, event) = common.start_event().await?;
    let counts = match (on_paper.is_empty(), secret) {
        // Nobody to look up.
        (true, _) => {
            let key = common.signing_key(key)?;
            acts::polling::exclude(&event, None, &[], &key).await?
        }
        (false, None) => {
            return Err(Failure::usage(
                "the persons of the list are looked up in the vault",
                "give the registrar's secret with --secret",
            )
            .code("vault.secret"));
        }
        (false, Some(secret)) => {
            let registrar = RegistrarArgs::new(key, secret, vault);
            let mut book = Registrar::unlock(&registrar, common, &site, &event)?.book(&event)?;
            let key = sijill_ledger::SigningKey::from_seed(&book.key.seed());
            acts::polling::exclude(&event, Some(&mut book), &on_paper, &key).await?
        }
    };
    if counts.is_empty() {
        say!("The exclusions of every box are fixed already.");
    }
    say_excluded(&counts);
    Ok(())
}

/// Says how many credentials were excluded in each box whose exclusions were fixed now.
pub(super) fn say_excluded(counts: &BTreeMap<Name, usize>) {
    for (district, count) in counts {
        say!("{district}: {} credentials excluded", number(*count as u64));
    }
    say!("Next: `sijill election seal`.");
    let counts: serde_json::Map<_, _> = counts
        .iter()
        .map(|(district, count)| (district.to_string(), (*count).into()))
        .collect();
    show!(json!({ "excluded": counts }));
}

async fn paper(key: &Path, file: &Path, common: &Common) -> Outcome {
    let returns = read_returns(file)?;
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let mut returned_of = Vec::new();
    for (district, returned) in returns.of(&event)? {
        let ledger = returned.ledger;
        acts::counting::return_paper(&event, returned, &key).await?;
        acts::counting::publish_result(&event, &ledger).await?;
        say!("{district}: returned");
        returned_of.push(district.to_string());
    }
    say!("Next: `sijill election result`.");
    show!(json!({ "returned": returned_of }));
    Ok(())
}

async fn certify(
    key: &Path,
    published: &Path,
    trust: &Path,
    out: Option<&Path>,
    submit: bool,
    common: &Common,
) -> Outcome {
    let key = common.signing_key(key)?;
    let file = out.map(NewFile::take).transpose()?;
    let folder = VerifiedFolder::open(published, trust, Stage::Published)?;
    say!("The published folder is {}.", folder.report.summary);
    folder.check_commission(key.key_id())?;
    let message = folder.sign(
        &key,
        common.clock()?.now(),
        ElectionEvent::ResultsCertified,
        Vec::new(),
    )?;
    let quorum = usize::from(folder.manifest()?.certification_quorum);
    let before = folder.facts().certified_by.len();
    if let (Some(file), Some(out)) = (file, out) {
        file.write(&message.to_bytes()?)?;
        say!("Signed the certification in {}.", out.display());
        say!("Next: send it to the service, which runs `sijill ledger submit FILE`.");
    }
    if submit {
        let site = common.site()?;
        let open = common.start(&site).await?;
        let at = message.submit(&open.engine).await?;
        say!(
            "The certification stands at entry {} of the election ledger.",
            at.seq
        );
        say!(
            "Certified by {} of the {quorum} members that the rules ask for.",
            before + 1
        );
    }
    show!(json!({ "submitted": submit, "certified_before": before, "quorum": quorum }));
    Ok(())
}

async fn result(key: Option<&Path>, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = key.map(|path| common.signing_key(path)).transpose()?;
    let mut incomplete = Vec::new();
    let mut documents = Vec::new();
    let mut outcomes = Vec::new();
    for (district, ballot_box) in &event.boxes {
        if let Some(key) = &key {
            match acts::counting::declare(&event, ballot_box, key).await? {
                Declared::Result => {}
                Declared::SharesMissing { needed, without } => {
                    let without: Vec<String> = without.iter().map(u16::to_string).collect();
                    incomplete.push(format!(
                        "{district}: {needed} more of the shares of trustees {} are needed",
                        without.join(", ")
                    ));
                    continue;
                }
                Declared::BelowMinimum => {
                    say!(
                        "{district}: fewer than {} ballots; they are never decrypted.",
                        event.manifest.min_ballots
                    );
                    if !event.manifest.paper {
                        continue;
                    }
                }
                Declared::NotSealed => {
                    incomplete.push(format!("{district}: not sealed yet"));
                    continue;
                }
            }
        }
        match acts::counting::result(&event, ballot_box).await? {
            Some(document) => {
                say!("{}", render::result(&event.manifest, &document));
                let facts = event.election_facts()?;
                let seats = facts.seats(ballot_box, event.engine.contents())?;
                if !seats.is_empty() {
                    say!("{}", render::seats(&event.manifest, district, &seats));
                    outcomes.push(json!({ "district": district, "seats": seats }));
                }
                documents.push(document);
            }
            None if is_below_minimum(&event, ballot_box)? && !event.manifest.paper => {}
            None => incomplete.push(format!("{district}: {}", what_is_missing(&event, ballot_box)?)),
        }
    }
    for district in event.manifest.districts.iter().filter(|d| !d.is_polled()) {
        say!("{}", render::unopposed(&event.manifest, district));
    }
    if incomplete.is_empty() {
        let facts = event.election_facts()?;
        say!(
            "Certified by {} of the {} members that the rules ask for.",
            facts.certified_by.len(),
            event.manifest.certification_quorum
        );
        let mut said = json!({ "results": documents, "certified_by": facts.certified_by });
        if !outcomes.is_empty() {
            said["outcomes"] = outcomes.into();
        }
        show!(said);
        return Ok(());
    }
    Err(Failure::refused(
        format!("not every result is there:\n  {}", incomplete.join("\n  ")),
        "trustees run `sijill trustee decrypt`, the commission `sijill election paper` and `sijill election result --key`",
    ).code("result.incomplete"))
}

fn is_below_minimum(event: &Event, ballot_box: &sijill_ledger::LedgerId) -> Outcome<bool> {
    let facts = event.election_facts()?;
    let progress = facts.progress.get(ballot_box);
    Ok(progress.is_some_and(|p| p.anchored.counted < event.manifest.min_ballots))
}

fn what_is_missing(event: &Event, ballot_box: &sijill_ledger::LedgerId) -> Outcome<String> {
    let facts = event.election_facts()?;
    Ok(match facts.progress.get(ballot_box) {
        None => "not sealed yet".to_owned(),
        Some(p) if p.result.is_none() && p.anchored.counted >= event.manifest.min_ballots => {
            format!(
                "no result declared; {} of {} shares are there",
                p.shares.len(),
                event.manifest.trustees.threshold
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
