//! Whatever people try in a consultation, its read models are what the pure views say: after any part of it was written, the
//! file closed and opened, and a copy taken as a killed process leaves it. Spec: specs/operations.md §17.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "../../registers/tests/forum/mod.rs"]
mod forum;
#[path = "../../registers/tests/tries/mod.rs"]
mod tries;

use std::path::Path;

use forum::*;
use proptest::prelude::*;
use sijill_boards::{BoardError, Boards, CommentLine, Kind, Page, Source, Threads, gather};
use sijill_registers::consultation::views::{ClausesReading, Place};
use sijill_registers::consultation::{Access, Speaker};
use tries::{attempt, some_try};

/// One step of the read models. Whether there was anything to do.
fn step(f: &Forum, boards: &mut Boards, most: usize) -> bool {
    let progress = boards.progress(f.ledger).unwrap();
    let from = if progress.size == 0 {
        f.size()
    } else {
        progress.size
    };
    let events: Vec<_> = (from..f.size()).map(|p| (p, f.event(p).1)).collect();
    let one = f.one();
    let source = Source {
        size: f.size(),
        last: one.chain.tail(),
        state: &one.state,
        linked: &f.ledgers,
        now_ms: f.now,
    };
    match gather(&progress, &events, &source, most).unwrap() {
        None => false,
        Some(batch) => {
            assert_eq!(
                boards.write(batch, &f.documents).unwrap(),
                0,
                "every text is there"
            );
            true
        }
    }
}

fn follow(f: &Forum, boards: &mut Boards) {
    while step(f, boards, 3) {}
}

/// All lines of a list, page by page.
fn all<T>(mut page: impl FnMut(Option<&sijill_boards::Cursor>) -> Page<T>) -> Vec<T> {
    let mut lines = Vec::new();
    let mut from = None;
    loop {
        let one = page(from.as_ref());
        lines.extend(one.lines);
        match one.next {
            // As a person hands it back.
            Some(next) => from = Some(next.to_string().parse().unwrap()),
            None => return lines,
        }
    }
}

fn line(f: &Forum, position: u64) -> CommentLine {
    let (state, reading) = (f.state(), f.read());
    let comment = state.comment(position).unwrap();
    CommentLine {
        comment: position,
        reply_to: comment.reply_to,
        depth: comment.depth,
        person: state.person(&comment.person).unwrap().number,
        attested: comment.by == Speaker::Intake,
        at_ms: comment.at_ms,
        state: comment.standing.name(),
        late: reading.is_late(comment),
        erased: state.is_erased(&comment.text),
        answered: !comment.answers.is_empty(),
        replies: state.thread(position).unwrap().size(),
    }
}

fn below(f: &Forum, thread: &sijill_registers::consultation::views::Thread, lines: &mut Vec<CommentLine>) {
    for reply in &thread.replies {
        lines.push(line(f, reply.comment));
        below(f, reply, lines);
    }
}

