//! Persons: who requesters and participants are, their letters under keys of their own, and their rights: a copy of
//! everything, erasure by two persons, legal holds.
//!
//! *Letters* are closed texts and bytes that belong to somebody: what a requester hands in, what they are written. Each is
//! sealed under a key of its own, which stands in the record of its person in the vault of persons, and nowhere else.
//! Where a letter lies is public knowledge to the operator; what it says needs an access that is logged first. Destroying
//! the key erases every copy of the letter, backups of the data folder included.
//!
//! *What a person has contributed* is found by reading the registers again: by the commitments of their letters, and by
//! their name on each consultation. [`Engine::traces`] is that reading; copies and erasures are made from it.
//!
//! *Crashes.* A letter's key is durable before the letter, the letter before the event that commits to it. A letter of no
//! event is destroyed when the engine next opens; its key then opens nothing. Erasure: the order is confirmed on the
//! ledger, then the letters are removed, then their keys are destroyed; repeating the command finishes what was begun.
//!
//! Spec: specs/jurisdiction.md §4, specs/operations.md §15.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sijill_ledger::{
    BodyHash, Committed, KeyId, Kind, LedgerId, Role, Seq, SigningKey, decode_canonical, encode,
};
use sijill_registers::calendar::calendar_as_cited;
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::events::{ConsultationEvent, Person};
use sijill_registers::foi::events::FoiEvent;
use sijill_registers::register::Facts;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::engine::{Engine, EngineError};
use crate::keyfile::RegistrarSecret;
use crate::ledgers::LedgerHandle;
use crate::openings::{MAX_COMMITTED_BYTES, OpeningError, OpeningStore};
use crate::vault::access::{Access, Action, Logged};
use crate::vault::holds::{self, Hold, NewHold};
use crate::vault::{Admitted, Standing, Subject, Vault, VaultError, decrypt, encrypt};
use crate::views::read_event;

const PERSON_TAG: &[u8] = b"sijill/person/v1\n";
const SEALED_MAGIC: &[u8] = b"sijill-sealed-opening/1\n";
const SEALED_TAG: &[u8] = b"sijill/sealed-opening/v1\n";
/// Version of [`Record`].
const FORMAT: u16 = 1;
/// Entries read at a time.
const PAGE: usize = 4_096;
/// Transfers that are followed back to where a request was handed in.
const MAX_TRANSFERS: usize = 64;
/// Most commitments of an order. Spec: specs/jurisdiction.md §3.2.
const MAX_ORDERED: usize = 1_000;

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

/// A content that a person has contributed, or that was written to them or about them, as a register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The register.
    pub ledger: LedgerId,
    /// Consultation or freedom of information.
    pub kind: Kind,
    /// Position of the event.
    pub seq: u64,
    /// When the service received it, in milliseconds.
    pub received_ms: u64,
    /// Name of the event type.
    pub event: &'static str,
    /// The field.
    pub field: &'static str,
    /// The commitment.
    pub committed: Committed,
    /// Whether the field is one that everybody may read.
    pub open: bool,
    /// Whether it was erased.
    pub erased: bool,
}

/// What a person is on a consultation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    /// The consultation.
    pub ledger: LedgerId,
    /// Their name there.
    pub person: Person,
    /// Number under which others see them.
    pub number: u64,
    /// 1 citizen, 2 resident, 3 visitor.
    pub category: u8,
    /// Whether the service verified who they are.
    pub verified: bool,
    /// The key that they sign with.
    pub key: Option<KeyId>,
    /// Positions of their comments.
    pub comments: Vec<u64>,
    /// Positions of their responses.
    pub responses: Vec<u64>,
}

/// Everything about a person.
#[derive(Debug)]
pub struct Copy {
    /// Their name in the vault.
    pub subject: Subject,
    /// Their identifier, if it is kept.
    pub identifier: Option<String>,
    /// When their record was erased, in milliseconds.
    pub erased_ms: Option<u64>,
    /// What they are on consultations.
    pub takes_part: Vec<Taking>,
    /// Every content, with what it says unless it was erased.
    pub contents: Vec<(Trace, Option<Zeroizing<Vec<u8>>>)>,
    /// Holds on their contents that stand.
    pub holds: Vec<Hold>,
    /// Who looked at their record.
    pub accesses: Vec<Logged>,
}

