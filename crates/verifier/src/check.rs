//! The numbered checks and what came of each.
//!
//! [`Check`] has one variant for each number of specs/verification.md. [`Checks`] collects outcomes on one thread: workers return their
//! outcomes and every one of them is counted here, in ledger order, so a report does not depend on the number of threads and no error
//! can be lost between them.
//!
//! Spec: specs/verification.md §1 to §7.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use crate::progress::Progress;
use crate::report::{CheckResult, CheckVerdict, CounterExample, escape};

/// Counter-examples kept for each check.
const MAX_EXAMPLES: usize = 8;
/// Different reasons kept for each check.
const MAX_NOTES: usize = 8;

macro_rules! checks {
    ($($variant:ident $number:literal $code:literal $title:literal;)*) => {
        /// A numbered check of the verification specification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Check {
            $(#[doc = $title] $variant,)*
        }

        impl Check {
            /// All checks in the order of their numbers.
            pub(crate) const ALL: &'static [Check] = &[$(Check::$variant,)*];

            pub(crate) fn number(self) -> &'static str {
                match self { $(Check::$variant => $number,)* }
            }

            pub(crate) fn code(self) -> &'static str {
                match self { $(Check::$variant => $code,)* }
            }

            pub(crate) fn title(self) -> &'static str {
                match self { $(Check::$variant => $title,)* }
            }
        }
    };
}

