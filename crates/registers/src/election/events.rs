//! Events of an election ledger. Spec: specs/events.md §4.

use serde::{Deserialize, Serialize};
use sijill_ledger::{ContentRef, KeyId, LedgerId};

use crate::names::Name;
use crate::station::events::{Number, Signed, StationCounts};

/// Visibility of a ledger that everybody may read.
pub const PUBLIC: u8 = 1;
/// Visibility of a ledger that accredited auditors may read.
pub const ACCREDITED: u8 = 2;

/// A ledger of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLedger {
    /// Its id.
    pub ledger: LedgerId,
    /// Its kind, as in genesis.
    pub kind: u16,
    /// [`PUBLIC`] or [`ACCREDITED`].
    pub visibility: u8,
    /// The district, for boxes.
    pub district: Option<Name>,
}

/// 0x0301: what the event is, and which ledgers it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElectionDefined {
    /// The manifest.
    pub manifest: ContentRef,
    /// Ascending by ledger id.
    pub ledgers: Vec<ListedLedger>,
}

/// 0x0302: a trustee's public key with its proof of knowledge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrusteeKeyPublished {
    /// From 1.
    pub index: u16,
    /// The Belenios public key record, JSON.
    pub record: Vec<u8>,
}

/// 0x0303: the trustees and the election key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrusteesFixed {
    /// The trustees record.
    pub trustees: ContentRef,
    /// The election key, 32 bytes little-endian.
    pub public_key: [u8; 32],
}

/// 0x0304: the records of one box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxDefined {
    /// District.
    pub district: Name,
    /// The box.
    pub ledger: LedgerId,
    /// Its Belenios election record.
    pub election: ContentRef,
    /// Its credential list.
    pub credentials: ContentRef,
    /// Persons eligible in the district.
    pub eligible: u64,
    /// Those among them with a credential.
    pub holders: u64,
}

/// 0x0306: the sealed tally of a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyAnchored {
    /// The box.
    pub ledger: LedgerId,
    /// Entries of the box up to and including its seal.
    pub sealed_size: u64,
    /// Ballots counted.
    pub counted: u64,
    /// The encrypted tally.
    pub encrypted_tally: ContentRef,
    /// The sized encrypted tally.
    pub sized_tally: ContentRef,
}

/// 0x0307: a trustee's partial decryption of a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareSubmitted {
    /// The box.
    pub ledger: LedgerId,
    /// The trustee.
    pub index: u16,
    /// The partial decryption record.
    pub share: ContentRef,
}

/// 0x0308: the result of a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultDeclared {
    /// The box.
    pub ledger: LedgerId,
    /// The result record.
    pub result: ContentRef,
}

/// 0x0309: the paper votes of a district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperReturned {
    /// The box of the district.
    pub ledger: LedgerId,
    /// Papers handed out.
    pub issued: u64,
    /// Valid papers, blank ones included.
    pub valid: u64,
    /// Invalid papers.
    pub invalid: u64,
    /// Papers spoilt and not cast.
    pub spoilt: u64,
    /// Per question, per choice (blank first if offered).
    pub counts: Vec<Vec<u64>>,
}

/// 0x030A: a published read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewPublished {
    /// `turnout`, `trackers`, `tally`, `result` or `outcome`.
    pub view: String,
    /// The box that it is about.
    pub ledger: LedgerId,
    /// Entries that it was computed from.
    pub size: u64,
    /// The document.
    pub content: ContentRef,
}

/// 0x0320: the rule pack that governs the event. Spec: specs/outcome.md §1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesAdopted {
    /// The election pack in its JSON form.
    pub pack: ContentRef,
    /// Its day number.
    pub polling_day: u32,
}

/// 0x0321: who of those level is elected. Spec: specs/outcome.md §3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TieDecided {
    /// The box.
    pub ledger: LedgerId,
    /// The question, from 0.
    pub question: u16,
    /// The answers that are elected, from 0, ascending.
    pub elected: Vec<u16>,
    /// 1 casting vote, 2 lots.
    pub rule: u8,
    /// Who has the casting vote, or the witnesses.
    pub by: Vec<String>,
    /// Why, or how.
    pub reason: String,
}

/// 0x0322: a paper return that supersedes the one before it. Spec: specs/outcome.md §4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperRecounted {
    /// The box of the district.
    pub ledger: LedgerId,
    /// Papers handed out.
    pub issued: u64,
    /// Valid papers, blank ones included.
    pub valid: u64,
    /// Invalid papers.
    pub invalid: u64,
    /// Papers spoilt and not cast.
    pub spoilt: u64,
    /// Per question, per choice (blank first if offered).
    pub counts: Vec<Vec<u64>>,
    /// Why it was counted again.
    pub reason: String,
}

