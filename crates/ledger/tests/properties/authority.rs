//! Roles are held exactly as granted, at each position. Spec: specs/events.md §2.

use sijill_ledger::*;

use crate::common::{genesis_fields, key};

fn scope(text: &str) -> Scope {
    Scope::new(text).unwrap()
}

fn grant(n: u8, role: Role, scope_text: Option<&str>) -> Grant {
    Grant {
        key: key(n).key_id(),
        role,
        scope: scope_text.map(scope),
    }
}

fn authority() -> Authority {
    Authority::new(&Genesis::new(genesis_fields()).unwrap())
}

fn granted(authority: &mut Authority, grant: &Grant) -> Result<(), AuthorityError> {
    authority.apply(EventType::ROLE_GRANTED, &encode(grant))
}

fn revoked(authority: &mut Authority, grant: &Grant) -> Result<(), AuthorityError> {
    authority.apply(EventType::ROLE_REVOKED, &encode(grant))
}

#[test]
fn scopes() {
    let mut authority = authority();
    let (everywhere, north) = (key(10).key_id(), key(11).key_id());
    granted(&mut authority, &grant(10, Role::Registrar, None)).unwrap();
    granted(&mut authority, &grant(11, Role::Registrar, Some("north"))).unwrap();
    assert!(authority.holds(everywhere, Role::Registrar, None));
    assert!(authority.holds(everywhere, Role::Registrar, Some(&scope("south"))));
    assert!(authority.holds(north, Role::Registrar, Some(&scope("north"))));
    assert!(!authority.holds(north, Role::Registrar, Some(&scope("south"))));
    assert!(!authority.holds(north, Role::Registrar, None));
    assert!(!authority.holds(everywhere, Role::Moderator, None));
    assert!(!authority.holds(key(12).key_id(), Role::Registrar, None));
}

#[test]
fn the_service_role_belongs_to_the_service_key() {
    let authority = authority();
    assert!(authority.holds(key(2).key_id(), Role::Service, None));
    assert!(authority.holds(key(2).key_id(), Role::Service, Some(&scope("x"))));
    for n in [1, 3, 4] {
        assert!(!authority.holds(key(n).key_id(), Role::Service, None));
    }
    assert!(!authority.holds(key(2).key_id(), Role::Commission, None));
}

#[test]
fn grants_and_revocations() {
    let mut authority = authority();
    let registrar = grant(10, Role::Registrar, None);
    assert_eq!(
        revoked(&mut authority, &registrar),
        Err(AuthorityError::NotGranted)
    );
    granted(&mut authority, &registrar).unwrap();
    assert_eq!(
        granted(&mut authority, &registrar),
        Err(AuthorityError::AlreadyGranted)
    );
    let scoped = grant(10, Role::Registrar, Some("north"));
    assert_eq!(revoked(&mut authority, &scoped), Err(AuthorityError::NotGranted));
    granted(&mut authority, &scoped).unwrap();
    revoked(&mut authority, &registrar).unwrap();
    assert!(!authority.holds(registrar.key, Role::Registrar, None));
    assert!(authority.holds(registrar.key, Role::Registrar, Some(&scope("north"))));
    granted(&mut authority, &registrar).unwrap();
}

#[test]
fn one_commission_remains() {
    let mut authority = authority();
    let first = grant(1, Role::Commission, None);
    granted(&mut authority, &grant(10, Role::Commission, Some("north"))).unwrap();
    assert_eq!(
        revoked(&mut authority, &first),
        Err(AuthorityError::LastCommission)
    );
    granted(&mut authority, &grant(11, Role::Commission, None)).unwrap();
    revoked(&mut authority, &first).unwrap();
    assert!(!authority.holds(first.key, Role::Commission, None));
    assert_eq!(
        revoked(&mut authority, &grant(11, Role::Commission, None)),
        Err(AuthorityError::LastCommission)
    );
    revoked(&mut authority, &grant(10, Role::Commission, Some("north"))).unwrap();
}

#[test]
fn bad_grants_change_nothing() {
    let mut authority = authority();
    let before = authority.clone();
    let weak = Grant {
        key: KeyId::from_bytes([0; 32]),
        role: Role::Registrar,
        scope: None,
    };
    for bad in [
        grant(10, Role::Service, None),
        grant(2, Role::Registrar, None),
        grant(3, Role::Registrar, None),
        grant(10, Role::Trustee, Some("north")),
        weak,
    ] {
        assert!(
            matches!(granted(&mut authority, &bad), Err(AuthorityError::Grant(_))),
            "{bad:?}"
        );
    }
    let good = encode(&grant(10, Role::Registrar, None));
    let mut unknown_role = good.clone();
    unknown_role[32] = 11;
    for payload in [Vec::new(), [good.as_slice(), &[0]].concat(), unknown_role] {
        let verdict = authority.apply(EventType::ROLE_GRANTED, &payload);
        assert!(matches!(verdict, Err(AuthorityError::Decode(_))), "{payload:?}");
    }
    authority.apply(EventType::new(0x0405), b"anything").unwrap();
    authority.check(EventType::ROLE_GRANTED, &good).unwrap();
    assert_eq!(authority, before);
}
