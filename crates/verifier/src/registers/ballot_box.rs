//! Section 6: a ballot box.
//!
//! Every ballot is verified, a bundle at a time on all cores, and the state machine follows behind on one thread in ledger order, adding up
//! the ciphertexts. If the box is sealed and some of its ballots do not count, those are read again and taken off the sum. What stays in
//! memory is a few hashes for each ballot.
//!
//! Spec: specs/election.md §5, specs/verification.md §6.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use curve25519_dalek::edwards::EdwardsPoint;
use rayon::prelude::*;

use crate::check::{Check, Checks, Place};
use crate::contents::read_content;
use crate::events::{BoxDefined, BoxPrepared, BoxSealed, ContentRef, Event, Replaces};
use crate::hash::sha256;
use crate::ledger::{Ledger, replay};
use crate::manifest::Manifest;
use crate::registers::election::At;
use crate::registers::papers::Opened;
use crate::registers::stations::Stations;
use crate::report::Stage;
use crate::source::Source;
use crate::suite::ballot::{Ballot, Ciphertext, Election as Suite};
use crate::suite::checker::{BallotChecker, Candidate, Findings, Method};
use crate::suite::group::{PointBytes, PointError};
use crate::suite::tally::{Tally, sized_tally};
use crate::suite::trustee::parse_credentials;
use crate::wire::Entry;

/// The checks of this section.
pub(crate) const BOX_CHECKS: [Check; 15] = [
    Check::BoxOrder,
    Check::BoxSetup,
    Check::BoxWindow,
    Check::BallotForm,
    Check::BallotElection,
    Check::BallotCredential,
    Check::BallotGroup,
    Check::BallotSignature,
    Check::BallotProof,
    Check::BallotDuplicate,
    Check::BallotChain,
    Check::BallotAudited,
    Check::BoxExclusions,
    Check::BoxCounted,
    Check::BoxTally,
];

/// What a box is checked against: everything here comes from the election ledger.
#[derive(Debug)]
pub(crate) struct Setup<'a> {
    pub(crate) election_ledger: [u8; 32],
    pub(crate) manifest: &'a Manifest,
    pub(crate) defined: &'a At<BoxDefined>,
    pub(crate) trustees: ContentRef,
    /// Position of PollOpened.
    pub(crate) opened: Option<u64>,
    pub(crate) suite: Suite,
    /// The box's credential list, ascending.
    pub(crate) credentials: Vec<PointBytes>,
    /// Whether every credential of the list was found to be in the group and not neutral.
    pub(crate) credentials_are_members: bool,
    /// How ballots are checked.
    pub(crate) method: Method,
    /// What exclusions follow from, in an event with stations.
    pub(crate) papers: Option<PapersOfBox<'a>>,
    /// Ballots below this position were verified by an earlier run, against this same setup.
    pub(crate) known: u64,
}

/// What the exclusions of a box follow from, in an event with stations.
#[derive(Debug)]
pub(crate) struct PapersOfBox<'a> {
    pub(crate) stations: &'a Stations,
    pub(crate) roll: Option<[u8; 32]>,
    pub(crate) openings: OpeningsOfBox<'a>,
}

/// What is known of the openings of a box's exclusions.
#[derive(Debug)]
pub(crate) enum OpeningsOfBox<'a> {
    /// They stand on a restricted ledger.
    Restricted,
    /// They cannot be had, or not be established.
    Lost,
    Known(Option<&'a Opened>),
}

/// A ballot that was taken into the box.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CastBallot {
    pub(crate) hash: [u8; 32],
    pub(crate) seq: u64,
    /// Index into [`BallotBox::voters`].
    pub(crate) voter: usize,
    /// Its ciphertexts are in the box's sum.
    summed: bool,
}

/// A credential that has a ballot in the box.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voter {
    /// Position of the first ballot.
    first: u64,
    /// Index into [`BallotBox::ballots`].
    pub(crate) latest: usize,
    pub(crate) excluded: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    #[default]
    New,
    Prepared,
    Open,
    Closed,
    Excluded,
    Ordered,
    Sealed,
}

