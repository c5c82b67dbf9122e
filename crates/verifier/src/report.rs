//! What a run found: a value with evidence, of which text and JSON are renderings. Nothing prints inside a check.
//!
//! Every text that came from a ledger or a file is escaped when it enters a report, so no rendering can carry control or direction
//! characters to a terminal.
//!
//! Spec: specs/verification.md §1, §8.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::since::{Basis, Rested};

use crate::html;
use crate::words::{self, GROUPS, Group, grouped, percent};

/// The verdict on one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CheckVerdict {
    /// Every object passed.
    Pass,
    /// At least one object failed.
    Fail,
    /// Something could not be looked at; never a pass.
    NotEstablished,
    /// There was nothing to look at, and nothing was required to be there.
    Empty,
}

/// The verdict on a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Everything that the command requires was established, from a trust file.
    Verified,
    /// Consistent in itself, but no trust file was given: anyone could have made it.
    SelfConsistent,
    /// Something failed or could not be established.
    NotVerified,
    /// The input uses a format or suite that this version does not know.
    Unsupported,
}

impl Verdict {
    /// The exit code of the command: 0, 1 or 2.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Verified => 0,
            Verdict::SelfConsistent | Verdict::NotVerified => 1,
            Verdict::Unsupported => 2,
        }
    }
}

/// What is claimed to be in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The ledgers that everyone may read.
    #[default]
    Public,
    /// All ledgers of the event.
    Accredited,
}

/// What is accepted in an archive. Spec: specs/verification.md §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveProfile {
    /// The policy of the ballot suite.
    #[default]
    Strict,
    /// Besides, what other honest tools are known to write; each is reported as a note.
    Compatible,
}

/// How far the election of an archive has come. The order is that of an election. Spec: specs/verification.md §8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveStage {
    /// Election, trustees and credentials are fixed.
    #[default]
    Setup,
    /// There is a ballot.
    Open,
    /// No more ballots are taken.
    Closed,
    /// The encrypted tally is there.
    Tallied,
    /// There is a partial decryption.
    Decrypting,
    /// The result is there.
    Result,
}

impl ArchiveStage {
    /// The name used on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ArchiveStage::Setup => "setup",
            ArchiveStage::Open => "open",
            ArchiveStage::Closed => "closed",
            ArchiveStage::Tallied => "tallied",
            ArchiveStage::Decrypting => "decrypting",
            ArchiveStage::Result => "result",
        }
    }
}

/// How far a ballot box has come. The order is that of an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The event is defined; the box is listed.
    Announced,
    /// The box stands on the election ledger.
    Defined,
    /// The box was set up.
    Prepared,
    /// Ballots are taken.
    Open,
    /// No more ballots are taken.
    Closed,
    /// The counted ballots and their sum are fixed.
    Sealed,
    /// The election ledger cites the sealed box.
    Anchored,
    /// The result stands on the election ledger.
    Result,
    /// All views of the box are published.
    Published,
    /// The quorum has certified the results.
    Certified,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Stage; 10] = [
        Stage::Announced,
        Stage::Defined,
        Stage::Prepared,
        Stage::Open,
        Stage::Closed,
        Stage::Sealed,
        Stage::Anchored,
        Stage::Result,
        Stage::Published,
        Stage::Certified,
    ];

    /// The name used on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stage::Announced => "announced",
            Stage::Defined => "defined",
            Stage::Prepared => "prepared",
            Stage::Open => "open",
            Stage::Closed => "closed",
            Stage::Sealed => "sealed",
            Stage::Anchored => "anchored",
            Stage::Result => "result",
            Stage::Published => "published",
            Stage::Certified => "certified",
        }
    }
}

/// One object that failed a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CounterExample {
    /// The check's code, or a more precise one.
    pub code: &'static str,
    /// Ledger id in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// Sequence number of the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// What was wrong, escaped.
    pub detail: String,
}

/// The outcome of one numbered check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// Number in specs/verification.md.
    pub number: &'static str,
    /// Verdict code there.
    pub code: &'static str,
    /// What a pass says.
    pub title: &'static str,
    /// The verdict.
    pub verdict: CheckVerdict,
    /// Objects looked at, failed ones included.
    pub looked_at: u64,
    /// Objects that failed.
    pub failed: u64,
    /// The first ones that failed.
    pub counter_examples: Vec<CounterExample>,
    /// What could not be looked at and why.
    pub not_established: Vec<String>,
    /// Nothing failed and nothing was left out because of a failure; what is not established lies beyond the profile or the command.
    pub within_scope: bool,
    /// Time spent, in milliseconds, summed over threads.
    pub millis: u64,
}

