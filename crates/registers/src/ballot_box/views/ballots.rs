//! What several views of a box remember: whose ballot is the latest, and which credentials are excluded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sijill_ballot::BallotHash;
use sijill_ballot::CredentialList;

use crate::ballot_box::events::BoxEvent;
use crate::ballot_box::recorded::RecordedBallot;
use crate::register::Contents;

/// The latest ballots by credential, and the exclusions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Ballots {
    /// Latest ballot of each credential.
    pub(super) latest: BTreeMap<[u8; 32], BallotHash>,
    /// Excluded credentials.
    pub(super) excluded: BTreeSet<[u8; 32]>,
}

/// What an event was, to the views.
pub(super) enum Seen {
    /// A credential's first ballot.
    FirstBallot,
    /// A later ballot.
    Revote,
    /// Something else.
    Other,
}

impl Ballots {
    pub(super) fn apply(&mut self, event: &BoxEvent, contents: &dyn Contents) -> Result<Seen, String> {
        match event {
            BoxEvent::BallotCast(e) => {
                let ballot = RecordedBallot::read(&e.ballot).ok_or("a ballot that cannot be read")?;
                let before = self.latest.insert(ballot.credential, ballot.hash);
                Ok(if before.is_none() {
                    Seen::FirstBallot
                } else {
                    Seen::Revote
                })
            }
            BoxEvent::ExclusionsFixed(e) => {
                let bytes = contents.load(&e.list).map_err(|e| e.to_string())?;
                let list = CredentialList::parse(&bytes).map_err(|e| e.to_string())?;
                self.excluded = list.entries().iter().map(|c| *c.public.as_bytes()).collect();
                Ok(Seen::Other)
            }
            _ => Ok(Seen::Other),
        }
    }

    /// Credentials with a ballot that are excluded.
    pub(super) fn excluded_voters(&self) -> u64 {
        self.latest.keys().filter(|c| self.excluded.contains(*c)).count() as u64
    }
}
