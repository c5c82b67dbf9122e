//! Who votes where: lists of voters on the roll, kits, definitions. Spec: specs/station.md §1.3, §3.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use sijill_engine::station_notes::NotesKey;
use sijill_engine::station_roll::{Line, StationRoll};
use sijill_ledger::{ContentRef, LedgerId, SigningKey};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::events::{ElectionEvent, StationDefined};
use sijill_registers::names::Name;
use sijill_registers::roll::events::{RollEvent, VotersAssigned};
use sijill_registers::station::events::Number;

use super::super::Event;
use super::plan::kept;
use crate::error::{Failure, Outcome};
use crate::registrar::Pseudonyms;
use crate::roll_file;

/// A list of who votes where: first line `identifier,station`. Nobody is at two stations. A line without an identifier
/// states that its station has no voters.
pub(crate) fn assignments(bytes: &[u8]) -> Outcome<BTreeMap<Name, Vec<String>>> {
    let bad = |line: usize, problem: &str| {
        Failure::refused(
            format!("line {line} of the list {problem}"),
            "mend the list; nothing was written",
        )
        .code("station.list")
    };
    let mut reader = csv::Reader::from_reader(bytes);
    let headers = reader.headers().map_err(|_| bad(1, "cannot be read"))?;
    if headers != vec!["identifier", "station"] {
        return Err(bad(1, "must be `identifier,station`"));
    }
    let mut stations: BTreeMap<Name, Vec<String>> = BTreeMap::new();
    let mut empty = BTreeMap::new();
    let mut seen = HashSet::new();
    for (i, record) in reader.records().enumerate() {
        let line = i + 2;
        let record = record.map_err(|_| bad(line, "cannot be read"))?;
        let station: Name = record[1].parse().map_err(|_| bad(line, "names no station"))?;
        if record[0].trim().is_empty() {
            empty.insert(station, line);
            continue;
        }
        let identifier = roll_file::identifier(&record[0]).map_err(|problem| bad(line, &problem))?;
        if !seen.insert(identifier.clone()) {
            return Err(bad(line, "names a person for the second time"));
        }
        stations.entry(station).or_default().push(identifier);
    }
    for (station, line) in empty {
        if stations.insert(station, Vec::new()).is_some() {
            return Err(bad(
                line,
                "says that its station has no voters, and another line names one",
            ));
        }
    }
    Ok(stations)
}

/// What is made for the machine of one station.
pub(crate) struct Kit {
    pub(crate) station: Name,
    ledger: LedgerId,
    pub(crate) genesis: Vec<u8>,
    pub(crate) list: Vec<u8>,
    pub(crate) pack: Vec<u8>,
    pub(crate) roll: StationRoll,
}

