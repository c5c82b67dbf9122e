//! The genesis of a ledger: what it is, whose keys it begins with, and the id that binds all of it.
//!
//! [`GenesisFields`] is the draft, [`Genesis`] the checked and encoded form. Spec: specs/ledger.md §3.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::body::MAX_PAYLOAD_BYTES;
use crate::codec::{DecodeError, decode_canonical, encode};
use crate::hash::sha256;
use crate::ids::{KeyId, LedgerId, Nonce, Root};
use crate::keys::{KeyError, PublicKey};
use crate::names::{Origin, Scope};

/// The format number of the genesis.
const FORMAT: u8 = 1;

/// Why a genesis, or a grant, is not one. The fault is that of whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// The bytes do not decode.
    #[error("genesis: {0}")]
    Decode(#[from] DecodeError),
    /// A format number that this version does not know.
    #[error("unknown genesis format {0}")]
    Format(u8),
    /// A key that is not a public key.
    #[error("a key of the genesis is not a public key: {0}")]
    Key(#[from] KeyError),
    /// One key in both roles.
    #[error("service key and ledger key are the same")]
    SameKey,
    /// A grant that breaks a rule.
    #[error("a grant of the genesis: {0}")]
    Grant(#[from] GrantError),
    /// The grants are not strictly ascending by their encoded bytes.
    #[error("the grants are not sorted and distinct")]
    GrantOrder,
    /// No commission without scope, so that nobody could ever grant a role.
    #[error("no grant of the commission role without scope")]
    NoCommission,
    /// `max_lag_ms` out of range.
    #[error("max_lag_ms is not between 1 and 3600000")]
    MaxLag,
    /// `official_window_ms` out of range.
    #[error("official_window_ms is not between 1000 and 604800000")]
    OfficialWindow,
    /// A predecessor of no entries.
    #[error("the predecessor's checkpoint has size 0")]
    Predecessor,
    /// Beyond what the payload of an entry holds.
    #[error("the genesis has {0} bytes, more than a payload holds")]
    TooLarge(usize),
}

/// Why a grant may not stand. The fault is that of whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// The role of the service key is never granted.
    #[error("the service role is never granted")]
    ServiceRole,
    /// The service key and the ledger key hold no granted role.
    #[error("the service key and the ledger key are never granted a role")]
    OwnKey,
    /// Not a public key.
    #[error("the key is not a public key: {0}")]
    Key(#[from] KeyError),
    /// A trustee's scope that is not a trustee index.
    #[error("the scope of a trustee is its decimal index, from 1")]
    TrusteeScope,
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident: $repr:ident, $expected:literal, {
        $($(#[$vdoc:meta])* $variant:ident = $value:literal $text:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// All of them, by code.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code on the wire.
            #[must_use]
            pub const fn code(self) -> $repr {
                match self {
                    $(Self::$variant => $value,)+
                }
            }

            /// The one with this code, if this version knows it.
            #[must_use]
            pub const fn from_code(code: $repr) -> Option<Self> {
                match code {
                    $($value => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The name in texts.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The one with this name in texts.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        /// The code in binary formats, the name in texts.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.serialize_str(self.as_str())
                } else {
                    self.code().serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let name = String::deserialize(deserializer)?;
                    return Self::from_name(&name)
                        .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&name), &$expected));
                }
                let code = $repr::deserialize(deserializer)?;
                Self::from_code(code)
                    .ok_or_else(|| D::Error::invalid_value(Unexpected::Unsigned(code.into()), &$expected))
            }
        }
    };
}

code! {
    /// What a ledger is for. Spec: specs/ledger.md §3.1.
    Kind: u16, "a kind of ledger", {
        /// Declared holidays, rule packs.
        Calendar = 1 "calendar",
        /// The electoral roll of an event.
        Roll = 2 "roll",
        /// The election ledger of an event.
        Election = 3 "election",
        /// A district's ballot box.
        BallotBox = 4 "ballot-box",
        /// A polling station.
        Station = 5 "station",
        /// A public consultation.
        Consultation = 6 "consultation",
        /// Freedom-of-information requests of an authority.
        Foi = 7 "foi",
    }
}

code! {
    /// What the holder of a key may author. Spec: specs/ledger.md §3.2.
    Role: u8, "a role", {
        /// Sets up and certifies; grants and revokes roles.
        Commission = 1 "commission",
        /// Keeps the roll.
        Registrar = 2 "registrar",
        /// On duty at a polling station.
        StationOfficer = 3 "station-officer",
        /// Holds a share of the election key.
        Trustee = 4 "trustee",
        /// Runs a consultation.
        ConsultationOwner = 5 "consultation-owner",
        /// Moderates comments.
        Moderator = 6 "moderator",
        /// Answers requests for information.
        FoiOfficer = 7 "foi-officer",
        /// Decides on grievances.
        GrievanceOfficer = 8 "grievance-officer",
        /// Takes part.
        Participant = 9 "participant",
        /// The service itself: held by the service key, never granted.
        Service = 10 "service",
    }
}

/// A role given to a key, everywhere or in one scope. Also the payload of RoleGranted and RoleRevoked.
///
/// Spec: specs/ledger.md §3, specs/events.md §2.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Who.
    pub key: KeyId,
    /// What.
    pub role: Role,
    /// Where; everywhere if absent.
    pub scope: Option<Scope>,
}

