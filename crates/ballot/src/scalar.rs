//! Scalars: integers modulo the group order q.
//!
//! Two kinds live here. Public scalars (challenges, responses) are read and written as canonical decimal text or
//! as 32 little-endian bytes. [`SecretScalar`] holds keys, credentials and encryption randomness: it erases
//! itself, never prints itself, and only constant-time operations touch it.
//!
//! Spec: specs/ballot-suite.md §1.2.

use curve25519_dalek::scalar::Scalar;
use rand::CryptoRng;
use std::fmt;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Why a text or a byte string is not a canonical scalar. The sender is at fault; retrying does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScalarError {
    /// The text is empty, has something other than digits, or a leading zero.
    #[error("not a decimal number in canonical form")]
    Text,
    /// The number is not below the group order.
    #[error("not below the group order")]
    NotReduced,
    /// A secret must not be zero.
    #[error("zero is not a usable secret")]
    Zero,
}

/// A secret integer modulo the group order; erased when dropped, redacted when printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretScalar(Scalar);

impl SecretScalar {
    /// Draws a uniform secret.
    #[must_use]
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut wide = Zeroizing::new([0u8; 64]);
        rng.fill_bytes(wide.as_mut_slice());
        Self(Scalar::from_bytes_mod_order_wide(&wide))
    }

    /// Reads 32 bytes, least significant first.
    ///
    /// # Errors
    /// [`ScalarError::NotReduced`] unless the number is below the group order, [`ScalarError::Zero`] for zero.
    pub fn from_le_bytes(bytes: &[u8; 32]) -> Result<Self, ScalarError> {
        let scalar = Self(from_le_bytes(bytes)?);
        if scalar.0 == Scalar::ZERO {
            return Err(ScalarError::Zero);
        }
        Ok(scalar)
    }

    /// Reads canonical decimal text, the form of Belenios private keys.
    ///
    /// # Errors
    /// [`ScalarError`] unless the text is canonical, below the group order, and not zero.
    pub fn from_decimal(text: &str) -> Result<Self, ScalarError> {
        let scalar = Self(parse_decimal(text)?);
        if scalar.0 == Scalar::ZERO {
            return Err(ScalarError::Zero);
        }
        Ok(scalar)
    }

    /// The secret as 32 bytes, least significant first, to be stored in a protected place.
    #[must_use]
    pub fn expose_le_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    pub(crate) fn new(scalar: Scalar) -> Self {
        Self(scalar)
    }

    pub(crate) fn expose(&self) -> &Scalar {
        &self.0
    }
}

impl fmt::Debug for SecretScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretScalar(redacted)")
    }
}

/// Canonical decimal text to scalar. Variable time: public values, and secrets only where they enter from a file.
pub(crate) fn parse_decimal(text: &str) -> Result<Scalar, ScalarError> {
    let digits = text.as_bytes();
    if digits.is_empty() || (digits.len() > 1 && digits[0] == b'0') {
        return Err(ScalarError::Text);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(ScalarError::Text);
    }
    if digits.len() > MAX_DIGITS {
        return Err(ScalarError::NotReduced);
    }
    // 76 digits stay below 10^76 < 2^253, so that the limbs cannot overflow.
    let mut limbs = Zeroizing::new([0u64; 4]);
    for chunk in digits.chunks(LIMB_DIGITS) {
        let mut scale = 1u64;
        let mut carry = 0u64;
        for digit in chunk {
            scale *= 10;
            carry = carry * 10 + u64::from(digit - b'0');
        }
        for limb in limbs.iter_mut() {
            let wide = u128::from(*limb) * u128::from(scale) + u128::from(carry);
            *limb = low(wide);
            carry = high(wide);
        }
    }
    let mut bytes = Zeroizing::new([0u8; 32]);
    for (out, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter()) {
        out.copy_from_slice(&limb.to_le_bytes());
    }
    from_le_bytes(&bytes)
}

