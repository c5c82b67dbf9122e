//! A document without some of its pages, built anew: only what the remaining pages draw is copied, by lists of what may
//! be. Everything else (metadata, outlines, annotations, forms, structure, older revisions, objects that nobody uses) has no
//! way into it.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::{RedactError, Rendition};
use crate::rendition;
use crate::{FileError, Kind, pdf};

/// Most bytes that the content of a page, or a form, may unpack into.
const MAX_CONTENT: usize = 32 << 20;
/// Deepest nesting of objects and of forms in forms.
const MAX_DEPTH: usize = 48;

/// Keys that never are copied: what they lead to is not drawn, or names things.
const NEVER: [&[u8]; 22] = [
    b"Metadata",
    b"PieceInfo",
    b"LastModified",
    b"OPI",
    b"Alternates",
    b"OC",
    b"AF",
    b"Ref",
    b"StructParent",
    b"StructParents",
    b"Parent",
    b"A",
    b"AA",
    b"Measure",
    b"PtData",
    b"Thumb",
    b"B",
    b"Annots",
    b"Dest",
    b"Alt",
    b"ActualText",
    b"Name",
];

fn unsupported(what: impl Into<String>) -> RedactError {
    RedactError::Unsupported(what.into())
}

fn problem(error: lopdf::Error) -> RedactError {
    pdf::problem(&error).into()
}

/// The document without these pages.
pub(super) fn without(bytes: &[u8], remove: &BTreeSet<u32>) -> Result<Rendition, RedactError> {
    let source = pdf::inspect(bytes)?;
    let pages = source.get_pages();
    if let Some(page) = remove.iter().find(|page| !pages.contains_key(page)) {
        return Err(RedactError::Outside(format!(
            "there is no page {page}: the document has {}",
            pages.len()
        )));
    }
    if remove.len() == pages.len() {
        return Err(RedactError::Outside(
            "every page is named: then the document is refused, and there is no rendition".to_owned(),
        ));
    }
    let catalog = source.catalog().map_err(problem)?;
    if catalog.has(b"OCProperties") {
        return Err(unsupported("layers, which can hide what is printed elsewhere"));
    }
    let mut out = Document::with_version("1.7");
    let tree = out.new_object_id();
    let mut copier = Copier {
        source: &source,
        out,
        done: BTreeMap::new(),
    };
    let mut kids = Vec::new();
    for (number, id) in &pages {
        if remove.contains(number) {
            continue;
        }
        let page = copier.page(*id, tree).map_err(|error| match error {
            RedactError::Unsupported(what) => unsupported(format!("{what} (page {number})")),
            other => other,
        })?;
        kids.push(Object::Reference(page));
    }
    let mut out = copier.out;
    let mut node = Dictionary::new();
    node.set("Type", "Pages");
    node.set("Count", i64::try_from(kids.len()).unwrap_or(i64::MAX));
    node.set("Kids", kids);
    out.objects.insert(tree, Object::Dictionary(node));
    let mut catalog = Dictionary::new();
    catalog.set("Type", "Catalog");
    catalog.set("Pages", tree);
    let root = out.add_object(catalog);
    out.trailer.set("Root", root);
    out.compress();
    let mut rendition = Vec::new();
    out.save_to(&mut rendition)
        .map_err(|e| FileError::Damaged(e.to_string()))?;
    // What was said on the removed pages alone is looked for everywhere in the new file.
    if let Some(word) = rendition::left_of_pages(&source, remove, &rendition)? {
        return Err(RedactError::Remains(word));
    }
    Ok(Rendition {
        bytes: rendition,
        kind: Kind::Pdf,
        removed: remove.len(),
    })
}

/// Something that a content stream draws with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Resource {
    class: &'static [u8],
    name: Vec<u8>,
}

struct Copier<'s> {
    source: &'s Document,
    out: Document,
    done: BTreeMap<ObjectId, ObjectId>,
}

