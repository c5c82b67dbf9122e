//! Consultations: threads, contributions per clause, coverage by answers, the moderation log.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use sijill_ledger::LedgerId;
use sijill_registers::calendar::events::RegisterEvent;
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::events::{ConsultationEvent, OnClause};
use sijill_registers::consultation::views::{
    LogComment, LogCounts, LogReport, LogStep, Place, Placed, Reading, ThemeReading,
};
use sijill_registers::consultation::{Access, ConsultationRegister, ConsultationState, Speaker, Standing};
use sijill_registers::register::Rejection;
use sijill_rules::{day_number, numbered_day};

use crate::database::{Boards, Names, POSITIONS, SpotLine, first_no, no_of, position_of};
use crate::error::BoardError;
use crate::follow::{Gathered, Rows, Since, Source, Touched};
use crate::page::{Cursor, MAX_LINES, Page};
use crate::tallies::{self, Tallies, What, count};
use crate::words::{self, Shelf, all_names, names};

/// The document as a whole, in the place of a clause.
const DOCUMENT: i64 = 0;
/// Kinds of places.
const AT_CLAUSE: i64 = 1;
const ORPHANED: i64 = 2;

const VISIBLE: i64 = 0;
const HIDDEN: i64 = 1;
const WITHDRAWN: i64 = 2;

// --- rows ---------------------------------------------------------------------------------------------------------------

/// What changes of a consultation.
#[derive(Debug)]
pub(crate) struct ConsultationRows {
    pub(crate) comments: Vec<CommentRow>,
    pub(crate) answers: Vec<u64>,
    about: About,
    /// Ids and numbers of the clauses, if there is a new version.
    outline: Option<Vec<(String, String)>>,
    /// Where spots lie now, if there is a new version.
    places: Vec<(i64, Place)>,
}

/// What is small and not summed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    participants: u64,
    responses: u64,
    closed: Option<String>,
    report: Option<LogReport>,
    /// Id, names, outcome in the latest report.
    themes: Vec<(String, String, String, Option<u8>)>,
}

/// A comment.
#[derive(Debug)]
pub(crate) struct CommentRow {
    position: u64,
    root: u64,
    reply_to: Option<u64>,
    /// The clause of its root.
    on: Option<OnClause>,
    place: Option<Place>,
    depth: u8,
    person: u64,
    attested: bool,
    at_ms: u64,
    share: Share,
    themes: String,
    steps: Option<String>,
}

/// What a comment adds to sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    standing: i64,
    late: bool,
    erased: bool,
    answered: bool,
    is_root: bool,
}

impl Share {
    const fn is_counted(self) -> bool {
        self.standing == VISIBLE && !self.late
    }

    fn add(self, tallies: &mut Tallies, spot: i64, themes: i64, n: i64) {
        let standing = match self.standing {
            VISIBLE => count::VISIBLE,
            HIDDEN => count::HIDDEN,
            _ => count::WITHDRAWN,
        };
        tallies.add(What::Count, count::COMMENTS, 0, n);
        tallies.add(What::Count, standing, 0, n);
        if self.late {
            tallies.add(What::Count, count::LATE, 0, n);
        }
        if self.erased {
            tallies.add(What::Count, count::ERASED, 0, n);
        }
        if self.is_root {
            tallies.add(What::Spots, spot, 0, n);
        }
        if self.is_counted() {
            tallies.add(What::Count, count::COUNTED, 0, n);
            tallies.add(What::Spots, spot, 1, n);
            let kind = i64::from(self.answered) + 2 * i64::from(self.is_root);
            tallies.add(What::Themes, themes, kind, n);
        }
    }
}

