//! The event catalogue: payloads, who may author them, which refs they carry, which nonces are fixed.
//!
//! Spec: specs/events.md.

mod consultation;
mod registers;

use crate::hash::{first_16, sha256};
use crate::json::MAX_INTEGER;
use crate::reader::{DecodeError, Reader};
use crate::wire::{Body, Genesis, Grant, Kind, Role, consequence_nonce, is_short_id, service_nonce};

pub(crate) use consultation::{
    Comment, ConsultationEvent, Move, OnClause, Outcome, Pair, Question, Settings, Standing,
};
pub(crate) use registers::{Committed, DocumentDecision, Field, RegisterEvent};

/// Largest content, bytes.
const MAX_CONTENT_BYTES: u64 = 268_435_456;

/// A citation of a content file. Spec: specs/ledger.md §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ContentRef {
    pub(crate) sha256: [u8; 32],
    pub(crate) length: u64,
}

impl ContentRef {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<ContentRef, DecodeError> {
        let content = ContentRef {
            sha256: r.array()?,
            length: r.u64()?,
        };
        if content.length > MAX_CONTENT_BYTES {
            return Err(DecodeError::Rule(
                "a content is cited with a length beyond the limit",
            ));
        }
        Ok(content)
    }

    /// The citation that these bytes would have.
    pub(crate) fn of(bytes: &[u8]) -> ContentRef {
        ContentRef {
            sha256: sha256(&[bytes]),
            length: bytes.len() as u64,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DistrictRoll {
    pub(crate) district: String,
    pub(crate) eligible: u64,
    pub(crate) holders: u64,
    pub(crate) credentials: ContentRef,
}

/// The announcement of the preliminary roll, and the last day for objections to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) opens_ms: u64,
    pub(crate) last_day: u32,
}

/// Spec: specs/roll.md §1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RollDefined {
    pub(crate) pack: ContentRef,
    pub(crate) holidays: Option<ContentRef>,
    pub(crate) polling_day: u32,
    pub(crate) objections: Option<Window>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedLedger {
    pub(crate) ledger: [u8; 32],
    pub(crate) kind: u16,
    pub(crate) visibility: u8,
    pub(crate) district: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoxDefined {
    pub(crate) district: String,
    pub(crate) ledger: [u8; 32],
    pub(crate) election: ContentRef,
    pub(crate) credentials: ContentRef,
    pub(crate) eligible: u64,
    pub(crate) holders: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TallyAnchored {
    pub(crate) ledger: [u8; 32],
    pub(crate) sealed_size: u64,
    pub(crate) counted: u64,
    pub(crate) encrypted_tally: ContentRef,
    pub(crate) sized_tally: ContentRef,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaperReturned {
    pub(crate) ledger: [u8; 32],
    pub(crate) issued: u64,
    pub(crate) valid: u64,
    pub(crate) invalid: u64,
    pub(crate) spoilt: u64,
    pub(crate) counts: Vec<Vec<u64>>,
}

impl PaperReturned {
    fn decode(r: &mut Reader<'_>) -> Result<PaperReturned, DecodeError> {
        Ok(PaperReturned {
            ledger: r.array()?,
            issued: r.u64()?,
            valid: r.u64()?,
            invalid: r.u64()?,
            spoilt: r.u64()?,
            counts: r.list(|r| r.list(Reader::u64))?,
        })
    }
}

/// Spec: specs/outcome.md §3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TieDecided<'a> {
    pub(crate) ledger: [u8; 32],
    pub(crate) question: u16,
    pub(crate) elected: Vec<u16>,
    pub(crate) rule: u8,
    pub(crate) by: Vec<&'a str>,
    pub(crate) reason: &'a str,
}

/// Spec: specs/outcome.md §5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CandidateRemoved<'a> {
    pub(crate) district: &'a str,
    pub(crate) question: u16,
    pub(crate) answer: u16,
    pub(crate) cause: u8,
    pub(crate) reason: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoxPrepared {
    pub(crate) district: String,
    pub(crate) election: ContentRef,
    pub(crate) trustees: ContentRef,
    pub(crate) credentials: ContentRef,
    pub(crate) opens_ms: u64,
    pub(crate) closes_ms: u64,
    pub(crate) grace_ms: u64,
    pub(crate) revote: bool,
    pub(crate) min_ballots: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replaces {
    pub(crate) ballot_hash: [u8; 32],
    pub(crate) challenge: [u8; 32],
    pub(crate) response: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoxSealed {
    pub(crate) cause: [u8; 32],
    pub(crate) counted: u64,
    pub(crate) counted_digest: [u8; 32],
    pub(crate) encrypted_tally: ContentRef,
    pub(crate) sized_tally: ContentRef,
}

/// Spec: specs/station.md §1.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StationDefined {
    pub(crate) station: String,
    pub(crate) name_en: String,
    pub(crate) name_ar: String,
    pub(crate) ledger: [u8; 32],
    pub(crate) districts: Vec<String>,
    pub(crate) online: bool,
    pub(crate) queue_ms: u64,
    pub(crate) pack: [u8; 32],
    pub(crate) voters: [u8; 32],
    pub(crate) count: u64,
    pub(crate) chair: [u8; 32],
    pub(crate) members: Vec<[u8; 32]>,
}

/// What a closing protocol counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StationCounts {
    pub(crate) received: u64,
    pub(crate) checked_in: u64,
    pub(crate) issued: u64,
    pub(crate) spoilt: u64,
    pub(crate) envelopes: u64,
    pub(crate) unused: u64,
}

/// A signature beside the one of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) key: [u8; 32],
    pub(crate) signature: [u8; 64],
}

/// Spec: specs/station.md §2.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StationFinal {
    pub(crate) ledger: [u8; 32],
    pub(crate) size: u64,
    pub(crate) counts: StationCounts,
    pub(crate) signatures: Vec<Signed>,
}

/// Spec: specs/station.md §9.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StationReturned {
    pub(crate) ledger: [u8; 32],
    pub(crate) district: String,
    pub(crate) issued: u64,
    pub(crate) valid: u64,
    pub(crate) invalid: u64,
    pub(crate) spoilt: u64,
    pub(crate) counts: Vec<Vec<u64>>,
}

/// Spec: specs/station.md §5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaperIssued {
    pub(crate) check_in: u64,
    pub(crate) envelope: Option<u64>,
    pub(crate) replaces: Option<u64>,
    pub(crate) second: Option<Signed>,
}

