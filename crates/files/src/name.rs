//! Names of files, as they stand in a list or a download. Spec: specs/operations.md §16.1.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// Longest name, in bytes.
const MAX_BYTES: usize = 255;

/// Why a name is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Empty, too long, or of dots alone.
    #[error("a name of a file has 1 to {MAX_BYTES} bytes and more than dots")]
    Length,
    /// A separator of folders, or a character that a system does not take.
    #[error("the name has {0:?}, which separates folders or is taken by no system")]
    Separator(char),
    /// A control character.
    #[error("the name has the control character U+{0:04X}")]
    Control(u32),
    /// A character that is not seen, or that turns the direction of what follows: the ending could be another one.
    #[error("the name has the character U+{0:04X}, which is not seen and can make it read as another name")]
    Unseen(u32),
    /// It begins or ends with a space or a dot.
    #[error("the name begins or ends with a space or a dot")]
    Edge,
}

/// Refuses names that deceive a reader or a system.
///
/// # Errors
/// [`NameError`]
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() || name.len() > MAX_BYTES || name.chars().all(|c| c == '.') {
        return Err(NameError::Length);
    }
    let categories = CodePointMapData::<GeneralCategory>::new();
    for c in name.chars() {
        if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') {
            return Err(NameError::Separator(c));
        }
        match categories.get(c) {
            GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => {
                return Err(NameError::Control(u32::from(c)));
            }
            // Zero-width joiner and non-joiner are letters' business in Arabic and Persian: they change no order.
            GeneralCategory::Format if !matches!(c, '\u{200C}' | '\u{200D}') => {
                return Err(NameError::Unseen(u32::from(c)));
            }
            _ => {}
        }
    }
    if name.starts_with([' ', '.']) || name.ends_with([' ', '.']) {
        return Err(NameError::Edge);
    }
    Ok(())
}
