//! The body: what an author signs, and therefore the event.
//!
//! [`Body`] is the draft, [`UnverifiedBody`] a parsed body with a claimed signature, [`SignedBody`] one whose
//! signature has been verified. Only the last can become part of an entry. Spec: specs/ledger.md §4.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::{DecodeError, decode_canonical, encode};
use crate::genesis::Genesis;
use crate::hash::sha256;
use crate::ids::{BodyHash, KeyId, LedgerId, Nonce, Root, UnixMillis};
use crate::keys::{Signature, SignatureError, SigningKey};

/// Most bytes of a payload. Spec: specs/ledger.md §4.
pub const MAX_PAYLOAD_BYTES: usize = 60_000;

/// Most refs of a body. Spec: specs/ledger.md §4.
pub const MAX_REFS: usize = 16;

/// The only version of a body, and of every event of this version of the catalogue.
const VERSION: u8 = 1;

const MESSAGE_TAG: &[u8] = b"sijill/body/v1\n";
const CONSEQUENCE_TAG: &[u8] = b"sijill/consequence/v1\n";
const SERVICE_TAG: &[u8] = b"sijill/service/v1\n";

/// Why a body is not one. The fault is the author's, or of whoever altered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The bytes do not decode.
    #[error("body: {0}")]
    Decode(#[from] DecodeError),
    /// A version that this version does not know.
    #[error("unknown version {version} of event type {event_type}")]
    Version {
        /// The type beside it.
        event_type: EventType,
        /// The version.
        version: u8,
    },
    /// More than [`MAX_PAYLOAD_BYTES`].
    #[error("the payload has {0} bytes, more than allowed")]
    PayloadSize(usize),
    /// A view of no entries.
    #[error("the author claims to have seen an empty ledger")]
    SeenNothing,
    /// More than [`MAX_REFS`].
    #[error("{0} refs, more than allowed")]
    TooManyRefs(usize),
    /// The refs are not strictly ascending by ledger.
    #[error("the refs are not sorted by ledger and distinct")]
    RefOrder,
    /// A ref to no entries of a ledger.
    #[error("a ref of size 0")]
    EmptyRef,
    /// A ref to the ledger of the body.
    #[error("a ref to the ledger itself")]
    OwnRef,
    /// The author field names another key than the one that signs.
    #[error("the signing key is not the author's")]
    Author,
    /// The author's signature does not stand.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// The type of an event, from the catalogue in specs/events.md. This crate knows those of every kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventType(u16);

impl EventType {
    /// Entry 0 and only there.
    pub const GENESIS: Self = Self(0x0001);
    /// A role is given; the payload is a [`Grant`](crate::Grant).
    pub const ROLE_GRANTED: Self = Self(0x0002);
    /// A role is taken back; the payload is a [`Grant`](crate::Grant).
    pub const ROLE_REVOKED: Self = Self(0x0003);

    /// The type with this number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventType({self})")
    }
}

/// The author's view of this ledger: its first `size` entries have this root. Spec: specs/ledger.md §4.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Entries, at least 1.
    pub size: u64,
    /// Their root.
    pub root: Root,
}

/// A citation of the first `size` entries of another ledger. Spec: specs/ledger.md §4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ref {
    /// The other ledger.
    pub ledger: LedgerId,
    /// Entries, at least 1.
    pub size: u64,
    /// Their root.
    pub root: Root,
}

