//! What a trustee's own machine holds and does in one attempt.

use super::{
    Attempt, CeremonyError, Certificate, ChannelKey, ChannelSecret, Coefficients, SealedShare, ShareError,
    commitment, signed_certificates, texts,
};
use crate::group::Point;
use crate::json;
use crate::proof;
use crate::scalar::{ScalarError, SecretScalar};
use crate::threshold::{self, WireCeremony, WireSigned};
use crate::trustee::TrusteeSecret;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use rand::CryptoRng;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

const FORMAT: u8 = 1;

/// Why stored bytes are no secret of a ceremony: the file is damaged, or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("these bytes are no secret of a key ceremony")]
pub struct SecretError;

impl From<ScalarError> for SecretError {
    fn from(_: ScalarError) -> Self {
        Self
    }
}

/// All secrets of a trustee in one attempt. They are drawn before the first message, and drawn anew for every attempt.
#[derive(Clone)]
pub struct CeremonySecret {
    signing: SecretScalar,
    encryption: SecretScalar,
    channel: ChannelSecret,
    salt: Zeroizing<[u8; 32]>,
    /// a_0 … a_{t−1}.
    polynomial: Vec<SecretScalar>,
    /// The signed coefficients, to which the commitment binds byte for byte.
    coefficients: String,
}

impl CeremonySecret {
    /// Draws the secrets for a ceremony of this threshold, 1 to 255.
    #[must_use]
    pub fn generate<R: CryptoRng>(threshold: u16, rng: &mut R) -> Self {
        let polynomial: Vec<SecretScalar> = (0..threshold).map(|_| SecretScalar::random(rng)).collect();
        let signing = SecretScalar::random(rng);
        let points: Vec<Point> = polynomial
            .iter()
            .map(|a| Point::from_inner(EdwardsPoint::mul_base(a.expose())))
            .collect();
        let message = threshold::coefficients_message(texts(&points));
        let coefficients = json::write(&sign(message, &signing, rng));
        let mut salt = Zeroizing::new([0; 32]);
        rng.fill_bytes(salt.as_mut());
        Self {
            encryption: SecretScalar::random(rng),
            channel: ChannelSecret::generate(rng),
            signing,
            salt,
            polynomial,
            coefficients,
        }
    }

