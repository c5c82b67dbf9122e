//! Ballots and archives in both directions between this service and belenios-tool, which nobody here wrote.
//!
//! Runs where `SIJILL_BELENIOS_TOOL` names a command that runs belenios-tool 3.0 or newer; `.ci/belenios tool` makes one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::common::{EVENING, NIGHT, NOON, Office, files};

struct Tool(PathBuf);

impl Tool {
    fn find() -> Option<Self> {
        let tool = std::env::var_os("SIJILL_BELENIOS_TOOL");
        if tool.is_none() {
            println!("skipped: SIJILL_BELENIOS_TOOL=$(.ci/belenios tool) names no belenios-tool");
        }
        Some(Self(tool?.into()))
    }

    /// What `belenios-tool election …` prints on an archive's folder, if it succeeds.
    fn run(&self, dir: &Path, args: &[&str]) -> Result<String, String> {
        let out = Command::new(&self.0)
            .arg("election")
            .args(args)
            .arg("--dir")
            .arg(dir)
            // Without it the verdict may come before every ballot is checked.
            .env("LWT_ASYNC_METHOD", "none")
            .output()
            .expect("belenios-tool starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if out.status.success() {
            Ok(text(&out.stdout))
        } else {
            Err(text(&out.stderr))
        }
    }
}

fn hex_hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// One entry of an archive. Spec: specs/ballot-suite.md §15.
fn entry(name: &str, body: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{:011o}", body.len()));
    put(136, &format!("{:011o}", 1_700_000_000));
    put(148, "        ");
    put(156, "0");
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let padding = vec![0; body.len().next_multiple_of(512) - body.len()];
    [&header[..], body, &padding].concat()
}

