//! The life of an event, given / when / then: what may stand, what may not, and under which verdict code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

mod world;

use sijill_ledger::{Grant, Role, SigningKey};
use sijill_registers::ballot_box::events::*;
use sijill_registers::ballot_box::views::{
    tally::Tally,
    trackers::{Status, Trackers},
    turnout::Turnout,
};
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::*;
use sijill_registers::election::views::result::Results;
use sijill_registers::roll::events::RollEvent;
use sijill_registers::views::View;
use world::{Refused, World};

fn refused(outcome: Result<(), Refused>, code: &str) {
    match outcome {
        Ok(()) => panic!("accepted, but {code} was expected"),
        Err(e) => assert_eq!(e.code(), code, "{e:?}"),
    }
}

fn fold<V: View>(world: &World, ledger: sijill_ledger::LedgerId) -> V {
    let mut view = V::default();
    let one = &world.ledgers.0[&ledger];
    for entry in &one.entries[1..] {
        let body = entry.body();
        let event = Event::parse(one.state.kind(), body.event_type, &body.payload).unwrap();
        view.apply(
            entry.seq().as_u64(),
            entry.received_ms(),
            &event,
            &world.documents,
        )
        .unwrap();
    }
    view
}

#[test]
fn a_whole_event() {
    let mut w = World::new();
    w.open();
    // Voters 0 to 4 vote; 0 votes again; 1 goes blank; 4 votes on paper in the end; 5 abstains.
    w.vote(0, Some(1)).unwrap();
    w.now += 90 * world::MINUTE;
    w.vote(0, Some(0)).unwrap();
    w.vote(1, None).unwrap();
    w.vote(2, Some(0)).unwrap();
    w.vote(3, Some(0)).unwrap();
    w.vote(4, Some(1)).unwrap();
    w.vote(5, Some(1)).unwrap();
    let audited = w.ballot(5, Some(0));
    let audit = w.audit_of(&audited);
    w.serve(w.ballot_box, Event::BallotBox(BoxEvent::AuditStarted(audit)), &[])
        .unwrap();
    w.close();
    w.exclude(&[4]).unwrap();
    w.seal().unwrap();
    let anchor = w.anchor();
    assert_eq!(anchor.counted, 5);
    w.serve(
        w.election,
        Event::Election(ElectionEvent::TallyAnchored(anchor)),
        &[w.ballot_box],
    )
    .unwrap();
    for trustee in [1, 0] {
        let share = w.share(trustee);
        w.trustee(trustee, Event::Election(ElectionEvent::ShareSubmitted(share)))
            .unwrap();
    }
    let result = w.result();
    w.commission(
        w.election,
        Event::Election(ElectionEvent::ResultDeclared(result)),
        &[],
    )
    .unwrap();
    let paper = PaperReturned {
        ledger: w.ballot_box,
        issued: 4,
        valid: 2,
        invalid: 1,
        spoilt: 1,
        counts: vec![vec![0, 1, 1]],
    };
    w.commission(
        w.election,
        Event::Election(ElectionEvent::PaperReturned(paper)),
        &[],
    )
    .unwrap();

    let defined = w.box_definition();
    let size = w.ledgers.0[&w.ballot_box].chain.size();
    let zone = jiff::tz::TimeZone::get("Asia/Qatar").unwrap();
    let turnout = fold::<Turnout>(&w, w.ballot_box).document(w.ballot_box, size, &defined, &zone);
    let d = turnout.digital;
    assert_eq!(
        (d.ballots, d.voters, d.superseded, d.excluded, d.audits),
        (7, 6, 1, 1, 1)
    );
    assert_eq!(
        turnout.by_hour.iter().map(|h| h.voters).collect::<Vec<_>>(),
        [1, 5]
    );
    let trackers = fold::<Trackers>(&w, w.ballot_box).document(w.ballot_box, size);
    let count = |s: Status| {
        trackers
            .trackers
            .iter()
            .filter(|(_, status)| *status == s)
            .count()
    };
    assert_eq!(
        (
            count(Status::Counted),
            count(Status::Superseded),
            count(Status::Excluded)
        ),
        (5, 1, 1)
    );
    assert_eq!(
        fold::<Tally>(&w, w.ballot_box)
            .document(w.ballot_box, size)
            .unwrap()
            .counted,
        5
    );
    let size = w.ledgers.0[&w.election].chain.size();
    let result = fold::<Results>(&w, w.election)
        .document(w.ballot_box, size, &w.manifest)
        .unwrap();
    let q = &result.questions[0];
    assert_eq!(
        (
            q.answers[0].digital,
            q.answers[1].digital,
            q.blank.unwrap().digital
        ),
        (3, 1, 1)
    );
    assert_eq!(
        (result.cast.total, result.valid.total, result.invalid.total),
        (8, 7, 1)
    );
    assert_eq!(
        (
            q.answers[0].total,
            q.answers[0].of_cast_bp,
            q.answers[0].of_valid_bp
        ),
        (4, 5000, 6667)
    );
    assert_eq!(
        result.turnout_bp, 11_429,
        "eight votes of seven eligible: the return says what it says"
    );
}

