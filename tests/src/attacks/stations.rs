//! Polling stations: their books, the papers, and the digital ballots that these exclude.
//!
//! The event has one box and two stations. Voter 2 has voted digitally, and then on paper at `south`; voter 3, who holds no credential, votes
//! on paper at `north`, whose list has voter 1 too. One officer of each is the chair.
//!
//! Spec: specs/station.md.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as G;
use ed25519_dalek::Signer as _;

use super::cases::{Case, Package, attack, honest, pack, world};
use super::forge::{Cited, Content, Draft, Enc, Ledger, grant, key, public, sha};
use super::suite::Dice;
use super::world::{Spec, World, credential_list, secret};

/// Where a case may do something besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Stations are open, nobody was checked in.
    Open,
    /// Everybody was served.
    Served,
    /// The stations are closed, and nothing was brought.
    Closed,
    /// The books are final.
    Final,
    /// The exclusions are opened.
    Opened,
}

/// A station.
#[derive(Debug)]
pub struct Station {
    pub name: &'static str,
    pub ledger: Ledger,
    pub list: Vec<usize>,
    /// Whether the ledger is in the folder and in the trust file.
    pub published: bool,
    /// Checked in, issued, spoilt, envelopes.
    pub counts: [u64; 4],
    /// Those who were checked in and have no paper.
    pub unserved: u64,
    /// Officers who sign the final state.
    pub signers: Vec<usize>,
    content: Option<Content>,
}

impl Station {
    pub fn new(
        name: &'static str,
        list: &[usize],
        parent: Option<[u8; 32]>,
        owner: &str,
        dice: &mut Dice,
    ) -> Station {
        let mut grants = vec![grant("commission", 1, None)];
        grants.extend((1..=3).map(|n| grant(&format!("{name} {n}"), 3, None)));
        Station {
            name,
            ledger: Ledger::new(name, 5, parent, &grants, owner, dice.bytes()),
            list: list.to_vec(),
            published: true,
            counts: [0; 4],
            unserved: 0,
            signers: vec![1, 2, 3],
            content: None,
        }
    }

    fn counts(&self, unused: u64) -> Enc {
        let [checked_in, issued, spoilt, envelopes] = self.counts;
        Enc::default()
            .int(RECEIVED)
            .int(checked_in)
            .int(issued)
            .int(spoilt)
            .int(envelopes)
            .int(unused)
    }
}

/// Blank papers that a station is given.
const RECEIVED: u64 = 20;

fn voter(n: usize) -> [u8; 32] {
    sha(&[b"voter", &[n as u8]])
}

fn salt(n: usize) -> [u8; 32] {
    sha(&[b"salt", &[n as u8]])
}

/// The commitment to a voter's credential.
pub fn commitment(n: usize) -> [u8; 32] {
    let credential = (G * secret(n)).compress().0;
    sha(&[b"sijill/credential/v1\n", &salt(n), &credential])
}

fn optional(enc: Enc, value: Option<u64>) -> Enc {
    match value {
        None => enc.byte(0),
        Some(value) => enc.byte(1).int(value),
    }
}

/// What is issued.
#[derive(Debug, Clone, Copy, Default)]
struct Paper {
    check_in: u64,
    envelope: Option<u64>,
    replaces: Option<u64>,
    /// Number of the officer who signs too.
    second: Option<usize>,
}

impl World {
    fn step(&mut self, step: Step) {
        if let Some(at) = self.at {
            at(self, step);
        }
    }

    /// Lists of voters, sorted.
    pub fn assign_voters(&mut self) {
        let district = self.boxes[0].district;
        let holders = self.spec.voters;
        for n in 0..self.stations.len() {
            let mut listed: Vec<Vec<u8>> = self.stations[n]
                .list
                .iter()
                .map(|v| [voter(*v).as_slice(), &[u8::from(*v < holders)]].concat())
                .collect();
            listed.sort();
            let enc = if listed.is_empty() {
                Enc::default().int(0)
            } else {
                Enc::default()
                    .int(1)
                    .text(district)
                    .int(listed.len() as u64)
                    .raw(&listed.concat())
            };
            let content = self.bytes(enc.0);
            self.stations[n].content = Some(content);
            let payload = Enc::default().raw(&self.stations[n].ledger.id).content(&content);
            self.push("roll", 0x020d, "registrar", payload.0);
        }
    }

