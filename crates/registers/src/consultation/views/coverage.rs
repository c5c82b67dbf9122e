//! What the owner has answered, and what not. Spec: specs/consultation.md §8, §10.

use super::Reading;

/// A theme and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeReading {
    /// Its id.
    pub theme: String,
    /// Name in English.
    pub name_en: String,
    /// Name in Arabic; may be empty.
    pub name_ar: String,
    /// Comments in it that count.
    pub counted: u64,
    /// 1 accepted, 2 partly accepted, 3 rejected; `None` if no report has it yet.
    pub outcome: Option<u8>,
}

/// Coverage of the contributions by answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Comments that count.
    pub counted: u64,
    /// Those of them that an official answer names.
    pub answered: u64,
    /// Those of them that are in a theme of the latest report.
    pub followed_up: u64,
    /// Roots that count and are in no theme: a report is refused while there are any.
    pub uncovered: Vec<u64>,
    /// The themes, ascending.
    pub themes: Vec<ThemeReading>,
}

impl Reading<'_> {
    /// Coverage of the contributions by answers.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let outcomes = self.state.report().map_or(&[][..], |r| &r.outcomes);
        let outcome_of = |theme: &str| {
            let at = outcomes.binary_search_by(|o| o.theme.as_str().cmp(theme));
            at.ok().map(|i| outcomes[i].outcome)
        };
        let mut coverage = Coverage {
            counted: 0,
            answered: 0,
            followed_up: 0,
            uncovered: Vec::new(),
            themes: Vec::new(),
        };
        for (position, comment) in self.state.comments().filter(|(_, c)| self.is_counted(c)) {
            coverage.counted += 1;
            coverage.answered += u64::from(!comment.answers.is_empty());
            let followed_up = comment.themes.iter().any(|t| outcome_of(t).is_some());
            coverage.followed_up += u64::from(followed_up);
            if comment.reply_to.is_none() && comment.themes.is_empty() {
                coverage.uncovered.push(position);
            }
        }
        for (id, theme) in self.state.themes() {
            let counted = theme.comments.iter().filter_map(|p| self.state.comment(*p));
            coverage.themes.push(ThemeReading {
                theme: id.to_owned(),
                name_en: theme.name_en.clone(),
                name_ar: theme.name_ar.clone(),
                counted: counted.filter(|c| self.is_counted(c)).count() as u64,
                outcome: outcome_of(id),
            });
        }
        coverage
    }
}
