//! A register of freedom of information: what it saw of the calendar, its days, commitments, requests and grievances.
//!
//! Registers are read whole and then advanced side by side, because a transfer is received with the state that the request has on the other one.
//!
//! Spec: specs/jurisdiction.md §2 to §5, specs/foi.md, specs/verification.md §14, §15.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::calendar::{Calendar, Day, LAST_DAY, day_at, day_text, is_line, start_of};
use crate::check::{Check, Checks, Place};
use crate::clock::{Clock, Silence, Step};
use crate::contents::read_content;
use crate::events::{ContentRef, DocumentDecision, RegisterEvent};
use crate::json::push_string;
use crate::ledger::{Ledger, replay};
use crate::registers::common::{Common, Item, Judged, State};
use crate::registers::jurisdiction::CalendarLedger;
use crate::rules::foi::FoiPack;
use crate::source::Source;
use crate::wire::Kind;

type Id = [u8; 32];
type Fault = (Check, &'static str);

/// Checks of section 15.
pub(crate) const FOI_CHECKS: [Check; 12] = [
    Check::FoiOrder,
    Check::FoiDefinition,
    Check::FoiRequest,
    Check::FoiClock,
    Check::FoiThirdParty,
    Check::FoiDecision,
    Check::FoiRelease,
    Check::FoiTransfer,
    Check::FoiGrievance,
    Check::FoiOfficer,
    Check::FoiSilence,
    Check::FoiDueDates,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndKind {
    Decided,
    RoutedOut,
    Transferred,
    Withdrawn,
    Unpaid,
    DeemedRefused,
    Abandoned,
}

#[derive(Debug, Clone, Copy)]
struct End {
    kind: EndKind,
    day: Day,
    moment: u64,
}

#[derive(Debug, Clone)]
struct Decision {
    /// Outcome of each document, and the commitment of what is released of it now with the position of the release.
    documents: Vec<(u8, Option<(Id, u64)>)>,
}

#[derive(Debug, Clone)]
struct Request {
    number: u64,
    pack: Option<Arc<FoiPack>>,
    clock: Option<Clock>,
    received: Day,
    admitted: bool,
    end: Option<End>,
    pay_by: Option<Day>,
    decision: Option<Decision>,
    /// Moment of the current opening for a grievance, and whether one was filed about it.
    opening: Option<(u64, bool)>,
    grievances: Vec<u64>,
    /// Position of the last DecisionMade.
    decided_at: u64,
    missed: Option<(Day, Day)>,
    authors: BTreeSet<Id>,
    linked: BTreeSet<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GrievanceEnd {
    Decided { decision: u8, at: u64 },
    Rejected,
}

#[derive(Debug, Clone)]
struct Grievance {
    request: u64,
    filed: Day,
    filed_ms: u64,
    end: Option<(GrievanceEnd, Day, u64)>,
    missed: Option<(Day, Day)>,
}

/// A request that left for another register.
#[derive(Debug, Clone)]
pub(crate) struct TransferOut {
    pub(crate) seq: u64,
    pub(crate) to: Id,
    pub(crate) moment: u64,
    pub(crate) day: Day,
    pack: Option<Arc<FoiPack>>,
    clock: Option<Clock>,
}

/// What another register says of a transfer.
pub(crate) enum LookUp {
    /// It has not been followed so far yet.
    Wait,
    Found(Box<TransferOut>),
    NotThere,
}

/// What the clock has brought about: what stands behind a DayClosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Demand {
    day: Day,
    item: u64,
    event_type: u16,
    /// Of DeadlineMissed.
    due: Option<Day>,
}

#[derive(Debug, Clone)]
struct Run {
    seq: u64,
    cause: Id,
    demanded: Vec<Demand>,
    found: Vec<Option<Demand>>,
}

#[derive(Debug, Default, Clone)]
struct Requests {
    requests: BTreeMap<u64, Request>,
    grievances: BTreeMap<u64, Grievance>,
}

/// Counts of a register for the report.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) open: u64,
    pub(crate) overdue: u64,
    pub(crate) missed: u64,
    pub(crate) deemed_refused: u64,
}

/// A register that is being followed.
#[derive(Debug)]
pub(crate) struct Register<'c> {
    pub(crate) common: Common<'c>,
    predecessor: Option<Id>,
    items: Vec<Item>,
    next: usize,
    /// The entries could be read to the end.
    pub(crate) whole: bool,
    defined: Option<u64>,
    pack: Option<(ContentRef, Arc<FoiPack>)>,
    succeeded: bool,
    state: Requests,
    /// Request of each third party that was consulted, and whether it replied.
    consultations: BTreeMap<u64, (u64, bool)>,
    pub(crate) transfers: BTreeMap<u64, TransferOut>,
    pub(crate) received: BTreeSet<(Id, u64)>,
    run: Option<Run>,
    /// By size: the due dates as they follow from the first entries; of sizes that are published.
    views: BTreeMap<u64, Option<String>>,
}

impl<'c> Register<'c> {
    /// Reads the entries of a register.
    pub(crate) fn read(
        source: &dyn Source,
        ledger: &Ledger,
        calendar: &'c CalendarLedger,
        checks: &mut Checks,
    ) -> Register<'c> {
        let mut items = Vec::new();
        let mut moment = 0;
        let mut views = BTreeMap::new();
        let outcome = replay(source, ledger, checks, |_, entries| {
            for (entry, event) in entries {
                let item = Item::new(entry, event, moment);
                moment = item.moment;
                if let Some(RegisterEvent::ViewPublished { size, .. }) = &item.event {
                    views.insert(*size, None);
                }
                items.push(item);
            }
        });
        let whole = outcome.is_ok();
        if let Err(reason) = outcome {
            Common::skip_all(&FOI_CHECKS, &reason, checks);
        }
        let common = Common::new(ledger.id, ledger.kind, ledger.genesis.parent, calendar, checks);
        Register {
            common,
            predecessor: ledger.genesis.predecessor.map(|before| before.ledger),
            items,
            // The genesis was judged with the ledger.
            next: 1,
            whole,
            defined: None,
            pack: None,
            succeeded: false,
            state: Requests::default(),
            consultations: BTreeMap::new(),
            transfers: BTreeMap::new(),
            received: BTreeSet::new(),
            run: None,
            views,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.next >= self.items.len()
    }

