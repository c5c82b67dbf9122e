//! An election with threshold trustees by single commands: each on files of its own, as on machines of their own.

use crate::common::{EVENING, NIGHT, NOON, Office, files, sijill};

pub(crate) const ELECTION: &str = r#"
format = "sijill-election/1"
id = "council"
name = { en = "Council", ar = "" }
rehearsal = true
rules = "plain-1"
time_zone = "Asia/Qatar"
opens = "2026-12-05T07:00:00+03:00"
closes = "2026-12-05T19:00:00+03:00"
administrator = "Commission"
credential_authority = "Registrar"
trustees = ["Court", "University", "Bar"]
threshold = 2
[[district]]
id = "north"
name = { en = "North", ar = "" }
[[district.question]]
text = { en = "Who?", ar = "" }
answers = [{ en = "Amal", ar = "" }, { en = "Bilal", ar = "" }]
blank = false
min = 1
max = 1
[[district]]
id = "south"
name = { en = "South", ar = "" }
unopposed = [{ en = "Dana", ar = "" }]
"#;
pub(crate) const TRUSTEES: [&str; 3] = ["c1", "c2", "c3"];

/// An event that is defined and published, with three trustees and two members of the commission.
pub(crate) fn office() -> Office {
    let office = Office::with_people();
    let rules = std::fs::read_to_string(office.path("rules.toml")).expect("rules");
    office.write("rules.toml", &rules.replace("quorum = 1", "quorum = 2"));
    office.write("election.toml", ELECTION);
    office.run(&["key", "new", &office.path("member.key")]).ok();
    for folder in TRUSTEES {
        office
            .run(&["trustee", "keygen", &office.path(folder), "--ceremony"])
            .ok();
    }
    let said = define(&office, &[]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("2 members of the commission to certify"),
        "{}",
        said.err
    );
    define(&office, &["--member", &office.path("member.key")]).ok();
    office.run(&["ledger", "publish"]).ok();
    office
}

fn define(office: &Office, more: &[&str]) -> crate::common::Said {
    let file = |name: &str| office.path(name);
    let args = [
        "election",
        "new",
        "--file",
        &file("election.toml"),
        "--rules",
        &file("rules.toml"),
        "--key",
        &file("commission.key"),
        "--registrar",
        &file("registrar.key"),
        "--trustee",
        &file("c1/signing.key"),
        "--trustee",
        &file("c2/signing.key"),
        "--trustee",
        &file("c3/signing.key"),
    ];
    office.run(&[&args[..], more].concat())
}

pub(crate) fn next(office: &Office, folder: &str, more: &[&str]) -> crate::common::Said {
    office.as_trustee(folder, &["ceremony", "next"], more)
}

/// The file that a command says it has signed.
pub(crate) fn signed(said: &str) -> String {
    let line = said
        .lines()
        .find(|line| line.starts_with("Signed "))
        .expect("a signed message");
    let (_, path) = line.split_once(" in ").expect("a file");
    path.to_owned()
}

pub(crate) fn status(office: &Office) -> String {
    let (published, trust) = (office.path("data/published"), office.path("data/trust.json"));
    let args = [
        "trustee",
        "ceremony",
        "status",
        "--published",
        &published,
        "--trust",
        &trust,
    ];
    office.run(&args).ok().out
}

#[test]
fn a_council_is_elected_with_one_trustee_absent() {
    let mut office = office();
    office
        .as_trustee("c1", &["publish"], &[])
        .refused("make their key in a ceremony");
    office
        .as_commission(&["election", "prepare"])
        .refused("the key ceremony is not complete");

    // The first attempt stops half way: the third trustee has lost its secrets.
    for folder in TRUSTEES {
        next(&office, folder, &["--submit"]).ok();
    }
    let waiting = next(&office, "c1", &["--submit"]);
    waiting.refused("election.order");
    office.run(&["ledger", "publish"]).ok();
    assert!(status(&office).contains("1 Court: enrol"), "{}", status(&office));
    let secret = files(&office.temp.path().join("c3"))
        .into_iter()
        .find(|path| {
            path.to_string_lossy().contains("ceremony-") && path.extension().is_some_and(|e| e == "key")
        })
        .expect("the secrets");
    std::fs::remove_file(secret).expect("a file to lose");
    next(&office, "c3", &[]).refused("the secrets of this attempt are missing");
    next(&office, "c1", &["--submit"]).ok();
    office
        .as_trustee("c1", &["ceremony", "complain"], &[])
        .refused("only after everybody has dealt");
    office.as_commission(&["election", "restart-ceremony"]).ok();

    // The second one: each message goes by a file, in whatever order.
    for round in 0..4 {
        office.run(&["ledger", "publish"]).ok();
        for at in 0..3 {
            let folder = TRUSTEES[(round + at) % 3];
            let said = next(&office, folder, &[]).ok().out;
            let file = signed(&said);
            office.run(&["ledger", "submit", &file]).ok();
            // Sent twice, it stands once.
            let again = office.run(&["ledger", "submit", &file]).ok().out;
            assert!(again.contains("stands already"), "{again}");
        }
    }
    office.run(&["ledger", "publish"]).ok();
    assert!(
        status(&office).contains("Attempt 2: complete"),
        "{}",
        status(&office)
    );
    let done = next(&office, "c2", &[]).ok().out;
    assert!(done.contains("The ceremony is complete"), "{done}");

    vote_and_count(&mut office);
}

