//! `sijill store`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use sijill_engine::checkpoint_record::FileRecord;
use sijill_engine::examine::{Findings, examine, examine_ledgers};
use sijill_engine::folder::DataFolder;
use sijill_store::{SqliteOptions, SqliteStore};

use super::Common;
use crate::error::{Failure, Outcome};
use crate::render::{number, say, show, tell, wants_json};
use crate::site::Site;
use crate::stores::Place;

/// Check and copy event stores.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Read the whole store: database, leaf hashes, chains, signatures, states, documents, checkpoint record
    #[command(
        long_about = "Read the whole store: what the database says of its file, every leaf hash, chain and signature, \
        the state of every ledger, every document that is cited, and the checkpoint record.\n\n\
        Every damage is named with its ledger and position. Nothing is changed and no passphrase is needed; no other \
        process may be working on the folder. Exit code 1 if anything is wrong."
    )]
    Check,
    /// Copy every ledger into another store, and prove that both are equal
    Copy(super::store_copy::CopyArgs),
}

/// Runs `sijill store`.
pub(crate) async fn run(command: &StoreCommand, common: &Common) -> Outcome<ExitCode> {
    match command {
        StoreCommand::Check => check(common).await,
        StoreCommand::Copy(args) => super::store_copy::run(args).await.map(|()| ExitCode::SUCCESS),
    }
}

async fn check(common: &Common) -> Outcome<ExitCode> {
    let findings = findings(&common.site()?).await?;
    tell_of(&findings);
    let report = json!({
        "sound": findings.sound(),
        "database": findings.database,
        "ledgers": findings.ledgers,
    });
    if findings.sound() {
        say!("Nothing is wrong.");
        return Ok(conclude(report, None));
    }
    let wrong = findings.ledgers.iter().filter(|l| !l.findings.is_empty()).count();
    let failure = Failure::failed(
        format!("the store is not as it was written: {wrong} ledgers have findings"),
        "keep this folder as it is, and restore the newest backup beside it (`sijill restore`); entries up to the last \
         publication are also in the published folder. The checkpoint record stays where it is",
    )
    .code("store.damaged");
    Ok(conclude(report, Some(failure)))
}

/// Shows a report that stands whether or not something is wrong: as one line of JSON, with the failure in it.
pub(crate) fn conclude(mut report: serde_json::Value, failure: Option<Failure>) -> ExitCode {
    if let (Some(failure), serde_json::Value::Object(report)) = (&failure, &mut report)
        && let serde_json::Value::Object(fields) = failure.to_json()
    {
        report.extend(fields);
    }
    show!(report);
    match failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            if !wants_json() {
                tell!("{failure}");
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Examines the store of a site, with its record.
pub(crate) async fn findings(site: &Site) -> Outcome<Findings> {
    let data = DataFolder::open(&site.engine_folder())?;
    let place = site.store(&data)?;
    let record = place.record(FileRecord::open(&site.checkpoints(), data.path())?)?;
    let contents = site.content(&data)?;
    Ok(match place {
        Place::Sqlite(path) => {
            let store = SqliteStore::open(&path, SqliteOptions::default())?;
            examine(&store, &contents, Some(&*record)).await?
        }
        // What its files are worth, the servers look after.
        place => examine_ledgers(&*place.open().await?, Vec::new(), &contents, Some(&*record)).await?,
    })
}

/// Prints what was found, for people.
pub(crate) fn tell_of(findings: &Findings) {
    for line in &findings.database {
        say!("database: {line}");
    }
    for ledger in &findings.ledgers {
        let verdict = match (ledger.findings.is_empty(), ledger.may_go_on) {
            (true, Some(true)) => "sound; may go on",
            (true, _) => "sound",
            (false, _) => "NOT SOUND; read-only",
        };
        say!(
            "{}  {:>9} entries, {} replayed, {} documents: {verdict}",
            ledger.ledger,
            number(ledger.entries),
            number(ledger.replayed),
            ledger.contents
        );
        for finding in &ledger.findings {
            match finding.seq {
                Some(seq) => say!("  entry {seq}: {}", crate::render::escape(&finding.problem)),
                None => say!("  {}", crate::render::escape(&finding.problem)),
            }
        }
        if ledger.more_findings > 0 {
            say!("  and {} more", number(ledger.more_findings));
        }
    }
}
