//! The electoral roll by single commands: who is checked against a register of persons, and what may follow.

use crate::common::{Office, RULES};

const MORNING_AFTER: &str = "2026-12-05T00:30:00+03:00";

const PERSONS: &str = "qid,born,nationality,since,document,expires,exclusions
11111111111,1990-01-31,original,,id_card,2030-01-01,
22222222222,1990-02-28,naturalised,2001-05-02,id_card,2030-01-01,
33333333333,2008-12-06,original,,id_card,2030-01-01,
44444444444,2008-12-05,original,,digital_id,2026-12-01,
";

const ROLL: &str =
    "identifier,district\n11111111111,north\n٢٢٢٢٢٢٢٢٢٢٢,north\n33333333333,south\n44444444444,south\n";

/// An event whose rules have objections: the window is 1 to 3 December.
fn office() -> Office {
    let office = Office::with_people();
    let rules = RULES.replace(
        "[candidates]",
        "[roll_objections]\nunit = \"calendar\"\nstart = \"next_day\"\nroll = \"none\"\nwindow_days = 2\ndecision_days = 2\nsilence = \"deemed_refusal\"\n[candidates]",
    );
    office.write("rules.toml", &rules);
    office.write("persons.csv", PERSONS);
    office.write("roll.csv", ROLL);
    office.define().ok();
    office
}

fn explain(office: &Office, qid: &str) -> crate::common::Said {
    office.as_registrar(&["roll", "explain", qid, "--persons", &office.path("persons.csv")])
}

#[test]
fn who_is_eligible_is_registered_and_the_others_are_told_why() {
    let mut office = office();
    let (roll, persons) = (office.path("roll.csv"), office.path("persons.csv"));
    let said = office
        .as_registrar(&["roll", "import", &roll, "--persons", &persons])
        .ok()
        .out;
    assert!(said.contains("Registered 3 voters."), "{said}");
    assert!(
        said.contains("1 are not eligible and were not registered"),
        "{said}"
    );
    // Born a day too late; eligible to the day.
    let young = explain(&office, "33333333333").ok().out;
    assert!(young.contains("[no]  Age: 18 years are completed"), "{young}");
    assert!(
        young.contains("Not eligible.") && young.contains("السن"),
        "{young}"
    );
    assert!(young.contains("Objections: from"), "{young}");
    let same_day = explain(&office, "٤٤٤٤٤٤٤٤٤٤٤").ok().out;
    assert!(
        same_day.contains("Eligible.") && same_day.contains("Registered in south."),
        "{same_day}"
    );
    explain(&office, "123").refused("11 digits");
    explain(&office, "55555555555").refused("does not know this person");

    // A day later the card of the fourth has expired.
    office.at("2026-12-02T00:00:00+03:00");
    let expired = explain(&office, "44444444444").ok().out;
    assert!(expired.contains("Renew it"), "{expired}");
    let again = office
        .as_registrar(&["roll", "correct", "44444444444", "--persons", &persons])
        .ok()
        .out;
    assert!(again.contains("not eligible (document)"), "{again}");
    office.at(MORNING_AFTER);
    office
        .as_registrar(&["roll", "freeze"])
        .refused("strike them, or check again");
    office.write("persons.csv", &PERSONS.replace("2026-12-01", "2031-12-01"));
    let again = office
        .as_registrar(&["roll", "correct", "44444444444", "--persons", &persons])
        .ok()
        .out;
    assert!(again.contains("Checked again: eligible."), "{again}");
    office.as_registrar(&["roll", "freeze"]).ok();
}

#[test]
fn nobody_is_in_two_districts_and_whoever_is_struck_comes_back_by_a_check() {
    let office = office();
    let (roll, persons) = (office.path("roll.csv"), office.path("persons.csv"));
    office
        .as_registrar(&["roll", "import", &roll, "--persons", &persons])
        .ok();
    office.write("moved.csv", "identifier,district\n11111111111,south\n");
    office
        .as_registrar(&["roll", "import", &office.path("moved.csv"), "--persons", &persons])
        .refused("on the roll of another district already");
    let transfer = |to: &str| {
        office.as_registrar(&[
            "roll",
            "transfer",
            "11111111111",
            "--to",
            to,
            "--reason",
            "moved house",
        ])
    };
    office.as_registrar(&["credential", "issue"]).ok();
    transfer("west").refused("no district `west`");
    transfer("north").refused("votes in north already");
    let said = transfer("south").ok().out;
    assert!(said.contains("Transferred from north to south."), "{said}");
    // The credential of the old box has ended; a new one is issued.
    let issued = office.as_registrar(&["credential", "issue"]).ok().out;
    assert!(issued.contains('1'), "{issued}");
    let strike = || office.as_registrar(&["roll", "strike", "22222222222", "--reason", "registered twice"]);
    strike().ok();
    strike().refused("is not on the roll");
    let said = explain(&office, "22222222222").ok().out;
    assert!(said.contains("[no]  Roll: not on the roll"), "{said}");
    let back = office
        .as_registrar(&["roll", "import", &roll, "--persons", &persons])
        .refused("another district already");
    drop(back);
    office.write("back.csv", "identifier,district\n22222222222,north\n");
    let back = office
        .as_registrar(&["roll", "import", &office.path("back.csv"), "--persons", &persons])
        .ok()
        .out;
    assert!(back.contains("Registered 1 voters."), "{back}");
}

