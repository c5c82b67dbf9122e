//! The election ledger: manifest, trustees, boxes, shares, results. Spec: specs/events.md §4, specs/election.md §4.

pub mod ceremony;
mod decide;
pub mod events;
pub mod outcome;
mod state;
mod stations;
mod tallying;
pub mod views;

pub use decide::ElectionRejection;
pub use state::{BoxProgress, ElectionFacts, ElectionState};
pub use stations::{BookEnd, Officers, StationProgress};
pub use tallying::AnchoredTally;