    /// Whether it has a RegisterDefined.
    pub(crate) fn is_defined(&self) -> bool {
        self.defined.is_some()
    }

    /// What this register says of the transfer of a request, among its first `size` entries.
    pub(crate) fn transfer(&self, request: u64, size: u64) -> LookUp {
        match self.transfers.get(&request).filter(|out| out.seq < size) {
            Some(out) => LookUp::Found(Box::new(out.clone())),
            None if !self.is_done() && (self.next as u64) < size => LookUp::Wait,
            None => LookUp::NotThere,
        }
    }

    /// Follows the entries as far as nothing has to wait for another register; `forced` does not wait. Says whether it came further.
    pub(crate) fn advance(
        &mut self,
        source: &dyn Source,
        others: &dyn Fn(&Id, u64, u64) -> LookUp,
        forced: bool,
        checks: &mut Checks,
    ) -> bool {
        let begin = self.next;
        let items = std::mem::take(&mut self.items);
        let mut forced = forced;
        while let Some(item) = items.get(self.next) {
            let mut sent = None;
            if let (Some(RegisterEvent::TransferReceived { from, request }), Some(cited)) =
                (&item.event, item.cited)
            {
                match others(from, *request, cited.size) {
                    LookUp::Wait if !forced => break,
                    LookUp::Found(out) => sent = Some(*out),
                    LookUp::Wait | LookUp::NotThere => {}
                }
                forced = false;
            }
            self.take(source, item, sent, items.get(self.next - 1), checks);
            self.next += 1;
            let size = self.next as u64;
            if self.views.contains_key(&size) {
                let view = self.view(size, item.moment);
                self.views.insert(size, view);
            }
        }
        let end = self.next >= items.len();
        let further = self.next > begin;
        self.items = items;
        if end && further {
            self.finish_run(checks);
        }
        further
    }

    fn take(
        &mut self,
        source: &dyn Source,
        item: &Item,
        sent: Option<TransferOut>,
        before: Option<&Item>,
        checks: &mut Checks,
    ) {
        let event = item.event.as_ref();
        if !event.is_some_and(RegisterEvent::is_consequence) {
            self.finish_run(checks);
        }
        if self.judge(source, item, sent, before.map(|before| before.moment), checks) {
            self.common.publish(item);
        }
    }

    /// Says whether the event has its effect.
    fn judge(
        &mut self,
        source: &dyn Source,
        item: &Item,
        sent: Option<TransferOut>,
        before: Option<u64>,
        checks: &mut Checks,
    ) -> bool {
        use RegisterEvent as E;
        let place = self.common.place(item.seq);
        let (today, mut effect) = match self.common.judge(item, before, &FOI_CHECKS, checks) {
            Judged::Done | Judged::Began => return false,
            Judged::Closed { last, day } => {
                self.run = Some(Run {
                    seq: item.seq,
                    cause: item.body_hash,
                    demanded: self.demands(last + 2, day + 1),
                    found: Vec::new(),
                });
                return false;
            }
            Judged::Consequence => {
                let found = item.event.as_ref().and_then(|event| self.demand_of(event));
                match &mut self.run {
                    Some(run) => run.found.push(found),
                    None => {
                        let detail = "a consequence that stands behind no closed day";
                        checks.fail(Check::FoiSilence, place, detail);
                    }
                }
                return false;
            }
            Judged::On { today, stands } => (today, stands),
        };
        let Some(event) = &item.event else {
            return true;
        };
        let mut exists = false;
        if let E::ViewPublished { view, size, .. } = event {
            exists = self
                .common
                .look_at_view(item.seq, (view, *size), "due-dates", self.defined, checks);
        }
        if self.defined.is_none() && !matches!(event, E::RegisterDefined { .. }) {
            let detail = "the event stands before the register is defined";
            checks.fail(Check::FoiOrder, place, detail);
            return false;
        }
        checks.pass(Check::FoiOrder);
        if let E::ViewPublished { size, content, .. } = event {
            if exists {
                self.check_view(source, item.seq, *size, content, checks);
            }
            return true;
        }
        let (authored, outcome) = (
            self.request_of(event),
            self.apply(source, item, event, today, sent, checks),
        );
        match outcome {
            Ok(()) => {
                for check in concerned(event) {
                    checks.pass(*check);
                }
            }
            Err((check, reason)) => {
                checks.fail(check, place, reason);
                effect = check == Check::FoiOfficer;
            }
        }
        if let Some(request) = authored.and_then(|request| self.state.requests.get_mut(&request))
            && !matches!(event, E::GrievanceDecided { .. })
        {
            request.authors.insert(item.author);
        }
        effect
    }

