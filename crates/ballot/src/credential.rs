//! Credentials: the voter's secret, the codes that a registrar can issue, and the public list of an election.
//!
//! Spec: specs/ballot-suite.md §5.

use crate::election::{BASE58, Uuid};
use crate::group::{Point, PointError};
use crate::hash;
use crate::json::{self, JsonError};
use crate::scalar::{ScalarError, SecretScalar};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use rand::CryptoRng;
use rayon::prelude::*;
use std::fmt;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Greatest total weight of a list.
pub const MAX_TOTAL_WEIGHT: u64 = 1 << 40;

/// Why a credential or a list of credentials is not acceptable. Whoever wrote it is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The code is not 22 Base58 characters in groups of 5, 6, 5 and 6.
    #[error("not a credential code")]
    Code,
    /// The secret scalar is not acceptable.
    #[error("credential secret: {0}")]
    Secret(#[from] ScalarError),
    /// The list is not canonical JSON.
    #[error("credential list: {0}")]
    Json(#[from] JsonError),
    /// An entry is not an element of the group, or neutral; counted from 0.
    #[error("credential list: entry {index}: {error}")]
    Point {
        /// Position of the entry, from 0.
        index: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// An entry's weight is not a canonical number from 1 on, or the total passes 2^40; counted from 0.
    #[error("credential list: entry {index}: weight")]
    Weight {
        /// Position of the entry, from 0.
        index: usize,
    },
    /// An entry is not after the one before it; counted from 0.
    #[error("credential list: entry {index} is out of order or repeated")]
    Order {
        /// Position of the entry, from 0.
        index: usize,
    },
}

/// A voter's credential: a secret scalar and the public element that goes on the list.
#[derive(Clone)]
pub struct Credential {
    secret: SecretScalar,
    public: Point,
}

impl Credential {
    /// Draws a credential, as a voter's device does.
    #[must_use]
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::from_nonzero(SecretScalar::random(rng))
    }

    /// The credential of a stored secret: 32 bytes, least significant first.
    ///
    /// # Errors
    /// [`CredentialError::Secret`] unless the number is below the group order and not zero.
    pub fn from_le_bytes(bytes: &[u8; 32]) -> Result<Self, CredentialError> {
        Ok(Self::from_nonzero(SecretScalar::from_le_bytes(bytes)?))
    }

    /// The credential that an issued code stands for in an election.
    #[must_use]
    pub fn from_code(code: &CredentialCode, uuid: &Uuid) -> Self {
        let half = |index: char| {
            let text = Zeroizing::new(format!(
                "derive_credential|{}|{index}|{}",
                uuid.as_str(),
                code.expose()
            ));
            Zeroizing::new(hash::sha256(text.as_bytes()))
        };
        // The two digests are one big-endian number; the library reads little-endian.
        let mut wide = Zeroizing::new([0u8; 64]);
        wide[..32].copy_from_slice(half('0').as_slice());
        wide[32..].copy_from_slice(half('1').as_slice());
        wide.reverse();
        Self::from_nonzero(SecretScalar::new(Scalar::from_bytes_mod_order_wide(&wide)))
    }

    /// The public credential.
    #[must_use]
    pub fn public(&self) -> &Point {
        &self.public
    }

    /// The secret: 32 bytes, least significant first, to be stored in a protected place.
    #[must_use]
    pub fn expose_le_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.secret.expose_le_bytes()
    }

    pub(crate) fn secret(&self) -> &SecretScalar {
        &self.secret
    }

    /// A uniform or hashed scalar is zero with probability 2^-252; a ballot under such a credential would be refused.
    fn from_nonzero(secret: SecretScalar) -> Self {
        let public = Point::from_inner(EdwardsPoint::mul_base(secret.expose()));
        Self { secret, public }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(redacted)")
    }
}

/// A printable credential code: 22 Base58 characters, written 5-6-5-6 with dashes.
///
/// Spec: specs/ballot-suite.md §5.2.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct CredentialCode(String);

impl CredentialCode {
    /// Draws a code.
    #[must_use]
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut code = String::with_capacity(CODE_CHARS);
        let mut byte = Zeroizing::new([0u8; 1]);
        while code.len() < CODE_CHARS {
            if DASHES.contains(&code.len()) {
                code.push('-');
            }
            // 232 = 4·58: the bytes above would favour the first characters.
            rng.fill_bytes(byte.as_mut_slice());
            if byte[0] < 232 {
                code.push(char::from(BASE58[usize::from(byte[0] % 58)]));
            }
        }
        Self(code)
    }

    /// Reads a code.
    ///
    /// # Errors
    /// [`CredentialError::Code`].
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let good = text.len() == CODE_CHARS
            && text.bytes().enumerate().all(|(i, b)| {
                if DASHES.contains(&i) {
                    b == b'-'
                } else {
                    BASE58.contains(&b)
                }
            });
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(CredentialError::Code)
        }
    }

    /// The code as it is printed for the voter.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CredentialCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialCode(redacted)")
    }
}

