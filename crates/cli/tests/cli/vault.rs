//! What the registrar keeps of persons: copied for them, erased, and every look at it logged; imports that are interrupted.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::common::{EVENING, NIGHT, NOON, Office, files, sijill};

fn json(office: &Office, args: &[&str]) -> Value {
    let said = office.as_registrar(&[args, &["--json"]].concat()).ok().out;
    serde_json::from_str(&said).expect("one document")
}

/// Whether any file of the registrar has these bytes.
fn stands_in_a_file(office: &Office, bytes: &[u8]) -> bool {
    let files = files(&office.data().join("people"));
    files.iter().any(|file| {
        let all = std::fs::read(file).expect("a file");
        all.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn what_is_kept_of_a_person_is_copied_for_them_and_erased_without_a_trace_on_ledgers() {
    let mut office = Office::with_event();
    office.prepare();
    assert!(!stands_in_a_file(&office, b"V12") && !stands_in_a_file(&office, b"identifier"));
    let show = |person: &str| json(&office, &["vault", "show", person, "--why", "asked in person"]);
    let copy = show("V1");
    assert_eq!(copy["format"], "sijill-disclosure/1");
    assert_eq!(copy["record"]["identifier"], "V1");
    assert_eq!(
        (&copy["on_roll"], &copy["record"]["district"]),
        (&"north".into(), &"north".into())
    );
    assert_eq!(copy["record"]["checks"][0]["purpose"], "registration");
    assert_eq!(copy["record"]["credential"]["made_by"], "registrar");
    assert!(copy["record"]["credential"].get("code").is_none());
    let actions = |copy: &Value| -> Vec<String> {
        let all = copy["accesses"].as_array().expect("a list").iter();
        all.map(|entry| format!("{} {}", entry["action"], entry["why"]))
            .collect()
    };
    let seen = actions(&copy);
    assert_eq!(seen[0], "\"write\" \"roll import\"");
    assert_eq!(seen.last().expect("itself"), "\"disclose\" \"asked in person\"");
    office
        .as_registrar(&["vault", "show", "V99", "--why", "asked"])
        .refused("keeps nothing of this person");
    office
        .as_registrar(&["vault", "show", "V1", "--why", " "])
        .refused("must not be empty");
    let head = json(&office, &["vault", "log"]);
    let noted = format!("{}:{}", head["size"], head["hash"].as_str().expect("a hash"));

    let erase = |office: &Office, more: &[&str]| {
        office.as_registrar(&[&["vault", "erase", "V1", "--why", "asked in writing"], more].concat())
    };
    // Not while paper may still exclude a ballot.
    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    office.vote("V1", "north", "1", &[]).ok();
    office.vote("V2", "north", "2", &[]).ok();
    erase(&office, &["--dry-run"]).refused("exclusions of a ballot box are not fixed");
    erase(&office, &[]).refused("exclusions of a ballot box are not fixed");
    office.at(EVENING);
    office.as_commission(&["election", "close"]).ok();
    office.write("paper", "identifier\nV3\n");
    office
        .as_registrar(&["election", "exclude", "--list", &office.path("paper")])
        .ok();
    let sizes = office.sizes();
    let said = erase(&office, &["--dry-run"]).ok().out;
    assert!(said.contains("Would be erased"), "{said}");
    let show = |person: &str| json(&office, &["vault", "show", person, "--why", "asked in person"]);
    assert_eq!(show("V1")["record"]["identifier"], "V1");
    erase(&office, &[]).ok();
    erase(&office, &[]).refused("was erased at");
    assert_eq!(office.sizes(), sizes);
    let copy = show("V1");
    assert_eq!(
        (&copy["record"], &copy["on_roll"]),
        (&Value::Null, &"north".into())
    );
    assert!(copy["erased_ms"].is_u64());
    assert!(actions(&copy).contains(&"\"erase\" \"asked in writing\"".to_owned()));
    assert_eq!(show("V2")["record"]["identifier"], "V2");

    // The log goes on from what was noted, and nothing else.
    let log = |noted: &str| office.as_registrar(&["vault", "log", "--noted", noted]);
    let said = log(&noted).ok().out;
    assert!(said.contains("erase") && !said.contains("V1"), "{said}");
    let other = format!("{}:{}", head["size"], "0".repeat(64));
    log(&other).refused("cut off, or replaced");
    let own = json(&office, &["vault", "log", "V2"]);
    let entries = own["entries"].as_array().expect("a list");
    assert!(entries.iter().all(|entry| entry["why"] != "asked in writing"));

    // Ledgers and proofs are as they were.
    office.as_commission(&["election", "seal"]).ok();
    office.run(&["ledger", "publish"]).ok();
    office.at(NIGHT);
    for (folder, trust, profile) in [
        ("data/published", "data/trust.json", "public"),
        ("data/accredited", "data/trust-accredited.json", "accredited"),
    ] {
        sijill(&[
            "verify",
            "event",
            &office.path(folder),
            "--trust",
            &office.path(trust),
            "--profile",
            profile,
            "--require-stage",
            "anchored",
        ])
        .ok();
    }
    // Another secret opens nothing.
    let other = office.path("other.secret");
    office
        .run(&[
            "key",
            "new",
            &other,
            "--purpose",
            "registrar-secret",
            "--label",
            "x",
        ])
        .ok();
    office
        .run(&[
            "vault",
            "log",
            "--key",
            &office.path("registrar.key"),
            "--secret",
            &other,
        ])
        .refused("not the registrar's secret");
}

/// Whoever is struck may be erased before the freeze, and comes back under a key of their own.
#[test]
fn who_is_struck_may_be_erased_and_registered_anew() {
    let office = Office::with_event();
    office.write("roll.csv", "identifier,district\nV1,north\nV2,north\n");
    let import = || office.as_registrar(&["roll", "import", &office.path("roll.csv")]);
    import().ok();
    let erase = || office.as_registrar(&["vault", "erase", "V1", "--why", "asked"]);
    erase().refused("strike the person first");
    office
        .as_registrar(&["roll", "strike", "V1", "--reason", "moved abroad"])
        .ok();
    erase().ok();
    let said = import().ok().out;
    assert!(
        said.contains("Registered 1 voters.") && said.contains("1 were registered already"),
        "{said}"
    );
    let copy = json(&office, &["vault", "show", "V1", "--why", "asked"]);
    assert_eq!(copy["record"]["reasons"], Value::Array(Vec::new()));
    assert_eq!(copy["erased_ms"], Value::Null);
}

/// The process is killed while it imports, more than once; the same import again completes it, and registers nobody twice.
#[test]
fn an_import_that_was_killed_is_completed_by_the_same_import() {
    const PERSONS: usize = 9_000;
    let office = Office::with_event();
    let mut roll = "identifier,district\n".to_owned();
    for n in 0..PERSONS {
        roll.push_str(&format!("K{n},{}\n", ["north", "south"][n % 2]));
    }
    office.write("roll.csv", &roll);
    let mut killed = 0;
    for wait_ms in [300, 700, 1_300, 2_500] {
        let mut import = Command::new(env!("CARGO_BIN_EXE_sijill"))
            .args(["--dir", &office.path("data")])
            .args(["--passphrase-file", &office.path("passphrase")])
            .args(["--rehearsal-clock", crate::common::BEFORE])
            .args(["--danger-fast-keys", "roll", "import", &office.path("roll.csv")])
            .args(["--key", &office.path("registrar.key")])
            .args(["--secret", &office.path("registrar.secret")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        std::thread::sleep(Duration::from_millis(wait_ms));
        killed += usize::from(import.try_wait().expect("a state").is_none());
        import.kill().expect("it is killed, or has ended");
        import.wait().expect("it has ended");
    }
    assert!(killed > 0, "every import ended before it was killed");
    let done = json(&office, &["roll", "import", &office.path("roll.csv")]);
    let sum = done["registered"].as_u64().zip(done["already"].as_u64());
    assert_eq!(sum.map(|(a, b)| a + b), Some(PERSONS as u64), "{done}");
    let done = json(&office, &["roll", "import", &office.path("roll.csv")]);
    assert_eq!(done["registered"], 0);
    let frozen = json(&office, &["roll", "freeze"]);
    let half = PERSONS as u64 / 2;
    for district in frozen["districts"].as_array().expect("a list") {
        assert_eq!(district["eligible"], half, "{frozen}");
    }
    // Everybody's record is there, with the opening of their check.
    let copy = json(&office, &["vault", "show", "K8999", "--why", "a look"]);
    assert_eq!(copy["on_roll"], "south");
    assert!(!copy["record"]["checks"].as_array().expect("a list").is_empty());
}
