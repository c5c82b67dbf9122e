//! Polling stations of a [`World`]: their officers, lists, papers, and the way of their books to the centre.

use sha2::{Digest, Sha256};
use sijill_ledger::{KeyId, Kind, LedgerId, Ref, SigningKey};
use sijill_registers::ballot_box::events::*;
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::*;
use sijill_registers::roll::events::*;
use sijill_registers::station::events::*;
use sijill_registers::station::{Listed, Served, StationState, VoterList};
use sijill_rules::RulePack;

use super::{DISTRICT, FILE, PACK, Refused, World};

/// The plain pack with a rule for lost books, and no minimum.
pub fn pack(lost_book: &str) -> String {
    PACK.replace(
        "min_ballots_to_decrypt = 5",
        &format!("lost_book = \"{lost_book}\"\nmin_ballots_to_decrypt = 0"),
    )
}

pub struct Station {
    pub ledger: LedgerId,
    /// The chair first.
    pub officers: Vec<SigningKey>,
    pub voters: Vec<u8>,
}

pub fn number(n: u64) -> Number {
    n.try_into().unwrap()
}

pub fn commitment(opening: &Opening) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"sijill/credential/v1\n");
    hasher.update(opening.salt);
    hasher.update(opening.credential);
    hasher.finalize().into()
}

pub fn person(voter: u8) -> Pseudonym {
    Pseudonym([voter; 32])
}

/// A guest's commitment, by the voter and the station.
pub fn guest(voter: u8, station: usize) -> [u8; 32] {
    let mut bytes = [0xEE; 32];
    bytes[0] = voter;
    bytes[1] = u8::try_from(station).unwrap();
    bytes
}

impl World {
    /// A world with stations that serve these voters; the last persons have no credential.
    pub fn with_stations(lost_book: &str, lists: &[&[u8]]) -> Self {
        let mut w = World::of(FILE, &pack(lost_book));
        w.real_commitments = true;
        for voters in lists {
            w.add_station(voters);
        }
        w
    }

    pub fn add_station(&mut self, voters: &[u8]) {
        let officers: Vec<_> = (0..4).map(|_| SigningKey::generate(&mut self.rng)).collect();
        let keys: Vec<_> = officers.iter().map(SigningKey::key_id).collect();
        let ledger = self.create_with(Kind::Station, Some(self.election), &keys);
        self.stations.push(Station {
            ledger,
            officers,
            voters: voters.to_vec(),
        });
    }

    pub fn opening(&self, voter: u8) -> Opening {
        Opening {
            pseudonym: person(voter),
            salt: [voter; 32],
            credential: *self.voters[usize::from(voter)].public().as_bytes(),
        }
    }

    pub fn list(&self, voters: &[u8]) -> VoterList {
        let holders = self.voters.len();
        let mut listed: Vec<_> = voters
            .iter()
            .map(|v| Listed {
                pseudonym: person(*v),
                holder: usize::from(*v) < holders,
            })
            .collect();
        listed.sort();
        let served = Served {
            district: DISTRICT.parse().unwrap(),
            voters: listed,
        };
        VoterList::build(if voters.is_empty() {
            Vec::new()
        } else {
            vec![served]
        })
        .unwrap()
    }

    pub fn assigned(&mut self, station: usize) -> VotersAssigned {
        let list = self.list(&self.stations[station].voters).to_bytes();
        VotersAssigned {
            station: self.stations[station].ledger,
            voters: self.documents.put(&list),
        }
    }

    pub fn station_defined(&mut self, station: usize) -> StationDefined {
        let list = self.list(&self.stations[station].voters).to_bytes();
        let one = &self.stations[station];
        let mut members: Vec<_> = one.officers[1..].iter().map(SigningKey::key_id).collect();
        members.sort();
        let hash = |bytes: &[u8]| <[u8; 32]>::from(Sha256::digest(bytes));
        StationDefined {
            station: format!("station-{}", station + 1).parse().unwrap(),
            name_en: format!("Station {}", station + 1),
            name_ar: String::new(),
            ledger: one.ledger,
            districts: vec![DISTRICT.parse().unwrap()],
            online: false,
            queue_ms: number(3_600_000),
            pack: hash(&self.pack.to_json()),
            voters: hash(&list),
            count: number(one.voters.len() as u64),
            chair: one.officers[0].key_id(),
            members,
        }
    }

