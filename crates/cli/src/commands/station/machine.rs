//! An officer, or who sets the machine up, on the machine of a station.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sijill_engine::Engine;
use sijill_engine::keyfile::KeyFile;
use sijill_engine::look_up::{Answer, LookUpError};
use sijill_engine::station_notes::NoteBook;
use sijill_engine::station_roll::StationRoll;
use sijill_ledger::{Genesis, Scope};
use sijill_registers::station::events::{Signed, StationClosed, StationEvent, StationOpened};
use sijill_verifier::Stage;

use super::super::Common;
use super::super::public_key;
use super::{Document, wire};
use crate::acts::station::{
    Arrival, Desk, Issue, MACHINE_FORMAT, Machine, MachineKeys, NOTES, ROLL, Standing,
};
use crate::error::{Failure, Outcome};
use crate::render::{number, say, show};
use crate::site::{NewFile, Site, make_folder, read_bounded, write_file, written_files};
use crate::verified::VerifiedFolder;

pub(super) async fn keys(out: &Path, common: &Common) -> Outcome {
    let file = NewFile::take(out)?;
    let site = common.site()?;
    let open = common.start(&site).await?;
    let (service, ledger) = open.engine.key_ids();
    let keys = MachineKeys {
        format: MACHINE_FORMAT.to_owned(),
        service,
        ledger,
    };
    file.write(&serde_json::to_vec_pretty(&keys).map_err(Failure::internal)?)?;
    say!("Wrote {}: hand it to the commission.", out.display());
    show!(json!({ "service": service, "ledger": ledger }));
    Ok(())
}

pub(super) async fn set_up(kit: &Path, published: &Path, trust: &Path, common: &Common) -> Outcome {
    let mut site = common.site()?;
    let verified = VerifiedFolder::open(published, trust, Stage::Defined)?;
    let event = verified.event();
    let genesis = read_bounded(&kit.join("genesis"))?;
    let genesis = Genesis::parse(&genesis).map_err(|e| {
        Failure::refused(format!("the kit's genesis: {e}"), "fetch the kit again").code("station.kit")
    })?;
    if genesis.parent() != Some(event) {
        return Err(Failure::refused(
            "the kit is of another event than the published folder",
            "take the two that belong together",
        )
        .code("station.kit"));
    }
    let ledger = genesis.id();
    let passphrase = common.passphrases().acting(&kit.join(ROLL))?;
    let roll = StationRoll::unlock(&KeyFile::load(&kit.join(ROLL))?, &passphrase, ledger)?;
    let open = common.start(&site).await?;
    if open.engine.ledgers().find(&ledger).is_none() {
        open.engine.create_ledger(genesis).await?;
    }
    for name in ["voters", "pack"] {
        open.engine.put_content(&read_bounded(&kit.join(name))?)?;
    }
    let taken = open.engine.take_election(event, published).await?;
    make_folder(&site.station())?;
    let own = site.station().join(ROLL);
    if !own.exists() {
        let engine = common.passphrases().engine()?;
        roll.seal(&engine, crate::passphrase::cost(), &mut rand::rng())?
            .create(&own)?;
    }
    site.set_event(event)?;
    say!("This is the machine of station ledger {ledger}.");
    say!("  election ledger: {} entries", number(taken.size));
    say!("Next: `sijill station duty` for each officer, then `sijill station open`.");
    show!(json!({ "station": ledger, "event": event, "entries": taken.size }));
    Ok(())
}

/// The machine of this installation, with the roll of the station unlocked.
pub(super) fn desk(site: &Site, engine: &Arc<Engine>, common: &Common) -> Outcome<Desk> {
    let machine = Machine::open(Arc::clone(engine))?;
    Desk::open(machine, &site.station(), &common.passphrases().engine()?)
}

pub(super) async fn duty(key: &Path, end: bool, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let event = if end {
        StationEvent::DutyEnded
    } else {
        StationEvent::DutyBegun
    };
    machine.act(&key, event).await?;
    let on_duty = machine
        .handle()?
        .with_head(|head| head.state.as_station().map_or(0, |s| s.on_duty().count()));
    say!("{}; {on_duty} on duty.", if end { "Off duty" } else { "On duty" });
    show!(json!({ "on_duty": on_duty }));
    Ok(())
}

