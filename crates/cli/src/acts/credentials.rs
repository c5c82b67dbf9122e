//! Issuing credentials: codes into the registrar's book, salted commitments onto the roll. Spec: specs/events.md §3.2.

use std::collections::HashMap;

use sijill_ballot::{Point, Uuid};
use sijill_ledger::LedgerId;
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::names::Name;
use sijill_registers::records;
use sijill_registers::roll::events::{CredentialCommitted, RollEvent};

use zeroize::Zeroizing;

use super::Event;
use crate::error::{Failure, Outcome};
use crate::registrar::{Book, Issued, Person, draw_codes, has_other_kind};

/// How many credentials were drawn and committed to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IssuedNow {
    pub(crate) drawn: usize,
    pub(crate) committed: usize,
}

/// Issues a credential to everybody of the book who has none and whose district holds a poll, and commits to those that the roll does not have yet.
pub(crate) async fn issue(event: &Event, book: &mut Book) -> Outcome<IssuedNow> {
    super::roll::refuse_frozen(event)?;
    let mut people = book.all("issue of credentials")?;
    if has_other_kind(&people, true) {
        return Err(Failure::refused(
            "credentials of voters' own devices are enrolled in this event, and an event has one kind",
            "enrol the others too: `sijill credential enrol`",
        )
        .code("credential.kind"));
    }
    let uuids: HashMap<Name, Uuid> = event
        .boxes
        .iter()
        .map(|(d, id)| (d.clone(), records::uuid(id)))
        .collect();
    let drawn = draw_codes(&mut people, &uuids);
    if !drawn.is_empty() {
        // Before the commitments: a crash in between leaves codes without commitments, which the next run completes.
        book.keep(drawn.iter().map(|at| &people[*at]), "issue of credentials")?;
    }
    let committed = commit(event, book, &people).await?;
    Ok(IssuedNow {
        drawn: drawn.len(),
        committed,
    })
}

/// A credential that a voter's device has made, and whose it is.
pub(crate) struct Enrolment {
    /// Line of the list, for messages.
    pub(crate) line: usize,
    /// Whose.
    pub(crate) identifier: Zeroizing<String>,
    /// The box that it was made for.
    pub(crate) ballot_box: LedgerId,
    /// The public credential.
    pub(crate) public: Point,
}

/// Takes up credentials of voters' own devices and commits to them. Nothing is written unless all are in order. Returns how
/// many are new.
pub(crate) async fn enrol(event: &Event, book: &mut Book, enrolments: &[Enrolment]) -> Outcome<usize> {
    super::roll::refuse_frozen(event)?;
    let mut people = book.all("enrolment of credentials")?;
    if has_other_kind(&people, false) {
        return Err(Failure::refused(
            "codes are issued in this event, and an event has one kind of credential",
            "issue codes to the others too: `sijill credential issue`",
        )
        .code("credential.kind"));
    }
    let mut taken: HashMap<[u8; 32], String> = people
        .iter()
        .filter_map(|p| Some((p.issued.as_ref()?.public, p.identifier.clone())))
        .collect();
    let mut fresh = HashMap::new();
    let by_name: HashMap<&str, &Person> = people.iter().map(|p| (p.identifier.as_str(), p)).collect();
    for enrolment in enrolments {
        let at = |problem: &str| {
            Failure::refused(
                format!("line {} of the list {problem}", enrolment.line),
                "mend the list; nothing was written",
            )
            .code("enrolment.line")
        };
        let person = by_name
            .get(enrolment.identifier.as_str())
            .ok_or_else(|| at("is not on the roll"))?;
        let own = event
            .boxes
            .iter()
            .find(|(district, _)| *district == person.district);
        if own.is_none_or(|(_, id)| *id != enrolment.ballot_box) {
            return Err(at("has a credential for the box of another district"));
        }
        let public = *enrolment.public.as_bytes();
        match (&person.issued, taken.get(&public)) {
            (Some(issued), _) if issued.public == public => continue,
            (Some(_), _) => return Err(at("is a person who has enrolled another credential already")),
            (None, Some(_)) => return Err(at("has the credential of another person")),
            (None, None) => {}
        }
        taken.insert(public, person.identifier.clone());
        if fresh.insert(person.identifier.clone(), public).is_some() {
            return Err(at("repeats a person"));
        }
    }
    for person in &mut people {
        if let Some(public) = fresh.get(&person.identifier) {
            person.issued = Some(Issued::enrolled(*public));
        }
    }
    // Before the commitments, as for codes.
    let enrolled = people.iter().filter(|p| fresh.contains_key(&p.identifier));
    book.keep(enrolled, "enrolment of credentials")?;
    commit(event, book, &people).await?;
    Ok(fresh.len())
}

/// Commits to every credential of the book that the roll does not have yet.
async fn commit(event: &Event, book: &Book, people: &[Person]) -> Outcome<usize> {
    let handle = event.handle(&event.roll)?;
    let mut events = Vec::new();
    for person in people {
        let pseudonym = book.pseudonyms.of(&person.identifier);
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
            None if !person.is_listed() => {}
            None => {
                return Err(Failure::refused(
                    "the vault has a person who is not on the roll",
                    "run `sijill roll import` again: it completes an import that was interrupted",
                )
                .code("roll.book"));
            }
        }
    }
    let committed = events.len();
    event
        .act_on_all(&book.key, event.roll, "Committing to credentials", events)
        .await?;
    Ok(committed)
}
