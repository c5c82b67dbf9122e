//! Readers of all records survive any bytes: no panic, and nothing but the canonical bytes is accepted twice.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{credential, election, question};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sijill_ballot::{
    CredentialList, Election, ElectionResult, EncryptedTally, Selection, SizedTally, TrusteeKey, Trustees,
    Vote, check_opening, decrypt_tally, encrypt_ballot, verify_ballot, verify_share,
};

/// Cuts, repeats, overwrites and inserts what confuses parsers.
fn hurt(record: &str, cuts: &[(usize, usize, u8)]) -> Vec<u8> {
    let spices: [&[u8]; 12] = [
        b"null",
        b"-1",
        b"1e400",
        b"99999999999999999999999999",
        b"\"",
        b"[[[[[[[[",
        b"{}",
        b",",
        b"\\u0000",
        b"\xff\xfe",
        b"\"\\ud800\"",
        b"0.0",
    ];
    let mut bytes = record.as_bytes().to_vec();
    for (from, length, how) in cuts {
        let from = from % bytes.len().max(1);
        let to = (from + length).min(bytes.len());
        match how % 4 {
            0 => drop(bytes.drain(from..to)),
            1 => bytes = [&bytes[..to], &bytes[from..]].concat(),
            2 => bytes
                .iter_mut()
                .take(to)
                .skip(from)
                .for_each(|b| *b = how.wrapping_mul(31)),
            _ => {
                bytes = [
                    &bytes[..from],
                    spices[usize::from(how / 4) % spices.len()],
                    &bytes[to..],
                ]
                .concat()
            }
        }
    }
    bytes
}

#[test]
fn no_reader_panics() {
    let mut rng = rand::rng();
    let made = election(vec![question(2, true, 1, 1), question(2, false, 0, 2)], 1);
    let selections = [Selection::Blank, Selection::Answers(&[1])];
    let vote = Vote::from_selections(made.context.questions(), &selections).unwrap();
    let mut ballot = || encrypt_ballot(&made.context, &credential(), &vote, &mut rng).unwrap();
    let (cast, opened) = (ballot().into_cast(), ballot().into_opened());
    let verified = verify_ballot(&made.context, cast.as_bytes()).unwrap();
    let tally = EncryptedTally::of(&made.context, &[(&verified, 1)]).unwrap();
    let share = decrypt_tally(&made.secrets[0], &made.context, &tally, &mut rand::rng());
    let list = CredentialList::build(vec![*credential().public(), *credential().public()]).unwrap();
    let key = made.trustees.owners()[0].json();

    let mut runner = TestRunner::new(Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    });
    let cuts = prop::collection::vec((any::<usize>(), 0usize..40, any::<u8>()), 1..4);
    runner
        .run(&cuts, |cuts| {
            let context = &made.context;
            let check = |record: &str, accepts: &dyn Fn(&[u8]) -> bool| {
                let hurt = hurt(record, &cuts);
                assert!(
                    hurt == record.as_bytes() || !accepts(&hurt),
                    "{}",
                    String::from_utf8_lossy(&hurt)
                );
            };
            check(&cast, &|bytes| verify_ballot(context, bytes).is_ok());
            check(&opened, &|bytes| check_opening(context, bytes).is_ok());
            check(&share, &|bytes| {
                verify_share(context, &made.trustees, 1, &tally, bytes).is_ok()
            });
            let sized = tally.sized().json();
            check(tally.json(), &|bytes| {
                EncryptedTally::parse(context, bytes, sized.as_bytes()).is_ok()
            });
            // These hold free text or numbers that may change into other good ones: they must only say the same again.
            let record = |record: &str, again: &dyn Fn(&[u8]) -> Option<String>| {
                let hurt = hurt(record, &cuts);
                assert!(again(&hurt).is_none_or(|json| json.as_bytes() == hurt));
            };
            record(made.election.json(), &|b| {
                Election::parse(b).ok().map(|e| e.json().to_owned())
            });
            record(made.election.json(), &|b| {
                Election::parse(b)
                    .ok()
                    .map(|e| Election::build(e.parameters().clone()).unwrap().json().to_owned())
            });
            record(made.trustees.json(), &|b| {
                Trustees::parse(b).ok().map(|t| t.json().to_owned())
            });
            record(&key, &|b| TrusteeKey::parse(b).ok().map(|k| k.json()));
            record(list.json(), &|b| {
                CredentialList::parse(b).ok().map(|l| l.json().to_owned())
            });
            record(&sized, &|b| SizedTally::parse(b).ok().map(|s| s.json()));
            record("{\"result\":[[1,0,20],[3]]}", &|b| {
                ElectionResult::parse(b).ok().map(|r| r.json())
            });
            Ok(())
        })
        .unwrap();
}
