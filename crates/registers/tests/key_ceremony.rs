//! The key ceremony, given / when / then: phases, wrong messages, complaints, restarts; then decryption by a quorum and certification.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

mod world;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sijill_ballot::ceremony::{
    Attempt, CeremonySecret, Certificate, ChannelKey, Coefficients, Fault, SealedShare, ShareError,
};
use sijill_ledger::{Body, Grant, Nonce, Role, SigningKey, UnixMillis};
use sijill_registers::catalogue::Event;
use sijill_registers::election::ceremony::Phase;
use sijill_registers::election::events::*;
use world::{FILE, PACK, Refused, World};

fn refused(outcome: Result<(), Refused>, code: &str) {
    match outcome {
        Ok(()) => panic!("accepted, but {code} was expected"),
        Err(e) => assert_eq!(e.code(), code, "{e:?}"),
    }
}

/// A world whose three trustees make a key of which two decrypt, and their machines.
struct Scene {
    w: World,
    machines: Vec<CeremonySecret>,
    rng: StdRng,
}

fn event(event: ElectionEvent) -> Event {
    Event::Election(event)
}

impl Scene {
    fn new() -> Self {
        Self::with_pack(PACK)
    }

    fn with_pack(pack: &str) -> Self {
        let file = FILE.replace(
            r#"["One", "Two"]"#,
            "[\"One\", \"Two\", \"Three\"]\nthreshold = 2",
        );
        let mut w = World::of(&file, pack);
        w.define();
        let mut scene = Self {
            w,
            machines: Vec::new(),
            rng: StdRng::seed_from_u64(11),
        };
        scene.new_secrets();
        scene
    }

    fn new_secrets(&mut self) {
        self.machines = (0..3)
            .map(|_| CeremonySecret::generate(2, &mut self.rng))
            .collect();
    }

    fn attempt(&self) -> Attempt {
        self.w
            .election_facts()
            .ceremony
            .attempt(&self.w.election, &self.w.manifest)
    }

    fn phase(&self) -> Phase {
        self.w.election_facts().ceremony.phase(3)
    }

    fn machine(&self, index: u16) -> &CeremonySecret {
        &self.machines[usize::from(index) - 1]
    }

    fn enrolment(&mut self, index: u16) -> TrusteeEnrolled {
        let attempt = self.attempt();
        let machine = self.machines[usize::from(index) - 1].clone();
        TrusteeEnrolled {
            attempt: attempt.number,
            index,
            certificate: machine.certificate(&attempt, index, &mut self.rng).into_bytes(),
            channel_key: *machine.channel_key().as_bytes(),
            commitment: machine.commitment(&attempt, index),
        }
    }

    fn opening(&self, index: u16) -> CoefficientsOpened {
        let (salt, coefficients) = self.machine(index).opening();
        CoefficientsOpened {
            attempt: self.attempt().number,
            index,
            salt: *salt,
            coefficients: coefficients.as_bytes().to_vec(),
        }
    }

    fn dealing(&mut self, index: u16) -> SharesDealt {
        let attempt = self.attempt();
        let keys: Vec<ChannelKey> = self
            .w
            .election_facts()
            .ceremony
            .enrolled()
            .values()
            .map(|e| e.channel_key)
            .collect();
        let machine = self.machines[usize::from(index) - 1].clone();
        let shares = machine.deal(&attempt, index, &keys, &mut self.rng).unwrap();
        SharesDealt {
            attempt: attempt.number,
            index,
            shares: shares.iter().map(|s| s.as_bytes().to_vec()).collect(),
        }
    }

    fn receive(&self, index: u16) -> Result<sijill_ballot::TrusteeSecret, (u16, ShareError)> {
        let facts = self.w.election_facts();
        let shares: Vec<SealedShare> = facts.ceremony.shares_for(index);
        let coefficients: Vec<Coefficients> = facts.ceremony.coefficients();
        self.machine(index)
            .receive(&self.attempt(), index, &shares, &coefficients)
    }

    fn confirmation(&mut self, index: u16) -> KeyConfirmed {
        let secret = self.receive(index).unwrap();
        let certificates: Vec<Certificate> = self.w.election_facts().ceremony.certificates();
        let name = self.w.manifest.trustees.name(index).unwrap().to_owned();
        let machine = self.machines[usize::from(index) - 1].clone();
        let (key, signature) = machine
            .confirm(&name, &secret, &certificates, &mut self.rng)
            .unwrap();
        KeyConfirmed {
            attempt: self.attempt().number,
            index,
            key: key.into_bytes(),
            signature: signature.into_bytes(),
        }
    }

