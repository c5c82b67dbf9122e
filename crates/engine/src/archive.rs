//! Archives of boxes with a result, as the tools of the Belenios protocol read them. Spec: specs/election.md §8.

use std::io::{self, Write};

use sijill_ballot::{ArchiveParts, write_archive};
use sijill_ledger::{ContentRef, LedgerId, Seq, UnverifiedEntry};
use sijill_registers::ballot_box::RecordedBallot;
use sijill_registers::ballot_box::events::BoxEvent;
use sijill_registers::catalogue::Event;
use sijill_registers::register::{ContentProblem, Facts};
use tokio::sync::mpsc;

use crate::engine::{Engine, EngineError};

/// Entries read at a time.
const PAGE: usize = 1_024;
/// Pages of ballots that wait for the writer.
const PAGES_AHEAD: usize = 2;

/// Why an archive cannot be written. What was written of it is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The ledgers cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A document cannot be had.
    #[error(transparent)]
    Content(#[from] ContentProblem),
    /// The ledger is no election ledger.
    #[error("ledger {0} is not the election ledger of a defined event")]
    NotAnEvent(LedgerId),
    /// Only a box with a result has an archive.
    #[error("ballot box {0} has no result: only a box with a result has an archive")]
    NoResult(LedgerId),
    /// The archive cannot be written.
    #[error("the archive cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// The records of an archive, as text.
struct Records {
    timestamp: u64,
    election: String,
    trustees: String,
    credentials: String,
    encrypted_tally: String,
    sized_tally: String,
    shares: Vec<(usize, String)>,
    result: String,
    sealed_size: u64,
}

impl Engine {
    /// Writes the archive of a box; memory does not grow with the number of ballots.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn write_archive<W: Write + Send + 'static>(
        &self,
        event: LedgerId,
        ballot_box: LedgerId,
        mut out: W,
    ) -> Result<W, ArchiveError> {
        let records = self.archive_records(event, ballot_box)?;
        let (ballots, mut written) = mpsc::channel::<Result<Vec<Vec<u8>>, ArchiveError>>(PAGES_AHEAD);
        let sealed_size = records.sealed_size;
        let writer = tokio::task::spawn_blocking(move || {
            let parts = ArchiveParts {
                timestamp: records.timestamp,
                election: &records.election,
                trustees: &records.trustees,
                credentials: &records.credentials,
                encrypted_tally: &records.encrypted_tally,
                sized_tally: &records.sized_tally,
                shares: &records.shares,
                result: &records.result,
            };
            let pages = std::iter::from_fn(|| written.blocking_recv());
            let each = pages.flat_map(|page| match page {
                Ok(ballots) => ballots.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            });
            write_archive(&mut out, &parts, each)?;
            out.flush()?;
            Ok(out)
        });
        let mut from = 0;
        while from < sealed_size {
            let page = self.archive_page(ballot_box, from, sealed_size).await;
            let read = page.as_ref().ok().map(|(read, _)| *read);
            // The writer has gone away only if it failed; its error comes below.
            if ballots.send(page.map(|(_, ballots)| ballots)).await.is_err() {
                break;
            }
            let Some(read) = read else { break };
            from += read;
        }
        drop(ballots);
        writer
            .await
            .map_err(|e| EngineError::Internal(format!("the writer of an archive stopped: {e}")))?
    }

    fn archive_records(&self, event: LedgerId, ballot_box: LedgerId) -> Result<Records, ArchiveError> {
        let not_an_event = || ArchiveError::NotAnEvent(event);
        let Facts::Election(facts) = self.ledgers().find(&event).ok_or_else(not_an_event)?.facts() else {
            return Err(not_an_event());
        };
        let manifest = facts.manifest.as_ref().ok_or_else(not_an_event)?;
        let no_result = || ArchiveError::NoResult(ballot_box);
        let progress = facts.progress.get(&ballot_box).ok_or_else(no_result)?;
        let result = progress.result.as_ref().ok_or_else(no_result)?;
        let (_, defined) = facts.boxes.get(&ballot_box).ok_or_else(no_result)?;
        let trustees = facts.trustees.as_ref().ok_or_else(no_result)?;
        let text = |content: &ContentRef| -> Result<String, ArchiveError> {
            let bytes = self.contents().load(content)?;
            String::from_utf8(bytes.to_vec())
                .map_err(|_| EngineError::Internal("a record that is not text".to_owned()).into())
        };
        let needed = usize::from(manifest.trustees.threshold);
        let shares = progress.shares.iter().take(needed);
        Ok(Records {
            timestamp: manifest.closes_ms / 1_000,
            election: text(&defined.election)?,
            trustees: text(&trustees.trustees)?,
            credentials: text(&defined.credentials)?,
            encrypted_tally: text(&progress.anchored.encrypted_tally)?,
            sized_tally: text(&progress.anchored.sized_tally)?,
            shares: shares
                .map(|(index, share)| Ok((usize::from(*index), text(share)?)))
                .collect::<Result<_, ArchiveError>>()?,
            result: text(&result.result)?,
            sealed_size: progress.anchored.sealed_size,
        })
    }

    /// Ballots of a page of entries that belong into the archive, after the number of entries read.
    async fn archive_page(
        &self,
        ballot_box: LedgerId,
        from: u64,
        size: u64,
    ) -> Result<(u64, Vec<Vec<u8>>), ArchiveError> {
        let most = usize::try_from(size - from).unwrap_or(PAGE).min(PAGE);
        let page = self.read(ballot_box, Seq::new(from), most).await?;
        let internal = |e: &dyn std::fmt::Display| EngineError::Internal(e.to_string());
        let handle = self
            .ledgers()
            .find(&ballot_box)
            .ok_or_else(|| EngineError::Missing(format!("this service keeps no ledger {ballot_box}")))?;
        if page.is_empty() {
            return Err(internal(&format!("ledger {ballot_box} ends at {from}")).into());
        }
        let mut ballots = Vec::new();
        for bytes in &page {
            let entry = UnverifiedEntry::parse(bytes).map_err(|e| internal(&e))?;
            let body = entry.body().body();
            if entry.seq() == Seq::ZERO {
                continue;
            }
            let event = Event::parse(sijill_ledger::Kind::BallotBox, body.event_type, &body.payload)
                .map_err(|e| internal(&e))?;
            let Event::BallotBox(BoxEvent::BallotCast(cast)) = event else {
                continue;
            };
            let ballot = RecordedBallot::read(&cast.ballot)
                .ok_or_else(|| internal(&"a recorded ballot cannot be read"))?;
            let excluded = handle.with_head(|head| {
                head.state
                    .as_box()
                    .is_some_and(|b| b.is_excluded(&ballot.credential))
            });
            if !excluded {
                ballots.push(cast.ballot);
            }
        }
        Ok((page.len() as u64, ballots))
    }
}
