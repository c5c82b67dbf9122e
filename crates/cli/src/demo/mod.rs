//! `sijill demo`: a whole referendum in one folder, by the code that officials, trustees and voters' devices run.
//!
//! A simulated clock goes through the days before the poll, the polling day and the evening of the count. What the
//! invented voters do follows from their number on the roll ([`voters`]), so the expected result is known from the
//! plain votes and compared with the decrypted one.

mod folder;
mod people;
mod poll;
mod voters;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sijill_engine::clock::RehearsalClock;
use sijill_ledger::UnixMillis;
use sijill_registers::election_file;
use sijill_registers::manifest::Manifest;
use sijill_registers::names::Name;
use sijill_rules::RulePack;
use sijill_verifier::{Options, Profile, Report, Stage, Verdict, verify_event};
use std::sync::Arc;

use crate::acts::definition::{Officials, define};
use crate::acts::{Event, counting, credentials, polling, preparation, publishing, roll};
use crate::error::{Failure, Outcome};
use crate::progress::Progress;
use crate::registrar::{Book, Pseudonyms};
use crate::render;
use crate::render::say;
use crate::roll_file::{self, RollFile, RollRow};
use crate::rules;
use crate::site::{Clocks, Site};
use crate::trustee::{Journal, VerifiedFolder};
use folder::DemoFolder;
use people::People;
use voters::Electorate;

const ELECTION: &str = include_str!("../../../../fixtures/referendum/election.toml");
const ROLL: &str = include_str!("../../../../fixtures/referendum/roll.csv");
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Past this number of voters the three trustees share one verification, which would take hours otherwise.
const SHARED_VERIFICATION: usize = 20_000;
/// Fewest voters: with fewer, not every kind of voter occurs, and the box may be too small to be decrypted.
pub(crate) const FEWEST_VOTERS: u32 = 25;

/// What to demonstrate.
#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) dir: PathBuf,
    pub(crate) again: bool,
    pub(crate) voters: Option<u32>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) rules: Option<PathBuf>,
    pub(crate) roll: Option<PathBuf>,
}

/// Runs the demonstration.
pub(crate) async fn run(demo: &Demo) -> Outcome {
    let started = Instant::now();
    let (manifest, pack) = read_election(demo)?;
    let rows = read_roll(demo, &manifest)?;
    let folder = DemoFolder::start(&demo.dir, demo.again)?;
    let clock = Arc::new(RehearsalClock::new(at(manifest
        .opens_ms
        .saturating_sub(10 * DAY_MS))));
    let show = |days_before: u64| clock.set(at(manifest.opens_ms.saturating_sub(days_before * DAY_MS)));
    say!("{}", render::bilingual(&manifest.name));
    say!(
        "A demonstration with {} invented voters, in {}\n",
        render::number(rows.len() as u64),
        demo.dir.display()
    );

    step(
        1,
        "Keys of the service, the commission, the registrar and each trustee",
    );
    let passphrase = folder.passphrase()?;
    let mut site = Site::create(&demo.dir, origin()?, None, &passphrase)?;
    let people = People::make(&site.people(), &manifest, &passphrase)?;
    let open = site
        .start(Clocks::Rehearsal(Arc::clone(&clock)), &passphrase)
        .await?;
    let officials = Officials {
        commission: people.commission.key_id(),
        registrar: people.registrar.key_id(),
        trustees: people.trustees.iter().map(|t| t.author.key_id()).collect(),
    };
    let event = define(
        &open.engine,
        &manifest,
        &pack,
        site.origin(),
        &officials,
        &people.commission,
    )
    .await?;
    site.set_event(event.election)?;

    step(
        2,
        "The roll: registered under pseudonyms, credentials issued, frozen",
    );
    show(7);
    let electorate = enrol(&event, &site, &people, &passphrase, rows, &show).await?;

    step(
        3,
        "Trustees publish their keys; the commission fixes boxes and questions",
    );
    show(2);
    for (trustee, index) in people.trustees.iter().zip(1u16..) {
        let record = trustee.record(&manifest.trustees.names[usize::from(index) - 1])?;
        preparation::publish_trustee_key(&event, index, record.as_bytes(), &trustee.author).await?;
    }
    show(1);
    preparation::prepare(&event, &people.commission).await?;

    step(
        4,
        "The polling day: ballots encrypted on each voter's device, receipts checked",
    );
    clock.set(at(manifest.opens_ms));
    polling::open(&event, &people.commission).await?;
    let polled = poll::run(&event, &site, &clock, &electorate).await?;
    say!("   {}", polled.summary());

    step(5, "Close, exclusion of those who voted on paper, seal");
    clock.set(at(manifest.closes_ms + manifest.grace_ms + 1));
    polling::close(&event, &people.commission).await?;
    clock.advance(10 * 60_000);
    let book = Book::open(&site.book(&event.election), event.roll, passphrase.clone())?;
    polling::exclude(&event, &book, &electorate.on_paper(), &people.registrar).await?;
    polling::seal(&event, &people.commission).await?;
    publishing::publish(&event, &site).await?;

    step(6, "Each trustee verifies the published folder, then decrypts");
    clock.advance(10 * 60_000);
    decrypt(&event, &site, &people, &passphrase, electorate.len()).await?;

    step(7, "Paper returns and the result");
    clock.advance(10 * 60_000);
    if manifest.paper {
        for (_, ballot_box) in &event.boxes {
            let returned = electorate.paper_return(&event, ballot_box)?;
            counting::return_paper(&event, returned, &people.commission).await?;
        }
    }
    for (_, ballot_box) in &event.boxes {
        let declared = counting::declare(&event, ballot_box, &people.commission).await?;
        if declared == counting::Declared::BelowMinimum {
            say!(
                "   A box with fewer than {} counted ballots is never decrypted.",
                manifest.min_ballots
            );
        }
    }

    step(8, "Published, and verified by the independent verifier");
    publishing::publish(&event, &site).await?;
    let public = verify(&site.published(), &site.trust(), Profile::Public)?;
    let accredited = verify(&site.accredited(), &site.trust_accredited(), Profile::Accredited)?;
    say!("   published:  {}", public.summary);
    say!("   accredited: {}\n", accredited.summary);
    compare(&event, &electorate).await?;
    folder.finished()?;
    say!("{}", places(&demo.dir, &manifest, started));
    Ok(())
}

