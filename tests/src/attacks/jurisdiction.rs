//! A jurisdiction played by a forger who holds every key: a calendar ledger, and the registers that it lists.
//!
//! Two public authorities keep a register of information requests each, `moi-2026` and `moj-2026`. The calendar adopts two packs: under
//! [`SILENT`] silence is a refusal and a transfer goes on with its clock; under [`STRICT`] silence is only missed, and a clarification or a
//! transfer starts the clock anew.
//!
//! Nothing here reckons: a case says itself which day lapses, and what a board shows. So what a case expects of a verifier comes from the specification
//! and from no program. What is there by construction is the rest: hashes, chain, signatures, refs, nonces, openings, trust file.
//!
//! Spec: specs/jurisdiction.md, specs/foi.md.

use std::collections::BTreeMap;

use jiff::civil::date;

use super::cases::Package;
use super::forge::{Cited, Content, Draft, Enc, Ledger, grant, public, root, sha};
use super::suite::Dice;

/// 2026-01-04, a Sunday: the first day of the registers. Friday and Saturday are rest.
pub const D0: u64 = 20_457;

/// 5 calendar days and roll-over, one extension of 5 more, 7 days to clarify, 10 days for a grievance and 5 to decide it; silence refuses.
pub const SILENT: &str = r#"{"format":"sijill-foi-rules/1","id":"qa","version":1,"title":{"en":"Silent","ar":""},"legal_basis":"None: invented","confidence":"invented","valid_from":"2025-12-01","valid_until":"2026-06-30","calendar":{"time_zone":"Asia/Qatar","weekly_rest":["friday","saturday"]},"clock":{"answer_days":5,"unit":"calendar","start":"next_day","roll":"next_working_day","max_extensions":1,"extension_days":5,"silence":"deemed_refusal","clarification":"pause","clarification_limit_days":7,"fee_policy":"pauses","transfer":"continue","grievance_days":10,"grievance_decision_days":5,"grievance_silence":"deemed_refusal","third_party_days":3,"court_days":30},"exemptions":[{"code":"privacy","title":{"en":"Privacy","ar":""}},{"code":"security","title":{"en":"Security","ar":""}}],"penalties":[],"unconfirmed":[]}"#;

/// As [`SILENT`], but nothing is deemed, and clarifications and transfers start the clock anew.
pub const STRICT: &str = r#"{"format":"sijill-foi-rules/1","id":"qa","version":2,"title":{"en":"Strict","ar":""},"legal_basis":"None: invented","confidence":"invented","valid_from":"2025-12-01","calendar":{"time_zone":"Asia/Qatar","weekly_rest":["friday","saturday"]},"clock":{"answer_days":5,"unit":"calendar","start":"next_day","roll":"next_working_day","max_extensions":1,"extension_days":5,"silence":"none","clarification":"restart","clarification_limit_days":7,"fee_policy":"none","transfer":"restart","grievance_days":10,"grievance_decision_days":5,"grievance_silence":"none","third_party_days":3,"court_days":30},"exemptions":[{"code":"privacy","title":{"en":"Privacy","ar":""}}],"penalties":[],"unconfirmed":[]}"#;

/// A ledger of the jurisdiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book {
    Calendar,
    /// By its number among the registers.
    Register(usize),
}

/// The register `moi-2026`.
pub const MOI: Book = Book::Register(0);
/// The register `moj-2026`.
pub const MOJ: Book = Book::Register(1);

/// A register.
#[derive(Debug)]
pub struct Register {
    pub ledger: Ledger,
    /// As the calendar lists it.
    pub id: &'static str,
    pub authority: &'static str,
    /// 1 public, 2 accredited.
    pub visibility: u8,
    /// The last day that a DayClosed named.
    pub closed: Option<u64>,
    /// Whether the ledger is in the folder, and in the trust file.
    pub published: bool,
}

/// What stands behind a DayClosed.
#[derive(Debug, Clone, Copy)]
pub enum Lapse {
    /// Item, the day on which its due date was missed, and that date.
    Missed(u64, u64, u64),
    /// Item and day.
    Silence(u64, u64),
    /// Request and day.
    Abandoned(u64, u64),
}

