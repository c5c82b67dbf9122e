//! Papers that need a decision at the centre: disputed, provisional, or in an envelope of a guest. Spec: specs/station.md §7.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sijill_engine::station_notes::{About, NotesSecret, guest_commitment};
use sijill_ledger::{LedgerId, SigningKey};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::names::Name;
use sijill_registers::roll::commitments::ReasonContent;
use sijill_registers::roll::events::{PaperDecided, PaperDisputed, Pseudonym, RollEvent};
use sijill_registers::station::Reckoning;
use sijill_registers::station::events::Number;
use zeroize::Zeroizing;

use super::super::Event;
use crate::error::{Failure, Outcome};
use crate::registrar::{Pseudonyms, salt};
use crate::render::tell;
use crate::site::{NewFile, read_bounded};

const GUESTS_FORMAT: &str = "sijill-guests/1";

/// Who the guests of all stations are, for the commission: pseudonyms alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuestList {
    format: String,
    election: String,
    pub(crate) guests: Vec<Guest>,
}

/// A guest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Guest {
    pub(crate) station: Name,
    /// Position of the check-in.
    pub(crate) check_in: u64,
    /// Position of their paper.
    pub(crate) paper: Option<u64>,
    pub(crate) envelope: Option<u64>,
    /// Hexadecimal; none for who is not on the roll, or of whom no note came.
    pub(crate) person: Option<String>,
    pub(crate) district: Option<Name>,
}

impl GuestList {
    /// Reads the list that the registrar wrote for this event.
    pub(crate) fn read(path: &Path, event: &Event) -> Outcome<Self> {
        let bad = |problem: &str| {
            Failure::refused(
                format!("{}: {problem}", path.display()),
                "the registrar writes it anew with `sijill station guests`",
            )
            .code("station.guests")
        };
        let list: Self =
            serde_json::from_slice(&read_bounded(path)?).map_err(|_| bad("no list of guests"))?;
        if list.format != GUESTS_FORMAT {
            return Err(bad("a list of another version"));
        }
        if list.election != event.election.to_string() {
            return Err(bad("the guests of another event"));
        }
        Ok(list)
    }

    /// Who the guest with this paper is.
    pub(crate) fn person(&self, station: &Name, paper: u64) -> Outcome<Pseudonym> {
        let mut guests = self.guests.iter();
        let found = guests.find(|g| g.station == *station && g.paper == Some(paper));
        let person = found.and_then(|g| g.person.as_deref());
        let person = person.ok_or_else(|| {
            Failure::refused(
                "the list of guests names nobody of the roll for this paper: the envelope cannot count",
                "decide does-not-count, or let the registrar look at what the station wrote down",
            )
            .code("station.guests")
        })?;
        pseudonym(person)
    }
}

/// A pseudonym as people copy it.
pub(crate) fn pseudonym(text: &str) -> Outcome<Pseudonym> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| {
        Failure::usage("a pseudonym has 64 hexadecimal digits", "copy it whole").code("person.pseudonym")
    })?;
    Ok(Pseudonym(bytes))
}

/// Opens the notes of every station that has any, and finds the guests on the roll. Returns the list, and for the registrar
/// alone each guest's identifier where it is known.
pub(crate) fn guests(
    event: &Event,
    notes: &Path,
    secret: &NotesSecret,
    pseudonyms: &Pseudonyms,
) -> Outcome<(GuestList, Vec<Option<Zeroizing<String>>>)> {
    let mut guests = Vec::new();
    let mut identifiers = Vec::new();
    let election = event.election_facts()?;
    for station in election.stations.values() {
        let ledger = station.defined.ledger;
        let Some(handle) = event.engine.ledgers().find(&ledger) else {
            continue;
        };
        let path = notes.join(station.defined.station.as_str());
        let sealed = if path.exists() {
            read_bounded(&path)?
        } else {
            Vec::new()
        };
        let (opened, refused) = secret.open(ledger, &sealed)?;
        if !refused.is_empty() {
            tell!(
                "warning: {} notes of station {} do not open: sealed for another key or station, or altered on the way",
                refused.len(),
                station.defined.station
            );
        }
        let known: HashMap<[u8; 32], Zeroizing<String>> = opened
            .into_iter()
            .filter(|note| note.about == About::Guest)
            .filter_map(|note| {
                let identifier = Zeroizing::new(String::from_utf8(note.content.clone()).ok()?);
                Some((guest_commitment(&note.salt, &identifier), identifier))
            })
            .collect();
        let found = handle.with_head(|head| {
            let book = head.state.as_station().map(|s| s.book());
            let check_ins = book.into_iter().flat_map(|b| b.check_ins().map(move |c| (b, c)));
            check_ins
                .filter(|(_, (_, c))| !c.listed)
                .map(|(book, (position, c))| {
                    let paper = c.papers.last().copied();
                    let envelope = paper.and_then(|p| book.paper(p)?.envelope);
                    (position, c.person, paper, envelope)
                })
                .collect::<Vec<_>>()
        });
        for (check_in, commitment, paper, envelope) in found {
            let identifier = known.get(&commitment).cloned();
            let person = identifier.as_ref().map(|i| pseudonyms.of(i));
            let district = event.handle(&event.roll)?.with_head(|head| {
                let roll = head.state.as_roll()?;
                roll.district_of(&person?).cloned()
            });
            guests.push(Guest {
                station: station.defined.station.clone(),
                check_in,
                paper,
                envelope,
                person: person.filter(|_| district.is_some()).map(|p| hex::encode(p.0)),
                district,
            });
            identifiers.push(identifier);
        }
    }
    let list = GuestList {
        format: GUESTS_FORMAT.to_owned(),
        election: event.election.to_string(),
        guests,
    };
    Ok((list, identifiers))
}

