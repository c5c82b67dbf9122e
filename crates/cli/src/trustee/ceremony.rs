//! A trustee's part in the key ceremony: which message comes next, from a verified folder and the trustee's secrets.
//!
//! The secrets of an attempt are on stable storage before their first message exists, and are never used in another
//! attempt. The decryption secret is not stored: it follows from them and the shares on the ledger.
//!
//! Spec: specs/election.md §7.

use std::path::{Path, PathBuf};

use sijill_ballot::TrusteeSecret;
use sijill_ballot::ceremony::{Attempt, CeremonySecret, ChannelKey, ShareError};
use sijill_engine::keyfile::{KeyFile, Passphrase};
use sijill_registers::election::ceremony::{Ceremony, Phase};
use sijill_registers::election::events::{
    CeremonyComplained, CoefficientsOpened, ElectionEvent, KeyConfirmed, SharesDealt, TrusteeEnrolled,
};

use crate::error::{Failure, Outcome};
use crate::verified::VerifiedFolder;

/// What a trustee does next.
pub(crate) enum Next {
    /// Sends this message.
    Send(Box<ElectionEvent>),
    /// Waits: these trustees have not sent the message of this phase.
    Wait(Phase, Vec<u16>),
    /// Complains: the share of this dealer cannot be accepted.
    Complain(u16, ShareError),
    /// Nothing: somebody complained, and the commission restarts.
    Ended,
    /// Nothing: every key is confirmed, or the trustees are fixed.
    Complete,
}

/// A trustee of an event that holds a ceremony.
pub(crate) struct Member<'a> {
    folder: &'a VerifiedFolder,
    ceremony: &'a Ceremony,
    attempt: Attempt,
    index: u16,
    home: &'a Path,
    passphrase: &'a Passphrase,
}

impl<'a> Member<'a> {
    /// The trustee with this index; `home` is the trustee's folder.
    pub(crate) fn new(
        folder: &'a VerifiedFolder,
        index: u16,
        home: &'a Path,
        passphrase: &'a Passphrase,
    ) -> Outcome<Self> {
        let manifest = folder.manifest()?;
        if !manifest.trustees.hold_a_ceremony() {
            return Err(Failure::refused(
                "the trustees of this event hold no ceremony: all of them are needed for a result",
                "publish your key with `sijill trustee publish`",
            )
            .code("ceremony.none"));
        }
        let ceremony = &folder.facts().ceremony;
        Ok(Self {
            folder,
            ceremony,
            attempt: ceremony.attempt(&folder.event(), manifest),
            index,
            home,
            passphrase,
        })
    }

    /// The message that this trustee sends next, if it is its turn. The same is made again until it stands on the ledger.
    pub(crate) fn next(&self) -> Outcome<Next> {
        if self.folder.facts().trustees.is_some() {
            return Ok(Next::Complete);
        }
        let phase = self.ceremony.phase(self.attempt.members);
        match phase {
            Phase::Complete => return Ok(Next::Complete),
            Phase::Ended => return Ok(Next::Ended),
            _ if self.ceremony.has_sent(phase, self.index) => {
                let missing = (1..=self.attempt.members)
                    .filter(|index| !self.ceremony.has_sent(phase, *index))
                    .collect();
                return Ok(Next::Wait(phase, missing));
            }
            _ => {}
        }
        let mut rng = rand::rng();
        let (attempt, index) = (self.attempt.number, self.index);
        let event = match phase {
            Phase::Enrol => {
                let secret = self.new_secret()?;
                ElectionEvent::TrusteeEnrolled(TrusteeEnrolled {
                    attempt,
                    index,
                    certificate: secret.certificate(&self.attempt, index, &mut rng).into_bytes(),
                    channel_key: *secret.channel_key().as_bytes(),
                    commitment: secret.commitment(&self.attempt, index),
                })
            }
            Phase::Open => {
                let secret = self.secret()?;
                let (salt, coefficients) = secret.opening();
                ElectionEvent::CoefficientsOpened(CoefficientsOpened {
                    attempt,
                    index,
                    salt: *salt,
                    coefficients: coefficients.as_bytes().to_vec(),
                })
            }
            Phase::Deal => {
                let keys: Vec<ChannelKey> =
                    self.ceremony.enrolled().values().map(|e| e.channel_key).collect();
                let shares = self
                    .secret()?
                    .deal(&self.attempt, index, &keys, &mut rng)
                    .map_err(Failure::internal)?;
                ElectionEvent::SharesDealt(SharesDealt {
                    attempt,
                    index,
                    shares: shares.iter().map(|share| share.as_bytes().to_vec()).collect(),
                })
            }
            Phase::Confirm => {
                let secret = self.secret()?;
                let decryption = match self.receive(&secret) {
                    Ok(decryption) => decryption,
                    Err((dealer, error)) => return Ok(Next::Complain(dealer, error)),
                };
                let name = self
                    .folder
                    .manifest()?
                    .trustees
                    .name(index)
                    .ok_or_else(|| Failure::internal("a trustee without a name"))?;
                let (key, signature) = secret
                    .confirm(name, &decryption, &self.ceremony.certificates(), &mut rng)
                    .map_err(Failure::internal)?;
                ElectionEvent::KeyConfirmed(KeyConfirmed {
                    attempt,
                    index,
                    key: key.into_bytes(),
                    signature: signature.into_bytes(),
                })
            }
            Phase::Complete | Phase::Ended => return Ok(Next::Complete),
        };
        Ok(Next::Send(Box::new(event)))
    }

