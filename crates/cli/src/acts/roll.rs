//! The roll: checking, registering, changing, freezing. Spec: specs/roll.md.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sijill_ballot::{CredentialList, Point};
use sijill_engine::Acknowledgement;
use sijill_engine::identity::{IdentityProvider, Qid};
use sijill_ledger::{LedgerId, Role, SigningKey};
use sijill_registers::ballot_box::Phase;
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::names::Name;
use sijill_registers::roll::Governed;
use sijill_registers::roll::commitments::{CheckContent, ReasonContent};
use sijill_registers::roll::events::{
    DistrictRoll, EligibilityChecked, HolidaysDeclared, ObjectionDecided, ObjectionFiled,
    ObjectionWindowExtended, Pseudonym, RollEvent, RollFrozen, VoterCorrected, VoterRegistered, VoterStruck,
    VoterTransferred,
};
use sijill_rules::{Evidence, Finding, Holiday, HolidayList, ObjectionStatus, Purpose, day_number};

use super::{Event, Pipeline, TOGETHER};
use crate::error::{Failure, Outcome};
use crate::progress::Progress;
use crate::registrar::{Book, Check, Person, Pseudonyms, Reason, salt};
use crate::roll_file::RollRow;
use crate::site::NewFile;

/// What the roll knows about pseudonyms that stand in a book.
fn on_roll<T>(event: &Event, look: impl FnOnce(&sijill_registers::roll::RollState) -> T) -> Outcome<T> {
    event
        .handle(&event.roll)?
        .with_head(|head| head.state.as_roll().map(look))
        .ok_or_else(|| crate::error::wrong_kind(&event.roll, "a roll"))
}

/// Refuses what would change a frozen roll.
pub(crate) fn refuse_frozen(event: &Event) -> Outcome {
    if on_roll(event, |roll| roll.is_frozen())? {
        return Err(Failure::refused(
            "the roll is frozen",
            "nothing may follow; a new event has a new roll",
        )
        .code("roll.frozen"));
    }
    Ok(())
}

/// Refuses a key that may not act on the roll: before the book is changed, so that a mistaken key leaves nothing behind.
pub(crate) fn refuse_strangers(event: &Event, registrar: &SigningKey) -> Outcome {
    let handle = event.handle(&event.roll)?;
    if handle.with_head(|head| {
        head.state
            .authority()
            .holds(registrar.key_id(), Role::Registrar, None)
    }) {
        return Ok(());
    }
    Err(Failure::refused(
        "this key does not hold the role registrar on the roll",
        "sign with the registrar's key file; nothing was written",
    )
    .code("event.author"))
}

/// What came of an import.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Registered {
    /// Persons who are on the roll now, and were not.
    pub(crate) registered: usize,
    /// Persons whom a check found not to be eligible.
    pub(crate) refused: usize,
    /// Persons who were on the roll before.
    pub(crate) already: usize,
}

/// The rules of the roll.
pub(crate) fn governed(event: &Event) -> Outcome<Governed> {
    on_roll(event, |roll| roll.governed().cloned())?.ok_or_else(|| {
        Failure::refused(
            "the roll is not defined",
            "run `sijill election new` again: it was interrupted",
        )
        .code("roll.order")
    })
}

/// Checks a person for registration, and takes the opening up in the book. Returns the event.
pub(crate) fn check_person(
    governed: &Governed,
    roll: LedgerId,
    pseudonym: Pseudonym,
    person: &mut Person,
    provider: Option<&dyn IdentityProvider>,
    now_ms: u64,
) -> Outcome<EligibilityChecked> {
    let evidence = provider.map(|p| evidence(p, &person.identifier)).transpose()?;
    let failed: Vec<String> = match &evidence {
        None => Vec::new(),
        Some(evidence) => codes(&find(governed, evidence, Purpose::Registration, false, now_ms)?),
    };
    commit_check(
        governed,
        roll,
        pseudonym,
        person,
        Purpose::Registration,
        evidence.as_ref(),
        failed,
        now_ms,
    )
}

