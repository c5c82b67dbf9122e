//! Section 5.12: the published views, computed again from the ledgers and compared byte for byte.
//!
//! Spec: specs/election.md §6.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::events::{BoxDefined, BoxSealed, ContentRef, PaperReturned};
use crate::hash::b64raw;
use crate::json::push_array;
use crate::manifest::{District, Manifest, Text};
use crate::registers::ballot_box::BallotBox;
use crate::registers::outcome::Seated;
use crate::report::{
    AnswerOutcome, ChannelCount, Hour, Outcome, QuestionOutcome, TieOutcome, Turnout, escape,
};

const HOUR_MS: i64 = 3_600_000;

/// `received_ms` rounded down to a full hour of the local clock, with the offset in force at that moment.
pub(crate) fn start_of_hour(zone: &TimeZone, received_ms: u64) -> i64 {
    let utc = i64::try_from(received_ms).unwrap_or(i64::MAX / 2);
    let offset = Timestamp::from_millisecond(utc).map_or(0, |timestamp| {
        i64::from(zone.to_offset(timestamp).seconds()).saturating_mul(1000)
    });
    utc - (utc + offset).rem_euclid(HOUR_MS)
}

/// Spec: specs/election.md §6.1.
pub(crate) fn turnout(ledger: &[u8; 32], size: u64, defined: &BoxDefined, ballot_box: &BallotBox) -> String {
    let ballots = ballot_box.ballots.len();
    let voters = ballot_box.voters.len();
    let excluded = ballot_box.voters.iter().filter(|voter| voter.excluded).count();
    let mut out = format!(
        "{{\"format\":\"sijill-turnout/1\",\"ledger\":\"{}\",\"size\":{size},\"district\":\"{}\",\"eligible\":{},\"holders\":{},\
         \"digital\":{{\"ballots\":{ballots},\"voters\":{voters},\"superseded\":{},\"excluded\":{excluded},\"audits\":{}}},\"by_hour\":",
        hex::encode(ledger),
        defined.district,
        defined.eligible,
        defined.holders,
        ballots.saturating_sub(voters),
        ballot_box.audits,
    );
    push_array(
        &mut out,
        &ballot_box.first_ballots_by_hour,
        |out, (start, voters)| {
            out.push_str(&format!("{{\"start_ms\":{start},\"voters\":{voters}}}"));
        },
    );
    out.push('}');
    out
}

/// Spec: specs/election.md §6.2.
pub(crate) fn trackers(ledger: &[u8; 32], size: u64, ballot_box: &BallotBox) -> String {
    let mut rows: Vec<(&[u8; 32], &str)> = Vec::with_capacity(ballot_box.ballots.len());
    for (index, ballot) in ballot_box.ballots.iter().enumerate() {
        let excluded = ballot_box
            .voters
            .get(ballot.voter)
            .is_some_and(|voter| voter.excluded);
        let state = match (ballot_box.is_latest(index), excluded) {
            (false, _) => "superseded",
            (true, true) => "excluded",
            (true, false) => "counted",
        };
        rows.push((&ballot.hash, state));
    }
    rows.sort_unstable();
    let mut out = format!(
        "{{\"format\":\"sijill-trackers/1\",\"ledger\":\"{}\",\"size\":{size},\"trackers\":",
        hex::encode(ledger)
    );
    push_array(&mut out, rows, |out, (hash, state)| {
        out.push_str(&format!("[\"{}\",\"{state}\"]", b64raw(hash)));
    });
    out.push('}');
    out
}

/// Spec: specs/election.md §6.3.
pub(crate) fn tally(ledger: &[u8; 32], size: u64, sealed: &BoxSealed) -> String {
    format!(
        "{{\"format\":\"sijill-tally/1\",\"ledger\":\"{}\",\"size\":{size},\"counted\":{},\"counted_digest\":\"{}\",\
         \"encrypted_tally\":\"{}\",\"sized_tally\":\"{}\"}}",
        hex::encode(ledger),
        sealed.counted,
        hex::encode(sealed.counted_digest),
        hex::encode(sealed.encrypted_tally.sha256),
        hex::encode(sealed.sized_tally.sha256),
    )
}

