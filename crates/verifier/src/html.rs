//! The report as one HTML file, in English and Arabic, to read, print, sign and file.
//!
//! The file loads nothing and runs nothing: its policy allows the one style sheet in it, by digest. Every text goes through [`Page::text`]; names from
//! a manifest stand in `<bdi dir="auto">`, so that they cannot turn the text around them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::explain::CODES;
use crate::hash::{base64, sha256};
use crate::report::{
    BoxSummary, ChannelCount, CheckResult, CheckVerdict, Outcome, QuestionOutcome, RegisterCounts,
    RegisterSummary, Report, StationReturn, StationState, Text, Turnout, Verdict,
};
use crate::words::{
    GROUPS, Language, arabic_reason, arabic_title, check_verdict, elected_by, grouped, meaning, percent,
    profile, report_state, stage, station_state, verdict,
};

const STYLE: &str = include_str!("report.css");
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Most columns of a chart and rows of its table.
const MAX_COLUMNS: usize = 100;

/// The whole page. `made_ms` is when it was made, Unix milliseconds.
pub(crate) fn render(report: &Report, made_ms: Option<u64>) -> String {
    let digest = base64(&sha256(&[STYLE.as_bytes()]));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Verification report · تقرير التحقق</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <nav aria-label=\"Language · اللغة\"><ul><li><a href=\"#en\" lang=\"en\">English</a></li>\
         <li><a href=\"#ar\" lang=\"ar\" dir=\"rtl\">العربية</a></li></ul></nav>\n<main>\n"
    );
    for language in [Language::English, Language::Arabic] {
        let zone = report.manifest.as_ref().map(|m| m.time_zone.as_str());
        let zone = zone.and_then(|name| TimeZoneDatabase::bundled().get(name).ok());
        let mut page = Page {
            out: &mut out,
            language,
            zone: zone.unwrap_or(TimeZone::UTC),
            report,
        };
        page.part(made_ms);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// One language of the page.
struct Page<'a> {
    out: &'a mut String,
    language: Language,
    zone: TimeZone,
    report: &'a Report,
}

