//! Ballots as plain data, to be changed at will and signed again: what a forger with a credential can do.

use base64::Engine;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sijill_ballot::Credential;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RawProof {
    pub(crate) challenge: String,
    pub(crate) response: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RawCiphertext {
    pub(crate) alpha: String,
    pub(crate) beta: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RawAnswer {
    pub(crate) choices: Vec<RawCiphertext>,
    pub(crate) individual_proofs: Vec<Vec<RawProof>>,
    pub(crate) overall_proof: Vec<RawProof>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) blank_proof: Option<Vec<RawProof>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RawSignature {
    pub(crate) hash: String,
    pub(crate) proof: RawProof,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RawBallot {
    pub(crate) election_uuid: String,
    pub(crate) election_hash: String,
    pub(crate) credential: String,
    pub(crate) answers: Vec<RawAnswer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<RawSignature>,
}

impl RawBallot {
    pub(crate) fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap()
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap()
    }

    /// The ballot with a good signature of `credential`.
    pub(crate) fn signed(mut self, credential: &Credential) -> String {
        self.signature = None;
        let digest = Sha256::digest(self.json().as_bytes());
        let hash = base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest);
        let secret = Scalar::from_bytes_mod_order(*credential.expose_le_bytes());
        let nonce = Scalar::from(4_711_u32);
        let commitment = text(&EdwardsPoint::mul_base(&nonce));
        let mut digest: [u8; 32] = Sha256::digest(format!("sig|{hash}|{commitment}").as_bytes()).into();
        digest.reverse();
        let challenge = Scalar::from_bytes_mod_order(digest);
        let proof = RawProof {
            challenge: decimal(&challenge),
            response: decimal(&(nonce - secret * challenge)),
        };
        self.signature = Some(RawSignature { hash, proof });
        self.json()
    }
}

pub(crate) fn point(text: &str) -> EdwardsPoint {
    let mut bytes: [u8; 32] = hex::decode(text).unwrap().try_into().unwrap();
    bytes.reverse();
    CompressedEdwardsY(bytes).decompress().unwrap()
}

pub(crate) fn text(point: &EdwardsPoint) -> String {
    let mut bytes = point.compress().to_bytes();
    bytes.reverse();
    hex::encode(bytes)
}

/// Schoolbook conversion, digit by digit.
fn decimal(scalar: &Scalar) -> String {
    let mut bytes = scalar.to_bytes();
    let mut digits = vec![];
    while bytes.iter().any(|b| *b != 0) {
        let mut rest = 0u32;
        for byte in bytes.iter_mut().rev() {
            let wide = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(wide / 10).unwrap();
            rest = wide % 10;
        }
        digits.push(char::from_digit(rest, 10).unwrap());
    }
    if digits.is_empty() {
        "0".to_owned()
    } else {
        digits.iter().rev().collect()
    }
}
