//! Two stations, a phone and the centre, in random interleavings: partitions, clocks that are off, retries, officers who
//! are revoked while their station is off line, papers that were never handed out, people who try twice, lost books.
//! Whatever happens, exactly one vote counts for everybody who voted, and every paper is accounted for.
//!
//! What is right is told by a model of its own: the pieces of paper in urns, bags and envelopes, and who put them
//! there. The registers know nothing of it. Everything follows from the seed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sijill_ballot::Credential;
use sijill_ledger::SignedBody;
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::*;
use sijill_registers::station::events::*;
use world::stations::{guest, number, person};
use world::{DISTRICT, MINUTE, Refused, World};

const HOLDERS: u8 = 9;
/// The last two have no credential.
const PERSONS: u8 = 11;
/// 5 and 10 are on no list.
const LISTS: [&[u8]; 2] = [&[0, 1, 2, 3, 9], &[4, 6, 7, 8]];
const PAPERS: u64 = 60;

/// A piece of paper, or what the book says is one.
#[derive(Debug, Clone)]
struct Piece {
    /// Position of its PaperIssued.
    position: u64,
    check_in: u64,
    voter: u8,
    answer: usize,
    envelope: bool,
    spoilt: bool,
    /// The book has it, but nobody was handed a paper.
    ghost: bool,
    /// Positions and officers of the entries that it rests on.
    rests_on: Vec<(u64, usize)>,
    disputed: bool,
}

#[derive(Debug, Default)]
struct Model {
    /// By station.
    pieces: [Vec<Piece>; 2],
    /// By station: who is checked in, and where.
    checked_in: [BTreeMap<u8, u64>; 2],
    /// By station: officers that the commission revoked, with the size that the centre had then.
    revoked: [BTreeMap<usize, u64>; 2],
    /// By station: what the centre has.
    anchored: [u64; 2],
    /// The answer of everybody's last digital ballot.
    digital: BTreeMap<u8, usize>,
    lost: [bool; 2],
}

