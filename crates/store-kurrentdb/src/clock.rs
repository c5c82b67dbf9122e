//! How long something has lasted, the sleep of the machine included.

use std::time::Duration;

/// A moment since the machine was started. A suspended machine's time goes on, unlike that of
/// [`Instant`](std::time::Instant) on Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Self {
        #[cfg(target_os = "linux")]
        let id = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let id = rustix::time::ClockId::Monotonic;
        let time = rustix::time::clock_gettime(id);
        // Neither is negative since the start of the machine.
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        Self(Duration::from_secs(seconds) + Duration::from_nanos(u64::from(nanos)))
    }

    pub(crate) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on() {
        let before = Moment::now();
        assert!(Moment::now() >= before);
        assert!(before.after(Duration::from_secs(1)) > before);
        assert_eq!(
            before.after(Duration::from_secs(2)).since(before),
            Duration::from_secs(2)
        );
        assert_eq!(before.since(before.after(Duration::from_secs(2))), Duration::ZERO);
        let far = before.after(Duration::MAX);
        assert!(far > before);
    }
}
