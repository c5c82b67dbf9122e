//! Folded texts in SQLite.
//!
//! *Phases.* [`Index::update`] takes what changed, with the size of the ledger up to which it was read, in one
//! transaction: after a crash the index is at the size that [`Index::size`] says. [`Index::search`] gives positions;
//! the text is looked up where it is published.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use sijill_ledger::LedgerId;

use crate::fold::fold;

/// Raised whenever folding or layout change: an index of another version is made again.
const VERSION: i64 = 1;
const MAX_QUERY_BYTES: usize = 1_000;
const MAX_WORDS: usize = 32;

/// Why an index cannot be used, or a query not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The query has no word. The fault is the asker's.
    #[error("type at least one word to search for")]
    NoWord,
    /// The query is too long. The fault is the asker's.
    #[error("a query has at most {MAX_QUERY_BYTES} bytes and {MAX_WORDS} words; shorten it")]
    TooLong,
    /// The database cannot be read or written, or is none. Delete it and let it be made again.
    #[error("the search index cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
    /// A position that no ledger has.
    #[error("a position beyond 2^63 − 1")]
    Position,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A comment.
    Comment,
    /// An official answer.
    Answer,
}

impl Kind {
    const fn code(self) -> i64 {
        match self {
            Self::Comment => 1,
            Self::Answer => 2,
        }
    }

    const fn of(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Comment),
            2 => Some(Self::Answer),
            _ => None,
        }
    }
}

/// A change of what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This text is published.
    Show {
        /// Position of its event.
        position: u64,
        /// What it is.
        kind: Kind,
        /// The text, as it was typed.
        text: String,
    },
    /// The text of this event is not published any more.
    Hide {
        /// Position of its event.
        position: u64,
    },
}

/// Something found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Position of the event whose text it is.
    pub position: u64,
    /// What it is.
    pub kind: Kind,
}

/// An index of the published texts of any number of ledgers.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
}

impl Index {
    /// Opens an index, and makes a new one if there is none or one of another version.
    ///
    /// # Errors
    /// [`SearchError::Database`].
    pub fn open(path: &Path) -> Result<Self, SearchError> {
        Self::of(Connection::open(path)?)
    }

    /// An index that is gone with the process.
    ///
    /// # Errors
    /// [`SearchError::Database`].
    pub fn in_memory() -> Result<Self, SearchError> {
        Self::of(Connection::open_in_memory()?)
    }

    fn of(connection: Connection) -> Result<Self, SearchError> {
        // What is deleted is overwritten, in the tables and in the index: a text that was erased leaves no words behind.
        connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON;")?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version != VERSION {
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE;
                 DROP TABLE IF EXISTS words;
                 DROP TABLE IF EXISTS texts;
                 DROP TABLE IF EXISTS ledgers;
                 CREATE TABLE ledgers (no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, size INTEGER NOT NULL);
                 CREATE TABLE texts (
                     no INTEGER PRIMARY KEY, ledger INTEGER NOT NULL, position INTEGER NOT NULL, kind INTEGER NOT NULL,
                     UNIQUE (ledger, position));
                 CREATE VIRTUAL TABLE words USING fts5 (folded, tokenize = 'unicode61 remove_diacritics 0');
                 INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
                 PRAGMA user_version = {VERSION};
                 COMMIT;"
            ))?;
        }
        Ok(Self { connection })
    }

    /// Entries of a ledger that were read; 0 if none were.
    ///
    /// # Errors
    /// [`SearchError::Database`].
    pub fn size(&self, ledger: LedgerId) -> Result<u64, SearchError> {
        let size: Option<i64> = self
            .connection
            .query_row(
                "SELECT size FROM ledgers WHERE id = ?1",
                [ledger.as_bytes()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(size.and_then(|s| u64::try_from(s).ok()).unwrap_or(0))
    }

    /// Takes what changed in the entries of a ledger up to `size`, in order.
    ///
    /// # Errors
    /// [`SearchError`]; the index is as before.
    ///
    /// # Durability
    /// All of it or nothing is there after a crash.
    pub fn update(&mut self, ledger: LedgerId, size: u64, changes: &[Change]) -> Result<(), SearchError> {
        let number = |n: u64| i64::try_from(n).map_err(|_| SearchError::Position);
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT INTO ledgers (id, size) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET size = excluded.size",
            params![ledger.as_bytes(), number(size)?],
        )?;
        let ledger_no: i64 = transaction.query_row(
            "SELECT no FROM ledgers WHERE id = ?1",
            [ledger.as_bytes()],
            |row| row.get(0),
        )?;
        for change in changes {
            let (Change::Show { position, .. } | Change::Hide { position }) = change;
            let position = number(*position)?;
            let there: Option<i64> = transaction
                .prepare_cached("SELECT no FROM texts WHERE ledger = ?1 AND position = ?2")?
                .query_row(params![ledger_no, position], |row| row.get(0))
                .optional()?;
            if let Some(no) = there {
                transaction
                    .prepare_cached("DELETE FROM words WHERE rowid = ?1")?
                    .execute([no])?;
                transaction
                    .prepare_cached("DELETE FROM texts WHERE no = ?1")?
                    .execute([no])?;
            }
            if let Change::Show { kind, text, .. } = change {
                transaction
                    .prepare_cached("INSERT INTO texts (ledger, position, kind) VALUES (?1, ?2, ?3)")?
                    .execute(params![ledger_no, position, kind.code()])?;
                let no = transaction.last_insert_rowid();
                transaction
                    .prepare_cached("INSERT INTO words (rowid, folded) VALUES (?1, ?2)")?
                    .execute(params![no, fold(text)])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Texts of a ledger that have every word of the query: the best ones first, then the newest. From `skip`, at most
    /// `most`.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn search(
        &self,
        ledger: LedgerId,
        query: &str,
        skip: u32,
        most: u32,
    ) -> Result<Vec<Hit>, SearchError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT texts.position, texts.kind FROM words
             JOIN texts ON texts.no = words.rowid
             JOIN ledgers ON ledgers.no = texts.ledger
             WHERE words MATCH ?1 AND ledgers.id = ?2
             ORDER BY words.rank, texts.position DESC LIMIT ?3 OFFSET ?4",
        )?;
        let rows = statement.query_map(
            params![match_expression(query)?, ledger.as_bytes(), most, skip],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        let mut hits = Vec::new();
        for row in rows {
            let (position, kind) = row?;
            let position = u64::try_from(position).map_err(|_| SearchError::Position)?;
            if let Some(kind) = Kind::of(kind) {
                hits.push(Hit { position, kind });
            }
        }
        Ok(hits)
    }
}

/// Every word of a query as a string of FTS5, so that nothing in it is read as an operator.
fn match_expression(query: &str) -> Result<String, SearchError> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(SearchError::TooLong);
    }
    let folded = fold(query);
    let words: Vec<String> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\""))
        .collect();
    match words.len() {
        0 => Err(SearchError::NoWord),
        1..=MAX_WORDS => Ok(words.join(" ")),
        _ => Err(SearchError::TooLong),
    }
}
