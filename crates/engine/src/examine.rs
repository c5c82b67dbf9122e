//! Reading a whole store with suspicion: nothing is signed, nothing is mended, no key is needed.
//!
//! Where [`Engine::open`](crate::Engine::open) stops at the first contradiction, this goes on and names what it can:
//! the ledger, the position, what is wrong there. Spec: specs/operations.md §8.1.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;
use sijill_ledger::{Entry, Genesis, LedgerId, LedgerIdentity, Seq, SignedCheckpoint, UnverifiedEntry};
use sijill_registers::catalogue::{Event, types};
use sijill_registers::register::Contents;
use sijill_store::{Damage, EventStore, PageLimit, ReadError, SqliteStore, StoredEntry};

use crate::checkpoint_record::{CheckpointRecord, RecordError, Source, compare};
use crate::content::{ContentStore, ContentStoreError};
use crate::ledgers::Head;
use crate::load::push;

/// Findings of one ledger past which only their number is told.
const MOST_FINDINGS: usize = 100;

/// Damaged entries in a row past which a ledger is not searched for further ones.
const LONGEST_GAP: u64 = 1_000;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its position, if it is one entry's.
    pub seq: Option<u64>,
    /// What is wrong.
    pub problem: String,
}

/// What was found about one ledger.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerFindings {
    /// The ledger.
    pub ledger: LedgerId,
    /// Entries, up to the last row that can be found.
    pub entries: u64,
    /// Entries from the first on whose signature, chain and state all agree.
    pub replayed: u64,
    /// Documents that its entries cite.
    pub contents: usize,
    /// Whether the checkpoint record allows the ledger to go on; `None` if there was no record to ask.
    pub may_go_on: Option<bool>,
    /// What is wrong, at most 100 of them.
    pub findings: Vec<Finding>,
    /// Further findings.
    pub more_findings: u64,
}

impl LedgerFindings {
    fn new(ledger: LedgerId) -> Self {
        Self {
            ledger,
            entries: 0,
            replayed: 0,
            contents: 0,
            may_go_on: None,
            findings: Vec::new(),
            more_findings: 0,
        }
    }

    fn add(&mut self, seq: Option<u64>, problem: impl ToString) {
        if self.findings.len() < MOST_FINDINGS {
            let problem = problem.to_string();
            self.findings.push(Finding { seq, problem });
        } else {
            self.more_findings += 1;
        }
    }
}

/// What was found in a whole store.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Findings {
    /// What SQLite says about its file; nothing if it is sound.
    pub database: Vec<String>,
    /// Each ledger that the store or the record knows.
    pub ledgers: Vec<LedgerFindings>,
}

impl Findings {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn sound(&self) -> bool {
        self.database.is_empty() && self.ledgers.iter().all(|l| l.findings.is_empty())
    }

    /// Whether nothing is wrong but what the checkpoint record objects to.
    #[must_use]
    pub fn undamaged(&self) -> bool {
        let refused = |l: &LedgerFindings| l.findings.is_empty() || l.may_go_on == Some(false);
        self.database.is_empty() && self.ledgers.iter().all(refused)
    }
}

/// Reads everything. Without a record, ledgers are not compared with one.
///
/// # Errors
/// [`ReadError`] if the list of ledgers cannot be read; everything else is a finding.
pub async fn examine(
    store: &SqliteStore,
    contents: &ContentStore,
    record: Option<&dyn CheckpointRecord>,
) -> Result<Findings, ReadError> {
    examine_ledgers(store, store.integrity().await?, contents, record).await
}

/// As [`examine`], for any store; `database` is what the store says of itself.
///
/// # Errors
/// [`ReadError`] if the list of ledgers cannot be read; everything else is a finding.
pub async fn examine_ledgers(
    store: &dyn EventStore,
    database: Vec<String>,
    contents: &ContentStore,
    record: Option<&dyn CheckpointRecord>,
) -> Result<Findings, ReadError> {
    let mut findings = Findings {
        database,
        ledgers: Vec::new(),
    };
    // Before the store is looked at: other nodes may write to both, and what is recorded is in the store already.
    let recorded = match record.map(CheckpointRecord::ledgers) {
        None => BTreeSet::new(),
        Some(Ok(recorded)) => recorded,
        Some(Err(error)) => {
            findings.database.push(error.to_string());
            BTreeSet::new()
        }
    };
    let listed = store.list().await?;
    for ledger in &listed {
        findings
            .ledgers
            .push(examine_ledger(store, contents, record, *ledger).await);
    }
    // A backup that is older than a ledger does not know of it, and the record does.
    for ledger in recorded.difference(&listed) {
        let mut lost = LedgerFindings::new(*ledger);
        lost.may_go_on = Some(false);
        lost.add(
            None,
            "the checkpoint record has this ledger, the store has not: an old backup was restored",
        );
        findings.ledgers.push(lost);
    }
    Ok(findings)
}