/// Positions of the items that an event concerns.
fn concerned(position: u64, event: &Event) -> Vec<u64> {
    use ConsultationEvent as E;
    let Event::Consultation(event) = event else {
        return Vec::new();
    };
    match event {
        E::CommentMade(_) | E::CommentAttested(_) => vec![position],
        E::CommentWithdrawn(e) => vec![e.comment],
        E::WithdrawalAttested(e) => vec![e.comment],
        E::CommentHidden(e) => vec![e.comment],
        E::CommentRestored(e) => vec![e.comment],
        E::AppealFiled(e) => vec![e.comment],
        E::AppealAttested(e) => vec![e.comment],
        E::AppealDecided(e) => vec![e.comment],
        E::AnswerGiven(e) => e.to.iter().copied().chain([position]).collect(),
        E::CommentsAssigned(e) => e.added.iter().chain(&e.removed).copied().collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn gather(
    since: &Since<'_>,
    register: &ConsultationRegister,
    source: &Source<'_>,
) -> Result<Gathered, BoardError> {
    let state = register.state();
    let days = register.days();
    let calendar = register.calendar(source.linked).map_err(Rejection::from)?;
    let facts = days.facts(source.linked).map_err(Rejection::from)?;
    let listed = facts.register(&source.state.ledger(), days.size());
    let (id, authority) =
        listed.map_or_else(Default::default, |l| (l.id.to_string(), l.authority.to_string()));
    let today = calendar.day_of(days.next_moment(source.now_ms));
    let today = today.and_then(|day| u32::try_from(day_number(day)).ok());
    let day = today.ok_or(BoardError::Beyond)?;

    let mut touched: Vec<u64> = Vec::new();
    let mut new_version = since.progress.next.is_some();
    for (position, event) in since.events {
        touched.extend(concerned(*position, event));
        match event {
            Event::Consultation(ConsultationEvent::DocumentPublished(_)) => new_version = true,
            Event::Register(RegisterEvent::ErasureConfirmed(_)) => {
                touched.extend(days.erased().filter_map(|c| state.committed_at(c)));
            }
            _ => {}
        }
    }
    let missing = |from| {
        let most = since.most.saturating_add(1);
        let comments = state.comments_from(from).map(|(position, _)| position).take(most);
        let answers = state.answers().map(|(position, _)| position);
        let mut more: Vec<u64> = comments.chain(answers.filter(|p| *p >= from)).collect();
        more.sort_unstable();
        more.truncate(most);
        more
    };
    let Touched { there, next } = Touched::of(since, touched.into_iter(), missing);
    let there: Vec<u64> = there.into_iter().collect();
    let comments: Vec<CommentRow> = there
        .par_iter()
        .map_init(
            || state.read(&calendar),
            |reading, position| comment_row(reading, *position),
        )
        .flatten()
        .collect::<Result<_, _>>()?;
    let published = |position: u64| {
        let comment = state.comment(position).map(|c| c.text);
        let text = comment.or_else(|| state.answer(position).map(|a| a.text))?;
        let is_published = state.access(&text.commitment) == Some(Access::Published);
        is_published.then_some((position, vec![text]))
    };
    let spots = since.progress.spots.iter().filter(|_| new_version);
    Ok(Gathered {
        register: id,
        authority,
        day,
        next,
        texts: there.iter().filter_map(|position| published(*position)).collect(),
        rows: Rows::Consultation(Box::new(ConsultationRows {
            comments,
            answers: there
                .iter()
                .copied()
                .filter(|p| state.answer(*p).is_some())
                .collect(),
            about: about(&state.read(&calendar)),
            outline: new_version.then(|| outline(state)),
            places: spots
                .filter_map(|spot| Some((spot.no, state.place_on(&spot.on)?)))
                .collect(),
        })),
    })
}

fn outline(state: &ConsultationState) -> Vec<(String, String)> {
    let clauses = state.latest().map_or(&[][..], |(_, document)| document.clauses());
    clauses.iter().map(|c| (c.id.clone(), c.number.clone())).collect()
}

fn about(reading: &Reading<'_>) -> About {
    let state = reading.state();
    let outcomes = state.report().map_or(&[][..], |r| &r.outcomes);
    let outcome_of = |theme: &str| {
        let at = outcomes.binary_search_by(|o| o.theme.as_str().cmp(theme));
        at.ok().map(|i| outcomes[i].outcome)
    };
    About {
        participants: state.people().len() as u64,
        responses: state.responded(),
        closed: state.last_closed().and_then(numbered_day).map(|d| d.to_string()),
        report: reading.log_report(),
        themes: state
            .themes()
            .map(|(id, theme)| {
                (
                    id.to_owned(),
                    theme.name_en.clone(),
                    theme.name_ar.clone(),
                    outcome_of(id),
                )
            })
            .collect(),
    }
}

fn comment_row(reading: &Reading<'_>, position: u64) -> Option<Result<CommentRow, BoardError>> {
    let state = reading.state();
    let comment = state.comment(position)?;
    let root = state.root_of(position)?;
    let on = state.comment(root)?.clause.clone();
    let steps: Vec<LogStep> = comment.steps.iter().map(LogStep::of).collect();
    let steps = if steps.is_empty() {
        None
    } else {
        Some(serde_json::to_string(&steps))
    };
    let steps = match steps.transpose() {
        Ok(steps) => steps,
        Err(error) => return Some(Err(error.into())),
    };
    let themes: Vec<&str> = comment.themes.iter().map(String::as_str).collect();
    Some(Ok(CommentRow {
        position,
        root,
        reply_to: comment.reply_to,
        place: on.as_ref().and_then(|on| state.place_on(on)),
        on,
        depth: comment.depth,
        person: state.person(&comment.person).map_or(0, |person| person.number),
        attested: comment.by == Speaker::Intake,
        at_ms: comment.at_ms,
        share: Share {
            standing: match comment.standing {
                Standing::Visible => VISIBLE,
                Standing::Hidden { .. } => HIDDEN,
                Standing::Withdrawn => WITHDRAWN,
            },
            late: reading.is_late(comment),
            erased: state.is_erased(&comment.text),
            answered: !comment.answers.is_empty(),
            is_root: comment.reply_to.is_none(),
        },
        themes: themes.join("\n"),
        steps,
    }))
}

/// The name of a spot: version, hash of the clause, its id.
fn spot_name(on: &OnClause) -> Vec<u8> {
    [&on.version.to_be_bytes()[..], &on.hash, on.clause.as_bytes()].concat()
}

/// The spots of a ledger.
pub(crate) fn spots(connection: &Connection, ledger: i64) -> Result<Vec<SpotLine>, BoardError> {
    let damaged = || BoardError::Damaged("a clause that is none");
    let read = |(no, name): (i64, Vec<u8>)| {
        let (version, rest) = name.split_first_chunk::<4>().ok_or_else(damaged)?;
        let (hash, clause) = rest.split_first_chunk::<32>().ok_or_else(damaged)?;
        Ok(SpotLine {
            no,
            on: OnClause {
                version: u32::from_be_bytes(*version),
                clause: String::from_utf8(clause.to_vec()).map_err(|_| damaged())?,
                hash: *hash,
                quote: None,
            },
        })
    };
    all_names(connection, ledger, names::SPOT)?
        .into_iter()
        .map(read)
        .collect()
}

/// Writes a comment. Whether words were taken away.
pub(crate) fn write(
    transaction: &Transaction<'_>,
    all_names: &mut Names,
    ledger: i64,
    row: &CommentRow,
    texts: &BTreeMap<u64, String>,
    tallies: &mut Tallies,
) -> Result<bool, BoardError> {
    let no = no_of(ledger, row.position)?;
    let spot = match &row.on {
        None => DOCUMENT,
        Some(on) => {
            let spot = all_names.number(transaction, ledger, names::SPOT, &spot_name(on))?;
            if let Some(place) = row.place.as_ref().filter(|_| row.share.is_root) {
                write_place(transaction, ledger, spot, place, "IGNORE")?;
            }
            spot
        }
    };
    let themes = match row.themes.as_bytes() {
        [] => 0,
        all => all_names.number(transaction, ledger, names::THEMES, all)?,
    };
    let old: Option<(Share, i64)> = transaction
        .prepare_cached(
            "SELECT standing, late, erased, answered, reply_to IS NULL, themes FROM comments WHERE no = ?1",
        )?
        .query_row([no], |r| {
            let share = Share {
                standing: r.get(0)?,
                late: r.get(1)?,
                erased: r.get(2)?,
                answered: r.get(3)?,
                is_root: r.get(4)?,
            };
            Ok((share, r.get(5)?))
        })
        .optional()?;
    let is_new = old.is_none();
    if let Some((share, themes)) = old {
        share.add(tallies, spot, themes, -1);
    }
    row.share.add(tallies, spot, themes, 1);
    let reply_to = row.reply_to.map(|p| no_of(ledger, p)).transpose()?;
    let number = |n: u64| i64::try_from(n).map_err(|_| BoardError::Beyond);
    let uncovered = row.share.is_root && row.share.is_counted() && themes == 0;
    transaction
        .prepare_cached(
            "INSERT INTO comments (no, root, reply_to, spot, depth, person, attested, at_ms, standing, late, erased, answered,
                 themes, replies, uncovered, steps)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, ?14, ?15)
             ON CONFLICT (no) DO UPDATE SET
                 standing = excluded.standing, late = excluded.late, erased = excluded.erased, answered = excluded.answered,
                 themes = excluded.themes, uncovered = excluded.uncovered, steps = excluded.steps",
        )?
        .execute(params![
            no,
            no_of(ledger, row.root)?,
            reply_to,
            spot,
            row.depth,
            number(row.person)?,
            row.attested,
            number(row.at_ms)?,
            row.share.standing,
            row.share.late,
            row.share.erased,
            row.share.answered,
            themes,
            uncovered,
            row.steps,
        ])?;
    if is_new {
        // Comments come in the order of the ledger, so all above it are there.
        let mut above = reply_to;
        let mut add = transaction
            .prepare_cached("UPDATE comments SET replies = replies + 1 WHERE no = ?1 RETURNING reply_to")?;
        while let Some(at) = above {
            above = add.query_row([at], |r| r.get(0))?;
        }
    }
    let text = texts.get(&row.position);
    if is_new && text.is_none() {
        return Ok(false);
    }
    words::put(transaction, Shelf::Forum, no, text.map(String::as_str))
}

