//! Fuzz targets for every decoder and parser, and the seeds that they start from.
//!
//! A target fails if a decoder panics, if what it accepts is not written back to the same bytes, or if the engine's decoder and the
//! verifier's do not agree: the same bytes are accepted by both or refused by both.
//!
//! - [`TARGETS`]: all of them, by name. Each has a program of that name in `fuzz_targets/`.
//! - [`seeds`]: well-formed inputs for each, from `fixtures/`.

use std::sync::LazyLock;

use sijill_ballot::{
    CredentialCode, CredentialList, Election, ElectionContext, ElectionResult, EncryptedTally, Point,
    SizedTally, TrackingCode, TrusteeKey, Trustees, Uuid, check_opening, verify_ballot,
};
use sijill_engine::keyfile::KeyFile;
use sijill_ledger::{
    EventType, Genesis, JurisdictionTrustFile, Kind, LedgerId, Origin, Scope, Seq, Signature, TilePath,
    TrustFile, UnverifiedBody, UnverifiedCheckpoint, UnverifiedEntry, UnverifiedReceipt,
};
use sijill_registers::catalogue::Event;
use sijill_registers::election_file;
use sijill_registers::manifest::Manifest;
use sijill_rules::RulePack;
use sijill_verifier::accepts;

mod folder;
mod seeds;

pub use folder::{verify_event, verify_jurisdiction};
pub use seeds::seeds;

/// Writes the seeds of a target into the folder that the environment variable `SIJILL_SEEDS` names, if it is set.
///
/// # Panics
/// If there are none, or they cannot be written.
pub fn write_seeds(target: &str) {
    let Some(folder) = std::env::var_os("SIJILL_SEEDS") else {
        return;
    };
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "{target} has no seeds");
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(
            std::path::Path::new(&folder).join(format!("seed-{number:03}")),
            seed,
        )
        .expect("the folder for seeds can be written");
    }
}

/// A target: its name and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("ballot", ballot),
    ("checkpoint", checkpoint),
    ("credentials", credentials),
    ("election_file", election_file),
    ("election_record", election_record),
    ("entry", entry),
    ("event", event),
    ("genesis", genesis),
    ("key_file", key_file),
    ("manifest", manifest),
    ("opening", opening),
    ("receipt", receipt),
    ("rule_pack", rule_pack),
    ("short_texts", short_texts),
    ("tally", tally),
    ("trust_file", trust_file),
    ("trustees", trustees),
    ("verify_event", verify_event),
    ("verify_jurisdiction", verify_jurisdiction),
];

/// The engine's error is part of the message: it says which rule the verifier does not have.
#[track_caller]
fn agree<T, E: std::fmt::Debug>(engine: &Result<T, E>, verifier: bool) {
    match engine {
        Ok(_) => assert!(verifier, "accepted by the engine only"),
        Err(error) => assert!(!verifier, "accepted by the verifier only; the engine: {error:?}"),
    }
}

/// As [`agree`], of a text: what is not UTF-8 is accepted by neither.
#[track_caller]
fn agree_on_text<T, E: std::fmt::Debug>(data: &[u8], engine: impl Fn(&str) -> Result<T, E>, verifier: bool) {
    match text(data) {
        Some(text) => agree(&engine(text), verifier),
        None => assert!(!verifier, "accepted by the verifier only: not UTF-8"),
    }
}

/// An entry, and the same bytes as a body.
pub fn entry(data: &[u8]) {
    agree(&UnverifiedEntry::parse(data), accepts::entry(data));
    if let Ok(body) = UnverifiedBody::parse(data, Signature::from_bytes([0; 64])) {
        assert_eq!(body.body().encode(), data);
    }
}

/// The payload of a genesis.
pub fn genesis(data: &[u8]) {
    agree(&Genesis::parse(data), accepts::genesis(data));
}

/// Kind, event type, payload.
pub fn event(data: &[u8]) {
    let Some(([kind, high, low], payload)) = data.split_first_chunk() else {
        return;
    };
    let event_type = u16::from_be_bytes([*high, *low]);
    // A genesis is entry 0 and has a target of its own.
    let Some(kind) = Kind::from_code(u16::from(*kind)).filter(|_| event_type != 1) else {
        return;
    };
    let read = Event::parse(kind, EventType::new(event_type), payload);
    agree(&read, accepts::event(kind.code(), event_type, payload));
    if let Ok(event) = read {
        assert_eq!(event.payload(), payload);
    }
}

/// A checkpoint.
pub fn checkpoint(data: &[u8]) {
    agree_on_text(data, UnverifiedCheckpoint::parse, accepts::checkpoint(data));
}

/// A receipt.
pub fn receipt(data: &[u8]) {
    agree_on_text(data, UnverifiedReceipt::parse, accepts::receipt(data));
}

/// A trust file, of an event or of a jurisdiction.
pub fn trust_file(data: &[u8]) {
    let read = |text: &str| match TrustFile::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => JurisdictionTrustFile::parse(text).map(|_| ()).map_err(|_| error),
    };
    agree_on_text(data, read, accepts::trust_file(data));
}

/// A manifest.
pub fn manifest(data: &[u8]) {
    let read = Manifest::parse(data);
    agree(&read, accepts::manifest(data));
    if let Ok(manifest) = read {
        assert_eq!(manifest.to_bytes(), data);
    }
}

