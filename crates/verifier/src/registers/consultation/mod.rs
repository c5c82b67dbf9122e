//! A consultation: its settings, document, participants, comments, moderation, responses, themes and report.
//!
//! [`Register`] follows the entries of the ledger one after another; [`Consultation`] is what has stood on it with effect. In `rules` every
//! event is judged by its paragraph, in `document` what versions and answers say, in `log` is the view that is published.
//!
//! Spec: specs/consultation.md, specs/verification.md §16.

pub(crate) mod document;
mod log;
mod rules;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::authority::Authority;
use crate::calendar::{Day, day_at};
use crate::check::{Check, Checks};
use crate::contents::read_content;
use crate::events::{ConsultationEvent, ContentRef, Event, Question, RegisterEvent, Settings};
use crate::ledger::{Ledger, replay};
use crate::registers::common::{Common, Item, Judged, State};
use crate::registers::consultation::document::{Clauses, check_answers};
use crate::registers::consultation::log::{Counts, ReportState};
use crate::registers::jurisdiction::CalendarLedger;
use crate::source::Source;
use crate::wire::{Entry, Role};

type Id = [u8; 32];
type Fault = (Check, &'static str);

/// Checks of section 16.
pub(crate) const CONSULTATION_CHECKS: [Check; 15] = [
    Check::ConsultationOrder,
    Check::ConsultationDefinition,
    Check::ConsultationSettings,
    Check::ConsultationDocument,
    Check::ConsultationParticipant,
    Check::ConsultationEligibility,
    Check::ConsultationWindow,
    Check::ConsultationClause,
    Check::ConsultationComment,
    Check::ConsultationModeration,
    Check::ConsultationResponse,
    Check::ConsultationAnswer,
    Check::ConsultationTheme,
    Check::ConsultationReport,
    Check::ConsultationView,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Visible,
    Hidden,
    Withdrawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepKind {
    /// With the reason code.
    Hidden(u8),
    Restored,
    Appealed,
    AppealRejected,
    AppealGranted,
    Withdrawn,
    Erased,
}

/// What was done to a comment. Spec: specs/consultation.md §11.
#[derive(Debug, Clone, Copy)]
struct Step {
    position: u64,
    at_ms: u64,
    kind: StepKind,
    /// Author's key; `None` of what the intake service did for a person.
    by: Option<Id>,
}

/// A hiding that is current. Spec: specs/consultation.md §6.
#[derive(Debug, Clone, Copy)]
struct Hiding {
    by: Id,
    appealed: bool,
    pending: bool,
}

#[derive(Debug)]
struct Comment {
    person: Id,
    parent: Option<u64>,
    depth: u8,
    late: bool,
    standing: Standing,
    hiding: Option<Hiding>,
    /// Themes that it is in.
    themes: u32,
    text: Id,
    steps: Vec<Step>,
}

impl Comment {
    fn is_counted(&self) -> bool {
        self.standing == Standing::Visible && !self.late
    }
}

#[derive(Debug)]
struct Person {
    key: Option<Id>,
    category: u8,
    verified: bool,
    /// Position of the last ParticipantEnrolled or ParticipantChanged.
    at: u64,
}

/// Clauses of the latest version.
#[derive(Debug)]
enum Latest {
    None,
    Known(Clauses),
    /// The content of the version is not here.
    Unknown,
}

#[derive(Debug)]
struct Published {
    seq: u64,
    themes: Vec<String>,
}

/// What stands on a consultation with effect, from its definition on.
#[derive(Debug)]
struct Consultation {
    languages: Vec<u8>,
    questions: Vec<Question>,
    original_due: Day,
    settings: Settings,
    archived: bool,
    versions: u64,
    latest: Latest,
    people: HashMap<Id, Person>,
    /// The person that has a key now.
    keys: HashMap<Id, Id>,
    /// Keys that any person had.
    used: HashSet<Id>,
    comments: BTreeMap<u64, Comment>,
    /// Position of the response of each person.
    responses: HashMap<Id, u64>,
    /// The person of every response that was given.
    given: BTreeMap<u64, Id>,
    themes: BTreeMap<String, BTreeSet<u64>>,
    /// Day of the first report, and the day on which it was due then.
    first_report: Option<(Day, Day)>,
    /// The latest report.
    report: Option<Published>,
}

impl Consultation {
    fn due(&self) -> Day {
        self.settings.report_due.into()
    }

    fn last(&self) -> Day {
        self.settings.last.into()
    }

    fn admits(&self, category: u8, verified: bool) -> bool {
        self.settings.categories.contains(&category) && (verified || !self.settings.verified_only)
    }
}

/// What the report of a verification says of a consultation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) counts: Counts,
    pub(crate) report: ReportState,
    pub(crate) due: Day,
    pub(crate) archived: bool,
}

/// A consultation that is being followed.
#[derive(Debug)]
pub(crate) struct Register<'c> {
    pub(crate) common: Common<'c>,
    /// The entries could be read to the end.
    pub(crate) whole: bool,
    authority: Authority,
    moment: u64,
    state: Option<Consultation>,
    /// By size: the log as it follows from the first entries; of sizes that are published.
    logs: BTreeMap<u64, Option<ContentRef>>,
}

