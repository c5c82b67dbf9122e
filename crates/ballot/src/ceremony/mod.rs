//! The key ceremony of threshold trustees: what each message must be, and what a trustee's own machine does.
//!
//! n trustees make one key, of which any t can decrypt. Each draws a polynomial of t coefficients and *commits* to its public form before
//! anybody opens; deals to every trustee one point of the polynomial, encrypted; and confirms the key that follows for itself.
//!
//! *Phases*: [`Certificate`] with [`ChannelKey`] and [`commitment`], then [`Coefficients`], then [`SealedShare`]s, then [`Confirmation`];
//! [`trustees_record`] assembles the record of trustees. A trustee's machine holds a [`CeremonySecret`]. A trustee that cannot accept a share
//! discloses its channel secret, and [`judge`] says whose fault it is; the attempt is dead, and no key of it may be used.
//!
//! Nothing here knows about ledgers: in which order messages may come, and that keys are not used twice, is for the register to say.
//!
//! Spec: specs/election.md §7, specs/ballot-suite.md §6.4.

mod channel;
mod secret;

use crate::group::{Point, PointError};
use crate::hash;
use crate::json::{self, JsonError};
use crate::proof::{Proof, WireProof};
use crate::threshold::{self, WireBlock, WireCeremony, WireSigned};
use crate::trustee::{TrusteeError, TrusteeKey, Trustees, WireTrustee};
use curve25519_dalek::edwards::EdwardsPoint;
use thiserror::Error;

pub use channel::{
    ChannelKey, ChannelKeyError, ChannelSecret, Fault, SEALED_SHARE_BYTES, SealedShare, ShareError, judge,
};
pub use secret::{CeremonySecret, SecretError};

/// Most members of a ceremony.
pub const MAX_CEREMONY_MEMBERS: u16 = 255;

/// Why a message of a ceremony is not acceptable. Its author is at fault; the same message will be refused again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// Size, threshold and index do not fit together.
    #[error("a ceremony of {members} trustees with threshold {threshold} has no trustee {index}")]
    Numbers {
        /// n.
        members: u16,
        /// t.
        threshold: u16,
        /// The index.
        index: u16,
    },
    /// A signed message is not canonical JSON of its shape.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A certificate, coefficients, a key or a signature in it.
    #[error(transparent)]
    Record(#[from] TrusteeError),
    /// The name in the key is not that of the trustee.
    #[error("the key does not carry the trustee's name")]
    Name,
}

/// What the messages of one attempt are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The event: 32 bytes, its election ledger's id.
    pub event: [u8; 32],
    /// Which attempt, from 1.
    pub number: u16,
    /// n, 1 to 255.
    pub members: u16,
    /// t, 1 to n; with 1, all members of two or more would have the same key, which a record of trustees refuses.
    pub threshold: u16,
}

impl Attempt {
    fn check(&self, index: u16) -> Result<usize, CeremonyError> {
        let fits = (1..=MAX_CEREMONY_MEMBERS).contains(&self.members)
            && (1..=self.members).contains(&self.threshold)
            && (1..=self.members).contains(&index);
        if fits {
            Ok(usize::from(index))
        } else {
            Err(CeremonyError::Numbers {
                members: self.members,
                threshold: self.threshold,
                index,
            })
        }
    }
}

/// A member's certificate whose signature holds: which key signs its messages.
#[derive(Debug, Clone)]
pub struct Certificate {
    signed: WireSigned,
    verification: Point,
    encryption: Point,
}

impl Certificate {
    /// Reads and checks the certificate of member `index`. Spec: specs/ballot-suite.md §6.4.1.
    ///
    /// # Errors
    /// [`CeremonyError`].
    pub fn parse(bytes: &[u8], attempt: &Attempt, index: u16) -> Result<Self, CeremonyError> {
        let member = attempt.check(index)?;
        let signed: WireSigned = json::parse(bytes)?;
        let keys = threshold::verify_certificate(
            &signed,
            member,
            usize::from(attempt.members),
            usize::from(attempt.threshold),
        )?;
        Ok(Self {
            signed,
            verification: keys.verification,
            encryption: keys.encryption,
        })
    }

    /// The canonical bytes.
    #[must_use]
    pub fn json(&self) -> String {
        json::write(&self.signed)
    }

    /// The key that the member's messages are signed with.
    #[must_use]
    pub fn verification(&self) -> &Point {
        &self.verification
    }

    /// The key that the Belenios protocol encrypts to; this ceremony does not use it.
    #[must_use]
    pub fn encryption(&self) -> &Point {
        &self.encryption
    }
}

/// A member's coefficients times G, signed by its certificate's key.
#[derive(Debug, Clone)]
pub struct Coefficients {
    signed: WireSigned,
    points: Vec<Point>,
}

impl Coefficients {
    /// Reads and checks the coefficients of member `index`. Spec: specs/ballot-suite.md §6.4.2.
    ///
    /// # Errors
    /// [`CeremonyError`].
    pub fn parse(
        bytes: &[u8],
        attempt: &Attempt,
        index: u16,
        certificate: &Certificate,
    ) -> Result<Self, CeremonyError> {
        let member = attempt.check(index)?;
        let signed: WireSigned = json::parse(bytes)?;
        let message = threshold::verify_coefficients(
            &signed,
            &certificate.verification,
            member,
            usize::from(attempt.threshold),
        )?;
        let points = threshold::elements(&message, member).map_err(TrusteeError::from)?;
        Ok(Self { signed, points })
    }

