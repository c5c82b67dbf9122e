//! The quick methods decide exactly as the plain checks: on archives of another tool, on vectors of the model, on changed ballots, and on
//! ballots whose proofs were made to hold with a component of small order in every point.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as G, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use proptest::prelude::*;

use crate::hash::{b64raw, sha256};
use crate::suite::ballot::{Ballot, Election};
use crate::suite::checker::{BallotChecker, Candidate, Findings, Method};
use crate::suite::group::{PointBytes, PointError, challenge};
use crate::suite::proof::EncryptionKey;
use crate::suite::question::Question;

/// What the plain checks find; every quick method was found to agree.
#[derive(Debug, PartialEq)]
enum Decision {
    Form,
    Group(PointError),
    Checked { signature: bool, proofs: Option<bool> },
}

const VALID: Decision = Decision::Checked {
    signature: true,
    proofs: Some(true),
};

fn same_points(a: &Findings, b: &Findings) -> bool {
    let flat = |findings: &Findings| -> Vec<EdwardsPoint> {
        let choices = findings.points.choices.iter().flatten();
        let points = choices.flat_map(|ciphertext| [ciphertext.alpha, ciphertext.beta]);
        points.chain([findings.points.credential]).collect()
    };
    flat(a) == flat(b)
}

/// Checks a ballot by every method and compares.
fn decide(json: &[u8], election: &Election) -> Decision {
    let Ok(ballot) = Ballot::parse(json, election) else {
        return Decision::Form;
    };
    let plain = BallotChecker::new(election, Method::Plain).plain(&ballot);
    let valid = plain
        .as_ref()
        .is_ok_and(|plain| plain.signature_holds && plain.proofs_hold == Some(true));
    let member = ballot.credential.decode_not_neutral().is_ok();
    for method in [Method::Separate, Method::Shared] {
        for known in [false, true] {
            if known && !member {
                continue;
            }
            let checker = BallotChecker::new(election, method);
            let candidate = Candidate {
                ballot: &ballot,
                known_credential: known,
            };
            // What a quick method accepts, before the plain checks get the last word.
            let quick = checker.quick_all(&[candidate]);
            assert_eq!(quick.iter().flatten().count() == 1, valid, "{method:?}");
            match (&plain, checker.check_all(&[candidate]).remove(0)) {
                (Err(plain), Err(quick)) => assert_eq!(*plain, quick, "{method:?}"),
                (Ok(plain), Ok(quick)) => {
                    assert_eq!(plain.signature_holds, quick.signature_holds, "{method:?}");
                    assert_eq!(plain.proofs_hold, quick.proofs_hold, "{method:?}");
                    assert!(same_points(plain, &quick), "{method:?}");
                }
                (plain, quick) => panic!("{method:?}: {plain:?}, {quick:?}"),
            }
        }
    }
    match plain {
        Err(error) => Decision::Group(error),
        Ok(findings) => Decision::Checked {
            signature: findings.signature_holds,
            proofs: findings.proofs_hold,
        },
    }
}

#[test]
fn archives_of_another_tool() {
    let paths = [
        "bel/tiny/maT7QXfZ2LqUFe.bel",
        "bel/absent-voters/fXtmQoUq7i3Wc4.bel",
        "bel/small-threshold/u94e4LkdbvHVkf.bel",
        "bel/both-trustees/HRxwTuw8ds4oSq.bel",
    ];
    for path in paths {
        let records = crate::vectors::archive(path);
        let record = records
            .iter()
            .find(|body| body.starts_with(b"{\"version\":1,\"description\""));
        let election = crate::vectors::election(std::str::from_utf8(record.unwrap()).unwrap());
        let mut ballots = 0;
        for ballot in records
            .iter()
            .filter(|body| body.starts_with(b"{\"election_uuid\""))
        {
            assert_eq!(decide(ballot, &election), VALID, "{path}");
            ballots += 1;
        }
        assert!(ballots > 2, "{path}");
    }
}