/// A box as its ledger tells it.
#[derive(Debug, Default)]
pub(crate) struct BallotBox {
    phase: Phase,
    pub(crate) ballots: Vec<CastBallot>,
    pub(crate) voters: Vec<Voter>,
    voter_of: HashMap<PointBytes, usize>,
    pub(crate) audits: u64,
    /// Ballots whose signatures and proofs rest on an earlier run.
    pub(crate) known: u64,
    /// First ballots of voters, by the start of the hour in milliseconds.
    pub(crate) first_ballots_by_hour: BTreeMap<i64, u64>,
    /// Length of the exclusion list, once fixed.
    pub(crate) exclusions: Option<u64>,
    pub(crate) sealed: Option<At<BoxSealed>>,
    /// Number of counted ballots as recomputed, once sealed and if every ballot could be read.
    pub(crate) counted: Option<u64>,
    /// Sum of the ciphertexts of every ballot that is marked as summed, counted or not.
    sum: Option<Tally>,
    hashes: HashSet<[u8; 32]>,
    /// SHA-256 of every alpha in the box.
    alphas: HashSet<[u8; 32]>,
    audited_hashes: HashSet<[u8; 32]>,
    /// SHA-256 of every alpha announced for audit.
    audited_alphas: HashSet<[u8; 32]>,
    /// Something in the box could not be read or taken; the count cannot be established.
    incomplete: bool,
}

impl BallotBox {
    /// How far the box itself has come; stages beyond it stand on the election ledger.
    pub(crate) fn stage(&self) -> Stage {
        match self.phase {
            Phase::New => Stage::Defined,
            Phase::Prepared => Stage::Prepared,
            Phase::Open => Stage::Open,
            Phase::Closed | Phase::Excluded | Phase::Ordered => Stage::Closed,
            Phase::Sealed => Stage::Sealed,
        }
    }

    /// Whether a credential has a ballot among the first `size` entries.
    pub(crate) fn has_ballot_within(&self, credential: &[u8; 32], size: u64) -> bool {
        let voter = PointBytes::new(*credential).and_then(|credential| self.voter_of.get(&credential));
        let voter = voter.and_then(|voter| self.voters.get(*voter));
        voter.is_some_and(|voter| voter.first < size)
    }

    /// Whether a ballot is its credential's latest.
    pub(crate) fn is_latest(&self, index: usize) -> bool {
        let voter = self
            .ballots
            .get(index)
            .and_then(|ballot| self.voters.get(ballot.voter));
        voter.is_some_and(|voter| voter.latest == index)
    }

    /// The counted ballots: the latest of each credential that is not excluded.
    fn counted_ballots(&self) -> impl Iterator<Item = &CastBallot> {
        let counted = self.voters.iter().filter(|voter| !voter.excluded);
        counted.filter_map(|voter| self.ballots.get(voter.latest))
    }

    /// Positions of the ballots in the sum that were replaced or excluded.
    fn uncounted_but_summed(&self) -> impl Iterator<Item = u64> {
        let counts = |index: usize, ballot: &CastBallot| {
            self.voters
                .get(ballot.voter)
                .is_some_and(|voter| voter.latest == index && !voter.excluded)
        };
        let ballots = self.ballots.iter().enumerate();
        ballots
            .filter(move |(index, ballot)| ballot.summed && !counts(*index, ballot))
            .map(|(_, ballot)| ballot.seq)
    }
}

/// Subtracts the ballots at these positions from a sum that they are in. `None` if one of them is not found as it was.
fn take_off(
    source: &dyn Source,
    ledger: &Ledger,
    setup: &Setup<'_>,
    positions: &HashSet<u64>,
    sum: &mut Tally,
    checks: &mut Checks,
) -> Option<()> {
    if positions.is_empty() {
        return Some(());
    }
    checks.progress().expect_more(ledger.size());
    let mut taken = 0;
    let outcome = replay(source, ledger, checks, |_, items| {
        let points: Vec<_> = items
            .par_iter()
            .filter(|(entry, _)| positions.contains(&entry.seq))
            .filter_map(|(_, event)| match event {
                Event::BallotCast { ballot, .. } => Ballot::parse(ballot, &setup.suite).ok()?.known_choices(),
                _ => None,
            })
            .collect();
        for points in &points {
            sum.subtract(points);
            taken += 1;
        }
    });
    (outcome.is_ok() && taken == positions.len()).then_some(())
}