    fn complaint(&self, index: u16, against: u16) -> CeremonyComplained {
        CeremonyComplained {
            attempt: self.attempt().number,
            index,
            against,
            channel_secret: *self.machine(index).disclose().expose(),
        }
    }

    fn send(&mut self, index: u16, sent: ElectionEvent) -> Result<(), Refused> {
        self.w.trustee(usize::from(index) - 1, event(sent))
    }

    fn enrol(&mut self, index: u16) {
        let e = self.enrolment(index);
        self.send(index, ElectionEvent::TrusteeEnrolled(e)).unwrap();
    }

    fn open(&mut self, index: u16) {
        let e = self.opening(index);
        self.send(index, ElectionEvent::CoefficientsOpened(e)).unwrap();
    }

    fn deal(&mut self, index: u16) {
        let e = self.dealing(index);
        self.send(index, ElectionEvent::SharesDealt(e)).unwrap();
    }

    fn confirm(&mut self, index: u16) {
        let e = self.confirmation(index);
        self.send(index, ElectionEvent::KeyConfirmed(e)).unwrap();
    }

    fn restart(&mut self, attempt: u16) -> Result<(), Refused> {
        let restarted = CeremonyRestarted { attempt };
        self.w.commission(
            self.w.election,
            event(ElectionEvent::CeremonyRestarted(restarted)),
            &[],
        )
    }

    fn commission(&mut self, e: ElectionEvent) -> Result<(), Refused> {
        self.w.commission(self.w.election, event(e), &[])
    }

    /// Up to the end of a phase.
    fn until(&mut self, phase: Phase) {
        type Send = fn(&mut Scene, u16);
        let steps: [(Phase, Send); 4] = [
            (Phase::Enrol, Self::enrol),
            (Phase::Open, Self::open),
            (Phase::Deal, Self::deal),
            (Phase::Confirm, Self::confirm),
        ];
        for (step, send) in steps {
            if step == phase {
                break;
            }
            assert_eq!(self.phase(), step);
            // In any order.
            for index in [2, 3, 1] {
                send(self, index);
            }
        }
        assert_eq!(self.phase(), phase);
    }

    fn fix(&mut self) {
        let fixed = self.w.trustees_fixed();
        self.w.commission(self.w.election, fixed, &[]).unwrap();
        self.w.secrets = (1..=3).map(|i| self.receive(i).unwrap()).collect();
    }
}

#[test]
fn phases_follow_each_other() {
    let mut s = Scene::new();
    // Nothing but enrolment first; no single keys in this event.
    s.enrol(1);
    let opening = s.opening(1);
    refused(
        s.send(1, ElectionEvent::CoefficientsOpened(opening)),
        "election.order",
    );
    let single = s.w.trustee_key(0);
    refused(s.w.trustee(0, single), "election.order");
    let again = s.enrolment(1);
    refused(s.send(1, ElectionEvent::TrusteeEnrolled(again)), "election.order");
    s.enrol(2);
    s.enrol(3);
    let complaint = s.complaint(1, 2);
    refused(
        s.send(1, ElectionEvent::CeremonyComplained(complaint)),
        "election.order",
    );
    s.open(1);
    s.open(2);
    let early = s.dealing(1);
    refused(s.send(1, ElectionEvent::SharesDealt(early)), "election.order");
    s.open(3);
    s.deal(1);
    s.deal(2);
    s.deal(3);
    s.confirm(2);
    refused(
        s.commission(ElectionEvent::TrusteesFixed(TrusteesFixed {
            trustees: sijill_ledger::ContentRef::of(b"").unwrap(),
            public_key: [0; 32],
        })),
        "election.order",
    );
    // Who has confirmed does not complain any more.
    let late = s.complaint(2, 1);
    refused(
        s.send(2, ElectionEvent::CeremonyComplained(late)),
        "election.order",
    );
    s.confirm(1);
    s.confirm(3);
    assert_eq!(s.phase(), Phase::Complete);
    s.fix();
    let after = s.restart(2);
    refused(after, "election.order");
}

