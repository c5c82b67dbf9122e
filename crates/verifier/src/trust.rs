//! The trust file: where trust starts.
//!
//! Spec: specs/ledger.md §11, specs/verification.md §2.

use std::collections::BTreeSet;

use serde::Deserialize;
use thiserror::Error;

use crate::hash::hex32;
use crate::keys::is_public_key;
use crate::wire::{Kind, Position, is_origin};

/// No trust file is longer.
pub(crate) const MAX_TRUST_BYTES: u64 = 4 * 1024 * 1024;

/// Why a trust file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Not the JSON that the specification describes.
    #[error("the trust file is malformed: {0}")]
    Malformed(String),
    /// A format that this version does not know.
    #[error("the trust file has the unknown format {0:?}")]
    Format(String),
}

/// A trust file that is well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The election ledger, or the calendar ledger of a jurisdiction.
    pub(crate) root: [u8; 32],
    pub(crate) ledgers: Vec<TrustedLedger>,
}

/// A ledger whose identity and key are known from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrustedLedger {
    pub(crate) id: [u8; 32],
    pub(crate) kind: Kind,
    pub(crate) origin: String,
    pub(crate) key: [u8; 32],
    pub(crate) checkpoint: Option<Position>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustJson {
    format: String,
    #[serde(default, deserialize_with = "some_string")]
    event: Option<String>,
    #[serde(default, deserialize_with = "some_string")]
    jurisdiction: Option<String>,
    ledgers: Vec<LedgerJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerJson {
    id: String,
    kind: String,
    origin: String,
    key: String,
    #[serde(default, deserialize_with = "present")]
    checkpoint: Option<CheckpointJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointJson {
    size: u64,
    root: String,
}

/// A field that may be left out but is never `null`.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<CheckpointJson>, D::Error> {
    CheckpointJson::deserialize(deserializer).map(Some)
}

/// A field that may be left out but is never `null`.
fn some_string<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl Trust {
    /// Reads a trust file. White space is allowed, unknown and repeated fields are not.
    ///
    /// # Errors
    /// If the file is malformed or of an unknown format.
    pub fn parse(bytes: &[u8]) -> Result<Trust, TrustError> {
        let malformed = |reason: &str| TrustError::Malformed(reason.to_owned());
        if bytes.len() as u64 > MAX_TRUST_BYTES {
            return Err(malformed("too long"));
        }
        let format = serde_json::from_slice::<serde_json::Value>(bytes)
            .ok()
            .and_then(|value| {
                value
                    .get("format")
                    .and_then(|format| format.as_str().map(str::to_owned))
            });
        match format.as_deref() {
            Some("sijill-trust/1") => {}
            Some(other) => return Err(TrustError::Format(other.to_owned())),
            None => return Err(malformed("not a JSON object with a format")),
        }
        let json: TrustJson =
            serde_json::from_slice(bytes).map_err(|error| TrustError::Malformed(error.to_string()))?;
        if json.format != "sijill-trust/1" {
            return Err(TrustError::Format(json.format));
        }
        let id = |text: &str| {
            hex32(text).ok_or_else(|| malformed("an id, key or root is not 64 lower-case hex digits"))
        };
        let mut ledgers = Vec::new();
        for ledger in json.ledgers {
            let kind = (1..=7)
                .filter_map(Kind::from_code)
                .find(|kind| kind.name() == ledger.kind)
                .ok_or_else(|| malformed("unknown kind of ledger"))?;
            if !is_origin(&ledger.origin) {
                return Err(malformed("an origin is malformed"));
            }
            let key = id(&ledger.key)?;
            if !is_public_key(&key) {
                return Err(malformed("a key is not a public key"));
            }
            let checkpoint = match ledger.checkpoint {
                None => None,
                Some(checkpoint) if checkpoint.size == 0 => return Err(malformed("a checkpoint of size 0")),
                Some(checkpoint) => Some(Position {
                    size: checkpoint.size,
                    root: id(&checkpoint.root)?,
                }),
            };
            ledgers.push(TrustedLedger {
                id: id(&ledger.id)?,
                kind,
                origin: ledger.origin,
                key,
                checkpoint,
            });
        }
        let distinct: BTreeSet<_> = ledgers.iter().map(|ledger| ledger.id).collect();
        if distinct.len() != ledgers.len() {
            return Err(malformed("a ledger is listed twice"));
        }
        let (root, kind) = match (&json.event, &json.jurisdiction) {
            (Some(event), None) => (id(event)?, Kind::Election),
            (None, Some(jurisdiction)) => (id(jurisdiction)?, Kind::Calendar),
            _ => return Err(malformed("it is not of one event, or of one jurisdiction")),
        };
        let listed = ledgers
            .iter()
            .any(|ledger| ledger.id == root && ledger.kind == kind);
        if !listed {
            return Err(malformed(match kind {
                Kind::Election => "the event is not among the ledgers, as an election",
                _ => "the jurisdiction is not among the ledgers, as a calendar",
            }));
        }
        Ok(Trust { root, ledgers })
    }

    pub(crate) fn ledger(&self, id: &[u8; 32]) -> Option<&TrustedLedger> {
        self.ledgers.iter().find(|ledger| ledger.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_files_are_strict() {
        let key = hex::encode(
            ed25519_dalek::SigningKey::from_bytes(&[1; 32])
                .verifying_key()
                .to_bytes(),
        );
        let id = "ab".repeat(32);
        let good = format!(
            r#"{{"format":"sijill-trust/1", "event":"{id}","ledgers":[{{"id":"{id}","kind":"election","origin":"a/b","key":"{key}","checkpoint":{{"size":1,"root":"{id}"}}}}]}}"#
        );
        let trust = Trust::parse(good.as_bytes()).unwrap();
        assert_eq!(trust.ledgers.len(), 1);
        assert!(
            Trust::parse(
                good.replace(&format!(",\"checkpoint\":{{\"size\":1,\"root\":\"{id}\"}}"), "")
                    .as_bytes()
            )
            .is_ok()
        );
        assert!(matches!(
            Trust::parse(good.replace("trust/1", "trust/2").as_bytes()),
            Err(TrustError::Format(_))
        ));
        for (from, to) in [
            ("\"event\"", "\"extra\":1,\"event\""),
            ("\"kind\"", "\"kind\":\"roll\",\"kind\""),
            ("election", "elections"),
            ("\"size\":1", "\"size\":0"),
            ("\"size\":1", "\"size\":-1"),
            ("\"size\":1", "\"size\":1.0"),
            ("a/b", "/b"),
            ("election", "roll"),
            ("abab", "abac"),
            ("\"size\":1,", ""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert!(
                matches!(Trust::parse(bad.as_bytes()), Err(TrustError::Malformed(_))),
                "{bad}"
            );
        }
        for bad in ["", "{}", "[]", "null", "{\"format\":1}"] {
            assert!(Trust::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let null = good.replace(&format!("{{\"size\":1,\"root\":\"{id}\"}}"), "null");
        assert!(Trust::parse(null.as_bytes()).is_err());
    }
}
