//! What follows from a result: adopted rules, who is elected, ties, recounts, candidates who are removed, objections.
//!
//! Votes are those that the ledger declares and returns. Whether they are right is judged elsewhere (5.10, 5.11); where they are not, what was
//! concluded from them is not established either (`values.rs`).
//!
//! Spec: specs/outcome.md.

use std::collections::BTreeSet;

use crate::calendar::{Day, day_at, is_line};
use crate::check::Check;
use crate::contents::read_content;
use crate::events::{CandidateRemoved, ContentRef, PaperReturned, TieDecided};
use crate::manifest::Manifest;
use crate::registers::election::{At, Election, PublishedView, Step, View};
use crate::report::{Elected, ElectedBy};
use crate::rules::{Pack, TieRule};
use crate::source::Source;
use crate::values::{established_result, paper_rules};

/// Longest name of who decided a tie, bytes.
const MAX_NAME_BYTES: usize = 200;
/// Most witnesses of a draw of lots.
const MAX_WITNESSES: usize = 16;

/// The rule pack of the event.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub(crate) content: ContentRef,
    pub(crate) polling_day: u32,
    /// `None` if it could not be read.
    pub(crate) pack: Option<Pack>,
    /// Nothing wrong was found with it on this ledger.
    pub(crate) holds: bool,
}

/// A paper return, or the recount that supersedes it.
#[derive(Debug, Clone)]
pub(crate) struct PaperReturn {
    pub(crate) numbers: PaperReturned,
    /// Of a recount.
    pub(crate) reason: Option<String>,
}

/// A tie that was decided.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    /// Ascending.
    pub(crate) elected: Vec<u16>,
    pub(crate) rule: TieRule,
    pub(crate) by: Vec<String>,
    pub(crate) reason: String,
}

/// What the election ledger tells of a TieDecided; whether it rests on numbers that hold is known when the box was read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TieJudgement {
    Holds,
    Fails(&'static str),
    Unknown(&'static str),
}

/// Level candidates who are more than the seats left for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tie {
    /// Ascending.
    level: Vec<u16>,
    seats: usize,
}

/// Who is elected by a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Ascending; those of a tie are not among them.
    elected: Vec<Elected>,
    tie: Option<Tie>,
}

/// Who is elected by a question once its tie, if there is one, is decided.
#[derive(Debug, Clone)]
pub(crate) struct Seated {
    pub(crate) seats: usize,
    /// Ascending.
    pub(crate) elected: Vec<Elected>,
    /// Answers that were removed, ascending.
    pub(crate) void: Vec<u16>,
    pub(crate) decision: Option<Decision>,
}

/// Votes of the answers, blank ones not among them. Spec: specs/outcome.md §2.
fn standing(seats: usize, votes: &[u128], void: &BTreeSet<u16>) -> Standing {
    let candidates: Vec<(u16, u128)> = (0u16..)
        .zip(votes.iter().copied())
        .filter(|(answer, _)| !void.contains(answer))
        .collect();
    let by = |by| move |(answer, _): &(u16, u128)| Elected { answer: *answer, by };
    let mut ordered: Vec<u128> = candidates.iter().map(|(_, votes)| *votes).collect();
    ordered.sort_unstable_by(|a, b| b.cmp(a));
    let last = match seats.checked_sub(1).and_then(|at| ordered.get(at)) {
        Some(last) if candidates.len() > seats => *last,
        _ => {
            return Standing {
                elected: candidates.iter().map(by(ElectedBy::Unopposed)).collect(),
                tie: None,
            };
        }
    };
    let above = candidates.iter().filter(|(_, votes)| *votes > last).count();
    let level: Vec<u16> = candidates
        .iter()
        .filter(|(_, votes)| *votes == last)
        .map(|(answer, _)| *answer)
        .collect();
    let left = seats.saturating_sub(above);
    let tied = level.len() > left;
    let elected = candidates
        .iter()
        .filter(|(_, votes)| *votes > last || (*votes == last && !tied));
    Standing {
        elected: elected.map(by(ElectedBy::Votes)).collect(),
        tie: tied.then_some(Tie { level, seats: left }),
    }
}

