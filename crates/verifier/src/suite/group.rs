//! The prime-order subgroup of edwards25519, its text forms, its scalars and the challenge hash.
//!
//! Points are taken in two steps: the 32 bytes are checked for their one canonical spelling before anything else, then decompressed and
//! tested for the subgroup. Bytes that passed the first step are equal exactly if the points are.
//!
//! Spec: specs/ballot-suite.md §1.2, §1.4, §2.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity as _, IsIdentity as _};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a point was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum PointError {
    #[error("not on the curve")]
    NotOnCurve,
    #[error("not in the prime-order subgroup")]
    NotInSubgroup,
    #[error("the neutral element")]
    Neutral,
}

/// The canonical 32 bytes (RFC 8032 order) of something that may be a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PointBytes([u8; 32]);

impl PointBytes {
    /// `None` unless the spelling is canonical.
    pub(crate) fn new(bytes: [u8; 32]) -> Option<PointBytes> {
        is_canonical_encoding(&bytes).then_some(PointBytes(bytes))
    }

    /// Reads the text form: 64 lower-case hexadecimal digits, most significant first.
    pub(crate) fn from_text(text: &str) -> Option<PointBytes> {
        let mut bytes = crate::hash::hex32(text)?;
        bytes.reverse();
        PointBytes::new(bytes)
    }

    pub(crate) fn of(point: &EdwardsPoint) -> PointBytes {
        PointBytes(point.compress().0)
    }

    pub(super) fn of_encoding(encoding: &CompressedEdwardsY) -> PointBytes {
        PointBytes(encoding.0)
    }

    /// Whether this is the one spelling of the neutral element.
    pub(crate) fn is_neutral(&self) -> bool {
        self.0 == CompressedEdwardsY::identity().0
    }

    /// The point on the curve, whatever its order.
    pub(crate) fn decompress(&self) -> Option<EdwardsPoint> {
        CompressedEdwardsY(self.0).decompress()
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn text(&self) -> String {
        let digits = self.digits();
        digits.iter().map(|digit| char::from(*digit)).collect()
    }

    /// The 64 ASCII digits of the text form.
    pub(crate) fn digits(&self) -> [u8; 64] {
        let mut reversed = self.0;
        reversed.reverse();
        let mut digits = [b'0'; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(reversed) {
            if let [high, low] = pair {
                *high = hex_digit(byte >> 4);
                *low = hex_digit(byte & 15);
            }
        }
        digits
    }

    /// Decodes a member of the subgroup; the neutral element is a member.
    pub(crate) fn decode(&self) -> Result<EdwardsPoint, PointError> {
        let point = self.decompress().ok_or(PointError::NotOnCurve)?;
        if point.is_torsion_free() {
            Ok(point)
        } else {
            Err(PointError::NotInSubgroup)
        }
    }

    /// Decodes a member of the subgroup other than the neutral element.
    pub(crate) fn decode_not_neutral(&self) -> Result<EdwardsPoint, PointError> {
        let point = self.decode()?;
        if point == EdwardsPoint::identity() {
            Err(PointError::Neutral)
        } else {
            Ok(point)
        }
    }
}

/// y < 2^255 − 19, and no sign bit where x = 0 (y = 1 and y = −1).
pub(crate) fn is_canonical_encoding(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    let sign = last & 0x80 != 0;
    let top = last & 0x7f;
    let middle_all_ones = middle.iter().all(|b| *b == 0xff);
    if top == 0x7f && middle_all_ones && *first >= 0xed {
        return false;
    }
    let y_is_one = *first == 1 && middle.iter().all(|b| *b == 0) && top == 0;
    let y_is_minus_one = *first == 0xec && middle_all_ones && top == 0x7f;
    !(sign && (y_is_one || y_is_minus_one))
}

/// Decimal digits without sign or leading zero, below the group order.
pub(crate) fn scalar_from_decimal(text: &str) -> Option<Scalar> {
    let digits = text.as_bytes();
    let canonical = !digits.is_empty()
        && digits.len() <= 76
        && digits.iter().all(u8::is_ascii_digit)
        && (digits.len() == 1 || digits.first() != Some(&b'0'));
    if !canonical {
        return None;
    }
    // 76 digits stay below 2^253, so four 64-bit limbs never overflow.
    let mut limbs = [0u64; 4];
    for chunk in digits.chunks(18) {
        let mut factor = 1u64;
        let mut addend = 0u64;
        for digit in chunk {
            factor *= 10;
            addend = addend * 10 + u64::from(digit - b'0');
        }
        let mut carry = u128::from(addend);
        for limb in &mut limbs {
            let wide = u128::from(*limb) * u128::from(factor) + carry;
            *limb = u64::try_from(wide & u128::from(u64::MAX)).unwrap_or_default();
            carry = wide >> 64;
        }
        if carry != 0 {
            return None;
        }
    }
    let mut bytes = [0u8; 32];
    for (out, limb) in bytes.chunks_exact_mut(8).zip(limbs) {
        out.copy_from_slice(&limb.to_le_bytes());
    }
    scalar_from_bytes(&bytes)
}

/// 32 bytes, least significant first, below the group order.
pub(crate) fn scalar_from_bytes(bytes: &[u8; 32]) -> Option<Scalar> {
    Option::from(Scalar::from_canonical_bytes(*bytes))
}

/// Whether q·P is neutral: (q − 1)·P + P, computed in variable time and exact for every point of the curve.
pub(crate) fn has_prime_order(point: &EdwardsPoint) -> bool {
    let less_one = EdwardsPoint::vartime_double_scalar_mul_basepoint(&-Scalar::ONE, point, &Scalar::ZERO);
    (less_one + point).is_identity()
}

/// The challenge H(prefix; points…). Spec: specs/ballot-suite.md §1.4.
pub(crate) fn challenge(prefix: &[&[u8]], points: &[EdwardsPoint]) -> Scalar {
    challenge_of_encodings(prefix, &EdwardsPoint::compress_batch_alloc(points))
}

/// The challenge, from the encodings of the points.
pub(super) fn challenge_of_encodings(prefix: &[&[u8]], encodings: &[CompressedEdwardsY]) -> Scalar {
    let mut hasher = Sha256::new();
    for part in prefix {
        hasher.update(part);
    }
    for (index, encoding) in encodings.iter().enumerate() {
        if index > 0 {
            hasher.update(b",");
        }
        hasher.update(PointBytes(encoding.0).digits());
    }
    let mut digest: [u8; 32] = hasher.finalize().into();
    digest.reverse();
    Scalar::from_bytes_mod_order(digest)
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'a' + (value - 10)
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};

    use super::*;

    const Q: &str = "7237005577332262213973186563042994240857116359379907606001950938285454250989";

    #[test]
    fn scalars_have_one_spelling() {
        assert_eq!(scalar_from_decimal("0"), Some(Scalar::ZERO));
        assert_eq!(
            scalar_from_decimal("123456789"),
            Some(Scalar::from(123_456_789u64))
        );
        let minus_one = Q.replace("50989", "50988");
        assert_eq!(scalar_from_decimal(&minus_one), Some(-Scalar::ONE));
        let largest = "9".repeat(76);
        for bad in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            "1_0",
            " 1",
            "1 ",
            "٣",
            Q,
            &largest,
            &"1".repeat(77),
        ] {
            assert_eq!(scalar_from_decimal(bad), None, "{bad}");
        }
        let long = "1234567890123456789012345678901234567890";
        // 1234567890123456789 · 10^21 + 12345678901234567890
        let by_parts =
            Scalar::from(1_234_567_890_123_456_789u64) * Scalar::from(10u64.pow(18)) * Scalar::from(1000u64)
                + Scalar::from(12_345_678_901_234_567_890u64);
        assert_eq!(scalar_from_decimal(long), Some(by_parts));
    }