/// A document as it is decided.
#[derive(Debug, Clone, Copy)]
pub enum Document {
    Released,
    /// Exemptions.
    Partly(&'static [&'static str]),
    Refused(&'static [&'static str]),
    NotHeld,
    /// Where it can be found.
    Public(&'static str),
}

/// A line of the published due dates. Spec: specs/foi.md §9.
#[derive(Debug, Clone)]
pub struct Row {
    number: u64,
    entry: u64,
    pack: &'static str,
    received: u64,
    status: &'static str,
    due: Option<u64>,
    original: Option<u64>,
    missed: Option<(u64, u64)>,
    ended: Option<u64>,
    grievances: Vec<GrievanceRow>,
}

/// A grievance on the published due dates.
#[derive(Debug, Clone)]
pub struct GrievanceRow {
    pub entry: u64,
    pub filed: u64,
    pub status: &'static str,
    pub decide_by: Option<u64>,
    pub missed: Option<(u64, u64)>,
    pub ended: Option<u64>,
}

impl Row {
    /// Under [`SILENT`], without any date.
    pub fn new(number: u64, entry: u64, received: u64, status: &'static str) -> Row {
        Row {
            number,
            entry,
            pack: "qa/1",
            received,
            status,
            due: None,
            original: None,
            missed: None,
            ended: None,
            grievances: Vec::new(),
        }
    }
    pub fn pack(self, pack: &'static str) -> Row {
        Row { pack, ..self }
    }
    /// The due date, which is the original one too.
    pub fn due(self, day: u64) -> Row {
        self.extended(day, day)
    }
    pub fn extended(self, day: u64, original: u64) -> Row {
        let (due, original) = (Some(day), Some(original));
        Row {
            due,
            original,
            ..self
        }
    }
    pub fn missed(self, on: u64, due: u64) -> Row {
        let missed = Some((on, due));
        Row { missed, ..self }
    }
    pub fn ended(self, day: u64) -> Row {
        let ended = Some(day);
        Row { ended, ..self }
    }
    pub fn grievance(mut self, row: GrievanceRow) -> Row {
        self.grievances.push(row);
        self
    }

    fn json(&self) -> String {
        let Row {
            number,
            entry,
            pack,
            status,
            ..
        } = self;
        let mut out = format!(
            "{{\"number\":{number},\"entry\":{entry},\"pack\":\"{pack}\",\"received\":\"{}\",\"status\":\"{status}\"",
            day_text(self.received)
        );
        push_day(&mut out, "due", self.due);
        push_day(&mut out, "original_due", self.original);
        push_missed(&mut out, self.missed);
        push_day(&mut out, "ended", self.ended);
        let grievances: Vec<String> = self.grievances.iter().map(GrievanceRow::json).collect();
        out + &format!(",\"grievances\":[{}]}}", grievances.join(","))
    }
}

impl GrievanceRow {
    fn json(&self) -> String {
        let filed = day_text(self.filed);
        let mut out = format!(
            "{{\"entry\":{},\"filed\":\"{filed}\",\"status\":\"{}\"",
            self.entry, self.status
        );
        push_day(&mut out, "decide_by", self.decide_by);
        push_missed(&mut out, self.missed);
        push_day(&mut out, "ended", self.ended);
        out + "}"
    }
}

fn push_day(out: &mut String, name: &str, day: Option<u64>) {
    if let Some(day) = day {
        out.push_str(&format!(",\"{name}\":\"{}\"", day_text(day)));
    }
}

fn push_missed(out: &mut String, missed: Option<(u64, u64)>) {
    if let Some((on, due)) = missed {
        let (on, due) = (day_text(on), day_text(due));
        out.push_str(&format!(",\"missed\":{{\"on\":\"{on}\",\"due\":\"{due}\"}}"));
    }
}

/// `YYYY-MM-DD` of a day number.
pub fn day_text(day: u64) -> String {
    let span = jiff::Span::new().days(i64::try_from(day).unwrap());
    (date(1970, 1, 1) + span).to_string()
}

/// Names in two languages.
pub fn names(enc: Enc) -> Enc {
    enc.text("Name").text("اسم")
}

/// JurisdictionDefined of a zone and a weekly rest.
pub fn definition(zone: &str, rest: &[u8]) -> Vec<u8> {
    let mut enc = names(Enc::default()).text(zone).int(rest.len() as u64);
    for day in rest {
        enc = enc.byte(*day);
    }
    enc.byte(1).0
}

