//! The people of a small event, and the command in their hands: each step a process, in the folder of one node or of
//! another.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const ELECTION: &str = r#"
format = "sijill-election/1"
id = "council-2026"
name = { en = "Council", ar = "المجلس" }
rehearsal = true
rules = "plain-1"
time_zone = "Asia/Qatar"
opens = "2026-12-05T07:00:00+03:00"
closes = "2026-12-05T19:00:00+03:00"
administrator = "Commission"
credential_authority = "Registrar"
trustees = ["Court", "University"]

[[district]]
id = "north"
name = { en = "North", ar = "" }
[[district.question]]
text = { en = "Who?", ar = "" }
answers = [{ en = "A", ar = "" }, { en = "B", ar = "" }, { en = "C", ar = "" }]
blank = true
min = 1
max = 2
"#;

const RULES: &str = r#"
format = "sijill-rules/2"
id = "plain-1"
version = 1
title = { en = "Plain rules for tests", ar = "" }
legal_basis = "none"
confidence = "invented"
valid_from = "2026-01-01"
[calendar]
time_zone = "Asia/Qatar"
weekly_rest = ["friday", "saturday"]
[age]
minimum = 18
reference = "polling_day"
leap_day = "march_1"
[nationality]
kinds = ["naturalised", "original"]
naturalised_years = 0
[identity]
documents = ["digital_id", "id_card"]
[channels]
registration = ["in_person"]
voting = ["remote"]
[candidates]
[campaign]
[voting]
grace_ms = 2000
max_lag_ms = 30000
official_window_ms = 3600000
revote = true
in_person = "in-person-supersedes"
min_ballots_to_decrypt = 2
small_cell = 0
[trustees]
minimum = 2
[certification]
quorum = 1
"#;

pub const BEFORE: &str = "2026-12-01T12:00:00+03:00";
pub const NOON: &str = "2026-12-05T12:00:00+03:00";
pub const EVENING: &str = "2026-12-05T19:00:10+03:00";
pub const NIGHT: &str = "2026-12-05T20:00:00+03:00";

pub struct Office {
    bin: PathBuf,
    temp: tempfile::TempDir,
    clock: String,
    pub event: Option<String>,
}

/// How a process ended.
pub struct Said {
    pub code: Option<i32>,
    pub text: String,
}

impl Said {
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self.text
    }

    /// It ended with this error's code, which `--json` shows, and its text says this.
    #[track_caller]
    pub fn refused(self, code: &str, with: &str) -> String {
        assert_eq!(self.code, Some(1), "{}", self.text);
        assert!(
            self.text.contains(&format!("\"code\":\"{code}\"")),
            "{code}: {}",
            self.text
        );
        assert!(self.text.contains(with), "`{with}` is not in: {}", self.text);
        assert!(!self.text.contains("secret"), "{}", self.text);
        self.text
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            text: format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
}

