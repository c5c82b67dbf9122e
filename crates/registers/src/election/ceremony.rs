//! The key ceremony of threshold trustees: attempts, phases, messages. Spec: specs/election.md §7.
//!
//! *Phases of an attempt*: enrol, open, deal, confirm; each ends when all trustees have sent its message. A complaint ends the attempt, and
//! so does a restart by the commission; what was used in one attempt is never used in another.

use std::collections::{BTreeMap, BTreeSet};

use sijill_ballot::ceremony::{
    Attempt, Certificate, ChannelKey, ChannelSecret, Coefficients, Confirmation, Fault, SealedShare,
    commitment, judge, trustees_record,
};
use sijill_ballot::{TrusteeError, Trustees};
use sijill_ledger::LedgerId;

use super::decide::{ElectionRejection, order};
use super::events::{CeremonyComplained, CoefficientsOpened, KeyConfirmed, SharesDealt, TrusteeEnrolled};
use crate::manifest::Manifest;

/// What the trustees of an attempt do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Each publishes a certificate, a channel key and the commitment to its coefficients.
    Enrol,
    /// Each opens its commitment.
    Open,
    /// Each deals the encrypted shares.
    Deal,
    /// Each confirms its key, or complains.
    Confirm,
    /// The commission can fix the trustees.
    Complete,
    /// Somebody complained: the commission must restart.
    Ended,
}

/// A trustee that has enrolled in the current attempt.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Its certificate.
    pub certificate: Certificate,
    /// The key that shares for it are encrypted to.
    pub channel_key: ChannelKey,
    /// To its coefficients.
    pub commitment: [u8; 32],
}

/// A complaint, and whose fault it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The attempt that it ended.
    pub attempt: u16,
    /// Who complained.
    pub by: u16,
    /// Against whom.
    pub against: u16,
    /// Whose fault it is.
    pub fault: Fault,
}

/// The ceremony so far.
#[derive(Debug, Clone, Default)]
pub struct Ceremony {
    /// Restarts: the current attempt is one more.
    restarts: u16,
    enrolled: BTreeMap<u16, Enrolled>,
    opened: BTreeMap<u16, Coefficients>,
    dealt: BTreeMap<u16, Vec<SealedShare>>,
    confirmed: BTreeMap<u16, Confirmation>,
    complaints: Vec<Complaint>,
    /// Of all attempts: keys of certificates, channel keys, commitments, first coefficients.
    used: BTreeSet<(Use, [u8; 32])>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    CertificateKey,
    ChannelKey,
    Commitment,
    FirstCoefficient,
}

impl Ceremony {
    /// The current attempt, as its messages are bound to it.
    #[must_use]
    pub fn attempt(&self, event: &LedgerId, manifest: &Manifest) -> Attempt {
        Attempt {
            event: *event.as_bytes(),
            number: self.number(),
            members: u16::try_from(manifest.trustees.names.len()).unwrap_or(u16::MAX),
            threshold: manifest.trustees.threshold,
        }
    }

