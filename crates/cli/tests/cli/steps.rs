//! A whole event by single commands, each signed by the person whose act it is, and what is refused on the way.

use crate::common::{AFTERNOON, EVENING, NIGHT, NOON, Office, copy_folder, sijill};

#[test]
fn an_event_from_its_definition_to_its_result() {
    let mut office = Office::with_event();
    office.prepare();
    // Every step is complete: doing it again changes nothing.
    let before = office.sizes();
    office.as_commission(&["election", "prepare"]).ok();
    assert_eq!(office.sizes(), before);
    office
        .as_registrar(&["roll", "import", &office.path("roll.csv")])
        .refused("frozen");
    office.as_commission(&["election", "open"]).refused("too early");
    office.vote("V1", "north", "1", &[]).refused("not yet open");

    office.at(NOON);
    // The registrar's key does not open boxes.
    office
        .run(&["election", "open", "--key", &office.path("registrar.key")])
        .refused("must be signed by");
    office.as_commission(&["election", "open"]).ok();
    office.as_commission(&["election", "close"]).refused("too early");

    let first = office
        .vote(
            "V1",
            "north",
            "1",
            &["--receipt", &office.path("first.tlog-proof")],
        )
        .ok()
        .out;
    let again = office
        .vote(
            "V1",
            "north",
            "2,3",
            &["--receipt", &office.path("again.tlog-proof")],
        )
        .ok()
        .out;
    let code = |said: &str| {
        let line = said
            .lines()
            .find(|l| l.starts_with("tracking code:"))
            .expect("a tracking code");
        line.rsplit(' ').next().expect("a code").to_owned()
    };
    assert!(
        again.contains(&format!("replaces:      {}", code(&first))),
        "{again}"
    );
    office.vote("V2", "north", "blank", &[]).ok();
    office.vote("V3", "north", "1,2", &[]).ok();
    office.vote("V11", "south", "1", &[]).ok();
    office.vote("V12", "south", "2", &[]).ok();
    office.at(AFTERNOON);
    let audit = office
        .vote(
            "V4",
            "north",
            "3",
            &["--audit", "--opening", &office.path("opening.json")],
        )
        .ok()
        .out;
    assert!(audit.contains("[[0, 0, 0, 1]]"), "{audit}");
    office.vote("V4", "north", "3", &[]).ok();
    // Scenario 18: no result before the close, for nobody.
    office
        .as_commission(&["election", "result"])
        .refused("north: not sealed yet");
    let before = office.sizes();
    // A vote that the question does not allow, a code of another district, and no code at all.
    office
        .vote("V5", "north", "1,2,3", &[])
        .refused("not a valid vote");
    office.vote("V11", "north", "1", &[]).refused("not on the list");
    office.write("no-code", "let me in\n");
    office.write("choices", "1\n");
    let (no_code, choices) = (office.path("no-code"), office.path("choices"));
    office
        .run(&[
            "vote",
            "--district",
            "north",
            "--code-file",
            &no_code,
            "--choices-file",
            &choices,
        ])
        .refused("not a voter's code");
    assert_eq!(office.sizes(), before, "refused ballots leave no trace");

    office.at(EVENING);
    office.vote("V6", "north", "1", &[]).refused("too late");
    office.as_commission(&["election", "seal"]).refused("box.order");
    office.as_commission(&["election", "close"]).ok();
    office.write("paper-voters", "identifier\nV4\nV7\n");
    office.write("strangers", "identifier\nV4\n\nV99\n");
    let exclude = |list: &str| {
        office.run(&[
            "election",
            "exclude",
            "--key",
            &office.path("registrar.key"),
            "--secret",
            &office.path("registrar.secret"),
            "--list",
            &office.path(list),
        ])
    };
    let said = exclude("strangers").refused("line 4 of the list is not on the roll");
    assert!(!said.err.contains("V99"), "no person is named");
    let said = exclude("paper-voters").ok().out;
    assert!(
        said.contains("north: 2 credentials excluded") && said.contains("south: 0"),
        "{said}"
    );
    office.as_commission(&["election", "seal"]).ok();
    office.run(&["ledger", "publish"]).ok();

    office.at(NIGHT);
    office
        .as_commission(&["election", "result"])
        .refused("2 more of the shares of trustees 1, 2 are needed");
    let (published, trust) = (office.path("data/published"), office.path("data/trust.json"));
    decrypt_and_submit(&office, &published, &trust);

    let paper = |north: &str| {
        office.write(
            "paper.toml",
            &format!(
                "[[district]]\nid = \"north\"\nissued = {north}\nvalid = 2\ninvalid = 0\nspoilt = 0\ncounts = [[0, 1, 1, 0]]\n\
                 [[district]]\nid = \"south\"\nissued = 0\nvalid = 0\ninvalid = 0\nspoilt = 0\ncounts = [[0, 0]]\n"
            ),
        );
        office.as_commission(&["election", "paper", "--file", &office.path("paper.toml")])
    };
    paper("3").refused("paper.return");
    paper("2").ok();
    let result = office.as_commission(&["election", "result"]).ok().out;
    assert!(
        result.contains("Turnout: 5 of 10 eligible voters, 50.00 %"),
        "{result}"
    );
    assert!(
        result.contains("Turnout: 2 of 3 eligible voters, 66.67 %"),
        "{result}"
    );
    let json = office.run(&["election", "result", "--json"]).ok().out;
    assert!(json.contains("\"of_cast_bp\""), "{json}");

    office.run(&["ledger", "publish"]).ok();
    sijill(&["verify", "event", &published, "--trust", &trust]).ok();
    let (first, again) = (office.path("first.tlog-proof"), office.path("again.tlog-proof"));
    sijill(&[
        "receipt", "check", &first, &again, "--trust", &trust, "--folder", &published,
    ])
    .ok();
    let ballots = office.run(&["ledger", "list"]).ok().out;
    let ballot_box = ballots
        .lines()
        .find(|l| l.contains("north"))
        .expect("the box")
        .split(' ')
        .next()
        .expect("its id");
    let entries = office.run(&["ledger", "show", &ballot_box[..12]]).ok().out;
    assert!(
        entries.contains("BoxSealed") && entries.contains("AuditStarted"),
        "{entries}"
    );
}

