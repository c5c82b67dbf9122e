//! Whatever a consultation accepts, the independent verifier verifies; what it refuses, the verifier reports under the same code at the same
//! position when it stands there all the same.
//!
//! The histories are random: settings, versions of a document, people with and without keys, comments and replies, moderation, responses,
//! themes, reports, erasures and published logs, with values that are often wrong; at times around midnight, received up to 30 s before they
//! are sequenced. Spec: specs/consultation.md.

#[path = "../../../crates/registers/tests/forum/mod.rs"]
mod forum;

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer as _, SigningKey};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rayon::prelude::*;
use sijill_ledger::{Committed, Entry, KeyId, Kind, UnixMillis};
use sijill_registers::calendar::events::*;
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::Act;
use sijill_registers::consultation::document::{Answers, Clause, Document};
use sijill_registers::consultation::events::*;
use sijill_registers::register::Contents as _;
use sijill_tests::attacks::forge::{root, sha};
use sijill_verifier::{MemorySource, Profile, RegisterCounts, Report, Trust, Verdict};

use forum::{
    COMMISSION, DAY_MS, Forum, GRANTED_PARTICIPANT, LEDGER, MODERATORS, OWNER, SECOND_COMMISSION, SERVICE,
    clause, definition, key, number, person,
};

const SEEDS: u64 = 12;
const STEPS: usize = 130;
/// As the genesis of the forum says.
const LAG_MS: u64 = 30_000;

/// Codes of refusals that no verifier sees: contents that are not published.
const UNSEEN: [&str; 2] = ["opening.missing", "opening.form"];

/// Files of a published folder, with `extra` behind the entries of the consultation.
fn files(f: &Forum, extra: Option<&Entry>) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (id, one) in &f.ledgers.0 {
        let extra = extra.filter(|_| *id == f.ledger);
        let entries: Vec<&Entry> = one.entries.iter().chain(extra).collect();
        let leaves: Vec<[u8; 32]> = entries.iter().map(|e| sha(&[&[0], e.bytes()])).collect();
        let size = leaves.len();
        assert!((1..256).contains(&size));
        let folder = format!("ledgers/{id}");
        let framed = entries.iter().flat_map(|entry| {
            let length = u16::try_from(entry.bytes().len()).unwrap();
            [&length.to_be_bytes()[..], entry.bytes()].concat()
        });
        files.insert(format!("{folder}/tile/entries/000.p/{size}"), framed.collect());
        files.insert(format!("{folder}/tile/0/000.p/{size}"), leaves.concat());
        let name = format!("{}/{id}", one.chain.genesis().origin());
        files.insert(
            format!("{folder}/checkpoint"),
            checkpoint(&name, size, root(&leaves)),
        );
        for entry in &entries[1..] {
            let body = entry.body();
            let event = Event::parse(one.state.kind(), body.event_type, &body.payload).unwrap();
            for content in event.contents() {
                if let Ok(bytes) = f.documents.load(&content) {
                    files.insert(content.path(), bytes.to_vec());
                }
            }
        }
    }
    for committed in f.state().published() {
        let opening = f.documents.openings[&committed.commitment].clone();
        files.insert(format!("openings/{}", hex::encode(committed.commitment)), opening);
    }
    files
}

fn checkpoint(name: &str, size: usize, root: [u8; 32]) -> Vec<u8> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let key = SigningKey::from_bytes(&[LEDGER; 32]);
    let text = format!("{name}\n{size}\n{}\n", STANDARD.encode(root));
    let id = sha(&[name.as_bytes(), b"\n\x01", key.verifying_key().as_bytes()]);
    let signature = [&id[..4], &key.sign(text.as_bytes()).to_bytes()].concat();
    format!("{text}\n— {name} {}\n", STANDARD.encode(signature)).into_bytes()
}

fn verify(f: &Forum, extra: Option<&Entry>) -> Report {
    let ledgers: Vec<String> = f
        .ledgers
        .0
        .iter()
        .map(|(id, one)| {
            let kind = if *id == f.root { "calendar" } else { "consultation" };
            let genesis = one.chain.genesis();
            format!(
                r#"{{"id":"{id}","kind":"{kind}","origin":"{}","key":"{}"}}"#,
                genesis.origin(),
                genesis.ledger_key()
            )
        })
        .collect();
    let trust = format!(
        r#"{{"format":"sijill-trust/1","jurisdiction":"{}","ledgers":[{}]}}"#,
        f.root,
        ledgers.join(",")
    );
    let trust = Trust::parse(trust.as_bytes()).unwrap();
    let files = files(f, extra);
    sijill_verifier::verify_jurisdiction_source(&MemorySource { files }, Some(&trust), Profile::Public)
        .unwrap()
}

