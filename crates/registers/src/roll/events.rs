//! Events of a roll. Spec: specs/events.md §3.

use serde::{Deserialize, Serialize};
use sijill_ledger::ContentRef;

use crate::names::Name;

/// A person on one ledger: an HMAC that only the registrar can compute. Spec: specs/events.md §3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pseudonym(pub [u8; 32]);

impl core::fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", hex::encode(self.0))
    }
}

/// 0x0201: a person is on the roll of a district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoterRegistered {
    /// The person.
    pub pseudonym: Pseudonym,
    /// Where they vote.
    pub district: Name,
}

/// 0x0202: a salted commitment to a person's public credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialCommitted {
    /// The person.
    pub pseudonym: Pseudonym,
    /// The commitment.
    pub commitment: [u8; 32],
}

/// One district of a frozen roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrictRoll {
    /// District id.
    pub district: Name,
    /// Persons registered there.
    pub eligible: u64,
    /// Those among them with a credential.
    pub holders: u64,
    /// The credential list.
    pub credentials: ContentRef,
}

/// 0x0203: the roll is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollFrozen {
    /// Ascending by district.
    pub districts: Vec<DistrictRoll>,
}

/// An event of a roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollEvent {
    /// 0x0202.
    CredentialCommitted(CredentialCommitted),
    /// 0x0203.
    RollFrozen(RollFrozen),
    /// 0x0201.
    VoterRegistered(VoterRegistered),
}
