//! A polling station: officers on duty, check-ins, papers, its protocols. Spec: specs/events.md §10, specs/station.md.
//!
//! A **paper** is named by the position of its PaperIssued; the **paper of a check-in** is the last one. What is known of
//! one station is its [`Book`]; what follows from all books together, and from what election ledger and roll say of
//! them, is a [`Reckoning`].

mod book;
mod decide;
pub mod events;
mod reckoning;
mod state;
pub mod views;
mod voters;

pub use book::{Book, CheckIn, Paper};
pub use decide::StationRejection;
pub use reckoning::{Decided, Reckoning, RollStations};
pub use state::{Phase, StationFacts, StationState};
pub use voters::{ListError, Listed, Served, VoterList};
