//! Signed, hash-chained, Merkle-committed ledgers: entries, checkpoints, tiles and receipts.
//!
//! A ledger is one append-only list of entries. An author signs a [`Body`]; the sequencer seals it as an [`Entry`]
//! behind the one before; [`Chain`] knows the rules that every ledger shares; [`Authority`] knows who may author
//! what. All of it is pure: no clock, no I/O, no randomness that is not passed in.
//!
//! What comes from outside passes two steps, and the types keep them apart: an `Unverified…` value is canonical
//! and well formed, the value that its `verify` returns is also signed by whom it says.
//!
//! ```
//! use sijill_ledger::*;
//!
//! let (commission, service, ledger) =
//!     (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]), SigningKey::from_seed(&[3; 32]));
//! let genesis = Genesis::new(GenesisFields {
//!     kind: Kind::BallotBox,
//!     origin: "vote.example/2026".parse()?,
//!     parent: None,
//!     ledger_key: ledger.key_id(),
//!     service_key: service.key_id(),
//!     grants: vec![Grant { key: commission.key_id(), role: Role::Commission, scope: None }],
//!     max_lag_ms: 5_000,
//!     official_window_ms: 600_000,
//!     random: [9; 32],
//!     predecessor: None,
//! })?;
//! let now = UnixMillis::clamped(1_800_000_000_000);
//! let (mut chain, _entry_0) = Chain::create(genesis, &service, now)?;
//!
//! let body = Body {
//!     ledger: chain.ledger(),
//!     event_type: EventType::new(0x0402),
//!     author: commission.key_id(),
//!     author_time_ms: now,
//!     nonce: Nonce::from_bytes([4; 16]),
//!     seen: Some(chain.seen()),
//!     refs: Vec::new(),
//!     payload: Vec::new(),
//! }
//! .sign(&commission)?;
//! assert_eq!(chain.check_body(&body, now, now), Ok(Admission::New));
//! let entry = chain.append(body, now, now)?;
//!
//! let proof = chain.inclusion_proof(entry.seq(), chain.size()).expect("it was just appended");
//! proof.verify(entry.leaf_hash(), entry.seq(), chain.size(), chain.root())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spec: specs/ledger.md

mod authority;
mod body;
mod chain;
mod checkpoint;
pub mod codec;
mod commitment;
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
pub use commitment::Committed;
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
pub use trust::{JurisdictionTrustFile, TrustError, TrustFile, TrustedCheckpoint, TrustedLedger};