impl Election {
    /// The view of a box that was published last.
    pub(crate) fn view(&self, ballot_box: &[u8; 32], view: View) -> Option<&At<PublishedView>> {
        self.views.get(&(*ballot_box, view))?.last()
    }

    /// The paper returns of a box, each superseding the one before it.
    pub(crate) fn returns(&self, ballot_box: &[u8; 32]) -> &[At<PaperReturn>] {
        self.papers.get(ballot_box).map_or(&[], Vec::as_slice)
    }

    /// The paper return that stood before this position.
    pub(crate) fn return_before(&self, ballot_box: &[u8; 32], seq: u64) -> Option<&PaperReturned> {
        let returns = self.returns(ballot_box).iter().rev();
        returns
            .map(|paper| (paper.seq, &paper.value.numbers))
            .find_map(|(at, numbers)| (at < seq).then_some(numbers))
    }

    /// The view `result` of a box, if no return came after it. Spec: specs/outcome.md §4.
    pub(crate) fn current_result(&self, ballot_box: &[u8; 32]) -> Option<&At<PublishedView>> {
        let last = self.returns(ballot_box).last().map_or(0, |paper| paper.seq);
        self.view(ballot_box, View::Result)
            .filter(|result| result.seq > last)
    }

    /// The view `outcome` of a box, if it rests on the current result. Spec: specs/outcome.md §8.
    pub(crate) fn current_outcome(&self, ballot_box: &[u8; 32]) -> Option<&At<PublishedView>> {
        let result = self.current_result(ballot_box)?;
        self.view(ballot_box, View::Outcome)
            .filter(|outcome| outcome.seq > result.seq)
    }

    /// Who is elected, by question, `None` for one without seats; nothing if there is no current result, or it cannot be read.
    fn standings(&self, ballot_box: &[u8; 32]) -> Option<Vec<Option<Standing>>> {
        let manifest = self.manifest.as_ref()?;
        self.adopted.as_ref()?;
        self.current_result(ballot_box)?;
        let district = manifest.district(&self.boxes.get(ballot_box)?.value.district)?;
        let too_small = self.anchors.get(ballot_box)?.value.counted < manifest.min_ballots;
        let digital = match self.declared.get(ballot_box) {
            Some(declared) if !too_small => declared.as_slice(),
            _ if too_small => &[],
            _ => return None,
        };
        let paper = self.returns(ballot_box).last();
        let paper = paper.map_or(&[][..], |paper| &paper.value.numbers.counts);
        let none = BTreeSet::new();
        let questions = district.questions.iter().zip(&district.seats).enumerate();
        let standings = questions.map(|(row, (question, seats))| {
            if *seats == 0 {
                return None;
            }
            let at = |counts: &[Vec<u64>], choice: usize| {
                let count = counts.get(row).and_then(|counts| counts.get(choice));
                u128::from(count.copied().unwrap_or(0))
            };
            let first = usize::from(question.blank);
            let votes: Vec<u128> = (first..question.choices())
                .map(|choice| at(digital, choice) + at(paper, choice))
                .collect();
            let key = (district.id.clone(), u16::try_from(row).ok()?);
            Some(standing(*seats, &votes, self.removed.get(&key).unwrap_or(&none)))
        });
        Some(standings.collect())
    }

    /// Whether the digital result and the return that a tie follows from hold, as far as this ledger tells.
    fn has_established_result(
        &mut self,
        source: &dyn Source,
        election_id: [u8; 32],
        ballot_box: &[u8; 32],
    ) -> bool {
        let (Some(manifest), Some(defined), Some(anchor)) = (
            &self.manifest,
            self.boxes.get(ballot_box),
            self.anchors.get(ballot_box),
        ) else {
            return false;
        };
        let Some(district) = manifest.district(&defined.value.district) else {
            return false;
        };
        let paper = self.returns(ballot_box).last();
        // In an event with stations papers need not be as many as were issued.
        let exclusions = (!self.stations.any()).then_some(0);
        let adds_up =
            paper.is_none_or(|paper| paper_rules(&paper.value.numbers, district, exclusions).is_ok());
        if !adds_up || anchor.value.counted < manifest.min_ballots {
            return adds_up;
        }
        // Nothing that it depends on changes once there is a result.
        if let Some(known) = self.established.get(ballot_box) {
            return *known;
        }
        let holds = established_result(source, election_id, self, manifest, district, defined).is_some();
        self.established.insert(*ballot_box, holds);
        holds
    }

