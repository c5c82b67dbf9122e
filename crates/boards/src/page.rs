//! Pages of a list, by the key of the last line.

use core::fmt;
use core::str::FromStr;

use crate::error::BoardError;

/// Most lines of a page.
pub(crate) const MAX_LINES: u32 = 1_000;

/// Where a page ends, for the next one: the key of its last line. Opaque to people; `12.20440.7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<i64>);

impl Cursor {
    pub(crate) fn of(key: &[i64]) -> Self {
        Self(key.to_vec())
    }

    /// The key, if it has that many parts.
    pub(crate) fn key<const N: usize>(&self) -> Result<[i64; N], BoardError> {
        self.0.as_slice().try_into().map_err(|_| BoardError::Cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.0.iter().enumerate() {
            let dot = if place == 0 { "" } else { "." };
            write!(f, "{dot}{part}")?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = BoardError;

    fn from_str(text: &str) -> Result<Self, BoardError> {
        if text.len() > 100 {
            return Err(BoardError::Cursor);
        }
        let parts: Result<Vec<i64>, _> = text.split('.').map(str::parse).collect();
        Ok(Self(parts.map_err(|_| BoardError::Cursor)?))
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its lines, in order.
    pub lines: Vec<T>,
    /// Where the next one begins; `None` on the last one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Of lines with their keys, of which one more than `most` was asked for.
    pub(crate) fn cut<const N: usize>(mut lines: Vec<([i64; N], T)>, most: u32) -> Self {
        let most = usize::try_from(most.clamp(1, MAX_LINES)).unwrap_or(1);
        let is_last = lines.len() <= most;
        lines.truncate(most);
        let last = lines.last().filter(|_| !is_last);
        let next = last.map(|(key, _)| Cursor::of(key));
        Self {
            lines: lines.into_iter().map(|(_, line)| line).collect(),
            next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        let cursor = Cursor::of(&[0, 20_440, 1 << 41]);
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        assert_eq!(cursor.key::<3>().unwrap(), [0, 20_440, 1 << 41]);
        assert!(matches!(cursor.key::<2>(), Err(BoardError::Cursor)));
        for text in [
            "",
            ".",
            "1.",
            "a",
            "1..2",
            "99999999999999999999",
            &"1.".repeat(60),
        ] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