    /// The canonical bytes.
    #[must_use]
    pub fn json(&self) -> String {
        json::write(&self.signed)
    }

    /// The points, as many as the threshold, none neutral.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// What the dealer's share for `recipient` must be times G.
    fn share_key(&self, recipient: u16) -> EdwardsPoint {
        let points: Vec<EdwardsPoint> = self.points.iter().map(|point| *point.inner()).collect();
        threshold::evaluate(&points, usize::from(recipient))
    }
}

/// The commitment to coefficients that are opened later with `salt`. Spec: specs/election.md §7.2.
#[must_use]
pub fn commitment(attempt: &Attempt, index: u16, salt: &[u8; 32], coefficients: &[u8]) -> [u8; 32] {
    hash::sha256(
        &[
            b"sijill/coefficients/v1\n".as_slice(),
            &attempt.event,
            &attempt.number.to_be_bytes(),
            &index.to_be_bytes(),
            salt,
            coefficients,
        ]
        .concat(),
    )
}

/// The decryption key of member `index` that follows from the coefficients of all members. Spec: specs/ballot-suite.md §6.4.4.
///
/// # Errors
/// [`PointError::Neutral`]: the coefficients cancel out for this member, which takes somebody's intent or a fault.
pub fn member_key(coefficients: &[Coefficients], index: u16) -> Result<Point, PointError> {
    let sum = coefficients
        .iter()
        .map(|dealer| dealer.share_key(index))
        .sum::<EdwardsPoint>();
    Point::from_inner(sum).refuse_neutral()
}

/// What a member confirms at the end: its decryption key, and the ceremony as it saw it.
#[derive(Debug, Clone)]
pub struct Confirmation {
    key: TrusteeKey,
    signature: Proof,
}

impl Confirmation {
    /// Reads and checks the confirmation of member `index`; certificates and coefficients are those of all members, in order.
    /// Spec: specs/election.md §7.5.
    ///
    /// # Errors
    /// [`CeremonyError`].
    pub fn parse(
        key: &[u8],
        signature: &[u8],
        attempt: &Attempt,
        index: u16,
        name: &str,
        certificates: &[Certificate],
        coefficients: &[Coefficients],
    ) -> Result<Self, CeremonyError> {
        let member = attempt.check(index)?;
        let signature: WireProof = json::parse(signature)?;
        let wire: crate::trustee::WireKey = json::parse(key)?;
        let signature = Proof::from_wire(&signature).map_err(TrusteeError::from)?;
        let numbers = || CeremonyError::Numbers {
            members: attempt.members,
            threshold: attempt.threshold,
            index,
        };
        let own_certificate = certificates.get(member - 1).ok_or_else(numbers)?;
        let own_coefficients = coefficients.get(member - 1).ok_or_else(numbers)?;
        let signed = signed_certificates(certificates);
        let ceremony = threshold::ceremony_message(&WireCeremony {
            certs: &signed,
            coefexps: &texts(&own_coefficients.points),
        });
        threshold::verify_ceremony_signature(&ceremony, &own_certificate.verification, &signature, member)?;
        let key = TrusteeKey::from_wire(wire, member - 1)?;
        let expected =
            member_key(coefficients, index).map_err(|error| threshold::BlockError::Point { member, error });
        threshold::verify_member_key(
            &key,
            &own_certificate.verification,
            expected.map_err(TrusteeError::from)?.inner(),
            member,
        )?;
        if key.name() != Some(name) {
            return Err(CeremonyError::Name);
        }
        Ok(Self { key, signature })
    }

    /// The decryption key.
    #[must_use]
    pub fn key(&self) -> &TrusteeKey {
        &self.key
    }
}

/// The record of trustees that a complete attempt makes: `[["Pedersen",tp]]`. Spec: specs/election.md §7.6.
///
/// # Errors
/// [`TrusteeError`] if keys of members are equal, the common key is neutral, or the messages are not those of all members.
pub fn trustees_record(
    attempt: &Attempt,
    certificates: &[Certificate],
    coefficients: &[Coefficients],
    confirmations: &[Confirmation],
) -> Result<Trustees, TrusteeError> {
    let block = WireBlock {
        threshold: attempt.threshold.into(),
        certs: signed_certificates(certificates),
        coefexps: coefficients.iter().map(|c| c.signed.clone()).collect(),
        signatures: confirmations.iter().map(|c| c.signature.to_wire()).collect(),
        verification_keys: confirmations.iter().map(|c| c.key.to_wire()).collect(),
    };
    let record = [WireTrustee::Pedersen(Box::new(block))];
    Trustees::parse(json::write(&record).as_bytes())
}

fn signed_certificates(certificates: &[Certificate]) -> Vec<WireSigned> {
    certificates.iter().map(|c| c.signed.clone()).collect()
}

fn texts(points: &[Point]) -> Vec<String> {
    points.iter().map(Point::text).collect()
}
