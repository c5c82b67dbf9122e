//! `sijill demo`: a referendum, a council election and a jurisdiction with its registers ([`jurisdiction`]), each in a
//! folder of its own, by the code that officials, trustees and voters' devices run.
//!
//! A simulated clock goes through the days before the poll, the polling day and the evening of the count. What the
//! invented voters do follows from their number on the roll ([`voters`]), so the expected result is known from the
//! plain votes and compared with the decrypted one.

mod folder;
mod jurisdiction;
mod people;
mod poll;
mod stations;
mod trustees;
mod voters;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rand::RngExt as _;
use serde_json::json;
use sijill_engine::clock::{Clock as _, RehearsalClock};
use sijill_engine::keyfile::Passphrase;
use sijill_ledger::{LedgerId, SigningKey, UnixMillis};
use sijill_registers::election::events::{CandidateRemoved, ElectionEvent, TieDecided};
use sijill_registers::election::outcome::{BY_COURT, CASTING_VOTE, LOTS, Tie};
use sijill_registers::election_file;
use sijill_registers::manifest::Manifest;
use sijill_registers::names::Name;
use sijill_rules::{RulePack, Tie as TieRule};
use sijill_verifier::{Options, Profile, Report, Stage, Verdict, verify_event};

use crate::acts::definition::{Announced, Officials, define};
use crate::acts::{self, Event, counting, credentials, outcome, polling, preparation, publishing, roll};
use crate::error::{Failure, Outcome};
use crate::passphrase::Passphrases;
use crate::registrar::Book;
use crate::render;
use crate::render::{say, show};
use crate::roll_file::{self, RollFile, RollRow};
use crate::rules;
use crate::site::{Clocks, Keys, NewSite, Site};
use crate::stores::{Held, Place};
use crate::verified::VerifiedFolder;
use folder::DemoFolder;
pub(crate) use jurisdiction::Size;
use people::People;
use stations::Stations;
use voters::Electorate;

const ELECTION: &str = include_str!("../../../../fixtures/referendum/election.toml");
const ROLL: &str = include_str!("../../../../fixtures/referendum/roll.csv");
const COUNCIL: &str = include_str!("../../../../fixtures/council/election.toml");
const COUNCIL_ROLL: &str = include_str!("../../../../fixtures/council/roll.csv");
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
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
    pub(crate) store: Option<Place>,
    pub(crate) jurisdiction: Size,
}

/// An event that is demonstrated.
struct Plan {
    manifest: Manifest,
    pack: RulePack,
    rows: Vec<RollRow>,
    /// A candidate whom a court removes while the poll is open.
    removal: Option<CandidateRemoved>,
    /// Whether it has polling stations.
    stations: bool,
}

/// Runs the demonstration.
pub(crate) async fn run(demo: &Demo, held: &Held) -> Outcome {
    let started = Instant::now();
    let plans = plans(demo)?;
    let folder = DemoFolder::start(&demo.dir, demo.again)?;
    let passphrase = folder.passphrase()?;
    let mut events = Vec::new();
    for plan in plans {
        let dir = demo.dir.join(plan.manifest.id.as_str());
        let (id, closes) = (plan.manifest.id.clone(), plan.manifest.closes_ms);
        let evening = render::moment(closes, &plan.manifest.time_zone);
        let store = demo.store.as_ref().map(|store| own_namespace(store, id.as_str()));
        let report = run_event(plan, &dir, store, &passphrase, held).await?;
        events.push(json!({ "event": id, "folder": dir, "verdict": report.summary }));
        say!("The simulated poll closed at {evening}.\n");
    }
    // An event of somebody's own is demonstrated alone.
    let jurisdiction = if demo.file.is_none() && demo.roll.is_none() {
        let store = demo
            .store
            .as_ref()
            .map(|store| own_namespace(store, "jurisdiction"));
        let dir = demo.dir.join("jurisdiction");
        let passphrases = Passphrases {
            acting: Some(demo.dir.join(folder::PASSPHRASE_FILE)),
            engine: None,
        };
        Some(jurisdiction::run(&dir, store, (&passphrase, passphrases), held, demo.jurisdiction).await?)
    } else {
        None
    };
    folder.finished()?;
    say!("{}", places(&demo.dir, started));
    show!(json!({ "events": events, "jurisdiction": jurisdiction }));
    Ok(())
}

