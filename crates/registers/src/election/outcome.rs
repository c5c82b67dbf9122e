//! What follows from a result: adopted rules, who is elected, ties, recounts, removed candidates, objections.
//! Spec: specs/outcome.md.

use std::collections::BTreeSet;
use std::sync::Arc;

use sijill_ballot::ElectionResult;
use sijill_ledger::{Committed, ContentRef, LedgerId};
use sijill_rules::{Calendar, RulePack, Tie as TieRule, check_line, day_number, numbered_day};

use super::decide::{ElectionRejection, order};
use super::events::{
    CandidateRemoved, PaperRecounted, ResultObjectionDecided, ResultObjectionFiled, RulesAdopted, TieDecided,
};
use super::state::{BoxProgress, ElectionFacts, ElectionState};
use super::views::outcome::{Elected, FORMAT, OutcomeDocument, QuestionOutcome};
use crate::manifest::{District, Manifest};
use crate::names::Name;
use crate::register::{Contents, Context, Facts, Rejection};

/// `rule` of TieDecided: a casting vote.
pub const CASTING_VOTE: u8 = 1;
/// `rule` of TieDecided: lots drawn before witnesses.
pub const LOTS: u8 = 2;
/// `cause` of CandidateRemoved: the candidate withdrew.
pub const WITHDRAWAL: u8 = 1;
/// `cause` of CandidateRemoved: a court's decision.
pub const BY_COURT: u8 = 2;

/// The rules that the event has adopted. Spec: specs/outcome.md §1.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// The pack as it is cited.
    pub content: ContentRef,
    /// The pack.
    pub pack: Arc<RulePack>,
    /// Day number of the polling day.
    pub polling_day: u32,
}

/// An objection to a result. Spec: specs/outcome.md §6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultObjection {
    /// What was filed.
    pub filed: ResultObjectionFiled,
    /// How it was decided.
    pub decided: Option<ResultObjectionDecided>,
}

/// Why an answer is elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A casting vote decided a tie for it.
    CastingVote,
    /// Lots decided a tie for it.
    Lots,
    /// There were no more candidates than seats.
    Unopposed,
    /// It has enough votes.
    Votes,
}

impl By {
    /// As documents have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CastingVote => "casting_vote",
            Self::Lots => "lots",
            Self::Unopposed => "unopposed",
            Self::Votes => "votes",
        }
    }
}

/// More candidates with the same number of votes than seats for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// Those candidates, ascending, from 0.
    pub level: Vec<u16>,
    /// How many of them are elected, at least 1 and fewer than all.
    pub seats: usize,
}

/// Who fills the seats of a question, before a tie is decided. Spec: specs/outcome.md §2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Those elected whatever becomes of a tie, ascending by answer.
    pub elected: Vec<(u16, By)>,
    /// The tie, if there is one.
    pub tie: Option<Tie>,
}

/// Who fills `seats` seats, from 1, given the votes of each answer and the answers that were removed.
#[must_use]
pub fn standing(seats: u16, votes: &[u64], removed: &BTreeSet<u16>) -> Standing {
    let seats = usize::from(seats);
    let candidates: Vec<(u16, u64)> = (0u16..)
        .zip(votes.iter().copied())
        .filter(|(answer, _)| !removed.contains(answer))
        .collect();
    if candidates.len() <= seats {
        return Standing {
            elected: candidates
                .iter()
                .map(|(answer, _)| (*answer, By::Unopposed))
                .collect(),
            tie: None,
        };
    }
    let mut sorted: Vec<u64> = candidates.iter().map(|(_, votes)| *votes).collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    // The votes of the last who gets a seat; more candidates than seats, so there is one behind.
    let least = seats
        .checked_sub(1)
        .and_then(|last| sorted.get(last))
        .copied()
        .unwrap_or(u64::MAX);
    let with = |keep: &dyn Fn(u64) -> bool| -> Vec<u16> {
        let kept = candidates.iter().filter(|(_, votes)| keep(*votes));
        kept.map(|(answer, _)| *answer).collect()
    };
    let (mut elected, level) = (with(&|votes| votes > least), with(&|votes| votes == least));
    let remaining = seats.saturating_sub(elected.len());
    let tie = if level.len() == remaining {
        elected.extend(level);
        elected.sort_unstable();
        None
    } else {
        Some(Tie {
            level,
            seats: remaining,
        })
    };
    Standing {
        elected: elected.into_iter().map(|answer| (answer, By::Votes)).collect(),
        tie,
    }
}

