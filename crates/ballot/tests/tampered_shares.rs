//! Keys, shares and results that do not follow from the tally are refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Made, credential, election, question};
use sijill_ballot::{
    CombineError, ElectionResult, EncryptedTally, Point, ResultError, Selection, ShareError, SizedTally,
    TallyError, TrusteeError, TrusteeKey, TrusteeSecret, Trustees, VerifiedBallot, Vote, combine_shares,
    decrypt_tally, encrypt_ballot, verify_ballot, verify_share,
};

fn ballots(made: &Made, count: usize) -> Vec<VerifiedBallot> {
    let selections = [Selection::Answers(&[1])];
    let vote = Vote::from_selections(made.context.questions(), &selections).unwrap();
    (0..count)
        .map(|_| {
            let ballot = encrypt_ballot(&made.context, &credential(), &vote, &mut rand::rng()).unwrap();
            verify_ballot(&made.context, ballot.json().as_bytes()).unwrap()
        })
        .collect()
}

fn tally(made: &Made, ballots: &[VerifiedBallot]) -> EncryptedTally {
    let counted: Vec<_> = ballots.iter().map(|ballot| (ballot, 1)).collect();
    EncryptedTally::of(&made.context, &counted).unwrap()
}

#[test]
fn shares() {
    let mut rng = rand::rng();
    let made = election(vec![question(2, false, 1, 1)], 2);
    let ballots = ballots(&made, 3);
    let (all, two) = (tally(&made, &ballots), tally(&made, &ballots[..2]));
    let share = |owner: usize, tally: &EncryptedTally| {
        decrypt_tally(&made.secrets[owner - 1], &made.context, tally, &mut rand::rng())
    };
    let verify = |owner: usize, tally: &EncryptedTally, share: &str| {
        verify_share(&made.context, &made.trustees, owner, tally, share.as_bytes())
    };
    let first = share(1, &all);
    let second = verify(2, &all, &share(2, &all)).unwrap();
    let other = verify(2, &two, &share(2, &two)).unwrap();

    // Another owner, another tally, every byte.
    let wrong = ShareError::Proof {
        question: 0,
        choice: 0,
    };
    assert_eq!(verify(2, &all, &first), Err(wrong));
    assert_eq!(verify(1, &two, &first), Err(wrong));
    assert_eq!(verify(0, &all, &first), Err(ShareError::Owner));
    assert_eq!(verify(3, &all, &first), Err(ShareError::Owner));
    for at in 0..first.len() {
        let mut changed = first.clone().into_bytes();
        changed[at] ^= 1;
        let verified = verify_share(&made.context, &made.trustees, 1, &all, &changed);
        assert!(verified.is_err(), "byte {at}");
    }

    // Combination.
    let first = verify(1, &all, &first).unwrap();
    let combine = |shares: &[_]| combine_shares(&made.trustees, &all, shares);
    assert_eq!(combine(&[]), Err(CombineError::Missing { owner: 1 }));
    assert_eq!(
        combine(std::slice::from_ref(&first)),
        Err(CombineError::Missing { owner: 2 })
    );
    assert_eq!(combine(&[first.clone(), other]), Err(CombineError::OtherTally));
    let twice = [first.clone(), first.clone(), second.clone()];
    assert_eq!(combine(&twice), Err(CombineError::Repeated { owner: 1 }));
    let factors = combine(&[second, first]).unwrap();

    // Result.
    let result = ElectionResult::decrypt(&all, &factors).unwrap();
    assert_eq!(result.counts(), [[0, 3]]);
    assert_eq!(
        ElectionResult::decrypt(&two, &factors),
        Err(ResultError::OtherTally)
    );
    assert_eq!(result.verify(&two, &factors), Err(ResultError::OtherTally));
    let verify = |json: &str| {
        ElectionResult::parse(json.as_bytes())
            .unwrap()
            .verify(&all, &factors)
    };
    assert_eq!(verify("{\"result\":[[0,3]]}"), Ok(()));
    assert_eq!(
        verify("{\"result\":[[1,3]]}"),
        Err(ResultError::Wrong {
            question: 0,
            choice: 0
        })
    );
    assert_eq!(
        verify("{\"result\":[[0,4]]}"),
        Err(ResultError::OutOfBounds {
            question: 0,
            choice: 1
        })
    );
    assert_eq!(verify("{\"result\":[[0]]}"), Err(ResultError::Shape));
    assert_eq!(verify("{\"result\":[[0,3,0]]}"), Err(ResultError::Shape));
    assert_eq!(verify("{\"result\":[[0,3],[]]}"), Err(ResultError::Shape));

    // A trustee with another key produces nothing acceptable.
    let stranger = decrypt_tally(&TrusteeSecret::generate(&mut rng), &made.context, &all, &mut rng);
    assert!(verify_share(&made.context, &made.trustees, 1, &all, stranger.as_bytes()).is_err());
}

