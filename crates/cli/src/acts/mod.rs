//! What officials, voters and the service do to an event: the bodies, in the order that the state machines ask for.
//!
//! Each act looks at the ledgers first and does what is still missing, so a command that was interrupted is run again
//! and completes. Specs: specs/events.md, specs/election.md.

pub(crate) mod counting;
pub(crate) mod credentials;
pub(crate) mod definition;
pub(crate) mod outcome;
pub(crate) mod polling;
pub(crate) mod preparation;
pub(crate) mod publishing;
pub(crate) mod roll;
pub(crate) mod station;
pub(crate) mod voting;

use std::collections::VecDeque;
use std::sync::Arc;

use rayon::prelude::*;
use sijill_engine::ledgers::LedgerHandle;
use sijill_engine::{Acknowledgement, Engine, SubmitError};
use sijill_ledger::{Kind, LedgerId, SigningKey};
use sijill_registers::ballot_box::BoxFacts;
use sijill_registers::catalogue;
use sijill_registers::election::ElectionFacts;
use sijill_registers::manifest::Manifest;
use sijill_registers::names::Name;
use sijill_registers::register::Facts;
use sijill_registers::roll::RollFacts;
use tokio::task::JoinSet;

use crate::error::{Failure, Outcome, wrong_kind};
use crate::progress::Progress;

/// Bodies that are signed upon one view and submitted together.
pub(crate) const TOGETHER: usize = 1_024;

/// An event that is defined: its ledgers, and what they have established.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) engine: Arc<Engine>,
    pub(crate) election: LedgerId,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) roll: LedgerId,
    /// Boxes by district, ascending.
    pub(crate) boxes: Vec<(Name, LedgerId)>,
}

impl Event {
    /// Looks up a defined event.
    pub(crate) fn open(engine: Arc<Engine>, election: LedgerId) -> Outcome<Self> {
        if let Some(why) = engine.refused().get(&election) {
            return Err(why.into());
        }
        let not_here = || {
            Failure::refused(
                format!("ledger {election} is not the election ledger of a defined event of this folder"),
                "`sijill ledger list` shows the events that are here",
            )
            .code("event.missing")
        };
        let handle = engine.ledgers().find(&election).ok_or_else(not_here)?;
        let Facts::Election(facts) = handle.facts() else {
            return Err(not_here());
        };
        let manifest = facts.manifest.clone().ok_or_else(not_here)?;
        let defined = facts.defined.as_ref().ok_or_else(not_here)?;
        let roll = defined
            .ledgers
            .iter()
            .find(|l| l.kind == Kind::Roll.code())
            .ok_or_else(not_here)?
            .ledger;
        let mut boxes: Vec<_> = defined
            .ledgers
            .iter()
            .filter_map(|l| Some((l.district.clone()?, l.ledger)))
            .collect();
        boxes.sort();
        Ok(Self {
            engine,
            election,
            manifest,
            roll,
            boxes,
        })
    }

    pub(crate) fn handle(&self, ledger: &LedgerId) -> Outcome<Arc<LedgerHandle>> {
        if let Some(why) = self.engine.refused().get(ledger) {
            return Err(why.into());
        }
        self.engine
            .ledgers()
            .find(ledger)
            .ok_or_else(|| wrong_kind(ledger, "here"))
    }

    /// What the election ledger has established.
    pub(crate) fn election_facts(&self) -> Outcome<Arc<ElectionFacts>> {
        match self.handle(&self.election)?.facts() {
            Facts::Election(facts) => Ok(facts),
            _ => Err(wrong_kind(&self.election, "an election ledger")),
        }
    }

    /// What the roll has established.
    pub(crate) fn roll_facts(&self) -> Outcome<Arc<RollFacts>> {
        match self.handle(&self.roll)?.facts() {
            Facts::Roll(facts) => Ok(facts),
            _ => Err(wrong_kind(&self.roll, "a roll")),
        }
    }

    /// What a box has established.
    pub(crate) fn box_facts(&self, ballot_box: &LedgerId) -> Outcome<Arc<BoxFacts>> {
        match self.handle(ballot_box)?.facts() {
            Facts::BallotBox(facts) => Ok(facts),
            _ => Err(wrong_kind(ballot_box, "a ballot box")),
        }
    }

