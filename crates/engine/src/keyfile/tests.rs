//! A key file gives its secret to the right passphrase only, and says which thing is wrong otherwise.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::*;
use crate::durable::Step;
use crate::durable::faults::{self, Fault};

const FAST: KdfCost = KdfCost::danger_fast_kdf();

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".into())
}

fn other_passphrase() -> Passphrase {
    Passphrase::new("correct horse battery stable".into())
}

fn signing_file(kind: SigningKind) -> KeyFile {
    let key = SigningKey::from_seed(&[3; 32]);
    KeyFile::seal_signing_key(
        kind,
        "Chair, رئيس اللجنة",
        &key,
        &passphrase(),
        FAST,
        &mut rand::rng(),
    )
    .unwrap()
}

fn data_file(data: &[u8]) -> KeyFile {
    KeyFile::seal_data("Rows", data, &passphrase(), FAST, &mut rand::rng()).unwrap()
}

fn text(file: &KeyFile) -> String {
    String::from_utf8(file.to_bytes()).unwrap()
}

fn unlock_data(text: &str) -> Result<Vec<u8>, UnlockError> {
    let file = KeyFile::parse(text.as_bytes()).unwrap();
    file.unlock_data(&passphrase()).map(|data| data.to_vec())
}

#[test]
fn every_kind_comes_back() {
    let mut rng = rand::rng();
    let key = SigningKey::from_seed(&[3; 32]);
    for kind in [SigningKind::Author, SigningKind::Ledger, SigningKind::Service] {
        let file = KeyFile::parse(&signing_file(kind).to_bytes()).unwrap();
        assert_eq!(file.kind(), kind.into());
        assert_eq!(file.label(), "Chair, رئيس اللجنة");
        assert_eq!(file.public(), Some(&*key.key_id().to_string()));
        assert!(file.is_danger_fast());
        let unlocked = file.unlock_signing_key(kind, &passphrase()).unwrap();
        assert_eq!(*unlocked.seed(), [3; 32]);
    }
    let trustee = TrusteeSecret::generate(&mut rng);
    let file = KeyFile::seal_trustee("Trustee 1", &trustee, &passphrase(), FAST, &mut rng).unwrap();
    let file = KeyFile::parse(&file.to_bytes()).unwrap();
    assert_eq!(file.public(), Some(&*hex::encode(trustee.public().as_bytes())));
    let unlocked = file.unlock_trustee(&passphrase()).unwrap();
    assert_eq!(*unlocked.expose_le_bytes(), *trustee.expose_le_bytes());

    let secret = RegistrarSecret::generate(&mut rng);
    let file = KeyFile::seal_registrar("Registrar", &secret, &passphrase(), FAST, &mut rng).unwrap();
    let file = KeyFile::parse(&file.to_bytes()).unwrap();
    assert_eq!(file.public(), None);
    assert_eq!(
        file.unlock_registrar(&passphrase()).unwrap().expose(),
        secret.expose()
    );

    for length in [0, 1, 16, 100_000] {
        let data = vec![0x5a; length];
        let file = KeyFile::parse(&data_file(&data).to_bytes()).unwrap();
        assert_eq!(*file.unlock_data(&passphrase()).unwrap(), data);
    }
}

