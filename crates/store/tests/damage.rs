//! Damaged, foreign and busy files are told apart, and damage is reported where it is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sijill_ledger::{LedgerId, Seq};
use sijill_store::{
    Batch, Damage, EventStore, NewEntry, OpenError, Page, PageLimit, ReadError, SqliteOptions, SqliteStore,
};

const ENTRIES: u64 = 60;

struct Fixture {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn ledger(n: u8) -> LedgerId {
    LedgerId::from_bytes([n; 32])
}

fn entry(n: u8, seq: u64) -> Vec<u8> {
    format!("entry {seq:04} of ledger {n} ").into_bytes().repeat(20)
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, SqliteOptions::default())
}

/// Three ledgers of [`ENTRIES`] entries, closed.
async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    let store = SqliteStore::create(&path, SqliteOptions::default()).unwrap();
    for n in 1..=3 {
        let entries = (0..ENTRIES)
            .map(|seq| NewEntry::new(entry(n, seq)).unwrap())
            .collect();
        store
            .create(ledger(n), Batch::new(entries).unwrap())
            .await
            .unwrap();
    }
    Fixture {
        _folder: folder,
        path,
    }
}

async fn page(store: &SqliteStore, n: u8, from: u64) -> Result<Page, ReadError> {
    store.read(ledger(n), Seq::new(from), PageLimit::default()).await
}

async fn intact(store: &SqliteStore, n: u8) {
    let page = page(store, n, 0).await.unwrap();
    assert_eq!(page.entries.len() as u64, ENTRIES);
    for (stored, seq) in page.entries.iter().zip(0..) {
        assert_eq!(stored.bytes(), entry(n, seq));
    }
}

/// Ledger `n` reads up to `at`, where `damage` is reported, by reading, subscribing and, at the end, the tail.
async fn damaged(store: &SqliteStore, n: u8, at: u64, damage: Damage) {
    let corrupt = ReadError::Corrupt {
        ledger: ledger(n),
        at: Seq::new(at),
        damage,
    };
    if at > 0 {
        assert_eq!(page(store, n, 0).await.unwrap().entries.len() as u64, at);
    }
    assert_eq!(page(store, n, at).await, Err(corrupt.clone()));
    let mut subscription = store.subscribe(ledger(n), Seq::ZERO).await.unwrap();
    for seq in 0..at {
        assert_eq!(subscription.next().await.unwrap().bytes(), entry(n, seq));
    }
    assert_eq!(subscription.next().await, Err(corrupt.clone()));
    assert_eq!(
        subscription.next().await,
        Err(corrupt.clone()),
        "it stays where it is"
    );
    if at == ENTRIES - 1 {
        assert_eq!(store.tail(ledger(n)).await, Err(corrupt));
    }
}

