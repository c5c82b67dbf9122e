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
pub(crate) const TOGETHER: usize = 2_048;

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

/// Events on their way to one ledger, a group at a time: while one is being checked and written, the next is signed.
pub(crate) struct Pipeline<'e> {
    event: &'e Event,
    key: &'e SigningKey,
    ledger: LedgerId,
    waiting: JoinSet<Result<Acknowledgement, SubmitError>>,
}

impl<'e> Pipeline<'e> {
    pub(crate) fn new(event: &'e Event, key: &'e SigningKey, ledger: LedgerId) -> Self {
        Self {
            event,
            key,
            ledger,
            waiting: JoinSet::new(),
        }
    }

    /// Signs a group of at most twice [`TOGETHER`] that do not depend on each other, and sends it off once the group
    /// before it stands on the ledger: so a group may depend on the one before.
    ///
    /// # Errors
    /// Of the group before. If one of its events is refused, others of it may be recorded.
    pub(crate) async fn push(&mut self, group: &[catalogue::Event]) -> Outcome {
        let engine = &self.event.engine;
        let bodies = group
            .par_iter()
            .map(|event| engine.sign_as(self.key, self.ledger, event, &[]))
            .collect::<Result<Vec<_>, _>>()?;
        self.finish().await?;
        for body in bodies {
            let engine = Arc::clone(engine);
            self.waiting
                .spawn(async move { engine.submit_signed(&body).await });
        }
        Ok(())
    }

    /// Waits until everything that was sent off stands on the ledger.
    ///
    /// # Errors
    /// As [`Pipeline::push`].
    pub(crate) async fn finish(&mut self) -> Outcome {
        let mut refused = None;
        while let Some(done) = self.waiting.join_next().await {
            if let Err(error) = done.map_err(Failure::internal)? {
                refused = Some(error);
            }
        }
        refused.map_or(Ok(()), |error| Err(error.into()))
    }
}
