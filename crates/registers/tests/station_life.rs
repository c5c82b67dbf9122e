//! The life of polling stations, given / when / then: what may stand where, and what is refused under which code.
//! Spec: specs/station.md.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use sijill_ledger::{Grant, Kind, Ref, Role, SigningKey};
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::*;
use sijill_registers::register::State;
use sijill_registers::roll::events::*;
use sijill_registers::station::events::*;
use sijill_registers::station::views::turnout::StationTurnout;
use sijill_registers::views::View;
use world::stations::{guest, number, person};
use world::{MINUTE, Refused, World};

fn refused<T: core::fmt::Debug>(result: Result<T, Refused>, code: &str) {
    match result {
        Ok(value) => panic!("accepted ({value:?}), but {code} was expected"),
        Err(error) => assert_eq!(error.code(), code, "{error:?}"),
    }
}

/// Two open stations: the first serves 0 to 2 and 6, who has no credential; the second 3 and 4; 5 is on no list.
fn open() -> World {
    let mut w = World::with_stations("void-paper", &[&[0, 1, 2, 6], &[3, 4]]);
    w.open();
    w.open_station(0, 100).unwrap();
    w.open_station(1, 100).unwrap();
    w
}

/// Both closed and final, and the box closed.
fn finish(w: &mut World) {
    for station in 0..w.stations.len() {
        w.close_station(station, 0).unwrap();
        w.finish_station(station, &[0, 1, 2]).unwrap();
    }
    w.close();
}

fn certify(w: &mut World) -> Result<(), Refused> {
    w.commission(w.election, Event::Election(ElectionEvent::ResultsCertified), &[])
}

/// Scenarios 8 and 9.
#[test]
fn paper_supersedes_in_both_directions() {
    let mut w = open();
    // 0 votes digitally and then on paper, 1 on paper and then digitally, 2 only digitally, 6 only on paper.
    w.vote(0, Some(0)).unwrap();
    w.serve_voter(0, 0).unwrap();
    w.serve_voter(0, 1).unwrap();
    w.vote(1, Some(0)).unwrap();
    w.vote(2, Some(1)).unwrap();
    w.serve_voter(0, 6).unwrap();
    w.serve_voter(1, 3).unwrap();
    finish(&mut w);
    // 3 has a paper and a credential but no ballot: excluded all the same. 6 has no credential.
    refused(w.open_exclusions(&[0, 1]), "station.exclusions");
    refused(w.open_exclusions(&[0, 1, 2, 3]), "station.exclusions");
    refused(w.fix_exclusions(&[0, 1, 3]), "station.exclusions");
    w.open_exclusions(&[0, 1, 3]).unwrap();
    refused(w.open_exclusions(&[0, 1, 3]), "station.exclusions");
    refused(w.fix_exclusions(&[0, 1]), "station.exclusions");
    refused(w.exclude(&[0, 1, 3]), "entry.refs");
    w.fix_exclusions(&[0, 1, 3]).unwrap();
    w.seal_and_anchor();
    assert_eq!(w.anchor().counted, 1, "only the ballot of 2 counts");
    refused(w.return_paper(4, 4, 0), "paper.return");
    let wrong = w.station_returned(0, 2, 2, 0);
    refused(w.return_station(wrong), "station.return");
    let first = w.station_returned(0, 3, 3, 0);
    w.return_station(first.clone()).unwrap();
    refused(w.return_station(first), "station.return");
    let second = w.station_returned(1, 1, 1, 0);
    w.return_station(second).unwrap();
    refused(w.return_paper(4, 3, 1), "paper.return");
    w.return_paper(4, 4, 0).unwrap();
}

#[test]
fn an_event_without_stations_knows_none_of_this() {
    let mut w = World::new();
    w.open();
    let ledger = w.ballot_box;
    let event = ElectionEvent::OfficerRevoked(OfficerRevoked {
        ledger,
        key: w.commission.key_id(),
    });
    refused(
        w.commission(w.election, Event::Election(event), &[]),
        "election.order",
    );
    let voters = w.documents.put(&[0]);
    let event = RollEvent::VotersAssigned(VotersAssigned {
        station: ledger,
        voters,
    });
    refused(w.registrar(w.roll, Event::Roll(event)), "roll.order");
    w.close();
    w.exclude(&[]).unwrap();
}

#[test]
fn stations_are_listed_and_defined() {
    let mut w = World::with_stations("void-paper", &[&[0, 1], &[2]]);
    // An event before the definition of the election.
    let key = w.commission.key_id();
    refused(w.revoke_officer(0, key), "election.order");
    // A station with a district, or in public.
    for change in [
        |l: &mut ListedLedger| l.visibility = PUBLIC,
        |l: &mut ListedLedger| l.district = Some(world::DISTRICT.parse().unwrap()),
    ] {
        let Event::Election(ElectionEvent::ElectionDefined(mut e)) = w.definition() else {
            panic!()
        };
        e.ledgers.iter_mut().filter(|l| l.kind == 5).for_each(change);
        refused(
            w.commission(
                w.election,
                Event::Election(ElectionEvent::ElectionDefined(e)),
                &[],
            ),
            "election.order",
        );
    }
    w.define();
    w.fix_trustees();
    // Lists come behind the freeze.
    w.register(0).unwrap();
    let list = w.assigned(0);
    refused(
        w.registrar(w.roll, Event::Roll(RollEvent::VotersAssigned(list))),
        "roll.order",
    );
}