/// The conditions that failed.
pub(crate) fn codes(finding: &Finding) -> Vec<String> {
    finding.failed.iter().map(ToString::to_string).collect()
}

/// Commits to what came of a check, and takes the opening up in the book.
#[expect(clippy::too_many_arguments, reason = "the fields of the document")]
fn commit_check(
    governed: &Governed,
    roll: LedgerId,
    pseudonym: Pseudonym,
    person: &mut Person,
    purpose: Purpose,
    evidence: Option<&Evidence>,
    failed: Vec<String>,
    now_ms: u64,
) -> Outcome<EligibilityChecked> {
    let salt = salt();
    let content = CheckContent {
        roll,
        pseudonym,
        pack: governed.pack_content(),
        purpose,
        at_ms: now_ms,
        polling_day: governed.polling_day(),
        evidence,
        failed: &failed,
    };
    let event = EligibilityChecked {
        pseudonym,
        purpose: purpose.number(),
        eligible: failed.is_empty(),
        commitment: content.commit(&salt),
    };
    let evidence = evidence
        .map(|e| serde_json::to_string(&e))
        .transpose()
        .map_err(Failure::internal)?;
    person.checks.push(Check {
        salt,
        purpose: purpose.number(),
        at_ms: now_ms,
        evidence,
        failed,
    });
    Ok(event)
}

/// Puts evidence to the rules of the roll.
pub(crate) fn find(
    governed: &Governed,
    evidence: &Evidence,
    purpose: Purpose,
    on_roll: bool,
    now_ms: u64,
) -> Outcome<Finding> {
    sijill_rules::check(
        governed.pack(),
        governed.calendar(),
        governed.polling_day(),
        evidence,
        purpose,
        on_roll,
        now_ms,
    )
    .map_err(|e| {
        Failure::refused(
            format!("{e} / {}", e.arabic()),
            "mend the record of the person; nothing was written",
        )
        .code("roll.evidence")
    })
}

/// What a register of persons says of an identifier.
pub(crate) fn evidence(provider: &dyn IdentityProvider, identifier: &str) -> Outcome<Evidence> {
    let qid = Qid::parse(identifier).map_err(|problem| {
        Failure::refused(
            format!("the identifier {problem}"),
            "type the 11 digits of the card",
        )
        .code("identity.form")
    })?;
    let found = provider.evidence(&qid).map_err(|error| {
        Failure::failed(error.to_string(), "nothing was written; try again later")
            .code("identity.unavailable")
    })?;
    found.ok_or_else(|| {
        Failure::refused(
            "the register of persons does not know this person / السجل لا يعرف هذا الشخص",
            "compare the number with the card; if it is right, the person asks the civil register",
        )
        .code("identity.unknown")
    })
}

/// Persons whose records are written together, ahead of their events.
const AHEAD: usize = 32 * TOGETHER;

