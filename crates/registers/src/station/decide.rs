//! Which events may stand on a station's ledger. Spec: specs/station.md §4 to §6.

use std::collections::BTreeSet;
use std::sync::Arc;

use sijill_ledger::{Authority, Body, KeyId, Role};
use sijill_rules::{Document, InPerson, RulePack};

use super::events::{CheckedIn, PaperIssued, StationClosed, StationEvent, StationOpened};
use super::state::{Phase, StationState};
use super::voters::VoterList;
use crate::election::ElectionFacts;
use crate::register::{Consequence, Context, Evidence, Facts, Rejection, no_refs, one_ref};
use crate::roll::events::Pseudonym;

/// How long before the opening of the poll a station may open. Spec: specs/station.md §4.4.
const EARLY_MS: u64 = 21_600_000;
/// How old a look-up may be. Spec: specs/station.md §5.5.
const LOOK_UP_MS: u64 = 60_000;
/// Officers on duty when a station opens.
const OPENING_OFFICERS: usize = 3;

/// Why an event about a station may not stand. Nothing was written. Each variant is a code of specs/verification.md §20.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StationRejection {
    /// `station.anchor`.
    #[error("the station's book at the centre: {0}")]
    Anchor(&'static str),
    /// `station.check-in`.
    #[error("check-in: {0}")]
    CheckIn(&'static str),
    /// `station.counts`.
    #[error("closing protocol: {0}")]
    Counts(String),
    /// `station.decided`.
    #[error("dispute or decision: {0}")]
    Decided(&'static str),
    /// `station.defined`.
    #[error("definition of the station: {0}")]
    Defined(String),
    /// `station.duty`.
    #[error("{0}")]
    Duty(&'static str),
    /// `station.exclusions`.
    #[error("exclusions: {0}")]
    Exclusions(String),
    /// `station.final`.
    #[error("final state of the station: {0}")]
    Final(&'static str),
    /// `station.look-up`.
    #[error("look-up: {0}")]
    LookUp(&'static str),
    /// `station.lost`.
    #[error("lost book: {0}")]
    Lost(&'static str),
    /// `station.order`.
    #[error("{event} is not possible now: {why}")]
    Order {
        /// Name of the event type.
        event: &'static str,
        /// What is missing, or stands already.
        why: &'static str,
    },
    /// `station.paper`.
    #[error("paper: {0}")]
    Paper(&'static str),
    /// `station.return`.
    #[error("return of the station: {0}")]
    Return(String),
    /// `station.voters`.
    #[error("list of voters: {0}")]
    Voters(String),
    /// `station.window`.
    #[error(
        "outside its time: the clock of this machine says {received_ms}, but the act is possible from {from_ms} to {until_ms} (milliseconds since 1970 UTC); check the clock"
    )]
    Window {
        /// Time of receipt.
        received_ms: u64,
        /// First possible time.
        from_ms: u64,
        /// Last possible time.
        until_ms: u64,
    },
}

impl StationRejection {
    /// The verdict code of specs/verification.md.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Anchor(_) => "station.anchor",
            Self::CheckIn(_) => "station.check-in",
            Self::Counts(_) => "station.counts",
            Self::Decided(_) => "station.decided",
            Self::Defined(_) => "station.defined",
            Self::Duty(_) => "station.duty",
            Self::Exclusions(_) => "station.exclusions",
            Self::Final(_) => "station.final",
            Self::LookUp(_) => "station.look-up",
            Self::Lost(_) => "station.lost",
            Self::Order { .. } => "station.order",
            Self::Paper(_) => "station.paper",
            Self::Return(_) => "station.return",
            Self::Voters(_) => "station.voters",
            Self::Window { .. } => "station.window",
        }
    }
}

fn within(received_ms: u64, from_ms: u64, until_ms: u64) -> Result<(), StationRejection> {
    if (from_ms..=until_ms).contains(&received_ms) {
        Ok(())
    } else {
        Err(StationRejection::Window {
            received_ms,
            from_ms,
            until_ms,
        })
    }
}

impl StationState {
    /// The author's role was checked before. The order of the checks is that of specs/station.md §4.1.
    pub(crate) fn decide(
        &self,
        event: &StationEvent,
        body: &Body,
        authority: &Authority,
        ctx: &Context<'_>,
    ) -> Result<Vec<Consequence>, Rejection> {
        self.check_refs(event, ctx)?;
        self.check_order(event)?;
        self.check_duty(event, body.author)?;
        match event {
            StationEvent::DutyBegun | StationEvent::DutyEnded => {}
            StationEvent::StationOpened(e) => self.check_opening(e, authority, ctx)?,
            StationEvent::CheckedIn(e) => self.check_check_in(e, ctx)?,
            StationEvent::PaperIssued(e) => self.check_paper(e, body.author, ctx)?,
            StationEvent::PaperSpoilt(e) => {
                if !self.book().stands(e.paper.get()) {
                    return Err(StationRejection::Paper(
                        "there is no such paper, or it is spoilt or replaced already",
                    )
                    .into());
                }
            }
            StationEvent::IssueDisputed(e) => {
                if !self.book().stands(e.paper.get()) {
                    return Err(StationRejection::Decided(
                        "there is no such paper, or it is spoilt or replaced already",
                    )
                    .into());
                }
                if self.book().paper(e.paper.get()).is_some_and(|p| p.disputed) {
                    return Err(StationRejection::Decided("this paper is disputed already").into());
                }
            }
            StationEvent::StationClosed(e) => self.check_close(e)?,
        }
        Ok(Vec::new())
    }

    fn election(&self, ctx: &Context<'_>) -> Option<Arc<ElectionFacts>> {
        match ctx.linked.facts(&self.facts().parent) {
            Some(Facts::Election(facts)) => Some(facts),
            _ => None,
        }
    }

    fn check_refs(&self, event: &StationEvent, ctx: &Context<'_>) -> Result<(), Rejection> {
        let name = event.name();
        match event {
            StationEvent::StationOpened(_) => {
                let cited = one_ref(name, ctx, &self.facts().parent)?;
                let refused = |problem| Rejection::Refs { event: name, problem };
                let election = self.election(ctx).ok_or_else(|| {
                    refused(
                        "the election ledger is not on this machine; bring its published folder here first",
                    )
                })?;
                match election.poll_opened_size {
                    Some(size) if size <= cited.size => Ok(()),
                    Some(_) => Err(refused("cites the election ledger at a size before PollOpened")),
                    None => Err(refused(
                        "the poll is not open on the election ledger that is on this machine; bring the newest one here",
                    )),
                }
            }
            StationEvent::PaperIssued(e) if self.first_vote_final() => {
                let listed = self
                    .book()
                    .check_in(e.check_in.get())
                    .filter(|c| c.listed)
                    .and_then(|c| self.list()?.find(&Pseudonym(c.person)))
                    .map(|(district, _)| district);
                let election = self.election(ctx);
                let is_box = |ledger: &_| {
                    election.as_ref().is_some_and(|facts| {
                        facts
                            .boxes
                            .get(ledger)
                            .is_some_and(|(_, b)| listed.is_none_or(|d| *d == b.district))
                    })
                };
                match ctx.refs {
                    [one] if is_box(&one.ledger) => Ok(()),
                    _ => Err(Rejection::Refs {
                        event: name,
                        problem: "must carry exactly one ref, to the ballot box of the voter's district as it was looked up",
                    }),
                }
            }
            _ => no_refs(name, ctx),
        }
    }

    fn first_vote_final(&self) -> bool {
        self.pack
            .as_ref()
            .is_some_and(|pack| pack.voting.in_person == InPerson::FirstVoteFinal)
    }

    fn check_order(&self, event: &StationEvent) -> Result<(), StationRejection> {
        let refuse = |why| {
            Err(StationRejection::Order {
                event: event.name(),
                why,
            })
        };
        match (event, self.phase()) {
            (_, Phase::Closed) => refuse("the station is closed; nothing may follow"),
            (StationEvent::StationOpened(_), Phase::Open) => refuse("the station is open already"),
            (StationEvent::StationOpened(_) | StationEvent::DutyBegun | StationEvent::DutyEnded, _)
            | (_, Phase::Open) => Ok(()),
            (_, Phase::New) => refuse("the station is not open yet"),
        }
    }

    /// Spec: specs/station.md §4.3.
    fn check_duty(&self, event: &StationEvent, author: KeyId) -> Result<(), StationRejection> {
        match (event, self.is_on_duty(&author)) {
            (StationEvent::DutyBegun, true) => Err(StationRejection::Duty("this officer is on duty already")),
            (StationEvent::DutyBegun, false) | (_, true) => Ok(()),
            (_, false) => Err(StationRejection::Duty(
                "this officer is not on duty; begin the duty first",
            )),
        }
    }

    /// Spec: specs/station.md §4.4.
    fn check_opening(
        &self,
        e: &StationOpened,
        authority: &Authority,
        ctx: &Context<'_>,
    ) -> Result<(), Rejection> {
        if self.on_duty().count() < OPENING_OFFICERS {
            return Err(StationRejection::Duty(
                "the chair and two members must be on duty when the station opens",
            )
            .into());
        }
        let wrong = |problem: &str| Rejection::from(StationRejection::Defined(problem.to_owned()));
        let cited = one_ref("StationOpened", ctx, &self.facts().parent)?;
        let election = self
            .election(ctx)
            .ok_or_else(|| wrong("the election ledger is not on this machine"))?;
        let station = election
            .stations
            .get(&self.ledger())
            .filter(|s| s.defined_size <= cited.size)
            .ok_or_else(|| wrong("the election ledger has no StationDefined for this ledger"))?;
        if e.voters.sha256.as_bytes() != &station.defined.voters {
            return Err(wrong("another list of voters than that of its definition"));
        }
        if e.pack.sha256.as_bytes() != &station.defined.pack {
            return Err(wrong("another rule pack than that of its definition"));
        }
        let holders = |role| -> BTreeSet<KeyId> {
            authority
                .grants()
                .filter(|g| g.role == role && g.scope.is_none())
                .map(|g| g.key)
                .collect()
        };
        if holders(Role::StationOfficer) != station.officers_at(cited.size).all() {
            return Err(wrong(
                "the officers on this ledger are not those of its definition; grant or revoke the role here first",
            ));
        }
        if !holders(Role::Commission)
            .iter()
            .all(|key| election.is_commission_at(cited.size, key))
        {
            return Err(wrong(
                "a key is commission on this ledger that is not commission on the election ledger",
            ));
        }
        let list = ctx.contents.load(&e.voters)?;
        VoterList::parse(&list).map_err(|e| StationRejection::Voters(e.to_string()))?;
        let pack = ctx.contents.load(&e.pack)?;
        RulePack::from_json(&pack).map_err(|e| wrong(&e.to_string()))?;
        let manifest = election
            .manifest
            .as_ref()
            .ok_or_else(|| wrong("the election is not defined"))?;
        within(
            ctx.received_ms.as_u64(),
            manifest.opens_ms.saturating_sub(EARLY_MS),
            manifest.closes_ms,
        )?;
        Ok(())
    }

    /// Spec: specs/station.md §4.5.
    fn check_check_in(&self, e: &CheckedIn, ctx: &Context<'_>) -> Result<(), Rejection> {
        let wrong = |problem| Err(StationRejection::CheckIn(problem).into());
        let (Some(election), Some(list), Some(pack)) = (self.election(ctx), self.list(), self.pack()) else {
            return wrong("the election ledger is not on this machine");
        };
        let Some(manifest) = &election.manifest else {
            return wrong("the election is not defined");
        };
        let queue_ms = election
            .stations
            .get(&self.ledger())
            .map_or(0, |s| s.defined.queue_ms.get());
        within(
            ctx.received_ms.as_u64(),
            manifest.opens_ms,
            manifest.closes_ms + queue_ms,
        )?;
        let document = match e.document {
            1 => Document::IdCard,
            2 => Document::DigitalId,
            _ => return wrong("the document is 1 (ID card) or 2 (digital ID)"),
        };
        if !pack.identity.documents.contains(&document) {
            return wrong("the rule pack does not accept this document");
        }
        let listed = list.find(&Pseudonym(e.person)).is_some();
        if e.listed && !listed {
            return wrong("this person is not on the list of this station");
        }
        if !e.listed && listed {
            return wrong("this person is on the list of this station, and no guest");
        }
        if !e.listed && self.first_vote_final() {
            return wrong(
                "this person is not on the list of this station; where the first vote is final only voters of the list are served",
            );
        }
        if self.book().find(&e.person).is_some() {
            return wrong("this person is checked in already");
        }
        Ok(())
    }

    /// Spec: specs/station.md §5.
    fn check_paper(&self, e: &PaperIssued, author: KeyId, ctx: &Context<'_>) -> Result<(), Rejection> {
        let wrong = |problem| Err(StationRejection::Paper(problem).into());
        let Some(check_in) = self.book().check_in(e.check_in.get()) else {
            return wrong("there is no such check-in");
        };
        let last = check_in.papers.last().copied();
        match (last, e.replaces.map(super::events::Number::get)) {
            (None, None) => {}
            (None, Some(_)) => return wrong("this person has no paper yet that could be replaced"),
            (Some(last), _) if self.book().stands(last) => {
                return wrong("this person has a paper; only a spoilt one is replaced");
            }
            (Some(last), Some(named)) if named == last => {}
            (Some(_), _) => return wrong("the paper that it replaces is not the last one of this person"),
        }
        let listed = check_in.listed;
        match e.envelope.map(super::events::Number::get) {
            Some(_) if listed => return wrong("a voter of the list gets no envelope"),
            None if !listed => return wrong("a guest's paper goes into a numbered envelope"),
            Some(0) => return wrong("envelopes are numbered from 1"),
            Some(number) if self.book().has_envelope(number) => {
                return wrong("an envelope of that number was used already");
            }
            _ => {}
        }
        let holder = self
            .list()
            .and_then(|list| list.find(&Pseudonym(check_in.person)))
            .is_some_and(|(_, holder)| holder);
        match &e.second {
            None if !listed || holder => {
                return wrong("a second officer must sign: this paper may exclude a digital ballot");
            }
            None => {}
            Some(second) => {
                if second.key == author {
                    return wrong("the second officer must be somebody else");
                }
                if !self.is_on_duty(&second.key) {
                    return wrong("the second officer is not on duty here");
                }
                let message = e.second_message(self.ledger(), author);
                if second.key.verify(&message, &second.signature).is_err() {
                    return wrong("the second officer's signature is not valid for this paper");
                }
            }
        }
        if self.first_vote_final() {
            let Evidence::LookUp(look_up) = ctx.evidence else {
                return Err(StationRejection::LookUp(
                    "the ballot box is not on line at this machine, so nobody can be looked up in it",
                )
                .into());
            };
            let oldest = ctx.received_ms.as_u64().saturating_sub(LOOK_UP_MS);
            if look_up.next_sequenced_ms.is_some_and(|next| next < oldest) {
                return Err(StationRejection::LookUp("more than a minute old; look up again").into());
            }
        }
        Ok(())
    }

    /// Spec: specs/station.md §6.
    fn check_close(&self, e: &StationClosed) -> Result<(), StationRejection> {
        let wrong = |what: &str, said: u64, is: u64| {
            Err(StationRejection::Counts(format!(
                "says {said} for {what}, but the ledger has {is}"
            )))
        };
        let said = &e.counts;
        let Some(is) = self.book().counts(self.received, said.unused.get()) else {
            return Err(StationRejection::Counts("numbers beyond 2^53".to_owned()));
        };
        for (what, said, is) in [
            ("check-ins", said.checked_in, is.checked_in),
            ("papers issued", said.issued, is.issued),
            ("papers spoilt", said.spoilt, is.spoilt),
            ("envelopes", said.envelopes, is.envelopes),
            ("papers received", said.received, is.received),
        ] {
            if said != is {
                return wrong(what, said.get(), is.get());
            }
        }
        if e.unserved.get() != self.book().unserved() {
            return wrong(
                "check-ins without a paper",
                e.unserved.get(),
                self.book().unserved(),
            );
        }
        Ok(())
    }
}
