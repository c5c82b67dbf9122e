//! The manifest of an election.
//!
//! Spec: specs/election.md §2, §3.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use thiserror::Error;

use crate::json::{Cursor, JsonError, MAX_INTEGER};
use crate::suite::group::PointBytes;
use crate::suite::question::{ElectionRecord, Question, largest_ballot, uuid_of_box};
use crate::wire::{TIME_LIMIT_MS, is_short_id};

/// No manifest may allow a longer ballot, bytes.
const MAX_BALLOT_BYTES: u64 = 59_800;
/// A question fills at most so many seats.
const MAX_SEATS: u64 = 300;
/// A box uuid has this many characters.
const UUID_BYTES: u64 = 22;

/// Why a manifest was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum ManifestError {
    /// A format or suite that this version does not know: exit code 2.
    #[error("unsupported manifest: {0}")]
    Unsupported(String),
    #[error("the manifest is not canonical: {0}")]
    Form(#[from] JsonError),
    #[error("the manifest is not valid: {0}")]
    Rule(&'static str),
}

/// Text in two languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) en: String,
    /// Empty if there is none.
    pub(crate) ar: String,
}

/// A question as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuestionText {
    pub(crate) question: Text,
    pub(crate) answers: Vec<Text>,
}

/// A district and what its voters are asked, texts joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct District {
    pub(crate) id: String,
    pub(crate) name: Text,
    /// None in a district that is elected unopposed and holds no poll.
    pub(crate) questions: Vec<Question>,
    /// In the order of `questions`.
    pub(crate) texts: Vec<QuestionText>,
    /// How many each question elects, in their order; 0 for one that elects nobody. Spec: specs/outcome.md §2.
    pub(crate) seats: Vec<usize>,
    /// Who is elected without a poll.
    pub(crate) unopposed: Vec<Text>,
}

/// A valid manifest.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) rehearsal: bool,
    /// Id of the rule pack.
    pub(crate) rules: String,
    pub(crate) zone: TimeZone,
    pub(crate) opens_ms: u64,
    pub(crate) closes_ms: u64,
    pub(crate) grace_ms: u64,
    pub(crate) revote: bool,
    pub(crate) paper: bool,
    pub(crate) min_ballots: u64,
    pub(crate) certification_quorum: u64,
    administrator: String,
    credential_authority: String,
    pub(crate) trustees: Vec<String>,
    pub(crate) threshold: usize,
    pub(crate) districts: Vec<District>,
}

impl Manifest {
    /// Reads and checks a manifest.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
        let mut c = Cursor::new(bytes);
        c.expect("{\"format\":")?;
        let format = c.string()?;
        if format != "sijill-manifest/1" {
            return Err(ManifestError::Unsupported(format!("format {format}")));
        }
        c.expect(",\"id\":")?;
        let id = short_id(&mut c)?;
        c.expect(",\"name\":")?;
        let name = Text::parse(&mut c)?;
        c.expect(",\"rehearsal\":")?;
        let rehearsal = c.bool()?;
        c.expect(",\"suite\":")?;
        let suite = c.string()?;
        if suite != "belenios-v1-ed25519" {
            return Err(ManifestError::Unsupported(format!("suite {suite}")));
        }
        c.expect(",\"rules\":")?;
        let rules = short_id(&mut c)?;
        c.expect(",\"time_zone\":")?;
        let zone = time_zone(&c.string()?)?;
        c.expect(",\"opens_ms\":")?;
        let opens_ms = c.integer(MAX_INTEGER)?;
        c.expect(",\"closes_ms\":")?;
        let closes_ms = c.integer(MAX_INTEGER)?;
        c.expect(",\"grace_ms\":")?;
        let grace_ms = c.integer(600_000)?;
        c.expect(",\"revote\":")?;
        let revote = c.bool()?;
        c.expect(",\"paper\":")?;
        let paper = c.bool()?;
        c.expect(",\"min_ballots\":")?;
        let min_ballots = c.integer(MAX_INTEGER)?;
        c.expect(",\"certification_quorum\":")?;
        let certification_quorum = c.integer(16)?;
        c.expect(",\"administrator\":")?;
        let administrator = label(&mut c)?;
        c.expect(",\"credential_authority\":")?;
        let credential_authority = label(&mut c)?;
        c.expect(",\"trustees\":{\"threshold\":")?;
        let threshold = c.integer(MAX_INTEGER)?;
        c.expect(",\"names\":")?;
        let trustees = c
            .array(32, |c| Ok(label(c)))?
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        c.expect("},\"districts\":")?;
        let districts = c
            .array(1000, |c| Ok(District::parse(c)))?
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        c.expect("}")?;
        c.end()?;