/// FactDeclared.
pub fn fact(first: u64, last: u64, status: u8, corrects: Option<u64>) -> Vec<u8> {
    let enc = Enc::default().int(first).int(last).byte(status);
    let enc = match corrects {
        None => enc.byte(0),
        Some(seq) => enc.byte(1).int(seq),
    };
    names(enc).text("Circular 1").0
}

/// RegisterListed.
pub fn listing(ledger: [u8; 32], kind: u64, visibility: u8, id: &str, authority: &str) -> Vec<u8> {
    let enc = Enc::default().raw(&ledger).int(kind).byte(visibility);
    names(enc.text(id).text(authority)).0
}

type Hook = Box<dyn FnMut(&mut Draft)>;
type Change = Box<dyn FnOnce(&mut Draft)>;

/// The forger's jurisdiction.
pub struct World {
    pub dice: Dice,
    /// Milliseconds; a minute passes with every entry.
    pub now: u64,
    pub calendar: Ledger,
    pub registers: Vec<Register>,
    pub contents: BTreeMap<String, Vec<u8>>,
    /// Openings that are published, by commitment.
    pub openings: BTreeMap<String, Vec<u8>>,
    /// Openings of what everybody might read before it was withheld or erased.
    pub withheld: BTreeMap<String, Vec<u8>>,
    /// Every commitment that was made, in order.
    pub committed: Vec<[u8; 32]>,
    /// Whatever else is laid into the folder.
    pub extra: BTreeMap<String, Vec<u8>>,
    /// Where the flaw stands: ledger and position.
    pub flaw: Option<([u8; 32], u64)>,
    mark: bool,
    author: Option<&'static str>,
    change: Option<Change>,
    hooks: Vec<Hook>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

fn grants() -> Vec<Vec<u8>> {
    vec![
        grant("commission", 1, None),
        grant("second commission", 1, None),
        grant("officer", 7, None),
        grant("other officer", 7, None),
        grant("judge", 8, None),
        // Holds both roles.
        grant("both", 7, None),
        grant("both", 8, None),
    ]
}

impl World {
    /// Ledgers with nothing but their first entry.
    pub fn new(name: &str) -> World {
        World::of_owner(name, "")
    }

    /// `owner` comes before the names of ledger and service key.
    pub fn of_owner(name: &str, owner: &str) -> World {
        let mut dice = Dice::new(name);
        let calendar = Ledger::new("calendar", 1, None, &grants(), owner, dice.bytes());
        let mut world = World {
            dice,
            now: 0,
            calendar,
            registers: Vec::new(),
            contents: BTreeMap::new(),
            openings: BTreeMap::new(),
            withheld: BTreeMap::new(),
            committed: Vec::new(),
            extra: BTreeMap::new(),
            flaw: None,
            mark: false,
            author: None,
            change: None,
            hooks: Vec::new(),
        };
        world.at(D0, 0);
        world.add_register(7, "moi-2026", "moi", owner);
        world.add_register(7, "moj-2026", "moj", owner);
        world
    }

    /// A further ledger of the jurisdiction.
    pub fn add_register(
        &mut self,
        kind: u64,
        id: &'static str,
        authority: &'static str,
        owner: &str,
    ) -> Book {
        let parent = Some(self.calendar.id);
        let random = self.dice.bytes();
        let ledger = Ledger::new(id, kind, parent, &grants(), owner, random);
        self.add_ledger(ledger, id, authority)
    }

    /// A further ledger that was made elsewhere.
    pub fn add_ledger(&mut self, ledger: Ledger, id: &'static str, authority: &'static str) -> Book {
        self.registers.push(Register {
            ledger,
            id,
            authority,
            visibility: 1,
            closed: None,
            published: true,
        });
        Book::Register(self.registers.len() - 1)
    }

    /// Everything up to two registers that are defined under [`SILENT`].
    pub fn begun(name: &str) -> World {
        let mut world = World::new(name);
        world.found();
        for register in 0..world.registers.len() {
            world.begin(Book::Register(register));
        }
        world
    }

    /// The first entries, the jurisdiction, its packs, a holiday 30 days from now, the registers.
    pub fn found(&mut self) {
        self.genesis(Book::Calendar);
        self.found_rest();
    }