/// A ledger that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerSummary {
    /// Ledger id in hexadecimal.
    pub id: String,
    /// Kind, if the genesis could be read.
    pub kind: Option<&'static str>,
    /// Origin, if the genesis could be read.
    pub origin: Option<String>,
    /// Entries.
    pub size: u64,
    /// Root in hexadecimal, as computed from the entries.
    pub root: Option<String>,
}

/// A ballot box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoxSummary {
    /// District id.
    pub district: String,
    /// Ledger id in hexadecimal.
    pub ledger: String,
    /// How far it has come; `None` before it is defined.
    pub stage: Option<Stage>,
    /// The district's name.
    pub name: Text,
    /// Nothing failed and nothing was left out because of a failure, neither in this box nor in what all boxes rest on. Without it,
    /// `turnout`, `result` and `outcome` are `None`.
    pub established: bool,
    /// BallotCast events.
    pub ballots: u64,
    /// AuditStarted events.
    pub audits: u64,
    /// Ballots in the recomputed count, once sealed.
    pub counted: Option<u64>,
    /// Fewer ballots were counted than the manifest requires for a result.
    pub below_minimum: bool,
    /// The published view of turnout, if it is the one that follows from the ledgers.
    pub turnout: Option<Turnout>,
    /// Digital counts by question and choice, once declared and verified.
    pub result: Option<Vec<Vec<u64>>>,
    /// The published view of the result, if it is the one that follows from the ledgers.
    pub outcome: Option<Outcome>,
}

/// How far the book of a polling station has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StationState {
    /// The station is defined; nothing has come to the centre.
    Defined,
    /// A part of the book has come to the centre.
    Anchored,
    /// Chair and members have signed the whole book.
    Final,
    /// The book was declared lost.
    Lost,
}

/// What becomes of the votes of a station whose book is lost. Spec: specs/station.md §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LostRule {
    /// No paper of the station counts.
    VoidPaper,
    /// Digital ballots of its voters do not count; its urn is counted.
    VoidDigital,
}

/// A polling station. Spec: specs/station.md.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StationSummary {
    /// Its id.
    pub station: String,
    /// Its name.
    pub name: Text,
    /// Ledger id in hexadecimal.
    pub ledger: String,
    /// The districts whose voters it serves.
    pub districts: Vec<String>,
    /// How far its book has come.
    pub state: StationState,
    /// What becomes of its votes, if its book is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<LostRule>,
    /// Nothing failed in the whole event. Without it, `papers` is `None` and `returns` is empty.
    pub established: bool,
    /// What its closing protocol counts, once its book is final.
    pub papers: Option<PaperCounts>,
    /// What was counted of its urn, by district.
    pub returns: Vec<StationReturn>,
}

/// What a closing protocol counts. Spec: specs/station.md §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PaperCounts {
    /// Blank papers that the station was given.
    pub received: u64,
    /// Persons who were checked in.
    pub checked_in: u64,
    /// Papers that were issued, replacements and envelopes included.
    pub issued: u64,
    /// Papers that were spoilt and taken back.
    pub spoilt: u64,
    /// Papers in envelopes.
    pub envelopes: u64,
    /// Papers that were left over.
    pub unused: u64,
}

/// What was counted of a station's urn for a district. Spec: specs/station.md §9.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StationReturn {
    /// District id.
    pub district: String,
    /// Papers for this district that were issued, or admitted out of envelopes.
    pub issued: u64,
    /// Valid papers.
    pub valid: u64,
    /// Invalid papers.
    pub invalid: u64,
    /// Spoilt papers.
    pub spoilt: u64,
}

/// Text from a manifest in two languages, escaped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Text {
    /// English.
    pub en: String,
    /// Arabic; empty if there is none.
    pub ar: String,
}

/// The electoral event as its manifest has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// IANA name of the time zone.
    pub time_zone: String,
    /// When the poll opens, Unix milliseconds.
    pub opens_ms: u64,
    /// When the poll closes, Unix milliseconds.
    pub closes_ms: u64,
    /// Districts that hold no poll, and who is elected there.
    pub unopposed: Vec<Unopposed>,
}