        if opens_ms >= closes_ms || closes_ms.saturating_add(grace_ms) >= TIME_LIMIT_MS {
            return Err(ManifestError::Rule(
                "the poll does not open before it closes, or closes beyond the limit",
            ));
        }
        let threshold = usize::try_from(threshold).unwrap_or(usize::MAX);
        let alone = threshold == 1 && trustees.len() == 1;
        if !alone && !(2..=trustees.len()).contains(&threshold) {
            return Err(ManifestError::Rule(
                "the threshold is neither 2 to the number of trustees nor 1 of 1",
            ));
        }
        if certification_quorum == 0 {
            return Err(ManifestError::Rule("nobody certifies the results"));
        }
        if !districts.iter().any(District::is_polled) {
            return Err(ManifestError::Rule("no district holds a poll"));
        }
        if districts.is_empty() || !districts.is_sorted_by(|a, b| a.id < b.id) {
            return Err(ManifestError::Rule(
                "the districts are none, not sorted or not distinct",
            ));
        }
        if districts
            .iter()
            .any(|d| largest_ballot(UUID_BYTES, &d.questions) > MAX_BALLOT_BYTES)
        {
            return Err(ManifestError::Rule(
                "the largest ballot of a district is too long",
            ));
        }
        Ok(Manifest {
            id,
            name,
            rehearsal,
            rules,
            zone,
            opens_ms,
            closes_ms,
            grace_ms,
            revote,
            paper,
            min_ballots,
            certification_quorum,
            administrator,
            credential_authority,
            trustees,
            threshold,
            districts,
        })
    }

    /// Whether the trustees make a common key. Spec: specs/election.md §7.
    pub(crate) fn has_ceremony(&self) -> bool {
        self.threshold < self.trustees.len()
    }

    /// Districts that hold a poll.
    pub(crate) fn polled(&self) -> impl Iterator<Item = &District> {
        self.districts.iter().filter(|district| district.is_polled())
    }

    /// Whether a question fills seats.
    pub(crate) fn elects(&self) -> bool {
        self.districts
            .iter()
            .flat_map(|d| &d.seats)
            .any(|seats| *seats > 0)
    }

    pub(crate) fn district(&self, id: &str) -> Option<&District> {
        self.districts.iter().find(|district| district.id == id)
    }

    /// The election record of a box. Spec: specs/election.md §3.3.
    pub(crate) fn election_record(
        &self,
        district: &District,
        box_ledger: &[u8; 32],
        public_key: PointBytes,
    ) -> ElectionRecord {
        ElectionRecord {
            description: format!("{}/{}", self.id, district.id),
            name: self.name.joined(),
            public_key,
            questions: district.questions.clone(),
            uuid: uuid_of_box(box_ledger),
            administrator: Some(self.administrator.clone()),
            credential_authority: Some(self.credential_authority.clone()),
        }
    }
}

impl District {
    pub(crate) fn is_polled(&self) -> bool {
        !self.questions.is_empty()
    }

    fn parse(c: &mut Cursor<'_>) -> Result<District, ManifestError> {
        c.expect("{\"id\":")?;
        let id = short_id(c)?;
        c.expect(",\"name\":")?;
        let name = Text::parse(c)?;
        if c.take(",\"unopposed\":") {
            let names = c
                .array(300, |c| Ok(Text::parse(c)))?
                .into_iter()
                .collect::<Result<Vec<_>, _>>()?;
            c.expect("}")?;
            if names.is_empty() {
                return Err(ManifestError::Rule("nobody is elected unopposed"));
            }
            return Ok(District {
                id,
                name,
                questions: Vec::new(),
                texts: Vec::new(),
                seats: Vec::new(),
                unopposed: names,
            });
        }
        c.expect(",\"questions\":")?;
        let questions = c
            .array(32, |c| Ok(question(c)))?
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        c.expect("}")?;
        if questions.is_empty() {
            return Err(ManifestError::Rule("a district has no question"));
        }
        let seats = questions.iter().map(|asked| asked.seats).collect();
        let (questions, texts) = questions
            .into_iter()
            .map(|asked| (asked.question, asked.text))
            .unzip();
        Ok(District {
            id,
            name,
            questions,
            texts,
            seats,
            unopposed: Vec::new(),
        })
    }
}

/// A question of a manifest.
struct Asked {
    question: Question,
    text: QuestionText,
    seats: usize,
}

