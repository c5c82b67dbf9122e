//! Due dates as a calendar that people subscribe to (RFC 5545). Names requests by their references, and nobody.

use jiff::Timestamp;
use sijill_ledger::{LedgerId, UnixMillis};

use super::views::{BoardLine, Day, Standing};

/// Most octets of a content line, its end not counted. RFC 5545 §3.1.
const MAX_LINE_OCTETS: usize = 75;

/// A calendar of everything on a board that has a last day: due dates, days to clarify and to pay.
///
/// `board` is that of the register `ledger`, named `name`, at `now`. Entries keep their identity from one feed to the
/// next, so that a due date that moves is moved and not shown twice. No day, no entry.
#[must_use]
pub fn icalendar(ledger: &LedgerId, name: &str, board: &[BoardLine], now: UnixMillis) -> String {
    let mut out = Lines(String::new());
    out.push("BEGIN:VCALENDAR");
    out.push("VERSION:2.0");
    out.push("PRODID:-//Sijill//Freedom of information//EN");
    out.push("CALSCALE:GREGORIAN");
    out.push(&format!("X-WR-CALNAME:{}", text(name)));
    let ms = i64::try_from(now.as_u64()).unwrap_or(i64::MAX);
    let stamp = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let stamp = stamp.strftime("%Y%m%dT%H%M%SZ").to_string();
    let ledger = hex::encode(ledger.as_bytes());
    for line in board {
        let what = match line.standing {
            Standing::Overdue => "overdue, was due",
            _ => "due",
        };
        let days: [(&str, Option<Day>, &str); 3] = [
            ("due", line.due, what),
            ("clarify", line.clarify_by, "last day to clarify"),
            ("pay", line.pay_by, "last day to pay"),
        ];
        for (kind, day, what) in days {
            let Some(Day(day)) = day else { continue };
            out.push("BEGIN:VEVENT");
            out.push(&format!("UID:{kind}-{}-{ledger}", line.request));
            out.push(&format!("DTSTAMP:{stamp}"));
            out.push(&format!("DTSTART;VALUE=DATE:{}", day.strftime("%Y%m%d")));
            out.push(&format!(
                "SUMMARY:{}",
                text(&format!("{}: {what}", line.reference))
            ));
            out.push("TRANSP:TRANSPARENT");
            out.push("END:VEVENT");
        }
    }
    out.push("END:VCALENDAR");
    out.0
}

struct Lines(String);

impl Lines {
    /// Adds a content line, folded between characters.
    fn push(&mut self, line: &str) {
        let mut octets = 0;
        for c in line.chars() {
            if octets + c.len_utf8() > MAX_LINE_OCTETS {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(c);
            octets += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// A value of the type TEXT. RFC 5545 §3.3.11.
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_of_due_dates() {
        let day = |text: &str| Some(Day(text.parse().unwrap()));
        let line = |request, standing, due, pay_by| BoardLine {
            reference: format!("moph-2026/{request}"),
            request,
            standing,
            status: "running",
            due,
            original_due: due,
            days_left: 1,
            extended: false,
            missed: false,
            clarify_by: None,
            pay_by,
            next: Vec::new(),
        };
        let board = [
            line(4, Standing::Overdue, day("2025-12-21"), None),
            line(5, Standing::Paused, None, day("2026-01-04")),
        ];
        let name = "وزارة الصحة العامة; requests, due dates of all that is open in the whole year";
        let now = UnixMillis::new(1_766_000_000_000).unwrap();
        let feed = icalendar(&LedgerId::from_bytes([0xAB; 32]), name, &board, now);
        assert!(feed.ends_with("END:VCALENDAR\r\n"));
        assert!(feed.split("\r\n").all(|l| l.len() <= MAX_LINE_OCTETS), "{feed}");
        let unfolded = feed.replace("\r\n ", "");
        let id = "ab".repeat(32);
        for expected in [
            "X-WR-CALNAME:وزارة الصحة العامة\\; requests\\, due dates".to_owned(),
            format!("UID:due-4-{id}\r\nDTSTAMP:20251217T193320Z\r\nDTSTART;VALUE=DATE:20251221\r\n"),
            "SUMMARY:moph-2026/4: overdue\\, was due\r\n".to_owned(),
            format!("UID:pay-5-{id}\r\n"),
        ] {
            assert!(unfolded.contains(&expected), "{expected} in {unfolded}");
        }
        assert_eq!(unfolded.matches("BEGIN:VEVENT").count(), 2);
    }
}
