//! What people read of a register of freedom of information: the board, a case, the disclosure log, the league of
//! authorities, and the published due dates. Pure: a view is a function of the state, the calendar as cited, and a
//! moment.
//!
//! Spec: specs/foi.md §9 for the published document; the other views are for people and have no fixed bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sijill_ledger::{Committed, LedgerId};
use sijill_rules::{Calendar, ClockError, FoiPack, Reading, numbered_day, third_party_last_day};

use super::clock::{day_when, filed_on};
use super::decide::FoiRejection;
use super::events::{grievance_decisions, outcomes};
use super::state::{Begin, EndKind, FoiState, Grievance, GrievanceEnd, Request, When};
use crate::json;
use crate::register::{Linked, Rejection};

/// Name of the published view of due dates. Spec: specs/foi.md §9.
pub const DUE_DATES: &str = "due-dates";

/// A day of the Gregorian calendar, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub Date);

impl From<Date> for Day {
    fn from(day: Date) -> Self {
        Self(day)
    }
}

impl core::fmt::Display for Day {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// Where a request stands for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The due date has passed.
    Overdue,
    /// Today is the due date.
    DueToday,
    /// The clock runs.
    Running,
    /// The clock is stopped.
    Paused,
    /// It must be decided anew after a grievance.
    Reopened,
    /// It has ended.
    Ended,
}

/// A line of the work list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoardLine {
    /// `<register id>/<number>`.
    pub reference: String,
    /// Position on the ledger.
    pub request: u64,
    /// Where it stands.
    pub standing: Standing,
    /// As in the published due dates.
    pub status: &'static str,
    /// Last day in time.
    pub due: Option<Day>,
    /// What it would be without extensions.
    pub original_due: Option<Day>,
    /// Days that still have to be counted.
    pub days_left: u32,
    /// Extensions have been taken.
    pub extended: bool,
    /// The due date was missed once.
    pub missed: bool,
    /// Last day for the requester to clarify.
    pub clarify_by: Option<Day>,
    /// Last day to pay an open fee.
    pub pay_by: Option<Day>,
    /// What an officer may do next, by names of event types.
    pub next: Vec<&'static str>,
}

/// A remedy that is open to the requester, and its last day if the pack knows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// `grievance` or `court`.
    pub remedy: &'static str,
    /// Last day.
    pub last_day: Option<Day>,
}

/// A grievance for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrievanceLine {
    /// Its position.
    pub grievance: u64,
    /// The day of the act of filing.
    pub filed: Day,
    /// `pending`, `overdue`, `decided` or `rejected`.
    pub status: &'static str,
    /// `upheld`, `varied` or `overturned`.
    pub decision: Option<&'static str>,
    /// Last day for the decision.
    pub decide_by: Option<Day>,
    /// The day on which it ended.
    pub ended: Option<Day>,
}

/// A document of a decision for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentLine {
    /// Its number in the decision, from 0.
    pub document: u16,
    /// `released`, `partly-released`, `refused`, `not-held` or `already-public`.
    pub outcome: &'static str,
    /// Codes of the pack.
    pub exemptions: Vec<String>,
    /// Where it can be found.
    pub place: Option<String>,
    /// Commitment to its title, in hexadecimal.
    pub title: String,
    /// Commitment to what is released of it now, in hexadecimal.
    pub rendition: Option<String>,
    /// A release was withdrawn and nothing is released in its place.
    pub withdrawn: bool,
}

/// A case: everything that its requester may see, but for texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The line of the work list.
    pub line: BoardLine,
    /// Its pack, `<id>/<version>`.
    pub pack: String,
    /// Whether its pack is confirmed.
    pub confidence: &'static str,
    /// The day of the act.
    pub received: Day,
    /// The day on which it ended.
    pub ended: Option<Day>,
    /// The computation in English.
    pub english: Vec<String>,
    /// The computation in Arabic.
    pub arabic: Vec<String>,
    /// Third parties: last day, and whether they replied.
    pub third_parties: Vec<(Option<Day>, bool)>,
    /// The last decision.
    pub documents: Vec<DocumentLine>,
    /// Grievances.
    pub grievances: Vec<GrievanceLine>,
    /// What is open to the requester.
    pub remedies: Vec<Remedy>,
    /// References of earlier requests for the same.
    pub similar: Vec<String>,
}