    /// The complaint against a dealer whose share cannot be accepted. Its disclosure ends the attempt.
    pub(crate) fn complain(&self) -> Outcome<(u16, ElectionEvent)> {
        if self.folder.facts().trustees.is_some()
            || self.ceremony.phase(self.attempt.members) != Phase::Confirm
            || self.ceremony.has_sent(Phase::Confirm, self.index)
        {
            return Err(Failure::refused(
                "a complaint is possible only after everybody has dealt, and before you have confirmed",
                "`sijill trustee ceremony status` says how far the ceremony is",
            )
            .code("ceremony.early"));
        }
        let secret = self.secret()?;
        let Err((against, _)) = self.receive(&secret) else {
            return Err(Failure::refused(
                "every share for you is in order: a complaint would be found to be your own fault",
                "run `sijill trustee ceremony next`",
            )
            .code("ceremony.unfounded"));
        };
        let complaint = CeremonyComplained {
            attempt: self.attempt.number,
            index: self.index,
            against,
            channel_secret: *secret.disclose().expose(),
        };
        Ok((against, ElectionEvent::CeremonyComplained(complaint)))
    }

    /// The decryption secret of this trustee, after the ceremony.
    pub(crate) fn decryption_secret(&self) -> Outcome<TrusteeSecret> {
        self.receive(&self.secret()?)
            .map_err(|(_, error)| Failure::internal(error))
    }

    fn receive(&self, secret: &CeremonySecret) -> Result<TrusteeSecret, (u16, ShareError)> {
        let shares = self.ceremony.shares_for(self.index);
        secret.receive(&self.attempt, self.index, &shares, &self.ceremony.coefficients())
    }

    /// Where the secrets of this attempt are kept.
    pub(crate) fn secret_file(&self) -> PathBuf {
        let event = self.folder.event().to_string();
        self.home
            .join(format!("ceremony-{}-{}.key", &event[..16], self.attempt.number))
    }

    /// The secrets of this attempt, drawn and stored if there are none yet.
    fn new_secret(&self) -> Outcome<CeremonySecret> {
        let path = self.secret_file();
        if path.exists() {
            return Ok(KeyFile::load(&path)?.unlock_ceremony(self.passphrase)?);
        }
        let mut rng = rand::rng();
        let secret = CeremonySecret::generate(self.attempt.threshold, &mut rng);
        let label = format!("secrets of a key ceremony, attempt {}", self.attempt.number);
        KeyFile::seal_ceremony(
            &label,
            &secret,
            self.passphrase,
            crate::passphrase::cost(),
            &mut rng,
        )?
        .create(&path)?;
        Ok(secret)
    }

    /// The secrets with which this trustee has enrolled.
    fn secret(&self) -> Outcome<CeremonySecret> {
        let path = self.secret_file();
        let lost = |problem: String| {
            Failure::refused(
                problem,
                "give the folder from which you enrolled. If it is lost, ask the commission to restart the ceremony \
                 (`sijill election restart-ceremony`)",
            ).code("ceremony.secret-lost")
        };
        if !path.exists() {
            return Err(lost(format!(
                "{} is not there: the secrets of this attempt are missing",
                path.display()
            )));
        }
        let secret = KeyFile::load(&path)?.unlock_ceremony(self.passphrase)?;
        let enrolled = self.ceremony.enrolled().get(&self.index);
        let commitment = secret.commitment(&self.attempt, self.index);
        if enrolled.is_some_and(|enrolled| enrolled.commitment == commitment) {
            Ok(secret)
        } else {
            Err(lost(format!(
                "the secrets in {} are not those with which trustee {} has enrolled",
                path.display(),
                self.index
            )))
        }
    }
}

/// What a phase asks of each trustee, for people.
pub(crate) const fn describe(phase: Phase) -> &'static str {
    match phase {
        Phase::Enrol => "enrol",
        Phase::Open => "open the coefficients",
        Phase::Deal => "deal the shares",
        Phase::Confirm => "confirm the key",
        Phase::Complete => "complete",
        Phase::Ended => "ended by a complaint",
    }
}
