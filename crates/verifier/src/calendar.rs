//! Days, holidays, periods and lapses.
//!
//! Everything here is a function of its arguments; nothing reads a clock.
//!
//! Spec: specs/rules.md §1, §2, §4, §7; specs/roll.md §1.1.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use thiserror::Error;

use crate::json::{Cursor, JsonError, MAX_INTEGER};
use crate::manifest::{ManifestError, Text, is_refused};

/// Number of a day, counted from 1970-01-01 = 0.
pub(crate) type Day = i64;

/// 9989-12-31: no reckoning reaches a later day.
pub(crate) const LAST_DAY: Day = 2_929_244;
/// Moments are below this: 9990-01-01 UTC.
pub(crate) const MOMENT_LIMIT_MS: u64 = 253_086_768_000_000;
/// A holiday has at most so many days.
const MAX_HOLIDAY_DAYS: i64 = 60;
/// A list of holidays has at most so many facts.
const MAX_FACTS: usize = 366;
/// Largest list of holidays, and largest rule pack, bytes.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 65_536;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Reckoning left the years that the rules know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a moment or day lies beyond the year 9989")]
pub(crate) struct Beyond;

/// Why a document of rules was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum DocumentError {
    #[error("it is not canonical: {0}")]
    Form(#[from] JsonError),
    #[error("{0}")]
    Rule(&'static str),
}

impl From<ManifestError> for DocumentError {
    fn from(error: ManifestError) -> DocumentError {
        match error {
            ManifestError::Form(error) => DocumentError::Form(error),
            ManifestError::Rule(rule) => DocumentError::Rule(rule),
            ManifestError::Unsupported(_) => DocumentError::Rule("it is of another format"),
        }
    }
}

/// A day `YYYY-MM-DD`, in the years `first_year` to 9989.
pub(crate) fn day(c: &mut Cursor<'_>, first_year: i16) -> Result<Day, DocumentError> {
    let text = c.plain(10)?;
    day_of(text, first_year).ok_or(DocumentError::Rule(
        "a day is not a day YYYY-MM-DD of the years allowed",
    ))
}

/// A day as documents have it, `YYYY-MM-DD`.
pub(crate) fn day_text(day: Day) -> String {
    jiff::Span::new()
        .try_days(day)
        .and_then(|span| EPOCH.checked_add(span))
        .map_or_else(|_| day.to_string(), |date| date.to_string())
}

pub(crate) fn day_of(text: &str, first_year: i16) -> Option<Day> {
    let bytes = text.as_bytes();
    let form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, b)| match at {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
    if !form {
        return None;
    }
    let year: i16 = text.get(..4)?.parse().ok()?;
    let date = Date::new(year, text.get(5..7)?.parse().ok()?, text.get(8..)?.parse().ok()?).ok()?;
    (first_year..=9989).contains(&year).then(|| number(date))
}

fn number(date: Date) -> Day {
    date.duration_since(EPOCH).as_hours() / 24
}

/// A line of `1..=1000` bytes. Spec: specs/rules.md §3.1.
pub(crate) fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= 1000 && !text.contains(is_refused)
}

/// Local day of a moment.
pub(crate) fn day_at(zone: &TimeZone, ms: u64) -> Result<Day, Beyond> {
    if ms >= MOMENT_LIMIT_MS {
        return Err(Beyond);
    }
    let timestamp = i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .ok_or(Beyond)?;
    Ok(number(zone.to_datetime(timestamp).date()))
}

/// First moment of a local day, milliseconds; negative before 1970.
pub(crate) fn start_of(zone: &TimeZone, day: Day) -> Result<i64, Beyond> {
    let date = jiff::Span::new()
        .try_days(day)
        .and_then(|span| EPOCH.checked_add(span))
        .map_err(|_| Beyond)?;
    let midnight = date.to_datetime(jiff::civil::Time::midnight());
    let timestamp = match zone.to_ambiguous_timestamp(midnight).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(midnight),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(midnight),
        // Midnight as the clocks after the gap would have it lies before the moment at which they are moved.
        AmbiguousOffset::Gap { after, .. } => after.to_timestamp(midnight).map(|early| {
            let moved = zone.following(early).next();
            moved.map_or(early, |transition| transition.timestamp())
        }),
    };
    timestamp.map(Timestamp::as_millisecond).map_err(|_| Beyond)
}

