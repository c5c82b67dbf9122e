//! What follows from a result: ties, recounts, removed candidates, objections, who is elected. Spec: specs/outcome.md.

use sijill_engine::Acknowledgement;
use sijill_ledger::{LedgerId, SigningKey};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::events::{
    CandidateRemoved, ElectionEvent, PaperRecounted, ResultObjectionDecided, ResultObjectionFiled, TieDecided,
};
use sijill_registers::election::outcome::{ObjectionContent, Tie};

use super::Event;
use super::counting::publish_result;
use super::polling::publish_view;
use crate::error::{Failure, Outcome};
use crate::registrar::{Pseudonyms, salt};
use crate::site::NewFile;

/// Publishes the outcome of a box, once its result is published and its ties are decided. Returns the questions, from 0,
/// whose tie is not.
pub(crate) async fn publish_outcome(event: &Event, ballot_box: &LedgerId) -> Outcome<Vec<(u16, Tie)>> {
    let facts = event.election_facts()?;
    let is_due = facts
        .progress
        .get(ballot_box)
        .is_some_and(|p| p.has_view("result") && !p.has_view("outcome"));
    if !is_due || facts.adopted.is_none() {
        return Ok(Vec::new());
    }
    let contents = event.engine.contents();
    let undecided = facts.undecided_ties(ballot_box, contents)?;
    if undecided.is_empty() {
        let size = event.handle(&event.election)?.durable_size();
        let document = facts.outcome(ballot_box, size, contents)?;
        publish_view(event, ballot_box, "outcome", size, &document.to_bytes()).await?;
    }
    Ok(undecided)
}

/// Decides a tie, and publishes the outcome if it was the last one of the district.
pub(crate) async fn decide_tie(event: &Event, tie: TieDecided, commission: &SigningKey) -> Outcome {
    let ballot_box = tie.ledger;
    act(event, commission, ElectionEvent::TieDecided(tie)).await?;
    publish_outcome(event, &ballot_box).await?;
    Ok(())
}

/// Returns the paper votes of a district once more, and publishes what follows from them.
pub(crate) async fn recount(event: &Event, recount: PaperRecounted, commission: &SigningKey) -> Outcome {
    let ballot_box = recount.ledger;
    act(event, commission, ElectionEvent::PaperRecounted(recount)).await?;
    publish_result(event, &ballot_box).await
}

/// Removes a candidate.
pub(crate) async fn remove_candidate(
    event: &Event,
    removal: CandidateRemoved,
    commission: &SigningKey,
) -> Outcome<Acknowledgement> {
    act(event, commission, ElectionEvent::CandidateRemoved(removal)).await
}

/// Files an objection to the result of a box by somebody whom the registrar knows. Returns its position. The opening of the
/// commitment to the statement goes into `opening`: 32 random bytes, then the document.
pub(crate) async fn object(
    event: &Event,
    ballot_box: LedgerId,
    objector: (&Pseudonyms, &str),
    statement: &str,
    opening: NewFile,
    registrar: &SigningKey,
) -> Outcome<u64> {
    if statement.trim().is_empty() || statement.len() > 10_000 {
        return Err(Failure::usage(
            "a statement has 1 to 10000 bytes",
            "say what is objected to with --statement",
        )
        .code("result.statement"));
    }
    let (pseudonyms, identifier) = objector;
    let content = ObjectionContent {
        election: event.election,
        ledger: ballot_box,
        objector: pseudonyms.of(identifier).0,
        text: statement,
    };
    let salt = salt();
    // The opening first: a commitment that nobody can open would be worth nothing.
    let opening = opening.write_ahead(&[&salt[..], &content.to_json()].concat())?;
    let filed = ElectionEvent::ResultObjectionFiled(ResultObjectionFiled {
        ledger: ballot_box,
        objector: content.objector,
        statement: content.commit(&salt),
    });
    let done = act(event, registrar, filed).await;
    Ok(opening.settle(done)?.seq.as_u64())
}

/// Decides an objection to a result.
pub(crate) async fn decide_objection(
    event: &Event,
    decided: ResultObjectionDecided,
    commission: &SigningKey,
) -> Outcome<Acknowledgement> {
    act(event, commission, ElectionEvent::ResultObjectionDecided(decided)).await
}

async fn act(event: &Event, key: &SigningKey, what: ElectionEvent) -> Outcome<Acknowledgement> {
    event.act(key, event.election, Typed::Election(what), &[]).await
}
