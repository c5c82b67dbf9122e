//! Polling stations: what commission, registrar and service do at the centre, and officers on the station's machine.
//! Spec: specs/station.md.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sijill_ballot::{CredentialList, Point};
use sijill_engine::Engine;
use sijill_engine::copies::{Received, StationFile};
use sijill_engine::ledgers::LedgerHandle;
use sijill_engine::station_roll::{Line, StationRoll};
use sijill_ledger::{ContentRef, Genesis, KeyId, LedgerId, SigningKey};
use sijill_registers::ballot_box::Phase as BoxPhase;
use sijill_registers::ballot_box::events::{BoxEvent, ExclusionsFixed};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::BookEnd;
use sijill_registers::election::events::{ElectionEvent, StationAnchored, StationDefined, StationFinal};
use sijill_registers::names::Name;
use sijill_registers::register::Facts;
use sijill_registers::roll::commitments::ReasonContent;
use sijill_registers::roll::events::{
    ExclusionsOpened, Opening, PaperDecided, Pseudonym, RollEvent, VotersAssigned,
};
use sijill_registers::station::events::{Number, Signed, StationEvent, final_message};
use sijill_registers::station::{Reckoning, StationFacts};

use super::Event;
use crate::commands::public_key;
use crate::error::{Failure, Outcome};
use crate::registrar::{Book, Pseudonyms, salt};
use crate::roll_file;
use crate::site::{NewFile, make_folder, read_bounded, write_file, written_files};

/// Public keys of a station's machine, as `sijill station keys` writes them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MachineKeys {
    pub(crate) format: String,
    pub(crate) service: KeyId,
    pub(crate) ledger: KeyId,
}

/// Format of [`MachineKeys`].
pub(crate) const MACHINE_FORMAT: &str = "sijill-station-keys/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlansFile {
    station: Vec<PlanFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    id: Name,
    name: Bilingual,
    keys: PathBuf,
    districts: Vec<Name>,
    chair: String,
    members: Vec<String>,
    #[serde(default)]
    online: bool,
    #[serde(default)]
    queue_minutes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bilingual {
    en: String,
    ar: String,
}

/// A station as the commission plans it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) station: Name,
    pub(crate) service_key: KeyId,
    pub(crate) ledger_key: KeyId,
    pub(crate) chair: KeyId,
    pub(crate) members: Vec<KeyId>,
    name: (String, String),
    districts: Vec<Name>,
    online: bool,
    queue_ms: u64,
}

/// How a [`Plan`] is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPlan {
    station: Name,
    name_en: String,
    name_ar: String,
    districts: Vec<Name>,
    online: bool,
    queue_ms: u64,
    chair: KeyId,
    members: Vec<KeyId>,
    /// Hexadecimal.
    genesis: String,
}

/// Reads the stations file.
pub(crate) fn plans(path: &Path) -> Outcome<Vec<Plan>> {
    let bad = |problem: String| {
        Failure::refused(format!("{}: {problem}", path.display()), "mend the stations file")
            .code("station.file")
    };
    let text = String::from_utf8(read_bounded(path)?).map_err(|_| bad("not UTF-8".to_owned()))?;
    let file: PlansFile = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let base = path.parent().unwrap_or(Path::new("."));
    let mut all = Vec::new();
    for plan in file.station {
        let keys: MachineKeys = serde_json::from_slice(&read_bounded(&base.join(&plan.keys))?)
            .map_err(|e| bad(format!("the keys of station {}: {e}", plan.id)))?;
        if keys.format != MACHINE_FORMAT {
            return Err(bad(format!(
                "the keys of station {} are of another format",
                plan.id
            )));
        }
        let mut members = plan
            .members
            .iter()
            .map(|m| public_key(m))
            .collect::<Outcome<Vec<_>>>()?;
        members.sort();
        let mut districts = plan.districts;
        districts.sort();
        all.push(Plan {
            station: plan.id,
            service_key: keys.service,
            ledger_key: keys.ledger,
            chair: public_key(&plan.chair)?,
            members,
            name: (plan.name.en, plan.name.ar),
            districts,
            online: plan.online,
            queue_ms: u64::from(plan.queue_minutes) * 60_000,
        });
    }
    Ok(all)
}

