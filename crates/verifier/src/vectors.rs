//! Vectors of the independent models (specs/vectors), and archives made by another tool: accepted and refused as their makers say.

use std::collections::BTreeSet;
use std::path::PathBuf;

use curve25519_dalek::edwards::EdwardsPoint;
use serde_json::Value;

use crate::check::{Check, Checks};
use crate::events::Replaces;
use crate::hash::{b64raw, hex32, sha256};
use crate::keys::{is_enrollable_key, is_public_key, signature_holds};
use crate::ledger::{LEDGER_CHECKS, scan};
use crate::merkle::{Tree, inclusion_holds, leaf_hash};
use crate::note::{Checkpoint, Receipt};
use crate::report::CheckVerdict;
use crate::source::MemorySource;
use crate::suite::ballot::{Ballot, Election};
use crate::suite::checker::Method;
use crate::suite::group::{PointBytes, scalar_from_decimal};
use crate::suite::proof::EncryptionKey;
use crate::suite::question::{ElectionRecord, Question, fingerprint, largest_ballot};
use crate::suite::tally::{Tally, sized_tally, verify_result, verify_share};
use crate::suite::trustee::{Trustee, all_credentials_valid, parse_credentials};
use crate::tiles::expected_names;

fn fixture(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn vectors(name: &str) -> Value {
    serde_json::from_slice(&fixture(&format!("vectors/{name}.json"))).unwrap()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field}"))
}

fn list<'a>(value: &'a Value, field: &str) -> &'a Vec<Value> {
    value[field]
        .as_array()
        .unwrap_or_else(|| panic!("no list {field}"))
}

fn bytes(value: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(value, field)).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_str().unwrap().to_owned())
        .collect()
}

/// The record is parsed leniently here and written by our own writer, which must give the same bytes.
pub(crate) fn election(record: &str) -> Election {
    let value: Value = serde_json::from_str(record).unwrap();
    let optional = |field: &str| value.get(field).map(|v| v.as_str().unwrap().to_owned());
    let questions = list(&value, "questions").iter().map(|q| Question {
        question: text(q, "question").to_owned(),
        answers: strings(&q["answers"]),
        blank: q.get("blank").is_some(),
        min: q["min"].as_u64().unwrap(),
        max: q["max"].as_u64().unwrap(),
    });
    let written = ElectionRecord {
        description: text(&value, "description").to_owned(),
        name: text(&value, "name").to_owned(),
        public_key: PointBytes::from_text(text(&value, "public_key")).unwrap(),
        questions: questions.collect(),
        uuid: text(&value, "uuid").to_owned(),
        administrator: optional("administrator"),
        credential_authority: optional("credential_authority"),
    };
    assert_eq!(written.to_json(), record);
    Election {
        uuid: written.uuid,
        fingerprint: fingerprint(record.as_bytes()),
        questions: written.questions,
        key: EncryptionKey::new(written.public_key.decode_not_neutral().unwrap()),
    }
}

fn valid(ballot: &[u8], election: &Election) -> bool {
    let Ok(ballot) = Ballot::parse(ballot, election) else {
        return false;
    };
    let Ok(points) = ballot.points() else { return false };
    ballot.is_for(election) && ballot.signature_holds(&points) && ballot.proofs_hold(&points, election)
}

fn tally_of<'a>(ballots: impl IntoIterator<Item = &'a [u8]>, election: &Election) -> Tally {
    let mut tally = Tally::neutral(&election.questions);
    for ballot in ballots {
        tally.add(&Ballot::parse(ballot, election).unwrap().points().unwrap().choices);
    }
    tally
}

