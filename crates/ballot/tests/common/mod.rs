//! What several tests need: elections made from scratch, and a reader of archives that is enough for fixtures.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod raw;

use sijill_ballot::{
    Credential, Election, ElectionContext, ElectionParameters, Question, TrusteeSecret, Trustees, Uuid,
};
use std::path::PathBuf;

/// An election with single trustees.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) secrets: Vec<TrusteeSecret>,
    pub(crate) trustees: Trustees,
    pub(crate) election: Election,
    pub(crate) context: ElectionContext,
}

pub(crate) fn election(questions: Vec<Question>, trustees: usize) -> Made {
    let mut rng = rand::rng();
    let secrets: Vec<TrusteeSecret> = (0..trustees).map(|_| TrusteeSecret::generate(&mut rng)).collect();
    let keys: Vec<_> = secrets
        .iter()
        .map(|s| s.publish(Some("T"), &mut rng).unwrap())
        .collect();
    let trustees = Trustees::from_keys(&keys).unwrap();
    let election = Election::build(ElectionParameters {
        description: "test/national".to_owned(),
        name: "Test / اختبار".to_owned(),
        public_key: *trustees.election_key(),
        questions,
        uuid: Uuid::parse("12345678abcdEF").unwrap(),
        administrator: Some("Commission".to_owned()),
        credential_authority: Some("Registrar".to_owned()),
    })
    .unwrap();
    let context = ElectionContext::new(&election);
    Made {
        secrets,
        trustees,
        election,
        context,
    }
}

pub(crate) fn question(answers: usize, blank: bool, min: u32, max: u32) -> Question {
    let answers: Vec<String> = (0..answers).map(|i| format!("Answer {i}")).collect();
    Question::new("Which?", &answers, blank, min, max).unwrap()
}

pub(crate) fn credential() -> Credential {
    Credential::random(&mut rand::rng())
}

pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The bodies of an archive's records by hash, and its events in order.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) records: std::collections::HashMap<String, Vec<u8>>,
    pub(crate) events: Vec<serde_json::Value>,
    pub(crate) timestamp: u64,
    /// The whole file.
    pub(crate) bytes: Vec<u8>,
}

impl Archive {
    pub(crate) fn read(folder: &str) -> Self {
        let folder = fixtures().join("bel").join(folder);
        let path = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|e| e == "bel"))
            .unwrap();
        let bytes = std::fs::read(path).unwrap();
        let mut archive = Self {
            records: Default::default(),
            events: vec![],
            timestamp: 0,
            bytes: bytes.clone(),
        };
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let name = std::str::from_utf8(&rest[..100]).unwrap().trim_end_matches('\0');
            let size = usize::from_str_radix(std::str::from_utf8(&rest[124..135]).unwrap(), 8).unwrap();
            let body = rest[512..512 + size].to_vec();
            rest = &rest[512 + size.div_ceil(512) * 512..];
            let mut parts = name.split('.');
            let (hash, kind) = (parts.next().unwrap().to_owned(), parts.next());
            match kind {
                Some("event") => archive.events.push(serde_json::from_slice(&body).unwrap()),
                Some("data") => {
                    archive.records.insert(hash, body);
                }
                _ => {
                    assert_eq!(name, "BELENIOS");
                    let header: serde_json::Value = serde_json::from_slice(&body).unwrap();
                    archive.timestamp = header["timestamp"].as_str().unwrap().parse().unwrap();
                }
            }
        }
        archive
    }

    pub(crate) fn record(&self, hash: &serde_json::Value) -> &[u8] {
        &self.records[hash.as_str().unwrap()]
    }

    /// Payloads of the events of a type, in order.
    pub(crate) fn payloads(&self, kind: &str) -> Vec<&[u8]> {
        let of_kind = self.events.iter().filter(|event| event["type"] == kind);
        of_kind.map(|event| self.record(&event["payload"])).collect()
    }
}
