//! The attack corpus: events that are right but for one flaw, made by a forger who holds all keys.
//!
//! [`cases::all`] says what there is, [`corpus`] how it is packed, written and read. `fixtures/attacks/README.md` is for those who use it.

mod archives;
mod calendars;
pub mod cases;
mod consultations;
pub mod corpus;
pub mod forge;
pub mod jurisdiction;
pub mod outcomes;
mod requests;
pub mod stations;
pub mod suite;
pub mod talk;
pub mod world;
