//! The write side at run time: the way of an event from the door to stable storage, and what is made of it.
//!
//! *The way of an event.* `door` (parse, authenticate, verify on all cores) → `sequencer` (decide, seal, append,
//! checkpoint, answer) → [`views`] (read models) → [`publish`] (static files for verifiers, voters and mirrors).
//!
//! [`engine::Engine`] opens a data folder; [`acts`] makes the bodies that officials sign.

pub mod acts;
pub mod archive;
pub mod backup;
pub mod blobs;
pub mod boards;
pub mod checkpoint_record;
pub mod clock;
pub mod content;
pub mod copies;
mod door;
mod durable;
pub mod engine;
pub mod examine;
pub mod folder;
mod head_snapshot;
pub mod identity;
pub mod jurisdiction;
mod kept_clocks;
pub mod keyfile;
pub mod ledgers;
mod load;
pub mod look_up;
pub mod openings;
pub mod persons;
pub mod publish;
mod sequencer;
pub mod station_notes;
pub mod station_roll;
pub mod submit;
pub mod vault;
pub mod views;

pub use engine::{Engine, EngineError, EngineKeys};
pub use head_snapshot::HeadSnapshot;
pub use load::LoadError;
pub use submit::{Acknowledgement, SubmitError};
