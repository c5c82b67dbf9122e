//! A consultation in memory: its ledger and the calendar ledger of its jurisdiction with their chains and states, openings
//! beside them, a clock in Doha. Days are closed as they pass.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a harness shared by several test files"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, Weekday};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sijill_ledger::{
    Admission, Body, Chain, Committed, ContentHash, ContentRef, Entry, Genesis, GenesisFields, Grant, KeyId,
    Kind, LedgerId, Nonce, Ref, Role, SignedBody, SigningKey, UnixMillis,
};
use sijill_registers::calendar::events::*;
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::document::{Answers, Clause, ClauseText, Document};
use sijill_registers::consultation::events::*;
use sijill_registers::consultation::views::{Reading, Thread};
use sijill_registers::consultation::{Act, ConsultationRegister, ConsultationState};
use sijill_registers::register::*;
use sijill_rules::{Calendar, day_number};

pub const DAY_MS: u64 = 86_400_000;

/// Seeds of the officials' keys; persons have seeds below 100.
pub const SERVICE: u8 = 200;
pub const LEDGER: u8 = 201;
pub const COMMISSION: u8 = 202;
pub const OWNER: u8 = 203;
pub const MODERATORS: [u8; 2] = [204, 205];
pub const SECOND_COMMISSION: u8 = 206;
pub const GRANTED_PARTICIPANT: u8 = 207;

#[derive(Default)]
pub struct Documents {
    contents: BTreeMap<ContentHash, Arc<[u8]>>,
    pub openings: BTreeMap<[u8; 32], Vec<u8>>,
}

impl Documents {
    pub fn put(&mut self, bytes: &[u8]) -> ContentRef {
        let content = ContentRef::of(bytes).unwrap();
        self.contents.insert(content.sha256, bytes.into());
        content
    }
}

impl Contents for Documents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let bytes = self.contents.get(&content.sha256);
        bytes
            .map(Arc::clone)
            .ok_or(ContentProblem::Missing(content.sha256))
    }

    fn opening(&self, committed: &Committed) -> Result<Arc<[u8]>, ContentProblem> {
        let missing = ContentProblem::Opening(committed.commitment);
        let opening = self.openings.get(&committed.commitment).ok_or(missing.clone())?;
        committed.open(opening).map(Arc::from).ok_or(missing)
    }
}

#[derive(Debug)]
pub struct OneLedger {
    pub chain: Chain,
    pub state: State,
    pub entries: Vec<Entry>,
}

#[derive(Default)]
pub struct Ledgers(pub BTreeMap<LedgerId, OneLedger>);

impl Linked for Ledgers {
    fn facts(&self, ledger: &LedgerId) -> Option<Facts> {
        self.0.get(ledger).map(|l| l.state.facts())
    }
}

pub struct Forum {
    pub rng: StdRng,
    pub now: u64,
    pub documents: Documents,
    pub ledgers: Ledgers,
    pub calendar: Calendar,
    /// The calendar ledger of the jurisdiction.
    pub root: LedgerId,
    /// The consultation.
    pub ledger: LedgerId,
    /// The body that a register refused last, and when it was received.
    pub refused: Option<(SignedBody, UnixMillis)>,
}

pub fn number(day: &str) -> u32 {
    let day: Date = day.parse().unwrap();
    u32::try_from(day_number(day)).unwrap()
}

pub fn person(n: u8) -> Person {
    Person([n; 32])
}

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

pub fn settings() -> Settings {
    Settings {
        first: number("2026-02-01"),
        last: number("2026-03-01"),
        report_due: number("2026-04-01"),
        late: 1,
        categories: vec![1, 2],
        verified_only: true,
        owner_en: "Ministry of Municipality".into(),
        owner_ar: "وزارة البلدية".into(),
        officer_en: "Director of Planning".into(),
        officer_ar: String::new(),
    }
}

