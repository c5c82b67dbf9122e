//! The window of an event, and where a moment stands in it.

use crate::MAX_GRACE_MS;

/// Why three times make no window. The fault is the manifest's author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// The close is not after the opening.
    #[error("the close is not after the opening")]
    ClosesBeforeOpening,
    /// The grace is longer than [`MAX_GRACE_MS`].
    #[error("the grace of {0} ms is longer than 600000 ms")]
    GraceTooLong(u64),
    /// The window ends beyond the year 9999.
    #[error("the close is beyond the year 9999")]
    BeyondTime,
}

/// The voting window of an event; all times in milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    opens_ms: u64,
    closes_ms: u64,
    grace_ms: u64,
}

/// Where a time of receipt stands in a [`Window`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the opening.
    Early,
    /// From the opening to the close, the close itself included.
    Open,
    /// After the close, within the grace.
    Grace,
    /// After the grace.
    Late,
}

impl Window {
    /// A window. Spec: specs/election.md §2.
    ///
    /// # Errors
    /// [`WindowError`] if `closes_ms ≤ opens_ms`, the grace is above ten minutes, or the times leave the range.
    pub fn new(opens_ms: u64, closes_ms: u64, grace_ms: u64) -> Result<Self, WindowError> {
        if closes_ms <= opens_ms {
            return Err(WindowError::ClosesBeforeOpening);
        }
        if grace_ms > MAX_GRACE_MS {
            return Err(WindowError::GraceTooLong(grace_ms));
        }
        if closes_ms
            .checked_add(grace_ms)
            .is_none_or(|end| end >= 253_402_300_800_000)
        {
            return Err(WindowError::BeyondTime);
        }
        Ok(Self {
            opens_ms,
            closes_ms,
            grace_ms,
        })
    }

    /// Opening, in milliseconds.
    #[must_use]
    pub const fn opens_ms(&self) -> u64 {
        self.opens_ms
    }

    /// Close, in milliseconds.
    #[must_use]
    pub const fn closes_ms(&self) -> u64 {
        self.closes_ms
    }

    /// Grace after the close, in milliseconds.
    #[must_use]
    pub const fn grace_ms(&self) -> u64 {
        self.grace_ms
    }

    /// Where a time of receipt stands.
    #[must_use]
    pub const fn moment(&self, received_ms: u64) -> Moment {
        if received_ms < self.opens_ms {
            Moment::Early
        } else if received_ms <= self.closes_ms {
            Moment::Open
        } else if received_ms <= self.closes_ms + self.grace_ms {
            Moment::Grace
        } else {
            Moment::Late
        }
    }

    /// Whether a ballot received then counts: from the opening to the end of the grace, both included.
    #[must_use]
    pub const fn accepts_ballot(&self, received_ms: u64) -> bool {
        matches!(self.moment(received_ms), Moment::Open | Moment::Grace)
    }

    /// Whether the box may be opened then: from the opening, before the close.
    #[must_use]
    pub const fn allows_opening(&self, received_ms: u64) -> bool {
        received_ms >= self.opens_ms && received_ms < self.closes_ms
    }

    /// Whether the box may be closed then: after the grace.
    #[must_use]
    pub const fn allows_close(&self, received_ms: u64) -> bool {
        matches!(self.moment(received_ms), Moment::Late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn borders_belong_to_the_voter() {
        let w = Window::new(1_000, 2_000, 100).unwrap();
        assert_eq!(w.moment(999), Moment::Early);
        assert_eq!(w.moment(1_000), Moment::Open);
        assert_eq!(w.moment(2_000), Moment::Open);
        assert_eq!(w.moment(2_001), Moment::Grace);
        assert_eq!(w.moment(2_100), Moment::Grace);
        assert_eq!(w.moment(2_101), Moment::Late);
        assert!(!w.allows_opening(2_000));
    }

    #[test]
    fn contradictions_are_named() {
        assert_eq!(Window::new(5, 5, 0), Err(WindowError::ClosesBeforeOpening));
        assert_eq!(
            Window::new(1, 5, MAX_GRACE_MS + 1),
            Err(WindowError::GraceTooLong(MAX_GRACE_MS + 1))
        );
        assert_eq!(Window::new(1, u64::MAX, 0), Err(WindowError::BeyondTime));
    }

    proptest! {
        #[test]
        fn a_moment_never_accepts_a_ballot_and_a_close(opens in 0u64..1_000_000, length in 1u64..1_000_000, grace in 0u64..=MAX_GRACE_MS, at in 0u64..4_000_000) {
            let w = Window::new(opens, opens + length, grace).unwrap();
            prop_assert!(!(w.accepts_ballot(at) && w.allows_close(at)));
            prop_assert!(at < opens || w.accepts_ballot(at) || w.allows_close(at));
        }
    }
}
