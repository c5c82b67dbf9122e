//! Ballots of an archive: verified in batches on all cores, added up, and forgotten but for hashes.
//!
//! Spec: specs/ballot-suite.md §7, §8, specs/verification.md §9.8, §9.9.

use std::collections::{HashMap, HashSet};

use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;

use crate::bel::entries::Entry;
use crate::bel::{NoteKind, Notes, Outline};
use crate::check::{Check, Checks, Place};
use crate::hash::sha256;
use crate::json::JsonError;
use crate::report::ArchiveProfile;
use crate::suite::ballot::{Ballot, Ciphertext, Election, Points};
use crate::suite::checker::{BallotChecker, Candidate, Findings, Method};
use crate::suite::group::{PointBytes, PointError};
use crate::suite::tally::Tally;

/// Ballots verified at once.
const BATCH_BALLOTS: usize = 1_024;
/// Bytes of ballots after which a batch is verified, however few they are.
const BATCH_BYTES: usize = 1 << 24;
/// Ballots whose sum one thread makes.
const CHUNK_BALLOTS: usize = 16;

/// The ballots read so far.
pub(super) struct BallotBox<'a> {
    election: &'a Election,
    weights: &'a HashMap<PointBytes, u64>,
    outline: &'a Outline,
    profile: ArchiveProfile,
    batch: Vec<Entry>,
    batch_bytes: usize,
    sum: Sum,
    hashes: HashSet<[u8; 32]>,
    alphas: HashSet<[u8; 32]>,
    all_hold: bool,
}

/// The ballots that count.
struct Sum {
    tally: Tally,
    counted: u64,
    weight: u64,
}

/// A ballot with what was found of its points, or why it is none.
type Parsed<'b> = Result<(Ballot<'b>, Result<Findings, PointError>), JsonError>;

struct Outcome {
    entry: u64,
    hash: [u8; 32],
    alphas: Vec<[u8; 32]>,
    neutral: u64,
    failure: Option<(&'static str, String)>,
}

impl<'a> BallotBox<'a> {
    pub(super) fn new(
        election: &'a Election,
        weights: &'a HashMap<PointBytes, u64>,
        outline: &'a Outline,
        profile: ArchiveProfile,
    ) -> BallotBox<'a> {
        BallotBox {
            election,
            weights,
            outline,
            profile,
            batch: Vec::new(),
            batch_bytes: 0,
            sum: Sum::nothing(election),
            hashes: HashSet::new(),
            alphas: HashSet::new(),
            all_hold: true,
        }
    }

    pub(super) fn push(&mut self, ballot: Entry, checks: &mut Checks, notes: &mut Notes) {
        self.batch_bytes = self.batch_bytes.saturating_add(ballot.body.len());
        self.batch.push(ballot);
        if self.batch.len() >= BATCH_BALLOTS || self.batch_bytes >= BATCH_BYTES {
            self.flush(checks, notes);
        }
    }

