//! Persons: who requesters and participants are, their letters under keys of their own, and their rights: a copy of
//! everything, erasure by two persons, legal holds.
//!
//! *Letters* are closed texts and bytes that belong to somebody: what a requester hands in, what they are written. Each is
//! sealed under a key of its own, which stands in the record of its person in the vault of persons, and nowhere else.
//! Where a letter lies is public knowledge to the operator; what it says needs an access that is logged first. Destroying
//! the key erases every copy of the letter, backups of the data folder included.
//!
//! *What a person has contributed* is found by reading the registers again: by the commitments of their letters, and by
//! their name on each consultation: `traces`. Copies and erasures (`rights`) are made from it; `letters` keeps and opens letters.
//!
//! *Crashes.* A letter's key is durable before the letter, the letter before the event that commits to it. A letter of no
//! event is destroyed when the engine next opens; its key then opens nothing. Erasure: the order is confirmed on the
//! ledger, then the letters are removed, then their keys are destroyed; repeating the command finishes what was begun.
//!
//! Spec: specs/jurisdiction.md §4, specs/operations.md §15.

mod letters;
mod rights;
mod traces;

use std::path::Path;

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sijill_ledger::{LedgerId, SigningKey, decode_canonical, encode};
use sijill_registers::consultation::events::Person;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use self::letters::Read;
pub use self::rights::{Copy, Plan};
pub use self::traces::{Taking, Trace};
use crate::engine::{Engine, EngineError};
use crate::keyfile::RegistrarSecret;
use crate::openings::OpeningError;
use crate::vault::access::{Access, Action, Logged};
use crate::vault::holds::{self, Hold};
use crate::vault::{Admitted, Subject, Vault, VaultError};

const PERSON_TAG: &[u8] = b"sijill/person/v1\n";
/// Version of [`Record`].
const FORMAT: u16 = 1;

/// Why something about a person was not kept, read, held or erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PersonsError {
    /// The vault refuses or fails.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A letter cannot be stored or read.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// A register cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A sealed letter that its key does not open, or that is of no form that this program knows. The operator's to mend.
    #[error("the letter {} was altered since it was sealed", hex::encode(.0))]
    Altered([u8; 32]),
    /// Nothing is kept of this person.
    #[error("nothing is kept of this person")]
    Absent,
    /// Whose letters these are is not known any more: they were erased.
    #[error("whose letters these are is not known any more: they were erased")]
    Forgotten,
    /// Too many letters of one person for one record of the vault.
    #[error("the record of this person is full: no more letters can be kept under it")]
    Full,
    /// The key has no office that may look into this register's letters.
    #[error("this key has no office on the register that may do this")]
    Office,
    /// There is no such hold, or it does not stand any more.
    #[error("there is no hold {0} that stands")]
    NoHold(u64),
    /// What was ordered to be erased is held.
    #[error("what was ordered is under legal hold {hold}: {reason}")]
    Held {
        /// Its number.
        hold: u64,
        /// Why.
        reason: String,
    },
    /// A record of another version of this program.
    #[error("a record of the vault is of another version of this program")]
    Form,
}

/// Whose letters they are.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// A person whom the service knows by an identifier, in the one spelling that the service uses.
    Identifier(&'a str),
    /// Somebody whose letters are kept already.
    Subject(Subject),
    /// Somebody of whom nothing is known but what their letters say.
    Unnamed,
}

/// The service's secret of persons, from which their names are made: a file like that of a registrar's secret.
#[derive(Debug, Clone)]
pub struct PersonsSecret(RegistrarSecret);

impl PersonsSecret {
    /// What a key file holds.
    #[must_use]
    pub const fn new(secret: RegistrarSecret) -> Self {
        Self(secret)
    }

    /// The name of a person on a consultation. Spec: specs/jurisdiction.md §4.
    #[must_use]
    pub fn person(&self, ledger: &LedgerId, identifier: &str) -> Person {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(self.0.expose())
            .expect("HMAC takes keys of any length");
        for part in [PERSON_TAG, ledger.as_bytes(), identifier.as_bytes()] {
            mac.update(part);
        }
        Person(mac.finalize().into_bytes().into())
    }
}

