//! Runs the command in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What a run of the command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Self {
            code: output.status.code().expect("not killed"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// It succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// It says so.
    #[track_caller]
    pub(crate) fn has(self, what: &str) -> Self {
        assert!(self.out.contains(what), "`{what}` is not in: {}", self.out);
        self
    }

    /// It refused, naming what is wrong and what to do.
    #[track_caller]
    pub(crate) fn refused(self, with: &str) -> Self {
        assert_eq!(self.code, 1, "stdout: {}\nstderr: {}", self.out, self.err);
        assert!(self.err.contains(with), "`{with}` is not in: {}", self.err);
        assert!(
            self.err.contains("error: ") && self.err.contains("help: "),
            "{}",
            self.err
        );
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }
}

/// Runs the command with these arguments.
pub(crate) fn sijill(args: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sijill"));
    command.args(args).stdin(std::process::Stdio::null());
    for variable in [
        "SIJILL_PASSPHRASE_FILE",
        "SIJILL_ENGINE_PASSPHRASE_FILE",
        "SIJILL_LOG",
    ] {
        command.env_remove(variable);
    }
    Said::of(command.output().expect("the command starts"))
}

/// An installation with the people of an event.
pub(crate) struct Office {
    pub(crate) temp: TempDir,
    clock: String,
}

/// A day of the event's calendar, in its own time zone.
pub(crate) const BEFORE: &str = "2026-12-01T12:00:00+03:00";
pub(crate) const NOON: &str = "2026-12-05T12:00:00+03:00";
pub(crate) const AFTERNOON: &str = "2026-12-05T15:00:00+03:00";
pub(crate) const EVENING: &str = "2026-12-05T19:00:10+03:00";
pub(crate) const NIGHT: &str = "2026-12-05T20:00:00+03:00";

/// A small event of two districts.
pub(crate) const ELECTION: &str = r#"
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

[[district]]
id = "south"
name = { en = "South", ar = "" }
[[district.question]]
text = { en = "Who?", ar = "" }
answers = [{ en = "D", ar = "" }, { en = "E", ar = "" }]
blank = false
min = 1
max = 1
"#;

/// Rules under which tiny boxes are decrypted.
pub(crate) const RULES: &str = r#"
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
voting = ["paper", "remote"]
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

impl Office {
    /// Folder, keys and an installation; no event yet.
    pub(crate) fn new() -> Self {
        let office = Self {
            temp: tempfile::tempdir().expect("a folder"),
            clock: BEFORE.to_owned(),
        };
        office.write("passphrase", "correct horse battery\n");
        office.write("election.toml", ELECTION);
        office.write("rules.toml", RULES);
        office.run(&["init", "--origin", "test.example"]).ok();
        office
    }

    /// With everybody's keys.
    pub(crate) fn with_people() -> Self {
        let office = Self::new();
        for key in ["commission.key", "registrar.key"] {
            office
                .run(&["key", "new", &office.path(key), "--label", key])
                .ok();
        }
        let secret = office.path("registrar.secret");
        office
            .run(&[
                "key",
                "new",
                &secret,
                "--purpose",
                "registrar-secret",
                "--label",
                "secret",
            ])
            .ok();
        for (folder, name) in [("t1", "Court"), ("t2", "University")] {
            office
                .run(&["trustee", "keygen", &office.path(folder), "--name", name])
                .ok();
        }
        office
    }

    /// With a defined event.
    pub(crate) fn with_event() -> Self {
        let office = Self::with_people();
        office.define().ok();
        office
    }

    pub(crate) fn define(&self) -> Said {
        self.run(&[
            "election",
            "new",
            "--file",
            &self.path("election.toml"),
            "--rules",
            &self.path("rules.toml"),
            "--key",
            &self.path("commission.key"),
            "--registrar",
            &self.path("registrar.key"),
            "--trustee",
            &self.path("t1/signing.key"),
            "--trustee",
            &self.path("t2/signing.key"),
        ])
    }

    /// It is now this moment.
    pub(crate) fn at(&mut self, clock: &str) {
        self.clock = clock.to_owned();
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.temp.path().join(name).display().to_string()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.temp.path().join("data")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.temp.path().join(name), text).expect("a file");
    }

    /// Runs a command on this installation.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        let (dir, passphrase) = (self.path("data"), self.path("passphrase"));
        let mut all = vec![
            "--dir",
            &dir,
            "--passphrase-file",
            &passphrase,
            "--rehearsal-clock",
            &self.clock,
            "--danger-fast-keys",
        ];
        all.extend(args);
        sijill(&all)
    }

    pub(crate) fn as_commission(&self, args: &[&str]) -> Said {
        let key = self.path("commission.key");
        self.run(&[args, &["--key", &key]].concat())
    }

    pub(crate) fn as_registrar(&self, args: &[&str]) -> Said {
        let (key, secret) = (self.path("registrar.key"), self.path("registrar.secret"));
        self.run(&[args, &["--key", &key, "--secret", &secret]].concat())
    }

    /// The code of a voter, from the printed slips.
    pub(crate) fn code_file(&self, identifier: &str) -> String {
        let slips = std::fs::read_to_string(self.path("slips.csv")).expect("slips");
        let line = slips
            .lines()
            .find(|l| l.starts_with(&format!("{identifier},")))
            .expect("a slip");
        let name = format!("code-{identifier}");
        self.write(&name, line.rsplit(',').next().expect("a code"));
        self.path(&name)
    }

    pub(crate) fn vote(&self, identifier: &str, district: &str, choices: &str, more: &[&str]) -> Said {
        let code = self.code_file(identifier);
        self.write("choices", &format!("{choices}\n"));
        let choices = self.path("choices");
        let args = [
            "vote",
            "--district",
            district,
            "--code-file",
            &code,
            "--choices-file",
            &choices,
        ];
        self.run(&[&args[..], more].concat())
    }

    /// Number of entries of each ledger, from `ledger list`.
    pub(crate) fn sizes(&self) -> Vec<String> {
        let list = self.run(&["ledger", "list"]).ok().out;
        let size = |line: &str| {
            let (before, _) = line.split_once(" entries").expect("a line of a ledger");
            before.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        list.lines().map(size).collect()
    }

    /// Roll, keys, boxes: ready to be opened. Ten voters V1 to V10 in the north, three in the south.
    pub(crate) fn prepare(&mut self) {
        let mut roll = "identifier,district\n".to_owned();
        for n in 1..=10 {
            roll.push_str(&format!("V{n},north\n"));
        }
        for n in 11..=13 {
            roll.push_str(&format!("V{n},south\n"));
        }
        self.write("roll.csv", &roll);
        self.as_registrar(&["roll", "import", &self.path("roll.csv")])
            .ok();
        self.as_registrar(&["credential", "issue"]).ok();
        self.as_registrar(&["credential", "slips", &self.path("slips.csv")])
            .ok();
        self.as_registrar(&["roll", "freeze"]).ok();
        self.run(&["ledger", "publish"]).ok();
        for folder in ["t1", "t2"] {
            self.as_trustee(folder, &["publish"], &["--submit"]).ok();
        }
        self.as_commission(&["election", "prepare"]).ok();
    }

    /// Runs a trustee's command upon the published folder.
    pub(crate) fn as_trustee(&self, folder: &str, command: &[&str], more: &[&str]) -> Said {
        let (home, published, trust) = (
            self.path(folder),
            self.path("data/published"),
            self.path("data/trust.json"),
        );
        let view = [&home, "--published", &published, "--trust", &trust];
        self.run(&[&["trustee"], command, &view, more].concat())
    }
}

/// Copies a folder.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(to)
        .expect("a free folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