/// Single trustees only: blocks are not part of our manifests.
fn single_trustees(record: &str) -> Option<Vec<Trustee>> {
    let mut rest = record.strip_prefix('[')?.strip_suffix(']')?;
    let mut trustees = Vec::new();
    while !rest.is_empty() {
        let inner = rest.strip_prefix("[\"Single\",")?;
        let end = inner.find("}]")? + 1;
        trustees.push(Trustee::verify(&inner.as_bytes()[..end]).ok()?);
        rest = &inner[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(trustees)
}

#[test]
fn points_and_scalars() {
    let vectors = vectors("ballot-suite");
    for good in strings(&vectors["points"]["good"]) {
        assert!(
            PointBytes::from_text(&good).is_some_and(|p| p.decode().is_ok()),
            "{good}"
        );
    }
    for bad in list(&vectors["points"], "bad") {
        let accepted = PointBytes::from_text(text(bad, "text")).is_some_and(|p| p.decode().is_ok());
        assert!(!accepted, "{}", text(bad, "why"));
    }
    for good in strings(&vectors["scalars"]["good"]) {
        assert!(scalar_from_decimal(&good).is_some(), "{good}");
    }
    for bad in strings(&vectors["scalars"]["bad"]) {
        assert!(scalar_from_decimal(&bad).is_none(), "{bad}");
    }
}

#[test]
fn honest_elections_of_the_model() {
    for vector in list(&vectors("ballot-suite"), "elections") {
        let election = election(text(vector, "election"));
        assert_eq!(election.fingerprint, text(vector, "fingerprint"));
        let bound = largest_ballot(election.uuid.len() as u64, &election.questions);
        assert_eq!(bound, vector["largest_ballot"].as_u64().unwrap());
        let ballots = list(vector, "ballots");
        let mut counted = Vec::new();
        for ballot in ballots {
            let json = text(ballot, "json").as_bytes();
            assert!(valid(json, &election));
            assert_eq!(b64raw(&sha256(&[json])), text(ballot, "tracking_code"));
            if strings(&vector["counted"])
                .iter()
                .any(|code| code == text(ballot, "tracking_code"))
            {
                counted.push(json);
            }
            if let Some(replaces) = ballot.get("replaces").filter(|replaces| replaces.is_object()) {
                assert!(replacement_holds(json, replaces, &election));
            }
        }
        // The second election weighs its voters, which our manifests do not know.
        if vector["name"] != "one-question" {
            continue;
        }
        let tally = tally_of(counted.iter().copied(), &election);
        assert_eq!(tally.to_json(), text(vector, "encrypted_tally"));
        assert_eq!(
            Tally::parse(tally.to_json().as_bytes(), &election.questions),
            Ok(tally.clone())
        );
        let size = counted.len() as u64;
        let encrypted = text(vector, "encrypted_tally").as_bytes();
        assert_eq!(
            sized_tally(size, encrypted),
            text(vector, "sized_encrypted_tally")
        );
        let credentials = parse_credentials(text(vector, "credentials").as_bytes()).unwrap();
        assert_eq!(all_credentials_valid(&credentials, false, Method::Plain), Ok(()));
        let trustees = single_trustees(text(vector, "trustees")).unwrap();
        let shares: Vec<Vec<Vec<EdwardsPoint>>> = list(vector, "shares")
            .iter()
            .zip(&trustees)
            .map(|(share, trustee)| {
                let json = text(share, "json").as_bytes();
                verify_share(json, &election.questions, &election.fingerprint, trustee, &tally).unwrap()
            })
            .collect();
        let result = text(vector, "result").as_bytes();
        assert!(verify_result(result, &election.questions, &tally, &shares, size).is_ok());
        assert!(verify_result(result, &election.questions, &tally, &[], size).is_err());
        assert!(verify_result(result, &election.questions, &tally, &shares, size - 1).is_err());
    }
}

fn replacement_holds(ballot: &[u8], replaces: &Value, election: &Election) -> bool {
    let field = |name: &str| hex32(text(replaces, name)).unwrap();
    let replaces = Replaces {
        ballot_hash: field("ballot_hash"),
        challenge: field("challenge"),
        response: field("response"),
    };
    let ballot = Ballot::parse(ballot, election).unwrap();
    let points = ballot.points().unwrap();
    ballot.replacement_holds(&replaces, &points.credential)
}

#[test]
fn refused_ballots_of_the_model() {
    let vectors = vectors("ballot-suite");
    let election = election(text(&list(&vectors, "elections")[0], "election"));
    let refused = list(&vectors, "refused_ballots");
    assert!(refused.len() > 40);
    for bad in refused {
        let json = text(bad, "json").as_bytes();
        let why = text(bad, "why");
        let stage = match Ballot::parse(json, &election) {
            Err(_) => "form",
            Ok(ballot) if !ballot.is_for(&election) => "election",
            Ok(ballot) => match ballot.points() {
                Err(_) => "group",
                Ok(points) if !ballot.signature_holds(&points) => "signature",
                Ok(points) if !ballot.proofs_hold(&points, &election) => "proof",
                Ok(_) => "accepted",
            },
        };
        let expected: &[&str] = match text(bad, "check") {
            "json" | "scalar" | "shape" => &["form"],
            // Which of the two it is depends on whether the spelling is canonical.
            "point" => &["form", "group"],
            "uuid" | "fingerprint" => &["election"],
            "signature" => &["signature"],
            "proof" => &["proof"],
            other => panic!("unknown check {other}"),
        };
        assert!(expected.contains(&stage), "{why}: {stage}");
    }
    for bad in list(&vectors, "refused_replaces") {
        let index = bad["ballot"].as_u64().unwrap() as usize;
        let ballot = &list(&list(&vectors, "elections")[0], "ballots")[index];
        assert!(
            !replacement_holds(text(ballot, "json").as_bytes(), &bad["replaces"], &election),
            "{}",
            text(bad, "why")
        );
    }
}

#[test]
fn refused_records_of_the_model() {
    let vectors = vectors("ballot-suite");
    let mut seen = 0;
    for bad in list(&vectors, "refused_records") {
        let (value, why) = (text(bad, "value"), text(bad, "why"));
        let accepted = match text(bad, "field") {
            "credentials" => parse_credentials(value.as_bytes())
                .is_ok_and(|list| all_credentials_valid(&list, false, Method::Plain).is_ok()),
            "trustees" => single_trustees(value).is_some_and(|trustees| {
                let keys: BTreeSet<PointBytes> = trustees.iter().map(|t| t.public).collect();
                !trustees.is_empty() && keys.len() == trustees.len()
            }),
            _ => continue,
        };
        assert!(!accepted, "{why}");
        seen += 1;
    }
    assert!(seen > 20);
}

#[test]
fn every_changed_byte_of_a_ballot_is_noticed() {
    let vectors = vectors("ballot-suite");
    let vector = &list(&vectors, "elections")[0];
    let election = election(text(vector, "election"));
    let ballot = text(&list(vector, "ballots")[0], "json").as_bytes().to_vec();
    assert!(valid(&ballot, &election));
    for at in 0..ballot.len() {
        let mut bad = ballot.clone();
        bad[at] ^= 1;
        assert!(!valid(&bad, &election), "byte {at}");
        bad.remove(at);
        assert!(!valid(&bad, &election), "byte {at} removed");
    }
}

#[test]
fn ledger_of_the_model() {
    let vectors = vectors("ledger");
    let ledger = &vectors["ledger"];
    let id = hex32(text(&ledger["genesis"], "id")).unwrap();
    let mut tree = Tree::default();
    for entry in list(ledger, "entries") {
        let encoded = bytes(entry, "entry");
        let leaf = leaf_hash(&encoded);
        assert_eq!(hex::encode(leaf), text(entry, "leaf_hash"));
        let decoded = crate::wire::Entry::decode(&encoded).unwrap();
        assert_eq!(
            hex::encode(crate::wire::body_hash(decoded.body_bytes)),
            text(entry, "body_hash")
        );
        let message = crate::wire::body_message(decoded.body_bytes);
        assert!(signature_holds(
            &decoded.body.author,
            &message,
            &decoded.signature
        ));
        tree.push(leaf);
        assert_eq!(
            tree.root(tree.size()).map(hex::encode).as_deref(),
            Some(text(entry, "root"))
        );
        for cut in 0..encoded.len() {
            assert!(crate::wire::Entry::decode(&encoded[..cut]).is_err());
        }
    }
    for proof in list(ledger, "inclusion") {
        let (seq, size) = (proof["seq"].as_u64().unwrap(), proof["size"].as_u64().unwrap());
        let hashes: Vec<[u8; 32]> = strings(&proof["hashes"])
            .iter()
            .map(|hash| hex32(hash).unwrap())
            .collect();
        let holds = |size| {
            inclusion_holds(
                tree.leaf(seq).unwrap(),
                seq,
                size,
                &hashes,
                &tree.root(size).unwrap(),
            )
        };
        assert!(holds(size));
    }
    let key = hex32(text(&ledger["genesis"]["fields"], "ledger_key")).unwrap();
    let checkpoint = Checkpoint::parse(text(ledger, "checkpoint").as_bytes()).unwrap();
    assert!(checkpoint.signature_holds(&key));
    assert_eq!(Some(checkpoint.root), tree.root(checkpoint.size));
    let receipt = Receipt::parse(text(ledger, "receipt").as_bytes()).unwrap();
    let leaf = leaf_hash(&receipt.entry);
    let note = &receipt.checkpoint;
    assert!(inclusion_holds(
        &leaf,
        receipt.index,
        note.size,
        &receipt.proof,
        &note.root
    ));

    let mut source = MemorySource::default();
    let files = ledger["files"].as_object().unwrap();
    for (path, content) in files {
        source
            .files
            .insert(path.clone(), hex::decode(content.as_str().unwrap()).unwrap());
    }
    source.files.insert(
        "checkpoint".to_owned(),
        text(ledger, "checkpoint").as_bytes().to_vec(),
    );
    let mut checks = Checks::new(LEDGER_CHECKS);
    let scanned = scan(&source, "", id, None, &mut checks).unwrap();
    assert_eq!(scanned.size(), checkpoint.size);
    // Payloads of the model are not events, so only what lies below the catalogue can pass.
    for result in checks.results() {
        let below = [
            Check::LedgerCheckpoint,
            Check::LedgerTiles,
            Check::LedgerGenesis,
            Check::EntryChain,
            Check::EntryTime,
            Check::EntrySignature,
            Check::EntryLedger,
            Check::EntryNonce,
        ];
        if below.iter().any(|check| check.number() == result.number) {
            assert_eq!(result.verdict, CheckVerdict::Pass, "{result:?}");
        }
    }
}

#[test]
fn trees_paths_signatures_and_keys_of_the_model() {
    let vectors = vectors("ledger");
    for size in list(&vectors, "paths") {
        let mut paths: Vec<String> = expected_names(size["size"].as_u64().unwrap())
            .map(|name| name.path())
            .collect();
        paths.sort();
        assert_eq!(paths.len() as u64, size["count"].as_u64().unwrap());
    }
    for signature in list(&vectors, "signatures") {
        let key = hex32(text(signature, "key")).unwrap();
        let bytes_of: [u8; 64] = bytes(signature, "signature").try_into().unwrap();
        let holds = signature_holds(&key, &bytes(signature, "message"), &bytes_of);
        assert_eq!(
            holds,
            signature["strict"].as_bool().unwrap(),
            "{}",
            text(signature, "name")
        );
    }
    for case in list(&vectors, "signatures") {
        if text(case, "name").contains("torsion component, challenge") {
            let key = hex32(text(case, "key")).unwrap();
            assert!(is_public_key(&key) && !is_enrollable_key(&key));
        }
    }
    for refused in list(&vectors, "refused_keys") {
        assert!(
            !is_public_key(&hex32(text(refused, "key")).unwrap()),
            "{}",
            text(refused, "name")
        );
    }
}

/// Bodies of the records of a `.bel` archive: an old-style tar without end.
pub(crate) fn archive(path: &str) -> Vec<Vec<u8>> {
    let bytes = fixture(path);
    let mut bodies = Vec::new();
    let mut at = 0;
    while at + 512 <= bytes.len() {
        let size = std::str::from_utf8(&bytes[at + 124..at + 135]).unwrap();
        let size = usize::from_str_radix(size, 8).unwrap();
        bodies.push(bytes[at + 512..at + 512 + size].to_vec());
        at += 512 + size.div_ceil(512) * 512;
    }
    bodies
}

/// Honest elections of belenios-tool, made by other people's code.
#[test]
fn archives_of_another_tool() {
    for (path, single) in [
        ("bel/tiny/maT7QXfZ2LqUFe.bel", true),
        ("bel/absent-voters/fXtmQoUq7i3Wc4.bel", true),
        ("bel/small-threshold/u94e4LkdbvHVkf.bel", false),
    ] {
        let records = archive(path);
        let find = |prefix: &str| {
            records
                .iter()
                .filter(|body| body.starts_with(prefix.as_bytes()))
                .cloned()
                .collect::<Vec<_>>()
        };
        let record = String::from_utf8(find("{\"version\":1,\"description\"").remove(0)).unwrap();
        let election = election(&record);
        let ballots = find("{\"election_uuid\"");
        assert!(!ballots.is_empty());
        let mut latest = std::collections::BTreeMap::new();
        for ballot in &ballots {
            assert!(valid(ballot, &election), "{path}");
            let credential = crate::suite::ballot::credential_of(ballot).unwrap();
            latest.insert(credential, ballot.as_slice());
        }
        let tally = tally_of(latest.values().copied(), &election);
        let encrypted = tally.to_json();
        assert!(
            records.iter().any(|body| body == encrypted.as_bytes()),
            "{path}: the tool's tally"
        );
        let sized = sized_tally(latest.len() as u64, encrypted.as_bytes());
        assert!(
            records.iter().any(|body| body == sized.as_bytes()),
            "{path}: the tool's sized tally"
        );
        if !single {
            continue;
        }
        let trustees = String::from_utf8(find("[[\"Single\"").remove(0)).unwrap();
        let trustees = single_trustees(&trustees).unwrap();
        let shares: Vec<_> = find("{\"decryption_factors\"")
            .iter()
            .zip(&trustees)
            .map(|(share, t)| {
                verify_share(share, &election.questions, &election.fingerprint, t, &tally).unwrap()
            })
            .collect();
        let result = find("{\"result\"").remove(0);
        let counted = latest.len() as u64;
        assert!(
            verify_result(&result, &election.questions, &tally, &shares, counted).is_ok(),
            "{path}"
        );
        let raised = String::from_utf8(result).unwrap().replacen("[[", "[[1", 1);
        assert!(verify_result(raised.as_bytes(), &election.questions, &tally, &shares, counted).is_err());
    }
}
