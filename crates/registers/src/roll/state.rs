//! State of a roll.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_ballot::{CredentialList, Point};
use sijill_ledger::codec::bytes;
use sijill_ledger::{ContentRef, LedgerId, UnixMillis, decode_canonical};
use sijill_rules::{InPerson, LostBook};

use super::events::{
    DistrictRoll, ExclusionsOpened, Opening, PaperDecided, PaperDisputed, Pseudonym, RollEvent,
    VotersAssigned,
};
use super::governed::{Basis, Governed};
use crate::names::Name;
use crate::register::Contents;
use crate::station::{Decided, RollStations, VoterList};

/// What a roll has established for other ledgers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollFacts {
    /// The election ledger that the roll belongs to.
    pub parent: LedgerId,
    /// The rule pack and the polling day that the roll is defined with.
    pub rules: Option<(ContentRef, u32)>,
    /// Entries up to and including the freeze.
    pub frozen_size: Option<u64>,
    /// The districts of the frozen roll, ascending.
    pub districts: Vec<DistrictRoll>,
    /// What stations need of the roll's rules, once it is defined.
    pub station_rules: Option<StationRules>,
    /// The lists of voters of stations.
    pub assigned: BTreeMap<LedgerId, Assigned>,
    /// Lists, disputes, decisions and openings in an event with stations.
    pub stations: Arc<RollStations>,
}

/// What stations need of a roll's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationRules {
    /// The pack.
    pub pack: ContentRef,
    /// What becomes of digital ballots when a voter comes in person.
    pub in_person: InPerson,
    /// What becomes of a station whose book is lost.
    pub lost_book: Option<LostBook>,
}

/// A list of voters that is assigned to a station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Entries up to and including the assignment.
    pub size: u64,
    /// The list.
    pub voters: ContentRef,
    /// Voters on it.
    pub count: u64,
    /// Its districts, ascending.
    pub districts: Vec<Name>,
}

/// State of a roll.
#[derive(Debug, Clone)]
pub struct RollState {
    facts: Arc<RollFacts>,
    governed: Option<Arc<Governed>>,
    /// Every district that anybody was ever registered in.
    districts: Vec<Name>,
    /// Everybody who is registered or has an open check.
    voters: HashMap<Pseudonym, Voter>,
    /// Every commitment to a credential, with its position.
    commitments: HashMap<[u8; 32], u64>,
    /// The events about stations, with the entries up to and including each.
    at_poll: Vec<(u64, PollEvent)>,
}

/// An event of the roll about stations.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum PollEvent {
    Assigned(VotersAssigned),
    Decided(PaperDecided),
    Disputed(PaperDisputed),
    Opened(ExclusionsOpened),
}

/// The last check of a person for registration, if nothing was made of it yet. Spec: specs/roll.md §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenCheck {
    /// Its position.
    pub position: u64,
    /// Whether no condition failed.
    pub eligible: bool,
}

/// A person: with an index into the list of districts, so that a million voters stay small.
#[derive(Debug, Clone, Copy, Default)]
struct Voter {
    district: Option<u16>,
    /// Position of the commitment to it.
    credential: Option<u64>,
    check: Option<OpenCheck>,
}

