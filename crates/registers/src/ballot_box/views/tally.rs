//! The tally of a sealed box, as hashes. Spec: specs/election.md §6.3.

use serde::{Deserialize, Serialize};
use sijill_ledger::{LedgerId, UnixMillis};

use crate::ballot_box::events::{BoxEvent, BoxSealed};
use crate::catalogue::Event;
use crate::json;
use crate::register::Contents;
use crate::views::View;

/// The fold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    sealed: Option<BoxSealed>,
}

/// The published document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TallyDocument {
    /// `sijill-tally/1`.
    pub format: String,
    /// The box.
    pub ledger: LedgerId,
    /// Entries folded.
    pub size: u64,
    /// Ballots counted.
    pub counted: u64,
    /// Digest over them, hexadecimal.
    pub counted_digest: String,
    /// SHA-256 of the encrypted tally, hexadecimal.
    pub encrypted_tally: String,
    /// SHA-256 of the sized encrypted tally, hexadecimal.
    pub sized_tally: String,
}

impl View for Tally {
    const NAME: &'static str = "tally";

    fn apply(
        &mut self,
        _seq: u64,
        _at: UnixMillis,
        event: &Event,
        _contents: &dyn Contents,
    ) -> Result<(), String> {
        if let Event::BallotBox(BoxEvent::BoxSealed(sealed)) = event {
            self.sealed = Some(sealed.clone());
        }
        Ok(())
    }
}

impl Tally {
    /// The document of a box; `None` before its seal.
    #[must_use]
    pub fn document(&self, ledger: LedgerId, size: u64) -> Option<TallyDocument> {
        let sealed = self.sealed.as_ref()?;
        Some(TallyDocument {
            format: "sijill-tally/1".to_owned(),
            ledger,
            size,
            counted: sealed.counted,
            counted_digest: hex::encode(sealed.counted_digest),
            encrypted_tally: sealed.encrypted_tally.sha256.to_string(),
            sized_tally: sealed.sized_tally.sha256.to_string(),
        })
    }
}

impl TallyDocument {
    /// The published bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }
}
