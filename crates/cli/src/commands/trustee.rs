//! `sijill trustee`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use sijill_ballot::TrusteeSecret;
use sijill_engine::keyfile::{KdfCost, KeyFile, SigningKind};
use sijill_ledger::SigningKey;

use super::Common;
use crate::acts;
use crate::error::{Failure, Outcome};
use crate::render::say;
use crate::site::{make_folder, write_file};
use crate::trustee::{Journal, ShareFile, VerifiedFolder};

/// Hold a part of the election key.
#[derive(Debug, Subcommand)]
pub(crate) enum TrusteeCommand {
    /// Make a trustee's two keys and the public record, on the trustee's own machine
    Keygen {
        /// Folder for signing.key, decryption.key and public-key.json
        #[arg(value_name = "FOLDER")]
        out: PathBuf,
        /// The trustee's name, exactly as the election file has it
        #[arg(long, value_name = "TEXT")]
        name: String,
    },
    /// Publish the public record on the election ledger
    Publish {
        /// The trustee's number, from 1, in the order of the election file
        #[arg(long, value_name = "N")]
        index: u16,
        /// The trustee's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// public-key.json of `keygen`
        #[arg(long, value_name = "FILE")]
        record: PathBuf,
    },
    /// Verify the published folder, then decrypt the sealed tallies: never a second tally of a box
    #[command(
        long_about = "Verify the published folder, then decrypt the sealed tallies: never a second tally of a box.\n\n\
        Runs on the trustee's own machine. The folder is verified up to the anchored tallies by the independent verifier \
        against the trust file, which must have come by another way. Which tally was decrypted is noted beside the key \
        file, before the share exists; another tally of the same box is refused for ever."
    )]
    Decrypt {
        /// The published folder
        #[arg(long, value_name = "DIR")]
        published: PathBuf,
        /// The trust file
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// The trustee's decryption key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Folder for the share files [default: beside the key file]
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        /// The trustee's signing key file: submit the shares at once to the installation of --dir
        #[arg(long, value_name = "FILE")]
        submit: Option<PathBuf>,
    },
    /// Submit share files of `decrypt` to the installation of --dir
    Submit {
        /// Share files
        #[arg(value_name = "FILE", required = true)]
        shares: Vec<PathBuf>,
        /// The trustee's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

/// Runs `sijill trustee`.
pub(crate) async fn run(command: &TrusteeCommand, common: &Common) -> Outcome {
    match command {
        TrusteeCommand::Keygen { out, name } => keygen(out, name, common),
        TrusteeCommand::Publish { index, key, record } => {
            let record_bytes = std::fs::read(record).map_err(|e| Failure::file(record, &e))?;
            let (_site, _open, event) = common.start_event().await?;
            let key = common.signing_key(key)?;
            acts::preparation::publish_trustee_key(&event, *index, &record_bytes, &key).await?;
            say!("The key of trustee {index} is on the election ledger.");
            Ok(())
        }
        TrusteeCommand::Decrypt {
            published,
            trust,
            key,
            out,
            submit,
        } => {
            let shares = decrypt(published, trust, key, out.as_deref(), common)?;
            match submit {
                Some(signing) => send(&shares, signing, common).await,
                None => {
                    say!("Next: send the share files to the service (`sijill trustee submit`).");
                    Ok(())
                }
            }
        }
        TrusteeCommand::Submit { shares, key } => {
            let shares = shares
                .iter()
                .map(|path| ShareFile::read(path))
                .collect::<Outcome<Vec<_>>>()?;
            send(&shares, key, common).await
        }
    }
}

fn keygen(out: &Path, name: &str, common: &Common) -> Outcome {
    let passphrase = common.passphrases().new_acting("your two key files")?;
    let mut rng = rand::rng();
    let secret = TrusteeSecret::generate(&mut rng);
    let record = secret
        .publish(Some(name), &mut rng)
        .map_err(|e| {
            Failure::usage(
                format!("--name: {e}"),
                "give the name exactly as the election file has it",
            )
        })?
        .json();
    make_folder(out)?;
    let signing = SigningKey::generate(&mut rng);
    let cost = KdfCost::standard();
    KeyFile::seal_signing_key(
        SigningKind::Author,
        "trustee's signing key",
        &signing,
        &passphrase,
        cost,
        &mut rng,
    )?
    .create(&out.join("signing.key"))?;
    KeyFile::seal_trustee("trustee's decryption key", &secret, &passphrase, cost, &mut rng)?
        .create(&out.join("decryption.key"))?;
    write_file(&out.join("public-key.json"), record.as_bytes())?;
    say!(
        "Made signing.key, decryption.key and public-key.json in {}.",
        out.display()
    );
    say!("public signing key (for the commission): {}", signing.key_id());
    say!("Keep copies of both key files: without all trustees there is no result.");
    Ok(())
}

fn decrypt(
    published: &Path,
    trust: &Path,
    key: &Path,
    out: Option<&Path>,
    common: &Common,
) -> Outcome<Vec<ShareFile>> {
    let secret = KeyFile::load(key)?.unlock_trustee(&common.passphrases().acting(key)?)?;
    let mut journal = Journal::open(key)?;
    let folder = VerifiedFolder::open(published, trust)?;
    say!("The published folder is {}.", folder.report.summary);
    let index = folder.index_of(&secret)?;
    let out = match (out, key.parent()) {
        (Some(out), _) => out.to_owned(),
        (None, Some(beside)) => beside.to_owned(),
        (None, None) => PathBuf::from("."),
    };
    if !out.as_os_str().is_empty() {
        make_folder(&out)?;
    }
    let boxes = folder.decryptable()?;
    if boxes.is_empty() {
        return Err(Failure::refused(
            "there is nothing to decrypt: no box with enough ballots waits for a result",
            "`sijill election result` shows the results that are there",
        ));
    }
    let mut shares = Vec::new();
    for decryptable in &boxes {
        let share = folder.decrypt(decryptable, index, &secret, &mut journal)?;
        let path = out.join(format!("share-{}-{index}.json", share.district));
        share.write(&path)?;
        say!(
            "{}: share of trustee {index} in {}",
            share.district,
            path.display()
        );
        shares.push(share);
    }
    debug_assert!(shares.iter().all(|s| s.event == folder.event()));
    Ok(shares)
}

async fn send(shares: &[ShareFile], key: &Path, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    for share in shares {
        if share.event != event.election {
            return Err(Failure::refused(
                "a share is for another event",
                "give --event, or the right share file",
            ));
        }
        acts::counting::known_box(&event, &share.ledger)?;
        acts::counting::submit_share(&event, &share.ledger, share.index, share.share.as_bytes(), &key)
            .await?;
        say!(
            "{}: the share of trustee {} is on the election ledger.",
            share.district,
            share.index
        );
    }
    say!("Next, when all shares are there: `sijill election result --key`.");
    Ok(())
}
