//! Consultations by single commands. The life of one is a transcript; scenarios are cited by their numbers.

use crate::common::{Office, Said, files, sijill};
use crate::golden::{self, Placeholders};

const DEFINITION: &str = r#"
name_en = "Fees of public parks"
name_ar = "رسوم الحدائق العامة"
languages = ["en", "ar"]
first = "2026-02-01"
last = "2026-02-10"
report_due = "2026-03-01"
late = "refused"
categories = ["citizen", "resident"]
verified_only = true
owner_en = "Municipality"
owner_ar = "البلدية"
officer_en = "Director of Planning"
officer_ar = "مدير التخطيط"
[[question]]
text_en = "Should there be a fee?"
text_ar = "هل يُفرض رسم؟"
min = 1
max = 1
options = [{ en = "Yes", ar = "نعم" }, { en = "No", ar = "لا" }]
"#;
const VERSION_1: &str = "# 4(2) {#fee}\n[en]\nThe fee is ten riyals.\n[ar]\nالرسم عشرة ريالات.\n\n# 5 {#night}\n[en]\nParks close at night.\n[ar]\nتُغلق الحدائق ليلًا.\n\n# 6 {#dogs}\n[en]\nNo dogs.\n[ar]\nيُمنع اصطحاب الكلاب.\n";
/// The fee is renumbered and changed, the night belongs to the hours, the dogs are gone.
const VERSION_2: &str = "moved: night -> hours\n\n# 5(1) {#fee}\n[en]\nThe fee is five riyals.\n[ar]\nالرسم خمسة ريالات.\n\n# 6 {#hours}\n[en]\nParks are open from 6 to 23.\n[ar]\nتُفتح الحدائق من 6 إلى 23.\n";
const REPORT: &str = r#"
report = "We heard that ten riyals are too much."
[[theme]]
id = "fees"
outcome = "partly-accepted"
reason = "The fee is five riyals now."
[[theme]]
id = "opening"
outcome = "rejected"
reason = "The lights cost too much."
"#;

/// Runs commands and writes down what they say. An argument `@name` is a file of the folder.
struct Play {
    office: Office,
    placeholders: Placeholders,
    transcript: String,
}

impl Play {
    /// Keys, a jurisdiction, files.
    fn new() -> Self {
        let mut office = Office::new();
        office.at("2026-01-25T09:00:00+03:00");
        for key in [
            "commission",
            "second",
            "owner",
            "moderator",
            "moderator-2",
            "fatima",
            "john",
            "stranger",
        ] {
            let file = office.path(key);
            office.run(&["key", "new", &file, "--label", key]).ok();
        }
        let secret = office.path("intake.secret");
        let purpose = ["--purpose", "registrar-secret", "--label", "intake"];
        office
            .run(&[&["key", "new", &secret], &purpose[..]].concat())
            .ok();
        for (name, text) in [
            ("consultation.toml", DEFINITION),
            ("version-1.md", VERSION_1),
            ("version-2.md", VERSION_2),
            ("report.toml", REPORT),
            (
                "high.txt",
                "Ten riyals are too high for the families of the مدرسة.\n",
            ),
            ("arabic.txt", "الرسم مرتفع على أهل أحمد.\n"),
            ("lights.txt", "Keep the lights on."),
            ("agree.txt", "I agree with this."),
            ("dogs.txt", "Dogs are welcome."),
            ("note.txt", "It names a neighbour."),
            ("appeal.txt", "It is my own name."),
            ("granted.txt", "The name is the author's own."),
            ("thanks.txt", "Thank you: the fee is five riyals now."),
            ("late.txt", "I have only heard of this today."),
        ] {
            office.write(name, text);
        }
        let mut play = Self {
            office,
            placeholders: Placeholders::default(),
            transcript: String::new(),
        };
        play.quietly("calendar new --name-en Qatar --name-ar قطر --rehearsal --key @commission")
            .ok();
        play
    }

    fn at(&mut self, moment: &str) {
        self.office.at(&format!("{}:00+03:00", moment.replace(' ', "T")));
        self.transcript.push_str(&format!("# {moment}\n\n"));
    }

