//! The election rule pack: what an electoral law fixes, as data.
//!
//! People write TOML ([`RulePack::parse`]); a ledger cites the canonical JSON form ([`RulePack::to_json`],
//! [`RulePack::from_json`]). Both have the same fields. A rule that is not known is left out, and nothing is reckoned from
//! it; what is known but not confirmed is listed with a note.
//!
//! Spec: specs/rules.md §3.4.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::MAX_GRACE_MS;
use crate::calendar::{Calendar, CalendarError};
use crate::foi_pack::{DayUnit, Roll, Silence, Start, Unconfirmed};
use crate::objection::ObjectionRules;
use crate::period::Counting;
use crate::text::{Bilingual, check_line};

/// The format that [`RulePack::parse`] reads.
pub const RULES_FORMAT: &str = "sijill-rules/2";

/// Longest file or document, in bytes.
const MAX_FILE_BYTES: usize = 65_536;

/// Largest integer of our documents, 2^53 − 1. Spec: specs/election.md §1.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why a text is not a valid rule pack. The fault is the file's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Not TOML or JSON, or fields missing, unknown or of the wrong type.
    #[error("the rule pack cannot be read: {0}")]
    Syntax(String),
    /// JSON, but not in the one permitted spelling.
    #[error("the rule pack is not in its canonical JSON form; compile it from its TOML file")]
    NotCanonical,
    /// A format that this version does not know.
    #[error("the rule pack has the format `{0}`; this version reads `sijill-rules/2`")]
    UnknownFormat(String),
    /// A freedom-of-information pack of a format that this version does not know.
    #[error(
        "the rule pack has the format `{0}`; for freedom of information this version reads `sijill-foi-rules/1`"
    )]
    UnknownFoiFormat(String),
    /// A field outside its range.
    #[error("rule pack, `{field}`: {problem}")]
    Field {
        /// Path of the field in the file.
        field: &'static str,
        /// What is wrong, and what would be right.
        problem: &'static str,
    },
}

/// How sure the authors of a pack are of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Confidence {
    /// Checked against the text of the law.
    Confirmed,
    /// From public sources, not checked against the law's text.
    Low,
    /// No law at all: for rehearsals and tests.
    Invented,
}

/// Where and when people work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarRules {
    /// IANA name.
    pub time_zone: String,
    /// Days of weekly rest, in the order of the week from Monday.
    #[serde(with = "rest_days")]
    pub weekly_rest: Vec<Weekday>,
}

/// The day on which the age is reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AgeReference {
    /// A day that the pack fixes.
    Fixed(Date),
    /// The polling day of the event.
    PollingDay,
}

impl TryFrom<String> for AgeReference {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "polling_day" {
            return Ok(Self::PollingDay);
        }
        let day = strict_day(&text).ok_or("age.reference is `polling_day` or a day as YYYY-MM-DD")?;
        Ok(Self::Fixed(day))
    }
}

impl From<AgeReference> for String {
    fn from(reference: AgeReference) -> Self {
        match reference {
            AgeReference::Fixed(day) => day.to_string(),
            AgeReference::PollingDay => "polling_day".into(),
        }
    }
}

/// When people who were born on 29 February have their birthday in a common year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeapDay {
    /// 28 February.
    #[serde(rename = "february_28")]
    February28,
    /// 1 March.
    #[serde(rename = "march_1")]
    March1,
}

/// What the rules say of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeRules {
    /// Years, 1 to 150.
    pub minimum: u16,
    /// The day on which they must be completed.
    pub reference: AgeReference,
    /// The birthday of those born on 29 February.
    pub leap_day: LeapDay,
}

/// How a citizen came to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CitizenKind {
    /// By naturalisation.
    Naturalised,
    /// From birth.
    Original,
}

/// What the rules say of nationality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NationalityRules {
    /// Which citizens may vote; ascending.
    pub kinds: Vec<CitizenKind>,
    /// Years since naturalisation on the reference day, 0 to 150; there exactly if naturalised citizens may vote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naturalised_years: Option<u16>,
}

