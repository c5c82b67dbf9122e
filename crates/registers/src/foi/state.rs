//! State of a register of freedom of information: what happened, never what follows from the calendar.
//!
//! Due dates are derived where they are asked for, from the steps that stand here, the pack, and the calendar as the
//! register has cited it. So `evolve` needs no other ledger, and ledgers may be read back in any order.
//!
//! Spec: specs/foi.md §3 to §7.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_ledger::{Committed, ContentRef, KeyId, LedgerId};
use sijill_rules::{FoiPack, Step, StepAt, numbered_day};

use super::events::{DocumentDecision, FoiEvent, Letter, grievance_decisions};
use crate::calendar::{Cited, Days};
use crate::catalogue::Event;
use crate::register::{Contents, Position};

/// How a request began here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Begin {
    /// It was submitted.
    Received {
        /// Moment of its entry, in milliseconds.
        at_ms: u64,
        /// The day on which it came on paper, as a day number.
        on: Option<u32>,
    },
    /// It came from another register.
    TakenOver {
        /// Moment of its entry, in milliseconds.
        at_ms: u64,
        /// That register.
        from: LedgerId,
        /// The request there.
        request: u64,
    },
}

impl Begin {
    /// Moment of the entry that began it.
    #[must_use]
    pub const fn at_ms(&self) -> u64 {
        match self {
            Self::Received { at_ms, .. } | Self::TakenOver { at_ms, .. } => *at_ms,
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EndKind {
    /// The body decided.
    Decided,
    /// Another way is open to the requester.
    RoutedOut,
    /// Another authority answers.
    Transferred,
    /// The requester withdrew it.
    Withdrawn,
    /// The fee was not paid.
    Unpaid,
    /// Silence counts as a refusal.
    DeemedRefused,
    /// The requester did not clarify.
    Abandoned,
}

impl EndKind {
    /// As in published views. Spec: specs/foi.md §9.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::RoutedOut => "routed-out",
            Self::Transferred => "transferred",
            Self::Withdrawn => "withdrawn",
            Self::Unpaid => "unpaid",
            Self::DeemedRefused => "deemed-refused",
            Self::Abandoned => "abandoned",
        }
    }
}

/// When something came about that the clock brings about, or an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// At the beginning of a day, given by its number.
    Day(u32),
    /// At the moment of an entry, in milliseconds.
    Moment(u64),
}

/// The end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How.
    pub kind: EndKind,
    /// Position of the entry.
    pub seq: u64,
    /// When.
    pub when: When,
}

/// What a grievance may be about. Spec: specs/foi.md §7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Position of the entry.
    pub seq: u64,
    /// When.
    pub when: When,
}

/// The decision of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionOn {
    /// Position of the entry.
    pub seq: u64,
    /// Moment of the entry.
    pub at_ms: u64,
    /// The reasons.
    pub statement: Committed,
    /// Document by document.
    pub documents: Vec<DocumentDecision>,
}

/// How a grievance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrievanceEnd {
    /// An officer decided.
    Decided {
        /// Moment of the entry.
        at_ms: u64,
        /// One of [`grievance_decisions`].
        decision: u8,
    },
    /// Silence counts as a rejection.
    Rejected {
        /// The day, as a day number.
        day: u32,
    },
}

/// A grievance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grievance {
    /// Its position.
    pub seq: u64,
    /// Position of what it is about.
    pub opening: u64,
    /// Moment of its entry.
    pub at_ms: u64,
    /// The day on which it came on paper, as a day number.
    pub on: Option<u32>,
    /// Day and last day of the DeadlineMissed about it.
    pub missed: Option<(u32, u32)>,
    /// How it ended.
    pub end: Option<GrievanceEnd>,
}