impl Page<'_> {
    fn raw(&mut self, html: &str) {
        self.out.push_str(html);
    }

    /// Text, escaped for content and quoted attributes.
    fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                _ => self.out.push(character),
            }
        }
    }

    fn say(&mut self, english: &str, arabic: &str) {
        self.text(self.language.of(english, arabic));
    }

    fn pair(&mut self, (english, arabic): (&str, &str)) {
        self.say(english, arabic);
    }

    fn element(&mut self, tag: &str, english: &str, arabic: &str) {
        self.raw(&format!("<{tag}>"));
        self.say(english, arabic);
        self.raw(&format!("</{tag}>"));
    }

    /// A name of the manifest, in this language if there is one.
    fn name(&mut self, name: &Text) {
        let arabic = self.language == Language::Arabic && !name.ar.is_empty();
        let (lang, text) = if arabic {
            ("ar", &name.ar)
        } else {
            ("en", &name.en)
        };
        self.raw(&format!("<bdi lang=\"{lang}\" dir=\"auto\">"));
        self.text(text);
        self.raw("</bdi>");
    }

    /// English text or a code within either language.
    fn english(&mut self, class: &str, text: &str) {
        self.raw(&format!("<bdi lang=\"en\" dir=\"ltr\" class=\"{class}\">"));
        self.text(text);
        self.raw("</bdi>");
    }

    fn code(&mut self, text: &str) {
        self.english("code", text);
    }

    fn time(&mut self, ms: i64, format: &str) {
        let text = Timestamp::from_millisecond(ms).map_or_else(
            |_| "?".to_owned(),
            |at| {
                at.to_zoned_datetime(self.zone.clone())
                    .strftime(format)
                    .to_string()
            },
        );
        self.raw("<bdi dir=\"ltr\">");
        self.text(&text);
        self.raw("</bdi>");
    }

    fn number_cell(&mut self, number: u64) {
        self.raw(&format!("<td class=\"n\">{}</td>", grouped(number)));
    }

    /// Opens a row with its header cell.
    fn row(&mut self, english: &str, arabic: &str) {
        self.raw("<tr><th scope=\"row\">");
        self.say(english, arabic);
        self.raw("</th>");
    }

    fn number_row(&mut self, english: &str, arabic: &str, number: u64) {
        self.row(english, arabic);
        self.number_cell(number);
        self.raw("</tr>\n");
    }

    fn head(&mut self, columns: &[(&str, &str, bool)]) {
        self.raw("<thead><tr>");
        for (english, arabic, numbers) in columns {
            let class = if *numbers { " class=\"n\"" } else { "" };
            self.raw(&format!("<th scope=\"col\"{class}>"));
            self.say(english, arabic);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n");
    }

    fn caption(&mut self, english: &str, arabic: &str) {
        self.element("caption", english, arabic);
    }

    fn part(&mut self, made_ms: Option<u64>) {
        let (lang, dir) = match self.language {
            Language::English => ("en", "ltr"),
            Language::Arabic => ("ar", "rtl"),
        };
        self.raw(&format!(
            "<section class=\"language\" id=\"{lang}\" lang=\"{lang}\" dir=\"{dir}\">\n"
        ));
        self.element("h1", "Verification report", "تقرير التحقق");
        self.raw("\n<p class=\"event\">");
        let report = self.report;
        if let Some(manifest) = &report.manifest {
            self.name(&manifest.name);
        }
        if report.rehearsal == Some(true) {
            self.raw(" · <strong>");
            self.say("rehearsal, not an election", "تجربة وليست انتخابًا");
            self.raw("</strong>");
        }
        self.raw("</p>\n");
        self.verdict();
        self.facts(made_ms);
        self.established();
        self.not_established();
        if !report.boxes.is_empty() {
            self.element("h2", "Districts", "الدوائر");
            self.raw("\n");
            for ballot_box in &report.boxes {
                self.district(ballot_box);
            }
            self.unopposed();
        }
        self.registers();
        self.stations();
        self.receipts();
        self.all_checks();
        self.inputs();
        self.signatures();
        self.raw("</section>\n");
    }

    fn verdict(&mut self) {
        let report = self.report;
        let class = match report.verdict {
            Verdict::Verified => "good",
            Verdict::SelfConsistent => "weak",
            Verdict::NotVerified | Verdict::Unsupported => "bad",
        };
        self.raw(&format!("<div class=\"verdict {class}\"><strong>"));
        self.pair(verdict(report.verdict));
        self.raw("</strong><p>");
        let left_out = report.checks.iter().any(|c| !c.not_established.is_empty());
        self.pair(meaning(report.verdict, left_out));
        self.raw("</p></div>\n");
    }

    fn facts(&mut self, made_ms: Option<u64>) {
        let report = self.report;
        self.raw("<table class=\"facts\">");
        self.caption("What was looked at", "ما تم فحصه");
        self.raw("<tbody>\n");
        if let Some(manifest) = &report.manifest {
            self.row("Event", "الاستحقاق");
            self.raw("<td>");
            self.code(&manifest.id);
            self.raw("</td></tr>\n");
            self.row("Poll", "الاقتراع");
            self.raw("<td>");
            for (index, ms) in [manifest.opens_ms, manifest.closes_ms].into_iter().enumerate() {
                if index > 0 {
                    self.say(" to ", " إلى ");
                }
                self.time(i64::try_from(ms).unwrap_or(i64::MAX), "%Y-%m-%d %H:%M");
            }
            self.raw(" (");
            self.english("", &manifest.time_zone);
            self.raw(")</td></tr>\n");
        }
        if let Some(event) = &report.event {
            self.row("Election ledger", "سجل الانتخاب");
            self.raw("<td>");
            self.code(event);
            self.raw("</td></tr>\n");
        }
        self.row("Trust file", "ملف الثقة");
        self.raw("<td>");
        if report.trusted {
            self.say("given", "مقدَّم");
        } else {
            self.say("none", "لا يوجد");
        }
        self.raw("</td></tr>\n");
        if let Some(known) = report.profile {
            self.row("Profile", "النطاق");
            self.raw("<td>");
            self.pair(profile(known));
            self.raw("</td></tr>\n");
        }
        if let Some(required) = report.required_stage {
            self.row("Required stage", "المرحلة المطلوبة");
            self.raw("<td>");
            self.pair(stage(Some(required)));
            self.raw("</td></tr>\n");
        }
        let entries = report.ledgers.iter().map(|ledger| ledger.size);
        let ballots = report.boxes.iter().map(|ballot_box| ballot_box.ballots);
        self.number_row(
            "Ledgers",
            "السجلات",
            u64::try_from(report.ledgers.len()).unwrap_or(u64::MAX),
        );
        self.number_row("Entries", "القيود", entries.fold(0, u64::saturating_add));
        self.number_row("Ballots", "أوراق الاقتراع", ballots.fold(0, u64::saturating_add));
        self.row("Checking took", "مدة الفحص");
        self.raw("<td>");
        self.english("", &format!("{:.1} s", report.elapsed_ms as f64 / 1000.0));
        self.raw("</td></tr>\n");
        self.row("Verifier", "أداة التحقق");
        self.raw("<td>");
        self.english("", &format!("sijill-verify {}", report.verifier));
        self.raw("</td></tr>\n");
        if let Some(made) = made_ms {
            self.row("Report made", "تاريخ التقرير");
            self.raw("<td>");
            self.time(i64::try_from(made).unwrap_or(i64::MAX), "%Y-%m-%d %H:%M %:z");
            self.raw("</td></tr>\n");
        }
        self.raw("</tbody></table>\n");
    }

    fn established(&mut self) {
        self.element("h2", "What was established", "ما ثبت");
        self.raw("\n<table>");
        self.caption("By area", "بحسب المجال");
        self.head(&[
            ("Area", "المجال", false),
            ("Statement", "العبارة", false),
            ("Outcome", "النتيجة", false),
        ]);
        self.raw("<tbody>\n");
        let report = self.report;
        for group in &GROUPS {
            let checks: Vec<&CheckResult> = report.group(group.prefix).collect();
            if checks.is_empty() {
                continue;
            }
            self.row(group.title.0, group.title.1);
            self.raw("<td>");
            self.pair(group.says);
            self.raw("</td><td>");
            let count = |wanted: CheckVerdict| checks.iter().filter(|c| c.verdict == wanted).count();
            let failed = count(CheckVerdict::Fail);
            let open = checks.iter().filter(|c| !c.not_established.is_empty()).count();
            if failed > 0 {
                self.raw("<span class=\"fail\">");
                self.say("failed", "فشل");
                self.raw("</span>");
            } else if open == checks.len() {
                self.say("not established", "لم يثبت");
            } else if open > 0 {
                self.say("established in part", "ثبت جزئيًا");
            } else {
                self.say("established", "ثبت");
            }
            self.raw("</td></tr>\n");
        }
        self.raw("</tbody></table>\n");
    }

    fn not_established(&mut self) {
        let report = self.report;
        let open: Vec<&CheckResult> = report
            .checks
            .iter()
            .filter(|check| check.failed > 0 || !check.not_established.is_empty())
            .collect();
        if open.is_empty() && report.unsupported.is_empty() {
            return;
        }
        self.element("h2", "What was not established, and why", "ما لم يثبت وسببه");
        self.raw("\n");
        for reason in &report.unsupported {
            self.raw("<p class=\"note\">");
            self.english("", reason);
            self.raw("</p>\n");
        }
        if open.is_empty() {
            return;
        }
        self.raw("<table class=\"open\">");
        self.caption("Failures and omissions", "الإخفاقات وما لم يُفحص");
        self.head(&[
            ("Check", "الفحص", false),
            ("What was found, and what to do", "ما وُجد وما ينبغي فعله", false),
        ]);
        self.raw("<tbody>\n");
        for check in open.iter().filter(|check| check.failed > 0) {
            self.raw("<tr><th scope=\"row\">");
            self.named(check);
            self.raw("</th><td>");
            self.failures(check);
            self.reasons(&check.not_established);
            self.raw("</td></tr>\n");
        }
        for (checks, reasons) in report.left_out() {
            self.raw("<tr><th scope=\"row\">");
            for (index, check) in checks.iter().enumerate() {
                if index > 0 {
                    self.raw("<br>");
                }
                self.named(check);
            }
            self.raw("</th><td>");
            self.reasons(reasons);
            self.raw("</td></tr>\n");
        }
        self.raw("</tbody></table>\n");
    }

    fn named(&mut self, check: &CheckResult) {
        self.code(check.number);
        self.raw(" ");
        self.title(check);
    }

    fn failures(&mut self, check: &CheckResult) {
        for example in &check.counter_examples {
            self.raw("<p class=\"fail\">");
            self.code(example.code);
            self.raw(" ");
            self.english("", &example.detail);
            self.raw("</p>");
            if example.ledger.is_some() || example.seq.is_some() {
                self.raw("<p class=\"small\">");
                if let Some(ledger) = &example.ledger {
                    self.say("ledger ", "السجل ");
                    self.code(ledger);
                }
                if let Some(seq) = example.seq {
                    self.say(" entry ", " القيد ");
                    self.code(&seq.to_string());
                }
                self.raw("</p>");
            }
            if let Some(code) = CODES.iter().find(|code| code.code == example.code) {
                self.raw("<p>");
                self.english("", &format!("{}. {}.", code.meaning, code.advice));
                self.raw("</p>");
            }
        }
        let shown = u64::try_from(check.counter_examples.len()).unwrap_or(u64::MAX);
        let more = check.failed.saturating_sub(shown);
        if more > 0 {
            self.raw("<p>");
            self.say("and more: ", "وغير ذلك: ");
            self.raw(&grouped(more));
            self.raw("</p>");
        }
    }

    fn reasons(&mut self, reasons: &[String]) {
        for reason in reasons {
            self.raw("<p>");
            self.say("Not established: ", "لم يثبت: ");
            self.reason(reason);
            self.raw("</p>");
        }
    }

    fn reason(&mut self, reason: &str) {
        let cited = reason
            .strip_prefix("refs to ledger ")
            .and_then(|rest| rest.strip_suffix(", which is not here"));
        match (self.language, arabic_reason(reason), cited) {
            (Language::Arabic, Some(arabic), _) => self.text(arabic),
            (Language::Arabic, None, Some(ledger)) => {
                self.text("الإحالات إلى سجل غير موجود هنا: ");
                self.code(ledger);
            }
            _ => self.english("", reason),
        }
    }

    fn title(&mut self, check: &CheckResult) {
        match (self.language, arabic_title(check.number)) {
            (Language::Arabic, Some(arabic)) => self.text(arabic),
            _ => self.english("", check.title),
        }
    }

    fn district(&mut self, ballot_box: &BoxSummary) {
        self.raw("<section>\n<h3>");
        self.name(&ballot_box.name);
        self.raw(" <span class=\"small\">(");
        self.code(&ballot_box.district);
        self.raw(")</span></h3>\n");
        if !ballot_box.established {
            self.raw("<p class=\"note\">");
            self.say(
                "Turnout and result of this district are not established: something that they rest on failed or could not be looked at.",
                "لم تثبت نسبة المشاركة والنتيجة في هذه الدائرة: أخفق شيء تستندان إليه أو تعذّر فحصه.",
            );
            self.raw("</p>\n");
        }
        self.raw("<table class=\"facts\">");
        self.caption("Ballot box", "صندوق الاقتراع");
        self.raw("<tbody>\n");
        self.row("Stage", "المرحلة");
        self.raw("<td class=\"n\">");
        self.pair(stage(ballot_box.stage));
        self.raw("</td></tr>\n");
        if let Some(turnout) = &ballot_box.turnout {
            self.number_row("Eligible voters", "الناخبون المؤهلون", turnout.eligible);
            self.number_row("Holders of a credential", "حاملو الاعتماد", turnout.holders);
            self.row("Voted digitally", "صوّتوا رقميًا");
            let share = percent(turnout.voters, turnout.eligible);
            self.raw(&format!(
                "<td class=\"n\">{} ({share})</td></tr>\n",
                grouped(turnout.voters)
            ));
        }
        self.number_row("Ballots in the box", "الأوراق في الصندوق", ballot_box.ballots);
        if let Some(turnout) = &ballot_box.turnout {
            self.number_row(
                "Replaced by a later ballot",
                "حلّت محلها ورقة لاحقة",
                turnout.superseded,
            );
            self.number_row("Excluded voters", "الناخبون المستبعدون", turnout.excluded);
        }
        self.number_row("Ballots audited", "الأوراق المدققة", ballot_box.audits);
        if let Some(counted) = ballot_box.counted.filter(|_| ballot_box.established) {
            self.number_row("Digital ballots counted", "الأوراق الرقمية المحتسبة", counted);
        }
        if let Some(outcome) = &ballot_box.outcome {
            let papers = outcome.paper_valid.saturating_add(outcome.paper_invalid);
            if papers > 0 {
                self.number_row("Valid papers", "الأوراق الورقية الصحيحة", outcome.paper_valid);
                self.number_row("Invalid papers", "الأوراق الورقية الباطلة", outcome.paper_invalid);
            }
        }
        if let (Some(outcome), Some(turnout)) = (&ballot_box.outcome, &ballot_box.turnout)
            && !ballot_box.below_minimum
        {
            self.row("Ballots cast in all", "مجموع الأوراق المدلى بها");
            let cast = outcome.cast();
            let share = percent(cast, turnout.eligible);
            self.raw(&format!(
                "<td class=\"n\">{} ({share})</td></tr>\n",
                grouped(cast)
            ));
        }
        self.raw("</tbody></table>\n");
        self.channels(ballot_box);
        match &ballot_box.turnout {
            Some(turnout) => self.turnout(turnout),
            None if ballot_box.established => {
                self.raw("<p>");
                self.say(
                    "Turnout is not established: it is not published yet.",
                    "لم تثبت نسبة المشاركة: لم تُنشر بعد.",
                );
                self.raw("</p>\n");
            }
            None => {}
        }
        if ballot_box.below_minimum && ballot_box.established {
            self.raw("<p class=\"note\">");
            self.say(
                "Digital ballots of this district are not decrypted: fewer were counted than the manifest requires, which protects how people voted.",
                "لا تُفك أوراق هذه الدائرة الرقمية: المحتسب منها أقل مما يشترطه البيان، حمايةً لسرية التصويت.",
            );
            self.raw("</p>\n");
        }
        match &ballot_box.outcome {
            Some(outcome) => self.outcome(outcome),
            None if ballot_box.established && !ballot_box.below_minimum => {
                self.raw("<p>");
                self.say(
                    "The result is not established: it is not published yet.",
                    "لم تثبت النتيجة: لم تُنشر بعد.",
                );
                self.raw("</p>\n");
            }
            None => {}
        }
        self.raw("</section>\n");
    }

    /// Votes cast in a district by channel and station.
    fn channels(&mut self, ballot_box: &BoxSummary) {
        let report = self.report;
        let (Some(turnout), Some(outcome)) = (&ballot_box.turnout, &ballot_box.outcome) else {
            return;
        };
        let of_district = |returned: &&StationReturn| returned.district == ballot_box.district;
        let stations: Vec<_> = report
            .stations
            .iter()
            .filter_map(|station| Some((station, station.returns.iter().find(of_district)?)))
            .collect();
        if stations.is_empty() {
            return;
        }
        self.raw("<table>");
        self.caption(
            "Votes cast by channel and station",
            "الأصوات المدلى بها بحسب القناة والمركز",
        );
        self.head(&[
            ("Channel or station", "القناة أو المركز", false),
            ("Votes cast", "الأصوات", true),
            ("Of those eligible", "من المؤهلين", true),
        ]);
        self.raw("<tbody>\n");
        self.row("Digital", "رقمي");
        self.share_cells(outcome.digital, turnout.eligible);
        for (station, returned) in stations {
            self.raw("<tr><th scope=\"row\">");
            self.name(&station.name);
            self.raw("</th>");
            self.share_cells(returned.cast(), turnout.eligible);
        }
        self.row("In all", "المجموع");
        self.share_cells(outcome.cast(), turnout.eligible);
        self.raw("</tbody></table>\n");
    }

    /// A number, and its share of a whole; closes the row.
    fn share_cells(&mut self, part: u64, whole: u64) {
        self.number_cell(part);
        self.raw(&format!("<td class=\"n\">{}</td></tr>\n", percent(part, whole)));
    }

    fn registers(&mut self) {
        let registers = &self.report.registers;
        let foi: Vec<_> = registers
            .iter()
            .filter_map(|register| match &register.counts {
                RegisterCounts::Foi(counts) => Some((register, counts)),
                RegisterCounts::Consultation(_) => None,
            })
            .collect();
        if !foi.is_empty() {
            self.element("h2", "Freedom of information", "حرية المعلومات");
            self.raw("\n<table>");
            self.caption(
                "Registers, judged up to their last closed day",
                "السجلات، والحكم عليها حتى آخر يوم مغلق",
            );
            self.head(&[
                ("Register", "السجل", false),
                ("Last closed day", "آخر يوم مغلق", false),
                ("Requests", "الطلبات", true),
                ("Open", "مفتوحة", true),
                ("Overdue", "متأخرة", true),
                ("Due dates missed", "مواعيد فائتة", true),
                ("Refused by silence", "مرفوضة بالسكوت", true),
            ]);
            self.raw("<tbody>\n");
            for (register, counts) in foi {
                self.register(register);
                for number in [
                    counts.requests,
                    counts.open,
                    counts.overdue,
                    counts.missed,
                    counts.deemed_refused,
                ] {
                    self.number_cell(number);
                }
                self.raw("</tr>\n");
            }
            self.raw("</tbody></table>\n");
        }
        let consultations: Vec<_> = registers
            .iter()
            .filter_map(|register| match &register.counts {
                RegisterCounts::Consultation(counts) => Some((register, counts)),
                RegisterCounts::Foi(_) => None,
            })
            .collect();
        if consultations.is_empty() {
            return;
        }
        self.element("h2", "Consultations", "الاستشارات العامة");
        self.raw("\n<table>");
        self.caption(
            "Consultations, judged up to their last closed day",
            "الاستشارات، والحكم عليها حتى آخر يوم مغلق",
        );
        self.head(&[
            ("Consultation", "الاستشارة", false),
            ("Last closed day", "آخر يوم مغلق", false),
            ("Participants", "المشاركون", true),
            ("Comments", "التعليقات", true),
            ("Hidden", "مخفية", true),
            ("Withdrawn", "مسحوبة", true),
            ("Erased", "ممحوة", true),
            ("Late", "متأخرة", true),
            ("Counted", "محتسبة", true),
            ("Responses", "الإجابات", true),
            ("Report", "التقرير", false),
        ]);
        self.raw("<tbody>\n");
        for (register, counts) in consultations {
            self.register(register);
            let Some(counts) = counts else {
                self.raw("<td colspan=\"9\">");
                self.say("Not defined, or not judged", "غير معرّفة أو لم يُحكم عليها");
                self.raw("</td></tr>\n");
                continue;
            };
            for number in [
                counts.participants,
                counts.comments,
                counts.hidden,
                counts.withdrawn,
                counts.erased,
                counts.late,
                counts.counted,
                counts.responses,
            ] {
                self.number_cell(number);
            }
            let (english, arabic) = report_state(counts.report);
            self.raw("<td>");
            self.say(english, arabic);
            self.raw(" <span class=\"small\">(");
            self.code(&counts.report_due);
            self.raw(")</span>");
            if counts.archived {
                self.raw("<br>");
                self.say("Archived", "مؤرشفة");
            }
            self.raw("</td></tr>\n");
        }
        self.raw("</tbody></table>\n");
    }

    /// Name, id and last closed day of a register.
    fn register(&mut self, register: &RegisterSummary) {
        self.raw("<tr><th scope=\"row\">");
        self.name(&register.name);
        self.raw(" <span class=\"small\">(");
        self.code(&register.register);
        self.raw(")</span></th><td>");
        self.code(register.closed.as_deref().unwrap_or("–"));
        self.raw("</td>");
    }

    fn stations(&mut self) {
        let report = self.report;
        if report.stations.is_empty() {
            return;
        }
        self.element("h2", "Polling stations", "مراكز الاقتراع");
        self.raw("\n<table>");
        self.caption("Books of the stations", "دفاتر المراكز");
        self.head(&[
            ("Station", "المركز", false),
            ("Book", "الدفتر", false),
            ("Checked in", "سُجّل حضورهم", true),
            ("Papers issued", "أوراق مسلّمة", true),
            ("In envelopes", "في مظاريف", true),
            ("Spoilt", "تالفة", true),
            ("Left over", "متبقية", true),
        ]);
        self.raw("<tbody>\n");
        for station in &report.stations {
            self.raw("<tr><th scope=\"row\">");
            self.name(&station.name);
            self.raw(" <span class=\"small\">(");
            self.code(&station.station);
            self.raw(")</span></th><td>");
            self.pair(station_state(station.state, station.lost));
            if !station.established && station.state != StationState::Defined {
                self.raw("<p class=\"note\">");
                self.say(
                    "Its papers are not established: something in the event failed or could not be looked at.",
                    "لم تثبت أوراقه: أخفق شيء في الاستحقاق أو تعذّر فحصه.",
                );
                self.raw("</p>");
            }
            self.raw("</td>");
            match &station.papers {
                Some(papers) => {
                    for number in [
                        papers.checked_in,
                        papers.issued,
                        papers.envelopes,
                        papers.spoilt,
                        papers.unused,
                    ] {
                        self.number_cell(number);
                    }
                }
                None => self.raw(&"<td class=\"n\">–</td>".repeat(5)),
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody></table>\n");
    }

    /// First ballots over time: a chart, and the same as a table.
    fn turnout(&mut self, turnout: &Turnout) {
        let (columns, step) = columns_of(turnout);
        if columns.is_empty() {
            return;
        }
        let daily = step == DAY_MS;
        let same_day = !daily && columns.len() <= 24;
        let format = match (daily, same_day) {
            (true, _) => "%Y-%m-%d",
            (_, true) => "%H:%M",
            (_, false) => "%m-%d %H:%M",
        };
        self.element("h4", "Turnout over time", "المشاركة عبر الوقت");
        self.raw("\n");
        self.chart(&columns, format);
        self.raw("<table>");
        self.caption(
            "Voters by the time of their first ballot",
            "الناخبون بحسب وقت ورقتهم الأولى",
        );
        let from = if daily {
            ("Day", "اليوم", false)
        } else {
            ("Hour from", "الساعة من", false)
        };
        self.head(&[
            from,
            ("Voters", "الناخبون", true),
            ("Up to then", "المجموع حتى ذلك الحين", true),
            ("Of eligible", "من المؤهلين", true),
        ]);
        self.raw("<tbody>\n");
        let mut sum = 0u64;
        for (start, voters) in &columns {
            sum = sum.saturating_add(*voters);
            if *voters == 0 {
                continue;
            }
            self.raw("<tr><th scope=\"row\">");
            self.time(*start, if same_day { "%Y-%m-%d %H:%M" } else { format });
            self.raw("</th>");
            self.number_cell(*voters);
            self.number_cell(sum);
            self.raw(&format!(
                "<td class=\"n\">{}</td></tr>\n",
                percent(sum, turnout.eligible)
            ));
        }
        self.raw("</tbody></table>\n");
    }

    fn chart(&mut self, columns: &[(i64, u64)], format: &str) {
        const WIDTH: f64 = 720.0;
        const LEFT: f64 = 46.0;
        const TOP: f64 = 14.0;
        const BASE: f64 = 150.0;
        let most = columns
            .iter()
            .map(|(_, voters)| *voters)
            .max()
            .unwrap_or(0)
            .max(1);
        let rtl = self.language == Language::Arabic;
        let place = |x: f64, width: f64| if rtl { WIDTH - x - width } else { x };
        self.raw("<svg class=\"chart\" viewBox=\"0 0 720 184\" width=\"720\" height=\"184\" role=\"img\" aria-label=\"");
        self.say(
            "Column chart of voters by the time of their first ballot; the table after it has the numbers",
            "مخطط أعمدة للناخبين بحسب وقت ورقتهم الأولى، والأرقام في الجدول التالي",
        );
        self.raw("\">\n");
        for (value, y) in [
            (most, TOP),
            (
                most / 2,
                BASE - (BASE - TOP) * ((most / 2) as f64) / (most as f64),
            ),
            (0, BASE),
        ] {
            if value == 0 && y < BASE {
                continue;
            }
            let class = if value == 0 { "axis" } else { "grid" };
            let line_from = place(LEFT, WIDTH - LEFT - 8.0);
            let line_to = line_from + WIDTH - LEFT - 8.0;
            let label = if rtl { WIDTH - 4.0 } else { 4.0 };
            let _ = writeln!(
                self.out,
                "<line class=\"{class}\" x1=\"{line_from:.1}\" x2=\"{line_to:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text direction=\"ltr\" x=\"{label:.1}\" y=\"{:.1}\" text-anchor=\"{}\">{}</text>",
                y + 4.0,
                if rtl { "end" } else { "start" },
                grouped(value)
            );
        }
        let slot = (WIDTH - LEFT - 8.0) / (columns.len() as f64);
        let width = (slot * 0.8).min(60.0);
        // At most about ten labels.
        let every = columns.len().div_ceil(10).max(1);
        for (index, (start, voters)) in columns.iter().enumerate() {
            let height = (BASE - TOP) * (*voters as f64) / (most as f64);
            let x = place(LEFT + slot * (index as f64) + (slot - width) / 2.0, width);
            if *voters > 0 {
                let _ = write!(
                    self.out,
                    "<rect class=\"digital\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
                    BASE - height
                );
            }
            if index.is_multiple_of(every) {
                let text = Timestamp::from_millisecond(*start).map_or_else(
                    |_| String::new(),
                    |at| {
                        at.to_zoned_datetime(self.zone.clone())
                            .strftime(format)
                            .to_string()
                    },
                );
                let _ = write!(
                    self.out,
                    "<text direction=\"ltr\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">",
                    x + width / 2.0,
                    BASE + 20.0
                );
                self.text(&text);
                self.raw("</text>");
            }
            self.raw("\n");
        }
        self.raw("</svg>\n");
    }

    fn outcome(&mut self, outcome: &Outcome) {
        let cast = outcome.cast();
        let paper = outcome.paper_valid.saturating_add(outcome.paper_invalid) > 0;
        for question in &outcome.questions {
            self.raw("<h4>");
            self.name(&question.question);
            self.raw("</h4>\n<table>");
            self.caption("Votes", "الأصوات");
            let mut head = vec![("Answer", "الإجابة", false)];
            if paper {
                head.push(("Digital", "رقمي", true));
                head.push(("Paper", "ورقي", true));
            }
            head.push(("Votes", "الأصوات", true));
            head.push(("Of ballots cast", "من الأوراق المدلى بها", true));
            self.head_with_bar(&head, paper);
            self.raw("<tbody>\n");
            let answers = question.answers.iter().map(|a| (Some(&a.answer), a.count));
            let blank = question.blank.map(|count| (None, count));
            for (name, count) in answers.chain(blank) {
                self.raw("<tr><th scope=\"row\">");
                match name {
                    Some(name) => self.name(name),
                    None => self.say("Blank", "ورقة بيضاء"),
                }
                self.raw("</th>");
                if paper {
                    self.number_cell(count.digital);
                    self.number_cell(count.paper);
                }
                self.number_cell(count.total());
                self.raw(&format!("<td class=\"n\">{}</td>", percent(count.total(), cast)));
                self.bar(count, cast);
                self.raw("</tr>\n");
            }
            self.raw("</tbody></table>\n");
            self.elected(question);
        }
    }

    /// Who is elected by a question with seats.
    fn elected(&mut self, question: &QuestionOutcome) {
        let Some(seats) = question.seats else {
            return;
        };
        let Some(elected) = &question.elected else {
            self.raw("<p>");
            self.say(
                "Who is elected is not established: it is not published yet.",
                "لم يثبت من فاز: لم يُنشر بعد.",
            );
            self.raw("</p>\n");
            return;
        };
        self.raw("<table>");
        self.raw("<caption>");
        self.say("Elected; seats: ", "الفائزون؛ عدد المقاعد: ");
        self.raw(&grouped(u64::try_from(seats).unwrap_or(u64::MAX)));
        self.raw("</caption>");
        self.head(&[("Candidate", "المرشح", false), ("Elected", "الفوز", false)]);
        self.raw("<tbody>\n");
        let void = question.void.iter().flatten().map(|answer| (*answer, None));
        let rows = elected.iter().map(|elected| (elected.answer, Some(elected.by)));
        for (answer, by) in rows.chain(void) {
            self.raw("<tr><th scope=\"row\">");
            if let Some(name) = question.answer(answer) {
                self.name(name);
            }
            self.raw("</th><td>");
            match by {
                Some(by) => self.pair(elected_by(by)),
                None => self.say(
                    "not elected: removed, votes are void",
                    "لم يفز: استُبعد وأصواته لاغية",
                ),
            }
            self.raw("</td></tr>\n");
        }
        self.raw("</tbody></table>\n");
        if let Some(tie) = &question.tie {
            self.raw("<p>");
            self.say("Tie decided by: ", "حسم التعادل: ");
            for (index, name) in tie.by.iter().enumerate() {
                if index > 0 {
                    self.say(", ", "، ");
                }
                self.unmarked(name);
            }
            self.say("; reason: ", "؛ السبب: ");
            self.unmarked(&tie.reason);
            self.raw("</p>\n");
        }
    }

    /// Text of an official, whose language is not known.
    fn unmarked(&mut self, text: &str) {
        self.raw("<bdi dir=\"auto\">");
        self.text(text);
        self.raw("</bdi>");
    }

    fn head_with_bar(&mut self, columns: &[(&str, &str, bool)], paper: bool) {
        self.raw("<thead><tr>");
        for (english, arabic, numbers) in columns {
            let class = if *numbers { " class=\"n\"" } else { "" };
            self.raw(&format!("<th scope=\"col\"{class}>"));
            self.say(english, arabic);
            self.raw("</th>");
        }
        self.raw("<th scope=\"col\">");
        if paper {
            for (class, english, arabic) in [("digital", "digital ", "رقمي "), ("paper", "paper", "ورقي")]
            {
                self.raw(&format!(
                    "<svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"10\" height=\"10\"/></svg>"
                ));
                self.say(english, arabic);
            }
        } else {
            self.say("Chart", "المخطط");
        }
        self.raw("</th></tr></thead>\n");
    }

    /// The bar of an answer, of the ballots cast. Its numbers stand beside it.
    fn bar(&mut self, count: ChannelCount, cast: u64) {
        let length = |votes: u64| 200.0 * (votes as f64) / (cast.max(1) as f64);
        let digital = length(count.digital).min(200.0);
        let paper = length(count.paper).min(200.0 - digital);
        self.raw(
            "<td><svg class=\"bar\" viewBox=\"0 0 202 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
        );
        for (class, from, length) in [("digital", 0.0, digital), ("paper", digital, paper)] {
            if length > 0.0 {
                let _ = write!(
                    self.out,
                    "<rect class=\"{class}\" x=\"{:.2}\" y=\"2\" width=\"{length:.2}\" height=\"16\"/>",
                    from + 1.0
                );
            }
        }
        self.raw("<rect class=\"track\" x=\"1\" y=\"2\" width=\"200\" height=\"16\"/></svg></td>");
    }

    fn unopposed(&mut self) {
        let unopposed = self.report.manifest.iter().flat_map(|m| &m.unopposed);
        for district in unopposed {
            self.raw("<section>\n<h3>");
            self.name(&district.name);
            self.raw(" <span class=\"small\">(");
            self.code(&district.district);
            self.raw(")</span></h3>\n<p>");
            self.say(
                "No poll: elected unopposed according to the manifest: ",
                "لا اقتراع: فاز بالتزكية وفق البيان: ",
            );
            for (index, name) in district.elected.iter().enumerate() {
                if index > 0 {
                    self.say(", ", "، ");
                }
                self.name(name);
            }
            self.raw("</p></section>\n");
        }
    }

    fn receipts(&mut self) {
        let report = self.report;
        if report.receipts.is_empty() {
            return;
        }
        self.element("h2", "Receipts", "الإيصالات");
        self.raw("\n<table>");
        self.caption("What the receipts say", "ما تقوله الإيصالات");
        self.head(&[
            ("Ledger", "السجل", false),
            ("Entry", "القيد", true),
            ("Event", "الحدث", false),
            ("Received", "وقت الاستلام", false),
            ("Tracking code", "رمز التتبع", false),
        ]);
        self.raw("<tbody>\n");
        for receipt in &report.receipts {
            self.raw("<tr><th scope=\"row\">");
            self.code(&receipt.ledger);
            self.raw("</th>");
            self.number_cell(receipt.index);
            for cell in [
                &receipt.event,
                &receipt.received,
                receipt.tracking_code.as_ref().unwrap_or(&String::new()),
            ] {
                self.raw("<td>");
                self.code(cell);
                self.raw("</td>");
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody></table>\n");
    }

    fn all_checks(&mut self) {
        self.raw("<section class=\"checks\">\n");
        self.element("h2", "All checks", "جميع الفحوص");
        self.raw("\n<table class=\"small\">");
        self.caption(
            "Numbers are those of the verification specification",
            "الأرقام هي أرقام مواصفة التحقق",
        );
        self.head(&[
            ("No.", "الرقم", false),
            ("Check", "الفحص", false),
            ("Outcome", "النتيجة", false),
            ("Looked at", "ما فُحص", true),
            ("Time, ms", "الزمن (مللي ثانية)", true),
        ]);
        self.raw("<tbody>\n");
        let report = self.report;
        for check in &report.checks {
            self.raw("<tr><td class=\"number\">");
            self.code(check.number);
            self.raw("</td><th scope=\"row\">");
            self.title(check);
            self.raw(" ");
            self.code(check.code);
            self.raw("</th><td>");
            let failed = check.verdict == CheckVerdict::Fail;
            self.raw(if failed { "<span class=\"fail\">" } else { "<span>" });
            self.pair(check_verdict(check.verdict));
            self.raw("</span></td>");
            self.number_cell(check.looked_at);
            self.number_cell(check.millis);
            self.raw("</tr>\n");
        }
        self.raw("</tbody></table>\n</section>\n");
    }

    fn inputs(&mut self) {
        let report = self.report;
        self.element("h2", "What exactly was verified", "ما الذي تم التحقق منه بالضبط");
        self.raw("<p>");
        self.say(
            "These digests fix the whole folder: entries and tiles follow from the checkpoints, and every content is named by its digest.",
            "تحدد هذه البصمات المجلد كله: القيود والشرائح ناتجة عن نقاط التحقق، وكل محتوى مسمّى ببصمته.",
        );
        self.raw("</p>\n<table class=\"small\">");
        self.caption("SHA-256 of the inputs", "بصمات SHA-256 للمدخلات");
        self.head(&[("File", "الملف", false), ("SHA-256", "SHA-256", false)]);
        self.raw("<tbody>\n");
        for input in &report.inputs {
            self.raw("<tr><th scope=\"row\">");
            self.code(&input.name);
            self.raw("</th><td>");
            self.code(&input.sha256);
            self.raw("</td></tr>\n");
        }
        self.raw("</tbody></table>\n<table class=\"small\">");
        self.caption("Ledgers", "السجلات");
        self.head(&[
            ("Ledger", "السجل", false),
            ("Origin", "المنشأ", false),
            ("Entries", "القيود", true),
            ("Root", "الجذر", false),
        ]);
        self.raw("<tbody>\n");
        for ledger in &report.ledgers {
            self.raw("<tr><th scope=\"row\">");
            self.code(&ledger.id);
            self.raw("</th><td>");
            self.code(ledger.origin.as_deref().unwrap_or("?"));
            self.raw("</td>");
            self.number_cell(ledger.size);
            self.raw("<td>");
            self.code(ledger.root.as_deref().unwrap_or("?"));
            self.raw("</td></tr>\n");
        }
        self.raw("</tbody></table>\n");
    }

    fn signatures(&mut self) {
        self.raw("<section class=\"signing\">\n");
        self.element("h2", "Signatures", "التوقيعات");
        self.raw("<p>");
        self.say(
            "I ran the verifier on the files above, with a trust file that I got by another way than the folder, and this is its report.",
            "شغّلت أداة التحقق على الملفات المذكورة أعلاه بملف ثقة حصلت عليه من طريق غير طريق المجلد، وهذا تقريرها.",
        );
        self.raw("</p>\n<table class=\"signatures\">");
        self.caption("Auditors", "المدققون");
        self.head(&[
            ("Name", "الاسم", false),
            ("Role", "الصفة", false),
            ("Place and date", "المكان والتاريخ", false),
            ("Signature", "التوقيع", false),
        ]);
        self.raw("<tbody>\n");
        for _ in 0..3 {
            self.raw("<tr><td></td><td></td><td></td><td></td></tr>\n");
        }
        self.raw("</tbody></table>\n</section>\n");
    }
}

/// Columns of the chart, by start, and their width in milliseconds: hours without gap, or days of 24 hours if those were too many.
fn columns_of(turnout: &Turnout) -> (Vec<(i64, u64)>, i64) {
    let (Some(first), Some(last)) = (turnout.by_hour.first(), turnout.by_hour.last()) else {
        return (Vec::new(), HOUR_MS);
    };
    let span = last.start_ms.saturating_sub(first.start_ms);
    let most = i64::try_from(MAX_COLUMNS).unwrap_or(i64::MAX);
    let mut columns: BTreeMap<i64, u64> = BTreeMap::new();
    if span / HOUR_MS < most {
        let mut start = first.start_ms;
        while start <= last.start_ms {
            columns.insert(start, 0);
            start = start.saturating_add(HOUR_MS);
        }
        for hour in &turnout.by_hour {
            *columns.entry(hour.start_ms).or_default() += hour.voters;
        }
        return (columns.into_iter().collect(), HOUR_MS);
    }
    // Wider than days if the poll was that long.
    let mut step = DAY_MS;
    while span / step >= most {
        step = step.saturating_mul(2);
    }
    for hour in &turnout.by_hour {
        let start = hour.start_ms - (hour.start_ms - first.start_ms).rem_euclid(step);
        *columns.entry(start).or_default() += hour.voters;
    }
    (columns.into_iter().collect(), DAY_MS)
}
