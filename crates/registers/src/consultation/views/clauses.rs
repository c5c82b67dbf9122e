//! Contributions per clause, through all versions of the document. Spec: specs/consultation.md §10.1.

use std::collections::BTreeMap;

use super::Reading;
use crate::consultation::events::OnClause;
use crate::consultation::state::ConsultationState;

/// Where a comment stands in the latest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On the document as a whole.
    Document,
    /// At a clause.
    Clause(Placed),
    /// At a clause that is gone.
    Orphaned {
        /// The version that it was made on.
        version: u32,
        /// The clause that it was made on.
        clause: String,
    },
}

/// A comment at a clause of the latest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Id of the clause.
    pub clause: String,
    /// The version that it was made on, if that is not the latest one.
    pub made_on: Option<u32>,
    /// Whether the clause had another text then.
    pub other_wording: bool,
}

/// A clause of the latest version and the roots that stand there, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseReading {
    /// Its id.
    pub clause: String,
    /// Its number, as it is printed.
    pub number: String,
    /// Positions of the roots.
    pub comments: Vec<(u64, Placed)>,
    /// Comments of these threads that count.
    pub counted: u64,
}

/// All roots, by where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClausesReading {
    /// In the order of the document.
    pub clauses: Vec<ClauseReading>,
    /// On the document as a whole.
    pub document: Vec<u64>,
    /// On clauses that are gone: position, version and clause that they were made on.
    pub orphaned: Vec<(u64, u32, String)>,
}

impl ConsultationState {
    /// Where a comment stands; a reply where its root does. `None` if there is no such comment.
    #[must_use]
    pub fn place(&self, comment: u64) -> Option<Place> {
        let root = self.comment(self.root_of(comment)?)?;
        match &root.clause {
            None => Some(Place::Document),
            Some(on) => self.place_on(on),
        }
    }

    /// Where a comment on this clause of this version stands now. `None` if there is no version.
    #[must_use]
    pub fn place_on(&self, on: &OnClause) -> Option<Place> {
        let after = usize::try_from(on.version).ok()?;
        let mut clause = on.clause.as_str();
        for version in self.versions().iter().skip(after) {
            if version.document.clause(clause).is_some() {
                continue;
            }
            let found = version.moves.binary_search_by(|m| m.from.as_str().cmp(clause));
            if let Ok(at) = found {
                clause = &version.moves[at].to;
            }
        }
        let latest = self.versions().last()?;
        Some(match latest.document.clause(clause) {
            Some((_, hash)) => Place::Clause(Placed {
                clause: clause.to_owned(),
                made_on: (after != self.versions().len()).then_some(on.version),
                other_wording: *hash != on.hash,
            }),
            None => Place::Orphaned {
                version: on.version,
                clause: on.clause.clone(),
            },
        })
    }
}

impl Reading<'_> {
    /// Contributions per clause of the latest version.
    #[must_use]
    pub fn clauses(&self) -> ClausesReading {
        let mut reading = ClausesReading {
            clauses: Vec::new(),
            document: Vec::new(),
            orphaned: Vec::new(),
        };
        let mut by_clause: BTreeMap<&str, usize> = BTreeMap::new();
        if let Some(latest) = self.state.versions().last() {
            for (i, clause) in latest.document.clauses().iter().enumerate() {
                by_clause.insert(&clause.id, i);
                reading.clauses.push(ClauseReading {
                    clause: clause.id.clone(),
                    number: clause.number.clone(),
                    comments: Vec::new(),
                    counted: 0,
                });
            }
        }
        for (position, _) in self.state.roots() {
            match self.state.place(position) {
                Some(Place::Clause(placed)) => {
                    if let Some(at) = by_clause.get(placed.clause.as_str()) {
                        let clause = &mut reading.clauses[*at];
                        clause.counted += self.counted_from(position);
                        clause.comments.push((position, placed));
                    }
                }
                Some(Place::Orphaned { version, clause }) => {
                    reading.orphaned.push((position, version, clause));
                }
                Some(Place::Document) | None => reading.document.push(position),
            }
        }
        reading
    }

    /// Comments that count in the thread of a comment, itself included.
    fn counted_from(&self, position: u64) -> u64 {
        let Some(comment) = self.state.comment(position) else {
            return 0;
        };
        let below: u64 = comment.replies.iter().map(|r| self.counted_from(*r)).sum();
        u64::from(self.is_counted(comment)) + below
    }
}
