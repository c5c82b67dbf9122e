//! Registers of freedom of information: work lists, disclosure log, league of authorities.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rayon::prelude::*;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde_json::Value;
use sijill_ledger::{Committed, KeyId, Kind, LedgerId};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::views::{BoardLine, Day, FoiReading, LeagueLine, LeagueShare, Standing};
use sijill_registers::foi::{EndKind, FoiState, Request};
use sijill_registers::views::basis_points;
use sijill_rules::{day_number, numbered_day};

use crate::database::{Boards, Names, POSITIONS, RegisterLine, first_no, no_of, position_of};
use crate::error::BoardError;
use crate::follow::{Gathered, Rows, Since, Source, Touched};
use crate::page::{Cursor, MAX_LINES, Page};
use crate::tallies::{self, Tallies, What, league};
use crate::words::{self, Shelf, find_name, names};

/// Classes of requests, by which work lists are ordered; within a class by due date.
const TIMED: i64 = 0;
const PAUSED: i64 = 1;
const REOPENED: i64 = 2;
const SETTLED: i64 = 3;
/// The due date of what has none.
const NO_DAY: i64 = -1;

/// Names of event types that an officer may do next, in the order in which a line has them.
const STEPS: [&str; 10] = [
    "RequestAdmitted",
    "DecisionMade",
    "ClarificationGiven",
    "ClarificationAsked",
    "FeeSettled",
    "FeeQuoted",
    "RequestTransferred",
    "DeadlineExtended",
    "RequestRoutedOut",
    "ThirdPartyConsulted",
];

/// How requests end, by name.
const ENDS: [EndKind; 7] = [
    EndKind::Decided,
    EndKind::RoutedOut,
    EndKind::Transferred,
    EndKind::Withdrawn,
    EndKind::Unpaid,
    EndKind::DeemedRefused,
    EndKind::Abandoned,
];

// --- rows ---------------------------------------------------------------------------------------------------------------

/// What changes of a register.
#[derive(Debug)]
pub(crate) struct FoiRows {
    /// Lines that the clock may have moved, ascending by request.
    pub(crate) moved: Vec<LineRow>,
    /// Requests that events concern, or that were missing.
    pub(crate) touched: Vec<FoiRow>,
}

/// What the clock can move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineRow {
    request: u64,
    class: i64,
    due: i64,
    original_due: Option<i64>,
    days_left: i64,
    clarify_by: Option<i64>,
    next: i64,
}

/// A request.
#[derive(Debug)]
pub(crate) struct FoiRow {
    line: LineRow,
    number: u64,
    extended: bool,
    missed: bool,
    pay_by: Option<i64>,
    ended: Option<&'static str>,
    officer: Option<KeyId>,
    share: LeagueShare,
    decided: Option<(u64, i64, String)>,
}

fn day_no(day: Day) -> i64 {
    i64::from(day_number(day.0))
}

impl LineRow {
    fn of(line: &BoardLine) -> Result<Self, BoardError> {
        let mut next = 0;
        for name in &line.next {
            let step = STEPS.iter().position(|step| step == name);
            next |= 1 << step.ok_or(BoardError::Damaged("a step that the file does not know"))?;
        }
        Ok(Self {
            request: line.request,
            class: match line.standing {
                Standing::Overdue | Standing::DueToday | Standing::Running => TIMED,
                Standing::Paused => PAUSED,
                Standing::Reopened => REOPENED,
                Standing::Ended => SETTLED,
            },
            due: line.due.map_or(NO_DAY, day_no),
            original_due: line.original_due.map(day_no),
            days_left: i64::from(line.days_left),
            clarify_by: line.clarify_by.map(day_no),
            next,
        })
    }

    /// Of a request that has ended and stays so: it is on no work list.
    const fn settled(request: u64) -> Self {
        Self {
            request,
            class: SETTLED,
            due: NO_DAY,
            original_due: None,
            days_left: 0,
            clarify_by: None,
            next: 0,
        }
    }
}

