//! The registrar's book: who is on the roll, and which credential was issued to whom. It lies in the vault of the roll.
//!
//! The ledger has pseudonyms and salted commitments only; this is what ties them to persons. It is written before the
//! events that follow from it, so that a crash never leaves an event whose person is unknown. Whoever looks into it says
//! why, and that is logged first. Spec: specs/operations.md §13.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sijill_ballot::{Credential, CredentialCode, Uuid};
use sijill_engine::Engine;
use sijill_engine::keyfile::RegistrarSecret;
use sijill_engine::vault::access::{Access, Action, Logged};
use sijill_engine::vault::{Admitted, Standing, Subject, Vault};
use sijill_ledger::{LedgerId, SigningKey};
use sijill_registers::names::Name;
use sijill_registers::roll::events::Pseudonym;
use sijill_rules::Purpose;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::acts::Event;
use crate::error::{Failure, Outcome};

/// What the registrar must keep about one person.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Person {
    /// As the registrar knows them.
    pub(crate) identifier: String,
    /// Where they vote.
    #[zeroize(skip)]
    pub(crate) district: Name,
    /// Their credential.
    #[zeroize(skip)]
    pub(crate) issued: Option<Issued>,
    /// Whether they were struck off the roll.
    pub(crate) struck: bool,
    /// Openings of the checks that the roll commits to, oldest first.
    pub(crate) checks: Vec<Check>,
    /// Openings of reasons that the roll commits to, oldest first.
    pub(crate) reasons: Vec<Reason>,
}

impl Person {
    /// Somebody new.
    pub(crate) fn new(identifier: String, district: Name) -> Self {
        Self {
            identifier,
            district,
            issued: None,
            struck: false,
            checks: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// Whoever is not on the roll: an import that names them puts them there.
    pub(crate) fn stranger(identifier: String, district: Name) -> Self {
        let mut person = Self::new(identifier, district);
        person.struck = true;
        person
    }

    fn encode(&self) -> Outcome<Zeroizing<Vec<u8>>> {
        let bytes = postcard::to_allocvec(&(FORMAT, self)).map_err(Failure::internal)?;
        Ok(Zeroizing::new(bytes))
    }

    fn decode(record: &[u8]) -> Outcome<Self> {
        let other = || {
            Failure::refused(
                "a record of the vault is of another version of this program",
                "use the version that wrote it",
            )
            .code("vault.form")
        };
        let (format, rest): (u16, _) = postcard::take_from_bytes(record).map_err(|_| other())?;
        if format != FORMAT {
            return Err(other());
        }
        postcard::from_bytes(rest).map_err(|_| other())
    }

    /// Whether they belong on the roll: not struck, and not found ineligible.
    pub(crate) fn is_listed(&self) -> bool {
        let last = self
            .checks
            .iter()
            .rfind(|check| check.purpose == Purpose::Registration.number());
        !self.struck && last.is_none_or(|check| check.failed.is_empty())
    }

    /// Whether the opening of a check for registration is kept.
    pub(crate) fn was_checked(&self) -> bool {
        let number = Purpose::Registration.number();
        self.checks.iter().any(|check| check.purpose == number)
    }
}

/// The opening of a check. Spec: specs/roll.md §2.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Check {
    /// The random bytes.
    pub(crate) salt: [u8; 32],
    /// Why the person was checked: [`Purpose::number`].
    pub(crate) purpose: u8,
    /// When, in milliseconds.
    pub(crate) at_ms: u64,
    /// What was seen, as in the document; none if the registrar vouches for a check made elsewhere.
    pub(crate) evidence: Option<String>,
    /// Conditions that failed.
    pub(crate) failed: Vec<String>,
}

/// The opening of a reason. Spec: specs/roll.md §2.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Reason {
    /// The random bytes.
    pub(crate) salt: [u8; 32],
    /// Name of the event type.
    pub(crate) event: String,
    /// Why.
    pub(crate) text: String,
}

/// 32 random bytes for a commitment.
pub(crate) fn salt() -> [u8; 32] {
    let mut salt = [0; 32];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut salt);
    salt
}

