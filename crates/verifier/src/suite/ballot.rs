//! The strict policy for one ballot, in the order of the checks: form and shape before any cryptography, then membership of every point,
//! then signature and proofs. Also the proof of the re-vote chain.
//!
//! Spec: specs/ballot-suite.md §7, §13, specs/verification.md §6.4 to §6.9.

use std::ops::Range;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;

use crate::events::Replaces;
use crate::hash::{b64raw, sha256};
use crate::json::{Cursor, JsonError};
use crate::suite::group::{PointBytes, PointError, scalar_from_bytes};
use crate::suite::proof::{Claim, EncryptionKey, Proof, disjunction_holds};
use crate::suite::question::{Question, largest_ballot};

/// What ballots of one election are checked against.
#[derive(Debug)]
pub(crate) struct Election {
    pub(crate) uuid: String,
    pub(crate) fingerprint: String,
    pub(crate) questions: Vec<Question>,
    pub(crate) key: EncryptionKey,
}

/// A ciphertext as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ciphertext<T> {
    pub(crate) alpha: T,
    pub(crate) beta: T,
}

impl Ciphertext<PointBytes> {
    /// `{"alpha":G,"beta":G}`.
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Ciphertext<PointBytes>, JsonError> {
        cursor.expect("{\"alpha\":")?;
        let alpha = cursor.point()?;
        cursor.expect(",\"beta\":")?;
        let beta = cursor.point()?;
        cursor.expect("}")?;
        Ok(Ciphertext { alpha, beta })
    }

    /// Both points, members of the subgroup and not neutral.
    pub(crate) fn decode(&self) -> Result<Ciphertext<EdwardsPoint>, PointError> {
        Ok(Ciphertext {
            alpha: self.alpha.decode_not_neutral()?,
            beta: self.beta.decode_not_neutral()?,
        })
    }
}

impl Ciphertext<EdwardsPoint> {
    /// The neutral pair, from which sums start.
    pub(crate) fn neutral() -> Ciphertext<EdwardsPoint> {
        Ciphertext {
            alpha: EdwardsPoint::identity(),
            beta: EdwardsPoint::identity(),
        }
    }

    pub(crate) fn add(&mut self, other: &Ciphertext<EdwardsPoint>) {
        self.alpha += other.alpha;
        self.beta += other.beta;
    }

    fn claim(&self, value: Scalar) -> Claim {
        // value·G without a multiplication for the values that occur in nearly every claim.
        let shift = if value == Scalar::ZERO {
            EdwardsPoint::identity()
        } else if value == Scalar::ONE {
            ED25519_BASEPOINT_POINT
        } else {
            EdwardsPoint::mul_base(&value)
        };
        Claim {
            alpha: self.alpha,
            remainder: self.beta - shift,
        }
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) choices: Vec<Ciphertext<PointBytes>>,
    pub(super) individual_proofs: Vec<Vec<Proof>>,
    pub(super) overall_proof: Vec<Proof>,
    pub(super) blank_proof: Option<Vec<Proof>>,
}

/// A ballot whose form and shape are right. Nothing in it is verified yet.
#[derive(Debug)]
pub(crate) struct Ballot<'a> {
    pub(crate) hash: [u8; 32],
    pub(crate) credential: PointBytes,
    uuid: &'a str,
    fingerprint: &'a str,
    pub(super) answers: Vec<Answer>,
    /// The JSON without the field `signature`, but for its last brace.
    pub(super) unsigned: &'a [u8],
    pub(super) signed_hash: &'a str,
    pub(super) signature: Proof,
}

/// The points of a ballot, all of them in the group and none neutral.
#[derive(Debug, Clone)]
pub(crate) struct Points {
    pub(crate) credential: EdwardsPoint,
    /// By question and choice.
    pub(crate) choices: Vec<Vec<Ciphertext<EdwardsPoint>>>,
}