#[test]
fn messages_under_another_index_or_for_another_attempt() {
    let mut s = Scene::new();
    let own = s.enrolment(1);
    // Signed with the key of another trustee's grant.
    refused(
        s.send(2, ElectionEvent::TrusteeEnrolled(own.clone())),
        "event.author",
    );
    let mut future = own.clone();
    future.attempt = 2;
    refused(
        s.send(1, ElectionEvent::TrusteeEnrolled(future)),
        "election.order",
    );
    // The same certificate under another index.
    let mut stolen = own.clone();
    stolen.index = 2;
    refused(
        s.send(2, ElectionEvent::TrusteeEnrolled(stolen)),
        "ceremony.certificate",
    );
    let mut outside = own;
    outside.index = 4;
    refused(s.send(1, ElectionEvent::TrusteeEnrolled(outside)), "event.author");
}

#[test]
fn malformed_messages_are_named_and_do_no_harm() {
    let mut s = Scene::new();
    let good = s.enrolment(1);
    let mut e = good.clone();
    e.certificate.push(b' ');
    refused(
        s.send(1, ElectionEvent::TrusteeEnrolled(e)),
        "ceremony.certificate",
    );
    let mut e = good.clone();
    e.channel_key = [0; 32];
    refused(
        s.send(1, ElectionEvent::TrusteeEnrolled(e)),
        "ceremony.certificate",
    );
    s.send(1, ElectionEvent::TrusteeEnrolled(good.clone())).unwrap();
    // What another trustee has used.
    let mut e = s.enrolment(2);
    e.channel_key = good.channel_key;
    refused(
        s.send(2, ElectionEvent::TrusteeEnrolled(e)),
        "ceremony.certificate",
    );
    let mut e = s.enrolment(2);
    e.commitment = good.commitment;
    refused(
        s.send(2, ElectionEvent::TrusteeEnrolled(e)),
        "ceremony.certificate",
    );
    let machine = s.machines[0].clone();
    let mut e = s.enrolment(2);
    e.certificate = machine.certificate(&s.attempt(), 2, &mut s.rng).into_bytes();
    refused(
        s.send(2, ElectionEvent::TrusteeEnrolled(e)),
        "ceremony.certificate",
    );
    s.enrol(2);
    s.enrol(3);

    let good = s.opening(1);
    let mut e = good.clone();
    e.salt[0] ^= 1;
    refused(
        s.send(1, ElectionEvent::CoefficientsOpened(e)),
        "ceremony.coefficients",
    );
    // Coefficients that were chosen after seeing those of others.
    let other = CeremonySecret::generate(2, &mut s.rng);
    let mut e = good.clone();
    e.coefficients = other.opening().1.as_bytes().to_vec();
    refused(
        s.send(1, ElectionEvent::CoefficientsOpened(e)),
        "ceremony.coefficients",
    );
    for index in 1..=3 {
        s.open(index);
    }

    let good = s.dealing(1);
    let mut e = good.clone();
    e.shares.pop();
    refused(s.send(1, ElectionEvent::SharesDealt(e)), "ceremony.shares");
    let mut e = good.clone();
    e.shares[2].push(0);
    refused(s.send(1, ElectionEvent::SharesDealt(e)), "ceremony.shares");
    for index in 1..=3 {
        s.deal(index);
    }

    let good = s.confirmation(1);
    let mut e = good.clone();
    e.key = s.confirmation(2).key;
    refused(s.send(1, ElectionEvent::KeyConfirmed(e)), "ceremony.key");
    let mut e = good.clone();
    e.signature = s.confirmation(2).signature;
    refused(s.send(1, ElectionEvent::KeyConfirmed(e)), "ceremony.key");
    let mut e = good;
    e.key.pop();
    refused(s.send(1, ElectionEvent::KeyConfirmed(e)), "ceremony.key");
    s.confirm(1);
    s.confirm(2);
    s.confirm(3);
    s.fix();
}