impl FoiRow {
    fn of(reading: &FoiReading<'_>, request: &Request) -> Result<Self, BoardError> {
        let disclosure = reading.disclosure(request)?;
        let decided = match (&request.decision, &disclosure) {
            (Some(decision), Some(line)) => {
                Some((decision.seq, day_no(line.decided), serde_json::to_string(line)?))
            }
            _ => None,
        };
        let (line, extended, pay_by) = if request.is_open() || request.is_reopened() {
            let line = reading.line(request)?;
            (LineRow::of(&line)?, line.extended, line.pay_by.map(day_no))
        } else {
            (LineRow::settled(request.seq), false, None)
        };
        Ok(Self {
            line,
            number: request.number,
            extended,
            missed: request.missed.is_some(),
            pay_by,
            ended: request.end.map(|end| end.kind.as_str()),
            officer: request.officer,
            share: reading.league_share(request)?,
            decided,
        })
    }
}

pub(crate) fn gather(since: &Since<'_>, foi: &FoiState, source: &Source<'_>) -> Result<Gathered, BoardError> {
    let reading = foi.read_views(source.now_ms, source.linked)?;
    let day = u32::try_from(day_number(reading.today())).map_err(|_| BoardError::Beyond)?;
    let is_erased = |text: &Committed| foi.days().is_erased(&text.commitment);
    let mut concerned: BTreeSet<u64> = since
        .events
        .iter()
        .filter_map(|(position, event)| match event {
            Event::Foi(event) => foi.concerns(*position, event),
            _ => None,
        })
        .collect();
    if since.erases() {
        let lost = |request: &&Request| request.answer_texts().iter().any(is_erased);
        concerned.extend(foi.requests().filter(lost).map(|request| request.seq));
    }
    let missing = |from| {
        let more = foi.requests_from(from).take(since.most.saturating_add(1));
        more.map(|request| request.seq).collect()
    };
    let Touched { there, next } = Touched::of(since, concerned.into_iter(), missing);
    let requests: Vec<&Request> = there.iter().filter_map(|seq| foi.request(*seq)).collect();
    let touched: Vec<FoiRow> = requests
        .par_iter()
        .map(|request| FoiRow::of(&reading, request))
        .collect::<Result<_, _>>()?;
    let texts = requests
        .iter()
        .map(|request| {
            let all = request.answer_texts().into_iter();
            (
                request.seq,
                all.filter(|text| !is_erased(text)).collect::<Vec<_>>(),
            )
        })
        .filter(|(_, texts)| !texts.is_empty())
        .collect();
    let cited = foi.days().size();
    let moved: Vec<LineRow> = if (since.progress.cited, since.progress.day) == (cited, day) {
        Vec::new()
    } else {
        let unsettled: Vec<&Request> = foi
            .unsettled()
            .filter(|request| since.is_there(request.seq) && !there.contains(&request.seq))
            .collect();
        unsettled
            .par_iter()
            .map(|request| LineRow::of(&reading.line(request)?))
            .collect::<Result<_, BoardError>>()?
    };
    Ok(Gathered {
        register: reading.register().to_owned(),
        authority: reading.authority().to_owned(),
        day,
        next,
        rows: Rows::Foi(FoiRows { moved, touched }),
        texts,
    })
}

/// Writes lines that the clock has moved; the others are left alone.
pub(crate) fn write_lines(
    transaction: &Transaction<'_>,
    ledger: i64,
    moved: &[LineRow],
    tallies: &mut Tallies,
) -> Result<(), BoardError> {
    if moved.is_empty() {
        return Ok(());
    }
    let mut select = transaction.prepare_cached(
        "SELECT no, class, due, original_due, days_left, clarify_by, next FROM requests
         WHERE no >= ?1 AND no < ?2 AND class < 3 ORDER BY no",
    )?;
    let first = first_no(ledger);
    let rows = select.query_map([first, first + POSITIONS], |row| {
        Ok(LineRow {
            request: position_of(row.get(0)?),
            class: row.get(1)?,
            due: row.get(2)?,
            original_due: row.get(3)?,
            days_left: row.get(4)?,
            clarify_by: row.get(5)?,
            next: row.get(6)?,
        })
    })?;
    let before: Vec<LineRow> = rows.collect::<Result<_, _>>()?;
    let mut before = before.into_iter().peekable();
    // An update that names no column of an index leaves the indexes alone.
    let mut update = transaction.prepare_cached(
        "UPDATE requests SET original_due = ?2, days_left = ?3, clarify_by = ?4, next = ?5 WHERE no = ?1",
    )?;
    let mut update_due =
        transaction.prepare_cached("UPDATE requests SET class = ?2, due = ?3 WHERE no = ?1")?;
    for line in moved {
        while before.peek().is_some_and(|old| old.request < line.request) {
            before.next();
        }
        let old = before
            .next_if(|old| old.request == line.request)
            .ok_or(BoardError::Damaged("a request that is open and not there"))?;
        if old == *line {
            continue;
        }
        let no = no_of(ledger, line.request)?;
        update.execute(params![
            no,
            line.original_due,
            line.days_left,
            line.clarify_by,
            line.next
        ])?;
        if (old.class, old.due) != (line.class, line.due) {
            update_due.execute(params![no, line.class, line.due])?;
            tallies.add(What::Due, old.class, old.due, -1);
            tallies.add(What::Due, line.class, line.due, 1);
        }
    }
    Ok(())
}