/// Replays and recounts a box.
pub(crate) fn check_box(
    source: &dyn Source,
    ledger: &Ledger,
    setup: &Setup<'_>,
    checks: &mut Checks,
) -> BallotBox {
    let mut ballot_box = BallotBox::default();
    let parent_is_election = ledger.genesis.parent == Some(setup.election_ledger);
    let here = Place::ledger(ledger.id);
    checks.require(
        Check::BoxSetup,
        here,
        parent_is_election,
        "the parent is not the election ledger",
    );
    let outcome = replay(source, ledger, checks, |checks, items| {
        let outcomes = look_at_ballots(items, setup);
        for ((entry, event), outcome) in items.iter().zip(outcomes) {
            let place = Place::entry(ledger.id, entry.seq);
            Step {
                source,
                setup,
                entry,
                place,
                checks,
            }
            .apply(&mut ballot_box, event, outcome);
        }
    });
    if let Err(reason) = &outcome {
        ballot_box.incomplete = true;
        for check in BOX_CHECKS {
            checks.skip(check, reason);
        }
    }
    if ballot_box.phase == Phase::Ordered {
        checks.fail(
            Check::BoxOrder,
            here,
            "SealOrdered stands at the end, without its BoxSealed",
        );
    }
    if let Some(sealed) = ballot_box.sealed.clone() {
        check_count(&mut ballot_box, ledger, &sealed, checks);
        check_tally(source, ledger, setup, &mut ballot_box, &sealed, checks);
    }
    ballot_box
}

/// What can be said about a ballot without the rest of the box.
struct Outcome {
    /// `Err`: the ballot has no readable form, and nothing else is known of it.
    form: Result<Form, String>,
}

struct Form {
    hash: [u8; 32],
    credential: PointBytes,
    /// SHA-256 of every alpha.
    alphas: Vec<[u8; 32]>,
    is_for_election: bool,
    is_on_list: bool,
    was_known: bool,
    group: Result<Cryptography, String>,
    times: Times,
}

struct Cryptography {
    /// The ciphertexts, by question and choice.
    choices: Vec<Vec<Ciphertext<EdwardsPoint>>>,
    signature_holds: bool,
    /// `None` if the ballot is for another election, whose proofs are not ours to judge.
    proofs_hold: Option<bool>,
    /// `None` if the event names no replaced ballot.
    replacement_holds: Option<bool>,
}

#[derive(Default)]
struct Times {
    form: Duration,
    /// Membership, signature and proofs are checked together.
    cryptography: Duration,
}

/// What can be said of the ballots among these events, each by itself.
fn look_at_ballots(items: &[(Entry<'_>, Event<'_>)], setup: &Setup<'_>) -> Vec<Option<Outcome>> {
    let parsed: Vec<Option<Parsed<'_>>> = items
        .par_iter()
        .map(|(entry, event)| parse_ballot(event, setup, entry.seq < setup.known))
        .collect();
    let candidates: Vec<Candidate<'_>> = parsed
        .iter()
        .flatten()
        .filter_map(|parsed| parsed.ballot.as_ref().ok())
        .filter(|ballot| ballot.known_choices.is_none())
        .map(|ballot| Candidate {
            ballot: &ballot.ballot,
            known_credential: ballot.is_on_list && setup.credentials_are_members,
        })
        .collect();
    let checker = BallotChecker::new(&setup.suite, setup.method);
    let start = Instant::now();
    let checked = checker.check_all(&candidates);
    let share = start.elapsed() / u32::try_from(candidates.len().max(1)).unwrap_or(u32::MAX);
    let mut checked = checked.into_iter();
    let found: Vec<_> = parsed
        .into_iter()
        .map(|parsed| {
            let parsed = parsed?;
            let findings = match &parsed.ballot {
                Ok(ballot) if ballot.known_choices.is_none() => checked.next(),
                _ => None,
            };
            Some((parsed, findings))
        })
        .collect();
    found
        .into_par_iter()
        .map(|found| found.map(|(parsed, findings)| parsed.outcome(findings, share, setup)))
        .collect()
}

/// A BallotCast, read.
struct Parsed<'e> {
    ballot: Result<ParsedBallot<'e>, String>,
    replaces: Option<&'e Replaces>,
    time: Duration,
}