/// The command, without what this process's environment would tell it.
pub fn command(bin: &Path) -> Command {
    let mut command = Command::new(bin);
    for name in [
        "SIJILL_STORE_PASSWORD",
        "SIJILL_STORE_PASSWORD_FILE",
        "SIJILL_PASSPHRASE_FILE",
        "SIJILL_ENGINE_PASSPHRASE_FILE",
        "SIJILL_LOG",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

impl Office {
    /// People with their keys; no installation yet.
    pub fn new(bin: &Path) -> Self {
        let office = Self {
            bin: bin.to_owned(),
            temp: tempfile::tempdir().unwrap(),
            clock: BEFORE.to_owned(),
            event: None,
        };
        office.write("passphrase", "correct horse battery\n");
        office.write("election.toml", ELECTION);
        office.write("rules.toml", RULES);
        let key = |name: &str, more: &[&str]| {
            let path = office.path(name);
            let args = [&["key", "new", &path, "--label", "key"], more].concat();
            office.run("none", &args).ok();
        };
        key("commission.key", &[]);
        key("registrar.key", &[]);
        key("registrar.secret", &["--purpose", "registrar-secret"]);
        for (folder, name) in [("t1", "Court"), ("t2", "University")] {
            let path = office.path(folder);
            office
                .run("none", &["trustee", "keygen", &path, "--name", name])
                .ok();
        }
        office
    }

    pub fn at(&mut self, clock: &str) {
        self.clock = clock.to_owned();
    }

    pub fn path(&self, name: &str) -> String {
        self.temp.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.temp.path().join(name), text).unwrap();
    }

    /// A command on the folder of a node.
    pub fn prepared(&self, node: &str, args: &[&str]) -> Command {
        let mut command = command(&self.bin);
        command.args(["--dir", &self.path(node)]);
        command.args(["--passphrase-file", &self.path("passphrase")]);
        command.args(["--rehearsal-clock", &self.clock, "--danger-fast-keys"]);
        if let Some(event) = &self.event {
            command.args(["--event", event]);
        }
        command.args(args);
        command
    }

    pub fn run(&self, node: &str, args: &[&str]) -> Said {
        self.prepared(node, args).output().unwrap().into()
    }

    /// Starts it and does not wait.
    pub fn start(&self, node: &str, args: &[&str]) -> Child {
        let mut command = self.prepared(node, args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    pub fn as_commission(&self, node: &str, args: &[&str]) -> Said {
        let key = self.path("commission.key");
        self.run(node, &[args, &["--key", &key]].concat())
    }

    pub fn as_registrar(&self, node: &str, args: &[&str]) -> Said {
        let (key, secret) = (self.path("registrar.key"), self.path("registrar.secret"));
        self.run(node, &[args, &["--key", &key, "--secret", &secret]].concat())
    }

    /// A trustee, who reads what `node` has published.
    pub fn as_trustee(&self, node: &str, folder: &str, command: &[&str], more: &[&str]) -> Said {
        let home = self.path(folder);
        let (published, trust) = (
            self.path(&format!("{node}/published")),
            self.path(&format!("{node}/trust.json")),
        );
        let view = [&*home, "--published", &published, "--trust", &trust];
        self.run(node, &[&["trustee"], command, &view, more].concat())
    }

    pub fn define(&mut self, node: &str) {
        self.try_to_define(node).ok();
        let site = std::fs::read_to_string(self.path(&format!("{node}/site.toml"))).unwrap();
        let event = site.lines().find_map(|line| line.strip_prefix("event = "));
        self.event = Some(event.unwrap().trim_matches('"').to_owned());
    }

    pub fn try_to_define(&self, node: &str) -> Said {
        let file = |name: &str| self.path(name);
        self.run(
            node,
            &[
                "election",
                "new",
                "--file",
                &file("election.toml"),
                "--rules",
                &file("rules.toml"),
                "--key",
                &file("commission.key"),
                "--registrar",
                &file("registrar.key"),
                "--trustee",
                &file("t1/signing.key"),
                "--trustee",
                &file("t2/signing.key"),
                "--json",
            ],
        )
    }

    /// The arguments with which a voter votes.
    pub fn vote(&self, voter: &str, choices: &str) -> Vec<String> {
        let slips = std::fs::read_to_string(self.path("slips.csv")).unwrap();
        let line = slips.lines().find(|l| l.starts_with(&format!("{voter},")));
        let (code, chosen) = (format!("code-{voter}"), format!("choices-{voter}"));
        self.write(&code, line.unwrap().rsplit(',').next().unwrap());
        self.write(&chosen, &format!("{choices}\n"));
        let (code, chosen) = (self.path(&code), self.path(&chosen));
        let args = [
            "vote",
            "--district",
            "north",
            "--code-file",
            &code,
            "--choices-file",
            &chosen,
        ];
        args.map(str::to_owned).to_vec()
    }
}