/// Who fills the seats of a question, and what led to it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Seats {
    /// The question, from 0.
    pub question: u16,
    /// How many are elected.
    pub seats: u16,
    /// Those elected so far, ascending by answer; a tie that is not decided leaves seats open.
    pub elected: Vec<Elected>,
    /// The tie, if there was one.
    pub tie: Option<DecidedTie>,
    /// The candidates who were removed, ascending by answer.
    pub void: Vec<CandidateRemoved>,
}

/// A tie and its decision.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DecidedTie {
    /// Those level, ascending, from 0.
    pub level: Vec<u16>,
    /// How many of them are elected.
    pub seats: usize,
    /// How it was decided; `None` if it is not.
    pub decided: Option<TieDecided>,
}

impl ElectionFacts {
    /// The questions of a box that fill seats, as they stand now; none before its current result is published.
    ///
    /// # Errors
    /// [`Rejection`] if a content is missing or malformed.
    pub fn seats(&self, ledger: &LedgerId, contents: &dyn Contents) -> Result<Vec<Seats>, Rejection> {
        let published = self.progress.get(ledger).is_some_and(|p| p.has_view("result"));
        if !published || self.adopted.is_none() {
            return Ok(Vec::new());
        }
        let (_, district, progress) = self.counted("ViewPublished", ledger)?;
        let standings = self.standings(ledger, contents)?;
        let questions = (0u16..).zip(district.questions()).zip(standings);
        let seats = questions.filter_map(|((index, question), standing)| {
            let (places, standing) = (question.seats?, standing?);
            let decided = standing.tie.as_ref().and_then(|_| progress.ties.get(&index));
            let void = self
                .removed
                .range((district.id.clone(), index, 0)..=(district.id.clone(), index, u16::MAX));
            Some(Seats {
                question: index,
                seats: places,
                elected: with_decision(standing.elected, decided),
                tie: standing.tie.map(|tie| DecidedTie {
                    level: tie.level,
                    seats: tie.seats,
                    decided: decided.cloned(),
                }),
                void: void.map(|(_, removal)| removal.clone()).collect(),
            })
        });
        Ok(seats.collect())
    }

    /// The answers of a question that were removed, ascending.
    #[must_use]
    pub fn removed(&self, district: &Name, question: u16) -> BTreeSet<u16> {
        let removed = self.removed.keys();
        removed
            .filter(|(d, q, _)| d == district && *q == question)
            .map(|(_, _, answer)| *answer)
            .collect()
    }

    /// Where the questions of a box stand, by question; `None` for a question that fills no seats.
    ///
    /// # Errors
    /// [`Rejection`] if the box has no result yet, or a content is missing or malformed.
    pub fn standings(
        &self,
        ledger: &LedgerId,
        contents: &dyn Contents,
    ) -> Result<Vec<Option<Standing>>, Rejection> {
        let (manifest, district, progress) = self.counted("ViewPublished", ledger)?;
        let votes = progress.votes(manifest, district, contents)?;
        let questions = (0u16..).zip(district.questions()).zip(&votes);
        let standings = questions.map(|((index, question), votes)| {
            let removed = self.removed(&district.id, index);
            question.seats.map(|seats| standing(seats, votes, &removed))
        });
        Ok(standings.collect())
    }

    /// The questions of a box with a current result whose tie is not decided, from 0.
    ///
    /// # Errors
    /// As [`ElectionFacts::standings`].
    pub fn undecided_ties(
        &self,
        ledger: &LedgerId,
        contents: &dyn Contents,
    ) -> Result<Vec<(u16, Tie)>, Rejection> {
        let (_, _, progress) = self.counted("TieDecided", ledger)?;
        let standings = (0u16..).zip(self.standings(ledger, contents)?);
        let ties = standings.filter_map(|(question, standing)| Some((question, standing?.tie?)));
        Ok(ties
            .filter(|(question, _)| !progress.ties.contains_key(question))
            .collect())
    }