/// What happened over all runs, so that no fault is left out by chance.
#[derive(Debug, Default)]
struct Seen(BTreeMap<&'static str, usize>);

impl Seen {
    fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

struct Run<'a> {
    w: World,
    rng: StdRng,
    model: Model,
    seen: &'a mut Seen,
    /// Milliseconds that a station's clock is ahead (or behind) by.
    skew: [i64; 2],
    on_line: [bool; 2],
    /// Sizes on their way from the stations to the centre.
    in_flight: Vec<(usize, u64)>,
    last_body: [Option<SignedBody>; 2],
    void_digital: bool,
}

impl Run<'_> {
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn pick(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n)
    }

    /// Acts on a station's machine, by its clock; sometimes the answer is lost, and the act is sent again.
    fn at_station(&mut self, station: usize, officer: usize, event: StationEvent) -> Result<u64, Refused> {
        let now = self.w.now;
        self.w.now = now.checked_add_signed(self.skew[station]).unwrap();
        let key = self.w.officer(station, officer);
        let ledger = self.w.stations[station].ledger;
        let refs = match event {
            StationEvent::StationOpened(_) => vec![self.w.cite(self.w.election)],
            _ => Vec::new(),
        };
        let body = self.w.body(&key, ledger, &Event::Station(event), refs);
        let result = self.w.submit(body.clone());
        if result.is_ok() {
            let size = self.w.last_of(ledger);
            for _ in 0..self.pick(3) {
                self.w.submit(body.clone()).unwrap();
                self.seen.note("retry");
            }
            assert_eq!(self.w.last_of(ledger), size, "a retry was recorded twice");
            self.last_body[station] = Some(body);
        }
        self.w.now = now;
        result.map(|()| self.w.last_of(ledger))
    }

    /// Two officers who hold their role on the station's ledger.
    fn officers(&mut self, station: usize) -> (usize, usize) {
        let on_duty: Vec<_> = (0..4)
            .filter(|o| {
                let key = self.w.officer(station, *o).key_id();
                self.w.station(station).is_on_duty(&key)
            })
            .collect();
        let first = self.pick(on_duty.len());
        let second = (first + 1 + self.pick(on_duty.len() - 1)) % on_duty.len();
        (on_duty[first], on_duty[second])
    }

    fn vote_digitally(&mut self) {
        let voter = u8::try_from(self.pick(usize::from(HOLDERS))).unwrap();
        let answer = self.pick(2);
        let ballot = self.w.ballot(usize::from(voter), Some(answer));
        self.w.cast(ballot.clone()).unwrap();
        if self.chance(30) {
            let size = self.w.ledgers.0[&self.w.ballot_box].chain.size();
            self.w.cast(ballot).unwrap();
            assert_eq!(self.w.ledgers.0[&self.w.ballot_box].chain.size(), size);
        }
        self.model.digital.insert(voter, answer);
    }

    /// Somebody comes to a station: maybe for the second time, maybe to the wrong one.
    fn come(&mut self, station: usize) {
        let voter = u8::try_from(self.pick(usize::from(PERSONS))).unwrap();
        let (officer, second) = self.officers(station);
        let listed = LISTS[station].contains(&voter);
        let event = CheckedIn {
            listed,
            person: if listed {
                person(voter).0
            } else {
                guest(voter, station)
            },
            document: 1,
            assistance: self.chance(10),
        };
        let again = self.model.checked_in[station].contains_key(&voter);
        let result = self.at_station(station, officer, StationEvent::CheckedIn(event));
        if again {
            assert_eq!(result.unwrap_err().code(), "station.check-in");
            self.seen.note("second check-in refused");
            return;
        }
        let check_in = result.unwrap();
        self.model.checked_in[station].insert(voter, check_in);
        if self.chance(7) {
            self.seen.note("left without a paper");
            return;
        }
        // A dishonest officer, who will be revoked or disputed, keeps the paper back.
        let ghost = listed && self.chance(6);
        self.issue(
            station,
            voter,
            (officer, second),
            vec![(check_in, officer)],
            ghost,
        );
    }

    fn issue(
        &mut self,
        station: usize,
        voter: u8,
        (officer, second): (usize, usize),
        mut rests_on: Vec<(u64, usize)>,
        ghost: bool,
    ) {
        let check_in = self.model.checked_in[station][&voter];
        let book = self.w.station(station).book();
        let replaces = book.paper_of(check_in);
        let guest = !LISTS[station].contains(&voter);
        let envelope = guest.then(|| book.papers().filter(|(_, p)| p.envelope.is_some()).count() as u64 + 1);
        let event = self
            .w
            .paper(station, (officer, second), check_in, envelope, replaces);
        let position = self
            .at_station(station, officer, StationEvent::PaperIssued(event))
            .unwrap();
        rests_on.extend([(position, officer), (position, second)]);
        if ghost {
            self.seen.note("paper that was never handed out");
        }
        let answer = self.pick(2);
        self.model.pieces[station].push(Piece {
            position,
            check_in,
            voter,
            answer,
            envelope: guest,
            spoilt: false,
            ghost,
            rests_on,
            disputed: false,
        });
    }

    /// The last piece of somebody's check-in is spoilt, and mostly replaced.
    fn spoil(&mut self, station: usize) {
        let standing: Vec<_> = (0..self.model.pieces[station].len())
            .filter(|i| {
                let piece = &self.model.pieces[station][*i];
                !piece.spoilt && !piece.ghost
            })
            .collect();
        if standing.is_empty() {
            return;
        }
        let index = standing[self.pick(standing.len())];
        let (officer, second) = self.officers(station);
        let piece = self.model.pieces[station][index].clone();
        let event = StationEvent::PaperSpoilt(PaperSpoilt {
            paper: number(piece.position),
        });
        let position = self.at_station(station, officer, event).unwrap();
        let piece = &mut self.model.pieces[station][index];
        piece.spoilt = true;
        piece.rests_on.push((position, officer));
        self.seen.note("spoilt");
        let check_in = self
            .w
            .station(station)
            .book()
            .check_in(piece.check_in)
            .unwrap()
            .clone();
        if self.chance(80) {
            let mut rests_on: Vec<_> = self.model.pieces[station]
                .iter()
                .filter(|p| p.check_in == self.model.pieces[station][index].check_in)
                .flat_map(|p| p.rests_on.clone())
                .collect();
            // Of earlier papers only their check-in and their spoiling matter.
            let issues: BTreeSet<_> = check_in.papers.iter().copied().collect();
            rests_on.retain(|(at, _)| !issues.contains(at));
            let voter = self.model.pieces[station][index].voter;
            self.issue(station, voter, (officer, second), rests_on, false);
        }
    }

    /// The network: a station comes on line or goes off, sends what it has, and it arrives in any order, or twice.
    fn network(&mut self) {
        let station = self.pick(2);
        if self.chance(40) {
            self.on_line[station] = !self.on_line[station];
            self.seen.note(if self.on_line[station] {
                "on line"
            } else {
                "partition"
            });
        }
        if self.on_line[station] {
            let size = self.w.last_of(self.w.stations[station].ledger) + 1;
            self.in_flight.push((station, size));
            if self.chance(30) {
                self.in_flight.push((station, size));
            }
        }
        if !self.in_flight.is_empty() && self.chance(70) {
            let next = self.pick(self.in_flight.len());
            let (station, size) = self.in_flight.swap_remove(next);
            let entries = self.w.ledgers.0[&self.w.election].chain.size();
            let result = self.w.anchor_station(station, size);
            if size > self.model.anchored[station] {
                result.unwrap();
                self.model.anchored[station] = size;
                self.seen.note("anchored");
            } else {
                // An older file is refused, the very same one is answered as before.
                if let Err(e) = result {
                    assert_eq!(e.code(), "station.anchor");
                    self.seen.note("older file refused");
                }
                assert_eq!(self.w.ledgers.0[&self.w.election].chain.size(), entries);
            }
        }
    }

    /// The commission revokes an officer; the station learns of it only if it is on line.
    fn revoke(&mut self) {
        let station = self.pick(2);
        if !self.model.revoked[station].is_empty() {
            return;
        }
        let officer = self.pick(4);
        let key = self.w.officer(station, officer).key_id();
        self.w.revoke_officer(station, key).unwrap();
        self.model.revoked[station].insert(officer, self.model.anchored[station]);
        self.seen.note("revoked");
        if officer == 0 {
            // Another chair, who was a member.
            let key = self.w.officer(station, 1).key_id();
            self.w.name_officer(station, key, true).unwrap();
            self.seen.note("another chair");
        }
        if self.on_line[station] {
            let now = self.w.now;
            self.w.now = now.checked_add_signed(self.skew[station]).unwrap();
            let grant = sijill_ledger::Grant {
                key,
                role: sijill_ledger::Role::StationOfficer,
                scope: None,
            };
            let ledger = self.w.stations[station].ledger;
            self.w.commission(ledger, Event::RoleRevoked(grant), &[]).unwrap();
            self.w.now = now;
        }
    }

    fn is_contested(&self, station: usize, piece: &Piece) -> bool {
        let of_check_in = self.model.pieces[station]
            .iter()
            .filter(|p| p.check_in == piece.check_in);
        of_check_in.clone().any(|p| p.disputed)
            || piece.rests_on.iter().any(|(position, officer)| {
                self.model.revoked[station]
                    .get(officer)
                    .is_some_and(|anchored| position >= anchored)
            })
    }

    /// The last piece of its check-in.
    fn is_last(&self, station: usize, piece: &Piece) -> bool {
        let pieces = self.model.pieces[station].iter();
        pieces
            .filter(|p| p.check_in == piece.check_in)
            .map(|p| p.position)
            .max()
            == Some(piece.position)
    }

    fn dispute_at_station(&mut self, station: usize) {
        let (officer, _) = self.officers(station);
        let undisputed: Vec<_> = (0..self.model.pieces[station].len())
            .filter(|i| {
                let piece = &self.model.pieces[station][*i];
                !piece.spoilt && !piece.disputed && (piece.ghost || piece.position.is_multiple_of(11))
            })
            .collect();
        if let Some(index) = undisputed.first() {
            let paper = number(self.model.pieces[station][*index].position);
            let event = StationEvent::IssueDisputed(IssueDisputed {
                paper,
                statement: [3; 32],
            });
            self.at_station(station, officer, event).unwrap();
            self.model.pieces[station][*index].disputed = true;
            self.seen.note("disputed at the station");
        }
    }

    fn polling_day(&mut self) {
        for station in 0..2 {
            for officer in 0..4 {
                self.at_station(station, officer, StationEvent::DutyBegun)
                    .unwrap();
            }
            let event = self.w.station_opened(station, PAPERS);
            self.at_station(station, 0, StationEvent::StationOpened(event))
                .unwrap();
        }
        let end = self.w.manifest.closes_ms - 40 * MINUTE;
        while self.w.now < end {
            self.w.now += MINUTE * self.rng.random_range(1..25);
            let station = self.pick(2);
            match self.pick(12) {
                0..3 => self.vote_digitally(),
                3..7 => self.come(station),
                7 => self.spoil(station),
                8..10 => self.network(),
                10 if self.chance(25) => self.revoke(),
                10 => self.dispute_at_station(station),
                _ => {
                    // The last message of the station is sent once more, hours later.
                    if let Some(body) = self.last_body[station].clone() {
                        let size = self.w.last_of(self.w.stations[station].ledger);
                        self.w.submit(body).unwrap();
                        assert_eq!(self.w.last_of(self.w.stations[station].ledger), size);
                    }
                }
            }
        }
    }

    /// Papers that left the pile, in truth.
    fn handed_out(&self, station: usize) -> u64 {
        self.model.pieces[station].iter().filter(|p| !p.ghost).count() as u64
    }

    fn close_and_collect(&mut self) {
        self.w.now = self.w.manifest.closes_ms + 31 * MINUTE;
        for station in 0..2 {
            let (officer, _) = self.officers(station);
            let mut event = self.w.station_closed(station, 0);
            event.counts.unused = number(PAPERS - self.handed_out(station));
            let ghosts = self.model.pieces[station].iter().filter(|p| p.ghost).count();
            assert_eq!(
                event.counts.has_mismatch(),
                ghosts > 0,
                "ghosts show in the count of papers"
            );
            self.at_station(station, officer, StationEvent::StationClosed(event))
                .unwrap();
            // Nothing more, whoever tries.
            let late = self.at_station(station, officer, StationEvent::DutyEnded);
            assert_eq!(late.unwrap_err().code(), "station.order");
        }
        self.w.now += 31 * MINUTE;
        self.w.close();
        let burns = self.pick(6);
        for station in 0..2 {
            if station == burns {
                self.refused_count(&[]);
                let rule = if self.void_digital { 2 } else { 1 };
                assert_eq!(
                    self.w.lose_station(station, 3 - rule).unwrap_err().code(),
                    "station.lost"
                );
                self.w.lose_station(station, rule).unwrap();
                self.model.lost[station] = true;
                self.seen.note(if self.void_digital {
                    "void digital"
                } else {
                    "void paper"
                });
                continue;
            }
            let signers: Vec<_> = (0..4)
                .filter(|o| !self.model.revoked[station].contains_key(o))
                .collect();
            if let Some(revoked) = self.model.revoked[station].keys().next() {
                let mut with: Vec<_> = signers[..2].to_vec();
                with.push(*revoked);
                let result = self.w.finish_station(station, &with);
                assert_eq!(result.unwrap_err().code(), "station.final");
            }
            self.refused_count(&[]);
            self.w.finish_station(station, &signers).unwrap();
            // A second time the same: the same answer. An older state after it: refused.
            self.w.finish_station(station, &signers).unwrap();
            let stale = self.w.anchor_station(station, 1);
            assert_eq!(stale.unwrap_err().code(), "station.anchor");
        }
    }

    /// While a book is missing nothing goes on.
    fn refused_count(&mut self, voters: &[u8]) {
        let code = self.w.open_exclusions(voters).unwrap_err().code();
        assert_eq!(code, "station.exclusions");
        let code = self.w.fix_exclusions(voters).unwrap_err().code();
        assert_eq!(code, "station.exclusions");
    }

    fn home(voter: u8) -> Option<usize> {
        LISTS.iter().position(|list| list.contains(&voter))
    }

    /// Disputes at the centre, then a decision about every paper that needs one. Gives the envelopes that were admitted.
    fn decide(&mut self) -> Vec<(usize, Piece)> {
        for station in 0..2 {
            for index in 0..self.model.pieces[station].len() {
                let piece = self.model.pieces[station][index].clone();
                // Whoever hears of a paper that they never got disputes it; sometimes somebody does who did.
                let wants = piece.ghost || piece.position % 7 == 3;
                if !wants || piece.spoilt || !self.is_last(station, &piece) || piece.disputed {
                    continue;
                }
                let result = self.w.dispute(station, piece.position);
                if self.model.lost[station] {
                    assert_eq!(result.unwrap_err().code(), "station.decided");
                    continue;
                }
                result.unwrap();
                self.model.pieces[station][index].disputed = true;
                self.seen.note("disputed at the centre");
            }
        }
        // Regular papers first, as the commission must.
        let mut papers: Vec<_> = (0..2)
            .flat_map(|s| self.model.pieces[s].iter().map(move |p| (s, p.clone())))
            .collect();
        papers.sort_by_key(|(_, p)| p.envelope);
        let mut admitted = Vec::<(usize, Piece)>::new();
        for (station, piece) in papers {
            let ledger = self.w.stations[station].ledger;
            let needed = !self.model.lost[station]
                && self.is_last(station, &piece)
                && (self.is_contested(station, &piece) || piece.envelope && !piece.spoilt);
            if !needed {
                let result = self.w.decide_paper(ledger, piece.position, 2, None);
                assert_eq!(result.unwrap_err().code(), "station.decided");
                continue;
            }
            self.refused_count(&[]);
            let cast = !piece.ghost && !piece.spoilt;
            if !piece.envelope {
                let decision = if cast { 1 } else { 2 };
                self.w
                    .decide_paper(ledger, piece.position, decision, None)
                    .unwrap();
                self.seen.note("contested paper decided");
                continue;
            }
            if !cast {
                // Who spoilt it was revoked meanwhile; the commission finds it in the bag.
                self.w.decide_paper(ledger, piece.position, 2, None).unwrap();
                continue;
            }
            let home = Self::home(piece.voter);
            let at_home = home.filter(|h| !self.model.lost[*h]).is_some_and(|home| {
                self.model.pieces[home]
                    .iter()
                    .any(|p| p.voter == piece.voter && !p.envelope && !p.spoilt && !p.ghost)
            });
            let twice = admitted.iter().any(|(_, p)| p.voter == piece.voter);
            let in_lost_urn = self.void_digital && home.is_some_and(|h| self.model.lost[h]);
            let result = self.w.decide_paper(ledger, piece.position, 1, Some(piece.voter));
            if at_home || twice || in_lost_urn {
                assert_eq!(result.unwrap_err().code(), "station.decided");
                self.w.decide_paper(ledger, piece.position, 2, None).unwrap();
                self.seen.note("envelope rejected");
            } else {
                result.unwrap();
                self.seen.note("envelope admitted");
                admitted.push((station, piece));
            }
        }
        admitted
    }

    /// The station where an admitted envelope is opened.
    fn urn(&self, voter: u8) -> usize {
        let open = |station: &usize| !self.model.lost[*station];
        Self::home(voter).filter(open).unwrap_or_else(|| {
            let mut stations: Vec<_> = (0..2).filter(open).collect();
            stations.sort_by_key(|s| self.w.stations[*s].ledger);
            stations[0]
        })
    }

    fn count(&mut self) {
        let admitted = self.decide();
        // Answers on paper, by voter: what lies in the urns that are counted.
        let mut urns: [Vec<(u8, usize)>; 2] = [Vec::new(), Vec::new()];
        for (station, urn) in urns.iter_mut().enumerate() {
            if self.model.lost[station] && !self.void_digital {
                continue;
            }
            let cast = self.model.pieces[station]
                .iter()
                .filter(|p| !p.envelope && !p.spoilt && !p.ghost);
            urn.extend(cast.map(|p| (p.voter, p.answer)));
        }
        for (_, piece) in &admitted {
            urns[self.urn(piece.voter)].push((piece.voter, piece.answer));
        }
        let on_paper: BTreeSet<u8> = urns.iter().flatten().map(|(voter, _)| *voter).collect();
        assert_eq!(
            on_paper.len(),
            urns.iter().flatten().count(),
            "somebody has two papers in the urns"
        );
        let void: BTreeSet<u8> = (0..2)
            .filter(|s| self.void_digital && self.model.lost[*s])
            .flat_map(|s| LISTS[s].iter().copied())
            .collect();
        let excluded: Vec<u8> = (0..HOLDERS)
            .filter(|v| on_paper.contains(v) || void.contains(v))
            .collect();
        // One too many, one too few: refused. Exactly those: accepted.
        for voter in 0..HOLDERS {
            let mut other: BTreeSet<u8> = excluded.iter().copied().collect();
            if !other.remove(&voter) {
                other.insert(voter);
            }
            let other: Vec<_> = other.into_iter().collect();
            let code = self.w.open_exclusions(&other).unwrap_err().code();
            assert_eq!(code, "station.exclusions");
        }
        self.w.open_exclusions(&excluded).unwrap();
        self.w.fix_exclusions(&excluded).unwrap();
        self.w.seal_and_anchor();

        // Everybody has at most one vote; whoever voted has one, unless a lost book took it.
        let digital: BTreeMap<u8, usize> = self
            .model
            .digital
            .iter()
            .filter(|(voter, _)| !excluded.contains(voter))
            .map(|(voter, answer)| (*voter, *answer))
            .collect();
        assert_eq!(self.w.anchor().counted, digital.len() as u64);
        for voter in 0..PERSONS {
            let votes = usize::from(digital.contains_key(&voter)) + usize::from(on_paper.contains(&voter));
            let tried = self.model.digital.contains_key(&voter)
                || (0..2).any(|s| {
                    self.model.pieces[s]
                        .iter()
                        .any(|p| p.voter == voter && !p.spoilt && !p.ghost)
                });
            let touched_by_loss = void.contains(&voter)
                || (0..2)
                    .any(|s| self.model.lost[s] && self.model.pieces[s].iter().any(|p| p.voter == voter));
            assert!(votes <= 1, "voter {voter} has {votes} votes");
            assert!(
                votes == usize::from(tried) || touched_by_loss,
                "voter {voter} voted, and has {votes} votes"
            );
        }
        self.declare(&digital, &urns);
    }

    /// Result, returns, certification.
    fn declare(&mut self, digital: &BTreeMap<u8, usize>, urns: &[Vec<(u8, usize)>; 2]) {
        for trustee in [0, 1] {
            let share = self.w.share(trustee);
            let event = Event::Election(ElectionEvent::ShareSubmitted(share));
            self.w.trustee(trustee, event).unwrap();
        }
        let result = self.w.result();
        let bytes = sijill_registers::register::Contents::load(&self.w.documents, &result.result).unwrap();
        let counts = |answers: &mut dyn Iterator<Item = usize>| {
            answers.fold([0_u64; 2], |mut n, answer| {
                n[answer] += 1;
                n
            })
        };
        let [yes, no] = counts(&mut digital.values().copied());
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            json["result"][0],
            serde_json::json!([0, yes, no]),
            "the digital tally"
        );
        let event = Event::Election(ElectionEvent::ResultDeclared(result));
        self.w.commission(self.w.election, event, &[]).unwrap();

        let mut sums = [0_u64; 3];
        let mut all = [0_u64; 2];
        let mut mismatches = Vec::new();
        for (station, urn) in urns.iter().enumerate() {
            let pieces = &self.model.pieces[station];
            let [yes, no] = counts(&mut urn.iter().map(|(_, answer)| *answer));
            let regular = |p: &&Piece| !p.envelope;
            let issued = pieces.iter().filter(regular).count() as u64
                + urn
                    .iter()
                    .filter(|(voter, _)| {
                        !pieces
                            .iter()
                            .any(|p| p.voter == *voter && !p.envelope && !p.spoilt && !p.ghost)
                    })
                    .count() as u64;
            let spoilt = pieces.iter().filter(regular).filter(|p| p.spoilt).count() as u64;
            let event = StationReturned {
                ledger: self.w.stations[station].ledger,
                district: DISTRICT.parse().unwrap(),
                issued: number(issued),
                valid: number(yes + no),
                invalid: number(0),
                spoilt: number(spoilt),
                counts: vec![vec![number(0), number(yes), number(no)]],
            };
            if self.model.lost[station] && !self.void_digital {
                let code = self.w.return_station(event).unwrap_err().code();
                assert_eq!(code, "station.return");
                continue;
            }
            // Every paper of the book is in the urn or in the bag of spoilt ones, but for those never handed out.
            let ghosts = pieces.iter().filter(|p| p.ghost).count() as u64;
            assert_eq!(issued, yes + no + spoilt + ghosts, "papers of station {station}");
            assert_eq!(event.has_mismatch(), ghosts > 0);
            if event.has_mismatch() {
                mismatches.push((station, true));
                if !self.model.lost[station] {
                    mismatches.push((station, false));
                }
            }
            let off_by_one = StationReturned {
                issued: number(issued + 1),
                ..event.clone()
            };
            if !self.model.lost[station] {
                let code = self.w.return_station(off_by_one).unwrap_err().code();
                assert_eq!(code, "station.return");
            }
            self.w.return_station(event).unwrap();
            for (sum, n) in sums.iter_mut().zip([issued, yes + no, spoilt]) {
                *sum += n;
            }
            all[0] += yes;
            all[1] += no;
        }
        let event = PaperReturned {
            ledger: self.w.ballot_box,
            issued: sums[0],
            valid: sums[1],
            invalid: 0,
            spoilt: sums[2],
            counts: vec![vec![0, all[0], all[1]]],
        };
        let event = Event::Election(ElectionEvent::PaperReturned(event));
        self.w.commission(self.w.election, event, &[]).unwrap();
        self.certify(&mismatches);
    }

    fn certify(&mut self, mismatches: &[(usize, bool)]) {
        for view in ["turnout", "trackers", "tally", "result"] {
            let size = match view {
                "result" => self.w.ledgers.0[&self.w.election].chain.size(),
                _ => self.w.anchor().sealed_size,
            };
            let event = ViewPublished {
                view: view.into(),
                ledger: self.w.ballot_box,
                size,
                content: self.w.documents.put(view.as_bytes()),
            };
            let event = Event::Election(ElectionEvent::ViewPublished(event));
            self.w.serve(self.w.election, event, &[]).unwrap();
        }
        for (station, of_return) in mismatches {
            let event = Event::Election(ElectionEvent::ResultsCertified);
            let refused = self.w.commission(self.w.election, event, &[]).unwrap_err();
            assert_eq!(refused.code(), "election.certification");
            self.w.resolve(*station, *of_return).unwrap();
            self.seen.note("mismatch resolved");
        }
        let event = Event::Election(ElectionEvent::ResultsCertified);
        self.w.commission(self.w.election, event, &[]).unwrap();
        let ledgers: Vec<_> = self.w.ledgers.0.keys().copied().collect();
        for ledger in ledgers {
            self.w.check_replay(ledger);
        }
    }
}

