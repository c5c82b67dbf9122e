//! Verifying the published folder of a jurisdiction.
//!
//! Phases: list the folder; read every ledger by itself (section 3); compare refs and contents; follow the calendar; follow the registers side
//! by side; compare openings with what they have published; compare with the trust file; judge.
//!
//! Spec: specs/jurisdiction.md, specs/foi.md, specs/consultation.md, specs/verification.md §14 to §16.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::day_text;
use crate::check::{Check, Checks, Place};
use crate::contents::check_contents;
use crate::event::check_trusted;
use crate::hash::sha256;
use crate::layout::{check_jurisdiction_layout, ledger_ids, opening_of};
use crate::ledger::{Ledger, check_citations, scan};
use crate::registers::common::{Common, Content, State};
use crate::registers::consultation::document::is_text;
use crate::registers::consultation::{self, CONSULTATION_CHECKS};
use crate::registers::foi::{FOI_CHECKS, LookUp, Register};
use crate::registers::jurisdiction::{CalendarLedger, replay_calendar};
use crate::report::{
    ConsultationCounts, FoiCounts, JurisdictionSummary, Profile, RegisterCounts, RegisterSummary, Report,
    Text, escape,
};
use crate::run::{Judgement, ledger_summary, new_report};
use crate::source::{Listing, Source, SourceError};
use crate::trust::Trust;
use crate::wire::Kind;

type Id = [u8; 32];

/// Salt before the content of an opening, bytes.
const SALT_BYTES: usize = 32;

/// Checks of section 14.
const JURISDICTION_CHECKS: [Check; 12] = [
    Check::CalendarOrder,
    Check::CalendarDefinition,
    Check::CalendarFact,
    Check::CalendarPack,
    Check::CalendarRegister,
    Check::CalendarRegisters,
    Check::CalendarSeen,
    Check::CalendarDay,
    Check::CalendarCommitment,
    Check::CalendarErasure,
    Check::CalendarView,
    Check::CalendarOpenings,
];

/// Verifies the folder of a jurisdiction.
pub(crate) fn verify(
    source: &dyn Source,
    trust: Option<&Trust>,
    profile: Profile,
) -> Result<Report, SourceError> {
    let listing = source.list()?;
    let applies = |check: &Check| {
        let number = check.number();
        match check {
            Check::SincePrefix => false,
            Check::FolderRestricted => profile == Profile::Public,
            _ => ["2.", "3.", "14."]
                .iter()
                .any(|section| number.starts_with(section)),
        }
    };
    let mut checks = Checks::new(Check::ALL.iter().copied().filter(applies));
    check_jurisdiction_layout(source, &listing, &mut checks);
    let ids = ledger_ids(&listing);
    let mut ledgers = BTreeMap::new();
    for id in &ids {
        let folder = format!("ledgers/{}/", hex::encode(id));
        if let Some(ledger) = scan(source, &folder, *id, None, &mut checks) {
            ledgers.insert(*id, ledger);
        }
    }
    let of_kind = |kind| ledgers.values().any(|ledger: &Ledger| ledger.kind == kind);
    let (foi, consulted) = (of_kind(Kind::Foi), of_kind(Kind::Consultation));
    let of_registers: Vec<Check> = [(foi, &FOI_CHECKS[..]), (consulted, &CONSULTATION_CHECKS)]
        .into_iter()
        .flat_map(|(here, own)| own.iter().copied().filter(move |_| here))
        .collect();
    of_registers.iter().for_each(|check| checks.apply(*check));
    check_citations(&mut ledgers, &mut checks);
    let all_read = ledgers.len() == ids.len();
    check_contents(source, &listing, &ledgers, all_read, &mut checks);
    let root = find_calendar(&ledgers, trust, &mut checks);
    let calendar = match root.and_then(|id| ledgers.get(&id)) {
        Some(ledger) => replay_calendar(source, ledger, &mut checks),
        None => {
            checks.fail(
                Check::CalendarOrder,
                Place::nowhere(),
                "the calendar ledger is not here",
            );
            for check in JURISDICTION_CHECKS.into_iter().skip(1).chain(of_registers) {
                checks.skip(check, "the calendar ledger is not here");
            }
            CalendarLedger::default()
        }
    };
    let mut registers = Vec::new();
    let mut consultations = Vec::new();
    if root.is_some() {
        check_listed(&calendar, &ledgers, profile, &mut checks);
        registers = follow(source, &calendar, &ledgers, &mut checks);
        check_received(&registers, &mut checks);
        consultations = ledgers
            .values()
            .filter(|ledger| ledger.kind == Kind::Consultation)
            .map(|ledger| consultation::Register::follow(source, ledger, &calendar, &mut checks))
            .collect();
        // A register that is left out may have published what is here.
        let all_known = all_read && !checks.failed(Check::CalendarRegisters);
        let judged = Followed {
            registers: &registers,
            consultations: &consultations,
        };
        check_openings(source, &listing, &judged, all_known, &mut checks);
    }
    check_trust(trust, root, &calendar, &ledgers, profile, &mut checks);
    let judgement = Judgement {
        trusted: trust.is_some(),
        limits_allowed: profile == Profile::Public,
        unsupported: &[],
    };
    let mut report = new_report("jurisdiction", &checks, &judgement);
    report.profile = Some(profile);
    report.jurisdiction = root.map(|id| JurisdictionSummary {
        ledger: hex::encode(id),
        name: calendar.defined.as_ref().map(|defined| Text {
            en: escape(&defined.name.en),
            ar: escape(&defined.name.ar),
        }),
        time_zone: calendar
            .defined
            .as_ref()
            .and_then(|defined| defined.zone.iana_name().map(str::to_owned)),
    });
    report.rehearsal = calendar.defined.as_ref().map(|defined| defined.rehearsal);
    report.ledgers = ledgers.values().map(ledger_summary).collect();
    let foi = registers.iter().filter_map(|register| {
        let counts = register.counts();
        let counts = FoiCounts {
            requests: counts.requests,
            open: counts.open,
            overdue: counts.overdue,
            missed: counts.missed,
            deemed_refused: counts.deemed_refused,
        };
        summary(&register.common, RegisterCounts::Foi(counts))
    });
    let consulted = consultations.iter().filter_map(|register| {
        let counts = register.summary().map(consultation_counts);
        summary(&register.common, RegisterCounts::Consultation(counts))
    });
    report.registers = foi.chain(consulted).collect();
    report.registers.sort_by(|a, b| a.ledger.cmp(&b.ledger));
    Ok(report)
}