    /// The decision of a tie of the current result.
    fn decision(&self, ballot_box: &[u8; 32], question: u16) -> Option<&Decision> {
        self.ties.get(&(*ballot_box, question))
    }

    /// Whether a tie of the current result is not decided.
    pub(crate) fn has_open_tie(&self, ballot_box: &[u8; 32]) -> bool {
        let standings = self.standings(ballot_box).unwrap_or_default();
        (0u16..).zip(standings).any(|(question, standing)| {
            standing.is_some_and(|standing| standing.tie.is_some())
                && self.decision(ballot_box, question).is_none()
        })
    }

    /// Who is elected by each question, `None` for one without seats; nothing if a tie is not decided or the votes are not known.
    pub(crate) fn seated(&self, ballot_box: &[u8; 32]) -> Option<Vec<Option<Seated>>> {
        let district = &self.boxes.get(ballot_box)?.value.district;
        let manifest = self.manifest.as_ref()?;
        let seats = &manifest.district(district)?.seats;
        let mut seated = Vec::new();
        for (question, (standing, seats)) in (0u16..).zip(self.standings(ballot_box)?.into_iter().zip(seats))
        {
            let Some(Standing { mut elected, tie }) = standing else {
                seated.push(None);
                continue;
            };
            let decision = match tie {
                None => None,
                Some(_) => Some(self.decision(ballot_box, question)?.clone()),
            };
            if let Some(decision) = &decision {
                let by = match decision.rule {
                    TieRule::CastingVote => ElectedBy::CastingVote,
                    TieRule::Lots => ElectedBy::Lots,
                };
                let chosen = decision
                    .elected
                    .iter()
                    .map(|answer| Elected { answer: *answer, by });
                elected.extend(chosen);
                elected.sort_unstable_by_key(|elected| elected.answer);
            }
            let void = self.removed.get(&(district.clone(), question));
            seated.push(Some(Seated {
                seats: *seats,
                elected,
                void: void.into_iter().flatten().copied().collect(),
                decision,
            }));
        }
        Some(seated)
    }
}

/// Spec: specs/outcome.md §1.1 to §1.3.
fn pack_rules(pack: &Pack, manifest: &Manifest, polling_day: Day) -> Result<(), &'static str> {
    let opens = day_at(&pack.head.zone, manifest.opens_ms);
    let closes = day_at(&pack.head.zone, manifest.closes_ms);
    if pack.head.id != manifest.rules {
        Err("another rule pack than the manifest's")
    } else if pack.head.zone.iana_name() != manifest.zone.iana_name() {
        Err("the rule pack has another time zone than the manifest")
    } else if !pack.is_valid_on(polling_day) {
        Err("the rule pack is not valid on the polling day")
    } else if !opens.is_ok_and(|day| day <= polling_day) || !closes.is_ok_and(|day| polling_day <= day) {
        Err("the polling day is not a day of the poll")
    } else if manifest.grace_ms != pack.grace_ms {
        Err("the manifest has another time of grace than the rule pack")
    } else if manifest.revote && !pack.revote {
        Err("the manifest allows re-votes, the rule pack does not")
    } else if manifest.min_ballots < pack.min_ballots_to_decrypt {
        Err("the manifest decrypts boxes with fewer ballots than the rule pack allows")
    } else if manifest.certification_quorum < pack.quorum {
        Err("fewer certify by the manifest than by the rule pack")
    } else if (manifest.trustees.len() as u64) < pack.least_trustees {
        Err("the manifest has fewer trustees than the rule pack requires")
    } else if manifest.paper && !pack.paper {
        Err("the manifest has a paper channel, the rule pack has none")
    } else if !manifest.rehearsal && !pack.digital {
        Err("the rule pack has no digital channel, and this is no rehearsal")
    } else {
        Ok(())
    }
}

