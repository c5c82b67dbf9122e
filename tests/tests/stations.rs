//! Two polling stations on machines of their own, and the centre: how their books travel, and what is refused on the way.
//! Spec: specs/station.md §11, specs/station.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sijill_engine::clock::RehearsalClock;
use sijill_engine::copies::{ReceiveError, StationFile};
use sijill_engine::look_up::{Answer, LookUpError, Question};
use sijill_engine::publish::Scope;
use sijill_engine::{Acknowledgement, Engine, EngineError, SubmitError};
use sijill_ledger::{
    Body, Chain, Checkpoint, ContentRef, Entry, Genesis, GenesisFields, Grant, Kind, LedgerId,
    LedgerIdentity, Nonce, Role, SigningKey, UnixMillis,
};
use sijill_registers::ballot_box::events::{BoxEvent, ExclusionsFixed};
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::*;
use sijill_registers::register::Facts;
use sijill_registers::roll::events::*;
use sijill_registers::station::events::*;
use sijill_registers::station::{Listed, Served, VoterList};
use sijill_rules::{InPerson, RulePack};
use sijill_store::MemoryStore;
use sijill_tests::{
    Rehearsal, district, key, open_engine, open_other_engine, pseudonym, referendum_file, rules,
};
use sijill_verifier::{CheckVerdict, Options, Profile, Stage, Verdict, verify_event};

const VOTERS: usize = 6;

fn number(n: u64) -> Number {
    n.try_into().unwrap()
}

/// A station's machine.
struct Machine {
    engine: Engine,
    ledger: LedgerId,
    name: &'static str,
    voters: Vec<usize>,
    dir: tempfile::TempDir,
    disk: Arc<MemoryStore>,
    pack: RulePack,
}

impl Machine {
    fn officer(&self, n: usize) -> SigningKey {
        key(&format!("officer {n} of {}", self.name))
    }

    async fn new(
        clock: &Arc<RehearsalClock>,
        name: &'static str,
        parent: LedgerId,
        voters: Vec<usize>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(MemoryStore::new());
        let engine = open_other_engine(dir.path(), disk.clone(), Arc::clone(clock), name)
            .await
            .unwrap();
        let (service_key, ledger_key) = engine.key_ids();
        let grant = |key: &SigningKey, role| Grant {
            key: key.key_id(),
            role,
            scope: None,
        };
        let mut grants: Vec<_> = (0..3)
            .map(|n| grant(&key(&format!("officer {n} of {name}")), Role::StationOfficer))
            .collect();
        grants.push(grant(&key("commission"), Role::Commission));
        let genesis = Genesis::new(GenesisFields {
            kind: Kind::Station,
            origin: "vote.example/station".parse().unwrap(),
            parent: Some(parent),
            ledger_key,
            service_key,
            grants,
            max_lag_ms: 30_000,
            official_window_ms: 3_600_000,
            random: Sha256::digest(name).into(),
            predecessor: None,
        })
        .unwrap();
        let ledger = engine.create_ledger(genesis).await.unwrap().ledger();
        Self {
            engine,
            ledger,
            name,
            voters,
            dir,
            disk,
            pack: rules(),
        }
    }

    fn list(&self) -> Vec<u8> {
        let voters = self
            .voters
            .iter()
            .map(|v| Listed {
                pseudonym: pseudonym(*v),
                holder: *v < VOTERS,
            })
            .collect();
        let served = Served {
            district: district(),
            voters,
        };
        VoterList::build(vec![served]).unwrap().to_bytes()
    }

    async fn act(&self, officer: usize, event: StationEvent) -> Result<Acknowledgement, SubmitError> {
        let parent = match self.engine.ledgers().find(&self.ledger).unwrap().facts() {
            Facts::Station(facts) => facts.parent,
            _ => panic!(),
        };
        let cites: &[LedgerId] = match event {
            StationEvent::StationOpened(_) => &[parent],
            _ => &[],
        };
        self.engine
            .act(&self.officer(officer), self.ledger, &Event::Station(event), cites)
            .await
    }

    async fn open(&self) {
        for officer in 0..3 {
            self.act(officer, StationEvent::DutyBegun).await.unwrap();
        }
        let event = StationOpened {
            voters: self.engine.put_content(&self.list()).unwrap(),
            pack: self.engine.put_content(&self.pack.to_json()).unwrap(),
            papers: number(10),
            seal: "seal-7".parse().unwrap(),
        };
        self.act(0, StationEvent::StationOpened(event)).await.unwrap();
    }

