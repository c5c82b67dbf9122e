//! Strict verification: the rule of specs/ledger.md §1.2 and nothing laxer.

use serde::Deserialize;
use sijill_ledger::*;

#[derive(Deserialize)]
struct Vectors {
    signatures: Vec<Case>,
    refused_keys: Vec<RefusedKey>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    key: KeyId,
    message: String,
    signature: Signature,
    strict: bool,
    cofactored: bool,
}

#[derive(Deserialize)]
struct RefusedKey {
    name: String,
    key: KeyId,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../fixtures/vectors/ledger.json")).unwrap()
}

#[test]
fn the_independent_model_agrees_on_every_case() {
    let cases = vectors().signatures;
    // The cases are worth something only if they tell the rule apart from that of batch verifiers.
    assert!(cases.iter().filter(|c| c.cofactored && !c.strict).count() >= 5);
    assert!(cases.iter().filter(|c| c.strict).count() >= 2);
    for case in cases {
        let verdict = case
            .key
            .verify(&hex::decode(&case.message).unwrap(), &case.signature);
        assert_eq!(verdict.is_ok(), case.strict, "{}: {verdict:?}", case.name);
    }
}

#[test]
fn weak_and_non_canonical_keys_are_refused() {
    let keys = vectors().refused_keys;
    assert_eq!(keys.len(), 49);
    for case in keys {
        assert!(PublicKey::new(case.key).is_err(), "{}", case.name);
    }
}

#[test]
fn keys_with_a_torsion_component_are_not_enrolled() {
    let mixed: Vec<_> = vectors()
        .signatures
        .into_iter()
        .filter(|c| c.name.contains("torsion component, challenge"))
        .collect();
    assert_eq!(mixed.len(), 2);
    for case in mixed {
        assert!(PublicKey::new(case.key).is_ok(), "{}", case.name);
        assert_eq!(
            PublicKey::enrolled(case.key).err(),
            Some(KeyError::Torsion),
            "{}",
            case.name
        );
    }
    assert!(PublicKey::enrolled(SigningKey::from_seed(&[1; 32]).key_id()).is_ok());
}

#[test]
fn rfc_8032_test_3() {
    let seed = hex::decode("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7").unwrap();
    let key = SigningKey::from_seed(&seed.try_into().unwrap());
    assert_eq!(
        key.key_id().to_string(),
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    );
    let signature = key.sign(&[0xaf, 0x82]);
    assert_eq!(
        hex::encode(signature.as_bytes()),
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    );
    assert_eq!(key.public_key().verify(&[0xaf, 0x82], &signature), Ok(()));
}

#[test]
fn every_bit_of_a_signature_counts() {
    let key = SigningKey::from_seed(&[1; 32]);
    let signature = key.sign(b"message");
    for bit in 0..512 {
        let mut bytes = *signature.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verdict = key.key_id().verify(b"message", &Signature::from_bytes(bytes));
        assert_eq!(verdict, Err(SignatureError::Invalid), "bit {bit}");
    }
}

#[test]
fn private_keys_do_not_print() {
    let key = SigningKey::from_seed(&[0x5a; 32]);
    let printed = format!("{key:?}");
    assert!(printed.contains(&key.key_id().to_string()));
    assert!(!printed.contains(&"5a".repeat(4)) && !printed.contains("90, 90"));
    assert_eq!(*key.seed(), [0x5a; 32]);
    let fresh = SigningKey::generate(&mut rand::rng());
    assert_ne!(*fresh.seed(), *SigningKey::generate(&mut rand::rng()).seed());
}
