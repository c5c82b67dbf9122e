//! Whole key ceremonies: every quorum decrypts, no smaller set does, and what is wrong is refused by name.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{credential, question};
use sijill_ballot::ceremony::{
    Attempt, CeremonyError, CeremonySecret, Certificate, ChannelKey, ChannelSecret, Coefficients,
    Confirmation, Fault, SealedShare, ShareError, commitment, judge, member_key, trustees_record,
};
use sijill_ballot::{
    BlockError, Election, ElectionContext, ElectionParameters, ElectionResult, EncryptedTally, Selection,
    TrusteeError, TrusteeSecret, Trustees, Uuid, Vote, combine_shares, decrypt_tally, encrypt_ballot,
    verify_ballot, verify_share,
};

/// One attempt as everybody sees it, and the trustees' machines.
struct Ceremony {
    attempt: Attempt,
    machines: Vec<CeremonySecret>,
    certificates: Vec<Certificate>,
    channel_keys: Vec<ChannelKey>,
    coefficients: Vec<Coefficients>,
    /// By dealer, then recipient.
    dealt: Vec<Vec<SealedShare>>,
}

fn indexes(n: u16) -> std::ops::RangeInclusive<u16> {
    1..=n
}

fn name(index: u16) -> String {
    format!("Trustee {index}")
}

fn deal(threshold: u16, members: u16) -> Ceremony {
    let mut rng = rand::rng();
    let attempt = Attempt {
        event: [7; 32],
        number: 1,
        members,
        threshold,
    };
    let machines: Vec<CeremonySecret> = indexes(members)
        .map(|_| {
            let secret = CeremonySecret::generate(threshold, &mut rng);
            // Every step is made by a process of its own.
            CeremonySecret::from_bytes(&secret.to_bytes()).unwrap()
        })
        .collect();
    let channel_keys: Vec<ChannelKey> = machines.iter().map(CeremonySecret::channel_key).collect();
    let certificates: Vec<Certificate> = machines
        .iter()
        .zip(indexes(members))
        .map(|(m, i)| {
            Certificate::parse(m.certificate(&attempt, i, &mut rng).as_bytes(), &attempt, i).unwrap()
        })
        .collect();
    let coefficients: Vec<Coefficients> = machines
        .iter()
        .zip(&certificates)
        .zip(indexes(members))
        .map(|((machine, certificate), i)| {
            let (salt, opened) = machine.opening();
            assert_eq!(
                commitment(&attempt, i, salt, opened.as_bytes()),
                machine.commitment(&attempt, i)
            );
            Coefficients::parse(opened.as_bytes(), &attempt, i, certificate).unwrap()
        })
        .collect();
    let dealt = machines
        .iter()
        .zip(indexes(members))
        .map(|(m, i)| m.deal(&attempt, i, &channel_keys, &mut rng).unwrap())
        .collect();
    Ceremony {
        attempt,
        machines,
        certificates,
        channel_keys,
        coefficients,
        dealt,
    }
}

impl Ceremony {
    fn shares_of(&self, recipient: u16) -> Vec<SealedShare> {
        self.dealt
            .iter()
            .map(|shares| shares[usize::from(recipient) - 1].clone())
            .collect()
    }

    fn receive(&self, index: u16) -> Result<TrusteeSecret, (u16, ShareError)> {
        let machine = &self.machines[usize::from(index) - 1];
        machine.receive(&self.attempt, index, &self.shares_of(index), &self.coefficients)
    }

    fn confirm(&self, index: u16) -> (String, String) {
        let machine = &self.machines[usize::from(index) - 1];
        let secret = self.receive(index).unwrap();
        machine
            .confirm(&name(index), &secret, &self.certificates, &mut rand::rng())
            .unwrap()
    }

    fn check(&self, index: u16, key: &str, signature: &str) -> Result<Confirmation, CeremonyError> {
        Confirmation::parse(
            key.as_bytes(),
            signature.as_bytes(),
            &self.attempt,
            index,
            &name(index),
            &self.certificates,
            &self.coefficients,
        )
    }