/// Spec: specs/election.md §6.4. Counts have the shape of the questions.
pub(crate) fn result(
    ledger: &[u8; 32],
    size: u64,
    manifest: &Manifest,
    district: &District,
    defined: &BoxDefined,
    digital: (u64, &[Vec<u64>]),
    paper: Option<&PaperReturned>,
) -> String {
    let (counted, digital_counts) = digital;
    let (paper_valid, paper_invalid) = paper.map_or((0, 0), |paper| (paper.valid, paper.invalid));
    let cast = Channels::new(counted, paper_valid.saturating_add(paper_invalid));
    let valid = Channels::new(counted, paper_valid);
    let invalid = Channels::new(0, paper_invalid);
    let mut out = format!(
        "{{\"format\":\"sijill-result/1\",\"ledger\":\"{}\",\"size\":{size},\"district\":\"{}\",\"rehearsal\":{},\"eligible\":{},\
         \"cast\":{{{}}},\"valid\":{{{}}},\"invalid\":{{{}}},\"turnout_bp\":{},\"questions\":",
        hex::encode(ledger),
        district.id,
        manifest.rehearsal,
        defined.eligible,
        cast.json(),
        valid.json(),
        invalid.json(),
        basis_points(cast.total, u128::from(defined.eligible)),
    );
    push_array(
        &mut out,
        district.questions.iter().enumerate(),
        |out, (row, question)| {
            let digital = digital_counts.get(row).map(Vec::as_slice).unwrap_or_default();
            let paper = paper
                .and_then(|paper| paper.counts.get(row))
                .map(Vec::as_slice)
                .unwrap_or_default();
            let count = |choice: usize| {
                let at = |counts: &[u64]| counts.get(choice).copied().unwrap_or(0);
                Channels::new(at(digital), at(paper))
            };
            let push = |out: &mut String, count: &Channels, valid_total: u128| {
                out.push_str(&format!(
                    "{{{},\"of_cast_bp\":{},\"of_valid_bp\":{}}}",
                    count.json(),
                    basis_points(count.total, cast.total),
                    basis_points(count.total, valid_total)
                ));
            };
            out.push('{');
            let mut naming = valid.total;
            let mut first = 0;
            if question.blank {
                let blank = count(0);
                out.push_str("\"blank\":");
                push(out, &blank, valid.total);
                out.push(',');
                naming = valid.total.saturating_sub(blank.total);
                first = 1;
            }
            out.push_str("\"answers\":");
            push_array(out, first..question.choices(), |out, choice| {
                push(out, &count(choice), naming)
            });
            out.push('}');
        },
    );
    out.push('}');
    out
}

/// Spec: specs/outcome.md §8.
pub(crate) fn outcome(
    ledger: &[u8; 32],
    size: u64,
    district: &District,
    pack: &ContentRef,
    seated: &[Option<Seated>],
) -> String {
    let mut out = format!(
        "{{\"format\":\"sijill-outcome/1\",\"ledger\":\"{}\",\"size\":{size},\"district\":\"{}\",\"pack\":\"{}\",\"questions\":",
        hex::encode(ledger),
        district.id,
        hex::encode(pack.sha256),
    );
    push_array(&mut out, seated, |out, seated| {
        let Some(seated) = seated else {
            return out.push_str("{\"seats\":0}");
        };
        out.push_str(&format!("{{\"seats\":{},\"elected\":", seated.seats));
        push_array(out, &seated.elected, |out, elected| {
            let by = elected.by.name();
            out.push_str(&format!("{{\"answer\":{},\"by\":\"{by}\"}}", elected.answer));
        });
        out.push_str(",\"void\":");
        push_array(out, &seated.void, |out, answer| out.push_str(&answer.to_string()));
        out.push('}');
    });
    out.push('}');
    out
}

/// Adds what an outcome view says to what the result view of the same box says, for reports.
pub(crate) fn seat(outcome: &mut Outcome, seated: &[Option<Seated>]) {
    for (question, seated) in outcome.questions.iter_mut().zip(seated) {
        let Some(seated) = seated else {
            continue;
        };
        question.elected = Some(seated.elected.clone());
        question.void = Some(seated.void.clone());
        question.tie = seated.decision.as_ref().map(|decision| TieOutcome {
            by: decision.by.iter().map(|name| escape(name)).collect(),
            reason: escape(&decision.reason),
        });
    }
}