/// Writes a request. Whether words were taken away.
pub(crate) fn write(
    transaction: &Transaction<'_>,
    all_names: &mut Names,
    ledger: i64,
    row: &FoiRow,
    texts: &BTreeMap<u64, String>,
    tallies: &mut Tallies,
) -> Result<bool, BoardError> {
    let no = no_of(ledger, row.line.request)?;
    let old: Option<(i64, i64, String)> = transaction
        .prepare_cached("SELECT class, due, share FROM requests WHERE no = ?1")?
        .query_row([no], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    let is_new = old.is_none();
    if let Some((class, due, share)) = old {
        count(tallies, class, due, -1);
        let share: LeagueShare = serde_json::from_str(&share)?;
        add_share(transaction, all_names, ledger, tallies, &share, -1)?;
    }
    let LineRow { class, due, .. } = row.line;
    count(tallies, class, due, 1);
    add_share(transaction, all_names, ledger, tallies, &row.share, 1)?;
    let officer = match row.officer {
        Some(key) => Some(all_names.number(transaction, ledger, names::OFFICER, key.as_bytes())?),
        None => None,
    };
    let number = i64::try_from(row.number).map_err(|_| BoardError::Beyond)?;
    transaction
        .prepare_cached(
            "INSERT INTO requests (no, ledger, class, due, number, original_due, days_left, extended, missed, clarify_by,
                 pay_by, next, ended, officer, share)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (no) DO UPDATE SET
                 class = excluded.class, due = excluded.due, original_due = excluded.original_due,
                 days_left = excluded.days_left, extended = excluded.extended, missed = excluded.missed,
                 clarify_by = excluded.clarify_by, pay_by = excluded.pay_by, next = excluded.next, ended = excluded.ended,
                 officer = excluded.officer, share = excluded.share",
        )?
        .execute(params![
            no,
            ledger,
            class,
            due,
            number,
            row.line.original_due,
            row.line.days_left,
            row.extended,
            row.missed,
            row.line.clarify_by,
            row.pay_by,
            row.line.next,
            row.ended,
            officer,
            serde_json::to_string(&row.share)?,
        ])?;
    if let Some((seq, day, body)) = &row.decided {
        let seq = i64::try_from(*seq).map_err(|_| BoardError::Beyond)?;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO decisions (no, ledger, seq, day, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![no, ledger, seq, day, body])?;
    }
    let text = texts.get(&row.line.request);
    if is_new && text.is_none() {
        return Ok(false);
    }
    words::put(transaction, Shelf::Disclosures, no, text.map(String::as_str))
}

fn count(tallies: &mut Tallies, class: i64, due: i64, n: i64) {
    if class < SETTLED {
        tallies.add(What::Due, class, due, n);
    }
}

