//! The making side of the ballot suite, written out so that every part of it can be made wrong. Spec: specs/ballot-suite.md.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as G;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use rand::rand_core::{Infallible, TryCryptoRng, TryRng};

use super::forge::{b64, sha};

pub fn text_of(point: &EdwardsPoint) -> String {
    let mut bytes = point.compress().0;
    bytes.reverse();
    hex::encode(bytes)
}

pub fn decimal(scalar: &Scalar) -> String {
    let mut bytes = scalar.to_bytes().to_vec();
    let mut digits = Vec::new();
    while bytes.iter().any(|b| *b != 0) {
        let mut rest = 0u32;
        for byte in bytes.iter_mut().rev() {
            let value = rest * 256 + u32::from(*byte);
            *byte = (value / 10) as u8;
            rest = value % 10;
        }
        digits.push(b'0' + rest as u8);
    }
    if digits.is_empty() {
        digits.push(b'0');
    }
    digits.reverse();
    String::from_utf8(digits).unwrap()
}

/// Numbers that follow from a name: the corpus is the same whenever it is made.
#[derive(Debug)]
pub struct Dice([u8; 32], u64);

impl Dice {
    pub fn new(name: &str) -> Dice {
        Dice(sha(&[b"attack corpus ", name.as_bytes()]), 0)
    }

    pub fn bytes(&mut self) -> [u8; 32] {
        self.1 += 1;
        sha(&[&self.0, &self.1.to_be_bytes()])
    }

