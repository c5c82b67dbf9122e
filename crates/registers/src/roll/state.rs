//! State of a roll.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_ledger::LedgerId;
use sijill_ledger::codec::bytes;

use super::events::{DistrictRoll, Pseudonym, RollEvent};
use crate::ballot_box::{pack, unpack};
use crate::names::Name;

/// What a roll has established for other ledgers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollFacts {
    /// The election ledger that the roll belongs to.
    pub parent: LedgerId,
    /// Entries up to and including the freeze.
    pub frozen_size: Option<u64>,
    /// The districts of the frozen roll, ascending.
    pub districts: Vec<DistrictRoll>,
}

/// State of a roll.
#[derive(Debug, Clone)]
pub struct RollState {
    facts: Arc<RollFacts>,
    districts: Vec<Name>,
    voters: HashMap<Pseudonym, Voter>,
    commitments: HashSet<[u8; 32]>,
}

/// A registered person: an index into the list of districts, so that a million voters stay small.
#[derive(Debug, Clone, Copy)]
struct Voter {
    district: u16,
    has_credential: bool,
}

impl RollState {
    /// An empty roll of an election.
    #[must_use]
    pub fn new(parent: LedgerId) -> Self {
        Self {
            facts: Arc::new(RollFacts {
                parent,
                frozen_size: None,
                districts: Vec::new(),
            }),
            districts: Vec::new(),
            voters: HashMap::new(),
            commitments: HashSet::new(),
        }
    }

    /// What the roll has established.
    #[must_use]
    pub fn facts(&self) -> Arc<RollFacts> {
        Arc::clone(&self.facts)
    }

    /// Whether the roll is final.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.facts.frozen_size.is_some()
    }

    /// Whether a person is on the roll.
    #[must_use]
    pub fn is_registered(&self, pseudonym: &Pseudonym) -> bool {
        self.voters.contains_key(pseudonym)
    }

    /// Whether a person has a credential; `None` if they are not registered.
    #[must_use]
    pub fn has_credential(&self, pseudonym: &Pseudonym) -> Option<bool> {
        self.voters.get(pseudonym).map(|v| v.has_credential)
    }

    /// Whether a commitment stands on the roll.
    #[must_use]
    pub fn has_commitment(&self, commitment: &[u8; 32]) -> bool {
        self.commitments.contains(commitment)
    }

    /// Number of districts that voters are registered in, if the next registration is for `district`.
    pub(super) fn districts_with(&self, district: &Name) -> usize {
        self.districts.len() + usize::from(!self.districts.contains(district))
    }

    /// Eligible persons and holders of credentials by district, districts without voters left out.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Name, (u64, u64)> {
        let mut counts = vec![(0, 0); self.districts.len()];
        for voter in self.voters.values() {
            let (eligible, holders) = &mut counts[usize::from(voter.district)];
            *eligible += 1;
            *holders += u64::from(voter.has_credential);
        }
        self.districts.iter().cloned().zip(counts).collect()
    }

    pub(crate) fn evolve(&mut self, seq: u64, event: &RollEvent) -> Result<(), String> {
        match event {
            RollEvent::VoterRegistered(e) => {
                let index = match self.districts.iter().position(|d| *d == e.district) {
                    Some(index) => index,
                    None => {
                        self.districts.push(e.district.clone());
                        self.districts.len() - 1
                    }
                };
                let district = u16::try_from(index).map_err(|_| "more than 65536 districts".to_owned())?;
                self.voters.insert(
                    e.pseudonym,
                    Voter {
                        district,
                        has_credential: false,
                    },
                );
            }
            RollEvent::CredentialCommitted(e) => {
                let voter = self
                    .voters
                    .get_mut(&e.pseudonym)
                    .ok_or("a credential of an unregistered person")?;
                voter.has_credential = true;
                self.commitments.insert(e.commitment);
            }
            RollEvent::RollFrozen(e) => {
                self.facts = Arc::new(RollFacts {
                    parent: self.facts.parent,
                    frozen_size: Some(seq + 1),
                    districts: e.districts.clone(),
                });
            }
        }
        Ok(())
    }
}

/// [`RollState`] for a cache.
#[derive(Serialize, Deserialize)]
pub(crate) struct RollSnapshot {
    frozen: Option<(u64, Vec<DistrictRoll>)>,
    districts: Vec<Name>,
    /// Pseudonym, number of the district, whether there is a credential: 35 bytes each, in no order.
    #[serde(with = "bytes")]
    voters: Vec<u8>,
    #[serde(with = "bytes")]
    commitments: Vec<u8>,
}

impl RollState {
    pub(crate) fn snapshot(&self) -> RollSnapshot {
        let mut voters = Vec::with_capacity(35 * self.voters.len());
        for (pseudonym, voter) in &self.voters {
            voters.extend_from_slice(&pseudonym.0);
            voters.extend_from_slice(&voter.district.to_be_bytes());
            voters.push(u8::from(voter.has_credential));
        }
        RollSnapshot {
            frozen: self
                .facts
                .frozen_size
                .map(|size| (size, self.facts.districts.clone())),
            districts: self.districts.clone(),
            voters,
            commitments: pack(&self.commitments),
        }
    }

    pub(crate) fn restore(&mut self, found: RollSnapshot) -> Option<()> {
        let (frozen_size, districts) = match found.frozen {
            Some((size, districts)) => (Some(size), districts),
            None => (None, Vec::new()),
        };
        self.facts = Arc::new(RollFacts {
            parent: self.facts.parent,
            frozen_size,
            districts,
        });
        self.districts = found.districts;
        let (voters, []) = found.voters.as_chunks::<35>() else {
            return None;
        };
        self.voters.reserve(voters.len());
        for voter in voters {
            let (pseudonym, rest) = voter.split_first_chunk()?;
            let [high, low, has_credential @ (0 | 1)] = *rest else {
                return None;
            };
            let voter = Voter {
                district: u16::from_be_bytes([high, low]),
                has_credential: has_credential == 1,
            };
            let known = usize::from(voter.district) < self.districts.len();
            if !known || self.voters.insert(Pseudonym(*pseudonym), voter).is_some() {
                return None;
            }
        }
        self.commitments = unpack(&found.commitments, |commitment| commitment)?;
        Some(())
    }
}