fn summary(register: &Common<'_>, counts: RegisterCounts) -> Option<RegisterSummary> {
    let listed = register.calendar.listed_at(&register.id, u64::MAX)?;
    Some(RegisterSummary {
        ledger: hex::encode(register.id),
        kind: listed.kind.name(),
        register: listed.id.clone(),
        name: Text {
            en: escape(&listed.name.en),
            ar: escape(&listed.name.ar),
        },
        closed: register.closed.map(day_text),
        counts,
    })
}

fn consultation_counts(summary: consultation::Summary) -> ConsultationCounts {
    let counts = summary.counts;
    ConsultationCounts {
        participants: counts.participants,
        comments: counts.comments,
        visible: counts.visible,
        hidden: counts.hidden,
        withdrawn: counts.withdrawn,
        late: counts.late,
        counted: counts.counted,
        erased: counts.erased,
        responses: counts.responses,
        report: summary.report.name(),
        report_due: day_text(summary.due),
        archived: summary.archived,
    }
}

/// The calendar ledger: the one that the trust file names, else the only one of its kind. Spec: specs/verification.md §14.1.
fn find_calendar(ledgers: &BTreeMap<Id, Ledger>, trust: Option<&Trust>, checks: &mut Checks) -> Option<Id> {
    let all: Vec<Id> = ledgers
        .values()
        .filter(|ledger| ledger.kind == Kind::Calendar)
        .map(|ledger| ledger.id)
        .collect();
    let root = match trust {
        Some(trust) => all.iter().copied().find(|id| *id == trust.root),
        None => all.first().copied(),
    };
    for other in all.iter().filter(|id| Some(**id) != root) {
        let detail = "there is more than one calendar ledger";
        checks.fail(Check::CalendarOrder, Place::ledger(*other), detail);
    }
    root
}

/// Listed registers against the folder. Spec: specs/verification.md §2.5, §14.6.
fn check_listed(
    calendar: &CalendarLedger,
    ledgers: &BTreeMap<Id, Ledger>,
    profile: Profile,
    checks: &mut Checks,
) {
    for listed in &calendar.listed {
        let place = Place::ledger(listed.ledger);
        let here = ledgers.get(&listed.ledger);
        if profile == Profile::Public && !listed.public {
            let detail = "a register of restricted visibility is in the folder";
            checks.require(Check::FolderRestricted, place, here.is_none(), detail);
            continue;
        }
        match here {
            None => {
                let detail = "a listed register is not here, or cannot be read";
                checks.fail_as(Check::CalendarRegisters, "calendar.omitted", place, detail);
            }
            Some(ledger) => {
                let same = ledger.kind == listed.kind;
                checks.require(Check::CalendarRegisters, place, same, "another kind than listed");
            }
        }
    }
    for ledger in ledgers.values().filter(|ledger| ledger.kind != Kind::Calendar) {
        if calendar.listed_at(&ledger.id, u64::MAX).is_none() {
            let detail = "the calendar does not list this ledger";
            let place = Place::ledger(ledger.id);
            checks.fail_as(Check::CalendarRegisters, "calendar.unlisted", place, detail);
        }
    }
}

