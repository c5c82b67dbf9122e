//! Archives of Belenios protocol version 1, made by anyone.
//!
//! - `entries`: headers, padding, names.
//! - `steps`: events, their order, the links between records.
//! - `setup`: the election record, trustees, credentials.
//! - `ballots`: ballots in batches, on all cores.
//! - `files`: several archives.
//!
//! An archive is read twice. The first reading looks at its structure alone, refuses early, and finds the last ballot of each
//! credential. The second one verifies what it reads, structure included; a difference between the two is a failure.
//!
//! Spec: specs/ballot-suite.md §15, specs/verification.md §9.

mod ballots;
mod entries;
mod files;
mod setup;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Read;

use curve25519_dalek::edwards::EdwardsPoint;

use crate::bel::ballots::BallotBox;
use crate::bel::entries::Entry;
use crate::bel::setup::{Definition, Refusal, Trustees};
use crate::bel::steps::{Step, Steps};
use crate::check::{Check, Checks, Place};
use crate::json::{Cursor, JsonError, MAX_SMALL};
use crate::report::{ArchiveProfile, ArchiveStage, ArchiveSummary, InputDigest, Report, Verdict, escape};
use crate::run::{Judgement, new_report};
use crate::suite::ballot::credential_of;
use crate::suite::group::PointBytes;
use crate::suite::question::Question;
use crate::suite::tally::{Tally, scale, verify_result, verify_share, weighted_tally};
use crate::suite::threshold::lagrange;

pub use crate::bel::files::{ArchiveReports, verify_archives};

const CHECKS: [Check; 12] = [
    Check::ArchiveEntry,
    Check::ArchiveName,
    Check::ArchiveEvent,
    Check::ArchiveOrder,
    Check::ArchiveElection,
    Check::ArchiveTrustees,
    Check::ArchiveCredentials,
    Check::ArchiveBallot,
    Check::ArchiveDuplicate,
    Check::ArchiveTally,
    Check::ArchiveShare,
    Check::ArchiveResult,
];

/// What to accept in an archive and how far it must have come.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArchiveOptions {
    /// What is accepted.
    pub profile: ArchiveProfile,
    /// The stage that the election must have reached.
    pub require_stage: ArchiveStage,
}

/// Verifies an archive in memory, on the threads of the caller. `name` is what the report calls it.
///
/// Spec: specs/verification.md §9.
#[must_use]
pub fn verify_archive_bytes(name: &str, bytes: &[u8], options: &ArchiveOptions) -> Report {
    verify(name, || Ok(bytes), options)
}

/// Why a reading ended early.
#[derive(Debug)]
enum Fault {
    Unsupported(String),
    Failed {
        check: Check,
        code: &'static str,
        entry: u64,
        detail: String,
    },
}

impl Fault {
    fn failed(check: Check, entry: u64, detail: impl Into<String>) -> Fault {
        Fault::Failed {
            check,
            code: check.code(),
            entry,
            detail: detail.into(),
        }
    }
}

/// What the compatible profile accepts besides. Spec: specs/verification.md §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NoteKind {
    Neutral,
    Weight,
    Language,
    Certificate,
    UnsignedKey,
    BlankFalse,
}

#[derive(Debug, Default)]
struct Notes(BTreeMap<NoteKind, u64>);

impl Notes {
    fn add(&mut self, kind: NoteKind, count: u64) {
        if count > 0 {
            let noted = self.0.entry(kind).or_default();
            *noted = noted.saturating_add(count);
        }
    }

    fn texts(&self) -> Vec<String> {
        let text = |(kind, count): (&NoteKind, &u64)| match kind {
            NoteKind::Neutral => {
                format!("neutral: the neutral element stands in {count} keys, credentials or ciphertexts")
            }
            NoteKind::Weight => format!(
                "weight: {count} weights or counts are numbers that should be strings, or the reverse"
            ),
            NoteKind::Language => "language: the election record names a language".to_owned(),
            NoteKind::Certificate => {
                "certificate: the setup names a certificate of the credentials, which was not interpreted"
                    .to_owned()
            }
            NoteKind::UnsignedKey => {
                format!("unsigned-key: {count} verification keys of the threshold block are not signed")
            }
            NoteKind::BlankFalse => format!("blank-false: {count} questions say `\"blank\":false`"),
        };
        self.0.iter().map(text).collect()
    }
}

