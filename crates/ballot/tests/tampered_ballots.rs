//! Nothing but the exact bytes of an honest ballot is accepted.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::raw::{self, RawBallot, RawCiphertext};
use common::{Made, credential, election, question};
use curve25519_dalek::constants::EIGHT_TORSION;
use sijill_ballot::{
    BallotError, BallotHash, Credential, JsonError, PointError, Proof, ReplacesError, ScalarError, Selection,
    Vote, encrypt_ballot, prove_replaces, verify_ballot, verify_replaces,
};

/// The group order, in decimal.
const ORDER: &str = "7237005577332262213973186563042994240857116359379907606001950938285454250989";
const NEUTRAL: &str = "0000000000000000000000000000000000000000000000000000000000000001";

type Part = fn(&mut RawCiphertext) -> &mut String;

fn made() -> Made {
    election(vec![question(2, true, 1, 1), question(3, false, 0, 2)], 1)
}

fn ballot(made: &Made, credential: &Credential) -> String {
    let vote = Vote::from_selections(
        made.context.questions(),
        &[Selection::Blank, Selection::Answers(&[0, 2])],
    )
    .unwrap();
    encrypt_ballot(&made.context, credential, &vote, &mut rand::rng())
        .unwrap()
        .into_cast()
}

#[test]
fn every_byte_matters() {
    let made = election(vec![question(2, true, 1, 1)], 1);
    let vote = Vote::from_selections(made.context.questions(), &[Selection::Blank]).unwrap();
    let json = encrypt_ballot(&made.context, &credential(), &vote, &mut rand::rng())
        .unwrap()
        .into_cast();
    verify_ballot(&made.context, json.as_bytes()).unwrap();
    for at in 0..json.len() {
        for flip in [1u8, 0x20, 0x80] {
            let mut changed = json.clone().into_bytes();
            changed[at] ^= flip;
            assert!(
                verify_ballot(&made.context, &changed).is_err(),
                "byte {at} ^ {flip}"
            );
        }
        let mut shorter = json.clone().into_bytes();
        shorter.remove(at);
        assert!(
            verify_ballot(&made.context, &shorter).is_err(),
            "without byte {at}"
        );
    }
    for at in 0..json.len() {
        assert!(
            verify_ballot(&made.context, &json.as_bytes()[..at]).is_err(),
            "only {at} bytes"
        );
    }
}

#[test]
fn other_spellings() {
    let made = made();
    let bound = made.context.largest_ballot_bytes();
    // A ballot whose scalars happen to leave room, so that the length is not what refuses the others.
    let json = std::iter::repeat_with(|| ballot(&made, &credential()))
        .find(|json| json.len() + 8 <= bound)
        .expect("endless");
    let refuse = |changed: String| verify_ballot(&made.context, changed.as_bytes()).unwrap_err();
    let padded = format!("{json}{}", " ".repeat(bound));
    assert_eq!(refuse(padded), BallotError::TooLong);
    for changed in [
        format!("{json}\n"),
        format!(" {json}"),
        json.replacen("\":\"", "\": \"", 1),
        json.replacen("{\"election_uuid\":\"1", "{\"election_uuid\":\"\\u0031", 1),
    ] {
        assert_eq!(refuse(changed), JsonError::NotCanonical.into());
    }
    assert_eq!(refuse(format!("{json}{{}}")), JsonError::Shape.into());
    assert_eq!(refuse(format!("\u{feff}{json}")), JsonError::Shape.into());
    assert_eq!(refuse("[".repeat(1000)), JsonError::Shape.into());
    assert_eq!(refuse(String::new()), JsonError::Shape.into());
    assert_eq!(refuse("null".to_owned()), JsonError::Shape.into());
}