    pub fn define_stations(&mut self) {
        let district = self.boxes.first().map_or("", |b| b.district);
        for n in 0..self.stations.len() {
            self.now += 1_000;
            let station = &self.stations[n];
            let name = station.name;
            let mut members = [public(&format!("{name} 2")), public(&format!("{name} 3"))];
            members.sort_unstable();
            let rules = self.rules.unwrap();
            let payload = Enc::default()
                .text(name)
                .text(name)
                .text("")
                .raw(&station.ledger.id)
                .int(1)
                .text(district)
                .byte(0)
                .int(600_000)
                .raw(&rules.hash)
                .raw(&station.content.unwrap().hash)
                .int(station.list.len() as u64)
                .raw(&public(&format!("{name} 1")))
                .int(2)
                .raw(&members.concat());
            let cite = self.roll.cite();
            self.push_citing("election", 0x0312, "commission", &[cite], payload.0);
        }
    }

    fn act(&mut self, n: usize, officer: usize, event_type: u16, refs: &[Cited], payload: Vec<u8>) -> u64 {
        self.now += 1_000;
        let name = self.stations[n].name;
        let seq = self.stations[n].ledger.size();
        self.push_citing(name, event_type, &format!("{name} {officer}"), refs, payload);
        seq
    }

    fn open_stations(&mut self) {
        for n in 0..self.stations.len() {
            for officer in 1..=3 {
                self.act(n, officer, 0x0501, &[], Vec::new());
            }
            self.open_station(n);
        }
    }

    fn open_station(&mut self, n: usize) {
        let payload = Enc::default()
            .content(&self.stations[n].content.unwrap())
            .content(&self.rules.unwrap())
            .int(RECEIVED)
            .text("seal-1");
        let cite = self.early.0.unwrap_or_else(|| self.election.cite());
        self.act(n, 1, 0x0503, &[cite], payload.0);
    }

    fn check_in(&mut self, n: usize, listed: bool, person: [u8; 32]) -> u64 {
        self.stations[n].counts[0] += 1;
        let payload = Enc::default().byte(u8::from(listed)).raw(&person).byte(1).byte(0);
        self.act(n, 2, 0x0504, &[], payload.0)
    }

    fn issue(&mut self, n: usize, paper: Paper) -> u64 {
        let station = &mut self.stations[n];
        station.counts[1] += 1;
        station.counts[3] += u64::from(paper.envelope.is_some());
        let enc = optional(Enc::default().int(paper.check_in), paper.envelope);
        let enc = optional(enc, paper.replaces);
        let unsigned = enc.clone().byte(0).0;
        let payload = match paper.second {
            None => unsigned,
            Some(second) => {
                let second = format!("{} {second}", station.name);
                let message = [
                    b"sijill/second-officer/v1\n".as_slice(),
                    &station.ledger.id,
                    &public(&format!("{} 2", station.name)),
                    &unsigned,
                ]
                .concat();
                let signature = key(&second).sign(&message).to_bytes();
                enc.byte(1).raw(&public(&second)).raw(&signature).0
            }
        };
        self.act(n, 2, 0x0505, &[], payload)
    }

    /// A voter of the list gets a paper, by two officers if it excludes a digital ballot.
    fn serve(&mut self, n: usize, v: usize) -> u64 {
        let check_in = self.check_in(n, true, voter(v));
        let second = (v < self.spec.voters).then_some(3);
        self.issue(
            n,
            Paper {
                check_in,
                second,
                ..Paper::default()
            },
        )
    }

