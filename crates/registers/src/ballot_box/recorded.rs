//! Reading what a box needs to remember of a ballot that was checked before, without cryptography.

use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};
use sijill_ballot::BallotHash;

/// What a box remembers of a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedBallot {
    /// Hash of the ballot's bytes.
    pub hash: BallotHash,
    /// The credential, 32 bytes little-endian.
    pub credential: [u8; 32],
    /// [`alpha_digest`] of each alpha, in the order of questions and choices.
    pub alphas: Vec<[u8; 32]>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    credential: &'a str,
    #[serde(borrow)]
    answers: Vec<Answer<'a>>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    #[serde(rename = "individual_proofs")]
    _proofs: IgnoredAny,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    alpha: &'a str,
}

impl RecordedBallot {
    /// Reads a ballot; `None` if it has not the shape of one. Says nothing about its validity.
    #[must_use]
    pub fn read(ballot: &[u8]) -> Option<Self> {
        let wire: Wire<'_> = serde_json::from_slice(ballot).ok()?;
        let alphas = wire
            .answers
            .iter()
            .flat_map(|a| &a.choices)
            .map(|c| point_bytes(c.alpha).map(|bytes| alpha_digest(&bytes)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            hash: BallotHash::of(ballot),
            credential: point_bytes(wire.credential)?,
            alphas,
        })
    }
}

/// How an alpha is named on the ledger: SHA-256 of its 32 bytes. Spec: specs/election.md §5.4.
#[must_use]
pub fn alpha_digest(alpha: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(alpha).into()
}

/// The little-endian encoding behind the text of a point. Spec: specs/ballot-suite.md §2.2.
fn point_bytes(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    bytes.reverse();
    Some(bytes)
}
