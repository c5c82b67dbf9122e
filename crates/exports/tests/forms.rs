//! Every form of one small event that has everything: a tie, blank and invalid votes, a hostile name, an unopposed district
//! and a box that is never decrypted.

use jiff::Timestamp;
use serde_json::Value;
use sijill_exports::{
    Counted, DistrictResults, EventResults, Language, Poll, QuestionResults, Status, Votes, chart, csv, nist,
    protocol,
};
use sijill_registers::manifest::Text;

const HOSTILE: &str = "<script>alert(1)</script>\" & 'x'";

fn text(en: &str, ar: &str) -> Text {
    Text {
        en: en.to_owned(),
        ar: ar.to_owned(),
    }
}

fn votes(digital: u64, paper: u64) -> Votes {
    Votes { digital, paper }
}

fn event() -> EventResults {
    let counted = Counted {
        eligible: 40,
        cast: votes(20, 5),
        invalid: 1,
        by_hour: vec![(1_796_443_200_000, 12), (1_796_446_800_000, 8)],
        questions: vec![QuestionResults {
            question: text("Who?", "من؟"),
            max: 1,
            blank: Some(votes(1, 1)),
            answers: vec![
                (text("Amna", "آمنة"), votes(9, 2)),
                (text(HOSTILE, ""), votes(10, 1)),
                (text("Nobody's choice", ""), votes(0, 0)),
            ],
        }],
    };
    EventResults {
        id: "e-2026".to_owned(),
        name: text("Election, 2026", "انتخاب"),
        rehearsal: true,
        time_zone: "Asia/Qatar".to_owned(),
        opens_ms: 1_796_443_200_000,
        closes_ms: 1_796_486_400_000,
        administrator: "Commission".to_owned(),
        status: Status::Certified,
        quorum: 4,
        checkpoint: "origin/id\n7\nroot=".to_owned(),
        districts: vec![
            DistrictResults {
                id: "north".to_owned(),
                name: text("North", "الشمال"),
                poll: Poll::Counted(counted),
            },
            DistrictResults {
                id: "south".to_owned(),
                name: text("South", ""),
                poll: Poll::Unopposed(vec![text("Salem", "سالم")]),
            },
            DistrictResults {
                id: "west".to_owned(),
                name: text("West", ""),
                poll: Poll::NotDecrypted { minimum: 10 },
            },
        ],
    }
}

fn counted(event: &EventResults) -> &Counted {
    let Poll::Counted(counted) = &event.districts[0].poll else {
        unreachable!("the first district is counted");
    };
    counted
}

/// 25 cast, 24 valid, 2 of them blank: 11 votes are 44 % of those cast and half of the valid ones that name somebody.
#[test]
fn the_table_has_both_percentages() {
    let table = csv::table(&event());
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[1],
        "e-2026,north,1,answer,1,Amna,آمنة,9,2,11,44.00,50.00,certified"
    );
    assert_eq!(
        lines[2],
        "e-2026,north,1,answer,2,\"<script>alert(1)</script>\"\" & 'x'\",,10,1,11,44.00,50.00,certified"
    );
    assert_eq!(lines[4], "e-2026,north,1,blank,,,,1,1,2,8.00,,certified");
    assert_eq!(lines[5], "e-2026,north,,invalid,,,,0,1,1,4.00,,certified");
    assert_eq!(lines[6], "e-2026,north,,cast,,,,20,5,25,100.00,,certified");
    assert_eq!(lines[7], "e-2026,north,,eligible,,,,,,40,,,certified");
    assert_eq!(lines[8], "e-2026,south,,unopposed,1,Salem,سالم,,,,,,certified");
    assert_eq!(lines[9], "e-2026,west,,not-decrypted,,,,,,,,,certified");
    assert_eq!(lines.len(), 10);
}

