//! The record is never behind what was shown, never goes back, and never hides a fork.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Barrier;

use sijill_ledger::{LeafHash, MerkleTree, Origin, SigningKey};

use super::*;
use crate::durable::Step;
use crate::durable::faults::{self, Fault};

struct Place {
    outer: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("data")).unwrap();
        Self { outer }
    }

    fn data(&self) -> PathBuf {
        self.outer.path().join("data")
    }

    fn path(&self) -> PathBuf {
        self.outer.path().join("record")
    }

    fn create(&self) -> FileRecord {
        FileRecord::create(&self.path(), &self.data()).unwrap()
    }

    fn open(&self) -> FileRecord {
        FileRecord::open(&self.path(), &self.data()).unwrap()
    }

    fn file(&self, ledger: &Ledger) -> PathBuf {
        self.path().join(format!("{}.checkpoint", ledger.identity.ledger))
    }
}

struct Ledger {
    key: SigningKey,
    identity: LedgerIdentity,
}

impl Ledger {
    fn new(n: u8) -> Self {
        let key = SigningKey::from_seed(&[n; 32]);
        let identity = LedgerIdentity {
            ledger: LedgerId::from_bytes([n; 32]),
            origin: Origin::new("example.org/register").unwrap(),
            key: key.key_id(),
        };
        Self { key, identity }
    }

    fn head(size: u64) -> Head {
        Head {
            size,
            root: tree(size).root(),
        }
    }

    fn sign(&self, head: Head) -> SignedCheckpoint {
        Checkpoint::sign(&self.identity, head.size, head.root, &self.key).unwrap()
    }

    fn at(&self, size: u64) -> SignedCheckpoint {
        self.sign(Self::head(size))
    }
}

fn tree(size: u64) -> MerkleTree {
    let mut tree = MerkleTree::new();
    for seq in 0..size {
        let mut leaf = [0; 32];
        leaf[..8].copy_from_slice(&seq.to_le_bytes());
        tree.push(LeafHash::from_bytes(leaf));
    }
    tree
}

fn forged(size: u64) -> Head {
    Head {
        size,
        root: Root::from_bytes([0xee; 32]),
    }
}

fn swap(record: &FileRecord, ledger: &Ledger, from: Option<u64>, to: u64) -> Result<(), RecordError> {
    record.advance(from.map(|size| ledger.at(size)).as_ref(), &ledger.at(to))
}

fn load(record: &FileRecord, ledger: &Ledger) -> Option<u64> {
    record.load(&ledger.identity).unwrap().map(|signed| signed.size())
}

