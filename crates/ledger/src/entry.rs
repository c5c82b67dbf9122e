//! The entry: a body at its place in the chain, sealed by the sequencer.
//!
//! [`UnverifiedEntry`] is parsed and well formed; [`Entry`] also has its author's signature verified. Whether an
//! entry fits behind another is [`Chain`](crate::Chain)'s to say. Spec: specs/ledger.md §5.

use serde::{Deserialize, Serialize};

use crate::body::{Body, BodyError, SignedBody, UnverifiedBody};
use crate::codec::{DecodeError, decode_canonical, encode};
use crate::hash::leaf;
use crate::ids::{LeafHash, Seq, UnixMillis};
use crate::keys::Signature;

/// Most bytes of an encoded entry. Spec: specs/ledger.md §5.
pub const MAX_ENTRY_BYTES: usize = 65_535;

const FORMAT: u8 = 1;

/// Why bytes are not an entry. The fault is that of whoever wrote or altered them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// More than [`MAX_ENTRY_BYTES`].
    #[error("the entry has {0} bytes, more than allowed")]
    TooLarge(usize),
    /// The bytes do not decode.
    #[error("entry: {0}")]
    Decode(#[from] DecodeError),
    /// A format number that this version does not know.
    #[error("unknown entry format {0}")]
    Format(u8),
    /// Sequenced before it was received.
    #[error("the entry was sequenced before it was received")]
    Times,
    /// The body breaks a rule, or its signature does not stand.
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// A well-formed entry whose author's signature has not been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedEntry {
    placed: Placed,
    body: UnverifiedBody,
}

impl UnverifiedEntry {
    /// Reads an entry. Spec: specs/ledger.md §5.
    ///
    /// # Errors
    ///
    /// [`EntryError`] names the rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLarge(bytes.len()));
        }
        match bytes.first() {
            None | Some(&FORMAT) => {}
            Some(&format) => return Err(EntryError::Format(format)),
        }
        let wire = decode_canonical::<WireIn>(bytes)?;
        let placed = Placed::new(
            wire.seq,
            wire.prev,
            wire.received_ms,
            wire.sequenced_ms,
            bytes.to_vec(),
        )?;
        Ok(Self {
            placed,
            body: UnverifiedBody::parse(&wire.body, wire.signature)?,
        })
    }

    /// Verifies the author's signature.
    ///
    /// # Errors
    ///
    /// [`EntryError::Body`] if it does not stand.
    pub fn verify(self) -> Result<Entry, EntryError> {
        Ok(Entry {
            placed: self.placed,
            body: self.body.verify()?,
        })
    }

    /// The position that the entry claims.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.placed.seq
    }

    /// When the service received the body, as the entry says.
    #[must_use]
    pub fn received_ms(&self) -> UnixMillis {
        self.placed.received_ms
    }

    /// When the sequencer took it, as the entry says.
    #[must_use]
    pub fn sequenced_ms(&self) -> UnixMillis {
        self.placed.sequenced_ms
    }

    /// The leaf hash of the bytes.
    #[must_use]
    pub fn leaf_hash(&self) -> LeafHash {
        self.placed.leaf_hash
    }

    /// The body, whose signature has not been verified.
    #[must_use]
    pub fn body(&self) -> &UnverifiedBody {
        &self.body
    }
}

/// An entry whose author's signature stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    placed: Placed,
    body: SignedBody,
}

impl Entry {
    /// Reads an entry and verifies its author's signature.
    ///
    /// # Errors
    ///
    /// [`EntryError`] names the rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        UnverifiedEntry::parse(bytes)?.verify()
    }

    /// Puts a body at a place, without asking whether it may stand there: [`Chain::seal`](crate::Chain::seal) does.
    ///
    /// # Errors
    ///
    /// [`EntryError::Times`] if `sequenced_ms` is before `received_ms`.
    pub fn seal(
        body: SignedBody,
        seq: Seq,
        prev: LeafHash,
        received_ms: UnixMillis,
        sequenced_ms: UnixMillis,
    ) -> Result<Self, EntryError> {
        let bytes = encode(&WireOut {
            format: FORMAT,
            seq,
            prev,
            received_ms,
            sequenced_ms,
            body: body.bytes(),
            signature: *body.signature(),
        });
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLarge(bytes.len()));
        }
        Ok(Self {
            placed: Placed::new(seq, prev, received_ms, sequenced_ms, bytes)?,
            body,
        })
    }

    /// The position.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.placed.seq
    }

    /// The leaf hash of the entry before; [`LeafHash::NONE`] in entry 0.
    #[must_use]
    pub fn prev(&self) -> LeafHash {
        self.placed.prev
    }

    /// When the service received the body.
    #[must_use]
    pub fn received_ms(&self) -> UnixMillis {
        self.placed.received_ms
    }

    /// When the sequencer took it.
    #[must_use]
    pub fn sequenced_ms(&self) -> UnixMillis {
        self.placed.sequenced_ms
    }

    /// The body with its signature.
    #[must_use]
    pub fn signed_body(&self) -> &SignedBody {
        &self.body
    }

    /// The fields of the body.
    #[must_use]
    pub fn body(&self) -> &Body {
        self.body.body()
    }

    /// The leaf hash. Spec: specs/ledger.md §5.
    #[must_use]
    pub fn leaf_hash(&self) -> LeafHash {
        self.placed.leaf_hash
    }

    /// The canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.placed.bytes
    }

    /// The canonical bytes, by value.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.placed.bytes
    }
}

impl LeafHash {
    /// The leaf hash of encoded entry bytes. Spec: specs/ledger.md §5.
    #[must_use]
    pub fn of_entry_bytes(bytes: &[u8]) -> Self {
        Self::from_bytes(leaf(bytes))
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Placed {
    seq: Seq,
    prev: LeafHash,
    received_ms: UnixMillis,
    sequenced_ms: UnixMillis,
    leaf_hash: LeafHash,
    bytes: Vec<u8>,
}

impl Placed {
    fn new(
        seq: Seq,
        prev: LeafHash,
        received_ms: UnixMillis,
        sequenced_ms: UnixMillis,
        bytes: Vec<u8>,
    ) -> Result<Self, EntryError> {
        if sequenced_ms < received_ms {
            return Err(EntryError::Times);
        }
        Ok(Self {
            seq,
            prev,
            received_ms,
            sequenced_ms,
            leaf_hash: LeafHash::of_entry_bytes(&bytes),
            bytes,
        })
    }
}

/// Without the bytes, which may be about persons.
impl core::fmt::Debug for Placed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Placed")
            .field("seq", &self.seq)
            .field("prev", &self.prev)
            .field("received_ms", &self.received_ms)
            .field("sequenced_ms", &self.sequenced_ms)
            .field("leaf_hash", &self.leaf_hash)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

#[derive(Serialize)]
struct WireOut<'a> {
    format: u8,
    seq: Seq,
    prev: LeafHash,
    received_ms: UnixMillis,
    sequenced_ms: UnixMillis,
    #[serde(with = "crate::codec::bytes")]
    body: &'a [u8],
    signature: Signature,
}

#[derive(Serialize, Deserialize)]
struct WireIn {
    format: u8,
    seq: Seq,
    prev: LeafHash,
    received_ms: UnixMillis,
    sequenced_ms: UnixMillis,
    #[serde(with = "crate::codec::bytes")]
    body: Vec<u8>,
    signature: Signature,
}
