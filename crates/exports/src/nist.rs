//! NIST SP 1500-100, Election Results Common Data Format, version 2.0, in JSON.
//!
//! One reporting unit for each district and one for the whole event, a contest for each question, a count for each
//! channel: `total`, `election-day` (paper) and `other` with `OtherType` `digital`. Blank votes are undervotes, invalid
//! papers are ballots rejected. A question that fills seats is a contest of candidates whatever the others are; those elected
//! are winners, those who were removed withdrawn; how ties were decided, why candidates were removed and why paper was counted
//! again stands in the notes.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sijill_registers::election::outcome::{BY_COURT, CASTING_VOTE};
use sijill_registers::manifest::Text;

use crate::model::{Counted, DistrictResults, EventResults, Poll, QuestionResults, Status, Votes};

/// What the questions of an event are about. A manifest does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contests {
    /// Answers are candidates for an office.
    Candidates,
    /// Answers are choices on a measure: a referendum.
    Measures,
}

const WHOLE: &str = "unit-event";

/// The report, generated at `generated`; `application` names the program and its version.
#[must_use]
pub fn report(results: &EventResults, contests: Contests, application: &str, generated: Timestamp) -> Value {
    let zone = sijill_rules::time_zone(&results.time_zone).unwrap_or(TimeZone::UTC);
    let day = |ms: u64| {
        let at = i64::try_from(ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned_datetime(zone.clone()).date().to_string()
    };
    let mut units: Vec<Value> = results.districts.iter().map(unit).collect();
    units.push(json!({
        "@id": WHOLE,
        "@type": "ElectionResults.ReportingUnit",
        "Type": "other",
        "OtherType": "electoral-event",
        "Name": text(&results.name),
        "ComposingGpUnitIds": results.districts.iter().map(unit_id).collect::<Vec<_>>(),
    }));
    let mut candidates = Vec::new();
    let mut polls = Vec::new();
    let mut ballots = Vec::new();
    for district in &results.districts {
        match &district.poll {
            Poll::Counted(counted) => {
                ballots.extend(ballot_counts(district, counted));
                for (question, number) in counted.questions.iter().zip(1..) {
                    polls.push(contest(
                        contests,
                        district,
                        number,
                        counted,
                        question,
                        &mut candidates,
                    ));
                }
            }
            Poll::NotDecrypted { .. } => {}
            Poll::Unopposed(elected) => polls.push(unopposed(district, elected, &mut candidates)),
        }
    }
    let mut notes = format!(
        "Checkpoint of the election ledger: {}",
        results.checkpoint.replace('\n', " ")
    );
    for district in &results.districts {
        if let Poll::Counted(counted) = &district.poll {
            for note in remarks(district, counted) {
                notes.push_str("; ");
                notes.push_str(&note);
            }
        }
    }
    json!({
        "@type": "ElectionResults.ElectionReport",
        "Format": "summary-contest",
        "GeneratedDate": generated.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        "Issuer": results.administrator,
        "IssuerAbbreviation": results.id,
        "IsTest": results.rehearsal,
        "SequenceStart": 1,
        "SequenceEnd": 1,
        "Status": match results.status {
            Status::Certified => "certified",
            Status::Published => "unofficial-complete",
        },
        "VendorApplicationId": application,
        "Notes": notes,
        "GpUnit": units,
        "Election": [{
            "@type": "ElectionResults.Election",
            "Name": text(&results.name),
            "Type": match contests {
                Contests::Candidates => "general",
                Contests::Measures => "special",
            },
            "StartDate": day(results.opens_ms),
            "EndDate": day(results.closes_ms),
            "ElectionScopeId": WHOLE,
            "BallotCounts": ballots,
            "Candidate": candidates,
            "Contest": polls,
        }],
    })
}

fn unit_id(district: &DistrictResults) -> String {
    format!("unit-district-{}", district.id)
}

fn unit(district: &DistrictResults) -> Value {
    let mut unit = json!({
        "@id": unit_id(district),
        "@type": "ElectionResults.ReportingUnit",
        "Type": "other",
        "OtherType": "electoral-district",
        "Name": text(&district.name),
    });
    if let Poll::Counted(counted) = &district.poll {
        unit["VotersRegistered"] = counted.eligible.into();
        unit["VotersParticipated"] = counted.cast.total().into();
    }
    unit
}

fn ballot_counts(district: &DistrictResults, counted: &Counted) -> [Value; 3] {
    let row = |kind: &str, cast: u64, rejected: u64| {
        let mut row = json!({
            "@type": "ElectionResults.BallotCounts",
            "GpUnitId": unit_id(district),
            "Type": kind,
            "BallotsCast": cast,
            "BallotsRejected": rejected,
        });
        if kind == "other" {
            row["OtherType"] = "digital".into();
        }
        row
    };
    [
        row("total", counted.cast.total(), counted.invalid),
        row("election-day", counted.cast.paper, counted.invalid),
        row("other", counted.cast.digital, 0),
    ]
}

/// What no field of the format has room for.
fn remarks(district: &DistrictResults, counted: &Counted) -> Vec<String> {
    let mut remarks: Vec<String> = counted
        .recounts
        .iter()
        .map(|reason| format!("{}: paper counted again: {reason}", unit_id(district)))
        .collect();
    for (question, number) in counted.questions.iter().zip(1..) {
        let Some(seats) = &question.seats else {
            continue;
        };
        let selection = |answer: u16| format!("contest-{}-{number}-selection-{}", district.id, answer + 1);
        if let Some(tie) = &seats.tie
            && let Some(decided) = &tie.decided
        {
            let level: Vec<String> = tie.level.iter().map(|answer| selection(*answer)).collect();
            let way = if decided.rule == CASTING_VOTE {
                "casting vote of"
            } else {
                "lots before"
            };
            remarks.push(format!(
                "tie of {}: {way} {}: {}",
                level.join(", "),
                decided.by.join(", "),
                decided.reason
            ));
        }
        for removal in &seats.void {
            let cause = if removal.cause == BY_COURT {
                "removed by a court"
            } else {
                "withdrawn"
            };
            remarks.push(format!(
                "{} {cause}: {}",
                selection(removal.answer),
                removal.reason
            ));
        }
    }
    remarks
}

/// What became of a candidate, counted from 0, in the words of the format.
fn post_election_status(question: &QuestionResults, answer: usize) -> Option<&'static str> {
    let seats = question.seats.as_ref()?;
    let is = |other: u16| usize::from(other) == answer;
    if seats.elected.iter().any(|elected| is(elected.answer)) {
        return Some("winner");
    }
    let removed = seats.void.iter().any(|removal| is(removal.answer));
    removed.then_some("withdrawn")
}

