//! Freedom of information by single commands: a register, its requests, and what officers and the public see.

use crate::common::{Office, Said};

pub(crate) const PACK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../fixtures/rules/foi-qa-2022-009.toml"
);

pub(crate) fn moment(text: &str) -> String {
    format!("{}:00+03:00", text.replace(' ', "T"))
}

/// Calendar, one holiday, a pack, two registers.
pub(crate) fn office() -> Office {
    let mut office = Office::new();
    office.at(&moment("2025-12-01 09:00"));
    for key in ["commission.key", "officer.key", "grievance.key", "second.key"] {
        office
            .run(&["key", "new", &office.path(key), "--label", key])
            .ok();
    }
    office.write("who.txt", "Fatima, fatima@example.org\n");
    office.write("what.txt", "What did the tower cost?\n");
    office.write("why.txt", "I do not agree\n");
    office.write("report.txt", "the rendition");
    office.run(&["calendar", "show"]).refused("no jurisdiction");
    let new = ["calendar", "new", "--name-en", "Qatar", "--name-ar", "قطر"];
    office.as_commission(&new).refused("rehearsal");
    office.as_commission(&[&new[..], &["--rehearsal"]].concat()).ok();
    office
        .as_commission(&[&new[..], &["--rehearsal"]].concat())
        .refused("already");
    office
        .as_commission(&[
            "calendar",
            "declare",
            "--name-en",
            "National Day",
            "--first",
            "18/12/2025",
            "--source",
            "Amiri Decision 57/2025",
        ])
        .ok();
    office.as_commission(&["calendar", "adopt", PACK]).ok();
    for (id, authority) in [("moph-2026", "moph"), ("moi-2026", "moi")] {
        office
            .as_commission(&[
                "foi",
                "new",
                "--id",
                id,
                "--authority",
                authority,
                "--name-en",
                authority,
                "--pack",
                "qa-2022-009/1",
                "--officer",
                &office.path("officer.key"),
                "--grievance-officer",
                &office.path("grievance.key"),
                "--member",
                &office.path("second.key"),
            ])
            .ok();
    }
    office
}

fn submit(office: &Office) -> Said {
    office.run(&[
        "foi",
        "submit",
        "moph-2026",
        "--requester",
        &office.path("who.txt"),
        "--text",
        &office.path("what.txt"),
    ])
}

fn officer(office: &Office, args: &[&str]) -> Said {
    office.run(&[&["foi"], args, &["--key", &office.path("officer.key")]].concat())
}

