//! Defining an event: its ledgers with their first grants, and the manifest.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use rand::Rng as _;
use sijill_engine::Engine;
use sijill_ledger::{Genesis, GenesisFields, Grant, KeyId, Kind, LedgerId, Origin, Role, Scope, SigningKey};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::events::{
    ACCREDITED, ElectionDefined, ElectionEvent, ListedLedger, PUBLIC, RulesAdopted,
};
use sijill_registers::manifest::Manifest;
use sijill_registers::roll::events::{RollDefined, RollEvent, Window};
use sijill_rules::{Calendar, RulePack, day_number, numbered_day};

use super::Event;
use super::station::Plan;
use crate::error::{Failure, Outcome};

/// The public keys of those who will act.
#[derive(Debug, Clone)]
pub(crate) struct Officials {
    pub(crate) commission: KeyId,
    /// Further members of the commission.
    pub(crate) members: Vec<KeyId>,
    pub(crate) registrar: KeyId,
    /// By trustee index, from 1.
    pub(crate) trustees: Vec<KeyId>,
    /// The polling stations.
    pub(crate) stations: Vec<Plan>,
    /// Where their plans are kept.
    pub(crate) stations_folder: PathBuf,
}

/// Makes the ledgers of an event, defines it, and adopts its rules.
///
/// If this is interrupted before the definition, ledgers remain that belong to no event; they are never published.
pub(crate) async fn define(
    engine: &Arc<Engine>,
    manifest: &Manifest,
    pack: &RulePack,
    origin: &Origin,
    officials: &Officials,
    announced: Announced,
    commission: &SigningKey,
) -> Outcome<Event> {
    let wanted = manifest.trustees.names.len();
    if officials.trustees.len() != wanted {
        return Err(Failure::usage(
            format!(
                "the election file names {wanted} trustees, but {} keys were given",
                officials.trustees.len()
            ),
            "give one --trustee for each, in the order of the election file",
        )
        .code("election.keys"));
    }
    if commission.key_id() != officials.commission {
        return Err(Failure::internal(
            "the commission's key is another one than that of the first grant",
        ));
    }
    refuse_shared_keys(engine, officials)?;
    let (members, quorum) = (officials.members.len() + 1, manifest.certification_quorum);
    if members < usize::from(quorum) {
        return Err(Failure::usage(
            format!(
                "the rules ask for {quorum} members of the commission to certify, but only {members} were given"
            ),
            "give the public key of each further member with --member",
        ).code("election.keys"));
    }
    // Before any ledger is made; once more at the definition, whose moment counts.
    let calendar = pack.calendar().map_err(Failure::internal)?;
    let polling_day = calendar
        .day_of(manifest.closes_ms)
        .and_then(|day| u32::try_from(day_number(day)).ok())
        .ok_or_else(|| Failure::internal("the poll is beyond reckoning"))?;
    let window = |engine: &Engine| objections(pack, &calendar, engine.now().as_u64(), polling_day, announced);
    window(engine)?;
    let maker = Maker {
        engine,
        manifest,
        pack,
        origin,
        officials,
    };
    let election = maker.make(Kind::Election, None, "election").await?;
    let roll = maker.make(Kind::Roll, Some(election), "roll").await?;
    let roll_code = Kind::Roll.code();
    let mut ledgers = vec![ListedLedger {
        ledger: roll,
        kind: roll_code,
        visibility: ACCREDITED,
        district: None,
    }];
    for district in manifest.polled() {
        let ledger = maker
            .make(Kind::BallotBox, Some(election), &format!("box/{}", district.id))
            .await?;
        let kind = Kind::BallotBox.code();
        ledgers.push(ListedLedger {
            ledger,
            kind,
            visibility: PUBLIC,
            district: Some(district.id.clone()),
        });
    }
    for station in &officials.stations {
        let genesis = maker.station(election, station)?;
        ledgers.push(ListedLedger {
            ledger: genesis.id(),
            kind: Kind::Station.code(),
            visibility: ACCREDITED,
            district: None,
        });
        // Before the definition: what is listed and not kept could never be made.
        station.keep(
            &crate::site::of_event(&officials.stations_folder, &election),
            &genesis,
        )?;
    }
    ledgers.sort_by_key(|l| l.ledger);
    let manifest = engine.put_content(&manifest.to_bytes())?;
    let defined = Typed::Election(ElectionEvent::ElectionDefined(ElectionDefined {
        manifest,
        ledgers,
    }));
    engine.act(commission, election, &defined, &[]).await?;
    let adopted = RulesAdopted {
        pack: engine.put_content(&pack.to_json())?,
        polling_day,
    };
    let rules = adopted.pack;
    let adopted = Typed::Election(ElectionEvent::RulesAdopted(adopted));
    engine.act(commission, election, &adopted, &[]).await?;
    let defined = Typed::Roll(RollEvent::RollDefined(RollDefined {
        pack: rules,
        holidays: None,
        polling_day,
        objections: window(engine)?,
    }));
    engine.act(commission, roll, &defined, &[election]).await?;
    Event::open(Arc::clone(engine), election)
}