/// What an erasure would do.
#[derive(Debug)]
pub struct Plan {
    /// Whose.
    pub subject: Subject,
    /// What becomes unreadable.
    pub erase: Vec<Trace>,
    /// What is held, each with the first hold that covers it.
    pub held: Vec<(Trace, Hold)>,
    /// What was erased before.
    pub gone: Vec<Trace>,
    /// What they are on consultations, which stays.
    pub takes_part: Vec<Taking>,
    /// Whether identity and keys go as a whole: nothing is held.
    pub identity: bool,
    /// Bytes of the record in the vault, encrypted.
    pub record_bytes: u64,
}

impl Plan {
    /// The orders that erase it: for each register, commitments ascending, at most as many as an order takes.
    #[must_use]
    pub fn orders(&self) -> Vec<(LedgerId, Vec<[u8; 32]>)> {
        let mut by_ledger: BTreeMap<LedgerId, BTreeSet<[u8; 32]>> = BTreeMap::new();
        for trace in &self.erase {
            by_ledger
                .entry(trace.ledger)
                .or_default()
                .insert(trace.committed.commitment);
        }
        let mut orders = Vec::new();
        for (ledger, commitments) in by_ledger {
            let all: Vec<_> = commitments.into_iter().collect();
            orders.extend(all.chunks(MAX_ORDERED).map(|part| (ledger, part.to_vec())));
        }
        orders
    }
}

/// A register's letters about a request, for an officer.
#[derive(Debug)]
pub struct Read {
    /// Where it stands.
    pub trace: Trace,
    /// What it says; `None` if it was erased.
    pub content: Option<Zeroizing<Vec<u8>>>,
}

impl Engine {
    /// Keeps letters of somebody, each behind a fresh commitment, sealed under a key of its own. Spec:
    /// specs/operations.md §15.2.
    ///
    /// # Errors
    /// [`PersonsError`]; nothing of the letters is kept then, or what is kept is destroyed when the engine next opens.
    ///
    /// # Durability
    /// Letters and keys are on stable storage when this returns.
    pub fn keep_letters(
        &self,
        persons: &mut Persons,
        by: Option<&SigningKey>,
        whose: Whose<'_>,
        ledger: &LedgerId,
        letters: &[&[u8]],
    ) -> Result<(Subject, Vec<Committed>), PersonsError> {
        let subject = match whose {
            Whose::Identifier(identifier) => persons.subject(identifier),
            Whose::Subject(subject) => subject,
            Whose::Unnamed => Subject(random()),
        };
        if letters.is_empty() {
            return Ok((subject, Vec::new()));
        }
        let too_long = |l: &&[u8]| l.is_empty() || l.len() as u64 > MAX_COMMITTED_BYTES;
        if letters.iter().any(too_long) {
            return Err(OpeningError::Length.into());
        }
        let openings = self.letters()?;
        let service = &self.shared.service_key;
        let at_ms = self.now().as_u64();
        let mut admitted = persons.admit(
            self,
            by.unwrap_or(service),
            Action::Write,
            "letters handed in",
            subject,
        )?;
        let found = admitted.read(&subject)?;
        let mut record = found.map_or_else(|| Ok(Record::default()), |bytes| Record::decode(&bytes))?;
        if let Whose::Identifier(identifier) = whose {
            record.identifier = Some(identifier.to_owned());
        }
        let mut kept = Vec::with_capacity(letters.len());
        for content in letters {
            let mut opening = Zeroizing::new(random::<32>().to_vec());
            opening.extend_from_slice(content);
            let salt = opening.first_chunk().ok_or(OpeningError::Length)?;
            let committed = Committed::new(salt, content);
            let letter = Letter {
                ledger: *ledger.as_bytes(),
                commitment: committed.commitment,
                at_ms,
                key: random(),
            };
            let sealed = seal(&letter, &subject, &opening).ok_or(OpeningError::Length)?;
            record.letters.push(letter);
            kept.push((committed, sealed));
        }
        admitted
            .write(&[(subject, record.encode())])
            .map_err(|error| match error {
                VaultError::TooLarge(_) => PersonsError::Full,
                other => other.into(),
            })?;
        for (committed, sealed) in &kept {
            openings.put_sealed(ledger, &committed.commitment, sealed)?;
        }
        Ok((
            subject,
            kept.into_iter().map(|(committed, _)| committed).collect(),
        ))
    }