/// Everything but the stations is there, and the roll is frozen.
fn frozen() -> World {
    let mut w = World::with_stations("void-paper", &[&[0, 1, 6], &[2]]);
    w.define();
    w.fix_trustees();
    w.freeze_roll();
    let defined = w.box_definition();
    let event = Event::Election(ElectionEvent::BoxDefined(defined));
    w.commission(w.election, event, &[w.roll]).unwrap();
    w
}

fn assign(w: &mut World, event: VotersAssigned) -> Result<(), Refused> {
    w.registrar(w.roll, Event::Roll(RollEvent::VotersAssigned(event)))
}

fn define(w: &mut World, event: StationDefined) -> Result<(), Refused> {
    w.commission(
        w.election,
        Event::Election(ElectionEvent::StationDefined(event)),
        &[w.roll],
    )
}

#[test]
fn lists_are_disjoint_and_agree_with_the_roll() {
    let mut w = frozen();
    let with = |w: &mut World, station: usize, list: &[u8]| {
        let list = w.list(list).to_bytes();
        VotersAssigned {
            station: w.stations[station].ledger,
            voters: w.documents.put(&list),
        }
    };
    let stranger = with(&mut w, 0, &[0, 77]);
    refused(assign(&mut w, stranger), "station.voters");
    let mut bytes = w.list(&[0, 1]).to_bytes();
    *bytes.last_mut().unwrap() = 0;
    let no_holder = VotersAssigned {
        station: w.stations[0].ledger,
        voters: w.documents.put(&bytes),
    };
    refused(assign(&mut w, no_holder), "station.voters");
    let other = VotersAssigned {
        station: w.ballot_box,
        ..with(&mut w, 0, &[0])
    };
    refused(assign(&mut w, other), "station.voters");
    let mut trailing = w.list(&[0]).to_bytes();
    trailing.push(0);
    let trailing = VotersAssigned {
        station: w.stations[0].ledger,
        voters: w.documents.put(&trailing),
    };
    refused(assign(&mut w, trailing), "station.voters");
    let good = w.assigned(0);
    assign(&mut w, good.clone()).unwrap();
    refused(assign(&mut w, good), "station.voters");
    let shared = with(&mut w, 1, &[1, 2]);
    refused(assign(&mut w, shared), "station.voters");
    let good = w.assigned(1);
    assign(&mut w, good).unwrap();

    // A snapshot of the roll gives lists and commitments back.
    let one = &w.ledgers.0[&w.roll];
    let bytes = one.state.snapshot().unwrap().to_bytes();
    let again = State::restore(one.chain.genesis(), &bytes, &w.documents).unwrap();
    let (a, b) = (one.state.as_roll().unwrap(), again.as_roll().unwrap());
    assert_eq!(a.facts(), b.facts());
    for voter in 0..7 {
        assert_eq!(a.district_of(&person(voter)), b.district_of(&person(voter)));
        assert_eq!(a.has_credential(&person(voter)), b.has_credential(&person(voter)));
        assert!(voter == 6 || b.is_commitment_of(&person(voter), &w.commitment(voter)));
        assert!(!b.is_commitment_of(&person(voter), &w.commitment((voter + 1) % 6)));
    }
}

#[test]
fn definitions_follow_roll_and_list() {
    let mut w = frozen();
    let good = w.station_defined(0);
    // Before the roll has the list.
    refused(define(&mut w, good.clone()), "station.defined");
    let list = w.assigned(0);
    assign(&mut w, list).unwrap();
    let changes: [fn(&mut StationDefined); 14] = [
        |e| e.name_en = String::new(),
        |e| e.name_ar = "a\u{200e}".into(),
        |e| e.districts.clear(),
        |e| e.districts.push("nowhere".parse().unwrap()),
        |e| e.queue_ms = number(14_400_001),
        |e| e.pack[0] ^= 1,
        |e| e.voters[0] ^= 1,
        |e| e.count = number(2),
        |e| e.members.truncate(1),
        |e| e.members.reverse(),
        |e| e.members[0] = e.chair,
        |e| e.chair = e.members[0],
        |e| e.chair = sijill_ledger::KeyId::from_bytes([1; 32]),
        |e| e.ledger = sijill_ledger::LedgerId::from_bytes([1; 32]),
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut e = good.clone();
        change(&mut e);
        match define(&mut w, e) {
            Err(e) => assert_eq!(e.code(), "station.defined", "change {i}"),
            Ok(()) => panic!("change {i} was accepted"),
        }
    }
    let event = Event::Election(ElectionEvent::StationDefined(good.clone()));
    refused(w.commission(w.election, event.clone(), &[]), "entry.refs");
    refused(w.commission(w.election, event, &[w.ballot_box]), "entry.refs");
    define(&mut w, good.clone()).unwrap();
    refused(define(&mut w, good), "station.defined");
    // The other station is missing: the poll does not open.
    refused(
        w.commission(w.election, Event::Election(ElectionEvent::PollOpened), &[]),
        "station.defined",
    );
    let list = w.assigned(1);
    assign(&mut w, list).unwrap();
    let mut twin = w.station_defined(1);
    twin.station = "station-1".parse().unwrap();
    refused(define(&mut w, twin), "station.defined");
    let good = w.station_defined(1);
    define(&mut w, good).unwrap();
    w.commission(w.election, Event::Election(ElectionEvent::PollOpened), &[])
        .unwrap();
}

