//! Zero-knowledge proofs: Schnorr proofs of a secret and disjunctive proofs over ciphertexts.
//!
//! Every proof is a pair (challenge, response) with response = w − secret·challenge. Provers run in constant time
//! and without branches on secrets; verifiers use variable-time arithmetic on public data.
//!
//! Spec: specs/ballot-suite.md §1.5.

use crate::group::{self, GENERATOR, Point};
use crate::scalar::{self, ScalarError, SecretScalar};
use curve25519_dalek::edwards::{EdwardsPoint, VartimeEdwardsPrecomputation};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{MultiscalarMul, VartimePrecomputedMultiscalarMul};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use std::fmt;
use subtle::{ConditionallySelectable, ConstantTimeEq};

/// A proof: challenge and response, both canonical scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    challenge: Scalar,
    response: Scalar,
}

impl Proof {
    /// Reads challenge and response, 32 bytes each, least significant first.
    ///
    /// # Errors
    /// [`ScalarError::NotReduced`] unless both are below the group order.
    pub fn from_le_bytes(challenge: &[u8; 32], response: &[u8; 32]) -> Result<Self, ScalarError> {
        Ok(Self {
            challenge: scalar::from_le_bytes(challenge)?,
            response: scalar::from_le_bytes(response)?,
        })
    }

    /// The challenge, 32 bytes, least significant first.
    #[must_use]
    pub fn challenge_le_bytes(&self) -> [u8; 32] {
        self.challenge.to_bytes()
    }

    /// The response, 32 bytes, least significant first.
    #[must_use]
    pub fn response_le_bytes(&self) -> [u8; 32] {
        self.response.to_bytes()
    }

    pub(crate) fn from_wire(wire: &WireProof) -> Result<Self, ScalarError> {
        Ok(Self {
            challenge: scalar::parse_decimal(&wire.challenge)?,
            response: scalar::parse_decimal(&wire.response)?,
        })
    }

    pub(crate) fn to_wire(self) -> WireProof {
        WireProof {
            challenge: scalar::to_decimal(&self.challenge),
            response: scalar::to_decimal(&self.response),
        }
    }
}

/// `{"challenge":Zq,"response":Zq}` as text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireProof {
    challenge: String,
    response: String,
}

/// Proves knowledge of the secret behind `secret`·G, bound to `prefix`.
pub(crate) fn prove_secret<R: CryptoRng + ?Sized>(prefix: &str, secret: &SecretScalar, rng: &mut R) -> Proof {
    prove_secret_with_nonce(prefix, secret, &SecretScalar::random(rng))
}

/// As [`prove_secret`]; a nonce used twice reveals the secret.
pub(crate) fn prove_secret_with_nonce(prefix: &str, secret: &SecretScalar, nonce: &SecretScalar) -> Proof {
    let challenge = group::challenge(prefix, &[EdwardsPoint::mul_base(nonce.expose())]);
    Proof {
        challenge,
        response: nonce.expose() - secret.expose() * challenge,
    }
}

/// Checks a proof of knowledge of the secret behind `public`.
pub(crate) fn verify_secret(prefix: &str, public: &Point, proof: &Proof) -> bool {
    let commitment =
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&proof.challenge, public.inner(), &proof.response);
    group::challenge(prefix, &[commitment]) == proof.challenge
}

/// Proves that `factor` = secret·`base` with the secret behind secret·G.
pub(crate) fn prove_equal_logs<R: CryptoRng + ?Sized>(
    prefix: &str,
    secret: &SecretScalar,
    base: &Point,
    rng: &mut R,
) -> Proof {
    prove_equal_logs_with_nonce(prefix, secret, base, &SecretScalar::random(rng))
}

/// As [`prove_equal_logs`]; a nonce used twice reveals the secret.
pub(crate) fn prove_equal_logs_with_nonce(
    prefix: &str,
    secret: &SecretScalar,
    base: &Point,
    nonce: &SecretScalar,
) -> Proof {
    let commitments = [
        EdwardsPoint::mul_base(nonce.expose()),
        base.inner() * nonce.expose(),
    ];
    let challenge = group::challenge(prefix, &commitments);
    Proof {
        challenge,
        response: nonce.expose() - secret.expose() * challenge,
    }
}

/// Checks that `factor` = x·`base` where `public` = x·G.
pub(crate) fn verify_equal_logs(
    prefix: &str,
    public: &Point,
    base: &Point,
    factor: &Point,
    proof: &Proof,
) -> bool {
    use curve25519_dalek::traits::VartimeMultiscalarMul;
    let a =
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&proof.challenge, public.inner(), &proof.response);
    let b = EdwardsPoint::vartime_multiscalar_mul(
        [proof.response, proof.challenge],
        [base.inner(), factor.inner()],
    );
    group::challenge(prefix, &[a, b]) == proof.challenge
}

/// One claim of a disjunction: (alpha, beta) encrypts `value`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) alpha: EdwardsPoint,
    pub(crate) beta: EdwardsPoint,
    /// Public.
    pub(crate) value: u32,
}