fn question(c: &mut Cursor<'_>) -> Result<Asked, ManifestError> {
    c.expect("{\"question\":")?;
    let question = Text::parse(c)?;
    c.expect(",\"answers\":")?;
    let answers = c
        .array(300, |c| Ok(Text::parse(c)))?
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    c.expect(",\"blank\":")?;
    let blank = c.bool()?;
    c.expect(",\"min\":")?;
    let min = c.integer(MAX_INTEGER)?;
    c.expect(",\"max\":")?;
    let max = c.integer(MAX_INTEGER)?;
    let seats = if c.take(",\"seats\":") {
        Some(c.integer(MAX_SEATS)?)
    } else {
        None
    };
    c.expect("}")?;
    if answers.is_empty() || min > max || max > answers.len() as u64 || max == 0 {
        return Err(ManifestError::Rule(
            "a question allows impossible numbers of answers",
        ));
    }
    if seats.is_some_and(|seats| seats == 0 || seats > answers.len() as u64) {
        return Err(ManifestError::Rule(
            "a question fills no seats, or more than it has answers",
        ));
    }
    let asked = Question {
        question: question.joined(),
        answers: answers.iter().map(Text::joined).collect(),
        blank,
        min,
        max,
    };
    Ok(Asked {
        question: asked,
        text: QuestionText { question, answers },
        seats: seats.map_or(0, |seats| usize::try_from(seats).unwrap_or(usize::MAX)),
    })
}

impl Text {
    /// Spec: specs/election.md §2.1.
    pub(crate) fn parse(c: &mut Cursor<'_>) -> Result<Text, ManifestError> {
        c.expect("{\"en\":")?;
        let en = c.string()?;
        c.expect(",\"ar\":")?;
        let ar = c.string()?;
        c.expect("}")?;
        Text::rules(&en, &ar).map_err(ManifestError::Rule)?;
        Ok(Text { en, ar })
    }

    /// What the two languages of a text must be, wherever they stand.
    pub(crate) fn rules(en: &str, ar: &str) -> Result<(), &'static str> {
        if en.is_empty() || en.len() > 1000 || ar.len() > 1000 {
            return Err("a text is empty or too long");
        }
        if en.contains(is_refused) || ar.contains(is_refused) {
            return Err("a text has control or direction characters");
        }
        Ok(())
    }

    fn joined(&self) -> String {
        if self.ar.is_empty() {
            self.en.clone()
        } else {
            format!("{} / {}", self.en, self.ar)
        }
    }
}