checks! {
    FolderLayout "2.1" "folder.layout" "the folder has exactly the files of its ledgers";
    TrustFile "2.2" "trust.file" "the trust file names the election ledger";
    TrustLedger "2.3" "trust.ledger" "every trusted ledger is here with its id, kind, origin and key";
    TrustCheckpoint "2.4" "trust.checkpoint" "known checkpoints are part of the ledgers";
    FolderRestricted "2.5" "folder.restricted" "no restricted ledger is in a public folder";
    FolderContent "2.6" "folder.content" "every cited content is here, and nothing else";
    SincePrefix "2.7" "since.prefix" "every ledger of the earlier report continues what it was";
    LedgerCheckpoint "3.1" "ledger.checkpoint" "checkpoints are canonical and signed by the ledger key";
    LedgerTiles "3.2" "ledger.tiles" "tiles and bundles follow from the entries, the root is the checkpoint's";
    EntryEncoding "3.3" "entry.encoding" "entries, bodies and payloads are canonical";
    LedgerGenesis "3.4" "ledger.genesis" "the genesis is well formed and gives the ledger its id";
    EntryChain "3.5" "entry.chain" "entries are numbered without gap and chained by hash";
    EntryTime "3.6" "entry.time" "times keep their order and bounds";
    EntrySignature "3.7" "entry.signature" "every body is signed by its author";
    EntryLedger "3.8" "entry.ledger" "every body names this ledger";
    EntryNonce "3.9" "entry.nonce" "no author uses a nonce twice";
    EntrySeen "3.10" "entry.seen" "officials signed what they had seen, and recently";
    EntryRefs "3.11" "entry.refs" "refs are those of the catalogue and agree with the ledgers they cite";
    EventUnknown "3.12" "event.unknown" "event types and versions are known and belong to the ledger";
    EventAuthor "3.13" "event.author" "authors hold the role at that position";
    EventGrant "3.14" "event.grant" "grants and revocations follow the rules";
    EventNonce "3.15" "event.nonce" "service bodies have the nonces, times and views fixed by rule";
    RollOrder "4.1" "roll.order" "the roll follows its state machine";
    RollDuplicate "4.2" "roll.duplicate" "no voter or commitment stands twice on the roll";
    RollCounts "4.3" "roll.counts" "the freeze has the right districts and counts";
    RollCredentials "4.4" "roll.credentials" "credential lists of the roll are canonical and complete";
    RollDefinition "4.5" "roll.definition" "the roll is governed by the event's rule pack, its days follow from it";
    RollEligibility "4.6" "roll.eligibility" "registrations and corrections rest on eligible checks";
    RollTransfer "4.7" "roll.transfer" "transfers lead from the voter's district to another one";
    RollObjection "4.8" "roll.objection" "objections, decisions and extensions are at their times, and ended before the freeze";
    ElectionOrder "5.1" "election.order" "the election follows its state machine up to the required stage";
    ElectionManifest "5.2" "election.manifest" "the manifest is canonical and valid";
    ElectionLedgers "5.3" "election.ledgers" "exactly the listed ledgers are here";
    TrusteeKey "5.4" "trustee.key" "trustees prove knowledge of their keys";
    TrusteeRecord "5.5" "trustee.record" "the election key is the sum of the trustees' keys";
    ElectionRecord "5.6" "election.record" "election records follow from manifest and trustees";
    ElectionCredentials "5.7" "election.credentials" "credential lists are canonical and no longer than the roll";
    ElectionAnchor "5.8" "election.anchor" "anchored tallies are those of the boxes";
    TrusteeShare "5.9" "trustee.share" "shares are valid for the anchored tallies";
    ResultValue "5.10" "result.value" "results follow from tallies and shares";
    PaperReturn "5.11" "paper.return" "paper returns add up";
    ViewDigest "5.12" "view.digest" "published views are those computed from the ledgers";
    CeremonyCertificate "5.13" "ceremony.certificate" "certificates of the key ceremony are signed, for their place, and fresh";
    CeremonyCoefficients "5.14" "ceremony.coefficients" "coefficients are those that were committed to";
    CeremonyShares "5.15" "ceremony.shares" "every trustee dealt a share to each";
    CeremonyKey "5.16" "ceremony.key" "confirmed keys follow from the coefficients";
    CeremonyComplaint "5.17" "ceremony.complaint" "complaints disclose the secret that proves them";
    ElectionCertification "5.18" "election.certification" "those who certified had seen everything that they certified";
    ArchiveBytes "5.19" "archive.bytes" "archives are those that follow from the ledgers";
    OutcomeRules "5.20" "outcome.rules" "the adopted rules are the event's, and manifest and roll agree with them";
    OutcomeOrder "5.21" "outcome.order" "ties, recounts, removals and objections to results are at their places and times";
    OutcomeTie "5.22" "outcome.tie" "ties are decided among those who are level, by the rule";
    OutcomeCandidate "5.23" "outcome.candidate" "candidates are removed for a cause, and one is left for every question";
    OutcomeObjection "5.24" "outcome.objection" "objections to results are decided once, with a reason";
    BoxOrder "6.1" "box.order" "boxes follow their state machine";
    BoxSetup "6.2" "box.setup" "boxes are set up as the election ledger says";
    BoxWindow "6.3" "box.window" "openings, ballots, audits and closes are at their times";
    BallotForm "6.4" "ballot.form" "ballots are canonical and of the shape of their questions";
    BallotElection "6.5" "ballot.election" "ballots are for this election";
    BallotCredential "6.6" "ballot.credential" "ballots are by credentials of the list";
    BallotGroup "6.7" "ballot.group" "every point is in the prime-order subgroup and not neutral";
    BallotSignature "6.8" "ballot.signature" "ballots are signed by their credential";
    BallotProof "6.9" "ballot.proof" "all proofs of well-formedness hold";
    BallotDuplicate "6.10" "ballot.duplicate" "no ballot or ciphertext stands twice";
    BallotChain "6.11" "ballot.chain" "re-votes form a chain with valid proofs";
    BallotAudited "6.12" "ballot.audited" "audited ballots are absent from the boxes";
    BoxExclusions "6.13" "box.exclusions" "exclusion lists are canonical and of this box";
    BoxCounted "6.14" "box.counted" "the counted ballots are the right ones";
    BoxTally "6.15" "box.tally" "encrypted tallies are the sums of the counted ballots";
    ReceiptForm "7.1" "receipt.form" "the receipt is canonical";
    ReceiptLedger "7.2" "receipt.ledger" "the receipt's checkpoint is by a trusted ledger";
    ReceiptEntry "7.3" "receipt.entry" "the receipt's entry is well formed and signed";
    ReceiptInclusion "7.4" "receipt.inclusion" "the entry is included under the checkpoint";
    ReceiptKnown "7.5" "receipt.known" "the receipt agrees with what else is known of the ledger";
    ArchiveEntry "9.1" "archive.entry" "headers and padding are those of an archive, from the first byte to the last";
    ArchiveName "9.2" "archive.name" "every record is named by its hash";
    ArchiveEvent "9.3" "archive.event" "events are canonical and chained by hash";
    ArchiveOrder "9.4" "archive.order" "events and records are in order, up to the required stage";
    ArchiveElection "9.5" "archive.election" "the election record is canonical and valid";
    ArchiveTrustees "9.6" "archive.trustees" "trustees prove their keys, and the election key is theirs";
    ArchiveCredentials "9.7" "archive.credentials" "the credential list is canonical and in the group";
    ArchiveBallot "9.8" "archive.ballot" "ballots are canonical, by listed credentials, signed and proved";
    ArchiveDuplicate "9.9" "archive.duplicate" "no ballot or ciphertext stands twice";
    ArchiveTally "9.10" "archive.tally" "the encrypted tally is the sum of the ballots that count";
    ArchiveShare "9.11" "archive.share" "partial decryptions are valid for the tally, and enough";
    ArchiveResult "9.12" "archive.result" "the result follows from tally and partial decryptions";
    WatchCheckpoint "13.1" "watch.checkpoint" "published checkpoints are canonical, of the trusted ledger, and signed by its key";
    WatchGone "13.2" "watch.gone" "what was published stays published";
    WatchBack "13.3" "watch.back" "ledgers never become shorter";
    WatchFork "13.4" "watch.fork" "a ledger has one root at each size";
    WatchRewrite "13.5" "watch.rewrite" "a longer ledger continues the shorter one";
    WatchTiles "13.6" "watch.tiles" "the published tiles give the root of the checkpoint";
    CalendarOrder "14.1" "calendar.order" "the calendar is the one root, and begins with what defines it";
    CalendarDefinition "14.2" "calendar.definition" "names, time zone and weekly rest are permitted values";
    CalendarFact "14.3" "calendar.fact" "holidays follow one another by the rules";
    CalendarPack "14.4" "calendar.pack" "adopted packs are canonical, valid, of this calendar, and adopted once";
    CalendarRegister "14.5" "calendar.register" "registers are listed once, under their own names";
    CalendarRegisters "14.6" "calendar.registers" "exactly the listed registers are here";
    CalendarSeen "14.7" "calendar.seen" "registers began with the calendar, and never went back";
    CalendarDay "14.8" "calendar.day" "days are closed in order, knowing all that was said by then";
    CalendarCommitment "14.9" "calendar.commitment" "commitments are distinct and of permitted lengths";
    CalendarErasure "14.10" "calendar.erasure" "erasures are ordered and confirmed by two";
    CalendarView "14.11" "calendar.view" "published views are of names and sizes that exist";
    CalendarOpenings "14.12" "calendar.openings" "what is published opens its commitment, and nothing else is here";
    FoiOrder "15.1" "foi.order" "events stand on requests that exist and are in the state for them";
    FoiDefinition "15.2" "foi.definition" "registers run under adopted packs that are valid";
    FoiRequest "15.3" "foi.request" "letters, fees, grounds and links have permitted values";
    FoiClock "15.4" "foi.clock" "no step is one that the clock refuses";
    FoiThirdParty "15.5" "foi.third-party" "third parties reply to consultations that are open";
    FoiDecision "15.6" "foi.decision" "documents are decided with an outcome, and by exemptions of the pack";
    FoiRelease "15.7" "foi.release" "what is released was decided for release";
    FoiTransfer "15.8" "foi.transfer" "transfers are received once by the register that they name, and none is lost";
    FoiGrievance "15.9" "foi.grievance" "grievances are filed in time and decided once";
    FoiOfficer "15.10" "foi.officer" "grievances are decided by somebody who did nothing else on the request";
    FoiSilence "15.11" "foi.silence" "behind each closed day stands what the clock brought about";
    FoiDueDates "15.12" "foi.due-dates" "published due dates follow from the ledger";
    ConsultationOrder "16.1" "consultation.order" "consultations begin with their definition, and end with the archive";
    ConsultationDefinition "16.2" "consultation.definition" "consultations are defined with valid settings and questions, not in the past";
    ConsultationSettings "16.3" "consultation.settings" "changes of settings state what was in force, and take nothing back that was relied on";
    ConsultationDocument "16.4" "consultation.document" "versions of documents are numbered, canonical and in the languages of the consultation";
    ConsultationParticipant "16.5" "consultation.participant" "one person has one voice, one key is one person's, and nobody is spoken for who can sign";
    ConsultationEligibility "16.6" "consultation.eligibility" "whoever takes part is admitted by the settings in force";
    ConsultationWindow "16.7" "consultation.window" "comments and responses are in their windows";
    ConsultationClause "16.8" "consultation.clause" "comments on clauses name the latest version, a clause of it and words that stand there";
    ConsultationComment "16.9" "consultation.comment" "replies stand under visible comments, and authors withdraw their own";
    ConsultationModeration "16.10" "consultation.moderation" "hidings, restorations and appeals follow one another, and another moderator decides";
    ConsultationResponse "16.11" "consultation.response" "responses are to questions, and published answers fit them";
    ConsultationAnswer "16.12" "consultation.answer" "official answers name visible comments";
    ConsultationTheme "16.13" "consultation.theme" "themes are defined once, and comments are assigned that are there";
    ConsultationReport "16.14" "consultation.report" "reports answer every theme and leave out no counted comment";
    ConsultationView "16.15" "consultation.view" "published moderation logs follow from the ledger";
    StationDefined "20.1" "station.defined" "stations are those that were announced, their officers those that the ledger names";
    StationAnchor "20.2" "station.anchor" "books of stations are as long as the centre says";
    StationFinal "20.3" "station.final" "final states are signed by chair and members, and those of the closing protocols";
    StationLost "20.4" "station.lost" "books are declared lost by the rules";
    StationVoters "20.5" "station.voters" "lists of voters are disjoint and agree with the roll";
    StationOrder "20.6" "station.order" "stations follow their state machine";
    StationDuty "20.7" "station.duty" "officers act on duty, and three of them open";
    StationWindow "20.8" "station.window" "stations open, and check in, at their times";
    StationCheckIn "20.9" "station.check-in" "everybody was checked in once, by a document, as the list says";
    StationPaper "20.10" "station.paper" "papers are issued to those who were checked in, by two officers where a ballot is excluded";
    StationLookUp "20.11" "station.look-up" "nobody who had voted digitally was given a paper, where the first vote is final";
    StationCounts "20.12" "station.counts" "closing protocols count what the stations recorded";
    StationDecided "20.13" "station.decided" "disputes and decisions are of papers that need one, and nobody is admitted twice";
    StationExclusions "20.14" "station.exclusions" "exactly those whose papers count are excluded, and no box is sealed before all books are known";
    StationReturn "20.15" "station.return" "paper returns of stations follow from their books, and mismatches are resolved";
}