/// A district without a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unopposed {
    /// District id.
    pub district: String,
    /// The district's name.
    pub name: Text,
    /// Who is elected.
    pub elected: Vec<Text>,
}

/// Turnout of a box. Spec: specs/election.md §6.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turnout {
    /// Eligible voters.
    pub eligible: u64,
    /// Voters with a credential.
    pub holders: u64,
    /// Voters with a ballot in the box.
    pub voters: u64,
    /// Ballots that a later one of the same voter replaced.
    pub superseded: u64,
    /// Voters with a ballot in the box who are on the exclusion list.
    pub excluded: u64,
    /// Voters by the hour of their first ballot, ascending; hours without any are left out.
    pub by_hour: Vec<Hour>,
}

/// Voters of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hour {
    /// Start of the hour in the event's time zone, Unix milliseconds.
    pub start_ms: i64,
    /// Voters whose first ballot was received in it.
    pub voters: u64,
}

/// The result of a box by channel. Spec: specs/election.md §6.4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Digital ballots counted; 0 if no digital result is given.
    pub digital: u64,
    /// Valid papers.
    pub paper_valid: u64,
    /// Invalid papers.
    pub paper_invalid: u64,
    /// What was asked, in order.
    pub questions: Vec<QuestionOutcome>,
}

/// The result of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuestionOutcome {
    /// What was asked.
    pub question: Text,
    /// Blank ballots, if the question allows them.
    pub blank: Option<ChannelCount>,
    /// The answers, in the order of the ballot.
    pub answers: Vec<AnswerOutcome>,
    /// How many the question elects, if it elects anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<usize>,
    /// Who is elected, if the published view of the outcome is the one that follows from the ledgers. Ascending by answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elected: Option<Vec<Elected>>,
    /// Answers that were removed and cannot be elected, from 0, ascending; known together with `elected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void: Option<Vec<u16>>,
    /// Who decided a tie, and why so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tie: Option<TieOutcome>,
}

/// How somebody was elected. Spec: specs/outcome.md §2, §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ElectedBy {
    /// By the number of votes.
    Votes,
    /// There were no more candidates than seats.
    Unopposed,
    /// By a casting vote among those who were level.
    CastingVote,
    /// By lots among those who were level.
    Lots,
}

impl ElectedBy {
    /// The name used in views and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ElectedBy::Votes => "votes",
            ElectedBy::Unopposed => "unopposed",
            ElectedBy::CastingVote => "casting_vote",
            ElectedBy::Lots => "lots",
        }
    }
}

/// Somebody who is elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Elected {
    /// Index of the answer, from 0.
    pub answer: u16,
    /// How.
    pub by: ElectedBy,
}

/// How a tie was decided. Spec: specs/outcome.md §3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TieOutcome {
    /// Who has the casting vote, or the witnesses of the lots, escaped.
    pub by: Vec<String>,
    /// Why, escaped.
    pub reason: String,
}

impl QuestionOutcome {
    /// The answer of this index.
    pub(crate) fn answer(&self, index: u16) -> Option<&Text> {
        self.answers.get(usize::from(index)).map(|answer| &answer.answer)
    }
}

/// The result of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerOutcome {
    /// The answer.
    pub answer: Text,
    /// Its count.
    #[serde(flatten)]
    pub count: ChannelCount,
}

/// A count by channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ChannelCount {
    /// On digital ballots.
    pub digital: u64,
    /// On paper.
    pub paper: u64,
}

impl ChannelCount {
    /// Both channels together.
    #[must_use]
    pub fn total(self) -> u64 {
        self.digital.saturating_add(self.paper)
    }
}

/// The election of an archive, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ArchiveSummary {
    /// Path of the file, escaped.
    pub file: String,
    /// What was accepted.
    pub profile: ArchiveProfile,
    /// How far the election has come; `None` before its setup.
    pub stage: Option<ArchiveStage>,
    /// The election's uuid.
    pub uuid: Option<String>,
    /// The election's name, escaped.
    pub name: Option<String>,
    /// The fingerprint of the election record: compare it with the announced one.
    pub fingerprint: Option<String>,
    /// When the archive was begun, in seconds of Unix time, as it says itself.
    pub timestamp: Option<u64>,
    /// Hash of the last event in hexadecimal: fixes everything before it.
    pub head: Option<String>,
    /// Public credentials.
    pub credentials: Option<u64>,
    /// Trustees, members of a threshold block included.
    pub trustees: Option<u64>,
    /// Members of the threshold block that are needed, if there is one.
    pub threshold: Option<u64>,
    /// Ballots, valid or not.
    pub ballots: u64,
    /// Ballots that count: the last of each credential.
    pub counted: Option<u64>,
    /// Sum of the weights of the ballots that count.
    pub weight: Option<u64>,
    /// Verified counts by question and choice.
    pub result: Option<Vec<Vec<u64>>>,
}