pub fn definition() -> ConsultationDefined {
    let choice = |en: &str, ar: &str| Choice {
        en: en.into(),
        ar: ar.into(),
    };
    ConsultationDefined {
        name_en: "Fees of public parks".into(),
        name_ar: "رسوم الحدائق العامة".into(),
        languages: vec![1, 2],
        settings: settings(),
        questions: vec![Question {
            text_en: "Do you support the fee?".into(),
            text_ar: "هل تؤيد الرسوم؟".into(),
            options: vec![choice("Yes", "نعم"), choice("No", "لا"), choice("Partly", "جزئيا")],
            min: 1,
            max: 1,
        }],
    }
}

pub fn clause(id: &str, number: &str, en: &str) -> Clause {
    Clause {
        id: id.into(),
        number: number.into(),
        text: ClauseText {
            en: en.into(),
            ar: format!("مادة {number}"),
        },
    }
}

pub fn first_version() -> Vec<Clause> {
    vec![
        clause("scope", "1", "This applies to all parks."),
        clause("fee", "4(2)", "The fee is ten riyals."),
        clause("hours", "5", "Parks close at midnight."),
    ]
}

impl Forum {
    /// A consultation that is not defined, on 20 January 2026 at noon.
    pub fn empty() -> Self {
        let none = LedgerId::from_bytes([0; 32]);
        let mut forum = Self {
            rng: StdRng::seed_from_u64(7),
            now: 0,
            documents: Documents::default(),
            ledgers: Ledgers::default(),
            calendar: Calendar::new("Asia/Qatar", &[Weekday::Friday, Weekday::Saturday]).unwrap(),
            root: none,
            ledger: none,
            refused: None,
        };
        forum.go("2026-01-20", 12 * 3_600_000);
        forum.root = forum.create(Kind::Calendar, None);
        forum.ledger = forum.create(Kind::Consultation, Some(forum.root));
        let (root, ledger) = (forum.root, forum.ledger);
        let defined = CalendarEvent::JurisdictionDefined(JurisdictionDefined {
            name_en: "Qatar".into(),
            name_ar: "قطر".into(),
            time_zone: "Asia/Qatar".into(),
            weekly_rest: vec![5, 6],
            rehearsal: true,
        });
        let listed = CalendarEvent::RegisterListed(RegisterListed {
            ledger,
            kind: 6,
            visibility: PUBLIC,
            id: "park-fees".parse().unwrap(),
            authority: "municipality".parse().unwrap(),
            name_en: "Fees of public parks".into(),
            name_ar: String::new(),
        });
        let commission = key(COMMISSION);
        for event in [defined, listed] {
            forum.act(&commission, root, Event::Calendar(event)).unwrap();
        }
        forum.serve(Event::Register(RegisterEvent::CalendarSeen)).unwrap();
        forum
    }

    fn create(&mut self, kind: Kind, parent: Option<LedgerId>) -> LedgerId {
        let grant = |seed: u8, role| Grant {
            key: key(seed).key_id(),
            role,
            scope: None,
        };
        let genesis = Genesis::new(GenesisFields {
            kind,
            origin: "sharek.example/2026".parse().unwrap(),
            parent,
            ledger_key: key(LEDGER).key_id(),
            service_key: key(SERVICE).key_id(),
            grants: vec![
                grant(COMMISSION, Role::Commission),
                grant(SECOND_COMMISSION, Role::Commission),
                grant(OWNER, Role::ConsultationOwner),
                grant(MODERATORS[0], Role::Moderator),
                grant(MODERATORS[1], Role::Moderator),
                grant(GRANTED_PARTICIPANT, Role::Participant),
            ],
            max_lag_ms: 30_000,
            official_window_ms: 600_000,
            random: [9; 32],
            predecessor: None,
        })
        .unwrap();
        let state = State::start(&genesis).unwrap();
        let at = UnixMillis::clamped(self.now);
        let (chain, entry) = Chain::create(genesis, &key(SERVICE), at).unwrap();
        let id = chain.ledger();
        let entries = vec![entry];
        self.ledgers.0.insert(
            id,
            OneLedger {
                chain,
                state,
                entries,
            },
        );
        id
    }