/// One line of a credential list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedCredential {
    /// The public credential, not neutral.
    pub public: Point,
    /// The weight as written; absent stands for 1.
    pub explicit_weight: Option<u64>,
}

impl ListedCredential {
    /// The weight, at least 1.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.explicit_weight.unwrap_or(1)
    }
}

/// The public credentials of an election, sorted and distinct, with the record's exact bytes.
///
/// Spec: specs/ballot-suite.md §5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialList {
    json: String,
    entries: Vec<ListedCredential>,
    total_weight: u64,
}

impl CredentialList {
    /// Sorts public credentials into a list without weights.
    ///
    /// # Errors
    /// [`CredentialError::Point`] for the neutral element, [`CredentialError::Order`] for a repeated credential; positions
    /// are those after sorting.
    pub fn build(mut credentials: Vec<Point>) -> Result<Self, CredentialError> {
        credentials.sort_unstable();
        for (index, point) in credentials.iter().enumerate() {
            point
                .refuse_neutral()
                .map_err(|error| CredentialError::Point { index, error })?;
        }
        if let Some(index) = credentials.windows(2).position(|pair| pair[0] == pair[1]) {
            return Err(CredentialError::Order { index: index + 1 });
        }
        let texts: Vec<String> = credentials.iter().map(Point::text).collect();
        Ok(Self {
            json: json::write(&texts),
            total_weight: credentials.len() as u64,
            entries: credentials
                .into_iter()
                .map(|public| ListedCredential {
                    public,
                    explicit_weight: None,
                })
                .collect(),
        })
    }

    /// Reads a list, strictly. An empty list is well formed. Uses all processors.
    ///
    /// # Errors
    /// [`CredentialError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CredentialError> {
        Self::read(bytes, Point::from_text)
    }

    /// Reads a list that this process or its ledger has read strictly before: as strict as [`CredentialList::parse`],
    /// but membership in the subgroup is not checked.
    ///
    /// # Errors
    /// [`CredentialError`].
    pub fn danger_from_recorded(bytes: &[u8]) -> Result<Self, CredentialError> {
        Self::read(bytes, Point::danger_from_checked_text)
    }

    fn read(bytes: &[u8], point: fn(&str) -> Result<Point, PointError>) -> Result<Self, CredentialError> {
        let texts: Vec<String> = json::parse(bytes)?;
        let mut entries: Vec<ListedCredential> = Vec::with_capacity(texts.len());
        let mut total_weight = 0u64;
        let decoded: Vec<Result<ListedCredential, CredentialError>> = texts
            .par_iter()
            .enumerate()
            .map(|(index, text)| parse_entry(index, text, point))
            .collect();
        for (index, entry) in decoded.into_iter().enumerate() {
            let entry = entry?;
            let public = entry.public;
            if entries.last().is_some_and(|before| before.public >= public) {
                return Err(CredentialError::Order { index });
            }
            total_weight += entry.weight();
            if total_weight > MAX_TOTAL_WEIGHT {
                return Err(CredentialError::Weight { index });
            }
            entries.push(entry);
        }
        let json = String::from_utf8(bytes.to_vec()).map_err(|_| JsonError::Shape)?;
        Ok(Self {
            json,
            entries,
            total_weight,
        })
    }

    /// The exact record.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The entries, in the order of their encodings.
    #[must_use]
    pub fn entries(&self) -> &[ListedCredential] {
        &self.entries
    }

    /// Whether any entry carries a weight.
    #[must_use]
    pub fn has_weights(&self) -> bool {
        self.entries.iter().any(|entry| entry.explicit_weight.is_some())
    }

    /// The sum of all weights, at most [`MAX_TOTAL_WEIGHT`].
    #[must_use]
    pub fn total_weight(&self) -> u64 {
        self.total_weight
    }

    /// The entry of a public credential, by its 32-byte encoding.
    #[must_use]
    pub fn find(&self, credential: &[u8; 32]) -> Option<&ListedCredential> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.public.as_bytes().cmp(credential))
            .ok()?;
        self.entries.get(at)
    }
}

const CODE_CHARS: usize = 25;
const DASHES: [usize; 3] = [5, 12, 18];

fn parse_entry(
    index: usize,
    text: &str,
    point: fn(&str) -> Result<Point, PointError>,
) -> Result<ListedCredential, CredentialError> {
    let (text, weight) = match text.split_once(',') {
        Some((text, weight)) => (text, Some(weight)),
        None => (text, None),
    };
    let public = point(text)
        .and_then(Point::refuse_neutral)
        .map_err(|error| CredentialError::Point { index, error })?;
    let explicit_weight = match weight {
        Some(digits) => Some(parse_weight(digits).ok_or(CredentialError::Weight { index })?),
        None => None,
    };
    Ok(ListedCredential {
        public,
        explicit_weight,
    })
}

