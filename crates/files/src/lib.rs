//! Files of other people: what they are, and whether they may be taken; and renditions from which what is withheld is
//! really gone.
//!
//! *Taking.* [`inspect`] looks at the bytes and never trusts the name: a short list of kinds, nothing that runs, nothing
//! that unpacks into more than it says. [`check_name`] refuses names that deceive. What was taken is handed out as a
//! download only ([`Kind::media_type`], never shown in a page).
//!
//! *Redacting.* [`redact`] writes a new file; [`rendition`] looks for what should be gone. Neither changes a file in place.
//!
//! All is pure: bytes in, bytes or a reason out. Spec: specs/operations.md §16.

mod fold;
mod name;
mod office;
mod pdf;
mod picture;
pub mod redact;
pub mod rendition;

use std::fmt;

pub use self::name::{NameError, check_name};

/// The largest file that is taken, in bytes. Spec: specs/jurisdiction.md §3.
pub const MAX_BYTES: usize = 26_214_400;
/// The most bytes that anything inside a file may unpack into.
pub const MAX_UNPACKED_BYTES: u64 = 256 << 20;

/// The kinds of file that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text in UTF-8.
    Text,
    /// Portable document.
    Pdf,
    /// Picture.
    Png,
    /// Picture.
    Jpeg,
    /// Document of a word processor (OOXML).
    Docx,
    /// Spreadsheet (OOXML).
    Xlsx,
    /// Presentation (OOXML).
    Pptx,
}

impl Kind {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        }
    }

    /// Endings of names that fit, without the dot. The first is what a download is given.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["txt", "csv", "md", "json", "toml"],
            Self::Pdf => &["pdf"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Docx => &["docx"],
            Self::Xlsx => &["xlsx"],
            Self::Pptx => &["pptx"],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extensions()[0])
    }
}

/// Why a file is not taken. The fault is that of whoever made it; the text says what it is, the code is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Nothing in it, or too much.
    #[error("the file has {0} bytes; 1 to {MAX_BYTES} are taken")]
    Size(u64),
    /// Of no kind that is taken.
    #[error("the file is {0}; text, PDF, PNG, JPEG, DOCX, XLSX and PPTX are taken")]
    Type(String),
    /// Another kind than its name says.
    #[error("the name ends in .{named}, and the file is {found}")]
    Disguised {
        /// What the name says.
        named: String,
        /// What it is.
        found: Kind,
    },
    /// It does something when it is opened, or brings other files along.
    #[error("the file has active content: {0}")]
    Active(String),
    /// It unpacks into more than is allowed, or than it says.
    #[error("the file unpacks into too much: {0}")]
    Bomb(String),
    /// It can only be opened with a password.
    #[error("the file is encrypted")]
    Encrypted,
    /// It is not what it begins like.
    #[error("the file is damaged: {0}")]
    Damaged(String),
}

impl FileError {
    /// What programs may rely on. Spec: specs/operations.md §10.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Size(_) => "file.size",
            Self::Type(_) => "file.type",
            Self::Disguised { .. } => "file.disguised",
            Self::Active(_) => "file.active",
            Self::Bomb(_) => "file.bomb",
            Self::Encrypted => "file.encrypted",
            Self::Damaged(_) => "file.damaged",
        }
    }
}

/// Says what a file is, and refuses what is not taken.
///
/// # Errors
/// [`FileError`]
pub fn inspect(bytes: &[u8]) -> Result<Kind, FileError> {
    let kind = sniff(bytes)?;
    match kind {
        Kind::Text => {}
        Kind::Pdf => {
            pdf::inspect(bytes)?;
        }
        Kind::Png | Kind::Jpeg => picture::inspect(bytes)?,
        Kind::Docx | Kind::Xlsx | Kind::Pptx => office::inspect(bytes)?,
    }
    Ok(kind)
}

/// As [`inspect`], of a file with a name: its ending must be one of the kind that the bytes are.
///
/// # Errors
/// [`FileError`]; the name itself is checked by [`check_name`].
pub fn inspect_named(name: &str, bytes: &[u8]) -> Result<Kind, FileError> {
    let found = inspect(bytes)?;
    let named = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let named = named.to_ascii_lowercase();
    if found.extensions().contains(&named.as_str()) {
        Ok(found)
    } else {
        Err(FileError::Disguised { named, found })
    }
}

/// What the bytes say that they are.
fn sniff(bytes: &[u8]) -> Result<Kind, FileError> {
    if bytes.is_empty() || bytes.len() > MAX_BYTES {
        return Err(FileError::Size(bytes.len() as u64));
    }
    match infer::get(bytes).map(|found| found.mime_type()) {
        Some("application/pdf") => Ok(Kind::Pdf),
        Some("image/png") => Ok(Kind::Png),
        Some("image/jpeg") => Ok(Kind::Jpeg),
        // Which of the three it is, only its contents say.
        _ if bytes.starts_with(b"PK\x03\x04") => office::kind(bytes),
        Some(other) => Err(FileError::Type(other.to_owned())),
        None if is_text(bytes) => Ok(Kind::Text),
        None => Err(FileError::Type("of a kind that is not known".to_owned())),
    }
}

/// UTF-8 without control characters other than line ends and tabs.
fn is_text(bytes: &[u8]) -> bool {
    let allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(allowed))
}

#[cfg(test)]
mod tests;
