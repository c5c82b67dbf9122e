//! Trustees: their keys, the record that lists them, and the election key that follows from it.
//!
//! [`TrusteeSecret`] lives on the trustee's own machine. [`TrusteeKey`] is its public part with a proof of knowledge.
//! [`Trustees`] is the record of an election: single trustees, of whom all must decrypt, and at most one threshold block,
//! of whom `threshold` must. Blocks made by other tools are read and fully verified.
//!
//! Spec: specs/ballot-suite.md §6.

use crate::group::{Point, PointError};
use crate::json::{self, DELETE, JsonError, MAX_SMALL};
use crate::proof::{self, Proof, WireProof};
use crate::scalar::{ScalarError, SecretScalar};
use crate::threshold::{self, BlockError, WireBlock};
use curve25519_dalek::edwards::EdwardsPoint;
use rand::CryptoRng;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashSet;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// Most owners of key shares in one record.
pub const MAX_OWNERS: usize = 1000;

/// Why a trustee's key or a record of trustees is not acceptable; positions are counted from 0. Whoever wrote it is
/// at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TrusteeError {
    /// Not canonical JSON of the shape.
    #[error("trustees: {0}")]
    Json(#[from] JsonError),
    /// A kind of trustee that this suite does not know.
    #[error("trustees: unsupported kind of trustee")]
    Unsupported,
    /// There is no trustee.
    #[error("trustees: none")]
    None,
    /// More than [`MAX_OWNERS`].
    #[error("trustees: too many")]
    TooMany,
    /// A threshold block that is not the last element.
    #[error("trustees: a threshold block must be the only one and come last")]
    Order,
    /// A public key is not an element of the group, or neutral.
    #[error("trustees: owner {index}: public key: {error}")]
    Key {
        /// Position of the owner in the flattened list, from 0.
        index: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// A scalar of a proof is not canonical.
    #[error("trustees: proof: {0}")]
    Scalar(#[from] ScalarError),
    /// A proof of knowledge does not hold.
    #[error("trustees: owner {index}: the proof of knowledge does not hold")]
    ProofOfKnowledge {
        /// Position of the owner in the flattened list, from 0.
        index: usize,
    },
    /// A single trustee carries a signature, which nothing could check.
    #[error("trustees: owner {index}: a signature where there is none")]
    Signature {
        /// Position of the owner in the flattened list, from 0.
        index: usize,
    },
    /// Two owners have the same public key.
    #[error("trustees: two owners have the same public key")]
    Repeated,
    /// The keys cancel each other out.
    #[error("trustees: the common key is neutral")]
    NeutralSum,
    /// A name holds U+007F.
    #[error("trustees: a name holds the character U+007F")]
    Name,
    /// The threshold block is not acceptable.
    #[error("trustees: threshold block: {0}")]
    Block(#[from] BlockError),
}

/// A trustee's secret key.
#[derive(Clone)]
pub struct TrusteeSecret {
    secret: SecretScalar,
    public: Point,
}

impl TrusteeSecret {
    /// Draws a key.
    #[must_use]
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::new(SecretScalar::random(rng))
    }

    /// A stored key: 32 bytes, least significant first.
    ///
    /// # Errors
    /// [`ScalarError`] unless the number is below the group order and not zero.
    pub fn from_le_bytes(bytes: &[u8; 32]) -> Result<Self, ScalarError> {
        SecretScalar::from_le_bytes(bytes).map(Self::new)
    }

    /// A key in decimal text, as belenios-tool stores it.
    ///
    /// # Errors
    /// [`ScalarError`] unless the text is canonical, below the group order and not zero.
    pub fn from_decimal(text: &str) -> Result<Self, ScalarError> {
        SecretScalar::from_decimal(text).map(Self::new)
    }

    /// The key: 32 bytes, least significant first, to be stored in a protected place.
    #[must_use]
    pub fn expose_le_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.secret.expose_le_bytes()
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &Point {
        &self.public
    }

    /// The public key with its proof of knowledge, as a single trustee publishes it.
    ///
    /// # Errors
    /// [`TrusteeError::Name`] if the name holds U+007F.
    pub fn publish<R: CryptoRng + ?Sized>(
        &self,
        name: Option<&str>,
        rng: &mut R,
    ) -> Result<TrusteeKey, TrusteeError> {
        if name.is_some_and(|name| name.as_bytes().contains(&DELETE)) {
            return Err(TrusteeError::Name);
        }
        Ok(TrusteeKey {
            public: self.public,
            proof_of_knowledge: proof::prove_secret(&pok_prefix(&self.public), &self.secret, rng),
            signature: None,
            name: name.map(str::to_owned),
        })
    }

    pub(crate) fn new(secret: SecretScalar) -> Self {
        let public = Point::from_inner(EdwardsPoint::mul_base(secret.expose()));
        Self { secret, public }
    }

    pub(crate) fn secret(&self) -> &SecretScalar {
        &self.secret
    }
}

impl fmt::Debug for TrusteeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrusteeSecret")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// A trustee's public key whose proof of knowledge holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrusteeKey {
    public: Point,
    proof_of_knowledge: Proof,
    signature: Option<Proof>,
    name: Option<String>,
}

impl TrusteeKey {
    /// Reads and checks the record of a single trustee.
    ///
    /// # Errors
    /// [`TrusteeError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TrusteeError> {
        let key = Self::from_wire(json::parse(bytes)?, 0)?;
        key.require_single(0)?;
        Ok(key)
    }

    /// The canonical record.
    #[must_use]
    pub fn json(&self) -> String {
        json::write(&self.to_wire())
    }

    /// The public key, not neutral.
    #[must_use]
    pub fn public(&self) -> &Point {
        &self.public
    }

    /// The trustee's name, if the record has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn signature(&self) -> Option<&Proof> {
        self.signature.as_ref()
    }

    /// `index` is the owner's position, for error messages.
    pub(crate) fn from_wire(wire: WireKey, index: usize) -> Result<Self, TrusteeError> {
        let proof_of_knowledge = Proof::from_wire(&wire.pok)?;
        let signature = wire.signature.as_ref().map(Proof::from_wire).transpose()?;
        let public = Point::from_text(&wire.public_key)
            .and_then(Point::refuse_neutral)
            .map_err(|error| TrusteeError::Key { index, error })?;
        if !proof::verify_secret(&pok_prefix(&public), &public, &proof_of_knowledge) {
            return Err(TrusteeError::ProofOfKnowledge { index });
        }
        Ok(Self {
            public,
            proof_of_knowledge,
            signature,
            name: wire.name,
        })
    }

    pub(crate) fn to_wire(&self) -> WireKey {
        WireKey {
            pok: self.proof_of_knowledge.to_wire(),
            public_key: self.public.text(),
            signature: self.signature.map(Proof::to_wire),
            name: self.name.clone(),
        }
    }

    /// With the signature that a member of a threshold block gives for its key.
    pub(crate) fn signed(mut self, signature: Proof) -> Self {
        self.signature = Some(signature);
        self
    }

    fn require_single(&self, index: usize) -> Result<(), TrusteeError> {
        if self.signature.is_some() {
            Err(TrusteeError::Signature { index })
        } else {
            Ok(())
        }
    }
}

