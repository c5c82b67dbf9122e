//! Sections 5.7 to 5.12, 5.19: what the election ledger says about the boxes, compared with the boxes themselves.
//!
//! Spec: specs/election.md §4, §6, specs/verification.md §5.7 to §5.12, §5.19.

use curve25519_dalek::edwards::EdwardsPoint;

use crate::archive::Archive;
use crate::calendar::is_line;
use crate::check::{Check, Checks, Place};
use crate::contents::read_content;
use crate::events::{BoxDefined, ContentRef, Event, PaperReturned};
use crate::json::MAX_INTEGER;
use crate::ledger::{Ledger, replay};
use crate::manifest::{District, Manifest};
use crate::registers::ballot_box::BallotBox;
use crate::registers::election::{At, Election, PublishedView, View};
use crate::registers::outcome::{PaperReturn, TieJudgement};
use crate::registers::roll::{FrozenRoll, credential_rules};
use crate::report::{Outcome, Turnout};
use crate::source::Source;
use crate::suite::checker::Method;
use crate::suite::group::PointBytes;
use crate::suite::question::fingerprint;
use crate::suite::tally::{Tally, scale, sums_possible, verify_result, verify_share};
use crate::suite::threshold::lagrange;
use crate::suite::trustee::parse_credentials;
use crate::views;

/// One box and all that was established about it.
pub(crate) struct BoxValues<'a> {
    pub(crate) source: &'a dyn Source,
    /// Id of the election ledger.
    pub(crate) election_id: [u8; 32],
    pub(crate) election: &'a Election,
    pub(crate) manifest: &'a Manifest,
    pub(crate) district: &'a District,
    pub(crate) defined: &'a At<BoxDefined>,
    /// Fingerprint of the box's election record.
    pub(crate) fingerprint: &'a str,
    /// `None` if the box could not be replayed.
    pub(crate) ballot_box: Option<&'a BallotBox>,
}

/// Reads and checks the credential list of a box; a `known` one was found valid by an earlier run, in the same box. Spec: specs/verification.md §5.7.
pub(crate) fn check_credentials(
    source: &dyn Source,
    election_id: [u8; 32],
    defined: &At<BoxDefined>,
    known: bool,
    method: Method,
    checks: &mut Checks,
) -> Option<CredentialList> {
    let place = Place::entry(election_id, defined.seq);
    let value = &defined.value;
    let bytes = match read_content(source, &value.credentials) {
        Ok(bytes) => bytes,
        Err(error) => {
            checks.skip(Check::ElectionCredentials, error);
            return None;
        }
    };
    let outcome = if value.holders > value.eligible {
        Err("there are more holders than eligible voters".to_owned())
    } else {
        credential_rules(&bytes, value.holders, known, method)
    };
    let all_members = outcome.is_ok();
    checks.outcome(Check::ElectionCredentials, place, outcome);
    Some(CredentialList {
        credentials: parse_credentials(&bytes).ok()?,
        all_members,
    })
}

/// The digital result of a box, if it follows from the anchored tally and the shares. Reports nothing. Spec: specs/verification.md §5.9, §5.10.
pub(crate) fn established_result(
    source: &dyn Source,
    election_id: [u8; 32],
    election: &Election,
    manifest: &Manifest,
    district: &District,
    defined: &At<BoxDefined>,
) -> Option<Vec<Vec<u64>>> {
    let key = election.fixed.as_ref()?.value.public_key?;
    let record = manifest.election_record(district, &defined.value.ledger, key);
    let values = BoxValues {
        source,
        election_id,
        election,
        manifest,
        district,
        defined,
        fingerprint: &fingerprint(record.to_json().as_bytes()),
        ballot_box: None,
    };
    values.check_decryption(&mut Checks::default())
}

/// A credential list that could be read.
pub(crate) struct CredentialList {
    /// Ascending.
    pub(crate) credentials: Vec<PointBytes>,
    /// Every credential was found to be in the group and not neutral.
    pub(crate) all_members: bool,
}

