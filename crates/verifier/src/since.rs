//! Continuing from an earlier report: what a report must say so that a later run may rest on it, and what that run takes from it.
//!
//! [`Basis`] is the part of a report of a verified event that later runs read; [`EarlierReport`] is such a report, read strictly. A run that
//! rests on one skips signatures and proofs of entries whose bytes were verified then, which [`known_leaves`] tells by their hashes, and
//! replays everything else: its verdict is that of a full run, and one more check says whether every ledger continues what it was.
//!
//! Spec: specs/verification.md §12.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hash::{hex32, sha256};
use crate::ledger::Ledger;
use crate::merkle::Tree;
use crate::report::{Profile, Report, Verdict, escape};
use crate::source::Source;
use crate::tiles::{WIDTH, tile_names};
use crate::trust::Trust;
use crate::wire::Position;

/// Raised with every change of what is established of an entry. A run rests only on reports under the same rules.
const RULES: u32 = 4;
/// No report is longer.
pub(crate) const MAX_REPORT_BYTES: u64 = 64 * 1024 * 1024;

/// What later runs may rest on. Only the report of a verified event has one.
///
/// Spec: specs/verification.md §12.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The rules under which the event was verified.
    pub rules: u32,
    /// The ledgers, by id.
    pub ledgers: Vec<BasisLedger>,
    /// SHA-256, in hexadecimal, of all that a later run takes from the report: a damaged report is no basis.
    pub digest: String,
}

/// A ledger as it was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasisLedger {
    /// Ledger id in hexadecimal.
    pub id: String,
    /// Kind.
    pub kind: String,
    /// Origin.
    pub origin: String,
    /// Ledger key in hexadecimal.
    pub key: String,
    /// Entries.
    pub size: u64,
    /// Root in hexadecimal.
    pub root: String,
}

/// How much of a report rests on an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rested {
    /// SHA-256 of the earlier report in hexadecimal.
    pub report: String,
    /// Entries that were verified then, and whose signatures were not checked again.
    pub entries: u64,
    /// Those of them that are ballots, whose signatures and proofs were not checked again.
    pub ballots: u64,
}

/// Why an earlier report cannot be rested on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SinceError {
    /// Not a report, or not one of an event, or damaged.
    #[error("the earlier report is damaged or no report of an event ({0}): verify without --since")]
    Malformed(String),
    /// A format that this version does not know.
    #[error("the earlier report has the unknown format {0:?}: verify without --since")]
    Format(String),
    /// The event was not verified then.
    #[error("the earlier report does not say `verified`, so nothing can rest on it: verify without --since")]
    NotVerified,
    /// Written by a version with other rules, or by one that did not say.
    #[error(
        "the earlier report was written under other rules than this version's (verifier {0}): verify once without --since, and keep that report"
    )]
    Rules(String),
    /// Of another profile.
    #[error("the earlier report is of another profile: verify without --since, or with the same --profile")]
    Profile,
    /// Of another event.
    #[error("the earlier report is of another event than the trust file's: give the report of this event")]
    Event,
    /// Another kind, origin or key of a ledger than now.
    #[error(
        "the earlier report and the trust file differ on ledger {0}: find out which trust file is the right one, then verify without --since"
    )]
    Trust(String),
    /// Without trust nothing rests on anything.
    #[error("an earlier report is of use only with a trust file: give --trust")]
    NoTrust,
}

/// An earlier report that is whole and says `verified`.
#[derive(Debug, Clone)]
pub struct EarlierReport {
    sha256: [u8; 32],
    profile: Profile,
    event: [u8; 32],
    ledgers: BTreeMap<[u8; 32], EarlierLedger>,
}

#[derive(Debug, Clone)]
struct EarlierLedger {
    kind: String,
    origin: String,
    key: [u8; 32],
    at: Position,
}

#[derive(Deserialize)]
struct FormatJson {
    format: String,
}

/// Fields that a later run does not need may be anything.
#[derive(Deserialize)]
struct ReportJson {
    verifier: String,
    command: String,
    verdict: String,
    profile: Option<Profile>,
    event: Option<String>,
    basis: Option<Basis>,
}

impl EarlierReport {
    /// Reads the JSON of a report.
    ///
    /// # Errors
    /// If it is damaged, not of a verified event, or written under other rules.
    pub fn parse(bytes: &[u8]) -> Result<EarlierReport, SinceError> {
        let malformed = |reason: &str| SinceError::Malformed(reason.to_owned());
        let json = |error: serde_json::Error| SinceError::Malformed(escape(&error.to_string()));
        let FormatJson { format } = serde_json::from_slice(bytes).map_err(json)?;
        if format != "sijill-report/1" {
            return Err(SinceError::Format(format));
        }
        let report: ReportJson = serde_json::from_slice(bytes).map_err(json)?;
        if report.command != "event" {
            return Err(malformed("of another command"));
        }
        if report.verdict != "verified" {
            return Err(SinceError::NotVerified);
        }
        let basis = match report.basis {
            Some(basis) if basis.rules == RULES => basis,
            _ => return Err(SinceError::Rules(escape(&report.verifier))),
        };
        let (Some(profile), Some(event)) = (report.profile, report.event) else {
            return Err(malformed("without profile or event"));
        };
        if digest(profile, &event, &basis.ledgers) != basis.digest {
            return Err(malformed("its digest is another one"));
        }
        let id = |text: &str| hex32(text).ok_or_else(|| malformed("an id, key or root"));
        let mut ledgers = BTreeMap::new();
        for ledger in basis.ledgers {
            let earlier = EarlierLedger {
                kind: ledger.kind,
                origin: ledger.origin,
                key: id(&ledger.key)?,
                at: Position {
                    size: ledger.size,
                    root: id(&ledger.root)?,
                },
            };
            if ledger.size == 0 || ledgers.insert(id(&ledger.id)?, earlier).is_some() {
                return Err(malformed("an empty ledger, or one that is listed twice"));
            }
        }
        Ok(EarlierReport {
            sha256: sha256(&[bytes]),
            profile,
            event: id(&event)?,
            ledgers,
        })
    }