    /// The document of the view `outcome` of a box. Spec: specs/outcome.md §8.
    ///
    /// # Errors
    /// [`Rejection`] if no rules were adopted, the box has no current result or an undecided tie, or a content is missing.
    pub fn outcome(
        &self,
        ledger: &LedgerId,
        size: u64,
        contents: &dyn Contents,
    ) -> Result<OutcomeDocument, Rejection> {
        let too_early = |problem: &'static str| ElectionRejection::View {
            code: "election.order",
            view: "outcome".to_owned(),
            problem,
        };
        let adopted = self
            .adopted
            .as_ref()
            .ok_or_else(|| too_early("the event has adopted no rules"))?;
        let (_, district, progress) = self.counted("ViewPublished", ledger)?;
        if !progress.has_view("result") {
            return Err(too_early("the current result of this box is not published yet").into());
        }
        let mut questions = Vec::new();
        for ((index, question), standing) in (0u16..)
            .zip(district.questions())
            .zip(self.standings(ledger, contents)?)
        {
            let (Some(seats), Some(standing)) = (question.seats, standing) else {
                questions.push(QuestionOutcome::Nobody);
                continue;
            };
            let decided = match standing.tie {
                None => None,
                Some(_) => Some(
                    progress
                        .ties
                        .get(&index)
                        .ok_or_else(|| too_early("a tie is not decided yet"))?,
                ),
            };
            questions.push(QuestionOutcome::Seats {
                seats,
                elected: with_decision(standing.elected, decided),
                void: self.removed(&district.id, index).into_iter().collect(),
            });
        }
        Ok(OutcomeDocument {
            format: FORMAT.to_owned(),
            ledger: *ledger,
            size,
            district: district.id.clone(),
            pack: adopted.content.sha256,
            questions,
        })
    }

    fn counted(
        &self,
        event: &'static str,
        ledger: &LedgerId,
    ) -> Result<(&Manifest, &District, &BoxProgress), ElectionRejection> {
        let counted = self.progress.get(ledger).and_then(|progress| {
            let manifest = self.manifest.as_deref()?;
            let (_, defined) = self.boxes.get(ledger)?;
            Some((manifest, manifest.district(&defined.district)?, progress))
        });
        counted.ok_or_else(|| order(event, "this box is not counted yet"))
    }

    /// The box of a district, if it is counted.
    fn progress_of(&self, district: &Name) -> Option<&BoxProgress> {
        let (ledger, _) = self
            .boxes
            .iter()
            .find(|(_, (_, defined))| defined.district == *district)?;
        self.progress.get(ledger)
    }
}

/// Those elected whatever became of a tie, and those for whom it was decided; ascending by answer.
fn with_decision(mut elected: Vec<(u16, By)>, decided: Option<&TieDecided>) -> Vec<Elected> {
    if let Some(decided) = decided {
        let by = if decided.rule == CASTING_VOTE {
            By::CastingVote
        } else {
            By::Lots
        };
        elected.extend(decided.elected.iter().map(|answer| (*answer, by)));
        elected.sort_unstable();
    }
    elected
        .into_iter()
        .map(|(answer, by)| Elected { answer, by })
        .collect()
}

impl BoxProgress {
    /// Whether a view is published; of `result` and `outcome`: the current one.
    #[must_use]
    pub fn has_view(&self, view: &str) -> bool {
        self.views.iter().any(|published| published == view)
    }

