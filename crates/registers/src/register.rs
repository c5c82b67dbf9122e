//! What every register has in common: the context of a decision, what other ledgers have established, rejections.
//!
//! A register is two pure functions over its state: `decide` says whether a body may stand at this position and what
//! the service must add, `evolve` applies an event that stands. Neither reads a clock, a file, a network or
//! randomness: everything comes in by [`Context`]. Contents are addressed by their hash, so reading one is pure too.
//!
//! Adding a register: a folder beside `roll/`, a variant of [`State`], lines in [`crate::catalogue`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_ledger::{
    Authority, Body, BodyHash, Committed, ContentHash, ContentRef, Entry, Genesis, Grant, KeyId, Kind,
    LedgerId, Nonce, Ref, Role, UnixMillis, UnverifiedEntry,
};

use crate::ballot_box::{BoxFacts, BoxRejection, BoxSnapshot, BoxState, CheckedBallot};
use crate::calendar::events::RegisterEvent;
use crate::calendar::{CalendarFacts, CalendarRejection, CalendarState, Days, DaysSnapshot};
use crate::catalogue::{Event, EventError};
use crate::consultation::{
    ConsultationFacts, ConsultationRegister, ConsultationRejection, ConsultationSnapshot,
};
use crate::election::{ElectionFacts, ElectionRejection, ElectionState};
use crate::foi::{ClockBasis, FoiFacts, FoiRejection, FoiSnapshot, FoiState};
use crate::roll::{RollFacts, RollRejection, RollSnapshot, RollState};
use crate::station::{StationFacts, StationRejection, StationState};

/// Why a content cannot be had. The fault is the submitter's ([`Missing`](ContentProblem::Missing)) or the storage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentProblem {
    /// Nobody has handed it in.
    #[error("content {0} is missing: hand it in before the event that cites it")]
    Missing(ContentHash),
    /// Nobody has handed in what a commitment that everybody may read commits to.
    #[error("the content of commitment {} is missing: hand it in with its salt before the event that commits to it", hex::encode(.0))]
    Opening([u8; 32]),
    /// The stored bytes are not those of the hash or length.
    #[error("content {0} is damaged or has another length than cited")]
    Mismatch(ContentHash),
    /// The content store cannot be read now.
    #[error("content {0} cannot be read now: {1}")]
    Unavailable(ContentHash, String),
}

/// Documents by their hash.
pub trait Contents: Send + Sync {
    /// The bytes of a content, checked against hash and length.
    ///
    /// # Errors
    /// [`ContentProblem`].
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem>;

    /// The content behind a commitment, checked against it. Spec: specs/jurisdiction.md §3.
    ///
    /// # Errors
    /// [`ContentProblem::Opening`].
    fn opening(&self, committed: &Committed) -> Result<Arc<[u8]>, ContentProblem> {
        Err(ContentProblem::Opening(committed.commitment))
    }
}

/// What other ledgers have established, at a size that the caller knows to be durable.
pub trait Linked: Send + Sync {
    /// The facts of a ledger, if this service has it.
    fn facts(&self, ledger: &LedgerId) -> Option<Facts>;

    /// What was kept of the clock that a request of a register brought along, where the register that it came from can be
    /// read no more. Spec: specs/operations.md §11.4.
    fn kept_clock(&self, _register: &LedgerId, _request: u64) -> Option<Arc<ClockBasis>> {
        None
    }
}

/// What a ledger has established for others: small, shared, replaced as a whole.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Facts {
    /// Of a ballot box.
    BallotBox(Arc<BoxFacts>),
    /// Of a calendar ledger.
    Calendar(Arc<CalendarFacts>),
    /// Of a consultation.
    Consultation(Arc<ConsultationFacts>),
    /// Of an election ledger.
    Election(Arc<ElectionFacts>),
    /// Of a register of freedom of information.
    Foi(Arc<FoiFacts>),
    /// Of a roll.
    Roll(Arc<RollFacts>),
    /// Of a polling station.
    Station(Arc<StationFacts>),
}

