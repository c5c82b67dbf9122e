//! `sijill foi`: requests for information, from their receipt to what is published of them.
//!
//! *Structure.* [`arguments`] says what can be asked for; [`desk`] finds registers and requests and hands events in;
//! [`letters`] keeps what belongs to a person;
//! [`register`] is the part of the commission, [`requester`] and [`officer`] the life of a request, [`reading`] what is read of one register,
//! [`boards`] what is read of many, [`reminders`] what officers are reminded of; [`redacting`] makes and checks renditions, without an
//! installation.

mod arguments;
mod boards;
mod desk;
mod letters;
mod officer;
mod reading;
mod redacting;
mod register;
mod reminders;
mod requester;

use serde_json::json;

pub(crate) use self::arguments::FoiCommand;
use self::desk::Desk;
use super::{Common, erasure};
use crate::error::Outcome;
use crate::render::{say, show};

/// Runs `sijill foi`.
pub(crate) async fn run(command: &FoiCommand, common: &Common) -> Outcome {
    // On the officer's own machine.
    match command {
        FoiCommand::Redact(args) => return redacting::redact_file(args),
        FoiCommand::Rendition(command) => return redacting::run(command),
        _ => {}
    }
    let site = common.site()?;
    let open = common.start(&site).await?;
    let desk = Desk { common, site, open };
    match command {
        FoiCommand::New { .. } => desk.new_register(command).await,
        FoiCommand::Board {
            register,
            format,
            icalendar,
        } => desk.board(register, *format, icalendar.as_deref()).await,
        FoiCommand::Case { request } => desk.case(request).await,
        FoiCommand::Log { register } => desk.log(register).await,
        FoiCommand::Worklist(args) => desk.worklist(args).await,
        FoiCommand::Disclosures {
            register,
            authority,
            page,
        } => {
            desk.disclosures(register.as_deref(), authority.as_deref(), page)
                .await
        }
        FoiCommand::Similar { text, most } => desk.similar(text, *most).await,
        FoiCommand::Reminders { sent } => desk.reminders(sent).await,
        FoiCommand::League {
            authorities: true, ..
        } => desk.league_of_authorities().await,
        FoiCommand::League { format, .. } => desk.league(*format).await,
        FoiCommand::Erase {
            register,
            commitments,
            basis,
            key,
        } => {
            let (ledger, _) = desk.register(register)?;
            let key = (key.key.as_path(), "foi");
            erasure::order(desk.engine(), common, (ledger, register), commitments, basis, key).await
        }
        FoiCommand::ConfirmErasure { register, order, key } => {
            let (ledger, _) = desk.register(register)?;
            erasure::confirm(desk.engine(), common, (ledger, register), order, &key.key).await
        }
        FoiCommand::DueDates { register } => {
            let (ledger, _) = desk.register(register)?;
            let at = desk.engine().publish_due_dates(ledger).await?;
            say!("The due dates of {register} stand at entry {}.", at.seq);
            show!(json!({ "register": register, "seq": at.seq }));
            Ok(())
        }
        other => desk.act(other).await,
    }
}
