//! The whole life of a small event as transcripts, for people and for programs; and no secret in any of it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use sijill_engine::keyfile::{KeyFile, Passphrase, SigningKind};
use tempfile::TempDir;

use crate::common::{EVENING, NIGHT, NOON, RULES, Said, files};
use crate::council::ELECTION;
use crate::golden::{self, Placeholders};

const PASSPHRASE: &str = "correct horse battery";
const PERSONS: [&str; 4] = [
    "QX-PERSON-ONE",
    "QX-PERSON-TWO",
    "QX-PERSON-THREE",
    "QX-PERSON-FOUR",
];

/// One run of a life.
struct Life {
    temp: TempDir,
    clock: &'static str,
    json: bool,
    /// What SIJILL_LOG is set to.
    log: Option<&'static str>,
    placeholders: Placeholders,
    transcript: String,
    /// Everything that was printed.
    printed: String,
}

impl Life {
    fn new(json: bool, log: Option<&'static str>) -> Self {
        let life = Self {
            temp: tempfile::tempdir().expect("a folder"),
            clock: crate::common::BEFORE,
            json,
            log,
            placeholders: Placeholders::default(),
            transcript: String::new(),
            printed: String::new(),
        };
        life.write("passphrase", &format!("{PASSPHRASE}\n"));
        life.write("election.toml", ELECTION);
        life.write("rules.toml", &RULES.replace("quorum = 1", "quorum = 2"));
        life
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.temp.path().join(name), text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.temp.path().join(name)).expect("a file")
    }

    /// Runs a command in the folder, without a word in the transcript.
    fn quietly(&mut self, line: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sijill"));
        command
            .current_dir(self.temp.path())
            .stdin(Stdio::null())
            .env_remove("SIJILL_ENGINE_PASSPHRASE_FILE")
            .env_remove("SIJILL_LOG")
            .env("SIJILL_PASSPHRASE_FILE", "passphrase")
            .args(["--rehearsal-clock", self.clock, "--danger-fast-keys"]);
        if self.json {
            command.arg("--json");
        }
        if let Some(level) = self.log {
            command.env("SIJILL_LOG", level);
        }
        let said = Said::of(
            command
                .args(line.split(' '))
                .output()
                .expect("the command starts"),
        );
        assert!(
            said.code <= 3 && !said.err.contains("panicked"),
            "{line}: {}",
            said.err
        );
        self.printed.push_str(&said.out);
        self.printed.push_str(&said.err);
        said
    }

    /// Runs a command and writes down what it said.
    #[track_caller]
    fn step(&mut self, code: i32, line: &str) -> Said {
        let said = self.quietly(line);
        assert_eq!(said.code, code, "{line}\n{}\n{}", said.out, said.err);
        if self.json {
            let lines: Vec<&str> = said.out.lines().collect();
            assert_eq!(lines.len(), 1, "{line}: {}", said.out);
            let value: serde_json::Value = serde_json::from_str(lines[0]).expect("JSON");
            if code == 1 && !line.starts_with("verify") {
                let stable = value["code"].as_str().expect("a code");
                assert!(
                    !["refused", "failed", "usage"].contains(&stable),
                    "{line}: {value}"
                );
            }
        }
        let folder = self.temp.path().display().to_string();
        let mut out: Vec<String> = said.out.lines().map(str::to_owned).collect();
        if line == "ledger list" {
            // In the order of random ids.
            out.sort_by_key(|line| {
                line.split_whitespace()
                    .skip(1)
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            });
        }
        let mut text = format!("$ sijill {line}\n");
        // Reports and lists in random order are checked, not compared.
        if self.json && (line.starts_with("verify") || line == "ledger list") {
            text.push_str("(one line of JSON)\n");
        } else {
            for line in out {
                text.push_str(&line);
                text.push('\n');
            }
        }
        if self.log.is_none() {
            text.push_str(&said.err);
        }
        if code != 0 {
            text.push_str(&format!("(exit code {code})\n"));
        }
        text.push('\n');
        let text = self.placeholders.apply(&text, &folder);
        self.transcript.push_str(&text);
        said
    }

    fn live(&mut self) {
        let view = "--published sijill-data/published --trust sijill-data/trust.json";
        self.step(1, "ledger list");
        self.step(0, "init --origin vote.example.org --checkpoints checkpoints");
        self.step(1, "init --origin vote.example.org");
        self.step(1, "election open --key commission.key");
        for key in ["commission.key", "member.key", "registrar.key"] {
            self.step(0, &format!("key new {key} --label {key}"));
        }
        self.step(1, "key new commission.key");
        self.step(
            0,
            "key new registrar.secret --purpose registrar-secret --label secret",
        );
        for trustee in ["c1", "c2", "c3"] {
            self.step(0, &format!("trustee keygen {trustee} --ceremony"));
        }
        let new = "election new --file election.toml --rules rules.toml --key commission.key --registrar registrar.key \
                   --member member.key --trustee c1/signing.key --trustee c2/signing.key";
        self.step(2, new);
        self.step(0, &format!("{new} --trustee c3/signing.key"));
        self.write(
            "roll.csv",
            &format!(
                "identifier,district\n{0},north\n{1},north\n{2},north\n{3},south\n{0},north\n",
                PERSONS[0], PERSONS[1], PERSONS[2], PERSONS[3]
            ),
        );
        let registrar = "--key registrar.key --secret registrar.secret";
        self.step(1, &format!("roll import roll.csv {registrar}"));
        self.step(0, &format!("roll import roll.csv --skip-bad {registrar}"));
        self.step(0, "ledger publish");
        self.step(1, "election prepare --key commission.key");
        for round in 0..4 {
            for trustee in ["c1", "c2", "c3"] {
                let line = format!("trustee ceremony next {trustee} {view}");
                if trustee == "c1" {
                    self.step(0, &line);
                } else {
                    assert_eq!(self.quietly(&format!("{line} --submit")).code, 0);
                }
            }
            let message = files(&self.temp.path().join("c1"))
                .into_iter()
                .filter(|path| path.extension().is_some_and(|e| e == "submission"))
                .max_by_key(|path| path.metadata().and_then(|m| m.modified()).expect("a time"))
                .expect("a message");
            let message = message
                .strip_prefix(self.temp.path())
                .expect("inside")
                .display()
                .to_string();
            self.step(0, &format!("ledger submit {message}"));
            assert_eq!(self.quietly("ledger publish").code, 0, "{round}");
        }
        self.step(
            0,
            &format!(
                "trustee ceremony status --published {} --trust {}",
                "sijill-data/published", "sijill-data/trust.json"
            ),
        );
        self.step(0, &format!("credential issue {registrar}"));
        self.step(
            0,
            "credential slips slips.csv --key registrar.key --secret registrar.secret",
        );
        self.step(
            1,
            "credential slips slips.csv --key registrar.key --secret registrar.secret",
        );
        self.step(0, &format!("roll freeze {registrar}"));
        self.step(0, "election prepare --key commission.key");
        self.step(1, "election open --key commission.key");
        self.vote_and_count(view);
    }

    fn vote_and_count(&mut self, view: &str) {
        self.clock = NOON;
        self.step(1, "election open --key registrar.key");
        self.step(0, "election open --key commission.key");
        for (person, choice) in [(0, "1"), (1, "2"), (0, "2")] {
            let slips = self.read("slips.csv");
            let slip = slips
                .lines()
                .find(|line| line.starts_with(PERSONS[person]))
                .expect("a slip");
            self.write("code", slip.rsplit(',').next().expect("a code"));
            self.write("choices", &format!("{choice}\n"));
            self.step(0, "vote --code-file code --choices-file choices");
        }
        self.step(
            0,
            "vote --code-file code --choices-file choices --audit --opening opened.json",
        );
        self.step(1, "vote --code-file passphrase --choices-file choices");
        self.step(1, "vote --district west --code-file code --choices-file choices");
        self.step(
            1,
            "vote --code-file code --choices-file choices --receipt nowhere/receipt",
        );
        self.step(
            1,
            "vote --code-file code --choices-file choices --receipt opened.json",
        );
        self.clock = EVENING;
        self.step(0, "election close --key commission.key");
        self.write("on-paper.csv", &format!("identifier\n{}\n", PERSONS[2]));
        self.step(
            0,
            "election exclude --key registrar.key --secret registrar.secret --list on-paper.csv",
        );
        self.step(0, "election seal --key commission.key");
        self.step(0, "ledger publish");
        self.clock = NIGHT;
        self.step(1, "election result --key commission.key");
        self.step(0, &format!("trustee decrypt c1 {view} --submit"));
        self.step(0, &format!("trustee decrypt c3 {view} --submit"));
        self.write("paper.toml", "[[district]]\nid = \"north\"\nissued = 1\nvalid = 1\ninvalid = 0\nspoilt = 0\ncounts = [[0, 1]]\n");
        self.step(0, "election paper --file paper.toml --key commission.key");
        self.step(0, "election result --key commission.key");
        self.step(
            1,
            &format!("election certify --key commission.key {view} --submit"),
        );
        self.step(0, "ledger publish");
        self.step(
            0,
            &format!("election certify --key commission.key {view} --out certified.submission"),
        );
        self.step(
            1,
            &format!("election certify --key commission.key {view} --out certified.submission"),
        );
        self.step(0, "ledger submit certified.submission");
        self.step(0, "ledger publish");
        let verify =
            "verify event sijill-data/published --trust sijill-data/trust.json --require-stage certified";
        assert_eq!(self.quietly(verify).code, 1, "one of two members has certified");
        self.step(0, &format!("election certify --key member.key {view} --submit"));
        self.step(0, "ledger publish");
        self.step(0, "box export-bel archives");
        self.step(0, "ledger list");
        assert_eq!(self.quietly(verify).code, 0);
    }
}