/// The archive of an election that has only been set up.
fn setup_archive(election: &[u8], trustees: &[u8], credentials: &[u8]) -> Vec<u8> {
    let [e, t, c] = [election, trustees, credentials].map(hex_hash);
    let setup = format!(r#"{{"election":"{e}","trustees":"{t}","credentials":"{c}"}}"#);
    let payload = hex_hash(setup.as_bytes());
    let event = format!(r#"{{"height":0,"type":"Setup","payload":"{payload}"}}"#);
    let mut archive = entry("BELENIOS", br#"{"version":1,"timestamp":"1700000000"}"#);
    for data in [election, trustees, credentials, setup.as_bytes()] {
        archive.extend(entry(&format!("{}.data.json", hex_hash(data)), data));
    }
    archive.extend(entry(
        &format!("{}.event.json", hex_hash(event.as_bytes())),
        event.as_bytes(),
    ));
    archive
}

/// The bodies of an archive's data records, by name.
fn records(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut at = 0;
    while at < archive.len() {
        let text = |range: std::ops::Range<usize>| {
            String::from_utf8_lossy(&archive[range])
                .trim_end_matches('\0')
                .to_owned()
        };
        let (name, size) = (text(at..at + 100), text(at + 124..at + 135));
        let size = usize::from_str_radix(&size, 8).expect("a size");
        found.insert(name, archive[at + 512..at + 512 + size].to_vec());
        at += 512 + size.next_multiple_of(512);
    }
    found
}

/// The published content that is what the test says.
fn content(office: &Office, is: impl Fn(&Value, &str) -> bool) -> Vec<u8> {
    files(&office.data().join("published/content"))
        .into_iter()
        .filter_map(|path| String::from_utf8(std::fs::read(path).ok()?).ok())
        .find(|text| serde_json::from_str(text).is_ok_and(|value| is(&value, text)))
        .expect("a published content")
        .into_bytes()
}

#[test]
fn ballots_and_archives_are_understood_in_both_directions() {
    let Some(tool) = Tool::find() else { return };
    let mut office = Office::with_event();
    office.prepare();
    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    office.run(&["ledger", "publish"]).ok();

    // The records of the north's box, as everybody reads them.
    let election = content(&office, |v, _| {
        v["uuid"].is_string() && v["description"] == "council-2026/north"
    });
    let trustees = content(&office, |_, text| text.starts_with(r#"[["Single""#));
    let credentials = content(&office, |v, text| {
        text.starts_with(r#"[""#) && v.as_array().is_some_and(|list| list.len() == 10)
    });
    let uuid = serde_json::from_slice::<Value>(&election).expect("JSON")["uuid"]
        .as_str()
        .expect("a uuid")
        .to_owned();
    let setup = tempfile::tempdir().expect("a folder");
    std::fs::write(
        setup.path().join(format!("{uuid}.bel")),
        setup_archive(&election, &trustees, &credentials),
    )
    .expect("an archive");

    // Theirs: made by the tool from a voter's code, cast through the ordinary door.
    let code = office.code_file("V1");
    office.write("their-choice", "[[0,1,0,1]]");
    let theirs = tool
        .run(
            setup.path(),
            &[
                "generate-ballot",
                "--privcred",
                &code,
                "--choice",
                &office.path("their-choice"),
            ],
        )
        .expect("the tool makes a ballot");
    office.write("theirs.json", &theirs);
    let cast = |file: &str| office.run(&["vote", "--district", "north", "--ballot", &office.path(file)]);
    let said = cast("theirs.json").ok().out;
    assert!(said.contains("tracking code: "), "{said}");
    // Not in the other district, and not with one digit changed.
    office
        .run(&[
            "vote",
            "--district",
            "south",
            "--ballot",
            &office.path("theirs.json"),
        ])
        .refused("ballot");
    let response = "\"response\":\"";
    let digit = theirs.find(response).expect("a proof") + response.len();
    let mut changed = theirs.clone();
    let other = if theirs[digit..].starts_with('1') {
        "2"
    } else {
        "1"
    };
    changed.replace_range(digit..=digit, other);
    assert_ne!(changed, theirs);
    office.write("changed.json", &changed);
    cast("changed.json").refused("ballot");

    // Ours.
    office.vote("V2", "north", "2", &[]).ok();
    office.vote("V3", "north", "blank", &[]).ok();
    office.vote("V3", "north", "1,3", &[]).ok();

    office.at(EVENING);
    office.as_commission(&["election", "close"]).ok();
    office.write("nobody", "identifier\n");
    office
        .run(&[
            "election",
            "exclude",
            "--key",
            &office.path("registrar.key"),
            "--list",
            &office.path("nobody"),
        ])
        .ok();
    office.as_commission(&["election", "seal"]).ok();
    office.run(&["ledger", "publish"]).ok();
    office.at(NIGHT);
    for trustee in ["t1", "t2"] {
        office.as_trustee(trustee, &["decrypt"], &["--submit"]).ok();
    }
    office.write(
        "paper.toml",
        "[[district]]\nid = \"north\"\nissued = 0\nvalid = 0\ninvalid = 0\nspoilt = 0\ncounts = [[0, 0, 0, 0]]\n\
         [[district]]\nid = \"south\"\nissued = 0\nvalid = 0\ninvalid = 0\nspoilt = 0\ncounts = [[0, 0]]\n",
    );
    office
        .as_commission(&["election", "paper", "--file", &office.path("paper.toml")])
        .ok();
    office.as_commission(&["election", "result"]).ok();
    let exported = office.temp.path().join("archives");
    office
        .run(&[
            "box",
            "export-bel",
            &office.path("archives"),
            "--district",
            "north",
        ])
        .ok();

    tool.run(&exported, &["verify"])
        .expect("the tool verifies the archive");
    let archive = records(&std::fs::read(exported.join(format!("{uuid}.bel"))).expect("the archive"));
    let tally = tool
        .run(&exported, &["compute-encrypted-tally"])
        .expect("the tool computes the tally");
    let tally = hex_hash(tally.lines().next().expect("a tally").as_bytes());
    assert!(archive.contains_key(&format!("{tally}.data.json")));
    let ballots: Vec<_> = archive
        .values()
        .filter(|body| body.starts_with(br#"{"election_uuid""#))
        .collect();
    assert_eq!(ballots.len(), 4);
    for ballot in ballots {
        let file = setup.path().join("ballot.json");
        std::fs::write(&file, ballot).expect("a file");
        tool.run(
            setup.path(),
            &["verify-ballot", "--ballot", file.to_str().expect("a path")],
        )
        .expect("the tool verifies each ballot");
    }
    // V1: A and C; V2: B; V3: at last A and C.
    let result = archive
        .values()
        .find(|body| body.starts_with(br#"{"result""#))
        .expect("a result");
    assert_eq!(result, br#"{"result":[[0,2,1,2]]}"#);
}