impl Copier<'_> {
    fn page(&mut self, id: ObjectId, tree: ObjectId) -> Result<ObjectId, RedactError> {
        let source = self.source;
        let mut page = Dictionary::new();
        page.set("Type", "Page");
        page.set("Parent", tree);
        for key in [&b"MediaBox"[..], b"CropBox", b"Rotate"] {
            if let Some(value) = inherited(source, id, key) {
                let value = self.plain(&value, 0)?;
                page.set(key, value);
            }
        }
        let own = source.get_dictionary(id).map_err(problem)?;
        if own.has(b"UserUnit") {
            return Err(unsupported("a unit of its own"));
        }
        let content = source
            .get_page_content_with_limit(id, MAX_CONTENT)
            .map_err(problem)?;
        let (content, used) = cleaned(&content)?;
        let resources = inherited(source, id, b"Resources");
        let resources = self.resources(resources.as_ref(), &used, 0)?;
        page.set("Resources", resources);
        let content = self.out.add_object(Stream::new(Dictionary::new(), content));
        page.set("Contents", content);
        if let Ok(group) = own.get(b"Group") {
            let group = self.copy(group, 0)?;
            page.set("Group", group);
        }
        Ok(self.out.add_object(page))
    }

    /// Of the resources that a content stream may use, those that it does use.
    fn resources(
        &mut self,
        all: Option<&Object>,
        used: &BTreeSet<Resource>,
        depth: usize,
    ) -> Result<Dictionary, RedactError> {
        let mut kept = Dictionary::new();
        let Some(all) = all else { return Ok(kept) };
        let all = self.resolved(all)?;
        let Object::Dictionary(all) = all else {
            return Ok(kept);
        };
        for Resource { class, name } in used {
            let Ok(of_class) = all.get(class) else { continue };
            let Object::Dictionary(of_class) = self.resolved(of_class)? else {
                continue;
            };
            let Ok(value) = of_class.get(name) else { continue };
            let copied = self.copy(value, depth + 1)?;
            let mut entries = match kept.get(class) {
                Ok(Object::Dictionary(entries)) => entries.clone(),
                _ => Dictionary::new(),
            };
            entries.set(name.as_slice(), copied);
            kept.set(*class, entries);
        }
        Ok(kept)
    }

    fn resolved(&self, object: &Object) -> Result<Object, RedactError> {
        let (_, object) = self.source.dereference(object).map_err(problem)?;
        Ok(object.clone())
    }

    /// Numbers, names and arrays of them.
    fn plain(&self, object: &Object, depth: usize) -> Result<Object, RedactError> {
        if depth > MAX_DEPTH {
            return Err(unsupported("objects that are nested too deeply"));
        }
        Ok(match self.resolved(object)? {
            Object::Array(all) => Object::Array(
                all.iter()
                    .map(|inner| self.plain(inner, depth + 1))
                    .collect::<Result<_, _>>()?,
            ),
            found @ (Object::Integer(_) | Object::Real(_) | Object::Name(_) | Object::Boolean(_)) => found,
            _ => Object::Null,
        })
    }

    fn copy(&mut self, object: &Object, depth: usize) -> Result<Object, RedactError> {
        if depth > MAX_DEPTH {
            return Err(unsupported("objects that are nested too deeply"));
        }
        Ok(match object {
            Object::Reference(id) => {
                if let Some(done) = self.done.get(id) {
                    return Ok(Object::Reference(*done));
                }
                let Ok(found) = self.source.get_object(*id) else {
                    return Ok(Object::Null);
                };
                let found = found.clone();
                let new = self.out.new_object_id();
                self.done.insert(*id, new);
                let copied = self.copy(&found, depth + 1)?;
                self.out.objects.insert(new, copied);
                Object::Reference(new)
            }
            Object::Array(all) => Object::Array(
                all.iter()
                    .map(|inner| self.copy(inner, depth + 1))
                    .collect::<Result<_, _>>()?,
            ),
            Object::Dictionary(dictionary) => Object::Dictionary(self.dictionary(dictionary, depth)?),
            Object::Stream(stream) => Object::Stream(self.stream(stream, depth)?),
            other => other.clone(),
        })
    }

    fn dictionary(&mut self, dictionary: &Dictionary, depth: usize) -> Result<Dictionary, RedactError> {
        if let Ok(
            b"Page" | b"Pages" | b"Catalog" | b"Annot" | b"Outlines" | b"StructTreeRoot" | b"StructElem",
        ) = dictionary.get_type()
        {
            return Ok(Dictionary::new());
        }
        if let Ok(b"Type3") = dictionary.get(b"Subtype").and_then(Object::as_name) {
            return Err(unsupported("letters that are drawn by programs (a Type 3 font)"));
        }
        let mut copied = Dictionary::new();
        for (key, value) in dictionary {
            if !NEVER.contains(&key.as_slice()) {
                let value = self.copy(value, depth + 1)?;
                copied.set(key.as_slice(), value);
            }
        }
        Ok(copied)
    }

    fn stream(&mut self, stream: &Stream, depth: usize) -> Result<Stream, RedactError> {
        let dict = &stream.dict;
        let subtype = dict.get(b"Subtype").and_then(Object::as_name).unwrap_or_default();
        // A tiling pattern draws too.
        let tiles = dict
            .get(b"PatternType")
            .and_then(Object::as_i64)
            .is_ok_and(|n| n == 1);
        if subtype == b"Form" || tiles {
            let content = stream
                .get_plain_content_with_limit(MAX_CONTENT)
                .map_err(problem)?;
            let (content, used) = cleaned(&content)?;
            let own = dict.get(b"Resources").ok().cloned();
            if own.is_none() && !used.is_empty() {
                return Err(unsupported("a form that draws with what its page has"));
            }
            let resources = self.resources(own.as_ref(), &used, depth + 1)?;
            let keys: [&[u8]; 11] = [
                b"Type",
                b"Subtype",
                b"FormType",
                b"BBox",
                b"Matrix",
                b"Group",
                b"PatternType",
                b"PaintType",
                b"TilingType",
                b"XStep",
                b"YStep",
            ];
            let mut kept = self.keys(dict, &keys, depth)?;
            kept.set("Resources", resources);
            return Ok(Stream::new(kept, content));
        }
        if subtype == b"Image" {
            return self.picture(stream, depth);
        }
        if dict.has_type(b"Metadata") || dict.has_type(b"EmbeddedFile") {
            return Ok(Stream::new(Dictionary::new(), Vec::new()));
        }
        // Fonts, functions, profiles of colours, maps of letters.
        let kept = self.dictionary(dict, depth)?;
        let mut copied = Stream::new(kept, stream.content.clone());
        copied.allows_compression = false;
        Ok(copied)
    }

    /// What stands under these keys.
    fn keys(&mut self, dict: &Dictionary, keys: &[&[u8]], depth: usize) -> Result<Dictionary, RedactError> {
        let mut kept = Dictionary::new();
        for key in keys {
            if let Ok(value) = dict.get(key) {
                kept.set(*key, self.copy(value, depth + 1)?);
            }
        }
        Ok(kept)
    }

    fn picture(&mut self, stream: &Stream, depth: usize) -> Result<Stream, RedactError> {
        let keys: [&[u8]; 15] = [
            b"Type",
            b"Subtype",
            b"Width",
            b"Height",
            b"ColorSpace",
            b"BitsPerComponent",
            b"ImageMask",
            b"Mask",
            b"SMask",
            b"Decode",
            b"Interpolate",
            b"Filter",
            b"DecodeParms",
            b"Intent",
            b"Matte",
        ];
        let kept = self.keys(&stream.dict, &keys, depth)?;
        let filters = match stream.dict.get(b"Filter").map(|filter| self.resolved(filter)) {
            Ok(Ok(Object::Name(name))) => vec![name],
            Ok(Ok(Object::Array(all))) => all
                .iter()
                .filter_map(|f| f.as_name().ok().map(<[u8]>::to_vec))
                .collect(),
            _ => Vec::new(),
        };
        let mut content = stream.content.clone();
        match filters.as_slice() {
            [only] if only == b"DCTDecode" => {
                content =
                    without_segments(&content).ok_or_else(|| unsupported("a picture that is damaged"))?;
            }
            all if all.iter().any(|f| f == b"DCTDecode" || f == b"JPXDecode") => {
                return Err(unsupported(
                    "pictures in a form that can hold more than what is seen",
                ));
            }
            _ => {}
        }
        let mut copied = Stream::new(kept, content);
        copied.allows_compression = false;
        Ok(copied)
    }
}

