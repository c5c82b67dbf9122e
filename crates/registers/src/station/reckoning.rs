//! What follows from the books of all stations together: what is contested, what counts, who is excluded.
//!
//! Spec: specs/station.md §7 to §9.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sijill_ledger::{ContentRef, KeyId, LedgerId};

use super::book::{Book, CheckIn};
use super::state::StationFacts;
use super::voters::VoterList;
use crate::election::ElectionFacts;
use crate::names::Name;
use crate::register::{Facts, Linked};
use crate::roll::events::Pseudonym;

/// A decision about a paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Whether it counts.
    pub counts: bool,
    /// Who the guest was, of an envelope that counts, and the district where they are registered.
    pub guest: Option<(Pseudonym, Name)>,
}

/// What the roll says of stations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RollStations {
    /// The lists of voters, in the order in which they were assigned.
    pub lists: Vec<(LedgerId, Arc<VoterList>)>,
    /// Papers that are disputed on the roll.
    pub disputed: BTreeSet<(LedgerId, u64)>,
    /// Papers that are decided.
    pub decided: BTreeMap<(LedgerId, u64), Decided>,
    /// By box: entries of the roll up to and including its ExclusionsOpened, and the exclusion list that follows.
    pub opened: BTreeMap<LedgerId, (u64, ContentRef)>,
}

impl RollStations {
    /// The station that serves a voter regularly.
    #[must_use]
    pub fn home(&self, voter: &Pseudonym) -> Option<LedgerId> {
        let mut lists = self.lists.iter();
        lists
            .find(|(_, list)| list.find(voter).is_some())
            .map(|(station, _)| *station)
    }

    /// The list of a station.
    #[must_use]
    pub fn list(&self, station: &LedgerId) -> Option<&VoterList> {
        let mut lists = self.lists.iter();
        lists.find(|(s, _)| s == station).map(|(_, list)| &**list)
    }
}

/// The books of all stations that are final, at a size of the election ledger.
#[derive(Debug)]
pub struct Reckoning<'a> {
    election: &'a ElectionFacts,
    size: u64,
    roll: &'a RollStations,
    stations: BTreeMap<LedgerId, (Arc<StationFacts>, Arc<Book>)>,
}

impl<'a> Reckoning<'a> {
    /// Takes the books of the stations that are final within `size`; `None` if one of them is not here.
    #[must_use]
    pub fn new(
        election: &'a ElectionFacts,
        size: u64,
        roll: &'a RollStations,
        linked: &dyn Linked,
    ) -> Option<Self> {
        let mut stations = BTreeMap::new();
        for (ledger, station) in &election.stations {
            if !station.is_final_within(size) {
                continue;
            }
            let Some(Facts::Station(facts)) = linked.facts(ledger) else {
                return None;
            };
            let book = Arc::clone(facts.book.as_ref()?);
            stations.insert(*ledger, (facts, book));
        }
        Some(Self {
            election,
            size,
            roll,
            stations,
        })
    }

    /// The book of a station that is final.
    #[must_use]
    pub fn book(&self, station: &LedgerId) -> Option<&Book> {
        self.stations.get(station).map(|(_, book)| &**book)
    }

    /// Whether a paper was disputed, at its station or on the roll.
    #[must_use]
    pub fn is_disputed(&self, station: &LedgerId, paper: u64) -> bool {
        self.roll.disputed.contains(&(*station, paper))
            || self
                .book(station)
                .and_then(|b| b.paper(paper))
                .is_some_and(|p| p.disputed)
    }

    /// Whether the paper of a check-in is contested. Spec: specs/station.md §7.2.
    #[must_use]
    pub fn is_contested(&self, station: &LedgerId, position: u64, check_in: &CheckIn) -> bool {
        let (Some(book), Some(progress)) = (self.book(station), self.election.stations.get(station)) else {
            return false;
        };
        let provisional = |key: &KeyId, at| progress.is_provisional(self.size, key, at);
        let last = check_in.papers.last();
        provisional(&check_in.author, position)
            || check_in.papers.iter().any(|at| {
                self.is_disputed(station, *at)
                    || book.paper(*at).is_some_and(|paper| {
                        let issue = Some(at) == last
                            && (provisional(&paper.author, *at)
                                || paper.second.is_some_and(|key| provisional(&key, *at)));
                        issue || paper.spoilt.iter().any(|(at, key)| provisional(key, *at))
                    })
            })
    }

    /// Whether a paper needs a decision. Spec: specs/station.md §7.3.
    #[must_use]
    pub fn is_open(&self, station: &LedgerId, paper: u64) -> bool {
        let Some(book) = self.book(station) else {
            return false;
        };
        let Some(issued) = book.paper(paper) else {
            return false;
        };
        let Some(check_in) = book.check_in(issued.check_in) else {
            return false;
        };
        check_in.papers.last() == Some(&paper)
            && !self.roll.decided.contains_key(&(*station, paper))
            && (self.is_contested(station, issued.check_in, check_in)
                || issued.envelope.is_some() && book.stands(paper))
    }

