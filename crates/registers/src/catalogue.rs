//! The event catalogue: every event type, who may author it, and how its payload is read.
//!
//! Spec: specs/events.md. Adding an event is one line in [`CATALOGUE`] and one arm in [`Event::parse`] and
//! [`Event::payload`].

use serde::{Deserialize, Serialize};
use sijill_ledger::{ContentRef, EventType, Kind, Role, Scope, decode_canonical, encode};

use crate::ballot_box::events::BoxEvent;
use crate::calendar::Field;
use crate::calendar::events::{CalendarEvent, ErasureOrdered, RegisterEvent};
use crate::consultation::events::ConsultationEvent;
use crate::election::events::ElectionEvent;
use crate::foi::events::FoiEvent;
use crate::roll::events::RollEvent;
use crate::station::events::StationEvent;

/// Which ledgers an event type may stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Every kind of ledger.
    Every,
    /// One kind.
    Only(Kind),
    /// Registers of a jurisdiction: consultations and freedom of information.
    Registers,
}

impl On {
    /// Whether a type may stand on a kind of ledger.
    #[must_use]
    pub fn allows(self, kind: Kind) -> bool {
        match self {
            Self::Every => true,
            Self::Only(only) => only == kind,
            Self::Registers => matches!(kind, Kind::Consultation | Kind::Foi),
        }
    }
}

/// A line of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The type on the wire.
    pub event_type: u16,
    /// Its name.
    pub name: &'static str,
    /// Where it may stand.
    pub on: On,
    /// Who may author it; of what a requester causes, who may enter it from paper ([`Event::author`]).
    pub author: Role,
}

const fn line(event_type: u16, name: &'static str, on: On, author: Role) -> Line {
    Line {
        event_type,
        name,
        on,
        author,
    }
}

/// Event types by number.
pub mod types {
    #![allow(
        missing_docs,
        reason = "the names are those of the catalogue, specs/events.md"
    )]
    pub const GENESIS: u16 = 0x0001;
    pub const ROLE_GRANTED: u16 = 0x0002;
    pub const ROLE_REVOKED: u16 = 0x0003;
    pub const CALENDAR_SEEN: u16 = 0x0004;
    pub const DAY_CLOSED: u16 = 0x0005;
    pub const ERASURE_ORDERED: u16 = 0x0006;
    pub const ERASURE_CONFIRMED: u16 = 0x0007;
    pub const REGISTER_VIEW_PUBLISHED: u16 = 0x0008;
    pub const JURISDICTION_DEFINED: u16 = 0x0101;
    pub const FACT_DECLARED: u16 = 0x0102;
    pub const PACK_ADOPTED: u16 = 0x0103;
    pub const REGISTER_LISTED: u16 = 0x0104;
    pub const VOTER_REGISTERED: u16 = 0x0201;
    pub const CREDENTIAL_COMMITTED: u16 = 0x0202;
    pub const ROLL_FROZEN: u16 = 0x0203;
    pub const ROLL_DEFINED: u16 = 0x0204;
    pub const ELIGIBILITY_CHECKED: u16 = 0x0205;
    pub const VOTER_TRANSFERRED: u16 = 0x0206;
    pub const VOTER_CORRECTED: u16 = 0x0207;
    pub const VOTER_STRUCK: u16 = 0x0208;
    pub const OBJECTION_FILED: u16 = 0x0209;
    pub const OBJECTION_DECIDED: u16 = 0x020A;
    pub const OBJECTION_WINDOW_EXTENDED: u16 = 0x020B;
    pub const HOLIDAYS_DECLARED: u16 = 0x020C;
    pub const VOTERS_ASSIGNED: u16 = 0x020D;
    pub const PAPER_DISPUTED: u16 = 0x020E;
    pub const PAPER_DECIDED: u16 = 0x020F;
    pub const EXCLUSIONS_OPENED: u16 = 0x0210;
    pub const ELECTION_DEFINED: u16 = 0x0301;
    pub const TRUSTEE_KEY_PUBLISHED: u16 = 0x0302;
    pub const TRUSTEES_FIXED: u16 = 0x0303;
    pub const BOX_DEFINED: u16 = 0x0304;
    pub const POLL_OPENED: u16 = 0x0305;
    pub const TALLY_ANCHORED: u16 = 0x0306;
    pub const SHARE_SUBMITTED: u16 = 0x0307;
    pub const RESULT_DECLARED: u16 = 0x0308;
    pub const PAPER_RETURNED: u16 = 0x0309;
    pub const VIEW_PUBLISHED: u16 = 0x030A;
    pub const TRUSTEE_ENROLLED: u16 = 0x030B;
    pub const COEFFICIENTS_OPENED: u16 = 0x030C;
    pub const SHARES_DEALT: u16 = 0x030D;
    pub const KEY_CONFIRMED: u16 = 0x030E;
    pub const CEREMONY_COMPLAINED: u16 = 0x030F;
    pub const CEREMONY_RESTARTED: u16 = 0x0310;
    pub const RESULTS_CERTIFIED: u16 = 0x0311;
    pub const RULES_ADOPTED: u16 = 0x0320;
    pub const TIE_DECIDED: u16 = 0x0321;
    pub const PAPER_RECOUNTED: u16 = 0x0322;
    pub const CANDIDATE_REMOVED: u16 = 0x0323;
    pub const RESULT_OBJECTION_FILED: u16 = 0x0324;
    pub const RESULT_OBJECTION_DECIDED: u16 = 0x0325;
    pub const STATION_DEFINED: u16 = 0x0312;
    pub const OFFICER_NAMED: u16 = 0x0313;
    pub const OFFICER_REVOKED: u16 = 0x0314;
    pub const STATION_ANCHORED: u16 = 0x0315;
    pub const STATION_FINAL: u16 = 0x0316;
    pub const STATION_LOST: u16 = 0x0317;
    pub const STATION_RETURNED: u16 = 0x0318;
    pub const MISMATCH_RESOLVED: u16 = 0x0319;
    pub const BOX_PREPARED: u16 = 0x0401;
    pub const BOX_OPENED: u16 = 0x0402;
    pub const BALLOT_CAST: u16 = 0x0403;
    pub const AUDIT_STARTED: u16 = 0x0404;
    pub const BOX_CLOSED: u16 = 0x0405;
    pub const EXCLUSIONS_FIXED: u16 = 0x0406;
    pub const SEAL_ORDERED: u16 = 0x0407;
    pub const BOX_SEALED: u16 = 0x0408;
    pub const DUTY_BEGUN: u16 = 0x0501;
    pub const DUTY_ENDED: u16 = 0x0502;
    pub const STATION_OPENED: u16 = 0x0503;
    pub const CHECKED_IN: u16 = 0x0504;
    pub const PAPER_ISSUED: u16 = 0x0505;
    pub const PAPER_SPOILT: u16 = 0x0506;
    pub const ISSUE_DISPUTED: u16 = 0x0507;
    pub const STATION_CLOSED: u16 = 0x0508;
}