#[test]
fn swaps_forward_and_keeps() {
    let place = Place::new();
    let (one, two) = (Ledger::new(1), Ledger::new(2));
    {
        let record = place.create();
        assert_eq!(load(&record, &one), None);
        swap(&record, &one, None, 1).unwrap();
        swap(&record, &one, Some(1), 5).unwrap();
        swap(&record, &two, None, 3).unwrap();
    }
    let record = place.open();
    assert_eq!(record.load(&one.identity).unwrap(), Some(one.at(5)));
    assert_eq!(load(&record, &two), Some(3));
    assert_eq!(fs::read_to_string(place.file(&one)).unwrap(), one.at(5).to_note());
    let mode = fs::metadata(place.file(&one)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn refuses_what_is_not_expected() {
    let place = Place::new();
    let ledger = Ledger::new(1);
    let record = place.create();
    let missing = swap(&record, &ledger, Some(2), 3);
    assert!(
        matches!(missing, Err(RecordError::Conflict { actual: None, .. })),
        "{missing:?}"
    );
    swap(&record, &ledger, None, 2).unwrap();
    let actual = Some(Ledger::head(2));
    for wrong in [None, Some(1), Some(3)] {
        let refused = swap(&record, &ledger, wrong, 4);
        assert!(
            matches!(refused, Err(RecordError::Conflict { actual: a, .. }) if a == actual),
            "{refused:?}"
        );
    }
    let refused = record.advance(Some(&ledger.sign(forged(2))), &ledger.at(4));
    assert!(
        matches!(refused, Err(RecordError::Conflict { .. })),
        "{refused:?}"
    );
    assert_eq!(load(&record, &ledger), Some(2));
}

#[test]
fn never_back_and_never_another_root() {
    let place = Place::new();
    let ledger = Ledger::new(1);
    let record = place.create();
    swap(&record, &ledger, None, 5).unwrap();
    for new in [Ledger::head(4), Ledger::head(1), forged(5), forged(4)] {
        for expected in [None, Some(ledger.at(5)), Some(ledger.sign(new))] {
            let refused = record.advance(expected.as_ref(), &ledger.sign(new));
            assert!(
                matches!(refused, Err(RecordError::NotForward { .. })),
                "{refused:?}"
            );
        }
    }
    assert_eq!(load(&record, &ledger), Some(5));
    swap(&record, &ledger, Some(4), 5).expect("a repetition is no change");
}

#[test]
fn only_checkpoints_of_the_ledger() {
    let place = Place::new();
    let (one, two) = (Ledger::new(1), Ledger::new(2));
    let record = place.create();
    swap(&record, &one, None, 5).unwrap();
    let good = fs::read(place.file(&one)).unwrap();
    let mut flipped = good.clone();
    // Inside the signature.
    let at = flipped.len() - 20;
    flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
    let other_key = LedgerIdentity {
        key: two.identity.key,
        ..one.identity.clone()
    };
    let foreign = Checkpoint::sign(&other_key, 5, Ledger::head(5).root, &two.key).unwrap();
    let unreadable = [
        Vec::new(),
        good[..good.len() - 1].to_vec(),
        [&good[..], b"\n"].concat(),
        b"\xff\xfe".to_vec(),
        two.at(5).to_note().into_bytes(),
    ];
    for bytes in unreadable {
        fs::write(place.file(&one), bytes).unwrap();
        let read = record.load(&one.identity);
        assert!(matches!(read, Err(RecordError::Damaged { .. })), "{read:?}");
        let refused = swap(&record, &one, Some(5), 6);
        assert!(matches!(refused, Err(RecordError::Damaged { .. })), "{refused:?}");
    }
    // Canonical, but not signed by the ledger's key.
    for bytes in [flipped, foreign.to_note().into_bytes()] {
        fs::write(place.file(&one), bytes).unwrap();
        let read = record.load(&one.identity);
        assert!(matches!(read, Err(RecordError::Damaged { .. })), "{read:?}");
        assert!(swap(&record, &one, Some(5), 6).is_err());
    }
    fs::write(place.file(&one), &good).unwrap();
    assert_eq!(load(&record, &one), Some(5));
}

/// The crash table. Whatever step fails, the record holds the old or the new checkpoint, whole; the error tells whether
/// that is known; and the same call repeated, or made by the next process, succeeds.
#[test]
fn every_step_that_fails() {
    for before in [None, Some(3)] {
        for (step, fault) in faults::ALL {
            let place = Place::new();
            let ledger = Ledger::new(1);
            let record = place.create();
            if let Some(size) = before {
                swap(&record, &ledger, None, size).unwrap();
            }
            faults::inject(step, fault);
            let failed = swap(&record, &ledger, before, 7).unwrap_err();
            assert!(faults::none_left());
            let changed = matches!(
                (step, fault),
                (Step::Rename, Fault::ReportedFailed) | (Step::SyncFolder, _)
            );
            match step {
                Step::Write | Step::SyncFile => {
                    assert!(matches!(failed, RecordError::Unavailable { .. }), "{failed:?}");
                }
                Step::Rename | Step::SyncFolder => {
                    assert!(matches!(failed, RecordError::OutcomeUnknown { .. }), "{failed:?}");
                }
            }
            let now = if changed { Some(7) } else { before };
            // The process ends here; the draft, if there is one, stays.
            drop(record);
            let record = place.open();
            assert_eq!(load(&record, &ledger), now, "{step:?} {fault:?}");
            swap(&record, &ledger, before, 7).unwrap();
            assert_eq!(load(&record, &ledger), Some(7));
            swap(&record, &ledger, Some(7), 8).unwrap();
        }
    }
}

/// A checkpoint that stands in the record only in the system's cache is not called recorded.
#[test]
fn loading_and_repeating_force_to_the_disk() {
    let place = Place::new();
    let ledger = Ledger::new(1);
    let record = place.create();
    faults::inject(Step::SyncFolder, Fault::Lost);
    assert!(swap(&record, &ledger, None, 1).is_err());
    faults::inject(Step::SyncFolder, Fault::Lost);
    let repeated = swap(&record, &ledger, None, 1);
    assert!(
        matches!(repeated, Err(RecordError::OutcomeUnknown { .. })),
        "{repeated:?}"
    );
    faults::inject(Step::SyncFolder, Fault::Lost);
    let loaded = record.load(&ledger.identity);
    assert!(
        matches!(loaded, Err(RecordError::Unavailable { .. })),
        "{loaded:?}"
    );
    assert!(faults::none_left());
    assert_eq!(load(&record, &ledger), Some(1));
}

#[test]
fn of_racing_signers_one_wins() {
    let place = Place::new();
    let record = place.create();
    let ledger = Ledger::new(1);
    let mut last: Option<SignedCheckpoint> = None;
    for round in 1..=20_u64 {
        let start = Barrier::new(4);
        let winners: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..4)
                .map(|racer| {
                    // Other roots at the same size, as forked stores would sign.
                    let root = Root::from_bytes([racer; 32]);
                    let new = ledger.sign(Head { size: round, root });
                    let (record, start, last) = (&record, &start, &last);
                    scope.spawn(move || {
                        start.wait();
                        record.advance(last.as_ref(), &new).map(|()| new)
                    })
                })
                .collect();
            racers
                .into_iter()
                .filter_map(|racer| racer.join().unwrap().ok())
                .collect()
        });
        assert_eq!(winners.len(), 1);
        last = record.load(&ledger.identity).unwrap();
        assert_eq!(last.as_ref(), winners.first());
    }
}

