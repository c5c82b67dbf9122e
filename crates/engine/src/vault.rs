//! The vault: what the registrar knows about persons, beside the ledgers and never on them.
//!
//! One SQLite file for each roll. A *subject* is the pseudonym of a person on that roll; what is kept about a subject is
//! a *record*, encrypted under a key of its own, which is itself encrypted under a key that follows from the registrar's
//! secret. Destroying the key of a subject erases the record for good, and changes no ledger and no proof.
//!
//! Nobody reads or writes records without an [`Admitted`], and that is given out only once the access stands durably in
//! the access log ([`access`]): a crash leaves an access that was logged and not made, never the reverse. What needs no
//! access says nothing about a person: whether there is a record, how large it is, when it was erased.
//!
//! *Crashes.* Each write is one transaction, durable when the call returns. An erasure is one transaction, and then the
//! write-ahead log, which may still hold the key, is emptied; opening a vault empties it first. Freed space is
//! overwritten with zeros. What the disk itself, its snapshots or backups keep is outside of this program.
//!
//! Spec: specs/operations.md §13.

pub mod access;
mod chain;
pub mod holds;

use std::fmt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::AeadInPlace as _;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use rayon::prelude::*;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};
use sha2::Sha256;
use sijill_ledger::{LedgerId, SigningKey};
use zeroize::Zeroizing;

use self::access::{Access, Action, LogError, LogHead, Logged, Recorded};
use crate::durable;
use crate::keyfile::RegistrarSecret;

/// "Sijv" in ASCII.
const APPLICATION_ID: i64 = 0x5369_6a76;
/// 1 had no holds.
const FORMAT: i64 = 2;
const WRAPPING_TAG: &[u8] = b"sijill/vault-wrapping/v1\n";
const CHECK_TAG: &[u8] = b"sijill/vault-check/v1\n";
const KEY_TAG: &[u8] = b"sijill/vault-key/v1\n";
const RECORD_TAG: &[u8] = b"sijill/vault-record/v1\n";
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
/// The largest record, in bytes.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

const SCHEMA: &str = "
CREATE TABLE vault (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  scope BLOB NOT NULL CHECK (length(scope) = 32),
  secret_check BLOB NOT NULL CHECK (length(secret_check) = 32)
) STRICT;
CREATE TABLE subjects (
  no INTEGER PRIMARY KEY,
  subject BLOB NOT NULL UNIQUE CHECK (length(subject) = 32),
  wrapped BLOB CHECK (length(wrapped) = 72),
  sealed BLOB,
  erased_ms INTEGER,
  CHECK ((wrapped IS NULL) = (sealed IS NULL) AND (wrapped IS NULL) = (erased_ms IS NOT NULL))
) STRICT;
CREATE TABLE accesses (
  seq INTEGER PRIMARY KEY,
  entry BLOB NOT NULL
) STRICT;
CREATE TABLE holds (
  seq INTEGER PRIMARY KEY,
  entry BLOB NOT NULL
) STRICT;";
/// What version 2 added to version 1.
const SCHEMA_OF_HOLDS: &str = "CREATE TABLE holds (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT";

/// The pseudonym of a person on the roll of the vault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(pub [u8; 32]);

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", hex::encode(self.0))
    }
}

/// Whether there is a record, without a word of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There never was one.
    Absent,
    /// There is one, of so many encrypted bytes.
    Held {
        /// Their number.
        bytes: u64,
    },
    /// Its key was destroyed.
    Erased {
        /// When, in milliseconds.
        at_ms: u64,
    },
}

