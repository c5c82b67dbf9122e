//! `sijill init`

use std::path::PathBuf;

use clap::Args;
use sijill_ledger::Origin;

use super::Common;
use crate::error::Outcome;
use crate::render::{say, show};
use crate::site::Site;
use crate::stores::Place;

/// Arguments of `sijill init`.
#[derive(Debug, Args)]
#[command(
    long_about = "Make an installation: data folder, keys of service and ledgers, checkpoint record.\n\n\
    Only these two keys live in the data folder; everybody who acts has key files of their own.\n\n\
    The checkpoint record remembers what was signed. Put it on another disk than the data folder: it is what tells a \
    restored old copy from the newest one."
)]
pub(crate) struct InitArgs {
    /// What the names of your ledgers begin with: a domain that is yours
    #[arg(long, value_name = "NAME", default_value = "sijill.example")]
    origin: Origin,
    /// Folder of the checkpoint record [default: DIR/checkpoints]
    #[arg(long, value_name = "DIR")]
    checkpoints: Option<PathBuf>,
    /// Where events are kept, such as kurrentdb://user@db1.example,db2.example,db3.example [default: a file in the data
    /// folder]. The password comes from SIJILL_STORE_PASSWORD_FILE or SIJILL_STORE_PASSWORD
    #[arg(long, value_name = "STORE", value_parser = kurrentdb)]
    store: Option<Place>,
}

/// A store that is not a file.
pub(super) fn kurrentdb(text: &str) -> Result<Place, String> {
    match text.parse()? {
        Place::Sqlite(_) => {
            Err("give kurrentdb://…; without --store events are kept in the data folder".to_owned())
        }
        place => Ok(place),
    }
}

/// Runs `sijill init`.
pub(crate) fn run(args: &InitArgs, common: &Common) -> Outcome {
    let passphrase = common.passphrases().new_engine()?;
    let site = Site::create(
        common.dir(),
        args.origin.clone(),
        args.checkpoints.clone(),
        args.store.as_ref(),
        &passphrase,
    )?;
    say!("Made an installation in {}.", common.dir().display());
    say!("  data folder:       {}", site.engine_folder().display());
    say!("  checkpoint record: {}", site.checkpoints().display());
    say!(
        "  key files:         {} (only for rehearsals: people keep their own)",
        site.people().display()
    );
    say!("Next: `sijill key new` for commission and registrar, `sijill trustee keygen` for each trustee.");
    show!(serde_json::json!({
        "dir": common.dir(),
        "engine": site.engine_folder(),
        "checkpoints": site.checkpoints(),
    }));
    Ok(())
}
