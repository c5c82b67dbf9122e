//! Commission, registrar and service at the centre.

use std::io::{BufRead, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use sijill_engine::copies::StationFile;
use sijill_engine::keyfile::{KeyFile, Passphrase};
use sijill_ledger::LedgerId;
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::BookEnd;
use sijill_registers::election::events::{ElectionEvent, OfficerNamed, OfficerRevoked, StationLost};
use sijill_registers::names::Name;
use zeroize::Zeroizing;

use super::super::Common;
use super::super::public_key;
use super::super::roll::{Registrar, RegistrarArgs, roll_person};
use super::{Decision, LostRule};
use crate::acts::station::{self as acts, ROLL};
use crate::commands::election::say_excluded;
use crate::error::{Failure, Outcome};
use crate::messages;
use crate::passphrase::Passphrases;
use crate::render::{number, print_document, say, show};
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
    let kits = acts::kits(
        &event,
        &folder,
        lists,
        &registrar.pseudonyms,
        registrar.notes(&event).public(),
    )?;
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
    let (site, _open, event) = common.start_event().await?;
    let (received, is_final) = acts::receive(&event, &file, &site.notes(&event.election)).await?;
    if received.new == 0 {
        say!("This book is here already, as it is in the file: nothing was changed.");
    }
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
    (person, guests): (Option<&str>, Option<&Path>),
    why: (&str, &Path),
    common: &Common,
) -> Outcome {
    let person = person.map(acts::pseudonym).transpose()?;
    let (_site, _open, event) = common.start_event().await?;
    let person = match (guests, decision) {
        (Some(guests), Decision::Counts) => {
            Some(acts::GuestList::read(guests, &event)?.person(station, paper)?)
        }
        _ => person,
    };
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
    say_excluded(&counts);
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

pub(super) async fn name_officer(
    key: &Path,
    station: &Name,
    officer: &str,
    chair: bool,
    common: &Common,
) -> Outcome {
    let officer = public_key(officer)?;
    let (_site, _open, event) = common.start_event().await?;
    let named = ElectionEvent::OfficerNamed(OfficerNamed {
        ledger: acts::ledger_of(&event, station)?,
        key: officer,
        chair,
    });
    let key = common.signing_key(key)?;
    event
        .act(&key, event.election, Typed::Election(named), &[])
        .await?;
    say!(
        "{officer} is {} of station {station}.",
        if chair { "the chair" } else { "an officer" }
    );
    say!("Next: `sijill station admit-officer` on the station's machine (commission).");
    show!(json!({ "station": station.to_string(), "officer": officer, "chair": chair }));
    Ok(())
}

pub(super) async fn revoke_officer(key: &Path, station: &Name, officer: &str, common: &Common) -> Outcome {
    let officer = public_key(officer)?;
    let (_site, _open, event) = common.start_event().await?;
    let ledger = acts::ledger_of(&event, station)?;
    let revoked = ElectionEvent::OfficerRevoked(OfficerRevoked { ledger, key: officer });
    let key = common.signing_key(key)?;
    event
        .act(&key, event.election, Typed::Election(revoked), &[])
        .await?;
    let has_chair = event
        .election_facts()?
        .stations
        .get(&ledger)
        .is_some_and(|s| s.officers().chair.is_some());
    say!("{officer} is no officer of station {station} any more.");
    if !has_chair {
        say!("The station has no chair now: `sijill station name-officer --chair` names one.");
    }
    say!(
        "Next: `sijill station dismiss-officer` on the station's machine (commission), as soon as it can be reached."
    );
    show!(json!({ "station": station.to_string(), "officer": officer, "has_chair": has_chair }));
    Ok(())
}

pub(super) async fn guests(
    registrar: &RegistrarArgs,
    out: &Path,
    names: Option<&Path>,
    common: &Common,
) -> Outcome {
    let file = NewFile::take(out)?;
    let names = names.map(NewFile::take).transpose()?;
    let (site, _open, event) = common.start_event().await?;
    let registrar = Registrar::unlock(registrar, common, &site, &event)?;
    let secret = registrar.notes(&event);
    let (list, identifiers) = acts::guests(
        &event,
        &site.notes(&event.election),
        &secret,
        &registrar.pseudonyms,
    )?;
    if let Some(names) = names {
        let mut lines = Zeroizing::new("station,check_in,identifier\n".to_owned());
        for (guest, identifier) in list.guests.iter().zip(&identifiers) {
            let identifier = identifier.as_deref().map_or("", |i| i.as_str());
            lines.push_str(&format!("{},{},{identifier}\n", guest.station, guest.check_in));
        }
        names.write(lines.as_bytes())?;
    }
    file.write(&serde_json::to_vec_pretty(&list).map_err(Failure::internal)?)?;
    let unknown = identifiers.iter().filter(|i| i.is_none()).count();
    let strangers = list.guests.iter().filter(|g| g.person.is_none()).count();
    say!(
        "{} guests; {} of them are not on the roll, {} are named by no note.",
        list.guests.len(),
        strangers - unknown,
        unknown
    );
    say!(
        "Next: the commission decides with `sijill station decide --guests {}`.",
        out.display()
    );
    show!(json!({ "guests": list.guests.len(), "not_on_roll": strangers - unknown, "unnamed": unknown }));
    Ok(())
}

pub(super) async fn notices(registrar: &RegistrarArgs, out: &Path, common: &Common) -> Outcome {
    let file = NewFile::take(out)?;
    let (site, _open, event) = common.start_event().await?;
    let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
    let told = acts::superseded(&event, &mut book)?;
    let mut lines = Zeroizing::new("identifier,district\n".to_owned());
    for (identifier, district) in &told {
        lines.push_str(&format!("{},{district}\n", **identifier));
    }
    file.write(lines.as_bytes())?;
    say!(
        "{} persons to tell, in {}. Tell each of them:",
        told.len(),
        out.display()
    );
    let text = messages::of("notice.superseded");
    let text = text.ok_or_else(|| Failure::internal("a notice without words"))?;
    say!("{}\n{}\n[{}]", text.en, text.ar, text.rule);
    show!(json!({ "told": told.len(), "message": text }));
    Ok(())
}

pub(super) async fn papers(common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let papers = acts::open_papers(&event)?;
    for paper in &papers {
        let why = match (paper.envelope, paper.disputed, paper.contested) {
            (_, true, _) => "somebody says that they did not get it".to_owned(),
            (Some(number), _, false) => format!("a guest's, in envelope {number}"),
            _ => "recorded by an officer who was revoked".to_owned(),
        };
        say!("{} {}: {why}", paper.station, paper.paper);
    }
    if papers.is_empty() {
        say!("No paper needs a decision.");
    }
    show!(json!({ "papers": papers }));
    Ok(())
}

pub(super) async fn dispute(
    registrar: &RegistrarArgs,
    person: &str,
    (statement, opening): (&str, &Path),
    common: &Common,
) -> Outcome {
    let identifier = roll_person(person)?;
    let (site, _open, event) = common.start_event().await?;
    let registrar = Registrar::unlock(registrar, common, &site, &event)?;
    let person = registrar.pseudonyms.of(&identifier);
    let opening = NewFile::take(opening)?;
    let (station, paper) = acts::dispute(&event, registrar.key(), person, (statement, opening)).await?;
    say!("Paper {paper} of station {station} is disputed: the commission decides whether it counts.");
    show!(json!({ "station": station.to_string(), "paper": paper }));
    Ok(())
}

/// Longest line that is a question.
const MAX_QUESTION: u64 = 1024;

pub(super) async fn answer(
    registrar: &RegistrarArgs,
    (questions, out): (Option<&Path>, Option<&Path>),
    common: &Common,
) -> Outcome {
    let (site, _open, event) = common.start_event().await?;
    let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
    let mut input: Box<dyn BufRead> = match questions {
        Some(path) => Box::new(std::io::Cursor::new(read_bounded(path)?)),
        None => Box::new(std::io::BufReader::new(std::io::stdin())),
    };
    let file = out.map(NewFile::take).transpose()?;
    let mut answers = String::new();
    let mut answered = 0_u64;
    loop {
        let mut line = String::new();
        let read = (&mut input)
            .take(MAX_QUESTION)
            .read_line(&mut line)
            .map_err(|e| Failure::failed(format!("the questions cannot be read: {e}"), "ask again"))?;
        if read == 0 {
            break;
        }
        let answer = acts::answer(&event, &mut book, line.trim())?;
        answered += 1;
        let answer = hex::encode(answer.to_bytes());
        if file.is_some() {
            answers.push_str(&answer);
            answers.push('\n');
        } else {
            print_document(format_args!("{answer}"));
        }
    }
    if let (Some(file), Some(out)) = (file, out) {
        file.write(answers.as_bytes())?;
        say!(
            "{answered} answers in {}: they are good for a minute.",
            out.display()
        );
        show!(json!({ "answered": answered }));
    }
    Ok(())
}

/// A file of returns.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnsFile {
    r#return: Vec<ReturnOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnOf {
    station: Name,
    district: Name,
    issued: Option<u64>,
    valid: u64,
    invalid: u64,
    spoilt: u64,
    counts: Vec<Vec<u64>>,
}