    fn arguments(&self, line: &str) -> Vec<String> {
        let mut all = vec![];
        let mut quoted = false;
        for part in line.split('\'') {
            if quoted {
                all.push(part.to_owned());
            } else {
                all.extend(part.split_whitespace().map(str::to_owned));
            }
            quoted = !quoted;
        }
        let file = |a: String| {
            a.strip_prefix('@')
                .map(|name| self.office.path(name))
                .unwrap_or(a)
        };
        all.into_iter().map(file).collect()
    }

    fn quietly(&mut self, line: &str) -> Said {
        let all = self.arguments(line);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.office.run(&all)
    }

    /// Runs a command and writes down what it said.
    #[track_caller]
    fn step(&mut self, code: i32, line: &str) -> Said {
        let said = self.quietly(line);
        assert_eq!(said.code, code, "{line}\n{}\n{}", said.out, said.err);
        let mut text = format!("$ sijill {}\n{}{}", line.replace('@', ""), said.out, said.err);
        if code != 0 {
            text.push_str(&format!("(exit code {code})\n"));
        }
        text.push('\n');
        let folder = self.office.temp.path().display().to_string();
        let text = self.placeholders.apply(&text, &folder);
        self.transcript.push_str(&text);
        said
    }

    #[track_caller]
    fn json(&mut self, line: &str) -> serde_json::Value {
        let said = self.quietly(&format!("--json {line}"));
        assert_eq!(said.out.lines().count(), 1, "{line}: {}\n{}", said.out, said.err);
        serde_json::from_str(&said.out).expect("JSON")
    }

    /// The number of the comment that a command made.
    #[track_caller]
    fn comment(&mut self, line: &str) -> u64 {
        let said = self.step(0, &format!("consultation comment parks {line}"));
        let (_, rest) = said.out.split_once("has the number ").expect("a number");
        rest.split('.')
            .next()
            .expect("a number")
            .parse()
            .expect("a number")
    }

    /// Defined, with a version and two participants: Fatima, a citizen with a key, and Maryam, who has none.
    fn open(&mut self) {
        self.step(0, "consultation new --id parks --authority municipality --name-en 'Fees of public parks' --name-ar 'رسوم الحدائق العامة' --owner @owner --moderator @moderator --moderator @moderator-2 --member @second --key @commission");
        self.step(0, "consultation define parks @consultation.toml --key @owner");
        self.step(0, "consultation publish parks @version-1.md --key @owner");
        self.step(
            0,
            "consultation enrol parks --person 1001 --participant-key @fatima --category citizen --verified",
        );
        self.step(
            0,
            "consultation enrol parks --person 1002 --category resident --verified",
        );
        self.step(
            0,
            "consultation enrol parks --person 1003 --participant-key @john --category resident --verified",
        );
    }
}

