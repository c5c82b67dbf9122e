//! Random elections from keys to result: what comes out equals the plain sums.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{credential, election, question};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rand::RngExt;
use sijill_ballot::{
    Accumulator, ElectionResult, EncryptedTally, Question, Selection, VerifiedBallot, Vote, combine_shares,
    decrypt_tally, encrypt_ballot, largest_ballot_bytes, verify_ballot, verify_share,
};

fn questions() -> impl Strategy<Value = Vec<Question>> {
    let one = (1usize..5, any::<bool>()).prop_flat_map(|(answers, blank)| {
        let n = u32::try_from(answers).unwrap();
        (1..=n).prop_flat_map(move |max| (0..=max).prop_map(move |min| question(answers, blank, min, max)))
    });
    prop::collection::vec(one, 1..4)
}

/// A random allowed vote.
fn vote(questions: &[Question]) -> Vote {
    let mut rng = rand::rng();
    let answers: Vec<Option<Vec<usize>>> = questions
        .iter()
        .map(|q| {
            if q.blank() && rng.random_bool(0.4) {
                return None;
            }
            let mut all: Vec<usize> = (0..q.answers().len()).collect();
            let count = rng.random_range(q.min()..=q.max()) as usize;
            while all.len() > count {
                all.swap_remove(rng.random_range(0..all.len()));
            }
            Some(all)
        })
        .collect();
    let selections: Vec<Selection<'_>> = answers
        .iter()
        .map(|a| a.as_deref().map_or(Selection::Blank, Selection::Answers))
        .collect();
    Vote::from_selections(questions, &selections).unwrap()
}

#[test]
fn tally_equals_plain_sums() {
    let mut runner = TestRunner::new(Config {
        cases: 20,
        failure_persistence: None,
        ..Config::default()
    });
    let inputs = (questions(), 1usize..4, 0usize..5, 1u64..50);
    runner
        .run(&inputs, |(questions, trustees, voters, weight)| {
            let mut rng = rand::rng();
            let made = election(questions.clone(), trustees);
            let mut sums: Vec<Vec<u64>> = questions.iter().map(|q| vec![0; q.choices()]).collect();
            let mut ballots: Vec<VerifiedBallot> = vec![];
            for _ in 0..voters {
                let (credential, vote) = (credential(), vote(&questions));
                for (sum, choice) in sums.iter_mut().flatten().zip(vote.expose().iter().flatten()) {
                    *sum += u64::from(*choice) * weight;
                }
                let ballot = encrypt_ballot(&made.context, &credential, &vote, &mut rng).unwrap();
                let (hash, code) = (ballot.hash(), ballot.tracking_code());
                let json = ballot.into_cast();
                let verified = verify_ballot(&made.context, json.as_bytes()).unwrap();
                assert_eq!((verified.hash(), verified.tracking_code()), (hash, code));
                assert_eq!(verified.credential(), credential.public());
                assert_eq!(verified.json(), json);
                assert!(json.len() <= largest_ballot_bytes(&questions, 14));
                ballots.push(verified);
            }
            let counted: Vec<_> = ballots.iter().map(|ballot| (ballot, weight)).collect();
            let tally = EncryptedTally::of(&made.context, &counted).unwrap();
            let mut one_by_one = Accumulator::new(&made.context);
            for ballot in ballots.iter().rev() {
                one_by_one.add(ballot, weight).unwrap();
            }
            assert_eq!(one_by_one.finish(), tally);
            assert_eq!(tally.sized().num_tallied, voters as u64);
            let sized = tally.sized().json();
            let read = EncryptedTally::parse(&made.context, tally.json().as_bytes(), sized.as_bytes());
            assert_eq!(read.unwrap(), tally);

            let mut shares = vec![];
            for (secret, owner) in made.secrets.iter().zip(1..) {
                let share = decrypt_tally(secret, &made.context, &tally, &mut rng);
                let verified =
                    verify_share(&made.context, &made.trustees, owner, &tally, share.as_bytes()).unwrap();
                shares.push(verified);
            }
            let factors = combine_shares(&made.trustees, &tally, &shares).unwrap();
            let result = ElectionResult::decrypt(&tally, &factors).unwrap();
            assert_eq!(result.counts(), sums);
            result.verify(&tally, &factors).unwrap();
            Ok(())
        })
        .unwrap();
}

#[test]
fn largest_ballot_is_nearly_reached() {
    for questions in [
        vec![question(1, false, 1, 1)],
        vec![question(3, true, 0, 3), question(12, false, 2, 9)],
    ] {
        let made = election(questions.clone(), 1);
        let vote = vote(&questions);
        let ballot = encrypt_ballot(&made.context, &credential(), &vote, &mut rand::rng()).unwrap();
        let bound = made.context.largest_ballot_bytes();
        let slack = bound - ballot.json().len();
        // Each scalar is shorter than 76 digits with a probability of about 1/7.
        assert!(slack < bound / 50, "{slack} of {bound}");
    }
}

#[test]
fn a_vote_for_other_questions_is_not_encrypted() {
    let made = election(vec![question(3, false, 1, 1)], 1);
    let other = [question(3, false, 0, 3)];
    let vote = Vote::from_choices(&other, vec![vec![1, 1, 0]]).unwrap();
    assert!(encrypt_ballot(&made.context, &credential(), &vote, &mut rand::rng()).is_err());
}
