//! Text of files and facts: bounded, without control and direction characters.

use serde::{Deserialize, Serialize};

/// Most bytes of a text. Spec: specs/election.md §2.1.
pub(crate) const MAX_TEXT_BYTES: usize = 1_000;

/// Most bytes of a longer text. Spec: specs/jurisdiction.md §3.
pub const MAX_PROSE_BYTES: usize = 65_536;

/// A text in English and Arabic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// English.
    pub en: String,
    /// Arabic; may be empty.
    pub ar: String,
}

impl Bilingual {
    /// From an English and an Arabic text.
    #[must_use]
    pub fn new(en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self {
            en: en.into(),
            ar: ar.into(),
        }
    }

    /// Checks both texts: the English is a line, the Arabic is empty or a line. Spec: specs/election.md §2.1.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), &'static str> {
        check_line(&self.en)?;
        if self.ar.is_empty() {
            Ok(())
        } else {
            check_line(&self.ar)
        }
    }
}

/// Checks that a text is a line: 1 to 1000 bytes, not white space alone, no control or direction characters.
///
/// # Errors
/// What is wrong.
pub fn check_line(text: &str) -> Result<(), &'static str> {
    if text.len() > MAX_TEXT_BYTES {
        return Err("at most 1000 bytes");
    }
    if text.trim().is_empty() {
        return Err("must not be empty");
    }
    if text.chars().any(|c| c.is_control() || steers_direction(c)) {
        return Err("must not contain control characters or characters that steer the direction of text");
    }
    Ok(())
}

/// Checks a longer text: 1 to 65536 bytes, not white space alone, no control characters but line feeds, no direction
/// characters. Spec: specs/jurisdiction.md §3.
///
/// # Errors
/// What is wrong.
pub fn check_prose(text: &str) -> Result<(), &'static str> {
    if text.len() > MAX_PROSE_BYTES {
        return Err("at most 65536 bytes");
    }
    if text.trim().is_empty() {
        return Err("must not be empty");
    }
    let wrong = |c: char| (c.is_control() && c != '\n') || steers_direction(c);
    if text.chars().any(wrong) {
        return Err(
            "must not contain control characters other than line feeds, or characters that steer the direction of text",
        );
    }
    Ok(())
}

fn steers_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}