/// A decoded payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    Genesis(Genesis),
    RoleGranted(Grant),
    RoleRevoked(Grant),
    VoterRegistered {
        pseudonym: [u8; 32],
        district: &'a str,
    },
    CredentialCommitted {
        pseudonym: [u8; 32],
        commitment: [u8; 32],
    },
    RollFrozen {
        districts: Vec<DistrictRoll>,
    },
    RollDefined(RollDefined),
    EligibilityChecked {
        pseudonym: [u8; 32],
        purpose: u8,
        eligible: bool,
    },
    VoterTransferred {
        pseudonym: [u8; 32],
        from: &'a str,
        to: &'a str,
    },
    VoterCorrected {
        pseudonym: [u8; 32],
        check: u64,
    },
    VoterStruck {
        pseudonym: [u8; 32],
    },
    ObjectionFiled {
        about: [u8; 32],
        kind: u8,
    },
    ObjectionDecided {
        objection: u64,
        decision: u8,
    },
    ObjectionWindowExtended {
        by: &'a str,
        reason: &'a str,
        old_last: u32,
        new_last: u32,
    },
    HolidaysDeclared {
        holidays: ContentRef,
    },
    VotersAssigned {
        station: [u8; 32],
        voters: ContentRef,
    },
    PaperDisputed {
        station: [u8; 32],
        paper: u64,
    },
    PaperDecided {
        station: [u8; 32],
        paper: u64,
        decision: u8,
        person: Option<[u8; 32]>,
    },
    ExclusionsOpened {
        ledger: [u8; 32],
        openings: ContentRef,
    },
    ElectionDefined {
        manifest: ContentRef,
        ledgers: Vec<ListedLedger>,
    },
    TrusteeKeyPublished {
        index: u16,
        record: &'a [u8],
    },
    TrusteesFixed {
        trustees: ContentRef,
        public_key: [u8; 32],
    },
    BoxDefined(BoxDefined),
    PollOpened,
    TallyAnchored(TallyAnchored),
    ShareSubmitted {
        ledger: [u8; 32],
        index: u16,
        share: ContentRef,
    },
    ResultDeclared {
        ledger: [u8; 32],
        result: ContentRef,
    },
    PaperReturned(PaperReturned),
    ViewPublished {
        view: &'a str,
        ledger: [u8; 32],
        size: u64,
        content: ContentRef,
    },
    TrusteeEnrolled {
        attempt: u16,
        index: u16,
        certificate: &'a [u8],
        channel_key: [u8; 32],
        commitment: [u8; 32],
    },
    CoefficientsOpened {
        attempt: u16,
        index: u16,
        salt: [u8; 32],
        coefficients: &'a [u8],
    },
    SharesDealt {
        attempt: u16,
        index: u16,
        shares: Vec<&'a [u8]>,
    },
    KeyConfirmed {
        attempt: u16,
        index: u16,
        key: &'a [u8],
        signature: &'a [u8],
    },
    CeremonyComplained {
        attempt: u16,
        index: u16,
        against: u16,
        channel_secret: [u8; 32],
    },
    CeremonyRestarted {
        attempt: u16,
    },
    ResultsCertified,
    StationDefined(StationDefined),
    OfficerNamed {
        ledger: [u8; 32],
        key: [u8; 32],
        chair: bool,
    },
    OfficerRevoked {
        ledger: [u8; 32],
        key: [u8; 32],
    },
    StationAnchored {
        ledger: [u8; 32],
        size: u64,
    },
    StationFinal(StationFinal),
    StationLost {
        ledger: [u8; 32],
        rule: u8,
        reason: &'a str,
    },
    StationReturned(StationReturned),
    MismatchResolved {
        ledger: [u8; 32],
        district: Option<&'a str>,
        reason: &'a str,
    },
    RulesAdopted {
        pack: ContentRef,
        polling_day: u32,
    },
    TieDecided(TieDecided<'a>),
    PaperRecounted {
        paper: PaperReturned,
        reason: &'a str,
    },
    CandidateRemoved(CandidateRemoved<'a>),
    ResultObjectionFiled {
        ledger: [u8; 32],
    },
    ResultObjectionDecided {
        objection: u64,
        decision: u8,
        reason: &'a str,
    },
    BoxPrepared(BoxPrepared),
    BoxOpened,
    BallotCast {
        ballot: &'a [u8],
        replaces: Option<Replaces>,
    },
    AuditStarted {
        ballot_hash: [u8; 32],
        alphas: Vec<[u8; 32]>,
    },
    BoxClosed,
    ExclusionsFixed {
        list: ContentRef,
        count: u64,
    },
    SealOrdered,
    BoxSealed(BoxSealed),
    DutyBegun,
    DutyEnded,
    StationOpened {
        voters: ContentRef,
        pack: ContentRef,
        papers: u64,
    },
    CheckedIn {
        listed: bool,
        person: [u8; 32],
        document: u8,
    },
    PaperIssued(PaperIssued),
    PaperSpoilt {
        paper: u64,
    },
    IssueDisputed {
        paper: u64,
    },
    StationClosed {
        counts: StationCounts,
        unserved: u64,
    },
    /// Of a calendar, or of a register of a jurisdiction.
    Register(Box<RegisterEvent>),
}

/// Why a payload did not become an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EventError {
    /// Type or version unknown, or not of this kind of ledger.
    Unknown(&'static str),
    /// The payload is not canonical.
    Payload(DecodeError),
}

impl From<DecodeError> for EventError {
    fn from(error: DecodeError) -> EventError {
        EventError::Payload(error)
    }
}

/// Which refs an event carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refs {
    None,
    /// The roll that ElectionDefined lists.
    Roll,
    /// The ledger's parent, the election ledger.
    Parent,
    /// This ballot box or station.
    Of([u8; 32]),
    /// None; in an event with stations the election ledger and the roll. Which it is depends on the election ledger.
    Exclusions,
    /// None, or a ballot box: which depends on the rule pack of the station.
    LookUp,
}

