//! The freedom-of-information rule pack: the clock of one law, as data.
//!
//! What could not be confirmed is listed in the file with a note, and a rule that nobody knows is left out: nothing is
//! reckoned from it, and nothing is shown.
//!
//! Spec: specs/rules.md §3, its canonical JSON form §3.5.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, CalendarError};
use crate::pack::{Confidence, PackError, is_id, strict_day};
use crate::text::{Bilingual, check_line};

/// The format that [`FoiPack::parse`] reads.
pub const FOI_FORMAT: &str = "sijill-foi-rules/1";

/// Longest file or document, in bytes.
const MAX_FILE_BYTES: usize = 65_536;

/// Which days count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayUnit {
    /// Every day.
    Calendar,
    /// Working days alone.
    Working,
}

/// Which day is day 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The day after.
    NextDay,
    /// The first working day after.
    NextWorkingDay,
}

/// What happens when the last day is not a working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    /// It stays.
    None,
    /// It moves to the next working day.
    NextWorkingDay,
}

/// What silence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// Nothing: the matter stays open, and is overdue.
    None,
    /// A refusal by law.
    DeemedRefusal,
}

/// What a request for clarification does to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clarification {
    /// The days until the answer do not count.
    Pause,
    /// The clock starts anew with the answer.
    Restart,
}

/// What a quoted fee does to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeePolicy {
    /// The days until it is paid or waived do not count.
    Pauses,
    /// Nothing.
    None,
}

/// What a transfer to another body does to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// The clock starts anew.
    Restart,
    /// It goes on.
    Continue,
}

/// The clock of a law. An optional rule that is absent is unknown. Spec: specs/rules.md §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRules {
    /// Days for the answer, 1 to 366.
    pub answer_days: u16,
    /// Which days count.
    pub unit: DayUnit,
    /// Which day is day 1.
    pub start: Start,
    /// What happens when the last day is not a working day.
    pub roll: Roll,
    /// How many extensions, 0 to 12.
    pub max_extensions: u8,
    /// Days of one extension, 1 to 366; 0 if there are none.
    pub extension_days: u16,
    /// What silence of the body means.
    pub silence: Silence,
    /// What a request for clarification does.
    pub clarification: Clarification,
    /// Days for the requester to clarify, 1 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clarification_limit_days: Option<u16>,
    /// What a quoted fee does.
    pub fee_policy: FeePolicy,
    /// What a transfer does.
    pub transfer: Transfer,
    /// Days to file a grievance, 1 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grievance_days: Option<u16>,
    /// Days to decide a grievance, 1 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grievance_decision_days: Option<u16>,
    /// What silence on a grievance means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grievance_silence: Option<Silence>,
    /// Days for a third party to be heard, 1 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party_days: Option<u16>,
    /// Days to go to court after the grievance, 1 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub court_days: Option<u16>,
}

/// A ground on which a document is withheld.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// 1 to 32 bytes of `a-z 0-9 -`.
    pub code: String,
    /// For people.
    pub title: Bilingual,
    /// Where the law says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
}

/// A penalty of the law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// 1 to 32 bytes of `a-z 0-9 -`.
    pub code: String,
    /// For people.
    pub title: Bilingual,
    /// Where the law says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
}

/// A field whose value could not be confirmed, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unconfirmed {
    /// Path of the field in the file, such as `clock.unit`.
    pub field: String,
    /// For people.
    pub note: Bilingual,
}

/// A freedom-of-information rule pack. Spec: specs/rules.md §3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoiPack {
    /// 1 to 32 bytes of `a-z 0-9 -`.
    pub id: String,
    /// Version of this pack, from 1.
    pub version: u32,
    /// For people.
    pub title: Bilingual,
    /// The law and article, or that there is none.
    pub legal_basis: String,
    /// How sure its authors are of the whole.
    pub confidence: Confidence,
    /// First day on which the pack may be used.
    pub valid_from: Date,
    /// Last day, if there is one.
    pub valid_until: Option<Date>,
    /// IANA name.
    pub time_zone: String,
    /// Days of weekly rest.
    pub weekly_rest: Vec<Weekday>,
    /// The clock.
    pub clock: ClockRules,
    /// Grounds on which a document is withheld, in the file's order.
    pub exemptions: Vec<Exemption>,
    /// Penalties, in the file's order.
    pub penalties: Vec<Penalty>,
    /// What could not be confirmed.
    pub unconfirmed: Vec<Unconfirmed>,
}

/// The file and the document: the same fields, in the order of the document.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    format: String,
    id: String,
    version: u32,
    title: Bilingual,
    legal_basis: String,
    confidence: Confidence,
    valid_from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    calendar: CalendarFields,
    clock: ClockRules,
    #[serde(default)]
    exemptions: Vec<Exemption>,
    #[serde(default)]
    penalties: Vec<Penalty>,
    #[serde(default)]
    unconfirmed: Vec<Unconfirmed>,
}

