//! The built command, as people run it.

mod bad_input;
mod common;
mod council;
mod demonstration;
mod help;
mod steps;
