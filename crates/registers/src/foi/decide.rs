//! Which events may stand on a register of freedom of information. Spec: specs/foi.md §1 to §8.

use std::sync::Arc;

use jiff::civil::Date;
use sijill_ledger::{ContentRef, KeyId, Kind, LedgerId};
use sijill_rules::{Calendar, ClockError, FoiPack, Step, StepAt, carry_clock, check_line, numbered_day};

use super::clock::{day_when, number};
use super::events::{
    DecisionMade, DocumentDecision, FeeQuoted, FoiEvent, GrievanceDecided, GrievanceFiled, Letter,
    ReleaseMade, ReleaseWithdrawn, RequestTransferred, RequestsLinked, TransferReceived, outcomes,
};
use super::state::{FoiState, Request};
use super::views;
use crate::calendar::CalendarRejection;
use crate::calendar::events::{RegisterEvent, RegisterViewPublished};
use crate::register::{Consequence, Context, Facts, Rejection, no_refs, one_ref};

/// Why an event may not stand on a register of freedom of information. The fault is the author's; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoiRejection {
    /// It does not come next, or what it names is not there or not in the state for it.
    #[error("{0}")]
    Order(String),
    /// The rules of the register.
    #[error("the register: {0}")]
    Definition(String),
    /// A letter, ground, fee or link.
    #[error("{0}")]
    Request(String),
    /// The clock refuses the step.
    #[error("the clock: {0}")]
    Clock(ClockError),
    /// The clock refuses the step, for a reason that only the register knows.
    #[error("the clock: {0}")]
    Step(String),
    /// A reply of a third party.
    #[error("third parties: {0}")]
    ThirdParty(String),
    /// A decision.
    #[error("document {document}: {problem}")]
    Decision {
        /// Its number in the decision, from 0.
        document: usize,
        /// What is wrong.
        problem: String,
    },
    /// A release or its withdrawal.
    #[error("release: {0}")]
    Release(String),
    /// A transfer.
    #[error("transfer: {0}")]
    Transfer(String),
    /// A grievance.
    #[error("grievance: {0}")]
    Grievance(String),
    /// The officer has acted on the request before.
    #[error(
        "this officer has acted on the request before; a grievance is decided by somebody who has done nothing else on it"
    )]
    Officer,
    /// What only the clock brings about.
    #[error("{0} is added by the service when a day is closed, and never submitted")]
    Silence(&'static str),
    /// Due dates that do not follow.
    #[error("the due dates are not those that follow from the register; compute them again")]
    DueDates,
}

impl FoiRejection {
    /// The verdict code of specs/verification.md §15.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Order(_) => "foi.order",
            Self::Definition(_) => "foi.definition",
            Self::Request(_) => "foi.request",
            Self::Clock(_) | Self::Step(_) => "foi.clock",
            Self::ThirdParty(_) => "foi.third-party",
            Self::Decision { .. } => "foi.decision",
            Self::Release(_) => "foi.release",
            Self::Transfer(_) => "foi.transfer",
            Self::Grievance(_) => "foi.grievance",
            Self::Officer => "foi.officer",
            Self::Silence(_) => "foi.silence",
            Self::DueDates => "foi.due-dates",
        }
    }
}

/// What every decision looks at.
struct Now<'a> {
    calendar: Calendar,
    /// The moment that the event will have.
    at_ms: u64,
    /// Its local day.
    day: Date,
    ctx: &'a Context<'a>,
}

impl Now<'_> {
    fn step(&self, step: Step) -> StepAt {
        StepAt {
            at_ms: self.at_ms,
            step,
        }
    }
}

impl FoiState {
    /// What holds for every entry but those that cite the calendar.
    pub(crate) fn check_entry(&self, name: &str, ctx: &Context<'_>) -> Result<(), Rejection> {
        let calendar = self.days.calendar(ctx.linked)?;
        Ok(self.days.check_entry(name, &calendar, ctx.received_ms.as_u64())?)
    }

