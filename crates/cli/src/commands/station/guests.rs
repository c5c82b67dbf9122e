//! People as the machine of a station knows them: its list, its guests, where they stand in the book.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sijill_engine::keyfile::KeyFile;
use sijill_engine::station_roll::{Line, StationRoll};
use zeroize::Zeroizing;

use super::super::Common;
use super::ROLL;
use crate::acts::station::{self as acts, Machine};
use crate::error::{Failure, Outcome};
use crate::site::{Site, write_file};

/// The sealed list of guests, on the machine of a station.
pub(super) const GUESTS: &str = "guests.sealed";

/// A person as this machine knows them.
pub(super) struct Known {
    pub(super) line: Option<Line>,
    guest: Option<[u8; 32]>,
}

/// Guests by identifier: the random bytes of their commitments.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Guests(pub(super) BTreeMap<String, [u8; 32]>);

impl Guests {
    pub(super) fn load(site: &Site, common: &Common) -> Outcome<Self> {
        let path = site.station().join(GUESTS);
        if !path.exists() {
            return Ok(Self::default());
        }
        let secret = KeyFile::load(&path)?.unlock_data(&common.passphrases().engine()?)?;
        postcard::from_bytes(&secret).map_err(|_| {
            Failure::refused("the list of guests is damaged", "restore the folder `station`")
                .code("station.guests")
        })
    }

    /// # Durability
    /// On stable storage when this returns, before anybody is checked in under it.
    pub(super) fn save(&self, site: &Site, common: &Common) -> Outcome {
        let secret = Zeroizing::new(postcard::to_allocvec(self).map_err(Failure::internal)?);
        let file = KeyFile::seal_data(
            "station guests",
            &secret,
            &common.passphrases().engine()?,
            crate::passphrase::cost(),
            &mut rand::rng(),
        )?;
        write_file(&site.station().join(GUESTS), &file.to_bytes())
    }
}

pub(super) fn known(site: &Site, machine: &Machine, identifier: &str, common: &Common) -> Outcome<Known> {
    let path = site.station().join(ROLL);
    let roll = StationRoll::unlock(
        &KeyFile::load(&path)?,
        &common.passphrases().engine()?,
        machine.ledger,
    )?;
    let line = roll.find(identifier).cloned();
    let guest = match &line {
        Some(_) => None,
        None => Guests::load(site, common)?
            .0
            .get(identifier)
            .map(|salt| acts::guest_commitment(salt, identifier)),
    };
    Ok(Known { line, guest })
}

/// Where somebody stands in the book.
pub(super) struct Served {
    /// Position of the check-in.
    pub(super) check_in: u64,
    /// Position of the paper, and whether it stands.
    pub(super) paper: Option<(u64, bool)>,
}

impl Known {
    pub(super) fn person(&self) -> Option<[u8; 32]> {
        self.line.as_ref().map(|l| l.pseudonym.0).or(self.guest)
    }

    /// Where they stand in the book; none if they are not checked in.
    pub(super) fn served(&self, machine: &Machine) -> Outcome<Option<Served>> {
        let Some(person) = self.person() else {
            return Ok(None);
        };
        Ok(machine.handle()?.with_head(|head| {
            let book = head.state.as_station()?.book();
            let check_in = book.find(&person)?;
            let paper = book.paper_of(check_in).map(|p| (p, book.stands(p)));
            Some(Served { check_in, paper })
        }))
    }
}