    /// A guest gets a paper in an envelope.
    fn serve_guest(&mut self, n: usize, guest: u8, number: u64) -> u64 {
        let check_in = self.check_in(n, false, sha(&[b"guest", &[guest]]));
        self.issue(
            n,
            Paper {
                check_in,
                envelope: Some(number),
                second: Some(3),
                ..Paper::default()
            },
        )
    }

    fn close_station(&mut self, n: usize) {
        let station = &self.stations[n];
        let unused = RECEIVED - station.counts[1];
        let payload = station.counts(unused).int(station.unserved);
        self.act(n, 1, 0x0508, &[], payload.0);
    }

    fn anchor_station(&mut self, n: usize) {
        self.now += 1_000;
        let (id, size, _) = self.stations[n].ledger.cite();
        let (service, cite) = (self.service(), self.stations[n].ledger.cite());
        let payload = Enc::default().raw(&id).int(size).0;
        self.push_citing("election", 0x0315, &service, &[cite], payload);
    }

    fn finish_station(&mut self, n: usize, signers: &[usize]) {
        let cite = self.stations[n].ledger.cite();
        self.finish_station_at(n, signers, cite);
    }

    fn finish_station_at(&mut self, n: usize, signers: &[usize], cite: Cited) {
        self.now += 1_000;
        let (id, size, root) = cite;
        let message = [
            b"sijill/station-final/v1\n".as_slice(),
            &id,
            &size.to_be_bytes(),
            &root,
        ]
        .concat();
        let station = &self.stations[n];
        let mut signatures: Vec<Vec<u8>> = signers
            .iter()
            .map(|signer| {
                let name = format!("{} {signer}", station.name);
                let signature = key(&name).sign(&message).to_bytes();
                [public(&name).as_slice(), &signature].concat()
            })
            .collect();
        signatures.sort();
        let counts = station.counts(RECEIVED - station.counts[1]);
        let payload = Enc::default()
            .raw(&id)
            .int(size)
            .raw(&counts.0)
            .int(signatures.len() as u64)
            .raw(&signatures.concat());
        let service = self.service();
        self.push_citing("election", 0x0316, &service, &[cite], payload.0);
    }

    fn lose_station(&mut self, n: usize, rule: u8) {
        self.now += 1_000;
        let payload = Enc::default()
            .raw(&self.stations[n].ledger.id)
            .byte(rule)
            .text("The machine burnt");
        self.push("election", 0x0317, "commission", payload.0);
    }

    fn name_officer(&mut self, n: usize, officer: usize) {
        self.now += 1_000;
        let name = format!("{} {officer}", self.stations[n].name);
        let payload = Enc::default()
            .raw(&self.stations[n].ledger.id)
            .raw(&public(&name))
            .byte(0);
        self.push("election", 0x0313, "commission", payload.0);
    }

    fn revoke_officer(&mut self, n: usize, officer: usize) {
        self.now += 1_000;
        let name = format!("{} {officer}", self.stations[n].name);
        let payload = Enc::default()
            .raw(&self.stations[n].ledger.id)
            .raw(&public(&name));
        self.push("election", 0x0314, "commission", payload.0);
    }

    fn decide_paper(&mut self, n: usize, paper: u64, decision: u8, person: Option<usize>) {
        self.now += 1_000;
        let enc = Enc::default()
            .raw(&self.stations[n].ledger.id)
            .int(paper)
            .byte(decision);
        let enc = match person {
            None => enc.byte(0),
            Some(person) => enc.byte(1).raw(&voter(person)),
        };
        let cite = self.election.cite();
        self.push_citing("roll", 0x020f, "commission", &[cite], enc.raw(&[7; 32]).0);
    }