/// Why a vault refuses or fails. Whose fault: [`Exposed`](VaultError::Exposed), [`InUse`](VaultError::InUse),
/// [`NotFound`](VaultError::NotFound), [`NotAVault`](VaultError::NotAVault), [`OtherRoll`](VaultError::OtherRoll),
/// [`WrongSecret`](VaultError::WrongSecret) the operator's to mend; [`Altered`](VaultError::Altered) and
/// [`Log`](VaultError::Log) mean that the file is not what was written; [`Outside`](VaultError::Outside) is a defect of
/// the caller; [`Database`](VaultError::Database) may pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is no such file.
    #[error("there is no vault {path}")]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// A name that is taken.
    #[error("{path} exists already")]
    AlreadyExists {
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner may read the file.
    #[error("{path} can be read by others (mode {mode:03o})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Another process has it open.
    #[error("{path} is in use by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Something else, or of a version that this program does not know.
    #[error("{path} is not a vault, or one of another version")]
    NotAVault {
        /// The file.
        path: PathBuf,
    },
    /// The vault of another roll.
    #[error("this is the vault of another roll")]
    OtherRoll,
    /// Another secret than the one that the vault was made with.
    #[error("this is not the registrar's secret that the vault was made with")]
    WrongSecret,
    /// A record or a key does not decrypt.
    #[error("the record of subject {0:?} was altered since it was sealed")]
    Altered(Subject),
    /// The access log does not hold together.
    #[error("the access log: {0}")]
    Log(#[from] LogError),
    /// More than the access was admitted for.
    #[error("the access that was logged does not cover this")]
    Outside,
    /// A record that is larger than [`MAX_RECORD_BYTES`].
    #[error("a record of {0} bytes is too large")]
    TooLarge(usize),
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its answer.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("the vault cannot be read or written now: {0}")]
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for VaultError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// The vault of one roll. One process at a time has it open.
pub struct Vault {
    db: Connection,
    sealer: Sealer,
    head: LogHead,
}

/// What encrypts records: no file, so that all cores can share it.
struct Sealer {
    scope: LedgerId,
    wrapping: XChaCha20Poly1305,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("scope", &self.sealer.scope)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// Makes an empty vault for a roll, readable by its owner only.
    ///
    /// # Durability
    /// The vault is on stable storage when this returns. After a crash in between there is a file with nothing in it, which
    /// [`Vault::open`] takes for none, and which this makes a vault of.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn create(path: &Path, roll: LedgerId, secret: &RegistrarSecret) -> Result<Self, VaultError> {
        let io = |source| VaultError::Io {
            path: path.into(),
            source,
        };
        let exists = || VaultError::AlreadyExists { path: path.into() };
        if let Err(source) = durable::create(path, &[])
            && source.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(io(source));
        }
        owner_only(path)?;
        let mut db = connect(path).map_err(|error| match error {
            VaultError::NotAVault { .. } => exists(),
            other => other,
        })?;
        if !is_empty(&db)? {
            return Err(exists());
        }
        let made = db.transaction()?;
        made.execute_batch(SCHEMA)?;
        made.pragma_update(None, "application_id", APPLICATION_ID)?;
        made.pragma_update(None, "user_version", FORMAT)?;
        made.execute(
            "INSERT INTO vault (one, scope, secret_check) VALUES (1, ?1, ?2)",
            params![roll.as_bytes(), derive(secret, CHECK_TAG, &roll).as_slice()],
        )?;
        made.commit()?;
        empty_log(&db)?;
        durable::settle(path).map_err(io)?;
        Ok(Self::of(db, roll, secret, LogHead::default()))
    }

    /// Opens the vault of a roll; makes an empty one if there is none.
    ///
    /// # Durability
    /// As [`Vault::create`].
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn open_or_create(path: &Path, roll: LedgerId, secret: &RegistrarSecret) -> Result<Self, VaultError> {
        match Self::open(path, roll, secret) {
            Err(VaultError::NotFound { .. }) => Self::create(path, roll, secret),
            opened => opened,
        }
    }

    /// Opens the vault of a roll, and finishes an erasure that was interrupted.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn open(path: &Path, roll: LedgerId, secret: &RegistrarSecret) -> Result<Self, VaultError> {
        owner_only(path)?;
        let not_a_vault = || VaultError::NotAVault { path: path.into() };
        let mut db = connect(path)?;
        if is_empty(&db)? {
            return Err(VaultError::NotFound { path: path.into() });
        }
        let number = |pragma: &str| db.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let ours = number("PRAGMA application_id").map_err(|_| not_a_vault())? == APPLICATION_ID;
        let version = number("PRAGMA user_version")?;
        if !ours || !(1..=FORMAT).contains(&version) {
            return Err(not_a_vault());
        }
        if version < FORMAT {
            let raised = db.transaction()?;
            raised.execute_batch(SCHEMA_OF_HOLDS)?;
            raised.pragma_update(None, "user_version", FORMAT)?;
            raised.commit()?;
        }
        empty_log(&db)?;
        let (scope, check): ([u8; 32], [u8; 32]) =
            db.query_row("SELECT scope, secret_check FROM vault", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        if scope != *roll.as_bytes() {
            return Err(VaultError::OtherRoll);
        }
        // Both sides are known to whoever tries a secret: nothing to hide.
        if check != *derive(secret, CHECK_TAG, &roll) {
            return Err(VaultError::WrongSecret);
        }
        let last = db
            .query_row(
                "SELECT seq, entry FROM accesses ORDER BY seq DESC LIMIT 1",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)),
            )
            .optional()?;
        let head = match last {
            None => LogHead::default(),
            Some((seq, entry)) => LogHead {
                size: u64::try_from(seq).unwrap_or_default() + 1,
                hash: access::hash(&entry),
            },
        };
        Ok(Self::of(db, roll, secret, head))
    }

    fn of(db: Connection, scope: LedgerId, secret: &RegistrarSecret, head: LogHead) -> Self {
        let wrapping = derive(secret, WRAPPING_TAG, &scope);
        let wrapping = XChaCha20Poly1305::new(wrapping.as_slice().into());
        let sealer = Sealer { scope, wrapping };
        Self { db, sealer, head }
    }

    /// Whether there is a record of a subject.
    ///
    /// # Errors
    /// [`VaultError::Database`]
    pub fn standing(&self, subject: &Subject) -> Result<Standing, VaultError> {
        let mut select = self.db.prepare_cached(
            "SELECT length(wrapped) + length(sealed), erased_ms FROM subjects WHERE subject = ?1",
        )?;
        let found = select
            .query_row([subject.0.as_slice()], |row| {
                Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
            })
            .optional()?;
        let number = |n: i64| u64::try_from(n).unwrap_or_default();
        Ok(match found {
            None => Standing::Absent,
            Some((_, Some(at_ms))) => Standing::Erased { at_ms: number(at_ms) },
            Some((bytes, None)) => Standing::Held {
                bytes: number(bytes.unwrap_or_default()),
            },
        })
    }

    /// Number of subjects that there is a record of.
    ///
    /// # Errors
    /// [`VaultError::Database`]
    pub fn held(&self) -> Result<u64, VaultError> {
        let count: i64 = self.db.query_row(
            "SELECT count(*) FROM subjects WHERE wrapped IS NOT NULL",
            [],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// How long the access log is, and the hash of its last entry. Noted elsewhere, it shows later that nothing was cut off.
    #[must_use]
    pub const fn log_head(&self) -> LogHead {
        self.head
    }

    /// Reads the access log from its beginning, and checks chain and signatures.
    ///
    /// # Errors
    /// [`VaultError::Log`] at the first entry that does not hold; [`VaultError::Database`].
    pub fn log(&self, mut visit: impl FnMut(&Logged)) -> Result<(), VaultError> {
        let mut head = LogHead::default();
        let mut select = self.db.prepare("SELECT seq, entry FROM accesses ORDER BY seq")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let entry: Vec<u8> = row.get(1)?;
            let logged = Logged::read(&entry, head)?;
            if row.get::<_, i64>(0)? != i64::try_from(head.size).unwrap_or(i64::MAX) {
                return Err(LogError::Order { seq: head.size }.into());
            }
            visit(&logged);
            head = logged.head();
        }
        if head != self.head {
            return Err(LogError::Order { seq: head.size }.into());
        }
        Ok(())
    }

    /// Writes down a hold, or that one was lifted; its number in the list of holds. Spec: specs/operations.md §15.5.
    ///
    /// # Durability
    /// It is on stable storage when this returns.
    ///
    /// # Errors
    /// [`VaultError::Log`]: a reason that is no line, a list that does not hold together; [`VaultError::Database`].
    pub fn hold(
        &mut self,
        actor: &SigningKey,
        hold: &holds::NewHold<'_>,
        at_ms: u64,
    ) -> Result<u64, VaultError> {
        let before = self.holds()?;
        let head = before.last().map_or_else(LogHead::default, holds::Hold::head);
        let entry = holds::write(head, actor, hold, at_ms)?;
        let seq = i64::try_from(head.size).map_err(|_| VaultError::Outside)?;
        self.db.execute(
            "INSERT INTO holds (seq, entry) VALUES (?1, ?2)",
            params![seq, entry],
        )?;
        Ok(head.size)
    }

    /// The list of holds from its beginning, lifted and expired ones too; checks chain and signatures.
    ///
    /// # Errors
    /// [`VaultError::Log`] at the first entry that does not hold; [`VaultError::Database`].
    pub fn holds(&self) -> Result<Vec<holds::Hold>, VaultError> {
        let mut head = LogHead::default();
        let mut all = Vec::new();
        let mut select = self.db.prepare("SELECT entry FROM holds ORDER BY seq")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let entry: Vec<u8> = row.get(0)?;
            let hold = holds::Hold::read(&entry, head)?;
            head = hold.head();
            all.push(hold);
        }
        Ok(all)
    }

    /// Logs an access, signed by whoever makes it, and admits them to it.
    ///
    /// # Durability
    /// The access stands in the log when this returns.
    ///
    /// # Errors
    /// [`LogError::Why`] if the reason is not a line; [`VaultError::Database`].
    pub fn admit(
        &mut self,
        actor: &SigningKey,
        access: &Access<'_>,
        at_ms: u64,
    ) -> Result<Admitted<'_>, VaultError> {
        let recorded = Recorded::new(self.head, actor, access, at_ms)?;
        let seq = i64::try_from(self.head.size).map_err(|_| VaultError::Outside)?;
        self.db.execute(
            "INSERT INTO accesses (seq, entry) VALUES (?1, ?2)",
            params![seq, recorded.entry()],
        )?;
        self.head = recorded.head();
        Ok(Admitted {
            action: access.action,
            subject: access.subject,
            at_ms,
            vault: self,
        })
    }
}

