//! Books of stations at the centre: received, decided about, and what they exclude. Spec: specs/station.md §2, §7, §8.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use sijill_ballot::{CredentialList, Point};
use sijill_engine::copies::{Received, StationFile};
use sijill_engine::look_up::{Answer, LookUpError, Question};
use sijill_engine::station_notes::union;
use sijill_ledger::{LedgerId, SigningKey};
use sijill_registers::ballot_box::Phase as BoxPhase;
use sijill_registers::ballot_box::events::{BoxEvent, ExclusionsFixed};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::BookEnd;
use sijill_registers::election::events::{ElectionEvent, StationAnchored, StationFinal};
use sijill_registers::names::Name;
use sijill_registers::register::Facts;
use sijill_registers::roll::events::{ExclusionsOpened, Opening, RollEvent};
use sijill_registers::station::Reckoning;
use sijill_registers::station::events::Number;
use zeroize::Zeroizing;

use super::super::Event;
use crate::error::{Failure, Outcome};
use crate::registrar::Book;
use crate::site::{make_folder, read_bounded, write_file};

/// The ledger of a station that is defined, by its id.
pub(crate) fn ledger_of(event: &Event, station: &Name) -> Outcome<LedgerId> {
    let facts = event.election_facts()?;
    let mut all = facts.stations.values();
    all.find(|s| s.defined.station == *station)
        .map(|s| s.defined.ledger)
        .ok_or_else(|| {
            Failure::refused(
                format!("this event has no polling station `{station}`, or it is not defined yet"),
                "`sijill station status` lists them",
            )
            .code("station.unknown")
        })
}

/// Fewest signatures under the final state of a station. Spec: specs/station.md §2.2.
const MIN_FINAL_SIGNATURES: usize = 3;

/// Takes a station file, and says so on the election ledger. Whether the book is final now.
///
/// # Errors
/// A rule, such as that of the signatures under the final state: the book is received and anchored all the same.
/// Its notes for the registrar go into the folder `notes`.
pub(crate) async fn receive(event: &Event, file: &StationFile, notes: &Path) -> Outcome<(Received, bool)> {
    let received = event.engine.receive_station(event.election, file).await?;
    let facts = event.election_facts()?;
    let Some(station) = facts.stations.get(&received.ledger) else {
        return Ok((received, false));
    };
    keep_notes(notes, &station.defined.station, file.guests())?;
    match &station.end {
        Some((_, BookEnd::Final { .. })) => return Ok((received, true)),
        Some((_, BookEnd::Lost(_))) => {
            return Err(Failure::refused(
                "the book of this station was declared lost; what is in it does not matter any more",
                "keep the file; the commission may have to explain",
            )
            .code("station.lost"));
        }
        None => {}
    }
    let size = Number::try_from(received.size).map_err(Failure::internal)?;
    let closed = match event.handle(&received.ledger)?.facts() {
        Facts::Station(facts) => facts.closed.clone(),
        _ => None,
    };
    // The anchor does not wait for signatures: what has come cannot be replaced by another history any more.
    if received.size > station.anchored {
        let anchored = ElectionEvent::StationAnchored(StationAnchored {
            ledger: received.ledger,
            size,
        });
        serve(event, anchored, received.ledger).await?;
    }
    match closed {
        Some((_, closed)) if file.signatures().len() >= MIN_FINAL_SIGNATURES => {
            let end = ElectionEvent::StationFinal(StationFinal {
                ledger: received.ledger,
                size,
                counts: closed.counts,
                signatures: file.signatures().to_vec(),
            });
            serve(event, end, received.ledger).await?;
            Ok((received, true))
        }
        _ => Ok((received, false)),
    }
}

/// Keeps the notes of a station, unopened. They only grow: those that a file brings join those that are here.
fn keep_notes(folder: &Path, station: &Name, notes: &[u8]) -> Outcome {
    if notes.is_empty() {
        return Ok(());
    }
    let path = folder.join(station.as_str());
    let here = if path.exists() {
        read_bounded(&path)?
    } else {
        Vec::new()
    };
    let all = union(&here, notes)?;
    if all == here {
        return Ok(());
    }
    make_folder(folder)?;
    write_file(&path, &all)
}

/// Answers a station: the registrar says whose credential it is, the box whether it has a ballot. The access is logged.
pub(crate) fn answer(event: &Event, book: &mut Book, line: &str) -> Outcome<Answer> {
    let question = hex::decode(line).map_err(|_| LookUpError::Form)?;
    let question = Question::parse(&question)?;
    let roll = event.roll_facts()?;
    let (district, holder) = roll
        .stations
        .list(&question.station)
        .and_then(|list| list.find(&question.person))
        .ok_or_else(|| {
            Failure::refused(
                "a station asks about somebody who is not on its list",
                "the station looks the person up again",
            )
            .code("station.look-up")
        })?;
    let ballot_box = event.box_of(Some(district))?;
    let person = book.find_by(
        question.person,
        "a station asks whether they have voted digitally",
    )?;
    let credential = person.and_then(|p| p.issued.as_ref().map(|i| i.public));
    if holder && credential.is_none() {
        // Without it nobody can say that there is no ballot.
        return Err(Failure::refused(
            "the vault does not have the credential of somebody who holds one",
            "put back the newest backup of the vault; until then this person gets no paper",
        )
        .code("station.look-up"));
    }
    Ok(event
        .engine
        .answer_look_up(question, ballot_box, credential.as_ref())?)
}

