//! Looking for what should be gone from a rendition. Spec: specs/operations.md §16.5.
//!
//! Everything of a file that can hold words is read: what its pages show, and what no page shows (strings, streams,
//! metadata, older revisions). Pixels are not read, and the findings say so.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use lopdf::{Document, Object};
use zip::ZipArchive;

use crate::fold::fold;
use crate::{FileError, Kind, inspect, office, pdf, sniff};

/// Most bytes of text that are read of one file.
const MAX_TEXT: usize = 64 << 20;
/// Shortest word that is looked for by itself, in letters.
const MIN_WORD: usize = 3;

/// A word that is still there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remains {
    /// The word, as it was asked for or as it stands in the original.
    pub word: String,
    /// Where.
    pub place: &'static str,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Words that were looked for.
    pub looked_for: usize,
    /// Those that are still there.
    pub remains: Vec<Remains>,
    /// Parts of the rendition that a rendition should not have.
    pub structure: Vec<&'static str>,
    /// What was not read.
    pub unread: Vec<&'static str>,
}

impl Findings {
    /// Whether nothing was found that should be gone.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.remains.is_empty() && self.structure.is_empty()
    }
}

/// The words of a file, by where they stand.
#[derive(Default)]
struct Texts {
    /// What its pages show.
    shown: String,
    /// What no page shows.
    hidden: String,
    structure: Vec<&'static str>,
    unread: Vec<&'static str>,
}

/// Looks in a rendition for words: those that are named, or else those that the original shows and the rendition does not.
///
/// # Errors
/// [`FileError`] if one of the two cannot be read.
pub fn check(original: &[u8], rendition: &[u8], words: &[String]) -> Result<Findings, FileError> {
    let before = texts(original)?;
    let after = texts(rendition)?;
    let (shown, hidden) = (fold(&after.shown), fold(&after.hidden));
    let mut findings = Findings {
        structure: after.structure,
        unread: after.unread,
        ..Findings::default()
    };
    if words.is_empty() {
        let still_shown = split(&shown);
        let gone: BTreeSet<String> = split(&fold(&before.shown))
            .difference(&still_shown)
            .cloned()
            .collect();
        findings.looked_for = gone.len();
        let hidden = split(&hidden);
        for word in gone {
            if hidden.contains(&word) {
                let place = "where no page shows it";
                findings.remains.push(Remains { word, place });
            }
        }
    } else {
        findings.looked_for = words.len();
        for word in words {
            let folded = fold(word);
            let folded = folded.trim();
            for (text, place) in [
                (&shown, "where a page shows it"),
                (&hidden, "where no page shows it"),
            ] {
                if !folded.is_empty() && text.contains(folded) {
                    let word = word.clone();
                    findings.remains.push(Remains { word, place });
                }
            }
        }
    }
    Ok(findings)
}

/// The first word that stands on removed pages alone and is still in the rendition.
pub(crate) fn left_of_pages(
    source: &Document,
    removed: &BTreeSet<u32>,
    rendition: &[u8],
) -> Result<Option<String>, FileError> {
    let pages = source.get_pages();
    let (gone, kept): (Vec<u32>, Vec<u32>) = pages.keys().partition(|page| removed.contains(page));
    let kept = split(&fold(&shown(source, &kept)));
    let gone: BTreeSet<String> = split(&fold(&shown(source, &gone)))
        .difference(&kept)
        .cloned()
        .collect();
    let after = texts(rendition)?;
    let all = split(&fold(&after.shown));
    let hidden = split(&fold(&after.hidden));
    Ok(gone
        .into_iter()
        .find(|word| all.contains(word) || hidden.contains(word)))
}

/// Words of at least three letters or digits.
fn split(folded: &str) -> BTreeSet<String> {
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= MIN_WORD)
        .map(str::to_owned)
        .collect()
}

fn texts(bytes: &[u8]) -> Result<Texts, FileError> {
    match sniff(bytes)? {
        Kind::Text => Ok(Texts {
            shown: String::from_utf8_lossy(bytes).into_owned(),
            ..Texts::default()
        }),
        Kind::Pdf => document(bytes),
        Kind::Png | Kind::Jpeg => {
            inspect(bytes)?;
            Ok(Texts {
                hidden: latin(bytes),
                unread: vec!["pixels"],
                ..Texts::default()
            })
        }
        Kind::Docx | Kind::Xlsx | Kind::Pptx => parts(bytes),
    }
}

