//! Section 5.19: archives of boxes, made again from the ledgers and compared byte for byte while they are read.
//!
//! Spec: specs/ballot-suite.md §15, specs/election.md §8.

use std::io::Read;

use crate::hash::sha256;

pub(crate) const BLOCK_BYTES: usize = 512;

/// An archive that is compared with the bytes that it should have.
pub(crate) struct Archive<'a> {
    file: Box<dyn Read + 'a>,
    timestamp: u64,
    parent: Option<String>,
    height: u64,
    /// The first difference; from there on nothing is read.
    difference: Option<String>,
}

impl<'a> Archive<'a> {
    /// Expects the first entry. `timestamp` is in seconds.
    pub(crate) fn new(file: Box<dyn Read + 'a>, timestamp: u64) -> Archive<'a> {
        let mut archive = Archive {
            file,
            timestamp,
            parent: None,
            height: 0,
            difference: None,
        };
        let header = format!("{{\"version\":1,\"timestamp\":\"{timestamp}\"}}");
        archive.entry("BELENIOS", header.as_bytes(), "the first entry");
        archive
    }

    /// Expects a data record and returns its hash.
    pub(crate) fn data(&mut self, body: &[u8], what: &str) -> String {
        let hash = hex::encode(sha256(&[body]));
        self.entry(&format!("{hash}.data.json"), body, what);
        hash
    }

    /// Expects an event record.
    pub(crate) fn event(&mut self, kind: &str, payload: Option<&str>) {
        let parent = self
            .parent
            .as_ref()
            .map_or_else(String::new, |parent| format!("\"parent\":\"{parent}\","));
        let payload = payload.map_or_else(String::new, |payload| format!(",\"payload\":\"{payload}\""));
        let body = format!(
            "{{{parent}\"height\":{},\"type\":\"{kind}\"{payload}}}",
            self.height
        );
        let hash = hex::encode(sha256(&[body.as_bytes()]));
        self.entry(&format!("{hash}.event.json"), body.as_bytes(), kind);
        self.parent = Some(hash);
        self.height = self.height.saturating_add(1);
    }

    /// Expects the end; `Err` says where the archive first differs.
    pub(crate) fn end(mut self) -> Result<(), String> {
        if self.difference.is_none() {
            let mut more = [0];
            match self.file.read(&mut more) {
                Ok(0) => {}
                Ok(_) => return Err("there is more than the archive has".to_owned()),
                Err(error) => return Err(format!("cannot be read: {error}")),
            }
        }
        self.difference.map_or(Ok(()), Err)
    }

    fn entry(&mut self, name: &str, body: &[u8], what: &str) {
        let header = header(name, body.len() as u64, self.timestamp);
        let padding = body.len().next_multiple_of(BLOCK_BYTES) - body.len();
        self.expect(&header, what);
        self.expect(body, what);
        self.expect(&[0; BLOCK_BYTES][..padding], what);
    }

    fn expect(&mut self, bytes: &[u8], what: &str) {
        if self.difference.is_some() {
            return;
        }
        let mut buffer = [0; 8192];
        for chunk in bytes.chunks(buffer.len()) {
            let Some(read) = buffer.get_mut(..chunk.len()) else {
                return;
            };
            let outcome = self.file.read_exact(read);
            if outcome.is_err() || read != chunk {
                self.difference = Some(format!("differs at event {}: {what}", self.height));
                return;
            }
        }
    }
}

/// The header of an entry. Spec: specs/ballot-suite.md §15.1.
pub(crate) fn header(name: &str, size: u64, timestamp: u64) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    let mut put = |at: usize, text: &str| {
        for (byte, character) in block.iter_mut().skip(at).zip(text.bytes()) {
            *byte = character;
        }
    };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, &format!("{timestamp:011o}"));
    put(148, "        ");
    put(156, "0");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    for (byte, character) in block.iter_mut().skip(148).zip(format!("{sum:06o}\0 ").bytes()) {
        *byte = character;
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of another tool begins with a header of this form.
    #[test]
    fn headers_are_those_of_other_tools() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/bel/tiny");
        let path = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|e| e == "bel"))
            .unwrap();
        let bytes = std::fs::read(path).unwrap();
        let mut at = 0;
        while at < bytes.len() {
            let field = |from: usize, to: usize| std::str::from_utf8(&bytes[at + from..at + to]).unwrap();
            let size = u64::from_str_radix(field(124, 135), 8).unwrap();
            let timestamp = u64::from_str_radix(field(136, 147), 8).unwrap();
            let name = field(0, 100).trim_end_matches('\0');
            assert_eq!(header(name, size, timestamp), bytes[at..at + BLOCK_BYTES]);
            at += BLOCK_BYTES + usize::try_from(size).unwrap().next_multiple_of(BLOCK_BYTES);
        }
    }
}
