//! `sijill generate`

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use clap_complete::Shell;
use serde_json::json;

use crate::error::{Failure, Outcome};
use crate::render::{say, show};
use crate::site::make_folder;

/// Write shell completions and man pages.
#[derive(Debug, Subcommand)]
pub(crate) enum GenerateCommand {
    /// Print the completions of a shell; put them where your shell looks for them
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
        /// Whose completions
        #[arg(long, value_enum, default_value_t = Program::Sijill)]
        program: Program,
    },
    /// Write man pages, one for each command of both programs
    Man {
        /// The folder
        #[arg(value_name = "DIR")]
        out: PathBuf,
    },
}

/// A program of this project.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Program {
    /// What people of an election run
    Sijill,
    /// The independent verifier
    SijillVerify,
}

/// Runs `sijill generate`; `own` describes this program's arguments.
pub(crate) fn run(command: &GenerateCommand, own: clap::Command) -> Outcome {
    match command {
        GenerateCommand::Completions { shell, program } => {
            let (name, mut described) = match program {
                Program::Sijill => ("sijill", own),
                Program::SijillVerify => ("sijill-verify", sijill_verifier::command()),
            };
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut described, name, &mut script);
            let script = String::from_utf8(script).map_err(Failure::internal)?;
            say!("{}", script.trim_end());
            show!(json!({ "program": name, "shell": shell.to_string(), "script": script }));
            Ok(())
        }
        GenerateCommand::Man { out } => man(out, own),
    }
}

fn man(out: &Path, own: clap::Command) -> Outcome {
    make_folder(out)?;
    for described in [own, sijill_verifier::command()] {
        clap_mangen::generate_to(described, out).map_err(|e| Failure::file(out, &e))?;
    }
    let mut pages: Vec<String> = std::fs::read_dir(out)
        .map_err(|e| Failure::file(out, &e))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".1"))
        .collect();
    pages.sort();
    say!("Wrote {} man pages into {}.", pages.len(), out.display());
    show!(json!({ "folder": out, "pages": pages }));
    Ok(())
}
