//! `sijill store copy`
//!
//! *Phases.* Each ledger is continued where the copy ends, after a look at the entry there; then both sides are read from
//! the beginning and compared by size, last leaf hash and root. Interrupted anywhere, the same command goes on.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sijill_engine::checkpoint_record::{CheckpointRecord, FileRecord};
use sijill_engine::{EngineError, SubmitError};
use sijill_ledger::{Entry, Genesis, LeafHash, LedgerId, LedgerIdentity, MerkleTree, Root, Seq};
use sijill_store::{
    AppendError, Batch, CreateError, EventStore, NewEntry, Outcome as Written, PageLimit, ReadError,
    StoredEntry, resolve,
};

use crate::error::{Failure, Outcome};
use crate::render::{say, show};
use crate::stores::Place;

/// Arguments of `sijill store copy`.
#[derive(Debug, Args)]
#[command(
    long_about = "Copy every ledger into another store, and prove that both are equal.\n\n\
    A store is a file of SQLite (in an installation: DIR/engine/events.sqlite), which is made if the copy goes there, or \
    kurrentdb://user@host,host,host?settings. The password of KurrentDB comes from SIJILL_STORE_PASSWORD_FILE or \
    SIJILL_STORE_PASSWORD.\n\n\
    Stop the installation first: nobody else may write meanwhile. The copy can be interrupted and started again; it goes \
    on where it ended. Entries that differ are never overwritten: the command stops and names the ledger. At the end both \
    stores are read back whole, and size, last entry and root of every ledger are compared.\n\n\
    KurrentDB keeps the checkpoint record with the events; a file does not. With --record, which names the folder of the \
    record that belongs to the file, the record goes along. Without it the ledgers are only copied, and no installation \
    goes on with the copy."
)]
pub(crate) struct CopyArgs {
    /// The store to read
    #[arg(long, value_name = "STORE")]
    from: Place,
    /// The store to write
    #[arg(long, value_name = "STORE")]
    to: Place,
    /// Take the checkpoint record along, out of this folder or into it: DIR/checkpoints
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

/// What two stores are compared by.
#[derive(Debug)]
struct Summary {
    size: u64,
    last: LeafHash,
    root: Root,
    tree: MerkleTree,
}

/// Runs `sijill store copy`.
pub(crate) async fn run(args: &CopyArgs) -> Outcome {
    if args.from == args.to {
        return Err(Failure::usage(
            "both stores are the same",
            "name another one with --to",
        ));
    }
    let records = records(args)?;
    let from = args.from.open().await?;
    let to = args.to.open_or_create().await?;
    let ledgers = from
        .list()
        .await
        .map_err(|e| read_failure("the store to read", &e))?;
    let mut copied = 0;
    for ledger in &ledgers {
        copied += copy(&*from, &*to, *ledger).await?;
    }
    let mut lines = Vec::new();
    for ledger in &ledgers {
        let (source, target) = (
            summary(&*from, *ledger, "the store to read").await?,
            summary(&*to, *ledger, "the copy").await?,
        );
        if (source.size, source.last, source.root) != (target.size, target.last, target.root) {
            return Err(Failure::failed(
                format!(
                    "ledger {ledger} differs: {} entries with root {} and {} entries with root {}",
                    source.size, source.root, target.size, target.root
                ),
                "if somebody wrote meanwhile, stop that and run the command again; else keep both stores and find out why",
            )
            .code("store.differs"));
        }
        let recorded = match &records {
            None => None,
            Some(records) => copy_record(records, &*to, *ledger, &source).await?,
        };
        say!("{ledger}  {} entries  root {}", source.size, source.root);
        lines.push(serde_json::json!({
            "ledger": ledger,
            "size": source.size,
            "root": source.root.to_string(),
            "recorded": recorded,
        }));
    }
    let listed = to.list().await.map_err(|e| read_failure("the copy", &e))?;
    let more = listed.difference(&ledgers).count();
    say!(
        "Equal: {} ledgers; {copied} entries were copied now.",
        ledgers.len()
    );
    if more > 0 {
        say!("The copy holds {more} other ledgers besides.");
    }
    match &records {
        Some(_) => say!("The checkpoint record was taken along."),
        None => say!("The checkpoint record was not taken along: see --record."),
    }
    show!(serde_json::json!({ "ledgers": lines, "copied": copied, "others": more }));
    Ok(())
}

/// Out of which record and into which one.
struct Records {
    from: Arc<dyn CheckpointRecord>,
    to: Target,
}

enum Target {
    Folder(FileRecord),
    Store(Arc<dyn CheckpointRecord>),
}

/// The records on both sides, if they are to be taken along or are both in the stores.
fn records(args: &CopyArgs) -> Outcome<Option<Records>> {
    let folder = || -> Outcome<Option<FileRecord>> {
        Ok(args.record.as_deref().map(FileRecord::open_apart).transpose()?)
    };
    let within = |place: &Place| -> Outcome<Arc<dyn CheckpointRecord>> {
        let record = place.record_within()?;
        record.ok_or_else(|| Failure::internal("a file has no record in it"))
    };
    match (&args.from, &args.to) {
        (Place::Sqlite(_), Place::Sqlite(_)) => match args.record {
            None => Ok(None),
            Some(_) => Err(Failure::usage(
                "the checkpoint record of a file lies in a folder already, and is never copied",
                "leave --record out",
            )),
        },
        (Place::Sqlite(_), to @ Place::KurrentDb(_)) => folder()?
            .map(|from| {
                Ok(Records {
                    from: Arc::new(from),
                    to: Target::Store(within(to)?),
                })
            })
            .transpose(),
        (from @ Place::KurrentDb(_), Place::Sqlite(_)) => folder()?
            .map(|to| {
                Ok(Records {
                    from: within(from)?,
                    to: Target::Folder(to),
                })
            })
            .transpose(),
        (from @ Place::KurrentDb(_), to @ Place::KurrentDb(_)) => match args.record {
            None => Ok(Some(Records {
                from: within(from)?,
                to: Target::Store(within(to)?),
            })),
            Some(_) => Err(Failure::usage(
                "both stores keep the checkpoint record themselves",
                "leave --record out: it goes along",
            )),
        },
    }
}

/// Takes the record of a ledger along, after a look at what it says of the ledger. Answers its size.
async fn copy_record(
    records: &Records,
    to: &dyn EventStore,
    ledger: LedgerId,
    summary: &Summary,
) -> Outcome<Option<u64>> {
    let first = one(to, ledger, Seq::ZERO, "the copy").await?;
    let entry = Entry::parse(first.bytes()).map_err(|e| no_record(ledger, &e))?;
    let genesis = Genesis::parse(&entry.body().payload).map_err(|e| no_record(ledger, &e))?;
    let identity = LedgerIdentity::from(&genesis);
    let Some(recorded) = records.from.load(&identity).map_err(|e| no_record(ledger, &e))? else {
        return Ok(None);
    };
    if recorded.size() > summary.size || summary.tree.root_at(recorded.size()) != Some(recorded.root()) {
        return Err(no_record(
            ledger,
            &"it is of more entries than the store holds, or of others",
        ));
    }
    match &records.to {
        Target::Folder(folder) => folder.follow(&recorded),
        Target::Store(store) => {
            let there = store.load(&identity).map_err(|e| no_record(ledger, &e))?;
            store.advance(there.as_ref(), &recorded)
        }
    }
    .map_err(|e| no_record(ledger, &e))?;
    Ok(Some(recorded.size()))
}

fn no_record(ledger: LedgerId, problem: &dyn std::fmt::Display) -> Failure {
    Failure::failed(
        format!("ledger {ledger}: the checkpoint record cannot be taken along: {problem}"),
        "the entries are copied. Find out why before an installation goes on with either store",
    )
    .code("store.record")
}

/// Continues a ledger of the copy. Answers how many entries were missing.
async fn copy(from: &dyn EventStore, to: &dyn EventStore, ledger: LedgerId) -> Outcome<u64> {
    let source = from
        .tail(ledger)
        .await
        .map_err(|e| read_failure("the store to read", &e))?
        .next
        .as_u64();
    let mut at = match to.tail(ledger).await {
        Ok(tail) => tail.next.as_u64(),
        Err(ReadError::NotFound { .. }) => 0,
        Err(error) => return Err(read_failure("the copy", &error)),
    };
    let differs = || {
        Failure::refused(
            format!("the copy of ledger {ledger} is not a beginning of the ledger"),
            "it is left as it is; copy into another store, and find out which one is right",
        )
        .code("store.differs")
    };
    if at > source {
        return Err(differs());
    }
    if at > 0 {
        let last = Seq::new(at - 1);
        let (theirs, ours) = (
            one(to, ledger, last, "the copy").await?,
            one(from, ledger, last, "the store to read").await?,
        );
        if theirs.leaf() != ours.leaf() {
            return Err(differs());
        }
    }
    let begun = at;
    while at < source {
        let limit = PageLimit::new(4_096, to.batch_bytes());
        let page = from
            .read(ledger, Seq::new(at), limit)
            .await
            .map_err(|e| read_failure("the store to read", &e))?;
        let entries = page
            .entries
            .into_iter()
            .map(|entry| {
                let leaf = entry.leaf();
                NewEntry::with_leaf(entry.into_bytes(), leaf)
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(Failure::internal)?;
        let count = entries.len() as u64;
        let batch = Batch::new(entries).map_err(Failure::internal)?;
        write(to, ledger, Seq::new(at), batch).await?;
        at += count;
    }
    Ok(at - begun)
}

async fn one(store: &dyn EventStore, ledger: LedgerId, at: Seq, which: &str) -> Outcome<StoredEntry> {
    let page = store
        .read(ledger, at, PageLimit::new(1, 1))
        .await
        .map_err(|e| read_failure(which, &e))?;
    page.entries
        .into_iter()
        .next()
        .ok_or_else(|| Failure::internal("an entry before the end is missing"))
}

/// Writes a batch at its place. An unknown outcome is resolved, never guessed.
async fn write(to: &dyn EventStore, ledger: LedgerId, at: Seq, batch: Batch) -> Outcome {
    let not_written = |problem: &dyn std::fmt::Display| {
        Failure::failed(
            format!("the copy: {problem}"),
            "run the command again; it goes on where the copy ends",
        )
        .code("store.not-written")
    };
    let unknown = if at == Seq::ZERO {
        match to.create(ledger, batch.clone()).await {
            Ok(_) => return Ok(()),
            Err(CreateError::OutcomeUnknown { reason }) => reason,
            Err(error @ (CreateError::TooLarge | CreateError::Damaged { .. })) => {
                return Err(EngineError::Create(error).into());
            }
            Err(error) => return Err(not_written(&error)),
        }
    } else {
        match to.append(ledger, at, batch.clone()).await {
            Ok(_) => return Ok(()),
            Err(AppendError::OutcomeUnknown { reason }) => reason,
            Err(AppendError::TooLarge) => return Err(SubmitError::TooLarge.into()),
            Err(error) => return Err(not_written(&error)),
        }
    };
    match resolve(to, ledger, at, &batch).await {
        Ok(Written::Committed { .. }) => Ok(()),
        _ => Err(not_written(&unknown)),
    }
}

/// Reads a ledger whole.
async fn summary(store: &dyn EventStore, ledger: LedgerId, which: &str) -> Outcome<Summary> {
    let mut tree = MerkleTree::new();
    let mut last = LeafHash::NONE;
    loop {
        let page = store
            .read(ledger, Seq::new(tree.size()), PageLimit::new(8_192, 8 << 20))
            .await
            .map_err(|e| read_failure(which, &e))?;
        if page.entries.is_empty() {
            return Ok(Summary {
                size: tree.size(),
                last,
                root: tree.root(),
                tree,
            });
        }
        for entry in page.entries {
            last = entry.leaf();
            tree.push(last);
        }
    }
}

fn read_failure(which: &str, error: &ReadError) -> Failure {
    let (code, help) = match error {
        ReadError::Unavailable { .. } => (
            "store.unavailable",
            "run the command again when the store answers",
        ),
        _ => (
            "store.damaged",
            "do not go on working with it; compare it with a backup, another node or a published copy",
        ),
    };
    Failure::failed(format!("{which}: {error}"), help).code(code)
}
