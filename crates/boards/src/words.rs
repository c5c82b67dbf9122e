//! Folded texts and search in them. Spec: specs/consultation.md §12.

use rusqlite::{Connection, OptionalExtension as _, params};
use sijill_ledger::LedgerId;

use crate::database::{Boards, Names, POSITIONS, first_no, ledger_of, position_of};
use crate::error::BoardError;
use crate::fold::fold;
use crate::page::{Cursor, MAX_LINES, Page};

pub(crate) const MAX_QUERY_BYTES: usize = 1_000;
pub(crate) const MAX_WORDS: usize = 32;

/// Of a text that something like it is looked for: most bytes that are read.
const MAX_LIKENESS_BYTES: usize = 65_536;
/// Words that say what a text is about: at most so many, the rarest ones.
const TELLING_WORDS: usize = 8;
/// Words that stand in more texts tell nothing, and would have to be ranked all.
const TELLING_TEXTS: i64 = 2_000;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A comment.
    Comment,
    /// An official answer.
    Answer,
    /// The answer to a request for information: summary, reasons, titles of documents.
    Disclosure,
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The ledger.
    pub ledger: LedgerId,
    /// The item: position of the comment, answer or request.
    pub position: u64,
    /// What it is.
    pub kind: Kind,
    /// `<register id>/<number>` of a request.
    pub reference: Option<String>,
}

/// The two indexes: contributions to consultations, and answers to requests for information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shelf {
    Forum,
    Disclosures,
}

impl Shelf {
    pub(crate) const ALL: [Self; 2] = [Self::Forum, Self::Disclosures];

    const fn table(self) -> &'static str {
        match self {
            Self::Forum => "forum_words",
            Self::Disclosures => "disclosure_words",
        }
    }

    /// A statement, with the name of the table in the place of `words`.
    fn sql(self, statement: &str) -> String {
        statement.replace("words", self.table())
    }

    pub(crate) fn create(self) -> String {
        self.sql(
            "CREATE VIRTUAL TABLE words USING fts5 (folded, tokenize = 'unicode61 remove_diacritics 0');
             INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
             CREATE VIRTUAL TABLE words_rows USING fts5vocab (words, row);",
        )
    }

    pub(crate) fn drop(self) -> String {
        self.sql("DROP TABLE IF EXISTS words_rows; DROP TABLE IF EXISTS words;")
    }
}

/// Puts the folded text of an item in the place of the one that was there, or takes it away. Whether something was taken
/// away.
pub(crate) fn put(
    connection: &Connection,
    shelf: Shelf,
    no: i64,
    folded: Option<&str>,
) -> Result<bool, BoardError> {
    let old: Option<String> = connection
        .prepare_cached(&shelf.sql("SELECT folded FROM words WHERE rowid = ?1"))?
        .query_row([no], |row| row.get(0))
        .optional()?;
    if old.as_deref() == folded {
        return Ok(false);
    }
    if old.is_some() {
        connection
            .prepare_cached(&shelf.sql("DELETE FROM words WHERE rowid = ?1"))?
            .execute([no])?;
    }
    if let Some(folded) = folded {
        connection
            .prepare_cached(&shelf.sql("INSERT INTO words (rowid, folded) VALUES (?1, ?2)"))?
            .execute(params![no, folded])?;
    }
    Ok(old.is_some())
}

/// Merges all words into pages that were never used for others. With secure deletion alone a word may be left where the
/// index says which words a page begins with.
pub(crate) fn merge_anew(connection: &Connection) -> Result<(), BoardError> {
    for shelf in Shelf::ALL {
        // An index of one piece would be left as it is: a text of its own makes a second piece.
        connection.execute_batch(&shelf.sql(
            "INSERT OR REPLACE INTO words (rowid, folded) VALUES (-1, 'sijill');
             INSERT INTO words (words) VALUES ('optimize');
             DELETE FROM words WHERE rowid = -1;",
        ))?;
    }
    Ok(())
}

impl Boards {
    /// Texts of a ledger that have every word of the query, the newest first. At most `most` (1 to 1000).
    ///
    /// # Errors
    /// [`BoardError`]; [`BoardError::Absent`] if the ledger is not there.
    pub fn search(
        &self,
        ledger: LedgerId,
        query: &str,
        from: Option<&Cursor>,
        most: u32,
    ) -> Result<Page<Hit>, BoardError> {
        let expression = every_word(query)?;
        let no = self.ledger_no(ledger)?.ok_or(BoardError::Absent)?;
        let below = match from {
            None => first_no(no) + POSITIONS,
            Some(cursor) => cursor.key::<1>()?[0],
        };
        let shelf = match self.register_no(no)?.kind {
            sijill_ledger::Kind::Foi => Shelf::Disclosures,
            _ => Shelf::Forum,
        };
        let mut statement = self.connection.prepare_cached(&shelf.sql(
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3
             ORDER BY rowid DESC LIMIT ?4",
        ))?;
        let most = most.clamp(1, MAX_LINES);
        let rows = statement.query_map(params![expression, first_no(no), below, most + 1], |row| {
            row.get::<_, i64>(0)
        })?;
        let found: Vec<i64> = rows.collect::<Result<_, _>>()?;
        let hits = found.into_iter().map(|at| Ok(([at], self.hit(at)?)));
        let hits: Vec<_> = hits.collect::<Result<_, BoardError>>()?;
        Ok(Page::cut(hits, most))
    }

