//! The calendar of a jurisdiction: weekly rest, declared holidays, working days.
//!
//! *Nomenclature.* A **fact** is a declaration that a run of days is a holiday, or a correction of an earlier one; facts
//! are only ever added, and each carries when it became known. The **days at T** ([`Days`]) are what the facts known at
//! the moment T say. An **estimate** is a fact whose dates an announcement may still move.
//!
//! Phases: [`Calendar::new`], [`Calendar::declare`] for each fact in order, [`Calendar::days_at`] for each question.
//!
//! Spec: specs/rules.md §2.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::dates::english_date;
use crate::text::{Bilingual, check_line};

/// Longest run of days in one fact. Spec: specs/rules.md §2.2.
pub const MAX_HOLIDAY_DAYS: i32 = 60;

/// First moment that is beyond reckoning: 9990-01-01 UTC, in milliseconds. Spec: specs/rules.md §1.
pub const END_OF_TIME_MS: u64 = 253_086_768_000_000;

/// How sure a declared holiday is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactStatus {
    /// Reckoned ahead; an announcement may move it.
    Estimate,
    /// Announced by the authority.
    Announced,
    /// The corrected fact does not hold: its days are no holiday. Only as a correction.
    Withdrawn,
}

/// A declared holiday. Spec: specs/rules.md §2.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Place in the order of facts; rises strictly, gaps are allowed.
    pub seq: u64,
    /// When the fact became known, in milliseconds since 1970 UTC; never falls along the order.
    pub known_ms: u64,
    /// First day.
    pub first: Date,
    /// Last day, included.
    pub last: Date,
    /// How sure it is.
    pub status: FactStatus,
    /// Sequence number of the fact that this one replaces.
    pub corrects: Option<u64>,
    /// What the holiday is called.
    pub name: Bilingual,
    /// Who declared it, and where it can be read.
    pub source: String,
}

/// Why a calendar or a fact is refused. The fault is the caller's or the declaring officer's; nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// Not a zone of the IANA database.
    #[error("`{0}` is no time zone; write a name of the IANA database such as Asia/Qatar")]
    UnknownZone(String),
    /// No working day is left.
    #[error("all seven days are weekly rest; leave at least one working day")]
    NoWorkingDay,
    /// A weekday given twice.
    #[error("a day of weekly rest is listed twice; list each once")]
    RepeatedRest,
    /// Sequence numbers do not rise.
    #[error("fact {seq} does not come after fact {last}; facts are only added at the end")]
    Order {
        /// The refused fact.
        seq: u64,
        /// The last accepted one.
        last: u64,
    },
    /// Known before an earlier fact was known.
    #[error(
        "fact {seq} would be known before fact {last}, which stands before it; a fact cannot be back-dated"
    )]
    KnownEarlier {
        /// The refused fact.
        seq: u64,
        /// The last accepted one.
        last: u64,
    },
    /// The last day is before the first.
    #[error("fact {seq} ends on {last}, before it begins on {first}; exchange the days")]
    Backwards {
        /// The refused fact.
        seq: u64,
        /// Its first day.
        first: Date,
        /// Its last day.
        last: Date,
    },
    /// More than [`MAX_HOLIDAY_DAYS`].
    #[error("fact {seq} covers {days} days; one fact covers at most 60")]
    TooLong {
        /// The refused fact.
        seq: u64,
        /// Days that it would cover.
        days: i32,
    },
    /// A day or a time outside 1970 to 9989.
    #[error("fact {seq} leaves the years 1970 to 9989")]
    BeyondTime {
        /// The refused fact.
        seq: u64,
    },
    /// A text that is empty, too long, or has characters that are not allowed.
    #[error("fact {seq}, `{field}`: {problem}")]
    Text {
        /// The refused fact.
        seq: u64,
        /// Which text.
        field: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A day is already a holiday by another fact.
    #[error(
        "fact {seq} covers {day}, which fact {other} already declares; correct fact {other}, or leave that day out"
    )]
    Overlap {
        /// The refused fact.
        seq: u64,
        /// First day that both cover.
        day: Date,
        /// The fact that stands.
        other: u64,
    },
    /// The fact to be corrected does not stand: there is none, or it was corrected before.
    #[error("fact {seq} corrects fact {corrects}, which does not stand; correct the latest one")]
    NothingToCorrect {
        /// The refused fact.
        seq: u64,
        /// The number that it names.
        corrects: u64,
    },
    /// An estimate against an announcement.
    #[error(
        "fact {seq} is an estimate, but fact {corrects} was announced; only an announcement can change it"
    )]
    EstimateAgainstAnnouncement {
        /// The refused fact.
        seq: u64,
        /// The announced fact.
        corrects: u64,
    },
    /// A withdrawal that names no fact, or names other days than that fact has.
    #[error("fact {seq} withdraws a holiday; it must name that fact and repeat its first and last day")]
    Withdrawal {
        /// The refused fact.
        seq: u64,
    },
}

