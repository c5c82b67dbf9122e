//! Signed, hash-chained, Merkle-committed ledgers: entries, checkpoints, tiles and receipts.
