//! Atom feeds of consultations and of what authorities disclose.

use std::fs;
use std::path::Path;

use serde_json::json;
use sijill_engine::Engine;
use sijill_exports::atom::{Entry, Feed};
use sijill_ledger::{Committed, LedgerId, Seq, UnverifiedEntry};
use sijill_registers::calendar::CalendarFacts;
use sijill_registers::calendar::events::PUBLIC;
use sijill_registers::foi::FoiState;
use sijill_registers::foi::events::outcomes;
use sijill_registers::register::Facts;
use sijill_rules::{arabic_both, english_both, numbered_day};

use crate::commands::calendar::calendar;
use crate::error::{Failure, Outcome};
use crate::render::{say, show};

/// Writes `consultations.atom` and `disclosures.atom` into a new folder.
pub(super) async fn write(engine: &Engine, base: &str, out: &Path) -> Outcome {
    let base = base.trim_end_matches('/');
    if !(base.starts_with("https://") || base.starts_with("http://"))
        || base.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(Failure::usage(
            "--base is no address of a web site",
            "give what the addresses of the site begin with, such as https://sharek.example.qa",
        )
        .code("export.base"));
    }
    let (root, facts) = calendar(engine)?;
    let feed = |about: &str, title: &str, entries: Vec<Entry>| Feed {
        about: about.to_owned(),
        ledger: root,
        title: title.to_owned(),
        link: format!("{base}/{about}.atom"),
        author: facts
            .jurisdiction
            .as_ref()
            .map(|j| both(&j.name.en, &j.name.ar))
            .unwrap_or_default(),
        made_ms: engine.now().as_u64(),
        entries,
    };
    let consultations = feed(
        "consultations",
        "Consultations / المشاورات",
        consultations(engine, &facts, base).await?,
    );
    let disclosures = feed(
        "disclosures",
        "Released information / المعلومات المتاحة",
        disclosures(engine, &facts, base)?,
    );
    fs::create_dir(out).map_err(|e| Failure::file(out, &e))?;
    for feed in [&consultations, &disclosures] {
        let path = out.join(format!("{}.atom", feed.about));
        fs::write(&path, feed.to_xml()).map_err(|e| Failure::file(&path, &e))?;
    }
    say!(
        "{}: {} entries about consultations, {} about what was disclosed.",
        out.display(),
        consultations.entries.len(),
        disclosures.entries.len()
    );
    show!(json!({
        "out": out, "consultations": consultations.entries.len(), "disclosures": disclosures.entries.len(),
    }));
    Ok(())
}

/// When an entry was received, in milliseconds.
async fn received(engine: &Engine, ledger: LedgerId, position: u64) -> Outcome<u64> {
    let gone = || Failure::internal("an entry that is gone");
    let bytes = engine.read(ledger, Seq::new(position), 1).await?;
    let entry = UnverifiedEntry::parse(bytes.first().ok_or_else(gone)?).map_err(Failure::internal)?;
    Ok(entry.received_ms().as_u64())
}

/// Versions of documents, reports and archives of public consultations, newest first.
async fn consultations(engine: &Engine, facts: &CalendarFacts, base: &str) -> Outcome<Vec<Entry>> {
    let mut entries = Vec::new();
    for listed in &facts.registers {
        let listing = &listed.listing;
        let handle = engine.ledgers().find(&listing.ledger);
        let handle = handle.filter(|h| matches!(h.facts(), Facts::Consultation(_)));
        let (Some(handle), PUBLIC) = (handle, listing.visibility) else {
            continue;
        };
        let found = handle.with_head(|head| {
            let state = head.state.as_consultation()?.state();
            let settings = state.settings()?.clone();
            let name = both(&state.definition()?.name_en, &state.definition()?.name_ar);
            let versions: Vec<u64> = state.versions().iter().map(|v| v.position).collect();
            let report = state.report().map(|r| (r.position, r.text));
            Some((name, settings, versions, report, state.archived()))
        });
        let Some((name, settings, versions, report, archived)) = found else {
            continue;
        };
        let day = |number: u32, ar: bool| {
            let show = if ar { arabic_both } else { english_both };
            numbered_day(number).map(show).unwrap_or_default()
        };
        let window = format!(
            "Open from {} to {}. من {} إلى {}.",
            day(settings.first, false),
            day(settings.last, false),
            day(settings.first, true),
            day(settings.last, true)
        );
        let mut events: Vec<(u64, String, String)> = Vec::new();
        for (n, position) in (1..).zip(versions) {
            let n: u32 = n;
            events.push((
                position,
                format!("{name}: version {n} / الإصدار {n}"),
                window.clone(),
            ));
        }
        if let Some((position, text)) = report {
            let text = text_of(engine, listing.ledger, &text).unwrap_or_default();
            events.push((position, format!("{name}: what we heard / ما سمعناه"), text));
        }
        if let Some(position) = archived {
            events.push((position, format!("{name}: archived / أُرشفت"), window.clone()));
        }
        for (position, title, summary) in events {
            let at_ms = received(engine, listing.ledger, position).await?;
            entries.push(Entry {
                ledger: listing.ledger,
                position,
                title,
                summary,
                author: Some(both(&settings.owner_en, &settings.owner_ar)),
                link: format!("{base}/consultations/{}", listing.id),
                language: None,
                updated_ms: at_ms,
                published_ms: at_ms,
            });
        }
    }
    newest_first(&mut entries);
    Ok(entries)
}

