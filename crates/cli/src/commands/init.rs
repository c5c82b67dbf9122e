//! `sijill init`

use std::path::PathBuf;

use clap::Args;
use sijill_ledger::Origin;

use super::Common;
use crate::error::{Failure, Outcome};
use crate::render::{say, show};
use crate::site::{Keys, NewSite, Site};
use crate::stores::{Node, Place};

/// Arguments of `sijill init`.
#[derive(Debug, Args)]
#[command(
    long_about = "Make an installation: data folder, keys of service and ledgers, checkpoint record.\n\n\
    Only these two keys live in the data folder; everybody who acts has key files of their own.\n\n\
    The checkpoint record remembers what was signed. Put it on another disk than the data folder: it is what tells a \
    restored old copy from the newest one.\n\n\
    With --store, events are kept in KurrentDB, and so is the checkpoint record; the folder then remembers what this node \
    recorded. Several nodes may share one store: make each further one with --join. Whoever works on the ledgers holds \
    their leases meanwhile; another node is refused, and told who holds them. When nothing is heard of the holder for as \
    long as a lease lasts, the next command of any node takes over."
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
    /// Folder of documents that all nodes see, with --store [default: in the data folder, for one node alone]
    #[arg(long, value_name = "DIR", requires = "store")]
    content: Option<PathBuf>,
    /// Make another node of the installation in this folder, or of a copy of its site.toml and engine/keys
    #[arg(long, value_name = "DIR", conflicts_with_all = ["origin", "store", "content"])]
    join: Option<PathBuf>,
    /// Name of this node, which others are told [default: the machine's]
    #[arg(long, value_name = "NAME", value_parser = one_line)]
    node: Option<String>,
    /// Where this node is reached, which others are told [default: its name]
    #[arg(long, value_name = "ADDRESS", value_parser = one_line)]
    node_address: Option<String>,
    /// After how many seconds of silence another node may take over from this one
    #[arg(long, value_name = "SECONDS", default_value_t = Node::LEASE_SECONDS,
          value_parser = clap::value_parser!(u16).range(1..=600))]
    lease: u16,
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

fn one_line(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
        return Err("one line of 1 to 200 bytes".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs `sijill init`.
pub(crate) fn run(args: &InitArgs, common: &Common) -> Outcome {
    let node = || Node::new(args.node.clone(), args.node_address.clone(), args.lease);
    let site = if let Some(folder) = &args.join {
        let other = Site::open(folder)?;
        let new = other.join(args.checkpoints.clone(), node())?;
        Site::create(common.dir(), new, &Keys::Copied(&other.keys()))?
    } else {
        if args.store.is_none() && (args.node.is_some() || args.node_address.is_some()) {
            return Err(Failure::usage(
                "a node has a name among others that share a store",
                "give --store or --join, or leave --node and --node-address out",
            ));
        }
        let new = NewSite {
            origin: args.origin.clone(),
            checkpoints: args.checkpoints.clone(),
            node: args.store.is_some().then(node),
            store: args.store.clone(),
            content: args.content.clone(),
        };
        let passphrase = common.passphrases().new_engine()?;
        Site::create(common.dir(), new, &Keys::New(&passphrase))?
    };
    say!("Made an installation in {}.", common.dir().display());
    say!("  data folder:       {}", site.engine_folder().display());
    say!("  checkpoint record: {}", site.checkpoints().display());
    say!(
        "  key files:         {} (only for rehearsals: people keep their own)",
        site.people().display()
    );
    if args.join.is_some() {
        say!("It writes to the same ledgers, under the same passphrase. Name the event with --event.");
    } else {
        say!(
            "Next: `sijill key new` for commission and registrar, `sijill trustee keygen` for each trustee."
        );
    }
    show!(serde_json::json!({
        "dir": common.dir(),
        "engine": site.engine_folder(),
        "checkpoints": site.checkpoints(),
    }));
    Ok(())
}
