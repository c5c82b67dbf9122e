//! The polling stations of the council election: each on a machine of its own, one of them off line for an hour, in which
//! somebody gets a paper there and votes digitally as well.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use sijill_engine::clock::RehearsalClock;
use sijill_engine::keyfile::{KdfCost, KeyFile, Passphrase, SigningKind};
use sijill_engine::station_notes::{NoteBook, NotesSecret};
use sijill_engine::station_roll::StationRoll;
use sijill_ledger::{Genesis, SigningKey, UnixMillis};
use sijill_registers::names::Name;
use sijill_registers::station::events::{Number, Signed, StationClosed, StationEvent, StationOpened};

use super::people::People;
use super::voters::{Electorate, PaperVoter};
use crate::acts::station::{self as acts, Arrival, Desk, Issue, Machine, MachineKeys, NOTES, Plan, Returned};
use crate::acts::{Event, publishing};
use crate::error::{Failure, Outcome};
use crate::registrar::Pseudonyms;
use crate::render::{moment, say};
use crate::site::{Clocks, Keys, NewSite, OpenSite, Site, make_folder};
use crate::stores::Held;

const HOUR_MS: u64 = 3_600_000;
/// Between a paper and a digital ballot of the same voter, while their station is off line.
const BEFORE_BALLOT_MS: u64 = 5 * 60_000;
/// Blank papers that a station receives.
const PAPERS: u64 = 100;
const OFFICERS: usize = 3;

/// A station as the demonstration plans it.
pub(super) struct Built {
    pub(super) id: &'static str,
    pub(super) name: (&'static str, &'static str),
    pub(super) districts: &'static [&'static str],
}

/// The stations of the council election. The second one loses its line for an hour.
pub(super) const COUNCIL: [Built; 2] = [
    Built {
        id: "harbour",
        name: ("Harbour school", "مدرسة الميناء"),
        districts: &["islands", "lighthouse"],
    },
    Built {
        id: "souq",
        name: ("Souq library", "مكتبة السوق"),
        districts: &["old-souq", "palm-grove"],
    },
];
/// Which of them is off line for an hour.
const OFF_LINE: usize = 1;

/// A station on its machine.
struct Station {
    built: &'static Built,
    name: Name,
    site: Site,
    open: OpenSite,
    officers: Vec<SigningKey>,
    desk: Option<Desk>,
}

/// All of them.
pub(super) struct Stations {
    all: Vec<Station>,
    agenda: Vec<Call>,
    done: usize,
    brought: u32,
    /// From when the second one is off line.
    off_line_ms: u64,
    /// Voters who got a paper and voted digitally.
    conflicts: u64,
}

/// Something that happens at a station.
struct Call {
    at_ms: u64,
    station: usize,
    what: What,
}

enum What {
    /// The line is up for a moment: the book so far goes to the centre.
    Sync,
    /// Somebody comes.
    Voter {
        identifier: String,
        guest: bool,
        spoils: bool,
    },
}

impl Stations {
    /// Makes the machines and the officers' keys.
    pub(super) async fn make(
        dir: &Path,
        people: &Path,
        passphrase: &Passphrase,
        clock: &Arc<RehearsalClock>,
        held: &Held,
    ) -> Outcome<Self> {
        let mut all = Vec::new();
        for built in &COUNCIL {
            let new = NewSite {
                origin: format!("{}.demo.sijill.example", built.id)
                    .parse()
                    .map_err(Failure::internal)?,
                checkpoints: None,
                store: None,
                content: None,
                node: None,
            };
            let site = Site::create(&dir.join(built.id), new, &Keys::New(passphrase))?;
            let open = site
                .start(Clocks::Rehearsal(Arc::clone(clock)), passphrase, held)
                .await?;
            let folder = people.join(format!("station-{}", built.id));
            make_folder(&folder)?;
            let officers = (1..=OFFICERS)
                .map(|n| {
                    let key = SigningKey::generate(&mut rand::rng());
                    KeyFile::seal_signing_key(
                        SigningKind::Author,
                        &format!("officer {n} of {}", built.id),
                        &key,
                        passphrase,
                        KdfCost::standard(),
                        &mut rand::rng(),
                    )?
                    .create(&folder.join(format!("officer-{n}.key")))?;
                    Ok(key)
                })
                .collect::<Outcome<Vec<_>>>()?;
            all.push(Station {
                built,
                name: built.id.parse().map_err(Failure::internal)?,
                site,
                open,
                officers,
                desk: None,
            });
        }
        Ok(Self {
            all,
            agenda: Vec::new(),
            done: 0,
            brought: 0,
            off_line_ms: 0,
            conflicts: 0,
        })
    }

