//! Packs of freedom of information, in the JSON form that ledgers cite.
//!
//! Spec: specs/rules.md §3.1 to §3.3, §3.5.

use std::collections::BTreeSet;

use super::{Head, line, number, one_of, optional, title, unconfirmed};
use crate::calendar::{Counting, Day, DocumentError, Roll, Start, Unit};
use crate::json::Cursor;
use crate::manifest::short_id;

/// Fields that may be unconfirmed and stand in no table.
const PLAIN_FIELDS: [&str; 5] = [
    "legal_basis",
    "valid_from",
    "valid_until",
    "exemptions",
    "penalties",
];
const CALENDAR_FIELDS: [&str; 2] = ["time_zone", "weekly_rest"];
const CLOCK_FIELDS: [&str; 16] = [
    "answer_days",
    "unit",
    "start",
    "roll",
    "max_extensions",
    "extension_days",
    "silence",
    "clarification",
    "clarification_limit_days",
    "fee_policy",
    "transfer",
    "grievance_days",
    "grievance_decision_days",
    "grievance_silence",
    "third_party_days",
    "court_days",
];

/// The rules of the clock. Spec: specs/rules.md §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockRules {
    pub(crate) answer_days: u64,
    pub(crate) counting: Counting,
    pub(crate) max_extensions: u64,
    pub(crate) extension_days: u64,
    /// Silence refuses.
    pub(crate) deemed_refusal: bool,
    /// An answer begins the period anew.
    pub(crate) clarification_restarts: bool,
    pub(crate) clarification_limit_days: Option<u64>,
    pub(crate) fee_pauses: bool,
    pub(crate) transfer_restarts: bool,
    pub(crate) grievance_days: Option<u64>,
    pub(crate) grievance_decision_days: Option<u64>,
    pub(crate) grievance_deemed_refusal: bool,
}

/// A valid pack.
#[derive(Debug, Clone)]
pub(crate) struct FoiPack {
    pub(crate) head: Head,
    pub(crate) clock: ClockRules,
    /// Codes of the exemptions.
    pub(crate) exemptions: BTreeSet<String>,
}

impl FoiPack {
    /// Reads and checks a pack.
    pub(crate) fn parse(bytes: &[u8]) -> Result<FoiPack, DocumentError> {
        let mut cursor = Cursor::new(bytes);
        let c = &mut cursor;
        let head = Head::parse(c, bytes, "{\"format\":\"sijill-foi-rules/1\",\"id\":")?;
        c.expect("},\"clock\":")?;
        let clock = clock_rules(c)?;
        c.expect(",\"exemptions\":")?;
        let exemptions = articles(c)?;
        c.expect(",\"penalties\":")?;
        articles(c)?;
        c.expect(",\"unconfirmed\":")?;
        let unconfirmed = unconfirmed(c, may_be_unconfirmed)?;
        c.expect("}")?;
        c.end()?;
        head.allow_unconfirmed(unconfirmed)?;
        Ok(FoiPack {
            head,
            clock,
            exemptions,
        })
    }

    pub(crate) fn is_valid_on(&self, day: Day) -> bool {
        self.head.is_valid_on(day)
    }

    /// `<id>/<version>`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.head.id, self.head.version)
    }
}

fn clock_rules(c: &mut Cursor<'_>) -> Result<ClockRules, DocumentError> {
    c.expect("{\"answer_days\":")?;
    let answer_days = number(c, 1, 366)?;
    c.expect(",\"unit\":")?;
    let unit = match one_of(c, &["calendar", "working"])? {
        "calendar" => Unit::Calendar,
        _ => Unit::Working,
    };
    c.expect(",\"start\":")?;
    let start = match one_of(c, &["next_day", "next_working_day"])? {
        "next_day" => Start::NextDay,
        _ => Start::NextWorkingDay,
    };
    c.expect(",\"roll\":")?;
    let roll = match one_of(c, &["none", "next_working_day"])? {
        "none" => Roll::None,
        _ => Roll::NextWorkingDay,
    };
    c.expect(",\"max_extensions\":")?;
    let max_extensions = number(c, 0, 12)?;
    c.expect(",\"extension_days\":")?;
    let extension_days = number(c, 0, 366)?;
    if (max_extensions == 0) != (extension_days == 0) {
        return Err(DocumentError::Rule(
            "extensions without days, or days without extensions",
        ));
    }
    c.expect(",\"silence\":")?;
    let deemed_refusal = one_of(c, &["none", "deemed_refusal"])? == "deemed_refusal";
    c.expect(",\"clarification\":")?;
    let clarification_restarts = one_of(c, &["pause", "restart"])? == "restart";
    let days = |c: &mut Cursor<'_>| number(c, 1, 366);
    let clarification_limit_days = optional(c, ",\"clarification_limit_days\":", days)?;
    c.expect(",\"fee_policy\":")?;
    let fee_pauses = one_of(c, &["pauses", "none"])? == "pauses";
    c.expect(",\"transfer\":")?;
    let transfer_restarts = one_of(c, &["restart", "continue"])? == "restart";
    let grievance_days = optional(c, ",\"grievance_days\":", days)?;
    let grievance_decision_days = optional(c, ",\"grievance_decision_days\":", days)?;
    let silence = |c: &mut Cursor<'_>| Ok(one_of(c, &["none", "deemed_refusal"])? == "deemed_refusal");
    let grievance_deemed_refusal = optional(c, ",\"grievance_silence\":", silence)?.unwrap_or(false);
    if grievance_deemed_refusal && grievance_decision_days.is_none() {
        return Err(DocumentError::Rule(
            "silence rejects a grievance, but there is no time for a decision",
        ));
    }
    optional(c, ",\"third_party_days\":", days)?;
    optional(c, ",\"court_days\":", days)?;
    c.expect("}")?;
    Ok(ClockRules {
        answer_days,
        counting: Counting { unit, start, roll },
        max_extensions,
        extension_days,
        deemed_refusal,
        clarification_restarts,
        clarification_limit_days,
        fee_pauses,
        transfer_restarts,
        grievance_days,
        grievance_decision_days,
        grievance_deemed_refusal,
    })
}

