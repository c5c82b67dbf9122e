//! Signed, hash-chained, Merkle-committed ledgers: entries, checkpoints, tiles and receipts.

mod ids;

pub use ids::{BodyHash, ContentHash, KeyId, LeafHash, LedgerId, Nonce, ParseIdError, Root, Seq, UnixMillis};
