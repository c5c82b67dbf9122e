//! Look-ups: where the first vote is final, a station asks the centre whether somebody has voted digitally.
//!
//! The question names the station, the person's pseudonym and when it was asked. The centre answers with a checkpoint of
//! the ballot box and a signature of the box's service key; the station's door takes the paper only with an answer that
//! is for this person, not older than a minute by the station's own clock, and says that there is no ballot. The answer
//! itself is on no ledger: the event cites the box at the size of the checkpoint, and that there was no ballot then is
//! checked again when the credential is opened.
//!
//! Spec: specs/station.md §5.5, §11.5.

use serde::{Deserialize, Serialize};
use sijill_ledger::codec::bytes;
use sijill_ledger::{
    CheckpointError, Entry, Genesis, Kind, LedgerId, LedgerIdentity, Ref, Root, Seq, Signature,
    SignedCheckpoint, SigningKey, decode_canonical, encode,
};
use sijill_registers::catalogue::Event;
use sijill_registers::register::{Evidence, LookUp};
use sijill_registers::roll::events::Pseudonym;
use sijill_registers::station::events::{PaperIssued, StationEvent};

use crate::engine::Engine;
use crate::submit::{Acknowledgement, SubmitError};

const TAG: &[u8] = b"sijill/look-up/v1\n";
/// How old an answer may be, in milliseconds.
pub const MAX_AGE_MS: u64 = 60_000;

/// What a station asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The station's ledger.
    pub station: LedgerId,
    /// The person.
    pub person: Pseudonym,
    /// When, by the clock of the station's machine.
    pub asked_ms: u64,
}

/// What the centre answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    question: Question,
    /// First entry of the box: its hash is the box's id, and it names the keys.
    #[serde(with = "bytes")]
    genesis: Vec<u8>,
    checkpoint: String,
    voted: bool,
    signature: Signature,
}

/// Why a question is not answered, or an answer not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookUpError {
    /// Not a question or an answer. Whoever carried it.
    #[error("this is no look-up")]
    Form,
    /// This service has no such ballot box.
    #[error("this service keeps no ballot box {0}")]
    NoBox(LedgerId),
    /// The checkpoint is not one of the box.
    #[error("the answer's checkpoint is not signed by the key of the box: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// It was not signed by the service of the box.
    #[error("the answer is not signed by the service of the box")]
    Signature,
    /// It answers another question.
    #[error("the answer is for another person or another station")]
    Other,
    /// It is too old, or from the future.
    #[error("the question was asked {age_ms} ms ago; an answer is good for {MAX_AGE_MS} ms")]
    Stale {
        /// Its age, in milliseconds.
        age_ms: u64,
    },
    /// There is a ballot.
    #[error("this person has voted digitally, and the first vote is final")]
    Voted,
    /// The event does not stand.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl Question {
    /// As it travels.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a question.
    ///
    /// # Errors
    /// [`LookUpError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LookUpError> {
        decode_canonical(bytes).map_err(|_| LookUpError::Form)
    }
}

impl Answer {
    /// As it travels.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads an answer. It is verified when a paper is issued with it.
    ///
    /// # Errors
    /// [`LookUpError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LookUpError> {
        decode_canonical(bytes).map_err(|_| LookUpError::Form)
    }

    fn verify(&self, station: LedgerId, person: Pseudonym, now_ms: u64) -> Result<Ref, LookUpError> {
        let genesis = Genesis::parse(&self.genesis).map_err(|_| LookUpError::Form)?;
        if genesis.kind() != Kind::BallotBox {
            return Err(LookUpError::NoBox(genesis.id()));
        }
        let checkpoint = SignedCheckpoint::parse(&self.checkpoint, &LedgerIdentity::from(&genesis))?;
        let cited = Ref {
            ledger: genesis.id(),
            size: checkpoint.size(),
            root: checkpoint.root(),
        };
        let message = message(&self.question, &cited, self.voted);
        genesis
            .service_key()
            .verify(&message, &self.signature)
            .map_err(|_| LookUpError::Signature)?;
        if (self.question.station, self.question.person) != (station, person) {
            return Err(LookUpError::Other);
        }
        let age_ms = now_ms.abs_diff(self.question.asked_ms);
        if age_ms > MAX_AGE_MS {
            return Err(LookUpError::Stale { age_ms });
        }
        if self.voted {
            return Err(LookUpError::Voted);
        }
        Ok(cited)
    }

    /// Whether there is a ballot, as the answer says it.
    #[must_use]
    pub const fn voted(&self) -> bool {
        self.voted
    }
}

