//! Section 5: the election ledger.
//!
//! [`replay_election`] follows the state machine and takes what the events say; [`Election`] then holds everything that the boxes and
//! the value checks (`values.rs`) need.
//!
//! Spec: specs/election.md §3, §4, specs/verification.md §5.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::authority::Authority;
use crate::check::{Check, Checks, Place};
use crate::contents::read_content;
use crate::events::{BoxDefined, ContentRef, Event, ListedLedger, PaperReturned, TallyAnchored};
use crate::ledger::{Ledger, replay};
use crate::manifest::{Manifest, ManifestError};
use crate::registers::ceremony::{self, Ceremony, Sender};
use crate::registers::outcome::{Adopted, Decision, PaperReturn, Seated, TieJudgement};
use crate::registers::stations::{self, Stations};
use crate::source::Source;
use crate::suite::group::PointBytes;
use crate::suite::tally::parse_result;
use crate::suite::threshold::Numbers;
use crate::suite::trustee::{Trustee, trustees_record};
use crate::wire::{self, Kind, Ref, Role};

/// The checks that [`replay_election`] fills, in part or wholly.
pub(crate) const ELECTION_CHECKS: [Check; 17] = [
    Check::ElectionOrder,
    Check::ElectionManifest,
    Check::TrusteeKey,
    Check::TrusteeRecord,
    Check::ElectionRecord,
    Check::ElectionAnchor,
    Check::CeremonyCertificate,
    Check::CeremonyCoefficients,
    Check::CeremonyShares,
    Check::CeremonyKey,
    Check::CeremonyComplaint,
    Check::ElectionCertification,
    Check::OutcomeRules,
    Check::OutcomeOrder,
    Check::OutcomeTie,
    Check::OutcomeCandidate,
    Check::OutcomeObjection,
];

/// A view that is published. The order is that of specs/election.md §6; then specs/outcome.md §8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum View {
    Turnout,
    Trackers,
    Tally,
    Result,
    Outcome,
}

impl View {
    fn from_name(name: &str) -> Option<View> {
        Some(match name {
            "turnout" => View::Turnout,
            "trackers" => View::Trackers,
            "tally" => View::Tally,
            "result" => View::Result,
            "outcome" => View::Outcome,
            _ => return None,
        })
    }
}

/// An event that was taken, with its position.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) seq: u64,
    pub(crate) value: T,
}

/// A trustee's key as published; `verified` if its record passed.
#[derive(Debug)]
struct PublishedKey {
    record: Vec<u8>,
    verified: Option<Trustee>,
}

/// Trustees and key once fixed.
#[derive(Debug, Clone)]
pub(crate) struct FixedTrustees {
    pub(crate) content: ContentRef,
    /// `None` if the bytes are not a canonical point.
    pub(crate) public_key: Option<PointBytes>,
}

/// A published view.
#[derive(Debug, Clone)]
pub(crate) struct PublishedView {
    pub(crate) size: u64,
    pub(crate) content: ContentRef,
    /// Of a view `outcome`: who is elected by each question, if the votes are known.
    pub(crate) seated: Option<Vec<Option<Seated>>>,
}

