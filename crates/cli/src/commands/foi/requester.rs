//! What requesters and third parties cause: requests, clarifications, grievances, and letters of them.

use sijill_engine::Acknowledgement;
use sijill_registers::foi::events::{
    ClarificationGiven, FoiEvent, GrievanceFiled, RequestSubmitted, RequestWithdrawn, RulesChosen,
    ThirdPartyReplied,
};

use super::arguments::{FoiCommand, request_of};
use super::desk::Desk;
use crate::error::Outcome;

impl Desk<'_> {
    pub(super) async fn hand_over(&self, command: &FoiCommand) -> Outcome<Acknowledgement> {
        match command {
            FoiCommand::Rules { register, pack, key } => {
                let (ledger, _) = self.register(register)?;
                let pack = self.pack(pack)?;
                let event = FoiEvent::RulesChosen(RulesChosen { pack });
                self.sign(ledger, event, key).await
            }
            FoiCommand::Submit {
                register,
                requester,
                text,
                paper,
            } => {
                let (ledger, _) = self.register(register)?;
                let event = RequestSubmitted {
                    requester: self.commit_file(ledger, requester)?,
                    text: self.commit_file(ledger, text)?,
                    letter: self.letter(ledger, paper)?,
                };
                self.hand_in(ledger, FoiEvent::RequestSubmitted(event), paper)
                    .await
            }
            FoiCommand::Reply {
                register,
                consultation,
                reply,
                key,
            } => {
                let (ledger, _) = self.register(register)?;
                let event = ThirdPartyReplied {
                    consultation: *consultation,
                    reply: self.commit_file(ledger, reply)?,
                };
                self.sign(ledger, FoiEvent::ThirdPartyReplied(event), key).await
            }
            FoiCommand::Answer {
                request,
                answer,
                paper,
            } => {
                let (ledger, request) = self.request(request)?;
                let event = ClarificationGiven {
                    request,
                    answer: self.commit_file(ledger, answer)?,
                    letter: self.letter(ledger, paper)?,
                };
                self.hand_in(ledger, FoiEvent::ClarificationGiven(event), paper)
                    .await
            }
            FoiCommand::Withdraw { request, paper } => {
                let (ledger, request) = self.request(request)?;
                let letter = self.letter(ledger, paper)?;
                let event = FoiEvent::RequestWithdrawn(RequestWithdrawn { request, letter });
                self.hand_in(ledger, event, paper).await
            }
            FoiCommand::Grieve {
                request,
                statement,
                paper,
            } => {
                let (ledger, request) = self.request(request)?;
                let event = GrievanceFiled {
                    request,
                    statement: self.commit_file(ledger, statement)?,
                    letter: self.letter(ledger, paper)?,
                };
                self.hand_in(ledger, FoiEvent::GrievanceFiled(event), paper).await
            }
            other => {
                let (ledger, request) = self.request(request_of(other).unwrap_or_default())?;
                let (event, key) = self.event(other, ledger, request)?;
                self.sign(ledger, event, key).await
            }
        }
    }
}