impl Plan {
    /// Keeps it for what follows, with the first entry of its ledger.
    pub(crate) fn keep(&self, folder: &Path, genesis: &Genesis) -> Outcome {
        let kept = KeptPlan {
            station: self.station.clone(),
            name_en: self.name.0.clone(),
            name_ar: self.name.1.clone(),
            districts: self.districts.clone(),
            online: self.online,
            queue_ms: self.queue_ms,
            chair: self.chair,
            members: self.members.clone(),
            genesis: hex::encode(genesis.bytes()),
        };
        make_folder(folder)?;
        let bytes = serde_json::to_vec_pretty(&kept).map_err(Failure::internal)?;
        write_file(&folder.join(format!("{}.json", self.station)), &bytes)
    }
}

/// The plans that are kept of an event, with their genesis, by station id.
fn kept(folder: &Path) -> Outcome<Vec<(KeptPlan, Genesis)>> {
    let mut all = Vec::new();
    for path in written_files(folder)? {
        let bad = || {
            Failure::refused(format!("{} is damaged", path.display()), "restore the file")
                .code("station.file")
        };
        let plan: KeptPlan = serde_json::from_slice(&read_bounded(&path)?).map_err(|_| bad())?;
        let genesis = hex::decode(&plan.genesis).map_err(|_| bad())?;
        let genesis = Genesis::parse(&genesis).map_err(|_| bad())?;
        all.push((plan, genesis));
    }
    all.sort_by(|a, b| a.0.station.cmp(&b.0.station));
    Ok(all)
}

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
        let roll = StationRoll::new(genesis.id(), lines)?;
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
pub(crate) async fn receive(event: &Event, file: &StationFile) -> Outcome<(Received, bool)> {
    let received = event.engine.receive_station(event.election, file).await?;
    let facts = event.election_facts()?;
    let Some(station) = facts.stations.get(&received.ledger) else {
        return Ok((received, false));
    };
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

async fn serve(event: &Event, what: ElectionEvent, cites: LedgerId) -> Outcome {
    event
        .engine
        .act_as_service(event.election, Typed::Election(what), &[cites])
        .await?;
    Ok(())
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

/// The station whose machine this is.
pub(crate) struct Machine {
    engine: Arc<Engine>,
    pub(crate) ledger: LedgerId,
    pub(crate) election: LedgerId,
}

impl Machine {
    /// Finds it.
    pub(crate) fn open(engine: Arc<Engine>) -> Outcome<Self> {
        let found = engine.ledgers().all().into_iter().find_map(|handle| {
            let Facts::Station(facts) = handle.facts() else {
                return None;
            };
            (!engine.is_copy(&handle.ledger())).then(|| (handle.ledger(), facts.parent))
        });
        let (ledger, election) = found.ok_or_else(|| {
            Failure::refused(
                "this installation is not the machine of a polling station",
                "`sijill station set-up` makes it one",
            )
            .code("station.unknown")
        })?;
        Ok(Self {
            engine,
            ledger,
            election,
        })
    }

    pub(crate) fn handle(&self) -> Outcome<Arc<LedgerHandle>> {
        let handle = self.engine.ledgers().find(&self.ledger);
        handle.ok_or_else(|| Failure::internal("a station without its ledger"))
    }

    pub(crate) fn facts(&self) -> Outcome<Arc<StationFacts>> {
        match self.handle()?.facts() {
            Facts::Station(facts) => Ok(facts),
            _ => Err(Failure::internal("a station that is none")),
        }
    }

    /// An officer acts. Returns the position.
    pub(crate) async fn act(&self, key: &SigningKey, event: StationEvent) -> Outcome<u64> {
        let cites: &[LedgerId] = match event {
            StationEvent::StationOpened(_) => &[self.election],
            _ => &[],
        };
        let done = self
            .engine
            .act(key, self.ledger, &Typed::Station(event), cites)
            .await?;
        Ok(done.seq.as_u64())
    }

    /// What an officer signs at the end.
    pub(crate) fn sign_final(&self, key: &SigningKey) -> Outcome<Signed> {
        if self.facts()?.closed.is_none() {
            return Err(Failure::refused(
                "the station is not closed yet",
                "`sijill station close` first; then the chair and two members sign",
            )
            .code("station.final"));
        }
        let cited = self.handle()?.cite();
        let message = final_message(self.ledger, cited.size, cited.root.as_bytes());
        Ok(Signed {
            key: key.key_id(),
            signature: key.sign(&message),
        })
    }
}

/// A commitment to a guest. Spec: specs/events.md §6.
pub(crate) fn guest_commitment(salt: &[u8; 32], identifier: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"sijill/guest/v1\n");
    hasher.update(salt);
    hasher.update(identifier.as_bytes());
    hasher.finalize().into()
}
