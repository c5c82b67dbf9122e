//! The polling day: groups of voters at a time, each voter's ballot made by the device's code, each receipt checked.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;
use sijill_ballot::{BallotHash, ElectionContext};
use sijill_engine::clock::RehearsalClock;
use sijill_engine::{Acknowledgement, Engine, SubmitError};
use sijill_ledger::{LedgerId, Receipt, UnixMillis};
use sijill_registers::ballot_box::events::{AuditStarted, BoxEvent};
use sijill_registers::catalogue::Event as Typed;
use tokio::task::JoinSet;

use super::stations::Stations;
use super::voters::{Act, ActKind, Electorate};
use crate::acts::Event;
use crate::acts::voting::{Device, ReadyBallot, election_of};
use crate::commands::receipt::file_name;
use crate::error::{Failure, Outcome};
use crate::progress::Progress;
use crate::render::number;
use crate::site::{Site, write_file};

/// Most voters who act at the same simulated moment.
const TOGETHER: usize = 512;
/// Longest simulated time that acts of one group are apart.
const GROUP_MS: u64 = 15 * 60_000;
/// Receipts that are written to files; all of them are checked.
const RECEIPTS_KEPT: usize = 10;

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Polled {
    ballots: u64,
    revotes: u64,
    audits: u64,
    receipts: u64,
}

impl Polled {
    pub(super) fn summary(&self) -> String {
        format!(
            "{} ballots ({} of them re-votes), {} ballots opened for an audit, {} receipts checked",
            number(self.ballots),
            number(self.revotes),
            number(self.audits),
            number(self.receipts)
        )
    }
}

/// What a voter's device has made.
enum Made {
    Ballot(Box<ReadyBallot>),
    Audit(AuditStarted),
}

/// Lets everybody vote.
pub(super) async fn run(
    event: &Event,
    site: &Site,
    clock: &RehearsalClock,
    electorate: &Electorate,
    mut stations: Option<&mut Stations>,
) -> Outcome<Polled> {
    let notes = site.notes(&event.election);
    let acts = electorate.acts(event);
    let progress = Progress::new("Voting", acts.len() as u64);
    let boxes = event
        .boxes
        .iter()
        .map(|(district, id)| Ok((district.clone(), (*id, election_of(event, id)?))))
        .collect::<Outcome<std::collections::HashMap<_, _>>>()?;
    // What each voter's device remembers: the latest ballot, which a re-vote replaces.
    let mut latest: Vec<Option<BallotHash>> = vec![None; electorate.len()];
    let mut polled = Polled::default();
    let mut kept = 0;
    for group in groups(&acts) {
        let Some(first) = group.first() else { continue };
        if let Some(stations) = stations.as_deref_mut() {
            stations.until(event, &notes, clock, first.at_ms).await?;
        }
        clock.set(UnixMillis::clamped(first.at_ms));
        let made: Vec<(LedgerId, Made)> = tokio::task::block_in_place(|| {
            group
                .par_iter()
                .map(|act| {
                    let voter = electorate.voter(act.voter);
                    let (ballot_box, election) = boxes
                        .get(&voter.district)
                        .ok_or_else(|| Failure::internal("a voter without a box"))?;
                    let made = make(electorate, act, election, latest[act.voter])?;
                    Ok((*ballot_box, made))
                })
                .collect::<Outcome<_>>()
        })?;
        let mut waiting = JoinSet::new();
        for (act, (ballot_box, made)) in group.iter().zip(made) {
            let engine = Arc::clone(&event.engine);
            let keep = kept < RECEIPTS_KEPT || matches!(act.kind, ActKind::Cast(1) if act.voter < 100);
            match &made {
                Made::Audit(_) => polled.audits += 1,
                Made::Ballot(ballot) => {
                    polled.ballots += 1;
                    polled.revotes += u64::from(latest[act.voter].is_some());
                    latest[act.voter] = Some(ballot.hash);
                    kept += usize::from(keep);
                }
            }
            waiting.spawn(async move { send(&engine, ballot_box, made, keep).await });
        }
        while let Some(done) = waiting.join_next().await {
            if let Some(Checked { hash, receipt }) = done.map_err(Failure::internal)?? {
                polled.receipts += 1;
                if let Some(text) = receipt {
                    write_file(&site.receipts().join(file_name(&hash)), text.as_bytes())?;
                }
            }
            progress.add(1);
        }
    }
    if let Some(stations) = stations {
        stations
            .until(event, &notes, clock, event.manifest.closes_ms)
            .await?;
    }
    progress.finish();
    Ok(polled)
}