/// A third party that is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consultation {
    /// Its position.
    pub seq: u64,
    /// Moment of its entry.
    pub at_ms: u64,
    /// Moment of the reply.
    pub replied_ms: Option<u64>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its position: its name on the ledger.
    pub seq: u64,
    /// Its number, from 1.
    pub number: u64,
    /// How it began.
    pub begin: Begin,
    /// Its pack, unless that is the one that it has where it came from.
    #[serde(skip)]
    pub(super) pack: Option<Arc<FoiPack>>,
    /// Steps of its clock.
    #[serde(with = "super::snapshot::steps")]
    pub steps: Vec<StepAt>,
    /// Position of its admission, and the public summary.
    pub admitted: Option<(u64, Committed)>,
    /// Last day to pay an open fee, as a day number.
    pub fee_open: Option<u32>,
    /// Day and due date of its DeadlineMissed.
    pub missed: Option<(u32, u32)>,
    /// How it ended.
    pub end: Option<End>,
    /// The current opening.
    pub opening: Option<Opening>,
    /// The last decision.
    pub decision: Option<DecisionOn>,
    /// What is released now, by document.
    pub released: BTreeMap<u16, Committed>,
    /// Releases that were withdrawn.
    pub withdrawn: Vec<Committed>,
    /// Third parties.
    pub consultations: Vec<Consultation>,
    /// Grievances.
    pub grievances: Vec<Grievance>,
    /// Earlier requests for the same.
    pub similar: Vec<u64>,
    /// The last grievance was decided as varied or overturned, and nothing was decided since.
    pub(super) overturned: bool,
    /// Everybody who authored an event of it, GrievanceDecided apart.
    pub(super) actors: BTreeSet<KeyId>,
    /// The officer who acted on it last, grievances apart.
    pub officer: Option<KeyId>,
    /// The register that it went to.
    pub transferred_to: Option<LedgerId>,
}

impl Request {
    /// Whether it has not ended.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Whether it has ended and must be decided anew. Spec: specs/foi.md §3.
    #[must_use]
    pub const fn is_reopened(&self) -> bool {
        self.end.is_some() && self.overturned
    }

    fn new(seq: u64, number: u64, begin: Begin, pack: Option<Arc<FoiPack>>) -> Self {
        Self {
            seq,
            number,
            begin,
            pack,
            steps: Vec::new(),
            admitted: None,
            fee_open: None,
            missed: None,
            end: None,
            opening: None,
            decision: None,
            released: BTreeMap::new(),
            withdrawn: Vec::new(),
            consultations: Vec::new(),
            grievances: Vec::new(),
            similar: Vec::new(),
            overturned: false,
            actors: BTreeSet::new(),
            officer: None,
            transferred_to: None,
        }
    }
}

/// A request that went to another register, as that one needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferOut {
    /// The register that it went to.
    pub to: LedgerId,
    /// Position of the RequestTransferred.
    pub seq: u64,
    /// Moment of the RequestTransferred.
    pub at_ms: u64,
    /// How it began.
    pub begin: Begin,
    /// Its pack, unless it was taken over itself.
    #[serde(skip)]
    pub(super) pack: Option<Arc<FoiPack>>,
    /// Steps of its clock before the transfer.
    #[serde(with = "super::snapshot::steps")]
    pub steps: Vec<StepAt>,
}

/// What a register has established for other registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoiFacts {
    /// The ledger.
    pub ledger: LedgerId,
    /// The calendar ledger of its jurisdiction.
    pub parent: LedgerId,
    /// Whether it is defined: before, it receives no transfer.
    pub defined: bool,
    /// Requests that went elsewhere, by position.
    pub transfers: BTreeMap<u64, Arc<TransferOut>>,
    /// What it has cited of the calendar.
    pub cited: Arc<Vec<Cited>>,
    /// Requests that came from elsewhere.
    pub taken: BTreeSet<(LedgerId, u64)>,
}

/// State of a register of freedom of information.
#[derive(Debug, Clone)]
pub struct FoiState {
    pub(super) ledger: LedgerId,
    pub(super) predecessor: Option<LedgerId>,
    pub(super) days: Days,
    /// Every pack that was chosen, in order; the last one is in force.
    pub(super) packs: Vec<(ContentRef, Arc<FoiPack>)>,
    pub(super) successor: Option<LedgerId>,
    pub(super) requests: BTreeMap<u64, Request>,
    /// Positions of the requests, by number less 1.
    numbers: Vec<u64>,
    /// Open requests.
    pub(super) open: BTreeSet<u64>,
    /// Requests that must be decided anew.
    reopened: BTreeSet<u64>,
    /// Open grievances, and their requests.
    pub(super) open_grievances: BTreeMap<u64, u64>,
    /// Requests of grievances.
    pub(super) grievances: BTreeMap<u64, u64>,
    /// Requests of consultations.
    pub(super) consultations: BTreeMap<u64, u64>,
    facts: Arc<FoiFacts>,
}

