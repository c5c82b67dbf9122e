//! The group: the prime-order subgroup of edwards25519, its strict text form, and the challenge hash.
//!
//! A [`Point`] is always a canonical encoding of an element of the subgroup: the only ways to make one are strict
//! decoding and arithmetic on other elements.
//!
//! Spec: specs/ballot-suite.md §1.4 and §2.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::fmt;
use thiserror::Error;

/// Why a text or a byte string is not an acceptable group element. The sender is at fault; retrying does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PointError {
    /// Not exactly 64 lower-case hexadecimal digits.
    #[error("not 64 lower-case hexadecimal digits")]
    Text,
    /// The y coordinate is not below the field's prime.
    #[error("coordinate not reduced")]
    NotReduced,
    /// x is zero, yet the sign bit is set.
    #[error("sign bit set on a zero coordinate")]
    SignOfZero,
    /// No point of the curve has this encoding.
    #[error("not a point of the curve")]
    NotOnCurve,
    /// A point of the curve outside the prime-order subgroup.
    #[error("not in the prime-order subgroup")]
    Torsion,
    /// The neutral element, where it is refused.
    #[error("the neutral element is refused here")]
    Neutral,
}

/// An element of the prime-order group, with its canonical encoding.
///
/// Ordered by its 32-byte encoding (Spec: specs/ballot-suite.md §2.4).
#[derive(Clone, Copy)]
pub struct Point {
    inner: EdwardsPoint,
    encoding: [u8; 32],
}

impl Point {
    /// The generator G.
    #[must_use]
    pub fn generator() -> Self {
        Self::from_inner(GENERATOR)
    }

    /// The neutral element.
    #[must_use]
    pub fn neutral() -> Self {
        Self::from_inner(EdwardsPoint::identity())
    }

    /// Strictly decodes 64 lower-case hexadecimal digits, most significant first.
    ///
    /// Spec: specs/ballot-suite.md §2.2.
    ///
    /// # Errors
    /// [`PointError`] unless the text is the canonical encoding of an element of the subgroup. The neutral element
    /// is accepted: see [`Point::refuse_neutral`].
    pub fn from_text(text: &str) -> Result<Self, PointError> {
        Self::from_bytes(&bytes_of_text(text)?)
    }

    /// Strictly decodes the 32-byte encoding of RFC 8032.
    ///
    /// # Errors
    /// As [`Point::from_text`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PointError> {
        let inner = decompress(bytes)?;
        if !is_in_subgroup(&inner) {
            return Err(PointError::Torsion);
        }
        Ok(Self {
            inner,
            encoding: *bytes,
        })
    }

    /// The point itself, unless it is the neutral element.
    ///
    /// # Errors
    /// [`PointError::Neutral`].
    pub fn refuse_neutral(self) -> Result<Self, PointError> {
        if self.is_neutral() {
            Err(PointError::Neutral)
        } else {
            Ok(self)
        }
    }

    /// The text form: 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        text_of_bytes(&self.encoding)
    }

    /// The 32-byte encoding of RFC 8032.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.encoding
    }

    /// Whether this is the neutral element.
    #[must_use]
    pub fn is_neutral(&self) -> bool {
        self.inner.is_identity()
    }

    /// Decodes an element that was fully checked before, without the subgroup test.
    pub(crate) fn danger_from_checked_text(text: &str) -> Result<Self, PointError> {
        let encoding = bytes_of_text(text)?;
        Ok(Self {
            inner: decompress(&encoding)?,
            encoding,
        })
    }

    /// Wraps a result of arithmetic on elements of the subgroup.
    pub(crate) fn from_inner(inner: EdwardsPoint) -> Self {
        Self {
            inner,
            encoding: inner.compress().to_bytes(),
        }
    }

    pub(crate) fn inner(&self) -> &EdwardsPoint {
        &self.inner
    }
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.encoding == other.encoding
    }
}

impl Eq for Point {}

impl std::hash::Hash for Point {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.encoding.hash(state);
    }
}

impl PartialOrd for Point {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Point {
    fn cmp(&self, other: &Self) -> Ordering {
        self.encoding.cmp(&other.encoding)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Point({})", self.text())
    }
}

/// An ElGamal ciphertext of a small number.
///
/// Spec: specs/ballot-suite.md §7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ciphertext {
    /// r·G.
    pub alpha: Point,
    /// r·Y + m·G.
    pub beta: Point,
}

pub(crate) const GENERATOR: EdwardsPoint = curve25519_dalek::constants::ED25519_BASEPOINT_POINT;

/// The challenge hash over a prefix and group elements.
///
/// Spec: specs/ballot-suite.md §1.4.
pub(crate) fn challenge(prefix: &str, elements: &[EdwardsPoint]) -> Scalar {
    let mut hash = Sha256::new();
    hash.update(prefix.as_bytes());
    for (i, encoding) in EdwardsPoint::compress_batch_alloc(elements).iter().enumerate() {
        if i > 0 {
            hash.update(b",");
        }
        hash.update(text_of_bytes(encoding.as_bytes()).as_bytes());
    }
    scalar_of_digest(hash.finalize().into())
}

