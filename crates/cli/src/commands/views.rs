//! `sijill views`

use clap::Subcommand;
use serde_json::json;

use super::Common;
use crate::error::Outcome;
use crate::render::{number, say, show};

/// Look after read models.
#[derive(Debug, Subcommand)]
pub(crate) enum ViewsCommand {
    /// Delete the snapshots of all views and the read models, and make them again, of one event with --event
    Rebuild,
}

/// Runs `sijill views`.
pub(crate) async fn run(command: &ViewsCommand, common: &Common) -> Outcome {
    match command {
        ViewsCommand::Rebuild => rebuild(common).await,
    }
}

async fn rebuild(common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let ledgers: Vec<_> = match common.event {
        Some(event) => {
            let event = open.event(event)?;
            let boxes = event.boxes.iter().map(|(_, id)| *id);
            [event.election, event.roll].into_iter().chain(boxes).collect()
        }
        None => open.engine.ledgers().all().iter().map(|h| h.ledger()).collect(),
    };
    let mut rows = Vec::new();
    for ledger in ledgers {
        for view in open.engine.rebuild_views(ledger).await? {
            let before = match view.as_before {
                Some(true) => "as its snapshot said",
                Some(false) => "NOT what its snapshot said",
                None => "had no snapshot",
            };
            say!(
                "{ledger}  {:10} {:>9} entries  {}  {before}",
                view.view,
                number(view.size),
                view.sha256
            );
            rows.push(json!({
                "ledger": ledger,
                "view": view.view,
                "entries": view.size,
                "sha256": view.sha256,
                "as_before": view.as_before,
            }));
        }
    }
    let mut followed = Vec::new();
    if common.event.is_none() {
        for one in crate::boards::rebuild(&site, &open.engine).await?.1 {
            let missing = match one.missing {
                0 => String::new(),
                n => format!(", {n} published texts cannot be read"),
            };
            say!(
                "{}  {:10} {:>9} entries{missing}",
                one.ledger,
                "boards",
                number(one.size)
            );
            followed.push(json!({ "ledger": one.ledger, "entries": one.size, "missing_texts": one.missing }));
        }
    }
    show!(json!({ "rebuilt": rows, "boards": followed }));
    Ok(())
}