#[test]
fn numbers_beyond_the_limit_do_not_decode() {
    let wrong = PaperSpoilt { paper: number(0) };
    let mut payload = sijill_ledger::encode(&wrong);
    let read = |payload: &[u8]| {
        Event::parse(
            Kind::Station,
            Event::Station(StationEvent::PaperSpoilt(PaperSpoilt { paper: number(0) })).wire_type(),
            payload,
        )
    };
    assert!(read(&payload).is_ok());
    payload = sijill_ledger::encode(&((1_u64 << 53) - 1));
    assert!(read(&payload).is_ok());
    payload = sijill_ledger::encode(&(1_u64 << 53));
    let error = read(&payload).unwrap_err();
    assert_eq!(
        sijill_registers::register::Rejection::from(error).code(),
        "entry.encoding"
    );
}

#[test]
fn duty_and_the_opening() {
    let mut w = World::with_stations("void-paper", &[&[0, 1, 6], &[2]]);
    w.open();
    let early = w.now;
    let opened = w.station_opened(0, 10);
    let open = |w: &mut World, officer: usize, e: StationOpened| {
        let key = w.officer(0, officer);
        let station = w.stations[0].ledger;
        w.act(
            &key,
            station,
            Event::Station(StationEvent::StationOpened(e)),
            &[w.election],
        )
    };
    // Who is no officer here, is not on duty, ends a duty that never began.
    let stranger = w.officer(1, 0);
    let station = w.stations[0].ledger;
    refused(
        w.act(&stranger, station, Event::Station(StationEvent::DutyBegun), &[]),
        "event.author",
    );
    refused(w.at_station(0, 0, StationEvent::DutyEnded), "station.duty");
    refused(open(&mut w, 0, opened.clone()), "station.duty");
    w.at_station(0, 0, StationEvent::DutyBegun).unwrap();
    refused(w.at_station(0, 0, StationEvent::DutyBegun), "station.duty");
    w.at_station(0, 1, StationEvent::DutyBegun).unwrap();
    refused(open(&mut w, 0, opened.clone()), "station.duty");
    w.at_station(0, 2, StationEvent::DutyBegun).unwrap();
    // Several rules broken: the first one in the fixed order is named.
    let key = w.officer(0, 3);
    let event = Event::Station(StationEvent::StationOpened(opened.clone()));
    refused(w.act(&key, station, event.clone(), &[]), "entry.refs");
    let before = w.cite_at(w.election, 2);
    refused(w.act_citing(&key, station, event, vec![before]), "entry.refs");
    let check_in = CheckedIn {
        listed: true,
        person: person(9).0,
        document: 9,
        assistance: false,
    };
    refused(
        w.at_station(0, 3, StationEvent::CheckedIn(check_in.clone())),
        "station.order",
    );
    // Another list, another pack.
    let voters = w.list(&[0, 1]).to_bytes();
    let other = StationOpened {
        voters: w.documents.put(&voters),
        ..opened.clone()
    };
    refused(open(&mut w, 0, other), "station.defined");
    let other = StationOpened {
        pack: opened.voters,
        ..opened.clone()
    };
    refused(open(&mut w, 0, other), "station.defined");
    // Clocks that are hours off.
    w.now = w.manifest.closes_ms + 1;
    refused(open(&mut w, 0, opened.clone()), "station.window");
    w.now = early;
    open(&mut w, 0, opened.clone()).unwrap();
    refused(open(&mut w, 0, opened), "station.order");
    refused(
        w.at_station(0, 3, StationEvent::CheckedIn(check_in)),
        "station.duty",
    );
    // Off duty at once with the role.
    let grant = Grant {
        key: w.officer(0, 1).key_id(),
        role: Role::StationOfficer,
        scope: None,
    };
    w.commission(station, Event::RoleRevoked(grant.clone()), &[])
        .unwrap();
    assert!(!w.station(0).is_on_duty(&grant.key));
    refused(w.check_in(0, 1, 0), "event.author");
    w.commission(station, Event::RoleGranted(grant), &[]).unwrap();
    refused(w.check_in(0, 1, 0), "station.duty");
    w.at_station(0, 1, StationEvent::DutyBegun).unwrap();
    w.check_in(0, 1, 0).unwrap();
}

#[test]
fn officers_that_differ_from_the_definition() {
    let mut w = World::with_stations("void-paper", &[&[0], &[1]]);
    w.open();
    let station = w.stations[0].ledger;
    for officer in 0..4 {
        w.at_station(0, officer, StationEvent::DutyBegun).unwrap();
    }
    let opened = w.station_opened(0, 10);
    let open = |w: &mut World| {
        let key = w.officer(0, 0);
        let event = Event::Station(StationEvent::StationOpened(opened.clone()));
        w.act(&key, station, event, &[w.election])
    };
    // One more on the station's ledger than on the election ledger.
    let extra = SigningKey::generate(&mut w.rng).key_id();
    let grant = Grant {
        key: extra,
        role: Role::StationOfficer,
        scope: None,
    };
    w.commission(station, Event::RoleGranted(grant), &[]).unwrap();
    refused(open(&mut w), "station.defined");
    refused(
        w.name_officer(0, w.officer(0, 1).key_id(), false),
        "station.defined",
    );
    refused(
        w.name_officer(0, w.officer(0, 0).key_id(), true),
        "station.defined",
    );
    let before = w.cite(w.election);
    w.name_officer(0, extra, false).unwrap();
    // The size that is cited decides, not what came later.
    let key = w.officer(0, 0);
    let event = Event::Station(StationEvent::StationOpened(opened.clone()));
    refused(
        w.act_citing(&key, station, event, vec![before]),
        "station.defined",
    );
    // Somebody is commission here and not on the election ledger.
    let other = SigningKey::generate(&mut w.rng).key_id();
    let grant = Grant {
        key: other,
        role: Role::Commission,
        scope: None,
    };
    w.commission(station, Event::RoleGranted(grant.clone()), &[])
        .unwrap();
    refused(open(&mut w), "station.defined");
    w.commission(station, Event::RoleRevoked(grant), &[]).unwrap();
    open(&mut w).unwrap();
    // Officers go and come: a key that was revoked never comes back.
    w.revoke_officer(0, extra).unwrap();
    refused(w.revoke_officer(0, extra), "station.defined");
    refused(w.name_officer(0, extra, false), "station.defined");
    w.revoke_officer(0, w.officer(0, 0).key_id()).unwrap();
    w.name_officer(0, w.officer(0, 1).key_id(), true).unwrap();
}