    /// What the commission plans.
    pub(super) fn plans(&self) -> Outcome<Vec<Plan>> {
        let plan = |station: &Station| {
            let (service, ledger) = station.open.engine.key_ids();
            let districts = station.built.districts.iter().map(|d| d.parse());
            Plan::new(
                station.name.clone(),
                station.built.name,
                &MachineKeys {
                    format: acts::MACHINE_FORMAT.to_owned(),
                    service,
                    ledger,
                },
                districts.collect::<Result<_, _>>().map_err(Failure::internal)?,
                &station
                    .officers
                    .iter()
                    .map(SigningKey::key_id)
                    .collect::<Vec<_>>(),
            )
        };
        self.all.iter().map(plan).collect()
    }

    /// The registrar assigns everybody of a station's districts to it; the commission defines the stations.
    pub(super) async fn assign(
        &mut self,
        event: &Event,
        site: &Site,
        people: &People,
        electorate: &Electorate,
    ) -> Outcome {
        let mut lists: BTreeMap<Name, Vec<String>> = BTreeMap::new();
        for station in &self.all {
            lists.insert(
                station.name.clone(),
                electorate.of_districts(station.built.districts),
            );
        }
        let pseudonyms = Pseudonyms::new(&people.secret, event.roll)?;
        let notes = NotesSecret::new(&people.secret, event.roll).public();
        let folder = site.stations(&event.election);
        let kits = acts::kits(event, &folder, lists, &pseudonyms, notes)?;
        acts::assign(event, &kits, &people.registrar).await?;
        acts::define(event, &folder, &people.commission).await?;
        for kit in kits {
            let station = self.all.iter_mut().find(|s| s.name == kit.station);
            let station = station.ok_or_else(|| Failure::internal("a kit of no station"))?;
            station.set_up(kit).await?;
        }
        Ok(())
    }

    /// Every machine gets the public ledger, and its officers come on duty and open it.
    pub(super) async fn open(&mut self, event: &Event, site: &Site) -> Outcome {
        publishing::publish_public(event, site).await?;
        for station in &self.all {
            station
                .open
                .engine
                .take_election(event.election, &site.published())
                .await?;
            station.begin(event).await?;
        }
        Ok(())
    }

    /// When everybody who votes on paper comes, and when each station has a line.
    pub(super) fn plan_the_day(&mut self, event: &Event, electorate: &Electorate) -> Outcome {
        let (opens, closes) = (event.manifest.opens_ms, event.manifest.closes_ms);
        let stations: HashMap<&str, usize> = self
            .all
            .iter()
            .enumerate()
            .flat_map(|(i, s)| s.built.districts.iter().map(move |d| (*d, i)))
            .collect();
        let mut coming: Vec<(usize, PaperVoter)> = Vec::new();
        for voter in electorate.paper_voters(event) {
            let station = stations.get(voter.district.as_str());
            let station = *station.ok_or_else(|| Failure::internal("a voter of no station"))?;
            coming.push((station, voter));
        }
        let middle = opens + (closes - opens) / 2;
        // In the hour without a line somebody gets a paper there, and then votes digitally.
        let in_the_day =
            |v: &PaperVoter| (opens + HOUR_MS..closes - HOUR_MS).contains(&v.ballot_ms.unwrap_or(0));
        let meets = coming
            .iter()
            .position(|(station, v)| *station == OFF_LINE && in_the_day(v));
        let meets_at = meets.and_then(|i| coming[i].1.ballot_ms);
        self.off_line_ms = meets_at.map_or(middle, |at| at - HOUR_MS / 2);
        if let Some(i) = meets {
            coming[i].1.at_ms = coming[i].1.ballot_ms.unwrap_or(middle) - BEFORE_BALLOT_MS;
        }
        // One voter of the second station comes to the first one, and gets an envelope.
        let guest = coming
            .iter()
            .position(|(station, v)| *station == OFF_LINE && v.ballot_ms.is_none() && !v.spoils);
        self.conflicts = coming.iter().filter(|(_, v)| v.ballot_ms.is_some()).count() as u64;
        for (i, (home, voter)) in coming.into_iter().enumerate() {
            let guest = Some(i) == guest;
            self.agenda.push(Call {
                at_ms: voter.at_ms,
                station: if guest { 1 - OFF_LINE } else { home },
                what: What::Voter {
                    identifier: voter.identifier,
                    guest,
                    spoils: voter.spoils,
                },
            });
        }
        for (station, at_ms) in [
            (1 - OFF_LINE, middle),
            (OFF_LINE, self.off_line_ms - 1),
            (OFF_LINE, self.off_line_ms + HOUR_MS),
        ] {
            let what = What::Sync;
            self.agenda.push(Call { at_ms, station, what });
        }
        self.agenda.sort_by_key(|call| call.at_ms);
        Ok(())
    }

