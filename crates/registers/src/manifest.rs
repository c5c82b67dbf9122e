//! The manifest of an electoral event: what is asked, of whom, when, and who holds the keys.
//!
//! Spec: specs/election.md §2. The manifest is a document of fixed bytes, cited by hash from the election ledger;
//! people write the TOML of [`crate::election_file`] instead.

use serde::{Deserialize, Serialize};
use sijill_rules::{Window, WindowError};

use crate::json::{self, JsonError, MAX_INTEGER};
use crate::names::Name;

/// The suite of this version. Spec: specs/ballot-suite.md.
pub const SUITE: &str = "belenios-v1-ed25519";
/// The format of this version.
pub const FORMAT: &str = "sijill-manifest/1";
/// Bound of the largest ballot of a district, in bytes. Spec: specs/election.md §2.
pub const MAX_BALLOT_BYTES: usize = 59_800;

/// Why a manifest is refused. The fault is its author's; the message names the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not a canonical JSON document of the manifest's form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A format or suite that this version does not know.
    #[error("the manifest's {what} `{found}` is not supported; this version knows `{known}`")]
    Unsupported {
        /// `format` or `suite`.
        what: &'static str,
        /// What the manifest says.
        found: String,
        /// What this version knows.
        known: &'static str,
    },
    /// The times contradict each other.
    #[error("the manifest's window: {0}")]
    Window(#[from] WindowError),
    /// A field outside its range.
    #[error("manifest, {at}: {problem}")]
    Field {
        /// Where: a path such as `district national, question 1`.
        at: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// A text in two languages. Spec: specs/election.md §2.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English, 1 to 1000 bytes.
    pub en: String,
    /// Arabic, up to 1000 bytes, may be empty.
    pub ar: String,
}

/// A question as the manifest states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub question: Text,
    /// 1 to 300 answers.
    pub answers: Vec<Text>,
    /// Whether a blank vote is offered.
    pub blank: bool,
    /// Fewest answers of a vote that is not blank.
    pub min: u32,
    /// Most answers.
    pub max: u32,
    /// How many of the answers are elected, 1 to 300; `None` if the question elects nobody. Spec: specs/outcome.md §2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u16>,
}

impl Question {
    /// Number of choices on the ballot: the answers, and one more if a blank vote is offered.
    #[must_use]
    pub fn choices(&self) -> usize {
        self.answers.len() + usize::from(self.blank)
    }
}

/// A district: its name and what it is asked. Unknown fields do not survive the comparison of the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct District {
    /// District id.
    pub id: Name,
    /// Its name.
    pub name: Text,
    /// Whether there is a poll.
    #[serde(flatten)]
    pub contest: Contest,
}

/// Whether a district holds a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Contest {
    /// It does, and asks 1 to 32 questions.
    #[serde(rename = "questions")]
    Polled(Vec<Question>),
    /// It does not: 1 to 300 names of those elected without a poll.
    #[serde(rename = "unopposed")]
    Unopposed(Vec<Text>),
}

/// Who holds the election key together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trustees {
    /// How many must act to decrypt: 2 to all of them, or 1 of 1.
    pub threshold: u16,
    /// Their names, 1 to 32; the first has index 1.
    pub names: Vec<String>,
}

/// The manifest. Fields in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Event id.
    pub id: Name,
    /// Name of the event.
    pub name: Text,
    /// Whether this is a rehearsal, which may run under a simulated clock and is labelled as one.
    pub rehearsal: bool,
    /// [`SUITE`].
    pub suite: String,
    /// Rule pack id.
    pub rules: Name,
    /// IANA time zone.
    pub time_zone: String,
    /// Opening, milliseconds since 1970 UTC.
    pub opens_ms: u64,
    /// Close.
    pub closes_ms: u64,
    /// How long after the close a ballot still counts.
    pub grace_ms: u64,
    /// Whether voters may vote again until the close.
    pub revote: bool,
    /// Whether a paper channel exists.
    pub paper: bool,
    /// A box with fewer counted ballots is not decrypted.
    pub min_ballots: u64,
    /// How many commission keys certify the results, 1 to 16.
    pub certification_quorum: u16,
    /// Who runs the event.
    pub administrator: String,
    /// Who keeps the roll and issues credentials.
    pub credential_authority: String,
    /// The trustees.
    pub trustees: Trustees,
    /// The districts, ascending by id.
    pub districts: Vec<District>,
}

