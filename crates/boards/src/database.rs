//! The file: its layout, how far each ledger has come, and the transaction of a batch.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use sijill_ledger::{Kind, LeafHash, LedgerId};
use sijill_registers::consultation::events::OnClause;
use sijill_registers::register::Contents;

use crate::error::BoardError;
use crate::follow::{Batch, Rows};
use crate::tallies::Tallies;
use crate::words::{self, Shelf};
use crate::{consultation, foi};

/// Raised whenever folding, layout or what a row says change: a file of another version is made again.
const VERSION: i64 = 1;

/// The day on which an erasure was written, so that it is always over.
const AT_ONCE: i64 = -1;

/// Positions that a ledger can have: a row is named by the number of its ledger times this, plus the position.
pub(crate) const POSITIONS: i64 = 1 << 40;

/// The first name of the rows of a ledger.
pub(crate) const fn first_no(ledger: i64) -> i64 {
    ledger * POSITIONS
}

/// The ledger of a row.
pub(crate) const fn ledger_of(no: i64) -> i64 {
    no.div_euclid(POSITIONS)
}

/// The position of a row.
pub(crate) fn position_of(no: i64) -> u64 {
    no.rem_euclid(POSITIONS).unsigned_abs()
}

/// The name of a row.
pub(crate) fn no_of(ledger: i64, position: u64) -> Result<i64, BoardError> {
    let position = i64::try_from(position).ok().filter(|p| *p < POSITIONS);
    let position = position.ok_or(BoardError::Beyond)?;
    ledger
        .checked_mul(POSITIONS)
        .and_then(|first| first.checked_add(position))
        .ok_or(BoardError::Beyond)
}

/// How far the rows of a ledger have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Entries that the rows are of; 0 if there are none.
    pub size: u64,
    /// Leaf hash of the last of these entries.
    pub last: Option<LeafHash>,
    /// While the ledger is built: items from this position on are still missing. `None` once all are there.
    pub next: Option<u64>,
    /// Entries of the calendar that the register had cited.
    pub cited: u64,
    /// The day that the rows are of, as a day number.
    pub day: u32,
    /// Clauses of versions that comments hang on.
    pub spots: Vec<SpotLine>,
}

/// A clause of a version of a document that comments hang on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotLine {
    /// Its number in the file.
    pub no: i64,
    /// The clause.
    pub on: OnClause,
}

/// A register of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterLine {
    /// Its ledger.
    pub ledger: LedgerId,
    /// 6 or 7.
    pub kind: Kind,
    /// Its id.
    pub register: String,
    /// Id of its authority.
    pub authority: String,
    /// Entries that the rows are of.
    pub size: u64,
    /// The day that the rows are of, as a day number.
    pub day: u32,
    /// Whether all items are there.
    pub complete: bool,
    pub(crate) no: i64,
}

/// Numbers of names that were looked up.
#[derive(Debug, Default)]
pub(crate) struct Names(pub(crate) HashMap<(i64, i64, Vec<u8>), i64>);

/// The read models: one SQLite file.
#[derive(Debug)]
pub struct Boards {
    pub(crate) connection: Connection,
    names: Names,
}

impl Boards {
    /// Opens the file; makes a new one if there is none, or one of another version.
    ///
    /// # Errors
    /// [`BoardError::Database`].
    ///
    /// # Durability
    /// A file of which a loss of power left a part is either whole up to some batch, or refused: delete it.
    pub fn open(path: &Path) -> Result<Self, BoardError> {
        let connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        Self::of(connection)
    }

    /// Read models that are gone with the process.
    ///
    /// # Errors
    /// [`BoardError::Database`].
    pub fn in_memory() -> Result<Self, BoardError> {
        Self::of(Connection::open_in_memory()?)
    }

    fn of(connection: Connection) -> Result<Self, BoardError> {
        // What is deleted is overwritten.
        connection.execute_batch(
            "PRAGMA secure_delete = ON; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;",
        )?;
        connection.set_prepared_statement_cache_capacity(64);
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let mut boards = Self {
            connection,
            names: Names::default(),
        };
        if version != VERSION {
            boards.make_anew()?;
        }
        // If the process died between an erasure and the merge.
        boards.finish_forgetting(0)?;
        Ok(boards)
    }

