//! The registrar's book: who is on the roll, and which credential was issued to whom. One sealed file, nothing else.
//!
//! The ledger has pseudonyms and salted commitments only; this file is what ties them to persons. It is written before
//! the events that follow from it, so that a crash never leaves an event whose person is unknown.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sijill_ballot::{Credential, CredentialCode, Uuid};
use sijill_engine::keyfile::{KeyFile, Passphrase, RegistrarSecret};
use sijill_ledger::LedgerId;
use sijill_registers::names::Name;
use sijill_registers::roll::events::Pseudonym;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::{Failure, Outcome};
use crate::roll_file::RollRow;
use crate::site::write_file;

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

    /// Whether they belong on the roll: not struck, and not found ineligible.
    pub(crate) fn is_listed(&self) -> bool {
        !self.struck && self.checks.last().is_none_or(|check| check.failed.is_empty())
    }
}

/// The opening of a check. Spec: specs/roll.md §2.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Check {
    /// The random bytes.
    pub(crate) salt: [u8; 32],
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

#[derive(Serialize, Deserialize)]
struct Sealed {
    format: u16,
    roll: LedgerId,
    people: Vec<Person>,
}

const FORMAT: u16 = 3;

/// The book, unsealed.
pub(crate) struct Book {
    path: PathBuf,
    passphrase: Passphrase,
    roll: LedgerId,
    people: Vec<Person>,
}

impl Book {
    /// Opens the book of a roll; an empty one if there is none yet.
    pub(crate) fn open_or_new(path: &Path, roll: LedgerId, passphrase: Passphrase) -> Outcome<Self> {
        if path.exists() {
            return Self::open(path, roll, passphrase);
        }
        Ok(Self {
            path: path.to_owned(),
            passphrase,
            roll,
            people: Vec::new(),
        })
    }

    /// Opens the book of a roll.
    pub(crate) fn open(path: &Path, roll: LedgerId, passphrase: Passphrase) -> Outcome<Self> {
        let bytes = KeyFile::load(path)?.unlock_data(&passphrase)?;
        let other = |what: &str| {
            Failure::refused(
                format!("{}: {what}", path.display()),
                "give the book that the registrar keeps of this roll",
            )
            .code("roll.book")
        };
        let sealed: Sealed = postcard::from_bytes(&bytes).map_err(|_| other("not a registrar's book"))?;
        if sealed.format != FORMAT {
            return Err(other("a book of another version"));
        }
        if sealed.roll != roll {
            return Err(other("the book of another roll"));
        }
        Ok(Self {
            path: path.to_owned(),
            passphrase,
            roll,
            people: sealed.people,
        })
    }

    /// Everybody in it.
    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    /// Takes up new persons, and those that were struck. The others that are in it already stay as they are; the lines that contradict the book are
    /// returned, by their position in `rows`.
    pub(crate) fn add(&mut self, rows: &[RollRow]) -> Vec<usize> {
        let mut known: HashMap<String, usize> = self
            .people
            .iter()
            .enumerate()
            .map(|(at, p)| (p.identifier.clone(), at))
            .collect();
        let mut contradictions = Vec::new();
        let mut fresh = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            match known.get(&row.identifier).map(|at| &mut self.people[*at]) {
                None => fresh.push(Person::new(row.identifier.clone(), row.district.clone())),
                Some(person) if person.struck => {
                    person.struck = false;
                    person.district = row.district.clone();
                }
                Some(person) if person.district != row.district => contradictions.push(i),
                Some(_) => {}
            }
        }
        known.drain().for_each(|(mut identifier, _)| identifier.zeroize());
        self.people.extend(fresh);
        contradictions
    }

    /// Opens a page for somebody who is not on the roll; an import that names them puts them there.
    pub(crate) fn take_up_stranger(&mut self, identifier: &str, district: Name) {
        let mut person = Person::new(identifier.to_owned(), district);
        person.struck = true;
        self.people.push(person);
    }

    /// Somebody in it, to be changed.
    pub(crate) fn person_mut(&mut self, identifier: &str) -> Option<&mut Person> {
        self.people.iter_mut().find(|p| p.identifier == identifier)
    }

    /// Everybody in it, to be changed.
    pub(crate) fn people_mut(&mut self) -> &mut [Person] {
        &mut self.people
    }

    /// Whether credentials of the other kind are in it: an event has codes for all, or enrolled credentials for all.
    pub(crate) fn has_other_kind(&self, codes: bool) -> bool {
        let mut issued = self.people.iter().filter_map(|p| p.issued.as_ref());
        issued.any(|issued| issued.code.is_some() != codes)
    }

    /// Draws codes for everybody in these districts who has none. Returns how many.
    pub(crate) fn issue(&mut self, uuids: &HashMap<Name, Uuid>) -> usize {
        let due = |p: &&mut Person| p.issued.is_none() && p.is_listed() && uuids.contains_key(&p.district);
        let count = self.people.iter_mut().filter(due).count();
        self.people.par_iter_mut().filter(due).for_each(|person| {
            person.issued = uuids.get(&person.district).map(Issued::draw);
        });
        count
    }

    /// Seals the book and puts it in the place of the old one.
    ///
    /// # Durability
    /// The book is on stable storage when this returns.
    pub(crate) fn save(&self) -> Outcome {
        if let Some(folder) = self.path.parent() {
            crate::site::make_folder(folder)?;
        }
        // Borrowed fields in the order of `Sealed`.
        let bytes = postcard::to_allocvec(&(FORMAT, self.roll, &self.people)).map_err(Failure::internal)?;
        let bytes = Zeroizing::new(bytes);
        let label = format!("registrar's book of roll {}", &self.roll.to_string()[..16]);
        let sealed = KeyFile::seal_data(
            &label,
            &bytes,
            &self.passphrase,
            crate::passphrase::cost(),
            &mut rand::rng(),
        )?;
        write_file(&self.path, &sealed.to_bytes())
    }
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
    fn a_book_comes_back_as_it_was_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book");
        let roll = LedgerId::from_bytes([1; 32]);
        let pass = || Passphrase::new("a long passphrase".to_owned());
        let mut book = Book::open_or_new(&path, roll, pass()).unwrap();
        let district: Name = "north".parse().unwrap();
        let row = |i: &str| RollRow {
            identifier: i.to_owned(),
            district: district.clone(),
        };
        assert!(book.add(&[row("V1"), row("V2")]).is_empty());
        let uuids = HashMap::from([(district.clone(), Uuid::parse("12345678abcdEF").unwrap())]);
        assert_eq!(book.issue(&uuids), 2);
        book.save().unwrap();
        let again = Book::open(&path, roll, pass()).unwrap();
        assert_eq!(again.people().len(), 2);
        let code = |b: &Book| b.people()[1].issued.as_ref().unwrap().code.clone();
        assert_eq!(code(&book), code(&again));
        assert!(Book::open(&path, LedgerId::from_bytes([2; 32]), pass()).is_err());
        let moved = RollRow {
            identifier: "V2".to_owned(),
            district: "south".parse().unwrap(),
        };
        assert_eq!(book.add(&[row("V1"), moved]), [1]);
    }
}
