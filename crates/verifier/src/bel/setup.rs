//! What an election of an archive consists of: the election record, the trustees, the credentials.
//!
//! Spec: specs/ballot-suite.md §3 to §6, §12, specs/verification.md §9.5 to §9.7.

use std::collections::{BTreeSet, HashMap};

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::traits::{Identity as _, IsIdentity as _};

use crate::bel::{NoteKind, Notes};
use crate::json::{Cursor, JsonError, MAX_SMALL};
use crate::report::ArchiveProfile;
use crate::suite::ballot::Election;
use crate::suite::checker::Method;
use crate::suite::group::PointBytes;
use crate::suite::proof::{EncryptionKey, Proof};
use crate::suite::question::{Question, fingerprint};
use crate::suite::threshold::{Certificate, Coefficients, Numbers, common_key, confirm};
use crate::suite::trustee::Trustee;
use crate::suite::trustee::all_credentials_valid;

/// Largest total weight. Spec: specs/ballot-suite.md §12.
const MAX_WEIGHT: u64 = 1 << 40;
const MAX_OWNERS: usize = 1_000;
const MAX_MEMBERS: usize = 255;

/// Why a record was refused.
pub(super) enum Refusal {
    /// It uses what this version does not know.
    Unsupported(String),
    /// It is wrong, under a more precise code where there is one.
    Bad(Option<&'static str>, String),
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Refusal {
        Refusal::Bad(None, format!("not canonical: {error}"))
    }
}

fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::Bad(None, detail.into())
}

/// What ballots are checked against, and what the report says of it.
pub(super) struct Definition {
    pub(super) election: Election,
    pub(super) name: String,
    pub(super) key: EdwardsPoint,
}

/// Spec: specs/ballot-suite.md §3, §4.
pub(super) fn read_election(
    record: &[u8],
    profile: ArchiveProfile,
    notes: &mut Notes,
) -> Result<Definition, Refusal> {
    let mut cursor = Cursor::new(record);
    if cursor.sees("{\"description\":") {
        return Err(Refusal::Unsupported("version 0 of the protocol".to_owned()));
    }
    cursor.expect("{\"version\":")?;
    let version = cursor.integer(MAX_SMALL)?;
    if version != 1 {
        return Err(Refusal::Unsupported(format!("version {version} of the protocol")));
    }
    cursor.expect(",\"description\":")?;
    cursor.suite_string()?;
    cursor.expect(",\"name\":")?;
    let name = cursor.suite_string()?;
    cursor.expect(",\"group\":")?;
    let group = cursor.suite_string()?;
    if group != "Ed25519" {
        return Err(Refusal::Unsupported(format!("the group {group}")));
    }
    cursor.expect(",\"public_key\":")?;
    let key = cursor.point()?;
    cursor.expect(",\"questions\":[")?;
    let mut questions = Vec::new();
    loop {
        questions.push(read_question(&mut cursor, profile, notes)?);
        if !cursor.take(",") {
            break;
        }
    }
    cursor.expect("]")?;
    cursor.expect(",\"uuid\":")?;
    let uuid = cursor.plain(64)?;
    if uuid.len() < 14 || !uuid.bytes().all(is_base58) {
        return Err(bad("the uuid is not 14 to 64 characters of Base58"));
    }
    for field in [",\"administrator\":", ",\"credential_authority\":"] {
        if cursor.take(field) {
            cursor.suite_string()?;
        }
    }
    if cursor.take(",\"language\":") {
        if profile == ArchiveProfile::Strict {
            return Err(bad("a field `language`: the profile `compatible` accepts it"));
        }
        read_language(&mut cursor)?;
        notes.add(NoteKind::Language, 1);
    }
    cursor.expect("}")?;
    cursor.end()?;
    let key = key
        .decode_not_neutral()
        .map_err(|error| bad(format!("the election key is {error}")))?;
    Ok(Definition {
        election: Election {
            uuid: uuid.to_owned(),
            fingerprint: fingerprint(record),
            questions,
            key: EncryptionKey::new(key),
        },
        name,
        key,
    })
}