/// Every event type of this version, ascending.
pub const CATALOGUE: &[Line] = {
    use On::{Every, Only, Registers};
    use Role::{
        Commission, ConsultationOwner, FoiOfficer, GrievanceOfficer, Moderator, Participant, Registrar,
        Service, StationOfficer, Trustee,
    };
    use types as t;
    const CALENDAR: On = Only(Kind::Calendar);
    const CONSULTATION: On = Only(Kind::Consultation);
    const FOI: On = Only(Kind::Foi);
    const ROLL: On = Only(Kind::Roll);
    const ELECTION: On = Only(Kind::Election);
    const BOX: On = Only(Kind::BallotBox);
    const STATION: On = Only(Kind::Station);
    &[
        line(t::GENESIS, "Genesis", Every, Service),
        line(t::ROLE_GRANTED, "RoleGranted", Every, Commission),
        line(t::ROLE_REVOKED, "RoleRevoked", Every, Commission),
        line(t::CALENDAR_SEEN, "CalendarSeen", Registers, Service),
        line(t::DAY_CLOSED, "DayClosed", Registers, Service),
        line(t::ERASURE_ORDERED, "ErasureOrdered", Registers, Commission),
        line(t::ERASURE_CONFIRMED, "ErasureConfirmed", Registers, Commission),
        line(t::REGISTER_VIEW_PUBLISHED, "ViewPublished", Registers, Service),
        line(
            t::JURISDICTION_DEFINED,
            "JurisdictionDefined",
            CALENDAR,
            Commission,
        ),
        line(t::FACT_DECLARED, "FactDeclared", CALENDAR, Commission),
        line(t::PACK_ADOPTED, "PackAdopted", CALENDAR, Commission),
        line(t::REGISTER_LISTED, "RegisterListed", CALENDAR, Commission),
        line(t::VOTER_REGISTERED, "VoterRegistered", ROLL, Registrar),
        line(t::CREDENTIAL_COMMITTED, "CredentialCommitted", ROLL, Registrar),
        line(t::ROLL_FROZEN, "RollFrozen", ROLL, Registrar),
        line(t::ROLL_DEFINED, "RollDefined", ROLL, Commission),
        line(t::ELIGIBILITY_CHECKED, "EligibilityChecked", ROLL, Registrar),
        line(t::VOTER_TRANSFERRED, "VoterTransferred", ROLL, Registrar),
        line(t::VOTER_CORRECTED, "VoterCorrected", ROLL, Registrar),
        line(t::VOTER_STRUCK, "VoterStruck", ROLL, Registrar),
        line(t::OBJECTION_FILED, "ObjectionFiled", ROLL, Registrar),
        line(t::OBJECTION_DECIDED, "ObjectionDecided", ROLL, Commission),
        line(
            t::OBJECTION_WINDOW_EXTENDED,
            "ObjectionWindowExtended",
            ROLL,
            Commission,
        ),
        line(t::HOLIDAYS_DECLARED, "HolidaysDeclared", ROLL, Commission),
        line(t::VOTERS_ASSIGNED, "VotersAssigned", ROLL, Registrar),
        line(t::PAPER_DISPUTED, "PaperDisputed", ROLL, Registrar),
        line(t::PAPER_DECIDED, "PaperDecided", ROLL, Commission),
        line(t::EXCLUSIONS_OPENED, "ExclusionsOpened", ROLL, Registrar),
        line(t::ELECTION_DEFINED, "ElectionDefined", ELECTION, Commission),
        line(t::TRUSTEE_KEY_PUBLISHED, "TrusteeKeyPublished", ELECTION, Trustee),
        line(t::TRUSTEES_FIXED, "TrusteesFixed", ELECTION, Commission),
        line(t::BOX_DEFINED, "BoxDefined", ELECTION, Commission),
        line(t::POLL_OPENED, "PollOpened", ELECTION, Commission),
        line(t::TALLY_ANCHORED, "TallyAnchored", ELECTION, Service),
        line(t::SHARE_SUBMITTED, "ShareSubmitted", ELECTION, Trustee),
        line(t::RESULT_DECLARED, "ResultDeclared", ELECTION, Commission),
        line(t::PAPER_RETURNED, "PaperReturned", ELECTION, Commission),
        line(t::VIEW_PUBLISHED, "ViewPublished", ELECTION, Service),
        line(t::TRUSTEE_ENROLLED, "TrusteeEnrolled", ELECTION, Trustee),
        line(t::COEFFICIENTS_OPENED, "CoefficientsOpened", ELECTION, Trustee),
        line(t::SHARES_DEALT, "SharesDealt", ELECTION, Trustee),
        line(t::KEY_CONFIRMED, "KeyConfirmed", ELECTION, Trustee),
        line(t::CEREMONY_COMPLAINED, "CeremonyComplained", ELECTION, Trustee),
        line(t::CEREMONY_RESTARTED, "CeremonyRestarted", ELECTION, Commission),
        line(t::RESULTS_CERTIFIED, "ResultsCertified", ELECTION, Commission),
        line(t::STATION_DEFINED, "StationDefined", ELECTION, Commission),
        line(t::OFFICER_NAMED, "OfficerNamed", ELECTION, Commission),
        line(t::OFFICER_REVOKED, "OfficerRevoked", ELECTION, Commission),
        line(t::STATION_ANCHORED, "StationAnchored", ELECTION, Service),
        line(t::STATION_FINAL, "StationFinal", ELECTION, Service),
        line(t::STATION_LOST, "StationLost", ELECTION, Commission),
        line(t::STATION_RETURNED, "StationReturned", ELECTION, Commission),
        line(t::MISMATCH_RESOLVED, "MismatchResolved", ELECTION, Commission),
        line(t::RULES_ADOPTED, "RulesAdopted", ELECTION, Commission),
        line(t::TIE_DECIDED, "TieDecided", ELECTION, Commission),
        line(t::PAPER_RECOUNTED, "PaperRecounted", ELECTION, Commission),
        line(t::CANDIDATE_REMOVED, "CandidateRemoved", ELECTION, Commission),
        line(
            t::RESULT_OBJECTION_FILED,
            "ResultObjectionFiled",
            ELECTION,
            Registrar,
        ),
        line(
            t::RESULT_OBJECTION_DECIDED,
            "ResultObjectionDecided",
            ELECTION,
            Commission,
        ),
        line(t::BOX_PREPARED, "BoxPrepared", BOX, Commission),
        line(t::BOX_OPENED, "BoxOpened", BOX, Commission),
        line(t::BALLOT_CAST, "BallotCast", BOX, Service),
        line(t::AUDIT_STARTED, "AuditStarted", BOX, Service),
        line(t::BOX_CLOSED, "BoxClosed", BOX, Commission),
        line(t::EXCLUSIONS_FIXED, "ExclusionsFixed", BOX, Registrar),
        line(t::SEAL_ORDERED, "SealOrdered", BOX, Commission),
        line(t::BOX_SEALED, "BoxSealed", BOX, Service),
        line(t::DUTY_BEGUN, "DutyBegun", STATION, StationOfficer),
        line(t::DUTY_ENDED, "DutyEnded", STATION, StationOfficer),
        line(t::STATION_OPENED, "StationOpened", STATION, StationOfficer),
        line(t::CHECKED_IN, "CheckedIn", STATION, StationOfficer),
        line(t::PAPER_ISSUED, "PaperIssued", STATION, StationOfficer),
        line(t::PAPER_SPOILT, "PaperSpoilt", STATION, StationOfficer),
        line(t::ISSUE_DISPUTED, "IssueDisputed", STATION, StationOfficer),
        line(t::STATION_CLOSED, "StationClosed", STATION, StationOfficer),
        line(0x0601, "ConsultationDefined", CONSULTATION, ConsultationOwner),
        line(0x0602, "SettingsChanged", CONSULTATION, ConsultationOwner),
        line(0x0603, "DocumentPublished", CONSULTATION, ConsultationOwner),
        line(0x0604, "ParticipantEnrolled", CONSULTATION, Service),
        line(0x0605, "ParticipantChanged", CONSULTATION, Service),
        line(0x0606, "CommentMade", CONSULTATION, Participant),
        line(0x0607, "CommentAttested", CONSULTATION, Service),
        line(0x0608, "CommentWithdrawn", CONSULTATION, Participant),
        line(0x0609, "WithdrawalAttested", CONSULTATION, Service),
        line(0x060A, "CommentHidden", CONSULTATION, Moderator),
        line(0x060B, "CommentRestored", CONSULTATION, Moderator),
        line(0x060C, "AppealFiled", CONSULTATION, Participant),
        line(0x060D, "AppealAttested", CONSULTATION, Service),
        line(0x060E, "AppealDecided", CONSULTATION, Moderator),
        line(0x060F, "ResponseGiven", CONSULTATION, Participant),
        line(0x0610, "ResponseAttested", CONSULTATION, Service),
        line(0x0611, "AnswerGiven", CONSULTATION, ConsultationOwner),
        line(0x0612, "ThemeDefined", CONSULTATION, ConsultationOwner),
        line(0x0613, "CommentsAssigned", CONSULTATION, ConsultationOwner),
        line(0x0614, "ReportPublished", CONSULTATION, ConsultationOwner),
        line(0x0615, "ConsultationArchived", CONSULTATION, ConsultationOwner),
        line(0x0701, "RegisterDefined", FOI, Commission),
        line(0x0702, "RulesChosen", FOI, Commission),
        line(0x0703, "RegisterSucceeded", FOI, Commission),
        line(0x0704, "RequestSubmitted", FOI, FoiOfficer),
        line(0x0705, "TransferReceived", FOI, Service),
        line(0x0706, "RequestAdmitted", FOI, FoiOfficer),
        line(0x0707, "RequestRoutedOut", FOI, FoiOfficer),
        line(0x0708, "RequestTransferred", FOI, FoiOfficer),
        line(0x0709, "RequestsLinked", FOI, FoiOfficer),
        line(0x070A, "ClarificationAsked", FOI, FoiOfficer),
        line(0x070B, "ClarificationGiven", FOI, FoiOfficer),
        line(0x070C, "FeeQuoted", FOI, FoiOfficer),
        line(0x070D, "FeeSettled", FOI, FoiOfficer),
        line(0x070E, "FeeUnpaid", FOI, FoiOfficer),
        line(0x070F, "ThirdPartyConsulted", FOI, FoiOfficer),
        line(0x0710, "ThirdPartyReplied", FOI, FoiOfficer),
        line(0x0711, "DeadlineExtended", FOI, FoiOfficer),
        line(0x0712, "RequestWithdrawn", FOI, FoiOfficer),
        line(0x0713, "DecisionMade", FOI, FoiOfficer),
        line(0x0714, "ReleaseMade", FOI, FoiOfficer),
        line(0x0715, "ReleaseWithdrawn", FOI, FoiOfficer),
        line(0x0716, "GrievanceFiled", FOI, FoiOfficer),
        line(0x0717, "GrievanceDecided", FOI, GrievanceOfficer),
        line(0x0718, "DeadlineMissed", FOI, Service),
        line(0x0719, "SilenceDeemed", FOI, Service),
        line(0x071A, "RequestAbandoned", FOI, Service),
    ]
};

