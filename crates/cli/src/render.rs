//! Text for people: escaping, numbers, and the result as an official shows it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use sijill_registers::election::outcome::{BY_COURT, By, Seats};
use sijill_registers::election::views::result::{Channels, Count, ResultDocument};
use sijill_registers::manifest::{Contest, District, Manifest, Text};
use sijill_registers::names::Name;

use crate::error::{Failure, Outcome};

/// Prints a line for people on standard output. A reader who has gone away is no reason to stop: what was begun is
/// completed.
macro_rules! say {
    () => { $crate::render::print_line(format_args!("")) };
    ($($arg:tt)*) => { $crate::render::print_line(format_args!($($arg)*)) };
}

/// The same on standard error.
macro_rules! tell {
    ($($arg:tt)*) => { $crate::render::print_error(format_args!($($arg)*)) };
}

/// Prints what a command has done as one line of JSON on standard output, if JSON was asked for: once in each command.
macro_rules! show {
    ($value:expr) => {
        if $crate::render::wants_json() {
            $crate::render::print_document(format_args!("{}", $value));
        }
    };
}

pub(crate) use {say, show, tell};

static JSON: AtomicBool = AtomicBool::new(false);

/// From now on, [`say!`] is silent and [`show!`] prints.
pub(crate) fn choose_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// Whether output is JSON.
pub(crate) fn wants_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// What [`say!`] does.
pub(crate) fn print_line(line: std::fmt::Arguments<'_>) {
    if !wants_json() {
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// What [`show!`] does.
pub(crate) fn print_document(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// What [`tell!`] does.
pub(crate) fn print_error(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Text from ledgers, files and the system, without control and direction characters. Line ends stay.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}');
        if (c.is_control() && c != '\n') || steers {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Both languages of a text in one line.
pub(crate) fn bilingual(text: &Text) -> String {
    escape(&text.joined())
}

/// Basis points as a percentage: `8925` is `89.25 %`.
pub(crate) fn percent(bp: u64) -> String {
    format!("{}.{:02} %", bp / 100, bp % 100)
}

/// A number with a comma between groups of three digits.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Rows as comma-separated values.
pub(crate) fn csv_text(rows: &[Vec<String>]) -> Outcome<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(Failure::internal)?;
    }
    let bytes = writer.into_inner().map_err(|e| Failure::internal(e.error()))?;
    String::from_utf8(bytes).map_err(Failure::internal)
}

/// A moment in a time zone, to the second.
pub(crate) fn moment(ms: u64, zone: &str) -> String {
    let timestamp = i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let Some(timestamp) = timestamp else {
        return format!("{ms} ms since 1970 UTC");
    };
    match sijill_rules::time_zone(zone) {
        Some(zone) => timestamp
            .to_zoned_datetime(zone)
            .strftime("%Y-%m-%d %H:%M:%S %:z")
            .to_string(),
        None => timestamp.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
    }
}

/// The result of a district: both percentages, by channel, with turnout.
pub(crate) fn result(manifest: &Manifest, result: &ResultDocument) -> String {
    let mut out = String::new();
    let district = manifest.district(&result.district);
    let name = district.map_or_else(|| result.district.to_string(), |d| bilingual(&d.name));
    let _ = writeln!(out, "{}", bilingual(&manifest.name));
    let _ = writeln!(out, "District: {name}");
    if result.rehearsal {
        let _ = writeln!(
            out,
            "A REHEARSAL: these votes are invented, or cast for practice."
        );
    }
    let _ = writeln!(out);
    let header = ["", "digital", "paper", "total", "of votes cast", "of valid votes"];
    let mut rows: Vec<[String; 6]> = vec![header.map(str::to_owned)];
    let channels = |label: &str, c: &Channels, of_cast: String| -> [String; 6] {
        [
            label.to_owned(),
            number(c.digital),
            number(c.paper),
            number(c.total),
            of_cast,
            String::new(),
        ]
    };
    let share = |part: u64| percent(sijill_registers::views::basis_points(part, result.cast.total));
    for (i, question) in result.questions.iter().enumerate() {
        let asked = district.and_then(|d| d.questions().get(i));
        let text = asked.map_or_else(|| format!("Question {}", i + 1), |q| bilingual(&q.question));
        rows.push([
            text,
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ]);
        let mut push = |label: String, c: &Count, of_valid: String| {
            rows.push([
                format!("  {label}"),
                number(c.digital),
                number(c.paper),
                number(c.total),
                percent(c.of_cast_bp),
                of_valid,
            ]);
        };
        for (j, count) in question.answers.iter().enumerate() {
            let answer = asked.and_then(|q| q.answers.get(j));
            let label = answer.map_or_else(|| format!("Answer {}", j + 1), bilingual);
            push(label, count, percent(count.of_valid_bp));
        }
        if let Some(blank) = &question.blank {
            push("Blank / ورقة بيضاء".to_owned(), blank, String::new());
        }
    }
    rows.push(std::array::from_fn(|_| String::new()));
    rows.push(channels(
        "Invalid papers",
        &result.invalid,
        share(result.invalid.total),
    ));
    rows.push(channels("Votes cast", &result.cast, share(result.cast.total)));
    out.push_str(&table(&rows));
    let _ = writeln!(
        out,
        "\nTurnout: {} of {} eligible voters, {}",
        number(result.cast.total),
        number(result.eligible),
        percent(result.turnout_bp)
    );
    let _ = writeln!(
        out,
        "Percentages of valid votes leave blank ones out; percentages of votes cast leave nothing out."
    );
    out
}

/// Who fills the seats of a district, and what led to it.
pub(crate) fn seats(manifest: &Manifest, district: &Name, seats: &[Seats]) -> String {
    let questions = manifest.district(district).map_or(&[][..], District::questions);
    let mut out = String::new();
    for reading in seats {
        let Some(question) = questions.get(usize::from(reading.question)) else {
            continue;
        };
        let name = |answer: u16| {
            let name = question.answers.get(usize::from(answer));
            name.map_or_else(|| format!("Answer {}", answer + 1), bilingual)
        };
        let _ = writeln!(
            out,
            "{}: {} elected of {}",
            bilingual(&question.question),
            reading.elected.len(),
            reading.seats
        );
        for elected in &reading.elected {
            let by = match elected.by {
                By::CastingVote => "by casting vote",
                By::Lots => "by lots",
                By::Unopposed => "unopposed",
                By::Votes => "by votes",
            };
            let _ = writeln!(out, "  {}: {by}", name(elected.answer));
        }
        if let Some(tie) = &reading.tie {
            let level: Vec<String> = tie.level.iter().map(|answer| name(*answer)).collect();
            let _ = writeln!(
                out,
                "  A tie: {}; elected of them: {}",
                level.join("; "),
                tie.seats
            );
            match &tie.decided {
                Some(decided) => {
                    let by: Vec<String> = decided.by.iter().map(|by| escape(by)).collect();
                    let _ = writeln!(out, "  Decided by {}: {}", by.join("; "), escape(&decided.reason));
                }
                None => out.push_str("  It is not decided yet: `sijill election tie`.\n"),
            }
        }
        for removal in &reading.void {
            let cause = if removal.cause == BY_COURT {
                "removed by a court"
            } else {
                "withdrawn"
            };
            let _ = writeln!(
                out,
                "  {}: {cause}, their votes are void: {}",
                name(removal.answer),
                escape(&removal.reason)
            );
        }
    }
    out
}

/// A district whose seat needs no poll.
pub(crate) fn unopposed(manifest: &Manifest, district: &District) -> String {
    let mut out = format!(
        "{}\nDistrict: {}\n",
        bilingual(&manifest.name),
        bilingual(&district.name)
    );
    if let Contest::Unopposed(elected) = &district.contest {
        out.push_str("Elected without a poll (unopposed / بالتزكية):\n");
        for name in elected {
            let _ = writeln!(out, "  {}", bilingual(name));
        }
    }
    out
}

/// Columns as wide as they must be; the first to the left, the others to the right.
fn table(rows: &[[String; 6]]) -> String {
    let mut widths = [0; 6];
    for row in rows {
        // A row of one cell is a heading and may be longer.
        if row[1..].iter().all(String::is_empty) {
            continue;
        }
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = format!("{:<w$}", row[0], w = widths[0]);
        for (cell, width) in row.iter().zip(widths).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(escape("a\u{1b}[31mb\u{202e}c\nd"), "a\\u{1b}[31mb\\u{202e}c\nd");
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1000), "1,000");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(percent(8905), "89.05 %");
        assert_eq!(percent(10_000), "100.00 %");
        assert_eq!(
            moment(1_796_446_800_000, "Asia/Qatar"),
            "2026-12-05 08:00:00 +03:00"
        );
    }
}