/// What became known of a holiday. Spec: specs/rules.md §2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Estimate,
    Announced,
    Withdrawn,
}

/// A fact of a list, or of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) seq: u64,
    pub(crate) first: Day,
    pub(crate) last: Day,
    pub(crate) status: Status,
    pub(crate) corrects: Option<u64>,
    /// `None` in a calendar that keeps days alone.
    pub(crate) text: Option<(Text, String)>,
}

/// Reads a list of holidays, form and rules of single facts. Spec: specs/roll.md §1.1.
pub(crate) fn parse_holidays(bytes: &[u8]) -> Result<Vec<Fact>, DocumentError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::Rule("it is longer than 65536 bytes"));
    }
    let mut c = Cursor::new(bytes);
    c.expect("{\"format\":\"sijill-holidays/1\",\"facts\":")?;
    let mut seq = 0;
    let facts = c
        .array(MAX_FACTS, |c| {
            seq += 1;
            Ok(fact(c, seq))
        })?
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    c.expect("}")?;
    c.end()?;
    if facts.is_empty() {
        return Err(DocumentError::Rule("it has no facts"));
    }
    Ok(facts)
}

fn fact(c: &mut Cursor<'_>, seq: u64) -> Result<Fact, DocumentError> {
    c.expect("{\"first\":")?;
    let first = day(c, 1970)?;
    c.expect(",\"last\":")?;
    let last = day(c, 1970)?;
    c.expect(",\"status\":")?;
    let status = match c.plain(9)? {
        "estimate" => Status::Estimate,
        "announced" => Status::Announced,
        "withdrawn" => Status::Withdrawn,
        _ => return Err(DocumentError::Rule("a fact has an unknown status")),
    };
    let corrects = if c.take(",\"corrects\":") {
        Some(c.integer(MAX_INTEGER)?)
    } else {
        None
    };
    c.expect(",\"name\":")?;
    let name = Text::parse(c)?;
    c.expect(",\"source\":")?;
    let source = c.string()?;
    c.expect("}")?;
    if !is_line(&source) {
        return Err(DocumentError::Rule("the source of a fact is no line"));
    }
    let blank = |text: &str| text.trim().is_empty();
    if blank(&name.en) || (!name.ar.is_empty() && blank(&name.ar)) {
        return Err(DocumentError::Rule("the name of a fact is white space"));
    }
    Ok(Fact {
        seq,
        first,
        last,
        status,
        corrects,
        text: Some((name, source)),
    })
}

/// The holidays from a moment on.
#[derive(Debug, Clone)]
struct Version {
    known_ms: u64,
    /// First and last days of the facts that stand, ascending.
    standing: Vec<(Day, Day)>,
}

/// Time zone, weekly rest, and the facts as they became known. Spec: specs/rules.md §2.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    pub(crate) zone: TimeZone,
    /// Monday first.
    rest: [bool; 7],
    facts: Vec<Fact>,
    /// Indexes of the facts that stand.
    standing: Vec<usize>,
    versions: Vec<Version>,
}

impl Calendar {
    /// A calendar without facts. Weekly rest: Monday first.
    pub(crate) fn new(zone: TimeZone, rest: [bool; 7]) -> Calendar {
        Calendar {
            zone,
            rest,
            facts: Vec::new(),
            standing: Vec::new(),
            versions: Vec::new(),
        }
    }

