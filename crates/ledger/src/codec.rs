//! Canonical bytes: one value, one encoding.
//!
//! The wire format is postcard's. Its own decoder is laxer than specs/ledger.md §2 (it takes padded integers and
//! ignores what is left over), so everything that comes from outside goes through [`decode_canonical`], which
//! decodes, encodes again and compares.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why bytes are not the encoding of a value. The fault is the sender's; sending them again changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes do not spell a value of the type, or a value that the type refuses.
    #[error("the bytes do not encode a value of this type")]
    Malformed,
    /// Bytes are left over behind the value.
    #[error("{0} bytes are left over behind the value")]
    Trailing(usize),
    /// The bytes spell a value, but not in its one canonical form.
    #[error("the value is not encoded in its canonical form")]
    NotCanonical,
}

/// Encodes a value in its canonical form. Spec: specs/ledger.md §2.
///
/// # Panics
///
/// If `T` cannot be encoded at all: a sequence whose length is not known in advance, or a [`Serialize`]
/// implementation that reports an error of its own. That is a property of the type, never of input, and no
/// structure of the specification has it.
#[must_use]
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("structures of the specification have an encoding")
}

/// Decodes a value and refuses every form of it but the canonical one. Spec: specs/ledger.md §2.
///
/// `T` must not hold lists of items without bytes: their count is not bounded by the input.
///
/// # Errors
///
/// [`DecodeError`] if the bytes do not spell a `T`, have a rest, or are not what [`encode`] makes of the value.
pub fn decode_canonical<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = postcard::take_from_bytes::<T>(bytes).map_err(|_| DecodeError::Malformed)?;
    if !rest.is_empty() {
        return Err(DecodeError::Trailing(rest.len()));
    }
    match postcard::to_stdvec(&value) {
        Ok(again) if again == bytes => Ok(value),
        _ => Err(DecodeError::NotCanonical),
    }
}

/// `#[serde(with = "sijill_ledger::codec::bytes")]` for a `Vec<u8>` field of type `bytes`: the same encoding as a
/// list of `u8`, without a call per byte.
pub mod bytes {
    use core::fmt;

    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    /// Writes length and bytes.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    /// Reads length and bytes.
    ///
    /// # Errors
    ///
    /// Those of the deserializer: a length beyond the input among them.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        number: u16,
        flag: bool,
        maybe: Option<u64>,
        text: String,
        #[serde(with = "bytes")]
        bytes: Vec<u8>,
        list: Vec<u32>,
    }

    fn sample() -> Sample {
        Sample {
            number: 300,
            flag: true,
            maybe: Some(7),
            text: "é".into(),
            bytes: vec![0, 255],
            list: vec![1, 128],
        }
    }

    const WIRE: &[u8] = &[0xac, 0x02, 1, 1, 7, 2, 0xc3, 0xa9, 2, 0, 255, 2, 1, 0x80, 0x01];

    #[test]
    fn frozen_bytes() {
        assert_eq!(encode(&sample()), WIRE);
        assert_eq!(decode_canonical::<Sample>(WIRE), Ok(sample()));
    }

    #[test]
    fn bytes_and_list_of_u8_agree() {
        #[derive(Serialize)]
        struct Blob(#[serde(with = "bytes")] Vec<u8>);
        let blob: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(&blob), encode(&Blob(blob.clone())));
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let refuse =
            |bytes: &[u8], why| assert_eq!(decode_canonical::<Sample>(bytes), Err(why), "{bytes:02x?}");
        for cut in 0..WIRE.len() {
            refuse(&WIRE[..cut], DecodeError::Malformed);
        }
        refuse(&[WIRE, &[0]].concat(), DecodeError::Trailing(1));
        // 7 as 87 00, 2 (a length) as 82 00, 1 (a list item) as 81 00.
        refuse(
            &[&WIRE[..4], &[0x87, 0], &WIRE[5..]].concat(),
            DecodeError::NotCanonical,
        );
        refuse(
            &[&WIRE[..5], &[0x82, 0], &WIRE[6..]].concat(),
            DecodeError::NotCanonical,
        );
        refuse(
            &[&WIRE[..12], &[0x81, 0], &WIRE[13..]].concat(),
            DecodeError::NotCanonical,
        );
        for (at, byte) in [(2, 2), (3, 2), (6, 0xff)] {
            let mut bytes = WIRE.to_vec();
            bytes[at] = byte;
            refuse(&bytes, DecodeError::Malformed);
        }
        // A length far beyond the input, and a u16 beyond its type.
        refuse(
            &[&WIRE[..8], &[0xff, 0xff, 0xff, 0xff, 0x7f]].concat(),
            DecodeError::Malformed,
        );
        refuse(
            &[&[0xff, 0xff, 0x7f], &WIRE[2..]].concat(),
            DecodeError::Malformed,
        );
    }
}