/// What the election ledger says.
#[derive(Debug, Default)]
pub(crate) struct Election {
    pub(crate) defined: Option<At<Vec<ListedLedger>>>,
    pub(crate) manifest: Option<Manifest>,
    trustees: BTreeMap<u16, PublishedKey>,
    pub(crate) ceremony: Ceremony,
    pub(crate) fixed: Option<At<FixedTrustees>>,
    /// By ledger id of the box.
    pub(crate) boxes: BTreeMap<[u8; 32], At<BoxDefined>>,
    /// The refs of BoxDefined to the roll, by ledger id of the box.
    pub(crate) roll_refs: BTreeMap<[u8; 32], Ref>,
    pub(crate) opened: Option<u64>,
    pub(crate) anchors: BTreeMap<[u8; 32], At<TallyAnchored>>,
    pub(crate) shares: BTreeMap<([u8; 32], u16), At<ContentRef>>,
    pub(crate) results: BTreeMap<[u8; 32], At<ContentRef>>,
    /// The digital counts that the ledger declares, where they can be read.
    pub(crate) declared: BTreeMap<[u8; 32], Vec<Vec<u64>>>,
    /// The return of each box, and its recounts.
    pub(crate) papers: BTreeMap<[u8; 32], Vec<At<PaperReturn>>>,
    /// In the order of their publication; only a result and what rests on it is published more than once.
    pub(crate) views: BTreeMap<([u8; 32], View), Vec<At<PublishedView>>>,
    pub(crate) adopted: Option<At<Adopted>>,
    /// Answers that were removed, by district and question.
    pub(crate) removed: BTreeMap<(String, u16), BTreeSet<u16>>,
    /// Decided ties of current results, by box and question.
    pub(crate) ties: BTreeMap<([u8; 32], u16), Decision>,
    /// What is to be said of each TieDecided, by box.
    pub(crate) judged_ties: BTreeMap<[u8; 32], Vec<At<TieJudgement>>>,
    /// Whether the declared result of a box holds, where that was asked.
    pub(super) established: BTreeMap<[u8; 32], bool>,
    /// Whether each objection to a result was decided, by its position.
    pub(crate) objections: BTreeMap<u64, bool>,
    /// In an event with stations: whether a paper return is the sum of theirs.
    pub(crate) paper_sums: BTreeMap<[u8; 32], Result<(), &'static str>>,
    pub(crate) stations: Stations,
    /// The keys of the commission from each position on at which they changed.
    commissions: Vec<(u64, BTreeSet<[u8; 32]>)>,
    /// Keys that have certified the results.
    pub(crate) certified: BTreeSet<[u8; 32]>,
    /// Position of the last event that certification is about.
    last_to_certify: u64,
    /// Formats or suites that this version does not know.
    pub(crate) unsupported: Vec<String>,
}

impl Election {
    pub(crate) fn roll(&self) -> Option<[u8; 32]> {
        let listed = &self.defined.as_ref()?.value;
        listed
            .iter()
            .find(|l| Kind::from_code(l.kind) == Some(Kind::Roll))
            .map(|l| l.ledger)
    }

    /// The keys of the commission after the first `size` entries.
    pub(crate) fn commission_at(&self, size: u64) -> Option<&BTreeSet<[u8; 32]>> {
        let before = self.commissions.iter().rev().find(|(seq, _)| *seq < size);
        before.map(|(_, keys)| keys)
    }

    /// All trustees in the order of their indexes, if every record passed.
    pub(crate) fn verified_trustees(&self) -> Option<Vec<&Trustee>> {
        self.trustees.values().map(|key| key.verified.as_ref()).collect()
    }

    pub(crate) fn trustee(&self, index: u16) -> Option<&Trustee> {
        if self.manifest.as_ref()?.has_ceremony() {
            return self.ceremony.trustee(index);
        }
        self.trustees.get(&index)?.verified.as_ref()
    }

    pub(crate) fn has_enough_shares(&self, ballot_box: &[u8; 32]) -> bool {
        let threshold = self
            .manifest
            .as_ref()
            .map_or(usize::MAX, |manifest| manifest.threshold);
        self.shares
            .range((*ballot_box, 0)..=(*ballot_box, u16::MAX))
            .count()
            >= threshold
    }

    pub(crate) fn is_published(&self, manifest: &Manifest, ballot_box: &[u8; 32]) -> bool {
        self.publication(manifest, ballot_box).is_ok()
    }

    /// Whether the box has every view that it must have. Spec: specs/election.md §4.11, specs/outcome.md §7.
    fn publication(&self, manifest: &Manifest, ballot_box: &[u8; 32]) -> Result<(), &'static str> {
        let has = |view: View| self.views.contains_key(&(*ballot_box, view));
        let anchor = self.anchors.get(ballot_box);
        let has_result = anchor.is_some_and(|a| a.value.counted >= manifest.min_ballots) || manifest.paper;
        if anchor.is_none() || !has(View::Turnout) || !has(View::Trackers) || !has(View::Tally) {
            Err("a box is not published")
        } else if !has_result {
            Ok(())
        } else if !has(View::Result) {
            Err("the result of a box is not published")
        } else if self.current_result(ballot_box).is_none() {
            Err("the result of a box is not that of its last paper return")
        } else if self.adopted.is_none() || self.current_outcome(ballot_box).is_some() {
            Ok(())
        } else if self.has_open_tie(ballot_box) {
            Err("a tie is not decided")
        } else {
            Err("the outcome of a box is not published")
        }
    }
}

