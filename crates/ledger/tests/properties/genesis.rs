//! Every rule of specs/ledger.md §3 is enforced, for drafts and for bytes.

use sijill_ledger::*;

use crate::common::{genesis_fields, key};

fn refused(change: impl FnOnce(&mut GenesisFields)) -> GenesisError {
    let mut fields = genesis_fields();
    change(&mut fields);
    // The bytes of the draft, unchecked: the format number and the fields.
    let mut sorted = fields.clone();
    sorted.grants.sort_by_key(encode::<Grant>);
    let bytes = encode(&(1_u8, &sorted));
    let draft = Genesis::new(fields).unwrap_err();
    assert_eq!(Genesis::parse(&bytes).unwrap_err(), draft);
    draft
}

#[test]
fn rules() {
    assert!(matches!(
        refused(|g| g.ledger_key = KeyId::from_bytes([0; 32])),
        GenesisError::Key(_)
    ));
    assert!(matches!(
        refused(|g| g.service_key = KeyId::from_bytes([0xff; 32])),
        GenesisError::Key(_)
    ));
    assert_eq!(refused(|g| g.service_key = g.ledger_key), GenesisError::SameKey);
    assert_eq!(refused(|g| g.grants.clear()), GenesisError::NoCommission);
    assert_eq!(
        refused(|g| g.grants[0].role = Role::Registrar),
        GenesisError::NoCommission
    );
    assert_eq!(
        refused(|g| g.grants[0].scope = Some(Scope::new("x").unwrap())),
        GenesisError::NoCommission
    );
    assert_eq!(
        refused(|g| g.grants.push(g.grants[0].clone())),
        GenesisError::GrantOrder
    );
    assert_eq!(refused(|g| g.max_lag_ms = 0), GenesisError::MaxLag);
    assert_eq!(refused(|g| g.max_lag_ms = 3_600_001), GenesisError::MaxLag);
    assert_eq!(
        refused(|g| g.official_window_ms = 999),
        GenesisError::OfficialWindow
    );
    assert_eq!(
        refused(|g| g.official_window_ms = 604_800_001),
        GenesisError::OfficialWindow
    );
    let predecessor = Predecessor {
        ledger: LedgerId::from_bytes([1; 32]),
        size: 0,
        root: Root::from_bytes([2; 32]),
    };
    assert_eq!(
        refused(|g| g.predecessor = Some(predecessor)),
        GenesisError::Predecessor
    );
    let crowd = |g: &mut GenesisFields| {
        g.grants.extend((0..2000_u16).map(|n| Grant {
            key: key(1).key_id(),
            role: Role::Registrar,
            scope: Some(Scope::new(format!("d{n}")).unwrap()),
        }));
    };
    assert!(matches!(refused(crowd), GenesisError::TooLarge(_)));
}

#[test]
fn rules_of_grants() {
    let grant = |key: KeyId, role, scope: Option<&str>| {
        refused(|g| {
            g.grants.push(Grant {
                key,
                role,
                scope: scope.map(|s| Scope::new(s).unwrap()),
            })
        })
    };
    let other = key(7).key_id();
    assert_eq!(
        grant(other, Role::Service, None),
        GenesisError::Grant(GrantError::ServiceRole)
    );
    assert_eq!(
        grant(key(2).key_id(), Role::Registrar, None),
        GenesisError::Grant(GrantError::OwnKey)
    );
    assert_eq!(
        grant(key(3).key_id(), Role::Registrar, None),
        GenesisError::Grant(GrantError::OwnKey)
    );
    assert_eq!(
        grant(other, Role::Trustee, Some("01")),
        GenesisError::Grant(GrantError::TrusteeScope)
    );
    assert_eq!(
        grant(other, Role::Trustee, Some("0")),
        GenesisError::Grant(GrantError::TrusteeScope)
    );
    let weak = GenesisError::Grant(GrantError::Key(KeyError::SmallOrder));
    assert_eq!(grant(KeyId::from_bytes([0; 32]), Role::Registrar, None), weak);
}

#[test]
fn edges_that_stand() {
    for (lag, window) in [(1, 1000), (3_600_000, 604_800_000)] {
        let mut fields = genesis_fields();
        fields.max_lag_ms = lag;
        fields.official_window_ms = window;
        for scope in [None, Some(Scope::trustee(65_535))] {
            fields.grants.push(Grant {
                key: key(8).key_id(),
                role: Role::Trustee,
                scope,
            });
        }
        let genesis = Genesis::new(fields).unwrap();
        assert_eq!(Genesis::parse(genesis.bytes()).unwrap(), genesis);
    }
}

#[test]
fn bytes_out_of_order_or_unknown() {
    let mut fields = genesis_fields();
    fields.grants.push(Grant {
        key: key(8).key_id(),
        role: Role::Registrar,
        scope: None,
    });
    let genesis = Genesis::new(fields).unwrap();
    let mut unsorted = genesis.fields().clone();
    unsorted.grants.reverse();
    let bytes = encode(&(1_u8, &unsorted));
    assert_eq!(Genesis::parse(&bytes).unwrap_err(), GenesisError::GrantOrder);

    let mut bytes = genesis.bytes().to_vec();
    bytes[0] = 2;
    assert_eq!(Genesis::parse(&bytes).unwrap_err(), GenesisError::Format(2));
    for kind in [0, 8, 0x7f] {
        let mut bytes = genesis.bytes().to_vec();
        bytes[1] = kind;
        assert!(matches!(Genesis::parse(&bytes), Err(GenesisError::Decode(_))));
    }
    assert!(matches!(Genesis::parse(&[]), Err(GenesisError::Decode(_))));
}

#[test]
fn every_field_is_bound_by_the_id() {
    let genesis = Genesis::new(genesis_fields()).unwrap();
    for at in 0..genesis.bytes().len() {
        for bit in 0..8 {
            let mut bytes = genesis.bytes().to_vec();
            bytes[at] ^= 1 << bit;
            if let Ok(other) = Genesis::parse(&bytes) {
                assert_ne!(other.id(), genesis.id());
            }
        }
    }
}

#[test]
fn codes_and_names_are_those_of_the_specification() {
    let kinds: Vec<(u16, &str)> = Kind::ALL.iter().map(|k| (k.code(), k.as_str())).collect();
    let expected = [
        "calendar",
        "roll",
        "election",
        "ballot-box",
        "station",
        "consultation",
        "foi",
    ];
    assert_eq!(kinds, (1..).zip(expected).collect::<Vec<_>>());
    let roles: Vec<(u8, &str)> = Role::ALL.iter().map(|r| (r.code(), r.as_str())).collect();
    let expected = [
        "commission",
        "registrar",
        "station-officer",
        "trustee",
        "consultation-owner",
        "moderator",
        "foi-officer",
        "grievance-officer",
        "participant",
        "service",
    ];
    assert_eq!(roles, (1..).zip(expected).collect::<Vec<_>>());
    assert!(Kind::ALL.iter().all(|k| Kind::from_code(k.code()) == Some(*k)));
    assert!(Role::ALL.iter().all(|r| Role::from_name(r.as_str()) == Some(*r)));
    assert_eq!(
        (Kind::from_code(0), Kind::from_code(8), Role::from_code(11)),
        (None, None, None)
    );
}