/// Exemptions or penalties: their codes.
fn articles(c: &mut Cursor<'_>) -> Result<BTreeSet<String>, DocumentError> {
    let codes = c.array(64, |c| Ok(article(c)))?;
    let codes = codes.into_iter().collect::<Result<Vec<_>, _>>()?;
    let distinct: BTreeSet<String> = codes.iter().cloned().collect();
    if distinct.len() != codes.len() {
        return Err(DocumentError::Rule("a code stands twice in its list"));
    }
    Ok(distinct)
}

fn article(c: &mut Cursor<'_>) -> Result<String, DocumentError> {
    c.expect("{\"code\":")?;
    let code = short_id(c)?;
    c.expect(",\"title\":")?;
    title(c)?;
    optional(c, ",\"article\":", line)?;
    c.expect("}")?;
    Ok(code)
}

fn may_be_unconfirmed(field: &str) -> bool {
    match field.split_once('.') {
        None => PLAIN_FIELDS.contains(&field),
        Some(("calendar", name)) => CALENDAR_FIELDS.contains(&name),
        Some(("clock", name)) => CLOCK_FIELDS.contains(&name),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"format":"sijill-foi-rules/1","id":"qa","version":1,"title":{"en":"T","ar":"ت"},"legal_basis":"L","confidence":"low","valid_from":"2022-01-01","valid_until":"2030-01-01","calendar":{"time_zone":"Asia/Qatar","weekly_rest":["friday","saturday"]},"clock":{"answer_days":15,"unit":"calendar","start":"next_day","roll":"next_working_day","max_extensions":1,"extension_days":15,"silence":"none","clarification":"pause","clarification_limit_days":30,"fee_policy":"pauses","transfer":"continue","grievance_days":30,"grievance_decision_days":30,"grievance_silence":"none","third_party_days":10,"court_days":60},"exemptions":[{"code":"a","title":{"en":"A","ar":""},"article":"1"},{"code":"b","title":{"en":"B","ar":""}}],"penalties":[],"unconfirmed":[{"field":"clock.unit","note":{"en":"N","ar":""}}]}"#;

    #[test]
    fn packs_are_strict() {
        let pack = FoiPack::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(pack.name(), "qa/1");
        assert_eq!(pack.exemptions.len(), 2);
        for (old, new) in [
            ("\"version\":1", "\"version\":0"),
            ("\"low\"", "\"confirmed\""),
            ("\"L\"", "\" \""),
            ("2030-01-01", "2021-12-31"),
            ("Asia/Qatar", "asia/qatar"),
            ("\"friday\",\"saturday\"", "\"saturday\",\"friday\""),
            ("\"answer_days\":15", "\"answer_days\":0"),
            ("\"answer_days\":15", "\"answer_days\":367"),
            ("\"extension_days\":15", "\"extension_days\":0"),
            ("\"max_extensions\":1", "\"max_extensions\":0"),
            ("\"max_extensions\":1", "\"max_extensions\":13"),
            (
                "\"grievance_decision_days\":30,\"grievance_silence\":\"none\"",
                "\"grievance_silence\":\"deemed_refusal\"",
            ),
            ("\"code\":\"b\"", "\"code\":\"a\""),
            ("clock.unit", "clock.units"),
            ("clock.unit", "clock"),
            ("\"ت\"", "\" \""),
            ("]}", "]} "),
        ] {
            let bad = GOOD.replacen(old, new, 1);
            assert_ne!(bad, GOOD);
            assert!(FoiPack::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        for without in [
            ",\"valid_until\":\"2030-01-01\"",
            ",\"clarification_limit_days\":30",
            ",\"court_days\":60",
            ",\"article\":\"1\"",
        ] {
            assert!(FoiPack::parse(GOOD.replacen(without, "", 1).as_bytes()).is_ok());
        }
    }
}