async fn serve(event: &Event, what: ElectionEvent, cites: LedgerId) -> Outcome {
    event
        .engine
        .act_as_service(event.election, Typed::Election(what), &[cites])
        .await?;
    Ok(())
}

/// Who has a digital ballot and a paper that counts, as the books are now: identifier and district. The ballot will be
/// excluded; whoever did not get that paper can still say so. The access is logged.
pub(crate) fn superseded(event: &Event, book: &mut Book) -> Outcome<Vec<(Zeroizing<String>, Name)>> {
    let people = book.all("notices to voters whose digital ballot is excluded")?;
    let (election, roll) = (event.election_facts()?, event.roll_facts()?);
    let reckoning = Reckoning::new(&election, u64::MAX, &roll.stations, event.engine.ledgers())
        .ok_or_else(|| Failure::internal("a final book that is not here"))?;
    let excluded = reckoning.excluded();
    let mut told = Vec::new();
    for person in people {
        let Some(issued) = &person.issued else { continue };
        if !excluded.contains(&book.pseudonyms.of(&person.identifier)) {
            continue;
        }
        let Some((district, ballot_box)) = event.boxes.iter().find(|(d, _)| *d == person.district) else {
            continue;
        };
        let voted = event.handle(ballot_box)?.with_head(|head| {
            head.state
                .as_box()
                .and_then(|b| b.latest(&issued.public))
                .is_some()
        });
        if voted {
            told.push((Zeroizing::new(person.identifier.clone()), district.clone()));
        }
    }
    Ok(told)
}

/// Opens and fixes the exclusions of every box, from the papers that count. Returns their numbers by district.
pub(crate) async fn exclude(event: &Event, book: &mut Book) -> Outcome<BTreeMap<Name, usize>> {
    let people = book.all("exclusions of those whose papers count")?;
    let by_pseudonym: HashMap<_, _> = people
        .iter()
        .filter_map(|p| Some((book.pseudonyms.of(&p.identifier), p.issued.as_ref()?)))
        .collect();
    let mut counts = BTreeMap::new();
    for (district, ballot_box) in &event.boxes {
        if event.box_facts(ballot_box)?.phase >= BoxPhase::Excluded {
            continue;
        }
        let election = event.election_facts()?;
        let roll = event.roll_facts()?;
        let missing = || {
            Failure::refused(
                "the book of a station is neither here nor declared lost",
                "`sijill station receive` its file; `sijill station lose` is for the commission",
            )
            .code("station.exclusions")
        };
        if !election.all_books_ended_within(u64::MAX) {
            return Err(missing());
        }
        let excluded = Reckoning::new(&election, u64::MAX, &roll.stations, event.engine.ledgers())
            .ok_or_else(missing)?
            .excluded();
        let mine = event.handle(&event.roll)?.with_head(|head| {
            let roll = head.state.as_roll();
            excluded
                .into_iter()
                .filter(|v| {
                    roll.is_some_and(|roll| {
                        roll.district_of(v) == Some(district) && roll.has_credential(v) == Some(true)
                    })
                })
                .collect::<Vec<_>>()
        });
        let openings = mine
            .iter()
            .map(|pseudonym| {
                let issued = by_pseudonym
                    .get(pseudonym)
                    .ok_or_else(|| Failure::internal("a credential that the registrar does not know"))?;
                Ok(Opening {
                    pseudonym: *pseudonym,
                    salt: issued.opening,
                    credential: issued.public,
                })
            })
            .collect::<Outcome<Vec<_>>>()?;
        let key = SigningKey::from_seed(&book.key.seed());
        if !roll.stations.opened.contains_key(ballot_box) {
            let opened = ExclusionsOpened {
                ledger: *ballot_box,
                openings: event.engine.put_content(&sijill_ledger::encode(&openings))?,
            };
            let opened = Typed::Roll(RollEvent::ExclusionsOpened(opened));
            event.act(&key, event.roll, opened, &[event.election]).await?;
        }
        let points = openings
            .iter()
            .map(|o| Point::from_bytes(&o.credential))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Failure::internal)?;
        let list = CredentialList::build(points).map_err(Failure::internal)?;
        let fixed = ExclusionsFixed {
            list: event.engine.put_content(list.json().as_bytes())?,
            count: openings.len() as u64,
        };
        let fixed = Typed::BallotBox(BoxEvent::ExclusionsFixed(fixed));
        event
            .act(&key, *ballot_box, fixed, &[event.election, event.roll])
            .await?;
        counts.insert(district.clone(), openings.len());
    }
    Ok(counts)
}