impl FoiState {
    /// An empty register of a jurisdiction.
    #[must_use]
    pub fn new(ledger: LedgerId, parent: LedgerId, predecessor: Option<LedgerId>) -> Self {
        Self {
            ledger,
            predecessor,
            days: Days::new(ledger, parent),
            packs: Vec::new(),
            successor: None,
            requests: BTreeMap::new(),
            numbers: Vec::new(),
            open: BTreeSet::new(),
            reopened: BTreeSet::new(),
            open_grievances: BTreeMap::new(),
            grievances: BTreeMap::new(),
            consultations: BTreeMap::new(),
            facts: Arc::new(FoiFacts {
                ledger,
                parent,
                defined: false,
                transfers: BTreeMap::new(),
                cited: Arc::new(Vec::new()),
                taken: BTreeSet::new(),
            }),
        }
    }

    /// What it has established.
    #[must_use]
    pub fn facts(&self) -> Arc<FoiFacts> {
        Arc::clone(&self.facts)
    }

    /// Its days, and the calendar as it has cited it.
    #[must_use]
    pub const fn days(&self) -> &Days {
        &self.days
    }

    /// The pack in force, once the register is defined.
    #[must_use]
    pub fn pack_in_force(&self) -> Option<&FoiPack> {
        self.packs.last().map(|(_, pack)| &**pack)
    }

    /// Where new requests go, if not here.
    #[must_use]
    pub const fn successor(&self) -> Option<LedgerId> {
        self.successor
    }

    /// Every request, by number.
    pub fn requests(&self) -> impl ExactSizeIterator<Item = &Request> {
        self.requests.values()
    }

    /// A request by its position.
    #[must_use]
    pub fn request(&self, seq: u64) -> Option<&Request> {
        self.requests.get(&seq)
    }

