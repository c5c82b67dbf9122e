//! No byte of a published ledger, checkpoint or receipt can change unnoticed.

use sijill_ledger::*;

use crate::common::{World, at, key, nonce};

fn replayed_root(entries: &[Vec<u8>]) -> Option<Root> {
    let entries: Result<Vec<Entry>, EntryError> = entries.iter().map(|bytes| Entry::parse(bytes)).collect();
    Some(Chain::replay(entries.ok()?).ok()?.root())
}

#[test]
fn every_bit_of_every_entry() {
    let world = World::of_size(4);
    let entries: Vec<Vec<u8>> = world.entries.iter().map(|e| e.bytes().to_vec()).collect();
    assert_eq!(replayed_root(&entries), Some(world.chain.root()));
    for (position, original) in world.entries.iter().enumerate() {
        // What the author signed, and the signature: nothing of it changes under the author's name.
        let signed = original.signed_body().bytes().len() + Signature::LEN;
        let first_signed = original.bytes().len() - signed;
        for bit in 0..original.bytes().len() * 8 {
            let mut changed = entries.clone();
            changed[position][bit / 8] ^= 1 << (bit % 8);
            if bit / 8 >= first_signed {
                assert!(
                    Entry::parse(&changed[position]).is_err(),
                    "entry {position}, bit {bit}"
                );
            }
            assert_ne!(
                replayed_root(&changed),
                Some(world.chain.root()),
                "entry {position}, bit {bit}"
            );
        }
    }
}

#[test]
fn dropped_swapped_and_repeated_entries() {
    let world = World::of_size(6);
    let entries: Vec<Vec<u8>> = world.entries.iter().map(|e| e.bytes().to_vec()).collect();
    for i in 0..entries.len() {
        let mut dropped = entries.clone();
        dropped.remove(i);
        assert_ne!(replayed_root(&dropped), Some(world.chain.root()));
        for j in i + 1..entries.len() {
            let mut swapped = entries.clone();
            swapped.swap(i, j);
            assert_eq!(replayed_root(&swapped), None);
        }
        let mut repeated = entries.clone();
        repeated.push(entries[i].clone());
        assert_eq!(replayed_root(&repeated), None);
    }
}

#[test]
fn a_body_of_another_ledger_or_under_another_name() {
    let world = World::of_size(2);
    let body = world.entries[1].signed_body();
    let mut moved = body.body().clone();
    moved.ledger = LedgerId::from_bytes([1; 32]);
    let verdict = SignedBody::parse(&moved.encode(), *body.signature());
    assert_eq!(verdict, Err(BodyError::Signature(SignatureError::Invalid)));
    let mut renamed = body.body().clone();
    renamed.author = key(8).key_id();
    let verdict = SignedBody::parse(&renamed.encode(), *body.signature());
    assert_eq!(verdict, Err(BodyError::Signature(SignatureError::Invalid)));
    // A signature over the bytes without the domain tag.
    let untagged = world.service.sign(body.bytes());
    let verdict = SignedBody::parse(body.bytes(), untagged);
    assert_eq!(verdict, Err(BodyError::Signature(SignatureError::Invalid)));
    // A key of small order under which a signature without any secret would hold.
    let mut weak = body.body().clone();
    weak.author = KeyId::from_bytes({
        let mut neutral = [0; 32];
        neutral[0] = 1;
        neutral
    });
    let mut forged = [0; 64];
    forged[0] = 1;
    let verdict = SignedBody::parse(&weak.encode(), Signature::from_bytes(forged));
    assert_eq!(
        verdict,
        Err(BodyError::Signature(SignatureError::Key(KeyError::SmallOrder)))
    );
}

/// The text with each byte replaced in some ways, dropped, doubled; with bytes around it; cut.
fn mutations(text: &str) -> impl Iterator<Item = String> + '_ {
    let bytes = text.as_bytes();
    let replaced = (0..bytes.len()).flat_map(move |at| {
        let others = [
            bytes[at] ^ 1,
            bytes[at] ^ 2,
            bytes[at] ^ 0x20,
            b'\n',
            b' ',
            b'0',
            b'A',
            b'=',
            b'+',
            b'-',
        ];
        others.into_iter().filter(move |b| *b != bytes[at]).map(move |b| {
            let mut changed = bytes.to_vec();
            changed[at] = b;
            changed
        })
    });
    let dropped = (0..bytes.len()).map(move |at| [&bytes[..at], &bytes[at + 1..]].concat());
    let doubled = (0..bytes.len()).map(move |at| [&bytes[..=at], &bytes[at..]].concat());
    let inserted = (0..=bytes.len()).flat_map(move |at| {
        [b'\n', b' ', b'\r', b'0', b'/'].map(|b| [&bytes[..at], &[b], &bytes[at..]].concat())
    });
    let cut = (0..bytes.len()).map(move |at| bytes[..at].to_vec());
    let crlf = [
        text.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{text}").into_bytes(),
    ];
    let all = replaced
        .chain(dropped)
        .chain(doubled)
        .chain(inserted)
        .chain(cut)
        .chain(crlf);
    all.filter_map(|bytes| String::from_utf8(bytes).ok())
        .filter(move |changed| changed != text)
}