    fn make_anew(&mut self) -> Result<(), BoardError> {
        let mut sql = String::from("BEGIN IMMEDIATE;\n");
        for shelf in Shelf::ALL {
            sql.push_str(&shelf.drop());
        }
        for table in [
            "ledgers",
            "names",
            "tallies",
            "requests",
            "decisions",
            "comments",
            "answers",
            "places",
            "forgetting",
            "texts",
            "words",
        ] {
            sql.push_str(&format!("DROP TABLE IF EXISTS {table};\n"));
        }
        sql.push_str(LAYOUT);
        for shelf in Shelf::ALL {
            sql.push_str(&shelf.create());
        }
        sql.push_str(&format!("PRAGMA user_version = {VERSION};\nCOMMIT;"));
        self.connection.execute_batch(&sql)?;
        Ok(())
    }

    /// The number of a ledger in the file.
    pub(crate) fn ledger_no(&self, ledger: LedgerId) -> Result<Option<i64>, BoardError> {
        Ok(self
            .connection
            .prepare_cached("SELECT no FROM ledgers WHERE id = ?1")?
            .query_row([ledger.as_bytes()], |row| row.get(0))
            .optional()?)
    }

    /// Every register of the file, by id.
    ///
    /// # Errors
    /// [`BoardError::Database`].
    pub fn registers(&self) -> Result<Vec<RegisterLine>, BoardError> {
        self.some_registers("TRUE", params![])
    }

    /// A register of the file.
    ///
    /// # Errors
    /// [`BoardError::Absent`].
    pub fn register(&self, ledger: LedgerId) -> Result<RegisterLine, BoardError> {
        let found = self.some_registers("id = ?1", params![ledger.as_bytes()])?;
        found.into_iter().next().ok_or(BoardError::Absent)
    }

    pub(crate) fn register_no(&self, no: i64) -> Result<RegisterLine, BoardError> {
        let found = self.some_registers("no = ?1", params![no])?;
        found.into_iter().next().ok_or(BoardError::Absent)
    }

