//! Ballots as the box and everybody else sees them: strict reading and verification.
//!
//! [`verify_ballot`] is the door's check. It goes from cheap to expensive: length, canonical JSON, election, shape,
//! encodings, signature, proofs. Whether the credential may vote, and whether the ballot is a repetition, are not
//! questions of this module.
//!
//! Spec: specs/ballot-suite.md §7.

use crate::election::ElectionContext;
use crate::group::{Ciphertext, Point, PointError};
use crate::hash::{self, BallotHash, TrackingCode};
use crate::json::{self, JsonError};
use crate::proof::{self, Claim, Proof, WireProof};
use crate::question::Question;
use crate::scalar::ScalarError;
use curve25519_dalek::edwards::EdwardsPoint;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a ballot is not valid; questions and choices are counted from 0. Whoever sent it is at fault; retrying the same bytes
/// does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BallotError {
    /// Longer than any ballot of this election.
    #[error("ballot: longer than any ballot of this election")]
    TooLong,
    /// Not canonical JSON of the shape.
    #[error("ballot: {0}")]
    Json(#[from] JsonError),
    /// The ballot names another election's uuid.
    #[error("ballot: another election's uuid")]
    Uuid,
    /// The ballot names another election record's fingerprint.
    #[error("ballot: another election's fingerprint")]
    Fingerprint,
    /// The number of answers is not that of the questions.
    #[error("ballot: not one answer per question")]
    Answers,
    /// The numbers of choices or proofs do not follow from the question.
    #[error("ballot: question {question}: the shape does not follow from the question")]
    Shape {
        /// Position of the question, from 0.
        question: usize,
    },
    /// The credential is not an element of the group, or neutral.
    #[error("ballot: credential: {0}")]
    Credential(PointError),
    /// A ciphertext component is not an element of the group, or neutral.
    #[error("ballot: question {question}, choice {choice}: {error}")]
    Ciphertext {
        /// Position of the question, from 0.
        question: usize,
        /// Position of the choice, from 0.
        choice: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// A challenge or response is not a canonical scalar.
    #[error("ballot: proof: {0}")]
    Scalar(#[from] ScalarError),
    /// The signed hash is not that of the ballot.
    #[error("ballot: the signature is over another content")]
    SignatureHash,
    /// The signature does not hold for the credential.
    #[error("ballot: the signature does not hold")]
    Signature,
    /// A choice is not proven to be 0 or 1.
    #[error("ballot: question {question}, choice {choice}: the proof does not hold")]
    IndividualProof {
        /// Position of the question, from 0.
        question: usize,
        /// Position of the choice, from 0.
        choice: usize,
    },
    /// The proof about the number of chosen answers does not hold.
    #[error("ballot: question {question}: the overall proof does not hold")]
    OverallProof {
        /// Position of the question, from 0.
        question: usize,
    },
    /// The proof that blank excludes answers does not hold.
    #[error("ballot: question {question}: the blank proof does not hold")]
    BlankProof {
        /// Position of the question, from 0.
        question: usize,
    },
}

/// A ballot that is valid for its election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedBallot {
    json: String,
    hash: BallotHash,
    credential: Point,
    ciphertexts: Vec<Vec<Ciphertext>>,
}

impl VerifiedBallot {
    /// Reads a ballot that this process or its ledger has fully verified before: reading and shape are as strict as in
    /// [`verify_ballot`], but neither proofs, signature nor membership in the subgroup are checked.
    ///
    /// # Errors
    /// [`BallotError`] for what reading finds.
    pub fn danger_from_recorded(election: &ElectionContext, ballot: &[u8]) -> Result<Self, BallotError> {
        let wire = read(election, ballot)?;
        let parsed = Parsed::decode(&wire, Point::danger_from_checked_text)?;
        parsed.finish(ballot)
    }

    /// The exact bytes, as text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> BallotHash {
        self.hash
    }

    /// What the voter follows the ballot with.
    #[must_use]
    pub fn tracking_code(&self) -> TrackingCode {
        self.hash.tracking_code()
    }

    /// The public credential that signed the ballot.
    #[must_use]
    pub fn credential(&self) -> &Point {
        &self.credential
    }

    /// The ciphertexts: per question, per choice.
    #[must_use]
    pub fn ciphertexts(&self) -> &[Vec<Ciphertext>] {
        &self.ciphertexts
    }

    /// All alphas, in the order of questions and choices.
    pub fn alphas(&self) -> impl Iterator<Item = &Point> {
        self.ciphertexts
            .iter()
            .flatten()
            .map(|ciphertext| &ciphertext.alpha)
    }
}