/// A line of the disclosure log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disclosure {
    /// The reference.
    pub reference: String,
    /// Commitment to the public summary, in hexadecimal.
    pub summary: Option<String>,
    /// The day of the decision.
    pub decided: Day,
    /// Commitment to the reasons, in hexadecimal.
    pub statement: String,
    /// Document by document.
    pub documents: Vec<DocumentLine>,
}

/// How a register answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeagueLine {
    /// The authority.
    pub authority: String,
    /// The register.
    pub register: String,
    /// Requests that it has received.
    pub received: u64,
    /// Requests without an end.
    pub open: u64,
    /// Requests that it decided.
    pub decided: u64,
    /// Those among the decided whose due date was never missed.
    pub on_time: u64,
    /// `on_time` of `decided`, in basis points.
    pub on_time_bp: u64,
    /// Median of the days from receipt to decision, the lower one of two.
    pub median_days: Option<i32>,
    /// Due dates that were missed.
    pub missed: u64,
    /// How often each exemption stands in a decision.
    pub exemptions: BTreeMap<String, u64>,
    /// Grievances, and those decided as varied or overturned.
    pub grievances: (u64, u64),
}

impl LeagueLine {
    /// The line of a register of which nothing is known yet.
    #[must_use]
    pub fn new(authority: &str, register: &str) -> Self {
        Self {
            authority: authority.to_owned(),
            register: register.to_owned(),
            received: 0,
            open: 0,
            decided: 0,
            on_time: 0,
            on_time_bp: 0,
            median_days: None,
            missed: 0,
            exemptions: BTreeMap::new(),
            grievances: (0, 0),
        }
    }
}

#[derive(Serialize)]
struct MissedDays {
    on: String,
    due: String,
}

#[derive(Serialize)]
struct DueDates {
    format: &'static str,
    ledger: String,
    size: u64,
    register: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<String>,
    requests: Vec<DueDate>,
}

#[derive(Serialize)]
struct DueDate {
    number: u64,
    entry: u64,
    pack: String,
    received: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<MissedDays>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    grievances: Vec<GrievanceDate>,
}

#[derive(Serialize)]
struct GrievanceDate {
    entry: u64,
    filed: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decide_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<MissedDays>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
}

/// One request, read at a moment.
struct Read<'a> {
    request: &'a Request,
    reading: Reading,
    pack: Arc<FoiPack>,
    today: Date,
}

impl Read<'_> {
    /// Spec: specs/foi.md §9.
    fn status(&self) -> &'static str {
        match (self.request.end, self.reading.due) {
            (Some(end), _) => end.kind.as_str(),
            (None, None) => "paused",
            (None, Some(due)) if self.today > due => "overdue",
            (None, Some(_)) => "running",
        }
    }

    fn standing(&self) -> Standing {
        match (self.request.end, self.reading.due) {
            (Some(_), _) if self.request.is_reopened() => Standing::Reopened,
            (Some(_), _) => Standing::Ended,
            (None, None) => Standing::Paused,
            (None, Some(due)) if self.today > due => Standing::Overdue,
            (None, Some(due)) if self.today == due => Standing::DueToday,
            (None, Some(_)) => Standing::Running,
        }
    }
}

impl FoiState {
    /// The id of the register and of its authority, as the calendar lists them.
    ///
    /// # Errors
    /// [`Rejection`] if the register has not begun.
    pub fn listed_as(&self, linked: &dyn Linked) -> Result<(String, String), Rejection> {
        let facts = self.days.facts(linked)?;
        let listed = facts
            .register(&self.ledger, self.days.size())
            .ok_or_else(|| FoiRejection::Definition("it is not listed on the calendar".into()))?;
        Ok((listed.id.to_string(), listed.authority.to_string()))
    }

