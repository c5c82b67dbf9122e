//! Copies of ledgers that other machines write: the book of a polling station at the centre, the election ledger at a
//! station. Spec: specs/station.md §11.
//!
//! A copy is read-only here: it has no sequencer, and its checkpoints were signed elsewhere. It is a ledger of the store
//! whose service and ledger keys are both foreign, and whose last received checkpoint is in the checkpoint record.
//!
//! *Order of durability.* Nothing is written before everything that was brought is judged. Contents, then entries, then the checkpoint record. A crash in between leaves entries that the
//! record does not cover: they are not shown to anybody, and receiving the same file again finds and keeps them.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sijill_ledger::codec::bytes;
use sijill_ledger::tiles::{PublishedError, ledger_folder, read_published};
use sijill_ledger::{
    Chain, CheckpointError, Committed, ContentHash, ContentRef, Entry, Genesis, Kind, LedgerId,
    LedgerIdentity, Seq, SignedCheckpoint, UnverifiedEntry, decode_canonical, encode,
};
use sijill_registers::catalogue::{Event, types};
use sijill_registers::register::{ContentProblem, Contents, Context, Evidence, Facts, Rejection, State};
use sijill_registers::station::events::Signed;
use sijill_store::{Batch, NewEntry, PageLimit};
use tokio::sync::mpsc;

use crate::checkpoint_record::RecordError;
use crate::content::ContentStoreError;
use crate::engine::{Engine, EngineError};
use crate::ledgers::{Head, LedgerHandle};
use crate::load::LoadError;
use crate::publish::contents_of;

/// What a station file begins with.
const FORMAT: &[u8] = b"sijill-station/1\n";
const DIGEST_BYTES: usize = 32;
/// Entries of a batch when a copy is stored.
const BATCH_ENTRIES: usize = 4_096;
/// Bytes of such a batch.
const BATCH_BYTES: usize = 1 << 20;

/// Why a file or folder was not received. Nothing that was known before was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// Not a station file, cut off, or changed on the way.
    #[error("this is no whole station file: {0}")]
    Damaged(&'static str),
    /// The ledger is not a station of the event, or belongs to another event.
    #[error("ledger {0} is not a polling station of this event")]
    NotListed(LedgerId),
    /// The ledger is one that this service writes itself.
    #[error("ledger {0} is written by this service itself; nobody brings it here")]
    Own(LedgerId),
    /// The checkpoint is malformed or not signed by the ledger's key.
    #[error("its checkpoint is not signed by the key of the ledger: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// Fewer entries than the checkpoint has.
    #[error("its last entries are missing: {found} of the {signed} that its checkpoint signs")]
    Truncated {
        /// In the file.
        found: u64,
        /// In the checkpoint.
        signed: u64,
    },
    /// Entries that are not those of the checkpoint.
    #[error("its entries are not those that its checkpoint signs")]
    OtherEntries,
    /// The file is older than what is known.
    #[error("it is older than what is here: {found} entries, and {known} are known")]
    Older {
        /// In the file.
        found: u64,
        /// Known here.
        known: u64,
    },
    /// Two histories of one ledger, both signed.
    #[error(
        "it is another history than the one that is known: the first {size} entries differ. Both are signed by the ledger's key; keep both as evidence"
    )]
    Fork {
        /// The size at which both were signed.
        size: u64,
    },
    /// An entry is malformed or does not continue the ledger.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An entry breaks a rule.
    #[error("entry {seq} breaks a rule ({}): {rejection}", rejection.code())]
    Rule {
        /// Its position.
        seq: u64,
        /// The rule.
        rejection: Box<Rejection>,
    },
    /// An entry cites a state of another ledger that is not known here.
    #[error("entry {seq} cites ledger {ledger} at a size or with a root that is not known here")]
    Refs {
        /// Its position.
        seq: u64,
        /// The cited ledger.
        ledger: LedgerId,
    },
    /// A content that its events cite is missing.
    #[error("content {0}, which its events cite, is not in the file")]
    Content(ContentHash),
    /// The folder cannot be read.
    #[error("the published folder cannot be read: {0}")]
    Folder(String),
    /// It cannot be kept here now.
    #[error("it cannot be kept here now: {0}; try again")]
    Storage(String),
    /// The checkpoint record refuses.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl ReceiveError {
    /// A stable name of what is wrong.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "received.damaged",
            Self::NotListed(_) => "received.stranger",
            Self::Own(_) => "received.own",
            Self::Checkpoint(_) => "received.checkpoint",
            Self::Truncated { .. } => "received.truncated",
            Self::OtherEntries => "received.entries",
            Self::Older { .. } => "received.older",
            Self::Fork { .. } => "received.fork",
            Self::Load(_) => "received.entry",
            Self::Rule { .. } => "received.rule",
            Self::Refs { .. } => "received.refs",
            Self::Content(_) => "received.content",
            Self::Folder(_) => "received.folder",
            Self::Storage(_) | Self::Record(_) => "received.storage",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Bytes(#[serde(with = "bytes")] Vec<u8>);

/// A station's book on its way to the centre. Spec: specs/station.md §11.1.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationFile {
    ledger: LedgerId,
    checkpoint: String,
    entries: Vec<Bytes>,
    contents: Vec<Bytes>,
    signatures: Vec<Signed>,
    /// Who the guests are: sealed for the registrar, empty if there are none.
    guests: Bytes,
}

