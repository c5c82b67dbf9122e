//! The sequence of events, each with exactly its records, and the hashes that link them.
//!
//! Spec: specs/ballot-suite.md §15.3 to §15.5, specs/verification.md §9.3, §9.4.

use std::io::Read;

use crate::bel::entries::{Entries, Entry};
use crate::bel::{Fault, NoteKind, Notes};
use crate::check::Check;
use crate::hash::hex32;
use crate::json::{Cursor, JsonError, MAX_SMALL};
use crate::report::{ArchiveProfile, ArchiveStage};

/// Most records that can stand before an event.
const MAX_RECORDS: usize = 5;

/// An event with its records.
#[derive(Debug)]
pub(super) enum Step {
    Setup {
        election: Entry,
        trustees: Entry,
        credentials: Entry,
    },
    Ballot(Entry),
    EndBallots,
    EncryptedTally {
        tally: Entry,
        sized: Entry,
    },
    PartialDecryption {
        share: Entry,
        /// From 1 over the flattened list of trustees.
        owner: u64,
    },
    Result(Entry),
}

/// Reads an archive event by event.
pub(super) struct Steps<R> {
    entries: Entries<R>,
    profile: ArchiveProfile,
    parent: Option<[u8; 32]>,
    height: u64,
    stage: Option<ArchiveStage>,
    pub(super) notes: Notes,
}

struct Event {
    kind: Kind,
    payload: Option<[u8; 32]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Setup,
    Ballot,
    EndBallots,
    EncryptedTally,
    PartialDecryption,
    Result,
}

impl<R: Read> Steps<R> {
    /// `digested`: the SHA-256 of all bytes will be asked for.
    pub(super) fn open(reader: R, profile: ArchiveProfile, digested: bool) -> Result<Steps<R>, Fault> {
        Ok(Steps {
            entries: Entries::open(reader, digested)?,
            profile,
            parent: None,
            height: 0,
            stage: None,
            notes: Notes::default(),
        })
    }

    /// The stage reached so far; `None` before the setup.
    pub(super) fn stage(&self) -> Option<ArchiveStage> {
        self.stage
    }

    /// Events read so far.
    pub(super) fn height(&self) -> u64 {
        self.height
    }

    /// Hash of the last event.
    pub(super) fn head(&self) -> Option<[u8; 32]> {
        self.parent
    }

    pub(super) fn entries(&self) -> &Entries<R> {
        &self.entries
    }

