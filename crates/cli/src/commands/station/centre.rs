//! Commission, registrar and service at the centre.

use std::path::Path;

use serde_json::json;
use sijill_engine::copies::StationFile;
use sijill_engine::keyfile::{KeyFile, Passphrase};
use sijill_ledger::LedgerId;
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::BookEnd;
use sijill_registers::election::events::{ElectionEvent, StationLost};
use sijill_registers::names::Name;
use zeroize::Zeroizing;

use super::super::Common;
use super::super::roll::{Registrar, RegistrarArgs};
use super::{Decision, LostRule, ROLL};
use crate::acts::station as acts;
use crate::error::{Failure, Outcome};
use crate::passphrase::Passphrases;
use crate::render::{number, say, show};
use crate::site::{NewFile, make_folder, read_bounded, write_file};

/// Seals the roll of a kit under a passphrase of its own, drawn into `drawn`, or typed.
fn seal_kit(kit: &acts::Kit, drawn: Option<NewFile>) -> Outcome<KeyFile> {
    let passphrase = match drawn {
        Some(file) => {
            let text = crate::passphrase::draw();
            let line = Zeroizing::new(format!("{}\n", *text));
            file.write(line.as_bytes())?;
            Passphrase::new(text.to_string())
        }
        None => Passphrases::new_typed(&format!("the roll of station {}", kit.station))?,
    };
    Ok(kit
        .roll
        .seal(&passphrase, crate::passphrase::cost(), &mut rand::rng())?)
}

pub(super) async fn assign(
    registrar: &RegistrarArgs,
    list: &Path,
    (out, passphrases): (&Path, Option<&Path>),
    common: &Common,
) -> Outcome {
    let bytes = Zeroizing::new(std::fs::read(list).map_err(|e| Failure::file(list, &e))?);
    let lists = acts::assignments(&bytes)?;
    let (site, _open, event) = common.start_event().await?;
    let registrar = Registrar::unlock(registrar, common, &site, &event)?;
    let folder = site.stations(&event.election);
    let kits = acts::kits(&event, &folder, lists, &registrar.pseudonyms)?;
    // Every roll is sealed before the first assignment, which cannot be taken back. Names first, then work.
    let names = kits
        .iter()
        .map(|kit| {
            let Some(folder) = passphrases else {
                return Ok(None);
            };
            make_folder(folder)?;
            NewFile::take(&folder.join(kit.station.as_str())).map(Some)
        })
        .collect::<Outcome<Vec<_>>>()?;
    let sealed = kits
        .iter()
        .zip(names)
        .map(|(kit, name)| seal_kit(kit, name))
        .collect::<Outcome<Vec<_>>>()?;
    acts::assign(&event, &kits, registrar.key()).await?;
    let mut made = serde_json::Map::new();
    for (kit, sealed) in kits.into_iter().zip(sealed) {
        let folder = out.join(kit.station.as_str());
        make_folder(&folder)?;
        write_file(&folder.join("genesis"), &kit.genesis)?;
        write_file(&folder.join("voters"), &kit.list)?;
        write_file(&folder.join("pack"), &kit.pack)?;
        write_file(&folder.join(ROLL), &sealed.to_bytes())?;
        let voters = kit.roll.list()?.count();
        say!(
            "{}: {} voters, kit in {}",
            kit.station,
            number(voters),
            folder.display()
        );
        made.insert(kit.station.to_string(), voters.into());
    }
    if let Some(folder) = passphrases {
        say!("Their passphrases are in {}.", folder.display());
    }
    say!("Next: `sijill station define` (commission), `sijill election prepare`, `sijill ledger publish`.");
    show!(json!({ "stations": made }));
    Ok(())
}

pub(super) async fn define(key: &Path, common: &Common) -> Outcome {
    let (site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let defined = acts::define(&event, &site.stations(&event.election), &key).await?;
    say!("{defined} stations defined.");
    show!(json!({ "defined": defined }));
    Ok(())
}

pub(super) async fn receive(file: &Path, common: &Common) -> Outcome {
    let file = StationFile::parse(&read_bounded(file)?)?;
    let (_site, _open, event) = common.start_event().await?;
    let (received, is_final) = acts::receive(&event, &file).await?;
    say!(
        "Received station {}: {} entries, {} of them new.",
        received.ledger,
        number(received.size),
        number(received.new)
    );
    if is_final {
        say!("Its book is final.");
    }
    show!(json!({
        "station": received.ledger, "entries": received.size, "new": received.new, "final": is_final,
    }));
    Ok(())
}

pub(super) async fn lose(
    key: &Path,
    station: &Name,
    rule: LostRule,
    reason: &str,
    common: &Common,
) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let ledger = acts::ledger_of(&event, station)?;
    let lost = StationLost {
        ledger,
        rule: match rule {
            LostRule::VoidPaper => 1,
            LostRule::VoidDigital => 2,
        },
        reason: reason.to_owned(),
    };
    let lost = Typed::Election(ElectionEvent::StationLost(lost));
    event.act(&key, event.election, lost, &[]).await?;
    say!("The book of station {station} is given up.");
    show!(json!({ "lost": station.to_string() }));
    Ok(())
}

pub(super) async fn decide(
    key: &Path,
    (station, paper): (&Name, u64),
    decision: Decision,
    person: Option<&str>,
    why: (&str, &Path),
    common: &Common,
) -> Outcome {
    let person = person
        .map(|text| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(text, &mut bytes)
                .map(|()| sijill_registers::roll::events::Pseudonym(bytes))
                .map_err(|_| {
                    Failure::usage("a pseudonym has 64 hexadecimal digits", "copy it whole")
                        .code("person.pseudonym")
                })
        })
        .transpose()?;
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let station_ledger = acts::ledger_of(&event, station)?;
    let decision = match decision {
        Decision::Counts => 1,
        Decision::DoesNotCount => 2,
    };
    let (reason, opening) = why;
    let why = (reason, NewFile::take(opening)?);
    acts::decide(&event, &key, (station_ledger, paper), (decision, person), why).await?;
    say!("Decided.");
    show!(json!({ "station": station.to_string(), "paper": paper }));
    Ok(())
}

pub(super) async fn exclude(registrar: &RegistrarArgs, common: &Common) -> Outcome {
    let (site, _open, event) = common.start_event().await?;
    let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
    let counts = acts::exclude(&event, &mut book).await?;
    for (district, count) in &counts {
        say!("{district}: {} credentials excluded", number(*count as u64));
    }
    say!("Next: `sijill election seal`.");
    let counts: serde_json::Map<_, _> = counts
        .iter()
        .map(|(district, count)| (district.to_string(), (*count).into()))
        .collect();
    show!(json!({ "excluded": counts }));
    Ok(())
}

pub(super) async fn status(common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let facts = event.election_facts()?;
    let mut all = Vec::new();
    for station in facts.stations.values() {
        let state = match &station.end {
            Some((_, BookEnd::Final { .. })) => "final",
            Some((_, BookEnd::Lost(_))) => "lost",
            None if station.anchored > 0 => "received in part",
            None => "nothing received",
        };
        say!("{}: {state}", station.defined.station);
        all.push(json!({
            "station": station.defined.station.to_string(), "ledger": station.defined.ledger, "state": state,
        }));
    }
    let undefined: Vec<LedgerId> = facts
        .listed_stations()
        .filter(|l| !facts.stations.contains_key(l))
        .collect();
    if !undefined.is_empty() {
        say!("{} stations are not defined yet.", undefined.len());
    }
    show!(json!({ "stations": all, "undefined": undefined.len() }));
    Ok(())
}
