//! The registers: what an event means, which one may stand next, and what people read.
//!
//! *Nomenclature.* A **register** is what a public body keeps; its history is one ledger. An **event** is a signed body
//! whose payload this crate understands. **Decide** says whether a body may stand next and what the service must add;
//! **evolve** applies what stands; both are pure. **Facts** are what a ledger has established for other ledgers. A
//! **view** is a read model: a pure fold.
//!
//! *The way of an event.* [`catalogue::Event::parse`] reads the payload; [`register::State::decide`] checks the author's
//! role and asks the register ([`roll`], [`election`], [`ballot_box`], [`station`],
//! [`calendar`], [`foi`]); the sequencer seals and stores it;
//! [`register::State::evolve`] applies it; [`views::View::apply`] folds it.
//!
//! Specs: specs/events.md, specs/election.md, specs/roll.md, specs/station.md, specs/jurisdiction.md, specs/foi.md.

pub mod ballot_box;
pub mod calendar;
pub mod catalogue;
pub mod consultation;
pub mod election;
pub mod election_file;
pub mod foi;
pub mod json;
pub mod manifest;
pub mod names;
pub mod records;
pub mod register;
pub mod roll;
pub mod station;
pub mod views;