/// A file that identifies what was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputDigest {
    /// Path inside the folder, or the role of the file.
    pub name: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptSummary {
    /// Ledger id in hexadecimal.
    pub ledger: String,
    /// Sequence number.
    pub index: u64,
    /// Event type by name, or its number if unknown.
    pub event: String,
    /// When the service received it, RFC 3339.
    pub received: String,
    /// Of a ballot: its tracking code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_code: Option<String>,
    /// Of a ballot: its public credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// Everything that a run found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `sijill-report/1`.
    pub format: &'static str,
    /// Version of this program.
    pub verifier: &'static str,
    /// `event`, `jurisdiction`, `ledger`, `receipt` or `bel`.
    pub command: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict in words.
    pub summary: String,
    /// The profile, of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Whether a trust file was given.
    pub trusted: bool,
    /// The stage that was required, of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_stage: Option<Stage>,
    /// Election ledger id in hexadecimal, of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What the manifest says of the event, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<EventSummary>,
    /// Whether the manifest says that this was a rehearsal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<bool>,
    /// Attempts of the key ceremony, if the trustees held one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceremony_attempts: Option<u16>,
    /// The jurisdiction, of a folder of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<JurisdictionSummary>,
    /// The registers of a jurisdiction that are listed and were followed, by ledger.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub registers: Vec<RegisterSummary>,
    /// The ledgers that were read.
    pub ledgers: Vec<LedgerSummary>,
    /// The ballot boxes, by district.
    pub boxes: Vec<BoxSummary>,
    /// The polling stations that are defined, by ledger; left out of an event without stations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stations: Vec<StationSummary>,
    /// The receipts, in the order given.
    pub receipts: Vec<ReceiptSummary>,
    /// The election of an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<ArchiveSummary>,
    /// What the strict policy would have refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every check that applies.
    pub checks: Vec<CheckResult>,
    /// Formats or suites that this version does not know.
    pub unsupported: Vec<String>,
    /// Digests of what was given. Tiles follow from the checkpoints, and contents are named by their digest.
    pub inputs: Vec<InputDigest>,
    /// What rests on an earlier report, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Rested>,
    /// What later runs may rest on, of a verified event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Time that the run took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A jurisdiction, as its calendar ledger says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JurisdictionSummary {
    /// Calendar ledger id in hexadecimal.
    pub ledger: String,
    /// Its name, if it is defined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Its time zone, a name of the IANA database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A register of a jurisdiction, judged up to its last closed day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterSummary {
    /// Ledger id in hexadecimal.
    pub ledger: String,
    /// Kind of the ledger: `foi` or `consultation`.
    pub kind: &'static str,
    /// The id under which the calendar lists it.
    pub register: String,
    /// Its name.
    pub name: Text,
    /// The last closed day, `YYYY-MM-DD`, up to which it is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
    /// What is on it.
    #[serde(flatten)]
    pub counts: RegisterCounts,
}

/// What is on a register, by its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum RegisterCounts {
    /// Of a register of freedom of information.
    Foi(FoiCounts),
    /// Of a consultation; `None` if it is not defined, or could not be judged.
    Consultation(Option<ConsultationCounts>),
}

/// A consultation as of its last entry. Spec: specs/consultation.md §11.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsultationCounts {
    /// Persons who are enrolled.
    pub participants: u64,
    /// Comments of any state.
    pub comments: u64,
    /// Those that everybody sees.
    pub visible: u64,
    /// Those that a moderator has hidden.
    pub hidden: u64,
    /// Those that were withdrawn.
    pub withdrawn: u64,
    /// Those that were received after the window, of any state.
    pub late: u64,
    /// Those that count: visible and not late.
    pub counted: u64,
    /// Those whose text is erased.
    pub erased: u64,
    /// Persons with a response.
    pub responses: u64,
    /// State of the report: `pending`, `overdue`, `published`, `late`.
    pub report: &'static str,
    /// The day on which the report is due, `YYYY-MM-DD`.
    pub report_due: String,
    /// Whether the consultation is archived.
    pub archived: bool,
}