    /// Whose letter it is; `None` if it is none, or was erased.
    ///
    /// # Errors
    /// [`PersonsError`]
    pub fn letter_subject(
        &self,
        ledger: &LedgerId,
        commitment: &[u8; 32],
    ) -> Result<Option<Subject>, PersonsError> {
        let sealed = self.letters()?.sealed(ledger, commitment)?;
        let sealed = sealed.map(|bytes| Ok(parts(&bytes).ok_or(PersonsError::Altered(*commitment))?.0));
        sealed.transpose()
    }

    /// Whose a request is, by the letter that it began with, wherever it was handed in.
    ///
    /// # Errors
    /// [`PersonsError::Forgotten`] if that letter was erased, or was never kept as a letter; others.
    pub async fn requester(&self, register: LedgerId, request: u64) -> Result<Subject, PersonsError> {
        let (mut ledger, mut request) = (register, request);
        for _ in 0..MAX_TRANSFERS {
            match self.foi_event(ledger, request).await? {
                Some(FoiEvent::RequestSubmitted(e)) => {
                    let found = self.letter_subject(&ledger, &e.requester.commitment)?;
                    return found.ok_or(PersonsError::Forgotten);
                }
                Some(FoiEvent::TransferReceived(e)) => (ledger, request) = (e.from, e.request),
                _ => break,
            }
        }
        Err(PersonsError::Forgotten)
    }

    /// Whose a hearing is, by the letter that names the third party.
    ///
    /// # Errors
    /// As [`Engine::requester`].
    pub async fn third_party(&self, register: LedgerId, consultation: u64) -> Result<Subject, PersonsError> {
        let Some(FoiEvent::ThirdPartyConsulted(e)) = self.foi_event(register, consultation).await? else {
            return Err(PersonsError::Forgotten);
        };
        let found = self.letter_subject(&register, &e.party.commitment)?;
        found.ok_or(PersonsError::Forgotten)
    }

    /// Reads the closed contents about a request, for an officer of its register. Each person whose letters are among
    /// them gets an entry in the access log first.
    ///
    /// # Errors
    /// [`PersonsError::Office`] if the key is of no officer of the register; others.
    pub async fn read_request(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        why: &str,
        register: LedgerId,
        request: u64,
    ) -> Result<Vec<Read>, PersonsError> {
        self.require_office(register, by.key_id(), &OFFICERS)?;
        let mut consultations = BTreeSet::new();
        let mut traces = Vec::new();
        let handle = self.register_handle(register)?;
        self.each_event(&handle, |seq, received_ms, event| {
            let Event::Foi(foi) = event else { return };
            let own = match foi {
                FoiEvent::ThirdPartyReplied(e) => consultations.contains(&e.consultation),
                FoiEvent::GrievanceDecided(_) => false,
                _ => seq == request || foi.request() == Some(request),
            };
            if !own {
                return;
            }
            if matches!(foi, FoiEvent::ThirdPartyConsulted(_)) {
                consultations.insert(seq);
            }
            let closed = traces_of(&handle, seq, received_ms, event);
            traces.extend(closed.into_iter().filter(|t| !t.open));
        })
        .await?;
        mark_erased(&handle, &mut traces);
        let mut records: BTreeMap<Subject, Option<Record>> = BTreeMap::new();
        let mut read = Vec::new();
        for trace in traces {
            let commitment = &trace.committed.commitment;
            let whose = self.letter_subject(&register, commitment)?;
            if let Some(subject) = whose
                && !records.contains_key(&subject)
            {
                let record = persons.record(self, by, Action::Read, why, subject)?;
                records.insert(subject, record);
            }
            let record = whose.and_then(|subject| records.get(&subject)?.as_ref());
            let content = if trace.erased {
                None
            } else {
                self.content_of(&trace, record)?
            };
            read.push(Read { trace, content });
        }
        Ok(read)
    }