#[test]
fn vectors_of_the_model() {
    let vectors = crate::vectors::vectors("ballot-suite");
    let elections = vectors["elections"].as_array().unwrap();
    for vector in elections {
        let election = crate::vectors::election(vector["election"].as_str().unwrap());
        for ballot in vector["ballots"].as_array().unwrap() {
            assert_eq!(
                decide(ballot["json"].as_str().unwrap().as_bytes(), &election),
                VALID
            );
        }
    }
    let election = crate::vectors::election(elections[0]["election"].as_str().unwrap());
    for bad in vectors["refused_ballots"].as_array().unwrap() {
        let json = bad["json"].as_str().unwrap().as_bytes();
        assert_ne!(decide(json, &election), VALID, "{}", bad["why"]);
    }
}

// Making ballots.

const KEY: u64 = 20_261_124;

fn election(questions: &[(usize, bool, u64, u64)]) -> Election {
    let questions = questions.iter().map(|&(answers, blank, min, max)| Question {
        question: "q".to_owned(),
        answers: vec!["a".to_owned(); answers],
        blank,
        min,
        max,
    });
    Election {
        uuid: "12345678abcdEF".to_owned(),
        fingerprint: b64raw(&sha256(&[b"election"])),
        questions: questions.collect(),
        key: EncryptionKey::new(G * Scalar::from(KEY)),
    }
}

fn decimal(scalar: &Scalar) -> String {
    let mut bytes = scalar.to_bytes();
    let mut digits = Vec::new();
    while bytes.iter().any(|b| *b != 0) {
        let mut rest = 0u16;
        for byte in bytes.iter_mut().rev() {
            let value = rest * 256 + u16::from(*byte);
            *byte = u8::try_from(value / 10).unwrap();
            rest = value % 10;
        }
        digits.push(char::from(b'0' + u8::try_from(rest).unwrap()));
    }
    if digits.is_empty() {
        digits.push('0');
    }
    digits.iter().rev().collect()
}

/// A component of small order, and where to add it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Where {
    Nowhere,
    Alpha(usize),
    Beta(usize),
    Credential,
    /// In both points of a ciphertext.
    Both(usize),
    /// Taken away from the next ciphertext again, so that sums are free of it.
    AlphaAndBack(usize),
}

struct Maker {
    counter: u64,
    /// Every challenge is made a multiple of 8, so that components of small order leave no trace in the commitments.
    ground: bool,
}

fn text(point: &EdwardsPoint) -> String {
    PointBytes::of(point).text()
}

type Pair = (EdwardsPoint, EdwardsPoint);

impl Maker {
    fn roll(&mut self) -> Scalar {
        self.counter += 1;
        Scalar::from_bytes_mod_order(sha256(&[b"roll", &self.counter.to_le_bytes()]))
    }

    fn good(&self, challenge: &Scalar) -> bool {
        !self.ground || challenge.as_bytes()[0] & 7 == 0
    }

    fn challenge(&mut self) -> Scalar {
        loop {
            let challenge = self.roll();
            if self.good(&challenge) {
                return challenge;
            }
        }
    }

    fn proof((challenge, response): &(Scalar, Scalar)) -> String {
        let (challenge, response) = (decimal(challenge), decimal(response));
        format!("{{\"challenge\":\"{challenge}\",\"response\":\"{response}\"}}")
    }

    fn disjunction(&mut self, prefix: &str, claims: &[(Pair, u64)], truth: usize, r: &Scalar) -> String {
        loop {
            let w = self.roll();
            let mut proofs = Vec::new();
            let mut commitments = Vec::new();
            for (index, ((alpha, beta), value)) in claims.iter().enumerate() {
                if index == truth {
                    proofs.push((Scalar::ZERO, w));
                    commitments.extend([G * w, G * (w * Scalar::from(KEY))]);
                } else {
                    let (c, s) = (self.challenge(), self.roll());
                    proofs.push((c, s));
                    commitments.push(G * s + alpha * c);
                    commitments.push(G * (s * Scalar::from(KEY)) + (beta - G * Scalar::from(*value)) * c);
                }
            }
            let others: Scalar = proofs.iter().map(|(c, _)| c).sum();
            let c = challenge(&[prefix.as_bytes()], &commitments) - others;
            if self.good(&c) {
                proofs[truth] = (c, w - r * c);
                let proofs: Vec<_> = proofs.iter().map(Maker::proof).collect();
                return format!("[{}]", proofs.join(","));
            }
        }
    }

