//! The test server is held to its protocol by a client that nobody here wrote: the package `kurrentdbclient` for Python.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use sijill_kurrentdb_testserver::{Cluster, Options};

/// A Python with the package, made once under `target/`.
fn python() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kurrentdbclient");
    let python = folder.join("bin/python");
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let has_it = |python: &Path| run(Command::new(python).args(["-c", "import kurrentdbclient"]));
    if has_it(&python).is_err() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let install = ["-m", "pip", "install", "--quiet", "kurrentdbclient==1.3.5"];
        run(Command::new(&python).args(install))?;
        has_it(&python)?;
    }
    Ok(python)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kurrentdbclient() {
    let python = match tokio::task::spawn_blocking(python).await.unwrap() {
        Ok(python) => python,
        Err(reason) => {
            eprintln!("skipped, kurrentdbclient cannot be installed: {reason}");
            return;
        }
    };
    let options = Options {
        max_append_bytes: 100_000,
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.unwrap();
    common::filled(&cluster, 3).await;
    let port = cluster.url();
    let port = port
        .split(['?'])
        .next()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/drive.py"))
        .arg(format!("kdb://localhost:{port}?Tls=false"))
        .arg(common::stream());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "driven\n");
}
