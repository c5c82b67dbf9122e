//! Rule packs: what a law fixes, as typed data, and the pure questions that registers put to it.
//!
//! *Nomenclature.* A **rule pack** is a versioned TOML file with its legal basis and a confidence flag: what could
//! not be confirmed is data that says so, never code. A **window** is the time in which votes may be received;
//! **grace** is how long after its end a ballot still counts. The **calendar** says which days are working days, as far
//! as was known at a moment; a **clock** is a due date that follows from a history, a pack and the calendar.
//!
//! Nothing here reads a clock, a file or a network: times come in as arguments, packs as text.

mod calendar;
mod clock;
mod dates;
mod eligibility;
mod explain;
mod foi_pack;
mod holidays;
mod objection;
mod pack;
mod period;
mod text;
mod window;
mod zone;

pub use calendar::{
    Calendar, CalendarError, Days, END_OF_TIME_MS, Fact, FactStatus, MAX_HOLIDAY_DAYS, RestReason,
    day_number, numbered_day,
};
pub use clock::{
    Carried, ClockError, History, MAX_STEPS, Missed, Origin, Reading, Status, Step, StepAt, carry_clock,
    period_lapse, read_clock, read_clock_from, third_party_last_day,
};
pub use dates::{
    HijriDate, arabic_both, arabic_date, english_both, english_date, parse_date, parse_number, western_digits,
};
pub use eligibility::{
    Condition, ConditionLine, Evidence, EvidenceError, Finding, Nationality, Purpose, check, years_after,
};
pub use explain::Line;
pub use foi_pack::{
    Clarification, ClockRules, DayUnit, Exemption, FOI_FORMAT, FeePolicy, FoiPack, Penalty, Roll, Silence,
    Start, Transfer, Unconfirmed,
};
pub use holidays::{Holiday, HolidayError, HolidayList};
pub use objection::{
    Decision, Objection, ObjectionError, ObjectionReading, ObjectionRules, ObjectionStatus, ObjectionWindow,
    WindowExtension,
};
pub use pack::{
    AgeReference, AgeRules, CalendarRules, CampaignRules, CandidateRules, CertificationRules, ChannelRules,
    CitizenKind, Confidence, Document, ElectionObjections, Exclusion, IdentityRules, InPerson, LeapDay,
    LostBook, NationalityRules, PackError, RULES_FORMAT, RegistrationChannel, RulePack, Tie, TrusteeRules,
    VotingChannel, VotingRules,
};
pub use period::{Counting, Run, RunKind};
pub use text::{Bilingual, MAX_PROSE_BYTES, check_line, check_prose};
pub use window::{Moment, Window, WindowError};
pub use zone::time_zone;

/// Longest grace after the close, in milliseconds. Spec: specs/election.md §2.
pub const MAX_GRACE_MS: u64 = 600_000;
