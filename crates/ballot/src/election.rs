//! The election record: the questions and the key, fixed by a fingerprint that enters every proof.
//!
//! [`Election`] is the record and its bytes; [`ElectionContext`] is what voters, the box, trustees and talliers work
//! with, ready for fast verification.
//!
//! Spec: specs/ballot-suite.md §4.

use crate::group::{Point, PointError};
use crate::hash;
use crate::json::{self, JsonError};
use crate::proof::KeyTable;
use crate::question::{Question, QuestionError, WireQuestion, largest_ballot_bytes};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// The name of this suite in manifests.
pub const SUITE: &str = "belenios-v1-ed25519";

/// Why an election record is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ElectionError {
    /// Not canonical JSON of the shape. Whoever wrote the record is at fault.
    #[error("election record: {0}")]
    Json(#[from] JsonError),
    /// Well formed as far as can be seen, but of a kind that this suite does not know.
    #[error("election record: unsupported {0}")]
    Unsupported(&'static str),
    /// The public key is not an element of the group, or neutral.
    #[error("election record: public key: {0}")]
    PublicKey(PointError),
    /// The uuid is not 14 to 64 Base58 characters.
    #[error("election record: the uuid is not 14 to 64 Base58 characters")]
    Uuid,
    /// A text holds U+007F.
    #[error("election record: a text holds the character U+007F")]
    Text,
    /// There is no question.
    #[error("election record: no question")]
    NoQuestion,
    /// A question is not acceptable; counted from 0.
    #[error("election record: question {index}: {error}")]
    Question {
        /// Position of the question, from 0.
        index: usize,
        /// What is wrong with it.
        error: QuestionError,
    },
}

/// An election's uuid: 14 to 64 Base58 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(String);

impl Uuid {
    /// Reads a uuid.
    ///
    /// # Errors
    /// [`ElectionError::Uuid`].
    pub fn parse(text: &str) -> Result<Self, ElectionError> {
        if (14..=64).contains(&text.len()) && text.bytes().all(|b| BASE58.contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ElectionError::Uuid)
        }
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// φ: the hash of an election record, 43 characters.
///
/// Spec: specs/ballot-suite.md §4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The 43 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What goes into an election record.
#[derive(Debug, Clone)]
pub struct ElectionParameters {
    /// Free text.
    pub description: String,
    /// Free text.
    pub name: String,
    /// The trustees' common key, not neutral.
    pub public_key: Point,
    /// At least one.
    pub questions: Vec<Question>,
    /// Names the election.
    pub uuid: Uuid,
    /// Free text.
    pub administrator: Option<String>,
    /// Free text.
    pub credential_authority: Option<String>,
}

/// An election record with its exact bytes.
#[derive(Debug, Clone)]
pub struct Election {
    json: String,
    fingerprint: Fingerprint,
    parameters: ElectionParameters,
}

impl Election {
    /// Writes the record of an election.
    ///
    /// # Errors
    /// [`ElectionError`] if the key is neutral, a text holds U+007F, or there is no question.
    pub fn build(parameters: ElectionParameters) -> Result<Self, ElectionError> {
        let wire = WireElection {
            version: 1,
            description: parameters.description.clone(),
            name: parameters.name.clone(),
            group: GROUP.to_owned(),
            public_key: parameters.public_key.text(),
            questions: parameters.questions.iter().map(Question::to_wire).collect(),
            uuid: parameters.uuid.0.clone(),
            administrator: parameters.administrator.clone(),
            credential_authority: parameters.credential_authority.clone(),
        };
        let json = json::write(&wire);
        if json.as_bytes().contains(&json::DELETE) {
            return Err(ElectionError::Text);
        }
        Self::parse(json.as_bytes())
    }

    /// Reads the record of an election, strictly.
    ///
    /// # Errors
    /// [`ElectionError::Unsupported`] for another version, group, kind of question, or an additional field; the other
    /// variants of [`ElectionError`] for everything else that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, ElectionError> {
        let wire: WireElection =
            json::parse(bytes).map_err(|error| unsupported(bytes).unwrap_or(error.into()))?;
        if wire.version != 1 {
            return Err(ElectionError::Unsupported("version"));
        }
        if wire.group != GROUP {
            return Err(ElectionError::Unsupported("group"));
        }
        let public_key = Point::from_text(&wire.public_key)
            .and_then(Point::refuse_neutral)
            .map_err(ElectionError::PublicKey)?;
        if wire.questions.is_empty() {
            return Err(ElectionError::NoQuestion);
        }
        let questions = wire
            .questions
            .into_iter()
            .enumerate()
            .map(|(index, q)| {
                Question::from_wire(q).map_err(|error| ElectionError::Question { index, error })
            })
            .collect::<Result<_, _>>()?;
        let json = String::from_utf8(bytes.to_vec()).map_err(|_| JsonError::Shape)?;
        Ok(Self {
            fingerprint: Fingerprint(hash::b64(bytes)),
            json,
            parameters: ElectionParameters {
                description: wire.description,
                name: wire.name,
                public_key,
                questions,
                uuid: Uuid::parse(&wire.uuid)?,
                administrator: wire.administrator,
                credential_authority: wire.credential_authority,
            },
        })
    }

    /// The exact record.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// φ.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The contents of the record.
    #[must_use]
    pub fn parameters(&self) -> &ElectionParameters {
        &self.parameters
    }
}

/// An election as ballots see it: fingerprint, uuid, key and questions, with tables for fast verification.
/// Make one per election and share it between threads.
#[derive(Debug)]
pub struct ElectionContext {
    fingerprint: Fingerprint,
    uuid: Uuid,
    questions: Vec<Question>,
    key: KeyTable,
    largest_ballot_bytes: usize,
}

impl ElectionContext {
    /// The context of an election.
    #[must_use]
    pub fn new(election: &Election) -> Self {
        let ElectionParameters {
            uuid,
            questions,
            public_key,
            ..
        } = &election.parameters;
        Self {
            fingerprint: election.fingerprint.clone(),
            largest_ballot_bytes: largest_ballot_bytes(questions, uuid.as_str().len()),
            uuid: uuid.clone(),
            questions: questions.clone(),
            key: KeyTable::new(*public_key),
        }
    }

    /// φ.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The election's uuid.
    #[must_use]
    pub fn uuid(&self) -> &Uuid {
        &self.uuid
    }

    /// The key that ballots are encrypted to.
    #[must_use]
    pub fn public_key(&self) -> &Point {
        self.key.key()
    }

    /// The questions.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// Upper bound of a ballot's length in bytes; longer ones are refused unread.
    #[must_use]
    pub fn largest_ballot_bytes(&self) -> usize {
        self.largest_ballot_bytes
    }

    pub(crate) fn key(&self) -> &KeyTable {
        &self.key
    }
}

/// Characters of uuids and credential codes.
pub(crate) const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

const GROUP: &str = "Ed25519";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireElection {
    version: u32,
    description: String,
    name: String,
    group: String,
    public_key: String,
    questions: Vec<WireQuestion>,
    uuid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    administrator: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credential_authority: Option<String>,
}

/// Whether a record that did not parse is an election of a kind that this suite does not know.
fn unsupported(bytes: &[u8]) -> Option<ElectionError> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let record = value.as_object()?;
    if record
        .get("version")
        .is_some_and(|v| v.is_u64() && v.as_u64() != Some(1))
    {
        return Some(ElectionError::Unsupported("version"));
    }
    if record
        .get("group")
        .is_some_and(|g| g.is_string() && g.as_str() != Some(GROUP))
    {
        return Some(ElectionError::Unsupported("group"));
    }
    if record.keys().any(|field| !FIELDS.contains(&field.as_str())) {
        return Some(ElectionError::Unsupported("field"));
    }
    let questions = record.get("questions")?.as_array()?;
    let other = |q: &serde_json::Value| q.get("type").is_some();
    questions
        .iter()
        .any(other)
        .then_some(ElectionError::Unsupported("kind of question"))
}