    /// The next event; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Step>, Fault> {
        let mut records: Vec<Entry> = Vec::new();
        loop {
            let Some(entry) = self.entries.next()? else {
                return match records.first() {
                    None => Ok(None),
                    Some(record) => Err(order(record.index, "a record without an event after it")),
                };
            };
            if entry.is_event {
                return self.step(&entry, records).map(Some);
            }
            if records.len() == MAX_RECORDS {
                return Err(order(entry.index, "more records than any event has"));
            }
            records.push(entry);
        }
    }

    fn step(&mut self, entry: &Entry, records: Vec<Entry>) -> Result<Step, Fault> {
        let event = self.event(entry)?;
        let last = records.last().map(|record| record.hash);
        let stage = self.stage_after(event.kind).ok_or_else(|| {
            let before = self.stage.map_or("at the beginning".to_owned(), |stage| {
                format!("at stage {}", stage.name())
            });
            order(
                entry.index,
                format!("the event {} is out of order {before}", event.kind.name()),
            )
        })?;
        let step = self.with_records(entry.index, event.kind, records)?;
        if event.payload != last {
            let detail = "the payload is not the last record before the event";
            return Err(Fault::failed(Check::ArchiveEvent, entry.index, detail));
        }
        self.stage = Some(stage);
        self.parent = Some(entry.hash);
        self.height = self.height.saturating_add(1);
        Ok(step)
    }

    fn event(&self, entry: &Entry) -> Result<Event, Fault> {
        let fault = |detail: String| Fault::failed(Check::ArchiveEvent, entry.index, detail);
        let canonical = |error: JsonError| fault(format!("not a canonical event: {error}"));
        let mut cursor = Cursor::new(&entry.body);
        cursor.expect("{").map_err(canonical)?;
        let parent = if cursor.take("\"parent\":") {
            let parent = hash(&mut cursor).map_err(canonical)?;
            cursor.expect(",").map_err(canonical)?;
            Some(parent)
        } else {
            None
        };
        cursor.expect("\"height\":").map_err(canonical)?;
        let height = cursor.integer(MAX_SMALL).map_err(canonical)?;
        cursor.expect(",\"type\":").map_err(canonical)?;
        let name = cursor.plain(32).map_err(canonical)?;
        let payload = if cursor.take(",\"payload\":") {
            Some(hash(&mut cursor).map_err(canonical)?)
        } else {
            None
        };
        cursor.expect("}").map_err(canonical)?;
        cursor.end().map_err(canonical)?;
        if height != self.height {
            return Err(fault(format!("height {height} where {} follows", self.height)));
        }
        if parent != self.parent {
            return Err(fault("the parent is not the event before".to_owned()));
        }
        let kind = match name {
            "Setup" => Kind::Setup,
            "Ballot" => Kind::Ballot,
            "EndBallots" => Kind::EndBallots,
            "EncryptedTally" => Kind::EncryptedTally,
            "PartialDecryption" => Kind::PartialDecryption,
            "Result" => Kind::Result,
            "Shuffle" | "EndShuffles" => {
                return Err(Fault::Unsupported(format!("mixnets: the event {name}")));
            }
            _ => {
                return Err(Fault::Failed {
                    check: Check::ArchiveEvent,
                    code: "event.unknown",
                    entry: entry.index,
                    detail: format!("an event of the unknown type {name}"),
                });
            }
        };
        Ok(Event { kind, payload })
    }

    fn stage_after(&self, kind: Kind) -> Option<ArchiveStage> {
        use ArchiveStage::{Closed, Decrypting, Open, Result, Setup, Tallied};
        match (self.stage, kind) {
            (None, Kind::Setup) => Some(Setup),
            (Some(Setup | Open), Kind::Ballot) => Some(Open),
            (Some(Setup | Open), Kind::EndBallots) => Some(Closed),
            (Some(Closed), Kind::EncryptedTally) => Some(Tallied),
            (Some(Tallied | Decrypting), Kind::PartialDecryption) => Some(Decrypting),
            (Some(Decrypting), Kind::Result) => Some(Result),
            _ => None,
        }
    }

    /// Matches the records with the event, and the links between them.
    fn with_records(&mut self, event: u64, kind: Kind, records: Vec<Entry>) -> Result<Step, Fault> {
        let count = records.len();
        let mut records = records.into_iter();
        let step = match (kind, count, records.next(), records.next(), records.next()) {
            (Kind::Setup, 4 | 5, Some(election), Some(trustees), Some(credentials)) => {
                let hashes = [election.hash, trustees.hash, credentials.hash];
                let rest: Vec<Entry> = records.collect();
                self.check_setup(event, hashes, &rest)?;
                Some(Step::Setup {
                    election,
                    trustees,
                    credentials,
                })
            }
            (Kind::Ballot, 1, Some(ballot), ..) => Some(Step::Ballot(ballot)),
            (Kind::EndBallots, 0, ..) => Some(Step::EndBallots),
            (Kind::EncryptedTally, 2, Some(tally), Some(sized), _) => {
                Some(Step::EncryptedTally { tally, sized })
            }
            (Kind::PartialDecryption, 2, Some(share), Some(owned), _) => {
                let owner = owner_of(&owned, &share)?;
                Some(Step::PartialDecryption { share, owner })
            }
            (Kind::Result, 1, Some(result), ..) => Some(Step::Result(result)),
            _ => None,
        };
        step.ok_or_else(|| order(event, format!("the event {} has {count} records", kind.name())))
    }

    /// `rest` is the setup data, with the certificate before it if there is one.
    fn check_setup(&mut self, event: u64, hashes: [[u8; 32]; 3], rest: &[Entry]) -> Result<(), Fault> {
        let (certificate, setup) = match rest {
            [setup] => (None, setup),
            [certificate, setup] => (Some(certificate), setup),
            _ => return Err(order(event, "the event Setup has too few records")),
        };
        let fault = |detail: String| Fault::failed(Check::ArchiveElection, setup.index, detail);
        let canonical = |error: JsonError| fault(format!("not canonical setup data: {error}"));
        let mut cursor = Cursor::new(&setup.body);
        let mut named = [[0; 32]; 3];
        for (field, named) in ["{\"election\":", ",\"trustees\":", ",\"credentials\":"]
            .into_iter()
            .zip(&mut named)
        {
            cursor.expect(field).map_err(canonical)?;
            *named = hash(&mut cursor).map_err(canonical)?;
        }
        if named != hashes {
            return Err(fault(
                "the setup data does not name the three records before it".to_owned(),
            ));
        }
        let named = if cursor.take(",\"credentials_certificate\":") {
            Some(hash(&mut cursor).map_err(canonical)?)
        } else {
            None
        };
        cursor.expect("}").map_err(canonical)?;
        cursor.end().map_err(canonical)?;
        if named != certificate.map(|certificate| certificate.hash) {
            return Err(fault(
                "the certificate that is named is not the record before the setup data".to_owned(),
            ));
        }
        if named.is_some() {
            if self.profile == ArchiveProfile::Strict {
                return Err(fault(
                    "a certificate of the credentials: the profile `compatible` accepts it".to_owned(),
                ));
            }
            self.notes.add(NoteKind::Certificate, 1);
        }
        Ok(())
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Setup => "Setup",
            Kind::Ballot => "Ballot",
            Kind::EndBallots => "EndBallots",
            Kind::EncryptedTally => "EncryptedTally",
            Kind::PartialDecryption => "PartialDecryption",
            Kind::Result => "Result",
        }
    }
}

fn owner_of(owned: &Entry, share: &Entry) -> Result<u64, Fault> {
    let fault = |detail: String| Fault::failed(Check::ArchiveShare, owned.index, detail);
    let read = || {
        let mut cursor = Cursor::new(&owned.body);
        cursor.expect("{\"owner\":")?;
        let owner = cursor.integer(MAX_SMALL)?;
        cursor.expect(",\"payload\":")?;
        let payload = hash(&mut cursor)?;
        cursor.expect("}")?;
        cursor.end()?;
        Ok((owner, payload))
    };
    let (owner, payload) =
        read().map_err(|error: JsonError| fault(format!("not a canonical owner: {error}")))?;
    if payload != share.hash {
        return Err(fault(
            "the owner's payload is not the partial decryption before it".to_owned(),
        ));
    }
    Ok(owner)
}

fn hash(cursor: &mut Cursor<'_>) -> Result<[u8; 32], JsonError> {
    let text = cursor.plain(64)?;
    hex32(text).ok_or_else(|| cursor.error("a hash"))
}

fn order(entry: u64, detail: impl Into<String>) -> Fault {
    Fault::failed(Check::ArchiveOrder, entry, detail)
}