/// Every query gives what its pure view gives.
fn check(f: &Forum, boards: &Boards) {
    let (state, reading) = (f.state(), f.read());
    let roots = |which: &Threads| all(|from| boards.threads(f.ledger, which, from, 2, 1_000).unwrap());
    let threads = roots(&Threads::All);
    let pure: Vec<_> = state.threads().collect();
    assert_eq!(threads.len(), pure.len());
    for (mine, pure) in threads.iter().zip(&pure) {
        assert_eq!(mine.root, line(f, pure.comment));
        assert_eq!(Some(mine.place.clone()), state.place(pure.comment));
        let mut lines = Vec::new();
        below(f, pure, &mut lines);
        assert_eq!(mine.replies, lines);
        let flat = all(|from| boards.replies(f.ledger, pure.comment, from, 2).unwrap());
        assert_eq!(flat.len(), lines.len());
        assert!(flat.is_sorted_by(|a, b| a.comment < b.comment));
    }
    let ClausesReading {
        clauses,
        document,
        orphaned,
    } = reading.clauses();
    let mine = boards.clauses(f.ledger).unwrap();
    let positions = |which: &Threads| roots(which).iter().map(|r| r.root.comment).collect::<Vec<_>>();
    assert_eq!(mine.clauses.len(), clauses.len());
    for (mine, pure) in mine.clauses.iter().zip(&clauses) {
        let numbers = (pure.comments.len() as u64, pure.counted);
        assert_eq!((&mine.clause, &mine.number), (&pure.clause, &pure.number));
        assert_eq!((mine.roots, mine.counted), numbers);
        let there = roots(&Threads::Clause(mine.clause.clone()));
        assert_eq!(there.len(), pure.comments.len());
        for (mine, (position, placed)) in there.iter().zip(&pure.comments) {
            assert_eq!(mine.root.comment, *position);
            assert_eq!(mine.place, Place::Clause(placed.clone()));
        }
    }
    assert_eq!(positions(&Threads::Document), document);
    let gone: Vec<u64> = orphaned.iter().map(|(position, ..)| *position).collect();
    assert_eq!(positions(&Threads::Orphaned), gone);
    assert_eq!(
        (mine.document.0, mine.orphaned.0),
        (document.len() as u64, gone.len() as u64)
    );

    let coverage = reading.coverage();
    let mine = boards.coverage(f.ledger).unwrap();
    assert_eq!(
        (mine.counted, mine.answered, mine.followed_up),
        (coverage.counted, coverage.answered, coverage.followed_up)
    );
    assert_eq!(mine.uncovered, coverage.uncovered.len() as u64);
    assert_eq!(mine.themes, coverage.themes);
    assert_eq!(
        all(|from| boards.uncovered(f.ledger, from, 2).unwrap()),
        coverage.uncovered
    );

    let log = reading.moderation_log(f.ledger, f.size()).unwrap();
    assert_eq!(
        all(|from| boards.moderation_log(f.ledger, from, 2).unwrap()),
        log.comments
    );
    let (report, counts, closed) = boards.moderation_head(f.ledger).unwrap();
    assert_eq!(
        (report, counts, closed),
        (Some(log.report), log.counts, log.closed)
    );

    // What is published is found, and nothing else.
    for (query, kind) in [
        ("comment", Kind::Comment),
        ("reply", Kind::Comment),
        ("CLAUSE", Kind::Answer),
    ] {
        let hits = all(|from| boards.search(f.ledger, query, from, 2).unwrap());
        let mut pure: Vec<u64> = match kind {
            Kind::Answer => state.answers().map(|(position, _)| position).collect(),
            _ => {
                let shown = |text| state.access(text) == Some(Access::Published);
                let said = |text: &_| {
                    let content = sijill_registers::register::Contents::opening(&f.documents, text);
                    content.is_ok_and(|c| String::from_utf8_lossy(&c).contains(query))
                };
                let all = state.comments();
                all.filter(|(_, c)| shown(&c.text.commitment) && said(&c.text))
                    .map(|(p, _)| p)
                    .collect()
            }
        };
        pure.reverse();
        assert_eq!(
            hits.iter().map(|hit| hit.position).collect::<Vec<_>>(),
            pure,
            "{query}"
        );
        assert!(hits.iter().all(|hit| hit.kind == kind));
    }
}

fn copy(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        let _ = std::fs::remove_file(name(to));
        let _ = std::fs::copy(name(from), name(to));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn read_models_are_the_pure_views(
        tries in proptest::collection::vec((some_try(), 0u8..6), 1..80),
        most in 1usize..8,
    ) {
        let mut f = Forum::open();
        f.enrol(1, Some(1)).unwrap();
        f.enrol(2, Some(2)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (path, killed) = (folder.path().join("boards.sqlite"), folder.path().join("killed.sqlite"));
        let mut boards = Boards::open(&path).unwrap();
        for (what, then) in tries {
            f.catch_up();
            let _ = attempt(&mut f, what);
            match then {
                // One step, perhaps in the middle of building it.
                0 | 1 => { step(&f, &mut boards, most); }
                2 => {
                    drop(boards);
                    boards = Boards::open(&path).unwrap();
                }
                // The process is killed, and another one finds what it has left.
                3 => {
                    copy(&path, &killed);
                    let mut other = Boards::open(&killed).unwrap();
                    follow(&f, &mut other);
                    check(&f, &other);
                }
                _ => {}
            }
        }
        follow(&f, &mut boards);
        check(&f, &boards);
        // Made again from nothing.
        let mut again = Boards::in_memory().unwrap();
        follow(&f, &mut again);
        check(&f, &again);
    }
}

#[test]
fn scenario_43_a_search_finds_every_spelling_of_what_is_published() {
    let mut f = Forum::with_people();
    let mut boards = Boards::in_memory().unwrap();
    assert!(matches!(
        boards.search(f.ledger, "parks", None, 10),
        Err(BoardError::Absent)
    ));
    let one = f.comment(1, None, "قال أحمد إن المدرسةَ بعيدة").unwrap();
    let two = f.comment(2, None, "رأي احمد في المدرسه").unwrap();
    let attested = f.attest(5, "أحمد عن المدرسة").unwrap();
    let found = |f: &Forum, boards: &mut Boards, query: &str| {
        follow(f, boards);
        let page = boards.search(f.ledger, query, None, 100).unwrap();
        let positions: Vec<u64> = page.lines.iter().map(|hit| hit.position).collect();
        positions
    };
    assert_eq!(found(&f, &mut boards, "احمد المدرسة"), [attested, two, one]);
    assert_eq!(found(&f, &mut boards, "أَحْمَد المدرســه"), [attested, two, one]);
    f.hide(0, one, 4).unwrap();
    f.withdraw(2, two).unwrap();
    assert_eq!(found(&f, &mut boards, "احمد المدرسة"), [attested]);
    f.appeal(1, one).unwrap();
    f.decide(1, one, 2).unwrap();
    assert_eq!(found(&f, &mut boards, "احمد المدرسة"), [attested, one]);
    let answer = f.answer(&[one]).unwrap();
    assert_eq!(found(&f, &mut boards, "new CLAUSE"), [answer]);
    let text = f.state().comment(attested).unwrap().text.commitment;
    f.erase(&[text]).unwrap();
    assert_eq!(found(&f, &mut boards, "احمد المدرسة"), [one]);
}

#[test]
fn queries_are_words_and_nothing_else() {
    let mut f = Forum::with_people();
    let position = f.comment(1, None, "fees OR parks NEAR the sea").unwrap();
    let mut boards = Boards::in_memory().unwrap();
    follow(&f, &mut boards);
    let search = |query: &str| boards.search(f.ledger, query, None, 10);
    assert!(search("fees OR nothing").unwrap().lines.is_empty());
    assert_eq!(search("fees OR parks").unwrap().lines[0].position, position);
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
        let _ = search(query).unwrap();
    }
    assert_eq!(search("\"fees\" (parks)").unwrap().lines.len(), 1);
    for query in ["", "  ", "\"", "*", "\u{200F}", "ـــ"] {
        assert!(matches!(search(query), Err(BoardError::NoWord)), "{query:?}");
    }
    assert!(matches!(search(&"a ".repeat(33)), Err(BoardError::TooLong)));
    assert!(matches!(search(&"a".repeat(1_001)), Err(BoardError::TooLong)));
    let foreign = "1.2.3".parse().unwrap();
    assert!(matches!(
        boards.search(f.ledger, "fees", Some(&foreign), 10),
        Err(BoardError::Cursor)
    ));
}