    /// Takes facts that became known at one moment, or none of them if one breaks a rule. Spec: specs/rules.md §2.2.
    pub(crate) fn learn(&mut self, known_ms: u64, new: &[Fact]) -> Result<(), &'static str> {
        if self
            .versions
            .last()
            .is_some_and(|version| known_ms < version.known_ms)
        {
            return Err("it became known before an earlier one");
        }
        let (facts, standing) = (self.facts.len(), self.standing.clone());
        for fact in new {
            if let Err(reason) = self.add(fact) {
                self.facts.truncate(facts);
                self.standing = standing;
                return Err(reason);
            }
        }
        let days = self.standing.iter().filter_map(|at| self.facts.get(*at));
        let mut standing: Vec<_> = days.map(|fact| (fact.first, fact.last)).collect();
        standing.sort_unstable();
        self.versions.push(Version { known_ms, standing });
        Ok(())
    }

    fn add(&mut self, fact: &Fact) -> Result<(), &'static str> {
        if self.facts.last().is_some_and(|before| fact.seq <= before.seq) {
            return Err("the numbers of the facts do not rise");
        }
        if fact.first > fact.last || fact.last - fact.first >= MAX_HOLIDAY_DAYS {
            return Err("a holiday ends before it begins, or has more than 60 days");
        }
        let corrected = fact.corrects.map(|seq| {
            let mut standing = self.standing.iter().copied();
            standing.find(|at| self.facts.get(*at).is_some_and(|f| f.seq == seq))
        });
        if corrected == Some(None) {
            return Err("a fact corrects one that does not stand");
        }
        let corrected = corrected.flatten();
        let old = corrected.and_then(|at| self.facts.get(at));
        match (fact.status, old) {
            (Status::Estimate, Some(old)) if old.status == Status::Announced => {
                return Err("an estimate corrects what was announced");
            }
            (Status::Withdrawn, None) => return Err("a withdrawal corrects nothing"),
            (Status::Withdrawn, Some(old)) if (old.first, old.last) != (fact.first, fact.last) => {
                return Err("a withdrawal has other days than what it withdraws");
            }
            _ => {}
        }
        let mut others = self.standing.iter().filter(|at| Some(**at) != corrected);
        let shared = others.any(|at| {
            let other = self.facts.get(*at);
            other.is_some_and(|other| other.first <= fact.last && fact.first <= other.last)
        });
        if shared {
            return Err("a holiday shares a day with one that stands");
        }
        self.standing.retain(|at| Some(*at) != corrected);
        if fact.status != Status::Withdrawn {
            self.standing.push(self.facts.len());
        }
        self.facts.push(fact.clone());
        Ok(())
    }

    /// Which holidays are known at a moment: a number for [`Calendar::last_day`].
    pub(crate) fn version_at(&self, ms: i64) -> usize {
        self.versions
            .partition_point(|version| i64::try_from(version.known_ms).is_ok_and(|known| known <= ms))
    }

    /// The first day from `from` to `to` that is after the last day `last` by what is known when it begins, and that last day.
    ///
    /// Spec: specs/rules.md §4.2.
    pub(crate) fn lapse_between(
        &self,
        from: Day,
        to: Day,
        mut last: impl FnMut(usize) -> Result<Option<Day>, Beyond>,
    ) -> Result<Option<(Day, Day)>, Beyond> {
        let mut day = from;
        while day <= to {
            let version = self.version_at(start_of(&self.zone, day)?);
            let end = last(version)?;
            if let Some(end) = end.filter(|end| *end < day) {
                return Ok(Some((day, end)));
            }
            // Until then nothing changes but by a fact that becomes known.
            let passed = end.map_or(to + 1, |end| end + 1);
            let news = match self.versions.get(version) {
                Some(next) => day_at(&self.zone, next.known_ms)?,
                None => passed,
            };
            day = news.max(day + 1).min(passed.max(day + 1));
        }
        Ok(None)
    }

    fn is_working(&self, version: usize, day: Day) -> bool {
        // Monday has the remainder 4.
        let weekday = usize::try_from((day - 4).rem_euclid(7)).unwrap_or(0);
        if self.rest.get(weekday).copied().unwrap_or(false) {
            return false;
        }
        let Some(known) = version.checked_sub(1).and_then(|at| self.versions.get(at)) else {
            return true;
        };
        let before = known.standing.partition_point(|(first, _)| *first <= day);
        let holiday = before.checked_sub(1).and_then(|at| known.standing.get(at));
        holiday.is_none_or(|(_, last)| *last < day)
    }

    /// Last day of a period of `days`, or none while a pause is open. Spec: specs/rules.md §4.1.
    pub(crate) fn last_day(
        &self,
        version: usize,
        counting: Counting,
        anchor: Day,
        days: u64,
        pauses: &[Pause],
    ) -> Result<Option<Day>, Beyond> {
        let mut day = anchor.checked_add(1).ok_or(Beyond)?;
        while counting.start == Start::NextWorkingDay && !self.is_working(version, day) {
            if day > LAST_DAY {
                return Err(Beyond);
            }
            day += 1;
        }
        let mut counted = 0;
        loop {
            if day > LAST_DAY {
                return Err(Beyond);
            }
            if pauses.iter().any(|p| p.until.is_none() && p.from <= day) {
                return Ok(None);
            }
            let working = self.is_working(version, day);
            let paused = pauses
                .iter()
                .any(|p| p.from < day && p.until.is_none_or(|until| day <= until));
            if !paused && (counting.unit == Unit::Calendar || working) {
                counted += 1;
            }
            let held = pauses
                .iter()
                .any(|p| p.from <= day && p.until.is_none_or(|until| p.from < until && day <= until));
            let needs_working = counting.unit == Unit::Working || counting.roll == Roll::NextWorkingDay;
            if counted >= days && !held && (working || !needs_working) {
                return Ok(Some(day));
            }
            day += 1;
        }
    }

    /// Day on which a period without pauses lapses, if it does at or before the moment `now_ms`. Spec: specs/rules.md §4.2.
    pub(crate) fn lapse(
        &self,
        counting: Counting,
        anchor: Day,
        days: u64,
        now_ms: u64,
    ) -> Result<Option<Day>, Beyond> {
        let today = day_at(&self.zone, now_ms)?;
        let now = i64::try_from(now_ms).map_err(|_| Beyond)?;
        let mut day = anchor + 1;
        while day <= today {
            let start = start_of(&self.zone, day)?;
            if start > now {
                break;
            }
            let version = self.version_at(start);
            let Some(last) = self.last_day(version, counting, anchor, days, &[])? else {
                break;
            };
            if last < day {
                return Ok(Some(day));
            }
            // Until then nothing changes but by a fact that becomes known.
            let news = match self.versions.get(version) {
                Some(next) => day_at(&self.zone, next.known_ms)?,
                None => last + 1,
            };
            day = news.max(day + 1).min(last + 1);
        }
        Ok(None)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Calendar,
    Working,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    NextDay,
    NextWorkingDay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roll {
    None,
    NextWorkingDay,
}

/// How the days of a period are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counting {
    pub(crate) unit: Unit,
    pub(crate) start: Start,
    pub(crate) roll: Roll,
}