/// A credential list. Lists with weights exist in archives only, which the verifier reads elsewhere.
pub fn credentials(data: &[u8]) {
    let read = CredentialList::parse(data);
    if !read.as_ref().is_ok_and(CredentialList::has_weights) {
        agree(&read, accepts::credential_list(data));
    }
    if let Ok(list) = read {
        assert_eq!(list.json().as_bytes(), data);
    }
}

/// A trustee's key, a whole trustees record.
pub fn trustees(data: &[u8]) {
    let read = TrusteeKey::parse(data);
    agree(&read, accepts::trustee_key(data));
    if let Ok(key) = read {
        assert_eq!(key.json().as_bytes(), data);
    }
    if let Ok(trustees) = Trustees::parse(data) {
        assert_eq!(trustees.json().as_bytes(), data);
    }
}

/// An election record.
pub fn election_record(data: &[u8]) {
    if let Ok(election) = Election::parse(data) {
        assert_eq!(election.json().as_bytes(), data);
    }
}

/// A ballot for the first election of the vectors.
pub fn ballot(data: &[u8]) {
    let (engine, verifier) = &*ELECTION;
    agree(&verify_ballot(engine, data), verifier.accepts(data));
}

/// An opened ballot.
pub fn opening(data: &[u8]) {
    let _ = check_opening(&ELECTION.0, data);
}

/// Encrypted and sized tally, result.
pub fn tally(data: &[u8]) {
    if let Ok(sized) = SizedTally::parse(data) {
        assert_eq!(sized.json().as_bytes(), data);
    }
    if let Ok(result) = ElectionResult::parse(data) {
        assert_eq!(result.json().as_bytes(), data);
    }
    let both = data.iter().position(|b| *b == b'\n');
    if let Some((tally, sized)) = both.and_then(|at| data.split_at_checked(at)) {
        let _ = EncryptedTally::parse(&ELECTION.0, tally, &sized[1..]);
    }
}

/// A rule pack.
pub fn rule_pack(data: &[u8]) {
    let _ = text(data).map(RulePack::parse);
}

/// What an official writes to define an election.
pub fn election_file(data: &[u8]) {
    static PACK: LazyLock<RulePack> = LazyLock::new(|| {
        RulePack::parse(include_str!("../../../fixtures/rules/plain-1.toml")).expect("the pack is valid")
    });
    let Some(text) = text(data) else { return };
    let _ = election_file::rules_named(text);
    if let Ok(manifest) = election_file::compile(text, &PACK) {
        let bytes = manifest.to_bytes();
        agree(&Manifest::parse(&bytes), accepts::manifest(&bytes));
    }
}

/// A key file: what can be read of it without the passphrase.
pub fn key_file(data: &[u8]) {
    if let Ok(file) = KeyFile::parse(data) {
        assert_eq!(file.to_bytes(), data);
    }
}

/// Ids, names, codes, points.
pub fn short_texts(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let _ = (text.parse::<Seq>(), Origin::new(text), Scope::new(text));
    let _ = (Uuid::parse(text), CredentialCode::parse(text));
    if let Some(code) = TrackingCode::parse(text) {
        assert_eq!(code.as_str(), text);
    }
    if let Ok(id) = text.parse::<LedgerId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(path) = text.parse::<TilePath>() {
        assert_eq!(path.to_string(), text);
    }
    if let Some(Ok(point)) = data.first_chunk::<32>().map(Point::from_bytes) {
        assert_eq!(Some(point.as_bytes()), data.first_chunk());
    }
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The first election of the vectors, for either side.
static ELECTION: LazyLock<(ElectionContext, accepts::BallotElection)> = LazyLock::new(|| {
    let vectors = seeds::vectors("ballot-suite.json");
    let record = vectors["elections"][0]["election"].as_str().expect("a record");
    let election = Election::parse(record.as_bytes()).expect("a valid record");
    let parameters = election.parameters();
    let questions: Vec<_> = parameters
        .questions
        .iter()
        .map(|q| (q.answers().len(), q.blank(), q.min() as u64, q.max() as u64))
        .collect();
    let verifier = accepts::BallotElection::new(
        parameters.uuid.as_str(),
        election.fingerprint().as_str(),
        &parameters.public_key.to_string(),
        &questions,
    )
    .expect("a valid key");
    (ElectionContext::new(&election), verifier)
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_program() {
        for (name, _) in TARGETS {
            let path = format!("{}/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
            let program = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                program.contains(&format!("|data: &[u8]| sijill_fuzz::{name}(data)"))
                    && program.contains(&format!("write_seeds(\"{name}\")")),
                "{path} does not run the target {name}"
            );
        }
    }

    /// Every target passes its seeds, cut, and with every byte changed once.
    #[test]
    fn seeds_and_their_neighbours() {
        for (name, target) in TARGETS {
            let seeds = seeds(name);
            assert!(!seeds.is_empty(), "{name} has no seeds");
            for seed in seeds {
                target(&seed);
                let step = (seed.len() / 200).max(1);
                for at in (0..seed.len()).step_by(step) {
                    target(&seed[..at]);
                    for flip in [0x01, 0x80] {
                        let mut changed = seed.clone();
                        changed[at] ^= flip;
                        target(&changed);
                    }
                }
            }
        }
    }
}
