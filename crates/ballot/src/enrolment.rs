//! Enrolling a credential that a voter's own device has made. Spec: specs/ballot-suite.md §16.

use crate::credential::Credential;
use crate::election::Uuid;
use crate::group::Point;
use crate::proof::{self, Proof};
use rand::CryptoRng;

/// Proves to the registrar that whoever enrols a credential for a box knows its secret.
#[must_use]
pub fn prove_enrolment<R: CryptoRng + ?Sized>(credential: &Credential, uuid: &Uuid, rng: &mut R) -> Proof {
    proof::prove_secret(&prefix(credential.public(), uuid), credential.secret(), rng)
}

/// Whether the proof holds for this credential and box. Without it somebody could enrol the credential of another person.
#[must_use]
pub fn verify_enrolment(credential: &Point, uuid: &Uuid, proof: &Proof) -> bool {
    proof::verify_secret(&prefix(credential, uuid), credential, proof)
}

fn prefix(credential: &Point, uuid: &Uuid) -> String {
    format!("sijill-enrol|{}|{}|", uuid.as_str(), credential.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_for_one_credential_and_one_box() {
        let mut rng = rand::rng();
        let uuid = |text: &str| Uuid::parse(text).unwrap();
        let (here, there) = (uuid("8w2xFjuzweW18mAtBeGn5U"), uuid("LW6xgtPK3neuD8ex2Xff4V"));
        let credential = Credential::random(&mut rng);
        let proof = prove_enrolment(&credential, &here, &mut rng);
        assert!(verify_enrolment(credential.public(), &here, &proof));
        assert!(!verify_enrolment(credential.public(), &there, &proof));
        assert!(!verify_enrolment(
            Credential::random(&mut rng).public(),
            &here,
            &proof
        ));
    }
}