/// What an author says. Spec: specs/ledger.md §4.
///
/// ```
/// use sijill_ledger::{Body, EventType, LedgerId, Nonce, SigningKey, UnixMillis, UnverifiedBody};
///
/// let key = SigningKey::from_seed(&[7; 32]);
/// let body = Body {
///     ledger: LedgerId::from_bytes([1; 32]),
///     event_type: EventType::new(0x0401),
///     author: key.key_id(),
///     author_time_ms: UnixMillis::ZERO,
///     nonce: Nonce::from_bytes([2; 16]),
///     seen: None,
///     refs: Vec::new(),
///     payload: b"anything".to_vec(),
/// };
/// let signed = body.sign(&key)?;
/// let received = UnverifiedBody::parse(signed.bytes(), *signed.signature())?.verify()?;
/// assert_eq!(received.hash(), signed.hash());
/// # Ok::<(), sijill_ledger::BodyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// The ledger that the event is for.
    pub ledger: LedgerId,
    /// What kind of event it is.
    pub event_type: EventType,
    /// Who says it.
    pub author: KeyId,
    /// The author's clock; 0 for the service.
    pub author_time_ms: UnixMillis,
    /// Makes the body unique among the author's.
    pub nonce: Nonce,
    /// What the author had seen; absent for the service.
    pub seen: Option<Seen>,
    /// Other ledgers that the event rests on, strictly ascending by ledger.
    pub refs: Vec<Ref>,
    /// The encoded event.
    pub payload: Vec<u8>,
}

impl Body {
    /// A body of the service: no view, author time 0. Spec: specs/ledger.md §4.2.
    #[must_use]
    pub fn by_service(genesis: &Genesis, event_type: EventType, nonce: Nonce, payload: Vec<u8>) -> Self {
        Self {
            ledger: genesis.id(),
            event_type,
            author: genesis.service_key(),
            author_time_ms: UnixMillis::ZERO,
            nonce,
            seen: None,
            refs: Vec::new(),
            payload,
        }
    }

    /// Checks the rules that concern the body alone, and signs it.
    ///
    /// # Errors
    ///
    /// [`BodyError`] names the rule; [`BodyError::Author`] if `key` is not the author's.
    pub fn sign(self, key: &SigningKey) -> Result<SignedBody, BodyError> {
        if self.author != key.key_id() {
            return Err(BodyError::Author);
        }
        self.check_form()?;
        let bytes = self.encode();
        let message = message(&bytes);
        Ok(SignedBody(UnverifiedBody {
            hash: BodyHash::from_bytes(sha256(&[&message])),
            signature: key.sign(&message),
            body: self,
            bytes,
        }))
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(&WireOut {
            ledger: self.ledger,
            event_type: self.event_type,
            version: VERSION,
            author: self.author,
            author_time_ms: self.author_time_ms,
            nonce: self.nonce,
            seen: self.seen,
            refs: &self.refs,
            payload: &self.payload,
        })
    }

    fn check_form(&self) -> Result<(), BodyError> {
        if self.payload.len() > MAX_PAYLOAD_BYTES {
            return Err(BodyError::PayloadSize(self.payload.len()));
        }
        if self.seen.is_some_and(|seen| seen.size == 0) {
            return Err(BodyError::SeenNothing);
        }
        if self.refs.len() > MAX_REFS {
            return Err(BodyError::TooManyRefs(self.refs.len()));
        }
        if !self.refs.is_sorted_by(|a, b| a.ledger < b.ledger) {
            return Err(BodyError::RefOrder);
        }
        if self.refs.iter().any(|r| r.size == 0) {
            return Err(BodyError::EmptyRef);
        }
        if self.refs.iter().any(|r| r.ledger == self.ledger) {
            return Err(BodyError::OwnRef);
        }
        Ok(())
    }
}

/// Without the payload's bytes, which may be about persons.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("ledger", &self.ledger)
            .field("event_type", &self.event_type)
            .field("author", &self.author)
            .field("author_time_ms", &self.author_time_ms)
            .field("nonce", &self.nonce)
            .field("seen", &self.seen)
            .field("refs", &self.refs)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// A well-formed body and the signature that is claimed for it.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedBody {
    body: Body,
    bytes: Vec<u8>,
    hash: BodyHash,
    signature: Signature,
}