// `find` searches it by halves.
const _: () = {
    let mut i = 1;
    while i < CATALOGUE.len() {
        assert!(
            CATALOGUE[i - 1].event_type < CATALOGUE[i].event_type,
            "the catalogue is ascending"
        );
        i += 1;
    }
};

/// The catalogue's line of a type.
#[must_use]
pub fn find(event_type: u16) -> Option<&'static Line> {
    CATALOGUE
        .binary_search_by_key(&event_type, |l| l.event_type)
        .ok()
        .map(|i| &CATALOGUE[i])
}

/// Why a typed payload is not an event of a ledger. The fault is the author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// A type that the catalogue does not have.
    #[error("event type {0:#06x} is unknown")]
    UnknownType(u16),
    /// A type that does not belong on this kind of ledger.
    #[error("{name} does not belong on a ledger of this kind")]
    WrongKind {
        /// Name of the type.
        name: &'static str,
    },
    /// The payload does not decode canonically.
    #[error("the payload of {name} is malformed")]
    Payload {
        /// Name of the type.
        name: &'static str,
    },
}

use sijill_ledger::Grant;

/// An event of any register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An event of a ballot box.
    BallotBox(BoxEvent),
    /// An event of a calendar ledger.
    Calendar(CalendarEvent),
    /// An event of a consultation.
    Consultation(ConsultationEvent),
    /// An event of an election ledger.
    Election(ElectionEvent),
    /// An event of a register of freedom of information.
    Foi(FoiEvent),
    /// An event that every register of a jurisdiction has.
    Register(RegisterEvent),
    /// 0x0002.
    RoleGranted(Grant),
    /// 0x0003.
    RoleRevoked(Grant),
    /// An event of a roll.
    Roll(RollEvent),
    /// An event of a polling station.
    Station(StationEvent),
}