impl RollState {
    /// An empty roll of an election.
    #[must_use]
    pub fn new(parent: LedgerId) -> Self {
        Self {
            facts: Arc::new(RollFacts {
                parent,
                rules: None,
                frozen_size: None,
                districts: Vec::new(),
                station_rules: None,
                assigned: BTreeMap::new(),
                stations: Arc::default(),
            }),
            governed: None,
            districts: Vec::new(),
            voters: HashMap::new(),
            commitments: HashMap::new(),
            at_poll: Vec::new(),
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
        self.district_index(pseudonym).is_some()
    }

    /// The rules of the roll, once it is defined.
    #[must_use]
    pub fn governed(&self) -> Option<&Governed> {
        self.governed.as_deref()
    }

    /// The district of a registered person.
    #[must_use]
    pub fn district_of(&self, pseudonym: &Pseudonym) -> Option<&Name> {
        self.districts.get(usize::from(self.district_index(pseudonym)?))
    }

    /// The open check of a person.
    #[must_use]
    pub fn open_check(&self, pseudonym: &Pseudonym) -> Option<OpenCheck> {
        self.voters.get(pseudonym)?.check
    }

    /// Whether a registered person was found not to be eligible, and nothing was made of it.
    pub(super) fn keeps_somebody_ineligible(&self) -> bool {
        self.voters
            .values()
            .any(|v| v.district.is_some() && v.check.is_some_and(|c| !c.eligible))
    }

    fn district_index(&self, pseudonym: &Pseudonym) -> Option<u16> {
        self.voters.get(pseudonym)?.district
    }

    /// Whether a person has a credential; `None` if they are not registered.
    #[must_use]
    pub fn has_credential(&self, pseudonym: &Pseudonym) -> Option<bool> {
        let voter = self.voters.get(pseudonym)?;
        voter.district.map(|_| voter.credential.is_some())
    }

    /// Whether a commitment stands on the roll.
    #[must_use]
    pub fn has_commitment(&self, commitment: &[u8; 32]) -> bool {
        self.commitments.contains_key(commitment)
    }

    /// Whether a commitment is that of a registered person's credential.
    #[must_use]
    pub fn is_commitment_of(&self, pseudonym: &Pseudonym, commitment: &[u8; 32]) -> bool {
        let voter = self.voters.get(pseudonym).filter(|v| v.district.is_some());
        let position = voter.and_then(|v| v.credential);
        position.is_some() && position == self.commitments.get(commitment).copied()
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
            if let Some(district) = voter.district {
                let (eligible, holders) = &mut counts[usize::from(district)];
                *eligible += 1;
                *holders += u64::from(voter.credential.is_some());
            }
        }
        let all = self.districts.iter().cloned().zip(counts);
        all.filter(|(_, (eligible, _))| *eligible > 0).collect()
    }

    /// The index of a district, which is added if it is new.
    fn index_of(&mut self, district: &Name) -> Result<u16, String> {
        let index = match self.districts.iter().position(|d| d == district) {
            Some(index) => index,
            None => {
                self.districts.push(district.clone());
                self.districts.len() - 1
            }
        };
        u16::try_from(index).map_err(|_| "more than 65536 districts".to_owned())
    }

    fn registered(&mut self, pseudonym: &Pseudonym) -> Result<&mut Voter, String> {
        let voter = self.voters.get_mut(pseudonym).filter(|v| v.district.is_some());
        voter.ok_or_else(|| "an event about an unregistered person".to_owned())
    }

    fn governed_mut(&mut self) -> Result<&mut Governed, String> {
        let governed = self.governed.as_mut().ok_or("an event before the definition")?;
        Ok(Arc::make_mut(governed))
    }

