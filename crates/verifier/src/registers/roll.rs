//! Section 4: the electoral roll.
//!
//! Spec: specs/events.md §3, specs/verification.md §4.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::check::{Check, Checks, Place};
use crate::contents::read_content;
use crate::events::{DistrictRoll, Event};
use crate::ledger::{Ledger, replay};
use crate::source::Source;
use crate::suite::trustee::{all_credentials_valid, parse_credentials};
use crate::wire::is_short_id;

/// The checks of this section.
pub(crate) const ROLL_CHECKS: [Check; 4] = [
    Check::RollOrder,
    Check::RollDuplicate,
    Check::RollCounts,
    Check::RollCredentials,
];

/// Most districts of a roll.
const MAX_DISTRICTS: usize = 1000;

/// What a roll says once it is frozen.
#[derive(Debug)]
pub(crate) struct FrozenRoll {
    pub(crate) seq: u64,
    pub(crate) districts: Vec<DistrictRoll>,
}

#[derive(Debug, Default)]
struct State {
    /// By pseudonym: district, and whether a credential was committed.
    voters: HashMap<[u8; 32], (String, bool)>,
    commitments: HashSet<[u8; 32]>,
    districts: HashSet<String>,
    frozen: Option<FrozenRoll>,
}

/// Replays a roll. `None` if it is not frozen.
pub(crate) fn check_roll(
    source: &dyn Source,
    ledger: &Ledger,
    election: &[u8; 32],
    checks: &mut Checks,
) -> Option<FrozenRoll> {
    let here = Place::ledger(ledger.id);
    let parent_is_election = ledger.genesis.parent == Some(*election);
    checks.require(
        Check::RollOrder,
        here,
        parent_is_election,
        "the parent is not the election ledger",
    );
    let mut state = State::default();
    let outcome = replay(source, ledger, checks, |checks, items| {
        for (entry, event) in items {
            state.apply(Place::entry(ledger.id, entry.seq), entry.seq, event, checks);
        }
    });
    if let Err(reason) = outcome {
        for check in ROLL_CHECKS {
            checks.skip(check, &reason);
        }
    }
    let frozen = state.frozen?;
    let place = Place::entry(ledger.id, frozen.seq);
    for district in &frozen.districts {
        match read_content(source, &district.credentials) {
            Err(error) => checks.skip(Check::RollCredentials, error),
            Ok(bytes) => {
                checks.outcome(
                    Check::RollCredentials,
                    place,
                    credential_rules(&bytes, district.holders, frozen.seq < ledger.known),
                );
            }
        }
    }
    Some(frozen)
}

/// A canonical list of `holders` valid credentials; of a `known` list their validity was established by an earlier run.
pub(crate) fn credential_rules(bytes: &[u8], holders: u64, known: bool) -> Result<(), String> {
    let credentials = parse_credentials(bytes).map_err(|error| error.to_string())?;
    if credentials.len() as u64 != holders {
        return Err("the list has another number of credentials than there are holders".to_owned());
    }
    if known {
        return Ok(());
    }
    all_credentials_valid(&credentials)
}

impl State {
    fn apply(&mut self, here: Place, seq: u64, event: &Event<'_>, checks: &mut Checks) {
        if !checks.require(
            Check::RollOrder,
            here,
            self.frozen.is_none(),
            "the roll is frozen",
        ) {
            return;
        }
        match event {
            Event::VoterRegistered { pseudonym, district } => {
                checks.require(
                    Check::RollOrder,
                    here,
                    is_short_id(district),
                    "the district id is malformed",
                );
                if !self.districts.contains(*district) {
                    let room = self.districts.len() < MAX_DISTRICTS;
                    checks.require(Check::RollOrder, here, room, "the roll has too many districts");
                    self.districts.insert((*district).to_owned());
                }
                let fresh = !self.voters.contains_key(pseudonym);
                checks.require(
                    Check::RollDuplicate,
                    here,
                    fresh,
                    "the voter is registered already",
                );
                self.voters
                    .entry(*pseudonym)
                    .or_insert_with(|| ((*district).to_owned(), false));
            }
            Event::CredentialCommitted {
                pseudonym,
                commitment,
            } => {
                let fresh = self.commitments.insert(*commitment);
                checks.require(
                    Check::RollDuplicate,
                    here,
                    fresh,
                    "the commitment stands on the roll already",
                );
                match self.voters.get_mut(pseudonym) {
                    None => checks.fail(Check::RollOrder, here, "the voter is not registered"),
                    Some((_, committed)) => {
                        let first = !std::mem::replace(committed, true);
                        checks.require(
                            Check::RollDuplicate,
                            here,
                            first,
                            "the voter has a commitment already",
                        );
                    }
                }
            }
            Event::RollFrozen { districts } => {
                checks.outcome(Check::RollCounts, here, self.freeze_rules(districts));
                self.frozen = Some(FrozenRoll {
                    seq,
                    districts: districts.clone(),
                });
            }
            _ => {}
        }
    }

    fn freeze_rules(&self, districts: &[DistrictRoll]) -> Result<(), &'static str> {
        let mut counted: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (district, committed) in self.voters.values() {
            let counts = counted.entry(district).or_default();
            counts.0 += 1;
            counts.1 += u64::from(*committed);
        }
        let listed: Vec<(&str, (u64, u64))> = districts
            .iter()
            .map(|d| (d.district.as_str(), (d.eligible, d.holders)))
            .collect();
        // The map is ascending, so this also asks for order and distinctness.
        if listed == counted.into_iter().collect::<Vec<_>>() {
            Ok(())
        } else {
            Err("districts, eligible or holders are not those of the registrations")
        }
    }
}