/// What the commission announces of the window for objections to the roll.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Announced {
    /// When the preliminary roll is announced, in milliseconds; left out: a minute from now.
    pub(crate) opens_ms: Option<u64>,
    /// The last day, where the rule pack does not count it.
    pub(crate) last_day: Option<Date>,
}

/// The window for objections to the roll, if the pack has any: it opens when it was announced, and lasts as long as the
/// pack says; where it does not say, through the day that was announced, else a week, or through the day before the
/// polling day. Spec: specs/roll.md §1.4.
fn objections(
    pack: &RulePack,
    calendar: &Calendar,
    now_ms: u64,
    polling_day: u32,
    announced: Announced,
) -> Outcome<Option<Window>> {
    let refuse = |why: String, help: &str| Err(Failure::usage(why, help).code("roll.window"));
    let Some(rules) = &pack.roll_objections else {
        if announced.opens_ms.is_some() || announced.last_day.is_some() {
            return refuse(
                format!("the rule pack {} knows no objections to the roll", pack.id),
                "leave --objections-open and --objections-until out",
            );
        }
        return Ok(None);
    };
    let opens_ms = announced.opens_ms.unwrap_or(now_ms + 60_000);
    if opens_ms < now_ms {
        return refuse(
            "the window for objections would have opened already".to_owned(),
            "name a later moment with --objections-open",
        );
    }
    let beyond = || Failure::internal("the window for objections is beyond reckoning");
    let opening_day = calendar.day_of(opens_ms).ok_or_else(beyond)?;
    let number = |day| u32::try_from(day_number(day)).map_err(|_| beyond());
    let last_day = match rules.window_days {
        Some(n) => {
            let days = calendar.days_at(now_ms);
            let last = rules.counting().last_day_after(&days, opening_day, n);
            number(last.ok_or_else(beyond)?)?
        }
        None => match announced.last_day {
            Some(day) => number(day)?,
            None => (number(opening_day)? + 7).min(polling_day.saturating_sub(1)),
        },
    };
    if let (Some(_), Some(wanted)) = (rules.window_days, announced.last_day)
        && number(wanted)? != last_day
    {
        let last = numbered_day(last_day).ok_or_else(beyond)?;
        return refuse(
            format!(
                "under the rule pack {} the window ends on {last}, not on {wanted}",
                pack.id
            ),
            "leave --objections-until out: the rules count the days",
        );
    }
    let first = number(opening_day)?;
    if !(first..=first + 366).contains(&last_day) {
        return refuse(
            format!(
                "the window opens on {opening_day}; its last day is that day or one of the 366 days after it"
            ),
            "name another last day with --objections-until",
        );
    }
    if last_day >= polling_day {
        return Err(Failure::refused(
            "the window for objections to the roll would not end before polling day",
            "define the election earlier, or under rules with a shorter window; the ledgers made so far are never published",
        )
        .code("roll.window"));
    }
    Ok(Some(Window { opens_ms, last_day }))
}

