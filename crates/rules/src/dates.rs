//! Dates for people: Gregorian and Hijri, English and Arabic, and digits as people type them.
//!
//! Hijri dates follow Umm al-Qura. They are for display and for estimates; no due date is reckoned with them.
//! Spec: specs/rules.md §1.

use icu_calendar::cal::Hijri;
use icu_calendar::cal::hijri::UmmAlQura;
use icu_calendar::types::{Month, RataDie};
use jiff::civil::{Date, Weekday};

use crate::calendar::day_number;

/// Day number of 1970-01-01 in the count whose day 1 is 0001-01-01.
const UNIX_EPOCH_RATA_DIE: i64 = 719_163;

const GREGORIAN_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const GREGORIAN_AR: [&str; 12] = [
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "مايو",
    "يونيو",
    "يوليو",
    "أغسطس",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
];
const HIJRI_EN: [&str; 12] = [
    "Muharram",
    "Safar",
    "Rabi I",
    "Rabi II",
    "Jumada I",
    "Jumada II",
    "Rajab",
    "Sha'ban",
    "Ramadan",
    "Shawwal",
    "Dhu al-Qa'da",
    "Dhu al-Hijja",
];
const HIJRI_AR: [&str; 12] = [
    "محرم",
    "صفر",
    "ربيع الأول",
    "ربيع الآخر",
    "جمادى الأولى",
    "جمادى الآخرة",
    "رجب",
    "شعبان",
    "رمضان",
    "شوال",
    "ذو القعدة",
    "ذو الحجة",
];

/// A day of the Umm al-Qura calendar, 1300 to 1600.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HijriDate {
    year: i32,
    month: u8,
    day: u8,
}

impl HijriDate {
    /// A day that exists; `None` for one that does not, or outside the years 1300 to 1600.
    #[must_use]
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        (1300..=1600).contains(&year).then_some(())?;
        (1..=12).contains(&month).then_some(())?;
        let calendar = Hijri::<UmmAlQura>::new_umm_al_qura();
        icu_calendar::Date::try_new(year.into(), Month::new(month), day, calendar).ok()?;
        Some(Self { year, month, day })
    }

    /// The Hijri day of a Gregorian one; `None` outside the years 1300 to 1600.
    #[must_use]
    pub fn from_gregorian(day: Date) -> Option<Self> {
        let rata_die = RataDie::new(UNIX_EPOCH_RATA_DIE + i64::from(day_number(day)));
        let date = icu_calendar::Date::from_rata_die(rata_die, Hijri::<UmmAlQura>::new_umm_al_qura());
        Self::new(
            date.year().extended_year(),
            date.month().ordinal,
            date.day_of_month().0,
        )
    }

    /// The Gregorian day.
    #[must_use]
    pub fn to_gregorian(self) -> Option<Date> {
        let calendar = Hijri::<UmmAlQura>::new_umm_al_qura();
        let date =
            icu_calendar::Date::try_new(self.year.into(), Month::new(self.month), self.day, calendar).ok()?;
        let days = date.to_rata_die().to_i64_date() - UNIX_EPOCH_RATA_DIE;
        let span = jiff::Span::new().try_days(days).ok()?;
        Date::constant(1970, 1, 1).checked_add(span).ok()
    }

    /// Year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// Month, 1 (Muharram) to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Day of the month, 1 to 30.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// As `9 Dhu al-Hijja 1446`.
    #[must_use]
    pub fn english(self) -> String {
        format!("{} {} {}", self.day, name(&HIJRI_EN, self.month), self.year)
    }

    /// As `9 ذو الحجة 1446`.
    #[must_use]
    pub fn arabic(self) -> String {
        format!("{} {} {}", self.day, name(&HIJRI_AR, self.month), self.year)
    }
}

/// As `Sunday 21 December 2025`.
#[must_use]
pub fn english_date(day: Date) -> String {
    let weekday = match day.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    };
    format!(
        "{weekday} {} {} {}",
        day.day(),
        name(&GREGORIAN_EN, day.month().unsigned_abs()),
        day.year()
    )
}

/// As `الأحد 21 ديسمبر 2025`.
#[must_use]
pub fn arabic_date(day: Date) -> String {
    let weekday = match day.weekday() {
        Weekday::Monday => "الاثنين",
        Weekday::Tuesday => "الثلاثاء",
        Weekday::Wednesday => "الأربعاء",
        Weekday::Thursday => "الخميس",
        Weekday::Friday => "الجمعة",
        Weekday::Saturday => "السبت",
        Weekday::Sunday => "الأحد",
    };
    format!(
        "{weekday} {} {} {}",
        day.day(),
        name(&GREGORIAN_AR, day.month().unsigned_abs()),
        day.year()
    )
}

/// Both calendars in English: `Sunday 21 December 2025 (1 Rajab 1447)`.
#[must_use]
pub fn english_both(day: Date) -> String {
    match HijriDate::from_gregorian(day) {
        Some(hijri) => format!("{} ({})", english_date(day), hijri.english()),
        None => english_date(day),
    }
}

/// Both calendars in Arabic: `الأحد 21 ديسمبر 2025 (1 رجب 1447 هـ)`.
#[must_use]
pub fn arabic_both(day: Date) -> String {
    match HijriDate::from_gregorian(day) {
        Some(hijri) => format!("{} ({} هـ)", arabic_date(day), hijri.arabic()),
        None => arabic_date(day),
    }
}

/// The text with Arabic-Indic (٠ to ٩) and extended Arabic-Indic (۰ to ۹) digits as 0 to 9; nothing else changes.
#[must_use]
pub fn western_digits(text: &str) -> String {
    text.chars()
        .map(|c| {
            let value = match c {
                '\u{0660}'..='\u{0669}' => u32::from(c) - 0x0660,
                '\u{06F0}'..='\u{06F9}' => u32::from(c) - 0x06F0,
                _ => return c,
            };
            char::from_digit(value, 10).unwrap_or(c)
        })
        .collect()
}

/// A number as people type it: 1 to 18 digits of either script, white space around them allowed, no sign.
#[must_use]
pub fn parse_number(text: &str) -> Option<u64> {
    let text = western_digits(text.trim());
    let digits = (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// A Gregorian day as people type it: `YYYY-MM-DD`, `YYYY/MM/DD` or `DD/MM/YYYY`, digits of either script.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    let text = western_digits(text.trim());
    let separator = if text.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = text.split(separator).collect();
    let [a, b, c] = parts.as_slice() else { return None };
    let (year, month, day) = match (a.len(), c.len(), separator) {
        (4, 1..=2, _) => (a, b, c),
        (1..=2, 4, '/') => (c, b, a),
        _ => return None,
    };
    if b.len() > 2 {
        return None;
    }
    let number = |part: &str| parse_number(part).filter(|_| part.bytes().all(|d| d.is_ascii_digit()));
    Date::new(
        i16::try_from(number(year)?).ok()?,
        i8::try_from(number(month)?).ok()?,
        i8::try_from(number(day)?).ok()?,
    )
    .ok()
}

fn name(names: &[&'static str; 12], month: u8) -> &'static str {
    names
        .get(usize::from(month).wrapping_sub(1))
        .copied()
        .unwrap_or("")
}
