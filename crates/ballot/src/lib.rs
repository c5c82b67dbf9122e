//! The voting suite belenios-v1-ed25519: encryption, proofs, credentials, trustees and tally.

pub mod audit;
pub mod ballot;
pub mod credential;
pub mod election;
pub mod encrypt;
pub mod group;
pub mod hash;
pub mod json;
pub mod proof;
pub mod question;
pub mod replaces;
pub mod scalar;
pub mod vote;