/// A SHA-256 digest as a big-endian integer, modulo the group order.
pub(crate) fn scalar_of_digest(mut digest: [u8; 32]) -> Scalar {
    digest.reverse();
    Scalar::from_bytes_mod_order(digest)
}

fn text_of_bytes(encoding: &[u8; 32]) -> String {
    let mut bytes = *encoding;
    bytes.reverse();
    hex::encode(bytes)
}

fn bytes_of_text(text: &str) -> Result<[u8; 32], PointError> {
    let mut bytes = [0u8; 32];
    if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(PointError::Text);
    }
    hex::decode_to_slice(text, &mut bytes).map_err(|_| PointError::Text)?;
    bytes.reverse();
    Ok(bytes)
}

/// Decompresses after the byte-level checks that the curve library leaves to its callers.
fn decompress(bytes: &[u8; 32]) -> Result<EdwardsPoint, PointError> {
    let mut y = *bytes;
    y[31] &= 0x7f;
    let sign = bytes[31] & 0x80 != 0;
    let high_ones = y[31] == 0x7f && y[1..31].iter().all(|b| *b == 0xff);
    if high_ones && y[0] >= 0xed {
        return Err(PointError::NotReduced);
    }
    let is_one = y[0] == 1 && y[1..].iter().all(|b| *b == 0);
    let is_minus_one = high_ones && y[0] == 0xec;
    if sign && (is_one || is_minus_one) {
        return Err(PointError::SignOfZero);
    }
    CompressedEdwardsY(*bytes)
        .decompress()
        .ok_or(PointError::NotOnCurve)
}

/// q·P = 0, tested as (q − 1)·P = −P in variable time: the point is public.
fn is_in_subgroup(point: &EdwardsPoint) -> bool {
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&-Scalar::ONE, point, &Scalar::ZERO) == -point
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::EIGHT_TORSION;

    fn le(text: &str) -> [u8; 32] {
        let mut b: [u8; 32] = hex::decode(text).unwrap().try_into().unwrap();
        b.reverse();
        b
    }

    #[test]
    fn fixed_texts() {
        assert_eq!(
            Point::generator().text(),
            "6666666666666666666666666666666666666666666666666666666666666658"
        );
        let neutral = "0000000000000000000000000000000000000000000000000000000000000001";
        assert_eq!(Point::neutral().text(), neutral);
        let read = Point::from_text(neutral).unwrap();
        assert!(read.is_neutral());
        assert_eq!(read.refuse_neutral(), Err(PointError::Neutral));
        assert_eq!(
            Point::from_text(&Point::generator().text()),
            Ok(Point::generator())
        );
    }

    #[test]
    fn texts_refused() {
        let good = Point::generator().text();
        for bad in [
            &good[1..],
            &format!("0{good}"),
            &format!("{}A", &good[..63]),
            &format!("{}g", &good[..63]),
            "",
        ] {
            assert_eq!(Point::from_text(bad), Err(PointError::Text));
        }
        let upper = Point::from_inner(GENERATOR * Scalar::from(123_456_789u64))
            .text()
            .to_uppercase();
        assert_eq!(Point::from_text(&upper), Err(PointError::Text));
    }

    #[test]
    fn encodings_refused() {
        // Every y from p to 2^255 - 1, with both signs: all are second spellings.
        for low in 0xed..=0xffu8 {
            for top in [0x7f, 0xff] {
                let mut bytes = [0xff; 32];
                bytes[0] = low;
                bytes[31] = top;
                assert_eq!(Point::from_bytes(&bytes), Err(PointError::NotReduced));
            }
        }
        let minus_zero = le("8000000000000000000000000000000000000000000000000000000000000001");
        assert_eq!(Point::from_bytes(&minus_zero), Err(PointError::SignOfZero));
        let mut minus_one = [0xff; 32];
        minus_one[0] = 0xec;
        assert_eq!(Point::from_bytes(&minus_one), Err(PointError::SignOfZero));
        minus_one[31] = 0x7f;
        assert_eq!(Point::from_bytes(&minus_one), Err(PointError::Torsion));
        let off = le("0000000000000000000000000000000000000000000000000000000000000002");
        assert_eq!(Point::from_bytes(&off), Err(PointError::NotOnCurve));
    }

    #[test]
    fn torsion_refused() {
        let honest = GENERATOR * Scalar::from(42u8);
        for (i, torsion) in EIGHT_TORSION.iter().enumerate() {
            let alone = Point::from_bytes(torsion.compress().as_bytes());
            let mixed = Point::from_bytes((honest + torsion).compress().as_bytes());
            if i == 0 {
                assert!(alone.is_ok() && mixed.is_ok());
            } else {
                assert_eq!(alone, Err(PointError::Torsion));
                assert_eq!(mixed, Err(PointError::Torsion));
            }
            assert_eq!(
                is_in_subgroup(&(honest + torsion)),
                (honest + torsion).is_torsion_free()
            );
        }
    }
}
