//! Where requests are found and what is said of them is committed to, signed and handed in.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sijill_engine::{Acknowledgement, Engine};
use sijill_ledger::{Committed, Kind, LedgerId};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::FoiState;
use sijill_registers::foi::events::FoiEvent;
use sijill_registers::foi::views::Day;
use sijill_registers::register::Rejection;
use sijill_rules::{english_both, parse_number, western_digits};

use super::arguments::{FoiCommand, KeyArg, Paper, request_of};
use crate::commands::Common;
use crate::commands::calendar::calendar;
use crate::error::{Failure, Outcome};
use crate::render::{escape, say, show};
use crate::site::{OpenSite, Site};
use crate::taken;

/// An open installation, and who works at it.
pub(super) struct Desk<'a> {
    pub(super) common: &'a Common,
    pub(super) site: Site,
    pub(super) open: OpenSite,
}

impl Desk<'_> {
    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.open.engine
    }

    /// A register by its id.
    pub(super) fn register(&self, id: &str) -> Outcome<(LedgerId, String)> {
        let (_, facts) = calendar(self.engine())?;
        let mut all = facts.registers.iter().map(|r| &r.listing);
        let foi = Kind::Foi.code();
        let found = all.find(|l| l.kind == foi && l.id.as_str() == id);
        found.map(|l| (l.ledger, l.name_en.clone())).ok_or_else(|| {
            Failure::refused(
                format!("there is no register {}", escape(id)),
                "`sijill calendar show` lists the registers",
            )
            .code("register.missing")
        })
    }

    pub(super) fn with_foi<T>(
        &self,
        ledger: LedgerId,
        look: impl FnOnce(&FoiState) -> Result<T, Rejection>,
    ) -> Outcome<T> {
        let gone = || {
            Failure::refused(
                format!("the register {ledger} cannot be read here"),
                "`sijill store check` says whether it is damaged",
            )
            .code("register.missing")
        };
        let handle = self.engine().ledgers().find(&ledger).ok_or_else(gone)?;
        let found = handle
            .with_head(|head| head.state.as_foi().map(look))
            .ok_or_else(gone)?;
        Ok(found?)
    }

    /// Register and number of a reference.
    pub(super) fn reference(&self, text: &str) -> Outcome<(LedgerId, u64)> {
        let western = western_digits(text.trim());
        let parts = western.rsplit_once('/');
        let parsed = parts.and_then(|(id, n)| Some((id, parse_number(n)?)));
        let (id, number) = parsed.ok_or_else(|| {
            Failure::usage(
                format!("{} is no reference of a request", escape(text)),
                "a reference is the register's id, a slash and a number, such as moph-2026/17",
            )
            .code("request.reference")
        })?;
        Ok((self.register(id)?.0, number))
    }

    /// Ledger and position of a request.
    pub(super) fn request(&self, text: &str) -> Outcome<(LedgerId, u64)> {
        let (ledger, number) = self.reference(text)?;
        let seq = self.with_foi(ledger, |foi| Ok(foi.numbered(number).map(|r| r.seq)))?;
        let seq = seq.ok_or_else(|| {
            Failure::refused(
                format!("there is no request {}", escape(text)),
                "`sijill foi board` lists what is open",
            )
            .code("request.missing")
        })?;
        Ok((ledger, seq))
    }

    /// Commits to a text that was given.
    pub(super) fn commit(&self, ledger: LedgerId, text: &str) -> Outcome<Committed> {
        sijill_rules::check_prose(text).map_err(|problem| {
            Failure::refused(
                format!("the text {problem}"),
                "write a text of 1 to 65536 bytes without control characters",
            )
            .code("opening.form")
        })?;
        Ok(self.engine().commit_content(&ledger, text.as_bytes())?)
    }

    /// Commits to a document.
    pub(super) fn commit_bytes(&self, ledger: LedgerId, path: &Path) -> Outcome<Committed> {
        let (bytes, _) = taken::document(path)?;
        Ok(self.engine().commit_content(&ledger, &bytes)?)
    }

    /// Hands in what a requester causes: by the service, or with a letter by an officer.
    pub(super) async fn hand_in(
        &self,
        ledger: LedgerId,
        event: FoiEvent,
        paper: &Paper,
    ) -> Outcome<Acknowledgement> {
        let event = Event::Foi(event);
        Ok(match &paper.key {
            Some(key) => {
                let key = self.common.signing_key(key)?;
                self.engine().act(&key, ledger, &event, &[]).await?
            }
            None => self.engine().act_as_service(ledger, event, &[]).await?,
        })
    }

    pub(super) async fn sign(
        &self,
        ledger: LedgerId,
        event: FoiEvent,
        key: &KeyArg,
    ) -> Outcome<Acknowledgement> {
        let key = self.common.signing_key(&key.key)?;
        Ok(self.engine().act(&key, ledger, &Event::Foi(event), &[]).await?)
    }

    pub(super) async fn act(&self, command: &FoiCommand) -> Outcome {
        let (ledger, name) = match command {
            FoiCommand::Submit { register, .. }
            | FoiCommand::Rules { register, .. }
            | FoiCommand::Reply { register, .. } => (self.register(register)?.0, register.clone()),
            other => {
                let text = request_of(other).unwrap_or_default();
                (self.reference(text)?.0, text.to_owned())
            }
        };
        // Whatever the clock has brought about by now stands before this.
        self.engine().prepare(ledger).await?;
        let at = self.hand_over(command).await?;
        match command {
            FoiCommand::Submit { .. } => self.receipt(&name, &at),
            FoiCommand::Transfer { .. } => {
                self.engine().tick().await?;
                self.done(command, &name, &at)
            }
            _ => self.done(command, &name, &at),
        }
    }

    pub(super) fn done(&self, command: &FoiCommand, name: &str, at: &Acknowledgement) -> Outcome {
        let what = match command {
            FoiCommand::Consult { .. } => " Its entry is the number of the consultation.",
            _ => "",
        };
        say!("{}: stands at entry {}.{what}", escape(name), at.seq);
        show!(json!({ "request": name, "ledger": at.ledger, "seq": at.seq, "repeated": at.repeated }));
        Ok(())
    }

    /// What a requester is told at once.
    pub(super) fn receipt(&self, register: &str, at: &Acknowledgement) -> Outcome {
        let seq = at.seq.as_u64();
        let now_ms = self.engine().now().as_u64();
        let (case, number) = self.with_foi(at.ledger, |foi| {
            let number = foi.request(seq).map_or(0, |r| r.number);
            Ok((foi.case(number, now_ms, self.engine().ledgers())?, number))
        })?;
        say!("Reference {register}/{number}");
        if let Some(Day(due)) = case.line.due {
            say!("Received on {}.", english_both(case.received.0));
            say!("Due on {}.", english_both(due));
            say!("ورد الطلب يوم {}.", sijill_rules::arabic_both(case.received.0));
            say!("الموعد {}.", sijill_rules::arabic_both(due));
        }
        show!(json!({
            "reference": case.line.reference, "ledger": at.ledger, "seq": seq,
            "received": case.received, "due": case.line.due,
        }));
        Ok(())
    }
}