impl Text {
    /// Both languages in one line, as Belenios records carry them. Spec: specs/election.md §2.1.
    #[must_use]
    pub fn joined(&self) -> String {
        if self.ar.is_empty() {
            self.en.clone()
        } else {
            format!("{} / {}", self.en, self.ar)
        }
    }

    /// Whether this is a Text, outside of a manifest.
    pub(crate) fn validate(&self) -> Result<(), ManifestError> {
        self.check(&|| "name".to_owned())
    }

    fn check(&self, at: &dyn Fn() -> String) -> Result<(), ManifestError> {
        if self.en.is_empty() || self.en.len() > 1000 {
            return field(at, "the English text must have 1 to 1000 bytes");
        }
        if self.ar.len() > 1000 {
            return field(at, "the Arabic text must have at most 1000 bytes");
        }
        if let Some(c) = self
            .en
            .chars()
            .chain(self.ar.chars())
            .find(|c| c.is_control() || steers_direction(*c))
        {
            return field(
                at,
                &format!(
                    "contains the invisible character U+{:04X}; remove it",
                    u32::from(c)
                ),
            );
        }
        Ok(())
    }
}

/// Characters that steer the direction of text. Spec: specs/election.md §2.1.
fn steers_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}

fn field<T>(at: &dyn Fn() -> String, problem: &str) -> Result<T, ManifestError> {
    Err(ManifestError::Field {
        at: at(),
        problem: problem.to_owned(),
    })
}

impl Manifest {
    /// Reads and validates a manifest document.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = json::read(bytes)?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// The document's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }

    /// The voting window.
    ///
    /// # Errors
    /// [`WindowError`] if the manifest was not validated and its times contradict each other.
    pub fn window(&self) -> Result<Window, WindowError> {
        Window::new(self.opens_ms, self.closes_ms, self.grace_ms)
    }

    /// The district with that id.
    #[must_use]
    pub fn district(&self, id: &Name) -> Option<&District> {
        self.districts
            .binary_search_by(|d| d.id.cmp(id))
            .ok()
            .map(|i| &self.districts[i])
    }

    /// Checks every rule of specs/election.md §2.
    ///
    /// # Errors
    /// [`ManifestError`] with the place of the first violation.
    pub fn validate(&self) -> Result<(), ManifestError> {
        let unsupported = |what, found: &str, known| {
            Err(ManifestError::Unsupported {
                what,
                found: found.to_owned(),
                known,
            })
        };
        if self.format != FORMAT {
            return unsupported("format", &self.format, FORMAT);
        }
        if self.suite != SUITE {
            return unsupported("suite", &self.suite, SUITE);
        }
        self.window()?;
        self.name.check(&|| "name".into())?;
        if sijill_rules::time_zone(&self.time_zone).is_none() {
            return field(
                &|| "time_zone".into(),
                "not an IANA time zone; for instance Asia/Qatar",
            );
        }
        if self.min_ballots > MAX_INTEGER {
            return field(&|| "min_ballots".into(), "too large");
        }
        let line = |at: &'static str, text: &str| {
            if (1..=200).contains(&text.len()) && !text.chars().any(char::is_control) {
                Ok(())
            } else {
                field(
                    &|| at.into(),
                    "must have 1 to 200 bytes and no control characters",
                )
            }
        };
        line("administrator", &self.administrator)?;
        line("credential_authority", &self.credential_authority)?;
        let n = self.trustees.names.len();
        if !(1..=32).contains(&n) {
            return field(&|| "trustees".into(), "there must be 1 to 32 trustees");
        }
        for name in &self.trustees.names {
            line("trustees, names", name)?;
        }
        let threshold = usize::from(self.trustees.threshold);
        if threshold > n || (threshold < 2 && (threshold, n) != (1, 1)) {
            return field(
                &|| "trustees, threshold".into(),
                &format!(
                    "must be 2 to {n}, so that no trustee can decrypt alone; 1 only for a single trustee"
                ),
            );
        }
        if !(1..=16).contains(&self.certification_quorum) {
            return field(&|| "certification_quorum".into(), "must be 1 to 16");
        }
        if !(1..=1000).contains(&self.districts.len()) {
            return field(&|| "districts".into(), "there must be 1 to 1000 districts");
        }
        if !self.districts.is_sorted_by(|a, b| a.id < b.id) {
            return field(
                &|| "districts".into(),
                "ids must be distinct and in ascending order",
            );
        }
        if self.polled().next().is_none() {
            return field(&|| "districts".into(), "at least one district must hold a poll");
        }
        self.districts.iter().try_for_each(District::check)
    }

    /// Whether a question of the event fills seats. Spec: specs/outcome.md §2.
    #[must_use]
    pub fn fills_seats(&self) -> bool {
        let mut questions = self.districts.iter().flat_map(District::questions);
        questions.any(|question| question.seats.is_some())
    }

    /// The districts that hold a poll, each with a ballot box of its own.
    pub fn polled(&self) -> impl Iterator<Item = &District> {
        self.districts.iter().filter(|district| district.is_polled())
    }
}