fn vote_and_count(office: &mut Office) {
    office.write(
        "roll.csv",
        "identifier,district\nV1,north\nV2,north\nV3,north\nV4,south\n",
    );
    office
        .as_registrar(&["roll", "import", &office.path("roll.csv")])
        .ok();
    let (published, trust) = (office.path("data/published"), office.path("data/trust.json"));
    let view = ["--published", &published, "--trust", &trust];
    // Voters' devices make the credentials.
    for voter in ["v1", "v2", "v3"] {
        let out = office.path(&format!("{voter}.key"));
        office
            .run(&[&["credential", "new", &out], &view[..]].concat())
            .ok();
    }
    let enrol = |list: &str| {
        office.write("list.csv", &format!("identifier,enrolment\n{list}"));
        office.as_registrar(&["credential", "enrol", &office.path("list.csv")])
    };
    enrol("V9,v1.key.enrolment.json\n").refused("line 2 of the list is not on the roll");
    enrol("V1,v1.key\n").refused("line 2 of the list names a file that is no enrolment");
    enrol("V1,v1.key.enrolment.json\nV2,v1.key.enrolment.json\n")
        .refused("has the credential of another person");
    enrol("V4,v1.key.enrolment.json\n").refused("for the box of another district");
    enrol("V1,v1.key.enrolment.json\nV2,v2.key.enrolment.json\nV3,v3.key.enrolment.json\n").ok();
    office
        .as_registrar(&["credential", "issue"])
        .refused("an event has one kind");
    office.as_registrar(&["roll", "freeze"]).ok();
    office.as_commission(&["election", "prepare"]).ok();

    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    for (voter, choice) in [("v1", "1"), ("v2", "2"), ("v3", "1"), ("v2", "1")] {
        office.write("choices", &format!("{choice}\n"));
        let (key, choices) = (office.path(&format!("{voter}.key")), office.path("choices"));
        office
            .run(&["vote", "--credential", &key, "--choices-file", &choices])
            .ok();
    }
    office.at(EVENING);
    office.as_commission(&["election", "close"]).ok();
    office
        .run(&["election", "exclude", "--key", &office.path("registrar.key")])
        .ok();
    office.as_commission(&["election", "seal"]).ok();
    office.run(&["ledger", "publish"]).ok();
    office.at(NIGHT);
    office
        .as_commission(&["election", "result"])
        .refused("2 more of the shares of trustees 1, 2, 3 are needed");
    office.as_trustee("c3", &["decrypt"], &["--submit"]).ok();
    office
        .as_commission(&["election", "result"])
        .refused("1 more of the shares of trustees 1, 2 are needed");
    office.as_trustee("c1", &["decrypt"], &["--submit"]).ok();
    office.write(
        "paper.toml",
        "[[district]]\nid = \"north\"\nissued = 0\nvalid = 0\ninvalid = 0\nspoilt = 0\ncounts = [[0, 0]]\n",
    );
    office
        .as_commission(&["election", "paper", "--file", &office.path("paper.toml")])
        .ok();
    let result = office.as_commission(&["election", "result"]).ok().out;
    assert!(
        result.contains("Elected without a poll") && result.contains("Dana"),
        "{result}"
    );
    certify(office, &published, &trust);
}

fn certify(office: &Office, published: &str, trust: &str) {
    let view = ["--published", published, "--trust", trust];
    let certify = |key: &str, more: &[&str]| {
        let key = office.path(key);
        office.run(&[&["election", "certify", "--key", &key], &view[..], more].concat())
    };
    certify("commission.key", &["--submit"]).refused("does not verify");
    office.run(&["ledger", "publish"]).ok();
    certify("registrar.key", &["--submit"]).refused("not that of a member of the commission");
    certify("commission.key", &["--submit"]).ok();
    certify("commission.key", &["--submit"]).refused("this key has certified them already");
    let file = office.path("certified.submission");
    certify("member.key", &["--out", &file]).ok();
    office.run(&["ledger", "submit", &file]).ok();
    office.run(&["ledger", "publish"]).ok();
    let verify = [
        "verify",
        "event",
        published,
        "--trust",
        trust,
        "--require-stage",
        "certified",
    ];
    let verified = sijill(&verify).ok().out;
    assert!(verified.contains("3  100.00%  Amal"), "{verified}");

    let archives = office.path("archives");
    office.run(&["box", "export-bel", &archives]).ok();
    let exported = files(std::path::Path::new(&archives)).remove(0);
    let name = exported.file_name().expect("a name");
    let of_publication = std::path::Path::new(published).join("archives").join(name);
    assert_eq!(
        std::fs::read(exported).expect("an archive"),
        std::fs::read(of_publication).expect("its copy")
    );
    let json = office.run(&["--json", "election", "result"]).ok().out;
    let result: serde_json::Value = serde_json::from_str(&json).expect("one line of JSON");
    assert_eq!(result["certified_by"].as_array().map(Vec::len), Some(2));
    let said = office.run(&[
        "--json",
        "election",
        "open",
        "--key",
        &office.path("registrar.key"),
    ]);
    assert_eq!(said.code, 0, "nothing is left to open: {}", said.err);
}