    pub(crate) fn evolve(
        &mut self,
        seq: u64,
        at: UnixMillis,
        event: &RollEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        match event {
            RollEvent::RollDefined(e) => {
                self.govern(Governed::new(e, at, contents)?);
                Arc::make_mut(&mut self.facts).rules = Some((e.pack, e.polling_day));
            }
            RollEvent::EligibilityChecked(e) => {
                if e.purpose == 1 {
                    self.voters.entry(e.pseudonym).or_default().check = Some(OpenCheck {
                        position: seq,
                        eligible: e.eligible,
                    });
                }
            }
            RollEvent::VoterRegistered(e) => {
                let district = Some(self.index_of(&e.district)?);
                self.voters.insert(
                    e.pseudonym,
                    Voter {
                        district,
                        ..Voter::default()
                    },
                );
            }
            RollEvent::VoterTransferred(e) => {
                let district = Some(self.index_of(&e.to)?);
                let voter = self.registered(&e.pseudonym)?;
                voter.district = district;
                voter.credential = None;
            }
            RollEvent::VoterCorrected(e) => self.registered(&e.pseudonym)?.check = None,
            RollEvent::VoterStruck(e) => {
                self.registered(&e.pseudonym)?;
                self.voters.remove(&e.pseudonym);
            }
            RollEvent::CredentialCommitted(e) => {
                self.registered(&e.pseudonym)?.credential = Some(seq);
                self.commitments.insert(e.commitment, seq);
            }
            RollEvent::ObjectionFiled(e) => self.governed_mut()?.filed(seq, e, at),
            RollEvent::ObjectionDecided(e) => self.governed_mut()?.decided(e, at)?,
            RollEvent::ObjectionWindowExtended(e) => self.governed_mut()?.extended(e, at),
            RollEvent::HolidaysDeclared(e) => self.governed_mut()?.declared(e, at, contents)?,
            RollEvent::RollFrozen(e) => {
                let facts = Arc::make_mut(&mut self.facts);
                facts.frozen_size = Some(seq + 1);
                facts.districts.clone_from(&e.districts);
            }
            RollEvent::VotersAssigned(e) => {
                self.at_poll(seq + 1, PollEvent::Assigned(e.clone()), contents)?
            }
            RollEvent::PaperDecided(e) => self.at_poll(seq + 1, PollEvent::Decided(e.clone()), contents)?,
            RollEvent::PaperDisputed(e) => self.at_poll(seq + 1, PollEvent::Disputed(e.clone()), contents)?,
            RollEvent::ExclusionsOpened(e) => {
                self.at_poll(seq + 1, PollEvent::Opened(e.clone()), contents)?
            }
        }
        Ok(())
    }

    fn govern(&mut self, governed: Governed) {
        Arc::make_mut(&mut self.facts).station_rules = Some(StationRules {
            pack: governed.pack_content(),
            in_person: governed.pack().voting.in_person,
            lost_book: governed.pack().voting.lost_book,
        });
        self.governed = Some(Arc::new(governed));
    }

    fn at_poll(&mut self, size: u64, event: PollEvent, contents: &dyn Contents) -> Result<(), String> {
        let load = |content: &ContentRef| contents.load(content).map_err(|e| e.to_string());
        match &event {
            PollEvent::Assigned(e) => {
                let list = VoterList::parse(&load(&e.voters)?).map_err(|e| e.to_string())?;
                let facts = Arc::make_mut(&mut self.facts);
                facts.assigned.insert(
                    e.station,
                    Assigned {
                        size,
                        voters: e.voters,
                        count: list.count(),
                        districts: list.served().iter().map(|d| d.district.clone()).collect(),
                    },
                );
                let stations = Arc::make_mut(&mut facts.stations);
                stations.lists.push((e.station, Arc::new(list)));
            }
            PollEvent::Disputed(e) => {
                self.stations_mut().disputed.insert((e.station, e.paper.get()));
            }
            PollEvent::Decided(e) => {
                let guest = e
                    .person
                    .and_then(|p| Some((p, self.district_of(&p)?.clone())))
                    .filter(|_| e.decision == 1);
                let decided = Decided {
                    counts: e.decision == 1,
                    guest,
                };
                self.stations_mut()
                    .decided
                    .insert((e.station, e.paper.get()), decided);
            }
            PollEvent::Opened(e) => {
                let openings: Vec<Opening> =
                    decode_canonical(&load(&e.openings)?).map_err(|e| e.to_string())?;
                let list = exclusion_list(&openings)?;
                self.stations_mut().opened.insert(e.ledger, (size, list));
            }
        }
        self.at_poll.push((size, event));
        Ok(())
    }

    fn stations_mut(&mut self) -> &mut RollStations {
        Arc::make_mut(&mut Arc::make_mut(&mut self.facts).stations)
    }
}

