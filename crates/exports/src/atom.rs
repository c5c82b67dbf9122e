//! Atom feeds (RFC 4287) of what a jurisdiction publishes.
//!
//! A feed is written, never read. Texts come from ledgers: they are escaped by the XML library, and the two characters that a text may
//! have and XML may not (U+FFFE, U+FFFF) are shown as U+FFFD.

use std::io;

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use sha2::{Digest, Sha256};
use sijill_ledger::LedgerId;

const NAMESPACE: &str = "http://www.w3.org/2005/Atom";
const ENTRY_TAG: &[u8] = b"sijill/atom-entry/v1\n";

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// What it is about, among the feeds of its ledger: `consultations`, `disclosures`, …
    pub about: String,
    /// The ledger that it is a feed of.
    pub ledger: LedgerId,
    /// Its title.
    pub title: String,
    /// Where it will be found.
    pub link: String,
    /// Who publishes it.
    pub author: String,
    /// When it was made, in milliseconds since 1970 UTC; for a feed without entries.
    pub made_ms: u64,
    /// Newest first.
    pub entries: Vec<Entry>,
}

/// An entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The ledger of the event that it is about.
    pub ledger: LedgerId,
    /// Position of that event, which with the ledger is its identity for good.
    pub position: u64,
    /// Its title.
    pub title: String,
    /// What it says.
    pub summary: String,
    /// Who says it, if not the feed's author.
    pub author: Option<String>,
    /// Where more is found.
    pub link: String,
    /// Language of title and summary, if it is one: `en`, `ar`.
    pub language: Option<&'static str>,
    /// When it was last changed, in milliseconds since 1970 UTC.
    pub updated_ms: u64,
    /// When it was published, in milliseconds since 1970 UTC.
    pub published_ms: u64,
}