    /// Votes by question and answer, blank ones left out: the digital result and the return that stands.
    ///
    /// # Errors
    /// [`Rejection`] if the result is not declared yet, or its content is missing or malformed.
    fn votes(
        &self,
        manifest: &Manifest,
        district: &District,
        contents: &dyn Contents,
    ) -> Result<Vec<Vec<u64>>, Rejection> {
        let digital = match &self.result {
            Some(declared) => {
                let result = ElectionResult::parse(&contents.load(&declared.result)?)
                    .map_err(|e| ElectionRejection::Result(e.to_string()))?;
                Some(result)
            }
            None if self.anchored.counted < manifest.min_ballots => None,
            None => return Err(order("ViewPublished", "the result of this box is not declared yet").into()),
        };
        let questions = district.questions().iter().enumerate();
        let votes = questions.map(|(q, question)| {
            let of = |c: usize| {
                let digital = digital
                    .as_ref()
                    .and_then(|result| result.counts().get(q)?.get(c).copied());
                let paper = self
                    .paper
                    .as_ref()
                    .and_then(|paper| paper.counts.get(q)?.get(c).copied());
                digital.unwrap_or(0).saturating_add(paper.unwrap_or(0))
            };
            (usize::from(question.blank)..question.choices())
                .map(of)
                .collect()
        });
        Ok(votes.collect())
    }
}

fn refuse(code: &'static str, event: &'static str, problem: impl Into<String>) -> ElectionRejection {
    ElectionRejection::Outcome {
        code,
        event,
        problem: problem.into(),
    }
}

const ORDER: &str = "outcome.order";
const NO_RULES: &str = "the event has adopted no rules";

impl ElectionState {
    /// Spec: specs/outcome.md §1.
    pub(super) fn decide_adoption(&self, e: &RulesAdopted, ctx: &Context<'_>) -> Result<(), Rejection> {
        const EVENT: &str = "RulesAdopted";
        let (Some(manifest), Some(defined)) = (self.facts.manifest.as_deref(), &self.facts.defined) else {
            return Err(refuse(ORDER, EVENT, "the election is not defined yet").into());
        };
        if self.facts.adopted.is_some() {
            return Err(refuse(ORDER, EVENT, "the event has adopted its rules already").into());
        }
        if self.facts.trustees.is_some() {
            return Err(refuse(ORDER, EVENT, "the trustees are fixed already").into());
        }
        let wrong = |problem: String| refuse("outcome.rules", EVENT, problem);
        let pack = RulePack::from_json(&ctx.contents.load(&e.pack)?)
            .map_err(|problem| wrong(problem.to_string()))?;
        check_rules(e.polling_day, &pack, manifest).map_err(wrong)?;
        for listed in &defined.ledgers {
            if let Some(Facts::Roll(roll)) = ctx.linked.facts(&listed.ledger)
                && roll.rules.is_some_and(|rules| rules != (e.pack, e.polling_day))
            {
                return Err(wrong("the roll is defined under another pack or polling day".into()).into());
            }
        }
        Ok(())
    }

    /// Spec: specs/outcome.md §3.
    pub(super) fn decide_tie(&self, e: &TieDecided, ctx: &Context<'_>) -> Result<(), Rejection> {
        const EVENT: &str = "TieDecided";
        let adopted = self
            .facts
            .adopted
            .as_ref()
            .ok_or_else(|| refuse(ORDER, EVENT, NO_RULES))?;
        let progress = self
            .facts
            .progress
            .get(&e.ledger)
            .filter(|p| p.has_view("result"));
        let progress = progress.ok_or_else(|| {
            refuse(
                ORDER,
                EVENT,
                "the current result of this box is not published yet",
            )
        })?;
        if progress.has_view("outcome") {
            return Err(refuse(ORDER, EVENT, "the outcome of this box is published already").into());
        }
        if progress.ties.contains_key(&e.question) {
            return Err(refuse(ORDER, EVENT, "this tie is decided already").into());
        }
        let wrong = |problem: String| refuse("outcome.tie", EVENT, problem);
        let standings = self.facts.standings(&e.ledger, ctx.contents)?;
        let standing = standings.into_iter().nth(usize::from(e.question)).flatten();
        let standing = standing.ok_or_else(|| wrong("there is no such question that fills seats".into()))?;
        let tie = standing
            .tie
            .ok_or_else(|| wrong("there is no tie in this question".into()))?;
        check_elected(&e.elected, &tie).map_err(wrong)?;
        check_tie_rule(e, adopted.pack.tie).map_err(wrong)?;
        check_line(&e.reason).map_err(|p| wrong(format!("the reason: {p}")))?;
        Ok(())
    }

