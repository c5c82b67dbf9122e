//! Genesis, body and entry as they stand in a ledger. Decoding checks form only; what the fields must say is checked in `ledger.rs`.
//!
//! Spec: specs/ledger.md §3, §4, §5.

use crate::hash::sha256;
use crate::reader::{DecodeError, Reader};

/// Largest encoded entry, bytes.
pub(crate) const MAX_ENTRY_BYTES: usize = 65_535;
/// Largest payload, bytes.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 60_000;
/// Times are below this: the year 10000.
pub(crate) const TIME_LIMIT_MS: u64 = 253_402_300_800_000;

/// What a ledger is for. Spec: specs/ledger.md §3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Calendar,
    Roll,
    Election,
    BallotBox,
    Station,
    Consultation,
    Foi,
}

impl Kind {
    pub(crate) fn from_code(code: u16) -> Option<Kind> {
        Some(match code {
            1 => Kind::Calendar,
            2 => Kind::Roll,
            3 => Kind::Election,
            4 => Kind::BallotBox,
            5 => Kind::Station,
            6 => Kind::Consultation,
            7 => Kind::Foi,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Calendar => "calendar",
            Kind::Roll => "roll",
            Kind::Election => "election",
            Kind::BallotBox => "ballot-box",
            Kind::Station => "station",
            Kind::Consultation => "consultation",
            Kind::Foi => "foi",
        }
    }
}

/// What a key may do. Spec: specs/ledger.md §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Role(pub(crate) u8);

impl Role {
    pub(crate) const COMMISSION: Role = Role(1);
    pub(crate) const REGISTRAR: Role = Role(2);
    pub(crate) const STATION_OFFICER: Role = Role(3);
    pub(crate) const TRUSTEE: Role = Role(4);
    pub(crate) const CONSULTATION_OWNER: Role = Role(5);
    pub(crate) const MODERATOR: Role = Role(6);
    pub(crate) const FOI_OFFICER: Role = Role(7);
    pub(crate) const GRIEVANCE_OFFICER: Role = Role(8);
    pub(crate) const PARTICIPANT: Role = Role(9);
    pub(crate) const SERVICE: Role = Role(10);

    /// Roles that a grant may give.
    pub(crate) fn is_grantable(self) -> bool {
        (1..=9).contains(&self.0)
    }

    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            1 => "commission",
            2 => "registrar",
            3 => "station-officer",
            4 => "trustee",
            5 => "consultation-owner",
            6 => "moderator",
            7 => "foi-officer",
            8 => "grievance-officer",
            9 => "participant",
            10 => "service",
            _ => "unknown role",
        }
    }
}

/// A role held by a key, for one scope or for every scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) key: [u8; 32],
    pub(crate) role: Role,
    pub(crate) scope: Option<String>,
}

impl Grant {
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Grant, DecodeError> {
        Ok(Grant {
            key: reader.array()?,
            role: Role(reader.u8()?),
            scope: reader.option(|r| r.string().map(str::to_owned))?,
        })
    }

    /// The encoded bytes, by which grants are sorted. A scope is at most 64 bytes where this order matters.
    pub(crate) fn sort_key(&self) -> Vec<u8> {
        let mut bytes = self.key.to_vec();
        bytes.push(self.role.0);
        match &self.scope {
            None => bytes.push(0),
            Some(scope) => {
                bytes.push(1);
                bytes.push(u8::try_from(scope.len()).unwrap_or(u8::MAX));
                bytes.extend_from_slice(scope.as_bytes());
            }
        }
        bytes
    }
}

/// A position in another ledger, or in this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
}

impl Position {
    fn decode(reader: &mut Reader<'_>) -> Result<Position, DecodeError> {
        Ok(Position {
            size: reader.u64()?,
            root: reader.array()?,
        })
    }
}

/// A citation of the first `at.size` entries of another ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ref {
    pub(crate) ledger: [u8; 32],
    pub(crate) at: Position,
}

impl Ref {
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Ref, DecodeError> {
        Ok(Ref {
            ledger: reader.array()?,
            at: Position::decode(reader)?,
        })
    }
}

/// The first event of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Genesis {
    pub(crate) format: u8,
    pub(crate) kind: u16,
    pub(crate) origin: String,
    pub(crate) parent: Option<[u8; 32]>,
    pub(crate) ledger_key: [u8; 32],
    pub(crate) service_key: [u8; 32],
    pub(crate) grants: Vec<Grant>,
    pub(crate) max_lag_ms: u32,
    pub(crate) official_window_ms: u64,
    pub(crate) predecessor: Option<Ref>,
}

impl Genesis {
    pub(crate) fn decode(payload: &[u8]) -> Result<Genesis, DecodeError> {
        Reader::whole(payload, |r| {
            let format = r.u8()?;
            let kind = r.u16()?;
            let origin = r.string()?.to_owned();
            let parent = r.option(Reader::array)?;
            let ledger_key = r.array()?;
            let service_key = r.array()?;
            let grants = r.list(Grant::decode)?;
            let max_lag_ms = r.u32()?;
            let official_window_ms = r.u64()?;
            let _random: [u8; 32] = r.array()?;
            let predecessor = r.option(Ref::decode)?;
            Ok(Genesis {
                format,
                kind,
                origin,
                parent,
                ledger_key,
                service_key,
                grants,
                max_lag_ms,
                official_window_ms,
                predecessor,
            })
        })
    }
}

