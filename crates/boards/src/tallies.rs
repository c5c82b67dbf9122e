//! Sums that rows add to: a row that changes takes away what it added before, and adds what it adds now.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::error::BoardError;

/// What a sum is of, with the meaning of its key (a, b).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// Requests by class and due date.
    Due = 1,
    /// Requests by field of [`league`].
    League = 2,
    /// Decided requests by days from receipt to decision.
    Days = 3,
    /// Documents by name of an exemption.
    Exemptions = 4,
    /// Comments by field of [`count`].
    Count = 5,
    /// Comments that count by set of themes, and whether they were answered.
    Themes = 6,
    /// By spot: 0 roots, 1 comments of their threads that count.
    Spots = 7,
}

/// Fields of a line of the league.
pub(crate) mod league {
    pub(crate) const RECEIVED: i64 = 0;
    pub(crate) const OPEN: i64 = 1;
    pub(crate) const DECIDED: i64 = 2;
    pub(crate) const ON_TIME: i64 = 3;
    pub(crate) const MISSED: i64 = 4;
    pub(crate) const GRIEVANCES: i64 = 5;
    pub(crate) const CHANGED: i64 = 6;
}

/// Counts of comments.
pub(crate) mod count {
    pub(crate) const COMMENTS: i64 = 0;
    pub(crate) const VISIBLE: i64 = 1;
    pub(crate) const HIDDEN: i64 = 2;
    pub(crate) const WITHDRAWN: i64 = 3;
    pub(crate) const LATE: i64 = 4;
    pub(crate) const COUNTED: i64 = 5;
    pub(crate) const ERASED: i64 = 6;
}

/// What a batch changes of the sums of a ledger.
#[derive(Debug, Default)]
pub(crate) struct Tallies(BTreeMap<(What, i64, i64), i64>);

impl Tallies {
    pub(crate) fn add(&mut self, what: What, a: i64, b: i64, n: i64) {
        if n != 0 {
            *self.0.entry((what, a, b)).or_default() += n;
        }
    }

    /// Writes what changed.
    pub(crate) fn write(self, connection: &Connection, ledger: i64) -> Result<(), BoardError> {
        let mut add = connection.prepare_cached(
            "INSERT INTO tallies (ledger, what, a, b, n) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (ledger, what, a, b) DO UPDATE SET n = n + excluded.n",
        )?;
        let mut tidy = connection.prepare_cached(
            "DELETE FROM tallies WHERE ledger = ?1 AND what = ?2 AND a = ?3 AND b = ?4 AND n = 0",
        )?;
        for ((what, a, b), n) in self.0.into_iter().filter(|(_, n)| *n != 0) {
            add.execute(params![ledger, what as i64, a, b, n])?;
            if n < 0 {
                tidy.execute(params![ledger, what as i64, a, b])?;
            }
        }
        Ok(())
    }
}

/// The sums of one kind of a ledger: (a, b, n), ascending.
pub(crate) fn read(
    connection: &Connection,
    ledger: i64,
    what: What,
) -> Result<Vec<(i64, i64, u64)>, BoardError> {
    let mut statement = connection
        .prepare_cached("SELECT a, b, n FROM tallies WHERE ledger = ?1 AND what = ?2 ORDER BY a, b")?;
    let rows = statement.query_map(params![ledger, what as i64], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?))
    })?;
    let mut all = Vec::new();
    for row in rows {
        let (a, b, n) = row?;
        all.push((
            a,
            b,
            u64::try_from(n).map_err(|_| BoardError::Damaged("a sum below zero"))?,
        ));
    }
    Ok(all)
}
