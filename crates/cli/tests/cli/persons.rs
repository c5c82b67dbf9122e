//! What registers keep of persons: letters that only officers read, each look logged; a copy for the person; erasure by
//! two; legal holds.

use serde_json::Value;

use crate::common::{EVENING, NOON, Office, files, sijill};
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

#[test]
fn the_vault_is_made_under_the_secret_of_consultations_once() {
    let mut office = freedom::office();
    office.at(&freedom::moment("2025-12-03 10:00"));
    commission(&office, &["show", "28663400001"]).refused("keeps nothing of persons yet");
    let secret = office.path("intake.secret");
    let new = [
        "key",
        "new",
        &secret,
        "--purpose",
        "registrar-secret",
        "--label",
        "intake",
    ];
    office.run(&new).ok();
    let init = || office.run(&["person", "init", "--secret", &secret]);
    init().ok();
    init().refused("exists already");
    let (who, what) = (office.path("who.txt"), office.path("what.txt"));
    let submit = ["foi", "submit", "moph-2026", "--requester", &who, "--text", &what];
    office.run(&submit).ok();
    // Whoever gave no identifier is found by their request.
    let copy = json(commission(
        &office,
        &["show", "--request", "moph-2026/1", "--json"],
    ));
    assert_eq!(copy["contents"].as_array().expect("contents").len(), 2);
    assert!(copy["identifier"].is_null());
    let subject = copy["subject"].as_str().expect("a subject").to_owned();
    let erase = ["erase", "--subject", &subject, "--dry-run", "--json"];
    let plan = json(commission(&office, &erase));
    assert_eq!(plan["plan"]["identity"], true);
}

/// The same person, V1: on the roll, in a consultation, and with a request.
const CONSULTATION: &str = r#"
name_en = "Fees of public parks"
name_ar = ""
languages = ["en"]
first = "2026-12-02"
last = "2026-12-06"
report_due = "2027-01-10"
late = "refused"
categories = ["citizen"]
verified_only = true
owner_en = "Municipality"
owner_ar = ""
officer_en = "Director of Planning"
officer_ar = ""
[[question]]
text_en = "Should there be a fee?"
text_ar = ""
min = 1
max = 1
options = [{ en = "Yes", ar = "" }, { en = "No", ar = "" }]
"#;

