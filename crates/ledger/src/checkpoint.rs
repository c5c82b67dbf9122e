//! Checkpoints: the ledger key's signed word on size and root.
//!
//! [`Checkpoint`] is the statement, [`UnverifiedCheckpoint`] a parsed note, [`SignedCheckpoint`] one whose
//! signature has been verified against a [`LedgerIdentity`]. Spec: specs/ledger.md §7.

use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::genesis::Genesis;
use crate::ids::{KeyId, LedgerId, Root, decimal};
use crate::keys::{Signature, SigningKey};
use crate::names::Origin;
use crate::note::{self, Note, NoteError};

/// Why a text is not a checkpoint of the ledger. The fault is that of whoever wrote or altered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Not a signed note, or its signature does not stand.
    #[error("checkpoint: {0}")]
    Note(#[from] NoteError),
    /// Not exactly three lines.
    #[error("the text of a checkpoint has three lines")]
    Lines,
    /// The first line is not `<origin>/<ledger id>`.
    #[error("the first line is not an origin and a ledger id")]
    Origin,
    /// The second line is not a size of at least 1.
    #[error("the second line is not a size of at least 1")]
    Size,
    /// The third line is not a root.
    #[error("the third line is not a root in Base64")]
    Root,
    /// A checkpoint of another ledger, or under another origin.
    #[error("a checkpoint of another ledger or origin")]
    OtherLedger,
    /// The signing key is not the ledger's.
    #[error("the key is not the ledger key")]
    Key,
}

/// What one must know of a ledger to check its checkpoints; the ledger id binds the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerIdentity {
    /// The ledger id.
    pub ledger: LedgerId,
    /// Its origin.
    pub origin: Origin,
    /// Its ledger key.
    pub key: KeyId,
}

impl LedgerIdentity {
    /// The origin line and key name: `<origin>/<ledger id>`.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.origin, self.ledger)
    }
}

impl From<&Genesis> for LedgerIdentity {
    fn from(genesis: &Genesis) -> Self {
        Self {
            ledger: genesis.id(),
            origin: genesis.origin().clone(),
            key: genesis.ledger_key(),
        }
    }
}

/// The statement: the first `size` entries of the ledger have this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's origin.
    pub origin: Origin,
    /// The ledger.
    pub ledger: LedgerId,
    /// Entries, at least 1.
    pub size: u64,
    /// Their root.
    pub root: Root,
}

impl Checkpoint {
    /// The three lines that are signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            name(&self.origin, self.ledger),
            self.size,
            STANDARD.encode(self.root.as_bytes())
        )
    }

    /// Signs the checkpoint of a ledger of this identity.
    ///
    /// The caller has made sure that it is consistent with every checkpoint signed before: this is the one
    /// signature that can fork a ledger.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Key`] if `key` is not the ledger's, [`CheckpointError::Size`] if `size` is 0.
    pub fn sign(
        identity: &LedgerIdentity,
        size: u64,
        root: Root,
        key: &SigningKey,
    ) -> Result<SignedCheckpoint, CheckpointError> {
        if key.key_id() != identity.key {
            return Err(CheckpointError::Key);
        }
        if size == 0 {
            return Err(CheckpointError::Size);
        }
        let checkpoint = Self {
            origin: identity.origin.clone(),
            ledger: identity.ledger,
            size,
            root,
        };
        let signature = note::sign(&checkpoint.text(), key);
        Ok(SignedCheckpoint {
            checkpoint,
            key: identity.key,
            signature,
        })
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(name), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        let (origin, ledger) = name.rsplit_once('/').ok_or(CheckpointError::Origin)?;
        let origin = Origin::new(origin).map_err(|_| CheckpointError::Origin)?;
        let ledger = ledger.parse().map_err(|_| CheckpointError::Origin)?;
        let size = decimal(size).map_err(|_| CheckpointError::Size)?;
        if size == 0 {
            return Err(CheckpointError::Size);
        }
        let root = hash_line(root).ok_or(CheckpointError::Root)?;
        Ok(Self {
            origin,
            ledger,
            size,
            root: Root::from_bytes(root),
        })
    }
}

/// A canonical checkpoint note whose signature has not been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

impl UnverifiedCheckpoint {
    /// Reads a checkpoint note and refuses every form but the canonical one. Spec: specs/ledger.md §7.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] names what is wrong.
    pub fn parse(note: &str) -> Result<Self, CheckpointError> {
        let parsed = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(parsed.text)?;
        if parsed.name != name(&checkpoint.origin, checkpoint.ledger) {
            return Err(NoteError::Signer.into());
        }
        Ok(Self {
            checkpoint,
            note: note.to_owned(),
        })
    }

    /// Verifies that it is a checkpoint of this ledger, signed by its key.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] names what is wrong.
    pub fn verify(&self, identity: &LedgerIdentity) -> Result<SignedCheckpoint, CheckpointError> {
        if self.checkpoint.ledger != identity.ledger || self.checkpoint.origin != identity.origin {
            return Err(CheckpointError::OtherLedger);
        }
        let note = Note::parse(&self.note)?;
        note.verify(&identity.name(), identity.key)?;
        Ok(SignedCheckpoint {
            checkpoint: self.checkpoint.clone(),
            key: identity.key,
            signature: note.signature,
        })
    }

    /// The statement, which nobody has vouched for yet.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note, as it was read.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// A checkpoint with the ledger key's verified signature. Prints as its note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    key: KeyId,
    signature: Signature,
}

impl SignedCheckpoint {
    /// Reads a checkpoint note and verifies it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] names what is wrong.
    pub fn parse(note: &str, identity: &LedgerIdentity) -> Result<Self, CheckpointError> {
        UnverifiedCheckpoint::parse(note)?.verify(identity)
    }

    /// The statement.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The ledger.
    #[must_use]
    pub fn ledger(&self) -> LedgerId {
        self.checkpoint.ledger
    }

    /// Entries, at least 1.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Their root.
    #[must_use]
    pub fn root(&self) -> Root {
        self.checkpoint.root
    }

    /// The canonical note: the bytes of the file `checkpoint`.
    #[must_use]
    pub fn to_note(&self) -> String {
        let name = name(&self.checkpoint.origin, self.checkpoint.ledger);
        note::write(&self.checkpoint.text(), &name, self.key, &self.signature)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_note())
    }
}

/// A hash in canonical Base64: the form that checkpoints and proofs share.
pub(crate) fn hash_line(line: &str) -> Option<[u8; 32]> {
    STANDARD.decode(line).ok()?.try_into().ok()
}

fn name(origin: &Origin, ledger: LedgerId) -> String {
    format!("{origin}/{ledger}")
}
