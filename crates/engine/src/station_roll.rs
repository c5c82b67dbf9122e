//! The roll of one polling station, sealed, for its own machine: whom it serves, found by their identifier.
//!
//! Spec: specs/station.md §11.3.

use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sijill_ledger::{LedgerId, decode_canonical, encode};
use sijill_registers::names::Name;
use sijill_registers::roll::events::Pseudonym;
use sijill_registers::station::{Listed, Served, VoterList};
use zeroize::Zeroize;

use crate::keyfile::{KdfCost, KeyFile, Passphrase, SealError, UnlockError};
use crate::station_notes::{About, GuestSecret, Note, NotesKey, guest_commitment};

/// Longest identifier, in bytes.
const MAX_IDENTIFIER_BYTES: usize = 256;

/// Why a station's roll cannot be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StationRollError {
    /// Not sorted, twice the same person, or an identifier that is none. The maker's fault.
    #[error("the roll of a station has each person once, with an identifier of 1 to 256 bytes")]
    Lines,
    /// The sealed bytes are of another version, or of another thing.
    #[error("this is not the roll of a station")]
    Form,
    /// It is the roll of another station.
    #[error("this is the roll of station {found}, not of {wanted}; take the kit of this station")]
    OtherStation {
        /// In the file.
        found: LedgerId,
        /// Of this machine.
        wanted: LedgerId,
    },
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// It cannot be unlocked.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
}

/// A voter of the station.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// As the registrar knows them, in the one spelling that the registrar uses.
    pub identifier: String,
    /// On the roll.
    pub pseudonym: Pseudonym,
    /// Where they vote.
    pub district: Name,
    /// Whether they have a credential.
    pub holder: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.identifier.zeroize();
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("pseudonym", &self.pseudonym)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    station: LedgerId,
    registrar: NotesKey,
    guests: GuestSecret,
    voters: Vec<Line>,
}

/// Whom a station serves.
#[derive(Debug)]
pub struct StationRoll {
    station: LedgerId,
    registrar: NotesKey,
    guests: GuestSecret,
    voters: Vec<Line>,
}

impl StationRoll {
    /// Makes the roll of a station.
    ///
    /// # Errors
    /// [`StationRollError::Lines`].
    pub fn new<R: CryptoRng + ?Sized>(
        station: LedgerId,
        registrar: NotesKey,
        mut voters: Vec<Line>,
        rng: &mut R,
    ) -> Result<Self, StationRollError> {
        voters.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        Self {
            station,
            registrar,
            guests: GuestSecret::generate(rng),
            voters,
        }
        .checked()
    }

    fn checked(self) -> Result<Self, StationRollError> {
        let good = self.voters.is_sorted_by(|a, b| a.identifier < b.identifier)
            && self
                .voters
                .iter()
                .all(|v| (1..=MAX_IDENTIFIER_BYTES).contains(&v.identifier.len()));
        if good {
            Ok(self)
        } else {
            Err(StationRollError::Lines)
        }
    }

    /// Seals it under the passphrase of the station.
    ///
    /// # Errors
    /// [`StationRollError::Seal`].
    pub fn seal<R: CryptoRng + ?Sized>(
        &self,
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut R,
    ) -> Result<KeyFile, StationRollError> {
        let mut secret = encode(&Wire {
            station: self.station,
            registrar: self.registrar,
            guests: self.guests.clone(),
            voters: self.voters.clone(),
        });
        let sealed = KeyFile::seal_data("station roll", &secret, passphrase, cost, rng);
        secret.zeroize();
        Ok(sealed?)
    }

    /// Opens the roll of this station.
    ///
    /// # Errors
    /// [`StationRollError`].
    pub fn unlock(
        file: &KeyFile,
        passphrase: &Passphrase,
        station: LedgerId,
    ) -> Result<Self, StationRollError> {
        let secret = file.unlock_data(passphrase)?;
        let wire: Wire = decode_canonical(&secret).map_err(|_| StationRollError::Form)?;
        if wire.station != station {
            return Err(StationRollError::OtherStation {
                found: wire.station,
                wanted: station,
            });
        }
        Self {
            station: wire.station,
            registrar: wire.registrar,
            guests: wire.guests,
            voters: wire.voters,
        }
        .checked()
    }

    /// Whose guests and disputes the notes of the station are sealed for.
    #[must_use]
    pub const fn registrar(&self) -> NotesKey {
        self.registrar
    }

    /// Who is written down as a guest: the note for the registrar.
    #[must_use]
    pub fn guest(&self, identifier: &str) -> Note {
        Note {
            about: About::Guest,
            salt: self.guests.salt(identifier),
            content: identifier.as_bytes().to_vec(),
        }
    }

    /// Under what a person stands in the book of the station, if they do: the pseudonym of somebody on the list, the
    /// commitment to a guest.
    #[must_use]
    pub fn person(&self, identifier: &str) -> [u8; 32] {
        match self.find(identifier) {
            Some(line) => line.pseudonym.0,
            None => guest_commitment(&self.guests.salt(identifier), identifier),
        }
    }

