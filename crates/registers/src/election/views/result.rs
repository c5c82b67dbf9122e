//! The result of each district as an official shows it: digital and paper, both percentages, turnout.
//! Spec: specs/election.md §6.4, specs/outcome.md §4.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sijill_ballot::ElectionResult;
use sijill_ledger::{LedgerId, UnixMillis};

use crate::catalogue::Event;
use crate::election::events::{BoxDefined, ElectionEvent, PaperReturned, TallyAnchored};
use crate::json;
use crate::manifest::Manifest;
use crate::names::Name;
use crate::register::Contents;
use crate::views::{View, basis_points};

/// The fold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Results {
    boxes: BTreeMap<LedgerId, BoxResult>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct BoxResult {
    defined: BoxDefined,
    anchored: Option<TallyAnchored>,
    paper: Option<PaperReturned>,
    counts: Option<Vec<Vec<u64>>>,
}

/// A number by channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// Digital.
    pub digital: u64,
    /// Paper.
    pub paper: u64,
    /// Both.
    pub total: u64,
}

impl Channels {
    fn new(digital: u64, paper: u64) -> Self {
        Self {
            digital,
            paper,
            total: digital.saturating_add(paper),
        }
    }
}

/// Votes for one choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Digital.
    pub digital: u64,
    /// Paper.
    pub paper: u64,
    /// Both.
    pub total: u64,
    /// Share of all votes cast, in basis points.
    pub of_cast_bp: u64,
    /// Share of the valid votes, in basis points.
    pub of_valid_bp: u64,
}

/// Result of one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionResult {
    /// Blank votes, if the question allows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blank: Option<Count>,
    /// By answer.
    pub answers: Vec<Count>,
}

/// The published document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultDocument {
    /// `sijill-result/1`.
    pub format: String,
    /// The box.
    pub ledger: LedgerId,
    /// Entries of the election ledger folded.
    pub size: u64,
    /// District.
    pub district: Name,
    /// Whether this is a rehearsal.
    pub rehearsal: bool,
    /// Eligible persons.
    pub eligible: u64,
    /// Votes cast.
    pub cast: Channels,
    /// Valid ones, blank included.
    pub valid: Channels,
    /// Invalid ones.
    pub invalid: Channels,
    /// Votes cast of persons eligible, in basis points.
    pub turnout_bp: u64,
    /// By question.
    pub questions: Vec<QuestionResult>,
}

impl View for Results {
    const NAME: &'static str = "result";

    fn apply(
        &mut self,
        _seq: u64,
        _at: UnixMillis,
        event: &Event,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let Event::Election(event) = event else {
            return Ok(());
        };
        let mut update = |ledger: &LedgerId, change: &mut dyn FnMut(&mut BoxResult)| {
            self.boxes
                .get_mut(ledger)
                .map(change)
                .ok_or_else(|| "a box that was not defined".to_owned())
        };
        match event {
            ElectionEvent::BoxDefined(e) => {
                let fresh = BoxResult {
                    defined: e.clone(),
                    anchored: None,
                    paper: None,
                    counts: None,
                };
                self.boxes.insert(e.ledger, fresh);
                Ok(())
            }
            ElectionEvent::TallyAnchored(e) => update(&e.ledger, &mut |b| b.anchored = Some(e.clone())),
            ElectionEvent::PaperReturned(e) => update(&e.ledger, &mut |b| b.paper = Some(e.clone())),
            ElectionEvent::PaperRecounted(e) => update(&e.ledger, &mut |b| b.paper = Some(e.as_return())),
            ElectionEvent::ResultDeclared(e) => {
                let bytes = contents.load(&e.result).map_err(|e| e.to_string())?;
                let result = ElectionResult::parse(&bytes).map_err(|e| e.to_string())?;
                update(&e.ledger, &mut |b| b.counts = Some(result.counts().to_vec()))
            }
            _ => Ok(()),
        }
    }
}

impl Results {
    /// The document of a box; `None` before its result is declared, or while its paper return is missing. The digital numbers of a box below
    /// the minimum, which is never decrypted, are 0.
    #[must_use]
    pub fn document(&self, ledger: LedgerId, size: u64, manifest: &Manifest) -> Option<ResultDocument> {
        let result = self.boxes.get(&ledger)?;
        let counted = result.anchored.as_ref()?.counted;
        if manifest.paper && result.paper.is_none() {
            return None;
        }
        let paper = result.paper.as_ref();
        let district = manifest.district(&result.defined.district)?;
        let (counted, digital) = match &result.counts {
            Some(counts) => (counted, counts.clone()),
            None if counted < manifest.min_ballots && manifest.paper => (
                0,
                district
                    .questions()
                    .iter()
                    .map(|q| vec![0; q.choices()])
                    .collect(),
            ),
            None => return None,
        };
        let (paper_valid, paper_invalid) = paper.map_or((0, 0), |p| (p.valid, p.invalid));
        let cast = Channels::new(counted, paper_valid.saturating_add(paper_invalid));
        let valid = Channels::new(counted, paper_valid);
        let questions = district
            .questions()
            .iter()
            .zip(&digital)
            .enumerate()
            .map(|(q, (question, digital))| {
                let votes: Vec<Channels> = digital
                    .iter()
                    .enumerate()
                    .map(|(c, n)| {
                        Channels::new(
                            *n,
                            paper.and_then(|p| p.counts.get(q)?.get(c).copied()).unwrap_or(0),
                        )
                    })
                    .collect();
                let blank_total = if question.blank {
                    votes.first().map_or(0, |v| v.total)
                } else {
                    0
                };
                let count = |v: &Channels, base: u64| Count {
                    digital: v.digital,
                    paper: v.paper,
                    total: v.total,
                    of_cast_bp: basis_points(v.total, cast.total),
                    of_valid_bp: basis_points(v.total, base),
                };
                let (blank, answers) = if question.blank {
                    votes.split_at(1.min(votes.len()))
                } else {
                    votes.split_at(0)
                };
                QuestionResult {
                    blank: blank.first().map(|v| count(v, valid.total)),
                    answers: answers
                        .iter()
                        .map(|v| count(v, valid.total.saturating_sub(blank_total)))
                        .collect(),
                }
            })
            .collect();
        Some(ResultDocument {
            format: "sijill-result/1".to_owned(),
            ledger,
            size,
            district: result.defined.district.clone(),
            rehearsal: manifest.rehearsal,
            eligible: result.defined.eligible,
            cast,
            valid,
            invalid: Channels::new(0, paper_invalid),
            turnout_bp: basis_points(cast.total, result.defined.eligible),
            questions,
        })
    }
}

impl ResultDocument {
    /// The published bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }
}
