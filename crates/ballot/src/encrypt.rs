//! The voter's side: encrypt a vote, prove that it is one, sign.
//!
//! Everything that depends on the vote or a secret runs in constant time and without secret branches or indexes.
//!
//! Spec: specs/ballot-suite.md §7.

use crate::audit::Openings;
use crate::ballot::{
    self, AnswerClaims, WireAnswer, WireBallot, WireCiphertext, WireSignature, WireUnsigned, range_prefix,
};
use crate::credential::Credential;
use crate::election::ElectionContext;
use crate::group::{Ciphertext, GENERATOR, Point};
use crate::hash::{self, BallotHash, TrackingCode};
use crate::json;
use crate::proof::{self, Proof};
use crate::question::Question;
use crate::scalar::SecretScalar;
use crate::vote::{Vote, VoteError};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use rand::CryptoRng;
use std::fmt;
use subtle::{Choice, ConditionallySelectable};

/// A ballot just made: to be cast, or to be audited with its openings, never both.
pub struct NewBallot {
    json: String,
    alphas: Vec<Point>,
    openings: Openings,
}

impl NewBallot {
    /// The ballot's exact bytes, as text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> BallotHash {
        BallotHash::of(self.json.as_bytes())
    }

    /// What the voter notes before casting or auditing.
    #[must_use]
    pub fn tracking_code(&self) -> TrackingCode {
        self.hash().tracking_code()
    }

    /// All alphas, in the order of questions and choices: what an audit announces before opening.
    #[must_use]
    pub fn alphas(&self) -> &[Point] {
        &self.alphas
    }

    /// The ballot to cast; the openings are erased.
    #[must_use]
    pub fn into_cast(self) -> String {
        self.json
    }

    /// Opens the ballot for an audit: the document of [`crate::audit::check_opening`]. It reveals the vote, and the
    /// ballot must not be cast afterwards.
    #[must_use]
    pub fn into_opened(self) -> String {
        self.openings.opened(&self.json)
    }
}

impl fmt::Debug for NewBallot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewBallot")
            .field("tracking_code", &self.tracking_code())
            .finish_non_exhaustive()
    }
}

/// Encrypts and signs a vote.
///
/// # Errors
/// [`VoteError`] if the vote was made for other questions.
pub fn encrypt_ballot<R: CryptoRng + ?Sized>(
    election: &ElectionContext,
    credential: &Credential,
    vote: &Vote,
    rng: &mut R,
) -> Result<NewBallot, VoteError> {
    vote.require_allowed(election.questions())?;
    let credential_text = credential.public().text();
    let statement = ballot::ballot_statement(election, &credential_text);
    let mut answers = Vec::with_capacity(vote.expose().len());
    let mut openings = Openings::default();
    let mut alphas = Vec::new();
    for (question, choices) in election.questions().iter().zip(vote.expose()) {
        let secrets: Vec<SecretScalar> = choices.iter().map(|_| SecretScalar::random(rng)).collect();
        let ciphertexts: Vec<Ciphertext> = choices
            .iter()
            .zip(&secrets)
            .map(|(choice, secret)| encrypt_choice(election.public_key(), *choice, secret))
            .collect();
        answers.push(prove_answer(
            election,
            question,
            &statement,
            choices,
            &secrets,
            &ciphertexts,
            rng,
        ));
        alphas.extend(ciphertexts.iter().map(|ciphertext| ciphertext.alpha));
        openings.push(choices, secrets);
    }
    let unsigned = json::write(&WireUnsigned {
        election_uuid: election.uuid().as_str(),
        election_hash: election.fingerprint().as_str(),
        credential: &credential_text,
        answers: &answers,
    });
    let signed = hash::b64(unsigned.as_bytes());
    let signature = proof::prove_secret(&ballot::signature_prefix(&signed), credential.secret(), rng);
    let json = json::write(&WireBallot {
        election_uuid: election.uuid().as_str().to_owned(),
        election_hash: election.fingerprint().as_str().to_owned(),
        credential: credential_text.clone(),
        answers,
        signature: WireSignature {
            hash: signed,
            proof: signature.to_wire(),
        },
    });
    Ok(NewBallot {
        json,
        alphas,
        openings,
    })
}

