//! What officers are reminded of: due dates that come near. Spec: specs/operations.md §17.7.
//!
//! Which reminders are due follows from the ledgers and the calendar. That one was sent is no fact of any ledger: it stands in
//! a file of ids, beside the store. Whoever sends lists what is due, sends it, and then says that it was sent. Killed in
//! between, the same reminder is listed again under the same id, by which a mail system knows it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sijill_ledger::{KeyId, LedgerId};
use sijill_registers::foi::views::BoardLine;
use sijill_rules::{Calendar, Days, day_number, numbered_day};

use super::desk::Desk;
use crate::boards::follow;
use crate::error::{Failure, Outcome};
use crate::render::{escape, say, show};
use crate::site::write_file;

/// Working days before the due date on which the first reminder is due.
const WORKING_DAYS: u32 = 5;
/// Most calendar days that five working days can be: longer holidays end the search.
const SIGHT_DAYS: u32 = 90;

/// How near a due date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    FiveWorkingDays,
    OneDay,
    Today,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::FiveWorkingDays => "five-working-days",
            Self::OneDay => "one-day",
            Self::Today => "today",
        }
    }

    /// The stage of a due date on a day; `None` if it is further away, or has passed. A day without the timer loses
    /// nothing: a stage lasts until the next one begins.
    fn of(days: &Days<'_>, today: Date, due: Date) -> Option<Self> {
        let left = day_number(due) - day_number(today);
        match left {
            0 => Some(Self::Today),
            1 => Some(Self::OneDay),
            2.. => (working_days(days, today, due) <= WORKING_DAYS).then_some(Self::FiveWorkingDays),
            _ => None,
        }
    }
}

/// Working days after `today` up to `due`, at most one more than the first reminder asks for.
fn working_days(days: &Days<'_>, today: Date, due: Date) -> u32 {
    let mut count = 0;
    let mut day = today;
    while day < due && count <= WORKING_DAYS {
        let Ok(next) = day.tomorrow() else { break };
        day = next;
        count += u32::from(days.is_working(day));
    }
    count
}

/// What a reminder is known by: the same request, due date, stage and officer give the same id.
fn id(ledger: &LedgerId, line: &BoardLine, due: u32, stage: Stage, officer: Option<&KeyId>) -> String {
    let mut hash = Sha256::new();
    hash.update(b"sijill/reminder/v1\n");
    hash.update(ledger.as_bytes());
    hash.update(line.request.to_be_bytes());
    hash.update(due.to_be_bytes());
    hash.update([stage as u8]);
    hash.update(officer.map_or([0; 32], |key| *key.as_bytes()));
    hex::encode(&hash.finalize()[..16])
}

/// Ids of reminders that were sent, each with the due date that it was about.
struct Sent(BTreeMap<String, u32>);

impl Sent {
    fn read(path: &Path) -> Outcome<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(unreadable(path, &error.to_string())),
        };
        let line = |line: &str| {
            let (due, id) = line.split_once(' ')?;
            Some((id.to_owned(), due.parse().ok()?))
        };
        let all: Option<BTreeMap<String, u32>> = text.lines().map(line).collect();
        all.map(Self)
            .ok_or_else(|| unreadable(path, "a line is no day and id"))
    }

    /// Writes it anew, without those whose due date has passed: they are never due again.
    fn write(&self, path: &Path, today: u32) -> Outcome {
        let lines = self.0.iter().filter(|(_, due)| **due >= today);
        let text: String = lines.map(|(id, due)| format!("{due} {id}\n")).collect();
        write_file(path, text.as_bytes())
    }
}

fn unreadable(path: &Path, problem: &str) -> Failure {
    Failure::failed(
        format!("{}: {problem}", path.display()),
        "put the file back or delete it: without it, reminders of these days are listed once more",
    )
    .code("reminders.file")
}

struct Reminder {
    id: String,
    due: u32,
    stage: Stage,
    officer: Option<KeyId>,
    line: BoardLine,
}

