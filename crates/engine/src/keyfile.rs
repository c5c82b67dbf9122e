//! Encrypted key files: how keys, secrets and sealed data rest on a disk.
//!
//! One text file per secret. What it is for, its label and its public key can be read without the passphrase, and
//! cannot be changed without it. The passphrase is stretched with Argon2id; the secret is encrypted with
//! XChaCha20-Poly1305, with the readable part as associated data. Spec: specs/operations.md §3.
//!
//! A [`KeyFile`] is parsed and bounded but locked; only the `unlock_…` methods give a secret, and each of them asks
//! for its own kind.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::AeadInPlace as _;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sijill_ballot::ceremony::CeremonySecret;
use sijill_ballot::{Credential, TrusteeSecret};
use sijill_ledger::{KeyId, SigningKey};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::durable;

const FORMAT_FAMILY: &str = "sijill-key/";
const FORMAT: &str = "sijill-key/1";
const KDF: &str = "argon2id";
const CIPHER: &str = "xchacha20poly1305";
const AAD_TAG: &[u8] = b"sijill/key-file/v1\n";

/// The shortest passphrase that protects a new file, in characters.
pub const MIN_PASSPHRASE_CHARS: usize = 10;
/// The longest label, in bytes.
pub const MAX_LABEL_BYTES: usize = 100;
/// The most bytes that a data file seals: 128 MiB.
pub const MAX_DATA_BYTES: usize = 128 << 20;

/// Secrets of a ceremony with the largest threshold take a tenth of it.
const MAX_CEREMONY_BYTES: usize = 1 << 20;
const TAG_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
/// Base64 of the largest sealed data, and a header.
const MAX_FILE_BYTES: u64 = ((MAX_DATA_BYTES + TAG_BYTES) / 3 * 4 + 8192) as u64;

/// What a key file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum KeyKind {
    /// The signing key of an author: an official or a participant.
    Author,
    /// The key that signs the checkpoints of a ledger.
    Ledger,
    /// The service's signing key.
    Service,
    /// A trustee's share of an election's private key.
    Trustee,
    /// A trustee's secrets of one attempt of a key ceremony.
    Ceremony,
    /// A voter's credential, made on the voter's device.
    Credential,
    /// The registrar's secret, from which pseudonyms are made.
    Registrar,
    /// Any bytes: rows of a roll, sheets of credentials.
    Data,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Author => "author",
            Self::Ledger => "ledger",
            Self::Service => "service",
            Self::Trustee => "trustee",
            Self::Ceremony => "ceremony",
            Self::Credential => "credential",
            Self::Registrar => "registrar",
            Self::Data => "data",
        })
    }
}

/// The kinds of file that hold an Ed25519 signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKind {
    /// [`KeyKind::Author`]
    Author,
    /// [`KeyKind::Ledger`]
    Ledger,
    /// [`KeyKind::Service`]
    Service,
}

impl From<SigningKind> for KeyKind {
    fn from(kind: SigningKind) -> Self {
        match kind {
            SigningKind::Author => Self::Author,
            SigningKind::Ledger => Self::Ledger,
            SigningKind::Service => Self::Service,
        }
    }
}

/// Why nothing was sealed. The caller's to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The passphrase is too short to protect a file.
    #[error("the passphrase has fewer than {MIN_PASSPHRASE_CHARS} characters")]
    ShortPassphrase,
    /// The label is empty, too long, or has characters that a label must not have.
    #[error(
        "a label has 1 to {MAX_LABEL_BYTES} bytes, no quotation mark, backslash, control or text-direction character"
    )]
    Label,
    /// More data than one file may hold.
    #[error("{bytes} bytes are more than a key file may hold")]
    TooLarge {
        /// The size of the data.
        bytes: usize,
    },
    /// Not enough memory to stretch the passphrase.
    #[error("{memory_kib} KiB of memory are needed and cannot be had")]
    Memory {
        /// What is needed.
        memory_kib: u32,
    },
}