/// Changes the database behind the store's back.
fn tamper(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn offset_of(path: &Path, needle: &[u8]) -> u64 {
    let file = fs::read(path).unwrap();
    file.windows(needle.len())
        .position(|window| window == needle)
        .unwrap() as u64
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[tokio::test]
async fn a_flipped_byte_in_a_row() {
    for at in [0, 1, 30, ENTRIES - 1] {
        let fixture = fixture().await;
        let place = offset_of(&fixture.path, &entry(2, at)) + 7;
        overwrite(&fixture.path, place, b"X");
        let store = open(&fixture.path).unwrap();
        damaged(&store, 2, at, Damage::LeafMismatch).await;
        intact(&store, 1).await;
        intact(&store, 3).await;
        // What lies behind the damage can be read too.
        if at + 1 < ENTRIES {
            let rest = page(&store, 2, at + 1).await.unwrap();
            assert_eq!(rest.entries.len() as u64, ENTRIES - at - 1);
        }
    }
}

#[tokio::test]
async fn a_changed_leaf_hash() {
    let fixture = fixture().await;
    tamper(
        &fixture.path,
        "UPDATE entries SET leaf = zeroblob(32) WHERE ledger = 2 AND pos & 0xffff = 5",
    );
    let store = open(&fixture.path).unwrap();
    damaged(&store, 2, 5, Damage::LeafMismatch).await;
    intact(&store, 1).await;
}

#[tokio::test]
async fn missing_rows() {
    for at in [0, 1, 30, ENTRIES - 2] {
        let fixture = fixture().await;
        tamper(
            &fixture.path,
            &format!("DELETE FROM entries WHERE ledger = 2 AND pos & 0xffff = {at}"),
        );
        let store = open(&fixture.path).unwrap();
        damaged(&store, 2, at, Damage::Missing).await;
        intact(&store, 3).await;
    }
    let fixture = fixture().await;
    tamper(&fixture.path, "DELETE FROM entries WHERE ledger = 2");
    let store = open(&fixture.path).unwrap();
    let corrupt = ReadError::Corrupt {
        ledger: ledger(2),
        at: Seq::ZERO,
        damage: Damage::Missing,
    };
    assert_eq!(page(&store, 2, 0).await, Err(corrupt.clone()));
    assert_eq!(store.tail(ledger(2)).await, Err(corrupt));
}

/// Whatever page is overwritten: opening says so, or every ledger gives intact entries up to a reported position, and
/// nothing panics.
#[tokio::test]
async fn a_destroyed_page() {
    let pristine = fixture().await;
    let bytes = fs::read(&pristine.path).unwrap();
    let pages = bytes.len() / 4096;
    assert!(pages > 20);
    let (mut refused, mut partial, mut untouched) = (0, 0, 0);
    for number in 0..pages {
        for filler in [0_u8, 0xff, 0x0d] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("events.sqlite");
            fs::write(&path, &bytes).unwrap();
            overwrite(&path, number as u64 * 4096, &[filler; 4096]);
            let store = match open(&path) {
                Ok(store) => store,
                Err(error) => {
                    assert!(error.to_string().contains("events.sqlite"), "{error}");
                    refused += 1;
                    continue;
                }
            };
            let mut whole = 0;
            for n in 1..=3 {
                let mut at = 0;
                loop {
                    match page(&store, n, at).await {
                        Ok(page) if page.entries.is_empty() => break,
                        Ok(page) => {
                            for stored in &page.entries {
                                assert_eq!(stored.bytes(), entry(n, stored.seq().as_u64()));
                            }
                            at += page.entries.len() as u64;
                        }
                        Err(ReadError::Corrupt { at: reported, .. }) => {
                            assert!(reported.as_u64() <= at);
                            break;
                        }
                        Err(ReadError::NotFound { .. } | ReadError::Damaged { .. }) => break,
                        Err(other) => panic!("{other:?}"),
                    }
                }
                whole += u64::from(at == ENTRIES);
            }
            match whole {
                3 => untouched += 1,
                _ => partial += 1,
            }
        }
    }
    assert!(refused >= 3, "the first page at least: {refused}");
    assert!(partial > 20, "{partial}");
    assert!(untouched < pages, "{untouched}");
}

#[tokio::test]
async fn a_truncated_file() {
    let pristine = fixture().await;
    let bytes = fs::read(&pristine.path).unwrap();
    for length in [
        1,
        16,
        60,
        99,
        100,
        512,
        4096,
        bytes.len() / 2,
        bytes.len() - 4096,
        bytes.len() - 1,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.sqlite");
        fs::write(&path, &bytes[..length]).unwrap();
        let error = open(&path).unwrap_err();
        match length {
            1 => assert!(matches!(error, OpenError::Foreign { .. }), "{length}: {error:?}"),
            _ => assert!(matches!(error, OpenError::Damaged { .. }), "{length}: {error:?}"),
        }
        assert!(error.to_string().contains("events.sqlite"), "{error}");
    }
}

#[tokio::test]
async fn not_an_event_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    assert!(matches!(open(&path), Err(OpenError::NotFound { .. })));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a mistyped name leaves nothing behind"
    );

    fs::write(&path, "").unwrap();
    assert!(matches!(open(&path), Err(OpenError::Foreign { .. })));
    fs::write(&path, "minutes of a meeting\n".repeat(1000)).unwrap();
    assert!(matches!(open(&path), Err(OpenError::Foreign { .. })));
    let create = SqliteStore::create(&path, SqliteOptions::default());
    assert!(matches!(create, Err(OpenError::AlreadyExists { .. })));
    fs::remove_file(&path).unwrap();

    tamper(&path, "CREATE TABLE other (x); PRAGMA user_version = 1;");
    assert!(matches!(open(&path), Err(OpenError::Foreign { .. })));
    tamper(&path, "PRAGMA application_id = 0x53696a6c;");
    let error = open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    fs::remove_file(&path).unwrap();

    fs::create_dir(&path).unwrap();
    assert!(matches!(open(&path), Err(OpenError::Foreign { .. })));
}