#[test]
fn signed_again_is_not_enough() {
    let made = made();
    let credential = credential();
    let honest = RawBallot::read(&ballot(&made, &credential));
    // Only what is behind the signature can refuse the changed ballot.
    let verify = |change: &dyn Fn(&mut RawBallot)| {
        let mut changed = honest.clone();
        change(&mut changed);
        verify_ballot(&made.context, changed.signed(&credential).as_bytes()).map(|_| ())
    };
    let refuse = |change: &dyn Fn(&mut RawBallot)| verify(change).unwrap_err();
    assert_eq!(verify(&|_| {}), Ok(()));

    // Election.
    assert_eq!(
        refuse(&|b| b.election_uuid = "12345678abcdEG".to_owned()),
        BallotError::Uuid
    );
    let other = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    assert_eq!(
        refuse(&|b| b.election_hash = other.to_owned()),
        BallotError::Fingerprint
    );

    // Shape.
    assert_eq!(refuse(&|b| drop(b.answers.pop())), BallotError::Answers);
    let shape = |question| BallotError::Shape { question };
    assert_eq!(refuse(&|b| drop(b.answers[0].choices.pop())), shape(0));
    assert_eq!(refuse(&|b| drop(b.answers[0].individual_proofs.pop())), shape(0));
    assert_eq!(
        refuse(&|b| drop(b.answers[1].individual_proofs[2].pop())),
        shape(1)
    );
    assert_eq!(refuse(&|b| drop(b.answers[1].overall_proof.pop())), shape(1));
    assert_eq!(refuse(&|b| b.answers[0].blank_proof = None), shape(0));
    assert_eq!(refuse(&|b| b.answers[0].blank_proof = Some(vec![])), shape(0));
    let unexpected = |b: &mut RawBallot| {
        b.answers[1].blank_proof = Some(vec![]);
        // Makes room, so that the length is not what refuses it.
        b.answers[1].overall_proof[0].response = "1".to_owned();
    };
    assert_eq!(refuse(&unexpected), shape(1));
    assert_eq!(refuse(&|b| b.answers.swap(0, 1)), shape(0));

    // Proofs.
    let blank = |b: &mut RawBallot| b.answers[0].blank_proof.as_mut().unwrap().swap(0, 1);
    assert_eq!(refuse(&blank), BallotError::BlankProof { question: 0 });
    assert_eq!(
        refuse(&|b| b.answers[0].overall_proof.swap(0, 1)),
        BallotError::OverallProof { question: 0 }
    );
    assert_eq!(
        refuse(&|b| b.answers[0].individual_proofs.swap(1, 2)),
        BallotError::IndividualProof {
            question: 0,
            choice: 1
        }
    );
    let exchanged = |b: &mut RawBallot| {
        b.answers[1].choices.swap(0, 1);
        b.answers[1].individual_proofs.swap(0, 1);
    };
    assert_eq!(refuse(&exchanged), BallotError::OverallProof { question: 1 });
}

#[test]
fn scalars() {
    let made = made();
    let credential = credential();
    let honest = RawBallot::read(&ballot(&made, &credential));
    let places: [fn(&mut RawBallot) -> &mut String; 4] = [
        |b| &mut b.answers[0].individual_proofs[0][0].response,
        |b| &mut b.answers[0].individual_proofs[2][1].challenge,
        |b| &mut b.answers[1].overall_proof[1].response,
        |b| &mut b.answers[0].blank_proof.as_mut().unwrap()[0].challenge,
    ];
    for place in places {
        let with = |change: &dyn Fn(&str) -> String| {
            let mut changed = honest.clone();
            let scalar = place(&mut changed);
            *scalar = change(scalar);
            verify_ballot(&made.context, changed.signed(&credential).as_bytes()).unwrap_err()
        };
        assert_eq!(with(&|_| ORDER.to_owned()), ScalarError::NotReduced.into());
        assert_eq!(with(&|_| "8".repeat(76)), ScalarError::NotReduced.into());
        assert_eq!(with(&|s| format!("0{}", &s[1..])), ScalarError::Text.into());
        assert_eq!(with(&|s| format!("+{}", &s[1..])), ScalarError::Text.into());
        assert_eq!(with(&|_| String::new()), ScalarError::Text.into());
        let wrong = with(&|_| "1".to_owned());
        assert!(
            matches!(
                wrong,
                BallotError::IndividualProof { .. }
                    | BallotError::OverallProof { .. }
                    | BallotError::BlankProof { .. }
            ),
            "{wrong}"
        );
    }
}

#[test]
fn points() {
    let made = made();
    let credential = credential();
    let honest = RawBallot::read(&ballot(&made, &credential));
    let alpha: Part = |c| &mut c.alpha;
    let beta: Part = |c| &mut c.beta;
    let places = [(0, 0, alpha), (0, 2, beta), (1, 1, alpha)];
    for (question, choice, part) in places {
        let with = |change: &dyn Fn(&str) -> String| {
            let mut changed = honest.clone();
            let point = part(&mut changed.answers[question].choices[choice]);
            *point = change(point);
            verify_ballot(&made.context, changed.signed(&credential).as_bytes()).unwrap_err()
        };
        let expected = |error| BallotError::Ciphertext {
            question,
            choice,
            error,
        };
        assert_eq!(with(&|_| NEUTRAL.to_owned()), expected(PointError::Neutral));
        assert_eq!(
            with(&|_| NEUTRAL.replacen('0', "8", 1)),
            expected(PointError::SignOfZero)
        );
        assert_eq!(
            with(&|_| NEUTRAL.replace('1', "2")),
            expected(PointError::NotOnCurve)
        );
        assert_eq!(with(&|_| "f".repeat(64)), expected(PointError::NotReduced));
        assert_eq!(with(&|_| "F".repeat(64)), expected(PointError::Text));
        assert_eq!(with(&|t| t[1..].to_owned()), expected(PointError::Text));
        for torsion in &EIGHT_TORSION[1..] {
            assert_eq!(
                with(&|t| raw::text(&(raw::point(t) + torsion))),
                expected(PointError::Torsion)
            );
        }
        let other = with(&|_| made.context.public_key().text());
        assert_eq!(other, BallotError::IndividualProof { question, choice });
    }
}

