//! What the cluster holds.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Mutex;

use bytes::Bytes;
use tokio::sync::watch;

use crate::{ReadFault, WriteFault};

/// A stream's expected state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Revision(u64),
    NoStream,
    Any,
    Exists,
}

/// An event on its way in.
#[derive(Debug, Clone)]
pub(crate) struct Proposed {
    pub(crate) id: [u8; 16],
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) custom_metadata: Bytes,
    pub(crate) data: Bytes,
}

/// An event that stands.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) revision: u64,
    pub(crate) position: u64,
    pub(crate) event: Proposed,
}

#[derive(Debug, Default)]
struct Stream {
    /// By revision; None was scavenged.
    events: Vec<Option<Recorded>>,
    tombstoned: bool,
}

/// Why a write was refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// With the last revision, if there is one.
    WrongExpected(Option<u64>),
    Deleted,
}

/// What a stream shows to readers.
#[derive(Debug)]
pub(crate) enum View {
    NotFound,
    Deleted,
    /// First readable revision, last revision.
    Range(u64, u64),
}

/// The streams of a cluster, and the faults to come.
#[derive(Debug)]
pub struct Database {
    streams: Mutex<HashMap<Bytes, Stream>>,
    position: Mutex<u64>,
    pub(crate) writes: Mutex<VecDeque<WriteFault>>,
    pub(crate) reads: Mutex<VecDeque<ReadFault>>,
    stalled: Mutex<HashSet<Bytes>>,
    pub(crate) grown: watch::Sender<u64>,
    appends: std::sync::atomic::AtomicU64,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            streams: Mutex::default(),
            position: Mutex::default(),
            writes: Mutex::default(),
            reads: Mutex::default(),
            stalled: Mutex::default(),
            grown: watch::Sender::new(0),
            appends: std::sync::atomic::AtomicU64::new(0),
        }
    }
}

impl Database {
    /// Lets a write to come fail.
    pub fn inject_write(&self, fault: WriteFault) {
        self.writes.lock().unwrap().push_back(fault);
    }

    /// Lets a read to come fail.
    pub fn inject_read(&self, fault: ReadFault) {
        self.reads.lock().unwrap().push_back(fault);
    }

    /// From now on writes to a stream are neither made nor answered.
    pub fn stall(&self, stream: &str) {
        self.stalled
            .lock()
            .unwrap()
            .insert(Bytes::copy_from_slice(stream.as_bytes()));
    }

    pub(crate) fn is_stalled(&self, stream: &Bytes) -> bool {
        self.stalled.lock().unwrap().contains(stream)
    }

    /// Forgets the faults to come.
    pub fn clear_faults(&self) {
        self.writes.lock().unwrap().clear();
        self.reads.lock().unwrap().clear();
    }

    /// Whether every injected fault has happened.
    pub fn faults_are_used_up(&self) -> bool {
        self.writes.lock().unwrap().is_empty() && self.reads.lock().unwrap().is_empty()
    }