#[test]
fn the_life_of_a_consultation_is_as_it_was() {
    let mut p = Play::new();
    p.at("2026-01-25 09:00");
    p.open();
    p.step(1, "consultation comment parks --text @high.txt --key @fatima");
    p.step(
        0,
        "consultation settings parks --reason 'So that it is heard of' --first 2026-02-02 --key @owner",
    );

    // The window is open.
    p.at("2026-02-02 10:00");
    p.step(
        1,
        "consultation settings parks --reason 'We have heard enough' --last 2026-02-03 --key @owner",
    );
    let high = p.comment("--text @high.txt --clause fee --quote 'ten riyals' --key @fatima");
    let arabic = p.comment("--text @arabic.txt --clause night --person 1002");
    let dogs = p.comment("--text @dogs.txt --clause dogs --key @john");
    let lights = p.comment("--text @lights.txt --key @john");
    let reply = p.comment(&format!("--text @agree.txt --reply-to {high} --key @john"));
    p.step(1, "consultation comment parks --text @high.txt --key @stranger");
    p.step(
        1,
        "consultation comment parks --text @high.txt --key @fatima --clause gone",
    );
    p.step(0, "consultation respond parks --answer 1=1 --key @fatima");
    p.step(0, "consultation respond parks --answer ١=٢ --key @fatima");
    p.step(1, "consultation show parks --view responses");

    // Scenario 33: two kinds of tombstone; scenario 34: a second moderator decides.
    p.step(0, &format!("consultation withdraw parks {lights} --key @john"));
    p.step(
        0,
        &format!("consultation hide parks {high} --reason personal-data --note @note.txt --key @moderator"),
    );
    p.step(0, "consultation show parks --view threads");
    p.step(0, "consultation mine parks --key @fatima");
    p.step(
        0,
        &format!("consultation appeal parks {high} --statement @appeal.txt --key @fatima"),
    );
    p.step(1, &format!("consultation restore parks {high} --key @moderator"));
    p.step(
        1,
        &format!("consultation decide parks {high} restore --key @moderator"),
    );
    p.step(
        0,
        &format!("consultation decide parks {high} restore --note @granted.txt --key @moderator-2"),
    );
    p.step(0, "consultation show parks --view moderation");

    // Scenario 35: clauses renumber, merge and go.
    p.at("2026-02-08 12:00");
    p.step(0, "consultation publish parks @version-2.md --key @owner");
    p.step(0, "consultation show parks --view clauses");
    p.step(0, "consultation show parks --view orphaned");

    // Scenario 36: the window has closed.
    p.at("2026-02-11 00:00");
    p.step(1, "consultation comment parks --text @late.txt --key @fatima");
    p.step(0, "consultation show parks --view responses");

    // Scenario 40: no archive without the report, no report without every theme.
    p.at("2026-02-20 09:00");
    p.step(
        0,
        &format!("consultation answer parks --to {high},{reply} --text @thanks.txt --key @owner"),
    );
    p.step(1, "consultation archive parks --key @owner");
    p.step(
        0,
        "consultation theme parks fees --name-en Fees --name-ar الرسوم --key @owner",
    );
    p.step(
        0,
        "consultation theme parks opening --name-en 'Opening hours' --key @owner",
    );
    p.step(
        0,
        &format!("consultation assign parks fees --add {high} --key @owner"),
    );
    p.step(1, "consultation report parks @report.toml --key @owner");
    p.step(
        0,
        &format!("consultation assign parks opening --add {dogs},{arabic} --key @owner"),
    );
    p.step(0, "consultation show parks --view coverage");
    p.step(0, "consultation report parks @report.toml --key @owner");
    p.step(0, "consultation archive parks --key @owner");
    p.step(0, "consultation show parks --view report");
    p.step(0, "consultation mine parks --key @fatima --receipts @receipts");

    // Scenario 43: any spelling finds it.
    p.step(0, "consultation search parks 'مدرسه'");
    p.step(0, "consultation search parks 'اهل احمد'");
    p.step(0, "consultation moderation-log parks");
    p.step(0, "consultation show parks");
    p.step(0, "consultation list");
    p.step(0, "calendar publish");
    p.step(0, "export consultation parks --out @open");
    p.step(1, "export consultation parks --out @open");
    p.step(0, "export feeds --base https://sharek.example --out @feeds");
    the_exports_have_what_is_published(&p);
    the_verifier_agrees(&p);
    golden::compare("consultation.txt", &p.transcript);
}

/// What is published verifies, and so does every receipt of a participant.
fn the_verifier_agrees(p: &Play) {
    let (folder, trust) = (
        p.office.path("data/jurisdiction"),
        p.office.path("data/trust-jurisdiction.json"),
    );
    let report = sijill(&["verify", "jurisdiction", &folder, "--trust", &trust])
        .ok()
        .out;
    assert!(
        report.contains("comments: 5: visible 4, hidden 0, withdrawn 1"),
        "{report}"
    );
    let receipts: Vec<String> = files(&p.office.temp.path().join("receipts"))
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    assert_eq!(receipts.len(), 3);
    let check = ["receipt", "check", "--trust", &trust, "--folder", &folder];
    let receipts = receipts.iter().map(String::as_str);
    sijill(&check.into_iter().chain(receipts).collect::<Vec<_>>()).ok();
}

