//! Turnout: who voted when, as numbers. Spec: specs/election.md §6.1.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sijill_ledger::{LedgerId, UnixMillis};

use super::ballots::{Ballots, Seen};
use crate::ballot_box::events::BoxEvent;
use crate::catalogue::Event;
use crate::json;
use crate::names::Name;
use crate::register::Contents;
use crate::views::{View, hour_start_ms};

/// The fold. Voters by minute of their first ballot: any time zone's hours follow from that.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Turnout {
    ballots: Ballots,
    cast: u64,
    audits: u64,
    voters_by_minute: BTreeMap<u64, u64>,
}

const MINUTE_MS: u64 = 60_000;

/// Numbers of the digital channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digital {
    /// Ballots cast.
    pub ballots: u64,
    /// Credentials with a ballot.
    pub voters: u64,
    /// Ballots replaced by later ones.
    pub superseded: u64,
    /// Voters whose ballot is excluded.
    pub excluded: u64,
    /// Ballots opened instead of cast.
    pub audits: u64,
}

/// Voters whose first ballot came in an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hour {
    /// Start of the hour.
    pub start_ms: u64,
    /// Voters.
    pub voters: u64,
}

/// The published document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnoutDocument {
    /// `sijill-turnout/1`.
    pub format: String,
    /// The box.
    pub ledger: LedgerId,
    /// Entries folded.
    pub size: u64,
    /// District.
    pub district: Name,
    /// Eligible persons.
    pub eligible: u64,
    /// Those with a credential.
    pub holders: u64,
    /// The digital channel.
    pub digital: Digital,
    /// By hour, ascending.
    pub by_hour: Vec<Hour>,
}

impl View for Turnout {
    const NAME: &'static str = "turnout";

    fn apply(
        &mut self,
        _seq: u64,
        at: UnixMillis,
        event: &Event,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let Event::BallotBox(event) = event else {
            return Ok(());
        };
        match self.ballots.apply(event, contents)? {
            Seen::FirstBallot => {
                self.cast += 1;
                *self.voters_by_minute.entry(at.as_u64() / MINUTE_MS).or_default() += 1;
            }
            Seen::Revote => self.cast += 1,
            Seen::Other => {}
        }
        if matches!(event, BoxEvent::AuditStarted(_)) {
            self.audits += 1;
        }
        Ok(())
    }
}

impl Turnout {
    /// Numbers of the digital channel so far.
    #[must_use]
    pub fn digital(&self) -> Digital {
        let voters = self.ballots.latest.len() as u64;
        Digital {
            ballots: self.cast,
            voters,
            superseded: self.cast - voters,
            excluded: self.ballots.excluded_voters(),
            audits: self.audits,
        }
    }

    /// The document of a box, with the numbers that come from its definition.
    #[must_use]
    pub fn document(
        &self,
        ledger: LedgerId,
        size: u64,
        defined: &crate::election::events::BoxDefined,
        zone: &TimeZone,
    ) -> TurnoutDocument {
        let mut by_hour: BTreeMap<u64, u64> = BTreeMap::new();
        for (minute, voters) in &self.voters_by_minute {
            let at = UnixMillis::new(minute * MINUTE_MS).expect("minutes come from valid times");
            *by_hour.entry(hour_start_ms(at, zone)).or_default() += voters;
        }
        TurnoutDocument {
            format: "sijill-turnout/1".to_owned(),
            ledger,
            size,
            district: defined.district.clone(),
            eligible: defined.eligible,
            holders: defined.holders,
            digital: self.digital(),
            by_hour: by_hour
                .into_iter()
                .map(|(start_ms, voters)| Hour { start_ms, voters })
                .collect(),
        }
    }
}

impl TurnoutDocument {
    /// The published bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }
}