/// Proves that one of the claims holds: the one with index `real` (secret), whose alpha is `secret`·G.
///
/// Every claim runs through the same operations: the true one is the simulation with challenge zero, whose
/// challenge and response are then completed by masked selection.
pub(crate) fn prove_one_of<R: CryptoRng + ?Sized>(
    prefix: &str,
    key: &Point,
    claims: &[Claim],
    real: u32,
    secret: &SecretScalar,
    rng: &mut R,
) -> Vec<Proof> {
    let draws: Vec<Draw> = claims
        .iter()
        .map(|_| Draw {
            challenge: SecretScalar::random(rng),
            response: SecretScalar::random(rng),
        })
        .collect();
    prove_one_of_with_draws(prefix, key, claims, real, secret, &draws)
}

/// Randomness of one claim: a simulation's challenge and response; the true claim uses the response as its nonce.
#[derive(Debug)]
pub(crate) struct Draw {
    pub(crate) challenge: SecretScalar,
    pub(crate) response: SecretScalar,
}

pub(crate) fn prove_one_of_with_draws(
    prefix: &str,
    key: &Point,
    claims: &[Claim],
    real: u32,
    secret: &SecretScalar,
    draws: &[Draw],
) -> Vec<Proof> {
    let mut challenges = Vec::with_capacity(claims.len());
    let mut commitments = Vec::with_capacity(2 * claims.len());
    for ((index, claim), draw) in (0u32..).zip(claims).zip(draws) {
        let challenge =
            Scalar::conditional_select(draw.challenge.expose(), &Scalar::ZERO, index.ct_eq(&real));
        let response = draw.response.expose();
        let shifted = claim.beta - multiple_of_generator(claim.value);
        commitments.push(EdwardsPoint::mul_base(response) + claim.alpha * challenge);
        commitments.push(EdwardsPoint::multiscalar_mul(
            [response, &challenge],
            [key.inner(), &shifted],
        ));
        challenges.push(SecretScalar::new(challenge));
    }
    let simulated: Scalar = challenges.iter().map(SecretScalar::expose).sum();
    let missing = group::challenge(prefix, &commitments) - simulated;
    (0u32..)
        .zip(&challenges)
        .zip(draws)
        .map(|((index, challenge), draw)| {
            let completed = Scalar::conditional_select(&Scalar::ZERO, &missing, index.ct_eq(&real));
            Proof {
                challenge: challenge.expose() + completed,
                response: draw.response.expose() - secret.expose() * completed,
            }
        })
        .collect()
}

/// The key of an election with tables for fast verification.
pub(crate) struct KeyTable {
    key: Point,
    /// Static points G, Y.
    table: VartimeEdwardsPrecomputation,
}

impl KeyTable {
    pub(crate) fn new(key: Point) -> Self {
        Self {
            table: VartimeEdwardsPrecomputation::new([&GENERATOR, key.inner()]),
            key,
        }
    }

    pub(crate) fn key(&self) -> &Point {
        &self.key
    }

    /// Checks a disjunctive proof: as many proofs as claims, and the challenges add up.
    pub(crate) fn verify_one_of(&self, prefix: &str, claims: &[Claim], proofs: &[Proof]) -> bool {
        if claims.len() != proofs.len() || claims.is_empty() {
            return false;
        }
        let mut commitments = Vec::with_capacity(2 * claims.len());
        let mut sum = Scalar::ZERO;
        for (claim, Proof { challenge, response }) in claims.iter().zip(proofs) {
            let shift = -(challenge * Scalar::from(claim.value));
            commitments.push(EdwardsPoint::vartime_double_scalar_mul_basepoint(
                challenge,
                &claim.alpha,
                response,
            ));
            commitments.push(self.table.vartime_mixed_multiscalar_mul(
                [&shift, response],
                [challenge],
                [&claim.beta],
            ));
            sum += challenge;
        }
        group::challenge(prefix, &commitments) == sum
    }
}

impl fmt::Debug for KeyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyTable").field(&self.key).finish()
    }
}

/// value·G for a public value.
fn multiple_of_generator(value: u32) -> EdwardsPoint {
    EdwardsPoint::mul_base(&Scalar::from(value))
}

#[cfg(test)]
mod tests {
    //! Known answers: x = 123456789, w = 987654321.

    use super::*;

    const X: &str = "dbd3c1a4f2053b458e38123b41e36ddeb5d13a6f63365d93e90ddc6880adff17";
    const ALPHA: &str = "c237066783c4352092fdf0de4df92cae7343f40939f32b3e195c834e99321ace";

    fn number(text: &str) -> SecretScalar {
        SecretScalar::from_decimal(text).unwrap()
    }

    fn x() -> SecretScalar {
        number("123456789")
    }

    fn w() -> SecretScalar {
        number("987654321")
    }

