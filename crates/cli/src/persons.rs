//! Where the service keeps what it knows of persons: `DIR/people/service`, outside of the data folder and its backups.
//! Spec: specs/operations.md §15.1.

use std::path::{Path, PathBuf};

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

/// Opens the vault of persons of a jurisdiction; an empty one if only its secret is in use yet.
pub(crate) fn open(site: &Site, passphrases: Passphrases, calendar: LedgerId) -> Outcome<Persons> {
    let vault = vault_file(site, &calendar);
    if !vault.exists() && !secret_file(site).exists() {
        return Err(Failure::refused(
            "this service keeps nothing of persons yet",
            "`sijill person init`, or the first letter that is handed in (`sijill foi submit`), makes their vault",
        )
        .code("vault.missing"));
    }
    let secret = unlock(site, &passphrases)?;
    Ok(Persons::open_or_create(&vault, calendar, secret)?)
}

/// Makes an empty one, under a secret that is in use already: that of consultations.
pub(crate) fn make(site: &Site, passphrases: &Passphrases, calendar: LedgerId, secret: &Path) -> Outcome {
    let (vault, file) = (vault_file(site, &calendar), secret_file(site));
    for taken in [&vault, &file] {
        if taken.exists() {
            return Err(Failure::refused(
                format!("{} exists already", taken.display()),
                "it was made by `sijill person init`, or with the first letter that was handed in; go on with it",
            )
            .code("vault.exists"));
        }
    }
    let secret = KeyFile::load(secret)?.unlock_registrar(&passphrases.acting(secret)?)?;
    let folder = site.persons();
    if !folder.exists() {
        make_folder(&folder)?;
    }
    seal(&file, &secret, passphrases)?;
    Persons::create(&vault, calendar, PersonsSecret::new(secret))?;
    Ok(())
}

fn seal(file: &Path, secret: &RegistrarSecret, passphrases: &Passphrases) -> Outcome {
    let (label, cost) = ("secret of persons", crate::passphrase::cost());
    let passphrase = passphrases.engine()?;
    let sealed = KeyFile::seal_registrar(label, secret, &passphrase, cost, &mut rand::rng())?;
    Ok(sealed.create(file)?)
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
        seal(&file, &RegistrarSecret::generate(&mut rand::rng()), passphrases)?;
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