/// A fully verified record of trustees, with its exact bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trustees {
    json: String,
    owners: Vec<TrusteeKey>,
    singles: usize,
    threshold: usize,
    election_key: Point,
}

impl Trustees {
    /// The record of single trustees, all of whom must decrypt.
    ///
    /// # Errors
    /// [`TrusteeError`] if there is none, too many, a repeated key, or the keys cancel out.
    pub fn from_keys(keys: &[TrusteeKey]) -> Result<Self, TrusteeError> {
        let wire: Vec<WireTrustee> = keys
            .iter()
            .map(|key| WireTrustee::Single(Box::new(key.to_wire())))
            .collect();
        Self::parse(json::write(&wire).as_bytes())
    }

    /// Reads a record and checks every key, proof, certificate and signature in it.
    ///
    /// # Errors
    /// [`TrusteeError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TrusteeError> {
        let wire: Vec<WireTrustee> =
            json::parse(bytes).map_err(|error| unsupported(bytes).unwrap_or(error.into()))?;
        let elements = wire.len();
        let mut owners: Vec<TrusteeKey> = Vec::new();
        let mut sum = EdwardsPoint::default();
        let mut singles = 0;
        let mut threshold = 0;
        for (position, trustee) in wire.into_iter().enumerate() {
            match trustee {
                WireTrustee::Single(key) => {
                    if owners.len() >= MAX_OWNERS {
                        return Err(TrusteeError::TooMany);
                    }
                    let key = TrusteeKey::from_wire(*key, position)?;
                    key.require_single(position)?;
                    sum += key.public.inner();
                    owners.push(key);
                    singles += 1;
                }
                WireTrustee::Pedersen(block) => {
                    if position + 1 != elements {
                        return Err(TrusteeError::Order);
                    }
                    let block = threshold::verify_block(*block, singles)?;
                    sum += block.sub_key;
                    threshold = block.threshold;
                    owners.extend(block.keys);
                    if owners.len() > MAX_OWNERS {
                        return Err(TrusteeError::TooMany);
                    }
                }
            }
        }
        if owners.is_empty() {
            return Err(TrusteeError::None);
        }
        let distinct: HashSet<&Point> = owners.iter().map(TrusteeKey::public).collect();
        if distinct.len() != owners.len() {
            return Err(TrusteeError::Repeated);
        }
        let election_key = Point::from_inner(sum)
            .refuse_neutral()
            .map_err(|_| TrusteeError::NeutralSum)?;
        let json = String::from_utf8(bytes.to_vec()).map_err(|_| JsonError::Shape)?;
        Ok(Self {
            json,
            owners,
            singles,
            threshold,
            election_key,
        })
    }

    /// The exact record.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The key that ballots are encrypted to.
    #[must_use]
    pub fn election_key(&self) -> &Point {
        &self.election_key
    }

    /// Keys of all owners, flattened: owner number n (from 1) is at position n − 1.
    #[must_use]
    pub fn owners(&self) -> &[TrusteeKey] {
        &self.owners
    }

    /// How many of the first owners are single trustees, all of whom must decrypt.
    #[must_use]
    pub fn singles(&self) -> usize {
        self.singles
    }

    /// How many owners of the threshold block must decrypt; 0 without a block.
    #[must_use]
    pub fn threshold(&self) -> usize {
        self.threshold
    }
}

