//! What each verdict code means and what whoever meets it should do: one table, the same as in the specification.
//!
//! Codes are stable: a code keeps its meaning, and none is used again for another one.
//!
//! Spec: specs/verification.md §11.

use std::fmt::Write as _;

/// A verdict code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code, as in reports.
    pub code: &'static str,
    /// Number of the check that reports it.
    pub check: &'static str,
    /// What a counter-example under this code says.
    pub meaning: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

const fn code(check: &'static str, code: &'static str, meaning: &'static str, advice: &'static str) -> Code {
    Code {
        code,
        check,
        meaning,
        advice,
    }
}

const COPY: &str = "Fetch the folder again, from another mirror if there is one; if it stays, tell the publisher and keep both copies";
const TRUST: &str = "Compare the trust file with its other publications; do not take one from the folder or from its publisher alone";
const KEEP: &str =
    "Keep folder and trust file as evidence and publish both: the holder of the ledger key answers for it";
const SERVICE: &str =
    "Keep the folder as evidence: the service must never have taken this; ask the commission for an account";
const OFFICIAL: &str =
    "Ask the commission which official signed this, and why the service took it; the entry names the key";
const COMMISSION: &str = "Do not accept the result; the commission must say how the step came about and whether the event is repeated";
const BALLOT: &str = "Do not accept the count of this box; the service should have refused the ballot, and a recount must leave it out";
const TRUSTEE: &str =
    "Do not accept the result; the named trustee must act again, or another one in its place";
const RECOUNT: &str = "Do not accept the result; seal and count must be made again from the recorded ballots, under observation";
const ELECTED: &str = "Do not accept who is elected; the commission must give an account, and decide it again by the adopted rules and in public";
const REGISTRAR: &str = "Ask the registrar for an account; the roll must be right before anybody votes";
const ARCHIVE: &str = "Fetch the archive again, from where the election is published; if it stays, keep both copies and ask those who ran it";
const ARCHIVE_COUNT: &str = "Do not accept the result of this archive; ask those who ran the election, and keep the archive as evidence";
const RECEIPT: &str = "Ask the service for the receipt again; if it stays, keep it and complain";

const LOOK_AGAIN: &str = "Look again, and at another mirror if there is one; if it stays, tell the publisher and keep the state folder";
const BOOK: &str =
    "Keep the folder as evidence and ask chair and members of the station for their copy of its final state";
const PROTOCOL: &str = "Ask the commission for the protocol of the station and for the officer who signed; the entry names the key";
const EVIDENCE: &str = "Keep the files of evidence and publish them: they are signed, and the holder of the ledger key answers for them";

const JURISDICTION: &str =
    "Keep the folder as evidence and ask the commission of the jurisdiction for an account";
const AUTHORITY: &str =
    "Ask the public authority for an account; the register names the request by its number";
const OWNER: &str =
    "Ask the owner of the consultation for an account; the service must never have taken this";
const CONSULTED: &str = "Keep the folder as evidence: the service must never have taken this; ask the owner of the consultation for an account";
const MODERATOR: &str =
    "Ask the commission which moderator did this, and why the service took it; the entry names the key";
const UNFINISHED: &str =
    "Do not take the consultation for finished: ask the owner to publish a report that answers everything";
const LOG: &str = "Trust the ledger, not the log; ask the publisher why they differ";
const DATES: &str = "Do not rely on the dates of this register; the service must say how this came about";
const PAGE: &str = "Trust the ledgers and not the page: compute the view again and tell the publisher";