/// One event from its keys to its certified, published and verified result.
async fn run_event(
    plan: Plan,
    dir: &Path,
    store: Option<Place>,
    passphrase: &Passphrase,
    held: &Held,
) -> Outcome<Report> {
    let Plan {
        manifest,
        pack,
        rows,
        removal,
        stations,
    } = plan;
    let clock = Arc::new(RehearsalClock::new(at(manifest
        .opens_ms
        .saturating_sub(10 * DAY_MS))));
    let show = |days_before: u64| clock.set(at(manifest.opens_ms.saturating_sub(days_before * DAY_MS)));
    say!("{}", render::bilingual(&manifest.name));
    say!(
        "A demonstration with {} invented voters, in {}\n",
        render::number(rows.len() as u64),
        dir.display()
    );

    step(
        1,
        "Keys of the service, the commission, the registrar and each trustee",
    );
    let new = NewSite {
        origin: origin()?,
        checkpoints: None,
        store,
        content: None,
        node: None,
    };
    let mut site = Site::create(dir, new, &Keys::New(passphrase))?;
    let people = People::make(&site.people(), &manifest, passphrase)?;
    let open = site
        .start(Clocks::Rehearsal(Arc::clone(&clock)), passphrase, held)
        .await?;
    let mut stations = if stations {
        let machines = dir.join("machines");
        Some(Stations::make(&machines, &site.people(), passphrase, &clock, held).await?)
    } else {
        None
    };
    let officials = Officials {
        commission: people.commission.key_id(),
        members: people.members.iter().map(SigningKey::key_id).collect(),
        registrar: people.registrar.key_id(),
        trustees: people.trustees.iter().map(|t| t.author.key_id()).collect(),
        stations: stations
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), Stations::plans)?,
        stations_folder: site.all_stations(),
    };
    let event = define(
        &open.engine,
        &manifest,
        &pack,
        site.origin(),
        &officials,
        Announced::default(),
        &people.commission,
    )
    .await?;
    site.set_event(event.election)?;

    step(
        2,
        "The roll: registered under pseudonyms, credentials issued, frozen",
    );
    show(7);
    let electorate = enrol(&event, &site, &people, rows, &show).await?;

    show(2);
    if manifest.trustees.hold_a_ceremony() {
        step(
            3,
            "Trustees make the election key in a ceremony; the commission fixes boxes and questions",
        );
        trustees::hold_ceremony(&event, &site, &people, passphrase, &clock).await?;
    } else {
        step(
            3,
            "Trustees publish their keys; the commission fixes boxes and questions",
        );
        trustees::publish_keys(&event, &site, &people, &clock).await?;
    }
    show(1);
    if let Some(stations) = &mut stations {
        stations.assign(&event, &site, &people, &electorate).await?;
    }
    preparation::prepare(&event, &people.commission).await?;

    step(
        4,
        "The polling day: ballots encrypted on each voter's device, receipts checked",
    );
    clock.set(at(manifest.opens_ms));
    polling::open(&event, &people.commission).await?;
    if let Some(removal) = removal {
        say!(
            "   {}: a court removes candidate {}; votes for them will elect nobody.",
            removal.district,
            removal.answer + 1
        );
        outcome::remove_candidate(&event, removal, &people.commission).await?;
    }
    if let Some(stations) = &mut stations {
        stations.open(&event, &site).await?;
        stations.plan_the_day(&event, &electorate)?;
    }
    let polled = poll::run(&event, &site, &clock, &electorate, stations.as_mut()).await?;
    say!("   {}", polled.summary());

    step(5, "Close, exclusion of those who voted on paper, seal");
    clock.set(at(manifest.closes_ms + manifest.grace_ms + 1));
    polling::close(&event, &people.commission).await?;
    clock.advance(10 * 60_000);
    let notes = site.notes(&event.election);
    if let Some(stations) = &mut stations {
        stations.close(&event, &notes).await?;
        let openings = site.people().join("commission").join("openings");
        stations.decide(&event, &notes, &people, &openings).await?;
    }
    let path = site.vault(&event.election);
    let mut book = Book::open(&path, &event, &people.secret, people.registrar())?;
    if stations.is_some() {
        acts::station::exclude(&event, &mut book).await?;
    } else {
        polling::exclude(&event, Some(&mut book), &electorate.on_paper(), &people.registrar).await?;
    }
    drop(book);
    polling::seal(&event, &people.commission).await?;
    publishing::publish(&event, &site).await?;

    step(6, "Each trustee verifies the published folder, then decrypts");
    clock.advance(10 * 60_000);
    trustees::decrypt(&event, &site, &people, passphrase, &clock, electorate.len()).await?;

    step(7, "Paper returns, the results, and ties by the rule of the law");
    clock.advance(10 * 60_000);
    if let Some(stations) = &stations {
        stations.count(&event, &people, &electorate).await?;
    } else if manifest.paper {
        for (_, ballot_box) in &event.boxes {
            let returned = electorate.paper_return(&event, ballot_box)?;
            counting::return_paper(&event, returned, &people.commission).await?;
        }
    }
    for (district, ballot_box) in &event.boxes {
        let declared = counting::declare(&event, ballot_box, &people.commission).await?;
        if declared == counting::Declared::BelowMinimum {
            say!(
                "   {district}: fewer than {} counted ballots; they are never decrypted.",
                manifest.min_ballots
            );
        }
        for (question, tie) in outcome::publish_outcome(&event, ballot_box).await? {
            let decided = decide(*ballot_box, question, &tie, pack.tie);
            let ways = if decided.rule == CASTING_VOTE {
                "the casting vote"
            } else {
                "lots"
            };
            say!(
                "   {district}: a tie of {} candidates, decided by {ways}.",
                tie.level.len()
            );
            outcome::decide_tie(&event, decided, &people.commission).await?;
        }
    }

    step(
        8,
        "Published, certified by the commission, and verified by the independent verifier",
    );
    publishing::publish(&event, &site).await?;
    certify(&event, &site, &people, &clock).await?;
    publishing::publish(&event, &site).await?;
    let public = verify(&site.published(), &site.trust(), Profile::Public)?;
    let accredited = verify(&site.accredited(), &site.trust_accredited(), Profile::Accredited)?;
    say!("   published:  {}", public.summary);
    say!("   accredited: {}\n", accredited.summary);
    compare(&event, &electorate).await?;
    Ok(public)
}