/// Writes an official answer. Whether words were taken away.
pub(crate) fn write_answer(
    transaction: &Transaction<'_>,
    ledger: i64,
    position: u64,
    texts: &BTreeMap<u64, String>,
) -> Result<bool, BoardError> {
    let no = no_of(ledger, position)?;
    transaction
        .prepare_cached("INSERT OR IGNORE INTO answers (no) VALUES (?1)")?
        .execute([no])?;
    words::put(
        transaction,
        Shelf::Forum,
        no,
        texts.get(&position).map(String::as_str),
    )
}

fn write_place(
    transaction: &Transaction<'_>,
    ledger: i64,
    spot: i64,
    place: &Place,
    otherwise: &str,
) -> Result<(), BoardError> {
    let (kind, clause, version, made_on, other_wording) = match place {
        Place::Document => return Ok(()),
        Place::Clause(placed) => (AT_CLAUSE, &placed.clause, 0, placed.made_on, placed.other_wording),
        Place::Orphaned { version, clause } => (ORPHANED, clause, *version, None, false),
    };
    transaction
        .prepare_cached(&format!(
            "INSERT OR {otherwise} INTO places (spot, ledger, kind, clause, version, made_on, other_wording)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        ))?
        .execute(params![
            spot,
            ledger,
            kind,
            clause,
            version,
            made_on,
            other_wording
        ])?;
    Ok(())
}

/// Writes what is small, and where spots lie after a new version.
pub(crate) fn write_about(
    transaction: &Transaction<'_>,
    ledger: i64,
    rows: &ConsultationRows,
) -> Result<(), BoardError> {
    for (spot, place) in &rows.places {
        write_place(transaction, ledger, *spot, place, "REPLACE")?;
    }
    let about = serde_json::to_string(&rows.about)?;
    transaction.execute(
        "UPDATE ledgers SET about = ?2 WHERE no = ?1",
        params![ledger, about],
    )?;
    if let Some(outline) = &rows.outline {
        let outline = serde_json::to_string(outline)?;
        transaction.execute(
            "UPDATE ledgers SET outline = ?2 WHERE no = ?1",
            params![ledger, outline],
        )?;
    }
    Ok(())
}

// --- queries ------------------------------------------------------------------------------------------------------------

/// A comment for people; its text is looked up where it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommentLine {
    /// Its position.
    pub comment: u64,
    /// The comment that it replies to.
    pub reply_to: Option<u64>,
    /// 1, or one more than that of the comment that it replies to.
    pub depth: u8,
    /// Number of the person, in the order of enrolment.
    pub person: u64,
    /// Whether the intake service spoke for the person.
    pub attested: bool,
    /// Its moment, in milliseconds.
    pub at_ms: u64,
    /// `visible`, `hidden`, `withdrawn`.
    pub state: &'static str,
    /// Whether it came after the window.
    pub late: bool,
    /// Whether its text was erased.
    pub erased: bool,
    /// Whether an official answer names it.
    pub answered: bool,
    /// Comments below it, of any state and depth.
    pub replies: u64,
}

/// Which threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Threads {
    /// All of them.
    All,
    /// On the document as a whole.
    Document,
    /// At a clause of the latest version.
    Clause(String),
    /// On clauses that are gone.
    Orphaned,
}