    /// What the clock brings about on the days `from` to `to`. Spec: specs/foi.md §8.
    fn demands(&self, from: Day, to: Day) -> Vec<Demand> {
        let Some(days) = &self.common.days else {
            return Vec::new();
        };
        let mut demands = Vec::new();
        let open = self
            .state
            .requests
            .iter()
            .filter(|(_, request)| request.end.is_none());
        for (item, request) in open {
            let (Some(clock), Some(pack)) = (&request.clock, &request.pack) else {
                continue;
            };
            let mut clock = clock.clone();
            let mut from = from;
            // Reckoning that leaves the years of the rules brings nothing about.
            while let Ok(Some(lapse)) = clock.lapse(days, &pack.clock, from, to) {
                let mut demand = |event_type, due| {
                    demands.push(Demand {
                        day: lapse.day,
                        item: *item,
                        event_type,
                        due,
                    });
                };
                if let Some(due) = lapse.missed {
                    clock.missed = true;
                    demand(0x0718, Some(due));
                }
                match lapse.end {
                    Some(Silence::DeemedRefusal) => demand(0x0719, None),
                    Some(Silence::Abandoned) => demand(0x071a, None),
                    None => {}
                }
                if lapse.end.is_some() {
                    break;
                }
                from = lapse.day;
            }
        }
        for (item, grievance) in &self.state.grievances {
            if grievance.end.is_some() || grievance.missed.is_some() {
                continue;
            }
            let request = self.state.requests.get(&grievance.request);
            let rules = request
                .and_then(|request| request.pack.as_ref())
                .map(|pack| pack.clock);
            let Some((rules, limit)) = rules.and_then(|rules| Some((rules, rules.grievance_decision_days?)))
            else {
                continue;
            };
            let after = day_at(&days.zone, grievance.filed_ms).unwrap_or(to) + 1;
            let lapse = days.lapse_between(from.max(after), to, |version| {
                days.last_day(version, rules.counting, grievance.filed, limit, &[])
            });
            if let Ok(Some((day, due))) = lapse {
                let item = *item;
                demands.push(Demand {
                    day,
                    item,
                    event_type: 0x0718,
                    due: Some(due),
                });
                if rules.grievance_deemed_refusal {
                    demands.push(Demand {
                        day,
                        item,
                        event_type: 0x0719,
                        due: None,
                    });
                }
            }
        }
        demands.sort_unstable();
        demands
    }

    /// A consequence as it stands, if it is of the DayClosed that the run began with.
    fn demand_of(&self, event: &RegisterEvent) -> Option<Demand> {
        let closed = self.run.as_ref()?.cause;
        let (cause, item, day, event_type, due) = match event {
            RegisterEvent::DeadlineMissed {
                cause,
                item,
                day,
                due,
            } => (cause, *item, *day, 0x0718, Some(*due)),
            RegisterEvent::SilenceDeemed { cause, item, day } => (cause, *item, *day, 0x0719, None),
            RegisterEvent::RequestAbandoned { cause, request, day } => (cause, *request, *day, 0x071a, None),
            _ => return None,
        };
        (*cause == closed).then_some(Demand {
            day: day.into(),
            item,
            event_type,
            due: due.map(Day::from),
        })
    }

    /// Compares what stands behind a DayClosed with what had to, and takes the effect of the latter.
    fn finish_run(&mut self, checks: &mut Checks) {
        let Some(run) = self.run.take() else {
            return;
        };
        let same = run.found.len() == run.demanded.len()
            && run
                .found
                .iter()
                .zip(&run.demanded)
                .all(|(found, demanded)| found.as_ref() == Some(demanded));
        let detail = "what stands behind the closed day is not what the clock brought about";
        checks.require(
            Check::FoiSilence,
            Place::entry(self.common.id, run.seq),
            same,
            detail,
        );
        let zone = self.common.days.as_ref().map(|days| days.zone.clone());
        if let Some(zone) = zone {
            for demand in &run.demanded {
                self.state.bring_about(demand, &zone);
            }
        }
    }
}

impl Requests {
    /// The effect of what the clock brought about. Spec: specs/foi.md §8.
    fn bring_about(&mut self, demand: &Demand, zone: &jiff::tz::TimeZone) {
        let start = start_of(zone, demand.day).ok();
        let moment = start.and_then(|start| u64::try_from(start).ok()).unwrap_or(0);
        if let Some(request) = self.requests.get_mut(&demand.item) {
            let kind = match (demand.event_type, demand.due) {
                (0x0718, Some(due)) => {
                    request.missed = Some((demand.day, due));
                    if let Some(clock) = &mut request.clock {
                        clock.missed = true;
                    }
                    None
                }
                (0x0719, _) => Some(EndKind::DeemedRefused),
                _ => Some(EndKind::Abandoned),
            };
            if let Some(kind) = kind {
                request.end = Some(End {
                    kind,
                    day: demand.day,
                    moment,
                });
            }
            request.opening = Some((moment, false));
        } else if let Some(grievance) = self.grievances.get_mut(&demand.item) {
            match demand.due {
                Some(due) => grievance.missed = Some((demand.day, due)),
                None => grievance.end = Some((GrievanceEnd::Rejected, demand.day, moment)),
            }
        }
    }

    /// Spec: specs/foi.md §3.
    fn is_reopened(&self, request: &Request) -> bool {
        let last = request
            .grievances
            .last()
            .and_then(|last| self.grievances.get(last));
        let overturned = last.and_then(|last| last.end).is_some_and(|(end, ..)| {
            matches!(end, GrievanceEnd::Decided { decision: 2 | 3, at } if at > request.decided_at)
        });
        request.end.is_some() && overturned
    }

    fn request(&self, at: u64) -> Result<&Request, Fault> {
        let request = self.requests.get(&at);
        request.ok_or((Check::FoiOrder, "there is no such request"))
    }

    fn open(&self, at: u64) -> Result<&Request, Fault> {
        let request = self.request(at)?;
        match request.end {
            None => Ok(request),
            Some(_) => Err((Check::FoiOrder, "the request has ended")),
        }
    }
}