    /// Lists and definitions of all stations.
    pub fn define_stations(&mut self) {
        for station in 0..self.stations.len() {
            let event = self.assigned(station);
            self.registrar(self.roll, Event::Roll(RollEvent::VotersAssigned(event)))
                .unwrap();
            let event = self.station_defined(station);
            self.commission(
                self.election,
                Event::Election(ElectionEvent::StationDefined(event)),
                &[self.roll],
            )
            .unwrap();
        }
    }

    pub fn officer(&self, station: usize, officer: usize) -> SigningKey {
        SigningKey::from_seed(&self.stations[station].officers[officer].seed())
    }

    pub fn at_station(&mut self, station: usize, officer: usize, event: StationEvent) -> Result<(), Refused> {
        let key = self.officer(station, officer);
        self.act(&key, self.stations[station].ledger, Event::Station(event), &[])
    }

    pub fn station_opened(&mut self, station: usize, papers: u64) -> StationOpened {
        let list = self.list(&self.stations[station].voters).to_bytes();
        StationOpened {
            voters: self.documents.put(&list),
            pack: self.documents.put(&self.pack.to_json()),
            papers: number(papers),
            seal: "seal-0042".parse().unwrap(),
        }
    }

    pub fn open_station(&mut self, station: usize, papers: u64) -> Result<(), Refused> {
        for officer in 0..4 {
            self.at_station(station, officer, StationEvent::DutyBegun)?;
        }
        let event = self.station_opened(station, papers);
        let key = self.officer(station, 0);
        self.act(
            &key,
            self.stations[station].ledger,
            Event::Station(StationEvent::StationOpened(event)),
            &[self.election],
        )
    }

    pub fn station(&self, station: usize) -> &StationState {
        self.ledgers.0[&self.stations[station].ledger]
            .state
            .as_station()
            .unwrap()
    }

    pub fn last_of(&self, ledger: LedgerId) -> u64 {
        self.ledgers.0[&ledger].chain.size() - 1
    }

    /// Checks somebody in: a voter of the list, or a guest. Gives the position.
    pub fn check_in(&mut self, station: usize, officer: usize, voter: u8) -> Result<u64, Refused> {
        let listed = self.stations[station].voters.contains(&voter);
        let event = CheckedIn {
            listed,
            person: if listed {
                person(voter).0
            } else {
                guest(voter, station)
            },
            document: 1,
            assistance: false,
        };
        self.at_station(station, officer, StationEvent::CheckedIn(event))?;
        Ok(self.last_of(self.stations[station].ledger))
    }

    /// A paper with the signature of a second officer.
    pub fn paper(
        &self,
        station: usize,
        (officer, second): (usize, usize),
        check_in: u64,
        envelope: Option<u64>,
        replaces: Option<u64>,
    ) -> PaperIssued {
        let mut event = PaperIssued {
            check_in: number(check_in),
            envelope: envelope.map(number),
            replaces: replaces.map(number),
            second: None,
        };
        let author = self.officer(station, officer).key_id();
        let second = self.officer(station, second);
        let message = event.second_message(self.stations[station].ledger, author);
        event.second = Some(Signed {
            key: second.key_id(),
            signature: second.sign(&message),
        });
        event
    }

    /// Issues a paper for a check-in, with two officers; replaces the spoilt one if there is one.
    pub fn issue(&mut self, station: usize, officers: (usize, usize), check_in: u64) -> Result<u64, Refused> {
        let book = self.station(station).book();
        let listed = book.check_in(check_in).is_some_and(|c| c.listed);
        let envelope =
            (!listed).then(|| book.papers().filter(|(_, p)| p.envelope.is_some()).count() as u64 + 1);
        let replaces = book.paper_of(check_in);
        let event = self.paper(station, officers, check_in, envelope, replaces);
        self.at_station(station, officers.0, StationEvent::PaperIssued(event))?;
        Ok(self.last_of(self.stations[station].ledger))
    }

    /// Checks in and issues.
    pub fn serve_voter(&mut self, station: usize, voter: u8) -> Result<u64, Refused> {
        let check_in = self.check_in(station, 0, voter)?;
        self.issue(station, (0, 1), check_in)
    }