#[derive(Default)]
struct Tally {
    accepted: BTreeMap<&'static str, usize>,
    /// By code and event.
    refused: BTreeMap<(&'static str, &'static str), usize>,
    faults: Vec<String>,
}

struct Run {
    seed: u64,
    dice: StdRng,
    f: Forum,
    tally: Tally,
    /// What is offered is right, and refused because it is old.
    stale: bool,
    /// The verifier judges what is refused.
    judged: bool,
}

impl Run {
    fn new(seed: u64) -> Run {
        Run {
            seed,
            dice: StdRng::seed_from_u64(seed),
            f: Forum::empty(),
            tally: Tally::default(),
            stale: false,
            judged: true,
        }
    }

    fn one(&mut self, of: usize) -> usize {
        self.dice.random_range(0..of)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        let at = self.one(of.len());
        of[at].clone()
    }

    /// Offers an event by a key. It stays on the ledger if the register takes it; else the verifier must report it where it would stand.
    fn offer(&mut self, author: u8, event: Event) -> bool {
        let closes = matches!(event, Event::Register(RegisterEvent::DayClosed(_)));
        if !closes && self.chance(85) {
            self.f.catch_up();
        }
        let ago = match self.one(4) {
            0 => self.dice.random_range(0..LAG_MS),
            _ => 0,
        };
        let name = event.line().name;
        let f = &mut self.f;
        f.refused = None;
        let done = if author == SERVICE {
            f.serve_received(ago, event)
        } else {
            let author = key(author);
            let body = f.body(&author, f.ledger, &event);
            f.submit(body.sign(&author).unwrap(), f.now - ago)
        };
        match (done, f.refused.take()) {
            (Ok(_), _) => {
                *self.tally.accepted.entry(name).or_default() += 1;
                true
            }
            (Err(code), Some((body, received))) => {
                *self.tally.refused.entry((code, name)).or_default() += 1;
                if !self.judged {
                    return false;
                }
                let mut chain = f.one().chain.clone();
                let now = UnixMillis::clamped(f.now);
                let entry = chain.append(body, received, now).unwrap();
                let report = verify(f, Some(&entry));
                let here = (Some(f.ledger.to_string()), Some(entry.seq().as_u64()));
                let (mut codes, mut elsewhere) = (BTreeSet::new(), Vec::new());
                for example in report.checks.iter().flat_map(|check| &check.counter_examples) {
                    // An event that breaks a rule of days, commitments or views alone has its effect.
                    let effect = code.starts_with("calendar.") && example.code.starts_with("opening.");
                    if (example.ledger.clone(), example.seq) == here {
                        codes.insert(example.code);
                    } else if !effect {
                        elsewhere.push(example.clone());
                    }
                }
                let unseen = (UNSEEN.contains(&code) || self.stale) && codes.is_empty();
                if !(codes.contains(code) || unseen) || !elsewhere.is_empty() {
                    self.tally.faults.push(format!(
                        "seed {}, entry {}, {name}: refused under {code}, reported under {codes:?} {elsewhere:?}",
                        self.seed,
                        entry.seq().as_u64()
                    ));
                }
                false
            }
            // Refused by the chain, before any register.
            (Err(_), None) => false,
        }
    }

    fn consult(&mut self, author: u8, event: ConsultationEvent) -> bool {
        // Sometimes by somebody who has no business with it.
        let author = if self.chance(4) {
            self.pick(&[SERVICE, OWNER, MODERATORS[0], COMMISSION, GRANTED_PARTICIPANT, 1])
        } else {
            author
        };
        self.offer(author, Event::Consultation(event))
    }

    fn commit(&mut self, text: &str) -> Committed {
        // A commitment that stands already.
        if self.chance(2)
            && let Some((_, comment)) = self.f.state().comments().last()
        {
            return comment.text;
        }
        self.f.commit(text.as_bytes())
    }

    /// A comment, or a position that may be none.
    fn comment(&mut self) -> u64 {
        let all: Vec<u64> = self.f.state().comments().map(|(at, _)| at).collect();
        if all.is_empty() || self.chance(4) {
            return self.dice.random_range(0..40);
        }
        self.pick(&all)
    }

