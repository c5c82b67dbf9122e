//! Legal holds: what must not be erased, who said so, why, and until when.
//!
//! An append-only chain like the access log: each entry has the hash of the one before it and is signed by whoever acts.
//! A hold is lifted by an entry of its own, and never changed or removed. Spec: specs/operations.md §15.5.

use serde::{Deserialize, Serialize};
use sijill_ledger::{KeyId, LedgerId, SigningKey};
use sijill_rules::check_line;

use super::Subject;
use super::chain::{self, LogError, LogHead};

/// A content that is held: its ledger and its commitment.
pub type Item = ([u8; 32], [u8; 32]);

/// A hold that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct NewHold<'a> {
    /// Whose contents.
    pub subject: Subject,
    /// Everything, of today and later.
    pub everything: bool,
    /// Which, ascending; with `everything`, all that there is today. None where a hold is lifted.
    pub items: &'a [Item],
    /// Why: a line of 1 to 1000 bytes, which must not name the person.
    pub reason: &'a str,
    /// Its last day, as a day number; `None`: until it is lifted.
    pub until: Option<u32>,
    /// The hold that this one lifts.
    pub lifts: Option<u64>,
}

/// What is signed. Fields in this order, encoded as in specs/ledger.md §2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    seq: u64,
    prev: [u8; 32],
    at_ms: u64,
    who: KeyId,
    subject: [u8; 32],
    everything: bool,
    items: Vec<Item>,
    reason: String,
    until: Option<u32>,
    lifts: Option<u64>,
}

impl chain::Body for Body {
    const TAG: &'static [u8] = b"sijill/hold/v1\n";

    fn place(&self) -> (u64, [u8; 32], KeyId) {
        (self.seq, self.prev, self.who)
    }
}

/// An entry that stands in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its number, from 0.
    pub seq: u64,
    /// When, in milliseconds.
    pub at_ms: u64,
    /// The key of whoever said so.
    pub who: KeyId,
    /// Whose contents.
    pub subject: Subject,
    /// Everything of theirs.
    pub everything: bool,
    /// Which; with `everything`, those that there were.
    pub items: Vec<Item>,
    /// Why.
    pub reason: String,
    /// Its last day, as a day number.
    pub until: Option<u32>,
    /// The hold that it lifts: then it is none itself.
    pub lifts: Option<u64>,
    hash: [u8; 32],
}

pub(super) fn write(
    before: LogHead,
    actor: &SigningKey,
    hold: &NewHold<'_>,
    at_ms: u64,
) -> Result<Vec<u8>, LogError> {
    check_line(hold.reason).map_err(LogError::Why)?;
    let body = Body {
        seq: before.size,
        prev: before.hash,
        at_ms,
        who: actor.key_id(),
        subject: hold.subject.0,
        everything: hold.everything,
        items: hold.items.to_vec(),
        reason: hold.reason.to_owned(),
        until: hold.until,
        lifts: hold.lifts,
    };
    let entry = chain::seal(&body, actor);
    // What could not be read again is not written.
    Hold::read(&entry, before)?;
    Ok(entry)
}

impl Hold {
    /// Reads the entry that follows `before`, and checks it.
    pub(super) fn read(entry: &[u8], before: LogHead) -> Result<Self, LogError> {
        let (read, ()) = chain::open(entry, before, |read: &Body| {
            let ascending = read.items.is_sorted_by(|a, b| a < b);
            let lifts_an_earlier = read
                .lifts
                .is_none_or(|lifted| lifted < before.size && read.items.is_empty());
            (check_line(&read.reason).is_ok() && ascending && lifts_an_earlier).then_some(())
        })?;
        Ok(Self {
            seq: read.seq,
            at_ms: read.at_ms,
            who: read.who,
            subject: Subject(read.subject),
            everything: read.everything,
            items: read.items,
            reason: read.reason,
            until: read.until,
            lifts: read.lifts,
            hash: chain::hash::<Body>(entry),
        })
    }

    pub(super) const fn head(&self) -> LogHead {
        LogHead {
            size: self.seq + 1,
            hash: self.hash,
        }
    }

    /// Whether it names a content.
    #[must_use]
    pub fn names(&self, ledger: &LedgerId, commitment: &[u8; 32]) -> bool {
        self.items
            .binary_search(&(*ledger.as_bytes(), *commitment))
            .is_ok()
    }

    /// Whether it covers a content of its subject.
    #[must_use]
    pub fn covers(&self, ledger: &LedgerId, commitment: &[u8; 32]) -> bool {
        self.everything || self.names(ledger, commitment)
    }
}

/// The holds that stand on a day: neither lifted nor expired.
#[must_use]
pub fn standing(all: &[Hold], today: u32) -> Vec<&Hold> {
    all.iter()
        .filter(|hold| hold.lifts.is_none() && hold.until.is_none_or(|last| today <= last))
        .filter(|hold| !all.iter().any(|other| other.lifts == Some(hold.seq)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed(&[3; 32])
    }

    fn new(reason: &str) -> NewHold<'_> {
        NewHold {
            subject: Subject([9; 32]),
            everything: false,
            items: &[],
            reason,
            until: None,
            lifts: None,
        }
    }

    #[test]
    fn a_hold_stands_until_its_last_day_or_until_it_is_lifted() {
        let first = write(
            LogHead::default(),
            &key(),
            &NewHold {
                until: Some(10),
                everything: true,
                ..new("court")
            },
            5,
        )
        .unwrap();
        let first = Hold::read(&first, LogHead::default()).unwrap();
        let items = [([1; 32], [2; 32])];
        let second = write(
            first.head(),
            &key(),
            &NewHold {
                items: &items,
                ..new("audit")
            },
            6,
        )
        .unwrap();
        let second = Hold::read(&second, first.head()).unwrap();
        let numbers = |all: &[Hold], day| standing(all, day).iter().map(|h| h.seq).collect::<Vec<_>>();
        let mut all = vec![first, second];
        assert_eq!(numbers(&all, 10), [0, 1]);
        assert_eq!(numbers(&all, 11), [1]);
        assert!(
            all[0].covers(&LedgerId::from_bytes([7; 32]), &[7; 32]),
            "everything"
        );
        assert!(all[1].covers(&LedgerId::from_bytes([1; 32]), &[2; 32]));
        assert!(!all[1].covers(&LedgerId::from_bytes([1; 32]), &[3; 32]));
        let lifted = write(
            all[1].head(),
            &key(),
            &NewHold {
                lifts: Some(1),
                ..new("over")
            },
            7,
        )
        .unwrap();
        all.push(Hold::read(&lifted, all[1].head()).unwrap());
        assert_eq!(numbers(&all, 10), [0]);
    }

    #[test]
    fn a_changed_or_moved_entry_is_noticed() {
        let entry = write(LogHead::default(), &key(), &new("court"), 5).unwrap();
        let head = Hold::read(&entry, LogHead::default()).unwrap().head();
        assert!(matches!(
            Hold::read(&entry, head),
            Err(LogError::Order { seq: 1 })
        ));
        let mut changed = entry.clone();
        let at = changed.windows(5).position(|w| w == b"court").unwrap();
        changed[at] = b'C';
        assert!(matches!(
            Hold::read(&changed, LogHead::default()),
            Err(LogError::Signature { seq: 0 })
        ));
        assert!(write(LogHead::default(), &key(), &new(" "), 5).is_err());
        // A hold cannot lift what comes after it.
        assert!(
            write(
                LogHead::default(),
                &key(),
                &NewHold {
                    lifts: Some(0),
                    ..new("x")
                },
                5
            )
            .is_err()
        );
    }
}
