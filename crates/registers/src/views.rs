//! Read models: pure folds over a ledger's events, rendered as published documents.
//!
//! Spec: specs/election.md §6. A view has a position (how many entries it has folded), can be written to a snapshot
//! and read back, and can always be deleted and folded again. Adding one: a file in the register's `views/` and a line
//! in its `views/mod.rs`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sijill_ledger::UnixMillis;

use crate::catalogue::Event;
use crate::register::Contents;

/// Why an event cannot be folded. The ledger or the content store is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} cannot be folded: {problem}")]
pub struct FoldError {
    /// Position of the entry.
    pub seq: u64,
    /// What is wrong.
    pub problem: String,
}

/// A read model of one ledger.
pub trait View: Default + Serialize + DeserializeOwned + Send + 'static {
    /// Its name, also in ViewPublished.
    const NAME: &'static str;

    /// Folds an event.
    ///
    /// # Errors
    /// A text for a [`FoldError`].
    fn apply(
        &mut self,
        seq: u64,
        received_ms: UnixMillis,
        event: &Event,
        contents: &dyn Contents,
    ) -> Result<(), String>;
}

/// Start of the hour of a moment, with the offset that the zone has then. Spec: specs/election.md §6.1.
#[must_use]
pub fn hour_start_ms(at: UnixMillis, zone: &TimeZone) -> u64 {
    const HOUR_MS: i64 = 3_600_000;
    let ms = i64::try_from(at.as_u64()).unwrap_or(i64::MAX);
    let Ok(timestamp) = Timestamp::from_millisecond(ms) else {
        return at.as_u64();
    };
    let offset_ms = i64::from(zone.to_offset(timestamp).seconds()) * 1000;
    let start = (ms + offset_ms).div_euclid(HOUR_MS) * HOUR_MS - offset_ms;
    u64::try_from(start).unwrap_or(0)
}

/// `a / b` in basis points, rounded half up; 0 if `b` is 0. Spec: specs/election.md §6.4.
#[must_use]
pub fn basis_points(a: u64, b: u64) -> u64 {
    if b == 0 {
        return 0;
    }
    let exact = (10_000 * u128::from(a) + u128::from(b / 2)) / u128::from(b);
    u64::try_from(exact).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_of_a_referendum() {
        assert_eq!(basis_points(890, 1000), 8900);
        assert_eq!(basis_points(890, 982), 9063);
        assert_eq!(basis_points(1, 3), 3333);
        assert_eq!(basis_points(2, 3), 6667);
        assert_eq!(basis_points(1, 0), 0);
        assert_eq!(basis_points(u64::MAX, 1), u64::MAX);
    }

    #[test]
    fn hours_follow_the_zone() {
        let doha = TimeZone::get("Asia/Qatar").unwrap();
        let kathmandu = TimeZone::get("Asia/Kathmandu").unwrap();
        let at = UnixMillis::new(1_796_450_399_999).unwrap();
        assert_eq!(hour_start_ms(at, &doha), 1_796_446_800_000);
        assert_eq!((at.as_u64() - hour_start_ms(at, &kathmandu)) % 1000, 999);
        assert_eq!(hour_start_ms(at, &kathmandu) % 3_600_000, 900_000);
    }
}