    /// Number of the current attempt, from 1.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.restarts.saturating_add(1)
    }

    /// What comes next, for so many trustees.
    #[must_use]
    pub fn phase(&self, members: u16) -> Phase {
        let members = usize::from(members);
        if self.complaints.last().is_some_and(|c| c.attempt == self.number()) {
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

    /// Whether a trustee has sent the message of this phase.
    #[must_use]
    pub fn has_sent(&self, phase: Phase, index: u16) -> bool {
        match phase {
            Phase::Enrol => self.enrolled.contains_key(&index),
            Phase::Open => self.opened.contains_key(&index),
            Phase::Deal => self.dealt.contains_key(&index),
            Phase::Confirm => self.confirmed.contains_key(&index),
            Phase::Complete | Phase::Ended => true,
        }
    }

    /// The trustees of the current attempt, ascending by index.
    #[must_use]
    pub const fn enrolled(&self) -> &BTreeMap<u16, Enrolled> {
        &self.enrolled
    }

    /// Coefficients by index.
    #[must_use]
    pub const fn opened(&self) -> &BTreeMap<u16, Coefficients> {
        &self.opened
    }

    /// Sealed shares by dealer, each in the order of the recipients.
    #[must_use]
    pub const fn dealt(&self) -> &BTreeMap<u16, Vec<SealedShare>> {
        &self.dealt
    }

    /// The shares for one recipient, in the order of the dealers.
    #[must_use]
    pub fn shares_for(&self, recipient: u16) -> Vec<SealedShare> {
        let at = usize::from(recipient).saturating_sub(1);
        self.dealt
            .values()
            .filter_map(|shares| shares.get(at).cloned())
            .collect()
    }

    /// Complaints of all attempts.
    #[must_use]
    pub fn complaints(&self) -> &[Complaint] {
        &self.complaints
    }

    /// The certificates of the current attempt, in order.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        self.enrolled.values().map(|e| e.certificate.clone()).collect()
    }

    /// The coefficients of the current attempt, in order.
    #[must_use]
    pub fn coefficients(&self) -> Vec<Coefficients> {
        self.opened.values().cloned().collect()
    }

    /// The trustees record that a complete attempt makes. Spec: specs/election.md §7.6.
    ///
    /// # Errors
    /// [`TrusteeError`] if the attempt is not complete, or its keys cancel out.
    pub fn trustees(&self, attempt: &Attempt) -> Result<Trustees, TrusteeError> {
        let confirmations: Vec<Confirmation> = self.confirmed.values().cloned().collect();
        trustees_record(
            attempt,
            &self.certificates(),
            &self.coefficients(),
            &confirmations,
        )
    }

    /// Order of a message: the current attempt, its phase, once for each trustee. Spec: specs/election.md §7.1.
    fn check_order(
        &self,
        event: &'static str,
        phase: Phase,
        attempt: &Attempt,
        number: u16,
        index: u16,
    ) -> Result<(), ElectionRejection> {
        if !(1..=attempt.members).contains(&index) {
            return Err(order(
                event,
                format!("the manifest names {} trustees", attempt.members),
            ));
        }
        if number != attempt.number {
            return Err(order(
                event,
                format!(
                    "the message is of attempt {number}; the current one is {}",
                    attempt.number
                ),
            ));
        }
        if self.has_sent(phase, index) {
            return Err(order(
                event,
                format!("trustee {index} has sent this message already"),
            ));
        }
        let current = self.phase(attempt.members);
        if current == phase {
            return Ok(());
        }
        let why = match current {
            Phase::Ended => "a complaint has ended this attempt; the commission must restart the ceremony",
            Phase::Enrol => "not all trustees have enrolled yet",
            Phase::Open => "not all trustees have opened their coefficients yet",
            Phase::Deal => "not all trustees have dealt their shares yet",
            Phase::Confirm | Phase::Complete => "this attempt is past that phase",
        };
        Err(order(event, why))
    }

    /// Spec: specs/election.md §7.2.
    pub(super) fn check_enrolment(
        &self,
        attempt: &Attempt,
        e: &TrusteeEnrolled,
    ) -> Result<Enrolled, ElectionRejection> {
        self.check_order("TrusteeEnrolled", Phase::Enrol, attempt, e.attempt, e.index)?;
        let enrolled = read_enrolment(attempt, e)?;
        let wrong = |problem: &str| message("ceremony.certificate", e.index, problem);
        for key in certificate_keys(&enrolled.certificate) {
            if self.used.contains(&(Use::CertificateKey, key)) {
                return Err(wrong(
                    "a key of the certificate was used before; every attempt needs new ones",
                ));
            }
        }
        if self.used.contains(&(Use::ChannelKey, e.channel_key)) {
            return Err(wrong(
                "the channel key was used before; every attempt needs a new one",
            ));
        }
        if self.used.contains(&(Use::Commitment, e.commitment)) {
            return Err(wrong(
                "the commitment was made before; every attempt needs new coefficients",
            ));
        }
        Ok(enrolled)
    }

    /// Spec: specs/election.md §7.3.
    pub(super) fn check_opening(
        &self,
        attempt: &Attempt,
        e: &CoefficientsOpened,
    ) -> Result<Coefficients, ElectionRejection> {
        self.check_order("CoefficientsOpened", Phase::Open, attempt, e.attempt, e.index)?;
        let wrong = |problem: &str| message("ceremony.coefficients", e.index, problem);
        let enrolled = self
            .enrolled
            .get(&e.index)
            .ok_or_else(|| wrong("has not enrolled"))?;
        if commitment(attempt, e.index, &e.salt, &e.coefficients) != enrolled.commitment {
            return Err(wrong("salt and coefficients do not open the commitment"));
        }
        let coefficients = self.read_opening(attempt, e)?;
        if first_coefficient(&coefficients)
            .is_none_or(|first| self.used.contains(&(Use::FirstCoefficient, first)))
        {
            return Err(wrong(
                "the first coefficient was used before; every attempt needs new ones",
            ));
        }
        Ok(coefficients)
    }

    fn read_opening(
        &self,
        attempt: &Attempt,
        e: &CoefficientsOpened,
    ) -> Result<Coefficients, ElectionRejection> {
        let wrong = |problem: String| message("ceremony.coefficients", e.index, &problem);
        let enrolled = self
            .enrolled
            .get(&e.index)
            .ok_or_else(|| wrong("has not enrolled".to_owned()))?;
        Coefficients::parse(&e.coefficients, attempt, e.index, &enrolled.certificate)
            .map_err(|e| wrong(e.to_string()))
    }

    /// Spec: specs/election.md §7.4.
    pub(super) fn check_deal(&self, attempt: &Attempt, e: &SharesDealt) -> Result<(), ElectionRejection> {
        self.check_order("SharesDealt", Phase::Deal, attempt, e.attempt, e.index)?;
        read_shares(attempt, e).map(|_| ())
    }

    /// Spec: specs/election.md §7.5.
    pub(super) fn check_confirmation(
        &self,
        attempt: &Attempt,
        manifest: &Manifest,
        e: &KeyConfirmed,
    ) -> Result<(), ElectionRejection> {
        self.check_order("KeyConfirmed", Phase::Confirm, attempt, e.attempt, e.index)?;
        self.read_confirmation(attempt, manifest, e).map(|_| ())
    }

    fn read_confirmation(
        &self,
        attempt: &Attempt,
        manifest: &Manifest,
        e: &KeyConfirmed,
    ) -> Result<Confirmation, ElectionRejection> {
        let wrong = |problem: String| message("ceremony.key", e.index, &problem);
        let name = manifest
            .trustees
            .name(e.index)
            .ok_or_else(|| wrong("is not in the manifest".to_owned()))?;
        Confirmation::parse(
            &e.key,
            &e.signature,
            attempt,
            e.index,
            name,
            &self.certificates(),
            &self.coefficients(),
        )
        .map_err(|e| wrong(e.to_string()))
    }

    /// Spec: specs/election.md §7.7.
    pub(super) fn check_complaint(
        &self,
        attempt: &Attempt,
        e: &CeremonyComplained,
    ) -> Result<Complaint, ElectionRejection> {
        self.check_order("CeremonyComplained", Phase::Confirm, attempt, e.attempt, e.index)?;
        let wrong = |problem: &str| message("ceremony.complaint", e.index, problem);
        if e.against == e.index {
            return Err(wrong("complains against itself"));
        }
        let secret = ChannelSecret::from_bytes(&e.channel_secret);
        let own = self
            .enrolled
            .get(&e.index)
            .ok_or_else(|| wrong("has not enrolled"))?;
        if secret.public() != own.channel_key {
            return Err(wrong(
                "the disclosed secret is not that of the trustee's channel key",
            ));
        }
        let against = || {
            wrong(&format!(
                "complains against trustee {}, whom the manifest does not name",
                e.against
            ))
        };
        let share = self
            .dealt
            .get(&e.against)
            .and_then(|shares| shares.get(usize::from(e.index).checked_sub(1)?))
            .ok_or_else(against)?;
        let coefficients = self.opened.get(&e.against).ok_or_else(against)?;
        Ok(Complaint {
            attempt: attempt.number,
            by: e.index,
            against: e.against,
            fault: judge(attempt, e.against, e.index, &secret, share, coefficients),
        })
    }

    /// Spec: specs/election.md §7.8.
    pub(super) fn check_restart(&self, attempt: u16) -> Result<(), ElectionRejection> {
        match self.number().checked_add(1) {
            Some(next) if next == attempt => Ok(()),
            Some(next) => Err(order(
                "CeremonyRestarted",
                format!("the next attempt is {next}, not {attempt}"),
            )),
            None => Err(order("CeremonyRestarted", "there are no more attempts")),
        }
    }

    pub(super) fn enrol(&mut self, attempt: &Attempt, e: &TrusteeEnrolled) -> Result<(), ElectionRejection> {
        let enrolled = read_enrolment(attempt, e)?;
        for key in certificate_keys(&enrolled.certificate) {
            self.used.insert((Use::CertificateKey, key));
        }
        self.used.insert((Use::ChannelKey, e.channel_key));
        self.used.insert((Use::Commitment, e.commitment));
        self.enrolled.insert(e.index, enrolled);
        Ok(())
    }

    pub(super) fn open(
        &mut self,
        attempt: &Attempt,
        e: &CoefficientsOpened,
    ) -> Result<(), ElectionRejection> {
        let coefficients = self.read_opening(attempt, e)?;
        if let Some(first) = first_coefficient(&coefficients) {
            self.used.insert((Use::FirstCoefficient, first));
        }
        self.opened.insert(e.index, coefficients);
        Ok(())
    }

    pub(super) fn deal(&mut self, attempt: &Attempt, e: &SharesDealt) -> Result<(), ElectionRejection> {
        self.dealt.insert(e.index, read_shares(attempt, e)?);
        Ok(())
    }

    pub(super) fn confirm(
        &mut self,
        attempt: &Attempt,
        manifest: &Manifest,
        e: &KeyConfirmed,
    ) -> Result<(), ElectionRejection> {
        let confirmation = self.read_confirmation(attempt, manifest, e)?;
        self.confirmed.insert(e.index, confirmation);
        Ok(())
    }

    pub(super) fn complain(
        &mut self,
        attempt: &Attempt,
        e: &CeremonyComplained,
    ) -> Result<(), ElectionRejection> {
        let complaint = self.check_complaint(attempt, e)?;
        self.complaints.push(complaint);
        Ok(())
    }

    pub(super) fn restart(&mut self) {
        self.restarts = self.restarts.saturating_add(1);
        self.enrolled.clear();
        self.opened.clear();
        self.dealt.clear();
        self.confirmed.clear();
    }
}

