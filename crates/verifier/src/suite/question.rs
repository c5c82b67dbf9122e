//! Questions, election records and the bound on ballots.
//!
//! Spec: specs/ballot-suite.md §3, §4, §7.6, specs/election.md §3.

use crate::hash::{b64raw, sha256};
use crate::json::{push_array, push_string};
use crate::suite::group::PointBytes;

/// A homomorphic question, as far as ballots and tallies depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) question: String,
    pub(crate) answers: Vec<String>,
    pub(crate) blank: bool,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Question {
    /// Number of ciphertexts of an answer.
    pub(crate) fn choices(&self) -> usize {
        self.answers.len() + usize::from(self.blank)
    }

    /// Number of proofs of the overall proof. `min ≤ max ≤` number of answers, so this cannot overflow.
    pub(crate) fn overall_proofs(&self) -> usize {
        usize::try_from(self.max.saturating_sub(self.min))
            .unwrap_or(usize::MAX)
            .saturating_add(1 + usize::from(self.blank))
    }

    fn push(&self, out: &mut String) {
        out.push_str("{\"answers\":");
        push_array(out, &self.answers, |out, answer| push_string(out, answer));
        if self.blank {
            out.push_str(",\"blank\":true");
        }
        out.push_str(&format!(
            ",\"min\":{},\"max\":{},\"question\":",
            self.min, self.max
        ));
        push_string(out, &self.question);
        out.push('}');
    }
}

/// An election record of the suite, made from its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ElectionRecord {
    pub(crate) description: String,
    pub(crate) name: String,
    pub(crate) public_key: PointBytes,
    pub(crate) questions: Vec<Question>,
    pub(crate) uuid: String,
    pub(crate) administrator: Option<String>,
    pub(crate) credential_authority: Option<String>,
}

impl ElectionRecord {
    /// The bytes that are hashed. Spec: specs/ballot-suite.md §4.
    pub(crate) fn to_json(&self) -> String {
        let mut out = "{\"version\":1,\"description\":".to_owned();
        push_string(&mut out, &self.description);
        out.push_str(",\"name\":");
        push_string(&mut out, &self.name);
        out.push_str(",\"group\":\"Ed25519\",\"public_key\":");
        push_string(&mut out, &self.public_key.text());
        out.push_str(",\"questions\":");
        push_array(&mut out, &self.questions, |out, question| question.push(out));
        out.push_str(",\"uuid\":");
        push_string(&mut out, &self.uuid);
        for (field, value) in [
            ("administrator", &self.administrator),
            ("credential_authority", &self.credential_authority),
        ] {
            if let Some(value) = value {
                out.push_str(&format!(",\"{field}\":"));
                push_string(&mut out, value);
            }
        }
        out.push('}');
        out
    }
}

/// The fingerprint of an election record.
pub(crate) fn fingerprint(record: &[u8]) -> String {
    b64raw(&sha256(&[record]))
}

/// Length of the largest ballot. Spec: specs/ballot-suite.md §7.6.
pub(crate) fn largest_ballot(uuid_bytes: u64, questions: &[Question]) -> u64 {
    let mut total = 432u64
        .saturating_add(uuid_bytes)
        .saturating_add(questions.len() as u64);
    for question in questions {
        let choices = (question.choices() as u64).saturating_mul(519);
        let proofs = (question.overall_proofs() as u64).saturating_mul(183);
        let blank = if question.blank { 382 } else { 0 };
        total = total
            .saturating_add(53)
            .saturating_add(choices)
            .saturating_add(proofs)
            .saturating_add(blank);
    }
    total
}

/// The uuid of a box. Spec: specs/election.md §3.1.
pub(crate) fn uuid_of_box(ledger: &[u8; 32]) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    sha256(&[b"sijill/uuid/v1\n", ledger])
        .iter()
        .take(22)
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 58)))
        .map(|character| char::from(*character))
        .collect()
}
