//! `sijill receipt`

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use sijill_ballot::BallotHash;
use sijill_ledger::UnverifiedReceipt;
use sijill_registers::catalogue;

use crate::error::{Failure, Outcome};
use crate::render::{escape, moment, say, show, wants_json};

/// Largest receipt, in bytes.
const MAX_RECEIPT_BYTES: u64 = 1 << 20;

/// Look at receipts, and check them.
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Say what a receipt is about, without checking it
    Show {
        /// The receipt (*.tlog-proof)
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Check receipts against a trust file, and against a published folder
    Check {
        /// Receipts (*.tlog-proof)
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// The trust file
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// A published folder
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

/// Runs `sijill receipt`.
pub(crate) fn run(command: &ReceiptCommand) -> Outcome<ExitCode> {
    match command {
        ReceiptCommand::Show { file } => show(file).map(|()| ExitCode::SUCCESS),
        ReceiptCommand::Check { files, trust, folder } => {
            let mut args: Vec<OsString> = ["sijill verify", "receipt"].map(OsString::from).to_vec();
            args.extend(files.iter().map(|f| f.clone().into_os_string()));
            args.extend([OsString::from("--trust"), trust.clone().into_os_string()]);
            if let Some(folder) = folder {
                args.extend([OsString::from("--folder"), folder.clone().into_os_string()]);
            }
            if wants_json() {
                args.push(OsString::from("--json"));
                // The report is the one line, also where it says that a receipt does not hold.
                return match u8::try_from(sijill_verifier::run_cli(args)) {
                    Ok(0) => Ok(ExitCode::SUCCESS),
                    code => Ok(ExitCode::from(code.unwrap_or(3).min(1))),
                };
            }
            match sijill_verifier::run_cli(args) {
                0 => Ok(ExitCode::SUCCESS),
                _ => Err(Failure::refused(
                    "not every receipt holds",
                    "keep the receipts: a receipt with a valid signature that the ledger does not contain proves a fork",
                )),
            }
        }
    }
}

/// Name of the receipt file of a ballot.
pub(crate) fn file_name(ballot: &BallotHash) -> String {
    format!("{}.tlog-proof", hex::encode(&ballot.as_bytes()[..8]))
}

fn show(path: &Path) -> Outcome {
    let length = std::fs::metadata(path)
        .map_err(|e| Failure::file(path, &e))?
        .len();
    let bad = |why: &str| {
        Failure::refused(
            format!("{} is not a receipt: {why}", path.display()),
            "give a *.tlog-proof file",
        )
        .code("receipt.form")
    };
    if length > MAX_RECEIPT_BYTES {
        return Err(bad("it is too large"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
    let receipt = UnverifiedReceipt::parse(&text).map_err(|e| bad(&e.to_string()))?;
    let entry = receipt.entry();
    let body = entry.body().body();
    let event = catalogue::find(body.event_type.as_u16()).map_or("unknown", |line| line.name);
    say!("ledger:        {}", body.ledger);
    say!("entry:         {}", entry.seq());
    say!("event:         {}", escape(event));
    say!("received:      {}", moment(entry.received_ms().as_u64(), "UTC"));
    if let Some(hash) = ballot_hash(body) {
        say!("tracking code: {}", hash.tracking_code());
    }
    show!(serde_json::json!({
        "ledger": body.ledger,
        "seq": entry.seq(),
        "event": event,
        "received_ms": entry.received_ms(),
        "tracking_code": ballot_hash(body).map(|hash| hash.tracking_code().to_string()),
        "checked": false,
    }));
    say!("This was read, not checked: `sijill receipt check` checks it.");
    Ok(())
}

fn ballot_hash(body: &sijill_ledger::Body) -> Option<BallotHash> {
    use sijill_registers::ballot_box::events::BoxEvent;
    match catalogue::Event::parse(sijill_ledger::Kind::BallotBox, body.event_type, &body.payload) {
        Ok(catalogue::Event::BallotBox(BoxEvent::BallotCast(cast))) => Some(BallotHash::of(&cast.ballot)),
        _ => None,
    }
}