/// A ground on which somebody may not vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// 1 to 32 bytes of `a-z 0-9 -`.
    pub code: String,
    /// For people.
    pub title: Bilingual,
    /// Where the law says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
}

/// A document by which a person shows who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    /// A digital identity.
    DigitalId,
    /// An identity card.
    IdCard,
}

/// What the rules say of identity. A document is valid through the end of its last day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityRules {
    /// Which documents serve; ascending.
    pub documents: Vec<Document>,
}

/// A way to register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationChannel {
    /// By a service on the network.
    Digital,
    /// At an office.
    InPerson,
    /// By text message.
    Sms,
}

/// A way to vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VotingChannel {
    /// On paper.
    Paper,
    /// From the voter's own device.
    Remote,
    /// On a device of a polling station.
    Station,
}

/// The ways that the law has opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRules {
    /// Ways to register; ascending; none if nobody registers.
    pub registration: Vec<RegistrationChannel>,
    /// Ways to vote; ascending.
    pub voting: Vec<VotingChannel>,
}

/// What the rules say of objections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElectionObjections {
    /// Which days count.
    pub unit: DayUnit,
    /// Which day is day 1.
    pub start: Start,
    /// What happens when the last day is not a working day.
    pub roll: Roll,
    /// Days of the window, 1 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<u16>,
    /// Days for the decision, 1 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_days: Option<u16>,
    /// What silence means.
    pub silence: Silence,
    /// Days for the next remedy, 1 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy_days: Option<u16>,
}

impl ElectionObjections {
    /// How days are counted.
    #[must_use]
    pub const fn counting(&self) -> Counting {
        Counting {
            unit: self.unit,
            start: self.start,
            roll: self.roll,
        }
    }

    /// As rules of [`ObjectionRules`]. Where the window's days are not known its last day is announced: then no window may
    /// be opened from these.
    #[must_use]
    pub fn rules(&self) -> ObjectionRules {
        ObjectionRules {
            counting: self.counting(),
            window_days: self.window_days.unwrap_or(1),
            decision_days: self.decision_days,
            silence: self.silence,
            remedy_days: self.remedy_days,
        }
    }
}

/// What the rules say of candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateRules {
    /// The last day for a withdrawal, in days before polling day, 0 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_days: Option<u16>,
}

/// What the rules say of campaigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignRules {
    /// Hours of silence before the opening of the poll, 0 to 366.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_hours: Option<u16>,
}

/// What becomes of a voter's digital ballots when they come to a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InPerson {
    /// Paper excludes them.
    InPersonSupersedes,
    /// Who has voted gets no paper.
    FirstVoteFinal,
}

/// What becomes of a polling station whose book is lost. Spec: specs/station.md §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostBook {
    /// None of its papers counts; its urn stays sealed.
    VoidPaper,
    /// The digital ballots of its voters are excluded; its urn is counted.
    VoidDigital,
}

/// What the rules say of voting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VotingRules {
    /// How long after the close a ballot still counts, at most 600 000 ms.
    pub grace_ms: u64,
    /// Longest time between receipt and sequencing, 1 to 3 600 000 ms.
    pub max_lag_ms: u32,
    /// How old an official's view and signature may be, 1 000 to 604 800 000 ms.
    pub official_window_ms: u64,
    /// Whether a voter may vote again until the close.
    pub revote: bool,
    /// What becomes of digital ballots when a voter comes in person.
    pub in_person: InPerson,
    /// What becomes of a station whose book is lost; without it none can be declared lost.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lost_book: Option<LostBook>,
    /// A box with fewer counted ballots is never decrypted.
    pub min_ballots_to_decrypt: u64,
    /// Turnout of fewer is not shown before the close, 0 to 1000.
    pub small_cell: u16,
}

/// How a tie is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// A named person's vote, with a reason.
    CastingVote,
    /// A drawing of lots before witnesses.
    Lots,
}

