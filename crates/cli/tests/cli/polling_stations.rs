//! A polling station by single commands: its own machine, its book on the way to the centre, the exclusions that follow.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::common::{BEFORE, EVENING, NOON, Office, Said, sijill};

const STATIONS: &str = r#"
[[station]]
id = "east"
name = { en = "East school", ar = "" }
keys = "east.json"
districts = ["north", "south"]
chair = "CHAIR"
members = ["ONE", "TWO"]
queue_minutes = 30
"#;

/// A command on the station's machine.
fn at_station(office: &Office, clock: &str, args: &[&str]) -> Said {
    at_station_with("passphrase", office, clock, args)
}

/// The same with another passphrase of the person who acts.
fn at_station_with(passphrase: &str, office: &Office, clock: &str, args: &[&str]) -> Said {
    let (dir, engine) = (office.path("station"), office.path("passphrase"));
    let passphrase = office.path(passphrase);
    let common = [
        "--dir",
        &dir,
        "--passphrase-file",
        &passphrase,
        "--engine-passphrase-file",
        &engine,
        "--rehearsal-clock",
        clock,
        "--danger-fast-keys",
    ];
    sijill(&[&common, args].concat())
}

/// A desk with these officers, these lines, and its answers.
fn desk(office: &Office, officers: &[usize], lines: &[&str]) -> Vec<Value> {
    let mut child = spawn_desk(office, officers);
    let mut input = child.stdin.take().expect("its input");
    input
        .write_all((lines.join("\n") + "\n").as_bytes())
        .expect("lines");
    drop(input);
    let said = Said::of(child.wait_with_output().expect("its end")).ok().out;
    let answers = said.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    answers.collect()
}