    /// The bytes to be stored in a protected place.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Capacity first: a vector that grows leaves copies of secrets behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(
            1 + 32 * (5 + self.polynomial.len()) + self.coefficients.len(),
        ));
        bytes.push(FORMAT);
        bytes.push(u8::try_from(self.polynomial.len()).unwrap_or(u8::MAX));
        for scalar in [&self.signing, &self.encryption]
            .into_iter()
            .chain(&self.polynomial)
        {
            bytes.extend_from_slice(scalar.expose_le_bytes().as_ref());
        }
        bytes.extend_from_slice(self.channel.expose());
        bytes.extend_from_slice(self.salt.as_ref());
        bytes.extend_from_slice(self.coefficients.as_bytes());
        bytes
    }

    /// Stored secrets.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8; 32], SecretError> {
            let (taken, after) = rest.split_first_chunk().ok_or(SecretError)?;
            *rest = after;
            Ok(taken)
        }
        let ([format, threshold], mut rest) = bytes.split_first_chunk().ok_or(SecretError)?;
        if *format != FORMAT || *threshold == 0 {
            return Err(SecretError);
        }
        let signing = SecretScalar::from_le_bytes(take(&mut rest)?)?;
        let encryption = SecretScalar::from_le_bytes(take(&mut rest)?)?;
        let polynomial = (0..*threshold)
            .map(|_| Ok(SecretScalar::from_le_bytes(take(&mut rest)?)?))
            .collect::<Result<_, SecretError>>()?;
        let channel = ChannelSecret::from_bytes(take(&mut rest)?);
        let salt = Zeroizing::new(*take(&mut rest)?);
        let coefficients = std::str::from_utf8(rest).map_err(|_| SecretError)?.to_owned();
        json::parse::<WireSigned>(coefficients.as_bytes()).map_err(|_| SecretError)?;
        Ok(Self {
            signing,
            encryption,
            channel,
            salt,
            polynomial,
            coefficients,
        })
    }

    /// The certificate of this trustee, signed anew at each call.
    #[must_use]
    pub fn certificate<R: CryptoRng>(&self, attempt: &Attempt, index: u16, rng: &mut R) -> String {
        let message = threshold::certificate_message(
            attempt.members.into(),
            attempt.threshold.into(),
            index.into(),
            &public(&self.signing),
            &public(&self.encryption),
        );
        json::write(&sign(message, &self.signing, rng))
    }

    /// The key that the others encrypt this trustee's shares to.
    #[must_use]
    pub fn channel_key(&self) -> ChannelKey {
        self.channel.public()
    }

    /// The commitment to the coefficients.
    #[must_use]
    pub fn commitment(&self, attempt: &Attempt, index: u16) -> [u8; 32] {
        commitment(attempt, index, &self.salt, self.coefficients.as_bytes())
    }

    /// Salt and signed coefficients: what opens the commitment. To be disclosed only after everybody has committed.
    #[must_use]
    pub fn opening(&self) -> (&[u8; 32], &str) {
        (&self.salt, &self.coefficients)
    }

    /// Seals the share of every trustee, in order; `channel_keys` are those of all, this trustee included.
    ///
    /// # Errors
    /// [`ShareError::Sealed`] if a channel key is of low order, which [`ChannelKey`] excludes.
    pub fn deal<R: CryptoRng>(
        &self,
        attempt: &Attempt,
        index: u16,
        channel_keys: &[ChannelKey],
        rng: &mut R,
    ) -> Result<Vec<SealedShare>, ShareError> {
        channel_keys
            .iter()
            .zip(1..)
            .map(|(key, recipient)| {
                let share = Zeroizing::new(self.evaluate(recipient));
                SealedShare::seal(attempt, index, recipient, key, &share, rng)
            })
            .collect()
    }

    /// Opens this trustee's share from every dealer, in order, and adds them up to its decryption secret.
    ///
    /// # Errors
    /// The first dealer, from 1, whose share cannot be accepted, and why: complain against it.
    pub fn receive(
        &self,
        attempt: &Attempt,
        index: u16,
        shares: &[SealedShare],
        coefficients: &[Coefficients],
    ) -> Result<TrusteeSecret, (u16, ShareError)> {
        let mut sum = Zeroizing::new(Scalar::ZERO);
        for ((share, coefficients), dealer) in shares.iter().zip(coefficients).zip(1..) {
            let share = share
                .open(attempt, dealer, index, &self.channel, coefficients)
                .map_err(|error| (dealer, error))?;
            *sum += *share;
        }
        Ok(TrusteeSecret::new(SecretScalar::new(*sum)))
    }

    /// Confirms the ceremony: the key record with `name`, and the signature over all certificates and the own coefficients, as JSON.
    ///
    /// # Errors
    /// [`CeremonyError`] if the name holds U+007F or the own coefficients are not those that were published.
    pub fn confirm<R: CryptoRng>(
        &self,
        name: &str,
        decryption: &TrusteeSecret,
        certificates: &[Certificate],
        rng: &mut R,
    ) -> Result<(String, String), CeremonyError> {
        let points: Vec<Point> = self.polynomial.iter().map(public).collect();
        let ceremony = threshold::ceremony_message(&WireCeremony {
            certs: &signed_certificates(certificates),
            coefexps: &texts(&points),
        });
        let signature = proof::prove_secret(&threshold::signature_prefix(&ceremony), &self.signing, rng);
        let of_key = proof::prove_secret(
            &threshold::signature_prefix(&decryption.public().text()),
            &self.signing,
            rng,
        );
        let key = decryption.publish(Some(name), rng)?.signed(of_key);
        Ok((key.json(), json::write(&signature.to_wire())))
    }

    /// The channel secret, which a complaint discloses. Every secret of this attempt is worthless from then on.
    #[must_use]
    pub fn disclose(&self) -> &ChannelSecret {
        &self.channel
    }

    /// Σ_k recipient^k·a_k by Horner's rule.
    fn evaluate(&self, recipient: u16) -> Scalar {
        let x = Scalar::from(recipient);
        self.polynomial
            .iter()
            .rev()
            .fold(Scalar::ZERO, |sum, a| sum * x + a.expose())
    }
}

impl fmt::Debug for CeremonySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CeremonySecret(..)")
    }
}

fn public(secret: &SecretScalar) -> Point {
    Point::from_inner(EdwardsPoint::mul_base(secret.expose()))
}

fn sign<R: CryptoRng>(message: String, key: &SecretScalar, rng: &mut R) -> WireSigned {
    let signature = proof::prove_secret(&threshold::signature_prefix(&message), key, rng).to_wire();
    WireSigned { message, signature }
}