/// Scenarios 20 (due by the pack, explained), 23 (one extension, on the last day), 25 (decided document by document), 27
/// (another officer, the court's last day), 41 (erased by two).
#[test]
fn a_request_from_its_receipt_to_the_court() {
    let mut office = office();
    office.at(&moment("2025-12-03 10:00"));
    let receipt = submit(&office).ok().out;
    assert!(receipt.contains("Reference moph-2026/1"), "{receipt}");
    assert!(receipt.contains("Sunday 21 December 2025"), "{receipt}");
    assert!(receipt.contains("الموعد"), "{receipt}");
    // Digits as people type them.
    let case = office.run(&["foi", "case", "moph-2026/١"]).ok().out;
    assert!(case.contains("weekly rest, the last day moves on"), "{case}");
    assert!(case.contains("not confirmed"), "{case}");
    office.run(&["foi", "case", "moph-2026/2"]).refused("no request");
    office.run(&["foi", "case", "moph-2025/1"]).refused("no register");

    office.write(
        "decision.toml",
        "statement = \"Decided as follows.\"\n[[document]]\ntitle = \"The invoice\"\noutcome = \"released\"\n[[document]]\ntitle = \"The offer\"\noutcome = \"refused\"\nexemptions = [\"commercial\"]\noriginal = \"report.txt\"\n",
    );
    let decide = ["decide", "moph-2026/1", &office.path("decision.toml")];
    officer(&office, &decide).refused("not admitted");
    officer(
        &office,
        &["admit", "moph-2026/1", "--summary", "Costs of the tower"],
    )
    .ok();
    reminders_come_once(&mut office);
    // On the last day, once.
    office.at(&moment("2025-12-21 23:58"));
    let extend = ["extend", "moph-2026/1", "--reason", "Many documents"];
    officer(&office, &extend).ok();
    officer(&office, &extend).refused("one extension too many");
    let board = office.run(&["foi", "board", "moph-2026"]).ok().out;
    assert!(board.contains("extended, before 2025-12-21"), "{board}");
    let feed = office.path("due.ics");
    office
        .run(&[
            "foi",
            "board",
            "moph-2026",
            "--icalendar",
            &feed,
            "--format",
            "csv",
        ])
        .ok();
    let feed = std::fs::read_to_string(feed).expect("a feed");
    assert!(feed.contains("SUMMARY:moph-2026/1: due\r\n"), "{feed}");

    office.at(&moment("2025-12-28 10:00"));
    officer(&office, &decide).ok();
    let file = format!("0={}", office.path("report.txt"));
    let other = format!("1={}", office.path("report.txt"));
    officer(&office, &["release", "moph-2026/1", &other]).refused("not decided for release");
    officer(&office, &["release", "moph-2026/1", &file]).ok();
    let log = office.run(&["foi", "log", "moph-2026"]).ok().out;
    assert!(log.contains("0 released: openings/"), "{log}");
    office
        .run(&[
            "foi",
            "grieve",
            "moph-2026/1",
            "--statement",
            &office.path("why.txt"),
        ])
        .ok();
    let by = |key: &str| {
        office.run(&[
            "foi",
            "decide-grievance",
            "moph-2026/1",
            "upheld",
            "--reason",
            "The offer is a trade secret",
            "--key",
            &office.path(key),
        ])
    };
    by("officer.key").refused("must be signed by");
    by("grievance.key").ok();
    let case = office.run(&["foi", "case", "moph-2026/1"]).ok().out;
    assert!(case.contains("Open to the requester: court."), "{case}");
    let league = office.run(&["foi", "league"]).ok().out;
    assert!(
        league.contains("moph-2026: 1 received, 0 open, 1 decided, 100.00 % on time"),
        "{league}"
    );
    what_many_registers_say(&office);
    office.run(&["foi", "due-dates", "moph-2026"]).ok();
    let feeds = office.path("feeds");
    let nowhere = office.run(&["export", "feeds", "--base", "sharek", "--out", &feeds]);
    assert!(
        nowhere.code == 2 && nowhere.err.contains("--base"),
        "{}",
        nowhere.err
    );
    office
        .run(&[
            "export",
            "feeds",
            "--base",
            "https://sharek.example/",
            "--out",
            &feeds,
        ])
        .ok();
    let feed = std::fs::read_to_string(office.temp.path().join("feeds/disclosures.atom")).expect("a feed");
    for text in [
        "<title>moph-2026/1: Costs of the tower</title>",
        "The invoice: released",
        "The offer: refused",
        "https://sharek.example/disclosures/moph-2026/1",
    ] {
        assert!(feed.contains(text), "{text}: {feed}");
    }
    assert!(!feed.contains("Fatima"), "{feed}");
    let published = office.run(&["calendar", "publish"]).ok().out;
    assert!(published.contains("3 ledgers"), "{published}");
    let openings = std::fs::read_dir(office.data().join("jurisdiction/openings")).expect("openings");
    // Summary, reason of the extension, statement, two titles, rendition, reason of the grievance.
    assert_eq!(openings.count(), 7);

    // Two members of the commission erase what was published of the request's summary.
    let log = office.run(&["--json", "foi", "log", "moph-2026"]).ok().out;
    let summary = log.split_once("\"summary\":\"").expect("a summary").1[..64].to_owned();
    let order = [
        "foi",
        "erase",
        "moph-2026",
        &summary,
        "--basis",
        "Law No. 13 of 2016",
    ];
    let order = office.as_commission(&order).ok().out;
    let order = order.trim().rsplit(' ').next().expect("an order").to_owned();
    let confirm = ["foi", "confirm-erasure", "moph-2026", &order];
    office.as_commission(&confirm).refused("a second person must");
    let second = office.path("second.key");
    office.run(&[&confirm[..], &["--key", &second]].concat()).ok();
    office.run(&["calendar", "publish"]).ok();
    let openings = office.data().join("jurisdiction/openings");
    assert!(!openings.join(&summary).exists());
    assert_eq!(std::fs::read_dir(&openings).expect("openings").count(), 6);
    // Whoever asks for the same is not told what was erased.
    let similar = ["foi", "similar", "costs of a TOWER"];
    office.run(&similar).ok().has("No published answer");
    office.run(&["views", "rebuild"]).ok();
    office.run(&similar).ok().has("No published answer");
    office
        .run(&["foi", "similar", "an invoice"])
        .ok()
        .has("moph-2026/1: decided on 2025-12-28");
}