impl UnverifiedBody {
    /// Reads a body and checks the rules that concern it alone. Spec: specs/ledger.md §4.
    ///
    /// # Errors
    ///
    /// [`BodyError`] names the rule.
    pub fn parse(bytes: &[u8], signature: Signature) -> Result<Self, BodyError> {
        let wire = decode_canonical::<WireIn>(bytes)?;
        if wire.version != VERSION {
            return Err(BodyError::Version {
                event_type: wire.event_type,
                version: wire.version,
            });
        }
        let body = Body {
            ledger: wire.ledger,
            event_type: wire.event_type,
            author: wire.author,
            author_time_ms: wire.author_time_ms,
            nonce: wire.nonce,
            seen: wire.seen,
            refs: wire.refs,
            payload: wire.payload,
        };
        body.check_form()?;
        let hash = BodyHash::from_bytes(sha256(&[MESSAGE_TAG, bytes]));
        Ok(Self {
            body,
            bytes: bytes.to_vec(),
            hash,
            signature,
        })
    }

    /// Verifies the author's signature.
    ///
    /// # Errors
    ///
    /// [`BodyError::Signature`] if it does not stand.
    pub fn verify(self) -> Result<SignedBody, BodyError> {
        self.body.author.verify(&message(&self.bytes), &self.signature)?;
        Ok(SignedBody(self))
    }

    /// The fields, which nobody has vouched for yet.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The body hash. Spec: specs/ledger.md §4.
    #[must_use]
    pub fn hash(&self) -> BodyHash {
        self.hash
    }
}

impl fmt::Debug for UnverifiedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedBody")
            .field("body", &self.body)
            .field("hash", &self.hash)
            .finish()
    }
}

/// A body with its author's verified signature.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedBody(UnverifiedBody);

impl SignedBody {
    /// Reads a body and verifies its signature.
    ///
    /// # Errors
    ///
    /// [`BodyError`] names the rule.
    pub fn parse(bytes: &[u8], signature: Signature) -> Result<Self, BodyError> {
        UnverifiedBody::parse(bytes, signature)?.verify()
    }

    /// The fields.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.0.body
    }

    /// The canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The body hash. Spec: specs/ledger.md §4.
    #[must_use]
    pub fn hash(&self) -> BodyHash {
        self.0.hash
    }

    /// The author's signature.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.0.signature
    }
}

impl fmt::Debug for SignedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedBody")
            .field("body", &self.0.body)
            .field("hash", &self.0.hash)
            .finish()
    }
}

impl Nonce {
    /// The first 16 bytes of a hash: the nonce where a rule fixes it so.
    #[must_use]
    pub fn first_of(hash: &[u8; 32]) -> Self {
        let mut nonce = [0; Self::LEN];
        nonce.copy_from_slice(&hash[..Self::LEN]);
        Self::from_bytes(nonce)
    }

    /// The nonce of a body that the service adds as consequence of another. Spec: specs/ledger.md §5.
    #[must_use]
    pub fn of_consequence(cause: BodyHash, event_type: EventType) -> Self {
        Self::first_of(&sha256(&[
            CONSEQUENCE_TAG,
            cause.as_bytes(),
            &event_type.0.to_be_bytes(),
        ]))
    }

    /// The nonce of a service body that is fixed by its type and payload. Spec: specs/events.md §4.
    #[must_use]
    pub fn of_service(event_type: EventType, payload: &[u8]) -> Self {
        Self::first_of(&sha256(&[SERVICE_TAG, &event_type.0.to_be_bytes(), payload]))
    }
}

fn message(bytes: &[u8]) -> Vec<u8> {
    [MESSAGE_TAG, bytes].concat()
}

#[derive(Serialize)]
struct WireOut<'a> {
    ledger: LedgerId,
    event_type: EventType,
    version: u8,
    author: KeyId,
    author_time_ms: UnixMillis,
    nonce: Nonce,
    seen: Option<Seen>,
    refs: &'a [Ref],
    #[serde(with = "crate::codec::bytes")]
    payload: &'a [u8],
}

#[derive(Serialize, Deserialize)]
struct WireIn {
    ledger: LedgerId,
    event_type: EventType,
    version: u8,
    author: KeyId,
    author_time_ms: UnixMillis,
    nonce: Nonce,
    seen: Option<Seen>,
    refs: Vec<Ref>,
    #[serde(with = "crate::codec::bytes")]
    payload: Vec<u8>,
}