impl<'a> Event<'a> {
    /// Decodes the event of a body on a ledger of this kind. Spec: specs/events.md §1.
    pub(crate) fn decode(kind: Kind, body: &Body<'a>) -> Result<Event<'a>, EventError> {
        if body.version != 1 {
            return Err(EventError::Unknown("unknown event version"));
        }
        let home = match body.event_type {
            0x0001..=0x0003 => kind,
            0x0004..=0x0008 if matches!(kind, Kind::Consultation | Kind::Foi) => kind,
            0x0004..=0x0008 => Kind::Foi,
            0x0101..=0x0104 => Kind::Calendar,
            0x0601..=0x0615 => Kind::Consultation,
            0x0701..=0x071a => Kind::Foi,
            0x0201..=0x0210 => Kind::Roll,
            0x0301..=0x0319 | 0x0320..=0x0325 => Kind::Election,
            0x0401..=0x0408 => Kind::BallotBox,
            0x0501..=0x0508 => Kind::Station,
            _ => return Err(EventError::Unknown("unknown event type")),
        };
        if home != kind {
            return Err(EventError::Unknown("an event type of another kind of ledger"));
        }
        if body.event_type == 0x0001 {
            return Ok(Event::Genesis(Genesis::decode(body.payload)?));
        }
        Ok(Reader::whole(body.payload, |r| {
            decode_payload(body.event_type, r)
        })?)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Event::Genesis(_) => "Genesis",
            Event::RoleGranted(_) => "RoleGranted",
            Event::RoleRevoked(_) => "RoleRevoked",
            Event::VoterRegistered { .. } => "VoterRegistered",
            Event::CredentialCommitted { .. } => "CredentialCommitted",
            Event::RollFrozen { .. } => "RollFrozen",
            Event::RollDefined(_) => "RollDefined",
            Event::EligibilityChecked { .. } => "EligibilityChecked",
            Event::VoterTransferred { .. } => "VoterTransferred",
            Event::VoterCorrected { .. } => "VoterCorrected",
            Event::VoterStruck { .. } => "VoterStruck",
            Event::ObjectionFiled { .. } => "ObjectionFiled",
            Event::ObjectionDecided { .. } => "ObjectionDecided",
            Event::ObjectionWindowExtended { .. } => "ObjectionWindowExtended",
            Event::HolidaysDeclared { .. } => "HolidaysDeclared",
            Event::VotersAssigned { .. } => "VotersAssigned",
            Event::PaperDisputed { .. } => "PaperDisputed",
            Event::PaperDecided { .. } => "PaperDecided",
            Event::ExclusionsOpened { .. } => "ExclusionsOpened",
            Event::ElectionDefined { .. } => "ElectionDefined",
            Event::TrusteeKeyPublished { .. } => "TrusteeKeyPublished",
            Event::TrusteesFixed { .. } => "TrusteesFixed",
            Event::BoxDefined(_) => "BoxDefined",
            Event::PollOpened => "PollOpened",
            Event::TallyAnchored(_) => "TallyAnchored",
            Event::ShareSubmitted { .. } => "ShareSubmitted",
            Event::ResultDeclared { .. } => "ResultDeclared",
            Event::PaperReturned(_) => "PaperReturned",
            Event::ViewPublished { .. } => "ViewPublished",
            Event::TrusteeEnrolled { .. } => "TrusteeEnrolled",
            Event::CoefficientsOpened { .. } => "CoefficientsOpened",
            Event::SharesDealt { .. } => "SharesDealt",
            Event::KeyConfirmed { .. } => "KeyConfirmed",
            Event::CeremonyComplained { .. } => "CeremonyComplained",
            Event::CeremonyRestarted { .. } => "CeremonyRestarted",
            Event::ResultsCertified => "ResultsCertified",
            Event::StationDefined(_) => "StationDefined",
            Event::OfficerNamed { .. } => "OfficerNamed",
            Event::OfficerRevoked { .. } => "OfficerRevoked",
            Event::StationAnchored { .. } => "StationAnchored",
            Event::StationFinal(_) => "StationFinal",
            Event::StationLost { .. } => "StationLost",
            Event::StationReturned(_) => "StationReturned",
            Event::MismatchResolved { .. } => "MismatchResolved",
            Event::RulesAdopted { .. } => "RulesAdopted",
            Event::TieDecided(_) => "TieDecided",
            Event::PaperRecounted { .. } => "PaperRecounted",
            Event::CandidateRemoved(_) => "CandidateRemoved",
            Event::ResultObjectionFiled { .. } => "ResultObjectionFiled",
            Event::ResultObjectionDecided { .. } => "ResultObjectionDecided",
            Event::BoxPrepared(_) => "BoxPrepared",
            Event::BoxOpened => "BoxOpened",
            Event::BallotCast { .. } => "BallotCast",
            Event::AuditStarted { .. } => "AuditStarted",
            Event::BoxClosed => "BoxClosed",
            Event::ExclusionsFixed { .. } => "ExclusionsFixed",
            Event::SealOrdered => "SealOrdered",
            Event::BoxSealed(_) => "BoxSealed",
            Event::DutyBegun => "DutyBegun",
            Event::DutyEnded => "DutyEnded",
            Event::StationOpened { .. } => "StationOpened",
            Event::CheckedIn { .. } => "CheckedIn",
            Event::PaperIssued(_) => "PaperIssued",
            Event::PaperSpoilt { .. } => "PaperSpoilt",
            Event::IssueDisputed { .. } => "IssueDisputed",
            Event::StationClosed { .. } => "StationClosed",
            Event::Register(event) => event.name(),
        }
    }

