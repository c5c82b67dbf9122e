//! Polling stations: what commission, registrar and service do at the centre, and officers on the station's machine.
//! Spec: specs/station.md.

mod books;
mod lists;
mod machine;
mod plan;

pub(crate) use books::{decide, exclude, ledger_of, receive};
pub(crate) use lists::{Kit, assign, assignments, define, kits};
pub(crate) use machine::{Machine, guest_commitment};
pub(crate) use plan::{MACHINE_FORMAT, MachineKeys, Plan, plans};