/// Requests of a register of freedom of information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoiCounts {
    /// Requests on the register.
    pub requests: u64,
    /// Those that have not ended.
    pub open: u64,
    /// Those that are open after their due date.
    pub overdue: u64,
    /// Those whose due date was missed on this register.
    pub missed: u64,
    /// Those that ended by silence.
    pub deemed_refused: u64,
}

impl ConsultationCounts {
    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "    participants: {}; comments: {}: visible {}, hidden {}, withdrawn {}; erased {}; late {}; counted {}; responses: {}",
            self.participants,
            self.comments,
            self.visible,
            self.hidden,
            self.withdrawn,
            self.erased,
            self.late,
            self.counted,
            self.responses
        )?;
        let due = &self.report_due;
        match self.report {
            "overdue" => write!(out, "    the report is OVERDUE: it was due on {due}")?,
            "late" => write!(out, "    the report was published LATE: it was due on {due}")?,
            "published" => write!(out, "    the report is published in time: it was due on {due}")?,
            _ => write!(out, "    the report is due on {due}")?,
        }
        writeln!(out, "{}", if self.archived { "; archived" } else { "" })
    }
}

impl Report {
    /// The report as JSON with a newline at the end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // The type has string keys only and no failing serializer, so this cannot fail; an empty object would still not read as verified.
        let mut text = serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned());
        text.push('\n');
        text
    }

    /// The report as one HTML file in English and Arabic, which loads nothing and runs nothing. `made_ms` is when it was made, Unix
    /// milliseconds.
    #[must_use]
    pub fn to_html(&self, made_ms: Option<u64>) -> String {
        html::render(self, made_ms)
    }

    /// Checks whose number begins with `prefix`.
    pub(crate) fn group(&self, prefix: &str) -> impl Iterator<Item = &CheckResult> {
        self.checks
            .iter()
            .filter(move |check| check.number.starts_with(prefix))
    }

    /// Checks of which nothing failed and something was left out, those with the same reasons together.
    pub(crate) fn left_out(&self) -> Vec<(Vec<&CheckResult>, &[String])> {
        let mut left_out: Vec<(Vec<&CheckResult>, &[String])> = Vec::new();
        let open = |check: &&CheckResult| check.failed == 0 && !check.not_established.is_empty();
        for check in self.checks.iter().filter(open) {
            match left_out
                .iter_mut()
                .find(|(_, reasons)| *reasons == check.not_established)
            {
                Some((checks, _)) => checks.push(check),
                None => left_out.push((vec![check], &check.not_established)),
            }
        }
        left_out
    }

    /// The report for people. Its last line is the verdict.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.text(false)
    }

    /// The report for people, with one line for every check.
    #[must_use]
    pub fn to_full_text(&self) -> String {
        self.text(true)
    }

    fn text(&self, every_check: bool) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_text(&mut out, every_check);
        out
    }

    fn write_text(&self, out: &mut String, every_check: bool) -> std::fmt::Result {
        if let Some(manifest) = &self.manifest {
            write!(out, "{} ({})", manifest.name.en, manifest.id)?;
            if self.rehearsal == Some(true) {
                write!(out, ", a rehearsal")?;
            }
            writeln!(out)?;
        }
        if let Some(jurisdiction) = &self.jurisdiction {
            let name = jurisdiction
                .name
                .as_ref()
                .map_or("not defined", |name| name.en.as_str());
            write!(out, "Jurisdiction: {name}")?;
            if self.rehearsal == Some(true) {
                write!(out, ", a rehearsal")?;
            }
            writeln!(out)?;
        }
        for register in &self.registers {
            let closed = register.closed.as_deref().unwrap_or("no day is closed yet");
            writeln!(
                out,
                "  {} ({}), judged up to: {closed}",
                register.name.en, register.register
            )?;
            match &register.counts {
                RegisterCounts::Foi(counts) => writeln!(
                    out,
                    "    requests: {}; open: {}, overdue: {}; due dates missed: {}, deemed refused: {}",
                    counts.requests, counts.open, counts.overdue, counts.missed, counts.deemed_refused
                )?,
                RegisterCounts::Consultation(Some(counts)) => counts.write_text(out)?,
                RegisterCounts::Consultation(None) => {
                    writeln!(out, "    the consultation is not defined, or could not be judged")?;
                }
            }
        }
        if !self.boxes.is_empty() {
            writeln!(out, "\nDistricts")?;
        }
        for ballot_box in &self.boxes {
            ballot_box.write_text(out)?;
        }
        for district in self.manifest.iter().flat_map(|manifest| &manifest.unopposed) {
            let elected: Vec<&str> = district.elected.iter().map(|name| name.en.as_str()).collect();
            writeln!(out, "  {} ({})", district.name.en, district.district)?;
            writeln!(out, "    no poll; elected unopposed: {}", elected.join(", "))?;
        }
        if !self.stations.is_empty() {
            writeln!(out, "\nPolling stations")?;
        }
        for station in &self.stations {
            station.write_text(out)?;
        }
        for receipt in &self.receipts {
            writeln!(
                out,
                "Receipt of entry {} of ledger {}",
                receipt.index, receipt.ledger
            )?;
            writeln!(out, "  {} received {}", receipt.event, receipt.received)?;
            if let Some(code) = &receipt.tracking_code {
                writeln!(out, "  tracking code {code}")?;
            }
            if let Some(credential) = &receipt.credential {
                writeln!(out, "  credential    {credential}")?;
            }
        }
        if let Some(archive) = &self.archive {
            archive.write_text(out)?;
        }
        for note in &self.notes {
            writeln!(out, "  note: {note}")?;
        }
        writeln!(out, "\nWhat was established")?;
        for group in &GROUPS {
            self.write_group(group, out)?;
        }
        if let Some(attempts) = self.ceremony_attempts {
            writeln!(
                out,
                "  The trustees made their key in attempt {attempts} of the ceremony."
            )?;
        }
        if let Some(since) = &self.since {
            writeln!(
                out,
                "  {} entries, {} of them ballots, rest on the earlier report with SHA-256 {}:\n  \
                 this report is as good as the place where that one was kept.",
                since.entries, since.ballots, since.report
            )?;
        }
        self.write_open(out)?;
        if every_check {
            writeln!(out, "\nAll checks")?;
            for check in &self.checks {
                let verdict = words::check_verdict(check.verdict).0;
                let (number, code, looked_at) = (check.number, check.code, check.looked_at);
                writeln!(
                    out,
                    "{number:>6}  {code:<22} {verdict:<16} {looked_at:>9} {:>8} ms  {}",
                    check.millis, check.title
                )?;
            }
        }
        writeln!(out, "\nInputs (SHA-256)")?;
        for input in &self.inputs {
            writeln!(out, "  {}  {}", input.sha256, input.name)?;
        }
        self.write_speed(out)?;
        writeln!(out, "\n{}", self.summary)
    }

    /// One line for a section, and what it says.
    fn write_group(&self, group: &Group, out: &mut String) -> std::fmt::Result {
        let checks: Vec<&CheckResult> = self.group(group.prefix).collect();
        if checks.is_empty() {
            return Ok(());
        }
        let count = |wanted: CheckVerdict| checks.iter().filter(|check| check.verdict == wanted).count();
        let passed = count(CheckVerdict::Pass);
        let empty = count(CheckVerdict::Empty);
        let open = checks
            .iter()
            .filter(|check| !check.not_established.is_empty())
            .count();
        let (state, except) = match (count(CheckVerdict::Fail), open) {
            (0, 0) => ("yes", ""),
            (0, _) if open == checks.len() => ("no", ""),
            (0, _) => ("in part", " Except what is listed below."),
            _ => ("FAILED", ""),
        };
        let title = group.title.0;
        write!(
            out,
            "  {title:<23} {state:<8} {passed} of {} checks passed",
            checks.len()
        )?;
        if empty > 0 {
            write!(out, ", {empty} had nothing to check")?;
        }
        writeln!(out)?;
        if matches!(state, "yes" | "in part") {
            writeln!(out, "    {}{except}", group.says.0)?;
        }
        Ok(())
    }

    /// What failed or was left out.
    fn write_open(&self, out: &mut String) -> std::fmt::Result {
        let open = |check: &&CheckResult| check.failed > 0 || !check.not_established.is_empty();
        if !self.checks.iter().any(|check| open(&check)) && self.unsupported.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nWhat was not established, and why")?;
        for reason in &self.unsupported {
            writeln!(out, "  unsupported: {reason}")?;
        }
        for check in self.checks.iter().filter(|check| check.failed > 0) {
            writeln!(out, "  FAILED {} {}: {}", check.number, check.code, check.title)?;
            for example in &check.counter_examples {
                write!(out, "    {}", example.code)?;
                if let Some(ledger) = &example.ledger {
                    write!(out, "  ledger {ledger}")?;
                }
                if let Some(seq) = example.seq {
                    write!(out, "  entry {seq}")?;
                }
                writeln!(out, ": {}", example.detail)?;
            }
            let more = check.failed.saturating_sub(check.counter_examples.len() as u64);
            if more > 0 {
                writeln!(out, "    and {more} more")?;
            }
            for reason in &check.not_established {
                writeln!(out, "    not established: {reason}")?;
            }
        }
        for (checks, reasons) in self.left_out() {
            let numbers: Vec<&str> = checks.iter().map(|check| check.number).collect();
            writeln!(out, "  {}: {}", numbers.join(", "), reasons.join("; "))?;
        }
        if self.checks.iter().any(|check| check.failed > 0) {
            writeln!(
                out,
                "  What a code means and what to do: sijill-verify explain CODE"
            )?;
        }
        Ok(())
    }

    fn write_speed(&self, out: &mut String) -> std::fmt::Result {
        let entries = self
            .ledgers
            .iter()
            .map(|ledger| ledger.size)
            .fold(0, u64::saturating_add);
        let ballots = self
            .boxes
            .iter()
            .map(|ballot_box| ballot_box.ballots)
            .chain(self.archive.iter().map(|archive| archive.ballots))
            .fold(0, u64::saturating_add);
        let seconds = self.elapsed_ms.max(1) as f64 / 1000.0;
        let rate = |objects: u64| grouped((objects as f64 / seconds) as u64);
        let mut read = Vec::new();
        if self.archive.is_none() {
            read.push(format!("{} ledgers", self.ledgers.len()));
            read.push(format!("{} entries", grouped(entries)));
        }
        if ballots > 0 || self.archive.is_some() {
            read.push(format!("{} ballots", grouped(ballots)));
        }
        write!(out, "\n{}", read.join(", "))?;
        write!(out, " in {seconds:.1} s")?;
        if ballots > 0 {
            write!(out, ": {} ballots a second", rate(ballots))?;
        }
        writeln!(out, " (sijill-verify {})", self.verifier)
    }
}