#[tokio::test]
async fn another_format_or_schema() {
    let other = fixture().await;
    tamper(
        &other.path,
        "PRAGMA user_version = 2; PRAGMA wal_checkpoint(TRUNCATE);",
    );
    let error = open(&other.path).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Version {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error:?}"
    );

    let altered = fixture().await;
    tamper(
        &altered.path,
        "CREATE TRIGGER forget AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE pos = new.pos; END;",
    );
    let error = open(&altered.path).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn two_handles() {
    let fixture = fixture().await;
    let first = open(&fixture.path).unwrap();
    for _ in 0..2 {
        let error = open(&fixture.path).unwrap_err();
        assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
        let error = SqliteStore::create(&fixture.path, SqliteOptions::default()).unwrap_err();
        assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    }
    intact(&first, 1).await;
    drop(first);
    intact(&open(&fixture.path).unwrap(), 1).await;
}

#[tokio::test]
async fn a_closed_store_is_one_file() {
    let fixture = fixture().await;
    let store = open(&fixture.path).unwrap();
    intact(&store, 1).await;
    drop(store);
    let log = fs::metadata(fixture.path.with_extension("sqlite-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.sqlite");
    fs::copy(&fixture.path, &copy).unwrap();
    intact(&open(&copy).unwrap(), 3).await;
}

#[tokio::test]
async fn other_users_have_no_access() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = fixture().await;
    let store = open(&fixture.path).unwrap();
    intact(&store, 1).await;
    for file in fs::read_dir(fixture.path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

/// A folder in which nothing can be made: one without the permission or, for a user whom permissions do not bind, a
/// file system that has no such files.
#[tokio::test]
async fn a_read_only_folder() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = fixture().await;
    let folder = fixture.path.parent().unwrap();
    fs::remove_file(fixture.path.with_extension("sqlite.lock")).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o500)).unwrap();
    let bound = fs::write(folder.join("probe"), "").is_err();
    if bound {
        let error = open(&fixture.path).unwrap_err();
        assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
        let error = SqliteStore::create(&folder.join("new"), SqliteOptions::default()).unwrap_err();
        assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let error =
        SqliteStore::create(Path::new("/proc/self/events.sqlite"), SqliteOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("/proc/self/events.sqlite"));
    let error = SqliteStore::create(&folder.join("no/such/folder"), SqliteOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
}

/// A crash while a store was being made leaves a draft that the next attempt replaces.
#[tokio::test]
async fn an_unfinished_creation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    fs::write(folder.path().join("events.sqlite.new"), "half a").unwrap();
    fs::write(folder.path().join("events.sqlite.new-journal"), "half a journal").unwrap();
    assert!(matches!(open(&path), Err(OpenError::NotFound { .. })));
    drop(SqliteStore::create(&path, SqliteOptions::default()).unwrap());
    let mut header = [0; 16];
    fs::File::open(&path).unwrap().read_exact(&mut header).unwrap();
    assert_eq!(&header, b"SQLite format 3\0");
    assert!(open(&path).unwrap().list().await.unwrap().is_empty());
}
