//! What the verifier spends on ballots, by the plain and by the quick method, in user CPU time and wall time.
//!
//!     cargo bench -p sijill-benches --bench verify                       1,000 ballots that it makes itself
//!     SIJILL_BENCH_BEL=FILE.bel cargo bench -p sijill-benches --bench verify    the ballots of an archive with one question
//!
//! CPU time is that of the process, in steps of 10 ms (Linux only; elsewhere it is shown as 0).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its figures"
)]

use std::time::Instant;

use rayon::prelude::*;
use serde_json::Value;
use sijill_ballot::{
    Credential, CredentialList, Election, ElectionContext, ElectionParameters, Question, Selection,
    TrusteeSecret, Uuid, Vote, encrypt_ballot,
};
use sijill_verifier::accepts::{self, BallotElection};

/// What is checked: an election, its credentials, its ballots.
struct Case {
    name: String,
    election: BallotElection,
    credentials: Vec<u8>,
    ballots: Vec<Vec<u8>>,
    /// Disjunctive branches and signature of one ballot.
    proofs: usize,
}

fn main() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores");
    let mut cases = Vec::new();
    match std::env::var_os("SIJILL_BENCH_BEL") {
        Some(path) => cases.push(archive(&std::fs::read(path).unwrap())),
        None => cases.push(made("yes or no", 2, false, 1, 1, 1_000)),
    }
    cases.push(made("8 answers, 0 to 3", 8, false, 0, 3, 200));
    cases.push(made("30 answers or blank, 0 to 5", 30, true, 0, 5, 60));
    for case in &cases {
        println!(
            "{}: {} ballots, {} proofs each",
            case.name,
            case.ballots.len(),
            case.proofs
        );
        measure(case, "plain", |ballots| {
            ballots
                .par_iter()
                .all(|ballot| case.election.accepts_plain(ballot))
        });
        measure(case, "quick", |ballots| {
            case.election.accepts_all_of_listed(ballots)
        });
    }
}

/// Best of five runs over the credential list and all ballots.
fn measure(case: &Case, method: &str, accepts: impl Fn(&[Vec<u8>]) -> bool) {
    let (mut cpu, mut wall) = (f64::MAX, f64::MAX);
    for _ in 0..5 {
        let (start, before) = (Instant::now(), user_seconds());
        assert!(accepts::credential_list(&case.credentials));
        assert!(accepts(&case.ballots));
        wall = wall.min(start.elapsed().as_secs_f64());
        cpu = cpu.min(user_seconds() - before);
    }
    let each = 1e6 * cpu / case.ballots.len() as f64;
    let proof = each / case.proofs as f64;
    println!(
        "  {method}: {wall:.3} s wall, {cpu:.2} s user CPU, {each:.0} µs a ballot, {proof:.1} µs a proof"
    );
}

fn user_seconds() -> f64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/stat") else {
        return 0.0;
    };
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks = after
        .split_whitespace()
        .nth(11)
        .and_then(|field| field.parse::<f64>().ok());
    ticks.unwrap_or_default() / 100.0
}

fn made(name: &str, answers: usize, blank: bool, min: u32, max: u32, count: usize) -> Case {
    let mut rng = rand::rng();
    let texts: Vec<String> = (0..answers).map(|i| format!("Answer {i}")).collect();
    let question = Question::new("Question", &texts, blank, min, max).unwrap();
    let proofs = 2 * question.choices() + question.overall_proofs() + if blank { 2 } else { 0 } + 1;
    let election = Election::build(ElectionParameters {
        description: String::new(),
        name: name.to_owned(),
        public_key: *TrusteeSecret::generate(&mut rng).public(),
        questions: vec![question],
        uuid: Uuid::parse("12345678abcdEF").unwrap(),
        administrator: None,
        credential_authority: None,
    })
    .unwrap();
    let context = ElectionContext::new(&election);
    let credentials: Vec<Credential> = (0..count).map(|_| Credential::random(&mut rng)).collect();
    let ballots = credentials
        .par_iter()
        .enumerate()
        .map(|(voter, credential)| {
            let selection = Selection::Answers(&[voter % answers]);
            let vote = Vote::from_selections(context.questions(), &[selection]).unwrap();
            let ballot = encrypt_ballot(&context, credential, &vote, &mut rand::rng()).unwrap();
            ballot.into_cast().into_bytes()
        })
        .collect();
    let list = CredentialList::build(credentials.iter().map(|c| *c.public()).collect()).unwrap();
    Case {
        name: name.to_owned(),
        election: BallotElection::new(
            context.uuid().as_str(),
            context.fingerprint().as_str(),
            &context.public_key().text(),
            &[(answers, blank, u64::from(min), u64::from(max))],
        )
        .unwrap(),
        credentials: list.json().as_bytes().to_vec(),
        ballots,
        proofs,
    }
}

/// An archive's election, credentials and ballots, found by how the records begin.
fn archive(bytes: &[u8]) -> Case {
    let mut records: Vec<&[u8]> = Vec::new();
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_at_checked(512) {
        let size = std::str::from_utf8(&header[124..135]).unwrap();
        let size = usize::from_str_radix(size, 8).unwrap();
        records.push(&after[..size]);
        rest = &after[size.div_ceil(512) * 512..];
    }
    let find = |start: &str| {
        let matching = records
            .iter()
            .filter(|record| record.starts_with(start.as_bytes()));
        matching.map(|record| record.to_vec()).collect::<Vec<_>>()
    };
    let record = find("{\"version\":1,\"description\"").remove(0);
    let election: Value = serde_json::from_slice(&record).unwrap();
    let question = &election["questions"][0];
    let number = |field: &str| question[field].as_u64().unwrap();
    let answers = question["answers"].as_array().unwrap().len();
    let blank = question.get("blank").is_some();
    let fingerprint = Election::parse(&record)
        .unwrap()
        .fingerprint()
        .as_str()
        .to_owned();
    let range = (number("min"), number("max"));
    let overall = usize::try_from(range.1 - range.0).unwrap() + 1;
    Case {
        name: election["name"].as_str().unwrap().to_owned(),
        election: BallotElection::new(
            election["uuid"].as_str().unwrap(),
            &fingerprint,
            election["public_key"].as_str().unwrap(),
            &[(answers, blank, range.0, range.1)],
        )
        .unwrap(),
        credentials: find("[\"")
            .into_iter()
            .find(|list| list.get(66) == Some(&b'"'))
            .unwrap(),
        ballots: find("{\"election_uuid\""),
        proofs: 2 * answers + overall + if blank { 5 } else { 0 } + 1,
    }
}