impl Outcome {
    /// Ballots of both channels, invalid ones included.
    #[must_use]
    pub fn cast(&self) -> u64 {
        let papers = self.paper_valid.saturating_add(self.paper_invalid);
        self.digital.saturating_add(papers)
    }
}

impl BoxSummary {
    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        let stage = words::stage(self.stage).0;
        write!(
            out,
            "  {} ({}): {stage}, {} ballots",
            self.name.en,
            self.district,
            grouped(self.ballots)
        )?;
        if let Some(counted) = self.counted {
            write!(out, ", {} counted", grouped(counted))?;
        }
        writeln!(out)?;
        if !self.established {
            return writeln!(out, "    turnout and result NOT ESTABLISHED: see below");
        }
        match &self.turnout {
            None => writeln!(out, "    turnout not established: not published yet")?,
            Some(turnout) => {
                let share = percent(turnout.voters, turnout.eligible);
                let (voters, eligible) = (grouped(turnout.voters), grouped(turnout.eligible));
                writeln!(
                    out,
                    "    turnout, digital: {voters} of {eligible} eligible ({share})"
                )?;
            }
        }
        if self.below_minimum {
            writeln!(
                out,
                "    digital ballots are not decrypted: fewer than the manifest requires"
            )?;
        }
        let Some(outcome) = &self.outcome else {
            return match self.below_minimum {
                true => Ok(()),
                false => writeln!(out, "    result not established: not published yet"),
            };
        };
        let papers = outcome.paper_valid.saturating_add(outcome.paper_invalid);
        if papers > 0 {
            writeln!(
                out,
                "    papers: {} valid, {} invalid",
                outcome.paper_valid, outcome.paper_invalid
            )?;
        }
        if let Some(turnout) = self.turnout.as_ref().filter(|_| papers > 0) {
            writeln!(
                out,
                "    turnout, both channels: {} digital and {} on paper of {} eligible ({})",
                grouped(outcome.digital),
                grouped(papers),
                grouped(turnout.eligible),
                percent(outcome.cast(), turnout.eligible)
            )?;
        }
        for question in &outcome.questions {
            writeln!(out, "    {}", question.question.en)?;
            let answers = question.answers.iter().map(|a| (a.answer.en.as_str(), a.count));
            for (name, count) in answers.chain(question.blank.map(|count| ("(blank)", count))) {
                let share = percent(count.total(), outcome.cast());
                writeln!(out, "      {:>9}  {share:>7}  {name}", grouped(count.total()))?;
            }
            question.write_elected(out)?;
        }
        Ok(())
    }
}

