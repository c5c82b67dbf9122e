//! Where the service keeps what it knows of persons: `DIR/people/service`, outside of the data folder and its backups.
//! Spec: specs/operations.md §15.1.

use std::path::PathBuf;

use sijill_engine::Engine;
use sijill_engine::keyfile::{KeyFile, RegistrarSecret};
use sijill_engine::persons::{Persons, PersonsSecret};
use sijill_ledger::LedgerId;

use crate::commands::calendar::calendar;
use crate::error::{Failure, Outcome};
use crate::passphrase::Passphrases;
use crate::site::{Site, make_folder};

fn secret_file(site: &Site) -> PathBuf {
    site.persons().join("persons.key")
}

fn vault_file(site: &Site, calendar: &LedgerId) -> PathBuf {
    let id = calendar.to_string();
    site.persons().join(format!("persons-{}.sqlite", &id[..16]))
}

/// Opens the vault of persons of a jurisdiction.
pub(crate) fn open(site: &Site, passphrases: Passphrases, calendar: LedgerId) -> Outcome<Persons> {
    let vault = vault_file(site, &calendar);
    if !vault.exists() {
        return Err(Failure::refused(
            "this service keeps nothing of persons yet",
            "the first letter that is handed in (`sijill foi submit`) makes their vault",
        )
        .code("vault.missing"));
    }
    let secret = unlock(site, &passphrases)?;
    Ok(Persons::open(&vault, calendar, secret)?)
}

/// As [`open`]; an empty one, and a secret, if there are none yet.
pub(crate) fn open_or_new(site: &Site, passphrases: Passphrases, calendar: LedgerId) -> Outcome<Persons> {
    let vault = vault_file(site, &calendar);
    if vault.exists() && !secret_file(site).exists() {
        // Says that the secret is gone; another one would not open it.
        return open(site, passphrases, calendar);
    }
    let secret = secret_or_new(site, &passphrases)?;
    Ok(Persons::open_or_create(&vault, calendar, secret)?)
}

/// The person secret of this installation; a new one if there is none yet.
pub(crate) fn secret_or_new(site: &Site, passphrases: &Passphrases) -> Outcome<PersonsSecret> {
    let folder = site.persons();
    if !folder.exists() {
        make_folder(&folder)?;
    }
    let file = secret_file(site);
    if !file.exists() {
        let mut rng = rand::rng();
        let secret = RegistrarSecret::generate(&mut rng);
        let cost = crate::passphrase::cost();
        let sealed = KeyFile::seal_registrar(
            "secret of persons",
            &secret,
            &passphrases.engine()?,
            cost,
            &mut rng,
        )?;
        sealed.create(&file)?;
    }
    unlock(site, passphrases)
}

fn unlock(site: &Site, passphrases: &Passphrases) -> Outcome<PersonsSecret> {
    let file = KeyFile::load(&secret_file(site))?;
    Ok(PersonsSecret::new(file.unlock_registrar(&passphrases.engine()?)?))
}

/// Refuses an erasure of what is under legal hold. Spec: specs/operations.md §15.5.
pub(crate) fn refuse_held(
    engine: &Engine,
    (site, passphrases): (&Site, Passphrases),
    ledger: &LedgerId,
    commitments: &[[u8; 32]],
) -> Outcome {
    let (root, _) = calendar(engine)?;
    if vault_file(site, &root).exists() {
        let persons = open(site, passphrases, root)?;
        engine.refuse_held(&persons, ledger, commitments)?;
    }
    Ok(())
}