    /// Spec: specs/outcome.md §4.
    pub(super) fn decide_recount(&self, e: &PaperRecounted, ctx: &Context<'_>) -> Result<(), Rejection> {
        const EVENT: &str = "PaperRecounted";
        if self.facts.adopted.is_none() {
            return Err(refuse(ORDER, EVENT, NO_RULES).into());
        }
        let before = self.facts.progress.get(&e.ledger).and_then(|p| p.paper.as_ref());
        let before =
            before.ok_or_else(|| refuse(ORDER, EVENT, "there is no paper return of this district yet"))?;
        let now = e.as_return();
        self.check_recount(&now, ctx)?;
        if now == *before {
            let same = "every number is that of the return before it: nothing was recounted";
            return Err(ElectionRejection::Paper(same.into()).into());
        }
        check_line(&e.reason).map_err(|p| ElectionRejection::Paper(format!("the reason: {p}")))?;
        Ok(())
    }

    /// Spec: specs/outcome.md §5.
    pub(super) fn decide_removal(&self, e: &CandidateRemoved, ctx: &Context<'_>) -> Result<(), Rejection> {
        const EVENT: &str = "CandidateRemoved";
        let late = |problem: String| refuse(ORDER, EVENT, problem);
        let adopted = self.facts.adopted.as_ref().ok_or_else(|| late(NO_RULES.into()))?;
        let key = (e.district.clone(), e.question, e.answer);
        if self.facts.removed.contains_key(&key) {
            return Err(late("this candidate is removed already".into()).into());
        }
        if e.cause == WITHDRAWAL {
            if self.facts.poll_opened_size.is_some() {
                return Err(late(
                    "the poll was opened; nobody withdraws any more, only a court removes a candidate".into(),
                )
                .into());
            }
            check_withdrawal(adopted, ctx.received_ms.as_u64()).map_err(late)?;
        }
        let has_result = self
            .facts
            .progress_of(&e.district)
            .is_some_and(|p| p.has_view("result"));
        if e.cause == BY_COURT && has_result {
            return Err(late(
                "the result of the district is published; a recount must take its place first".into(),
            )
            .into());
        }
        let wrong = |problem: &str| refuse("outcome.candidate", EVENT, problem);
        if !matches!(e.cause, WITHDRAWAL | BY_COURT) {
            return Err(wrong("the cause is 1, a withdrawal, or 2, a court's decision").into());
        }
        let district = self
            .facts
            .manifest
            .as_deref()
            .and_then(|m| m.district(&e.district))
            .filter(|d| d.is_polled())
            .ok_or_else(|| wrong("there is no such district with a poll"))?;
        let question = district
            .questions()
            .get(usize::from(e.question))
            .filter(|q| q.seats.is_some())
            .ok_or_else(|| wrong("there is no such question that fills seats"))?;
        let answers = question.answers.len();
        if usize::from(e.answer) >= answers {
            return Err(wrong("there is no such answer").into());
        }
        if self.facts.removed(&e.district, e.question).len() + 1 >= answers {
            return Err(wrong("this is the last candidate of the question, who is never removed").into());
        }
        check_line(&e.reason).map_err(|p| wrong(&format!("the reason: {p}")))?;
        Ok(())
    }

    /// Spec: specs/outcome.md §6.
    pub(super) fn decide_filing(&self, e: &ResultObjectionFiled) -> Result<(), Rejection> {
        const EVENT: &str = "ResultObjectionFiled";
        let progress = self
            .facts
            .progress
            .get(&e.ledger)
            .zip(self.facts.manifest.as_deref());
        let stands = progress.is_some_and(|(progress, manifest)| {
            let has_none = progress.anchored.counted < manifest.min_ballots && !manifest.paper;
            progress.has_view(if has_none { "tally" } else { "result" })
        });
        if stands {
            return Ok(());
        }
        Err(refuse(
            ORDER,
            EVENT,
            "the current result of this box is not published: there is nothing to object to",
        )
        .into())
    }

