//! The commands on real folders: receipts, single ledgers, exit codes, output.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sijill_verifier::{
    CheckVerdict, Options, Profile, Report, Verdict, verify_event, verify_ledger, verify_receipts,
};
use support::{Event, honest};

struct Scene {
    event: Event,
    dir: tempfile::TempDir,
}

impl Scene {
    fn new(accredited: bool) -> Scene {
        let event = honest();
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in &event.files(accredited).files {
            let path = dir.path().join("published").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::write(dir.path().join("trust.json"), event.trust_json(Some(4))).unwrap();
        Scene { event, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sijill-verify"));
        command.args(args).current_dir(self.dir.path()).output().unwrap()
    }

    fn receipt(&self, file: &Path, folder: bool) -> Report {
        let published = self.path("published");
        let folder = folder.then_some(published.as_path());
        verify_receipts(&[file.to_owned()], &self.path("trust.json"), folder, Some(2)).unwrap()
    }
}

fn failed(report: &Report) -> Vec<&'static str> {
    let failed = report
        .checks
        .iter()
        .filter(|check| check.verdict == CheckVerdict::Fail);
    failed
        .flat_map(|check| check.counter_examples.iter().map(|example| example.code))
        .collect()
}

#[test]
fn folders_and_single_ledgers() {
    let scene = Scene::new(true);
    let options = Options {
        trust: Some(scene.path("trust.json")),
        profile: Profile::Accredited,
        ..Options::default()
    };
    let report = verify_event(&scene.path("published"), &options).unwrap();
    assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
    assert_eq!(report.inputs.len(), 5, "trust file and four checkpoints");
    for ledger in &report.ledgers {
        let folder = scene.path("published/ledgers").join(&ledger.id);
        let report = verify_ledger(&folder, &options).unwrap();
        assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
        let alone = verify_ledger(&folder, &Options::default()).unwrap();
        assert_eq!(alone.verdict, Verdict::SelfConsistent);
        fs::write(folder.join("tile/extra"), b"").unwrap();
        assert_eq!(
            failed(&verify_ledger(&folder, &options).unwrap()),
            ["folder.unexpected"]
        );
    }
    assert!(verify_ledger(&scene.path("published"), &options).is_err());
}

#[test]
fn symbolic_links_are_refused_even_to_the_right_bytes() {
    let scene = Scene::new(false);
    let options = Options {
        trust: Some(scene.path("trust.json")),
        ..Options::default()
    };
    let content = fs::read_dir(scene.path("published/content"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::rename(&content, scene.path("elsewhere")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(scene.path("elsewhere"), &content).unwrap();
        let report = verify_event(&scene.path("published"), &options).unwrap();
        assert!(
            failed(&report).contains(&"folder.unexpected"),
            "{}",
            report.to_text()
        );
        assert!(
            failed(&report).contains(&"folder.content"),
            "{}",
            report.to_text()
        );
    }
}

#[test]
fn receipts_prove_inclusion_and_forks() {
    let scene = Scene::new(false);
    let east = &scene.event.boxes[0];
    for size in [4, 7, east.size()] {
        for index in 0..size {
            let file = scene.write("r.tlog-proof", &east.receipt(index, size));
            for folder in [false, true] {
                let report = scene.receipt(&file, folder);
                assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
                let known = report.checks.iter().find(|check| check.number == "7.5").unwrap();
                assert_eq!(known.looked_at, u64::from(folder) + u64::from(size == 4));
            }
        }
    }
    let honest = east.receipt(3, east.size());
    let report = scene.receipt(&scene.write("r", &honest), false);
    assert_eq!(report.receipts[0].event, "BallotCast");
    assert_eq!(report.receipts[0].received, "2027-01-15T09:00:01Z");
    assert_eq!(
        report.receipts[0].tracking_code.as_ref().map(String::len),
        Some(43)
    );
    let credential = (curve25519_dalek::constants::ED25519_BASEPOINT_POINT * support::secret(0))
        .compress()
        .0;
    let reversed: Vec<u8> = credential.iter().rev().copied().collect();
    assert_eq!(report.receipts[0].credential, Some(hex::encode(reversed)));

    // Another history, signed by the same key.
    let mut forked = support::honest();
    forked.boxes[0].leaves[5][0] ^= 1;
    let fork = forked.boxes[0].receipt(3, east.size());
    let report = scene.receipt(&scene.write("r", &fork), true);
    assert_eq!(failed(&report), ["receipt.fork"], "{}", report.to_text());
    assert!(report.to_text().contains("together prove a fork"));
    let short = {
        forked.boxes[0].leaves[1][0] ^= 1;
        forked.boxes[0].receipt(3, 4)
    };
    let report = scene.receipt(&scene.write("r", &short), false);
    assert_eq!(failed(&report), ["receipt.fork"], "{}", report.to_text());

    // Longer than the published ledger: no fork, but not contained either.
    let mut longer = support::honest();
    longer.boxes[0].leaves.push([1; 32]);
    let report = scene.receipt(
        &scene.write("r", &longer.boxes[0].receipt(3, east.size() + 1)),
        true,
    );
    assert_eq!(failed(&report), ["receipt.known"], "{}", report.to_text());

    for bad in [
        honest.replace("index 3", "index 4"),
        honest.replace("index 3", "index 03"),
        honest.replacen("extra A", "extra B", 1),
        honest.replace("vote.example", "vote.exampl3"),
    ] {
        assert_ne!(bad, honest);
        let report = scene.receipt(&scene.write("r", &bad), false);
        assert_eq!(report.verdict, Verdict::NotVerified, "{}", report.to_text());
    }
    let step = honest.len() / 97;
    for at in (24..honest.len()).step_by(step) {
        let mut bytes = honest.clone().into_bytes();
        bytes[at] ^= 1;
        fs::write(scene.path("r"), bytes).unwrap();
        let report = scene.receipt(&scene.path("r"), false);
        assert_eq!(
            report.verdict,
            Verdict::NotVerified,
            "byte {at}\n{}",
            report.to_text()
        );
    }
}

#[test]
fn exit_codes_are_a_closed_set() {
    let scene = Scene::new(false);
    let code = |args: &[&str]| scene.run(args).status.code();
    let trusted = ["event", "published", "--trust", "trust.json"];
    assert_eq!(code(&trusted), Some(0));
    assert_eq!(code(&["event", "published"]), Some(1));
    assert_eq!(
        code(&[
            "event",
            "published",
            "--trust",
            "trust.json",
            "--profile",
            "accredited"
        ]),
        Some(1)
    );
    assert_eq!(code(&["event", "nowhere", "--trust", "trust.json"]), Some(2));
    assert_eq!(code(&["event", "trust.json", "--trust", "trust.json"]), Some(2));
    assert_eq!(code(&["event", "published", "--trust", "published"]), Some(2));
    scene.write("bad.json", "{}");
    assert_eq!(code(&["event", "published", "--trust", "bad.json"]), Some(2));
    scene.write("no.tlog-proof", "hello\n");
    assert_eq!(
        code(&["receipt", "no.tlog-proof", "--trust", "trust.json"]),
        Some(2)
    );
    scene.write("yes.tlog-proof", &scene.event.election.receipt(2, 9));
    assert_eq!(
        code(&[
            "receipt",
            "yes.tlog-proof",
            "--trust",
            "trust.json",
            "--folder",
            "published"
        ]),
        Some(0)
    );
    assert_eq!(code(&[]), Some(2));
    assert_eq!(code(&["event", "published", "--require-stage", "later"]), Some(2));
    assert_eq!(code(&["event", "published", "--threads", "0"]), Some(2));
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["explain", "ballot.proof"]), Some(0));
    assert_eq!(code(&["explain"]), Some(0));
    assert_eq!(code(&["explain", "ballot.\u{1b}[31m"]), Some(2));
    let explained = scene.run(&["explain", "ledger.fork"]).stdout;
    assert!(
        String::from_utf8(explained)
            .unwrap()
            .starts_with("ledger.fork (check 2.4): ")
    );

    let archives = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/bel");
    assert_eq!(
        code(&["bel", &format!("{archives}/tiny"), "--require-stage", "result"]),
        Some(0)
    );
    assert_eq!(code(&["bel", archives]), Some(1));
    assert_eq!(
        code(&["bel", archives, "--profile", "compatible", "--json"]),
        Some(0)
    );
    assert_eq!(code(&["bel", "trust.json"]), Some(2));
    assert_eq!(code(&["bel", "nowhere"]), Some(2));
    assert_eq!(code(&["bel"]), Some(2));

    assert_eq!(code(&[&trusted[..], &["--plain"]].concat()), Some(0));
    let json = scene.run(&[
        "event",
        "published",
        "--trust",
        "trust.json",
        "--json",
        "--threads",
        "2",
    ]);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["verdict"], "verified");
    assert_eq!(report["format"], "sijill-report/1");
    assert_eq!(report["checks"].as_array().map(Vec::len), Some(68));
}

/// Names of files come from whoever made the folder, and end on the terminal of whoever checks it.
#[cfg(unix)]
#[test]
fn nothing_in_a_folder_reaches_the_terminal_raw() {
    let scene = Scene::new(false);
    let evil = "\u{1b}]0;owned\u{7}\u{202e}verified\u{9b}2J";
    fs::write(scene.path("published").join(evil), b"").unwrap();
    for json in [&["--json"][..], &[][..]] {
        let args = [&["event", "published", "--trust", "trust.json"][..], json].concat();
        let output = scene.run(&args);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("owned"));
        let raw = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(raw), "{text:?}");
    }
}
