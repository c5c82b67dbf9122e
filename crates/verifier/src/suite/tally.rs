//! Encrypted tallies, partial decryptions (shares) and results.
//!
//! Spec: specs/ballot-suite.md §8, §9, §10, §11.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use thiserror::Error;

use crate::hash::sha256;
use crate::json::{Cursor, JsonError, MAX_SMALL, push_array};
use crate::suite::ballot::Ciphertext;
use crate::suite::group::{PointBytes, PointError, challenge};
use crate::suite::proof::{Proof, second_commitment};
use crate::suite::question::Question;
use crate::suite::trustee::Trustee;

/// Why a tally, share or result was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum TallyError {
    #[error("not canonical: {0}")]
    Form(#[from] JsonError),
    #[error("a point is {0}")]
    Point(#[from] PointError),
    #[error("a decryption proof does not hold")]
    Proof,
    #[error("a count does not follow from the tally and the shares")]
    Value,
    #[error("the counts of a question are impossible for the ballots that were counted")]
    Sums,
}

/// Sums by question and choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally(pub(crate) Vec<Vec<Ciphertext<EdwardsPoint>>>);

impl Tally {
    /// The tally of no ballots.
    pub(crate) fn neutral(questions: &[Question]) -> Tally {
        Tally(
            questions
                .iter()
                .map(|question| vec![Ciphertext::neutral(); question.choices()])
                .collect(),
        )
    }

    /// Adds ciphertexts of the same shape.
    pub(crate) fn add(&mut self, choices: &[Vec<Ciphertext<EdwardsPoint>>]) {
        for (sums, ciphertexts) in self.0.iter_mut().zip(choices) {
            for (sum, ciphertext) in sums.iter_mut().zip(ciphertexts) {
                sum.add(ciphertext);
            }
        }
    }

    /// Subtracts ciphertexts of the same shape.
    pub(crate) fn subtract(&mut self, choices: &[Vec<Ciphertext<EdwardsPoint>>]) {
        for (sums, ciphertexts) in self.0.iter_mut().zip(choices) {
            for (sum, ciphertext) in sums.iter_mut().zip(ciphertexts) {
                sum.alpha -= ciphertext.alpha;
                sum.beta -= ciphertext.beta;
            }
        }
    }

    /// Reads an encrypted tally of the shape of the questions; neutral elements are allowed.
    pub(crate) fn parse(bytes: &[u8], questions: &[Question]) -> Result<Tally, TallyError> {
        let written = parse_shaped(bytes, questions, |cursor| Ciphertext::parse(cursor))?;
        let decode = |ciphertext: &Ciphertext<PointBytes>| {
            Ok(Ciphertext {
                alpha: ciphertext.alpha.decode()?,
                beta: ciphertext.beta.decode()?,
            })
        };
        let sums = written
            .iter()
            .map(|row| row.iter().map(decode).collect::<Result<Vec<_>, PointError>>());
        Ok(Tally(sums.collect::<Result<Vec<_>, _>>()?))
    }

    /// The record of the suite.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::new();
        push_array(&mut out, &self.0, |out, row| {
            push_array(out, row, |out, ciphertext| {
                let alpha = PointBytes::of(&ciphertext.alpha).text();
                let beta = PointBytes::of(&ciphertext.beta).text();
                out.push_str(&format!("{{\"alpha\":\"{alpha}\",\"beta\":\"{beta}\"}}"));
            });
        });
        out
    }
}

/// The sized record, for ballots that weigh 1 each. Spec: specs/ballot-suite.md §8.
pub(crate) fn sized_tally(counted: u64, encrypted_tally: &[u8]) -> String {
    weighted_tally(counted, counted, encrypted_tally)
}

/// The sized record. Spec: specs/ballot-suite.md §8.
pub(crate) fn weighted_tally(counted: u64, weight: u64, encrypted_tally: &[u8]) -> String {
    let weight = if weight > MAX_SMALL {
        format!("\"{weight}\"")
    } else {
        weight.to_string()
    };
    let hash = hex::encode(sha256(&[encrypted_tally]));
    format!("{{\"num_tallied\":{counted},\"total_weight\":{weight},\"encrypted_tally\":\"{hash}\"}}")
}

/// The decryption factors of a trustee, by question and choice, all proofs checked. Spec: specs/ballot-suite.md §9.
pub(crate) fn verify_share(
    bytes: &[u8],
    questions: &[Question],
    fingerprint: &str,
    trustee: &Trustee,
    tally: &Tally,
) -> Result<Vec<Vec<EdwardsPoint>>, TallyError> {
    let mut cursor = Cursor::new(bytes);
    cursor.expect("{\"decryption_factors\":")?;
    let factors = shaped(&mut cursor, questions, Cursor::point)?;
    cursor.expect(",\"decryption_proofs\":")?;
    let proofs = shaped(&mut cursor, questions, Proof::parse)?;
    cursor.expect("}")?;
    cursor.end()?;

    let key = trustee.public.text();
    let prefix: [&[u8]; 5] = [b"decrypt|", fingerprint.as_bytes(), b"|", key.as_bytes(), b"|"];
    let mut decoded = Vec::with_capacity(factors.len());
    for ((factors, proofs), ciphertexts) in factors.iter().zip(&proofs).zip(&tally.0) {
        let mut row = Vec::with_capacity(factors.len());
        for ((factor, proof), ciphertext) in factors.iter().zip(proofs).zip(ciphertexts) {
            let factor = factor.decode()?;
            let commitments = [
                proof.commitment(&trustee.point),
                second_commitment(proof, &ciphertext.alpha, &factor),
            ];
            if challenge(&prefix, &commitments) != proof.challenge {
                return Err(TallyError::Proof);
            }
            row.push(factor);
        }
        decoded.push(row);
    }
    Ok(decoded)
}