    /// All of [`found`](Self::found) behind the first entry of the calendar.
    pub fn found_rest(&mut self) {
        for register in 0..self.registers.len() {
            self.genesis(Book::Register(register));
        }
        let defined = definition("Asia/Qatar", &[5, 6]);
        self.push(Book::Calendar, 0x0101, "commission", defined);
        self.adopt(SILENT);
        self.adopt(STRICT);
        self.declare(D0 + 30, D0 + 31);
        for register in 0..self.registers.len() {
            self.list(Book::Register(register));
        }
    }

    /// The first entry of a ledger.
    pub fn genesis(&mut self, book: Book) {
        let ledger = self.ledger(book);
        let (service, genesis) = (ledger.service_key.clone(), ledger.genesis.clone());
        self.push(book, 0x0001, &service, genesis);
    }

    pub fn list(&mut self, book: Book) {
        let Book::Register(register) = book else {
            return;
        };
        let Register {
            ledger,
            id,
            authority,
            visibility,
            ..
        } = &self.registers[register];
        let payload = listing(ledger.id, ledger.kind, *visibility, id, authority);
        self.push(Book::Calendar, 0x0104, "commission", payload);
    }

    pub fn adopt(&mut self, pack: &str) -> u64 {
        let pack = self.content(pack.as_bytes());
        let payload = Enc::default().int(7).content(&pack).0;
        self.push(Book::Calendar, 0x0103, "commission", payload)
    }

    /// A holiday that is announced.
    pub fn declare(&mut self, first: u64, last: u64) -> u64 {
        self.push(Book::Calendar, 0x0102, "commission", fact(first, last, 2, None))
    }

    /// CalendarSeen and RegisterDefined.
    pub fn begin(&mut self, book: Book) {
        self.see(book);
        self.define(book, SILENT);
    }

    pub fn define(&mut self, book: Book, pack: &str) -> u64 {
        let pack = self.content(pack.as_bytes());
        self.push(book, 0x0701, "commission", Enc::default().content(&pack).0)
    }

    /// RulesChosen.
    pub fn choose(&mut self, book: Book, pack: &str) -> u64 {
        let pack = self.content(pack.as_bytes());
        self.push(book, 0x0702, "commission", Enc::default().content(&pack).0)
    }

    pub fn succeed(&mut self, book: Book, successor: Book) -> u64 {
        let successor = self.id(successor);
        let payload = Enc::default().raw(&successor).0;
        self.push(book, 0x0703, "commission", payload)
    }

    /// Ten in the morning in Qatar, and some minutes.
    pub fn at(&mut self, day: u64, minute: u64) {
        self.now = day * 86_400_000 + 7 * 3_600_000 + minute * 60_000;
    }

    pub fn ledger(&mut self, book: Book) -> &mut Ledger {
        match book {
            Book::Calendar => &mut self.calendar,
            Book::Register(register) => &mut self.registers[register].ledger,
        }
    }

    pub fn id(&self, book: Book) -> [u8; 32] {
        match book {
            Book::Calendar => self.calendar.id,
            Book::Register(register) => self.registers[register].ledger.id,
        }
    }

    /// The next entry is the flaw.
    pub fn mark(&mut self) -> &mut World {
        self.mark = true;
        self
    }

    /// Another author of the next entry.
    pub fn by(&mut self, author: &'static str) -> &mut World {
        self.author = Some(author);
        self
    }

    /// Changes the next entry before it is signed.
    pub fn next(&mut self, change: impl FnOnce(&mut Draft) + 'static) -> &mut World {
        self.change = Some(Box::new(change));
        self
    }

    /// Changes the `nth` entry of a type on a ledger before it is signed, and marks it.
    pub fn on(
        &mut self,
        ledger: &'static str,
        event_type: u16,
        nth: usize,
        change: impl Fn(&mut Draft) + 'static,
    ) {
        self.hooks.push(Box::new(move |draft| {
            if (draft.ledger.as_str(), draft.event_type, draft.nth) == (ledger, event_type, nth) {
                draft.flawed = true;
                change(draft);
            }
        }));
    }

    /// Appends an entry and lets a minute pass; gives its position.
    pub fn push(&mut self, book: Book, event_type: u16, author: &str, payload: Vec<u8>) -> u64 {
        self.push_citing(book, event_type, author, &[], payload)
    }

