//! The common rules of appending: one test per rule, and replay against building.

use proptest::prelude::*;
use sijill_ledger::*;

use crate::common::{LAG_MS, NOW, WINDOW_MS, World, at, genesis_fields, key, nonce};

/// An entry that fits in every respect that the caller does not change, made without asking the chain.
fn forge(world: &World, body: SignedBody, received: UnixMillis, sequenced: UnixMillis) -> Entry {
    Entry::seal(
        body,
        world.chain.next_seq(),
        world.chain.tail(),
        received,
        sequenced,
    )
    .unwrap()
}

/// The door and the reader refuse alike, and nothing changes.
fn both_refuse(world: &World, body: &SignedBody, received: UnixMillis, sequenced: UnixMillis) -> ChainError {
    let mut chain = world.chain.clone();
    let error = chain.append(body.clone(), received, sequenced).unwrap_err();
    if sequenced >= received {
        assert_eq!(
            chain
                .push(&forge(world, body.clone(), received, sequenced))
                .unwrap_err(),
            error
        );
    }
    assert_eq!(
        (chain.size(), chain.tail(), chain.root()),
        (world.chain.size(), world.chain.tail(), world.chain.root())
    );
    error
}

#[test]
fn the_same_body_is_answered_with_its_place() {
    let mut world = World::of_size(5);
    let body = world
        .official(nonce(100), at(5), world.chain.seen())
        .sign(&world.commission)
        .unwrap();
    let first = world.append(body.clone(), at(5)).clone();
    let recorded = Admission::Recorded {
        seq: first.seq(),
        leaf_hash: first.leaf_hash(),
    };
    // Long after the window for officials has passed.
    let late = at(10 * WINDOW_MS);
    assert_eq!(world.chain.check_body(&body, late, late), Ok(recorded));
    assert_eq!(
        world.chain.find(body.body().author, body.body().nonce),
        Some((first.seq(), first.leaf_hash()))
    );
    assert_eq!(
        both_refuse(&world, &body, late, late),
        ChainError::Repeated(first.seq())
    );

    let mut other = body.body().clone();
    other.payload.push(0);
    let other = other.sign(&world.commission).unwrap();
    assert_eq!(
        both_refuse(&world, &other, at(6), at(6)),
        ChainError::NonceUsed(first.seq())
    );

    // The nonce belongs to its author.
    let by_service = world
        .by_service(nonce(100), Vec::new())
        .sign(&world.service)
        .unwrap();
    assert_eq!(
        world.chain.check_body(&by_service, at(6), at(6)),
        Ok(Admission::New)
    );
}

#[test]
fn bodies_of_other_ledgers_and_second_geneses() {
    let world = World::of_size(3);
    let mut body = world.by_service(nonce(9), Vec::new());
    body.ledger = LedgerId::from_bytes([8; 32]);
    let other = ChainError::OtherLedger(body.ledger);
    assert_eq!(
        both_refuse(&world, &body.sign(&world.service).unwrap(), at(9), at(9)),
        other
    );
    let mut body = world.by_service(nonce(9), world.chain.genesis().bytes().to_vec());
    body.event_type = EventType::GENESIS;
    let body = body.sign(&world.service).unwrap();
    assert_eq!(
        both_refuse(&world, &body, at(9), at(9)),
        ChainError::SecondGenesis
    );
}

#[test]
fn times() {
    let world = World::of_size(4);
    let body = world
        .by_service(nonce(9), Vec::new())
        .sign(&world.service)
        .unwrap();
    let check = |received, sequenced| world.chain.check_body(&body, received, sequenced);
    assert_eq!(check(at(10), at(10 + LAG_MS)), Ok(Admission::New));
    assert_eq!(check(at(3), at(3)), Ok(Admission::New));
    // Received before the tail was sequenced, and sequenced behind it: two callers at once.
    assert_eq!(check(at(1), at(3)), Ok(Admission::New));
    assert_eq!(
        both_refuse(&world, &body, at(10), at(11 + LAG_MS)),
        ChainError::Lag
    );
    assert_eq!(both_refuse(&world, &body, at(10), at(9)), ChainError::Lag);
    assert_eq!(both_refuse(&world, &body, at(2), at(2)), ChainError::TimeGoesBack);
    assert_eq!(world.chain.next_sequenced_ms(at(1)), at(3));
    assert_eq!(world.chain.next_sequenced_ms(at(5)), at(5));
}