/// Why a key file was not unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The file is for something else. Nothing was tried.
    #[error("this is a key file of kind {found}, not {expected}")]
    WrongKind {
        /// What was asked for.
        expected: KeyKind,
        /// What the file is.
        found: KeyKind,
    },
    /// Another passphrase than the one that seals the file (or the fields of its key derivation were altered, which
    /// has the same effect). Ask again.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The passphrase is right, but the file is not what was sealed. Do not use it; find the original.
    #[error("the key file was altered since it was sealed")]
    Tampered,
    /// What was sealed is not a secret of this kind. A defect of whatever wrote the file.
    #[error("the key file holds no usable {kind} secret")]
    Unusable {
        /// The kind.
        kind: KeyKind,
    },
    /// Not enough memory to stretch the passphrase. Free some, try again.
    #[error("{memory_kib} KiB of memory are needed and cannot be had")]
    Memory {
        /// What is needed.
        memory_kib: u32,
    },
}

/// Why bytes are not a key file. The fault is that of whoever wrote or altered them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Something else altogether, or cut short.
    #[error("not a key file, or an incomplete one")]
    NotAKeyFile,
    /// A key file of a format that this program does not know.
    #[error("a key file of format {found:?}; this program knows {FORMAT:?}")]
    Version {
        /// Its format.
        found: String,
    },
    /// Not the one way in which such a file is written.
    #[error("not a key file in canonical form")]
    NotCanonical,
    /// A field has a value that it must not have.
    #[error("the field {field} has a value that is not allowed")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// Memory, passes or lanes of the key derivation are outside the bounds. Nothing was allocated.
    #[error(
        "the key derivation asks for {memory_kib} KiB, {passes} passes, {lanes} lanes, which is out of bounds"
    )]
    Cost {
        /// Memory.
        memory_kib: u32,
        /// Passes.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
}

/// Why a key file was not read or written. The operator's to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Others than the owner may read the file. Change the passphrase too if they may have.
    #[error("{path} can be read by others (mode {mode:03o}); run: chmod 600 {path}")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A name that is taken. Key files are never overwritten.
    #[error("{path} exists already; key files are never overwritten")]
    AlreadyExists {
        /// The file.
        path: PathBuf,
    },
    /// A folder, a pipe, or larger than any key file.
    #[error("{path} is not a regular file of a key file's size")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Not a key file.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ParseError,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

/// A passphrase, as UTF-8 and not normalised. Wiped from memory when dropped, never printed.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Passphrase(String);

impl Passphrase {
    /// Takes what was typed, without the end of the line.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(redacted)")
    }
}

/// The registrar's secret: 32 random bytes. Wiped from memory when dropped, never printed.
#[derive(Clone, ZeroizeOnDrop)]
pub struct RegistrarSecret([u8; SECRET_BYTES]);

impl RegistrarSecret {
    /// A fresh secret.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut secret = Self([0; SECRET_BYTES]);
        rng.fill_bytes(&mut secret.0);
        secret
    }

    /// The secret of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(*bytes)
    }

    /// The bytes, as a key for pseudonyms.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RegistrarSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistrarSecret(redacted)")
    }
}

/// What stretching a passphrase costs, for whoever knows it and for whoever guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    danger_fast: bool,
}

impl KdfCost {
    const MEMORY_KIB: std::ops::RangeInclusive<u32> = 19_456..=1_048_576;
    const PASSES: std::ops::RangeInclusive<u32> = 1..=16;
    const LANES: std::ops::RangeInclusive<u32> = 1..=16;

    /// RFC 9106 §4, second recommended option: 64 MiB, 3 passes, 4 lanes.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            memory_kib: 65_536,
            passes: 3,
            lanes: 4,
            danger_fast: false,
        }
    }

    /// No protection against guessing: for tests and demonstrations with invented data. The file says so.
    #[must_use]
    pub const fn danger_fast_kdf() -> Self {
        Self {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
            danger_fast: true,
        }
    }

    fn of(kdf: &Kdf) -> Result<Self, ParseError> {
        let cost = Self {
            memory_kib: kdf.memory_kib,
            passes: kdf.passes,
            lanes: kdf.lanes,
            danger_fast: kdf.danger_fast,
        };
        let allowed = if cost.danger_fast {
            cost == Self::danger_fast_kdf()
        } else {
            Self::MEMORY_KIB.contains(&cost.memory_kib)
                && Self::PASSES.contains(&cost.passes)
                && Self::LANES.contains(&cost.lanes)
        };
        if !allowed {
            return Err(ParseError::Cost {
                memory_kib: cost.memory_kib,
                passes: cost.passes,
                lanes: cost.lanes,
            });
        }
        Ok(cost)
    }
}