/// Characters that no text has. Spec: specs/election.md §2.1.
pub(crate) fn is_refused(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

pub(crate) fn short_id(c: &mut Cursor<'_>) -> Result<String, ManifestError> {
    let id = c.string()?;
    if is_short_id(&id) {
        Ok(id)
    } else {
        Err(ManifestError::Rule("an id is malformed"))
    }
}

/// 1 to 200 bytes, no control characters.
fn label(c: &mut Cursor<'_>) -> Result<String, ManifestError> {
    let text = c.string()?;
    if text.is_empty() || text.len() > 200 || text.contains(char::is_control) {
        return Err(ManifestError::Rule(
            "a name is empty, too long or has control characters",
        ));
    }
    Ok(text)
}

pub(crate) fn time_zone(name: &str) -> Result<TimeZone, ManifestError> {
    let unknown = ManifestError::Rule("the time zone is not one of the IANA database");
    // Bundled, so that the verdict does not depend on the machine. The lookup ignores case; the name must not.
    let zone = TimeZoneDatabase::bundled()
        .get(name)
        .map_err(|_| unknown.clone())?;
    if zone.iana_name() == Some(name) && !zone.is_unknown() {
        Ok(zone)
    } else {
        Err(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"format":"sijill-manifest/1","id":"m","name":{"en":"N","ar":"ن"},"rehearsal":false,"suite":"belenios-v1-ed25519","rules":"plain-1","time_zone":"Asia/Qatar","opens_ms":1,"closes_ms":2,"grace_ms":600000,"revote":false,"paper":false,"min_ballots":0,"certification_quorum":1,"administrator":"A","credential_authority":"C","trustees":{"threshold":1,"names":["T"]},"districts":[{"id":"a","name":{"en":"D","ar":""},"questions":[{"question":{"en":"Q","ar":""},"answers":[{"en":"1","ar":""},{"en":"2","ar":""}],"blank":false,"min":1,"max":1}]}]}"#;

    #[test]
    fn the_rules_of_the_manifest() {
        let manifest = Manifest::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(manifest.districts[0].questions[0].choices(), 2);
        let district = &GOOD[GOOD.find("{\"id\":\"a\"").unwrap()..GOOD.len() - 2];
        let questions = &GOOD[GOOD.find("\"questions\"").unwrap()..];
        let twice = format!("{district},{district}");
        let answers = r#"[{"en":"1","ar":""},{"en":"2","ar":""}]"#;
        let many = format!("[{}]", vec![r#"{"en":"1","ar":""}"#; 120].join(","));
        let long = "x".repeat(1001);
        for (from, to) in [
            ("Asia/Qatar", "asia/qatar"),
            ("Asia/Qatar", "Etc/Unknown"),
            ("Asia/Qatar", ""),
            ("\"closes_ms\":2", "\"closes_ms\":1"),
            ("\"closes_ms\":2", "\"closes_ms\":253402300199999999"),
            ("\"closes_ms\":2", "\"closes_ms\":253402300200000"),
            ("600000", "600001"),
            ("\"threshold\":1", "\"threshold\":0"),
            ("[\"T\"]", "[]"),
            ("[\"T\"]", "[\"T\",\"U\"]"),
            ("1,\"names\":[\"T\"]", "3,\"names\":[\"T\",\"U\"]"),
            ("\"certification_quorum\":1", "\"certification_quorum\":0"),
            ("\"certification_quorum\":1", "\"certification_quorum\":17"),
            (questions, "\"unopposed\":[{\"en\":\"1\",\"ar\":\"\"}]}]}"),
            ("[\"T\"]", "[\"\\u0007\"]"),
            ("[\"T\"]", "[\"\u{7f}\"]"),
            ("[\"T\"]", "[\"\u{85}\"]"),
            ("\"en\":\"Q\"", "\"en\":\"\""),
            ("\"en\":\"Q\"", "\"en\":\"\u{2067}Q\""),
            ("\"en\":\"Q\"", "\"en\":\"\u{200f}Q\""),
            ("\"en\":\"Q\"", &format!("\"en\":\"{long}\"")),
            (answers, "[]"),
            (answers, &many),
            ("\"min\":1", "\"min\":2"),
            ("\"max\":1", "\"max\":3"),
            ("\"min\":1,\"max\":1", "\"min\":0,\"max\":0"),
            ("\"blank\":false,", ""),
            (district, ""),
            (district, &twice),
            ("\"id\":\"a\"", "\"id\":\"A\""),
            ("\"id\":\"m\"", "\"id\":\"\""),
            ("\"revote\"", "\"extra\":1,\"revote\""),
            ("\"max\":1", "\"max\":1,\"seats\":0"),
            ("\"max\":1", "\"max\":1,\"seats\":3"),
            ("\"max\":1", "\"max\":1,\"seats\":01"),
            ("\"max\":1", "\"max\":1,\"seats\":null"),
            ("\"min\":1", "\"seats\":1,\"min\":1"),
            ("\"max\":1", "\"max\":1,\"seats\":1,\"seats\":1"),
        ] {
            let bad = GOOD.replacen(from, to, 1);
            assert_ne!(bad, GOOD, "{from}");
            let refused = matches!(
                Manifest::parse(bad.as_bytes()),
                Err(ManifestError::Form(_) | ManifestError::Rule(_))
            );
            assert!(refused, "{from} -> {to}");
        }
        for at in 0..GOOD.len() {
            assert!(Manifest::parse(&GOOD.as_bytes()[..at]).is_err(), "cut at {at}");
        }
        assert!(!manifest.elects());
        let seats = GOOD.replace("\"max\":1", "\"max\":1,\"seats\":2");
        let seats = Manifest::parse(seats.as_bytes()).unwrap();
        assert_eq!(
            (seats.elects(), seats.districts[0].seats.as_slice()),
            (true, &[2][..])
        );
        // They stand in the manifest alone.
        assert_eq!(seats.districts[0].questions, manifest.districts[0].questions);
        let two_of_three = GOOD.replace("1,\"names\":[\"T\"]", "2,\"names\":[\"T\",\"U\",\"V\"]");
        assert!(Manifest::parse(two_of_three.as_bytes()).unwrap().has_ceremony());
        let unopposed = format!(
            "{},{{\"id\":\"b\",\"name\":{{\"en\":\"D\",\"ar\":\"\"}},\"unopposed\":[]}}]}}",
            &GOOD[..GOOD.len() - 2]
        );
        assert!(Manifest::parse(unopposed.as_bytes()).is_err());
        let unopposed = unopposed.replace("[]", "[{\"en\":\"1\",\"ar\":\"\"}]");
        assert_eq!(Manifest::parse(unopposed.as_bytes()).unwrap().polled().count(), 1);
        let unsupported = GOOD.replace("belenios-v1", "belenios-v2");
        assert!(matches!(
            Manifest::parse(unsupported.as_bytes()),
            Err(ManifestError::Unsupported(_))
        ));
    }
}
