//! The calendar ledger of a jurisdiction, and what all its registers have in common: the days that are closed on them,
//! the calendar as they have seen it, commitments and their erasure. Spec: specs/jurisdiction.md.

mod days;
mod decide;
pub mod events;
mod state;

pub use days::{Cited, Days, Field, Form, calendar_as_cited};
pub(crate) use days::{DaysSnapshot, day_of};
pub use decide::CalendarRejection;
pub use state::{AdoptedPack, CalendarFacts, CalendarState, DeclaredFact, Jurisdiction, ListedRegister};

use crate::calendar::events::{CalendarEvent, RegisterEvent};

impl CalendarEvent {
    /// Name of the event type.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JurisdictionDefined(_) => "JurisdictionDefined",
            Self::FactDeclared(_) => "FactDeclared",
            Self::PackAdopted(_) => "PackAdopted",
            Self::RegisterListed(_) => "RegisterListed",
        }
    }
}

impl RegisterEvent {
    /// Name of the event type.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CalendarSeen => "CalendarSeen",
            Self::DayClosed(_) => "DayClosed",
            Self::ErasureOrdered(_) => "ErasureOrdered",
            Self::ErasureConfirmed(_) => "ErasureConfirmed",
            Self::ViewPublished(_) => "ViewPublished",
        }
    }
}