#[test]
fn who_may_author_what() {
    let mut w = World::new();
    let event = w.definition();
    refused(w.registrar(w.election, event.clone()), "event.author");
    let stranger = SigningKey::from_seed(&[99; 32]);
    refused(w.act(&stranger, w.election, event.clone(), &[]), "event.author");
    refused(w.serve(w.election, event, &[]), "event.author");
    w.define();
    // A trustee publishes under its own index only.
    let event = w.trustee_key(0);
    refused(w.trustee(1, event), "event.author");
    // A revoked official is an official no more.
    let grant = Grant {
        key: w.registrar.key_id(),
        role: Role::Registrar,
        scope: None,
    };
    w.commission(w.roll, Event::RoleRevoked(grant.clone()), &[])
        .unwrap();
    refused(w.register(1), "event.author");
    refused(
        w.commission(w.roll, Event::RoleRevoked(grant.clone()), &[]),
        "event.grant",
    );
    w.commission(w.roll, Event::RoleGranted(grant.clone()), &[])
        .unwrap();
    refused(
        w.commission(w.roll, Event::RoleGranted(grant), &[]),
        "event.grant",
    );
    w.register(1).unwrap();
    // Somebody must remain who can grant.
    let last = Grant {
        key: w.commission.key_id(),
        role: Role::Commission,
        scope: None,
    };
    refused(w.commission(w.roll, Event::RoleRevoked(last), &[]), "event.grant");
}

#[test]
fn the_roll() {
    let mut w = World::new();
    w.define();
    w.register(1).unwrap();
    refused(w.register(1), "roll.duplicate");
    refused(w.commit(2), "roll.order");
    w.commit(1).unwrap();
    refused(w.commit(1), "roll.duplicate");
    w.register(2).unwrap();
    let same = sijill_registers::roll::events::CredentialCommitted {
        pseudonym: sijill_registers::roll::events::Pseudonym([2; 32]),
        commitment: [1 ^ 0xFF; 32],
    };
    refused(
        w.registrar(w.roll, Event::Roll(RollEvent::CredentialCommitted(same))),
        "roll.duplicate",
    );
    let wrong = w.freeze(2, 2, &[0, 1]);
    refused(w.registrar(w.roll, wrong), "roll.counts");
    let short = w.freeze(2, 1, &[]);
    refused(w.registrar(w.roll, short), "roll.credentials");
    let good = w.freeze(2, 1, &[0]);
    w.registrar(w.roll, good.clone()).unwrap();
    refused(w.register(3), "roll.order");
    refused(w.registrar(w.roll, good), "roll.order");
    let grant = Grant {
        key: w.registrar.key_id(),
        role: Role::Registrar,
        scope: None,
    };
    refused(
        w.commission(w.roll, Event::RoleRevoked(grant), &[]),
        "event.grant",
    );
}

/// Scenario 44: what an event is asked about cannot be changed once it is defined; changes of officers and of windows are
/// events of their own (`station_life.rs`, `roll_life.rs`).
#[test]
fn the_definition_is_one_and_whole() {
    let mut w = World::new();
    let Event::Election(ElectionEvent::ElectionDefined(good)) = w.definition() else {
        panic!()
    };
    let mut without_box = good.clone();
    without_box.ledgers.retain(|l| l.kind == 2);
    refused(
        w.commission(
            w.election,
            Event::Election(ElectionEvent::ElectionDefined(without_box)),
            &[],
        ),
        "election.order",
    );
    let mut public_roll = good.clone();
    public_roll.ledgers.iter_mut().for_each(|l| l.visibility = PUBLIC);
    refused(
        w.commission(
            w.election,
            Event::Election(ElectionEvent::ElectionDefined(public_roll)),
            &[],
        ),
        "election.order",
    );
    let mut unsorted = good.clone();
    unsorted.ledgers.reverse();
    refused(
        w.commission(
            w.election,
            Event::Election(ElectionEvent::ElectionDefined(unsorted)),
            &[],
        ),
        "election.order",
    );
    let mut missing = good.clone();
    missing.manifest.length += 1;
    refused(
        w.commission(
            w.election,
            Event::Election(ElectionEvent::ElectionDefined(missing)),
            &[],
        ),
        "content.mismatch",
    );
    let early = w.trustee_key(0);
    refused(w.trustee(0, early), "election.order");
    w.define();
    refused(
        w.commission(
            w.election,
            Event::Election(ElectionEvent::ElectionDefined(good)),
            &[],
        ),
        "election.order",
    );
}