/// Scenario 41: somebody who has commented, asked for information and voted is erased. What they wrote is unreadable in
/// every projection, publication and search; ledgers and proofs verify; the vote counts; nobody speaks twice.
#[test]
fn scenario_41_erased_everywhere_and_nothing_else_has_changed() {
    let mut office = Office::with_event();
    office.prepare();
    let keys = [
        "second.key",
        "officer.key",
        "owner.key",
        "moderator.key",
        "v1.key",
        "other.key",
    ];
    for key in keys {
        office
            .run(&["key", "new", &office.path(key), "--label", key])
            .ok();
    }
    let second = office.path("second.key");
    office
        .as_commission(&[
            "calendar",
            "new",
            "--name-en",
            "Qatar",
            "--name-ar",
            "قطر",
            "--rehearsal",
        ])
        .ok();
    office.as_commission(&["calendar", "adopt", freedom::PACK]).ok();
    let register = ["--id", "moph-2026", "--authority", "moph", "--name-en", "MoPH"];
    let pack = [
        "--pack",
        "qa-2022-009/1",
        "--officer",
        &office.path("officer.key"),
        "--member",
        &second,
    ];
    office
        .as_commission(&[&["foi", "new"], &register[..], &pack[..]].concat())
        .ok();
    office.write("who.txt", "Noura, noura@example.org\n");
    office.write("what.txt", "How tall is the dam?\n");
    let (who, what) = (office.path("who.txt"), office.path("what.txt"));
    let submit = ["foi", "submit", "moph-2026", "--requester", &who, "--text", &what];
    office.run(&[&submit[..], &["--person", "V1"]].concat()).ok();

    let secret = office
        .data()
        .join("people/service/persons.key")
        .display()
        .to_string();
    let owner = office.path("owner.key");
    let new = [
        "--id",
        "parks",
        "--authority",
        "municipality",
        "--name-en",
        "Parks",
        "--owner",
        &owner,
    ];
    let offices = ["--moderator", &office.path("moderator.key"), "--member", &second];
    office
        .as_commission(&[&["consultation", "new"], &new[..], &offices[..]].concat())
        .ok();
    office.write("consultation.toml", CONSULTATION);
    office.write("version.md", "# 4(2) {#fee}\n[en]\nThe fee is ten riyals.\n");
    for (command, file) in [("define", "consultation.toml"), ("publish", "version.md")] {
        office
            .run(&[
                "consultation",
                command,
                "parks",
                &office.path(file),
                "--key",
                &owner,
            ])
            .ok();
    }
    let enrol = |office: &Office, person: &str, key: &str| {
        office.run(&[
            "consultation",
            "enrol",
            "parks",
            "--person",
            person,
            "--secret",
            &secret,
            "--participant-key",
            &office.path(key),
            "--category",
            "citizen",
            "--verified",
        ])
    };
    enrol(&office, "V1", "v1.key").ok();
    enrol(&office, "V2", "other.key").ok();
    office.at("2026-12-03T10:00:00+03:00");
    office.write("mine.txt", "My garden lies beside the wadi.");
    office.write("theirs.txt", "I agree.");
    let comment = |office: &Office, text: &str, key: &str, more: &[&str]| {
        let (text, key) = (office.path(text), office.path(key));
        let args = ["consultation", "comment", "parks", "--text", &text, "--key", &key];
        json(office.run(&[&args[..], more, &["--json"]].concat()))
    };
    let mine = comment(&office, "mine.txt", "v1.key", &[]);
    let position = mine["comment"]
        .as_u64()
        .or(mine["number"].as_u64())
        .expect("a number")
        .to_string();
    comment(&office, "theirs.txt", "other.key", &["--reply-to", &position]);
    let respond = |office: &Office, key: &str, answer: &str| {
        let key = office.path(key);
        office.run(&[
            "consultation",
            "respond",
            "parks",
            "--answer",
            answer,
            "--key",
            &key,
        ])
    };
    respond(&office, "v1.key", "1=1").ok();
    respond(&office, "other.key", "1=2").ok();
    let search = |office: &Office| office.run(&["consultation", "search", "parks", "wadi"]).ok().out;
    assert!(search(&office).contains("garden"));

    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    office.vote("V1", "north", "1", &[]).ok();
    office.vote("V2", "north", "2", &[]).ok();
    office.at(EVENING);
    office.as_commission(&["election", "close"]).ok();
    office.write("paper", "identifier\nV3\n");
    office
        .as_registrar(&["election", "exclude", "--list", &office.path("paper")])
        .ok();

    // By the registrar what is kept for the roll; by two members of the commission everything else.
    office
        .as_registrar(&["vault", "erase", "V1", "--why", "asked in writing"])
        .ok();
    let plan = json(commission(&office, &["erase", "V1", "--json"]));
    let erased: Vec<_> = plan["plan"]["erase"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|t| {
            format!(
                "{} {}",
                t["register"].as_str().unwrap_or(""),
                t["event"].as_str().unwrap_or("")
            )
        })
        .collect();
    let mut sorted = erased.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "moph-2026 RequestSubmitted",
            "moph-2026 RequestSubmitted",
            "parks CommentMade",
            "parks ResponseGiven"
        ]
    );
    let codes: Vec<_> = plan["plan"]["stays"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|s| s["code"].as_str().expect("a code"))
        .collect();
    assert_eq!(codes, ["entries", "entries", "pseudonym", "votes", "access-log"]);
    let why = ["--why", "second look", "--key", &second];
    office
        .run(&[&["person", "confirm-erasure", "V1"], &why[..]].concat())
        .ok();

    // Nowhere: neither store nor vault nor publication nor search nor thread.
    office.run(&["calendar", "publish"]).ok();
    office.run(&["ledger", "publish"]).ok();
    for bytes in [&b"garden lies"[..], b"noura@example", b"tall is the dam"] {
        for folder in ["engine", "jurisdiction", "published", "accredited", "people"] {
            for file in files(&office.data().join(folder)) {
                let all = std::fs::read(&file).expect("a file");
                assert!(
                    !all.windows(bytes.len()).any(|w| w == bytes),
                    "{}",
                    file.display()
                );
            }
        }
    }
    assert!(!search(&office).contains("garden"));
    let threads = office
        .run(&["consultation", "show", "parks", "--view", "threads"])
        .ok()
        .out;
    assert!(
        !threads.contains("garden") && threads.contains("I agree."),
        "{threads}"
    );
    let copy = json(commission(&office, &["show", "V1", "--json"]));
    assert!(copy["identifier"].is_null());
    let contents = copy["contents"].as_array().expect("contents");
    assert!(
        contents
            .iter()
            .all(|c| c["text"].is_null() && c["erased"] == true),
        "{copy}"
    );

    // No second person, no second response.
    enrol(&office, "V1", "moderator.key").refused("enrolled");
    respond(&office, "v1.key", "1=2").ok();
    office.at("2026-12-07T10:00:00+03:00");
    office.run(&["calendar", "tick"]).ok();
    let responses = json(office.run(&["consultation", "show", "parks", "--view", "responses", "--json"]));
    assert!(responses.to_string().contains("\"persons\":2"), "{responses}");
    respond(&office, "v1.key", "1=2").refused("closed");

    // The vote counts, and everything verifies.
    office.as_commission(&["election", "seal"]).ok();
    office.run(&["ledger", "publish"]).ok();
    office.run(&["calendar", "publish"]).ok();
    let verify = |args: &[&str]| sijill(&[&["verify"], args].concat()).ok();
    let (published, trust) = (office.path("data/published"), office.path("data/trust.json"));
    verify(&[
        "event",
        &published,
        "--trust",
        &trust,
        "--require-stage",
        "anchored",
    ]);
    let (published, trust) = (
        office.path("data/jurisdiction"),
        office.path("data/trust-jurisdiction.json"),
    );
    let said = sijill(&["verify", "jurisdiction", &published, "--trust", &trust]);
    // A verifier that does not know consultations says so, and nothing worse.
    let unsupported = said.code == 2 && said.out.contains("unsupported: the consultation");
    assert!(said.code == 0 || unsupported, "{}{}", said.out, said.err);
}