    pub fn push_citing(
        &mut self,
        book: Book,
        event_type: u16,
        author: &str,
        refs: &[Cited],
        payload: Vec<u8>,
    ) -> u64 {
        let seq = self.push_now(book, event_type, author, refs, payload);
        self.now += 60_000;
        seq
    }

    fn push_now(
        &mut self,
        book: Book,
        event_type: u16,
        author: &str,
        refs: &[Cited],
        payload: Vec<u8>,
    ) -> u64 {
        let mut hooks = std::mem::take(&mut self.hooks);
        let mut change = self.change.take();
        let author = self.author.take().unwrap_or(author);
        let (now, id) = (self.now, self.id(book));
        let (mut flaw, mark) = (None, std::mem::take(&mut self.mark));
        let ledger = self.ledger(book);
        let before = ledger.size();
        ledger.push(
            &mut |draft| {
                hooks.iter_mut().for_each(|hook| hook(draft));
                if let Some(change) = change.take() {
                    change(draft);
                }
                if (draft.flawed || mark) && draft.copies > 0 {
                    flaw = Some((id, before + draft.copies as u64 - 1));
                }
            },
            event_type,
            author,
            now,
            refs,
            payload,
        );
        self.hooks = hooks;
        self.flaw = self.flaw.or(flaw);
        before
    }

    pub fn content(&mut self, bytes: &[u8]) -> Content {
        let hash = sha(&[bytes]);
        self.contents.insert(hex::encode(hash), bytes.to_vec());
        Content {
            hash,
            length: bytes.len() as u64,
        }
    }

    /// A commitment to a closed content.
    pub fn closed(&mut self, content: &str) -> Vec<u8> {
        self.commit(content.as_bytes(), false)
    }

    /// A commitment to a content that everybody may read.
    pub fn open(&mut self, content: &str) -> Vec<u8> {
        self.commit(content.as_bytes(), true)
    }

    pub fn commit(&mut self, content: &[u8], open: bool) -> Vec<u8> {
        let salt = self.dice.bytes();
        let commitment = sha(&[b"sijill/commitment/v1\n", &salt, content]);
        if open {
            let opening = [&salt, content].concat();
            self.openings.insert(hex::encode(commitment), opening);
        }
        self.committed.push(commitment);
        Enc::default().raw(&commitment).int(content.len() as u64).0
    }

    /// What was open is published no more.
    pub fn withhold(&mut self, commitment: &[u8; 32]) {
        let name = hex::encode(commitment);
        if let Some(opening) = self.openings.remove(&name) {
            self.withheld.insert(name, opening);
        }
    }

    fn service(&mut self, book: Book) -> String {
        self.ledger(book).service_key.clone()
    }

    pub fn by_service(&mut self, book: Book, event_type: u16, payload: Vec<u8>) -> u64 {
        let service = self.service(book);
        self.push(book, event_type, &service, payload)
    }

    fn by_officer(&mut self, book: Book, event_type: u16, payload: Vec<u8>) -> u64 {
        self.push(book, event_type, "officer", payload)
    }

    /// CalendarSeen.
    pub fn see(&mut self, book: Book) -> u64 {
        let (service, cited) = (self.service(book), self.calendar.cite());
        self.push_citing(book, 0x0004, &service, &[cited], Vec::new())
    }

    /// DayClosed, and behind it what the clock is said to have brought about.
    pub fn close(&mut self, book: Book, day: u64, lapses: &[Lapse]) -> u64 {
        let cited = self.calendar.cite();
        self.close_citing(book, day, cited, lapses)
    }

    pub fn close_citing(&mut self, book: Book, day: u64, cited: Cited, lapses: &[Lapse]) -> u64 {
        let service = self.service(book);
        let seq = self.push_now(book, 0x0005, &service, &[cited], Enc::default().int(day).0);
        let cause = self.ledger(book).last_body_hash;
        for lapse in lapses {
            self.lapse(book, &cause, *lapse);
        }
        if let Book::Register(register) = book {
            self.registers[register].closed = Some(day);
        }
        self.now += 60_000;
        seq
    }