    pub(crate) fn some_registers(
        &self,
        condition: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<RegisterLine>, BoardError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT no, id, kind, register, authority, size, day, next IS NULL FROM ledgers WHERE {condition} ORDER BY register"
        ))?;
        let mut rows = statement.query(values)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let damaged = || BoardError::Damaged("a ledger that is none");
            let kind: u8 = row.get(2)?;
            all.push(RegisterLine {
                no: row.get(0)?,
                ledger: LedgerId::from_bytes(row.get(1)?),
                kind: match kind {
                    6 => Kind::Consultation,
                    7 => Kind::Foi,
                    _ => return Err(damaged()),
                },
                register: row.get(3)?,
                authority: row.get(4)?,
                size: u64::try_from(row.get::<_, i64>(5)?).map_err(|_| damaged())?,
                day: row.get(6)?,
                complete: row.get(7)?,
            });
        }
        Ok(all)
    }

    /// How far the rows of a ledger have come.
    ///
    /// # Errors
    /// [`BoardError::Database`].
    pub fn progress(&self, ledger: LedgerId) -> Result<Progress, BoardError> {
        let nothing = Progress {
            size: 0,
            last: None,
            next: Some(0),
            cited: 0,
            day: 0,
            spots: Vec::new(),
        };
        let Some(no) = self.ledger_no(ledger)? else {
            return Ok(nothing);
        };
        let damaged = || BoardError::Damaged("how far a ledger has come");
        let number = |n: i64| u64::try_from(n).map_err(|_| damaged());
        let (size, last, next, cited, day) = self
            .connection
            .prepare_cached("SELECT size, last, next, cited, day FROM ledgers WHERE no = ?1")?
            .query_row([no], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get::<_, Option<i64>>(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })?;
        Ok(Progress {
            size: number(size)?,
            last: Some(LeafHash::from_bytes(last)),
            next: next.map(number).transpose()?,
            cited: number(cited)?,
            day,
            spots: consultation::spots(&self.connection, no)?,
        })
    }

    /// Writes what one step changes, and how far its ledger has come.
    ///
    /// A content that cannot be read is not found by a search; how many there were comes back. (An erasure that came after
    /// the batch was made is the next batch's.)
    ///
    /// # Errors
    /// [`BoardError`]; everything is as before.
    ///
    /// # Durability
    /// All of the batch or nothing of it is there after a crash. Whoever is killed between an erasure and the merge of the
    /// words finishes it when the file is opened.
    pub fn write(&mut self, batch: Batch, contents: &dyn Contents) -> Result<u64, BoardError> {
        let (texts, missing) = batch.fold_texts(contents);
        let day = batch.day;
        let hides = self.write_rows(batch, &texts).inspect_err(|_| {
            // Names that were numbered in a transaction that is undone.
            self.names = Names::default();
        });
        let forgotten = self.finish_forgetting(day)?;
        if hides? && !forgotten {
            self.cut_log()?;
        }
        Ok(missing)
    }

    fn write_rows(&mut self, batch: Batch, texts: &BTreeMap<u64, String>) -> Result<bool, BoardError> {
        let names = &mut self.names;
        let transaction = self.connection.transaction()?;
        let no = place_ledger(&transaction, &batch)?;
        let mut tallies = Tallies::default();
        let mut hides = false;
        match &batch.rows {
            Rows::Foi(rows) => {
                foi::write_lines(&transaction, no, &rows.moved, &mut tallies)?;
                for row in &rows.touched {
                    hides |= foi::write(&transaction, names, no, row, texts, &mut tallies)?;
                }
            }
            Rows::Consultation(rows) => {
                for row in &rows.comments {
                    hides |= consultation::write(&transaction, names, no, row, texts, &mut tallies)?;
                }
                for position in &rows.answers {
                    hides |= consultation::write_answer(&transaction, no, *position, texts)?;
                }
                consultation::write_about(&transaction, no, rows)?;
            }
        }
        tallies.write(&transaction, no)?;
        if batch.erases || hides {
            let day = if batch.erases {
                AT_ONCE
            } else {
                i64::from(batch.day)
            };
            transaction.execute("INSERT INTO forgetting (day) VALUES (?1)", [day])?;
        }
        transaction.commit()?;
        Ok(hides)
    }

    /// Takes a ledger out of the file: its rows are of another history than the ledger's.
    ///
    /// # Errors
    /// [`BoardError::Database`]; everything is as before.
    ///
    /// # Durability
    /// As [`Boards::write`].
    pub fn forget(&mut self, ledger: LedgerId) -> Result<(), BoardError> {
        let Some(no) = self.ledger_no(ledger)? else {
            return Ok(());
        };
        self.names = Names::default();
        let (first, end) = (first_no(no), first_no(no) + POSITIONS);
        let transaction = self.connection.transaction()?;
        for table in ["requests", "decisions", "comments", "answers"] {
            transaction.execute(
                &format!("DELETE FROM {table} WHERE no >= ?1 AND no < ?2"),
                [first, end],
            )?;
        }
        for table in ["forum_words", "disclosure_words"] {
            transaction.execute(
                &format!("DELETE FROM {table} WHERE rowid >= ?1 AND rowid < ?2"),
                [first, end],
            )?;
        }
        for table in ["names", "tallies", "places"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE ledger = ?1"), [no])?;
        }
        transaction.execute("DELETE FROM ledgers WHERE no = ?1", [no])?;
        transaction.execute("INSERT INTO forgetting (day) VALUES (?1)", [AT_ONCE])?;
        transaction.commit()?;
        self.finish_forgetting(0)?;
        Ok(())
    }

    /// Merges the words anew and cuts the log, if that is due: at once after an erasure, on the next day after something was
    /// withheld. Whether it was; it can be done again.
    fn finish_forgetting(&mut self, today: u32) -> Result<bool, BoardError> {
        let is_due = self
            .connection
            .prepare_cached("SELECT 1 FROM forgetting WHERE day < ?1")?
            .exists([today])?;
        if is_due {
            words::merge_anew(&self.connection)?;
            if !self.cut_log()? {
                // Somebody reads: what is to be forgotten is still in the log. It is due until it is not.
                return Ok(false);
            }
            self.connection.execute("DELETE FROM forgetting", [])?;
        }
        Ok(is_due)
    }

    /// Copies the write-ahead log into the file and cuts it to nothing. Whether nobody's reading stood in the way. (Without
    /// effect in memory.)
    fn cut_log(&self) -> Result<bool, BoardError> {
        let busy: i64 = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }
}

