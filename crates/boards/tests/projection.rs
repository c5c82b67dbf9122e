//! The projection of a consultation: what was updated event by event is what is made again from the whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "../../registers/tests/forum/mod.rs"]
mod forum;

use forum::{Forum, clause};
use sijill_registers::catalogue::Event;
use sijill_search::{Index, Kind, consultation};

/// Reads what came since the index was updated last.
fn follow(f: &Forum, index: &mut Index) {
    for position in index.size(f.ledger).unwrap().max(1)..f.size() {
        let (_, event) = f.event(position);
        let touched = match &event {
            Event::Consultation(event) => consultation::touched(position, event),
            _ => None,
        };
        let change = touched.map(|p| consultation::change(f.state(), p, &f.documents).unwrap());
        index.update(f.ledger, position + 1, change.as_slice()).unwrap();
    }
}

fn made_again(f: &Forum) -> Index {
    let mut index = Index::in_memory().unwrap();
    let all = consultation::all(f.state(), &f.documents).unwrap();
    index.update(f.ledger, f.size(), &all).unwrap();
    index
}

fn found(index: &Index, f: &Forum, query: &str) -> Vec<(u64, Kind)> {
    let mut hits: Vec<_> = index
        .search(f.ledger, query, 0, 100)
        .unwrap()
        .iter()
        .map(|hit| (hit.position, hit.kind))
        .collect();
    hits.sort_unstable();
    hits
}

#[test]
fn scenario_43_what_is_published_is_found_and_nothing_else() {
    let mut f = Forum::with_people();
    let mut index = Index::in_memory().unwrap();
    let one = f.comment(1, None, "قال أحمد إن المدرسةَ بعيدة").unwrap();
    let two = f.comment(2, None, "رأي احمد في المدرسه").unwrap();
    let attested = f.attest(5, "أحمد عن المدرسة").unwrap();
    follow(&f, &mut index);
    let both = |f: &Forum, index: &Index| {
        let hits = found(index, f, "احمد المدرسة");
        assert_eq!(hits, found(&made_again(f), f, "احمد المدرسة"));
        hits.into_iter().map(|(position, _)| position).collect::<Vec<_>>()
    };
    assert_eq!(both(&f, &index), [one, two, attested]);
    f.hide(0, one, 4).unwrap();
    f.withdraw(2, two).unwrap();
    follow(&f, &mut index);
    assert_eq!(both(&f, &index), [attested]);
    f.appeal(1, one).unwrap();
    f.decide(1, one, 2).unwrap();
    follow(&f, &mut index);
    assert_eq!(both(&f, &index), [one, attested]);
    f.hide(0, one, 4).unwrap();
    f.restore(1, one).unwrap();
    let answer = f.answer(&[one]).unwrap();
    follow(&f, &mut index);
    assert_eq!(both(&f, &index), [one, attested]);
    assert_eq!(found(&index, &f, "new CLAUSE"), [(answer, Kind::Answer)]);

    // An erased text is not found; its comment says so to the projection.
    let text = f.state().comment(attested).unwrap().text.commitment;
    f.erase(&[text]).unwrap();
    let gone = consultation::change(f.state(), attested, &f.documents).unwrap();
    index.update(f.ledger, f.size(), &[gone]).unwrap();
    assert_eq!(both(&f, &index), [one]);
    // The document is not touched by any of it.
    assert_eq!(
        f.state().versions()[0].document.clauses()[2],
        clause("hours", "5", "Parks close at midnight.")
    );
}