impl Trustees {
    /// Whether the trustees make one key together, of which `threshold` can decrypt (specs/election.md §7); otherwise each has a
    /// key of its own and all must act.
    #[must_use]
    pub fn hold_a_ceremony(&self) -> bool {
        usize::from(self.threshold) < self.names.len()
    }

    /// The name of the trustee with this index, from 1.
    #[must_use]
    pub fn name(&self, index: u16) -> Option<&str> {
        let at = usize::from(index).checked_sub(1)?;
        self.names.get(at).map(String::as_str)
    }
}

impl District {
    /// Whether it holds a poll.
    #[must_use]
    pub fn is_polled(&self) -> bool {
        matches!(self.contest, Contest::Polled(_))
    }

    /// What is asked; nothing in an unopposed district.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        match &self.contest {
            Contest::Polled(questions) => questions,
            Contest::Unopposed(_) => &[],
        }
    }

    fn check(&self) -> Result<(), ManifestError> {
        self.name.check(&|| format!("district {}, name", self.id))?;
        let questions = match &self.contest {
            Contest::Polled(questions) => questions,
            Contest::Unopposed(names) => return self.check_unopposed(names),
        };
        if !(1..=32).contains(&questions.len()) {
            return field(
                &|| format!("district {}", self.id),
                "there must be 1 to 32 questions",
            );
        }
        for (i, q) in questions.iter().enumerate() {
            let at = || format!("district {}, question {}", self.id, i + 1);
            q.question.check(&at)?;
            if q.answers.is_empty() {
                return field(&at, "has no answers; list at least one candidate or answer");
            }
            if q.answers.len() > 300 {
                return field(&at, "has more than 300 answers");
            }
            for (j, answer) in q.answers.iter().enumerate() {
                answer.check(&|| format!("{}, answer {}", at(), j + 1))?;
            }
            if q.min > q.max {
                return field(&at, &format!("min {} is greater than max {}", q.min, q.max));
            }
            if q.max == 0 || q.max as usize > q.answers.len() {
                return field(
                    &at,
                    &format!(
                        "max {} must be between 1 and the number of answers, {}",
                        q.max,
                        q.answers.len()
                    ),
                );
            }
            if q.seats
                .is_some_and(|seats| !(1..=q.answers.len()).contains(&usize::from(seats)))
            {
                return field(
                    &at,
                    &format!(
                        "seats must be between 1 and the number of answers, {}",
                        q.answers.len()
                    ),
                );
            }
        }
        self.check_largest()
    }

    fn check_unopposed(&self, names: &[Text]) -> Result<(), ManifestError> {
        if !(1..=300).contains(&names.len()) {
            return field(
                &|| format!("district {}, unopposed", self.id),
                "there must be 1 to 300 names",
            );
        }
        for (i, name) in names.iter().enumerate() {
            name.check(&|| format!("district {}, unopposed {}", self.id, i + 1))?;
        }
        Ok(())
    }

    fn check_largest(&self) -> Result<(), ManifestError> {
        let largest = crate::records::largest_ballot_bytes(self);
        if largest > MAX_BALLOT_BYTES {
            return field(
                &|| format!("district {}", self.id),
                &format!(
                    "its largest ballot would have {largest} bytes, more than {MAX_BALLOT_BYTES}: \
                     ask fewer questions or offer fewer answers"
                ),
            );
        }
        Ok(())
    }
}
