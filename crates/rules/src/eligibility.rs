//! Who may vote: the evidence about a person, put to a rule pack at a moment.
//!
//! *Nomenclature.* The **reference day** is the day on which the age is reckoned: polling day, or one that the pack
//! fixes. A **condition** holds or fails; a person is **eligible** if none fails. The **evidence** is what was seen of a
//! person: it is personal data and stays with the registrar.
//!
//! [`check`] is pure; [`Finding::failed`] is what a roll commits to, [`Finding::lines`] is for the person and the officer.
//!
//! Spec: specs/roll.md §3.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::dates::{arabic_both, english_both};
use crate::pack::{AgeReference, CitizenKind, Document, LeapDay, RulePack, day, optional_day};
use crate::text::Bilingual;

/// Why a person is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// To be put on the roll.
    #[serde(rename = "registration")]
    Registration,
    /// To vote at a station.
    #[serde(rename = "station")]
    Station,
    /// To log in to vote.
    #[serde(rename = "log-in")]
    LogIn,
    /// To cast a ballot.
    #[serde(rename = "cast")]
    Cast,
}

impl Purpose {
    /// The number on the wire. Spec: specs/roll.md §4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Registration => 1,
            Self::Station => 2,
            Self::LogIn => 3,
            Self::Cast => 4,
        }
    }

    /// The purpose of a number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Registration),
            2 => Some(Self::Station),
            3 => Some(Self::LogIn),
            4 => Some(Self::Cast),
            _ => None,
        }
    }
}

/// A person's nationality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nationality {
    /// A citizen by naturalisation.
    Naturalised,
    /// A citizen from birth.
    Original,
    /// No citizen.
    Other,
}

/// What was seen of a person. Spec: specs/roll.md §2.
// The order of the fields is that of the document that a roll commits to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Day of birth.
    #[serde(with = "day")]
    pub born: Date,
    /// Nationality.
    pub nationality: Nationality,
    /// Day of naturalisation; there exactly if naturalised.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_day")]
    pub since: Option<Date>,
    /// The document that was shown.
    pub document: Document,
    /// Its last day.
    #[serde(with = "day")]
    pub expires: Date,
    /// Grounds of exclusion that apply, ascending by code.
    pub exclusions: Vec<String>,
}

impl core::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Evidence").finish_non_exhaustive()
    }
}

/// Why a check cannot be made. The fault is that of whoever recorded the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// A birth or naturalisation in the future.
    #[error("the day of birth or of naturalisation is in the future; correct the record")]
    Future,
    /// A day of naturalisation of somebody who is not naturalised, or none of somebody who is.
    #[error(
        "the day of naturalisation belongs to naturalised citizens, and to them alone; correct the record"
    )]
    Naturalisation,
    /// Exclusions that are not sorted.
    #[error("grounds of exclusion must stand once each, in ascending order; correct the record")]
    Exclusions,
    /// A moment beyond the year 9989.
    #[error("the moment lies beyond the year 9989")]
    BeyondTime,
}

impl EvidenceError {
    /// The same in Arabic.
    #[must_use]
    pub const fn arabic(self) -> &'static str {
        match self {
            Self::Future => "تاريخ الميلاد أو التجنس في المستقبل؛ صحّح السجل",
            Self::Naturalisation => "تاريخ التجنس خاص بالمتجنسين وحدهم ولا بد منه لهم؛ صحّح السجل",
            Self::Exclusions => "يجب أن يرد كل مانع مرة واحدة وبترتيب تصاعدي؛ صحّح السجل",
            Self::BeyondTime => "التاريخ بعد سنة 9989",
        }
    }
}

/// A condition that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Too young on the reference day.
    Age,
    /// The document does not serve, or has expired.
    Document,
    /// A ground of exclusion of the pack, by code.
    Exclusion(String),
    /// Not a citizen of a kind that may vote.
    Nationality,
    /// Naturalised too late.
    Naturalisation,
    /// Not on the roll.
    Roll,
}

impl core::fmt::Display for Condition {
    /// The name in the document that a roll commits to. Spec: specs/roll.md §3.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Age => f.write_str("age"),
            Self::Document => f.write_str("document"),
            Self::Exclusion(code) => write!(f, "exclusion-{code}"),
            Self::Nationality => f.write_str("nationality"),
            Self::Naturalisation => f.write_str("naturalisation"),
            Self::Roll => f.write_str("roll"),
        }
    }
}

/// One condition, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionLine {
    /// Whether it holds.
    pub holds: bool,
    /// Why, with the rule, for people.
    pub text: Bilingual,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Conditions that do not hold, in the order of the specification.
    pub failed: Vec<Condition>,
    /// Every condition, explained. These lines have personal data.
    pub lines: Vec<ConditionLine>,
}

impl Finding {
    /// Whether the person may vote, or be registered.
    #[must_use]
    pub fn is_eligible(&self) -> bool {
        self.failed.is_empty()
    }
}