    /// Whether a run with this trust and profile may rest on the report.
    ///
    /// # Errors
    /// If the report is of another event or profile, or knows a ledger otherwise than the trust file.
    ///
    /// Spec: specs/verification.md §12.2.
    pub(crate) fn agrees(&self, trust: Option<&Trust>, profile: Profile) -> Result<(), SinceError> {
        let trust = trust.ok_or(SinceError::NoTrust)?;
        if self.event != trust.root {
            return Err(SinceError::Event);
        }
        if self.profile != profile {
            return Err(SinceError::Profile);
        }
        for trusted in &trust.ledgers {
            let differs = self.ledgers.get(&trusted.id).is_some_and(|earlier| {
                let then = (earlier.kind.as_str(), earlier.origin.as_str(), earlier.key);
                then != (trusted.kind.name(), trusted.origin.as_str(), trusted.key)
            });
            if differs {
                return Err(SinceError::Trust(hex::encode(trusted.id)));
            }
        }
        Ok(())
    }

    /// The ledgers as they were, by id.
    pub(crate) fn positions(&self) -> impl Iterator<Item = ([u8; 32], Position)> + '_ {
        self.ledgers.iter().map(|(id, ledger)| (*id, ledger.at))
    }

    pub(crate) fn position(&self, id: &[u8; 32]) -> Option<Position> {
        Some(self.ledgers.get(id)?.at)
    }

    pub(crate) fn rested(&self, entries: u64, ballots: u64) -> Rested {
        Rested {
            report: hex::encode(self.sha256),
            entries,
            ballots,
        }
    }
}

/// What later runs may rest on: nothing unless the event is verified.
pub(crate) fn basis<'a>(report: &Report, ledgers: impl Iterator<Item = &'a Ledger>) -> Option<Basis> {
    let (Verdict::Verified, Some(profile), Some(event)) = (report.verdict, report.profile, &report.event)
    else {
        return None;
    };
    let ledgers = ledgers
        .map(|ledger| {
            Some(BasisLedger {
                id: hex::encode(ledger.id),
                kind: ledger.kind.name().to_owned(),
                origin: ledger.genesis.origin.clone(),
                key: hex::encode(ledger.genesis.ledger_key),
                size: ledger.size(),
                root: ledger.tree.root(ledger.size()).map(hex::encode)?,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Basis {
        rules: RULES,
        digest: digest(profile, event, &ledgers),
        ledgers,
    })
}

/// Spec: specs/verification.md §12.1.
fn digest(profile: Profile, event: &str, ledgers: &[BasisLedger]) -> String {
    let profile = match profile {
        Profile::Public => "public",
        Profile::Accredited => "accredited",
    };
    let mut text = format!("sijill/basis/v1\n{RULES}\n{profile}\n{event}\n");
    for ledger in ledgers {
        let BasisLedger {
            id,
            kind,
            origin,
            key,
            size,
            root,
        } = ledger;
        text.push_str(&format!("{id} {kind} {origin} {key} {size} {root}\n"));
    }
    hex::encode(sha256(&[text.as_bytes()]))
}

/// Hashes of the entries that an earlier run verified.
#[derive(Debug, Default)]
pub(crate) struct KnownLeaves(Tree);

impl KnownLeaves {
    /// Whether the entry with this hash stood at this place when the ledger was verified.
    pub(crate) fn has(&self, seq: u64, leaf: &[u8; 32]) -> bool {
        self.0.leaf(seq) == Some(leaf)
    }
}

/// The hashes under the earlier root, read from the published tiles of a ledger that now has `size` entries. None at all unless they have
/// that root, which binds each of them to its place; where the tiles come from does not matter then.
///
/// Spec: specs/verification.md §12.3.
pub(crate) fn known_leaves(
    source: &dyn Source,
    folder: &str,
    size: u64,
    earlier: Option<Position>,
) -> KnownLeaves {
    let read = |earlier: Position| {
        if earlier.size > size {
            return None;
        }
        let mut tree = Tree::default();
        let tiles = tile_names(size).take_while(|name| name.level == Some(0));
        for name in tiles.take_while(|name| name.index.saturating_mul(WIDTH) < earlier.size) {
            let length = name.width.saturating_mul(32);
            let bytes = source.read(&format!("{folder}{}", name.path()), length).ok()?;
            let (leaves, rest) = bytes.as_chunks::<32>();
            if bytes.len() as u64 != length || !rest.is_empty() {
                return None;
            }
            for leaf in leaves {
                if tree.size() < earlier.size {
                    tree.push(*leaf);
                }
            }
        }
        (tree.root(earlier.size) == Some(earlier.root)).then_some(tree)
    };
    KnownLeaves(earlier.and_then(read).unwrap_or_default())
}