/// Fully checks a ballot for an election.
///
/// Spec: specs/ballot-suite.md §7.5.
///
/// # Errors
/// [`BallotError`], the first thing that is wrong.
pub fn verify_ballot(election: &ElectionContext, ballot: &[u8]) -> Result<VerifiedBallot, BallotError> {
    verify_with(election, ballot, Point::from_text)
}

/// `ballot` of the specification, without its signature.
#[derive(Serialize)]
pub(crate) struct WireUnsigned<'a> {
    pub(crate) election_uuid: &'a str,
    pub(crate) election_hash: &'a str,
    pub(crate) credential: &'a str,
    pub(crate) answers: &'a [WireAnswer],
}

/// `ballot` of the specification.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireBallot {
    pub(crate) election_uuid: String,
    pub(crate) election_hash: String,
    pub(crate) credential: String,
    pub(crate) answers: Vec<WireAnswer>,
    pub(crate) signature: WireSignature,
}

impl WireBallot {
    fn unsigned_json(&self) -> String {
        json::write(&WireUnsigned {
            election_uuid: &self.election_uuid,
            election_hash: &self.election_hash,
            credential: &self.credential,
            answers: &self.answers,
        })
    }
}

/// `answer` of the specification.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireAnswer {
    pub(crate) choices: Vec<WireCiphertext>,
    pub(crate) individual_proofs: Vec<Vec<WireProof>>,
    pub(crate) overall_proof: Vec<WireProof>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) blank_proof: Option<Vec<WireProof>>,
}

/// `ct` of the specification.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireCiphertext {
    pub(crate) alpha: String,
    pub(crate) beta: String,
}