/// What the door has established about a body before it came to the sequencer.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Evidence {
    /// A ballot that passed every check of the suite, and its replacement proof if it carries one.
    Ballot(CheckedBallot),
    /// The ballot box as an officer looked a voter up in it.
    LookUp(LookUp),
    /// Nothing needed checking.
    #[default]
    None,
    /// The encrypted tally of the box's counted ballots at a size of the box. The contents are stored.
    Tally(SealTally),
}

/// A look-up in a ballot box, at the size that the event cites. Spec: specs/station.md §5.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUp {
    /// When the box's first entry beyond that size was sequenced, if there is one.
    pub next_sequenced_ms: Option<u64>,
}

/// The encrypted tally that a seal will cite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealTally {
    /// Entries of the box that it was computed from.
    pub size: u64,
    /// The encrypted tally.
    pub encrypted_tally: ContentRef,
    /// The sized encrypted tally.
    pub sized_tally: ContentRef,
}

/// Everything outside the state that a decision may depend on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// When the service received the body.
    pub received_ms: UnixMillis,
    /// Hash of the body that is decided.
    pub body_hash: BodyHash,
    /// Its refs; the engine has checked the roots of those that this service has.
    pub refs: &'a [Ref],
    /// Entries on the ledger before this one.
    pub size: u64,
    /// Documents.
    pub contents: &'a dyn Contents,
    /// Other ledgers.
    pub linked: &'a dyn Linked,
    /// What the door established.
    pub evidence: &'a Evidence,
}

impl core::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Context")
            .field("received_ms", &self.received_ms)
            .field("body_hash", &self.body_hash)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// An event that the service adds behind the one that causes it, in the same append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    /// The event; its payload cites the cause.
    pub event: Event,
}

