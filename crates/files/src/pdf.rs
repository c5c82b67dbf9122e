//! Portable documents. Spec: specs/operations.md §16.2.

use lopdf::{DecompressError, Dictionary, Document, Error, LoadOptions, Object};

use crate::FileError;

/// Most bytes that one stream may unpack into while the document is loaded.
const MAX_STREAM: usize = 32 << 20;
/// Most objects.
const MAX_OBJECTS: usize = 500_000;
/// Deepest nesting within one object.
const MAX_DEPTH: usize = 64;

/// Loads a document within the limits.
pub(crate) fn load(bytes: &[u8]) -> Result<Document, FileError> {
    let options = LoadOptions::with_max_decompressed_size(MAX_STREAM);
    let document = Document::load_mem_with_options(bytes, options).map_err(|e| problem(&e))?;
    if document.is_encrypted() || document.was_encrypted() {
        return Err(FileError::Encrypted);
    }
    if document.objects.len() > MAX_OBJECTS {
        return Err(FileError::Bomb(format!("{} objects", document.objects.len())));
    }
    Ok(document)
}

pub(crate) fn problem(error: &Error) -> FileError {
    match error {
        Error::Decompress(DecompressError::MemoryLimitExceeded { .. }) => {
            FileError::Bomb("a stream of the document".to_owned())
        }
        Error::Decryption(_) | Error::InvalidPassword => FileError::Encrypted,
        other => FileError::Damaged(other.to_string()),
    }
}

/// Refuses what does something when the document is opened, printed or clicked, but for links; and what brings other files
/// along.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Document, FileError> {
    let document = load(bytes)?;
    if document.get_pages().is_empty() {
        return Err(FileError::Damaged("it has no pages".to_owned()));
    }
    walk_dictionary(&document.trailer, 0)?;
    for object in document.objects.values() {
        walk(object, 0)?;
    }
    Ok(document)
}

fn walk(object: &Object, depth: usize) -> Result<(), FileError> {
    if depth > MAX_DEPTH {
        return Err(FileError::Damaged("it is nested too deeply".to_owned()));
    }
    match object {
        Object::Array(all) => all.iter().try_for_each(|inner| walk(inner, depth + 1)),
        Object::Dictionary(dictionary) => walk_dictionary(dictionary, depth),
        Object::Stream(stream) => walk_dictionary(&stream.dict, depth),
        _ => Ok(()),
    }
}

fn walk_dictionary(dictionary: &Dictionary, depth: usize) -> Result<(), FileError> {
    let active = |what: &str| Err(FileError::Active(what.to_owned()));
    for (key, value) in dictionary {
        match key.as_slice() {
            b"JavaScript" | b"JS" => return active("scripts"),
            b"AA" => return active("actions of its own accord"),
            b"EmbeddedFiles" | b"EF" | b"AF" => return active("embedded files"),
            b"XFA" => return active("a form that runs programs"),
            b"RichMedia" | b"RichMediaContent" | b"3DD" => return active("films, sounds or models"),
            // Where the reader is led to begin with is harmless; anything else that happens by itself is not.
            b"OpenAction" if !is_destination(value) => return active("an action when it is opened"),
            b"S" => {
                if let Ok(
                    b"JavaScript" | b"Launch" | b"SubmitForm" | b"ImportData" | b"GoToE" | b"GoToR"
                    | b"Rendition" | b"Movie" | b"Sound" | b"RichMediaExecute" | b"SetOCGState" | b"Trans"
                    | b"GoTo3DView",
                ) = value.as_name()
                    && !dictionary.has(b"Type") | dictionary.has_type(b"Action")
                {
                    return active("actions");
                }
            }
            b"Type" | b"Subtype" => {
                if let Ok(
                    b"EmbeddedFile" | b"FileAttachment" | b"Movie" | b"Sound" | b"Screen" | b"RichMedia"
                    | b"3D",
                ) = value.as_name()
                {
                    return active("embedded files, films or sounds");
                }
            }
            _ => {}
        }
        walk(value, depth + 1)?;
    }
    Ok(())
}

/// A place in the document, or an action that goes to one. A reference is looked at where the object itself stands.
fn is_destination(value: &Object) -> bool {
    match value {
        Object::Array(_) | Object::Name(_) | Object::String(..) | Object::Null | Object::Reference(_) => true,
        Object::Dictionary(action) => {
            matches!(action.get(b"S").and_then(Object::as_name), Ok(b"GoTo"))
        }
        _ => false,
    }
}
