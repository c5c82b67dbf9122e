//! Events of a calendar ledger, and those that every register of a jurisdiction has. Spec: specs/events.md §6, §7.

use serde::{Deserialize, Serialize};
use sijill_ledger::{BodyHash, ContentRef, LedgerId};

use crate::names::Name;

/// Visibility of a register that everybody may read.
pub const PUBLIC: u8 = 1;
/// Visibility of a register for accredited auditors.
pub const ACCREDITED: u8 = 2;

/// 0x0101: whose calendar this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JurisdictionDefined {
    /// English name.
    pub name_en: String,
    /// Arabic name; may be empty.
    pub name_ar: String,
    /// IANA name.
    pub time_zone: String,
    /// Days of weekly rest, Monday = 1 to Sunday = 7, ascending.
    pub weekly_rest: Vec<u8>,
    /// Whether a simulated clock is allowed; every page says so.
    pub rehearsal: bool,
}

/// 0x0102: a holiday, its correction, or its withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactDeclared {
    /// First day, as a day number.
    pub first: u32,
    /// Last day, included.
    pub last: u32,
    /// 1 estimate, 2 announced, 3 withdrawn.
    pub status: u8,
    /// Position of the fact that this one replaces.
    pub corrects: Option<u64>,
    /// English name.
    pub name_en: String,
    /// Arabic name; may be empty.
    pub name_ar: String,
    /// Who declared it, and where it can be read.
    pub source: String,
}

/// 0x0103: a rule pack is in force for whoever chooses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackAdopted {
    /// Kind of the registers that it is for: 7.
    pub kind: u16,
    /// Its canonical JSON form.
    pub pack: ContentRef,
}

/// 0x0104: a register exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterListed {
    /// Its ledger.
    pub ledger: LedgerId,
    /// 6 consultation, 7 freedom of information.
    pub kind: u16,
    /// [`PUBLIC`] or [`ACCREDITED`].
    pub visibility: u8,
    /// Its name in references and files.
    pub id: Name,
    /// The body that keeps it.
    pub authority: Name,
    /// English name.
    pub name_en: String,
    /// Arabic name; may be empty.
    pub name_ar: String,
}

/// An event of a calendar ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarEvent {
    /// 0x0101.
    JurisdictionDefined(JurisdictionDefined),
    /// 0x0102.
    FactDeclared(FactDeclared),
    /// 0x0103.
    PackAdopted(PackAdopted),
    /// 0x0104.
    RegisterListed(RegisterListed),
}

/// 0x0005: a day is over on a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayClosed {
    /// The day, as a day number; it and every day before it are closed.
    pub day: u32,
}

/// 0x0006: contents are to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureOrdered {
    /// Their commitments, ascending.
    pub commitments: Vec<[u8; 32]>,
    /// On what grounds, for the public.
    pub basis: String,
}

/// 0x0007: a second person confirms an order; from here on the contents are erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureConfirmed {
    /// Body hash of the order.
    pub order: BodyHash,
}

/// 0x0008: a read model was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterViewPublished {
    /// Its name.
    pub view: String,
    /// Entries that it was computed from.
    pub size: u64,
    /// The document.
    pub content: ContentRef,
}

/// An event that stands on every register of a jurisdiction (kinds 6 and 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterEvent {
    /// 0x0004: the service has seen the calendar at the size that it cites.
    CalendarSeen,
    /// 0x0005.
    DayClosed(DayClosed),
    /// 0x0006.
    ErasureOrdered(ErasureOrdered),
    /// 0x0007.
    ErasureConfirmed(ErasureConfirmed),
    /// 0x0008.
    ViewPublished(RegisterViewPublished),
}