    /// The box of a district; of the only one if none is named.
    pub(crate) fn box_of(&self, district: Option<&Name>) -> Outcome<LedgerId> {
        let ids = || {
            self.boxes
                .iter()
                .map(|(d, _)| d.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        match district {
            None => match self.boxes.as_slice() {
                [(_, only)] => Ok(*only),
                _ => Err(Failure::usage(
                    "this event has several districts",
                    format!("name one with --district: {}", ids()),
                )
                .code("district.needed")),
            },
            Some(name) => self
                .boxes
                .iter()
                .find(|(d, _)| d == name)
                .map(|(_, id)| *id)
                .ok_or_else(|| {
                    Failure::refused(
                        format!("this event has no district `{name}`"),
                        format!("its districts: {}", ids()),
                    )
                    .code("district.unknown")
                }),
        }
    }

    /// Signs and submits.
    pub(crate) async fn act(
        &self,
        key: &SigningKey,
        ledger: LedgerId,
        event: impl Into<catalogue::Event>,
        cites: &[LedgerId],
    ) -> Outcome<Acknowledgement> {
        Ok(self.engine.act(key, ledger, &event.into(), cites).await?)
    }

    /// Signs and submits many events that do not depend on each other. If one is refused, others of the same group may
    /// be recorded.
    pub(crate) async fn act_on_all(
        &self,
        key: &SigningKey,
        ledger: LedgerId,
        what: &str,
        events: Vec<catalogue::Event>,
    ) -> Outcome {
        let progress = Progress::new(what, events.len() as u64);
        let mut pipeline = Pipeline::new(self, key, ledger);
        for group in events.chunks(TOGETHER) {
            pipeline.push(group).await?;
            progress.add(group.len() as u64);
        }
        pipeline.finish().await?;
        progress.finish();
        Ok(())
    }
}

/// Events on their way to one ledger, in groups. While one group is being made durable the next is being checked, and the
/// one behind it is being signed.
pub(crate) struct Pipeline<'e> {
    event: &'e Event,
    key: &'e SigningKey,
    ledger: LedgerId,
    /// Groups that were sent off, oldest first; at most [`UNDER_WAY`].
    waiting: VecDeque<JoinSet<Result<Acknowledgement, SubmitError>>>,
}

/// Groups under way at a time. With [`TOGETHER`] within the length of a sequencer's queue.
const UNDER_WAY: usize = 2;

impl<'e> Pipeline<'e> {
    pub(crate) fn new(event: &'e Event, key: &'e SigningKey, ledger: LedgerId) -> Self {
        Self {
            event,
            key,
            ledger,
            waiting: VecDeque::new(),
        }
    }

    /// Signs a group of at most twice [`TOGETHER`] events that depend neither on each other nor on the group before, and
    /// sends it off once the second group before it stands on the ledger: on that one it may depend.
    ///
    /// # Errors
    /// Of an earlier group. If one of its events is refused, others of it, and of the group behind it, may be recorded.
    pub(crate) async fn push(&mut self, group: &[catalogue::Event]) -> Outcome {
        let engine = &self.event.engine;
        let bodies = group
            .par_iter()
            .map(|event| engine.sign_as(self.key, self.ledger, event, &[]))
            .collect::<Result<Vec<_>, _>>()?;
        self.wait_for_all_but(UNDER_WAY - 1).await?;
        let mut sent = JoinSet::new();
        for body in bodies {
            let engine = Arc::clone(engine);
            sent.spawn(async move { engine.submit_signed(&body).await });
        }
        self.waiting.push_back(sent);
        Ok(())
    }

    /// Waits until everything that was sent off stands on the ledger.
    ///
    /// # Errors
    /// As [`Pipeline::push`].
    pub(crate) async fn finish(&mut self) -> Outcome {
        self.wait_for_all_but(0).await
    }

    async fn wait_for_all_but(&mut self, groups: usize) -> Outcome {
        let mut refused = None;
        while self.waiting.len() > groups && refused.is_none() {
            let Some(mut oldest) = self.waiting.pop_front() else {
                break;
            };
            while let Some(done) = oldest.join_next().await {
                if let Err(error) = done.map_err(Failure::internal)? {
                    refused = Some(error);
                }
            }
        }
        let Some(error) = refused else {
            return Ok(());
        };
        // What is under way is not abandoned in the middle.
        for mut group in self.waiting.drain(..) {
            while group.join_next().await.is_some() {}
        }
        Err(error.into())
    }
}
