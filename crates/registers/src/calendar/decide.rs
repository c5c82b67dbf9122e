//! Which events may stand on a calendar ledger. Spec: specs/jurisdiction.md §1.

use sijill_ledger::{Kind, LedgerId};
use sijill_rules::{Bilingual, FoiPack};

use super::events::{ACCREDITED, CalendarEvent, PUBLIC, PackAdopted, RegisterListed};
use super::state::{CalendarState, define, fact};
use crate::register::{Consequence, Context, Facts, Rejection, no_refs};

/// Why an event may not stand on a calendar ledger, or as one of the events that all registers have. The fault is the
/// author's; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarRejection {
    /// Out of order.
    #[error("{0}")]
    Order(String),
    /// The jurisdiction's values.
    #[error("the jurisdiction: {0}")]
    Definition(String),
    /// A fact that contradicts those that stand.
    #[error("{0}")]
    Fact(String),
    /// A pack that cannot be adopted.
    #[error("the rule pack: {0}")]
    Pack(String),
    /// A listing.
    #[error("the register: {0}")]
    Register(String),
    /// A listing under another kind than the register has.
    #[error("the register: {0}")]
    Kind(&'static str),
    /// A listing of a register that this service does not keep: it could never be published.
    #[error("this service keeps no ledger {0}: make the register before it is listed")]
    Omitted(LedgerId),
    /// What a register has seen of the calendar.
    #[error("{0}")]
    Seen(String),
    /// A day that cannot be closed, or an event before its day was reached.
    #[error("{0}")]
    Day(String),
    /// A commitment that stands already, or to a content of a length that is not permitted.
    #[error("commitments: {0}")]
    Commitment(String),
    /// An erasure.
    #[error("erasure: {0}")]
    Erasure(String),
    /// A view.
    #[error("view: {0}")]
    View(String),
    /// The opening of a content that everybody may read is missing or not permitted.
    #[error("text: {0}")]
    Opening(String),
}

impl CalendarRejection {
    /// The verdict code of specs/verification.md §14.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Order(_) => "calendar.order",
            Self::Definition(_) => "calendar.definition",
            Self::Fact(_) => "calendar.fact",
            Self::Pack(_) => "calendar.pack",
            Self::Register(_) => "calendar.register",
            Self::Kind(_) => "calendar.registers",
            Self::Omitted(_) => "calendar.omitted",
            Self::Seen(_) => "calendar.seen",
            Self::Day(_) => "calendar.day",
            Self::Commitment(_) => "calendar.commitment",
            Self::Erasure(_) => "calendar.erasure",
            Self::View(_) => "calendar.view",
            Self::Opening(_) => "opening.form",
        }
    }
}

impl CalendarState {
    pub(crate) fn decide(
        &self,
        event: &CalendarEvent,
        ctx: &Context<'_>,
    ) -> Result<Vec<Consequence>, Rejection> {
        no_refs(event.name(), ctx)?;
        let defined = self.calendar();
        match (event, defined) {
            (CalendarEvent::JurisdictionDefined(e), None) => {
                define(ctx.size, e).map_err(CalendarRejection::Definition)?;
            }
            (CalendarEvent::JurisdictionDefined(_), Some(_)) => {
                return Err(CalendarRejection::Order("the jurisdiction is defined already".into()).into());
            }
            (_, None) => {
                let problem = format!("{}: define the jurisdiction first", event.name());
                return Err(CalendarRejection::Order(problem).into());
            }
            (CalendarEvent::FactDeclared(e), Some(calendar)) => {
                let known_ms = self.moment(ctx.received_ms.as_u64());
                let fact = fact(ctx.size, known_ms, e).map_err(CalendarRejection::Fact)?;
                let mut next = calendar.clone();
                next.declare(fact)
                    .map_err(|e| CalendarRejection::Fact(e.to_string()))?;
            }
            (CalendarEvent::PackAdopted(e), Some(_)) => self.check_pack(e, ctx)?,
            (CalendarEvent::RegisterListed(e), Some(_)) => self.check_listing(e, ctx)?,
        }
        Ok(Vec::new())
    }

    fn check_pack(&self, e: &PackAdopted, ctx: &Context<'_>) -> Result<(), Rejection> {
        let wrong = |problem: String| Rejection::from(CalendarRejection::Pack(problem));
        if e.kind != Kind::Foi.code() {
            return Err(wrong("packs are adopted for registers of the kind 7".into()));
        }
        let bytes = ctx.contents.load(&e.pack)?;
        let pack = FoiPack::from_json(&bytes).map_err(|e| wrong(e.to_string()))?;
        let facts = self.facts();
        let here = facts
            .jurisdiction
            .as_ref()
            .is_some_and(|j| j.time_zone == pack.time_zone && j.weekly_rest == pack.weekly_rest);
        if !here {
            return Err(wrong(
                "its time zone and weekly rest are not those of the jurisdiction".into(),
            ));
        }
        let mut adopted = facts.packs.iter();
        if adopted.any(|p| (&p.pack.id, p.pack.version) == (&pack.id, pack.version)) {
            let problem = format!("{} version {} was adopted already", pack.id, pack.version);
            return Err(wrong(problem));
        }
        Ok(())
    }

    fn check_listing(&self, e: &RegisterListed, ctx: &Context<'_>) -> Result<(), CalendarRejection> {
        let facts = self.facts();
        let foi = e.kind == Kind::Foi.code();
        let problem = if !foi && e.kind != Kind::Consultation.code() {
            "its kind is 6 (consultation) or 7 (foi)".into()
        } else if !matches!(e.visibility, PUBLIC | ACCREDITED) {
            "its visibility is 1 (public) or 2 (accredited)".into()
        } else if foi && e.visibility != PUBLIC {
            "a register of freedom of information is public".into()
        } else if e.ledger == facts.ledger {
            "it is this calendar".into()
        } else if facts.registers.iter().any(|r| r.listing.ledger == e.ledger) {
            "its ledger is listed already".into()
        } else if facts.registers.iter().any(|r| r.listing.id == e.id) {
            format!("the id {} is taken; choose another one", e.id)
        } else if let Err(problem) = Bilingual::new(&e.name_en, &e.name_ar).check() {
            format!("name: {problem}")
        } else {
            let parent = match ctx.linked.facts(&e.ledger) {
                None => return Err(CalendarRejection::Omitted(e.ledger)),
                Some(Facts::Foi(register)) if foi => register.parent,
                Some(Facts::Consultation(consultation)) if !foi => consultation.parent,
                Some(_) => return Err(CalendarRejection::Kind("its ledger is of another kind")),
            };
            if parent != facts.ledger {
                let problem = "the register: its ledger hangs on another calendar";
                return Err(CalendarRejection::Order(problem.into()));
            }
            return Ok(());
        };
        Err(CalendarRejection::Register(problem))
    }
}
