//! The `sijill` command: what the people of an election do, each with their own keys, and a demonstration of all of it.
//!
//! *Structure.* [`commands`] reads arguments and prints; [`acts`] builds what officials sign and hands it to the engine,
//! for commands and [`demo`] alike; [`site`] knows the folders; [`registrar`] keeps the sealed book of the roll;
//! [`trustee`] is the trustee's own machine, which trusts nothing but a verified published folder.

mod acts;
mod boards;
mod commands;
mod demo;
mod error;
mod messages;
mod passphrase;
mod persons;
mod progress;
mod registrar;
mod render;
mod roll_file;
mod rules;
mod site;
mod stores;
mod submission;
mod taken;
mod trustee;
mod verified;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::main()
}
