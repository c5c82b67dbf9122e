//! Snapshots of heads: chain and register state of a ledger in one file, so that a long ledger need not be read back
//! whole at start.
//!
//! A snapshot is a cache beside the store and never evidence. It is written of durable entries that the checkpoint
//! record covers, and signed by the service key, so that nobody without that key can plant a state. [`crate::load`]
//! uses it only if the chain that it leads to has the root that is recorded. One that is torn, damaged, of another
//! ledger, another version or another history is passed over. Spec: specs/operations.md §11.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use sijill_ledger::{LeafHash, LedgerId, Signature, SigningKey};
use sijill_registers::register::StateSnapshot;

use crate::durable;
use crate::ledgers::Head;

/// Raise the number when a chain or a register comes to remember something else, or the same differently.
const FORMAT: &[u8] = b"sijill-head/3\n";
const MESSAGE_TAG: &[u8] = b"sijill/head-snapshot/v1\n";
const FILE: &str = "ledger.head";

/// Fewer new entries are not worth a snapshot: reading them back takes a second or two.
const LEAST_ENTRIES: u64 = 32_768;
/// A snapshot is due when a ledger has grown by this part: the whole is rewritten 16 times while it doubles.
const GROWTH: u64 = 16;
/// Fewer are not worth one when a ledger is closed.
const LEAST_AT_CLOSE: u64 = 1_024;

/// Whether a ledger of this size, with a snapshot of `last` entries or none (0), should have a new one.
pub(crate) fn is_due(last: u64, size: u64) -> bool {
    size.saturating_sub(last) >= LEAST_ENTRIES.max(size / GROWTH)
}

/// The same when the ledger is closed.
pub(crate) fn is_due_at_close(last: u64, size: u64) -> bool {
    size.saturating_sub(last) >= LEAST_AT_CLOSE
}

/// A snapshot that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadSnapshot {
    /// Entries of the ledger that it stands for.
    pub size: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// For how long the ledger took no events.
    pub pause: Duration,
}

/// A copy of a head, not yet in one piece and not signed.
pub(crate) struct Copied {
    pub(crate) size: u64,
    ledger: LedgerId,
    last: LeafHash,
    pause: Duration,
    chain: Vec<u8>,
    state: StateSnapshot,
}

/// Copies a head; `None` for registers that are always replayed. The only part that holds up the sequencer.
pub(crate) fn copy(head: &Head) -> Option<Copied> {
    let start = Instant::now();
    let (state, chain) = rayon::join(|| head.state.snapshot(), || head.chain.snapshot());
    Some(Copied {
        size: head.chain.size(),
        ledger: head.chain.ledger(),
        last: head.chain.tail(),
        state: state?,
        chain,
        pause: start.elapsed(),
    })
}

/// A snapshot that was read: by this service, of the ledger asked for.
pub(crate) struct Found {
    pub(crate) size: u64,
    pub(crate) last: LeafHash,
    bytes: Vec<u8>,
    chain: std::ops::Range<usize>,
    state: std::ops::Range<usize>,
}

impl Found {
    pub(crate) fn chain(&self) -> &[u8] {
        &self.bytes[self.chain.clone()]
    }

    pub(crate) fn state(&self) -> &[u8] {
        &self.bytes[self.state.clone()]
    }
}

/// The folder of all snapshots, and the key that signs those of heads.
#[derive(Debug)]
pub(crate) struct HeadSnapshots {
    folder: PathBuf,
    key: SigningKey,
}

impl HeadSnapshots {
    pub(crate) fn new(folder: &Path, service_key: &SigningKey) -> Self {
        Self {
            folder: folder.to_owned(),
            key: SigningKey::from_seed(&service_key.seed()),
        }
    }

    fn path(&self, ledger: LedgerId) -> PathBuf {
        self.folder.join(ledger.to_string()).join(FILE)
    }

    /// Signs and writes a snapshot aside, then renames it: a reader sees the old or the new one. Not forced to the
    /// disk: what a loss of power leaves of it is passed over for its signature.
    pub(crate) fn write(&self, copied: &Copied) -> std::io::Result<HeadSnapshot> {
        let state = copied.state.to_bytes();
        let mut header = FORMAT.to_vec();
        header.extend_from_slice(copied.ledger.as_bytes());
        header.extend_from_slice(&copied.size.to_be_bytes());
        header.extend_from_slice(copied.last.as_bytes());
        header.extend_from_slice(&(copied.chain.len() as u64).to_be_bytes());
        header.extend_from_slice(&(state.len() as u64).to_be_bytes());
        let parts = [&header, &copied.chain, &state];
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        let signature = self.key.sign(&message(hash));
        let path = self.path(copied.ledger);
        durable::parent_of_expendable(&path)?;
        let draft = path.with_extension("head.new");
        let mut file = durable::private().create(true).truncate(true).open(&draft)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.write_all(signature.as_bytes())?;
        fs::rename(&draft, &path)?;
        let bytes = parts.iter().map(|part| part.len() as u64).sum::<u64>() + Signature::LEN as u64;
        Ok(HeadSnapshot {
            size: copied.size,
            bytes,
            pause: copied.pause,
        })
    }

    /// The snapshot of a ledger, if there is one that this service has written in this version.
    pub(crate) fn read(&self, ledger: LedgerId) -> Option<Found> {
        let bytes = fs::read(self.path(ledger)).ok()?;
        let (signed, signature) = bytes.split_last_chunk::<64>()?;
        let rest = signed.strip_prefix(FORMAT)?;
        let (id, rest) = rest.split_first_chunk::<32>()?;
        let (size, rest) = rest.split_first_chunk()?;
        let (last, rest) = rest.split_first_chunk()?;
        let (chain, rest) = rest.split_first_chunk()?;
        let (state, parts) = rest.split_first_chunk()?;
        let length = |bytes: &[u8; 8]| usize::try_from(u64::from_be_bytes(*bytes)).ok();
        let (chain, state) = (length(chain)?, length(state)?);
        if *id != ledger.to_bytes() || chain.checked_add(state)? != parts.len() {
            return None;
        }
        let signature = Signature::from_bytes(*signature);
        self.key
            .public_key()
            .verify(&message(Sha256::new_with_prefix(signed)), &signature)
            .ok()?;
        let start = signed.len() - parts.len();
        Some(Found {
            size: u64::from_be_bytes(*size),
            last: LeafHash::from_bytes(*last),
            chain: start..start + chain,
            state: start + chain..start + chain + state,
            bytes,
        })
    }
}

/// What is signed, of the hash of everything before the signature.
fn message(hash: Sha256) -> Vec<u8> {
    let mut message = MESSAGE_TAG.to_vec();
    message.extend_from_slice(&hash.finalize());
    message
}
