//! Issuing credentials: codes into the registrar's book, salted commitments onto the roll. Spec: specs/events.md §3.2.

use std::collections::HashMap;

use sijill_ballot::Uuid;
use sijill_ledger::SigningKey;
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::names::Name;
use sijill_registers::records;
use sijill_registers::roll::events::{CredentialCommitted, RollEvent};

use super::Event;
use crate::error::{Failure, Outcome};
use crate::registrar::{Book, Pseudonyms};

/// How many credentials were drawn and committed to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IssuedNow {
    pub(crate) drawn: usize,
    pub(crate) committed: usize,
}

/// Issues a credential to everybody of the book who has none and whose district holds a poll, and commits to those that the roll does not have yet.
pub(crate) async fn issue(
    event: &Event,
    book: &mut Book,
    pseudonyms: &Pseudonyms,
    registrar: &SigningKey,
) -> Outcome<IssuedNow> {
    super::roll::refuse_frozen(event)?;
    let uuids: HashMap<Name, Uuid> = event
        .boxes
        .iter()
        .map(|(d, id)| (d.clone(), records::uuid(id)))
        .collect();
    let drawn = book.issue(&uuids);
    if drawn > 0 {
        // Before the commitments: a crash in between leaves codes without commitments, which the next run completes.
        book.save()?;
    }
    let handle = event.handle(&event.roll)?;
    let mut events = Vec::new();
    for person in book.people() {
        let pseudonym = pseudonyms.of(&person.identifier);
        let has = handle.with_head(|head| head.state.as_roll().and_then(|r| r.has_credential(&pseudonym)));
        let Some(issued) = &person.issued else { continue };
        match has {
            Some(true) => {}
            Some(false) => {
                let commitment = issued.commitment();
                let committed = CredentialCommitted {
                    pseudonym,
                    commitment,
                };
                events.push(Typed::Roll(RollEvent::CredentialCommitted(committed)));
            }
            None => {
                return Err(Failure::refused(
                    "the book has a person who is not on the roll",
                    "run `sijill roll import` again: it completes an import that was interrupted",
                ));
            }
        }
    }
    let committed = events.len();
    event
        .act_on_all(registrar, event.roll, "Committing to credentials", events)
        .await?;
    Ok(IssuedNow { drawn, committed })
}