#[test]
fn an_empty_tally_decrypts_to_zero() {
    let made = election(vec![question(2, true, 0, 2)], 1);
    let tally = tally(&made, &[]);
    assert!(
        tally
            .sums()
            .iter()
            .flatten()
            .all(|c| c.alpha.is_neutral() && c.beta.is_neutral())
    );
    let share = decrypt_tally(&made.secrets[0], &made.context, &tally, &mut rand::rng());
    let share = verify_share(&made.context, &made.trustees, 1, &tally, share.as_bytes()).unwrap();
    let factors = combine_shares(&made.trustees, &tally, &[share]).unwrap();
    assert_eq!(
        ElectionResult::decrypt(&tally, &factors).unwrap().json(),
        "{\"result\":[[0,0,0]]}"
    );
}

#[test]
fn tallies() {
    let made = election(vec![question(2, false, 1, 1)], 1);
    let other = election(vec![question(3, false, 1, 1)], 1);
    let ballots = ballots(&made, 2);
    let of = |weight| EncryptedTally::of(&made.context, &[(&ballots[0], weight)]);
    assert_eq!(of(0), Err(TallyError::Weight));
    assert_eq!(of((1 << 40) + 1), Err(TallyError::Weight));
    assert_eq!(of(1 << 40).unwrap().sized().total_weight, 1 << 40);
    assert!(
        of(1 << 40)
            .unwrap()
            .sized()
            .json()
            .contains("\"total_weight\":\"1099511627776\"")
    );
    assert_eq!(
        EncryptedTally::of(&other.context, &[(&ballots[0], 1)]),
        Err(TallyError::Shape)
    );

    let tally = tally(&made, &ballots);
    let (json, sized) = (tally.json().to_owned(), tally.sized().json());
    let parse = |json: &str, sized: &str| {
        EncryptedTally::parse(&made.context, json.as_bytes(), sized.as_bytes()).map(|_| ())
    };
    assert_eq!(parse(&json, &sized), Ok(()));
    assert!(parse(&json.replacen('[', "[ ", 1), &sized).is_err());
    assert!(parse(&json, &sized.replacen("{", "{ ", 1)).is_err());
    assert!(parse(&json, &sized.to_uppercase()).is_err());
    let more = SizedTally {
        total_weight: (1 << 40) + 1,
        ..tally.sized().clone()
    };
    assert_eq!(SizedTally::parse(more.json().as_bytes()), Err(TallyError::Weight));
    let elsewhere = EncryptedTally::parse(&other.context, json.as_bytes(), sized.as_bytes());
    assert_eq!(elsewhere, Err(TallyError::Shape));
}