    /// `votes` has one 0 or 1 for each choice of each question.
    fn unsigned(
        &mut self,
        election: &Election,
        votes: &[Vec<u64>],
        at: Where,
        torsion: EdwardsPoint,
    ) -> String {
        let mut credential = G * Scalar::from(77u64);
        if at == Where::Credential {
            credential += torsion;
        }
        let s0 = format!("{}|{}", election.fingerprint, text(&credential));
        let mut answers = Vec::new();
        for (question, votes) in election.questions.iter().zip(votes) {
            let r: Vec<Scalar> = votes.iter().map(|_| self.roll()).collect();
            let mut pairs: Vec<Pair> = Vec::new();
            for (r, vote) in r.iter().zip(votes) {
                pairs.push((G * r, G * (r * Scalar::from(KEY) + Scalar::from(*vote))));
            }
            match at {
                Where::Alpha(i) => pairs[i].0 += torsion,
                Where::Beta(i) => pairs[i].1 += torsion,
                Where::Both(i) => pairs[i] = (pairs[i].0 + torsion, pairs[i].1 + torsion),
                Where::AlphaAndBack(i) => {
                    pairs[i].0 += torsion;
                    pairs[i + 1].0 -= torsion;
                }
                Where::Nowhere | Where::Credential => {}
            }
            let written = |pair: &Pair| format!("{},{}", text(&pair.0), text(&pair.1));
            let all: Vec<_> = pairs.iter().map(written).collect();
            let s = format!("{s0}|{}", all.join(","));
            let mut individual = Vec::new();
            for ((pair, vote), r) in pairs.iter().zip(votes).zip(&r) {
                let prefix = format!("prove|{s0}|{}|", written(pair));
                individual.push(self.disjunction(
                    &prefix,
                    &[(*pair, 0), (*pair, 1)],
                    usize::try_from(*vote).unwrap(),
                    r,
                ));
            }
            let skip = usize::from(question.blank);
            let sum: Pair = (
                pairs[skip..].iter().map(|pair| pair.0).sum(),
                pairs[skip..].iter().map(|pair| pair.1).sum(),
            );
            let r_sum: Scalar = r[skip..].iter().sum();
            let named: u64 = votes[skip..].iter().sum();
            let mut claims: Vec<_> = (question.min..=question.max).map(|value| (sum, value)).collect();
            let truth = usize::try_from(named.saturating_sub(question.min)).unwrap();
            let proofs = if question.blank {
                claims.insert(0, (pairs[0], 1));
                let blank = votes[0] == 1;
                let (truth, secret) = if blank { (0, r[0]) } else { (truth + 1, r_sum) };
                let overall = self.disjunction(&format!("bproof1|{s}|"), &claims, truth, &secret);
                let (truth, secret) = if blank { (1, r_sum) } else { (0, r[0]) };
                let either = [(pairs[0], 0), (sum, 0)];
                let blank = self.disjunction(&format!("bproof0|{s}|"), &either, truth, &secret);
                format!("{overall},\"blank_proof\":{blank}")
            } else {
                self.disjunction(&format!("prove|{s}|{}|", written(&sum)), &claims, truth, &r_sum)
            };
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(alpha, beta)| format!("{{\"alpha\":\"{}\",\"beta\":\"{}\"}}", text(alpha), text(beta)))
                .collect();
            answers.push(format!(
                "{{\"choices\":[{}],\"individual_proofs\":[{}],\"overall_proof\":{proofs}}}",
                pairs.join(","),
                individual.join(",")
            ));
        }
        format!(
            "{{\"election_uuid\":\"{}\",\"election_hash\":\"{}\",\"credential\":\"{}\",\"answers\":[{}]",
            election.uuid,
            election.fingerprint,
            text(&credential),
            answers.join(",")
        )
    }

    fn sign(&mut self, unsigned: &str) -> Vec<u8> {
        let hash = b64raw(&sha256(&[unsigned.as_bytes(), b"}"]));
        loop {
            let w = self.roll();
            let c = challenge(&[b"sig|", hash.as_bytes(), b"|"], &[G * w]);
            if self.good(&c) {
                let proof = Maker::proof(&(c, w - Scalar::from(77u64) * c));
                return format!("{unsigned},\"signature\":{{\"hash\":\"{hash}\",\"proof\":{proof}}}}}")
                    .into_bytes();
            }
        }
    }
}