    fn read_at<'a>(
        &self,
        request: &'a Request,
        calendar: &Calendar,
        now_ms: u64,
        linked: &dyn Linked,
    ) -> Result<Read<'a>, Rejection> {
        let (reading, pack) = self.read(request, calendar, None, now_ms, linked)?;
        Ok(Read {
            request,
            reading,
            pack,
            today: crate::calendar::day_of(calendar, now_ms)?,
        })
    }

    /// The register at a moment, for the views that people query.
    ///
    /// # Errors
    /// [`Rejection`] if a ledger that it rests on is not kept here.
    pub fn read_views<'a>(
        &'a self,
        now_ms: u64,
        linked: &'a dyn Linked,
    ) -> Result<FoiReading<'a>, Rejection> {
        let calendar = self.days.calendar(linked)?;
        let (register, authority) = self.listed_as(linked)?;
        let now_ms = self.days.next_moment(now_ms);
        Ok(FoiReading {
            today: crate::calendar::day_of(&calendar, now_ms)?,
            state: self,
            calendar,
            register,
            authority,
            now_ms,
            linked,
        })
    }

    /// The published due dates of the first `size` entries, which this state must be of. Spec: specs/foi.md §9.
    ///
    /// # Errors
    /// [`Rejection`] if the register is not defined, or a ledger that it rests on is not kept here.
    pub fn due_dates(&self, size: u64, linked: &dyn Linked) -> Result<Vec<u8>, Rejection> {
        let calendar = self.days.calendar(linked)?;
        let (register, _) = self.listed_as(linked)?;
        let none = || FoiRejection::Order("the register has no entries".into());
        let now_ms = self.days.moment_ms().ok_or_else(none)?;
        let requests = self
            .requests
            .values()
            .map(|request| self.due_date(request, &calendar, now_ms, linked))
            .collect::<Result<_, _>>()?;
        Ok(json::write(&DueDates {
            format: "sijill-due-dates/1",
            ledger: hex::encode(self.ledger.as_bytes()),
            size,
            register,
            closed: self.days.closed().and_then(numbered_day).map(|d| d.to_string()),
            requests,
        }))
    }

    fn due_date(
        &self,
        request: &Request,
        calendar: &Calendar,
        now_ms: u64,
        linked: &dyn Linked,
    ) -> Result<DueDate, Rejection> {
        let read = self.read_at(request, calendar, now_ms, linked)?;
        let text = |day: Date| day.to_string();
        let mut grievances = Vec::new();
        for grievance in &request.grievances {
            let line = grievance_line(grievance, &read.pack, calendar, now_ms)?;
            grievances.push(GrievanceDate {
                entry: grievance.seq,
                filed: line.filed.to_string(),
                status: line.status,
                decide_by: line.decide_by.map(|d| d.to_string()),
                missed: missed_days(grievance.missed),
                ended: line.ended.map(|d| d.to_string()),
            });
        }
        Ok(DueDate {
            number: request.number,
            entry: request.seq,
            pack: pack_name(&read.pack),
            received: text(received_on(request, calendar)?),
            status: read.status(),
            due: read.reading.due.map(text),
            original_due: read.reading.original_due.map(text),
            missed: missed_days(request.missed),
            ended: ended_on(request, calendar)?.map(text),
            grievances,
        })
    }

    /// The work list: what is open or reopened, by urgency and due date.
    ///
    /// # Errors
    /// [`Rejection`] if a ledger that it rests on is not kept here.
    pub fn board(&self, now_ms: u64, linked: &dyn Linked) -> Result<Vec<BoardLine>, Rejection> {
        let reading = self.read_views(now_ms, linked)?;
        let lines = self.unsettled().map(|request| reading.line(request));
        let mut lines: Vec<BoardLine> = lines.collect::<Result<_, _>>()?;
        lines.sort_by_key(|line| (line.standing, line.due, line.request));
        Ok(lines)
    }

    fn board_line(&self, register: &str, read: &Read<'_>) -> BoardLine {
        let request = read.request;
        BoardLine {
            reference: format!("{register}/{}", request.number),
            request: request.seq,
            standing: read.standing(),
            status: read.status(),
            due: read.reading.due.map(Day),
            original_due: read.reading.original_due.map(Day),
            days_left: read.reading.days_left,
            extended: request
                .steps
                .iter()
                .any(|s| s.step == sijill_rules::Step::Extended),
            missed: request.missed.is_some(),
            clarify_by: read.reading.clarify_by.map(Day),
            pay_by: request.fee_open.and_then(numbered_day).map(Day),
            next: next_steps(read),
        }
    }

    /// A case, by its number.
    ///
    /// # Errors
    /// [`Rejection`] if there is none, or a ledger that it rests on is not kept here.
    pub fn case(&self, number: u64, now_ms: u64, linked: &dyn Linked) -> Result<Case, Rejection> {
        let request = self
            .numbered(number)
            .ok_or_else(|| FoiRejection::Order(format!("there is no request number {number}")))?;
        let calendar = self.days.calendar(linked)?;
        let (register, _) = self.listed_as(linked)?;
        let now_ms = self.days.next_moment(now_ms);
        let read = self.read_at(request, &calendar, now_ms, linked)?;
        let mut third_parties = Vec::new();
        for party in &request.consultations {
            let last = third_party_last_day(&read.pack.clock, &calendar, party.at_ms, now_ms)
                .map_err(FoiRejection::Clock)?;
            third_parties.push((last.map(Day), party.replied_ms.is_some()));
        }
        let grievances = request
            .grievances
            .iter()
            .map(|g| grievance_line(g, &read.pack, &calendar, now_ms))
            .collect::<Result<_, _>>()?;
        let confidence = match read.pack.confidence {
            sijill_rules::Confidence::Confirmed => "confirmed",
            sijill_rules::Confidence::Low => "low",
            _ => "invented",
        };
        let similar = request.similar.iter().filter_map(|seq| self.requests.get(seq));
        Ok(Case {
            pack: pack_name(&read.pack),
            confidence,
            received: Day(received_on(request, &calendar)?),
            ended: ended_on(request, &calendar)?.map(Day),
            english: read
                .reading
                .lines
                .iter()
                .map(sijill_rules::Line::english)
                .collect(),
            arabic: read
                .reading
                .lines
                .iter()
                .map(sijill_rules::Line::arabic)
                .collect(),
            third_parties,
            documents: documents(request),
            grievances,
            remedies: remedies(request, &read, &calendar, now_ms)?,
            similar: similar.map(|r| format!("{register}/{}", r.number)).collect(),
            line: self.board_line(&register, &read),
        })
    }

    /// What was decided, newest first.
    ///
    /// # Errors
    /// [`Rejection`] if a ledger that it rests on is not kept here.
    pub fn disclosure_log(&self, linked: &dyn Linked) -> Result<Vec<Disclosure>, Rejection> {
        let reading = self.read_views(0, linked)?;
        let mut log = Vec::new();
        for request in self.requests.values() {
            if let Some(decision) = &request.decision {
                log.push((decision.seq, reading.disclosure(request)?));
            }
        }
        log.sort_by_key(|(seq, _)| core::cmp::Reverse(*seq));
        Ok(log.into_iter().filter_map(|(_, line)| line).collect())
    }

    /// How the register answers.
    ///
    /// # Errors
    /// [`Rejection`] if a ledger that it rests on is not kept here.
    pub fn league_line(&self, linked: &dyn Linked) -> Result<LeagueLine, Rejection> {
        let reading = self.read_views(0, linked)?;
        let mut days = Vec::new();
        let mut line = LeagueLine::new(&reading.authority, &reading.register);
        line.received = self.requests.len() as u64;
        line.open = self.open.len() as u64;
        for request in self.requests.values() {
            let share = reading.league_share(request)?;
            line.missed += u64::from(share.missed);
            line.grievances.0 += share.grievances.0;
            line.grievances.1 += share.grievances.1;
            line.decided += u64::from(share.decided);
            line.on_time += u64::from(share.decided && !share.missed);
            days.extend(share.days);
            for code in share.exemptions {
                *line.exemptions.entry(code).or_default() += 1;
            }
        }
        days.sort_unstable();
        line.median_days = days.get(days.len().saturating_sub(1) / 2).copied();
        line.on_time_bp = crate::views::basis_points(line.on_time, line.decided);
        Ok(line)
    }

    /// Ledgers that this register rests on besides its calendar: those that requests came from.
    #[must_use]
    pub fn sources(&self) -> Vec<LedgerId> {
        let mut ledgers: Vec<LedgerId> = self.facts().taken.iter().map(|(from, _)| *from).collect();
        ledgers.dedup();
        ledgers
    }
}