/// Bytes of every file of the folder.
fn bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

fn has(folder: &Path, word: &str) -> bool {
    let text = String::from_utf8_lossy(&bytes(folder)).into_owned();
    text.contains(word)
}

/// An index says with which words its pages begin, shortened behind the word before. So that some say the whole of an
/// erased word, the erased text has thousands that stand side by side, with words of others among them that stay.
#[test]
fn what_is_withheld_or_erased_leaves_no_words_in_the_file() {
    let word = |n: u32| format!("quackenbush{n:05}");
    let stays = |n: &u32| n.is_multiple_of(50);
    let text = |kept: bool| {
        let words: Vec<String> = (0..3_000).filter(|n| stays(n) == kept).map(word).collect();
        words.join(" ")
    };
    let mut f = Forum::with_people();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boards.sqlite");
    let mut boards = Boards::open(&path).unwrap();
    f.comment(1, None, &text(true)).unwrap();
    let erased = f.comment(2, None, &text(false)).unwrap();
    let hidden = f.comment(1, None, "my neighbour Rumpelstiltskin shouts").unwrap();
    // In one piece of the index.
    while step(&f, &mut boards, 100) {}
    assert!(
        has(folder.path(), "rumpelstiltskin") && has(folder.path(), &word(1_234)),
        "the right words"
    );
    f.hide(0, hidden, 1).unwrap();
    follow(&f, &mut boards);
    assert!(!has(folder.path(), "umpelstiltskin"));
    let text = f.state().comment(erased).unwrap().text.commitment;
    f.erase(&[text]).unwrap();
    follow(&f, &mut boards);
    let file = String::from_utf8_lossy(&bytes(folder.path())).into_owned();
    let left: Vec<u32> = (0..3_000)
        .filter(|n| !stays(n) && file.contains(&word(*n)))
        .collect();
    assert_eq!(left, [0; 0]);
    assert!(
        boards
            .search(f.ledger, &word(1_234), None, 9)
            .unwrap()
            .lines
            .is_empty()
    );
    assert_eq!(
        boards
            .search(f.ledger, &word(1_250), None, 9)
            .unwrap()
            .lines
            .len(),
        1
    );
    check(&f, &boards);
    drop(boards);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["boards.sqlite"], "no journal is left");
    check(&f, &Boards::open(&path).unwrap());
}

#[test]
fn a_file_of_another_version_is_made_again_and_garbage_is_an_error() {
    let mut f = Forum::with_people();
    f.comment(1, None, "a park").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boards.sqlite");
    follow(&f, &mut Boards::open(&path).unwrap());
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA user_version = 77").unwrap();
    drop(other);
    let mut boards = Boards::open(&path).unwrap();
    assert_eq!(boards.progress(f.ledger).unwrap().size, 0);
    follow(&f, &mut boards);
    check(&f, &boards);
    // Rows of another history are taken out, and made again.
    boards.forget(f.ledger).unwrap();
    assert!(boards.registers().unwrap().is_empty());
    follow(&f, &mut boards);
    check(&f, &boards);
    drop(boards);
    std::fs::write(&path, [7; 8192]).unwrap();
    assert!(matches!(Boards::open(&path), Err(BoardError::Database(_))));
}