async fn examine_ledger(
    store: &dyn EventStore,
    contents: &ContentStore,
    record: Option<&dyn CheckpointRecord>,
    ledger: LedgerId,
) -> LedgerFindings {
    let mut found = LedgerFindings::new(ledger);
    let mut head: Option<Head> = None;
    let mut broken = false;
    let mut cited = BTreeSet::new();
    let mut at = Seq::ZERO;
    let mut gap: Option<(u64, Damage)> = None;
    let known = match record {
        None => None,
        Some(record) => known(store, record, ledger).await,
    };
    loop {
        let page = match store.read(ledger, at, PageLimit::default()).await {
            Ok(page) => page,
            // Not at this entry: the end of the ledger cannot be found.
            Err(error @ ReadError::Corrupt { at: reported, .. }) if reported != at => {
                broken = true;
                found.add(None, error);
                break;
            }
            Err(ReadError::Corrupt { damage, .. }) => {
                // A run of damaged entries is one finding.
                if gap.as_ref().is_none_or(|(_, kind)| *kind != damage) {
                    close_gap(&mut found, gap.take(), at);
                    gap = Some((at.as_u64(), damage));
                }
                broken = true;
                at = at.next();
                if gap
                    .as_ref()
                    .is_some_and(|(first, _)| at.as_u64() - first > LONGEST_GAP)
                {
                    found.add(Some(at.as_u64()), "not searched any further");
                    break;
                }
                continue;
            }
            // Behind the last row, where the last rows are damaged.
            Err(ReadError::BeyondTail { .. }) => break,
            Err(error) => {
                found.add(Some(at.as_u64()), error);
                break;
            }
        };
        close_gap(&mut found, gap.take(), at);
        found.entries = page.next.as_u64();
        if page.entries.is_empty() {
            break;
        }
        let parsed: Vec<_> = page.entries.par_iter().map(|e| Entry::parse(e.bytes())).collect();
        for (stored, entry) in page.entries.iter().zip(parsed) {
            let seq = stored.seq().as_u64();
            cite(&mut found, contents, &mut cited, &head, stored);
            match entry {
                Err(error) => {
                    broken = true;
                    found.add(Some(seq), error);
                }
                Ok(entry) if !broken => match push(&mut head, ledger, &entry, &Documents(contents)) {
                    Ok(()) => found.replayed = seq + 1,
                    Err(error) => {
                        broken = true;
                        found.add(Some(seq), error);
                    }
                },
                Ok(_) => {}
            }
        }
        at = Seq::new(at.as_u64() + page.entries.len() as u64);
    }
    close_gap(&mut found, gap.take(), at);
    found.contents = cited.len();
    if record.is_some() {
        compare_with_record(&mut found, known, head.as_ref(), broken);
    }
    found
}

/// What is recorded and remembered of a ledger.
type Known = Result<(Option<SignedCheckpoint>, Option<SignedCheckpoint>), RecordError>;

/// `None` if the first entry cannot be read, which is found again later.
async fn known(store: &dyn EventStore, record: &dyn CheckpointRecord, ledger: LedgerId) -> Option<Known> {
    let first = store.read(ledger, Seq::ZERO, PageLimit::new(1, 1)).await.ok()?;
    let entry = Entry::parse(first.entries.first()?.bytes()).ok()?;
    let identity = LedgerIdentity::from(&Genesis::parse(&entry.body().payload).ok()?);
    let loaded = record.load(&identity);
    Some(loaded.and_then(|recorded| Ok((recorded, record.remembered(&identity)?))))
}

fn close_gap(found: &mut LedgerFindings, gap: Option<(u64, Damage)>, end: Seq) {
    if let Some((first, damage)) = gap {
        let last = end.as_u64().saturating_sub(1);
        if last > first {
            found.add(Some(first), format!("entries {first} to {last}: {damage}"));
        } else {
            found.add(Some(first), damage);
        }
    }
}

/// Every document that the entry cites is there, and is that document.
fn cite(
    found: &mut LedgerFindings,
    contents: &ContentStore,
    cited: &mut BTreeSet<sijill_ledger::ContentRef>,
    head: &Option<Head>,
    stored: &StoredEntry,
) {
    let Some(head) = head else { return };
    let Ok(entry) = UnverifiedEntry::parse(stored.bytes()) else {
        return;
    };
    let body = entry.body().body();
    if body.event_type.as_u16() == types::GENESIS {
        return;
    }
    let Ok(event) = Event::parse(head.state.kind(), body.event_type, &body.payload) else {
        return;
    };
    for content in event.contents() {
        if cited.insert(content)
            && let Err(error) = contents.load(&content)
        {
            found.add(Some(stored.seq().as_u64()), error);
        }
    }
}

fn compare_with_record(found: &mut LedgerFindings, known: Option<Known>, head: Option<&Head>, broken: bool) {
    let (Some(head), Some(known)) = (head, known) else {
        found.may_go_on = Some(false);
        return;
    };
    let (recorded, remembered) = match known {
        Ok(known) => known,
        Err(error) => {
            found.may_go_on = Some(false);
            return found.add(None, error);
        }
    };
    if broken {
        // Its end cannot be compared; what precedes the damage can be.
        found.may_go_on = Some(false);
        if let Some(recorded) = recorded
            && recorded.size() <= head.chain.size()
            && head.chain.root_at(recorded.size()) != Some(recorded.root())
        {
            found.add(
                None,
                "the recorded checkpoint has another root than the entries in the store",
            );
        }
        return;
    }
    let other = remembered.as_ref().map(|signed| (Source::Remembered, signed));
    match compare(&head.chain, recorded.as_ref(), other) {
        Ok(_) => found.may_go_on = Some(true),
        Err(error) => {
            found.may_go_on = Some(false);
            found.add(None, error);
        }
    }
}

struct Documents<'a>(&'a ContentStore);

impl Contents for Documents<'_> {
    fn load(
        &self,
        content: &sijill_ledger::ContentRef,
    ) -> Result<std::sync::Arc<[u8]>, sijill_registers::register::ContentProblem> {
        use sijill_registers::register::ContentProblem;
        self.0.load(content).map_err(|error| match error {
            ContentStoreError::Missing(hash) => ContentProblem::Missing(hash),
            ContentStoreError::Mismatch(hash) => ContentProblem::Mismatch(hash),
            other => ContentProblem::Unavailable(content.sha256, other.to_string()),
        })
    }
}