    async fn serve(&self, voter: usize) {
        let paper = self.paper(voter).await;
        self.act(1, StationEvent::PaperIssued(paper)).await.unwrap();
    }

    /// Checks a voter in. Returns the paper that officer 1 would issue, with officer 2.
    async fn paper(&self, voter: usize) -> PaperIssued {
        let listed = self.voters.contains(&voter);
        let event = CheckedIn {
            listed,
            person: if listed { pseudonym(voter).0 } else { [0xEE; 32] },
            document: 1,
            assistance: false,
        };
        let check_in = self.act(1, StationEvent::CheckedIn(event)).await.unwrap();
        let mut event = PaperIssued {
            check_in: number(check_in.seq.as_u64()),
            envelope: (!listed).then(|| number(1)),
            replaces: None,
            second: None,
        };
        let message = event.second_message(self.ledger, self.officer(1).key_id());
        event.second = Some(Signed {
            key: self.officer(2).key_id(),
            signature: self.officer(2).sign(&message),
        });
        event
    }

    async fn close(&self) {
        let event = self
            .engine
            .ledgers()
            .find(&self.ledger)
            .unwrap()
            .with_head(|head| {
                let state = head.state.as_station().unwrap();
                let issued = state.book().papers().count() as u64;
                StationClosed {
                    counts: state.book().counts(10, 10 - issued).unwrap(),
                    unserved: number(state.book().unserved()),
                }
            });
        self.act(0, StationEvent::StationClosed(event)).await.unwrap();
    }

    fn signatures(&self) -> Vec<Signed> {
        let cited = self.engine.ledgers().find(&self.ledger).unwrap().cite();
        let message = final_message(self.ledger, cited.size, cited.root.as_bytes());
        let mut signatures: Vec<_> = (0..3)
            .map(|n| Signed {
                key: self.officer(n).key_id(),
                signature: self.officer(n).sign(&message),
            })
            .collect();
        signatures.sort_by_key(|s| s.key);
        signatures
    }

    async fn export(&self, signatures: Vec<Signed>) -> StationFile {
        let file = self
            .engine
            .export_station(self.ledger, signatures, b"sealed".to_vec())
            .await
            .unwrap();
        StationFile::parse(&file.to_bytes()).unwrap()
    }

    fn defined(&self) -> StationDefined {
        let mut members: Vec<_> = [1, 2].iter().map(|n| self.officer(*n).key_id()).collect();
        members.sort();
        StationDefined {
            station: self.name.parse().unwrap(),
            name_en: self.name.to_owned(),
            name_ar: String::new(),
            ledger: self.ledger,
            districts: vec![district()],
            online: self.pack.voting.in_person == InPerson::FirstVoteFinal,
            queue_ms: number(0),
            pack: Sha256::digest(self.pack.to_json()).into(),
            voters: Sha256::digest(self.list()).into(),
            count: number(self.voters.len() as u64),
            chair: self.officer(0).key_id(),
            members,
        }
    }
}

struct Centre {
    r: Rehearsal,
    dir: tempfile::TempDir,
    disk: Arc<MemoryStore>,
    machines: Vec<Machine>,
}

/// Centre and two stations at the opening time; each station has the public ledger of the event.
async fn open() -> Centre {
    open_under(rules()).await
}

async fn open_under(pack: RulePack) -> Centre {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(MemoryStore::new());
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let engine = open_engine(dir.path(), disk.clone(), Arc::clone(&clock))
        .await
        .unwrap();
    let mut r = Rehearsal::create(engine, clock, &referendum_file(true), VOTERS).await;
    r.pack = pack.clone();
    let mut machines = Vec::new();
    for (name, voters) in [("east", vec![0, 1, 6]), ("west", vec![2, 3])] {
        let mut machine = Machine::new(&r.clock, name, r.election, voters).await;
        machine.pack = pack.clone();
        machines.push(machine);
    }
    let ledgers: Vec<_> = machines.iter().map(|m| m.ledger).collect();
    r.announce(&ledgers).await;
    r.fix_trustees().await;
    r.freeze_roll().await;
    for machine in &machines {
        let event = VotersAssigned {
            station: machine.ledger,
            voters: r.put(&machine.list()),
        };
        r.registrar(r.roll, Event::Roll(RollEvent::VotersAssigned(event)))
            .await
            .unwrap();
        let event = ElectionEvent::StationDefined(machine.defined());
        r.commission(r.election, Event::Election(event), &[r.roll])
            .await
            .unwrap();
    }
    r.open_box().await;
    let centre = Centre {
        r,
        dir,
        disk,
        machines,
    };
    centre.publish_to_stations().await;
    for machine in &centre.machines {
        machine.open().await;
    }
    centre
}

