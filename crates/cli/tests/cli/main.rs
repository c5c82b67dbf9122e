//! The built command, as people run it.

mod bad_input;
mod common;
mod consultation;
mod council;
mod demonstration;
mod electoral_roll;
mod freedom;
mod golden;
mod help;
mod hostile;
mod interface;
mod life;
mod outcome;
mod persons;
mod polling_stations;
mod steps;
mod store;
mod third_party;
mod vault;
