//! A consultation in memory: a clock in Doha, a state, a record, openings beside it. After every accepted event the
//! history is replayed and compared with what grew.

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

use jiff::civil::Date;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sijill_ledger::{
    Authority, BodyHash, Committed, ContentHash, ContentRef, Genesis, GenesisFields, Grant, KeyId, Kind,
    LedgerId, Role, SigningKey, UnixMillis, decode_canonical, encode,
};
use sijill_registers::consultation::document::{Answers, Clause, ClauseText, Document};
use sijill_registers::consultation::events::*;
use sijill_registers::consultation::views::{Act, Reading, Record, Shown};
use sijill_registers::consultation::{At, ConsultationSnapshot, ConsultationState, Standing};
use sijill_registers::register::*;
use sijill_rules::{Calendar, day_number};

pub const DAY_MS: u64 = 86_400_000;

/// Seeds of the officials' keys; persons have seeds below 100.
pub const SERVICE: u8 = 200;
pub const LEDGER: u8 = 201;
pub const COMMISSION: u8 = 202;
pub const OWNER: u8 = 203;
pub const MODERATORS: [u8; 2] = [204, 205];

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

struct Nobody;

impl Linked for Nobody {
    fn facts(&self, _ledger: &LedgerId) -> Option<Facts> {
        None
    }
}

#[derive(Clone, Debug)]
pub enum Happened {
    Event(Box<ConsultationEvent>),
    DayClosed(u32),
    Erased(Vec<[u8; 32]>),
}

pub struct Forum {
    pub rng: StdRng,
    pub calendar: Calendar,
    pub now: u64,
    pub size: u64,
    pub documents: Documents,
    pub state: ConsultationState,
    pub record: Record,
    pub authority: Authority,
    pub history: Vec<(At, Happened)>,
    pub genesis: Genesis,
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
        let (service, ledger) = (key(SERVICE), key(LEDGER));
        let grant = |seed: u8, role| Grant {
            key: key(seed).key_id(),
            role,
            scope: None,
        };
        let genesis = Genesis::new(GenesisFields {
            kind: Kind::Consultation,
            origin: "sharek.example/2026".parse().unwrap(),
            parent: Some(LedgerId::from_bytes([1; 32])),
            ledger_key: ledger.key_id(),
            service_key: service.key_id(),
            grants: vec![
                grant(COMMISSION, Role::Commission),
                grant(OWNER, Role::ConsultationOwner),
                grant(MODERATORS[0], Role::Moderator),
                grant(MODERATORS[1], Role::Moderator),
            ],
            max_lag_ms: 5_000,
            official_window_ms: 600_000,
            random: [9; 32],
            predecessor: None,
        })
        .unwrap();
        let calendar = Calendar::new("Asia/Qatar", &[]).unwrap();
        let mut forum = Self {
            rng: StdRng::seed_from_u64(7),
            calendar,
            now: 0,
            size: 2,
            documents: Documents::default(),
            state: ConsultationState::new(LedgerId::from_bytes([1; 32])),
            record: Record::default(),
            authority: Authority::new(&genesis),
            history: Vec::new(),
            genesis,
        };
        forum.go("2026-01-20", 12 * 3_600_000);
        forum
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

    pub fn at(&self, author: KeyId) -> At {
        At {
            position: self.size,
            author,
            received_ms: self.now,
            moment_ms: self.now,
        }
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

    /// Offers an event as the door and the sequencer do. The position it got, or the code of the refusal.
    pub fn offer(&mut self, author: &SigningKey, event: ConsultationEvent) -> Result<u64, &'static str> {
        self.offer_at(self.at(author.key_id()), event)
    }