impl Desk<'_> {
    pub(super) async fn reminders(&self, sent: &[String]) -> Outcome {
        let path = self.site.reminders();
        let mut record = Sent::read(&path)?;
        let due_now = self.due_reminders().await?;
        let today = due_now.0;
        for id in sent {
            let known = due_now.1.iter().find(|r| r.id == *id);
            match known {
                Some(reminder) => {
                    record.0.insert(id.clone(), reminder.due);
                }
                // Sent before, or overtaken by what happened since it was listed.
                None if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) => {}
                None => {
                    return Err(Failure::usage(
                        format!("{} is no id of a reminder", escape(id)),
                        "give ids as `sijill foi reminders --json` lists them",
                    )
                    .code("reminders.id"));
                }
            }
        }
        if !sent.is_empty() {
            record.write(&path, today)?;
        }
        let mut rows = Vec::new();
        for reminder in due_now.1.iter().filter(|r| !record.0.contains_key(&r.id)) {
            let to = reminder
                .officer
                .map_or("nobody yet".to_owned(), |key| key.to_string());
            let due = numbered_day(reminder.due)
                .map(|d| d.to_string())
                .unwrap_or_default();
            say!(
                "{}  {}, due {due} ({}), for {to}",
                reminder.id,
                reminder.line.reference,
                reminder.stage.name()
            );
            rows.push(json!({
                "id": reminder.id,
                "reference": reminder.line.reference,
                "due": due,
                "stage": reminder.stage.name(),
                "officer": reminder.officer,
            }));
        }
        if rows.is_empty() {
            say!("Nobody has to be reminded now.");
        }
        show!(json!({ "reminders": rows }));
        Ok(())
    }

    /// Today, and all reminders of today, sent or not, by register and due date.
    async fn due_reminders(&self) -> Outcome<(u32, Vec<Reminder>)> {
        let (boards, _) = follow(&self.site, self.engine()).await?;
        let now_ms = self.engine().now().as_u64();
        let mut reminders = Vec::new();
        let mut latest = 0;
        for (ledger, _) in self.engine().registers() {
            let read = |foi: &sijill_registers::foi::FoiState| {
                if foi.days().size() == 0 {
                    return Ok(None);
                }
                let reading = foi.read_views(now_ms, self.engine().ledgers())?;
                Ok(Some((reading.today(), Calendar::clone(reading.calendar()))))
            };
            let Some((today, calendar)) = self.with_foi(ledger, read)? else {
                continue;
            };
            let days = calendar.days_at(now_ms);
            let number = u32::try_from(day_number(today)).unwrap_or(0);
            latest = latest.max(number);
            for (line, officer) in boards.due_between(ledger, number..=number.saturating_add(SIGHT_DAYS))? {
                let Some(due) = line.due else { continue };
                let Some(stage) = Stage::of(&days, today, due.0) else {
                    continue;
                };
                let due = u32::try_from(day_number(due.0)).unwrap_or(0);
                reminders.push(Reminder {
                    id: id(&ledger, &line, due, stage, officer.as_ref()),
                    due,
                    stage,
                    officer,
                    line,
                });
            }
        }
        Ok((latest, reminders))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};

    use super::*;

    #[test]
    fn stages_of_a_due_date() {
        // Friday and Saturday are the weekend; 2026-01-13 is a Tuesday.
        let calendar = Calendar::new("Asia/Qatar", &[Weekday::Friday, Weekday::Saturday]).unwrap();
        let days = calendar.days_at(0);
        let due = date(2026, 1, 13);
        let stage = |day| Stage::of(&days, date(2026, 1, day), due);
        // From Tuesday 6: Wednesday, Thursday, Sunday, Monday, Tuesday.
        assert_eq!(stage(5), None);
        for day in 6..=11 {
            assert_eq!(stage(day), Some(Stage::FiveWorkingDays), "{day}");
        }
        assert_eq!(stage(12), Some(Stage::OneDay));
        assert_eq!(stage(13), Some(Stage::Today));
        assert_eq!(stage(14), None);
    }
}