#[test]
fn service_bodies_are_bare() {
    let world = World::of_size(3);
    let mut body = world.by_service(nonce(9), Vec::new());
    body.seen = Some(world.chain.seen());
    let with_view = body.clone().sign(&world.service).unwrap();
    assert_eq!(
        both_refuse(&world, &with_view, at(9), at(9)),
        ChainError::ServiceBody
    );
    body.seen = None;
    body.author_time_ms = at(9);
    let with_time = body.sign(&world.service).unwrap();
    assert_eq!(
        both_refuse(&world, &with_time, at(9), at(9)),
        ChainError::ServiceBody
    );
}

#[test]
fn what_an_official_has_seen() {
    let mut world = World::of_size(4);
    let sign = |world: &World, time, seen: Option<Seen>| {
        let mut body = world.official(nonce(50), time, world.chain.seen());
        body.seen = seen;
        body.sign(&world.commission).unwrap()
    };
    let view = |world: &World, size| Seen {
        size,
        root: world.chain.root_at(size).unwrap(),
    };
    for size in 1..=4 {
        let body = sign(&world, at(9), Some(view(&world, size)));
        assert_eq!(
            world.chain.check_body(&body, at(9), at(9)),
            Ok(Admission::New),
            "{size}"
        );
    }
    let body = sign(&world, at(9), None);
    assert_eq!(both_refuse(&world, &body, at(9), at(9)), ChainError::SeenMissing);
    let body = sign(
        &world,
        at(9),
        Some(Seen {
            size: 5,
            root: world.chain.root(),
        }),
    );
    assert_eq!(both_refuse(&world, &body, at(9), at(9)), ChainError::SeenAhead(5));
    let body = sign(
        &world,
        at(9),
        Some(Seen {
            size: 3,
            root: world.chain.root(),
        }),
    );
    assert_eq!(both_refuse(&world, &body, at(9), at(9)), ChainError::SeenRoot(3));

    // Entry 2, the first one unseen with a view of 2, was sequenced at 2: fresh until WINDOW_MS later.
    let fresh = at(WINDOW_MS + 2);
    let body = sign(&world, fresh, Some(view(&world, 2)));
    assert_eq!(world.chain.check_body(&body, fresh, fresh), Ok(Admission::New));
    let stale = at(WINDOW_MS + 3);
    let body = sign(&world, stale, Some(view(&world, 2)));
    assert_eq!(
        both_refuse(&world, &body, stale, stale),
        ChainError::SeenTooOld(2)
    );
    // Nothing unseen: no age.
    let much_later = at(100 * WINDOW_MS);
    let body = sign(&world, much_later, Some(view(&world, 4)));
    assert_eq!(
        world.chain.check_body(&body, much_later, much_later),
        Ok(Admission::New)
    );
    let service = world
        .by_service(nonce(51), Vec::new())
        .sign(&world.service)
        .unwrap();
    world.append(service, much_later);
    assert_eq!(
        world.chain.check_body(&body, much_later, much_later),
        Ok(Admission::New)
    );
}

#[test]
fn author_times() {
    let world = World::of_size(4);
    let received = at(WINDOW_MS + 10);
    let check = |time: UnixMillis| {
        let body = world
            .official(nonce(50), time, world.chain.seen())
            .sign(&world.commission)
            .unwrap();
        world.chain.check_body(&body, received, received)
    };
    assert_eq!(check(at(10)), Ok(Admission::New));
    assert_eq!(check(at(9)), Err(ChainError::AuthorTime));
    assert_eq!(
        check(received.plus_ms(OFFICIAL_CLOCK_AHEAD_MS)),
        Ok(Admission::New)
    );
    assert_eq!(
        check(received.plus_ms(OFFICIAL_CLOCK_AHEAD_MS + 1)),
        Err(ChainError::AuthorTime)
    );
}