fn add_share(
    connection: &Connection,
    all_names: &mut Names,
    ledger: i64,
    tallies: &mut Tallies,
    share: &LeagueShare,
    sign: i64,
) -> Result<(), BoardError> {
    let number = |n: u64| i64::try_from(n).map_err(|_| BoardError::Beyond);
    for (field, n) in [
        (league::RECEIVED, 1),
        (league::OPEN, i64::from(share.open)),
        (league::DECIDED, i64::from(share.decided)),
        (league::ON_TIME, i64::from(share.decided && !share.missed)),
        (league::MISSED, i64::from(share.missed)),
        (league::GRIEVANCES, number(share.grievances.0)?),
        (league::CHANGED, number(share.grievances.1)?),
    ] {
        tallies.add(What::League, field, 0, n * sign);
    }
    if let Some(days) = share.days {
        tallies.add(What::Days, i64::from(days), 0, sign);
    }
    for code in &share.exemptions {
        let code = all_names.number(connection, ledger, names::EXEMPTION, code.as_bytes())?;
        tallies.add(What::Exemptions, code, 0, sign);
    }
    Ok(())
}

// --- queries ------------------------------------------------------------------------------------------------------------

/// Which registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of freedom of information.
    All,
    /// Those of an authority, by its id.
    Authority(String),
    /// One.
    Register(LedgerId),
}

/// Which part of a work list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StandingFilter {
    /// The due date has passed.
    Overdue,
    /// Today is the due date.
    DueToday,
    /// The clock runs, and the due date lies ahead.
    Running,
    /// The clock is stopped.
    Paused,
    /// To be decided anew after a grievance.
    Reopened,
    /// Extensions have been taken.
    Extended,
}

/// Which lines of the work lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardFilter {
    /// Which registers.
    pub scope: Scope,
    /// Which part.
    pub standing: Option<StandingFilter>,
    /// Those that this officer acted on last.
    pub officer: Option<KeyId>,
}

/// How many requests stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct BoardCounts {
    /// The due date has passed.
    pub overdue: u64,
    /// Today is the due date.
    pub due_today: u64,
    /// The clock runs, and the due date lies ahead.
    pub running: u64,
    /// The clock is stopped.
    pub paused: u64,
    /// To be decided anew after a grievance.
    pub reopened: u64,
    /// Extensions have been taken: of any of the above.
    pub extended: u64,
}

/// How an authority answers, in all its registers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AuthorityLine {
    /// The authority.
    pub authority: String,
    /// Its registers.
    pub registers: Vec<String>,
    /// The sums; `register` is empty.
    pub line: LeagueLine,
}

const COLUMNS: &str =
    "no, class, due, number, original_due, days_left, extended, missed, clarify_by, pay_by, next, ended";

fn day_of(number: Option<i64>) -> Result<Option<Day>, BoardError> {
    let day = |n: i64| -> Option<Date> { numbered_day(u32::try_from(n).ok()?) };
    match number {
        None | Some(NO_DAY) => Ok(None),
        Some(n) => Ok(Some(
            Day(day(n).ok_or(BoardError::Damaged("a day that is none"))?),
        )),
    }
}

fn line_of(register: &RegisterLine, row: &Row<'_>) -> Result<BoardLine, BoardError> {
    let (no, class, due): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let number: i64 = row.get(3)?;
    let steps: i64 = row.get(10)?;
    let ended: Option<String> = row.get(11)?;
    let today = i64::from(register.day);
    let (standing, status) = match class {
        TIMED if due < today => (Standing::Overdue, "overdue"),
        TIMED if due == today => (Standing::DueToday, "running"),
        TIMED => (Standing::Running, "running"),
        PAUSED => (Standing::Paused, "paused"),
        _ => {
            let kind = ENDS.iter().find(|end| Some(end.as_str()) == ended.as_deref());
            let kind = kind.ok_or(BoardError::Damaged("a request that ended in no known way"))?;
            (Standing::Reopened, kind.as_str())
        }
    };
    let days_left: i64 = row.get(5)?;
    let taken = (0..).zip(STEPS).filter(|(bit, _)| steps & (1 << bit) != 0);
    Ok(BoardLine {
        reference: format!("{}/{number}", register.register),
        request: position_of(no),
        standing,
        status,
        due: day_of(Some(due))?,
        original_due: day_of(row.get(4)?)?,
        days_left: u32::try_from(days_left).map_err(|_| BoardError::Damaged("days below zero"))?,
        extended: row.get(6)?,
        missed: row.get(7)?,
        clarify_by: day_of(row.get(8)?)?,
        pay_by: day_of(row.get(9)?)?,
        next: taken.map(|(_, step)| step).collect(),
    })
}