/// Says how far the ledger of a batch has come; its number.
fn place_ledger(transaction: &Transaction<'_>, batch: &Batch) -> Result<i64, BoardError> {
    let number = |n: u64| i64::try_from(n).map_err(|_| BoardError::Beyond);
    Ok(transaction
        .prepare_cached(
            "INSERT INTO ledgers (id, kind, register, authority, size, last, next, cited, day)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET
                 size = excluded.size, last = excluded.last, next = excluded.next, cited = excluded.cited, day = excluded.day
             RETURNING no",
        )?
        .query_row(
            params![
                batch.ledger.as_bytes(),
                batch.kind.code(),
                batch.register,
                batch.authority,
                number(batch.size)?,
                batch.last.as_bytes(),
                batch.next.map(number).transpose()?,
                number(batch.cited)?,
                batch.day,
            ],
            |row| row.get(0),
        )?)
}

/// Rows of requests, comments and answers are named by ledger and position, so they lie by ledger, in order.
const LAYOUT: &str = "
CREATE TABLE ledgers (
    no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, register TEXT NOT NULL, authority TEXT NOT NULL,
    size INTEGER NOT NULL, last BLOB NOT NULL, next INTEGER, cited INTEGER NOT NULL, day INTEGER NOT NULL, about TEXT,
    outline TEXT);
CREATE TABLE names (no INTEGER PRIMARY KEY, ledger INTEGER NOT NULL, kind INTEGER NOT NULL, name BLOB NOT NULL,
    UNIQUE (ledger, kind, name));
CREATE TABLE tallies (ledger INTEGER NOT NULL, what INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL,
    n INTEGER NOT NULL, PRIMARY KEY (ledger, what, a, b)) WITHOUT ROWID;
CREATE TABLE forgetting (day INTEGER NOT NULL);
CREATE TABLE requests (
    no INTEGER PRIMARY KEY, ledger INTEGER NOT NULL, class INTEGER NOT NULL, due INTEGER NOT NULL, number INTEGER NOT NULL,
    original_due INTEGER, days_left INTEGER NOT NULL, extended INTEGER NOT NULL, missed INTEGER NOT NULL,
    clarify_by INTEGER, pay_by INTEGER, next INTEGER NOT NULL, ended TEXT, officer INTEGER, share TEXT NOT NULL);
CREATE INDEX requests_due ON requests (ledger, class, due, no) WHERE class < 3;
CREATE INDEX requests_officer ON requests (ledger, officer, class, due, no) WHERE class < 3;
CREATE INDEX requests_extended ON requests (ledger, class, due, no) WHERE class < 3 AND extended;
CREATE TABLE decisions (no INTEGER PRIMARY KEY, ledger INTEGER NOT NULL, seq INTEGER NOT NULL, day INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX decisions_day ON decisions (ledger, day, seq);
CREATE TABLE comments (
    no INTEGER PRIMARY KEY, root INTEGER NOT NULL, reply_to INTEGER, spot INTEGER NOT NULL, depth INTEGER NOT NULL,
    person INTEGER NOT NULL, attested INTEGER NOT NULL, at_ms INTEGER NOT NULL, standing INTEGER NOT NULL,
    late INTEGER NOT NULL, erased INTEGER NOT NULL, answered INTEGER NOT NULL, themes INTEGER NOT NULL,
    replies INTEGER NOT NULL, uncovered INTEGER NOT NULL, steps TEXT);
CREATE INDEX comments_roots ON comments (spot, no) WHERE reply_to IS NULL;
CREATE INDEX comments_all_roots ON comments (no) WHERE reply_to IS NULL;
CREATE INDEX comments_replies ON comments (root, no) WHERE reply_to IS NOT NULL;
CREATE INDEX comments_log ON comments (no) WHERE steps IS NOT NULL;
CREATE INDEX comments_uncovered ON comments (no) WHERE uncovered;
CREATE TABLE answers (no INTEGER PRIMARY KEY);
CREATE TABLE places (spot INTEGER PRIMARY KEY, ledger INTEGER NOT NULL, kind INTEGER NOT NULL, clause TEXT NOT NULL,
    version INTEGER NOT NULL, made_on INTEGER, other_wording INTEGER NOT NULL);
";