pub(super) async fn returns(key: &Path, file: &Path, mismatch: bool, common: &Common) -> Outcome {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::file(file, &e))?;
    let returns: ReturnsFile = toml::from_str(&text).map_err(|e| {
        Failure::refused(
            format!("{}: {e}", file.display()),
            "`sijill station return --help` shows the form; nothing was written",
        )
        .code("paper-file.form")
    })?;
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let mut recorded = Vec::new();
    for one in returns.r#return {
        let ledger = acts::ledger_of(&event, &one.station)?;
        let facts = event.election_facts()?;
        if facts
            .stations
            .get(&ledger)
            .is_some_and(|s| s.returns.contains_key(&one.district))
        {
            say!("{} {}: returned already", one.station, one.district);
            continue;
        }
        let returned = acts::Returned {
            station: one.station,
            district: one.district,
            issued: one.issued,
            valid: one.valid,
            invalid: one.invalid,
            spoilt: one.spoilt,
            counts: one.counts,
        };
        let differs = acts::return_papers(&event, &key, &returned, mismatch).await?;
        let (station, district) = (&returned.station, &returned.district);
        if differs {
            say!(
                "{station} {district}: returned. It does not add up: `sijill station resolve` before the results are certified."
            );
        } else {
            say!("{station} {district}: returned");
        }
        recorded.push(json!({
            "station": station.to_string(), "district": district.to_string(), "mismatch": differs,
        }));
    }
    say!("Next: `sijill station totals`, once every station has returned.");
    show!(json!({ "returned": recorded }));
    Ok(())
}