impl Centre {
    async fn publish_to_stations(&self) {
        let folder = self.dir.path().join("published");
        self.r
            .engine
            .publish(self.r.election, Scope::Public, &folder)
            .await
            .unwrap();
        for machine in &self.machines {
            let taken = machine
                .engine
                .take_election(self.r.election, &folder)
                .await
                .unwrap();
            assert_eq!(taken.size, self.size(self.r.election));
        }
    }

    fn size(&self, ledger: LedgerId) -> u64 {
        self.r.engine.ledgers().find(&ledger).unwrap().durable_size()
    }

    async fn receive(&self, file: &StationFile) -> Result<u64, ReceiveError> {
        let received = self.r.engine.receive_station(self.r.election, file).await?;
        assert_eq!(received.size, self.size(file.ledger()));
        Ok(received.new)
    }

    async fn anchor(&self, ledger: LedgerId) {
        let event = StationAnchored {
            ledger,
            size: number(self.size(ledger)),
        };
        let event = Event::Election(ElectionEvent::StationAnchored(event));
        self.r
            .engine
            .act_as_service(self.r.election, event, &[ledger])
            .await
            .unwrap();
    }

    async fn close_box(&self) {
        let m = &self.r.manifest;
        self.r
            .clock
            .set(UnixMillis::clamped(m.closes_ms + m.grace_ms + 1));
        self.r
            .commission(self.r.ballot_box, Event::BallotBox(BoxEvent::BoxClosed), &[])
            .await
            .unwrap();
    }

    async fn finish(&self, file: &StationFile) -> Result<Acknowledgement, SubmitError> {
        let ledger = file.ledger();
        let Facts::Station(facts) = self.r.engine.ledgers().find(&ledger).unwrap().facts() else {
            panic!()
        };
        let event = StationFinal {
            ledger,
            size: number(file.size()),
            counts: facts.closed.as_ref().unwrap().1.counts,
            signatures: file.signatures().to_vec(),
        };
        let event = Event::Election(ElectionEvent::StationFinal(event));
        self.r
            .engine
            .act_as_service(self.r.election, event, &[ledger])
            .await
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, ReceiveError>) -> &'static str {
    result.unwrap_err().code()
}

/// Scenarios 8 and 9: who votes digitally and on paper, in either order and at a station without a line, has one vote: the
/// paper. The choice of the digital ballot stays sealed.
#[tokio::test]
async fn books_travel_and_the_box_is_sealed() {
    let c = open().await;
    let [east, west] = &*c.machines else { panic!() };
    c.r.vote(0, Some(0)).await.unwrap();
    c.r.vote(4, Some(0)).await.unwrap();
    east.serve(0).await;
    // Once on line in between, once after the close; the same file twice changes nothing.
    let early = east.export(Vec::new()).await;
    assert_eq!(c.receive(&early).await.unwrap(), early.size());
    assert_eq!(c.receive(&early).await.unwrap(), 0);
    c.anchor(east.ledger).await;
    // A paper in the hand at one moment, a ballot in the box at the next.
    east.serve(1).await;
    c.r.vote(1, Some(1)).await.unwrap();
    west.serve(2).await;
    west.serve(5).await;
    for machine in [east, west] {
        machine.close().await;
        let unsigned = machine.export(Vec::new()).await;
        c.receive(&unsigned).await.unwrap();
        let refused = c.finish(&unsigned).await.unwrap_err();
        assert_eq!(refused.code(), Some("station.final"));
        let file = machine.export(machine.signatures()).await;
        assert_eq!(c.receive(&file).await.unwrap(), 0);
        assert_eq!(file.guests(), b"sealed");
        c.finish(&file).await.unwrap();
    }
    // Older now, though it was good once; and still older after a restart of the centre.
    assert_eq!(code(c.receive(&early).await), "received.older");
    // Nobody writes to a book here.
    let refused =
        c.r.engine
            .act(
                &east.officer(0),
                east.ledger,
                &Event::Station(StationEvent::DutyEnded),
                &[],
            )
            .await
            .unwrap_err();
    assert!(matches!(refused, SubmitError::ReadOnly(_)), "{refused:?}");

    c.close_box().await;
    let envelope =
        c.r.engine
            .ledgers()
            .find(&west.ledger)
            .unwrap()
            .with_head(|head| {
                let book = head.state.as_station().unwrap().book();
                let mut papers = book.papers();
                papers.find(|(_, p)| p.envelope.is_some()).unwrap().0
            });
    let event = PaperDecided {
        station: west.ledger,
        paper: number(envelope),
        decision: 1,
        person: Some(pseudonym(5)),
        reason: [1; 32],
    };
    c.r.commission(
        c.r.roll,
        Event::Roll(RollEvent::PaperDecided(event)),
        &[c.r.election],
    )
    .await
    .unwrap();
    exclude_seal_and_verify(&c, &[0, 1, 2, 5], 1).await;
}

