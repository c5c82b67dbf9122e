//! Bad input: each kind with its own error and its own advice, and the ledgers as they were.

use std::os::unix::fs::PermissionsExt as _;

use crate::common::{ELECTION, NOON, Office, copy_folder, sijill};

#[test]
fn a_wrong_passphrase_is_told_from_a_wrong_file() {
    let office = Office::with_people();
    office.write("wrong", "another passphrase\n");
    office.write("empty", "");
    let (dir, wrong, empty) = (office.path("data"), office.path("wrong"), office.path("empty"));
    sijill(&["--dir", &dir, "--passphrase-file", &wrong, "ledger", "list"]).refused("passphrase");
    sijill(&["--dir", &dir, "--passphrase-file", &empty, "ledger", "list"]).refused("empty");
    office.write("short", "short\n");
    let (short, key) = (office.path("short"), office.path("new.key"));
    sijill(&["--passphrase-file", &short, "key", "new", &key]).refused("passphrase");
    assert!(!std::path::Path::new(&key).exists());
    // A key file is never overwritten, and never read if others may read it.
    office
        .run(&["key", "new", &office.path("commission.key")])
        .refused("exists");
    let shown = office
        .run(&["key", "show", &office.path("commission.key")])
        .ok()
        .out;
    assert!(shown.contains("kind:       author"), "{shown}");
    office
        .run(&["key", "show", &office.path("rules.toml")])
        .refused("chmod 600");
    let commission = office.path("commission.key");
    std::fs::set_permissions(&commission, std::fs::Permissions::from_mode(0o644)).unwrap();
    office.define().refused("chmod 600");
}

#[test]
fn contradictory_election_files_define_nothing() {
    let office = Office::with_people();
    for (from, to, problem) in [
        (
            "min = 1\nmax = 2",
            "min = 3\nmax = 2",
            "min 3 is greater than max 2",
        ),
        ("max = 2", "max = 9", "max 9"),
        (
            "answers = [{ en = \"D\", ar = \"\" }, { en = \"E\", ar = \"\" }]",
            "answers = []",
            "has no answers",
        ),
        (
            "closes = \"2026-12-05T19:00:00+03:00\"",
            "closes = \"2026-12-05T06:00:00+03:00\"",
            "window",
        ),
        (
            "opens = \"2026-12-05T07:00:00+03:00\"",
            "opens = \"in the morning\"",
            "not a time such as",
        ),
        (
            "time_zone = \"Asia/Qatar\"",
            "time_zone = \"Asia/Qatarr\"",
            "time zone",
        ),
        (
            "trustees = [\"Court\", \"University\"]",
            "trustees = [\"Court\"]",
            "at least 2",
        ),
        (
            "format = \"sijill-election/1\"",
            "format = \"sijill-election/9\"",
            "sijill-election/9",
        ),
        ("rehearsal = true", "rehersal = true", "rehersal"),
        ("rehearsal = true", "rehearsal = false", "simulated clock"),
        ("id = \"south\"", "id = \"north\"", "distinct"),
        ("en = \"Council\"", "en = \"Coun\\u202Ecil\"", "U+202E"),
    ] {
        assert!(ELECTION.contains(from), "{from}");
        office.write("election.toml", &ELECTION.replacen(from, to, 1));
        office.define().refused(problem);
    }
    // A ballot larger than an entry.
    let answers: Vec<String> = (0..120)
        .map(|n| format!("{{ en = \"{n}\", ar = \"\" }}"))
        .collect();
    let many = ELECTION.replacen(
        "answers = [{ en = \"D\", ar = \"\" }, { en = \"E\", ar = \"\" }]",
        &format!("answers = [{}]", answers.join(",")),
        1,
    );
    office.write("election.toml", &many);
    office.define().refused("largest ballot");
    office.write("election.toml", ELECTION);
    let keys = [
        "election",
        "new",
        "--file",
        &office.path("election.toml"),
        "--rules",
        &office.path("rules.toml"),
        "--key",
        &office.path("commission.key"),
        "--registrar",
        &office.path("commission.key"),
        "--trustee",
        &office.path("t1/signing.key"),
        "--trustee",
        &office.path("t2/signing.key"),
    ];
    office.run(&keys).refused("two offices have the same key");
    let said = office.run(&["ledger", "list"]).ok().out;
    assert!(said.contains("no ledgers here yet"), "{said}");
}

