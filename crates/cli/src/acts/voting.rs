//! What a voter's device does: encrypt, cast or open. Nothing here asks the service for anything secret.

use std::sync::Arc;

use sijill_ballot::{
    BallotHash, Credential, CredentialCode, ElectionContext, NewBallot, TrackingCode, Vote, check_opening,
    encrypt_ballot, prove_replaces,
};
use sijill_ledger::LedgerId;
use sijill_registers::ballot_box::RecordedBallot;
use sijill_registers::ballot_box::events::{AuditStarted, BallotCast, Replaces};

use super::Event;
use crate::error::{Failure, Outcome};

/// A voter's device, with the voter's credential.
pub(crate) struct Device {
    election: Arc<ElectionContext>,
    credential: Credential,
}

/// A ballot that is ready to be cast.
#[derive(Clone)]
pub(crate) struct ReadyBallot {
    pub(crate) cast: BallotCast,
    pub(crate) hash: BallotHash,
}

impl ReadyBallot {
    /// What the voter compares.
    pub(crate) fn tracking_code(&self) -> TrackingCode {
        self.hash.tracking_code()
    }
}

/// A ballot that was opened instead of cast.
pub(crate) struct OpenedBallot {
    pub(crate) announcement: AuditStarted,
    /// The randomness and choices, for the voter's own second device; never for a ledger.
    pub(crate) opening: zeroize::Zeroizing<String>,
    pub(crate) tracking_code: TrackingCode,
}

impl Device {
    /// A device that was given a code, for the election of a box.
    pub(crate) fn new(election: Arc<ElectionContext>, code: &CredentialCode) -> Self {
        let credential = Credential::from_code(code, election.uuid());
        Self { election, credential }
    }

    /// A device that has made its credential itself.
    pub(crate) const fn with(election: Arc<ElectionContext>, credential: Credential) -> Self {
        Self { election, credential }
    }

    /// The election that it encrypts for.
    pub(crate) fn election(&self) -> &ElectionContext {
        &self.election
    }

    /// The public credential, little-endian.
    pub(crate) fn credential(&self) -> [u8; 32] {
        *self.credential.public().as_bytes()
    }

    /// Encrypts a vote that replaces an earlier ballot, or is the first.
    pub(crate) fn encrypt(&self, vote: &Vote, replaces: Option<BallotHash>) -> Outcome<ReadyBallot> {
        let mut rng = rand::rng();
        let ballot = self.new_ballot(vote)?;
        let hash = ballot.hash();
        let replaces = replaces.map(|old| {
            let proof = prove_replaces(&self.credential, hash, old, &mut rng);
            let (challenge, response) = (proof.challenge_le_bytes(), proof.response_le_bytes());
            Replaces {
                ballot_hash: old,
                challenge,
                response,
            }
        });
        Ok(ReadyBallot {
            cast: BallotCast {
                ballot: ballot.into_cast().into_bytes(),
                replaces,
            },
            hash,
        })
    }

    /// Encrypts a vote to open it. The announcement goes to the box before the opening is shown to anybody.
    pub(crate) fn encrypt_to_open(&self, vote: &Vote) -> Outcome<OpenedBallot> {
        let ballot = self.new_ballot(vote)?;
        let recorded = RecordedBallot::read(ballot.json().as_bytes())
            .ok_or_else(|| Failure::internal("a ballot that was just made cannot be read"))?;
        let tracking_code = ballot.tracking_code();
        Ok(OpenedBallot {
            announcement: AuditStarted {
                ballot_hash: recorded.hash,
                alphas: recorded.alphas,
            },
            opening: zeroize::Zeroizing::new(ballot.into_opened()),
            tracking_code,
        })
    }

    fn new_ballot(&self, vote: &Vote) -> Outcome<NewBallot> {
        encrypt_ballot(&self.election, &self.credential, vote, &mut rand::rng()).map_err(|e| {
            Failure::refused(
                format!("the vote does not fit the questions: {e}"),
                "choose again; nothing was sent",
            )
            .code("vote.choices")
        })
    }
}

impl OpenedBallot {
    /// What another device of the voter does: checks that the opening explains the ballot, and shows what it contains.
    /// By question, by choice, blank first where it is offered.
    pub(crate) fn check(&self, election: &ElectionContext) -> Outcome<Vec<Vec<u8>>> {
        let seen = check_opening(election, self.opening.as_bytes()).map_err(|e| {
            Failure::refused(
                format!("the opened ballot is not what the device said: {e}"),
                "do not trust this device; vote with another one",
            )
            .code("vote.device")
        })?;
        let announced = seen.tracking_code() == self.tracking_code;
        if announced {
            Ok(seen.choices)
        } else {
            Err(Failure::internal("the opening is that of another ballot"))
        }
    }
}

/// What ballots of a box are made for.
pub(crate) fn election_of(event: &Event, ballot_box: &LedgerId) -> Outcome<Arc<ElectionContext>> {
    let facts = event.box_facts(ballot_box)?;
    let setup = facts.prepared.as_ref().ok_or_else(|| {
        Failure::refused(
            "the ballot box is not prepared yet",
            "the commission runs `sijill election prepare`",
        )
        .code("box.order")
    })?;
    Ok(Arc::clone(&setup.election))
}

/// The latest ballot of a credential in a box.
pub(crate) fn latest(
    event: &Event,
    ballot_box: &LedgerId,
    credential: &[u8; 32],
) -> Outcome<Option<BallotHash>> {
    let handle = event.handle(ballot_box)?;
    Ok(handle.with_head(|head| head.state.as_box().and_then(|b| b.latest(credential))))
}
