//! The clocks that requests brought along from other registers, one file each beside the ledgers.
//!
//! A register whose requests came from another one reckons their due dates with what stands there. When that one cannot be
//! read any more, because it is damaged, what was once verified of it is still right: it ended there with the transfer.
//! So it is written down when a transfer is received (and whenever the engine opens and it is missing), and read where
//! the other register is refused. Like a snapshot of a head it is a cache and never evidence, signed by the service key
//! so that nobody without that key can plant a clock; a verifier derives the same from the published ledgers.
//!
//! *If the process dies* between the receipt of a transfer and this file, the next start writes it.
//!
//! Spec: specs/operations.md §11.4.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use sijill_ledger::{LedgerId, Seq, Signature};
use sijill_registers::foi::ClockBasis;

use crate::durable;
use crate::engine::Engine;
use crate::ledgers::LedgerHandle;

/// Raise the number when a clock comes to be kept in another form.
const FORMAT: &[u8] = b"sijill-kept-clock/1\n";
const MESSAGE_TAG: &[u8] = b"sijill/kept-clock/v1\n";

impl Engine {
    /// Keeps the clock of every request that came from another register, and takes back what was kept where that register
    /// is not open.
    pub(crate) fn settle_clocks(&self) {
        for handle in self.ledgers().all() {
            let taken: Vec<u64> = handle.with_head(|head| {
                let foi = head.state.as_foi();
                foi.map(|foi| foi.taken_over().collect()).unwrap_or_default()
            });
            for request in taken {
                self.settle(&handle, Seq::new(request));
            }
        }
    }

    /// As [`settle_clocks`](Self::settle_clocks), of one request.
    pub(crate) fn settle_clock(&self, register: &LedgerId, request: Seq) {
        if let Some(handle) = self.ledgers().find(register) {
            self.settle(&handle, request);
        }
    }

    fn settle(&self, handle: &LedgerHandle, request: Seq) {
        let register = handle.ledger();
        let known = handle.with_head(|head| {
            let foi = head.state.as_foi()?;
            let basis = foi.clock_basis(request.as_u64(), self.ledgers());
            Some((
                header(register, request, head.chain.leaf(request)?.as_bytes()),
                basis,
            ))
        });
        let Some((header, basis)) = known else { return };
        let path = self.clock_path(&register, request);
        match basis {
            Ok(basis) => {
                let Some(clock) = basis.and_then(|basis| basis.to_bytes()) else {
                    return;
                };
                let signed = [header, clock].concat();
                let signature = self.shared.service_key.sign(&message(&signed));
                let bytes = [&signed[..], signature.as_bytes()].concat();
                if fs::read(&path).is_ok_and(|kept| kept == bytes) {
                    return;
                }
                if let Err(error) = write(&path, &bytes) {
                    tracing::warn!(%register, %request, %error, "the clock of a transfer could not be kept");
                }
            }
            Err(problem) => match self.kept(&path, &header) {
                Some(clock) => {
                    tracing::warn!(%register, %request, %problem, "its clock goes on as it was kept");
                    self.ledgers().keep_clock(register, request.as_u64(), clock);
                }
                None => tracing::error!(%register, %request, %problem, "its clock stands still"),
            },
        }
    }

    /// What was kept, if it is whole, of this entry, and signed by this service.
    fn kept(&self, path: &Path, header: &[u8]) -> Option<ClockBasis> {
        let bytes = fs::read(path).ok()?;
        let (signed, signature) = bytes.split_last_chunk::<64>()?;
        let clock = signed.strip_prefix(header)?;
        let signature = Signature::from_bytes(*signature);
        self.shared
            .service_key
            .public_key()
            .verify(&message(signed), &signature)
            .ok()?;
        ClockBasis::from_bytes(clock, self.contents())
    }

    fn clock_path(&self, register: &LedgerId, request: Seq) -> PathBuf {
        let folder = self.snapshots.join("clocks").join(register.to_string());
        folder.join(format!("{}.clock", request.as_u64()))
    }
}

fn header(register: LedgerId, request: Seq, leaf: &[u8]) -> Vec<u8> {
    let request = request.as_u64().to_be_bytes();
    [FORMAT, register.as_bytes(), &request, leaf].concat()
}

fn message(signed: &[u8]) -> Vec<u8> {
    [MESSAGE_TAG, &Sha256::digest(signed)].concat()
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    durable::parent_of_expendable(path)?;
    let draft = path.with_extension("clock.new");
    durable::replace(path, &draft, bytes).map_err(durable::WriteError::into_io)
}