/// From decided papers to the seal; both publications verify. So many digital ballots count.
async fn exclude_seal_and_verify(c: &Centre, excluded: &[usize], counted: u64) {
    let openings: Vec<_> = excluded.iter().map(|v| c.r.opening(*v)).collect();
    let event = ExclusionsOpened {
        ledger: c.r.ballot_box,
        openings: c.r.put(&sijill_ledger::encode(&openings)),
    };
    c.r.engine
        .act(
            &key("registrar"),
            c.r.roll,
            &Event::Roll(RollEvent::ExclusionsOpened(event)),
            &[c.r.election],
        )
        .await
        .unwrap();
    let event = ExclusionsFixed {
        list: c.r.credential_list(excluded),
        count: excluded.len() as u64,
    };
    c.r.engine
        .act(
            &key("registrar"),
            c.r.ballot_box,
            &Event::BallotBox(BoxEvent::ExclusionsFixed(event)),
            &[c.r.election, c.r.roll],
        )
        .await
        .unwrap();
    c.r.commission(c.r.ballot_box, Event::BallotBox(BoxEvent::SealOrdered), &[])
        .await
        .unwrap();
    let Facts::BallotBox(facts) = c.r.engine.ledgers().find(&c.r.ballot_box).unwrap().facts() else {
        panic!()
    };
    assert_eq!(facts.sealed.as_ref().unwrap().1.counted, counted);

    // The accredited folder has both books, with the stations' own checkpoints.
    let folder = c.dir.path().join("accredited");
    let published =
        c.r.engine
            .publish(c.r.election, Scope::Accredited, &folder)
            .await
            .unwrap();
    assert_eq!(published.ledgers, 5);
    for machine in &c.machines {
        let note = format!("ledgers/{}/checkpoint", machine.ledger);
        let own = machine
            .engine
            .ledgers()
            .find(&machine.ledger)
            .unwrap()
            .checkpoint();
        assert_eq!(std::fs::read_to_string(folder.join(note)).unwrap(), own.to_note());
    }
    // The independent verifier agrees, up to the seal.
    let trust = c.dir.path().join("trust.json");
    std::fs::write(&trust, published.trust.to_json()).unwrap();
    let mut options = Options {
        trust: Some(trust),
        profile: Profile::Accredited,
        require_stage: Stage::Sealed,
        threads: None,
        plain: false,
    };
    let report = verify_event(&folder, &options).unwrap();
    let failed: Vec<_> = report
        .checks
        .iter()
        .filter(|c| matches!(c.verdict, CheckVerdict::Fail | CheckVerdict::NotEstablished))
        .collect();
    assert_eq!(report.verdict, Verdict::Verified, "{failed:#?}");
    let public = c.dir.path().join("published");
    c.r.engine
        .publish(c.r.election, Scope::Public, &public)
        .await
        .unwrap();
    assert!(!public.join(format!("ledgers/{}", c.machines[0].ledger)).exists());
    options.profile = Profile::Public;
    let report = verify_event(&public, &options).unwrap();
    assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
}

