//! Keys of trustees, the record of single trustees, and credential lists.
//!
//! Spec: specs/ballot-suite.md §5.1, §6.1, §6.2, §6.5.

use curve25519_dalek::edwards::EdwardsPoint;
use rayon::prelude::*;
use thiserror::Error;

use crate::json::{Cursor, JsonError};
use crate::suite::checker::Method;
use crate::suite::group::{PointBytes, PointError};
use crate::suite::order::have_prime_order;
use crate::suite::proof::Proof;

/// Why a trustee's record was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum TrusteeError {
    #[error("the record is not canonical: {0}")]
    Form(#[from] JsonError),
    #[error("the public key is {0}")]
    Key(#[from] PointError),
    #[error("the proof of knowledge does not hold")]
    Proof,
}

/// A single trustee whose proof of knowledge holds.
#[derive(Debug, Clone)]
pub(crate) struct Trustee {
    pub(crate) name: Option<String>,
    pub(crate) public: PointBytes,
    pub(crate) point: EdwardsPoint,
}

impl Trustee {
    /// Reads and verifies `{"pok":proof,"public_key":G,"name":s?}`; a field `signature` is refused. Spec: specs/ballot-suite.md §6.2.
    pub(crate) fn verify(record: &[u8]) -> Result<Trustee, TrusteeError> {
        let mut cursor = Cursor::new(record);
        let trustee = Trustee::parse(&mut cursor)?;
        cursor.end()?;
        Ok(trustee)
    }

    /// Reads a key of a threshold block, which carries a signature, and hands that out unverified. Spec: specs/ballot-suite.md §6.4.4.
    pub(crate) fn verify_signed(record: &[u8]) -> Result<(Trustee, Proof), TrusteeError> {
        let mut cursor = Cursor::new(record);
        let (trustee, signature) = Trustee::read(&mut cursor, true, false)?;
        cursor.end()?;
        Ok((trustee, signature.ok_or(TrusteeError::Proof)?))
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Trustee, TrusteeError> {
        Ok(Trustee::read(cursor, false, false)?.0)
    }

    /// Reads a key with its proof of knowledge, which holds. A signature is there exactly if `signed`; it is handed out unverified.
    pub(crate) fn read(
        cursor: &mut Cursor<'_>,
        signed: bool,
        neutral_allowed: bool,
    ) -> Result<(Trustee, Option<Proof>), TrusteeError> {
        cursor.expect("{\"pok\":")?;
        let proof = Proof::parse(cursor)?;
        cursor.expect(",\"public_key\":")?;
        let public = cursor.point()?;
        let signature = if signed {
            cursor.expect(",\"signature\":")?;
            Some(Proof::parse(cursor)?)
        } else {
            None
        };
        let name = if cursor.take(",\"name\":") {
            Some(cursor.suite_string()?)
        } else {
            None
        };
        cursor.expect("}")?;
        let point = if neutral_allowed {
            public.decode()?
        } else {
            public.decode_not_neutral()?
        };
        let text = public.text();
        if !proof.schnorr_holds(&[b"pok|Ed25519|", text.as_bytes(), b"|"], &point) {
            return Err(TrusteeError::Proof);
        }
        Ok((Trustee { name, public, point }, signature))
    }
}

/// The record of all trustees, from their single records. Spec: specs/election.md §3.2.
pub(crate) fn trustees_record<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = b"[".to_vec();
    for (index, record) in records.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"[\"Single\",");
        out.extend_from_slice(record);
        out.push(b']');
    }
    out.push(b']');
    out
}

/// Reads a credential list without weights: canonical, strictly ascending. Membership is checked by [`all_credentials_valid`].
///
/// Spec: specs/ballot-suite.md §5.1.
pub(crate) fn parse_credentials(bytes: &[u8]) -> Result<Vec<PointBytes>, JsonError> {
    let mut cursor = Cursor::new(bytes);
    let credentials = cursor.array(usize::MAX, Cursor::point)?;
    cursor.end()?;
    if !credentials.is_sorted_by(|a, b| a < b) {
        return Err(cursor.error("credentials in strictly ascending order"));
    }
    Ok(credentials)
}

/// Every credential is a member of the group, and not neutral unless that is allowed; else what is wrong with the first one that is not.
///
/// By any but the plain method their orders are tested together. Spec: specs/verification.md §10.
pub(crate) fn all_credentials_valid(
    credentials: &[PointBytes],
    neutral_allowed: bool,
    method: Method,
) -> Result<(), String> {
    let points: Vec<_> = if method == Method::Plain {
        Vec::new()
    } else {
        credentials
            .par_iter()
            .filter(|credential| neutral_allowed || !credential.is_neutral())
            .filter_map(|credential| Some((*credential, credential.decompress()?)))
            .collect()
    };
    if points.len() == credentials.len() && have_prime_order(&points).into_iter().all(|holds| holds) {
        return Ok(());
    }
    // One by one, which also says which one, and why.
    let first_bad = credentials.par_iter().find_map_first(|credential| {
        let decoded = if neutral_allowed {
            credential.decode()
        } else {
            credential.decode_not_neutral()
        };
        let error = decoded.err()?;
        Some(format!("credential {} is {error}", credential.text()))
    });
    first_bad.map_or(Ok(()), Err)
}