struct ParsedBallot<'e> {
    ballot: Ballot<'e>,
    is_on_list: bool,
    /// Its ciphertexts, if an earlier report vouches for it.
    known_choices: Option<Vec<Vec<Ciphertext<EdwardsPoint>>>>,
}

fn parse_ballot<'e>(event: &'e Event<'_>, setup: &Setup<'_>, known: bool) -> Option<Parsed<'e>> {
    let Event::BallotCast {
        ballot: bytes,
        replaces,
    } = event
    else {
        return None;
    };
    let start = Instant::now();
    let ballot = Ballot::parse(bytes, &setup.suite).map_err(|error| error.to_string());
    let ballot = ballot.map(|ballot| ParsedBallot {
        is_on_list: setup.credentials.binary_search(&ballot.credential).is_ok(),
        known_choices: if known { ballot.known_choices() } else { None },
        ballot,
    });
    Some(Parsed {
        ballot,
        replaces: replaces.as_ref(),
        time: start.elapsed(),
    })
}

impl Parsed<'_> {
    /// `findings` are of a ballot for which no earlier report vouches; `share` is the time that they took.
    fn outcome(
        self,
        findings: Option<Result<Findings, PointError>>,
        share: Duration,
        setup: &Setup<'_>,
    ) -> Outcome {
        let ParsedBallot {
            ballot,
            is_on_list,
            known_choices,
        } = match self.ballot {
            Ok(ballot) => ballot,
            Err(error) => return Outcome { form: Err(error) },
        };
        let was_known = known_choices.is_some();
        let mut times = Times {
            form: self.time,
            cryptography: if was_known { Duration::ZERO } else { share },
        };
        let start = Instant::now();
        let group = match (known_choices, findings) {
            (Some(choices), _) => Ok(Cryptography {
                signature_holds: true,
                proofs_hold: Some(true),
                replacement_holds: self.replaces.map(|_| true),
                choices,
            }),
            (None, findings) => findings
                .unwrap_or_else(|| BallotChecker::new(&setup.suite, setup.method).plain(&ballot))
                .map_err(|error| format!("a point is {error}"))
                .map(|findings| Cryptography {
                    signature_holds: findings.signature_holds,
                    proofs_hold: findings.proofs_hold,
                    replacement_holds: self
                        .replaces
                        .map(|replaces| ballot.replacement_holds(replaces, &findings.points.credential)),
                    choices: findings.points.choices,
                }),
        };
        times.cryptography += start.elapsed();
        let form = Form {
            hash: ballot.hash,
            credential: ballot.credential,
            alphas: ballot.alphas().map(|alpha| sha256(&[alpha.as_bytes()])).collect(),
            is_for_election: ballot.is_for(&setup.suite),
            is_on_list,
            was_known,
            group,
            times,
        };
        Outcome { form: Ok(form) }
    }
}

/// One entry and what is needed to judge it.
struct Step<'s, 'e, 'm> {
    source: &'s dyn Source,
    setup: &'s Setup<'m>,
    entry: &'s Entry<'e>,
    place: Place,
    checks: &'s mut Checks,
}

