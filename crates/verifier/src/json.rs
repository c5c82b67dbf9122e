//! Reading and writing canonical JSON.
//!
//! The documents of an election have exactly one spelling: compact, fields in a fixed order, strings escaped as little as possible.
//! [`Cursor`] accepts that spelling and no other, token by token as the caller's grammar demands, so whatever it accepts re-serialises to
//! the same bytes by construction. There is no recursion and no tree: depth and size are bounded by the caller's grammar.
//!
//! Spec: specs/election.md §1, specs/ballot-suite.md §1.1.

use std::borrow::Cow;
use std::fmt::Write as _;

use thiserror::Error;

use crate::suite::group::{PointBytes, scalar_from_decimal};
use curve25519_dalek::scalar::Scalar;

/// Largest integer of our own documents: 2^53 − 1.
pub(crate) const MAX_INTEGER: u64 = (1 << 53) - 1;
/// Largest small integer of the suite: 2^30 − 1.
pub(crate) const MAX_SMALL: u64 = (1 << 30) - 1;

/// Where and why a document left its canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("byte {at}: expected {expected}")]
pub(crate) struct JsonError {
    /// Offset of the byte.
    pub(crate) at: usize,
    /// What had to stand there.
    pub(crate) expected: Cow<'static, str>,
}

/// A position in a canonical JSON document.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The bytes read from `start` on.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    pub(crate) fn error(&self, expected: impl Into<Cow<'static, str>>) -> JsonError {
        JsonError {
            at: self.at,
            expected: expected.into(),
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Whether `token` comes next.
    pub(crate) fn sees(&self, token: &str) -> bool {
        self.rest().starts_with(token.as_bytes())
    }

    /// Takes `token` if it comes next.
    pub(crate) fn take(&mut self, token: &str) -> bool {
        let found = self.sees(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(crate) fn expect(&mut self, token: &'static str) -> Result<(), JsonError> {
        if self.take(token) {
            Ok(())
        } else {
            Err(self.error(format!("`{token}`")))
        }
    }

    pub(crate) fn end(&self) -> Result<(), JsonError> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.error("the end of the document"))
        }
    }

    /// A string of printable ASCII without `"` and `\`, at most `most` bytes: hexadecimal, decimals, Base64, Base58, identifiers.
    pub(crate) fn plain(&mut self, most: usize) -> Result<&'a str, JsonError> {
        self.expect("\"")?;
        let rest = self.rest();
        let length = rest
            .iter()
            .take(most.saturating_add(1))
            .position(|b| *b == b'"')
            .ok_or_else(|| self.error(format!("a string of at most {most} characters")))?;
        let text = rest
            .get(..length)
            .filter(|text| text.iter().all(|b| (0x20..0x7f).contains(b) && *b != b'\\'))
            .and_then(|text| std::str::from_utf8(text).ok())
            .ok_or_else(|| self.error("printable ASCII"))?;
        self.at += length + 1;
        Ok(text)
    }

    /// A canonical string. U+007F is accepted; documents of the suite refuse it by [`Cursor::suite_string`].
    pub(crate) fn string(&mut self) -> Result<String, JsonError> {
        self.expect("\"")?;
        let mut out = Vec::new();
        loop {
            let rest = self.rest();
            match rest {
                [b'"', ..] => {
                    self.at += 1;
                    return String::from_utf8(out).map_err(|_| self.error("UTF-8"));
                }
                [b'\\', escaped, ..] => {
                    let (value, length) = match escaped {
                        b'"' => (b'"', 2),
                        b'\\' => (b'\\', 2),
                        b'b' => (0x08, 2),
                        b't' => (0x09, 2),
                        b'n' => (0x0a, 2),
                        b'f' => (0x0c, 2),
                        b'r' => (0x0d, 2),
                        b'u' => (self.unicode_escape(rest)?, 6),
                        _ => return Err(self.error("a canonical escape")),
                    };
                    out.push(value);
                    self.at += length;
                }
                [byte, ..] if *byte >= 0x20 => {
                    out.push(*byte);
                    self.at += 1;
                }
                _ => return Err(self.error("the rest of a string")),
            }
        }
    }

    /// A canonical string of the suite. Spec: specs/ballot-suite.md §1.1.
    pub(crate) fn suite_string(&mut self) -> Result<String, JsonError> {
        let text = self.string()?;
        if text.contains('\u{7f}') {
            Err(self.error("a string without U+007F"))
        } else {
            Ok(text)
        }
    }

    /// `\u00xx` for the control characters that have no short form, and for nothing else.
    fn unicode_escape(&self, rest: &[u8]) -> Result<u8, JsonError> {
        let fault = || self.error("a canonical escape");
        let digits = rest.get(2..6).ok_or_else(fault)?;
        let lower_hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let text = std::str::from_utf8(digits).map_err(|_| fault())?;
        let value = u8::from_str_radix(text, 16).map_err(|_| fault())?;
        let short = matches!(value, 0x08 | 0x09 | 0x0a | 0x0c | 0x0d);
        if digits.iter().all(lower_hex) && value < 0x20 && !short {
            Ok(value)
        } else {
            Err(fault())
        }
    }

    /// A plain decimal integer, at most `most`.
    pub(crate) fn integer(&mut self, most: u64) -> Result<u64, JsonError> {
        let digits: Vec<u8> = self
            .rest()
            .iter()
            .copied()
            .take(21)
            .take_while(u8::is_ascii_digit)
            .collect();
        let value = std::str::from_utf8(&digits)
            .ok()
            .and_then(crate::note::decimal)
            .filter(|value| *value <= most)
            .ok_or_else(|| self.error(format!("an integer of at most {most}")))?;
        self.at += digits.len();
        Ok(value)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, JsonError> {
        if self.take("true") {
            Ok(true)
        } else if self.take("false") {
            Ok(false)
        } else {
            Err(self.error("`true` or `false`"))
        }
    }

    /// A weight: a number up to 2^30 − 1, from there on a string of digits. Spec: specs/ballot-suite.md §1.1.
    pub(crate) fn weight(&mut self) -> Result<u64, JsonError> {
        if !self.sees("\"") {
            return self.integer(MAX_SMALL);
        }
        let digits = self.plain(20)?;
        crate::note::decimal(digits)
            .filter(|value| *value > MAX_SMALL)
            .ok_or_else(|| self.error("a large weight"))
    }

    pub(crate) fn scalar(&mut self) -> Result<Scalar, JsonError> {
        let text = self.plain(76)?;
        scalar_from_decimal(text).ok_or_else(|| self.error("a decimal scalar below the group order"))
    }

    pub(crate) fn point(&mut self) -> Result<PointBytes, JsonError> {
        let text = self.plain(64)?;
        PointBytes::from_text(text).ok_or_else(|| self.error("a canonical point"))
    }

    /// An array of exactly `count` items.
    pub(crate) fn array_of<T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Cursor<'a>) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        self.expect("[")?;
        let mut items = Vec::new();
        for index in 0..count {
            if index > 0 {
                self.expect(",")?;
            }
            items.push(item(self)?);
        }
        self.expect("]")?;
        Ok(items)
    }

    /// An array of at most `most` items.
    pub(crate) fn array<T>(
        &mut self,
        most: usize,
        mut item: impl FnMut(&mut Cursor<'a>) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        self.expect("[")?;
        let mut items = Vec::new();
        if self.take("]") {
            return Ok(items);
        }
        loop {
            if items.len() == most {
                return Err(self.error(format!("at most {most} items")));
            }
            items.push(item(self)?);
            if self.take("]") {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }
}

/// Writes a canonical string, quotes included.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Writes items separated by commas inside brackets.
pub(crate) fn push_array<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(document: &str) -> Option<String> {
        let mut cursor = Cursor::new(document.as_bytes());
        let text = cursor.string().ok()?;
        cursor.end().ok()?;
        Some(text)
    }

    #[test]
    fn strings_have_one_spelling() {
        for text in [
            "",
            "plain",
            "\"\\/",
            "\u{8}\t\n\u{c}\r\u{0}\u{1f}",
            "عربي 🗳",
            "\u{7f}",
        ] {
            let mut written = String::new();
            push_string(&mut written, text);
            assert_eq!(string(&written).as_deref(), Some(text));
        }
        for bad in [
            "\"\\/\"",
            "\"\\u0041\"",
            "\"\\u000A\"",
            "\"\\u000a\"",
            "\"\\u001F\"",
            "\"\\u+01f\"",
            "\"\n\"",
            "\"a",
            "a\"",
            "\"\\",
            "\"\\u00",
            "\"\\ud83d\\ude00\"",
            "\"\\x\"",
        ] {
            assert_eq!(string(bad), None, "{bad}");
        }
        assert!(Cursor::new(b"\"\xff\"").string().is_err());
        assert!(Cursor::new(b"\"\x7f\"").suite_string().is_err());
    }

    #[test]
    fn numbers_have_one_spelling() {
        let integer = |text: &str| {
            let mut cursor = Cursor::new(text.as_bytes());
            let value = cursor.integer(MAX_SMALL).ok()?;
            cursor.end().ok().map(|()| value)
        };
        assert_eq!(integer("0"), Some(0));
        assert_eq!(integer("1073741823"), Some(MAX_SMALL));
        for bad in [
            "",
            "00",
            "01",
            "-1",
            "+1",
            "1.0",
            "1e1",
            "1073741824",
            "99999999999999999999999999",
            " 1",
        ] {
            assert_eq!(integer(bad), None, "{bad}");
        }
        let weight = |text: &str| Cursor::new(text.as_bytes()).weight().ok();
        assert_eq!(weight("1073741823"), Some(MAX_SMALL));
        assert_eq!(weight("\"1073741824\""), Some(MAX_SMALL + 1));
        assert_eq!(weight("\"1073741823\""), None);
        assert_eq!(weight("1073741824"), None);
    }

    #[test]
    fn arrays_are_exact_or_bounded() {
        let list = |text: &str, most| Cursor::new(text.as_bytes()).array(most, |c| c.integer(9)).ok();
        assert_eq!(list("[]", 0), Some(vec![]));
        assert_eq!(list("[1,2]", 2), Some(vec![1, 2]));
        for bad in ["[1,2,3]", "[1,]", "[,1]", "[1 ,2]", "[1", "["] {
            assert_eq!(list(bad, 2), None, "{bad}");
        }
        assert!(Cursor::new(b"[1,2]").array_of(2, |c| c.integer(9)).is_ok());
        assert!(Cursor::new(b"[1]").array_of(2, |c| c.integer(9)).is_err());
        assert!(Cursor::new(b"[1,2,3]").array_of(2, |c| c.integer(9)).is_err());
    }
}