/// Groups of acts in order, in none of which a voter acts twice.
fn groups(acts: &[Act]) -> Vec<&[Act]> {
    let mut groups = Vec::new();
    let mut start = 0;
    let mut voters = HashSet::new();
    for (i, act) in acts.iter().enumerate() {
        let full = i - start == TOGETHER || act.at_ms - acts[start].at_ms > GROUP_MS;
        if full || !voters.insert(act.voter) {
            groups.push(&acts[start..i]);
            start = i;
            voters.clear();
            voters.insert(act.voter);
        }
    }
    groups.push(&acts[start..]);
    groups
}

fn make(
    electorate: &Electorate,
    act: &Act,
    election: &Arc<ElectionContext>,
    latest: Option<BallotHash>,
) -> Outcome<Made> {
    let voter = electorate.voter(act.voter);
    let device = Device::new(Arc::clone(election), &voter.code);
    match act.kind {
        ActKind::Cast(nth) => {
            let vote = electorate.vote(act.voter, nth, election.questions())?;
            Ok(Made::Ballot(Box::new(device.encrypt(&vote, latest)?)))
        }
        ActKind::Audit => {
            let vote = electorate.vote(act.voter, 0, election.questions())?;
            let opened = device.encrypt_to_open(&vote)?;
            if opened.check(election)? != vote.expose() {
                return Err(Failure::internal(
                    "an opened ballot has other choices than the voter made",
                ));
            }
            Ok(Made::Audit(opened.announcement))
        }
    }
}

/// A receipt that was checked.
struct Checked {
    hash: BallotHash,
    receipt: Option<String>,
}

/// Casts or announces, and checks the receipt as the voter's device does.
async fn send(engine: &Engine, ballot_box: LedgerId, made: Made, keep: bool) -> Outcome<Option<Checked>> {
    match made {
        Made::Audit(announcement) => {
            engine.start_audit(ballot_box, announcement).await?;
            Ok(None)
        }
        Made::Ballot(ballot) => {
            let acknowledged = cast(engine, ballot_box, &ballot).await?;
            let receipt = engine.receipt(ballot_box, acknowledged.seq).await?;
            let text = receipt.to_text();
            check_receipt(engine, ballot_box, &text, &ballot.hash)?;
            Ok(Some(Checked {
                hash: ballot.hash,
                receipt: keep.then_some(text),
            }))
        }
    }
}

/// Sends the same bytes again while the service is busy.
async fn cast(
    engine: &Engine,
    ballot_box: LedgerId,
    ballot: &ReadyBallot,
) -> Result<Acknowledgement, SubmitError> {
    const ATTEMPTS: u32 = 50;
    let mut attempt = 0;
    loop {
        match engine.cast(ballot_box, ballot.cast.clone()).await {
            Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            other => return other,
        }
    }
}

/// The receipt, read back from its text, is signed, included, and for this very ballot.
fn check_receipt(engine: &Engine, ballot_box: LedgerId, text: &str, hash: &BallotHash) -> Outcome {
    let handle = engine
        .ledgers()
        .find(&ballot_box)
        .ok_or_else(|| Failure::internal("the box is gone"))?;
    let receipt = Receipt::parse(text, handle.identity())
        .map_err(|e| Failure::internal(format!("a receipt does not verify: {e}")))?;
    let body = receipt.entry().body();
    let event = Typed::parse(sijill_ledger::Kind::BallotBox, body.event_type, &body.payload)
        .map_err(Failure::internal)?;
    match event {
        Typed::BallotBox(BoxEvent::BallotCast(cast)) if BallotHash::of(&cast.ballot) == *hash => Ok(()),
        _ => Err(Failure::internal(
            "a receipt is for something else than the voter's ballot",
        )),
    }
}
