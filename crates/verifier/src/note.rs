//! Checkpoints (C2SP signed notes) and receipts (C2SP `tlog-proof`), read strictly: what is accepted has exactly one spelling.
//!
//! Spec: specs/ledger.md §7, §12.

use thiserror::Error;

use crate::hash::{base64, base64_decode, hex32, sha256};
use crate::keys::signature_holds;

/// No checkpoint of ours is longer.
pub(crate) const MAX_CHECKPOINT_BYTES: u64 = 2048;
/// A receipt: an entry in Base64, 64 hashes, a checkpoint.
pub(crate) const MAX_RECEIPT_BYTES: u64 = 128 * 1024;
/// First line of a receipt.
pub(crate) const RECEIPT_HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Why a note or receipt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct NoteError(&'static str);

/// A checkpoint whose text is canonical. Its signature is checked by [`Checkpoint::signature_holds`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) origin: String,
    pub(crate) ledger: [u8; 32],
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
    key_id: [u8; 4],
    signature: [u8; 64],
}

impl Checkpoint {
    pub(crate) fn parse(text: &[u8]) -> Result<Checkpoint, NoteError> {
        let text = std::str::from_utf8(text).map_err(|_| NoteError("the checkpoint is not UTF-8"))?;
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or(NoteError("the checkpoint has too few lines"));
        let name = line()?;
        let size = decimal(line()?).ok_or(NoteError("the checkpoint's size is not a decimal"))?;
        let root: [u8; 32] = base64_decode(line()?)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(NoteError("the checkpoint's root is not 32 bytes of Base64"))?;
        if !line()?.is_empty() {
            return Err(NoteError("the checkpoint has extension lines"));
        }
        let signature_line = line()?;
        let (origin, id) = name
            .rsplit_once('/')
            .ok_or(NoteError("the origin line has no ledger id"))?;
        let ledger = hex32(id).ok_or(NoteError("the origin line does not end with a ledger id"))?;
        let signature = signature_line
            .strip_prefix("— ")
            .and_then(|rest| rest.strip_prefix(name))
            .and_then(|rest| rest.strip_prefix(' '))
            .and_then(base64_decode)
            .ok_or(NoteError("the signature line is malformed or of another name"))?;
        let (Some(key_id), Some(signature_bytes), 68) = (
            signature.first_chunk::<4>(),
            signature.last_chunk::<64>(),
            signature.len(),
        ) else {
            return Err(NoteError("the signature line has a wrong length"));
        };
        if size == 0 {
            return Err(NoteError("a checkpoint of size 0 is never signed"));
        }
        let checkpoint = Checkpoint {
            origin: origin.to_owned(),
            ledger,
            size,
            root,
            key_id: *key_id,
            signature: *signature_bytes,
        };
        if checkpoint.to_text() != text {
            return Err(NoteError(
                "the checkpoint does not re-serialise to the same bytes",
            ));
        }
        Ok(checkpoint)
    }

    /// Key id and strict signature by `ledger_key`.
    pub(crate) fn signature_holds(&self, ledger_key: &[u8; 32]) -> bool {
        let id = sha256(&[self.name().as_bytes(), b"\n\x01", ledger_key]);
        id.first_chunk::<4>() == Some(&self.key_id)
            && signature_holds(ledger_key, self.signed_text().as_bytes(), &self.signature)
    }

    pub(crate) fn to_text(&self) -> String {
        let mut signature = self.key_id.to_vec();
        signature.extend_from_slice(&self.signature);
        format!(
            "{}\n— {} {}\n",
            self.signed_text(),
            self.name(),
            base64(&signature)
        )
    }

    fn name(&self) -> String {
        format!("{}/{}", self.origin, hex::encode(self.ledger))
    }

    fn signed_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.name(), self.size, base64(&self.root))
    }
}

/// A receipt whose text is canonical. Nothing in it is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) entry: Vec<u8>,
    pub(crate) index: u64,
    pub(crate) proof: Vec<[u8; 32]>,
    pub(crate) checkpoint: Checkpoint,
}

