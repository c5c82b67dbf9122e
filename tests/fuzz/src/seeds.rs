//! Well-formed inputs of each target.

use std::path::PathBuf;

use serde_json::Value;
use sijill_ledger::{EventType, Kind};
use sijill_registers::catalogue::Event;
use sijill_registers::election_file;
use sijill_rules::RulePack;

/// Seeds of a target; none for an unknown name.
///
/// # Panics
/// If a fixture is missing or malformed.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "ballot" => list(&elections()[0]["ballots"], |b| text(&b["json"])),
        "checkpoint" => vec![text(&ledger()["checkpoint"])],
        "credentials" => list(&elections(), |e| text(&e["credentials"])),
        "election_file" => vec![
            fixture("referendum/election.toml"),
            fixture("council/election.toml"),
        ]
        .into_iter()
        .filter(|seed| !seed.is_empty())
        .collect(),
        "election_record" => list(&elections(), |e| text(&e["election"])),
        "entry" => list(&ledger()["entries"], |e| unhex(&e["entry"]))
            .into_iter()
            .chain(list(&ledger()["entries"], |e| unhex(&e["body"])))
            .collect(),
        "event" => events(),
        "genesis" => vec![unhex(&ledger()["entries"][0]["payload"])],
        "key_file" => vec![include_bytes!("../../../crates/engine/src/keyfile/frozen_author.key").to_vec()],
        "manifest" => manifests(),
        "opening" => vec![text(&elections()[0]["opened"])],
        "receipt" => vec![text(&ledger()["receipt"])],
        "rule_pack" => vec![fixture("rules/plain-1.toml"), fixture("rules/council-1.toml")],
        "short_texts" => short_texts(),
        "tally" => tallies(),
        "trust_file" => vec![trust_file()],
        "trustees" => list(&elections(), |e| text(&e["trustees"]))
            .into_iter()
            .chain(trustee_keys())
            .collect(),
        "verify_event" => crate::folder::seeds(),
        "verify_jurisdiction" => crate::folder::seeds_of_jurisdictions(),
        _ => Vec::new(),
    }
}

/// A file of vectors.
pub(crate) fn vectors(name: &str) -> Value {
    serde_json::from_slice(&fixture(&format!("vectors/{name}"))).expect("vectors are JSON")
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name);
    std::fs::read(path).unwrap_or_default()
}

fn ledger() -> Value {
    vectors("ledger.json")["ledger"].take()
}

fn elections() -> Value {
    vectors("ballot-suite.json")["elections"].take()
}

fn list(items: &Value, seed: impl Fn(&Value) -> Vec<u8>) -> Vec<Vec<u8>> {
    items.as_array().expect("a list").iter().map(seed).collect()
}

fn text(value: &Value) -> Vec<u8> {
    value.as_str().expect("a string").as_bytes().to_vec()
}

fn unhex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hex")
}

fn manifests() -> Vec<Vec<u8>> {
    [
        ("referendum/election.toml", "rules/plain-1.toml"),
        ("council/election.toml", "rules/council-1.toml"),
    ]
    .into_iter()
    .map(|(file, rules)| {
        let text = |name| String::from_utf8(fixture(name)).expect("UTF-8");
        let pack = RulePack::parse(&text(rules)).expect("the pack is valid");
        election_file::compile(&text(file), &pack)
            .expect("the file is valid")
            .to_bytes()
    })
    .collect()
}

/// For each event type, what zeros decode to: empty strings and lists, zero numbers and hashes.
fn events() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for kind in Kind::ALL {
        for event_type in 2..0x0500_u16 {
            let shortest = (0..400)
                .map(|zeros| vec![0; zeros])
                .find(|payload| Event::parse(*kind, EventType::new(event_type), payload).is_ok());
            if let Some(payload) = shortest {
                let code = u8::try_from(kind.code()).expect("a small code");
                let [high, low] = event_type.to_be_bytes();
                seeds.push([&[code, high, low], payload.as_slice()].concat());
            }
        }
    }
    seeds
}

fn short_texts() -> Vec<Vec<u8>> {
    [
        "0",
        "18446744073709551615",
        "vote.example/2026",
        "trustee-1",
        "12345678abcdEF",
        "4HoQq-U55Fse-6yMUN-MGNwG1",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "c4c9478b77c55b3d5e842eb3874281c5552b9bd3624164b3d457b6fe1ac8701a",
        "tile/0/x001/x234/067.p/12",
        "tile/entries/000",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn tallies() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for election in elections().as_array().expect("a list") {
        let (tally, sized) = (
            text(&election["encrypted_tally"]),
            text(&election["sized_encrypted_tally"]),
        );
        seeds.push([tally.as_slice(), b"\n", &sized].concat());
        seeds.push(sized);
        seeds.push(text(&election["result"]));
    }
    seeds
}

fn trustee_keys() -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    for election in elections().as_array().expect("a list") {
        let record = String::from_utf8(text(&election["trustees"])).expect("UTF-8");
        for single in record.split("[\"Single\",").skip(1) {
            let end = single.find("}]").expect("the end of a key");
            keys.push(single.as_bytes()[..=end].to_vec());
        }
    }
    keys
}

fn trust_file() -> Vec<u8> {
    let ledger = ledger();
    let checkpoint = String::from_utf8(text(&ledger["checkpoint"])).expect("UTF-8");
    let (origin, id) = checkpoint
        .lines()
        .next()
        .and_then(|line| line.rsplit_once('/'))
        .expect("an origin line");
    let key = ledger["genesis"]["fields"]["ledger_key"].as_str().expect("a key");
    format!(
        r#"{{"format":"sijill-trust/1","event":"{id}","ledgers":[{{"id":"{id}","kind":"election","origin":"{origin}","key":"{key}"}}]}}"#
    )
    .into_bytes()
}
