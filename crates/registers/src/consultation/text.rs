//! What people and officials may type. Spec: specs/consultation.md §1.2, specs/jurisdiction.md §3.

/// Most bytes of a text.
pub const MAX_TEXT_BYTES: usize = 65_536;
const MAX_LINE_BYTES: usize = 1_000;

/// Why something typed is not taken. The fault is the typist's; the text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Not UTF-8.
    #[error("it is not UTF-8 text; send it as UTF-8")]
    NotUtf8,
    /// Nothing there.
    #[error("it is empty; write something")]
    Empty,
    /// Too many bytes.
    #[error("it has {found} bytes, but at most {limit} are taken; shorten it")]
    TooLong {
        /// Bytes that it has.
        found: usize,
        /// Most bytes.
        limit: usize,
    },
    /// A character that is not seen and could deceive.
    #[error("it has the invisible character U+{code_point:04X} at byte {at}; remove it")]
    Character {
        /// The character.
        code_point: u32,
        /// Where, from 0.
        at: usize,
    },
}

/// Checks a text: 1 to 65536 bytes of UTF-8, not white space alone, without control characters other than line feed and without characters
/// that steer the direction of text. Spec: specs/jurisdiction.md §3.
///
/// # Errors
/// [`TextError`].
pub fn check_text(bytes: &[u8]) -> Result<&str, TextError> {
    let text = check_bounds(bytes, MAX_TEXT_BYTES)?;
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    check_characters(text, |c| c == '\n')?;
    Ok(text)
}

/// Checks a line: 1 to 1000 bytes, not white space alone, without control characters and characters that steer the
/// direction of text. Spec: specs/consultation.md §1.2.
///
/// # Errors
/// [`TextError`].
pub fn check_line(line: &str) -> Result<(), TextError> {
    check_bounds(line.as_bytes(), MAX_LINE_BYTES)?;
    if line.trim().is_empty() {
        return Err(TextError::Empty);
    }
    check_characters(line, |_| false)
}

/// Checks a pair of English, a line, and Arabic, empty or a line. Spec: specs/consultation.md §1.2.
///
/// # Errors
/// [`TextError`].
pub fn check_pair(en: &str, ar: &str) -> Result<(), TextError> {
    check_line(en)?;
    if ar.is_empty() { Ok(()) } else { check_line(ar) }
}

/// Whether a text is an id: 1 to 32 bytes of `a-z 0-9 -`. Spec: specs/consultation.md §1.2.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.parse::<crate::names::Name>().is_ok()
}

fn check_bounds(bytes: &[u8], limit: usize) -> Result<&str, TextError> {
    if bytes.is_empty() {
        return Err(TextError::Empty);
    }
    if bytes.len() > limit {
        let found = bytes.len();
        return Err(TextError::TooLong { found, limit });
    }
    core::str::from_utf8(bytes).map_err(|_| TextError::NotUtf8)
}

fn check_characters(text: &str, allowed: impl Fn(char) -> bool) -> Result<(), TextError> {
    let steers = |c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}');
    match text
        .char_indices()
        .find(|&(_, c)| (c.is_control() && !allowed(c)) || steers(c))
    {
        None => Ok(()),
        Some((at, c)) => Err(TextError::Character {
            code_point: u32::from(c),
            at,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_utf8_of_bounded_length_without_hidden_characters() {
        assert_eq!(check_text("سطر\nline".as_bytes()), Ok("سطر\nline"));
        assert!(check_text(&[b'a'; MAX_TEXT_BYTES]).is_ok());
        assert_eq!(check_text(b""), Err(TextError::Empty));
        assert_eq!(check_text(" \n\u{2003}".as_bytes()), Err(TextError::Empty));
        assert_eq!(check_text(b"\xff"), Err(TextError::NotUtf8));
        let long = check_text(&[b'a'; MAX_TEXT_BYTES + 1]);
        assert!(matches!(long, Err(TextError::TooLong { found: 65_537, .. })));
        for (text, code_point) in [
            ("a\rb", 0x0D),
            ("a\u{85}b", 0x85),
            ("a\u{202E}b", 0x202E),
            ("a\u{200F}b", 0x200F),
        ] {
            let problem = check_text(text.as_bytes());
            assert_eq!(problem, Err(TextError::Character { code_point, at: 1 }));
        }
    }

    #[test]
    fn lines_are_not_white_space_alone() {
        assert!(check_line("an office").is_ok());
        assert_eq!(check_line(" \u{2003}\u{3000}"), Err(TextError::Empty));
        assert!(matches!(
            check_line("a\nb"),
            Err(TextError::Character {
                code_point: 10,
                at: 1
            })
        ));
        assert!(check_line(&"a".repeat(1_001)).is_err());
        assert!(check_pair("a", "").is_ok());
        assert!(check_pair("", "ا").is_err());
        assert!(check_pair("a", " ").is_err());
    }
}