impl<'a> Ballot<'a> {
    /// Reads a ballot for these questions. Spec: specs/ballot-suite.md §7.1.
    pub(crate) fn parse(bytes: &'a [u8], election: &Election) -> Result<Ballot<'a>, JsonError> {
        let mut cursor = Cursor::new(bytes);
        if bytes.len() as u64 > largest_ballot(election.uuid.len() as u64, &election.questions) {
            return Err(cursor.error("a ballot no longer than its questions allow"));
        }
        cursor.expect("{\"election_uuid\":")?;
        let uuid = cursor.plain(64)?;
        cursor.expect(",\"election_hash\":")?;
        let fingerprint = cursor.plain(43)?;
        cursor.expect(",\"credential\":")?;
        let credential = cursor.point()?;
        cursor.expect(",\"answers\":[")?;
        let mut answers = Vec::with_capacity(election.questions.len());
        for (index, question) in election.questions.iter().enumerate() {
            if index > 0 {
                cursor.expect(",")?;
            }
            answers.push(Answer::parse(&mut cursor, question)?);
        }
        cursor.expect("]")?;
        let unsigned: Range<usize> = 0..cursor.position();
        cursor.expect(",\"signature\":{\"hash\":")?;
        let signed_hash = cursor.plain(43)?;
        cursor.expect(",\"proof\":")?;
        let signature = Proof::parse(&mut cursor)?;
        cursor.expect("}}")?;
        cursor.end()?;
        let unsigned = bytes.get(unsigned).unwrap_or_default();
        let hash = sha256(&[bytes]);
        Ok(Ballot {
            hash,
            credential,
            uuid,
            fingerprint,
            answers,
            unsigned,
            signed_hash,
            signature,
        })
    }

    /// Spec: specs/verification.md §6.5.
    pub(crate) fn is_for(&self, election: &Election) -> bool {
        self.uuid == election.uuid && self.fingerprint == election.fingerprint
    }

    /// The ciphertexts in the order of questions and choices.
    pub(super) fn ciphertexts(&self) -> impl Iterator<Item = &Ciphertext<PointBytes>> {
        self.answers.iter().flat_map(|answer| answer.choices.iter())
    }

    /// Every alpha in the order of questions and choices.
    pub(crate) fn alphas(&self) -> impl Iterator<Item = &PointBytes> {
        self.ciphertexts().map(|ciphertext| &ciphertext.alpha)
    }

    /// Decodes every point. Spec: specs/verification.md §6.7.
    pub(crate) fn points(&self) -> Result<Points, PointError> {
        let credential = self.credential.decode_not_neutral()?;
        let mut choices = Vec::with_capacity(self.answers.len());
        for answer in &self.answers {
            choices.push(
                answer
                    .choices
                    .iter()
                    .map(Ciphertext::decode)
                    .collect::<Result<Vec<_>, _>>()?,
            );
        }
        Ok(Points { credential, choices })
    }

    /// Decodes every point; neutral elements are members of the group. Spec: specs/verification.md §9.
    pub(crate) fn points_or_neutral(&self) -> Result<Points, PointError> {
        let credential = self.credential.decode()?;
        let decode = |ciphertext: &Ciphertext<PointBytes>| {
            Ok(Ciphertext {
                alpha: ciphertext.alpha.decode()?,
                beta: ciphertext.beta.decode()?,
            })
        };
        let answers = self.answers.iter();
        let choices = answers.map(|answer| answer.choices.iter().map(decode).collect::<Result<Vec<_>, _>>());
        Ok(Points {
            credential,
            choices: choices.collect::<Result<Vec<_>, _>>()?,
        })
    }

    /// The ciphertexts of a ballot whose points were all found to be members, by question and choice. `None` if one is not on the curve.
    pub(crate) fn known_choices(&self) -> Option<Vec<Vec<Ciphertext<EdwardsPoint>>>> {
        let decode = |written: &Ciphertext<PointBytes>| {
            Some(Ciphertext {
                alpha: written.alpha.decompress()?,
                beta: written.beta.decompress()?,
            })
        };
        let answers = self.answers.iter();
        answers
            .map(|answer| answer.choices.iter().map(decode).collect())
            .collect()
    }

    /// Whether the hash that is signed is that of the ballot. Spec: specs/ballot-suite.md §7.4.
    pub(super) fn hash_holds(&self) -> bool {
        self.signed_hash == b64raw(&sha256(&[self.unsigned, b"}"]))
    }

    /// Hash and signature by the credential. Spec: specs/ballot-suite.md §7.4.
    pub(crate) fn signature_holds(&self, points: &Points) -> bool {
        let prefix: [&[u8]; 3] = [b"sig|", self.signed_hash.as_bytes(), b"|"];
        self.hash_holds() && self.signature.schnorr_holds(&prefix, &points.credential)
    }

    /// Individual, overall and blank proofs of every answer. Spec: specs/ballot-suite.md §7.2, §7.3.
    pub(crate) fn proofs_hold(&self, points: &Points, election: &Election) -> bool {
        self.answers.len() == election.questions.len()
            && points.choices.len() == election.questions.len()
            && self
                .answers
                .iter()
                .zip(&points.choices)
                .zip(&election.questions)
                .all(|((answer, points), question)| self.answer_holds(answer, points, question, election))
    }

    fn answer_holds(
        &self,
        answer: &Answer,
        points: &[Ciphertext<EdwardsPoint>],
        question: &Question,
        election: &Election,
    ) -> bool {
        let key = &election.key;
        let statement = format!("{}|{}", election.fingerprint, self.credential.text());
        let mut full_statement = statement.clone();
        for (index, ciphertext) in answer.choices.iter().enumerate() {
            full_statement.push(if index == 0 { '|' } else { ',' });
            full_statement.push_str(&ciphertext.alpha.text());
            full_statement.push(',');
            full_statement.push_str(&ciphertext.beta.text());
        }
        let one_ciphertext = |statement: &str, alpha: &PointBytes, beta: &PointBytes| {
            format!("prove|{statement}|{},{}|", alpha.text(), beta.text())
        };

        for ((written, point), proof) in answer.choices.iter().zip(points).zip(&answer.individual_proofs) {
            let prefix = one_ciphertext(&statement, &written.alpha, &written.beta);
            let claims = [point.claim(Scalar::ZERO), point.claim(Scalar::ONE)];
            if !disjunction_holds(key, &[prefix.as_bytes()], &claims, proof) {
                return false;
            }
        }

        let (blank, named) = match (question.blank, points.split_first()) {
            (true, Some((blank, named))) => (Some(blank), named),
            _ => (None, points),
        };
        let mut sum = Ciphertext::neutral();
        for ciphertext in named {
            sum.add(ciphertext);
        }
        let values = (question.min..=question.max).map(|value| sum.claim(Scalar::from(value)));
        match (blank, &answer.blank_proof) {
            (None, None) => {
                let prefix = one_ciphertext(
                    &full_statement,
                    &PointBytes::of(&sum.alpha),
                    &PointBytes::of(&sum.beta),
                );
                let claims: Vec<Claim> = values.collect();
                disjunction_holds(key, &[prefix.as_bytes()], &claims, &answer.overall_proof)
            }
            (Some(blank), Some(blank_proof)) => {
                let either_zero = [blank.claim(Scalar::ZERO), sum.claim(Scalar::ZERO)];
                let statement = full_statement.as_bytes();
                let mut claims = vec![blank.claim(Scalar::ONE)];
                claims.extend(values);
                disjunction_holds(key, &[b"bproof0|", statement, b"|"], &either_zero, blank_proof)
                    && disjunction_holds(
                        key,
                        &[b"bproof1|", statement, b"|"],
                        &claims,
                        &answer.overall_proof,
                    )
            }
            _ => false,
        }
    }

    /// The proof that this ballot's maker saw the one that it replaces. Spec: specs/ballot-suite.md §13.
    pub(crate) fn replacement_holds(&self, replaces: &Replaces, credential: &EdwardsPoint) -> bool {
        let (Some(challenge), Some(response)) = (
            scalar_from_bytes(&replaces.challenge),
            scalar_from_bytes(&replaces.response),
        ) else {
            return false;
        };
        let (new, old) = (b64raw(&self.hash), b64raw(&replaces.ballot_hash));
        let prefix: [&[u8]; 5] = [b"sijill-replaces|", new.as_bytes(), b"|", old.as_bytes(), b"|"];
        replaces.ballot_hash != self.hash && Proof { challenge, response }.schnorr_holds(&prefix, credential)
    }
}

impl Answer {
    fn parse(cursor: &mut Cursor<'_>, question: &Question) -> Result<Answer, JsonError> {
        let choices = question.choices();
        cursor.expect("{\"choices\":")?;
        let ciphertexts = cursor.array_of(choices, Ciphertext::parse)?;
        cursor.expect(",\"individual_proofs\":")?;
        let individual_proofs = cursor.array_of(choices, |cursor| cursor.array_of(2, Proof::parse))?;
        cursor.expect(",\"overall_proof\":")?;
        let overall_proof = cursor.array_of(question.overall_proofs(), Proof::parse)?;
        let blank_proof = if question.blank {
            cursor.expect(",\"blank_proof\":")?;
            Some(cursor.array_of(2, Proof::parse)?)
        } else {
            None
        };
        cursor.expect("}")?;
        Ok(Answer {
            choices: ciphertexts,
            individual_proofs,
            overall_proof,
            blank_proof,
        })
    }
}

/// The credential of a ballot, read without knowing its election: for receipts.
pub(crate) fn credential_of(ballot: &[u8]) -> Option<PointBytes> {
    let mut cursor = Cursor::new(ballot);
    cursor.expect("{\"election_uuid\":").ok()?;
    cursor.plain(64).ok()?;
    cursor.expect(",\"election_hash\":").ok()?;
    cursor.plain(43).ok()?;
    cursor.expect(",\"credential\":").ok()?;
    cursor.point().ok()
}