impl std::fmt::Debug for StationFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StationFile")
            .field("ledger", &self.ledger)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

impl StationFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ReceiveError::Damaged`].
    pub fn parse(file: &[u8]) -> Result<Self, ReceiveError> {
        let rest = file
            .strip_prefix(FORMAT)
            .ok_or(ReceiveError::Damaged("it does not begin like one"))?;
        let (body, digest) = rest
            .split_last_chunk::<DIGEST_BYTES>()
            .ok_or(ReceiveError::Damaged("it is cut off"))?;
        if Sha256::digest(body).as_slice() != digest {
            return Err(ReceiveError::Damaged(
                "it is cut off, or was changed on the way; copy it again",
            ));
        }
        decode_canonical(body).map_err(|_| ReceiveError::Damaged("it is not in its canonical form"))
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = encode(self);
        let mut file = Vec::with_capacity(FORMAT.len() + body.len() + DIGEST_BYTES);
        file.extend_from_slice(FORMAT);
        file.extend_from_slice(&body);
        file.extend_from_slice(&Sha256::digest(&body));
        file
    }

    /// The station's ledger.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Entries in it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The signatures of chair and members under the final state, ascending by key; none before the close.
    #[must_use]
    pub fn signatures(&self) -> &[Signed] {
        &self.signatures
    }

    /// The sealed list of guests; empty if there are none.
    #[must_use]
    pub fn guests(&self) -> &[u8] {
        &self.guests.0
    }
}

/// A ledger that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// The ledger.
    pub ledger: LedgerId,
    /// Entries that are known now.
    pub size: u64,
    /// Those that were new.
    pub new: u64,
}

impl Engine {
    /// Packs the book of a station of this engine for the way to the centre.
    ///
    /// # Errors
    /// [`EngineError`] if this service keeps no such ledger, or cannot read it.
    pub async fn export_station(
        &self,
        ledger: LedgerId,
        signatures: Vec<Signed>,
        guests: Vec<u8>,
    ) -> Result<StationFile, EngineError> {
        let missing = || EngineError::Missing(format!("this service keeps no ledger {ledger}"));
        let handle = self.ledgers().find(&ledger).ok_or_else(missing)?;
        let checkpoint = handle.checkpoint();
        let mut entries = Vec::new();
        let mut contents = Vec::new();
        while (entries.len() as u64) < checkpoint.size() {
            let left = usize::try_from(checkpoint.size()).unwrap_or(usize::MAX) - entries.len();
            let page = self.read(ledger, Seq::new(entries.len() as u64), left).await?;
            if page.is_empty() {
                return Err(EngineError::Internal(format!("ledger {ledger} ends early")));
            }
            for bytes in page {
                for cited in contents_of(Kind::Station, &bytes).map_err(EngineError::Internal)? {
                    let content = self
                        .contents()
                        .load(&cited)
                        .map_err(|e| EngineError::Internal(e.to_string()))?;
                    contents.push(Bytes(content.to_vec()));
                }
                entries.push(Bytes(bytes));
            }
        }
        Ok(StationFile {
            ledger,
            checkpoint: checkpoint.to_note(),
            entries,
            contents,
            signatures,
            guests: Bytes(guests),
        })
    }

    /// Takes the book of a station of an event, or what is new of it. The same file again changes nothing and succeeds.
    ///
    /// Every entry is judged by the rules of its position, as the door of the station's own machine did.
    ///
    /// # Errors
    /// [`ReceiveError`]: cut off, damaged, older, forked, of another event, against the rules.
    ///
    /// # Durability
    /// When this returns, entries and contents are on stable storage and the checkpoint is in the record.
    pub async fn receive_station(
        &self,
        event: LedgerId,
        file: &StationFile,
    ) -> Result<Received, ReceiveError> {
        let listed = match self.ledgers().find(&event).map(|handle| handle.facts()) {
            Some(Facts::Election(facts)) => facts.listed_stations().any(|l| l == file.ledger),
            _ => false,
        };
        if !listed {
            return Err(ReceiveError::NotListed(file.ledger));
        }
        let entries = file.entries.iter().map(|e| e.0.clone()).collect();
        let contents = file.contents.iter().map(|c| c.0.clone()).collect();
        let taken = Taken {
            ledger: file.ledger,
            kind: Kind::Station,
            parent: Some(event),
            note: file.checkpoint.clone(),
            entries,
            contents,
        };
        self.take(taken, true).await
    }

    /// Takes the public ledger of an event from a published folder, for a station. The folder was verified by the
    /// independent verifier before: here it is only compared with what is known.
    ///
    /// # Errors
    /// [`ReceiveError`].
    ///
    /// # Durability
    /// As [`Engine::receive_station`].
    pub async fn take_election(&self, event: LedgerId, folder: &Path) -> Result<Received, ReceiveError> {
        let base = folder.join(ledger_folder(event));
        let unreadable =
            |path: &Path, e: std::io::Error| ReceiveError::Folder(format!("{}: {e}", path.display()));
        let path = base.join("checkpoint");
        let note = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
        let size = sijill_ledger::UnverifiedCheckpoint::parse(&note)?
            .checkpoint()
            .size;
        let mut entries = Vec::new();
        let mut contents = Vec::new();
        read_published(
            size,
            |tile| {
                let path = base.join(tile.to_string());
                std::fs::read(&path).map_err(|e| unreadable(&path, e))
            },
            |_, bytes| {
                for content in contents_of(Kind::Election, bytes).map_err(ReceiveError::Folder)? {
                    let path = folder.join(content.path());
                    contents.push(std::fs::read(&path).map_err(|e| unreadable(&path, e))?);
                }
                entries.push(bytes.to_vec());
                Ok(())
            },
        )
        .map_err(|e| match e {
            PublishedError::Source(e) => e,
            other => ReceiveError::Folder(other.to_string()),
        })?;
        let taken = Taken {
            ledger: event,
            kind: Kind::Election,
            parent: None,
            note,
            entries,
            contents,
        };
        self.take(taken, false).await
    }

    async fn take(&self, taken: Taken, by_the_rules: bool) -> Result<Received, ReceiveError> {
        let ledger = taken.ledger;
        let (identity, checkpoint) = taken.identity()?;
        if identity.key == self.shared.ledger_key.key_id() {
            return Err(ReceiveError::Own(ledger));
        }
        let (found, signed) = (taken.entries.len() as u64, checkpoint.size());
        if found < signed {
            return Err(ReceiveError::Truncated { found, signed });
        }
        let known = self.shared.record.load(&identity)?;
        let hashes = taken.entries.iter().map(|e| sijill_store::leaf_hash(e));
        let mut tree = sijill_ledger::MerkleTree::new();
        hashes.for_each(|hash| tree.push(hash));
        if found > signed || tree.root() != checkpoint.root() {
            return Err(ReceiveError::OtherEntries);
        }
        if let Some(known) = &known {
            let here = self.ledgers().find(&ledger);
            let root_here = |size| here.as_ref().and_then(|handle| handle.durable_root(size));
            compare(known, &checkpoint, &tree, root_here)?;
            if known.size() == signed && here.is_some() {
                return Ok(Received {
                    ledger,
                    size: signed,
                    new: 0,
                });
            }
        }
        let contents = Brought::new(&taken.contents, self.contents());
        let look_ups = self.look_ups(&taken).await;
        let (head, cited) = self.replay(&taken, by_the_rules, &contents, &look_ups)?;
        let stored = self.stored(ledger, &taken.entries).await?;
        for content in cited.iter().filter_map(|hash| contents.brought.get(hash)) {
            self.put_content(content)
                .map_err(|e| ReceiveError::Storage(e.to_string()))?;
        }
        self.keep(ledger, &taken.entries, stored).await?;
        self.shared.record.advance(known.as_ref(), &checkpoint)?;
        self.adopt(head, checkpoint);
        let before = known.map_or(0, |k| k.size());
        Ok(Received {
            ledger,
            size: signed,
            new: signed - before,
        })
    }

    /// Judges every entry at its position. Returns what they cite, too.
    fn replay(
        &self,
        taken: &Taken,
        by_the_rules: bool,
        contents: &Brought<'_>,
        look_ups: &HashMap<u64, Evidence>,
    ) -> Result<(Head, BTreeSet<ContentHash>), ReceiveError> {
        let parsed: Vec<_> = taken
            .entries
            .par_iter()
            .enumerate()
            .map(|(seq, bytes)| {
                Entry::parse(bytes).map_err(|error| LoadError::Entry {
                    seq: seq as u64,
                    error,
                })
            })
            .collect();
        let mut head = None;
        let mut all_cited = BTreeSet::new();
        for entry in parsed {
            let entry = entry?;
            for content in contents_of(taken.kind, entry.bytes()).map_err(ReceiveError::Folder)? {
                self.find_content(&content, contents)?;
                all_cited.insert(content.sha256);
            }
            if by_the_rules && let Some(head) = &head {
                let evidence = look_ups.get(&entry.seq().as_u64());
                self.judge(head, &entry, contents, evidence.unwrap_or(&Evidence::None))?;
            }
            crate::load::push(&mut head, taken.ledger, &entry, contents)?;
        }
        let head = head.ok_or(LoadError::Empty(taken.ledger))?;
        Ok((head, all_cited))
    }

    /// Brought, or here already; of the length that is cited.
    fn find_content(&self, cited: &ContentRef, contents: &Brought<'_>) -> Result<(), ReceiveError> {
        if let Some(bytes) = contents.brought.get(&cited.sha256) {
            // The hash is that of the bytes already.
            return if bytes.len() as u64 == cited.length {
                Ok(())
            } else {
                Err(ReceiveError::Content(cited.sha256))
            };
        }
        match self.content.has(cited) {
            Ok(true) => Ok(()),
            Ok(false) | Err(ContentStoreError::Missing(_)) => Err(ReceiveError::Content(cited.sha256)),
            Err(e) => Err(ReceiveError::Storage(e.to_string())),
        }
    }

    /// What the boxes that papers cite say, by position of the paper: the boxes are here.
    async fn look_ups(&self, taken: &Taken) -> HashMap<u64, Evidence> {
        let mut found = HashMap::new();
        if taken.kind != Kind::Station {
            return found;
        }
        for (seq, bytes) in (0..).zip(&taken.entries) {
            let Ok(entry) = UnverifiedEntry::parse(bytes) else {
                continue;
            };
            let body = entry.body().body();
            if body.event_type.as_u16() == types::PAPER_ISSUED
                && let [cited] = body.refs.as_slice()
            {
                found.insert(seq, self.look_up_evidence(cited).await);
            }
        }
        found
    }

    fn judge(
        &self,
        head: &Head,
        entry: &Entry,
        contents: &Brought<'_>,
        evidence: &Evidence,
    ) -> Result<(), ReceiveError> {
        let seq = entry.seq().as_u64();
        let body = entry.body();
        for cited in &body.refs {
            let root = self
                .ledgers()
                .find(&cited.ledger)
                .and_then(|handle| handle.durable_root(cited.size));
            if root != Some(cited.root) {
                return Err(ReceiveError::Refs {
                    seq,
                    ledger: cited.ledger,
                });
            }
        }
        let rule = |rejection: Rejection| ReceiveError::Rule {
            seq,
            rejection: Box::new(rejection),
        };
        let event =
            Event::parse(head.state.kind(), body.event_type, &body.payload).map_err(|e| rule(e.into()))?;
        let context = Context {
            received_ms: entry.received_ms(),
            body_hash: entry.signed_body().hash(),
            refs: &body.refs,
            size: seq,
            contents,
            linked: &*self.shared.ledgers,
            evidence,
        };
        head.state
            .decide(body, &event, &context)
            .map(|_| ())
            .map_err(rule)
    }

    /// How many entries the store has. Those that it has must be the same.
    async fn stored(&self, ledger: LedgerId, entries: &[Vec<u8>]) -> Result<usize, ReceiveError> {
        let storage = |e: &dyn std::fmt::Display| ReceiveError::Storage(e.to_string());
        let store = &self.shared.store;
        let exists = store.list().await.map_err(|e| storage(&e))?.contains(&ledger);
        let mut at = 0;
        if exists {
            loop {
                let page = store
                    .read(ledger, Seq::new(at as u64), PageLimit::default())
                    .await
                    .map_err(|e| storage(&e))?;
                if page.entries.is_empty() {
                    break;
                }
                for stored in page.entries {
                    if entries.get(at).is_some_and(|e| e.as_slice() != stored.bytes()) {
                        return Err(ReceiveError::Fork { size: at as u64 + 1 });
                    }
                    at += 1;
                }
            }
        }
        Ok(at)
    }

    /// Stores what the store, which has `at` entries, does not have yet.
    async fn keep(&self, ledger: LedgerId, entries: &[Vec<u8>], mut at: usize) -> Result<(), ReceiveError> {
        let storage = |e: &dyn std::fmt::Display| ReceiveError::Storage(e.to_string());
        let store = &self.shared.store;
        while at < entries.len() {
            let mut batch = Vec::new();
            let mut size = 0;
            let most = BATCH_BYTES.min(store.batch_bytes());
            while let Some(bytes) = entries.get(at + batch.len()) {
                if !batch.is_empty() && (size + bytes.len() > most || batch.len() >= BATCH_ENTRIES) {
                    break;
                }
                size += bytes.len();
                batch.push(NewEntry::new(bytes.clone()).map_err(|e| storage(&e))?);
            }
            let length = batch.len();
            let batch = Batch::new(batch).map_err(|e| storage(&e))?;
            if at == 0 {
                store.create(ledger, batch).await.map_err(|e| storage(&e))?;
            } else {
                let expected = Seq::new(at as u64);
                store
                    .append(ledger, expected, batch)
                    .await
                    .map_err(|e| storage(&e))?;
            }
            at += length;
        }
        Ok(())
    }

    /// Shows a copy to the other parts. Nobody writes it: its queue has no other end.
    fn adopt(&self, head: Head, checkpoint: SignedCheckpoint) {
        let (queue, _) = mpsc::channel(1);
        let handle = LedgerHandle::new(head, 0, checkpoint, queue);
        self.shared.ledgers.insert(Arc::new(handle));
    }

    /// Opens a copy at start: the entries that the record covers. `Ok(false)` if nothing of it was ever received whole.
    pub(crate) async fn open_copy(&self, genesis: &Genesis) -> Result<bool, EngineError> {
        let ledger = genesis.id();
        let identity = LedgerIdentity::from(genesis);
        let recorded = |error| EngineError::Record { ledger, error };
        let load = |error| EngineError::Load { ledger, error };
        let Some(checkpoint) = self.shared.record.load(&identity).map_err(recorded)? else {
            return Ok(false);
        };
        let mut head: Option<Head> = None;
        let size = |head: &Option<Head>| head.as_ref().map_or(0, |h| h.chain.size());
        while size(&head) < checkpoint.size() {
            let from = size(&head);
            let page = self
                .shared
                .store
                .read(ledger, Seq::new(from), PageLimit::default())
                .await?;
            if page.entries.is_empty() {
                break;
            }
            for stored in page.entries {
                if size(&head) == checkpoint.size() {
                    break;
                }
                let seq = stored.seq().as_u64();
                let entry =
                    Entry::parse(stored.bytes()).map_err(|error| load(LoadError::Entry { seq, error }))?;
                crate::load::push(&mut head, ledger, &entry, self.contents()).map_err(load)?;
            }
        }
        let head = head.ok_or_else(|| load(LoadError::Empty(ledger)))?;
        crate::checkpoint_record::compare(&head.chain, Some(&checkpoint), None).map_err(recorded)?;
        self.adopt(head, checkpoint);
        Ok(true)
    }

    /// Whether a ledger is a copy of one that another machine writes.
    #[must_use]
    pub fn is_copy(&self, ledger: &LedgerId) -> bool {
        self.ledgers()
            .find(ledger)
            .is_some_and(|handle| handle.identity().key != self.shared.ledger_key.key_id())
    }
}

/// Contents that were brought and are not kept yet, before those that are here.
struct Brought<'a> {
    brought: HashMap<ContentHash, &'a [u8]>,
    here: &'a dyn Contents,
}

impl<'a> Brought<'a> {
    fn new(contents: &'a [Vec<u8>], here: &'a dyn Contents) -> Self {
        let hashed = |bytes: &'a Vec<u8>| {
            // Nothing cites what is too long to be cited.
            let content = ContentRef::of(bytes).ok()?;
            Some((content.sha256, bytes.as_slice()))
        };
        Self {
            brought: contents.iter().filter_map(hashed).collect(),
            here,
        }
    }
}

impl Contents for Brought<'_> {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        match self.brought.get(&content.sha256) {
            Some(bytes) if bytes.len() as u64 == content.length => Ok(Arc::from(*bytes)),
            Some(_) => Err(ContentProblem::Mismatch(content.sha256)),
            None => self.here.load(content),
        }
    }

    fn opening(&self, committed: &Committed) -> Result<Arc<[u8]>, ContentProblem> {
        self.here.opening(committed)
    }
}

/// What was brought, not yet judged.
struct Taken {
    ledger: LedgerId,
    kind: Kind,
    parent: Option<LedgerId>,
    note: String,
    entries: Vec<Vec<u8>>,
    contents: Vec<Vec<u8>>,
}

impl Taken {
    /// Who signs its checkpoints, by its own genesis, whose hash is the id that is trusted.
    fn identity(&self) -> Result<(LedgerIdentity, SignedCheckpoint), ReceiveError> {
        let first = self
            .entries
            .first()
            .ok_or(ReceiveError::Truncated { found: 0, signed: 1 })?;
        let chain = Entry::parse(first)
            .map_err(|error| LoadError::Entry { seq: 0, error })
            .and_then(|entry| Chain::start(&entry).map_err(|error| LoadError::Chain { seq: 0, error }))?;
        let genesis = chain.genesis();
        if genesis.id() != self.ledger || genesis.kind() != self.kind || genesis.parent() != self.parent {
            return Err(ReceiveError::NotListed(self.ledger));
        }
        State::start(genesis).map_err(LoadError::from)?;
        let identity = LedgerIdentity::from(genesis);
        let checkpoint = SignedCheckpoint::parse(&self.note, &identity)?;
        Ok((identity, checkpoint))
    }
}

/// Compares what is brought with what is known. Spec: specs/station.md §11.2.
fn compare(
    known: &SignedCheckpoint,
    brought: &SignedCheckpoint,
    tree: &sijill_ledger::MerkleTree,
    root_here: impl FnOnce(u64) -> Option<sijill_ledger::Root>,
) -> Result<(), ReceiveError> {
    let (known_size, found) = (known.size(), brought.size());
    if found >= known_size {
        return if tree.root_at(known_size) == Some(known.root()) {
            Ok(())
        } else {
            Err(ReceiveError::Fork { size: known_size })
        };
    }
    if root_here(found).is_some_and(|root| root != brought.root()) {
        return Err(ReceiveError::Fork { size: found });
    }
    Err(ReceiveError::Older {
        found,
        known: known_size,
    })
}