impl WireCiphertext {
    pub(crate) fn new(ciphertext: &Ciphertext) -> Self {
        Self {
            alpha: ciphertext.alpha.text(),
            beta: ciphertext.beta.text(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireSignature {
    pub(crate) hash: String,
    pub(crate) proof: WireProof,
}

pub(crate) fn signature_prefix(hash: &str) -> String {
    format!("sig|{hash}|")
}

/// S0.
pub(crate) fn ballot_statement(election: &ElectionContext, credential: &str) -> String {
    format!("{}|{credential}", election.fingerprint().as_str())
}

/// S of an answer.
pub(crate) fn answer_statement(statement: &str, ciphertexts: &[Ciphertext]) -> String {
    let mut text = String::with_capacity(statement.len() + 130 * ciphertexts.len());
    text.push_str(statement);
    for (i, ciphertext) in ciphertexts.iter().enumerate() {
        text.push(if i == 0 { '|' } else { ',' });
        text.push_str(&ciphertext.alpha.text());
        text.push(',');
        text.push_str(&ciphertext.beta.text());
    }
    text
}

/// P of the specification.
pub(crate) fn range_prefix(statement: &str, ciphertext: &Ciphertext) -> String {
    format!(
        "prove|{statement}|{},{}|",
        ciphertext.alpha.text(),
        ciphertext.beta.text()
    )
}

/// The claims that a ciphertext holds one of `values`.
pub(crate) fn claims(ciphertext: &Ciphertext, values: impl Iterator<Item = u32>) -> Vec<Claim> {
    let alpha = *ciphertext.alpha.inner();
    let beta = *ciphertext.beta.inner();
    values.map(|value| Claim { alpha, beta, value }).collect()
}

pub(crate) fn sum(ciphertexts: &[Ciphertext]) -> Ciphertext {
    let alpha: EdwardsPoint = ciphertexts.iter().map(|c| c.alpha.inner()).sum();
    let beta: EdwardsPoint = ciphertexts.iter().map(|c| c.beta.inner()).sum();
    Ciphertext {
        alpha: Point::from_inner(alpha),
        beta: Point::from_inner(beta),
    }
}

/// Which claims an answer's overall and blank proofs are about, with their prefixes.
pub(crate) struct AnswerClaims {
    pub(crate) overall: (String, Vec<Claim>),
    pub(crate) blank: Option<(String, Vec<Claim>)>,
}

impl AnswerClaims {
    /// Spec: specs/ballot-suite.md §7.3. `statement` is S.
    pub(crate) fn new(question: &Question, statement: &str, ciphertexts: &[Ciphertext]) -> Self {
        let range = question.min()..=question.max();
        match ciphertexts {
            [blank, answers @ ..] if question.blank() => {
                let total = sum(answers);
                let mut zeros = claims(blank, [0].into_iter());
                zeros.extend(claims(&total, [0].into_iter()));
                let mut either = claims(blank, [1].into_iter());
                either.extend(claims(&total, range));
                Self {
                    overall: (format!("bproof1|{statement}|"), either),
                    blank: Some((format!("bproof0|{statement}|"), zeros)),
                }
            }
            _ => {
                let total = sum(ciphertexts);
                Self {
                    overall: (range_prefix(statement, &total), claims(&total, range)),
                    blank: None,
                }
            }
        }
    }
}

/// Everything before cryptography: length, canonical JSON, election, shape.
fn read(election: &ElectionContext, ballot: &[u8]) -> Result<WireBallot, BallotError> {
    if ballot.len() > election.largest_ballot_bytes() {
        return Err(BallotError::TooLong);
    }
    let wire: WireBallot = json::parse(ballot)?;
    if wire.election_uuid != election.uuid().as_str() {
        return Err(BallotError::Uuid);
    }
    if wire.election_hash != election.fingerprint().as_str() {
        return Err(BallotError::Fingerprint);
    }
    if wire.answers.len() != election.questions().len() {
        return Err(BallotError::Answers);
    }
    for (question, (asked, answer)) in election.questions().iter().zip(&wire.answers).enumerate() {
        let fits = answer.choices.len() == asked.choices()
            && answer.individual_proofs.len() == asked.choices()
            && answer.individual_proofs.iter().all(|proofs| proofs.len() == 2)
            && answer.overall_proof.len() == asked.overall_proofs()
            && answer.blank_proof.as_ref().map(Vec::len) == asked.blank().then_some(2);
        if !fits {
            return Err(BallotError::Shape { question });
        }
    }
    Ok(wire)
}

fn verify_with(
    election: &ElectionContext,
    ballot: &[u8],
    point: impl Fn(&str) -> Result<Point, PointError>,
) -> Result<VerifiedBallot, BallotError> {
    let wire = read(election, ballot)?;
    let parsed = Parsed::decode(&wire, point)?;
    let signed = hash::b64(wire.unsigned_json().as_bytes());
    if wire.signature.hash != signed {
        return Err(BallotError::SignatureHash);
    }
    if !proof::verify_secret(&signature_prefix(&signed), &parsed.credential, &parsed.signature) {
        return Err(BallotError::Signature);
    }
    let statement = ballot_statement(election, &wire.credential);
    for (question, (asked, answer)) in election.questions().iter().zip(&parsed.answers).enumerate() {
        verify_answer(election, asked, question, answer, &statement)?;
    }
    parsed.finish(ballot)
}

struct ParsedAnswer {
    ciphertexts: Vec<Ciphertext>,
    individual: Vec<Vec<Proof>>,
    overall: Vec<Proof>,
    blank: Option<Vec<Proof>>,
}

struct Parsed {
    credential: Point,
    answers: Vec<ParsedAnswer>,
    signature: Proof,
}

impl Parsed {
    fn decode(
        wire: &WireBallot,
        point: impl Fn(&str) -> Result<Point, PointError>,
    ) -> Result<Self, BallotError> {
        let element = |text: &str| point(text).and_then(Point::refuse_neutral);
        let credential = element(&wire.credential).map_err(BallotError::Credential)?;
        let signature = Proof::from_wire(&wire.signature.proof)?;
        let mut answers = Vec::with_capacity(wire.answers.len());
        for (question, answer) in wire.answers.iter().enumerate() {
            let individual: Vec<Vec<Proof>> = answer
                .individual_proofs
                .iter()
                .map(|p| proofs(p))
                .collect::<Result<_, _>>()?;
            let overall = proofs(&answer.overall_proof)?;
            let blank = answer.blank_proof.as_deref().map(proofs).transpose()?;
            let mut ciphertexts = Vec::with_capacity(answer.choices.len());
            for (choice, wire) in answer.choices.iter().enumerate() {
                let part = |text: &str| {
                    element(text).map_err(|error| BallotError::Ciphertext {
                        question,
                        choice,
                        error,
                    })
                };
                ciphertexts.push(Ciphertext {
                    alpha: part(&wire.alpha)?,
                    beta: part(&wire.beta)?,
                });
            }
            answers.push(ParsedAnswer {
                ciphertexts,
                individual,
                overall,
                blank,
            });
        }
        Ok(Self {
            credential,
            answers,
            signature,
        })
    }

    fn finish(self, ballot: &[u8]) -> Result<VerifiedBallot, BallotError> {
        let json = String::from_utf8(ballot.to_vec()).map_err(|_| JsonError::Shape)?;
        Ok(VerifiedBallot {
            hash: BallotHash::of(ballot),
            json,
            credential: self.credential,
            ciphertexts: self
                .answers
                .into_iter()
                .map(|answer| answer.ciphertexts)
                .collect(),
        })
    }
}

fn proofs(wire: &[WireProof]) -> Result<Vec<Proof>, ScalarError> {
    wire.iter().map(Proof::from_wire).collect()
}

fn verify_answer(
    election: &ElectionContext,
    asked: &Question,
    question: usize,
    answer: &ParsedAnswer,
    statement: &str,
) -> Result<(), BallotError> {
    let key = election.key();
    for (choice, (ciphertext, proofs)) in answer.ciphertexts.iter().zip(&answer.individual).enumerate() {
        let prefix = range_prefix(statement, ciphertext);
        if !key.verify_one_of(&prefix, &claims(ciphertext, 0..=1), proofs) {
            return Err(BallotError::IndividualProof { question, choice });
        }
    }
    let statement = answer_statement(statement, &answer.ciphertexts);
    let expected = AnswerClaims::new(asked, &statement, &answer.ciphertexts);
    let (prefix, claims) = &expected.overall;
    if !key.verify_one_of(prefix, claims, &answer.overall) {
        return Err(BallotError::OverallProof { question });
    }
    match (&expected.blank, &answer.blank) {
        (None, None) => Ok(()),
        (Some((prefix, claims)), Some(proofs)) if key.verify_one_of(prefix, claims, proofs) => Ok(()),
        _ => Err(BallotError::BlankProof { question }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::election::Election;

    /// A forger who holds a credential adds a point of order 2 to every alpha and tries nonces until all challenges are even, so
    /// that every equation of every proof still holds. Only the membership test refuses the ballot.
    #[test]
    fn only_the_subgroup_test_refuses_ground_challenges() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../fixtures/vectors/ballot-suite.json"
        );
        let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let election = vectors["elections"][0]["election"].as_str().unwrap();
        let context = ElectionContext::new(&Election::parse(election.as_bytes()).unwrap());
        let refused = vectors["refused_ballots"].as_array().unwrap();
        let ground = refused
            .iter()
            .find(|v| v["why"].as_str().unwrap().contains("ground challenges"));
        let ground = ground.unwrap()["json"].as_str().unwrap().as_bytes();
        assert!(verify_with(&context, ground, Point::danger_from_checked_text).is_ok());
        let error = PointError::Torsion;
        assert_eq!(
            verify_ballot(&context, ground),
            Err(BallotError::Ciphertext {
                question: 0,
                choice: 0,
                error
            })
        );
    }
}