impl Boards {
    fn foi_registers(&self, scope: &Scope) -> Result<Vec<RegisterLine>, BoardError> {
        Ok(match scope {
            Scope::All => self.some_registers("kind = 7", params![])?,
            Scope::Authority(authority) => {
                self.some_registers("kind = 7 AND authority = ?1", params![authority])?
            }
            Scope::Register(ledger) => vec![self.register(*ledger).and_then(|register| {
                let is_foi = register.kind == Kind::Foi;
                is_foi.then_some(register).ok_or(BoardError::Absent)
            })?],
        })
    }

    /// The work list: what is open or must be decided anew, by urgency, due date and register. At most `most` (1 to 1000).
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn board(
        &self,
        filter: &BoardFilter,
        from: Option<&Cursor>,
        most: u32,
    ) -> Result<Page<BoardLine>, BoardError> {
        let most = most.clamp(1, MAX_LINES);
        let from = from.map(Cursor::key::<3>).transpose()?;
        // Keys of every register come from its index; only the lines of the page are read.
        let registers = self.foi_registers(&filter.scope)?;
        let mut keys = Vec::new();
        for (at, register) in registers.iter().enumerate() {
            let found = self.board_keys(register, filter, from, most + 1)?;
            keys.extend(found.into_iter().map(|key| (key, at)));
        }
        keys.sort_unstable();
        let page = Page::cut(
            keys.into_iter().map(|(key, at)| (key, (key[2], at))).collect(),
            most,
        );
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM requests WHERE no = ?1"))?;
        let lines = page.lines.into_iter().map(|(no, at)| {
            let mut rows = statement.query([no])?;
            let row = rows
                .next()?
                .ok_or(BoardError::Damaged("an index names what is not there"))?;
            line_of(&registers[at], row)
        });
        Ok(Page {
            lines: lines.collect::<Result<_, _>>()?,
            next: page.next,
        })
    }