    pub fn spoil(&mut self, station: usize, officer: usize, paper: u64) -> Result<(), Refused> {
        let paper = number(paper);
        self.at_station(station, officer, StationEvent::PaperSpoilt(PaperSpoilt { paper }))
    }

    pub fn station_closed(&self, station: usize, lost: u64) -> StationClosed {
        let state = self.station(station);
        let received = state.papers_received();
        let issued = state.book().papers().count() as u64;
        StationClosed {
            counts: state.book().counts(received, received - issued - lost).unwrap(),
            unserved: number(state.book().unserved()),
        }
    }

    pub fn close_station(&mut self, station: usize, officer: usize) -> Result<(), Refused> {
        let event = self.station_closed(station, 0);
        self.at_station(station, officer, StationEvent::StationClosed(event))
    }

    pub fn cite_at(&self, ledger: LedgerId, size: u64) -> Ref {
        Ref {
            ledger,
            size,
            root: self.ledgers.0[&ledger].chain.root_at(size).unwrap(),
        }
    }

    /// Submits an event of the service with refs of the test.
    pub fn serve_citing(&mut self, event: ElectionEvent, refs: Vec<Ref>) -> Result<(), Refused> {
        let event = Event::Election(event);
        let payload = event.payload();
        let nonce = sijill_registers::register::service_nonce(&event, &payload);
        let genesis = self.ledgers.0[&self.election].chain.genesis().clone();
        let mut body = sijill_ledger::Body::by_service(&genesis, event.wire_type(), nonce, payload);
        body.refs = refs;
        let body = body.sign(&self.service).unwrap();
        self.submit(body)
    }

    /// The centre takes the first entries of a station's book.
    pub fn anchor_station(&mut self, station: usize, size: u64) -> Result<(), Refused> {
        let ledger = self.stations[station].ledger;
        let event = StationAnchored {
            ledger,
            size: number(size),
        };
        let cited = self.cite_at(ledger, size);
        self.serve_citing(ElectionEvent::StationAnchored(event), vec![cited])
    }

    /// The final state, signed by these officers.
    pub fn station_final(&self, station: usize, officers: &[usize]) -> StationFinal {
        let ledger = self.stations[station].ledger;
        let cited = self.cite(ledger);
        let message = final_message(ledger, cited.size, cited.root.as_bytes());
        let mut signatures: Vec<_> = officers
            .iter()
            .map(|o| {
                let key = self.officer(station, *o);
                Signed {
                    key: key.key_id(),
                    signature: key.sign(&message),
                }
            })
            .collect();
        signatures.sort_by_key(|s| s.key);
        let counts = self
            .station(station)
            .facts()
            .closed
            .as_ref()
            .map(|(_, c)| c.counts);
        StationFinal {
            ledger,
            size: number(cited.size),
            counts: counts.unwrap_or_default(),
            signatures,
        }
    }

    pub fn finish_station(&mut self, station: usize, officers: &[usize]) -> Result<(), Refused> {
        let event = self.station_final(station, officers);
        let cited = self.cite(self.stations[station].ledger);
        self.serve_citing(ElectionEvent::StationFinal(event), vec![cited])
    }

    pub fn lose_station(&mut self, station: usize, rule: u8) -> Result<(), Refused> {
        let event = StationLost {
            ledger: self.stations[station].ledger,
            rule,
            reason: "The building burnt down".into(),
        };
        self.commission(
            self.election,
            Event::Election(ElectionEvent::StationLost(event)),
            &[],
        )
    }

    pub fn revoke_officer(&mut self, station: usize, key: KeyId) -> Result<(), Refused> {
        let ledger = self.stations[station].ledger;
        let event = ElectionEvent::OfficerRevoked(OfficerRevoked { ledger, key });
        self.commission(self.election, Event::Election(event), &[])
    }

    pub fn name_officer(&mut self, station: usize, key: KeyId, chair: bool) -> Result<(), Refused> {
        let ledger = self.stations[station].ledger;
        let event = ElectionEvent::OfficerNamed(OfficerNamed { ledger, key, chair });
        self.commission(self.election, Event::Election(event), &[])
    }

