//! Read models of an election ledger. Spec: specs/election.md §6.

pub mod outcome;
pub mod result;
