//! `sijill backup`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Common;
use crate::error::Outcome;
use crate::render::{number, say, show};

/// Arguments of `sijill backup`.
#[derive(Debug, Args)]
#[command(
    long_about = "Copy the event store and the documents into a folder that is free or empty, with a manifest of their \
    digests. A service may be running meanwhile; no passphrase is needed.\n\n\
    The checkpoint record is never part of a backup. Key files are copied once, when they are made; with --keys they \
    are copied too, sealed as they are."
)]
pub(crate) struct BackupArgs {
    /// The backup
    #[arg(value_name = "DIR")]
    to: PathBuf,
    /// Copy the sealed key files of service and ledgers too
    #[arg(long)]
    keys: bool,
}

/// Runs `sijill backup`.
pub(crate) fn run(args: &BackupArgs, common: &Common) -> Outcome {
    let site = common.site()?;
    site.needs_file("a backup")?;
    let manifest = sijill_engine::backup::backup(&site.engine_folder(), &args.to, args.keys)?;
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    say!(
        "{}: {} files, {} bytes.",
        args.to.display(),
        number(manifest.files.len() as u64),
        number(bytes)
    );
    say!("Not in it: the checkpoint record, which is never restored, and site.toml.");
    show!(json!({ "backup": args.to, "files": manifest.files.len(), "bytes": bytes }));
    Ok(())
}
