//! Why a read model cannot be had.

use sijill_registers::register::Rejection;

use crate::words::{MAX_QUERY_BYTES, MAX_WORDS};

/// Why a read model cannot be brought up to a ledger, or a query not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoardError {
    /// The query has no word. The fault is the asker's.
    #[error("type at least one word to search for")]
    NoWord,
    /// The query is too long. The fault is the asker's.
    #[error("a query has at most {MAX_QUERY_BYTES} bytes and {MAX_WORDS} words; shorten it")]
    TooLong,
    /// The place to go on from is none of this list. The fault is the asker's.
    #[error("this is not a place of the list to go on from; begin at its beginning")]
    Cursor,
    /// The register is not in the file. Bring the file up to its ledger first.
    #[error("the register is not in the read models; run `sijill views rebuild`")]
    Absent,
    /// The database cannot be read or written, or is none. Delete it and let it be made again.
    #[error(
        "the read models cannot be used; delete {FILE} and they are made again: {0}",
        FILE = "boards.sqlite"
    )]
    Database(#[from] rusqlite::Error),
    /// A row is not as it was written. Delete the file and let it be made again.
    #[error("the read models are damaged ({0}); delete boards.sqlite and they are made again")]
    Damaged(&'static str),
    /// A position or number beyond what the file can hold.
    #[error("a position beyond the read models")]
    Beyond,
    /// The register, or one that it rests on, cannot be read.
    #[error(transparent)]
    Register(#[from] Rejection),
}

impl From<serde_json::Error> for BoardError {
    fn from(_: serde_json::Error) -> Self {
        Self::Damaged("a row that is no JSON")
    }
}