/// Checks and registers persons who are not on the roll yet. Nobody is registered twice: whoever stands on the roll is
/// passed over, so an import that was interrupted is completed by the same import again.
///
/// Records come before the events that they open. A crash in between leaves a record with an opening of no check, and the
/// next import adds another; a crash between a check and its registration leaves an open check, which it goes on from.
/// Memory does not grow with the number of persons but by what the ledger itself needs.
pub(crate) async fn register(
    event: &Event,
    book: &mut Book,
    rows: impl Iterator<Item = RollRow>,
    total: u64,
    provider: Option<&dyn IdentityProvider>,
    why: &str,
) -> Outcome<Registered> {
    let governed = governed(event)?;
    let (roll, now_ms) = (event.roll, event.engine.now().as_u64());
    let handle = event.handle(&roll)?;
    let mut done = Registered::default();
    let progress = Progress::new("Checking and registering voters", total);
    let (mut import, pseudonyms, key) = book.import(why)?;
    let mut pipeline = Pipeline::new(event, key, roll);
    let mut rows = rows.peekable();
    // Registrations whose checks are in the second group before the next one, and in the one before: the first may go.
    let (mut due, mut later) = (Vec::new(), Vec::new());
    while rows.peek().is_some() {
        let mut people = Vec::new();
        // What each person needs: a check, then perhaps a registration; or a registration alone.
        let mut steps: Vec<(Option<Typed>, Option<Typed>)> = Vec::new();
        for row in rows.by_ref().take(AHEAD) {
            let pseudonym = pseudonyms.of(&row.identifier);
            let (registered, checked) = handle
                .with_head(|head| {
                    let roll = head.state.as_roll()?;
                    let check = roll.open_check(&pseudonym);
                    Some((roll.is_registered(&pseudonym), check.is_some_and(|c| c.eligible)))
                })
                .ok_or_else(|| crate::error::wrong_kind(&roll, "a roll"))?;
            if registered {
                done.already += 1;
                continue;
            }
            let found = import.find(&pseudonym)?;
            let mut person =
                found.unwrap_or_else(|| Person::new(row.identifier.clone(), row.district.clone()));
            person.district = row.district.clone();
            person.struck = false;
            let check = if checked && person.was_checked() {
                None
            } else {
                Some(check_person(
                    &governed,
                    roll,
                    pseudonym,
                    &mut person,
                    provider,
                    now_ms,
                )?)
            };
            let eligible = check.as_ref().is_none_or(|check| check.eligible);
            let registration = eligible.then(|| {
                Typed::Roll(RollEvent::VoterRegistered(VoterRegistered {
                    pseudonym,
                    district: row.district.clone(),
                }))
            });
            done.registered += usize::from(eligible);
            done.refused += usize::from(!eligible);
            let check = check.map(|check| Typed::Roll(RollEvent::EligibilityChecked(check)));
            people.push((pseudonym, person));
            steps.push((check, registration));
        }
        import.keep(&people)?;
        drop(people);
        for steps in steps.chunks_mut(TOGETHER) {
            let mut group: Vec<Typed> = std::mem::replace(&mut due, std::mem::take(&mut later));
            let registrations = group.len();
            for (check, registration) in steps {
                match check.take() {
                    Some(check) => {
                        group.push(check);
                        later.extend(registration.take());
                    }
                    None => group.extend(registration.take()),
                }
            }
            pipeline.push(&group).await?;
            progress.add(registrations as u64);
        }
    }
    pipeline.push(&due).await?;
    pipeline.push(&later).await?;
    pipeline.finish().await?;
    progress.finish();
    Ok(done)
}

/// What is wrong with a row of an import, before anything is written: somebody of another district, somebody whom the
/// register of persons does not know, or of whom it says what cannot be.
pub(crate) fn check_row(
    event: &Event,
    governed: &Governed,
    pseudonyms: &Pseudonyms,
    row: &RollRow,
    provider: Option<&dyn IdentityProvider>,
) -> Result<(), String> {
    let failure = |failure: Failure| failure.problem().to_owned();
    let Standing { district, .. } = standing(event, pseudonyms, &row.identifier).map_err(failure)?;
    match district {
        Some(district) if district != row.district => {
            return Err("is on the roll of another district already; see `sijill roll transfer`".to_owned());
        }
        Some(_) => return Ok(()),
        None => {}
    }
    if let Some(provider) = provider {
        let evidence = evidence(provider, &row.identifier).map_err(failure)?;
        let now_ms = event.engine.now().as_u64();
        find(governed, &evidence, Purpose::Registration, false, now_ms).map_err(failure)?;
    }
    Ok(())
}

/// What came of a check at the poll.
pub(crate) struct PollCheck {
    pub(crate) finding: Finding,
    /// Where it stands on the roll, if it is recorded.
    pub(crate) position: Option<u64>,
}

