//! Threshold blocks, message by message: certificates, coefficients, the keys that follow, and the record of all of them.
//!
//! Spec: specs/ballot-suite.md §6.3, §6.4, §10, specs/election.md §7.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use thiserror::Error;

use crate::hash::sha256;
use crate::json::{Cursor, JsonError};
use crate::suite::group::{PointBytes, PointError};
use crate::suite::proof::Proof;
use crate::suite::trustee::{Trustee, TrusteeError};

/// Why a message of a ceremony was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum ThresholdError {
    #[error("not canonical: {0}")]
    Form(#[from] JsonError),
    #[error("a point is {0}")]
    Point(#[from] PointError),
    #[error("a signature does not hold")]
    Signature,
    #[error("the two keys of the certificate are the same")]
    SameKeys,
    #[error("the key is refused: {0}")]
    Key(#[from] TrusteeError),
    #[error("the key does not follow from the coefficients")]
    OtherKey,
    #[error("the name is not the manifest's")]
    Name,
}

/// The numbers that all messages of an attempt are bound to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) attempt: u16,
    pub(crate) members: usize,
    pub(crate) threshold: usize,
}

/// A certificate whose signature holds.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    raw: Vec<u8>,
    pub(crate) verification: PointBytes,
    pub(crate) encryption: PointBytes,
    key: EdwardsPoint,
}

/// Coefficients whose signature holds.
#[derive(Debug, Clone)]
pub(crate) struct Coefficients {
    raw: Vec<u8>,
    pub(crate) texts: Vec<PointBytes>,
    points: Vec<EdwardsPoint>,
}

/// A member's confirmed key.
#[derive(Debug, Clone)]
pub(crate) struct Confirmed {
    pub(crate) trustee: Trustee,
    key: Vec<u8>,
    signature: Vec<u8>,
}

/// A message and the proof that signs it, as JSON. Spec: specs/ballot-suite.md §6.3.
fn signed_message(bytes: &[u8]) -> Result<(String, Proof), ThresholdError> {
    let mut cursor = Cursor::new(bytes);
    cursor.expect("{\"message\":")?;
    let message = cursor.suite_string()?;
    cursor.expect(",\"signature\":")?;
    let signature = Proof::parse(&mut cursor)?;
    cursor.expect("}")?;
    cursor.end()?;
    Ok((message, signature))
}

fn signature_holds(message: &[u8], signature: &Proof, key: &EdwardsPoint) -> Result<(), ThresholdError> {
    if signature.schnorr_holds(&[b"sigmsg|", message, b"|"], key) {
        Ok(())
    } else {
        Err(ThresholdError::Signature)
    }
}

impl Certificate {
    /// Spec: specs/ballot-suite.md §6.4.1.
    pub(crate) fn verify(bytes: &[u8], numbers: Numbers, index: u16) -> Result<Certificate, ThresholdError> {
        let (message, signature) = signed_message(bytes)?;
        let mut cursor = Cursor::new(message.as_bytes());
        let number = |cursor: &mut Cursor<'_>, expected: u64, what: &'static str| {
            if cursor.integer(u64::from(u16::MAX))? == expected {
                Ok(())
            } else {
                Err(cursor.error(what))
            }
        };
        cursor.expect("{\"context\":{\"group\":\"Ed25519\",\"size\":")?;
        number(&mut cursor, numbers.members as u64, "the number of trustees")?;
        cursor.expect(",\"threshold\":")?;
        number(&mut cursor, numbers.threshold as u64, "the threshold")?;
        cursor.expect(",\"index\":")?;
        number(&mut cursor, u64::from(index), "the index of the trustee")?;
        cursor.expect("},\"verification\":")?;
        let verification = cursor.point()?;
        cursor.expect(",\"encryption\":")?;
        let encryption = cursor.point()?;
        cursor.expect("}")?;
        cursor.end()?;
        let key = verification.decode_not_neutral()?;
        encryption.decode_not_neutral()?;
        signature_holds(message.as_bytes(), &signature, &key)?;
        if verification == encryption {
            return Err(ThresholdError::SameKeys);
        }
        Ok(Certificate {
            raw: bytes.to_vec(),
            verification,
            encryption,
            key,
        })
    }
}