/// A credential, issued or enrolled.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Issued {
    /// The code that the voter is handed; none if the voter's device made the credential.
    pub(crate) code: Option<String>,
    /// The random bytes that open the commitment.
    pub(crate) opening: [u8; 32],
    /// The public credential, little-endian.
    pub(crate) public: [u8; 32],
}

impl Issued {
    /// Draws a code for a box.
    fn draw(uuid: &Uuid) -> Self {
        let mut rng = rand::rng();
        let code = CredentialCode::random(&mut rng);
        let mut opening = [0; 32];
        rand::Rng::fill_bytes(&mut rng, &mut opening);
        let public = *Credential::from_code(&code, uuid).public().as_bytes();
        Self {
            code: Some(code.expose().to_owned()),
            opening,
            public,
        }
    }

    /// Takes up a credential that the voter's device has made.
    pub(crate) fn enrolled(public: [u8; 32]) -> Self {
        let mut opening = [0; 32];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut opening);
        Self {
            code: None,
            opening,
            public,
        }
    }

    /// What the roll says about it. Spec: specs/events.md §3.2.
    pub(crate) fn commitment(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"sijill/credential/v1\n");
        hasher.update(self.opening);
        hasher.update(self.public);
        hasher.finalize().into()
    }
}

/// Version of [`Person`] in a record of the vault.
const FORMAT: u16 = 1;

/// The book of a roll, opened by its registrar.
pub(crate) struct Book {
    vault: Vault,
    /// Whose accesses are logged, and who signs what follows from them.
    pub(crate) key: SigningKey,
    pub(crate) pseudonyms: Pseudonyms,
    engine: Arc<Engine>,
}

impl Book {
    /// Opens the book of the event's roll.
    pub(crate) fn open(
        path: &Path,
        event: &Event,
        secret: &RegistrarSecret,
        key: SigningKey,
    ) -> Outcome<Self> {
        Self::with(Vault::open(path, event.roll, secret)?, event, secret, key)
    }

    /// As [`Book::open`]; an empty one if there is none yet.
    pub(crate) fn open_or_new(
        path: &Path,
        event: &Event,
        secret: &RegistrarSecret,
        key: SigningKey,
    ) -> Outcome<Self> {
        if let Some(folder) = path.parent() {
            crate::site::make_folder(folder)?;
        }
        Self::with(
            Vault::open_or_create(path, event.roll, secret)?,
            event,
            secret,
            key,
        )
    }

    fn with(vault: Vault, event: &Event, secret: &RegistrarSecret, key: SigningKey) -> Outcome<Self> {
        Ok(Self {
            vault,
            key,
            pseudonyms: Pseudonyms::new(secret, event.roll)?,
            engine: Arc::clone(&event.engine),
        })
    }

