//! Events of a roll. Spec: specs/events.md §3, specs/roll.md.

use serde::{Deserialize, Serialize};
use sijill_ledger::{ContentRef, LedgerId};

use crate::names::Name;
use crate::station::events::Number;

/// A person on one ledger: an HMAC that only the registrar can compute. Spec: specs/events.md §3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pseudonym(pub [u8; 32]);

impl core::fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", hex::encode(self.0))
    }
}

/// 0x0201: a person is on the roll of a district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoterRegistered {
    /// The person.
    pub pseudonym: Pseudonym,
    /// Where they vote.
    pub district: Name,
}

/// 0x0202: a salted commitment to a person's public credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialCommitted {
    /// The person.
    pub pseudonym: Pseudonym,
    /// The commitment.
    pub commitment: [u8; 32],
}

/// One district of a frozen roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrictRoll {
    /// District id.
    pub district: Name,
    /// Persons registered there.
    pub eligible: u64,
    /// Those among them with a credential.
    pub holders: u64,
    /// The credential list.
    pub credentials: ContentRef,
}

/// 0x0203: the roll is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollFrozen {
    /// Ascending by district.
    pub districts: Vec<DistrictRoll>,
}

/// When objections may be filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The announcement of the preliminary roll, in milliseconds.
    pub opens_ms: u64,
    /// The last day, as a day number.
    pub last_day: u32,
}

/// 0x0204: the rules of the roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollDefined {
    /// The rule pack in its JSON form.
    pub pack: ContentRef,
    /// The holidays known so far.
    pub holidays: Option<ContentRef>,
    /// Polling day, as a day number.
    pub polling_day: u32,
    /// The window for objections, if the pack knows objections.
    pub objections: Option<Window>,
}

/// 0x0205: somebody's eligibility was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EligibilityChecked {
    /// The person.
    pub pseudonym: Pseudonym,
    /// 1 registration, 2 station, 3 log-in, 4 cast.
    pub purpose: u8,
    /// Whether no condition failed.
    pub eligible: bool,
    /// To the conditions that failed and the evidence.
    pub commitment: [u8; 32],
}

/// 0x0206: a voter votes in another district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoterTransferred {
    /// The person.
    pub pseudonym: Pseudonym,
    /// The district until now.
    pub from: Name,
    /// The district from now on.
    pub to: Name,
    /// Commitment to the reason.
    pub reason: [u8; 32],
}

/// 0x0207: the evidence about a voter has changed, and a new check has found them eligible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoterCorrected {
    /// The person.
    pub pseudonym: Pseudonym,
    /// Position of the new check.
    pub check: u64,
}

/// 0x0208: a person is off the roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoterStruck {
    /// The person.
    pub pseudonym: Pseudonym,
    /// Commitment to the reason.
    pub reason: [u8; 32],
}

/// 0x0209: somebody objects to the roll. The objection is named by its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionFiled {
    /// Who objects.
    pub objector: Pseudonym,
    /// The person whom it is about.
    pub about: Pseudonym,
    /// 1 omission, 2 inclusion, 3 entry.
    pub kind: u8,
    /// Commitment to what they say.
    pub statement: [u8; 32],
}

/// 0x020A: an objection is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionDecided {
    /// Position of the objection.
    pub objection: u64,
    /// 1 upheld (the roll stays), 2 varied, 3 overturned.
    pub decision: u8,
    /// Commitment to the reason.
    pub reason: [u8; 32],
}

/// 0x020B: the window for objections lasts longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionWindowExtended {
    /// Which office extends it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The last day until now, as a day number.
    pub old_last: u32,
    /// The last day from now on.
    pub new_last: u32,
}

/// 0x020C: more holidays are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidaysDeclared {
    /// The longer list.
    pub holidays: ContentRef,
}

/// 0x020D: which voters a station serves. Spec: specs/station.md §3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VotersAssigned {
    /// The station.
    pub station: LedgerId,
    /// Its list.
    pub voters: ContentRef,
}

/// 0x020E: somebody says that they did not get the paper that was issued in their name. Spec: specs/station.md §7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperDisputed {
    /// The station.
    pub station: LedgerId,
    /// Position of the paper.
    pub paper: Number,
    /// Commitment to what they say.
    pub statement: [u8; 32],
}

/// 0x020F: whether a paper counts that is contested or in an envelope. Spec: specs/station.md §7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperDecided {
    /// The station.
    pub station: LedgerId,
    /// Position of the paper.
    pub paper: Number,
    /// 1 it counts, 2 it does not.
    pub decision: u8,
    /// Who the guest is, of an envelope that counts.
    pub person: Option<Pseudonym>,
    /// Commitment to the reason.
    pub reason: [u8; 32],
}

/// The opening of a commitment to a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Whose.
    pub pseudonym: Pseudonym,
    /// The random bytes.
    pub salt: [u8; 32],
    /// The public credential, little-endian.
    pub credential: [u8; 32],
}

/// 0x0210: whose digital ballots a box excludes. Spec: specs/station.md §8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionsOpened {
    /// The box.
    pub ledger: LedgerId,
    /// A list of [`Opening`], ascending by pseudonym.
    pub openings: ContentRef,
}

/// An event of a roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollEvent {
    /// 0x0202.
    CredentialCommitted(CredentialCommitted),
    /// 0x0205.
    EligibilityChecked(EligibilityChecked),
    /// 0x0210.
    ExclusionsOpened(ExclusionsOpened),
    /// 0x020C.
    HolidaysDeclared(HolidaysDeclared),
    /// 0x020A.
    ObjectionDecided(ObjectionDecided),
    /// 0x0209.
    ObjectionFiled(ObjectionFiled),
    /// 0x020B.
    ObjectionWindowExtended(ObjectionWindowExtended),
    /// 0x020F.
    PaperDecided(PaperDecided),
    /// 0x020E.
    PaperDisputed(PaperDisputed),
    /// 0x0204.
    RollDefined(RollDefined),
    /// 0x0203.
    RollFrozen(RollFrozen),
    /// 0x0207.
    VoterCorrected(VoterCorrected),
    /// 0x0201.
    VoterRegistered(VoterRegistered),
    /// 0x0208.
    VoterStruck(VoterStruck),
    /// 0x0206.
    VoterTransferred(VoterTransferred),
    /// 0x020D.
    VotersAssigned(VotersAssigned),
}

impl RollEvent {
    /// Its name in the catalogue.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CredentialCommitted(_) => "CredentialCommitted",
            Self::EligibilityChecked(_) => "EligibilityChecked",
            Self::ExclusionsOpened(_) => "ExclusionsOpened",
            Self::HolidaysDeclared(_) => "HolidaysDeclared",
            Self::PaperDecided(_) => "PaperDecided",
            Self::PaperDisputed(_) => "PaperDisputed",
            Self::ObjectionDecided(_) => "ObjectionDecided",
            Self::ObjectionFiled(_) => "ObjectionFiled",
            Self::ObjectionWindowExtended(_) => "ObjectionWindowExtended",
            Self::RollDefined(_) => "RollDefined",
            Self::RollFrozen(_) => "RollFrozen",
            Self::VoterCorrected(_) => "VoterCorrected",
            Self::VoterRegistered(_) => "VoterRegistered",
            Self::VoterStruck(_) => "VoterStruck",
            Self::VoterTransferred(_) => "VoterTransferred",
            Self::VotersAssigned(_) => "VotersAssigned",
        }
    }
}