/// The kits of all stations, checked against the event, before anything is written: the list names every station that is
/// planned and no other, everybody in it is on the roll, and what was assigned before is the same.
pub(crate) fn kits(
    event: &Event,
    folder: &Path,
    mut lists: BTreeMap<Name, Vec<String>>,
    pseudonyms: &Pseudonyms,
    notes: NotesKey,
) -> Outcome<Vec<Kit>> {
    const HELP: &str = "mend the list; nothing was written";
    let wrong = |problem: String, help: &str| Failure::refused(problem, help).code("station.list");
    let kept = kept(folder)?;
    if let Some(unknown) = lists
        .keys()
        .find(|name| kept.iter().all(|k| k.0.station != **name))
    {
        return Err(wrong(
            format!("the list names a station `{unknown}` that this event does not have"),
            HELP,
        ));
    }
    let facts = event.roll_facts()?;
    let mut kits = Vec::new();
    for (plan, genesis) in kept {
        let voters = lists.remove(&plan.station).ok_or_else(|| {
            wrong(
                format!("the list has nobody for station {}", plan.station),
                "mend the list; if that station has no voters, say so by a line `,STATION`. Nothing was written",
            )
        })?;
        let lines = event.handle(&event.roll)?.with_head(|head| {
            let roll = head
                .state
                .as_roll()
                .ok_or_else(|| Failure::internal("a roll that is none"))?;
            voters
                .into_iter()
                .map(|identifier| {
                    let pseudonym = pseudonyms.of(&identifier);
                    let district = roll
                        .district_of(&pseudonym)
                        .cloned()
                        .ok_or_else(|| wrong("a person of the list is not on the roll".to_owned(), HELP))?;
                    Ok(Line {
                        identifier,
                        pseudonym,
                        district,
                        holder: roll.has_credential(&pseudonym) == Some(true),
                    })
                })
                .collect::<Outcome<Vec<_>>>()
        })?;
        if let Some(line) = lines.iter().find(|l| !plan.districts.contains(&l.district)) {
            return Err(wrong(
                format!(
                    "the list has a person of district {} at station {}, which does not serve it",
                    line.district, plan.station
                ),
                HELP,
            ));
        }
        let roll = StationRoll::new(genesis.id(), notes, lines, &mut rand::rng())?;
        let list = roll.list()?.to_bytes();
        let content = ContentRef::of(&list).map_err(|e| wrong(e.to_string(), HELP))?;
        let assigned = facts.assigned.get(&genesis.id());
        if assigned.is_some_and(|assigned| assigned.voters != content) {
            return Err(wrong(
                format!("station {} has another list of voters on the roll", plan.station),
                "give the list that was assigned; it cannot be changed any more. Nothing was written",
            ));
        }
        let rules = facts
            .station_rules
            .as_ref()
            .ok_or_else(|| Failure::internal("a roll without rules"))?;
        let pack = event
            .engine
            .contents()
            .load(&rules.pack)
            .map_err(Failure::internal)?;
        kits.push(Kit {
            station: plan.station,
            ledger: genesis.id(),
            genesis: genesis.bytes().to_vec(),
            list,
            pack: pack.to_vec(),
            roll,
        });
    }
    Ok(kits)
}

/// Assigns the lists of voters on the roll, where that is missing.
pub(crate) async fn assign(event: &Event, kits: &[Kit], registrar: &SigningKey) -> Outcome {
    for kit in kits {
        if event.roll_facts()?.assigned.contains_key(&kit.ledger) {
            continue;
        }
        let assigned = VotersAssigned {
            station: kit.ledger,
            voters: event.engine.put_content(&kit.list)?,
        };
        let assigned = Typed::Roll(RollEvent::VotersAssigned(assigned));
        event.act(registrar, event.roll, assigned, &[]).await?;
    }
    Ok(())
}

/// Defines every station that is not defined yet. Returns how many.
pub(crate) async fn define(event: &Event, folder: &Path, commission: &SigningKey) -> Outcome<usize> {
    let mut defined = 0;
    for (plan, genesis) in kept(folder)? {
        if event.election_facts()?.stations.contains_key(&genesis.id()) {
            continue;
        }
        let roll = event.roll_facts()?;
        let (Some(assigned), Some(rules)) = (roll.assigned.get(&genesis.id()), &roll.station_rules) else {
            return Err(Failure::refused(
                format!("station {} has no list of voters on the roll yet", plan.station),
                "the registrar runs `sijill station assign` first",
            )
            .code("station.list"));
        };
        let number = |n: u64| Number::try_from(n).map_err(Failure::internal);
        let station = StationDefined {
            station: plan.station,
            name_en: plan.name_en,
            name_ar: plan.name_ar,
            ledger: genesis.id(),
            districts: plan.districts,
            online: plan.online,
            queue_ms: number(plan.queue_ms)?,
            pack: *rules.pack.sha256.as_bytes(),
            voters: *assigned.voters.sha256.as_bytes(),
            count: number(assigned.count)?,
            chair: plan.chair,
            members: plan.members,
        };
        let station = Typed::Election(ElectionEvent::StationDefined(station));
        event
            .act(commission, event.election, station, &[event.roll])
            .await?;
        defined += 1;
    }
    Ok(defined)
}