fn misused(office: &Office, args: &[&str], with: &str) {
    let said = office.run(args);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains(with), "{}", said.err);
}

fn reminders_come_once(office: &mut Office) {
    // Six working days before the due date, with the National Day and a weekend between.
    office.at(&moment("2025-12-10 10:00"));
    office
        .run(&["foi", "reminders"])
        .ok()
        .has("Nobody has to be reminded");
    office.at(&moment("2025-12-15 10:00"));
    let listed = office.run(&["foi", "reminders"]).ok().out;
    assert!(
        listed.contains("moph-2026/1, due 2025-12-21 (five-working-days), for "),
        "{listed}"
    );
    let id = listed.split(' ').next().expect("an id").to_owned();
    // Until somebody says that it was sent.
    office.run(&["foi", "reminders"]).ok().has(&id);
    office
        .run(&["foi", "reminders", "--sent", &id])
        .ok()
        .has("Nobody has to be reminded");
    office.run(&["foi", "reminders", "--sent", &id]).ok();
    office.at(&moment("2025-12-17 10:00"));
    office
        .run(&["foi", "reminders"])
        .ok()
        .has("Nobody has to be reminded");
    office.at(&moment("2025-12-20 10:00"));
    office.run(&["foi", "reminders"]).ok().has("(one-day)");
    misused(
        office,
        &["foi", "reminders", "--sent", "x"],
        "no id of a reminder",
    );
}

/// What is read of many registers is what each says of itself, also after the file was lost.
fn what_many_registers_say(office: &Office) {
    let json = |args: &[&str]| -> serde_json::Value {
        let said = office.run(&[&["--json", "foi"], args].concat()).ok().out;
        serde_json::from_str(&said).expect("one line of JSON")
    };
    let check = || {
        let log = json(&["log", "moph-2026"])["log"].clone();
        let disclosures = json(&["disclosures"]);
        assert_eq!(
            (&disclosures["disclosures"], &disclosures["next"]),
            (&log, &serde_json::Value::Null)
        );
        assert_eq!(
            json(&["disclosures", "--authority", "moi"])["disclosures"],
            serde_json::json!([])
        );
        let worklist = json(&["worklist", "moph-2026", "--standing", "overdue"]);
        assert_eq!(worklist["lines"], serde_json::json!([]));
        assert_eq!(worklist["counts"]["running"], 0);
        let authorities = json(&["league", "--authorities"])["authorities"].clone();
        assert_eq!(authorities[0]["line"]["decided"], 1);
        let similar = json(&["similar", "كم كلف the towers, or a Tower?"])["similar"].clone();
        assert_eq!(similar[0]["reference"], "moph-2026/1");
        assert_eq!(similar[0]["summary"], "Costs of the tower");
    };
    check();
    std::fs::remove_file(office.data().join("engine/boards.sqlite")).expect("the file");
    check();
    // Rows of another history, as after a backup was put back, are made again; a building that was cut off goes on.
    for change in ["last = zeroblob(32)", "size = size + 100", "next = 0"] {
        let file = rusqlite::Connection::open(office.data().join("engine/boards.sqlite")).expect("the file");
        let spoil =
            format!("UPDATE ledgers SET {change}; DELETE FROM tallies WHERE '{change}' <> 'next = 0'");
        file.execute_batch(&spoil).expect(change);
        drop(file);
        check();
    }
    let rebuilt: serde_json::Value =
        serde_json::from_str(&office.run(&["--json", "views", "rebuild"]).ok().out).expect("JSON");
    assert_eq!(rebuilt["boards"].as_array().map(Vec::len), Some(2));
    check();
    misused(office, &["foi", "similar", "?"], "at least one word");
    misused(
        office,
        &["foi", "worklist", "--from", "1.2"],
        "not a place of the list",
    );
    misused(office, &["foi", "worklist", "--most", "0"], "1..=1000");
}

