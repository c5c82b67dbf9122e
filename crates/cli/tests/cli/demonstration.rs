//! The demonstration: complete, verified, private, and careful with folders.

use crate::common::{files, sijill};

/// As small as it has every kind of voter, request and comment.
const SMALL: [&str; 7] = ["demo", "--voters", "40", "--requests", "20", "--comments", "80"];

#[test]
fn a_demonstration_runs_through_and_verifies() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("demo");
    let d = dir.to_str().unwrap();
    let said = sijill(&[&SMALL[..], &["--dir", d]].concat()).ok();
    assert!(
        said.out
            .contains("The decrypted numbers are those of the plain votes"),
        "{}",
        said.out
    );
    assert!(said.out.contains("A REHEARSAL"), "{}", said.out);
    assert!(said.out.contains("of 40 eligible voters"), "{}", said.out);
    assert!(said.out.contains("re-votes"));

    for event in ["referendum-2026", "council-2026"] {
        let path = |name: &str| dir.join(event).join(name).to_str().unwrap().to_owned();
        let (published, trust) = (path("published"), path("trust.json"));
        let verify = ["verify", "event", &published, "--trust", &trust];
        sijill(&[&verify[..], &["--require-stage", "certified"]].concat()).ok();
    }
    the_jurisdiction_is_told(&said.out, &dir.join("jurisdiction"));
    let council = dir.join("council-2026");
    assert_eq!(files(&council.join("published/archives")).len(), 3);
    for said_of_council in [
        "2 of 3 trustees decrypted; 1 stayed away",
        "islands: fewer than 10 counted ballots",
        "Elected without a poll",
        "palm-grove: a court removes candidate 1",
        "islands: a tie of 2 candidates, decided by lots.",
        "removed by a court, their votes are void",
        "souq was off line from",
        "voters have a paper and a digital ballot: the paper counts",
        "harbour: the envelope of a guest is admitted",
        "one paper is missing in the urn; resolved by the commission",
    ] {
        assert!(said.out.contains(said_of_council), "{}", said.out);
    }

    let root = dir.clone();
    let dir = dir.join("referendum-2026");
    let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let (published, trust) = (path("published"), path("trust.json"));
    sijill(&["verify", "event", &published, "--trust", &trust]).ok();
    let (accredited, trust_accredited) = (path("accredited"), path("trust-accredited.json"));
    sijill(&[
        "verify",
        "event",
        &accredited,
        "--trust",
        &trust_accredited,
        "--profile",
        "accredited",
    ])
    .ok();
    let receipts: Vec<String> = files(&dir.join("receipts"))
        .iter()
        .map(|p| p.to_str().unwrap().to_owned())
        .collect();
    assert!(receipts.len() >= 10);
    let check: Vec<&str> = ["receipt", "check", "--trust", &trust, "--folder", &published]
        .into_iter()
        .chain(receipts.iter().map(String::as_str))
        .collect();
    sijill(&check).ok();
    let shown = sijill(&["receipt", "show", &receipts[0]]).ok().out;
    assert!(
        shown.contains("BallotCast") && shown.contains("tracking code:"),
        "{shown}"
    );

    no_person_is_named(&dir);
    the_folder_is_left_alone(d);

    // The trustees' machines have noted what they decrypted, and there is nothing left to decrypt.
    let passphrase = root.join("PASSPHRASE-OF-A-DEMO-NOT-SECRET.txt");
    let passphrase = passphrase.to_str().unwrap();
    let home = path("people/trustee-1");
    assert!(
        std::fs::read_to_string(path("people/trustee-1/decrypted.json"))
            .unwrap()
            .contains("boxes")
    );
    let decrypt = [
        "trustee",
        "decrypt",
        &home,
        "--published",
        &published,
        "--trust",
        &trust,
    ];
    sijill(&[&["--passphrase-file", passphrase], &decrypt[..]].concat()).refused("nothing to decrypt");
    let out = root.join("results");
    let out = out.to_str().unwrap();
    let export = [
        "election",
        "export",
        "--published",
        &published,
        "--trust",
        &trust,
        "--out",
        out,
    ];
    sijill(&export).ok();
    let written = files(std::path::Path::new(out));
    assert_eq!(
        written.len(),
        7,
        "JSON, CSV, a protocol, two charts in two languages: {written:?}"
    );
    let table = std::fs::read_to_string(root.join("results/results.csv")).unwrap();
    assert!(
        table.contains(",certified,,\n") && table.contains(",cast,"),
        "{table}"
    );
    sijill(&export).refused("exists");
    // A changed folder is neither decrypted nor exported.
    let share = files(&dir.join("published/content")).remove(0);
    std::fs::write(&share, b"{}").unwrap();
    sijill(&[&["--passphrase-file", passphrase], &decrypt[..]].concat())
        .refused("nothing was signed, decrypted or written");
    let elsewhere = root.join("elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    sijill(&[
        "election",
        "export",
        "--published",
        &published,
        "--trust",
        &trust,
        "--out",
        elsewhere,
    ])
    .refused("nothing was signed, decrypted or written");
    assert!(!std::path::Path::new(elsewhere).exists());

    let d = dir.to_str().unwrap();
    let list = sijill(&["--dir", d, "--passphrase-file", passphrase, "ledger", "list"])
        .ok()
        .out;
    assert_eq!(list.lines().count(), 3, "{list}");
}