impl Grant {
    /// Checks the rules of a grant on a ledger with these keys. Spec: specs/ledger.md §3.2.
    ///
    /// # Errors
    ///
    /// [`GrantError`] names the rule.
    pub fn check(&self, service_key: KeyId, ledger_key: KeyId) -> Result<(), GrantError> {
        if self.role == Role::Service {
            return Err(GrantError::ServiceRole);
        }
        if self.key == service_key || self.key == ledger_key {
            return Err(GrantError::OwnKey);
        }
        PublicKey::enrolled(self.key)?;
        match &self.scope {
            Some(scope) if self.role == Role::Trustee && scope.as_trustee_index().is_none() => {
                Err(GrantError::TrusteeScope)
            }
            _ => Ok(()),
        }
    }
}

/// The last checkpoint of the ledger that this one continues. Spec: specs/ledger.md §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predecessor {
    /// Its id.
    pub ledger: LedgerId,
    /// Its size, at least 1.
    pub size: u64,
    /// Its root at that size.
    pub root: Root,
}

/// The fields of a genesis, in the order of the wire, without the format number. Spec: specs/ledger.md §3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisFields {
    /// What the ledger is for.
    pub kind: Kind,
    /// Whose it is.
    pub origin: Origin,
    /// The ledger that this one belongs to: the election ledger, for rolls and boxes.
    pub parent: Option<LedgerId>,
    /// Signs checkpoints.
    pub ledger_key: KeyId,
    /// Holds the role `service`; different from `ledger_key`.
    pub service_key: KeyId,
    /// The first grants. [`Genesis::new`] sorts them.
    pub grants: Vec<Grant>,
    /// Longest time between receipt and sequencing: 1 to 3600000 ms.
    pub max_lag_ms: u32,
    /// How old an official's view and time may be: 1000 to 604800000 ms.
    pub official_window_ms: u64,
    /// Fresh random bytes.
    pub random: [u8; 32],
    /// The ledger that this one continues, if there is one.
    pub predecessor: Option<Predecessor>,
}

/// A valid genesis with its bytes and the ledger id. Spec: specs/ledger.md §3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    fields: GenesisFields,
    bytes: Vec<u8>,
    id: LedgerId,
}

impl Genesis {
    /// Sorts the grants, checks every rule of §3 and encodes.
    ///
    /// # Errors
    ///
    /// [`GenesisError`] names the rule.
    pub fn new(mut fields: GenesisFields) -> Result<Self, GenesisError> {
        fields.grants.sort_by_cached_key(encode::<Grant>);
        let bytes = encode(&(FORMAT, &fields));
        Self::checked(fields, bytes)
    }

    /// Reads the payload of entry 0.
    ///
    /// # Errors
    ///
    /// [`GenesisError`] if the bytes are not the canonical encoding of a valid genesis.
    pub fn parse(bytes: &[u8]) -> Result<Self, GenesisError> {
        match bytes.first() {
            None | Some(&FORMAT) => {}
            Some(&format) => return Err(GenesisError::Format(format)),
        }
        let (_, fields) = decode_canonical::<(u8, GenesisFields)>(bytes)?;
        Self::checked(fields, bytes.to_vec())
    }

    fn checked(fields: GenesisFields, bytes: Vec<u8>) -> Result<Self, GenesisError> {
        if bytes.len() > MAX_PAYLOAD_BYTES {
            return Err(GenesisError::TooLarge(bytes.len()));
        }
        PublicKey::enrolled(fields.ledger_key)?;
        PublicKey::enrolled(fields.service_key)?;
        if fields.ledger_key == fields.service_key {
            return Err(GenesisError::SameKey);
        }
        for grant in &fields.grants {
            grant.check(fields.service_key, fields.ledger_key)?;
        }
        if !fields.grants.is_sorted_by(|a, b| encode(a) < encode(b)) {
            return Err(GenesisError::GrantOrder);
        }
        if !fields
            .grants
            .iter()
            .any(|g| g.role == Role::Commission && g.scope.is_none())
        {
            return Err(GenesisError::NoCommission);
        }
        if !(1..=3_600_000).contains(&fields.max_lag_ms) {
            return Err(GenesisError::MaxLag);
        }
        if !(1000..=604_800_000).contains(&fields.official_window_ms) {
            return Err(GenesisError::OfficialWindow);
        }
        if fields.predecessor.is_some_and(|p| p.size == 0) {
            return Err(GenesisError::Predecessor);
        }
        let id = LedgerId::from_bytes(sha256(&[&bytes]));
        Ok(Self { fields, bytes, id })
    }

    /// The ledger id: SHA-256 of the bytes.
    #[must_use]
    pub fn id(&self) -> LedgerId {
        self.id
    }

    /// The canonical bytes, which are the payload of entry 0.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All fields.
    #[must_use]
    pub fn fields(&self) -> &GenesisFields {
        &self.fields
    }

    /// What the ledger is for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.fields.kind
    }

    /// Whose it is.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.fields.origin
    }

    /// The ledger that this one belongs to.
    #[must_use]
    pub fn parent(&self) -> Option<LedgerId> {
        self.fields.parent
    }

    /// The key that signs checkpoints.
    #[must_use]
    pub fn ledger_key(&self) -> KeyId {
        self.fields.ledger_key
    }

    /// The key of the role `service`.
    #[must_use]
    pub fn service_key(&self) -> KeyId {
        self.fields.service_key
    }

    /// The nonce of entry 0: the first 16 bytes of the ledger id. Spec: specs/ledger.md §5.
    #[must_use]
    pub fn nonce(&self) -> Nonce {
        Nonce::first_of(self.id.as_bytes())
    }
}
