//! Receipts: a C2SP `tlog-proof` that carries the entry itself, so that it says alone what was recorded.
//!
//! Spec: specs/ledger.md §12.

use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{CheckpointError, LedgerIdentity, SignedCheckpoint, UnverifiedCheckpoint, hash_line};
use crate::entry::{Entry, EntryError, MAX_ENTRY_BYTES, UnverifiedEntry};
use crate::ids::{Seq, decimal};
use crate::merkle::{InclusionProof, ProofError};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Most bytes of a receipt that is read: the largest entry in Base64, 64 hashes and a checkpoint fit with ease.
const MAX_RECEIPT_BYTES: usize = MAX_ENTRY_BYTES / 3 * 4 + 16_384;

/// Why a text is not a receipt of the ledger. The fault is that of whoever wrote or altered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Not the lines of a receipt, each in its canonical form.
    #[error("not a receipt in its canonical form")]
    Form,
    /// The entry is not one, or its author's signature does not stand.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The checkpoint is not one of the ledger.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry's position is not the receipt's index.
    #[error("the entry has another position than the receipt")]
    Index,
    /// The entry is of another ledger than the checkpoint.
    #[error("the entry is of another ledger than the checkpoint")]
    OtherLedger,
    /// The inclusion proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// A canonical receipt of which nothing has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedReceipt {
    entry: UnverifiedEntry,
    proof: InclusionProof,
    checkpoint: UnverifiedCheckpoint,
}

impl UnverifiedReceipt {
    /// Reads a receipt and refuses every form but the canonical one. Spec: specs/ledger.md §12.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] names what is wrong.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        if text.len() > MAX_RECEIPT_BYTES {
            return Err(ReceiptError::Form);
        }
        // Base64 and decimal are decoded strictly, and every other byte is fixed: what parses is canonical.
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ReceiptError::Form)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ReceiptError::Form);
        }
        let mut field = |name| {
            lines
                .next()
                .and_then(|line| line.strip_prefix(name))
                .ok_or(ReceiptError::Form)
        };
        let entry = STANDARD
            .decode(field("extra ")?)
            .map_err(|_| ReceiptError::Form)?;
        let index = decimal(field("index ")?).map_err(|_| ReceiptError::Form)?;
        let hashes = lines
            .map(hash_line)
            .collect::<Option<Vec<_>>>()
            .ok_or(ReceiptError::Form)?;
        let proof = InclusionProof::from_hashes(hashes).ok_or(ReceiptError::Form)?;
        let checkpoint = UnverifiedCheckpoint::parse(checkpoint)?;
        let entry = UnverifiedEntry::parse(&entry)?;
        if entry.seq() != Seq::new(index) {
            return Err(ReceiptError::Index);
        }
        if entry.body().body().ledger != checkpoint.checkpoint().ledger {
            return Err(ReceiptError::OtherLedger);
        }
        Ok(Self {
            entry,
            proof,
            checkpoint,
        })
    }

    /// Verifies the checkpoint's signature, the author's signature and the inclusion.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] names what is wrong.
    pub fn verify(self, identity: &LedgerIdentity) -> Result<Receipt, ReceiptError> {
        let checkpoint = self.checkpoint.verify(identity)?;
        Receipt::new(self.entry.verify()?, self.proof, checkpoint)
    }

    /// The checkpoint, which says whose receipt this claims to be.
    #[must_use]
    pub fn checkpoint(&self) -> &UnverifiedCheckpoint {
        &self.checkpoint
    }

    /// The entry that it claims was recorded.
    #[must_use]
    pub fn entry(&self) -> &UnverifiedEntry {
        &self.entry
    }
}

/// A receipt that holds: the entry is signed, and included in a signed checkpoint. Prints as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    entry: Entry,
    proof: InclusionProof,
    checkpoint: SignedCheckpoint,
}

impl Receipt {
    /// Puts a receipt together and verifies the inclusion.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] if the parts do not belong together.
    pub fn new(
        entry: Entry,
        proof: InclusionProof,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, ReceiptError> {
        if entry.body().ledger != checkpoint.ledger() {
            return Err(ReceiptError::OtherLedger);
        }
        proof.verify(
            entry.leaf_hash(),
            entry.seq(),
            checkpoint.size(),
            checkpoint.root(),
        )?;
        Ok(Self {
            entry,
            proof,
            checkpoint,
        })
    }

    /// Reads a receipt and verifies all of it.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] names what is wrong.
    pub fn parse(text: &str, identity: &LedgerIdentity) -> Result<Self, ReceiptError> {
        UnverifiedReceipt::parse(text)?.verify(identity)
    }

    /// What was recorded.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The way from the entry to the root.
    #[must_use]
    pub fn proof(&self) -> &InclusionProof {
        &self.proof
    }

    /// What it is included in.
    #[must_use]
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// The canonical text: the bytes of a `.tlog-proof` file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{HEADER}\nextra {}\nindex {}\n",
            STANDARD.encode(self.entry.bytes()),
            self.entry.seq()
        );
        for hash in self.proof.hashes() {
            text.push_str(&STANDARD.encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint.to_note());
        text
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}