impl QuestionOutcome {
    fn write_elected(&self, out: &mut String) -> std::fmt::Result {
        let Some(seats) = self.seats else {
            return Ok(());
        };
        let Some(elected) = &self.elected else {
            return writeln!(out, "      who is elected is not established: not published yet");
        };
        writeln!(out, "      {} elected for {seats} seats", elected.len())?;
        let name = |answer: u16| self.answer(answer).map_or("?", |text| text.en.as_str());
        for elected in elected {
            let by = words::elected_by(elected.by).0;
            writeln!(out, "        {}, {by}", name(elected.answer))?;
        }
        for answer in self.void.iter().flatten() {
            writeln!(out, "        void, not elected: {}", name(*answer))?;
        }
        if let Some(tie) = &self.tie {
            writeln!(
                out,
                "        tie decided by {}: {}",
                tie.by.join(", "),
                tie.reason
            )?;
        }
        Ok(())
    }
}

impl StationReturn {
    /// Papers in the urn that were cast, invalid ones included.
    #[must_use]
    pub fn cast(&self) -> u64 {
        self.valid.saturating_add(self.invalid)
    }
}

impl StationSummary {
    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        let state = words::station_state(self.state, self.lost).0;
        writeln!(out, "  {} ({}): {state}", self.name.en, self.station)?;
        if !self.established && self.state != StationState::Defined {
            return writeln!(out, "    papers NOT ESTABLISHED: see below");
        }
        if let Some(papers) = &self.papers {
            writeln!(
                out,
                "    {} checked in; {} papers issued, {} of them in envelopes, {} spoilt, {} left over",
                grouped(papers.checked_in),
                grouped(papers.issued),
                grouped(papers.envelopes),
                grouped(papers.spoilt),
                grouped(papers.unused)
            )?;
        }
        for returned in &self.returns {
            writeln!(
                out,
                "    {}: {} papers cast, {} valid, {} invalid; {} spoilt",
                returned.district,
                grouped(returned.cast()),
                grouped(returned.valid),
                grouped(returned.invalid),
                grouped(returned.spoilt)
            )?;
        }
        Ok(())
    }
}