    /// Looks somebody up; `None`: not on the list of this station.
    #[must_use]
    pub fn find(&self, identifier: &str) -> Option<&Line> {
        let at = self
            .voters
            .binary_search_by(|v| v.identifier.as_str().cmp(identifier));
        at.ok().map(|i| &self.voters[i])
    }

    /// Whom it has, ascending.
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.voters.iter().map(|v| v.identifier.as_str())
    }

    /// The list that the ledgers cite.
    ///
    /// # Errors
    /// [`StationRollError::Lines`] if two identifiers are one person.
    pub fn list(&self) -> Result<VoterList, StationRollError> {
        let mut served: std::collections::BTreeMap<&Name, Vec<Listed>> = std::collections::BTreeMap::new();
        for voter in &self.voters {
            served.entry(&voter.district).or_default().push(Listed {
                pseudonym: voter.pseudonym,
                holder: voter.holder,
            });
        }
        let served = served
            .into_iter()
            .map(|(district, mut voters)| {
                voters.sort();
                Served {
                    district: district.clone(),
                    voters,
                }
            })
            .collect();
        VoterList::build(served).map_err(|_| StationRollError::Lines)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::keyfile::RegistrarSecret;
    use crate::station_notes::NotesSecret;

    fn registrar(rng: &mut StdRng) -> NotesKey {
        NotesSecret::new(&RegistrarSecret::generate(rng), LedgerId::from_bytes([9; 32])).public()
    }

    fn lines(n: u64) -> Vec<Line> {
        let line = |i: u64| {
            let mut pseudonym = [0; 32];
            pseudonym[..8].copy_from_slice(&i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
            Line {
                identifier: format!("{:011}", 28_000_000_000 + i),
                pseudonym: Pseudonym(pseudonym),
                district: if i.is_multiple_of(3) { "north" } else { "south" }
                    .parse()
                    .unwrap(),
                holder: i.is_multiple_of(2),
            }
        };
        (0..n).rev().map(line).collect()
    }

    #[test]
    fn fifty_thousand_voters_are_small_sealed_and_found() {
        let station = LedgerId::from_bytes([7; 32]);
        let mut rng = StdRng::seed_from_u64(1);
        let roll = StationRoll::new(station, registrar(&mut rng), lines(50_000), &mut rng).unwrap();
        let passphrase = Passphrase::new("a passphrase of a station".to_owned());
        let file = roll
            .seal(&passphrase, KdfCost::danger_fast_kdf(), &mut rng)
            .unwrap();
        let bytes = file.to_bytes();
        assert!(bytes.len() < 30_000_000, "{} bytes", bytes.len());
        assert!(
            !bytes.windows(8).any(|w| w == b"28000001"),
            "identifiers are sealed"
        );
        let again = StationRoll::unlock(&KeyFile::parse(&bytes).unwrap(), &passphrase, station).unwrap();
        for i in [0_u64, 1, 24_999, 49_999] {
            let line = again.find(&format!("{:011}", 28_000_000_000 + i)).unwrap();
            assert_eq!(line.holder, i % 2 == 0);
        }
        assert!(again.find("28000050000").is_none() && again.find("").is_none());
        // A guest is the same one after the station was unlocked again.
        assert_eq!(again.person("28000050000"), roll.person("28000050000"));
        assert_ne!(again.person("28000050000"), again.person("28000050001"));
        let list = again.list().unwrap();
        assert_eq!(list.count(), 50_000);
        assert_eq!(VoterList::parse(&list.to_bytes()).unwrap(), list);
    }

    #[test]
    fn another_station_another_passphrase_another_file() {
        let station = LedgerId::from_bytes([7; 32]);
        let mut rng = StdRng::seed_from_u64(2);
        let roll = StationRoll::new(station, registrar(&mut rng), lines(3), &mut rng).unwrap();
        let passphrase = Passphrase::new("a passphrase of a station".to_owned());
        let file = roll
            .seal(&passphrase, KdfCost::danger_fast_kdf(), &mut rng)
            .unwrap();
        let other = Passphrase::new("another passphrase".to_owned());
        assert!(matches!(
            StationRoll::unlock(&file, &other, station),
            Err(StationRollError::Unlock(UnlockError::WrongPassphrase))
        ));
        assert!(matches!(
            StationRoll::unlock(&file, &passphrase, LedgerId::from_bytes([8; 32])),
            Err(StationRollError::OtherStation { .. })
        ));
        let data =
            KeyFile::seal_data("x", b"data", &passphrase, KdfCost::danger_fast_kdf(), &mut rng).unwrap();
        assert!(matches!(
            StationRoll::unlock(&data, &passphrase, station),
            Err(StationRollError::Form)
        ));
        let mut twice = lines(2);
        twice.push(twice[0].clone());
        assert!(matches!(
            StationRoll::new(station, roll.registrar(), twice, &mut rng),
            Err(StationRollError::Lines)
        ));
    }
}
