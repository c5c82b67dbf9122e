//! Rule packs: those that come with the program, or one from a file.

use std::path::Path;

use sijill_registers::election_file::rules_named;
use sijill_rules::RulePack;

use crate::error::{Failure, Outcome};

/// The packs of this program, by id.
const EMBEDDED: &[(&str, &str)] = &[
    (
        "council-1",
        include_str!("../../../fixtures/rules/council-1.toml"),
    ),
    ("plain-1", include_str!("../../../fixtures/rules/plain-1.toml")),
];

/// The rule pack of an election file: from `file` if it is given, else one of the embedded ones.
pub(crate) fn for_election(election: &str, file: Option<&Path>) -> Outcome<RulePack> {
    let text = match file {
        Some(path) => std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?,
        None => {
            let id = rules_named(election)?;
            match EMBEDDED.iter().find(|(name, _)| *name == id) {
                Some((_, text)) => (*text).to_owned(),
                None => {
                    let known: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
                    return Err(Failure::refused(
                        format!("the rule pack `{id}` does not come with this program"),
                        format!("give its file with --rules, or name one of: {}", known.join(", ")),
                    )
                    .code("rules.unknown"));
                }
            }
        }
    };
    RulePack::parse(&text).map_err(|e| {
        Failure::refused(
            format!("rule pack: {e}"),
            "edit the rule pack; nothing was written",
        )
        .code("rules.form")
    })
}
