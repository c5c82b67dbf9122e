//! What the invented voters do: a rule over their number on the roll, so that everybody can say what the result must be.
//!
//! The rule is described in fixtures/referendum/README.md.

use std::collections::HashMap;

use sijill_ballot::{CredentialCode, Vote};
use sijill_ledger::LedgerId;
use sijill_registers::election::events::PaperReturned;
use sijill_registers::manifest::{District, Question};
use sijill_registers::names::Name;

use crate::acts::Event;
use crate::error::{Failure, Outcome};
use crate::registrar::Person;
use crate::roll_file::ListedPerson;

/// Voters come in this many steps; which step a voter comes in follows from their number.
const STEPS: u64 = 800;
/// When so many of the voters have come, in thousandths of the polling day: the turnout of the referendum of 2024 as it was
/// published, of those who voted in the end (fixtures/referendum/published-2024.json). Re-votes come behind the last one.
const COMES: [(u64, u64); 4] = [
    (0, 0),
    (STEPS * 51 / 84, 333),
    (STEPS * 72 / 84, 667),
    (STEPS, 960),
];

/// All voters.
pub(super) struct Electorate {
    voters: Vec<Voter>,
    rules: Rules,
    districts: HashMap<Name, District>,
}

/// What the manifest allows.
#[derive(Debug, Clone, Copy)]
struct Rules {
    paper: bool,
    revote: bool,
}

/// One voter.
pub(super) struct Voter {
    number: u64,
    identifier: String,
    pub(super) district: Name,
    pub(super) code: CredentialCode,
}

/// How a voter votes, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    Abstains,
    Paper,
    /// On paper after a digital ballot, which is excluded.
    DigitalThenPaper,
    Digital,
}

/// Somebody who comes to a polling station.
pub(super) struct PaperVoter {
    pub(super) identifier: String,
    pub(super) district: Name,
    /// When, in milliseconds since 1970 UTC.
    pub(super) at_ms: u64,
    /// When they cast their first digital ballot, if they do.
    pub(super) ballot_ms: Option<u64>,
    /// Whether the first paper is spoilt, and replaced.
    pub(super) spoils: bool,
}

/// Something that a voter does on the polling day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Act {
    /// When, in milliseconds since 1970 UTC.
    pub(super) at_ms: u64,
    /// Position in the electorate.
    pub(super) voter: usize,
    pub(super) kind: ActKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ActKind {
    /// Opens a ballot instead of casting it.
    Audit,
    /// Casts the ballot with this position among the voter's own, from 0.
    Cast(u64),
}

/// What the count must find.
pub(super) struct Expected {
    pub(super) ballots: u64,
    pub(super) counts: Vec<Vec<u64>>,
}

