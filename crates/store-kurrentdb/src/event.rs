//! Entries as events of the server. Spec: specs/operations.md §12.

use bytes::Bytes;
use kurrentdb::{EventData, RecordedEvent};
use sha2::{Digest as _, Sha256};
use sijill_ledger::{LeafHash, LedgerId, Seq};
use sijill_store::{Batch, Damage, ReadError, StoredEntry};
use uuid::Uuid;

/// The type of an event that is an entry.
const ENTRY: &str = "sijill-entry";
/// Leaf hash, token of the write, place in the batch.
const METADATA_BYTES: usize = 32 + 16 + 4;

/// Names one call of `create` or `append`, so that its repetitions are recognised by the server, and the same bytes
/// written by anybody else, or once more, are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token([u8; 16]);

impl Token {
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }

    /// The id of the event at a place of the write: a UUID of version 8.
    fn event_id(self, place: u32, leaf: LeafHash) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(b"sijill/kurrentdb-event/v1\n");
        hash.update(self.0);
        hash.update(place.to_be_bytes());
        hash.update(leaf.as_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(id).into_uuid()
    }
}

/// The events of a write.
pub(crate) fn encode(batch: &Batch, token: Token) -> Vec<EventData> {
    (0..)
        .zip(batch.entries())
        .map(|(place, entry)| {
            let mut metadata = Vec::with_capacity(METADATA_BYTES);
            metadata.extend_from_slice(entry.leaf().as_bytes());
            metadata.extend_from_slice(&token.0);
            metadata.extend_from_slice(&u32::to_be_bytes(place));
            EventData::binary(ENTRY, Bytes::copy_from_slice(entry.bytes()))
                .id(token.event_id(place, entry.leaf()))
                .metadata(metadata.into())
        })
        .collect()
}

/// Whether an event is the one that stands at `place` of the write `token`.
pub(crate) fn is_of(event: &RecordedEvent, token: Token, place: u32, leaf: LeafHash) -> bool {
    event.id == token.event_id(place, leaf)
}

/// Checks an event that was read at `at`.
///
/// # Errors
/// [`ReadError::Corrupt`]: it is no entry, or not the one that was written.
pub(crate) fn decode(ledger: LedgerId, at: Seq, event: RecordedEvent) -> Result<StoredEntry, ReadError> {
    let corrupt = |damage| ReadError::Corrupt { ledger, at, damage };
    if event.revision != at.as_u64() {
        return Err(corrupt(Damage::Missing));
    }
    let parts = |metadata: &[u8]| -> Option<(LeafHash, Token, u32)> {
        let (leaf, rest) = metadata.split_first_chunk::<32>()?;
        let (token, place) = rest.split_first_chunk::<16>()?;
        let place = u32::from_be_bytes(place.try_into().ok()?);
        Some((LeafHash::from_bytes(*leaf), Token(*token), place))
    };
    // Written by somebody else.
    let foreign = || corrupt(Damage::Unreadable);
    if event.event_type != ENTRY || event.data.is_empty() || event.data.len() > sijill_store::MAX_ENTRY_BYTES
    {
        return Err(foreign());
    }
    let (leaf, token, place) = parts(&event.custom_metadata).ok_or_else(foreign)?;
    if event.id != token.event_id(place, leaf) {
        return Err(foreign());
    }
    StoredEntry::check(ledger, at, leaf, event.data.into())
}
