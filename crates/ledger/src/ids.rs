//! The names and numbers that every part of the workspace speaks in: ids, hashes, positions, times.
//!
//! Byte ids print and parse as strict lower-case hexadecimal, and are raw arrays on the wire (text formats such
//! as JSON carry the hexadecimal). Spec: specs/ledger.md §1, §2.

use core::fmt;
use core::str::FromStr;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not an id, a position or a time. The fault is the text's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseIdError {
    /// Not the number of characters that this id has.
    #[error("expected {expected} hexadecimal characters, found {found} bytes")]
    Length {
        /// Characters that the id has.
        expected: usize,
        /// Bytes that the text has.
        found: usize,
    },
    /// A character outside `0-9a-f`.
    #[error("a character that is not a lower-case hexadecimal digit")]
    Digit,
    /// Not a decimal number in its shortest form, or beyond the type.
    #[error("not a decimal number in its shortest form")]
    Decimal,
    /// A time at or after the year 10000.
    #[error("a time beyond the year 9999")]
    Time,
}

/// Decodes strict lower-case hexadecimal of exactly `N` bytes.
pub(crate) fn hex_array<const N: usize>(text: &str) -> Result<[u8; N], ParseIdError> {
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return Err(ParseIdError::Length {
            expected: 2 * N,
            found: text.len(),
        });
    }
    let digit = |c: u8| match c {
        b'0'..=b'9' => Ok(c - b'0'),
        b'a'..=b'f' => Ok(c - b'a' + 10),
        _ => Err(ParseIdError::Digit),
    };
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(out)
}

/// Parses an unsigned decimal number: digits only, no leading zero, no sign.
pub(crate) fn decimal(text: &str) -> Result<u64, ParseIdError> {
    let bytes = text.as_bytes();
    let shortest = matches!(bytes, [b'0'] | [b'1'..=b'9', ..]);
    if !shortest || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(ParseIdError::Decimal);
    }
    text.parse().map_err(|_| ParseIdError::Decimal)
}

struct ArrayVisitor<const N: usize>;

impl<'de, const N: usize> Visitor<'de> for ArrayVisitor<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes, or as many in lower-case hexadecimal")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<[u8; N], A::Error> {
        let mut out = [0; N];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = seq
                .next_element()?
                .ok_or_else(|| A::Error::invalid_length(i, &self))?;
        }
        Ok(out)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<[u8; N], E> {
        hex_array(text).map_err(E::custom)
    }
}

pub(crate) fn serialize_array<S: Serializer, const N: usize>(
    bytes: &[u8; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        return serializer.serialize_str(&hex::encode(bytes));
    }
    let mut tuple = serializer.serialize_tuple(N)?;
    for byte in bytes {
        tuple.serialize_element(byte)?;
    }
    tuple.end()
}

pub(crate) fn deserialize_array<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    if deserializer.is_human_readable() {
        return deserializer.deserialize_str(ArrayVisitor);
    }
    deserializer.deserialize_tuple(N, ArrayVisitor)
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes the raw bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The raw bytes, by value.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $len] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for byte in self.0 {
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                hex_array(text).map(Self)
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl From<$name> for [u8; $len] {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_array(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_array(deserializer).map(Self)
            }
        }
    };
}

byte_id! {
    /// The id of a ledger: SHA-256 of its encoded genesis. Spec: specs/ledger.md §3.
    LedgerId, 32
}
byte_id! {
    /// The leaf hash of an entry: SHA-256(0x00 ‖ entry bytes). Spec: specs/ledger.md §5.
    LeafHash, 32
}
byte_id! {
    /// The hash of a body: SHA-256 of the message to sign. Spec: specs/ledger.md §4.
    BodyHash, 32
}
byte_id! {
    /// SHA-256 of a cited document. Spec: specs/ledger.md §9.
    ContentHash, 32
}
byte_id! {
    /// A Merkle root. Spec: specs/ledger.md §6.
    Root, 32
}
byte_id! {
    /// An author's nonce: `(author, nonce)` occurs once in a ledger. Spec: specs/ledger.md §4.1.
    Nonce, 16
}
byte_id! {
    /// An Ed25519 public key as bytes. Holding one says nothing about its validity: that is
    /// `PublicKey`'s to say. Spec: specs/ledger.md §1.
    KeyId, 32
}

impl LeafHash {
    /// What `prev` of entry 0 holds: 32 zero bytes. Spec: specs/ledger.md §5.
    pub const NONE: Self = Self([0; 32]);
}

/// The position of an entry in its ledger, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(u64);