/// Scenarios 26 (overdue the next day) and 28 (both bodies see the chain).
#[test]
fn the_timer_brings_about_what_the_service_slept_through() {
    let mut office = office();
    office.at(&moment("2025-12-03 10:00"));
    submit(&office).ok();
    office.at(&moment("2026-01-05 10:00"));
    let done = office.run(&["calendar", "tick"]).ok().out;
    assert_eq!(done.matches("DayClosed through 2026-01-04").count(), 2, "{done}");
    assert!(
        office
            .run(&["calendar", "tick"])
            .ok()
            .out
            .contains("Nothing was due.")
    );
    let board = office.run(&["foi", "board", "moph-2026"]).ok().out;
    assert!(board.contains("moph-2026/1: overdue, due 2025-12-21"), "{board}");
    officer(&office, &["extend", "moph-2026/1", "--reason", "Late"]).refused("after the due date");
    // Another body holds it; both see the chain.
    officer(
        &office,
        &[
            "transfer",
            "moph-2026/1",
            "--to",
            "moi-2026",
            "--reason",
            &office.path("why.txt"),
        ],
    )
    .ok();
    let board = office.run(&["foi", "board", "moi-2026"]).ok().out;
    assert!(board.contains("moi-2026/1: overdue, due 2025-12-21"), "{board}");
    let json = office.run(&["--json", "foi", "case", "moph-2026/1"]).ok().out;
    assert!(json.contains("\"status\":\"transferred\""), "{json}");
}

/// Scenario 21, on paper: the clock counts from the day on which a letter was handed in.
#[test]
fn letters_are_entered_by_officers_with_their_day() {
    let mut office = office();
    office.at(&moment("2025-12-10 10:00"));
    let enter = |on: &str| {
        let (who, what, scan, key) = (
            office.path("who.txt"),
            office.path("what.txt"),
            office.path("report.txt"),
            office.path("officer.key"),
        );
        office.run(&[
            "foi",
            "submit",
            "moph-2026",
            "--requester",
            &who,
            "--text",
            &what,
            "--received-on",
            on,
            "--scan",
            &scan,
            "--key",
            &key,
        ])
    };
    enter("2025-12-11").refused("after today");
    let receipt = enter("2025-12-03").ok().out;
    assert!(
        receipt.contains("Received on Wednesday 3 December 2025"),
        "{receipt}"
    );
    assert!(receipt.contains("Due on Sunday 21 December 2025"), "{receipt}");
    let missing_key = office.run(&[
        "foi",
        "submit",
        "moph-2026",
        "--requester",
        &office.path("who.txt"),
        "--text",
        &office.path("what.txt"),
        "--received-on",
        "2025-12-03",
    ]);
    assert_eq!(missing_key.code, 2);
}