/// A register at a moment: what the views that people query are made of, request by request.
pub struct FoiReading<'a> {
    state: &'a FoiState,
    calendar: Calendar,
    register: String,
    authority: String,
    now_ms: u64,
    today: Date,
    linked: &'a dyn Linked,
}

impl core::fmt::Debug for FoiReading<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FoiReading")
            .field("register", &self.register)
            .field("now_ms", &self.now_ms)
            .finish_non_exhaustive()
    }
}

/// What one request adds to the league of authorities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeagueShare {
    /// It has not ended.
    pub open: bool,
    /// The body decided it.
    pub decided: bool,
    /// Its due date was missed.
    pub missed: bool,
    /// Days from receipt to decision, if it was decided.
    pub days: Option<i32>,
    /// Grievances, and those decided as varied or overturned.
    pub grievances: (u64, u64),
    /// Exemptions in its last decision, document by document.
    pub exemptions: Vec<String>,
}

impl FoiReading<'_> {
    /// The local day of the moment.
    #[must_use]
    pub const fn today(&self) -> Date {
        self.today
    }

    /// Id of the register.
    #[must_use]
    pub fn register(&self) -> &str {
        &self.register
    }

    /// Id of its authority.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The calendar as the register has cited it.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The line of the work list of a request.
    ///
    /// # Errors
    /// [`Rejection`] if a ledger that it rests on is not kept here.
    pub fn line(&self, request: &Request) -> Result<BoardLine, Rejection> {
        let (reading, pack) = self
            .state
            .read(request, &self.calendar, None, self.now_ms, self.linked)?;
        let read = Read {
            request,
            reading,
            pack,
            today: self.today,
        };
        Ok(self.state.board_line(&self.register, &read))
    }

    /// The line of the disclosure log of a request; `None` if it was not decided.
    ///
    /// # Errors
    /// [`Rejection`] beyond the end of the calendar.
    pub fn disclosure(&self, request: &Request) -> Result<Option<Disclosure>, Rejection> {
        let Some(decision) = &request.decision else {
            return Ok(None);
        };
        Ok(Some(Disclosure {
            reference: format!("{}/{}", self.register, request.number),
            summary: request.admitted.map(|(_, summary)| commitment(&summary)),
            decided: Day(crate::calendar::day_of(&self.calendar, decision.at_ms)?),
            statement: commitment(&decision.statement),
            documents: documents(request),
        }))
    }

    /// What a request adds to the league.
    ///
    /// # Errors
    /// [`Rejection`] beyond the end of the calendar.
    pub fn league_share(&self, request: &Request) -> Result<LeagueShare, Rejection> {
        let decided = request.end.is_some_and(|end| end.kind == EndKind::Decided);
        let days = match ended_on(request, &self.calendar)?.filter(|_| decided) {
            Some(ended) => {
                let received = received_on(request, &self.calendar)?;
                Some(sijill_rules::day_number(ended) - sijill_rules::day_number(received))
            }
            None => None,
        };
        let changed = |g: &&Grievance| matches!(g.end, Some(GrievanceEnd::Decided { decision, .. }) if decision != grievance_decisions::UPHELD);
        let documents = request.decision.iter().flat_map(|d| &d.documents);
        Ok(LeagueShare {
            open: request.is_open(),
            decided,
            missed: request.missed.is_some(),
            days,
            grievances: (
                request.grievances.len() as u64,
                request.grievances.iter().filter(changed).count() as u64,
            ),
            exemptions: documents.flat_map(|d| d.exemptions.iter().cloned()).collect(),
        })
    }
}