/// The credential lists are those of the frozen roll. Spec: specs/election.md §4.4.
pub(crate) fn check_against_roll(
    election_id: [u8; 32],
    election: &Election,
    manifest: &Manifest,
    roll: Option<&FrozenRoll>,
    roll_ledger: &Ledger,
    checks: &mut Checks,
) {
    let Some(roll) = roll else {
        if !election.boxes.is_empty() {
            let detail = "boxes are defined, but the roll is not frozen";
            checks.fail(Check::ElectionCredentials, Place::ledger(roll_ledger.id), detail);
        }
        return;
    };
    for district in &roll.districts {
        let known = manifest.district(&district.district).is_some();
        let place = Place::entry(roll_ledger.id, roll.seq);
        checks.require(
            Check::ElectionCredentials,
            place,
            known,
            "a district of the roll is not the manifest's",
        );
    }
    for (id, defined) in &election.boxes {
        let value = &defined.value;
        let frozen = roll
            .districts
            .iter()
            .find(|district| district.district == value.district);
        let expected = frozen.map_or((0, 0, ContentRef::of(b"[]")), |district| {
            (district.eligible, district.holders, district.credentials)
        });
        let cited = election.roll_refs.get(id).map_or(0, |cited| cited.at.size);
        let outcome = if cited <= roll.seq {
            Err("the roll is not cited beyond its freeze")
        } else if (value.eligible, value.holders, value.credentials) != expected {
            Err("eligible, holders or credentials are not those of the frozen roll")
        } else {
            Ok(())
        };
        checks.outcome(
            Check::ElectionCredentials,
            Place::entry(election_id, defined.seq),
            outcome,
        );
    }
}

/// Ballots counted, and their counts by question and choice; nothing for a box that is not decrypted.
type Digital<'a> = (u64, &'a [Vec<u64>]);

/// Numbers of a box that follow from the ledgers.
#[derive(Default)]
pub(crate) struct Established {
    pub(crate) result: Option<Vec<Vec<u64>>>,
    pub(crate) turnout: Option<Turnout>,
    pub(crate) outcome: Option<Outcome>,
}