    /// Published answers to requests that are about the same as a text, of all registers of freedom of information: those
    /// that share its rarest words first. At most `most`.
    ///
    /// # Errors
    /// [`BoardError`]; [`BoardError::NoWord`] if the text has no word.
    pub fn similar(&self, text: &str, most: u32) -> Result<Vec<Hit>, BoardError> {
        let telling = self.telling_words(text)?;
        if telling.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement =
            self.connection
                .prepare_cached(&Shelf::Disclosures.sql(
                    "SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rank, rowid DESC LIMIT ?2",
                ))?;
        let most = most.clamp(1, MAX_LINES);
        let rows = statement.query_map(params![telling.join(" OR "), most], |row| row.get::<_, i64>(0))?;
        rows.map(|row| self.hit(row?)).collect()
    }

    /// The rarest words of a text that stand somewhere, as strings of FTS5.
    fn telling_words(&self, text: &str) -> Result<Vec<String>, BoardError> {
        let mut end = text.len().min(MAX_LIKENESS_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let folded = fold(&text[..end]);
        let mut all: Vec<&str> = words_of(&folded).filter(|w| w.chars().count() > 2).collect();
        all.sort_unstable();
        all.dedup();
        if all.is_empty() {
            return Err(BoardError::NoWord);
        }
        let mut statement = self
            .connection
            .prepare_cached(&Shelf::Disclosures.sql("SELECT doc FROM words_rows WHERE term = ?1"))?;
        let mut rare = Vec::new();
        for word in all.into_iter().take(2_000) {
            let texts: Option<i64> = statement.query_row([word], |row| row.get(0)).optional()?;
            if let Some(texts) = texts.filter(|texts| *texts <= TELLING_TEXTS) {
                rare.push((texts, word));
            }
        }
        rare.sort_unstable();
        rare.truncate(TELLING_WORDS);
        Ok(rare.into_iter().map(|(_, word)| format!("\"{word}\"")).collect())
    }

    fn hit(&self, no: i64) -> Result<Hit, BoardError> {
        let position = position_of(no);
        let register = self.register_no(ledger_of(no))?;
        let number: Option<i64> = self
            .connection
            .prepare_cached("SELECT number FROM requests WHERE no = ?1")?
            .query_row([no], |row| row.get(0))
            .optional()?;
        let is_comment = self
            .connection
            .prepare_cached("SELECT 1 FROM comments WHERE no = ?1")?
            .exists([no])?;
        Ok(Hit {
            ledger: register.ledger,
            position,
            kind: match number {
                Some(_) => Kind::Disclosure,
                None if is_comment => Kind::Comment,
                None => Kind::Answer,
            },
            reference: number.map(|n| format!("{}/{n}", register.register)),
        })
    }
}

/// Every word of a query as a string of FTS5, so that nothing in it is read as an operator.
fn every_word(query: &str) -> Result<String, BoardError> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(BoardError::TooLong);
    }
    let folded = fold(query);
    let words: Vec<String> = words_of(&folded).map(|word| format!("\"{word}\"")).collect();
    match words.len() {
        0 => Err(BoardError::NoWord),
        1..=MAX_WORDS => Ok(words.join(" ")),
        _ => Err(BoardError::TooLong),
    }
}

fn words_of(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Names that rows are filed under: kept apart so that a row holds a number.
pub(crate) mod names {
    pub(crate) const OFFICER: i64 = 1;
    pub(crate) const EXEMPTION: i64 = 2;
    pub(crate) const THEMES: i64 = 3;
    pub(crate) const SPOT: i64 = 4;
}

impl Names {
    /// The number of a name of a ledger.
    pub(crate) fn number(
        &mut self,
        connection: &Connection,
        ledger: i64,
        kind: i64,
        name: &[u8],
    ) -> Result<i64, BoardError> {
        if let Some(no) = self.0.get(&(ledger, kind, name.to_vec())) {
            return Ok(*no);
        }
        connection
            .prepare_cached("INSERT OR IGNORE INTO names (ledger, kind, name) VALUES (?1, ?2, ?3)")?
            .execute(params![ledger, kind, name])?;
        let no = find_name(connection, ledger, kind, name)?.ok_or(BoardError::Damaged("a name is gone"))?;
        self.0.insert((ledger, kind, name.to_vec()), no);
        Ok(no)
    }
}

/// The number of a name of a ledger, if it has one.
pub(crate) fn find_name(
    connection: &Connection,
    ledger: i64,
    kind: i64,
    name: &[u8],
) -> Result<Option<i64>, BoardError> {
    Ok(connection
        .prepare_cached("SELECT no FROM names WHERE ledger = ?1 AND kind = ?2 AND name = ?3")?
        .query_row(params![ledger, kind, name], |row| row.get(0))
        .optional()?)
}

/// The names of a kind of a ledger.
pub(crate) fn all_names(
    connection: &Connection,
    ledger: i64,
    kind: i64,
) -> Result<Vec<(i64, Vec<u8>)>, BoardError> {
    let mut statement = connection
        .prepare_cached("SELECT no, name FROM names WHERE ledger = ?1 AND kind = ?2 ORDER BY no")?;
    let rows = statement.query_map(params![ledger, kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