/// The payload of events that say everything by their type: no bytes.
#[derive(Debug, Serialize, Deserialize)]
struct Nothing {}

impl Event {
    /// Reads a typed payload. Genesis is not an [`Event`]: it is entry 0 and nowhere else.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn parse(kind: Kind, event_type: EventType, payload: &[u8]) -> Result<Self, EventError> {
        let event_type = event_type.as_u16();
        let line = find(event_type).ok_or(EventError::UnknownType(event_type))?;
        let name = line.name;
        if event_type == types::GENESIS || !line.on.allows(kind) {
            return Err(EventError::WrongKind { name });
        }
        fn read<T: Serialize + serde::de::DeserializeOwned>(
            name: &'static str,
            payload: &[u8],
        ) -> Result<T, EventError> {
            decode_canonical(payload).map_err(|_| EventError::Payload { name })
        }
        use types as t;
        Ok(match event_type {
            t::ROLE_GRANTED => Self::RoleGranted(read(name, payload)?),
            t::ROLE_REVOKED => Self::RoleRevoked(read(name, payload)?),
            t::CALENDAR_SEEN => {
                read::<Nothing>(name, payload).map(|_| Self::Register(RegisterEvent::CalendarSeen))?
            }
            t::DAY_CLOSED => Self::Register(RegisterEvent::DayClosed(read(name, payload)?)),
            t::ERASURE_ORDERED => {
                let order: ErasureOrdered = read(name, payload)?;
                if !order.commitments.is_sorted_by(|a, b| a < b) {
                    return Err(EventError::Payload { name });
                }
                Self::Register(RegisterEvent::ErasureOrdered(order))
            }
            t::ERASURE_CONFIRMED => Self::Register(RegisterEvent::ErasureConfirmed(read(name, payload)?)),
            t::REGISTER_VIEW_PUBLISHED => Self::Register(RegisterEvent::ViewPublished(read(name, payload)?)),
            t::JURISDICTION_DEFINED => {
                Self::Calendar(CalendarEvent::JurisdictionDefined(read(name, payload)?))
            }
            t::FACT_DECLARED => Self::Calendar(CalendarEvent::FactDeclared(read(name, payload)?)),
            t::PACK_ADOPTED => Self::Calendar(CalendarEvent::PackAdopted(read(name, payload)?)),
            t::REGISTER_LISTED => Self::Calendar(CalendarEvent::RegisterListed(read(name, payload)?)),
            0x0601..=0x0615 => Self::Consultation(
                ConsultationEvent::parse(event_type, payload).ok_or(EventError::Payload { name })?,
            ),
            0x0701..=0x071A => {
                Self::Foi(FoiEvent::parse(event_type, payload).ok_or(EventError::Payload { name })?)
            }
            t::VOTER_REGISTERED => Self::Roll(RollEvent::VoterRegistered(read(name, payload)?)),
            t::CREDENTIAL_COMMITTED => Self::Roll(RollEvent::CredentialCommitted(read(name, payload)?)),
            t::ROLL_FROZEN => Self::Roll(RollEvent::RollFrozen(read(name, payload)?)),
            t::ROLL_DEFINED => Self::Roll(RollEvent::RollDefined(read(name, payload)?)),
            t::ELIGIBILITY_CHECKED => Self::Roll(RollEvent::EligibilityChecked(read(name, payload)?)),
            t::VOTER_TRANSFERRED => Self::Roll(RollEvent::VoterTransferred(read(name, payload)?)),
            t::VOTER_CORRECTED => Self::Roll(RollEvent::VoterCorrected(read(name, payload)?)),
            t::VOTER_STRUCK => Self::Roll(RollEvent::VoterStruck(read(name, payload)?)),
            t::OBJECTION_FILED => Self::Roll(RollEvent::ObjectionFiled(read(name, payload)?)),
            t::OBJECTION_DECIDED => Self::Roll(RollEvent::ObjectionDecided(read(name, payload)?)),
            t::OBJECTION_WINDOW_EXTENDED => {
                Self::Roll(RollEvent::ObjectionWindowExtended(read(name, payload)?))
            }
            t::HOLIDAYS_DECLARED => Self::Roll(RollEvent::HolidaysDeclared(read(name, payload)?)),
            t::VOTERS_ASSIGNED => Self::Roll(RollEvent::VotersAssigned(read(name, payload)?)),
            t::PAPER_DISPUTED => Self::Roll(RollEvent::PaperDisputed(read(name, payload)?)),
            t::PAPER_DECIDED => Self::Roll(RollEvent::PaperDecided(read(name, payload)?)),
            t::EXCLUSIONS_OPENED => Self::Roll(RollEvent::ExclusionsOpened(read(name, payload)?)),
            t::ELECTION_DEFINED => Self::Election(ElectionEvent::ElectionDefined(read(name, payload)?)),
            t::TRUSTEE_KEY_PUBLISHED => {
                Self::Election(ElectionEvent::TrusteeKeyPublished(read(name, payload)?))
            }
            t::TRUSTEES_FIXED => Self::Election(ElectionEvent::TrusteesFixed(read(name, payload)?)),
            t::BOX_DEFINED => Self::Election(ElectionEvent::BoxDefined(read(name, payload)?)),
            t::POLL_OPENED => {
                read::<Nothing>(name, payload).map(|_| Self::Election(ElectionEvent::PollOpened))?
            }
            t::TALLY_ANCHORED => Self::Election(ElectionEvent::TallyAnchored(read(name, payload)?)),
            t::SHARE_SUBMITTED => Self::Election(ElectionEvent::ShareSubmitted(read(name, payload)?)),
            t::RESULT_DECLARED => Self::Election(ElectionEvent::ResultDeclared(read(name, payload)?)),
            t::PAPER_RETURNED => Self::Election(ElectionEvent::PaperReturned(read(name, payload)?)),
            t::VIEW_PUBLISHED => Self::Election(ElectionEvent::ViewPublished(read(name, payload)?)),
            t::TRUSTEE_ENROLLED => Self::Election(ElectionEvent::TrusteeEnrolled(read(name, payload)?)),
            t::COEFFICIENTS_OPENED => Self::Election(ElectionEvent::CoefficientsOpened(read(name, payload)?)),
            t::SHARES_DEALT => Self::Election(ElectionEvent::SharesDealt(read(name, payload)?)),
            t::KEY_CONFIRMED => Self::Election(ElectionEvent::KeyConfirmed(read(name, payload)?)),
            t::CEREMONY_COMPLAINED => Self::Election(ElectionEvent::CeremonyComplained(read(name, payload)?)),
            t::CEREMONY_RESTARTED => Self::Election(ElectionEvent::CeremonyRestarted(read(name, payload)?)),
            t::RESULTS_CERTIFIED => {
                read::<Nothing>(name, payload).map(|_| Self::Election(ElectionEvent::ResultsCertified))?
            }
            t::RULES_ADOPTED => Self::Election(ElectionEvent::RulesAdopted(read(name, payload)?)),
            t::TIE_DECIDED => Self::Election(ElectionEvent::TieDecided(read(name, payload)?)),
            t::PAPER_RECOUNTED => Self::Election(ElectionEvent::PaperRecounted(read(name, payload)?)),
            t::CANDIDATE_REMOVED => Self::Election(ElectionEvent::CandidateRemoved(read(name, payload)?)),
            t::RESULT_OBJECTION_FILED => {
                Self::Election(ElectionEvent::ResultObjectionFiled(read(name, payload)?))
            }
            t::RESULT_OBJECTION_DECIDED => {
                Self::Election(ElectionEvent::ResultObjectionDecided(read(name, payload)?))
            }
            t::STATION_DEFINED => Self::Election(ElectionEvent::StationDefined(read(name, payload)?)),
            t::OFFICER_NAMED => Self::Election(ElectionEvent::OfficerNamed(read(name, payload)?)),
            t::OFFICER_REVOKED => Self::Election(ElectionEvent::OfficerRevoked(read(name, payload)?)),
            t::STATION_ANCHORED => Self::Election(ElectionEvent::StationAnchored(read(name, payload)?)),
            t::STATION_FINAL => Self::Election(ElectionEvent::StationFinal(read(name, payload)?)),
            t::STATION_LOST => Self::Election(ElectionEvent::StationLost(read(name, payload)?)),
            t::STATION_RETURNED => Self::Election(ElectionEvent::StationReturned(read(name, payload)?)),
            t::MISMATCH_RESOLVED => Self::Election(ElectionEvent::MismatchResolved(read(name, payload)?)),
            t::BOX_PREPARED => Self::BallotBox(BoxEvent::BoxPrepared(read(name, payload)?)),
            t::BOX_OPENED => read::<Nothing>(name, payload).map(|_| Self::BallotBox(BoxEvent::BoxOpened))?,
            t::BALLOT_CAST => Self::BallotBox(BoxEvent::BallotCast(read(name, payload)?)),
            t::AUDIT_STARTED => Self::BallotBox(BoxEvent::AuditStarted(read(name, payload)?)),
            t::BOX_CLOSED => read::<Nothing>(name, payload).map(|_| Self::BallotBox(BoxEvent::BoxClosed))?,
            t::EXCLUSIONS_FIXED => Self::BallotBox(BoxEvent::ExclusionsFixed(read(name, payload)?)),
            t::SEAL_ORDERED => {
                read::<Nothing>(name, payload).map(|_| Self::BallotBox(BoxEvent::SealOrdered))?
            }
            t::BOX_SEALED => Self::BallotBox(BoxEvent::BoxSealed(read(name, payload)?)),
            t::DUTY_BEGUN => {
                read::<Nothing>(name, payload).map(|_| Self::Station(StationEvent::DutyBegun))?
            }
            t::DUTY_ENDED => {
                read::<Nothing>(name, payload).map(|_| Self::Station(StationEvent::DutyEnded))?
            }
            t::STATION_OPENED => Self::Station(StationEvent::StationOpened(read(name, payload)?)),
            t::CHECKED_IN => Self::Station(StationEvent::CheckedIn(read(name, payload)?)),
            t::PAPER_ISSUED => Self::Station(StationEvent::PaperIssued(read(name, payload)?)),
            t::PAPER_SPOILT => Self::Station(StationEvent::PaperSpoilt(read(name, payload)?)),
            t::ISSUE_DISPUTED => Self::Station(StationEvent::IssueDisputed(read(name, payload)?)),
            t::STATION_CLOSED => Self::Station(StationEvent::StationClosed(read(name, payload)?)),
            _ => return Err(EventError::UnknownType(event_type)),
        })
    }

    /// The type on the wire.
    #[must_use]
    pub const fn event_type(&self) -> u16 {
        use types as t;
        match self {
            Self::RoleGranted(_) => t::ROLE_GRANTED,
            Self::RoleRevoked(_) => t::ROLE_REVOKED,
            Self::Register(e) => match e {
                RegisterEvent::CalendarSeen => t::CALENDAR_SEEN,
                RegisterEvent::DayClosed(_) => t::DAY_CLOSED,
                RegisterEvent::ErasureOrdered(_) => t::ERASURE_ORDERED,
                RegisterEvent::ErasureConfirmed(_) => t::ERASURE_CONFIRMED,
                RegisterEvent::ViewPublished(_) => t::REGISTER_VIEW_PUBLISHED,
            },
            Self::Calendar(e) => match e {
                CalendarEvent::JurisdictionDefined(_) => t::JURISDICTION_DEFINED,
                CalendarEvent::FactDeclared(_) => t::FACT_DECLARED,
                CalendarEvent::PackAdopted(_) => t::PACK_ADOPTED,
                CalendarEvent::RegisterListed(_) => t::REGISTER_LISTED,
            },
            Self::Consultation(e) => e.event_type(),
            Self::Foi(e) => e.event_type(),
            Self::Roll(e) => match e {
                RollEvent::VoterRegistered(_) => t::VOTER_REGISTERED,
                RollEvent::CredentialCommitted(_) => t::CREDENTIAL_COMMITTED,
                RollEvent::RollFrozen(_) => t::ROLL_FROZEN,
                RollEvent::RollDefined(_) => t::ROLL_DEFINED,
                RollEvent::EligibilityChecked(_) => t::ELIGIBILITY_CHECKED,
                RollEvent::VoterTransferred(_) => t::VOTER_TRANSFERRED,
                RollEvent::VoterCorrected(_) => t::VOTER_CORRECTED,
                RollEvent::VoterStruck(_) => t::VOTER_STRUCK,
                RollEvent::ObjectionFiled(_) => t::OBJECTION_FILED,
                RollEvent::ObjectionDecided(_) => t::OBJECTION_DECIDED,
                RollEvent::ObjectionWindowExtended(_) => t::OBJECTION_WINDOW_EXTENDED,
                RollEvent::HolidaysDeclared(_) => t::HOLIDAYS_DECLARED,
                RollEvent::VotersAssigned(_) => t::VOTERS_ASSIGNED,
                RollEvent::PaperDisputed(_) => t::PAPER_DISPUTED,
                RollEvent::PaperDecided(_) => t::PAPER_DECIDED,
                RollEvent::ExclusionsOpened(_) => t::EXCLUSIONS_OPENED,
            },
            Self::Election(e) => match e {
                ElectionEvent::ElectionDefined(_) => t::ELECTION_DEFINED,
                ElectionEvent::TrusteeKeyPublished(_) => t::TRUSTEE_KEY_PUBLISHED,
                ElectionEvent::TrusteesFixed(_) => t::TRUSTEES_FIXED,
                ElectionEvent::BoxDefined(_) => t::BOX_DEFINED,
                ElectionEvent::PollOpened => t::POLL_OPENED,
                ElectionEvent::TallyAnchored(_) => t::TALLY_ANCHORED,
                ElectionEvent::ShareSubmitted(_) => t::SHARE_SUBMITTED,
                ElectionEvent::ResultDeclared(_) => t::RESULT_DECLARED,
                ElectionEvent::PaperReturned(_) => t::PAPER_RETURNED,
                ElectionEvent::ViewPublished(_) => t::VIEW_PUBLISHED,
                ElectionEvent::TrusteeEnrolled(_) => t::TRUSTEE_ENROLLED,
                ElectionEvent::CoefficientsOpened(_) => t::COEFFICIENTS_OPENED,
                ElectionEvent::SharesDealt(_) => t::SHARES_DEALT,
                ElectionEvent::KeyConfirmed(_) => t::KEY_CONFIRMED,
                ElectionEvent::CeremonyComplained(_) => t::CEREMONY_COMPLAINED,
                ElectionEvent::CeremonyRestarted(_) => t::CEREMONY_RESTARTED,
                ElectionEvent::ResultsCertified => t::RESULTS_CERTIFIED,
                ElectionEvent::RulesAdopted(_) => t::RULES_ADOPTED,
                ElectionEvent::TieDecided(_) => t::TIE_DECIDED,
                ElectionEvent::PaperRecounted(_) => t::PAPER_RECOUNTED,
                ElectionEvent::CandidateRemoved(_) => t::CANDIDATE_REMOVED,
                ElectionEvent::ResultObjectionFiled(_) => t::RESULT_OBJECTION_FILED,
                ElectionEvent::ResultObjectionDecided(_) => t::RESULT_OBJECTION_DECIDED,
                ElectionEvent::StationDefined(_) => t::STATION_DEFINED,
                ElectionEvent::OfficerNamed(_) => t::OFFICER_NAMED,
                ElectionEvent::OfficerRevoked(_) => t::OFFICER_REVOKED,
                ElectionEvent::StationAnchored(_) => t::STATION_ANCHORED,
                ElectionEvent::StationFinal(_) => t::STATION_FINAL,
                ElectionEvent::StationLost(_) => t::STATION_LOST,
                ElectionEvent::StationReturned(_) => t::STATION_RETURNED,
                ElectionEvent::MismatchResolved(_) => t::MISMATCH_RESOLVED,
            },
            Self::BallotBox(e) => match e {
                BoxEvent::BoxPrepared(_) => t::BOX_PREPARED,
                BoxEvent::BoxOpened => t::BOX_OPENED,
                BoxEvent::BallotCast(_) => t::BALLOT_CAST,
                BoxEvent::AuditStarted(_) => t::AUDIT_STARTED,
                BoxEvent::BoxClosed => t::BOX_CLOSED,
                BoxEvent::ExclusionsFixed(_) => t::EXCLUSIONS_FIXED,
                BoxEvent::SealOrdered => t::SEAL_ORDERED,
                BoxEvent::BoxSealed(_) => t::BOX_SEALED,
            },
            Self::Station(e) => match e {
                StationEvent::DutyBegun => t::DUTY_BEGUN,
                StationEvent::DutyEnded => t::DUTY_ENDED,
                StationEvent::StationOpened(_) => t::STATION_OPENED,
                StationEvent::CheckedIn(_) => t::CHECKED_IN,
                StationEvent::PaperIssued(_) => t::PAPER_ISSUED,
                StationEvent::PaperSpoilt(_) => t::PAPER_SPOILT,
                StationEvent::IssueDisputed(_) => t::ISSUE_DISPUTED,
                StationEvent::StationClosed(_) => t::STATION_CLOSED,
            },
        }
    }

    /// The type as the ledger crate names it.
    #[must_use]
    pub const fn wire_type(&self) -> EventType {
        EventType::new(self.event_type())
    }

    /// The catalogue's line of this event.
    #[must_use]
    pub fn line(&self) -> &'static Line {
        find(self.event_type()).expect("every event has a line in the catalogue")
    }

    /// The role that its author must hold. Spec: specs/events.md §8 for what a requester causes: with a letter an officer
    /// enters it, without one the service does.
    #[must_use]
    pub fn author(&self) -> Role {
        match self {
            Self::Foi(e) if matches!(e.letter(), Some(None)) => Role::Service,
            _ => self.line().author,
        }
    }

    /// The commitments that it holds. Spec: specs/jurisdiction.md §3.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        match self {
            Self::Consultation(e) => e.fields(),
            Self::Foi(e) => e.fields(),
            _ => Vec::new(),
        }
    }

    /// The scope that the author's role must cover.
    #[must_use]
    pub fn author_scope(&self) -> Option<Scope> {
        match self {
            Self::Election(e) => {
                let index = match e {
                    ElectionEvent::TrusteeKeyPublished(e) => e.index,
                    ElectionEvent::ShareSubmitted(e) => e.index,
                    ElectionEvent::TrusteeEnrolled(e) => e.index,
                    ElectionEvent::CoefficientsOpened(e) => e.index,
                    ElectionEvent::SharesDealt(e) => e.index,
                    ElectionEvent::KeyConfirmed(e) => e.index,
                    ElectionEvent::CeremonyComplained(e) => e.index,
                    _ => return None,
                };
                index.to_string().parse().ok()
            }
            _ => None,
        }
    }

    /// The contents that the event cites, which are published with it.
    #[must_use]
    pub fn contents(&self) -> Vec<ContentRef> {
        match self {
            Self::RoleGranted(_) | Self::RoleRevoked(_) => Vec::new(),
            Self::Register(e) => match e {
                RegisterEvent::ViewPublished(p) => vec![p.content],
                _ => Vec::new(),
            },
            Self::Calendar(e) => match e {
                CalendarEvent::PackAdopted(p) => vec![p.pack],
                _ => Vec::new(),
            },
            Self::Consultation(e) => match e {
                ConsultationEvent::DocumentPublished(p) => vec![p.document],
                _ => Vec::new(),
            },
            Self::Foi(e) => match e {
                FoiEvent::RegisterDefined(p) => vec![p.pack],
                FoiEvent::RulesChosen(p) => vec![p.pack],
                _ => Vec::new(),
            },
            Self::Roll(e) => match e {
                RollEvent::RollDefined(p) => std::iter::once(p.pack).chain(p.holidays).collect(),
                RollEvent::HolidaysDeclared(p) => vec![p.holidays],
                RollEvent::VotersAssigned(p) => vec![p.voters],
                RollEvent::ExclusionsOpened(p) => vec![p.openings],
                RollEvent::RollFrozen(p) => p.districts.iter().map(|d| d.credentials).collect(),
                RollEvent::VoterRegistered(_)
                | RollEvent::CredentialCommitted(_)
                | RollEvent::EligibilityChecked(_)
                | RollEvent::VoterTransferred(_)
                | RollEvent::VoterCorrected(_)
                | RollEvent::VoterStruck(_)
                | RollEvent::ObjectionFiled(_)
                | RollEvent::ObjectionDecided(_)
                | RollEvent::ObjectionWindowExtended(_)
                | RollEvent::PaperDisputed(_)
                | RollEvent::PaperDecided(_) => Vec::new(),
            },
            Self::Election(e) => match e {
                ElectionEvent::ElectionDefined(p) => vec![p.manifest],
                ElectionEvent::TrusteesFixed(p) => vec![p.trustees],
                ElectionEvent::BoxDefined(p) => vec![p.election, p.credentials],
                ElectionEvent::TallyAnchored(p) => vec![p.encrypted_tally, p.sized_tally],
                ElectionEvent::ShareSubmitted(p) => vec![p.share],
                ElectionEvent::ResultDeclared(p) => vec![p.result],
                ElectionEvent::ViewPublished(p) => vec![p.content],
                ElectionEvent::RulesAdopted(p) => vec![p.pack],
                ElectionEvent::TrusteeKeyPublished(_)
                | ElectionEvent::PollOpened
                | ElectionEvent::TieDecided(_)
                | ElectionEvent::PaperRecounted(_)
                | ElectionEvent::CandidateRemoved(_)
                | ElectionEvent::ResultObjectionFiled(_)
                | ElectionEvent::ResultObjectionDecided(_)
                | ElectionEvent::PaperReturned(_)
                | ElectionEvent::TrusteeEnrolled(_)
                | ElectionEvent::CoefficientsOpened(_)
                | ElectionEvent::SharesDealt(_)
                | ElectionEvent::KeyConfirmed(_)
                | ElectionEvent::CeremonyComplained(_)
                | ElectionEvent::CeremonyRestarted(_)
                | ElectionEvent::ResultsCertified
                | ElectionEvent::StationDefined(_)
                | ElectionEvent::OfficerNamed(_)
                | ElectionEvent::OfficerRevoked(_)
                | ElectionEvent::StationAnchored(_)
                | ElectionEvent::StationFinal(_)
                | ElectionEvent::StationLost(_)
                | ElectionEvent::StationReturned(_)
                | ElectionEvent::MismatchResolved(_) => Vec::new(),
            },
            Self::BallotBox(e) => match e {
                BoxEvent::BoxPrepared(p) => vec![p.election, p.trustees, p.credentials],
                BoxEvent::ExclusionsFixed(p) => vec![p.list],
                BoxEvent::BoxSealed(p) => vec![p.encrypted_tally, p.sized_tally],
                BoxEvent::BoxOpened
                | BoxEvent::BallotCast(_)
                | BoxEvent::AuditStarted(_)
                | BoxEvent::BoxClosed
                | BoxEvent::SealOrdered => Vec::new(),
            },
            Self::Station(e) => match e {
                StationEvent::StationOpened(p) => vec![p.voters, p.pack],
                StationEvent::DutyBegun
                | StationEvent::DutyEnded
                | StationEvent::CheckedIn(_)
                | StationEvent::PaperIssued(_)
                | StationEvent::PaperSpoilt(_)
                | StationEvent::IssueDisputed(_)
                | StationEvent::StationClosed(_) => Vec::new(),
            },
        }
    }

    /// The payload's bytes.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        match self {
            Self::RoleGranted(g) | Self::RoleRevoked(g) => encode(g),
            Self::Register(e) => match e {
                RegisterEvent::CalendarSeen => Vec::new(),
                RegisterEvent::DayClosed(p) => encode(p),
                RegisterEvent::ErasureOrdered(p) => encode(p),
                RegisterEvent::ErasureConfirmed(p) => encode(p),
                RegisterEvent::ViewPublished(p) => encode(p),
            },
            Self::Calendar(e) => match e {
                CalendarEvent::JurisdictionDefined(p) => encode(p),
                CalendarEvent::FactDeclared(p) => encode(p),
                CalendarEvent::PackAdopted(p) => encode(p),
                CalendarEvent::RegisterListed(p) => encode(p),
            },
            Self::Consultation(e) => e.payload(),
            Self::Foi(e) => e.payload(),
            Self::Roll(e) => match e {
                RollEvent::VoterRegistered(p) => encode(p),
                RollEvent::CredentialCommitted(p) => encode(p),
                RollEvent::RollFrozen(p) => encode(p),
                RollEvent::RollDefined(p) => encode(p),
                RollEvent::EligibilityChecked(p) => encode(p),
                RollEvent::VoterTransferred(p) => encode(p),
                RollEvent::VoterCorrected(p) => encode(p),
                RollEvent::VoterStruck(p) => encode(p),
                RollEvent::ObjectionFiled(p) => encode(p),
                RollEvent::ObjectionDecided(p) => encode(p),
                RollEvent::ObjectionWindowExtended(p) => encode(p),
                RollEvent::HolidaysDeclared(p) => encode(p),
                RollEvent::VotersAssigned(p) => encode(p),
                RollEvent::PaperDisputed(p) => encode(p),
                RollEvent::PaperDecided(p) => encode(p),
                RollEvent::ExclusionsOpened(p) => encode(p),
            },
            Self::Election(e) => match e {
                ElectionEvent::ElectionDefined(p) => encode(p),
                ElectionEvent::TrusteeKeyPublished(p) => encode(p),
                ElectionEvent::TrusteesFixed(p) => encode(p),
                ElectionEvent::BoxDefined(p) => encode(p),
                ElectionEvent::PollOpened | ElectionEvent::ResultsCertified => Vec::new(),
                ElectionEvent::TallyAnchored(p) => encode(p),
                ElectionEvent::ShareSubmitted(p) => encode(p),
                ElectionEvent::ResultDeclared(p) => encode(p),
                ElectionEvent::PaperReturned(p) => encode(p),
                ElectionEvent::ViewPublished(p) => encode(p),
                ElectionEvent::TrusteeEnrolled(p) => encode(p),
                ElectionEvent::CoefficientsOpened(p) => encode(p),
                ElectionEvent::SharesDealt(p) => encode(p),
                ElectionEvent::KeyConfirmed(p) => encode(p),
                ElectionEvent::CeremonyComplained(p) => encode(p),
                ElectionEvent::CeremonyRestarted(p) => encode(p),
                ElectionEvent::RulesAdopted(p) => encode(p),
                ElectionEvent::TieDecided(p) => encode(p),
                ElectionEvent::PaperRecounted(p) => encode(p),
                ElectionEvent::CandidateRemoved(p) => encode(p),
                ElectionEvent::ResultObjectionFiled(p) => encode(p),
                ElectionEvent::ResultObjectionDecided(p) => encode(p),
                ElectionEvent::StationDefined(p) => encode(p),
                ElectionEvent::OfficerNamed(p) => encode(p),
                ElectionEvent::OfficerRevoked(p) => encode(p),
                ElectionEvent::StationAnchored(p) => encode(p),
                ElectionEvent::StationFinal(p) => encode(p),
                ElectionEvent::StationLost(p) => encode(p),
                ElectionEvent::StationReturned(p) => encode(p),
                ElectionEvent::MismatchResolved(p) => encode(p),
            },
            Self::BallotBox(e) => match e {
                BoxEvent::BoxPrepared(p) => encode(p),
                BoxEvent::BallotCast(p) => encode(p),
                BoxEvent::AuditStarted(p) => encode(p),
                BoxEvent::ExclusionsFixed(p) => encode(p),
                BoxEvent::BoxSealed(p) => encode(p),
                BoxEvent::BoxOpened | BoxEvent::BoxClosed | BoxEvent::SealOrdered => Vec::new(),
            },
            Self::Station(e) => match e {
                StationEvent::DutyBegun | StationEvent::DutyEnded => Vec::new(),
                StationEvent::StationOpened(p) => encode(p),
                StationEvent::CheckedIn(p) => encode(p),
                StationEvent::PaperIssued(p) => encode(p),
                StationEvent::PaperSpoilt(p) => encode(p),
                StationEvent::IssueDisputed(p) => encode(p),
                StationEvent::StationClosed(p) => encode(p),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [`find`] halves: with two lines out of order, events of elections were unknown.
    #[test]
    fn the_catalogue_is_ascending_and_finds_every_line() {
        assert!(CATALOGUE.is_sorted_by(|a, b| a.event_type < b.event_type));
        for line in CATALOGUE {
            assert_eq!(find(line.event_type).map(|found| found.name), Some(line.name));
        }
    }
}
