//! The Belenios records of a box, derived from manifest, trustees and ledger id, so that anyone can make them again.
//!
//! Spec: specs/election.md §3.

use sha2::{Digest, Sha256};
use sijill_ballot::Point;
use sijill_ballot::{Election, ElectionError, ElectionParameters, Uuid};
use sijill_ballot::{Question, QuestionError, largest_ballot_bytes as largest};
use sijill_ledger::LedgerId;

use crate::manifest::{District, Manifest};

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Characters of a box's uuid. Spec: specs/election.md §3.1.
const UUID_CHARS: usize = 22;

/// Why an election record cannot be derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The district is not in the manifest.
    #[error("the manifest has no district of that id")]
    NoDistrict,
    /// A question that the suite refuses.
    #[error("question: {0}")]
    Question(#[from] QuestionError),
    /// A record that the suite refuses.
    #[error("election record: {0}")]
    Election(#[from] ElectionError),
}

/// The uuid of a box. Spec: specs/election.md §3.1.
#[must_use]
pub fn uuid(ballot_box: &LedgerId) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(b"sijill/uuid/v1\n");
    hasher.update(ballot_box.as_bytes());
    let hash = hasher.finalize();
    let text: String = hash
        .iter()
        .take(UUID_CHARS)
        .map(|byte| char::from(BASE58[usize::from(*byte) % BASE58.len()]))
        .collect();
    Uuid::parse(&text).expect("22 characters of the alphabet are a uuid")
}

/// The election record of a district's box. Spec: specs/election.md §3.3.
///
/// # Errors
/// [`RecordError`] for a manifest that was not validated, or a key that is neutral.
pub fn election_record(
    manifest: &Manifest,
    district: &District,
    ballot_box: &LedgerId,
    election_key: &Point,
) -> Result<Election, RecordError> {
    Ok(Election::build(ElectionParameters {
        description: format!("{}/{}", manifest.id, district.id),
        name: manifest.name.joined(),
        public_key: *election_key,
        questions: questions(district)?,
        uuid: uuid(ballot_box),
        administrator: Some(manifest.administrator.clone()),
        credential_authority: Some(manifest.credential_authority.clone()),
    })?)
}

/// Bound of the ballots of a district, in bytes; `usize::MAX` if the suite refuses a question.
#[must_use]
pub fn largest_ballot_bytes(district: &District) -> usize {
    questions(district).map_or(usize::MAX, |questions| largest(&questions, UUID_CHARS))
}

fn questions(district: &District) -> Result<Vec<Question>, QuestionError> {
    district
        .questions()
        .iter()
        .map(|q| {
            let answers: Vec<String> = q.answers.iter().map(crate::manifest::Text::joined).collect();
            Question::new(&q.question.joined(), &answers, q.blank, q.min, q.max)
        })
        .collect()
}
