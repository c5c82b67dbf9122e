//! Events of a register of freedom of information. Spec: specs/events.md §8, specs/foi.md.

use serde::{Deserialize, Serialize};
use sijill_ledger::{BodyHash, Committed, ContentRef, LedgerId};

use crate::calendar::{Field, Form};

/// What was handed in on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The day on which it came, as a day number.
    pub received_on: u32,
    /// The scan.
    pub scan: Committed,
}

/// 0x0701: the register begins, under a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterDefined {
    /// The pack, as the calendar adopted it.
    pub pack: ContentRef,
}

/// 0x0702: another pack governs the requests that are submitted from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesChosen {
    /// The pack, as the calendar adopted it.
    pub pack: ContentRef,
}

/// 0x0703: new requests go to another register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterSucceeded {
    /// That register.
    pub successor: LedgerId,
}

/// 0x0704: somebody asks for information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSubmitted {
    /// Who asks, and how to reach them.
    pub requester: Committed,
    /// What they ask for.
    pub text: Committed,
    /// If it came on paper.
    pub letter: Option<Letter>,
}

/// 0x0705: a request came from another authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferReceived {
    /// Its register.
    pub from: LedgerId,
    /// The request there.
    pub request: u64,
}

/// 0x0706: the request will be answered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAdmitted {
    /// Position of the request.
    pub request: u64,
    /// What it is about, for the public.
    pub summary: Committed,
}

/// 0x0707: another way is open to the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRoutedOut {
    /// Position of the request.
    pub request: u64,
    /// 1 own personal data, 2 another law applies.
    pub ground: u8,
    /// What the requester was told.
    pub explanation: Committed,
}

/// 0x0708: another authority holds what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestTransferred {
    /// Position of the request.
    pub request: u64,
    /// The register of that authority.
    pub to: LedgerId,
    /// Why.
    pub reason: Committed,
}

/// 0x0709: two requests ask for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestsLinked {
    /// Position of the request.
    pub request: u64,
    /// Position of an earlier one.
    pub similar: u64,
}

/// 0x070A: the body asks what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClarificationAsked {
    /// Position of the request.
    pub request: u64,
    /// The question.
    pub question: Committed,
}

/// 0x070B: the requester says what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClarificationGiven {
    /// Position of the request.
    pub request: u64,
    /// The answer.
    pub answer: Committed,
    /// If it came on paper.
    pub letter: Option<Letter>,
}

/// 0x070C: the answer costs something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeQuoted {
    /// Position of the request.
    pub request: u64,
    /// In the smallest unit.
    pub amount: u64,
    /// Three letters.
    pub currency: String,
    /// Last day to pay, as a day number.
    pub pay_by: u32,
}

/// 0x070D: the fee is no longer open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeSettled {
    /// Position of the request.
    pub request: u64,
    /// 1 paid, 2 waived.
    pub how: u8,
}

/// 0x070E: the fee was not paid in time; the request is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeUnpaid {
    /// Position of the request.
    pub request: u64,
}

/// 0x070F: a third party is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThirdPartyConsulted {
    /// Position of the request.
    pub request: u64,
    /// Who.
    pub party: Committed,
    /// What they were told.
    pub notice: Committed,
}

/// 0x0710: what a third party says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThirdPartyReplied {
    /// Position of the consultation.
    pub consultation: u64,
    /// The reply.
    pub reply: Committed,
}

/// 0x0711: the body takes more time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlineExtended {
    /// Position of the request.
    pub request: u64,
    /// Why.
    pub reason: Committed,
}

/// 0x0712: the requester does not want an answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestWithdrawn {
    /// Position of the request.
    pub request: u64,
    /// If it came on paper.
    pub letter: Option<Letter>,
}

/// Outcomes of a document.
pub mod outcomes {
    #![allow(missing_docs, reason = "the names are those of specs/foi.md §5.1")]
    pub const RELEASED: u8 = 1;
    pub const PARTLY_RELEASED: u8 = 2;
    pub const REFUSED: u8 = 3;
    pub const NOT_HELD: u8 = 4;
    pub const ALREADY_PUBLIC: u8 = 5;
}

