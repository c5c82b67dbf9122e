//! What each decoder accepts, one object at a time.
//!
//! For those who test another implementation against this one: the same bytes must be accepted by both or refused by both. Each function
//! covers the rules that concern the object alone, not its place in a ledger; [`verify_event`](crate::verify_event) covers everything.

use rayon::prelude::*;

use crate::authority::Authority;
use crate::events::{Event, RegisterEvent};
use crate::ledger::genesis_form;
use crate::manifest::Manifest;
use crate::note::{Checkpoint, Receipt};
use crate::suite::ballot::{Ballot, Election};
use crate::suite::checker::{BallotChecker, Candidate, Method};
use crate::suite::group::PointBytes;
use crate::suite::proof::EncryptionKey;
use crate::suite::question::Question;
use crate::suite::trustee::{Trustee, all_credentials_valid, parse_credentials};
use crate::trust::Trust;
use crate::wire::{Body, Entry, Genesis, Kind, Role, is_scope, is_short_id};

/// An entry and the body in it, signatures aside. Spec: specs/ledger.md §4, §5.
#[must_use]
pub fn entry(bytes: &[u8]) -> bool {
    Entry::decode(bytes).is_ok_and(|entry| entry.own_rules().is_ok())
}

/// The payload of a genesis. Spec: specs/ledger.md §3.
#[must_use]
pub fn genesis(payload: &[u8]) -> bool {
    Genesis::decode(payload).is_ok_and(|genesis| {
        genesis.format == 1
            && Kind::from_code(genesis.kind).is_some()
            && genesis_form(&genesis, &Authority::of(&genesis)).is_ok()
    })
}

/// The payload of an event of this type on a ledger of this kind. Spec: specs/events.md §1.
#[must_use]
pub fn event(kind: u16, event_type: u16, payload: &[u8]) -> bool {
    let body = Body {
        ledger: [0; 32],
        event_type,
        version: 1,
        author: [0; 32],
        author_time_ms: 0,
        nonce: [0; 16],
        seen: None,
        refs: Vec::new(),
        payload,
    };
    Kind::from_code(kind)
        .and_then(|kind| Event::decode(kind, &body).ok())
        .is_some_and(|event| own_rules(&event))
}

/// The rules of single fields, which the registers apply together with those that need the state.
fn own_rules(event: &Event<'_>) -> bool {
    match event {
        Event::RoleGranted(grant) | Event::RoleRevoked(grant) => {
            let known = grant.role.is_grantable() || grant.role == Role::SERVICE;
            // What a trustee's scope must be is a rule of granting.
            known
                && grant
                    .scope
                    .as_deref()
                    .is_none_or(|scope| is_scope(Role(1), scope))
        }
        Event::VoterRegistered { district, .. } => is_short_id(district),
        Event::VoterTransferred { from, to, .. } => is_short_id(from) && is_short_id(to),
        Event::RollFrozen { districts } => districts.iter().all(|d| is_short_id(&d.district)),
        Event::ElectionDefined { ledgers, .. } => ledgers
            .iter()
            .all(|ledger| ledger.district.as_deref().is_none_or(is_short_id)),
        Event::BoxDefined(defined) => is_short_id(&defined.district),
        Event::BoxPrepared(prepared) => is_short_id(&prepared.district),
        Event::CandidateRemoved(removed) => is_short_id(removed.district),
        Event::Register(event) => match event.as_ref() {
            RegisterEvent::RegisterListed { id, authority, .. } => is_short_id(id) && is_short_id(authority),
            _ => true,
        },
        _ => true,
    }
}

/// A checkpoint, its signature aside. Spec: specs/ledger.md §7.
#[must_use]
pub fn checkpoint(note: &[u8]) -> bool {
    Checkpoint::parse(note).is_ok()
}