    /// One consequence, at the time of the entry before.
    pub fn lapse(&mut self, book: Book, cause: &[u8; 32], lapse: Lapse) -> u64 {
        let enc = Enc::default().raw(cause);
        let (event_type, payload) = match lapse {
            Lapse::Missed(item, day, due) => (0x0718, enc.int(item).int(day).int(due)),
            Lapse::Silence(item, day) => (0x0719, enc.int(item).int(day)),
            Lapse::Abandoned(item, day) => (0x071a, enc.int(item).int(day)),
        };
        let service = self.service(book);
        self.push_now(book, event_type, &service, &[], payload.0)
    }

    /// Closes a day on both registers, on the next morning, when nothing has lapsed.
    pub fn morning(&mut self, day: u64) {
        self.at(day, 0);
        for register in 0..self.registers.len() {
            self.close(Book::Register(register), day - 1, &[]);
        }
    }

    fn submitted(&mut self) -> Vec<u8> {
        let requester = self.closed("Fatima");
        [requester, self.closed("What did the tower cost?")].concat()
    }

    fn letter(&mut self, received_on: u64) -> Vec<u8> {
        let scan = self.closed("a scan");
        Enc::default().byte(1).int(received_on).raw(&scan).0
    }

    /// RequestSubmitted; gives its position.
    pub fn submit(&mut self, book: Book) -> u64 {
        let payload = [self.submitted(), vec![0]].concat();
        self.by_service(book, 0x0704, payload)
    }

    /// RequestSubmitted on paper.
    pub fn submit_letter(&mut self, book: Book, received_on: u64) -> u64 {
        let payload = [self.submitted(), self.letter(received_on)].concat();
        self.by_officer(book, 0x0704, payload)
    }

    /// TransferReceived, citing all of the register that it comes from.
    pub fn receive(&mut self, book: Book, from: Book, request: u64) -> u64 {
        let cited = self.ledger(from).cite();
        let payload = Enc::default().raw(&cited.0).int(request).0;
        let service = self.service(book);
        self.push_citing(book, 0x0705, &service, &[cited], payload)
    }

    pub fn admit(&mut self, book: Book, request: u64) -> u64 {
        let summary = self.open("Costs of the tower");
        self.by_officer(book, 0x0706, Enc::default().int(request).raw(&summary).0)
    }

    pub fn route_out(&mut self, book: Book, request: u64, ground: u8) -> u64 {
        let explanation = self.closed("Ask for your own data");
        let payload = Enc::default().int(request).byte(ground).raw(&explanation).0;
        self.by_officer(book, 0x0707, payload)
    }

    pub fn transfer(&mut self, book: Book, request: u64, to: Book) -> u64 {
        let (to, reason) = (self.id(to), self.closed("They hold it"));
        let payload = Enc::default().int(request).raw(&to).raw(&reason).0;
        self.by_officer(book, 0x0708, payload)
    }

    pub fn link(&mut self, book: Book, request: u64, similar: u64) -> u64 {
        self.by_officer(book, 0x0709, Enc::default().int(request).int(similar).0)
    }

    pub fn ask(&mut self, book: Book, request: u64) -> u64 {
        let question = self.closed("Which tower?");
        self.by_officer(book, 0x070a, Enc::default().int(request).raw(&question).0)
    }

    pub fn answer(&mut self, book: Book, request: u64) -> u64 {
        let answer = self.closed("The tall one");
        let payload = Enc::default().int(request).raw(&answer).byte(0).0;
        self.by_service(book, 0x070b, payload)
    }

    pub fn answer_letter(&mut self, book: Book, request: u64, received_on: u64) -> u64 {
        let (answer, letter) = (self.closed("The tall one"), self.letter(received_on));
        let payload = Enc::default().int(request).raw(&answer).raw(&letter).0;
        self.by_officer(book, 0x070b, payload)
    }

    pub fn quote(&mut self, book: Book, request: u64, pay_by: u64) -> u64 {
        let payload = Enc::default().int(request).int(500).text("QAR").int(pay_by).0;
        self.by_officer(book, 0x070c, payload)
    }

    pub fn settle(&mut self, book: Book, request: u64) -> u64 {
        self.by_officer(book, 0x070d, Enc::default().int(request).byte(1).0)
    }

    pub fn unpaid(&mut self, book: Book, request: u64) -> u64 {
        self.by_officer(book, 0x070e, Enc::default().int(request).0)
    }