    pub(crate) fn decide_register(
        &self,
        event: &RegisterEvent,
        author: KeyId,
        ctx: &Context<'_>,
    ) -> Result<Vec<Consequence>, Rejection> {
        let calendar = self.days.check(Kind::Foi, event, author, ctx)?;
        match event {
            RegisterEvent::CalendarSeen => Ok(Vec::new()),
            RegisterEvent::DayClosed(e) => self.consequences(e.day, &calendar, ctx.body_hash, ctx.linked),
            RegisterEvent::ErasureOrdered(_) | RegisterEvent::ErasureConfirmed(_) => {
                self.require_defined(event.name())?;
                Ok(Vec::new())
            }
            RegisterEvent::ViewPublished(e) => {
                self.require_defined(event.name())?;
                self.check_view(e, ctx)?;
                Ok(Vec::new())
            }
        }
    }

    pub(crate) fn decide(
        &self,
        event: &FoiEvent,
        author: KeyId,
        ctx: &Context<'_>,
    ) -> Result<Vec<Consequence>, Rejection> {
        let name = event.name();
        if !matches!(event, FoiEvent::TransferReceived(_)) {
            no_refs(name, ctx)?;
        }
        let calendar = self.days.calendar(ctx.linked)?;
        let received_ms = ctx.received_ms.as_u64();
        self.days.check_entry(name, &calendar, received_ms)?;
        let at_ms = self.days.next_moment(received_ms);
        let day = crate::calendar::day_of(&calendar, at_ms)?;
        let now = Now {
            calendar,
            at_ms,
            day,
            ctx,
        };
        if !matches!(event, FoiEvent::RegisterDefined(_)) {
            self.require_defined(name)?;
        }
        self.check_event(event, author, &now)?;
        self.days.check_commitments(&event.fields(), ctx)?;
        Ok(Vec::new())
    }