    pub fn roll(&mut self) -> Scalar {
        Scalar::from_bytes_mod_order(self.bytes())
    }
}

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let [a, b, c, d, ..] = self.bytes();
        Ok(u32::from_be_bytes([a, b, c, d]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes();
        Ok(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(32) {
            let bytes = self.bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Dice {}

pub fn challenge(prefix: &str, points: &[EdwardsPoint]) -> Scalar {
    let texts: Vec<String> = points.iter().map(text_of).collect();
    let mut digest = sha(&[prefix.as_bytes(), texts.join(",").as_bytes()]);
    digest.reverse();
    Scalar::from_bytes_mod_order(digest)
}

pub fn proof_json(proof: &(Scalar, Scalar)) -> String {
    format!(
        "{{\"challenge\":\"{}\",\"response\":\"{}\"}}",
        decimal(&proof.0),
        decimal(&proof.1)
    )
}

pub fn join<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(","))
}

pub fn schnorr(prefix: &str, secret: &Scalar, dice: &mut Dice) -> (Scalar, Scalar) {
    let w = dice.roll();
    let c = challenge(prefix, &[G * w]);
    (c, w - secret * c)
}

pub type Ct = (EdwardsPoint, EdwardsPoint);

/// `claims` are (ciphertext, value); `truth` is the true one, with randomness `r`.
pub fn disjunction(
    prefix: &str,
    y: &EdwardsPoint,
    claims: &[(Ct, u64)],
    truth: usize,
    r: &Scalar,
    dice: &mut Dice,
) -> Vec<(Scalar, Scalar)> {
    let w = dice.roll();
    let mut proofs = Vec::new();
    let mut commitments = Vec::new();
    for (index, ((alpha, beta), value)) in claims.iter().enumerate() {
        if index == truth {
            proofs.push((Scalar::ZERO, Scalar::ZERO));
            commitments.extend([G * w, y * w]);
        } else {
            let (c, s) = (dice.roll(), dice.roll());
            proofs.push((c, s));
            commitments.push(G * s + alpha * c);
            commitments.push(y * s + (beta - G * Scalar::from(*value)) * c);
        }
    }
    let others: Scalar = proofs.iter().map(|(c, _)| *c).sum();
    let c = challenge(prefix, &commitments) - others;
    proofs[truth] = (c, w - r * c);
    proofs
}

#[derive(Debug, Clone)]
pub struct Question {
    pub answers: usize,
    pub blank: bool,
    pub min: u64,
    pub max: u64,
}

#[derive(Debug, Clone)]
pub struct Suite {
    pub uuid: String,
    pub phi: String,
    pub y: EdwardsPoint,
    pub questions: Vec<Question>,
}

/// How the proofs of a ballot are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proofs {
    Honest,
    /// The challenge does not depend on the statement.
    WeakHash,
    /// Individual proofs that nobody can make are made up; the votes of each question still add up.
    MadeUpIndividual,
    /// The overall proof, too.
    MadeUp,
}

impl Suite {
    pub fn ballot(&self, secret: &Scalar, votes: &[Vec<i64>], dice: &mut Dice) -> String {
        ballot(self, secret, votes, Proofs::Honest, dice)
    }
}

fn value(vote: i64) -> Scalar {
    let size = Scalar::from(vote.unsigned_abs());
    if vote < 0 { -size } else { size }
}

/// A ballot up to its signature; `votes` has one number per choice.
pub fn ballot(suite: &Suite, secret: &Scalar, votes: &[Vec<i64>], how: Proofs, dice: &mut Dice) -> String {
    let credential = text_of(&(G * secret));
    let s0 = format!("{}|{credential}", suite.phi);
    let mut answers = Vec::new();
    for (question, votes) in suite.questions.iter().zip(votes) {
        let r: Vec<Scalar> = votes.iter().map(|_| dice.roll()).collect();
        let cts: Vec<Ct> = r
            .iter()
            .zip(votes)
            .map(|(r, v)| (G * r, suite.y * r + G * value(*v)))
            .collect();
        let pair = |ct: &Ct| format!("{},{}", text_of(&ct.0), text_of(&ct.1));
        let s = format!("{s0}|{}", cts.iter().map(pair).collect::<Vec<_>>().join(","));
        let individual: Vec<_> = cts
            .iter()
            .zip(votes)
            .zip(&r)
            .map(|((ct, v), r)| {
                if how == Proofs::MadeUp || (how == Proofs::MadeUpIndividual && !(0..=1).contains(v)) {
                    return vec![(dice.roll(), dice.roll()), (dice.roll(), dice.roll())];
                }
                let prefix = if how == Proofs::WeakHash {
                    format!("prove|{s0}|")
                } else {
                    format!("prove|{s0}|{}|", pair(ct))
                };
                disjunction(&prefix, &suite.y, &[(*ct, 0), (*ct, 1)], *v as usize, r, dice)
            })
            .collect();
        let skip = usize::from(question.blank);
        let sum: Ct = (
            cts[skip..].iter().map(|c| c.0).sum(),
            cts[skip..].iter().map(|c| c.1).sum(),
        );
        let r_sum: Scalar = r[skip..].iter().sum();
        let v_sum: i64 = votes[skip..].iter().sum();
        let range = (question.min..=question.max).map(|value| (sum, value));
        let (overall, blank) = if question.blank {
            let mut claims = vec![(cts[0], 1)];
            claims.extend(range);
            let is_blank = votes[0] == 1;
            let (truth, r_true) = if is_blank {
                (0, r[0])
            } else {
                (1 + (v_sum - question.min as i64) as usize, r_sum)
            };
            let overall = disjunction(&format!("bproof1|{s}|"), &suite.y, &claims, truth, &r_true, dice);
            let claims = [(cts[0], 0), (sum, 0)];
            let (truth, r_true) = if is_blank { (1, r_sum) } else { (0, r[0]) };
            let blank = disjunction(&format!("bproof0|{s}|"), &suite.y, &claims, truth, &r_true, dice);
            (overall, format!(",\"blank_proof\":{}", join(&blank, proof_json)))
        } else {
            let claims: Vec<_> = range.collect();
            if how == Proofs::MadeUp {
                let made_up: Vec<_> = claims.iter().map(|_| (dice.roll(), dice.roll())).collect();
                answers.push(format!(
                    "{{\"choices\":{},\"individual_proofs\":{},\"overall_proof\":{}}}",
                    join(&cts, ct_json),
                    join(&individual, |pair| join(pair, proof_json)),
                    join(&made_up, proof_json),
                ));
                continue;
            }
            let truth = (v_sum - question.min as i64) as usize;
            let prefix = format!("prove|{s}|{}|", pair(&sum));
            (
                disjunction(&prefix, &suite.y, &claims, truth, &r_sum, dice),
                String::new(),
            )
        };
        answers.push(format!(
            "{{\"choices\":{},\"individual_proofs\":{},\"overall_proof\":{}{blank}}}",
            join(&cts, ct_json),
            join(&individual, |pair| join(pair, proof_json)),
            join(&overall, proof_json),
        ));
    }
    let unsigned = format!(
        "{{\"election_uuid\":\"{}\",\"election_hash\":\"{}\",\"credential\":\"{credential}\",\"answers\":[{}]",
        suite.uuid,
        suite.phi,
        answers.join(",")
    );
    sign_ballot(&unsigned, secret, dice)
}

/// Signs a ballot that was cut off before its signature.
pub fn sign_ballot(unsigned: &str, secret: &Scalar, dice: &mut Dice) -> String {
    let h = b64(&sha(&[unsigned.as_bytes(), b"}"]));
    let proof = schnorr(&format!("sig|{h}|"), secret, dice);
    format!(
        "{unsigned},\"signature\":{{\"hash\":\"{h}\",\"proof\":{}}}}}",
        proof_json(&proof)
    )
}

pub fn ct_json(ct: &Ct) -> String {
    format!(
        "{{\"alpha\":\"{}\",\"beta\":\"{}\"}}",
        text_of(&ct.0),
        text_of(&ct.1)
    )
}

pub fn replaces(new: &str, old: &str, secret: &Scalar, dice: &mut Dice) -> Vec<u8> {
    let (new, old) = (sha(&[new.as_bytes()]), sha(&[old.as_bytes()]));
    let (c, s) = schnorr(
        &format!("sijill-replaces|{}|{}|", b64(&new), b64(&old)),
        secret,
        dice,
    );
    [old.as_slice(), c.as_bytes(), s.as_bytes()].concat()
}

pub fn point(text: &str) -> EdwardsPoint {
    let mut bytes: [u8; 32] = hex::decode(text).unwrap().try_into().unwrap();
    bytes.reverse();
    curve25519_dalek::edwards::CompressedEdwardsY(bytes)
        .decompress()
        .unwrap()
}

/// Ciphertexts of a ballot, by question.
pub fn ciphertexts(ballot: &str) -> Vec<Vec<Ct>> {
    let value: serde_json::Value = serde_json::from_str(ballot).unwrap();
    let answers = value["answers"].as_array().unwrap();
    let choices = answers.iter().map(|answer| answer["choices"].as_array().unwrap());
    let field = |ct: &serde_json::Value, name: &str| point(ct[name].as_str().unwrap());
    choices
        .map(|cts| {
            cts.iter()
                .map(|ct| (field(ct, "alpha"), field(ct, "beta")))
                .collect()
        })
        .collect()
}

pub fn alphas(ballot: &str) -> Vec<[u8; 32]> {
    ciphertexts(ballot)
        .iter()
        .flatten()
        .map(|ct| sha(&[&ct.0.compress().0]))
        .collect()
}

/// The point plus one of order 8.
pub fn with_torsion(text: &str) -> String {
    text_of(&(point(text) + curve25519_dalek::constants::EIGHT_TORSION[1]))
}
