//! No input makes a decoder panic, and what a decoder accepts it accepts in one spelling only.

use proptest::prelude::*;

use crate::events::Event;
use crate::manifest::Manifest;
use crate::note::{Checkpoint, Receipt};
use crate::source::MemorySource;
use crate::suite::ballot::{Ballot, Election, credential_of};
use crate::suite::group::PointBytes;
use crate::suite::proof::EncryptionKey;
use crate::suite::question::Question;
use crate::suite::tally::Tally;
use crate::suite::trustee::{Trustee, parse_credentials};
use crate::tiles::{Bundle, TileName};
use crate::trust::Trust;
use crate::wire::{Body, Entry, Kind};

fn election() -> Election {
    let question = |blank| Question {
        question: "q".to_owned(),
        answers: vec!["a".to_owned()],
        blank,
        min: 0,
        max: 1,
    };
    Election {
        uuid: "12345678abcdEF".to_owned(),
        fingerprint: "x".repeat(43),
        questions: vec![question(true), question(false)],
        key: EncryptionKey::new(curve25519_dalek::constants::ED25519_BASEPOINT_POINT),
    }
}

fn read_everything(bytes: &[u8]) {
    let _ = Entry::decode(bytes);
    let _ = Checkpoint::parse(bytes);
    let _ = Receipt::parse(bytes);
    let _ = Manifest::parse(bytes);
    let _ = Trust::parse(bytes);
    let _ = Trustee::verify(bytes);
    let _ = parse_credentials(bytes);
    let _ = credential_of(bytes);
    let archive = crate::verify_archive_bytes("hostile", bytes, &crate::ArchiveOptions::default());
    assert_ne!(archive.verdict, crate::Verdict::Verified);
    let election = election();
    let _ = Ballot::parse(bytes, &election);
    let _ = Tally::parse(bytes, &election.questions);
    if let Some(point) = bytes
        .first_chunk::<32>()
        .and_then(|bytes| PointBytes::new(*bytes))
    {
        // What decodes encodes back to the same bytes.
        if let Ok(decoded) = point.decode() {
            assert_eq!(PointBytes::of(&decoded), point);
        }
    }
    let mut source = MemorySource::default();
    for width in [1, 3, 256] {
        let name = TileName {
            level: None,
            index: 0,
            width,
        };
        source.files.insert(name.path(), bytes.to_vec());
        if let Ok(bundle) = Bundle::read(&source, "", &name) {
            assert_eq!(bundle.entries().count() as u64, width);
        }
    }
    let kinds = (1..=7).filter_map(Kind::from_code);
    for kind in kinds {
        for event_type in (1..4).chain(0x201..0x204).chain(0x301..0x30c).chain(0x401..0x40a) {
            let body = Body {
                ledger: [0; 32],
                event_type,
                version: 1,
                author: [0; 32],
                author_time_ms: 0,
                nonce: [0; 16],
                seen: None,
                refs: Vec::new(),
                payload: bytes,
            };
            if let Ok(event) = Event::decode(kind, &body) {
                let _ = (
                    event.name(),
                    event.author(),
                    event.refs(),
                    event.contents(),
                    event.fixed_nonce(&body),
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_everything(&bytes);
    }

    #[test]
    fn small_numbers(bytes in proptest::collection::vec(0u8..4, 0..200)) {
        read_everything(&bytes);
    }

    #[test]
    fn json_like(text in r#"[\[\]{}",:\\u0-9a-f]{0,120}"#) {
        read_everything(text.as_bytes());
    }

    #[test]
    fn tile_names(path in r"tile/(entries|[0-9]{1,3})/(x[0-9]{3}/){0,8}[0-9]{1,4}(\.p/[0-9]{0,4})?", size in any::<u64>()) {
        if let Some(name) = TileName::parse(&path) {
            prop_assert_eq!(name.path(), path);
            let _ = name.belongs_to(size);
        }
    }
}