/// The format alone: an unknown one is told before its fields are read.
#[derive(Deserialize)]
struct Head {
    format: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFields {
    time_zone: String,
    weekly_rest: Vec<RestDay>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RestDay {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<Weekday> for RestDay {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

impl From<RestDay> for Weekday {
    fn from(day: RestDay) -> Self {
        match day {
            RestDay::Monday => Self::Monday,
            RestDay::Tuesday => Self::Tuesday,
            RestDay::Wednesday => Self::Wednesday,
            RestDay::Thursday => Self::Thursday,
            RestDay::Friday => Self::Friday,
            RestDay::Saturday => Self::Saturday,
            RestDay::Sunday => Self::Sunday,
        }
    }
}

/// Every field that may be named as unconfirmed. Spec: specs/rules.md §3.3.
const PATHS: [&str; 23] = [
    "legal_basis",
    "valid_from",
    "valid_until",
    "calendar.time_zone",
    "calendar.weekly_rest",
    "clock.answer_days",
    "clock.unit",
    "clock.start",
    "clock.roll",
    "clock.max_extensions",
    "clock.extension_days",
    "clock.silence",
    "clock.clarification",
    "clock.clarification_limit_days",
    "clock.fee_policy",
    "clock.transfer",
    "clock.grievance_days",
    "clock.grievance_decision_days",
    "clock.grievance_silence",
    "clock.third_party_days",
    "clock.court_days",
    "exemptions",
    "penalties",
];

impl FoiPack {
    /// Reads a pack from TOML text, as people write it. Spec: specs/rules.md §3.1.
    ///
    /// # Errors
    /// [`PackError`] with the field and the permitted range.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        require(text.len() <= MAX_FILE_BYTES, "file", "at most 65536 bytes")?;
        let syntax = |e: toml::de::Error| PackError::Syntax(e.to_string());
        check_format(toml::from_str(text).map_err(syntax)?)?;
        let pack = Self::build(toml::from_str(text).map_err(syntax)?)?;
        let fits = pack.to_json().len() <= MAX_FILE_BYTES;
        require(fits, "file", "at most 65536 bytes as JSON")?;
        Ok(pack)
    }

    /// Reads a pack from its canonical JSON form, as ledgers cite it. Spec: specs/rules.md §3.5.
    ///
    /// # Errors
    /// [`PackError`]; another spelling of the same pack is [`PackError::NotCanonical`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, PackError> {
        require(bytes.len() <= MAX_FILE_BYTES, "file", "at most 65536 bytes")?;
        let syntax = |e: serde_json::Error| PackError::Syntax(e.to_string());
        check_format(serde_json::from_slice(bytes).map_err(syntax)?)?;
        let pack = Self::build(serde_json::from_slice(bytes).map_err(syntax)?)?;
        if pack.to_json() == bytes {
            Ok(pack)
        } else {
            Err(PackError::NotCanonical)
        }
    }

    /// The form that ledgers cite: canonical JSON. Spec: specs/rules.md §3.5.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let fields = Fields {
            format: FOI_FORMAT.into(),
            id: self.id.clone(),
            version: self.version,
            title: self.title.clone(),
            legal_basis: self.legal_basis.clone(),
            confidence: self.confidence,
            valid_from: self.valid_from.to_string(),
            valid_until: self.valid_until.map(|day| day.to_string()),
            calendar: CalendarFields {
                time_zone: self.time_zone.clone(),
                weekly_rest: self.weekly_rest.iter().copied().map(RestDay::from).collect(),
            },
            clock: self.clock,
            exemptions: self.exemptions.clone(),
            penalties: self.penalties.clone(),
            unconfirmed: self.unconfirmed.clone(),
        };
        // Structs of strings, integers and lists: always writable.
        serde_json::to_vec(&fields).unwrap_or_default()
    }

    fn build(fields: Fields) -> Result<Self, PackError> {
        require(is_id(&fields.id), "id", "1 to 32 characters of a-z, 0-9 and -")?;
        require(fields.version >= 1, "version", "from 1")?;
        fields.title.check().map_err(|p| wrong("title", p))?;
        check_line(&fields.legal_basis).map_err(|p| wrong("legal_basis", p))?;
        let valid_from = day("valid_from", &fields.valid_from)?;
        let valid_until = fields.valid_until.as_deref().map(|t| day("valid_until", t));
        let valid_until = valid_until.transpose()?;
        let in_order = valid_until.is_none_or(|until| valid_from <= until);
        require(in_order, "valid_until", "must not be before valid_from")?;
        let mut weekly_rest: Vec<Weekday> = fields.calendar.weekly_rest.into_iter().map(Into::into).collect();
        weekly_rest.sort_by_key(|day| day.to_monday_zero_offset());
        Calendar::new(&fields.calendar.time_zone, &weekly_rest).map_err(|e| match e {
            CalendarError::UnknownZone(_) => wrong("calendar.time_zone", "a name of the IANA database"),
            _ => wrong("calendar.weekly_rest", "0 to 6 different days of the week"),
        })?;
        fields.clock.check()?;
        let pack = Self {
            id: fields.id,
            version: fields.version,
            title: fields.title,
            legal_basis: fields.legal_basis,
            confidence: fields.confidence,
            valid_from,
            valid_until,
            time_zone: fields.calendar.time_zone,
            weekly_rest,
            clock: fields.clock,
            exemptions: fields.exemptions,
            penalties: fields.penalties,
            unconfirmed: fields.unconfirmed,
        };
        pack.check_lists()?;
        Ok(pack)
    }

