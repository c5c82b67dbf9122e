//! Following a ledger.
//!
//! A task of its own pulls from the server and stops when its small queue is full, which stops the server through the
//! connection's flow control. The subscriber may give up waiting at any time and loses nothing.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use kurrentdb::{Error, RecordedEvent};
use sijill_ledger::{LedgerId, Seq};
use sijill_store::{EntrySource, Page, ReadError};
use tokio::sync::{mpsc, watch};

use crate::event::decode;
use crate::server::{AbortOnDrop, Patience, trouble_of};
use crate::store::Inner;

/// Events that wait for the subscriber.
const QUEUE: usize = 256;

pub(crate) struct Source {
    ledger: LedgerId,
    store: Weak<Inner>,
    closed: watch::Receiver<bool>,
    pump: Option<Pump>,
}

struct Pump {
    /// The revision that comes next.
    next: Seq,
    events: mpsc::Receiver<Result<RecordedEvent, Error>>,
    _task: AbortOnDrop<()>,
}

fn closed() -> ReadError {
    ReadError::Unavailable {
        reason: "the store was closed".into(),
    }
}

impl Source {
    pub(crate) fn new(ledger: LedgerId, store: &Arc<Inner>, closed: watch::Receiver<bool>) -> Self {
        Self {
            ledger,
            store: Arc::downgrade(store),
            closed,
            pump: None,
        }
    }

    fn start(&self, store: &Inner, from: Seq) -> Pump {
        let (sender, events) = mpsc::channel(QUEUE);
        let subscribe = store
            .server
            .follow(&store.server.options.stream_of(self.ledger), from.as_u64());
        let task = tokio::spawn(async move {
            let mut subscription = subscribe.await;
            loop {
                let next = match subscription.next().await {
                    Ok(event) => match event.event.filter(|_| event.link.is_none()) {
                        Some(event) => Ok(event),
                        None => Err(Error::InternalClientError),
                    },
                    Err(error) => Err(error),
                };
                let ended = next.is_err();
                if sender.send(next).await.is_err() || ended {
                    return;
                }
            }
        });
        Pump {
            next: from,
            events,
            _task: AbortOnDrop(task),
        }
    }
}

#[async_trait]
impl EntrySource for Source {
    async fn page_from(&mut self, from: Seq) -> Result<Page, ReadError> {
        let mut patience = None;
        loop {
            if *self.closed.borrow() {
                return Err(closed());
            }
            if self.pump.as_ref().is_none_or(|pump| pump.next != from) {
                let store = self.store.upgrade().ok_or_else(closed)?;
                self.pump = Some(self.start(&store, from));
            }
            let Some(pump) = &mut self.pump else { continue };
            let first = tokio::select! {
                event = pump.events.recv() => event,
                _ = self.closed.wait_for(|closed| *closed) => return Err(closed()),
            };
            let store = self.store.upgrade().ok_or_else(closed)?;
            let event = match first {
                Some(Ok(event)) => event,
                // The task died, or the server ended the subscription.
                ended => {
                    self.pump = None;
                    let error = match ended {
                        Some(Err(error)) => error,
                        _ => Error::InternalClientError,
                    };
                    store.server.lost(&error);
                    let trouble = trouble_of(error);
                    let patience =
                        patience.get_or_insert_with(|| Patience::new(store.server.options.patience));
                    if trouble.may_pass() && patience.pause().await {
                        continue;
                    }
                    return Err(store.read_trouble(self.ledger, trouble));
                }
            };
            let mut entries = Vec::new();
            let mut next = Some(event);
            while let Some(event) = next.take() {
                match decode(self.ledger, pump.next, event) {
                    Ok(entry) => {
                        entries.push(entry);
                        pump.next = pump.next.next();
                    }
                    // Reported by the next call, which begins there.
                    Err(_) if !entries.is_empty() => {
                        self.pump = None;
                        break;
                    }
                    Err(error) => {
                        self.pump = None;
                        return Err(store.noted(error));
                    }
                }
                // An error in the queue is met by the next call, or the pump is made again.
                if entries.len() < QUEUE {
                    match pump.events.try_recv() {
                        Ok(Ok(event)) => next = Some(event),
                        Ok(Err(_)) => {
                            self.pump = None;
                            break;
                        }
                        Err(_) => {}
                    }
                }
            }
            let next = Seq::new(from.as_u64().saturating_add(entries.len() as u64));
            return Ok(Page { entries, next });
        }
    }
}