impl Request {
    /// What everybody may read of its answer: summary, statement, titles of documents. Empty if it was not decided.
    #[must_use]
    pub fn answer_texts(&self) -> Vec<Committed> {
        let Some(decision) = &self.decision else {
            return Vec::new();
        };
        let summary = self.admitted.map(|(_, summary)| summary);
        let titles = decision.documents.iter().map(|d| d.title);
        summary
            .into_iter()
            .chain([decision.statement])
            .chain(titles)
            .collect()
    }
}

fn commitment(committed: &Committed) -> String {
    hex::encode(committed.commitment)
}

fn pack_name(pack: &FoiPack) -> String {
    format!("{}/{}", pack.id, pack.version)
}

fn missed_days(missed: Option<(u32, u32)>) -> Option<MissedDays> {
    let (on, due) = missed?;
    Some(MissedDays {
        on: numbered_day(on)?.to_string(),
        due: numbered_day(due)?.to_string(),
    })
}

/// The day of the act that began it.
fn received_on(request: &Request, calendar: &Calendar) -> Result<Date, FoiRejection> {
    let day = match request.begin {
        Begin::Received { on: Some(on), .. } => numbered_day(on),
        begin => calendar.day_of(begin.at_ms()),
    };
    day.ok_or(FoiRejection::Clock(ClockError::BeyondTime))
}