    /// Everything that happens at the stations until then.
    pub(super) async fn until(
        &mut self,
        event: &Event,
        notes: &Path,
        clock: &RehearsalClock,
        ms: u64,
    ) -> Outcome {
        while let Some(call) = self.agenda.get(self.done).filter(|call| call.at_ms <= ms) {
            clock.set(UnixMillis::clamped(call.at_ms));
            let station = &mut self.all[call.station];
            match &call.what {
                What::Sync => {
                    let file = station.file(Vec::new()).await?;
                    acts::receive(event, &file, notes).await?;
                    self.brought += 1;
                }
                What::Voter {
                    identifier,
                    guest,
                    spoils,
                } => station.serve(identifier, *guest, *spoils).await?,
            }
            self.done += 1;
        }
        Ok(())
    }

    /// Closing protocols, signatures, and the books on their way to the centre.
    pub(super) async fn close(&mut self, event: &Event, notes: &Path) -> Outcome {
        for station in &mut self.all {
            let file = station.close().await?;
            acts::receive(event, &file, notes).await?;
            self.brought += 1;
        }
        let zone = &event.manifest.time_zone;
        say!(
            "   Two stations: their books came to the centre {} times. {} was off line from {}, for an hour.",
            self.brought,
            self.all[OFF_LINE].name,
            moment(self.off_line_ms, zone)
        );
        say!(
            "   {} voters have a paper and a digital ballot: the paper counts, and the digital ballot is excluded.",
            self.conflicts
        );
        Ok(())
    }

    /// The registrar says who came as a guest, the commission admits the envelopes.
    pub(super) async fn decide(
        &self,
        event: &Event,
        notes: &Path,
        people: &People,
        openings: &Path,
    ) -> Outcome {
        let secret = NotesSecret::new(&people.secret, event.roll);
        let pseudonyms = Pseudonyms::new(&people.secret, event.roll)?;
        let (list, _) = acts::guests(event, notes, &secret, &pseudonyms)?;
        make_folder(openings)?;
        for paper in acts::open_papers(event)? {
            let person = list.person(&paper.station, paper.paper)?;
            let ledger = acts::ledger_of(event, &paper.station)?;
            let opening = openings.join(format!("{}-{}", paper.station, paper.paper));
            let why = (
                "The guest's document was seen",
                crate::site::NewFile::take(&opening)?,
            );
            acts::decide(
                event,
                &people.commission,
                (ledger, paper.paper),
                (1, Some(person)),
                why,
            )
            .await?;
            say!("   {}: the envelope of a guest is admitted.", paper.station);
        }
        Ok(())
    }

    /// The papers are counted by hand. In one district a voter has taken the paper along: its return does not add up.
    pub(super) async fn count(&self, event: &Event, people: &People, electorate: &Electorate) -> Outcome {
        let mut lacks_one = true;
        for station in &self.all {
            for district in station.built.districts {
                let district: Name = district.parse().map_err(Failure::internal)?;
                let ballot_box = event.box_of(Some(&district))?;
                let counted = electorate.paper_return(event, &ballot_box)?;
                let mut returned = Returned {
                    station: station.name.clone(),
                    district: district.clone(),
                    issued: None,
                    valid: counted.valid,
                    invalid: counted.invalid,
                    spoilt: counted.spoilt,
                    counts: counted.counts,
                };
                let lacks = lacks_one && returned.invalid > 0;
                if lacks {
                    lacks_one = false;
                    returned.invalid -= 1;
                    let refused = acts::return_papers(event, &people.commission, &returned, false).await;
                    if refused.is_ok() {
                        return Err(Failure::internal(
                            "a return that does not add up was taken unseen",
                        ));
                    }
                }
                let differs = acts::return_papers(event, &people.commission, &returned, lacks).await?;
                if differs {
                    say!(
                        "   {}, {district}: one paper is missing in the urn; resolved by the commission.",
                        station.name
                    );
                    let which = (&station.name, Some(&district));
                    let reason = "One voter left with the paper; two officers saw it and wrote it down";
                    acts::resolve(event, &people.commission, which, reason).await?;
                }
            }
        }
        let (_, waiting) = acts::totals(event, &people.commission).await?;
        if waiting.is_empty() {
            Ok(())
        } else {
            Err(Failure::internal(
                "a district without the returns of its stations",
            ))
        }
    }
}