    /// A request by its number.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Option<&Request> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.requests.get(self.numbers.get(at)?)
    }

    /// Every request from a position on, by number.
    pub fn requests_from(&self, seq: u64) -> impl Iterator<Item = &Request> {
        self.requests.range(seq..).map(|(_, request)| request)
    }

    /// Requests that are open or must be decided anew, by number.
    pub fn unsettled(&self) -> impl Iterator<Item = &Request> {
        self.open
            .union(&self.reopened)
            .filter_map(|seq| self.requests.get(seq))
    }

    /// The request that an event concerns, if it concerns one; the event is at a position of this ledger.
    #[must_use]
    pub fn concerns(&self, position: u64, event: &FoiEvent) -> Option<u64> {
        let item = |item: u64| match self.grievances.get(&item) {
            Some(request) => Some(*request),
            None => Some(item),
        };
        match event {
            FoiEvent::RequestSubmitted(_) | FoiEvent::TransferReceived(_) => Some(position),
            FoiEvent::ThirdPartyReplied(e) => self.consultations.get(&e.consultation).copied(),
            FoiEvent::GrievanceDecided(e) => self.grievances.get(&e.grievance).copied(),
            FoiEvent::DeadlineMissed(e) => item(e.item),
            FoiEvent::SilenceDeemed(e) => item(e.item),
            FoiEvent::RequestAbandoned(e) => Some(e.request),
            other => other.request(),
        }
    }

    /// Whether anything waits for an answer.
    #[must_use]
    pub fn has_open(&self) -> bool {
        !self.open.is_empty() || !self.open_grievances.is_empty()
    }

    /// The request of a grievance.
    pub(super) fn of_grievance(&self, grievance: u64) -> Option<(&Request, &Grievance)> {
        let request = self.requests.get(self.grievances.get(&grievance)?)?;
        let found = request.grievances.iter().find(|g| g.seq == grievance)?;
        Some((request, found))
    }

    /// The request of a consultation.
    pub(super) fn of_consultation(&self, consultation: u64) -> Option<(&Request, &Consultation)> {
        let request = self.requests.get(self.consultations.get(&consultation)?)?;
        let found = request.consultations.iter().find(|c| c.seq == consultation)?;
        Some((request, found))
    }

    /// Takes note of an entry of any type.
    pub(crate) fn note(&mut self, at: &Position, event: &Event) {
        let before = self.days.size();
        self.days.note(at, event, &event.fields());
        if self.days.size() != before {
            Arc::make_mut(&mut self.facts).cited = self.days.cited();
        }
    }

    /// Applies an event; [`note`](Self::note) comes before.
    pub(crate) fn evolve(
        &mut self,
        at: &Position,
        event: &FoiEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let seq = at.seq;
        let at_ms = self.days.moment_ms().ok_or("an event before its moment")?;
        match event {
            FoiEvent::RegisterDefined(e) => {
                self.choose(e.pack, contents)?;
                Arc::make_mut(&mut self.facts).defined = true;
            }
            FoiEvent::RulesChosen(e) => self.choose(e.pack, contents)?,
            FoiEvent::RegisterSucceeded(e) => self.successor = Some(e.successor),
            FoiEvent::RequestSubmitted(e) => {
                let (_, pack) = self.packs.last().ok_or("a request before the register")?;
                let pack = Some(Arc::clone(pack));
                let begin = Begin::Received {
                    at_ms,
                    on: came_on(e.letter.as_ref()),
                };
                self.begin(seq, begin, pack);
            }
            FoiEvent::TransferReceived(e) => {
                let begin = Begin::TakenOver {
                    at_ms,
                    from: e.from,
                    request: e.request,
                };
                self.begin(seq, begin, None);
                Arc::make_mut(&mut self.facts).taken.insert((e.from, e.request));
            }
            FoiEvent::RequestAdmitted(e) => self.of(e.request)?.admitted = Some((seq, e.summary)),
            FoiEvent::RequestRoutedOut(e) => {
                self.step(e.request, at_ms, Step::Closed)?;
                self.end(e.request, EndKind::RoutedOut, seq, When::Moment(at_ms))?;
            }
            FoiEvent::RequestTransferred(e) => {
                let request = self.of(e.request)?;
                request.transferred_to = Some(e.to);
                let out = TransferOut {
                    to: e.to,
                    seq,
                    at_ms,
                    begin: request.begin,
                    pack: request.pack.clone(),
                    steps: request.steps.clone(),
                };
                Arc::make_mut(&mut self.facts)
                    .transfers
                    .insert(e.request, Arc::new(out));
                self.step(e.request, at_ms, Step::Closed)?;
                self.end(e.request, EndKind::Transferred, seq, When::Moment(at_ms))?;
            }
            FoiEvent::RequestsLinked(e) => self.of(e.request)?.similar.push(e.similar),
            FoiEvent::ClarificationAsked(e) => self.step(e.request, at_ms, Step::ClarificationAsked)?,
            FoiEvent::ClarificationGiven(e) => {
                let step = match came_on(e.letter.as_ref()) {
                    Some(on) => Step::ClarificationReceived {
                        on: numbered_day(on).ok_or("a day after 9989")?,
                    },
                    None => Step::ClarificationAnswered,
                };
                self.step(e.request, at_ms, step)?;
            }
            FoiEvent::FeeQuoted(e) => {
                self.step(e.request, at_ms, Step::FeeQuoted)?;
                self.of(e.request)?.fee_open = Some(e.pay_by);
            }
            FoiEvent::FeeSettled(e) => {
                self.step(e.request, at_ms, Step::FeeSettled)?;
                self.of(e.request)?.fee_open = None;
            }
            FoiEvent::FeeUnpaid(e) => {
                self.step(e.request, at_ms, Step::Closed)?;
                self.end(e.request, EndKind::Unpaid, seq, When::Moment(at_ms))?;
            }
            FoiEvent::ThirdPartyConsulted(e) => {
                self.of(e.request)?.consultations.push(Consultation {
                    seq,
                    at_ms,
                    replied_ms: None,
                });
                self.consultations.insert(seq, e.request);
            }
            FoiEvent::ThirdPartyReplied(e) => {
                let request = *self
                    .consultations
                    .get(&e.consultation)
                    .ok_or("a reply to nothing")?;
                let mut all = self.of(request)?.consultations.iter_mut();
                let found = all
                    .find(|c| c.seq == e.consultation)
                    .ok_or("a reply to nothing")?;
                found.replied_ms = Some(at_ms);
            }
            FoiEvent::DeadlineExtended(e) => self.step(e.request, at_ms, Step::Extended)?,
            FoiEvent::RequestWithdrawn(e) => {
                self.step(e.request, at_ms, Step::Closed)?;
                self.end(e.request, EndKind::Withdrawn, seq, When::Moment(at_ms))?;
            }
            FoiEvent::DecisionMade(e) => {
                let when = When::Moment(at_ms);
                if self.of(e.request)?.is_open() {
                    self.step(e.request, at_ms, Step::Decided)?;
                    self.end(e.request, EndKind::Decided, seq, when)?;
                }
                let request = self.of(e.request)?;
                request.opening = Some(Opening { seq, when });
                request.overturned = false;
                request.decision = Some(DecisionOn {
                    seq,
                    at_ms,
                    statement: e.statement,
                    documents: e.documents.clone(),
                });
                // What an earlier decision released stays published, but belongs to no document of this one.
                request.released.clear();
            }
            FoiEvent::ReleaseMade(e) => {
                let released = e.releases.iter().map(|r| (r.document, r.rendition));
                self.of(e.request)?.released.extend(released);
            }
            FoiEvent::ReleaseWithdrawn(e) => {
                let request = self.of(e.request)?;
                for document in &e.documents {
                    let gone = request.released.remove(document);
                    request
                        .withdrawn
                        .push(gone.ok_or("a withdrawal of what was not released")?);
                }
            }
            FoiEvent::GrievanceFiled(e) => {
                let request = self.of(e.request)?;
                let opening = request.opening.ok_or("a grievance about nothing")?;
                request.overturned = false;
                request.grievances.push(Grievance {
                    seq,
                    opening: opening.seq,
                    at_ms,
                    on: came_on(e.letter.as_ref()),
                    missed: None,
                    end: None,
                });
                self.grievances.insert(seq, e.request);
                self.open_grievances.insert(seq, e.request);
            }
            FoiEvent::GrievanceDecided(e) => {
                let end = GrievanceEnd::Decided {
                    at_ms,
                    decision: e.decision,
                };
                self.grievance(e.grievance)?.end = Some(end);
                let request = self.open_grievances.remove(&e.grievance);
                self.of(request.ok_or("a decision on no open grievance")?)?
                    .overturned = e.decision != grievance_decisions::UPHELD;
            }
            FoiEvent::DeadlineMissed(e) => {
                let missed = Some((e.day, e.due));
                if let Some(request) = self.requests.get_mut(&e.item) {
                    request.missed = missed;
                    request.opening = Some(Opening {
                        seq,
                        when: When::Day(e.day),
                    });
                } else {
                    self.grievance(e.item)?.missed = missed;
                }
            }
            FoiEvent::SilenceDeemed(e) => {
                if self.requests.contains_key(&e.item) {
                    self.end(e.item, EndKind::DeemedRefused, seq, When::Day(e.day))?;
                } else {
                    self.grievance(e.item)?.end = Some(GrievanceEnd::Rejected { day: e.day });
                    self.open_grievances.remove(&e.item);
                }
            }
            FoiEvent::RequestAbandoned(e) => {
                self.end(e.request, EndKind::Abandoned, seq, When::Day(e.day))?;
            }
        }
        self.remember_actor(at, event);
        if let Some(seq) = self.concerns(seq, event) {
            if self.requests.get(&seq).is_some_and(Request::is_reopened) {
                self.reopened.insert(seq);
            } else {
                self.reopened.remove(&seq);
            }
        }
        Ok(())
    }

    fn remember_actor(&mut self, at: &Position, event: &FoiEvent) {
        let request = match event {
            FoiEvent::GrievanceDecided(_) | FoiEvent::TransferReceived(_) => None,
            FoiEvent::RequestSubmitted(_) => Some(at.seq),
            FoiEvent::ThirdPartyReplied(e) => self.consultations.get(&e.consultation).copied(),
            other => other.request(),
        };
        if let Some(request) = request.and_then(|seq| self.requests.get_mut(&seq)) {
            request.actors.insert(at.author);
            // What the requester causes is the service's act, unless it came by a letter.
            let by_officer = event.letter().is_none_or(|letter| letter.is_some());
            if by_officer {
                request.officer = Some(at.author);
            }
        }
    }

    pub(super) fn choose(&mut self, content: ContentRef, contents: &dyn Contents) -> Result<(), String> {
        let bytes = contents.load(&content).map_err(|e| e.to_string())?;
        let pack = FoiPack::from_json(&bytes).map_err(|e| e.to_string())?;
        self.packs.push((content, Arc::new(pack)));
        Ok(())
    }

    fn begin(&mut self, seq: u64, begin: Begin, pack: Option<Arc<FoiPack>>) {
        let number = self.requests.len() as u64 + 1;
        self.numbers.push(seq);
        self.requests.insert(seq, Request::new(seq, number, begin, pack));
        self.open.insert(seq);
    }

    /// Puts back what a snapshot holds, and what follows from it. `None` if it cannot be of a register.
    pub(super) fn take_back(
        &mut self,
        requests: Vec<Request>,
        transfers: Vec<(u64, Arc<TransferOut>)>,
        taken: BTreeSet<(LedgerId, u64)>,
    ) -> Option<()> {
        for (number, request) in (1..).zip(requests) {
            let seq = request.seq;
            if request.number != number || self.numbers.last().is_some_and(|last| *last >= seq) {
                return None;
            }
            self.numbers.push(seq);
            if request.is_open() {
                self.open.insert(seq);
            }
            if request.is_reopened() {
                self.reopened.insert(seq);
            }
            for grievance in &request.grievances {
                self.grievances.insert(grievance.seq, seq);
                if grievance.end.is_none() {
                    self.open_grievances.insert(grievance.seq, seq);
                }
            }
            for party in &request.consultations {
                self.consultations.insert(party.seq, seq);
            }
            self.requests.insert(seq, request);
        }
        self.facts = Arc::new(FoiFacts {
            ledger: self.ledger,
            parent: self.days.parent(),
            defined: !self.packs.is_empty(),
            transfers: transfers.into_iter().collect(),
            cited: self.days.cited(),
            taken,
        });
        Some(())
    }

    fn of(&mut self, request: u64) -> Result<&mut Request, String> {
        self.requests
            .get_mut(&request)
            .ok_or_else(|| format!("there is no request {request}"))
    }

    fn grievance(&mut self, grievance: u64) -> Result<&mut Grievance, String> {
        let none = || format!("there is no grievance {grievance}");
        let request = *self.grievances.get(&grievance).ok_or_else(none)?;
        let mut all = self.of(request)?.grievances.iter_mut();
        all.find(|g| g.seq == grievance).ok_or_else(none)
    }

    fn step(&mut self, request: u64, at_ms: u64, step: Step) -> Result<(), String> {
        self.of(request)?.steps.push(StepAt { at_ms, step });
        Ok(())
    }

    fn end(&mut self, request: u64, kind: EndKind, seq: u64, when: When) -> Result<(), String> {
        let ended = self.of(request)?;
        if ended.end.is_some() {
            return Err(format!("request {request} ends twice"));
        }
        ended.end = Some(End { kind, seq, when });
        ended.fee_open = None;
        if !matches!(kind, EndKind::Transferred | EndKind::Withdrawn) {
            ended.opening = Some(Opening { seq, when });
        }
        self.open.remove(&request);
        Ok(())
    }
}

