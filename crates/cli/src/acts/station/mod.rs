//! Polling stations: what commission, registrar and service do at the centre, and officers on the station's machine.
//! Spec: specs/station.md.

mod books;
mod desk;
mod lists;
mod machine;
mod papers;
mod plan;
mod returns;

pub(crate) use books::{answer, exclude, ledger_of, receive, superseded};
pub(crate) use desk::{Arrival, Desk, Issue, Standing};
pub(crate) use lists::{Kit, assign, assignments, define, kits};
pub(crate) use machine::Machine;
pub(crate) use papers::{GuestList, decide, dispute, guests, open_papers, pseudonym};
pub(crate) use plan::{MACHINE_FORMAT, MachineKeys, Plan, plans};
pub(crate) use returns::{Returned, resolve, return_papers, totals};

/// The sealed roll of a station, in its kit and on its machine.
pub(crate) const ROLL: &str = "roll.sealed";
/// Notes of a station for the registrar.
pub(crate) const NOTES: &str = "notes";