/// Scenario 8 where the first vote is final: who voted digitally gets no paper; of who is given a paper and then votes
/// digitally all the same, exactly one counts. The choice is never revealed.
#[tokio::test]
async fn where_the_first_vote_is_final_nobody_gets_a_paper_after_a_ballot() {
    let mut pack = rules();
    pack.voting.in_person = InPerson::FirstVoteFinal;
    let c = open_under(pack).await;
    let [east, west] = &*c.machines else { panic!() };
    let ask = |machine: &Machine, voter: usize| Question {
        station: machine.ledger,
        person: pseudonym(voter),
        asked_ms: machine.engine.now().as_u64(),
    };
    let answer = |question: Question, voter: usize| {
        let credential = c.r.opening(voter).credential;
        let answer =
            c.r.engine
                .answer_look_up(question, c.r.ballot_box, Some(&credential))
                .unwrap();
        Answer::parse(&answer.to_bytes()).unwrap()
    };
    let issue = async |paper: &PaperIssued, answer: &Answer| {
        east.engine
            .issue_after_look_up(&east.officer(1), east.ledger, paper.clone(), answer)
            .await
    };
    c.r.vote(0, Some(0)).await.unwrap();
    let of_0 = east.paper(0).await;
    let voted = answer(ask(east, 0), 0);
    assert!(voted.voted());
    assert!(matches!(issue(&of_0, &voted).await, Err(LookUpError::Voted)));

    let of_1 = east.paper(1).await;
    // Without an answer, with that for another person, for another station, with an altered one, with one that is old.
    let alone = east
        .act(1, StationEvent::PaperIssued(of_1.clone()))
        .await
        .unwrap_err();
    assert_eq!(alone.code(), Some("entry.refs"));
    for other in [answer(ask(east, 6), 5), answer(ask(west, 1), 1)] {
        assert!(matches!(issue(&of_1, &other).await, Err(LookUpError::Other)));
    }
    let good = answer(ask(east, 1), 1);
    let bytes = good.to_bytes();
    let mut altered = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(changed) = Answer::parse(&changed) {
            altered += 1;
            assert!(issue(&of_1, &changed).await.is_err(), "byte {at}");
        }
    }
    assert!(altered > bytes.len() / 2, "{altered}");
    c.r.clock.advance(60_001);
    assert!(matches!(
        issue(&of_1, &good).await,
        Err(LookUpError::Stale { .. })
    ));
    let before = east.engine.ledgers().find(&east.ledger).unwrap().durable_size();
    issue(&of_1, &answer(ask(east, 1), 1)).await.unwrap();
    let after = east.engine.ledgers().find(&east.ledger).unwrap().durable_size();
    assert_eq!(after, before + 1, "what was refused left no trace");
    c.r.vote(1, Some(1)).await.unwrap();
    c.r.vote(4, Some(0)).await.unwrap();

    for machine in [east, west] {
        machine.close().await;
        let file = machine.export(machine.signatures()).await;
        c.receive(&file).await.unwrap();
        c.finish(&file).await.unwrap();
    }
    c.close_box().await;
    // Of 0 the ballot, of 1 the paper, of 4 the ballot.
    exclude_seal_and_verify(&c, &[1], 2).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_by_name() {
    let c = open().await;
    let [east, west] = &*c.machines else { panic!() };
    east.serve(0).await;
    let first = east.export(Vec::new()).await;
    let bytes = first.to_bytes();
    // Cut off anywhere, or one bit changed: not a whole file.
    for cut in [0, 10, 20, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(code(StationFile::parse(&bytes[..cut])), "received.damaged");
    }
    for at in (0..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_eq!(code(StationFile::parse(&changed)), "received.damaged");
    }
    let remade = |change: &dyn Fn(&mut Parts)| {
        let prefix = b"sijill-station/1\n".len();
        let mut parts: Parts = sijill_ledger::decode_canonical(&bytes[prefix..bytes.len() - 32]).unwrap();
        change(&mut parts);
        let body = sijill_ledger::encode(&parts);
        let mut file = bytes[..prefix].to_vec();
        file.extend_from_slice(&body);
        file.extend_from_slice(&Sha256::digest(&body));
        StationFile::parse(&file).unwrap()
    };
    // Made anew with the last entry left out, one put in, a document left out, the checkpoint of another station.
    let file = remade(&|parts| drop(parts.2.pop()));
    assert_eq!(code(c.receive(&file).await), "received.truncated");
    let file = remade(&|parts| parts.2.clear());
    assert_eq!(code(c.receive(&file).await), "received.truncated");
    let file = remade(&|parts| {
        let last = parts.2.last().unwrap().clone();
        parts.2.push(last);
    });
    assert_eq!(code(c.receive(&file).await), "received.entries");
    let note = west.export(Vec::new()).await;
    let note = note_of(&note);
    let file = remade(&|parts| parts.1.clone_from(&note));
    assert_eq!(code(c.receive(&file).await), "received.checkpoint");
    let file = remade(&|parts| parts.0 = west.ledger);
    assert_eq!(code(c.receive(&file).await), "received.stranger");
    // A station's machine that does not keep the rules: somebody is checked in twice.
    let file = remade(&|parts| break_a_rule(east, parts));
    assert_eq!(code(c.receive(&file).await), "received.rule");
    // Nothing of all this was kept, not even what came with it.
    let stowaway = b"in the file, and cited by nobody".to_vec();
    let brought = ContentRef::of(&stowaway).unwrap();
    let is_kept = |content: &ContentRef| c.r.engine.contents().load(content).is_ok();
    let file = remade(&|parts| {
        break_a_rule(east, parts);
        parts.3.push(stowaway.clone());
    });
    assert_eq!(code(c.receive(&file).await), "received.rule");
    assert!(c.r.engine.ledgers().find(&east.ledger).is_none());
    assert!(!is_kept(&brought));
    // Of a good file what its entries cite is kept, and nothing else.
    let file = remade(&|parts| parts.3.push(stowaway.clone()));
    c.receive(&file).await.unwrap();
    assert!(!is_kept(&brought));
    // A station that the event does not list, and one of another event.
    let stranger = Machine::new(&c.r.clock, "north", c.r.election, vec![4]).await;
    let file = stranger.export(Vec::new()).await;
    assert_eq!(code(c.receive(&file).await), "received.stranger");
    let refused = west.engine.receive_station(c.r.election, &first).await;
    assert!(
        refused.is_ok(),
        "any machine with the public ledger can read a book: {refused:?}"
    );
    let own = west.export(Vec::new()).await;
    assert_eq!(
        code(west.engine.receive_station(c.r.election, &own).await),
        "received.own"
    );
}

