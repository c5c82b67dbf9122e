//! Renditions: made and checked on the officer's own machine; no installation is needed. Spec: specs/operations.md §16.4,
//! §16.5.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use sijill_files::redact::{Area, RedactError, Removal, redact};
use sijill_files::rendition::check;
use sijill_rules::{parse_number, western_digits};

use crate::error::{Failure, Outcome};
use crate::render::{escape, number, say, show};
use crate::site::NewFile;
use crate::taken;

/// What is to be removed.
#[derive(Debug, Args)]
pub(crate) struct RedactArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The new file; a picture becomes a PNG
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A word or words of a text, removed wherever they stand, in any spelling
    #[arg(long = "word", value_name = "WORDS")]
    words: Vec<String>,
    /// Lines of a text, from 1: 3 or 3-5
    #[arg(long, value_name = "LINES", value_delimiter = ',')]
    lines: Vec<String>,
    /// An area of a picture as it is shown, in pixels: X,Y,WIDTH,HEIGHT from the upper left corner
    #[arg(long = "area", value_name = "AREA")]
    areas: Vec<String>,
    /// Pages of a PDF, from 1: 2 or 4-6
    #[arg(long, value_name = "PAGES", value_delimiter = ',')]
    pages: Vec<String>,
}

/// Look at renditions.
#[derive(Debug, Subcommand)]
pub(crate) enum RenditionCommand {
    /// Say what of the original's words a rendition still has, shown or hidden, and what else should not be in it
    Check {
        /// The original
        #[arg(value_name = "ORIGINAL")]
        original: PathBuf,
        /// The rendition
        #[arg(value_name = "RENDITION")]
        rendition: PathBuf,
        /// Words that must be gone [default: those that the original shows and the rendition does not]
        #[arg(long = "word", value_name = "WORDS")]
        words: Vec<String>,
    },
}

/// Runs `sijill foi redact`.
pub(super) fn redact_file(args: &RedactArgs) -> Outcome {
    let removal = Removal {
        words: args.words.clone(),
        lines: args
            .lines
            .iter()
            .map(|text| range(text))
            .collect::<Outcome<_>>()?,
        areas: args.areas.iter().map(|text| area(text)).collect::<Outcome<_>>()?,
        pages: args
            .pages
            .iter()
            .map(|text| range(text))
            .collect::<Outcome<_>>()?,
    };
    let (bytes, _) = taken::document(&args.file)?;
    let out = NewFile::take(&args.out)?;
    let rendition = redact(&bytes, &removal).map_err(|error| failure(&args.file, &error))?;
    out.write(&rendition.bytes)?;
    say!(
        "Removed: {}. {} has {} bytes and is a {}; the original is as it was.",
        rendition.removed,
        args.out.display(),
        number(rendition.bytes.len() as u64),
        rendition.kind
    );
    say!("Read it before it is released: only you know what must not be told.");
    show!(json!({
        "out": args.out, "removed": rendition.removed, "kind": rendition.kind.to_string(),
        "bytes": rendition.bytes.len(),
    }));
    Ok(())
}

/// Runs `sijill foi rendition`.
pub(super) fn run(command: &RenditionCommand) -> Outcome {
    let RenditionCommand::Check {
        original,
        rendition,
        words,
    } = command;
    // Either may be what is not taken: it is looked at all the same, within the limits.
    let read = |path: &Path| crate::site::read_bounded(path);
    let found = check(&read(original)?, &read(rendition)?, words)
        .map_err(|error| taken::failure(rendition, &error))?;
    let remains: Vec<_> = found
        .remains
        .iter()
        .map(|remains| json!({ "word": remains.word, "place": remains.place }))
        .collect();
    let report = json!({
        "looked_for": found.looked_for, "remains": remains, "structure": found.structure, "unread": found.unread,
        "clean": found.is_clean(),
    });
    for remains in &found.remains {
        say!("Still there, {}: {}", remains.place, escape(&remains.word));
    }
    for what in &found.structure {
        say!("A rendition should not have: {what}.");
    }
    for what in &found.unread {
        say!("Not read: {what}. Look at them yourself.");
    }
    if !found.is_clean() {
        let problem = format!(
            "{}: {} of {} words are still there; {}",
            rendition.display(),
            found.remains.len(),
            found.looked_for,
            if found.structure.is_empty() {
                "nothing else"
            } else {
                "and it has what a rendition should not have"
            },
        );
        let help = format!("do not release it; `sijill foi redact` makes one. Findings: {report}");
        return Err(Failure::refused(problem, help).code("rendition.remains"));
    }
    say!("Of {} words none was found.", found.looked_for);
    show!(report);
    Ok(())
}

fn range(text: &str) -> Outcome<RangeInclusive<u32>> {
    let western = western_digits(text.trim());
    let (first, last) = western.split_once('-').unwrap_or((&western, &western));
    let one = |text: &str| parse_number(text).and_then(|n| u32::try_from(n).ok());
    match (one(first), one(last)) {
        (Some(first), Some(last)) if first >= 1 && first <= last => Ok(first..=last),
        _ => Err(Failure::usage(
            format!("{} is no number or range", escape(text)),
            "write a number from 1, or the first and last with a hyphen: 4-6",
        )
        .code("rendition.range")),
    }
}

fn area(text: &str) -> Outcome<Area> {
    let western = western_digits(text.trim());
    let all: Option<Vec<u32>> = western
        .split(',')
        .map(|part| parse_number(part.trim()).and_then(|n| u32::try_from(n).ok()))
        .collect();
    match all.as_deref() {
        Some(&[x, y, width, height]) => Ok(Area { x, y, width, height }),
        _ => Err(Failure::usage(
            format!("{} is no area", escape(text)),
            "write X,Y,WIDTH,HEIGHT in pixels from the upper left corner of the picture as it is shown",
        )
        .code("rendition.area")),
    }
}

fn failure(path: &Path, error: &RedactError) -> Failure {
    let help = match error {
        RedactError::File(error) => return taken::failure(path, error),
        RedactError::Nothing => "name words or lines of a text, areas of a picture, or pages of a PDF",
        RedactError::NotFound(_) => "check the word; nothing was written",
        RedactError::Outside(_) => "check the numbers; nothing was written",
        RedactError::Kind { .. } => {
            "words and lines are removed from a text, areas from a PNG or JPEG, whole pages from a PDF. Words within a page \
             of a PDF: save the page as a picture and remove areas of it"
        }
        RedactError::Unsupported(_) => {
            "save its pages as pictures, and remove areas of them; nothing was written"
        }
        RedactError::Remains(_) => {
            "nothing was written; save its pages as pictures, and remove areas of them"
        }
        _ => "nothing was written",
    };
    Failure::refused(format!("{}: {error}", path.display()), help).code(error.code())
}
