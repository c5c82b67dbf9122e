//! What a person has contributed to every register and what was written to them: a reading of the ledgers.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use sijill_ledger::{Committed, KeyId, Kind, LedgerId, Seq};
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::events::{ConsultationEvent, Person};
use sijill_registers::foi::events::FoiEvent;

use super::{Persons, PersonsError, Record};
use crate::engine::{Engine, EngineError};
use crate::ledgers::LedgerHandle;
use crate::views::read_event;

/// Entries read at a time.
const PAGE: usize = 4_096;

/// A content that a person has contributed, or that was written to them or about them, as a register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The register.
    pub ledger: LedgerId,
    /// Consultation or freedom of information.
    pub kind: Kind,
    /// Position of the event.
    pub seq: u64,
    /// When the service received it, in milliseconds.
    pub received_ms: u64,
    /// Name of the event type.
    pub event: &'static str,
    /// The field.
    pub field: &'static str,
    /// The commitment.
    pub committed: Committed,
    /// Whether the field is one that everybody may read.
    pub open: bool,
    /// Whether it was erased.
    pub erased: bool,
}

/// What a person is on a consultation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    /// The consultation.
    pub ledger: LedgerId,
    /// Their name there.
    pub person: Person,
    /// Number under which others see them.
    pub number: u64,
    /// 1 citizen, 2 resident, 3 visitor.
    pub category: u8,
    /// Whether the service verified who they are.
    pub verified: bool,
    /// The key that they sign with.
    pub key: Option<KeyId>,
    /// Positions of their comments.
    pub comments: Vec<u64>,
    /// Positions of their responses.
    pub responses: Vec<u64>,
}

impl Engine {
    pub(super) fn register_handle(&self, register: LedgerId) -> Result<Arc<LedgerHandle>, EngineError> {
        let missing = || EngineError::Missing(format!("this service keeps no ledger {register}"));
        self.ledgers().find(&register).ok_or_else(missing)
    }

    pub(super) async fn foi_event(
        &self,
        ledger: LedgerId,
        seq: u64,
    ) -> Result<Option<FoiEvent>, PersonsError> {
        let page = self.read(ledger, Seq::new(seq), 1).await?;
        let handle = self.register_handle(ledger)?;
        let kind = handle.with_head(|head| head.state.kind());
        let Some(bytes) = page.first() else {
            return Ok(None);
        };
        let read = read_event(kind, bytes).map_err(EngineError::Internal)?;
        Ok(read.and_then(|(_, event)| match event {
            Event::Foi(event) => Some(event),
            _ => None,
        }))
    }

    /// Every event of a register, with its position and when it was received.
    pub(super) async fn each_event(
        &self,
        handle: &Arc<LedgerHandle>,
        mut visit: impl FnMut(u64, u64, &Event),
    ) -> Result<(), PersonsError> {
        let ledger = handle.ledger();
        let kind = handle.with_head(|head| head.state.kind());
        let size = handle.durable_size();
        let mut at = 0;
        while at < size {
            let page = self.read(ledger, Seq::new(at), PAGE).await?;
            if page.is_empty() {
                break;
            }
            let events: Vec<_> = page.par_iter().map(|bytes| read_event(kind, bytes)).collect();
            for event in events {
                if let Some((entry, event)) = event.map_err(EngineError::Internal)? {
                    visit(at, entry.received_ms().as_u64(), &event);
                }
                at += 1;
            }
        }
        Ok(())
    }