    /// Spec: specs/outcome.md §6.
    pub(super) fn decide_objection(&self, e: &ResultObjectionDecided) -> Result<(), Rejection> {
        let wrong = |problem: String| refuse("outcome.objection", "ResultObjectionDecided", problem);
        let Some(objection) = self.facts.objections.get(&e.objection) else {
            return Err(wrong(format!("there is no objection at position {}", e.objection)).into());
        };
        if objection.decided.is_some() {
            return Err(wrong("this objection is decided already".into()).into());
        }
        if !(1..=3).contains(&e.decision) {
            return Err(wrong("a decision is 1 upheld, 2 varied or 3 overturned".into()).into());
        }
        check_line(&e.reason).map_err(|p| wrong(format!("the reason: {p}")))?;
        Ok(())
    }

    /// What certification needs beside published results. Spec: specs/outcome.md §7.
    pub(super) fn unsettled(&self) -> Option<String> {
        let mut objections = self.facts.objections.iter();
        objections
            .find(|(_, objection)| objection.decided.is_none())
            .map(|(position, _)| format!("the objection at position {position} is not decided yet"))
    }
}

/// Whether a pack is that of an election, and in force on its polling day, which is a day of the poll; the pack's calendar.
/// Spec: specs/outcome.md §1.1, §1.2, specs/roll.md §1.2, §1.3.
pub(crate) fn check_pack(polling_day: u32, pack: &RulePack, manifest: &Manifest) -> Result<Calendar, String> {
    const BEYOND: &str = "a day lies beyond reckoning";
    if pack.id != manifest.rules.as_str() {
        return Err(format!(
            "the rule pack is {}, but the election is held under {}",
            pack.id, manifest.rules
        ));
    }
    if pack.calendar.time_zone != manifest.time_zone {
        return Err("the rule pack has another time zone than the election".into());
    }
    let calendar = pack.calendar().map_err(|e| e.to_string())?;
    let day = numbered_day(polling_day).ok_or(BEYOND)?;
    let opens = calendar.day_of(manifest.opens_ms).ok_or(BEYOND)?;
    let closes = calendar.day_of(manifest.closes_ms).ok_or(BEYOND)?;
    if !(opens..=closes).contains(&day) {
        return Err(format!(
            "polling day {day} is not a day of the poll, {opens} to {closes}"
        ));
    }
    if !pack.covers(day) {
        return Err(format!("the rule pack is not in force on {day}"));
    }
    Ok(calendar)
}

/// Spec: specs/outcome.md §1.1 to §1.3.
fn check_rules(polling_day: u32, pack: &RulePack, manifest: &Manifest) -> Result<(), String> {
    check_pack(polling_day, pack, manifest)?;
    let voting = &pack.voting;
    let agrees = [
        (
            manifest.grace_ms == voting.grace_ms,
            "grace_ms is that of the pack",
        ),
        (
            !manifest.revote || voting.revote,
            "the pack allows no second vote",
        ),
        (
            manifest.min_ballots >= voting.min_ballots_to_decrypt,
            "min_ballots is at least the pack's min_ballots_to_decrypt",
        ),
        (
            manifest.certification_quorum >= pack.certification.quorum,
            "certification_quorum is at least the pack's quorum",
        ),
        (
            manifest.trustees.names.len() >= usize::from(pack.trustees.minimum),
            "there are at least as many trustees as the pack asks for",
        ),
        (
            !manifest.paper || pack.has_paper(),
            "the pack has no paper channel",
        ),
        (
            manifest.rehearsal || pack.has_digital(),
            "the pack opens no digital channel: only a rehearsal may be held under it",
        ),
    ];
    let broken = agrees.iter().find(|(agrees, _)| !agrees);
    broken.map_or(Ok(()), |(_, rule)| {
        Err(format!("the manifest does not agree with the pack: {rule}"))
    })
}