    /// The role, and the scope, that the author must hold.
    pub(crate) fn author(&self) -> (Role, Option<String>) {
        match self {
            Event::Genesis(_)
            | Event::TallyAnchored(_)
            | Event::ViewPublished { .. }
            | Event::BallotCast { .. }
            | Event::AuditStarted { .. }
            | Event::StationAnchored { .. }
            | Event::StationFinal(_)
            | Event::BoxSealed(_) => (Role::SERVICE, None),
            Event::VoterRegistered { .. }
            | Event::CredentialCommitted { .. }
            | Event::RollFrozen { .. }
            | Event::EligibilityChecked { .. }
            | Event::VoterTransferred { .. }
            | Event::VoterCorrected { .. }
            | Event::VoterStruck { .. }
            | Event::ObjectionFiled { .. }
            | Event::VotersAssigned { .. }
            | Event::PaperDisputed { .. }
            | Event::ExclusionsOpened { .. }
            | Event::ResultObjectionFiled { .. }
            | Event::ExclusionsFixed { .. } => (Role::REGISTRAR, None),
            Event::DutyBegun
            | Event::DutyEnded
            | Event::StationOpened { .. }
            | Event::CheckedIn { .. }
            | Event::PaperIssued(_)
            | Event::PaperSpoilt { .. }
            | Event::IssueDisputed { .. }
            | Event::StationClosed { .. } => (Role::STATION_OFFICER, None),
            Event::Register(event) => (event.author(), None),
            Event::TrusteeKeyPublished { index, .. }
            | Event::ShareSubmitted { index, .. }
            | Event::TrusteeEnrolled { index, .. }
            | Event::CoefficientsOpened { index, .. }
            | Event::SharesDealt { index, .. }
            | Event::KeyConfirmed { index, .. }
            | Event::CeremonyComplained { index, .. } => (Role::TRUSTEE, Some(index.to_string())),
            Event::RoleGranted(_)
            | Event::RoleRevoked(_)
            | Event::RollDefined(_)
            | Event::ObjectionDecided { .. }
            | Event::ObjectionWindowExtended { .. }
            | Event::HolidaysDeclared { .. }
            | Event::ElectionDefined { .. }
            | Event::TrusteesFixed { .. }
            | Event::BoxDefined(_)
            | Event::PollOpened
            | Event::ResultDeclared { .. }
            | Event::PaperReturned(_)
            | Event::CeremonyRestarted { .. }
            | Event::ResultsCertified
            | Event::PaperDecided { .. }
            | Event::StationDefined(_)
            | Event::OfficerNamed { .. }
            | Event::OfficerRevoked { .. }
            | Event::StationLost { .. }
            | Event::StationReturned(_)
            | Event::MismatchResolved { .. }
            | Event::RulesAdopted { .. }
            | Event::TieDecided(_)
            | Event::PaperRecounted { .. }
            | Event::CandidateRemoved(_)
            | Event::ResultObjectionDecided { .. }
            | Event::BoxPrepared(_)
            | Event::BoxOpened
            | Event::BoxClosed
            | Event::SealOrdered => (Role::COMMISSION, None),
        }
    }