    /// A comment of a state, if there is one.
    fn comment_in(&mut self, state: &str) -> u64 {
        let comments = self.f.state().comments();
        let all: Vec<u64> = comments
            .filter(|(_, comment)| comment.standing.name() == state)
            .map(|(at, _)| at)
            .collect();
        if all.is_empty() || self.chance(15) {
            self.comment()
        } else {
            self.pick(&all)
        }
    }

    /// A comment with an appeal that is pending, if there is one.
    fn appealed(&mut self) -> u64 {
        let pending = self.f.state().comments().find_map(|(at, comment)| {
            let last = comment.steps.last()?;
            matches!(last.act, Act::Appealed { .. }).then_some(at)
        });
        match pending {
            Some(at) if !self.chance(10) => at,
            _ => self.comment_in("hidden"),
        }
    }

    /// Seed of the key of the author of a comment, if it has one and is not drawn otherwise.
    fn author_of(&mut self, comment: u64) -> u8 {
        let author = self.f.state().comment(comment).map(|comment| comment.person);
        let has = |seed: &u8| author.is_some() && self.f.state().person_of(&key(*seed).key_id()) == author;
        match (1..40).find(has) {
            Some(seed) if !self.chance(10) => seed,
            _ => self.dice.random_range(1..12),
        }
    }

    fn line(&mut self, text: &str) -> String {
        match self.one(40) {
            0 => String::new(),
            1 => " ".into(),
            2 => "a\u{202e}b".into(),
            3 => "a\nb".into(),
            4 => "a".repeat(1001),
            _ => text.into(),
        }
    }

    fn mangle(&mut self, s: &mut Settings) {
        let by = self.dice.random_range(0..4);
        match self.one(12) {
            0 => s.first += by,
            1 => s.first = s.first.saturating_sub(by),
            2 | 3 => {
                s.last += by;
                s.report_due = s.report_due.max(s.last + 1);
            }
            4 => s.last = s.last.saturating_sub(by),
            5 => s.report_due += by,
            6 => s.report_due = s.report_due.saturating_sub(by * 3),
            7 => s.late = self.dice.random_range(0..4),
            8 => s.categories = self.pick(&[vec![1], vec![1, 2], vec![1, 2, 3], vec![2, 1], vec![], vec![4]]),
            9 => s.verified_only = !s.verified_only,
            10 => s.owner_en = self.line("Body"),
            _ => s.officer_ar = self.line("المدير"),
        }
        if self.chance(3) {
            s.report_due = self.pick(&[u32::MAX, 2_929_245, s.last + 732]);
        }
    }

    fn define(&mut self) {
        let mut e = definition();
        let first = self.f.day_of(self.f.now) + self.pick(&[0, 0, 1, 2]);
        let last = first + self.dice.random_range(3..14);
        e.settings.first = first;
        e.settings.last = last;
        e.settings.report_due = last + self.dice.random_range(1..8);
        e.settings.late = self.dice.random_range(1..3);
        match self.one(10) {
            0 => self.mangle(&mut e.settings),
            1 => e.languages = self.pick(&[vec![], vec![2, 1], vec![1, 1], vec![3]]),
            2 => e.name_ar = self.line("اسم"),
            3 => e.questions[0].min = self.dice.random_range(0..5),
            4 => e.questions[0].options.truncate(1),
            5 => e.questions = vec![e.questions[0].clone(); 33],
            6 => e.questions.clear(),
            7 => e.settings.first = e.settings.first.saturating_sub(3),
            _ => {}
        }
        if self.consult(OWNER, ConsultationEvent::ConsultationDefined(e)) {
            for _ in 0..8 {
                self.enrol();
            }
        }
    }

    fn settle(&mut self) {
        let Some(before) = self.f.state().settings().cloned() else {
            return self.define();
        };
        let mut after = before.clone();
        if !self.chance(3) {
            self.mangle(&mut after);
        }
        let mut e = SettingsChanged {
            before,
            after,
            reason: self.line("The public asked for it"),
        };
        if self.chance(4) {
            self.mangle(&mut e.before);
        }
        self.consult(OWNER, ConsultationEvent::SettingsChanged(e));
    }

    fn clauses(&mut self) -> Vec<Clause> {
        let bits = self.one(16);
        let wording = self.pick(&["old €", "new ریال"]);
        (0..4)
            .filter(|at| bits & (1 << at) != 0)
            .map(|at| {
                clause(
                    &format!("c{at}"),
                    &at.to_string(),
                    &format!("The {wording} clause {at}."),
                )
            })
            .collect()
    }