const NO_RULES: &str = "no rules were adopted";
const NO_RESULT: &str = "the current result of the box is not published";
const NOT_ESTABLISHED: &str = "the result of a box is not established";
const NO_PACK: &str = "the rule pack cannot be read";

impl Step<'_, '_> {
    /// Counts for the place of an event of this kind; says whether the event may be judged further.
    fn outcome_order(&mut self, outcome: Result<(), &'static str>) -> bool {
        self.checks.outcome(Check::OutcomeOrder, self.place(), outcome);
        outcome.is_ok()
    }

    /// Without a valid manifest nothing here is established. Spec: specs/outcome.md §9.
    fn is_unfounded(&mut self, election: &Election) -> bool {
        let unfounded = election.defined.is_some() && election.manifest.is_none();
        if unfounded {
            self.checks.skip(Check::OutcomeOrder, "the manifest is not valid");
        }
        unfounded
    }

    /// Spec: specs/outcome.md §1.
    pub(super) fn rules_adopted(&mut self, election: &mut Election, cited: &ContentRef, polling_day: u32) {
        if self.is_unfounded(election) {
            return;
        }
        let order = if election.manifest.is_none() {
            Err("the election is not defined")
        } else if election.fixed.is_some() {
            Err("the trustees are fixed")
        } else if election.adopted.is_some() {
            Err("rules are adopted already")
        } else {
            Ok(())
        };
        if !self.outcome_order(order) {
            return;
        }
        let Some(manifest) = &election.manifest else {
            return;
        };
        let (check, place) = (Check::OutcomeRules, self.place());
        let mut holds = true;
        let pack = match read_content(self.source, cited) {
            Err(error) => {
                self.checks.skip(check, error);
                None
            }
            Ok(bytes) => match Pack::parse(&bytes) {
                Err(error) => {
                    holds = false;
                    self.checks.fail(check, place, format!("the rule pack: {error}"));
                    None
                }
                Ok(pack) => {
                    let outcome = pack_rules(&pack, manifest, Day::from(polling_day));
                    holds = outcome.is_ok();
                    self.checks.outcome(check, place, outcome);
                    Some(pack)
                }
            },
        };
        election.adopted = Some(self.at(Adopted {
            content: *cited,
            polling_day,
            pack,
            holds,
        }));
    }

    /// What comes of it is reported when the box was read. Spec: specs/outcome.md §3.
    pub(super) fn tie_decided(&mut self, election: &mut Election, decided: &TieDecided<'_>) {
        if self.is_unfounded(election) {
            return;
        }
        let ballot_box = &decided.ledger;
        let order = if election.adopted.is_none() {
            Err(NO_RULES)
        } else if election.current_result(ballot_box).is_none() {
            Err(NO_RESULT)
        } else if election.current_outcome(ballot_box).is_some() {
            Err("the outcome of the box is published")
        } else if election.decision(ballot_box, decided.question).is_some() {
            Err("the tie is decided already")
        } else {
            Ok(())
        };
        if !self.outcome_order(order) {
            return;
        }
        let established = election.has_established_result(self.source, self.ledger.id, ballot_box);
        let adopted = election.adopted.as_ref();
        let pack = adopted.and_then(|adopted| adopted.value.pack.as_ref());
        let (judgement, rule) = if !established {
            // It decides its tie all the same.
            let rule = if decided.rule == 1 {
                TieRule::CastingVote
            } else {
                TieRule::Lots
            };
            (TieJudgement::Unknown(NOT_ESTABLISHED), Some(rule))
        } else {
            let standing = election.standings(ballot_box).into_iter().flatten();
            let standing = standing.into_iter().nth(usize::from(decided.question)).flatten();
            let tie = standing.and_then(|standing| standing.tie);
            match tie_rules(decided, tie.as_ref(), pack.and_then(|pack| pack.tie)) {
                Err(reason) => (TieJudgement::Fails(reason), None),
                Ok(rule) if pack.is_none() => (TieJudgement::Unknown(NO_PACK), Some(rule)),
                Ok(rule) => (TieJudgement::Holds, Some(rule)),
            }
        };
        if let Some(rule) = rule {
            let decision = Decision {
                elected: decided.elected.clone(),
                rule,
                by: decided.by.iter().map(|name| (*name).to_owned()).collect(),
                reason: decided.reason.to_owned(),
            };
            election.ties.insert((*ballot_box, decided.question), decision);
        }
        let judged = self.at(judgement);
        election.judged_ties.entry(*ballot_box).or_default().push(judged);
    }