#[derive(Serialize)]
struct Signed<'a> {
    question: &'a Question,
    ledger: LedgerId,
    size: u64,
    root: Root,
    voted: bool,
}

fn message(question: &Question, cited: &Ref, voted: bool) -> Vec<u8> {
    let signed = Signed {
        question,
        ledger: cited.ledger,
        size: cited.size,
        root: cited.root,
        voted,
    };
    [TAG, &encode(&signed)].concat()
}

/// A box as it was looked up, for the door.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LookedUp {
    pub(crate) cited: Ref,
}

impl Engine {
    /// Answers a station: whether this credential has a ballot in the box. Who holds which credential is for the registrar
    /// to say; without one there is no ballot.
    ///
    /// # Errors
    /// [`LookUpError::NoBox`].
    pub fn answer_look_up(
        &self,
        question: Question,
        ballot_box: LedgerId,
        credential: Option<&[u8; 32]>,
    ) -> Result<Answer, LookUpError> {
        let no_box = || LookUpError::NoBox(ballot_box);
        let handle = self.ledgers().find(&ballot_box).ok_or_else(no_box)?;
        // The checkpoint first: what the head has beyond it can only make the answer a yes.
        let checkpoint = handle.checkpoint();
        let (genesis, voted) = handle
            .with_head(|head| {
                let state = head.state.as_box()?;
                let voted = credential.is_some_and(|c| state.latest(c).is_some());
                Some((head.chain.genesis().bytes().to_vec(), voted))
            })
            .ok_or_else(no_box)?;
        let cited = Ref {
            ledger: ballot_box,
            size: checkpoint.size(),
            root: checkpoint.root(),
        };
        Ok(Answer {
            question,
            genesis,
            checkpoint: checkpoint.to_note(),
            voted,
            signature: self.shared.service_key.sign(&message(&question, &cited, voted)),
        })
    }

    /// Issues a paper upon an answer of the centre: the door of look-ups. Spec: specs/station.md §11.5.
    ///
    /// # Errors
    /// [`LookUpError`].
    ///
    /// # Durability
    /// As [`Engine::submit`].
    pub async fn issue_after_look_up(
        &self,
        author: &SigningKey,
        station: LedgerId,
        event: PaperIssued,
        answer: &Answer,
    ) -> Result<Acknowledgement, LookUpError> {
        let checked_in = self.ledgers().find(&station).and_then(|handle| {
            handle.with_head(|head| {
                let book = head.state.as_station()?.book();
                Some(Pseudonym(book.check_in(event.check_in.get())?.person))
            })
        });
        let person = checked_in.ok_or(LookUpError::Other)?;
        let cited = answer.verify(station, person, self.now().as_u64())?;
        let event = Event::Station(StationEvent::PaperIssued(event));
        let body = self.sign_with_refs(author, station, &event, vec![cited])?;
        Ok(self.submit_looked_up(&body, LookedUp { cited }).await?)
    }

    /// What the door knows of a look-up in a box that is kept here: when the first entry beyond it was sequenced.
    pub(crate) async fn look_up_evidence(&self, cited: &Ref) -> Evidence {
        let Some(handle) = self.ledgers().find(&cited.ledger) else {
            return Evidence::None;
        };
        if handle.with_head(|head| head.state.as_box().is_none()) {
            return Evidence::None;
        }
        let mut next_sequenced_ms = None;
        if handle.durable_size() > cited.size {
            let next = self.read(cited.ledger, Seq::new(cited.size), 1).await.ok();
            let entry = next.and_then(|page| Entry::parse(page.first()?).ok());
            let Some(entry) = entry else {
                return Evidence::None;
            };
            next_sequenced_ms = Some(entry.sequenced_ms().as_u64());
        }
        Evidence::LookUp(LookUp { next_sequenced_ms })
    }
}