/// Spec: specs/outcome.md §5.1.
fn check_withdrawal(adopted: &Adopted, received_ms: u64) -> Result<(), String> {
    let Some(days) = adopted.pack.candidates.withdrawal_days else {
        return Ok(());
    };
    let calendar = adopted.pack.calendar().map_err(|e| e.to_string())?;
    let day = calendar
        .day_of(received_ms)
        .ok_or("the moment lies beyond reckoning")?;
    let last = i64::from(adopted.polling_day) - i64::from(days);
    if i64::from(day_number(day)) <= last {
        return Ok(());
    }
    Err(format!(
        "the last day for a withdrawal was {days} days before polling day; only a court removes a candidate now"
    ))
}

/// Spec: specs/outcome.md §3.1.
fn check_elected(elected: &[u16], tie: &Tie) -> Result<(), String> {
    if elected.len() != tie.seats {
        return Err(format!(
            "{} answers are elected of those level, not {}",
            tie.seats,
            elected.len()
        ));
    }
    if !elected.is_sorted_by(|a, b| a < b) {
        return Err("the elected answers must be distinct and in ascending order".into());
    }
    match elected.iter().find(|answer| !tie.level.contains(answer)) {
        Some(answer) => Err(format!("answer {} is not among those level", answer + 1)),
        None => Ok(()),
    }
}

/// Spec: specs/outcome.md §3.2, §3.3.
fn check_tie_rule(e: &TieDecided, rule: Option<TieRule>) -> Result<(), String> {
    let given = match e.rule {
        CASTING_VOTE => TieRule::CastingVote,
        LOTS => TieRule::Lots,
        _ => return Err("the rule is 1, a casting vote, or 2, lots".into()),
    };
    match rule {
        Some(TieRule::CastingVote) if given == TieRule::Lots => {
            return Err("under the rule pack a casting vote decides a tie, not lots".into());
        }
        Some(TieRule::Lots) if given == TieRule::CastingVote => {
            return Err("under the rule pack lots decide a tie, not a casting vote".into());
        }
        _ => {}
    }
    match given {
        TieRule::CastingVote if e.by.len() != 1 => {
            return Err("exactly one person has the casting vote: give office and name".into());
        }
        TieRule::Lots if !(2..=16).contains(&e.by.len()) => {
            return Err("lots are drawn before 2 to 16 witnesses: give office and name of each".into());
        }
        _ => {}
    }
    for name in &e.by {
        check_line(name).map_err(|p| format!("a name: {p}"))?;
        if name.len() > 200 {
            return Err("a name has at most 200 bytes".into());
        }
    }
    if e.by.iter().collect::<BTreeSet<_>>().len() != e.by.len() {
        return Err("a witness is named twice".into());
    }
    Ok(())
}

/// What an objection to a result commits to. Spec: specs/outcome.md §6.
#[derive(Debug, Clone, Copy)]
pub struct ObjectionContent<'a> {
    /// The election ledger.
    pub election: LedgerId,
    /// The box.
    pub ledger: LedgerId,
    /// Pseudonym on the election ledger.
    pub objector: [u8; 32],
    /// What they say: 1 to 10000 bytes.
    pub text: &'a str,
}

#[derive(serde::Serialize)]
struct ObjectionDocument<'a> {
    format: &'static str,
    election: LedgerId,
    ledger: LedgerId,
    objector: String,
    text: &'a str,
}

impl ObjectionContent<'_> {
    /// The document.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        crate::json::write(&ObjectionDocument {
            format: "sijill-objection/1",
            election: self.election,
            ledger: self.ledger,
            objector: hex::encode(self.objector),
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
    use super::*;

    #[test]
    fn the_document_is_that_of_the_specification() {
        let content = ObjectionContent {
            election: LedgerId::from_bytes([0x11; 32]),
            ledger: LedgerId::from_bytes([0x22; 32]),
            objector: [0x33; 32],
            text: "Two \"seals\" were broken",
        };
        let [election, ledger, objector] = ["11", "22", "33"].map(|byte| byte.repeat(32));
        assert_eq!(
            String::from_utf8(content.to_json()).unwrap(),
            format!(
                r#"{{"format":"sijill-objection/1","election":"{election}","ledger":"{ledger}","objector":"{objector}","text":"Two \"seals\" were broken"}}"#
            )
        );
        assert_ne!(content.commit(&[1; 32]), content.commit(&[2; 32]));
    }
}