impl PaperRecounted {
    /// The return that now stands for the box.
    #[must_use]
    pub fn as_return(&self) -> PaperReturned {
        PaperReturned {
            ledger: self.ledger,
            issued: self.issued,
            valid: self.valid,
            invalid: self.invalid,
            spoilt: self.spoilt,
            counts: self.counts.clone(),
        }
    }
}

/// 0x0323: a candidate who cannot be elected any more. Spec: specs/outcome.md §5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateRemoved {
    /// District.
    pub district: Name,
    /// The question, from 0.
    pub question: u16,
    /// The answer, from 0.
    pub answer: u16,
    /// 1 withdrawal, 2 by a court.
    pub cause: u8,
    /// Why: of a court its name and decision.
    pub reason: String,
}

/// 0x0324: somebody objects to a result. Spec: specs/outcome.md §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultObjectionFiled {
    /// The box.
    pub ledger: LedgerId,
    /// Pseudonym on this ledger.
    pub objector: [u8; 32],
    /// Commitment to the statement.
    pub statement: [u8; 32],
}

/// 0x0325: the decision on an objection to a result. Spec: specs/outcome.md §6.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultObjectionDecided {
    /// Position of the objection.
    pub objection: u64,
    /// 1 upheld (the result stands), 2 varied, 3 overturned.
    pub decision: u8,
    /// Why, in public.
    pub reason: String,
}

/// 0x030B: a trustee takes part in an attempt of the key ceremony.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrusteeEnrolled {
    /// Attempt, from 1.
    pub attempt: u16,
    /// The trustee.
    pub index: u16,
    /// Its certificate, JSON.
    pub certificate: Vec<u8>,
    /// X25519 public key that shares for it are encrypted to.
    pub channel_key: [u8; 32],
    /// Commitment to its coefficients.
    pub commitment: [u8; 32],
}

/// 0x030C: a trustee opens its commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoefficientsOpened {
    /// Attempt.
    pub attempt: u16,
    /// The trustee.
    pub index: u16,
    /// Salt of the commitment.
    pub salt: [u8; 32],
    /// The signed coefficients, JSON.
    pub coefficients: Vec<u8>,
}

/// 0x030D: a trustee deals the encrypted shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharesDealt {
    /// Attempt.
    pub attempt: u16,
    /// The dealer.
    pub index: u16,
    /// One for each trustee, in order, 80 bytes each.
    pub shares: Vec<Vec<u8>>,
}

/// 0x030E: a trustee has accepted its shares and confirms its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyConfirmed {
    /// Attempt.
    pub attempt: u16,
    /// The trustee.
    pub index: u16,
    /// Its decryption key, JSON.
    pub key: Vec<u8>,
    /// Its signature over all certificates and its own coefficients, JSON.
    pub signature: Vec<u8>,
}

/// 0x030F: a trustee cannot accept a share.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyComplained {
    /// Attempt.
    pub attempt: u16,
    /// Who complains.
    pub index: u16,
    /// Against which dealer.
    pub against: u16,
    /// The channel secret, by which everybody can judge; worthless from now on.
    pub channel_secret: [u8; 32],
}

impl core::fmt::Debug for CeremonyComplained {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CeremonyComplained")
            .field("attempt", &self.attempt)
            .field("index", &self.index)
            .field("against", &self.against)
            .finish_non_exhaustive()
    }
}

/// 0x0310: the ceremony begins again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyRestarted {
    /// The attempt that begins.
    pub attempt: u16,
}

/// 0x0312: a polling station, its officers and its list of voters. Spec: specs/station.md §1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationDefined {
    /// Its id.
    pub station: Name,
    /// Its name in English.
    pub name_en: String,
    /// Its name in Arabic, may be empty.
    pub name_ar: String,
    /// Its ledger.
    pub ledger: LedgerId,
    /// Districts that it serves, ascending.
    pub districts: Vec<Name>,
    /// Whether it works with a network.
    pub online: bool,
    /// How long after the close those who wait may be checked in.
    pub queue_ms: Number,
    /// SHA-256 of the roll's rule pack.
    pub pack: [u8; 32],
    /// SHA-256 of its list of voters.
    pub voters: [u8; 32],
    /// Voters on that list.
    pub count: Number,
    /// Its chair.
    pub chair: KeyId,
    /// Its other officers, ascending.
    pub members: Vec<KeyId>,
}