    /// Its numbers and reason are checked when the box was read. Spec: specs/outcome.md §4.
    pub(super) fn paper_recounted(&mut self, election: &mut Election, paper: &PaperReturned, reason: &str) {
        if self.is_unfounded(election) {
            return;
        }
        let order = if election.adopted.is_none() {
            Err(NO_RULES)
        } else if election.returns(&paper.ledger).is_empty() {
            Err("the box has no paper return")
        } else {
            Ok(())
        };
        if !self.outcome_order(order) {
            return;
        }
        let recounted = self.at(PaperReturn {
            numbers: paper.clone(),
            reason: Some(reason.to_owned()),
        });
        election.papers.entry(paper.ledger).or_default().push(recounted);
        election
            .ties
            .retain(|(ballot_box, _), _| *ballot_box != paper.ledger);
    }

    /// Spec: specs/outcome.md §5.
    pub(super) fn candidate_removed(&mut self, election: &mut Election, removed: &CandidateRemoved<'_>) {
        if self.is_unfounded(election) {
            return;
        }
        let key = (removed.district.to_owned(), removed.question);
        let before = election.removed.get(&key);
        let again = before.is_some_and(|answers| answers.contains(&removed.answer));
        let mut boxes = election.boxes.values();
        let ballot_box = boxes.find(|defined| defined.value.district == removed.district);
        let has_result =
            ballot_box.is_some_and(|defined| election.current_result(&defined.value.ledger).is_some());
        let adopted = election.adopted.as_ref().map(|adopted| &adopted.value);
        let order = match (adopted, removed.cause) {
            (None, _) => Err(NO_RULES),
            _ if again => Err("the answer was removed already"),
            (_, 1) if election.opened.is_some() => Err("the poll is open, and nobody withdraws any more"),
            (Some(adopted), 1) if !self.withdraws_in_time(adopted) => {
                Err("the last day for withdrawals is over")
            }
            (_, 2) if has_result => Err("the current result of the box is published"),
            _ => Ok(()),
        };
        let removed_before = before.map_or(0, BTreeSet::len);
        let manifest = election.manifest.as_ref().ok_or("the election is not defined");
        let outcome = manifest.and_then(|manifest| candidate_rules(manifest, removed, removed_before));
        let has_pack = adopted.is_some_and(|adopted| adopted.pack.is_some());
        if order.is_ok() && removed.cause == 1 && !has_pack {
            self.checks.skip(Check::OutcomeOrder, NO_PACK);
        } else if !self.outcome_order(order) {
            return;
        }
        let place = self.place();
        self.checks.outcome(Check::OutcomeCandidate, place, outcome);
        if outcome.is_ok() {
            election.removed.entry(key).or_default().insert(removed.answer);
        }
    }

    /// Without a pack, or a last day in it, any moment will do. Spec: specs/outcome.md §5.1.
    fn withdraws_in_time(&self, adopted: &Adopted) -> bool {
        let Some(pack) = &adopted.pack else {
            return true;
        };
        pack.withdrawal_days.is_none_or(|days| {
            let last = Day::from(adopted.polling_day) - i64::try_from(days).unwrap_or(i64::MAX / 2);
            day_at(&pack.head.zone, self.entry.received_ms).is_ok_and(|day| day <= last)
        })
    }

