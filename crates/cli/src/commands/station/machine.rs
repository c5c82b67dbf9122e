//! An officer, or who sets the machine up, on the machine of a station.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sijill_engine::keyfile::KeyFile;
use sijill_engine::station_roll::StationRoll;
use sijill_ledger::{Genesis, Scope};
use sijill_registers::station::events::{
    CheckedIn, PaperIssued, PaperSpoilt, Signed, StationClosed, StationEvent, StationOpened,
};
use sijill_verifier::Stage;

use super::super::Common;
use super::guests::{GUESTS, Guests, Served, known};
use super::{Document, ROLL, typed, wire};
use crate::acts::station::{self as acts, MACHINE_FORMAT, Machine, MachineKeys};
use crate::error::{Failure, Outcome};
use crate::registrar::salt;
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

fn not_checked_in() -> Failure {
    Failure::refused(
        "this person is not checked in here",
        "check their document, then `sijill station check-in`",
    )
    .code("station.check-in")
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
fn pack_of(
    site: &Site,
    engine: &sijill_engine::Engine,
    sha256: &[u8; 32],
) -> Outcome<sijill_ledger::ContentRef> {
    let name = hex::encode(sha256);
    let bytes = read_bounded(&site.engine_folder().join("content").join(name))?;
    Ok(engine.put_content(&bytes)?)
}

pub(super) async fn look_up(person: &str, common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let known = known(&site, &machine, &typed(person)?, common)?;
    let served = known.served(&machine)?;
    match &known.line {
        Some(line) => say!(
            "On the list of this station, district {}{}.",
            line.district,
            if line.holder {
                ", may have voted digitally"
            } else {
                ""
            }
        ),
        None => say!("Not on the list of this station."),
    }
    let paper = served.as_ref().and_then(|s| s.paper);
    match (&served, paper) {
        (None, _) => say!("Not checked in."),
        (Some(_), None) => say!("Checked in, without a paper."),
        (Some(_), Some((_, true))) => say!("Has a paper."),
        (Some(_), Some((_, false))) => say!("Their paper was spoilt."),
    }
    show!(json!({
        "listed": known.line.is_some(),
        "district": known.line.as_ref().map(|l| l.district.to_string()),
        "holder": known.line.as_ref().is_some_and(|l| l.holder),
        "checked_in": served.is_some(),
        "paper": paper.map(|(position, stands)| json!({ "position": position, "stands": stands })),
    }));
    Ok(())
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
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let identifier = typed(person)?;
    let known = known(&site, &machine, &identifier, common)?;
    let listed = known.line.is_some();
    if listed == guest {
        return Err(if guest {
            Failure::refused(
                "this person is on the list of this station, and no guest",
                "leave --guest out",
            )
        } else {
            Failure::refused(
                "this person is not on the list of this station",
                "send them to their own station, or check them in with --guest: they get an envelope",
            )
        }
        .code("station.check-in"));
    }
    let person = match known.person() {
        Some(person) => person,
        None => {
            let mut guests = Guests::load(&site, common)?;
            let salt = salt();
            guests.0.insert(identifier.clone(), salt);
            guests.save(&site, common)?;
            acts::guest_commitment(&salt, &identifier)
        }
    };
    let event = StationEvent::CheckedIn(CheckedIn {
        listed,
        person,
        document: match document {
            Document::IdCard => 1,
            Document::DigitalId => 2,
        },
        assistance,
    });
    let position = machine.act(&key, event).await?;
    say!("Checked in ({position}).");
    show!(json!({ "check_in": position, "listed": listed }));
    Ok(())
}

pub(super) async fn issue(
    key: &Path,
    second: Option<&Path>,
    person: &str,
    envelope: Option<u64>,
    common: &Common,
) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let second = second.map(|path| common.signing_key(path)).transpose()?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let known = known(&site, &machine, &typed(person)?, common)?;
    let Served { check_in, paper } = known.served(&machine)?.ok_or_else(not_checked_in)?;
    let mut event = PaperIssued {
        check_in: wire(check_in)?,
        envelope: envelope.map(wire).transpose()?,
        replaces: paper.map(|(position, _)| wire(position)).transpose()?,
        second: None,
    };
    if let Some(second) = &second {
        let message = event.second_message(machine.ledger, key.key_id());
        event.second = Some(Signed {
            key: second.key_id(),
            signature: second.sign(&message),
        });
    }
    let position = machine.act(&key, StationEvent::PaperIssued(event)).await?;
    say!("Paper {position}: hand it out now.");
    show!(json!({ "paper": position }));
    Ok(())
}

pub(super) async fn spoil(key: &Path, person: &str, common: &Common) -> Outcome {
    let site = common.site()?;
    let key = common.signing_key(key)?;
    let open = common.start(&site).await?;
    let machine = Machine::open(Arc::clone(&open.engine))?;
    let known = known(&site, &machine, &typed(person)?, common)?;
    let served = known.served(&machine)?.ok_or_else(not_checked_in)?;
    let (paper, _) = served.paper.ok_or_else(|| {
        Failure::refused("this person has no paper", "`sijill station issue` hands one out")
            .code("station.paper")
    })?;
    let event = StationEvent::PaperSpoilt(PaperSpoilt { paper: wire(paper)? });
    machine.act(&key, event).await?;
    say!("Paper {paper} is spoilt; put it into the bag.");
    show!(json!({ "spoilt": paper }));
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
    let guests = site.station().join(GUESTS);
    let guests = if guests.exists() {
        read_bounded(&guests)?
    } else {
        Vec::new()
    };
    let signed = signatures.len();
    let book = open
        .engine
        .export_station(machine.ledger, signatures, guests)
        .await?;
    file.write(&book.to_bytes())?;
    say!(
        "Wrote {}: {} entries, {signed} signatures.",
        out.display(),
        number(book.size())
    );
    show!(json!({ "station": machine.ledger, "entries": book.size(), "signatures": signed }));
    Ok(())
}
