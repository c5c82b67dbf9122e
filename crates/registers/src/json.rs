//! Our own JSON documents: compact, fields in a fixed order, one spelling only. Spec: specs/election.md §1.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest integer of our documents, 2^53 − 1.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why bytes are not a document of ours. The fault is the bytes' author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON, or fields missing, unknown or of the wrong type.
    #[error("not the expected JSON document: {0}")]
    Syntax(String),
    /// JSON, but not in the one permitted spelling.
    #[error("the JSON is not in canonical form (white space, order, escapes or numbers differ)")]
    NotCanonical,
}

/// Writes a document.
#[must_use]
pub fn write<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("documents are structs of strings, integers and lists: always writable")
}

/// Reads a document and refuses any other spelling of it.
///
/// # Errors
/// [`JsonError`].
pub fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let value: T = serde_json::from_slice(bytes).map_err(|e| JsonError::Syntax(e.to_string()))?;
    if write(&value) == bytes {
        Ok(value)
    } else {
        Err(JsonError::NotCanonical)
    }
}
