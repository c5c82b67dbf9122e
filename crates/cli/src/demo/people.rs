//! The people of the demonstration, with key files as they would have them on their own machines.

use std::path::{Path, PathBuf};

use sijill_ballot::TrusteeSecret;
use sijill_engine::keyfile::{KdfCost, KeyFile, Passphrase, RegistrarSecret, SigningKind};
use sijill_ledger::SigningKey;
use sijill_registers::manifest::Manifest;

use crate::error::{Failure, Outcome};
use crate::site::make_folder;

/// Everybody who acts.
pub(super) struct People {
    pub(super) commission: SigningKey,
    pub(super) registrar: SigningKey,
    pub(super) secret: RegistrarSecret,
    pub(super) trustees: Vec<Trustee>,
}

/// A trustee.
pub(super) struct Trustee {
    pub(super) author: SigningKey,
    pub(super) folder: PathBuf,
    pub(super) decryption_file: PathBuf,
    secret: TrusteeSecret,
}

impl People {
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
        for ((author, folder), index) in signing.into_iter().zip(1..) {
            let secret = TrusteeSecret::generate(&mut rng);
            let decryption_file = folder.join("decryption.key");
            let label = format!("decryption key of trustee {index}");
            KeyFile::seal_trustee(&label, &secret, passphrase, KdfCost::standard(), &mut rng)?
                .create(&decryption_file)?;
            trustees.push(Trustee {
                author,
                folder,
                decryption_file,
                secret,
            });
        }
        Ok(Self {
            commission,
            registrar,
            secret,
            trustees,
        })
    }
}

impl Trustee {
    /// The public key record, with the proof that the secret is known.
    pub(super) fn record(&self, name: &str) -> Outcome<String> {
        Ok(self
            .secret
            .publish(Some(name), &mut rand::rng())
            .map_err(Failure::internal)?
            .json())
    }

    /// The secret from its file.
    pub(super) fn unlock(&self, passphrase: &Passphrase) -> Outcome<TrusteeSecret> {
        Ok(KeyFile::load(&self.decryption_file)?.unlock_trustee(passphrase)?)
    }
}