/// A pause of a period; without `until` it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) from: Day,
    pub(crate) until: Option<Day>,
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::Value;

    use super::*;
    use crate::vectors::vectors;

    fn zone(name: &str) -> TimeZone {
        jiff::tz::TimeZoneDatabase::bundled().get(name).unwrap()
    }

    pub(crate) fn on(text: &str) -> Day {
        day_of(text, 1900).unwrap()
    }

    #[test]
    fn days_and_their_first_moments() {
        assert_eq!(on("1970-01-01"), 0);
        assert_eq!(on("9989-12-31"), LAST_DAY);
        for bad in [
            "9990-01-01",
            "1899-12-31",
            "2026-02-29",
            "2026-1-01",
            "2026-01-1",
            "+026-01-01",
            "2026/01/01",
            "",
        ] {
            assert_eq!(day_of(bad, 1900), None, "{bad}");
        }
        let first = |name: &str, day: &str| start_of(&zone(name), on(day)).unwrap();
        assert_eq!(first("Asia/Qatar", "2026-12-05"), 1_796_418_000_000);
        // Midnight is skipped, and then a whole day.
        assert_eq!(first("America/Sao_Paulo", "2018-11-04"), 1_541_300_400_000);
        assert_eq!(
            first("Pacific/Apia", "2011-12-30"),
            first("Pacific/Apia", "2011-12-31")
        );
        assert_eq!(
            day_at(&zone("Asia/Qatar"), 1_796_418_000_000),
            Ok(on("2026-12-05"))
        );
        assert_eq!(
            day_at(&zone("Asia/Qatar"), 1_796_417_999_999),
            Ok(on("2026-12-04"))
        );
        assert_eq!(day_at(&zone("Asia/Qatar"), MOMENT_LIMIT_MS), Err(Beyond));
    }

    fn facts(case: &Value) -> Vec<(u64, Fact)> {
        let facts = case["facts"].as_array().unwrap().iter();
        facts
            .map(|fact| {
                let fact_of = Fact {
                    seq: fact["seq"].as_u64().unwrap(),
                    first: on(fact["first"].as_str().unwrap()),
                    last: on(fact["last"].as_str().unwrap()),
                    status: match fact["status"].as_str().unwrap() {
                        "estimate" => Status::Estimate,
                        "announced" => Status::Announced,
                        _ => Status::Withdrawn,
                    },
                    corrects: fact["corrects"].as_u64(),
                    text: None,
                };
                (fact["known_ms"].as_u64().unwrap(), fact_of)
            })
            .collect()
    }

    pub(crate) fn calendar(case: &Value) -> Calendar {
        let pack = &case["pack"];
        let rest = pack["weekly_rest"].as_array().unwrap();
        let week = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ];
        let rest = week.map(|day| rest.iter().any(|name| name == day));
        let mut calendar = Calendar::new(zone(pack["time_zone"].as_str().unwrap()), rest);
        for (known_ms, fact) in facts(case) {
            calendar.learn(known_ms, &[fact]).unwrap();
        }
        calendar
    }

    pub(crate) fn counting(rules: &Value) -> Counting {
        Counting {
            unit: if rules["unit"] == "working" {
                Unit::Working
            } else {
                Unit::Calendar
            },
            start: if rules["start"] == "next_day" {
                Start::NextDay
            } else {
                Start::NextWorkingDay
            },
            roll: if rules["roll"] == "none" {
                Roll::None
            } else {
                Roll::NextWorkingDay
            },
        }
    }

    #[test]
    fn objections_of_the_model() {
        let (mut windows, mut decisions, mut lapses) = (0, 0, 0);
        for case in vectors("deadlines")["objections"].as_array().unwrap() {
            let name = &case["name"];
            let (calendar, counting) = (calendar(case), counting(&case["rules"]));
            let at = |field: &str| case[field].as_u64();
            let version = |ms: u64| calendar.version_at(i64::try_from(ms).unwrap());
            let today = |ms: u64| day_at(&calendar.zone, ms).unwrap();
            let last = |ms: u64, anchor, days: &Value| {
                let days = days.as_u64().unwrap();
                calendar
                    .last_day(version(ms), counting, anchor, days, &[])
                    .unwrap()
            };
            let (opened, filed) = (at("opened_ms").unwrap(), at("filed_ms").unwrap());
            if case["extensions"].as_array().unwrap().is_empty() && filed >= opened {
                let end = last(filed, today(opened), &case["rules"]["window_days"]).unwrap();
                assert_eq!(today(filed) > end, case["error"] == "window_closed", "{name}");
                windows += 1;
            }
            let expected = &case["expect"];
            let Some(days) = case["rules"]["decision_days"]
                .as_u64()
                .filter(|_| expected.is_object())
            else {
                continue;
            };
            let decided = at("decided_ms");
            let end = decided.unwrap_or_else(|| at("now_ms").unwrap());
            let lapse = match case["rules"]["silence"] == "deemed_refusal" {
                true => calendar.lapse(counting, today(filed), days, end).unwrap(),
                false => None,
            };
            let silent = expected["status"] == "implicitly_rejected";
            assert_eq!(
                lapse,
                silent.then(|| on(expected["on"].as_str().unwrap())),
                "{name}"
            );
            lapses += u64::from(silent);
            let known = lapse.map_or(end, |day| {
                start_of(&calendar.zone, day).unwrap().try_into().unwrap()
            });
            let decide_by = last(known, today(filed), &case["rules"]["decision_days"]);
            assert_eq!(decide_by, expected["decide_by"].as_str().map(on), "{name}");
            decisions += 1;
        }
        assert!(
            windows > 20 && decisions > 20 && lapses > 5,
            "{windows} {decisions} {lapses}"
        );
    }

    #[test]
    fn lists_of_holidays_say_something() {
        let good = r#"{"format":"sijill-holidays/1","facts":[{"first":"2026-03-20","last":"2026-03-22","status":"estimate","name":{"en":"Eid","ar":"عيد"},"source":"Circular 1"}]}"#;
        assert_eq!(parse_holidays(good.as_bytes()).unwrap().len(), 1);
        for (old, new) in [
            ("Circular 1", ""),
            ("Circular 1", " "),
            ("\"Eid\"", "\" \""),
            ("عيد", " "),
            ("\"Eid\"", "\"\""),
            ("estimate", "guess"),
            ("03-20", "02-30"),
            ("2026-03-20", "1969-12-31"),
            (",\"name\"", ",\"corrects\":01,\"name\""),
            ("]}", "]} "),
        ] {
            let bad = good.replacen(old, new, 1);
            assert_ne!(bad, good);
            assert!(parse_holidays(bad.as_bytes()).is_err(), "{bad}");
        }
        let no_arabic = good.replace("عيد", "");
        assert!(parse_holidays(no_arabic.as_bytes()).is_ok());
    }

    #[test]
    fn facts_have_their_rules() {
        let fact = |seq, first: &str, last: &str, status, corrects| Fact {
            seq,
            first: on(first),
            last: on(last),
            status,
            corrects,
            text: None,
        };
        use Status::{Announced, Estimate, Withdrawn};
        let mut calendar = Calendar::new(zone("Asia/Qatar"), [false; 7]);
        let first = fact(1, "2026-03-20", "2026-03-22", Announced, None);
        calendar.learn(5, std::slice::from_ref(&first)).unwrap();
        for (known, bad) in [
            (4, fact(2, "2026-05-01", "2026-05-01", Announced, None)),
            (5, fact(1, "2026-05-01", "2026-05-01", Announced, None)),
            (5, fact(2, "2026-05-02", "2026-05-01", Announced, None)),
            (5, fact(2, "2026-05-01", "2026-06-30", Announced, None)),
            (5, fact(2, "2026-03-22", "2026-03-23", Announced, None)),
            (5, fact(2, "2026-03-20", "2026-03-21", Estimate, Some(1))),
            (5, fact(2, "2026-03-20", "2026-03-21", Withdrawn, Some(1))),
            (5, fact(2, "2026-03-20", "2026-03-22", Withdrawn, None)),
            (5, fact(2, "2026-05-01", "2026-05-01", Announced, Some(7))),
        ] {
            assert!(
                calendar.learn(known, std::slice::from_ref(&bad)).is_err(),
                "{bad:?}"
            );
        }
        let withdrawn = fact(2, "2026-03-20", "2026-03-22", Withdrawn, Some(1));
        calendar.learn(9, std::slice::from_ref(&withdrawn)).unwrap();
        assert!(
            calendar
                .learn(9, &[fact(3, "2026-03-20", "2026-03-22", Withdrawn, Some(1))])
                .is_err()
        );
        assert!(!calendar.is_working(calendar.version_at(8), on("2026-03-21")));
        assert!(calendar.is_working(calendar.version_at(9), on("2026-03-21")));
    }
}