    fn publish(&mut self) {
        let clauses = self.clauses();
        let mut bytes = Document::write(&clauses);
        if self.chance(12) {
            let text = String::from_utf8(bytes).unwrap();
            let (from, to) = self.pick(&[
                ("\"c1\"", "\"C1\""),
                ("\"c1\"", "\"c2\""),
                ("The", ""),
                ("document/1", "document/2"),
                ("}]}", "}]}\n"),
                ("\"en\":\"The", "\"en\":\"\\u0009The"),
                ("clause 0.", "clause\\n0."),
                ("مادة", ""),
                ("\"number\":\"0\"", "\"number\":\"\""),
            ]);
            bytes = text.replace(from, to).into_bytes();
        }
        let document = self.f.documents.put(&bytes);
        let latest = self.f.state().latest();
        let version = latest.map_or(1, |(version, _)| version + 1);
        let old: Vec<String> = latest.map_or(Vec::new(), |(_, document)| {
            document
                .clauses()
                .iter()
                .map(|clause| clause.id.clone())
                .collect()
        });
        let is_new = |id: &str| clauses.iter().any(|clause| clause.id == id);
        let mut moves: Vec<Move> = Vec::new();
        for from in old.iter().filter(|id| !is_new(id)) {
            if let (Some(to), true) = (clauses.first(), self.chance(50)) {
                let (from, to) = (from.clone(), to.id.clone());
                moves.push(Move { from, to });
            }
        }
        match self.one(20) {
            0 => moves.reverse(),
            1 => moves.push(Move {
                from: "c0".into(),
                to: "c1".into(),
            }),
            2 => moves.extend(moves.clone()),
            _ => {}
        }
        let version = if self.chance(5) { version + 1 } else { version };
        let e = DocumentPublished {
            version,
            document,
            moves,
        };
        self.consult(OWNER, ConsultationEvent::DocumentPublished(e));
    }

    fn some_key(&mut self) -> Option<KeyId> {
        let mut bytes = key(self.dice.random_range(1..40)).key_id();
        match self.one(36) {
            0..=7 => return None,
            8 => {
                bytes = key(self.pick(&[SERVICE, LEDGER, OWNER, MODERATORS[1], GRANTED_PARTICIPANT])).key_id()
            }
            // The neutral element, and a point of order 8 added to a key.
            9 => {
                let mut neutral = [0; 32];
                neutral[0] = 1;
                bytes = KeyId::from_bytes(neutral);
            }
            10 => {
                use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
                let odd = ED25519_BASEPOINT_POINT + EIGHT_TORSION[1];
                bytes = KeyId::from_bytes(odd.compress().0);
            }
            11 => bytes = KeyId::from_bytes([0xff; 32]),
            _ => {}
        }
        Some(bytes)
    }

    fn enrol(&mut self) {
        let key = self.some_key();
        let e = ParticipantEnrolled {
            person: person(self.dice.random_range(1..12)),
            key,
            category: self.pick(&[1, 1, 1, 1, 1, 2, 2, 2, 3, 0, 4]),
            verified: self.chance(93),
        };
        self.consult(SERVICE, ConsultationEvent::ParticipantEnrolled(e));
    }

    fn change(&mut self) {
        let person = person(self.dice.random_range(1..12));
        let known = self.f.state().person(&person).map(|known| known.since);
        let key = self.some_key();
        let e = ParticipantChanged {
            person,
            before: known.unwrap_or(3) + u64::from(self.chance(5)),
            key,
            category: self.pick(&[1, 1, 1, 2, 3, 4]),
            verified: self.chance(93),
        };
        self.consult(SERVICE, ConsultationEvent::ParticipantChanged(e));
    }

    /// Seed of a key that is likely somebody's.
    fn participant(&mut self) -> u8 {
        let state = self.f.state();
        let known: Vec<u8> = (1..40)
            .filter(|seed| state.person_of(&key(*seed).key_id()).is_some())
            .collect();
        if known.is_empty() || self.chance(4) {
            self.dice.random_range(1..40)
        } else {
            self.pick(&known)
        }
    }

    /// The author of a comment, if the service is to speak for that person.
    fn spoken_for(&mut self, comment: u64) -> Option<Person> {
        let person = self.f.state().comment(comment)?.person;
        let silent = self.f.state().person(&person)?.key.is_none();
        (silent || self.chance(5)).then_some(person)
    }