    /// Logs an access, to one person or to all, and admits to it.
    fn admit(&mut self, action: Action, why: &str, about: Option<Pseudonym>) -> Outcome<Admitted<'_>> {
        let access = Access {
            action,
            why,
            subject: about.map(|pseudonym| Subject(pseudonym.0)),
        };
        Ok(self.vault.admit(&self.key, &access, self.engine.now().as_u64())?)
    }

    /// Everybody in it.
    pub(crate) fn all(&mut self, why: &str) -> Outcome<Vec<Person>> {
        let mut all = Vec::new();
        self.admit(Action::Read, why, None)?.scan(|_, record| {
            all.push(Person::decode(&record)?);
            Ok::<_, Failure>(())
        })?;
        Ok(all)
    }

    /// Several persons, by one access. None for those whom it does not have.
    pub(crate) fn find_each<'i>(
        &mut self,
        identifiers: impl IntoIterator<Item = &'i str>,
        why: &str,
    ) -> Outcome<Vec<Option<Person>>> {
        let all: Vec<Pseudonym> = identifiers
            .into_iter()
            .map(|identifier| self.pseudonyms.of(identifier))
            .collect();
        let one = match all.as_slice() {
            [] => return Ok(Vec::new()),
            [one] => Some(*one),
            _ => None,
        };
        let admitted = self.admit(Action::Read, why, one)?;
        all.iter()
            .map(|pseudonym| {
                let record = admitted.read(&Subject(pseudonym.0))?;
                record.map(|record| Person::decode(&record)).transpose()
            })
            .collect()
    }

    /// Somebody in it, by their pseudonym.
    pub(crate) fn find_by(&mut self, pseudonym: Pseudonym, why: &str) -> Outcome<Option<Person>> {
        let admitted = self.admit(Action::Read, why, Some(pseudonym))?;
        let record = admitted.read(&Subject(pseudonym.0))?;
        record.map(|record| Person::decode(&record)).transpose()
    }

    /// Somebody in it, for themselves.
    pub(crate) fn disclose(&mut self, identifier: &str, why: &str) -> Outcome<Option<Person>> {
        let pseudonym = self.pseudonyms.of(identifier);
        let admitted = self.admit(Action::Disclose, why, Some(pseudonym))?;
        let record = admitted.read(&Subject(pseudonym.0))?;
        record.map(|record| Person::decode(&record)).transpose()
    }

    /// Changes what it says of somebody. `None` if it has nobody of that name and `new` makes nobody.
    ///
    /// # Durability
    /// The change is on stable storage when this returns.
    pub(crate) fn change<T>(
        &mut self,
        identifier: &str,
        why: &str,
        new: impl FnOnce() -> Option<Person>,
        change: impl FnOnce(&mut Person) -> Outcome<T>,
    ) -> Outcome<Option<T>> {
        let pseudonym = self.pseudonyms.of(identifier);
        let subject = Subject(pseudonym.0);
        let mut admitted = self.admit(Action::Write, why, Some(pseudonym))?;
        let found = admitted.read(&subject)?;
        let found = found.map(|record| Person::decode(&record)).transpose()?;
        let Some(mut person) = found.or_else(new) else {
            return Ok(None);
        };
        let done = change(&mut person)?;
        admitted.write(&[(subject, person.encode()?)])?;
        Ok(Some(done))
    }

    /// Puts these persons in the place of what it says of them.
    ///
    /// # Durability
    /// They are on stable storage when this returns, all or none.
    pub(crate) fn keep<'p>(&mut self, people: impl IntoIterator<Item = &'p Person>, why: &str) -> Outcome {
        let records = people
            .into_iter()
            .map(|person| {
                let subject = Subject(self.pseudonyms.of(&person.identifier).0);
                Ok((subject, person.encode()?))
            })
            .collect::<Outcome<Vec<_>>>()?;
        Ok(self.admit(Action::Write, why, None)?.write(&records)?)
    }

    /// Logs the access of an import, and admits to it.
    pub(crate) fn import(&mut self, why: &str) -> Outcome<(Import<'_>, &Pseudonyms, &SigningKey)> {
        let Self {
            vault,
            key,
            pseudonyms,
            engine,
        } = self;
        let access = Access {
            action: Action::Write,
            why,
            subject: None,
        };
        let admitted = vault.admit(key, &access, engine.now().as_u64())?;
        Ok((Import { admitted }, pseudonyms, key))
    }

    /// Whether there is a record of somebody.
    pub(crate) fn standing(&self, pseudonym: &Pseudonym) -> Outcome<Standing> {
        Ok(self.vault.standing(&Subject(pseudonym.0))?)
    }

    /// Destroys the key of somebody's record. Says what stood there before.
    ///
    /// # Durability
    /// The record can be read in no file of the vault when this returns.
    pub(crate) fn erase(&mut self, pseudonym: Pseudonym, why: &str) -> Outcome<Standing> {
        let mut admitted = self.admit(Action::Erase, why, Some(pseudonym))?;
        Ok(admitted.erase(&Subject(pseudonym.0))?)
    }

    /// The vault, for its log.
    pub(crate) const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The accesses that concern somebody, themselves included.
    pub(crate) fn accesses(&self, pseudonym: &Pseudonym) -> Outcome<Vec<Logged>> {
        let mut found = Vec::new();
        let subject = Subject(pseudonym.0);
        self.vault.log(|entry| {
            if entry.concerns(&subject) {
                found.push(entry.clone());
            }
        })?;
        Ok(found)
    }
}

