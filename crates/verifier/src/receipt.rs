//! Section 7: receipts.
//!
//! Spec: specs/ledger.md §12, specs/verification.md §7.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::check::{Check, Checks, Place};
use crate::events::Event;
use crate::hash::{b64raw, sha256};
use crate::keys::signature_holds;
use crate::ledger::{LEDGER_CHECKS, Ledger, scan};
use crate::merkle::{inclusion_holds, leaf_hash};
use crate::note::Receipt;
use crate::report::{ReceiptSummary, Report};
use crate::run::{Judgement, new_report};
use crate::source::Source;
use crate::suite::ballot::credential_of;
use crate::trust::Trust;
use crate::wire::{Entry, body_message};

const RECEIPT_CHECKS: [Check; 5] = [
    Check::ReceiptForm,
    Check::ReceiptLedger,
    Check::ReceiptEntry,
    Check::ReceiptInclusion,
    Check::ReceiptKnown,
];

/// Verifies receipts, each by its name and bytes, and compares them with a published folder if one is given.
pub(crate) fn verify(receipts: &[(String, Vec<u8>)], trust: &Trust, folder: Option<&dyn Source>) -> Report {
    let mut checks = Checks::new(RECEIPT_CHECKS);
    let mut summaries = Vec::new();
    let mut ledgers = BTreeMap::new();
    for (name, bytes) in receipts {
        match Receipt::parse(bytes) {
            Ok(receipt) => {
                checks.pass(Check::ReceiptForm);
                let known = folder.map(|source| {
                    ledgers
                        .entry(receipt.checkpoint.ledger)
                        .or_insert_with(|| published(source, receipt.checkpoint.ledger))
                        .as_ref()
                        .map_err(String::as_str)
                });
                summaries.extend(check_receipt(&receipt, trust, known, &mut checks));
            }
            Err(error) => {
                checks.fail(Check::ReceiptForm, Place::nowhere(), format!("{name}: {error}"));
                for check in RECEIPT_CHECKS.into_iter().skip(1) {
                    checks.skip(check, "a receipt is malformed");
                }
            }
        }
    }
    let judgement = Judgement {
        trusted: true,
        limits_allowed: true,
        unsupported: &[],
    };
    let mut report = new_report("receipt", &checks, &judgement);
    report.receipts = summaries;
    report
}

/// The ledger of a published folder, if it stands up by itself.
fn published(source: &dyn Source, id: [u8; 32]) -> Result<Ledger, String> {
    let mut checks = Checks::new(LEDGER_CHECKS);
    let folder = format!("ledgers/{}/", hex::encode(id));
    let ledger = scan(source, &folder, id, None, &mut checks);
    let faulty = [Check::LedgerCheckpoint, Check::LedgerTiles, Check::LedgerGenesis];
    match ledger {
        Some(ledger) if !faulty.iter().any(|check| checks.failed(*check)) => Ok(ledger),
        Some(_) => Err("the folder's ledger does not verify".to_owned()),
        None => Err("the folder does not have the receipt's ledger, or it cannot be read".to_owned()),
    }
}

