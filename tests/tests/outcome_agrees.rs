//! Whatever an election ledger accepts of what follows from a result, the independent verifier verifies; what it refuses, the verifier
//! reports under the same code at the same position when it stands there all the same.
//!
//! The histories are random: adopted rules, candidates who withdraw or are removed by a court, paper returns and recounts, results, ties,
//! objections, outcomes, certification; most offers have a flaw. Spec: specs/outcome.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rayon::prelude::*;
use sijill_ledger::{ContentRef, Genesis, LedgerId, UnverifiedEntry};
use sijill_registers::catalogue::{Event, find};
use sijill_registers::election::ElectionFacts;
use sijill_registers::election::events::*;
use sijill_registers::election::views::result::Results;
use sijill_registers::register::{
    ContentProblem, Contents, Context, Evidence, Facts, Linked, Position, State,
};
use sijill_registers::views::View;
use sijill_rules::{RulePack, Tie, VotingChannel};
use sijill_tests::attacks::forge::{Draft, Ledger};
use sijill_tests::attacks::world::{GRACE, OPENS, Spec, World, question};
use sijill_verifier::{MemorySource, Profile, Report, Stage, Trust, verify_event_source};

const PACK: &str = include_str!("../../fixtures/rules/plain-1.toml");
const SEEDS: u64 = 24;
const DAY_MS: u64 = 86_400_000;
/// The polling day of the forger's event.
const POLLING_DAY: u32 = 20_833;
/// Types that must have been accepted and refused.
const TYPES: [u16; 10] = [
    0x0309, 0x030a, 0x0311, 0x0320, 0x0321, 0x0322, 0x0323, 0x0324, 0x0325, 0x0305,
];
/// Answers and seats of each question, by box. Every question may be left blank.
const QUESTIONS: [&[(usize, u16)]; 2] = [&[(4, 2), (3, 0)], &[(3, 1), (5, 3)]];

#[derive(Default)]
struct Documents(BTreeMap<[u8; 32], Arc<[u8]>>);

impl Documents {
    fn put(&mut self, bytes: &[u8]) -> ContentRef {
        let content = ContentRef::of(bytes).unwrap();
        self.0.insert(*content.sha256.as_bytes(), bytes.into());
        content
    }
}

impl Contents for Documents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let bytes = self.0.get(content.sha256.as_bytes());
        let bytes = bytes.ok_or(ContentProblem::Missing(content.sha256))?;
        content
            .check(bytes)
            .map_err(|_| ContentProblem::Mismatch(content.sha256))?;
        Ok(Arc::clone(bytes))
    }
}

/// A ledger as the registers see it, and how many of its entries they have seen.
struct Seen {
    state: State,
    entries: usize,
}

#[derive(Default)]
struct Registers(BTreeMap<LedgerId, Seen>);

impl Linked for Registers {
    fn facts(&self, ledger: &LedgerId) -> Option<Facts> {
        self.0.get(ledger).map(|seen| seen.state.facts())
    }
}