/// A paper that needs a decision.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PaperToDecide {
    pub(crate) station: Name,
    pub(crate) paper: u64,
    pub(crate) envelope: Option<u64>,
    /// Disputed, or recorded by an officer who was revoked.
    pub(crate) contested: bool,
    pub(crate) disputed: bool,
}

fn missing_book() -> Failure {
    Failure::refused(
        "the book of a station that is final is not here",
        "`sijill station receive` its file",
    )
    .code("station.exclusions")
}

/// The papers that the commission must decide about, of the stations that are final.
pub(crate) fn open_papers(event: &Event) -> Outcome<Vec<PaperToDecide>> {
    let (election, roll) = (event.election_facts()?, event.roll_facts()?);
    let reckoning = Reckoning::new(&election, u64::MAX, &roll.stations, event.engine.ledgers())
        .ok_or_else(missing_book)?;
    let open = reckoning.open().into_iter().filter_map(|(ledger, paper)| {
        let station = election.stations.get(&ledger)?.defined.station.clone();
        let book = reckoning.book(&ledger)?;
        let issued = book.paper(paper)?;
        Some(PaperToDecide {
            station,
            paper,
            envelope: issued.envelope,
            contested: reckoning.is_contested(&ledger, issued.check_in, book.check_in(issued.check_in)?),
            disputed: reckoning.is_disputed(&ledger, paper),
        })
    });
    Ok(open.collect())
}

/// Somebody whom the registrar knows says that they did not get the paper that was issued in their name. The opening of the
/// commitment to what they say goes into `opening`. Returns station and paper.
pub(crate) async fn dispute(
    event: &Event,
    registrar: &SigningKey,
    person: Pseudonym,
    (statement, opening): (&str, NewFile),
) -> Outcome<(Name, u64)> {
    if statement.trim().is_empty() || statement.len() > 10_000 {
        return Err(Failure::usage(
            "a statement has 1 to 10000 bytes",
            "say what happened with --statement",
        )
        .code("station.reason"));
    }
    let (election, roll) = (event.election_facts()?, event.roll_facts()?);
    let reckoning = Reckoning::new(&election, u64::MAX, &roll.stations, event.engine.ledgers())
        .ok_or_else(missing_book)?;
    let found = election.stations.iter().find_map(|(ledger, station)| {
        let book = reckoning.book(ledger)?;
        let paper = book.paper_of(book.find(&person.0)?)?;
        Some((*ledger, station.defined.station.clone(), paper))
    });
    let (ledger, station, paper) = found.ok_or_else(|| {
        Failure::refused(
            "no station whose book is final has a paper of this person",
            "`sijill station status` shows whose book is still missing",
        )
        .code("station.paper")
    })?;
    let content = ReasonContent {
        roll: event.roll,
        pseudonym: person,
        event: "PaperDisputed",
        text: statement,
    };
    let salt = salt();
    let opening = opening.write_ahead(&[&salt[..], &content.to_json()].concat())?;
    let disputed = PaperDisputed {
        station: ledger,
        paper: Number::try_from(paper).map_err(Failure::internal)?,
        statement: content.commit(&salt),
    };
    let disputed = Typed::Roll(RollEvent::PaperDisputed(disputed));
    let done = event
        .act(registrar, event.roll, disputed, &[event.election])
        .await;
    opening.settle(done)?;
    Ok((station, paper))
}

/// Decides about a paper. The opening of the commitment to the reason goes into `opening`: 32 random bytes, then the
/// document.
pub(crate) async fn decide(
    event: &Event,
    commission: &SigningKey,
    (station, paper): (LedgerId, u64),
    (decision, person): (u8, Option<Pseudonym>),
    (reason, opening): (&str, NewFile),
) -> Outcome {
    if reason.trim().is_empty() || reason.len() > 10_000 {
        return Err(
            Failure::usage("a reason has 1 to 10000 bytes", "say why with --reason").code("station.reason"),
        );
    }
    let about = event.handle(&station)?.with_head(|head| {
        let book = head.state.as_station()?.book();
        let check_in = book.check_in(book.paper(paper)?.check_in)?;
        Some(Pseudonym(check_in.person))
    });
    let about = about.ok_or_else(|| {
        Failure::refused(
            "this station has no such paper",
            "a paper is named by its position",
        )
        .code("station.paper")
    })?;
    let content = ReasonContent {
        roll: event.roll,
        pseudonym: person.unwrap_or(about),
        event: "PaperDecided",
        text: reason,
    };
    let paper = Number::try_from(paper).map_err(Failure::internal)?;
    let salt = salt();
    // The opening first: a commitment that nobody can open would be worth nothing.
    let opening = opening.write_ahead(&[&salt[..], &content.to_json()].concat())?;
    let decided = PaperDecided {
        station,
        paper,
        decision,
        person,
        reason: content.commit(&salt),
    };
    let decided = Typed::Roll(RollEvent::PaperDecided(decided));
    let done = event
        .act(commission, event.roll, decided, &[event.election])
        .await;
    opening.settle(done).map(|_| ())
}
