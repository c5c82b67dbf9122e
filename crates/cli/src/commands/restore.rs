//! `sijill restore`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{Common, store};
use crate::error::{Failure, Outcome};
use crate::render::say;

/// Arguments of `sijill restore`.
#[derive(Debug, Args)]
#[command(
    long_about = "Put a backup in the place of a data folder that is gone: every file is checked against the manifest, \
    every ledger is replayed, and only then does the folder appear.\n\n\
    The checkpoint record is compared and left as it is. Where it remembers more than the backup holds, the ledger \
    stays read-only; exit code 1 says so. Key files that are not in the backup are put back by you."
)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "DIR")]
    from: PathBuf,
}

/// Runs `sijill restore`.
pub(crate) async fn run(args: &RestoreArgs, common: &Common) -> Outcome<ExitCode> {
    let site = common.site()?;
    site.needs_file("restoring")?;
    let data = site.engine_folder();
    sijill_engine::backup::restore(&args.from, &data).await?;
    say!("Restored {} from {}.", data.display(), args.from.display());
    let findings = store::findings(&site).await?;
    store::tell_of(&findings);
    let refused = findings
        .ledgers
        .iter()
        .filter(|ledger| ledger.may_go_on != Some(true))
        .count();
    let keys = ["service.key", "ledger.key"].map(|name| data.join("keys").join(name));
    let keys_missing = keys.iter().any(|key| !key.exists());
    if keys_missing {
        say!(
            "The backup has no key files: put service.key and ledger.key into {}.",
            data.join("keys").display()
        );
    }
    let report = json!({
        "restored": data,
        "may_go_on": refused == 0,
        "keys_missing": keys_missing,
        "ledgers": findings.ledgers,
    });
    if refused == 0 {
        say!("The checkpoint record allows every ledger to go on.");
        return Ok(store::conclude(report, None));
    }
    let failure = Failure::refused(
        format!("the data folder is restored, but the checkpoint record forbids {refused} ledgers to go on"),
        "this backup is older than what was signed, or the record is another installation's. Restore a newer backup; if \
         there is none, take the missing entries from the published folder or a mirror, or declare the loss. Never \
         delete or replace the record",
    )
    .code("backup.old");
    Ok(store::conclude(report, Some(failure)))
}
