//! The trustee's own machine: decrypts what a verified folder says, and never a second tally of the same box.

pub(crate) mod ceremony;
mod journal;

use sijill_ballot::{TrusteeSecret, decrypt_tally};
use sijill_ledger::{ContentRef, LedgerId, SigningKey, UnixMillis};
use sijill_registers::election::events::{ElectionEvent, ShareSubmitted};
use sijill_registers::names::Name;

use crate::error::{Failure, Outcome};
use crate::submission::Submission;
use crate::verified::VerifiedFolder;
use journal::Decrypted;
pub(crate) use journal::Journal;

impl VerifiedFolder {
    /// Refuses a secret that is not that of trustee `index`.
    pub(crate) fn check_secret(&self, index: u16, secret: &TrusteeSecret) -> Outcome {
        let record = self.facts().trustees_record.as_deref();
        let key = record.and_then(|r| r.owners().get(usize::from(index).checked_sub(1)?));
        if key.is_some_and(|key| key.public() == secret.public()) {
            return Ok(());
        }
        Err(Failure::refused(
            format!("the secret in this folder is not that of trustee {index} of the event"),
            "give the folder with the decryption key or the ceremony's secrets of this event",
        )
        .code("trustee.other-secret"))
    }

    /// Boxes with an anchored tally that may be decrypted, without a result or a share of this trustee, by district.
    pub(crate) fn decryptable(&self, index: u16) -> Outcome<Vec<(Name, LedgerId)>> {
        let minimum = self.manifest()?.min_ballots;
        let mut boxes = Vec::new();
        for (ledger, progress) in &self.facts().progress {
            let (_, defined) = self
                .facts()
                .boxes
                .get(ledger)
                .ok_or_else(|| Failure::internal("an anchored box that is not defined"))?;
            if progress.anchored.counted >= minimum
                && progress.result.is_none()
                && !progress.shares.contains_key(&index)
            {
                boxes.push((defined.district.clone(), *ledger));
            }
        }
        boxes.sort();
        Ok(boxes)
    }

    /// Makes the share of a box, after the journal has it on stable storage which tally this is.
    pub(crate) fn decrypt(
        &self,
        (district, ballot_box): &(Name, LedgerId),
        index: u16,
        secret: &TrusteeSecret,
        journal: &mut Journal,
    ) -> Outcome<Share> {
        let tally = self.facts().anchored_tally(ballot_box, self.contents())?;
        let anchored = &self
            .facts()
            .progress
            .get(ballot_box)
            .ok_or_else(|| Failure::internal("a box without anchored tally"))?
            .anchored;
        let this = Decrypted {
            encrypted_tally: anchored.encrypted_tally.sha256.to_string(),
            sized_tally: anchored.sized_tally.sha256.to_string(),
        };
        journal.record(ballot_box, &this)?;
        let share = decrypt_tally(secret, &tally.election, &tally.tally, &mut rand::rng());
        tally
            .verify_share(index, share.as_bytes())
            .map_err(Failure::internal)?;
        Ok(Share {
            district: district.clone(),
            ledger: *ballot_box,
            index,
            bytes: share.into_bytes(),
        })
    }
}

/// A trustee's share of a box.
pub(crate) struct Share {
    /// District of the box.
    pub(crate) district: Name,
    /// The box.
    pub(crate) ledger: LedgerId,
    /// The trustee, from 1.
    pub(crate) index: u16,
    /// The partial decryption record.
    pub(crate) bytes: Vec<u8>,
}

impl Share {
    /// Signs it for the election ledger.
    pub(crate) fn sign(
        self,
        folder: &VerifiedFolder,
        key: &SigningKey,
        now: UnixMillis,
    ) -> Outcome<Submission> {
        let submitted = ShareSubmitted {
            ledger: self.ledger,
            index: self.index,
            share: ContentRef::of(&self.bytes).map_err(Failure::internal)?,
        };
        folder.sign(
            key,
            now,
            ElectionEvent::ShareSubmitted(submitted),
            vec![self.bytes],
        )
    }
}