impl CalendarError {
    /// The same in Arabic.
    #[must_use]
    pub fn arabic(&self) -> String {
        match self {
            Self::UnknownZone(zone) => {
                format!("«{zone}» ليست منطقة زمنية معروفة؛ اكتب اسماً من قاعدة IANA مثل Asia/Qatar")
            }
            Self::NoWorkingDay => "أيام الأسبوع السبعة كلها راحة؛ اترك يوم عمل واحداً على الأقل".into(),
            Self::RepeatedRest => "يوم راحة أسبوعية مذكور مرتين؛ اذكره مرة واحدة".into(),
            Self::Order { seq, last } => {
                format!("الإعلان {seq} لا يأتي بعد الإعلان {last}؛ الإعلانات تضاف في آخر القائمة فقط")
            }
            Self::KnownEarlier { seq, last } => {
                format!("الإعلان {seq} يسبق تاريخ العلم بالإعلان {last} الذي قبله؛ لا يجوز تقديم تاريخ الإعلان")
            }
            Self::Backwards { seq, first, last } => {
                format!("الإعلان {seq} ينتهي في {last} قبل أن يبدأ في {first}؛ بدّل بين اليومين")
            }
            Self::TooLong { seq, days } => format!("الإعلان {seq} يشمل {days} يوماً؛ الحد الأقصى 60 يوماً"),
            Self::BeyondTime { seq } => format!("الإعلان {seq} خارج السنوات من 1970 إلى 9989"),
            Self::Text { seq, field, .. } => {
                format!("الإعلان {seq}، الحقل {field}: نص فارغ أو أطول من 1000 بايت أو فيه محارف غير مسموح بها")
            }
            Self::Overlap { seq, day, other } => format!(
                "الإعلان {seq} يشمل {day} وهو معلن في الإعلان {other}؛ صحّح الإعلان {other} أو احذف ذلك اليوم"
            ),
            Self::NothingToCorrect { seq, corrects } => {
                format!("الإعلان {seq} يصحح الإعلان {corrects} وهو غير قائم؛ صحّح آخر إعلان")
            }
            Self::EstimateAgainstAnnouncement { seq, corrects } => {
                format!("الإعلان {seq} تقديري والإعلان {corrects} رسمي؛ لا يغيره إلا إعلان رسمي")
            }
            Self::Withdrawal { seq } => {
                format!("الإعلان {seq} يلغي عطلة؛ يجب أن يذكر رقم إعلانها وأن يكرر يومها الأول والأخير")
            }
        }
    }
}

/// The calendar of a jurisdiction.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    rest: [bool; 7],
    facts: Vec<Fact>,
}