    /// Everything about a person: their record, what they have contributed to every register and what was written to
    /// them, holds, and who looked at it. The access is logged first. Spec: specs/operations.md §15.3.
    ///
    /// # Errors
    /// [`PersonsError::Absent`] if there is and was nothing; others.
    pub async fn copy_for(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        why: &str,
        whose: Whose<'_>,
    ) -> Result<Copy, PersonsError> {
        let (subject, identifier) = known(persons, whose)?;
        let standing = persons.vault.standing(&subject)?;
        let record = persons.record(self, by, Action::Disclose, why, subject)?;
        let identifier = identifier.or_else(|| record.as_ref()?.identifier.clone());
        let (traces, takes_part) = self
            .traces(persons, identifier.as_deref(), record.as_ref())
            .await?;
        if standing == Standing::Absent && takes_part.is_empty() {
            return Err(PersonsError::Absent);
        }
        let mut contents = Vec::with_capacity(traces.len());
        for trace in traces {
            let content = if trace.erased {
                None
            } else {
                self.content_of(&trace, record.as_ref())?
            };
            contents.push((trace, content));
        }
        let holds = persons.standing_holds(self)?;
        Ok(Copy {
            subject,
            identifier: record.as_ref().and_then(|record| record.identifier.clone()),
            erased_ms: match standing {
                Standing::Erased { at_ms } => Some(at_ms),
                _ => None,
            },
            takes_part,
            contents,
            holds: holds.into_iter().filter(|hold| hold.subject == subject).collect(),
            accesses: persons.accesses(&subject)?,
        })
    }