/// What becomes of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentDecision {
    /// What it is called, for the public.
    pub title: Committed,
    /// One of [`outcomes`].
    pub outcome: u8,
    /// Codes of the pack, ascending.
    pub exemptions: Vec<String>,
    /// The document itself, if something of it is withheld.
    pub original: Option<Committed>,
    /// Where it can be found, if it is public already.
    pub place: Option<String>,
}

/// 0x0713: the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionMade {
    /// Position of the request.
    pub request: u64,
    /// The reasons, for the public.
    pub statement: Committed,
    /// Document by document.
    pub documents: Vec<DocumentDecision>,
}

/// What is handed out of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its number in the decision, from 0.
    pub document: u16,
    /// The file.
    pub rendition: Committed,
}

/// 0x0714: documents are published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseMade {
    /// Position of the request.
    pub request: u64,
    /// Ascending by document.
    pub releases: Vec<Release>,
}

/// 0x0715: what was published by mistake is withheld again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseWithdrawn {
    /// Position of the request.
    pub request: u64,
    /// Numbers of documents, ascending.
    pub documents: Vec<u16>,
    /// Why, for the public.
    pub reason: Committed,
}

/// 0x0716: the requester does not accept what was done, or that nothing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrievanceFiled {
    /// Position of the request.
    pub request: u64,
    /// What they say.
    pub statement: Committed,
    /// If it came on paper.
    pub letter: Option<Letter>,
}

/// Decisions on a grievance.
pub mod grievance_decisions {
    #![allow(missing_docs, reason = "the names are those of specs/foi.md §7.4")]
    pub const UPHELD: u8 = 1;
    pub const VARIED: u8 = 2;
    pub const OVERTURNED: u8 = 3;
}

/// 0x0717: another officer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrievanceDecided {
    /// Position of the grievance.
    pub grievance: u64,
    /// One of [`grievance_decisions`].
    pub decision: u8,
    /// Why, for the public.
    pub reason: Committed,
}

/// 0x0718: a due date, or the limit of a grievance, passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlineMissed {
    /// Body hash of the DayClosed.
    pub cause: BodyHash,
    /// Position of the request or grievance.
    pub item: u64,
    /// The first day at whose beginning it lay in the past, as a day number.
    pub day: u32,
    /// The last day in time, as it stood then.
    pub due: u32,
}

/// 0x0719: silence counts as a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceDeemed {
    /// Body hash of the DayClosed.
    pub cause: BodyHash,
    /// Position of the request or grievance.
    pub item: u64,
    /// The day, as a day number.
    pub day: u32,
}

/// 0x071A: the requester did not clarify in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAbandoned {
    /// Body hash of the DayClosed.
    pub cause: BodyHash,
    /// Position of the request.
    pub request: u64,
    /// The first day after the limit, as a day number.
    pub day: u32,
}

macro_rules! foi_events {
    ($($name:ident = $code:literal,)+) => {
        /// An event of a register of freedom of information.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum FoiEvent {
            $(#[doc = stringify!($code)] $name($name),)+
        }

        impl FoiEvent {
            /// Name of the event type.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)+
                }
            }

            /// The type on the wire.
            #[must_use]
            pub const fn event_type(&self) -> u16 {
                match self {
                    $(Self::$name(_) => $code,)+
                }
            }

            /// The payload's bytes.
            #[must_use]
            pub fn payload(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(e) => sijill_ledger::encode(e),)+
                }
            }

            /// Reads the payload of a type; `None` if it is of no register of freedom of information, or is not canonical.
            pub(crate) fn parse(event_type: u16, payload: &[u8]) -> Option<Self> {
                let event = match event_type {
                    $($code => Self::$name(sijill_ledger::decode_canonical(payload).ok()?),)+
                    _ => return None,
                };
                event.sets_are_sorted().then_some(event)
            }
        }
    };
}