    fn proof(challenge: &str, response: &str) -> Proof {
        Proof {
            challenge: scalar::parse_decimal(challenge).unwrap(),
            response: scalar::parse_decimal(response).unwrap(),
        }
    }

    #[test]
    fn keys() {
        let text = |secret: SecretScalar| Point::from_inner(EdwardsPoint::mul_base(secret.expose())).text();
        assert_eq!(text(x()), X);
        assert_eq!(
            text(w()),
            "2ac3059a72324ba1cc04445c3dbfa65e8ede08c7e4dd7d4583c1f32292dcb07d"
        );
    }

    #[test]
    fn proof_of_knowledge() {
        let public = Point::from_text(X).unwrap();
        let prefix = crate::trustee::pok_prefix(&public);
        let made = prove_secret_with_nonce(&prefix, &x(), &w());
        let expected = proof(
            "5081386568620863507536442693400080973111864791058852100857726750865127632682",
            "2936101529511024014026439917033803520736428479272608062385355524434937076620",
        );
        assert_eq!(made, expected);
        assert!(verify_secret(&prefix, &public, &made));
        assert!(!verify_secret("pok|", &public, &made));
        assert!(!verify_secret(&prefix, &Point::generator(), &made));
    }

    #[test]
    fn signature() {
        let prefix = crate::ballot::signature_prefix("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
        let expected = proof(
            "6766745998989422478918208677053379292626400118655863539232103366074274804009",
            "2448203751569513755131496188283984535963258583261407708459720520193833241785",
        );
        assert_eq!(prove_secret_with_nonce(&prefix, &x(), &w()), expected);
    }

    #[test]
    fn disjunction() {
        let key = Point::from_text(X).unwrap();
        let ciphertext = crate::encrypt::encrypt_choice(&key, 1, &number("42"));
        assert_eq!(ciphertext.alpha.text(), ALPHA);
        assert_eq!(
            ciphertext.beta.text(),
            "c1cbdc2c943dc6f01dac8d190648b1607066486d8224011bad5fcc63ee4c6fec"
        );
        let prefix = crate::ballot::range_prefix("PHI|CRED", &ciphertext);
        let claims = crate::ballot::claims(&ciphertext, 0..=1);
        let draws = [
            Draw {
                challenge: number("111"),
                response: number("222"),
            },
            Draw {
                challenge: number("5"),
                response: w(),
            },
        ];
        let proofs = prove_one_of_with_draws(&prefix, &key, &claims, 1, &number("42"), &draws);
        let real = proof(
            "4181463984369072097970392049573854159180989458209509283865473789347634319890",
            "5303652089805527234573197993972981335826351739698300227698874304536702493666",
        );
        assert_eq!(proofs, [proof("111", "222"), real]);
        let table = KeyTable::new(key);
        assert!(table.verify_one_of(&prefix, &claims, &proofs));
        assert!(!table.verify_one_of(&prefix, &claims[..1], &proofs[..1]));
        assert!(!table.verify_one_of(&prefix, &claims, &proofs[..1]));
        assert!(!table.verify_one_of(&prefix, &[], &[]));
        assert!(!table.verify_one_of(&prefix, &claims, &[proofs[1], proofs[0]]));
        assert!(!table.verify_one_of("prove|", &claims, &proofs));
        let other = crate::ballot::claims(&ciphertext, 1..=2);
        assert!(!table.verify_one_of(&prefix, &other, &proofs));
    }

    #[test]
    fn a_false_claim_cannot_be_proven() {
        let mut rng = rand::rng();
        let key = Point::from_text(X).unwrap();
        let ciphertext = crate::encrypt::encrypt_choice(&key, 1, &number("42"));
        let claims = crate::ballot::claims(&ciphertext, 2..=4);
        for real in 0..3 {
            let proofs = prove_one_of("p", &key, &claims, real, &number("42"), &mut rng);
            assert!(!KeyTable::new(key).verify_one_of("p", &claims, &proofs));
        }
    }

    #[test]
    fn decryption() {
        let (key, alpha) = (Point::from_text(X).unwrap(), Point::from_text(ALPHA).unwrap());
        let prefix = format!("decrypt|PHI|{X}|");
        let made = prove_equal_logs_with_nonce(&prefix, &x(), &alpha, &w());
        let expected = proof(
            "6758952821796981431824716181948836376272667918529794705167574391746809659826",
            "6611017698047699670058264088223355393079447034271215951062113379974144968556",
        );
        assert_eq!(made, expected);
        let factor =
            Point::from_text("68a84f900a98bc7ddd003825c9a3efcb8592b2b6b5d10020a1bae0cddef99265").unwrap();
        assert!(verify_equal_logs(&prefix, &key, &alpha, &factor, &made));
        assert!(!verify_equal_logs(&prefix, &key, &alpha, &alpha, &made));
        assert!(!verify_equal_logs(&prefix, &key, &key, &factor, &made));
        assert!(!verify_equal_logs(&prefix, &alpha, &alpha, &factor, &made));
    }
}
