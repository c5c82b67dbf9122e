use sijill_ledger::UnixMillis;

use super::*;

fn roll() -> LedgerId {
    LedgerId::from_bytes([1; 32])
}

fn secret(n: u8) -> RegistrarSecret {
    RegistrarSecret::from_bytes(&[n; 32])
}

fn actor() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

fn subject(n: u8) -> Subject {
    Subject([n; 32])
}

const NOW: u64 = 1_800_000_000_000;

fn access(action: Action, about: Option<u8>) -> Access<'static> {
    Access {
        action,
        why: "a test",
        subject: about.map(subject),
    }
}

/// A vault that says of everybody who they are.
fn filled(folder: &tempfile::TempDir) -> (PathBuf, Vault) {
    let path = folder.path().join("vault");
    let mut vault = Vault::create(&path, roll(), &secret(7)).unwrap();
    let records: Vec<_> = (1..=9).map(|n| (subject(n), record(n))).collect();
    vault
        .admit(&actor(), &access(Action::Write, None), NOW)
        .unwrap()
        .write(&records)
        .unwrap();
    (path, vault)
}

fn record(n: u8) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(format!("name of person {n}").into_bytes())
}

fn read(vault: &mut Vault, n: u8) -> Option<Zeroizing<Vec<u8>>> {
    let admitted = vault
        .admit(&actor(), &access(Action::Read, Some(n)), NOW)
        .unwrap();
    admitted.read(&subject(n)).unwrap()
}

/// Every byte of every file of the folder.
fn bytes(folder: &tempfile::TempDir) -> Vec<u8> {
    let files = std::fs::read_dir(folder.path()).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

fn has(all: &[u8], some: &[u8]) -> bool {
    all.windows(some.len()).any(|window| window == some)
}

#[test]
fn records_come_back_and_nothing_of_them_is_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut vault) = filled(&folder);
    assert_eq!(read(&mut vault, 3), Some(record(3)));
    assert_eq!(read(&mut vault, 99), None);
    let changed = Zeroizing::new(b"another name".to_vec());
    vault
        .admit(&actor(), &access(Action::Write, Some(3)), NOW)
        .unwrap()
        .write(&[(subject(3), changed.clone())])
        .unwrap();
    drop(vault);
    let mut vault = Vault::open(&path, roll(), &secret(7)).unwrap();
    assert_eq!(read(&mut vault, 3), Some(changed));
    let mut all = Vec::new();
    let admitted = vault.admit(&actor(), &access(Action::Read, None), NOW).unwrap();
    admitted
        .scan(|subject, _| {
            all.push(subject);
            Ok::<_, VaultError>(())
        })
        .unwrap();
    assert_eq!(all, (1..=9).map(subject).collect::<Vec<_>>());
    let bytes = bytes(&folder);
    assert!(has(&bytes, &[3; 32]) && !has(&bytes, b"name"));
}

#[test]
fn an_erased_record_is_in_no_file_and_in_no_reading() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut vault) = filled(&folder);
    let (wrapped, sealed): (Vec<u8>, Vec<u8>) = vault
        .db
        .query_row(
            "SELECT wrapped, sealed FROM subjects WHERE subject = ?1",
            [[3u8; 32].as_slice()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert!(has(&bytes(&folder), &wrapped) && has(&bytes(&folder), &sealed));
    let mut admitted = vault
        .admit(&actor(), &access(Action::Erase, Some(3)), NOW)
        .unwrap();
    assert!(matches!(
        admitted.erase(&subject(3)).unwrap(),
        Standing::Held { .. }
    ));
    // While the vault is still open, and once it is closed.
    let erased = |all: Vec<u8>| !has(&all, &wrapped[24..]) && !has(&all, &sealed[24..]);
    assert!(erased(bytes(&folder)));
    assert_eq!(
        vault.standing(&subject(3)).unwrap(),
        Standing::Erased { at_ms: NOW }
    );
    assert_eq!(read(&mut vault, 3), None);
    assert_eq!(read(&mut vault, 4), Some(record(4)));
    assert_eq!(vault.held().unwrap(), 8);
    drop(vault);
    assert!(erased(bytes(&folder)));
    let mut vault = Vault::open(&path, roll(), &secret(7)).unwrap();
    assert_eq!(read(&mut vault, 3), None);
    // Again: nothing happens.
    let mut admitted = vault
        .admit(&actor(), &access(Action::Erase, Some(3)), NOW + 1)
        .unwrap();
    assert_eq!(
        admitted.erase(&subject(3)).unwrap(),
        Standing::Erased { at_ms: NOW }
    );
}

/// The process dies behind the transaction of an erasure: the files as they stand then have the key in the log.
#[test]
fn an_interrupted_erasure_is_finished_by_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let (path, vault) = filled(&folder);
    empty_log(&vault.db).unwrap();
    let wrapped: Vec<u8> = vault
        .db
        .query_row("SELECT wrapped FROM subjects WHERE no = 3", [], |row| row.get(0))
        .unwrap();
    vault
        .db
        .execute(
            "UPDATE subjects SET wrapped = NULL, sealed = NULL, erased_ms = 5 WHERE no = 3",
            [],
        )
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    for name in ["vault", "vault-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    drop(vault);
    assert!(path.exists() && has(&bytes(&copy), &wrapped));
    let vault = Vault::open(&copy.path().join("vault"), roll(), &secret(7)).unwrap();
    assert!(!has(&bytes(&copy), &wrapped));
    assert_eq!(
        vault.standing(&subject(3)).unwrap(),
        Standing::Erased { at_ms: 5 }
    );
}

#[test]
fn only_its_own_secret_and_roll_open_a_vault_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let (path, vault) = filled(&folder);
    assert!(matches!(
        Vault::open(&path, roll(), &secret(7)),
        Err(VaultError::InUse { .. })
    ));
    drop(vault);
    assert!(matches!(
        Vault::open(&path, roll(), &secret(8)),
        Err(VaultError::WrongSecret)
    ));
    assert!(matches!(
        Vault::open(&path, LedgerId::from_bytes([2; 32]), &secret(7)),
        Err(VaultError::OtherRoll)
    ));
    assert!(matches!(
        Vault::create(&path, roll(), &secret(7)),
        Err(VaultError::AlreadyExists { .. })
    ));
    // What is left where making a vault was interrupted, before and after the database looked at it first.
    let begun = folder.path().join("begun");
    durable::create(&begun, &[]).unwrap();
    for _ in 0..2 {
        assert!(matches!(
            Vault::open(&begun, roll(), &secret(7)),
            Err(VaultError::NotFound { .. })
        ));
    }
    drop(Vault::open_or_create(&begun, roll(), &secret(7)).unwrap());
    drop(Vault::open_or_create(&begun, roll(), &secret(7)).unwrap());
    assert!(matches!(
        Vault::create(&begun, roll(), &secret(7)),
        Err(VaultError::AlreadyExists { .. })
    ));
    let other = folder.path().join("other");
    assert!(matches!(
        Vault::open(&other, roll(), &secret(7)),
        Err(VaultError::NotFound { .. })
    ));
    durable::create(&other, b"something else, long enough to be looked at").unwrap();
    assert!(matches!(
        Vault::open(&other, roll(), &secret(7)),
        Err(VaultError::NotAVault { .. })
    ));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            Vault::open(&path, roll(), &secret(7)),
            Err(VaultError::Exposed { mode: 0o640, .. })
        ));
    }
}