    pub fn dispute(&mut self, station: usize, paper: u64) -> Result<(), Refused> {
        let event = PaperDisputed {
            station: self.stations[station].ledger,
            paper: number(paper),
            statement: [7; 32],
        };
        let key = SigningKey::from_seed(&self.registrar.seed());
        self.act(
            &key,
            self.roll,
            Event::Roll(RollEvent::PaperDisputed(event)),
            &[self.election],
        )
    }

    pub fn decide_paper(
        &mut self,
        station: LedgerId,
        paper: u64,
        decision: u8,
        voter: Option<u8>,
    ) -> Result<(), Refused> {
        let event = PaperDecided {
            station,
            paper: number(paper),
            decision,
            person: voter.map(person),
            reason: [8; 32],
        };
        self.commission(
            self.roll,
            Event::Roll(RollEvent::PaperDecided(event)),
            &[self.election],
        )
    }

    /// Opens the exclusions of these voters.
    pub fn open_exclusions(&mut self, voters: &[u8]) -> Result<(), Refused> {
        let openings: Vec<_> = voters.iter().map(|v| self.opening(*v)).collect();
        self.open_exclusions_with(&openings)
    }

    pub fn open_exclusions_with(&mut self, openings: &[Opening]) -> Result<(), Refused> {
        let event = ExclusionsOpened {
            ledger: self.ballot_box,
            openings: self.documents.put(&sijill_ledger::encode(openings)),
        };
        let key = SigningKey::from_seed(&self.registrar.seed());
        self.act(
            &key,
            self.roll,
            Event::Roll(RollEvent::ExclusionsOpened(event)),
            &[self.election],
        )
    }

    /// Fixes the box's exclusions, citing election ledger and roll.
    pub fn fix_exclusions(&mut self, voters: &[u8]) -> Result<(), Refused> {
        let voters: Vec<_> = voters.iter().map(|v| usize::from(*v)).collect();
        let list = self.credentials(&voters);
        let event = ExclusionsFixed {
            list: self.documents.put(list.as_bytes()),
            count: voters.len() as u64,
        };
        let key = SigningKey::from_seed(&self.registrar.seed());
        self.act(
            &key,
            self.ballot_box,
            Event::BallotBox(BoxEvent::ExclusionsFixed(event)),
            &[self.election, self.roll],
        )
    }

    /// Seals the box and anchors its tally.
    pub fn seal_and_anchor(&mut self) {
        self.seal().unwrap();
        let event = self.anchor();
        self.serve(
            self.election,
            Event::Election(ElectionEvent::TallyAnchored(event)),
            &[self.ballot_box],
        )
        .unwrap();
    }

    /// A return in which all valid papers say yes.
    pub fn station_returned(&self, station: usize, issued: u64, valid: u64, spoilt: u64) -> StationReturned {
        StationReturned {
            ledger: self.stations[station].ledger,
            district: DISTRICT.parse().unwrap(),
            issued: number(issued),
            valid: number(valid),
            invalid: number(0),
            spoilt: number(spoilt),
            counts: vec![vec![number(0), number(valid), number(0)]],
        }
    }

    pub fn return_station(&mut self, event: StationReturned) -> Result<(), Refused> {
        self.commission(
            self.election,
            Event::Election(ElectionEvent::StationReturned(event)),
            &[],
        )
    }

    pub fn return_paper(&mut self, issued: u64, valid: u64, spoilt: u64) -> Result<(), Refused> {
        let event = PaperReturned {
            ledger: self.ballot_box,
            issued,
            valid,
            invalid: 0,
            spoilt,
            counts: vec![vec![0, valid, 0]],
        };
        self.commission(
            self.election,
            Event::Election(ElectionEvent::PaperReturned(event)),
            &[],
        )
    }

    pub fn resolve(&mut self, station: usize, district: bool) -> Result<(), Refused> {
        let event = MismatchResolved {
            ledger: self.stations[station].ledger,
            district: district.then(|| DISTRICT.parse().unwrap()),
            reason: "One paper fell behind the table".into(),
        };
        self.commission(
            self.election,
            Event::Election(ElectionEvent::MismatchResolved(event)),
            &[],
        )
    }

    pub fn rule_pack(&self) -> &RulePack {
        &self.pack
    }
}
