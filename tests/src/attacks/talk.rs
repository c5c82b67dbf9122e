//! A consultation played by a forger who holds every key: whether a park may close at night, of the municipality.
//!
//! The window is from [`FIRST`] to [`LAST`], the report is due on [`DUE`]. Nothing here judges: a case says itself what stands in a moderation
//! log and what is published when. Spec: specs/consultation.md.

use super::cases::Package;
use super::forge::{Enc, Ledger, grant, public, sha};
use super::jurisdiction::{Book, D0, World, day_text};

/// The consultation.
pub const TALK: Book = Book::Register(0);
pub const FIRST: u64 = D0 + 1;
pub const LAST: u64 = D0 + 10;
pub const DUE: u64 = D0 + 20;

/// Spec: specs/consultation.md §2.3.
#[derive(Debug, Clone)]
pub struct Settings {
    pub first: u64,
    pub last: u64,
    pub due: u64,
    pub late: u8,
    pub categories: Vec<u8>,
    pub verified_only: bool,
    pub owner: &'static str,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            first: FIRST,
            last: LAST,
            due: DUE,
            late: 1,
            categories: vec![1, 2],
            verified_only: true,
            owner: "Municipality",
        }
    }
}

impl Settings {
    fn put(&self, enc: Enc) -> Enc {
        enc.int(self.first)
            .int(self.last)
            .int(self.due)
            .byte(self.late)
            .bytes(&self.categories)
            .byte(u8::from(self.verified_only))
            .text(self.owner)
            .text("")
            .text("Director of Parks")
            .text("")
    }
}

/// A question with two options, of which one is chosen.
pub fn question(enc: Enc, min: u64, max: u64) -> Enc {
    let enc = enc.text("A fee?").text("رسم؟").int(2);
    let enc = enc.text("Yes").text("نعم").text("No").text("لا");
    enc.int(min).int(max)
}

/// A clause of the document.
pub type Clause = (&'static str, &'static str);

pub const CLAUSES: [Clause; 2] = [("hours", "Parks close at ten."), ("fee", "The fee is €5.")];