impl Default for KdfCost {
    fn default() -> Self {
        Self::standard()
    }
}

/// A locked key file. Its readable part is authentic only once it has been unlocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    header: Header,
    sealed: Vec<u8>,
}

impl KeyFile {
    /// Seals a signing key. Its public key can be read without the passphrase.
    ///
    /// # Errors
    /// [`SealError`]
    pub fn seal_signing_key<R: CryptoRng + ?Sized>(
        kind: SigningKind,
        label: &str,
        key: &SigningKey,
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut R,
    ) -> Result<Self, SealError> {
        let public = Some(key.key_id().to_string());
        Self::seal(kind.into(), label, public, &key.seed()[..], passphrase, cost, rng)
    }

    /// Seals a trustee's secret. Its public key can be read without the passphrase.
    ///
    /// # Errors
    /// [`SealError`]
    pub fn seal_trustee<R: CryptoRng + ?Sized>(
        label: &str,
        secret: &TrusteeSecret,
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut R,
    ) -> Result<Self, SealError> {
        let public = Some(hex::encode(secret.public().as_bytes()));
        let bytes = secret.expose_le_bytes();
        Self::seal(KeyKind::Trustee, label, public, &bytes[..], passphrase, cost, rng)
    }

    /// Seals a trustee's secrets of one attempt of a key ceremony.
    ///
    /// # Errors
    /// [`SealError`]
    pub fn seal_ceremony<R: CryptoRng + ?Sized>(
        label: &str,
        secret: &CeremonySecret,
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut R,
    ) -> Result<Self, SealError> {
        let bytes = secret.to_bytes();
        Self::seal(KeyKind::Ceremony, label, None, &bytes, passphrase, cost, rng)
    }

    /// Seals a voter's credential. Its public part can be read without the passphrase.
    ///
    /// # Errors
    /// [`SealError`]
    pub fn seal_credential<R: CryptoRng + ?Sized>(
        label: &str,
        credential: &Credential,
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut R,
    ) -> Result<Self, SealError> {
        let public = Some(hex::encode(credential.public().as_bytes()));
        let bytes = credential.expose_le_bytes();
        Self::seal(
            KeyKind::Credential,
            label,
            public,
            &bytes[..],
            passphrase,
            cost,
            rng,
        )
    }

    /// Seals the registrar's secret.
    ///
    /// # Errors
    /// [`SealError`]
    pub fn seal_registrar<R: CryptoRng + ?Sized>(
        label: &str,
        secret: &RegistrarSecret,
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut R,
    ) -> Result<Self, SealError> {
        Self::seal(
            KeyKind::Registrar,
            label,
            None,
            secret.expose(),
            passphrase,
            cost,
            rng,
        )
    }

    /// Seals any bytes, at most [`MAX_DATA_BYTES`].
    ///
    /// # Errors
    /// [`SealError`]
    pub fn seal_data<R: CryptoRng + ?Sized>(
        label: &str,
        data: &[u8],
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut R,
    ) -> Result<Self, SealError> {
        Self::seal(KeyKind::Data, label, None, data, passphrase, cost, rng)
    }