/// alpha = r·G, beta = r·Y + choice·G for a choice of 0 or 1.
pub(crate) fn encrypt_choice(key: &Point, choice: u8, secret: &SecretScalar) -> Ciphertext {
    let message =
        EdwardsPoint::conditional_select(&EdwardsPoint::identity(), &GENERATOR, Choice::from(choice & 1));
    Ciphertext {
        alpha: Point::from_inner(EdwardsPoint::mul_base(secret.expose())),
        beta: Point::from_inner(key.inner() * secret.expose() + message),
    }
}

/// `statement` is S0; `secrets` holds the randomness of each choice.
fn prove_answer<R: CryptoRng + ?Sized>(
    election: &ElectionContext,
    question: &Question,
    statement: &str,
    choices: &[u8],
    secrets: &[SecretScalar],
    ciphertexts: &[Ciphertext],
    rng: &mut R,
) -> WireAnswer {
    let key = election.public_key();
    let mut individual_proofs = Vec::with_capacity(choices.len());
    for ((choice, secret), ciphertext) in choices.iter().zip(secrets).zip(ciphertexts) {
        let prefix = range_prefix(statement, ciphertext);
        let claims = ballot::claims(ciphertext, 0..=1);
        individual_proofs.push(proof::prove_one_of(
            &prefix,
            key,
            &claims,
            u32::from(*choice),
            secret,
            rng,
        ));
    }
    let statement = ballot::answer_statement(statement, ciphertexts);
    let claims = AnswerClaims::new(question, &statement, ciphertexts);

    let (blank_choice, answer_choices) = choices.split_at(usize::from(question.blank()));
    let (blank_secret, answer_secrets) = secrets.split_at(usize::from(question.blank()));
    let chosen: u32 = answer_choices.iter().map(|choice| u32::from(*choice)).sum();
    let total_secret = SecretScalar::new(answer_secrets.iter().map(SecretScalar::expose).sum());

    let (overall, blank) = match (blank_choice, blank_secret, &claims.blank) {
        ([is_blank], [blank_secret], Some((blank_prefix, blank_claims))) => {
            let is_blank = Choice::from(is_blank & 1);
            // With a blank vote the true claims are "choice 0 is 1" and "the sum is 0"; without, the sum is
            // in range and "choice 0 is 0". The subtraction wraps only where its result is not selected.
            let in_range = chosen.wrapping_sub(question.min()).wrapping_add(1);
            let real = u32::conditional_select(&in_range, &0, is_blank);
            let pick = |not_blank: &SecretScalar, blank: &SecretScalar| {
                let picked = Scalar::conditional_select(not_blank.expose(), blank.expose(), is_blank);
                SecretScalar::new(picked)
            };
            let (prefix, branches) = &claims.overall;
            let secret = pick(&total_secret, blank_secret);
            let overall = proof::prove_one_of(prefix, key, branches, real, &secret, rng);
            let real = u32::from(is_blank.unwrap_u8());
            let secret = pick(blank_secret, &total_secret);
            let blank = proof::prove_one_of(blank_prefix, key, blank_claims, real, &secret, rng);
            (overall, Some(blank))
        }
        _ => {
            let (prefix, branches) = &claims.overall;
            let real = chosen.wrapping_sub(question.min());
            (
                proof::prove_one_of(prefix, key, branches, real, &total_secret, rng),
                None,
            )
        }
    };
    let wire = |proofs: Vec<Proof>| proofs.into_iter().map(Proof::to_wire).collect::<Vec<_>>();
    WireAnswer {
        choices: ciphertexts.iter().map(WireCiphertext::new).collect(),
        individual_proofs: individual_proofs.into_iter().map(wire).collect(),
        overall_proof: wire(overall),
        blank_proof: blank.map(wire),
    }
}