    /// Everything between the close of the boxes and their seal.
    pub fn bring_books(&mut self, excluded: &[[u8; 32]]) {
        for n in 0..self.stations.len() {
            if self.stations[n].published {
                self.close_station(n);
            }
        }
        self.step(Step::Closed);
        for n in 0..self.stations.len() {
            if self.stations[n].published {
                let signers = self.stations[n].signers.clone();
                self.finish_station(n, &signers);
            } else {
                self.lose_station(n, 1);
            }
        }
        self.step(Step::Final);
        let opened = self.spec.opened.clone();
        let opened = opened.unwrap_or_else(|| self.spec.excluded.clone());
        let mut openings: Vec<Vec<u8>> = opened
            .iter()
            .map(|n| {
                let credential = (G * secret(*n)).compress().0;
                [voter(*n).as_slice(), &salt(*n), &credential].concat()
            })
            .collect();
        openings.sort();
        let openings = Enc::default().int(openings.len() as u64).raw(&openings.concat());
        let openings = self.bytes(openings.0);
        self.now += 1_000;
        let (id, cite) = (self.boxes[0].ledger.id, self.election.cite());
        let payload = Enc::default().raw(&id).content(&openings).0;
        self.push_citing("roll", 0x0210, "registrar", &[cite], payload);
        self.step(Step::Opened);
        self.now += 1_000;
        let content = self.content("exclusions", credential_list(excluded));
        let payload = Enc::default().content(&content).int(excluded.len() as u64).0;
        let mut refs = [
            self.early.0.unwrap_or_else(|| self.election.cite()),
            self.early.1.unwrap_or_else(|| self.roll.cite()),
        ];
        refs.sort_unstable();
        let district = self.boxes[0].district;
        self.push_citing(district, 0x0406, "registrar", &refs, payload);
    }

    /// The returns of the stations, and their sum. All valid papers vote for the first answer.
    pub fn return_stations(&mut self, n: usize) {
        let width = self.boxes[n].suite.questions[0].answers;
        let mut sums = [0; 4];
        let write = |enc: Enc, numbers: [u64; 4]| {
            let enc = numbers.iter().fold(enc, |enc, number| enc.int(*number));
            let enc = enc.int(1).int(width as u64).int(numbers[1]);
            (1..width).fold(enc, |enc, _| enc.int(0)).0
        };
        let district = self.boxes[n].district;
        for (station, numbers) in self.returned.clone() {
            self.now += 1_000;
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum += number;
            }
            let enc = Enc::default()
                .raw(&self.stations[station].ledger.id)
                .text(district);
            self.push("election", 0x0318, "commission", write(enc, numbers));
        }
        self.now += 1_000;
        let [_, valid, invalid, _] = sums;
        let mut row = vec![0; width];
        row[0] = valid;
        let b = &mut self.boxes[n];
        (b.paper, b.paper_cast) = (vec![row], (valid, invalid));
        let payload = write(Enc::default().raw(&b.ledger.id), sums);
        self.push("election", 0x0309, "commission", payload);
    }
}

/// An event with two stations.
fn stations(name: &str, change: impl FnOnce(&mut Spec)) -> World {
    world(name, |spec| {
        spec.paper = true;
        spec.certified = true;
        spec.stations = vec![("north", vec![1, 3]), ("south", vec![2])];
        change(spec);
    })
}

fn play(w: &mut World) {
    w.until_open();
    w.open_stations();
    w.poll();
    w.step(Step::Open);
    for n in 0..w.stations.len() {
        if w.stations[n].published {
            let voter = if n == 0 { 3 } else { 2 };
            w.serve(n, voter);
        }
    }
    w.step(Step::Served);
    w.finish();
}

fn played(name: &str, change: impl FnOnce(&mut World)) -> Package {
    played_as(name, |_| (), change)
}

fn played_as(name: &str, spec: impl FnOnce(&mut Spec), change: impl FnOnce(&mut World)) -> Package {
    let mut w = stations(name, spec);
    change(&mut w);
    play(&mut w);
    pack(&w)
}

/// With one entry that a forger made otherwise.
fn with(name: &str, ledger: &'static str, event_type: u16, nth: usize, change: fn(&mut Draft)) -> Package {
    played(name, |w| w.on(ledger, event_type, nth, change))
}

/// Every case.
pub(super) fn all() -> Vec<Case> {
    let mut cases = controls();
    cases.extend(papers());
    cases.extend(books());
    cases.extend(rules());
    cases
}

