//! Letters: kept under keys of their own, found by their request, read by officers. Spec: specs/operations.md §15.2.

use std::collections::{BTreeMap, BTreeSet};

use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use rand::Rng as _;
use sijill_ledger::{Committed, LedgerId, Role, SigningKey};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::events::FoiEvent;
use zeroize::Zeroizing;

use super::traces::{mark_erased, traces_of};
use super::{Letter, Persons, PersonsError, Record, Trace, Whose};
use crate::engine::{Engine, EngineError};
use crate::openings::{MAX_COMMITTED_BYTES, OpeningError, OpeningStore};
use crate::vault::access::Action;
use crate::vault::{Subject, VaultError, decrypt, encrypt};

const SEALED_MAGIC: &[u8] = b"sijill-sealed-opening/1\n";
const SEALED_TAG: &[u8] = b"sijill/sealed-opening/v1\n";
/// Transfers that are followed back to where a request was handed in.
const MAX_TRANSFERS: usize = 64;
/// Who may read the letters about a request.
const OFFICERS: [Role; 3] = [Role::FoiOfficer, Role::GrievanceOfficer, Role::Commission];

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

    pub(super) fn letters(&self) -> Result<&OpeningStore, EngineError> {
        let none = || EngineError::Missing("this service keeps no openings of commitments".into());
        self.content.openings().ok_or_else(none)
    }

    /// What a content says: of a letter by its key, of anything else by its opening.
    pub(super) fn content_of(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_letter_opens_for_its_own_commitment_ledger_and_person_only() {
        let letter = Letter {
            ledger: [1; 32],
            commitment: [2; 32],
            at_ms: 0,
            key: [3; 32],
        };
        let subject = Subject([4; 32]);
        let sealed = seal(&letter, &subject, b"salt and content").unwrap();
        let (whose, body) = parts(&sealed).unwrap();
        assert_eq!(whose, subject);
        let opened =
            |key: [u8; 32], ledger: [u8; 32], commitment: [u8; 32], subject: Subject, body: &[u8]| {
                let cipher = XChaCha20Poly1305::new((&key).into());
                decrypt(&cipher, &cipher_data(&ledger, &commitment, &subject), body)
                    .map(|plain| plain.to_vec())
            };
        assert_eq!(
            opened([3; 32], [1; 32], [2; 32], subject, body).unwrap(),
            b"salt and content"
        );
        assert!(opened([9; 32], [1; 32], [2; 32], subject, body).is_none());
        assert!(opened([3; 32], [9; 32], [2; 32], subject, body).is_none());
        assert!(opened([3; 32], [1; 32], [9; 32], subject, body).is_none());
        assert!(opened([3; 32], [1; 32], [2; 32], Subject([9; 32]), body).is_none());
        let mut changed = body.to_vec();
        changed[30] ^= 1;
        assert!(opened([3; 32], [1; 32], [2; 32], subject, &changed).is_none());
        assert!(parts(&sealed[..SEALED_MAGIC.len() + 31]).is_none());
        assert!(parts(b"another thing").is_none());
    }
}