/// What the first reading found.
struct Outline {
    digest: [u8; 32],
    /// [`Entries::names`](entries::Entries::names) at the end.
    names: [u8; 32],
    /// For each credential, the entry of its last ballot.
    last_ballots: HashMap<PointBytes, u64>,
}

/// `open` gives the file from its beginning, twice.
fn verify<R: Read>(name: &str, open: impl Fn() -> std::io::Result<R>, options: &ArchiveOptions) -> Report {
    let mut run = Run {
        options: *options,
        checks: Checks::new(CHECKS),
        unsupported: Vec::new(),
        summary: ArchiveSummary {
            file: escape(name),
            profile: options.profile,
            ..ArchiveSummary::default()
        },
        notes: Notes::default(),
    };
    let opened = |run: &mut Run| match open() {
        Ok(reader) => Some(reader),
        Err(error) => {
            run.unsupported.push(format!("cannot be read: {error}"));
            None
        }
    };
    let mut inputs = Vec::new();
    if let Some(reader) = opened(&mut run)
        && let Some(outline) = run.outline(reader)
    {
        inputs.push(InputDigest {
            name: run.summary.file.clone(),
            sha256: hex::encode(outline.digest),
        });
        if let Some(reader) = opened(&mut run)
            && let Err(fault) = run.contents(reader, &outline)
        {
            run.fault(fault);
        }
    }
    run.report(inputs)
}

struct Run {
    options: ArchiveOptions,
    checks: Checks,
    unsupported: Vec<String>,
    summary: ArchiveSummary,
    notes: Notes,
}

/// An election whose records hold.
struct Setup {
    definition: Definition,
    trustees: Option<Trustees>,
}

/// What the second reading has verified so far.
#[derive(Default)]
struct Shares {
    /// By the owner's number less one.
    by_owner: BTreeMap<usize, Vec<Vec<EdwardsPoint>>>,
    failed: bool,
}