#[test]
fn every_byte_of_a_checkpoint() {
    let world = World::of_size(7);
    let (note, identity) = (world.checkpoint().to_note(), world.identity());
    assert_eq!(
        SignedCheckpoint::parse(&note, &identity).unwrap(),
        world.checkpoint()
    );
    let mut seen = 0;
    for changed in mutations(&note) {
        assert!(SignedCheckpoint::parse(&changed, &identity).is_err(), "{changed}");
        // Whatever still parses is canonical text.
        if let Ok(unverified) = UnverifiedCheckpoint::parse(&changed) {
            assert!(changed.starts_with(&unverified.checkpoint().text()));
        }
        seen += 1;
    }
    assert!(seen > 3000);
}

#[test]
fn checkpoints_with_more_in_them() {
    let world = World::of_size(7);
    let (note, identity) = (world.checkpoint().to_note(), world.identity());
    let (text, signature) = note.split_once("\n\n").unwrap();
    for changed in [
        format!("{text}\nextension\n\n{signature}"),
        format!("{text}\n\n{signature}{signature}"),
        format!("{text}\n\n{signature}\n"),
        format!("{text}\n\n\n{signature}"),
        format!("{text}\n\n{}", signature.replace("— ", "- ")),
        format!("{text}\n\n{}", signature.replace("vote", "note")),
        String::new(),
        "\n\n".into(),
    ] {
        assert!(UnverifiedCheckpoint::parse(&changed).is_err(), "{changed}");
    }
    assert!(
        SignedCheckpoint::parse(
            &note,
            &LedgerIdentity {
                key: key(9).key_id(),
                ..identity.clone()
            }
        )
        .is_err()
    );
    let other = LedgerIdentity {
        ledger: LedgerId::from_bytes([1; 32]),
        ..identity.clone()
    };
    assert_eq!(
        SignedCheckpoint::parse(&note, &other),
        Err(CheckpointError::OtherLedger)
    );
    let other = LedgerIdentity {
        origin: Origin::new("elsewhere").unwrap(),
        ..identity.clone()
    };
    assert_eq!(
        SignedCheckpoint::parse(&note, &other),
        Err(CheckpointError::OtherLedger)
    );
    let signed = Checkpoint::sign(&identity, 0, world.chain.root(), &world.ledger_key);
    assert_eq!(signed, Err(CheckpointError::Size));
    let signed = Checkpoint::sign(&identity, 1, world.chain.root(), &world.service);
    assert_eq!(signed, Err(CheckpointError::Key));
}

#[test]
fn every_byte_of_a_receipt() {
    let world = World::of_size(7);
    let (receipt, identity) = (world.receipt(5), world.identity());
    let text = receipt.to_text();
    assert_eq!(Receipt::parse(&text, &identity).unwrap(), receipt);
    for changed in mutations(&text) {
        assert!(Receipt::parse(&changed, &identity).is_err(), "{changed}");
    }
}

#[test]
fn receipts_put_together_from_other_parts() {
    let world = World::of_size(7);
    let identity = world.identity();
    let proof = |seq| world.chain.inclusion_proof(Seq::new(seq), 7).unwrap();
    let put = |entry: &Entry, proof| Receipt::new(entry.clone(), proof, world.checkpoint()).map(|_| ());
    assert_eq!(put(&world.entries[2], proof(2)), Ok(()));
    assert!(matches!(
        put(&world.entries[2], proof(3)),
        Err(ReceiptError::Proof(_))
    ));

    // The same body, sealed at its place with another time: signed by its author, but never recorded so.
    let body = world.entries[2].signed_body().clone();
    let prev = world.entries[1].leaf_hash();
    let backdated = Entry::seal(body, Seq::new(2), prev, at(1), at(2)).unwrap();
    assert_eq!(
        put(&backdated, proof(2)),
        Err(ReceiptError::Proof(ProofError::Root))
    );

    // An entry of another ledger of the same service.
    let mut fields = crate::common::genesis_fields();
    fields.random = [1; 32];
    let (_, foreign) = Chain::create(Genesis::new(fields).unwrap(), &key(2), at(0)).unwrap();
    assert_eq!(put(&foreign, proof(0)), Err(ReceiptError::OtherLedger));

    // A receipt to a root that the ledger key never signed.
    let mut fork = World::of_size(6);
    let other = fork.by_service(nonce(77), vec![1]).sign(&fork.service).unwrap();
    fork.append(other, at(9));
    let forged = fork.receipt(6).to_text();
    let (head, _) = forged.split_once("\n\n").unwrap();
    let note = world.checkpoint().to_note();
    let verdict = Receipt::parse(&format!("{head}\n\n{note}"), &identity);
    assert_eq!(verdict, Err(ReceiptError::Proof(ProofError::Root)));

    // A ledger of one entry: the proof is empty.
    let alone = World::new();
    let text = alone.receipt(0).to_text();
    assert_eq!(text.lines().take_while(|line| !line.is_empty()).count(), 3);
    assert!(Receipt::parse(&text, &alone.identity()).is_ok());
}