/// What the rules say of trustees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrusteeRules {
    /// Fewest trustees of an event, 1 to 32.
    pub minimum: u16,
}

/// What the rules say of the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificationRules {
    /// How many members of the commission certify the results, 1 to 16.
    pub quorum: u16,
}

/// A rule pack: the rules of one electoral law, as data. Spec: specs/rules.md §3.4.
// The order of the fields is that of the JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePack {
    format: String,
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
    #[serde(with = "day")]
    pub valid_from: Date,
    /// Last day, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_day")]
    pub valid_until: Option<Date>,
    /// The calendar, without holidays.
    pub calendar: CalendarRules,
    /// Rules of age.
    pub age: AgeRules,
    /// Rules of nationality.
    pub nationality: NationalityRules,
    /// Grounds of exclusion, ascending by code.
    #[serde(default)]
    pub exclusions: Vec<Exclusion>,
    /// Rules of identity.
    pub identity: IdentityRules,
    /// Channels.
    pub channels: ChannelRules,
    /// Objections to the roll; `None` if there are none or nothing is known of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll_objections: Option<ElectionObjections>,
    /// Objections to candidates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_objections: Option<ElectionObjections>,
    /// Rules of candidates.
    pub candidates: CandidateRules,
    /// Rules of campaigns.
    pub campaign: CampaignRules,
    /// Rules of voting.
    pub voting: VotingRules,
    /// How a tie is resolved; `None` if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie: Option<Tie>,
    /// Rules of trustees.
    pub trustees: TrusteeRules,
    /// Rules of certification.
    pub certification: CertificationRules,
    /// What could not be confirmed.
    #[serde(default)]
    pub unconfirmed: Vec<Unconfirmed>,
}