/// Nobody holds two offices, and the service holds none.
fn refuse_shared_keys(engine: &Engine, officials: &Officials) -> Outcome {
    let (service, ledger) = engine.key_ids();
    let mut keys = vec![service, ledger, officials.commission, officials.registrar];
    keys.extend(&officials.trustees);
    keys.extend(&officials.members);
    keys.sort();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Failure::refused(
            "two offices have the same key",
            "each of commission, registrar and trustees has a key of their own: `sijill key new`",
        )
        .code("election.keys"));
    }
    Ok(())
}

struct Maker<'a> {
    engine: &'a Engine,
    manifest: &'a Manifest,
    pack: &'a RulePack,
    origin: &'a Origin,
    officials: &'a Officials,
}

impl Maker<'_> {
    async fn make(&self, kind: Kind, parent: Option<LedgerId>, name: &str) -> Outcome<LedgerId> {
        let (service_key, ledger_key) = self.engine.key_ids();
        let refused = |e: &dyn std::fmt::Display| {
            Failure::refused(
                format!("the first entry of ledger {name}: {e}"),
                "mend the key or the origin that it names",
            )
            .code("election.keys")
        };
        let origin =
            Origin::new(format!("{}/{}/{name}", self.origin, self.manifest.id)).map_err(|e| refused(&e))?;
        let mut random = [0; 32];
        rand::rng().fill_bytes(&mut random);
        let genesis = Genesis::new(GenesisFields {
            kind,
            origin,
            parent,
            ledger_key,
            service_key,
            grants: self.grants(kind),
            max_lag_ms: self.pack.voting.max_lag_ms,
            official_window_ms: self.pack.voting.official_window_ms,
            random,
            predecessor: None,
        })
        .map_err(|e| refused(&e))?;
        Ok(self.engine.create_ledger(genesis).await?.ledger())
    }

    /// The first entry of a station's ledger, which the station's own machine will write.
    fn station(&self, election: LedgerId, plan: &Plan) -> Outcome<Genesis> {
        let refused = |e: &dyn std::fmt::Display| {
            Failure::refused(
                format!("the first entry of the ledger of station {}: {e}", plan.station),
                "mend its keys in the stations file",
            )
            .code("election.keys")
        };
        let origin = Origin::new(format!(
            "{}/{}/station/{}",
            self.origin, self.manifest.id, plan.station
        ))
        .map_err(|e| refused(&e))?;
        let mut random = [0; 32];
        rand::rng().fill_bytes(&mut random);
        let commission = std::iter::once(&self.officials.commission).chain(&self.officials.members);
        let grant = |role| {
            move |key: &KeyId| Grant {
                key: *key,
                role,
                scope: None,
            }
        };
        let officers = std::iter::once(&plan.chair).chain(&plan.members);
        Genesis::new(GenesisFields {
            kind: Kind::Station,
            origin,
            parent: Some(election),
            ledger_key: plan.ledger_key,
            service_key: plan.service_key,
            grants: commission
                .map(grant(Role::Commission))
                .chain(officers.map(grant(Role::StationOfficer)))
                .collect(),
            max_lag_ms: self.pack.voting.max_lag_ms,
            official_window_ms: self.pack.voting.official_window_ms,
            random,
            predecessor: None,
        })
        .map_err(|e| refused(&e))
    }

    /// Who may act on a ledger of that kind from the beginning.
    fn grants(&self, kind: Kind) -> Vec<Grant> {
        let office = |key: KeyId, role: Role| Grant {
            key,
            role,
            scope: None,
        };
        let commission = std::iter::once(&self.officials.commission).chain(&self.officials.members);
        let mut grants: Vec<Grant> = commission.map(|key| office(*key, Role::Commission)).collect();
        match kind {
            Kind::Election => {
                grants.push(office(self.officials.registrar, Role::Registrar));
                let trustees = self.officials.trustees.iter().zip(1u16..);
                grants.extend(trustees.map(|(key, index)| Grant {
                    key: *key,
                    role: Role::Trustee,
                    scope: Some(Scope::trustee(index)),
                }));
            }
            _ => grants.push(office(self.officials.registrar, Role::Registrar)),
        }
        grants
    }
}