    /// Spec: specs/outcome.md §6.
    pub(super) fn objection_filed(&mut self, election: &mut Election, ballot_box: &[u8; 32]) {
        if self.is_unfounded(election) {
            return;
        }
        let anchor = election.anchors.get(ballot_box).map(|anchor| &anchor.value);
        let has_no_result = (election.manifest.as_ref().zip(anchor))
            .is_some_and(|(manifest, anchor)| !manifest.paper && anchor.counted < manifest.min_ballots);
        let order = if has_no_result && election.view(ballot_box, View::Tally).is_none() {
            Err("the tally of the box is not published")
        } else if !has_no_result && election.current_result(ballot_box).is_none() {
            Err(NO_RESULT)
        } else {
            Ok(())
        };
        if self.outcome_order(order) {
            election.objections.insert(self.entry.seq, false);
        }
    }

    /// Spec: specs/outcome.md §6.
    pub(super) fn objection_decided(&mut self, election: &mut Election, at: u64, decision: u8, reason: &str) {
        if self.is_unfounded(election) {
            return;
        }
        let outcome = match election.objections.get(&at) {
            None => Err("no objection was filed there before"),
            Some(true) => Err("the objection was decided already"),
            Some(false) if !(1..=3).contains(&decision) => Err("an unknown decision"),
            Some(false) if !is_line(reason) => Err("the reason is no line of text"),
            Some(false) => Ok(()),
        };
        let place = self.place();
        self.checks.outcome(Check::OutcomeObjection, place, outcome);
        if outcome.is_ok() {
            election.objections.insert(at, true);
        }
    }
}

/// Spec: specs/outcome.md §3.
fn tie_rules(
    decided: &TieDecided<'_>,
    tie: Option<&Tie>,
    required: Option<TieRule>,
) -> Result<TieRule, &'static str> {
    let tie = tie.ok_or("the question has no tie")?;
    let elected = &decided.elected;
    if elected.len() != tie.seats {
        return Err("those elected are not as many as the seats that are left");
    }
    if !elected.is_sorted_by(|a, b| a < b) || !elected.iter().all(|answer| tie.level.contains(answer)) {
        return Err("those elected are not level, not in order, or not distinct");
    }
    let rule = match decided.rule {
        1 => TieRule::CastingVote,
        2 => TieRule::Lots,
        _ => return Err("an unknown rule for ties"),
    };
    if required.is_some_and(|required| required != rule) {
        return Err("the rule pack decides ties by another rule");
    }
    let is_name = |name: &&str| is_line(name) && name.len() <= MAX_NAME_BYTES;
    if !decided.by.iter().all(is_name) {
        return Err("the name of who decided or witnessed is no line of 1 to 200 bytes");
    }
    let different: BTreeSet<&str> = decided.by.iter().copied().collect();
    let right = match rule {
        TieRule::CastingVote => decided.by.len() == 1,
        TieRule::Lots => {
            (2..=MAX_WITNESSES).contains(&decided.by.len()) && different.len() == decided.by.len()
        }
    };
    if !right {
        return Err("there is not one casting vote, or there are not two to sixteen different witnesses");
    }
    if !is_line(decided.reason) {
        return Err("the reason is no line of text");
    }
    Ok(rule)
}

