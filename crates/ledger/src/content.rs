//! Larger documents, cited by hash and length. Spec: specs/ledger.md §9.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::hash::sha256;
use crate::ids::ContentHash;

/// Most bytes of a cited document.
pub const MAX_CONTENT_BYTES: u64 = 268_435_456;

/// Why a document is not the cited one. The fault is that of whoever delivers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// Longer than [`MAX_CONTENT_BYTES`].
    #[error("a document of {0} bytes is longer than allowed")]
    TooLong(u64),
    /// Another length than cited.
    #[error("the document has {found} bytes, {expected} are cited")]
    Length {
        /// The cited length.
        expected: u64,
        /// The document's.
        found: u64,
    },
    /// Another hash than cited.
    #[error("the document is not the cited one")]
    Hash,
}

/// The citation of a document. Decoding refuses a length beyond [`MAX_CONTENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ContentRef {
    /// SHA-256 of the bytes, which is also the file's name.
    pub sha256: ContentHash,
    /// Number of bytes, at most [`MAX_CONTENT_BYTES`].
    pub length: u64,
}

impl ContentRef {
    /// Cites a document.
    ///
    /// # Errors
    ///
    /// [`ContentError::TooLong`] beyond [`MAX_CONTENT_BYTES`].
    pub fn of(bytes: &[u8]) -> Result<Self, ContentError> {
        let content = Self {
            sha256: ContentHash::from_bytes(sha256(&[bytes])),
            length: bytes.len() as u64,
        };
        content.check_length()?;
        Ok(content)
    }

    /// Checks that these bytes are the cited document.
    ///
    /// # Errors
    ///
    /// [`ContentError`] names what differs.
    pub fn check(&self, bytes: &[u8]) -> Result<(), ContentError> {
        let mut hasher = ContentHasher::new();
        hasher.update(bytes);
        hasher.finish(self)
    }

    /// Checks that the cited length is allowed.
    ///
    /// # Errors
    ///
    /// [`ContentError::TooLong`] beyond [`MAX_CONTENT_BYTES`].
    pub fn check_length(&self) -> Result<(), ContentError> {
        if self.length > MAX_CONTENT_BYTES {
            Err(ContentError::TooLong(self.length))
        } else {
            Ok(())
        }
    }

    /// The path in a published folder: `content/<sha256>`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("content/{}", self.sha256)
    }
}

impl<'de> Deserialize<'de> for ContentRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wire {
            sha256: ContentHash,
            length: u64,
        }

        let Wire { sha256, length } = Wire::deserialize(deserializer)?;
        let content = Self { sha256, length };
        content.check_length().map_err(D::Error::custom)?;
        Ok(content)
    }
}

/// Checks a document piece by piece.
#[derive(Debug, Clone, Default)]
pub struct ContentHasher {
    hasher: Sha256,
    length: u64,
}

impl ContentHasher {
    /// At the beginning of a document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length = self.length.saturating_add(bytes.len() as u64);
    }

    /// Checks that the pieces made up the cited document.
    ///
    /// # Errors
    ///
    /// [`ContentError`] names what differs.
    pub fn finish(self, cited: &ContentRef) -> Result<(), ContentError> {
        cited.check_length()?;
        if self.length != cited.length {
            return Err(ContentError::Length {
                expected: cited.length,
                found: self.length,
            });
        }
        if self.hasher.finalize().as_slice() != cited.sha256.as_bytes() {
            return Err(ContentError::Hash);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_and_length_must_both_agree() {
        let cited = ContentRef::of(b"abc").unwrap();
        assert_eq!(
            cited.path(),
            "content/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(cited.check(b"abc"), Ok(()));
        assert_eq!(cited.check(b"abd"), Err(ContentError::Hash));
        assert_eq!(
            cited.check(b"ab"),
            Err(ContentError::Length {
                expected: 3,
                found: 2
            })
        );
        let lying = ContentRef { length: 4, ..cited };
        assert_eq!(
            lying.check(b"abc"),
            Err(ContentError::Length {
                expected: 4,
                found: 3
            })
        );
        let huge = ContentRef {
            length: MAX_CONTENT_BYTES + 1,
            ..cited
        };
        assert_eq!(
            huge.check(b"abc"),
            Err(ContentError::TooLong(MAX_CONTENT_BYTES + 1))
        );
    }
}
