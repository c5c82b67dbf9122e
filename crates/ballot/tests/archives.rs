//! Archives made by another tool: everything in them is accepted, and every record that follows from others is reproduced
//! byte for byte.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Archive, fixtures};
use sha2::{Digest, Sha256};
use sijill_ballot::{
    ArchiveParts, BallotHash, Credential, CredentialCode, CredentialList, Election, ElectionContext,
    ElectionResult, EncryptedTally, Trustees, VerifiedBallot, VerifiedShare, Vote, combine_shares,
    decrypt_tally, encrypt_ballot, verify_ballot, verify_share, write_archive,
};
use std::collections::HashMap;

struct Replayed {
    context: ElectionContext,
    trustees: Trustees,
    credentials: CredentialList,
    ballots: Vec<VerifiedBallot>,
    tally: EncryptedTally,
    shares: Vec<VerifiedShare>,
    result: ElectionResult,
}

fn replay(folder: &str) -> Replayed {
    let archive = Archive::read(folder);
    let setup: serde_json::Value = serde_json::from_slice(archive.payloads("Setup")[0]).unwrap();
    let election = Election::parse(archive.record(&setup["election"])).unwrap();
    assert_eq!(
        Election::build(election.parameters().clone()).unwrap().json(),
        election.json()
    );
    let context = ElectionContext::new(&election);
    let trustees = Trustees::parse(archive.record(&setup["trustees"])).unwrap();
    assert_eq!(trustees.election_key(), context.public_key());
    let credentials = CredentialList::parse(archive.record(&setup["credentials"])).unwrap();

    let mut ballots = vec![];
    let mut last = HashMap::new();
    for raw in archive.payloads("Ballot") {
        let ballot = verify_ballot(&context, raw).unwrap();
        assert_eq!(ballot.hash(), BallotHash::from_bytes(Sha256::digest(raw).into()));
        assert_eq!(
            VerifiedBallot::danger_from_recorded(&context, raw).unwrap(),
            ballot
        );
        last.insert(*ballot.credential(), ballots.len());
        ballots.push(ballot);
    }
    let weight = |ballot: &VerifiedBallot| {
        credentials
            .find(ballot.credential().as_bytes())
            .expect("the credential is on the list")
            .weight()
    };
    let counted: Vec<_> = last
        .values()
        .map(|at| (&ballots[*at], weight(&ballots[*at])))
        .collect();
    let tally = EncryptedTally::of(&context, &counted).unwrap();

    let sized = archive.payloads("EncryptedTally")[0];
    assert_eq!(tally.sized().json().as_bytes(), sized);
    let archived =
        archive.record(&serde_json::from_slice::<serde_json::Value>(sized).unwrap()["encrypted_tally"]);
    assert_eq!(tally.json().as_bytes(), archived);
    assert_eq!(EncryptedTally::parse(&context, archived, sized).unwrap(), tally);

    let mut shares = vec![];
    for owned in archive.payloads("PartialDecryption") {
        let owned: serde_json::Value = serde_json::from_slice(owned).unwrap();
        let owner = usize::try_from(owned["owner"].as_u64().unwrap()).unwrap();
        let share = archive.record(&owned["payload"]);
        shares.push(verify_share(&context, &trustees, owner, &tally, share).unwrap());
        for other in (0..=trustees.owners().len() + 1).filter(|other| *other != owner) {
            assert!(verify_share(&context, &trustees, other, &tally, share).is_err());
        }
    }
    let factors = combine_shares(&trustees, &tally, &shares).unwrap();
    let result = ElectionResult::decrypt(&tally, &factors).unwrap();
    assert_eq!(result.json().as_bytes(), archive.payloads("Result")[0]);
    result.verify(&tally, &factors).unwrap();
    let plain = std::fs::read(fixtures().join("bel").join(folder).join("expected.json")).unwrap();
    let plain: Vec<Vec<u64>> = serde_json::from_slice(&plain).unwrap();
    assert_eq!(result.counts(), plain);
    drop(counted);
    Replayed {
        context,
        trustees,
        credentials,
        ballots,
        tally,
        shares,
        result,
    }
}

/// Our writer makes the very bytes that the other tool made.
#[test]
fn written_again_byte_for_byte() {
    for folder in [
        "absent-voters",
        "both-trustees",
        "small-threshold",
        "tiny",
        "weights",
    ] {
        let archive = Archive::read(folder);
        let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let setup = json(archive.payloads("Setup")[0]);
        let sized = archive.payloads("EncryptedTally")[0];
        let shares: Vec<(usize, String)> = archive
            .payloads("PartialDecryption")
            .into_iter()
            .map(|owned| {
                let owned = json(owned);
                let owner = usize::try_from(owned["owner"].as_u64().unwrap()).unwrap();
                (owner, text(archive.record(&owned["payload"])))
            })
            .collect();
        let parts = ArchiveParts {
            timestamp: archive.timestamp,
            election: &text(archive.record(&setup["election"])),
            trustees: &text(archive.record(&setup["trustees"])),
            credentials: &text(archive.record(&setup["credentials"])),
            encrypted_tally: &text(archive.record(&json(sized)["encrypted_tally"])),
            sized_tally: &text(sized),
            shares: &shares,
            result: &text(archive.payloads("Result")[0]),
        };
        let mut written = vec![];
        let ballots = archive
            .payloads("Ballot")
            .into_iter()
            .map(Ok::<_, std::io::Error>);
        write_archive(&mut written, &parts, ballots).unwrap();
        assert!(written == archive.bytes, "{folder}");
    }
}