#[allow(
    clippy::type_complexity,
    reason = "questions, and the choices of one answer to each"
)]
const SHAPES: [(&[(usize, bool, u64, u64)], &[&[u64]]); 10] = [
    (&[(2, false, 1, 1)], &[&[0, 1]]),
    (&[(1, false, 0, 1)], &[&[1]]),
    (&[(3, false, 0, 2)], &[&[1, 0, 1]]),
    (&[(4, false, 1, 1)], &[&[0, 0, 1, 0]]),
    (&[(5, false, 0, 5)], &[&[1, 0, 1, 1, 0]]),
    (&[(4, false, 2, 3)], &[&[0, 1, 1, 1]]),
    (&[(2, true, 1, 2)], &[&[0, 1, 1]]),
    (&[(5, true, 0, 3)], &[&[1, 0, 0, 0, 0, 0]]),
    (&[(4, true, 1, 1)], &[&[0, 0, 0, 0, 1]]),
    (&[(2, true, 0, 1), (2, false, 1, 2)], &[&[0, 0, 0], &[1, 1]]),
];

fn votes(votes: &[&[u64]]) -> Vec<Vec<u64>> {
    votes.iter().map(|votes| votes.to_vec()).collect()
}

#[test]
fn honest_ballots_of_every_shape() {
    let mut maker = Maker {
        counter: 0,
        ground: false,
    };
    for (questions, chosen) in SHAPES {
        let election = election(questions);
        let unsigned = maker.unsigned(
            &election,
            &votes(chosen),
            Where::Nowhere,
            EdwardsPoint::identity(),
        );
        assert_eq!(decide(&maker.sign(&unsigned), &election), VALID, "{questions:?}");
    }
}

/// Proofs and signature that hold although a point has a component of small order: only the test of its order refuses them.
#[test]
fn components_of_small_order() {
    let mut maker = Maker {
        counter: 1 << 32,
        ground: true,
    };
    let places = [
        Where::Alpha(0),
        Where::Beta(1),
        Where::Credential,
        Where::Both(1),
        Where::AlphaAndBack(0),
    ];
    for (questions, chosen) in [&SHAPES[0], &SHAPES[6]] {
        let election = election(questions);
        for torsion in EIGHT_TORSION.iter().skip(1) {
            for at in places {
                let unsigned = maker.unsigned(&election, &votes(chosen), at, *torsion);
                let json = maker.sign(&unsigned);
                let ballot = Ballot::parse(&json, &election).unwrap();
                let points = points_of_any_order(&ballot);
                assert!(ballot.signature_holds(&points), "{at:?}");
                assert!(ballot.proofs_hold(&points, &election), "{at:?}");
                assert_eq!(
                    decide(&json, &election),
                    Decision::Group(PointError::NotInSubgroup),
                    "{at:?}"
                );
            }
        }
    }
}

/// Among so many others that the orders of all points are tested together.
#[test]
fn components_of_small_order_in_a_crowd() {
    let mut maker = Maker {
        counter: 3 << 32,
        ground: true,
    };
    let (questions, chosen) = SHAPES[0];
    let election = election(questions);
    let honest = maker.unsigned(
        &election,
        &votes(chosen),
        Where::Nowhere,
        EdwardsPoint::identity(),
    );
    let honest = maker.sign(&honest);
    for (at, torsion) in [
        (Where::Alpha(0), 4),
        (Where::AlphaAndBack(0), 1),
        (Where::Credential, 4),
    ] {
        let ground = maker.unsigned(&election, &votes(chosen), at, EIGHT_TORSION[torsion]);
        let ground = maker.sign(&ground);
        let mut crowd = vec![&honest; 400];
        crowd[123] = &ground;
        let ballots: Vec<_> = crowd
            .iter()
            .map(|json| Ballot::parse(json, &election).unwrap())
            .collect();
        let candidates: Vec<_> = ballots
            .iter()
            .map(|ballot| Candidate {
                ballot,
                known_credential: false,
            })
            .collect();
        for method in [Method::Separate, Method::Shared] {
            let findings = BallotChecker::new(&election, method).check_all(&candidates);
            for (index, found) in findings.iter().enumerate() {
                match found {
                    Ok(found) => {
                        assert!(index != 123, "{method:?} {at:?}");
                        assert!(found.signature_holds && found.proofs_hold == Some(true));
                    }
                    Err(error) => assert_eq!(
                        (index, *error),
                        (123, PointError::NotInSubgroup),
                        "{method:?} {at:?}"
                    ),
                }
            }
        }
    }
}