    /// Whether the pack may be used on that day.
    #[must_use]
    pub fn covers(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|until| day <= until)
    }

    /// The pack's calendar, without holidays yet.
    ///
    /// # Errors
    /// None for a pack from [`parse`](Self::parse); else [`CalendarError`].
    pub fn calendar(&self) -> Result<Calendar, CalendarError> {
        Calendar::new(&self.time_zone, &self.weekly_rest)
    }

    fn check_lists(&self) -> Result<(), PackError> {
        require(self.exemptions.len() <= 64, "exemptions", "at most 64")?;
        require(self.penalties.len() <= 64, "penalties", "at most 64")?;
        let exemptions = self.exemptions.iter().map(|e| (&e.code, &e.title, &e.article));
        check_coded("exemptions", exemptions)?;
        let penalties = self.penalties.iter().map(|e| (&e.code, &e.title, &e.article));
        check_coded("penalties", penalties)?;
        let mut named = std::collections::BTreeSet::new();
        for item in &self.unconfirmed {
            let known = PATHS.contains(&item.field.as_str());
            require(
                known,
                "unconfirmed.field",
                "must name a field of the pack, such as clock.unit",
            )?;
            require(
                named.insert(&item.field),
                "unconfirmed.field",
                "names a field twice",
            )?;
            item.note.check().map_err(|p| wrong("unconfirmed.note", p))?;
        }
        let honest = self.confidence != Confidence::Confirmed || self.unconfirmed.is_empty();
        require(
            honest,
            "confidence",
            "cannot be confirmed while a field is unconfirmed",
        )
    }
}

impl ClockRules {
    /// Checks ranges. Spec: specs/rules.md §3.2.
    fn check(&self) -> Result<(), PackError> {
        let range = |n: u16| (1..=366).contains(&n);
        require(range(self.answer_days), "clock.answer_days", "1 to 366")?;
        require(self.max_extensions <= 12, "clock.max_extensions", "0 to 12")?;
        if self.max_extensions == 0 {
            require(
                self.extension_days == 0,
                "clock.extension_days",
                "0 without extensions",
            )?;
        } else {
            require(range(self.extension_days), "clock.extension_days", "1 to 366")?;
        }
        for (field, value) in [
            ("clock.clarification_limit_days", self.clarification_limit_days),
            ("clock.grievance_days", self.grievance_days),
            ("clock.grievance_decision_days", self.grievance_decision_days),
            ("clock.third_party_days", self.third_party_days),
            ("clock.court_days", self.court_days),
        ] {
            require(
                value.is_none_or(range),
                field,
                "1 to 366; leave it out if unknown",
            )?;
        }
        let silence_dated =
            self.grievance_silence != Some(Silence::DeemedRefusal) || self.grievance_decision_days.is_some();
        require(
            silence_dated,
            "clock.grievance_silence",
            "a deemed refusal needs clock.grievance_decision_days",
        )
    }
}

fn check_coded<'a>(
    field: &'static str,
    items: impl Iterator<Item = (&'a String, &'a Bilingual, &'a Option<String>)>,
) -> Result<(), PackError> {
    let mut codes = std::collections::BTreeSet::new();
    for (code, title, article) in items {
        require(
            is_id(code),
            field,
            "codes have 1 to 32 characters of a-z, 0-9 and -",
        )?;
        require(codes.insert(code), field, "a code stands twice")?;
        title.check().map_err(|p| wrong(field, p))?;
        if let Some(article) = article {
            check_line(article).map_err(|p| wrong(field, p))?;
        }
    }
    Ok(())
}

fn check_format(head: Head) -> Result<(), PackError> {
    if head.format == FOI_FORMAT {
        Ok(())
    } else {
        Err(PackError::UnknownFoiFormat(head.format))
    }
}

fn day(field: &'static str, text: &str) -> Result<Date, PackError> {
    strict_day(text).ok_or_else(|| wrong(field, "a day as YYYY-MM-DD, in the years 1900 to 9989"))
}

fn require(holds: bool, field: &'static str, problem: &'static str) -> Result<(), PackError> {
    if holds { Ok(()) } else { Err(wrong(field, problem)) }
}

const fn wrong(field: &'static str, problem: &'static str) -> PackError {
    PackError::Field { field, problem }
}