    pub(crate) fn refs(&self) -> Refs {
        match self {
            Event::BoxDefined(_) | Event::StationDefined(_) => Refs::Roll,
            Event::TallyAnchored(anchored) => Refs::Of(anchored.ledger),
            Event::StationAnchored { ledger, .. } => Refs::Of(*ledger),
            Event::StationFinal(last) => Refs::Of(last.ledger),
            Event::RollDefined(_)
            | Event::BoxPrepared(_)
            | Event::BoxOpened
            | Event::PaperDisputed { .. }
            | Event::PaperDecided { .. }
            | Event::ExclusionsOpened { .. }
            | Event::StationOpened { .. } => Refs::Parent,
            Event::ExclusionsFixed { .. } => Refs::Exclusions,
            Event::PaperIssued(_) => Refs::LookUp,
            Event::Register(event) => event.refs(),
            _ => Refs::None,
        }
    }

    /// The nonce, where a rule fixes it. Genesis is checked apart.
    pub(crate) fn fixed_nonce(&self, body: &Body<'_>) -> Option<[u8; 16]> {
        match self {
            Event::BallotCast { ballot, .. } => Some(first_16(&sha256(&[ballot]))),
            Event::AuditStarted { .. } => Some(first_16(&sha256(&[body.payload]))),
            Event::BoxSealed(sealed) => Some(consequence_nonce(&sealed.cause, body.event_type)),
            Event::Register(event) => match (event.as_ref(), body.refs.as_slice()) {
                // The payload is empty: what distinguishes one from another is what was seen.
                (RegisterEvent::CalendarSeen, [seen]) => {
                    Some(service_nonce(body.event_type, &seen.at.size.to_be_bytes()))
                }
                (RegisterEvent::CalendarSeen, _) => None,
                _ => Some(service_nonce(body.event_type, body.payload)),
            },
            Event::TallyAnchored(_)
            | Event::ViewPublished { .. }
            | Event::StationAnchored { .. }
            | Event::StationFinal(_) => Some(service_nonce(body.event_type, body.payload)),
            _ => None,
        }
    }

