//! The electoral roll: who may vote where, and which credentials exist. Spec: specs/events.md §3.

mod decide;
pub mod events;
mod state;

pub use decide::RollRejection;
pub(crate) use state::RollSnapshot;
pub use state::{RollFacts, RollState};
