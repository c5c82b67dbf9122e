//! The short strings of a ledger: its origin and the scopes of grants.

use core::fmt;
use core::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Why a text is not an origin or a scope. The fault is that of whoever chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Empty, or longer than allowed.
    #[error("between 1 and {max} bytes are allowed, not {found}")]
    Length {
        /// Most bytes allowed.
        max: usize,
        /// Bytes found.
        found: usize,
    },
    /// A character that is not allowed.
    #[error("a character that is not allowed in this name")]
    Character,
    /// An origin that begins or ends with `/`.
    #[error("an origin neither begins nor ends with a slash")]
    Slash,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $max:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Most bytes.
            pub const MAX_BYTES: usize = $max;

            /// Checks and takes the text.
            ///
            /// # Errors
            ///
            /// [`NameError`] if it breaks the rule of the type.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                if text.is_empty() || text.len() > $max {
                    return Err(NameError::Length { max: $max, found: text.len() });
                }
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(&text)?;
                Ok(Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

name! {
    /// The origin of a ledger: 1 to 200 bytes of `a-z 0-9 . / - _`, with no slash at either end.
    /// Spec: specs/ledger.md §3.
    Origin, 200, |text| {
        if !text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'/' | b'-' | b'_')) {
            return Err(NameError::Character);
        }
        if text.starts_with('/') || text.ends_with('/') {
            return Err(NameError::Slash);
        }
        Ok(())
    }
}

name! {
    /// The scope of a grant: 1 to 64 bytes of `a-z 0-9 . - _`. Spec: specs/ledger.md §3.
    Scope, 64, |text| {
        if text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')) {
            Ok(())
        } else {
            Err(NameError::Character)
        }
    }
}

impl Scope {
    /// The scope of a trustee's grant: the decimal index, from 1. Spec: specs/ledger.md §3.2.
    #[must_use]
    pub fn trustee(index: u16) -> Self {
        Self(index.to_string())
    }

    /// The trustee index that this scope spells, if it spells one in its only form.
    #[must_use]
    pub fn as_trustee_index(&self) -> Option<u16> {
        let index = crate::ids::decimal(&self.0)
            .ok()
            .and_then(|n| u16::try_from(n).ok())?;
        (index >= 1).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for good in ["a", "vote.example/2026/box-1_x", &"a".repeat(200)] {
            assert_eq!(Origin::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "/a", "a/", "/", "A", "a b", "é", "a\n", &"a".repeat(201)] {
            assert!(Origin::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn scopes() {
        assert!(Scope::new("district-1.a_b").is_ok());
        for bad in ["", "a/b", "A", &"a".repeat(65)] {
            assert!(Scope::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Scope::trustee(12).as_trustee_index(), Some(12));
        for bad in ["0", "01", "65536", "a", "1.0"] {
            assert_eq!(Scope::new(bad).unwrap().as_trustee_index(), None, "{bad:?}");
        }
    }

    #[test]
    fn decoding_checks_the_rule() {
        let wire = crate::encode("BAD");
        assert!(crate::decode_canonical::<Scope>(&wire).is_err());
        let wire = crate::encode("good");
        assert_eq!(crate::decode_canonical::<Scope>(&wire).unwrap().as_str(), "good");
    }
}
