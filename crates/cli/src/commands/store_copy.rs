//! `sijill store copy`
//!
//! *Phases.* Each ledger is continued where the copy ends, after a look at the entry there; then both sides are read from
//! the beginning and compared by size, last leaf hash and root. Interrupted anywhere, the same command goes on.

use clap::Args;
use sijill_ledger::{LeafHash, LedgerId, MerkleTree, Root, Seq};
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
    stores are read back whole, and size, last entry and root of every ledger are compared."
)]
pub(crate) struct CopyArgs {
    /// The store to read
    #[arg(long, value_name = "STORE")]
    from: Place,
    /// The store to write
    #[arg(long, value_name = "STORE")]
    to: Place,
}

/// What two stores are compared by.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    size: u64,
    last: LeafHash,
    root: Root,
}

/// Runs `sijill store copy`.
pub(crate) async fn run(args: &CopyArgs) -> Outcome {
    if args.from == args.to {
        return Err(Failure::usage(
            "both stores are the same",
            "name another one with --to",
        ));
    }
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
        if source != target {
            return Err(Failure::failed(
                format!(
                    "ledger {ledger} differs: {} entries with root {} and {} entries with root {}",
                    source.size, source.root, target.size, target.root
                ),
                "if somebody wrote meanwhile, stop that and run the command again; else keep both stores and find out why",
            ));
        }
        say!("{ledger}  {} entries  root {}", source.size, source.root);
        lines.push(
            serde_json::json!({ "ledger": ledger, "size": source.size, "root": source.root.to_string() }),
        );
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
    show!(serde_json::json!({ "ledgers": lines, "copied": copied, "others": more }));
    Ok(())
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
    let again = "run the command again; it goes on where the copy ends";
    let unknown = if at == Seq::ZERO {
        match to.create(ledger, batch.clone()).await {
            Ok(_) => return Ok(()),
            Err(CreateError::OutcomeUnknown { reason }) => reason,
            Err(error) => return Err(Failure::failed(format!("the copy: {error}"), again)),
        }
    } else {
        match to.append(ledger, at, batch.clone()).await {
            Ok(_) => return Ok(()),
            Err(AppendError::OutcomeUnknown { reason }) => reason,
            Err(error) => return Err(Failure::failed(format!("the copy: {error}"), again)),
        }
    };
    match resolve(to, ledger, at, &batch).await {
        Ok(Written::Committed { .. }) => Ok(()),
        _ => Err(Failure::failed(format!("the copy: {unknown}"), again)),
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
            });
        }
        for entry in page.entries {
            last = entry.leaf();
            tree.push(last);
        }
    }
}

fn read_failure(which: &str, error: &ReadError) -> Failure {
    let help = match error {
        ReadError::Unavailable { .. } => "try again",
        _ => "do not go on working with it; compare it with a backup or a published copy",
    };
    Failure::failed(format!("{which}: {error}"), help)
}
