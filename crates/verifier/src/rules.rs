//! Election packs: the law of an election as a document.
//!
//! Spec: specs/rules.md §3.4.

pub(crate) mod foi;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::calendar::{
    Calendar, Counting, Day, DocumentError, LAST_DAY, MAX_DOCUMENT_BYTES, Roll, Start, Unit, day, is_line,
};
use crate::json::{Cursor, MAX_INTEGER};
use crate::manifest::{Text, short_id, time_zone};
use crate::registers::stations::LostBook;

/// Names of days in the order of a weekly rest.
const WEEK: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Fields of a pack that may be unconfirmed and are no tables.
const PLAIN_FIELDS: [&str; 5] = ["legal_basis", "valid_from", "valid_until", "tie", "exclusions"];

const OBJECTIONS: [&str; 7] = [
    "unit",
    "start",
    "roll",
    "window_days",
    "decision_days",
    "silence",
    "remedy_days",
];

/// Tables of a pack, and their fields.
const TABLES: [(&str, &[&str]); 12] = [
    ("calendar", &["time_zone", "weekly_rest"]),
    ("age", &["minimum", "reference", "leap_day"]),
    ("nationality", &["kinds", "naturalised_years"]),
    ("identity", &["documents"]),
    ("channels", &["registration", "voting"]),
    ("roll_objections", &OBJECTIONS),
    ("candidate_objections", &OBJECTIONS),
    ("candidates", &["withdrawal_days"]),
    ("campaign", &["silence_hours"]),
    (
        "voting",
        &[
            "grace_ms",
            "max_lag_ms",
            "official_window_ms",
            "revote",
            "in_person",
            "lost_book",
            "min_ballots_to_decrypt",
            "small_cell",
        ],
    ),
    ("trustees", &["minimum"]),
    ("certification", &["quorum"]),
];

/// The rules for objections. Spec: specs/rules.md §7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Objections {
    pub(crate) counting: Counting,
    pub(crate) window_days: Option<u64>,
    pub(crate) decision_days: Option<u64>,
    pub(crate) deemed_refusal: bool,
}

/// How a tie is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TieRule {
    CastingVote,
    Lots,
}

/// What a roll, a manifest and an outcome need of their pack. The rest was read, and is valid.
#[derive(Debug, Clone)]
pub(crate) struct Pack {
    pub(crate) head: Head,
    pub(crate) roll_objections: Option<Objections>,
    /// Whoever has voted digitally gets no paper.
    pub(crate) first_vote_final: bool,
    pub(crate) lost_book: Option<LostBook>,
    /// Whether a digital identity, and an identity card, prove who somebody is.
    pub(crate) digital_id: bool,
    pub(crate) id_card: bool,
    /// Whether votes may be cast on paper.
    pub(crate) paper: bool,
    /// Whether there is a digital channel.
    pub(crate) digital: bool,
    /// The last day for a withdrawal is so many days before polling day.
    pub(crate) withdrawal_days: Option<u64>,
    pub(crate) grace_ms: u64,
    pub(crate) revote: bool,
    pub(crate) min_ballots_to_decrypt: u64,
    pub(crate) tie: Option<TieRule>,
    pub(crate) least_trustees: u64,
    pub(crate) quorum: u64,
}

