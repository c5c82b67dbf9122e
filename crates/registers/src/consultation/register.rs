//! A consultation on its ledger: its rules, and the days, commitments and erasures that all registers have.
//! Spec: specs/jurisdiction.md §2, §3, §5, specs/consultation.md.

use sijill_ledger::{Authority, Committed, KeyId, Kind, LedgerId};
use sijill_rules::Calendar;

use super::decide::ConsultationRejection;
use super::document::Answers;
use super::events::{ConsultationEvent, What};
use super::state::{At, ConsultationSnapshot, ConsultationState};
use super::views::MODERATION_LOG;
use crate::calendar::events::{RegisterEvent, RegisterViewPublished};
use crate::calendar::{CalendarRejection, Days, DaysSnapshot, Field, Form};
use crate::catalogue::Event;
use crate::register::{Consequence, Contents, Context, Linked, Position, Rejection};

/// A consultation and the days of its ledger.
#[derive(Debug, Clone)]
pub struct ConsultationRegister {
    ledger: LedgerId,
    days: Days,
    state: ConsultationState,
}

impl ConsultationRegister {
    /// A consultation of the jurisdiction with this calendar ledger, not yet defined.
    #[must_use]
    pub fn new(ledger: LedgerId, parent: LedgerId) -> Self {
        Self {
            ledger,
            days: Days::new(ledger, parent),
            state: ConsultationState::new(parent),
        }
    }

    /// It, for a cache. Spec: specs/operations.md §11.
    pub(crate) fn snapshot(&self) -> (DaysSnapshot, ConsultationSnapshot) {
        (self.days.snapshot(), self.state.snapshot())
    }

    /// `None` if the snapshot cannot be of a consultation.
    pub(crate) fn restore(
        &mut self,
        (days, state): (DaysSnapshot, ConsultationSnapshot),
        contents: &dyn Contents,
    ) -> Option<()> {
        self.days.restore(days)?;
        self.state.restore(state, contents)
    }

    /// Its days.
    #[must_use]
    pub const fn days(&self) -> &Days {
        &self.days
    }

    /// Its state.
    #[must_use]
    pub const fn state(&self) -> &ConsultationState {
        &self.state
    }

    /// The calendar as the consultation has seen it.
    ///
    /// # Errors
    /// [`CalendarRejection`] if it has not.
    pub fn calendar(&self, linked: &dyn Linked) -> Result<Calendar, CalendarRejection> {
        self.days.calendar(linked)
    }

    /// The moderation log after the first `size` entries, which are all of them; `None` before the definition.
    ///
    /// # Errors
    /// [`CalendarRejection`] if the consultation has not seen its calendar.
    pub fn moderation_log(
        &self,
        size: u64,
        linked: &dyn Linked,
    ) -> Result<Option<Vec<u8>>, CalendarRejection> {
        let calendar = self.days.calendar(linked)?;
        let log = self.state.read(&calendar).moderation_log(self.ledger, size);
        Ok(log.map(|log| log.to_bytes()))
    }

    /// What holds for every entry but those that cite the calendar.
    pub(crate) fn check_entry(&self, name: &str, ctx: &Context<'_>) -> Result<Calendar, Rejection> {
        let calendar = self.days.calendar(ctx.linked)?;
        self.days.check_entry(name, &calendar, ctx.received_ms.as_u64())?;
        Ok(calendar)
    }

    pub(crate) fn decide_register(
        &self,
        event: &RegisterEvent,
        author: KeyId,
        ctx: &Context<'_>,
    ) -> Result<Vec<Consequence>, Rejection> {
        self.days.check(Kind::Consultation, event, author, ctx)?;
        if let RegisterEvent::ViewPublished(e) = event {
            self.check_view(e, ctx)?;
        }
        Ok(Vec::new())
    }

    pub(crate) fn decide(
        &self,
        event: &ConsultationEvent,
        author: KeyId,
        ctx: &Context<'_>,
        authority: &Authority,
    ) -> Result<Vec<Consequence>, Rejection> {
        let calendar = self.check_entry(event.name(), ctx)?;
        let received_ms = ctx.received_ms.as_u64();
        let at = At {
            position: ctx.size,
            author,
            received_ms,
            moment_ms: self.days.next_moment(received_ms),
        };
        self.state.decide(event, &at, &calendar, ctx, authority)?;
        self.days.check_commitments(&event.fields(), ctx)?;
        self.check_answers(event, ctx)?;
        Ok(Vec::new())
    }

    /// Takes note of an entry of any type.
    pub(crate) fn note(&mut self, at: &Position, event: &Event) {
        let erased = match event {
            Event::Register(RegisterEvent::ErasureConfirmed(e)) => {
                self.days.ordered(&e.order).map(<[_]>::to_vec)
            }
            _ => None,
        };
        self.days.note(at, event, &event.fields());
        if let Some(commitments) = erased {
            self.state.erase(&self.at(at), &commitments);
        }
        if let Event::Register(RegisterEvent::DayClosed(e)) = event {
            self.state.close_day(e.day);
        }
    }

    /// Applies an event; [`note`](Self::note) comes before.
    pub(crate) fn evolve(
        &mut self,
        at: &Position,
        event: &ConsultationEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let at = self.at(at);
        self.state.evolve(&at, event, contents)
    }

    fn at(&self, at: &Position) -> At {
        let received_ms = at.received_ms.as_u64();
        At {
            position: at.seq,
            author: at.author,
            received_ms,
            moment_ms: self.days.moment_ms().unwrap_or(received_ms),
        }
    }

    /// What a response commits to fits the questions. Spec: specs/consultation.md §7.
    fn check_answers(&self, event: &ConsultationEvent, ctx: &Context<'_>) -> Result<(), Rejection> {
        let questions = self.state.definition().map_or(&[][..], |d| &d.questions);
        for (what, committed) in event.committed() {
            if what == What::Answers {
                let content = ctx.contents.opening(&committed)?;
                Answers::parse(&content, questions).map_err(ConsultationRejection::Response)?;
            }
        }
        Ok(())
    }

    fn check_view(&self, e: &RegisterViewPublished, ctx: &Context<'_>) -> Result<(), Rejection> {
        if e.view != MODERATION_LOG {
            let problem = format!("there is no view `{}` of a consultation", e.view);
            return Err(CalendarRejection::View(problem).into());
        }
        if e.size != ctx.size {
            let problem = format!(
                "the consultation has {} entries, not {}; compute it again",
                ctx.size, e.size
            );
            return Err(CalendarRejection::View(problem).into());
        }
        let published = ctx.contents.load(&e.content)?;
        let log = self.moderation_log(ctx.size, ctx.linked)?;
        if log.as_deref() == Some(&published[..]) {
            Ok(())
        } else {
            Err(ConsultationRejection::View.into())
        }
    }
}

impl ConsultationEvent {
    /// Every commitment, in the order of the payload. Spec: specs/consultation.md §9.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let field = |(what, committed): (What, Committed)| Field {
            committed,
            form: if what == What::Record {
                Form::Bytes
            } else {
                Form::Text
            },
            open: matches!(what, What::Comment | What::Answers | What::Official),
        };
        self.committed().into_iter().map(field).collect()
    }
}
