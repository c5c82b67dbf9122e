//! `sijill vault`

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};
use sijill_engine::vault::Standing;
use sijill_engine::vault::access::{LogHead, Logged};
use sijill_rules::Purpose;

use super::Common;
use super::roll::{Registrar, RegistrarArgs, roll_person};
use crate::acts;
use crate::error::{Failure, Outcome};
use crate::registrar::{Book, Person};
use crate::render::{moment, number, say, show, wants_json};
use crate::site::{NewFile, hand_over};

/// Look after what the registrar keeps of persons, outside of every ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Give a person a copy of what is kept of them, and who looked at it: machine-readable
    Show {
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// Why; stands in the access log, and must not name the person
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// The file for the copy [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Erase what is kept of a person, for good; ledgers and proofs stay as they are
    #[command(
        long_about = "Erase what is kept of a person, for good; ledgers and proofs stay as they are.\n\n\
        The key of their record is destroyed, and the record with it. What stands on ledgers are pseudonyms and commitments, \
        which say nothing without it. Backups of the vault that were taken before are outside of this command: let them \
        expire. Refused while the record is needed: for the freeze, for the exclusions of those who voted on paper, for an \
        objection that is not decided."
    )]
    Erase {
        /// The person's identifier
        #[arg(value_name = "IDENTIFIER")]
        person: String,
        /// Why; stands in the access log, and must not name the person
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// Say what would be erased, and whether it may be; nothing is written
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Show who looked at what is kept, when and why, and check that the log holds together
    Log {
        /// Only what concerns this person
        #[arg(value_name = "IDENTIFIER")]
        person: Option<String>,
        /// A size and hash that an earlier `log` said, as SIZE:HASH: what was logged by then must still stand there
        #[arg(long, value_name = "SIZE:HASH", value_parser = noted)]
        noted: Option<LogHead>,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
}

/// A head of the log as it was noted.
fn noted(text: &str) -> Result<LogHead, &'static str> {
    let problem = "a head of the log is a size, a colon and 64 digits of a hash";
    let (size, hex_digits) = text.split_once(':').ok_or(problem)?;
    let mut hash = [0; 32];
    hex::decode_to_slice(hex_digits, &mut hash).map_err(|_| problem)?;
    let size = sijill_rules::western_digits(size).parse().map_err(|_| problem)?;
    Ok(LogHead { size, hash })
}

/// Runs `sijill vault`.
pub(crate) async fn run(command: &VaultCommand, common: &Common) -> Outcome {
    match command {
        VaultCommand::Show {
            person,
            why,
            out,
            registrar,
        } => {
            let identifier = roll_person(person)?;
            let (site, _open, event) = common.start_event().await?;
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            let file = out.as_deref().map(NewFile::take).transpose()?;
            let copy = disclosure(&event, &mut book, &identifier, why)?;
            hand_over(&copy, file)
        }
        VaultCommand::Erase {
            person,
            why,
            dry_run,
            registrar,
        } => {
            let identifier = roll_person(person)?;
            let (site, _open, event) = common.start_event().await?;
            let registrar = Registrar::unlock(registrar, common, &site, &event)?;
            let pseudonym = registrar.pseudonyms.of(&identifier);
            let mut book = registrar.book(&event)?;
            let standing = book.standing(&pseudonym)?;
            let Standing::Held { bytes } = standing else {
                return Err(not_held(standing, &event.manifest.time_zone));
            };
            acts::roll::refuse_needed(&event, &pseudonym)?;
            if *dry_run {
                say!(
                    "Would be erased: a record of {} encrypted bytes, and its key.",
                    number(bytes)
                );
                say!(
                    "Would stay: the pseudonym {pseudonym:?} and commitments on ledgers, and the access log."
                );
                show!(json!({ "dry_run": true, "bytes": bytes, "pseudonym": format!("{pseudonym:?}") }));
                return Ok(());
            }
            book.erase(pseudonym, why)?;
            say!(
                "Erased: {} encrypted bytes and their key. Ledgers and proofs are as they were.",
                number(bytes)
            );
            say!("Backups of the vault that were taken before still hold the record: let them expire.");
            show!(json!({ "dry_run": false, "bytes": bytes, "pseudonym": format!("{pseudonym:?}") }));
            Ok(())
        }
        VaultCommand::Log {
            person,
            noted,
            registrar,
        } => {
            let identifier = person.as_deref().map(roll_person).transpose()?;
            let (site, _open, event) = common.start_event().await?;
            let book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            log(&book, identifier.as_deref(), *noted, &event.manifest.time_zone)
        }
    }
}

fn not_held(standing: Standing, zone: &str) -> Failure {
    let problem = match standing {
        Standing::Erased { at_ms } => {
            format!("the record of this person was erased at {}", moment(at_ms, zone))
        }
        _ => "the vault keeps nothing of this person".to_owned(),
    };
    Failure::refused(problem, "nothing was written").code("vault.absent")
}