/// Checks, besides the order of events, that an event without a fault has passed.
fn concerned(event: &RegisterEvent) -> &'static [Check] {
    use RegisterEvent as E;
    match event {
        E::RegisterDefined { .. } | E::RulesChosen { .. } => &[Check::FoiDefinition],
        E::RequestSubmitted { .. } => &[Check::FoiRequest, Check::FoiClock],
        E::RequestRoutedOut { .. }
        | E::FeeQuoted { .. }
        | E::FeeSettled { .. }
        | E::RequestWithdrawn { .. } => &[Check::FoiRequest, Check::FoiClock],
        E::ClarificationGiven { .. } => &[Check::FoiRequest, Check::FoiClock],
        E::RequestsLinked { .. } => &[Check::FoiRequest],
        E::ClarificationAsked { .. } | E::FeeUnpaid { .. } | E::DeadlineExtended { .. } => &[Check::FoiClock],
        E::ThirdPartyReplied { .. } => &[Check::FoiThirdParty],
        E::DecisionMade { .. } => &[Check::FoiClock, Check::FoiDecision],
        E::ReleaseMade { .. } | E::ReleaseWithdrawn { .. } => &[Check::FoiRelease],
        E::TransferReceived { .. } | E::RequestTransferred { .. } => &[Check::FoiTransfer],
        E::GrievanceFiled { .. } => &[Check::FoiRequest, Check::FoiGrievance],
        E::GrievanceDecided { .. } => &[Check::FoiGrievance, Check::FoiOfficer],
        _ => &[],
    }
}