impl Step<'_, '_, '_> {
    fn order(&mut self, holds: bool, detail: &str) -> bool {
        self.checks.require(Check::BoxOrder, self.place, holds, detail)
    }

    /// Whether the first ref cites the election ledger beyond `seq`.
    fn cites_beyond(&self, seq: Option<u64>) -> bool {
        seq.is_some_and(|seq| {
            self.entry
                .body
                .refs
                .first()
                .is_some_and(|cited| cited.at.size > seq)
        })
    }

    fn apply(mut self, ballot_box: &mut BallotBox, event: &Event<'_>, outcome: Option<Outcome>) {
        let phase = ballot_box.phase;
        let allowed = match event {
            Event::BoxPrepared(_) => phase == Phase::New,
            Event::BoxOpened => phase == Phase::Prepared,
            Event::BallotCast { .. } | Event::AuditStarted { .. } | Event::BoxClosed => phase == Phase::Open,
            Event::ExclusionsFixed { .. } => phase == Phase::Closed,
            Event::SealOrdered => phase == Phase::Excluded,
            Event::BoxSealed(_) => phase == Phase::Ordered,
            _ => phase < Phase::Ordered,
        };
        if phase == Phase::Ordered && !allowed {
            // Whatever stands here has taken the place of BoxSealed: the seal that was ordered never came.
            ballot_box.phase = Phase::Excluded;
        }
        if !self.order(allowed, &format!("{} has no place here", event.name())) {
            // What was not taken may have been counted by others.
            ballot_box.incomplete |= matches!(event, Event::BallotCast { .. });
            return;
        }
        match event {
            Event::BoxPrepared(prepared) => {
                let outcome = self.setup_rules(prepared);
                self.checks.outcome(Check::BoxSetup, self.place, outcome);
                ballot_box.phase = Phase::Prepared;
            }
            Event::BoxOpened => {
                let cites = self.cites_beyond(self.setup.opened);
                self.order(cites, "the election ledger is not cited beyond PollOpened");
                let received = self.entry.received_ms;
                let manifest = self.setup.manifest;
                let timely = (manifest.opens_ms..manifest.closes_ms).contains(&received);
                self.checks
                    .require(Check::BoxWindow, self.place, timely, "opened outside the poll");
                ballot_box.phase = Phase::Open;
            }
            Event::BallotCast { replaces, .. } => {
                self.window();
                if let Some(outcome) = outcome {
                    self.ballot(ballot_box, outcome, replaces.as_ref());
                }
            }
            Event::AuditStarted { ballot_hash, alphas } => {
                self.window();
                let outcome = self.audit_rules(ballot_box, ballot_hash, alphas);
                self.checks.outcome(Check::BallotAudited, self.place, outcome);
                ballot_box.audits += 1;
                ballot_box.audited_hashes.insert(*ballot_hash);
                ballot_box.audited_alphas.extend(alphas);
            }
            Event::BoxClosed => {
                let late = self.entry.received_ms > self.last_moment();
                self.checks.require(
                    Check::BoxWindow,
                    self.place,
                    late,
                    "closed before the poll was over",
                );
                ballot_box.phase = Phase::Closed;
            }
            Event::ExclusionsFixed { list, count } => {
                self.follows_from_papers(list);
                self.exclusions(ballot_box, list, *count);
                ballot_box.phase = Phase::Excluded;
            }
            Event::SealOrdered => ballot_box.phase = Phase::Ordered,
            Event::BoxSealed(sealed) => {
                ballot_box.sealed = Some(At {
                    seq: self.entry.seq,
                    value: sealed.clone(),
                });
                ballot_box.phase = Phase::Sealed;
            }
            _ => {}
        }
    }

    fn last_moment(&self) -> u64 {
        self.setup
            .manifest
            .closes_ms
            .saturating_add(self.setup.manifest.grace_ms)
    }

    /// Spec: specs/election.md §5.3, §5.4.
    fn window(&mut self) {
        let timely = (self.setup.manifest.opens_ms..=self.last_moment()).contains(&self.entry.received_ms);
        self.checks
            .require(Check::BoxWindow, self.place, timely, "received outside the poll");
    }

    /// Spec: specs/election.md §5.1.
    fn setup_rules(&self, prepared: &BoxPrepared) -> Result<(), &'static str> {
        let Setup {
            manifest,
            defined,
            trustees,
            ..
        } = self.setup;
        let expected = BoxPrepared {
            district: defined.value.district.clone(),
            election: defined.value.election,
            trustees: *trustees,
            credentials: defined.value.credentials,
            opens_ms: manifest.opens_ms,
            closes_ms: manifest.closes_ms,
            grace_ms: manifest.grace_ms,
            revote: manifest.revote,
            min_ballots: manifest.min_ballots,
        };
        if *prepared != expected {
            Err("a value is not that of the manifest or of the election ledger")
        } else if !self.cites_beyond(Some(defined.seq)) {
            Err("the election ledger is not cited beyond the definition of this box")
        } else {
            Ok(())
        }
    }

    /// Counts every check on one ballot, then takes it into the box.
    fn ballot(&mut self, ballot_box: &mut BallotBox, outcome: Outcome, replaces: Option<&Replaces>) {
        let (place, checks) = (self.place, &mut *self.checks);
        let form = match outcome.form {
            Ok(form) => form,
            Err(error) => {
                checks.fail(Check::BallotForm, place, error);
                let rest = BOX_CHECKS
                    .iter()
                    .skip_while(|check| **check != Check::BallotElection);
                for check in rest.take_while(|check| **check != Check::BoxExclusions) {
                    checks.skip(*check, "a ballot has no readable form");
                }
                ballot_box.incomplete = true;
                return;
            }
        };
        checks.pass(Check::BallotForm);
        checks.require(
            Check::BallotElection,
            place,
            form.is_for_election,
            "the ballot is for another election",
        );
        checks.require(
            Check::BallotCredential,
            place,
            form.is_on_list,
            "the credential is not on the list",
        );
        let mut replacement_holds = None;
        match &form.group {
            Err(error) => {
                checks.fail(Check::BallotGroup, place, error);
                checks.skip(Check::BallotSignature, "a ballot has a point outside the group");
                checks.skip(Check::BallotProof, "a ballot has a point outside the group");
            }
            Ok(cryptography) => {
                checks.pass(Check::BallotGroup);
                let signed = cryptography.signature_holds;
                checks.require(
                    Check::BallotSignature,
                    place,
                    signed,
                    "hash or signature do not hold",
                );
                match cryptography.proofs_hold {
                    Some(hold) => {
                        checks.require(Check::BallotProof, place, hold, "a proof does not hold");
                    }
                    None => checks.skip(Check::BallotProof, "a ballot is for another election"),
                }
                replacement_holds = cryptography.replacement_holds;
            }
        }
        checks.spent(Check::BallotForm, form.times.form);
        checks.spent(Check::BallotProof, form.times.cryptography);

        checks.outcome(Check::BallotDuplicate, place, duplicate_rules(ballot_box, &form));
        let audited = ballot_box.audited_hashes.contains(&form.hash)
            || form
                .alphas
                .iter()
                .any(|alpha| ballot_box.audited_alphas.contains(alpha));
        checks.require(
            Check::BallotAudited,
            place,
            !audited,
            "the ballot was announced for audit",
        );
        let revote = self.setup.manifest.revote;
        let chain = chain_rules(ballot_box, &form, replaces, replacement_holds, revote);
        checks.outcome(Check::BallotChain, place, chain);
        self.take(ballot_box, &form);
    }

    fn take(&self, ballot_box: &mut BallotBox, form: &Form) {
        ballot_box.known += u64::from(form.was_known);
        let index = ballot_box.ballots.len();
        let voter = match ballot_box.voter_of.get(&form.credential) {
            Some(voter) => *voter,
            None => {
                let voter = ballot_box.voters.len();
                ballot_box.voters.push(Voter {
                    first: self.entry.seq,
                    latest: index,
                    excluded: false,
                });
                ballot_box.voter_of.insert(form.credential, voter);
                let hour = crate::views::start_of_hour(&self.setup.manifest.zone, self.entry.received_ms);
                *ballot_box.first_ballots_by_hour.entry(hour).or_default() += 1;
                voter
            }
        };
        if let Some(voter) = ballot_box.voters.get_mut(voter) {
            voter.latest = index;
        }
        let cryptography = form.group.as_ref().ok();
        if let Some(cryptography) = cryptography {
            let sum = ballot_box
                .sum
                .get_or_insert_with(|| Tally::neutral(&self.setup.suite.questions));
            sum.add(&cryptography.choices);
        }
        ballot_box.ballots.push(CastBallot {
            hash: form.hash,
            seq: self.entry.seq,
            voter,
            summed: cryptography.is_some(),
        });
        ballot_box.hashes.insert(form.hash);
        ballot_box.alphas.extend(&form.alphas);
    }

    /// Spec: specs/election.md §5.4.
    fn audit_rules(
        &self,
        ballot_box: &BallotBox,
        ballot_hash: &[u8; 32],
        alphas: &[[u8; 32]],
    ) -> Result<(), &'static str> {
        let choices: usize = self
            .setup
            .suite
            .questions
            .iter()
            .map(|question| question.choices())
            .sum();
        let distinct: HashSet<&[u8; 32]> = alphas.iter().collect();
        if alphas.len() != choices || distinct.len() != choices {
            Err("an audit does not name one distinct alpha for each choice")
        } else if ballot_box.hashes.contains(ballot_hash) || ballot_box.audited_hashes.contains(ballot_hash) {
            Err("the audited ballot was cast or audited already")
        } else if alphas.iter().any(|alpha| ballot_box.alphas.contains(alpha)) {
            Err("an audited alpha is that of a ballot in the box")
        } else if alphas
            .iter()
            .any(|alpha| ballot_box.audited_alphas.contains(alpha))
        {
            Err("an audited alpha was audited already")
        } else {
            Ok(())
        }
    }

    /// Spec: specs/station.md §8.3.
    fn follows_from_papers(&mut self, content: &ContentRef) {
        let Some(papers) = &self.setup.papers else {
            return;
        };
        let refs = &self.entry.body.refs;
        let cited = |ledger: Option<[u8; 32]>| {
            let to = refs.iter().find(|cited| Some(cited.ledger) == ledger);
            to.map(|cited| cited.at.size)
        };
        let of_election = cited(Some(self.setup.election_ledger));
        let of_roll = cited(papers.roll);
        let outcome = if of_election.is_some_and(|size| !papers.stations.all_ended_within(size)) {
            Err("exclusions are fixed before all books are known")
        } else {
            match papers.openings {
                OpeningsOfBox::Restricted => Ok(()),
                OpeningsOfBox::Lost => {
                    let reason = "the openings of the exclusions of a box cannot be established";
                    return self.checks.skip(Check::StationExclusions, reason);
                }
                OpeningsOfBox::Known(None) => Err("the exclusions of this box were not opened"),
                OpeningsOfBox::Known(Some(opened)) => {
                    if of_roll.is_some_and(|size| size <= opened.seq) {
                        Err("the roll is not cited beyond the openings of this box")
                    } else if ContentRef::of(&credential_list(&opened.credentials)) != *content {
                        Err("the list has not the credentials of those whose papers count")
                    } else {
                        Ok(())
                    }
                }
            }
        };
        self.checks.outcome(Check::StationExclusions, self.place, outcome);
    }

    /// Spec: specs/election.md §5.6.
    fn exclusions(&mut self, ballot_box: &mut BallotBox, content: &ContentRef, count: u64) {
        ballot_box.exclusions = Some(count);
        let bytes = match read_content(self.source, content) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.checks.skip(Check::BoxExclusions, error);
                ballot_box.incomplete = true;
                return;
            }
        };
        let list = match parse_credentials(&bytes) {
            Ok(list) => list,
            Err(error) => {
                self.checks.fail(Check::BoxExclusions, self.place, error);
                ballot_box.incomplete = true;
                return;
            }
        };
        let listed = list
            .iter()
            .all(|credential| self.setup.credentials.binary_search(credential).is_ok());
        let outcome = if list.len() as u64 != count {
            Err("the list has another number of credentials than the event says")
        } else if !listed {
            Err("an excluded credential is not on the box's credential list")
        } else {
            Ok(())
        };
        self.checks.outcome(Check::BoxExclusions, self.place, outcome);
        for credential in &list {
            let voter = ballot_box.voter_of.get(credential).copied();
            if let Some(voter) = voter.and_then(|voter| ballot_box.voters.get_mut(voter)) {
                voter.excluded = true;
            }
        }
    }
}