/// Comments, answers, report and counts, as everybody may read them; feeds of what is published.
fn the_exports_have_what_is_published(p: &Play) {
    let read = |name: &str| std::fs::read_to_string(p.office.path(name)).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&read("open/consultation.json")).expect("JSON");
    assert_eq!(json["format"], "sijill-open-consultation/1");
    let comments = json["comments"].as_array().expect("comments");
    let states: Vec<&str> = comments.iter().filter_map(|c| c["state"].as_str()).collect();
    assert_eq!(states, ["visible", "visible", "visible", "withdrawn", "visible"]);
    assert_eq!(comments[3]["text"], serde_json::Value::Null, "it is withdrawn");
    let places: Vec<_> = comments
        .iter()
        .map(|c| (&c["clause"], &c["clause_now"], &c["orphaned"]))
        .collect();
    assert_eq!(places[1], (&"night".into(), &"hours".into(), &false.into()));
    assert_eq!(
        places[2],
        (&"dogs".into(), &serde_json::Value::Null, &true.into())
    );
    assert_eq!(json["responses"]["questions"][0]["options"][1]["persons"], 1);
    assert_eq!(json["report"]["themes"][0]["outcome"], "partly accepted");
    let csv = read("open/comments.csv");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(rows.records().count(), 5);
    assert!(!csv.contains("Keep the lights on"), "{csv}");
    assert!(read("open/answers.csv").contains("Thank you: the fee is five riyals now."));
    assert!(read("open/responses.csv").contains("1,2,Should there be a fee?,هل يُفرض رسم؟,No,لا,1"));
    assert!(
        read("open/report.csv").contains("fees,Fees,الرسوم,1,partly accepted,The fee is five riyals now.")
    );
    let feed = read("feeds/consultations.atom");
    assert_eq!(
        feed.matches("<entry>").count(),
        4,
        "two versions, a report, an archive: {feed}"
    );
    assert!(feed.contains("رسوم الحدائق العامة: what we heard"), "{feed}");
    assert!(read("feeds/disclosures.atom").contains("<updated>2026-02-20T06:00:00Z</updated>"));
}

