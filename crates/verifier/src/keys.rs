//! Ed25519 under the strict rule, and nothing else: no batch verification anywhere.
//!
//! Spec: specs/ledger.md §1.2.

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::suite::group::is_canonical_encoding;

/// A public key: a canonical encoding of a point that is not of small order.
pub(crate) fn is_public_key(bytes: &[u8; 32]) -> bool {
    is_canonical_encoding(bytes)
        && CompressedEdwardsY(*bytes)
            .decompress()
            .is_some_and(|point| !point.is_small_order())
}

/// A public key that may be enrolled: it also lies in the prime-order subgroup.
pub(crate) fn is_enrollable_key(bytes: &[u8; 32]) -> bool {
    is_public_key(bytes)
        && CompressedEdwardsY(*bytes)
            .decompress()
            .is_some_and(|point| point.is_torsion_free())
}

/// Whether `signature` is `key`'s signature of `message` under the strict rule.
pub(crate) fn signature_holds(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let Some(r) = signature.first_chunk::<32>() else {
        return false;
    };
    // The library checks small order, `S` and the equation; it does not refuse every non-canonical encoding of the key.
    if !is_canonical_encoding(key) || !is_canonical_encoding(r) {
        return false;
    }
    VerifyingKey::from_bytes(key).is_ok_and(|key| {
        key.verify_strict(message, &Signature::from_bytes(signature))
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    #[test]
    fn small_order_and_odd_encodings_are_refused() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = key.verifying_key().to_bytes();
        let good = key.sign(b"m").to_bytes();
        assert!(is_public_key(&public));
        assert!(signature_holds(&public, b"m", &good));
        for i in 0..64 {
            let mut bad = good;
            bad[i] ^= 1;
            assert!(!signature_holds(&public, b"m", &bad), "byte {i}");
        }
        assert!(!signature_holds(&public, b"n", &good));
        let mut neutral = [0u8; 32];
        neutral[0] = 1;
        assert!(!is_public_key(&neutral));
        // y = 1 with the sign bit, y = p + 1: other spellings of the neutral element.
        let mut signed_neutral = neutral;
        signed_neutral[31] = 0x80;
        let mut beyond = [0xff; 32];
        beyond[0] = 0xee;
        beyond[31] = 0x7f;
        for weak in [neutral, signed_neutral, beyond] {
            assert!(!is_public_key(&weak));
            // With a small-order key, R = S·B satisfies the equation for many messages; all refused.
            let mut signature = [0u8; 64];
            signature[..32].copy_from_slice(&weak);
            assert!(!signature_holds(&weak, b"m", &signature));
            assert!(!signature_holds(&public, b"m", &signature));
        }
        // S + group order.
        let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
        let mut carry = 0u16;
        let mut above = good;
        for (byte, add) in above[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = (sum & 0xff) as u8;
            carry = sum >> 8;
        }
        assert!(!signature_holds(&public, b"m", &above));
    }
}
