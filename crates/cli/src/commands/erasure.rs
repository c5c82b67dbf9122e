//! Erasure on a register of a jurisdiction, by two members of the commission. Spec: specs/jurisdiction.md §3.2.

use std::path::Path;

use serde_json::json;
use sijill_engine::{Acknowledgement, Engine};
use sijill_ledger::{BodyHash, LedgerId, SigningKey};
use sijill_registers::calendar::events::{ErasureConfirmed, ErasureOrdered, RegisterEvent};
use sijill_registers::catalogue::Event;

use super::Common;
use crate::boards;
use crate::error::{Failure, Outcome};
use crate::persons;
use crate::render::{escape, say, show};

/// Orders it. `family` is the command by which a second person confirms.
pub(crate) async fn order(
    engine: &Engine,
    common: &Common,
    (ledger, register): (LedgerId, &str),
    commitments: &[String],
    basis: &str,
    (key, family): (&Path, &str),
) -> Outcome {
    let mut commitments = commitments
        .iter()
        .map(|text| hash(text))
        .collect::<Outcome<Vec<_>>>()?;
    commitments.sort_unstable();
    refuse_held(engine, common, &ledger, &commitments)?;
    let key = common.signing_key(key)?;
    let (at, order) = submit_order(engine, &key, ledger, commitments, basis).await?;
    say!(
        "The order stands at entry {}. A second member of the commission confirms it:",
        at.seq
    );
    say!("  sijill {family} confirm-erasure {register} {order}");
    show!(json!({ "register": register, "seq": at.seq, "order": order.to_string() }));
    Ok(())
}

/// Signs an order to erase, and hands it in.
pub(super) async fn submit_order(
    engine: &Engine,
    key: &SigningKey,
    ledger: LedgerId,
    commitments: Vec<[u8; 32]>,
    basis: &str,
) -> Outcome<(Acknowledgement, BodyHash)> {
    engine.prepare(ledger).await?;
    let event = Event::Register(RegisterEvent::ErasureOrdered(ErasureOrdered {
        commitments,
        basis: basis.to_owned(),
    }));
    let body = engine.sign_as(key, ledger, &event, &[])?;
    let at = engine.submit_signed(&body).await?;
    Ok((at, body.hash()))
}

/// Signs the confirmation of an order, and hands it in.
pub(super) async fn submit_confirmation(
    engine: &Engine,
    key: &SigningKey,
    ledger: LedgerId,
    order: BodyHash,
) -> Outcome<Acknowledgement> {
    engine.prepare(ledger).await?;
    let event = Event::Register(RegisterEvent::ErasureConfirmed(ErasureConfirmed { order }));
    Ok(engine.act(key, ledger, &event, &[]).await?)
}

/// Confirms an order.
pub(crate) async fn confirm(
    engine: &Engine,
    common: &Common,
    (ledger, register): (LedgerId, &str),
    order: &str,
    key: &Path,
) -> Outcome {
    let order = BodyHash::from_bytes(hash(order)?);
    let handle = engine.ledgers().find(&ledger);
    let ordered =
        handle.and_then(|handle| handle.with_head(|head| Some(head.state.days()?.ordered(&order)?.to_vec())));
    refuse_held(engine, common, &ledger, &ordered.unwrap_or_default())?;
    let key = common.signing_key(key)?;
    let at = submit_confirmation(engine, &key, ledger, order).await?;
    boards::forget(&common.site()?, engine).await?;
    say!(
        "Confirmed at entry {}: the contents are erased. Publish again, and destroy older backups.",
        at.seq
    );
    show!(json!({ "register": register, "seq": at.seq }));
    Ok(())
}

/// What is under legal hold is not erased. Spec: specs/operations.md §15.5.
fn refuse_held(engine: &Engine, common: &Common, ledger: &LedgerId, commitments: &[[u8; 32]]) -> Outcome {
    persons::refuse_held(
        engine,
        (&common.site()?, common.passphrases()),
        ledger,
        commitments,
    )
}

/// 64 hexadecimal digits.
fn hash(text: &str) -> Outcome<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| {
        Failure::usage(
            format!("{} is not a commitment or order", escape(text)),
            "give its 64 hexadecimal digits: `--json` of `sijill foi log`, `sijill foi case`, `sijill consultation show` and \
             `mine`, and the published `openings/` have them",
        )
        .code("request.commitment")
    })?;
    Ok(bytes)
}
