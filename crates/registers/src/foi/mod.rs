//! Freedom of information: requests with a clock, one register for each authority and year. Spec: specs/foi.md.

mod clock;
mod decide;
pub mod events;
pub mod feeds;
mod kept;
mod published;
mod snapshot;
mod state;
pub mod views;

pub use decide::FoiRejection;
pub use kept::ClockBasis;
pub use published::Published;
pub(crate) use snapshot::FoiSnapshot;
pub use state::{
    Begin, Consultation, DecisionOn, End, EndKind, FoiFacts, FoiState, Grievance, GrievanceEnd, Opening,
    Request, TransferOut,
};
