//! Which definitions and settings are valid, and what may change while. Spec: specs/consultation.md §2.

use super::events::{ConsultationDefined, Question, Settings};
use super::text::{check_line, check_pair};

/// Late comments are refused.
pub const LATE_REFUSED: u8 = 1;
/// Late comments are taken and not counted.
pub const LATE_NOT_COUNTED: u8 = 2;
const LAST_DAY_NUMBER: u32 = 2_929_244;
const MAX_DAYS: u64 = 731;
const MAX_QUESTIONS: usize = 32;

/// Whether a list is strictly ascending.
pub(super) fn is_ascending<T: PartialOrd>(list: &[T]) -> bool {
    list.is_sorted_by(|a, b| a < b)
}

impl Settings {
    /// Checks the settings by themselves. Spec: specs/consultation.md §2.3.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        let (first, last, due) = (
            u64::from(self.first),
            u64::from(self.last),
            u64::from(self.report_due),
        );
        if last < first || last > first + MAX_DAYS {
            return Err("the window must end on the day on which it begins, or up to 731 days later".into());
        }
        if due <= last || due > last + MAX_DAYS {
            return Err("the report must be due 1 to 731 days after the window ends".into());
        }
        if self.report_due > LAST_DAY_NUMBER {
            return Err("a day lies beyond reckoning".into());
        }
        if !matches!(self.late, LATE_REFUSED | LATE_NOT_COUNTED) {
            return Err("late comments are refused (1) or taken and not counted (2)".into());
        }
        let known = self.categories.iter().all(|c| (1..=3).contains(c));
        if self.categories.is_empty() || !known || !is_ascending(&self.categories) {
            return Err("categories are some of 1 citizen, 2 resident, 3 visitor, ascending".into());
        }
        check_pair(&self.owner_en, &self.owner_ar).map_err(|e| format!("owner: {e}"))?;
        check_pair(&self.officer_en, &self.officer_ar).map_err(|e| format!("senior responsible officer: {e}"))
    }

    /// Whether somebody of this category may take part.
    #[must_use]
    pub fn admits(&self, category: u8, verified: bool) -> bool {
        self.categories.contains(&category) && (verified || !self.verified_only)
    }

    /// Whether these may follow `before` on the day `today`. Both are valid. Spec: specs/consultation.md §2.4.
    ///
    /// # Errors
    /// What must not change any more.
    pub(super) fn check_change(
        &self,
        before: &Self,
        today: u32,
        has_report: bool,
    ) -> Result<(), &'static str> {
        let same_audience =
            self.categories == before.categories && self.verified_only == before.verified_only;
        if today < before.first {
            if self.first < today {
                return Err("the window cannot begin in the past");
            }
        } else if today <= before.last {
            if self.first != before.first || !same_audience {
                return Err("the consultation is open: its first day and who may take part stay as they are");
            }
            if self.late != before.late && !(before.late == LATE_REFUSED && self.late == LATE_NOT_COUNTED) {
                return Err("the consultation is open: late comments that were to be taken stay so");
            }
            if self.last < before.last {
                return Err("the consultation is open: its window may be extended, not shortened");
            }
        } else if self.first != before.first
            || self.last != before.last
            || self.late != before.late
            || !same_audience
        {
            return Err("the window has ended: it, its late rule and who may take part stay as they are");
        }
        if self.report_due != before.report_due
            && (today > before.report_due || self.report_due < today || has_report)
        {
            return Err(
                "the day for the report changes only before it has passed, to a day that has not, and before there is a report",
            );
        }
        Ok(())
    }
}

impl ConsultationDefined {
    /// Checks the definition on the day `today`. Spec: specs/consultation.md §2.2.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn check(&self, today: u32) -> Result<(), String> {
        check_pair(&self.name_en, &self.name_ar).map_err(|e| format!("name: {e}"))?;
        let known = self.languages.iter().all(|l| (1..=2).contains(l));
        if self.languages.is_empty() || !known || !is_ascending(&self.languages) {
            return Err("languages are some of 1 Arabic, 2 English, ascending".into());
        }
        self.settings.check()?;
        if self.settings.first < today {
            return Err("the window cannot begin in the past".into());
        }
        if self.questions.len() > MAX_QUESTIONS {
            return Err(format!("at most {MAX_QUESTIONS} questions"));
        }
        for (i, question) in self.questions.iter().enumerate() {
            question.check().map_err(|e| format!("question {}: {e}", i + 1))?;
        }
        Ok(())
    }
}

impl Question {
    fn check(&self) -> Result<(), String> {
        check_pair(&self.text_en, &self.text_ar).map_err(|e| e.to_string())?;
        if !(2..=100).contains(&self.options.len()) {
            return Err("2 to 100 options".into());
        }
        for (i, option) in self.options.iter().enumerate() {
            check_pair(&option.en, &option.ar).map_err(|e| format!("option {}: {e}", i + 1))?;
        }
        if self.min < 1 || self.min > self.max || usize::from(self.max) > self.options.len() {
            return Err("1 ≤ min ≤ max ≤ number of options".into());
        }
        Ok(())
    }
}

/// Checks the reason of a change.
pub(super) fn check_reason(reason: &str) -> Result<(), String> {
    check_line(reason).map_err(|e| format!("reason: {e}"))
}