#[test]
fn outside_the_data_folder() {
    let place = Place::new();
    let data = place.data();
    let inside = data.join("record");
    let refused = FileRecord::create(&inside, &data);
    assert!(
        matches!(refused, Err(FolderError::NotOutside { .. })),
        "{refused:?}"
    );
    assert!(!inside.exists());
    let refused = FileRecord::create(&data, &data);
    assert!(
        matches!(refused, Err(FolderError::NotOutside { .. })),
        "{refused:?}"
    );
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
    // By a link.
    let link = place.outer.path().join("link");
    std::os::unix::fs::symlink(&data, &link).unwrap();
    let refused = FileRecord::create(&link.join("record"), &data);
    assert!(
        matches!(refused, Err(FolderError::NotOutside { .. })),
        "{refused:?}"
    );
    // The data inside the record.
    drop(place.create());
    let within = place.path().join("data");
    fs::create_dir(&within).unwrap();
    let refused = FileRecord::open(&place.path(), &within);
    assert!(
        matches!(refused, Err(FolderError::NotOutside { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_missing_record_is_not_an_empty_one() {
    let place = Place::new();
    let missing = FileRecord::open(&place.path(), &place.data());
    assert!(
        matches!(missing, Err(FolderError::NotFound { .. })),
        "{missing:?}"
    );
    let record = place.create();
    let busy = FileRecord::open(&place.path(), &place.data());
    assert!(
        matches!(busy, Err(FolderError::InUse { pid: Some(_), .. })),
        "{busy:?}"
    );
    swap(&record, &Ledger::new(1), None, 1).unwrap();
    drop(record);
    let again = FileRecord::create(&place.path(), &place.data());
    assert!(
        matches!(again, Err(FolderError::AlreadyExists { .. })),
        "{again:?}"
    );
}

#[test]
fn the_standing_of_a_ledger() {
    use Source::{Published, Record};
    let stored = tree(10);
    let head = Ledger::head;
    let standing = |record, published: Option<Head>| {
        let other = published.map(|head| (Published, head));
        check_standing(record, other, 10, |size| stored.root_at(size))
    };
    let old = |source_of, known| {
        Err(StandingError::OldBackup {
            source_of,
            stored: 10,
            known,
        })
    };
    let fork = |source_of, size| Err(StandingError::Fork { source_of, size });

    assert_eq!(standing(Some(head(10)), None), Ok(Standing::Equal));
    assert_eq!(standing(Some(head(10)), Some(head(10))), Ok(Standing::Equal));
    assert_eq!(standing(Some(head(10)), Some(head(3))), Ok(Standing::Equal));
    assert_eq!(standing(Some(head(7)), None), Ok(Standing::Extends { from: 7 }));
    assert_eq!(
        standing(Some(head(7)), Some(head(7))),
        Ok(Standing::Extends { from: 7 })
    );

    assert_eq!(standing(Some(head(11)), None), old(Record, 11));
    assert_eq!(standing(Some(head(11)), Some(head(11))), old(Record, 11));
    assert_eq!(standing(Some(head(10)), Some(head(11))), old(Published, 11));
    assert_eq!(standing(None, Some(head(11))), old(Published, 11));
    for size in [1, 7, 10] {
        assert_eq!(standing(Some(forged(size)), None), fork(Record, size));
        assert_eq!(
            standing(Some(head(10)), Some(forged(size))),
            fork(Published, size)
        );
        assert_eq!(standing(None, Some(forged(size))), fork(Published, size));
    }
    assert_eq!(
        standing(Some(head(7)), Some(head(8))),
        Err(StandingError::OldRecord {
            source_of: Published,
            known: 8,
            recorded: 7
        })
    );
    assert_eq!(standing(None, None), Err(StandingError::NoRecord { stored: 10 }));
    assert_eq!(
        standing(None, Some(head(3))),
        Err(StandingError::NoRecord { stored: 10 })
    );

    // A ledger that was just made.
    let genesis = tree(1);
    let standing = |record, published: Option<Head>| {
        let other = published.map(|head| (Published, head));
        check_standing(record, other, 1, |size| genesis.root_at(size))
    };
    assert_eq!(standing(None, None), Ok(Standing::Extends { from: 0 }));
    assert_eq!(standing(Some(head(1)), None), Ok(Standing::Equal));
    assert_eq!(
        standing(None, Some(head(1))),
        Err(StandingError::NoRecord { stored: 1 })
    );
}

#[test]
fn the_message_says_what_happened() {
    let error = check_standing(Some(Ledger::head(11)), None, 10, |size| tree(10).root_at(size)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store holds 10 entries, the recorded checkpoint has 11: an old backup was restored"
    );
}

/// Two nodes share a record and each remembers what it recorded there.
#[test]
fn a_shared_record_that_went_back_is_noticed() {
    let (server, one, two) = (Place::new(), Place::new(), Place::new());
    let ledger = Ledger::new(1);
    let stored = tree(10);
    let standing = |shared: Option<SignedCheckpoint>, remembered: Option<SignedCheckpoint>, entries: u64| {
        let other = remembered
            .as_ref()
            .map(|signed| (Source::Remembered, signed.into()));
        check_standing(shared.as_ref().map(Head::from), other, entries, |size| {
            stored.root_at(size)
        })
    };
    let first = SharedRecord::new(server.create(), one.create());
    first.advance(None, &ledger.at(1)).unwrap();
    first.advance(Some(&ledger.at(1)), &ledger.at(4)).unwrap();
    drop(first);
    // Another node goes on, and remembers nothing of before.
    let second = SharedRecord::new(server.open(), two.create());
    assert_eq!(second.remembered(&ledger.identity).unwrap(), None);
    second.advance(Some(&ledger.at(4)), &ledger.at(7)).unwrap();
    drop(second);
    // Back at the first node, which remembers less than is recorded.
    let first = SharedRecord::new(server.open(), one.open());
    let remembered = first.remembered(&ledger.identity).unwrap();
    assert_eq!(remembered, Some(ledger.at(4)));
    let shared = first.load(&ledger.identity).unwrap();
    assert_eq!(standing(shared, remembered, 7), Ok(Standing::Equal));
    let wrong = first.advance(Some(&ledger.at(4)), &ledger.at(9));
    assert!(matches!(wrong, Err(RecordError::Conflict { .. })), "{wrong:?}");
    assert_eq!(
        first.remembered(&ledger.identity).unwrap(),
        Some(ledger.at(4)),
        "what was not recorded is not remembered"
    );
    first.advance(Some(&ledger.at(7)), &ledger.at(9)).unwrap();
    drop(first);

    // Ledger and record are put back on the servers; the node's own folder is not.
    let old = ledger.at(4);
    fs::write(server.file(&ledger), old.to_note()).unwrap();
    let first = SharedRecord::new(server.open(), one.open());
    let remembered = first.remembered(&ledger.identity).unwrap();
    assert_eq!(
        standing(Some(old.clone()), remembered.clone(), 4),
        Err(StandingError::OldBackup {
            source_of: Source::Remembered,
            stored: 4,
            known: 9
        })
    );
    assert_eq!(
        standing(Some(old.clone()), remembered, 10),
        Err(StandingError::OldRecord {
            source_of: Source::Remembered,
            known: 9,
            recorded: 4
        })
    );
    // And whoever does not look is stopped.
    let back = first.advance(Some(&old), &ledger.at(8));
    assert!(matches!(back, Err(RecordError::NotForward { .. })), "{back:?}");
    assert!(first.ledgers().unwrap().contains(&ledger.identity.ledger));
}