/// What a turnout view says, for reports.
pub(crate) fn turnout_summary(defined: &BoxDefined, ballot_box: &BallotBox) -> Turnout {
    let voters = ballot_box.voters.len() as u64;
    Turnout {
        eligible: defined.eligible,
        holders: defined.holders,
        voters,
        superseded: (ballot_box.ballots.len() as u64).saturating_sub(voters),
        excluded: ballot_box.voters.iter().filter(|voter| voter.excluded).count() as u64,
        by_hour: ballot_box
            .first_ballots_by_hour
            .iter()
            .map(|(start_ms, voters)| Hour {
                start_ms: *start_ms,
                voters: *voters,
            })
            .collect(),
    }
}

/// What a result view says, for reports.
pub(crate) fn result_summary(
    district: &District,
    digital: (u64, &[Vec<u64>]),
    paper: Option<&PaperReturned>,
) -> Outcome {
    let text = |text: &Text| crate::report::Text {
        en: escape(&text.en),
        ar: escape(&text.ar),
    };
    let (counted, digital_counts) = digital;
    let asked = district.questions.iter().zip(&district.texts).enumerate();
    let questions = asked.map(|(row, (question, texts))| {
        let at = |counts: &[Vec<u64>], choice: usize| {
            let count = counts.get(row).and_then(|counts| counts.get(choice));
            count.copied().unwrap_or(0)
        };
        let count = |choice: usize| ChannelCount {
            digital: at(digital_counts, choice),
            paper: paper.map_or(0, |paper| at(&paper.counts, choice)),
        };
        let first = usize::from(question.blank);
        let answers = texts.answers.iter().enumerate();
        QuestionOutcome {
            question: text(&texts.question),
            blank: question.blank.then(|| count(0)),
            answers: answers
                .map(|(choice, answer)| AnswerOutcome {
                    answer: text(answer),
                    count: count(first + choice),
                })
                .collect(),
            seats: district.seats.get(row).copied().filter(|seats| *seats > 0),
            elected: None,
            void: None,
            tie: None,
        }
    });
    Outcome {
        digital: counted,
        paper_valid: paper.map_or(0, |paper| paper.valid),
        paper_invalid: paper.map_or(0, |paper| paper.invalid),
        questions: questions.collect(),
    }
}

/// A number by channel.
struct Channels {
    digital: u64,
    paper: u64,
    total: u128,
}

impl Channels {
    fn new(digital: u64, paper: u64) -> Channels {
        Channels {
            digital,
            paper,
            total: u128::from(digital) + u128::from(paper),
        }
    }

    fn json(&self) -> String {
        format!(
            "\"digital\":{},\"paper\":{},\"total\":{}",
            self.digital, self.paper, self.total
        )
    }
}

/// ⌊(10000·a + ⌊b/2⌋)/b⌋, 0 if b = 0.
fn basis_points(a: u128, b: u128) -> u128 {
    (a * 10_000 + b / 2).checked_div(b).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;

    use super::*;

    #[test]
    fn hours_are_those_of_the_local_clock() {
        let zone = |name: &str| TimeZoneDatabase::bundled().get(name).unwrap();
        let noon = 1_730_806_200_000; // 2024-11-05T11:30:00Z
        assert_eq!(start_of_hour(&zone("Asia/Qatar"), noon), 1_730_804_400_000);
        // Kolkata is at +05:30: the local clock shows 17:00 at 11:30Z.
        assert_eq!(start_of_hour(&zone("Asia/Kolkata"), noon), 1_730_806_200_000);
        assert_eq!(start_of_hour(&zone("Asia/Kolkata"), noon - 1), 1_730_802_600_000);
        assert_eq!(start_of_hour(&zone("Asia/Qatar"), 0), 0);
        assert_eq!(start_of_hour(&zone("Asia/Kolkata"), 0), -1_800_000);
    }

    #[test]
    fn basis_points_round_half_up() {
        assert_eq!(basis_points(1, 3), 3333);
        assert_eq!(basis_points(2, 3), 6667);
        assert_eq!(basis_points(1, 20_000), 1);
        assert_eq!(basis_points(0, 0), 0);
        assert_eq!(basis_points(5, 0), 0);
        assert_eq!(basis_points(5, 5), 10_000);
    }
}