impl Sealer {
    fn cipher_data(&self, tag: &[u8], subject: &Subject) -> Vec<u8> {
        [tag, self.scope.as_bytes(), &subject.0].concat()
    }

    /// A fresh key for the subject, wrapped, and the record under it.
    fn seal(&self, subject: &Subject, record: &[u8]) -> Result<(Vec<u8>, Vec<u8>), VaultError> {
        if record.len() > MAX_RECORD_BYTES {
            return Err(VaultError::TooLarge(record.len()));
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rand::rng().fill_bytes(&mut *key);
        let wrapped = encrypt(&self.wrapping, &self.cipher_data(KEY_TAG, subject), &*key)
            .ok_or(VaultError::TooLarge(KEY_BYTES))?;
        let cipher = XChaCha20Poly1305::new(key.as_slice().into());
        let sealed = encrypt(&cipher, &self.cipher_data(RECORD_TAG, subject), record)
            .ok_or(VaultError::TooLarge(record.len()))?;
        Ok((wrapped, sealed))
    }

    fn unseal(
        &self,
        subject: &Subject,
        wrapped: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let altered = || VaultError::Altered(*subject);
        let key =
            decrypt(&self.wrapping, &self.cipher_data(KEY_TAG, subject), wrapped).ok_or_else(altered)?;
        if key.len() != KEY_BYTES {
            return Err(altered());
        }
        let cipher = XChaCha20Poly1305::new(key.as_slice().into());
        decrypt(&cipher, &self.cipher_data(RECORD_TAG, subject), sealed).ok_or_else(altered)
    }
}

/// An access that stands in the log: what it covers may be done.
#[derive(Debug)]
pub struct Admitted<'v> {
    vault: &'v mut Vault,
    action: Action,
    /// The one subject that it covers; `None`: all.
    subject: Option<Subject>,
    at_ms: u64,
}