impl Feed {
    /// The feed as a document, UTF-8, in Atom's own order; the same bytes for the same feed.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut bytes = Vec::new();
        let mut writer = Writer::new_with_indent(&mut bytes, b' ', 2);
        // Writing to memory does not fail.
        let _ = self.write(&mut writer);
        bytes.push(b'\n');
        String::from_utf8(bytes).unwrap_or_default()
    }

    fn write(&self, writer: &mut Writer<&mut Vec<u8>>) -> io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
        let updated = self.entries.iter().map(|e| e.updated_ms).max();
        let feed = writer.create_element("feed").with_attribute(("xmlns", NAMESPACE));
        feed.write_inner_content(|writer| {
            text(writer, "id", &urn(&self.ledger, self.about.as_bytes()))?;
            text(writer, "title", &self.title)?;
            text(writer, "updated", &time(updated.unwrap_or(self.made_ms)))?;
            author(writer, &self.author)?;
            link(writer, "self", &self.link)?;
            for entry in &self.entries {
                entry.write(writer)?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

impl Entry {
    fn write(&self, writer: &mut Writer<&mut Vec<u8>>) -> io::Result<()> {
        let mut element = writer.create_element("entry");
        if let Some(language) = self.language {
            element = element.with_attribute(("xml:lang", language));
        }
        element.write_inner_content(|writer| {
            text(writer, "id", &urn(&self.ledger, &self.position.to_be_bytes()))?;
            text(writer, "title", &self.title)?;
            text(writer, "updated", &time(self.updated_ms))?;
            text(writer, "published", &time(self.published_ms))?;
            if let Some(name) = &self.author {
                author(writer, name)?;
            }
            link(writer, "alternate", &self.link)?;
            text(writer, "summary", &self.summary)
        })?;
        Ok(())
    }
}

/// A name that stays: a UUID of version 8 (RFC 9562) of the ledger and what it is on it.
fn urn(ledger: &LedgerId, what: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(ENTRY_TAG)
        .chain_update(ledger.as_bytes())
        .chain_update(what)
        .finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id[6] = id[6] & 0x0F | 0x80;
    id[8] = id[8] & 0x3F | 0x80;
    let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}

fn text(writer: &mut Writer<&mut Vec<u8>>, name: &str, content: &str) -> io::Result<()> {
    let content: String = content
        .chars()
        .map(|c| {
            if matches!(c, '\u{FFFE}' | '\u{FFFF}') {
                '\u{FFFD}'
            } else {
                c
            }
        })
        .collect();
    writer
        .create_element(name)
        .write_text_content(BytesText::new(&content))?;
    Ok(())
}

fn author(writer: &mut Writer<&mut Vec<u8>>, name: &str) -> io::Result<()> {
    let author = writer.create_element("author");
    author.write_inner_content(|writer| text(writer, "name", name))?;
    Ok(())
}

fn link(writer: &mut Writer<&mut Vec<u8>>, rel: &str, href: &str) -> io::Result<()> {
    let link = writer.create_element("link");
    link.with_attributes([("rel", rel), ("href", href)])
        .write_empty()?;
    Ok(())
}

/// A moment as RFC 3339 has it, to the second.
fn time(ms: u64) -> String {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::*;

    fn feed(summary: &str) -> Feed {
        let entry = Entry {
            ledger: LedgerId::from_bytes([7; 32]),
            position: 9,
            title: "A < B & \"C\" ]]>".into(),
            summary: summary.into(),
            author: Some("البلدية".into()),
            link: "https://example.org/?a=1&b=\"2\"".into(),
            language: Some("ar"),
            updated_ms: 1_770_757_200_000,
            published_ms: 1_770_757_199_999,
        };
        Feed {
            about: "consultations".into(),
            ledger: LedgerId::from_bytes([7; 32]),
            title: "Consultations".into(),
            link: "https://example.org/consultations.atom".into(),
            author: "Sijill".into(),
            made_ms: 0,
            entries: vec![entry],
        }
    }

    #[test]
    fn what_people_typed_is_text_and_nothing_else() {
        let hostile = "</summary></entry><entry>&#x0; <![CDATA[ \u{FFFE} ]]> <script>";
        let xml = feed(hostile).to_xml();
        let mut reader = Reader::from_str(&xml);
        let (mut names, mut texts) = (Vec::new(), String::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(e) | Event::Empty(e) => {
                    names.push(String::from_utf8(e.name().as_ref().to_vec()).unwrap());
                }
                Event::CData(_) | Event::Comment(_) | Event::PI(_) => panic!("{xml}"),
                Event::Text(text) => texts.push_str(&text.decode().unwrap()),
                Event::GeneralRef(r) => {
                    let name = r.decode().unwrap();
                    texts.push_str(quick_xml::escape::resolve_predefined_entity(&name).unwrap());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(names.iter().filter(|n| *n == "entry").count(), 1, "{xml}");
        assert!(!names.iter().any(|n| n == "script"), "{xml}");
        assert!(
            texts.contains(&hostile.replace('\u{FFFE}', "\u{FFFD}")),
            "{texts}"
        );
        assert!(xml.contains("<updated>2026-02-10T21:00:00Z</updated>"), "{xml}");
        assert!(xml.contains("xml:lang=\"ar\""), "{xml}");
    }

    #[test]
    fn an_entry_keeps_its_name() {
        let one = urn(&LedgerId::from_bytes([7; 32]), &9u64.to_be_bytes());
        // The first 16 bytes that coreutils computes: `(printf 'sijill/atom-entry/v1\n'; 32 bytes 07; the position) | sha256sum`,
        // with version and variant of RFC 9562.
        assert_eq!(one, "urn:uuid:8f8a0528-3757-81ae-8e7b-2004776c91c8");
        assert!(feed("x").to_xml().contains(&format!("<id>{one}</id>")));
        assert_ne!(one, urn(&LedgerId::from_bytes([7; 32]), &10u64.to_be_bytes()));
    }
}