    fn record(&self) -> Trustees {
        let confirmations: Vec<Confirmation> = indexes(self.attempt.members)
            .map(|i| {
                let (key, signature) = self.confirm(i);
                self.check(i, &key, &signature).unwrap()
            })
            .collect();
        trustees_record(
            &self.attempt,
            &self.certificates,
            &self.coefficients,
            &confirmations,
        )
        .unwrap()
    }
}

/// All sets of `size` numbers of 1 to n.
fn sets(n: u16, size: u16) -> Vec<Vec<u16>> {
    (0u32..1 << n)
        .filter(|bits| bits.count_ones() == u32::from(size))
        .map(|bits| indexes(n).filter(|i| bits >> (i - 1) & 1 == 1).collect())
        .collect()
}

#[test]
fn every_quorum_decrypts_and_nothing_less() {
    for (threshold, members) in [(2, 3), (2, 4), (3, 5), (5, 9)] {
        let mut rng = rand::rng();
        let ceremony = deal(threshold, members);
        let trustees = ceremony.record();
        assert_eq!(trustees.threshold(), usize::from(threshold));
        assert_eq!(trustees.owners().len(), usize::from(members));
        assert_eq!(Trustees::parse(trustees.json().as_bytes()).unwrap(), trustees);

        let questions = vec![question(2, true, 1, 1)];
        let context = ElectionContext::new(
            &Election::build(ElectionParameters {
                description: "test".to_owned(),
                name: "Test".to_owned(),
                public_key: *trustees.election_key(),
                questions: questions.clone(),
                uuid: Uuid::parse("12345678abcdEF").unwrap(),
                administrator: None,
                credential_authority: None,
            })
            .unwrap(),
        );
        let ballots: Vec<_> = [
            Selection::Answers(&[1]),
            Selection::Answers(&[1]),
            Selection::Blank,
        ]
        .iter()
        .map(|selection| {
            let vote = Vote::from_selections(&questions, &[*selection]).unwrap();
            let ballot = encrypt_ballot(&context, &credential(), &vote, &mut rng).unwrap();
            verify_ballot(&context, ballot.into_cast().as_bytes()).unwrap()
        })
        .collect();
        let counted: Vec<_> = ballots.iter().map(|b| (b, 1)).collect();
        let tally = EncryptedTally::of(&context, &counted).unwrap();
        let shares: Vec<_> = indexes(members)
            .map(|i| {
                let secret = ceremony.receive(i).unwrap();
                assert_eq!(secret.public(), &member_key(&ceremony.coefficients, i).unwrap());
                let share = decrypt_tally(&secret, &context, &tally, &mut rng);
                verify_share(&context, &trustees, usize::from(i), &tally, share.as_bytes()).unwrap()
            })
            .collect();
        for quorum in sets(members, threshold) {
            let chosen: Vec<_> = quorum
                .iter()
                .map(|i| shares[usize::from(*i) - 1].clone())
                .collect();
            let factors = combine_shares(&trustees, &tally, &chosen).unwrap();
            let result = ElectionResult::decrypt(&tally, &factors).unwrap();
            assert_eq!(result.counts(), [[1, 0, 2]], "{quorum:?} of {members}");
        }
        for few in sets(members, threshold - 1) {
            let chosen: Vec<_> = few.iter().map(|i| shares[usize::from(*i) - 1].clone()).collect();
            assert!(
                combine_shares(&trustees, &tally, &chosen).is_err(),
                "{few:?} of {members}"
            );
        }
    }
}

fn block_error(error: CeremonyError) -> BlockError {
    match error {
        CeremonyError::Record(TrusteeError::Block(error)) => error,
        other => unreachable!("another error: {other}"),
    }
}

