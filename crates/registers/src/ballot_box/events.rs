//! Events of a ballot box. Spec: specs/events.md §5.

use serde::{Deserialize, Serialize};
use sijill_ballot::BallotHash;
use sijill_ledger::{BodyHash, ContentRef};

use crate::names::Name;

/// 0x0401: what the box collects, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxPrepared {
    /// District.
    pub district: Name,
    /// The Belenios election record.
    pub election: ContentRef,
    /// The trustees record.
    pub trustees: ContentRef,
    /// The credential list.
    pub credentials: ContentRef,
    /// Opening.
    pub opens_ms: u64,
    /// Close.
    pub closes_ms: u64,
    /// Grace after the close.
    pub grace_ms: u64,
    /// Whether re-votes are allowed.
    pub revote: bool,
    /// Fewer counted ballots are not decrypted.
    pub min_ballots: u64,
}

/// The ballot that a re-vote replaces, and the credential's proof. Spec: specs/ballot-suite.md §13.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaces {
    /// Hash of the replaced ballot.
    pub ballot_hash: BallotHash,
    /// Little-endian scalar.
    pub challenge: [u8; 32],
    /// Little-endian scalar.
    pub response: [u8; 32],
}

/// 0x0403: a ballot.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BallotCast {
    /// The exact JSON bytes of the ballot.
    pub ballot: Vec<u8>,
    /// For re-votes.
    pub replaces: Option<Replaces>,
}

impl core::fmt::Debug for BallotCast {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "BallotCast({} bytes, replaces {:?})",
            self.ballot.len(),
            self.replaces
        )
    }
}

/// 0x0404: a voter will open this ballot instead of casting it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditStarted {
    /// Hash of the ballot.
    pub ballot_hash: BallotHash,
    /// SHA-256 of each alpha's 32 bytes, in the order of the choices.
    pub alphas: Vec<[u8; 32]>,
}

/// 0x0406: the credentials whose ballots leave the count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionsFixed {
    /// A credential list.
    pub list: ContentRef,
    /// Its length.
    pub count: u64,
}

/// 0x0408: what is counted, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxSealed {
    /// Body hash of the SealOrdered.
    pub cause: BodyHash,
    /// Number of ballots counted.
    pub counted: u64,
    /// Digest over their hashes. Spec: specs/election.md §5.7.
    pub counted_digest: [u8; 32],
    /// The encrypted tally.
    pub encrypted_tally: ContentRef,
    /// The sized encrypted tally.
    pub sized_tally: ContentRef,
}

/// An event of a ballot box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoxEvent {
    /// 0x0404.
    AuditStarted(AuditStarted),
    /// 0x0403.
    BallotCast(BallotCast),
    /// 0x0405.
    BoxClosed,
    /// 0x0402.
    BoxOpened,
    /// 0x0401.
    BoxPrepared(BoxPrepared),
    /// 0x0408.
    BoxSealed(BoxSealed),
    /// 0x0406.
    ExclusionsFixed(ExclusionsFixed),
    /// 0x0407.
    SealOrdered,
}