#[test]
fn an_access_covers_what_was_logged_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut vault) = filled(&folder);
    let outside = |result: Result<(), VaultError>| assert!(matches!(result, Err(VaultError::Outside)));
    let one = vault
        .admit(&actor(), &access(Action::Read, Some(1)), NOW)
        .unwrap();
    outside(one.read(&subject(2)).map(drop));
    outside(one.scan(|_, _| Ok(())));
    let mut reader = vault.admit(&actor(), &access(Action::Read, None), NOW).unwrap();
    outside(reader.write(&[(subject(1), record(1))]));
    outside(reader.erase(&subject(1)).map(drop));
    let mut all = vault.admit(&actor(), &access(Action::Erase, None), NOW).unwrap();
    outside(all.erase(&subject(1)).map(drop));
    outside(all.read(&subject(1)).map(drop));
    let large = Zeroizing::new(vec![0; MAX_RECORD_BYTES + 1]);
    let mut writer = vault.admit(&actor(), &access(Action::Write, None), NOW).unwrap();
    assert!(matches!(
        writer.write(&[(subject(1), record(5)), (subject(2), large)]),
        Err(VaultError::TooLarge(_))
    ));
    assert_eq!(read(&mut vault, 1), Some(record(1)));
    for why in ["", "  ", "two\nlines"] {
        let asked = Access {
            why,
            ..access(Action::Read, None)
        };
        assert!(matches!(
            vault.admit(&actor(), &asked, NOW),
            Err(VaultError::Log(LogError::Why(_)))
        ));
    }
}

#[test]
fn the_log_says_who_when_why_and_about_whom_and_shows_every_change() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut vault) = filled(&folder);
    read(&mut vault, 4);
    let head = vault.log_head();
    let logged = |vault: &Vault| {
        let mut all = Vec::new();
        vault.log(|entry| all.push(entry.clone())).map(|()| all)
    };
    let all = logged(&vault).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].head(), head);
    assert_eq!((all[1].who, all[1].action), (actor().key_id(), Action::Read));
    assert_eq!((all[1].at_ms, all[1].why.as_str()), (NOW, "a test"));
    assert!(UnixMillis::clamped(all[1].at_ms).as_u64() == NOW);
    assert!(all[0].concerns(&subject(5)) && all[1].concerns(&subject(4)));
    assert!(!all[1].concerns(&subject(5)));
    drop(vault);
    let vault = Vault::open(&path, roll(), &secret(7)).unwrap();
    assert_eq!(vault.log_head(), head);
    assert_eq!(logged(&vault).unwrap(), all);
    // Every bit of every entry matters.
    let mut entries = vault
        .db
        .prepare("SELECT entry FROM accesses ORDER BY seq")
        .unwrap();
    let entries: Vec<Vec<u8>> = entries
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (seq, before) in [(0, LogHead::default()), (1, all[0].head())] {
        assert_eq!(Logged::read(&entries[seq], before).unwrap(), all[seq]);
        for at in 0..entries[seq].len() {
            let mut changed = entries[seq].clone();
            changed[at] ^= 1;
            assert!(Logged::read(&changed, before).is_err(), "{at}");
        }
    }
    vault
        .db
        .execute("DELETE FROM accesses WHERE seq = 0", [])
        .unwrap();
    assert!(matches!(logged(&vault), Err(VaultError::Log(_))));
}

#[test]
fn an_altered_record_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut vault) = filled(&folder);
    // The record of one person under the name of another.
    vault
        .db
        .execute(
            "UPDATE subjects SET (wrapped, sealed) = (SELECT wrapped, sealed FROM subjects WHERE no = 2) WHERE no = 1",
            [],
        )
        .unwrap();
    let admitted = vault
        .admit(&actor(), &access(Action::Read, Some(1)), NOW)
        .unwrap();
    assert!(matches!(
        admitted.read(&subject(1)),
        Err(VaultError::Altered(found)) if found == subject(1)
    ));
}