/// The decision of a tie by the law's rule; by lots where the law has none. Whoever has the casting vote, or draws, has no
/// preference here.
fn decide(ledger: LedgerId, question: u16, tie: &Tie, rule: Option<TieRule>) -> TieDecided {
    let mut elected = tie.level.clone();
    let mut rng = rand::rng();
    while elected.len() > tie.seats {
        let at = rng.random_range(0..elected.len());
        elected.remove(at);
    }
    let (rule, by, reason): (_, &[&str], _) = match rule {
        Some(TieRule::CastingVote) => (
            CASTING_VOTE,
            &["Head of the commission of the rehearsal"],
            "The casting vote of the rehearsal",
        ),
        Some(TieRule::Lots) | None => (
            LOTS,
            &["Clerk of the court of the rehearsal", "Notary of the rehearsal"],
            "Slips with the names of those level, drawn from an urn",
        ),
    };
    TieDecided {
        ledger,
        question,
        elected,
        rule,
        by: by.iter().map(|&by| by.to_owned()).collect(),
        reason: reason.to_owned(),
    }
}

/// As many members of the commission as the rules ask for verify and certify.
async fn certify(event: &Event, site: &Site, people: &People, clock: &RehearsalClock) -> Outcome {
    for member in std::iter::once(&people.commission).chain(&people.members) {
        let folder = VerifiedFolder::open(&site.published(), &site.trust(), Stage::Published)?;
        clock.advance(60_000);
        folder
            .sign(member, clock.now(), ElectionEvent::ResultsCertified, Vec::new())?
            .submit(&event.engine)
            .await?;
    }
    Ok(())
}

/// What is to be demonstrated: the given event, or the built-in ones.
fn plans(demo: &Demo) -> Outcome<Vec<Plan>> {
    let builtin = demo.file.is_none();
    let mut plans = vec![plan(demo)?];
    if builtin && demo.roll.is_none() {
        let pack = rules::for_election(COUNCIL, None)?;
        let manifest = election_file::compile(COUNCIL, &pack)?;
        let rows = parse_roll(COUNCIL_ROLL.as_bytes(), &manifest)?;
        let removal = CandidateRemoved {
            district: "palm-grove".parse().map_err(Failure::internal)?,
            question: 0,
            answer: 0,
            cause: BY_COURT,
            reason: "Administrative court of the rehearsal, judgment 1 of 2026: not eligible".to_owned(),
        };
        plans.push(Plan {
            manifest,
            pack,
            rows,
            removal: Some(removal),
            stations: true,
        });
    }
    Ok(plans)
}

fn plan(demo: &Demo) -> Outcome<Plan> {
    let (manifest, pack) = read_election(demo)?;
    let rows = read_roll(demo, &manifest)?;
    Ok(Plan {
        manifest,
        pack,
        rows,
        removal: None,
        stations: false,
    })
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
        )
        .code("demo.rehearsal"));
    }
    Ok((manifest, pack))
}

fn parse_roll(bytes: &[u8], manifest: &Manifest) -> Outcome<Vec<RollRow>> {
    let file = RollFile::new(bytes)?;
    // The event has no pseudonyms yet.
    let checked = file.check(
        |district: &Name| manifest.district(district).is_some(),
        |identifier| <sha2::Sha256 as sha2::Digest>::digest(identifier).into(),
        |_| Ok(()),
    );
    if checked.bad.is_empty() {
        Ok(file.rows(&[]).collect())
    } else {
        Err(roll_file::refuse("the roll", &checked.bad))
    }
}