/// An import that is logged.
pub(crate) struct Import<'b> {
    admitted: Admitted<'b>,
}

impl Import<'_> {
    /// Somebody in the book.
    pub(crate) fn find(&self, pseudonym: &Pseudonym) -> Outcome<Option<Person>> {
        let record = self.admitted.read(&Subject(pseudonym.0))?;
        record.map(|record| Person::decode(&record)).transpose()
    }

    /// Takes these persons up, or puts them in the place of what is there.
    ///
    /// # Durability
    /// They are on stable storage when this returns, all or none.
    pub(crate) fn keep(&mut self, people: &[(Pseudonym, Person)]) -> Outcome {
        let records = people
            .par_iter()
            .map(|(pseudonym, person)| Ok((Subject(pseudonym.0), person.encode()?)))
            .collect::<Outcome<Vec<_>>>()?;
        Ok(self.admitted.write(&records)?)
    }
}

/// Whether credentials of the other kind are among them: an event has codes for all, or enrolled credentials for all.
pub(crate) fn has_other_kind(people: &[Person], codes: bool) -> bool {
    let mut issued = people.iter().filter_map(|p| p.issued.as_ref());
    issued.any(|issued| issued.code.is_some() != codes)
}

/// Draws codes for everybody in these districts who has none. Returns the positions of those who got one.
pub(crate) fn draw_codes(people: &mut [Person], uuids: &HashMap<Name, Uuid>) -> Vec<usize> {
    let due = |p: &Person| p.issued.is_none() && p.is_listed() && uuids.contains_key(&p.district);
    let all = people.par_iter_mut().enumerate();
    all.filter(|(_, person)| due(person))
        .map(|(at, person)| {
            person.issued = uuids.get(&person.district).map(Issued::draw);
            at
        })
        .collect()
}

/// Makes the pseudonyms of one roll. Spec: specs/events.md §3.
pub(crate) struct Pseudonyms {
    keyed: Hmac<Sha256>,
}

impl Pseudonyms {
    pub(crate) fn new(secret: &RegistrarSecret, roll: LedgerId) -> Outcome<Self> {
        let mut keyed = Hmac::<Sha256>::new_from_slice(secret.expose()).map_err(Failure::internal)?;
        keyed.update(b"sijill/pseudonym/v1\n");
        keyed.update(roll.as_bytes());
        Ok(Self { keyed })
    }

    pub(crate) fn of(&self, identifier: &str) -> Pseudonym {
        let mut mac = self.keyed.clone();
        mac.update(identifier.as_bytes());
        Pseudonym(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_depend_on_secret_roll_and_person() {
        let roll = LedgerId::from_bytes([1; 32]);
        let of = |secret: u8, roll: LedgerId, person: &str| {
            Pseudonyms::new(&RegistrarSecret::from_bytes(&[secret; 32]), roll)
                .unwrap()
                .of(person)
        };
        let one = of(7, roll, "V1");
        assert_eq!(one, of(7, roll, "V1"));
        assert_ne!(one, of(8, roll, "V1"));
        assert_ne!(one, of(7, LedgerId::from_bytes([2; 32]), "V1"));
        assert_ne!(one, of(7, roll, "V2"));
    }

    #[test]
    fn a_record_comes_back_and_another_version_is_refused() {
        let north: Name = "north".parse().unwrap();
        let uuids = HashMap::from([(north.clone(), Uuid::parse("12345678abcdEF").unwrap())]);
        let mut people = vec![
            Person::new("V1".to_owned(), north.clone()),
            Person::stranger("V2".to_owned(), north),
        ];
        assert_eq!(draw_codes(&mut people, &uuids), [0]);
        assert!(has_other_kind(&people, false) && !has_other_kind(&people, true));
        let mut record = people[0].encode().unwrap();
        let again = Person::decode(&record).unwrap();
        assert_eq!(again.identifier, "V1");
        let code = |p: &Person| p.issued.as_ref().unwrap().code.clone();
        assert_eq!(code(&again), code(&people[0]));
        record[0] += 1;
        assert!(Person::decode(&record).is_err());
    }
}