    /// A person who is likely without a key.
    fn silent(&mut self) -> Person {
        let people = self.f.state().people();
        let silent: Vec<Person> = people
            .filter(|(_, known)| known.key.is_none())
            .map(|(person, _)| *person)
            .collect();
        if silent.is_empty() || self.chance(10) {
            person(self.dice.random_range(1..12))
        } else {
            let mut silent = silent;
            silent.sort();
            self.pick(&silent)
        }
    }

    fn on_clause(&mut self) -> Option<OnClause> {
        let (version, document) = self.f.state().latest()?;
        let all: Vec<(String, [u8; 32], usize)> = document
            .clauses()
            .iter()
            .map(|clause| {
                let hash = *document.clause(&clause.id).unwrap().1;
                (clause.id.clone(), hash, clause.text.en.len())
            })
            .collect();
        let (clause, hash, length) = self.pick(&all);
        let length = u32::try_from(length).unwrap();
        let mut on = OnClause {
            version,
            clause,
            hash,
            quote: None,
        };
        if self.chance(50) {
            let start = self.dice.random_range(0..length + 2);
            on.quote = Some(Quote {
                language: self.pick(&[2, 2, 2, 1, 3]),
                start,
                length: self.pick(&[1, 3, length, length - start.min(length), 0, u32::MAX]),
            });
        }
        match self.one(15) {
            0 => on.version = on.version.wrapping_add(1),
            1 => on.version = on.version.saturating_sub(1),
            2 => on.clause = "c9".into(),
            3 => on.hash[3] ^= 1,
            _ => {}
        }
        Some(on)
    }

    fn say(&mut self) {
        let reply = self.chance(45);
        let reply_to = reply.then(|| self.comment_in("visible"));
        let clause = if !reply || self.chance(3) {
            self.on_clause().filter(|_| self.chance(70))
        } else {
            None
        };
        let text = self.commit("What I think\nof it");
        if self.chance(80) {
            let by = self.participant();
            let e = CommentMade {
                reply_to,
                clause,
                text,
            };
            self.consult(by, ConsultationEvent::CommentMade(e));
        } else {
            let record = self.chance(50).then(|| self.f.commit(b"\xff a scan"));
            let e = CommentAttested {
                person: self.silent(),
                reply_to,
                clause,
                text,
                record,
            };
            self.consult(SERVICE, ConsultationEvent::CommentAttested(e));
        }
    }

    fn withdraw(&mut self) {
        let comment = self.comment();
        let spoken_for = self.spoken_for(comment);
        if spoken_for.is_none() {
            let by = self.author_of(comment);
            let e = CommentWithdrawn { comment };
            self.consult(by, ConsultationEvent::CommentWithdrawn(e));
        } else {
            let person = spoken_for.filter(|_| self.chance(90));
            let person = person.unwrap_or_else(|| self.silent());
            let e = WithdrawalAttested { person, comment };
            self.consult(SERVICE, ConsultationEvent::WithdrawalAttested(e));
        }
    }

    fn moderate(&mut self) {
        let by = self.pick(&MODERATORS);
        match self.one(7) {
            0..=2 => {
                let e = CommentHidden {
                    comment: self.comment_in("visible"),
                    code: self.pick(&[1, 2, 3, 4, 5, 6, 7, 7, 0, 8]),
                    note: self
                        .chance(60)
                        .then(|| self.f.commit("It names your neighbour".as_bytes())),
                };
                self.consult(by, ConsultationEvent::CommentHidden(e));
            }
            3 => {
                let comment = self.comment_in("hidden");
                let e = CommentRestored { comment };
                self.consult(by, ConsultationEvent::CommentRestored(e));
            }
            4 | 5 => {
                let comment = self.comment_in("hidden");
                let statement = self.f.commit("It is on the subject".as_bytes());
                let by = self.author_of(comment);
                let spoken_for = self.spoken_for(comment);
                if spoken_for.is_none() {
                    let e = AppealFiled { comment, statement };
                    self.consult(by, ConsultationEvent::AppealFiled(e));
                } else {
                    let person = spoken_for.filter(|_| self.chance(90));
                    let person = person.unwrap_or_else(|| self.silent());
                    let e = AppealAttested {
                        person,
                        comment,
                        statement,
                    };
                    self.consult(SERVICE, ConsultationEvent::AppealAttested(e));
                }
            }
            _ => {
                let e = AppealDecided {
                    comment: self.appealed(),
                    decision: self.pick(&[1, 2, 2, 0, 3]),
                    note: self.chance(30).then(|| self.f.commit("No".as_bytes())),
                };
                self.consult(by, ConsultationEvent::AppealDecided(e));
            }
        }
    }

