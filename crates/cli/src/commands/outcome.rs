//! `sijill election tie`, `recount`, `remove-candidate`, `object`, `decide-objection`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use sijill_engine::keyfile::KeyFile;
use sijill_registers::election::events::{
    CandidateRemoved, PaperRecounted, ResultObjectionDecided, TieDecided,
};
use sijill_registers::election::outcome::{BY_COURT, CASTING_VOTE, LOTS, WITHDRAWAL};
use sijill_registers::manifest::{District, Question};
use sijill_registers::names::Name;
use sijill_rules::Tie;

use super::Common;
use super::election::read_returns;
use super::roll::roll_person;
use crate::acts::{self, Event};
use crate::error::{Failure, Outcome};
use crate::registrar::Pseudonyms;
use crate::render::{bilingual, say, show};
use crate::site::NewFile;

/// What `tie` takes.
#[derive(Debug, Args)]
pub(crate) struct TieArgs {
    /// The district [default: the only one]
    #[arg(long, value_name = "DISTRICT")]
    district: Option<Name>,
    /// The question, counted from 1 [default: the only one that fills seats]
    #[arg(long, value_name = "NUMBER")]
    question: Option<u16>,
    /// Who is elected of those level, counted from 1 in the order of the ballot; once for each
    #[arg(long, value_name = "NUMBER", required = true)]
    elected: Vec<u16>,
    /// How it was decided [default: the way of the rule pack]
    #[arg(long, value_enum)]
    rule: Option<TieRule>,
    /// Office and name of who has the casting vote, or of a witness of the lots; once for each; public
    #[arg(long, value_name = "TEXT", required = true)]
    by: Vec<String>,
    /// Why, or how the lots were drawn; public
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The commission's signing key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// How a tie is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TieRule {
    /// One person decides
    CastingVote,
    /// Lots are drawn before witnesses
    Lots,
}