impl Receipt {
    pub(crate) fn parse(text: &[u8]) -> Result<Receipt, NoteError> {
        let text = std::str::from_utf8(text).map_err(|_| NoteError("the receipt is not UTF-8"))?;
        let (head, note) = text
            .split_once("\n\n")
            .ok_or(NoteError("the receipt has no empty line before its checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(RECEIPT_HEADER) {
            return Err(NoteError("the receipt's first line is not that of a tlog-proof"));
        }
        let entry = lines
            .next()
            .and_then(|line| line.strip_prefix("extra "))
            .and_then(base64_decode)
            .ok_or(NoteError("the receipt's extra line is missing or malformed"))?;
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(decimal)
            .ok_or(NoteError("the receipt's index line is missing or malformed"))?;
        let mut proof = Vec::new();
        for line in lines {
            let hash = base64_decode(line).and_then(|bytes| bytes.try_into().ok());
            proof.push(hash.ok_or(NoteError("an inclusion hash is not 32 bytes of Base64"))?);
            if proof.len() > 64 {
                return Err(NoteError("the inclusion proof is too long"));
            }
        }
        let receipt = Receipt {
            entry,
            index,
            proof,
            checkpoint: Checkpoint::parse(note.as_bytes())?,
        };
        if receipt.to_text() != text {
            return Err(NoteError("the receipt does not re-serialise to the same bytes"));
        }
        Ok(receipt)
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "{RECEIPT_HEADER}\nextra {}\nindex {}\n",
            base64(&self.entry),
            self.index
        );
        for hash in &self.proof {
            text.push_str(&base64(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint.to_text());
        text
    }
}

/// Decimal digits without sign or leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit())
        && !text.is_empty()
        && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    fn signed(size: u64) -> (Checkpoint, [u8; 32]) {
        let key = SigningKey::from_bytes(&[3; 32]);
        let public = key.verifying_key().to_bytes();
        let mut checkpoint = Checkpoint {
            origin: "example.org/box".to_owned(),
            ledger: [9; 32],
            size,
            root: [5; 32],
            key_id: [0; 4],
            signature: [0; 64],
        };
        let id = sha256(&[checkpoint.name().as_bytes(), b"\n\x01", &public]);
        checkpoint.key_id.copy_from_slice(&id[..4]);
        checkpoint.signature = key.sign(checkpoint.signed_text().as_bytes()).to_bytes();
        (checkpoint, public)
    }

    #[test]
    fn every_changed_byte_of_a_checkpoint_is_noticed() {
        let (checkpoint, key) = signed(12);
        let text = checkpoint.to_text().into_bytes();
        assert!(Checkpoint::parse(&text).unwrap().signature_holds(&key));
        for i in 0..text.len() {
            for flip in [1u8, 0x20, 0x80] {
                let mut bad = text.clone();
                bad[i] ^= flip;
                let accepted = Checkpoint::parse(&bad).is_ok_and(|c| c.signature_holds(&key));
                assert!(!accepted, "byte {i} flipped by {flip:#x}");
            }
            let mut cut = text.clone();
            cut.remove(i);
            assert!(
                !Checkpoint::parse(&cut).is_ok_and(|c| c.signature_holds(&key)),
                "byte {i} removed"
            );
        }
        assert!(Checkpoint::parse(&[&text[..], b"\n"].concat()).is_err());
        assert!(Checkpoint::parse(signed(0).0.to_text().as_bytes()).is_err());
    }

    #[test]
    fn receipts_have_one_spelling() {
        let (checkpoint, _) = signed(12);
        let receipt = Receipt {
            entry: vec![1, 2, 3, 4],
            index: 7,
            proof: vec![[1; 32], [2; 32]],
            checkpoint,
        };
        let text = receipt.to_text();
        assert_eq!(Receipt::parse(text.as_bytes()).unwrap(), receipt);
        for bad in [
            text.replace("index 7", "index 07"),
            text.replace("index 7", "index +7"),
            text.replace("extra ", "extra  "),
            text.replace("\nextra", "\r\nextra"),
            text.replace("tlog-proof@v1", "tlog-proof@v2"),
            text.clone() + "\n",
            text.replacen("\n\n", "\n\n\n", 1),
            text.replace("\n12\n", "\n012\n"),
        ] {
            assert!(Receipt::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