#[test]
fn the_standard_cost_works() {
    let file = KeyFile::seal_data("Rows", b"x", &passphrase(), KdfCost::default(), &mut rand::rng()).unwrap();
    let file = KeyFile::parse(&file.to_bytes()).unwrap();
    assert!(!file.is_danger_fast());
    assert!(text(&file).contains(r#""memory_kib":65536,"passes":3,"lanes":4,"danger_fast":false"#));
    assert_eq!(**file.unlock_data(&passphrase()).unwrap(), *b"x");
    let wrong = file.unlock_data(&other_passphrase());
    assert_eq!(wrong, Err(UnlockError::WrongPassphrase));
}

#[test]
fn wrong_passphrase_and_wrong_kind() {
    let file = signing_file(SigningKind::Author);
    for wrong in [
        "",
        "correct horse battery stapl",
        "Correct horse battery staple",
        "correct horse battery staple ",
    ] {
        let unlocked = file.unlock_signing_key(SigningKind::Author, &Passphrase::new(wrong.into()));
        assert_eq!(unlocked.err(), Some(UnlockError::WrongPassphrase), "{wrong:?}");
    }
    let wrong_kind = |expected| {
        Some(UnlockError::WrongKind {
            expected,
            found: KeyKind::Author,
        })
    };
    let pass = passphrase();
    assert_eq!(
        file.unlock_signing_key(SigningKind::Service, &pass).err(),
        wrong_kind(KeyKind::Service)
    );
    assert_eq!(file.unlock_trustee(&pass).err(), wrong_kind(KeyKind::Trustee));
    assert_eq!(file.unlock_registrar(&pass).err(), wrong_kind(KeyKind::Registrar));
    assert_eq!(
        file.unlock_data(&other_passphrase()).err(),
        wrong_kind(KeyKind::Data)
    );
}

#[test]
fn an_altered_readable_part() {
    let author = text(&signing_file(SigningKind::Author));
    let other_key = SigningKey::from_seed(&[4; 32]).key_id().to_string();
    let own_key = SigningKey::from_seed(&[3; 32]).key_id().to_string();
    let altered = [
        author.replace("Chair", "Clerk"),
        author.replace(&own_key, &other_key),
    ];
    for altered in altered {
        assert_ne!(altered, author);
        let file = KeyFile::parse(altered.as_bytes()).unwrap();
        let unlocked = file.unlock_signing_key(SigningKind::Author, &passphrase());
        assert_eq!(unlocked.err(), Some(UnlockError::Tampered));
    }
    // Passed off as another kind of key.
    let altered = author.replace(r#""kind":"author""#, r#""kind":"service""#);
    let file = KeyFile::parse(altered.as_bytes()).unwrap();
    let unlocked = file.unlock_signing_key(SigningKind::Service, &passphrase());
    assert_eq!(unlocked.err(), Some(UnlockError::Tampered));
    // The derivation: as if it were another passphrase.
    let salt = KeyFile::parse(author.as_bytes()).unwrap().header.kdf.salt;
    let altered = author.replace(&salt, &"0".repeat(32));
    let file = KeyFile::parse(altered.as_bytes()).unwrap();
    let unlocked = file.unlock_signing_key(SigningKind::Author, &passphrase());
    assert_eq!(unlocked.err(), Some(UnlockError::WrongPassphrase));
}

#[test]
fn an_altered_secret() {
    let file = data_file(b"row 1\nrow 2\n");
    for at in 0..file.sealed.len() {
        let mut altered = file.clone();
        altered.sealed[at] ^= 0x10;
        assert_eq!(unlock_data(&text(&altered)), Err(UnlockError::Tampered));
    }
    let mut short = file.clone();
    short.sealed.pop();
    assert_eq!(unlock_data(&text(&short)), Err(UnlockError::Tampered));
    // The secret of another file under the same passphrase.
    let mut exchanged = file.clone();
    exchanged.sealed = data_file(b"row 1\nrow 3\n").sealed;
    assert_eq!(unlock_data(&text(&exchanged)), Err(UnlockError::Tampered));
    let mut nonce = file;
    nonce.header.nonce = "00".repeat(24);
    assert_eq!(unlock_data(&text(&nonce)), Err(UnlockError::Tampered));
}

#[test]
fn one_form_only() {
    let good = text(&data_file(b"rows"));
    assert!(KeyFile::parse(good.as_bytes()).is_ok());
    let file = KeyFile::parse(good.as_bytes()).unwrap();
    let Kdf { salt, check, .. } = file.header.kdf.clone();
    let sealed = STANDARD.encode(&file.sealed);
    let not_canonical = [
        good.replace(",\"sealed\"", ", \"sealed\""),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!(" {good}"),
        good.replace("\"cipher\"", "\"note\":1,\"cipher\""),
        good.replace("\"label\":\"Rows\"", "\"label\":\"\\u0052ows\""),
        good.replace(
            "\"label\":\"Rows\",\"public\":null",
            "\"public\":null,\"label\":\"Rows\"",
        ),
        good.replace("\"public\":null,", ""),
        good.replace("\"memory_kib\":64", "\"memory_kib\":64.0"),
        good.replace("\"memory_kib\":64", "\"memory_kib\":4294967296"),
        good.replace("\"kind\":\"data\"", "\"kind\":\"other\""),
        good.replace("\"kind\":\"data\"", "\"kind\":\"data\",\"kind\":\"data\""),
        good.replace(&sealed, sealed.trim_end_matches('=')),
        good.replace(&sealed, &format!("{sealed}\\n")),
    ];
    for text in not_canonical {
        assert_ne!(text, good);
        assert_eq!(
            KeyFile::parse(text.as_bytes()),
            Err(ParseError::NotCanonical),
            "{text}"
        );
    }
    let fields = [
        (good.replace("\"label\":\"Rows\"", "\"label\":\"\""), "label"),
        (good.replace("Rows", &"x".repeat(101)), "label"),
        (good.replace("Rows", "\u{202e}swoR"), "label"),
        (good.replace("argon2id", "argon2i"), "kdf.name"),
        (good.replace("xchacha20poly1305", "none"), "cipher"),
        (good.replace(&salt, &salt[2..]), "kdf.salt"),
        (good.replace(&salt, &"AB".repeat(16)), "kdf.salt"),
        (good.replace(&check, "zz"), "kdf.check"),
        (
            good.replace("\"public\":null", &format!("\"public\":\"{}\"", "ab".repeat(32))),
            "public",
        ),
        (good.replace("\"kind\":\"data\"", "\"kind\":\"author\""), "public"),
        (
            good.replace("\"kind\":\"data\"", "\"kind\":\"registrar\""),
            "sealed",
        ),
        (good.replace(&sealed, "AAAA"), "sealed"),
    ];
    for (text, field) in fields {
        assert_eq!(
            KeyFile::parse(text.as_bytes()),
            Err(ParseError::Field { field }),
            "{text}"
        );
    }
}

#[test]
fn versions_and_other_files() {
    let good = text(&data_file(b"rows"));
    let found = "sijill-key/2".to_owned();
    let later = good.replace("sijill-key/1", &found);
    assert_eq!(
        KeyFile::parse(later.as_bytes()),
        Err(ParseError::Version { found: found.clone() })
    );
    // A later version may look otherwise.
    let later = format!(r#"{{"header":{{"format":"{found}","recipients":[]}},"payload":"AA=="}}"#);
    assert_eq!(
        KeyFile::parse(later.as_bytes()),
        Err(ParseError::Version { found })
    );
    let others = [
        "",
        "{}",
        "[]",
        "null",
        "-----BEGIN PRIVATE KEY-----\n",
        r#"{"header":{"format":"other/1"}}"#,
        &good[..good.len() / 2],
    ];
    for other in others {
        assert_eq!(
            KeyFile::parse(other.as_bytes()),
            Err(ParseError::NotAKeyFile),
            "{other}"
        );
    }
    assert_eq!(KeyFile::parse(b"\xff\xff"), Err(ParseError::NotAKeyFile));
    let deep = "[".repeat(100_000);
    assert_eq!(KeyFile::parse(deep.as_bytes()), Err(ParseError::NotAKeyFile));
}

/// Parsing refuses what would exhaust the machine, and what would weaken a file that does not admit to it.
#[test]
fn costs_are_bounded() {
    let good = text(&data_file(b"rows"));
    let fast = r#""memory_kib":64,"passes":1,"lanes":1,"danger_fast":true"#;
    assert!(good.contains(fast));
    let cost = |memory: u32, passes: u32, lanes: u32, fast: bool| {
        format!(r#""memory_kib":{memory},"passes":{passes},"lanes":{lanes},"danger_fast":{fast}"#)
    };
    for (memory_kib, passes, lanes, danger_fast) in [
        (u32::MAX, 3, 4, false),
        (1_048_577, 3, 4, false),
        (19_455, 3, 4, false),
        (64, 1, 1, false),
        (0, 0, 0, false),
        (65_536, 0, 4, false),
        (65_536, 17, 4, false),
        (65_536, 3, 0, false),
        (65_536, 3, 17, false),
        (65_536, 3, 4, true),
        (32, 1, 1, true),
        (0, 0, 0, true),
    ] {
        let text = good.replace(fast, &cost(memory_kib, passes, lanes, danger_fast));
        let error = ParseError::Cost {
            memory_kib,
            passes,
            lanes,
        };
        assert_eq!(KeyFile::parse(text.as_bytes()), Err(error));
    }
    for (memory, passes, lanes) in [(19_456, 1, 1), (1_048_576, 16, 16)] {
        let text = good.replace(fast, &cost(memory, passes, lanes, false));
        KeyFile::parse(text.as_bytes()).unwrap();
    }
}

#[test]
fn what_is_not_sealed() {
    let mut rng = rand::rng();
    let mut seal = |label: &str, text: &str| {
        KeyFile::seal_data(label, b"", &Passphrase::new(text.into()), FAST, &mut rng).err()
    };
    assert_eq!(seal("ok", "nine char"), Some(SealError::ShortPassphrase));
    assert_eq!(seal("ok", "تسعة احرف"), Some(SealError::ShortPassphrase));
    assert_eq!(seal("ok", "ten chars!"), None);
    for label in ["", "a\nb", "a\"b", "a\\b", "\u{2066}a", &"ب".repeat(51)] {
        assert_eq!(seal(label, "ten chars!"), Some(SealError::Label), "{label:?}");
    }
    assert_eq!(seal(&"ب".repeat(50), "ten chars!"), None);
}

#[test]
fn files_are_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chair.key");
    let file = signing_file(SigningKind::Author);
    assert!(matches!(KeyFile::load(&path), Err(KeyFileError::Io { .. })));
    file.create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(KeyFile::load(&path).unwrap(), file);
    let other = signing_file(SigningKind::Author).create(&path);
    assert!(
        matches!(other, Err(KeyFileError::AlreadyExists { .. })),
        "{other:?}"
    );
    assert_eq!(KeyFile::load(&path).unwrap(), file);
    for mode in [0o640, 0o604, 0o660, 0o610, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = KeyFile::load(&path).unwrap_err();
        assert!(
            matches!(error, KeyFileError::Exposed { mode: found, .. } if found == mode),
            "{error:?}"
        );
        assert!(
            error
                .to_string()
                .ends_with(&format!("run: chmod 600 {}", path.display())),
            "{error}"
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    KeyFile::load(&path).unwrap();
    assert!(matches!(
        KeyFile::load(folder.path()),
        Err(KeyFileError::NotAFile { .. })
    ));
    let huge = folder.path().join("huge.key");
    let sparse = fs::File::create(&huge).unwrap();
    sparse.set_len(MAX_FILE_BYTES + 1).unwrap();
    assert!(matches!(KeyFile::load(&huge), Err(KeyFileError::NotAFile { .. })));
    let dangling = folder.path().join("dangling.key");
    std::os::unix::fs::symlink(folder.path().join("elsewhere.key"), &dangling).unwrap();
    let followed = file.create(&dangling);
    assert!(
        matches!(followed, Err(KeyFileError::AlreadyExists { .. })),
        "{followed:?}"
    );
}

/// The crash table: a key file is there and whole, or its name is free; a torn one is refused.
#[test]
fn every_step_that_fails() {
    let file = signing_file(SigningKind::Author);
    for (step, fault) in faults::ALL {
        if step == Step::Rename {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chair.key");
        faults::inject(step, fault);
        let failed = file.create(&path);
        assert!(matches!(failed, Err(KeyFileError::Io { .. })), "{failed:?}");
        assert!(faults::none_left());
        assert!(!path.exists());
        file.create(&path).unwrap();
        assert_eq!(KeyFile::load(&path).unwrap(), file);
    }
    faults::inject(Step::Write, Fault::Lost);
    assert_eq!(faults::take(Step::Write), Some(Fault::Lost));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torn.key");
    let bytes = file.to_bytes();
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        durable::create(&path, &bytes[..length]).unwrap();
        let torn = KeyFile::load(&path);
        assert!(
            matches!(torn, Err(KeyFileError::Parse { .. })),
            "{length}: {torn:?}"
        );
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn secrets_are_not_printed() {
    let secret = RegistrarSecret::from_bytes(&[0xab; 32]);
    let printed = format!(
        "{:?} {secret:?} {:?}",
        passphrase(),
        signing_file(SigningKind::Author)
    );
    assert!(!printed.contains("horse"));
    assert!(!printed.contains("171, 171"));
}

/// Files made by another implementation from the specification alone: specs/vectors/keyfile_vectors.py.
#[test]
fn frozen_files() {
    let author = include_bytes!("frozen_author.key");
    let file = KeyFile::parse(author).unwrap();
    assert_eq!(file.to_bytes(), author);
    let key = file
        .unlock_signing_key(SigningKind::Author, &passphrase())
        .unwrap();
    assert_eq!(*key.seed(), [3; 32]);
    let file = KeyFile::parse(include_bytes!("frozen_data.key")).unwrap();
    let data = file.unlock_data(&passphrase()).unwrap();
    assert_eq!(*data, "row 1\nصف 2\n".as_bytes());
}

proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = KeyFile::parse(&bytes);
    }

    #[test]
    fn no_mutation_is_accepted_as_the_same(at in 0_usize..600, byte in any::<u8>()) {
        let file = data_file(b"some rows of a roll");
        let mut bytes = file.to_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(parsed) = KeyFile::parse(&bytes) {
            prop_assert!(parsed.unlock_data(&passphrase()).is_err());
        }
    }
}