#[test]
fn check_ins() {
    let mut w = open();
    let check_in = |w: &mut World, change: fn(&mut CheckedIn)| {
        let mut e = CheckedIn {
            listed: true,
            person: person(0).0,
            document: 1,
            assistance: true,
        };
        change(&mut e);
        w.at_station(0, 0, StationEvent::CheckedIn(e))
    };
    refused(check_in(&mut w, |e| e.document = 0), "station.check-in");
    refused(check_in(&mut w, |e| e.document = 3), "station.check-in");
    refused(check_in(&mut w, |e| e.person = person(3).0), "station.check-in");
    refused(check_in(&mut w, |e| e.listed = false), "station.check-in");
    let now = w.now;
    w.now = w.manifest.closes_ms + 60 * MINUTE + 1;
    refused(check_in(&mut w, |_| {}), "station.window");
    w.now = now;
    check_in(&mut w, |_| {}).unwrap();
    refused(check_in(&mut w, |_| {}), "station.check-in");
    check_in(&mut w, |e| {
        e.listed = false;
        e.person = guest(3, 0);
    })
    .unwrap();
    refused(
        check_in(&mut w, |e| {
            e.listed = false;
            e.person = guest(3, 0);
        }),
        "station.check-in",
    );
    // A person in the queue an hour after the close; not one minute later.
    w.now = w.manifest.closes_ms + 60 * MINUTE;
    w.check_in(0, 0, 1).unwrap();
    w.now += 1;
    refused(w.check_in(0, 0, 2), "station.window");
}

#[test]
fn papers() {
    let mut w = open();
    let station = w.stations[0].ledger;
    let submit = |w: &mut World, e: PaperIssued| w.at_station(0, 0, StationEvent::PaperIssued(e));
    let check_in = w.check_in(0, 0, 0).unwrap();
    let e = w.paper(0, (0, 1), check_in, None, None);
    // A holder's paper needs a second officer, who is another one, on duty, and has signed this very paper.
    refused(
        submit(
            &mut w,
            PaperIssued {
                second: None,
                ..e.clone()
            },
        ),
        "station.paper",
    );
    let own = w.paper(0, (0, 0), check_in, None, None);
    refused(submit(&mut w, own), "station.paper");
    let other = w.paper(0, (1, 2), check_in, None, None);
    refused(submit(&mut w, other), "station.paper");
    w.at_station(0, 1, StationEvent::DutyEnded).unwrap();
    refused(submit(&mut w, e.clone()), "station.paper");
    w.at_station(0, 1, StationEvent::DutyBegun).unwrap();
    // No envelope for a voter of the list, nothing to replace, no such check-in.
    let with_envelope = w.paper(0, (0, 1), check_in, Some(1), None);
    refused(submit(&mut w, with_envelope), "station.paper");
    let replacing = w.paper(0, (0, 1), check_in, None, Some(check_in));
    refused(submit(&mut w, replacing), "station.paper");
    let nobody = w.paper(0, (0, 1), check_in + 1, None, None);
    refused(submit(&mut w, nobody), "station.paper");
    let key = w.officer(0, 0);
    refused(
        w.act(
            &key,
            station,
            Event::Station(StationEvent::PaperIssued(e.clone())),
            &[w.ballot_box],
        ),
        "entry.refs",
    );
    submit(&mut w, e).unwrap();
    let paper = w.last_of(station);
    // One paper at a time: a second one only for a spoilt one.
    let second = w.paper(0, (0, 1), check_in, None, Some(paper));
    refused(submit(&mut w, second.clone()), "station.paper");
    refused(w.spoil(0, 0, check_in), "station.paper");
    w.spoil(0, 0, paper).unwrap();
    refused(w.spoil(0, 0, paper), "station.paper");
    let unnamed = w.paper(0, (0, 1), check_in, None, None);
    refused(submit(&mut w, unnamed), "station.paper");
    submit(&mut w, second.clone()).unwrap();
    refused(submit(&mut w, second), "station.paper");
    // Guests get envelopes, each number once, and always two officers.
    let guest = w.check_in(0, 0, 4).unwrap();
    let bare = w.paper(0, (0, 1), guest, None, None);
    refused(submit(&mut w, bare), "station.paper");
    let zero = w.paper(0, (0, 1), guest, Some(0), None);
    refused(submit(&mut w, zero), "station.paper");
    let e = w.paper(0, (0, 1), guest, Some(7), None);
    refused(
        submit(
            &mut w,
            PaperIssued {
                second: None,
                ..e.clone()
            },
        ),
        "station.paper",
    );
    submit(&mut w, e).unwrap();
    let guest = w.check_in(0, 0, 5).unwrap();
    let used = w.paper(0, (0, 1), guest, Some(7), None);
    refused(submit(&mut w, used), "station.paper");
    // Nobody's ballot is excluded by a paper for 6: one officer may issue it.
    let check_in = w.check_in(0, 0, 6).unwrap();
    let e = w.paper(0, (0, 1), check_in, None, None);
    submit(&mut w, PaperIssued { second: None, ..e }).unwrap();
    let paper = w.last_of(station);
    // Disputes.
    let dispute = |w: &mut World, paper: u64| {
        let e = IssueDisputed {
            paper: number(paper),
            statement: [1; 32],
        };
        w.at_station(0, 0, StationEvent::IssueDisputed(e))
    };
    refused(dispute(&mut w, check_in), "station.decided");
    dispute(&mut w, paper).unwrap();
    refused(dispute(&mut w, paper), "station.decided");
    // The closing protocol counts the ledger; what is left over is counted by hand.
    let good = w.station_closed(0, 3);
    let close = |w: &mut World, e: StationClosed| w.at_station(0, 0, StationEvent::StationClosed(e));
    let changes: [fn(&mut StationClosed); 6] = [
        |e| e.counts.received = number(99),
        |e| e.counts.checked_in = number(3),
        |e| e.counts.issued = number(3),
        |e| e.counts.spoilt = number(0),
        |e| e.counts.envelopes = number(0),
        |e| e.unserved = number(0),
    ];
    for change in changes {
        let mut e = good.clone();
        change(&mut e);
        refused(close(&mut w, e), "station.counts");
    }
    close(&mut w, good.clone()).unwrap();
    refused(close(&mut w, good), "station.order");
    refused(w.check_in(0, 0, 1), "station.order");
    let grant = Grant {
        key: SigningKey::generate(&mut w.rng).key_id(),
        role: Role::StationOfficer,
        scope: None,
    };
    refused(
        w.commission(station, Event::RoleGranted(grant), &[]),
        "event.grant",
    );
}