fn read_question(
    cursor: &mut Cursor<'_>,
    profile: ArchiveProfile,
    notes: &mut Notes,
) -> Result<Question, Refusal> {
    if cursor.take("{\"type\":") {
        let kind = cursor.suite_string()?;
        return Err(Refusal::Unsupported(format!("questions of the kind {kind}")));
    }
    cursor.expect("{\"answers\":")?;
    let answers = cursor.array(usize::MAX, Cursor::suite_string)?;
    let mut blank = cursor.take(",\"blank\":");
    if blank && !cursor.bool()? {
        if profile == ArchiveProfile::Strict {
            return Err(bad("`\"blank\":false`: the profile `compatible` accepts it"));
        }
        blank = false;
        notes.add(NoteKind::BlankFalse, 1);
    }
    cursor.expect(",\"min\":")?;
    let min = cursor.integer(MAX_SMALL)?;
    cursor.expect(",\"max\":")?;
    let max = cursor.integer(MAX_SMALL)?;
    cursor.expect(",\"question\":")?;
    let question = cursor.suite_string()?;
    cursor.expect("}")?;
    if answers.is_empty() || max == 0 || min > max || max > answers.len() as u64 {
        return Err(bad(
            "a question without answers, or whose min and max are not those of its answers",
        ));
    }
    Ok(Question {
        question,
        answers,
        blank,
        min,
        max,
    })
}

/// `s`, `[s,s]` or `[s,[s]]`.
fn read_language(cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
    if !cursor.take("[") {
        cursor.suite_string()?;
        return Ok(());
    }
    cursor.suite_string()?;
    cursor.expect(",")?;
    let nested = cursor.take("[");
    cursor.suite_string()?;
    if nested {
        cursor.expect("]")?;
    }
    cursor.expect("]")
}

fn is_base58(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l')
}

/// The trustees of an archive.
pub(super) struct Trustees {
    /// In the order of their numbers, which begin at 1.
    pub(super) owners: Vec<Owner>,
    /// Members of the block that are needed; 0 without a block.
    pub(super) threshold: usize,
}

pub(super) struct Owner {
    pub(super) trustee: Trustee,
    /// The place in the threshold block, from 1; `None` for a Single.
    pub(super) slot: Option<u16>,
}

/// Reads the trustees, whose election key must be `key`. Spec: specs/ballot-suite.md §6.
pub(super) fn read_trustees(
    record: &[u8],
    key: &EdwardsPoint,
    profile: ArchiveProfile,
    notes: &mut Notes,
) -> Result<Trustees, Refusal> {
    let mut cursor = Cursor::new(record);
    let mut trustees = Trustees {
        owners: Vec::new(),
        threshold: 0,
    };
    let mut sum = EdwardsPoint::identity();
    cursor.expect("[")?;
    loop {
        if cursor.take("[\"Single\",") {
            let compatible = profile == ArchiveProfile::Compatible;
            let (trustee, _) = Trustee::read(&mut cursor, false, compatible).map_err(wrong_key)?;
            if trustee.point.is_identity() {
                notes.add(NoteKind::Neutral, 1);
            }
            sum += trustee.point;
            trustees.owners.push(Owner { trustee, slot: None });
        } else {
            cursor.expect("[\"Pedersen\",")?;
            sum += read_block(&mut cursor, profile, notes, &mut trustees)?;
        }
        cursor.expect("]")?;
        if trustees.owners.len() > MAX_OWNERS {
            return Err(bad(format!("more than {MAX_OWNERS} trustees")));
        }
        // A block comes last.
        if trustees.threshold > 0 || !cursor.take(",") {
            break;
        }
    }
    cursor.expect("]")?;
    cursor.end()?;
    let keys: BTreeSet<PointBytes> = trustees.owners.iter().map(|owner| owner.trustee.public).collect();
    if keys.len() != trustees.owners.len() {
        return Err(Refusal::Bad(
            Some("trustee.record"),
            "two trustees have the same public key".to_owned(),
        ));
    }
    if sum != *key {
        return Err(Refusal::Bad(
            Some("trustee.record"),
            "the election key is not the sum of the trustees' keys".to_owned(),
        ));
    }
    Ok(trustees)
}

fn wrong_key(error: impl std::fmt::Display) -> Refusal {
    Refusal::Bad(Some("trustee.key"), error.to_string())
}

