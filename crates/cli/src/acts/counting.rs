//! Shares, paper returns, results. Spec: specs/election.md §4.7 to §4.10.

use sijill_engine::Acknowledgement;
use sijill_ledger::{LedgerId, SigningKey};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::events::{ElectionEvent, PaperReturned, ResultDeclared};
use sijill_registers::election::views::result::{ResultDocument, Results};

use super::Event;
use super::polling::publish_view;
use crate::error::Outcome;

/// Returns the paper votes of a district.
pub(crate) async fn return_paper(
    event: &Event,
    paper: PaperReturned,
    commission: &SigningKey,
) -> Outcome<Acknowledgement> {
    event
        .act(
            commission,
            event.election,
            Typed::Election(ElectionEvent::PaperReturned(paper)),
            &[],
        )
        .await
}

/// What became of a box when results were declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Declared {
    /// It has a result now, or had one before.
    Result,
    /// So many more shares are needed; these trustees have handed in none.
    SharesMissing {
        /// How many more.
        needed: usize,
        /// Indexes.
        without: Vec<u16>,
    },
    /// Too few ballots: it is never decrypted.
    BelowMinimum,
    /// It is not sealed and anchored yet.
    NotSealed,
}

/// Declares the result of a box if all shares are there, and publishes its view if the paper return is there too.
pub(crate) async fn declare(
    event: &Event,
    ballot_box: &LedgerId,
    commission: &SigningKey,
) -> Outcome<Declared> {
    let facts = event.election_facts()?;
    let Some(progress) = facts.progress.get(ballot_box) else {
        return Ok(Declared::NotSealed);
    };
    if progress.anchored.counted < event.manifest.min_ballots {
        publish_result(event, ballot_box).await?;
        return Ok(Declared::BelowMinimum);
    }
    if progress.result.is_none() {
        let trustees = &event.manifest.trustees;
        let needed = usize::from(trustees.threshold);
        if progress.shares.len() < needed {
            let without = (1u16..)
                .take(trustees.names.len())
                .filter(|i| !progress.shares.contains_key(i))
                .collect();
            return Ok(Declared::SharesMissing {
                needed: needed - progress.shares.len(),
                without,
            });
        }
        let contents = event.engine.contents();
        let tally = facts.anchored_tally(ballot_box, contents)?;
        let shares = progress.verified_shares(&tally, contents)?;
        let result = tally
            .decrypt(&shares)
            .map_err(sijill_registers::register::Rejection::from)?;
        let result = event.engine.put_content(result.json().as_bytes())?;
        let declared = ResultDeclared {
            ledger: *ballot_box,
            result,
        };
        event
            .act(
                commission,
                event.election,
                Typed::Election(ElectionEvent::ResultDeclared(declared)),
                &[],
            )
            .await?;
    }
    publish_result(event, ballot_box).await?;
    Ok(Declared::Result)
}

/// Publishes the result view of a box, once everything for it is there, and its outcome if no tie has to be decided first.
pub(crate) async fn publish_result(event: &Event, ballot_box: &LedgerId) -> Outcome {
    let facts = event.election_facts()?;
    let published = facts
        .progress
        .get(ballot_box)
        .is_some_and(|p| p.has_view("result"));
    if !published {
        let Some(document) = result(event, ballot_box).await? else {
            return Ok(());
        };
        publish_view(event, ballot_box, "result", document.size, &document.to_bytes()).await?;
    }
    super::outcome::publish_outcome(event, ballot_box).await?;
    Ok(())
}

/// The result of a box as the ledger has it now; `None` while something for it is missing.
pub(crate) async fn result(event: &Event, ballot_box: &LedgerId) -> Outcome<Option<ResultDocument>> {
    let size = event.handle(&event.election)?.durable_size();
    let folded = event.engine.view::<Results>(event.election, Some(size)).await?;
    Ok(folded.view.document(*ballot_box, size, &event.manifest))
}