/// A thread: its root, where that stands, and what hangs below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootLine {
    /// The root.
    pub root: CommentLine,
    /// Where it stands in the latest version.
    pub place: Place,
    /// Replies, each behind what it replies to; of more than were asked for, the oldest ones.
    pub replies: Vec<CommentLine>,
}

/// A clause of the latest version and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClauseLine {
    /// Its id.
    pub clause: String,
    /// Its number, as it is printed.
    pub number: String,
    /// Comments that hang on it.
    pub roots: u64,
    /// Comments of these threads that count.
    pub counted: u64,
}

/// Contributions per clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClauseLines {
    /// In the order of the document.
    pub clauses: Vec<ClauseLine>,
    /// Roots on the document as a whole, and comments of their threads that count.
    pub document: (u64, u64),
    /// The same on clauses that are gone.
    pub orphaned: (u64, u64),
}

/// Coverage of the contributions by answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageLine {
    /// Comments that count.
    pub counted: u64,
    /// Those of them that an official answer names.
    pub answered: u64,
    /// Those of them that are in a theme of the latest report.
    pub followed_up: u64,
    /// Roots that count and are in no theme.
    pub uncovered: u64,
    /// The themes, ascending.
    pub themes: Vec<ThemeReading>,
}

const COLUMNS: &str =
    "no, reply_to, depth, person, attested, at_ms, standing, late, erased, answered, replies, spot";