    fn check_event(&self, event: &FoiEvent, author: KeyId, now: &Now<'_>) -> Result<(), Rejection> {
        match event {
            FoiEvent::RegisterDefined(e) => {
                if !self.packs.is_empty() {
                    return Err(order("the register is defined already"));
                }
                if let Some(predecessor) = self.predecessor {
                    self.sister(&predecessor, now).map_err(|problem| {
                        FoiRejection::Definition(format!("the ledger that this one continues: {problem}"))
                    })?;
                }
                self.check_pack(&e.pack, now)
            }
            FoiEvent::RulesChosen(e) => {
                if self.packs.last().is_some_and(|(content, _)| *content == e.pack) {
                    return Err(FoiRejection::Definition("these rules are in force already".into()).into());
                }
                self.check_pack(&e.pack, now)
            }
            FoiEvent::RegisterSucceeded(e) => {
                if self.successor.is_some() {
                    return Err(order("the register has a successor already"));
                }
                self.sister(&e.successor, now)
                    .map_err(|problem| order(&format!("the successor: {problem}")))
            }
            FoiEvent::RequestSubmitted(e) => self.check_submission(e.letter.as_ref(), now),
            FoiEvent::TransferReceived(e) => self.check_arrival(e, now),
            FoiEvent::RequestAdmitted(e) => {
                let request = self.named(e.request)?;
                if !request.is_open() && !request.is_reopened() {
                    return Err(ended(request));
                }
                if request.admitted.is_some() {
                    return Err(order("the request is admitted already"));
                }
                Ok(())
            }
            FoiEvent::RequestRoutedOut(e) => {
                let request = self.open_request(e.request)?;
                if !matches!(e.ground, 1 | 2) {
                    return Err(wrong(
                        "a request is routed out because it is for own personal data (1), or because another law applies (2)",
                    ));
                }
                self.take(request, Step::Closed, now)
            }
            FoiEvent::RequestTransferred(e) => self.check_transfer(e, now),
            FoiEvent::RequestsLinked(e) => self.check_link(e),
            FoiEvent::ClarificationAsked(e) => {
                self.take(self.open_request(e.request)?, Step::ClarificationAsked, now)
            }
            FoiEvent::ClarificationGiven(e) => {
                let request = self.open_request(e.request)?;
                check_letter(e.letter.as_ref(), now)?;
                let step = match &e.letter {
                    Some(letter) => Step::ClarificationReceived {
                        on: numbered_day(letter.received_on)
                            .ok_or(FoiRejection::Clock(ClockError::BeyondTime))?,
                    },
                    None => Step::ClarificationAnswered,
                };
                self.take(request, step, now)
            }
            FoiEvent::FeeQuoted(e) => {
                let request = self.open_request(e.request)?;
                check_fee(e, now)?;
                self.take(request, Step::FeeQuoted, now)
            }
            FoiEvent::FeeSettled(e) => {
                let request = self.open_request(e.request)?;
                if !matches!(e.how, 1 | 2) {
                    return Err(wrong("a fee is paid (1) or waived (2)"));
                }
                self.take(request, Step::FeeSettled, now)
            }
            FoiEvent::FeeUnpaid(e) => {
                let request = self.open_request(e.request)?;
                let refuse = |problem: String| Rejection::from(FoiRejection::Step(problem));
                let pay_by = request.fee_open.ok_or_else(|| refuse("no fee is open".into()))?;
                if number(now.day) <= pay_by {
                    let last = numbered_day(pay_by).map(|d| d.to_string()).unwrap_or_default();
                    return Err(refuse(format!("the fee may be paid until the end of {last}")));
                }
                self.take(request, Step::Closed, now)
            }
            FoiEvent::ThirdPartyConsulted(e) => self.open_request(e.request).map(|_| ()),
            FoiEvent::ThirdPartyReplied(e) => {
                let (_, consultation) = self
                    .of_consultation(e.consultation)
                    .ok_or_else(|| order(&format!("there is no consultation {}", e.consultation)))?;
                if consultation.replied_ms.is_some() {
                    let problem = "this third party has replied already";
                    return Err(FoiRejection::ThirdParty(problem.into()).into());
                }
                Ok(())
            }
            FoiEvent::DeadlineExtended(e) => self.take(self.open_request(e.request)?, Step::Extended, now),
            FoiEvent::RequestWithdrawn(e) => {
                let request = self.open_request(e.request)?;
                check_letter(e.letter.as_ref(), now)?;
                self.take(request, Step::Closed, now)
            }
            FoiEvent::DecisionMade(e) => self.check_decision(e, now),
            FoiEvent::ReleaseMade(e) => self.check_release(e),
            FoiEvent::ReleaseWithdrawn(e) => self.check_withdrawal(e),
            FoiEvent::GrievanceFiled(e) => self.check_grievance(e, now),
            FoiEvent::GrievanceDecided(e) => self.check_grievance_decision(e, author),
            FoiEvent::DeadlineMissed(_) | FoiEvent::SilenceDeemed(_) | FoiEvent::RequestAbandoned(_) => {
                Err(FoiRejection::Silence(event.name()).into())
            }
        }
    }

    fn require_defined(&self, name: &str) -> Result<(), Rejection> {
        if !self.packs.is_empty() {
            Ok(())
        } else {
            Err(order(&format!("{name}: define the register first")))
        }
    }

    /// Another register of the same authority, as the calendar lists it.
    fn sister(&self, ledger: &LedgerId, now: &Now<'_>) -> Result<(), String> {
        let facts = self.days.facts(now.ctx.linked).map_err(|e| e.to_string())?;
        let size = self.days.size();
        let own = facts
            .register(&self.ledger, size)
            .ok_or("this register is not listed")?;
        let other = facts
            .register(ledger, size)
            .filter(|other| other.kind == Kind::Foi.code() && *ledger != self.ledger)
            .ok_or("is not another listed register of freedom of information")?;
        if other.authority == own.authority {
            Ok(())
        } else {
            Err(format!(
                "belongs to {}, this one to {}",
                other.authority, own.authority
            ))
        }
    }

    /// Whether a ledger is another register of freedom of information, as the calendar lists it.
    fn is_other_register(&self, ledger: &LedgerId, now: &Now<'_>) -> Result<bool, Rejection> {
        let facts = self.days.facts(now.ctx.linked)?;
        let listed = facts.register(ledger, self.days.size());
        Ok(*ledger != self.ledger && listed.is_some_and(|l| l.kind == Kind::Foi.code()))
    }