impl<'c> Register<'c> {
    /// Follows the entries of a consultation to the end.
    pub(crate) fn follow(
        source: &dyn Source,
        ledger: &Ledger,
        calendar: &'c CalendarLedger,
        checks: &mut Checks,
    ) -> Register<'c> {
        let common = Common::new(ledger.id, ledger.kind, ledger.genesis.parent, calendar, checks);
        let mut register = Register {
            common,
            whole: true,
            authority: Authority::of(&ledger.genesis),
            moment: 0,
            state: None,
            logs: ledger.view_sizes.iter().map(|size| (*size, None)).collect(),
        };
        let outcome = replay(source, ledger, checks, |checks, entries| {
            for (entry, event) in entries {
                let reported = ledger.reported.contains(&entry.seq);
                register.take(source, entry, event, reported, checks);
            }
        });
        if let Err(reason) = outcome {
            register.whole = false;
            Common::skip_all(&CONSULTATION_CHECKS, &reason, checks);
        }
        if ledger.has_participants && !register.common.judged {
            let reason = "the days of a consultation are not known, so its participants are not";
            checks.skip(Check::EventAuthor, reason);
        }
        register.withhold();
        register
    }

    /// `reported`: the author does not hold the role.
    fn take(
        &mut self,
        source: &dyn Source,
        entry: &Entry<'_>,
        event: &Event<'_>,
        reported: bool,
        checks: &mut Checks,
    ) {
        let before = self.moment;
        let item = Item::new(entry, event, before);
        self.moment = item.moment;
        if item.seq > 0 {
            self.judge(source, &item, before, reported, checks);
            self.authority.follow(&item.author, event);
        }
        let size = item.seq.saturating_add(1);
        if let (Some(log), Some(state), true) = (self.logs.get_mut(&size), &self.state, self.common.judged) {
            let (closed, erased) = (self.common.closed, &self.common.erased);
            *log = Some(state.cite_log(&self.common.id, size, closed, erased));
        }
    }

    fn judge(&mut self, source: &dyn Source, item: &Item, before: u64, reported: bool, checks: &mut Checks) {
        use RegisterEvent as E;
        let judged = self
            .common
            .judge(item, Some(before), &CONSULTATION_CHECKS, checks);
        let Judged::On { today, stands } = judged else {
            return;
        };
        match &item.event {
            Some(E::ErasureConfirmed { order }) if stands => self.note_erasure(item, order),
            Some(E::ViewPublished { view, size, content }) => {
                self.look_at_view(item.seq, view, *size, content, checks);
            }
            Some(E::Consultation(event)) if !reported => {
                let place = self.common.place(item.seq);
                if event.author() == Role::PARTICIPANT {
                    let known = self.person_of(&item.author).is_some();
                    let detail = format!("{} by a key that no participant has", event.name());
                    if !checks.require(Check::EventAuthor, place, known, &detail) {
                        return;
                    }
                }
                let received = self
                    .common
                    .days
                    .as_ref()
                    .and_then(|days| day_at(&days.zone, item.received_ms).ok());
                let days = (today, received.unwrap_or(today));
                match self.apply(source, item, event, days, checks) {
                    Ok(()) => {
                        checks.pass(Check::ConsultationOrder);
                        for check in concerned(event) {
                            checks.pass(*check);
                        }
                        self.common.publish(item);
                    }
                    Err((check, reason)) => checks.fail(check, place, reason),
                }
            }
            _ => {}
        }
    }

    /// The enrolled person that has this key.
    fn person_of(&self, key: &Id) -> Option<Id> {
        self.state.as_ref()?.keys.get(key).copied()
    }

    fn look_at_view(&mut self, seq: u64, view: &str, size: u64, content: &ContentRef, checks: &mut Checks) {
        // Whether there is one of this size is for the document of the register to say.
        let exists = self
            .common
            .look_at_view(seq, (view, size), "moderation-log", Some(0), checks);
        if exists {
            let outcome = match self.logs.get(&size) {
                Some(Some(log)) if log == content => Ok(()),
                Some(Some(_)) => Err("the log is not the one that follows from the ledger"),
                _ => Err("there is no log before the consultation is defined"),
            };
            checks.outcome(Check::ConsultationView, self.common.place(seq), outcome);
        }
    }

    /// Notes an erasure on the comments whose texts it is of. Spec: specs/consultation.md §11.
    fn note_erasure(&mut self, item: &Item, order: &Id) {
        let Some(state) = &mut self.state else {
            return;
        };
        for commitment in self.common.order(order) {
            let places = self.common.contents.get(commitment).into_iter().flatten();
            let positions: BTreeSet<u64> = places.map(|content| content.seq).collect();
            for position in positions {
                if let Some(comment) = state.comments.get_mut(&position)
                    && comment.text == *commitment
                {
                    comment.steps.push(Step {
                        position: item.seq,
                        at_ms: item.moment,
                        kind: StepKind::Erased,
                        by: Some(item.author),
                    });
                }
            }
        }
    }

    /// What the rules withhold at the end of the ledger. Spec: specs/consultation.md §9.
    fn withhold(&mut self) {
        let Some(state) = &self.state else {
            return;
        };
        let over = self.common.closed.is_some_and(|closed| closed >= state.last());
        for content in self.common.contents.values_mut().flatten() {
            let withheld = if let Some(comment) = state.comments.get(&content.seq) {
                comment.standing != Standing::Visible
            } else if let Some(person) = state.given.get(&content.seq) {
                !over || state.responses.get(person) != Some(&content.seq)
            } else {
                false
            };
            if withheld && content.state == State::Published {
                content.state = State::Withheld;
            }
        }
    }

    /// Judges the published content of the event at `seq`, if it is answers to the questions. Spec: specs/verification.md §16.11.
    pub(crate) fn check_answers(&self, seq: u64, text: &[u8], checks: &mut Checks) {
        if let Some(state) = self.state.as_ref().filter(|state| state.given.contains_key(&seq)) {
            let outcome = check_answers(text, &state.questions);
            checks.outcome(Check::ConsultationResponse, self.common.place(seq), outcome);
        }
    }

    /// `None` of a consultation that is not defined, or not judged.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let state = self.state.as_ref().filter(|_| self.common.judged)?;
        Some(Summary {
            counts: state.counts(&self.common.erased),
            report: state.report_state(self.common.closed),
            due: state.due(),
            archived: state.archived,
        })
    }

    /// The bytes of a cited content, if they are here.
    fn read(source: &dyn Source, content: &ContentRef) -> Option<Vec<u8>> {
        read_content(source, content).ok()
    }
}

