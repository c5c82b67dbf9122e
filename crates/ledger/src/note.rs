//! C2SP signed notes with one Ed25519 signature line: the envelope of a checkpoint.
//!
//! Spec: specs/ledger.md §7.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::hash::sha256;
use crate::ids::KeyId;
use crate::keys::{Signature, SignatureError, SigningKey};

/// Why a text is not a signed note. The fault is that of whoever wrote or altered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Not three parts: text, empty line, one signature line, each line with its newline.
    #[error("not a text, an empty line and one signature line")]
    Form,
    /// The signature line is not `— <name> <base64 of 68 bytes>`.
    #[error("the signature line is not in its canonical form")]
    SignatureLine,
    /// The signature is by another name or key.
    #[error("the signature line names another signer or key")]
    Signer,
    /// The signature does not stand.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Most bytes of a note that is read.
const MAX_NOTE_BYTES: usize = 4096;

const ED25519: u8 = 0x01;

/// A parsed note: its text, and who is said to have signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Note<'a> {
    /// With its last newline, without the empty line.
    pub(crate) text: &'a str,
    pub(crate) name: &'a str,
    pub(crate) key_hash: [u8; 4],
    pub(crate) signature: Signature,
}

impl<'a> Note<'a> {
    pub(crate) fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Form);
        }
        let (text, line) = note.split_once("\n\n").ok_or(NoteError::Form)?;
        let text = &note[..text.len() + 1];
        let line = line.strip_suffix('\n').ok_or(NoteError::Form)?;
        if line.contains('\n') {
            return Err(NoteError::Form);
        }
        let (name, blob) = line
            .strip_prefix("— ")
            .and_then(|l| l.split_once(' '))
            .ok_or(NoteError::SignatureLine)?;
        let blob = STANDARD.decode(blob).map_err(|_| NoteError::SignatureLine)?;
        let (key_hash, signature) = blob.split_first_chunk::<4>().ok_or(NoteError::SignatureLine)?;
        let signature = <[u8; 64]>::try_from(signature).map_err(|_| NoteError::SignatureLine)?;
        Ok(Self {
            text,
            name,
            key_hash: *key_hash,
            signature: Signature::from_bytes(signature),
        })
    }

    pub(crate) fn verify(&self, name: &str, key: KeyId) -> Result<(), NoteError> {
        if self.name != name || self.key_hash != key_hash(name, key) {
            return Err(NoteError::Signer);
        }
        Ok(key.verify(self.text.as_bytes(), &self.signature)?)
    }
}

/// Signs a text, which ends with a newline.
pub(crate) fn sign(text: &str, key: &SigningKey) -> Signature {
    key.sign(text.as_bytes())
}

/// Puts text and signature together.
pub(crate) fn write(text: &str, name: &str, key: KeyId, signature: &Signature) -> String {
    let blob = STANDARD.encode([key_hash(name, key).as_slice(), signature.as_bytes()].concat());
    format!("{text}\n— {name} {blob}\n")
}

/// The key id of a note: first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key). Spec: specs/ledger.md §7.
fn key_hash(name: &str, key: KeyId) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()]);
    [a, b, c, d]
}