/// What an author signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body<'a> {
    pub(crate) ledger: [u8; 32],
    pub(crate) event_type: u16,
    pub(crate) version: u8,
    pub(crate) author: [u8; 32],
    pub(crate) author_time_ms: u64,
    pub(crate) nonce: [u8; 16],
    pub(crate) seen: Option<Position>,
    pub(crate) refs: Vec<Ref>,
    pub(crate) payload: &'a [u8],
}

impl<'a> Body<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Body<'a>, DecodeError> {
        Reader::whole(bytes, |r| {
            let body = Body {
                ledger: r.array()?,
                event_type: r.u16()?,
                version: r.u8()?,
                author: r.array()?,
                author_time_ms: r.u64()?,
                nonce: r.array()?,
                seen: r.option(Position::decode)?,
                refs: r.list(Ref::decode)?,
                payload: r.bytes()?,
            };
            if body.payload.len() > MAX_PAYLOAD_BYTES {
                return Err(DecodeError::Rule("the payload is too long"));
            }
            if body.refs.len() > 16 {
                return Err(DecodeError::Rule("more than 16 refs"));
            }
            if !body.refs.is_sorted_by(|a, b| a.ledger < b.ledger) {
                return Err(DecodeError::Rule("refs are not sorted by ledger"));
            }
            Ok(body)
        })
    }
}

/// The message that an author signs.
pub(crate) fn body_message(body: &[u8]) -> Vec<u8> {
    [b"sijill/body/v1\n".as_slice(), body].concat()
}

/// Identifies an event: SHA-256 of the message that its author signed.
pub(crate) fn body_hash(body: &[u8]) -> [u8; 32] {
    sha256(&[b"sijill/body/v1\n", body])
}

/// Nonce of a body that the service adds as consequence of another. Spec: specs/ledger.md §5.
pub(crate) fn consequence_nonce(cause: &[u8; 32], event_type: u16) -> [u8; 16] {
    crate::hash::first_16(&sha256(&[
        b"sijill/consequence/v1\n",
        cause,
        &event_type.to_be_bytes(),
    ]))
}

/// Nonce of a body of the service on the election ledger. Spec: specs/events.md §4.
pub(crate) fn service_nonce(event_type: u16, payload: &[u8]) -> [u8; 16] {
    crate::hash::first_16(&sha256(&[
        b"sijill/service/v1\n",
        &event_type.to_be_bytes(),
        payload,
    ]))
}

/// What the sequencer wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) seq: u64,
    pub(crate) prev: [u8; 32],
    pub(crate) received_ms: u64,
    pub(crate) sequenced_ms: u64,
    pub(crate) body_bytes: &'a [u8],
    pub(crate) body: Body<'a>,
    pub(crate) signature: [u8; 64],
}

impl<'a> Entry<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Entry<'a>, DecodeError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(DecodeError::Rule("the entry is too long"));
        }
        Reader::whole(bytes, |r| {
            if r.u8()? != 1 {
                return Err(DecodeError::Rule("unknown entry format"));
            }
            let seq = r.u64()?;
            let prev = r.array()?;
            let received_ms = r.u64()?;
            let sequenced_ms = r.u64()?;
            let body_bytes = r.bytes()?;
            let signature = r.array()?;
            let body = Body::decode(body_bytes)?;
            Ok(Entry {
                seq,
                prev,
                received_ms,
                sequenced_ms,
                body_bytes,
                body,
                signature,
            })
        })
    }

    /// The rules that concern the entry alone, signature aside. Spec: specs/ledger.md §4, §5.
    pub(crate) fn own_rules(&self) -> Result<(), &'static str> {
        let body = &self.body;
        if self.received_ms >= TIME_LIMIT_MS
            || self.sequenced_ms >= TIME_LIMIT_MS
            || body.author_time_ms >= TIME_LIMIT_MS
        {
            return Err("a time is beyond the limit");
        }
        if self.sequenced_ms < self.received_ms {
            return Err("sequenced before it was received");
        }
        if body.version != 1 {
            return Err("unknown event version");
        }
        if body.seen.is_some_and(|seen| seen.size == 0) {
            return Err("a view of size 0");
        }
        if body.refs.iter().any(|cited| cited.at.size == 0) {
            return Err("a ref of size 0");
        }
        if body.refs.iter().any(|cited| cited.ledger == body.ledger) {
            return Err("a ref to the ledger itself");
        }
        Ok(())
    }
}

/// 1 to 64 bytes of `a-z 0-9 . - _`, and for a trustee a decimal index from 1.
pub(crate) fn is_scope(role: Role, scope: &str) -> bool {
    let form = (1..=64).contains(&scope.len())
        && scope
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'));
    let index =
        || crate::note::decimal(scope).is_some_and(|index| (1..=u64::from(u16::MAX)).contains(&index));
    form && (role != Role::TRUSTEE || index())
}

/// 1 to 200 bytes of `a-z 0-9 . / - _`, not beginning or ending with `/`.
pub(crate) fn is_origin(origin: &str) -> bool {
    (1..=200).contains(&origin.len())
        && origin
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'/' | b'-' | b'_'))
        && !origin.starts_with('/')
        && !origin.ends_with('/')
}

/// 1 to 32 bytes of `a-z 0-9 -`: districts, manifest ids, rule packs.
pub(crate) fn is_short_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