#[test]
fn trustees() {
    let mut rng = rand::rng();
    let (a, b) = (
        TrusteeSecret::generate(&mut rng),
        TrusteeSecret::generate(&mut rng),
    );
    let key = a.publish(Some("First \"trustee\" / أمين"), &mut rng).unwrap();
    let json = key.json();
    assert_eq!(TrusteeKey::parse(json.as_bytes()).unwrap(), key);
    assert!(json.ends_with("\"name\":\"First \\\"trustee\\\" / أمين\"}"));
    let name_at = json.find("\"name\"").unwrap();
    for at in 0..name_at {
        let mut changed = json.clone().into_bytes();
        changed[at] ^= 1;
        assert!(TrusteeKey::parse(&changed).is_err(), "byte {at}");
    }
    assert_eq!(
        a.publish(Some("\u{7f}"), &mut rng).unwrap_err(),
        TrusteeError::Name
    );
    assert!(a.publish(None, &mut rng).unwrap().name().is_none());
    assert_eq!(
        TrusteeSecret::from_le_bytes(&a.expose_le_bytes())
            .unwrap()
            .public(),
        a.public()
    );
    assert!(format!("{a:?}").contains("public") && !format!("{a:?}").contains("secret:"));

    // Records.
    let second = b.publish(None, &mut rng).unwrap();
    let record = Trustees::from_keys(&[key.clone(), second.clone()]).unwrap();
    assert_eq!(
        record.json(),
        format!("[[\"Single\",{json}],[\"Single\",{}]]", second.json())
    );
    assert_eq!(Trustees::parse(record.json().as_bytes()).unwrap(), record);
    assert_eq!((record.singles(), record.threshold()), (2, 0));
    assert_eq!(Trustees::from_keys(&[]), Err(TrusteeError::None));
    assert_eq!(
        Trustees::from_keys(&[key.clone(), key.clone()]),
        Err(TrusteeError::Repeated)
    );
    let parse = |json: String| Trustees::parse(json.as_bytes()).unwrap_err();
    assert_eq!(
        parse(record.json().replacen("Single", "Double", 1)),
        TrusteeError::Unsupported
    );
    let signed = json.replacen(
        ",\"name\"",
        ",\"signature\":{\"challenge\":\"1\",\"response\":\"1\"},\"name\"",
        1,
    );
    assert_eq!(
        TrusteeKey::parse(signed.as_bytes()),
        Err(TrusteeError::Signature { index: 0 })
    );
    assert_eq!(
        parse(format!("[[\"Single\",{signed}]]")),
        TrusteeError::Signature { index: 0 }
    );
    assert!(matches!(
        parse(format!("[[\"Single\",{json},1]]")),
        TrusteeError::Json(_)
    ));
    assert!(matches!(
        parse("[[\"Single\"]]".to_owned()),
        TrusteeError::Json(_)
    ));

    // Keys that cancel out: the proofs of knowledge hold, the sum is refused.
    let order_minus: Vec<u8> = negated(&a.expose_le_bytes());
    let opposite = TrusteeSecret::from_le_bytes(&order_minus.try_into().unwrap()).unwrap();
    let opposite = opposite.publish(None, &mut rng).unwrap();
    assert_eq!(
        Trustees::from_keys(&[key.clone(), opposite]),
        Err(TrusteeError::NeutralSum)
    );

    // A rogue key chosen to cancel the first has no proof of knowledge.
    let rogue = json.replacen(&key.public().text(), &Point::generator().text(), 1);
    let refused = TrusteeKey::parse(rogue.as_bytes());
    assert_eq!(refused, Err(TrusteeError::ProofOfKnowledge { index: 0 }));
    let neutral = json.replacen(&key.public().text(), &Point::neutral().text(), 1);
    assert!(matches!(
        TrusteeKey::parse(neutral.as_bytes()),
        Err(TrusteeError::Key { .. })
    ));
}

fn negated(secret: &[u8; 32]) -> Vec<u8> {
    let scalar = curve25519_dalek::scalar::Scalar::from_bytes_mod_order(*secret);
    (-scalar).to_bytes().to_vec()
}