fn lost_book(w: &mut World) {
    w.on_content("rules", |s| {
        let from = "\"in_person\":\"in-person-supersedes\"";
        assert!(s.contains(from));
        s.replace(from, &format!("{from},\"lost_book\":\"void-paper\""))
    });
}

fn controls() -> Vec<Case> {
    vec![
        honest(
            "honest-stations",
            "Two polling stations: a paper takes the place of a digital ballot",
            |name| played(name, |_| ()),
        )
        .stage("certified"),
        honest(
            "honest-station-lost",
            "The book of a station is lost: none of its papers counts",
            |name| {
                played_as(
                    name,
                    |spec| spec.excluded = Vec::new(),
                    |w| {
                        lost_book(w);
                        w.stations[1].published = false;
                        w.returned = vec![(0, [1, 0, 1, 0])];
                    },
                )
            },
        )
        .stage("certified"),
        honest(
            "honest-station-guest",
            "A guest votes with an envelope, is admitted, and excluded digitally; another is not admitted",
            |name| {
                played_as(
                    name,
                    |spec| spec.excluded = vec![1, 2],
                    |w| {
                        w.returned = vec![(0, [2, 1, 1, 0]), (1, [1, 1, 0, 0])];
                        w.at = Some(|w, step| match step {
                            Step::Served => {
                                w.serve_guest(1, 1, 1);
                                w.serve_guest(1, 2, 2);
                            }
                            Step::Final => {
                                w.decide_paper(1, 8, 1, Some(1));
                                w.decide_paper(1, 10, 2, None);
                            }
                            _ => {}
                        });
                    },
                )
            },
        )
        .stage("certified"),
        honest(
            "honest-station-revoked",
            "What an officer did whose entries came behind the revocation is decided",
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| match step {
                        Step::Open => {
                            w.anchor_station(0);
                            w.revoke_officer(0, 2);
                            // Chair and the member who is left are two.
                            w.name_officer(0, 4);
                            w.stations[0].signers = vec![1, 3, 4];
                        }
                        Step::Final => w.decide_paper(0, 6, 1, None),
                        _ => {}
                    });
                })
            },
        )
        .stage("certified"),
    ]
}