impl Coefficients {
    /// Spec: specs/ballot-suite.md §6.4.2.
    pub(crate) fn verify(
        bytes: &[u8],
        numbers: Numbers,
        certificate: &Certificate,
    ) -> Result<Coefficients, ThresholdError> {
        let (message, signature) = signed_message(bytes)?;
        let mut cursor = Cursor::new(message.as_bytes());
        cursor.expect("{\"coefexps\":")?;
        let texts = cursor.array_of(numbers.threshold, Cursor::point)?;
        cursor.expect("}")?;
        cursor.end()?;
        let points = texts
            .iter()
            .map(PointBytes::decode_not_neutral)
            .collect::<Result<Vec<_>, _>>()?;
        signature_holds(message.as_bytes(), &signature, &certificate.key)?;
        Ok(Coefficients {
            raw: bytes.to_vec(),
            texts,
            points,
        })
    }
}

/// Spec: specs/election.md §7.2.
pub(crate) fn commitment(
    event: &[u8; 32],
    attempt: u16,
    index: u16,
    salt: &[u8; 32],
    coefficients: &[u8],
) -> [u8; 32] {
    sha256(&[
        b"sijill/coefficients/v1\n",
        event,
        &attempt.to_be_bytes(),
        &index.to_be_bytes(),
        salt,
        coefficients,
    ])
}

/// Canonical and not of low order. Spec: specs/election.md §7.2.
pub(crate) fn is_channel_key(key: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = key;
    let reduced = *last <= 0x7f && (*last < 0x7f || *first < 0xed || middle.iter().any(|byte| *byte != 0xff));
    // Any clamped scalar kills the points of low order, and no others.
    reduced && MontgomeryPoint(*key).mul_clamped([0; 32]) != MontgomeryPoint([0; 32])
}

/// Spec: specs/election.md §7.7.
pub(crate) fn is_secret_of(secret: &[u8; 32], channel_key: &[u8; 32]) -> bool {
    MontgomeryPoint::mul_base_clamped(*secret).0 == *channel_key
}

/// Σ_i Σ_k index^k·A_{i,k}.
fn key_of_member(coefficients: &[&Coefficients], index: u16) -> EdwardsPoint {
    let mut sum = EdwardsPoint::identity();
    for dealer in coefficients {
        let mut power = Scalar::ONE;
        for point in &dealer.points {
            sum += power * point;
            power *= Scalar::from(index);
        }
    }
    sum
}

/// Σ_i A_{i,0}.
pub(crate) fn common_key(coefficients: &[&Coefficients]) -> EdwardsPoint {
    coefficients.iter().filter_map(|c| c.points.first()).sum()
}

impl Confirmed {
    /// Certificates and coefficients are those of all members, in order. Spec: specs/election.md §7.5.
    pub(crate) fn verify(
        key: &[u8],
        signature: &[u8],
        index: u16,
        name: &str,
        certificates: &[&Certificate],
        coefficients: &[&Coefficients],
    ) -> Result<Confirmed, ThresholdError> {
        let mut cursor = Cursor::new(signature);
        let vouches = Proof::parse(&mut cursor)?;
        cursor.end()?;
        let (trustee, of_key) = Trustee::verify_signed(key)?;
        confirm(
            &trustee,
            Some(&of_key),
            &vouches,
            index,
            certificates,
            coefficients,
        )?;
        if trustee.name.as_deref() != Some(name) {
            return Err(ThresholdError::Name);
        }
        Ok(Confirmed {
            trustee,
            key: key.to_vec(),
            signature: signature.to_vec(),
        })
    }
}

