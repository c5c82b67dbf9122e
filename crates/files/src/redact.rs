//! Redaction: a new file from which what is withheld is gone. Spec: specs/operations.md §16.4.
//!
//! Nothing is covered over: text is replaced, pixels are overwritten before they are encoded again, pages are left out of
//! a document that is built anew from what the others need. What cannot be done so is refused.

mod document;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::RangeInclusive;

use image::{DynamicImage, ImageDecoder as _, ImageFormat, Rgba};

use crate::fold::{fold, folded};
use crate::{FileError, Kind, inspect, picture};

/// What stands in the place of what is gone: of one length, so that it does not tell how long that was.
pub const MARK: &str = "█████";

/// Why nothing was redacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// The file is not taken.
    #[error(transparent)]
    File(#[from] FileError),
    /// Nothing was named that is to go.
    #[error("nothing is named that is to be removed")]
    Nothing,
    /// A word that is not there.
    #[error("the word {0:?} is not in the text")]
    NotFound(String),
    /// Lines, pages or areas that are not there.
    #[error("{0}")]
    Outside(String),
    /// Removed in another way from a file of this kind.
    #[error("{what} cannot be removed from a {kind}")]
    Kind {
        /// What was named.
        what: &'static str,
        /// The file.
        kind: Kind,
    },
    /// What this program cannot redact honestly.
    #[error("the document has {0}: what is withheld could be left in it")]
    Unsupported(String),
    /// What was removed is still there: a defect of this program. Nothing is handed out.
    #[error("the rendition still has {0:?}")]
    Remains(String),
}

impl RedactError {
    /// What programs may rely on. Spec: specs/operations.md §10.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Nothing => "rendition.nothing",
            Self::NotFound(_) => "rendition.word",
            Self::Outside(_) => "rendition.outside",
            Self::Kind { .. } => "rendition.kind",
            Self::Unsupported(_) => "rendition.unsupported",
            Self::Remains(_) => "rendition.remains",
        }
    }
}

/// A rectangle of a picture as it is shown, in pixels from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// From the left.
    pub x: u32,
    /// From above.
    pub y: u32,
    /// Pixels across, at least 1.
    pub width: u32,
    /// Pixels down, at least 1.
    pub height: u32,
}

/// What is to be removed.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// Words of a text, in any spelling, wherever they stand.
    pub words: Vec<String>,
    /// Lines of a text, from 1.
    pub lines: Vec<RangeInclusive<u32>>,
    /// Areas of a picture.
    pub areas: Vec<Area>,
    /// Pages of a document, from 1.
    pub pages: Vec<RangeInclusive<u32>>,
}

/// A rendition, and of which kind it is.
#[derive(Debug, Clone)]
pub struct Rendition {
    /// The new file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// How many words, lines, areas or pages were removed.
    pub removed: usize,
}

/// Makes a rendition: words and lines of a text, areas of a picture (which becomes a PNG), whole pages of a document.
///
/// # Errors
/// [`RedactError`]
pub fn redact(bytes: &[u8], removal: &Removal) -> Result<Rendition, RedactError> {
    let kind = inspect(bytes)?;
    let refuse = |what: &'static str, there: bool| {
        if there {
            Err(RedactError::Kind { what, kind })
        } else {
            Ok(())
        }
    };
    let Removal {
        words,
        lines,
        areas,
        pages,
    } = removal;
    if words.is_empty() && lines.is_empty() && areas.is_empty() && pages.is_empty() {
        return Err(RedactError::Nothing);
    }
    refuse("words", !words.is_empty() && kind != Kind::Text)?;
    refuse("lines", !lines.is_empty() && kind != Kind::Text)?;
    refuse(
        "areas",
        !areas.is_empty() && !matches!(kind, Kind::Png | Kind::Jpeg),
    )?;
    refuse("pages", !pages.is_empty() && kind != Kind::Pdf)?;
    match kind {
        Kind::Text => text(bytes, words, lines),
        Kind::Png | Kind::Jpeg => pixels(bytes, areas),
        Kind::Pdf => {
            let pages: BTreeSet<u32> = pages.iter().cloned().flatten().take(100_000).collect();
            document::without(bytes, &pages)
        }
        Kind::Docx | Kind::Xlsx | Kind::Pptx => Err(RedactError::Unsupported(
            "the form of an office program; save it as text, or as pictures of its pages".to_owned(),
        )),
    }
}

fn text(bytes: &[u8], words: &[String], lines: &[RangeInclusive<u32>]) -> Result<Rendition, RedactError> {
    let text = std::str::from_utf8(bytes).map_err(|e| FileError::Damaged(e.to_string()))?;
    let mut gone: Vec<(usize, usize)> = Vec::new();
    let all = folded(text);
    for word in words {
        let pattern: Vec<char> = fold(word).trim().chars().collect();
        if pattern.is_empty() {
            return Err(RedactError::NotFound(word.clone()));
        }
        let before = gone.len();
        for window in all.windows(pattern.len()) {
            if window.iter().map(|f| f.c).eq(pattern.iter().copied())
                && let (Some(first), Some(last)) = (window.first(), window.last())
            {
                gone.push((first.start, last.end));
            }
        }
        if gone.len() == before {
            return Err(RedactError::NotFound(word.clone()));
        }
    }
    let starts: Vec<(usize, usize)> = text
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, start + line.trim_end_matches(['\n', '\r']).len()))
        })
        .collect();
    for range in lines {
        for line in range.clone().take(1_000_000) {
            let at = usize::try_from(line).ok().and_then(|n| n.checked_sub(1));
            let found = at.and_then(|at| starts.get(at));
            let found = found.ok_or_else(|| {
                RedactError::Outside(format!("there is no line {line}: the text has {}", starts.len()))
            })?;
            gone.push(*found);
        }
    }
    gone.sort_unstable();
    let removed = gone.len();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in gone {
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(MARK);
        }
        at = at.max(end);
    }
    out.push_str(&text[at..]);
    let left = fold(&out);
    for word in words {
        let word_folded = fold(word);
        if left.contains(word_folded.trim()) {
            return Err(RedactError::Remains(word.clone()));
        }
    }
    Ok(Rendition {
        bytes: out.into_bytes(),
        kind: Kind::Text,
        removed,
    })
}

fn pixels(bytes: &[u8], areas: &[Area]) -> Result<Rendition, RedactError> {
    let mut decoder = picture::decoder(bytes)?;
    let orientation = decoder
        .orientation()
        .map_err(|e| FileError::Damaged(e.to_string()))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| FileError::Damaged(e.to_string()))?;
    // Areas are named as the picture is shown.
    picture.apply_orientation(orientation);
    let mut picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    for area in areas {
        let (right, below) = (area.x.checked_add(area.width), area.y.checked_add(area.height));
        let inside = right.is_some_and(|r| r <= width) && below.is_some_and(|b| b <= height);
        if !inside || area.width == 0 || area.height == 0 {
            return Err(RedactError::Outside(format!(
                "an area of {}×{} at {},{} is not within the picture of {width}×{height} pixels",
                area.width, area.height, area.x, area.y
            )));
        }
        for y in area.y..area.y + area.height {
            for x in area.x..area.x + area.width {
                picture.put_pixel(x, y, Rgba([0, 0, 0, 255]));
            }
        }
    }
    let mut out = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut out), ImageFormat::Png)
        .map_err(|e| FileError::Damaged(e.to_string()))?;
    Ok(Rendition {
        bytes: out,
        kind: Kind::Png,
        removed: areas.len(),
    })
}