    fn respond(&mut self) {
        // What does not fit is refused by its opening, and seen by verifiers only once it is published.
        let asked = self
            .f
            .state()
            .definition()
            .map_or(0, |defined| defined.questions.len());
        let option = self.dice.random_range(0..3);
        let answers = Answers::new(vec![vec![option]; asked]).to_bytes();
        let answers = self.f.commit(&answers);
        if self.chance(75) {
            let by = self.participant();
            let e = ResponseGiven { answers };
            self.consult(by, ConsultationEvent::ResponseGiven(e));
        } else {
            let record = self.chance(50).then(|| self.f.commit(b"\xff a scan"));
            let e = ResponseAttested {
                person: self.silent(),
                answers,
                record,
            };
            self.consult(SERVICE, ConsultationEvent::ResponseAttested(e));
        }
    }

    fn theme(&mut self) -> String {
        let at = self.one(3);
        let wrong = self.chance(4);
        if wrong { "A".into() } else { format!("theme-{at}") }
    }

    fn some_comments(&mut self) -> Vec<u64> {
        let mut all: Vec<u64> = (0..self.one(4)).map(|_| self.comment()).collect();
        if self.chance(90) {
            all.sort_unstable();
            all.dedup();
        }
        all
    }

    fn conclude(&mut self) {
        match self.one(12) {
            0 => {
                let mut to = self.some_comments();
                if self.chance(50) {
                    to = vec![self.comment_in("visible")];
                }
                let text = self.f.commit("Thank you".as_bytes());
                self.consult(OWNER, ConsultationEvent::AnswerGiven(AnswerGiven { to, text }));
            }
            1 | 2 => {
                let e = ThemeDefined {
                    theme: self.theme(),
                    name_en: self.line("Theme"),
                    name_ar: String::new(),
                };
                self.consult(OWNER, ConsultationEvent::ThemeDefined(e));
            }
            3..=6 => {
                let theme = self.theme();
                let uncovered = self.f.read().coverage().uncovered;
                let (added, removed) = if !uncovered.is_empty() && self.chance(80) {
                    (uncovered, Vec::new())
                } else {
                    (self.some_comments(), self.some_comments())
                };
                let e = CommentsAssigned {
                    theme,
                    added,
                    removed,
                };
                self.consult(OWNER, ConsultationEvent::CommentsAssigned(e));
            }
            7..=9 => {
                let mut themes: Vec<String> = self.f.state().themes().map(|(id, _)| id.to_owned()).collect();
                match self.one(10) {
                    0 => themes.reverse(),
                    1 => themes.push("theme-9".into()),
                    2 => {
                        themes.pop();
                    }
                    _ => {}
                }
                let outcomes = themes
                    .into_iter()
                    .map(|theme| Outcome {
                        theme,
                        outcome: self.pick(&[1, 2, 3, 3, 3, 4]),
                        reason: self.f.commit("Because".as_bytes()),
                    })
                    .collect();
                let report = self.f.commit("What we heard".as_bytes());
                let e = ReportPublished { report, outcomes };
                self.consult(OWNER, ConsultationEvent::ReportPublished(e));
            }
            _ => {
                let e = ConsultationArchived {};
                self.consult(OWNER, ConsultationEvent::ConsultationArchived(e));
            }
        }
    }

    fn erase(&mut self) {
        let comment = self.comment();
        let Some(text) = self
            .f
            .state()
            .comment(comment)
            .map(|comment| comment.text.commitment)
        else {
            return;
        };
        let mut commitments = vec![text];
        if self.chance(10) {
            commitments.push([0xee; 32]);
        }
        commitments.sort_unstable();
        let order = Event::Register(RegisterEvent::ErasureOrdered(ErasureOrdered {
            commitments: commitments.clone(),
            basis: self.line("Law No. 13 of 2016"),
        }));
        if !self.offer(COMMISSION, order) || self.chance(15) {
            return;
        }
        let order = self.f.one().entries.last().unwrap().signed_body().hash();
        let confirmed = Event::Register(RegisterEvent::ErasureConfirmed(ErasureConfirmed { order }));
        let by = self.pick(&[SECOND_COMMISSION, SECOND_COMMISSION, COMMISSION]);
        if self.offer(by, confirmed) {
            for commitment in &commitments {
                self.f.documents.openings.remove(commitment);
            }
        }
    }