fn clause_text(en: &str) -> String {
    format!(r#"{{"en":"{en}","ar":"مادة"}}"#)
}

/// The bytes of a document. Spec: specs/consultation.md §3.
pub fn document(clauses: &[Clause]) -> String {
    let clauses: Vec<String> = clauses
        .iter()
        .enumerate()
        .map(|(at, (id, en))| format!(r#"{{"id":"{id}","number":"{at}","text":{}}}"#, clause_text(en)))
        .collect();
    format!(
        r#"{{"format":"sijill-document/1","clauses":[{}]}}"#,
        clauses.join(",")
    )
}

/// What a comment hangs on.
#[derive(Debug, Clone, Copy, Default)]
pub enum On {
    #[default]
    Document,
    /// A clause of a version, and what is quoted of its English text: first byte and length.
    Clause(u64, Clause, Option<(u64, u64)>),
    Reply(u64),
    /// A reply that hangs on a clause too.
    Both(u64, Clause),
}

impl On {
    fn put(self, enc: Enc) -> Enc {
        let enc = match self {
            On::Reply(to) | On::Both(to, _) => enc.byte(1).int(to),
            _ => enc.byte(0),
        };
        let (version, (id, en), quote) = match self {
            On::Clause(version, clause, quote) => (version, clause, quote),
            On::Both(_, clause) => (1, clause, None),
            _ => return enc.byte(0),
        };
        let hash = sha(&[b"sijill/clause/v1\n", clause_text(en).as_bytes()]);
        let enc = enc.byte(1).int(version).text(id).raw(&hash);
        match quote {
            None => enc.byte(0),
            Some((start, length)) => enc.byte(1).byte(2).int(start).int(length),
        }
    }
}

pub fn person(name: &str) -> [u8; 32] {
    sha(&[b"person", name.as_bytes()])
}

/// A comment or response: its position, and the commitment to what it says.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub at: u64,
    pub text: [u8; 32],
}

/// A list of positions.
fn positions(enc: Enc, all: &[u64]) -> Enc {
    all.iter().fold(enc.int(all.len() as u64), |enc, at| enc.int(*at))
}

/// The forger's consultation, within its jurisdiction.
#[derive(Debug)]
pub struct Talk {
    pub w: World,
    pub settings: Settings,
    /// When each entry was received.
    times: Vec<u64>,
}

fn grants() -> Vec<Vec<u8>> {
    vec![
        grant("commission", 1, None),
        grant("second commission", 1, None),
        grant("owner", 5, None),
        grant("moderator", 6, None),
        grant("other moderator", 6, None),
        // Entitles to nothing.
        grant("granted", 9, None),
    ]
}

impl Talk {
    /// A consultation that is listed and has seen the calendar.
    pub fn listed(name: &str) -> Talk {
        let mut w = World::new(name);
        w.registers.clear();
        let random = w.dice.bytes();
        let ledger = Ledger::new("park", 6, Some(w.calendar.id), &grants(), "", random);
        w.add_ledger(ledger, "park", "municipality");
        w.found();
        let mut talk = Talk {
            w,
            settings: Settings::default(),
            times: Vec::new(),
        };
        talk.w.see(TALK);
        talk
    }

    /// On its first day, with a document of two clauses; of four people the first three have keys of their names.
    pub fn open(name: &str) -> Talk {
        Talk::open_with(name, Settings::default(), 1)
    }

    pub fn open_with(name: &str, settings: Settings, questions: u64) -> Talk {
        let mut talk = Talk::listed(name);
        talk.settings = settings;
        talk.define(questions);
        talk.publish(1, &CLAUSES, &[]);
        talk.day(FIRST);
        for name in ["amna", "badr", "dana"] {
            talk.enrol(name, Some(name));
        }
        talk.enrol("essa", None);
        talk
    }

    /// Ten in the morning of a day; the day before is closed.
    pub fn day(&mut self, day: u64) {
        self.w.at(day, 0);
        self.w.close(TALK, day - 1, &[]);
    }

    fn push(&mut self, event_type: u16, author: &'static str, payload: Vec<u8>) -> u64 {
        self.remember();
        self.w.push(TALK, event_type, author, payload)
    }

    fn serve(&mut self, event_type: u16, payload: Vec<u8>) -> u64 {
        self.remember();
        self.w.by_service(TALK, event_type, payload)
    }

    /// The time of what is pushed next.
    fn remember(&mut self) {
        let size = self.w.ledger(TALK).size();
        self.times.resize(usize::try_from(size).unwrap(), 0);
        self.times.push(self.w.now);
    }

    /// When an entry was received.
    pub fn time(&self, at: u64) -> u64 {
        self.times[usize::try_from(at).unwrap()]
    }

    pub fn size(&mut self) -> u64 {
        self.w.ledger(TALK).size()
    }

    pub fn definition(&self, questions: u64) -> Vec<u8> {
        let enc = Enc::default().text("Hours of parks").text("");
        let enc = self.settings.put(enc.bytes(&[1, 2]));
        (0..questions)
            .fold(enc.int(questions), |enc, _| question(enc, 1, 1))
            .0
    }

    pub fn define(&mut self, questions: u64) -> u64 {
        let payload = self.definition(questions);
        self.push(0x0601, "owner", payload)
    }

    /// SettingsChanged to these, from what is in force.
    pub fn change(&mut self, change: impl FnOnce(&mut Settings)) -> u64 {
        let before = self.settings.clone();
        change(&mut self.settings);
        let enc = before.put(Enc::default());
        let payload = self.settings.put(enc).text("The public asked for it").0;
        self.push(0x0602, "owner", payload)
    }

    pub fn publish(&mut self, version: u64, clauses: &[Clause], moves: &[(&str, &str)]) -> u64 {
        self.publish_bytes(version, document(clauses).as_bytes(), moves)
    }

    pub fn publish_bytes(&mut self, version: u64, document: &[u8], moves: &[(&str, &str)]) -> u64 {
        let document = self.w.content(document);
        let enc = Enc::default().int(version).content(&document);
        let enc = moves.iter().fold(enc.int(moves.len() as u64), |enc, (from, to)| {
            enc.text(from).text(to)
        });
        self.push(0x0603, "owner", enc.0)
    }

    pub fn enrol(&mut self, name: &str, key: Option<&str>) -> u64 {
        self.enrol_as(name, key, 1, true)
    }

    pub fn enrol_as(&mut self, name: &str, key: Option<&str>, category: u8, verified: bool) -> u64 {
        let enc = Enc::default().raw(&person(name));
        self.serve(0x0604, standing(enc, key, category, verified))
    }

    /// ParticipantChanged.
    pub fn change_person(&mut self, name: &str, before: u64, key: Option<&str>, category: u8) -> u64 {
        let enc = Enc::default().raw(&person(name)).int(before);
        self.serve(0x0605, standing(enc, key, category, true))
    }

    /// What the last commitment was made to.
    fn last_commitment(&self) -> [u8; 32] {
        *self.w.committed.last().unwrap()
    }

    /// A commitment to what the service has and does not publish.
    pub fn kept(&mut self, content: &str) -> Vec<u8> {
        let committed = self.w.open(content);
        let commitment = self.last_commitment();
        self.w.withhold(&commitment);
        committed
    }

    /// What was withheld is published.
    pub fn reveal(&mut self, commitment: &[u8; 32]) {
        let name = hex::encode(commitment);
        if let Some(opening) = self.w.withheld.remove(&name) {
            self.w.openings.insert(name, opening);
        }
    }

    pub fn comment(&mut self, by: &'static str, on: On) -> Said {
        self.comment_text(by, on, "What I think of it")
    }

    pub fn comment_text(&mut self, by: &'static str, on: On, text: &str) -> Said {
        let committed = self.w.open(text);
        let text = self.last_commitment();
        let payload = on.put(Enc::default()).raw(&committed).0;
        Said {
            at: self.push(0x0606, by, payload),
            text,
        }
    }

    /// CommentAttested, with what the intake service keeps of it.
    pub fn attest(&mut self, name: &str, on: On) -> Said {
        let committed = self.w.open("At the counter");
        let text = self.last_commitment();
        let record = self.kept("a scan");
        let enc = on.put(Enc::default().raw(&person(name))).raw(&committed);
        Said {
            at: self.serve(0x0607, enc.byte(1).raw(&record).0),
            text,
        }
    }

    /// CommentWithdrawn.
    pub fn withdraw(&mut self, by: &'static str, said: Said) -> u64 {
        self.w.withhold(&said.text);
        self.push(0x0608, by, Enc::default().int(said.at).0)
    }

    pub fn withdraw_for(&mut self, name: &str, said: Said) -> u64 {
        self.w.withhold(&said.text);
        self.serve(0x0609, Enc::default().raw(&person(name)).int(said.at).0)
    }

    fn note(&mut self, enc: Enc, note: bool) -> Vec<u8> {
        if note {
            let note = self.kept("It names your neighbour");
            enc.byte(1).raw(&note).0
        } else {
            enc.byte(0).0
        }
    }

    pub fn hide(&mut self, by: &'static str, said: Said, code: u8, note: bool) -> u64 {
        self.w.withhold(&said.text);
        let payload = self.note(Enc::default().int(said.at).byte(code), note);
        self.push(0x060a, by, payload)
    }

    pub fn restore(&mut self, by: &'static str, said: Said) -> u64 {
        self.reveal(&said.text);
        self.push(0x060b, by, Enc::default().int(said.at).0)
    }

    pub fn appeal(&mut self, by: &'static str, at: u64) -> u64 {
        let statement = self.kept("It is on the subject");
        self.push(0x060c, by, Enc::default().int(at).raw(&statement).0)
    }

    pub fn appeal_for(&mut self, name: &str, at: u64) -> u64 {
        let statement = self.kept("It is on the subject");
        let enc = Enc::default().raw(&person(name)).int(at);
        self.serve(0x060d, enc.raw(&statement).0)
    }

    /// AppealDecided; what is granted is published again.
    pub fn decide(&mut self, by: &'static str, said: Said, decision: u8) -> u64 {
        if decision == 2 {
            self.reveal(&said.text);
        }
        let payload = self.note(Enc::default().int(said.at).byte(decision), true);
        self.push(0x060e, by, payload)
    }

    /// ResponseGiven; it is not published yet.
    pub fn respond(&mut self, by: &'static str, answers: &str) -> Said {
        let committed = self.kept(&answers_text(answers));
        let text = self.last_commitment();
        Said {
            at: self.push(0x060f, by, committed),
            text,
        }
    }

    pub fn respond_for(&mut self, name: &str, answers: &str) -> Said {
        let committed = self.kept(&answers_text(answers));
        let text = self.last_commitment();
        let enc = Enc::default().raw(&person(name)).raw(&committed);
        Said {
            at: self.serve(0x0610, enc.byte(0).0),
            text,
        }
    }

    /// AnswerGiven.
    pub fn answer(&mut self, to: &[u64]) -> u64 {
        let text = self.w.open("Thank you");
        let payload = positions(Enc::default(), to).raw(&text).0;
        self.push(0x0611, "owner", payload)
    }

    pub fn theme(&mut self, id: &str) -> u64 {
        let payload = Enc::default().text(id).text("A theme").text("").0;
        self.push(0x0612, "owner", payload)
    }

    pub fn assign(&mut self, theme: &str, added: &[u64], removed: &[u64]) -> u64 {
        let enc = positions(Enc::default().text(theme), added);
        let payload = positions(enc, removed).0;
        self.push(0x0613, "owner", payload)
    }

    pub fn report(&mut self, outcomes: &[(&str, u8)]) -> u64 {
        let report = self.w.open("What we heard");
        let mut enc = Enc::default().raw(&report).int(outcomes.len() as u64);
        for (theme, outcome) in outcomes {
            let reason = self.w.open("Because");
            enc = enc.text(theme).byte(*outcome).raw(&reason);
        }
        self.push(0x0614, "owner", enc.0)
    }

    pub fn archive(&mut self) -> u64 {
        self.push(0x0615, "owner", Vec::new())
    }

    /// Publishes a moderation log of all entries so far. `report` is what follows `"due"`, `counts` in the order of the specification.
    pub fn log(&mut self, report: &str, counts: [u64; 9], comments: &str) -> u64 {
        let size = self.size();
        self.log_of(size, report, counts, comments)
    }

    pub fn log_of(&mut self, size: u64, report: &str, counts: [u64; 9], comments: &str) -> u64 {
        let names = [
            "participants",
            "comments",
            "visible",
            "hidden",
            "withdrawn",
            "late",
            "counted",
            "erased",
            "responses",
        ];
        let counts: Vec<String> = names
            .iter()
            .zip(counts)
            .map(|(name, count)| format!("\"{name}\":{count}"))
            .collect();
        let closed = self.w.registers[0].closed;
        let closed = closed.map_or(String::new(), |day| format!(",\"closed\":\"{}\"", day_text(day)));
        let text = format!(
            "{{\"format\":\"sijill-moderation-log/1\",\"ledger\":\"{}\",\"size\":{size}{closed},\"report\":{{\"original_due\":\"{}\",\"due\":\"{}\",{report}}},\"counts\":{{{}}},\"comments\":[{comments}]}}",
            hex::encode(self.w.id(TALK)),
            day_text(DUE),
            day_text(self.settings.due),
            counts.join(",")
        );
        self.remember();
        self.w.publish_view(TALK, "moderation-log", size, text.as_bytes())
    }

    /// A step of a moderation log; `by` is the name of a key, `author` or `intake`.
    pub fn step(&self, at: u64, step: &str, by: &str, code: Option<&str>) -> String {
        let by = match by {
            "author" | "intake" => by.to_owned(),
            name => hex::encode(public(name)),
        };
        let code = code.map_or(String::new(), |code| format!(",\"code\":\"{code}\""));
        format!(
            "{{\"position\":{at},\"at_ms\":{},\"step\":\"{step}\",\"by\":\"{by}\"{code}}}",
            self.time(at)
        )
    }

    /// The next entry is the flaw.
    pub fn mark(&mut self) -> &mut Talk {
        self.w.mark();
        self
    }

    /// What the last event committed to is not published: the event has no effect.
    pub fn drop_last(&mut self) {
        let last = self.last_commitment();
        self.w.withhold(&last);
    }

    pub fn package(&self) -> Package {
        self.w.package()
    }
}

fn standing(enc: Enc, key: Option<&str>, category: u8, verified: bool) -> Vec<u8> {
    let enc = match key {
        None => enc.byte(0),
        Some(key) => enc.byte(1).raw(&public(key)),
    };
    enc.byte(category).byte(u8::from(verified)).0
}

pub fn answers_text(answers: &str) -> String {
    format!(r#"{{"format":"sijill-response/1","answers":{answers}}}"#)
}

/// A comment of a moderation log.
pub fn moderated(said: Said, state: &str, text: &str, replies: u64, steps: &[String]) -> String {
    format!(
        "{{\"comment\":{},\"state\":\"{state}\",\"text\":\"{text}\",\"late\":false,\"replies\":{replies},\"steps\":[{}]}}",
        said.at,
        steps.join(",")
    )
}