#[test]
fn the_trustees_and_the_boxes() {
    let mut w = World::new();
    w.define();
    refused(
        w.commission(w.election, Event::Election(ElectionEvent::PollOpened), &[]),
        "election.order",
    );
    let key = w.trustee_key(0);
    w.trustee(0, key).unwrap();
    let again = w.trustee_key(0);
    refused(w.trustee(0, again), "election.order");
    // The second trustee copies the first one's key.
    let record = w.secrets[0]
        .publish(Some("Two"), &mut w.rng)
        .unwrap()
        .json()
        .into_bytes();
    let copied = Event::Election(ElectionEvent::TrusteeKeyPublished(TrusteeKeyPublished {
        index: 2,
        record,
    }));
    refused(w.trustee(1, copied), "trustee.key");
    let other_name = w.secrets[1]
        .publish(Some("Someone"), &mut w.rng)
        .unwrap()
        .json()
        .into_bytes();
    let event = TrusteeKeyPublished {
        index: 2,
        record: other_name,
    };
    refused(
        w.trustee(1, Event::Election(ElectionEvent::TrusteeKeyPublished(event))),
        "trustee.key",
    );
    let mut forged = w.secrets[1]
        .publish(Some("Two"), &mut w.rng)
        .unwrap()
        .json()
        .into_bytes();
    let digit = forged.iter().position(|b| *b == b'7').unwrap();
    forged[digit] = b'8';
    let event = TrusteeKeyPublished {
        index: 2,
        record: forged,
    };
    refused(
        w.trustee(1, Event::Election(ElectionEvent::TrusteeKeyPublished(event))),
        "trustee.key",
    );

    let mut w = World::new();
    w.define();
    w.fix_trustees();
    let defined = w.box_definition();
    let event = |d: &BoxDefined| Event::Election(ElectionEvent::BoxDefined(d.clone()));
    refused(
        w.commission(w.election, event(&defined), &[w.roll]),
        "election.credentials",
    );
    w.freeze_roll();
    refused(w.commission(w.election, event(&defined), &[]), "entry.refs");
    let mut other = defined.clone();
    other.holders = 5;
    refused(
        w.commission(w.election, event(&other), &[w.roll]),
        "election.credentials",
    );
    let mut other = defined.clone();
    other.election = w.documents.put(b"{}");
    refused(
        w.commission(w.election, event(&other), &[w.roll]),
        "election.record",
    );
    let mut other = defined.clone();
    other.ledger = w.roll;
    refused(
        w.commission(w.election, event(&other), &[w.roll]),
        "election.record",
    );
    w.commission(w.election, event(&defined), &[w.roll]).unwrap();
    refused(
        w.commission(w.election, event(&defined), &[w.roll]),
        "election.order",
    );
    let setup = w.setup();
    let prepared = |s: &BoxPrepared| Event::BallotBox(BoxEvent::BoxPrepared(s.clone()));
    let mut other = setup.clone();
    other.closes_ms += 1;
    refused(
        w.commission(w.ballot_box, prepared(&other), &[w.election]),
        "box.setup",
    );
    refused(
        w.commission(w.ballot_box, prepared(&setup), &[w.roll]),
        "entry.refs",
    );
    w.commission(w.ballot_box, prepared(&setup), &[w.election])
        .unwrap();
    refused(
        w.commission(w.ballot_box, prepared(&setup), &[w.election]),
        "box.order",
    );
    w.now = w.manifest.opens_ms;
    refused(
        w.commission(w.ballot_box, Event::BallotBox(BoxEvent::BoxOpened), &[w.election]),
        "box.order",
    );
}

/// Scenario 12: a voter's clock is on no ledger and decides nothing; the time of the service does.
#[test]
fn the_clock_of_a_voters_device_decides_nothing() {
    let mut w = World::new();
    w.open();
    w.now += 12_345;
    let received = w.now;
    w.vote(0, Some(0)).unwrap();
    let entry = w.ledgers.0[&w.ballot_box].entries.last().unwrap();
    assert_eq!(entry.body().author_time_ms.as_u64(), 0);
    assert_eq!(entry.received_ms().as_u64(), received);
}