    fn publish_log(&mut self) {
        if self.f.state().definition().is_none() {
            return;
        }
        self.f.catch_up();
        let mut log = self.f.log();
        let mut size = self.f.size();
        let mut view = "moderation-log";
        match self.one(8) {
            0 => log = log.replace("visible", "hidden"),
            1 => {
                size += 1;
            }
            2 => view = "due-dates",
            // The log of a size that has passed is right, but the service publishes only that of now.
            3 => {
                self.say();
                self.stale = self.f.size() > size;
            }
            _ => {}
        }
        let content = self.f.documents.put(log.as_bytes());
        let view = view.into();
        let e = RegisterViewPublished { view, size, content };
        self.offer(SERVICE, Event::Register(RegisterEvent::ViewPublished(e)));
        self.stale = false;
    }

    fn pass_time(&mut self) {
        let today = self.f.day_of(self.f.now);
        let days = self.pick(&[0, 1, 1, 1, 2, 3]);
        if days == 0 {
            self.f.now += self.dice.random_range(1..LAG_MS);
            return;
        }
        let within = self.pick(&[0, 1, 5_000, LAG_MS, DAY_MS / 2, DAY_MS - 1]);
        // Doha has no changes of the clock.
        let midnight = u64::from(today + days) * DAY_MS - 3 * 3_600_000;
        self.f.now = self.f.now.max(midnight + within);
    }

    fn close(&mut self) {
        let today = self.f.day_of(self.f.now);
        let day = today - self.pick(&[0, 1, 1, 2]);
        let e = DayClosed { day };
        self.offer(SERVICE, Event::Register(RegisterEvent::DayClosed(e)));
    }

    /// The calendar learns of a holiday, and the register of the calendar.
    fn look_at_calendar(&mut self) {
        if self.chance(50) {
            let first =
                number("2026-06-01") + u32::try_from(self.f.ledgers.0[&self.f.root].entries.len()).unwrap();
            let declared = CalendarEvent::FactDeclared(FactDeclared {
                first,
                last: first,
                status: 2,
                corrects: None,
                name_en: "Day".into(),
                name_ar: String::new(),
                source: "Circular".into(),
            });
            let commission = key(COMMISSION);
            self.f
                .act(&commission, self.f.root, Event::Calendar(declared))
                .unwrap();
        }
        self.f.now += u64::from(self.chance(80));
        self.offer(SERVICE, Event::Register(RegisterEvent::CalendarSeen));
    }

    fn step(&mut self) {
        if self.f.state().definition().is_none() && self.chance(60) {
            return self.define();
        }
        if self.f.state().is_window_over() && self.chance(35) {
            return self.conclude();
        }
        match self.one(100) {
            0 => self.define(),
            1..=5 => self.settle(),
            6..=9 => self.publish(),
            10..=15 => self.enrol(),
            16..=18 => self.change(),
            19..=49 => self.say(),
            50..=53 => self.withdraw(),
            54..=66 => self.moderate(),
            67..=71 => self.respond(),
            72..=80 => self.conclude(),
            81..=82 => self.erase(),
            83..=85 => self.publish_log(),
            86..=95 => self.pass_time(),
            96..=97 => self.close(),
            _ => self.look_at_calendar(),
        }
    }

    /// What was accepted is verified, and the report counts what the engine counts.
    fn end(&mut self) {
        self.f.catch_up();
        let report = verify(&self.f, None);
        if report.verdict != Verdict::Verified {
            self.tally
                .faults
                .push(format!("seed {}: {}", self.seed, report.to_full_text()));
        }
        let [register] = &report.registers[..] else {
            panic!("one register")
        };
        let RegisterCounts::Consultation(found) = &register.counts else {
            panic!("a register of another kind")
        };
        if self.f.state().definition().is_none() {
            assert_eq!(*found, None);
            return;
        }
        let found = found.as_ref().unwrap();
        let counts = self.f.read().counts();
        let log = self.f.log();
        let of_log = format!(
            r#""counts":{{"participants":{},"comments":{},"visible":{},"hidden":{},"withdrawn":{},"late":{},"counted":{},"erased":{},"responses":{}}}"#,
            found.participants,
            found.comments,
            found.visible,
            found.hidden,
            found.withdrawn,
            found.late,
            found.counted,
            found.erased,
            found.responses
        );
        assert!(log.contains(&of_log), "{of_log} {log}");
        assert!(
            log.contains(&format!(
                r#""due":"{}","state":"{}""#,
                found.report_due, found.report
            )),
            "{log}"
        );
        assert_eq!(found.comments, counts.comments);
        assert_eq!(found.archived, self.f.state().archived().is_some());
    }
}

