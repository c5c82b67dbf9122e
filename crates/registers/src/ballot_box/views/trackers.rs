//! Tracker status: what became of every ballot. Spec: specs/election.md §6.2.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use sijill_ballot::BallotHash;
use sijill_ledger::{LedgerId, UnixMillis};

use super::ballots::Ballots;
use crate::ballot_box::events::BoxEvent;
use crate::catalogue::Event;
use crate::json;
use crate::register::Contents;
use crate::views::View;

/// What became of a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It counts.
    Counted,
    /// Its voter voted on paper.
    Excluded,
    /// Its voter voted again.
    Superseded,
}

/// The fold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Trackers {
    ballots: Ballots,
    all: Vec<BallotHash>,
}

/// The published document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackersDocument {
    /// `sijill-trackers/1`.
    pub format: String,
    /// The box.
    pub ledger: LedgerId,
    /// Entries folded.
    pub size: u64,
    /// Tracking codes with their status, ascending by ballot hash.
    pub trackers: Vec<(String, Status)>,
}

impl View for Trackers {
    const NAME: &'static str = "trackers";

    fn apply(
        &mut self,
        _seq: u64,
        _at: UnixMillis,
        event: &Event,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let Event::BallotBox(event) = event else {
            return Ok(());
        };
        self.ballots.apply(event, contents)?;
        if let BoxEvent::BallotCast(e) = event {
            self.all.push(BallotHash::of(&e.ballot));
        }
        Ok(())
    }
}

impl Trackers {
    /// The document of a box.
    #[must_use]
    pub fn document(&self, ledger: LedgerId, size: u64) -> TrackersDocument {
        let mut counted = HashSet::new();
        let mut excluded = HashSet::new();
        for (credential, latest) in &self.ballots.latest {
            let set = if self.ballots.excluded.contains(credential) {
                &mut excluded
            } else {
                &mut counted
            };
            set.insert(*latest);
        }
        let status = |hash: &BallotHash| {
            if counted.contains(hash) {
                Status::Counted
            } else if excluded.contains(hash) {
                Status::Excluded
            } else {
                Status::Superseded
            }
        };
        let mut all = self.all.clone();
        all.sort_unstable();
        TrackersDocument {
            format: "sijill-trackers/1".to_owned(),
            ledger,
            size,
            trackers: all
                .iter()
                .map(|hash| (hash.tracking_code().to_string(), status(hash)))
                .collect(),
        }
    }
}

impl TrackersDocument {
    /// The published bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }
}