impl BoxValues<'_> {
    /// Runs 5.8 to 5.12 for the box.
    pub(crate) fn check(&self, checks: &mut Checks) -> Established {
        self.check_anchor(checks);
        let result = self.check_decryption(checks);
        self.check_paper(checks);
        let mut established = Established::default();
        let id = self.id();
        for view in [
            View::Turnout,
            View::Trackers,
            View::Tally,
            View::Result,
            View::Outcome,
        ] {
            for published in self.election.views.get(&(id, view)).into_iter().flatten() {
                let holds = self.check_view(view, published, result.as_deref(), checks);
                let seq = Some(published.seq);
                match (view, holds, self.ballot_box) {
                    (View::Turnout, true, Some(ballot_box)) => {
                        established.turnout = Some(views::turnout_summary(&self.defined.value, ballot_box));
                    }
                    (View::Result, true, Some(ballot_box))
                        if self.election.current_result(&id).map(|current| current.seq) == seq =>
                    {
                        let digital = result.as_ref().and(ballot_box.counted).unwrap_or(0);
                        let digital = (digital, result.as_deref().unwrap_or_default());
                        let paper = self.election.return_before(&id, published.seq);
                        established.outcome = Some(views::result_summary(self.district, digital, paper));
                    }
                    (View::Outcome, true, _)
                        if self.election.current_outcome(&id).map(|current| current.seq) == seq =>
                    {
                        if let (Some(outcome), Some(seated)) =
                            (&mut established.outcome, &published.value.seated)
                        {
                            views::seat(outcome, seated);
                        }
                    }
                    _ => {}
                }
            }
        }
        for judged in self.election.judged_ties.get(&id).into_iter().flatten() {
            match (self.numbers(judged.seq, result.as_deref()), judged.value) {
                (Err(reason), _) | (_, TieJudgement::Unknown(reason)) => {
                    checks.skip(Check::OutcomeTie, reason);
                }
                (Ok(_), TieJudgement::Fails(reason)) => {
                    checks.fail(Check::OutcomeTie, self.place(judged), reason);
                }
                (Ok(_), TieJudgement::Holds) => checks.pass(Check::OutcomeTie),
            }
        }
        established.result = result;
        established
    }

    fn id(&self) -> [u8; 32] {
        self.defined.value.ledger
    }

    fn place<T>(&self, at: &At<T>) -> Place {
        Place::entry(self.election_id, at.seq)
    }

    fn check_anchor(&self, checks: &mut Checks) {
        let Some(anchor) = self.election.anchors.get(&self.id()) else {
            return;
        };
        let Some(ballot_box) = self.ballot_box else {
            checks.skip(Check::ElectionAnchor, "a box could not be read");
            return;
        };
        let value = &anchor.value;
        let outcome = match &ballot_box.sealed {
            None => Err("the box is not sealed"),
            Some(sealed) if sealed.seq.checked_add(1) != Some(value.sealed_size) => {
                Err("the sealed size is not that of the box")
            }
            Some(sealed)
                if (
                    sealed.value.counted,
                    sealed.value.encrypted_tally,
                    sealed.value.sized_tally,
                ) != (value.counted, value.encrypted_tally, value.sized_tally) =>
            {
                Err("counted or tally are not those of the sealed box")
            }
            Some(_) => Ok(()),
        };
        checks.outcome(Check::ElectionAnchor, self.place(anchor), outcome);
    }

    /// Shares and result. Spec: specs/verification.md §5.9, §5.10.
    fn check_decryption(&self, checks: &mut Checks) -> Option<Vec<Vec<u64>>> {
        let anchor = self.election.anchors.get(&self.id())?;
        let questions = &self.district.questions;
        let shares = self.election.shares.range((self.id(), 0)..=(self.id(), u16::MAX));
        let result = self.election.results.get(&self.id());
        let tally = read_content(self.source, &anchor.value.encrypted_tally)
            .map_err(|error| error.to_string())
            .and_then(|bytes| Tally::parse(&bytes, questions).map_err(|error| error.to_string()));
        let tally = match tally {
            Ok(tally) => tally,
            Err(reason) => {
                let reason = format!("an anchored tally cannot be read: {reason}");
                shares.for_each(|_| checks.skip(Check::TrusteeShare, &reason));
                if result.is_some() {
                    checks.skip(Check::ResultValue, &reason);
                }
                return None;
            }
        };
        let mut factors = Vec::new();
        for ((_, index), share) in shares {
            let Some(trustee) = self.election.trustee(*index) else {
                checks.skip(Check::TrusteeShare, "a trustee's key is not valid");
                continue;
            };
            match read_content(self.source, &share.value) {
                Err(error) => checks.skip(Check::TrusteeShare, error),
                Ok(bytes) => match verify_share(&bytes, questions, self.fingerprint, trustee, &tally) {
                    Err(error) => checks.fail(Check::TrusteeShare, self.place(share), error),
                    Ok(share) => {
                        checks.pass(Check::TrusteeShare);
                        factors.push((*index, share));
                    }
                },
            }
        }
        let result = result?;
        if factors.len() < self.manifest.threshold {
            checks.skip(Check::ResultValue, "a share is missing or not valid");
            return None;
        }
        let factors = self.combined(factors);
        let bytes = match read_content(self.source, &result.value) {
            Ok(bytes) => bytes,
            Err(error) => {
                checks.skip(Check::ResultValue, error);
                return None;
            }
        };
        let counts = verify_result(&bytes, questions, &tally, &factors, anchor.value.counted);
        checks.outcome(
            Check::ResultValue,
            self.place(result),
            counts.as_ref().map(|_| ()),
        );
        counts.ok()
    }

    /// Shares whose sum is the combined factor. Spec: specs/ballot-suite.md §10.
    fn combined(&self, mut shares: Vec<(u16, Vec<Vec<EdwardsPoint>>)>) -> Vec<Vec<Vec<EdwardsPoint>>> {
        if !self.manifest.has_ceremony() {
            return shares.into_iter().map(|(_, share)| share).collect();
        }
        // Ascending by index: the lowest ones decide.
        shares.truncate(self.manifest.threshold);
        let slots: Vec<u16> = shares.iter().map(|(index, _)| *index).collect();
        shares
            .iter()
            .map(|(index, share)| scale(share, lagrange(*index, &slots)))
            .collect()
    }

    /// The archive of the box, made again and compared. Spec: specs/election.md §8.
    pub(crate) fn check_archive(
        &self,
        uuid: &str,
        trustees: &ContentRef,
        ledger: &Ledger,
        checks: &mut Checks,
    ) {
        let path = format!("archives/{uuid}.bel");
        let place = Place::ledger(self.id());
        let (Some(result), Some(anchor), Some(ballot_box)) = (
            self.election.results.get(&self.id()),
            self.election.anchors.get(&self.id()),
            self.ballot_box,
        ) else {
            checks.fail(
                Check::ArchiveBytes,
                place,
                format!("{path}: the box has no result"),
            );
            return;
        };
        let file = match self.source.open(&path) {
            Ok(file) => file,
            Err(error) => {
                checks.fail(Check::ArchiveBytes, place, format!("{path}: {error}"));
                return;
            }
        };
        let value = &self.defined.value;
        let contents = [
            &value.election,
            trustees,
            &value.credentials,
            &anchor.value.encrypted_tally,
            &anchor.value.sized_tally,
            &result.value,
        ]
        .map(|cited| read_content(self.source, cited));
        let [
            Ok(election),
            Ok(trustees),
            Ok(credentials),
            Ok(tally),
            Ok(sized),
            Ok(result),
        ] = contents
        else {
            checks.skip(Check::ArchiveBytes, "a content of the archive cannot be read");
            return;
        };
        let mut archive = Archive::new(
            Box::new(std::io::BufReader::new(file)),
            self.manifest.closes_ms / 1000,
        );
        let setup = format!(
            "{{\"election\":\"{}\",\"trustees\":\"{}\",\"credentials\":\"{}\"}}",
            archive.data(&election, "the election record"),
            archive.data(&trustees, "the trustees record"),
            archive.data(&credentials, "the credential list"),
        );
        let setup = archive.data(setup.as_bytes(), "the setup");
        archive.event("Setup", Some(&setup));
        let mut ballots = ballot_box.ballots.iter().peekable();
        let replayed = replay(self.source, ledger, checks, |_, items| {
            for (entry, event) in items {
                let Event::BallotCast { ballot, .. } = event else {
                    continue;
                };
                // Ballots that were not taken stand in no archive.
                let Some(taken) = ballots.next_if(|taken| taken.seq == entry.seq) else {
                    continue;
                };
                if ballot_box
                    .voters
                    .get(taken.voter)
                    .is_some_and(|voter| !voter.excluded)
                {
                    let hash = archive.data(ballot, "a ballot");
                    archive.event("Ballot", Some(&hash));
                }
            }
        });
        if let Err(reason) = replayed {
            checks.skip(Check::ArchiveBytes, reason);
            return;
        }
        archive.event("EndBallots", None);
        archive.data(&tally, "the encrypted tally");
        let sized = archive.data(&sized, "the sized tally");
        archive.event("EncryptedTally", Some(&sized));
        let shares = self.election.shares.range((self.id(), 0)..=(self.id(), u16::MAX));
        for ((_, index), share) in shares.take(self.manifest.threshold) {
            let share = match read_content(self.source, &share.value) {
                Ok(share) => share,
                Err(error) => {
                    checks.skip(Check::ArchiveBytes, error);
                    return;
                }
            };
            let payload = archive.data(&share, "a partial decryption");
            let owned = format!("{{\"owner\":{index},\"payload\":\"{payload}\"}}");
            let owned = archive.data(owned.as_bytes(), "the owner of a partial decryption");
            archive.event("PartialDecryption", Some(&owned));
        }
        let result = archive.data(&result, "the result");
        archive.event("Result", Some(&result));
        let outcome = archive
            .end()
            .map_err(|difference| format!("{path}: {difference}"));
        checks.outcome(Check::ArchiveBytes, place, outcome);
    }

    /// Spec: specs/election.md §4.9, specs/outcome.md §4.
    fn check_paper(&self, checks: &mut Checks) {
        let exclusions = self.ballot_box.and_then(|ballot_box| ballot_box.exclusions);
        let mut before: Option<&PaperReturned> = None;
        for paper in self.election.returns(&self.id()) {
            let PaperReturn { numbers, reason } = &paper.value;
            let superseded = before.replace(numbers);
            let exclusions = match exclusions {
                _ if self.election.stations.any() => None,
                Some(exclusions) => Some(exclusions),
                None => {
                    checks.skip(Check::PaperReturn, "the exclusions of a box are not known");
                    continue;
                }
            };
            let sums = self.election.paper_sums.get(&self.id());
            if let (None, Some(sums)) = (reason, sums) {
                checks.outcome(Check::PaperReturn, self.place(paper), *sums);
                continue;
            }
            let outcome = if superseded == Some(numbers) {
                Err("the recount has the numbers of the return that it supersedes")
            } else if reason.as_ref().is_some_and(|reason| !is_line(reason)) {
                Err("the reason of the recount is no line of text")
            } else {
                paper_rules(numbers, self.district, exclusions)
            };
            checks.outcome(Check::PaperReturn, self.place(paper), outcome);
        }
    }

    /// Digital ballots and their counts, and the paper return, that a view at this position is computed from.
    fn numbers<'r>(
        &'r self,
        seq: u64,
        result: Option<&'r [Vec<u64>]>,
    ) -> Result<(Digital<'r>, Option<&'r PaperReturned>), &'static str> {
        let sealed = self.ballot_box.filter(|b| b.counted.is_some());
        let Some((ballot_box, sealed)) = sealed.and_then(|b| Some((b, b.sealed.as_ref()?))) else {
            return Err("a box could not be recounted");
        };
        let digital = match result {
            Some(counts) => (sealed.value.counted, counts),
            None if sealed.value.counted < self.manifest.min_ballots => (0, &[][..]),
            None => return Err("the result of a box is not established"),
        };
        let paper = self.election.return_before(&self.id(), seq);
        let exclusions = ballot_box.exclusions.unwrap_or(0);
        let exclusions = Some(exclusions).filter(|_| !self.election.stations.any());
        if paper.is_none_or(|paper| paper_rules(paper, self.district, exclusions).is_ok()) {
            Ok((digital, paper))
        } else {
            Err("the paper return of a box does not add up")
        }
    }

    /// Whether the published view is the one that follows from the ledgers.
    fn check_view(
        &self,
        view: View,
        published: &At<PublishedView>,
        result: Option<&[Vec<u64>]>,
        checks: &mut Checks,
    ) -> bool {
        let id = self.id();
        let value = &self.defined.value;
        let Some((ballot_box, sealed)) = self
            .ballot_box
            .and_then(|b| Some((b, b.sealed.as_ref()?)))
            .filter(|(b, _)| b.counted.is_some())
        else {
            checks.skip(Check::ViewDigest, "a box could not be recounted");
            return false;
        };
        let box_size = sealed.seq.saturating_add(1);
        let (size, document) = match view {
            View::Turnout => (box_size, views::turnout(&id, box_size, value, ballot_box)),
            View::Trackers => (box_size, views::trackers(&id, box_size, ballot_box)),
            View::Tally => (box_size, views::tally(&id, box_size, &sealed.value)),
            View::Result | View::Outcome => {
                let (digital, paper) = match self.numbers(published.seq, result) {
                    Ok(numbers) => numbers,
                    Err(reason) => {
                        checks.skip(Check::ViewDigest, reason);
                        return false;
                    }
                };
                let size = published.seq;
                let adopted = self
                    .election
                    .adopted
                    .as_ref()
                    .map(|adopted| &adopted.value.content);
                let document = match (view, adopted, &published.value.seated) {
                    (View::Outcome, Some(pack), Some(seated)) => {
                        views::outcome(&id, size, self.district, pack, seated)
                    }
                    (View::Outcome, ..) => {
                        checks.skip(Check::ViewDigest, "who is elected is not established");
                        return false;
                    }
                    _ => views::result(&id, size, self.manifest, self.district, value, digital, paper),
                };
                (size, document)
            }
        };
        let outcome = if published.value.size != size {
            Err("the view names another size than it was to be computed from")
        } else if published.value.content != ContentRef::of(document.as_bytes()) {
            Err("the view is not the one computed from the ledgers")
        } else {
            Ok(())
        };
        checks.outcome(Check::ViewDigest, self.place(published), outcome);
        outcome.is_ok()
    }
}

