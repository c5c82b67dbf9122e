//! `sijill roll`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use sijill_engine::keyfile::KeyFile;
use sijill_ledger::SigningKey;

use super::Common;
use crate::acts::{self, Event};
use crate::error::{Failure, Outcome};
use crate::registrar::{Book, Pseudonyms};
use crate::render::{number, say, show};
use crate::roll_file::{self, RollFile};
use crate::site::{Site, read_bounded};

/// The registrar's files.
#[derive(Debug, Args)]
pub(crate) struct RegistrarArgs {
    /// The registrar's signing key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The registrar's secret, from which pseudonyms are made
    #[arg(long, value_name = "FILE")]
    secret: PathBuf,
    /// The registrar's sealed book [default: in DIR/people/registrar]
    #[arg(long, value_name = "FILE")]
    book: Option<PathBuf>,
}

/// Keep the electoral roll.
#[derive(Debug, Subcommand)]
pub(crate) enum RollCommand {
    /// Register the persons of a CSV file: first line `identifier,district`, then a person in each line
    #[command(
        long_about = "Register the persons of a CSV file: first line `identifier,district`, then a person in each line.\n\n\
        Identifiers become pseudonyms at once; the rows themselves go into the registrar's sealed book and nowhere else. \
        If any row is bad, nothing is imported and every bad line is named. Importing again adds who is new."
    )]
    Import {
        /// The CSV file, UTF-8
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        registrar: RegistrarArgs,
        /// Import the good rows, leave the bad ones out
        #[arg(long)]
        skip_bad: bool,
    },
    /// Fix the roll and its credential lists for good
    Freeze {
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
}

/// The registrar at work.
pub(crate) struct Registrar {
    pub(crate) key: SigningKey,
    pub(crate) pseudonyms: Pseudonyms,
    pub(crate) book: Book,
}

impl Registrar {
    /// Unlocks the registrar's files.
    pub(crate) fn unlock(
        args: &RegistrarArgs,
        common: &Common,
        site: &Site,
        event: &Event,
        new_book: bool,
    ) -> Outcome<Self> {
        let passphrases = common.passphrases();
        let key = common.signing_key(&args.key)?;
        acts::roll::refuse_strangers(event, &key)?;
        let secret = KeyFile::load(&args.secret)?.unlock_registrar(&passphrases.acting(&args.secret)?)?;
        let path = args.book.clone().unwrap_or_else(|| site.book(&event.election));
        let passphrase = match (path.exists(), new_book) {
            (true, _) => passphrases.acting(&path)?,
            (false, true) => {
                passphrases.new_acting(&format!("the registrar's new book {}", path.display()))?
            }
            (false, false) => return Err(no_book(&path)),
        };
        Ok(Self {
            key,
            pseudonyms: Pseudonyms::new(&secret, event.roll)?,
            book: Book::open_or_new(&path, event.roll, passphrase)?,
        })
    }
}

/// The refusal where the registrar's book is missing.
pub(crate) fn no_book(path: &Path) -> Failure {
    Failure::refused(
        format!("there is no registrar's book {}", path.display()),
        "run `sijill roll import` first, or give --book",
    )
    .code("roll.book-missing")
}

/// Runs `sijill roll`.
pub(crate) async fn run(command: &RollCommand, common: &Common) -> Outcome {
    match command {
        RollCommand::Import {
            file,
            registrar,
            skip_bad,
        } => import(file, registrar, *skip_bad, common).await,
        RollCommand::Freeze { registrar } => {
            let (site, _open, event) = common.start_event().await?;
            let registrar = Registrar::unlock(registrar, common, &site, &event, false)?;
            acts::roll::freeze(&event, &registrar.book, &registrar.pseudonyms, &registrar.key).await?;
            for district in &event.roll_facts()?.districts {
                say!(
                    "{}: {} eligible voters, {} of them with a credential",
                    district.district,
                    number(district.eligible),
                    number(district.holders)
                );
            }
            say!("The roll is frozen. Next: trustees publish their keys, then `sijill election prepare`.");
            let rows: Vec<_> = event
                .roll_facts()?
                .districts
                .iter()
                .map(|d| json!({ "district": d.district, "eligible": d.eligible, "holders": d.holders }))
                .collect();
            show!(json!({ "districts": rows }));
            Ok(())
        }
    }
}

async fn import(file: &Path, registrar: &RegistrarArgs, skip_bad: bool, common: &Common) -> Outcome {
    let bytes = zeroize::Zeroizing::new(read_bounded(file)?);
    let (site, _open, event) = common.start_event().await?;
    let mut parsed = RollFile::parse(&bytes, |district| event.manifest.district(district).is_some())?;
    if !parsed.bad.is_empty() {
        if !skip_bad {
            return Err(roll_file::refuse("the roll", &parsed.bad));
        }
        say!(
            "Left out {} bad lines:\n{}",
            parsed.bad.len(),
            roll_file::list(&parsed.bad)
        );
    }
    if parsed.rows.is_empty() {
        return Err(Failure::refused(
            "the roll has no persons",
            "add a line for each person; nothing was imported",
        )
        .code("roll-file.empty"));
    }
    acts::roll::refuse_frozen(&event)?;
    let mut registrar = Registrar::unlock(registrar, common, &site, &event, true)?;
    let moved = registrar.book.add(&parsed.rows);
    if !moved.is_empty() {
        return Err(Failure::refused(
            format!(
                "{} persons of the file are on the roll of another district already",
                moved.len()
            ),
            "nobody may be on the roll of two districts; mend the file (nothing was imported)",
        )
        .code("roll.moved"));
    }
    // The book first: an event whose person is unknown would be worse than a person without an event.
    registrar.book.save()?;
    let registered =
        acts::roll::register(&event, &registrar.book, &registrar.pseudonyms, &registrar.key).await?;
    let already = parsed.rows.len().saturating_sub(registered);
    parsed.rows.clear();
    say!("Registered {} voters.", number(registered as u64));
    if already > 0 {
        say!("{} were registered already.", number(already as u64));
    }
    say!(
        "Next: `sijill credential issue`, then `sijill roll freeze`. The CSV file is no longer needed here."
    );
    show!(json!({ "registered": registered, "already": already, "left_out": parsed.bad.len() }));
    Ok(())
}
