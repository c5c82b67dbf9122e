//! The people of the demonstration, with key files as they would have them on their own machines.

use std::path::{Path, PathBuf};

use sijill_ballot::TrusteeSecret;
use sijill_engine::keyfile::{KdfCost, KeyFile, Passphrase, RegistrarSecret, SigningKind};
use sijill_ledger::SigningKey;
use sijill_registers::manifest::Manifest;

use crate::error::{Failure, Outcome};
use crate::site::{make_folder, write_file};

/// Everybody who acts.
pub(super) struct People {
    pub(super) commission: SigningKey,
    /// Further members of the commission, as many as certify beside the first.
    pub(super) members: Vec<SigningKey>,
    pub(super) registrar: SigningKey,
    pub(super) secret: RegistrarSecret,
    pub(super) trustees: Vec<Trustee>,
}

/// A trustee.
pub(super) struct Trustee {
    pub(super) author: SigningKey,
    pub(super) folder: PathBuf,
}

impl People {
    /// The registrar's key once more, for whoever keeps one.
    pub(super) fn registrar(&self) -> SigningKey {
        SigningKey::from_seed(&self.registrar.seed())
    }

    /// Makes all keys and their files.
    pub(super) fn make(folder: &Path, manifest: &Manifest, passphrase: &Passphrase) -> Outcome<Self> {
        let mut rng = rand::rng();
        let mut author = |folder: &Path, label: &str| -> Outcome<SigningKey> {
            make_folder(folder)?;
            let key = SigningKey::generate(&mut rand::rng());
            KeyFile::seal_signing_key(
                SigningKind::Author,
                label,
                &key,
                passphrase,
                KdfCost::standard(),
                &mut rng,
            )?
            .create(&folder.join("signing.key"))?;
            Ok(key)
        };
        let commission = author(&folder.join("commission"), "commission")?;
        let members = (2..=manifest.certification_quorum)
            .map(|n| {
                author(
                    &folder.join(format!("commission-{n}")),
                    &format!("commission member {n}"),
                )
            })
            .collect::<Outcome<_>>()?;
        let registrar_folder = folder.join("registrar");
        let registrar = author(&registrar_folder, "registrar")?;
        let mut signing = Vec::new();
        for index in 1..=manifest.trustees.names.len() {
            let folder = folder.join(format!("trustee-{index}"));
            signing.push((author(&folder, &format!("trustee {index}"))?, folder));
        }
        let secret = RegistrarSecret::generate(&mut rng);
        KeyFile::seal_registrar(
            "registrar's secret",
            &secret,
            passphrase,
            KdfCost::standard(),
            &mut rng,
        )?
        .create(&registrar_folder.join("secret.key"))?;
        let mut trustees = Vec::new();
        for ((author, folder), name) in signing.into_iter().zip(&manifest.trustees.names) {
            if !manifest.trustees.hold_a_ceremony() {
                make_decryption_key(&folder, name, passphrase)?;
            }
            trustees.push(Trustee { author, folder });
        }
        Ok(Self {
            commission,
            members,
            registrar,
            secret,
            trustees,
        })
    }
}

fn make_decryption_key(folder: &Path, name: &str, passphrase: &Passphrase) -> Outcome {
    let mut rng = rand::rng();
    let secret = TrusteeSecret::generate(&mut rng);
    KeyFile::seal_trustee(
        "trustee's decryption key",
        &secret,
        passphrase,
        KdfCost::standard(),
        &mut rng,
    )?
    .create(&folder.join("decryption.key"))?;
    let record = secret.publish(Some(name), &mut rng).map_err(Failure::internal)?;
    write_file(&folder.join("public-key.json"), record.json().as_bytes())
}
