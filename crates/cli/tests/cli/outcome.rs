//! Who is elected, by single commands: a removed candidate, a tie, a recount, an objection. Spec: specs/outcome.md.

use crate::common::{EVENING, NIGHT, NOON, Office, Said, files, sijill};

const ELECTION: &str = r#"
format = "sijill-election/1"
id = "seats"
name = { en = "Seats", ar = "" }
rehearsal = true
rules = "plain-1"
time_zone = "Asia/Qatar"
opens = "2026-12-05T07:00:00+03:00"
closes = "2026-12-05T19:00:00+03:00"
administrator = "Commission"
credential_authority = "Registrar"
trustees = ["Court", "University"]
[[district]]
id = "north"
name = { en = "North", ar = "" }
[[district.question]]
text = { en = "Who?", ar = "من؟" }
answers = [{ en = "Amal", ar = "أمل" }, { en = "Bilal", ar = "" }, { en = "Dana", ar = "" }]
blank = false
min = 1
max = 1
seats = 1
"#;

/// An event with one seat whose box is sealed; nobody voted digitally, so that the paper decides.
fn sealed() -> Office {
    let mut office = Office::with_people();
    let rules = std::fs::read_to_string(office.path("rules.toml")).expect("rules");
    office.write(
        "rules.toml",
        &rules.replace("version = 1\n", "version = 1\ntie = \"lots\"\n"),
    );
    office.write("election.toml", ELECTION);
    let file = |name: &str| office.path(name);
    office
        .run(&[
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
            &file("t1/signing.key"),
            "--trustee",
            &file("t2/signing.key"),
        ])
        .ok();
    office.run(&["ledger", "publish"]).ok();
    for folder in ["t1", "t2"] {
        office.as_trustee(folder, &["publish"], &["--submit"]).ok();
    }
    office.write("roll.csv", "identifier,district\nV1,north\nV2,north\nV3,north\n");
    office
        .as_registrar(&["roll", "import", &office.path("roll.csv")])
        .ok();
    office.as_registrar(&["credential", "issue"]).ok();
    office.as_registrar(&["roll", "freeze"]).ok();
    office.as_commission(&["election", "prepare"]).ok();
    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    // The law's last day for a withdrawal is long past.
    remove(&office, "3", "withdrawal").refused("outcome.order");
    remove(&office, "4", "court").refused("no answer 4");
    remove(&office, "3", "court").ok();
    office.at(EVENING);
    office.as_commission(&["election", "close"]).ok();
    office
        .run(&["election", "exclude", "--key", &office.path("registrar.key")])
        .ok();
    office.as_commission(&["election", "seal"]).ok();
    office.at(NIGHT);
    office
}

fn remove(office: &Office, answer: &str, cause: &str) -> Said {
    office.as_commission(&[
        "election",
        "remove-candidate",
        "--answer",
        answer,
        "--cause",
        cause,
        "--reason",
        "Administrative court, judgment 12",
    ])
}

fn paper(office: &Office, counts: [u64; 3]) -> String {
    let valid: u64 = counts.iter().sum();
    office.write(
        "paper.toml",
        &format!(
            "[[district]]\nid = \"north\"\nissued = {valid}\nvalid = {valid}\ninvalid = 0\nspoilt = 0\ncounts = [{counts:?}]\n"
        ),
    );
    office.path("paper.toml")
}

fn tie(office: &Office, elected: &str, more: &[&str]) -> Said {
    let args = [
        "election",
        "tie",
        "--elected",
        elected,
        "--reason",
        "Drawn from an urn",
    ];
    office.as_commission(&[&args[..], more].concat())
}

const WITNESSES: [&str; 4] = ["--by", "Clerk of the court", "--by", "Notary"];