    fn board_keys(
        &self,
        register: &RegisterLine,
        filter: &BoardFilter,
        from: Option<[i64; 3]>,
        most: u32,
    ) -> Result<Vec<[i64; 3]>, BoardError> {
        let today = i64::from(register.day);
        let segments: &[(i64, i64, i64)] = match filter.standing {
            None | Some(StandingFilter::Extended) => &[
                (TIMED, i64::MIN, i64::MAX),
                (PAUSED, i64::MIN, i64::MAX),
                (REOPENED, i64::MIN, i64::MAX),
            ],
            Some(StandingFilter::Overdue) => &[(TIMED, i64::MIN, today - 1)],
            Some(StandingFilter::DueToday) => &[(TIMED, today, today)],
            Some(StandingFilter::Running) => &[(TIMED, today + 1, i64::MAX)],
            Some(StandingFilter::Paused) => &[(PAUSED, i64::MIN, i64::MAX)],
            Some(StandingFilter::Reopened) => &[(REOPENED, i64::MIN, i64::MAX)],
        };
        let officer = match filter.officer {
            None => None,
            Some(key) => match find_name(&self.connection, register.no, names::OFFICER, key.as_bytes())? {
                Some(no) => Some(no),
                None => return Ok(Vec::new()),
            },
        };
        let mut narrow = String::new();
        if officer.is_some() {
            narrow.push_str(" AND officer = ?8");
        }
        if filter.standing == Some(StandingFilter::Extended) {
            narrow.push_str(" AND extended");
        }
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT class, due, no FROM requests
             WHERE ledger = ?1 AND class = ?2 AND class < 3 AND due BETWEEN ?3 AND ?4 AND (due, no) > (?5, ?6){narrow}
             ORDER BY due, no LIMIT ?7"
        ))?;
        let mut lines = Vec::new();
        for (class, least, last) in segments {
            let (due, no) = match from {
                Some([at, ..]) if at > *class => continue,
                Some([at, due, no]) if at == *class => (due, no),
                _ => (i64::MIN, i64::MIN),
            };
            let left = most.saturating_sub(u32::try_from(lines.len()).unwrap_or(u32::MAX));
            if left == 0 {
                break;
            }
            // The row with the least key that is not behind the cursor is sought, not counted up to.
            let least = (*least).max(due);
            let mut rows = match officer {
                Some(officer) => {
                    statement.query(params![register.no, class, least, last, due, no, left, officer])?
                }
                None => statement.query(params![register.no, class, least, last, due, no, left])?,
            };
            while let Some(row) = rows.next()? {
                lines.push([row.get(0)?, row.get(1)?, row.get(2)?]);
            }
        }
        Ok(lines)
    }

    /// How many requests stand where.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn board_counts(&self, scope: &Scope) -> Result<BoardCounts, BoardError> {
        let mut counts = BoardCounts::default();
        for register in self.foi_registers(scope)? {
            let today = i64::from(register.day);
            for (class, due, n) in tallies::read(&self.connection, register.no, What::Due)? {
                *match class {
                    TIMED if due < today => &mut counts.overdue,
                    TIMED if due == today => &mut counts.due_today,
                    TIMED => &mut counts.running,
                    PAUSED => &mut counts.paused,
                    _ => &mut counts.reopened,
                } += n;
            }
            let extended: i64 = self
                .connection
                .prepare_cached("SELECT COUNT(*) FROM requests WHERE ledger = ?1 AND class < 3 AND extended")?
                .query_row([register.no], |row| row.get(0))?;
            counts.extended += extended.unsigned_abs();
        }
        Ok(counts)
    }

    /// Requests of a register whose due date lies in these days (day numbers), with the officers who acted on them last, by
    /// due date.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn due_between(
        &self,
        ledger: LedgerId,
        days: core::ops::RangeInclusive<u32>,
    ) -> Result<Vec<(BoardLine, Option<KeyId>)>, BoardError> {
        let register = self.register(ledger)?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS}, (SELECT name FROM names WHERE names.no = requests.officer) FROM requests
             WHERE ledger = ?1 AND class = 0 AND class < 3 AND due BETWEEN ?2 AND ?3 ORDER BY due, no"
        ))?;
        let mut rows = statement.query(params![register.no, days.start(), days.end()])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let officer: Option<[u8; 32]> = row.get(12)?;
            all.push((line_of(&register, row)?, officer.map(KeyId::from_bytes)));
        }
        Ok(all)
    }

    /// What was decided, the newest first: each as the JSON of its pure view. At most `most` (1 to 1000).
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn disclosures(
        &self,
        scope: &Scope,
        from: Option<&Cursor>,
        most: u32,
    ) -> Result<Page<Value>, BoardError> {
        let most = most.clamp(1, MAX_LINES);
        // By day, position of the decision and register, all falling.
        let [day, seq, below] = match from {
            Some(cursor) => cursor.key::<3>()?,
            None => [i64::MAX, i64::MAX, i64::MAX],
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT day, seq, no FROM decisions WHERE ledger = ?1 AND day <= ?2 AND (day, seq) < (?2, ?3)
             ORDER BY day DESC, seq DESC LIMIT ?4",
        )?;
        let mut lines = Vec::new();
        for register in self.foi_registers(scope)? {
            let reached = if register.no < below {
                seq.saturating_add(1)
            } else {
                seq
            };
            let rows = statement.query_map(params![register.no, day, reached, most + 1], |row| {
                Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?])
            })?;
            for row in rows {
                let [day, seq, no] = row?;
                lines.push(([day, seq, register.no], no));
            }
        }
        lines.sort_by_key(|(key, _)| core::cmp::Reverse(*key));
        let page = Page::cut(lines, most);
        let bodies = page.lines.into_iter().map(|no| self.disclosure_of(no));
        let bodies: Vec<Option<Value>> = bodies.collect::<Result<_, _>>()?;
        Ok(Page {
            lines: bodies.into_iter().flatten().collect(),
            next: page.next,
        })
    }

    /// The decision on one request of a register; `None` if there is none.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn disclosure(&self, ledger: LedgerId, request: u64) -> Result<Option<Value>, BoardError> {
        self.disclosure_of(no_of(self.register(ledger)?.no, request)?)
    }

    fn disclosure_of(&self, no: i64) -> Result<Option<Value>, BoardError> {
        let body: Option<String> = self
            .connection
            .prepare_cached("SELECT body FROM decisions WHERE no = ?1")?
            .query_row([no], |row| row.get(0))
            .optional()?;
        Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
    }

    /// How each register answers, by id.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn league(&self, scope: &Scope) -> Result<Vec<LeagueLine>, BoardError> {
        let registers = self.foi_registers(scope)?;
        let lines = registers.iter().map(|register| {
            let Sums { mut line, days } = self.league_sums(register)?;
            line.median_days = median(&days);
            Ok(line)
        });
        lines.collect()
    }

    /// How each authority answers in all its registers: the most punctual one first.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn league_of_authorities(&self) -> Result<Vec<AuthorityLine>, BoardError> {
        let mut by_authority: BTreeMap<String, Vec<Sums>> = BTreeMap::new();
        for register in self.foi_registers(&Scope::All)? {
            let sums = self.league_sums(&register)?;
            by_authority.entry(register.authority).or_default().push(sums);
        }
        let mut lines: Vec<AuthorityLine> = by_authority
            .into_iter()
            .map(|(authority, registers)| {
                let mut line = LeagueLine::new(&authority, "");
                let mut all_days: BTreeMap<i64, u64> = BTreeMap::new();
                let mut names = Vec::new();
                for Sums { line: one, days } in registers {
                    line.received += one.received;
                    line.open += one.open;
                    line.decided += one.decided;
                    line.on_time += one.on_time;
                    line.missed += one.missed;
                    line.grievances.0 += one.grievances.0;
                    line.grievances.1 += one.grievances.1;
                    for (code, n) in one.exemptions {
                        *line.exemptions.entry(code).or_default() += n;
                    }
                    for (days, n) in days {
                        *all_days.entry(days).or_default() += n;
                    }
                    names.push(one.register);
                }
                line.median_days = median(&all_days);
                line.on_time_bp = basis_points(line.on_time, line.decided);
                AuthorityLine {
                    authority,
                    registers: names,
                    line,
                }
            })
            .collect();
        lines.sort_by(|a, b| {
            let punctual = b.line.on_time_bp.cmp(&a.line.on_time_bp);
            punctual.then_with(|| a.authority.cmp(&b.authority))
        });
        Ok(lines)
    }

    /// What the line of a register is made of.
    fn league_sums(&self, register: &RegisterLine) -> Result<Sums, BoardError> {
        let mut line = LeagueLine::new(&register.authority, &register.register);
        for (field, _, n) in tallies::read(&self.connection, register.no, What::League)? {
            match field {
                league::RECEIVED => line.received = n,
                league::OPEN => line.open = n,
                league::DECIDED => line.decided = n,
                league::ON_TIME => line.on_time = n,
                league::MISSED => line.missed = n,
                league::GRIEVANCES => line.grievances.0 = n,
                league::CHANGED => line.grievances.1 = n,
                _ => return Err(BoardError::Damaged("a sum of the league that is none")),
            }
        }
        line.on_time_bp = basis_points(line.on_time, line.decided);
        let codes: BTreeMap<i64, Vec<u8>> =
            words::all_names(&self.connection, register.no, names::EXEMPTION)?
                .into_iter()
                .collect();
        for (code, _, n) in tallies::read(&self.connection, register.no, What::Exemptions)? {
            let code = codes
                .get(&code)
                .ok_or(BoardError::Damaged("an exemption without a name"))?;
            line.exemptions
                .insert(String::from_utf8_lossy(code).into_owned(), n);
        }
        let days = tallies::read(&self.connection, register.no, What::Days)?;
        let days = days.into_iter().map(|(days, _, n)| (days, n)).collect();
        Ok(Sums { line, days })
    }
}

/// The line of a register but for the median, and how many requests took how many days from receipt to decision.
struct Sums {
    line: LeagueLine,
    days: BTreeMap<i64, u64>,
}

/// The lower one of two.
fn median(days: &BTreeMap<i64, u64>) -> Option<i32> {
    let all: u64 = days.values().sum();
    let mut left = all.checked_sub(1)? / 2;
    for (days, n) in days {
        if left < *n {
            return i32::try_from(*days).ok();
        }
        left -= n;
    }
    None
}