/// Scalar to canonical decimal text.
pub(crate) fn to_decimal(scalar: &Scalar) -> String {
    let mut limbs = Zeroizing::new([0u64; 4]);
    for (limb, bytes) in limbs.iter_mut().zip(scalar.as_bytes().chunks_exact(8)) {
        let mut word = [0u8; 8];
        word.copy_from_slice(bytes);
        *limb = u64::from_le_bytes(word);
    }
    // Five groups of 18 digits hold 90 digits; a scalar has at most 76.
    let mut groups = Zeroizing::new([0u64; 5]);
    for group in groups.iter_mut() {
        let mut rest = 0u64;
        for limb in limbs.iter_mut().rev() {
            let wide = (u128::from(rest) << 64) | u128::from(*limb);
            *limb = low(wide / u128::from(LIMB_BASE));
            rest = low(wide % u128::from(LIMB_BASE));
        }
        *group = rest;
    }
    let padded: String = groups.iter().rev().map(|group| format!("{group:018}")).collect();
    let significant = padded.trim_start_matches('0');
    if significant.is_empty() {
        "0".to_owned()
    } else {
        significant.to_owned()
    }
}

pub(crate) fn from_le_bytes(bytes: &[u8; 32]) -> Result<Scalar, ScalarError> {
    Option::from(Scalar::from_canonical_bytes(*bytes)).ok_or(ScalarError::NotReduced)
}

/// Digits of the group order.
pub(crate) const MAX_DIGITS: usize = 76;

const LIMB_DIGITS: usize = 18;
const LIMB_BASE: u64 = 1_000_000_000_000_000_000;

fn low(wide: u128) -> u64 {
    (wide & u128::from(u64::MAX)) as u64
}

fn high(wide: u128) -> u64 {
    (wide >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORDER: &str = "7237005577332262213973186563042994240857116359379907606001950938285454250989";
    const ORDER_MINUS_1: &str =
        "7237005577332262213973186563042994240857116359379907606001950938285454250988";

    #[test]
    fn bounds() {
        assert_eq!(parse_decimal(ORDER), Err(ScalarError::NotReduced));
        assert_eq!(parse_decimal(ORDER_MINUS_1).unwrap(), -Scalar::ONE);
        assert_eq!(to_decimal(&-Scalar::ONE), ORDER_MINUS_1);
        assert_eq!(ORDER.len(), MAX_DIGITS);
        assert_eq!(parse_decimal("0").unwrap(), Scalar::ZERO);
        assert_eq!(to_decimal(&Scalar::ZERO), "0");
        assert_eq!(parse_decimal(&"9".repeat(76)), Err(ScalarError::NotReduced));
        assert_eq!(parse_decimal(&"9".repeat(77)), Err(ScalarError::NotReduced));
        assert_eq!(to_decimal(&Scalar::from(LIMB_BASE)), "1000000000000000000");
    }

    #[test]
    fn spellings() {
        for bad in [
            "", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "1.0", "1e3", "١",
        ] {
            assert_eq!(parse_decimal(bad), Err(ScalarError::Text), "{bad}");
        }
    }

    #[test]
    fn secrets() {
        assert_eq!(SecretScalar::from_decimal("0").unwrap_err(), ScalarError::Zero);
        assert_eq!(
            SecretScalar::from_le_bytes(&[0; 32]).unwrap_err(),
            ScalarError::Zero
        );
        assert_eq!(
            SecretScalar::from_le_bytes(&[255; 32]).unwrap_err(),
            ScalarError::NotReduced
        );
        assert_eq!(
            format!("{:?}", SecretScalar::from_decimal("77").unwrap()),
            "SecretScalar(redacted)"
        );
    }

    proptest! {
        #[test]
        fn decimal_round_trip(wide in any::<[u8; 32]>()) {
            let scalar = Scalar::from_bytes_mod_order(wide);
            let text = to_decimal(&scalar);
            prop_assert_eq!(parse_decimal(&text).unwrap(), scalar);
            // Against schoolbook arithmetic on the scalars themselves.
            let ten = Scalar::from(10u8);
            let slow = text.bytes().fold(Scalar::ZERO, |sum, d| sum * ten + Scalar::from(d - b'0'));
            prop_assert_eq!(slow, scalar);
        }
    }
}