#[test]
fn the_life_of_an_event_as_people_see_it() {
    let mut life = Life::new(false, None);
    life.live();
    golden::compare("life.txt", &life.transcript);
}

/// Programs see one line of JSON for each step; and with every log line that there is, no secret leaves the key files.
#[test]
fn the_life_of_an_event_as_programs_see_it_discloses_no_secret() {
    let mut life = Life::new(true, Some("trace"));
    life.live();
    golden::compare("life-json.txt", &life.transcript);

    let secrets = secrets(&life);
    let found = |bytes: &[u8]| secrets.iter().position(|secret| contains(bytes, secret));
    for name in ["passphrase", "code", "slips.csv", "roll.csv"] {
        assert!(
            found(life.read(name).as_bytes()).is_some(),
            "the search finds what {name} discloses"
        );
    }
    assert_eq!(found(life.printed.as_bytes()), None, "in what was printed");
    // These hold secrets, or persons, because they must: written by people, or for the printing house or another device.
    let exempt = [
        "passphrase",
        "code",
        "choices",
        "slips.csv",
        "roll.csv",
        "on-paper.csv",
        "opened.json",
    ];
    for path in files(life.temp.path()) {
        let name = path
            .strip_prefix(life.temp.path())
            .expect("inside")
            .display()
            .to_string();
        if exempt.contains(&name.as_str()) {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        assert_eq!(found(&bytes), None, "in {name}");
        let public = ["published", "accredited"]
            .iter()
            .any(|folder| name.contains(folder));
        let by_people = ["election.toml", "rules.toml", "paper.toml"].contains(&name.as_str());
        // Folders of publications and archives are for everybody, and so is what is in them.
        if !public && !by_people && !name.starts_with("archives/") {
            let mode = path.metadata().expect("metadata").permissions().mode();
            assert_eq!(mode & 0o077, 0, "others may use {name}: {mode:o}");
        }
    }
    for name in ["slips.csv", "opened.json"] {
        let mode = life
            .temp
            .path()
            .join(name)
            .metadata()
            .expect("metadata")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// Every secret of the event in every form in which it could be written.
fn secrets(life: &Life) -> Vec<Vec<u8>> {
    let mut texts: BTreeSet<String> = PERSONS.map(str::to_owned).into();
    texts.insert(PASSPHRASE.to_owned());
    for line in life.read("slips.csv").lines().skip(1) {
        let code = line.rsplit(',').next().expect("a code");
        texts.insert(code.to_owned());
        texts.insert(code.replace('-', ""));
    }
    let mut raw: Vec<Vec<u8>> = Vec::new();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let mut kinds = BTreeSet::new();
    for path in files(life.temp.path()) {
        let Ok(file) = KeyFile::load(&path) else { continue };
        kinds.insert(file.kind().to_string());
        for kind in [SigningKind::Author, SigningKind::Service, SigningKind::Ledger] {
            if let Ok(key) = file.unlock_signing_key(kind, &passphrase) {
                raw.push(key.seed().to_vec());
            }
        }
        if let Ok(secret) = file.unlock_ceremony(&passphrase) {
            raw.push(secret.disclose().expose().to_vec());
            // Format and threshold, then scalars: signing, encryption, two coefficients.
            raw.extend(secret.to_bytes()[2..130].chunks(32).map(<[u8]>::to_vec));
        }
        if let Ok(secret) = file.unlock_registrar(&passphrase) {
            raw.push(secret.expose().to_vec());
        }
    }
    for kind in ["author", "ledger", "service", "ceremony", "registrar"] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    let mut all: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    for bytes in raw {
        let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
        for form in [bytes.clone(), reversed] {
            all.push(hex::encode(&form).into_bytes());
            all.push(hex::encode_upper(&form).into_bytes());
            all.push(
                base64::engine::general_purpose::STANDARD_NO_PAD
                    .encode(&form)
                    .into_bytes(),
            );
            // The debug form of a byte array.
            let numbers: Vec<String> = form.iter().take(8).map(u8::to_string).collect();
            all.push(numbers.join(", ").into_bytes());
            all.push(numbers.join(",").into_bytes());
            all.push(decimal(&form).into_bytes());
            all.push(form);
        }
    }
    all
}

/// A number, least significant byte first, as the records of the voting protocol write numbers.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0u8];
    for byte in bytes.iter().rev() {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = u8::try_from(carry % 10).expect("a digit");
            carry /= 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).expect("a digit"));
            carry /= 10;
        }
    }
    digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    haystack
        .iter()
        .enumerate()
        .filter(|(_, byte)| *byte == first)
        .any(|(at, _)| haystack[at..].starts_with(needle))
}

/// The search itself finds what is there.
#[test]
fn a_disclosed_secret_would_be_found() {
    assert!(contains(b"a log line with 01020304", b"01020304"));
    assert!(!contains(b"a log line with 0102030", b"01020304"));
    assert_eq!(decimal(&[0x15, 0xcd, 0x5b, 0x07]), "123456789");
}