/// Checks a person at the poll. At a log-in or cast only a refusal is recorded, anywhere: otherwise the roll, the book or
/// its log would tell who voted when. Spec: specs/roll.md §4.1.
pub(crate) async fn check_at_poll(
    event: &Event,
    registrar: crate::commands::roll::Registrar,
    identifier: &str,
    purpose: Purpose,
    provider: &dyn IdentityProvider,
) -> Outcome<PollCheck> {
    if !on_roll(event, |roll| roll.is_frozen())? {
        return Err(Failure::refused(
            "the roll is not frozen yet: there are no checks at the poll before",
            "`sijill roll explain` says how a person stands now",
        )
        .code("roll.eligibility"));
    }
    let governed = governed(event)?;
    let now_ms = event.engine.now().as_u64();
    let evidence = evidence(provider, identifier)?;
    let Standing { pseudonym, district } = standing(event, &registrar.pseudonyms, identifier)?;
    let finding = find(&governed, &evidence, purpose, district.is_some(), now_ms)?;
    if finding.is_eligible() && purpose != Purpose::Station {
        return Ok(PollCheck {
            finding,
            position: None,
        });
    }
    let mut book = registrar.book(event)?;
    let fallback = match district {
        Some(district) => district,
        None => first_district(event)?,
    };
    let stranger = || Some(Person::stranger(identifier.to_owned(), fallback));
    let changed = book.change(identifier, "check at the poll", stranger, |person| {
        let failed = codes(&finding);
        commit_check(
            &governed,
            event.roll,
            pseudonym,
            person,
            purpose,
            Some(&evidence),
            failed,
            now_ms,
        )
    })?;
    let check = changed.ok_or_else(not_in_book)?;
    let act = Typed::Roll(RollEvent::EligibilityChecked(check));
    let recorded = event.act(&book.key, event.roll, act, &[]).await?;
    Ok(PollCheck {
        finding,
        position: Some(recorded.seq.as_u64()),
    })
}

fn first_district(event: &Event) -> Outcome<Name> {
    let first = event.manifest.districts.first();
    first
        .map(|d| d.id.clone())
        .ok_or_else(|| Failure::internal("an election without districts"))
}

/// Declares further holidays: the list that was cited last, and these behind it. Returns how many there are now.
pub(crate) async fn declare_holidays(
    event: &Event,
    commission: &SigningKey,
    more: Vec<Holiday>,
) -> Outcome<usize> {
    let governed = governed(event)?;
    let known = governed.calendar().facts().iter().map(|fact| Holiday {
        first: fact.first,
        last: fact.last,
        status: fact.status,
        corrects: fact.corrects,
        name: fact.name.clone(),
        source: fact.source.clone(),
    });
    let facts: Vec<Holiday> = known.chain(more).collect();
    let count = facts.len();
    let list = HolidayList::new(facts);
    // Here first, so that a list that cannot stand is not kept as a document.
    let mut calendar = governed.calendar().clone();
    let declared = HolidayList::from_json(&list.to_json())
        .and_then(|list| list.declare(&mut calendar, event.engine.now().as_u64()));
    declared.map_err(|e| {
        Failure::refused(format!("the holidays: {e}"), "mend the file; nothing was written")
            .code("roll.definition")
    })?;
    let holidays = event.engine.put_content(&list.to_json())?;
    let act = Typed::Roll(RollEvent::HolidaysDeclared(HolidaysDeclared { holidays }));
    event.act(commission, event.roll, act, &[]).await?;
    Ok(count)
}

