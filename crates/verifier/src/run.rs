//! From counted checks to a report, and the commands that are not about a whole event.
//!
//! Spec: specs/verification.md §1, §8.

use crate::check::Checks;
use crate::ledger::Ledger;
use crate::report::{CheckResult, CheckVerdict, LedgerSummary, Report, Verdict, escape};

/// What the verdict depends on besides the checks.
pub(crate) struct Judgement<'a> {
    pub(crate) trusted: bool,
    /// Whether what lies beyond the profile or the command may stay unestablished.
    pub(crate) limits_allowed: bool,
    pub(crate) unsupported: &'a [String],
}

/// A report with its verdict; what identifies the input is filled in by the command.
pub(crate) fn new_report(command: &'static str, checks: &Checks, judgement: &Judgement<'_>) -> Report {
    let checks = checks.results();
    let (verdict, summary) = judge(&checks, judgement);
    Report {
        format: "sijill-report/1",
        verifier: env!("CARGO_PKG_VERSION"),
        command,
        verdict,
        summary,
        profile: None,
        trusted: judgement.trusted,
        required_stage: None,
        event: None,
        manifest: None,
        rehearsal: None,
        ceremony_attempts: None,
        ledgers: Vec::new(),
        jurisdiction: None,
        registers: Vec::new(),
        boxes: Vec::new(),
        stations: Vec::new(),
        receipts: Vec::new(),
        archive: None,
        notes: Vec::new(),
        checks,
        unsupported: judgement.unsupported.iter().map(|what| escape(what)).collect(),
        inputs: Vec::new(),
        since: None,
        basis: None,
        elapsed_ms: 0,
    }
}

fn judge(checks: &[CheckResult], judgement: &Judgement<'_>) -> (Verdict, String) {
    if !judgement.unsupported.is_empty() {
        return (
            Verdict::Unsupported,
            "NOT VERIFIED: the input uses what this version does not know".to_owned(),
        );
    }
    let established = |check: &&CheckResult| {
        let complete = match check.verdict {
            CheckVerdict::Pass | CheckVerdict::Empty => true,
            CheckVerdict::NotEstablished => check.within_scope,
            CheckVerdict::Fail => false,
        };
        complete && (judgement.limits_allowed || !judgement.trusted || check.not_established.is_empty())
    };
    let bad: Vec<&str> = checks
        .iter()
        .filter(|check| !established(check))
        .map(|check| check.code)
        .collect();
    if !bad.is_empty() {
        return (Verdict::NotVerified, format!("NOT VERIFIED: {}", bad.join(", ")));
    }
    if !judgement.trusted {
        let summary =
            "self-consistent, not authenticated: no trust file was given, so anyone could have made this";
        return (Verdict::SelfConsistent, summary.to_owned());
    }
    let left_out = checks.iter().any(|check| !check.not_established.is_empty());
    let summary = if left_out {
        "verified, as far as this profile reaches (see what is not established)"
    } else {
        "verified"
    };
    (Verdict::Verified, summary.to_owned())
}

pub(crate) fn ledger_summary(ledger: &Ledger) -> LedgerSummary {
    LedgerSummary {
        id: hex::encode(ledger.id),
        kind: Some(ledger.kind.name()),
        origin: Some(escape(&ledger.genesis.origin)),
        size: ledger.size(),
        root: ledger.tree.root(ledger.size()).map(hex::encode),
    }
}
