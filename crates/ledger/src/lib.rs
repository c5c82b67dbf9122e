//! Signed, hash-chained, Merkle-committed ledgers: entries, checkpoints, tiles and receipts.
//!
//! A ledger is one append-only list of entries. An author signs a [`Body`]; the sequencer seals it as an [`Entry`]
//! behind the one before; [`Chain`] knows the rules that every ledger shares; [`Authority`] knows who may author
//! what. All of it is pure: no clock, no I/O, no randomness that is not passed in.
//!
//! What comes from outside passes two steps, and the types keep them apart: an `Unverified…` value is canonical
//! and well formed, the value that its `verify` returns is also signed by whom it says.
//!
//! Spec: specs/ledger.md

mod authority;
mod body;
mod chain;
mod checkpoint;
pub mod codec;
mod content;
mod entry;
mod genesis;
mod hash;
mod ids;
mod keys;
mod merkle;
mod names;
mod note;
mod receipt;
pub mod tiles;
mod trust;

pub use authority::{Authority, AuthorityError};
pub use body::{
    Body, BodyError, EventType, MAX_PAYLOAD_BYTES, MAX_REFS, Ref, Seen, SignedBody, UnverifiedBody,
};
pub use chain::{Admission, Chain, ChainError, OFFICIAL_CLOCK_AHEAD_MS};
pub use checkpoint::{Checkpoint, CheckpointError, LedgerIdentity, SignedCheckpoint, UnverifiedCheckpoint};
pub use codec::{DecodeError, decode_canonical, encode};
pub use content::{ContentError, ContentHasher, ContentRef, MAX_CONTENT_BYTES};
pub use entry::{Entry, EntryError, MAX_ENTRY_BYTES, UnverifiedEntry};
pub use genesis::{Genesis, GenesisError, GenesisFields, Grant, GrantError, Kind, Predecessor, Role};
pub use ids::{BodyHash, ContentHash, KeyId, LeafHash, LedgerId, Nonce, ParseIdError, Root, Seq, UnixMillis};
pub use keys::{KeyError, PublicKey, Signature, SignatureError, SigningKey};
pub use merkle::{ConsistencyProof, Frontier, InclusionProof, MAX_PROOF_HASHES, MerkleTree, ProofError};
pub use names::{NameError, Origin, Scope};
pub use note::NoteError;
pub use receipt::{Receipt, ReceiptError, UnverifiedReceipt};
pub use tiles::{TileError, TileKind, TilePath};
pub use trust::{TrustError, TrustFile, TrustedCheckpoint, TrustedLedger};
