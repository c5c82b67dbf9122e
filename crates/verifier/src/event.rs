//! Verifying the published folder of an event.
//!
//! Phases: list the folder; read every ledger by itself (section 3); compare refs and contents; follow the election ledger; replay the roll
//! and the boxes; compare what the election ledger says of them; compare with the trust file; judge.
//!
//! Spec: specs/verification.md §2 to §6, §8.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check::{Check, Checks, Place};
use crate::contents::check_contents;
use crate::events::{Event, ListedLedger};
use crate::layout::{check_event_layout, is_archive, ledger_ids};
use crate::ledger::{Ledger, check_citations, replay, scan};
use crate::manifest::{District, Manifest};
use crate::progress::{Phase, Progress};
use crate::registers::ballot_box::{BOX_CHECKS, BallotBox, OpeningsOfBox, PapersOfBox, Setup, check_box};
use crate::registers::election::{Election, replay_election};
use crate::registers::papers::{self, Reconciled, STATION_CHECKS, reconcile};
use crate::registers::roll::{Announced, PollRoll, ROLL_CHECKS, RollFacts, check_roll};
use crate::registers::stations::{LostBook, Station};
use crate::report::{
    BoxSummary, EventSummary, LostRule, PaperCounts, Profile, Report, Stage, StationReturn, StationState,
    StationSummary, Text, Unopposed, escape,
};
use crate::run::{Judgement, ledger_summary, new_report};
use crate::since::{EarlierReport, basis};
use crate::source::{Listing, Source, SourceError};
use crate::suite::ballot::Election as Suite;
use crate::suite::checker::Method;
use crate::suite::proof::EncryptionKey;
use crate::suite::question::{fingerprint, uuid_of_box};
use crate::trust::{Trust, TrustedLedger};
use crate::values::{BoxValues, check_against_roll, check_credentials};
use crate::wire::Kind;

/// Verifies the folder of an event.
pub(crate) fn verify(
    source: &dyn Source,
    trust: Option<&Trust>,
    profile: Profile,
    required: Stage,
    method: Method,
    earlier: Option<&EarlierReport>,
    progress: &Arc<Progress>,
) -> Result<Report, SourceError> {
    let listing = source.list()?;
    let elsewhere = |check: &Check| {
        ["7.", "9.", "13.", "14.", "15.", "16.", "20."]
            .iter()
            .any(|s| check.number().starts_with(s))
    };
    let accredited_only = |check: &Check| *check == Check::FolderRestricted && profile == Profile::Accredited;
    let later_only = |check: &Check| *check == Check::SincePrefix && earlier.is_none();
    let applicable = Check::ALL
        .iter()
        .copied()
        .filter(|c| !elsewhere(c) && !accredited_only(c) && !later_only(c));
    let mut run = Run {
        source,
        profile,
        method,
        trust,
        checks: Checks::new(applicable).watched(progress),
        ledgers: BTreeMap::new(),
        files: listing.files.keys().cloned().collect(),
        known_ballots: 0,
        troubles: BTreeMap::new(),
        reconciled: Reconciled::default(),
    };
    let bundles = listing
        .files
        .keys()
        .filter(|path| path.contains("/tile/entries/"));
    progress.begin(Phase::Reading, bundles.count() as u64);
    check_event_layout(source, &listing, &mut run.checks);
    let ids = ledger_ids(&listing);
    for id in &ids {
        let folder = format!("ledgers/{}/", hex::encode(id));
        let since = earlier.and_then(|earlier| earlier.position(id));
        let before = run.checks.troubles();
        if let Some(ledger) = scan(source, &folder, *id, since, &mut run.checks) {
            run.ledgers.insert(*id, ledger);
        }
        run.blame(*id, before);
    }
    let entries = run
        .ledgers
        .values()
        .map(Ledger::size)
        .fold(0, u64::saturating_add);
    progress.begin(Phase::Checking, entries);
    check_citations(&mut run.ledgers, &mut run.checks);
    let all_read = run.ledgers.len() == ids.len();
    check_contents(source, &listing, &run.ledgers, all_read, &mut run.checks);

    let election_id = run.find_election();
    let (election, mut boxes) = match election_id {
        Some(id) => run.check_election(id, required),
        None => {
            run.nothing_of_the_election("the election ledger is not here");
            (Election::default(), Vec::new())
        }
    };
    run.check_trust(election_id, &election);
    if let Some(earlier) = earlier {
        run.check_continued(earlier);
    }
    let mut stations: Vec<StationSummary> = election.stations.defined.values().map(station_summary).collect();
    run.keep_established(&mut boxes, &mut stations);

    let manifest = election.manifest.as_ref();
    let judgement = Judgement {
        trusted: trust.is_some(),
        limits_allowed: profile == Profile::Public,
        unsupported: &election.unsupported,
    };
    let mut report = new_report("event", &run.checks, &judgement);
    report.profile = Some(profile);
    report.required_stage = Some(required);
    report.event = election_id.map(hex::encode);
    report.ceremony_attempts = manifest
        .filter(|manifest| manifest.has_ceremony())
        .map(|_| election.ceremony.attempt());
    report.manifest = manifest.map(event_summary);
    report.rehearsal = manifest.map(|manifest| manifest.rehearsal);
    report.ledgers = run.ledgers.values().map(ledger_summary).collect();
    report.boxes = boxes;
    report.stations = stations;
    if let Some(earlier) = earlier {
        let entries = run.ledgers.values().map(|ledger| ledger.known).sum();
        report.since = Some(earlier.rested(entries, run.known_ballots));
    }
    report.basis = basis(&report, run.ledgers.values());
    Ok(report)
}

