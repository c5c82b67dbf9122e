//! Time zones: one database for everybody, so that no verdict depends on the machine.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The time zone of an IANA name, from the bundled database. `None` if there is none of exactly that name: the database's own
/// search ignores case. Spec: specs/rules.md §2.1.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_of_the_database() {
        for name in ["Asia/Qatar", "UTC", "Europe/London"] {
            assert!(time_zone(name).is_some(), "{name}");
        }
        for name in [
            "Asia/QAtar",
            "asia/qatar",
            "Etc/Unknown",
            "Asia/Qatar ",
            "",
            "+03:00",
            "/etc/localtime",
        ] {
            assert!(time_zone(name).is_none(), "{name}");
        }
    }
}