/// Fields that may be named as unconfirmed, with the fields of each table. Spec: specs/rules.md §3.4.
const FIELDS: [(&str, &[&str]); 17] = [
    ("legal_basis", &[]),
    ("valid_from", &[]),
    ("valid_until", &[]),
    ("tie", &[]),
    ("exclusions", &[]),
    ("calendar", &["time_zone", "weekly_rest"]),
    ("age", &["minimum", "reference", "leap_day"]),
    ("nationality", &["kinds", "naturalised_years"]),
    ("identity", &["documents"]),
    ("channels", &["registration", "voting"]),
    ("roll_objections", &OBJECTION_FIELDS),
    ("candidate_objections", &OBJECTION_FIELDS),
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

const OBJECTION_FIELDS: [&str; 7] = [
    "unit",
    "start",
    "roll",
    "window_days",
    "decision_days",
    "silence",
    "remedy_days",
];

#[derive(Deserialize)]
struct Head {
    format: String,
}

impl RulePack {
    /// Reads a pack from TOML text.
    ///
    /// # Errors
    /// [`PackError`] with the field and the permitted range.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        require(text.len() <= MAX_FILE_BYTES, "file", "at most 65536 bytes")?;
        let head: Head = toml::from_str(text).map_err(|e| PackError::Syntax(e.to_string()))?;
        check_format(head)?;
        let pack: Self = toml::from_str(text).map_err(|e| PackError::Syntax(e.to_string()))?;
        pack.check()?;
        require(
            pack.to_json().len() <= MAX_FILE_BYTES,
            "file",
            "at most 65536 bytes in its JSON form",
        )?;
        Ok(pack)
    }

    /// Reads a pack in the form that ledgers cite: canonical JSON. Spec: specs/rules.md §3.4.
    ///
    /// # Errors
    /// [`PackError`]; any other spelling of the same pack is refused.
    pub fn from_json(bytes: &[u8]) -> Result<Self, PackError> {
        require(bytes.len() <= MAX_FILE_BYTES, "file", "at most 65536 bytes")?;
        let syntax = |e: serde_json::Error| PackError::Syntax(e.to_string());
        check_format(serde_json::from_slice(bytes).map_err(syntax)?)?;
        let pack: Self = serde_json::from_slice(bytes).map_err(syntax)?;
        pack.check()?;
        if pack.to_json() == bytes {
            Ok(pack)
        } else {
            Err(PackError::NotCanonical)
        }
    }

    /// The form that ledgers cite: canonical JSON. Spec: specs/rules.md §3.4.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Structs of strings, integers and lists: always writable.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether the pack may be used on that day.
    #[must_use]
    pub fn covers(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|until| day <= until)
    }

    /// The pack's calendar, without holidays yet.
    ///
    /// # Errors
    /// None for a pack that was read; else [`CalendarError`].
    pub fn calendar(&self) -> Result<Calendar, CalendarError> {
        Calendar::new(&self.calendar.time_zone, &self.calendar.weekly_rest)
    }

    /// Whether there is a paper channel.
    #[must_use]
    pub fn has_paper(&self) -> bool {
        self.channels.voting.contains(&VotingChannel::Paper)
    }

    /// Whether the law has opened a digital channel.
    #[must_use]
    pub fn has_digital(&self) -> bool {
        let digital = [VotingChannel::Remote, VotingChannel::Station];
        digital
            .iter()
            .any(|channel| self.channels.voting.contains(channel))
    }

    fn check(&self) -> Result<(), PackError> {
        require(is_id(&self.id), "id", "1 to 32 characters of a-z, 0-9 and -")?;
        require(self.version >= 1, "version", "from 1")?;
        self.title.check().map_err(|p| wrong("title", p))?;
        check_line(&self.legal_basis).map_err(|p| wrong("legal_basis", p))?;
        let in_order = self.valid_until.is_none_or(|until| self.valid_from <= until);
        require(in_order, "valid_until", "must not be before valid_from")?;
        self.calendar().map_err(|e| match e {
            CalendarError::UnknownZone(_) => wrong("calendar.time_zone", "a name of the IANA database"),
            _ => wrong("calendar.weekly_rest", REST),
        })?;
        let week = self
            .calendar
            .weekly_rest
            .iter()
            .map(|d| d.to_monday_zero_offset());
        require(week.is_sorted(), "calendar.weekly_rest", REST)?;
        self.check_eligibility()?;
        require(
            !self.channels.voting.is_empty() && is_set(&self.channels.voting),
            "channels.voting",
            "paper, remote, station: some of them, each once, in this order",
        )?;
        require(
            is_set(&self.channels.registration),
            "channels.registration",
            "digital, in_person, sms: none or some of them, each once, in this order",
        )?;
        for (field, objections) in [
            ("roll_objections", &self.roll_objections),
            ("candidate_objections", &self.candidate_objections),
        ] {
            if let Some(objections) = objections {
                check_objections(field, objections)?;
            }
        }
        self.check_numbers()?;
        self.check_unconfirmed()
    }

    fn check_eligibility(&self) -> Result<(), PackError> {
        require((1..=150).contains(&self.age.minimum), "age.minimum", "1 to 150")?;
        let kinds = &self.nationality.kinds;
        require(
            !kinds.is_empty() && is_set(kinds),
            "nationality.kinds",
            "naturalised, original: one or both, in this order",
        )?;
        let years = self.nationality.naturalised_years;
        require(
            years.is_some() == kinds.contains(&CitizenKind::Naturalised),
            "nationality.naturalised_years",
            "there exactly if naturalised citizens are among the kinds; 0 if there is no period",
        )?;
        require(
            years.is_none_or(|n| n <= 150),
            "nationality.naturalised_years",
            "0 to 150",
        )?;
        require(self.exclusions.len() <= 64, "exclusions", "at most 64")?;
        let codes: Vec<&str> = self.exclusions.iter().map(|e| e.code.as_str()).collect();
        require(
            is_set(&codes) && codes.iter().all(|c| is_id(c)),
            "exclusions",
            "codes have 1 to 32 characters of a-z, 0-9 and -, each stands once, in ascending order",
        )?;
        for exclusion in &self.exclusions {
            exclusion.title.check().map_err(|p| wrong("exclusions", p))?;
            if let Some(article) = &exclusion.article {
                check_line(article).map_err(|p| wrong("exclusions", p))?;
            }
        }
        require(
            !self.identity.documents.is_empty() && is_set(&self.identity.documents),
            "identity.documents",
            "digital_id, id_card: one or both, in this order",
        )
    }

    fn check_numbers(&self) -> Result<(), PackError> {
        let days = self.candidates.withdrawal_days;
        require(
            days.is_none_or(|n| n <= 366),
            "candidates.withdrawal_days",
            "0 to 366",
        )?;
        let hours = self.campaign.silence_hours;
        require(
            hours.is_none_or(|n| n <= 366),
            "campaign.silence_hours",
            "0 to 366",
        )?;
        let voting = &self.voting;
        require(
            voting.grace_ms <= MAX_GRACE_MS,
            "voting.grace_ms",
            "at most 600000",
        )?;
        require(
            (1..=3_600_000).contains(&voting.max_lag_ms),
            "voting.max_lag_ms",
            "1 to 3600000",
        )?;
        require(
            (1_000..=604_800_000).contains(&voting.official_window_ms),
            "voting.official_window_ms",
            "1000 to 604800000",
        )?;
        require(
            voting.min_ballots_to_decrypt <= MAX_INTEGER,
            "voting.min_ballots_to_decrypt",
            "at most 9007199254740991",
        )?;
        require(voting.small_cell <= 1_000, "voting.small_cell", "at most 1000")?;
        require(
            (1..=32).contains(&self.trustees.minimum),
            "trustees.minimum",
            "1 to 32",
        )?;
        require(
            (1..=16).contains(&self.certification.quorum),
            "certification.quorum",
            "1 to 16",
        )
    }

    fn check_unconfirmed(&self) -> Result<(), PackError> {
        require(self.unconfirmed.len() <= 64, "unconfirmed", "at most 64")?;
        let mut named = std::collections::BTreeSet::new();
        for item in &self.unconfirmed {
            let (table, field) = item
                .field
                .split_once('.')
                .map_or((item.field.as_str(), None), |(t, f)| (t, Some(f)));
            let known = FIELDS
                .iter()
                .any(|(name, fields)| *name == table && field.is_none_or(|f| fields.contains(&f)));
            require(
                known,
                "unconfirmed.field",
                "must name a field of the pack, such as age.reference",
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

const REST: &str = "0 to 6 different days of the week, in its order from monday";

fn check_format(head: Head) -> Result<(), PackError> {
    if head.format == RULES_FORMAT {
        Ok(())
    } else {
        Err(PackError::UnknownFormat(head.format))
    }
}

fn check_objections(table: &'static str, rules: &ElectionObjections) -> Result<(), PackError> {
    for days in [rules.window_days, rules.decision_days, rules.remedy_days] {
        require(
            days.is_none_or(|n| (1..=366).contains(&n)),
            table,
            "days are 1 to 366; leave out what is not known",
        )?;
    }
    require(
        rules.silence == Silence::None || rules.decision_days.is_some(),
        table,
        "a deemed refusal needs decision_days",
    )
}

/// Whether a list is strictly ascending.
fn is_set<T: Ord>(items: &[T]) -> bool {
    items.is_sorted_by(|a, b| a < b)
}

fn require(holds: bool, field: &'static str, problem: &'static str) -> Result<(), PackError> {
    if holds { Ok(()) } else { Err(wrong(field, problem)) }
}

const fn wrong(field: &'static str, problem: &'static str) -> PackError {
    PackError::Field { field, problem }
}

/// A day as files have it: `YYYY-MM-DD` in ASCII digits, in the years 1900 to 9989.
pub(crate) fn strict_day(text: &str) -> Option<Date> {
    let dashed = |(i, b): (usize, u8)| {
        if i == 4 || i == 7 {
            b == b'-'
        } else {
            b.is_ascii_digit()
        }
    };
    let shape = text.len() == 10 && text.bytes().enumerate().all(dashed);
    let day = text.parse::<Date>().ok().filter(|_| shape)?;
    (1900..=9989).contains(&day.year()).then_some(day)
}

/// Days in files and documents.
pub(crate) mod day {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(day: &Date, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(day)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        let text = String::deserialize(from)?;
        super::strict_day(&text)
            .ok_or_else(|| D::Error::custom("a day is YYYY-MM-DD, in the years 1900 to 9989"))
    }
}

/// Days that may be left out.
pub(crate) mod optional_day {
    use jiff::civil::Date;
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(day: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
        match day {
            Some(day) => super::day::serialize(day, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
        super::day::deserialize(from).map(Some)
    }
}

/// Days of the week by their English names in lower case.
mod rest_days {
    use jiff::civil::Weekday;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::foi_pack::RestDay;

    pub(super) fn serialize<S: Serializer>(days: &[Weekday], to: S) -> Result<S::Ok, S::Error> {
        let days: Vec<RestDay> = days.iter().copied().map(RestDay::from).collect();
        days.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Weekday>, D::Error> {
        let days = Vec::<RestDay>::deserialize(from)?;
        Ok(days.into_iter().map(Weekday::from).collect())
    }
}

/// Whether a text is an id: 1 to 32 bytes of `a-z 0-9 -`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = include_str!("../../../fixtures/rules/plain-1.toml");

    #[test]
    fn the_shipped_pack_is_valid() {
        let pack = RulePack::parse(PLAIN).unwrap();
        assert_eq!(pack.id, "plain-1");
        assert_eq!(pack.confidence, Confidence::Invented);
        assert!(pack.covers("2026-12-05".parse().unwrap()));
        assert!(!pack.covers("2025-12-31".parse().unwrap()));
        assert!(pack.has_paper() && pack.has_digital());
    }

    #[test]
    fn the_json_form_is_canonical_and_the_only_one() {
        let pack = RulePack::parse(PLAIN).unwrap();
        let json = pack.to_json();
        assert_eq!(RulePack::from_json(&json).unwrap(), pack);
        let text = String::from_utf8(json).unwrap();
        for (good, bad) in [
            ("{\"format\"", "{ \"format\""),
            (
                "\"id\":\"plain-1\",\"version\":1",
                "\"version\":1,\"id\":\"plain-1\"",
            ),
            ("\"version\":1", "\"version\":1,\"valid_until\":null"),
            (",\"unconfirmed\":[]", ""),
            ("\"version\":1", "\"version\":01"),
            ("\"version\":1", "\"version\":1.0"),
            ("plain-1", "plain\\u002d1"),
            ("\"minimum\":18", "\"minimum\":0"),
        ] {
            assert!(text.contains(good), "{good}");
            let other = text.replacen(good, bad, 1);
            assert!(RulePack::from_json(other.as_bytes()).is_err(), "{bad}");
        }
        assert!(RulePack::from_json(format!("{text}\n").as_bytes()).is_err());
    }

    #[test]
    fn every_wrong_field_is_named() {
        let cases = [
            ("id = \"plain-1\"", "id = \"Plain 1\"", "id"),
            ("version = 1", "version = 0", "version"),
            ("grace_ms = 2000", "grace_ms = 600001", "voting.grace_ms"),
            ("max_lag_ms = 30000", "max_lag_ms = 0", "voting.max_lag_ms"),
            (
                "official_window_ms = 3600000",
                "official_window_ms = 999",
                "voting.official_window_ms",
            ),
            ("small_cell = 5", "small_cell = 1001", "voting.small_cell"),
            ("minimum = 2", "minimum = 0", "trustees.minimum"),
            ("minimum = 18", "minimum = 0", "age.minimum"),
            ("quorum = 1", "quorum = 17", "certification.quorum"),
            ("\"Asia/Qatar\"", "\"Asia/Doha\"", "calendar.time_zone"),
            (
                "[\"friday\", \"saturday\"]",
                "[\"saturday\", \"friday\"]",
                "calendar.weekly_rest",
            ),
            (
                "[\"naturalised\", \"original\"]",
                "[\"original\", \"naturalised\"]",
                "nationality.kinds",
            ),
            (
                "[\"naturalised\", \"original\"]",
                "[\"original\"]",
                "nationality.naturalised_years",
            ),
            (
                "documents = [\"digital_id\", \"id_card\"]",
                "documents = []",
                "identity.documents",
            ),
            (
                "voting = [\"paper\", \"remote\", \"station\"]",
                "voting = []",
                "channels.voting",
            ),
            (
                "valid_from = \"2026-01-01\"",
                "valid_from = \"2026-01-01\"\nvalid_until = \"2025-12-31\"",
                "valid_until",
            ),
            (
                "[trustees]",
                "[roll_objections]\nunit = \"calendar\"\nstart = \"next_day\"\nroll = \"none\"\nsilence = \"deemed_refusal\"\n[trustees]",
                "roll_objections",
            ),
            (
                "[trustees]",
                "[[unconfirmed]]\nfield = \"age.colour\"\nnote = { en = \"n\", ar = \"\" }\n[trustees]",
                "unconfirmed.field",
            ),
            (
                "[trustees]",
                "[[exclusions]]\ncode = \"b\"\ntitle = { en = \"n\", ar = \"\" }\n[[exclusions]]\ncode = \"a\"\ntitle = { en = \"n\", ar = \"\" }\n[trustees]",
                "exclusions",
            ),
        ];
        for (good, bad, expected) in cases {
            assert!(PLAIN.contains(good), "{good}");
            match RulePack::parse(&PLAIN.replace(good, bad)) {
                Err(PackError::Field { field, .. }) => assert_eq!(field, expected),
                other => panic!("{bad}: {other:?}"),
            }
        }
        for bad in ["soon", "2026-1-01", "2026-02-30", "1899-12-31", "٢٠٢٦-٠١-٠١"] {
            let text = PLAIN.replace("valid_from = \"2026-01-01\"", &format!("valid_from = \"{bad}\""));
            assert!(
                matches!(RulePack::parse(&text), Err(PackError::Syntax(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn texts_are_bounded_and_free_of_control_and_direction_characters() {
        let title = "en = \"Plain rules for a rehearsal\"";
        let basis = "legal_basis = \"none: invented for rehearsals and tests\"";
        let long = format!("\"{}\"", "x".repeat(1_001));
        let texts = [
            "\"\"",
            "\" \"",
            "\"a\\nb\"",
            "\"a\\u202Eb\"",
            "\"a\\u2066b\"",
            "\"a\\u200Fb\"",
            "\"a\\u0085b\"",
            &long,
        ];
        for bad in texts {
            for (field, good, key) in [("title", title, "en"), ("legal_basis", basis, "legal_basis")] {
                assert!(PLAIN.contains(good));
                match RulePack::parse(&PLAIN.replace(good, &format!("{key} = {bad}"))) {
                    Err(PackError::Field { field: named, .. }) => assert_eq!(named, field),
                    other => panic!("{bad}: {other:?}"),
                }
            }
        }
        let longest = format!("legal_basis = \"{}\"", "x".repeat(1_000));
        RulePack::parse(&PLAIN.replace(basis, &longest)).unwrap();
    }

    #[test]
    fn unknown_fields_and_formats_are_refused() {
        let extra = PLAIN.replace("[trustees]", "[trustees]\nweight = 2");
        assert!(matches!(RulePack::parse(&extra), Err(PackError::Syntax(_))));
        let newer = PLAIN.replace("sijill-rules/2", "sijill-rules/3");
        assert_eq!(
            RulePack::parse(&newer),
            Err(PackError::UnknownFormat("sijill-rules/3".into()))
        );
    }
}