fn log(book: &Book, person: Option<&str>, noted: Option<LogHead>, zone: &str) -> Outcome {
    let pseudonym = person.map(|identifier| book.pseudonyms.of(identifier));
    let head = book.vault().log_head();
    let mut stands = noted.is_none_or(|noted| noted == LogHead::default());
    let mut entries = Vec::new();
    let mut keys = std::collections::BTreeMap::new();
    book.vault().log(|entry| {
        *keys.entry(entry.who.to_string()).or_insert(0_u64) += 1;
        stands |= noted == Some(entry.head());
        let concerns = pseudonym.is_none_or(|p| entry.concerns(&sijill_engine::vault::Subject(p.0)));
        if concerns {
            say!(
                "{:>6}  {}  {}  {:<8}  {}  {}",
                entry.seq,
                moment(entry.at_ms, zone),
                &entry.who.to_string()[..16],
                entry.action.name(),
                entry
                    .subject
                    .map_or_else(|| "everybody".to_owned(), |s| format!("{s:?}")[..16].to_owned()),
                crate::render::escape(&entry.why)
            );
            if wants_json() {
                entries.push(entry_json(entry));
            }
        }
    })?;
    if !stands {
        return Err(Failure::refused(
            "the access log does not have the entry that was noted: it was cut off, or replaced",
            "keep the file as evidence, and ask whoever could write to it",
        )
        .code("vault.log"));
    }
    let hash = hex::encode(head.hash);
    for (key, count) in &keys {
        say!("Signed with {key}: {count}. It must be a key of the registrar: `sijill key show`.");
    }
    say!(
        "The log holds together. Note its head elsewhere: {}:{hash}",
        head.size
    );
    show!(json!({ "entries": entries, "keys": keys, "size": head.size, "hash": hash }));
    Ok(())
}

fn entry_json(entry: &Logged) -> Value {
    json!({
        "seq": entry.seq,
        "at_ms": entry.at_ms,
        "who": entry.who,
        "action": entry.action.name(),
        "why": entry.why,
        "subject": entry.subject.map(|subject| hex::encode(subject.0)),
    })
}

/// Everything that is kept of a person. The code of a credential is left out: whoever reads it could vote with it.
fn disclosure(event: &acts::Event, book: &mut Book, identifier: &str, why: &str) -> Outcome<Value> {
    let pseudonym = book.pseudonyms.of(identifier);
    let standing = book.standing(&pseudonym)?;
    if standing == Standing::Absent {
        return Err(not_held(standing, &event.manifest.time_zone));
    }
    let on_roll = acts::roll::standing(event, &book.pseudonyms, identifier)?.district;
    let record = book.disclose(identifier, why)?;
    let accesses = book.accesses(&pseudonym)?;
    Ok(json!({
        "format": "sijill-disclosure/1",
        "roll": event.roll,
        "pseudonym": hex::encode(pseudonym.0),
        "at_ms": event.engine.now(),
        "on_roll": on_roll,
        "record": record.as_ref().map(record_json).transpose()?,
        "erased_ms": match standing {
            Standing::Erased { at_ms } => Some(at_ms),
            _ => None,
        },
        "accesses": accesses.iter().map(entry_json).collect::<Vec<_>>(),
    }))
}

fn record_json(person: &Person) -> Outcome<Value> {
    let checks = person.checks.iter().map(|check| {
        let evidence = check
            .evidence
            .as_deref()
            .map(serde_json::from_str::<Value>)
            .transpose();
        Ok(json!({
            "purpose": Purpose::from_number(check.purpose),
            "at_ms": check.at_ms,
            "evidence": evidence.map_err(Failure::internal)?,
            "failed": check.failed,
            "salt": hex::encode(check.salt),
        }))
    });
    let reasons = person.reasons.iter().map(
        |reason| json!({ "event": reason.event, "text": reason.text, "salt": hex::encode(reason.salt) }),
    );
    let credential = person.issued.as_ref().map(|issued| {
        json!({
            "made_by": if issued.code.is_some() { "registrar" } else { "device" },
            "public": hex::encode(issued.public),
            "salt": hex::encode(issued.opening),
        })
    });
    Ok(json!({
        "identifier": person.identifier,
        "district": person.district,
        "struck": person.struck,
        "credential": credential,
        "checks": checks.collect::<Outcome<Vec<_>>>()?,
        "reasons": reasons.collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_is_read_in_digits_of_any_script() {
        let hash = "ab".repeat(32);
        let head = LogHead {
            size: 12,
            hash: [0xab; 32],
        };
        assert_eq!(noted(&format!("12:{hash}")), Ok(head));
        assert_eq!(noted(&format!("١٢:{hash}")), Ok(head));
        for bad in ["12", "x:00", &format!("12:{hash}0")] {
            assert!(noted(bad).is_err());
        }
    }
}