#[test]
fn the_verifier_reports_what_a_consultation_refuses_and_nothing_else() {
    let tallies: Vec<Tally> = (0..SEEDS)
        .into_par_iter()
        .map(|seed| {
            let mut run = Run::new(seed);
            for _ in 0..STEPS {
                run.step();
            }
            run.end();
            run.tally
        })
        .collect();
    let mut total = Tally::default();
    for tally in tallies {
        for (name, count) in tally.accepted {
            *total.accepted.entry(name).or_default() += count;
        }
        for (what, count) in tally.refused {
            *total.refused.entry(what).or_default() += count;
        }
        total.faults.extend(tally.faults);
    }
    assert!(
        total.faults.is_empty(),
        "{} faults\n{}",
        total.faults.len(),
        total.faults[..total.faults.len().min(20)].join("\n")
    );
    // Every event is taken somewhere, and every code is met by some refusal.
    for event in [
        "ConsultationDefined",
        "SettingsChanged",
        "DocumentPublished",
        "ParticipantEnrolled",
        "ParticipantChanged",
        "CommentMade",
        "CommentAttested",
        "CommentWithdrawn",
        "WithdrawalAttested",
        "CommentHidden",
        "CommentRestored",
        "AppealFiled",
        "AppealAttested",
        "AppealDecided",
        "ResponseGiven",
        "ResponseAttested",
        "AnswerGiven",
        "ThemeDefined",
        "CommentsAssigned",
        "ReportPublished",
        "ConsultationArchived",
        "CalendarSeen",
        "DayClosed",
        "ErasureOrdered",
        "ErasureConfirmed",
        "ViewPublished",
    ] {
        assert!(
            total.accepted.contains_key(event),
            "{event}: {:?}",
            total.accepted
        );
    }
    let codes: BTreeSet<&str> = total.refused.keys().map(|(code, _)| *code).collect();
    for code in [
        "calendar.commitment",
        "calendar.day",
        "calendar.erasure",
        "calendar.seen",
        "calendar.view",
        "consultation.answer",
        "consultation.clause",
        "consultation.comment",
        "consultation.definition",
        "consultation.document",
        "consultation.eligibility",
        "consultation.moderation",
        "consultation.order",
        "consultation.participant",
        "consultation.report",
        "consultation.response",
        "consultation.settings",
        "consultation.theme",
        "consultation.view",
        "consultation.window",
        "event.author",
    ] {
        assert!(codes.contains(code), "{code}: {codes:?}");
    }
}

/// What one side reads of a payload, the other one reads.
#[test]
fn payloads_are_read_alike() {
    let mut read = BTreeMap::<u16, [u32; 2]>::new();
    for seed in 0..4 {
        let mut run = Run::new(seed);
        // Nothing is verified on the way.
        run.judged = false;
        for _ in 0..STEPS {
            run.step();
        }
        let entries: Vec<_> = run.f.one().entries[1..]
            .iter()
            .map(|entry| (entry.body().event_type, entry.body().payload.clone()))
            .collect();
        for (event_type, payload) in entries {
            for _ in 0..40 {
                let mut payload = payload.clone();
                let at = run.one(payload.len() + 1);
                match run.one(5) {
                    0 => payload.truncate(at),
                    1 => payload.insert(at, run.dice.random()),
                    2 if at < payload.len() => {
                        payload.remove(at);
                    }
                    3 if at < payload.len() => payload[at] ^= 1 << run.one(8),
                    _ if at < payload.len() => payload[at] = run.pick(&[0, 1, 2, 0x7f, 0x80, 0xff]),
                    _ => {}
                }
                let ours = Event::parse(Kind::Consultation, event_type, &payload).is_ok();
                let theirs = sijill_verifier::accepts::event(6, event_type.as_u16(), &payload);
                assert_eq!(ours, theirs, "{event_type:?} {}", hex::encode(&payload));
                read.entry(event_type.as_u16()).or_default()[usize::from(ours)] += 1;
            }
        }
    }
    assert!(read.len() > 20, "{read:?}");
    assert!(
        read.values().filter(|[no, yes]| *no > 0 && *yes > 0).count() > 20,
        "{read:?}"
    );
}