#[test]
fn certificates_are_for_one_place_in_one_ceremony() {
    let c = deal(2, 3);
    let bytes = c.certificates[1].json();
    assert!(Certificate::parse(bytes.as_bytes(), &c.attempt, 2).is_ok());
    let elsewhere = [
        (c.attempt, 1),
        (c.attempt, 3),
        (
            Attempt {
                members: 4,
                ..c.attempt
            },
            2,
        ),
        (
            Attempt {
                threshold: 3,
                ..c.attempt
            },
            2,
        ),
    ];
    for (attempt, index) in elsewhere {
        let error = block_error(Certificate::parse(bytes.as_bytes(), &attempt, index).unwrap_err());
        assert_eq!(error, BlockError::Context { member: index.into() });
    }
    for index in [0, 4] {
        let error = Certificate::parse(bytes.as_bytes(), &c.attempt, index).unwrap_err();
        assert!(matches!(error, CeremonyError::Numbers { .. }));
    }
    // Signed by another key.
    let other = c.machines[0].certificate(&c.attempt, 2, &mut rand::rng());
    let own_key = c.certificates[1].verification().to_string();
    let other_key = c.certificates[0].verification().to_string();
    let stolen = other.replace(&other_key, &own_key);
    assert_ne!(stolen, other);
    let error = block_error(Certificate::parse(stolen.as_bytes(), &c.attempt, 2).unwrap_err());
    assert_eq!(error, BlockError::Certificate { member: 2 });
    // One key for both purposes.
    let mut secret = c.machines[1].to_bytes();
    secret.copy_within(2..34, 34);
    let both = CeremonySecret::from_bytes(&secret).expect("two equal scalars are scalars");
    let certificate = both.certificate(&c.attempt, 2, &mut rand::rng());
    let error = block_error(Certificate::parse(certificate.as_bytes(), &c.attempt, 2).unwrap_err());
    assert_eq!(error, BlockError::SameKeys { member: 2 });
    assert!(matches!(
        Certificate::parse(format!("{bytes} ").as_bytes(), &c.attempt, 2),
        Err(CeremonyError::Json(_))
    ));
}

#[test]
fn coefficients_are_signed_and_as_many_as_the_threshold() {
    let c = deal(2, 3);
    let bytes = c.coefficients[1].json();
    let parse = |bytes: &str, attempt: &Attempt, by: usize| {
        Coefficients::parse(bytes.as_bytes(), attempt, 2, &c.certificates[by])
    };
    assert!(parse(&bytes, &c.attempt, 1).is_ok());
    let wrong = BlockError::Coefficients { member: 2 };
    assert_eq!(block_error(parse(&bytes, &c.attempt, 0).unwrap_err()), wrong);
    let three = Attempt {
        threshold: 3,
        ..c.attempt
    };
    assert_eq!(block_error(parse(&bytes, &three, 1).unwrap_err()), wrong);
    let swapped = bytes.replace(
        &c.coefficients[1].points()[0].to_string(),
        &c.coefficients[0].points()[0].to_string(),
    );
    assert_eq!(block_error(parse(&swapped, &c.attempt, 1).unwrap_err()), wrong);
}

#[test]
fn commitments_bind_everything() {
    let c = deal(2, 3);
    let (salt, opened) = c.machines[0].opening();
    let made = c.machines[0].commitment(&c.attempt, 1);
    let other_salt = {
        let mut other = *salt;
        other[31] ^= 1;
        other
    };
    let others = [
        commitment(&c.attempt, 2, salt, opened.as_bytes()),
        commitment(
            &Attempt {
                number: 2,
                ..c.attempt
            },
            1,
            salt,
            opened.as_bytes(),
        ),
        commitment(
            &Attempt {
                event: [8; 32],
                ..c.attempt
            },
            1,
            salt,
            opened.as_bytes(),
        ),
        commitment(&c.attempt, 1, &other_salt, opened.as_bytes()),
        commitment(&c.attempt, 1, salt, c.machines[1].opening().1.as_bytes()),
    ];
    assert!(others.iter().all(|other| *other != made));
}