/// The day on which a person born or naturalised on `from` has completed `years`; `None` beyond the year 9999.
///
/// 29 February in a common year: by the rule. Spec: specs/roll.md §3.
#[must_use]
pub fn years_after(from: Date, years: u16, leap_day: LeapDay) -> Option<Date> {
    let year = from.year().checked_add(i16::try_from(years).ok()?)?;
    Date::new(year, from.month(), from.day())
        .or_else(|_| match leap_day {
            LeapDay::February28 => Date::new(year, 2, 28),
            LeapDay::March1 => Date::new(year, 3, 1),
        })
        .ok()
}

/// Puts the evidence to the pack. `on_roll` says whether the person is registered (for registration it does not matter).
///
/// # Errors
/// [`EvidenceError`] if the evidence contradicts itself or the moment.
pub fn check(
    pack: &RulePack,
    calendar: &Calendar,
    polling_day: Date,
    evidence: &Evidence,
    purpose: Purpose,
    on_roll: bool,
    at_ms: u64,
) -> Result<Finding, EvidenceError> {
    let today = calendar.day_of(at_ms).ok_or(EvidenceError::BeyondTime)?;
    if evidence.born > today || evidence.since.is_some_and(|since| since > today) {
        return Err(EvidenceError::Future);
    }
    if evidence.since.is_some() != (evidence.nationality == Nationality::Naturalised) {
        return Err(EvidenceError::Naturalisation);
    }
    if !evidence.exclusions.is_sorted_by(|a, b| a < b) {
        return Err(EvidenceError::Exclusions);
    }
    let reference = match pack.age.reference {
        AgeReference::Fixed(day) => day,
        AgeReference::PollingDay => polling_day,
    };
    let mut finding = Finding {
        failed: Vec::new(),
        lines: Vec::new(),
    };
    finding.age(pack, evidence, reference);
    finding.nationality(pack, evidence, reference);
    finding.exclusions(pack, evidence);
    finding.document(pack, evidence, today);
    if purpose != Purpose::Registration {
        finding.roll(pack, on_roll);
    }
    Ok(finding)
}

/// A field of a pack, as explanations cite it.
fn rule(pack: &RulePack, field: &str) -> Bilingual {
    Bilingual::new(
        format!("rule {field} of pack {} version {}", pack.id, pack.version),
        format!("القاعدة {field} من الحزمة {} الإصدار {}", pack.id, pack.version),
    )
}

impl Finding {
    fn add(&mut self, condition: Condition, holds: bool, text: Bilingual) {
        if !holds {
            self.failed.push(condition);
        }
        self.lines.push(ConditionLine { holds, text });
    }

    fn age(&mut self, pack: &RulePack, evidence: &Evidence, reference: Date) {
        let (years, zone) = (pack.age.minimum, &pack.calendar.time_zone);
        let completed = years_after(evidence.born, years, pack.age.leap_day);
        let holds = completed.is_some_and(|day| day <= reference);
        let cited = rule(pack, "age");
        let (what_en, what_ar) = match pack.age.reference {
            AgeReference::Fixed(_) => ("the reference day of the rules", "اليوم المرجعي في القواعد"),
            AgeReference::PollingDay => ("polling day", "يوم الاقتراع"),
        };
        let (mut en, mut ar) = match completed {
            Some(day) => (
                format!(
                    "Age: {years} years are completed at 00:00 ({zone}) on {}; {what_en} is {}",
                    english_both(day),
                    english_both(reference)
                ),
                format!(
                    "السن: يكتمل {years} عاماً عند الساعة 00:00 ({zone}) يوم {}؛ {what_ar} هو {}",
                    arabic_both(day),
                    arabic_both(reference)
                ),
            ),
            None => ("Age: not reckoned".to_owned(), "السن: لا يمكن حسابها".to_owned()),
        };
        if let Some(day) = completed.filter(|day| day.day() != evidence.born.day()) {
            en += &format!(
                ". A person born on 29 February completes the year on {} {} in a year without that day",
                day.day(),
                if day.month() == 2 { "February" } else { "March" }
            );
            ar += &format!(
                ". المولود في 29 فبراير يكمل السنة في {} {} إذا خلت السنة من ذلك اليوم",
                day.day(),
                if day.month() == 2 {
                    "فبراير"
                } else {
                    "مارس"
                }
            );
        }
        let text = Bilingual::new(format!("{en} ({}).", cited.en), format!("{ar} ({}).", cited.ar));
        self.add(Condition::Age, holds, text);
    }