    /// The contents that the event cites.
    pub(crate) fn contents(&self) -> Vec<ContentRef> {
        match self {
            Event::RollFrozen { districts } => districts.iter().map(|d| d.credentials).collect(),
            Event::RollDefined(defined) => [defined.pack].into_iter().chain(defined.holidays).collect(),
            Event::HolidaysDeclared { holidays } => vec![*holidays],
            Event::VotersAssigned { voters, .. } => vec![*voters],
            Event::ExclusionsOpened { openings, .. } => vec![*openings],
            Event::StationOpened { voters, pack, .. } => vec![*voters, *pack],
            Event::ElectionDefined { manifest, .. } => vec![*manifest],
            Event::RulesAdopted { pack, .. } => vec![*pack],
            Event::TrusteesFixed { trustees, .. } => vec![*trustees],
            Event::BoxDefined(defined) => vec![defined.election, defined.credentials],
            Event::TallyAnchored(anchored) => vec![anchored.encrypted_tally, anchored.sized_tally],
            Event::ShareSubmitted { share, .. } => vec![*share],
            Event::ResultDeclared { result, .. } => vec![*result],
            Event::ViewPublished { content, .. } => vec![*content],
            Event::BoxPrepared(prepared) => vec![prepared.election, prepared.trustees, prepared.credentials],
            Event::ExclusionsFixed { list, .. } => vec![*list],
            Event::BoxSealed(sealed) => vec![sealed.encrypted_tally, sealed.sized_tally],
            Event::Register(event) => event.contents(),
            _ => Vec::new(),
        }
    }
}

/// A commitment to what is not published: nothing of it can be established. Spec: specs/roll.md §2.
fn commitment(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    r.array::<32>().map(|_| ())
}

/// An integer of an event of stations. Spec: specs/events.md §6.
fn integer(r: &mut Reader<'_>) -> Result<u64, DecodeError> {
    let value = r.u64()?;
    if value > MAX_INTEGER {
        return Err(DecodeError::Rule("an integer is beyond 2^53 - 1"));
    }
    Ok(value)
}

/// A district id, as the events of stations on the election ledger must have it. Spec: specs/events.md §6.
fn district_id<'a>(r: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    let id = r.string()?;
    if is_short_id(id) {
        Ok(id)
    } else {
        Err(DecodeError::Rule("a district id is malformed"))
    }
}

fn station_counts(r: &mut Reader<'_>) -> Result<StationCounts, DecodeError> {
    Ok(StationCounts {
        received: integer(r)?,
        checked_in: integer(r)?,
        issued: integer(r)?,
        spoilt: integer(r)?,
        envelopes: integer(r)?,
        unused: integer(r)?,
    })
}

fn signed(r: &mut Reader<'_>) -> Result<Signed, DecodeError> {
    Ok(Signed {
        key: r.array()?,
        signature: r.array()?,
    })
}

fn seal(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    let seal = r.string()?;
    let known = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    if (1..=64).contains(&seal.len()) && seal.bytes().all(known) {
        Ok(())
    } else {
        Err(DecodeError::Rule("the number of a seal is malformed"))
    }
}