/// What becomes of requests that are not simply decided, each by its own command.
#[test]
fn scenarios_22_24_29_to_32_by_command() {
    let mut office = office();
    office.write("law.txt", "You ask for your own data.");
    office.write("which.txt", "Which tower?");
    office.write("tall.txt", "The tall one.");
    office.write(
        "decision.toml",
        "statement = \"Decided.\"\n[[document]]\ntitle = \"The invoice\"\noutcome = \"released\"\n",
    );
    office
        .as_commission(&[
            "calendar",
            "declare",
            "--name-en",
            "Eid al-Fitr",
            "--first",
            "2026-03-17",
            "--last",
            "2026-03-23",
            "--status",
            "estimate",
            "--source",
            "Reckoned",
        ])
        .ok();
    office.at(&moment("2026-03-08 10:00"));
    for _ in 0..6 {
        submit(&office).ok();
    }
    let due = |office: &Office, n: u32| {
        let case = office
            .run(&["--json", "foi", "case", &format!("moph-2026/{n}")])
            .ok()
            .out;
        let case: serde_json::Value = serde_json::from_str(&case).expect("JSON");
        case["case"]["line"].clone()
    };
    // Raw end inside the feast: the first working day after it.
    assert_eq!(due(&office, 1)["due"], "2026-03-24");

    // 29: own data is routed out, not refused. 31: similar requests are linked, each is answered.
    office.at(&moment("2026-03-10 10:00"));
    let text = office.path("law.txt");
    officer(
        &office,
        &[
            "route-out",
            "moph-2026/2",
            "--ground",
            "own-data",
            "--explanation",
            &text,
        ],
    )
    .ok();
    assert_eq!(due(&office, 2)["status"], "routed-out");
    officer(&office, &["link", "moph-2026/3", "--similar", "moph-2026/1"]).ok();
    officer(&office, &["link", "moph-2026/1", "--similar", "moph-2026/3"]).refused("earlier");

    // 24: a question pauses. 30: so does a fee, until it is paid, and an unpaid one ends the request.
    let which = office.path("which.txt");
    officer(&office, &["ask", "moph-2026/3", "--question", &which]).ok();
    assert_eq!(due(&office, 3)["status"], "paused");
    for n in ["4", "5"] {
        let request = format!("moph-2026/{n}");
        officer(
            &office,
            &["fee", &request, "--amount", "5000", "--pay-by", "2026-03-15"],
        )
        .ok();
    }
    officer(&office, &["settle", "moph-2026/4", "paid"]).ok();
    officer(&office, &["unpaid", "moph-2026/5"]).refused("2026-03-15");
    office.run(&["foi", "withdraw", "moph-2026/6"]).ok();
    assert_eq!(due(&office, 6)["status"], "withdrawn");

    // 32: the wrong file is withdrawn, and the right one released.
    officer(
        &office,
        &["admit", "moph-2026/4", "--summary", "Costs of the tower"],
    )
    .ok();
    officer(&office, &["decide", "moph-2026/4", &office.path("decision.toml")]).ok();
    let (wrong, right) = (
        format!("0={}", office.path("what.txt")),
        format!("0={}", office.path("report.txt")),
    );
    officer(&office, &["release", "moph-2026/4", &wrong]).ok();
    officer(
        &office,
        &["recall", "moph-2026/4", "0", "--reason", "The wrong file"],
    )
    .ok();
    officer(&office, &["release", "moph-2026/4", &right]).ok();

    // 22: the feast comes two days later than reckoned, announced on its eve. Open due dates move, what was decided stays.
    office.at(&moment("2026-03-16 20:00"));
    officer(&office, &["unpaid", "moph-2026/5"]).ok();
    let shown = office.run(&["--json", "calendar", "show"]).ok().out;
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    let eid = shown["holidays"][1]["fact"].to_string();
    office
        .as_commission(&[
            "calendar",
            "declare",
            "--name-en",
            "Eid al-Fitr",
            "--first",
            "2026-03-19",
            "--last",
            "2026-03-25",
            "--corrects",
            &eid,
            "--source",
            "The announcement",
        ])
        .ok();
    office.at(&moment("2026-03-16 20:01"));
    office.run(&["calendar", "tick"]).ok();
    let moved = due(&office, 1);
    assert_eq!(
        (&moved["due"], &moved["original_due"]),
        (&"2026-03-26".into(), &"2026-03-26".into()),
        "{moved}"
    );
    assert_eq!(due(&office, 4)["status"], "decided");
    office.at(&moment("2026-03-30 10:00"));
    let tall = office.path("tall.txt");
    office
        .run(&["foi", "answer", "moph-2026/3", "--answer", &tall])
        .ok();
    assert_eq!(due(&office, 3)["status"], "running");
}