#[test]
fn the_final_state_is_signed_and_whole() {
    let mut w = open();
    w.serve_voter(0, 0).unwrap();
    let size = w.last_of(w.stations[0].ledger) + 1;
    w.anchor_station(0, size).unwrap();
    // The same body again is the same event.
    let entries = w.ledgers.0[&w.election].chain.size();
    w.anchor_station(0, size).unwrap();
    assert_eq!(w.ledgers.0[&w.election].chain.size(), entries);
    refused(w.anchor_station(0, size - 1), "station.anchor");
    // Before the closing protocol.
    refused(w.finish_station(0, &[0, 1, 2]), "station.final");
    w.close_station(0, 0).unwrap();
    // Too few, without the chair, by a stranger.
    refused(w.finish_station(0, &[0, 1]), "station.final");
    refused(w.finish_station(0, &[1, 2, 3]), "station.final");
    let submit = |w: &mut World, e: StationFinal, cited: Ref| {
        w.serve_citing(ElectionEvent::StationFinal(e), vec![cited])
    };
    let good = w.station_final(0, &[0, 1, 2]);
    let cited = w.cite(w.stations[0].ledger);
    let stranger = w.station_final(1, &[0]).signatures;
    let mut e = good.clone();
    e.signatures.extend(stranger);
    e.signatures.sort_by_key(|s| s.key);
    refused(submit(&mut w, e, cited), "station.final");
    let mut e = good.clone();
    e.signatures.reverse();
    refused(submit(&mut w, e, cited), "station.final");
    let mut e = good.clone();
    e.signatures[0].signature = e.signatures[1].signature;
    refused(submit(&mut w, e, cited), "station.final");
    let mut e = good.clone();
    e.counts.unused = number(0);
    refused(submit(&mut w, e, cited), "station.final");
    // The tail is withheld: shorter than what the centre has.
    let short = w.cite_at(w.stations[0].ledger, size - 1);
    let mut e = good.clone();
    e.size = number(size - 1);
    refused(submit(&mut w, e, short), "station.final");
    refused(submit(&mut w, good.clone(), short), "station.final");
    // Somebody was revoked meanwhile.
    let gone = w.officer(0, 2).key_id();
    w.revoke_officer(0, gone).unwrap();
    refused(submit(&mut w, good, cited), "station.final");
    w.finish_station(0, &[0, 1, 3]).unwrap();
    let mut again = w.station_final(0, &[0, 1, 3]);
    again.counts.unused = number(1);
    refused(submit(&mut w, again, cited), "station.final");
    refused(w.anchor_station(0, size + 1), "station.anchor");
    refused(w.lose_station(0, 1), "station.lost");
    let key = w.officer(0, 1).key_id();
    refused(w.revoke_officer(0, key), "station.defined");
    refused(w.name_officer(0, key, true), "station.defined");
}

