//! Ed25519 keys and signatures under the one verification rule of the ledger.
//!
//! The rule is the strict one: canonical `A` and `R`, neither of small order, `S` below the group order, no
//! cofactor, never in batches. Spec: specs/ledger.md §1.2.

use core::cell::Cell;
use core::fmt;

use ed25519_dalek::{Signer, VerifyingKey};
use rand::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::ids::{KeyId, deserialize_array, serialize_array};

/// Why 32 bytes are not a public key. The fault is that of whoever presents them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the canonical encoding of a point of the curve.
    #[error("not the canonical encoding of a curve point")]
    Encoding,
    /// A point of small order: signatures under it prove nothing.
    #[error("a point of small order")]
    SmallOrder,
    /// A point outside the prime-order subgroup: not for keys that are enrolled.
    #[error("a point outside the prime-order subgroup")]
    Torsion,
}

/// Why a signature does not stand. The fault is the signer's, or of whoever altered message or signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The key under which it should verify is not a public key.
    #[error("the signer's key is not a public key: {0}")]
    Key(#[from] KeyError),
    /// The strict verification fails.
    #[error("the signature does not verify")]
    Invalid,
}

/// A private key. Wiped from memory when dropped, never printed.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// A fresh key.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Self::from_seed(&seed)
    }

    /// The key of a 32-byte seed (the private key of RFC 8032).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, for storage in an encrypted file.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key, as bytes.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// The public key, ready to verify.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message. The caller puts the domain tag in front.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.key_id())
    }
}

/// A public key that satisfies specs/ledger.md §1.2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a public key.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the bytes are not the canonical encoding of a point, or the point is of small order.
    pub fn new(key: KeyId) -> Result<Self, KeyError> {
        if !canonical_y(key.as_bytes()) {
            return Err(KeyError::Encoding);
        }
        let point = VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| KeyError::Encoding)?;
        // The points with x = 0, whose sign bit has a second spelling, are of small order.
        if point.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self(point))
    }

    /// Reads a public key that is being enrolled: named in a genesis or a grant. Spec: specs/ledger.md §1.2.
    ///
    /// # Errors
    ///
    /// Those of [`PublicKey::new`]; [`KeyError::Torsion`] if the point is outside the prime-order subgroup.
    pub fn enrolled(key: KeyId) -> Result<Self, KeyError> {
        let key = Self::new(key)?;
        if key.0.to_edwards().is_torsion_free() {
            Ok(key)
        } else {
            Err(KeyError::Torsion)
        }
    }

    /// The key as bytes.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId::from_bytes(self.0.to_bytes())
    }

    /// Verifies a signature by the strict rule. Spec: specs/ledger.md §1.2.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Invalid`] if it does not verify.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        // dalek compares R with the canonical encoding of [S]B − [k]A, so that no other spelling of R passes.
        self.0
            .verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0))
            .map_err(|_| SignatureError::Invalid)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.key_id())
    }
}

impl TryFrom<KeyId> for PublicKey {
    type Error = KeyError;

    fn try_from(key: KeyId) -> Result<Self, KeyError> {
        Self::new(key)
    }
}

impl From<PublicKey> for KeyId {
    fn from(key: PublicKey) -> Self {
        key.key_id()
    }
}

impl KeyId {
    /// Verifies a signature under these bytes, which must be a public key. Spec: specs/ledger.md §1.2.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] if the bytes are no public key or the signature does not verify.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let key = match LAST_KEY.get() {
            Some(key) if key.key_id() == *self => key,
            _ => {
                let key = PublicKey::new(*self)?;
                LAST_KEY.set(Some(key));
                key
            }
        };
        key.verify(message, signature)
    }
}

thread_local! {
    /// The key that this thread decoded last: ledgers have long runs of entries by one author.
    static LAST_KEY: Cell<Option<PublicKey>> = const { Cell::new(None) };
}

/// The 64 bytes of an Ed25519 signature: `R ‖ S`. Holding one says nothing about its validity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Length in bytes.
    pub const LEN: usize = 64;

    /// Takes the raw bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(self.0))
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_array(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_array(deserializer).map(Self)
    }
}

/// Whether the `y` of an encoded point is below the field's prime, 2^255 − 19.
fn canonical_y(bytes: &[u8; 32]) -> bool {
    !(bytes[31] & 0x7f == 0x7f && bytes[1..31].iter().all(|b| *b == 0xff) && bytes[0] >= 0xed)
}