fn contest(
    contests: Contests,
    district: &DistrictResults,
    number: usize,
    counted: &Counted,
    question: &QuestionResults,
    candidates: &mut Vec<Value>,
) -> Value {
    let id = format!("contest-{}-{number}", district.id);
    let contests = if question.seats.is_some() {
        Contests::Candidates
    } else {
        contests
    };
    let selections = question.answers.iter().zip(1..).map(|((answer, votes), choice)| {
        let selection = format!("{id}-selection-{choice}");
        let mut value = json!({
            "@id": selection,
            "SequenceOrder": choice,
            "VoteCounts": vote_counts(district, *votes),
        });
        match contests {
            Contests::Candidates => {
                let candidate = format!("{id}-candidate-{choice}");
                let mut entry = json!({
                    "@id": candidate,
                    "@type": "ElectionResults.Candidate",
                    "BallotName": text(answer),
                });
                if let Some(status) = post_election_status(question, choice - 1) {
                    entry["PostElectionStatus"] = status.into();
                }
                candidates.push(entry);
                value["@type"] = "ElectionResults.CandidateSelection".into();
                value["CandidateIds"] = json!([candidate]);
            }
            Contests::Measures => {
                value["@type"] = "ElectionResults.BallotMeasureSelection".into();
                value["Selection"] = text(answer);
            }
        }
        value
    });
    let selections: Vec<Value> = selections.collect();
    let chosen: u64 = question.answers.iter().map(|(_, votes)| votes.total()).sum();
    let possible = counted.valid().total().saturating_mul(question.max.into());
    let mut value = json!({
        "@id": id,
        "ElectionDistrictId": unit_id(district),
        "Name": question.question.en,
        "BallotTitle": text(&question.question),
        "SequenceOrder": number,
        "VoteVariation": if question.max == 1 { "plurality" } else { "n-of-m" },
        "ContestSelection": selections,
        "OtherCounts": [{
            "@type": "ElectionResults.OtherCounts",
            "GpUnitId": unit_id(district),
            "Undervotes": possible.saturating_sub(chosen),
        }],
    });
    match contests {
        Contests::Candidates => {
            value["@type"] = "ElectionResults.CandidateContest".into();
            value["VotesAllowed"] = question.max.into();
            if let Some(seats) = &question.seats {
                value["NumberElected"] = seats.seats.into();
            }
        }
        Contests::Measures => {
            value["@type"] = "ElectionResults.BallotMeasureContest".into();
            value["Type"] = "referendum".into();
        }
    }
    value
}

fn vote_counts(district: &DistrictResults, votes: Votes) -> [Value; 3] {
    let row = |kind: &str, count: u64| {
        let mut row = json!({
            "@type": "ElectionResults.VoteCounts",
            "GpUnitId": unit_id(district),
            "Type": kind,
            "Count": count,
        });
        if kind == "other" {
            row["OtherType"] = "digital".into();
        }
        row
    };
    [
        row("total", votes.total()),
        row("election-day", votes.paper),
        row("other", votes.digital),
    ]
}

fn unopposed(district: &DistrictResults, elected: &[Text], candidates: &mut Vec<Value>) -> Value {
    let id = format!("contest-{}-1", district.id);
    let selections = elected.iter().zip(1..).map(|(name, choice)| {
        let candidate = format!("{id}-candidate-{choice}");
        candidates.push(json!({
            "@id": candidate,
            "@type": "ElectionResults.Candidate",
            "BallotName": text(name),
            "PostElectionStatus": "winner",
        }));
        json!({
            "@id": format!("{id}-selection-{choice}"),
            "@type": "ElectionResults.CandidateSelection",
            "SequenceOrder": choice,
            "CandidateIds": [candidate],
        })
    });
    let selections: Vec<Value> = selections.collect();
    json!({
        "@id": id,
        "@type": "ElectionResults.CandidateContest",
        "ElectionDistrictId": unit_id(district),
        "Name": format!("{} (unopposed, no poll)", district.name.en),
        "NumberElected": elected.len(),
        "VotesAllowed": elected.len(),
        "ContestSelection": selections,
    })
}

fn text(text: &Text) -> Value {
    let string = |language: &str, content: &str| {
        json!({
            "@type": "ElectionResults.LanguageString",
            "Language": language,
            "Content": content,
        })
    };
    let mut strings = vec![string("en", &text.en)];
    if !text.ar.is_empty() {
        strings.push(string("ar", &text.ar));
    }
    json!({ "@type": "ElectionResults.InternationalizedText", "Text": strings })
}
