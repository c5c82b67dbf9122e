//! What is read of many registers: from the read models, by pages. Spec: specs/operations.md §17.

use serde_json::{Value, json};
use sijill_boards::{BoardFilter, Cursor, Scope, StandingFilter};

use super::arguments::{PageArgs, StandingArg, WorklistArgs};
use super::desk::Desk;
use super::reading::board_text;
use crate::boards::follow;
use crate::commands::public_key;
use crate::error::Outcome;
use crate::render::{escape, number, percent, say, show};

impl PageArgs {
    fn cursor(&self) -> Outcome<Option<Cursor>> {
        Ok(self.from.as_deref().map(str::parse).transpose()?)
    }
}

impl StandingArg {
    const fn filter(self) -> StandingFilter {
        match self {
            Self::Overdue => StandingFilter::Overdue,
            Self::DueToday => StandingFilter::DueToday,
            Self::Running => StandingFilter::Running,
            Self::Paused => StandingFilter::Paused,
            Self::Reopened => StandingFilter::Reopened,
            Self::Extended => StandingFilter::Extended,
        }
    }
}

/// Says how a list goes on; its place for the answer in JSON.
fn say_next(next: Option<&Cursor>) -> Option<String> {
    let next = next.map(ToString::to_string)?;
    say!("There is more: --from {next}");
    Some(next)
}

impl Desk<'_> {
    fn scope(&self, register: Option<&str>, authority: Option<&str>) -> Outcome<Scope> {
        Ok(match (register, authority) {
            (Some(register), _) => Scope::Register(self.register(register)?.0),
            (None, Some(authority)) => Scope::Authority(authority.to_owned()),
            (None, None) => Scope::All,
        })
    }

    pub(super) async fn worklist(&self, args: &WorklistArgs) -> Outcome {
        let filter = BoardFilter {
            scope: self.scope(args.register.as_deref(), args.authority.as_deref())?,
            standing: args.standing.map(StandingArg::filter),
            officer: args.officer.as_deref().map(public_key).transpose()?,
        };
        let from = args.page.cursor()?;
        let (boards, _) = follow(&self.site, self.engine()).await?;
        let page = boards.board(&filter, from.as_ref(), args.page.most)?;
        let counts = boards.board_counts(&filter.scope)?;
        say!(
            "{} overdue, {} due today, {} running, {} paused, {} reopened; {} extended",
            number(counts.overdue),
            number(counts.due_today),
            number(counts.running),
            number(counts.paused),
            number(counts.reopened),
            number(counts.extended)
        );
        for line in &page.lines {
            say!("{}", board_text(line));
        }
        let next = say_next(page.next.as_ref());
        show!(json!({ "counts": counts, "lines": page.lines, "next": next }));
        Ok(())
    }

    pub(super) async fn disclosures(
        &self,
        register: Option<&str>,
        authority: Option<&str>,
        page: &PageArgs,
    ) -> Outcome {
        let scope = self.scope(register, authority)?;
        let from = page.cursor()?;
        let (boards, _) = follow(&self.site, self.engine()).await?;
        let page = boards.disclosures(&scope, from.as_ref(), page.most)?;
        for line in &page.lines {
            say_disclosure(line);
        }
        if page.lines.is_empty() {
            say!("Nothing was decided yet.");
        }
        let next = say_next(page.next.as_ref());
        show!(json!({ "disclosures": page.lines, "next": next }));
        Ok(())
    }

    pub(super) async fn similar(&self, text: &str, most: u32) -> Outcome {
        let (boards, _) = follow(&self.site, self.engine()).await?;
        let mut found = Vec::new();
        for hit in boards.similar(text, most)? {
            let Some(line) = boards.disclosure(hit.ledger, hit.position)? else {
                continue;
            };
            say_disclosure(&line);
            let request = self.with_foi(hit.ledger, |foi| Ok(foi.request(hit.position).cloned()))?;
            let summary = request
                .and_then(|request| request.admitted)
                .map(|(_, summary)| summary);
            // Erased after the read models were brought up to the ledger, or not there.
            let summary = summary.and_then(|s| self.engine().committed_content(&hit.ledger, &s).ok());
            let summary = summary.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            if let Some(summary) = &summary {
                say!("  {}", escape(summary));
            }
            found.push(json!({ "reference": hit.reference, "summary": summary, "disclosure": line }));
        }
        if found.is_empty() {
            say!("No published answer is about this. لا يوجد رد منشور في هذا الموضوع.");
        }
        show!(json!({ "similar": found }));
        Ok(())
    }

    pub(super) async fn league_of_authorities(&self) -> Outcome {
        let (boards, _) = follow(&self.site, self.engine()).await?;
        let lines = boards.league_of_authorities()?;
        for authority in &lines {
            let line = &authority.line;
            let median = line
                .median_days
                .map_or("no decision yet".to_owned(), |d| format!("median {d} days"));
            say!(
                "{}: {} received, {} open, {} decided, {} on time, {median}, {} deadlines missed",
                authority.authority,
                line.received,
                line.open,
                line.decided,
                percent(line.on_time_bp),
                line.missed
            );
        }
        show!(json!({ "authorities": lines }));
        Ok(())
    }
}

fn say_disclosure(line: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    say!(
        "{}: decided on {}",
        text(&line["reference"]),
        text(&line["decided"])
    );
    for document in line["documents"].as_array().into_iter().flatten() {
        let file = document["rendition"].as_str().map(|r| format!(": openings/{r}"));
        say!(
            "  {} {}{}",
            document["document"],
            text(&document["outcome"]),
            file.unwrap_or_default()
        );
    }
}