impl Seq {
    /// The genesis entry's.
    pub const ZERO: Self = Self(0);

    /// The position `seq`.
    #[must_use]
    pub const fn new(seq: u64) -> Self {
        Self(seq)
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The position behind this one. A ledger never reaches 2^64 entries; the count stops there.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl From<u64> for Seq {
    fn from(seq: u64) -> Self {
        Self(seq)
    }
}

impl From<Seq> for u64 {
    fn from(seq: Seq) -> Self {
        seq.0
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seq {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        decimal(text).map(Self)
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, at most [`UnixMillis::MAX`]. Spec: specs/ledger.md §1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// 1970-01-01T00:00:00Z.
    pub const ZERO: Self = Self(0);
    /// The last millisecond of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The time `ms`, unless it is beyond [`UnixMillis::MAX`].
    #[must_use]
    pub const fn new(ms: u64) -> Option<Self> {
        if ms > Self::MAX.0 { None } else { Some(Self(ms)) }
    }

    /// The time `ms`, or [`UnixMillis::MAX`] if it is beyond that.
    #[must_use]
    pub const fn clamped(ms: u64) -> Self {
        if ms > Self::MAX.0 { Self::MAX } else { Self(ms) }
    }

    /// Milliseconds.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// `ms` later, at most [`UnixMillis::MAX`].
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self::clamped(self.0.saturating_add(ms))
    }

    /// `ms` earlier, floored at 0.
    #[must_use]
    pub const fn minus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

impl From<UnixMillis> for u64 {
    fn from(time: UnixMillis) -> Self {
        time.0
    }
}

impl TryFrom<u64> for UnixMillis {
    type Error = ParseIdError;

    fn try_from(ms: u64) -> Result<Self, ParseIdError> {
        Self::new(ms).ok_or(ParseIdError::Time)
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for UnixMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ms = u64::deserialize(deserializer)?;
        Self::new(ms).ok_or_else(|| D::Error::custom(ParseIdError::Time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_strict() {
        let id = LedgerId::from_bytes([0xab; 32]);
        let text = id.to_string();
        assert_eq!(text, "ab".repeat(32));
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().parse::<LedgerId>(), Err(ParseIdError::Digit));
        assert_eq!(
            format!("{text}0").parse::<LedgerId>(),
            Err(ParseIdError::Length {
                expected: 64,
                found: 65
            })
        );
        assert!(format!(" {}", &text[1..]).parse::<LedgerId>().is_err());
        assert!("é".repeat(32).parse::<LedgerId>().is_err());
        assert!("".parse::<Nonce>().is_err());
    }

    #[test]
    fn raw_on_the_wire_and_hexadecimal_in_text() {
        let nonce = Nonce::from_bytes(*b"0123456789abcdef");
        assert_eq!(postcard::to_stdvec(&nonce).unwrap(), nonce.as_bytes());
        assert_eq!(postcard::from_bytes::<Nonce>(nonce.as_bytes()).unwrap(), nonce);
        let json = serde_json::to_string(&nonce).unwrap();
        assert_eq!(json, "\"30313233343536373839616263646566\"");
        assert_eq!(serde_json::from_str::<Nonce>(&json).unwrap(), nonce);
        assert!(serde_json::from_str::<Nonce>(&json.to_uppercase().replace("61", "6A")).is_err());
    }

    #[test]
    fn decimals_are_shortest() {
        assert_eq!("0".parse(), Ok(Seq::ZERO));
        assert_eq!("18446744073709551615".parse(), Ok(Seq::new(u64::MAX)));
        for bad in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1_0",
            "18446744073709551616",
            "١",
        ] {
            assert_eq!(bad.parse::<Seq>(), Err(ParseIdError::Decimal), "{bad:?}");
        }
        assert_eq!(Seq::new(u64::MAX).next(), Seq::new(u64::MAX));
    }

    #[test]
    fn times_end_with_the_year_9999() {
        assert_eq!(UnixMillis::new(253_402_300_800_000), None);
        assert_eq!(UnixMillis::MAX.plus_ms(1), UnixMillis::MAX);
        assert_eq!(UnixMillis::ZERO.minus_ms(1), UnixMillis::ZERO);
        let wire = postcard::to_stdvec(&253_402_300_800_000_u64).unwrap();
        assert!(postcard::from_bytes::<UnixMillis>(&wire).is_err());
        let wire = postcard::to_stdvec(&UnixMillis::MAX).unwrap();
        assert_eq!(
            postcard::from_bytes::<UnixMillis>(&wire).unwrap(),
            UnixMillis::MAX
        );
    }
}
