//! `.bel` archives: what the tools of the Belenios protocol read.
//!
//! An archive of a finished election, written record by record: ballots pass through, and nothing is kept in memory.
//!
//! Spec: specs/ballot-suite.md §15.

use crate::hash;
use crate::json;
use serde::Serialize;
use std::io::{self, Write};

const BLOCK_BYTES: usize = 512;

/// Everything of a finished election but its ballots. All texts are the exact records.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveParts<'a> {
    /// Timestamp of every entry, in seconds; at most 8^11 − 1.
    pub timestamp: u64,
    /// Election record.
    pub election: &'a str,
    /// Trustees record.
    pub trustees: &'a str,
    /// Credential list.
    pub credentials: &'a str,
    /// Encrypted tally.
    pub encrypted_tally: &'a str,
    /// Sized encrypted tally.
    pub sized_tally: &'a str,
    /// Partial decryptions with the numbers of their owners, in the order of the archive.
    pub shares: &'a [(usize, String)],
    /// Result.
    pub result: &'a str,
}

/// Writes the archive of a finished election; `ballots` are those of the archive, in order.
///
/// # Errors
/// Those of `out` and of `ballots`; [`io::ErrorKind::InvalidInput`] for a timestamp or a record that a header cannot hold.
pub fn write_archive<W, B, E>(
    out: &mut W,
    parts: &ArchiveParts<'_>,
    ballots: impl IntoIterator<Item = Result<B, E>>,
) -> Result<(), E>
where
    W: Write,
    B: AsRef<[u8]>,
    E: From<io::Error>,
{
    let mut archive = Archive {
        out,
        timestamp: parts.timestamp,
        parent: None,
        height: 0,
    };
    archive.header()?;
    let setup = Setup {
        election: archive.data(parts.election.as_bytes())?,
        trustees: archive.data(parts.trustees.as_bytes())?,
        credentials: archive.data(parts.credentials.as_bytes())?,
    };
    let setup = archive.data(json::write(&setup).as_bytes())?;
    archive.event("Setup", Some(setup))?;
    for ballot in ballots {
        let ballot = archive.data(ballot?.as_ref())?;
        archive.event("Ballot", Some(ballot))?;
    }
    archive.event("EndBallots", None)?;
    archive.data(parts.encrypted_tally.as_bytes())?;
    let sized = archive.data(parts.sized_tally.as_bytes())?;
    archive.event("EncryptedTally", Some(sized))?;
    for (owner, share) in parts.shares {
        let payload = archive.data(share.as_bytes())?;
        let owned = Owned {
            owner: *owner as u64,
            payload,
        };
        let owned = archive.data(json::write(&owned).as_bytes())?;
        archive.event("PartialDecryption", Some(owned))?;
    }
    let result = archive.data(parts.result.as_bytes())?;
    archive.event("Result", Some(result))?;
    Ok(())
}

#[derive(Serialize)]
struct Header {
    version: u64,
    timestamp: String,
}

#[derive(Serialize)]
struct Setup {
    election: String,
    trustees: String,
    credentials: String,
}

#[derive(Serialize)]
struct Owned {
    owner: u64,
    payload: String,
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
    height: u64,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
}

struct Archive<'a, W> {
    out: &'a mut W,
    timestamp: u64,
    parent: Option<String>,
    height: u64,
}

impl<W: Write> Archive<'_, W> {
    fn header(&mut self) -> io::Result<()> {
        let header = Header {
            version: 1,
            timestamp: self.timestamp.to_string(),
        };
        self.entry("BELENIOS", json::write(&header).as_bytes())
    }

    /// Writes a data record and returns its hash.
    fn data(&mut self, body: &[u8]) -> io::Result<String> {
        let hash = hex::encode(hash::sha256(body));
        self.entry(&format!("{hash}.data.json"), body)?;
        Ok(hash)
    }

    fn event(&mut self, r#type: &str, payload: Option<String>) -> io::Result<()> {
        let event = Event {
            parent: self.parent.as_deref(),
            height: self.height,
            r#type,
            payload,
        };
        let body = json::write(&event);
        let hash = hex::encode(hash::sha256(body.as_bytes()));
        self.entry(&format!("{hash}.event.json"), body.as_bytes())?;
        self.parent = Some(hash);
        self.height += 1;
        Ok(())
    }

    fn entry(&mut self, name: &str, body: &[u8]) -> io::Result<()> {
        let mut block = [0; BLOCK_BYTES];
        let mut put = |at: usize, text: &str| {
            if let Some(field) = block.get_mut(at..at + text.len()) {
                field.copy_from_slice(text.as_bytes());
            }
        };
        put(0, name);
        put(100, "0000644");
        put(108, "0000000");
        put(116, "0000000");
        put(124, &octal(body.len() as u64)?);
        put(136, &octal(self.timestamp)?);
        put(148, "        ");
        put(156, "0");
        let checksum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        if let Some(field) = block.get_mut(148..156) {
            field.copy_from_slice(format!("{checksum:06o}\0 ").as_bytes());
        }
        self.out.write_all(&block)?;
        self.out.write_all(body)?;
        let padding = body.len().next_multiple_of(BLOCK_BYTES) - body.len();
        self.out.write_all(&[0; BLOCK_BYTES][..padding])
    }
}

/// Eleven octal digits.
fn octal(number: u64) -> io::Result<String> {
    let digits = format!("{number:011o}");
    if digits.len() == 11 {
        Ok(digits)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a number in an archive's header is too large",
        ))
    }
}