/// What the vault keeps about a person.
#[derive(Clone, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Record {
    identifier: Option<String>,
    letters: Vec<Letter>,
}

/// A letter, and the key that opens it.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Letter {
    ledger: [u8; 32],
    commitment: [u8; 32],
    at_ms: u64,
    key: [u8; 32],
}

impl Record {
    fn decode(bytes: &[u8]) -> Result<Self, PersonsError> {
        let (format, record): (u16, Self) = decode_canonical(bytes).map_err(|_| PersonsError::Form)?;
        if format == FORMAT {
            Ok(record)
        } else {
            Err(PersonsError::Form)
        }
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(encode(&(FORMAT, self)))
    }

    fn key(&self, ledger: &LedgerId, commitment: &[u8; 32]) -> Option<&[u8; 32]> {
        let found = self
            .letters
            .iter()
            .find(|l| l.ledger == *ledger.as_bytes() && l.commitment == *commitment);
        found.map(|letter| &letter.key)
    }
}

/// The vault of the persons of one jurisdiction. One process at a time has it open.
#[derive(Debug)]
pub struct Persons {
    vault: Vault,
    secret: PersonsSecret,
    calendar: LedgerId,
}

impl Persons {
    /// Makes an empty one, readable by its owner only.
    ///
    /// # Errors
    /// [`VaultError`]
    ///
    /// # Durability
    /// As [`Vault::create`].
    pub fn create(path: &Path, calendar: LedgerId, secret: PersonsSecret) -> Result<Self, VaultError> {
        let vault = Vault::create(path, calendar, &secret.0)?;
        Ok(Self {
            vault,
            secret,
            calendar,
        })
    }

    /// Opens that of a jurisdiction.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn open(path: &Path, calendar: LedgerId, secret: PersonsSecret) -> Result<Self, VaultError> {
        let vault = Vault::open(path, calendar, &secret.0)?;
        Ok(Self {
            vault,
            secret,
            calendar,
        })
    }

    /// As [`Persons::open`]; an empty one if there is none.
    ///
    /// # Errors
    /// [`VaultError`]
    ///
    /// # Durability
    /// As [`Vault::create`].
    pub fn open_or_create(
        path: &Path,
        calendar: LedgerId,
        secret: PersonsSecret,
    ) -> Result<Self, VaultError> {
        let vault = Vault::open_or_create(path, calendar, &secret.0)?;
        Ok(Self {
            vault,
            secret,
            calendar,
        })
    }

    /// The name of a person in the vault: that on the calendar ledger, which stands on no ledger.
    #[must_use]
    pub fn subject(&self, identifier: &str) -> Subject {
        Subject(self.secret.person(&self.calendar, identifier).0)
    }

    /// The name of a person on a consultation.
    #[must_use]
    pub fn person(&self, ledger: &LedgerId, identifier: &str) -> Person {
        self.secret.person(ledger, identifier)
    }

    /// The vault, for its log and its holds.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The accesses that concern somebody, those to everybody included.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn accesses(&self, subject: &Subject) -> Result<Vec<Logged>, VaultError> {
        let mut found = Vec::new();
        self.vault.log(|entry| {
            if entry.concerns(subject) {
                found.push(entry.clone());
            }
        })?;
        Ok(found)
    }

    fn admit(
        &mut self,
        engine: &Engine,
        by: &SigningKey,
        action: Action,
        why: &str,
        subject: Subject,
    ) -> Result<Admitted<'_>, VaultError> {
        let access = Access {
            action,
            why,
            subject: Some(subject),
        };
        self.vault.admit(by, &access, engine.now().as_u64())
    }

    fn record(
        &mut self,
        engine: &Engine,
        by: &SigningKey,
        action: Action,
        why: &str,
        subject: Subject,
    ) -> Result<Option<Record>, PersonsError> {
        let admitted = self.admit(engine, by, action, why, subject)?;
        let found = admitted.read(&subject)?;
        found.map(|bytes| Record::decode(&bytes)).transpose()
    }

    fn standing_holds(&self, engine: &Engine) -> Result<Vec<Hold>, PersonsError> {
        let all = self.vault.holds()?;
        let today = engine.today(&self.calendar)?;
        Ok(holds::standing(&all, today).into_iter().cloned().collect())
    }
}