#[derive(Default)]
struct Outcome {
    accepted: BTreeMap<u16, usize>,
    /// By code and type.
    refused: BTreeMap<(&'static str, u16), usize>,
    faults: Vec<String>,
}

struct Run {
    seed: u64,
    dice: StdRng,
    world: World,
    documents: Documents,
    /// What accepted events cite.
    cited: BTreeSet<[u8; 32]>,
    registers: Registers,
    pack: RulePack,
    paper: bool,
    /// Whether the boxes are defined. Before that nothing cites their lists of credentials, which lie in the folder already.
    defined: bool,
    outcome: Outcome,
}

fn pack(dice: &mut StdRng, paper: bool) -> RulePack {
    let mut pack = RulePack::parse(PACK).unwrap();
    pack.voting.grace_ms = GRACE;
    pack.voting.min_ballots_to_decrypt = 1;
    pack.tie = [None, Some(Tie::CastingVote), Some(Tie::Lots)][dice.random_range(0..3)];
    pack.candidates.withdrawal_days = [None, Some(0), Some(3)][dice.random_range(0..3)];
    if !paper {
        pack.channels.voting.retain(|c| *c != VotingChannel::Paper);
    }
    pack
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut dice = StdRng::seed_from_u64(seed);
        let paper = seed % 6 != 5;
        let pack = pack(&mut dice, paper);
        let questions = |n: usize| {
            let questions = QUESTIONS[n].iter();
            questions
                .map(|(answers, _)| question(*answers, true, 0, *answers as u64))
                .collect()
        };
        // Few answers with few votes: many are level.
        let vote = |dice: &mut StdRng| -> Vec<Vec<i64>> {
            let rows = QUESTIONS[0].iter().map(|(answers, _)| {
                let mut row = vec![0; answers + 1];
                for choice in &mut row[1..] {
                    *choice = i64::from(dice.random_range(0..3) == 0);
                }
                row
            });
            rows.collect()
        };
        let voters = dice.random_range(3..6);
        let spec = Spec {
            districts: vec![("north", questions(0)), ("south", questions(1))],
            voters,
            paper,
            min_ballots: dice.random_range(1..5),
            votes: (0..voters).map(|voter| (voter, vote(&mut dice))).collect(),
            excluded: if paper { vec![2] } else { Vec::new() },
            ..Spec::default()
        };
        let mut world = World::new(&format!("outcome agrees {seed}"), spec);
        let rules = String::from_utf8(pack.to_json()).unwrap();
        world.on_content("rules", move |_| rules.clone());
        world.on_content("manifest", |manifest| {
            let mut manifest = manifest;
            for (answers, seats) in QUESTIONS.into_iter().flatten() {
                let end = format!("\"max\":{answers}}}");
                let seats = match seats {
                    0 => format!("\"max\":{answers} }}"),
                    seats => format!("\"max\":{answers},\"seats\":{seats}}}"),
                };
                manifest = manifest.replacen(&end, &seats, 1);
            }
            manifest.replace(" }", "}")
        });
        world.now = OPENS - 12 * DAY_MS + dice.random_range(0..DAY_MS);
        world.begin();
        let mut run = Run {
            seed,
            dice,
            world,
            documents: Documents::default(),
            cited: BTreeSet::new(),
            registers: Registers::default(),
            pack,
            paper,
            defined: false,
            outcome: Outcome::default(),
        };
        run.sync();
        run
    }

