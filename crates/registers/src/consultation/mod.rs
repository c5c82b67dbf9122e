//! Consultations: documents in versions, comments on their clauses, moderation, answers and the report.
//! Spec: specs/consultation.md.
//!
//! [`ConsultationState`] decides and evolves in terms of positions and moments ([`At`]); the calendar that makes days of
//! them is the caller's to know. [`views`] are what people read.

mod decide;
pub mod document;
pub mod events;
mod settings;
mod state;
pub mod text;
pub mod views;

pub use decide::{ConsultationRejection, Reason};
pub use settings::{LATE_NOT_COUNTED, LATE_REFUSED};
pub use state::{
    Appeal, At, CommentState, ConsultationFacts, ConsultationSnapshot, ConsultationState, Participant,
    Standing,
};