    fn nationality(&mut self, pack: &RulePack, evidence: &Evidence, reference: Date) {
        let kind = match evidence.nationality {
            Nationality::Naturalised => Some(CitizenKind::Naturalised),
            Nationality::Original => Some(CitizenKind::Original),
            Nationality::Other => None,
        };
        let may = kind.is_some_and(|kind| pack.nationality.kinds.contains(&kind));
        let cited = rule(pack, "nationality.kinds");
        let (who_en, who_ar) = match evidence.nationality {
            Nationality::Naturalised => ("a naturalised citizen", "مواطن بالتجنس"),
            Nationality::Original => ("a citizen from birth", "مواطن أصلي"),
            Nationality::Other => ("not a citizen", "ليس مواطناً"),
        };
        let (verdict_en, verdict_ar) = if may {
            ("may vote", "يجوز له التصويت")
        } else {
            ("may not vote", "لا يجوز له التصويت")
        };
        let text = Bilingual::new(
            format!("Nationality: {who_en}, who {verdict_en} ({}).", cited.en),
            format!("الجنسية: {who_ar}، {verdict_ar} ({}).", cited.ar),
        );
        self.add(Condition::Nationality, may, text);
        let (Some(since), Some(years), true) = (evidence.since, pack.nationality.naturalised_years, may)
        else {
            return;
        };
        let completed = years_after(since, years, pack.age.leap_day);
        let holds = completed.is_some_and(|day| day <= reference);
        let cited = rule(pack, "nationality.naturalised_years");
        let day_en = completed.map_or_else(|| "never".to_owned(), english_both);
        let day_ar = completed.map_or_else(|| "أبداً".to_owned(), arabic_both);
        let text = Bilingual::new(
            format!(
                "Naturalisation: {years} years are required; they are completed on {day_en}, and count on {} ({}).",
                english_both(reference),
                cited.en
            ),
            format!(
                "التجنس: يشترط مضي {years} سنة؛ تكتمل يوم {day_ar}، والعبرة بيوم {} ({}).",
                arabic_both(reference),
                cited.ar
            ),
        );
        self.add(Condition::Naturalisation, holds, text);
    }

    fn exclusions(&mut self, pack: &RulePack, evidence: &Evidence) {
        for exclusion in &pack.exclusions {
            let holds = !evidence.exclusions.contains(&exclusion.code);
            let mut cited = rule(pack, &format!("exclusions, {}", exclusion.code));
            if let Some(article) = &exclusion.article {
                cited.en += &format!(", {article}");
                cited.ar += &format!("، {article}");
            }
            let (en, ar) = if holds {
                ("does not apply", "لا ينطبق")
            } else {
                ("applies", "ينطبق")
            };
            let text = Bilingual::new(
                format!("Exclusion \"{}\": {en} ({}).", exclusion.title.en, cited.en),
                format!("المانع «{}»: {ar} ({}).", exclusion.title.ar, cited.ar),
            );
            self.add(Condition::Exclusion(exclusion.code.clone()), holds, text);
        }
    }

    fn document(&mut self, pack: &RulePack, evidence: &Evidence, today: Date) {
        let serves = pack.identity.documents.contains(&evidence.document);
        let valid = today <= evidence.expires;
        let (name_en, name_ar) = match evidence.document {
            Document::DigitalId => ("Digital identity", "الهوية الرقمية"),
            Document::IdCard => ("Identity card", "البطاقة الشخصية"),
        };
        let cited = rule(pack, "identity.documents");
        let (until_en, until_ar) = (english_both(evidence.expires), arabic_both(evidence.expires));
        let (en, ar) = match (serves, valid) {
            (false, _) => (
                "does not serve under these rules; show an identity card".to_owned(),
                "لا تكفي وفق هذه القواعد؛ أبرز البطاقة الشخصية".to_owned(),
            ),
            (true, true) => (
                format!("valid through the end of {until_en}"),
                format!("سارية حتى نهاية يوم {until_ar}"),
            ),
            (true, false) => (
                format!(
                    "expired at the end of {until_en}. Renew it, or show another document that serves, and come again; nothing else is held against you"
                ),
                format!(
                    "انتهت بنهاية يوم {until_ar}. جددها أو أبرز وثيقة أخرى مقبولة ثم عد؛ ولا يترتب على ذلك أي شيء آخر"
                ),
            ),
        };
        let text = Bilingual::new(
            format!("{name_en}: {en} ({}).", cited.en),
            format!("{name_ar}: {ar} ({}).", cited.ar),
        );
        self.add(Condition::Document, serves && valid, text);
    }

    fn roll(&mut self, pack: &RulePack, on_roll: bool) {
        let text = if on_roll {
            Bilingual::new(
                "Roll: registered in one district.",
                "الجدول: مقيد في دائرة واحدة.",
            )
        } else if pack.roll_objections.is_some() {
            Bilingual::new(
                "Roll: not on the roll of any district. Whoever should be there may object while the window for objections is open.",
                "الجدول: غير مقيد في أي دائرة. لمن يستحق القيد أن يعترض ما دام باب الاعتراض مفتوحاً.",
            )
        } else {
            Bilingual::new(
                "Roll: not on the roll of any district. These rules know no objection to the roll; ask the registrar.",
                "الجدول: غير مقيد في أي دائرة. لا تعرف هذه القواعد اعتراضاً على الجدول؛ راجع أمين السجل.",
            )
        };
        self.add(Condition::Roll, on_roll, text);
    }
}