fn check_receipt(
    receipt: &Receipt,
    trust: &Trust,
    folder: Option<Result<&Ledger, &str>>,
    checks: &mut Checks,
) -> Option<ReceiptSummary> {
    let checkpoint = &receipt.checkpoint;
    let here = Place::entry(checkpoint.ledger, receipt.index);
    let trusted = trust.ledger(&checkpoint.ledger);
    let outcome = match trusted {
        None => Err("the trust file does not list the receipt's ledger"),
        Some(trusted) if trusted.origin != checkpoint.origin => {
            Err("the origin is not that of the trust file")
        }
        Some(trusted) if !checkpoint.signature_holds(&trusted.key) => {
            Err("the checkpoint is not signed by the trusted key")
        }
        Some(_) => Ok(()),
    };
    checks.outcome(Check::ReceiptLedger, here, outcome);
    let signed = outcome.is_ok();

    let leaf = leaf_hash(&receipt.entry);
    let included = inclusion_holds(
        &leaf,
        receipt.index,
        checkpoint.size,
        &receipt.proof,
        &checkpoint.root,
    );
    checks.require(
        Check::ReceiptInclusion,
        here,
        included,
        "the proof does not lead to the checkpoint's root",
    );

    if let Some(known) = trusted
        .and_then(|t| t.checkpoint)
        .filter(|known| known.size == checkpoint.size)
    {
        if known.root == checkpoint.root {
            checks.pass(Check::ReceiptKnown);
        } else {
            fork(
                here,
                signed,
                "the trust file knows another root of this size",
                checks,
            );
        }
    }
    match folder {
        None => {}
        Some(Err(reason)) => checks.fail(Check::ReceiptKnown, here, reason),
        Some(Ok(ledger)) => check_folder(receipt, &leaf, ledger, trusted.map(|t| t.key), signed, checks),
    }

    let entry = match Entry::decode(&receipt.entry) {
        Ok(entry) => entry,
        Err(error) => {
            checks.fail(Check::ReceiptEntry, here, error);
            return None;
        }
    };
    let event = trusted.map(|trusted| Event::decode(trusted.kind, &entry.body));
    let signed_by_author = || {
        signature_holds(
            &entry.body.author,
            &body_message(entry.body_bytes),
            &entry.signature,
        )
    };
    let outcome = if entry.seq != receipt.index {
        Err("the entry has another number than the receipt")
    } else if entry.body.ledger != checkpoint.ledger {
        Err("the entry is of another ledger")
    } else if let Err(reason) = entry.own_rules() {
        Err(reason)
    } else if !signed_by_author() {
        Err("the author's signature does not hold")
    } else if matches!(event, Some(Err(_))) {
        Err("the event is unknown, of another kind of ledger, or not canonical")
    } else {
        Ok(())
    };
    match event {
        None if outcome.is_ok() => checks.skip(Check::ReceiptEntry, "the kind of the ledger is not known"),
        _ => checks.outcome(Check::ReceiptEntry, here, outcome),
    }
    Some(summary(
        receipt,
        &entry,
        trusted
            .and_then(|t| Event::decode(t.kind, &entry.body).ok())
            .as_ref(),
    ))
}

fn check_folder(
    receipt: &Receipt,
    leaf: &[u8; 32],
    ledger: &Ledger,
    trusted_key: Option<[u8; 32]>,
    signed: bool,
    checks: &mut Checks,
) {
    let checkpoint = &receipt.checkpoint;
    let here = Place::entry(checkpoint.ledger, receipt.index);
    if trusted_key != Some(ledger.genesis.ledger_key) {
        checks.fail(
            Check::ReceiptKnown,
            here,
            "the folder's ledger has another key than the trust file says",
        );
        return;
    }
    match ledger.tree.root(checkpoint.size) {
        None => {
            let detail = "the folder's ledger is shorter than the receipt's checkpoint";
            checks.fail(Check::ReceiptKnown, here, detail);
        }
        Some(root) if root != checkpoint.root => {
            fork(
                here,
                signed,
                "the folder's ledger has another root at the receipt's size",
                checks,
            );
        }
        Some(_) if ledger.tree.leaf(receipt.index) != Some(leaf) => {
            checks.fail(
                Check::ReceiptKnown,
                here,
                "the folder's ledger has another entry at this number",
            );
        }
        Some(_) => checks.pass(Check::ReceiptKnown),
    }
}

fn fork(here: Place, signed: bool, difference: &str, checks: &mut Checks) {
    let detail = if signed {
        format!("{difference}: the two signed statements together prove a fork of the ledger")
    } else {
        format!(
            "{difference}; the receipt's own signature does not hold, so this proves nothing against the ledger"
        )
    };
    checks.fail_as(Check::ReceiptKnown, "receipt.fork", here, detail);
}

fn summary(receipt: &Receipt, entry: &Entry<'_>, event: Option<&Event<'_>>) -> ReceiptSummary {
    let received = i64::try_from(entry.received_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let mut summary = ReceiptSummary {
        ledger: hex::encode(receipt.checkpoint.ledger),
        index: receipt.index,
        event: event.map_or_else(
            || format!("type {:#06x}", entry.body.event_type),
            |e| e.name().to_owned(),
        ),
        received: received.map_or_else(|| format!("{} ms", entry.received_ms), |time| time.to_string()),
        tracking_code: None,
        credential: None,
    };
    if let Some(Event::BallotCast { ballot, .. }) = event {
        summary.tracking_code = Some(b64raw(&sha256(&[ballot])));
        summary.credential = credential_of(ballot).map(|credential| credential.text());
    }
    summary
}