/// Why an event may not stand. Nothing was written. [`Rejection::code`] is the verdict code under which a verifier
/// would report the event if it stood on the ledger all the same (specs/verification.md).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The author does not hold the role.
    #[error(
        "{event} must be signed by a key that holds the role {role}{scope} on this ledger; key {key} does not"
    )]
    Author {
        /// Name of the event type.
        event: &'static str,
        /// The role.
        role: Role,
        /// ` (scope …)` or empty.
        scope: String,
        /// The author.
        key: KeyId,
    },
    /// A rule of ballot boxes.
    #[error(transparent)]
    BallotBox(#[from] BoxRejection),
    /// A rule of calendar ledgers, or one that all registers of a jurisdiction share.
    #[error(transparent)]
    Calendar(#[from] CalendarRejection),
    /// A rule of consultations.
    #[error(transparent)]
    Consultation(#[from] ConsultationRejection),
    /// A cited content is missing or damaged.
    #[error(transparent)]
    Content(#[from] ContentProblem),
    /// A rule of election ledgers.
    #[error(transparent)]
    Election(#[from] ElectionRejection),
    /// The payload is not an event of this ledger.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A rule of registers of freedom of information.
    #[error(transparent)]
    Foi(#[from] FoiRejection),
    /// A grant or revocation that the rules refuse.
    #[error("{0}")]
    Grant(String),
    /// The nonce, time or view of a service event is not the one fixed by rule.
    #[error("{event}: {field} is not the one that the rules fix")]
    FixedField {
        /// Name of the event type.
        event: &'static str,
        /// The field.
        field: &'static str,
    },
    /// Refs missing, superfluous or to the wrong ledger.
    #[error("{event}: {problem}")]
    Refs {
        /// Name of the event type.
        event: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A rule of rolls.
    #[error(transparent)]
    Roll(#[from] RollRejection),
    /// A rule of polling stations.
    #[error(transparent)]
    Station(#[from] StationRejection),
}

impl Rejection {
    /// The verdict code of specs/verification.md.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Author { .. } => "event.author",
            Self::BallotBox(r) => r.code(),
            Self::Calendar(r) => r.code(),
            Self::Consultation(r) => r.code(),
            Self::Content(ContentProblem::Opening(_)) => "opening.missing",
            Self::Content(ContentProblem::Mismatch(_)) => "content.mismatch",
            Self::Content(_) => "content.missing",
            Self::Election(r) => r.code(),
            Self::Foi(r) => r.code(),
            Self::Event(EventError::Payload { .. }) => "entry.encoding",
            Self::Event(_) => "event.unknown",
            Self::Grant(_) => "event.grant",
            Self::FixedField { .. } => "event.nonce",
            Self::Refs { .. } => "entry.refs",
            Self::Roll(r) => r.code(),
            Self::Station(r) => r.code(),
        }
    }
}

/// Where an event stands, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Position {
    /// Position on the ledger.
    pub seq: u64,
    /// Its author.
    pub author: KeyId,
    /// When the service received it.
    pub received_ms: UnixMillis,
    /// When the sequencer took it.
    pub sequenced_ms: UnixMillis,
    /// Hash of its body.
    pub body_hash: BodyHash,
    /// Its ref, if it has one; no event has more that a state depends on.
    pub cites: Option<Ref>,
}

impl From<&UnverifiedEntry> for Position {
    fn from(entry: &UnverifiedEntry) -> Self {
        Self {
            seq: entry.seq().as_u64(),
            author: entry.body().body().author,
            received_ms: entry.received_ms(),
            sequenced_ms: entry.sequenced_ms(),
            body_hash: entry.body().hash(),
            cites: entry.body().body().refs.first().copied(),
        }
    }
}

impl From<&Entry> for Position {
    fn from(entry: &Entry) -> Self {
        Self {
            seq: entry.seq().as_u64(),
            author: entry.body().author,
            received_ms: entry.received_ms(),
            sequenced_ms: entry.sequenced_ms(),
            body_hash: entry.signed_body().hash(),
            cites: entry.body().refs.first().copied(),
        }
    }
}

/// The state of a ledger's register and of its authority.
#[derive(Debug, Clone)]
pub struct State {
    ledger: LedgerId,
    kind: Kind,
    service: KeyId,
    authority: Authority,
    register: RegisterState,
}

#[derive(Debug, Clone)]
enum RegisterState {
    BallotBox(Box<BoxState>),
    Calendar(Box<CalendarState>),
    Consultation(Box<ConsultationRegister>),
    Election(Box<ElectionState>),
    Foi(Box<FoiState>),
    Roll(Box<RollState>),
    Station(Box<StationState>),
}

/// A copy of a [`State`], for a cache.
#[derive(Serialize, Deserialize)]
pub struct StateSnapshot {
    grants: Vec<Grant>,
    register: RegisterSnapshot,
}

impl StateSnapshot {
    /// What [`State::restore`] takes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        sijill_ledger::encode(self)
    }
}

impl core::fmt::Debug for StateSnapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("StateSnapshot").finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
enum RegisterSnapshot {
    BallotBox(Box<BoxSnapshot>),
    Roll(Box<RollSnapshot>),
    Consultation(Box<(DaysSnapshot, ConsultationSnapshot)>),
    Foi(Box<FoiSnapshot>),
}

/// Why a stored event cannot be applied: the store holds what this program would never have admitted. The ledger must
/// not be written any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} cannot be applied: {problem}")]
pub struct ReplayError {
    /// Position of the entry.
    pub seq: u64,
    /// What is wrong.
    pub problem: String,
}

/// Why a genesis cannot start a register.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Rolls, boxes and stations belong to an election ledger, registers to a calendar ledger.
    #[error(
        "the genesis of a roll, ballot box or station must name its election ledger as parent, that of a register its calendar ledger"
    )]
    NoParent,
    /// A calendar ledger is the root of its jurisdiction.
    #[error("the genesis of a calendar ledger names no parent")]
    Parent,
}

impl State {
    /// The state after genesis.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(genesis: &Genesis) -> Result<Self, StartError> {
        let ledger = genesis.id();
        let parent = genesis.parent();
        let register = match genesis.kind() {
            Kind::Roll => RegisterState::Roll(Box::new(RollState::new(parent.ok_or(StartError::NoParent)?))),
            Kind::Election => RegisterState::Election(Box::new(ElectionState::new(
                ledger,
                genesis.fields().grants.iter(),
            ))),
            Kind::Station => RegisterState::Station(Box::new(StationState::new(
                ledger,
                parent.ok_or(StartError::NoParent)?,
            ))),
            Kind::BallotBox => RegisterState::BallotBox(Box::new(BoxState::new(
                ledger,
                parent.ok_or(StartError::NoParent)?,
            ))),
            Kind::Calendar if parent.is_some() => return Err(StartError::Parent),
            Kind::Calendar => RegisterState::Calendar(Box::new(CalendarState::new(ledger))),
            Kind::Consultation => RegisterState::Consultation(Box::new(ConsultationRegister::new(
                ledger,
                parent.ok_or(StartError::NoParent)?,
            ))),
            Kind::Foi => RegisterState::Foi(Box::new(FoiState::new(
                ledger,
                parent.ok_or(StartError::NoParent)?,
                genesis.fields().predecessor.as_ref().map(|p| p.ledger),
            ))),
        };
        Ok(Self {
            ledger,
            kind: genesis.kind(),
            service: genesis.service_key(),
            authority: Authority::new(genesis),
            register,
        })
    }

    /// A copy of the state for a cache; `None` for election ledgers, stations and calendars, which are always replayed.
    #[must_use]
    pub fn snapshot(&self) -> Option<StateSnapshot> {
        let register = match &self.register {
            RegisterState::BallotBox(s) => RegisterSnapshot::BallotBox(Box::new(s.snapshot())),
            RegisterState::Roll(s) => RegisterSnapshot::Roll(Box::new(s.snapshot())),
            RegisterState::Consultation(s) => RegisterSnapshot::Consultation(Box::new(s.snapshot())),
            RegisterState::Foi(s) => RegisterSnapshot::Foi(Box::new(s.snapshot())),
            RegisterState::Calendar(_) | RegisterState::Election(_) | RegisterState::Station(_) => {
                return None;
            }
        };
        let grants = self.authority.grants().cloned().collect();
        Some(StateSnapshot { grants, register })
    }

    /// The state of a [`StateSnapshot`] of the ledger of this genesis; `None` if the bytes are not one, or a document
    /// that they cite cannot be read.
    ///
    /// The bytes are believed: whoever calls this has reason to.
    #[must_use]
    pub fn restore(genesis: &Genesis, snapshot: &[u8], contents: &dyn Contents) -> Option<Self> {
        let mut state = Self::start(genesis).ok()?;
        let snapshot: StateSnapshot = sijill_ledger::decode_canonical(snapshot).ok()?;
        state.authority = Authority::restore(genesis, snapshot.grants)?;
        match (&mut state.register, snapshot.register) {
            (RegisterState::BallotBox(s), RegisterSnapshot::BallotBox(found)) => {
                s.restore(*found, contents)?
            }
            (RegisterState::Roll(s), RegisterSnapshot::Roll(found)) => s.restore(*found, contents)?,
            (RegisterState::Consultation(s), RegisterSnapshot::Consultation(found)) => {
                s.restore(*found, contents)?
            }
            (RegisterState::Foi(s), RegisterSnapshot::Foi(found)) => s.restore(*found, contents)?,
            _ => return None,
        }
        Some(state)
    }

    /// Kind of the ledger.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The ledger.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Who may do what at this position.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The box's state, if this is a box.
    #[must_use]
    pub fn as_box(&self) -> Option<&BoxState> {
        if let RegisterState::BallotBox(s) = &self.register {
            Some(s)
        } else {
            None
        }
    }

    /// The calendar's state, if this is a calendar ledger.
    #[must_use]
    pub fn as_calendar(&self) -> Option<&CalendarState> {
        if let RegisterState::Calendar(s) = &self.register {
            Some(s)
        } else {
            None
        }
    }

    /// The days of a register of a jurisdiction, if this is one.
    #[must_use]
    pub fn days(&self) -> Option<&Days> {
        match &self.register {
            RegisterState::Consultation(s) => Some(s.days()),
            RegisterState::Foi(s) => Some(s.days()),
            _ => None,
        }
    }

    /// Whether this is a register of a jurisdiction on which nobody waits for anything: its days need not be closed until
    /// something happens on it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match &self.register {
            RegisterState::Consultation(s) => s.state().archived().is_some(),
            RegisterState::Foi(s) => s.successor().is_some() && !s.has_open(),
            _ => false,
        }
    }

    /// The consultation, if this is one.
    #[must_use]
    pub fn as_consultation(&self) -> Option<&ConsultationRegister> {
        if let RegisterState::Consultation(s) = &self.register {
            Some(s)
        } else {
            None
        }
    }

    /// The register's state, if this is a register of freedom of information.
    #[must_use]
    pub fn as_foi(&self) -> Option<&FoiState> {
        if let RegisterState::Foi(s) = &self.register {
            Some(s)
        } else {
            None
        }
    }

    /// The election's state, if this is an election ledger.
    #[must_use]
    pub fn as_election(&self) -> Option<&ElectionState> {
        if let RegisterState::Election(s) = &self.register {
            Some(s)
        } else {
            None
        }
    }

    /// The roll's state, if this is a roll.
    #[must_use]
    pub fn as_roll(&self) -> Option<&RollState> {
        if let RegisterState::Roll(s) = &self.register {
            Some(s)
        } else {
            None
        }
    }

    /// The station's state, if this is a polling station.
    #[must_use]
    pub fn as_station(&self) -> Option<&StationState> {
        if let RegisterState::Station(s) = &self.register {
            Some(s)
        } else {
            None
        }
    }

    /// What this ledger has established for others.
    #[must_use]
    pub fn facts(&self) -> Facts {
        match &self.register {
            RegisterState::BallotBox(s) => Facts::BallotBox(s.facts()),
            RegisterState::Calendar(s) => Facts::Calendar(s.facts()),
            RegisterState::Consultation(s) => Facts::Consultation(s.state().facts()),
            RegisterState::Foi(s) => Facts::Foi(s.facts()),
            RegisterState::Election(s) => Facts::Election(s.facts()),
            RegisterState::Roll(s) => Facts::Roll(s.facts()),
            RegisterState::Station(s) => Facts::Station(s.facts()),
        }
    }

    /// Says whether a body may stand next on this ledger, and what the service adds behind it.
    ///
    /// The common rules of the chain (encoding, signature, times, nonce uniqueness, seen) are the ledger crate's and
    /// come before.
    ///
    /// # Errors
    /// [`Rejection`]; the state is unchanged in any case.
    pub fn decide(
        &self,
        body: &Body,
        event: &Event,
        ctx: &Context<'_>,
    ) -> Result<Vec<Consequence>, Rejection> {
        self.check_author(body, event)?;
        match (event, &self.register) {
            (Event::RoleGranted(_) | Event::RoleRevoked(_), register) => {
                self.refuse_when_final(event.line().name)?;
                match register {
                    RegisterState::Consultation(s) => {
                        s.check_entry(event.line().name, ctx)?;
                    }
                    RegisterState::Foi(s) => s.check_entry(event.line().name, ctx)?,
                    _ => {}
                }
                no_refs(event.line().name, ctx)?;
                self.authority
                    .check(body.event_type, &body.payload)
                    .map_err(|e| Rejection::Grant(e.to_string()))?;
                Ok(Vec::new())
            }
            (Event::Roll(e), RegisterState::Roll(s)) => s.decide(e, ctx),
            (Event::Calendar(e), RegisterState::Calendar(s)) => s.decide(e, ctx),
            (Event::Register(e), RegisterState::Foi(s)) => s.decide_register(e, body.author, ctx),
            (Event::Foi(e), RegisterState::Foi(s)) => s.decide(e, body.author, ctx),
            (Event::Register(e), RegisterState::Consultation(s)) => s.decide_register(e, body.author, ctx),
            (Event::Consultation(e), RegisterState::Consultation(s)) => {
                s.decide(e, body.author, ctx, &self.authority)
            }
            (Event::Election(e), RegisterState::Election(s)) => s.decide(e, body, ctx),
            (Event::BallotBox(e), RegisterState::BallotBox(s)) => s.decide(e, ctx),
            (Event::Station(e), RegisterState::Station(s)) => s.decide(e, body, &self.authority, ctx),
            _ => Err(EventError::WrongKind {
                name: event.line().name,
            }
            .into()),
        }
    }

    /// Applies an event that stands at a position.
    ///
    /// # Errors
    /// [`ReplayError`] if the event could never have been admitted here.
    pub fn evolve(
        &mut self,
        at: &Position,
        event: &Event,
        contents: &dyn Contents,
    ) -> Result<(), ReplayError> {
        let seq = at.seq;
        let fail = |problem: String| ReplayError { seq, problem };
        match &mut self.register {
            RegisterState::Calendar(s) => s.note(at.received_ms.as_u64(), at.sequenced_ms.as_u64()),
            RegisterState::Consultation(s) => s.note(at, event),
            RegisterState::Foi(s) => s.note(at, event),
            _ => {}
        }
        match (event, &mut self.register) {
            (Event::RoleGranted(_) | Event::RoleRevoked(_), register) => {
                self.authority
                    .apply(event.wire_type(), &event.payload())
                    .map_err(|e| fail(e.to_string()))?;
                match register {
                    RegisterState::Election(s) => s.roles_changed(seq, event),
                    RegisterState::Station(s) => s.roles_changed(&self.authority),
                    RegisterState::BallotBox(_)
                    | RegisterState::Calendar(_)
                    | RegisterState::Consultation(_)
                    | RegisterState::Foi(_)
                    | RegisterState::Roll(_) => {}
                }
                Ok(())
            }
            (Event::Roll(e), RegisterState::Roll(s)) => {
                s.evolve(seq, at.received_ms, e, contents).map_err(fail)
            }
            (Event::Calendar(e), RegisterState::Calendar(s)) => {
                s.evolve(seq, at.sequenced_ms.as_u64(), e, contents).map_err(fail)
            }
            (Event::Register(_), RegisterState::Consultation(_) | RegisterState::Foi(_)) => Ok(()),
            (Event::Consultation(e), RegisterState::Consultation(s)) => {
                s.evolve(at, e, contents).map_err(fail)
            }
            (Event::Foi(e), RegisterState::Foi(s)) => s.evolve(at, e, contents).map_err(fail),
            (Event::Election(e), RegisterState::Election(s)) => {
                s.evolve(seq, at.author, e, contents).map_err(fail)
            }
            (Event::BallotBox(e), RegisterState::BallotBox(s)) => {
                s.evolve(seq, at.received_ms, e, contents).map_err(fail)
            }
            (Event::Station(e), RegisterState::Station(s)) => {
                s.evolve(seq, at.author, e, contents).map_err(fail)
            }
            _ => Err(fail("an event of another kind of ledger".to_owned())),
        }
    }

    /// The role and the fields that rules fix. Spec: specs/events.md, specs/ledger.md §4.2, §5.
    fn check_author(&self, body: &Body, event: &Event) -> Result<(), Rejection> {
        let line = event.line();
        if event.author() == Role::Service {
            if body.author != self.service {
                return Err(self.not_entitled(body, event));
            }
            let fixed = |ok: bool, field: &'static str| {
                if ok {
                    Ok(())
                } else {
                    Err(Rejection::FixedField {
                        event: line.name,
                        field,
                    })
                }
            };
            fixed(body.author_time_ms.as_u64() == 0, "the author's time")?;
            fixed(body.seen.is_none(), "seen")?;
            let nonce = citing_nonce(event, &body.payload, &body.refs);
            return fixed(body.nonce == nonce, "the nonce");
        }
        let scope = event.author_scope();
        let entitled = match (event.author(), &self.register) {
            // Grants of the role participant entitle to nothing here: persons have keys. Spec: specs/consultation.md §4.
            (Role::Participant, RegisterState::Consultation(s)) => {
                s.state().person_of(&body.author).is_some()
            }
            (role, _) => self.authority.holds(body.author, role, scope.as_ref()),
        };
        if entitled {
            Ok(())
        } else {
            Err(self.not_entitled(body, event))
        }
    }

    fn not_entitled(&self, body: &Body, event: &Event) -> Rejection {
        let line = event.line();
        let scope = event
            .author_scope()
            .map(|s| format!(" (scope {s})"))
            .unwrap_or_default();
        Rejection::Author {
            event: line.name,
            role: event.author(),
            scope,
            key: body.author,
        }
    }

    fn refuse_when_final(&self, event: &'static str) -> Result<(), Rejection> {
        let (is_final, what) = match &self.register {
            RegisterState::BallotBox(s) => (s.is_sealed(), "the ballot box is sealed"),
            RegisterState::Roll(s) => (s.is_frozen(), "the roll is frozen"),
            RegisterState::Station(s) => (s.is_closed(), "the station is closed"),
            RegisterState::Calendar(_)
            | RegisterState::Consultation(_)
            | RegisterState::Election(_)
            | RegisterState::Foi(_) => (false, ""),
        };
        if is_final {
            Err(Rejection::Grant(format!("{event}: {what}; nothing may follow")))
        } else {
            Ok(())
        }
    }
}

