//! The door: everything that can be checked without a ledger's state, on all cores, before the queue.
//!
//! Parsing, the author's signature, the payload, the whole check of a ballot, the refs. The time of receipt is taken
//! first. A close takes the door for itself: it waits until everything received before it is in the queue.

use std::sync::Arc;

use sijill_ledger::{Body, BodyError, LedgerId, Signature, SignedBody, UnverifiedBody};
use sijill_registers::ballot_box::events::{AuditStarted, BallotCast, BoxEvent};
use sijill_registers::ballot_box::{BoxRejection, Phase, check_ballot};
use sijill_registers::calendar::events::RegisterEvent;
use sijill_registers::catalogue::{Event, types};
use sijill_registers::register::{Evidence, Facts, LookUp, Rejection, citing_nonce};
use sijill_registers::station::events::StationEvent;
use tokio::sync::{mpsc, oneshot};

use crate::engine::Engine;
use crate::ledgers::LedgerHandle;
use crate::look_up::LookedUp;
use crate::sequencer::Job;
use crate::submit::{Acknowledgement, SubmitError};

impl Engine {
    /// Takes a signed body from outside.
    ///
    /// # Errors
    /// [`SubmitError`]; [`SubmitError::is_transient`] says whether to send the same bytes again.
    ///
    /// # Durability
    /// An acknowledged event is on stable storage and covered by a checkpoint that is recorded outside the data folder.
    pub async fn submit(&self, body: Vec<u8>, signature: Signature) -> Result<Acknowledgement, SubmitError> {
        self.submit_with(body, signature, None).await
    }

    /// Takes a signed paper whose ref is to a box that this service does not keep, and that was looked up elsewhere.
    pub(crate) async fn submit_looked_up(
        &self,
        body: &SignedBody,
        looked_up: LookedUp,
    ) -> Result<Acknowledgement, SubmitError> {
        self.submit_with(body.bytes().to_vec(), *body.signature(), Some(looked_up))
            .await
    }

    async fn submit_with(
        &self,
        body: Vec<u8>,
        signature: Signature,
        looked_up: Option<LookedUp>,
    ) -> Result<Acknowledgement, SubmitError> {
        let unverified = UnverifiedBody::parse(&body, signature)?;
        let handle = self.ledger_handle(&unverified.body().ledger)?;
        let event_type = unverified.body().event_type.as_u16();
        let ledger = handle.ledger();
        let exclusive = event_type == types::BOX_CLOSED;
        let acknowledged = self
            .admit(handle, exclusive, looked_up, move || unverified.verify())
            .await?;
        if event_type == types::ERASURE_CONFIRMED {
            self.destroy_erased_of(&ledger);
        }
        Ok(acknowledged)
    }

