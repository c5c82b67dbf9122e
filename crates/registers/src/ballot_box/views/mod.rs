//! Read models of a ballot box. Spec: specs/election.md §6.

mod ballots;
pub mod tally;
pub mod trackers;
pub mod turnout;