/// Trustee 1 submits at once, trustee 2 carries files.
fn decrypt_and_submit(office: &Office, published: &str, trust: &str) {
    office.as_trustee("t1", &["decrypt"], &["--submit"]).ok();
    let said = office.as_trustee("t2", &["decrypt"], &[]).ok().out;
    let files: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("Signed ShareSubmitted in "))
        .collect();
    assert_eq!(files.len(), 2, "{said}");
    // What was signed cannot be changed on its way.
    let text = std::fs::read_to_string(files[0]).expect("a submission");
    let at = text.find("\"body\": \"").expect("a body") + 40;
    let mut changed = text.clone().into_bytes();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    office.write("changed.submission", std::str::from_utf8(&changed).expect("text"));
    office
        .run(&["ledger", "submit", &office.path("changed.submission")])
        .refused("is not a submission");
    office.run(&[&["ledger", "submit"], &files[..]].concat()).ok();
    let again = office.run(&[&["ledger", "submit"], &files[..]].concat()).ok().out;
    assert!(again.contains("stands already at entry"), "{again}");
    // Not a trustee of this event; a folder without keys; a folder that was changed.
    office
        .run(&["trustee", "keygen", &office.path("t9"), "--name", "Nobody"])
        .ok();
    office
        .as_trustee("t9", &["decrypt"], &[])
        .refused("not that of a trustee of the event");
    office.as_trustee("t8", &["decrypt"], &[]).refused("No such file");
    let copy = office.temp.path().join("elsewhere");
    copy_folder(std::path::Path::new(published), &copy);
    std::fs::remove_dir_all(copy.join("content")).expect("a folder to remove");
    let (copy, home) = (copy.display().to_string(), office.path("t1"));
    office
        .run(&[
            "trustee",
            "decrypt",
            &home,
            "--published",
            &copy,
            "--trust",
            trust,
        ])
        .refused("nothing was signed, decrypted or written");
}
