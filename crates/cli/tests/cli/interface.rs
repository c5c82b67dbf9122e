//! The command line as a whole, from its own help: new commands are found and tested by themselves.

use std::process::{Command, Stdio};

use crate::common::{Said, sijill};
use crate::golden;

/// Every command with its subcommands, from the help texts.
fn tree() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![Vec::new()];
    while let Some(path) = waiting.pop() {
        found.push(path.clone());
        // `verify` is the independent verifier, with help of its own.
        for sub in subcommands(&help(&path)).into_iter().filter(|sub| sub != "help") {
            let mut path = path.clone();
            path.push(sub);
            waiting.push(path);
        }
    }
    found.sort();
    found
}

fn help(path: &[String]) -> String {
    let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
    args.push("--help");
    sijill(&args).ok().out
}

fn subcommands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Something for each argument that the usage line asks for; no file of these names exists.
fn arguments(usage: &str) -> Vec<String> {
    usage
        .split_whitespace()
        .filter(|word| !word.starts_with('[') && !word.contains('|'))
        .filter(|word| word.starts_with('<') || word.starts_with("--"))
        .map(|word| match word.trim_end_matches("...") {
            "<KEY>" => "0".repeat(64),
            "<SHELL>" => "bash".to_owned(),
            option if option.starts_with("--") => option.to_owned(),
            _ => "nothing-of-this-name".to_owned(),
        })
        .collect()
}

fn only_line(said: &Said, what: &str) -> serde_json::Value {
    assert_eq!(said.out.lines().count(), 1, "{what}: {}\n{}", said.out, said.err);
    assert!(said.out.ends_with('\n'), "{what}");
    let line = serde_json::from_str(&said.out);
    assert!(line.is_ok(), "{what}: {}", said.out);
    line.expect("JSON")
}

#[test]
fn every_command_answers_with_one_line_of_json() {
    let leaves = tree();
    assert!(leaves.len() > 30, "the commands are found: {leaves:?}");
    for path in leaves {
        let text = help(&path);
        if !subcommands(&text).is_empty() || path == ["demo"] {
            continue;
        }
        let usage = text
            .lines()
            .find(|line| line.starts_with("Usage:"))
            .expect("a usage");
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let empty = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sijill"));
        command
            .current_dir(empty.path())
            .args(["--json", "--rehearsal-clock", "2026-12-01T12:00:00Z"])
            .args(&words)
            .args(arguments(usage))
            .stdin(Stdio::null());
        for variable in [
            "SIJILL_PASSPHRASE_FILE",
            "SIJILL_ENGINE_PASSPHRASE_FILE",
            "SIJILL_LOG",
        ] {
            command.env_remove(variable);
        }
        let what = format!("{path:?} {:?}", arguments(usage));
        let said = Said::of(command.output().unwrap());
        let line = only_line(&said, &what);
        if said.code != 0 {
            for field in ["error", "help", "kind", "code"] {
                assert!(
                    line[field].as_str().is_some_and(|text| !text.is_empty()),
                    "{what}: {line}"
                );
            }
            assert_eq!(said.err, "", "{what}");
        }
        // Wrong arguments too.
        let mut wrong = words.clone();
        wrong.extend(["--json", "--no-such-option"]);
        if path.first().is_some_and(|first| first == "verify") {
            continue;
        }
        let said = sijill(&wrong);
        let line = only_line(&said, &format!("{wrong:?}"));
        assert_eq!(
            (said.code, line["code"].as_str()),
            (2, Some("usage")),
            "{wrong:?}"
        );
    }
}

#[test]
fn the_verifier_answers_with_one_line_of_json() {
    for args in [
        &["--json", "verify", "event", "/nothing"][..],
        &["verify", "event", "/nothing", "--json"],
        &["--json", "verify", "ledger", "/nothing"],
        &["--json", "receipt", "check", "/nothing", "--trust", "/nothing"],
    ] {
        let said = sijill(args);
        let line = only_line(&said, &format!("{args:?}"));
        assert_eq!(line["code"], "unusable", "{line}");
    }
}

#[test]
fn help_is_as_it_was() {
    let mut text = String::new();
    for path in tree() {
        text.push_str(&format!(
            "$ sijill {}\n{}\n",
            [&path[..], &["--help".to_owned()]].concat().join(" "),
            help(&path)
        ));
    }
    golden::compare("help.txt", &text);
}

#[test]
fn completions_and_man_pages_mention_every_command() {
    // What `verify` takes is completed by the completions of `sijill-verify`.
    let (inner, leaves): (Vec<_>, Vec<_>) = tree()
        .into_iter()
        .partition(|path| path.first().is_some_and(|first| first == "verify") && path.len() > 1);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sijill(&["generate", "completions", shell]).ok().out;
        for word in leaves.iter().filter(|path| !path.is_empty()) {
            let last = word.last().expect("a word");
            assert!(script.contains(last.as_str()), "{shell}: {last}");
        }
        let other = sijill(&["generate", "completions", shell, "--program", "sijill-verify"])
            .ok()
            .out;
        assert!(other.contains("require-stage"), "{shell}");
        for word in inner.iter().filter_map(|path| path.last()) {
            assert!(other.contains(word.as_str()), "{shell}: {word}");
        }
    }
    let temp = tempfile::tempdir().unwrap();
    let out = temp.path().join("man");
    sijill(&["generate", "man", out.to_str().unwrap()]).ok();
    let page =
        |name: String| std::fs::read_to_string(out.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    for path in leaves {
        let words: Vec<String> = std::iter::once("sijill".to_owned()).chain(path).collect();
        assert!(page(format!("{}.1", words.join("-"))).contains("SYNOPSIS"));
    }
    for name in ["sijill-verify.1", "sijill-verify-event.1"] {
        assert!(page(name.to_owned()).contains("SYNOPSIS"));
    }
}

/// While it waits for its passphrase, a process shows what others may see of it.
#[cfg(target_os = "linux")]
#[test]
fn no_core_dump_and_no_secret_among_the_arguments() {
    use std::io::Write as _;
    let temp = tempfile::tempdir().unwrap();
    let (fifo, key) = (temp.path().join("fifo"), temp.path().join("new.key"));
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut running = Command::new(env!("CARGO_BIN_EXE_sijill"))
        .args([
            "--rehearsal-clock",
            "2026-12-01T12:00:00Z",
            "--danger-fast-keys",
            "--passphrase-file",
        ])
        .arg(&fifo)
        .args(["key", "new"])
        .arg(&key)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Opening for writing returns once the command has opened the file for reading.
    let mut passphrase = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    let proc = std::path::PathBuf::from(format!("/proc/{}", running.id()));
    let limits = std::fs::read_to_string(proc.join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    assert_eq!(core.split_whitespace().nth(5), Some("0"), "{core}");
    passphrase.write_all(b"a passphrase from a pipe\n").unwrap();
    let arguments = std::fs::read(proc.join("cmdline")).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains("a passphrase from"));
    drop(passphrase);
    assert!(running.wait().unwrap().success());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}