impl Register<'_> {
    /// The request that an event is on, as its author acts on it. Spec: specs/foi.md §7.4.
    fn request_of(&self, event: &RegisterEvent) -> Option<u64> {
        use RegisterEvent as E;
        match event {
            E::RequestAdmitted { request, .. }
            | E::RequestRoutedOut { request, .. }
            | E::RequestTransferred { request, .. }
            | E::RequestsLinked { request, .. }
            | E::ClarificationAsked { request, .. }
            | E::ClarificationGiven { request, .. }
            | E::FeeQuoted { request, .. }
            | E::FeeSettled { request, .. }
            | E::FeeUnpaid { request }
            | E::ThirdPartyConsulted { request, .. }
            | E::DeadlineExtended { request, .. }
            | E::RequestWithdrawn { request, .. }
            | E::DecisionMade { request, .. }
            | E::ReleaseMade { request, .. }
            | E::ReleaseWithdrawn { request, .. }
            | E::GrievanceFiled { request, .. } => Some(*request),
            E::ThirdPartyReplied { consultation, .. } => {
                self.consultations.get(consultation).map(|(request, _)| *request)
            }
            _ => None,
        }
    }

    /// The pack that a register names. Spec: specs/foi.md §1.3.
    fn adopted(&self, content: &ContentRef, today: Day) -> Result<Arc<FoiPack>, Fault> {
        let mut packs = self
            .common
            .calendar
            .packs
            .iter()
            .filter(|adopted| adopted.seq < self.common.size);
        let adopted = packs.find(|adopted| adopted.content == *content);
        let adopted = adopted.ok_or((Check::FoiDefinition, "the jurisdiction has not adopted this pack"))?;
        if !adopted.pack.is_valid_on(today) {
            return Err((Check::FoiDefinition, "the pack is not valid on this day"));
        }
        Ok(Arc::clone(&adopted.pack))
    }

    fn is_of_same_authority(&self, other: &Id) -> bool {
        let own = self.common.calendar.listed_at(&self.common.id, self.common.size);
        let other = self.common.calendar.listed_at(other, self.common.size);
        other.is_some_and(|other| {
            other.kind == Kind::Foi
                && other.ledger != self.common.id
                && own.is_some_and(|own| own.authority == other.authority)
        })
    }

    fn define(
        &mut self,
        source: &dyn Source,
        item: &Item,
        content: &ContentRef,
        today: Day,
        checks: &mut Checks,
    ) -> Result<(), Fault> {
        let adopted = self.adopted(content, today);
        let known = adopted.as_ref().ok().map(Arc::clone).or_else(|| {
            let bytes = read_content(source, content).ok()?;
            FoiPack::parse(&bytes).ok().map(Arc::new)
        });
        self.defined = Some(item.seq);
        if known.is_none() {
            let reason = "the pack of a register cannot be read, so its requests have no clock";
            for check in [
                Check::FoiClock,
                Check::FoiDecision,
                Check::FoiGrievance,
                Check::FoiSilence,
            ] {
                checks.skip(check, reason);
            }
        }
        self.pack = known.map(|pack| (*content, pack));
        adopted?;
        if self
            .predecessor
            .is_some_and(|before| !self.is_of_same_authority(&before))
        {
            let reason = "the register continues one that is not of the same authority";
            return Err((Check::FoiDefinition, reason));
        }
        Ok(())
    }

    /// The day of the act. Spec: specs/foi.md §2.2.
    fn day_of_act(event: &RegisterEvent, today: Day) -> Result<Day, Fault> {
        let Some(letter) = event.letter() else {
            return Ok(today);
        };
        let received = Day::from(letter.received_on);
        if ((today - 366).max(0)..=today).contains(&received) {
            Ok(received)
        } else {
            Err((
                Check::FoiRequest,
                "a letter was received in the future, or more than 366 days ago",
            ))
        }
    }

    /// Takes a step of the clock of a request.
    fn step(&mut self, at: u64, step: Step, moment: u64) -> Result<(), Fault> {
        let (Some(days), Some(request)) = (&self.common.days, self.state.requests.get_mut(&at)) else {
            return Ok(());
        };
        match (&mut request.clock, &request.pack) {
            (Some(clock), Some(pack)) => clock
                .step(days, &pack.clock, step, moment)
                .map_err(|reason| (Check::FoiClock, reason)),
            _ => Ok(()),
        }
    }

    fn end(&mut self, at: u64, kind: EndKind, item: &Item, today: Day) {
        if let Some(request) = self.state.requests.get_mut(&at) {
            let moment = item.moment;
            request.end = Some(End {
                kind,
                day: today,
                moment,
            });
            if !matches!(kind, EndKind::Transferred | EndKind::Withdrawn) {
                request.opening = Some((moment, false));
            }
        }
    }

    fn new_request(&mut self, item: &Item, pack: Option<Arc<FoiPack>>, clock: Option<Clock>, received: Day) {
        let number = self.state.requests.len() as u64 + 1;
        let request = Request {
            number,
            pack,
            clock,
            received,
            admitted: false,
            end: None,
            pay_by: None,
            decision: None,
            opening: None,
            grievances: Vec::new(),
            decided_at: 0,
            missed: None,
            authors: BTreeSet::from([item.author]),
            linked: BTreeSet::new(),
        };
        self.state.requests.insert(item.seq, request);
    }

    /// Takes an event, or says which rule it breaks. Spec: specs/foi.md §11.
    fn apply(
        &mut self,
        source: &dyn Source,
        item: &Item,
        event: &RegisterEvent,
        today: Day,
        sent: Option<TransferOut>,
        checks: &mut Checks,
    ) -> Result<(), Fault> {
        use RegisterEvent as E;
        let moment = item.moment;
        match event {
            E::RegisterDefined { pack } => {
                if self.defined.is_some() {
                    return Err((Check::FoiOrder, "the register is defined already"));
                }
                self.define(source, item, pack, today, checks)
            }
            E::RulesChosen { pack } => {
                let chosen = self.adopted(pack, today)?;
                if self.pack.as_ref().is_some_and(|(content, _)| content == pack) {
                    return Err((Check::FoiDefinition, "the pack is in force already"));
                }
                self.pack = Some((*pack, chosen));
                Ok(())
            }
            E::RegisterSucceeded { successor } => {
                if self.succeeded || !self.is_of_same_authority(successor) {
                    let reason =
                        "the register has a successor, or this is no other register of the authority";
                    return Err((Check::FoiOrder, reason));
                }
                self.succeeded = true;
                Ok(())
            }
            E::RequestSubmitted { .. } => {
                if self.succeeded {
                    return Err((Check::FoiOrder, "the register has a successor"));
                }
                let received = Self::day_of_act(event, today)?;
                let pack = self.pack.as_ref().map(|(_, pack)| Arc::clone(pack));
                let clock = match (&pack, &self.common.days) {
                    (Some(pack), Some(days)) => {
                        if !pack.is_valid_on(received) {
                            return Err((
                                Check::FoiRequest,
                                "the pack in force is not valid on the day of receipt",
                            ));
                        }
                        let clock = Clock::begin(received, moment);
                        let version = days.version_at(i64::try_from(moment).unwrap_or(i64::MAX));
                        let due = clock.due(days, version, &pack.clock, false);
                        due.map_err(|_| (Check::FoiClock, "the clock would reckon beyond the year 9989"))?;
                        Some(clock)
                    }
                    _ => None,
                };
                self.new_request(item, pack, clock, received);
                Ok(())
            }
            E::TransferReceived { from, request } => {
                let listed = self.common.calendar.listed_at(from, self.common.size);
                let listed = *from != self.common.id && listed.is_some_and(|listed| listed.kind == Kind::Foi);
                let Some(out) = sent.filter(|out| out.to == self.common.id) else {
                    return Err((Check::FoiTransfer, "no such transfer to this register is cited"));
                };
                let first = self.received.insert((*from, *request));
                let clock = out.clock.as_ref().map(|clock| clock.take_over(moment));
                self.new_request(item, out.pack.clone(), clock, today);
                if !listed {
                    return Err((
                        Check::FoiTransfer,
                        "the transfer is not from a register that the calendar lists",
                    ));
                }
                if !first {
                    return Err((Check::FoiTransfer, "the transfer was received before"));
                }
                if moment < out.moment {
                    return Err((Check::FoiTransfer, "the transfer was received before it was made"));
                }
                Ok(())
            }
            E::RequestAdmitted { request: at, .. } => {
                let request = self.state.request(*at)?;
                if request.admitted {
                    return Err((Check::FoiOrder, "the request was admitted before"));
                }
                if request.end.is_some() && !self.state.is_reopened(request) {
                    return Err((Check::FoiOrder, "the request has ended"));
                }
                if let Some(request) = self.state.requests.get_mut(at) {
                    request.admitted = true;
                }
                Ok(())
            }
            E::RequestRoutedOut { request, ground, .. } => {
                self.state.open(*request)?;
                if !(1..=2).contains(ground) {
                    return Err((Check::FoiRequest, "there is no such ground"));
                }
                self.step(*request, Step::Ended, moment)?;
                self.end(*request, EndKind::RoutedOut, item, today);
                Ok(())
            }
            E::RequestTransferred { request: at, to, .. } => {
                let request = self.state.open(*at)?;
                let listed = self.common.calendar.listed_at(to, self.common.size);
                let clock = request.clock.clone();
                let pack = request.pack.clone();
                self.step(*at, Step::Ended, moment)
                    .map_err(|(_, reason)| (Check::FoiClock, reason))?;
                if *to == self.common.id || listed.is_none_or(|listed| listed.kind != Kind::Foi) {
                    self.restore(*at, clock);
                    return Err((
                        Check::FoiTransfer,
                        "the request goes to no other register that the calendar lists",
                    ));
                }
                if clock
                    .as_ref()
                    .is_some_and(|clock| clock.has_question() || clock.has_fee())
                {
                    self.restore(*at, clock);
                    return Err((Check::FoiTransfer, "a question or a fee is open"));
                }
                let clock = match (clock, &pack, &self.common.days) {
                    (Some(mut clock), Some(pack), Some(days)) => {
                        // Refused only where the step above was.
                        let _ = clock.step(days, &pack.clock, Step::Transferred, moment);
                        Some(clock)
                    }
                    _ => None,
                };
                self.end(*at, EndKind::Transferred, item, today);
                let out = TransferOut {
                    seq: item.seq,
                    to: *to,
                    moment,
                    day: today,
                    pack,
                    clock,
                };
                self.transfers.insert(*at, out);
                Ok(())
            }
            E::RequestsLinked { request: at, similar } => {
                self.state.request(*at)?;
                if similar >= at || !self.state.requests.contains_key(similar) {
                    return Err((Check::FoiRequest, "a request is linked to no earlier one"));
                }
                let linked = self
                    .state
                    .requests
                    .get_mut(at)
                    .is_some_and(|request| request.linked.insert(*similar));
                if linked {
                    Ok(())
                } else {
                    Err((Check::FoiRequest, "the requests were linked before"))
                }
            }
            E::ClarificationAsked { request, .. } => {
                self.state.open(*request)?;
                self.step(*request, Step::Asked, moment)
            }
            E::ClarificationGiven { request, .. } => {
                self.state.open(*request)?;
                let received = Self::day_of_act(event, today)?;
                self.step(*request, Step::Answered(received), moment)
            }
            E::FeeQuoted {
                request,
                amount,
                currency,
                pay_by,
            } => {
                self.state.open(*request)?;
                let pay_by = Day::from(*pay_by);
                let form = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
                if *amount == 0 || !form || pay_by <= today || pay_by > today + 366 || pay_by > LAST_DAY {
                    let reason =
                        "an amount of nothing, no currency, or a day to pay that is not within 366 days";
                    return Err((Check::FoiRequest, reason));
                }
                self.step(*request, Step::FeeQuoted, moment)?;
                if let Some(request) = self.state.requests.get_mut(request) {
                    request.pay_by = Some(pay_by);
                }
                Ok(())
            }
            E::FeeSettled { request, how } => {
                self.state.open(*request)?;
                if !(1..=2).contains(how) {
                    return Err((Check::FoiRequest, "a fee is neither paid nor waived"));
                }
                self.step(*request, Step::FeeSettled, moment)?;
                if let Some(request) = self.state.requests.get_mut(request) {
                    request.pay_by = None;
                }
                Ok(())
            }
            E::FeeUnpaid { request: at } => {
                let request = self.state.open(*at)?;
                if request.pay_by.is_none_or(|pay_by| today <= pay_by) {
                    return Err((Check::FoiClock, "no fee is open, or the day to pay is not over"));
                }
                self.step(*at, Step::Ended, moment)?;
                self.end(*at, EndKind::Unpaid, item, today);
                Ok(())
            }
            E::ThirdPartyConsulted { request, .. } => {
                self.state.open(*request)?;
                self.consultations.insert(item.seq, (*request, false));
                Ok(())
            }
            E::ThirdPartyReplied { consultation, .. } => match self.consultations.get_mut(consultation) {
                None => Err((Check::FoiOrder, "there is no such consultation")),
                Some((_, true)) => Err((Check::FoiThirdParty, "the third party has replied before")),
                Some((_, replied)) => {
                    *replied = true;
                    Ok(())
                }
            },
            E::DeadlineExtended { request, .. } => {
                self.state.open(*request)?;
                self.step(*request, Step::Extended, moment)
            }
            E::RequestWithdrawn { request, .. } => {
                self.state.open(*request)?;
                Self::day_of_act(event, today)?;
                self.step(*request, Step::Ended, moment)?;
                self.end(*request, EndKind::Withdrawn, item, today);
                Ok(())
            }
            E::DecisionMade {
                request, documents, ..
            } => self.decide(*request, documents, item, today),
            E::ReleaseMade {
                request: at,
                releases,
            } => {
                let request = self.state.request(*at)?;
                if request.end.is_none() || request.decision.is_none() {
                    return Err((Check::FoiOrder, "the request has not ended with a decision"));
                }
                let Some(decision) = self.state.requests.get_mut(at).and_then(|r| r.decision.as_mut()) else {
                    return Ok(());
                };
                let due = |document: u16| decision.documents.get(usize::from(document));
                let fits = releases.iter().all(|release| {
                    due(release.document)
                        .is_some_and(|(outcome, now)| matches!(outcome, 1 | 2) && now.is_none())
                });
                if !(1..=200).contains(&releases.len()) || !fits {
                    let reason =
                        "a document is released that was not decided for release, or is released already";
                    return Err((Check::FoiRelease, reason));
                }
                for release in releases {
                    if let Some((_, now)) = decision.documents.get_mut(usize::from(release.document)) {
                        *now = Some((release.rendition.commitment, item.seq));
                    }
                }
                Ok(())
            }
            E::ReleaseWithdrawn {
                request: at,
                documents,
                ..
            } => {
                self.state.request(*at)?;
                let Some(decision) = self.state.requests.get_mut(at).and_then(|r| r.decision.as_mut()) else {
                    return Err((Check::FoiOrder, "the request has no decision"));
                };
                let released = |document: &u16| {
                    decision
                        .documents
                        .get(usize::from(*document))
                        .and_then(|(_, now)| *now)
                };
                if !(1..=200).contains(&documents.len()) || documents.iter().any(|d| released(d).is_none()) {
                    return Err((Check::FoiRelease, "a document is withdrawn that is not released"));
                }
                for document in documents {
                    if let Some((_, now)) = decision.documents.get_mut(usize::from(*document))
                        && let Some((rendition, seq)) = now.take()
                    {
                        self.common
                            .set(&rendition, seq, State::Published, State::Withheld);
                    }
                }
                Ok(())
            }
            E::GrievanceFiled { request, .. } => self.file(*request, event, item, today),
            E::GrievanceDecided {
                grievance: at,
                decision,
                ..
            } => {
                let grievance = self.state.grievances.get_mut(at);
                let grievance = grievance.ok_or((Check::FoiOrder, "there is no such grievance"))?;
                if grievance.end.is_some() || !(1..=3).contains(decision) {
                    let reason = "the grievance is not open, or there is no such decision";
                    return Err((Check::FoiGrievance, reason));
                }
                let end = GrievanceEnd::Decided {
                    decision: *decision,
                    at: item.seq,
                };
                grievance.end = Some((end, today, moment));
                let request = self.state.requests.get(&grievance.request);
                if request.is_some_and(|request| request.authors.contains(&item.author)) {
                    return Err((Check::FoiOfficer, "the author has acted on the request before"));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn restore(&mut self, at: u64, clock: Option<Clock>) {
        if let Some(request) = self.state.requests.get_mut(&at) {
            request.clock = clock;
        }
    }

    /// Spec: specs/foi.md §5.1.
    fn decide(
        &mut self,
        at: u64,
        documents: &[DocumentDecision],
        item: &Item,
        today: Day,
    ) -> Result<(), Fault> {
        let request = self.state.request(at)?;
        let open = request.end.is_none();
        if !request.admitted {
            return Err((Check::FoiOrder, "the request was not admitted"));
        }
        if !open && !self.state.is_reopened(request) {
            return Err((Check::FoiOrder, "the request has ended"));
        }
        let exemptions = request.pack.as_ref().map(Arc::clone);
        if open {
            self.step(at, Step::Ended, item.moment)?;
            self.end(at, EndKind::Decided, item, today);
        }
        let fits = |document: &DocumentDecision| {
            let exempt = matches!(document.outcome, 2 | 3);
            let known = |code: &String| {
                exemptions
                    .as_ref()
                    .is_none_or(|pack| pack.exemptions.contains(code))
            };
            (1..=5).contains(&document.outcome)
                && exempt != document.exemptions.is_empty()
                && document.exemptions.iter().all(known)
                && exempt == document.original.is_some()
                && (document.outcome == 5) == document.place.is_some()
                && document.place.as_deref().is_none_or(is_line)
        };
        let holds = (1..=200).contains(&documents.len()) && documents.iter().all(fits);
        if let Some(request) = self.state.requests.get_mut(&at) {
            if !open {
                request.opening = Some((item.moment, false));
            }
            request.decided_at = item.seq;
            if holds {
                request.decision = Some(Decision {
                    documents: documents
                        .iter()
                        .map(|document| (document.outcome, None))
                        .collect(),
                });
            }
        }
        if holds {
            Ok(())
        } else {
            let reason = "a document is decided without a valid outcome, or under an exemption that the pack does not have";
            Err((Check::FoiDecision, reason))
        }
    }

    /// Spec: specs/foi.md §7.2.
    fn file(&mut self, at: u64, event: &RegisterEvent, item: &Item, today: Day) -> Result<(), Fault> {
        let request = self.state.request(at)?;
        let act = Self::day_of_act(event, today)?;
        let fault = |reason| Err((Check::FoiGrievance, reason));
        let pending = request.grievances.iter().any(|at| {
            self.state
                .grievances
                .get(at)
                .is_some_and(|grievance| grievance.end.is_none())
        });
        let Some((opened, false)) = request.opening.filter(|_| !pending) else {
            return fault("nothing is open to a grievance, or one was filed about it");
        };
        if let Some(days) = &self.common.days {
            let anchor = day_at(&days.zone, opened).unwrap_or(today);
            if act < anchor {
                return fault("the grievance was filed before what it is about");
            }
            let rules = request.pack.as_ref().map(|pack| pack.clock);
            if let Some((rules, window)) = rules.and_then(|rules| Some((rules, rules.grievance_days?))) {
                let version = days.version_at(i64::try_from(item.moment).unwrap_or(i64::MAX));
                match days.last_day(version, rules.counting, anchor, window, &[]) {
                    Ok(Some(last)) if act <= last => {}
                    _ => return fault("the time for a grievance is over"),
                }
            }
        }
        if let Some(request) = self.state.requests.get_mut(&at) {
            request.opening = Some((opened, true));
            request.grievances.push(item.seq);
        }
        let grievance = Grievance {
            request: at,
            filed: act,
            filed_ms: item.moment,
            end: None,
            missed: None,
        };
        self.state.grievances.insert(item.seq, grievance);
        Ok(())
    }

    /// Spec: specs/foi.md §9, specs/verification.md §15.12.
    fn check_view(
        &self,
        source: &dyn Source,
        seq: u64,
        size: u64,
        content: &ContentRef,
        checks: &mut Checks,
    ) {
        let Some(view) = self.views.get(&size).and_then(Option::as_ref) else {
            // A view that there is not has failed 14.11.
            return;
        };
        match read_content(source, content) {
            Err(_) => checks.skip(Check::FoiDueDates, "a published view is not here"),
            Ok(bytes) => {
                let detail = "the view is not the one that follows from the ledger";
                let same = bytes == view.as_bytes();
                checks.require(
                    Check::FoiDueDates,
                    Place::entry(self.common.id, seq),
                    same,
                    detail,
                );
            }
        }
    }

    /// The due dates as they follow from the first `size` entries; `now` is the moment of the last of them.
    fn view(&self, size: u64, now: u64) -> Option<String> {
        let days = self.common.days.as_ref()?;
        if !self.common.judged || self.defined.is_none_or(|defined| defined >= size) {
            return None;
        }
        let mut state = self.state.clone();
        if let Some(run) = &self.run {
            // A size that ends among consequences has the effect of those that it has.
            for demand in run.demanded.iter().take(run.found.len()) {
                state.bring_about(demand, &days.zone);
            }
        }
        let listed = self
            .common
            .calendar
            .listed_at(&self.common.id, self.common.size)?;
        let (ledger, register) = (hex::encode(self.common.id), &listed.id);
        let mut out = format!(
            "{{\"format\":\"sijill-due-dates/1\",\"ledger\":\"{ledger}\",\"size\":{size},\"register\":"
        );
        push_string(&mut out, register);
        push_day(&mut out, "closed", self.common.closed);
        out.push_str(",\"requests\":[");
        for (index, (at, request)) in state.requests.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            state.push_request(&mut out, *at, request, days, now);
        }
        out.push_str("]}");
        Some(out)
    }

    /// Counts by the facts known at the last entry.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let now = self.items.last().map_or(0, |item| item.moment);
        for request in self.state.requests.values() {
            counts.requests += 1;
            counts.open += u64::from(request.end.is_none());
            counts.missed += u64::from(request.missed.is_some());
            let refused = request.end.is_some_and(|end| end.kind == EndKind::DeemedRefused);
            counts.deemed_refused += u64::from(refused);
            let overdue = self
                .common
                .days
                .as_ref()
                .is_some_and(|days| request.status(days, now).0 == "overdue");
            counts.overdue += u64::from(overdue);
        }
        counts
    }
}

impl Request {
    /// Status, due date, and due date without extension. Spec: specs/rules.md §5.4.
    fn status(&self, days: &Calendar, now: u64) -> (&'static str, Option<Day>, Option<Day>) {
        let at = self.end.map_or(now, |end| end.moment);
        let version = days.version_at(i64::try_from(at).unwrap_or(i64::MAX));
        let due = |original| match (&self.clock, &self.pack) {
            (Some(clock), Some(pack)) => clock.due(days, version, &pack.clock, original).ok().flatten(),
            _ => None,
        };
        let (date, original) = (due(false), due(true));
        let status = match self.end.map(|end| end.kind) {
            Some(EndKind::Decided) => "decided",
            Some(EndKind::RoutedOut) => "routed-out",
            Some(EndKind::Transferred) => "transferred",
            Some(EndKind::Withdrawn) => "withdrawn",
            Some(EndKind::Unpaid) => "unpaid",
            Some(EndKind::DeemedRefused) => "deemed-refused",
            Some(EndKind::Abandoned) => "abandoned",
            None => match (date, day_at(&days.zone, at)) {
                (None, _) => "paused",
                (Some(date), Ok(today)) if today > date => "overdue",
                _ => "running",
            },
        };
        (status, date, original)
    }
}

impl Requests {
    fn push_request(&self, out: &mut String, at: u64, request: &Request, days: &Calendar, now: u64) {
        let (status, due, original) = request.status(days, now);
        let pack = request.pack.as_ref().map(|pack| pack.name()).unwrap_or_default();
        let received = day_text(request.received);
        let number = request.number;
        out.push_str(&format!(
            "{{\"number\":{number},\"entry\":{at},\"pack\":\"{pack}\",\"received\":\"{received}\",\"status\":\"{status}\""
        ));
        push_day(out, "due", due);
        push_day(out, "original_due", original);
        push_missed(out, request.missed);
        push_day(out, "ended", request.end.map(|end| end.day));
        out.push_str(",\"grievances\":[");
        for (index, at) in request.grievances.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            if let Some(grievance) = self.grievances.get(at) {
                grievance.push(out, *at, request, days, now);
            }
        }
        out.push_str("]}");
    }
}

