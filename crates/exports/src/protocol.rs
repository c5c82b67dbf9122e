//! The protocol of a district: one HTML file to print, sign and file, in English and Arabic.
//!
//! It needs nothing else: no script, no font, no picture from elsewhere.

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use qrcode::QrCode;
use qrcode::render::svg;
use sijill_registers::election::outcome::{BY_COURT, By, CASTING_VOTE, Seats};
use sijill_registers::manifest::Text;

use crate::chart;
use crate::language::{Language, number, percent};
use crate::model::{Counted, DistrictResults, EventResults, Poll, QuestionResults, Status, Votes};

const STYLE: &str = "
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; color: #111; background: #fff; font: 1rem/1.6 system-ui, 'Noto Sans', 'Noto Naskh Arabic', sans-serif; }
h1 { font-size: 1.5rem; margin-block: 0 .25rem; } h2 { font-size: 1.15rem; margin-block: 1.5rem .5rem; }
.banner { border: 2px solid #8a1c1c; padding: .5rem 1rem; font-weight: 600; }
table { border-collapse: collapse; inline-size: 100%; margin-block: .5rem 1rem; }
caption { text-align: start; font-weight: 600; padding-block: .25rem; }
th, td { border: 1px solid #666; padding: .3rem .6rem; text-align: end; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: start; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; } dt { font-weight: 600; } dd { margin: 0; }
svg { max-inline-size: 100%; block-size: auto; }
.signatures { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 2.5rem 2rem; margin-block: 2.5rem 1rem; }
.signatures div { border-block-start: 1px solid #111; padding-block-start: .25rem; }
.checkpoint { display: flex; gap: 1.25rem; align-items: center; } .checkpoint svg { inline-size: 9rem; flex: none; }
code { direction: ltr; unicode-bidi: isolate; overflow-wrap: anywhere; font-size: .8rem; }
@media print { body { padding: 0; max-width: none; font-size: 10pt; } section[lang=ar] { break-before: page; } table, svg, .signatures, .checkpoint { break-inside: avoid; } @page { size: A4; margin: 16mm; } }
";

/// The page of a district.
#[must_use]
pub fn page(results: &EventResults, district: &DistrictResults) -> String {
    let title = format!("{} – {}", results.name.en, district.name.en);
    html! {
        (DOCTYPE)
        html lang="en" dir="ltr" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    @for language in Language::BOTH {
                        section lang=(language.tag()) dir=(language.direction()) {
                            (section(language, results, district))
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

fn section(language: Language, results: &EventResults, district: &DistrictResults) -> Markup {
    let zone = sijill_rules::time_zone(&results.time_zone).unwrap_or(TimeZone::UTC);
    let w = |english, arabic| language.words(english, arabic);
    html! {
        h1 { (w("Protocol of results", "محضر النتائج")) }
        p { bdi { (language.text(&results.name)) } " · " bdi { (language.text(&district.name)) } }
        @if results.rehearsal {
            p.banner { (w(
                "A rehearsal: these votes are invented, or cast for practice.",
                "تجربة: هذه الأصوات غير حقيقية، أو أُدلي بها للتدريب.",
            )) }
        }
        dl {
            dt { (w("Poll opened", "بدء الاقتراع")) } dd { (language.moment(results.opens_ms, &zone)) }
            dt { (w("Poll closed", "انتهاء الاقتراع")) } dd { (language.moment(results.closes_ms, &zone)) }
            dt { (w("Time zone", "المنطقة الزمنية")) } dd { bdi { (results.time_zone) } }
            dt { (w("Run by", "الجهة المنظمة")) } dd { bdi { (results.administrator) } }
            dt { (w("State", "الحالة")) } dd { (match results.status {
                Status::Certified => w("certified by the commission", "مصادق عليها من اللجنة"),
                Status::Published => w("published, not yet certified", "منشورة، ولم تتم المصادقة عليها بعد"),
            }) }
        }
        @match &district.poll {
            Poll::Counted(counted) => { (poll(language, counted, &zone)) }
            Poll::NotDecrypted { minimum } => {
                p { (match language {
                    Language::English => format!("Fewer than {minimum} ballots were counted. To keep them secret they are never decrypted."),
                    Language::Arabic => format!("عدد البطاقات المحتسبة أقل من {minimum}؛ وحفاظًا على سريتها لا يُفك تشفيرها أبدًا."),
                }) }
            }
            Poll::Unopposed(elected) => {
                h2 { (w("Elected without a poll (unopposed)", "الفائزون بالتزكية دون اقتراع")) }
                ul { @for name in elected { li { bdi { (language.text(name)) } } } }
            }
        }
        div.signatures {
            @for signatory in 0..results.quorum.max(3) {
                div { (if signatory == 0 { w("Chair: name, signature, date", "الرئيس: الاسم والتوقيع والتاريخ") }
                       else { w("Member: name, signature, date", "عضو: الاسم والتوقيع والتاريخ") }) }
            }
        }
        div.checkpoint {
            (qr(&results.checkpoint, w("QR code of the checkpoint", "رمز الاستجابة السريعة لنقطة التحقق")))
            div {
                p { (w(
                    "These numbers were verified against the election ledger at this checkpoint. Anybody can verify them again from the published folder.",
                    "تم التحقق من هذه الأرقام مقابل سجل الانتخاب عند نقطة التحقق هذه، ويمكن لأي شخص التحقق منها من جديد من المجلد المنشور.",
                )) }
                @for line in results.checkpoint.lines() { code { (line) } br; }
            }
        }
    }
}

fn poll(language: Language, counted: &Counted, zone: &TimeZone) -> Markup {
    let w = |english, arabic| language.words(english, arabic);
    let invalid = Votes {
        digital: 0,
        paper: counted.invalid,
    };
    html! {
        h2 { (w("Turnout", "نسبة المشاركة")) }
        p { (match language {
            Language::English => format!("{} of {} eligible voters: {}", number(counted.cast.total()), number(counted.eligible), percent(counted.turnout_bp())),
            Language::Arabic => format!("{} من أصل {} ناخبًا مؤهلًا: {}", number(counted.cast.total()), number(counted.eligible), percent(counted.turnout_bp())),
        }) }
        table {
            (header(language, w("Votes by channel", "الأصوات حسب القناة"), &[w("of votes cast", "من الأصوات المدلى بها")]))
            tbody {
                (row(w("Valid, blank included", "صحيحة، بما فيها البيضاء"), counted.valid(), &[counted.of_cast_bp(counted.valid().total())]))
                (row(w("Invalid", "باطلة"), invalid, &[counted.of_cast_bp(counted.invalid)]))
                (row(w("Votes cast", "الأصوات المدلى بها"), counted.cast, &[counted.of_cast_bp(counted.cast.total())]))
            }
        }
        @for reason in &counted.recounts {
            p { (w("The paper votes were counted again: ", "أُعيد عدّ الأصوات الورقية: ")) bdi { (reason) } }
        }
        @if !counted.by_hour.is_empty() { (chart::turnout(language, counted, zone)) }
        @for question in &counted.questions { (result(language, counted, question)) }
    }
}

fn result(language: Language, counted: &Counted, question: &QuestionResults) -> Markup {
    let w = |english, arabic| language.words(english, arabic);
    html! {
        h2 { bdi { (language.text(&question.question)) } }
        table {
            (header(language, w("Votes", "الأصوات"), &[
                w("of votes cast", "من الأصوات المدلى بها"),
                w("of valid votes that are not blank", "من الأصوات الصحيحة غير البيضاء"),
            ]))
            tbody {
                @for (answer, votes) in &question.answers {
                    (row(language.text(answer), *votes, &[counted.of_cast_bp(votes.total()), counted.of_valid_bp(question, votes.total())]))
                }
                @if let Some(blank) = question.blank {
                    tr {
                        th scope="row" { (w("Blank", "ورقة بيضاء")) }
                        td { (number(blank.digital)) } td { (number(blank.paper)) } td { (number(blank.total())) }
                        td { (percent(counted.of_cast_bp(blank.total()))) } td { "–" }
                    }
                }
            }
        }
        @match &question.seats {
            Some(seats) => { (elected(language, question, seats)) }
            None => { (standing(language, question)) }
        }
        (chart::votes(language, counted, question))
    }
}

/// Who fills the seats, how a tie was decided, whose votes are void.
fn elected(language: Language, question: &QuestionResults, seats: &Seats) -> Markup {
    let w = |english, arabic| language.words(english, arabic);
    let name = |answer: u16| {
        let answer = question.answers.get(usize::from(answer));
        answer.map_or("", |(text, _)| language.text(text))
    };
    html! {
        p { (w("Seats: ", "عدد المقاعد: ")) (number(u64::from(seats.seats))) }
        h3 { (w("Elected", "الفائزون")) }
        ul {
            @for elected in &seats.elected {
                li {
                    strong { bdi { (name(elected.answer)) } } " – "
                    (match elected.by {
                        By::CastingVote => w("by the casting vote", "بالصوت المرجِّح"),
                        By::Lots => w("by lots", "بالقرعة"),
                        By::Unopposed => w("unopposed", "بالتزكية"),
                        By::Votes => w("by votes", "بعدد الأصوات"),
                    })
                }
            }
        }
        @if let Some(tie) = &seats.tie {
            p {
                (w("A tie between: ", "تعادل بين: "))
                @for (i, answer) in tie.level.iter().enumerate() {
                    @if i > 0 { (w(", ", "، ")) }
                    bdi { (name(*answer)) }
                }
            }
            @if let Some(decided) = &tie.decided {
                p {
                    @if decided.rule == CASTING_VOTE {
                        (w("Decided by the casting vote of: ", "حُسم بالصوت المرجِّح من: "))
                    } @else {
                        (w("Decided by lots, before the witnesses: ", "حُسم بالقرعة أمام الشهود: "))
                    }
                    @for (i, by) in decided.by.iter().enumerate() {
                        @if i > 0 { (w(", ", "، ")) }
                        bdi { (by) }
                    }
                    br;
                    (w("Reason: ", "السبب: ")) bdi { (decided.reason) }
                }
            }
        }
        @if !seats.void.is_empty() {
            h3 { (w("Votes that elect nobody", "أصوات لا تُنتج فوزًا")) }
            ul {
                @for removal in &seats.void {
                    li {
                        bdi { (name(removal.answer)) } " – "
                        @if removal.cause == BY_COURT { (w("removed by a court: ", "استُبعد بحكم قضائي: ")) }
                        @else { (w("withdrawn: ", "انسحب: ")) }
                        bdi { (removal.reason) }
                    }
                }
            }
        }
    }
}

/// Who leads. A tie is said to be one: no order of a list decides it.
fn standing(language: Language, question: &QuestionResults) -> Markup {
    let w = |english, arabic| language.words(english, arabic);
    let leading: Vec<&Text> = question.leading().collect();
    html! {
        @match leading.as_slice() {
            [] => { p { (w("Nobody has a vote.", "لا توجد أصوات لأي خيار.")) } }
            [first] => { p { (w("Most votes: ", "أكثر الأصوات: ")) strong { bdi { (language.text(first)) } } } }
            several => {
                p { (w("A tie, to be resolved by the rule of the event: ", "تعادل، يُحسم وفق قاعدة الحدث: "))
                    @for (i, answer) in several.iter().enumerate() {
                        @if i > 0 { (w(", ", "، ")) }
                        strong { bdi { (language.text(answer)) } }
                    }
                }
            }
        }
    }
}

fn header(language: Language, caption: &str, shares: &[&str]) -> Markup {
    let w = |english, arabic| language.words(english, arabic);
    html! {
        caption { (caption) }
        thead { tr {
            td {}
            th scope="col" { (w("digital", "رقمي")) }
            th scope="col" { (w("paper", "ورقي")) }
            th scope="col" { (w("total", "المجموع")) }
            @for share in shares { th scope="col" { (share) } }
        } }
    }
}

fn row(label: &str, votes: Votes, shares: &[u64]) -> Markup {
    html! {
        tr {
            th scope="row" { bdi { (label) } }
            td { (number(votes.digital)) }
            td { (number(votes.paper)) }
            td { (number(votes.total())) }
            @for share in shares { td { (percent(*share)) } }
        }
    }
}

fn qr(text: &str, label: &str) -> Markup {
    let Ok(code) = QrCode::new(text) else {
        return html! {};
    };
    let drawing = code.render::<svg::Color<'_>>().quiet_zone(true).build();
    // The library writes an XML declaration, which has no place inside a page.
    let drawing = drawing.split_once("?>").map_or(drawing.as_str(), |(_, svg)| svg);
    html! { span role="img" aria-label=(label) { (PreEscaped(drawing)) } }
}
