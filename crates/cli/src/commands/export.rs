//! `sijill election export`

use std::fs;
use std::path::Path;

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::json;
use sijill_exports::{EventResults, Language, Poll, chart, csv, nist, protocol};
use sijill_ledger::UnixMillis;
use sijill_ledger::tiles::ledger_folder;
use sijill_verifier::Stage;

use crate::error::{Failure, Outcome};
use crate::render::{number, say, show};
use crate::site::read_bounded;
use crate::verified::VerifiedFolder;

/// What the questions of an event are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contests {
    /// Answers are candidates for an office
    Candidates,
    /// Answers are choices on a measure: a referendum
    Measures,
}

/// Writes the results of a verified folder into a new folder.
pub(super) fn export(
    published: &Path,
    trust: &Path,
    out: &Path,
    contests: Option<Contests>,
    uncertified: bool,
    now: UnixMillis,
) -> Outcome {
    let stage = if uncertified {
        Stage::Published
    } else {
        Stage::Certified
    };
    let verified = VerifiedFolder::open(published, trust, stage)?;
    let manifest = verified.manifest()?;
    let note = read_bounded(&published.join(ledger_folder(verified.event())).join("checkpoint"))?;
    let note = String::from_utf8(note).map_err(Failure::internal)?;
    let results = EventResults::from_verified(
        manifest,
        &verified.report,
        verified.facts(),
        verified.contents(),
        &note,
    )
    .map_err(|e| {
        Failure::refused(e.to_string(), "publish the results of every district first").code("result.missing")
    })?;
    let contests = match contests {
        Some(Contests::Candidates) => nist::Contests::Candidates,
        Some(Contests::Measures) => nist::Contests::Measures,
        None if results.districts.len() == 1 => nist::Contests::Measures,
        None => nist::Contests::Candidates,
    };
    let generated = i64::try_from(now.as_u64())
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .ok_or_else(|| Failure::internal("a clock outside of time"))?;
    let application = concat!("sijill/", env!("CARGO_PKG_VERSION"));
    let report = nist::report(&results, contests, application, generated);
    let mut files = vec![
        ("results.json".to_owned(), format!("{report:#}\n")),
        ("results.csv".to_owned(), csv::table(&results)),
    ];
    let zone = sijill_rules::time_zone(&results.time_zone)
        .ok_or_else(|| Failure::internal("a manifest with an unknown time zone"))?;
    for district in &results.districts {
        let id = &district.id;
        files.push((format!("{id}.html"), protocol::page(&results, district)));
        let Poll::Counted(counted) = &district.poll else {
            continue;
        };
        for language in Language::BOTH {
            let tag = language.tag();
            let turnout = chart::turnout(language, counted, &zone).into_string();
            files.push((format!("{id}-turnout-{tag}.svg"), turnout));
            for (question, n) in counted.questions.iter().zip(1..) {
                let votes = chart::votes(language, counted, question).into_string();
                files.push((format!("{id}-question-{n}-{tag}.svg"), votes));
            }
        }
    }
    fs::create_dir(out).map_err(|e| Failure::file(out, &e))?;
    for (name, text) in &files {
        let path = out.join(name);
        fs::write(&path, text).map_err(|e| Failure::file(&path, &e))?;
    }
    let status = results.status.name();
    say!(
        "Verified, and wrote {} files to {}: the results of {} districts, {status}.",
        number(files.len() as u64),
        out.display(),
        number(results.districts.len() as u64)
    );
    let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
    show!(json!({ "out": out, "status": status, "files": names }));
    Ok(())
}
