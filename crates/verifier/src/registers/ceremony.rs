//! The key ceremony on the election ledger: attempts, phases, and what each message must be.
//!
//! A message of the right order is taken even if its content is not valid, so that the ones behind it are judged by their own order; what
//! rests on invalid content is then not established.
//!
//! Spec: specs/election.md §7, specs/verification.md §5.13 to §5.17.

use std::collections::{BTreeMap, BTreeSet};

use curve25519_dalek::edwards::EdwardsPoint;

use crate::check::{Check, Checks, Place};
use crate::suite::threshold::{
    Certificate, Coefficients, Confirmed, Numbers, ceremony_record, commitment, common_key, is_channel_key,
    is_secret_of,
};
use crate::suite::trustee::Trustee;

/// A share is encapsulated key, scalar and tag. Spec: specs/election.md §7.4.
const SHARE_BYTES: usize = 80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Enrol,
    Open,
    Deal,
    Confirm,
    Complete,
    Ended,
}

#[derive(Debug)]
struct Enrolled {
    certificate: Option<Certificate>,
    channel_key: [u8; 32],
    commitment: [u8; 32],
}

/// The ceremony as far as it was followed.
#[derive(Debug, Default)]
pub(crate) struct Ceremony {
    restarts: u16,
    complained: bool,
    enrolled: BTreeMap<u16, Enrolled>,
    opened: BTreeMap<u16, Option<Coefficients>>,
    dealt: BTreeSet<u16>,
    confirmed: BTreeMap<u16, Option<Confirmed>>,
    used_keys: BTreeSet<[u8; 32]>,
    used_channel_keys: BTreeSet<[u8; 32]>,
    used_commitments: BTreeSet<[u8; 32]>,
    used_first_coefficients: BTreeSet<[u8; 32]>,
}

/// A message: who sends it, for which attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender {
    pub(crate) attempt: u16,
    pub(crate) index: u16,
}

/// What a complete attempt has made.
pub(crate) struct Outcome<'a> {
    pub(crate) record: Vec<u8>,
    pub(crate) public_key: EdwardsPoint,
    pub(crate) trustees: Vec<&'a Trustee>,
}

impl Ceremony {
    pub(crate) fn attempt(&self) -> u16 {
        self.restarts.saturating_add(1)
    }

    fn phase(&self, members: usize) -> Phase {
        if self.complained {
            Phase::Ended
        } else if self.enrolled.len() < members {
            Phase::Enrol
        } else if self.opened.len() < members {
            Phase::Open
        } else if self.dealt.len() < members {
            Phase::Deal
        } else if self.confirmed.len() < members {
            Phase::Confirm
        } else {
            Phase::Complete
        }
    }

    pub(crate) fn is_complete(&self, members: usize) -> bool {
        self.phase(members) == Phase::Complete
    }

    pub(crate) fn trustee(&self, index: u16) -> Option<&Trustee> {
        Some(&self.confirmed.get(&index)?.as_ref()?.trustee)
    }

    /// The record of the current attempt, if every message of it passed.
    pub(crate) fn outcome(&self, threshold: usize) -> Option<Outcome<'_>> {
        let certificates = self.certificates()?;
        let coefficients = self.coefficients()?;
        let confirmed: Vec<&Confirmed> = self
            .confirmed
            .values()
            .map(Option::as_ref)
            .collect::<Option<_>>()?;
        Some(Outcome {
            record: ceremony_record(threshold, &certificates, &coefficients, &confirmed),
            public_key: common_key(&coefficients),
            trustees: confirmed.iter().map(|c| &c.trustee).collect(),
        })
    }

    fn certificates(&self) -> Option<Vec<&Certificate>> {
        self.enrolled.values().map(|e| e.certificate.as_ref()).collect()
    }

    fn coefficients(&self) -> Option<Vec<&Coefficients>> {
        self.opened.values().map(Option::as_ref).collect()
    }

    /// Spec: specs/election.md §7.1.
    fn order(&self, phase: Phase, numbers: Numbers, sender: Sender) -> Result<(), &'static str> {
        let index = sender.index;
        if index == 0 || usize::from(index) > numbers.members {
            Err("no trustee has this index")
        } else if sender.attempt != numbers.attempt {
            Err("a message of another attempt of the ceremony")
        } else if self.phase(numbers.members) != phase {
            Err("the ceremony is in another phase")
        } else if match phase {
            Phase::Enrol => self.enrolled.contains_key(&index),
            Phase::Open => self.opened.contains_key(&index),
            Phase::Deal => self.dealt.contains(&index),
            Phase::Confirm => self.confirmed.contains_key(&index),
            Phase::Complete | Phase::Ended => true,
        } {
            Err("a second message of this trustee in this phase")
        } else {
            Ok(())
        }
    }
}

/// The ceremony with what is needed to judge a message of it.
pub(crate) struct Step<'a> {
    pub(crate) ceremony: &'a mut Ceremony,
    /// Id of the election ledger.
    pub(crate) event: [u8; 32],
    pub(crate) numbers: Numbers,
    pub(crate) place: Place,
    pub(crate) checks: &'a mut Checks,
}