/// A year of requests and a consultation, published, and neither a requester nor a participant is named in it.
fn the_jurisdiction_is_told(told: &str, dir: &std::path::Path) {
    for line in [
        "20 requests in a year: 14 decided, 2 deemed refused by silence, 1 abandoned, 1 not paid for, 1 transferred, 1 of",
        "2 deadlines missed, each on record from the next day on; 2 grievances",
        "82 comments by 48 people on three versions of a draft",
        "48 people answered the question, each counted once; report published, archived; 6 attempts refused",
        "4 ledgers, ",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let (folder, trust) = (dir.join("jurisdiction"), dir.join("trust-jurisdiction.json"));
    let (folder, trust) = (folder.to_str().expect("UTF-8"), trust.to_str().expect("UTF-8"));
    let report = sijill(&["verify", "jurisdiction", folder, "--trust", trust])
        .ok()
        .out;
    assert!(report.contains("requests: 20; open: 0, overdue: 0"), "{report}");
    assert!(report.contains("participants: 48; comments: 82"), "{report}");
    for file in files(dir) {
        let bytes = std::fs::read(&file).expect("a file");
        for name in [&b"REHEARSAL-0"[..], b"Requester 1 of"] {
            assert!(
                !bytes.windows(name.len()).any(|w| w == name),
                "{}",
                file.display()
            );
        }
    }
    the_service_knows_the_person(dir);
}

/// Whoever asks for information and takes part in the consultation gets one copy of all that is theirs.
fn the_service_knows_the_person(dir: &std::path::Path) {
    let path = |name: &str| dir.join(name).display().to_string();
    let (home, passphrase) = (path(""), path("../PASSPHRASE-OF-A-DEMO-NOT-SECRET.txt"));
    let common = ["--json", "--dir", &home, "--passphrase-file", &passphrase];
    let clock = ["--rehearsal-clock", "2027-01-02T09:00:00+03:00"];
    let key = path("people/commission/signing.key");
    let show = [
        "person",
        "show",
        "REHEARSAL-00002",
        "--why",
        "asked for it",
        "--key",
        &key,
    ];
    let copy = sijill(&[&common[..], &clock, &show].concat()).ok().out;
    for text in ["Requester 3 of the rehearsal", "\"comments\":[", "park-rules"] {
        assert!(copy.contains(text), "{text}: {copy}");
    }
}

/// Neither identifiers nor codes stand anywhere but in the sealed book.
fn no_person_is_named(dir: &std::path::Path) {
    for file in files(dir) {
        let bytes = std::fs::read(&file).expect("a file");
        for n in 1..=40 {
            let identifier = format!("V{n:04}");
            let found = bytes
                .windows(identifier.len())
                .any(|w| w == identifier.as_bytes());
            // Five bytes may occur by chance in large binary or base64 files; quoted or delimited they do not.
            let delimited = [
                format!("\"{identifier}\""),
                format!("{identifier},"),
                format!("\n{identifier}"),
            ];
            let named = found
                && delimited
                    .iter()
                    .any(|text| bytes.windows(text.len()).any(|w| w == text.as_bytes()));
            assert!(!named, "{} names {identifier}", file.display());
        }
    }
}

fn the_folder_is_left_alone(dir: &str) {
    sijill(&["demo", "--voters", "40", "--dir", dir]).refused("--again");
    let temp = tempfile::tempdir().expect("a folder");
    std::fs::write(temp.path().join("thesis.txt"), "years of work").expect("a file");
    let foreign = temp.path().to_str().expect("UTF-8");
    sijill(&["demo", "--voters", "40", "--dir", foreign, "--again"]).refused("is no demonstration's folder");
    assert!(temp.path().join("thesis.txt").exists());
}

#[test]
fn a_demonstration_of_something_else_than_a_rehearsal_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("election.toml");
    let text = crate::common::ELECTION.replace("rehearsal = true", "rehearsal = false");
    std::fs::write(&file, text).unwrap();
    let dir = temp.path().join("demo");
    sijill(&[
        "demo",
        "--dir",
        dir.to_str().unwrap(),
        "--file",
        file.to_str().unwrap(),
    ])
    .refused("rehearsal = true");
    assert!(!dir.exists());
}

