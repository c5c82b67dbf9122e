//! Rule packs: what a law fixes, as typed data, and the pure questions that registers put to it.
//!
//! *Nomenclature.* A **rule pack** is a versioned TOML file with its legal basis and a confidence flag: what could
//! not be confirmed is data that says so, never code. A **window** is the time in which votes may be received;
//! **grace** is how long after its end a ballot still counts.
//!
//! Nothing here reads a clock, a file or a network: times come in as arguments, packs as text.

mod pack;
mod window;

pub use pack::{Bilingual, CertificationRules, Confidence, PackError, RulePack, TrusteeRules, VotingRules};
pub use window::{Moment, Window, WindowError};

/// Longest grace after the close, in milliseconds. Spec: specs/election.md §2.
pub const MAX_GRACE_MS: u64 = 600_000;