/// Follows the registers side by side, in the order of their ids; one that waits for another goes on when that one has come further.
fn follow<'c>(
    source: &dyn Source,
    calendar: &'c CalendarLedger,
    ledgers: &BTreeMap<Id, Ledger>,
    checks: &mut Checks,
) -> Vec<Register<'c>> {
    let registers = ledgers.values().filter(|ledger| ledger.kind == Kind::Foi);
    let mut registers: Vec<Register<'c>> = registers
        .map(|ledger| Register::read(source, ledger, calendar, checks))
        .collect();
    let mut forced = false;
    loop {
        let mut further = false;
        for index in 0..registers.len() {
            let (before, rest) = registers.split_at_mut(index);
            let Some((register, after)) = rest.split_first_mut() else {
                continue;
            };
            if register.is_done() {
                continue;
            }
            let others = |id: &Id, request: u64, size: u64| {
                let mut others = before.iter().chain(after.iter());
                let other = others.find(|other| other.common.id == *id);
                other.map_or(LookUp::NotThere, |other| other.transfer(request, size))
            };
            further |= register.advance(source, &others, std::mem::take(&mut forced), checks);
        }
        if registers.iter().all(Register::is_done) {
            return registers;
        }
        // Two that wait for each other cite each other's future: neither is there.
        forced = !further;
    }
}

/// No transfer is lost. Spec: specs/foi.md §6.1, §6.4.
fn check_received(registers: &[Register<'_>], checks: &mut Checks) {
    for register in registers {
        for (request, out) in &register.transfers {
            let place = Place::entry(register.common.id, out.seq);
            match registers.iter().find(|other| other.common.id == out.to) {
                None => checks.skip(
                    Check::FoiTransfer,
                    "a register that requests were transferred to is not here",
                ),
                Some(other) if !other.whole || !other.common.judged => {
                    checks.skip(
                        Check::FoiTransfer,
                        "a register that requests were transferred to is not judged",
                    );
                }
                Some(other) if !other.is_defined() => {
                    let detail = "the register that the request was transferred to is not defined";
                    checks.fail(Check::FoiTransfer, place, detail);
                }
                Some(other) => {
                    let due = other.common.closed.is_some_and(|closed| closed > out.day);
                    let received = other.received.contains(&(register.common.id, *request));
                    if due {
                        let detail = "the transfer was not received there";
                        checks.require(Check::FoiTransfer, place, received, detail);
                    }
                }
            }
        }
    }
}

/// Spec: specs/jurisdiction.md §6, specs/verification.md §14.12.
fn check_openings(
    source: &dyn Source,
    listing: &Listing,
    followed: &Followed<'_, '_>,
    all_known: bool,
    checks: &mut Checks,
) {
    let mut contents: BTreeMap<Id, Vec<(Id, Content)>> = BTreeMap::new();
    let mut complete = all_known;
    for (common, whole) in followed.all() {
        complete &= whole && common.judged;
        for (commitment, places) in &common.contents {
            contents
                .entry(*commitment)
                .or_default()
                .extend(places.iter().map(|content| (common.id, *content)));
        }
    }
    let files: BTreeMap<Id, &String> = listing
        .files
        .keys()
        .filter_map(|path| Some((opening_of(path)?, path)))
        .collect();
    for (commitment, stands) in &contents {
        let published: Vec<_> = stands
            .iter()
            .filter(|(_, content)| content.state == State::Published)
            .collect();
        match (published.first(), files.get(commitment)) {
            (Some((ledger, content)), None) => {
                let detail = format!("openings/{}", hex::encode(commitment));
                let place = Place::entry(*ledger, content.seq);
                checks.fail_as(Check::CalendarOpenings, "opening.missing", place, detail);
            }
            (Some((first, at_first)), Some(path)) => {
                let longest = published.iter().map(|(_, content)| content.length).max();
                match read_opening(source, path, commitment, longest.unwrap_or(0)) {
                    Ok(text) => {
                        // It may stand as something else at another place, with rules of its own.
                        for (ledger, content) in published {
                            let place = Place::entry(*ledger, content.seq);
                            match check_opening(&text, content) {
                                Ok(()) => {
                                    checks.pass(Check::CalendarOpenings);
                                    followed.check_answers(*ledger, content, &text, checks);
                                }
                                Err((code, detail)) => {
                                    checks.fail_as(Check::CalendarOpenings, code, place, detail);
                                }
                            }
                        }
                    }
                    Err((code, detail)) => {
                        let place = Place::entry(*first, at_first.seq);
                        checks.fail_as(Check::CalendarOpenings, code, place, detail);
                    }
                }
            }
            (None, Some(path)) => {
                let forbidden = |state| matches!(state, State::Closed | State::Withheld | State::Erased);
                let found = stands.iter().find(|(_, content)| forbidden(content.state));
                if let (Some((ledger, content)), true) = (found, complete) {
                    let place = Place::entry(*ledger, content.seq);
                    checks.fail_as(Check::CalendarOpenings, "opening.forbidden", place, path);
                }
            }
            (None, None) => {}
        }
    }
    let strangers: BTreeSet<&Id> = files.keys().filter(|id| !contents.contains_key(*id)).collect();
    for id in strangers {
        if complete {
            let path = format!("openings/{}: of no commitment", hex::encode(id));
            checks.fail_as(Check::FolderLayout, "folder.unexpected", Place::nowhere(), path);
        }
    }
    if !complete {
        let reason = "not every register is judged, so more may be published, or less";
        checks.skip(Check::CalendarOpenings, reason);
    }
}

/// The registers as they were followed to their ends.
struct Followed<'f, 'c> {
    registers: &'f [Register<'c>],
    consultations: &'f [consultation::Register<'c>],
}

