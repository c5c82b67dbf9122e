//! Transcripts that are compared with files: what people see changes only on purpose.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Compares a transcript with `tests/golden/<name>`, or writes it if SIJILL_REGENERATE is set.
#[track_caller]
pub(crate) fn compare(name: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("SIJILL_REGENERATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, found).expect("a transcript");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected == found {
        return;
    }
    let differs = expected
        .lines()
        .zip(found.lines())
        .zip(1..)
        .find(|((a, b), _)| a != b);
    let at = differs.map_or_else(
        || {
            format!(
                "{} lines became {}",
                expected.lines().count(),
                found.lines().count()
            )
        },
        |((before, after), line)| format!("line {line}:\n  before: {before}\n  now:    {after}"),
    );
    assert!(
        expected == found,
        "tests/golden/{name} differs; {at}\nIf this is meant: SIJILL_REGENERATE=1 cargo test -p sijill-cli --test cli, and look at the diff"
    );
}

/// Replaces what differs from run to run: folders, ids, keys, hashes, tracking codes.
#[derive(Default)]
pub(crate) struct Placeholders {
    known: BTreeMap<String, String>,
}

impl Placeholders {
    /// The text with placeholders, numbered in the order in which they first occur.
    pub(crate) fn apply(&mut self, text: &str, folder: &str) -> String {
        let text = text.replace(folder, "DIR");
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            let token: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/'))
                .collect();
            if token.is_empty() {
                out.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
            // A path is no base64.
            let base64 = token.len() == 43 && token.chars().any(|c| c.is_ascii_uppercase());
            let hex = token
                .chars()
                .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
            if base64 {
                out.push_str(&self.name("TRACKING", &token));
                rest = &rest[token.len()..];
            } else if hex && matches!(token.len(), 12 | 16 | 64) && !token.chars().all(|c| c.is_ascii_digit())
            {
                out.push_str(&self.name("HEX", &token));
                rest = &rest[token.len()..];
            } else if token.len() == 22 && token.chars().any(|c| c.is_ascii_digit()) {
                out.push_str(&self.name("UUID", &token));
                rest = &rest[token.len()..];
            } else {
                let word = token.split('/').next().unwrap_or_default();
                let is_uuid = word.len() == 22 && word.chars().any(|c| c.is_ascii_digit());
                let length = if word.is_empty() { 1 } else { word.len() };
                let word_hex = word.len() == 16 || word.len() == 64 || word.len() == 12;
                let is_hex = word_hex
                    && word
                        .chars()
                        .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
                if is_hex {
                    out.push_str(&self.name("HEX", word));
                } else if is_uuid {
                    out.push_str(&self.name("UUID", word));
                } else {
                    out.push_str(&rest[..length]);
                }
                rest = &rest[length..];
            }
        }
        out
    }

    fn name(&mut self, kind: &str, token: &str) -> String {
        // The first digits of an id name the same thing as the whole id.
        let key = token[..12.min(token.len())].to_owned();
        let next = self.known.values().filter(|name| name.starts_with(kind)).count() + 1;
        self.known
            .entry(key)
            .or_insert_with(|| format!("{kind}-{next}"))
            .clone()
    }
}