fn parts(bytes: &[u8]) -> Result<Texts, FileError> {
    office::inspect(bytes)?;
    let damaged = |e: &dyn std::fmt::Display| FileError::Damaged(e.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut texts = Texts::default();
    let mut pictures = false;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|e| damaged(&e))?;
        let name = part.name().map_err(|e| damaged(&e))?.into_owned();
        if !(name.ends_with(".xml") || name.ends_with(".rels")) {
            pictures = true;
            continue;
        }
        let mut content = Vec::new();
        let left = MAX_TEXT.saturating_sub(texts.hidden.len() + texts.shown.len());
        part.take(left as u64)
            .read_to_end(&mut content)
            .map_err(|e| damaged(&e))?;
        let xml = String::from_utf8_lossy(&content);
        // Runs of one word are told apart by tags: what is shown is without them, what is hidden has them as gaps.
        let mut shown = String::new();
        let mut inside = false;
        let mut tag = String::new();
        for c in xml.chars() {
            match c {
                '<' => {
                    inside = true;
                    tag.clear();
                }
                '>' => {
                    inside = false;
                    if tag.starts_with("/w:p") || tag.starts_with("/a:p") || tag.starts_with("/si") {
                        shown.push('\n');
                    }
                }
                c if inside => tag.push(c),
                c => shown.push(c),
            }
        }
        texts.shown.push_str(&shown);
        texts.shown.push('\n');
        texts.hidden.push_str(&xml);
        texts.hidden.push('\n');
    }
    if pictures {
        texts.unread.push("pixels");
    }
    Ok(texts)
}

fn shown(document: &Document, pages: &[u32]) -> String {
    let mut all = String::new();
    for page in pages {
        if all.len() < MAX_TEXT
            && let Ok(text) = document.extract_text_with_limit(&[*page], MAX_TEXT)
        {
            all.push_str(&text);
            all.push('\n');
        }
    }
    all
}

fn document(bytes: &[u8]) -> Result<Texts, FileError> {
    let document = pdf::load(bytes)?;
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    let mut texts = Texts {
        shown: shown(&document, &pages),
        ..Texts::default()
    };
    if document.revision_count() > 1 {
        texts.structure.push("older revisions");
    }
    if pdf::inspect(bytes).is_err() {
        texts.structure.push("active content or embedded files");
    }
    let mut reached = document.clone();
    // Tables of the file itself belong to no page.
    let table = |id: &lopdf::ObjectId| {
        let found = document.get_object(*id).and_then(Object::as_stream);
        found.is_ok_and(|s| s.dict.has_type(b"XRef") || s.dict.has_type(b"ObjStm"))
    };
    if reached.prune_objects().iter().any(|id| !table(id)) {
        texts.structure.push("objects that no page uses");
    }
    for object in document.objects.values() {
        strings(object, &mut texts, 0);
    }
    for (_, object) in document.trailer.iter() {
        strings(object, &mut texts, 0);
    }
    if document.trailer.has(b"Info") {
        texts.structure.push("information about the document");
    }
    texts.hidden.push_str(&latin(bytes));
    texts.structure.sort_unstable();
    texts.structure.dedup();
    Ok(texts)
}

/// Every string of an object, and of a stream what it unpacks into.
fn strings(object: &Object, texts: &mut Texts, depth: usize) {
    if depth > 64 || texts.hidden.len() > MAX_TEXT {
        return;
    }
    let dictionary = match object {
        Object::String(bytes, _) => {
            texts.hidden.push_str(&decoded(bytes));
            texts.hidden.push('\n');
            return;
        }
        Object::Array(all) => {
            for inner in all {
                strings(inner, texts, depth + 1);
            }
            return;
        }
        Object::Dictionary(dictionary) => dictionary,
        Object::Stream(stream) => {
            let subtype = stream
                .dict
                .get(b"Subtype")
                .and_then(Object::as_name)
                .unwrap_or_default();
            if subtype == b"Image" {
                texts.unread.push("pixels");
                texts.unread.dedup();
            }
            if stream.dict.has_type(b"Metadata") {
                texts.structure.push("metadata");
            }
            if let Ok(content) = stream.get_plain_content_with_limit(MAX_TEXT) {
                texts.hidden.push_str(&latin(&content));
                texts.hidden.push('\n');
            }
            &stream.dict
        }
        _ => return,
    };
    if dictionary.has(b"Annots") {
        texts.structure.push("annotations");
    }
    if dictionary.has(b"OCProperties") {
        texts.structure.push("layers");
    }
    if dictionary.has(b"StructTreeRoot") || dictionary.has(b"Outlines") {
        texts.structure.push("an outline or a structure");
    }
    for (_, value) in dictionary {
        strings(value, texts, depth + 1);
    }
}

/// A string of a document: UTF-16, UTF-8 or single bytes.
fn decoded(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|two| u16::from_be_bytes([two[0], two[1]]))
            .collect();
        return String::from_utf16_lossy(&units);
    }
    std::str::from_utf8(bytes).map_or_else(|_| latin(bytes), str::to_owned)
}

/// Bytes as text: UTF-8 where it is, else byte by byte.
fn latin(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}
