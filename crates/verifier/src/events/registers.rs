//! Payloads of a jurisdiction: its calendar, what every register has, and freedom of information. Those of consultations are beside it.
//!
//! Owned, because registers that transfer requests to each other are replayed side by side.
//!
//! Spec: specs/events.md §6 to §8.

use crate::events::consultation::ConsultationEvent;
use crate::events::{ContentRef, Refs};
use crate::reader::{DecodeError, Reader};
use crate::wire::Role;

type Id = [u8; 32];

/// A commitment to a content that does not stand on the ledger. Spec: specs/jurisdiction.md §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) commitment: Id,
    pub(crate) length: u64,
}

impl Committed {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Committed, DecodeError> {
        Ok(Committed {
            commitment: r.array()?,
            length: r.u64()?,
        })
    }
}

/// What was handed in on paper. Spec: specs/foi.md §2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) received_on: u32,
    pub(crate) scan: Committed,
}

impl Letter {
    fn decode(r: &mut Reader<'_>) -> Result<Letter, DecodeError> {
        Ok(Letter {
            received_on: r.u32()?,
            scan: Committed::decode(r)?,
        })
    }
}

/// Spec: specs/foi.md §5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentDecision {
    pub(crate) title: Committed,
    pub(crate) outcome: u8,
    pub(crate) exemptions: Vec<String>,
    pub(crate) original: Option<Committed>,
    pub(crate) place: Option<String>,
}

/// Spec: specs/foi.md §5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) document: u16,
    pub(crate) rendition: Committed,
}

/// A decoded payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RegisterEvent {
    CalendarSeen,
    DayClosed {
        day: u32,
    },
    ErasureOrdered {
        commitments: Vec<Id>,
        basis: String,
    },
    ErasureConfirmed {
        order: Id,
    },
    ViewPublished {
        view: String,
        size: u64,
        content: ContentRef,
    },
    JurisdictionDefined {
        name_en: String,
        name_ar: String,
        time_zone: String,
        weekly_rest: Vec<u8>,
        rehearsal: bool,
    },
    FactDeclared {
        first: u32,
        last: u32,
        status: u8,
        corrects: Option<u64>,
        name_en: String,
        name_ar: String,
        source: String,
    },
    PackAdopted {
        kind: u16,
        pack: ContentRef,
    },
    RegisterListed {
        ledger: Id,
        kind: u16,
        visibility: u8,
        id: String,
        authority: String,
        name_en: String,
        name_ar: String,
    },
    RegisterDefined {
        pack: ContentRef,
    },
    RulesChosen {
        pack: ContentRef,
    },
    RegisterSucceeded {
        successor: Id,
    },
    RequestSubmitted {
        requester: Committed,
        text: Committed,
        letter: Option<Letter>,
    },
    TransferReceived {
        from: Id,
        request: u64,
    },
    RequestAdmitted {
        request: u64,
        summary: Committed,
    },
    RequestRoutedOut {
        request: u64,
        ground: u8,
        explanation: Committed,
    },
    RequestTransferred {
        request: u64,
        to: Id,
        reason: Committed,
    },
    RequestsLinked {
        request: u64,
        similar: u64,
    },
    ClarificationAsked {
        request: u64,
        question: Committed,
    },
    ClarificationGiven {
        request: u64,
        answer: Committed,
        letter: Option<Letter>,
    },
    FeeQuoted {
        request: u64,
        amount: u64,
        currency: String,
        pay_by: u32,
    },
    FeeSettled {
        request: u64,
        how: u8,
    },
    FeeUnpaid {
        request: u64,
    },
    ThirdPartyConsulted {
        request: u64,
        party: Committed,
        notice: Committed,
    },
    ThirdPartyReplied {
        consultation: u64,
        reply: Committed,
    },
    DeadlineExtended {
        request: u64,
        reason: Committed,
    },
    RequestWithdrawn {
        request: u64,
        letter: Option<Letter>,
    },
    DecisionMade {
        request: u64,
        statement: Committed,
        documents: Vec<DocumentDecision>,
    },
    ReleaseMade {
        request: u64,
        releases: Vec<Release>,
    },
    ReleaseWithdrawn {
        request: u64,
        documents: Vec<u16>,
        reason: Committed,
    },
    GrievanceFiled {
        request: u64,
        statement: Committed,
        letter: Option<Letter>,
    },
    GrievanceDecided {
        grievance: u64,
        decision: u8,
        reason: Committed,
    },
    DeadlineMissed {
        cause: Id,
        item: u64,
        day: u32,
        due: u32,
    },
    SilenceDeemed {
        cause: Id,
        item: u64,
        day: u32,
    },
    RequestAbandoned {
        cause: Id,
        request: u64,
        day: u32,
    },
    Consultation(ConsultationEvent),
}