impl<'f, 'c> Followed<'f, 'c> {
    /// With whether the entries could be read to the end.
    fn all(&self) -> impl Iterator<Item = (&'f Common<'c>, bool)> {
        let foi = self
            .registers
            .iter()
            .map(|register| (&register.common, register.whole));
        let consultations = self.consultations.iter();
        foi.chain(consultations.map(|register| (&register.common, register.whole)))
    }

    /// Judges a published text as answers, if it stands as such at this place.
    fn check_answers(&self, ledger: Id, content: &Content, text: &[u8], checks: &mut Checks) {
        let mut consultations = self.consultations.iter();
        if let Some(register) = consultations.find(|register| register.common.id == ledger) {
            register.check_answers(content.seq, text, checks);
        }
    }
}

const MISMATCH: (&str, &str) = ("opening.mismatch", "the content does not open its commitment");

/// The content that an opening opens, of at most `longest` bytes, or code and reason of its fault.
fn read_opening(
    source: &dyn Source,
    path: &str,
    commitment: &Id,
    longest: u64,
) -> Result<Vec<u8>, (&'static str, &'static str)> {
    // A length beyond that of any content has failed 14.9.
    let limit = longest.min(26_214_400).saturating_add(SALT_BYTES as u64);
    let bytes = match source.read(path, limit) {
        Ok(bytes) => bytes,
        Err(SourceError::TooLong(_)) => return Err(MISMATCH),
        Err(_) => return Err(("calendar.openings", "an opening cannot be read")),
    };
    match bytes.split_at_checked(SALT_BYTES) {
        Some((salt, text)) if sha256(&[b"sijill/commitment/v1\n", salt, text]) == *commitment => {
            Ok(text.to_vec())
        }
        _ => Err(MISMATCH),
    }
}

/// Whether the content is what it must be at this place.
fn check_opening(text: &[u8], content: &Content) -> Result<(), (&'static str, &'static str)> {
    if text.len() as u64 != content.length {
        return Err(MISMATCH);
    }
    if !content.field.is_text() || std::str::from_utf8(text).is_ok_and(is_text) {
        Ok(())
    } else {
        Err((
            "opening.form",
            "a text is not UTF-8, white space alone, or has characters that no text has",
        ))
    }
}

/// Spec: specs/verification.md §2.2 to §2.4.
fn check_trust(
    trust: Option<&Trust>,
    root: Option<Id>,
    calendar: &CalendarLedger,
    ledgers: &BTreeMap<Id, Ledger>,
    profile: Profile,
    checks: &mut Checks,
) {
    let Some(trust) = trust else {
        for check in [Check::TrustFile, Check::TrustLedger, Check::TrustCheckpoint] {
            checks.limit(check, "no trust file was given");
        }
        return;
    };
    let detail = "the calendar ledger that the trust file names is not here";
    checks.require(
        Check::TrustFile,
        Place::ledger(trust.root),
        root.is_some(),
        detail,
    );
    for trusted in &trust.ledgers {
        let listed = calendar.listed_at(&trusted.id, u64::MAX);
        if trusted.id != trust.root && listed.is_none() {
            let detail = "the calendar does not list this trusted ledger";
            checks.fail(Check::TrustLedger, Place::ledger(trusted.id), detail);
        } else if profile == Profile::Public && listed.is_some_and(|listed| !listed.public) {
            checks.limit(Check::TrustLedger, "restricted ledgers of the trust file");
        } else {
            check_trusted(trusted, ledgers.get(&trusted.id), checks);
        }
    }
}