/// Files are taken by what they are, under names that do not deceive.
#[test]
fn scans_and_renditions_that_act_deceive_or_burst_are_refused_with_what_to_do() {
    let mut office = office();
    office.at(&moment("2025-12-10 10:00"));
    let enter = |file: &str| {
        office.run(&[
            "foi",
            "submit",
            "moph-2026",
            "--requester",
            &office.path("who.txt"),
            "--text",
            &office.path("what.txt"),
            "--received-on",
            "2025-12-03",
            "--scan",
            &office.path(file),
            "--key",
            &office.path("officer.key"),
        ])
    };
    office.write("letter.pdf", "not a PDF at all");
    enter("letter.pdf").refused("and the file is txt");
    office.write("broken.pdf", "%PDF-1.7 and nothing behind it");
    enter("broken.pdf").refused("damaged");
    office.write("annual\u{202E}fdp.txt", "reversed");
    enter("annual\u{202E}fdp.txt").refused("U+202E");
    let large = std::fs::File::create(office.path("large.txt")).expect("a file");
    large
        .set_len(100_000_000)
        .expect("100 MB, without its bytes on the disk");
    enter("large.txt").refused("has 100000000 bytes; 1 to 26214400 are taken");
    enter("report.txt").ok();
}

/// Scenario 25: a document that is released in part leaves as a new file, in which what is exempt is not.
#[test]
fn a_rendition_is_made_checked_and_released_and_the_original_is_not() {
    let mut office = office();
    office.at(&moment("2025-12-03 10:00"));
    submit(&office).ok();
    officer(
        &office,
        &["admit", "moph-2026/1", "--summary", "Costs of the tower"],
    )
    .ok();
    office.write("offer.txt", "Offer\nby Zanzibar Trading\nfor 1,000 riyals\n");
    office.write(
        "decision.toml",
        "statement = \"In part.\"\n[[document]]\ntitle = \"The offer\"\noutcome = \"partly-released\"\nexemptions = [\"commercial\"]\noriginal = \"offer.txt\"\n",
    );
    officer(&office, &["decide", "moph-2026/1", &office.path("decision.toml")]).ok();
    let (original, out) = (office.path("offer.txt"), office.path("public.txt"));
    let file = |path: &str| format!("0={path}");
    officer(&office, &["release", "moph-2026/1", &file(&original)]).refused("is the original");
    let redact = |more: &[&str]| office.run(&[&["foi", "redact", &original, "--out", &out], more].concat());
    redact(&["--pages", "1"]).refused("pages cannot be removed from a txt");
    redact(&["--word", "Fatima"]).refused("is not in the text");
    assert!(
        !std::path::Path::new(&out).exists(),
        "what was refused leaves no file"
    );
    redact(&["--word", "zanzibar trading", "--lines", "٣"]).ok();
    assert_eq!(
        std::fs::read_to_string(&out).expect("a rendition"),
        "Offer\nby █████\n█████\n"
    );
    let check = |rendition: &str, more: &[&str]| {
        office.run(&[&["foi", "rendition", "check", &original, rendition], more].concat())
    };
    check(&out, &[]).ok();
    check(&out, &["--word", "ZANZIBAR"]).ok();
    check(&original, &["--word", "Zanzibar"]).refused("1 of 1 words are still there");
    officer(&office, &["release", "moph-2026/1", &file(&out)]).ok();
    // Scenario 32: withdrawn, it is in no publication any more, and the ledger says so.
    office.run(&["calendar", "publish"]).ok();
    let published = || {
        let openings = std::fs::read_dir(office.data().join("jurisdiction/openings")).expect("openings");
        openings
            .filter(|entry| {
                let file = entry.as_ref().expect("an entry").path();
                let bytes = std::fs::read(file).expect("a file");
                String::from_utf8_lossy(&bytes).contains("by █████")
            })
            .count()
    };
    assert_eq!(published(), 1);
    officer(
        &office,
        &["recall", "moph-2026/1", "0", "--reason", "The wrong file"],
    )
    .ok();
    office.run(&["calendar", "publish"]).ok();
    assert_eq!(published(), 0);
    let case = office.run(&["foi", "case", "moph-2026/1"]).ok().out;
    assert!(
        case.contains("Document 0: partly released, withdrawn") || case.contains("withdrawn"),
        "{case}"
    );
}
