//! Bodies that officials sign: built upon what the ledger shows now, signed with the official's own key.

use rand::Rng as _;
use sijill_ledger::{Body, BodyError, LedgerId, Nonce, Ref, SignedBody, SigningKey};
use sijill_registers::catalogue::Event;

use crate::engine::Engine;
use crate::submit::{Acknowledgement, SubmitError};

impl Engine {
    /// Builds and signs a body upon the latest durable state of a ledger, citing other ledgers as they stand.
    ///
    /// In a deployment this happens on the official's own machine, with a view fetched and verified there; the engine
    /// offers it for commands that run beside it.
    ///
    /// # Errors
    /// [`SubmitError::Unknown`] if this service does not keep one of the ledgers, [`SubmitError::Body`] if the payload
    /// is too large.
    pub fn sign_as(
        &self,
        author: &SigningKey,
        ledger: LedgerId,
        event: &Event,
        cites: &[LedgerId],
    ) -> Result<SignedBody, SubmitError> {
        let refs: Vec<Ref> = cites
            .iter()
            .map(|cited| Ok(self.ledger_handle(cited)?.cite()))
            .collect::<Result<_, SubmitError>>()?;
        self.sign_with_refs(author, ledger, event, refs)
    }

    /// As [`Engine::sign_as`], with refs that the caller has: also to ledgers that this service does not keep.
    pub(crate) fn sign_with_refs(
        &self,
        author: &SigningKey,
        ledger: LedgerId,
        event: &Event,
        mut refs: Vec<Ref>,
    ) -> Result<SignedBody, SubmitError> {
        let own = self.ledger_handle(&ledger)?.cite();
        refs.sort_by_key(|r| r.ledger);
        let mut nonce = [0; 16];
        rand::rng().fill_bytes(&mut nonce);
        let body = Body {
            ledger,
            event_type: event.wire_type(),
            author: author.key_id(),
            author_time_ms: self.now(),
            nonce: Nonce::from_bytes(nonce),
            seen: Some(sijill_ledger::Seen {
                size: own.size,
                root: own.root,
            }),
            refs,
            payload: event.payload(),
        };
        body.sign(author).map_err(BodyError::into)
    }

    /// Signs as [`Engine::sign_as`] and submits.
    ///
    /// # Errors
    /// [`SubmitError`].
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn act(
        &self,
        author: &SigningKey,
        ledger: LedgerId,
        event: &Event,
        cites: &[LedgerId],
    ) -> Result<Acknowledgement, SubmitError> {
        let body = self.sign_as(author, ledger, event, cites)?;
        self.submit_signed(&body).await
    }

    /// Records an event that the service authors, citing other ledgers as they stand.
    ///
    /// # Errors
    /// [`SubmitError`].
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn act_as_service(
        &self,
        ledger: LedgerId,
        event: Event,
        cites: &[LedgerId],
    ) -> Result<Acknowledgement, SubmitError> {
        let mut refs: Vec<Ref> = cites
            .iter()
            .map(|cited| Ok(self.ledger_handle(cited)?.cite()))
            .collect::<Result<_, SubmitError>>()?;
        refs.sort_by_key(|r| r.ledger);
        self.submit_service(ledger, event, refs).await
    }
}
