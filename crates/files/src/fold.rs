//! The form in which words are compared: so that a redacted word is found in any spelling.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicode_normalization::UnicodeNormalization as _;

/// A folded character, and the bytes of the text that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) c: char,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Compatibility decomposition, lower case, without marks, tatweel and characters that are not seen; white space is one
/// space.
pub(crate) fn folded(text: &str) -> Vec<Folded> {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let mut all: Vec<Folded> = Vec::with_capacity(text.len());
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        for c in std::iter::once(c).nfkd().flat_map(char::to_lowercase) {
            let unseen = matches!(
                categories.get(c),
                GeneralCategory::NonspacingMark
                    | GeneralCategory::SpacingMark
                    | GeneralCategory::EnclosingMark
                    | GeneralCategory::Format
            );
            if unseen || c == '\u{640}' {
                // A mark goes with the letter before it.
                if let Some(last) = all.last_mut() {
                    last.end = end;
                }
                continue;
            }
            let c = if c.is_whitespace() || c.is_control() {
                ' '
            } else {
                c
            };
            if c == ' ' && all.last().is_some_and(|last| last.c == ' ') {
                if let Some(last) = all.last_mut() {
                    last.end = end;
                }
                continue;
            }
            all.push(Folded { c, start, end });
        }
    }
    all
}

/// Folded characters alone.
pub(crate) fn fold(text: &str) -> String {
    folded(text).iter().map(|f| f.c).collect()
}