/// Why what the vault keeps of a person may not be erased yet.
pub(crate) fn refuse_needed(event: &Event, pseudonym: &Pseudonym) -> Outcome {
    let refuse = |why: &str, help: &str| Err(Failure::refused(why, help).code("vault.needed"));
    let (frozen, registered) = on_roll(event, |roll| (roll.is_frozen(), roll.is_registered(pseudonym)))?;
    if registered && !frozen {
        return refuse(
            "this person is on the roll, which is not frozen yet: the freeze needs their credential",
            "strike the person first, or wait until the exclusions of every box are fixed",
        );
    }
    if registered {
        for (_, ballot_box) in &event.boxes {
            if event.box_facts(ballot_box)?.phase < Phase::Excluded {
                return refuse(
                    "the exclusions of a ballot box are not fixed yet: they need this person's credential",
                    "wait until `sijill election exclude` is done",
                );
            }
        }
    }
    let governed = governed(event)?;
    let now_ms = event.engine.now().as_u64();
    let waits = governed.objections().any(|position| {
        let status = governed.objection(position, now_ms).map(|reading| reading.status);
        governed.objection_about(position) == Some(*pseudonym)
            && matches!(
                status,
                None | Some(ObjectionStatus::Pending | ObjectionStatus::Overdue)
            )
    });
    if waits {
        return refuse(
            "an objection about this person is not decided yet",
            "wait for its decision: `sijill roll decide`",
        );
    }
    Ok(())
}

/// Where a person of the book stands on the roll.
pub(crate) struct Standing {
    pub(crate) pseudonym: Pseudonym,
    pub(crate) district: Option<Name>,
}

/// Looks a person up.
pub(crate) fn standing(event: &Event, pseudonyms: &Pseudonyms, identifier: &str) -> Outcome<Standing> {
    let pseudonym = pseudonyms.of(identifier);
    Ok(Standing {
        pseudonym,
        district: on_roll(event, |roll| roll.district_of(&pseudonym).cloned())?,
    })
}

fn not_on_roll() -> Failure {
    Failure::refused(
        "this person is not on the roll / هذا الشخص غير مقيد في الجدول",
        "register them with `sijill roll import`, or file an objection of omission while the window is open",
    )
    .code("roll.order")
}

/// Commits to a reason, and takes its opening up in the book.
fn commit_reason(
    roll: LedgerId,
    pseudonym: Pseudonym,
    person: &mut Person,
    event: &str,
    text: &str,
) -> Outcome<[u8; 32]> {
    if text.trim().is_empty() || text.len() > 10_000 {
        return Err(
            Failure::usage("a reason has 1 to 10000 bytes", "say why with --reason").code("roll.reason"),
        );
    }
    let salt = salt();
    let content = ReasonContent {
        roll,
        pseudonym,
        event,
        text,
    };
    let commitment = content.commit(&salt);
    person.reasons.push(Reason {
        salt,
        event: event.to_owned(),
        text: text.to_owned(),
    });
    Ok(commitment)
}

/// Moves a voter to another district. Their credential ends: it belongs to one ballot box.
pub(crate) async fn transfer(
    event: &Event,
    book: &mut Book,
    identifier: &str,
    to: &Name,
    reason: &str,
) -> Outcome<Name> {
    refuse_frozen(event)?;
    if event.manifest.district(to).is_none() {
        return Err(Failure::refused(
            format!("the election has no district `{to}`"),
            "name one of its districts; nothing was written",
        )
        .code("district.unknown"));
    }
    let Standing { pseudonym, district } = standing(event, &book.pseudonyms, identifier)?;
    let from = district.ok_or_else(not_on_roll)?;
    if from == *to {
        return Err(Failure::refused(
            format!("this person votes in {to} already / هذا الشخص مقيد في هذه الدائرة"),
            "nothing was written",
        )
        .code("roll.transfer"));
    }
    let changed = book.change(
        identifier,
        "transfer",
        || None,
        |person| {
            person.district = to.clone();
            person.issued = None;
            commit_reason(event.roll, pseudonym, person, "VoterTransferred", reason)
        },
    )?;
    let reason = changed.ok_or_else(not_in_book)?;
    let transferred = VoterTransferred {
        pseudonym,
        from: from.clone(),
        to: to.clone(),
        reason,
    };
    let act = Typed::Roll(RollEvent::VoterTransferred(transferred));
    event.act(&book.key, event.roll, act, &[]).await?;
    Ok(from)
}