/// What `recount` takes.
#[derive(Debug, Args)]
pub(crate) struct RecountArgs {
    /// The new returns (TOML), as for `paper`
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Why it was counted again; public
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The commission's signing key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// What `remove-candidate` takes.
#[derive(Debug, Args)]
pub(crate) struct RemovalArgs {
    /// The district [default: the only one]
    #[arg(long, value_name = "DISTRICT")]
    district: Option<Name>,
    /// The question, counted from 1 [default: the only one that fills seats]
    #[arg(long, value_name = "NUMBER")]
    question: Option<u16>,
    /// The candidate, counted from 1 in the order of the ballot
    #[arg(long, value_name = "NUMBER")]
    answer: u16,
    /// Why they cannot be elected
    #[arg(long, value_enum)]
    cause: Cause,
    /// The reason; of a court its name and decision; public
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The commission's signing key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Why a candidate cannot be elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cause {
    /// They withdrew, before the poll and in time
    Withdrawal,
    /// A court decided so
    Court,
}

/// What `object` takes.
#[derive(Debug, Args)]
pub(crate) struct ObjectionArgs {
    /// Who objects: their identifier, which becomes a pseudonym at once
    #[arg(value_name = "IDENTIFIER")]
    person: String,
    /// The district whose result it is [default: the only one]
    #[arg(long, value_name = "DISTRICT")]
    district: Option<Name>,
    /// What they say; the ledger commits to it without showing it
    #[arg(long, value_name = "TEXT")]
    statement: String,
    /// Where the opening of that commitment is written; the registrar keeps it
    #[arg(long, value_name = "FILE")]
    opening: PathBuf,
    /// The registrar's signing key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The registrar's secret, from which pseudonyms are made
    #[arg(long, value_name = "FILE")]
    secret: PathBuf,
}

/// What `decide-objection` takes.
#[derive(Debug, Args)]
pub(crate) struct DecisionArgs {
    /// Its number, as `object` said it
    #[arg(value_name = "NUMBER")]
    objection: u64,
    /// What was decided
    #[arg(long, value_enum)]
    decision: Ruling,
    /// Why; public, and names nobody
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The commission's signing key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// How an objection to a result is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ruling {
    /// The result stands
    Upheld,
    /// Followed in part
    Varied,
    /// Followed
    Overturned,
}

/// Runs `tie`.
pub(super) async fn tie(args: &TieArgs, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(&args.key)?;
    let district = district(&event, args.district.as_ref())?;
    let (number, question) = question(district, args.question)?;
    let mut elected = args
        .elected
        .iter()
        .map(|choice| answer(question, *choice))
        .collect::<Outcome<Vec<u16>>>()?;
    elected.sort_unstable();
    let facts = event.election_facts()?;
    let by_law = facts.adopted.as_ref().and_then(|adopted| adopted.pack.tie);
    let rule = match (args.rule, by_law) {
        (Some(TieRule::CastingVote), _) | (None, Some(Tie::CastingVote)) => CASTING_VOTE,
        (Some(TieRule::Lots), _) | (None, Some(Tie::Lots)) => LOTS,
        (None, None) => {
            return Err(Failure::usage(
                "the rule pack does not say how a tie is decided",
                "say it with --rule: casting-vote or lots",
            )
            .code("result.rule"));
        }
    };
    let decided = TieDecided {
        ledger: event.box_of(Some(&district.id))?,
        question: number,
        elected: elected.clone(),
        rule,
        by: args.by.clone(),
        reason: args.reason.clone(),
    };
    acts::outcome::decide_tie(&event, decided, &key).await?;
    say!(
        "{}, {}: the tie is decided.",
        district.id,
        bilingual(&question.question)
    );
    for answer in &elected {
        if let Some(name) = question.answers.get(usize::from(*answer)) {
            say!("  elected: {}", bilingual(name));
        }
    }
    say!("Next: `sijill election result`, then `sijill ledger publish`.");
    let elected: Vec<u16> = elected.iter().map(|answer| answer + 1).collect();
    show!(json!({ "district": district.id, "question": number + 1, "elected": elected }));
    Ok(())
}

/// Runs `recount`.
pub(super) async fn recount(args: &RecountArgs, common: &Common) -> Outcome {
    let returns = read_returns(&args.file)?;
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(&args.key)?;
    let mut recounted = Vec::new();
    for (district, returned) in returns.of(&event)? {
        let recount = PaperRecounted {
            ledger: returned.ledger,
            issued: returned.issued,
            valid: returned.valid,
            invalid: returned.invalid,
            spoilt: returned.spoilt,
            counts: returned.counts,
            reason: args.reason.clone(),
        };
        acts::outcome::recount(&event, recount, &key).await?;
        say!("{district}: counted again; the earlier return and what followed from it are void");
        recounted.push(district.to_string());
    }
    say!("Next: `sijill election result`.");
    show!(json!({ "recounted": recounted }));
    Ok(())
}

/// Runs `remove-candidate`.
pub(super) async fn remove_candidate(args: &RemovalArgs, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(&args.key)?;
    let district = district(&event, args.district.as_ref())?;
    let (number, question) = question(district, args.question)?;
    let answer = answer(question, args.answer)?;
    let removal = CandidateRemoved {
        district: district.id.clone(),
        question: number,
        answer,
        cause: match args.cause {
            Cause::Withdrawal => WITHDRAWAL,
            Cause::Court => BY_COURT,
        },
        reason: args.reason.clone(),
    };
    acts::outcome::remove_candidate(&event, removal, &key).await?;
    if let Some(name) = question.answers.get(usize::from(answer)) {
        say!(
            "Removed: {}. Votes for them are counted, and elect nobody.",
            bilingual(name)
        );
    }
    show!(json!({ "district": district.id, "question": number + 1, "removed": answer + 1 }));
    Ok(())
}

/// Runs `object`.
pub(super) async fn object(args: &ObjectionArgs, common: &Common) -> Outcome {
    let identifier = roll_person(&args.person)?;
    let (_site, _open, event) = common.start_event().await?;
    let passphrases = common.passphrases();
    let key = common.signing_key(&args.key)?;
    let secret = KeyFile::load(&args.secret)?.unlock_registrar(&passphrases.acting(&args.secret)?)?;
    let pseudonyms = Pseudonyms::new(&secret, event.election)?;
    let ballot_box = event.box_of(args.district.as_ref())?;
    let opening = NewFile::take(&args.opening)?;
    let position = acts::outcome::object(
        &event,
        ballot_box,
        (&pseudonyms, &identifier),
        &args.statement,
        opening,
        &key,
    )
    .await?;
    say!("Filed: objection {position} to the results.");
    say!("The opening is in {}.", args.opening.display());
    show!(json!({ "objection": position }));
    Ok(())
}

/// Runs `decide-objection`.
pub(super) async fn decide_objection(args: &DecisionArgs, common: &Common) -> Outcome {
    let (_site, _open, event) = common.start_event().await?;
    let key = common.signing_key(&args.key)?;
    let decision = args.decision as u8 + 1;
    let decided = ResultObjectionDecided {
        objection: args.objection,
        decision,
        reason: args.reason.clone(),
    };
    acts::outcome::decide_objection(&event, decided, &key).await?;
    say!("Decided. What follows for the result is an act of its own: `sijill election recount`.");
    show!(json!({ "objection": args.objection, "decision": decision }));
    Ok(())
}

/// The polled district with that id; the only one if none is named.
fn district<'a>(event: &'a Event, named: Option<&Name>) -> Outcome<&'a District> {
    let ballot_box = event.box_of(named)?;
    let id = event.boxes.iter().find(|(_, ledger)| *ledger == ballot_box);
    id.and_then(|(id, _)| event.manifest.district(id))
        .ok_or_else(|| Failure::internal("a box without a district"))
}

/// A question that fills seats, with its index from 0.
fn question(district: &District, named: Option<u16>) -> Outcome<(u16, &Question)> {
    let mut filling = (0u16..)
        .zip(district.questions())
        .filter(|(_, question)| question.seats.is_some());
    let numbers: Vec<String> = filling
        .clone()
        .map(|(index, _)| (index + 1).to_string())
        .collect();
    let found = match named {
        Some(number) => filling.find(|(index, _)| index + 1 == number),
        None if numbers.len() == 1 => filling.next(),
        None => None,
    };
    found.ok_or_else(|| {
        let (problem, help) = match (numbers.is_empty(), named) {
            (true, _) => (
                format!("no question of district {} fills seats", district.id),
                "nobody is elected there; `seats` of the election file says how many are".to_owned(),
            ),
            (false, None) => (
                format!("several questions of district {} fill seats", district.id),
                format!("name one with --question: {}", numbers.join(", ")),
            ),
            (false, Some(number)) => (
                format!(
                    "question {number} of district {} does not fill seats",
                    district.id
                ),
                format!("those that do: {}", numbers.join(", ")),
            ),
        };
        let failure = if named.is_none() && !numbers.is_empty() {
            Failure::usage(problem, help)
        } else {
            Failure::refused(problem, help)
        };
        failure.code("result.question")
    })
}

/// The index from 0 of a choice that is counted from 1.
fn answer(question: &Question, choice: u16) -> Outcome<u16> {
    let index = choice
        .checked_sub(1)
        .filter(|i| usize::from(*i) < question.answers.len());
    index.ok_or_else(|| {
        Failure::refused(
            format!("the question has no answer {choice}"),
            format!("answers are counted from 1 to {}", question.answers.len()),
        )
        .code("result.answer")
    })
}