    /// Takes a body that is signed already, as [`Engine::submit`] does.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn submit_signed(&self, body: &SignedBody) -> Result<Acknowledgement, SubmitError> {
        self.submit(body.bytes().to_vec(), *body.signature()).await
    }

    /// Casts a ballot: the service authors the event, the voter's signature is inside the ballot.
    ///
    /// # Errors
    /// As [`Engine::submit`]. The same ballot sent again is answered with its own place.
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn cast(
        &self,
        ballot_box: LedgerId,
        ballot: BallotCast,
    ) -> Result<Acknowledgement, SubmitError> {
        self.submit_service(
            ballot_box,
            Event::BallotBox(BoxEvent::BallotCast(ballot)),
            Vec::new(),
        )
        .await
    }

    /// Announces that a ballot will be opened instead of cast.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn start_audit(
        &self,
        ballot_box: LedgerId,
        audit: AuditStarted,
    ) -> Result<Acknowledgement, SubmitError> {
        self.submit_service(
            ballot_box,
            Event::BallotBox(BoxEvent::AuditStarted(audit)),
            Vec::new(),
        )
        .await
    }

    /// Records an event that the service authors, citing other ledgers as they stand.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub(crate) async fn submit_service(
        &self,
        ledger: LedgerId,
        event: Event,
        refs: Vec<sijill_ledger::Ref>,
    ) -> Result<Acknowledgement, SubmitError> {
        let handle = self.ledger_handle(&ledger)?;
        let genesis = handle.with_head(|head| head.chain.genesis().clone());
        let shared = Arc::clone(&self.shared);
        // Everything received before the end of a day is sequenced before it is closed.
        let exclusive = matches!(event, Event::Register(RegisterEvent::DayClosed(_)));
        let make = move || {
            let payload = event.payload();
            let nonce = citing_nonce(&event, &payload, &refs);
            let mut body = Body::by_service(&genesis, event.wire_type(), nonce, payload);
            body.refs = refs;
            body.sign(&shared.service_key)
        };
        self.admit(handle, exclusive, None, make).await
    }

    async fn admit(
        &self,
        handle: Arc<LedgerHandle>,
        exclusive: bool,
        looked_up: Option<LookedUp>,
        make: impl FnOnce() -> Result<SignedBody, BodyError> + Send + 'static,
    ) -> Result<Acknowledgement, SubmitError> {
        let receiver = if exclusive {
            let _alone = handle.receiving.write().await;
            self.check_and_queue(&handle, looked_up, make).await?
        } else {
            let _among_others = handle.receiving.read().await;
            self.check_and_queue(&handle, looked_up, make).await?
        };
        let stopped = || SubmitError::OutcomeUnknown("the service is stopping".to_owned());
        receiver.await.map_err(|_| stopped())?
    }

    async fn check_and_queue(
        &self,
        handle: &Arc<LedgerHandle>,
        looked_up: Option<LookedUp>,
        make: impl FnOnce() -> Result<SignedBody, BodyError> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<Acknowledgement, SubmitError>>, SubmitError> {
        let received_ms = self.shared.clock.now();
        // Taken before the work, so that a full queue costs no cryptography.
        let place = match handle.queue.try_reserve() {
            Ok(place) => place,
            Err(mpsc::error::TrySendError::Full(())) => return Err(SubmitError::Busy),
            Err(mpsc::error::TrySendError::Closed(())) => {
                return Err(SubmitError::ReadOnly("its sequencer has stopped".to_owned()));
            }
        };
        let checked = {
            let handle = Arc::clone(handle);
            on_all_cores(move || check(&handle, make()?)).await?
        };
        self.check_refs(checked.0.body(), looked_up)?;
        let evidence = match (&checked.1, checked.2) {
            (Event::Station(StationEvent::PaperIssued(_)), Evidence::None) => {
                match (looked_up, checked.0.body().refs.as_slice()) {
                    // The box is elsewhere, and nothing beyond the look-up is known of it here.
                    (Some(_), _) => Evidence::LookUp(LookUp {
                        next_sequenced_ms: None,
                    }),
                    (None, [cited]) => self.look_up_evidence(cited).await,
                    (None, _) => Evidence::None,
                }
            }
            (Event::BallotBox(BoxEvent::SealOrdered), Evidence::None) => self.seal_evidence(handle).await?,
            (_, evidence) => evidence,
        };
        let (reply, receiver) = oneshot::channel();
        place.send(Job {
            body: checked.0,
            event: checked.1,
            evidence,
            received_ms,
            reply,
        });
        Ok(receiver)
    }

    /// Each ref must be a durable state of a ledger of this service, or the one that was looked up. Spec: specs/ledger.md §4.3.
    fn check_refs(&self, body: &Body, looked_up: Option<LookedUp>) -> Result<(), SubmitError> {
        for cited in &body.refs {
            if looked_up.is_some_and(|l| l.cited == *cited) {
                continue;
            }
            let root = self
                .shared
                .ledgers
                .find(&cited.ledger)
                .and_then(|h| h.durable_root(cited.size));
            if root != Some(cited.root) {
                return Err(SubmitError::Refs(cited.ledger));
            }
        }
        Ok(())
    }

    /// The encrypted tally of a closed box. Nothing but role events can change the box meanwhile; the size tells.
    async fn seal_evidence(&self, handle: &Arc<LedgerHandle>) -> Result<Evidence, SubmitError> {
        let Facts::BallotBox(facts) = handle.facts() else {
            return Ok(Evidence::None);
        };
        if facts.phase != Phase::Excluded {
            return Ok(Evidence::None);
        }
        self.compute_tally(handle).await.map(Evidence::Tally)
    }
}

/// Signature, payload and, for ballots, the whole check of the suite.
fn check(handle: &LedgerHandle, body: SignedBody) -> Result<(SignedBody, Event, Evidence), SubmitError> {
    let kind = handle.with_head(|head| head.state.kind());
    let event = Event::parse(kind, body.body().event_type, &body.body().payload).map_err(Rejection::from)?;
    let evidence = match (&event, handle.facts()) {
        (Event::BallotBox(BoxEvent::BallotCast(cast)), Facts::BallotBox(facts)) => match &facts.prepared {
            Some(setup) => {
                let checked = check_ballot(&setup.election, cast)
                    .map_err(|problem| Rejection::from(BoxRejection::Ballot(problem)))?;
                Evidence::Ballot(checked)
            }
            None => Evidence::None,
        },
        _ => Evidence::None,
    };
    Ok((body, event, evidence))
}

/// Runs work on the pool that has one thread for each core.
pub(crate) async fn on_all_cores<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SubmitError> + Send + 'static,
) -> Result<T, SubmitError> {
    let (done, result) = oneshot::channel();
    rayon::spawn(move || {
        let _ = done.send(work());
    });
    result
        .await
        .map_err(|_| SubmitError::Unavailable("a check was abandoned".to_owned()))?
}