/// A member vouches for all certificates and its own coefficients, and its key follows from the coefficients. `of_key` is the signature of the
/// key, where there is one. Spec: specs/ballot-suite.md §6.4.3, §6.4.4.
pub(crate) fn confirm(
    trustee: &Trustee,
    of_key: Option<&Proof>,
    vouches: &Proof,
    index: u16,
    certificates: &[&Certificate],
    coefficients: &[&Coefficients],
) -> Result<(), ThresholdError> {
    let at = usize::from(index).saturating_sub(1);
    let (Some(certificate), Some(own)) = (certificates.get(at), coefficients.get(at)) else {
        return Err(ThresholdError::OtherKey);
    };
    let mut message = b"certs_sig|{\"certs\":[".to_vec();
    push_joined(&mut message, certificates.iter().map(|c| c.raw.as_slice()));
    message.extend_from_slice(b"],\"coefexps\":[\"");
    let texts: Vec<String> = own.texts.iter().map(PointBytes::text).collect();
    message.extend_from_slice(texts.join("\",\"").as_bytes());
    message.extend_from_slice(b"\"]}");
    signature_holds(&message, vouches, &certificate.key)?;
    if key_of_member(coefficients, index) != trustee.point {
        return Err(ThresholdError::OtherKey);
    }
    match of_key {
        Some(of_key) => signature_holds(trustee.public.text().as_bytes(), of_key, &certificate.key),
        None => Ok(()),
    }
}

/// The trustees record of a ceremony. Spec: specs/election.md §7.6.
pub(crate) fn ceremony_record(
    threshold: usize,
    certificates: &[&Certificate],
    coefficients: &[&Coefficients],
    confirmed: &[&Confirmed],
) -> Vec<u8> {
    let mut out = format!("[[\"Pedersen\",{{\"threshold\":{threshold},\"certs\":[").into_bytes();
    push_joined(&mut out, certificates.iter().map(|c| c.raw.as_slice()));
    out.extend_from_slice(b"],\"coefexps\":[");
    push_joined(&mut out, coefficients.iter().map(|c| c.raw.as_slice()));
    out.extend_from_slice(b"],\"signatures\":[");
    push_joined(&mut out, confirmed.iter().map(|c| c.signature.as_slice()));
    out.extend_from_slice(b"],\"verification_keys\":[");
    push_joined(&mut out, confirmed.iter().map(|c| c.key.as_slice()));
    out.extend_from_slice(b"]}]]");
    out
}

fn push_joined<'a>(out: &mut Vec<u8>, items: impl Iterator<Item = &'a [u8]>) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
}

/// λ of `slot` among distinct `slots`, 1-based. Spec: specs/ballot-suite.md §10.
pub(crate) fn lagrange(slot: u16, slots: &[u16]) -> Scalar {
    let mut value = Scalar::ONE;
    for other in slots.iter().filter(|other| **other != slot) {
        value *= Scalar::from(*other) * (Scalar::from(*other) - Scalar::from(slot)).invert();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channel_keys() {
        let key = |text: &str| <[u8; 32]>::try_from(hex::decode(text).unwrap()).unwrap();
        let low = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        ];
        let not_canonical = [
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0900000000000000000000000000000000000000000000000000000000000080",
        ];
        for refused in low.iter().chain(&not_canonical) {
            assert!(!is_channel_key(&key(refused)), "{refused}");
        }
        let (secret, other) = ([7; 32], [8; 32]);
        let public = MontgomeryPoint::mul_base_clamped(secret).0;
        assert!(is_channel_key(&public) && is_secret_of(&secret, &public));
        assert!(!is_secret_of(&other, &public));
    }

    #[test]
    fn interpolation_at_zero() {
        // f(x) = 5 + 3x + 7x²
        let f = |x: u64| Scalar::from(5 + 3 * x + 7 * x * x);
        for slots in [[1u16, 2, 3], [2, 5, 9], [1, 30, 32]] {
            let sum: Scalar = slots
                .iter()
                .map(|slot| lagrange(*slot, &slots) * f(u64::from(*slot)))
                .sum();
            assert_eq!(sum, Scalar::from(5u64));
        }
    }
}