    #[test]
    fn points_have_one_spelling() {
        let generator = "6666666666666666666666666666666666666666666666666666666666666658";
        assert_eq!(PointBytes::of(&ED25519_BASEPOINT_POINT).text(), generator);
        assert_eq!(
            PointBytes::from_text(generator).unwrap().decode(),
            Ok(ED25519_BASEPOINT_POINT)
        );
        let neutral = format!("{}1", "0".repeat(63));
        assert_eq!(
            PointBytes::from_text(&neutral).unwrap().decode_not_neutral(),
            Err(PointError::Neutral)
        );
        assert!(PointBytes::from_text(&neutral).unwrap().decode().is_ok());
        let p = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
        for bad in [
            format!("{p}ed"),
            format!("{p}ee"),
            format!("{p}ff"),
            format!("80{}01", "0".repeat(60)),
            format!("ff{}ec", "f".repeat(60)),
            format!("ff{}ed", "f".repeat(60)),
            generator.to_uppercase() + "A",
            generator.replacen("66", "6G", 1),
            "AB".repeat(32),
            generator[..62].to_owned(),
        ] {
            assert_eq!(PointBytes::from_text(&bad), None, "{bad}");
        }
        assert!(
            PointBytes::from_text(&format!("{p}ec")).is_some(),
            "y = -1 is canonical"
        );
    }

    #[test]
    fn only_the_prime_order_subgroup_is_accepted() {
        for torsion in EIGHT_TORSION.iter().skip(1) {
            assert_eq!(PointBytes::of(torsion).decode(), Err(PointError::NotInSubgroup));
            let mixed = ED25519_BASEPOINT_POINT + torsion;
            assert!(!has_prime_order(torsion) && !has_prime_order(&mixed));
            assert_eq!(PointBytes::of(&mixed).decode(), Err(PointError::NotInSubgroup));
        }
        assert!(has_prime_order(&ED25519_BASEPOINT_POINT));
        let mut off_curve = 0;
        for y in 2..40u8 {
            let mut bytes = [0u8; 32];
            bytes[0] = y;
            if PointBytes::new(bytes).unwrap().decode() == Err(PointError::NotOnCurve) {
                off_curve += 1;
            }
        }
        assert!(off_curve > 5);
    }
}