impl Pack {
    /// Reads and checks a pack in its JSON form.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Pack, DocumentError> {
        let mut cursor = Cursor::new(bytes);
        let c = &mut cursor;
        let head = Head::parse(c, bytes, "{\"format\":\"sijill-rules/2\",\"id\":")?;
        c.expect("},\"age\":{\"minimum\":")?;
        number(c, 1, 150)?;
        c.expect(",\"reference\":")?;
        if !c.take("\"polling_day\"") {
            day(c, 1900)?;
        }
        c.expect(",\"leap_day\":")?;
        one_of(c, &["march_1", "february_28"])?;
        c.expect("},\"nationality\":{\"kinds\":")?;
        let kinds = set(c, &["naturalised", "original"], true)?;
        if kinds.contains(&"naturalised") {
            c.expect(",\"naturalised_years\":")?;
            number(c, 0, 150)?;
        }
        c.expect("},\"exclusions\":")?;
        exclusions(c)?;
        c.expect(",\"identity\":{\"documents\":")?;
        let documents = set(c, &["digital_id", "id_card"], true)?;
        c.expect("},\"channels\":{\"registration\":")?;
        set(c, &["digital", "in_person", "sms"], false)?;
        c.expect(",\"voting\":")?;
        let voting = set(c, &["paper", "remote", "station"], true)?;
        let paper = voting.contains(&"paper");
        let digital = voting.iter().any(|channel| *channel != "paper");
        c.expect("}")?;
        let roll_objections = optional(c, ",\"roll_objections\":", objections)?;
        optional(c, ",\"candidate_objections\":", objections)?;
        c.expect(",\"candidates\":{")?;
        let withdrawal_days = optional(c, "\"withdrawal_days\":", |c| number(c, 0, 366))?;
        c.expect("},\"campaign\":{")?;
        optional(c, "\"silence_hours\":", |c| number(c, 0, 366))?;
        c.expect("},\"voting\":{\"grace_ms\":")?;
        let grace_ms = number(c, 0, 600_000)?;
        c.expect(",\"max_lag_ms\":")?;
        number(c, 1, 3_600_000)?;
        c.expect(",\"official_window_ms\":")?;
        number(c, 1000, 604_800_000)?;
        c.expect(",\"revote\":")?;
        let revote = c.bool()?;
        c.expect(",\"in_person\":")?;
        let in_person = one_of(c, &["in-person-supersedes", "first-vote-final"])?;
        let lost_book = optional(c, ",\"lost_book\":", |c| {
            Ok(match one_of(c, &["void-paper", "void-digital"])? {
                "void-paper" => LostBook::VoidPaper,
                _ => LostBook::VoidDigital,
            })
        })?;
        c.expect(",\"min_ballots_to_decrypt\":")?;
        let min_ballots_to_decrypt = number(c, 0, MAX_INTEGER)?;
        c.expect(",\"small_cell\":")?;
        number(c, 0, 1000)?;
        c.expect("}")?;
        let tie = optional(c, ",\"tie\":", |c| {
            Ok(match one_of(c, &["casting_vote", "lots"])? {
                "casting_vote" => TieRule::CastingVote,
                _ => TieRule::Lots,
            })
        })?;
        c.expect(",\"trustees\":{\"minimum\":")?;
        let least_trustees = number(c, 1, 32)?;
        c.expect("},\"certification\":{\"quorum\":")?;
        let quorum = number(c, 1, 16)?;
        c.expect("},\"unconfirmed\":")?;
        let unconfirmed = unconfirmed(c, may_be_unconfirmed)?;
        c.expect("}")?;
        c.end()?;
        head.allow_unconfirmed(unconfirmed)?;
        Ok(Pack {
            head,
            roll_objections,
            first_vote_final: in_person == "first-vote-final",
            lost_book,
            digital_id: documents.contains(&"digital_id"),
            id_card: documents.contains(&"id_card"),
            paper,
            digital,
            withdrawal_days,
            grace_ms,
            revote,
            min_ballots_to_decrypt,
            tie,
            least_trustees,
            quorum,
        })
    }

    /// Whether the pack is valid on a day. Spec: specs/rules.md §3.4.
    pub(crate) fn is_valid_on(&self, day: Day) -> bool {
        self.head.is_valid_on(day) && day <= LAST_DAY
    }

    /// The pack's calendar, without holidays.
    pub(crate) fn calendar(&self) -> Calendar {
        Calendar::new(self.head.zone.clone(), self.head.rest)
    }
}

/// What every pack begins with. Spec: specs/rules.md §3.1.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) version: u64,
    confirmed: bool,
    pub(crate) valid_from: Day,
    pub(crate) valid_until: Option<Day>,
    pub(crate) zone: TimeZone,
    /// Monday first.
    pub(crate) rest: [bool; 7],
}