fn read_roll(demo: &Demo, manifest: &Manifest) -> Outcome<Vec<RollRow>> {
    let rows = match (&demo.roll, demo.voters) {
        (Some(path), _) => parse_roll(
            &std::fs::read(path).map_err(|e| Failure::file(path, &e))?,
            manifest,
        )?,
        (None, Some(voters)) => invented_roll(voters, manifest),
        (None, None) if demo.file.is_none() => parse_roll(ROLL.as_bytes(), manifest)?,
        (None, None) => invented_roll(1_000, manifest),
    };
    if rows.len() < FEWEST_VOTERS as usize {
        return Err(Failure::refused(
            format!(
                "the roll has {} voters; the demonstration needs {FEWEST_VOTERS}",
                rows.len()
            ),
            "give a longer roll, or --voters",
        )
        .code("demo.voters"));
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
    rows: Vec<RollRow>,
    show: &impl Fn(u64),
) -> Outcome<Electorate> {
    let path = site.vault(&event.election);
    let mut book = Book::open_or_new(&path, event, &people.secret, people.registrar())?;
    let total = rows.len() as u64;
    roll::register(event, &mut book, rows.into_iter(), total, None, "roll import").await?;
    show(5);
    credentials::issue(event, &mut book).await?;
    show(3);
    roll::freeze(event, &mut book).await?;
    // What voters are handed comes out of the vault, as it would in print.
    Electorate::new(event, &book.all("codes for the printing house")?)
}

fn verify(folder: &Path, trust: &Path, profile: Profile) -> Outcome<Report> {
    let options = Options {
        trust: Some(trust.to_owned()),
        profile,
        require_stage: Stage::Certified,
        threads: None,
        plain: false,
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
        let expected = electorate.expected_digital(district);
        let differs = |what: String| {
            Failure::internal(format!(
                "{district}: {what}, but the voters voted {:?} on {} ballots",
                expected.counts, expected.ballots
            ))
        };
        if anchored != Some(expected.ballots) {
            return Err(differs(format!("{anchored:?} ballots are counted")));
        }
        let Some(result) = counting::result(event, ballot_box).await? else {
            continue;
        };
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
        say!("{}", render::result(&event.manifest, &result));
        let seats = event
            .election_facts()?
            .seats(ballot_box, event.engine.contents())?;
        if !seats.is_empty() {
            say!("{}", render::seats(&event.manifest, district, &seats));
        }
        if expected.ballots < event.manifest.min_ballots {
            say!(
                "The {} digital ballots stay undecrypted: so few would show how single voters voted.\n",
                expected.ballots
            );
        } else if found == expected.counts {
            say!("The decrypted numbers are those of the plain votes of the invented voters.\n");
        } else {
            return Err(differs(format!("the decrypted result is {found:?}")));
        }
    }
    for district in event.manifest.districts.iter().filter(|d| !d.is_polled()) {
        say!("{}", render::unopposed(&event.manifest, district));
    }
    Ok(())
}

fn places(dir: &Path, started: Instant) -> String {
    let d = dir.display();
    let mut out = String::new();
    let _ = writeln!(out, "Where everything lies, below {d}/EVENT:");
    for (path, what) in [
        (
            "published, trust.json",
            "what everybody may read, and where trust in it begins",
        ),
        (
            "published/archives",
            "boxes as the tools of the Belenios protocol read them",
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
        (
            "machines",
            "polling stations of the council, each with its own ledger",
        ),
    ] {
        let _ = writeln!(out, "  {path}: {what}");
    }
    let _ = writeln!(
        out,
        "Of the registers, below {d}/jurisdiction: jurisdiction, trust-jurisdiction.json; people/service: who asked and took part."
    );
    let _ = writeln!(out, "\nTry:");
    let _ = writeln!(
        out,
        "  sijill verify event {d}/EVENT/published --trust {d}/EVENT/trust.json --require-stage certified"
    );
    let _ = writeln!(
        out,
        "  sijill verify receipt {d}/EVENT/receipts/*.tlog-proof --trust {d}/EVENT/trust.json --folder {d}/EVENT/published"
    );
    let _ = writeln!(
        out,
        "  sijill verify jurisdiction {d}/jurisdiction/jurisdiction --trust {d}/jurisdiction/trust-jurisdiction.json"
    );
    let _ = writeln!(
        out,
        "  sijill --dir {d}/EVENT --passphrase-file {d}/{} ledger list",
        folder::PASSPHRASE_FILE
    );
    let _ = write!(out, "\nAll of it took {:.1} s.", started.elapsed().as_secs_f64());
    out
}

/// The store with a namespace that no other event has, nor an earlier demonstration.
fn own_namespace(store: &Place, event: &str) -> Place {
    match store {
        Place::KurrentDb(url) => {
            let sign = if url.contains('?') { '&' } else { '?' };
            let number: u32 = rand::random();
            Place::KurrentDb(format!("{url}{sign}namespace=demo-{event}-{number:08x}"))
        }
        file => file.clone(),
    }
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
