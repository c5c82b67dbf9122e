//! Office documents (OOXML): a ZIP archive of XML parts. Spec: specs/operations.md §16.2.
//!
//! Looked into, never unpacked: what is declared is checked first, then every part is read through once, and counted.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::{FileError, Kind, MAX_UNPACKED_BYTES};

/// Most parts.
const MAX_PARTS: usize = 4_096;
/// Most bytes that a byte of a part may unpack into, for parts larger than [`SMALL_PART`].
const MAX_RATIO: u64 = 200;
/// Parts up to this size may have any ratio.
const SMALL_PART: u64 = 1 << 20;
/// Largest list of relations that is looked at.
const MAX_RELATIONS: u64 = 4 << 20;

/// Which kind of office document it is, by the part that each kind must have.
pub(crate) fn kind(bytes: &[u8]) -> Result<Kind, FileError> {
    let archive = open(bytes)?;
    let has = |name: &str| archive.index_for_name(name).is_some();
    if !has("[Content_Types].xml") {
        return Err(FileError::Type("a ZIP archive".to_owned()));
    }
    let kinds = [
        ("word/document.xml", Kind::Docx),
        ("xl/workbook.xml", Kind::Xlsx),
        ("ppt/presentation.xml", Kind::Pptx),
    ];
    let mut found = kinds
        .into_iter()
        .filter(|(name, _)| has(name))
        .map(|(_, kind)| kind);
    match (found.next(), found.next()) {
        (Some(kind), None) => Ok(kind),
        _ => Err(FileError::Type("an office document of another kind".to_owned())),
    }
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, FileError> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))
}

fn damaged(error: &ZipError) -> FileError {
    FileError::Damaged(error.to_string())
}

pub(crate) fn inspect(bytes: &[u8]) -> Result<(), FileError> {
    let mut archive = open(bytes)?;
    if archive.len() > MAX_PARTS {
        return Err(FileError::Bomb(format!("{} parts", archive.len())));
    }
    if archive.has_overlapping_files().map_err(|e| damaged(&e))? {
        return Err(FileError::Bomb("parts that lie in each other".to_owned()));
    }
    let mut names = BTreeSet::new();
    let mut declared = 0_u64;
    for at in 0..archive.len() {
        let part = archive.by_index_raw(at).map_err(|e| damaged(&e))?;
        if part.encrypted() {
            return Err(FileError::Encrypted);
        }
        let name = part.name().map_err(|e| damaged(&e))?.into_owned();
        check_part(&name)?;
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(FileError::Damaged(format!("the part {name:?} is there twice")));
        }
        let (packed, unpacked) = (part.compressed_size(), part.size());
        declared = declared.saturating_add(unpacked);
        if declared > MAX_UNPACKED_BYTES || (unpacked > SMALL_PART && unpacked / MAX_RATIO > packed) {
            return Err(FileError::Bomb(format!("{unpacked} bytes out of {packed}")));
        }
    }
    let mut total = 0_u64;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|e| damaged(&e))?;
        let (name, declared) = (part.name().map_err(|e| damaged(&e))?.into_owned(), part.size());
        let mut content = Vec::new();
        let relations = name.ends_with(".rels");
        // What a part says of its size is not believed.
        let mut limited = part.take(declared.saturating_add(1));
        let unpacked = if relations {
            if declared > MAX_RELATIONS {
                return Err(FileError::Bomb(format!("the list of relations {name:?}")));
            }
            limited.read_to_end(&mut content).map(|n| n as u64)
        } else {
            std::io::copy(&mut limited, &mut std::io::sink())
        };
        let unpacked = unpacked.map_err(|e| FileError::Damaged(format!("{name:?}: {e}")))?;
        total = total.saturating_add(unpacked);
        if unpacked > declared || total > MAX_UNPACKED_BYTES {
            return Err(FileError::Bomb(format!(
                "the part {name:?} is larger than it says"
            )));
        }
        if relations {
            check_relations(&name, &content)?;
        }
    }
    Ok(())
}

/// Names of parts that do something, or bring other files along.
fn check_part(name: &str) -> Result<(), FileError> {
    let outside = name.starts_with('/') || name.contains('\\') || name.split('/').any(|step| step == "..");
    if outside || name.contains('\0') {
        return Err(FileError::Damaged(format!("a part is named {name:?}")));
    }
    let lower = name.to_ascii_lowercase();
    let active = [
        ("vbaproject", "macros"),
        ("vbadata", "macros"),
        ("activex", "controls"),
        ("/embeddings/", "embedded files"),
        ("/externallinks/", "links to other files"),
        ("customui", "buttons of its own"),
        ("/macrosheets/", "macros"),
        ("/dialogsheets/", "macros"),
    ];
    for (part, what) in active {
        if lower.contains(part) {
            return Err(FileError::Active(format!("{what} ({name})")));
        }
    }
    Ok(())
}

/// Relations that fetch something from elsewhere when the document is opened. A link that a reader follows is none.
fn check_relations(name: &str, content: &[u8]) -> Result<(), FileError> {
    let damaged = |problem: &str| FileError::Damaged(format!("{name:?}: {problem}"));
    let text = std::str::from_utf8(content).map_err(|_| damaged("is not UTF-8"))?;
    if text.contains('\0') || text.contains("<!") {
        return Err(damaged("has declarations"));
    }
    for relation in text.split("<Relationship").skip(1) {
        let (tag, _) = relation.split_once('>').ok_or_else(|| damaged("is cut off"))?;
        // Written in another way it could not be read by this.
        if tag.contains("&#") {
            return Err(damaged("has characters by their numbers"));
        }
        if tag.starts_with('s') {
            // The list itself.
            continue;
        }
        let external = tag.contains("External") || tag.contains("://");
        let a_link = tag.contains("/hyperlink\"") || tag.contains("/hyperlink'");
        let only_names_a_type = !tag.contains("External")
            && tag.matches("://").count()
                == tag.matches("Type=\"http://").count() + tag.matches("Type='http://").count();
        if external && !a_link && !only_names_a_type {
            return Err(FileError::Active(format!("something from elsewhere ({name})")));
        }
    }
    Ok(())
}