/// Strikes a person off the roll.
pub(crate) async fn strike(event: &Event, book: &mut Book, identifier: &str, reason: &str) -> Outcome {
    refuse_frozen(event)?;
    let Standing { pseudonym, district } = standing(event, &book.pseudonyms, identifier)?;
    let district = district.ok_or_else(not_on_roll)?;
    // Also whose record was erased can be struck: the reason is then kept in a record of its own.
    let stranger = || Some(Person::stranger(identifier.to_owned(), district.clone()));
    let changed = book.change(identifier, "strike", stranger, |person| {
        person.struck = true;
        person.issued = None;
        commit_reason(event.roll, pseudonym, person, "VoterStruck", reason)
    })?;
    let reason = changed.ok_or_else(not_in_book)?;
    let act = Typed::Roll(RollEvent::VoterStruck(VoterStruck { pseudonym, reason }));
    event.act(&book.key, event.roll, act, &[]).await?;
    Ok(())
}

/// Checks a registered person again, and records the correction if they are still eligible. Returns the conditions that
/// failed.
pub(crate) async fn correct(
    event: &Event,
    book: &mut Book,
    identifier: &str,
    provider: &dyn IdentityProvider,
) -> Outcome<Vec<String>> {
    refuse_frozen(event)?;
    let Standing { pseudonym, district } = standing(event, &book.pseudonyms, identifier)?;
    district.ok_or_else(not_on_roll)?;
    let governed = governed(event)?;
    let now_ms = event.engine.now().as_u64();
    let changed = book.change(
        identifier,
        "correction",
        || None,
        |person| {
            let check = check_person(&governed, event.roll, pseudonym, person, Some(provider), now_ms)?;
            let failed = person.checks.last().map(|c| c.failed.clone()).unwrap_or_default();
            Ok((check, failed))
        },
    )?;
    let (check, failed) = changed.ok_or_else(not_in_book)?;
    let act = Typed::Roll(RollEvent::EligibilityChecked(check));
    let checked = event.act(&book.key, event.roll, act, &[]).await?;
    if failed.is_empty() {
        let corrected = VoterCorrected {
            pseudonym,
            check: checked.seq.as_u64(),
        };
        let act = Typed::Roll(RollEvent::VoterCorrected(corrected));
        event.act(&book.key, event.roll, act, &[]).await?;
    }
    Ok(failed)
}

/// Files an objection about a person, by themselves. Returns its position.
pub(crate) async fn object(
    event: &Event,
    book: &mut Book,
    identifier: &str,
    kind: u8,
    statement: &str,
) -> Outcome<u64> {
    let pseudonym = book.pseudonyms.of(identifier);
    let district = first_district(event)?;
    // Whoever is not in the book yet has a page there from now on, but no place on the roll.
    let stranger = || Some(Person::stranger(identifier.to_owned(), district));
    let changed = book.change(identifier, "objection", stranger, |person| {
        commit_reason(event.roll, pseudonym, person, "ObjectionFiled", statement)
    })?;
    let statement = changed.ok_or_else(not_in_book)?;
    let act = Typed::Roll(RollEvent::ObjectionFiled(ObjectionFiled {
        objector: pseudonym,
        about: pseudonym,
        kind,
        statement,
    }));
    Ok(event.act(&book.key, event.roll, act, &[]).await?.seq.as_u64())
}