#[test]
fn a_bad_share_is_named_and_judged() {
    let mut rng = rand::rng();
    let good = deal(2, 3);
    let complaint = |c: &Ceremony, expected: ShareError| {
        assert_eq!(c.receive(3).unwrap_err(), (2, expected));
        let disclosed = ChannelSecret::from_bytes(c.machines[2].disclose().expose());
        assert_eq!(disclosed.public(), c.channel_keys[2]);
        let judged = |dealer: u16| {
            let share = &c.dealt[usize::from(dealer) - 1][2];
            judge(
                &c.attempt,
                dealer,
                3,
                &disclosed,
                share,
                &c.coefficients[usize::from(dealer) - 1],
            )
        };
        assert_eq!(judged(2), Fault::Dealer(expected));
        assert_eq!(judged(1), Fault::Complainer);
        // The others are not harmed.
        assert!(c.receive(1).is_ok());
    };

    // A flipped bit.
    let mut c = deal(2, 3);
    let mut bytes = c.dealt[1][2].as_bytes().to_vec();
    bytes[79] ^= 1;
    c.dealt[1][2] = SealedShare::parse(&bytes).unwrap();
    complaint(&c, ShareError::Sealed);

    // The share of another recipient, of another attempt, from another dealer.
    let mut c = deal(2, 3);
    c.dealt[1][2] = c.dealt[1][0].clone();
    complaint(&c, ShareError::Sealed);
    let mut c = deal(2, 3);
    let second = Attempt {
        number: 2,
        ..c.attempt
    };
    c.dealt[1] = c.machines[1].deal(&second, 2, &c.channel_keys, &mut rng).unwrap();
    assert_eq!(c.receive(3).unwrap_err(), (2, ShareError::Sealed));
    let mut c = deal(2, 3);
    c.dealt[1][2] = c.dealt[0][2].clone();
    complaint(&c, ShareError::Sealed);

    // A well sealed share of another polynomial.
    let mut c = deal(2, 3);
    let other = CeremonySecret::generate(2, &mut rng);
    c.dealt[1][2] = other
        .deal(&c.attempt, 2, &c.channel_keys, &mut rng)
        .unwrap()
        .remove(2);
    complaint(&c, ShareError::Polynomial);

    for length in [0, 79, 81] {
        assert_eq!(SealedShare::parse(&vec![0; length]), Err(ShareError::Length));
    }
    assert!(good.receive(3).is_ok());
}

#[test]
fn confirmations_are_for_this_ceremony_alone() {
    let c = deal(2, 3);
    let (key, signature) = c.confirm(1);
    assert!(c.check(1, &key, &signature).is_ok());
    let (other_key, other_signature) = c.confirm(2);
    // Another member's key is not signed by this member's certificate and does not follow for it.
    assert_eq!(
        block_error(c.check(1, &other_key, &signature).unwrap_err()),
        BlockError::Key { member: 1 }
    );
    assert_eq!(
        block_error(c.check(1, &key, &other_signature).unwrap_err()),
        BlockError::Ceremony { member: 1 }
    );
    // Another ceremony.
    let elsewhere = deal(2, 3);
    let (key_elsewhere, signature_elsewhere) = elsewhere.confirm(1);
    assert_eq!(
        block_error(c.check(1, &key, &signature_elsewhere).unwrap_err()),
        BlockError::Ceremony { member: 1 }
    );
    assert_eq!(
        block_error(c.check(1, &key_elsewhere, &signature).unwrap_err()),
        BlockError::Key { member: 1 }
    );
    // A key without its signature, or with another name.
    let unsigned = {
        let start = key.find(",\"signature\":").unwrap();
        let end = key.find(",\"name\":").unwrap();
        format!("{}{}", &key[..start], &key[end..])
    };
    assert_eq!(
        block_error(c.check(1, &unsigned, &signature).unwrap_err()),
        BlockError::KeySignature { member: 1 }
    );
    let renamed = key.replace("Trustee 1", "Trustee 7");
    assert_eq!(c.check(1, &renamed, &signature).unwrap_err(), CeremonyError::Name);
    assert!(matches!(
        c.check(1, "{}", &signature),
        Err(CeremonyError::Json(_))
    ));
    assert!(matches!(c.check(1, &key, "[]"), Err(CeremonyError::Json(_))));
}

#[test]
fn stored_secrets_are_read_whole_or_not_at_all() {
    let secret = CeremonySecret::generate(3, &mut rand::rng());
    let bytes = secret.to_bytes();
    let again = CeremonySecret::from_bytes(&bytes).unwrap();
    assert_eq!(again.to_bytes(), bytes);
    for length in 0..bytes.len() {
        assert!(CeremonySecret::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    let mut other_format = bytes.to_vec();
    other_format[0] = 2;
    assert!(CeremonySecret::from_bytes(&other_format).is_err());
    assert_eq!(format!("{secret:?}"), "CeremonySecret(..)");
}