/// Reads a threshold block, adds its members and returns its sub-key. Spec: specs/ballot-suite.md §6.3, §6.4.
fn read_block(
    cursor: &mut Cursor<'_>,
    profile: ArchiveProfile,
    notes: &mut Notes,
    trustees: &mut Trustees,
) -> Result<EdwardsPoint, Refusal> {
    cursor.expect("{\"threshold\":")?;
    let threshold = cursor.integer(MAX_MEMBERS as u64)?;
    cursor.expect(",\"certs\":")?;
    let certificates = cursor.array(MAX_MEMBERS, signed_message)?;
    let members = certificates.len();
    cursor.expect(",\"coefexps\":")?;
    let coefficients = cursor.array_of(members, signed_message)?;
    cursor.expect(",\"signatures\":")?;
    let signatures = cursor.array_of(members, Proof::parse)?;
    cursor.expect(",\"verification_keys\":[")?;
    let threshold = usize::try_from(threshold).unwrap_or(usize::MAX);
    if threshold == 0 || threshold > members {
        return Err(bad("a threshold of none or of more than there are members"));
    }
    let numbers = Numbers {
        attempt: 0,
        members,
        threshold,
    };
    let certificates = certificates
        .iter()
        .zip(1u16..)
        .map(|(bytes, index)| Certificate::verify(bytes, numbers, index))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong_key)?;
    let coefficients = coefficients
        .iter()
        .zip(&certificates)
        .map(|(bytes, certificate)| Coefficients::verify(bytes, numbers, certificate))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong_key)?;
    let signers: BTreeSet<PointBytes> = certificates.iter().map(|c| c.verification).collect();
    if signers.len() != members {
        return Err(Refusal::Bad(
            Some("trustee.key"),
            "two members have the same verification key".to_owned(),
        ));
    }
    let certificates: Vec<&Certificate> = certificates.iter().collect();
    let coefficients: Vec<&Coefficients> = coefficients.iter().collect();
    let mut signed_keys = 0;
    for (index, vouches) in (1u16..).zip(&signatures) {
        if index > 1 {
            cursor.expect(",")?;
        }
        let (trustee, of_key) = read_member(cursor, profile)?;
        signed_keys += usize::from(of_key.is_some());
        confirm(
            &trustee,
            of_key.as_ref(),
            vouches,
            index,
            &certificates,
            &coefficients,
        )
        .map_err(wrong_key)?;
        trustees.owners.push(Owner {
            trustee,
            slot: Some(index),
        });
    }
    cursor.expect("]}")?;
    if signed_keys != members {
        if signed_keys > 0 {
            return Err(wrong_key("only some of the verification keys are signed"));
        }
        notes.add(NoteKind::UnsignedKey, members as u64);
    }
    trustees.threshold = threshold;
    Ok(common_key(&coefficients))
}

/// A verification key. Without its signature only in the compatible profile.
fn read_member(
    cursor: &mut Cursor<'_>,
    profile: ArchiveProfile,
) -> Result<(Trustee, Option<Proof>), Refusal> {
    let start = cursor.clone();
    match Trustee::read(cursor, true, false) {
        Ok(member) => Ok(member),
        Err(_) if profile == ArchiveProfile::Compatible => {
            *cursor = start;
            Trustee::read(cursor, false, false).map_err(wrong_key)
        }
        Err(error) => Err(wrong_key(error)),
    }
}

/// The bytes of `{"message":s,"signature":proof}`. Spec: specs/ballot-suite.md §6.3.
fn signed_message<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], JsonError> {
    let start = cursor.position();
    cursor.expect("{\"message\":")?;
    cursor.suite_string()?;
    cursor.expect(",\"signature\":")?;
    Proof::parse(cursor)?;
    cursor.expect("}")?;
    Ok(cursor.since(start))
}

/// The weight of each credential. Spec: specs/ballot-suite.md §5.1.
pub(super) fn read_credentials(
    record: &[u8],
    profile: ArchiveProfile,
    notes: &mut Notes,
) -> Result<HashMap<PointBytes, u64>, Refusal> {
    let mut cursor = Cursor::new(record);
    let mut total = 0u64;
    let mut last: Option<PointBytes> = None;
    let items = cursor.array(usize::MAX, |cursor| {
        let text = cursor.plain(64 + 1 + 20)?;
        let (point, weight) = text.split_once(',').map_or((text, Some(1)), |(point, weight)| {
            (point, crate::note::decimal(weight).filter(|weight| *weight > 0))
        });
        let point = PointBytes::from_text(point).ok_or_else(|| cursor.error("a canonical point"))?;
        let weight = weight.ok_or_else(|| cursor.error("a weight of at least 1"))?;
        total = total.saturating_add(weight);
        if total > MAX_WEIGHT {
            return Err(cursor.error("a total weight of at most 2^40"));
        }
        if last.is_some_and(|last| last >= point) {
            return Err(cursor.error("credentials in strictly ascending order"));
        }
        last = Some(point);
        Ok((point, weight))
    })?;
    cursor.end()?;
    let neutral_allowed = profile == ArchiveProfile::Compatible;
    let credentials: Vec<PointBytes> = items.iter().map(|(credential, _)| *credential).collect();
    if let Err(error) = all_credentials_valid(&credentials, neutral_allowed, Method::quickest()) {
        return Err(bad(error));
    }
    let neutral = items
        .iter()
        .filter(|(credential, _)| credential.is_neutral())
        .count();
    notes.add(NoteKind::Neutral, neutral as u64);
    Ok(items.into_iter().collect())
}