fn parse_weight(digits: &str) -> Option<u64> {
    let weight: u64 = digits.parse().ok()?;
    ((1..=MAX_TOTAL_WEIGHT).contains(&weight) && weight.to_string() == digits).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar;

    fn point(n: u64) -> Point {
        Point::from_inner(EdwardsPoint::mul_base(&Scalar::from(n)))
    }

    #[test]
    fn issued_code() {
        let code = CredentialCode::parse("4HoQq-U55Fse-6yMUN-MGNwG1").unwrap();
        let credential = Credential::from_code(&code, &Uuid::parse("12345678abcdEF").unwrap());
        assert_eq!(
            scalar::to_decimal(credential.secret().expose()),
            "6823724078035076416664655591088006157609870577257517624843148717780175300973"
        );
        assert_eq!(
            credential.public().text(),
            "e9e224a55fee0639b95e61b6d621e1a7cc46de64ad697f7e02a10a6b079cb41c"
        );
        let stored = Credential::from_le_bytes(&credential.expose_le_bytes()).unwrap();
        assert_eq!(stored.public(), credential.public());
        assert!(!format!("{credential:?} {code:?}").contains("4HoQq"));
    }

    #[test]
    fn codes() {
        let mut rng = rand::rng();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let code = CredentialCode::random(&mut rng);
            assert!(CredentialCode::parse(code.expose()).is_ok(), "{}", code.expose());
            seen.extend(code.expose().bytes());
        }
        assert_eq!(seen.len(), 59, "all characters and the dash turn up");
        for bad in [
            "",
            "4HoQqU55Fse6yMUNMGNwG1",
            "4HoQq-U55Fse-6yMUN-MGNwG0",
            "4HoQq-U55Fse-6yMUN-MGNwG1 ",
            "éééééééééééé1",
        ] {
            assert_eq!(CredentialCode::parse(bad).unwrap_err(), CredentialError::Code);
        }
    }

    #[test]
    fn lists() {
        let list = CredentialList::build((1..20).map(point).collect()).unwrap();
        let read = CredentialList::parse(list.json().as_bytes()).unwrap();
        assert_eq!(read, list);
        assert_eq!(list.total_weight(), 19);
        assert!(!list.has_weights());
        assert!(list.find(point(7).as_bytes()).is_some());
        assert!(list.find(point(20).as_bytes()).is_none());
        assert!(CredentialList::parse(b"[]").unwrap().entries().is_empty());
        assert_eq!(CredentialList::build(vec![]).unwrap().json(), "[]");
        assert_eq!(
            CredentialList::build(vec![point(1), point(2), point(1)]).unwrap_err(),
            CredentialError::Order {
                index: if point(1) < point(2) { 1 } else { 2 }
            }
        );
        assert!(CredentialList::build(vec![Point::neutral()]).is_err());
    }

    #[test]
    fn lists_refused() {
        let mut points = [point(1), point(2)];
        points.sort();
        let [a, b] = points.map(|p| p.text());
        let parse = |json: String| CredentialList::parse(json.as_bytes());
        assert!(parse(format!("[\"{a}\",\"{b}\"]")).is_ok());
        assert_eq!(
            parse(format!("[\"{b}\",\"{a}\"]")),
            Err(CredentialError::Order { index: 1 })
        );
        assert_eq!(
            parse(format!("[\"{a}\",\"{a},2\"]")),
            Err(CredentialError::Order { index: 1 })
        );
        assert_eq!(
            parse(format!("[\"{a}\", \"{b}\"]")),
            Err(JsonError::NotCanonical.into())
        );
        for bad in [
            "",
            "0",
            "01",
            "+1",
            "-1",
            "1,2",
            "1099511627777",
            "99999999999999999999999",
        ] {
            assert_eq!(
                parse(format!("[\"{a},{bad}\"]")),
                Err(CredentialError::Weight { index: 0 }),
                "{bad}"
            );
        }
        let full = parse(format!("[\"{a},1099511627776\"]")).unwrap();
        assert_eq!(full.entries()[0].weight(), MAX_TOTAL_WEIGHT);
        assert!(full.has_weights());
        let over = parse(format!("[\"{a},1099511627776\",\"{b}\"]"));
        assert_eq!(over, Err(CredentialError::Weight { index: 1 }));
        let neutral = parse(format!("[\"{}\"]", Point::neutral().text()));
        assert_eq!(
            neutral,
            Err(CredentialError::Point {
                index: 0,
                error: PointError::Neutral
            })
        );
    }
}