    fn check_pack(&self, content: &ContentRef, now: &Now<'_>) -> Result<(), Rejection> {
        let wrong = |problem: String| Rejection::from(FoiRejection::Definition(problem));
        let facts = self.days.facts(now.ctx.linked)?;
        let pack = facts.pack(content, self.days.size()).ok_or_else(|| {
            wrong("the pack was not adopted on the calendar, as far as it was cited".into())
        })?;
        if !pack.covers(now.day) {
            return Err(wrong(format!("the pack is not valid on {}", now.day)));
        }
        Ok(())
    }

    fn check_submission(&self, letter: Option<&Letter>, now: &Now<'_>) -> Result<(), Rejection> {
        if self.successor.is_some() {
            return Err(order("new requests go to the register that succeeds this one"));
        }
        check_letter(letter, now)?;
        let day = match letter {
            Some(letter) => numbered_day(letter.received_on).unwrap_or(now.day),
            None => now.day,
        };
        if !self.pack_in_force().is_some_and(|pack| pack.covers(day)) {
            return Err(wrong(&format!(
                "the rules in force are not valid on {day}; choose others"
            )));
        }
        Ok(())
    }

    fn check_arrival(&self, e: &TransferReceived, now: &Now<'_>) -> Result<(), Rejection> {
        let cited = one_ref("TransferReceived", now.ctx, &e.from)?;
        let refuse = |problem: &str| Err(FoiRejection::Transfer(problem.into()).into());
        if !self.is_other_register(&e.from, now)? {
            return refuse("does not come from another listed register of freedom of information");
        }
        let Some(Facts::Foi(other)) = now.ctx.linked.facts(&e.from) else {
            return refuse("the register that it comes from is not kept by this service");
        };
        let Some(out) = other
            .transfers
            .get(&e.request)
            .filter(|out| out.to == self.ledger)
        else {
            return refuse("that request was not transferred to this register");
        };
        if cited.size <= out.seq {
            return refuse("cites the other register at a size before the transfer");
        }
        if self.facts().taken.contains(&(e.from, e.request)) {
            return refuse("was received already");
        }
        if now.at_ms < out.at_ms {
            return refuse("comes before the transfer");
        }
        Ok(())
    }

    fn named(&self, request: u64) -> Result<&Request, Rejection> {
        self.requests
            .get(&request)
            .ok_or_else(|| order(&format!("there is no request at position {request}")))
    }

    fn open_request(&self, request: u64) -> Result<&Request, Rejection> {
        let request = self.named(request)?;
        if request.is_open() {
            Ok(request)
        } else {
            Err(ended(request))
        }
    }

    fn take(&self, request: &Request, step: Step, now: &Now<'_>) -> Result<(), Rejection> {
        let next = Some(now.step(step));
        self.read(request, &now.calendar, next, now.at_ms, now.ctx.linked)
            .map(|_| ())
    }

    fn check_transfer(&self, e: &RequestTransferred, now: &Now<'_>) -> Result<(), Rejection> {
        let request = self.open_request(e.request)?;
        if !self.is_other_register(&e.to, now)? {
            let problem = "goes to another register of freedom of information that the calendar lists";
            return Err(FoiRejection::Transfer(problem.into()).into());
        }
        let receives = match now.ctx.linked.facts(&e.to) {
            Some(Facts::Foi(other)) => other.defined,
            _ => false,
        };
        if !receives {
            let problem = "the register that it goes to is not defined, or cannot be written now: the request would be lost";
            return Err(FoiRejection::Transfer(problem.into()).into());
        }
        let basis = self.basis(request, now.ctx.linked)?;
        carry_clock(
            &basis.pack.clock,
            &now.calendar,
            &basis.origin,
            &request.steps,
            now.at_ms,
        )
        .map_err(|error| match error {
            ClockError::TransferWhileOpen { .. } => {
                FoiRejection::Transfer("a clarification or a fee is open; settle that first".into())
            }
            other => FoiRejection::Clock(other),
        })?;
        self.take(request, Step::Closed, now)
    }

    fn check_link(&self, e: &RequestsLinked) -> Result<(), Rejection> {
        let request = self.named(e.request)?;
        if e.similar >= e.request || !self.requests.contains_key(&e.similar) {
            return Err(wrong("links a request to an earlier one of this register"));
        }
        if request.similar.contains(&e.similar) {
            return Err(wrong("the two are linked already"));
        }
        Ok(())
    }