impl Admitted<'_> {
    fn require(&self, subject: &Subject, actions: &[Action]) -> Result<(), VaultError> {
        let covered = self.subject.is_none_or(|own| own == *subject) && actions.contains(&self.action);
        if covered { Ok(()) } else { Err(VaultError::Outside) }
    }

    /// The record of a subject; `None` if there is none, or none any more.
    ///
    /// # Errors
    /// [`VaultError::Outside`], [`VaultError::Altered`], [`VaultError::Database`]
    pub fn read(&self, subject: &Subject) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        self.require(subject, &[Action::Read, Action::Write, Action::Disclose])?;
        let vault = &*self.vault;
        let mut select = vault.db.prepare_cached(
            "SELECT wrapped, sealed FROM subjects WHERE subject = ?1 AND wrapped IS NOT NULL",
        )?;
        let found = select
            .query_row([subject.0.as_slice()], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        found
            .map(|(wrapped, sealed)| vault.sealer.unseal(subject, &wrapped, &sealed))
            .transpose()
    }

    /// Every record, in the order in which they were first written.
    ///
    /// # Errors
    /// [`VaultError::Outside`], [`VaultError::Altered`], [`VaultError::Database`]; what `visit` refuses with.
    pub fn scan<E: From<VaultError>>(
        &self,
        mut visit: impl FnMut(Subject, Zeroizing<Vec<u8>>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.subject.is_some() || self.action == Action::Erase {
            return Err(VaultError::Outside.into());
        }
        let vault = &*self.vault;
        let sql = "SELECT subject, wrapped, sealed FROM subjects WHERE wrapped IS NOT NULL ORDER BY no";
        let mut select = vault.db.prepare(sql).map_err(VaultError::from)?;
        let mut rows = select.query([]).map_err(VaultError::from)?;
        while let Some(row) = rows.next().map_err(VaultError::from)? {
            let parts = || -> rusqlite::Result<([u8; 32], Vec<u8>, Vec<u8>)> {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            };
            let (subject, wrapped, sealed) = parts().map_err(VaultError::from)?;
            let subject = Subject(subject);
            visit(subject, vault.sealer.unseal(&subject, &wrapped, &sealed)?)?;
        }
        Ok(())
    }

    /// Puts records in the place of what was kept about these subjects, all of them or none. Each gets a fresh key; also
    /// after an erasure.
    ///
    /// # Durability
    /// The records are on stable storage when this returns; after a failure none of them is.
    ///
    /// # Errors
    /// [`VaultError::Outside`], [`VaultError::TooLarge`], [`VaultError::Database`]
    pub fn write(&mut self, records: &[(Subject, Zeroizing<Vec<u8>>)]) -> Result<(), VaultError> {
        for (subject, _) in records {
            self.require(subject, &[Action::Write])?;
        }
        let Vault { db, sealer, .. } = &mut *self.vault;
        let sealed = records
            .par_iter()
            .map(|(subject, record)| sealer.seal(subject, record))
            .collect::<Result<Vec<_>, _>>()?;
        let transaction = db.transaction()?;
        {
            let mut put = transaction.prepare_cached(
                "INSERT INTO subjects (subject, wrapped, sealed) VALUES (?1, ?2, ?3)
                 ON CONFLICT (subject) DO UPDATE SET wrapped = ?2, sealed = ?3, erased_ms = NULL",
            )?;
            for ((subject, _), (wrapped, sealed)) in records.iter().zip(&sealed) {
                put.execute(params![subject.0.as_slice(), wrapped, sealed])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Destroys the key of the subject, and what was encrypted under it. Says what stood there before.
    ///
    /// # Durability
    /// When this returns neither the key nor the record is in a file of the vault. If it fails behind the transaction
    /// they may still stand in the write-ahead log, which the next opening empties.
    ///
    /// # Errors
    /// [`VaultError::Outside`], [`VaultError::Database`]
    pub fn erase(&mut self, subject: &Subject) -> Result<Standing, VaultError> {
        self.require(subject, &[Action::Erase])?;
        if self.subject.is_none() {
            return Err(VaultError::Outside);
        }
        let before = self.vault.standing(subject)?;
        if matches!(before, Standing::Held { .. }) {
            let at_ms = i64::try_from(self.at_ms).unwrap_or(i64::MAX);
            self.vault.db.execute(
                "UPDATE subjects SET wrapped = NULL, sealed = NULL, erased_ms = ?2 WHERE subject = ?1",
                params![subject.0.as_slice(), at_ms],
            )?;
        }
        empty_log(&self.vault.db)?;
        Ok(before)
    }

    /// Copies what was written into the file and empties the log beside it: what was written over is in no file any more.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn settle(&self) -> Result<(), VaultError> {
        empty_log(&self.vault.db)
    }
}

/// A key that follows from the registrar's secret, for one purpose and roll. Spec: specs/operations.md §13.1.
fn derive(secret: &RegistrarSecret, tag: &[u8], roll: &LedgerId) -> Zeroizing<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret.expose())
        .expect("HMAC takes keys of any length");
    mac.update(tag);
    mac.update(roll.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// A random nonce, then the encrypted bytes with their tag.
pub(crate) fn encrypt(cipher: &XChaCha20Poly1305, data: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    rand::rng().fill_bytes(&mut nonce);
    // Room for everything, so that no plain bytes are left behind by a move.
    let mut bytes = Vec::with_capacity(NONCE_BYTES + plain.len() + 16);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(plain);
    let tag = cipher
        .encrypt_in_place_detached(XNonce::from_slice(&nonce), data, &mut bytes[NONCE_BYTES..])
        .ok()?;
    bytes.extend_from_slice(&tag);
    Some(bytes)
}

pub(crate) fn decrypt(cipher: &XChaCha20Poly1305, data: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
    let mut plain = Zeroizing::new(sealed.to_vec());
    cipher
        .decrypt_in_place(XNonce::from_slice(nonce), data, &mut *plain)
        .ok()?;
    Some(plain)
}

/// A connection that no other process shares, and that leaves nothing behind of what it frees.
fn connect(path: &Path) -> Result<Connection, VaultError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set_up = || {
        let db = Connection::open_with_flags(path, flags)?;
        db.execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
             PRAGMA mmap_size = 0; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
             PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON; PRAGMA cache_size = -98304;",
        )?;
        db.query_row("PRAGMA wal_autocheckpoint = 16384", [], |_| Ok(()))?;
        // Takes the lock now and not at the first write.
        db.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
        Ok(db)
    };
    set_up().map_err(|error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => VaultError::InUse { path: path.into() },
        Some(ErrorCode::NotADatabase) => VaultError::NotAVault { path: path.into() },
        _ => VaultError::Database(error),
    })
}

/// Whether nothing was ever written: making it was interrupted before anything was in it.
fn is_empty(db: &Connection) -> Result<bool, VaultError> {
    let number = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0));
    Ok(number("PRAGMA application_id")? == 0
        && number("PRAGMA user_version")? == 0
        && number("SELECT count(*) FROM sqlite_schema")? == 0)
}

/// Refuses a file that others may read.
fn owner_only(path: &Path) -> Result<(), VaultError> {
    let metadata = std::fs::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => VaultError::NotFound { path: path.into() },
        _ => VaultError::Io {
            path: path.into(),
            source,
        },
    })?;
    durable::exposure(&metadata).map_or(Ok(()), |mode| {
        Err(VaultError::Exposed {
            path: path.into(),
            mode,
        })
    })
}

/// Copies the write-ahead log into the file and cuts it to nothing.
fn empty_log(db: &Connection) -> Result<(), VaultError> {
    let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 {
        Ok(())
    } else {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        Err(VaultError::Database(rusqlite::Error::SqliteFailure(busy, None)))
    }
}

#[cfg(test)]
mod tests;
