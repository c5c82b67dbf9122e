//! What a roll commits to without saying it: evidence and reasons. Spec: specs/roll.md §2.

use jiff::civil::Date;
use serde::Serialize;
use sijill_ledger::{Committed, ContentRef, LedgerId};
use sijill_rules::{Evidence, Purpose};

use super::events::Pseudonym;
use crate::json;

/// What came of a check, and from what.
#[derive(Debug, Clone, Copy)]
pub struct CheckContent<'a> {
    /// The roll.
    pub roll: LedgerId,
    /// The person.
    pub pseudonym: Pseudonym,
    /// The rule pack.
    pub pack: ContentRef,
    /// Why the person was checked.
    pub purpose: Purpose,
    /// When, in milliseconds.
    pub at_ms: u64,
    /// Polling day.
    pub polling_day: Date,
    /// What was seen; `None` if the registrar vouches for a check that was made elsewhere.
    pub evidence: Option<&'a Evidence>,
    /// Conditions that failed, in the order of the rules.
    pub failed: &'a [String],
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    format: &'static str,
    roll: String,
    pseudonym: String,
    pack: String,
    purpose: Purpose,
    at_ms: u64,
    polling_day: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'a Evidence>,
    failed: &'a [String],
}

impl CheckContent<'_> {
    /// The document.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&CheckDocument {
            format: "sijill-check/1",
            roll: hex::encode(self.roll.as_bytes()),
            pseudonym: hex::encode(self.pseudonym.0),
            pack: hex::encode(self.pack.sha256.as_bytes()),
            purpose: self.purpose,
            at_ms: self.at_ms,
            polling_day: self.polling_day.to_string(),
            evidence: self.evidence,
            failed: self.failed,
        })
    }

    /// The commitment under 32 fresh random bytes.
    #[must_use]
    pub fn commit(&self, salt: &[u8; 32]) -> [u8; 32] {
        Committed::new(salt, &self.to_json()).commitment
    }
}

/// Why something was done.
#[derive(Debug, Clone, Copy)]
pub struct ReasonContent<'a> {
    /// The roll.
    pub roll: LedgerId,
    /// The person whom it is about.
    pub pseudonym: Pseudonym,
    /// Name of the event type.
    pub event: &'a str,
    /// Why: 1 to 10000 bytes.
    pub text: &'a str,
}

#[derive(Serialize)]
struct ReasonDocument<'a> {
    format: &'static str,
    roll: String,
    pseudonym: String,
    event: &'a str,
    text: &'a str,
}

impl ReasonContent<'_> {
    /// The document.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&ReasonDocument {
            format: "sijill-reason/1",
            roll: hex::encode(self.roll.as_bytes()),
            pseudonym: hex::encode(self.pseudonym.0),
            event: self.event,
            text: self.text,
        })
    }

    /// The commitment under 32 fresh random bytes.
    #[must_use]
    pub fn commit(&self, salt: &[u8; 32]) -> [u8; 32] {
        Committed::new(salt, &self.to_json()).commitment
    }
}

#[cfg(test)]
mod tests {
    use sijill_ledger::{ContentHash, ContentRef};
    use sijill_rules::{Document, Nationality};

    use super::*;

    #[test]
    fn the_document_is_that_of_the_specification() {
        let evidence = Evidence {
            born: "1990-01-31".parse().unwrap(),
            nationality: Nationality::Naturalised,
            since: Some("2001-05-02".parse().unwrap()),
            document: Document::IdCard,
            expires: "2027-01-01".parse().unwrap(),
            exclusions: vec!["military".into()],
        };
        let failed = ["exclusion-military".to_owned()];
        let mut content = CheckContent {
            roll: LedgerId::from_bytes([0x11; 32]),
            pseudonym: Pseudonym([0x22; 32]),
            pack: ContentRef {
                sha256: ContentHash::from_bytes([0x33; 32]),
                length: 9,
            },
            purpose: Purpose::LogIn,
            at_ms: 7,
            polling_day: "2026-12-05".parse().unwrap(),
            evidence: Some(&evidence),
            failed: &failed,
        };
        let text = |c: &CheckContent<'_>| String::from_utf8(c.to_json()).unwrap();
        let (roll, pseudonym, pack) = ("11".repeat(32), "22".repeat(32), "33".repeat(32));
        assert_eq!(
            text(&content),
            format!(
                r#"{{"format":"sijill-check/1","roll":"{roll}","pseudonym":"{pseudonym}","pack":"{pack}","purpose":"log-in","at_ms":7,"polling_day":"2026-12-05","evidence":{{"born":"1990-01-31","nationality":"naturalised","since":"2001-05-02","document":"id_card","expires":"2027-01-01","exclusions":["military"]}},"failed":["exclusion-military"]}}"#
            )
        );
        let one = content.commit(&[1; 32]);
        assert_ne!(one, content.commit(&[2; 32]));
        content.evidence = None;
        assert!(text(&content).contains(r#""polling_day":"2026-12-05","failed":["#));
        assert_ne!(one, content.commit(&[1; 32]));
    }
}