/// A receipt, signatures and inclusion aside. Spec: specs/ledger.md §12.
#[must_use]
pub fn receipt(text: &[u8]) -> bool {
    Receipt::parse(text).is_ok_and(|receipt| {
        Entry::decode(&receipt.entry).is_ok_and(|entry| {
            entry.own_rules().is_ok()
                && entry.seq == receipt.index
                && entry.body.ledger == receipt.checkpoint.ledger
        })
    })
}

/// A trust file. Spec: specs/ledger.md §11.
#[must_use]
pub fn trust_file(json: &[u8]) -> bool {
    Trust::parse(json).is_ok()
}

/// A manifest. Spec: specs/election.md §2.
#[must_use]
pub fn manifest(json: &[u8]) -> bool {
    Manifest::parse(json).is_ok()
}

/// A credential list without weights. Spec: specs/ballot-suite.md §5.1.
#[must_use]
pub fn credential_list(json: &[u8]) -> bool {
    parse_credentials(json)
        .is_ok_and(|credentials| all_credentials_valid(&credentials, false, Method::quickest()).is_ok())
}

/// The key of one trustee with its proof of knowledge. Spec: specs/ballot-suite.md §6.2.
#[must_use]
pub fn trustee_key(json: &[u8]) -> bool {
    Trustee::verify(json).is_ok()
}

/// What ballots of an election are checked against. Spec: specs/ballot-suite.md §3, §4.
#[derive(Debug)]
pub struct BallotElection(Election);

impl BallotElection {
    /// From the election's uuid, its fingerprint, the text of its public key, and for each question the number of answers, whether
    /// blank is allowed, and the range of its sum. `None` if the key is not an element of the group.
    #[must_use]
    pub fn new(
        uuid: &str,
        fingerprint: &str,
        key: &str,
        questions: &[(usize, bool, u64, u64)],
    ) -> Option<Self> {
        let key = PointBytes::from_text(key)?.decode_not_neutral().ok()?;
        let questions = questions
            .iter()
            .map(|&(answers, blank, min, max)| Question {
                question: String::new(),
                answers: vec![String::new(); answers],
                blank,
                min,
                max,
            })
            .collect();
        Some(Self(Election {
            uuid: uuid.to_owned(),
            fingerprint: fingerprint.to_owned(),
            questions,
            key: EncryptionKey::new(key),
        }))
    }

    /// A ballot that is valid for this election. Spec: specs/ballot-suite.md §7.5.
    #[must_use]
    pub fn accepts(&self, ballot: &[u8]) -> bool {
        self.accepts_by(ballot, Method::quickest())
    }

    /// The same as [`BallotElection::accepts`], every part checked by itself. Spec: specs/verification.md §10.
    #[must_use]
    pub fn accepts_plain(&self, ballot: &[u8]) -> bool {
        self.accepts_by(ballot, Method::Plain)
    }

    /// Whether all of these ballots are acceptable, whose credentials stand on a list that [`credential_list`] accepts: their membership is
    /// not tested again, and the orders of all other points are tested together.
    #[must_use]
    pub fn accepts_all_of_listed(&self, ballots: &[Vec<u8>]) -> bool {
        let parsed: Result<Vec<_>, _> = ballots
            .par_iter()
            .map(|ballot| Ballot::parse(ballot, &self.0))
            .collect();
        parsed.is_ok_and(|parsed| self.all_hold(&parsed, Method::quickest(), true))
    }

    fn accepts_by(&self, ballot: &[u8], method: Method) -> bool {
        Ballot::parse(ballot, &self.0)
            .is_ok_and(|ballot| self.all_hold(std::slice::from_ref(&ballot), method, false))
    }

    fn all_hold(&self, ballots: &[Ballot<'_>], method: Method, known_credential: bool) -> bool {
        let candidates: Vec<_> = ballots
            .iter()
            .map(|ballot| Candidate {
                ballot,
                known_credential,
            })
            .collect();
        let findings = BallotChecker::new(&self.0, method).check_all(&candidates);
        findings
            .iter()
            .flatten()
            .filter(|found| found.signature_holds && found.proofs_hold == Some(true))
            .count()
            == ballots.len()
    }
}