/// A credential list of ascending encodings, without weights. Spec: specs/ballot-suite.md §5.1.
fn credential_list(credentials: &[[u8; 32]]) -> Vec<u8> {
    let text = |credential: &[u8; 32]| {
        let mut bytes = *credential;
        bytes.reverse();
        format!("\"{}\"", hex::encode(bytes))
    };
    let items: Vec<String> = credentials.iter().map(text).collect();
    format!("[{}]", items.join(",")).into_bytes()
}

/// Spec: specs/election.md §5.3.
fn duplicate_rules(ballot_box: &BallotBox, form: &Form) -> Result<(), &'static str> {
    let distinct: HashSet<&[u8; 32]> = form.alphas.iter().collect();
    if ballot_box.hashes.contains(&form.hash) {
        Err("the ballot is in the box already")
    } else if distinct.len() != form.alphas.len() {
        Err("two choices of the ballot share an alpha")
    } else if form.alphas.iter().any(|alpha| ballot_box.alphas.contains(alpha)) {
        Err("another ballot has the same alpha")
    } else {
        Ok(())
    }
}

/// Spec: specs/election.md §5.3.
fn chain_rules(
    ballot_box: &BallotBox,
    form: &Form,
    replaces: Option<&Replaces>,
    replacement_holds: Option<bool>,
    revote: bool,
) -> Result<(), &'static str> {
    let voter = ballot_box
        .voter_of
        .get(&form.credential)
        .and_then(|voter| ballot_box.voters.get(*voter));
    let latest = voter.and_then(|voter| ballot_box.ballots.get(voter.latest));
    match (latest, replaces) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err("a first ballot says that it replaces another"),
        (Some(_), _) if !revote => Err("a second ballot where re-votes are not allowed"),
        (Some(_), None) => Err("a later ballot does not say which it replaces"),
        (Some(latest), Some(replaces)) if replaces.ballot_hash != latest.hash => {
            Err("the replaced ballot is not the credential's latest")
        }
        (Some(_), Some(_)) if replacement_holds == Some(true) => Ok(()),
        (Some(_), Some(_)) => Err("the proof that the replaced ballot was seen does not hold"),
    }
}