fn ended_on(request: &Request, calendar: &Calendar) -> Result<Option<Date>, FoiRejection> {
    request.end.map(|end| day_when(end.when, calendar)).transpose()
}

fn grievance_line(
    grievance: &Grievance,
    pack: &FoiPack,
    calendar: &Calendar,
    now_ms: u64,
) -> Result<GrievanceLine, FoiRejection> {
    let beyond = || FoiRejection::Clock(ClockError::BeyondTime);
    let filed = filed_on(grievance, calendar)?;
    let when = grievance.end.map(|end| match end {
        GrievanceEnd::Decided { at_ms, .. } => When::Moment(at_ms),
        GrievanceEnd::Rejected { day } => When::Day(day),
    });
    let judged_ms = match when {
        None => now_ms,
        Some(When::Moment(at_ms)) => at_ms,
        Some(When::Day(day)) => numbered_day(day)
            .and_then(|d| calendar.start_of(d))
            .ok_or_else(beyond)?,
    };
    let decide_by = match pack.clock.grievance_decision_days {
        None => None,
        Some(n) => {
            let days = calendar.days_at(judged_ms);
            let last = pack.clock.counting().last_day_after(&days, filed, n);
            Some(last.ok_or_else(beyond)?)
        }
    };
    let today = calendar.day_of(now_ms).ok_or_else(beyond)?;
    let (status, decision) = match grievance.end {
        Some(GrievanceEnd::Decided { decision, .. }) => {
            let decision = match decision {
                grievance_decisions::UPHELD => "upheld",
                grievance_decisions::VARIED => "varied",
                _ => "overturned",
            };
            ("decided", Some(decision))
        }
        Some(GrievanceEnd::Rejected { .. }) => ("rejected", None),
        None if decide_by.is_some_and(|last| today > last) => ("overdue", None),
        None => ("pending", None),
    };
    Ok(GrievanceLine {
        grievance: grievance.seq,
        filed: Day(filed),
        status,
        decision,
        decide_by: decide_by.map(Day),
        ended: when.map(|when| day_when(when, calendar).map(Day)).transpose()?,
    })
}

