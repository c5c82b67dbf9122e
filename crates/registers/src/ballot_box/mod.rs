//! The ballot box of a district: ballots, audits, close, exclusions, seal. Spec: specs/events.md §5, specs/election.md §5.

mod check;
mod decide;
pub mod events;
mod recorded;
mod state;
pub mod views;

pub use check::{BallotProblem, CheckedBallot, check_ballot};
pub use decide::BoxRejection;
pub use recorded::{RecordedBallot, alpha_digest};
pub(crate) use state::BoxSnapshot;
pub use state::{BoxFacts, BoxState, CountedBallot, Phase, counted_digest};