/// A value of a page, or of a node of the tree above it.
fn inherited(source: &Document, page: ObjectId, key: &[u8]) -> Option<Object> {
    let mut id = page;
    for _ in 0..MAX_DEPTH {
        let node = source.get_dictionary(id).ok()?;
        if let Ok(value) = node.get(key) {
            return Some(value.clone());
        }
        id = node.get(b"Parent").and_then(Object::as_reference).ok()?;
    }
    None
}

/// A content stream without what marks it up (which can hold words that are not drawn), and the resources it uses.
fn cleaned(content: &[u8]) -> Result<(Vec<u8>, BTreeSet<Resource>), RedactError> {
    let read = Content::decode_strict(content).map_err(problem)?;
    let mut used = BTreeSet::new();
    let mut kept = Vec::with_capacity(read.operations.len());
    for operation in read.operations {
        let class: Option<&'static [u8]> = match operation.operator.as_str() {
            "BMC" | "BDC" | "EMC" | "MP" | "DP" => continue,
            "Tf" => Some(b"Font"),
            "Do" => Some(b"XObject"),
            "gs" => Some(b"ExtGState"),
            "cs" | "CS" => Some(b"ColorSpace"),
            "scn" | "SCN" => Some(b"Pattern"),
            "sh" => Some(b"Shading"),
            "BI" => {
                // A named colour space.
                if let Some(Object::Stream(picture)) = operation.operands.first() {
                    for key in [&b"CS"[..], b"ColorSpace"] {
                        if let Ok(name) = picture.dict.get(key).and_then(Object::as_name) {
                            used.insert(Resource {
                                class: b"ColorSpace",
                                name: name.to_vec(),
                            });
                        }
                    }
                }
                None
            }
            _ => None,
        };
        if let Some(class) = class {
            let names = operation
                .operands
                .iter()
                .filter_map(|operand| operand.as_name().ok());
            used.extend(names.map(|name| Resource {
                class,
                name: name.to_vec(),
            }));
        }
        kept.push(Operation::new(&operation.operator, operation.operands));
    }
    let content = Content { operations: kept }.encode().map_err(problem)?;
    Ok((content, used))
}

/// A JPEG without its segments of applications and comments, but for those that say how colours are coded.
fn without_segments(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..2).filter(|start| *start == b"\xFF\xD8")?.to_vec();
    let mut at = 2;
    loop {
        let head = bytes.get(at..at + 4)?;
        let (marker, length) = (head[1], usize::from(u16::from_be_bytes([head[2], head[3]])));
        if head[0] != 0xFF || length < 2 {
            return None;
        }
        let segment = bytes.get(at..at + 2 + length)?;
        let names_something = matches!(marker, 0xE1..=0xED | 0xEF | 0xFE);
        if !names_something {
            out.extend_from_slice(segment);
        }
        at += 2 + length;
        // From the start of the scan on there is no segment but those between scans, which are kept with it up to the end.
        if marker == 0xDA {
            let rest = bytes.get(at..)?;
            let end = rest.windows(2).rposition(|w| w == b"\xFF\xD9")?;
            out.extend_from_slice(rest.get(..end + 2)?);
            return Some(out);
        }
    }
}