fn documents(request: &Request) -> Vec<DocumentLine> {
    let Some(decision) = &request.decision else {
        return Vec::new();
    };
    let once_released = !request.withdrawn.is_empty();
    (0..)
        .zip(&decision.documents)
        .map(|(number, document)| {
            let rendition = request.released.get(&number);
            let for_release = matches!(document.outcome, outcomes::RELEASED | outcomes::PARTLY_RELEASED);
            DocumentLine {
                document: number,
                outcome: match document.outcome {
                    outcomes::RELEASED => "released",
                    outcomes::PARTLY_RELEASED => "partly-released",
                    outcomes::REFUSED => "refused",
                    outcomes::NOT_HELD => "not-held",
                    _ => "already-public",
                },
                exemptions: document.exemptions.clone(),
                place: document.place.clone(),
                title: commitment(&document.title),
                rendition: rendition.map(commitment),
                withdrawn: for_release && rendition.is_none() && once_released,
            }
        })
        .collect()
}

/// Remedies that are open, each with its last day. Spec: specs/foi.md §7.
fn remedies(
    request: &Request,
    read: &Read<'_>,
    calendar: &Calendar,
    now_ms: u64,
) -> Result<Vec<Remedy>, FoiRejection> {
    let clock = &read.pack.clock;
    let days = calendar.days_at(now_ms);
    let last = |anchor, n: Option<u16>| match n {
        None => Ok(None),
        Some(n) => clock
            .counting()
            .last_day_after(&days, anchor, n)
            .map(Some)
            .ok_or(FoiRejection::Clock(ClockError::BeyondTime)),
    };
    let mut open = Vec::new();
    if let Some(opening) = request.opening {
        let free = request
            .grievances
            .iter()
            .all(|g| g.end.is_some() && g.opening != opening.seq);
        let last_day = last(day_when(opening.when, calendar)?, clock.grievance_days)?;
        if free && last_day.is_none_or(|last| read.today <= last) {
            open.push(Remedy {
                remedy: "grievance",
                last_day: last_day.map(Day),
            });
        }
    }
    let ended = request.grievances.last().and_then(|g| g.end);
    let lost = match ended {
        Some(GrievanceEnd::Decided { at_ms, decision }) if decision != grievance_decisions::OVERTURNED => {
            Some(When::Moment(at_ms))
        }
        Some(GrievanceEnd::Rejected { day }) => Some(When::Day(day)),
        _ => None,
    };
    if let Some(when) = lost {
        let last_day = last(day_when(when, calendar)?, clock.court_days)?;
        if last_day.is_none_or(|last| read.today <= last) {
            open.push(Remedy {
                remedy: "court",
                last_day: last_day.map(Day),
            });
        }
    }
    Ok(open)
}

/// What an officer may do next, by names of event types.
fn next_steps(read: &Read<'_>) -> Vec<&'static str> {
    let request = read.request;
    let mut next = Vec::new();
    if request.is_reopened() {
        if request.admitted.is_none() {
            next.push("RequestAdmitted");
        } else {
            next.push("DecisionMade");
        }
        return next;
    }
    if !request.is_open() {
        return next;
    }
    use sijill_rules::Step;
    let last = |asked: Step, answered: fn(&Step) -> bool| {
        let asked = request.steps.iter().rposition(|s| s.step == asked);
        let answered = request.steps.iter().rposition(|s| answered(&s.step));
        asked > answered
    };
    let question = last(Step::ClarificationAsked, |s| {
        matches!(
            s,
            Step::ClarificationAnswered | Step::ClarificationReceived { .. }
        )
    });
    let taken = request.steps.iter().filter(|s| s.step == Step::Extended).count();
    let late = read.reading.due.is_some_and(|due| read.today > due);
    if request.admitted.is_none() {
        next.push("RequestAdmitted");
    } else {
        next.push("DecisionMade");
    }
    if question {
        next.push("ClarificationGiven");
    } else {
        next.push("ClarificationAsked");
    }
    if request.fee_open.is_some() {
        next.push("FeeSettled");
    } else {
        next.push("FeeQuoted");
    }
    if !question && request.fee_open.is_none() {
        next.push("RequestTransferred");
    }
    if taken < usize::from(read.pack.clock.max_extensions) && !late {
        next.push("DeadlineExtended");
    }
    next.push("RequestRoutedOut");
    next.push("ThirdPartyConsulted");
    next
}