#[test]
fn the_common_data_format_adds_up() {
    let opening = Timestamp::from_millisecond(1_796_443_200_000).unwrap();
    let report = nist::report(&event(), nist::Contests::Candidates, "test/1", opening);
    assert_eq!(report["GeneratedDate"], "2026-12-05T07:00:00+03:00");
    assert_eq!(
        (&report["Status"], &report["IsTest"]),
        (&"certified".into(), &true.into())
    );
    let election = &report["Election"][0];
    assert_eq!(
        (&election["StartDate"], &election["EndDate"]),
        (&"2026-12-05".into(), &"2026-12-05".into())
    );
    let contest = &election["Contest"][0];
    assert_eq!(contest["OtherCounts"][0]["Undervotes"], 2);
    let count = |selection: usize, kind: &str| {
        let counts = contest["ContestSelection"][selection]["VoteCounts"]
            .as_array()
            .unwrap();
        counts.iter().find(|c| c["Type"] == kind).unwrap()["Count"].clone()
    };
    assert_eq!(
        [count(1, "total"), count(1, "election-day"), count(1, "other")],
        [Value::from(11), 1.into(), 10.into()]
    );
    assert_eq!(election["Contest"][1]["NumberElected"], 1);
    assert_eq!(election["Contest"].as_array().unwrap().len(), 2);
    // Every reference names something.
    let ids: Vec<&Value> = report["GpUnit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| &u["@id"])
        .collect();
    for row in election["BallotCounts"].as_array().unwrap() {
        assert!(ids.contains(&&row["GpUnitId"]), "{row}");
    }
    let candidates: Vec<&Value> = election["Candidate"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["@id"])
        .collect();
    assert_eq!(candidates.len(), 4);
    for contest in election["Contest"].as_array().unwrap() {
        for selection in contest["ContestSelection"].as_array().unwrap() {
            assert!(candidates.contains(&&selection["CandidateIds"][0]), "{selection}");
        }
    }
    let measures = nist::report(
        &event(),
        nist::Contests::Measures,
        "test/1",
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(
        measures["Election"][0]["Contest"][0]["@type"],
        "ElectionResults.BallotMeasureContest"
    );
}

#[test]
fn a_page_says_a_tie_and_no_name_becomes_markup() {
    let event = event();
    let page = protocol::page(&event, &event.districts[0]);
    assert!(!page.contains("<script"), "markup in a name");
    assert!(page.contains("&lt;script&gt;"));
    assert!(page.contains("A tie, to be resolved by the rule of the event") && page.contains("تعادل"));
    assert!(page.contains("A rehearsal") && page.contains("تجربة"));
    assert_eq!(page.matches("name, signature, date").count(), 4);
    assert!(page.contains("dir=\"rtl\"") && page.contains("44.00%") && page.contains("50.00%"));
    let unopposed = protocol::page(&event, &event.districts[1]);
    assert!(unopposed.contains("سالم") && unopposed.contains("بالتزكية") && !unopposed.contains("Turnout"));
    let small = protocol::page(&event, &event.districts[2]);
    assert!(small.contains("Fewer than 10 ballots") && !small.contains("Turnout"));
}

#[test]
fn charts_are_well_formed_and_bounded() {
    let event = event();
    let counted = counted(&event);
    let zone = sijill_rules::time_zone("Asia/Qatar").unwrap();
    for language in Language::BOTH {
        let votes = chart::votes(language, counted, &counted.questions[0]).into_string();
        assert!(votes.starts_with("<svg xmlns=") && votes.ends_with("</svg>") && !votes.contains("<script"));
        // An element that HTML leaves open would end the drawing in a file of its own.
        assert_eq!(votes.matches("<rect").count(), votes.matches("</rect>").count());
        let turnout = chart::turnout(language, counted, &zone).into_string();
        assert!(
            turnout.contains("07:00") || turnout.contains("08:00"),
            "{turnout}"
        );
    }
    let mut odd = counted.clone();
    odd.by_hour = vec![(i64::MIN, 1), (0, u64::MAX), (i64::MAX, 3)];
    odd.questions[0].answers[0].1 = votes(u64::MAX, u64::MAX);
    let drawn = chart::turnout(Language::Arabic, &odd, &zone).into_string();
    assert!(drawn.len() < 100_000);
    chart::votes(Language::English, &odd, &odd.questions[0]).into_string();
}
