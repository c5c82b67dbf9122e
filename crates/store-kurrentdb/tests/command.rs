//! The `sijill` command, built with the feature `kurrentdb`, on the test server: the whole demonstration, and copies
//! between both kinds of store. `SIJILL_BIN` names the command.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::cluster;

fn command() -> Option<PathBuf> {
    let path = std::env::var_os("SIJILL_BIN").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped, set SIJILL_BIN=<the sijill command, built with --features kurrentdb>");
    }
    path
}

async fn run(bin: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(bin);
    command.args(arguments).env_remove("SIJILL_STORE_PASSWORD");
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

async fn succeeds(bin: &Path, arguments: &[&str]) -> String {
    let output = run(bin, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demonstration_and_copies() {
    let Some(bin) = command() else { return };
    let cluster = cluster(3).await;
    let url = cluster.url();
    let outer = tempfile::tempdir().unwrap();
    let path = |name: &str| outer.path().join(name).to_str().unwrap().to_owned();
    let demo = path("demo");
    let told = succeeds(&bin, &["demo", "--dir", &demo, "--voters", "25", "--store", &url]).await;
    assert!(
        told.contains("The decrypted numbers are those of the plain votes"),
        "{told}"
    );
    let event = std::fs::read_dir(&demo)
        .unwrap()
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .find(|path| path.join("site.toml").exists())
        .unwrap();
    assert!(!event.join("engine/events.sqlite").exists());
    let site = std::fs::read_to_string(event.join("site.toml")).unwrap();
    let place = site
        .lines()
        .find_map(|line| line.strip_prefix("store = "))
        .unwrap();
    let place = place.trim_matches('"').to_owned();

    // Out of KurrentDB, back into it, and again: nothing is left to do.
    let file = path("copy.sqlite");
    let first = succeeds(&bin, &["store", "copy", "--from", &place, "--to", &file]).await;
    assert!(first.contains("Equal: "), "{first}");
    let back = format!("{url}&namespace=back");
    let second = succeeds(&bin, &["store", "copy", "--from", &file, "--to", &back]).await;
    let third = succeeds(&bin, &["store", "copy", "--from", &file, "--to", &back]).await;
    assert!(third.contains("; 0 entries were copied now."), "{third}");
    let roots = |text: &str| {
        text.lines()
            .filter(|line| line.contains("root"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(roots(&first), roots(&second));
    assert_eq!(roots(&first), roots(&third));

    // A copy that was interrupted anywhere is completed; one that differs is left alone.
    let ledger = roots(&first)[0][..64].to_owned();
    let stream = format!("back-{ledger}");
    let len = cluster.database().len(&stream);
    cluster.database().cut(&stream, len / 2);
    let resumed = succeeds(&bin, &["store", "copy", "--from", &file, "--to", &back]).await;
    assert!(
        resumed.contains(&format!("; {} entries were copied now.", len - len / 2)),
        "{resumed}"
    );
    cluster.database().redact(&stream, len / 3);
    let differs = run(&bin, &["store", "copy", "--from", &file, "--to", &back]).await;
    assert_eq!(differs.status.code(), Some(1));
    let told = text(&differs);
    assert!(
        told.contains(&format!("damaged at position {}", len / 3)),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_do_not_belong_on_the_command_line() {
    let Some(bin) = command() else { return };
    let refused = run(&bin, &["demo", "--store", "kurrentdb://user:secret@db.example"]).await;
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused);
    assert!(told.contains("SIJILL_STORE_PASSWORD_FILE"), "{told}");
    let unreachable = run(
        &bin,
        &[
            "store",
            "copy",
            "--from",
            "kurrentdb://user@localhost:1",
            "--to",
            "x",
        ],
    )
    .await;
    assert_eq!(unreachable.status.code(), Some(1));
}