impl Electorate {
    /// The voters of a registrar's book whose districts hold a poll.
    pub(super) fn new(event: &Event, people: &[Person]) -> Outcome<Self> {
        let voters = people
            .iter()
            .zip(0..)
            .filter(|(person, _)| {
                event
                    .boxes
                    .iter()
                    .any(|(district, _)| *district == person.district)
            })
            .map(|(person, number)| {
                let issued = person
                    .issued
                    .as_ref()
                    .ok_or_else(|| Failure::internal("a voter without credential"))?;
                let code = issued
                    .code
                    .as_deref()
                    .ok_or_else(|| Failure::internal("a voter without a code"))?;
                let code = CredentialCode::parse(code).map_err(Failure::internal)?;
                let (identifier, district) = (person.identifier.clone(), person.district.clone());
                Ok(Voter {
                    number,
                    identifier,
                    district,
                    code,
                })
            })
            .collect::<Outcome<Vec<_>>>()?;
        let districts = event
            .manifest
            .districts
            .iter()
            .map(|d| (d.id.clone(), d.clone()))
            .collect();
        let rules = Rules {
            paper: event.manifest.paper,
            revote: event.manifest.revote,
        };
        Ok(Self {
            voters,
            rules,
            districts,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.voters.len()
    }

    pub(super) fn voter(&self, index: usize) -> &Voter {
        &self.voters[index]
    }

    /// Everything that happens on the polling day, in order.
    pub(super) fn acts(&self, event: &Event) -> Vec<Act> {
        let (opens, closes) = (event.manifest.opens_ms, event.manifest.closes_ms);
        let mut acts = Vec::new();
        for (index, voter) in self.voters.iter().enumerate() {
            if !matches!(
                voter.channel(self.rules),
                Channel::Digital | Channel::DigitalThenPaper
            ) {
                continue;
            }
            let first = voter.comes_ms(opens, closes);
            if voter.audits() {
                acts.push(Act {
                    at_ms: first,
                    voter: index,
                    kind: ActKind::Audit,
                });
            }
            let ballots = voter.ballots(self.rules);
            for nth in 0..ballots {
                let at_ms = first + (closes - first) * nth / ballots;
                acts.push(Act {
                    at_ms,
                    voter: index,
                    kind: ActKind::Cast(nth),
                });
            }
        }
        // An audit comes before the ballot of the same moment: the sort is stable.
        acts.sort_by_key(|act| act.at_ms);
        acts
    }

    /// The vote of a voter's ballot with that position.
    pub(super) fn vote(
        &self,
        index: usize,
        nth: u64,
        questions: &[sijill_ballot::Question],
    ) -> Outcome<Vote> {
        let voter = &self.voters[index];
        let district = self.district(&voter.district)?;
        Vote::from_choices(questions, voter.choices(district, nth)).map_err(Failure::internal)
    }

    /// The list of those who voted on paper.
    pub(super) fn on_paper(&self) -> Vec<ListedPerson> {
        let on_paper =
            |v: &&Voter| matches!(v.channel(self.rules), Channel::Paper | Channel::DigitalThenPaper);
        let listed = self.voters.iter().filter(on_paper).zip(2..);
        listed
            .map(|(v, line)| ListedPerson {
                line,
                identifier: v.identifier.clone(),
            })
            .collect()
    }

    /// Those of these districts.
    pub(super) fn of_districts(&self, districts: &[&str]) -> Vec<String> {
        let here = self
            .voters
            .iter()
            .filter(|v| districts.contains(&v.district.as_str()));
        here.map(|v| v.identifier.clone()).collect()
    }

    /// Everybody who comes to a polling station. Whoever voted digitally before comes towards the evening.
    pub(super) fn paper_voters(&self, event: &Event) -> Vec<PaperVoter> {
        let (opens, closes) = (event.manifest.opens_ms, event.manifest.closes_ms);
        let mut coming = Vec::new();
        for (district, _) in &event.boxes {
            let papers = self.voters.iter().filter(|v| v.district == *district);
            let papers = papers
                .filter(|v| matches!(v.channel(self.rules), Channel::Paper | Channel::DigitalThenPaper));
            for (voter, nth) in papers.zip(0u32..) {
                let comes = voter.comes_ms(opens, closes);
                let both = voter.channel(self.rules) == Channel::DigitalThenPaper;
                coming.push(PaperVoter {
                    identifier: voter.identifier.clone(),
                    district: voter.district.clone(),
                    at_ms: if both {
                        closes - (closes - comes) / 20
                    } else {
                        comes
                    },
                    ballot_ms: both.then_some(comes),
                    spoils: is_spoilt(nth),
                });
            }
        }
        coming
    }

    /// What the papers of a district say.
    pub(super) fn paper_return(&self, event: &Event, ballot_box: &LedgerId) -> Outcome<PaperReturned> {
        let (id, _) = event
            .boxes
            .iter()
            .find(|(_, ledger)| ledger == ballot_box)
            .ok_or_else(|| Failure::internal("no such box"))?;
        let district = self.district(id)?;
        let mut returned = PaperReturned {
            ledger: *ballot_box,
            issued: 0,
            valid: 0,
            invalid: 0,
            spoilt: 0,
            counts: district
                .questions()
                .iter()
                .map(|q| vec![0; q.choices()])
                .collect(),
        };
        let here = self.voters.iter().filter(|v| v.district == *id);
        let papers =
            here.filter(|v| matches!(v.channel(self.rules), Channel::Paper | Channel::DigitalThenPaper));
        for (voter, nth) in papers.zip(0u32..) {
            if is_spoilt(nth) {
                // Spoilt, handed back, and replaced by another paper.
                returned.spoilt += 1;
                returned.issued += 1;
            }
            returned.issued += 1;
            if nth % 10 == 9 {
                returned.invalid += 1;
                continue;
            }
            returned.valid += 1;
            add(&mut returned.counts, &voter.choices(district, 0));
        }
        Ok(returned)
    }

    /// The digital count that must result.
    pub(super) fn expected_digital(&self, district_id: &Name) -> Expected {
        let Some(district) = self.districts.get(district_id) else {
            return Expected {
                ballots: 0,
                counts: Vec::new(),
            };
        };
        let mut counts: Vec<Vec<u64>> = district
            .questions()
            .iter()
            .map(|q| vec![0; q.choices()])
            .collect();
        let mut ballots = 0;
        for voter in self.voters.iter().filter(|v| v.district == *district_id) {
            if voter.channel(self.rules) == Channel::Digital {
                ballots += 1;
                add(
                    &mut counts,
                    &voter.choices(district, voter.ballots(self.rules) - 1),
                );
            }
        }
        Expected { ballots, counts }
    }

    fn district(&self, id: &Name) -> Outcome<&District> {
        self.districts
            .get(id)
            .ok_or_else(|| Failure::internal("a voter of no district"))
    }
}

/// Whether the first paper of those who vote on paper in a district, counted from 0, is spoilt.
const fn is_spoilt(nth: u32) -> bool {
    nth % 40 == 3
}

impl Voter {
    /// When they vote first.
    fn comes_ms(&self, opens: u64, closes: u64) -> u64 {
        let step = self.number * 7919 % STEPS;
        let after = COMES
            .iter()
            .skip(1)
            .position(|(steps, _)| step < *steps)
            .unwrap_or(0);
        let [(from, early), (to, late)] = [COMES[after], COMES[after + 1]];
        let millionths = early * 1000 + (late - early) * 1000 * (step - from) / (to - from);
        opens + (closes - opens) / 1000 * millionths / 1000
    }

    fn channel(&self, rules: Rules) -> Channel {
        match self.number % 25 {
            0..=3 => Channel::Abstains,
            _ if !rules.paper => Channel::Digital,
            4 | 5 => Channel::Paper,
            6 => Channel::DigitalThenPaper,
            _ => Channel::Digital,
        }
    }

    fn audits(&self) -> bool {
        self.number % 30 == 7
    }

    /// How often this voter casts a ballot.
    fn ballots(&self, rules: Rules) -> u64 {
        match self.number % 100 {
            _ if !rules.revote => 1,
            43 => 3,
            n if n % 20 == 8 => 2,
            _ => 1,
        }
    }

    /// By question, by choice, blank first where it is offered.
    fn choices(&self, district: &District, nth: u64) -> Vec<Vec<u8>> {
        district
            .questions()
            .iter()
            .zip(0u64..)
            .map(|(q, i)| self.choice(q, i + nth))
            .collect()
    }

    fn choice(&self, question: &Question, turn: u64) -> Vec<u8> {
        let taste = (self.number * 37 + self.number / 25 * 11 + turn * 53) % 100;
        let offset = usize::from(question.blank);
        let mut choices = vec![0; question.choices()];
        if question.blank && taste >= 98 {
            choices[0] = 1;
            return choices;
        }
        let answers = question.answers.len();
        let favourite = match answers {
            1 => 0,
            2 => usize::from(taste >= 89),
            // The square makes the first ones the most popular.
            n => n * usize::try_from(taste * taste).unwrap_or(0) / 10_000,
        };
        let fewest = question.min.max(1);
        let chosen = u64::from(fewest) + self.number % u64::from(question.max - fewest + 1);
        for k in 0..usize::try_from(chosen).unwrap_or(1) {
            choices[offset + (favourite + k) % answers] = 1;
        }
        choices
    }
}

fn add(counts: &mut [Vec<u64>], choices: &[Vec<u8>]) {
    for (counts, choices) in counts.iter_mut().zip(choices) {
        for (count, choice) in counts.iter_mut().zip(choices) {
            *count += u64::from(*choice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The thousand voters of the fixture come as those of the referendum of 2024 did.
    #[test]
    fn voters_come_as_it_was_published() {
        let published: serde_json::Value = serde_json::from_str(include_str!(
            "../../../../fixtures/referendum/published-2024.json"
        ))
        .unwrap();
        let hour = |text: &serde_json::Value| text.as_str().unwrap()[..2].parse::<u64>().unwrap();
        let (opens, closes) = (hour(&published["opens"]), hour(&published["closes"]));
        let voters = (0..1000).map(|number| Voter {
            number,
            identifier: String::new(),
            district: "national".parse().unwrap(),
            code: CredentialCode::random(&mut rand::rng()),
        });
        let rules = Rules {
            paper: true,
            revote: true,
        };
        let comes: Vec<u64> = voters
            .filter(|v| v.channel(rules) != Channel::Abstains)
            .map(|v| v.comes_ms(opens * 3_600_000, closes * 3_600_000))
            .collect();
        assert!(comes.iter().all(|at| *at < closes * 3_600_000));
        for point in published["turnout"].as_array().unwrap() {
            let until = hour(&point["at"]) * 3_600_000;
            let turnout = comes.iter().filter(|at| **at <= until).count() as u64 * 10;
            let said = point["bp"].as_u64().unwrap();
            assert!(turnout.abs_diff(said) <= 50, "{point}: {turnout}");
        }
    }
}
