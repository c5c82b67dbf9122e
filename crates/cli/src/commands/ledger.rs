//! `sijill ledger`

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use sijill_ledger::{LedgerId, Seq, UnverifiedEntry};
use sijill_registers::catalogue;
use sijill_registers::election::ElectionFacts;
use sijill_registers::manifest::Manifest;
use sijill_registers::register::Facts;

use super::Common;
use crate::acts;
use crate::error::{Failure, Outcome};
use crate::render::{bilingual, escape, moment, number, say, show};
use crate::submission::Submission;
use crate::trustee::ceremony::describe;

/// Look at ledgers, and publish them.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// List the ledgers of this folder: how long they are, where they stand
    List,
    /// Show entries of a ledger
    Show {
        /// The ledger, or the first digits of its id
        #[arg(value_name = "LEDGER")]
        ledger: String,
        /// First entry
        #[arg(long, value_name = "N", default_value_t = 0)]
        from: u64,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50)]
        count: usize,
    },
    /// Publish an event: DIR/published with DIR/trust.json, DIR/accredited with DIR/trust-accredited.json
    Publish,
    /// Record what trustees and members of the commission have signed on their own machines
    Submit {
        /// Submission files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

/// Runs `sijill ledger`.
pub(crate) async fn run(command: &LedgerCommand, common: &Common) -> Outcome {
    match command {
        LedgerCommand::List => list(common).await,
        LedgerCommand::Show { ledger, from, count } => show(ledger, *from, *count, common).await,
        LedgerCommand::Publish => {
            let (site, _open, event) = common.start_event().await?;
            let mut rows = Vec::new();
            let (public, accredited) = acts::publishing::publish(&event, &site).await?;
            for (publication, folder, trust) in [
                (public, site.published(), site.trust()),
                (accredited, site.accredited(), site.trust_accredited()),
            ] {
                say!(
                    "{}: {} ledgers, {} entries, {} documents, {} archives; trust file {}",
                    folder.display(),
                    publication.ledgers,
                    number(publication.entries),
                    publication.contents,
                    publication.archives,
                    trust.display()
                );
                rows.push(json!({
                    "folder": folder,
                    "trust": trust,
                    "ledgers": publication.ledgers,
                    "entries": publication.entries,
                    "documents": publication.contents,
                    "archives": publication.archives,
                }));
            }
            say!(
                "Hand the trust file out by another way than the folder: print it, read it aloud, mirror it."
            );
            show!(json!({ "published": rows }));
            Ok(())
        }
        LedgerCommand::Submit { files } => submit(files, common).await,
    }
}

async fn submit(files: &[PathBuf], common: &Common) -> Outcome {
    let submissions = files
        .iter()
        .map(|path| Submission::read(path))
        .collect::<Outcome<Vec<_>>>()?;
    let site = common.site()?;
    let open = common.start(&site).await?;
    let mut rows = Vec::new();
    for submission in &submissions {
        let at = submission.submit(&open.engine).await?;
        let (name, ledger) = (submission.name(), submission.ledger());
        let again = if at.repeated { "stands already" } else { "stands" };
        say!("{name} {again} at entry {} of ledger {ledger}.", at.seq);
        rows.push(json!({ "event": name, "ledger": ledger, "seq": at.seq, "repeated": at.repeated }));
    }
    show!(json!({ "recorded": rows }));
    Ok(())
}

async fn list(common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let all = open.engine.ledgers().all();
    let refused = open.engine.refused();
    let mut rows = Vec::new();
    if all.is_empty() && refused.is_empty() {
        say!("There are no ledgers here yet. Next: `sijill election new`.");
    }
    for handle in all {
        let (kind, stands) = match handle.facts() {
            Facts::Election(facts) => {
                let stands = match &facts.manifest {
                    None => "not defined".to_owned(),
                    Some(manifest) => format!(
                        "{}; {} to {}; {}; poll {}; {} boxes anchored, {} results",
                        bilingual(&manifest.name),
                        moment(manifest.opens_ms, &manifest.time_zone),
                        moment(manifest.closes_ms, &manifest.time_zone),
                        trustees(&facts, manifest),
                        if facts.poll_opened_size.is_some() {
                            "prepared"
                        } else {
                            "not prepared"
                        },
                        facts.progress.len(),
                        facts.progress.values().filter(|p| p.result.is_some()).count()
                    ),
                };
                ("election", stands)
            }
            Facts::Roll(facts) => {
                let stands = if facts.frozen_size.is_some() {
                    "frozen"
                } else {
                    "not frozen"
                };
                ("roll", stands.to_owned())
            }
            Facts::BallotBox(facts) => {
                let district = facts
                    .prepared
                    .as_ref()
                    .map(|p| format!("{}: ", p.event.district))
                    .unwrap_or_default();
                ("ballot box", format!("{district}{}", facts.phase))
            }
            _ => ("other", String::new()),
        };
        say!(
            "{}  {kind:10}  {:>9} entries  {stands}",
            handle.ledger(),
            number(handle.durable_size())
        );
        rows.push(json!({
            "ledger": handle.ledger(),
            "kind": kind,
            "entries": handle.durable_size(),
            "stands": stands,
        }));
    }
    for (ledger, why) in refused {
        say!("{ledger}  REFUSED     {why}");
    }
    // A list that is not whole must not look like one to a script.
    if let Some(why) = refused.values().next() {
        return Err(why.into());
    }
    show!(json!({ "ledgers": rows }));
    Ok(())
}

/// How far the trustees are.
fn trustees(facts: &ElectionFacts, manifest: &Manifest) -> String {
    let all = manifest.trustees.names.len();
    if facts.trustees.is_some() {
        return format!("{all} trustees are fixed");
    }
    if !manifest.trustees.hold_a_ceremony() {
        return format!("keys of {} of {all} trustees", facts.trustee_keys.len());
    }
    let phase = facts.ceremony.phase(u16::try_from(all).unwrap_or(u16::MAX));
    format!(
        "key ceremony, attempt {}: {}",
        facts.ceremony.number(),
        describe(phase)
    )
}

async fn show(ledger: &str, from: u64, count: usize, common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let ledger = find(&open.engine, ledger)?;
    let mut rows = Vec::new();
    let mut next = from;
    let end = from.saturating_add(count as u64);
    while next < end {
        let most = usize::try_from(end - next).unwrap_or(usize::MAX);
        let page = open.engine.read(ledger, Seq::new(next), most).await?;
        if page.is_empty() {
            break;
        }
        for bytes in &page {
            let entry = UnverifiedEntry::parse(bytes).map_err(Failure::internal)?;
            let body = entry.body().body();
            let name = catalogue::find(body.event_type.as_u16()).map_or("unknown", |line| line.name);
            let author = body.author.to_string();
            say!(
                "{:>7}  {}  {:20}  by {}…  {}",
                entry.seq().as_u64(),
                moment(entry.received_ms().as_u64(), "UTC"),
                escape(name),
                &author[..12],
                entry.leaf_hash()
            );
            rows.push(json!({
                "seq": entry.seq(),
                "received_ms": entry.received_ms(),
                "event": name,
                "author": author,
                "leaf_hash": entry.leaf_hash(),
            }));
        }
        next += page.len() as u64;
    }
    show!(json!({ "ledger": ledger, "entries": rows }));
    Ok(())
}

fn find(engine: &sijill_engine::Engine, text: &str) -> Outcome<LedgerId> {
    let mut found = engine
        .ledgers()
        .all()
        .into_iter()
        .map(|h| h.ledger())
        .filter(|id| id.to_string().starts_with(text));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Failure::refused(
            "there is no ledger of that id here",
            "`sijill ledger list` shows all",
        )
        .code("ledger.unknown")),
        (Some(_), Some(_)) => Err(Failure::refused(
            "several ledgers begin with these digits",
            "give more of them",
        )
        .code("ledger.ambiguous")),
    }
}
