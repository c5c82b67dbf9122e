//! Hashes of records: the Base64 form without padding, and the identifiers made of it.
//!
//! Spec: specs/ballot-suite.md §1.3.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256 of a whole ballot JSON: the raw form of its tracking code.
///
/// Spec: specs/ballot-suite.md §7.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct BallotHash([u8; 32]);

impl BallotHash {
    /// The hash of a ballot's bytes.
    #[must_use]
    pub fn of(ballot: &[u8]) -> Self {
        Self(sha256(ballot))
    }

    /// A hash read from a record.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The tracking code that voters see.
    #[must_use]
    pub fn tracking_code(&self) -> TrackingCode {
        TrackingCode(b64_raw(&self.0))
    }
}

/// What a voter notes to find the ballot again: 43 characters of Base64.
///
/// Spec: specs/ballot-suite.md §7.4.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackingCode(String);

impl TrackingCode {
    /// Reads a code as somebody typed it; `None` unless it is 43 characters in canonical form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The 43 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash behind the code.
    #[must_use]
    pub fn ballot_hash(&self) -> BallotHash {
        let mut bytes = [0u8; 32];
        let length = STANDARD_NO_PAD.decode_slice(&self.0, &mut bytes);
        debug_assert_eq!(length, Ok(32));
        BallotHash(bytes)
    }
}

impl fmt::Display for TrackingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// B64 of the specification.
pub(crate) fn b64(bytes: &[u8]) -> String {
    b64_raw(&sha256(bytes))
}

/// b64raw of the specification.
pub(crate) fn b64_raw(hash: &[u8; 32]) -> String {
    STANDARD_NO_PAD.encode(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracking_codes() {
        let hash = BallotHash::of(b"");
        let code = hash.tracking_code();
        assert_eq!(code.as_str(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
        assert_eq!(TrackingCode::parse(code.as_str()), Some(code.clone()));
        assert_eq!(code.ballot_hash(), hash);
        for bad in [
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSu",
            "",
        ] {
            assert_eq!(TrackingCode::parse(bad), None, "{bad}");
        }
    }
}