fn run(seed: u64, seen: &mut Seen) {
    let void_digital = seed % 2 == 1;
    let rule = if void_digital {
        "void-digital"
    } else {
        "void-paper"
    };
    let mut w = World::with_stations(rule, &LISTS);
    w.persons = PERSONS;
    let mut rng = StdRng::seed_from_u64(seed);
    w.voters = (0..HOLDERS).map(|_| Credential::random(&mut rng)).collect();
    w.replays = false;
    w.open();
    // Clocks are off by up to half an hour; a station whose clock is behind can check nobody in before it says so.
    let skew = [0, 1].map(|_| rng.random_range(-30..=30) * i64::try_from(MINUTE).unwrap());
    w.now += 31 * MINUTE;
    let mut run = Run {
        w,
        rng,
        model: Model::default(),
        seen,
        skew,
        on_line: [false, true],
        in_flight: Vec::new(),
        last_body: [None, None],
        void_digital,
    };
    run.polling_day();
    run.close_and_collect();
    run.count();
}

#[test]
fn exactly_one_vote_counts_and_every_paper_is_accounted_for() {
    let mut seen = Seen::default();
    for seed in 0..40 {
        println!("seed {seed}");
        run(seed, &mut seen);
    }
    println!("{seen:?}");
    for what in [
        "anchored",
        "another chair",
        "contested paper decided",
        "disputed at the centre",
        "disputed at the station",
        "envelope admitted",
        "envelope rejected",
        "left without a paper",
        "mismatch resolved",
        "older file refused",
        "on line",
        "paper that was never handed out",
        "partition",
        "retry",
        "revoked",
        "second check-in refused",
        "spoilt",
        "void digital",
        "void paper",
    ] {
        assert!(seen.0.contains_key(what), "no run has: {what}");
    }
}