#[test]
fn a_seat_is_filled_by_lots_then_by_a_recount_and_certified_once_nothing_is_open() {
    let office = sealed();
    tie(&office, "1", &WITNESSES).refused("outcome.order");
    let file = paper(&office, [40, 40, 70]);
    office.as_commission(&["election", "paper", "--file", &file]).ok();
    let shown = office.run(&["election", "result"]).ok().out;
    assert!(
        shown.contains("A tie: Amal / أمل; Bilal") && shown.contains("It is not decided yet"),
        "{shown}"
    );
    assert!(
        shown.contains("Dana: removed by a court, their votes are void: Administrative court"),
        "{shown}"
    );

    // Only those level, by the law's rule, before two witnesses.
    tie(&office, "3", &WITNESSES).refused("outcome.tie");
    tie(&office, "1", &["--by", "Clerk of the court"]).refused("2 to 16 witnesses");
    tie(&office, "1", &["--rule", "casting-vote", "--by", "Head"]).refused("lots decide a tie");
    tie(&office, "4", &WITNESSES).refused("no answer 4");
    tie(&office, "1", &[&WITNESSES[..], &["--question", "2"]].concat())
        .refused("question 2 of district north does not fill seats");
    tie(&office, "2", &WITNESSES).ok();
    let shown = office.run(&["election", "result"]).ok().out;
    assert!(
        shown.contains("Bilal: by lots") && shown.contains("Clerk of the court; Notary: Drawn from an urn"),
        "{shown}"
    );

    // A recount makes all of that void.
    let recount = |counts: [u64; 3], reason: &str| {
        let file = paper(&office, counts);
        office.as_commission(&["election", "recount", "--file", &file, "--reason", reason])
    };
    recount([40, 40, 70], "Asked for").refused("nothing was recounted");
    recount([41, 40, 70], " ").refused("paper.return");
    recount([41, 40, 70], "A paper lay under the urn").ok();
    let json = office.run(&["--json", "election", "result"]).ok().out;
    let result: serde_json::Value = serde_json::from_str(&json).expect("one line of JSON");
    let seats = &result["outcomes"][0]["seats"][0];
    assert_eq!(
        seats["elected"],
        serde_json::json!([{ "answer": 0, "by": "votes" }]),
        "{json}"
    );
    assert_eq!(seats["tie"], serde_json::Value::Null);
    assert_eq!(result["results"][0]["questions"][0]["answers"][0]["paper"], 41);
    remove(&office, "2", "court").refused("a recount must take its place first");

    objections(&office);
    let (published, trust) = (office.path("data/published"), office.path("data/trust.json"));
    office.run(&["ledger", "publish"]).ok();
    let view = ["--published", &published, "--trust", &trust];
    let certify = || office.as_commission(&[&["election", "certify", "--submit"], &view[..]].concat());
    certify().refused("is not decided yet");
    decide(&office, &objection_of(&office), "upheld").ok();
    office.run(&["ledger", "publish"]).ok();
    certify().ok();
    office.run(&["ledger", "publish"]).ok();
    recount([42, 40, 70], "Too late").refused("election.order");

    let verify = ["verify", "event", &published, "--trust", &trust];
    sijill(&[&verify[..], &["--require-stage", "certified"]].concat()).ok();
    let out = office.path("results");
    office
        .run(&[&["election", "export", "--out", &out], &view[..]].concat())
        .ok();
    let table = std::fs::read_to_string(office.path("results/results.csv")).expect("a table");
    assert!(
        table.contains(",certified,votes,\n")
            && table.contains(",certified,void,\"Administrative court, judgment 12\"\n"),
        "{table}"
    );
    let page = std::fs::read_to_string(office.path("results/north.html")).expect("a protocol");
    assert!(page.contains("أُعيد عدّ الأصوات الورقية") && page.contains("A paper lay under the urn"));
}

fn object(office: &Office, statement: &str, opening: &str) -> Said {
    let opening = office.path(opening);
    office.run(&[
        "election",
        "object",
        "V2",
        "--statement",
        statement,
        "--opening",
        &opening,
        "--key",
        &office.path("registrar.key"),
        "--secret",
        &office.path("registrar.secret"),
    ])
}

fn decide(office: &Office, objection: &str, decision: &str) -> Said {
    office.as_commission(&[
        "election",
        "decide-objection",
        objection,
        "--decision",
        decision,
        "--reason",
        "The urn was looked at before witnesses",
    ])
}

/// The number of the objection, from the file that its opening was named for.
fn objection_of(office: &Office) -> String {
    std::fs::read_to_string(office.path("objection")).expect("a number")
}

fn objections(office: &Office) {
    let empty = object(office, " ", "opening");
    assert_eq!(empty.code, 2, "{}", empty.err);
    let said = object(office, "I saw a second urn", "opening").ok().out;
    let number = said
        .split_whitespace()
        .find(|word| word.parse::<u64>().is_ok())
        .expect("a number")
        .to_owned();
    office.write("objection", &number);
    let opening = std::fs::read(office.path("opening")).expect("an opening");
    let document: serde_json::Value = serde_json::from_slice(&opening[32..]).expect("a document");
    assert_eq!(document["format"], "sijill-objection/1");
    assert_eq!(document["text"], "I saw a second urn");
    // Nothing that exists is overwritten, and nobody is named on the ledger.
    object(office, "Again", "opening").refused("exists");
    office.run(&["ledger", "publish"]).ok();
    for file in files(std::path::Path::new(&office.path("data/published"))) {
        let bytes = std::fs::read(&file).expect("a file");
        assert!(!bytes.windows(6).any(|w| w == b"second"), "{}", file.display());
    }
    decide(office, "1", "upheld").refused("outcome.objection");
}
