//! Checking, copying and putting back what an installation holds.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail by panicking too")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{NOON, Office, copy_folder, files, sijill};

/// An event with two ballots in the north.
fn voted() -> Office {
    let mut office = Office::with_event();
    office.prepare();
    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    for voter in ["V1", "V2"] {
        office.vote(voter, "north", "1", &[]).ok();
    }
    office
}

fn check(office: &Office) -> (i32, Value) {
    let said = office.run(&["--json", "store", "check"]);
    let line = said.out.lines().next().unwrap_or_default();
    (
        said.code,
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {} {}", said.out, said.err)),
    )
}

/// Changes the database behind the store's back.
fn tamper(office: &Office, sql: &str) {
    let connection = rusqlite::Connection::open(office.data().join("engine/events.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// Every finding: ledger, position.
fn found(report: &Value) -> Vec<(String, Option<u64>)> {
    let mut all = Vec::new();
    for ledger in report["ledgers"].as_array().unwrap() {
        for finding in ledger["findings"].as_array().unwrap() {
            all.push((
                ledger["ledger"].as_str().unwrap().to_owned(),
                finding["seq"].as_u64(),
            ));
        }
    }
    all
}

/// The ledger of a database's row number, and its length.
fn ledger_of(office: &Office, no: i64) -> (String, i64) {
    let connection = rusqlite::Connection::open(office.data().join("engine/events.sqlite")).unwrap();
    let sql =
        "SELECT lower(hex(l.id)), count(*) FROM ledgers l JOIN entries e ON e.ledger = l.no WHERE l.no = ?1";
    connection
        .query_row(sql, [no], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
}

/// Scenario 46: a row edited, an event removed; the first bad position is named.
#[test]
fn damage_is_named_by_ledger_and_position() {
    let office = voted();
    let (code, report) = check(&office);
    assert_eq!((code, &report["sound"]), (0, &Value::Bool(true)), "{report}");
    // It needs no passphrase.
    sijill(&["--dir", &office.path("data"), "store", "check"]).ok();
    let engine = office.data().join("engine");
    let good = office.temp.path().join("good");
    copy_folder(&engine, &good);
    let again = || {
        fs::remove_dir_all(&engine).unwrap();
        copy_folder(&good, &engine);
    };
    let (ledger, length) = ledger_of(&office, 1);
    assert!(length > 4);

    // A leaf hash, an entry, the last entry, several in a row, and bytes with their own leaf hash.
    let leaf_of = |bytes: &[u8]| sijill_store::leaf_hash(bytes);
    for (sql, at) in [
        (
            "UPDATE entries SET leaf = zeroblob(32) WHERE ledger = 1 AND pos & 0xffff = 3",
            3,
        ),
        ("DELETE FROM entries WHERE ledger = 1 AND pos & 0xffff = 2", 2),
        (
            "UPDATE entries SET bytes = x'00' WHERE ledger = 1 AND pos & 0xffff IN (1, 2, 3)",
            1,
        ),
    ] {
        tamper(&office, sql);
        let (code, report) = check(&office);
        assert_eq!(code, 1, "{report}");
        assert_eq!(found(&report), [(ledger.clone(), Some(at))], "{sql}: {report}");
        office.run(&["ledger", "list"]).refused(&format!("position {at}"));
        again();
    }
    let connection = rusqlite::Connection::open(engine.join("events.sqlite")).unwrap();
    let mut bytes: Vec<u8> = connection
        .query_row(
            "SELECT bytes FROM entries WHERE ledger = 1 AND pos & 0xffff = 2",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let end = bytes.len() - 1;
    bytes[end] ^= 1;
    connection
        .execute(
            "UPDATE entries SET bytes = ?1, leaf = ?2 WHERE ledger = 1 AND pos & 0xffff = 2",
            rusqlite::params![bytes, leaf_of(&bytes).as_bytes()],
        )
        .unwrap();
    drop(connection);
    let (code, report) = check(&office);
    assert_eq!(
        (code, found(&report)),
        (1, vec![(ledger.clone(), Some(2))]),
        "{report}"
    );
    again();

    // Documents: each is cited by somebody, and its loss is told with who cites it.
    let content = files(&engine.join("content"));
    for (n, document) in content.iter().enumerate() {
        if n % 2 == 0 {
            fs::remove_file(document).unwrap();
        } else {
            fs::write(document, "another document").unwrap();
        }
        let (code, report) = check(&office);
        assert_eq!(code, 1, "{report}");
        let name = document.file_name().unwrap().to_str().unwrap();
        assert!(report.to_string().contains(name), "{name}: {report}");
        assert!(found(&report).iter().any(|(_, seq)| seq.is_some()), "{report}");
        again();
    }

    // The record of a ledger: gone, and of another ledger; a record of a ledger that the store does not have.
    let record = office.data().join("checkpoints");
    let file = record.join(format!("{ledger}.checkpoint"));
    let note = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let (code, report) = check(&office);
    assert_eq!(
        (code, found(&report)),
        (1, vec![(ledger.clone(), None)]),
        "{report}"
    );
    fs::write(&file, "go on").unwrap();
    let (code, report) = check(&office);
    assert_eq!(
        (code, found(&report)),
        (1, vec![(ledger.clone(), None)]),
        "{report}"
    );
    office
        .run(&["ledger", "list"])
        .refused("do not delete the record");
    fs::write(&file, &note).unwrap();
    let lost = "ab".repeat(32);
    fs::write(record.join(format!("{lost}.checkpoint")), &note).unwrap();
    let (code, report) = check(&office);
    assert_eq!(
        (code, found(&report)),
        (1, vec![(lost.clone(), None)]),
        "{report}"
    );
    fs::remove_file(record.join(format!("{lost}.checkpoint"))).unwrap();
    assert_eq!(check(&office).0, 0);
}

/// Whatever page of the file is overwritten: the check says so, or the page holds nothing; it never crashes, and no
/// ledger is called sound that the engine cannot open.
#[test]
fn an_overwritten_page_is_found() {
    let office = voted();
    let engine = office.data().join("engine");
    let database = engine.join("events.sqlite");
    let good = fs::read(&database).unwrap();
    let pages = good.len() / 4096;
    for page in (0..pages).step_by((pages / 12).max(1)) {
        let mut bytes = good.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0x5a);
        fs::write(&database, &bytes).unwrap();
        let said = office.run(&["store", "check"]);
        assert_eq!(said.code, 1, "page {page}: {} {}", said.out, said.err);
        assert!(
            said.err.contains("help: ") && !said.err.contains("panicked"),
            "{}",
            said.err
        );
    }
    fs::write(&database, &good).unwrap();
    assert_eq!(check(&office).0, 0);
}

#[test]
fn a_backup_comes_back_and_an_old_one_is_not_gone_on_with() {
    let mut office = voted();
    let engine = office.data().join("engine");
    let record = office.data().join("checkpoints");
    let (early, late) = (office.path("early"), office.path("late"));
    office.run(&["backup", &early, "--keys"]).ok();
    office.run(&["backup", &early]).refused("is not empty");
    office
        .run(&["backup", engine.join("backup").to_str().unwrap()])
        .refused("must not lie in the data folder");
    office.vote("V3", "north", "2", &[]).ok();
    office.run(&["backup", &late, "--keys"]).ok();
    let sizes = office.sizes();
    office.run(&["restore", &late]).refused("is not empty");

    // The newest: everything goes on.
    let lost = office.temp.path().join("lost");
    fs::rename(&engine, &lost).unwrap();
    let notes = |folder: &Path| -> Vec<Vec<u8>> {
        let mut all = files(folder);
        all.retain(|path| path.extension().is_some_and(|e| e == "checkpoint"));
        all.sort();
        all.iter().map(|path| fs::read(path).unwrap()).collect()
    };
    let before = notes(&record);
    let said = office.run(&["restore", &late]).ok().out;
    assert!(said.contains("allows every ledger to go on"), "{said}");
    assert_eq!(notes(&record), before);
    assert_eq!(office.sizes(), sizes);
    office.at(crate::common::AFTERNOON);
    office.vote("V4", "north", "1", &[]).ok();

    // The old one: it is there to be read, and nothing is signed.
    fs::remove_dir_all(&engine).unwrap();
    let before = notes(&record);
    office
        .run(&["restore", &early])
        .refused("forbids 1 ledgers to go on");
    assert_eq!(notes(&record), before);
    office.run(&["ledger", "list"]).refused("old backup");
    let (code, report) = check(&office);
    assert_eq!((code, found(&report).len()), (1, 1), "{report}");

    // An altered backup, an incomplete one, one that lists what is not ours: no data folder appears.
    fs::remove_dir_all(&engine).unwrap();
    let late = Path::new(&late);
    let manifest = fs::read_to_string(late.join("manifest.json")).unwrap();
    let document = files(&late.join("content")).remove(0);
    let right = fs::read(&document).unwrap();
    fs::write(&document, "x").unwrap();
    office
        .run(&["restore", late.to_str().unwrap()])
        .refused("is damaged");
    fs::write(&document, right).unwrap();
    fs::write(
        late.join("manifest.json"),
        manifest.replace("content/", "../content/"),
    )
    .unwrap();
    office
        .run(&["restore", late.to_str().unwrap()])
        .refused("it lists");
    fs::remove_file(late.join("manifest.json")).unwrap();
    office
        .run(&["restore", late.to_str().unwrap()])
        .refused("no manifest.json");
    assert!(!engine.exists());
    assert!(!office.data().join("engine.new").exists());
}

/// Copies are made while a demonstration writes; each of them replays.
#[test]
fn a_backup_of_a_store_that_is_written_to() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("demo");
    let mut running = Command::new(env!("CARGO_BIN_EXE_sijill"))
        .args([
            "demo",
            "--voters",
            "400",
            "--requests",
            "20",
            "--comments",
            "40",
            "--dir",
            dir.to_str().unwrap(),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let event = dir.join("referendum-2026");
    let e = event.to_str().unwrap();
    let mut copies = 0;
    let mut last = String::new();
    while copies < 8 && running.try_wait().unwrap().is_none() {
        let events = event.join("engine/events.sqlite");
        if event.join("site.toml").exists() && fs::metadata(events).is_ok_and(|file| file.len() > 0) {
            // A second process that wants to work on the folder is told who has it.
            let list = sijill(&["--dir", e, "store", "check"]);
            if list.code == 1 {
                assert!(list.err.contains("is in use by process"), "{}", list.err);
            }
            last = temp
                .path()
                .join(format!("copy-{copies}"))
                .to_str()
                .unwrap()
                .to_owned();
            sijill(&["--dir", e, "backup", &last]).ok();
            copies += 1;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(copies > 0);
    running.kill().unwrap();
    running.wait().unwrap();
    for copy in 0..copies {
        // Into another installation: every ledger replays, and the record of another one allows nothing.
        let other = temp.path().join(format!("other-{copy}"));
        fs::create_dir_all(other.join("engine")).unwrap();
        fs::copy(event.join("site.toml"), other.join("site.toml")).unwrap();
        copy_folder(&event.join("checkpoints"), &other.join("checkpoints"));
        let from = temp.path().join(format!("copy-{copy}"));
        let said = sijill(&[
            "--dir",
            other.to_str().unwrap(),
            "restore",
            from.to_str().unwrap(),
        ]);
        assert!(said.out.contains("Restored"), "{} {}", said.out, said.err);
        assert!(said.code == 0 || said.err.contains("to go on"), "{}", said.err);
    }
    assert!(Path::new(&last).join("manifest.json").exists());
}

#[test]
fn views_are_rebuilt_to_the_same() {
    let office = voted();
    let rows = |said: &str| serde_json::from_str::<Value>(said).unwrap()["rebuilt"].clone();
    let first = rows(&office.run(&["--json", "views", "rebuild"]).ok().out);
    // Two boxes of three views, one election ledger of one.
    assert_eq!(first.as_array().unwrap().len(), 7, "{first}");
    let snapshots = files(&office.data().join("engine/snapshots"));
    assert_eq!(snapshots.len(), 7);
    fs::write(&snapshots[0], "not a snapshot").unwrap();
    let second = rows(&office.run(&["--json", "views", "rebuild"]).ok().out);
    for (one, two) in first.as_array().unwrap().iter().zip(second.as_array().unwrap()) {
        assert_eq!(one["sha256"], two["sha256"]);
        assert_ne!(two["as_before"], Value::Bool(false), "{two}");
    }
    assert_eq!(
        second
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["as_before"].is_null())
            .count(),
        1
    );
}

/// A full disk while a key file is written: the name is free again, and the advice is to free space.
#[test]
fn no_space_for_a_key_file() {
    let temp = tempfile::tempdir().unwrap();
    let passphrase = temp.path().join("passphrase");
    fs::write(&passphrase, "correct horse battery\n").unwrap();
    let small = temp.path().join("small");
    fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4k,mode=700", "tmpfs"])
        .arg(&small)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("skipped: mounting a small file system needs root; run as root, or under `unshare -rm`");
        return;
    }
    fs::write(small.join("ballast"), [0; 4096]).unwrap();
    let key = small.join("new.key");
    let (p, k) = (passphrase.to_str().unwrap(), key.to_str().unwrap());
    let said = sijill(&["--passphrase-file", p, "key", "new", k]);
    let free = !key.exists();
    Command::new("umount").arg("-l").arg(&small).status().unwrap();
    let said = said.refused("No space left");
    assert!(said.err.contains("free space"), "{}", said.err);
    assert!(free);
}