impl Head {
    /// Reads up to the end of the last field of `calendar`. `bytes` is the whole pack, and `beginning` what stands before its id.
    fn parse(c: &mut Cursor<'_>, bytes: &[u8], beginning: &'static str) -> Result<Head, DocumentError> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::Rule("it is longer than 65536 bytes"));
        }
        c.expect(beginning)?;
        let id = short_id(c)?;
        c.expect(",\"version\":")?;
        let version = number(c, 1, 4_294_967_295)?;
        c.expect(",\"title\":")?;
        title(c)?;
        c.expect(",\"legal_basis\":")?;
        line(c)?;
        c.expect(",\"confidence\":")?;
        let confidence = one_of(c, &["confirmed", "low", "invented"])?;
        c.expect(",\"valid_from\":")?;
        let valid_from = day(c, 1900)?;
        let valid_until = optional(c, ",\"valid_until\":", |c| day(c, 1900))?;
        if valid_until.is_some_and(|until| until < valid_from) {
            return Err(DocumentError::Rule(
                "the pack is valid until a day before its first",
            ));
        }
        c.expect(",\"calendar\":{\"time_zone\":")?;
        let zone = time_zone(&c.string()?)?;
        c.expect(",\"weekly_rest\":")?;
        let rest = weekly_rest(c)?;
        Ok(Head {
            id,
            version,
            confirmed: confidence == "confirmed",
            valid_from,
            valid_until,
            zone,
            rest,
        })
    }

    /// So many fields are called unconfirmed.
    fn allow_unconfirmed(&self, fields: usize) -> Result<(), DocumentError> {
        if fields > 0 && self.confirmed {
            return Err(DocumentError::Rule(
                "a pack with unconfirmed fields is called confirmed",
            ));
        }
        Ok(())
    }

    fn is_valid_on(&self, day: Day) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|until| day <= until)
    }
}

/// A field that stands only if it is known.
fn optional<'a, T>(
    c: &mut Cursor<'a>,
    field: &str,
    value: impl FnOnce(&mut Cursor<'a>) -> Result<T, DocumentError>,
) -> Result<Option<T>, DocumentError> {
    if c.take(field) {
        value(c).map(Some)
    } else {
        Ok(None)
    }
}

fn number(c: &mut Cursor<'_>, least: u64, most: u64) -> Result<u64, DocumentError> {
    let value = c.integer(most)?;
    if value < least {
        return Err(DocumentError::Rule("a number is too small"));
    }
    Ok(value)
}