#[test]
fn numbers_that_a_header_cannot_hold_are_refused() {
    let parts = ArchiveParts {
        timestamp: 1 << 33,
        election: "",
        trustees: "",
        credentials: "",
        encrypted_tally: "",
        sized_tally: "",
        shares: &[],
        result: "",
    };
    let error = write_archive(&mut vec![], &parts, std::iter::empty::<std::io::Result<&[u8]>>());
    assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn tiny() {
    let replayed = replay("tiny");
    assert_eq!(replayed.ballots.len(), 6);
    assert_eq!(replayed.tally.sized().num_tallied, 5);
    assert_eq!(
        (replayed.trustees.singles(), replayed.trustees.threshold()),
        (1, 0)
    );
    assert_eq!(replayed.result.counts(), [[1, 4, 0]]);
}

#[test]
fn threshold_block() {
    let replayed = replay("small-threshold");
    assert_eq!(replayed.ballots.len(), 10);
    assert_eq!(
        (replayed.trustees.singles(), replayed.trustees.threshold()),
        (0, 2)
    );
    assert_eq!(replayed.trustees.owners().len(), 3);
    assert!(combine_shares(&replayed.trustees, &replayed.tally, &replayed.shares[..1]).is_err());
}

#[test]
fn single_and_threshold_block() {
    let replayed = replay("both-trustees");
    assert_eq!(
        (replayed.trustees.singles(), replayed.trustees.threshold()),
        (1, 2)
    );
    assert_eq!(
        replayed
            .shares
            .iter()
            .map(VerifiedShare::owner)
            .collect::<Vec<_>>(),
        [1, 2, 4]
    );
    for missing in 0..3 {
        let mut shares = replayed.shares.clone();
        shares.remove(missing);
        assert!(combine_shares(&replayed.trustees, &replayed.tally, &shares).is_err());
    }
}

#[test]
fn weights() {
    let replayed = replay("weights");
    assert!(replayed.credentials.has_weights());
    assert_eq!(replayed.tally.sized().total_weight, 26133);
    assert_eq!(replayed.trustees.singles(), 2);
}

#[test]
fn absent_voters() {
    let replayed = replay("absent-voters");
    assert_eq!(
        (replayed.ballots.len(), replayed.credentials.entries().len()),
        (4, 12)
    );
}

#[test]
fn votes_made_again_decrypt_to_the_same_result() {
    let mut rng = rand::rng();
    let replayed = replay("tiny");
    let folder = fixtures().join("bel/tiny");
    let codes: HashMap<String, String> =
        serde_json::from_slice(&std::fs::read(folder.join("private_creds.json")).unwrap()).unwrap();
    let mut last = HashMap::new();
    for line in std::fs::read_to_string(folder.join("votes.jsonl"))
        .unwrap()
        .lines()
    {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let choices: Vec<Vec<u8>> = serde_json::from_value(line["choice"].clone()).unwrap();
        let voter = line["id"].as_str().unwrap().to_owned();
        let code = CredentialCode::parse(&codes[&voter]).unwrap();
        let credential = Credential::from_code(&code, replayed.context.uuid());
        assert!(
            replayed
                .credentials
                .find(credential.public().as_bytes())
                .is_some()
        );
        let vote = Vote::from_choices(replayed.context.questions(), choices).unwrap();
        let made = encrypt_ballot(&replayed.context, &credential, &vote, &mut rng).unwrap();
        last.insert(
            voter,
            verify_ballot(&replayed.context, made.json().as_bytes()).unwrap(),
        );
    }
    let counted: Vec<_> = last.values().map(|ballot| (ballot, 1)).collect();
    let tally = EncryptedTally::of(&replayed.context, &counted).unwrap();
    let key = std::fs::read_to_string(folder.join("50CFEFD6.privkey")).unwrap();
    let secret = sijill_ballot::TrusteeSecret::from_decimal(key.trim().trim_matches('"')).unwrap();
    let share = decrypt_tally(&secret, &replayed.context, &tally, &mut rng);
    let share = verify_share(&replayed.context, &replayed.trustees, 1, &tally, share.as_bytes()).unwrap();
    let factors = combine_shares(&replayed.trustees, &tally, &[share]).unwrap();
    assert_eq!(
        ElectionResult::decrypt(&tally, &factors).unwrap(),
        replayed.result
    );
}

#[test]
fn bytes_of_a_threshold_record_matter() {
    let archive = Archive::read("small-threshold");
    let setup: serde_json::Value = serde_json::from_slice(archive.payloads("Setup")[0]).unwrap();
    let record = archive.record(&setup["trustees"]);
    for at in (0..record.len()).step_by(5) {
        let mut changed = record.to_vec();
        changed[at] = match changed[at] {
            b'0'..=b'8' | b'a'..=b'e' => changed[at] + 1,
            b'9' => b'0',
            b'f' => b'a',
            other => other ^ 1,
        };
        assert!(Trustees::parse(&changed).is_err(), "byte {at}");
    }
}
