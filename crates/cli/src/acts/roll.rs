//! The roll: registering, freezing. Spec: specs/events.md §3.

use std::collections::BTreeMap;

use sijill_ballot::{CredentialList, Point};
use sijill_engine::Acknowledgement;
use sijill_ledger::{Role, SigningKey};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::names::Name;
use sijill_registers::roll::events::{DistrictRoll, RollEvent, RollFrozen, VoterRegistered};

use super::Event;
use crate::error::{Failure, Outcome};
use crate::registrar::{Book, Pseudonyms};

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

/// Registers everybody of the book who is not on the roll yet. Returns how many were.
pub(crate) async fn register(
    event: &Event,
    book: &Book,
    pseudonyms: &Pseudonyms,
    registrar: &SigningKey,
) -> Outcome<usize> {
    let events: Vec<Typed> = on_roll(event, |roll| {
        let all = book.people().iter().map(|p| (pseudonyms.of(&p.identifier), p));
        all.filter(|(pseudonym, _)| !roll.is_registered(pseudonym))
            .map(|(pseudonym, p)| VoterRegistered {
                pseudonym,
                district: p.district.clone(),
            })
            .map(|e| Typed::Roll(RollEvent::VoterRegistered(e)))
            .collect()
    })?;
    let count = events.len();
    event
        .act_on_all(registrar, event.roll, "Registering voters", events)
        .await?;
    Ok(count)
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
