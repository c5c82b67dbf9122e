//! Shares on their way from a dealer to a recipient: HPKE under a key that lives for one attempt.
//!
//! Spec: specs/election.md §7.2, §7.4, §7.7; RFC 9180, RFC 7748.

use super::{Attempt, Coefficients};
use crate::scalar;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng,
};
use rand::CryptoRng;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of a sealed share: 32 of encapsulated key, 32 of scalar, 16 of authentication.
pub const SEALED_SHARE_BYTES: usize = 80;

const ENCAPSULATED_BYTES: usize = 32;

/// Why 32 bytes are no channel key. Whoever made them is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChannelKeyError {
    /// Not below 2^255 − 19.
    #[error("the channel key is not canonical")]
    NotCanonical,
    /// Every secret would agree on the same value.
    #[error("the channel key is of low order")]
    LowOrder,
}

/// An X25519 public key: canonical, not of low order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelKey([u8; 32]);

impl ChannelKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`ChannelKeyError`].
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, ChannelKeyError> {
        if !is_canonical(&bytes) {
            return Err(ChannelKeyError::NotCanonical);
        }
        // A clamped scalar is a multiple of 8: the product is zero exactly for points of low order.
        if MontgomeryPoint(bytes).mul_clamped([1; 32]).0 == [0; 32] {
            return Err(ChannelKeyError::LowOrder);
        }
        Ok(Self(bytes))
    }

    /// The 32 bytes of RFC 7748.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The secret of a [`ChannelKey`], for one attempt only.
#[derive(Clone)]
pub struct ChannelSecret(Zeroizing<[u8; 32]>);

impl ChannelSecret {
    /// Draws a secret.
    #[must_use]
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut());
        Self(bytes)
    }

    /// A stored or disclosed secret.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The 32 bytes, to be stored in a protected place, or disclosed with a complaint.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> ChannelKey {
        ChannelKey(MontgomeryPoint::mul_base_clamped(*self.0).0)
    }
}

impl fmt::Debug for ChannelSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChannelSecret(..)")
    }
}

/// A share, encrypted for its recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedShare([u8; SEALED_SHARE_BYTES]);

/// Why a share cannot be accepted. The dealer is at fault, unless the recipient uses another secret than that of its channel key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShareError {
    /// Not 80 bytes.
    #[error("the sealed share has not 80 bytes")]
    Length,
    /// It does not open.
    #[error("the share does not open")]
    Sealed,
    /// Its content is not a scalar.
    #[error("the share is not a scalar")]
    Scalar,
    /// It is not on the dealer's polynomial.
    #[error("the share does not follow from the dealer's coefficients")]
    Polynomial,
}

impl SealedShare {
    /// Encrypts the share of `recipient` from `dealer`.
    pub(super) fn seal<R: CryptoRng>(
        attempt: &Attempt,
        dealer: u16,
        recipient: u16,
        key: &ChannelKey,
        share: &Scalar,
        rng: &mut R,
    ) -> Result<Self, ShareError> {
        let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&key.0).map_err(|_| ShareError::Sealed)?;
        let plain = Zeroizing::new(share.to_bytes());
        let (encapsulated, sealed) =
            single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &key,
                &info(attempt, dealer, recipient),
                plain.as_ref(),
                &[],
                rng,
            )
            .map_err(|_| ShareError::Sealed)?;
        Self::parse(&[encapsulated.to_bytes().as_slice(), &sealed].concat())
    }

    /// Reads a sealed share; what is in it is for the recipient to see.
    ///
    /// # Errors
    /// [`ShareError::Length`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ShareError> {
        bytes.try_into().map(Self).map_err(|_| ShareError::Length)
    }

    /// The 80 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Opens the share of `recipient` from `dealer`, and checks that it is on the dealer's polynomial.
    pub(super) fn open(
        &self,
        attempt: &Attempt,
        dealer: u16,
        recipient: u16,
        secret: &ChannelSecret,
        coefficients: &Coefficients,
    ) -> Result<Zeroizing<Scalar>, ShareError> {
        let (encapsulated, sealed) = self.0.split_at(ENCAPSULATED_BYTES);
        let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(secret.expose())
            .map_err(|_| ShareError::Sealed)?;
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| ShareError::Sealed)?;
        let plain = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            &info(attempt, dealer, recipient),
            sealed,
            &[],
        )
        .map(Zeroizing::new)
        .map_err(|_| ShareError::Sealed)?;
        let plain: Zeroizing<[u8; 32]> =
            Zeroizing::new(plain.as_slice().try_into().map_err(|_| ShareError::Scalar)?);
        let share = scalar::from_le_bytes(&plain)
            .map(Zeroizing::new)
            .map_err(|_| ShareError::Scalar)?;
        if EdwardsPoint::mul_base(&share) == coefficients.share_key(recipient) {
            Ok(share)
        } else {
            Err(ShareError::Polynomial)
        }
    }
}