/// Checks, besides the order of events, that an event without a fault has passed.
fn concerned(event: &ConsultationEvent) -> &'static [Check] {
    use Check as C;
    use ConsultationEvent as E;
    match event {
        E::ConsultationDefined { .. } => &[C::ConsultationDefinition],
        E::SettingsChanged { .. } => &[C::ConsultationSettings],
        // Where it can be read.
        E::DocumentPublished { .. } => &[],
        E::ParticipantEnrolled { .. } => &[C::ConsultationParticipant, C::ConsultationEligibility],
        E::ParticipantChanged { .. } => &[C::ConsultationParticipant],
        // The clause where the version can be read.
        E::Comment { person: None, .. } => &[
            C::ConsultationEligibility,
            C::ConsultationWindow,
            C::ConsultationComment,
        ],
        E::Comment { .. } => &[
            C::ConsultationParticipant,
            C::ConsultationEligibility,
            C::ConsultationWindow,
            C::ConsultationComment,
        ],
        E::Withdrawal { person: None, .. } => &[C::ConsultationComment],
        E::Withdrawal { .. } => &[C::ConsultationParticipant, C::ConsultationComment],
        E::CommentHidden { .. }
        | E::CommentRestored { .. }
        | E::AppealDecided { .. }
        | E::Appeal { person: None, .. } => &[C::ConsultationModeration],
        E::Appeal { .. } => &[C::ConsultationParticipant, C::ConsultationModeration],
        E::Response { person: None, .. } => &[
            C::ConsultationEligibility,
            C::ConsultationWindow,
            C::ConsultationResponse,
        ],
        E::Response { .. } => &[
            C::ConsultationParticipant,
            C::ConsultationEligibility,
            C::ConsultationWindow,
            C::ConsultationResponse,
        ],
        E::AnswerGiven { .. } => &[C::ConsultationAnswer],
        E::ThemeDefined { .. } | E::CommentsAssigned { .. } => &[C::ConsultationTheme],
        E::ReportPublished { .. } | E::ConsultationArchived => &[C::ConsultationReport],
    }
}
