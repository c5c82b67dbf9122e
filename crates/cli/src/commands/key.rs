//! `sijill key`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use sijill_engine::keyfile::{KeyFile, RegistrarSecret, SigningKind};
use sijill_ledger::SigningKey;

use super::Common;
use crate::error::Outcome;
use crate::render::{escape, say, show};

/// Make and look at key files.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key file, on the machine of the person it is for
    New {
        /// The file; it must not exist
        #[arg(value_name = "FILE")]
        out: PathBuf,
        /// What it is for
        #[arg(long, value_enum, default_value_t = Purpose::Signing)]
        purpose: Purpose,
        /// A name that the file shows, such as "commission"
        #[arg(long, value_name = "TEXT", default_value = "signing key")]
        label: String,
    },
    /// Say what a key file is for, and its public key; asks for no passphrase
    Show {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What a new key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// Signs what its owner does: commission, registrar, trustee
    Signing,
    /// The registrar's secret, from which pseudonyms are made
    RegistrarSecret,
}

/// Runs `sijill key`.
pub(crate) fn run(command: &KeyCommand, common: &Common) -> Outcome {
    match command {
        KeyCommand::New { out, purpose, label } => {
            let passphrase = common.passphrases().new_acting(&out.display().to_string())?;
            let mut rng = rand::rng();
            let cost = crate::passphrase::cost();
            let file = match purpose {
                Purpose::Signing => {
                    let key = SigningKey::generate(&mut rng);
                    KeyFile::seal_signing_key(SigningKind::Author, label, &key, &passphrase, cost, &mut rng)?
                }
                Purpose::RegistrarSecret => {
                    let secret = RegistrarSecret::generate(&mut rng);
                    KeyFile::seal_registrar(label, &secret, &passphrase, cost, &mut rng)?
                }
            };
            file.create(out)?;
            describe(&file);
        }
        KeyCommand::Show { file } => describe(&KeyFile::load(file)?),
    }
    Ok(())
}

fn describe(file: &KeyFile) {
    show!(serde_json::json!({
        "label": escape(file.label()),
        "kind": file.kind().to_string(),
        "public_key": file.public(),
        "danger_fast": file.is_danger_fast(),
    }));
    say!("label:      {}", escape(file.label()));
    say!("kind:       {}", file.kind());
    if let Some(public) = file.public() {
        say!("public key: {public}");
    }
    if file.is_danger_fast() {
        say!("warning:    the passphrase of this file can be guessed quickly; it is for tests only");
    }
}