struct Run<'a> {
    source: &'a dyn Source,
    profile: Profile,
    method: Method,
    trust: Option<&'a Trust>,
    checks: Checks,
    ledgers: BTreeMap<[u8; 32], Ledger>,
    /// Paths of all files.
    files: BTreeSet<String>,
    /// Ballots whose signatures and proofs rest on the earlier report.
    known_ballots: u64,
    /// Failures and omissions that concern one ledger only.
    troubles: BTreeMap<[u8; 32], u64>,
    /// What follows from the books of the stations, of an event that has some.
    reconciled: Reconciled,
}

/// Uuid and path of each archive.
fn archives(files: &BTreeSet<String>) -> impl Iterator<Item = (&str, &str)> {
    files.iter().filter_map(|path| {
        Some((
            path.strip_prefix("archives/")?.strip_suffix(".bel")?,
            path.as_str(),
        ))
    })
}

fn text(text: &crate::manifest::Text) -> Text {
    Text {
        en: escape(&text.en),
        ar: escape(&text.ar),
    }
}

fn event_summary(manifest: &Manifest) -> EventSummary {
    let unopposed = manifest.districts.iter().filter(|district| !district.is_polled());
    EventSummary {
        id: manifest.id.clone(),
        name: text(&manifest.name),
        time_zone: manifest.zone.iana_name().unwrap_or_default().to_owned(),
        opens_ms: manifest.opens_ms,
        closes_ms: manifest.closes_ms,
        unopposed: unopposed
            .map(|district| Unopposed {
                district: district.id.clone(),
                name: text(&district.name),
                elected: district.unopposed.iter().map(text).collect(),
            })
            .collect(),
    }
}

/// What the exclusions of a box follow from, in an event with stations.
fn papers_of_box<'s>(
    reconciled: &'s Reconciled,
    profile: Profile,
    election: &'s Election,
    box_id: &[u8; 32],
) -> Option<PapersOfBox<'s>> {
    let openings = if profile == Profile::Public {
        OpeningsOfBox::Restricted
    } else if reconciled.lost.contains(box_id) {
        OpeningsOfBox::Lost
    } else {
        OpeningsOfBox::Known(reconciled.opened.get(box_id))
    };
    election.stations.any().then(|| PapersOfBox {
        stations: &election.stations,
        roll: election.roll(),
        openings,
    })
}

fn station_summary(station: &Station) -> StationSummary {
    let defined = &station.defined.value;
    let lost = station.lost().map(|lost| match lost {
        LostBook::VoidPaper => LostRule::VoidPaper,
        LostBook::VoidDigital => LostRule::VoidDigital,
    });
    let last = station.last();
    let state = match (last, lost) {
        (Some(_), _) => StationState::Final,
        (None, Some(_)) => StationState::Lost,
        (None, None) if station.anchored > 0 => StationState::Anchored,
        (None, None) => StationState::Defined,
    };
    StationSummary {
        station: defined.station.clone(),
        name: Text {
            en: escape(&defined.name_en),
            ar: escape(&defined.name_ar),
        },
        ledger: hex::encode(defined.ledger),
        districts: defined.districts.clone(),
        state,
        lost,
        established: false,
        papers: last.map(|last| {
            let counts = last.value.counts;
            PaperCounts {
                received: counts.received,
                checked_in: counts.checked_in,
                issued: counts.issued,
                spoilt: counts.spoilt,
                envelopes: counts.envelopes,
                unused: counts.unused,
            }
        }),
        returns: station
            .returns
            .values()
            .map(|returned| StationReturn {
                district: returned.value.district.clone(),
                issued: returned.value.issued,
                valid: returned.value.valid,
                invalid: returned.value.invalid,
                spoilt: returned.value.spoilt,
            })
            .collect(),
    }
}