#[test]
fn objections_inside_their_window() {
    let mut office = office();
    let (roll, persons) = (office.path("roll.csv"), office.path("persons.csv"));
    office
        .as_registrar(&["roll", "import", &roll, "--persons", &persons])
        .ok();
    let object = |office: &Office, kind: &str| {
        office.as_registrar(&[
            "roll",
            "object",
            "33333333333",
            "--kind",
            kind,
            "--statement",
            "I was left out",
        ])
    };
    object(&office, "omission").refused("not announced yet");
    office.at("2026-12-03T23:59:59+03:00");
    object(&office, "inclusion").refused("not on the roll");
    let number_of = |said: &str| {
        let mut words = said.split_whitespace();
        words.find_map(|word| word.parse::<u64>().ok()).expect("a number")
    };
    let number = number_of(&object(&office, "omission").ok().out);
    office
        .as_commission(&[
            "roll",
            "extend",
            "--until",
            "٠٤/١٢/٢٠٢٦",
            "--by",
            "Commission",
            "--reason",
            "a holiday",
        ])
        .ok();
    office.at("2026-12-04T20:00:00+03:00");
    let second = number_of(&object(&office, "omission").ok().out);
    office
        .as_registrar(&["roll", "freeze"])
        .refused("objections may be filed through 2026-12-04");
    let opening = office.path(&format!("opening-{number}"));
    let decide = |office: &Office, number: u64| {
        let opening = office.path(&format!("opening-{number}"));
        office.as_commission(&[
            "roll",
            "decide",
            &number.to_string(),
            "--decision",
            "upheld",
            "--reason",
            "not of age",
            "--opening",
            &opening,
        ])
    };
    decide(&office, number + 100).refused("no objection");
    decide(&office, number).ok();
    // An earlier opening is never written over.
    decide(&office, number).refused("exists");
    let bytes = std::fs::read(&opening).expect("the opening");
    assert!(bytes[32..].starts_with(b"{\"format\":\"sijill-reason/1\""));
    office.at(MORNING_AFTER);
    object(&office, "omission").refused("closed at the end of 2026-12-04");
    // The second objection waits.
    office.as_registrar(&["roll", "freeze"]).refused("is not decided");
    decide(&office, second).ok();
    office.as_registrar(&["roll", "freeze"]).ok();
}

#[test]
fn checks_at_the_poll_are_recorded_only_as_far_as_they_may_be() {
    let mut office = office();
    let (roll, persons) = (office.path("roll.csv"), office.path("persons.csv"));
    office
        .as_registrar(&["roll", "import", &roll, "--persons", &persons])
        .ok();
    let check = |office: &Office, qid: &str, at: &str| {
        office.as_registrar(&["roll", "check", qid, "--at", at, "--persons", &persons])
    };
    check(&office, "11111111111", "log-in").refused("not frozen yet");
    office.at(MORNING_AFTER);
    office.as_registrar(&["roll", "freeze"]).ok();
    office.at("2026-12-05T08:00:00+03:00");
    let log = |office: &Office| office.as_registrar(&["vault", "log"]).ok().out;
    let (sizes, logged) = (office.sizes(), log(&office));
    for at in ["log-in", "cast"] {
        let said = check(&office, "١١١١١١١١١١١", at).ok().out;
        assert!(
            said.contains("Eligible.") && said.contains("Not recorded."),
            "{said}"
        );
    }
    // Nothing anywhere says that they were here.
    assert_eq!((office.sizes(), log(&office)), (sizes.clone(), logged));
    let said = check(&office, "11111111111", "station").ok().out;
    assert!(
        said.contains("Eligible.") && said.contains("Recorded: entry"),
        "{said}"
    );
    // The card of the fourth has expired; the third is not on the roll.
    let said = check(&office, "44444444444", "log-in").ok().out;
    assert!(
        said.contains("Not eligible.") && said.contains("Recorded: entry"),
        "{said}"
    );
    let said = check(&office, "33333333333", "station").ok().out;
    assert!(said.contains("[no]  Roll: not on the roll"), "{said}");
    check(&office, "55555555555", "cast").refused("does not know this person");
    check(&office, "123", "cast").refused("خانة");
    let grown = |sizes: &[String]| -> u64 {
        let entries = sizes.iter().map(|line| line.rsplit(' ').next().expect("a size"));
        entries.map(|n| n.parse::<u64>().expect("a number")).sum()
    };
    assert_eq!(grown(&office.sizes()), grown(&sizes) + 3);
}