const FIELDS: [&str; 9] = [
    "version",
    "description",
    "name",
    "group",
    "public_key",
    "questions",
    "uuid",
    "administrator",
    "credential_authority",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> ElectionParameters {
        ElectionParameters {
            description: "d/1".to_owned(),
            name: "استفتاء \"1\"".to_owned(),
            public_key: Point::generator(),
            questions: vec![
                Question::new("Q", &["Yes".to_owned(), "No".to_owned()], true, 1, 1).unwrap(),
                Question::new("R", &["A".to_owned()], false, 0, 1).unwrap(),
            ],
            uuid: Uuid::parse("12345678abcdEF").unwrap(),
            administrator: Some("Commission".to_owned()),
            credential_authority: None,
        }
    }

    fn replaced(from: &str, to: &str) -> Result<Election, ElectionError> {
        let json = Election::build(parameters()).unwrap().json().to_owned();
        assert!(json.contains(from), "{from}");
        Election::parse(json.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn round_trip() {
        let election = Election::build(parameters()).unwrap();
        let again = Election::parse(election.json().as_bytes()).unwrap();
        assert_eq!(again.fingerprint(), election.fingerprint());
        assert_eq!(again.parameters().questions, parameters().questions);
        assert!(election.json().starts_with(
            "{\"version\":1,\"description\":\"d/1\",\"name\":\"استفتاء \\\"1\\\"\",\"group\":\"Ed25519\",\"public_key\":\"66"
        ));
        assert!(election.json().ends_with(
            "\"questions\":[{\"answers\":[\"Yes\",\"No\"],\"blank\":true,\"min\":1,\"max\":1,\"question\":\"Q\"},\
             {\"answers\":[\"A\"],\"min\":0,\"max\":1,\"question\":\"R\"}],\"uuid\":\"12345678abcdEF\",\"administrator\":\"Commission\"}"
        ));
    }

    #[test]
    fn unsupported_is_told_apart() {
        for (from, to, what) in [
            ("\"version\":1", "\"version\":2", "version"),
            ("Ed25519", "BELENIOS-2048", "group"),
            (
                "\"administrator\":",
                "\"language\":\"en\",\"administrator\":",
                "field",
            ),
            (
                "{\"answers\":[\"A\"],\"min\":0,\"max\":1,\"question\":\"R\"}",
                "{\"type\":\"Lists\",\"value\":{}}",
                "kind of question",
            ),
        ] {
            assert_eq!(replaced(from, to).unwrap_err(), ElectionError::Unsupported(what));
        }
    }

    #[test]
    fn refused() {
        let neutral = Point::neutral().text();
        let generator = Point::generator().text();
        assert_eq!(
            replaced("\"d/1\"", " \"d/1\"").unwrap_err(),
            JsonError::NotCanonical.into()
        );
        assert_eq!(
            replaced("d/1", "d\\/1").unwrap_err(),
            JsonError::NotCanonical.into()
        );
        assert_eq!(
            replaced("d/1", "\u{7f}").unwrap_err(),
            JsonError::NotCanonical.into()
        );
        assert_eq!(
            replaced("{\"version\":1", "{\"version\":1,\"version\":1").unwrap_err(),
            JsonError::Shape.into()
        );
        assert_eq!(
            replaced("\"min\":1", "\"min\":01").unwrap_err(),
            JsonError::Shape.into()
        );
        assert_eq!(
            replaced(&generator, &neutral).unwrap_err(),
            ElectionError::PublicKey(PointError::Neutral)
        );
        assert_eq!(
            replaced("12345678abcdEF", "12345678abcdE0").unwrap_err(),
            ElectionError::Uuid
        );
        assert_eq!(
            replaced("12345678abcdEF", "12345678abcdE").unwrap_err(),
            ElectionError::Uuid
        );
        assert_eq!(
            replaced("\"blank\":true", "\"blank\":false").unwrap_err(),
            ElectionError::Question {
                index: 0,
                error: QuestionError::Blank
            }
        );
        assert_eq!(
            replaced("\"max\":1", "\"max\":3").unwrap_err(),
            ElectionError::Question {
                index: 0,
                error: QuestionError::Bounds
            }
        );
        let mut empty = parameters();
        empty.questions.clear();
        assert_eq!(Election::build(empty).unwrap_err(), ElectionError::NoQuestion);
        let mut deleted = parameters();
        deleted.name.push('\u{7f}');
        assert_eq!(Election::build(deleted).unwrap_err(), ElectionError::Text);
    }
}