pub(super) async fn resolve(
    key: &Path,
    (station, district): (&Name, Option<&Name>),
    reason: &str,
    common: &Common,
) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    acts::resolve(&event, &key, (station, district), reason).await?;
    say!("Resolved, for everybody to read.");
    show!(json!({ "station": station.to_string(), "district": district.map(Name::to_string) }));
    Ok(())
}

pub(super) async fn totals(key: &Path, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(key)?;
    let (made, waiting) = acts::totals(&event, &key).await?;
    let mut districts = serde_json::Map::new();
    for total in &made {
        let district = event
            .boxes
            .iter()
            .find(|(_, b)| *b == total.ledger)
            .map(|(d, _)| d);
        let district = district.ok_or_else(|| Failure::internal("a total of no district"))?;
        say!(
            "{district}: {} valid papers of {} issued",
            number(total.valid),
            number(total.issued)
        );
        districts.insert(
            district.to_string(),
            json!({ "issued": total.issued, "valid": total.valid }),
        );
    }
    let waiting: Vec<String> = waiting.iter().map(Name::to_string).collect();
    if !waiting.is_empty() {
        say!(
            "Still without every return of its stations: {}.",
            waiting.join(", ")
        );
    }
    say!("Next: `sijill election result`.");
    show!(json!({ "totals": districts, "waiting": waiting }));
    Ok(())
}
