//! Strict JSON: the raw bytes are authoritative, and only one spelling is accepted.
//!
//! A reader parses, writes the value again, and compares. Whatever a parser forgives (white space, order, repeated
//! fields, escapes, number forms) makes the bytes differ and is refused.
//!
//! Spec: specs/ballot-suite.md §1.1.

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use thiserror::Error;

/// Why bytes are not canonical JSON of the expected shape. The sender is at fault; retrying does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not UTF-8, not JSON, or not of the expected shape.
    #[error("not JSON of the expected shape")]
    Shape,
    /// The value is right, but written in another way than the canonical one.
    #[error("not in canonical form")]
    NotCanonical,
}

/// Parses bytes and compares the re-serialisation with them.
pub(crate) fn parse<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let value: T = serde_json::from_slice(bytes).map_err(|_| JsonError::Shape)?;
    require_canonical(&value, bytes)?;
    Ok(value)
}

/// The canonical bytes of a value of this crate's wire types.
pub(crate) fn write<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("wire types hold only strings, small integers and sequences")
}

fn require_canonical<T: Serialize>(value: &T, bytes: &[u8]) -> Result<(), JsonError> {
    if bytes.contains(&DELETE) || write(value).as_bytes() != bytes {
        return Err(JsonError::NotCanonical);
    }
    Ok(())
}

/// Common writers disagree about U+007F (raw or escaped), so that no string may hold it.
pub(crate) const DELETE: u8 = 0x7f;

/// Largest small integer: 2^30 − 1.
pub(crate) const MAX_SMALL: u64 = (1 << 30) - 1;

/// A non-negative number that is written as a JSON number up to 2^30 − 1 and as a string above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight(pub(crate) u64);

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 <= MAX_SMALL {
            serializer.serialize_u64(self.0)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both;
        impl Visitor<'_> for Both {
            type Value = Weight;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a non-negative integer")
            }
            fn visit_u64<E>(self, value: u64) -> Result<Weight, E> {
                Ok(Weight(value))
            }
            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Weight, E> {
                value.parse().map(Weight).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights() {
        for good in ["0", "1073741823", "\"1073741824\"", "\"18446744073709551615\""] {
            assert!(parse::<Weight>(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "\"0\"",
            "\"1073741823\"",
            "1073741824",
            "01",
            "+1",
            "-0",
            "1.0",
            "1e2",
            "\"+1073741824\"",
            " 1",
        ] {
            assert!(parse::<Weight>(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn strings() {
        for good in [
            "\"\"",
            "\"a/b\"",
            "\"é\"",
            "\"\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\"",
        ] {
            assert!(parse::<String>(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "\"\\/\"",
            "\"\\u00e9\"",
            "\"\\u000a\"",
            "\"\\u001F\"",
            "\"\u{7f}\"",
            "\"\\u007f\"",
            "\"a\" ",
        ] {
            assert!(parse::<String>(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