    fn check_decision(&self, e: &DecisionMade, now: &Now<'_>) -> Result<(), Rejection> {
        let request = self.named(e.request)?;
        if !request.is_open() && !request.is_reopened() {
            return Err(ended(request));
        }
        if request.admitted.is_none() {
            return Err(order("the request is not admitted yet"));
        }
        if request.is_open() {
            self.take(request, Step::Decided, now)?;
        }
        let pack = self.basis(request, now.ctx.linked)?.pack;
        if !(1..=200).contains(&e.documents.len()) {
            let problem = "a decision is about 1 to 200 documents".to_owned();
            return Err(FoiRejection::Decision { document: 0, problem }.into());
        }
        for (document, decided) in e.documents.iter().enumerate() {
            check_document(decided, &pack).map_err(|problem| FoiRejection::Decision { document, problem })?;
        }
        Ok(())
    }

    fn check_release(&self, e: &ReleaseMade) -> Result<(), Rejection> {
        let request = self.named(e.request)?;
        let decision = match &request.decision {
            Some(decision) if !request.is_open() => decision,
            _ => return Err(order("nothing is released before the decision")),
        };
        let refuse = |problem: String| Err(FoiRejection::Release(problem).into());
        if !(1..=200).contains(&e.releases.len()) {
            return refuse("1 to 200 documents are released at once".into());
        }
        for release in &e.releases {
            let document = release.document;
            let outcome = decision.documents.get(usize::from(document)).map(|d| d.outcome);
            if !matches!(outcome, Some(outcomes::RELEASED | outcomes::PARTLY_RELEASED)) {
                return refuse(format!("document {document} was not decided for release"));
            }
            if request.released.contains_key(&document) {
                return refuse(format!("document {document} is released already"));
            }
        }
        Ok(())
    }

    fn check_withdrawal(&self, e: &ReleaseWithdrawn) -> Result<(), Rejection> {
        let request = self.named(e.request)?;
        if request.decision.is_none() {
            return Err(order("nothing was released of this request"));
        }
        let refuse = |problem: String| Err(FoiRejection::Release(problem).into());
        if !(1..=200).contains(&e.documents.len()) {
            return refuse("1 to 200 documents are withdrawn at once".into());
        }
        match e.documents.iter().find(|d| !request.released.contains_key(d)) {
            Some(document) => refuse(format!("document {document} is not released")),
            None => Ok(()),
        }
    }

    fn check_grievance(&self, e: &GrievanceFiled, now: &Now<'_>) -> Result<(), Rejection> {
        let request = self.named(e.request)?;
        check_letter(e.letter.as_ref(), now)?;
        let refuse = |problem: String| Err(FoiRejection::Grievance(problem).into());
        let Some(opening) = request.opening else {
            return refuse("there is nothing yet that a grievance could be about".into());
        };
        if request.grievances.iter().any(|g| g.end.is_none()) {
            return refuse("a grievance about this request is open".into());
        }
        if request.grievances.iter().any(|g| g.opening == opening.seq) {
            return refuse("a grievance about this was filed already".into());
        }
        let anchor = day_when(opening.when, &now.calendar)?;
        let filed = match &e.letter {
            Some(letter) => numbered_day(letter.received_on).unwrap_or(now.day),
            None => now.day,
        };
        if filed < anchor {
            return refuse(format!("came before what it is about, on {anchor}"));
        }
        let pack = self.basis(request, now.ctx.linked)?.pack;
        if let Some(n) = pack.clock.grievance_days {
            let days = now.calendar.days_at(now.at_ms);
            let last = pack
                .clock
                .counting()
                .last_day_after(&days, anchor, n)
                .ok_or(FoiRejection::Clock(ClockError::BeyondTime))?;
            if filed > last {
                return refuse(format!("the last day for it was {last}"));
            }
        }
        Ok(())
    }