/// The parts of a station file. Spec: specs/station.md §11.1.
type Parts = (LedgerId, String, Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<Signed>, Vec<u8>);

fn note_of(file: &StationFile) -> String {
    let bytes = file.to_bytes();
    let prefix = b"sijill-station/1\n".len();
    let parts: Parts = sijill_ledger::decode_canonical(&bytes[prefix..bytes.len() - 32]).unwrap();
    parts.1
}

/// Continues the ledger with the station's own keys, by the common rules alone.
fn break_a_rule(machine: &Machine, parts: &mut Parts) {
    let entries = parts.2.iter().map(|bytes| Entry::parse(bytes).unwrap());
    let mut chain = Chain::replay(entries).unwrap();
    let at = chain.tail_sequenced_ms();
    let event = Event::Station(StationEvent::CheckedIn(CheckedIn {
        listed: true,
        person: pseudonym(0).0,
        document: 1,
        assistance: false,
    }));
    let body = Body {
        ledger: machine.ledger,
        event_type: event.wire_type(),
        author: machine.officer(1).key_id(),
        author_time_ms: at,
        nonce: Nonce::from_bytes([9; 16]),
        seen: Some(chain.seen()),
        refs: Vec::new(),
        payload: event.payload(),
    };
    let entry = chain
        .append(body.sign(&machine.officer(1)).unwrap(), at, at)
        .unwrap();
    parts.2.push(entry.into_bytes());
    let identity = LedgerIdentity::from(chain.genesis());
    let ledger_key = key(&format!("ledger {}", machine.name));
    parts.1 = Checkpoint::sign(&identity, chain.size(), chain.root(), &ledger_key)
        .unwrap()
        .to_note();
}