/// Paths of all archives.
pub(crate) fn archive_names(listing: &Listing) -> Vec<String> {
    let names = listing.files.keys().filter(|path| is_archive(path));
    names.cloned().collect()
}

impl Run<'_> {
    /// What has gone wrong since `before` concerns this ledger only.
    fn blame(&mut self, ledger: [u8; 32], before: u64) {
        let troubles = self.checks.troubles().saturating_sub(before);
        *self.troubles.entry(ledger).or_default() += troubles;
    }

    /// Leaves numbers to the boxes that are established. Whatever is not known to concern another box alone concerns every box.
    fn keep_established(&self, boxes: &mut [BoxSummary], stations: &mut [StationSummary]) {
        let own = |summary: &BoxSummary| {
            let id = crate::hash::hex32(&summary.ledger);
            id.and_then(|id| self.troubles.get(&id)).copied().unwrap_or(0)
        };
        let of_boxes = boxes.iter().map(own).fold(0, u64::saturating_add);
        let common = self.checks.troubles().saturating_sub(of_boxes);
        for summary in stations {
            summary.established = self.checks.troubles() == 0;
            if !summary.established {
                summary.papers = None;
                summary.returns.clear();
            }
        }
        for summary in boxes {
            summary.established = common == 0 && own(summary) == 0;
            if !summary.established {
                summary.turnout = None;
                summary.result = None;
                summary.outcome = None;
            }
        }
    }

    /// The election ledger: the one that the trust file names, else the only one of its kind.
    fn find_election(&mut self) -> Option<[u8; 32]> {
        let mut elections = self
            .ledgers
            .values()
            .filter(|ledger| ledger.kind == Kind::Election);
        if let Some(trust) = self.trust {
            return elections
                .find(|ledger| ledger.id == trust.root)
                .map(|ledger| ledger.id);
        }
        let first = elections.next()?.id;
        if elections.next().is_some() {
            let detail = "two election ledgers, and no trust file says which is meant";
            self.checks.fail_as(
                Check::ElectionLedgers,
                "election.unlisted",
                Place::nowhere(),
                detail,
            );
            return None;
        }
        Some(first)
    }

    fn nothing_of_the_election(&mut self, reason: &str) {
        let sections = |check: &&Check| matches!(check.number().as_bytes().first(), Some(b'4'..=b'6'));
        for check in Check::ALL.iter().filter(sections) {
            self.checks.skip(*check, reason);
        }
    }

    fn check_election(&mut self, id: [u8; 32], required: Stage) -> (Election, Vec<BoxSummary>) {
        let Some(ledger) = self.ledgers.get(&id) else {
            return (Election::default(), Vec::new());
        };
        let election = replay_election(self.source, ledger, &mut self.checks);
        let Some(defined) = &election.defined else {
            self.checks.fail(
                Check::ElectionOrder,
                Place::ledger(id),
                "the election is not defined",
            );
            self.nothing_of_the_election("the election is not defined");
            return (election, Vec::new());
        };
        if election.stations.any() {
            // In any other event these checks do not apply.
            STATION_CHECKS
                .into_iter()
                .for_each(|check| self.checks.apply(check));
        }
        self.check_listed(id, &election, &defined.value);
        let Some(manifest) = &election.manifest else {
            self.nothing_of_the_election("the manifest is not valid");
            return (election, Vec::new());
        };
        let roll = self.check_roll(id, &election, manifest);
        self.check_stations(id, &election, manifest, roll.as_ref());
        let mut summaries = Vec::new();
        for district in manifest.polled() {
            let listed = defined.value.iter().find(|listed| {
                Kind::from_code(listed.kind) == Some(Kind::BallotBox)
                    && listed.district.as_ref() == Some(&district.id)
            });
            // A district without a listed box has failed 5.1 already.
            if let Some(listed) = listed {
                let before = self.checks.troubles();
                summaries.push(self.check_district(
                    id,
                    &election,
                    manifest,
                    district,
                    listed.ledger,
                    required,
                ));
                self.blame(listed.ledger, before);
            }
        }
        let boxes: BTreeSet<String> = election.boxes.keys().map(uuid_of_box).collect();
        for (uuid, path) in archives(&self.files) {
            if !boxes.contains(uuid) {
                self.checks.fail(
                    Check::ArchiveBytes,
                    Place::nowhere(),
                    format!("{path}: of no box of this event"),
                );
            }
        }
        (election, summaries)
    }

    /// Listed ledgers against the folder. Spec: specs/verification.md §2.5, §5.3.
    fn check_listed(&mut self, election_id: [u8; 32], election: &Election, listed: &[ListedLedger]) {
        let public = self.profile == Profile::Public;
        for entry in listed {
            let place = Place::ledger(entry.ledger);
            let here = self.ledgers.get(&entry.ledger);
            if entry.visibility != 1 && public {
                let absent = here.is_none();
                let detail = "a ledger of restricted visibility is in the folder";
                self.checks
                    .require(Check::FolderRestricted, place, absent, detail);
                continue;
            }
            let is_station = Kind::from_code(entry.kind) == Some(Kind::Station);
            match here {
                None if is_station && (public || !election.stations.has_come(&entry.ledger)) => {}
                None => {
                    let detail = "a listed ledger is not here, or cannot be read";
                    self.checks
                        .fail_as(Check::ElectionLedgers, "election.omitted", place, detail);
                }
                Some(ledger) => {
                    let of_election = ledger.genesis.parent == Some(election_id);
                    let same = Kind::from_code(entry.kind) == Some(ledger.kind);
                    if is_station && !of_election {
                        let place = Place::entry(entry.ledger, 0);
                        let detail = "the parent of a station is not the election ledger";
                        self.checks.fail(Check::EntryRefs, place, detail);
                    }
                    let same = same && (of_election || is_station);
                    self.checks.require(
                        Check::ElectionLedgers,
                        place,
                        same,
                        "another kind or parent than listed",
                    );
                }
            }
        }
        for id in self.ledgers.keys().filter(|id| **id != election_id) {
            if !listed.iter().any(|entry| entry.ledger == *id) {
                let detail = "the event does not list this ledger";
                self.checks.fail_as(
                    Check::ElectionLedgers,
                    "election.unlisted",
                    Place::ledger(*id),
                    detail,
                );
            }
        }
    }

    fn check_roll(
        &mut self,
        election_id: [u8; 32],
        election: &Election,
        manifest: &Manifest,
    ) -> Option<PollRoll> {
        if self.profile == Profile::Public {
            for check in ROLL_CHECKS {
                self.checks.limit(check, "the roll is a restricted ledger");
            }
            let reason = "that the lists are those of the frozen roll, which is a restricted ledger";
            self.checks.limit(Check::ElectionCredentials, reason);
            if election.adopted.is_some() {
                let reason =
                    "that the roll has the same rule pack and polling day: the roll is a restricted ledger";
                self.checks.limit(Check::OutcomeRules, reason);
            }
            return None;
        }
        let Some(ledger) = election.roll().and_then(|id| self.ledgers.get(&id)) else {
            let adopted = election.adopted.is_some().then_some(Check::OutcomeRules);
            for check in ROLL_CHECKS
                .into_iter()
                .chain([Check::ElectionCredentials])
                .chain(adopted)
            {
                self.checks.skip(check, "the roll is not here");
            }
            return None;
        };
        let announced = Announced {
            election: election_id,
            manifest,
            // Without a definition there is no roll.
            defined_at: election.defined.as_ref().map_or(u64::MAX, |defined| defined.seq),
            stations: election.stations.any(),
            method: self.method,
        };
        let RollFacts { rules, frozen, poll } = check_roll(self.source, ledger, announced, &mut self.checks);
        match (&election.adopted, rules) {
            // An event is reported once for each code.
            (Some(adopted), Some(_)) if !adopted.value.holds => {}
            (Some(adopted), Some(rules)) => {
                let same = rules == (adopted.value.content, adopted.value.polling_day);
                let place = Place::entry(election_id, adopted.seq);
                let detail = "the roll has another rule pack or polling day";
                self.checks.require(Check::OutcomeRules, place, same, detail);
            }
            (Some(_), None) => {
                let reason = "that the roll has the same rule pack and polling day: the roll is not defined";
                self.checks.limit(Check::OutcomeRules, reason);
            }
            (None, _) => {}
        }
        check_against_roll(
            election_id,
            election,
            manifest,
            frozen.as_ref(),
            ledger,
            &mut self.checks,
        );
        Some(poll)
    }

    /// The books of the stations, against the roll and the election ledger. Spec: specs/verification.md §20.
    fn check_stations(
        &mut self,
        election_id: [u8; 32],
        election: &Election,
        manifest: &Manifest,
        roll: Option<&PollRoll>,
    ) {
        if !election.stations.any() {
            return;
        }
        if self.profile == Profile::Public {
            for check in STATION_CHECKS {
                self.checks
                    .limit(check, "books of stations and the roll are restricted ledgers");
            }
            return;
        }
        let (Some(roll), Some(roll_id)) = (roll, election.roll()) else {
            for check in STATION_CHECKS {
                self.checks.skip(check, "the roll is not here");
            }
            self.reconciled.lost = election.boxes.keys().copied().collect();
            return;
        };
        let event = papers::Event {
            source: self.source,
            election_id,
            election,
            manifest,
            listed: election.defined.as_ref().map_or(&[], |defined| &defined.value),
            ledgers: &self.ledgers,
            roll_id,
            roll,
        };
        self.reconciled = reconcile(&event, &mut self.checks);
    }

    /// Nobody who had a ballot when they were looked up has a paper that counts. Spec: specs/station.md §8.4.
    fn check_look_ups(&mut self, box_id: &[u8; 32], ballot_box: Option<&BallotBox>) {
        let of_box = |look_up: &&papers::LookUp| look_up.ballot_box == *box_id;
        for look_up in self.reconciled.look_ups.iter().filter(of_box) {
            let Some(ballot_box) = ballot_box else {
                self.checks
                    .skip(Check::StationLookUp, "a box that was looked into is not here");
                continue;
            };
            if ballot_box.has_ballot_within(&look_up.credential, look_up.size) {
                let place = Place::entry(look_up.station, look_up.paper);
                let detail = "a paper was issued to somebody who had a ballot when they were looked up";
                self.checks.fail(Check::StationLookUp, place, detail);
            }
        }
    }

    fn check_district(
        &mut self,
        election_id: [u8; 32],
        election: &Election,
        manifest: &Manifest,
        district: &District,
        box_id: [u8; 32],
        required: Stage,
    ) -> BoxSummary {
        let mut summary = BoxSummary {
            district: district.id.clone(),
            ledger: hex::encode(box_id),
            stage: Some(Stage::Announced),
            name: text(&district.name),
            established: false,
            ballots: 0,
            audits: 0,
            counted: None,
            below_minimum: false,
            turnout: None,
            result: None,
            outcome: None,
        };
        let Some(defined) = election.boxes.get(&box_id) else {
            self.check_undefined_box(box_id);
            self.check_stage(election_id, &summary, required);
            return summary;
        };
        summary.stage = Some(Stage::Defined);
        // Below this position the election ledger is the one of the earlier report, if there is one.
        let known = self.ledgers.get(&election_id).map_or(0, |ledger| ledger.known);
        let list_known = defined.seq < known;
        let credentials = check_credentials(
            self.source,
            election_id,
            defined,
            list_known,
            self.method,
            &mut self.checks,
        );
        let fixed = election.fixed.as_ref();
        let public_key = fixed.and_then(|fixed| fixed.value.public_key);
        let key_point = public_key.and_then(|key| key.decode_not_neutral().ok());
        let record = public_key.map(|key| manifest.election_record(district, &box_id, key));
        let phi = record
            .as_ref()
            .map_or_else(String::new, |record| fingerprint(record.to_json().as_bytes()));
        let mut ballot_box: Option<BallotBox> = None;
        match (credentials, fixed, key_point, record, self.ledgers.get(&box_id)) {
            (Some(list), Some(fixed), Some(point), Some(record), Some(ledger)) => {
                let suite = Suite {
                    uuid: record.uuid,
                    fingerprint: phi.clone(),
                    questions: record.questions,
                    key: EncryptionKey::new(point),
                };
                // What its ballots are proofs of was the same then: list, questions and key are fixed below that position.
                let same_then = list_known
                    && fixed.seq < known
                    && election.defined.as_ref().is_some_and(|at| at.seq < known);
                let setup = Setup {
                    election_ledger: election_id,
                    manifest,
                    defined,
                    trustees: fixed.value.content,
                    opened: election.opened,
                    suite,
                    credentials: list.credentials,
                    credentials_are_members: list.all_members,
                    papers: papers_of_box(&self.reconciled, self.profile, election, &box_id),
                    method: self.method,
                    known: if same_then { ledger.known } else { 0 },
                };
                ballot_box = Some(check_box(self.source, ledger, &setup, &mut self.checks));
            }
            _ => {
                for check in BOX_CHECKS {
                    let reason = format!(
                        "the box of {} is not here, or its key or credentials are not known",
                        district.id
                    );
                    self.checks.skip(check, reason);
                }
                if election.stations.any() {
                    self.checks
                        .skip(Check::StationExclusions, "a box could not be replayed");
                }
            }
        }
        self.check_look_ups(&box_id, ballot_box.as_ref());
        let values = BoxValues {
            source: self.source,
            election_id,
            election,
            manifest,
            district,
            defined,
            fingerprint: &phi,
            ballot_box: ballot_box.as_ref(),
        };
        let established = values.check(&mut self.checks);
        summary.result = established.result;
        summary.turnout = established.turnout;
        summary.outcome = established.outcome;
        let uuid = uuid_of_box(&box_id);
        let has_archive = archives(&self.files).any(|(name, _)| name == uuid);
        if let (true, Some(fixed), Some(ledger)) = (has_archive, fixed, self.ledgers.get(&box_id)) {
            values.check_archive(&uuid, &fixed.value.content, ledger, &mut self.checks);
        } else if has_archive {
            self.checks
                .skip(Check::ArchiveBytes, "the box of an archive is not here");
        }
        if let Some(ballot_box) = &ballot_box {
            summary.ballots = ballot_box.ballots.len() as u64;
            self.known_ballots = self.known_ballots.saturating_add(ballot_box.known);
            summary.audits = ballot_box.audits;
            summary.counted = ballot_box.counted;
            summary.below_minimum = ballot_box
                .counted
                .is_some_and(|counted| counted < manifest.min_ballots);
            summary.stage = Some(reached(election, manifest, box_id, ballot_box));
        }
        self.check_stage(election_id, &summary, required);
        summary
    }

    /// A box that is listed but not defined holds nothing yet but its genesis and grants.
    fn check_undefined_box(&mut self, box_id: [u8; 32]) {
        let Some(ledger) = self.ledgers.get(&box_id) else {
            return;
        };
        let outcome = replay(self.source, ledger, &mut self.checks, |checks, items| {
            for (entry, event) in items {
                let early = !matches!(
                    event,
                    Event::Genesis(_) | Event::RoleGranted(_) | Event::RoleRevoked(_)
                );
                if early {
                    let place = Place::entry(box_id, entry.seq);
                    checks.fail(
                        Check::BoxSetup,
                        place,
                        "the election ledger does not define this box",
                    );
                }
            }
        });
        if let Err(reason) = outcome {
            self.checks.skip(Check::BoxSetup, reason);
        }
    }

    fn check_stage(&mut self, election_id: [u8; 32], summary: &BoxSummary, required: Stage) {
        let outcome = if summary.stage >= Some(required) {
            Ok(())
        } else {
            let reached = summary.stage.map_or("no stage", Stage::name);
            Err(format!(
                "box {} has reached {reached}, not {}",
                summary.district,
                required.name()
            ))
        };
        self.checks
            .outcome(Check::ElectionOrder, Place::ledger(election_id), outcome);
    }

    /// Every ledger of the earlier report begins with what it was then. Spec: specs/verification.md §2.7.
    fn check_continued(&mut self, earlier: &EarlierReport) {
        for (id, position) in earlier.positions() {
            let outcome = match self
                .ledgers
                .get(&id)
                .map(|ledger| ledger.tree.root(position.size))
            {
                None => Err("a ledger of the earlier report is not here, or cannot be read"),
                Some(None) => Err("the ledger is shorter than in the earlier report"),
                Some(Some(root)) if root != position.root => Err(
                    "the ledger does not continue the one of the earlier report: its history is another one",
                ),
                Some(Some(_)) => Ok(()),
            };
            self.checks
                .outcome(Check::SincePrefix, Place::ledger(id), outcome);
        }
    }

    /// Spec: specs/verification.md §2.2 to §2.4.
    fn check_trust(&mut self, election_id: Option<[u8; 32]>, election: &Election) {
        let Some(trust) = self.trust else {
            for check in [Check::TrustFile, Check::TrustLedger, Check::TrustCheckpoint] {
                self.checks.limit(check, "no trust file was given");
            }
            return;
        };
        let outcome = if election_id.is_some() {
            Ok(())
        } else {
            Err("the election ledger that the trust file names is not here")
        };
        self.checks
            .outcome(Check::TrustFile, Place::ledger(trust.root), outcome);
        let listed = election.defined.as_ref().map(|defined| defined.value.as_slice());
        for trusted in &trust.ledgers {
            let entry = listed.and_then(|listed| listed.iter().find(|entry| entry.ledger == trusted.id));
            if trusted.id != trust.root && listed.is_none() {
                self.checks
                    .skip(Check::TrustLedger, "the event's list of ledgers is not known");
                continue;
            }
            if trusted.id != trust.root && entry.is_none() {
                let detail = "the event does not list this trusted ledger";
                self.checks
                    .fail(Check::TrustLedger, Place::ledger(trusted.id), detail);
                continue;
            }
            if self.profile == Profile::Public && entry.is_some_and(|entry| entry.visibility != 1) {
                self.checks
                    .limit(Check::TrustLedger, "restricted ledgers of the trust file");
                continue;
            }
            let here = self.ledgers.get(&trusted.id);
            let is_station = entry.is_some_and(|e| Kind::from_code(e.kind) == Some(Kind::Station));
            let may_be_missing = is_station && !election.stations.has_come(&trusted.id);
            if here.is_none() && may_be_missing && trusted.checkpoint.is_none() {
                continue;
            }
            check_trusted(trusted, here, &mut self.checks);
        }
    }
}

