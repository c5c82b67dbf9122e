//! What registers keep of persons: letters that only officers read, each look logged; a copy for the person; erasure by
//! two; legal holds.

use serde_json::Value;

use crate::common::{Office, files, sijill};
use crate::freedom;

/// An office of freedom of information where two people have asked.
fn office() -> Office {
    let mut office = freedom::office();
    office.at(&freedom::moment("2025-12-03 10:00"));
    for (person, who, what) in [
        (
            "28663400001",
            "Fatima, fatima@example.org\n",
            "What did the tower cost?\n",
        ),
        ("28663400002", "Khalid, khalid@example.org\n", "And the bridge?\n"),
    ] {
        office.write("who.txt", who);
        office.write("what.txt", what);
        office
            .run(&[
                "foi",
                "submit",
                "moph-2026",
                "--person",
                person,
                "--requester",
                &office.path("who.txt"),
                "--text",
                &office.path("what.txt"),
            ])
            .ok();
    }
    office
}

fn commission(office: &Office, args: &[&str]) -> crate::common::Said {
    office.as_commission(&[&["person"], args, &["--why", "asked in writing"]].concat())
}

fn json(said: crate::common::Said) -> Value {
    serde_json::from_str(&said.ok().out).expect("one document")
}

/// Whether any file of the installation has these bytes.
fn stands_in_a_file(office: &Office, bytes: &[u8]) -> bool {
    files(&office.data()).iter().any(|file| {
        let all = std::fs::read(file).expect("a file");
        all.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn letters_are_sealed_and_read_by_officers_who_say_why() {
    let office = office();
    assert!(!stands_in_a_file(&office, b"fatima@example.org"));
    assert!(!stands_in_a_file(&office, b"What did the tower cost?"));
    let read = |key: &str| {
        office.run(&[
            "person",
            "letters",
            "moph-2026/1",
            "--key",
            &office.path(key),
            "--why",
            "to answer",
        ])
    };
    let said = read("officer.key").ok().out;
    assert!(
        said.contains("fatima@example.org") && said.contains("What did the tower cost?"),
        "{said}"
    );
    assert!(!said.contains("khalid"), "{said}");
    office
        .run(&["key", "new", &office.path("stranger.key"), "--label", "stranger"])
        .ok();
    read("stranger.key").refused("no office");
    // A question of the officer is a letter to the person too.
    office.write("question.txt", "Which tower?\n");
    office
        .run(&[
            "foi",
            "ask",
            "moph-2026/1",
            "--question",
            &office.path("question.txt"),
            "--key",
            &office.path("officer.key"),
        ])
        .ok();
    assert!(!stands_in_a_file(&office, b"Which tower?"));
    let copy = json(commission(&office, &["show", "28663400001", "--json"]));
    let texts: Vec<_> = copy["contents"]
        .as_array()
        .expect("contents")
        .iter()
        .map(|c| {
            format!(
                "{} {}",
                c["event"].as_str().unwrap_or(""),
                c["text"].as_str().unwrap_or("")
            )
        })
        .collect();
    assert_eq!(
        texts,
        [
            "RequestSubmitted Fatima, fatima@example.org\n",
            "RequestSubmitted What did the tower cost?\n",
            "ClarificationAsked Which tower?\n"
        ]
    );
    // Scenario 42: who looked, when and why; the copy itself among them.
    let accesses: Vec<_> = copy["accesses"]
        .as_array()
        .expect("accesses")
        .iter()
        .map(|a| {
            format!(
                "{} {}",
                a["action"].as_str().unwrap_or(""),
                a["why"].as_str().unwrap_or("")
            )
        })
        .collect();
    assert_eq!(
        accesses,
        [
            "write letters handed in",
            "read to answer",
            "write letters handed in",
            "disclose asked in writing"
        ]
    );
    assert_eq!(copy["identifier"], "28663400001");
    // Digits as people type them.
    let again = json(commission(&office, &["show", "٢٨٦٦٣٤٠٠٠٠١", "--json"]));
    assert_eq!(again["subject"], copy["subject"]);
    commission(&office, &["show", "28663400009"]).refused("nothing is kept");
    let by_request = json(commission(
        &office,
        &["show", "--request", "moph-2026/2", "--json"],
    ));
    assert_eq!(by_request["identifier"], "28663400002");
}

#[test]
fn a_person_is_erased_by_two_and_what_is_held_stays_with_the_reason() {
    let office = office();
    let held = json(commission(
        &office,
        &[
            "hold",
            "28663400001",
            "--only",
            "moph-2026/1",
            "--until",
            "2025-12-31",
            "--json",
        ],
    ));
    assert_eq!(held["hold"], 0);
    let erase = |more: &[&str]| commission(&office, &[&["erase", "28663400001"], more].concat());
    let plan = json(erase(&["--dry-run", "--json"]));
    assert_eq!(plan["plan"]["erase"].as_array().expect("a list").len(), 0);
    assert_eq!(plan["plan"]["held"][0]["hold"]["reason"], "asked in writing");
    assert_eq!(plan["plan"]["held"][0]["hold"]["until"], "2025-12-31");
    assert_eq!(plan["plan"]["identity"], false);
    let codes: Vec<_> = plan["plan"]["stays"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|s| s["code"].as_str().expect("a code").to_owned())
        .collect();
    assert_eq!(codes, ["entries", "votes", "access-log"]);
    // Nobody gets around it by naming the commitments.
    let commitment = plan["plan"]["held"][0]["commitment"]
        .as_str()
        .expect("hex")
        .to_owned();
    office
        .as_commission(&[
            "foi",
            "erase",
            "moph-2026",
            &commitment,
            "--basis",
            "Law No. 13 of 2016",
        ])
        .refused("legal hold 0");
    // An order from before a hold is not carried out under it.
    commission(&office, &["lift", "0"]).ok();
    commission(&office, &["lift", "0"]).refused("no hold 0");
    let sizes = office.sizes();
    let plan = json(erase(&["--dry-run", "--json"]));
    assert_eq!(plan["plan"]["erase"].as_array().expect("a list").len(), 2);
    assert_eq!(plan["plan"]["identity"], true);
    assert_eq!(office.sizes(), sizes, "a dry run orders nothing");
    let ordered = json(erase(&["--json"]));
    assert_eq!(ordered["orders"].as_array().expect("a list").len(), 1);
    let again = json(erase(&["--json"]));
    assert_eq!(
        again["orders"].as_array().expect("a list").len(),
        0,
        "twice is once"
    );
    commission(&office, &["hold", "28663400001"]).ok();
    let second = office.path("second.key");
    let confirm = || {
        office.run(&[
            "person",
            "confirm-erasure",
            "28663400001",
            "--why",
            "second look",
            "--key",
            &second,
        ])
    };
    confirm().refused("legal hold 2");
    commission(&office, &["lift", "٢"]).ok();
    commission(&office, &["confirm-erasure", "28663400001"]).refused("a second person must");
    let before = office.temp.path().join("copy");
    copy_folder(&office.data().join("engine/openings"), &before);
    confirm().ok();
    commission(&office, &["show", "28663400001", "--json"]).ok();
    let copy = json(commission(&office, &["show", "28663400001", "--json"]));
    assert!(
        copy["identifier"].is_null() && !copy["erased_ms"].is_null(),
        "{copy}"
    );
    erase(&[]).refused("nothing is kept");
    // An older copy of the data folder gives nothing back: the keys are gone.
    copy_folder(&before, &office.data().join("engine/openings"));
    let said = office
        .run(&[
            "person",
            "letters",
            "moph-2026/1",
            "--key",
            &office.path("officer.key"),
            "--why",
            "to answer",
        ])
        .ok()
        .out;
    assert!(said.contains("erased") && !said.contains("fatima"), "{said}");
    assert_eq!(
        files(&office.data().join("engine/openings")).len(),
        2,
        "what came back is destroyed again; the other person's letters stay"
    );
    let other = json(commission(&office, &["show", "28663400002", "--json"]));
    assert_eq!(other["contents"][1]["text"], "And the bridge?\n");
    office.run(&["calendar", "publish"]).ok();
    let folder = office.data().join("jurisdiction").display().to_string();
    let trust = office
        .data()
        .join("trust-jurisdiction.json")
        .display()
        .to_string();
    let verified = sijill(&["verify", "jurisdiction", &folder, "--trust", &trust]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    let holds = json(office.run(&["person", "holds", "--all", "--json"]));
    assert_eq!(holds["holds"].as_array().expect("a list").len(), 4);
    let log = office.run(&["person", "log"]).ok().out;
    assert!(log.contains("The log holds together."), "{log}");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for file in files(from) {
        let name = file.file_name().expect("a name");
        std::fs::copy(&file, to.join(name)).expect("a copy");
    }
}