fn one_of<'w>(c: &mut Cursor<'_>, words: &[&'w str]) -> Result<&'w str, DocumentError> {
    let word = c.plain(32)?;
    let known = words.iter().find(|known| **known == word);
    known.copied().ok_or(DocumentError::Rule(
        "a field has a value that is not listed for it",
    ))
}

fn line(c: &mut Cursor<'_>) -> Result<(), DocumentError> {
    if is_line(&c.string()?) {
        Ok(())
    } else {
        Err(DocumentError::Rule(
            "a line is empty, too long, white space, or has control characters",
        ))
    }
}

/// A text that says something.
fn title(c: &mut Cursor<'_>) -> Result<(), DocumentError> {
    let text = Text::parse(c)?;
    let blank = |text: &str| text.trim().is_empty();
    if blank(&text.en) || (!text.ar.is_empty() && blank(&text.ar)) {
        return Err(DocumentError::Rule("a text is white space alone"));
    }
    Ok(())
}

fn words<'w>(c: &mut Cursor<'_>, words: &[&'w str]) -> Result<Vec<&'w str>, DocumentError> {
    c.array(words.len(), |c| Ok(one_of(c, words)))?
        .into_iter()
        .collect()
}

/// Different words, ascending.
fn set<'w>(c: &mut Cursor<'_>, known: &[&'w str], some: bool) -> Result<Vec<&'w str>, DocumentError> {
    let found = words(c, known)?;
    if !found.is_sorted_by(|a, b| a < b) || (some && found.is_empty()) {
        return Err(DocumentError::Rule("a set is empty, not sorted or not distinct"));
    }
    Ok(found)
}

fn weekly_rest(c: &mut Cursor<'_>) -> Result<[bool; 7], DocumentError> {
    let found = words(c, &WEEK)?;
    let at: Vec<_> = found
        .iter()
        .filter_map(|word| WEEK.iter().position(|day| day == word))
        .collect();
    if found.len() > 6 || !at.is_sorted_by(|a, b| a < b) {
        return Err(DocumentError::Rule(
            "the weekly rest is the whole week, not in order, or not distinct",
        ));
    }
    Ok(WEEK.map(|day| found.contains(&day)))
}

fn exclusions(c: &mut Cursor<'_>) -> Result<(), DocumentError> {
    let codes = c.array(64, |c| Ok(exclusion(c)))?;
    let codes = codes.into_iter().collect::<Result<Vec<_>, _>>()?;
    if !codes.is_sorted_by(|a, b| a < b) {
        return Err(DocumentError::Rule(
            "the exclusions are not sorted or not distinct",
        ));
    }
    Ok(())
}

fn exclusion(c: &mut Cursor<'_>) -> Result<String, DocumentError> {
    c.expect("{\"code\":")?;
    let code = short_id(c)?;
    c.expect(",\"title\":")?;
    title(c)?;
    optional(c, ",\"article\":", line)?;
    c.expect("}")?;
    Ok(code)
}

fn objections(c: &mut Cursor<'_>) -> Result<Objections, DocumentError> {
    c.expect("{\"unit\":")?;
    let unit = match one_of(c, &["calendar", "working"])? {
        "calendar" => Unit::Calendar,
        _ => Unit::Working,
    };
    c.expect(",\"start\":")?;
    let start = match one_of(c, &["next_day", "next_working_day"])? {
        "next_day" => Start::NextDay,
        _ => Start::NextWorkingDay,
    };
    c.expect(",\"roll\":")?;
    let roll = match one_of(c, &["none", "next_working_day"])? {
        "none" => Roll::None,
        _ => Roll::NextWorkingDay,
    };
    let window_days = optional(c, ",\"window_days\":", |c| number(c, 1, 366))?;
    let decision_days = optional(c, ",\"decision_days\":", |c| number(c, 1, 366))?;
    c.expect(",\"silence\":")?;
    let deemed_refusal = one_of(c, &["none", "deemed_refusal"])? == "deemed_refusal";
    optional(c, ",\"remedy_days\":", |c| number(c, 1, 366))?;
    c.expect("}")?;
    if deemed_refusal && decision_days.is_none() {
        return Err(DocumentError::Rule(
            "silence refuses, but there is no time for a decision",
        ));
    }
    Ok(Objections {
        counting: Counting { unit, start, roll },
        window_days,
        decision_days,
        deemed_refusal,
    })
}

/// How many fields are unconfirmed.
/// The fields that are called unconfirmed, each with a note; `known` says which may be. How many there are.
fn unconfirmed(c: &mut Cursor<'_>, known: impl Fn(&str) -> bool) -> Result<usize, DocumentError> {
    // More fields than there are cannot be named once each.
    let fields = c.array(64, |c| Ok(unconfirmed_field(c, &known)))?;
    let fields = fields.into_iter().collect::<Result<Vec<_>, _>>()?;
    let distinct: BTreeSet<&String> = fields.iter().collect();
    if distinct.len() != fields.len() {
        return Err(DocumentError::Rule("a field is called unconfirmed twice"));
    }
    Ok(fields.len())
}

fn unconfirmed_field(c: &mut Cursor<'_>, known: impl Fn(&str) -> bool) -> Result<String, DocumentError> {
    c.expect("{\"field\":")?;
    let field = c.string()?;
    c.expect(",\"note\":")?;
    title(c)?;
    c.expect("}")?;
    if known(&field) {
        Ok(field)
    } else {
        Err(DocumentError::Rule("no field of this name can be unconfirmed"))
    }
}

fn may_be_unconfirmed(field: &str) -> bool {
    match field.split_once('.') {
        None => PLAIN_FIELDS.contains(&field) || TABLES.iter().any(|(table, _)| *table == field),
        Some((table, name)) => TABLES
            .iter()
            .any(|(known, names)| *known == table && names.contains(&name)),
    }
}