#[test]
fn the_window_is_floored_at_0() {
    let genesis = Genesis::new(genesis_fields()).unwrap();
    let (chain, _) = Chain::create(genesis, &key(2), UnixMillis::ZERO).unwrap();
    let early = UnixMillis::new(5).unwrap();
    let body = Body {
        ledger: chain.ledger(),
        event_type: EventType::new(0x0401),
        author: key(1).key_id(),
        author_time_ms: UnixMillis::ZERO,
        nonce: nonce(1),
        seen: Some(chain.seen()),
        refs: Vec::new(),
        payload: Vec::new(),
    };
    let body = body.sign(&key(1)).unwrap();
    assert_eq!(chain.check_body(&body, early, early), Ok(Admission::New));
}

#[test]
fn gaps_and_broken_links() {
    let world = World::of_size(4);
    let mut chain = world.chain.clone();
    let body = world
        .by_service(nonce(9), Vec::new())
        .sign(&world.service)
        .unwrap();
    for seq in [0, 3, 5, u64::MAX] {
        let entry = Entry::seal(body.clone(), Seq::new(seq), chain.tail(), at(9), at(9)).unwrap();
        let expected = ChainError::Position {
            expected: Seq::new(4),
            found: Seq::new(seq),
        };
        assert_eq!(chain.push(&entry), Err(expected));
    }
    let before = world.entries[2].leaf_hash();
    let entry = Entry::seal(body.clone(), Seq::new(4), before, at(9), at(9)).unwrap();
    assert_eq!(chain.push(&entry), Err(ChainError::Prev(Seq::new(4))));
    chain
        .push(&Entry::seal(body, Seq::new(4), chain.tail(), at(9), at(9)).unwrap())
        .unwrap();

    let dropped = world
        .entries
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != 2)
        .map(|(_, e)| e.clone());
    assert!(matches!(Chain::replay(dropped), Err(ChainError::Position { .. })));
    assert!(matches!(Chain::replay([]), Err(ChainError::Empty)));
}

#[test]
fn rules_of_entry_0() {
    let genesis = Genesis::new(genesis_fields()).unwrap();
    let good = Body::by_service(
        &genesis,
        EventType::GENESIS,
        genesis.nonce(),
        genesis.bytes().to_vec(),
    );
    let start = |change: &dyn Fn(&mut Body), signer: u8, seq, prev, lag| {
        let mut body = good.clone();
        change(&mut body);
        let body = body.sign(&key(signer)).unwrap();
        Chain::start(&Entry::seal(body, Seq::new(seq), prev, at(0), at(lag)).unwrap()).map(|_| ())
    };
    let none = LeafHash::NONE;
    assert_eq!(start(&|_| {}, 2, 0, none, LAG_MS), Ok(()));
    assert_eq!(start(&|_| {}, 2, 0, none, LAG_MS + 1), Err(ChainError::Lag));
    let position = ChainError::Position {
        expected: Seq::ZERO,
        found: Seq::new(1),
    };
    assert_eq!(start(&|_| {}, 2, 1, none, 0), Err(position));
    assert_eq!(
        start(&|_| {}, 2, 0, LeafHash::from_bytes([1; 32]), 0),
        Err(ChainError::Prev(Seq::ZERO))
    );
    let opening = |change: &dyn Fn(&mut Body), signer| {
        assert!(matches!(
            start(change, signer, 0, none, 0),
            Err(ChainError::Opening(_))
        ));
    };
    opening(&|b| b.event_type = EventType::ROLE_GRANTED, 2);
    opening(&|b| b.author = key(1).key_id(), 1);
    opening(&|b| b.nonce = nonce(1), 2);
    opening(
        &|b| {
            b.refs = vec![Ref {
                ledger: LedgerId::from_bytes([1; 32]),
                size: 1,
                root: Root::from_bytes([1; 32]),
            }];
        },
        2,
    );
    let seen = Seen {
        size: 1,
        root: Root::from_bytes([1; 32]),
    };
    assert_eq!(
        start(&|b| b.seen = Some(seen), 2, 0, none, 0),
        Err(ChainError::ServiceBody)
    );
    assert_eq!(
        start(&|b| b.author_time_ms = at(0), 2, 0, none, 0),
        Err(ChainError::ServiceBody)
    );
    let other = LedgerId::from_bytes([7; 32]);
    assert_eq!(
        start(&|b| b.ledger = other, 2, 0, none, 0),
        Err(ChainError::OtherLedger(other))
    );
    let garbage = start(&|b| b.payload = vec![1, 2, 3], 2, 0, none, 0);
    assert!(matches!(
        garbage,
        Err(ChainError::Genesis(GenesisError::Decode(_)))
    ));
}

