//! Charts as SVG that stands alone or inside a page. What a chart shows, its title and description say in words too.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::language::{Language, number, percent};
use crate::model::{Counted, QuestionResults, Votes};

const WIDTH: u64 = 720;
const ROW: u64 = 46;
const BAR: u64 = 18;
/// Room for the figures beside the longest bar.
const FIGURES: u64 = 190;
const DIGITAL: &str = "#1f5fa8";
const PAPER: &str = "#b3541e";
/// Longest label that is drawn; the description has the whole text.
const LABEL_CHARS: usize = 84;

/// Votes for each answer, blank ones last, digital and paper beside each other in one bar.
#[must_use]
pub fn votes(language: Language, counted: &Counted, question: &QuestionResults) -> Markup {
    let blank = language.words("Blank", "ورقة بيضاء");
    let mut rows: Vec<(&str, Votes)> = question
        .answers
        .iter()
        .map(|(answer, votes)| (language.text(answer), *votes))
        .collect();
    rows.extend(question.blank.map(|votes| (blank, votes)));
    let most = rows.iter().map(|(_, v)| v.total()).max().unwrap_or(0).max(1);
    let height = ROW * rows.len() as u64 + 34;
    let title = language.text(&question.question);
    let described = |(label, votes): &(&str, Votes)| {
        let share = percent(counted.of_cast_bp(votes.total()));
        format!("{label}: {} ({share})", number(votes.total()))
    };
    let description = rows.iter().map(described).collect::<Vec<_>>().join("; ");
    let length = |votes: u64| scaled(votes, most, WIDTH - FIGURES);
    frame(
        language,
        height,
        title,
        &description,
        &html! {
            @for ((label, votes), row) in rows.iter().zip(0u64..) {
                @let top = ROW * row + 4;
                @let digital = length(votes.digital);
                @let paper = length(votes.total()).saturating_sub(digital);
                text x=(from_start(language, 0, 0)) y=(top + 13) font-size="14" { (shortened(label)) }
                rect x=(from_start(language, 0, digital)) y=(top + 20) width=(digital) height=(BAR) fill=(DIGITAL) {}
                rect x=(from_start(language, digital, paper)) y=(top + 20) width=(paper) height=(BAR) fill=(PAPER) {}
                text x=(from_start(language, digital + paper + 8, 0)) y=(top + 34) font-size="13" {
                    (number(votes.total())) " · " (percent(counted.of_cast_bp(votes.total())))
                }
            }
            @let bottom = ROW * rows.len() as u64 + 8;
            rect x=(from_start(language, 0, 12)) y=(bottom) width="12" height="12" fill=(DIGITAL) {}
            text x=(from_start(language, 18, 0)) y=(bottom + 11) font-size="12" { (language.words("digital", "رقمي")) }
            rect x=(from_start(language, 110, 12)) y=(bottom) width="12" height="12" fill=(PAPER) {}
            text x=(from_start(language, 128, 0)) y=(bottom + 11) font-size="12" { (language.words("paper", "ورقي")) }
        },
    )
}

/// Voters by the hour of their first digital ballot; hours without any are empty columns. Time runs from left to right in both
/// languages.
#[must_use]
pub fn turnout(language: Language, counted: &Counted, zone: &TimeZone) -> Markup {
    const TOP: u64 = 22;
    const PLOT: u64 = 150;
    let title = language.words("Digital voters by hour", "الناخبون رقميًا حسب الساعة");
    let hour = |ms: i64| {
        Timestamp::from_millisecond(ms).map_or_else(
            |_| String::new(),
            |at| at.to_zoned_datetime(zone.clone()).strftime("%H:%M").to_string(),
        )
    };
    let hours = &counted.by_hour;
    let most = hours.iter().map(|(_, voters)| *voters).max().unwrap_or(0).max(1);
    let (first, last) = match (hours.first(), hours.last()) {
        (Some((first, _)), Some((last, _))) => (*first, *last),
        _ => (0, 0),
    };
    // A poll lasts days at most; whatever a report says, a chart has a bounded number of columns.
    let span = u64::try_from(last.saturating_sub(first)).unwrap_or(0) / 3_600_000;
    let columns = (span + 1).min(24 * 14);
    let width = WIDTH / columns.max(1);
    let described = |(start, voters): &(i64, u64)| format!("{}: {}", hour(*start), number(*voters));
    let description = hours.iter().map(described).collect::<Vec<_>>().join("; ");
    // Not more labels than fit beside each other.
    let every = columns.div_ceil(14).max(1);
    frame(
        language,
        TOP + PLOT + 30,
        title,
        &description,
        &html! {
            @for (start, voters) in hours {
                @let column = u64::try_from(start.saturating_sub(first)).unwrap_or(0) / 3_600_000;
                @if column < columns {
                    @let height = scaled(*voters, most, PLOT);
                    @let x = column * width;
                    rect x=(x + 1) y=(TOP + PLOT - height) width=(width.saturating_sub(2).max(1)) height=(height) fill=(DIGITAL) {}
                    @if column.is_multiple_of(every) {
                        text x=(x + width / 2) y=(TOP + PLOT + 18) font-size="12" text-anchor="middle" direction="ltr" { (hour(*start)) }
                        text x=(x + width / 2) y=(TOP + PLOT - height - 5) font-size="12" text-anchor="middle" direction="ltr" { (number(*voters)) }
                    }
                }
            }
            rect x="0" y=(TOP + PLOT) width=(WIDTH) height="1" fill="#333" {}
        },
    )
}

fn frame(language: Language, height: u64, title: &str, description: &str, drawing: &Markup) -> Markup {
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (height) } role="img"
            lang=(language.tag()) direction=(language.direction()) font-family="system-ui, sans-serif" fill="#111" {
            title { (title) }
            desc { (description) }
            (drawing)
        }
    }
}

/// The x of something `width` wide that begins `offset` behind the edge where lines of the language begin.
const fn from_start(language: Language, offset: u64, width: u64) -> u64 {
    match language {
        Language::English => offset,
        Language::Arabic => WIDTH.saturating_sub(offset).saturating_sub(width),
    }
}

fn scaled(part: u64, most: u64, length: u64) -> u64 {
    let scaled = u128::from(part) * u128::from(length) / u128::from(most.max(1));
    u64::try_from(scaled).unwrap_or(length).min(length)
}

fn shortened(label: &str) -> String {
    match label.char_indices().nth(LABEL_CHARS) {
        Some((end, _)) => format!("{}…", &label[..end]),
        None => label.to_owned(),
    }
}
