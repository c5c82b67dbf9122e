//! `sijill box`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use sijill_registers::names::Name;
use sijill_registers::records;

use super::Common;
use crate::error::{Failure, Outcome};
use crate::render::{say, show};
use crate::site::make_folder;

/// Look after ballot boxes.
#[derive(Debug, Subcommand)]
pub(crate) enum BoxCommand {
    /// Write boxes with a result as archives that the tools of the Belenios protocol read
    #[command(
        long_about = "Write boxes with a result as archives that the tools of the Belenios protocol read.\n\n\
        Ballots of excluded voters are left out, superseded ones stay. The same archives are in the published folder, where the \
        verifier makes them again byte for byte."
    )]
    ExportBel {
        /// Folder for the archives, one `UUID.bel` for each box
        #[arg(value_name = "FOLDER")]
        out: PathBuf,
        /// Only the box of this district
        #[arg(long, value_name = "ID")]
        district: Option<Name>,
    },
}

/// Runs `sijill box`.
pub(crate) async fn run(command: &BoxCommand, common: &Common) -> Outcome {
    match command {
        BoxCommand::ExportBel { out, district } => export(out, district.as_ref(), common).await,
    }
}

async fn export(out: &Path, district: Option<&Name>, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let facts = event.election_facts()?;
    let has_result = |id| facts.progress.get(id).is_some_and(|p| p.result.is_some());
    let boxes = match district {
        Some(name) => vec![(name.clone(), event.box_of(Some(name))?)],
        None => event
            .boxes
            .iter()
            .filter(|(_, id)| has_result(id))
            .cloned()
            .collect(),
    };
    if boxes.is_empty() || !boxes.iter().all(|(_, id)| has_result(id)) {
        return Err(Failure::refused(
            "there is no result yet: only a box with a result has an archive",
            "`sijill election result` shows what is missing",
        )
        .code("result.incomplete"));
    }
    make_folder(out)?;
    let mut rows = Vec::new();
    for (district, ballot_box) in boxes {
        let path = out.join(format!("{}.bel", records::uuid(&ballot_box)));
        let file = std::fs::File::create(&path).map_err(|e| Failure::file(&path, &e))?;
        let file = event
            .engine
            .write_archive(event.election, ballot_box, std::io::BufWriter::new(file))
            .await?;
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(|e| Failure::file(&path, &e))?;
        say!("{district}: {}", path.display());
        rows.push(json!({ "district": district, "ledger": ballot_box, "archive": path }));
    }
    show!(json!({ "archives": rows }));
    Ok(())
}