fn points_of_any_order(ballot: &Ballot<'_>) -> crate::suite::ballot::Points {
    let any = |written: &PointBytes| written.decompress().unwrap();
    let choices = ballot.answers.iter().map(|answer| {
        let pairs = answer.choices.iter();
        pairs.map(|pair| crate::suite::ballot::Ciphertext {
            alpha: any(&pair.alpha),
            beta: any(&pair.beta),
        })
    });
    crate::suite::ballot::Points {
        credential: any(&ballot.credential),
        choices: choices.map(Iterator::collect).collect(),
    }
}

/// Every string of 64 hexadecimal digits in a ballot, replaced by what is not allowed there.
#[test]
fn points_that_are_not_allowed() {
    let mut maker = Maker {
        counter: 2 << 32,
        ground: false,
    };
    let election = election(SHAPES[6].0);
    let unsigned = maker.unsigned(
        &election,
        &votes(SHAPES[6].1),
        Where::Nowhere,
        EdwardsPoint::identity(),
    );
    let strange: Vec<String> = EIGHT_TORSION
        .iter()
        .map(text)
        .chain(
            EIGHT_TORSION
                .iter()
                .map(|torsion| text(&(G * Scalar::from(5u64) + torsion))),
        )
        .chain([
            // Not on the curve; y = p + 1; x = 0 with the sign bit.
            format!("{}2", "0".repeat(63)),
            format!("7f{}ee", "f".repeat(60)),
            format!("80{}01", "0".repeat(60)),
        ])
        .collect();
    let is_point = |part: &&str| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let points: Vec<&str> = unsigned.split('"').filter(is_point).collect();
    assert_eq!(points.len(), 7);
    for point in points {
        for strange in &strange {
            let json = maker.sign(&unsigned.replace(point, strange));
            assert_ne!(decide(&json, &election), VALID, "{strange}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any byte changed to any other, the ballot signed again or not.
    #[test]
    fn changed_bytes(shape in 0..SHAPES.len(), at in any::<prop::sample::Index>(), digit in 0u8..10, sign in any::<bool>()) {
        let (questions, chosen) = SHAPES[shape];
        let election = election(questions);
        let mut maker = Maker { counter: 3 << 32, ground: false };
        let unsigned = maker.unsigned(&election, &votes(chosen), Where::Nowhere, EdwardsPoint::identity());
        let before = if sign { unsigned.into_bytes() } else { maker.sign(&unsigned) };
        let mut changed = before.clone();
        // Digits are digits of points and scalars, which stay readable most of the time.
        let places: Vec<usize> = (0..changed.len()).filter(|i| changed[*i].is_ascii_digit()).collect();
        changed[places[at.index(places.len())]] = b'0' + digit;
        let json = if sign { maker.sign(std::str::from_utf8(&changed).unwrap()) } else { changed.clone() };
        prop_assert_eq!(decide(&json, &election) == VALID, changed == before);
    }

    /// Two readable values of the same kind change places, and the ballot is signed again.
    #[test]
    fn exchanged_values(shape in 0..SHAPES.len(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(), points in any::<bool>()) {
        let (questions, chosen) = SHAPES[shape];
        let election = election(questions);
        let mut maker = Maker { counter: 4 << 32, ground: false };
        let unsigned = maker.unsigned(&election, &votes(chosen), Where::Nowhere, EdwardsPoint::identity());
        let mut parts: Vec<&str> = unsigned.split('"').collect();
        let wanted = |part: &str| if points {
            part.len() == 64
        } else {
            part.len() > 70 && part.bytes().all(|b| b.is_ascii_digit())
        };
        let places: Vec<usize> = (0..parts.len()).filter(|i| wanted(parts[*i])).collect();
        let (a, b) = (places[a.index(places.len())], places[b.index(places.len())]);
        let same = parts[a] == parts[b];
        parts.swap(a, b);
        let json = maker.sign(&parts.join("\""));
        prop_assert_eq!(decide(&json, &election) == VALID, same);
    }
}
