//! `sijill consultation`: a consultation from its definition to its archive.
//!
//! *Structure.* [`arguments`] says what can be asked for; [`desk`] finds consultations and hands events in; [`document`]
//! reads versions of a document as people write them; [`owner`], [`participant`] and [`moderation`] are what each of
//! them does, [`reading`] what is read, [`citizen`] how a citizen is refused.
//!
//! Spec: specs/consultation.md.

mod arguments;
mod citizen;
mod desk;
mod document;
mod moderation;
mod open_data;
mod owner;
mod participant;
mod reading;

pub(crate) use self::arguments::ConsultationCommand;
use self::desk::Desk;
use super::{Common, erasure};
use crate::error::Outcome;

/// Runs `sijill consultation`.
pub(crate) async fn run(command: &ConsultationCommand, common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let desk = Desk { common, site, open };
    let id = match command {
        ConsultationCommand::New(args) => return desk.new_consultation(args).await,
        ConsultationCommand::List => return desk.list(),
        other => consultation_of(other),
    };
    let ledger = desk.consultation(id)?;
    if !is_reading(command) {
        // Whatever the clock has brought about by now stands before this.
        desk.engine().prepare(ledger).await?;
    }
    act(&desk, command, id, ledger).await
}

/// Writes the open data of a consultation into a new folder.
pub(crate) async fn export(common: &Common, id: &str, out: &std::path::Path) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let desk = Desk { common, site, open };
    let ledger = desk.consultation(id)?;
    desk.export(id, ledger, out)
}

async fn act(
    desk: &Desk<'_>,
    command: &ConsultationCommand,
    id: &str,
    ledger: sijill_ledger::LedgerId,
) -> Outcome {
    use ConsultationCommand as C;
    match command {
        C::New(args) => desk.new_consultation(args).await,
        C::List => desk.list(),
        C::Define { file, key, .. } => desk.define(id, ledger, file, key).await,
        C::Settings(args) => desk.settings(ledger, args).await,
        C::Publish { file, key, .. } => desk.publish(id, ledger, file, key).await,
        C::Enrol(args) => desk.enrol(ledger, args).await,
        C::Change(args) => desk.change(ledger, args).await,
        C::Comment(args) => desk.say_something(ledger, args).await,
        C::Withdraw { comment, voice, .. } => desk.withdraw(id, ledger, comment, voice).await,
        C::Appeal {
            comment,
            statement,
            voice,
            ..
        } => desk.appeal(id, ledger, comment, statement, voice).await,
        C::Respond {
            answers,
            record,
            voice,
            ..
        } => desk.respond(id, ledger, answers, record.as_deref(), voice).await,
        C::Hide {
            comment,
            reason,
            note,
            key,
            ..
        } => {
            desk.hide(id, ledger, comment, (*reason, note.as_deref()), key)
                .await
        }
        C::Restore { comment, key, .. } => desk.restore(id, ledger, comment, key).await,
        C::Decide {
            comment,
            decision,
            note,
            key,
            ..
        } => {
            desk.decide(id, ledger, comment, (*decision, note.as_deref()), key)
                .await
        }
        C::Answer { to, text, key, .. } => desk.answer(id, ledger, to, text, key).await,
        C::Theme {
            theme, names, key, ..
        } => desk.theme(id, ledger, theme, names, key).await,
        C::Assign {
            theme,
            add,
            remove,
            key,
            ..
        } => desk.assign(id, ledger, theme, (add, remove), key).await,
        C::Report { file, key, .. } => desk.report(id, ledger, file, key).await,
        C::Archive { key, .. } => desk.archive(id, ledger, key).await,
        C::Erase {
            commitments,
            basis,
            key,
            ..
        } => {
            let key = (key.key.as_path(), "consultation");
            erasure::order(desk.engine(), desk.common, (ledger, id), commitments, basis, key).await
        }
        C::ConfirmErasure { order, key, .. } => {
            erasure::confirm(desk.engine(), desk.common, (ledger, id), order, &key.key).await
        }
        C::ModerationLog { .. } => desk.moderation_log(id, ledger).await,
        C::Show { view, .. } => desk.show(id, ledger, *view),
        C::Mine { receipts, voice, .. } => desk.mine(id, ledger, receipts.as_deref(), voice).await,
        C::Search { words, .. } => desk.search(id, ledger, words).await,
    }
}

/// What is read as it stands: nothing is written for it.
const fn is_reading(command: &ConsultationCommand) -> bool {
    use ConsultationCommand as C;
    matches!(
        command,
        C::List | C::Show { .. } | C::Mine { .. } | C::Search { .. }
    )
}

fn consultation_of(command: &ConsultationCommand) -> &str {
    use ConsultationCommand as C;
    match command {
        C::New(args) => &args.id,
        C::List => "",
        C::Settings(args) => &args.consultation,
        C::Enrol(args) => &args.consultation,
        C::Change(args) => &args.consultation,
        C::Comment(args) => &args.consultation,
        C::Define { consultation, .. }
        | C::Publish { consultation, .. }
        | C::Withdraw { consultation, .. }
        | C::Appeal { consultation, .. }
        | C::Respond { consultation, .. }
        | C::Hide { consultation, .. }
        | C::Restore { consultation, .. }
        | C::Decide { consultation, .. }
        | C::Answer { consultation, .. }
        | C::Theme { consultation, .. }
        | C::Assign { consultation, .. }
        | C::Report { consultation, .. }
        | C::Archive { consultation, .. }
        | C::Erase { consultation, .. }
        | C::ConfirmErasure { consultation, .. }
        | C::ModerationLog { consultation }
        | C::Show { consultation, .. }
        | C::Mine { consultation, .. }
        | C::Search { consultation, .. } => consultation,
    }
}