#[test]
fn a_bad_roll_is_not_imported_and_names_lines_instead_of_persons() {
    let office = Office::with_event();
    let before = office.sizes();
    let long = "X".repeat(65);
    office.write(
        "roll.csv",
        &format!("\u{feff}identifier,district\nV1,north\nV2,west\nV1,north\n,north\nV3\n{long},south\nV4,south,x\nV\u{202e}5,south\nV٦,north\n"),
    );
    let import =
        |more: &[&str]| office.as_registrar(&[&["roll", "import", &office.path("roll.csv")], more].concat());
    let said = import(&[]).refused("7 bad lines");
    for line in [
        "line 3:",
        "line 4: repeats the person of line 2",
        "line 5:",
        "line 6:",
        "line 7:",
        "line 8:",
        "line 9:",
    ] {
        assert!(said.err.contains(line), "{line}: {}", said.err);
    }
    assert!(
        !said.err.contains("V1") && !said.err.contains("XXX"),
        "{}",
        said.err
    );
    assert_eq!(office.sizes(), before);
    assert!(
        !office.data().join("people/registrar").exists(),
        "no book was made"
    );

    let said = import(&["--skip-bad"]).ok().out;
    assert!(said.contains("Registered 2 voters"), "{said}");
    let said = import(&["--skip-bad"]).ok().out;
    assert!(
        said.contains("Registered 0 voters") && said.contains("2 were registered already"),
        "{said}"
    );
    // Arabic digits are the same person; another district is another matter.
    office.write("roll.csv", "identifier,district\nV6,south\n");
    import(&[]).refused("roll of another district");
    for (text, problem) in [
        ("V1,north\n", "line 1"),
        ("", "line 1"),
        ("identifier,district\n", "no persons"),
        ("identifier;district\nV1;north\n", "line 1"),
    ] {
        office.write("roll.csv", text);
        import(&[]).refused(problem);
    }
    std::fs::write(
        office.temp.path().join("roll.csv"),
        b"identifier,district\nV\xe9,north\n",
    )
    .unwrap();
    import(&[]).refused("line 2 of the file is not UTF-8");
    // The commission is not the registrar.
    office.write("roll.csv", "identifier,district\nV9,north\n");
    let (roll, key, secret) = (
        office.path("roll.csv"),
        office.path("commission.key"),
        office.path("registrar.secret"),
    );
    let before = office.sizes();
    office
        .run(&["roll", "import", &roll, "--key", &key, "--secret", &secret])
        .refused("role registrar");
    assert_eq!(office.sizes(), before);
    office
        .as_commission(&["election", "prepare"])
        .refused("have not published their keys");
}

#[test]
fn a_damaged_store_is_not_written_and_an_old_copy_is_noticed() {
    let mut office = Office::with_event();
    let engine = office.data().join("engine");
    let old = office.temp.path().join("old-copy");
    copy_folder(&engine, &old);
    office.prepare();
    office.at(NOON);
    let newest = office.temp.path().join("newest");
    copy_folder(&engine, &newest);

    std::fs::remove_dir_all(&engine).unwrap();
    copy_folder(&old, &engine);
    let said = office.run(&["ledger", "list"]).refused("old");
    assert!(said.err.contains("checkpoint record"), "{}", said.err);

    std::fs::remove_dir_all(&engine).unwrap();
    copy_folder(&newest, &engine);
    let database = engine.join("events.sqlite");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    for byte in bytes.iter_mut().skip(middle).take(20_000) {
        *byte ^= 0x55;
    }
    std::fs::write(&database, &bytes).unwrap();
    let _leftover = std::fs::remove_file(engine.join("events.sqlite-wal"));
    office.as_commission(&["election", "open"]).refused("damaged");
    std::fs::write(&database, b"not a database at all").unwrap();
    office
        .as_commission(&["election", "open"])
        .refused("is not an event store");

    std::fs::remove_dir_all(&engine).unwrap();
    copy_folder(&newest, &engine);
    office.as_commission(&["election", "open"]).ok();
}

#[test]
fn a_simulated_clock_is_only_for_rehearsals() {
    let office = Office::with_people();
    office.write(
        "election.toml",
        &ELECTION
            .replace("rehearsal = true", "rehearsal = false")
            .replace("2026-12-05", "2099-12-05"),
    );
    let (dir, passphrase) = (office.path("data"), office.path("passphrase"));
    let define = [
        "--dir",
        &dir,
        "--passphrase-file",
        &passphrase,
        "election",
        "new",
        "--file",
        &office.path("election.toml"),
        "--rules",
        &office.path("rules.toml"),
        "--key",
        &office.path("commission.key"),
        "--registrar",
        &office.path("registrar.key"),
        "--trustee",
        &office.path("t1/signing.key"),
        "--trustee",
        &office.path("t2/signing.key"),
    ];
    sijill(&define).ok();
    office.run(&["ledger", "list"]).refused("simulated clock");
    sijill(&["--dir", &dir, "--passphrase-file", &passphrase, "ledger", "list"]).ok();
}