/// The exclusion list that follows from openings. Spec: specs/station.md §8.3.
pub(super) fn exclusion_list(openings: &[Opening]) -> Result<ContentRef, String> {
    let points = openings
        .iter()
        .map(|o| Point::from_bytes(&o.credential).map_err(|e| e.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let list = CredentialList::build(points).map_err(|e| e.to_string())?;
    ContentRef::of(list.json().as_bytes()).map_err(|e| e.to_string())
}

/// [`RollState`] for a cache.
#[derive(Serialize, Deserialize)]
pub(crate) struct RollSnapshot {
    frozen: Option<(u64, Vec<DistrictRoll>)>,
    basis: Option<Basis>,
    districts: Vec<Name>,
    /// For each person, in no order, 52 bytes: pseudonym; number of the district from 1, or 0; flags (1 credential, 2 open
    /// check, 4 it is eligible) as one byte and a zero byte; positions of the open check and of the credential.
    #[serde(with = "bytes")]
    voters: Vec<u8>,
    /// Commitment and position: 40 bytes each.
    #[serde(with = "bytes")]
    commitments: Vec<u8>,
    at_poll: Vec<(u64, PollEvent)>,
}

impl RollState {
    pub(crate) fn snapshot(&self) -> RollSnapshot {
        let mut voters = Vec::with_capacity(52 * self.voters.len());
        for (pseudonym, voter) in &self.voters {
            let flags = u8::from(voter.credential.is_some())
                | voter.check.map_or(0, |c| 2 | (4 * u8::from(c.eligible)));
            voters.extend_from_slice(&pseudonym.0);
            voters.extend_from_slice(&voter.district.map_or(0, |d| d + 1).to_be_bytes());
            voters.extend_from_slice(&[flags, 0]);
            voters.extend_from_slice(&voter.check.map_or(0, |c| c.position).to_be_bytes());
            voters.extend_from_slice(&voter.credential.unwrap_or(0).to_be_bytes());
        }
        let mut commitments = Vec::with_capacity(40 * self.commitments.len());
        for (commitment, position) in &self.commitments {
            commitments.extend_from_slice(commitment);
            commitments.extend_from_slice(&position.to_be_bytes());
        }
        RollSnapshot {
            frozen: self
                .facts
                .frozen_size
                .map(|size| (size, self.facts.districts.clone())),
            basis: self.governed.as_ref().map(|g| g.basis().clone()),
            districts: self.districts.clone(),
            voters,
            commitments,
            at_poll: self.at_poll.clone(),
        }
    }

    pub(crate) fn restore(&mut self, found: RollSnapshot, contents: &dyn Contents) -> Option<()> {
        let (frozen_size, districts) = match found.frozen {
            Some((size, districts)) => (Some(size), districts),
            None => (None, Vec::new()),
        };
        let facts = Arc::make_mut(&mut self.facts);
        facts.rules = found.basis.as_ref().map(Basis::rules);
        facts.frozen_size = frozen_size;
        facts.districts = districts;
        if let Some(basis) = found.basis {
            self.govern(Governed::restore(basis, contents).ok()?);
        }
        self.districts = found.districts;
        let (voters, []) = found.voters.as_chunks::<52>() else {
            return None;
        };
        self.voters.reserve(voters.len());
        for voter in voters {
            let (pseudonym, rest) = voter.split_first_chunk()?;
            let (&[high, low, flags @ 0..=7, 0], positions) = rest.split_first_chunk()? else {
                return None;
            };
            let (position, credential) = positions.split_first_chunk()?;
            let position = u64::from_be_bytes(*position);
            let credential = u64::from_be_bytes(*credential.first_chunk()?);
            let district = u16::from_be_bytes([high, low]).checked_sub(1);
            if district.is_some_and(|d| usize::from(d) >= self.districts.len()) {
                return None;
            }
            let check = OpenCheck {
                position,
                eligible: flags & 4 != 0,
            };
            let voter = Voter {
                district,
                credential: (flags & 1 != 0).then_some(credential),
                check: (flags & 2 != 0).then_some(check),
            };
            if self.voters.insert(Pseudonym(*pseudonym), voter).is_some() {
                return None;
            }
        }
        let (commitments, []) = found.commitments.as_chunks::<40>() else {
            return None;
        };
        self.commitments.reserve(commitments.len());
        for commitment in commitments {
            let (commitment, position) = commitment.split_first_chunk()?;
            let position = u64::from_be_bytes(*position.first_chunk()?);
            if self.commitments.insert(*commitment, position).is_some() {
                return None;
            }
        }
        for (size, event) in found.at_poll {
            self.at_poll(size, event, contents).ok()?;
        }
        Some(())
    }
}