#[test]
fn commitments_that_open_to_bad_coefficients() {
    // The commitment is good, but what it commits to is signed by another key.
    let mut s = Scene::new();
    let other = CeremonySecret::generate(2, &mut s.rng);
    let mut e = s.enrolment(1);
    e.commitment = other.commitment(&s.attempt(), 1);
    s.send(1, ElectionEvent::TrusteeEnrolled(e)).unwrap();
    s.enrol(2);
    s.enrol(3);
    let (salt, coefficients) = other.opening();
    let e = CoefficientsOpened {
        attempt: 1,
        index: 1,
        salt: *salt,
        coefficients: coefficients.as_bytes().to_vec(),
    };
    refused(
        s.send(1, ElectionEvent::CoefficientsOpened(e)),
        "ceremony.coefficients",
    );
}

#[test]
fn a_bad_share_leads_to_a_complaint_and_a_restart() {
    let mut s = Scene::new();
    s.until(Phase::Deal);
    s.deal(1);
    let mut bad = s.dealing(2);
    bad.shares[2][50] ^= 1;
    s.send(2, ElectionEvent::SharesDealt(bad)).unwrap();
    s.deal(3);
    assert_eq!(s.receive(3).unwrap_err(), (2, ShareError::Sealed));
    s.confirm(1);

    let good = s.complaint(3, 2);
    let mut e = good.clone();
    e.channel_secret[5] ^= 1;
    refused(
        s.send(3, ElectionEvent::CeremonyComplained(e)),
        "ceremony.complaint",
    );
    let mut e = good.clone();
    e.against = 3;
    refused(
        s.send(3, ElectionEvent::CeremonyComplained(e)),
        "ceremony.complaint",
    );
    let mut e = good.clone();
    e.against = 4;
    refused(
        s.send(3, ElectionEvent::CeremonyComplained(e)),
        "ceremony.complaint",
    );
    s.send(3, ElectionEvent::CeremonyComplained(good.clone()))
        .unwrap();
    let facts = s.w.election_facts();
    let complaint = &facts.ceremony.complaints()[0];
    assert_eq!((complaint.by, complaint.against), (3, 2));
    assert_eq!(complaint.fault, Fault::Dealer(ShareError::Sealed));

    // The attempt is over: only a restart may follow.
    assert_eq!(s.phase(), Phase::Ended);
    let confirmation = s.confirmation(2);
    refused(
        s.send(2, ElectionEvent::KeyConfirmed(confirmation)),
        "election.order",
    );
    refused(
        s.send(3, ElectionEvent::CeremonyComplained(good)),
        "election.order",
    );
    refused(s.restart(1), "election.order");
    refused(s.restart(3), "election.order");
    let old = s.machines.clone();
    let old_dealing = s.dealing(1);
    s.restart(2).unwrap();

    // Nothing of the first attempt is of use in the second.
    let e = s.enrolment(1);
    refused(
        s.send(1, ElectionEvent::TrusteeEnrolled(e)),
        "ceremony.certificate",
    );
    s.new_secrets();
    s.until(Phase::Deal);
    refused(
        s.send(1, ElectionEvent::SharesDealt(old_dealing)),
        "election.order",
    );
    for index in 1..=3 {
        s.deal(index);
    }
    for index in 1..=3 {
        s.confirm(index);
    }
    assert!(old.iter().all(|m| m.channel_key() != s.machines[0].channel_key()));
    s.fix();
}

#[test]
fn an_unfounded_complaint_names_the_complainer() {
    let mut s = Scene::new();
    s.until(Phase::Confirm);
    let e = s.complaint(1, 3);
    s.send(1, ElectionEvent::CeremonyComplained(e)).unwrap();
    assert_eq!(
        s.w.election_facts().ceremony.complaints()[0].fault,
        Fault::Complainer
    );
}

#[test]
fn the_commission_restarts_at_any_phase() {
    for phase in [
        Phase::Enrol,
        Phase::Open,
        Phase::Deal,
        Phase::Confirm,
        Phase::Complete,
    ] {
        let mut s = Scene::new();
        s.until(phase);
        s.restart(2).unwrap();
        assert_eq!(s.phase(), Phase::Enrol);
        s.new_secrets();
        s.until(Phase::Complete);
        s.fix();
        assert_eq!(s.w.election_facts().ceremony.number(), 2);
    }
}