/// C4, C8, C10, C11: papers and the ballots that they exclude.
fn papers() -> Vec<Case> {
    vec![
        attack(
            "C4-no-paper",
            "A digital ballot is excluded, and its voter has no paper",
            "station.md §8.2",
            &["station.exclusions"],
            |name| {
                played_as(
                    name,
                    |spec| spec.excluded = vec![1, 2],
                    |w| w.on("roll", 0x0210, 0, |_| ()),
                )
            },
        )
        .same(),
        attack(
            "C4-both",
            "A paper counts, and the digital ballot of its voter too",
            "station.md §8.2",
            &["station.exclusions"],
            |name| {
                played_as(
                    name,
                    |spec| spec.excluded = Vec::new(),
                    |w| w.on("roll", 0x0210, 0, |_| ()),
                )
            },
        )
        .same(),
        attack(
            "C4-unopened",
            "A credential is on the exclusion list that the registrar did not open",
            "station.md §8.3",
            &["station.exclusions"],
            |name| {
                played_as(
                    name,
                    |spec| {
                        spec.opened = Some(vec![2]);
                        spec.excluded = vec![1, 2];
                    },
                    |w| w.on("national", 0x0406, 0, |_| ()),
                )
            },
        )
        .same(),
        attack(
            "C4-other-opening",
            "The opening of an exclusion is not that of the voter's credential",
            "station.md §8.2",
            &["station.exclusions"],
            |name| {
                played(name, |w| {
                    w.on("roll", 0x0202, 2, |d| d.payload[32] ^= 1);
                    w.at = Some(|w, step| {
                        if step == Step::Final {
                            w.flaw = None;
                            w.on("roll", 0x0210, 0, |_| ());
                        }
                    });
                })
            },
        )
        .same(),
        attack(
            "C4-early",
            "The exclusions are fixed while the book of a station is missing",
            "station.md §8.3",
            &["station.exclusions"],
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| match step {
                        Step::Closed => w.early.0 = Some(w.election.cite()),
                        Step::Opened => w.on("national", 0x0406, 0, |_| ()),
                        _ => {}
                    });
                })
            },
        )
        .same(),
        attack(
            "C8-issued",
            "A station returns more papers than it has issued",
            "station.md §9.1",
            &["station.return"],
            |name| {
                played(name, |w| {
                    w.returned[0].1 = [2, 1, 1, 0];
                    w.on("election", 0x0318, 0, |_| ());
                })
            },
        )
        .same(),
        attack(
            "C8-sum",
            "The paper return of a district is not the sum of those of its stations",
            "station.md §9.2",
            &["paper.return"],
            |name| {
                played(name, |w| {
                    w.on("election", 0x0309, 0, |d| d.payload[32] += 1);
                })
            },
        )
        .same(),
        attack(
            "C8-mismatch",
            "Fewer papers were counted than were issued, and the results are certified without a word",
            "station.md §9.4",
            &["election.certification"],
            |name| {
                played(name, |w| {
                    w.returned[0].1 = [1, 0, 0, 0];
                    w.on("election", 0x0311, 0, |_| ());
                })
            },
        )
        .stage("certified")
        .same(),
        attack(
            "C10-alone",
            "One officer alone issues a paper that excludes a digital ballot",
            "station.md §5.4",
            &["station.paper"],
            |name| {
                with(name, "south", 0x0505, 0, |d| {
                    let end = d.payload.len() - 97;
                    d.payload.truncate(end);
                    d.payload.push(0);
                })
            },
        )
        .same(),
        attack(
            "C10-forged-second",
            "The signature of the second officer does not hold",
            "station.md §5.4",
            &["station.paper"],
            |name| with(name, "south", 0x0505, 0, |d| *d.payload.last_mut().unwrap() ^= 1),
        )
        .same(),
        attack(
            "C10-himself",
            "The second officer is the first one",
            "station.md §5.4",
            &["station.paper"],
            |name| {
                played(name, |w| {
                    w.on("south", 0x0505, 0, |d| {
                        let unsigned = [&d.payload[..3], &[0]].concat();
                        let message = [
                            b"sijill/second-officer/v1\n".as_slice(),
                            &d.body_ledger,
                            &public("south 2"),
                            &unsigned,
                        ]
                        .concat();
                        let signature = key("south 2").sign(&message).to_bytes();
                        d.payload = [&d.payload[..3], &[1], &public("south 2"), &signature].concat();
                    });
                })
            },
        )
        .same(),
        attack(
            "C10-stranger",
            "An officer acts whom only the book of the station names, not the public ledger",
            "station.md §2.2",
            &["station.final"],
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| {
                        if step == Step::Open {
                            w.now += 1_000;
                            w.push("south", 0x0002, "commission", grant("south 4", 3, None));
                            w.act(1, 4, 0x0501, &[], Vec::new());
                        }
                    });
                    w.on("election", 0x0316, 1, |_| ());
                })
            },
        )
        .same(),
        attack(
            "C11-two-lists",
            "A voter stands on the lists of two stations",
            "station.md §3",
            &["station.voters"],
            |name| {
                played_as(
                    name,
                    |spec| spec.stations[1].1 = vec![1, 2],
                    |w| w.on("roll", 0x020d, 1, |_| ()),
                )
            },
        )
        .same(),
        attack(
            "C11-twice",
            "A voter is checked in twice",
            "station.md §4.5",
            &["station.check-in"],
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| {
                        if step == Step::Served {
                            w.mark().check_in(0, true, voter(3));
                            w.stations[0].counts[0] -= 1;
                        }
                    });
                })
            },
        )
        .same(),
        attack(
            "C11-second-paper",
            "A voter gets a second paper though the first one stands",
            "station.md §5.2",
            &["station.paper"],
            |name| {
                played(name, |w| {
                    w.returned[0].1 = [2, 1, 1, 0];
                    w.at = Some(|w, step| {
                        if step == Step::Served {
                            let paper = Paper {
                                check_in: 5,
                                replaces: Some(6),
                                ..Paper::default()
                            };
                            w.mark().issue(0, paper);
                        }
                    });
                })
            },
        )
        .same(),
        attack(
            "C11-envelope",
            "An envelope is admitted of somebody who has a regular paper",
            "station.md §7.5",
            &["station.decided"],
            |name| {
                played(name, |w| {
                    w.returned[1].1 = [2, 2, 0, 0];
                    w.at = Some(|w, step| match step {
                        Step::Served => drop(w.serve_guest(0, 1, 1)),
                        Step::Final => w.mark().decide_paper(0, 8, 1, Some(2)),
                        _ => {}
                    });
                })
            },
        )
        .same(),
        attack(
            "C11-undecided",
            "Exclusions are opened while an envelope is not decided",
            "station.md §8.2",
            &["station.exclusions"],
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| {
                        if step == Step::Served {
                            w.serve_guest(0, 1, 1);
                        }
                    });
                    w.on("roll", 0x0210, 0, |_| ());
                })
            },
        )
        .same(),
    ]
}

