//! What officers, requesters and everybody read of a register.

use std::path::Path;

use serde_json::json;
use sijill_registers::foi::feeds::icalendar;
use sijill_registers::foi::views::{BoardLine, Day, LeagueLine};
use sijill_rules::english_both;

use super::arguments::Format;
use super::desk::Desk;
use crate::error::Outcome;
use crate::render::{csv_text, escape, percent, say, show};
use crate::site::NewFile;

impl Desk<'_> {
    pub(super) async fn board(&self, register: &str, format: Format, feed: Option<&Path>) -> Outcome {
        let (ledger, name) = self.register(register)?;
        let feed = feed.map(NewFile::take).transpose()?;
        let now = self.engine().now();
        let board = self.with_foi(ledger, |foi| foi.board(now.as_u64(), self.engine().ledgers()))?;
        if let Some(file) = feed {
            file.write(icalendar(&ledger, &name, &board, now).as_bytes())?;
        }
        match format {
            Format::Csv => say!("{}", csv_text(&board_rows(&board))?.trim_end()),
            Format::Text => {
                if board.is_empty() {
                    say!("Nothing is open in {register}.");
                }
                for line in &board {
                    say!("{}", board_text(line));
                }
            }
        }
        show!(json!({ "register": register, "board": board }));
        Ok(())
    }

    pub(super) async fn case(&self, request: &str) -> Outcome {
        let (ledger, number) = self.reference(request)?;
        let now_ms = self.engine().now().as_u64();
        self.request(request)?;
        let case = self.with_foi(ledger, |foi| foi.case(number, now_ms, self.engine().ledgers()))?;
        say!("{}: {}", case.line.reference, case.line.status);
        if case.confidence != "confirmed" {
            say!("The rules {} are not confirmed ({}).", case.pack, case.confidence);
        }
        for line in case.english.iter().chain(&case.arabic) {
            say!("  {}", escape(line));
        }
        for document in &case.documents {
            let withdrawn = if document.withdrawn { ", withdrawn" } else { "" };
            say!(
                "Document {}: {}{withdrawn} {}",
                document.document,
                document.outcome,
                document.exemptions.join(", ")
            );
        }
        for grievance in &case.grievances {
            let by = grievance.decide_by.map(|d| format!(", to be decided by {d}"));
            say!(
                "Grievance of {}: {}{}",
                grievance.filed,
                grievance.decision.unwrap_or(grievance.status),
                by.unwrap_or_default()
            );
        }
        for remedy in &case.remedies {
            match remedy.last_day {
                Some(Day(last)) => say!(
                    "Open to the requester: {}, until {}.",
                    remedy.remedy,
                    english_both(last)
                ),
                None => say!("Open to the requester: {}.", remedy.remedy),
            }
        }
        show!(json!({ "case": case }));
        Ok(())
    }

    pub(super) async fn log(&self, register: &str) -> Outcome {
        let (ledger, _) = self.register(register)?;
        let log = self.with_foi(ledger, |foi| foi.disclosure_log(self.engine().ledgers()))?;
        for line in &log {
            say!("{}: decided on {}", line.reference, line.decided);
            for document in &line.documents {
                let file = document.rendition.as_deref().map(|r| format!(": openings/{r}"));
                say!(
                    "  {} {}{}",
                    document.document,
                    document.outcome,
                    file.unwrap_or_default()
                );
            }
        }
        if log.is_empty() {
            say!("Nothing was decided in {register} yet.");
        }
        show!(json!({ "register": register, "log": log }));
        Ok(())
    }

    pub(super) async fn league(&self, format: Format) -> Outcome {
        let mut lines = Vec::new();
        for (ledger, _) in self.engine().registers() {
            let begun = self.with_foi(ledger, |foi| Ok(foi.days().size() > 0))?;
            if begun {
                lines.push(self.with_foi(ledger, |foi| foi.league_line(self.engine().ledgers()))?);
            }
        }
        lines.sort_by(|a, b| {
            b.on_time_bp
                .cmp(&a.on_time_bp)
                .then_with(|| a.register.cmp(&b.register))
        });
        match format {
            Format::Csv => say!("{}", csv_text(&league_rows(&lines))?.trim_end()),
            Format::Text => {
                for line in &lines {
                    let median = line
                        .median_days
                        .map_or("no decision yet".to_owned(), |d| format!("median {d} days"));
                    say!(
                        "{}: {} received, {} open, {} decided, {} on time, {median}, {} deadlines missed",
                        line.register,
                        line.received,
                        line.open,
                        line.decided,
                        percent(line.on_time_bp),
                        line.missed
                    );
                }
            }
        }
        show!(json!({ "league": lines }));
        Ok(())
    }
}

fn optional(day: Option<Day>) -> String {
    day.map(|d| d.to_string()).unwrap_or_default()
}

pub(super) fn board_text(line: &BoardLine) -> String {
    let mut out = format!("{}: {}", line.reference, line.status);
    if let Some(due) = line.due {
        out.push_str(&format!(", due {due}"));
    }
    if line.extended {
        out.push_str(&format!(" (extended, before {})", optional(line.original_due)));
    }
    if let Some(day) = line.clarify_by {
        out.push_str(&format!(", to be clarified by {day}"));
    }
    if let Some(day) = line.pay_by {
        out.push_str(&format!(", to be paid by {day}"));
    }
    out.push_str(&format!("; next: {}", line.next.join(", ")));
    out
}

fn board_rows(board: &[BoardLine]) -> Vec<Vec<String>> {
    let head = [
        "reference",
        "status",
        "due",
        "original_due",
        "days_left",
        "extended",
        "missed",
        "clarify_by",
        "pay_by",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(board.iter().map(|line| {
        vec![
            line.reference.clone(),
            line.status.to_owned(),
            optional(line.due),
            optional(line.original_due),
            line.days_left.to_string(),
            line.extended.to_string(),
            line.missed.to_string(),
            optional(line.clarify_by),
            optional(line.pay_by),
        ]
    }));
    rows
}

fn league_rows(league: &[LeagueLine]) -> Vec<Vec<String>> {
    let head = [
        "authority",
        "register",
        "received",
        "open",
        "decided",
        "on_time",
        "on_time_bp",
        "median_days",
        "missed",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(league.iter().map(|line| {
        vec![
            line.authority.clone(),
            line.register.clone(),
            line.received.to_string(),
            line.open.to_string(),
            line.decided.to_string(),
            line.on_time.to_string(),
            line.on_time_bp.to_string(),
            line.median_days.map(|d| d.to_string()).unwrap_or_default(),
            line.missed.to_string(),
        ]
    }));
    rows
}