/// Multiplies the factors of a share, for the combination of a threshold block. Spec: specs/ballot-suite.md §10.
pub(crate) fn scale(share: &[Vec<EdwardsPoint>], by: Scalar) -> Vec<Vec<EdwardsPoint>> {
    share
        .iter()
        .map(|row| row.iter().map(|factor| by * factor).collect())
        .collect()
}

/// Reads a result: counts by question and choice. What they follow from is not looked at. Spec: specs/ballot-suite.md §11.
pub(crate) fn parse_result(bytes: &[u8], questions: &[Question]) -> Result<Vec<Vec<u64>>, JsonError> {
    let mut cursor = Cursor::new(bytes);
    cursor.expect("{\"result\":")?;
    let counts = shaped(&mut cursor, questions, Cursor::weight)?;
    cursor.expect("}")?;
    cursor.end()?;
    Ok(counts)
}

/// Reads a result and checks it against the tally and the shares whose sum is the combined factor. Spec: specs/ballot-suite.md §10, §11,
/// specs/verification.md §5.10.
pub(crate) fn verify_result(
    bytes: &[u8],
    questions: &[Question],
    tally: &Tally,
    shares: &[Vec<Vec<EdwardsPoint>>],
    counted: u64,
) -> Result<Vec<Vec<u64>>, TallyError> {
    let counts = parse_result(bytes, questions)?;
    let mut remainders = tally.clone();
    for share in shares {
        for (row, factors) in remainders.0.iter_mut().zip(share) {
            for (ciphertext, factor) in row.iter_mut().zip(factors) {
                ciphertext.beta -= factor;
            }
        }
    }
    for (row, counts) in remainders.0.iter().zip(&counts) {
        for (ciphertext, count) in row.iter().zip(counts) {
            if *count > counted || EdwardsPoint::mul_base(&Scalar::from(*count)) != ciphertext.beta {
                return Err(TallyError::Value);
            }
        }
    }
    for (question, counts) in questions.iter().zip(&counts) {
        if !sums_possible(question, counts, counted) {
            return Err(TallyError::Sums);
        }
    }
    Ok(counts)
}

/// Whether `ballots` ballots can have these counts: blank first if allowed, then the answers.
///
/// Spec: specs/election.md §4.9, specs/verification.md §5.10.
pub(crate) fn sums_possible(question: &Question, counts: &[u64], ballots: u64) -> bool {
    if counts.len() != question.choices() || counts.iter().any(|count| *count > ballots) {
        return false;
    }
    let (blank, named) = match (question.blank, counts.split_first()) {
        (true, Some((blank, named))) => (*blank, named),
        _ => (0, counts),
    };
    let Some(naming) = ballots.checked_sub(blank).map(u128::from) else {
        return false;
    };
    let sum: u128 = named.iter().map(|count| u128::from(*count)).sum();
    (u128::from(question.min) * naming..=u128::from(question.max) * naming).contains(&sum)
}

fn parse_shaped<'a, T>(
    bytes: &'a [u8],
    questions: &[Question],
    item: impl FnMut(&mut Cursor<'a>) -> Result<T, JsonError>,
) -> Result<Vec<Vec<T>>, JsonError> {
    let mut cursor = Cursor::new(bytes);
    let rows = shaped(&mut cursor, questions, item)?;
    cursor.end()?;
    Ok(rows)
}

/// One array per question with one item per choice.
fn shaped<'a, T>(
    cursor: &mut Cursor<'a>,
    questions: &[Question],
    mut item: impl FnMut(&mut Cursor<'a>) -> Result<T, JsonError>,
) -> Result<Vec<Vec<T>>, JsonError> {
    let mut shapes = questions.iter().map(Question::choices);
    cursor.array_of(questions.len(), |cursor| {
        cursor.array_of(shapes.next().unwrap_or(0), &mut item)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sums_are_seen() {
        let question = |blank, min, max| Question {
            question: "q".to_owned(),
            answers: vec!["a".to_owned(), "b".to_owned()],
            blank,
            min,
            max,
        };
        assert!(sums_possible(&question(false, 1, 1), &[2, 3], 5));
        assert!(!sums_possible(&question(false, 1, 1), &[2, 4], 5));
        assert!(!sums_possible(&question(false, 1, 1), &[2, 2], 5));
        assert!(sums_possible(&question(false, 0, 1), &[2, 2], 5));
        assert!(sums_possible(&question(true, 1, 1), &[1, 2, 2], 5));
        assert!(!sums_possible(&question(true, 1, 1), &[1, 2, 3], 5));
        assert!(!sums_possible(&question(true, 0, 2), &[6, 0, 0], 5));
        assert!(!sums_possible(&question(true, 0, 2), &[0, 6, 0], 5));
        assert!(!sums_possible(&question(true, 0, 2), &[0, 0], 5));
        assert!(!sums_possible(&question(false, 0, 2), &[u64::MAX, u64::MAX], 5));
    }

    #[test]
    fn sized_tallies_change_spelling_at_two_to_the_thirty() {
        assert!(
            sized_tally(MAX_SMALL, b"").contains("\"num_tallied\":1073741823,\"total_weight\":1073741823,")
        );
        assert!(sized_tally(MAX_SMALL + 1, b"").contains("\"total_weight\":\"1073741824\","));
    }
}