/// C12: what comes to the centre.
fn books() -> Vec<Case> {
    vec![
        attack(
            "C12-tail",
            "The folder has the book of a station without its last entries",
            "station.md §2.4",
            &[
                "entry.refs",
                "station.anchor",
                "station.final",
                "trust.checkpoint",
            ],
            |name| {
                let mut w = stations(name, |_| ());
                play(&mut w);
                let mut package = pack(&w);
                let folder = format!("ledgers/{}/", hex::encode(w.stations[1].ledger.id));
                package.files.retain(|path, _| !path.starts_with(&folder));
                let size = w.stations[1].ledger.size();
                w.stations[1].ledger.publish_first(size - 1, &mut package.files);
                package
            },
        ),
        attack(
            "C12-withheld",
            "The book of a station that was signed is not in the folder",
            "station.md §2.4",
            &["election.omitted", "trust.ledger"],
            |name| {
                let mut w = stations(name, |_| ());
                play(&mut w);
                let mut package = pack(&w);
                let folder = format!("ledgers/{}/", hex::encode(w.stations[1].ledger.id));
                package.files.retain(|path, _| !path.starts_with(&folder));
                package
            },
        ),
        attack(
            "C12-two-signatures",
            "The final state is signed by the chair and one member alone",
            "station.md §2.2",
            &["station.final"],
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| {
                        if step == Step::Closed {
                            w.mark().finish_station(0, &[1, 2]);
                            w.on("election", 0x0316, 1, |d| d.copies = 0);
                            w.flaw = w.flaw.take();
                        }
                    });
                })
            },
        )
        .same(),
        attack(
            "C12-no-chair",
            "The chair has not signed the final state",
            "station.md §2.2",
            &["station.final"],
            |name| {
                played(name, |w| {
                    w.on("election", 0x0316, 0, |d| {
                        // Another size was signed, so that no signature of the chair is there that holds.
                        *d.payload.last_mut().unwrap() ^= 1;
                    });
                })
            },
        )
        .same(),
        attack(
            "C12-anchored-back",
            "A book is anchored at a size that it had already",
            "station.md §2.1",
            &["station.anchor"],
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| {
                        if step == Step::Open {
                            w.anchor_station(0);
                        } else if step == Step::Served {
                            w.on("election", 0x0315, 1, |d| d.payload[32] -= 1);
                            w.anchor_station(0);
                        }
                    });
                })
            },
        )
        .same(),
    ]
}

