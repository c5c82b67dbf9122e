//! The roll: checking, registering, changing, freezing. Spec: specs/roll.md.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sijill_ballot::{CredentialList, Point};
use sijill_engine::Acknowledgement;
use sijill_ledger::{LedgerId, Role, SigningKey};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::names::Name;
use sijill_registers::roll::Governed;
use sijill_registers::roll::commitments::{CheckContent, ReasonContent};
use sijill_registers::roll::events::{
    DistrictRoll, EligibilityChecked, ObjectionDecided, ObjectionFiled, ObjectionWindowExtended, Pseudonym,
    RollEvent, RollFrozen, VoterCorrected, VoterRegistered, VoterStruck, VoterTransferred,
};
use sijill_rules::{Evidence, Finding, Purpose, day_number};

use super::Event;
use crate::error::{Failure, Outcome};
use crate::identity::{IdentityProvider, Qid};
use crate::registrar::{Book, Check, Person, Pseudonyms, Reason, salt};

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

/// Checks a person now, and takes the opening up in the book. Returns the event.
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
        Some(evidence) => find(governed, evidence, Purpose::Registration, false, now_ms)?
            .failed
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    let salt = salt();
    let content = CheckContent {
        roll,
        pseudonym,
        pack: governed.pack_content(),
        purpose: Purpose::Registration,
        at_ms: now_ms,
        polling_day: governed.polling_day(),
        evidence: evidence.as_ref(),
        failed: &failed,
    };
    let event = EligibilityChecked {
        pseudonym,
        purpose: Purpose::Registration.number(),
        eligible: failed.is_empty(),
        commitment: content.commit(&salt),
    };
    let evidence = evidence
        .map(|e| serde_json::to_string(&e))
        .transpose()
        .map_err(Failure::internal)?;
    person.checks.push(Check {
        salt,
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
    provider.evidence(&qid).ok_or_else(|| {
        Failure::refused(
            "the register of persons does not know this person / السجل لا يعرف هذا الشخص",
            "compare the number with the card; if it is right, the person asks the civil register",
        )
        .code("identity.unknown")
    })
}

/// Checks and registers everybody of the book who belongs on the roll and is not there yet. The book is saved before the
/// events that it opens.
pub(crate) async fn register(
    event: &Event,
    book: &mut Book,
    pseudonyms: &Pseudonyms,
    registrar: &SigningKey,
    provider: Option<&dyn IdentityProvider>,
) -> Outcome<Registered> {
    let governed = governed(event)?;
    let (roll, now_ms) = (event.roll, event.engine.now().as_u64());
    let mut checks = Vec::new();
    let mut refused = 0;
    for person in book.people_mut() {
        let pseudonym = pseudonyms.of(&person.identifier);
        let (registered, checked) = on_roll(event, |roll| {
            let check = roll.open_check(&pseudonym);
            (roll.is_registered(&pseudonym), check.is_some_and(|c| c.eligible))
        })?;
        if registered || checked || person.struck {
            continue;
        }
        let check = check_person(&governed, roll, pseudonym, person, provider, now_ms)?;
        refused += usize::from(!check.eligible);
        checks.push(Typed::Roll(RollEvent::EligibilityChecked(check)));
    }
    // The book first: an event whose person is unknown would be worse than a person without an event.
    book.save()?;
    event
        .act_on_all(registrar, roll, "Checking eligibility", checks)
        .await?;
    let events: Vec<Typed> = on_roll(event, |roll| {
        let all = book.people().iter().filter(|p| p.is_listed());
        all.map(|p| (pseudonyms.of(&p.identifier), p))
            .filter(|(pseudonym, _)| !roll.is_registered(pseudonym))
            .map(|(pseudonym, p)| VoterRegistered {
                pseudonym,
                district: p.district.clone(),
            })
            .map(|e| Typed::Roll(RollEvent::VoterRegistered(e)))
            .collect()
    })?;
    let registered = events.len();
    event
        .act_on_all(registrar, roll, "Registering voters", events)
        .await?;
    Ok(Registered { registered, refused })
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
    registrar: &mut crate::commands::roll::Registrar,
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
    let Standing { pseudonym, district } = standing(event, &registrar.pseudonyms, identifier)?;
    let from = district.ok_or_else(not_on_roll)?;
    if from == *to {
        return Err(Failure::refused(
            format!("this person votes in {to} already / هذا الشخص مقيد في هذه الدائرة"),
            "nothing was written",
        )
        .code("roll.transfer"));
    }
    let person = registrar.book.person_mut(identifier).ok_or_else(not_in_book)?;
    let reason = commit_reason(event.roll, pseudonym, person, "VoterTransferred", reason)?;
    person.district = to.clone();
    person.issued = None;
    registrar.book.save()?;
    let transferred = VoterTransferred {
        pseudonym,
        from: from.clone(),
        to: to.clone(),
        reason,
    };
    let act = Typed::Roll(RollEvent::VoterTransferred(transferred));
    event.act(&registrar.key, event.roll, act, &[]).await?;
    Ok(from)
}

/// Strikes a person off the roll.
pub(crate) async fn strike(
    event: &Event,
    registrar: &mut crate::commands::roll::Registrar,
    identifier: &str,
    reason: &str,
) -> Outcome {
    refuse_frozen(event)?;
    let Standing { pseudonym, district } = standing(event, &registrar.pseudonyms, identifier)?;
    district.ok_or_else(not_on_roll)?;
    let person = registrar.book.person_mut(identifier).ok_or_else(not_in_book)?;
    let reason = commit_reason(event.roll, pseudonym, person, "VoterStruck", reason)?;
    person.struck = true;
    person.issued = None;
    registrar.book.save()?;
    let act = Typed::Roll(RollEvent::VoterStruck(VoterStruck { pseudonym, reason }));
    event.act(&registrar.key, event.roll, act, &[]).await?;
    Ok(())
}

/// Checks a registered person again, and records the correction if they are still eligible. Returns the conditions that
/// failed.
pub(crate) async fn correct(
    event: &Event,
    registrar: &mut crate::commands::roll::Registrar,
    identifier: &str,
    provider: &dyn IdentityProvider,
) -> Outcome<Vec<String>> {
    refuse_frozen(event)?;
    let Standing { pseudonym, district } = standing(event, &registrar.pseudonyms, identifier)?;
    district.ok_or_else(not_on_roll)?;
    let governed = governed(event)?;
    let now_ms = event.engine.now().as_u64();
    let person = registrar.book.person_mut(identifier).ok_or_else(not_in_book)?;
    let check = check_person(&governed, event.roll, pseudonym, person, Some(provider), now_ms)?;
    let failed = person.checks.last().map(|c| c.failed.clone()).unwrap_or_default();
    registrar.book.save()?;
    let act = Typed::Roll(RollEvent::EligibilityChecked(check));
    let checked = event.act(&registrar.key, event.roll, act, &[]).await?;
    if failed.is_empty() {
        let corrected = VoterCorrected {
            pseudonym,
            check: checked.seq.as_u64(),
        };
        let act = Typed::Roll(RollEvent::VoterCorrected(corrected));
        event.act(&registrar.key, event.roll, act, &[]).await?;
    }
    Ok(failed)
}

/// Files an objection about a person, by themselves. Returns its position.
pub(crate) async fn object(
    event: &Event,
    registrar: &mut crate::commands::roll::Registrar,
    identifier: &str,
    kind: u8,
    statement: &str,
) -> Outcome<u64> {
    let pseudonym = registrar.pseudonyms.of(identifier);
    // Whoever is not in the book yet has a page there from now on, but no place on the roll.
    if registrar.book.person_mut(identifier).is_none() {
        let district = event
            .manifest
            .districts
            .first()
            .map(|d| d.id.clone())
            .ok_or_else(|| Failure::internal("an election without districts"))?;
        registrar.book.take_up_stranger(identifier, district);
    }
    let person = registrar.book.person_mut(identifier).ok_or_else(not_in_book)?;
    let statement = commit_reason(event.roll, pseudonym, person, "ObjectionFiled", statement)?;
    registrar.book.save()?;
    let act = Typed::Roll(RollEvent::ObjectionFiled(ObjectionFiled {
        objector: pseudonym,
        about: pseudonym,
        kind,
        statement,
    }));
    Ok(event
        .act(&registrar.key, event.roll, act, &[])
        .await?
        .seq
        .as_u64())
}

/// Decides an objection. Returns the opening of the commitment to the reason: 32 random bytes, then the document.
pub(crate) async fn decide(
    event: &Event,
    commission: &SigningKey,
    objection: u64,
    decision: u8,
    reason: &str,
    opening: &std::path::Path,
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
    crate::site::write_file(opening, &[&salt[..], &content.to_json()].concat())?;
    let act = Typed::Roll(RollEvent::ObjectionDecided(ObjectionDecided {
        objection,
        decision,
        reason: content.commit(&salt),
    }));
    event.act(commission, event.roll, act, &[]).await?;
    Ok(())
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
        "the registrar's book does not have this person",
        "use the registrar's newest book",
    )
    .code("roll.book")
}

/// Freezes the roll with the credential lists that follow from the book.
pub(crate) async fn freeze(
    event: &Event,
    book: &Book,
    pseudonyms: &Pseudonyms,
    registrar: &SigningKey,
) -> Outcome<Acknowledgement> {
    refuse_frozen(event)?;
    let counts = on_roll(event, sijill_registers::roll::RollState::counts)?;
    let mut lists: BTreeMap<&Name, Vec<Point>> = BTreeMap::new();
    for person in book.people() {
        let pseudonym = pseudonyms.of(&person.identifier);
        match (
            on_roll(event, |roll| roll.has_credential(&pseudonym))?,
            &person.issued,
        ) {
            (Some(true), Some(issued)) => {
                let point = Point::from_bytes(&issued.public).map_err(Failure::internal)?;
                lists.entry(&person.district).or_default().push(point);
            }
            (Some(true), None) => {
                return Err(Failure::refused(
                    "the roll has a commitment for a person whose credential is not in the book",
                    "use the registrar's newest book",
                )
                .code("roll.book"));
            }
            _ => {}
        }
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
    event.act(registrar, event.roll, frozen, &[]).await
}