    /// ThirdPartyConsulted; gives its position.
    pub fn consult(&mut self, book: Book, request: u64) -> u64 {
        let (party, notice) = (self.closed("Builders Ltd"), self.closed("We mean to release"));
        let payload = Enc::default().int(request).raw(&party).raw(&notice).0;
        self.by_officer(book, 0x070f, payload)
    }

    pub fn reply(&mut self, book: Book, consultation: u64) -> u64 {
        let reply = self.closed("We do not mind");
        let payload = Enc::default().int(consultation).raw(&reply).0;
        self.by_officer(book, 0x0710, payload)
    }

    pub fn extend(&mut self, book: Book, request: u64) -> u64 {
        let reason = self.open("Many papers");
        self.by_officer(book, 0x0711, Enc::default().int(request).raw(&reason).0)
    }

    pub fn withdraw(&mut self, book: Book, request: u64) -> u64 {
        self.by_service(book, 0x0712, Enc::default().int(request).byte(0).0)
    }

    pub fn decide(&mut self, book: Book, request: u64, documents: &[Document]) -> u64 {
        let statement = self.open("Decided");
        let mut enc = Enc::default().int(request).raw(&statement);
        enc = enc.int(documents.len() as u64);
        for document in documents {
            let title = self.open("An invoice");
            let (outcome, exemptions, place): (u8, &[&str], _) = match document {
                Document::Released => (1, &[], None),
                Document::Partly(codes) => (2, codes, None),
                Document::Refused(codes) => (3, codes, None),
                Document::NotHeld => (4, &[], None),
                Document::Public(place) => (5, &[], Some(place)),
            };
            enc = enc.raw(&title).byte(outcome).int(exemptions.len() as u64);
            for code in exemptions {
                enc = enc.text(code);
            }
            enc = match outcome {
                2 | 3 => enc.byte(1).raw(&self.closed("the invoice itself")),
                _ => enc.byte(0),
            };
            enc = match place {
                None => enc.byte(0),
                Some(place) => enc.byte(1).text(place),
            };
        }
        self.by_officer(book, 0x0713, enc.0)
    }

    /// ReleaseMade; gives the commitments of the renditions.
    pub fn release(&mut self, book: Book, request: u64, documents: &[u64]) -> Vec<[u8; 32]> {
        let mut enc = Enc::default().int(request).int(documents.len() as u64);
        let first = self.committed.len();
        for document in documents {
            let rendition = self.open("a file");
            enc = enc.int(*document).raw(&rendition);
        }
        self.by_officer(book, 0x0714, enc.0);
        self.committed[first..].to_vec()
    }

    /// ReleaseWithdrawn, of documents with their renditions.
    pub fn take_back(&mut self, book: Book, request: u64, documents: &[(u64, [u8; 32])]) -> u64 {
        let mut enc = Enc::default().int(request).int(documents.len() as u64);
        for (document, rendition) in documents {
            enc = enc.int(*document);
            self.withhold(rendition);
        }
        let reason = self.open("A name was in it");
        self.by_officer(book, 0x0715, enc.raw(&reason).0)
    }

    /// GrievanceFiled; gives its position.
    pub fn grieve(&mut self, book: Book, request: u64) -> u64 {
        let statement = self.closed("I disagree");
        let payload = Enc::default().int(request).raw(&statement).byte(0).0;
        self.by_service(book, 0x0716, payload)
    }

    /// GrievanceFiled on paper.
    pub fn grieve_letter(&mut self, book: Book, request: u64, received_on: u64) -> u64 {
        let (statement, letter) = (self.closed("I disagree"), self.letter(received_on));
        let payload = Enc::default().int(request).raw(&statement).raw(&letter).0;
        self.by_officer(book, 0x0716, payload)
    }

    /// GrievanceDecided: 1 upheld, 2 varied, 3 overturned.
    pub fn judge(&mut self, book: Book, grievance: u64, decision: u8) -> u64 {
        let reason = self.open("Reasons");
        let payload = Enc::default().int(grievance).byte(decision).raw(&reason).0;
        self.push(book, 0x0717, "judge", payload)
    }

    /// ErasureOrdered; gives its body hash.
    pub fn order_erasure(&mut self, book: Book, commitments: &[[u8; 32]]) -> [u8; 32] {
        let mut sorted = commitments.to_vec();
        sorted.sort_unstable();
        let mut enc = Enc::default().int(sorted.len() as u64);
        for commitment in &sorted {
            enc = enc.raw(commitment);
        }
        self.push(book, 0x0006, "commission", enc.text("Law No. 13 of 2016").0);
        self.ledger(book).last_body_hash
    }