#[test]
fn no_box_is_sealed_while_a_book_is_missing() {
    let mut w = open();
    w.serve_voter(0, 0).unwrap();
    w.close_station(0, 0).unwrap();
    w.finish_station(0, &[0, 1, 2]).unwrap();
    w.close();
    refused(w.open_exclusions(&[0]), "station.exclusions");
    refused(w.fix_exclusions(&[0]), "station.exclusions");
    // The pack knows one rule only.
    refused(w.lose_station(1, 2), "station.lost");
    refused(w.lose_station(1, 3), "station.lost");
    let before = w.cite(w.election);
    w.lose_station(1, 1).unwrap();
    refused(w.lose_station(1, 1), "station.lost");
    w.open_exclusions(&[0]).unwrap();
    // The size that the box cites decides.
    let list = w.credentials(&[0]);
    let event = Event::BallotBox(sijill_registers::ballot_box::events::BoxEvent::ExclusionsFixed(
        sijill_registers::ballot_box::events::ExclusionsFixed {
            list: w.documents.put(list.as_bytes()),
            count: 1,
        },
    ));
    let roll = w.cite(w.roll);
    let key = SigningKey::from_seed(&w.registrar.seed());
    refused(
        w.act_citing(&key, w.ballot_box, event, vec![before, roll]),
        "station.exclusions",
    );
    w.fix_exclusions(&[0]).unwrap();
    w.seal_and_anchor();
    // Void-paper: the lost station returns nothing.
    let e = w.station_returned(1, 0, 0, 0);
    refused(w.return_station(e), "station.return");
    let e = w.station_returned(0, 1, 1, 0);
    w.return_station(e).unwrap();
    w.return_paper(1, 1, 0).unwrap();
}

#[test]
fn a_lost_book_that_voids_digital_ballots() {
    let mut w = World::with_stations("void-digital", &[&[0, 1, 6], &[2, 3]]);
    w.open();
    w.open_station(0, 10).unwrap();
    w.open_station(1, 10).unwrap();
    for voter in 0..4 {
        w.vote(voter, Some(0)).unwrap();
    }
    w.serve_voter(0, 0).unwrap();
    // 1 is of the first station's list, and takes an envelope at the second.
    let envelope = w.serve_voter(1, 1).unwrap();
    w.serve_voter(1, 2).unwrap();
    w.close_station(1, 0).unwrap();
    w.finish_station(1, &[0, 1, 2]).unwrap();
    w.lose_station(0, 2).unwrap();
    w.close();
    let second = w.stations[1].ledger;
    refused(w.decide_paper(second, envelope, 1, Some(1)), "station.decided");
    w.decide_paper(second, envelope, 2, None).unwrap();
    // Holders of the lost list, and who has a paper elsewhere.
    refused(w.open_exclusions(&[0, 2]), "station.exclusions");
    w.open_exclusions(&[0, 1, 2]).unwrap();
    w.fix_exclusions(&[0, 1, 2]).unwrap();
    w.seal_and_anchor();
    assert_eq!(w.anchor().counted, 1);
    let e = w.station_returned(1, 1, 1, 0);
    w.return_station(e).unwrap();
    refused(w.return_paper(1, 1, 0), "paper.return");
    // The urn of the lost station is counted; nobody can check how many papers there should be.
    let e = w.station_returned(0, 2, 2, 0);
    w.return_station(e).unwrap();
    w.return_paper(3, 3, 0).unwrap();
}

#[test]
fn envelopes_are_admitted_once_and_never_beside_a_regular_paper() {
    let mut w = open();
    let (first, second) = (w.stations[0].ledger, w.stations[1].ledger);
    // 0 has a paper at home and an envelope elsewhere; 3 only an envelope; 5, on no list, an envelope at both.
    w.serve_voter(0, 0).unwrap();
    let of_0 = w.serve_voter(1, 0).unwrap();
    let of_3 = w.serve_voter(0, 3).unwrap();
    let of_5 = [w.serve_voter(0, 5).unwrap(), w.serve_voter(1, 5).unwrap()];
    let stranger = w.serve_voter(0, 99).unwrap();
    w.vote(3, Some(0)).unwrap();
    // Not before all books are here.
    w.close_station(0, 0).unwrap();
    w.finish_station(0, &[0, 1, 2]).unwrap();
    refused(w.decide_paper(first, of_3, 1, Some(3)), "station.decided");
    w.close_station(1, 0).unwrap();
    w.finish_station(1, &[0, 1, 2]).unwrap();
    w.close();
    refused(w.decide_paper(second, of_0, 1, Some(0)), "station.decided");
    refused(w.decide_paper(first, of_3, 1, None), "station.decided");
    refused(w.decide_paper(first, of_3, 2, Some(3)), "station.decided");
    refused(w.decide_paper(first, of_3, 3, None), "station.decided");
    refused(w.decide_paper(first, stranger, 1, Some(99)), "station.decided");
    w.decide_paper(first, of_3, 1, Some(3)).unwrap();
    refused(w.decide_paper(first, of_3, 1, Some(3)), "station.decided");
    w.decide_paper(first, of_5[0], 1, Some(5)).unwrap();
    refused(w.decide_paper(second, of_5[1], 1, Some(5)), "station.decided");
    refused(w.open_exclusions(&[0, 3, 5]), "station.exclusions");
    for (station, paper) in [(second, of_5[1]), (second, of_0), (first, stranger)] {
        w.decide_paper(station, paper, 2, None).unwrap();
    }
    w.open_exclusions(&[0, 3, 5]).unwrap();
    w.fix_exclusions(&[0, 3, 5]).unwrap();
    w.seal_and_anchor();
    assert_eq!(w.anchor().counted, 0);
    // 0 at the first station; the envelope of 3 is opened at home, in the second; that of 5 at the first one by id.
    let lower = usize::from(first > second);
    for station in 0..2 {
        let issued = 1 + u64::from(station == lower);
        let wrong = w.station_returned(station, issued - 1, issued - 1, 0);
        refused(w.return_station(wrong), "station.return");
        let e = w.station_returned(station, issued, issued, 0);
        w.return_station(e).unwrap();
    }
    w.return_paper(3, 3, 0).unwrap();
}