impl Step<'_> {
    fn take(&mut self, phase: Phase, sender: Sender) -> bool {
        let order = self.ceremony.order(phase, self.numbers, sender);
        self.checks.outcome(Check::ElectionOrder, self.place, order);
        order.is_ok()
    }

    /// Spec: specs/election.md §7.2.
    pub(crate) fn enrolled(
        mut self,
        sender: Sender,
        certificate: &[u8],
        channel_key: &[u8; 32],
        commitment: &[u8; 32],
    ) {
        if !self.take(Phase::Enrol, sender) {
            return;
        }
        let ceremony = self.ceremony;
        let verified = Certificate::verify(certificate, self.numbers, sender.index);
        let keys = verified
            .as_ref()
            .map(|c| [*c.verification.as_bytes(), *c.encryption.as_bytes()])
            .unwrap_or_default();
        let outcome = match &verified {
            Err(error) => Err(format!("the certificate: {error}")),
            Ok(_) if keys.iter().any(|key| ceremony.used_keys.contains(key)) => {
                Err("a key of the certificate was used before".to_owned())
            }
            Ok(_) if !is_channel_key(channel_key) => Err("the channel key is malformed".to_owned()),
            Ok(_) if ceremony.used_channel_keys.contains(channel_key) => {
                Err("the channel key was used before".to_owned())
            }
            Ok(_) if ceremony.used_commitments.contains(commitment) => {
                Err("the commitment was made before".to_owned())
            }
            Ok(_) => Ok(()),
        };
        self.checks
            .outcome(Check::CeremonyCertificate, self.place, outcome);
        if verified.is_ok() {
            ceremony.used_keys.extend(keys);
        }
        ceremony.used_channel_keys.insert(*channel_key);
        ceremony.used_commitments.insert(*commitment);
        let enrolled = Enrolled {
            certificate: verified.ok(),
            channel_key: *channel_key,
            commitment: *commitment,
        };
        ceremony.enrolled.insert(sender.index, enrolled);
    }

    /// Spec: specs/election.md §7.3.
    pub(crate) fn opened(mut self, sender: Sender, salt: &[u8; 32], coefficients: &[u8]) {
        if !self.take(Phase::Open, sender) {
            return;
        }
        let ceremony = self.ceremony;
        let Some(enrolled) = ceremony.enrolled.get(&sender.index) else {
            return;
        };
        let committed =
            commitment(&self.event, sender.attempt, sender.index, salt, coefficients) == enrolled.commitment;
        let verified = enrolled
            .certificate
            .as_ref()
            .map(|certificate| Coefficients::verify(coefficients, self.numbers, certificate));
        let first = verified
            .as_ref()
            .and_then(|v| v.as_ref().ok())
            .and_then(|c| c.texts.first().copied());
        let outcome = match &verified {
            _ if !committed => Err("salt and coefficients do not open the commitment".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
            _ if first.is_some_and(|first| ceremony.used_first_coefficients.contains(first.as_bytes())) => {
                Err("the first coefficient was used before".to_owned())
            }
            None => {
                self.checks
                    .skip(Check::CeremonyCoefficients, "a certificate is not valid");
                Ok(())
            }
            Some(Ok(_)) => Ok(()),
        };
        self.checks
            .outcome(Check::CeremonyCoefficients, self.place, outcome);
        if let Some(first) = first {
            ceremony.used_first_coefficients.insert(*first.as_bytes());
        }
        ceremony
            .opened
            .insert(sender.index, verified.and_then(Result::ok));
    }

    /// Spec: specs/election.md §7.4.
    pub(crate) fn dealt(mut self, sender: Sender, shares: &[&[u8]]) {
        if !self.take(Phase::Deal, sender) {
            return;
        }
        let shaped =
            shares.len() == self.numbers.members && shares.iter().all(|share| share.len() == SHARE_BYTES);
        self.checks.require(
            Check::CeremonyShares,
            self.place,
            shaped,
            "not one share of 80 bytes for each trustee",
        );
        self.ceremony.dealt.insert(sender.index);
    }

    /// Spec: specs/election.md §7.5.
    pub(crate) fn confirmed(mut self, sender: Sender, key: &[u8], signature: &[u8], name: &str) {
        if !self.take(Phase::Confirm, sender) {
            return;
        }
        let ceremony = self.ceremony;
        let verified =
            ceremony
                .certificates()
                .zip(ceremony.coefficients())
                .map(|(certificates, coefficients)| {
                    Confirmed::verify(key, signature, sender.index, name, &certificates, &coefficients)
                });
        match &verified {
            None => self
                .checks
                .skip(Check::CeremonyKey, "a certificate or coefficients are not valid"),
            Some(verified) => {
                let outcome = verified.as_ref().map(|_| ());
                self.checks.outcome(Check::CeremonyKey, self.place, outcome);
            }
        }
        ceremony
            .confirmed
            .insert(sender.index, verified.and_then(Result::ok));
    }

    /// Spec: specs/election.md §7.7.
    pub(crate) fn complained(mut self, sender: Sender, against: u16, channel_secret: &[u8; 32]) {
        if !self.take(Phase::Confirm, sender) {
            return;
        }
        let own = self.ceremony.enrolled.get(&sender.index);
        let outcome =
            if against == sender.index || against == 0 || usize::from(against) > self.numbers.members {
                Err("the complaint is not against another trustee")
            } else if !own.is_some_and(|own| is_secret_of(channel_secret, &own.channel_key)) {
                Err("the disclosed secret is not that of the channel key")
            } else {
                Ok(())
            };
        self.checks.outcome(Check::CeremonyComplaint, self.place, outcome);
        self.ceremony.complained = true;
    }

    /// Spec: specs/election.md §7.8.
    pub(crate) fn restarted(self, attempt: u16) {
        let outcome = if self.numbers.attempt.checked_add(1) == Some(attempt) {
            Ok(())
        } else {
            Err("not the next attempt of the ceremony")
        };
        self.checks.outcome(Check::ElectionOrder, self.place, outcome);
        if outcome.is_ok() {
            let ceremony = self.ceremony;
            ceremony.restarts = ceremony.restarts.saturating_add(1);
            ceremony.complained = false;
            ceremony.enrolled.clear();
            ceremony.opened.clear();
            ceremony.dealt.clear();
            ceremony.confirmed.clear();
        }
    }
}
