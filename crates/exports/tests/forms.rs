//! Every form of one small event that has everything: a tie, blank and invalid votes, a hostile name, an unopposed district
//! and a box that is never decrypted.

use jiff::Timestamp;
use serde_json::Value;
use sijill_exports::{
    Counted, DistrictResults, EventResults, Language, Poll, QuestionResults, Status, Votes, chart, csv, nist,
    protocol,
};
use sijill_registers::election::events::{CandidateRemoved, TieDecided};
use sijill_registers::election::outcome::{By, DecidedTie, Seats};
use sijill_registers::election::views::outcome::Elected;
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
        recounts: Vec::new(),
        questions: vec![QuestionResults {
            seats: None,
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

/// The same with two seats: one by votes, one by lots between two; one candidate removed, and the paper counted again.
fn with_seats() -> EventResults {
    let mut event = event();
    if let Poll::Counted(counted) = &mut event.districts[0].poll {
        counted.recounts = vec!["A bundle was missing".to_owned()];
        let question = &mut counted.questions[0];
        question.answers = vec![
            (text("Amna", "آمنة"), votes(9, 1)),
            (text(HOSTILE, ""), votes(2, 0)),
            (text("Salem", "سالم"), votes(0, 2)),
            (text("Gone", ""), votes(8, 1)),
        ];
        question.seats = Some(Seats {
            question: 0,
            seats: 2,
            elected: [(0, By::Votes), (2, By::Lots)]
                .map(|(answer, by)| Elected { answer, by })
                .to_vec(),
            tie: Some(DecidedTie {
                level: vec![1, 2],
                seats: 1,
                decided: Some(TieDecided {
                    ledger: "01".repeat(32).parse().expect("a ledger id"),
                    question: 0,
                    elected: vec![2],
                    rule: 2,
                    by: vec!["Clerk <b>".to_owned(), "Notary".to_owned()],
                    reason: "Drawn from an urn".to_owned(),
                }),
            }),
            void: vec![CandidateRemoved {
                district: "north".parse().expect("a district id"),
                question: 0,
                answer: 3,
                cause: 2,
                reason: "Judgment 12".to_owned(),
            }],
        });
    }
    event
}

#[test]
fn every_form_says_who_is_elected_how_a_tie_was_decided_and_whose_votes_are_void() {
    let event = with_seats();
    let table = csv::table(&event);
    let ends: Vec<&str> = table
        .lines()
        .skip(1)
        .take(4)
        .map(|line| line.split_once("certified,").unwrap().1)
        .collect();
    assert_eq!(
        ends,
        [
            "votes,",
            "level,Clerk <b>; Notary: Drawn from an urn",
            "lots,Clerk <b>; Notary: Drawn from an urn",
            "void,Judgment 12",
        ]
    );

    let report = nist::report(&event, nist::Contests::Measures, "test/1", Timestamp::UNIX_EPOCH);
    let election = &report["Election"][0];
    let contest = &election["Contest"][0];
    assert_eq!(contest["@type"], "ElectionResults.CandidateContest");
    assert_eq!(contest["NumberElected"], 2);
    let status: Vec<&Value> = election["Candidate"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["PostElectionStatus"])
        .collect();
    let winner = Value::from("winner");
    assert_eq!(
        status,
        [&winner, &Value::Null, &winner, &"withdrawn".into(), &winner]
    );
    let notes = report["Notes"].as_str().unwrap();
    for part in [
        "unit-district-north: paper counted again: A bundle was missing",
        "tie of contest-north-1-selection-2, contest-north-1-selection-3: lots before Clerk <b>, Notary: Drawn from an urn",
        "contest-north-1-selection-4 removed by a court: Judgment 12",
    ] {
        assert!(notes.contains(part), "{notes}");
    }

    let page = protocol::page(&event, &event.districts[0]);
    for part in [
        "A tie between: ",
        "تعادل بين: ",
        "before the witnesses",
        "أمام الشهود",
        "Clerk &lt;b&gt;",
        "removed by a court: ",
        "استُبعد بحكم قضائي",
        "A bundle was missing",
        "أُعيد عدّ الأصوات الورقية",
        "بالقرعة",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("to be resolved by the rule of the event"));
    assert!(!page.contains("<script"));
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
        "e-2026,north,1,answer,1,Amna,آمنة,9,2,11,44.00,50.00,certified,,"
    );
    assert_eq!(
        lines[2],
        "e-2026,north,1,answer,2,\"<script>alert(1)</script>\"\" & 'x'\",,10,1,11,44.00,50.00,certified,,"
    );
    assert_eq!(lines[4], "e-2026,north,1,blank,,,,1,1,2,8.00,,certified,,");
    assert_eq!(lines[5], "e-2026,north,,invalid,,,,0,1,1,4.00,,certified,,");
    assert_eq!(lines[6], "e-2026,north,,cast,,,,20,5,25,100.00,,certified,,");
    assert_eq!(lines[7], "e-2026,north,,eligible,,,,,,40,,,certified,,");
    assert_eq!(
        lines[8],
        "e-2026,south,,unopposed,1,Salem,سالم,,,,,,certified,unopposed,"
    );
    assert_eq!(lines[9], "e-2026,west,,not-decrypted,,,,,,,,,certified,,");
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