    /// Reads the bytes of a key file. Spec: specs/operations.md §3.
    ///
    /// # Errors
    /// [`ParseError`]
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let probe: Probe = serde_json::from_slice(bytes).map_err(|_| ParseError::NotAKeyFile)?;
        if !probe.header.format.starts_with(FORMAT_FAMILY) {
            return Err(ParseError::NotAKeyFile);
        }
        if probe.header.format != FORMAT {
            // Quoted in messages: short, and printed with escapes.
            let found = probe.header.format.chars().take(32).collect();
            return Err(ParseError::Version { found });
        }
        let Document { header, sealed } =
            serde_json::from_slice(bytes).map_err(|_| ParseError::NotCanonical)?;
        let sealed = STANDARD.decode(sealed).map_err(|_| ParseError::NotCanonical)?;
        let file = Self { header, sealed };
        if file.to_bytes() != bytes {
            return Err(ParseError::NotCanonical);
        }
        file.check()?;
        Ok(file)
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = b"{\"header\":".to_vec();
        bytes.extend(self.header.to_json());
        bytes.extend(b",\"sealed\":\"");
        bytes.extend(STANDARD.encode(&self.sealed).into_bytes());
        bytes.extend(b"\"}\n");
        bytes
    }

    /// Reads a key file that only its owner may read.
    ///
    /// # Errors
    /// [`KeyFileError`]
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io {
            path: path.into(),
            source,
        };
        let file = OpenOptions::new().read(true).open(path).map_err(io)?;
        // Of the open file, so that nobody can change it between looking and reading.
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
            return Err(KeyFileError::NotAFile { path: path.into() });
        }
        if let Some(mode) = durable::exposure(&metadata) {
            return Err(KeyFileError::Exposed {
                path: path.into(),
                mode,
            });
        }
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(io)?;
        Self::parse(&bytes).map_err(|source| KeyFileError::Parse {
            path: path.into(),
            source,
        })
    }

    /// Writes the file under a name that must be free, readable by its owner only.
    ///
    /// # Durability
    /// On success file and name survive a loss of power. On failure the name is free again, or holds something that
    /// [`KeyFile::load`] refuses.
    ///
    /// # Errors
    /// [`KeyFileError`]
    pub fn create(&self, path: &Path) -> Result<(), KeyFileError> {
        durable::create(path, &self.to_bytes()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::AlreadyExists { path: path.into() },
            _ => KeyFileError::Io {
                path: path.into(),
                source,
            },
        })
    }

    /// What the file is for.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.header.kind
    }

    /// Its label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.header.label
    }

    /// The public key in hexadecimal, for signing keys and trustees.
    #[must_use]
    pub fn public(&self) -> Option<&str> {
        self.header.public.as_deref()
    }

    /// Whether the passphrase can be guessed quickly: [`KdfCost::danger_fast_kdf`].
    #[must_use]
    pub fn is_danger_fast(&self) -> bool {
        self.header.kdf.danger_fast
    }

    /// Unlocks a signing key.
    ///
    /// # Errors
    /// [`UnlockError`]
    pub fn unlock_signing_key(
        &self,
        kind: SigningKind,
        passphrase: &Passphrase,
    ) -> Result<SigningKey, UnlockError> {
        let seed = self.unlock_secret(kind.into(), passphrase)?;
        let key = SigningKey::from_seed(&seed);
        self.check_public(&key.key_id().to_string())?;
        Ok(key)
    }

    /// Unlocks a trustee's secret.
    ///
    /// # Errors
    /// [`UnlockError`]
    pub fn unlock_trustee(&self, passphrase: &Passphrase) -> Result<TrusteeSecret, UnlockError> {
        let bytes = self.unlock_secret(KeyKind::Trustee, passphrase)?;
        let secret = TrusteeSecret::from_le_bytes(&bytes).map_err(|_| self.unusable())?;
        self.check_public(&hex::encode(secret.public().as_bytes()))?;
        Ok(secret)
    }

    /// Unlocks a trustee's secrets of a key ceremony.
    ///
    /// # Errors
    /// [`UnlockError`]
    pub fn unlock_ceremony(&self, passphrase: &Passphrase) -> Result<CeremonySecret, UnlockError> {
        let bytes = self.unlock(KeyKind::Ceremony, passphrase)?;
        CeremonySecret::from_bytes(&bytes).map_err(|_| self.unusable())
    }

    /// Unlocks a voter's credential.
    ///
    /// # Errors
    /// [`UnlockError`]
    pub fn unlock_credential(&self, passphrase: &Passphrase) -> Result<Credential, UnlockError> {
        let bytes = self.unlock_secret(KeyKind::Credential, passphrase)?;
        let credential = Credential::from_le_bytes(&bytes).map_err(|_| self.unusable())?;
        self.check_public(&hex::encode(credential.public().as_bytes()))?;
        Ok(credential)
    }

    /// Unlocks the registrar's secret.
    ///
    /// # Errors
    /// [`UnlockError`]
    pub fn unlock_registrar(&self, passphrase: &Passphrase) -> Result<RegistrarSecret, UnlockError> {
        let bytes = self.unlock_secret(KeyKind::Registrar, passphrase)?;
        Ok(RegistrarSecret::from_bytes(&bytes))
    }

    /// Unlocks data.
    ///
    /// # Errors
    /// [`UnlockError`]
    pub fn unlock_data(&self, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, UnlockError> {
        self.unlock(KeyKind::Data, passphrase)
    }

    fn seal<R: CryptoRng + ?Sized>(
        kind: KeyKind,
        label: &str,
        public: Option<String>,
        secret: &[u8],
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut R,
    ) -> Result<Self, SealError> {
        if passphrase.0.chars().count() < MIN_PASSPHRASE_CHARS {
            return Err(SealError::ShortPassphrase);
        }
        if !label_is_allowed(label) {
            return Err(SealError::Label);
        }
        if secret.len() > MAX_DATA_BYTES {
            return Err(SealError::TooLarge { bytes: secret.len() });
        }
        let mut salt = [0; 16];
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let derived = derive(passphrase, &salt, cost).map_err(|NoMemory| SealError::Memory {
            memory_kib: cost.memory_kib,
        })?;
        let header = Header {
            format: FORMAT.into(),
            kind,
            label: label.into(),
            public,
            kdf: Kdf {
                name: KDF.into(),
                memory_kib: cost.memory_kib,
                passes: cost.passes,
                lanes: cost.lanes,
                danger_fast: cost.danger_fast,
                salt: hex::encode(salt),
                check: hex::encode(derived.check()),
            },
            cipher: CIPHER.into(),
            nonce: hex::encode(nonce),
        };
        // Room for the tag, so that the plaintext is not moved and left behind.
        let mut sealed = Vec::with_capacity(secret.len() + TAG_BYTES);
        sealed.extend_from_slice(secret);
        let encrypted = derived.cipher().encrypt_in_place(
            XNonce::from_slice(&nonce),
            &header.associated_data(),
            &mut sealed,
        );
        if encrypted.is_err() {
            sealed.zeroize();
            return Err(SealError::TooLarge { bytes: secret.len() });
        }
        Ok(Self { header, sealed })
    }

    fn unlock(&self, kind: KeyKind, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, UnlockError> {
        if self.header.kind != kind {
            return Err(UnlockError::WrongKind {
                expected: kind,
                found: self.header.kind,
            });
        }
        // A parsed file is within bounds, and so is one made here.
        let cost = KdfCost::of(&self.header.kdf).map_err(|_| self.unusable())?;
        let salt = hex_field::<16>("salt", &self.header.kdf.salt).map_err(|_| self.unusable())?;
        let nonce = hex_field::<24>("nonce", &self.header.nonce).map_err(|_| self.unusable())?;
        let derived = derive(passphrase, &salt, cost).map_err(|NoMemory| UnlockError::Memory {
            memory_kib: cost.memory_kib,
        })?;
        // Both sides are known to whoever guesses a passphrase, so the comparison need not hide anything.
        if hex::encode(derived.check()) != self.header.kdf.check {
            return Err(UnlockError::WrongPassphrase);
        }
        let mut secret = Zeroizing::new(self.sealed.clone());
        derived
            .cipher()
            .decrypt_in_place(
                XNonce::from_slice(&nonce),
                &self.header.associated_data(),
                &mut *secret,
            )
            .map_err(|_| UnlockError::Tampered)?;
        Ok(secret)
    }

    fn unlock_secret(
        &self,
        kind: KeyKind,
        passphrase: &Passphrase,
    ) -> Result<Zeroizing<[u8; SECRET_BYTES]>, UnlockError> {
        let bytes = self.unlock(kind, passphrase)?;
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        if bytes.len() != SECRET_BYTES {
            return Err(self.unusable());
        }
        secret.copy_from_slice(&bytes);
        Ok(secret)
    }

    fn check_public(&self, public: &str) -> Result<(), UnlockError> {
        if self.header.public.as_deref() == Some(public) {
            Ok(())
        } else {
            Err(self.unusable())
        }
    }

    fn unusable(&self) -> UnlockError {
        UnlockError::Unusable {
            kind: self.header.kind,
        }
    }

    /// The rules that the JSON form does not enforce.
    fn check(&self) -> Result<(), ParseError> {
        let header = &self.header;
        let field = |field, allowed: bool| {
            if allowed {
                Ok(())
            } else {
                Err(ParseError::Field { field })
            }
        };
        field("label", label_is_allowed(&header.label))?;
        field("kdf.name", header.kdf.name == KDF)?;
        field("cipher", header.cipher == CIPHER)?;
        KdfCost::of(&header.kdf)?;
        hex_field::<16>("kdf.salt", &header.kdf.salt)?;
        hex_field::<16>("kdf.check", &header.kdf.check)?;
        hex_field::<24>("nonce", &header.nonce)?;
        match (header.kind, &header.public) {
            (KeyKind::Registrar | KeyKind::Ceremony | KeyKind::Data, public) => {
                field("public", public.is_none())?
            }
            (_, None) => field("public", false)?,
            (_, Some(public)) => field("public", public.parse::<KeyId>().is_ok())?,
        }
        let allowed = match header.kind {
            KeyKind::Data => {
                self.sealed.len() >= TAG_BYTES && self.sealed.len() <= MAX_DATA_BYTES + TAG_BYTES
            }
            KeyKind::Ceremony => {
                self.sealed.len() > TAG_BYTES && self.sealed.len() <= MAX_CEREMONY_BYTES + TAG_BYTES
            }
            _ => self.sealed.len() == SECRET_BYTES + TAG_BYTES,
        };
        field("sealed", allowed)
    }
}

#[derive(Deserialize)]
struct Probe {
    header: ProbeHeader,
}

#[derive(Deserialize)]
struct ProbeHeader {
    format: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    header: Header,
    sealed: String,
}

/// The readable part; its fields stand in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    kind: KeyKind,
    label: String,
    public: Option<String>,
    kdf: Kdf,
    cipher: String,
    nonce: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    danger_fast: bool,
    salt: String,
    check: String,
}