/// Follows the election ledger.
pub(crate) fn replay_election(source: &dyn Source, ledger: &Ledger, checks: &mut Checks) -> Election {
    let mut election = Election::default();
    let mut authority = Authority::of(&ledger.genesis);
    let outcome = replay(source, ledger, checks, |checks, items| {
        for (entry, event) in items {
            authority.follow(&entry.body.author, event);
            let commission = authority.holders(Role::COMMISSION);
            if election.commissions.last().map(|(_, keys)| keys) != Some(&commission) {
                election.commissions.push((entry.seq, commission));
            }
            Step {
                source,
                ledger,
                entry,
                checks,
            }
            .apply(&mut election, event);
        }
    });
    if let Err(reason) = outcome {
        for check in ELECTION_CHECKS {
            checks.skip(check, &reason);
        }
    }
    election
}

/// One entry and what is needed to judge it.
pub(super) struct Step<'s, 'e> {
    pub(super) source: &'s dyn Source,
    pub(super) ledger: &'s Ledger,
    pub(super) entry: &'s wire::Entry<'e>,
    pub(super) checks: &'s mut Checks,
}

impl Step<'_, '_> {
    pub(super) fn place(&self) -> Place {
        Place::entry(self.ledger.id, self.entry.seq)
    }

    pub(super) fn at<T>(&self, value: T) -> At<T> {
        At {
            seq: self.entry.seq,
            value,
        }
    }

    /// Counts for the state machine; says whether the event may be taken.
    fn order(&mut self, outcome: Result<(), &'static str>) -> bool {
        self.checks.outcome(Check::ElectionOrder, self.place(), outcome);
        outcome.is_ok()
    }

    fn apply(mut self, election: &mut Election, event: &Event<'_>) {
        let of_roles = matches!(
            event,
            Event::Genesis(_) | Event::RoleGranted(_) | Event::RoleRevoked(_)
        );
        if !of_roles && *event != Event::ResultsCertified {
            if !election.certified.is_empty() {
                self.order(Err("an event after the results were certified"));
                return;
            }
            election.last_to_certify = self.entry.seq;
        }
        let sender = |attempt: &u16, index: &u16| Sender {
            attempt: *attempt,
            index: *index,
        };
        match event {
            Event::TrusteeEnrolled {
                attempt,
                index,
                certificate,
                channel_key,
                commitment,
            } => self.ceremony(election, |step, _| {
                step.enrolled(sender(attempt, index), certificate, channel_key, commitment);
            }),
            Event::CoefficientsOpened {
                attempt,
                index,
                salt,
                coefficients,
            } => self.ceremony(election, |step, _| {
                step.opened(sender(attempt, index), salt, coefficients);
            }),
            Event::SharesDealt {
                attempt,
                index,
                shares,
            } => self.ceremony(election, |step, _| {
                step.dealt(sender(attempt, index), shares);
            }),
            Event::KeyConfirmed {
                attempt,
                index,
                key,
                signature,
            } => self.ceremony(election, |step, manifest| {
                let name = usize::from(*index)
                    .checked_sub(1)
                    .and_then(|at| manifest.trustees.get(at))
                    .map_or("", String::as_str);
                step.confirmed(sender(attempt, index), key, signature, name);
            }),
            Event::CeremonyComplained {
                attempt,
                index,
                against,
                channel_secret,
            } => self.ceremony(election, |step, _| {
                step.complained(sender(attempt, index), *against, channel_secret);
            }),
            Event::CeremonyRestarted { attempt } => {
                self.ceremony(election, |step, _| step.restarted(*attempt))
            }
            Event::ResultsCertified => self.certified(election),
            Event::RulesAdopted { pack, polling_day } => self.rules_adopted(election, pack, *polling_day),
            Event::TieDecided(decided) => self.tie_decided(election, decided),
            Event::PaperRecounted { paper, reason } => self.paper_recounted(election, paper, reason),
            Event::CandidateRemoved(removed) => self.candidate_removed(election, removed),
            Event::ResultObjectionFiled { ledger } => self.objection_filed(election, ledger),
            Event::ResultObjectionDecided {
                objection,
                decision,
                reason,
            } => self.objection_decided(election, *objection, *decision, reason),
            Event::ElectionDefined { manifest, ledgers } => self.defined(election, manifest, ledgers),
            Event::TrusteeKeyPublished { index, record } => self.trustee_key(election, *index, record),
            Event::TrusteesFixed { trustees, public_key } => {
                self.trustees_fixed(election, trustees, public_key);
            }
            Event::BoxDefined(defined) => self.box_defined(election, defined),
            Event::PollOpened => self.poll_opened(election),
            Event::TallyAnchored(anchored) => self.tally_anchored(election, anchored),
            Event::ShareSubmitted { ledger, index, share } => {
                self.share_submitted(election, ledger, *index, share);
            }
            Event::ResultDeclared { ledger, result } => self.result_declared(election, ledger, result),
            Event::PaperReturned(paper) => self.paper_returned(election, paper),
            Event::ViewPublished {
                view,
                ledger,
                size,
                content,
            } => {
                self.view_published(election, view, ledger, *size, content);
            }
            _ => match stations::check_of(event) {
                Some(check) => self.of_stations(election, check, event),
                None => {
                    self.order(Ok(()));
                }
            },
        }
    }