    /// What an erasure would do now. The access is logged first, as one that reads. Spec: specs/operations.md §15.4.
    ///
    /// # Errors
    /// [`PersonsError::Absent`] if there is nothing; others.
    pub async fn plan_erasure(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        why: &str,
        whose: Whose<'_>,
    ) -> Result<Plan, PersonsError> {
        let (subject, identifier) = known(persons, whose)?;
        let standing = persons.vault.standing(&subject)?;
        let record = persons.record(self, by, Action::Read, why, subject)?;
        let identifier = identifier.or_else(|| record.as_ref()?.identifier.clone());
        let (traces, takes_part) = self
            .traces(persons, identifier.as_deref(), record.as_ref())
            .await?;
        if record.is_none() && traces.is_empty() {
            return Err(PersonsError::Absent);
        }
        let holds = persons.standing_holds(self)?;
        let on_all = holds.iter().any(|h| h.subject == subject && h.everything);
        let (mut erase, mut held, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for trace in traces {
            let commitment = &trace.committed.commitment;
            let covers = |h: &&Hold| h.subject == subject && h.covers(&trace.ledger, commitment);
            if trace.erased {
                gone.push(trace);
            } else if let Some(hold) = holds.iter().find(covers) {
                held.push((trace, hold.clone()));
            } else {
                erase.push(trace);
            }
        }
        Ok(Plan {
            subject,
            identity: record.is_some() && held.is_empty() && !on_all,
            erase,
            held,
            gone,
            takes_part,
            record_bytes: match standing {
                Standing::Held { bytes } => bytes,
                _ => 0,
            },
        })
    }

    /// Orders about a person's contents that wait for a second person. Spec: specs/jurisdiction.md §3.2.
    ///
    /// # Errors
    /// [`PersonsError::Held`] if what was ordered has come under a hold since; others.
    pub fn pending_orders(
        &self,
        persons: &Persons,
        plan: &Plan,
    ) -> Result<Vec<(LedgerId, BodyHash)>, PersonsError> {
        let own = |ledger: &LedgerId, commitment: &[u8; 32]| {
            let all = plan.erase.iter().chain(plan.held.iter().map(|(trace, _)| trace));
            all.chain(&plan.gone)
                .any(|t| t.ledger == *ledger && t.committed.commitment == *commitment)
        };
        let mut found = Vec::new();
        for handle in self.ledgers().all() {
            let ledger = handle.ledger();
            let orders: Vec<(BodyHash, Vec<[u8; 32]>)> = handle.with_head(|head| {
                let days = head.state.days();
                days.map(|days| days.waiting_orders().map(|(o, c)| (o, c.to_vec())).collect())
                    .unwrap_or_default()
            });
            for (order, commitments) in orders {
                if !commitments.iter().any(|c| own(&ledger, c)) {
                    continue;
                }
                self.refuse_held(persons, &ledger, &commitments)?;
                found.push((ledger, order));
            }
        }
        Ok(found)
    }

    /// Refuses an erasure of contents that are held, whoever they belong to.
    ///
    /// # Errors
    /// [`PersonsError::Held`]; others if the holds cannot be read.
    pub fn refuse_held(
        &self,
        persons: &Persons,
        ledger: &LedgerId,
        commitments: &[[u8; 32]],
    ) -> Result<(), PersonsError> {
        let holds = persons.standing_holds(self)?;
        for commitment in commitments {
            let whose = self.letter_subject(ledger, commitment)?;
            let covers = |hold: &&Hold| {
                hold.names(ledger, commitment) || (hold.everything && whose == Some(hold.subject))
            };
            if let Some(hold) = holds.iter().find(covers) {
                return Err(PersonsError::Held {
                    hold: hold.seq,
                    reason: hold.reason.clone(),
                });
            }
        }
        Ok(())
    }

    /// Destroys the keys of letters whose erasure is confirmed, and if nothing of the person is left the whole record.
    /// Repeating it changes nothing.
    ///
    /// # Errors
    /// [`PersonsError`]
    ///
    /// # Durability
    /// No file of the vault has the keys when this returns.
    pub async fn forget(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        why: &str,
        whose: Whose<'_>,
    ) -> Result<bool, PersonsError> {
        let (subject, _) = known(persons, whose)?;
        let on_all = persons
            .standing_holds(self)?
            .iter()
            .any(|hold| hold.subject == subject && hold.everything);
        let mut admitted = persons.admit(self, by, Action::Write, why, subject)?;
        let Some(bytes) = admitted.read(&subject)? else {
            return Ok(true);
        };
        let mut record = Record::decode(&bytes)?;
        record.letters.retain(|letter| {
            let ledger = LedgerId::from_bytes(letter.ledger);
            // Of a ledger that cannot be read nothing is known: its keys stay.
            let stays = |handle: Arc<LedgerHandle>| {
                handle.with_head(|head| {
                    let days = head.state.days();
                    days.is_none_or(|days| {
                        days.holds(&letter.commitment) && !days.is_erased(&letter.commitment)
                    })
                })
            };
            self.ledgers().find(&ledger).is_none_or(stays)
        });
        if !record.letters.is_empty() || on_all {
            admitted.write(&[(subject, record.encode())])?;
            return Ok(false);
        }
        drop(record);
        let mut admitted = persons.admit(self, by, Action::Erase, why, subject)?;
        admitted.erase(&subject)?;
        Ok(true)
    }

    /// Holds contents of a person: those of a register's request, or everything, of today and later. Spec:
    /// specs/operations.md §15.5.
    ///
    /// # Errors
    /// [`PersonsError::Office`] if the key is of no commission; others.
    ///
    /// # Durability
    /// The hold is on stable storage when this returns.
    pub async fn hold(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        whose: Whose<'_>,
        only: Option<(LedgerId, u64)>,
        reason: &str,
        until: Option<u32>,
    ) -> Result<u64, PersonsError> {
        self.require_commission(&persons.calendar, by.key_id())?;
        let (subject, identifier) = known(persons, whose)?;
        let record = persons.record(self, by, Action::Read, "legal hold", subject)?;
        let identifier = identifier.or_else(|| record.as_ref()?.identifier.clone());
        let (traces, _) = self
            .traces(persons, identifier.as_deref(), record.as_ref())
            .await?;
        let mut items = Vec::new();
        for trace in traces.iter().filter(|trace| !trace.erased) {
            let own = match only {
                None => true,
                Some((register, request)) if trace.ledger == register => {
                    let event = self.foi_event(trace.ledger, trace.seq).await?;
                    trace.seq == request || event.and_then(|e| e.request()) == Some(request)
                }
                Some(_) => false,
            };
            if own {
                items.push((*trace.ledger.as_bytes(), trace.committed.commitment));
            }
        }
        items.sort_unstable();
        if items.is_empty() && only.is_some() {
            return Err(PersonsError::Forgotten);
        }
        let hold = NewHold {
            subject,
            everything: only.is_none(),
            items: &items,
            reason,
            until,
            lifts: None,
        };
        Ok(persons.vault.hold(by, &hold, self.now().as_u64())?)
    }

    /// Lifts a hold.
    ///
    /// # Errors
    /// [`PersonsError::NoHold`] if it does not stand; [`PersonsError::Office`]; others.
    ///
    /// # Durability
    /// As [`Engine::hold`].
    pub fn lift_hold(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        hold: u64,
        reason: &str,
    ) -> Result<(), PersonsError> {
        self.require_commission(&persons.calendar, by.key_id())?;
        let standing = persons.standing_holds(self)?;
        let found = standing.iter().find(|h| h.seq == hold);
        let subject = found.ok_or(PersonsError::NoHold(hold))?.subject;
        let lifted = NewHold {
            subject,
            everything: false,
            items: &[],
            reason,
            until: None,
            lifts: Some(hold),
        };
        persons.vault.hold(by, &lifted, self.now().as_u64())?;
        Ok(())
    }

    /// Refuses a key that is of no commission of the jurisdiction or of any of its registers.
    ///
    /// # Errors
    /// [`PersonsError::Office`]
    pub fn require_commission(&self, calendar: &LedgerId, key: KeyId) -> Result<(), PersonsError> {
        let entitled = self.ledgers().all().into_iter().any(|handle| {
            handle.with_head(|head| {
                let of_it = handle.ledger() == *calendar
                    || head.state.days().is_some_and(|days| days.parent() == *calendar);
                of_it && head.state.authority().holds(key, Role::Commission, None)
            })
        });
        if entitled {
            Ok(())
        } else {
            Err(PersonsError::Office)
        }
    }

    fn require_office(&self, register: LedgerId, key: KeyId, roles: &[Role]) -> Result<(), PersonsError> {
        let handle = self.register_handle(register)?;
        let entitled = handle.with_head(|head| {
            let authority = head.state.authority();
            roles.iter().any(|role| authority.holds(key, *role, None))
        });
        if entitled {
            Ok(())
        } else {
            Err(PersonsError::Office)
        }
    }

    /// The local day of now in a jurisdiction, as a day number.
    ///
    /// # Errors
    /// [`PersonsError::Engine`] if this service keeps no such jurisdiction.
    pub fn today(&self, calendar: &LedgerId) -> Result<u32, PersonsError> {
        let unknown = || EngineError::Missing(format!("this service keeps no jurisdiction {calendar}"));
        let handle = self.ledgers().find(calendar).ok_or_else(unknown)?;
        let Facts::Calendar(facts) = handle.facts() else {
            return Err(unknown().into());
        };
        let days = calendar_as_cited(&facts, &[])
            .map_err(EngineError::Internal)?
            .ok_or_else(unknown)?;
        let today = days.day_of(self.now().as_u64()).ok_or_else(unknown)?;
        u32::try_from(sijill_rules::day_number(today))
            .map_err(|e| EngineError::Internal(e.to_string()).into())
    }

    fn letters(&self) -> Result<&OpeningStore, EngineError> {
        let none = || EngineError::Missing("this service keeps no openings of commitments".into());
        self.content.openings().ok_or_else(none)
    }

    fn register_handle(&self, register: LedgerId) -> Result<Arc<LedgerHandle>, EngineError> {
        let missing = || EngineError::Missing(format!("this service keeps no ledger {register}"));
        self.ledgers().find(&register).ok_or_else(missing)
    }

    async fn foi_event(&self, ledger: LedgerId, seq: u64) -> Result<Option<FoiEvent>, PersonsError> {
        let page = self.read(ledger, Seq::new(seq), 1).await?;
        let handle = self.register_handle(ledger)?;
        let kind = handle.with_head(|head| head.state.kind());
        let Some(bytes) = page.first() else {
            return Ok(None);
        };
        let read = read_event(kind, bytes).map_err(EngineError::Internal)?;
        Ok(read.and_then(|(_, event)| match event {
            Event::Foi(event) => Some(event),
            _ => None,
        }))
    }

    /// Every event of a register, with its position and when it was received.
    async fn each_event(
        &self,
        handle: &Arc<LedgerHandle>,
        mut visit: impl FnMut(u64, u64, &Event),
    ) -> Result<(), PersonsError> {
        let ledger = handle.ledger();
        let kind = handle.with_head(|head| head.state.kind());
        let size = handle.durable_size();
        let mut at = 0;
        while at < size {
            let page = self.read(ledger, Seq::new(at), PAGE).await?;
            if page.is_empty() {
                break;
            }
            let events: Vec<_> = page.par_iter().map(|bytes| read_event(kind, bytes)).collect();
            for event in events {
                if let Some((entry, event)) = event.map_err(EngineError::Internal)? {
                    visit(at, entry.received_ms().as_u64(), &event);
                }
                at += 1;
            }
        }
        Ok(())
    }

    /// What a person has contributed to every register of the jurisdiction, what was written to them, and what they are
    /// on consultations. In the order of ledgers and positions.
    async fn traces(
        &self,
        persons: &Persons,
        identifier: Option<&str>,
        record: Option<&Record>,
    ) -> Result<(Vec<Trace>, Vec<Taking>), PersonsError> {
        let mut all = Vec::new();
        let mut takes_part = Vec::new();
        for handle in self.ledgers().all() {
            let ledger = handle.ledger();
            let (kind, parent) =
                handle.with_head(|head| (head.state.kind(), head.state.days().map(|days| days.parent())));
            if parent != Some(persons.calendar) {
                continue;
            }
            let mut traces = Vec::new();
            match kind {
                Kind::Foi => {
                    let own: BTreeSet<[u8; 32]> = record
                        .iter()
                        .flat_map(|record| &record.letters)
                        .filter(|letter| letter.ledger == *ledger.as_bytes())
                        .map(|letter| letter.commitment)
                        .collect();
                    if own.is_empty() {
                        continue;
                    }
                    self.each_event(&handle, |seq, received_ms, event| {
                        let found = traces_of(&handle, seq, received_ms, event);
                        traces.extend(
                            found
                                .into_iter()
                                .filter(|t| own.contains(&t.committed.commitment)),
                        );
                    })
                    .await?;
                }
                Kind::Consultation => {
                    let Some(identifier) = identifier else { continue };
                    let person = persons.person(&ledger, identifier);
                    let taking = handle.with_head(|head| {
                        let state = head.state.as_consultation()?.state();
                        let known = state.person(&person)?;
                        Some(Taking {
                            ledger,
                            person,
                            number: known.number,
                            category: known.category,
                            verified: known.verified,
                            key: known.key,
                            comments: known.comments.clone(),
                            responses: known.responses.clone(),
                        })
                    });
                    let Some(taking) = taking else { continue };
                    self.each_event(&handle, |seq, received_ms, event| {
                        if concerns(event, seq, &taking) {
                            traces.extend(traces_of(&handle, seq, received_ms, event));
                        }
                    })
                    .await?;
                    takes_part.push(taking);
                }
                _ => continue,
            }
            mark_erased(&handle, &mut traces);
            all.extend(traces);
        }
        all.sort_by_key(|trace| (trace.ledger, trace.seq));
        Ok((all, takes_part))
    }

    /// What a content says: of a letter by its key, of anything else by its opening.
    fn content_of(
        &self,
        trace: &Trace,
        record: Option<&Record>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, PersonsError> {
        let openings = self.letters()?;
        let commitment = &trace.committed.commitment;
        let altered = || PersonsError::Altered(*commitment);
        if let Some(sealed) = openings.sealed(&trace.ledger, commitment)? {
            let (subject, sealed) = parts(&sealed).ok_or_else(altered)?;
            let Some(key) = record.and_then(|record| record.key(&trace.ledger, commitment)) else {
                return Ok(None);
            };
            let cipher = XChaCha20Poly1305::new(key.into());
            let data = cipher_data(trace.ledger.as_bytes(), commitment, &subject);
            let opening = decrypt(&cipher, &data, sealed).ok_or_else(altered)?;
            let content = trace.committed.open(&opening).ok_or_else(altered)?;
            return Ok(Some(Zeroizing::new(content.to_vec())));
        }
        match openings.load(&trace.ledger, &trace.committed) {
            Ok(content) => Ok(Some(Zeroizing::new(content.to_vec()))),
            Err(OpeningError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Who may read the letters about a request.
const OFFICERS: [Role; 3] = [Role::FoiOfficer, Role::GrievanceOfficer, Role::Commission];

/// Subject and identifier of whom an act is about.
fn known(persons: &Persons, whose: Whose<'_>) -> Result<(Subject, Option<String>), PersonsError> {
    match whose {
        Whose::Identifier(identifier) => Ok((persons.subject(identifier), Some(identifier.to_owned()))),
        Whose::Subject(subject) => Ok((subject, None)),
        Whose::Unnamed => Err(PersonsError::Absent),
    }
}

/// Whether an event of a consultation is about what a person has said or was told.
fn concerns(event: &Event, seq: u64, taking: &Taking) -> bool {
    let Event::Consultation(event) = event else {
        return false;
    };
    let on_own = |comment: &u64| taking.comments.binary_search(comment).is_ok();
    match event {
        ConsultationEvent::CommentHidden(e) => on_own(&e.comment),
        ConsultationEvent::AppealFiled(e) => on_own(&e.comment),
        ConsultationEvent::AppealDecided(e) => on_own(&e.comment),
        other => {
            on_own(&seq)
                || taking.responses.binary_search(&seq).is_ok()
                || other.attested_for() == Some(taking.person)
        }
    }
}

/// The contents of an event, by the names of its fields.
fn traces_of(handle: &LedgerHandle, seq: u64, received_ms: u64, event: &Event) -> Vec<Trace> {
    let (kind, name, labels): (Kind, &'static str, &[&'static str]) = match event {
        Event::Foi(e) => {
            let labels: &[&'static str] = match e {
                FoiEvent::RequestSubmitted(_) => &["requester", "text", "scan"],
                FoiEvent::RequestAdmitted(_) => &["summary"],
                FoiEvent::RequestRoutedOut(_) => &["explanation"],
                FoiEvent::RequestTransferred(_) | FoiEvent::DeadlineExtended(_) => &["reason"],
                FoiEvent::ClarificationAsked(_) => &["question"],
                FoiEvent::ClarificationGiven(_) => &["answer", "scan"],
                FoiEvent::ThirdPartyConsulted(_) => &["party", "notice"],
                FoiEvent::ThirdPartyReplied(_) => &["reply"],
                FoiEvent::RequestWithdrawn(_) => &["scan"],
                FoiEvent::GrievanceFiled(_) => &["statement", "scan"],
                _ => &[],
            };
            (Kind::Foi, e.name(), labels)
        }
        Event::Consultation(e) => {
            let labels: &[&'static str] = match e {
                ConsultationEvent::CommentMade(_) | ConsultationEvent::CommentAttested(_) => {
                    &["text", "record"]
                }
                ConsultationEvent::CommentHidden(_) | ConsultationEvent::AppealDecided(_) => &["note"],
                ConsultationEvent::AppealFiled(_) | ConsultationEvent::AppealAttested(_) => &["statement"],
                ConsultationEvent::ResponseGiven(_) | ConsultationEvent::ResponseAttested(_) => {
                    &["answers", "record"]
                }
                _ => &[],
            };
            (Kind::Consultation, e.name(), labels)
        }
        _ => return Vec::new(),
    };
    let fields = event.fields().into_iter().enumerate();
    fields
        .map(|(at, field)| Trace {
            ledger: handle.ledger(),
            kind,
            seq,
            received_ms,
            event: name,
            field: labels.get(at).copied().unwrap_or("content"),
            committed: field.committed,
            open: field.open,
            erased: false,
        })
        .collect()
}

fn mark_erased(handle: &LedgerHandle, traces: &mut [Trace]) {
    handle.with_head(|head| {
        if let Some(days) = head.state.days() {
            for trace in traces {
                trace.erased = days.is_erased(&trace.committed.commitment);
            }
        }
    });
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

fn cipher_data(ledger: &[u8; 32], commitment: &[u8; 32], subject: &Subject) -> Vec<u8> {
    [SEALED_TAG, ledger, commitment, &subject.0].concat()
}

fn seal(letter: &Letter, subject: &Subject, opening: &[u8]) -> Option<Vec<u8>> {
    let cipher = XChaCha20Poly1305::new((&letter.key).into());
    let data = cipher_data(&letter.ledger, &letter.commitment, subject);
    let sealed = encrypt(&cipher, &data, opening)?;
    Some([SEALED_MAGIC, &subject.0, &sealed].concat())
}

/// Subject and encrypted part of a sealed opening.
fn parts(bytes: &[u8]) -> Option<(Subject, &[u8])> {
    let rest = bytes.strip_prefix(SEALED_MAGIC)?;
    let (subject, sealed) = rest.split_first_chunk::<32>()?;
    Some((Subject(*subject), sealed))
}
