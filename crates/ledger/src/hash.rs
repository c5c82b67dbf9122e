//! SHA-256 and the two domain-separated forms that the ledger uses.

use sha2::{Digest, Sha256};

/// SHA-256 of the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The hash of a Merkle leaf. Spec: specs/ledger.md §6.
pub(crate) fn leaf(bytes: &[u8]) -> [u8; 32] {
    sha256(&[&[0x00], bytes])
}

/// The hash of an inner Merkle node. Spec: specs/ledger.md §6.
pub(crate) fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[0x01], left, right])
}
