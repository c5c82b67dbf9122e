//! The electoral roll: who may vote where, on what grounds, and which credentials exist. Spec: specs/roll.md.

pub mod commitments;
mod decide;
pub mod events;
mod governed;
mod state;
mod stations;

pub use decide::RollRejection;
pub use governed::{Governed, WindowReading};
pub(crate) use state::RollSnapshot;
pub use state::{Assigned, OpenCheck, RollFacts, RollState, StationRules};