fn standing_name(standing: i64) -> &'static str {
    match standing {
        VISIBLE => "visible",
        HIDDEN => "hidden",
        _ => "withdrawn",
    }
}

fn line_of(row: &Row<'_>) -> Result<CommentLine, BoardError> {
    let number = |at: usize| -> Result<u64, BoardError> {
        u64::try_from(row.get::<_, i64>(at)?).map_err(|_| BoardError::Damaged("a number below zero"))
    };
    Ok(CommentLine {
        comment: position_of(row.get(0)?),
        reply_to: row.get::<_, Option<i64>>(1)?.map(position_of),
        depth: row.get(2)?,
        person: number(3)?,
        attested: row.get(4)?,
        at_ms: number(5)?,
        state: standing_name(row.get(6)?),
        late: row.get(7)?,
        erased: row.get(8)?,
        answered: row.get(9)?,
        replies: number(10)?,
    })
}

impl Boards {
    fn consultation_no(&self, ledger: LedgerId) -> Result<i64, BoardError> {
        let register = self.register(ledger)?;
        match register.kind {
            sijill_ledger::Kind::Consultation => Ok(register.no),
            _ => Err(BoardError::Absent),
        }
    }

    fn about(&self, no: i64) -> Result<About, BoardError> {
        let about: Option<String> = self
            .connection
            .prepare_cached("SELECT about FROM ledgers WHERE no = ?1")?
            .query_row([no], |row| row.get(0))?;
        Ok(about
            .map(|about| serde_json::from_str(&about))
            .transpose()?
            .unwrap_or_default())
    }