impl Station {
    async fn set_up(&mut self, kit: acts::Kit) -> Outcome {
        let genesis = Genesis::parse(&kit.genesis).map_err(Failure::internal)?;
        let engine = &self.open.engine;
        engine.create_ledger(genesis).await?;
        engine.put_content(&kit.list)?;
        engine.put_content(&kit.pack)?;
        make_folder(&self.site.station())?;
        self.take_roll(kit.roll)
    }

    fn take_roll(&mut self, roll: StationRoll) -> Outcome {
        let machine = Machine::open(Arc::clone(&self.open.engine))?;
        self.desk = Some(Desk::new(machine, roll, &self.site.station()));
        Ok(())
    }

    fn desk(&self) -> Outcome<&Desk> {
        self.desk
            .as_ref()
            .ok_or_else(|| Failure::internal("a station without its roll"))
    }

    async fn begin(&self, event: &Event) -> Outcome {
        let desk = self.desk()?;
        for officer in &self.officers {
            desk.machine.act(officer, StationEvent::DutyBegun).await?;
        }
        let defined = event.election_facts()?;
        let defined = defined
            .stations
            .get(&desk.machine.ledger)
            .ok_or_else(|| Failure::internal("a station that is not defined"))?;
        let engine = &self.open.engine;
        let adopted = event.roll_facts()?;
        let rules = adopted
            .station_rules
            .as_ref()
            .ok_or_else(|| Failure::internal("a roll without rules"))?;
        if rules.pack.sha256.as_bytes() != &defined.defined.pack {
            return Err(Failure::internal("a station under other rules"));
        }
        let opened = StationOpened {
            voters: engine.put_content(&desk.roll.list()?.to_bytes())?,
            pack: rules.pack,
            papers: number(PAPERS)?,
            seal: format!("seal-{}", self.built.id)
                .parse()
                .map_err(Failure::internal)?,
        };
        desk.machine
            .act(&self.officers[0], StationEvent::StationOpened(opened))
            .await?;
        Ok(())
    }

    async fn serve(&mut self, identifier: &str, guest: bool, spoils: bool) -> Outcome {
        let desk = self
            .desk
            .as_mut()
            .ok_or_else(|| Failure::internal("a station without its roll"))?;
        let arrival = Arrival {
            identifier,
            document: 1,
            assistance: false,
            guest,
        };
        let issue = Issue {
            identifier,
            second: Some(&self.officers[2]),
            envelope: guest.then_some(1),
            answer: None,
        };
        let author = &self.officers[1];
        desk.check_in(author, &arrival).await?;
        desk.issue(author, &issue).await?;
        if spoils {
            desk.spoil(author, identifier).await?;
            desk.issue(author, &issue).await?;
        }
        Ok(())
    }

    async fn close(&mut self) -> Outcome<sijill_engine::copies::StationFile> {
        let desk = self.desk()?;
        let now = desk.situation()?;
        let issued = now.counts.issued.get();
        let closed = StationClosed {
            counts: sijill_registers::station::events::StationCounts {
                unused: number(PAPERS - issued)?,
                ..now.counts
            },
            unserved: number(now.unserved)?,
        };
        desk.machine
            .act(&self.officers[0], StationEvent::StationClosed(closed))
            .await?;
        let mut signatures = self
            .officers
            .iter()
            .map(|officer| desk.machine.sign_final(officer))
            .collect::<Outcome<Vec<_>>>()?;
        signatures.sort_by_key(|s| s.key);
        self.file(signatures).await
    }

    /// The book as it travels.
    async fn file(&self, signatures: Vec<Signed>) -> Outcome<sijill_engine::copies::StationFile> {
        let notes = NoteBook::export(&self.site.station().join(NOTES))?;
        let ledger = self.desk()?.machine.ledger;
        Ok(self.open.engine.export_station(ledger, signatures, notes).await?)
    }
}

fn number(n: u64) -> Outcome<Number> {
    Number::try_from(n).map_err(Failure::internal)
}