/// All verdict codes, by number of their check. The check's own code comes first, then the more precise ones.
pub const CODES: &[Code] = &[
    code(
        "2.1",
        "folder.layout",
        "the files of the folder could not all be judged",
        COPY,
    ),
    code(
        "2.1",
        "folder.missing",
        "a file that belongs to the folder is not there",
        COPY,
    ),
    code(
        "2.1",
        "folder.unexpected",
        "a file, link or folder is there that no published folder has",
        COPY,
    ),
    code(
        "2.2",
        "trust.file",
        "the election ledger that the trust file names is not in the folder",
        TRUST,
    ),
    code(
        "2.3",
        "trust.ledger",
        "a ledger of the trust file is missing, or has another id, kind, origin or key",
        TRUST,
    ),
    code(
        "2.4",
        "trust.checkpoint",
        "a ledger is shorter than a checkpoint of it that is known: an older state was published",
        KEEP,
    ),
    code(
        "2.4",
        "ledger.fork",
        "a ledger has another root at the size of a known checkpoint: its history was rewritten",
        KEEP,
    ),
    code(
        "2.5",
        "folder.restricted",
        "a restricted ledger lies in a public folder",
        "Tell the publisher at once and delete the copy: it may show who is on the roll",
    ),
    code("2.6", "folder.content", "a cited content cannot be read", COPY),
    code(
        "2.6",
        "content.missing",
        "a content that an event cites is not there",
        COPY,
    ),
    code(
        "2.6",
        "content.mismatch",
        "a content has another hash or length than the event cites",
        COPY,
    ),
    code(
        "2.6",
        "content.uncited",
        "a content is there that no event cites",
        COPY,
    ),
    code(
        "2.7",
        "since.prefix",
        "a ledger of the earlier report is gone, shorter, or has another history than it had then",
        "Keep the folder and the earlier report, and publish both with the checkpoints; do not continue from the report",
    ),
    code(
        "3.1",
        "ledger.checkpoint",
        "the checkpoint is missing, malformed, or not signed by the ledger key",
        COPY,
    ),
    code(
        "3.2",
        "ledger.tiles",
        "tiles, bundles and checkpoint do not follow from each other",
        COPY,
    ),
    code(
        "3.3",
        "entry.encoding",
        "an entry, body or payload is not in its one canonical form",
        SERVICE,
    ),
    code(
        "3.4",
        "ledger.genesis",
        "the first entry is no genesis, or not the one that the ledger's id stands for",
        KEEP,
    ),
    code(
        "3.5",
        "entry.chain",
        "a number is skipped, or an entry does not name the one before it: something was taken out or put in",
        KEEP,
    ),
    code(
        "3.6",
        "entry.time",
        "a time goes back, lies beyond the lag, or is impossible",
        SERVICE,
    ),
    code(
        "3.7",
        "entry.signature",
        "the signature of an entry's author does not hold",
        SERVICE,
    ),
    code(
        "3.8",
        "entry.ledger",
        "an entry was signed for another ledger",
        SERVICE,
    ),
    code(
        "3.9",
        "entry.nonce",
        "an author's nonce is used twice: an event was replayed",
        SERVICE,
    ),
    code(
        "3.10",
        "entry.seen",
        "an official signed upon another history, an old one, or at another time",
        OFFICIAL,
    ),
    code(
        "3.11",
        "entry.refs",
        "an event cites other ledgers than it must, or states of them that never were",
        KEEP,
    ),
    code(
        "3.12",
        "event.unknown",
        "an event type or version is unknown, or belongs to another kind of ledger",
        "Take the newest version of the verifier; if it does not know the event either, ask the commission",
    ),
    code(
        "3.13",
        "event.author",
        "the author does not hold the role at that position",
        OFFICIAL,
    ),
    code(
        "3.14",
        "event.grant",
        "a grant or revocation that the rules refuse",
        OFFICIAL,
    ),
    code(
        "3.15",
        "event.nonce",
        "a nonce, time or view of the service is not the one fixed by rule: it may carry a message",
        SERVICE,
    ),
    code(
        "4.1",
        "roll.order",
        "an event of the roll does not come next, or stands behind the freeze",
        REGISTRAR,
    ),
    code(
        "4.2",
        "roll.duplicate",
        "a voter or a commitment stands twice on the roll",
        REGISTRAR,
    ),
    code(
        "4.3",
        "roll.counts",
        "the frozen roll does not count the registrations",
        REGISTRAR,
    ),
    code(
        "4.4",
        "roll.credentials",
        "a credential list of the roll is not canonical, not sorted, or of another length",
        REGISTRAR,
    ),
    code(
        "4.5",
        "roll.definition",
        "the roll names no rule pack, or not the event's; or its polling day, window or holidays do not follow",
        REGISTRAR,
    ),
    code(
        "4.6",
        "roll.eligibility",
        "somebody was registered, corrected or kept without a check that found them eligible, or a check stands where it must not",
        REGISTRAR,
    ),
    code(
        "4.7",
        "roll.transfer",
        "a transfer does not lead from the voter's district to another one",
        REGISTRAR,
    ),
    code(
        "4.8",
        "roll.objection",
        "an objection, decision or extension outside its time, or a freeze before objections have ended",
        REGISTRAR,
    ),
    code(
        "5.1",
        "election.order",
        "an event of the election does not come next, or the event has not come to the required stage",
        COMMISSION,
    ),
    code(
        "5.2",
        "election.manifest",
        "the manifest is not canonical, not valid, or of an unknown format or suite",
        COMMISSION,
    ),
    code(
        "5.3",
        "election.ledgers",
        "a listed ledger has another kind or parent",
        COPY,
    ),
    code(
        "5.3",
        "election.omitted",
        "a ledger that the event lists is not in the folder: ballots may be missing",
        COPY,
    ),
    code(
        "5.3",
        "election.unlisted",
        "a ledger is in the folder that the event does not list",
        COPY,
    ),
    code(
        "5.4",
        "trustee.key",
        "a trustee does not prove knowledge of its key",
        TRUSTEE,
    ),
    code(
        "5.5",
        "trustee.record",
        "the election key is not that of the trustees together: somebody else may read the ballots",
        COMMISSION,
    ),
    code(
        "5.6",
        "election.record",
        "a box asks something else than the manifest, or under another key",
        COMMISSION,
    ),
    code(
        "5.7",
        "election.credentials",
        "a credential list is not canonical, too long, or not that of the frozen roll",
        REGISTRAR,
    ),
    code(
        "5.8",
        "election.anchor",
        "the anchored tally is not that of the sealed box",
        RECOUNT,
    ),
    code(
        "5.9",
        "trustee.share",
        "a share is not valid for the anchored tally, is the second of its trustee, or of a box that must not be decrypted",
        TRUSTEE,
    ),
    code(
        "5.10",
        "result.value",
        "the declared result does not follow from tally and shares",
        RECOUNT,
    ),
    code(
        "5.11",
        "paper.return",
        "a paper return or recount does not add up, has fewer papers than excluded voters, or a recount changes nothing or has no reason",
        "Ask the commission for the protocols of the stations; the return must be corrected before certification",
    ),
    code(
        "5.12",
        "view.digest",
        "a published view is not the one that follows from the ledgers",
        "Trust the ledgers and not the page: compute the view again and tell the publisher",
    ),
    code(
        "5.13",
        "ceremony.certificate",
        "a certificate of the key ceremony is not signed, for another place, or not fresh",
        TRUSTEE,
    ),
    code(
        "5.14",
        "ceremony.coefficients",
        "opened coefficients are not those that were committed to",
        TRUSTEE,
    ),
    code(
        "5.15",
        "ceremony.shares",
        "a trustee did not deal one share to each",
        TRUSTEE,
    ),
    code(
        "5.16",
        "ceremony.key",
        "a confirmed key does not follow from the coefficients, or the trustee saw another ceremony",
        TRUSTEE,
    ),
    code(
        "5.17",
        "ceremony.complaint",
        "a complaint does not disclose the secret that would prove it",
        TRUSTEE,
    ),
    code(
        "5.18",
        "election.certification",
        "a certification came before everything was published and decided, or by somebody who had not seen it all",
        COMMISSION,
    ),
    code(
        "5.19",
        "archive.bytes",
        "an archive is not the one that follows from the ledgers",
        "Trust the ledgers and not the archive: make it again from them",
    ),
    code(
        "5.20",
        "outcome.rules",
        "the rules that were adopted are not the event's, not valid, or manifest or roll do not agree with them",
        COMMISSION,
    ),
    code(
        "5.21",
        "outcome.order",
        "rules, a tie, a recount, a removal or an objection stand where or when they must not, or the poll opened without rules",
        ELECTED,
    ),
    code(
        "5.22",
        "outcome.tie",
        "a tie is decided that is none, in favour of others than those who are level, or not by the rule",
        ELECTED,
    ),
    code(
        "5.23",
        "outcome.candidate",
        "a candidate is removed who is none, for no cause or reason, or nobody would be left",
        ELECTED,
    ),
    code(
        "5.24",
        "outcome.objection",
        "a decision on an objection that was not filed or is decided already, or without a reason",
        "Do not accept the result yet; the commission must decide every objection once, with a public reason, before anybody certifies",
    ),
    code(
        "6.1",
        "box.order",
        "an event of a ballot box does not come next",
        COMMISSION,
    ),
    code(
        "6.2",
        "box.setup",
        "a box is set up otherwise than the election ledger says",
        COMMISSION,
    ),
    code(
        "6.3",
        "box.window",
        "something was opened, received or closed outside its time",
        COMMISSION,
    ),
    code(
        "6.4",
        "ballot.form",
        "a ballot is not canonical or not of the shape of its questions",
        BALLOT,
    ),
    code(
        "6.5",
        "ballot.election",
        "a ballot was made for another election",
        BALLOT,
    ),
    code(
        "6.6",
        "ballot.credential",
        "a ballot is by a credential that is not on the list",
        BALLOT,
    ),
    code(
        "6.7",
        "ballot.group",
        "a point of a ballot is not in the prime-order group, or neutral",
        BALLOT,
    ),
    code(
        "6.8",
        "ballot.signature",
        "a ballot is not signed by its credential",
        BALLOT,
    ),
    code(
        "6.9",
        "ballot.proof",
        "a proof does not hold: a ballot may have more or fewer votes than one may give",
        BALLOT,
    ),
    code(
        "6.10",
        "ballot.duplicate",
        "a ballot or a ciphertext stands twice",
        BALLOT,
    ),
    code(
        "6.11",
        "ballot.chain",
        "a re-vote does not replace the voter's latest ballot with a valid proof",
        BALLOT,
    ),
    code(
        "6.12",
        "ballot.audited",
        "an audited ballot was cast, or an audit is malformed",
        BALLOT,
    ),
    code(
        "6.13",
        "box.exclusions",
        "the exclusion list is not canonical, of another length, or names a stranger",
        REGISTRAR,
    ),
    code(
        "6.14",
        "box.counted",
        "other ballots count than those that should",
        RECOUNT,
    ),
    code(
        "6.15",
        "box.tally",
        "the encrypted tally is not the sum of the counted ballots",
        RECOUNT,
    ),
    code(
        "7.1",
        "receipt.form",
        "the receipt is not in its one canonical form",
        RECEIPT,
    ),
    code(
        "7.2",
        "receipt.ledger",
        "the receipt's checkpoint is not by a ledger of the trust file, or not signed by its key",
        RECEIPT,
    ),
    code(
        "7.3",
        "receipt.entry",
        "the receipt's entry is malformed, of another place, or not signed",
        RECEIPT,
    ),
    code(
        "7.4",
        "receipt.inclusion",
        "the receipt does not prove that the entry is under the checkpoint",
        RECEIPT,
    ),
    code(
        "7.5",
        "receipt.known",
        "the receipt could not be found again in the published ledger",
        "Fetch the folder again; a folder that is older than the receipt is no proof of anything",
    ),
    code(
        "7.5",
        "receipt.fork",
        "the receipt and what is published are two histories of one ledger: both are signed, so they prove a fork",
        "Keep the receipt and publish it with the checkpoint of the folder: the two convict the holder of the ledger key",
    ),
    code(
        "9.1",
        "archive.entry",
        "the file is not a sequence of entries of an archive: something is cut off, put in, or spelled otherwise",
        ARCHIVE,
    ),
    code(
        "9.2",
        "archive.name",
        "a record is not the one that its name is the hash of",
        ARCHIVE,
    ),
    code(
        "9.3",
        "archive.event",
        "an event is not canonical, or does not follow from those before it",
        ARCHIVE,
    ),
    code(
        "9.4",
        "archive.order",
        "an event or record does not come next, or the election has not come to the required stage",
        ARCHIVE,
    ),
    code(
        "9.5",
        "archive.election",
        "the election record or the setup data is not canonical, or not valid",
        ARCHIVE_COUNT,
    ),
    code(
        "9.6",
        "archive.trustees",
        "the trustees record is not canonical, or not valid",
        ARCHIVE_COUNT,
    ),
    code(
        "9.7",
        "archive.credentials",
        "the credential list is not canonical, not sorted, or has an element that is no credential",
        ARCHIVE_COUNT,
    ),
    code(
        "9.8",
        "archive.ballot",
        "a ballot is not valid; a more precise code of section 6 says why",
        ARCHIVE_COUNT,
    ),
    code(
        "9.9",
        "archive.duplicate",
        "a ballot or a ciphertext stands twice",
        ARCHIVE_COUNT,
    ),
    code(
        "9.10",
        "archive.tally",
        "the encrypted tally is not the sum of the ballots that count",
        ARCHIVE_COUNT,
    ),
    code(
        "9.11",
        "archive.share",
        "a partial decryption is not valid, of nobody, the second of its trustee, or missing",
        ARCHIVE_COUNT,
    ),
    code(
        "9.12",
        "archive.result",
        "the result does not follow from tally and partial decryptions",
        ARCHIVE_COUNT,
    ),
    code(
        "13.1",
        "watch.checkpoint",
        "the published checkpoint is malformed, of another ledger, or not signed by its key",
        LOOK_AGAIN,
    ),
    code(
        "13.2",
        "watch.gone",
        "a ledger that was published is not published any more",
        LOOK_AGAIN,
    ),
    code(
        "13.3",
        "watch.back",
        "the published checkpoint is smaller than one that is known: an old state was restored or is handed out",
        EVIDENCE,
    ),
    code(
        "13.4",
        "watch.fork",
        "two checkpoints of one size have different roots: together they prove that two histories were signed",
        EVIDENCE,
    ),
    code(
        "13.5",
        "watch.rewrite",
        "the published ledger does not continue the one that is known: entries were changed or removed",
        EVIDENCE,
    ),
    code(
        "13.6",
        "watch.tiles",
        "the published tiles are missing or do not give the root of the checkpoint",
        LOOK_AGAIN,
    ),
    code(
        "14.1",
        "calendar.order",
        "the calendar is not the one root, or an event stands before what defines it",
        JURISDICTION,
    ),
    code(
        "14.2",
        "calendar.definition",
        "names, time zone or weekly rest of the jurisdiction are not permitted values",
        JURISDICTION,
    ),
    code(
        "14.3",
        "calendar.fact",
        "a holiday contradicts those that stand, or changes what only an announcement can change",
        JURISDICTION,
    ),
    code(
        "14.4",
        "calendar.pack",
        "an adopted rule pack is not canonical, not valid, of another calendar, or adopted twice",
        JURISDICTION,
    ),
    code(
        "14.5",
        "calendar.register",
        "a register is listed twice, under a name in use, or with values that are not permitted",
        JURISDICTION,
    ),
    code(
        "14.6",
        "calendar.registers",
        "a listed register has another kind",
        COPY,
    ),
    code(
        "14.6",
        "calendar.omitted",
        "a register that the calendar lists is not in the folder: requests or comments may be missing",
        COPY,
    ),
    code(
        "14.6",
        "calendar.unlisted",
        "a register is in the folder that the calendar does not list",
        COPY,
    ),
    code(
        "14.7",
        "calendar.seen",
        "a register did not begin with the calendar, or went back to an older state of it",
        DATES,
    ),
    code(
        "14.8",
        "calendar.day",
        "a day was closed out of order or early, or without what the calendar said by then; or something stands before the day before it was closed",
        DATES,
    ),
    code(
        "14.9",
        "calendar.commitment",
        "a commitment stands twice, or to a content of a length that is not permitted",
        JURISDICTION,
    ),
    code(
        "14.10",
        "calendar.erasure",
        "an erasure was not ordered and confirmed by two persons, or names what is not there",
        JURISDICTION,
    ),
    code(
        "14.11",
        "calendar.view",
        "a published view names a view or size that there is not",
        PAGE,
    ),
    code("14.12", "calendar.openings", "an opening cannot be read", COPY),
    code(
        "14.12",
        "opening.missing",
        "a content that is published by the rules is not in the folder",
        COPY,
    ),
    code(
        "14.12",
        "opening.forbidden",
        "a content is in the folder that is closed, withheld or erased",
        "Tell the publisher at once and delete the copy: it may be somebody's personal data",
    ),
    code(
        "14.12",
        "opening.mismatch",
        "a content does not open its commitment: it was changed",
        COPY,
    ),
    code(
        "14.12",
        "opening.form",
        "a published text has characters or a length that are not permitted",
        JURISDICTION,
    ),
    code(
        "15.1",
        "foi.order",
        "an event stands on a request that does not exist or is not in the state for it, or before the register is defined",
        AUTHORITY,
    ),
    code(
        "15.2",
        "foi.definition",
        "a register runs under rules that were not adopted or are not valid, or continues another authority's",
        AUTHORITY,
    ),
    code(
        "15.3",
        "foi.request",
        "a letter, fee, ground or link has values that are not permitted, such as a receipt in the future",
        AUTHORITY,
    ),
    code(
        "15.4",
        "foi.clock",
        "a step that the clock refuses: an extension too many or after the due date, a second question, an answer to none",
        AUTHORITY,
    ),
    code(
        "15.5",
        "foi.third-party",
        "a third party's reply to no open consultation",
        AUTHORITY,
    ),
    code(
        "15.6",
        "foi.decision",
        "a document was decided without a valid outcome, or under an exemption that the rules do not have",
        AUTHORITY,
    ),
    code(
        "15.7",
        "foi.release",
        "something was released that was not decided for release, or withdrawn that was not released",
        AUTHORITY,
    ),
    code(
        "15.8",
        "foi.transfer",
        "a transfer was received that was not sent, twice, or sent and never received",
        AUTHORITY,
    ),
    code(
        "15.9",
        "foi.grievance",
        "a grievance outside its time, about nothing that is open to it, or decided twice",
        AUTHORITY,
    ),
    code(
        "15.10",
        "foi.officer",
        "a grievance was decided by somebody who acted on the request before",
        "Ask the public authority for a decision by another officer; this one does not count",
    ),
    code(
        "15.11",
        "foi.silence",
        "a missed due date, deemed refusal or abandonment is not on record, or one is that did not come about",
        DATES,
    ),
    code(
        "15.12",
        "foi.due-dates",
        "published due dates are not those that follow from the ledger",
        PAGE,
    ),
    code(
        "16.1",
        "consultation.order",
        "an event of the consultation does not come next, or stands behind the archive",
        OWNER,
    ),
    code(
        "16.2",
        "consultation.definition",
        "a consultation was defined with a window, settings or questions that are not valid",
        OWNER,
    ),
    code(
        "16.3",
        "consultation.settings",
        "a setting was changed that must not change any more, or the change does not state what was in force",
        OWNER,
    ),
    code(
        "16.4",
        "consultation.document",
        "a version of the document is not canonical, not the next one, or moves comments where nothing is",
        OWNER,
    ),
    code(
        "16.5",
        "consultation.participant",
        "a person has two voices, two persons have one key, or the service spoke for a person who can sign",
        CONSULTED,
    ),
    code(
        "16.6",
        "consultation.eligibility",
        "somebody took part whom the settings do not admit",
        CONSULTED,
    ),
    code(
        "16.7",
        "consultation.window",
        "a contribution was taken before or after the window",
        CONSULTED,
    ),
    code(
        "16.8",
        "consultation.clause",
        "a comment is hung on a clause, a wording or words that the document does not have",
        CONSULTED,
    ),
    code(
        "16.9",
        "consultation.comment",
        "a comment replies to what cannot be replied to, or was withdrawn by somebody else or twice",
        CONSULTED,
    ),
    code(
        "16.10",
        "consultation.moderation",
        "a comment was moderated without reason code, out of turn, or an appeal was decided by the moderator who had hidden it",
        MODERATOR,
    ),
    code(
        "16.11",
        "consultation.response",
        "a response is to no question, or its answers do not fit the questions",
        CONSULTED,
    ),
    code(
        "16.12",
        "consultation.answer",
        "an official answer names comments that are not there or not visible",
        OWNER,
    ),
    code(
        "16.13",
        "consultation.theme",
        "a theme is defined twice, or comments are assigned that are not there",
        OWNER,
    ),
    code(
        "16.14",
        "consultation.report",
        "the report leaves out a theme or a comment, or the consultation was archived without a full report",
        UNFINISHED,
    ),
    code(
        "16.15",
        "consultation.view",
        "a published moderation log is not the one that follows from the ledger",
        LOG,
    ),
    code(
        "20.1",
        "station.defined",
        "a station is not the one that was announced: its officers, list or rules differ, or it was not defined when the poll opened",
        COMMISSION,
    ),
    code(
        "20.2",
        "station.anchor",
        "the book of a station is not as long as the centre said, or was anchored out of order",
        BOOK,
    ),
    code(
        "20.3",
        "station.final",
        "the final state of a station is not signed by its chair and two members, or is not that of its closing protocol",
        BOOK,
    ),
    code(
        "20.4",
        "station.lost",
        "a book was declared lost without, or against, the rule of the law",
        COMMISSION,
    ),
    code(
        "20.5",
        "station.voters",
        "a voter stands on the lists of two stations, or on one that does not agree with the roll",
        REGISTRAR,
    ),
    code(
        "20.6",
        "station.order",
        "an event of a station does not come next",
        PROTOCOL,
    ),
    code(
        "20.7",
        "station.duty",
        "somebody acted at a station who was not on duty, or it was opened by fewer than three",
        PROTOCOL,
    ),
    code(
        "20.8",
        "station.window",
        "a station was opened, or somebody was checked in, outside its time",
        PROTOCOL,
    ),
    code(
        "20.9",
        "station.check-in",
        "somebody was checked in twice, without a document, or as somebody else than the list says",
        PROTOCOL,
    ),
    code(
        "20.10",
        "station.paper",
        "a paper was issued without a check-in, twice, by one officer alone, or without the envelope that it needs",
        PROTOCOL,
    ),
    code(
        "20.11",
        "station.look-up",
        "a paper was issued on an old look-up, or to somebody who had voted digitally",
        PROTOCOL,
    ),
    code(
        "20.12",
        "station.counts",
        "the closing protocol does not count what the station recorded",
        PROTOCOL,
    ),
    code(
        "20.13",
        "station.decided",
        "a paper was disputed or decided that could not be, or an envelope was admitted of somebody who has another paper",
        COMMISSION,
    ),
    code(
        "20.14",
        "station.exclusions",
        "a digital ballot was excluded without a paper, or counts beside one, or a box went on while a book was missing",
        "Do not accept the count of this box; registrar and commission must account for every paper and every exclusion",
    ),
    code(
        "20.15",
        "station.return",
        "the paper return of a station does not follow from its book, or a mismatch was resolved that is none",
        "Ask the commission for the protocols of the stations; the return must be corrected before certification",
    ),
];