foi_events! {
    RegisterDefined = 0x0701,
    RulesChosen = 0x0702,
    RegisterSucceeded = 0x0703,
    RequestSubmitted = 0x0704,
    TransferReceived = 0x0705,
    RequestAdmitted = 0x0706,
    RequestRoutedOut = 0x0707,
    RequestTransferred = 0x0708,
    RequestsLinked = 0x0709,
    ClarificationAsked = 0x070A,
    ClarificationGiven = 0x070B,
    FeeQuoted = 0x070C,
    FeeSettled = 0x070D,
    FeeUnpaid = 0x070E,
    ThirdPartyConsulted = 0x070F,
    ThirdPartyReplied = 0x0710,
    DeadlineExtended = 0x0711,
    RequestWithdrawn = 0x0712,
    DecisionMade = 0x0713,
    ReleaseMade = 0x0714,
    ReleaseWithdrawn = 0x0715,
    GrievanceFiled = 0x0716,
    GrievanceDecided = 0x0717,
    DeadlineMissed = 0x0718,
    SilenceDeemed = 0x0719,
    RequestAbandoned = 0x071A,
}

impl FoiEvent {
    /// The letter, of events that a requester causes: the inner `None` means that the service authors them.
    #[must_use]
    pub const fn letter(&self) -> Option<Option<&Letter>> {
        match self {
            Self::RequestSubmitted(e) => Some(e.letter.as_ref()),
            Self::ClarificationGiven(e) => Some(e.letter.as_ref()),
            Self::RequestWithdrawn(e) => Some(e.letter.as_ref()),
            Self::GrievanceFiled(e) => Some(e.letter.as_ref()),
            _ => None,
        }
    }

    /// Whether lists that stand for sets are ascending. Spec: specs/events.md §8.
    #[must_use]
    pub fn sets_are_sorted(&self) -> bool {
        match self {
            Self::DecisionMade(e) => e
                .documents
                .iter()
                .all(|d| d.exemptions.is_sorted_by(|a, b| a < b)),
            Self::ReleaseMade(e) => e.releases.is_sorted_by(|a, b| a.document < b.document),
            Self::ReleaseWithdrawn(e) => e.documents.is_sorted_by(|a, b| a < b),
            _ => true,
        }
    }

    /// Every commitment, in the order of the payload. Spec: specs/foi.md §10.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let field = |committed: &Committed, form, open| Field {
            committed: *committed,
            form,
            open,
        };
        let closed = |committed| field(committed, Form::Text, false);
        let open = |committed| field(committed, Form::Text, true);
        let mut fields = match self {
            Self::RequestSubmitted(e) => vec![closed(&e.requester), closed(&e.text)],
            Self::RequestAdmitted(e) => vec![open(&e.summary)],
            Self::RequestRoutedOut(e) => vec![closed(&e.explanation)],
            Self::RequestTransferred(e) => vec![closed(&e.reason)],
            Self::ClarificationAsked(e) => vec![closed(&e.question)],
            Self::ClarificationGiven(e) => vec![closed(&e.answer)],
            Self::ThirdPartyConsulted(e) => vec![closed(&e.party), closed(&e.notice)],
            Self::ThirdPartyReplied(e) => vec![closed(&e.reply)],
            Self::DeadlineExtended(e) => vec![open(&e.reason)],
            Self::DecisionMade(e) => {
                let mut fields = vec![open(&e.statement)];
                for document in &e.documents {
                    fields.push(open(&document.title));
                    fields.extend(document.original.iter().map(|o| field(o, Form::Bytes, false)));
                }
                fields
            }
            Self::ReleaseMade(e) => e
                .releases
                .iter()
                .map(|r| field(&r.rendition, Form::Bytes, true))
                .collect(),
            Self::ReleaseWithdrawn(e) => vec![open(&e.reason)],
            Self::GrievanceFiled(e) => vec![closed(&e.statement)],
            Self::GrievanceDecided(e) => vec![open(&e.reason)],
            Self::RegisterDefined(_)
            | Self::RulesChosen(_)
            | Self::RegisterSucceeded(_)
            | Self::TransferReceived(_)
            | Self::RequestsLinked(_)
            | Self::FeeQuoted(_)
            | Self::FeeSettled(_)
            | Self::FeeUnpaid(_)
            | Self::RequestWithdrawn(_)
            | Self::DeadlineMissed(_)
            | Self::SilenceDeemed(_)
            | Self::RequestAbandoned(_) => Vec::new(),
        };
        if let Some(Some(letter)) = self.letter() {
            fields.push(field(&letter.scan, Form::Bytes, false));
        }
        fields
    }
}