/// What a committed content is, and who may read it. Spec: specs/foi.md §10, specs/consultation.md §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    OpenText,
    OpenBytes,
    ClosedText,
    ClosedBytes,
}

impl Field {
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Field::OpenText | Field::OpenBytes)
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Field::OpenText | Field::ClosedText)
    }
}

impl RegisterEvent {
    pub(crate) fn name(&self) -> &'static str {
        use RegisterEvent as E;
        match self {
            E::CalendarSeen => "CalendarSeen",
            E::DayClosed { .. } => "DayClosed",
            E::ErasureOrdered { .. } => "ErasureOrdered",
            E::ErasureConfirmed { .. } => "ErasureConfirmed",
            E::ViewPublished { .. } => "ViewPublished",
            E::JurisdictionDefined { .. } => "JurisdictionDefined",
            E::FactDeclared { .. } => "FactDeclared",
            E::PackAdopted { .. } => "PackAdopted",
            E::RegisterListed { .. } => "RegisterListed",
            E::RegisterDefined { .. } => "RegisterDefined",
            E::RulesChosen { .. } => "RulesChosen",
            E::RegisterSucceeded { .. } => "RegisterSucceeded",
            E::RequestSubmitted { .. } => "RequestSubmitted",
            E::TransferReceived { .. } => "TransferReceived",
            E::RequestAdmitted { .. } => "RequestAdmitted",
            E::RequestRoutedOut { .. } => "RequestRoutedOut",
            E::RequestTransferred { .. } => "RequestTransferred",
            E::RequestsLinked { .. } => "RequestsLinked",
            E::ClarificationAsked { .. } => "ClarificationAsked",
            E::ClarificationGiven { .. } => "ClarificationGiven",
            E::FeeQuoted { .. } => "FeeQuoted",
            E::FeeSettled { .. } => "FeeSettled",
            E::FeeUnpaid { .. } => "FeeUnpaid",
            E::ThirdPartyConsulted { .. } => "ThirdPartyConsulted",
            E::ThirdPartyReplied { .. } => "ThirdPartyReplied",
            E::DeadlineExtended { .. } => "DeadlineExtended",
            E::RequestWithdrawn { .. } => "RequestWithdrawn",
            E::DecisionMade { .. } => "DecisionMade",
            E::ReleaseMade { .. } => "ReleaseMade",
            E::ReleaseWithdrawn { .. } => "ReleaseWithdrawn",
            E::GrievanceFiled { .. } => "GrievanceFiled",
            E::GrievanceDecided { .. } => "GrievanceDecided",
            E::DeadlineMissed { .. } => "DeadlineMissed",
            E::SilenceDeemed { .. } => "SilenceDeemed",
            E::RequestAbandoned { .. } => "RequestAbandoned",
            E::Consultation(event) => event.name(),
        }
    }

    /// The role that the author must hold.
    pub(crate) fn author(&self) -> Role {
        use RegisterEvent as E;
        match self {
            E::CalendarSeen
            | E::DayClosed { .. }
            | E::ViewPublished { .. }
            | E::TransferReceived { .. }
            | E::DeadlineMissed { .. }
            | E::SilenceDeemed { .. }
            | E::RequestAbandoned { .. }
            | E::RequestSubmitted { letter: None, .. }
            | E::ClarificationGiven { letter: None, .. }
            | E::RequestWithdrawn { letter: None, .. }
            | E::GrievanceFiled { letter: None, .. } => Role::SERVICE,
            E::ErasureOrdered { .. }
            | E::ErasureConfirmed { .. }
            | E::JurisdictionDefined { .. }
            | E::FactDeclared { .. }
            | E::PackAdopted { .. }
            | E::RegisterListed { .. }
            | E::RegisterDefined { .. }
            | E::RulesChosen { .. }
            | E::RegisterSucceeded { .. } => Role::COMMISSION,
            E::GrievanceDecided { .. } => Role::GRIEVANCE_OFFICER,
            E::Consultation(event) => event.author(),
            E::RequestSubmitted { .. }
            | E::RequestAdmitted { .. }
            | E::RequestRoutedOut { .. }
            | E::RequestTransferred { .. }
            | E::RequestsLinked { .. }
            | E::ClarificationAsked { .. }
            | E::ClarificationGiven { .. }
            | E::FeeQuoted { .. }
            | E::FeeSettled { .. }
            | E::FeeUnpaid { .. }
            | E::ThirdPartyConsulted { .. }
            | E::ThirdPartyReplied { .. }
            | E::DeadlineExtended { .. }
            | E::RequestWithdrawn { .. }
            | E::DecisionMade { .. }
            | E::ReleaseMade { .. }
            | E::ReleaseWithdrawn { .. }
            | E::GrievanceFiled { .. } => Role::FOI_OFFICER,
        }
    }

    pub(crate) fn refs(&self) -> Refs {
        match self {
            RegisterEvent::CalendarSeen | RegisterEvent::DayClosed { .. } => Refs::Parent,
            RegisterEvent::TransferReceived { from, .. } => Refs::Of(*from),
            _ => Refs::None,
        }
    }

    pub(crate) fn contents(&self) -> Vec<ContentRef> {
        match self {
            RegisterEvent::ViewPublished { content, .. } => vec![*content],
            RegisterEvent::PackAdopted { pack, .. }
            | RegisterEvent::RegisterDefined { pack }
            | RegisterEvent::RulesChosen { pack } => vec![*pack],
            RegisterEvent::Consultation(event) => event.contents(),
            _ => Vec::new(),
        }
    }

    /// Whether it stands behind a DayClosed as its consequence.
    pub(crate) fn is_consequence(&self) -> bool {
        matches!(
            self,
            RegisterEvent::DeadlineMissed { .. }
                | RegisterEvent::SilenceDeemed { .. }
                | RegisterEvent::RequestAbandoned { .. }
        )
    }

    /// The letter with which the act came, if any.
    pub(crate) fn letter(&self) -> Option<&Letter> {
        match self {
            RegisterEvent::RequestSubmitted { letter, .. }
            | RegisterEvent::ClarificationGiven { letter, .. }
            | RegisterEvent::RequestWithdrawn { letter, .. }
            | RegisterEvent::GrievanceFiled { letter, .. } => letter.as_ref(),
            _ => None,
        }
    }

    /// Commitments; of one place each. Spec: specs/foi.md §10, specs/consultation.md §9.
    pub(crate) fn committed(&self) -> Vec<(Field, Committed)> {
        use Field::{ClosedBytes, ClosedText, OpenBytes, OpenText};
        use RegisterEvent as E;
        let mut all = match self {
            E::RequestSubmitted { requester, text, .. } => {
                vec![(ClosedText, *requester), (ClosedText, *text)]
            }
            E::RequestAdmitted { summary, .. } => vec![(OpenText, *summary)],
            E::RequestRoutedOut { explanation, .. } => vec![(ClosedText, *explanation)],
            E::RequestTransferred { reason, .. } => vec![(ClosedText, *reason)],
            E::ClarificationAsked { question, .. } => vec![(ClosedText, *question)],
            E::ClarificationGiven { answer, .. } => vec![(ClosedText, *answer)],
            E::ThirdPartyConsulted { party, notice, .. } => vec![(ClosedText, *party), (ClosedText, *notice)],
            E::ThirdPartyReplied { reply, .. } => vec![(ClosedText, *reply)],
            E::DeadlineExtended { reason, .. }
            | E::ReleaseWithdrawn { reason, .. }
            | E::GrievanceDecided { reason, .. } => vec![(OpenText, *reason)],
            E::DecisionMade {
                statement, documents, ..
            } => {
                let mut all = vec![(OpenText, *statement)];
                for document in documents {
                    all.push((OpenText, document.title));
                    all.extend(document.original.map(|original| (ClosedBytes, original)));
                }
                all
            }
            E::ReleaseMade { releases, .. } => releases
                .iter()
                .map(|release| (OpenBytes, release.rendition))
                .collect(),
            E::GrievanceFiled { statement, .. } => vec![(ClosedText, *statement)],
            E::Consultation(event) => event.committed(),
            _ => Vec::new(),
        };
        all.extend(self.letter().map(|letter| (ClosedBytes, letter.scan)));
        all
    }

    pub(crate) fn decode(event_type: u16, r: &mut Reader<'_>) -> Result<RegisterEvent, DecodeError> {
        use RegisterEvent as E;
        let owned = |r: &mut Reader<'_>| r.string().map(str::to_owned);
        Ok(match event_type {
            0x0004 => E::CalendarSeen,
            0x0005 => E::DayClosed { day: r.u32()? },
            0x0006 => E::ErasureOrdered {
                commitments: sorted(r.list(Reader::array)?)?,
                basis: owned(r)?,
            },
            0x0007 => E::ErasureConfirmed { order: r.array()? },
            0x0008 => E::ViewPublished {
                view: owned(r)?,
                size: r.u64()?,
                content: ContentRef::decode(r)?,
            },
            0x0101 => E::JurisdictionDefined {
                name_en: owned(r)?,
                name_ar: owned(r)?,
                time_zone: owned(r)?,
                weekly_rest: r.list(Reader::u8)?,
                rehearsal: r.bool()?,
            },
            0x0102 => E::FactDeclared {
                first: r.u32()?,
                last: r.u32()?,
                status: r.u8()?,
                corrects: r.option(Reader::u64)?,
                name_en: owned(r)?,
                name_ar: owned(r)?,
                source: owned(r)?,
            },
            0x0103 => E::PackAdopted {
                kind: r.u16()?,
                pack: ContentRef::decode(r)?,
            },
            0x0104 => E::RegisterListed {
                ledger: r.array()?,
                kind: r.u16()?,
                visibility: r.u8()?,
                id: owned(r)?,
                authority: owned(r)?,
                name_en: owned(r)?,
                name_ar: owned(r)?,
            },
            0x0701 => E::RegisterDefined {
                pack: ContentRef::decode(r)?,
            },
            0x0702 => E::RulesChosen {
                pack: ContentRef::decode(r)?,
            },
            0x0703 => E::RegisterSucceeded {
                successor: r.array()?,
            },
            0x0704 => E::RequestSubmitted {
                requester: Committed::decode(r)?,
                text: Committed::decode(r)?,
                letter: r.option(Letter::decode)?,
            },
            0x0705 => E::TransferReceived {
                from: r.array()?,
                request: r.u64()?,
            },
            0x0706 => E::RequestAdmitted {
                request: r.u64()?,
                summary: Committed::decode(r)?,
            },
            0x0707 => E::RequestRoutedOut {
                request: r.u64()?,
                ground: r.u8()?,
                explanation: Committed::decode(r)?,
            },
            0x0708 => E::RequestTransferred {
                request: r.u64()?,
                to: r.array()?,
                reason: Committed::decode(r)?,
            },
            0x0709 => E::RequestsLinked {
                request: r.u64()?,
                similar: r.u64()?,
            },
            0x070a => E::ClarificationAsked {
                request: r.u64()?,
                question: Committed::decode(r)?,
            },
            0x070b => E::ClarificationGiven {
                request: r.u64()?,
                answer: Committed::decode(r)?,
                letter: r.option(Letter::decode)?,
            },
            0x070c => E::FeeQuoted {
                request: r.u64()?,
                amount: r.u64()?,
                currency: owned(r)?,
                pay_by: r.u32()?,
            },
            0x070d => E::FeeSettled {
                request: r.u64()?,
                how: r.u8()?,
            },
            0x070e => E::FeeUnpaid { request: r.u64()? },
            0x070f => E::ThirdPartyConsulted {
                request: r.u64()?,
                party: Committed::decode(r)?,
                notice: Committed::decode(r)?,
            },
            0x0710 => E::ThirdPartyReplied {
                consultation: r.u64()?,
                reply: Committed::decode(r)?,
            },
            0x0711 => E::DeadlineExtended {
                request: r.u64()?,
                reason: Committed::decode(r)?,
            },
            0x0712 => E::RequestWithdrawn {
                request: r.u64()?,
                letter: r.option(Letter::decode)?,
            },
            0x0713 => E::DecisionMade {
                request: r.u64()?,
                statement: Committed::decode(r)?,
                documents: r.list(|r| {
                    Ok(DocumentDecision {
                        title: Committed::decode(r)?,
                        outcome: r.u8()?,
                        exemptions: sorted(r.list(owned)?)?,
                        original: r.option(Committed::decode)?,
                        place: r.option(owned)?,
                    })
                })?,
            },
            0x0714 => E::ReleaseMade {
                request: r.u64()?,
                releases: {
                    let releases = r.list(|r| {
                        Ok(Release {
                            document: r.u16()?,
                            rendition: Committed::decode(r)?,
                        })
                    })?;
                    if !releases.is_sorted_by(|a: &Release, b: &Release| a.document < b.document) {
                        return Err(NOT_SORTED);
                    }
                    releases
                },
            },
            0x0715 => E::ReleaseWithdrawn {
                request: r.u64()?,
                documents: sorted(r.list(Reader::u16)?)?,
                reason: Committed::decode(r)?,
            },
            0x0716 => E::GrievanceFiled {
                request: r.u64()?,
                statement: Committed::decode(r)?,
                letter: r.option(Letter::decode)?,
            },
            0x0717 => E::GrievanceDecided {
                grievance: r.u64()?,
                decision: r.u8()?,
                reason: Committed::decode(r)?,
            },
            0x0718 => E::DeadlineMissed {
                cause: r.array()?,
                item: r.u64()?,
                day: r.u32()?,
                due: r.u32()?,
            },
            0x0719 => E::SilenceDeemed {
                cause: r.array()?,
                item: r.u64()?,
                day: r.u32()?,
            },
            0x071a => E::RequestAbandoned {
                cause: r.array()?,
                request: r.u64()?,
                day: r.u32()?,
            },
            0x0601..=0x0615 => return ConsultationEvent::decode(event_type, r),
            _ => return Err(DecodeError::Rule("no decoder for this event type")),
        })
    }
}

const NOT_SORTED: DecodeError = DecodeError::Rule("a list is not sorted or not distinct");

fn sorted<T: Ord>(list: Vec<T>) -> Result<Vec<T>, DecodeError> {
    if list.is_sorted_by(|a, b| a < b) {
        Ok(list)
    } else {
        Err(NOT_SORTED)
    }
}