/// The explanation of a code, for people; `None` if there is no such code.
#[must_use]
pub fn explain(code: &str) -> Option<String> {
    let found = CODES.iter().find(|known| known.code == code)?;
    let Code {
        code,
        check,
        meaning,
        advice,
    } = found;
    Some(format!(
        "{code} (check {check}): {meaning}.\nWhat to do: {advice}.\n"
    ))
}

/// A code, or all, as one line of JSON; `None` if there is no such code.
pub(crate) fn to_json(code: Option<&str>) -> Option<String> {
    let rows: Vec<_> = CODES
        .iter()
        .filter(|known| code.is_none_or(|code| known.code == code))
        .map(|known| {
            serde_json::json!({
                "code": known.code,
                "check": known.check,
                "meaning": known.meaning,
                "advice": known.advice,
            })
        })
        .collect();
    (!rows.is_empty()).then(|| format!("{}\n", serde_json::json!({ "codes": rows })))
}

/// All codes with their meanings, a line each.
pub(crate) fn list() -> String {
    let mut out = String::new();
    for code in CODES {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:>4}  {:<22} {}", code.check, code.code, code.meaning);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::check::Check;

    #[test]
    fn the_table_is_that_of_the_specification() {
        let spec = include_str!("../../../specs/verification.md");
        let section = spec.split("## 11. ").nth(1).unwrap();
        let rows: Vec<Vec<&str>> = section
            .lines()
            .take_while(|line| !line.starts_with("## "))
            .filter_map(|line| {
                Some(
                    line.strip_prefix("| ")?
                        .strip_suffix(" |")?
                        .split(" | ")
                        .collect(),
                )
            })
            .filter(|row: &Vec<&str>| row[0].starts_with('`'))
            .collect();
        let ours: Vec<Vec<String>> = CODES
            .iter()
            .map(|code| {
                vec![
                    format!("`{}`", code.code),
                    code.check.to_owned(),
                    code.meaning.to_owned(),
                    code.advice.to_owned(),
                ]
            })
            .collect();
        assert_eq!(rows, ours);
    }

    #[test]
    fn every_check_has_its_code_and_no_code_stands_twice() {
        let codes: BTreeSet<&str> = CODES.iter().map(|code| code.code).collect();
        assert_eq!(codes.len(), CODES.len());
        for check in Check::ALL {
            let own = CODES.iter().find(|code| code.code == check.code());
            assert_eq!(
                own.map(|code| code.check),
                Some(check.number()),
                "{}",
                check.code()
            );
        }
        for code in CODES {
            assert!(
                Check::ALL.iter().any(|check| check.number() == code.check),
                "{}",
                code.code
            );
        }
        assert!(explain("receipt.fork").unwrap().contains("two histories"));
        assert_eq!(explain("receipt.spoon"), None);
    }

    /// Codes that stand as literals in the source are codes of the table.
    #[test]
    fn no_other_code_is_ever_reported() {
        let sources = [
            include_str!("contents.rs"),
            include_str!("event.rs"),
            include_str!("jurisdiction.rs"),
            include_str!("layout.rs"),
            include_str!("receipt.rs"),
            include_str!("bel/ballots.rs"),
            include_str!("bel/setup.rs"),
            include_str!("bel/steps.rs"),
        ];
        let mut found = 0;
        for literal in sources
            .iter()
            .flat_map(|source| source.split('"').skip(1).step_by(2))
        {
            let is_code = literal.split_once('.').is_some_and(|(group, what)| {
                CODES
                    .iter()
                    .any(|code| code.code.split('.').next() == Some(group))
                    && what.bytes().all(|b| b.is_ascii_lowercase())
            });
            if is_code {
                found += 1;
                assert!(CODES.iter().any(|code| code.code == literal), "{literal}");
            }
        }
        assert!(
            found >= 8,
            "{found} literals are too few: the codes are written otherwise now"
        );
    }
}