fn spawn_desk(office: &Office, officers: &[usize]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sijill"));
    let (dir, passphrase) = (office.path("station"), office.path("passphrase"));
    command.args([
        "--dir",
        &dir,
        "--passphrase-file",
        &passphrase,
        "--rehearsal-clock",
        NOON,
    ]);
    command.args(["--danger-fast-keys", "--json", "station", "desk"]);
    for n in officers {
        command.args(["--key", &officer(office, *n)]);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the desk")
}

fn officer(office: &Office, n: usize) -> String {
    office.path(&format!("officer-{n}.key"))
}

/// Centre and station up to the opening time, the station set up and the box open.
fn open() -> Office {
    let mut office = Office::with_people();
    for n in 0..4 {
        let key = officer(&office, n);
        office.run(&["key", "new", &key, "--label", "officer"]).ok();
    }
    at_station(&office, BEFORE, &["init", "--origin", "station.example"]).ok();
    let keys = office.path("east.json");
    at_station(&office, BEFORE, &["station", "keys", "--out", &keys]).ok();
    let stations = STATIONS
        .replace("CHAIR", &officer(&office, 0))
        .replace("ONE", &officer(&office, 1))
        .replace("TWO", &officer(&office, 2));
    office.write("stations.toml", &stations);
    let define = [
        "election",
        "new",
        "--file",
        &office.path("election.toml"),
        "--rules",
        &office.path("rules.toml"),
        "--stations",
        &office.path("stations.toml"),
        "--registrar",
        &office.path("registrar.key"),
        "--trustee",
        &office.path("t1/signing.key"),
        "--trustee",
        &office.path("t2/signing.key"),
    ];
    office.as_commission(&define).ok();
    office.write(
        "roll.csv",
        "identifier,district\nV1,north\nV2,north\nV3,north\nV4,south\nV5,south\n",
    );
    office
        .as_registrar(&["roll", "import", &office.path("roll.csv")])
        .ok();
    office.as_registrar(&["credential", "issue"]).ok();
    office
        .as_registrar(&["credential", "slips", &office.path("slips.csv")])
        .ok();
    office.as_registrar(&["roll", "freeze"]).ok();
    office.run(&["ledger", "publish"]).ok();
    for folder in ["t1", "t2"] {
        office.as_trustee(folder, &["publish"], &["--submit"]).ok();
    }
    // The poll does not open before the stations are defined.
    office
        .as_commission(&["election", "prepare"])
        .refused("1 polling stations are defined");
    office.write("list.csv", "identifier,station\nV1,east\nV2,east\nV4,east\n");
    let (list, kits) = (office.path("list.csv"), office.path("kits"));
    let wrong = office.path("wrong.csv");
    office
        .as_commission(&["station", "define"])
        .refused("no list of voters");
    // An assignment cannot be taken back: what is wrong with a list is found before the first one is made.
    let refused = |lines: &str, why: &str| {
        let before = office.sizes();
        office.write("wrong.csv", &format!("identifier,station\n{lines}"));
        office
            .as_registrar(&["station", "assign", "--list", &wrong, "--out", &kits])
            .refused(why);
        assert_eq!(office.sizes(), before, "{lines}");
        assert!(!std::path::Path::new(&kits).exists() || why.contains("another list"));
    };
    refused(
        "V1,east\nV2,west\n",
        "a station `west` that this event does not have",
    );
    refused("", "nobody for station east");
    refused(
        "V1,east\n,east\n",
        "line 3 of the list says that its station has no voters",
    );
    refused(
        "V1,east\nV1,west\n",
        "line 3 of the list names a person for the second time",
    );
    refused("V1,east\nNOBODY,east\n", "not on the roll");
    // Every kit has a passphrase of its own: the file for the registrar's keys does not name it.
    let assign = ["station", "assign", "--list", &list, "--out", &kits];
    let unnamed = office.as_registrar(&assign);
    assert_eq!(unnamed.code, 2, "{}", unnamed.err);
    assert!(unnamed.err.contains("a passphrase is needed"), "{}", unnamed.err);
    let passphrases = office.path("passphrases");
    let assign = [&assign[..], &["--passphrases", &passphrases]].concat();
    let said = office.as_registrar(&assign).ok().out;
    assert!(said.contains("east: 3 voters"), "{said}");
    let drawn = std::fs::read_to_string(office.path("passphrases/east")).expect("a passphrase");
    assert_eq!(drawn.trim_end().len(), 32, "{drawn}");
    assert!(!said.contains(drawn.trim_end()));
    // It is not written over while somebody may have it.
    office.as_registrar(&assign).refused("exists");
    refused("V1,east\n", "another list of voters");
    office.as_commission(&["station", "define"]).ok();
    office.as_commission(&["election", "prepare"]).ok();
    office.run(&["ledger", "publish"]).ok();
    let set_up = [
        "station",
        "set-up",
        "--kit",
        &office.path("kits/east"),
        "--published",
        &office.path("data/published"),
        "--trust",
        &office.path("data/trust.json"),
    ];
    at_station(&office, BEFORE, &set_up).refused("passphrase");
    at_station_with("passphrases/east", &office, BEFORE, &set_up).ok();
    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    office
}

#[test]
fn a_station_from_its_kit_to_the_seal() {
    let mut office = open();
    let act = |office: &Office, args: &[&str]| {
        let key = officer(office, 1);
        at_station(office, NOON, &[&["station"], args, &["--key", &key]].concat())
    };
    let second = officer(&office, 2);
    act(&office, &["open", "--papers", "20", "--seal", "seal-1"]).refused("not on duty");
    for n in 0..3 {
        let key = officer(&office, n);
        at_station(&office, NOON, &["station", "duty", "--key", &key]).ok();
    }
    act(&office, &["open", "--papers", "20", "--seal", "seal-1"]).ok();

    // V1 votes digitally and comes to the station all the same; V3 is not on the list.
    office.vote("V1", "north", "1", &[]).ok();
    office.vote("V2", "north", "2", &[]).ok();
    let said = at_station(&office, NOON, &["station", "look-up", "V1"]).ok().out;
    assert!(
        said.contains("may have voted digitally") && said.contains("Not checked in"),
        "{said}"
    );
    act(&office, &["issue", "V1", "--second", &second]).refused("not checked in");
    act(&office, &["check-in", "V1", "--document", "id-card"]).ok();
    act(&office, &["check-in", "V1", "--document", "id-card"]).refused("checked in already");
    act(&office, &["issue", "V1"]).refused("a second officer must sign");
    act(&office, &["issue", "V1", "--second", &second]).ok();
    act(&office, &["spoil", "V1"]).ok();
    act(&office, &["issue", "V1", "--second", &second]).ok();
    act(&office, &["check-in", "V3", "--document", "id-card"]).refused("not on the list");
    act(&office, &["check-in", "V3", "--document", "id-card", "--guest"]).ok();
    let said = act(
        &office,
        &["issue", "V3", "--second", &second, "--envelope", "1", "--json"],
    )
    .ok()
    .out;
    let envelope = serde_json::from_str::<Value>(&said).expect("JSON")["paper"]
        .as_u64()
        .expect("a position")
        .to_string();

    // On line for a moment: the book so far.
    let early = office.path("early.station");
    at_station(&office, NOON, &["station", "export", "--out", &early]).ok();
    let said = office.run(&["station", "receive", &early]).ok().out;
    assert!(!said.contains("final"), "{said}");

    // One officer is revoked and another named: at the centre first, then in the book of the station.
    let (third, fourth) = (officer(&office, 2), officer(&office, 3));
    let at_centre = |args: &[&str]| office.as_commission(&[&["station"], args].concat());
    at_centre(&["name-officer", "east", &fourth]).ok();
    at_centre(&["name-officer", "east", &fourth]).refused("officer of the station already");
    at_centre(&["revoke-officer", "east", &third]).ok();
    at_centre(&["name-officer", "east", &third]).refused("was revoked");
    let in_book = |args: &[&str]| {
        let key = office.path("commission.key");
        at_station(&office, NOON, &[&["station"], args, &["--key", &key]].concat())
    };
    at_station(&office, NOON, &["station", "duty", "--key", &fourth]).refused("must be signed by");
    in_book(&["admit-officer", &fourth]).ok();
    in_book(&["dismiss-officer", &third]).ok();

    // A clock that is a day off, said in both languages with the rule.
    let (key, late) = (officer(&office, 1), "2026-12-06T12:00:00+03:00");
    let said = at_station(
        &office,
        late,
        &[
            "--json",
            "station",
            "check-in",
            "V2",
            "--document",
            "id-card",
            "--key",
            &key,
        ],
    );
    let said: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(said["code"], "station.window", "{said}");
    assert!(
        said["error"].as_str().expect("text").contains("990 min outside"),
        "{said}"
    );
    assert!(
        said["message"]["ar"]
            .as_str()
            .expect("text")
            .contains("ساعة هذا الجهاز"),
        "{said}"
    );
    assert_eq!(said["message"]["rule"], "station.md §4.4, §4.5");

    // The rest of the day at a desk: roll and keys are unlocked once.
    let said = desk(
        &office,
        &[1, 3, 2],
        &[
            r#"{"do":"duty","by":2}"#,
            r#"{"do":"look-up","person":"V4"}"#,
            r#"{"do":"check-in","person":"V4","document":"id-card"}"#,
            r#"{"do":"issue","person":"V4","second":3}"#,
            "not a command",
            r#"{"do":"issue","person":"V4","second":2}"#,
            r#"{"do":"issue","person":"V4","second":2}"#,
            r#"{"do":"dispute","person":"V4","statement":"I have only just come"}"#,
            r#"{"do":"look-up","person":"V4"}"#,
            r#"{"do":"lock","officer":1}"#,
            r#"{"do":"spoil","person":"V4","by":1}"#,
            r#"{"do":"status"}"#,
            &json!({ "do": "export", "out": office.path("desk.station") }).to_string(),
        ],
    );
    let codes: Vec<&str> = said
        .iter()
        .map(|line| {
            line["code"]
                .as_str()
                .or(line["done"].as_str())
                .expect("an answer")
        })
        .collect();
    assert_eq!(
        codes,
        [
            "ready",
            "duty",
            "look-up",
            "check-in",
            "officer.revoked",
            "station.line",
            "issue",
            "station.paper",
            "dispute",
            "look-up",
            "lock",
            "officer.absent",
            "status",
            "export",
            "quit",
        ]
    );
    assert_eq!(
        (&said[2]["checked_in"], &said[9]["disputed"]),
        (&false.into(), &true.into())
    );
    let status = &said[12];
    assert_eq!(
        (&status["checked_in"], &status["issued"], &status["voters"]),
        (&3.into(), &4.into(), &3.into())
    );
    let disputed = said[8]["disputed"].to_string();
    // Killed behind an answer: what was answered is there.
    let mut child = spawn_desk(&office, &[1, 3]);
    let (mut input, output) = (
        child.stdin.take().expect("input"),
        child.stdout.take().expect("output"),
    );
    let mut answers = BufReader::new(output).lines();
    let mut next =
        || -> Value { serde_json::from_str(&answers.next().expect("a line").expect("text")).expect("JSON") };
    assert_eq!(next()["done"], "ready");
    writeln!(
        input,
        "{}",
        json!({ "do": "check-in", "person": "V2", "document": "id-card" })
    )
    .expect("a line");
    assert_eq!(next()["done"], "check-in");
    child.kill().expect("killed");
    child.wait().expect("ended");
    let said = at_station(&office, NOON, &["station", "look-up", "V2"]).ok().out;
    assert!(said.contains("Checked in, without a paper"), "{said}");

    office.at(EVENING);
    let key = officer(&office, 1);
    at_station(
        &office,
        EVENING,
        &["station", "close", "--unused", "16", "--key", &key],
    )
    .ok();
    // Closed, and not signed by enough, or badly: anchored all the same.
    let entries = || {
        let election = |size: &String| size.contains(" election ");
        let size = office.sizes().into_iter().find(election).expect("an election");
        let number = size.rsplit(' ').next().expect("a number");
        number.parse::<u64>().expect("a number")
    };
    let before = entries();
    let sign = |n: usize| {
        let key = officer(&office, n);
        at_station(&office, EVENING, &["station", "sign", "--key", &key]).ok();
    };
    sign(0);
    let few = office.path("few.station");
    at_station(&office, EVENING, &["station", "export", "--out", &few]).ok();
    let said = office.run(&["station", "receive", &few]).ok().out;
    assert!(!said.contains("final"), "{said}");
    assert_eq!(entries(), before + 1);
    sign(1);
    sign(3);
    // What a crash leaves of a signature is none.
    let folder = office.path("station/station/signatures");
    let signature = std::fs::read_dir(&folder)
        .expect("signatures")
        .next()
        .expect("one")
        .expect("a file");
    let draft = format!("{}.new", signature.path().display());
    std::fs::write(&draft, b"half").expect("a draft");
    let book = office.path("east.station");
    at_station(&office, EVENING, &["station", "export", "--out", &book]).ok();

    // What is wrong with a file is said; the same file twice changes nothing.
    let bytes = std::fs::read(&book).expect("the file");
    std::fs::write(office.path("cut.station"), &bytes[..bytes.len() - 1]).expect("a file");
    let cut = office.path("cut.station");
    let said = office.run(&["station", "receive", &cut]).refused("cut off");
    assert!(
        said.err.contains("ملف المركز مبتور") && said.err.contains("[station.md §11.2]"),
        "{}",
        said.err
    );
    office.as_commission(&["election", "close"]).ok();
    office
        .as_registrar(&["station", "exclude"])
        .refused("neither here nor declared lost");
    let said = office.run(&["station", "receive", &book]).ok().out;
    assert!(said.contains("Its book is final"), "{said}");
    let said = office.run(&["station", "receive", &book]).ok().out;
    assert!(said.contains("0 of them new"), "{said}");
    office
        .run(&["station", "receive", &early])
        .refused("older than what is here");
    assert!(
        office
            .run(&["station", "status"])
            .ok()
            .out
            .contains("east: final")
    );

    // The envelope first; then V1's digital ballot is excluded, and V2's counts.
    office
        .as_registrar(&["station", "exclude"])
        .refused("needs a decision");
    let papers = office.run(&["station", "papers"]).ok().out;
    assert!(
        papers.contains(&format!("east {envelope}: a guest's, in envelope 1")),
        "{papers}"
    );
    assert!(
        papers.contains(&format!("east {disputed}: somebody says")),
        "{papers}"
    );
    let opening = office.path("opening");
    let decide = |paper: &str, decision: &str, opening: &str, more: &[&str]| {
        let args = [
            "station",
            "decide",
            "east",
            paper,
            "--decision",
            decision,
            "--reason",
            "Seen by the commission",
            "--opening",
            opening,
        ];
        office.run(&[&args[..], more].concat())
    };
    // Signed by somebody else: refused, and the name is free again. An earlier opening is never written over.
    let (stranger, commission) = (officer(&office, 0), office.path("commission.key"));
    decide(&disputed, "does-not-count", &opening, &["--key", &stranger]).refused("");
    assert!(!std::path::Path::new(&opening).exists());
    office.write("opening", "earlier");
    let by = ["--key", &commission];
    decide(&disputed, "does-not-count", &opening, &by).refused("exists");
    assert_eq!(std::fs::read(&opening).expect("the file"), b"earlier");
    std::fs::remove_file(&opening).expect("removed");
    decide(&disputed, "does-not-count", &opening, &by).ok();
    let bytes = std::fs::read(&opening).expect("the opening");
    assert!(bytes[32..].windows(17).any(|w| w == b"by the commission"));
    // The station sealed for the registrar who its guest is; the commission is told a pseudonym.
    let (guests, names) = (office.path("guests.json"), office.path("names.csv"));
    let list = ["station", "guests", "--out", &guests, "--names", &names];
    let said = office.as_registrar(&list).ok().out;
    assert!(
        said.contains("1 guests; 0 of them are not on the roll, 0 are named by no note"),
        "{said}"
    );
    let names = std::fs::read_to_string(&names).expect("names");
    assert!(names.ends_with(",V3\n"), "{names}");
    let listed = std::fs::read_to_string(&guests).expect("guests");
    assert!(
        !listed.contains("V3") && listed.contains("\"district\": \"north\""),
        "{listed}"
    );
    let (second, other) = (office.path("opening-2"), office.path("opening-3"));
    decide(&envelope, "counts", &second, &by).refused("name the pseudonym");
    let by = ["--guests", &guests, "--key", &commission];
    decide(&disputed, "counts", &other, &by).refused("names nobody of the roll for this paper");
    decide(&envelope, "counts", &second, &by).ok();
    // Scenario 9: V1 has a ballot and a paper, and is told; nobody else is.
    let told = office.path("told.csv");
    let said = office
        .as_registrar(&["station", "notices", "--out", &told])
        .ok()
        .out;
    assert!(
        said.contains("1 persons to tell") && said.contains("لقد صوّت رقميًا"),
        "{said}"
    );
    let told = std::fs::read_to_string(&told).expect("the file");
    assert_eq!(told, "identifier,district\nV1,north\n");
    let said = office.as_registrar(&["station", "exclude"]).ok().out;
    assert!(said.contains("north: 2 credentials excluded"), "{said}");
    office.as_commission(&["election", "seal"]).ok();

    // What was counted by hand: it does not add up once, is recorded as such, and resolved.
    let north = "[[return]]\nstation = \"east\"\ndistrict = \"north\"\nvalid = 2\ninvalid = 0\nspoilt = 1\ncounts = [[0, 1, 1, 0]]\n";
    let south = "[[return]]\nstation = \"east\"\ndistrict = \"south\"\nvalid = 0\ninvalid = 0\nspoilt = 0\ncounts = [[0, 0]]\n";
    office.write("returns.toml", &[north, south].concat());
    let file = office.path("returns.toml");
    let returns = ["station", "return", "--file", &file];
    office
        .as_commission(&returns)
        .refused("0 papers were found (valid, invalid, spoilt), but 1 were issued");
    let said = office.as_commission(&["station", "totals"]).ok().out;
    assert!(
        said.contains("north: 2 valid papers of 3 issued") && said.contains("south."),
        "{said}"
    );
    let said = office
        .as_commission(&[&returns[..], &["--mismatch"]].concat())
        .ok()
        .out;
    assert!(
        said.contains("east north: returned already") && said.contains("does not add up"),
        "{said}"
    );
    let said = office.as_commission(&["station", "totals"]).ok().out;
    assert!(said.contains("south: 0 valid papers of 1 issued"), "{said}");
    let resolve = |more: &[&str]| {
        let args = [
            "station",
            "resolve",
            "east",
            "--reason",
            "The disputed paper was never cast",
        ];
        office.as_commission(&[&args[..], more].concat())
    };
    resolve(&[]).refused("no such mismatch");
    resolve(&["--district", "south"]).ok();
    resolve(&["--district", "south"]).refused("resolved already");
    office.run(&["ledger", "publish"]).ok();
    let (folder, trust) = (
        office.path("data/accredited"),
        office.path("data/trust-accredited.json"),
    );
    sijill(&[
        "verify",
        "event",
        &folder,
        "--trust",
        &trust,
        "--profile",
        "accredited",
        "--require-stage",
        "anchored",
    ])
    .ok();
}