impl Grievance {
    fn push(&self, out: &mut String, at: u64, request: &Request, days: &Calendar, now: u64) {
        let judged = self.end.map_or(now, |(_, _, moment)| moment);
        let version = days.version_at(i64::try_from(judged).unwrap_or(i64::MAX));
        let rules = request.pack.as_ref().map(|pack| pack.clock);
        let limit = rules.and_then(|rules| Some((rules, rules.grievance_decision_days?)));
        let decide_by = limit.and_then(|(rules, limit)| {
            let last = days.last_day(version, rules.counting, self.filed, limit, &[]);
            last.ok().flatten()
        });
        let status = match self.end {
            Some((GrievanceEnd::Decided { .. }, ..)) => "decided",
            Some((GrievanceEnd::Rejected, ..)) => "rejected",
            None => match (decide_by, day_at(&days.zone, now)) {
                (Some(by), Ok(today)) if today > by => "overdue",
                _ => "pending",
            },
        };
        let filed = day_text(self.filed);
        out.push_str(&format!(
            "{{\"entry\":{at},\"filed\":\"{filed}\",\"status\":\"{status}\""
        ));
        push_day(out, "decide_by", decide_by);
        push_missed(out, self.missed);
        push_day(out, "ended", self.end.map(|(_, day, _)| day));
        out.push('}');
    }
}

fn push_day(out: &mut String, name: &str, day: Option<Day>) {
    if let Some(day) = day {
        out.push_str(&format!(",\"{name}\":\"{}\"", day_text(day)));
    }
}

fn push_missed(out: &mut String, missed: Option<(Day, Day)>) {
    if let Some((on, due)) = missed {
        let (on, due) = (day_text(on), day_text(due));
        out.push_str(&format!(",\"missed\":{{\"on\":\"{on}\",\"due\":\"{due}\"}}"));
    }
}