    /// The papers that need a decision, ascending by station and position.
    #[must_use]
    pub fn open(&self) -> Vec<(LedgerId, u64)> {
        let all = self
            .stations
            .iter()
            .flat_map(|(station, (_, book))| book.papers().map(move |(position, _)| (*station, position)));
        all.filter(|(station, paper)| self.is_open(station, *paper))
            .collect()
    }

    /// Whether a paper counts. Spec: specs/station.md §7.5.
    #[must_use]
    pub fn counts(&self, station: &LedgerId, paper: u64) -> bool {
        if let Some(decided) = self.roll.decided.get(&(*station, paper)) {
            return decided.counts;
        }
        let Some(book) = self.book(station) else {
            return false;
        };
        let Some(issued) = book.paper(paper) else {
            return false;
        };
        let contested = book
            .check_in(issued.check_in)
            .is_none_or(|c| self.is_contested(station, issued.check_in, c));
        book.stands(paper) && issued.envelope.is_none() && !contested
    }

    /// Whether a voter has a regular paper somewhere that stands or is contested, and was not decided not to count.
    #[must_use]
    pub fn has_regular_paper(&self, voter: &Pseudonym) -> bool {
        self.stations.iter().any(|(station, (_, book))| {
            let Some(position) = book.find(&voter.0) else {
                return false;
            };
            let Some(check_in) = book.check_in(position).filter(|c| c.listed) else {
                return false;
            };
            check_in.papers.last().is_some_and(|paper| {
                (book.stands(*paper) || self.is_contested(station, position, check_in))
                    && self
                        .roll
                        .decided
                        .get(&(*station, *paper))
                        .is_none_or(|d| d.counts)
            })
        })
    }

    /// Whether an envelope was admitted for a person.
    #[must_use]
    pub fn has_admitted_envelope(&self, person: &Pseudonym) -> bool {
        let mut decided = self.roll.decided.values();
        decided.any(|d| d.guest.as_ref().is_some_and(|(guest, _)| guest == person))
    }

    /// Whether a voter is on the list of a station that is lost with void-digital.
    #[must_use]
    pub fn is_void_digital(&self, voter: &Pseudonym) -> bool {
        self.roll.home(voter).is_some_and(|home| {
            let station = self.election.stations.get(&home);
            station.is_some_and(|s| s.has_ended_within(self.size) && s.is_void_digital())
        })
    }

    /// Where an envelope of this person is opened and mixed with other papers. Spec: specs/station.md §7.5.
    #[must_use]
    pub fn urn(&self, person: &Pseudonym, district: &Name) -> Option<LedgerId> {
        let home = self.roll.home(person).filter(|h| self.stations.contains_key(h));
        home.or_else(|| {
            let mut stations = self.stations.keys();
            stations
                .find(|ledger| {
                    let station = self.election.stations.get(ledger);
                    station.is_some_and(|s| s.defined.districts.contains(district))
                })
                .copied()
        })
    }

    /// Papers issued at a station for a district, with the envelopes opened at its urn. Spec: specs/station.md §9.1.
    #[must_use]
    pub fn issued(&self, station: &LedgerId, district: &Name) -> u64 {
        let regular = self.stations.get(station).map_or(0, |(facts, book)| {
            let of_district = |check_in: u64| {
                let person = book.check_in(check_in).map(|c| Pseudonym(c.person));
                person
                    .and_then(|p| facts.list.as_ref()?.find(&p).map(|(d, _)| d == district))
                    .unwrap_or(false)
            };
            book.papers()
                .filter(|(_, p)| p.envelope.is_none() && of_district(p.check_in))
                .count()
        });
        let envelopes = self
            .roll
            .decided
            .values()
            .filter_map(|d| d.guest.as_ref())
            .filter(|(guest, of)| of == district && self.urn(guest, of) == Some(*station))
            .count();
        (regular + envelopes) as u64
    }

    /// Everybody who has a paper that counts, or whose digital ballot falls with a lost book. Spec: specs/station.md §8.1.
    #[must_use]
    pub fn excluded(&self) -> BTreeSet<Pseudonym> {
        let mut excluded: BTreeSet<Pseudonym> = self
            .roll
            .decided
            .values()
            .filter_map(|d| d.guest.as_ref().map(|(guest, _)| *guest))
            .collect();
        for (station, (_, book)) in &self.stations {
            for (_, check_in) in book.check_ins().filter(|(_, c)| c.listed) {
                if check_in.papers.last().is_some_and(|p| self.counts(station, *p)) {
                    excluded.insert(Pseudonym(check_in.person));
                }
            }
        }
        for (station, list) in &self.roll.lists {
            let lost = self.election.stations.get(station);
            if lost.is_some_and(|s| s.has_ended_within(self.size) && s.is_void_digital()) {
                let voters = list.served().iter().flat_map(|d| &d.voters);
                // Of a voter on two lists the first is the voter's.
                excluded.extend(
                    voters
                        .map(|v| v.pseudonym)
                        .filter(|v| self.roll.home(v) == Some(*station)),
                );
            }
        }
        excluded
    }
}
