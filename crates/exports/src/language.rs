//! The two languages of every page.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};
use sijill_registers::manifest::Text;
use sijill_rules::{arabic_both, english_both};

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, left to right.
    English,
    /// Arabic, right to left.
    Arabic,
}

impl Language {
    /// Both, in the order of a page.
    pub const BOTH: [Self; 2] = [Self::English, Self::Arabic];

    /// Its BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Arabic => "ar",
        }
    }

    /// Its direction, as HTML has it.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Self::English => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// The words of this language.
    pub(crate) const fn words<'a>(self, english: &'a str, arabic: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Arabic => arabic,
        }
    }

    /// A text of a manifest: the English one where there is no Arabic.
    pub(crate) fn text(self, text: &Text) -> &str {
        match self {
            Self::Arabic if !text.ar.is_empty() => &text.ar,
            _ => &text.en,
        }
    }

    /// A day in both calendars and the time, to the minute.
    pub(crate) fn moment(self, ms: u64, zone: &TimeZone) -> String {
        let timestamp = i64::try_from(ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let Some(timestamp) = timestamp else {
            return ms.to_string();
        };
        let local = timestamp.to_zoned_datetime(zone.clone());
        format!("{} · {}", self.day(local.date()), local.strftime("%H:%M"))
    }

    fn day(self, day: Date) -> String {
        match self {
            Self::English => english_both(day),
            Self::Arabic => arabic_both(day),
        }
    }
}

/// A number with a separator between groups of three digits.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Basis points as a percentage: `8925` is `89.25%`. Without a space, so that the sign stays behind the number in Arabic too.
pub(crate) fn percent(basis_points: u64) -> String {
    format!("{}.{:02}%", basis_points / 100, basis_points % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shares() {
        assert_eq!(
            [number(0), number(999), number(1_000), number(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [percent(0), percent(905), percent(10_000)],
            ["0.00%", "9.05%", "100.00%"]
        );
    }

    #[test]
    fn a_moment_has_both_calendars() {
        let doha = TimeZone::get("Asia/Qatar").unwrap();
        let polls_open = 1_730_782_800_000;
        let english = Language::English.moment(polls_open, &doha);
        assert!(
            english.contains("2024") && english.contains("1446") && english.ends_with("08:00"),
            "{english}"
        );
        let arabic = Language::Arabic.moment(polls_open, &doha);
        assert!(
            arabic.ends_with("08:00") && arabic.contains("جمادى الأولى"),
            "{arabic}"
        );
    }
}