#[test]
fn a_trustee_is_replaced_in_the_middle() {
    let mut s = Scene::new();
    s.enrol(1);
    s.enrol(2);
    // The third lost its machine: its grant is revoked, and its index granted to another key.
    let grant = |key: &SigningKey| Grant {
        key: key.key_id(),
        role: Role::Trustee,
        scope: Some("3".parse().unwrap()),
    };
    let old = grant(&s.w.trustees[2]);
    s.w.commission(s.w.election, Event::RoleRevoked(old), &[])
        .unwrap();
    let e = s.enrolment(3);
    refused(s.send(3, ElectionEvent::TrusteeEnrolled(e)), "event.author");
    let successor = SigningKey::from_seed(&[42; 32]);
    s.w.commission(s.w.election, Event::RoleGranted(grant(&successor)), &[])
        .unwrap();
    s.w.trustees[2] = successor;
    s.restart(2).unwrap();
    s.new_secrets();
    s.until(Phase::Complete);
    s.fix();
}

/// From fixed trustees to an anchored tally of five ballots.
fn anchored(pack: &str) -> Scene {
    let mut s = Scene::with_pack(pack);
    s.until(Phase::Complete);
    s.fix();
    s.w.open_boxes();
    for voter in 0..5 {
        s.w.vote(voter, Some(voter % 2)).unwrap();
    }
    s.w.close();
    s.w.exclude(&[]).unwrap();
    s.w.seal().unwrap();
    anchor(&mut s);
    s
}

fn anchor(s: &mut Scene) {
    let anchor = s.w.anchor();
    let (election, ballot_box) = (s.w.election, s.w.ballot_box);
    s.w.serve(
        election,
        event(ElectionEvent::TallyAnchored(anchor)),
        &[ballot_box],
    )
    .unwrap();
}

fn share(s: &mut Scene, index: u16) -> ElectionEvent {
    ElectionEvent::ShareSubmitted(s.w.share(usize::from(index) - 1))
}

#[test]
fn any_quorum_decrypts_and_a_bad_share_is_named() {
    for absent in 1..=3u16 {
        let mut s = anchored(PACK);
        let present: Vec<u16> = (1..=3).filter(|i| *i != absent).collect();
        // A share by another trustee's secret is refused, and the others suffice.
        let ElectionEvent::ShareSubmitted(mut bad) = share(&mut s, absent) else {
            panic!()
        };
        bad.index = present[0];
        refused(
            s.send(present[0], ElectionEvent::ShareSubmitted(bad)),
            "trustee.share",
        );
        let first = share(&mut s, present[1]);
        s.send(present[1], first).unwrap();
        let early = ElectionEvent::ResultDeclared(ResultDeclared {
            ledger: s.w.ballot_box,
            result: s.w.documents.put(b"{\"result\":[[0,3,2]]}"),
        });
        refused(s.commission(early), "election.order");
        let second = share(&mut s, present[0]);
        s.send(present[0], second).unwrap();
        let wrong = ElectionEvent::ResultDeclared(ResultDeclared {
            ledger: s.w.ballot_box,
            result: s.w.documents.put(b"{\"result\":[[0,2,3]]}"),
        });
        refused(s.commission(wrong), "result.value");
        let result = s.w.result();
        assert_eq!(
            &*sijill_registers::register::Contents::load(&s.w.documents, &result.result).unwrap(),
            b"{\"result\":[[0,3,2]]}"
        );
        s.commission(ElectionEvent::ResultDeclared(result)).unwrap();
        let late = share(&mut s, absent);
        refused(s.send(absent, late), "election.order");
    }
}

#[test]
fn all_three_may_decrypt_too() {
    let mut s = anchored(PACK);
    for index in [3, 1, 2] {
        let e = share(&mut s, index);
        s.send(index, e).unwrap();
    }
    let result = s.w.result();
    s.commission(ElectionEvent::ResultDeclared(result)).unwrap();
}

fn views(s: &mut Scene, names: &[&str]) {
    for name in names {
        let facts = s.w.ledgers.0[&s.w.ballot_box].state.as_box().unwrap().facts();
        let (sealed_size, _) = facts.sealed.clone().unwrap();
        let size = if *name == "result" {
            s.w.ledgers.0[&s.w.election].chain.size()
        } else {
            sealed_size
        };
        let published = ViewPublished {
            view: (*name).to_owned(),
            ledger: s.w.ballot_box,
            size,
            content: s.w.documents.put(name.as_bytes()),
        };
        s.w.serve(s.w.election, event(ElectionEvent::ViewPublished(published)), &[])
            .unwrap();
    }
}

