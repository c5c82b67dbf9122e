//! A whole archive, made and then verified: time, processor time and memory of `sijill-verify bel`. Ballots are yes or no, or with
//! `--answers N` of up to three of N.
//!
//!     cargo bench -p sijill-benches --bench archive -- 20000 200000      so many ballots each [10000, 20000, 40000]
//!     cargo bench -p sijill-benches --bench archive -- --keep DIR --answers 8 1000    leaves DIR/1000.bel, to time other tools on it
//!
//! Every ballot is encrypted and proved for real. An archive of 1,000,000 ballots takes 4 GB in TMPDIR, and as much again while it is made.
//! The verification runs in a process of its own, so that its memory is its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its figures"
)]

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use sijill_ballot::{
    Accumulator, ArchiveParts, Credential, CredentialList, Election, ElectionContext, ElectionParameters,
    ElectionResult, Question, Selection, TrusteeSecret, Trustees, Uuid, VerifiedBallot, Vote, combine_shares,
    decrypt_tally, encrypt_ballot, verify_share, write_archive,
};
use sijill_benches::{Meter, peak_bytes};
use sijill_verifier::{ArchiveOptions, ArchiveStage, verify_archives};

/// Ballots that are made at a time.
const BATCH: usize = 4_096;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let mut sizes = Vec::new();
    let mut keep = None;
    let mut answers = 2;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--verify" => return verify(Path::new(&args.next().unwrap())),
            "--keep" => keep = args.next().map(PathBuf::from),
            "--answers" => answers = args.next().unwrap().parse().unwrap(),
            size => sizes.extend(size.parse::<usize>()),
        }
    }
    if sizes.is_empty() {
        sizes = vec![10_000, 20_000, 40_000];
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores");
    for size in sizes {
        let temp = tempfile::tempdir().unwrap();
        let folder = keep.clone().unwrap_or_else(|| temp.path().to_owned());
        let path = folder.join(format!("{size}.bel"));
        let meter = Meter::start();
        make(size, answers, &path, temp.path());
        let (wall, cpu) = meter.seconds();
        println!("{size} ballots of {answers} answers made in {wall:.1} s, {cpu:.1} s CPU");
        let status = Command::new(std::env::current_exe().unwrap())
            .arg("--verify")
            .arg(&path)
            .status();
        assert!(status.unwrap().success(), "the archive does not verify");
    }
}

fn verify(path: &Path) {
    let options = ArchiveOptions {
        require_stage: ArchiveStage::Result,
        ..ArchiveOptions::default()
    };
    let meter = Meter::start();
    let reports = verify_archives(&[path.to_owned()], &options, None).unwrap();
    let (wall, cpu) = meter.seconds();
    assert_eq!(reports.exit_code(), 0, "{}", reports.to_text());
    let bytes = std::fs::metadata(path).unwrap().len();
    println!(
        "  verified in {wall:.2} s, {cpu:.2} s CPU; peak {} MiB; archive {} MiB",
        peak_bytes() >> 20,
        bytes >> 20
    );
}

/// Makes an archive of so many ballots, a third of them for the first answer and the others for the second, and one trustee.
fn make(count: usize, answers: usize, path: &Path, temp: &Path) {
    let mut rng = rand::rng();
    let secret = TrusteeSecret::generate(&mut rng);
    let trustees = Trustees::from_keys(&[secret.publish(Some("Trustee"), &mut rng).unwrap()]).unwrap();
    let texts: Vec<String> = (1..=answers).map(|n| format!("Answer {n}")).collect();
    let (min, max) = if answers == 2 { (1, 1) } else { (0, 3) };
    let election = Election::build(ElectionParameters {
        description: "A bench".to_owned(),
        name: "A bench".to_owned(),
        public_key: *trustees.election_key(),
        questions: vec![Question::new("Which?", &texts, false, min, max).unwrap()],
        uuid: Uuid::parse("12345678abcdEF").unwrap(),
        administrator: None,
        credential_authority: None,
    })
    .unwrap();
    let context = ElectionContext::new(&election);
    let credentials: Vec<Credential> = (0..count).map(|_| Credential::random(&mut rng)).collect();
    let list = CredentialList::build(credentials.iter().map(|c| *c.public()).collect()).unwrap();

    // The tally must be known before the archive is written: ballots wait in a file, behind their lengths.
    let waiting = temp.join("ballots");
    let mut out = BufWriter::new(File::create(&waiting).unwrap());
    let mut sum = Accumulator::new(&context);
    for (batch, credentials) in credentials.chunks(BATCH).enumerate() {
        let ballots: Vec<VerifiedBallot> = credentials
            .par_iter()
            .enumerate()
            .map(|(at, credential)| {
                let answer = [usize::from(!(batch * BATCH + at).is_multiple_of(3))];
                let vote =
                    Vote::from_selections(context.questions(), &[Selection::Answers(&answer)]).unwrap();
                let ballot = encrypt_ballot(&context, credential, &vote, &mut rand::rng()).unwrap();
                VerifiedBallot::danger_from_recorded(&context, ballot.json().as_bytes()).unwrap()
            })
            .collect();
        for ballot in &ballots {
            sum.add(ballot, 1).unwrap();
            let bytes = ballot.json().as_bytes();
            out.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes())
                .unwrap();
            out.write_all(bytes).unwrap();
        }
    }
    out.flush().unwrap();
    let tally = sum.finish();
    let share = decrypt_tally(&secret, &context, &tally, &mut rng);
    let verified = verify_share(&context, &trustees, 1, &tally, share.as_bytes()).unwrap();
    let factors = combine_shares(&trustees, &tally, &[verified]).unwrap();
    let result = ElectionResult::decrypt(&tally, &factors).unwrap();
    let first = count.div_ceil(3) as u64;
    let mut expected = vec![first, count as u64 - first];
    expected.resize(answers, 0);
    assert_eq!(result.counts(), [expected]);

    let mut ballots = BufReader::new(File::open(&waiting).unwrap());
    let ballots = (0..count).map(|_| -> std::io::Result<Vec<u8>> {
        let mut length = [0; 4];
        ballots.read_exact(&mut length)?;
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        ballots.read_exact(&mut bytes)?;
        Ok(bytes)
    });
    let parts = ArchiveParts {
        timestamp: 1_700_000_000,
        election: election.json(),
        trustees: trustees.json(),
        credentials: list.json(),
        encrypted_tally: tally.json(),
        sized_tally: &tally.sized().json(),
        shares: &[(1, share)],
        result: &result.json(),
    };
    let mut out = BufWriter::new(File::create(path).unwrap());
    write_archive(&mut out, &parts, ballots).unwrap();
    out.flush().unwrap();
}