/// The machine of a station was copied: two histories, both signed.
#[tokio::test]
async fn a_fork_is_refused_and_named() {
    let c = open().await;
    let [east, _] = &*c.machines else { panic!() };
    east.serve(0).await;
    let common = east.export(Vec::new()).await;
    c.receive(&common).await.unwrap();
    // A second machine with the same keys and the same beginning.
    let twin_dir = tempfile::tempdir().unwrap();
    let twin_disk = Arc::new(MemoryStore::new());
    copy_store(&east.disk, &twin_disk).await;
    copy_folder(&east.dir.path().join("data"), &twin_dir.path().join("data"));
    copy_folder(
        &east.dir.path().join("checkpoints"),
        &twin_dir.path().join("checkpoints"),
    );
    let engine = open_other_engine(twin_dir.path(), twin_disk.clone(), Arc::clone(&c.r.clock), "east")
        .await
        .unwrap();
    let twin = Machine {
        engine,
        ledger: east.ledger,
        name: "east",
        voters: east.voters.clone(),
        dir: twin_dir,
        disk: twin_disk,
        pack: rules(),
    };
    east.serve(1).await;
    twin.serve(6).await;
    let one = east.export(Vec::new()).await;
    let other = twin.export(Vec::new()).await;
    c.receive(&one).await.unwrap();
    assert_eq!(code(c.receive(&other).await), "received.fork");
    twin.serve(1).await;
    let longer = twin.export(Vec::new()).await;
    assert_eq!(code(c.receive(&longer).await), "received.fork");
    east.close().await;
    let one = east.export(Vec::new()).await;
    c.receive(&one).await.unwrap();
    assert_eq!(
        code(c.receive(&other).await),
        "received.fork",
        "shorter, and another history"
    );
}

#[tokio::test]
async fn the_centre_starts_again_with_its_copies() {
    let c = open().await;
    let [east, west] = &*c.machines else { panic!() };
    east.serve(0).await;
    let file = east.export(Vec::new()).await;
    c.receive(&file).await.unwrap();
    let Centre { r, dir, disk, .. } = &c;
    let before = r.engine.ledgers().find(&east.ledger).unwrap().checkpoint();
    let clock = Arc::clone(&r.clock);
    let (path, disk) = (dir.path().to_owned(), Arc::clone(disk));
    let election = r.election;
    let east_ledger = east.ledger;
    west.serve(2).await;
    let west_file = west.export(Vec::new()).await;
    let Centre { r, dir, machines, .. } = c;
    r.engine.close().await;
    let engine = open_engine(&path, disk.clone(), Arc::clone(&clock))
        .await
        .unwrap();
    assert!(engine.refused().is_empty());
    let handle = engine.ledgers().find(&east_ledger).unwrap();
    assert_eq!(handle.checkpoint().to_note(), before.to_note());
    assert!(engine.is_copy(&east_ledger));
    assert_eq!(engine.receive_station(election, &file).await.unwrap().new, 0);
    assert_eq!(
        engine.receive_station(election, &west_file).await.unwrap().new,
        west_file.size()
    );
    engine.close().await;
    // A station that starts again has its own ledger and the copy of the public one.
    let [east, _] = <[Machine; 2]>::try_from(machines).ok().unwrap();
    let Machine {
        engine,
        dir: east_dir,
        disk: east_disk,
        ..
    } = east;
    engine.close().await;
    let engine = open_other_engine(east_dir.path(), east_disk, Arc::clone(&clock), "east")
        .await
        .unwrap();
    assert!(engine.is_copy(&election) && !engine.is_copy(&east_ledger));
    engine.close().await;
    // Other keys than those of this folder are noticed, as ever.
    let wrong = open_other_engine(&path, disk, clock, "nobody").await;
    assert!(matches!(wrong, Err(EngineError::OtherKeys { .. })), "{wrong:?}");
    drop(dir);
}

async fn copy_store(from: &MemoryStore, to: &MemoryStore) {
    use sijill_store::{Batch, EventStore, NewEntry, PageLimit};
    for ledger in from.list().await.unwrap() {
        let page = from
            .read(ledger, sijill_ledger::Seq::ZERO, PageLimit::default())
            .await
            .unwrap();
        let entries = page
            .entries
            .into_iter()
            .map(|e| NewEntry::new(e.into_bytes()).unwrap())
            .collect();
        to.create(ledger, Batch::new(entries).unwrap()).await.unwrap();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