    /// Verifies the ballots that are waiting.
    pub(super) fn flush(&mut self, checks: &mut Checks, notes: &mut Notes) {
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let parsed: Vec<_> = batch
            .par_iter()
            .map(|entry| Ballot::parse(&entry.body, self.election))
            .collect();
        let candidates: Vec<Candidate<'_>> = parsed
            .iter()
            .flatten()
            .map(|ballot| Candidate {
                ballot,
                // The credentials of the list are members of the group, and not neutral in the strict profile.
                known_credential: self.weights.contains_key(&ballot.credential)
                    && !ballot.credential.is_neutral(),
            })
            .collect();
        let checker = BallotChecker::new(self.election, Method::quickest());
        let mut checked = checker.check_all(&candidates).into_iter();
        let ballots: Vec<(&Entry, Parsed<'_>)> = batch
            .iter()
            .zip(parsed)
            .map(|(entry, parsed)| {
                let judged = parsed.map(|ballot| {
                    let findings = checked.next().unwrap_or_else(|| checker.plain(&ballot));
                    (ballot, findings)
                });
                (entry, judged)
            })
            .collect();
        let chunks: Vec<(Vec<Outcome>, Sum)> = ballots
            .into_par_iter()
            .chunks(CHUNK_BALLOTS)
            .map(|chunk| self.judge(chunk))
            .collect();
        for (outcomes, sum) in chunks {
            self.sum.add(&sum);
            for outcome in outcomes {
                self.record(outcome, checks, notes);
            }
        }
    }

    /// Whether every ballot that was verified holds and is the only one of its kind.
    pub(super) fn all_hold(&self) -> bool {
        self.all_hold
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.sum.tally
    }

    pub(super) fn counted(&self) -> u64 {
        self.sum.counted
    }

    pub(super) fn weight(&self) -> u64 {
        self.sum.weight
    }

    fn record(&mut self, outcome: Outcome, checks: &mut Checks, notes: &mut Notes) {
        let place = Place::of_file(outcome.entry);
        notes.add(NoteKind::Neutral, outcome.neutral);
        match outcome.failure {
            None => checks.pass(Check::ArchiveBallot),
            Some((code, detail)) => {
                self.all_hold = false;
                checks.fail_as(Check::ArchiveBallot, code, place, detail);
            }
        }
        let mut repeated = Vec::new();
        if !self.hashes.insert(outcome.hash) {
            repeated.push("the ballot stands in the archive before");
        }
        // Every alpha is inserted, whatever was found before it.
        if outcome
            .alphas
            .into_iter()
            .filter(|alpha| !self.alphas.insert(*alpha))
            .count()
            > 0
        {
            repeated.push("a ciphertext shares its alpha with another");
        }
        self.all_hold &= repeated.is_empty();
        let detail = repeated.join("; ");
        checks.require(Check::ArchiveDuplicate, place, repeated.is_empty(), &detail);
    }

    fn judge(&self, chunk: Vec<(&Entry, Parsed<'_>)>) -> (Vec<Outcome>, Sum) {
        let mut sum = Sum::nothing(self.election);
        let outcomes = chunk
            .into_iter()
            .map(|(entry, parsed)| self.judge_one(entry, parsed, &mut sum))
            .collect();
        (outcomes, sum)
    }

    fn judge_one(&self, entry: &Entry, parsed: Parsed<'_>, sum: &mut Sum) -> Outcome {
        let mut outcome = Outcome {
            entry: entry.index,
            hash: entry.hash,
            alphas: Vec::new(),
            neutral: 0,
            failure: None,
        };
        let (ballot, checked) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                outcome.failure = Some((
                    "ballot.form",
                    format!("not a canonical ballot of these questions: {error}"),
                ));
                return outcome;
            }
        };
        let alphas = ballot.alphas().filter(|alpha| !alpha.is_neutral());
        outcome.alphas = alphas.map(|alpha| sha256(&[alpha.as_bytes()])).collect();
        let weight = self.weights.get(&ballot.credential);
        let checked = match checked {
            Err(PointError::Neutral) if self.profile == ArchiveProfile::Compatible => {
                check_with_neutral(&ballot, self.election, &mut outcome.neutral)
            }
            checked => checked,
        };
        let findings = match checked {
            Ok(findings) => findings,
            Err(error) => {
                outcome.failure = Some(("ballot.group", format!("a point is {error}")));
                return outcome;
            }
        };
        outcome.failure = if !ballot.is_for(self.election) {
            Some(("ballot.election", "the ballot is for another election".to_owned()))
        } else if weight.is_none() {
            let credential = ballot.credential.text();
            Some((
                "ballot.credential",
                format!("the credential {credential} is not on the list"),
            ))
        } else if !findings.signature_holds {
            Some(("ballot.signature", "hash or signature do not hold".to_owned()))
        } else if findings.proofs_hold != Some(true) {
            Some(("ballot.proof", "a proof does not hold".to_owned()))
        } else {
            None
        };
        let counts = self.outline.last_ballots.get(&ballot.credential) == Some(&entry.index);
        if let (None, Some(weight), true) = (&outcome.failure, weight, counts) {
            sum.count(&findings.points, *weight);
        }
        outcome
    }
}

/// The plain checks, for a ballot that has neutral elements.
fn check_with_neutral(
    ballot: &Ballot<'_>,
    election: &Election,
    neutral: &mut u64,
) -> Result<Findings, PointError> {
    let points = ballot.points_or_neutral()?;
    let written = points
        .choices
        .iter()
        .flatten()
        .flat_map(|ciphertext| [ciphertext.alpha, ciphertext.beta]);
    let all = written.chain([points.credential]);
    *neutral = all.filter(|point| PointBytes::of(point).is_neutral()).count() as u64;
    Ok(Findings {
        signature_holds: ballot.signature_holds(&points),
        proofs_hold: ballot
            .is_for(election)
            .then(|| ballot.proofs_hold(&points, election)),
        points,
    })
}

impl Sum {
    fn nothing(election: &Election) -> Sum {
        Sum {
            tally: Tally::neutral(&election.questions),
            counted: 0,
            weight: 0,
        }
    }

    fn add(&mut self, other: &Sum) {
        self.tally.add(&other.tally.0);
        self.counted = self.counted.saturating_add(other.counted);
        self.weight = self.weight.saturating_add(other.weight);
    }

    fn count(&mut self, points: &Points, weight: u64) {
        self.counted = self.counted.saturating_add(1);
        self.weight = self.weight.saturating_add(weight);
        if weight == 1 {
            self.tally.add(&points.choices);
            return;
        }
        let by = Scalar::from(weight);
        let times = |ciphertext: &Ciphertext<_>| Ciphertext {
            alpha: by * ciphertext.alpha,
            beta: by * ciphertext.beta,
        };
        let weighted: Vec<Vec<_>> = points
            .choices
            .iter()
            .map(|choices| choices.iter().map(times).collect())
            .collect();
        self.tally.add(&weighted);
    }
}