/// Decides an objection. The opening of the commitment to the reason goes into `opening`: 32 random bytes, then the
/// document.
pub(crate) async fn decide(
    event: &Event,
    commission: &SigningKey,
    objection: u64,
    decision: u8,
    reason: &str,
    opening: NewFile,
) -> Outcome {
    let about = governed(event)?.objection_about(objection).ok_or_else(|| {
        Failure::refused(
            format!("the roll has no objection {objection}"),
            "`sijill roll object` says the number of an objection",
        )
        .code("roll.objection")
    })?;
    if reason.trim().is_empty() || reason.len() > 10_000 {
        return Err(
            Failure::usage("a reason has 1 to 10000 bytes", "say why with --reason").code("roll.reason"),
        );
    }
    let content = ReasonContent {
        roll: event.roll,
        pseudonym: about,
        event: "ObjectionDecided",
        text: reason,
    };
    let salt = salt();
    // The opening first: a commitment that nobody can open would be worth nothing.
    let opening = opening.write_ahead(&[&salt[..], &content.to_json()].concat())?;
    let act = Typed::Roll(RollEvent::ObjectionDecided(ObjectionDecided {
        objection,
        decision,
        reason: content.commit(&salt),
    }));
    let done = event.act(commission, event.roll, act, &[]).await;
    opening.settle(done).map(|_| ())
}

/// Extends the window for objections. Returns the last day until now.
pub(crate) async fn extend(
    event: &Event,
    commission: &SigningKey,
    new_last: Date,
    by: &str,
    reason: &str,
) -> Outcome<Date> {
    let window = governed(event)?.window().ok_or_else(|| {
        Failure::refused(
            "the rules of this roll know no objections",
            "there is nothing to extend",
        )
        .code("roll.objection")
    })?;
    let number = |day| u32::try_from(day_number(day)).map_err(Failure::internal);
    let act = Typed::Roll(RollEvent::ObjectionWindowExtended(ObjectionWindowExtended {
        by: by.to_owned(),
        reason: reason.to_owned(),
        old_last: number(window.last_day)?,
        new_last: number(new_last)?,
    }));
    event.act(commission, event.roll, act, &[]).await?;
    Ok(window.last_day)
}

fn not_in_book() -> Failure {
    Failure::refused(
        "the vault does not have this person, or not any more",
        "use the registrar's newest vault; after an erasure strike the person, and register them anew",
    )
    .code("roll.book")
}

/// Freezes the roll with the credential lists that follow from the book.
pub(crate) async fn freeze(event: &Event, book: &mut Book) -> Outcome<Acknowledgement> {
    refuse_frozen(event)?;
    let counts = on_roll(event, sijill_registers::roll::RollState::counts)?;
    let mut lists: BTreeMap<Name, Vec<Point>> = BTreeMap::new();
    let mut listed = 0;
    for person in book.all("credential lists of the freeze")? {
        let pseudonym = book.pseudonyms.of(&person.identifier);
        match (
            on_roll(event, |roll| roll.has_credential(&pseudonym))?,
            &person.issued,
        ) {
            (Some(true), Some(issued)) => {
                let point = Point::from_bytes(&issued.public).map_err(Failure::internal)?;
                lists.entry(person.district.clone()).or_default().push(point);
                listed += 1;
            }
            (Some(true), None) => return Err(no_credential()),
            _ => {}
        }
    }
    if listed != counts.values().map(|(_, holders)| holders).sum::<u64>() {
        return Err(no_credential());
    }
    let mut districts = Vec::new();
    for (district, (eligible, holders)) in counts {
        let list =
            CredentialList::build(lists.remove(&district).unwrap_or_default()).map_err(Failure::internal)?;
        let credentials = event.engine.put_content(list.json().as_bytes())?;
        districts.push(DistrictRoll {
            district,
            eligible,
            holders,
            credentials,
        });
    }
    let frozen = Typed::Roll(RollEvent::RollFrozen(RollFrozen { districts }));
    event.act(&book.key, event.roll, frozen, &[]).await
}

fn no_credential() -> Failure {
    Failure::refused(
        "the roll has a commitment for a person whose credential is not in the vault",
        "use the registrar's newest vault",
    )
    .code("roll.book")
}