impl ArchiveSummary {
    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        let stage = self.stage.map_or("none", ArchiveStage::name);
        writeln!(out, "archive {}", self.file)?;
        if let (Some(name), Some(uuid)) = (&self.name, &self.uuid) {
            writeln!(out, "        {name} ({uuid})")?;
        }
        if let Some(fingerprint) = &self.fingerprint {
            writeln!(out, "        fingerprint {fingerprint}")?;
        }
        if let Some(head) = &self.head {
            writeln!(out, "        last event  {head}")?;
        }
        write!(out, "        stage: {stage}")?;
        if let Some(trustees) = self.trustees {
            write!(out, ", {trustees} trustees")?;
        }
        if let Some(threshold) = self.threshold {
            write!(out, " (threshold {threshold})")?;
        }
        if let Some(credentials) = self.credentials {
            write!(out, ", {credentials} credentials")?;
        }
        write!(out, ", {} ballots", self.ballots)?;
        if let Some(counted) = self.counted {
            write!(out, ", {counted} count")?;
        }
        if let Some(weight) = self.weight.filter(|weight| Some(*weight) != self.counted) {
            write!(out, " (weight {weight})")?;
        }
        if let Some(result) = &self.result {
            write!(out, ", result {result:?}")?;
        }
        writeln!(out)
    }
}

/// Makes text from a ledger or file safe for a terminal: control characters, direction characters and line separators become `\u{…}`.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = character.is_control()
            || matches!(character,
                '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if hidden {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}