impl Header {
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and booleans always serialise")
    }

    fn associated_data(&self) -> Vec<u8> {
        [AAD_TAG, &self.to_json()].concat()
    }
}

struct NoMemory;

/// 64 bytes from the passphrase: the key, then what tells a wrong passphrase from an altered file.
struct Derived(Zeroizing<[u8; 64]>);

impl Derived {
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0[..32].into())
    }

    fn check(&self) -> &[u8] {
        &self.0[32..48]
    }
}

fn derive(passphrase: &Passphrase, salt: &[u8; 16], cost: KdfCost) -> Result<Derived, NoMemory> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(64))
        .expect("a cost is within the bounds of Argon2");
    // Reserved by ourselves: running out of memory is an answer and not the end of the process.
    let mut memory = Vec::new();
    memory
        .try_reserve_exact(params.block_count())
        .map_err(|_| NoMemory)?;
    memory.resize(params.block_count(), Block::default());
    let mut derived = Derived(Zeroizing::new([0; 64]));
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase.0.as_bytes(), salt, &mut derived.0[..], &mut memory)
        .expect("lengths of passphrase, salt and output are within the bounds of Argon2");
    memory.zeroize();
    Ok(derived)
}

/// Labels are shown to people and written into JSON without escapes.
fn label_is_allowed(label: &str) -> bool {
    let misleading =
        |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !label.is_empty()
        && label.len() <= MAX_LABEL_BYTES
        && !label.contains(|c: char| c.is_control() || c == '"' || c == '\\' || misleading(c))
}

fn hex_field<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], ParseError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseError::Field { field })?;
    if hex::encode(bytes) != text {
        return Err(ParseError::Field { field });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