/// Where something was found.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    ledger: Option<[u8; 32]>,
    seq: Option<u64>,
}

impl Place {
    pub(crate) fn nowhere() -> Place {
        Place::default()
    }

    pub(crate) fn ledger(id: [u8; 32]) -> Place {
        Place {
            ledger: Some(id),
            seq: None,
        }
    }

    /// An entry of an archive.
    pub(crate) fn of_file(seq: u64) -> Place {
        Place {
            ledger: None,
            seq: Some(seq),
        }
    }

    pub(crate) fn entry(id: [u8; 32], seq: u64) -> Place {
        Place {
            ledger: Some(id),
            seq: Some(seq),
        }
    }
}

#[derive(Debug, Default)]
struct Record {
    looked_at: u64,
    failed: u64,
    skipped: u64,
    examples: Vec<CounterExample>,
    reasons: Vec<String>,
    limits: Vec<String>,
    spent: Duration,
}

/// Outcomes of all checks of one run.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    records: BTreeMap<Check, Record>,
    progress: Arc<Progress>,
}

impl Checks {
    /// Checks that apply to this command; each is reported even if it looks at nothing.
    pub(crate) fn new(applicable: impl IntoIterator<Item = Check>) -> Checks {
        Checks {
            records: applicable
                .into_iter()
                .map(|check| (check, Record::default()))
                .collect(),
            progress: Arc::default(),
        }
    }

