//! Append-only chains of a vault: each entry has the hash of the one before it and is signed by whoever acts.
//!
//! Entry = body ‖ signature over tag ‖ body; hash of an entry = SHA-256(tag ‖ entry). Spec: specs/operations.md §13.3, §15.5.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use sijill_ledger::{KeyId, PublicKey, Signature, SigningKey, decode_canonical, encode};

const SIGNATURE_BYTES: usize = 64;

/// How long a chain is, and the hash of its last entry (zeros if it has none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogHead {
    /// Entries.
    pub size: u64,
    /// Hash of the last one.
    pub hash: [u8; 32],
}

/// Why an entry is not written, or what is wrong with one that stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The reason is not a line.
    #[error("the reason of an access: {0}")]
    Why(&'static str),
    /// Not an entry.
    #[error("entry {seq} is malformed")]
    Malformed {
        /// Its position.
        seq: u64,
    },
    /// Another position, or another entry before it.
    #[error("entry {seq} does not follow the one before it")]
    Order {
        /// Its position.
        seq: u64,
    },
    /// Not signed by whoever it names.
    #[error("entry {seq} is not signed by whom it names")]
    Signature {
        /// Its position.
        seq: u64,
    },
}

/// What is signed, encoded as in specs/ledger.md §2.
pub(super) trait Body: Serialize + DeserializeOwned {
    /// What every entry of the chain is signed and hashed under.
    const TAG: &'static [u8];

    /// Position, hash of the entry before it, key of whoever acts.
    fn place(&self) -> (u64, [u8; 32], KeyId);
}

/// The entry of a body.
pub(super) fn seal<B: Body>(body: &B, actor: &SigningKey) -> Vec<u8> {
    let body = encode(body);
    let signature = actor.sign(&[B::TAG, &body].concat());
    [body.as_slice(), signature.as_bytes()].concat()
}

/// The body of the entry that follows `before`, and what `check` makes of it; `None` from it is malformed.
pub(super) fn open<B: Body, T>(
    entry: &[u8],
    before: LogHead,
    check: impl FnOnce(&B) -> Option<T>,
) -> Result<(B, T), LogError> {
    let seq = before.size;
    let malformed = || LogError::Malformed { seq };
    let (signed, signature) = entry
        .split_last_chunk::<SIGNATURE_BYTES>()
        .ok_or_else(malformed)?;
    let body: B = decode_canonical(signed).map_err(|_| malformed())?;
    let checked = check(&body).ok_or_else(malformed)?;
    let (own, prev, who) = body.place();
    if (own, prev) != (before.size, before.hash) {
        return Err(LogError::Order { seq });
    }
    PublicKey::new(who)
        .ok()
        .and_then(|key| {
            key.verify(&[B::TAG, signed].concat(), &Signature::from_bytes(*signature))
                .ok()
        })
        .ok_or(LogError::Signature { seq })?;
    Ok((body, checked))
}

/// Hash of an entry, signature included.
pub(super) fn hash<B: Body>(entry: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(B::TAG)
        .chain_update(entry)
        .finalize()
        .into()
}
