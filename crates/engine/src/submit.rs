//! What becomes of a submission: acknowledged, or refused with a reason.

use sijill_ledger::{BodyError, ChainError, LeafHash, LedgerId, Seq, SignedCheckpoint, UnixMillis};
use sijill_registers::register::Rejection;
use sijill_store::Elsewhere;

/// A submission that is durable.
#[derive(Debug, Clone)]
pub struct Acknowledgement {
    /// The ledger.
    pub ledger: LedgerId,
    /// Position of the event.
    pub seq: Seq,
    /// Its leaf hash.
    pub leaf_hash: LeafHash,
    /// When it was received.
    pub received_ms: UnixMillis,
    /// Whether the same body had been recorded before this submission.
    pub repeated: bool,
    /// A checkpoint that covers it, recorded outside the data folder before this answer.
    pub checkpoint: SignedCheckpoint,
}

/// Why a submission was not acknowledged.
///
/// Whose fault, and whether to retry: [`Unknown`](SubmitError::Unknown), [`Body`](SubmitError::Body),
/// [`Chain`](SubmitError::Chain), [`Refs`](SubmitError::Refs) and [`Rejected`](SubmitError::Rejected) are the
/// submitter's, and the same bytes will be refused again; [`Busy`](SubmitError::Busy) and
/// [`Unavailable`](SubmitError::Unavailable) pass, and the same bytes may be sent again;
/// [`Elsewhere`](SubmitError::Elsewhere) says where to send them; the others need an operator.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// No such ledger here.
    #[error("this service keeps no ledger {0}")]
    Unknown(LedgerId),
    /// The body or its signature is malformed.
    #[error("the submission is malformed: {0}")]
    Body(#[from] BodyError),
    /// A common rule of ledgers.
    #[error("the event does not fit the ledger: {0}")]
    Chain(#[from] ChainError),
    /// A ref does not agree with the ledger that it cites.
    #[error("the event cites ledger {0} at a size or with a root that this service does not have")]
    Refs(LedgerId),
    /// A rule of the register.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The queue is full.
    #[error("the service is busy; try again in a moment")]
    Busy,
    /// The store or the checkpoint record cannot be written now; nothing of this submission was recorded.
    #[error("the service cannot record this now, and has not: {0}; try again later")]
    Unavailable(String),
    /// It is unknown whether the submission was recorded. Sending the same bytes again answers that.
    #[error("it is not known whether this was recorded: {0}; send the same again to find out")]
    OutcomeUnknown(String),
    /// The node's clock is behind the ledger.
    #[error(
        "the clock of this service is {behind_ms} ms behind the ledger; set the clock right before writing"
    )]
    ClockBehind {
        /// By how much.
        behind_ms: u64,
    },
    /// Another node writes the ledger now; nothing of this submission was recorded here. Send the same bytes there.
    #[error(transparent)]
    Elsewhere(Elsewhere),
    /// The store does not take so many bytes at once; nothing of this submission was recorded. An operator's to mend.
    #[error("the store does not take this at once, because it is too large for its settings")]
    TooLarge,
    /// The ledger must not be written any more until an operator has looked at it.
    #[error("the ledger is read-only: {0}")]
    ReadOnly(String),
}

impl SubmitError {
    /// The verdict code under which a verifier would report the event if it stood on the ledger all the same
    /// (specs/verification.md); `None` if the event is not at fault.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Body(BodyError::Version { .. }) => "event.unknown",
            Self::Body(BodyError::Author | BodyError::Signature(_)) => "entry.signature",
            Self::Body(BodyError::SeenNothing) => "entry.seen",
            Self::Body(
                BodyError::TooManyRefs(_) | BodyError::RefOrder | BodyError::EmptyRef | BodyError::OwnRef,
            )
            | Self::Refs(_) => "entry.refs",
            Self::Body(_) => "entry.encoding",
            Self::Unknown(_) | Self::Chain(ChainError::OtherLedger(_)) => "entry.ledger",
            Self::Chain(ChainError::NonceUsed(_) | ChainError::Repeated(_)) => "entry.nonce",
            Self::Chain(ChainError::SecondGenesis) => "ledger.genesis",
            Self::Chain(ChainError::ServiceBody) => "event.nonce",
            Self::Chain(
                ChainError::SeenMissing
                | ChainError::SeenAhead(_)
                | ChainError::SeenRoot(_)
                | ChainError::SeenTooOld(_)
                | ChainError::AuthorTime,
            ) => "entry.seen",
            Self::Chain(ChainError::Lag | ChainError::TimeGoesBack) | Self::ClockBehind { .. } => {
                "entry.time"
            }
            Self::Chain(ChainError::Position { .. } | ChainError::Prev(_)) => "entry.chain",
            Self::Rejected(rejection) => rejection.code(),
            _ => return None,
        })
    }

    /// Whether sending the same bytes again may succeed.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable(_) | Self::OutcomeUnknown(_))
    }
}
