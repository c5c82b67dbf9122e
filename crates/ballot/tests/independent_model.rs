//! Vectors written by an independent model of the specification: everything good is accepted and reproduced,
//! everything bad is refused, and for the reason given.
//!
//! Provenance: specs/vectors/ballot_suite_vectors.py.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use serde::Deserialize;
use sijill_ballot::{
    BallotError, BallotHash, Credential, CredentialCode, CredentialList, Election, ElectionContext,
    ElectionError, ElectionResult, EncryptedTally, Point, Proof, SecretScalar, TrusteeSecret, Trustees, Uuid,
    VerifiedBallot, VerifiedShare, check_opening, combine_shares, decrypt_tally, verify_ballot,
    verify_replaces, verify_share,
};

#[derive(Deserialize)]
struct Vectors {
    format: String,
    points: Points,
    scalars: Scalars,
    credential_code: CodeVector,
    elections: Vec<ElectionVector>,
    refused_ballots: Vec<RefusedBallot>,
    refused_replaces: Vec<RefusedReplaces>,
    refused_records: Vec<RefusedRecord>,
}

#[derive(Deserialize)]
struct Points {
    good: Vec<String>,
    bad: Vec<BadPoint>,
}

#[derive(Deserialize)]
struct BadPoint {
    text: String,
    why: String,
}

#[derive(Deserialize)]
struct Scalars {
    good: Vec<String>,
    bad: Vec<String>,
}

#[derive(Deserialize)]
struct CodeVector {
    code: String,
    uuid: String,
    secret: String,
    public: String,
}

#[derive(Deserialize, Clone)]
struct ElectionVector {
    election: String,
    fingerprint: String,
    largest_ballot: usize,
    trustees: String,
    trustee_secrets: Vec<OwnerSecret>,
    credentials: String,
    voter_secrets: Vec<String>,
    ballots: Vec<BallotVector>,
    opened: String,
    opened_choices: Vec<Vec<u8>>,
    counted: Vec<String>,
    encrypted_tally: String,
    sized_encrypted_tally: String,
    shares: Vec<ShareVector>,
    result: String,
}

#[derive(Deserialize, Clone)]
struct OwnerSecret {
    owner: usize,
    secret: String,
}

#[derive(Deserialize, Clone)]
struct BallotVector {
    voter: usize,
    json: String,
    hash: String,
    tracking_code: String,
    replaces: Option<ReplacesVector>,
}

#[derive(Deserialize, Clone)]
struct ReplacesVector {
    ballot_hash: String,
    challenge: String,
    response: String,
}

#[derive(Deserialize, Clone)]
struct ShareVector {
    owner: usize,
    json: String,
}

#[derive(Deserialize)]
struct RefusedBallot {
    why: String,
    check: String,
    json: String,
}

#[derive(Deserialize)]
struct RefusedReplaces {
    why: String,
    ballot: usize,
    replaces: ReplacesVector,
}

#[derive(Deserialize)]
struct RefusedRecord {
    field: String,
    why: String,
    value: String,
}

fn vectors() -> Vectors {
    let path = common::fixtures().join("vectors/ballot-suite.json");
    let vectors: Vectors = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(vectors.format, "sijill-vectors/ballot-suite/1");
    vectors
}

fn bytes(hex: &str) -> [u8; 32] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn context(election: &str) -> ElectionContext {
    ElectionContext::new(&Election::parse(election.as_bytes()).unwrap())
}

/// Whether a re-vote's proof is accepted, decoding included.
fn replaces(new: &VerifiedBallot, vector: &ReplacesVector) -> bool {
    Proof::from_le_bytes(&bytes(&vector.challenge), &bytes(&vector.response)).is_ok_and(|proof| {
        verify_replaces(new, BallotHash::from_bytes(bytes(&vector.ballot_hash)), &proof).is_ok()
    })
}