#[test]
fn scenario_36_a_late_text_is_kept_or_taken_as_late() {
    let mut p = Play::new();
    p.open();
    // The last second of the last day.
    p.office.at("2026-02-10T23:59:59+03:00");
    p.comment("--text @late.txt --key @fatima");
    p.at("2026-02-11 00:00");
    let refused = p.quietly("consultation comment parks --text @late.txt --key @fatima");
    let refused = refused.refused("Tuesday 10 February 2026");
    assert!(
        refused
            .err
            .contains("أُغلقت المشاورة في نهاية يوم الثلاثاء 10 فبراير 2026"),
        "{}",
        refused.err
    );
    let (_, kept) = refused.err.split_once("is kept in ").expect("a file");
    let kept = kept
        .split(" [")
        .next()
        .and_then(|k| k.lines().next())
        .expect("a file");
    assert_eq!(
        std::fs::read_to_string(kept).expect("the text"),
        "I have only heard of this today."
    );
    let line = p.json("consultation comment parks --text @late.txt --key @fatima");
    assert_eq!(line["code"], "consultation.window");
    assert!(
        line["error_ar"].as_str().is_some_and(|t| t.contains("محفوظ")),
        "{line}"
    );

    // Another one takes what is late.
    let mut p = Play::new();
    let late = DEFINITION.replace("late = \"refused\"", "late = \"not-counted\"");
    p.office.write("consultation.toml", &late);
    p.open();
    p.at("2026-02-11 00:00");
    p.comment("--text @late.txt --key @fatima");
    let shown = p.json("consultation show parks");
    assert_eq!(
        (&shown["counts"]["late"], &shown["counts"]["counted"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn texts_that_deceive_or_are_too_long_are_refused_with_what_to_do() {
    let mut p = Play::new();
    p.open();
    p.at("2026-02-03 10:00");
    p.office.write("rtl.txt", "harmless \u{202E}lufmrah");
    p.office.write("long.txt", &"a".repeat(65_537));
    p.office.write("empty.txt", " \n");
    std::fs::write(p.office.path("latin.txt"), b"caf\xe9").expect("a file");
    for (file, with, arabic) in [
        ("rtl", "U+202E at byte 9", "U+202E"),
        ("long", "65537 bytes, but at most 65536", "65536"),
        ("empty", "empty", "فارغ"),
        ("latin", "not UTF-8", "UTF-8"),
    ] {
        let line = format!("consultation comment parks --text @{file}.txt --key @fatima");
        p.quietly(&line).refused(with);
        let json = p.json(&line);
        assert_eq!(json["code"], "opening.form", "{json}");
        assert!(
            json["error_ar"].as_str().is_some_and(|t| t.contains(arabic)),
            "{json}"
        );
    }
    // The longest text that is one.
    p.office.write("long.txt", &"a".repeat(65_536));
    p.comment("--text @long.txt --key @fatima");
}

#[test]
fn refusals_have_stable_codes() {
    let mut p = Play::new();
    p.open();
    p.at("2026-02-03 10:00");
    let comment = p.comment("--text @high.txt --key @fatima");
    for (line, code) in [
        ("consultation show nothing", "register.missing"),
        ("consultation withdraw parks 999 --key @fatima", "comment.missing"),
        ("consultation withdraw parks x --key @fatima", "comment.number"),
        (
            "consultation withdraw parks COMMENT --key @john",
            "consultation.comment",
        ),
        (
            "consultation comment parks --text @high.txt --key @fatima --clause fee --quote Twelve",
            "consultation.clause",
        ),
        (
            "consultation comment parks --text @high.txt --person 1001",
            "consultation.participant",
        ),
        (
            "consultation comment parks --text @high.txt --key @stranger",
            "event.author",
        ),
        (
            "consultation enrol parks --person 1001 --category citizen",
            "consultation.participant",
        ),
        (
            "consultation enrol parks --person 1009 --category visitor --verified",
            "consultation.eligibility",
        ),
        (
            "consultation change parks --person 1009 --verified true",
            "consultation.participant",
        ),
        ("consultation mine parks --key @stranger", "participant.missing"),
        (
            "consultation respond parks --answer 1=3 --key @fatima",
            "consultation.response",
        ),
        (
            "consultation respond parks --answer 1 --key @fatima",
            "participant.answer",
        ),
        (
            "consultation hide parks COMMENT --reason other --key @moderator",
            "consultation.moderation",
        ),
        (
            "consultation hide parks COMMENT --reason spam --key @owner",
            "event.author",
        ),
        (
            "consultation appeal parks COMMENT --statement @appeal.txt --key @fatima",
            "consultation.moderation",
        ),
        (
            "consultation assign parks nothing --add COMMENT --key @owner",
            "consultation.theme",
        ),
        (
            "consultation define parks @version-1.md --key @owner",
            "consultation-file",
        ),
        (
            "consultation define parks @consultation.toml --key @owner",
            "consultation.order",
        ),
        (
            "consultation publish parks @consultation.toml --key @owner",
            "document.file",
        ),
        (
            "consultation report parks @report.toml --key @owner",
            "consultation.report",
        ),
        (
            "consultation settings parks --reason no --categories citizen --key @owner",
            "consultation.settings",
        ),
        ("consultation search parks !", "search.query"),
    ] {
        let line = line.replace("COMMENT", &comment.to_string());
        let json = p.json(&line);
        assert_eq!(json["code"], code, "{line}: {json}");
    }
    // Under another secret the same identifier is another person.
    let other =
        "consultation enrol parks --person 1001 --secret @intake.secret --category citizen --verified";
    assert_eq!(p.json(other)["participant"], 4);
}

#[test]
fn scenario_41_what_is_erased_is_read_by_nobody_and_the_person_stays_one() {
    let mut p = Play::new();
    p.open();
    p.at("2026-02-03 10:00");
    let comment = p.comment("--text @high.txt --key @fatima");
    let threads = p.json("consultation show parks --view threads");
    let commitment = threads["threads"][0]["commitment"]
        .as_str()
        .expect("a commitment")
        .to_owned();
    let order = p.json(&format!(
        "consultation erase parks {commitment} --basis 'Law No. 13 of 2016' --key @commission"
    ));
    let order = order["order"].as_str().expect("an order").to_owned();
    p.quietly(&format!(
        "consultation confirm-erasure parks {order} --key @commission"
    ))
    .refused("second person");
    p.quietly(&format!(
        "consultation confirm-erasure parks {order} --key @second"
    ))
    .ok();
    let shown = p.json("consultation show parks --view threads");
    assert_eq!(shown["threads"][0]["text"], serde_json::Value::Null);
    assert_eq!(shown["threads"][0]["erased"], true);
    let mine = p.json("consultation mine parks --key @fatima");
    assert_eq!(mine["comments"][0]["comment"], comment);
    assert_eq!(mine["comments"][0]["text"], serde_json::Value::Null);
    assert_eq!(
        p.json("consultation search parks riyals")["found"],
        serde_json::json!([])
    );
    let again = "consultation enrol parks --person 1001 --category citizen --verified";
    assert_eq!(p.json(again)["code"], "consultation.participant");
}