    /// A consultation with its first version, on its first day at noon.
    pub fn open() -> Self {
        let mut forum = Self::empty();
        forum.define(|_| ()).unwrap();
        forum.publish(&first_version(), &[]).unwrap();
        forum.go("2026-02-01", 12 * 3_600_000);
        forum
    }

    /// As [`Forum::open`], with persons 1 to 4 enrolled with keys 1 to 4, and person 5 without one.
    pub fn with_people() -> Self {
        let mut forum = Self::open();
        for n in 1..=4 {
            forum.enrol(n, Some(n)).unwrap();
        }
        forum.enrol(5, None).unwrap();
        forum
    }

    /// Moves the clock to a local time.
    pub fn go(&mut self, day: &str, ms: u64) {
        let at = self.calendar.start_of(day.parse().unwrap()).unwrap() + ms;
        assert!(at >= self.now);
        self.now = at;
    }

    pub fn day_of(&self, ms: u64) -> u32 {
        u32::try_from(day_number(self.calendar.day_of(ms).unwrap())).unwrap()
    }

    pub fn one(&self) -> &OneLedger {
        &self.ledgers.0[&self.ledger]
    }

    pub fn register(&self) -> &ConsultationRegister {
        self.one().state.as_consultation().unwrap()
    }

    pub fn state(&self) -> &ConsultationState {
        self.register().state()
    }

    /// Entries of the consultation.
    pub fn size(&self) -> u64 {
        self.one().chain.size()
    }

    /// The event at a position and the key of its author.
    pub fn event(&self, position: u64) -> (KeyId, Event) {
        let body = self.one().entries[usize::try_from(position).unwrap()].body();
        let event = Event::parse(Kind::Consultation, body.event_type, &body.payload).unwrap();
        (body.author, event)
    }

    /// Commits to a content; its opening is kept.
    pub fn commit(&mut self, content: &[u8]) -> Committed {
        let mut salt = [0; 32];
        self.rng.fill_bytes(&mut salt);
        let committed = Committed::new(&salt, content);
        let opening = [&salt[..], content].concat();
        self.documents.openings.insert(committed.commitment, opening);
        committed
    }

