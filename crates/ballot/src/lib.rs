//! The voting suite `belenios-v1-ed25519`: encryption, proofs, credentials, trustees and tally.
//!
//! The published Belenios protocol, version 1, on the group Ed25519 with homomorphic questions, read and verified strictly,
//! and two extensions: the re-vote chain and the audit by opening. No I/O; randomness is handed in.
//!
//! Who uses what:
//!
//! - an administrator writes the [`Election`] record from the [`Trustees`]' key and the [`Question`]s, and the
//!   [`CredentialList`];
//! - a voter's client has a [`Credential`], makes a [`Vote`], calls [`encrypt_ballot`], and either casts the ballot or opens it
//!   for [`check_opening`]; a re-vote adds [`prove_replaces`];
//! - the box calls [`verify_ballot`] at its door, and [`verify_replaces`] for a re-vote;
//! - the tallier sums with [`EncryptedTally::of`] or an [`Accumulator`];
//! - a trustee has a [`TrusteeSecret`], publishes a [`TrusteeKey`], and calls [`decrypt_tally`];
//! - anybody checks shares with [`verify_share`], joins them with [`combine_shares`], and reads the [`ElectionResult`].
//!
//! Types named `Verified…` exist only for what passed verification. Secrets erase themselves, do not print
//! themselves, and are touched by constant-time arithmetic only. Errors name positions, never contents.
//!
//! ```
//! use sijill_ballot::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut rng = rand::rng();
//!
//! // Trustees make keys, each on their own machine.
//! let secrets = [TrusteeSecret::generate(&mut rng), TrusteeSecret::generate(&mut rng)];
//! let keys = [secrets[0].publish(Some("Court"), &mut rng)?, secrets[1].publish(Some("University"), &mut rng)?];
//! let trustees = Trustees::from_keys(&keys)?;
//!
//! // The election is fixed.
//! let answers = ["Yes".to_owned(), "No".to_owned()];
//! let election = Election::build(ElectionParameters {
//!     description: "referendum/national".to_owned(),
//!     name: "Referendum".to_owned(),
//!     public_key: *trustees.election_key(),
//!     questions: vec![Question::new("Do you agree?", &answers, true, 1, 1)?],
//!     uuid: Uuid::parse("12345678abcdEF")?,
//!     administrator: None,
//!     credential_authority: None,
//! })?;
//! let election = ElectionContext::new(&election);
//! let credential = Credential::random(&mut rng);
//! let credentials = CredentialList::build(vec![*credential.public()])?;
//!
//! // A voter audits one ballot, casts another, then changes their mind.
//! let no = Vote::from_selections(election.questions(), &[Selection::Answers(&[1])])?;
//! let audited = encrypt_ballot(&election, &credential, &no, &mut rng)?;
//! let code = audited.tracking_code();
//! let seen = check_opening(&election, audited.into_opened().as_bytes())?;
//! assert_eq!((seen.tracking_code(), seen.choices), (code, vec![vec![0, 0, 1]]));
//!
//! let first = encrypt_ballot(&election, &credential, &no, &mut rng)?;
//! let yes = Vote::from_selections(election.questions(), &[Selection::Answers(&[0])])?;
//! let second = encrypt_ballot(&election, &credential, &yes, &mut rng)?;
//! let replaces = prove_replaces(&credential, second.hash(), first.hash(), &mut rng);
//!
//! // The box's door.
//! let first = verify_ballot(&election, first.into_cast().as_bytes())?;
//! let second = verify_ballot(&election, second.into_cast().as_bytes())?;
//! verify_replaces(&second, first.hash(), &replaces)?;
//! assert!(credentials.find(second.credential().as_bytes()).is_some());
//!
//! // Tally, shares, result.
//! let tally = EncryptedTally::of(&election, &[(&second, 1)])?;
//! let mut shares = Vec::new();
//! for (secret, owner) in secrets.iter().zip(1..) {
//!     let share = decrypt_tally(secret, &election, &tally, &mut rng);
//!     shares.push(verify_share(&election, &trustees, owner, &tally, share.as_bytes())?);
//! }
//! let factors = combine_shares(&trustees, &tally, &shares)?;
//! let result = ElectionResult::decrypt(&tally, &factors)?;
//! assert_eq!(result.counts(), [[0, 1, 0]]);
//! # Ok(())
//! # }
//! ```
//!
//! Spec: specs/ballot-suite.md.

mod archive;
mod audit;
mod ballot;
pub mod ceremony;
mod credential;
mod decryption;
mod election;
mod encrypt;
mod enrolment;
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

pub use archive::{ArchiveParts, write_archive};
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
pub use enrolment::{prove_enrolment, verify_enrolment};
pub use group::{Ciphertext, Point, PointError};
pub use hash::{BallotHash, TrackingCode};
pub use json::JsonError;
pub use proof::Proof;
pub use question::{MAX_BALLOT_BYTES, Question, QuestionError, largest_ballot_bytes};
pub use replaces::{ReplacesError, prove_replaces, verify_replaces};
pub use result::{ElectionResult, ResultError};
pub use scalar::{ScalarError, SecretScalar};
pub use tally::{Accumulator, EncryptedTally, SizedTally, TallyError};
pub use threshold::{BlockError, MAX_MEMBERS};
pub use trustee::{MAX_OWNERS, TrusteeError, TrusteeKey, TrusteeSecret, Trustees};
pub use vote::{Selection, Vote, VoteError};