#[test]
fn a_ledger_is_opened_by_its_service_key_alone() {
    let genesis = Genesis::new(genesis_fields()).unwrap();
    let opened = Chain::create(genesis, &key(1), at(0)).map(|_| ());
    assert_eq!(opened, Err(ChainError::Body(BodyError::Author)));
}

fn same_state(a: &Chain, b: &Chain, entries: &[Entry]) {
    assert_eq!((a.size(), a.root(), a.tail()), (b.size(), b.root(), b.tail()));
    assert_eq!(a.tail_sequenced_ms(), b.tail_sequenced_ms());
    for entry in entries {
        let body = entry.body();
        assert_eq!(a.find(body.author, body.nonce), b.find(body.author, body.nonce));
        assert_eq!(a.sequenced_ms(entry.seq()), b.sequenced_ms(entry.seq()));
        assert_eq!(a.leaf(entry.seq()), b.leaf(entry.seq()));
    }
}

#[test]
fn replay_and_truncate_agree_with_building() {
    let world = World::of_size(40);
    let replayed = Chain::replay(world.entries.clone()).unwrap();
    same_state(&replayed, &world.chain, &world.entries);
    for size in 1..=40 {
        let mut cut = world.chain.clone();
        cut.truncate(size);
        let keep = usize::try_from(size).unwrap();
        let expected = Chain::replay(world.entries[..keep].to_vec()).unwrap();
        same_state(&cut, &expected, &world.entries);
        assert_eq!(cut.root(), world.chain.root_at(size).unwrap());
        // What was taken back can be appended again.
        for entry in &world.entries[keep..] {
            cut.push(entry).unwrap();
        }
        same_state(&cut, &world.chain, &world.entries);
    }
    let mut cut = world.chain.clone();
    cut.truncate(0);
    assert_eq!(cut.size(), 1);
    cut.truncate(1000);
    assert_eq!(cut.size(), 1);
}

#[test]
fn nonces_of_taken_back_entries_are_free_again() {
    let mut world = World::of_size(6);
    let taken_back = world.entries[4].signed_body().clone();
    world.chain.truncate(4);
    for n in 0..3 {
        let body = world
            .by_service(nonce(200 + n), vec![7])
            .sign(&world.service)
            .unwrap();
        world.chain.append(body, at(9), at(9)).unwrap();
    }
    assert_eq!(
        world
            .chain
            .find(taken_back.body().author, taken_back.body().nonce),
        None
    );
    assert_eq!(
        world.chain.check_body(&taken_back, at(9), at(9)),
        Ok(Admission::New)
    );
}

#[derive(Debug, Clone)]
enum Step {
    Service {
        nonce: u64,
        wait: u64,
        lag: u64,
    },
    Official {
        nonce: u64,
        wait: u64,
        seen: u64,
        clock: i64,
    },
    Again {
        which: prop::sample::Index,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..30_u64, 0..400_000_u64, 0..6_000_u64).prop_map(|(nonce, wait, lag)| Step::Service {
            nonce,
            wait,
            lag
        }),
        (0..30_u64, 0..400_000_u64, 0..6_u64, -700_000..200_000_i64).prop_map(
            |(nonce, wait, seen, clock)| Step::Official {
                nonce,
                wait,
                seen,
                clock
            }
        ),
        any::<prop::sample::Index>().prop_map(|which| Step::Again { which }),
    ]
}