impl FoiEvent {
    /// The request that it names by its field `request`.
    #[must_use]
    pub const fn request(&self) -> Option<u64> {
        Some(match self {
            Self::RequestAdmitted(e) => e.request,
            Self::RequestRoutedOut(e) => e.request,
            Self::RequestTransferred(e) => e.request,
            Self::RequestsLinked(e) => e.request,
            Self::ClarificationAsked(e) => e.request,
            Self::ClarificationGiven(e) => e.request,
            Self::FeeQuoted(e) => e.request,
            Self::FeeSettled(e) => e.request,
            Self::FeeUnpaid(e) => e.request,
            Self::ThirdPartyConsulted(e) => e.request,
            Self::DeadlineExtended(e) => e.request,
            Self::RequestWithdrawn(e) => e.request,
            Self::DecisionMade(e) => e.request,
            Self::ReleaseMade(e) => e.request,
            Self::ReleaseWithdrawn(e) => e.request,
            Self::GrievanceFiled(e) => e.request,
            Self::RegisterDefined(_)
            | Self::RulesChosen(_)
            | Self::RegisterSucceeded(_)
            | Self::RequestSubmitted(_)
            | Self::TransferReceived(_)
            | Self::ThirdPartyReplied(_)
            | Self::GrievanceDecided(_)
            | Self::DeadlineMissed(_)
            | Self::SilenceDeemed(_)
            | Self::RequestAbandoned(_) => return None,
        })
    }
}

fn came_on(letter: Option<&Letter>) -> Option<u32> {
    letter.map(|letter| letter.received_on)
}