    /// What a person has contributed to every register of the jurisdiction, what was written to them, and what they are
    /// on consultations. In the order of ledgers and positions.
    pub(super) async fn traces(
        &self,
        persons: &Persons,
        identifier: Option<&str>,
        record: Option<&Record>,
    ) -> Result<(Vec<Trace>, Vec<Taking>), PersonsError> {
        let mut all = Vec::new();
        let mut takes_part = Vec::new();
        for handle in self.ledgers().all() {
            let ledger = handle.ledger();
            let (kind, parent) =
                handle.with_head(|head| (head.state.kind(), head.state.days().map(|days| days.parent())));
            if parent != Some(persons.calendar) {
                continue;
            }
            let mut traces = Vec::new();
            match kind {
                Kind::Foi => {
                    let own: BTreeSet<[u8; 32]> = record
                        .iter()
                        .flat_map(|record| &record.letters)
                        .filter(|letter| letter.ledger == *ledger.as_bytes())
                        .map(|letter| letter.commitment)
                        .collect();
                    if own.is_empty() {
                        continue;
                    }
                    self.each_event(&handle, |seq, received_ms, event| {
                        let found = traces_of(&handle, seq, received_ms, event);
                        traces.extend(
                            found
                                .into_iter()
                                .filter(|t| own.contains(&t.committed.commitment)),
                        );
                    })
                    .await?;
                }
                Kind::Consultation => {
                    let Some(identifier) = identifier else { continue };
                    let person = persons.person(&ledger, identifier);
                    let taking = handle.with_head(|head| {
                        let state = head.state.as_consultation()?.state();
                        let known = state.person(&person)?;
                        Some(Taking {
                            ledger,
                            person,
                            number: known.number,
                            category: known.category,
                            verified: known.verified,
                            key: known.key,
                            comments: known.comments.clone(),
                            responses: known.responses.clone(),
                        })
                    });
                    let Some(taking) = taking else { continue };
                    self.each_event(&handle, |seq, received_ms, event| {
                        if concerns(event, seq, &taking) {
                            traces.extend(traces_of(&handle, seq, received_ms, event));
                        }
                    })
                    .await?;
                    takes_part.push(taking);
                }
                _ => continue,
            }
            mark_erased(&handle, &mut traces);
            all.extend(traces);
        }
        all.sort_by_key(|trace| (trace.ledger, trace.seq));
        Ok((all, takes_part))
    }
}

/// Whether an event of a consultation is about what a person has said or was told.
pub(super) fn concerns(event: &Event, seq: u64, taking: &Taking) -> bool {
    let Event::Consultation(event) = event else {
        return false;
    };
    let on_own = |comment: &u64| taking.comments.binary_search(comment).is_ok();
    match event {
        ConsultationEvent::CommentHidden(e) => on_own(&e.comment),
        ConsultationEvent::AppealFiled(e) => on_own(&e.comment),
        ConsultationEvent::AppealDecided(e) => on_own(&e.comment),
        other => {
            on_own(&seq)
                || taking.responses.binary_search(&seq).is_ok()
                || other.attested_for() == Some(taking.person)
        }
    }
}

/// The contents of an event, by the names of its fields.
pub(super) fn traces_of(handle: &LedgerHandle, seq: u64, received_ms: u64, event: &Event) -> Vec<Trace> {
    let (kind, name, labels): (Kind, &'static str, &[&'static str]) = match event {
        Event::Foi(e) => {
            let labels: &[&'static str] = match e {
                FoiEvent::RequestSubmitted(_) => &["requester", "text", "scan"],
                FoiEvent::RequestAdmitted(_) => &["summary"],
                FoiEvent::RequestRoutedOut(_) => &["explanation"],
                FoiEvent::RequestTransferred(_) | FoiEvent::DeadlineExtended(_) => &["reason"],
                FoiEvent::ClarificationAsked(_) => &["question"],
                FoiEvent::ClarificationGiven(_) => &["answer", "scan"],
                FoiEvent::ThirdPartyConsulted(_) => &["party", "notice"],
                FoiEvent::ThirdPartyReplied(_) => &["reply"],
                FoiEvent::RequestWithdrawn(_) => &["scan"],
                FoiEvent::GrievanceFiled(_) => &["statement", "scan"],
                _ => &[],
            };
            (Kind::Foi, e.name(), labels)
        }
        Event::Consultation(e) => {
            let labels: &[&'static str] = match e {
                ConsultationEvent::CommentMade(_) | ConsultationEvent::CommentAttested(_) => {
                    &["text", "record"]
                }
                ConsultationEvent::CommentHidden(_) | ConsultationEvent::AppealDecided(_) => &["note"],
                ConsultationEvent::AppealFiled(_) | ConsultationEvent::AppealAttested(_) => &["statement"],
                ConsultationEvent::ResponseGiven(_) | ConsultationEvent::ResponseAttested(_) => {
                    &["answers", "record"]
                }
                _ => &[],
            };
            (Kind::Consultation, e.name(), labels)
        }
        _ => return Vec::new(),
    };
    let fields = event.fields().into_iter().enumerate();
    fields
        .map(|(at, field)| Trace {
            ledger: handle.ledger(),
            kind,
            seq,
            received_ms,
            event: name,
            field: labels.get(at).copied().unwrap_or("content"),
            committed: field.committed,
            open: field.open,
            erased: false,
        })
        .collect()
}

pub(super) fn mark_erased(handle: &LedgerHandle, traces: &mut [Trace]) {
    handle.with_head(|head| {
        if let Some(days) = head.state.days() {
            for trace in traces {
                trace.erased = days.is_erased(&trace.committed.commitment);
            }
        }
    });
}