/// Scenario 44: a role that changes is an event that says whose; what came too late for it needs a decision.
#[test]
fn entries_of_a_revoked_officer_need_a_decision() {
    let mut w = open();
    let first = w.stations[0].ledger;
    w.vote(0, Some(0)).unwrap();
    w.vote(1, Some(0)).unwrap();
    w.vote(2, Some(0)).unwrap();
    // 0's paper was at the centre before officer 1, who signs as second, was revoked; 1's and 2's came later.
    w.serve_voter(0, 0).unwrap();
    let size = w.last_of(first) + 1;
    w.anchor_station(0, size).unwrap();
    let key = w.officer(0, 1).key_id();
    w.revoke_officer(0, key).unwrap();
    let of_1 = w.serve_voter(0, 1).unwrap();
    let of_2 = w.serve_voter(0, 2).unwrap();
    // 6 is served by others.
    let check_in = w.check_in(0, 2, 6).unwrap();
    let of_6 = w.issue(0, (2, 3), check_in).unwrap();
    for station in 0..2 {
        w.close_station(station, 0).unwrap();
        w.finish_station(station, &[0, 2, 3]).unwrap();
    }
    w.close();
    refused(w.decide_paper(first, of_6, 1, None), "station.decided");
    refused(w.open_exclusions(&[0, 1, 2]), "station.exclusions");
    w.decide_paper(first, of_1, 1, None).unwrap();
    w.decide_paper(first, of_2, 2, None).unwrap();
    w.open_exclusions(&[0, 1]).unwrap();
    w.fix_exclusions(&[0, 1]).unwrap();
    w.seal_and_anchor();
    assert_eq!(w.anchor().counted, 1, "no paper was handed out to 2");
    // The book has four papers and the urn three: that must be explained before anybody certifies.
    let e = w.station_returned(0, 4, 3, 0);
    w.return_station(e).unwrap();
    let e = w.station_returned(1, 0, 0, 0);
    w.return_station(e).unwrap();
    w.return_paper(4, 3, 0).unwrap();
    refused(w.resolve(0, false), "station.return");
    refused(w.resolve(1, true), "station.return");
    w.resolve(0, true).unwrap();
    refused(w.resolve(0, true), "station.return");
}

#[test]
fn disputes_block_until_they_are_decided() {
    let mut w = open();
    let first = w.stations[0].ledger;
    w.vote(0, Some(0)).unwrap();
    let of_0 = w.serve_voter(0, 0).unwrap();
    let of_1 = w.serve_voter(0, 1).unwrap();
    let e = IssueDisputed {
        paper: number(of_1),
        statement: [1; 32],
    };
    w.at_station(0, 0, StationEvent::IssueDisputed(e)).unwrap();
    // A replacement does not make the dispute go away.
    w.spoil(0, 0, of_1).unwrap();
    let check_in = w.station(0).book().find(&person(1).0).unwrap();
    let again = w.issue(0, (0, 1), check_in).unwrap();
    refused(w.dispute(0, of_0), "station.decided");
    finish(&mut w);
    w.dispute(0, of_0).unwrap();
    refused(w.dispute(0, of_0), "station.decided");
    refused(w.dispute(0, of_1), "station.decided");
    refused(w.decide_paper(first, of_1, 1, None), "station.decided");
    refused(w.open_exclusions(&[0, 1]), "station.exclusions");
    w.decide_paper(first, again, 1, None).unwrap();
    w.decide_paper(first, of_0, 2, None).unwrap();
    w.open_exclusions(&[1]).unwrap();
    refused(w.dispute(0, again), "station.decided");
    w.fix_exclusions(&[1]).unwrap();
    w.seal_and_anchor();
    assert_eq!(w.anchor().counted, 1);
}

#[test]
fn openings_are_those_of_the_roll() {
    let mut w = open();
    w.serve_voter(0, 0).unwrap();
    w.serve_voter(0, 1).unwrap();
    finish(&mut w);
    let good = [w.opening(0), w.opening(1)];
    let mut e = good;
    e.reverse();
    refused(w.open_exclusions_with(&e), "station.exclusions");
    let mut e = good;
    e[0].salt[0] ^= 1;
    refused(w.open_exclusions_with(&e), "station.exclusions");
    // Somebody else's credential: the voter keeps a digital ballot, another one loses theirs.
    let mut e = good;
    (e[0].salt, e[0].credential) = (w.opening(2).salt, w.opening(2).credential);
    refused(w.open_exclusions_with(&e), "station.exclusions");
    w.open_exclusions_with(&good).unwrap();
}

