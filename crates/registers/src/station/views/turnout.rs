//! Turnout of a station: how many people were checked in, by district and hour. Never who, never a choice.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sijill_ledger::UnixMillis;

use crate::catalogue::Event;
use crate::names::Name;
use crate::register::Contents;
use crate::roll::events::Pseudonym;
use crate::station::VoterList;
use crate::station::events::StationEvent;
use crate::views::{View, hour_start_ms};

const MINUTE_MS: u64 = 60_000;

/// The fold. Check-ins by minute: any time zone's hours follow from that.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StationTurnout {
    list: Option<sijill_ledger::ContentRef>,
    #[serde(skip)]
    loaded: Option<Arc<VoterList>>,
    /// By district (none: guests) and minute.
    by_minute: BTreeMap<(Option<Name>, u64), u64>,
    papers: u64,
    spoilt: u64,
    envelopes: u64,
}

/// People checked in within an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// Start of the hour.
    pub start_ms: u64,
    /// Of which district; none for guests.
    pub district: Option<Name>,
    /// So many; none if there are fewer than the smallest number that is shown.
    pub checked_in: Option<u64>,
}

/// Papers so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Papers {
    /// Issued, envelopes included.
    pub issued: u64,
    /// Spoilt.
    pub spoilt: u64,
    /// In envelopes.
    pub envelopes: u64,
}

impl View for StationTurnout {
    const NAME: &'static str = "station-turnout";

    fn apply(
        &mut self,
        _seq: u64,
        at: UnixMillis,
        event: &Event,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let Event::Station(event) = event else {
            return Ok(());
        };
        match event {
            StationEvent::StationOpened(e) => self.list = Some(e.voters),
            StationEvent::CheckedIn(e) => {
                let district = if e.listed {
                    let list = self.list(contents)?;
                    list.find(&Pseudonym(e.person))
                        .map(|(district, _)| district.clone())
                } else {
                    None
                };
                *self
                    .by_minute
                    .entry((district, at.as_u64() / MINUTE_MS))
                    .or_default() += 1;
            }
            StationEvent::PaperIssued(e) => {
                self.papers += 1;
                self.envelopes += u64::from(e.envelope.is_some());
            }
            StationEvent::PaperSpoilt(_) => self.spoilt += 1,
            _ => {}
        }
        Ok(())
    }
}

impl StationTurnout {
    fn list(&mut self, contents: &dyn Contents) -> Result<Arc<VoterList>, String> {
        if let Some(list) = &self.loaded {
            return Ok(Arc::clone(list));
        }
        let cited = self.list.ok_or("a check-in before the opening")?;
        let bytes = contents.load(&cited).map_err(|e| e.to_string())?;
        let list = Arc::new(VoterList::parse(&bytes).map_err(|e| e.to_string())?);
        self.loaded = Some(Arc::clone(&list));
        Ok(list)
    }

    /// People checked in so far.
    #[must_use]
    pub fn checked_in(&self) -> u64 {
        self.by_minute.values().sum()
    }

    /// Papers so far.
    #[must_use]
    pub const fn papers(&self) -> Papers {
        Papers {
            issued: self.papers,
            spoilt: self.spoilt,
            envelopes: self.envelopes,
        }
    }

    /// By hour and district, ascending. Before the close numbers below `small_cell` are not shown.
    #[must_use]
    pub fn by_hour(&self, zone: &TimeZone, small_cell: u16) -> Vec<Hour> {
        let mut hours: BTreeMap<(u64, Option<Name>), u64> = BTreeMap::new();
        for ((district, minute), people) in &self.by_minute {
            let at = UnixMillis::new(minute * MINUTE_MS).unwrap_or_default();
            *hours
                .entry((hour_start_ms(at, zone), district.clone()))
                .or_default() += people;
        }
        hours
            .into_iter()
            .map(|((start_ms, district), people)| Hour {
                start_ms,
                district,
                checked_in: (people >= u64::from(small_cell)).then_some(people),
            })
            .collect()
    }
}