    fn check_grievance_decision(&self, e: &GrievanceDecided, author: KeyId) -> Result<(), Rejection> {
        let (request, grievance) = self
            .of_grievance(e.grievance)
            .ok_or_else(|| order(&format!("there is no grievance at position {}", e.grievance)))?;
        let refuse = |problem: &str| Err(FoiRejection::Grievance(problem.into()).into());
        if grievance.end.is_some() {
            return refuse("it was decided already, or rejected by silence");
        }
        if !matches!(e.decision, 1..=3) {
            return refuse("a decision is 1 upheld, 2 varied, or 3 overturned");
        }
        if request.actors.contains(&author) {
            return Err(FoiRejection::Officer.into());
        }
        Ok(())
    }

    fn check_view(&self, e: &RegisterViewPublished, ctx: &Context<'_>) -> Result<(), Rejection> {
        if e.view != views::DUE_DATES {
            let problem = format!("there is no view `{}` of this register", e.view);
            return Err(CalendarRejection::View(problem).into());
        }
        if e.size != ctx.size {
            let problem = format!(
                "the register has {} entries, not {}; compute it again",
                ctx.size, e.size
            );
            return Err(CalendarRejection::View(problem).into());
        }
        let published = ctx.contents.load(&e.content)?;
        let due_dates = self.due_dates(ctx.size, ctx.linked)?;
        if published[..] == due_dates[..] {
            Ok(())
        } else {
            Err(FoiRejection::DueDates.into())
        }
    }
}

fn order(problem: &str) -> Rejection {
    FoiRejection::Order(problem.into()).into()
}

fn wrong(problem: &str) -> Rejection {
    FoiRejection::Request(problem.into()).into()
}

fn ended(request: &Request) -> Rejection {
    let how = request.end.map_or("open", |end| end.kind.as_str());
    order(&format!("request number {} has ended: {how}", request.number))
}

/// Spec: specs/foi.md §2.2.
fn check_letter(letter: Option<&Letter>, now: &Now<'_>) -> Result<(), Rejection> {
    let Some(letter) = letter else { return Ok(()) };
    let today = number(now.day);
    if letter.received_on > today {
        return Err(wrong("a letter cannot have come after today"));
    }
    if letter.received_on < today.saturating_sub(366) {
        return Err(wrong("a letter is entered within 366 days after it came"));
    }
    Ok(())
}

fn check_fee(e: &FeeQuoted, now: &Now<'_>) -> Result<(), Rejection> {
    let today = number(now.day);
    if e.amount == 0 {
        return Err(wrong("a fee is at least 1, in the smallest unit of its currency"));
    }
    if e.currency.len() != 3 || !e.currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(wrong("a currency is three letters A to Z, such as QAR"));
    }
    if e.pay_by <= today || e.pay_by > today.saturating_add(366) || numbered_day(e.pay_by).is_none() {
        return Err(wrong("the last day to pay is 1 to 366 days from now"));
    }
    Ok(())
}

/// Spec: specs/foi.md §5.1.
fn check_document(document: &DocumentDecision, pack: &Arc<FoiPack>) -> Result<(), String> {
    let known = |code: &String| pack.exemptions.iter().any(|e| e.code == *code);
    if let Some(code) = document.exemptions.iter().find(|code| !known(code)) {
        let code: String = code.chars().filter(|c| c.is_ascii_graphic()).take(32).collect();
        return Err(format!("the rules have no exemption `{code}`"));
    }
    let withheld = matches!(document.outcome, outcomes::PARTLY_RELEASED | outcomes::REFUSED);
    if !(outcomes::RELEASED..=outcomes::ALREADY_PUBLIC).contains(&document.outcome) {
        return Err(
            "an outcome is 1 released, 2 partly released, 3 refused, 4 not held, 5 already public".into(),
        );
    }
    if withheld == document.exemptions.is_empty() {
        return Err("exemptions are named exactly if something is withheld".into());
    }
    if withheld != document.original.is_some() {
        return Err("the original is committed to exactly if something is withheld".into());
    }
    if (document.outcome == outcomes::ALREADY_PUBLIC) != document.place.is_some() {
        return Err("a place is named exactly if the document is public already".into());
    }
    if let Some(place) = &document.place {
        check_line(place).map_err(|problem| format!("place: {problem}"))?;
    }
    Ok(())
}