/// The nonce that a service event must carry. Spec: specs/events.md §4, §5, specs/ledger.md §5.
#[must_use]
pub fn service_nonce(event: &Event, payload: &[u8]) -> Nonce {
    use sha2::{Digest, Sha256};

    use crate::ballot_box::events::BoxEvent;
    match event {
        Event::BallotBox(BoxEvent::BallotCast(cast)) => Nonce::first_of(&Sha256::digest(&cast.ballot).into()),
        Event::BallotBox(BoxEvent::AuditStarted(_)) => Nonce::first_of(&Sha256::digest(payload).into()),
        Event::BallotBox(BoxEvent::BoxSealed(sealed)) => {
            Nonce::of_consequence(sealed.cause, event.wire_type())
        }
        _ => Nonce::of_service(event.wire_type(), payload),
    }
}

/// The nonce that a service event with refs must carry: that of CalendarSeen, which has no payload, is made of the
/// cited size. Spec: specs/jurisdiction.md §2.6.
#[must_use]
pub fn citing_nonce(event: &Event, payload: &[u8], refs: &[Ref]) -> Nonce {
    match (event, refs) {
        (Event::Register(RegisterEvent::CalendarSeen), [cited, ..]) => {
            Nonce::of_service(event.wire_type(), &cited.size.to_be_bytes())
        }
        _ => service_nonce(event, payload),
    }
}

/// Refuses refs where the catalogue has none.
pub(crate) fn no_refs(event: &'static str, ctx: &Context<'_>) -> Result<(), Rejection> {
    if ctx.refs.is_empty() {
        Ok(())
    } else {
        Err(Rejection::Refs {
            event,
            problem: "carries refs, but must not",
        })
    }
}

/// The single ref to `ledger` that the catalogue asks for.
pub(crate) fn one_ref<'a>(
    event: &'static str,
    ctx: &Context<'a>,
    ledger: &LedgerId,
) -> Result<&'a Ref, Rejection> {
    match ctx.refs {
        [one] if one.ledger == *ledger => Ok(one),
        _ => Err(Rejection::Refs {
            event,
            problem: "must carry exactly one ref, to the ledger that it rests on",
        }),
    }
}