/// The rules of specs/ledger.md §4 and §5 said again, without any index, over the plain list of entries.
fn stands(entries: &[Entry], body: &Body, received: u64, sequenced: u64) -> bool {
    let ms = UnixMillis::as_u64;
    let tail = ms(entries.last().unwrap().sequenced_ms());
    if !(received <= sequenced && sequenced <= received + LAG_MS && sequenced >= tail) {
        return false;
    }
    if entries
        .iter()
        .any(|e| e.body().author == body.author && e.body().nonce == body.nonce)
    {
        return false;
    }
    if body.author == key(2).key_id() {
        return body.seen.is_none() && body.author_time_ms == UnixMillis::ZERO;
    }
    let Some(seen) = body.seen else { return false };
    if seen.size == 0 || seen.size > entries.len() as u64 {
        return false;
    }
    let mut frontier = Frontier::new();
    entries
        .iter()
        .take(usize::try_from(seen.size).unwrap())
        .for_each(|e| frontier.push(e.leaf_hash()));
    let earliest = received.saturating_sub(WINDOW_MS);
    let unseen = entries.get(usize::try_from(seen.size).unwrap());
    frontier.root() == seen.root
        && unseen.is_none_or(|e| ms(e.sequenced_ms()) >= earliest)
        && (earliest..=received + 120_000).contains(&ms(body.author_time_ms))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_chain_decides_as_the_plain_rules_do(steps in proptest::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        let mut clock = NOW;
        for step in steps {
            let (body, received, sequenced) = match step {
                Step::Service { nonce: n, wait, lag } => {
                    clock += wait;
                    (world.by_service(nonce(n), vec![1]).sign(&world.service).unwrap(), clock, clock + lag)
                }
                Step::Official { nonce: n, wait, seen, clock: skew } => {
                    clock += wait;
                    let size = world.chain.size().saturating_sub(seen);
                    // Sometimes a view that is ahead, or of a wrong root.
                    let seen = match world.chain.root_at(size) {
                        Some(root) if size > 0 => Seen { size, root },
                        _ => Seen { size: world.chain.size() + 1, root: world.chain.root() },
                    };
                    let time = UnixMillis::new(clock.saturating_add_signed(skew)).unwrap();
                    let body = world.official(nonce(n), time, seen).sign(&world.commission).unwrap();
                    (body, clock, clock)
                }
                Step::Again { which } => {
                    (which.get(&world.entries).signed_body().clone(), clock, clock)
                }
            };
            let (received_ms, sequenced_ms) = (UnixMillis::new(received).unwrap(), UnixMillis::new(sequenced).unwrap());
            let expected = stands(&world.entries, body.body(), received, sequenced);
            let recorded = world.entries.iter().find(|e| e.signed_body().hash() == body.hash());
            match world.chain.check_body(&body, received_ms, sequenced_ms) {
                Ok(Admission::New) => {
                    prop_assert!(expected);
                    let entry = world.chain.append(body, received_ms, sequenced_ms).unwrap();
                    clock = clock.max(sequenced);
                    world.entries.push(entry);
                }
                Ok(Admission::Recorded { seq, leaf_hash }) => {
                    prop_assert_eq!(recorded.map(|e| (e.seq(), e.leaf_hash())), Some((seq, leaf_hash)));
                }
                Err(_) => {
                    prop_assert!(!expected && recorded.is_none());
                }
            }
        }
        let entries: Vec<Entry> = world.entries.iter().map(|e| Entry::parse(e.bytes()).unwrap()).collect();
        same_state(&Chain::replay(entries.clone()).unwrap(), &world.chain, &entries);
    }
}