/// What was decided about requests, newest first: by its reference, and nobody is named.
fn disclosures(engine: &Engine, facts: &CalendarFacts, base: &str) -> Outcome<Vec<Entry>> {
    let mut entries = Vec::new();
    for listed in &facts.registers {
        let listing = &listed.listing;
        let Some(handle) = engine.ledgers().find(&listing.ledger) else {
            continue;
        };
        let decided = handle.with_head(|head| head.state.as_foi().map(decided));
        for decided in decided.unwrap_or_default() {
            let text = |committed: &Committed| text_of(engine, listing.ledger, committed);
            let reference = format!("{}/{}", listing.id, decided.number);
            let what = decided.summary.as_ref().and_then(text);
            let title = what.map_or_else(|| reference.clone(), |what| format!("{reference}: {what}"));
            let mut lines = vec![text(&decided.statement).unwrap_or_default()];
            for (title, outcome) in &decided.documents {
                lines.push(format!("{}: {outcome}", text(title).unwrap_or_default()));
            }
            entries.push(Entry {
                ledger: listing.ledger,
                position: decided.position,
                title,
                summary: lines.join("\n"),
                author: Some(both(&listing.name_en, &listing.name_ar)),
                link: format!("{base}/disclosures/{reference}"),
                language: None,
                updated_ms: decided.at_ms,
                published_ms: decided.at_ms,
            });
        }
    }
    newest_first(&mut entries);
    Ok(entries)
}

/// A request that was decided.
struct Decided {
    number: u64,
    position: u64,
    at_ms: u64,
    summary: Option<Committed>,
    statement: Committed,
    documents: Vec<(Committed, &'static str)>,
}

fn decided(foi: &FoiState) -> Vec<Decided> {
    let of = |request: &sijill_registers::foi::Request| {
        let decision = request.decision.as_ref()?;
        let documents = (0..).zip(&decision.documents).map(|(n, document): (u16, _)| {
            let outcome = match document.outcome {
                outcomes::RELEASED | outcomes::PARTLY_RELEASED if request.released.contains_key(&n) => {
                    "released"
                }
                outcomes::RELEASED | outcomes::PARTLY_RELEASED => "decided for release",
                outcomes::REFUSED => "refused",
                outcomes::NOT_HELD => "not held",
                _ => "already public",
            };
            (document.title, outcome)
        });
        Some(Decided {
            number: request.number,
            position: decision.seq,
            at_ms: decision.at_ms,
            summary: request.admitted.map(|(_, summary)| summary),
            statement: decision.statement,
            documents: documents.collect(),
        })
    };
    foi.requests().filter_map(of).collect()
}

/// A text that everybody may read; `None` once it is erased.
fn text_of(engine: &Engine, ledger: LedgerId, committed: &Committed) -> Option<String> {
    let bytes = engine.committed_content(&ledger, committed).ok()?;
    String::from_utf8(bytes.to_vec()).ok()
}

fn both(en: &str, ar: &str) -> String {
    if ar.is_empty() {
        en.to_owned()
    } else {
        format!("{en} / {ar}")
    }
}

fn newest_first(entries: &mut [Entry]) {
    entries.sort_by_key(|e| std::cmp::Reverse((e.updated_ms, e.ledger, e.position)));
}