/// Checks everything in an election's records against everything else; the first thing that fails.
fn check(vector: &ElectionVector) -> Result<(), Box<dyn std::error::Error>> {
    let election = Election::parse(vector.election.as_bytes())?;
    let context = ElectionContext::new(&election);
    let trustees = Trustees::parse(vector.trustees.as_bytes())?;
    if trustees.election_key() != context.public_key() {
        return Err("the election key does not follow from the trustees".into());
    }
    let credentials = CredentialList::parse(vector.credentials.as_bytes())?;
    let mut counted = vec![];
    for ballot in &vector.ballots {
        let verified = verify_ballot(&context, ballot.json.as_bytes())?;
        let entry = credentials
            .find(verified.credential().as_bytes())
            .ok_or("not on the list")?;
        if vector
            .counted
            .iter()
            .any(|code| code == verified.tracking_code().as_str())
        {
            counted.push((verified, entry.weight()));
        }
    }
    let audited = check_opening(&context, vector.opened.as_bytes())?;
    if audited.choices != vector.opened_choices {
        return Err("other choices".into());
    }
    let counted: Vec<_> = counted.iter().map(|(ballot, weight)| (ballot, *weight)).collect();
    let tally = EncryptedTally::of(&context, &counted)?;
    if tally.json() != vector.encrypted_tally || tally.sized().json() != vector.sized_encrypted_tally {
        return Err("another tally".into());
    }
    let shares = vector
        .shares
        .iter()
        .map(|share| verify_share(&context, &trustees, share.owner, &tally, share.json.as_bytes()))
        .collect::<Result<Vec<VerifiedShare>, _>>()?;
    let factors = combine_shares(&trustees, &tally, &shares)?;
    let result = ElectionResult::parse(vector.result.as_bytes())?;
    result.verify(&tally, &factors)?;
    if ElectionResult::decrypt(&tally, &factors)? != result || result.json() != vector.result {
        return Err("another result".into());
    }
    Ok(())
}

#[test]
fn encodings() {
    let vectors = vectors();
    for text in &vectors.points.good {
        assert_eq!(Point::from_text(text).unwrap().text(), *text);
    }
    for bad in &vectors.points.bad {
        assert!(Point::from_text(&bad.text).is_err(), "{}", bad.why);
    }
    for text in vectors.scalars.good.iter().filter(|text| *text != "0") {
        assert!(SecretScalar::from_decimal(text).is_ok(), "{text}");
    }
    for text in &vectors.scalars.bad {
        assert!(SecretScalar::from_decimal(text).is_err(), "{text}");
    }
    let CodeVector {
        code,
        uuid,
        secret,
        public,
    } = vectors.credential_code;
    let credential = Credential::from_code(
        &CredentialCode::parse(&code).unwrap(),
        &Uuid::parse(&uuid).unwrap(),
    );
    assert_eq!(credential.public().text(), public);
    let secret = SecretScalar::from_decimal(&secret).unwrap();
    assert_eq!(secret.expose_le_bytes(), credential.expose_le_bytes());
}