#[test]
fn nothing_is_certified_while_papers_do_not_add_up() {
    let mut w = open();
    for voter in [0, 1] {
        w.serve_voter(0, voter).unwrap();
    }
    for voter in 2..6 {
        w.vote(voter, Some(0)).unwrap();
    }
    // One blank paper of the second station is gone.
    let e = w.station_closed(1, 1);
    w.at_station(1, 0, StationEvent::StationClosed(e)).unwrap();
    w.finish_station(1, &[0, 1, 2]).unwrap();
    w.close_station(0, 0).unwrap();
    w.finish_station(0, &[0, 1, 2]).unwrap();
    w.close();
    w.open_exclusions(&[0, 1]).unwrap();
    w.fix_exclusions(&[0, 1]).unwrap();
    w.seal_and_anchor();
    for trustee in [0, 1] {
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
    for (station, issued) in [(0, 2), (1, 0)] {
        let e = w.station_returned(station, issued, issued, 0);
        w.return_station(e).unwrap();
    }
    w.return_paper(2, 2, 0).unwrap();
    for view in ["turnout", "trackers", "tally", "result"] {
        let size = match view {
            "result" => w.ledgers.0[&w.election].chain.size(),
            _ => w.anchor().sealed_size,
        };
        let e = ViewPublished {
            view: view.into(),
            ledger: w.ballot_box,
            size,
            content: w.documents.put(view.as_bytes()),
        };
        w.serve(w.election, Event::Election(ElectionEvent::ViewPublished(e)), &[])
            .unwrap();
    }
    refused(certify(&mut w), "election.certification");
    w.resolve(1, false).unwrap();
    certify(&mut w).unwrap();
}

/// Spec: specs/station.md §9.2, specs/outcome.md §4.
#[test]
fn a_recount_is_not_the_sum_of_the_stations() {
    let mut w = World::with_stations("void-paper", &[&[0, 1, 2, 6], &[3, 4]]);
    w.define();
    w.adopt();
    w.fix_trustees();
    w.open_boxes();
    w.open_station(0, 100).unwrap();
    w.open_station(1, 100).unwrap();
    w.serve_voter(0, 0).unwrap();
    w.serve_voter(1, 3).unwrap();
    finish(&mut w);
    w.open_exclusions(&[0, 3]).unwrap();
    w.fix_exclusions(&[0, 3]).unwrap();
    w.seal_and_anchor();
    for station in [0, 1] {
        let e = w.station_returned(station, 1, 1, 0);
        w.return_station(e).unwrap();
    }
    let recount = |w: &mut World, issued: u64, valid: u64, yes: u64| {
        let e = PaperRecounted {
            ledger: w.ballot_box,
            issued,
            valid,
            invalid: 0,
            spoilt: 0,
            counts: vec![vec![0, yes, valid - yes]],
            reason: "Counted again before observers".into(),
        };
        w.commission(w.election, Event::Election(ElectionEvent::PaperRecounted(e)), &[])
    };
    refused(recount(&mut w, 2, 2, 1), "outcome.order");
    w.return_paper(2, 2, 0).unwrap();
    refused(recount(&mut w, 2, 2, 2), "paper.return");
    refused(recount(&mut w, 1 << 53, 2, 1), "paper.return");
    recount(&mut w, 2, 2, 1).unwrap();
    // A paper is gone, and fewer are left than credentials are excluded.
    recount(&mut w, 2, 1, 1).unwrap();
    recount(&mut w, 1, 1, 1).unwrap();
}

#[test]
fn the_first_vote_is_final_only_on_line() {
    let pack = world::stations::pack("void-paper").replace(
        "in_person = \"in-person-supersedes\"",
        "in_person = \"first-vote-final\"",
    );
    let mut w = World::of(world::FILE, &pack);
    w.real_commitments = true;
    w.add_station(&[0, 1]);
    w.define();
    w.fix_trustees();
    w.freeze_roll();
    let list = w.assigned(0);
    assign(&mut w, list).unwrap();
    let mut e = w.station_defined(0);
    refused(define(&mut w, e.clone()), "station.defined");
    e.online = true;
    define(&mut w, e).unwrap();
}

/// Scenario 18: before the close there is turnout, and no small numbers of it.
#[test]
fn turnout_by_hour_hides_small_numbers() {
    let mut w = open();
    w.serve_voter(0, 0).unwrap();
    w.serve_voter(0, 1).unwrap();
    w.now += 61 * MINUTE;
    // Everybody's view is too old now; each looks again.
    w.serve_voter(0, 3).unwrap();
    let one = &w.ledgers.0[&w.stations[0].ledger];
    let mut view = StationTurnout::default();
    for entry in &one.entries[1..] {
        let body = entry.body();
        let event = Event::parse(one.state.kind(), body.event_type, &body.payload).unwrap();
        view.apply(entry.seq().as_u64(), entry.received_ms(), &event, &w.documents)
            .unwrap();
    }
    assert_eq!(view.checked_in(), 3);
    assert_eq!(view.papers().envelopes, 1);
    let zone = jiff::tz::TimeZone::get("Asia/Qatar").unwrap();
    let all: Vec<_> = view
        .by_hour(&zone, 0)
        .iter()
        .map(|h| (h.district.clone().map(|d| d.to_string()), h.checked_in))
        .collect();
    assert_eq!(
        all,
        [(Some(world::DISTRICT.to_owned()), Some(2)), (None, Some(1))]
    );
    let hidden: Vec<_> = view.by_hour(&zone, 2).iter().map(|h| h.checked_in).collect();
    assert_eq!(hidden, [Some(2), None]);
}

#[test]
fn nobody_acts_whom_the_election_ledger_never_named() {
    let mut w = open();
    let station = w.stations[0].ledger;
    let late = SigningKey::generate(&mut w.rng);
    let grant = Grant {
        key: late.key_id(),
        role: Role::StationOfficer,
        scope: None,
    };
    w.commission(station, Event::RoleGranted(grant), &[]).unwrap();
    w.act(&late, station, Event::Station(StationEvent::DutyBegun), &[])
        .unwrap();
    w.close_station(0, 0).unwrap();
    refused(w.finish_station(0, &[0, 1, 2]), "station.final");
    w.name_officer(0, late.key_id(), false).unwrap();
    w.finish_station(0, &[0, 1, 2]).unwrap();
}