    /// Requests to append that changed something or not.
    pub fn append_requests(&self) -> u64 {
        self.appends.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Events of a stream, scavenged ones included; 0 if there is no stream.
    pub fn len(&self, stream: &str) -> usize {
        let streams = self.streams.lock().unwrap();
        streams.get(stream.as_bytes()).map_or(0, |s| s.events.len())
    }

    /// Whether there is no such stream.
    pub fn is_empty(&self, stream: &str) -> bool {
        self.len(stream) == 0
    }

    /// Overwrites the data of an event with 0xFF in place, as the redactor does.
    pub fn redact(&self, stream: &str, revision: usize) {
        self.change(stream, revision, |event| {
            event.data = vec![0xff; event.data.len()].into();
        });
    }

    /// Replaces data and metadata of an event: what somebody who controls the disks can do.
    pub fn replace(&self, stream: &str, revision: usize, data: Vec<u8>, custom_metadata: Vec<u8>) {
        self.change(stream, revision, |event| {
            event.data = data.into();
            event.custom_metadata = custom_metadata.into();
        });
    }

    /// Removes an event physically and leaves a gap, as scavenging does.
    pub fn scavenge(&self, stream: &str, revision: usize) {
        let mut streams = self.streams.lock().unwrap();
        streams.get_mut(stream.as_bytes()).unwrap().events[revision] = None;
    }

    /// Cuts a stream down to its first events, as a restored old backup would.
    pub fn cut(&self, stream: &str, len: usize) {
        let mut streams = self.streams.lock().unwrap();
        streams.get_mut(stream.as_bytes()).unwrap().events.truncate(len);
    }

    fn change(&self, stream: &str, revision: usize, change: impl FnOnce(&mut Proposed)) {
        let mut streams = self.streams.lock().unwrap();
        let stream = streams.get_mut(stream.as_bytes()).unwrap();
        change(&mut stream.events[revision].as_mut().unwrap().event);
    }

    /// Appends, or finds that exactly these events stand there already. Answers the last revision and position.
    pub(crate) fn append(
        &self,
        name: &Bytes,
        expected: Expected,
        events: &[Proposed],
    ) -> Result<(Option<u64>, u64), Refused> {
        self.appends.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut streams = self.streams.lock().unwrap();
        let truncated = truncate_before(&streams, name);
        let metadata_exists = streams.contains_key(&metadata_stream(name));
        let stream = streams.entry(name.clone()).or_default();
        if stream.tombstoned {
            return Err(Refused::Deleted);
        }
        let next = stream.events.len() as u64;
        let soft_deleted = truncated == Some(u64::MAX >> 1);
        let start = match expected {
            Expected::Any => None,
            Expected::Exists if soft_deleted || (next == 0 && !metadata_exists) => {
                return Err(Refused::WrongExpected(next.checked_sub(1)));
            }
            Expected::Exists => None,
            Expected::NoStream => Some(0),
            Expected::Revision(revision) => Some(revision.wrapping_add(1)),
        };
        let id_at = |revision: u64| {
            usize::try_from(revision)
                .ok()
                .and_then(|at| stream.events.get(at))
                .and_then(|event| event.as_ref().map(|e| e.event.id))
        };
        match start {
            // Recently written events are looked for; here: all of them.
            None => {
                let found = |id: &[u8; 16]| {
                    stream
                        .events
                        .iter()
                        .flatten()
                        .find(|recorded| recorded.event.id == *id)
                };
                let places: Vec<_> = events.iter().map(|e| found(&e.id).map(|r| r.revision)).collect();
                match (places.first(), places.last()) {
                    (Some(Some(_)), Some(Some(last))) => return Ok((Some(*last), 0)),
                    (Some(Some(_)), _) => return Err(Refused::WrongExpected(next.checked_sub(1))),
                    _ => {}
                }
            }
            Some(start) if start < next => {
                let ours = |(at, event): (u64, &Proposed)| id_at(at) == Some(event.id);
                if !events.is_empty() && (start..).zip(events).all(ours) {
                    return Ok((Some(start + events.len() as u64 - 1), 0));
                }
                let continues_deleted = expected == Expected::NoStream && soft_deleted;
                if !continues_deleted {
                    return Err(Refused::WrongExpected(next.checked_sub(1)));
                }
            }
            Some(start) if start > next => return Err(Refused::WrongExpected(next.checked_sub(1))),
            Some(_) => {}
        }
        let mut position = self.position.lock().unwrap();
        for event in events {
            *position += 1;
            let revision = stream.events.len() as u64;
            stream.events.push(Some(Recorded {
                revision,
                position: *position,
                event: event.clone(),
            }));
        }
        let answer = ((stream.events.len() as u64).checked_sub(1), *position);
        if soft_deleted {
            // Writing to a deleted stream brings it back, from here on.
            let metadata = metadata(format!("{{\"$tb\":{next}}}"));
            let meta = streams.entry(metadata_stream(name)).or_default();
            let revision = meta.events.len() as u64;
            meta.events.push(Some(Recorded {
                revision,
                position: *position,
                event: metadata,
            }));
        }
        if streams.get(name).is_some_and(|s| s.events.is_empty()) {
            streams.remove(name);
        }
        drop(streams);
        self.grown.send_modify(|version| *version += 1);
        Ok(answer)
    }

    pub(crate) fn delete(&self, name: &Bytes, expected: Expected, hard: bool) -> Result<(), Refused> {
        let mut streams = self.streams.lock().unwrap();
        let len = streams.get(name).map_or(0, |s| s.events.len() as u64);
        let wrong = match expected {
            Expected::Any => false,
            Expected::Exists => len == 0,
            Expected::NoStream => len != 0,
            Expected::Revision(revision) => Some(revision) != len.checked_sub(1),
        };
        if wrong {
            return Err(Refused::WrongExpected(len.checked_sub(1)));
        }
        if hard {
            streams.entry(name.clone()).or_default().tombstoned = true;
        } else {
            let meta = streams.entry(metadata_stream(name)).or_default();
            let revision = meta.events.len() as u64;
            meta.events.push(Some(Recorded {
                revision,
                position: 0,
                event: metadata(format!("{{\"$tb\":{}}}", u64::MAX >> 1)),
            }));
        }
        drop(streams);
        self.grown.send_modify(|version| *version += 1);
        Ok(())
    }

    pub(crate) fn view(&self, name: &Bytes) -> View {
        let streams = self.streams.lock().unwrap();
        let Some(stream) = streams.get(name) else {
            return View::NotFound;
        };
        if stream.tombstoned {
            return View::Deleted;
        }
        let len = stream.events.len() as u64;
        let first = truncate_before(&streams, name).unwrap_or(0);
        if first >= len {
            return View::NotFound;
        }
        View::Range(first, len - 1)
    }

    /// Up to `most` events with revisions in `from..=to`, in that direction.
    pub(crate) fn events(&self, name: &Bytes, from: u64, to: u64, most: usize, back: bool) -> Vec<Recorded> {
        let streams = self.streams.lock().unwrap();
        let Some(stream) = streams.get(name) else {
            return Vec::new();
        };
        let end = stream
            .events
            .len()
            .min(usize::try_from(to).unwrap_or(usize::MAX).saturating_add(1));
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(end);
        let range = stream.events[start..end].iter().flatten();
        if back {
            range.rev().take(most).cloned().collect()
        } else {
            range.take(most).cloned().collect()
        }
    }
}

fn metadata(json: String) -> Proposed {
    let pairs = [
        ("type", "$metadata"),
        ("content-type", "application/json"),
        ("created", "0"),
    ];
    Proposed {
        id: [0; 16],
        metadata: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        custom_metadata: Bytes::new(),
        data: json.into(),
    }
}

fn metadata_stream(name: &Bytes) -> Bytes {
    [b"$$", &name[..]].concat().into()
}

/// The first revision that may be read, from the newest metadata of the stream.
fn truncate_before(streams: &HashMap<Bytes, Stream>, name: &Bytes) -> Option<u64> {
    let newest = streams.get(&metadata_stream(name))?.events.last()?.as_ref()?;
    let json: serde_json::Value = serde_json::from_slice(&newest.event.data).ok()?;
    let before = json.get("$tb").and_then(serde_json::Value::as_u64);
    let count = json.get("$maxCount").and_then(serde_json::Value::as_u64);
    let len = streams.get(name).map_or(0, |s| s.events.len() as u64);
    before.max(count.map(|count| len.saturating_sub(count)))
}