#[test]
fn elections() {
    for vector in vectors().elections {
        check(&vector).unwrap();
        let election = Election::parse(vector.election.as_bytes()).unwrap();
        assert_eq!(election.fingerprint().as_str(), vector.fingerprint);
        assert_eq!(
            Election::build(election.parameters().clone()).unwrap().json(),
            vector.election
        );
        let context = ElectionContext::new(&election);
        assert_eq!(context.largest_ballot_bytes(), vector.largest_ballot);
        let trustees = Trustees::parse(vector.trustees.as_bytes()).unwrap();
        for ballot in &vector.ballots {
            let verified = verify_ballot(&context, ballot.json.as_bytes()).unwrap();
            assert_eq!(verified.hash().as_bytes(), &bytes(&ballot.hash));
            assert_eq!(verified.tracking_code().as_str(), ballot.tracking_code);
            let secret = SecretScalar::from_decimal(&vector.voter_secrets[ballot.voter]).unwrap();
            let credential = Credential::from_le_bytes(&secret.expose_le_bytes()).unwrap();
            assert_eq!(verified.credential(), credential.public());
            assert!(ballot.replaces.as_ref().is_none_or(|r| replaces(&verified, r)));
        }

        // Our own shares with the same keys, in the model's place.
        let sized = vector.sized_encrypted_tally.as_bytes();
        let tally = EncryptedTally::parse(&context, vector.encrypted_tally.as_bytes(), sized).unwrap();
        let shares: Vec<VerifiedShare> = vector
            .trustee_secrets
            .iter()
            .map(|OwnerSecret { owner, secret }| {
                let secret = TrusteeSecret::from_decimal(secret).unwrap();
                let share = decrypt_tally(&secret, &context, &tally, &mut rand::rng());
                verify_share(&context, &trustees, *owner, &tally, share.as_bytes()).unwrap()
            })
            .collect();
        let factors = combine_shares(&trustees, &tally, &shares).unwrap();
        assert_eq!(
            ElectionResult::decrypt(&tally, &factors).unwrap().json(),
            vector.result
        );
    }
}

#[test]
fn refused_ballots() {
    let vectors = vectors();
    let context = context(&vectors.elections[0].election);
    assert!(vectors.refused_ballots.len() > 40);
    for RefusedBallot { why, check, json } in &vectors.refused_ballots {
        let error = verify_ballot(&context, json.as_bytes()).unwrap_err();
        let reason = match error {
            BallotError::TooLong | BallotError::Json(_) => "json",
            BallotError::Uuid => "uuid",
            BallotError::Fingerprint => "fingerprint",
            BallotError::Answers | BallotError::Shape { .. } => "shape",
            BallotError::Credential(_) | BallotError::Ciphertext { .. } => "point",
            BallotError::Scalar(_) => "scalar",
            BallotError::SignatureHash | BallotError::Signature => "signature",
            BallotError::IndividualProof { .. }
            | BallotError::OverallProof { .. }
            | BallotError::BlankProof { .. } => "proof",
            _ => "unknown",
        };
        assert_eq!(reason, check, "{why}: {error}");
    }
}

#[test]
fn refused_replacements() {
    let vectors = vectors();
    let election = &vectors.elections[0];
    let context = context(&election.election);
    assert!(!vectors.refused_replaces.is_empty());
    for RefusedReplaces {
        why,
        ballot,
        replaces: vector,
    } in &vectors.refused_replaces
    {
        let new = verify_ballot(&context, election.ballots[*ballot].json.as_bytes()).unwrap();
        assert!(!replaces(&new, vector), "{why}");
    }
}

#[test]
fn refused_records() {
    let vectors = vectors();
    assert!(vectors.refused_records.len() > 50);
    for RefusedRecord { field, why, value } in vectors.refused_records {
        let mut changed = vectors.elections[1].clone();
        match field.as_str() {
            "credentials" => {
                assert!(CredentialList::parse(value.as_bytes()).is_err(), "{why}");
                changed.credentials = value;
            }
            "election" => {
                let error = Election::parse(value.as_bytes()).unwrap_err();
                let unsupported = [
                    "version 2",
                    "another group",
                    "additional field",
                    "other kind of question",
                ];
                let expected = unsupported.contains(&why.as_str());
                assert_eq!(
                    matches!(error, ElectionError::Unsupported(_)),
                    expected,
                    "{why}: {error}"
                );
                changed.election = value;
            }
            "trustees" => {
                assert!(Trustees::parse(value.as_bytes()).is_err(), "{why}");
                changed.trustees = value;
            }
            "shares" => changed.shares[0].json = value,
            "result" => changed.result = value,
            "opened" => changed.opened = value,
            "encrypted_tally" => changed.encrypted_tally = value,
            "sized_encrypted_tally" => changed.sized_encrypted_tally = value,
            other => unreachable!("{other}"),
        }
        assert!(check(&changed).is_err(), "{field}: {why}");
    }
}