/// Prefix of proofs of knowledge.
pub(crate) fn pok_prefix(public: &Point) -> String {
    format!("pok|Ed25519|{}|", public.text())
}

/// `tpk` of the specification.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireKey {
    pok: WireProof,
    public_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<WireProof>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// `["Single",tpk]` or `["Pedersen",tp]`.
pub(crate) enum WireTrustee {
    Single(Box<WireKey>),
    Pedersen(Box<WireBlock>),
}

const SINGLE: &str = "Single";
const PEDERSEN: &str = "Pedersen";

impl Serialize for WireTrustee {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        match self {
            Self::Single(key) => {
                pair.serialize_element(SINGLE)?;
                pair.serialize_element(key)?;
            }
            Self::Pedersen(block) => {
                pair.serialize_element(PEDERSEN)?;
                pair.serialize_element(block)?;
            }
        }
        pair.end()
    }
}

impl<'de> Deserialize<'de> for WireTrustee {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;
        impl<'de> Visitor<'de> for Pair {
            type Value = WireTrustee;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a kind of trustee and its record")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<WireTrustee, A::Error> {
                let missing = || A::Error::custom("missing element");
                let kind: String = pair.next_element()?.ok_or_else(missing)?;
                match kind.as_str() {
                    SINGLE => pair.next_element()?.map(WireTrustee::Single).ok_or_else(missing),
                    PEDERSEN => pair
                        .next_element()?
                        .map(WireTrustee::Pedersen)
                        .ok_or_else(missing),
                    _ => Err(A::Error::custom("unknown kind")),
                }
            }
        }
        deserializer.deserialize_tuple(2, Pair)
    }
}

fn unsupported(bytes: &[u8]) -> Option<TrusteeError> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let other = |pair: &serde_json::Value| {
        pair.get(0)
            .and_then(|kind| kind.as_str())
            .is_some_and(|kind| kind != SINGLE && kind != PEDERSEN)
    };
    value
        .as_array()?
        .iter()
        .any(other)
        .then_some(TrusteeError::Unsupported)
}

/// A small integer that fits what the specification allows.
pub(crate) fn small(value: u64) -> Option<usize> {
    (value <= MAX_SMALL)
        .then(|| usize::try_from(value).ok())
        .flatten()
}
