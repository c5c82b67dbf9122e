//! What requesters and third parties cause: requests, clarifications, grievances, and letters of them.

use sijill_engine::Acknowledgement;
use sijill_engine::persons::Whose;
use sijill_registers::foi::events::{
    ClarificationGiven, FoiEvent, GrievanceFiled, RequestSubmitted, RequestWithdrawn, RulesChosen,
    ThirdPartyReplied,
};

use super::arguments::{FoiCommand, request_of};
use super::desk::Desk;
use crate::commands::roll::roll_person;
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
                person,
                requester,
                text,
                paper,
            } => {
                let (ledger, _) = self.register(register)?;
                let person = person.as_deref().map(roll_person).transpose()?;
                let whose = person.as_deref().map_or(Whose::Unnamed, Whose::Identifier);
                let texts = [requester.as_path(), text.as_path()];
                let ([requester, text], letter) = self.letters(ledger, whose, texts, paper)?;
                let event = RequestSubmitted {
                    requester,
                    text,
                    letter,
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
                let whose = self.third_party(ledger, *consultation).await?;
                let event = ThirdPartyReplied {
                    consultation: *consultation,
                    reply: self.letter_to(ledger, whose, reply)?,
                };
                self.sign(ledger, FoiEvent::ThirdPartyReplied(event), key).await
            }
            FoiCommand::Answer {
                request,
                answer,
                paper,
            } => {
                let (ledger, request) = self.request(request)?;
                let whose = self.requester(ledger, request).await?;
                let ([answer], letter) = self.letters(ledger, whose, [answer.as_path()], paper)?;
                let event = ClarificationGiven {
                    request,
                    answer,
                    letter,
                };
                self.hand_in(ledger, FoiEvent::ClarificationGiven(event), paper)
                    .await
            }
            FoiCommand::Withdraw { request, paper } => {
                let (ledger, request) = self.request(request)?;
                let whose = self.requester(ledger, request).await?;
                let ([], letter) = self.letters(ledger, whose, [], paper)?;
                let event = FoiEvent::RequestWithdrawn(RequestWithdrawn { request, letter });
                self.hand_in(ledger, event, paper).await
            }
            FoiCommand::Grieve {
                request,
                statement,
                paper,
            } => {
                let (ledger, request) = self.request(request)?;
                let whose = self.requester(ledger, request).await?;
                let ([statement], letter) = self.letters(ledger, whose, [statement.as_path()], paper)?;
                let event = GrievanceFiled {
                    request,
                    statement,
                    letter,
                };
                self.hand_in(ledger, FoiEvent::GrievanceFiled(event), paper).await
            }
            other => {
                let (ledger, request) = self.request(request_of(other).unwrap_or_default())?;
                let (event, key) = self.event(other, ledger, request).await?;
                self.sign(ledger, event, key).await
            }
        }
    }
}