pub(super) async fn open(key: &Path, papers: u64, seal: &Scope, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let roll = StationRoll::unlock(
        &KeyFile::load(&site.station().join(ROLL))?,
        &common.passphrases().engine()?,
        machine.ledger,
    )?;
    let event = open.event(machine.election)?;
    let facts = event.election_facts()?;
    let defined = facts.stations.get(&machine.ledger).ok_or_else(|| {
        Failure::refused(
            "the election ledger on this machine does not define this station yet",
            "`sijill station set-up` again, with the newest published folder",
        )
        .code("station.defined")
    })?;
    let opened = StationOpened {
        voters: open.engine.put_content(&roll.list()?.to_bytes())?,
        pack: pack_of(&site, &open.engine, &defined.defined.pack)?,
        papers: wire(papers)?,
        seal: seal.clone(),
    };
    machine.act(&key, StationEvent::StationOpened(opened)).await?;
    say!("The station is open, with {} papers.", number(papers));
    show!(json!({ "papers": papers }));
    Ok(())
}

/// The rule pack, which set-up has stored: its length is not in the definition.
fn pack_of(site: &Site, engine: &Engine, sha256: &[u8; 32]) -> Outcome<sijill_ledger::ContentRef> {
    let name = hex::encode(sha256);
    let bytes = read_bounded(&site.engine_folder().join("content").join(name))?;
    Ok(engine.put_content(&bytes)?)
}

pub(super) async fn look_up(person: &str, common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let standing = desk(&site, &open.engine, common)?.look_up(person)?;
    say!("{}", in_words(&standing));
    show!(as_json(&standing));
    Ok(())
}

/// Where somebody stands, for the officer.
pub(super) fn in_words(standing: &Standing) -> String {
    let listed = match &standing.listed {
        Some((district, holder)) => format!(
            "On the list of this station, district {district}{}.",
            if *holder { ", may have voted digitally" } else { "" }
        ),
        None => "Not on the list of this station.".to_owned(),
    };
    let served = match (standing.check_in, standing.paper) {
        (None, _) => "Not checked in.",
        (Some(_), None) => "Checked in, without a paper.",
        (Some(_), Some((_, true))) => "Has a paper.",
        (Some(_), Some((_, false))) => "Their paper was spoilt.",
    };
    let disputed = if standing.disputed {
        "\nSaid that they did not get it."
    } else {
        ""
    };
    format!("{listed}\n{served}{disputed}")
}

/// The same for programs.
pub(super) fn as_json(standing: &Standing) -> serde_json::Value {
    json!({
        "listed": standing.listed.is_some(),
        "district": standing.listed.as_ref().map(|(district, _)| district.to_string()),
        "holder": standing.listed.as_ref().is_some_and(|(_, holder)| *holder),
        "checked_in": standing.check_in.is_some(),
        "paper": standing.paper.map(|(position, stands)| json!({ "position": position, "stands": stands })),
        "disputed": standing.disputed,
    })
}

pub(super) async fn check_in(
    key: &Path,
    person: &str,
    document: Document,
    (assistance, guest): (bool, bool),
    common: &Common,
) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let arrival = Arrival {
        identifier: person,
        document: document.number(),
        assistance,
        guest,
    };
    let mut desk = desk(&site, &open.engine, common)?;
    let (position, listed) = desk.check_in(&key, &arrival).await?;
    say!("Checked in ({position}).");
    show!(json!({ "check_in": position, "listed": listed }));
    Ok(())
}

pub(super) async fn issue(
    (key, second): (&Path, Option<&Path>),
    person: &str,
    envelope: Option<u64>,
    answer: Option<&Path>,
    common: &Common,
) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let second = second.map(|path| common.signing_key(path)).transpose()?;
    let answer = answer
        .map(|path| {
            let line = String::from_utf8(read_bounded(path)?).unwrap_or_default();
            answer_of(line.trim())
        })
        .transpose()?;
    let open = common.start(&site).await?;
    let issue = Issue {
        identifier: person,
        second: second.as_ref(),
        envelope,
        answer: answer.as_ref(),
    };
    let position = desk(&site, &open.engine, common)?.issue(&key, &issue).await?;
    say!("Paper {position}: hand it out now.");
    show!(json!({ "paper": position }));
    Ok(())
}

/// The centre's answer, in hexadecimal.
pub(super) fn answer_of(line: &str) -> Outcome<Answer> {
    let bytes = hex::decode(line).map_err(|_| LookUpError::Form)?;
    Ok(Answer::parse(&bytes)?)
}

pub(super) async fn ask(person: &str, out: &Path, common: &Common) -> Outcome {
    let file = NewFile::take(out)?;
    let site = common.site()?;
    let open = common.start(&site).await?;
    let question = desk(&site, &open.engine, common)?.question(person)?;
    file.write(format!("{}\n", hex::encode(question.to_bytes())).as_bytes())?;
    say!(
        "Wrote {}: the centre answers it with `sijill station answer`, and the answer is good for a minute.",
        out.display()
    );
    show!(json!({ "question": out }));
    Ok(())
}