#[test]
fn credentials() {
    let made = made();
    let credential = credential();
    let honest = RawBallot::read(&ballot(&made, &credential));
    let with = |text: String, signer: &Credential| {
        let changed = RawBallot {
            credential: text,
            ..honest.clone()
        };
        verify_ballot(&made.context, changed.signed(signer).as_bytes()).unwrap_err()
    };
    let expected = BallotError::Credential;
    assert_eq!(
        with(NEUTRAL.to_owned(), &credential),
        expected(PointError::Neutral)
    );
    let own = honest.credential.clone();
    for torsion in &EIGHT_TORSION[1..] {
        let mixed = raw::text(&(raw::point(&own) + torsion));
        assert_eq!(with(mixed, &credential), expected(PointError::Torsion));
    }

    // Another voter's signature, and a copy of the ballot under another voter's credential.
    let other = common::credential();
    assert_eq!(with(own.clone(), &other), BallotError::Signature);
    assert_eq!(
        with(other.public().text(), &other),
        BallotError::IndividualProof {
            question: 0,
            choice: 0
        }
    );

    // No signature, and the signature of another ballot.
    let unsigned = RawBallot {
        signature: None,
        ..honest.clone()
    };
    assert_eq!(
        verify_ballot(&made.context, unsigned.json().as_bytes()),
        Err(JsonError::Shape.into())
    );
    let second = RawBallot::read(&ballot(&made, &credential));
    let borrowed = RawBallot {
        signature: second.signature,
        ..honest.clone()
    };
    assert_eq!(
        verify_ballot(&made.context, borrowed.json().as_bytes()),
        Err(BallotError::SignatureHash)
    );
}

#[test]
fn another_key_or_question() {
    let questions = || vec![question(2, true, 1, 1), question(3, false, 0, 2)];
    let (made, other) = (election(questions(), 1), election(questions(), 1));
    let json = ballot(&made, &credential());
    assert_eq!(
        verify_ballot(&other.context, json.as_bytes()),
        Err(BallotError::Fingerprint)
    );
}

#[test]
fn replaced_ballots() {
    let made = made();
    let mut rng = rand::rng();
    let (voter, other) = (credential(), credential());
    let verified =
        |credential: &Credential| verify_ballot(&made.context, ballot(&made, credential).as_bytes()).unwrap();
    let (first, second, third) = (verified(&voter), verified(&voter), verified(&voter));
    let proof = prove_replaces(&voter, second.hash(), first.hash(), &mut rng);
    assert_eq!(verify_replaces(&second, first.hash(), &proof), Ok(()));
    assert_eq!(
        verify_replaces(&second, third.hash(), &proof),
        Err(ReplacesError::Proof)
    );
    assert_eq!(
        verify_replaces(&third, first.hash(), &proof),
        Err(ReplacesError::Proof)
    );
    assert_eq!(
        verify_replaces(&first, second.hash(), &proof),
        Err(ReplacesError::Proof)
    );

    let read = Proof::from_le_bytes(&proof.challenge_le_bytes(), &proof.response_le_bytes()).unwrap();
    assert_eq!(read, proof);
    let swapped = Proof::from_le_bytes(&proof.response_le_bytes(), &proof.challenge_le_bytes()).unwrap();
    assert_eq!(
        verify_replaces(&second, first.hash(), &swapped),
        Err(ReplacesError::Proof)
    );
    assert_eq!(
        Proof::from_le_bytes(&[0xff; 32], &[0; 32]),
        Err(ScalarError::NotReduced)
    );
    assert_eq!(
        Proof::from_le_bytes(&[0; 32], &[0xff; 32]),
        Err(ScalarError::NotReduced)
    );

    let forged = prove_replaces(&other, second.hash(), first.hash(), &mut rng);
    assert_eq!(
        verify_replaces(&second, first.hash(), &forged),
        Err(ReplacesError::Proof)
    );
    let itself = prove_replaces(&voter, second.hash(), second.hash(), &mut rng);
    assert_eq!(
        verify_replaces(&second, second.hash(), &itself),
        Err(ReplacesError::Itself)
    );
    assert_eq!(BallotHash::of(second.json().as_bytes()), second.hash());
}