/// Scenario 10: the same ballot sent again is the same event. Scenario 11: the grace of the pack counts, by the time of
/// receipt; one millisecond later nothing does.
#[test]
fn ballots_at_the_right_time_once_and_in_a_chain() {
    let mut w = World::new();
    w.open();
    let first = w.ballot(0, Some(0));
    w.cast(first.clone()).unwrap();
    // The same ballot again is the same event.
    let size = w.ledgers.0[&w.ballot_box].chain.size();
    w.cast(first.clone()).unwrap();
    assert_eq!(w.ledgers.0[&w.ballot_box].chain.size(), size);
    // A second one that replaces nothing, or something else.
    let second = w.ballot(0, Some(1));
    let mut bare = second.clone();
    bare.replaces = None;
    refused(w.cast(bare), "ballot.chain");
    let mut wrong = second.clone();
    wrong.replaces.as_mut().unwrap().challenge[0] ^= 1;
    refused(w.cast(wrong), "ballot.chain");
    w.cast(second.clone()).unwrap();
    // A re-vote that was held back while another one was recorded replaces what is not the latest any more.
    let held_back = w.ballot(0, Some(0));
    w.vote(0, None).unwrap();
    refused(w.cast(held_back), "ballot.chain");
    // The first ballot once more, after the re-votes: answered with its own place, and not counted again.
    w.cast(first.clone()).unwrap();
    assert_eq!(
        w.ledgers.0[&w.ballot_box].state.as_box().unwrap().counted().len(),
        1
    );
    // The same ballot with other words around it.
    let mut dressed = first;
    dressed.replaces = second.replaces;
    assert!(w.cast(dressed).is_err());
    // Nobody's credential.
    let outsider = sijill_ballot::Credential::random(&mut w.rng);
    let own = std::mem::replace(&mut w.voters[5], outsider);
    refused(w.vote(5, Some(0)), "ballot.credential");
    w.voters[5] = own;
    // The grace counts, one millisecond later does not.
    let last = w.manifest.closes_ms + w.manifest.grace_ms;
    let (in_time, late) = (w.ballot(1, Some(0)), w.ballot(2, Some(0)));
    w.now = last;
    w.cast(in_time).unwrap();
    refused(
        w.commission(w.ballot_box, Event::BallotBox(BoxEvent::BoxClosed), &[]),
        "box.window",
    );
    w.now = last + 1;
    refused(w.cast(late.clone()), "box.window");
    w.close();
    refused(w.cast(late), "box.order");
}

#[test]
fn audited_ballots_are_never_cast() {
    let mut w = World::new();
    w.open();
    let ballot = w.ballot(0, Some(0));
    let audit = w.audit_of(&ballot);
    let start = |a: &AuditStarted| Event::BallotBox(BoxEvent::AuditStarted(a.clone()));
    let mut short = audit.clone();
    short.alphas.pop();
    refused(w.serve(w.ballot_box, start(&short), &[]), "ballot.audited");
    w.serve(w.ballot_box, start(&audit), &[]).unwrap();
    refused(w.cast(ballot), "ballot.audited");
    let cast = w.ballot(0, Some(0));
    w.cast(cast.clone()).unwrap();
    let too_late = w.audit_of(&cast);
    refused(w.serve(w.ballot_box, start(&too_late), &[]), "ballot.audited");
}

