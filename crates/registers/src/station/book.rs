//! What a station has recorded: check-ins and papers. Spec: specs/station.md §4 to §6.

use std::collections::{BTreeMap, BTreeSet};

use sijill_ledger::KeyId;

use super::events::{CheckedIn, PaperIssued, StationCounts};

/// A check-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    /// The pseudonym, or the commitment to a guest.
    pub person: [u8; 32],
    /// Whether the person is on the station's list.
    pub listed: bool,
    /// Who checked.
    pub author: KeyId,
    /// Papers issued for it, ascending: the last one is *the* paper of the check-in.
    pub papers: Vec<u64>,
}

/// A paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Position of the check-in.
    pub check_in: u64,
    /// Number of the envelope.
    pub envelope: Option<u64>,
    /// Who issued it.
    pub author: KeyId,
    /// The second officer.
    pub second: Option<KeyId>,
    /// Where, and by whom, it was recorded as spoilt.
    pub spoilt: Vec<(u64, KeyId)>,
    /// Whether it was disputed at the station.
    pub disputed: bool,
}

/// The record of a station.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    check_ins: BTreeMap<u64, CheckIn>,
    persons: BTreeMap<[u8; 32], u64>,
    papers: BTreeMap<u64, Paper>,
    envelopes: BTreeSet<u64>,
    spoilt: u64,
}

impl Book {
    /// The check-in at a position.
    #[must_use]
    pub fn check_in(&self, position: u64) -> Option<&CheckIn> {
        self.check_ins.get(&position)
    }

    /// Position of a person's check-in.
    #[must_use]
    pub fn find(&self, person: &[u8; 32]) -> Option<u64> {
        self.persons.get(person).copied()
    }

    /// The paper at a position.
    #[must_use]
    pub fn paper(&self, position: u64) -> Option<&Paper> {
        self.papers.get(&position)
    }

    /// Check-ins by position, ascending.
    pub fn check_ins(&self) -> impl Iterator<Item = (u64, &CheckIn)> {
        self.check_ins.iter().map(|(position, c)| (*position, c))
    }

    /// Papers by position, ascending.
    pub fn papers(&self) -> impl Iterator<Item = (u64, &Paper)> {
        self.papers.iter().map(|(position, p)| (*position, p))
    }

    /// Position of the paper of a check-in.
    #[must_use]
    pub fn paper_of(&self, check_in: u64) -> Option<u64> {
        self.check_ins.get(&check_in)?.papers.last().copied()
    }

    /// Whether a paper is the paper of its check-in and not spoilt.
    #[must_use]
    pub fn stands(&self, position: u64) -> bool {
        self.papers
            .get(&position)
            .is_some_and(|p| p.spoilt.is_empty() && self.paper_of(p.check_in) == Some(position))
    }

    /// Whether a number of an envelope is used.
    #[must_use]
    pub fn has_envelope(&self, number: u64) -> bool {
        self.envelopes.contains(&number)
    }

    /// Check-ins without a paper.
    #[must_use]
    pub fn unserved(&self) -> u64 {
        self.check_ins.values().filter(|c| c.papers.is_empty()).count() as u64
    }

    /// Whether these are the counts of this book, for so many papers received. `unused` is counted by hand.
    #[must_use]
    pub fn counts(&self, received: u64, unused: u64) -> Option<StationCounts> {
        let number = |n: u64| n.try_into().ok();
        Some(StationCounts {
            received: number(received)?,
            checked_in: number(self.check_ins.len() as u64)?,
            issued: number(self.papers.len() as u64)?,
            spoilt: number(self.spoilt)?,
            envelopes: number(self.envelopes.len() as u64)?,
            unused: number(unused)?,
        })
    }

    pub(super) fn checked_in(&mut self, position: u64, author: KeyId, e: &CheckedIn) -> Result<(), String> {
        if self.persons.insert(e.person, position).is_some() {
            return Err("a second check-in of one person".to_owned());
        }
        let check_in = CheckIn {
            person: e.person,
            listed: e.listed,
            author,
            papers: Vec::new(),
        };
        self.check_ins.insert(position, check_in);
        Ok(())
    }

    pub(super) fn issued(&mut self, position: u64, author: KeyId, e: &PaperIssued) -> Result<(), String> {
        let check_in = self
            .check_ins
            .get_mut(&e.check_in.get())
            .ok_or("a paper without a check-in")?;
        check_in.papers.push(position);
        let envelope = e.envelope.map(super::events::Number::get);
        self.envelopes.extend(envelope);
        self.papers.insert(
            position,
            Paper {
                check_in: e.check_in.get(),
                envelope,
                author,
                second: e.second.as_ref().map(|s| s.key),
                spoilt: Vec::new(),
                disputed: false,
            },
        );
        Ok(())
    }

    pub(super) fn spoilt(&mut self, position: u64, author: KeyId, paper: u64) -> Result<(), String> {
        let paper = self.papers.get_mut(&paper).ok_or("a spoilt paper that is none")?;
        paper.spoilt.push((position, author));
        self.spoilt += 1;
        Ok(())
    }

    pub(super) fn disputed(&mut self, paper: u64) -> Result<(), String> {
        let paper = self
            .papers
            .get_mut(&paper)
            .ok_or("a dispute of a paper that is none")?;
        paper.disputed = true;
        Ok(())
    }
}