#[test]
fn an_import_names_the_line_of_whoever_is_not_known() {
    let office = office();
    office.write(
        "roll.csv",
        "identifier,district\n11111111111,north\n55555555555,north\n123,south\n22222222222,north\n",
    );
    let before = office.sizes();
    let (roll, persons) = (office.path("roll.csv"), office.path("persons.csv"));
    let import = |more: &[&str]| {
        office.as_registrar(&[&["roll", "import", &roll, "--persons", &persons], more].concat())
    };
    let said = import(&[]).refused("2 bad lines");
    for line in [
        "line 3: the register of persons does not know",
        "line 4: the identifier is not",
    ] {
        assert!(said.err.contains(line), "{line}: {}", said.err);
    }
    assert!(!said.err.contains("55555555555"), "{}", said.err);
    assert_eq!(office.sizes(), before);
    let said = import(&["--skip-bad"]).ok().out;
    assert!(said.contains("Registered 2 voters."), "{said}");
}

#[test]
fn holidays_become_known_and_move_what_is_reckoned_by_them() {
    let mut office = office();
    let holiday = |office: &Office, name: &str, first: &str, more: &str| {
        office.write(
            name,
            &format!(
                "[[holiday]]\nfirst = \"{first}\"\nlast = \"{first}\"\nstatus = \"announced\"\nname = {{ en = \"A feast\", ar = \"عيد\" }}\n\
                 source = \"Decree 1\"\n{more}"
            ),
        );
        office.as_commission(&["roll", "holidays", &office.path(name)])
    };
    let said = holiday(&office, "one", "2026-12-04", "").ok().out;
    assert!(said.contains("the roll knows 1 now"), "{said}");
    let before = office.sizes();
    holiday(&office, "one", "2026-12-04", "").refused("already declares");
    holiday(&office, "bad", "٠٤/١٢/٢٠٢٦", "").refused("`sijill roll holidays --help`");
    holiday(&office, "bad", "2026-12-09", "colour = 1\n").refused("unknown field");
    let file = office.path("one");
    office
        .run(&["roll", "holidays", &file, "--key", &office.path("registrar.key")])
        .refused("");
    assert_eq!(office.sizes(), before);
    let said = holiday(&office, "two", "2026-12-06", "").ok().out;
    assert!(said.contains("the roll knows 2 now"), "{said}");
    office.at(MORNING_AFTER);
    office.write("roll.csv", ROLL);
    let (roll, persons) = (office.path("roll.csv"), office.path("persons.csv"));
    office
        .as_registrar(&["roll", "import", &roll, "--persons", &persons])
        .ok();
    office.as_registrar(&["roll", "freeze"]).ok();
    holiday(&office, "three", "2026-12-07", "").refused("frozen");
}

#[test]
fn the_window_for_objections_is_chosen_where_the_rules_do_not_count_it() {
    let office = Office::with_people();
    let rules = |window: &str| {
        RULES.replace(
            "[candidates]",
            &format!("[roll_objections]\nunit = \"calendar\"\nstart = \"next_day\"\nroll = \"none\"\nsilence = \"none\"\n{window}[candidates]"),
        )
    };
    let define = |open: &str, until: &str| {
        office.run(&[
            "election",
            "new",
            "--file",
            &office.path("election.toml"),
            "--rules",
            &office.path("rules.toml"),
            "--key",
            &office.path("commission.key"),
            "--registrar",
            &office.path("registrar.key"),
            "--trustee",
            &office.path("t1/signing.key"),
            "--trustee",
            &office.path("t2/signing.key"),
            "--objections-open",
            open,
            "--objections-until",
            until,
        ])
    };
    let wrong = |open: &str, until: &str, problem: &str| {
        let said = define(open, until);
        assert!(said.code != 0 && said.err.contains(problem), "{}", said.err);
        let list = office.run(&["ledger", "list"]).ok().out;
        assert!(!list.contains("entries"), "nothing was made: {list}");
    };
    const OPEN: &str = "2026-12-02T08:00:00+03:00";
    wrong(OPEN, "2026-12-03", "knows no objections");
    office.write("rules.toml", &rules("window_days = 2\n"));
    wrong(OPEN, "2026-12-03", "ends on 2026-12-04, not on 2026-12-03");
    office.write("rules.toml", &rules(""));
    wrong("2026-11-02T08:00:00+03:00", "2026-12-03", "opened already");
    wrong(OPEN, "2026-12-01", "or one of the 366 days");
    wrong(OPEN, "2026-12-05", "would not end before polling day");
    wrong(OPEN, "soon", "not a day");
    define(OPEN, "٠٣/١٢/٢٠٢٦").ok();
    let said = office.run(&["--json", "ledger", "list"]).ok().out;
    assert!(said.contains("roll"), "{said}");
}