fn read_election(demo: &Demo) -> Outcome<(Manifest, RulePack)> {
    let text = match &demo.file {
        Some(path) => std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?,
        None => ELECTION.to_owned(),
    };
    let pack = rules::for_election(&text, demo.rules.as_deref())?;
    let manifest = election_file::compile(&text, &pack)?;
    if !manifest.rehearsal {
        return Err(Failure::refused(
            "the election file does not say `rehearsal = true`",
            "a demonstration runs under a simulated clock, which only a rehearsal may",
        ));
    }
    Ok((manifest, pack))
}

fn read_roll(demo: &Demo, manifest: &Manifest) -> Outcome<Vec<RollRow>> {
    let known = |district: &Name| manifest.district(district).is_some();
    let parse = |bytes: &[u8]| -> Outcome<Vec<RollRow>> {
        let file = RollFile::parse(bytes, known)?;
        if file.bad.is_empty() {
            Ok(file.rows)
        } else {
            Err(roll_file::refuse("the roll", &file.bad))
        }
    };
    let rows = match (&demo.roll, demo.voters) {
        (Some(path), _) => parse(&std::fs::read(path).map_err(|e| Failure::file(path, &e))?)?,
        (None, Some(voters)) => invented_roll(voters, manifest),
        (None, None) if demo.file.is_none() => parse(ROLL.as_bytes())?,
        (None, None) => invented_roll(1_000, manifest),
    };
    if rows.len() < FEWEST_VOTERS as usize {
        return Err(Failure::refused(
            format!(
                "the roll has {} voters; the demonstration needs {FEWEST_VOTERS}",
                rows.len()
            ),
            "give a longer roll, or --voters",
        ));
    }
    Ok(rows)
}

/// Voters V0001, V0002, …, dealt to the districts in turn.
fn invented_roll(voters: u32, manifest: &Manifest) -> Vec<RollRow> {
    let districts = manifest.districts.iter().cycle();
    (1..=voters)
        .zip(districts)
        .map(|(n, district)| RollRow {
            identifier: format!("V{n:04}"),
            district: district.id.clone(),
        })
        .collect()
}

async fn enrol(
    event: &Event,
    site: &Site,
    people: &People,
    passphrase: &sijill_engine::keyfile::Passphrase,
    rows: Vec<RollRow>,
    show: &impl Fn(u64),
) -> Outcome<Electorate> {
    let path = site.book(&event.election);
    let pseudonyms = Pseudonyms::new(&people.secret, event.roll)?;
    let mut book = Book::open_or_new(&path, event.roll, passphrase.clone())?;
    book.add(&rows);
    book.save()?;
    roll::register(event, &book, &pseudonyms, &people.registrar).await?;
    show(5);
    credentials::issue(event, &mut book, &pseudonyms, &people.registrar).await?;
    show(3);
    roll::freeze(event, &book, &pseudonyms, &people.registrar).await?;
    // What voters are handed comes out of the sealed book, as it would in print.
    let book = Book::open(&path, event.roll, passphrase.clone())?;
    Electorate::new(event, &book)
}

