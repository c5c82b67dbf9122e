//! `sijill credential`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use zeroize::Zeroizing;

use super::Common;
use super::roll::{Registrar, RegistrarArgs, no_book};
use crate::acts;
use crate::error::{Failure, Outcome};
use crate::registrar::Book;
use crate::render::{number, say};
use crate::site::write_file;

/// Issue voters' credentials.
#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Draw a code for each voter of the roll who has none, and commit to it on the ledger
    Issue {
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Write the codes for the printing house: one line for each voter. Whoever has this file can vote
    Slips {
        /// The file to write: `identifier,district,code`
        #[arg(value_name = "FILE")]
        out: PathBuf,
        /// The registrar's sealed book [default: in DIR/people/registrar]
        #[arg(long, value_name = "FILE")]
        book: Option<PathBuf>,
    },
}

/// Runs `sijill credential`.
pub(crate) async fn run(command: &CredentialCommand, common: &Common) -> Outcome {
    let (site, _open, event) = common.start_event().await?;
    match command {
        CredentialCommand::Issue { registrar } => {
            let mut registrar = Registrar::unlock(registrar, common, &site, &event, false)?;
            let issued =
                acts::credentials::issue(&event, &mut registrar.book, &registrar.pseudonyms, &registrar.key)
                    .await?;
            say!(
                "Drew {} codes, recorded {} commitments.",
                number(issued.drawn as u64),
                number(issued.committed as u64)
            );
            say!("Next: `sijill credential slips` for the printing house, then `sijill roll freeze`.");
        }
        CredentialCommand::Slips { out, book } => {
            let path = book.clone().unwrap_or_else(|| site.book(&event.election));
            if !path.exists() {
                return Err(no_book(&path));
            }
            if out.exists() {
                return Err(Failure::refused(
                    format!("{} exists", out.display()),
                    "choose another name",
                ));
            }
            let book = Book::open(&path, event.roll, common.passphrases().acting(&path)?)?;
            let mut text = Zeroizing::new("identifier,district,code\n".to_owned());
            let mut count = 0;
            for person in book.people() {
                if let Some(issued) = &person.issued {
                    let identifier = Zeroizing::new(csv_field(&person.identifier));
                    let _ = writeln!(text, "{},{},{}", *identifier, person.district, issued.code);
                    count += 1;
                }
            }
            write_file(out, text.as_bytes())?;
            say!(
                "Wrote {} codes. Whoever has this file can vote: delete it after printing.",
                number(count)
            );
        }
    }
    Ok(())
}

fn csv_field(text: &str) -> String {
    if text.contains(['"', ',']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
