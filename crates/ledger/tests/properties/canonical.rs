//! One event, one spelling: what parses is what it encodes to, and no other bytes parse.

use proptest::prelude::*;
use sijill_ledger::*;

use crate::common::{World, at, key, nonce};

fn body_strategy() -> impl Strategy<Value = Body> {
    let root = any::<[u8; 32]>().prop_map(Root::from_bytes);
    let seen = proptest::option::of((1_u64.., root.clone()).prop_map(|(size, root)| Seen { size, root }));
    let one_ref = (any::<[u8; 32]>(), 1_u64.., root).prop_map(|(ledger, size, root)| Ref {
        ledger: LedgerId::from_bytes(ledger),
        size,
        root,
    });
    let refs = proptest::collection::vec(one_ref, 0..=16).prop_map(|mut refs| {
        refs.sort_by_key(|r| r.ledger);
        refs.dedup_by_key(|r| r.ledger);
        refs
    });
    let payload = proptest::collection::vec(any::<u8>(), 0..600);
    (
        any::<u16>(),
        0..253_402_300_800_000_u64,
        any::<[u8; 16]>(),
        seen,
        refs,
        payload,
    )
        .prop_map(|(event_type, time, nonce, seen, refs, payload)| Body {
            ledger: LedgerId::from_bytes([0x11; 32]),
            event_type: EventType::new(event_type),
            author: key(1).key_id(),
            author_time_ms: UnixMillis::new(time).unwrap(),
            nonce: Nonce::from_bytes(nonce),
            seen,
            refs,
            payload,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bodies_and_entries_round_trip(
        body in body_strategy(),
        seq in any::<u64>(),
        prev in any::<[u8; 32]>(),
        lag in 0_u64..100_000,
        received in 0_u64..253_402_300_000_000,
    ) {
        let signed = body.clone().sign(&key(1)).unwrap();
        let parsed = SignedBody::parse(signed.bytes(), *signed.signature()).unwrap();
        prop_assert_eq!(parsed.body(), &body);
        prop_assert_eq!(&parsed, &signed);
        let received = UnixMillis::new(received).unwrap();
        let sequenced = received.plus_ms(lag);
        let entry =
            Entry::seal(signed, Seq::new(seq), LeafHash::from_bytes(prev), received, sequenced).unwrap();
        prop_assert_eq!(&Entry::parse(entry.bytes()).unwrap(), &entry);
        prop_assert_eq!(LeafHash::of_entry_bytes(entry.bytes()), entry.leaf_hash());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = UnverifiedEntry::parse(&bytes);
        let _ = UnverifiedBody::parse(&bytes, Signature::from_bytes([0; 64]));
        let _ = Genesis::parse(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = UnverifiedCheckpoint::parse(&text);
        let _ = UnverifiedReceipt::parse(&text);
        let _ = text.parse::<TilePath>();
        let _ = TrustFile::parse(&text);
    }

    #[test]
    fn mutated_entries_are_refused_or_spell_themselves(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        insert in any::<bool>(),
    ) {
        let world = World::of_size(4);
        let mut bytes = world.entries[3].bytes().to_vec();
        let at = at.index(bytes.len());
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        if let Ok(entry) = UnverifiedEntry::parse(&bytes).and_then(UnverifiedEntry::verify) {
            prop_assert_eq!(entry.bytes(), &bytes);
            let body = entry.signed_body().clone();
            let again = Entry::seal(body, entry.seq(), entry.prev(), entry.received_ms(), entry.sequenced_ms());
            prop_assert_eq!(again.unwrap().into_bytes(), bytes);
        }
    }
}

/// Every integer of an entry, spelled one byte longer, and every length too.
#[test]
fn padded_integers_are_refused() {
    let world = World::of_size(4);
    let entry = world.entries[3].bytes();
    let mut refused = 0;
    for at in 0..entry.len() {
        // `x` (below 0x80) as `x|0x80 00` is the same number, wherever a number ends.
        if entry[at] < 0x80 {
            let padded = [&entry[..at], &[entry[at] | 0x80, 0], &entry[at + 1..]].concat();
            assert!(Entry::parse(&padded).is_err(), "byte {at}");
            refused += 1;
        }
    }
    assert!(refused > 50);
    // The position is the first of them: the same value, refused for its spelling alone.
    let padded = [&entry[..1], &[0x83, 0], &entry[2..]].concat();
    assert_eq!(
        UnverifiedEntry::parse(&padded),
        Err(EntryError::Decode(DecodeError::NotCanonical))
    );
}

#[test]
fn cut_and_trailing_bytes_are_refused() {
    let world = World::of_size(3);
    let entry = world.entries[2].bytes();
    for cut in 0..entry.len() {
        assert!(UnverifiedEntry::parse(&entry[..cut]).is_err());
    }
    let longer = [entry, &[0]].concat();
    assert_eq!(
        UnverifiedEntry::parse(&longer),
        Err(EntryError::Decode(DecodeError::Trailing(1)))
    );
    let body = world.entries[2].signed_body();
    let longer = [body.bytes(), &[0]].concat();
    let verdict = UnverifiedBody::parse(&longer, *body.signature());
    assert_eq!(verdict, Err(BodyError::Decode(DecodeError::Trailing(1))));
}

fn sign_raw(body: &Body) -> Result<SignedBody, BodyError> {
    let bytes = body.encode();
    let signature = key(1).sign(&[b"sijill/body/v1\n", bytes.as_slice()].concat());
    SignedBody::parse(&bytes, signature)
}

/// Each rule of the body, in a draft and in bytes that are otherwise perfect.
#[test]
fn rules_of_the_body() {
    let world = World::new();
    let cite = |n: u8, size| Ref {
        ledger: LedgerId::from_bytes([n; 32]),
        size,
        root: Root::from_bytes([n; 32]),
    };
    let good = world.official(nonce(1), at(0), world.chain.seen());
    let check = |change: &dyn Fn(&mut Body), expected: BodyError| {
        let mut body = good.clone();
        change(&mut body);
        assert_eq!(sign_raw(&body).unwrap_err(), expected);
        assert_eq!(body.sign(&key(1)).unwrap_err(), expected);
    };
    assert!(sign_raw(&good).is_ok());
    check(
        &|b| b.payload = vec![0; MAX_PAYLOAD_BYTES + 1],
        BodyError::PayloadSize(60_001),
    );
    check(
        &|b| {
            b.seen = Some(Seen {
                size: 0,
                root: Root::from_bytes([0; 32]),
            })
        },
        BodyError::SeenNothing,
    );
    check(
        &|b| b.refs = (1..=17).map(|n| cite(n, 1)).collect(),
        BodyError::TooManyRefs(17),
    );
    check(&|b| b.refs = vec![cite(2, 1), cite(1, 1)], BodyError::RefOrder);
    check(&|b| b.refs = vec![cite(2, 1), cite(2, 2)], BodyError::RefOrder);
    check(&|b| b.refs = vec![cite(2, 0)], BodyError::EmptyRef);
    check(
        &|b| {
            b.refs = vec![Ref {
                ledger: b.ledger,
                ..cite(2, 1)
            }]
        },
        BodyError::OwnRef,
    );
    assert_eq!(good.clone().sign(&key(9)).unwrap_err(), BodyError::Author);

    let mut bytes = good.encode();
    assert_eq!(&bytes[32..35], [0x85, 0x08, 1]);
    bytes[34] = 2;
    let event_type = EventType::new(0x0405);
    let verdict = UnverifiedBody::parse(&bytes, Signature::from_bytes([0; 64]));
    assert_eq!(
        verdict,
        Err(BodyError::Version {
            event_type,
            version: 2
        })
    );
}

#[test]
fn largest_payload_fits() {
    let mut world = World::new();
    let mut body = world.by_service(nonce(1), vec![0xff; MAX_PAYLOAD_BYTES]);
    body.refs = (1..=16)
        .map(|n| Ref {
            ledger: LedgerId::from_bytes([n; 32]),
            size: u64::MAX,
            root: Root::from_bytes([n; 32]),
        })
        .collect();
    let body = body.sign(&world.service).unwrap();
    let entry = world.append(body, at(1)).clone();
    assert!(entry.bytes().len() <= MAX_ENTRY_BYTES);
    assert_eq!(Entry::parse(entry.bytes()).unwrap(), entry);
    assert_eq!(
        UnverifiedEntry::parse(&vec![1; MAX_ENTRY_BYTES + 1]),
        Err(EntryError::TooLarge(MAX_ENTRY_BYTES + 1))
    );
}

#[test]
fn entries_of_an_unknown_format_or_sequenced_before_receipt_are_refused() {
    let world = World::of_size(2);
    let mut bytes = world.entries[1].bytes().to_vec();
    bytes[0] = 2;
    assert_eq!(UnverifiedEntry::parse(&bytes), Err(EntryError::Format(2)));
    let body = world.entries[1].signed_body().clone();
    let sealed = Entry::seal(body, Seq::new(1), LeafHash::NONE, at(2), at(1));
    assert_eq!(sealed, Err(EntryError::Times));
}

#[test]
fn payloads_do_not_print() {
    let world = World::new();
    let body = world
        .by_service(nonce(1), b"a name of a person".to_vec())
        .sign(&world.service)
        .unwrap();
    let entry = Entry::seal(body.clone(), Seq::new(1), LeafHash::NONE, at(1), at(1)).unwrap();
    for printed in [format!("{body:?}"), format!("{entry:?}"), format!("{entry:#?}")] {
        assert!(
            !printed.contains("97, 32, 110") && !printed.contains("a name"),
            "{printed}"
        );
    }
}