    /// Lets the registers see what the forger has written.
    fn sync(&mut self) {
        for bytes in self.world.contents.values() {
            self.documents.put(bytes);
        }
        let boxes = self.world.boxes.iter().map(|b| &b.ledger);
        for ledger in [&self.world.election, &self.world.roll].into_iter().chain(boxes) {
            let id = LedgerId::from_bytes(ledger.id);
            let seen = self.registers.0.entry(id).or_insert_with(|| Seen {
                state: State::start(&Genesis::parse(&ledger.genesis).unwrap()).unwrap(),
                entries: 1,
            });
            for bytes in ledger.entries.iter().skip(seen.entries) {
                let entry = UnverifiedEntry::parse(bytes).unwrap();
                let body = entry.body().body();
                let event = Event::parse(seen.state.kind(), body.event_type, &body.payload).unwrap();
                seen.state
                    .evolve(&Position::from(&entry), &event, &self.documents)
                    .unwrap();
            }
            seen.entries = seen.entries.max(ledger.entries.len());
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    fn election(&self) -> LedgerId {
        LedgerId::from_bytes(self.world.election.id)
    }

    fn facts(&self) -> Arc<ElectionFacts> {
        match self.registers.facts(&self.election()) {
            Some(Facts::Election(facts)) => facts,
            _ => panic!("an election ledger"),
        }
    }

    fn ballot_box(&self, n: usize) -> LedgerId {
        LedgerId::from_bytes(self.world.boxes[n].ledger.id)
    }

    /// A box, or seldom a ledger that is none.
    fn some_box(&mut self) -> (usize, LedgerId) {
        let n = self.dice.random_range(0..2);
        match self.dice.random_range(0..30) {
            0 => (n, LedgerId::from_bytes([7; 32])),
            1 => (n, LedgerId::from_bytes(self.world.roll.id)),
            _ => (n, self.ballot_box(n)),
        }
    }

    /// A line, or seldom something that is none.
    fn line(&mut self) -> String {
        let lines = ["", " ", "a\nb", "\u{202E}x", "\u{a0}", "\u{7f}"];
        match self.dice.random_range(0..60) {
            n @ 0..6 => lines[n].to_owned(),
            6 => "x".repeat(1001),
            7 => "x".repeat(1000),
            8 => "ي".repeat(200),
            _ => "Judgment 12 of the court".to_owned(),
        }
    }

    fn name(&mut self, n: usize) -> String {
        match self.dice.random_range(0..40) {
            0 => "x".repeat(201),
            1 => "x".repeat(200),
            2 => self.line(),
            3 => "Witness 0".to_owned(),
            _ => format!("Witness {n}"),
        }
    }

    fn offer(&mut self, event: ElectionEvent) -> bool {
        let event = Event::Election(event);
        let author = match event.line().author {
            sijill_ledger::Role::Commission => "commission",
            sijill_ledger::Role::Registrar => "registrar",
            _ => "service",
        };
        self.world.now += self.dice.random_range(1..5_000);
        let (event_type, payload) = (event.event_type(), event.payload());
        let mut ledger = self.world.election.clone();
        let mut hook = |_: &mut Draft| {};
        ledger.push(&mut hook, event_type, author, self.world.now, &[], payload);
        let entry = UnverifiedEntry::parse(ledger.entries.last().unwrap()).unwrap();
        let body = entry.body().body();
        let context = Context {
            received_ms: entry.received_ms(),
            body_hash: entry.body().hash(),
            refs: &body.refs,
            size: self.world.election.size(),
            contents: &self.documents,
            linked: &self.registers,
            evidence: &Evidence::None,
        };
        let contents = event.contents();
        let contents: Vec<[u8; 32]> = contents.iter().map(|c| *c.sha256.as_bytes()).collect();
        let id = self.election();
        let decided = self.registers.0[&id].state.decide(body, &event, &context);
        match decided {
            Ok(consequences) => {
                assert!(consequences.is_empty());
                self.cited.extend(contents);
                self.world.election = ledger;
                self.sync();
                *self.outcome.accepted.entry(event_type).or_default() += 1;
                true
            }
            Err(refused) => {
                let code = refused.code();
                *self.outcome.refused.entry((code, event_type)).or_default() += 1;
                let kept = std::mem::replace(&mut self.world.election, ledger);
                let report = self.verify(&contents, Stage::Announced);
                self.compare(&kept, event_type, &refused.to_string(), code, &report);
                self.world.election = kept;
                false
            }
        }
    }

    fn compare(&mut self, kept: &Ledger, event_type: u16, reason: &str, code: &str, report: &Report) {
        let here = (Some(hex::encode(kept.id)), Some(kept.size()));
        let (mut codes, mut elsewhere) = (BTreeSet::new(), Vec::new());
        for example in report.checks.iter().flat_map(|check| &check.counter_examples) {
            if (example.ledger.clone(), example.seq) == here {
                codes.insert(example.code);
            } else if self.defined || example.code != "content.uncited" {
                elsewhere.push(example.clone());
            }
        }
        if !codes.contains(code) || codes.len() > 1 || !elsewhere.is_empty() {
            self.outcome.faults.push(format!(
                "seed {}, entry {}, type {event_type:#06x}: refused under {code} ({reason}), reported under {codes:?} {elsewhere:?}",
                self.seed,
                kept.size()
            ));
        }
    }

    fn verify(&mut self, cited_too: &[[u8; 32]], stage: Stage) -> Report {
        let known = self.world.contents.clone();
        for hash in self.cited.iter().chain(cited_too) {
            if let Some(bytes) = self.documents.0.get(hash) {
                self.world.contents.insert(hex::encode(hash), bytes.to_vec());
            }
        }
        let files = self.world.files(true);
        self.world.contents = known;
        let trust = Trust::parse(self.world.trust().as_bytes()).unwrap();
        let source = MemorySource {
            files: files.into_iter().collect(),
        };
        verify_event_source(&source, Some(&trust), Profile::Accredited, stage).unwrap()
    }

    fn require_verified(&mut self, stage: Stage) {
        let report = self.verify(&[], stage);
        if report.verdict.exit_code() != 0 {
            let text = report.to_text();
            self.outcome
                .faults
                .push(format!("seed {}: accepted, but not verified: {text}", self.seed));
        }
    }

    // --- offers -------------------------------------------------------------------------------------------------------

    fn adopt(&mut self, flaw: u32) -> bool {
        let mut pack = self.pack.clone();
        let mut polling_day = POLLING_DAY;
        match flaw {
            0 => polling_day -= 1,
            1 => polling_day += 1,
            2 => polling_day = u32::MAX,
            3 => pack.id = "other-1".to_owned(),
            4 => pack.calendar.time_zone = "Asia/Kuwait".to_owned(),
            5 => pack.voting.grace_ms += 1,
            6 => pack.voting.revote = false,
            7 => pack.voting.min_ballots_to_decrypt = self.world.spec.min_ballots + 1,
            8 => pack.certification.quorum = 2,
            9 => pack.trustees.minimum = 3,
            10 => pack.channels.voting = vec![VotingChannel::Remote],
            11 => pack.valid_until = Some(pack.valid_from),
            _ => {}
        }
        let mut bytes = pack.to_json();
        if flaw == 12 {
            bytes.push(b' ');
        }
        // Only a flaw if the event has paper.
        if flaw == 10 && !self.paper {
            return false;
        }
        let event = RulesAdopted {
            pack: self.documents.put(&bytes),
            polling_day,
        };
        self.offer(ElectionEvent::RulesAdopted(event))
    }

    fn remove(&mut self) {
        let n = self.dice.random_range(0..2);
        let mut district = ["north", "south"][n];
        if self.chance(4) {
            district = "west";
        }
        let cause = match self.dice.random_range(0..20) {
            0 => 0,
            1 => 3,
            2..8 => 1,
            _ => 2,
        };
        let event = CandidateRemoved {
            district: district.parse().unwrap(),
            question: self.dice.random_range(0..8) % 3,
            answer: self.dice.random_range(0..7),
            cause,
            reason: self.line(),
        };
        self.offer(ElectionEvent::CandidateRemoved(event));
    }

    fn returned(&mut self) -> PaperReturned {
        let (n, ledger) = self.some_box();
        let valid = self.dice.random_range(1..4);
        let (invalid, spoilt) = (self.dice.random_range(0..2), self.dice.random_range(0..2));
        let mut counts: Vec<Vec<u64>> = Vec::new();
        for (answers, _) in QUESTIONS[n] {
            let mut row = vec![0];
            row.extend((0..*answers).map(|_| self.dice.random_range(0..=valid)));
            counts.push(row);
        }
        let mut event = PaperReturned {
            ledger,
            issued: valid + invalid + spoilt,
            valid,
            invalid,
            spoilt,
            counts,
        };
        match self.dice.random_range(0..30) {
            0 => event.issued += 1,
            1 => event.counts[0][1] = valid + 1,
            2 => {
                event.counts.pop();
            }
            3 => event.counts[1].push(0),
            4 => event.counts[0][0] = valid,
            5 => (event.issued, event.valid, event.invalid, event.spoilt) = (0, 0, 0, 0),
            6 => (event.issued, event.spoilt) = (1 << 53, (1 << 53) - valid - invalid),
            _ => {}
        }
        event
    }

    fn recount(&mut self) {
        let p = match self.dice.random_range(0..8) {
            0 => {
                let n = self.dice.random_range(0..2);
                let paper = self
                    .facts()
                    .progress
                    .get(&self.ballot_box(n))
                    .and_then(|p| p.paper.clone());
                match paper {
                    Some(same) => same,
                    None => self.returned(),
                }
            }
            _ => self.returned(),
        };
        let event = PaperRecounted {
            ledger: p.ledger,
            issued: p.issued,
            valid: p.valid,
            invalid: p.invalid,
            spoilt: p.spoilt,
            counts: p.counts,
            reason: self.line(),
        };
        self.offer(ElectionEvent::PaperRecounted(event));
    }

    fn view(&mut self, view: &str, ledger: LedgerId, size: u64, bytes: &[u8]) -> bool {
        let event = ViewPublished {
            view: view.to_owned(),
            ledger,
            size,
            content: self.documents.put(bytes),
        };
        self.offer(ElectionEvent::ViewPublished(event))
    }

    /// The result of a box as the ledger has it; a wrong size, or a document of nothing where there is none.
    fn publish_result(&mut self, flawed: bool) -> bool {
        let (_, ledger) = self.some_box();
        self.publish_result_of(ledger, flawed)
    }

    fn publish_result_of(&mut self, ledger: LedgerId, flawed: bool) -> bool {
        let size = self.world.election.size();
        let mut results = Results::default();
        for bytes in &self.world.election.entries[1..] {
            let entry = UnverifiedEntry::parse(bytes).unwrap();
            let body = entry.body().body();
            let event = Event::parse(sijill_ledger::Kind::Election, body.event_type, &body.payload).unwrap();
            results
                .apply(entry.seq().as_u64(), entry.received_ms(), &event, &self.documents)
                .unwrap();
        }
        let manifest = self.facts().manifest.clone().unwrap();
        let document = results.document(ledger, size, &manifest);
        let bytes = document.map_or_else(|| b"{}".to_vec(), |d| d.to_bytes());
        self.view("result", ledger, size + u64::from(flawed), &bytes)
    }

    fn publish_outcome(&mut self, flaw: u32) -> bool {
        let (_, ledger) = self.some_box();
        self.publish_outcome_of(ledger, flaw)
    }

    fn publish_outcome_of(&mut self, ledger: LedgerId, flaw: u32) -> bool {
        let size = self.world.election.size();
        let document = self.facts().outcome(&ledger, size, &self.documents);
        let mut text =
            document.map_or_else(|_| "{}".to_owned(), |d| String::from_utf8(d.to_bytes()).unwrap());
        let before = text.clone();
        match flaw {
            0 => text = text.replacen("\"answer\":", "\"answer\":1", 1),
            1 => text = text.replacen("\"void\":[]", "\"void\":[0]", 1),
            2 => text = text.replacen("votes", "lots", 1),
            3 => text = text.replace("{\"seats\":0}", "{\"seats\":0,\"elected\":[],\"void\":[]}"),
            4 => text.push(' '),
            _ => {}
        }
        // A flaw that finds no place is none.
        let wrong_size = u64::from(flaw == 5);
        if flaw < 5 && text == before {
            return false;
        }
        self.view("outcome", ledger, size + wrong_size, text.as_bytes())
    }

    fn decide_tie(&mut self, honest: bool) -> bool {
        let (_, mut ledger) = self.some_box();
        if honest {
            let n = self.dice.random_range(0..2);
            ledger = self.ballot_box(n);
        }
        let facts = self.facts();
        let published = facts.progress.get(&ledger).is_some_and(|p| p.has_view("result"));
        let undecided = if published {
            facts.undecided_ties(&ledger, &self.documents).unwrap_or_default()
        } else {
            Vec::new()
        };
        let law = facts.adopted.as_ref().and_then(|adopted| adopted.pack.tie);
        let mut rule = match law {
            Some(Tie::CastingVote) => 1,
            Some(Tie::Lots) => 2,
            None => self.dice.random_range(1..3),
        };
        let (mut question, mut elected) = (self.dice.random_range(0..3), vec![self.dice.random_range(0..4)]);
        if let Some((tied, tie)) = undecided.first()
            && (honest || self.chance(85))
        {
            question = *tied;
            elected = tie.level.clone();
            while elected.len() > tie.seats {
                let at = self.dice.random_range(0..elected.len());
                elected.remove(at);
            }
        } else if honest {
            return false;
        }
        let witnesses = self.dice.random_range(2..5);
        let mut by: Vec<String> = (0..if rule == 1 { 1 } else { witnesses })
            .map(|n| format!("Witness {n}"))
            .collect();
        let mut reason = "The oldest".to_owned();
        if !honest {
            match self.dice.random_range(0..16) {
                0 => rule = 3 - rule,
                1 => rule = 0,
                2 => rule = 3,
                3 => elected.push(elected.last().copied().unwrap_or(0)),
                4 => elected.reverse(),
                5 => {
                    elected.pop();
                }
                6 => elected[0] = self.dice.random_range(0..6),
                7 => by = (0..17).map(|n| format!("Witness {n}")).collect(),
                8 => by.push("Witness 0".to_owned()),
                9 => {
                    by.pop();
                }
                10 => by = (0..by.len()).map(|n| self.name(n)).collect(),
                11 => reason = self.line(),
                12 => question = self.dice.random_range(0..4),
                _ => {}
            }
        }
        let event = TieDecided {
            ledger,
            question,
            elected,
            rule,
            by,
            reason,
        };
        self.offer(ElectionEvent::TieDecided(event))
    }

    fn object(&mut self) {
        let (_, ledger) = self.some_box();
        let event = ResultObjectionFiled {
            ledger,
            objector: [self.dice.random_range(0..3); 32],
            statement: [9; 32],
        };
        self.offer(ElectionEvent::ResultObjectionFiled(event));
    }

    fn decide_objection(&mut self, honest: bool) {
        let facts = self.facts();
        let open = facts.objections.iter().find(|(_, o)| o.decided.is_none());
        let open = open.map(|(position, _)| *position);
        let any = self.dice.random_range(0..self.world.election.size() + 2);
        let objection = match open {
            Some(position) if honest || self.chance(70) => position,
            _ if honest => return,
            _ => any,
        };
        let event = ResultObjectionDecided {
            objection,
            decision: if honest { 1 } else { self.dice.random_range(0..5) },
            reason: if honest { "Seen".to_owned() } else { self.line() },
        };
        self.offer(ElectionEvent::ResultObjectionDecided(event));
    }

    /// Any of them, whatever the moment.
    fn step(&mut self) {
        match self.dice.random_range(0..100) {
            0..12 => self.remove(),
            12..24 => {
                let returned = self.returned();
                self.offer(ElectionEvent::PaperReturned(returned));
            }
            24..36 => self.recount(),
            36..52 => {
                let flawed = self.chance(10);
                self.publish_result(flawed);
            }
            52..70 => {
                self.decide_tie(false);
            }
            70..80 => {
                let flaw = self.dice.random_range(0..12);
                self.publish_outcome(flaw);
            }
            80..88 => self.object(),
            88..94 => self.decide_objection(false),
            94..97 => {
                self.offer(ElectionEvent::ResultsCertified);
            }
            97..99 => {
                self.adopt(99);
            }
            _ => {
                // Where it would be taken, the forger does it.
                let facts = self.facts();
                if !self.defined || facts.adopted.is_none() || facts.poll_opened_size.is_some() {
                    self.offer(ElectionEvent::PollOpened);
                }
            }
        }
    }

    fn steps(&mut self, n: usize) {
        for _ in 0..n {
            self.step();
        }
    }

    /// Everything that certification needs, by whoever does it without a flaw.
    fn wind_up(&mut self) {
        for n in 0..2 {
            let ledger = self.ballot_box(n);
            for _ in 0..12 {
                let facts = self.facts();
                let progress = &facts.progress[&ledger];
                if self.paper && progress.paper.is_none() {
                    let mut returned = self.returned();
                    while returned.ledger != ledger {
                        returned = self.returned();
                    }
                    self.offer(ElectionEvent::PaperReturned(returned));
                } else if !progress.has_view("result") {
                    self.publish_result_of(ledger, false);
                } else if !progress.has_view("outcome") && !self.publish_outcome_of(ledger, 99) {
                    self.decide_tie(true);
                }
                self.decide_objection(true);
            }
        }
    }

    fn play(mut self) -> Outcome {
        // Defined, not yet adopted.
        self.steps(6);
        for flaw in 0..13 {
            self.adopt(flaw);
        }
        let early = self.chance(50);
        if early {
            self.adopt(99);
            self.steps(6);
        }
        if self.facts().adopted.is_none() {
            // Adopted rules are not established before the roll has its own.
            self.require_verified(Stage::Announced);
        }
        self.world.fill_roll();
        self.sync();
        if !early {
            let mut pack = self.pack.clone();
            pack.version += 1;
            let other = RulesAdopted {
                pack: self.documents.put(&pack.to_json()),
                polling_day: POLLING_DAY,
            };
            self.offer(ElectionEvent::RulesAdopted(other));
            // One event in eight goes on without rules, as far as it comes.
            if self.seed % 8 != 7 {
                self.adopt(99);
            }
            self.steps(6);
        }
        self.world.make_key();
        self.sync();
        self.adopt(99);
        self.world.define_boxes();
        self.sync();
        self.defined = true;
        if self.facts().adopted.is_none() {
            self.steps(10);
            self.require_verified(Stage::Announced);
            return self.outcome;
        }
        self.world.now = OPENS - 4 * DAY_MS + self.dice.random_range(0..2 * DAY_MS);
        self.steps(6);
        self.world.open();
        self.sync();
        self.steps(6);
        self.world.poll();
        self.world.close();
        self.world.seal();
        self.world.anchor();
        self.sync();
        self.steps(6);
        self.world.decrypt();
        self.world.declare();
        for n in 0..2 {
            let size = self.world.boxes[n].sealed_size;
            let views = [
                ("turnout", self.world.turnout(n)),
                ("trackers", self.world.trackers(n)),
                ("tally", self.world.tally_view(n)),
            ];
            for (view, document) in views {
                self.world.publish_view(n, view, size, document);
            }
        }
        self.sync();
        self.require_verified(Stage::Announced);
        for round in 0..4 {
            self.steps(15);
            if round % 2 == 1 {
                self.require_verified(Stage::Announced);
            }
        }
        self.wind_up();
        self.require_verified(Stage::Published);
        self.offer(ElectionEvent::ResultsCertified);
        self.require_verified(Stage::Certified);
        self.steps(5);
        self.outcome
    }
}

#[test]
fn the_register_and_the_verifier_agree_on_every_offer() {
    let outcomes: Vec<Outcome> = (0..SEEDS)
        .into_par_iter()
        .map(|seed| Run::new(seed).play())
        .collect();
    let mut faults = Vec::new();
    let mut accepted: BTreeMap<u16, usize> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, u16), usize> = BTreeMap::new();
    for outcome in outcomes {
        faults.extend(outcome.faults);
        for (event_type, n) in outcome.accepted {
            *accepted.entry(event_type).or_default() += n;
        }
        for (key, n) in outcome.refused {
            *refused.entry(key).or_default() += n;
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults: {:#?}",
        faults.len(),
        &faults[..faults.len().min(12)]
    );
    for event_type in TYPES {
        let name = find(event_type).unwrap().name;
        // The forger opens the poll itself.
        let own = event_type == 0x0305;
        assert!(
            own || accepted.contains_key(&event_type),
            "{name} was never accepted"
        );
        let was_refused = refused.keys().any(|(_, t)| *t == event_type);
        assert!(was_refused, "{name} was never refused");
    }
    for key in [
        ("outcome.rules", 0x0320),
        ("outcome.order", 0x0320),
        ("outcome.order", 0x0305),
        ("outcome.order", 0x0321),
        ("outcome.tie", 0x0321),
        ("outcome.order", 0x0322),
        ("paper.return", 0x0322),
        ("outcome.order", 0x0323),
        ("outcome.candidate", 0x0323),
        ("outcome.order", 0x0324),
        ("outcome.objection", 0x0325),
        ("election.certification", 0x0311),
        ("election.order", 0x030a),
        ("view.digest", 0x030a),
    ] {
        assert!(
            refused.contains_key(&key),
            "{key:?} was never the reason: {refused:?}"
        );
    }
}