/// Whose fault a complaint shows. Spec: specs/election.md §7.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The dealer's: the share cannot be accepted.
    Dealer(ShareError),
    /// The complaining trustee's: the share is good.
    Complainer,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dealer(error) => write!(f, "the dealer is at fault: {error}"),
            Self::Complainer => f.write_str("the complaining trustee is at fault: the share is in order"),
        }
    }
}

/// Judges the complaint of `recipient` against `dealer` by the channel secret that it disclosed.
#[must_use]
pub fn judge(
    attempt: &Attempt,
    dealer: u16,
    recipient: u16,
    disclosed: &ChannelSecret,
    share: &SealedShare,
    coefficients: &Coefficients,
) -> Fault {
    match share.open(attempt, dealer, recipient, disclosed, coefficients) {
        Ok(_) => Fault::Complainer,
        Err(error) => Fault::Dealer(error),
    }
}

fn info(attempt: &Attempt, dealer: u16, recipient: u16) -> Vec<u8> {
    [
        b"sijill/share/v1\n".as_slice(),
        &attempt.event,
        &attempt.number.to_be_bytes(),
        &dealer.to_be_bytes(),
        &recipient.to_be_bytes(),
    ]
    .concat()
}

/// Below 2^255 − 19, least significant byte first.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    *last < 0x7f || (*last == 0x7f && (*first < 0xed || middle.iter().any(|byte| *byte != 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seven points of low order, of which five are canonical (RFC 7748 §6.1 tells to look for the zero that they lead to).
    #[test]
    fn keys_that_are_refused() {
        let mut p = [0xff; 32];
        (p[0], p[31]) = (0xed, 0x7f);
        let plus = |n: u8| {
            let mut bytes = p;
            bytes[0] += n;
            bytes
        };
        let mut minus_one = p;
        minus_one[0] -= 1;
        let mut one = [0; 32];
        one[0] = 1;
        let order_8 = [
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        ]
        .map(|text| <[u8; 32]>::try_from(hex::decode(text).unwrap()).unwrap());
        for low in [[0; 32], one, minus_one, order_8[0], order_8[1]] {
            assert_eq!(ChannelKey::from_bytes(low), Err(ChannelKeyError::LowOrder));
        }
        let mut sign = [0; 32];
        (sign[0], sign[31]) = (9, 0x80);
        for spelling in [p, plus(1), plus(9), [0xff; 32], sign] {
            assert_eq!(
                ChannelKey::from_bytes(spelling),
                Err(ChannelKeyError::NotCanonical)
            );
        }
        let mut base = [0; 32];
        base[0] = 9;
        assert!(ChannelKey::from_bytes(base).is_ok());
    }

    /// RFC 9180 §A.2.1: base mode of this very suite.
    #[test]
    fn rfc_9180() {
        let unhex = |text: &str| hex::decode(text).unwrap();
        let secret = unhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
        let encapsulated = unhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
        let sealed = unhex(
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        );
        let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&secret).unwrap();
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&encapsulated).unwrap();
        let plain = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            &unhex("4f6465206f6e2061204772656369616e2055726e"),
            &sealed,
            &unhex("436f756e742d30"),
        );
        assert_eq!(plain.unwrap(), b"Beauty is truth, truth beauty");
    }
}
