//! A whole event played by a forger who holds every key: what is not made wrong on purpose follows from what is.

use std::collections::BTreeMap;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as G;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use sijill_ballot::ceremony::{
    Attempt, CeremonySecret, Certificate, Coefficients, Confirmation, SealedShare,
};

use super::forge::{Cited, Content, Draft, Enc, Ledger, b64, grant, public, sha};
use super::stations::{Station, Step};
use super::suite::{
    Ct, Dice, Question, Suite, alphas, challenge, ciphertexts, ct_json, join, proof_json, replaces, schnorr,
    text_of,
};

const RULES: &str = include_str!("../../../fixtures/rules/plain-1.toml");

pub const OPENS: u64 = 1_800_003_600_000;
pub const CLOSES: u64 = 1_800_010_800_000;
pub const GRACE: u64 = 60_000;
/// The day of the opening in Qatar.
pub const POLLING_DAY: u64 = (OPENS + 10_800_000) / 86_400_000;

/// What the event is.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Id and questions of each district, ascending by id; without questions it is unopposed.
    pub districts: Vec<(&'static str, Vec<Question>)>,
    /// Credentials, all in the first polled district; one more person is registered without one.
    pub voters: usize,
    pub revote: bool,
    pub paper: bool,
    pub min_ballots: u64,
    pub trustees: usize,
    pub threshold: usize,
    /// Attempts of the key ceremony that are given up.
    pub restarts: u16,
    /// Whether they are given up because a trustee complains.
    pub complaint: bool,
    /// Voter and votes, in order.
    pub votes: Vec<(usize, Vec<Vec<i64>>)>,
    pub audit: bool,
    pub excluded: Vec<usize>,
    /// Trustees that decrypt.
    pub decrypting: Vec<usize>,
    pub certified: bool,
    /// Seats that the first question of the first polled district fills; 0: none.
    pub seats: usize,
    /// Whether the roll's rule pack is adopted for the event.
    pub adopts: bool,
    /// Type, author and payload of events of the roll that stand before its freeze.
    pub on_roll: Vec<(u16, &'static str, Vec<u8>)>,
    /// Polling stations: name, and the voters of its list.
    pub stations: Vec<(&'static str, Vec<usize>)>,
    /// Voters whose exclusion is opened, if they are not those who are excluded.
    pub opened: Option<Vec<usize>>,
    /// Comes before the names of the service's keys.
    pub owner: &'static str,
}

pub fn question(answers: usize, blank: bool, min: u64, max: u64) -> Question {
    Question {
        answers,
        blank,
        min,
        max,
    }
}

impl Default for Spec {
    fn default() -> Spec {
        let (yes, no) = (vec![vec![1, 0]], vec![vec![0, 1]]);
        Spec {
            districts: vec![("national", vec![question(2, false, 1, 1)])],
            voters: 3,
            revote: true,
            paper: false,
            min_ballots: 1,
            trustees: 2,
            threshold: 2,
            restarts: 0,
            complaint: false,
            votes: vec![(0, no), (1, yes.clone()), (0, yes.clone()), (2, yes)],
            audit: false,
            excluded: vec![2],
            decrypting: vec![1, 2],
            certified: false,
            seats: 0,
            adopts: false,
            on_roll: Vec::new(),
            stations: Vec::new(),
            opened: None,
            owner: "",
        }
    }
}

/// A ballot that stands in a box.
#[derive(Debug, Clone)]
pub struct Cast {
    pub json: String,
    pub credential: String,
    pub cts: Vec<Vec<Ct>>,
    pub at: u64,
}

impl Cast {
    pub fn hash(&self) -> [u8; 32] {
        sha(&[self.json.as_bytes()])
    }
}

/// A box and what is in it.
#[derive(Debug)]
pub struct BallotBox {
    pub ledger: Ledger,
    pub district: &'static str,
    pub suite: Suite,
    pub cast: Vec<Cast>,
    pub audits: u64,
    /// Positions of the ballots that the forger counts instead of the right ones.
    pub counts: Option<Vec<usize>>,
    credentials: Content,
    holders: usize,
    pub record: String,
    tally: Vec<Vec<Ct>>,
    pub encrypted: Option<Content>,
    pub sized: Option<Content>,
    pub counted: usize,
    digest: [u8; 32],
    /// Entries of the box once it was sealed.
    pub sealed_size: u64,
    pub shares: BTreeMap<usize, Vec<Vec<EdwardsPoint>>>,
    pub share_texts: BTreeMap<usize, String>,
    pub result: Vec<Vec<i64>>,
    result_text: String,
    pub paper: Vec<Vec<u64>>,
    pub paper_cast: (u64, u64),
}

type DraftHook = Box<dyn FnMut(&mut Draft)>;
type ContentHook = Box<dyn FnMut(&str, String) -> String>;

/// The forger's world.
pub struct World {
    pub spec: Spec,
    pub dice: Dice,
    pub now: u64,
    pub election: Ledger,
    pub roll: Ledger,
    pub boxes: Vec<BallotBox>,
    pub stations: Vec<Station>,
    /// What each station returned: issued, valid, invalid, spoilt.
    pub returned: Vec<(usize, [u64; 4])>,
    /// What a case does besides, at each step.
    pub at: Option<fn(&mut World, Step)>,
    /// Earlier states that a case makes something cite: of the election ledger, and of the roll.
    pub early: (Option<Cited>, Option<Cited>),
    pub contents: BTreeMap<String, Vec<u8>>,
    /// The rule pack among them.
    pub rules: Option<Content>,
    /// Answers of the question with seats that were removed.
    pub removed: Vec<usize>,
    /// Who wins a tie of it, and how, once that is decided.
    pub decided: Option<(Vec<usize>, &'static str)>,
    /// Archives and whatever else is laid into the folder.
    pub extra: BTreeMap<String, Vec<u8>>,
    pub trustees: Vec<Scalar>,
    /// The election key; `None` until the trustees have it, or the one that the forger prefers.
    pub key: EdwardsPoint,
    pub trustees_content: Option<Content>,
    /// Where the flaw stands: ledger and position.
    pub flaw: Option<([u8; 32], u64)>,
    mark: bool,
    hooks: Vec<DraftHook>,
    content_hooks: Vec<ContentHook>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

pub fn secret(n: usize) -> Scalar {
    Scalar::from(1_000_003u64) * Scalar::from(n as u64 + 1)
}

/// Text of a voter's public credential.
pub fn credential(n: usize) -> String {
    text_of(&(G * secret(n)))
}

fn grants(spec: &Spec) -> Vec<Vec<u8>> {
    let mut grants = vec![grant("commission", 1, None), grant("registrar", 2, None)];
    for index in 1..=spec.trustees {
        grants.push(grant(&format!("trustee {index}"), 4, Some(&index.to_string())));
    }
    grants
}

impl World {
    pub fn new(name: &str, spec: Spec) -> World {
        let mut dice = Dice::new(name);
        let grants = grants(&spec);
        let election = Ledger::new("election", 3, None, &grants, spec.owner, dice.bytes());
        let parent = Some(election.id);
        let roll = Ledger::new("roll", 2, parent, &grants, spec.owner, dice.bytes());
        let polled = spec
            .districts
            .iter()
            .filter(|(_, questions)| !questions.is_empty());
        let boxes = polled
            .map(|(district, questions)| BallotBox {
                ledger: Ledger::new(district, 4, parent, &grants, spec.owner, dice.bytes()),
                district,
                suite: Suite {
                    uuid: String::new(),
                    phi: String::new(),
                    y: EdwardsPoint::identity(),
                    questions: questions.clone(),
                },
                cast: Vec::new(),
                audits: 0,
                counts: None,
                credentials: Content {
                    hash: [0; 32],
                    length: 0,
                },
                holders: 0,
                record: String::new(),
                tally: Vec::new(),
                encrypted: None,
                sized: None,
                counted: 0,
                digest: [0; 32],
                sealed_size: 0,
                shares: BTreeMap::new(),
                share_texts: BTreeMap::new(),
                result_text: String::new(),
                result: Vec::new(),
                paper: Vec::new(),
                paper_cast: (0, 0),
            })
            .collect();
        let stations = spec
            .stations
            .iter()
            .map(|(name, list)| Station::new(name, list, parent, spec.owner, &mut dice));
        let stations = stations.collect();
        World {
            dice,
            stations,
            returned: vec![(0, [1, 0, 1, 0]), (1, [1, 1, 0, 0])],
            at: None,
            early: (None, None),
            now: 1_800_000_000_000,
            election,
            roll,
            boxes,
            contents: BTreeMap::new(),
            rules: None,
            removed: Vec::new(),
            decided: None,
            extra: BTreeMap::new(),
            trustees: Vec::new(),
            key: EdwardsPoint::identity(),
            trustees_content: None,
            flaw: None,
            mark: false,
            hooks: Vec::new(),
            content_hooks: Vec::new(),
            spec,
        }
    }

    /// Changes the `nth` entry of a type on a ledger before it is signed.
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

    /// Changes a content before it is cited.
    pub fn on_content(&mut self, name: &'static str, change: impl Fn(String) -> String + 'static) {
        self.content_hooks.push(Box::new(
            move |this, text| {
                if this == name { change(text) } else { text }
            },
        ));
    }

    pub fn content(&mut self, name: &str, mut text: String) -> Content {
        for hook in &mut self.content_hooks {
            text = hook(name, text);
        }
        let hash = sha(&[text.as_bytes()]);
        let length = text.len() as u64;
        self.contents.insert(hex::encode(hash), text.into_bytes());
        Content { hash, length }
    }

    /// A content that is no text.
    pub fn bytes(&mut self, bytes: Vec<u8>) -> Content {
        let hash = sha(&[&bytes]);
        let length = bytes.len() as u64;
        self.contents.insert(hex::encode(hash), bytes);
        Content { hash, length }
    }

    fn ledger(&mut self, name: &str) -> &mut Ledger {
        if let Some(at) = self.stations.iter().position(|s| s.name == name) {
            return &mut self.stations[at].ledger;
        }
        match name {
            "election" => &mut self.election,
            "roll" => &mut self.roll,
            _ => {
                &mut self
                    .boxes
                    .iter_mut()
                    .find(|ballot_box| ballot_box.district == name)
                    .unwrap()
                    .ledger
            }
        }
    }

    pub fn push_citing(
        &mut self,
        ledger: &str,
        event_type: u16,
        author: &str,
        refs: &[Cited],
        payload: Vec<u8>,
    ) {
        let mut hooks = std::mem::take(&mut self.hooks);
        let (now, id) = (self.now, self.ledger(ledger).id);
        let (mut flaw, mark) = (None, std::mem::take(&mut self.mark));
        self.ledger(ledger).push(
            &mut |draft| {
                let seq = draft.seq;
                hooks.iter_mut().for_each(|hook| hook(draft));
                if (draft.flawed || mark) && draft.copies > 0 {
                    flaw = Some((id, seq + draft.copies as u64 - 1));
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
    }

    /// The next entry is the flaw.
    pub fn mark(&mut self) -> &mut World {
        self.mark = true;
        self
    }

    pub fn push(&mut self, ledger: &str, event_type: u16, author: &str, payload: Vec<u8>) {
        self.push_citing(ledger, event_type, author, &[], payload);
    }

    pub fn service(&self) -> String {
        format!("{}service", self.spec.owner)
    }

    /// Everything.
    pub fn play(&mut self) {
        self.until_open();
        self.poll();
        self.finish();
    }

    pub fn until_open(&mut self) {
        self.begin();
        self.fill_roll();
        self.make_key();
        self.define_boxes();
        self.open();
    }

    pub fn finish(&mut self) {
        self.close();
        self.seal();
        self.anchor();
        self.decrypt();
        self.declare();
        self.publish_views();
    }

    pub fn manifest(&self) -> String {
        let Spec {
            revote,
            paper,
            min_ballots,
            threshold,
            ..
        } = self.spec;
        let names: Vec<String> = (1..=self.spec.trustees).map(|n| format!("\"T {n}\"")).collect();
        let text = |en: String| format!("{{\"en\":\"{en}\",\"ar\":\"\"}}");
        let districts = self.spec.districts.iter().map(|(id, questions)| {
            let name = text((*id).to_owned());
            if questions.is_empty() {
                return format!(
                    "{{\"id\":\"{id}\",\"name\":{name},\"unopposed\":[{}]}}",
                    text("Only".into())
                );
            }
            let first = self.boxes.first().map_or("", |b| b.district);
            let questions = questions.iter().enumerate().map(|(n, q)| {
                let seats = match self.spec.seats {
                    seats if seats > 0 && *id == first && n == 0 => format!(",\"seats\":{seats}"),
                    _ => String::new(),
                };
                let answers: Vec<String> = (1..=q.answers).map(|a| text(format!("A{a}"))).collect();
                format!(
                    "{{\"question\":{},\"answers\":[{}],\"blank\":{},\"min\":{},\"max\":{}{seats}}}",
                    text(format!("Q{n}?")),
                    answers.join(","),
                    q.blank,
                    q.min,
                    q.max
                )
            });
            format!(
                "{{\"id\":\"{id}\",\"name\":{name},\"questions\":[{}]}}",
                questions.collect::<Vec<_>>().join(",")
            )
        });
        format!(
            "{{\"format\":\"sijill-manifest/1\",\"id\":\"attack\",\"name\":{{\"en\":\"Attack\",\"ar\":\"\"}},\"rehearsal\":true,\
             \"suite\":\"belenios-v1-ed25519\",\"rules\":\"plain-1\",\"time_zone\":\"Asia/Qatar\",\"opens_ms\":{OPENS},\"closes_ms\":{CLOSES},\
             \"grace_ms\":{GRACE},\"revote\":{revote},\"paper\":{paper},\"min_ballots\":{min_ballots},\"certification_quorum\":1,\
             \"administrator\":\"Commission\",\"credential_authority\":\"Registrar\",\
             \"trustees\":{{\"threshold\":{threshold},\"names\":[{}]}},\"districts\":[{}]}}",
            names.join(","),
            districts.collect::<Vec<_>>().join(",")
        )
    }

    /// Opens the ledgers and defines the event.
    pub fn begin(&mut self) {
        let names: Vec<String> = ["election", "roll"]
            .into_iter()
            .chain(self.boxes.iter().map(|b| b.district))
            .chain(self.stations.iter().map(|s| s.name))
            .map(str::to_owned)
            .collect();
        for name in names {
            let (service, genesis) = (self.service(), self.ledger(&name).genesis.clone());
            self.push(&name, 0x0001, &service, genesis);
        }
        self.now += 1_000;
        let manifest = self.manifest();
        let manifest = self.content("manifest", manifest);
        let mut listed: Vec<Vec<u8>> = self
            .boxes
            .iter()
            .map(|b| {
                Enc::default()
                    .raw(&b.ledger.id)
                    .int(4)
                    .byte(1)
                    .byte(1)
                    .text(b.district)
                    .0
            })
            .collect();
        listed.push(Enc::default().raw(&self.roll.id).int(2).byte(2).byte(0).0);
        for station in &self.stations {
            listed.push(Enc::default().raw(&station.ledger.id).int(5).byte(2).byte(0).0);
        }
        listed.sort();
        let payload = Enc::default()
            .content(&manifest)
            .int(listed.len() as u64)
            .raw(&listed.concat())
            .0;
        self.push("election", 0x0301, "commission", payload);
    }

    pub fn fill_roll(&mut self) {
        self.now += 1_000;
        let district = self.boxes.first().map_or("", |b| b.district);
        let voters = self.spec.voters;
        let rules = sijill_rules::RulePack::parse(RULES).unwrap().to_json();
        let mut rules = String::from_utf8(rules).unwrap();
        if self.spec.adopts {
            // Rules that this event follows.
            for (from, to) in [
                ("\"grace_ms\":2000", format!("\"grace_ms\":{GRACE}")),
                (
                    "\"min_ballots_to_decrypt\":5",
                    format!("\"min_ballots_to_decrypt\":{}", self.spec.min_ballots),
                ),
                ("\"withdrawal_days\":14", "\"withdrawal_days\":0".to_owned()),
            ] {
                assert!(rules.contains(from));
                rules = rules.replace(from, &to);
            }
        }
        let rules = self.content("rules", rules);
        self.rules = Some(rules);
        // No holidays; polling day is the day of the opening in Qatar; no objections.
        let payload = Enc::default().content(&rules).byte(0).int(POLLING_DAY).byte(0).0;
        let cite = self.election.cite();
        self.push_citing("roll", 0x0204, "commission", &[cite], payload);
        for n in 0..=voters {
            let voter = sha(&[b"voter", &[n as u8]]);
            let checked = Enc::default().raw(&voter).byte(1).byte(1);
            let checked = checked.raw(&sha(&[b"check", &[n as u8]]));
            self.push("roll", 0x0205, "registrar", checked.0);
            let payload = Enc::default().raw(&voter).text(district).0;
            self.push("roll", 0x0201, "registrar", payload);
        }
        for n in 0..voters {
            let voter = sha(&[b"voter", &[n as u8]]);
            let commitment = if self.stations.is_empty() {
                sha(&[b"commitment", &[n as u8]])
            } else {
                super::stations::commitment(n)
            };
            self.push("roll", 0x0202, "registrar", [voter, commitment].concat());
        }
        for (event_type, author, payload) in self.spec.on_roll.clone() {
            self.push("roll", event_type, author, payload);
        }
        let mut points: Vec<[u8; 32]> = (0..voters).map(|n| (G * secret(n)).compress().0).collect();
        points.sort();
        let list = credential_list(&points);
        let list = self.content("credentials", list);
        let payload = Enc::default()
            .int(1)
            .text(district)
            .int(voters as u64 + 1)
            .int(voters as u64);
        self.push("roll", 0x0203, "registrar", payload.content(&list).0);
        self.assign_voters();
        let none = self.boxes.len() > 1;
        let empty = none.then(|| self.content("no credentials", "[]".to_owned()));
        for (n, ballot_box) in self.boxes.iter_mut().enumerate() {
            (ballot_box.credentials, ballot_box.holders) = match empty {
                Some(empty) if n > 0 => (empty, 0),
                _ => (list, voters),
            };
        }
    }

    /// Adopts the rule pack of the roll.
    pub fn adopt(&mut self) {
        self.now += 1_000;
        let pack = self.rules.unwrap();
        let payload = Enc::default().content(&pack).int(POLLING_DAY).0;
        self.push("election", 0x0320, "commission", payload);
    }

    /// The trustees' keys, one each or by a ceremony, and the key of the event.
    pub fn make_key(&mut self) {
        if self.spec.adopts {
            self.adopt();
        }
        let record = if self.spec.threshold == self.spec.trustees {
            self.publish_keys()
        } else {
            self.hold_ceremony()
        };
        self.fix_key(record);
    }

    pub fn fix_key(&mut self, record: String) {
        let content = self.content("trustees", record);
        self.trustees_content = Some(content);
        let payload = Enc::default().content(&content).raw(&self.key.compress().0).0;
        self.push("election", 0x0303, "commission", payload);
    }

    /// A trustee's record for a key.
    pub fn trustee_record(&mut self, index: usize, secret: &Scalar, public: &EdwardsPoint) -> String {
        let public = text_of(public);
        let proof = schnorr(&format!("pok|Ed25519|{public}|"), secret, &mut self.dice);
        format!(
            "{{\"pok\":{},\"public_key\":\"{public}\",\"name\":\"T {index}\"}}",
            proof_json(&proof)
        )
    }

    pub fn publish_keys(&mut self) -> String {
        if self.trustees.is_empty() {
            self.trustees = (0..self.spec.trustees).map(|_| self.dice.roll()).collect();
        }
        let mut records = Vec::new();
        for (n, x) in self.trustees.clone().iter().enumerate() {
            let record = self.trustee_record(n + 1, x, &(G * x));
            self.publish_key(n + 1, &record);
            records.push(record);
        }
        self.key = self.trustees.iter().map(|x| G * x).sum();
        join(&records, |record| format!("[\"Single\",{record}]"))
    }

    pub fn publish_key(&mut self, index: usize, record: &str) {
        self.now += 1_000;
        let payload = Enc::default().int(index as u64).text(record).0;
        self.push("election", 0x0302, &format!("trustee {index}"), payload);
    }

    fn hold_ceremony(&mut self) -> String {
        let (n, t) = (self.spec.trustees as u16, self.spec.threshold as u16);
        for number in 1..=self.spec.restarts + 1 {
            let last = number == self.spec.restarts + 1;
            if number > 1 {
                self.push(
                    "election",
                    0x0310,
                    "commission",
                    Enc::default().int(number.into()).0,
                );
            }
            let attempt = Attempt {
                event: self.election.id,
                number,
                members: n,
                threshold: t,
            };
            let secrets: Vec<CeremonySecret> = (0..n)
                .map(|_| CeremonySecret::generate(t, &mut self.dice))
                .collect();
            let head = |index: u16| Enc::default().int(number.into()).int(index.into());
            let mut certificates = Vec::new();
            for (index, secret) in (1..).zip(&secrets) {
                self.now += 1_000;
                let certificate = secret.certificate(&attempt, index, &mut self.dice);
                let payload = head(index)
                    .text(&certificate)
                    .raw(secret.channel_key().as_bytes())
                    .raw(&secret.commitment(&attempt, index));
                self.push("election", 0x030b, &format!("trustee {index}"), payload.0);
                certificates.push(Certificate::parse(certificate.as_bytes(), &attempt, index).unwrap());
            }
            if !last && !self.spec.complaint {
                continue;
            }
            let mut coefficients = Vec::new();
            for (index, secret) in (1..).zip(&secrets) {
                let (salt, opening) = secret.opening();
                let payload = head(index).raw(salt).text(opening).0;
                self.push("election", 0x030c, &format!("trustee {index}"), payload);
                let certificate = &certificates[usize::from(index) - 1];
                coefficients
                    .push(Coefficients::parse(opening.as_bytes(), &attempt, index, certificate).unwrap());
            }
            let channels: Vec<_> = secrets.iter().map(CeremonySecret::channel_key).collect();
            let mut dealt: Vec<Vec<SealedShare>> = Vec::new();
            for (index, secret) in (1..).zip(&secrets) {
                let shares = secret.deal(&attempt, index, &channels, &mut self.dice).unwrap();
                let mut payload = head(index).int(u64::from(n));
                for share in &shares {
                    payload = payload.bytes(share.as_bytes());
                }
                self.push("election", 0x030d, &format!("trustee {index}"), payload.0);
                dealt.push(shares);
            }
            if !last {
                let disclosed = secrets[1].disclose().expose();
                let payload = head(2).int(1).raw(disclosed).0;
                self.push("election", 0x030f, "trustee 2", payload);
                continue;
            }
            let mut confirmations = Vec::new();
            for (index, secret) in (1..).zip(&secrets) {
                let mine: Vec<SealedShare> = dealt
                    .iter()
                    .map(|shares| SealedShare::parse(shares[usize::from(index) - 1].as_bytes()).unwrap())
                    .collect();
                let key = secret.receive(&attempt, index, &mine, &coefficients).unwrap();
                let name = format!("T {index}");
                let (record, signature) = secret
                    .confirm(&name, &key, &certificates, &mut self.dice)
                    .unwrap();
                let payload = head(index).text(&record).text(&signature).0;
                self.push("election", 0x030e, &format!("trustee {index}"), payload);
                confirmations.push(
                    Confirmation::parse(
                        record.as_bytes(),
                        signature.as_bytes(),
                        &attempt,
                        index,
                        &name,
                        &certificates,
                        &coefficients,
                    )
                    .unwrap(),
                );
                self.trustees.push(Scalar::ZERO);
            }
            // Polynomials stand in the secrets behind format, degree and two keys. Spec: crates/ballot, CeremonySecret.
            for secret in &secrets {
                let bytes = secret.to_bytes();
                for (j, x) in self.trustees.iter_mut().enumerate() {
                    let at = Scalar::from(j as u64 + 1);
                    let mut power = Scalar::ONE;
                    for k in 0..usize::from(t) {
                        let from = 2 + 64 + 32 * k;
                        let a: [u8; 32] = bytes[from..from + 32].try_into().unwrap();
                        *x += Scalar::from_bytes_mod_order(a) * power;
                        power *= at;
                    }
                }
            }
            let record = sijill_ballot::ceremony::trustees_record(
                &attempt,
                &certificates,
                &coefficients,
                &confirmations,
            )
            .unwrap();
            let mut key = [0; 32];
            key.copy_from_slice(record.election_key().as_bytes());
            self.key = curve25519_dalek::edwards::CompressedEdwardsY(key)
                .decompress()
                .unwrap();
            return record.json().to_owned();
        }
        String::new()
    }

    pub fn define_boxes(&mut self) {
        self.now += 1_000;
        let roll = self.roll.cite();
        for n in 0..self.boxes.len() {
            let (id, district) = (self.boxes[n].ledger.id, self.boxes[n].district);
            let uuid = uuid(&id);
            let questions = join(
                &self.boxes[n]
                    .suite
                    .questions
                    .iter()
                    .enumerate()
                    .collect::<Vec<_>>(),
                |(i, q)| {
                    let answers: Vec<String> = (1..=q.answers).map(|a| format!("\"A{a}\"")).collect();
                    let blank = if q.blank { "\"blank\":true," } else { "" };
                    format!(
                        "{{\"answers\":[{}],{blank}\"min\":{},\"max\":{},\"question\":\"Q{i}?\"}}",
                        answers.join(","),
                        q.min,
                        q.max
                    )
                },
            );
            let record = format!(
                "{{\"version\":1,\"description\":\"attack/{district}\",\"name\":\"Attack\",\"group\":\"Ed25519\",\"public_key\":\"{}\",\
                 \"questions\":{questions},\"uuid\":\"{uuid}\",\"administrator\":\"Commission\",\"credential_authority\":\"Registrar\"}}",
                text_of(&self.key)
            );
            let content = self.content("election record", record);
            self.boxes[n].record =
                String::from_utf8(self.contents[&hex::encode(content.hash)].clone()).unwrap();
            self.boxes[n].suite.phi = b64(&content.hash);
            self.boxes[n].suite.uuid = uuid;
            self.boxes[n].suite.y = self.key;
            let holders = self.boxes[n].holders as u64;
            let eligible = if holders == 0 && n > 0 { 0 } else { holders + 1 };
            let payload = Enc::default()
                .text(district)
                .raw(&id)
                .content(&content)
                .content(&self.boxes[n].credentials)
                .int(eligible)
                .int(holders)
                .0;
            self.push_citing("election", 0x0304, "commission", &[roll], payload);
            let payload = Enc::default()
                .text(district)
                .content(&content)
                .content(&self.trustees_content.unwrap())
                .content(&self.boxes[n].credentials)
                .int(OPENS)
                .int(CLOSES)
                .int(GRACE)
                .byte(u8::from(self.spec.revote))
                .int(self.spec.min_ballots)
                .0;
            let cite = self.election.cite();
            self.push_citing(district, 0x0401, "commission", &[cite], payload);
        }
    }

    pub fn open(&mut self) {
        self.define_stations();
        self.now = OPENS;
        self.push("election", 0x0305, "commission", Vec::new());
        let cite = self.election.cite();
        for district in self.districts() {
            self.push_citing(district, 0x0402, "commission", &[cite], Vec::new());
        }
    }

    pub fn districts(&self) -> Vec<&'static str> {
        self.boxes.iter().map(|b| b.district).collect()
    }

    /// The votes of the specification.
    pub fn poll(&mut self) {
        self.poll_some(0..self.spec.votes.len());
    }

    /// The first vote.
    pub fn poll_before(&mut self) {
        self.poll_some(0..1);
        self.now += 600_000;
    }

    /// The votes behind the second, in whose place the forger casts its own.
    pub fn poll_after(&mut self) {
        self.poll_some(2..self.spec.votes.len());
    }

    fn poll_some(&mut self, range: std::ops::Range<usize>) {
        for (n, (voter, votes)) in self
            .spec
            .votes
            .clone()
            .into_iter()
            .enumerate()
            .skip(range.start)
            .take(range.len())
        {
            self.now += 600_000;
            let json = self.ballot(voter, &votes);
            self.cast(voter, &json);
            if n == 0 && self.spec.audit {
                let audited = self.ballot(1, &votes);
                self.audit(&audited);
            }
        }
    }

    pub fn ballot(&mut self, voter: usize, votes: &[Vec<i64>]) -> String {
        self.boxes[0].suite.ballot(&secret(voter), votes, &mut self.dice)
    }

    /// Casts a ballot as it should be cast: replacing the voter's latest one.
    pub fn cast(&mut self, voter: usize, json: &str) {
        let credential = text_of(&(G * secret(voter)));
        let latest = self.boxes[0]
            .cast
            .iter()
            .rev()
            .find(|cast| cast.credential == credential);
        let replaced = latest.map(|latest| latest.json.clone());
        let chain = replaced.map(|old| replaces(json, &old, &secret(voter), &mut self.dice));
        self.cast_as(&credential, json, chain.as_deref(), ciphertexts(json));
    }

    /// Casts whatever it is; `cts` are what the forger adds to the tally.
    pub fn cast_as(&mut self, credential: &str, json: &str, chain: Option<&[u8]>, cts: Vec<Vec<Ct>>) {
        let enc = Enc::default().text(json);
        let payload = match chain {
            None => enc.byte(0).0,
            Some(chain) => enc.byte(1).raw(chain).0,
        };
        let (service, district) = (self.service(), self.boxes[0].district);
        self.push(district, 0x0403, &service, payload);
        let at = self.now;
        self.boxes[0].cast.push(Cast {
            json: json.to_owned(),
            credential: credential.to_owned(),
            cts,
            at,
        });
    }

    pub fn audit(&mut self, json: &str) {
        let announced = alphas(json);
        let payload = Enc::default()
            .raw(&sha(&[json.as_bytes()]))
            .int(announced.len() as u64);
        let (service, district) = (self.service(), self.boxes[0].district);
        self.push(district, 0x0404, &service, payload.raw(&announced.concat()).0);
        self.boxes[0].audits += 1;
    }

    pub fn close(&mut self) {
        let after = CLOSES + GRACE + 1;
        self.now = if self.stations.is_empty() {
            after
        } else {
            after.max(self.now)
        };
        let mut excluded: Vec<[u8; 32]> = self
            .spec
            .excluded
            .iter()
            .map(|n| (G * secret(*n)).compress().0)
            .collect();
        excluded.sort();
        if !self.stations.is_empty() {
            for district in self.districts() {
                self.push(district, 0x0405, "commission", Vec::new());
            }
            return self.bring_books(&excluded);
        }
        for (n, district) in self.districts().into_iter().enumerate() {
            self.push(district, 0x0405, "commission", Vec::new());
            let list = if n == 0 { excluded.clone() } else { Vec::new() };
            let content = self.content("exclusions", credential_list(&list));
            let payload = Enc::default().content(&content).int(list.len() as u64).0;
            self.push(district, 0x0406, "registrar", payload);
        }
    }

    fn is_excluded(&self, credential: &str) -> bool {
        self.spec
            .excluded
            .iter()
            .any(|n| text_of(&(G * secret(*n))) == credential)
    }

    /// Positions of the ballots that count.
    fn counted(&self, n: usize) -> Vec<usize> {
        let cast = &self.boxes[n].cast;
        (0..cast.len())
            .filter(|at| {
                let credential = &cast[*at].credential;
                !self.is_excluded(credential)
                    && cast[at + 1..].iter().all(|later| later.credential != *credential)
            })
            .collect()
    }

    pub fn seal(&mut self) {
        for n in 0..self.boxes.len() {
            self.now += 1_000;
            let counted = self.boxes[n].counts.clone().unwrap_or_else(|| self.counted(n));
            let neutral = (EdwardsPoint::identity(), EdwardsPoint::identity());
            let mut tally: Vec<Vec<Ct>> = self.boxes[n]
                .suite
                .questions
                .iter()
                .map(|q| vec![neutral; q.answers + usize::from(q.blank)])
                .collect();
            let mut hashes = Vec::new();
            for at in &counted {
                let cast = &self.boxes[n].cast[*at];
                hashes.push(cast.hash());
                for (sums, cts) in tally.iter_mut().zip(&cast.cts) {
                    for (sum, ct) in sums.iter_mut().zip(cts) {
                        *sum = (sum.0 + ct.0, sum.1 + ct.1);
                    }
                }
            }
            hashes.sort_unstable();
            let mut parts: Vec<&[u8]> = vec![b"sijill/counted/v1\n"];
            parts.extend(hashes.iter().map(|hash| hash.as_slice()));
            let digest = sha(&parts);
            self.seal_as(n, counted.len(), digest, tally);
        }
    }

    pub fn seal_as(&mut self, n: usize, counted: usize, digest: [u8; 32], tally: Vec<Vec<Ct>>) {
        let district = self.boxes[n].district;
        self.push(district, 0x0407, "commission", Vec::new());
        let encrypted = self.content("tally", join(&tally, |row| join(row, ct_json)));
        let sized = format!(
            "{{\"num_tallied\":{counted},\"total_weight\":{counted},\"encrypted_tally\":\"{}\"}}",
            hex::encode(encrypted.hash)
        );
        let sized = self.content("sized tally", sized);
        let cause = self.boxes[n].ledger.last_body_hash;
        let payload = Enc::default()
            .raw(&cause)
            .int(counted as u64)
            .raw(&digest)
            .content(&encrypted)
            .content(&sized)
            .0;
        let service = self.service();
        self.push(district, 0x0408, &service, payload);
        let sealed = &mut self.boxes[n];
        (sealed.tally, sealed.counted, sealed.digest) = (tally, counted, digest);
        (sealed.encrypted, sealed.sized) = (Some(encrypted), Some(sized));
        sealed.sealed_size = sealed.ledger.size();
    }

    pub fn anchor(&mut self) {
        for n in 0..self.boxes.len() {
            self.now += 1_000;
            let b = &self.boxes[n];
            let payload = Enc::default()
                .raw(&b.ledger.id)
                .int(b.ledger.size())
                .int(b.counted as u64)
                .content(&b.encrypted.unwrap())
                .content(&b.sized.unwrap())
                .0;
            let cite = b.ledger.cite();
            let service = self.service();
            self.push_citing("election", 0x0306, &service, &[cite], payload);
        }
    }

    fn is_decrypted(&self, n: usize) -> bool {
        self.boxes[n].counted as u64 >= self.spec.min_ballots
    }

    pub fn decrypt(&mut self) {
        for n in 0..self.boxes.len() {
            if self.is_decrypted(n) {
                for index in self.spec.decrypting.clone() {
                    let share = self.share(n, index);
                    self.submit_share(n, index, share);
                }
            }
        }
    }

    /// The share of a trustee in the tally of a box.
    pub fn share(&mut self, n: usize, index: usize) -> String {
        let tally = self.boxes[n].tally.clone();
        self.share_of(n, index, &tally)
    }

    pub fn share_of(&mut self, n: usize, index: usize, tally: &[Vec<Ct>]) -> String {
        let x = self.trustees[index - 1];
        let prefix = format!("decrypt|{}|{}|", self.boxes[n].suite.phi, text_of(&(G * x)));
        let mut proofs = Vec::new();
        for row in tally {
            let row: Vec<_> = row
                .iter()
                .map(|ct| {
                    let w = self.dice.roll();
                    let c = challenge(&prefix, &[G * w, ct.0 * w]);
                    (c, w - x * c)
                })
                .collect();
            proofs.push(join(&row, proof_json));
        }
        let factors = join(tally, |row| {
            join(row, |ct| format!("\"{}\"", text_of(&(ct.0 * x))))
        });
        let points = tally
            .iter()
            .map(|row| row.iter().map(|ct| ct.0 * x).collect())
            .collect();
        self.boxes[n].shares.insert(index, points);
        format!(
            "{{\"decryption_factors\":{factors},\"decryption_proofs\":[{}]}}",
            proofs.join(",")
        )
    }

    pub fn submit_share(&mut self, n: usize, index: usize, share: String) {
        self.now += 1_000;
        let share = self.content(&format!("share {index}"), share);
        let text = self.text(share).to_owned();
        self.boxes[n].share_texts.entry(index).or_insert(text);
        let payload = Enc::default()
            .raw(&self.boxes[n].ledger.id)
            .int(index as u64)
            .content(&share)
            .0;
        self.push("election", 0x0307, &format!("trustee {index}"), payload);
    }

    pub fn declare(&mut self) {
        for n in 0..self.boxes.len() {
            if !self.is_decrypted(n) {
                continue;
            }
            let single = self.spec.threshold == self.spec.trustees;
            let slots: Vec<usize> = self.boxes[n]
                .shares
                .keys()
                .copied()
                .take(self.spec.threshold)
                .collect();
            let result: Vec<Vec<i64>> = self.boxes[n]
                .tally
                .iter()
                .enumerate()
                .map(|(i, row)| {
                    let open = |(j, ct): (usize, &Ct)| {
                        let factor: EdwardsPoint = slots
                            .iter()
                            .map(|slot| {
                                let lambda = if single {
                                    Scalar::ONE
                                } else {
                                    lagrange(*slot, &slots)
                                };
                                self.boxes[n].shares[slot][i][j] * lambda
                            })
                            .sum();
                        let point = ct.1 - factor;
                        (0..64)
                            .find(|v| G * Scalar::from(*v as u64) == point)
                            .unwrap_or(0)
                    };
                    row.iter().enumerate().map(open).collect()
                })
                .collect();
            let json = format!(
                "{{\"result\":{}}}",
                join(&result, |row| join(row, i64::to_string))
            );
            self.boxes[n].result = result;
            self.declare_as(n, json);
        }
    }

    pub fn declare_as(&mut self, n: usize, json: String) {
        self.now += 1_000;
        let result = self.content("result", json);
        self.boxes[n].result_text = self.text(result).to_owned();
        let payload = Enc::default().raw(&self.boxes[n].ledger.id).content(&result).0;
        self.push("election", 0x0308, "commission", payload);
    }

    fn text(&self, content: Content) -> &str {
        std::str::from_utf8(&self.contents[&hex::encode(content.hash)]).unwrap()
    }

    /// The archive of a box, with the ballots that `keep` lets in. Spec: specs/election.md §8.
    pub fn archive(&self, n: usize, keep: impl Fn(usize) -> bool) -> Vec<u8> {
        let b = &self.boxes[n];
        let shares: Vec<(usize, String)> = b
            .share_texts
            .iter()
            .map(|(index, text)| (*index, text.clone()))
            .take(self.spec.threshold)
            .collect();
        let parts = sijill_ballot::ArchiveParts {
            timestamp: CLOSES / 1000,
            election: &b.record,
            trustees: self.text(self.trustees_content.unwrap()),
            credentials: self.text(b.credentials),
            encrypted_tally: self.text(b.encrypted.unwrap()),
            sized_tally: self.text(b.sized.unwrap()),
            shares: &shares,
            result: &b.result_text,
        };
        let ballots = b
            .cast
            .iter()
            .enumerate()
            .filter(|(at, cast)| keep(*at) && !self.is_excluded(&cast.credential));
        let ballots = ballots.map(|(_, cast)| Ok::<_, std::io::Error>(cast.json.as_bytes()));
        let mut out = Vec::new();
        sijill_ballot::write_archive(&mut out, &parts, ballots).unwrap();
        out
    }

    /// Whether a result of the box was declared.
    pub fn has_result(&self, n: usize) -> bool {
        self.boxes.get(n).is_some_and(|b| !b.result_text.is_empty())
    }

    /// Lays the archive of the first box into the folder.
    pub fn add_archive(&mut self, archive: Vec<u8>) {
        let path = format!("archives/{}.bel", self.boxes[0].suite.uuid);
        self.extra.insert(path, archive);
    }

    /// Paper returns and views; certification and archives if the event has them.
    pub fn publish_views(&mut self) {
        for n in 0..self.boxes.len() {
            self.now += 1_000;
            if self.spec.paper {
                self.return_paper(n);
            }
            let size = self.boxes[n].sealed_size;
            for (view, document) in [
                ("turnout", self.turnout(n)),
                ("trackers", self.trackers(n)),
                ("tally", self.tally_view(n)),
            ] {
                self.publish_view(n, view, size, document);
            }
            if self.is_decrypted(n) || self.spec.paper {
                self.publish_result(n);
            }
        }
        if self.spec.certified {
            self.certify();
        }
    }

    /// As many papers as credentials are excluded, and one more that is invalid. All vote for the first answer.
    fn return_paper(&mut self, n: usize) {
        let valid = if n == 0 {
            self.spec.excluded.len() as u64
        } else {
            0
        };
        let questions = &self.boxes[n].suite.questions;
        let counts: Vec<Vec<u64>> = questions
            .iter()
            .map(|q| {
                let mut row = vec![0; q.answers + usize::from(q.blank)];
                row[usize::from(q.blank)] = valid;
                row
            })
            .collect();
        if !self.stations.is_empty() {
            return self.return_stations(n);
        }
        let mut payload = Enc::default()
            .raw(&self.boxes[n].ledger.id)
            .int(valid + 1)
            .int(valid)
            .int(1)
            .int(0)
            .int(counts.len() as u64);
        for row in &counts {
            payload = payload.int(row.len() as u64);
            for count in row {
                payload = payload.int(*count);
            }
        }
        (self.boxes[n].paper, self.boxes[n].paper_cast) = (counts, (valid, 1));
        self.push("election", 0x0309, "commission", payload.0);
    }

    /// The view of the result, and at once that of who is elected, unless a tie stands in its way.
    pub fn publish_result(&mut self, n: usize) {
        let document = self.result_view(n);
        self.publish_view(n, "result", self.election.size(), document);
        if self.spec.adopts {
            self.publish_outcome(n);
        }
    }

    pub fn publish_outcome(&mut self, n: usize) {
        if let Some(document) = self.outcome_view(n) {
            self.publish_view(n, "outcome", self.election.size(), document);
        }
    }

    /// Who is elected by the question with seats, by votes or unopposed, and who is level for how many seats more.
    pub fn standing(&self) -> (Vec<(usize, &'static str)>, Vec<usize>, usize) {
        let b = &self.boxes[0];
        let question = &b.suite.questions[0];
        let votes = |answer: usize| {
            let choice = answer + usize::from(question.blank);
            let digital = b.result.first().map_or(0, |row| row[choice].unsigned_abs());
            digital + b.paper.first().map_or(0, |row| row[choice])
        };
        let seats = self.spec.seats;
        let standing: Vec<usize> = (0..question.answers)
            .filter(|answer| !self.removed.contains(answer))
            .collect();
        let ahead = |a: usize| standing.iter().filter(|other| votes(**other) > votes(a)).count();
        // Whoever fewer than so many are ahead of or level with is in by votes.
        let not_behind = |a: usize| standing.iter().filter(|other| votes(**other) >= votes(a)).count();
        let (mut elected, mut level) = (Vec::new(), Vec::new());
        for answer in &standing {
            if standing.len() <= seats {
                elected.push((*answer, "unopposed"));
            } else if not_behind(*answer) <= seats {
                elected.push((*answer, "votes"));
            } else if ahead(*answer) < seats {
                level.push(*answer);
            }
        }
        let left = seats.saturating_sub(elected.len());
        (elected, level, left)
    }

    /// What the view of the outcome says; nothing while a tie stands in its way.
    pub fn outcome_view(&self, n: usize) -> Option<String> {
        let b = &self.boxes[n];
        let rows: Vec<usize> = (0..b.suite.questions.len()).collect();
        let seats = self.spec.seats;
        let (mut elected, level, _) = self.standing();
        if n == 0 && seats > 0 && !level.is_empty() && self.decided.is_none() {
            return None;
        }
        if let Some((chosen, by)) = &self.decided {
            elected.extend(chosen.iter().map(|answer| (*answer, *by)));
        }
        elected.sort_unstable();
        let questions = join(&rows, |row| {
            if n > 0 || *row > 0 || seats == 0 {
                return "{\"seats\":0}".to_owned();
            }
            let elected = join(&elected, |(answer, by)| {
                format!("{{\"answer\":{answer},\"by\":\"{by}\"}}")
            });
            let void = join(&self.removed, usize::to_string);
            format!("{{\"seats\":{seats},\"elected\":{elected},\"void\":{void}}}")
        });
        Some(format!(
            "{},\"district\":\"{}\",\"pack\":\"{}\",\"questions\":{questions}}}",
            self.view_head(n, "outcome", self.election.size()),
            b.district,
            hex::encode(self.rules.unwrap().hash),
        ))
    }

    /// Decides a tie of the first box in favour of these answers; witnesses make it lots.
    pub fn decide_tie(&mut self, chosen: &[usize], by: &[&str]) {
        let rule = if by.len() == 1 { 1 } else { 2 };
        let mut enc = Enc::default()
            .raw(&self.boxes[0].ledger.id)
            .int(0)
            .int(chosen.len() as u64);
        enc = chosen.iter().fold(enc, |enc, answer| enc.int(*answer as u64));
        enc = by
            .iter()
            .fold(enc.byte(rule).int(by.len() as u64), |enc, name| enc.text(name));
        self.now += 1_000;
        self.push(
            "election",
            0x0321,
            "commission",
            enc.text("Level at the last seat").0,
        );
    }

    /// The papers of the first box, counted again: votes for each answer of its only question.
    pub fn recount(&mut self, counts: &[u64], invalid: u64) {
        let valid: u64 = counts.iter().sum();
        let mut enc = Enc::default().raw(&self.boxes[0].ledger.id).int(valid + invalid);
        enc = enc.int(valid).int(invalid).int(0).int(1).int(counts.len() as u64);
        enc = counts.iter().fold(enc, |enc, count| enc.int(*count));
        self.now += 1_000;
        (self.boxes[0].paper, self.boxes[0].paper_cast) = (vec![counts.to_vec()], (valid, invalid));
        self.decided = None;
        self.push("election", 0x0322, "commission", enc.text("A sum was wrong").0);
    }

    pub fn remove(&mut self, answer: u64, cause: u8) {
        self.now += 1_000;
        let district = self.boxes[0].district;
        let enc = Enc::default().text(district).int(0).int(answer).byte(cause);
        self.push(
            "election",
            0x0323,
            "commission",
            enc.text("Court of Appeal, 12/2026").0,
        );
    }

    /// An objection to the result of the first box: its position.
    pub fn object(&mut self) -> u64 {
        self.now += 1_000;
        let enc = Enc::default()
            .raw(&self.boxes[0].ledger.id)
            .raw(&[7; 32])
            .raw(&[8; 32]);
        let seq = self.election.size();
        self.push("election", 0x0324, "registrar", enc.0);
        seq
    }

    pub fn decide_objection(&mut self, objection: u64, decision: u8) {
        self.now += 1_000;
        let enc = Enc::default().int(objection).byte(decision);
        self.push("election", 0x0325, "commission", enc.text("Nothing was found").0);
    }

    pub fn certify(&mut self) {
        self.now += 1_000;
        self.push("election", 0x0311, "commission", Vec::new());
    }

    pub fn publish_view(&mut self, n: usize, view: &str, size: u64, document: String) {
        let content = self.content(&format!("view {view}"), document);
        let payload = Enc::default()
            .text(view)
            .raw(&self.boxes[n].ledger.id)
            .int(size)
            .content(&content)
            .0;
        let service = self.service();
        self.push("election", 0x030a, &service, payload);
    }

    fn view_head(&self, n: usize, view: &str, size: u64) -> String {
        format!(
            "{{\"format\":\"sijill-{view}/1\",\"ledger\":\"{}\",\"size\":{size}",
            hex::encode(self.boxes[n].ledger.id)
        )
    }

    pub fn turnout(&self, n: usize) -> String {
        let b = &self.boxes[n];
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        for cast in &b.cast {
            first.entry(&cast.credential).or_insert(cast.at);
        }
        let mut hours: BTreeMap<u64, u64> = BTreeMap::new();
        for at in first.values() {
            // Qatar is three full hours ahead of UTC.
            *hours.entry(at - at % 3_600_000).or_default() += 1;
        }
        let excluded = first
            .keys()
            .filter(|credential| self.is_excluded(credential))
            .count();
        let by_hour: Vec<_> = hours.into_iter().collect();
        let eligible = if b.holders == 0 && n > 0 { 0 } else { b.holders + 1 };
        format!(
            "{},\"district\":\"{}\",\"eligible\":{eligible},\"holders\":{},\"digital\":{{\"ballots\":{},\"voters\":{},\"superseded\":{},\
             \"excluded\":{excluded},\"audits\":{}}},\"by_hour\":{}}}",
            self.view_head(n, "turnout", b.sealed_size),
            b.district,
            b.holders,
            b.cast.len(),
            first.len(),
            b.cast.len() - first.len(),
            b.audits,
            join(&by_hour, |(start, voters)| format!(
                "{{\"start_ms\":{start},\"voters\":{voters}}}"
            ))
        )
    }

    pub fn trackers(&self, n: usize) -> String {
        let b = &self.boxes[n];
        let mut rows: Vec<([u8; 32], &str)> = Vec::new();
        for (at, cast) in b.cast.iter().enumerate() {
            let latest = b.cast[at + 1..]
                .iter()
                .all(|later| later.credential != cast.credential);
            let state = match (latest, self.is_excluded(&cast.credential)) {
                (false, _) => "superseded",
                (true, true) => "excluded",
                (true, false) => "counted",
            };
            rows.push((cast.hash(), state));
        }
        rows.sort_unstable();
        format!(
            "{},\"trackers\":{}}}",
            self.view_head(n, "trackers", b.sealed_size),
            join(&rows, |(hash, state)| format!("[\"{}\",\"{state}\"]", b64(hash)))
        )
    }

    pub fn tally_view(&self, n: usize) -> String {
        let b = &self.boxes[n];
        format!(
            "{},\"counted\":{},\"counted_digest\":\"{}\",\"encrypted_tally\":\"{}\",\"sized_tally\":\"{}\"}}",
            self.view_head(n, "tally", b.sealed_size),
            b.counted,
            hex::encode(b.digest),
            hex::encode(b.encrypted.unwrap().hash),
            hex::encode(b.sized.unwrap().hash)
        )
    }

    pub fn result_view(&self, n: usize) -> String {
        let b = &self.boxes[n];
        let (paper_valid, paper_invalid) = b.paper_cast;
        let digital = if self.is_decrypted(n) { b.counted as u64 } else { 0 };
        let cast = digital + paper_valid + paper_invalid;
        let valid = digital + paper_valid;
        let bp = |a: u64, b: u64| (10_000 * a + b / 2).checked_div(b).unwrap_or(0);
        let three = |d: u64, p: u64| format!("\"digital\":{d},\"paper\":{p},\"total\":{}", d + p);
        let eligible = if b.holders == 0 && n > 0 {
            0
        } else {
            b.holders as u64 + 1
        };
        let rows: Vec<usize> = (0..b.suite.questions.len()).collect();
        let questions = join(&rows, |row| {
            let q = &b.suite.questions[*row];
            let count = |choice: usize| {
                let d = b.result.get(*row).map_or(0, |row| row[choice].unsigned_abs());
                (d, b.paper.get(*row).map_or(0, |row| row[choice]))
            };
            let write = |choice: usize, of: u64| {
                let (d, p) = count(choice);
                format!(
                    "{{{},\"of_cast_bp\":{},\"of_valid_bp\":{}}}",
                    three(d, p),
                    bp(d + p, cast),
                    bp(d + p, of)
                )
            };
            let first = usize::from(q.blank);
            let (blank, naming) = if q.blank {
                let (d, p) = count(0);
                (format!("\"blank\":{},", write(0, valid)), valid - d - p)
            } else {
                (String::new(), valid)
            };
            let choices: Vec<usize> = (first..q.answers + first).collect();
            format!(
                "{{{blank}\"answers\":{}}}",
                join(&choices, |choice| write(*choice, naming))
            )
        });
        format!(
            "{},\"district\":\"{}\",\"rehearsal\":true,\"eligible\":{eligible},\"cast\":{{{}}},\"valid\":{{{}}},\"invalid\":{{{}}},\
             \"turnout_bp\":{},\"questions\":{questions}}}",
            self.view_head(n, "result", self.election.size()),
            b.district,
            three(digital, paper_valid + paper_invalid),
            three(digital, paper_valid),
            three(0, paper_invalid),
            bp(cast, eligible)
        )
    }

    /// The published folder; contents that nothing cites are left out.
    pub fn files(&self, accredited: bool) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        self.election.publish(&mut files);
        if accredited {
            self.roll.publish(&mut files);
        }
        self.boxes.iter().for_each(|b| b.ledger.publish(&mut files));
        for station in self.stations.iter().filter(|s| accredited && s.published) {
            station.ledger.publish(&mut files);
        }
        for (name, bytes) in &self.contents {
            // Cited by the roll alone.
            let of_roll =
                !self.spec.adopts && self.rules.is_some_and(|rules| hex::encode(rules.hash) == *name);
            if !accredited && of_roll {
                continue;
            }
            files.insert(format!("content/{name}"), bytes.clone());
        }
        files.extend(self.extra.clone());
        files
    }

    /// A trust file that knows every ledger as it stands.
    pub fn trust(&self) -> String {
        let kinds = ["", "calendar", "roll", "election", "ballot-box", "station"];
        let ledgers = [&self.election, &self.roll]
            .into_iter()
            .chain(self.boxes.iter().map(|b| &b.ledger))
            .chain(self.stations.iter().filter(|s| s.published).map(|s| &s.ledger))
            .filter(|ledger| ledger.size() > 0)
            .map(|ledger| {
                format!(
                    "{{\"id\":\"{}\",\"kind\":\"{}\",\"origin\":\"{}\",\"key\":\"{}\",\"checkpoint\":{{\"size\":{},\"root\":\"{}\"}}}}",
                    hex::encode(ledger.id),
                    kinds[ledger.kind as usize],
                    ledger.origin,
                    hex::encode(public(&ledger.ledger_key)),
                    ledger.size(),
                    hex::encode(super::forge::root(&ledger.leaves))
                )
            });
        format!(
            "{{\"format\":\"sijill-trust/1\",\n \"event\":\"{}\",\n \"ledgers\":[{}]}}\n",
            hex::encode(self.election.id),
            ledgers.collect::<Vec<_>>().join(",\n")
        )
    }
}

pub fn credential_list(points: &[[u8; 32]]) -> String {
    join(points, |point| {
        let mut bytes = *point;
        bytes.reverse();
        format!("\"{}\"", hex::encode(bytes))
    })
}

fn lagrange(slot: usize, slots: &[usize]) -> Scalar {
    let mut lambda = Scalar::ONE;
    for other in slots.iter().filter(|other| **other != slot) {
        let (m, j) = (Scalar::from(*other as u64), Scalar::from(slot as u64));
        lambda *= m * (m - j).invert();
    }
    lambda
}

fn uuid(ledger: &[u8; 32]) -> String {
    let alphabet = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let h = sha(&[b"sijill/uuid/v1\n", ledger]);
    h[..22]
        .iter()
        .map(|byte| char::from(alphabet[usize::from(byte % 58)]))
        .collect()
}

/// A response beyond the group order: the same scalar, spelled differently.
pub fn plus_order(text: &str) -> String {
    let q = "7237005577332262213973186563042994240857116359379907606001950938285454250989";
    let mut carry = 0;
    let mut out: Vec<u8> = Vec::new();
    let (mut a, mut b) = (text.bytes().rev(), q.bytes().rev());
    loop {
        let (x, y) = (a.next(), b.next());
        if x.is_none() && y.is_none() && carry == 0 {
            break;
        }
        let sum = x.map_or(0, |d| d - b'0') + y.map_or(0, |d| d - b'0') + carry;
        out.push(b'0' + sum % 10);
        carry = sum / 10;
    }
    out.reverse();
    String::from_utf8(out).unwrap()
}
