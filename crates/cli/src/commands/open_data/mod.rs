//! `sijill export`: what registers publish, in the forms of others. It comes from the service itself: whoever wants it
//! verified verifies the published folder.

mod feeds;

use std::path::PathBuf;

use clap::Subcommand;

use super::{Common, consultation};
use crate::error::Outcome;

/// Write what registers publish in the forms of others.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// A consultation as open data: comments, answers, report, counts of responses, as CSV and JSON
    Consultation {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The folder to make
        #[arg(long, value_name = "NEW")]
        out: PathBuf,
    },
    /// Atom feeds of the consultations, and of what authorities disclose
    Feeds {
        /// What the addresses of the web site begin with, such as `https://sharek.example.qa`
        #[arg(long, value_name = "URL")]
        base: String,
        /// The folder to make
        #[arg(long, value_name = "NEW")]
        out: PathBuf,
    },
}

/// Runs `sijill export`.
pub(crate) async fn run(command: &ExportCommand, common: &Common) -> Outcome {
    match command {
        ExportCommand::Consultation { consultation, out } => {
            consultation::export(common, consultation, out).await
        }
        ExportCommand::Feeds { base, out } => {
            let site = common.site()?;
            let open = common.start(&site).await?;
            feeds::write(&open.engine, base, out).await
        }
    }
}
