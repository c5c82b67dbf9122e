//! The registers of elections and jurisdictions: one file for each kind of ledger, each a state machine that replays what the ledger says.

pub(crate) mod ballot_box;
pub(crate) mod ceremony;
pub(crate) mod common;
pub(crate) mod consultation;
pub(crate) mod election;
pub(crate) mod foi;
pub(crate) mod jurisdiction;
pub(crate) mod outcome;
pub(crate) mod papers;
pub(crate) mod roll;
pub(crate) mod station;
pub(crate) mod stations;