    /// Reports a check even if it looks at nothing.
    pub(crate) fn apply(&mut self, check: Check) {
        self.record(check);
    }

    /// The same, counting how far the run has come.
    pub(crate) fn watched(self, progress: &Arc<Progress>) -> Checks {
        Checks {
            progress: Arc::clone(progress),
            ..self
        }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn pass(&mut self, check: Check) {
        self.pass_many(check, 1);
    }

    pub(crate) fn pass_many(&mut self, check: Check, objects: u64) {
        let record = self.record(check);
        record.looked_at = record.looked_at.saturating_add(objects);
    }

    pub(crate) fn fail(&mut self, check: Check, place: Place, detail: impl Display) {
        self.fail_as(check, check.code(), place, detail);
    }

    /// A failure of `check` under a more precise code.
    pub(crate) fn fail_as(&mut self, check: Check, code: &'static str, place: Place, detail: impl Display) {
        let record = self.record(check);
        record.looked_at = record.looked_at.saturating_add(1);
        record.failed = record.failed.saturating_add(1);
        if record.examples.len() < MAX_EXAMPLES {
            record.examples.push(CounterExample {
                code,
                ledger: place.ledger.map(hex::encode),
                seq: place.seq,
                detail: escape(&detail.to_string()),
            });
        }
    }

    pub(crate) fn outcome(&mut self, check: Check, place: Place, outcome: Result<(), impl Display>) {
        match outcome {
            Ok(()) => self.pass(check),
            Err(detail) => self.fail(check, place, detail),
        }
    }

    /// Passes if `holds`, else fails with `detail`. Says which it was.
    pub(crate) fn require(&mut self, check: Check, place: Place, holds: bool, detail: &str) -> bool {
        self.outcome(check, place, if holds { Ok(()) } else { Err(detail) });
        holds
    }

    /// Something that should have been looked at could not be, because of an earlier failure.
    pub(crate) fn skip(&mut self, check: Check, reason: impl Display) {
        let record = self.record(check);
        record.skipped = record.skipped.saturating_add(1);
        keep(&mut record.reasons, reason);
    }

    /// Something lies beyond the profile or the command.
    pub(crate) fn limit(&mut self, check: Check, reason: impl Display) {
        keep(&mut self.record(check).limits, reason);
    }

    pub(crate) fn spent(&mut self, check: Check, time: Duration) {
        let record = self.record(check);
        record.spent = record.spent.saturating_add(time);
    }

    pub(crate) fn failed(&self, check: Check) -> bool {
        self.records.get(&check).is_some_and(|record| record.failed > 0)
    }

    /// Failures and omissions so far, of all checks.
    pub(crate) fn troubles(&self) -> u64 {
        let troubles = self.records.values().map(|r| r.failed.saturating_add(r.skipped));
        troubles.fold(0, u64::saturating_add)
    }

    pub(crate) fn results(&self) -> Vec<CheckResult> {
        self.records
            .iter()
            .map(|(check, record)| CheckResult {
                number: check.number(),
                code: check.code(),
                title: check.title(),
                verdict: record.verdict(),
                looked_at: record.looked_at,
                failed: record.failed,
                counter_examples: record.examples.clone(),
                not_established: record.reasons.iter().chain(&record.limits).cloned().collect(),
                within_scope: record.failed == 0 && record.skipped == 0,
                millis: u64::try_from(record.spent.as_millis()).unwrap_or(u64::MAX),
            })
            .collect()
    }

    fn record(&mut self, check: Check) -> &mut Record {
        self.records.entry(check).or_default()
    }
}

impl Record {
    fn verdict(&self) -> CheckVerdict {
        if self.failed > 0 {
            CheckVerdict::Fail
        } else if self.skipped > 0 {
            CheckVerdict::NotEstablished
        } else if self.looked_at > 0 {
            CheckVerdict::Pass
        } else if self.limits.is_empty() {
            CheckVerdict::Empty
        } else {
            CheckVerdict::NotEstablished
        }
    }
}

fn keep(notes: &mut Vec<String>, note: impl Display) {
    let note = escape(&note.to_string());
    if notes.len() < MAX_NOTES && !notes.contains(&note) {
        notes.push(note);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_checks_are_those_of_the_specification() {
        let spec = include_str!("../../../specs/verification.md");
        let rows: BTreeSet<(&str, &str)> = spec
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix("| ")?.split(" | ");
                let number = cells.next()?;
                let code = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
                number
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then_some((number, code))
            })
            .collect();
        assert!(rows.len() > 50, "the specification has its tables");
        let ours: BTreeSet<(&str, &str)> = Check::ALL.iter().map(|c| (c.number(), c.code())).collect();
        assert_eq!(ours, rows);
        assert_eq!(ours.len(), Check::ALL.len());
    }

    #[test]
    fn a_skip_or_failure_is_never_a_pass() {
        let mut checks = Checks::new([Check::BallotForm, Check::BallotProof, Check::RollOrder]);
        checks.pass(Check::BallotForm);
        for i in 0..100 {
            checks.fail(
                Check::BallotForm,
                Place::entry([1; 32], i),
                "bad\u{202e}\u{1b}[31m",
            );
        }
        checks.pass(Check::BallotProof);
        checks.skip(Check::BallotProof, "earlier failure");
        let results = checks.results();
        let verdicts: Vec<_> = results.iter().map(|r| r.verdict).collect();
        assert_eq!(
            verdicts,
            [
                CheckVerdict::Empty,
                CheckVerdict::Fail,
                CheckVerdict::NotEstablished
            ]
        );
        assert_eq!(results[1].failed, 100);
        assert_eq!(results[1].counter_examples.len(), MAX_EXAMPLES);
        assert_eq!(results[1].counter_examples[0].detail, "bad\\u{202e}\\u{1b}[31m");
    }
}