/// Spec: specs/election.md §5.7, specs/verification.md §6.14.
fn check_count(ballot_box: &mut BallotBox, ledger: &Ledger, sealed: &At<BoxSealed>, checks: &mut Checks) {
    if ballot_box.incomplete {
        checks.skip(Check::BoxCounted, "not every ballot or exclusion could be read");
        return;
    }
    let mut hashes: Vec<[u8; 32]> = ballot_box.counted_ballots().map(|ballot| ballot.hash).collect();
    hashes.sort_unstable();
    let counted = hashes.len() as u64;
    let mut parts: Vec<&[u8]> = vec![b"sijill/counted/v1\n"];
    parts.extend(hashes.iter().map(|hash| hash.as_slice()));
    let outcome = if counted != sealed.value.counted {
        Err(format!(
            "{} ballots are said to count, {counted} do",
            sealed.value.counted
        ))
    } else if sha256(&parts) != sealed.value.counted_digest {
        Err("the digest is not that of the counted ballots".to_owned())
    } else {
        Ok(())
    };
    checks.outcome(Check::BoxCounted, Place::entry(ledger.id, sealed.seq), outcome);
    ballot_box.counted = Some(counted);
}

/// Spec: specs/ballot-suite.md §8, specs/verification.md §6.15.
fn check_tally(
    source: &dyn Source,
    ledger: &Ledger,
    setup: &Setup<'_>,
    ballot_box: &mut BallotBox,
    sealed: &At<BoxSealed>,
    checks: &mut Checks,
) {
    let Some(counted) = ballot_box.counted else {
        checks.skip(Check::BoxTally, "the counted ballots are not established");
        return;
    };
    let start = Instant::now();
    if !ballot_box.counted_ballots().all(|ballot| ballot.summed) {
        checks.skip(Check::BoxTally, "a counted ballot cannot be added");
        return;
    }
    let mut tally = ballot_box
        .sum
        .take()
        .unwrap_or_else(|| Tally::neutral(&setup.suite.questions));
    let uncounted: HashSet<u64> = ballot_box.uncounted_but_summed().collect();
    if take_off(source, ledger, setup, &uncounted, &mut tally, checks).is_none() {
        checks.skip(
            Check::BoxTally,
            "a ballot that does not count cannot be read again",
        );
        return;
    }
    let encrypted = tally.to_json();
    let sized = sized_tally(counted, encrypted.as_bytes());
    let outcome = if ContentRef::of(encrypted.as_bytes()) != sealed.value.encrypted_tally {
        Err("the encrypted tally is not the sum of the counted ballots")
    } else if ContentRef::of(sized.as_bytes()) != sealed.value.sized_tally {
        Err("the sized tally is not that of the counted ballots")
    } else {
        Ok(())
    };
    checks.outcome(Check::BoxTally, Place::entry(ledger.id, sealed.seq), outcome);
    checks.spent(Check::BoxTally, start.elapsed());
}