/// One trusted ledger against the one at hand. Spec: specs/verification.md §2.3, §2.4.
pub(crate) fn check_trusted(trusted: &TrustedLedger, ledger: Option<&Ledger>, checks: &mut Checks) {
    let place = Place::ledger(trusted.id);
    let Some(ledger) = ledger else {
        checks.fail(
            Check::TrustLedger,
            place,
            "a trusted ledger is not here, or cannot be read",
        );
        if trusted.checkpoint.is_some() {
            checks.skip(
                Check::TrustCheckpoint,
                "a trusted ledger is not here, or cannot be read",
            );
        }
        return;
    };
    let genesis = &ledger.genesis;
    let same = (ledger.kind, genesis.origin.as_str(), genesis.ledger_key)
        == (trusted.kind, trusted.origin.as_str(), trusted.key);
    checks.require(
        Check::TrustLedger,
        place,
        same,
        "another kind, origin or key than the trust file's",
    );
    if let Some(known) = trusted.checkpoint {
        match ledger.tree.root(known.size) {
            None => {
                let detail = "the ledger is shorter than a known checkpoint";
                checks.fail(Check::TrustCheckpoint, place, detail);
            }
            Some(root) if root != known.root => {
                let detail = "the ledger does not contain a known checkpoint: its history is another one";
                checks.fail_as(Check::TrustCheckpoint, "ledger.fork", place, detail);
            }
            Some(_) => checks.pass(Check::TrustCheckpoint),
        }
    }
}

/// The stage of a defined box. Spec: specs/verification.md §8.
fn reached(election: &Election, manifest: &Manifest, box_id: [u8; 32], ballot_box: &BallotBox) -> Stage {
    let stage = ballot_box.stage();
    let Some(anchor) = election.anchors.get(&box_id).filter(|_| stage == Stage::Sealed) else {
        return stage;
    };
    let too_small = anchor.value.counted < manifest.min_ballots;
    let declared = election.results.contains_key(&box_id);
    if election.is_published(manifest, &box_id) && (declared || too_small) {
        if election.certified.len() as u64 >= manifest.certification_quorum {
            Stage::Certified
        } else {
            Stage::Published
        }
    } else if declared {
        Stage::Result
    } else {
        Stage::Anchored
    }
}