#[test]
fn one_seal_one_tally_one_result() {
    let mut w = World::new();
    w.open();
    for voter in 0..5 {
        w.vote(voter, Some(voter % 2)).unwrap();
    }
    refused(w.exclude(&[]), "box.order");
    refused(w.seal(), "box.order");
    w.close();
    refused(w.seal(), "box.order");
    let list = w.credentials(&[0]);
    let list = w.documents.put(list.as_bytes());
    let wrong = Event::BallotBox(BoxEvent::ExclusionsFixed(ExclusionsFixed { list, count: 2 }));
    refused(w.registrar(w.ballot_box, wrong), "box.exclusions");
    w.exclude(&[]).unwrap();
    w.seal().unwrap();
    refused(w.seal(), "box.order");
    refused(w.vote(5, Some(0)), "box.order");
    let grant = Grant {
        key: w.registrar.key_id(),
        role: Role::Registrar,
        scope: None,
    };
    refused(
        w.commission(w.ballot_box, Event::RoleRevoked(grant), &[]),
        "event.grant",
    );
    let anchored = |a: &TallyAnchored| Event::Election(ElectionEvent::TallyAnchored(a.clone()));
    let anchor = w.anchor();
    let mut wrong = anchor.clone();
    wrong.counted -= 1;
    refused(
        w.serve(w.election, anchored(&wrong), &[w.ballot_box]),
        "election.anchor",
    );
    w.serve(w.election, anchored(&anchor), &[w.ballot_box]).unwrap();
    // A share of one trustee under the other's index.
    let mut share = w.share(0);
    share.index = 2;
    refused(
        w.trustee(1, Event::Election(ElectionEvent::ShareSubmitted(share))),
        "trustee.share",
    );
    let share = w.share(0);
    w.trustee(0, Event::Election(ElectionEvent::ShareSubmitted(share)))
        .unwrap();
    let again = w.share(0);
    refused(
        w.trustee(0, Event::Election(ElectionEvent::ShareSubmitted(again))),
        "trustee.share",
    );
    let early = ResultDeclared {
        ledger: w.ballot_box,
        result: w.documents.put(br#"{"result":[[0,3,2]]}"#),
    };
    refused(
        w.commission(
            w.election,
            Event::Election(ElectionEvent::ResultDeclared(early.clone())),
            &[],
        ),
        "election.order",
    );
    let share = w.share(1);
    w.trustee(1, Event::Election(ElectionEvent::ShareSubmitted(share)))
        .unwrap();
    let wrong = ResultDeclared {
        ledger: w.ballot_box,
        result: w.documents.put(br#"{"result":[[0,2,3]]}"#),
    };
    refused(
        w.commission(
            w.election,
            Event::Election(ElectionEvent::ResultDeclared(wrong)),
            &[],
        ),
        "result.value",
    );
    assert_eq!(w.result().result, early.result);
    w.commission(
        w.election,
        Event::Election(ElectionEvent::ResultDeclared(early.clone())),
        &[],
    )
    .unwrap();
    refused(
        w.commission(
            w.election,
            Event::Election(ElectionEvent::ResultDeclared(early)),
            &[],
        ),
        "election.order",
    );
}

#[test]
fn small_boxes_are_never_decrypted() {
    let mut w = World::new();
    w.open();
    for voter in 0..4 {
        w.vote(voter, Some(0)).unwrap();
    }
    w.close();
    w.exclude(&[]).unwrap();
    w.seal().unwrap();
    let anchor = w.anchor();
    w.serve(
        w.election,
        Event::Election(ElectionEvent::TallyAnchored(anchor)),
        &[w.ballot_box],
    )
    .unwrap();
    let share = w.share(0);
    refused(
        w.trustee(0, Event::Election(ElectionEvent::ShareSubmitted(share))),
        "trustee.share",
    );
}

#[test]
fn paper_must_add_up() {
    let mut w = World::new();
    w.open();
    w.close();
    w.exclude(&[1, 2]).unwrap();
    w.seal().unwrap();
    let good = PaperReturned {
        ledger: w.ballot_box,
        issued: 5,
        valid: 3,
        invalid: 1,
        spoilt: 1,
        counts: vec![vec![1, 2, 0]],
    };
    let event = |p: &PaperReturned| Event::Election(ElectionEvent::PaperReturned(p.clone()));
    refused(w.commission(w.election, event(&good), &[]), "election.order");
    let anchor = w.anchor();
    w.serve(
        w.election,
        Event::Election(ElectionEvent::TallyAnchored(anchor)),
        &[w.ballot_box],
    )
    .unwrap();
    let changes: [fn(&mut PaperReturned); 6] = [
        |p| p.issued = 6,
        |p| p.counts = vec![vec![1, 2]],
        |p| p.counts = vec![],
        |p| p.counts = vec![vec![1, 3, 0]],
        |p| p.counts = vec![vec![1, 1, 0]],
        |p| {
            *p = PaperReturned {
                issued: 1,
                valid: 1,
                invalid: 0,
                spoilt: 0,
                counts: vec![vec![1, 0, 0]],
                ..p.clone()
            }
        },
    ];
    for change in changes {
        let mut wrong = good.clone();
        change(&mut wrong);
        refused(w.commission(w.election, event(&wrong), &[]), "paper.return");
    }
    w.commission(w.election, event(&good), &[]).unwrap();
    refused(w.commission(w.election, event(&good), &[]), "election.order");
}