    /// Spec: specs/election.md §4.1.
    fn defined(&mut self, election: &mut Election, content: &ContentRef, ledgers: &[ListedLedger]) {
        if !self.order(if election.defined.is_some() {
            Err("a second definition")
        } else {
            Ok(())
        }) {
            return;
        }
        election.defined = Some(self.at(ledgers.to_vec()));
        election.stations = Stations::new(ledgers);
        let place = self.place();
        let manifest = match read_content(self.source, content) {
            Ok(bytes) => Manifest::parse(&bytes),
            Err(error) => return self.checks.skip(Check::ElectionManifest, error),
        };
        if let Err(ManifestError::Unsupported(what)) = &manifest {
            election.unsupported.push(what.clone());
        }
        match manifest {
            Err(error) => self.checks.fail(Check::ElectionManifest, place, error),
            Ok(manifest) => {
                self.checks.pass(Check::ElectionManifest);
                let outcome = listed_rules(&manifest, ledgers, &self.ledger.id);
                self.order(outcome);
                election.manifest = Some(manifest);
            }
        }
    }

    /// Spec: specs/election.md §4.2, §3.2.
    fn trustee_key(&mut self, election: &mut Election, index: u16, record: &[u8]) {
        let Some(manifest) = &election.manifest else {
            return self.undefined();
        };
        let name = usize::from(index)
            .checked_sub(1)
            .and_then(|index| manifest.trustees.get(index));
        let order = if manifest.has_ceremony() {
            Err("the trustees of this event make their key in a ceremony")
        } else if election.fixed.is_some() {
            Err("the trustees are fixed")
        } else if name.is_none() {
            Err("no trustee has this index")
        } else if election.trustees.contains_key(&index) {
            Err("a second key of this trustee")
        } else {
            Ok(())
        };
        let name = name.cloned();
        if !self.order(order) {
            return;
        }
        let verified = Trustee::verify(record)
            .map_err(|error| error.to_string())
            .and_then(|trustee| {
                if trustee.name == name {
                    Ok(trustee)
                } else {
                    Err("the name is not the manifest's".to_owned())
                }
            });
        let place = self.place();
        self.checks
            .outcome(Check::TrusteeKey, place, verified.as_ref().map(|_| ()));
        election.trustees.insert(
            index,
            PublishedKey {
                record: record.to_vec(),
                verified: verified.ok(),
            },
        );
    }