#[test]
fn an_edited_election_with_districts_can_be_demonstrated() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("election.toml");
    std::fs::write(&file, crate::common::ELECTION).unwrap();
    let dir = temp.path().join("demo");
    let args = [
        "demo",
        "--voters",
        "30",
        "--dir",
        dir.to_str().unwrap(),
        "--file",
        file.to_str().unwrap(),
    ];
    let out = sijill(&args).ok().out;
    assert_eq!(
        out.matches("The decrypted numbers are those of the plain votes")
            .count(),
        2,
        "{out}"
    );
}

#[test]
fn an_interrupted_demonstration_leaves_whole_ledgers_and_can_start_over() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("demo");
    let d = dir.to_str().unwrap();
    let mut running = std::process::Command::new(env!("CARGO_BIN_EXE_sijill"))
        .args(["demo", "--voters", "3000", "--dir", d])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Until somebody has voted.
    let event = dir.join("referendum-2026");
    let receipts = event.join("receipts");
    let patience = std::time::Instant::now();
    while std::fs::read_dir(&receipts).map_or(0, Iterator::count) == 0 {
        assert!(patience.elapsed().as_secs() < 300, "nobody votes");
        assert!(
            running.try_wait().unwrap().is_none(),
            "the demonstration has ended"
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    sijill(&["demo", "--voters", "40", "--dir", d, "--again"]).refused("is running");
    running.kill().unwrap();
    running.wait().unwrap();

    let passphrase = dir
        .join("PASSPHRASE-OF-A-DEMO-NOT-SECRET.txt")
        .to_str()
        .unwrap()
        .to_owned();
    let e = event.to_str().unwrap();
    let list = sijill(&["--dir", e, "--passphrase-file", &passphrase, "ledger", "list"])
        .ok()
        .out;
    assert!(list.contains("national: open"), "{list}");
    sijill(&["--dir", e, "--passphrase-file", &passphrase, "ledger", "publish"]).ok();
    let (published, trust) = (event.join("published"), event.join("trust.json"));
    let (published, trust) = (published.to_str().unwrap(), trust.to_str().unwrap());
    sijill(&[
        "verify",
        "event",
        published,
        "--trust",
        trust,
        "--require-stage",
        "open",
    ])
    .ok();
    sijill(&["demo", "--voters", "40", "--dir", d]).refused("was interrupted");
    sijill(&[&SMALL[..], &["--dir", d, "--again"]].concat()).ok();
    assert!(list.lines().count() == 3);
}
