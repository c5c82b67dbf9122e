//! The ballot suite `belenios-v1-ed25519`: reading and verifying, never making.
//!
//! - `group`: points, scalars, the challenge hash.
//! - `proof`: Schnorr and disjunctive proofs.
//! - `question`: questions, election records, the bound on ballots.
//! - `checker`, `multiples`, `order`: the same decisions, quicker.
//! - `ballot`: the strict policy for one ballot, the re-vote chain.
//! - `trustee`: trustee records, the election key, credential lists.
//! - `tally`: encrypted tallies, shares, results.
//!
//! Spec: specs/ballot-suite.md.

#[cfg(test)]
mod agreement;
pub(crate) mod ballot;
pub(crate) mod checker;
pub(crate) mod group;
mod multiples;
pub(crate) mod order;
pub(crate) mod proof;
pub(crate) mod question;
pub(crate) mod tally;
pub(crate) mod threshold;
pub(crate) mod trustee;