fn read_enrolment(attempt: &Attempt, e: &TrusteeEnrolled) -> Result<Enrolled, ElectionRejection> {
    let wrong = |problem: String| message("ceremony.certificate", e.index, &problem);
    Ok(Enrolled {
        certificate: Certificate::parse(&e.certificate, attempt, e.index)
            .map_err(|e| wrong(e.to_string()))?,
        channel_key: ChannelKey::from_bytes(e.channel_key).map_err(|e| wrong(e.to_string()))?,
        commitment: e.commitment,
    })
}

fn read_shares(attempt: &Attempt, e: &SharesDealt) -> Result<Vec<SealedShare>, ElectionRejection> {
    let wrong = |problem: String| message("ceremony.shares", e.index, &problem);
    if e.shares.len() != usize::from(attempt.members) {
        return Err(wrong(format!(
            "{} shares for {} trustees",
            e.shares.len(),
            attempt.members
        )));
    }
    e.shares
        .iter()
        .map(|share| SealedShare::parse(share).map_err(|e| wrong(e.to_string())))
        .collect()
}

fn certificate_keys(certificate: &Certificate) -> [[u8; 32]; 2] {
    [certificate.verification(), certificate.encryption()].map(|key| *key.as_bytes())
}

fn first_coefficient(coefficients: &Coefficients) -> Option<[u8; 32]> {
    coefficients.points().first().map(|point| *point.as_bytes())
}

fn message(code: &'static str, index: u16, problem: &str) -> ElectionRejection {
    ElectionRejection::Ceremony {
        code,
        index,
        problem: problem.to_owned(),
    }
}
