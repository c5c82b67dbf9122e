//! Consultations: documents in versions, comments on their clauses, moderation, answers and the report.
//! Spec: specs/consultation.md.
//!
//! [`ConsultationRegister`] is the register on its ledger: days, commitments and erasures that all registers of a
//! jurisdiction have, around the rules and the state of consultations ([`ConsultationState`]). [`views`] are what people
//! read.

mod decide;
pub mod document;
pub mod events;
mod register;
mod settings;
mod state;
pub mod text;
pub mod views;

pub use decide::{ConsultationRejection, Reason};
pub use register::ConsultationRegister;
pub use settings::{LATE_NOT_COUNTED, LATE_REFUSED};
pub(crate) use state::ConsultationSnapshot;
pub use state::{
    Access, Act, AnswerRecord, Appeal, CommentRecord, ConsultationFacts, ConsultationState, PersonRecord,
    ReportRecord, Speaker, Standing, Step, ThemeRecord, VersionRecord,
};