async fn decrypt(
    event: &Event,
    site: &Site,
    people: &People,
    passphrase: &sijill_engine::keyfile::Passphrase,
    voters: usize,
) -> Outcome {
    let shared = voters > SHARED_VERIFICATION;
    let trustees = people.trustees.len() as u64;
    let progress = Progress::new("Trustees verify and decrypt", trustees);
    let open = || VerifiedFolder::open(&site.published(), &site.trust());
    let mut folder = open()?;
    for (trustee, round) in people.trustees.iter().zip(0u32..) {
        if round > 0 && !shared {
            folder = open()?;
        }
        let secret = trustee.unlock(passphrase)?;
        let index = folder.index_of(&secret)?;
        let mut journal = Journal::open(&trustee.decryption_file)?;
        for decryptable in folder.decryptable()? {
            let share = folder.decrypt(&decryptable, index, &secret, &mut journal)?;
            share.write(
                &trustee
                    .folder
                    .join(format!("share-{}-{index}.json", share.district)),
            )?;
            counting::submit_share(
                event,
                &share.ledger,
                share.index,
                share.share.as_bytes(),
                &trustee.author,
            )
            .await?;
        }
        progress.add(1);
    }
    progress.finish();
    if shared {
        say!("   (with so many voters, the trustees of this demonstration share one verification)");
    }
    Ok(())
}

fn verify(folder: &Path, trust: &Path, profile: Profile) -> Outcome<Report> {
    let options = Options {
        trust: Some(trust.to_owned()),
        profile,
        require_stage: Stage::Published,
        threads: None,
    };
    let report = verify_event(folder, &options).map_err(Failure::internal)?;
    if report.verdict == Verdict::Verified {
        return Ok(report);
    }
    Err(Failure::failed(
        format!("the published folder does not verify:\n{}", report.to_text()),
        "this is a defect of this program; keep the folder and report it",
    ))
}

/// Prints the result of each district, after comparing it with what the invented voters really voted.
async fn compare(event: &Event, electorate: &Electorate) -> Outcome {
    for (district, ballot_box) in &event.boxes {
        let facts = event.election_facts()?;
        let anchored = facts.progress.get(ballot_box).map(|p| p.anchored.counted);
        let Some(result) = counting::result(event, ballot_box).await? else {
            continue;
        };
        let expected = electorate.expected_digital(district);
        let found: Vec<Vec<u64>> = result
            .questions
            .iter()
            .map(|q| {
                q.blank
                    .iter()
                    .chain(&q.answers)
                    .map(|count| count.digital)
                    .collect()
            })
            .collect();
        if found != expected.counts || anchored != Some(expected.ballots) {
            return Err(Failure::internal(format!(
                "the decrypted result of {district} is {found:?} of {anchored:?} ballots, but the voters voted {:?} on {} ballots",
                expected.counts, expected.ballots
            )));
        }
        say!("{}", render::result(&event.manifest, &result));
        say!("The decrypted numbers are those of the plain votes of the invented voters.\n");
    }
    Ok(())
}

fn places(dir: &Path, manifest: &Manifest, started: Instant) -> String {
    let d = dir.display();
    let mut out = String::new();
    let _ = writeln!(out, "Where everything lies:");
    for (path, what) in [
        (
            "published, trust.json",
            "what everybody may read, and where trust in it begins",
        ),
        (
            "accredited, trust-accredited.json",
            "the same with the roll, for accredited auditors",
        ),
        ("receipts", "receipts of some voters"),
        (
            "engine, checkpoints",
            "the service's data, and the record of what it signed",
        ),
        ("people", "key files; in real life each on its owner's machine"),
    ] {
        let _ = writeln!(out, "  {d}/{path}: {what}");
    }
    let _ = writeln!(out, "\nTry:");
    let _ = writeln!(out, "  sijill verify event {d}/published --trust {d}/trust.json");
    let _ = writeln!(
        out,
        "  sijill verify receipt {d}/receipts/*.tlog-proof --trust {d}/trust.json --folder {d}/published"
    );
    let _ = writeln!(
        out,
        "  sijill --dir {d} --passphrase-file {d}/{} ledger list",
        folder::PASSPHRASE_FILE
    );
    let evening = render::moment(manifest.closes_ms, &manifest.time_zone);
    let _ = write!(
        out,
        "\nThe simulated poll closed at {evening}; all of it took {:.1} s.",
        started.elapsed().as_secs_f64()
    );
    out
}

fn origin() -> Outcome<sijill_ledger::Origin> {
    "demo.sijill.example".parse().map_err(Failure::internal)
}

fn at(ms: u64) -> UnixMillis {
    UnixMillis::clamped(ms)
}

fn step(number: u32, what: &str) {
    say!("{number}. {what}");
}