/// Spec: specs/outcome.md §5.
fn candidate_rules(
    manifest: &Manifest,
    removed: &CandidateRemoved<'_>,
    before: usize,
) -> Result<(), &'static str> {
    let district = manifest.district(removed.district).filter(|d| d.is_polled());
    let Some(district) = district else {
        return Err("no district of this id holds a poll");
    };
    let question = usize::from(removed.question);
    let (Some(seats), Some(asked)) = (district.seats.get(question), district.texts.get(question)) else {
        return Err("the district has no such question");
    };
    if *seats == 0 {
        Err("the question fills no seats")
    } else if usize::from(removed.answer) >= asked.answers.len() {
        Err("the question has no such answer")
    } else if !(1..=2).contains(&removed.cause) {
        Err("an unknown cause")
    } else if before.saturating_add(1) >= asked.answers.len() {
        Err("the last answer of the question is removed")
    } else if !is_line(removed.reason) {
        Err("the reason is no line of text")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(seats: usize, votes: &[u128], void: &[u16]) -> (Vec<u16>, Option<(Vec<u16>, usize)>) {
        let standing = standing(seats, votes, &void.iter().copied().collect());
        let elected = standing.elected.iter().map(|elected| elected.answer).collect();
        (elected, standing.tie.map(|tie| (tie.level, tie.seats)))
    }

    #[test]
    fn seats_and_ties() {
        assert_eq!(judged(1, &[3, 5, 4], &[]), (vec![1], None));
        assert_eq!(judged(2, &[3, 5, 4], &[]), (vec![1, 2], None));
        assert_eq!(judged(2, &[3, 5, 4], &[1]), (vec![0, 2], None));
        assert_eq!(judged(1, &[5, 5, 4], &[]), (vec![], Some((vec![0, 1], 1))));
        assert_eq!(judged(2, &[5, 5, 4], &[]), (vec![0, 1], None));
        assert_eq!(judged(2, &[4, 5, 4, 4], &[]), (vec![1], Some((vec![0, 2, 3], 1))));
        assert_eq!(judged(3, &[4, 5, 4, 4], &[]), (vec![1], Some((vec![0, 2, 3], 2))));
        assert_eq!(judged(3, &[4, 5, 4, 4], &[3]), (vec![0, 1, 2], None));
        assert_eq!(judged(2, &[0, 0, 0], &[]), (vec![], Some((vec![0, 1, 2], 2))));
        assert_eq!(judged(1, &[7, 0, 0], &[0]), (vec![], Some((vec![1, 2], 1))));
        assert_eq!(judged(1, &[7, 0, 0], &[0, 1]), (vec![2], None));
        let unopposed = standing(3, &[0, 9], &BTreeSet::new()).elected;
        assert!(unopposed.iter().all(|elected| elected.by == ElectedBy::Unopposed) && unopposed.len() == 2);
        let huge = u128::from(u64::MAX) * 2;
        assert_eq!(judged(1, &[huge, huge - 1], &[]), (vec![0], None));
    }

    proptest! {
        /// Nobody who is left out has more votes than somebody who is in, and all seats are filled or tied.
        #[test]
        fn no_order_of_answers_decides(
            votes in prop::collection::vec(0u128..6, 1..12),
            seats in 1usize..12,
            removed in prop::collection::btree_set(0u16..12, 0..6),
        ) {
            let result = standing(seats, &votes, &removed);
            let level = result.tie.as_ref().map_or(&[][..], |tie| &tie.level);
            let left = result.tie.as_ref().map_or(0, |tie| tie.seats);
            let inside: BTreeSet<u16> = result.elected.iter().map(|elected| elected.answer).collect();
            let candidates: BTreeSet<u16> = (0..votes.len() as u16).filter(|a| !removed.contains(a)).collect();
            prop_assert_eq!(inside.len() + left, seats.min(candidates.len()));
            prop_assert!(level.is_empty() || level.len() > left && left > 0);
            prop_assert!(inside.is_subset(&candidates) && level.iter().all(|a| candidates.contains(a)));
            let of = |answer: &u16| votes[usize::from(*answer)];
            for answer in candidates.iter().filter(|a| !inside.contains(a)) {
                prop_assert!(inside.iter().all(|elected| of(elected) > of(answer)));
                prop_assert!(level.iter().all(|tied| of(tied) >= of(answer)));
            }
            // Turned around, the same people are elected.
            let last = votes.len() as u16 - 1;
            let turned: Vec<u128> = votes.iter().rev().copied().collect();
            let removed: BTreeSet<u16> = removed.iter().filter_map(|a| last.checked_sub(*a)).collect();
            let turned = standing(seats, &turned, &removed);
            let same: BTreeSet<u16> = turned.elected.iter().map(|elected| last - elected.answer).collect();
            prop_assert_eq!(same, inside);
        }
    }
}