    /// ErasureConfirmed, and what it erases is erased.
    pub fn confirm_erasure(&mut self, book: Book, order: [u8; 32], commitments: &[[u8; 32]]) -> u64 {
        for commitment in commitments {
            self.withhold(commitment);
        }
        self.push(book, 0x0007, "second commission", order.to_vec())
    }

    /// Publishes due dates of all entries so far.
    pub fn board(&mut self, book: Book, rows: &[Row]) -> u64 {
        let size = self.ledger(book).size();
        self.board_of(book, size, rows)
    }

    pub fn board_of(&mut self, book: Book, size: u64, rows: &[Row]) -> u64 {
        let Book::Register(register) = book else {
            return 0;
        };
        let Register {
            ledger, id, closed, ..
        } = &self.registers[register];
        let mut text = format!(
            "{{\"format\":\"sijill-due-dates/1\",\"ledger\":\"{}\",\"size\":{size},\"register\":\"{id}\"",
            hex::encode(ledger.id)
        );
        push_day(&mut text, "closed", *closed);
        let rows: Vec<String> = rows.iter().map(Row::json).collect();
        text.push_str(&format!(",\"requests\":[{}]}}", rows.join(",")));
        self.publish_view(book, "due-dates", size, text.as_bytes())
    }

    /// ViewPublished.
    pub fn publish_view(&mut self, book: Book, view: &str, size: u64, bytes: &[u8]) -> u64 {
        let content = self.content(bytes);
        let payload = Enc::default().text(view).int(size).content(&content).0;
        self.by_service(book, 0x0008, payload)
    }

    /// The published folder, and what the service keeps for itself.
    pub fn package(&self) -> Package {
        let mut files = self.extra.clone();
        let registers = self.registers.iter().filter(|register| register.published);
        let ledgers: Vec<&Ledger> = std::iter::once(&self.calendar)
            .chain(registers.map(|register| &register.ledger))
            .collect();
        for ledger in &ledgers {
            ledger.publish(&mut files);
        }
        let entries: Vec<&Vec<u8>> = ledgers.iter().flat_map(|ledger| &ledger.entries).collect();
        // What no event holds is not published.
        let stands = |name: &String| {
            let hash = hex::decode(name).unwrap();
            entries
                .iter()
                .any(|entry| entry.windows(32).any(|window| window == hash))
        };
        let of_events = |all: &BTreeMap<String, Vec<u8>>, folder: &str| {
            let standing = all.iter().filter(|(name, _)| stands(name));
            standing
                .map(|(name, bytes)| (format!("{folder}/{name}"), bytes.clone()))
                .collect::<Vec<_>>()
        };
        files.extend(of_events(&self.contents, "content"));
        files.extend(of_events(&self.openings, "openings"));
        Package {
            files,
            trust: Some(self.trust()),
            withheld: of_events(&self.withheld, "withheld").into_iter().collect(),
            flaw: self.flaw,
            ..Package::default()
        }
    }

    pub fn trust(&self) -> String {
        let kinds = [
            "",
            "calendar",
            "roll",
            "election",
            "ballot-box",
            "station",
            "consultation",
            "foi",
        ];
        let registers = self.registers.iter().filter(|register| register.published);
        let ledgers = std::iter::once(&self.calendar)
            .chain(registers.map(|register| &register.ledger))
            .map(|ledger| {
                format!(
                    "{{\"id\":\"{}\",\"kind\":\"{}\",\"origin\":\"{}\",\"key\":\"{}\",\"checkpoint\":{{\"size\":{},\"root\":\"{}\"}}}}",
                    hex::encode(ledger.id),
                    kinds[ledger.kind as usize],
                    ledger.origin,
                    hex::encode(public(&ledger.ledger_key)),
                    ledger.size(),
                    hex::encode(root(&ledger.leaves))
                )
            });
        format!(
            "{{\"format\":\"sijill-trust/1\",\n \"jurisdiction\":\"{}\",\n \"ledgers\":[{}]}}\n",
            hex::encode(self.calendar.id),
            ledgers.collect::<Vec<_>>().join(",\n")
        )
    }
}