fn decode_payload<'a>(event_type: u16, r: &mut Reader<'a>) -> Result<Event<'a>, DecodeError> {
    Ok(match event_type {
        0x0004..=0x0008 | 0x0101..=0x0104 | 0x0601..=0x0615 | 0x0701..=0x071a => {
            Event::Register(Box::new(RegisterEvent::decode(event_type, r)?))
        }
        0x0002 => Event::RoleGranted(Grant::decode(r)?),
        0x0003 => Event::RoleRevoked(Grant::decode(r)?),
        0x0201 => Event::VoterRegistered {
            pseudonym: r.array()?,
            district: r.string()?,
        },
        0x0202 => Event::CredentialCommitted {
            pseudonym: r.array()?,
            commitment: r.array()?,
        },
        0x0203 => Event::RollFrozen {
            districts: r.list(|r| {
                Ok(DistrictRoll {
                    district: r.string()?.to_owned(),
                    eligible: r.u64()?,
                    holders: r.u64()?,
                    credentials: ContentRef::decode(r)?,
                })
            })?,
        },
        0x0204 => Event::RollDefined(RollDefined {
            pack: ContentRef::decode(r)?,
            holidays: r.option(ContentRef::decode)?,
            polling_day: r.u32()?,
            objections: r.option(|r| {
                Ok(Window {
                    opens_ms: r.u64()?,
                    last_day: r.u32()?,
                })
            })?,
        }),
        0x0205 => {
            let checked = Event::EligibilityChecked {
                pseudonym: r.array()?,
                purpose: r.u8()?,
                eligible: r.bool()?,
            };
            commitment(r)?;
            checked
        }
        0x0206 => {
            let transferred = Event::VoterTransferred {
                pseudonym: r.array()?,
                from: r.string()?,
                to: r.string()?,
            };
            commitment(r)?;
            transferred
        }
        0x0207 => Event::VoterCorrected {
            pseudonym: r.array()?,
            check: r.u64()?,
        },
        0x0208 => {
            let pseudonym = r.array()?;
            commitment(r)?;
            Event::VoterStruck { pseudonym }
        }
        0x0209 => {
            // Whoever objects is any pseudonym.
            let _objector: [u8; 32] = r.array()?;
            let filed = Event::ObjectionFiled {
                about: r.array()?,
                kind: r.u8()?,
            };
            commitment(r)?;
            filed
        }
        0x020a => {
            let decided = Event::ObjectionDecided {
                objection: r.u64()?,
                decision: r.u8()?,
            };
            commitment(r)?;
            decided
        }
        0x020b => Event::ObjectionWindowExtended {
            by: r.string()?,
            reason: r.string()?,
            old_last: r.u32()?,
            new_last: r.u32()?,
        },
        0x020c => Event::HolidaysDeclared {
            holidays: ContentRef::decode(r)?,
        },
        0x020d => Event::VotersAssigned {
            station: r.array()?,
            voters: ContentRef::decode(r)?,
        },
        0x020e => {
            let disputed = Event::PaperDisputed {
                station: r.array()?,
                paper: integer(r)?,
            };
            commitment(r)?;
            disputed
        }
        0x020f => {
            let decided = Event::PaperDecided {
                station: r.array()?,
                paper: integer(r)?,
                decision: r.u8()?,
                person: r.option(Reader::array)?,
            };
            commitment(r)?;
            decided
        }
        0x0210 => Event::ExclusionsOpened {
            ledger: r.array()?,
            openings: ContentRef::decode(r)?,
        },
        0x0301 => Event::ElectionDefined {
            manifest: ContentRef::decode(r)?,
            ledgers: r.list(|r| {
                Ok(ListedLedger {
                    ledger: r.array()?,
                    kind: r.u16()?,
                    visibility: r.u8()?,
                    district: r.option(|r| r.string().map(str::to_owned))?,
                })
            })?,
        },
        0x0302 => Event::TrusteeKeyPublished {
            index: r.u16()?,
            record: r.bytes()?,
        },
        0x0303 => Event::TrusteesFixed {
            trustees: ContentRef::decode(r)?,
            public_key: r.array()?,
        },
        0x0304 => Event::BoxDefined(BoxDefined {
            district: r.string()?.to_owned(),
            ledger: r.array()?,
            election: ContentRef::decode(r)?,
            credentials: ContentRef::decode(r)?,
            eligible: r.u64()?,
            holders: r.u64()?,
        }),
        0x0305 => Event::PollOpened,
        0x0306 => Event::TallyAnchored(TallyAnchored {
            ledger: r.array()?,
            sealed_size: r.u64()?,
            counted: r.u64()?,
            encrypted_tally: ContentRef::decode(r)?,
            sized_tally: ContentRef::decode(r)?,
        }),
        0x0307 => Event::ShareSubmitted {
            ledger: r.array()?,
            index: r.u16()?,
            share: ContentRef::decode(r)?,
        },
        0x0308 => Event::ResultDeclared {
            ledger: r.array()?,
            result: ContentRef::decode(r)?,
        },
        0x0309 => Event::PaperReturned(PaperReturned::decode(r)?),
        0x030a => Event::ViewPublished {
            view: r.string()?,
            ledger: r.array()?,
            size: r.u64()?,
            content: ContentRef::decode(r)?,
        },
        0x030b => Event::TrusteeEnrolled {
            attempt: r.u16()?,
            index: r.u16()?,
            certificate: r.bytes()?,
            channel_key: r.array()?,
            commitment: r.array()?,
        },
        0x030c => Event::CoefficientsOpened {
            attempt: r.u16()?,
            index: r.u16()?,
            salt: r.array()?,
            coefficients: r.bytes()?,
        },
        0x030d => Event::SharesDealt {
            attempt: r.u16()?,
            index: r.u16()?,
            shares: r.list(Reader::bytes)?,
        },
        0x030e => Event::KeyConfirmed {
            attempt: r.u16()?,
            index: r.u16()?,
            key: r.bytes()?,
            signature: r.bytes()?,
        },
        0x030f => Event::CeremonyComplained {
            attempt: r.u16()?,
            index: r.u16()?,
            against: r.u16()?,
            channel_secret: r.array()?,
        },
        0x0310 => Event::CeremonyRestarted { attempt: r.u16()? },
        0x0311 => Event::ResultsCertified,
        0x0312 => Event::StationDefined(StationDefined {
            station: district_id(r)?.to_owned(),
            name_en: r.string()?.to_owned(),
            name_ar: r.string()?.to_owned(),
            ledger: r.array()?,
            districts: r.list(|r| district_id(r).map(str::to_owned))?,
            online: r.bool()?,
            queue_ms: integer(r)?,
            pack: r.array()?,
            voters: r.array()?,
            count: integer(r)?,
            chair: r.array()?,
            members: r.list(Reader::array)?,
        }),
        0x0313 => Event::OfficerNamed {
            ledger: r.array()?,
            key: r.array()?,
            chair: r.bool()?,
        },
        0x0314 => Event::OfficerRevoked {
            ledger: r.array()?,
            key: r.array()?,
        },
        0x0315 => Event::StationAnchored {
            ledger: r.array()?,
            size: integer(r)?,
        },
        0x0316 => Event::StationFinal(StationFinal {
            ledger: r.array()?,
            size: integer(r)?,
            counts: station_counts(r)?,
            signatures: r.list(signed)?,
        }),
        0x0317 => Event::StationLost {
            ledger: r.array()?,
            rule: r.u8()?,
            reason: r.string()?,
        },
        0x0318 => Event::StationReturned(StationReturned {
            ledger: r.array()?,
            district: district_id(r)?.to_owned(),
            issued: integer(r)?,
            valid: integer(r)?,
            invalid: integer(r)?,
            spoilt: integer(r)?,
            counts: r.list(|r| r.list(integer))?,
        }),
        0x0319 => Event::MismatchResolved {
            ledger: r.array()?,
            district: r.option(district_id)?,
            reason: r.string()?,
        },
        0x0320 => Event::RulesAdopted {
            pack: ContentRef::decode(r)?,
            polling_day: r.u32()?,
        },
        0x0321 => Event::TieDecided(TieDecided {
            ledger: r.array()?,
            question: r.u16()?,
            elected: r.list(Reader::u16)?,
            rule: r.u8()?,
            by: r.list(Reader::string)?,
            reason: r.string()?,
        }),
        0x0322 => Event::PaperRecounted {
            paper: PaperReturned::decode(r)?,
            reason: r.string()?,
        },
        0x0323 => Event::CandidateRemoved(CandidateRemoved {
            district: r.string()?,
            question: r.u16()?,
            answer: r.u16()?,
            cause: r.u8()?,
            reason: r.string()?,
        }),
        0x0324 => {
            let ledger = r.array()?;
            // Whoever objects is any pseudonym.
            let _objector: [u8; 32] = r.array()?;
            commitment(r)?;
            Event::ResultObjectionFiled { ledger }
        }
        0x0325 => Event::ResultObjectionDecided {
            objection: r.u64()?,
            decision: r.u8()?,
            reason: r.string()?,
        },
        0x0401 => Event::BoxPrepared(BoxPrepared {
            district: r.string()?.to_owned(),
            election: ContentRef::decode(r)?,
            trustees: ContentRef::decode(r)?,
            credentials: ContentRef::decode(r)?,
            opens_ms: r.u64()?,
            closes_ms: r.u64()?,
            grace_ms: r.u64()?,
            revote: r.bool()?,
            min_ballots: r.u64()?,
        }),
        0x0402 => Event::BoxOpened,
        0x0403 => Event::BallotCast {
            ballot: r.bytes()?,
            replaces: r.option(|r| {
                Ok(Replaces {
                    ballot_hash: r.array()?,
                    challenge: r.array()?,
                    response: r.array()?,
                })
            })?,
        },
        0x0404 => Event::AuditStarted {
            ballot_hash: r.array()?,
            alphas: r.list(Reader::array)?,
        },
        0x0405 => Event::BoxClosed,
        0x0406 => Event::ExclusionsFixed {
            list: ContentRef::decode(r)?,
            count: r.u64()?,
        },
        0x0407 => Event::SealOrdered,
        0x0408 => Event::BoxSealed(BoxSealed {
            cause: r.array()?,
            counted: r.u64()?,
            counted_digest: r.array()?,
            encrypted_tally: ContentRef::decode(r)?,
            sized_tally: ContentRef::decode(r)?,
        }),
        0x0501 => Event::DutyBegun,
        0x0502 => Event::DutyEnded,
        0x0503 => {
            let opened = Event::StationOpened {
                voters: ContentRef::decode(r)?,
                pack: ContentRef::decode(r)?,
                papers: integer(r)?,
            };
            seal(r)?;
            opened
        }
        0x0504 => {
            let checked_in = Event::CheckedIn {
                listed: r.bool()?,
                person: r.array()?,
                document: r.u8()?,
            };
            let _assistance = r.bool()?;
            checked_in
        }
        0x0505 => Event::PaperIssued(PaperIssued {
            check_in: integer(r)?,
            envelope: r.option(integer)?,
            replaces: r.option(integer)?,
            second: r.option(signed)?,
        }),
        0x0506 => Event::PaperSpoilt { paper: integer(r)? },
        0x0507 => {
            let disputed = Event::IssueDisputed { paper: integer(r)? };
            commitment(r)?;
            disputed
        }
        0x0508 => Event::StationClosed {
            counts: station_counts(r)?,
            unserved: integer(r)?,
        },
        _ => return Err(DecodeError::Rule("no decoder for this event type")),
    })
}