impl Run {
    /// The first reading. `None` if it failed.
    fn outline<R: Read>(&mut self, reader: R) -> Option<Outline> {
        let mut steps = match Steps::open(reader, self.options.profile, true) {
            Ok(steps) => steps,
            Err(fault) => {
                self.fault(fault);
                return None;
            }
        };
        self.summary.timestamp = Some(steps.entries().timestamp());
        let mut last_ballots = HashMap::new();
        let fault = loop {
            match steps.next() {
                Ok(Some(Step::Ballot(ballot))) => {
                    self.summary.ballots = self.summary.ballots.saturating_add(1);
                    if let Some(credential) = credential_of(&ballot.body) {
                        last_ballots.insert(credential, ballot.index);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(fault) => break Some(fault),
            }
        };
        let entries = steps.entries();
        self.checks.pass_many(Check::ArchiveEntry, entries.count());
        self.checks
            .pass_many(Check::ArchiveName, entries.count().saturating_sub(1));
        self.checks.pass_many(Check::ArchiveEvent, steps.height());
        self.summary.stage = steps.stage();
        self.summary.head = steps.head().map(hex::encode);
        if let Some(fault) = fault {
            self.fault(fault);
            return None;
        }
        let stage = steps.stage();
        let required = self.options.require_stage;
        let outcome = if stage >= Some(required) {
            Ok(())
        } else {
            let reached = stage.map_or("none", ArchiveStage::name);
            Err(format!(
                "the stage is {reached}, and {} was required",
                required.name()
            ))
        };
        let end = Place::of_file(entries.count());
        self.checks.outcome(Check::ArchiveOrder, end, outcome);
        Some(Outline {
            digest: entries.digest().unwrap_or_default(),
            names: entries.names(),
            last_ballots,
        })
    }

    /// The second reading.
    fn contents<R: Read>(&mut self, reader: R, outline: &Outline) -> Result<(), Fault> {
        let mut steps = Steps::open(reader, self.options.profile, false)?;
        let Some(Step::Setup {
            election,
            trustees,
            credentials,
        }) = steps.next()?
        else {
            self.skip_from(Check::ArchiveElection, "there is no setup");
            return Ok(());
        };
        let Some(setup) = self.setup(&election, &trustees) else {
            return Ok(());
        };
        let Some(weights) = self.credentials(&credentials) else {
            return Ok(());
        };
        let mut ballots = BallotBox::new(
            &setup.definition.election,
            &weights,
            outline,
            self.options.profile,
        );
        let mut tally = None;
        let mut shares = Shares::default();
        loop {
            let step = steps.next()?;
            // Whatever comes after the ballots begins with them done.
            if !matches!(step, Some(Step::Ballot(_))) {
                ballots.flush(&mut self.checks, &mut self.notes);
            }
            match step {
                None => break,
                Some(Step::Ballot(ballot)) => ballots.push(ballot, &mut self.checks, &mut self.notes),
                Some(Step::EncryptedTally {
                    tally: written,
                    sized,
                }) => {
                    tally = self.tally(&ballots, &written, &sized);
                }
                Some(Step::PartialDecryption { share, owner }) => {
                    self.share(&setup, tally.as_ref(), &mut shares, &share, owner);
                }
                Some(Step::Result(result)) => {
                    self.result(&setup, tally.as_ref(), &shares, ballots.weight(), &result);
                }
                Some(Step::Setup { .. } | Step::EndBallots) => {}
            }
        }
        if ballots.all_hold() && self.summary.stage > Some(ArchiveStage::Open) {
            self.summary.counted = Some(ballots.counted());
            self.summary.weight = Some(ballots.weight());
        }
        if steps.entries().names() != outline.names {
            let detail = "the file changed while it was read";
            return Err(Fault::failed(
                Check::ArchiveEntry,
                steps.entries().count(),
                detail,
            ));
        }
        for (kind, count) in std::mem::take(&mut steps.notes).0 {
            self.notes.add(kind, count);
        }
        Ok(())
    }

    /// `None` if nothing after it can be looked at.
    fn setup(&mut self, election: &Entry, trustees: &Entry) -> Option<Setup> {
        let profile = self.options.profile;
        let read = setup::read_election(&election.body, profile, &mut self.notes);
        let definition = match read {
            Ok(definition) => definition,
            Err(refusal) => {
                self.refuse(Check::ArchiveElection, election.index, refusal);
                self.skip_from(Check::ArchiveTrustees, "the election record does not hold");
                return None;
            }
        };
        self.checks.pass(Check::ArchiveElection);
        self.summary.uuid = Some(definition.election.uuid.clone());
        self.summary.name = Some(escape(&definition.name));
        self.summary.fingerprint = Some(definition.election.fingerprint.clone());
        let read = setup::read_trustees(&trustees.body, &definition.key, profile, &mut self.notes);
        let trustees = match read {
            Ok(read) => {
                self.checks
                    .pass_many(Check::ArchiveTrustees, read.owners.len() as u64);
                self.summary.trustees = Some(read.owners.len() as u64);
                self.summary.threshold = (read.threshold > 0).then_some(read.threshold as u64);
                Some(read)
            }
            Err(refusal) => {
                self.refuse(Check::ArchiveTrustees, trustees.index, refusal);
                None
            }
        };
        Some(Setup { definition, trustees })
    }

    fn credentials(&mut self, record: &Entry) -> Option<HashMap<PointBytes, u64>> {
        match setup::read_credentials(&record.body, self.options.profile, &mut self.notes) {
            Ok(weights) => {
                self.checks
                    .pass_many(Check::ArchiveCredentials, weights.len() as u64);
                self.summary.credentials = Some(weights.len() as u64);
                Some(weights)
            }
            Err(refusal) => {
                self.refuse(Check::ArchiveCredentials, record.index, refusal);
                self.skip_from(Check::ArchiveBallot, "the credential list does not hold");
                None
            }
        }
    }

    /// The tally, if it is that of the ballots.
    fn tally(&mut self, ballots: &BallotBox<'_>, written: &Entry, sized: &Entry) -> Option<Tally> {
        let check = Check::ArchiveTally;
        if !ballots.all_hold() {
            self.checks.skip(check, "a ballot does not hold");
            return None;
        }
        let tally = ballots.tally();
        let same = tally.to_json().as_bytes() == written.body;
        let detail = "the encrypted tally is not the sum of the ballots that count";
        if !self
            .checks
            .require(check, Place::of_file(written.index), same, detail)
        {
            return None;
        }
        let expected = weighted_tally(ballots.counted(), ballots.weight(), &written.body);
        let body = match self.options.profile {
            ArchiveProfile::Strict => sized.body.clone(),
            ArchiveProfile::Compatible => self.rewritten(&sized.body, rewrite_sized),
        };
        let same = body == expected.as_bytes();
        let detail = format!("the sized tally is not {expected}");
        self.checks
            .require(check, Place::of_file(sized.index), same, &detail)
            .then(|| tally.clone())
    }

    fn share(
        &mut self,
        setup: &Setup,
        tally: Option<&Tally>,
        shares: &mut Shares,
        share: &Entry,
        owner: u64,
    ) {
        let check = Check::ArchiveShare;
        let (Some(tally), Some(trustees)) = (tally, &setup.trustees) else {
            shares.failed = true;
            self.checks.skip(check, "tally or trustees do not hold");
            return;
        };
        let election = &setup.definition.election;
        let at = usize::try_from(owner).ok().and_then(|owner| owner.checked_sub(1));
        let outcome = match at.and_then(|at| Some((at, trustees.owners.get(at)?))) {
            None => Err(format!("there is no trustee {owner}")),
            Some((at, _)) if shares.by_owner.contains_key(&at) => {
                Err(format!("a second partial decryption of trustee {owner}"))
            }
            Some((at, of)) => verify_share(
                &share.body,
                &election.questions,
                &election.fingerprint,
                &of.trustee,
                tally,
            )
            .map(|factors| {
                shares.by_owner.insert(at, factors);
            })
            .map_err(|error| format!("trustee {owner}: {error}")),
        };
        shares.failed |= outcome.is_err();
        self.checks.outcome(check, Place::of_file(share.index), outcome);
    }

    fn result(&mut self, setup: &Setup, tally: Option<&Tally>, shares: &Shares, weight: u64, result: &Entry) {
        let (Some(tally), Some(trustees), false) = (tally, &setup.trustees, shares.failed) else {
            self.checks.skip(
                Check::ArchiveResult,
                "tally, trustees or partial decryptions do not hold",
            );
            return;
        };
        let factors = match combine(trustees, shares) {
            Ok(factors) => factors,
            Err(detail) => {
                self.checks
                    .fail(Check::ArchiveShare, Place::of_file(result.index), detail);
                self.checks
                    .skip(Check::ArchiveResult, "partial decryptions are missing");
                return;
            }
        };
        let questions = &setup.definition.election.questions;
        let body = match self.options.profile {
            ArchiveProfile::Strict => result.body.clone(),
            ArchiveProfile::Compatible => {
                self.rewritten(&result.body, |cursor| rewrite_result(cursor, questions))
            }
        };
        let outcome = verify_result(&body, questions, tally, &factors, weight);
        let place = Place::of_file(result.index);
        match outcome {
            Ok(counts) => {
                self.checks.pass(Check::ArchiveResult);
                self.summary.result = Some(counts);
            }
            Err(error) => self.checks.fail(Check::ArchiveResult, place, error),
        }
    }

    /// A record with its weights in their canonical spelling; what cannot be read so is left as it is.
    fn rewritten(
        &mut self,
        body: &[u8],
        rewrite: impl FnOnce(&mut Cursor<'_>) -> Result<(String, u64), JsonError>,
    ) -> Vec<u8> {
        let mut cursor = Cursor::new(body);
        match rewrite(&mut cursor) {
            Ok((text, respelled)) if cursor.end().is_ok() => {
                self.notes.add(NoteKind::Weight, respelled);
                text.into_bytes()
            }
            _ => body.to_vec(),
        }
    }

    fn refuse(&mut self, check: Check, entry: u64, refusal: Refusal) {
        match refusal {
            Refusal::Unsupported(what) => self.unsupported.push(what),
            Refusal::Bad(code, detail) => {
                let place = Place::of_file(entry);
                self.checks
                    .fail_as(check, code.unwrap_or(check.code()), place, detail);
            }
        }
    }

    fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Unsupported(what) => self.unsupported.push(what),
            Fault::Failed {
                check,
                code,
                entry,
                detail,
            } => self.checks.fail_as(check, code, Place::of_file(entry), detail),
        }
        self.skip_from(Check::ArchiveOrder, "the archive could not be read to its end");
    }

    /// This check and all after it could not be completed.
    fn skip_from(&mut self, first: Check, reason: &str) {
        for check in CHECKS.into_iter().filter(|check| *check >= first) {
            self.checks.skip(check, reason);
        }
    }

    fn report(mut self, inputs: Vec<InputDigest>) -> Report {
        let judgement = Judgement {
            trusted: true,
            limits_allowed: false,
            unsupported: &self.unsupported,
        };
        let mut report = new_report("bel", &self.checks, &judgement);
        report.trusted = false;
        if report.verdict == Verdict::Verified {
            let fingerprint = self.summary.fingerprint.as_deref().unwrap_or_default();
            let _ = write!(
                report.summary,
                ": everything follows from the election record; compare its fingerprint {fingerprint} with the announced one"
            );
        } else {
            self.summary.result = None;
        }
        report.notes = self.notes.texts();
        report.archive = Some(self.summary);
        report.inputs = inputs;
        report
    }
}

/// The shares whose sum is the combined factor. Spec: specs/ballot-suite.md §10.
fn combine(trustees: &Trustees, shares: &Shares) -> Result<Vec<Vec<Vec<EdwardsPoint>>>, String> {
    let mut factors = Vec::new();
    let mut block = Vec::new();
    for (at, owner) in trustees.owners.iter().enumerate() {
        match (shares.by_owner.get(&at), owner.slot) {
            (Some(share), None) => factors.push(share.clone()),
            (Some(share), Some(slot)) => block.push((slot, share)),
            (None, None) => return Err(format!("the partial decryption of trustee {} is missing", at + 1)),
            (None, Some(_)) => {}
        }
    }
    if block.len() < trustees.threshold {
        return Err(format!(
            "{} members of the threshold block have decrypted, and {} are needed",
            block.len(),
            trustees.threshold
        ));
    }
    block.truncate(trustees.threshold);
    let slots: Vec<u16> = block.iter().map(|(slot, _)| *slot).collect();
    for (slot, share) in block {
        factors.push(scale(share, lagrange(slot, &slots)));
    }
    Ok(factors)
}

/// A weight as number or string, in its canonical spelling, and whether that is another one.
fn any_weight(cursor: &mut Cursor<'_>) -> Result<(String, u64), JsonError> {
    let is_text = cursor.sees("\"");
    let value = if is_text {
        let digits = cursor.plain(20)?;
        crate::note::decimal(digits).ok_or_else(|| cursor.error("a weight"))?
    } else {
        cursor.integer(u64::MAX)?
    };
    let should_be_text = value > MAX_SMALL;
    let text = if should_be_text {
        format!("\"{value}\"")
    } else {
        value.to_string()
    };
    Ok((text, u64::from(is_text != should_be_text)))
}

fn rewrite_sized(cursor: &mut Cursor<'_>) -> Result<(String, u64), JsonError> {
    cursor.expect("{\"num_tallied\":")?;
    let counted = cursor.integer(MAX_SMALL)?;
    cursor.expect(",\"total_weight\":")?;
    let (weight, respelled) = any_weight(cursor)?;
    cursor.expect(",\"encrypted_tally\":")?;
    let hash = cursor.plain(64)?;
    cursor.expect("}")?;
    let text =
        format!("{{\"num_tallied\":{counted},\"total_weight\":{weight},\"encrypted_tally\":\"{hash}\"}}");
    Ok((text, respelled))
}

fn rewrite_result(cursor: &mut Cursor<'_>, questions: &[Question]) -> Result<(String, u64), JsonError> {
    let mut respelled = 0;
    let mut shapes = questions.iter().map(Question::choices);
    cursor.expect("{\"result\":")?;
    let rows = cursor.array_of(questions.len(), |cursor| {
        let row = cursor.array_of(shapes.next().unwrap_or(0), |cursor| {
            let (text, other) = any_weight(cursor)?;
            respelled += other;
            Ok(text)
        })?;
        Ok(format!("[{}]", row.join(",")))
    })?;
    cursor.expect("}")?;
    Ok((format!("{{\"result\":[{}]}}", rows.join(",")), respelled))
}
