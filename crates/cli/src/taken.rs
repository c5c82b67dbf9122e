//! Files that people bring: looked at before anything is kept of them. Spec: specs/operations.md §16.

use std::path::Path;

use sijill_files::{FileError, Kind, MAX_BYTES, check_name, inspect_named};

use crate::error::{Failure, Outcome};
use crate::site::read_bounded;

/// The bytes of a document, and what they are: of a kind that is taken, under a name that does not deceive.
pub(crate) fn document(path: &Path) -> Outcome<(Vec<u8>, Kind)> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    check_name(name).map_err(|error| {
        Failure::refused(
            format!("{}: {error}", path.display()),
            "give the file another name: letters, digits, spaces and hyphens, and one ending",
        )
        .code("file.name")
    })?;
    // Before it is read.
    let length = std::fs::metadata(path)
        .map_err(|e| Failure::file(path, &e))?
        .len();
    if length > MAX_BYTES as u64 {
        return Err(failure(path, &FileError::Size(length)));
    }
    let bytes = read_bounded(path)?;
    let kind = inspect_named(name, &bytes).map_err(|error| failure(path, &error))?;
    Ok((bytes, kind))
}

/// What is wrong with a file, and what to do.
pub(crate) fn failure(path: &Path, error: &FileError) -> Failure {
    let help = match error {
        FileError::Size(_) => "split it, or make it smaller",
        FileError::Type(_) => "save it as one of these kinds, and try again",
        FileError::Disguised { .. } => "if it is what you mean, name it by what it is",
        FileError::Active(_) => {
            "print it into a new PDF (or save it without macros, scripts and embedded files), and hand that in"
        }
        FileError::Bomb(_) => "do not open it; ask whoever sent it for another copy",
        FileError::Encrypted => "save it without a password, and hand that in",
        _ => "open it yourself, save it anew, and hand that in",
    };
    Failure::refused(format!("{}: {error}", path.display()), help).code(error.code())
}