pub(super) async fn spoil(key: &Path, person: &str, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let paper = desk(&site, &open.engine, common)?.spoil(&key, person).await?;
    say!("Paper {paper} is spoilt; put it into the bag.");
    show!(json!({ "spoilt": paper }));
    Ok(())
}

pub(super) async fn dispute(key: &Path, person: &str, statement: &str, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let mut desk = desk(&site, &open.engine, common)?;
    let paper = desk.dispute(&key, person, statement).await?;
    say!("Paper {paper} is disputed: the commission decides whether it counts.");
    show!(json!({ "disputed": paper }));
    Ok(())
}

pub(super) async fn change_officer(key: &Path, officer: &str, holds: bool, common: &Common) -> Outcome {
    let officer = public_key(officer)?;
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    machine.change_officer(&key, officer, holds).await?;
    say!(
        "{officer} {} an officer in the book of this station.",
        if holds { "is" } else { "is no longer" }
    );
    show!(json!({ "officer": officer, "holds": holds }));
    Ok(())
}

pub(super) async fn close(key: &Path, unused: u64, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let counted = machine.handle()?.with_head(|head| {
        let state = head.state.as_station()?;
        let counts = state.book().counts(state.papers_received(), unused)?;
        Some((counts, state.book().unserved()))
    });
    let (counts, unserved) = counted
        .ok_or_else(|| Failure::usage("that number is too large", "count again").code("number.range"))?;
    let event = StationEvent::StationClosed(StationClosed {
        counts,
        unserved: wire(unserved)?,
    });
    machine.act(&key, event).await?;
    say!("The station is closed.");
    say!("  checked in:      {}", number(counts.checked_in.get()));
    say!("  papers received: {}", number(counts.received.get()));
    say!("  issued:          {}", number(counts.issued.get()));
    say!("  of them spoilt:  {}", number(counts.spoilt.get()));
    say!("  in envelopes:    {}", number(counts.envelopes.get()));
    say!("  left over:       {}", number(unused));
    if counts.has_mismatch() {
        say!(
            "These papers do not add up: the commission must explain that before the results are certified."
        );
    }
    say!("Next: chair and two members run `sijill station sign`, then `sijill station export`.");
    show!(json!({
        "checked_in": counts.checked_in.get(), "received": counts.received.get(), "issued": counts.issued.get(),
        "spoilt": counts.spoilt.get(), "envelopes": counts.envelopes.get(), "unused": unused,
        "mismatch": counts.has_mismatch(),
    }));
    Ok(())
}

pub(super) async fn sign(key: &Path, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let signed = machine.sign_final(&key)?;
    let folder = site.station().join("signatures");
    make_folder(&folder)?;
    let bytes = sijill_ledger::encode(&signed);
    write_file(&folder.join(signed.key.to_string()), &bytes)?;
    say!("Signed the final state.");
    show!(json!({ "signed": signed.key }));
    Ok(())
}

pub(super) async fn export(out: &Path, common: &Common) -> Outcome {
    let file = NewFile::take(out)?;
    let site = common.site()?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let (entries, signed) = write_book(&machine, &site, file).await?;
    say!(
        "Wrote {}: {} entries, {signed} signatures.",
        out.display(),
        number(entries)
    );
    show!(json!({ "station": machine.ledger, "entries": entries, "signatures": signed }));
    Ok(())
}

/// Writes the book as it travels. Returns the numbers of entries, and of signatures under its end.
pub(super) async fn write_book(machine: &Machine, site: &Site, file: NewFile) -> Outcome<(u64, usize)> {
    let mut signatures: Vec<Signed> = Vec::new();
    let folder = site.station().join("signatures");
    if machine.facts()?.closed.is_some() {
        for path in written_files(&folder)? {
            let signed = sijill_ledger::decode_canonical(&read_bounded(&path)?).map_err(|_| {
                Failure::refused(format!("{} is damaged", path.display()), "sign again").code("station.final")
            })?;
            signatures.push(signed);
        }
        signatures.sort_by_key(|s| s.key);
    }
    let notes = NoteBook::export(&site.station().join(NOTES))?;
    let signed = signatures.len();
    let book = machine
        .engine
        .export_station(machine.ledger, signatures, notes)
        .await?;
    file.write(&book.to_bytes())?;
    Ok((book.size(), signed))
}