/// A paper return, or a recount of one. Without `exclusions` the papers are those of stations, and need not be as many as were issued.
///
/// Spec: specs/election.md §4.9, specs/station.md §9.2.
pub(crate) fn paper_rules(
    paper: &PaperReturned,
    district: &District,
    exclusions: Option<u64>,
) -> Result<(), &'static str> {
    let PaperReturned {
        issued,
        valid,
        invalid,
        spoilt,
        counts,
        ..
    } = paper;
    let largest = [issued, valid, invalid, spoilt]
        .into_iter()
        .chain(counts.iter().flatten())
        .max();
    if largest.is_some_and(|largest| *largest > MAX_INTEGER) {
        return Err("a number is beyond the limit");
    }
    // Below 2^53 each, so the sum cannot overflow.
    let counted = valid.saturating_add(*invalid).saturating_add(*spoilt);
    if exclusions.is_some() && counted != *issued {
        return Err("valid, invalid and spoilt papers are not those that were issued");
    }
    if exclusions.is_some_and(|exclusions| *issued < exclusions) {
        return Err("fewer papers were issued than credentials excluded");
    }
    let shaped = counts.len() == district.questions.len();
    if !shaped
        || !district
            .questions
            .iter()
            .zip(counts)
            .all(|(q, counts)| sums_possible(q, counts, *valid))
    {
        return Err("the counts are impossible for the valid papers");
    }
    Ok(())
}