impl Calendar {
    /// A calendar without holidays. `zone` is an IANA name, looked up in the bundled database. Spec: specs/rules.md §2.1.
    ///
    /// # Errors
    /// [`CalendarError::UnknownZone`], [`CalendarError::RepeatedRest`], [`CalendarError::NoWorkingDay`].
    pub fn new(zone: &str, weekly_rest: &[Weekday]) -> Result<Self, CalendarError> {
        let mut rest = [false; 7];
        for day in weekly_rest {
            let slot = &mut rest[weekday_index(*day)];
            if *slot {
                return Err(CalendarError::RepeatedRest);
            }
            *slot = true;
        }
        if rest.iter().all(|r| *r) {
            return Err(CalendarError::NoWorkingDay);
        }
        let zone = crate::time_zone(zone)
            .ok_or_else(|| CalendarError::UnknownZone(zone.chars().take(64).collect()))?;
        Ok(Self {
            zone,
            rest,
            facts: Vec::new(),
        })
    }

    /// Adds a fact at the end. Spec: specs/rules.md §2.2.
    ///
    /// # Errors
    /// [`CalendarError`] with what contradicts it; the calendar is as before.
    pub fn declare(&mut self, fact: Fact) -> Result<(), CalendarError> {
        let seq = fact.seq;
        if let Some(last) = self.facts.last() {
            if seq <= last.seq {
                return Err(CalendarError::Order { seq, last: last.seq });
            }
            if fact.known_ms < last.known_ms {
                return Err(CalendarError::KnownEarlier { seq, last: last.seq });
            }
        }
        if fact.known_ms >= END_OF_TIME_MS || !in_range(fact.first) || !in_range(fact.last) {
            return Err(CalendarError::BeyondTime { seq });
        }
        if fact.last < fact.first {
            return Err(CalendarError::Backwards {
                seq,
                first: fact.first,
                last: fact.last,
            });
        }
        let days = day_number(fact.last) - day_number(fact.first) + 1;
        if days > MAX_HOLIDAY_DAYS {
            return Err(CalendarError::TooLong { seq, days });
        }
        let wrong = |field| move |problem| CalendarError::Text { seq, field, problem };
        fact.name.check().map_err(wrong("name"))?;
        check_line(&fact.source).map_err(wrong("source"))?;

        let standing = standing(&self.facts);
        match fact.corrects {
            None if fact.status == FactStatus::Withdrawn => return Err(CalendarError::Withdrawal { seq }),
            None => {}
            Some(corrects) => {
                let Some(old) = standing.iter().find(|f| f.seq == corrects) else {
                    return Err(CalendarError::NothingToCorrect { seq, corrects });
                };
                if fact.status == FactStatus::Estimate && old.status == FactStatus::Announced {
                    return Err(CalendarError::EstimateAgainstAnnouncement { seq, corrects });
                }
                if fact.status == FactStatus::Withdrawn && (fact.first, fact.last) != (old.first, old.last) {
                    return Err(CalendarError::Withdrawal { seq });
                }
            }
        }
        let clash = standing
            .iter()
            .find(|f| Some(f.seq) != fact.corrects && f.first <= fact.last && fact.first <= f.last);
        if let Some(other) = clash {
            return Err(CalendarError::Overlap {
                seq,
                day: other.first.max(fact.first),
                other: other.seq,
            });
        }
        self.facts.push(fact);
        Ok(())
    }

    /// The facts in order.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// What the facts known at that moment (`known_ms ≤ at_ms`) say. Spec: specs/rules.md §2.3.
    #[must_use]
    pub fn days_at(&self, at_ms: u64) -> Days<'_> {
        let known = self.facts.partition_point(|f| f.known_ms <= at_ms);
        let mut holidays = standing(&self.facts[..known]);
        holidays.sort_by_key(|f| f.first);
        Days {
            rest: self.rest,
            holidays,
        }
    }

    /// Moments after `after_ms` at which facts became known, rising, each once.
    pub(crate) fn changes_after(&self, after_ms: u64) -> impl Iterator<Item = u64> + '_ {
        let from = self.facts.partition_point(|f| f.known_ms <= after_ms);
        let mut previous = None;
        self.facts[from..].iter().filter_map(move |f| {
            let new = previous != Some(f.known_ms);
            previous = Some(f.known_ms);
            new.then_some(f.known_ms)
        })
    }

    /// The local day of a moment; `None` from 9990 on.
    #[must_use]
    pub fn day_of(&self, at_ms: u64) -> Option<Date> {
        if at_ms >= END_OF_TIME_MS {
            return None;
        }
        let at = Timestamp::from_millisecond(i64::try_from(at_ms).ok()?).ok()?;
        Some(self.zone.to_datetime(at).date())
    }

    /// The first moment of a local day, in milliseconds; 0 for days that begin before 1970 UTC.
    ///
    /// Where the clocks skip midnight the day begins at the first moment that exists.
    #[must_use]
    pub fn start_of(&self, day: Date) -> Option<u64> {
        let start = self.zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
        Some(u64::try_from(start.as_millisecond()).unwrap_or(0))
    }
}

