//! What is published is found, in every spelling; what is not is gone, from the file too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::path::Path;

use sijill_ledger::LedgerId;
use sijill_search::{Change, Hit, Index, Kind, SearchError};

const LEDGER: LedgerId = LedgerId::from_bytes([1; 32]);
const OTHER: LedgerId = LedgerId::from_bytes([2; 32]);

fn show(position: u64, text: &str) -> Change {
    Change::Show {
        position,
        kind: Kind::Comment,
        text: text.into(),
    }
}

fn found(index: &Index, query: &str) -> Vec<u64> {
    let hits = index.search(LEDGER, query, 0, 100).unwrap();
    let mut positions: Vec<_> = hits.iter().map(|h| h.position).collect();
    positions.sort_unstable();
    positions
}

#[test]
fn scenario_43_a_search_finds_every_spelling() {
    let mut index = Index::in_memory().unwrap();
    let texts = [
        show(4, "ذهب أحمد إلى مدرسةٍ جديدة"),
        show(5, "هذه مدرسه احمد"),
        show(6, "أحمد في البيت"),
        show(7, "The school of AHMED"),
    ];
    index.update(LEDGER, 8, &texts).unwrap();
    assert_eq!(found(&index, "احمد مدرسة"), [4, 5]);
    assert_eq!(found(&index, "أَحْمَد مدرســه"), [4, 5]);
    assert_eq!(found(&index, "احمد"), [4, 5, 6]);
    assert_eq!(found(&index, "ahmed"), [7]);
    assert_eq!(found(&index, "nothing"), [0; 0]);
    assert!(index.search(OTHER, "احمد", 0, 10).unwrap().is_empty());
    assert_eq!(index.search(LEDGER, "احمد", 1, 1).unwrap().len(), 1);
    assert_eq!(index.size(LEDGER).unwrap(), 8);
    assert_eq!(index.size(OTHER).unwrap(), 0);
}

#[test]
fn queries_are_words_and_nothing_else() {
    let mut index = Index::in_memory().unwrap();
    index
        .update(LEDGER, 5, &[show(4, "fees OR parks NEAR the sea")])
        .unwrap();
    assert_eq!(found(&index, "fees OR nothing"), [0; 0]);
    assert_eq!(found(&index, "fees OR parks"), [4]);
    for query in [
        "fees*",
        "\"fees",
        "fees)",
        "folded:fees",
        "-fees",
        "fees\0parks",
        "^fees + parks",
        "{fees}: parks",
    ] {
        let _ = index.search(LEDGER, query, 0, 10).unwrap();
    }
    assert_eq!(found(&index, "\"fees\" (parks)"), [4]);
    for query in ["", "  ", "\"", "*", "\u{200F}", "ـــ"] {
        assert!(
            matches!(index.search(LEDGER, query, 0, 10), Err(SearchError::NoWord)),
            "{query:?}"
        );
    }
    let long = "a ".repeat(33);
    assert!(matches!(
        index.search(LEDGER, &long, 0, 10),
        Err(SearchError::TooLong)
    ));
    assert!(matches!(
        index.search(LEDGER, &"a".repeat(1_001), 0, 10),
        Err(SearchError::TooLong)
    ));
}

#[test]
fn what_is_hidden_is_not_found_and_what_is_shown_again_is() {
    let mut index = Index::in_memory().unwrap();
    index
        .update(LEDGER, 5, &[show(3, "a park"), show(4, "a park")])
        .unwrap();
    index
        .update(
            LEDGER,
            6,
            &[Change::Hide { position: 3 }, Change::Hide { position: 9 }],
        )
        .unwrap();
    assert_eq!(found(&index, "park"), [4]);
    index
        .update(LEDGER, 7, &[show(3, "a park"), show(3, "a park")])
        .unwrap();
    assert_eq!(found(&index, "park"), [3, 4]);
    assert_eq!(
        index.search(LEDGER, "park", 0, 1).unwrap(),
        [Hit {
            position: 4,
            kind: Kind::Comment
        }]
    );
}

#[test]
fn an_erased_text_leaves_no_words_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.sqlite");
    let has = |path: &Path, word: &str| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(word.len()).any(|w| w == word.as_bytes())
    };
    let mut index = Index::open(&path).unwrap();
    let mut texts: Vec<_> = (10..400)
        .map(|n| show(n, &format!("parks and fees, number {n}")))
        .collect();
    texts.push(show(4, "my neighbour Quackenbush shouts, Quackenbush again"));
    index.update(LEDGER, 400, &texts).unwrap();
    assert!(has(&path, "quackenbush"), "the test looks for the right word");
    index
        .update(LEDGER, 401, &[Change::Hide { position: 4 }])
        .unwrap();
    assert!(!has(&path, "quackenbush") && !has(&path, "uackenbush"));
    assert_eq!(found(&index, "quackenbush"), [0; 0]);
    assert_eq!(found(&index, "parks").len(), 100);
    drop(index);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["search.sqlite"], "no journal is left");

    // It is there again after it was opened again.
    let index = Index::open(&path).unwrap();
    assert_eq!(index.size(LEDGER).unwrap(), 401);
    assert_eq!(found(&index, "number ١٢"), [12]);
}

#[test]
fn an_index_of_another_version_is_made_again_and_garbage_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.sqlite");
    Index::open(&path)
        .unwrap()
        .update(LEDGER, 5, &[show(4, "a park")])
        .unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA user_version = 77").unwrap();
    drop(other);
    let index = Index::open(&path).unwrap();
    assert_eq!(index.size(LEDGER).unwrap(), 0);
    assert_eq!(found(&index, "park"), [0; 0]);
    std::fs::write(&path, [7; 8192]).unwrap();
    assert!(matches!(Index::open(&path), Err(SearchError::Database(_))));
}