/// P: rules of stations that no other line names.
fn rules() -> Vec<Case> {
    vec![
        attack(
            "P1-officers",
            "A station opens with other officers than those that were announced",
            "station.md §4.4",
            &["station.defined"],
            |name| {
                let mut w = stations(name, |_| ());
                w.until_open();
                w.name_officer(0, 4);
                w.on("north", 0x0503, 0, |_| ());
                w.open_stations();
                w.poll();
                w.serve(0, 3);
                w.serve(1, 2);
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "P1-undefined",
            "The poll is opened, and the ledger does not define a station that it lists",
            "station.md §1.6",
            &[
                "paper.return",
                "station.defined",
                "station.exclusions",
                "station.final",
                "station.return",
            ],
            |name| with(name, "election", 0x0312, 1, |d| d.copies = 0),
        )
        .door("station.defined"),
        attack(
            "P2-lost",
            "A book is declared lost though the rules have no rule for that",
            "station.md §2.3",
            &["station.lost"],
            |name| {
                played_as(
                    name,
                    |spec| spec.excluded = Vec::new(),
                    |w| {
                        w.stations[1].published = false;
                        w.returned = vec![(0, [1, 0, 1, 0])];
                        w.on("election", 0x0317, 0, |_| ());
                    },
                )
            },
        )
        .same(),
        attack(
            "P3-order",
            "Somebody is checked in before the station is open",
            "station.md §4.2",
            &["station.order"],
            |name| {
                let mut w = stations(name, |_| ());
                w.until_open();
                for officer in 1..=3 {
                    w.act(0, officer, 0x0501, &[], Vec::new());
                }
                w.mark().check_in(0, false, [9; 32]);
                w.stations[0].unserved = 1;
                w.open_station(0);
                for officer in 1..=3 {
                    w.act(1, officer, 0x0501, &[], Vec::new());
                }
                w.open_station(1);
                w.poll();
                w.serve(0, 3);
                w.serve(1, 2);
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "P3-duty",
            "A paper is issued by an officer who is off duty",
            "station.md §4.3",
            &["station.duty"],
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| {
                        if step == Step::Open {
                            w.act(0, 2, 0x0502, &[], Vec::new());
                            w.on("north", 0x0504, 0, |_| ());
                        }
                    });
                })
            },
        )
        .same(),
        attack(
            "P3-window",
            "Somebody is checked in long after the close",
            "station.md §4.5",
            &["station.window"],
            |name| {
                played(name, |w| {
                    w.at = Some(|w, step| {
                        if step == Step::Served {
                            w.now = super::world::CLOSES + 600_001;
                            w.mark().check_in(0, false, [9; 32]);
                            w.stations[0].unserved = 1;
                        }
                    });
                })
            },
        )
        .same(),
        attack(
            "P3-counts",
            "The closing protocol counts one who was not served",
            "station.md §6",
            &["station.counts"],
            |name| with(name, "north", 0x0508, 0, |d| *d.payload.last_mut().unwrap() += 1),
        )
        .same(),
        attack(
            "P4-voted",
            "The first vote is final, and somebody who has voted digitally gets a paper",
            "station.md §8.4",
            &["station.look-up"],
            |name| {
                played(name, |w| {
                    w.on_content("rules", |s| s.replace("in-person-supersedes", "first-vote-final"));
                    for n in 0..2 {
                        w.on("election", 0x0312, n, |d| {
                            // The flag behind the districts.
                            let at = d.payload.windows(8).position(|w| w == b"national").unwrap();
                            d.payload[at + 8] = 1;
                        });
                    }
                    w.at = Some(|w, step| {
                        if step == Step::Served {
                            w.flaw = Some((w.stations[1].ledger.id, 6));
                        } else if step == Step::Open {
                            let cite = w.boxes[0].ledger.cite();
                            LOOK_UP.set(Some(cite));
                            for station in ["north", "south"] {
                                w.on(station, 0x0505, 0, |d| {
                                    d.refs = LOOK_UP.get().into_iter().collect()
                                });
                            }
                        }
                    });
                })
            },
        ),
    ]
}

thread_local! {
    /// What the papers of a case cite that rest on a look-up.
    static LOOK_UP: std::cell::Cell<Option<Cited>> = const { std::cell::Cell::new(None) };
}