    /// Offers an event of an official or a participant. The position it got, or the code of the refusal.
    pub fn offer(&mut self, author: &SigningKey, event: ConsultationEvent) -> Result<u64, &'static str> {
        self.catch_up();
        if author.key_id() == key(SERVICE).key_id() {
            return self.serve(Event::Consultation(event));
        }
        self.act(author, self.ledger, Event::Consultation(event))
    }

    /// Closes yesterday, if that was not done yet.
    pub fn catch_up(&mut self) {
        let yesterday = self.day_of(self.now) - 1;
        let days = self.register().days();
        let begun = self.day_of(self.one().entries[1].received_ms().as_u64());
        if days
            .closed()
            .map_or(begun <= yesterday, |closed| closed < yesterday)
        {
            self.close_day_number(yesterday);
        }
    }

    pub fn body(&mut self, author: &SigningKey, ledger: LedgerId, event: &Event) -> Body {
        let mut nonce = [0; 16];
        self.rng.fill_bytes(&mut nonce);
        Body {
            ledger,
            event_type: event.wire_type(),
            author: author.key_id(),
            author_time_ms: UnixMillis::clamped(self.now),
            nonce: Nonce::from_bytes(nonce),
            seen: Some(self.ledgers.0[&ledger].chain.seen()),
            refs: Vec::new(),
            payload: event.payload(),
        }
    }

    pub fn act(&mut self, author: &SigningKey, ledger: LedgerId, event: Event) -> Result<u64, &'static str> {
        let body = self.body(author, ledger, &event);
        self.submit(body.sign(author).unwrap(), self.now)
    }

    /// As [`Forum::offer`], of what the service received so long ago.
    pub fn offer_received(
        &mut self,
        ago_ms: u64,
        author: &SigningKey,
        event: ConsultationEvent,
    ) -> Result<u64, &'static str> {
        self.catch_up();
        let body = self.body(author, self.ledger, &Event::Consultation(event));
        self.submit(body.sign(author).unwrap(), self.now - ago_ms)
    }

    /// Offers an event of the service.
    pub fn serve(&mut self, event: Event) -> Result<u64, &'static str> {
        self.serve_received(0, event)
    }

    /// Offers an event of the service that it received so long ago.
    pub fn serve_received(&mut self, ago_ms: u64, event: Event) -> Result<u64, &'static str> {
        let refs = match &event {
            Event::Register(RegisterEvent::CalendarSeen | RegisterEvent::DayClosed(_)) => {
                let seen = self.ledgers.0[&self.root].chain.seen();
                vec![Ref {
                    ledger: self.root,
                    size: seen.size,
                    root: seen.root,
                }]
            }
            _ => Vec::new(),
        };
        let payload = event.payload();
        let nonce = citing_nonce(&event, &payload, &refs);
        let genesis = self.one().chain.genesis().clone();
        let mut body = Body::by_service(&genesis, event.wire_type(), nonce, payload);
        body.refs = refs;
        self.submit(body.sign(&key(SERVICE)).unwrap(), self.now - ago_ms)
    }

    /// What door and sequencer do, in memory.
    pub fn submit(&mut self, body: SignedBody, received_ms: u64) -> Result<u64, &'static str> {
        let ledger = body.body().ledger;
        let (received, now) = (UnixMillis::clamped(received_ms), UnixMillis::clamped(self.now));
        let one = &self.ledgers.0[&ledger];
        match one.chain.check_body(&body, received, now) {
            Ok(Admission::New) => {}
            Ok(Admission::Recorded { .. }) => return Err("recorded"),
            Err(_) => return Err("chain"),
        }
        let event = Event::parse(one.state.kind(), body.body().event_type, &body.body().payload).unwrap();
        let context = Context {
            received_ms: received,
            body_hash: body.hash(),
            refs: &body.body().refs,
            size: one.chain.size(),
            contents: &self.documents,
            linked: &self.ledgers,
            evidence: &Evidence::None,
        };
        match one.state.decide(body.body(), &event, &context) {
            Ok(added) => assert!(added.is_empty()),
            Err(refusal) => {
                self.refused = Some((body, received));
                return Err(refusal.code());
            }
        }
        let one = self.ledgers.0.get_mut(&ledger).unwrap();
        let entry = one.chain.append(body, received, now).unwrap();
        one.state
            .evolve(&(&entry).into(), &event, &self.documents)
            .unwrap();
        let position = entry.seq().as_u64();
        one.entries.push(entry);
        Ok(position)
    }

    pub fn close_day(&mut self, day: &str) {
        self.close_day_number(number(day));
    }

    pub fn close_day_number(&mut self, day: u32) {
        self.serve(Event::Register(RegisterEvent::DayClosed(DayClosed { day })))
            .unwrap();
    }

    /// Two commissions order and confirm that contents are erased.
    pub fn erase(&mut self, commitments: &[[u8; 32]]) -> Result<u64, &'static str> {
        self.catch_up();
        let mut commitments = commitments.to_vec();
        commitments.sort_unstable();
        let order = Event::Register(RegisterEvent::ErasureOrdered(ErasureOrdered {
            commitments: commitments.clone(),
            basis: "Request of the person concerned".into(),
        }));
        self.act(&key(COMMISSION), self.ledger, order)?;
        let order = self.one().entries.last().unwrap().signed_body().hash();
        let confirmed = Event::Register(RegisterEvent::ErasureConfirmed(ErasureConfirmed { order }));
        let confirmed = self.act(&key(SECOND_COMMISSION), self.ledger, confirmed)?;
        for commitment in &commitments {
            self.documents.openings.remove(commitment);
        }
        Ok(confirmed)
    }

    /// The service publishes a moderation log.
    pub fn publish_log(&mut self, document: &[u8], size: u64) -> Result<u64, &'static str> {
        let content = self.documents.put(document);
        self.serve(Event::Register(RegisterEvent::ViewPublished(
            RegisterViewPublished {
                view: "moderation-log".into(),
                size,
                content,
            },
        )))
    }

    /// What people read.
    pub fn read(&self) -> Reading<'_> {
        self.state().read(&self.calendar)
    }

    pub fn log(&self) -> String {
        let log = self
            .register()
            .moderation_log(self.size(), &self.ledgers)
            .unwrap();
        String::from_utf8(log.unwrap()).unwrap()
    }

    /// Everything that must hold after every step.
    pub fn check(&self) {
        let one = self.one();
        let entries = one.entries.iter().map(|e| Entry::parse(e.bytes()).unwrap());
        let entries: Vec<Entry> = entries.collect();
        let chain = Chain::replay(entries.iter().cloned()).unwrap();
        assert_eq!(chain.root(), one.chain.root());
        let mut state = State::start(chain.genesis()).unwrap();
        for entry in &entries[1..] {
            let body = entry.body();
            let event = Event::parse(state.kind(), body.event_type, &body.payload).unwrap();
            state.evolve(&entry.into(), &event, &self.documents).unwrap();
        }
        let replayed = state.as_consultation().unwrap();
        assert_eq!(replayed.state(), self.state(), "a replay gives the state");
        assert_eq!(
            format!("{:?}", replayed.days()),
            format!("{:?}", self.register().days())
        );
        let snapshot = self.one().state.snapshot().unwrap().to_bytes();
        let restored = State::restore(chain.genesis(), &snapshot, &self.documents).unwrap();
        let restored = restored.as_consultation().unwrap();
        assert_eq!(restored.state(), self.state(), "a snapshot is the state");
        assert_eq!(
            format!("{:?}", restored.days()),
            format!("{:?}", self.register().days())
        );
        let state = self.state();
        let seen = state.comments().count();
        // Every comment is in exactly one thread, below what it replies to, in the order of the ledger.
        let mut in_threads = BTreeSet::new();
        for thread in state.threads() {
            walk(&thread, None, state, &mut in_threads);
        }
        assert_eq!(in_threads.len(), seen);
        // Every root has one place.
        let reading = self.read().clauses();
        let placed: usize = reading.clauses.iter().map(|c| c.comments.len()).sum();
        assert_eq!(
            placed + reading.document.len() + reading.orphaned.len(),
            state.roots().count()
        );
        // Counts follow.
        let counts = self.read().counts();
        assert_eq!(counts.comments, seen as u64);
        assert_eq!(counts.visible + counts.hidden + counts.withdrawn, counts.comments);
        assert_eq!(self.read().coverage().counted, counts.counted);
        let counted: u64 = reading.clauses.iter().map(|c| c.counted).sum();
        assert!(counted <= counts.counted);
        // What is published is what has an opening, of visible comments and official texts.
        for commitment in state.published() {
            assert!(self.documents.openings.contains_key(&commitment.commitment));
        }
        // Every step has its event, and the last ones say what the comment is.
        for (position, comment) in state.comments() {
            for step in &comment.steps {
                assert!(step.position > position);
                let erased = matches!(self.event(step.position).1, Event::Register(_));
                assert_eq!(erased, matches!(step.act, Act::Erased { .. }));
            }
            let told = comment.steps.iter().rev().find_map(|step| match step.act {
                Act::Hidden { .. } | Act::AppealRejected { .. } | Act::Appealed { .. } => Some("hidden"),
                Act::Restored { .. } | Act::AppealGranted { .. } => Some("visible"),
                Act::Withdrawn { .. } => Some("withdrawn"),
                Act::Erased { .. } => None,
            });
            assert_eq!(comment.standing.name(), told.unwrap_or("visible"));
        }
    }

    // What the actors do.

    pub fn define(&mut self, change: impl Fn(&mut ConsultationDefined)) -> Result<u64, &'static str> {
        let mut e = definition();
        change(&mut e);
        let owner = key(OWNER);
        self.offer(&owner, ConsultationEvent::ConsultationDefined(e))
    }

    pub fn publish(&mut self, clauses: &[Clause], moves: &[(&str, &str)]) -> Result<u64, &'static str> {
        let document = self.documents.put(&Document::write(clauses));
        let version = self.state().latest().map_or(1, |(version, _)| version + 1);
        let moves = moves
            .iter()
            .map(|(from, to)| Move {
                from: (*from).into(),
                to: (*to).into(),
            })
            .collect();
        self.as_owner(ConsultationEvent::DocumentPublished(DocumentPublished {
            version,
            document,
            moves,
        }))
    }

    pub fn as_owner(&mut self, event: ConsultationEvent) -> Result<u64, &'static str> {
        let owner = key(OWNER);
        self.offer(&owner, event)
    }

    pub fn as_service(&mut self, event: ConsultationEvent) -> Result<u64, &'static str> {
        let service = key(SERVICE);
        self.offer(&service, event)
    }

    pub fn enrol(&mut self, n: u8, with: Option<u8>) -> Result<u64, &'static str> {
        self.enrol_as(n, with, 1, true)
    }

    pub fn enrol_as(
        &mut self,
        n: u8,
        with: Option<u8>,
        category: u8,
        verified: bool,
    ) -> Result<u64, &'static str> {
        self.as_service(ConsultationEvent::ParticipantEnrolled(ParticipantEnrolled {
            person: person(n),
            key: with.map(|k| key(k).key_id()),
            category,
            verified,
        }))
    }

    pub fn change(&mut self, n: u8, with: Option<u8>, category: u8) -> Result<u64, &'static str> {
        let before = self.state().person(&person(n)).map_or(0, |p| p.since);
        self.as_service(ConsultationEvent::ParticipantChanged(ParticipantChanged {
            person: person(n),
            before,
            key: with.map(|k| key(k).key_id()),
            category,
            verified: true,
        }))
    }

    /// What a comment says about a clause of the latest version.
    pub fn on(&self, id: &str) -> OnClause {
        let (version, document) = self.state().latest().unwrap();
        OnClause {
            version,
            clause: id.into(),
            hash: *document.clause(id).unwrap().1,
            quote: None,
        }
    }

    pub fn comment(&mut self, n: u8, clause: Option<OnClause>, text: &str) -> Result<u64, &'static str> {
        let text = self.commit(text.as_bytes());
        let event = CommentMade {
            reply_to: None,
            clause,
            text,
        };
        self.offer(&key(n), ConsultationEvent::CommentMade(event))
    }

    pub fn reply(&mut self, n: u8, to: u64, text: &str) -> Result<u64, &'static str> {
        let text = self.commit(text.as_bytes());
        let event = CommentMade {
            reply_to: Some(to),
            clause: None,
            text,
        };
        self.offer(&key(n), ConsultationEvent::CommentMade(event))
    }

    pub fn attest(&mut self, n: u8, text: &str) -> Result<u64, &'static str> {
        let text = self.commit(text.as_bytes());
        let record = Some(self.commit(b"\xff\xfe a scan"));
        self.as_service(ConsultationEvent::CommentAttested(CommentAttested {
            person: person(n),
            reply_to: None,
            clause: None,
            text,
            record,
        }))
    }

    pub fn withdraw(&mut self, n: u8, comment: u64) -> Result<u64, &'static str> {
        let event = ConsultationEvent::CommentWithdrawn(CommentWithdrawn { comment });
        self.offer(&key(n), event)
    }

    pub fn hide(&mut self, moderator: usize, comment: u64, code: u8) -> Result<u64, &'static str> {
        let note = (code == 7).then(|| self.commit("It names your neighbour.".as_bytes()));
        let by = key(MODERATORS[moderator]);
        let event = CommentHidden { comment, code, note };
        self.offer(&by, ConsultationEvent::CommentHidden(event))
    }

    pub fn restore(&mut self, moderator: usize, comment: u64) -> Result<u64, &'static str> {
        let by = key(MODERATORS[moderator]);
        let event = ConsultationEvent::CommentRestored(CommentRestored { comment });
        self.offer(&by, event)
    }

    pub fn appeal(&mut self, n: u8, comment: u64) -> Result<u64, &'static str> {
        let statement = self.commit("It is on the subject.".as_bytes());
        let event = AppealFiled { comment, statement };
        self.offer(&key(n), ConsultationEvent::AppealFiled(event))
    }

    pub fn decide(&mut self, moderator: usize, comment: u64, decision: u8) -> Result<u64, &'static str> {
        let by = key(MODERATORS[moderator]);
        let event = AppealDecided {
            comment,
            decision,
            note: None,
        };
        self.offer(&by, ConsultationEvent::AppealDecided(event))
    }

    pub fn respond(&mut self, n: u8, answers: Vec<Vec<u16>>) -> Result<u64, &'static str> {
        let answers = self.commit(&Answers::new(answers).to_bytes());
        let event = ConsultationEvent::ResponseGiven(ResponseGiven { answers });
        self.offer(&key(n), event)
    }

    pub fn settle(&mut self, change: impl Fn(&mut Settings)) -> Result<u64, &'static str> {
        let before = self.state().settings().unwrap().clone();
        let mut after = before.clone();
        change(&mut after);
        self.as_owner(ConsultationEvent::SettingsChanged(SettingsChanged {
            before,
            after,
            reason: "The public asked for it".into(),
        }))
    }

    pub fn theme(&mut self, id: &str) -> Result<u64, &'static str> {
        self.as_owner(ConsultationEvent::ThemeDefined(ThemeDefined {
            theme: id.into(),
            name_en: format!("Theme {id}"),
            name_ar: String::new(),
        }))
    }

    pub fn assign(&mut self, id: &str, added: &[u64], removed: &[u64]) -> Result<u64, &'static str> {
        self.as_owner(ConsultationEvent::CommentsAssigned(CommentsAssigned {
            theme: id.into(),
            added: added.to_vec(),
            removed: removed.to_vec(),
        }))
    }

    pub fn answer(&mut self, to: &[u64]) -> Result<u64, &'static str> {
        let text = self.commit("Thank you; see the new clause.".as_bytes());
        let to = to.to_vec();
        self.as_owner(ConsultationEvent::AnswerGiven(AnswerGiven { to, text }))
    }

    pub fn report(&mut self, outcomes: &[(&str, u8)]) -> Result<u64, &'static str> {
        let report = self.commit("What we heard".as_bytes());
        let outcomes = outcomes
            .iter()
            .map(|(theme, outcome)| Outcome {
                theme: (*theme).into(),
                outcome: *outcome,
                reason: self.commit(format!("Because of {theme}").as_bytes()),
            })
            .collect();
        self.as_owner(ConsultationEvent::ReportPublished(ReportPublished {
            report,
            outcomes,
        }))
    }

    pub fn archive(&mut self) -> Result<u64, &'static str> {
        self.as_owner(ConsultationEvent::ConsultationArchived(ConsultationArchived {}))
    }
}

fn walk(thread: &Thread, parent: Option<u64>, state: &ConsultationState, seen: &mut BTreeSet<u64>) {
    assert_eq!(state.comment(thread.comment).unwrap().reply_to, parent);
    assert!(seen.insert(thread.comment), "a comment stands in two places");
    let replies: Vec<_> = thread.replies.iter().map(|r| r.comment).collect();
    assert!(replies.is_sorted());
    for reply in &thread.replies {
        assert!(reply.comment > thread.comment);
        walk(reply, Some(thread.comment), state, seen);
    }
}