fn paper(s: &mut Scene) {
    let paper = PaperReturned {
        ledger: s.w.ballot_box,
        issued: 1,
        valid: 1,
        invalid: 0,
        spoilt: 0,
        counts: vec![vec![0, 1, 0]],
    };
    s.commission(ElectionEvent::PaperReturned(paper)).unwrap();
}

#[test]
fn results_are_certified_by_a_quorum_that_has_seen_them() {
    let pack = PACK.replace("quorum = 1", "quorum = 2");
    let mut s = anchored(&pack);
    assert_eq!(s.w.manifest.certification_quorum, 2);
    refused(
        s.commission(ElectionEvent::ResultsCertified),
        "election.certification",
    );
    for index in [1, 2] {
        let e = share(&mut s, index);
        s.send(index, e).unwrap();
    }
    let result = s.w.result();
    s.commission(ElectionEvent::ResultDeclared(result)).unwrap();
    paper(&mut s);
    views(&mut s, &["turnout", "trackers", "tally"]);
    refused(
        s.commission(ElectionEvent::ResultsCertified),
        "election.certification",
    );
    let before = s.w.ledgers.0[&s.w.election].chain.seen();
    views(&mut s, &["result"]);

    // Signed upon a view of the ledger that lacks the last published view.
    let body = Body {
        ledger: s.w.election,
        event_type: event(ElectionEvent::ResultsCertified).wire_type(),
        author: s.w.commission.key_id(),
        author_time_ms: UnixMillis::clamped(s.w.now),
        nonce: Nonce::from_bytes([3; 16]),
        seen: Some(before),
        refs: Vec::new(),
        payload: Vec::new(),
    };
    let body = body.sign(&s.w.commission).unwrap();
    refused(s.w.submit(body), "election.certification");
    refused(
        s.w.registrar(s.w.election, event(ElectionEvent::ResultsCertified)),
        "event.author",
    );

    s.commission(ElectionEvent::ResultsCertified).unwrap();
    refused(
        s.commission(ElectionEvent::ResultsCertified),
        "election.certification",
    );
    assert_eq!(s.w.election_facts().certified_by.len(), 1);
    // Nothing but roles and certifications may follow.
    let second = SigningKey::from_seed(&[43; 32]);
    let grant = Grant {
        key: second.key_id(),
        role: Role::Commission,
        scope: None,
    };
    s.w.commission(s.w.election, Event::RoleGranted(grant), &[])
        .unwrap();
    refused(
        s.commission(ElectionEvent::CeremonyRestarted(CeremonyRestarted { attempt: 2 })),
        "election.order",
    );
    s.w.act(&second, s.w.election, event(ElectionEvent::ResultsCertified), &[])
        .unwrap();
    assert_eq!(s.w.election_facts().certified_by.len(), 2);
}

#[test]
fn a_box_below_the_minimum_has_a_paper_result_only() {
    let mut s = Scene::new();
    s.until(Phase::Complete);
    s.fix();
    s.w.open_boxes();
    for voter in 0..4 {
        s.w.vote(voter, Some(0)).unwrap();
    }
    s.w.close();
    s.w.exclude(&[]).unwrap();
    s.w.seal().unwrap();
    anchor(&mut s);
    let e = share(&mut s, 1);
    refused(s.send(1, e), "trustee.share");
    views(&mut s, &["turnout", "trackers", "tally"]);
    refused(
        s.commission(ElectionEvent::ResultsCertified),
        "election.certification",
    );
    paper(&mut s);
    views(&mut s, &["result"]);
    let results = {
        use sijill_registers::election::views::result::Results;
        use sijill_registers::views::View;
        let mut view = Results::default();
        let one = &s.w.ledgers.0[&s.w.election];
        for entry in &one.entries[1..] {
            let body = entry.body();
            let event = Event::parse(one.state.kind(), body.event_type, &body.payload).unwrap();
            view.apply(entry.seq().as_u64(), entry.received_ms(), &event, &s.w.documents)
                .unwrap();
        }
        view.document(s.w.ballot_box, one.chain.size(), &s.w.manifest)
            .unwrap()
    };
    assert_eq!((results.cast.digital, results.cast.paper), (0, 1));
    assert_eq!(results.questions[0].answers[0].total, 1);
    s.commission(ElectionEvent::ResultsCertified).unwrap();
}
