//! The trust file says what it must and nothing else. Spec: specs/ledger.md §11.

use sijill_ledger::*;

use crate::common::key;

fn ledger(n: u8, kind: Kind) -> TrustedLedger {
    TrustedLedger {
        id: LedgerId::from_bytes([n; 32]),
        kind,
        origin: Origin::new("vote.example").unwrap(),
        key: key(n).key_id(),
        checkpoint: None,
    }
}

fn file() -> TrustFile {
    let mut election = ledger(1, Kind::Election);
    election.checkpoint = Some(TrustedCheckpoint {
        size: 1,
        root: Root::from_bytes([6; 32]),
    });
    TrustFile::new(election.id, vec![election, ledger(2, Kind::BallotBox)]).unwrap()
}

#[test]
fn round_trip_and_the_form_of_the_specification() {
    let file = file();
    assert_eq!(TrustFile::parse(&file.to_json()).unwrap(), file);
    let expected = format!(
        concat!(
            r#"{{"format":"sijill-trust/1","event":"{one}","ledgers":["#,
            r#"{{"id":"{one}","kind":"election","origin":"vote.example","key":"{k1}","checkpoint":{{"size":1,"root":"{six}"}}}},"#,
            r#"{{"id":"{two}","kind":"ballot-box","origin":"vote.example","key":"{k2}"}}]}}"#
        ),
        one = "01".repeat(32),
        two = "02".repeat(32),
        six = "06".repeat(32),
        k1 = key(1).key_id(),
        k2 = key(2).key_id(),
    );
    assert_eq!(TrustFile::parse(&expected).unwrap(), file);
    let compact: serde_json::Value = serde_json::from_str(&file.to_json()).unwrap();
    assert_eq!(
        compact,
        serde_json::from_str::<serde_json::Value>(&expected).unwrap()
    );
    let identity = file.ledger(LedgerId::from_bytes([2; 32])).unwrap().identity();
    assert_eq!(identity.name(), format!("vote.example/{}", "02".repeat(32)));
    assert_eq!(file.event(), file.ledgers()[0].id);
}

#[test]
fn everything_else_is_refused() {
    let good = file().to_json();
    let change = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        TrustFile::parse(&good.replacen(from, to, 1))
    };
    assert!(matches!(
        change("sijill-trust/1", "sijill-trust/2"),
        Err(TrustError::Format)
    ));
    for (from, to) in [
        ("\"event\"", "\"extra\": 1,\n\"event\""),
        ("\"kind\"", "\"more\": 1,\n\"kind\""),
        ("\"size\"", "\"more\": 1,\n\"size\""),
        ("\"election\"", "\"elections\""),
        ("\"election\"", "3"),
        ("\"size\": 1", "\"size\": -1"),
        ("\"size\": 1", "\"size\": 1.0"),
        ("vote.example", "Vote.example"),
        ("0101", "010"),
        ("0606", "0G06"),
        ("\"format\"", "\"format\": \"sijill-trust/1\",\n\"format\""),
    ] {
        assert!(
            matches!(change(from, to), Err(TrustError::Json(_))),
            "{from} to {to}"
        );
    }
    assert!(matches!(
        change("\"size\": 1", "\"size\": 0"),
        Err(TrustError::EmptyCheckpoint(_))
    ));
    assert!(matches!(
        TrustFile::parse(&format!("{good} {{}}")),
        Err(TrustError::Json(_))
    ));
    assert!(matches!(TrustFile::parse(""), Err(TrustError::Json(_))));

    let (election, other) = (ledger(1, Kind::Election), ledger(2, Kind::BallotBox));
    assert!(matches!(
        TrustFile::new(other.id, vec![election.clone(), other.clone()]),
        Err(TrustError::Event)
    ));
    assert!(matches!(
        TrustFile::new(election.id, vec![other.clone()]),
        Err(TrustError::Event)
    ));
    let twice = vec![election.clone(), election.clone()];
    assert!(matches!(
        TrustFile::new(election.id, twice),
        Err(TrustError::Twice(_))
    ));
    let mut weak = other;
    weak.key = KeyId::from_bytes([0; 32]);
    assert!(matches!(
        TrustFile::new(election.id, vec![election, weak]),
        Err(TrustError::Key(_))
    ));
}

#[test]
fn the_trust_file_of_a_jurisdiction_names_its_calendar() {
    use sijill_ledger::JurisdictionTrustFile;
    let (calendar, register) = (ledger(1, Kind::Calendar), ledger(2, Kind::Foi));
    let file = JurisdictionTrustFile::new(calendar.id, vec![calendar.clone(), register.clone()]).unwrap();
    let text = file.to_json();
    assert_eq!(JurisdictionTrustFile::parse(&text).unwrap(), file);
    assert!(text.contains(&format!("\"jurisdiction\": \"{}\"", "01".repeat(32))));
    assert!(matches!(
        JurisdictionTrustFile::new(register.id, vec![calendar, register]),
        Err(TrustError::Jurisdiction)
    ));
    assert!(TrustFile::parse(&text).is_err());
    assert!(JurisdictionTrustFile::parse(&text.replacen("jurisdiction", "event", 1)).is_err());
}