/// 0x0313: a station has another officer, or another chair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficerNamed {
    /// The station.
    pub ledger: LedgerId,
    /// The officer.
    pub key: KeyId,
    /// Whether as chair.
    pub chair: bool,
}

/// 0x0314: somebody is an officer no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficerRevoked {
    /// The station.
    pub ledger: LedgerId,
    /// The officer.
    pub key: KeyId,
}

/// 0x0315: the centre has the first entries of a station's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationAnchored {
    /// The station.
    pub ledger: LedgerId,
    /// So many entries.
    pub size: Number,
}

/// 0x0316: the final state of a station's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationFinal {
    /// The station.
    pub ledger: LedgerId,
    /// All its entries.
    pub size: Number,
    /// What its closing protocol counts.
    pub counts: StationCounts,
    /// Of the chair and at least two members, ascending by key.
    pub signatures: Vec<Signed>,
}

/// 0x0317: the book of a station is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationLost {
    /// The station.
    pub ledger: LedgerId,
    /// The pack's rule: 1 void-paper, 2 void-digital.
    pub rule: u8,
    /// How it was lost.
    pub reason: String,
}

/// 0x0318: the paper votes of one district at one station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationReturned {
    /// The station.
    pub ledger: LedgerId,
    /// District.
    pub district: Name,
    /// Papers handed out, and envelopes opened at its urn.
    pub issued: Number,
    /// Valid papers, blank ones included.
    pub valid: Number,
    /// Invalid papers.
    pub invalid: Number,
    /// Papers spoilt and not cast.
    pub spoilt: Number,
    /// Per question, per choice (blank first if offered).
    pub counts: Vec<Vec<Number>>,
}

impl StationReturned {
    /// Whether the papers found are not those handed out.
    #[must_use]
    pub const fn has_mismatch(&self) -> bool {
        self.valid.get() + self.invalid.get() + self.spoilt.get() != self.issued.get()
    }
}

/// 0x0319: why papers do not add up, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MismatchResolved {
    /// The station.
    pub ledger: LedgerId,
    /// The district of a return; absent for the station's closing protocol.
    pub district: Option<Name>,
    /// For the public.
    pub reason: String,
}

/// An event of an election ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ElectionEvent {
    /// 0x0304.
    BoxDefined(BoxDefined),
    /// 0x0323.
    CandidateRemoved(CandidateRemoved),
    /// 0x030F.
    CeremonyComplained(CeremonyComplained),
    /// 0x0310.
    CeremonyRestarted(CeremonyRestarted),
    /// 0x030C.
    CoefficientsOpened(CoefficientsOpened),
    /// 0x0301.
    ElectionDefined(ElectionDefined),
    /// 0x030E.
    KeyConfirmed(KeyConfirmed),
    /// 0x0322.
    PaperRecounted(PaperRecounted),
    /// 0x0319.
    MismatchResolved(MismatchResolved),
    /// 0x0313.
    OfficerNamed(OfficerNamed),
    /// 0x0314.
    OfficerRevoked(OfficerRevoked),
    /// 0x0309.
    PaperReturned(PaperReturned),
    /// 0x0305.
    PollOpened,
    /// 0x0308.
    ResultDeclared(ResultDeclared),
    /// 0x0325.
    ResultObjectionDecided(ResultObjectionDecided),
    /// 0x0324.
    ResultObjectionFiled(ResultObjectionFiled),
    /// 0x0311.
    ResultsCertified,
    /// 0x0320.
    RulesAdopted(RulesAdopted),
    /// 0x0307.
    ShareSubmitted(ShareSubmitted),
    /// 0x030D.
    SharesDealt(SharesDealt),
    /// 0x0315.
    StationAnchored(StationAnchored),
    /// 0x0312.
    StationDefined(StationDefined),
    /// 0x0316.
    StationFinal(StationFinal),
    /// 0x0317.
    StationLost(StationLost),
    /// 0x0318.
    StationReturned(StationReturned),
    /// 0x0306.
    TallyAnchored(TallyAnchored),
    /// 0x0321.
    TieDecided(TieDecided),
    /// 0x030B.
    TrusteeEnrolled(TrusteeEnrolled),
    /// 0x0302.
    TrusteeKeyPublished(TrusteeKeyPublished),
    /// 0x0303.
    TrusteesFixed(TrusteesFixed),
    /// 0x030A.
    ViewPublished(ViewPublished),
}