    pub fn offer_at(&mut self, at: At, event: ConsultationEvent) -> Result<u64, &'static str> {
        if !self.holds_role(&at, &event) {
            return Err("event.author");
        }
        let ctx = Context {
            received_ms: UnixMillis::clamped(self.now),
            body_hash: BodyHash::from_bytes([0; 32]),
            refs: &[],
            size: at.position,
            contents: &self.documents,
            linked: &Nobody,
            evidence: &Evidence::None,
        };
        let payload = event.payload();
        assert_eq!(
            ConsultationEvent::parse(event.event_type(), &payload).as_ref(),
            Some(&event)
        );
        let added = self
            .state
            .decide(&event, &at, &self.calendar, &ctx, &self.authority)
            .map_err(|refusal| refusal.code())?;
        assert!(added.is_empty());
        self.state.evolve(&at, &event, &self.documents).unwrap();
        self.record.apply(&at, &event, &self.documents).unwrap();
        self.happened(at, Happened::Event(Box::new(event)));
        Ok(at.position)
    }

    fn holds_role(&self, at: &At, event: &ConsultationEvent) -> bool {
        match event.author() {
            Role::Participant => self.state.person_of(&at.author).is_some(),
            role => self.authority.holds(at.author, role, None),
        }
    }

    pub fn close_day(&mut self, day: &str) {
        self.close_day_number(number(day));
    }

    pub fn close_day_number(&mut self, day: u32) {
        let at = self.at(key(SERVICE).key_id());
        assert!(day < self.day_of(self.now));
        self.record.close_day(day);
        self.happened(at, Happened::DayClosed(day));
    }

    pub fn erase(&mut self, commitments: &[[u8; 32]]) {
        let at = self.at(key(COMMISSION).key_id());
        self.record.erase(&at, commitments);
        for commitment in commitments {
            self.documents.openings.remove(commitment);
        }
        self.happened(at, Happened::Erased(commitments.to_vec()));
    }

    fn happened(&mut self, at: At, what: Happened) {
        self.history.push((at, what));
        self.size += 1;
    }

    /// The history folded again from its beginning.
    pub fn replayed(&self) -> (ConsultationState, Record) {
        let mut state = ConsultationState::new(LedgerId::from_bytes([1; 32]));
        let mut record = Record::default();
        for (at, what) in &self.history {
            match what {
                Happened::Event(event) => {
                    state.evolve(at, event, &self.documents).unwrap();
                    record.apply(at, event, &self.documents).unwrap();
                }
                Happened::DayClosed(day) => record.close_day(*day),
                Happened::Erased(commitments) => record.erase(at, commitments),
            }
        }
        (state, record)
    }

    /// What people read.
    pub fn read(&self) -> Reading<'_> {
        self.record.read(&self.calendar)
    }

    pub fn log(&self) -> String {
        let log = self.read().moderation_log(self.genesis.id(), self.size).unwrap();
        String::from_utf8(log.to_bytes()).unwrap()
    }

    /// Everything that must hold after every step.
    pub fn check(&self) {
        let bytes = encode(&self.state.snapshot());
        let (state, record) = self.replayed();
        assert_eq!(encode(&state.snapshot()), bytes, "replay gives the state");
        assert_eq!(
            format!(
                "{:?}",
                record
                    .read(&self.calendar)
                    .moderation_log(self.genesis.id(), self.size)
            ),
            format!("{:?}", self.read().moderation_log(self.genesis.id(), self.size)),
        );
        let found: ConsultationSnapshot = decode_canonical(&bytes).unwrap();
        let mut restored = ConsultationState::new(LedgerId::from_bytes([1; 32]));
        restored.restore(found, &self.documents).unwrap();
        assert_eq!(encode(&restored.snapshot()), bytes, "a snapshot gives the state");
        // What decides and what people read agree.
        let mut seen = 0;
        for (position, comment) in self.state.comments() {
            let read = self.record.comment(position).unwrap();
            let shown = match comment.standing {
                Standing::Visible => Shown::Visible,
                Standing::Hidden { .. } => Shown::Hidden,
                Standing::Withdrawn => Shown::Withdrawn,
            };
            assert_eq!(read.shown, shown);
            assert_eq!(read.person, comment.person);
            assert_eq!((read.received_ms, read.last), (comment.received_ms, comment.last));
            assert_eq!(read.themes.len(), usize::from(comment.themes));
            seen += 1;
        }
        assert_eq!(self.record.comments().count(), seen);
        // Every comment is in exactly one thread, below what it replies to, in the order of the ledger.
        let mut in_threads = BTreeSet::new();
        for thread in self.record.threads() {
            walk(&thread, None, &self.record, &mut in_threads);
        }
        assert_eq!(in_threads.len(), seen);
        // Every root has one place.
        let reading = self.read().clauses();
        let placed: usize = reading.clauses.iter().map(|c| c.comments.len()).sum();
        assert_eq!(
            placed + reading.document.len() + reading.orphaned.len(),
            self.record.roots().count()
        );
        // Counts follow.
        let counts = self.read().counts();
        assert_eq!(counts.comments, seen as u64);
        assert_eq!(counts.visible + counts.hidden + counts.withdrawn, counts.comments);
        assert_eq!(self.read().coverage().counted, counts.counted);
        let counted: u64 = reading.clauses.iter().map(|c| c.counted).sum();
        assert!(counted <= counts.counted);
        // What is published is what has an opening, of visible comments and official texts.
        for commitment in self.record.published() {
            assert!(self.documents.openings.contains_key(&commitment));
        }
        // Every step has its event.
        for (position, comment) in self.record.comments() {
            for step in &comment.steps {
                assert!(step.position > position);
                let (_, what) = self
                    .history
                    .iter()
                    .find(|(at, _)| at.position == step.position)
                    .unwrap();
                assert_eq!(
                    matches!(what, Happened::Erased(_)),
                    matches!(step.act, Act::Erased { .. })
                );
            }
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
        let version = self.state.latest().map_or(1, |(version, _)| version + 1);
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
        let before = self.state.participant(&person(n)).map_or(0, |p| p.since);
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
        let (version, document) = self.state.latest().unwrap();
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
        let before = self.state.settings().unwrap().clone();
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

fn walk(
    thread: &sijill_registers::consultation::views::Thread,
    parent: Option<u64>,
    record: &Record,
    seen: &mut BTreeSet<u64>,
) {
    assert_eq!(record.comment(thread.comment).unwrap().reply_to, parent);
    assert!(seen.insert(thread.comment), "a comment stands in two places");
    let replies: Vec<_> = thread.replies.iter().map(|r| r.comment).collect();
    assert!(replies.is_sorted());
    for reply in &thread.replies {
        assert!(reply.comment > thread.comment);
        walk(reply, Some(thread.comment), record, seen);
    }
}