/// Why a day is not a working day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestReason {
    /// Weekly rest.
    Weekly,
    /// A declared holiday (also when it falls on weekly rest).
    Holiday {
        /// Sequence number of the fact.
        seq: u64,
        /// Whether it is an estimate.
        estimate: bool,
        /// What it is called.
        name: Bilingual,
    },
}

/// The working days and holidays as known at one moment.
#[derive(Debug, Clone)]
pub struct Days<'c> {
    rest: [bool; 7],
    holidays: Vec<&'c Fact>,
}

impl Days<'_> {
    /// Whether people work on that day.
    #[must_use]
    pub fn is_working(&self, day: Date) -> bool {
        !self.rest[weekday_index(day.weekday())] && self.holiday(day).is_none()
    }

    /// Why they do not; `None` on a working day.
    #[must_use]
    pub fn rest_reason(&self, day: Date) -> Option<RestReason> {
        if let Some(fact) = self.holiday(day) {
            return Some(RestReason::Holiday {
                seq: fact.seq,
                estimate: fact.status == FactStatus::Estimate,
                name: fact.name.clone(),
            });
        }
        self.rest[weekday_index(day.weekday())].then_some(RestReason::Weekly)
    }

    /// The declared holidays, by first day; they never overlap.
    #[must_use]
    pub fn holidays(&self) -> &[&Fact] {
        &self.holidays
    }

    /// The first working day from `day` on; `None` beyond the calendar's end.
    #[must_use]
    pub fn working_from(&self, day: Date) -> Option<Date> {
        let mut day = day;
        while !self.is_working(day) {
            day = next_day(day)?;
        }
        Some(day)
    }

    fn holiday(&self, day: Date) -> Option<&Fact> {
        let after = self.holidays.partition_point(|f| f.first <= day);
        let fact = self.holidays.get(after.checked_sub(1)?)?;
        (day <= fact.last).then_some(*fact)
    }
}

/// The facts that no later one replaces, withdrawals left out.
fn standing(facts: &[Fact]) -> Vec<&Fact> {
    let corrected: std::collections::BTreeSet<u64> = facts.iter().filter_map(|f| f.corrects).collect();
    facts
        .iter()
        .filter(|f| f.status != FactStatus::Withdrawn && !corrected.contains(&f.seq))
        .collect()
}

fn in_range(day: Date) -> bool {
    (1970..=9989).contains(&day.year())
}

fn weekday_index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

/// The day after; `None` after 9999-12-31.
pub(crate) fn next_day(day: Date) -> Option<Date> {
    day.tomorrow().ok()
}

/// Days since 1970-01-01, which has the number 0.
#[must_use]
pub fn day_number(day: Date) -> i32 {
    const EPOCH: Date = Date::constant(1970, 1, 1);
    day.since(EPOCH).map_or(0, |span| span.get_days())
}

/// The day of a number from 0 to 2929244 (9989-12-31). Spec: specs/rules.md §1.2.
#[must_use]
pub fn numbered_day(number: u32) -> Option<Date> {
    if number > 2_929_244 {
        return None;
    }
    let span = jiff::Span::new().try_days(i64::from(number)).ok()?;
    Date::constant(1970, 1, 1).checked_add(span).ok()
}

impl std::fmt::Display for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} to {}",
            self.name.en,
            english_date(self.first),
            english_date(self.last)
        )
    }
}