    fn places(&self, no: i64) -> Result<BTreeMap<i64, Place>, BoardError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT spot, kind, clause, version, made_on, other_wording FROM places WHERE ledger = ?1",
        )?;
        let rows = statement.query_map([no], |row| {
            let (kind, clause): (i64, String) = (row.get(1)?, row.get(2)?);
            let place = if kind == AT_CLAUSE {
                Place::Clause(Placed {
                    clause,
                    made_on: row.get(4)?,
                    other_wording: row.get(5)?,
                })
            } else {
                Place::Orphaned {
                    version: row.get(3)?,
                    clause,
                }
            };
            Ok((row.get(0)?, place))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Threads of a consultation, the oldest first: at most `most` (1 to 1000), each with at most `most_replies` replies.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn threads(
        &self,
        ledger: LedgerId,
        which: &Threads,
        from: Option<&Cursor>,
        most: u32,
        most_replies: u32,
    ) -> Result<Page<RootLine>, BoardError> {
        let no = self.consultation_no(ledger)?;
        let most = most.clamp(1, MAX_LINES);
        let after = match from {
            None => first_no(no) - 1,
            Some(cursor) => cursor.key::<1>()?[0],
        };
        let places = self.places(no)?;
        let chosen: Vec<i64> = match which {
            Threads::All => places.keys().copied().chain([DOCUMENT]).collect(),
            Threads::Document => vec![DOCUMENT],
            Threads::Clause(id) => {
                let at = |place: &Place| matches!(place, Place::Clause(placed) if placed.clause == *id);
                places
                    .iter()
                    .filter(|(_, place)| at(place))
                    .map(|(spot, _)| *spot)
                    .collect()
            }
            Threads::Orphaned => {
                let gone = |place: &Place| matches!(place, Place::Orphaned { .. });
                places
                    .iter()
                    .filter(|(_, place)| gone(place))
                    .map(|(spot, _)| *spot)
                    .collect()
            }
        };
        let mut found = Vec::new();
        let mut take = |mut rows: rusqlite::Rows<'_>| -> Result<(), BoardError> {
            while let Some(row) = rows.next()? {
                let key: i64 = row.get(0)?;
                found.push(([key], (line_of(row)?, row.get::<_, i64>(11)?)));
            }
            Ok(())
        };
        let end = first_no(no) + POSITIONS;
        if *which == Threads::All {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM comments WHERE reply_to IS NULL AND no > ?1 AND no < ?2 ORDER BY no LIMIT ?3"
            ))?;
            take(statement.query(params![after, end, most + 1])?)?;
        } else {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM comments
                 WHERE spot = ?1 AND reply_to IS NULL AND no > ?2 AND no < ?3 ORDER BY no LIMIT ?4"
            ))?;
            for spot in chosen {
                take(statement.query(params![spot, after, end, most + 1])?)?;
            }
        }
        found.sort_by_key(|(key, _)| *key);
        let page = Page::cut(found, most);
        let mut lines = Vec::new();
        for (root, spot) in page.lines {
            let place = match spot {
                DOCUMENT => Place::Document,
                spot => places
                    .get(&spot)
                    .cloned()
                    .ok_or(BoardError::Damaged("a clause without a place"))?,
            };
            let replies = match root.replies {
                0 => Vec::new(),
                _ => in_order(
                    root.comment,
                    self.below(no, root.comment, None, most_replies.min(MAX_LINES))?,
                ),
            };
            lines.push(RootLine { root, place, replies });
        }
        Ok(Page {
            lines,
            next: page.next,
        })
    }

    /// Comments below a root, the oldest first. At most `most` (1 to 1000).
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn replies(
        &self,
        ledger: LedgerId,
        root: u64,
        from: Option<&Cursor>,
        most: u32,
    ) -> Result<Page<CommentLine>, BoardError> {
        let no = self.consultation_no(ledger)?;
        let most = most.clamp(1, MAX_LINES);
        let after = from.map(Cursor::key::<1>).transpose()?.map(|[at]| at);
        let lines = self.below(no, root, after, most + 1)?;
        let keyed: Result<Vec<_>, BoardError> = lines
            .into_iter()
            .map(|line| Ok(([no_of(no, line.comment)?], line)))
            .collect();
        Ok(Page::cut(keyed?, most))
    }

    fn below(
        &self,
        no: i64,
        root: u64,
        after: Option<i64>,
        most: u32,
    ) -> Result<Vec<CommentLine>, BoardError> {
        let root = no_of(no, root)?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM comments WHERE root = ?1 AND reply_to IS NOT NULL AND no > ?2 ORDER BY no LIMIT ?3"
        ))?;
        let mut rows = statement.query(params![root, after.unwrap_or(root), most])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            lines.push(line_of(row)?);
        }
        Ok(lines)
    }

    /// Contributions per clause of the latest version.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn clauses(&self, ledger: LedgerId) -> Result<ClauseLines, BoardError> {
        let no = self.consultation_no(ledger)?;
        let outline: Option<String> = self
            .connection
            .prepare_cached("SELECT outline FROM ledgers WHERE no = ?1")?
            .query_row([no], |row| row.get(0))?;
        let outline: Vec<(String, String)> = match outline {
            Some(outline) => serde_json::from_str(&outline)?,
            None => Vec::new(),
        };
        let places = self.places(no)?;
        let mut lines = ClauseLines {
            clauses: Vec::with_capacity(outline.len()),
            document: (0, 0),
            orphaned: (0, 0),
        };
        let mut at: BTreeMap<String, usize> = BTreeMap::new();
        for (clause, number) in outline {
            at.insert(clause.clone(), lines.clauses.len());
            lines.clauses.push(ClauseLine {
                clause,
                number,
                roots: 0,
                counted: 0,
            });
        }
        for (spot, is_counted, n) in tallies::read(&self.connection, no, What::Spots)? {
            let clause = match (spot, places.get(&spot)) {
                (DOCUMENT, _) => None,
                (_, Some(Place::Clause(placed))) => at.get(&placed.clause).copied(),
                _ => None,
            };
            let (roots, counted) = match clause {
                Some(clause) => {
                    let line = &mut lines.clauses[clause];
                    (&mut line.roots, &mut line.counted)
                }
                None if spot == DOCUMENT => (&mut lines.document.0, &mut lines.document.1),
                None => (&mut lines.orphaned.0, &mut lines.orphaned.1),
            };
            *(if is_counted == 1 { counted } else { roots }) += n;
        }
        Ok(lines)
    }

    /// Coverage of the contributions by answers.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn coverage(&self, ledger: LedgerId) -> Result<CoverageLine, BoardError> {
        let no = self.consultation_no(ledger)?;
        let about = self.about(no)?;
        let sets: BTreeMap<i64, Vec<u8>> = all_names(&self.connection, no, names::THEMES)?
            .into_iter()
            .collect();
        let mut by_theme: BTreeMap<&str, u64> = BTreeMap::new();
        let reported: BTreeMap<&str, bool> = about
            .themes
            .iter()
            .map(|(id, _, _, outcome)| (id.as_str(), outcome.is_some()))
            .collect();
        let mut line = CoverageLine {
            counted: 0,
            answered: 0,
            followed_up: 0,
            uncovered: 0,
            themes: Vec::new(),
        };
        for (set, kind, n) in tallies::read(&self.connection, no, What::Themes)? {
            line.counted += n;
            line.answered += n * u64::from(kind & 1 == 1);
            if set == 0 {
                line.uncovered += n * u64::from(kind & 2 == 2);
                continue;
            }
            let themes = sets.get(&set).and_then(|set| core::str::from_utf8(set).ok());
            let themes = themes.ok_or(BoardError::Damaged("themes without names"))?;
            let mut is_reported = false;
            for theme in themes.split('\n') {
                *by_theme.entry(theme).or_default() += n;
                is_reported |= reported.get(theme).copied().unwrap_or(false);
            }
            line.followed_up += n * u64::from(is_reported);
        }
        line.themes = about
            .themes
            .iter()
            .map(|(id, en, ar, outcome)| ThemeReading {
                theme: id.clone(),
                name_en: en.clone(),
                name_ar: ar.clone(),
                counted: by_theme.get(id.as_str()).copied().unwrap_or(0),
                outcome: *outcome,
            })
            .collect();
        Ok(line)
    }

    /// Positions of roots that count and are in no theme, ascending: a report is refused while there are any. At most
    /// `most` (1 to 1000).
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn uncovered(
        &self,
        ledger: LedgerId,
        from: Option<&Cursor>,
        most: u32,
    ) -> Result<Page<u64>, BoardError> {
        let no = self.consultation_no(ledger)?;
        let most = most.clamp(1, MAX_LINES);
        let after = from.map_or(Ok([first_no(no) - 1]), Cursor::key::<1>)?[0];
        let mut statement = self.connection.prepare_cached(
            "SELECT no FROM comments WHERE uncovered AND no > ?1 AND no < ?2 ORDER BY no LIMIT ?3",
        )?;
        let rows = statement.query_map(params![after, first_no(no) + POSITIONS, most + 1], |row| {
            row.get::<_, i64>(0)
        })?;
        let found: Vec<i64> = rows.collect::<Result<_, _>>()?;
        Ok(Page::cut(
            found.into_iter().map(|at| ([at], position_of(at))).collect(),
            most,
        ))
    }

    /// Comments to which something happened, ascending, as the moderation log has them. At most `most` (1 to 1000).
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn moderation_log(
        &self,
        ledger: LedgerId,
        from: Option<&Cursor>,
        most: u32,
    ) -> Result<Page<LogComment>, BoardError> {
        let no = self.consultation_no(ledger)?;
        let most = most.clamp(1, MAX_LINES);
        let after = from.map_or(Ok([first_no(no) - 1]), Cursor::key::<1>)?[0];
        let mut statement = self.connection.prepare_cached(
            "SELECT no, standing, late, erased, replies, steps FROM comments
             WHERE steps IS NOT NULL AND no > ?1 AND no < ?2 ORDER BY no LIMIT ?3",
        )?;
        let mut rows = statement.query(params![after, first_no(no) + POSITIONS, most + 1])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let at: i64 = row.get(0)?;
            let standing: i64 = row.get(1)?;
            let text = match (row.get(3)?, standing) {
                (true, _) => "erased",
                (false, VISIBLE) => "published",
                (false, _) => "withheld",
            };
            let line = LogComment {
                comment: position_of(at),
                state: standing_name(standing).to_owned(),
                text: text.to_owned(),
                late: row.get(2)?,
                replies: row.get::<_, i64>(4)?.unsigned_abs(),
                steps: serde_json::from_str(&row.get::<_, String>(5)?)?,
            };
            lines.push(([at], line));
        }
        Ok(Page::cut(lines, most))
    }

    /// The head of the moderation log: what became of the report (`None` before the definition), counts, the last closed day.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn moderation_head(
        &self,
        ledger: LedgerId,
    ) -> Result<(Option<LogReport>, LogCounts, Option<String>), BoardError> {
        let no = self.consultation_no(ledger)?;
        let about = self.about(no)?;
        let mut counts = LogCounts {
            participants: about.participants,
            responses: about.responses,
            ..LogCounts::default()
        };
        for (field, _, n) in tallies::read(&self.connection, no, What::Count)? {
            *match field {
                count::COMMENTS => &mut counts.comments,
                count::VISIBLE => &mut counts.visible,
                count::HIDDEN => &mut counts.hidden,
                count::WITHDRAWN => &mut counts.withdrawn,
                count::LATE => &mut counts.late,
                count::COUNTED => &mut counts.counted,
                count::ERASED => &mut counts.erased,
                _ => return Err(BoardError::Damaged("a count that is none")),
            } = n;
        }
        Ok((about.report, counts, about.closed))
    }
}

/// Replies behind what they reply to, each in the order in which they came.
fn in_order(root: u64, lines: Vec<CommentLine>) -> Vec<CommentLine> {
    let mut below: BTreeMap<u64, Vec<CommentLine>> = BTreeMap::new();
    for line in lines.into_iter().rev() {
        below.entry(line.reply_to.unwrap_or(root)).or_default().push(line);
    }
    let mut ordered = Vec::new();
    let mut open = below.remove(&root).unwrap_or_default();
    while let Some(line) = open.pop() {
        open.extend(below.remove(&line.comment).unwrap_or_default());
        ordered.push(line);
    }
    ordered
}
