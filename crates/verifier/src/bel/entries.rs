//! Entries of an archive, read one after the other, with no more than one body in memory.
//!
//! Spec: specs/ballot-suite.md §15.1 to §15.3, specs/verification.md §9.1, §9.2.

use std::io::Read;

use sha2::{Digest as _, Sha256};

use crate::archive::{BLOCK_BYTES, header};
use crate::bel::Fault;
use crate::check::Check;
use crate::hash::sha256;
use crate::json::Cursor;

/// Largest body of a record.
const MAX_BODY_BYTES: u64 = 1 << 28;
/// What is set aside for a body before any of it was read.
const EXPECTED_BODY_BYTES: usize = 1 << 16;
/// Largest body of the first entry; it has at most 49 bytes.
const MAX_FIRST_BYTES: u64 = 256;
/// First timestamp that 11 octal digits cannot write.
const TIMESTAMP_LIMIT: u64 = 1 << 33;
const FIRST_NAME: &str = "BELENIOS";

/// A record whose name is right.
#[derive(Debug)]
pub(super) struct Entry {
    /// Number of the entry in the file, from 0.
    pub(super) index: u64,
    pub(super) is_event: bool,
    pub(super) hash: [u8; 32],
    pub(super) body: Vec<u8>,
}

/// An archive that is being read.
pub(super) struct Entries<R> {
    reader: R,
    /// Of all bytes, if that is asked for.
    digest: Option<Sha256>,
    /// Of all names: a header follows from name, size and timestamp, and a body from its name, so they stand for the bytes.
    names: Sha256,
    timestamp: u64,
    /// Entries read so far.
    count: u64,
}

/// What a header says.
struct Header {
    name: String,
    size: u64,
}

impl<R: Read> Entries<R> {
    /// Reads the first entry. `digested`: the SHA-256 of all bytes will be asked for.
    pub(super) fn open(reader: R, digested: bool) -> Result<Entries<R>, Fault> {
        let mut entries = Entries {
            reader,
            digest: digested.then(Sha256::new),
            names: Sha256::new(),
            timestamp: 0,
            count: 0,
        };
        let not_an_archive =
            || Fault::Unsupported("not an archive: it does not begin with the entry BELENIOS".to_owned());
        let mut block = [0; BLOCK_BYTES];
        if entries.fill(&mut block)? != block.len() || name_of(&block).as_deref() != Some(FIRST_NAME) {
            return Err(not_an_archive());
        }
        entries.timestamp = octal(&block, 136)
            .filter(|timestamp| *timestamp < TIMESTAMP_LIMIT)
            .ok_or_else(|| entries.fault("the timestamp is not 11 octal digits"))?;
        let header = entries.check_header(&block)?;
        if header.size > MAX_FIRST_BYTES {
            return Err(entries.fault("the first entry is too long"));
        }
        let body = entries.body(header.size)?;
        let mut cursor = Cursor::new(&body);
        if cursor.take("{\"version\":")
            && let Ok(version) = cursor.integer(u64::MAX)
            && version != 1
        {
            return Err(Fault::Unsupported(format!("version {version} of the archive")));
        }
        if body != format!("{{\"version\":1,\"timestamp\":\"{}\"}}", entries.timestamp).as_bytes() {
            return Err(entries.fault("the first entry does not give version and timestamp of its header"));
        }
        entries.names.update(&body);
        entries.count = 1;
        Ok(entries)
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Fault> {
        let mut block = [0; BLOCK_BYTES];
        match self.fill(&mut block)? {
            0 => return Ok(None),
            BLOCK_BYTES => {}
            _ => return Err(self.fault("the header is cut off")),
        }
        if block.iter().all(|byte| *byte == 0) {
            return Err(self.fault("a block of zeros, which archives do not have"));
        }
        let header = self.check_header(&block)?;
        if header.size > MAX_BODY_BYTES {
            return Err(self.fault(format!("a record of more than {MAX_BODY_BYTES} bytes")));
        }
        let body = self.body(header.size)?;
        let hash = sha256(&[&body]);
        let is_event = header.name.ends_with(".event.json");
        let kind = if is_event { "event" } else { "data" };
        if header.name != format!("{}.{kind}.json", hex::encode(hash)) {
            return Err(Fault::failed(
                Check::ArchiveName,
                self.count,
                "the name is not the hash of the record with .data.json or .event.json",
            ));
        }
        self.names.update(header.name);
        let index = self.count;
        self.count = self.count.saturating_add(1);
        Ok(Some(Entry {
            index,
            is_event,
            hash,
            body,
        }))
    }

    /// Entries read so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// SHA-256 of all bytes read so far, if it was to be made.
    pub(super) fn digest(&self) -> Option<[u8; 32]> {
        self.digest.clone().map(|digest| digest.finalize().into())
    }

    /// What differs if any byte read so far does.
    pub(super) fn names(&self) -> [u8; 32] {
        self.names.clone().finalize().into()
    }

    pub(super) fn timestamp(&self) -> u64 {
        self.timestamp
    }

    fn fault(&self, detail: impl Into<String>) -> Fault {
        Fault::failed(Check::ArchiveEntry, self.count, detail)
    }

    fn check_header(&self, block: &[u8; BLOCK_BYTES]) -> Result<Header, Fault> {
        let name = name_of(block).ok_or_else(|| self.fault("the name is not text"))?;
        let size = octal(block, 124).ok_or_else(|| self.fault("the size is not 11 octal digits"))?;
        if header(&name, size, self.timestamp) != *block {
            return Err(
                self.fault("the header is not the one of this name, size and the archive's timestamp")
            );
        }
        Ok(Header { name, size })
    }

    /// Reads a body and its padding. Memory grows with what is there, not with what the header claims.
    fn body(&mut self, size: u64) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::with_capacity(
            usize::try_from(size)
                .unwrap_or(usize::MAX)
                .min(EXPECTED_BODY_BYTES),
        );
        let outcome = (&mut self.reader).take(size).read_to_end(&mut body);
        outcome.map_err(unreadable)?;
        self.digested(&body);
        if body.len() as u64 != size {
            return Err(self.fault("the record is cut off"));
        }
        let mut padding = [0; BLOCK_BYTES];
        let padding = padding
            .get_mut(..body.len().next_multiple_of(BLOCK_BYTES) - body.len())
            .unwrap_or_default();
        let length = padding.len();
        if self.fill(padding)? != length {
            return Err(self.fault("the padding is cut off"));
        }
        if padding.iter().any(|byte| *byte != 0) {
            return Err(self.fault("the padding is not NUL"));
        }
        Ok(body)
    }

    /// Reads until the buffer is full or the file ends, and says how much there was.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
        self.digested(buffer.get(..filled).unwrap_or_default());
        Ok(filled)
    }

    fn digested(&mut self, bytes: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
    }
}

fn unreadable(error: std::io::Error) -> Fault {
    Fault::Unsupported(format!("cannot be read: {error}"))
}

/// The name of a header, up to the first NUL.
fn name_of(block: &[u8; BLOCK_BYTES]) -> Option<String> {
    let field = block.get(..100)?;
    let name = field.split(|byte| *byte == 0).next()?;
    let printable = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    printable.then(|| name.iter().map(|byte| char::from(*byte)).collect())
}

/// A field of 11 octal digits.
fn octal(block: &[u8; BLOCK_BYTES], at: usize) -> Option<u64> {
    let digits = block.get(at..at.checked_add(11)?)?;
    digits.iter().try_fold(0u64, |value, digit| {
        matches!(digit, b'0'..=b'7').then(|| value * 8 + u64::from(digit - b'0'))
    })
}