    /// A message of the key ceremony, while there may be one. Spec: specs/election.md §7.
    fn ceremony(&mut self, election: &mut Election, take: impl FnOnce(ceremony::Step<'_>, &Manifest)) {
        let Some(manifest) = &election.manifest else {
            return self.undefined();
        };
        let order = if !manifest.has_ceremony() {
            Err("the trustees of this event hold no ceremony")
        } else if election.fixed.is_some() {
            Err("the trustees are fixed")
        } else {
            Ok(())
        };
        if let Err(reason) = order {
            self.order(Err(reason));
            return;
        }
        let numbers = Numbers {
            attempt: election.ceremony.attempt(),
            members: manifest.trustees.len(),
            threshold: manifest.threshold,
        };
        let place = self.place();
        let step = ceremony::Step {
            ceremony: &mut election.ceremony,
            event: self.ledger.id,
            numbers,
            place,
            checks: self.checks,
        };
        take(step, manifest);
    }

    /// Spec: specs/station.md §1, §2, §9.
    fn of_stations(&mut self, election: &mut Election, check: Check, event: &Event<'_>) {
        if !election.stations.any() {
            self.order(Err("the event has no stations"));
            return;
        }
        let Some(manifest) = &election.manifest else {
            return self.undefined();
        };
        self.order(Ok(()));
        let anchors = &election.anchors;
        let context = stations::Context {
            entry: self.entry,
            manifest,
            listed: election.defined.as_ref().map_or(&[], |defined| &defined.value),
            poll_opened: election.opened.is_some(),
            is_anchored: &|ballot_box| anchors.contains_key(ballot_box),
        };
        let outcome = election.stations.apply(&context, event);
        let place = self.place();
        self.checks.outcome(check, place, outcome);
    }

    /// Spec: specs/election.md §4.11, specs/outcome.md §7.
    fn certified(&mut self, election: &mut Election) {
        let Some(manifest) = &election.manifest else {
            return self.undefined();
        };
        self.order(Ok(()));
        let author = self.entry.body.author;
        let seen = self.entry.body.seen.map_or(0, |seen| seen.size);
        let mut boxes = election.boxes.keys();
        let published = boxes.try_for_each(|ballot_box| election.publication(manifest, ballot_box));
        let outcome = if election.opened.is_none() {
            Err("the poll was never opened")
        } else if let Err(reason) = published {
            Err(reason)
        } else if election.objections.values().any(|decided| !decided) {
            Err("an objection is not decided")
        } else if election.certified.contains(&author) {
            Err("this key has certified already")
        } else if !election.stations.all_resolved() {
            Err("a mismatch of a station is not resolved")
        } else if seen <= election.last_to_certify {
            Err("who certified had not seen everything")
        } else {
            Ok(())
        };
        let place = self.place();
        self.checks.outcome(Check::ElectionCertification, place, outcome);
        election.certified.insert(author);
    }

    /// Spec: specs/election.md §4.3.
    fn trustees_fixed(&mut self, election: &mut Election, content: &ContentRef, public_key: &[u8; 32]) {
        let Some(manifest) = &election.manifest else {
            return self.undefined();
        };
        let order = if election.fixed.is_some() {
            Err("the trustees are fixed already")
        } else if manifest.has_ceremony() && !election.ceremony.is_complete(manifest.trustees.len()) {
            Err("the key ceremony is not complete")
        } else if !manifest.has_ceremony() && election.trustees.len() != manifest.trustees.len() {
            Err("a trustee's key is missing")
        } else {
            Ok(())
        };
        if !self.order(order) {
            return;
        }
        let place = self.place();
        let public_key = PointBytes::new(*public_key);
        let outcome = if manifest.has_ceremony() {
            election
                .ceremony
                .outcome(manifest.threshold)
                .map(|outcome| (outcome.trustees, outcome.record, outcome.public_key))
        } else {
            election.verified_trustees().map(|trustees| {
                let record = trustees_record(election.trustees.values().map(|key| key.record.as_slice()));
                let sum = trustees.iter().map(|trustee| trustee.point).sum();
                (trustees, record, sum)
            })
        };
        match outcome {
            None => self
                .checks
                .skip(Check::TrusteeRecord, "a trustee's key is not valid"),
            Some((trustees, record, sum)) => {
                let keys: BTreeSet<PointBytes> = trustees.iter().map(|trustee| trustee.public).collect();
                let outcome = if ContentRef::of(&record) != *content {
                    Err("the trustees record is not that of the published keys")
                } else if keys.len() != trustees.len() {
                    Err("two trustees have the same key")
                } else if public_key != Some(PointBytes::of(&sum)) {
                    Err("the election key is not the sum of the trustees' keys")
                } else if PointBytes::of(&sum).decode_not_neutral().is_err() {
                    Err("the election key is neutral")
                } else {
                    Ok(())
                };
                self.checks.outcome(Check::TrusteeRecord, place, outcome);
            }
        }
        election.fixed = Some(self.at(FixedTrustees {
            content: *content,
            public_key,
        }));
    }

    /// Spec: specs/election.md §4.4, §3.3.
    fn box_defined(&mut self, election: &mut Election, defined: &BoxDefined) {
        let Some(manifest) = &election.manifest else {
            return self.undefined();
        };
        let listed = election.defined.iter().flat_map(|defined| &defined.value);
        let is_listed = listed
            .filter(|l| Kind::from_code(l.kind) == Some(Kind::BallotBox))
            .any(|l| l.ledger == defined.ledger && l.district.as_ref() == Some(&defined.district));
        let district = manifest
            .district(&defined.district)
            .filter(|district| district.is_polled());
        let order = if election.fixed.is_none() {
            Err("the trustees are not fixed")
        } else if election.opened.is_some() {
            Err("the poll is open")
        } else if district.is_none() || !is_listed {
            Err("the box is not the listed one of a district of the manifest")
        } else if election.boxes.contains_key(&defined.ledger) {
            Err("a second definition of this box")
        } else {
            Ok(())
        };
        let public_key = election.fixed.as_ref().and_then(|fixed| fixed.value.public_key);
        let record = district
            .zip(public_key)
            .map(|(district, key)| manifest.election_record(district, &defined.ledger, key).to_json());
        if !self.order(order) {
            return;
        }
        let place = self.place();
        match record {
            None => self
                .checks
                .skip(Check::ElectionRecord, "the election key is not a canonical point"),
            Some(record) => {
                let same = ContentRef::of(record.as_bytes()) == defined.election;
                self.checks.require(
                    Check::ElectionRecord,
                    place,
                    same,
                    "another election record than follows",
                );
            }
        }
        if let [roll] = self.entry.body.refs.as_slice() {
            election.roll_refs.insert(defined.ledger, *roll);
        }
        election.boxes.insert(defined.ledger, self.at(defined.clone()));
    }

    /// Spec: specs/election.md §4.5, specs/outcome.md §1.
    fn poll_opened(&mut self, election: &mut Election) {
        let Some(manifest) = &election.manifest else {
            return self.undefined();
        };
        let order = if election.opened.is_some() {
            Err("the poll is open already")
        } else if election.boxes.len() != manifest.polled().count() {
            Err("a box is not defined")
        } else {
            Ok(())
        };
        let elects = manifest.elects();
        if !self.order(order) {
            return;
        }
        if elects {
            let place = self.place();
            let lawful = election.adopted.is_some();
            let detail = "the poll fills seats, but no rules were adopted";
            self.checks.require(Check::OutcomeOrder, place, lawful, detail);
        }
        if election.stations.any() {
            let place = self.place();
            let defined = election.stations.all_defined();
            let detail = "the poll is opened, and a listed station is not defined";
            self.checks.require(Check::StationDefined, place, defined, detail);
        }
        election.opened = Some(self.entry.seq);
    }

    /// Spec: specs/election.md §4.6. Agreement with the box is checked when the box was read.
    fn tally_anchored(&mut self, election: &mut Election, anchored: &TallyAnchored) {
        let order = if election.opened.is_none() {
            Err("the poll is not open")
        } else if !election.boxes.contains_key(&anchored.ledger) {
            Err("no such box is defined")
        } else if election.anchors.contains_key(&anchored.ledger) {
            Err("a second tally of this box")
        } else {
            Ok(())
        };
        if !self.order(order) {
            return;
        }
        let cited = self.entry.body.refs.first().map(|cited| cited.at.size);
        let place = self.place();
        let same = cited == Some(anchored.sealed_size);
        self.checks.require(
            Check::ElectionAnchor,
            place,
            same,
            "the sealed size is not the size that the ref cites",
        );
        election
            .anchors
            .insert(anchored.ledger, self.at(anchored.clone()));
    }

    /// Spec: specs/election.md §4.7.
    fn share_submitted(
        &mut self,
        election: &mut Election,
        ballot_box: &[u8; 32],
        index: u16,
        share: &ContentRef,
    ) {
        let Some(manifest) = &election.manifest else {
            return self.undefined();
        };
        let anchor = election.anchors.get(ballot_box);
        let order = if anchor.is_none() {
            Err("the tally of the box is not anchored")
        } else if election.results.contains_key(ballot_box) {
            Err("the box has its result")
        } else if index == 0 || usize::from(index) > manifest.trustees.len() {
            Err("no trustee has this index")
        } else {
            Ok(())
        };
        let too_small = anchor.is_some_and(|anchor| anchor.value.counted < manifest.min_ballots);
        if !self.order(order) {
            return;
        }
        let place = self.place();
        let submitted = self.at(*share);
        if too_small {
            self.checks.fail(
                Check::TrusteeShare,
                place,
                "the box has too few ballots to be decrypted",
            );
        } else if let Entry::Vacant(slot) = election.shares.entry((*ballot_box, index)) {
            slot.insert(submitted);
        } else {
            self.checks
                .fail(Check::TrusteeShare, place, "a second share of this trustee");
        }
    }

    /// Spec: specs/election.md §4.8.
    fn result_declared(&mut self, election: &mut Election, ballot_box: &[u8; 32], result: &ContentRef) {
        let order = if election.results.contains_key(ballot_box) {
            Err("a second result of this box")
        } else if !election.anchors.contains_key(ballot_box) || !election.has_enough_shares(ballot_box) {
            Err("a share is missing")
        } else {
            Ok(())
        };
        if self.order(order) {
            election.results.insert(*ballot_box, self.at(*result));
            if let Some(counts) = self.declared_counts(election, ballot_box, result) {
                election.declared.insert(*ballot_box, counts);
            }
        }
    }

    fn declared_counts(
        &self,
        election: &Election,
        ballot_box: &[u8; 32],
        result: &ContentRef,
    ) -> Option<Vec<Vec<u64>>> {
        let district = &election.boxes.get(ballot_box)?.value.district;
        let district = election.manifest.as_ref()?.district(district)?;
        parse_result(&read_content(self.source, result).ok()?, &district.questions).ok()
    }

    /// Spec: specs/election.md §4.9. Arithmetic is checked when the box was read.
    fn paper_returned(&mut self, election: &mut Election, paper: &PaperReturned) {
        let order = if !election.manifest.as_ref().is_some_and(|manifest| manifest.paper) {
            Err("the manifest has no paper channel")
        } else if !election.anchors.contains_key(&paper.ledger) {
            Err("the tally of the box is not anchored")
        } else if election.papers.contains_key(&paper.ledger) {
            Err("a second paper return of this box")
        } else {
            Ok(())
        };
        if self.order(order) {
            let defined = election.boxes.get(&paper.ledger);
            if let (true, Some(defined), Some(manifest)) =
                (election.stations.any(), defined, &election.manifest)
            {
                let district = &defined.value.district;
                let sums = election.stations.sums(manifest, district, self.entry.seq, paper);
                election.paper_sums.insert(paper.ledger, sums);
            }
            let returned = self.at(PaperReturn {
                numbers: paper.clone(),
                reason: None,
            });
            election.papers.insert(paper.ledger, vec![returned]);
        }
    }

    /// Spec: specs/election.md §4.10, §6, specs/outcome.md §4, §8.
    fn view_published(
        &mut self,
        election: &mut Election,
        view: &str,
        ballot_box: &[u8; 32],
        size: u64,
        content: &ContentRef,
    ) {
        let place = self.place();
        let Some(view) = View::from_name(view) else {
            self.order(Err("an unknown view"));
            return self.checks.fail(Check::ViewDigest, place, "an unknown view");
        };
        let paper = election.manifest.as_ref().is_none_or(|manifest| manifest.paper);
        let paper_missing = paper && !election.papers.contains_key(ballot_box);
        let decrypted = election
            .anchors
            .get(ballot_box)
            .zip(election.manifest.as_ref())
            .is_none_or(|(anchor, manifest)| anchor.value.counted >= manifest.min_ballots);
        let again = match view {
            View::Turnout | View::Trackers | View::Tally => election.view(ballot_box, view).is_some(),
            View::Result => election.current_result(ballot_box).is_some(),
            View::Outcome => election.current_outcome(ballot_box).is_some(),
        };
        let order = if !election.anchors.contains_key(ballot_box) {
            Err("the tally of the box is not anchored")
        } else if view == View::Outcome && election.adopted.is_none() {
            Err("an outcome, but no rules were adopted")
        } else if view == View::Outcome && election.current_result(ballot_box).is_none() {
            Err("an outcome before the current result of the box")
        } else if view == View::Outcome && election.has_open_tie(ballot_box) {
            Err("an outcome before a tie of the box is decided")
        } else if view == View::Result && decrypted && !election.results.contains_key(ballot_box) {
            Err("the result of the box is not declared")
        } else if view == View::Result && !decrypted && !paper {
            Err("the box is below the minimum and has no paper: there is no result")
        } else if view == View::Result && paper_missing {
            Err("the paper return of the box is missing")
        } else if again {
            Err("the view was published already")
        } else {
            Ok(())
        };
        if self.order(order) {
            let of_outcome = view == View::Outcome;
            let published = self.at(PublishedView {
                size,
                content: *content,
                seated: of_outcome.then(|| election.seated(ballot_box)).flatten(),
            });
            election
                .views
                .entry((*ballot_box, view))
                .or_default()
                .push(published);
        }
    }

    /// The event needs a valid manifest. Without a definition that is a fault of this event; else the manifest's own.
    fn undefined(&mut self) {
        let place = self.place();
        if self.checks.failed(Check::ElectionManifest) || self.checks.failed(Check::FolderContent) {
            self.checks
                .skip(Check::ElectionOrder, "the manifest is not valid");
        } else {
            self.checks
                .fail(Check::ElectionOrder, place, "the election is not defined");
        }
    }
}

/// Most stations of an event. Spec: specs/station.md §1.1.
const MAX_STATIONS: usize = 1000;

/// The list of ledgers of ElectionDefined. Spec: specs/election.md §4.1.
fn listed_rules(
    manifest: &Manifest,
    ledgers: &[ListedLedger],
    election: &[u8; 32],
) -> Result<(), &'static str> {
    if !ledgers.is_sorted_by(|a, b| a.ledger < b.ledger) {
        return Err("the list of ledgers is not sorted or not distinct");
    }
    if ledgers.iter().any(|listed| listed.ledger == *election) {
        return Err("the election ledger lists itself");
    }
    let mut rolls = 0;
    let mut stations = 0;
    let mut districts = BTreeSet::new();
    for listed in ledgers {
        match (Kind::from_code(listed.kind), listed.visibility, &listed.district) {
            (Some(Kind::Roll), 2, None) => rolls += 1,
            (Some(Kind::Station), 2, None) if manifest.paper => stations += 1,
            (Some(Kind::Station), 2, None) => return Err("a station is listed, but there is no paper"),
            (Some(Kind::BallotBox), 1, Some(district)) => {
                let polled = manifest.district(district).is_some_and(|d| d.is_polled());
                if !polled || !districts.insert(district.as_str()) {
                    return Err("a box is listed for no district of the manifest, or a district has two");
                }
            }
            _ => return Err("a listed ledger has a wrong kind, visibility or district"),
        }
    }
    if stations > MAX_STATIONS {
        return Err("the list has too many stations");
    }
    if rolls != 1 || districts.len() != manifest.polled().count() {
        return Err("the list has not exactly one roll and one box for each district");
    }
    Ok(())
}
