//! The voting suite belenios-v1-ed25519: encryption, proofs, credentials, trustees and tally.

mod audit;
mod ballot;
mod credential;
mod decryption;
mod election;
mod encrypt;
mod group;
mod hash;
mod json;
mod proof;
mod question;
mod replaces;
mod result;
mod scalar;
mod tally;
mod threshold;
mod trustee;
mod vote;

pub use audit::{AuditError, AuditedBallot, check_opening};
pub use ballot::{BallotError, VerifiedBallot, verify_ballot};
pub use credential::{
    Credential, CredentialCode, CredentialError, CredentialList, ListedCredential, MAX_TOTAL_WEIGHT,
};
pub use decryption::{
    CombineError, CombinedFactors, ShareError, VerifiedShare, combine_shares, decrypt_tally, verify_share,
};
pub use election::{Election, ElectionContext, ElectionError, ElectionParameters, Fingerprint, SUITE, Uuid};
pub use encrypt::{NewBallot, encrypt_ballot};
pub use group::{Ciphertext, Point, PointError};
pub use hash::{BallotHash, TrackingCode};
pub use json::JsonError;
pub use proof::Proof;
pub use question::{Question, QuestionError, largest_ballot_bytes};
pub use replaces::{ReplacesError, prove_replaces, verify_replaces};
pub use result::{ElectionResult, ResultError};
pub use scalar::{ScalarError, SecretScalar};
pub use tally::{Accumulator, EncryptedTally, SizedTally, TallyError};
pub use threshold::{BlockError, MAX_MEMBERS};
pub use trustee::{MAX_OWNERS, TrusteeError, TrusteeKey, TrusteeSecret, Trustees};
pub use vote::{Selection, Vote, VoteError};
