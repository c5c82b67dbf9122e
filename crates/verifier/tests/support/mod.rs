//! A second engine, for tests only: its own encoder, signer, ballot maker and publisher, written from the specifications.
//!
//! [`build`] plays a whole event: two trustees, a district `east` with re-vote, audit and exclusion, and a district `west` without voters.
//! Every entry passes through a hook before it is signed, and every content before it is cited, so a test can play a forger who holds all keys.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as G;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use sijill_verifier::{MemorySource, Trust};

pub(crate) mod consultation;
pub(crate) mod stations;

pub(crate) const OPENS: u64 = 1_800_003_600_000;
pub(crate) const CLOSES: u64 = 1_800_010_800_000;
pub(crate) const GRACE: u64 = 60_000;

pub(crate) fn sha(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

pub(crate) fn b64(hash: &[u8; 32]) -> String {
    STANDARD_NO_PAD.encode(hash)
}

pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&sha(&[b"verifier test key ", name.as_bytes()]))
}

pub(crate) fn public(name: &str) -> [u8; 32] {
    key(name).verifying_key().to_bytes()
}

/// Canonical bytes.
#[derive(Default, Clone)]
pub(crate) struct Enc(pub(crate) Vec<u8>);

impl Enc {
    pub(crate) fn byte(mut self, value: u8) -> Enc {
        self.0.push(value);
        self
    }
    pub(crate) fn int(mut self, mut value: u64) -> Enc {
        while value >= 0x80 {
            self.0.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.byte(value as u8)
    }
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Enc {
        self.0.extend_from_slice(bytes);
        self
    }
    pub(crate) fn bytes(self, bytes: &[u8]) -> Enc {
        self.int(bytes.len() as u64).raw(bytes)
    }
    pub(crate) fn text(self, text: &str) -> Enc {
        self.bytes(text.as_bytes())
    }
    pub(crate) fn content(self, content: &(Vec<u8>, [u8; 32])) -> Enc {
        self.raw(&content.1).int(content.0.len() as u64)
    }
}

pub(crate) fn grant(key: &[u8; 32], role: u8, scope: Option<&str>) -> Vec<u8> {
    let enc = Enc::default().raw(key).byte(role);
    match scope {
        None => enc.byte(0).0,
        Some(scope) => enc.byte(1).text(scope).0,
    }
}

/// An entry before it is signed. Hooks change what they like.
#[derive(Clone)]
pub(crate) struct Draft {
    /// `election`, `roll`, `east` or `west`.
    pub(crate) ledger: &'static str,
    pub(crate) event_type: u16,
    /// How many entries of this type the ledger has already.
    pub(crate) nth: usize,
    pub(crate) version: u8,
    pub(crate) body_ledger: [u8; 32],
    pub(crate) author: String,
    pub(crate) author_time: u64,
    /// `None`: the honest one, computed after the hook.
    pub(crate) nonce: Option<[u8; 16]>,
    pub(crate) seen: Option<(u64, [u8; 32])>,
    pub(crate) refs: Vec<([u8; 32], u64, [u8; 32])>,
    pub(crate) payload: Vec<u8>,
    pub(crate) seq: u64,
    pub(crate) prev: [u8; 32],
    pub(crate) received: u64,
    pub(crate) sequenced: u64,
    /// How often the entry is written: 0 leaves it out.
    pub(crate) copies: usize,
    /// Flips a bit of the signature.
    pub(crate) break_signature: bool,
}

pub(crate) type Hook<'a> = &'a dyn Fn(&mut Draft);
pub(crate) type ContentHook<'a> = &'a dyn Fn(&str, Vec<u8>) -> Vec<u8>;

pub(crate) struct LedgerBuilder {
    pub(crate) name: &'static str,
    pub(crate) kind: u64,
    pub(crate) origin: String,
    pub(crate) id: [u8; 32],
    pub(crate) genesis: Vec<u8>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) leaves: Vec<[u8; 32]>,
    counts: BTreeMap<u16, usize>,
    pub(crate) last_body_hash: [u8; 32],
}

impl LedgerBuilder {
    pub(crate) fn new(
        name: &'static str,
        kind: u64,
        parent: Option<[u8; 32]>,
        grants: &[Vec<u8>],
    ) -> LedgerBuilder {
        let origin = format!("vote.example/{name}");
        let mut sorted = grants.to_vec();
        sorted.sort();
        let mut enc = Enc::default().byte(1).int(kind).text(&origin);
        enc = match parent {
            None => enc.byte(0),
            Some(parent) => enc.byte(1).raw(&parent),
        };
        enc = enc
            .raw(&public(&format!("{name} ledger")))
            .raw(&public(&format!("{name} service")));
        enc = enc.int(sorted.len() as u64);
        for grant in &sorted {
            enc = enc.raw(grant);
        }
        let genesis = enc
            .int(5_000)
            .int(600_000)
            .raw(&sha(&[name.as_bytes()]))
            .byte(0)
            .0;
        LedgerBuilder {
            name,
            kind,
            origin,
            id: sha(&[&genesis]),
            genesis,
            entries: Vec::new(),
            leaves: Vec::new(),
            counts: BTreeMap::new(),
            last_body_hash: [0; 32],
        }
    }

    pub(crate) fn service(&self) -> String {
        format!("{} service", self.name)
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(crate) fn cite(&self) -> ([u8; 32], u64, [u8; 32]) {
        (self.id, self.size(), root(&self.leaves))
    }

    pub(crate) fn push(
        &mut self,
        hook: Hook<'_>,
        event_type: u16,
        author: &str,
        at: u64,
        refs: &[([u8; 32], u64, [u8; 32])],
        payload: Vec<u8>,
    ) {
        let by_service = author == self.service();
        let nth = *self.counts.entry(event_type).and_modify(|n| *n += 1).or_insert(1) - 1;
        let mut draft = Draft {
            ledger: self.name,
            event_type,
            nth,
            version: 1,
            body_ledger: self.id,
            author: author.to_owned(),
            author_time: if by_service { 0 } else { at },
            nonce: None,
            seen: (!by_service).then(|| (self.size(), root(&self.leaves))),
            refs: refs.to_vec(),
            payload,
            seq: self.size(),
            prev: self.leaves.last().copied().unwrap_or_default(),
            received: at,
            sequenced: at + 7,
            copies: 1,
            break_signature: false,
        };
        hook(&mut draft);
        for copy in 0..draft.copies {
            let mut draft = draft.clone();
            if copy > 0 {
                draft.seq = self.size();
                draft.prev = self.leaves.last().copied().unwrap_or_default();
            }
            self.write(&draft, copy);
        }
    }

    fn write(&mut self, draft: &Draft, copy: usize) {
        let kind = draft.event_type.to_be_bytes();
        let fixed = match draft.event_type {
            0x0001 => self.id,
            0x0403 => ballot_of(&draft.payload).map_or([0; 32], |ballot| sha(&[ballot])),
            0x0404 => sha(&[&draft.payload]),
            0x0408 => sha(&[b"sijill/consequence/v1\n", &draft.payload[..32], &kind]),
            0x0004 if draft.author == self.service() => {
                let size = draft.refs.first().map_or(0, |cited| cited.1);
                sha(&[b"sijill/service/v1\n", &kind, &size.to_be_bytes()])
            }
            _ if self.kind >= 6 && draft.author == self.service() => {
                sha(&[b"sijill/service/v1\n", &kind, &draft.payload])
            }
            0x0306 | 0x030a | 0x0315 | 0x0316 => sha(&[b"sijill/service/v1\n", &kind, &draft.payload]),
            _ => sha(&[&self.id, &self.size().to_be_bytes(), &[copy as u8]]),
        };
        let nonce = draft.nonce.unwrap_or_else(|| fixed[..16].try_into().unwrap());
        let mut body = Enc::default()
            .raw(&draft.body_ledger)
            .int(u64::from(draft.event_type))
            .byte(draft.version);
        body = body
            .raw(&public(&draft.author))
            .int(draft.author_time)
            .raw(&nonce);
        body = match draft.seen {
            None => body.byte(0),
            Some((size, root)) => body.byte(1).int(size).raw(&root),
        };
        body = body.int(draft.refs.len() as u64);
        for (ledger, size, root) in &draft.refs {
            body = body.raw(ledger).int(*size).raw(root);
        }
        let body = body.bytes(&draft.payload).0;
        let message = [b"sijill/body/v1\n".as_slice(), &body].concat();
        let mut signature = key(&draft.author).sign(&message).to_bytes();
        if draft.break_signature {
            signature[5] ^= 1;
        }
        let entry = Enc::default().byte(1).int(draft.seq).raw(&draft.prev);
        let entry = entry
            .int(draft.received)
            .int(draft.sequenced)
            .bytes(&body)
            .raw(&signature)
            .0;
        self.leaves.push(sha(&[&[0], &entry]));
        self.entries.push(entry);
        self.last_body_hash = sha(&[&message]);
    }

    pub(crate) fn checkpoint(&self, size: u64) -> String {
        let name = format!("{}/{}", self.origin, hex::encode(self.id));
        let root = STANDARD.encode(root(&self.leaves[..size as usize]));
        let text = format!("{name}\n{size}\n{root}\n");
        let ledger_key = key(&format!("{} ledger", self.name));
        let id = sha(&[name.as_bytes(), b"\n\x01", ledger_key.verifying_key().as_bytes()]);
        let signature = [&id[..4], &ledger_key.sign(text.as_bytes()).to_bytes()].concat();
        format!("{text}\n— {name} {}\n", STANDARD.encode(signature))
    }

    /// Ledgers of these tests have at most 255 entries: one bundle, one tile.
    pub(crate) fn publish(&self, files: &mut BTreeMap<String, Vec<u8>>) {
        self.publish_first(self.size(), files);
    }

    /// Publishes the first `size` entries.
    pub(crate) fn publish_first(&self, size: u64, files: &mut BTreeMap<String, Vec<u8>>) {
        assert!(size < 256);
        let first = |list: &[[u8; 32]]| list[..size as usize].concat();
        let folder = format!("ledgers/{}", hex::encode(self.id));
        files.insert(format!("{folder}/checkpoint"), self.checkpoint(size).into_bytes());
        files.insert(format!("{folder}/tile/0/000.p/{size}"), first(&self.leaves));
        let bundle = self.entries.iter().take(size as usize).flat_map(|entry| {
            let mut framed = (entry.len() as u16).to_be_bytes().to_vec();
            framed.extend_from_slice(entry);
            framed
        });
        files.insert(format!("{folder}/tile/entries/000.p/{size}"), bundle.collect());
    }

    pub(crate) fn receipt(&self, index: u64, size: u64) -> String {
        let mut text = format!(
            "c2sp.org/tlog-proof@v1\nextra {}\nindex {index}\n",
            STANDARD.encode(&self.entries[index as usize])
        );
        for hash in inclusion(index as usize, &self.leaves[..size as usize]) {
            text.push_str(&format!("{}\n", STANDARD.encode(hash)));
        }
        format!("{text}\n{}", self.checkpoint(size))
    }
}

fn ballot_of(payload: &[u8]) -> Option<&[u8]> {
    let mut length = 0usize;
    for (index, byte) in payload.iter().enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return payload.get(index + 1..index + 1 + length);
        }
    }
    None
}

pub(crate) fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => [0; 32],
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sha(&[&[1], &root(left), &root(right)])
        }
    }
}

fn inclusion(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    let (mut proof, sibling) = if index < split {
        (inclusion(index, left), root(right))
    } else {
        (inclusion(index - split, right), root(left))
    };
    proof.push(sibling);
    proof
}

// The suite, the making side.

pub(crate) fn text_of(point: &EdwardsPoint) -> String {
    let mut bytes = point.compress().0;
    bytes.reverse();
    hex::encode(bytes)
}

pub(crate) fn decimal(scalar: &Scalar) -> String {
    let mut bytes = scalar.to_bytes().to_vec();
    let mut digits = Vec::new();
    while bytes.iter().any(|b| *b != 0) {
        let mut rest = 0u32;
        for byte in bytes.iter_mut().rev() {
            let value = rest * 256 + u32::from(*byte);
            *byte = (value / 10) as u8;
            rest = value % 10;
        }
        digits.push(b'0' + rest as u8);
    }
    if digits.is_empty() {
        digits.push(b'0');
    }
    digits.reverse();
    String::from_utf8(digits).unwrap()
}

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed << 32)
    }

    pub(crate) fn roll(&mut self) -> Scalar {
        self.0 += 1;
        Scalar::from_bytes_mod_order(sha(&[b"dice", &self.0.to_be_bytes()]))
    }
}

fn challenge(prefix: &str, points: &[EdwardsPoint]) -> Scalar {
    let texts: Vec<String> = points.iter().map(text_of).collect();
    let mut digest = sha(&[prefix.as_bytes(), texts.join(",").as_bytes()]);
    digest.reverse();
    Scalar::from_bytes_mod_order(digest)
}

fn proof_json(proof: &(Scalar, Scalar)) -> String {
    format!(
        "{{\"challenge\":\"{}\",\"response\":\"{}\"}}",
        decimal(&proof.0),
        decimal(&proof.1)
    )
}

fn join<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(","))
}

pub(crate) fn schnorr(prefix: &str, secret: &Scalar, dice: &mut Dice) -> (Scalar, Scalar) {
    let w = dice.roll();
    let c = challenge(prefix, &[G * w]);
    (c, w - secret * c)
}

type Ct = (EdwardsPoint, EdwardsPoint);

/// `claims` are (ciphertext, value); `truth` is the true one, with randomness `r`.
fn disjunction(
    prefix: &str,
    y: &EdwardsPoint,
    claims: &[(Ct, u64)],
    truth: usize,
    r: &Scalar,
    dice: &mut Dice,
) -> Vec<(Scalar, Scalar)> {
    let w = dice.roll();
    let mut proofs = Vec::new();
    let mut commitments = Vec::new();
    for (index, ((alpha, beta), value)) in claims.iter().enumerate() {
        if index == truth {
            proofs.push((Scalar::ZERO, Scalar::ZERO));
            commitments.extend([G * w, y * w]);
        } else {
            let (c, s) = (dice.roll(), dice.roll());
            proofs.push((c, s));
            commitments.push(G * s + alpha * c);
            commitments.push(y * s + (beta - G * Scalar::from(*value)) * c);
        }
    }
    let others: Scalar = proofs.iter().map(|(c, _)| *c).sum();
    let c = challenge(prefix, &commitments) - others;
    proofs[truth] = (c, w - r * c);
    proofs
}

#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) blank: bool,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

pub(crate) struct Suite {
    pub(crate) uuid: String,
    pub(crate) phi: String,
    pub(crate) y: EdwardsPoint,
    pub(crate) questions: Vec<Question>,
}

/// A ballot; `votes` has one 0 or 1 per choice.
pub(crate) fn ballot(suite: &Suite, secret: &Scalar, votes: &[Vec<u64>], dice: &mut Dice) -> String {
    let credential = text_of(&(G * secret));
    let s0 = format!("{}|{credential}", suite.phi);
    let mut answers = Vec::new();
    for (question, votes) in suite.questions.iter().zip(votes) {
        let r: Vec<Scalar> = votes.iter().map(|_| dice.roll()).collect();
        let cts: Vec<Ct> = r
            .iter()
            .zip(votes)
            .map(|(r, v)| (G * r, suite.y * r + G * Scalar::from(*v)))
            .collect();
        let pair = |ct: &Ct| format!("{},{}", text_of(&ct.0), text_of(&ct.1));
        let s = format!("{s0}|{}", cts.iter().map(pair).collect::<Vec<_>>().join(","));
        let individual: Vec<_> = cts
            .iter()
            .zip(votes)
            .zip(&r)
            .map(|((ct, v), r)| {
                let prefix = format!("prove|{s0}|{}|", pair(ct));
                disjunction(&prefix, &suite.y, &[(*ct, 0), (*ct, 1)], *v as usize, r, dice)
            })
            .collect();
        let skip = usize::from(question.blank);
        let sum: Ct = (
            cts[skip..].iter().map(|c| c.0).sum(),
            cts[skip..].iter().map(|c| c.1).sum(),
        );
        let r_sum: Scalar = r[skip..].iter().sum();
        let v_sum: u64 = votes[skip..].iter().sum();
        let range = (question.min..=question.max).map(|value| (sum, value));
        let (overall, blank) = if question.blank {
            let mut claims = vec![(cts[0], 1)];
            claims.extend(range);
            let is_blank = votes[0] == 1;
            let (truth, r_true) = if is_blank {
                (0, r[0])
            } else {
                (1 + (v_sum - question.min) as usize, r_sum)
            };
            let overall = disjunction(&format!("bproof1|{s}|"), &suite.y, &claims, truth, &r_true, dice);
            let claims = [(cts[0], 0), (sum, 0)];
            let (truth, r_true) = if is_blank { (1, r_sum) } else { (0, r[0]) };
            let blank = disjunction(&format!("bproof0|{s}|"), &suite.y, &claims, truth, &r_true, dice);
            (overall, format!(",\"blank_proof\":{}", join(&blank, proof_json)))
        } else {
            let claims: Vec<_> = range.collect();
            let truth = (v_sum - question.min) as usize;
            let prefix = format!("prove|{s}|{}|", pair(&sum));
            (
                disjunction(&prefix, &suite.y, &claims, truth, &r_sum, dice),
                String::new(),
            )
        };
        answers.push(format!(
            "{{\"choices\":{},\"individual_proofs\":{},\"overall_proof\":{}{blank}}}",
            join(&cts, ct_json),
            join(&individual, |pair| join(pair, proof_json)),
            join(&overall, proof_json),
        ));
    }
    let unsigned = format!(
        "{{\"election_uuid\":\"{}\",\"election_hash\":\"{}\",\"credential\":\"{credential}\",\"answers\":[{}]",
        suite.uuid,
        suite.phi,
        answers.join(",")
    );
    sign_ballot(&unsigned, secret, dice)
}

/// Signs a ballot that was cut off before its signature.
pub(crate) fn sign_ballot(unsigned: &str, secret: &Scalar, dice: &mut Dice) -> String {
    let h = b64(&sha(&[unsigned.as_bytes(), b"}"]));
    let proof = schnorr(&format!("sig|{h}|"), secret, dice);
    format!(
        "{unsigned},\"signature\":{{\"hash\":\"{h}\",\"proof\":{}}}}}",
        proof_json(&proof)
    )
}

pub(crate) fn ct_json(ct: &Ct) -> String {
    format!(
        "{{\"alpha\":\"{}\",\"beta\":\"{}\"}}",
        text_of(&ct.0),
        text_of(&ct.1)
    )
}

pub(crate) fn replaces(new: &str, old: &str, secret: &Scalar, dice: &mut Dice) -> Vec<u8> {
    let (new, old) = (sha(&[new.as_bytes()]), sha(&[old.as_bytes()]));
    let (c, s) = schnorr(
        &format!("sijill-replaces|{}|{}|", b64(&new), b64(&old)),
        secret,
        dice,
    );
    [old.as_slice(), c.as_bytes(), s.as_bytes()].concat()
}

fn point(text: &str) -> EdwardsPoint {
    let mut bytes: [u8; 32] = hex::decode(text).unwrap().try_into().unwrap();
    bytes.reverse();
    curve25519_dalek::edwards::CompressedEdwardsY(bytes)
        .decompress()
        .unwrap()
}

/// Ciphertexts of a ballot, by question.
fn ciphertexts(ballot: &str) -> Vec<Vec<Ct>> {
    let value: serde_json::Value = serde_json::from_str(ballot).unwrap();
    let answers = value["answers"].as_array().unwrap();
    let choices = answers.iter().map(|answer| answer["choices"].as_array().unwrap());
    let field = |ct: &serde_json::Value, name: &str| point(ct[name].as_str().unwrap());
    choices
        .map(|cts| {
            cts.iter()
                .map(|ct| (field(ct, "alpha"), field(ct, "beta")))
                .collect()
        })
        .collect()
}

pub(crate) fn alphas(ballot: &str) -> Vec<[u8; 32]> {
    ciphertexts(ballot)
        .iter()
        .flatten()
        .map(|ct| sha(&[&ct.0.compress().0]))
        .collect()
}

// The event.

pub(crate) struct Event {
    pub(crate) election: LedgerBuilder,
    pub(crate) roll: LedgerBuilder,
    pub(crate) boxes: Vec<LedgerBuilder>,
    pub(crate) contents: BTreeMap<String, Vec<u8>>,
    /// Name of the roll's rule pack, if nothing public cites it.
    roll_alone: Option<String>,
}

impl Event {
    pub(crate) fn files(&self, accredited: bool) -> MemorySource {
        let mut files = BTreeMap::new();
        self.election.publish(&mut files);
        if accredited {
            self.roll.publish(&mut files);
        }
        self.boxes
            .iter()
            .for_each(|ballot_box| ballot_box.publish(&mut files));
        for (name, bytes) in &self.contents {
            if !accredited && self.roll_alone.as_ref() == Some(name) {
                continue;
            }
            files.insert(format!("content/{name}"), bytes.clone());
        }
        MemorySource { files }
    }

    /// A trust file that knows the first `known` entries of each ledger.
    pub(crate) fn trust_json(&self, known: Option<u64>) -> String {
        let kinds = ["", "calendar", "roll", "election", "ballot-box"];
        let ledgers = [&self.election, &self.roll]
            .into_iter()
            .chain(&self.boxes)
            .map(|ledger| {
                let checkpoint = known.map_or_else(String::new, |size| {
                    let root = hex::encode(root(&ledger.leaves[..size as usize]));
                    format!(",\"checkpoint\":{{\"size\":{size},\"root\":\"{root}\"}}")
                });
                format!(
                    "{{\"id\":\"{}\",\"kind\":\"{}\",\"origin\":\"{}\",\"key\":\"{}\"{checkpoint}}}",
                    hex::encode(ledger.id),
                    kinds[ledger.kind as usize],
                    ledger.origin,
                    hex::encode(public(&format!("{} ledger", ledger.name)))
                )
            });
        format!(
            "{{\"format\":\"sijill-trust/1\",\n \"event\":\"{}\",\n \"ledgers\":[{}]}}\n",
            hex::encode(self.election.id),
            ledgers.collect::<Vec<_>>().join(",\n")
        )
    }

    pub(crate) fn trust(&self, known: Option<u64>) -> Trust {
        Trust::parse(self.trust_json(known).as_bytes()).unwrap()
    }
}

pub(crate) fn honest() -> Event {
    build(&|_| {}, &|_, bytes| bytes)
}

pub(crate) fn secret(n: u64) -> Scalar {
    Scalar::from(1_000_003u64) * Scalar::from(n + 1)
}

/// Text of a voter's public credential.
pub(crate) fn credential(n: u64) -> String {
    text_of(&(G * secret(n)))
}

/// The point plus one of order 8.
pub(crate) fn with_torsion(text: &str) -> String {
    text_of(&(point(text) + curve25519_dalek::constants::EIGHT_TORSION[1]))
}

fn uuid(ledger: &[u8; 32]) -> String {
    let alphabet = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let h = sha(&[b"sijill/uuid/v1\n", ledger]);
    h[..22]
        .iter()
        .map(|byte| char::from(alphabet[usize::from(byte % 58)]))
        .collect()
}

pub(crate) const MANIFEST: &str = "{\"format\":\"sijill-manifest/1\",\"id\":\"test-1\",\"name\":{\"en\":\"A \\\"test\\\"\",\"ar\":\"تجربة\"},\
\"rehearsal\":true,\"suite\":\"belenios-v1-ed25519\",\"rules\":\"plain-1\",\"time_zone\":\"Asia/Qatar\",\
\"opens_ms\":1800003600000,\"closes_ms\":1800010800000,\"grace_ms\":60000,\"revote\":true,\"paper\":true,\"min_ballots\":0,\"certification_quorum\":1,\
\"administrator\":\"Commission\",\"credential_authority\":\"Registrar\",\
\"trustees\":{\"threshold\":2,\"names\":[\"T One\",\"T Two\"]},\"districts\":[\
{\"id\":\"east\",\"name\":{\"en\":\"East\",\"ar\":\"\"},\"questions\":[\
{\"question\":{\"en\":\"Agree?\",\"ar\":\"موافق\"},\"answers\":[{\"en\":\"Yes\",\"ar\":\"نعم\"},{\"en\":\"No\",\"ar\":\"\"}],\"blank\":true,\"min\":1,\"max\":1},\
{\"question\":{\"en\":\"Which?\",\"ar\":\"\"},\"answers\":[{\"en\":\"A\",\"ar\":\"\"},{\"en\":\"B\",\"ar\":\"\"}],\"blank\":false,\"min\":0,\"max\":2}]},\
{\"id\":\"west\",\"name\":{\"en\":\"West\",\"ar\":\"\"},\"questions\":[\
{\"question\":{\"en\":\"W?\",\"ar\":\"\"},\"answers\":[{\"en\":\"W\",\"ar\":\"\"}],\"blank\":false,\"min\":0,\"max\":1}]}]}";

pub(crate) const RULES: &str = "{\"format\":\"sijill-rules/2\",\"id\":\"plain-1\",\"version\":1,\"title\":{\"en\":\"Plain rules\",\"ar\":\"\"},\
\"legal_basis\":\"none\",\"confidence\":\"invented\",\"valid_from\":\"2026-01-01\",\
\"calendar\":{\"time_zone\":\"Asia/Qatar\",\"weekly_rest\":[\"friday\",\"saturday\"]},\
\"age\":{\"minimum\":18,\"reference\":\"polling_day\",\"leap_day\":\"march_1\"},\
\"nationality\":{\"kinds\":[\"naturalised\",\"original\"],\"naturalised_years\":0},\"exclusions\":[],\
\"identity\":{\"documents\":[\"digital_id\",\"id_card\"]},\
\"channels\":{\"registration\":[\"digital\"],\"voting\":[\"paper\",\"remote\"]},\"candidates\":{},\"campaign\":{},\
\"voting\":{\"grace_ms\":60000,\"max_lag_ms\":30000,\"official_window_ms\":3600000,\"revote\":true,\
\"in_person\":\"in-person-supersedes\",\"min_ballots_to_decrypt\":0,\"small_cell\":5},\
\"trustees\":{\"minimum\":2},\"certification\":{\"quorum\":1},\"unconfirmed\":[]}";

const EAST_QUESTIONS: &str = "[{\"answers\":[\"Yes / نعم\",\"No\"],\"blank\":true,\"min\":1,\"max\":1,\"question\":\"Agree? / موافق\"},\
{\"answers\":[\"A\",\"B\"],\"min\":0,\"max\":2,\"question\":\"Which?\"}]";

/// The numbers of a paper return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paper {
    pub(crate) valid: u64,
    pub(crate) invalid: u64,
    pub(crate) counts: Vec<Vec<u64>>,
}

impl Paper {
    pub(crate) fn new(valid: u64, invalid: u64, counts: &[&[u64]]) -> Paper {
        Paper {
            valid,
            invalid,
            counts: counts.iter().map(|row| row.to_vec()).collect(),
        }
    }

    /// Spoilt papers: none.
    fn encode(&self, mut enc: Enc) -> Enc {
        enc = enc.int(self.valid + self.invalid);
        enc = enc.int(self.valid).int(self.invalid).int(0);
        enc = enc.int(self.counts.len() as u64);
        for row in &self.counts {
            enc = enc.int(row.len() as u64);
            enc = row.iter().fold(enc, |enc, count| enc.int(*count));
        }
        enc
    }
}

/// What an event is made of, where it differs from the one of [`honest`].
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) manifest: String,
    pub(crate) rules: String,
    /// Answers of the one question of `west`, where nobody votes but on paper.
    pub(crate) west: usize,
    /// That it fills; 0: none.
    pub(crate) seats: usize,
    pub(crate) paper: bool,
    /// Boxes with fewer ballots are not decrypted.
    pub(crate) min_ballots: u64,
    /// Of `east` and `west`.
    pub(crate) papers: [Paper; 2],
}

impl Plan {
    pub(crate) fn new() -> Plan {
        Plan {
            manifest: MANIFEST.to_owned(),
            rules: RULES.to_owned(),
            west: 1,
            seats: 0,
            paper: true,
            min_ballots: 0,
            papers: [
                Paper::new(2, 1, &[&[1, 1, 0], &[1, 0]]),
                Paper::new(0, 0, &[&[0]]),
            ],
        }
    }

    /// The manifest as this plan has it.
    fn manifest(&self) -> String {
        let answers: Vec<String> = (0..self.west)
            .map(|n| format!("{{\"en\":\"{}\",\"ar\":\"\"}}", west_answer(n)))
            .collect();
        let one = "\"answers\":[{\"en\":\"W\",\"ar\":\"\"}],\"blank\":false,\"min\":0,\"max\":1";
        let seats = match self.seats {
            0 => String::new(),
            seats => format!(",\"seats\":{seats}"),
        };
        let west = format!(
            "\"answers\":[{}],\"blank\":false,\"min\":0,\"max\":{}{seats}",
            answers.join(","),
            self.west
        );
        assert!(self.manifest.contains(one));
        let min = format!("\"min_ballots\":{}", self.min_ballots);
        let paper = format!("\"paper\":{}", self.paper);
        let manifest = self.manifest.replace("\"min_ballots\":0", &min);
        manifest.replace("\"paper\":true", &paper).replace(one, &west)
    }
}

/// `W`, then `W1`, `W2` …
fn west_answer(n: usize) -> String {
    if n == 0 { "W".to_owned() } else { format!("W{n}") }
}

/// Publishes a content under a name, and gives its bytes and hash.
type Publish<'a> = &'a dyn Fn(&str, String) -> (Vec<u8>, [u8; 32]);

/// What stands on the election ledger beside what every event has.
pub(crate) struct Script<'a> {
    hook: Hook<'a>,
    election: &'a mut LedgerBuilder,
    content: Publish<'a>,
    boxes: [[u8; 32]; 2],
    papers: &'a mut [Option<Paper>; 2],
    plan: &'a Plan,
    pub(crate) now: u64,
    /// Name of the pack that was adopted.
    adopted: &'a mut Option<String>,
}

/// Where a script is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before ElectionDefined.
    Begun,
    Defined,
    TrusteesFixed,
    /// Before PollOpened.
    BoxesDefined,
    PollOpened,
    /// Paper was returned; neither result is published.
    Returned,
    /// Everything of `election.md` is there.
    Published,
}

pub(crate) const EAST: usize = 0;
pub(crate) const WEST: usize = 1;

impl Script<'_> {
    pub(crate) fn push(&mut self, event_type: u16, author: &str, payload: Vec<u8>) -> u64 {
        self.now += 10;
        self.election
            .push(self.hook, event_type, author, self.now, &[], payload);
        self.election.size() - 1
    }

    /// The polling day of the event is [`polling_day`].
    pub(crate) fn adopt(&mut self, rules: &str, day: u64) {
        let pack = (self.content)("adopted", rules.to_owned());
        *self.adopted = Some(hex::encode(pack.1));
        self.push(0x0320, "commission", Enc::default().content(&pack).int(day).0);
    }

    pub(crate) fn tie(
        &mut self,
        of: usize,
        question: u64,
        elected: &[u64],
        rule: u8,
        by: &[&str],
        reason: &str,
    ) {
        self.tie_of(self.boxes[of], question, elected, rule, by, reason);
    }

    pub(crate) fn tie_of(
        &mut self,
        ledger: [u8; 32],
        question: u64,
        elected: &[u64],
        rule: u8,
        by: &[&str],
        reason: &str,
    ) {
        let mut enc = Enc::default().raw(&ledger).int(question);
        enc = enc.int(elected.len() as u64);
        enc = elected.iter().fold(enc, |enc, answer| enc.int(*answer));
        enc = enc.byte(rule).int(by.len() as u64);
        enc = by.iter().fold(enc, |enc, name| enc.text(name));
        self.push(0x0321, "commission", enc.text(reason).0);
    }

    pub(crate) fn recount(&mut self, of: usize, paper: &Paper, reason: &str) {
        self.papers[of] = Some(paper.clone());
        self.recount_of(self.boxes[of], paper, reason);
    }

    pub(crate) fn recount_of(&mut self, ledger: [u8; 32], paper: &Paper, reason: &str) {
        let enc = paper.encode(Enc::default().raw(&ledger));
        self.push(0x0322, "commission", enc.text(reason).0);
    }

    pub(crate) fn remove(&mut self, district: &str, question: u64, answer: u64, cause: u8, reason: &str) {
        let enc = Enc::default().text(district).int(question).int(answer);
        self.push(0x0323, "commission", enc.byte(cause).text(reason).0);
    }

    pub(crate) fn object(&mut self, of: usize) -> u64 {
        self.object_to(self.boxes[of])
    }

    pub(crate) fn object_to(&mut self, ledger: [u8; 32]) -> u64 {
        let enc = Enc::default().raw(&ledger);
        let enc = enc.raw(&sha(&[b"objector"])).raw(&sha(&[b"statement"]));
        self.push(0x0324, "registrar", enc.0)
    }

    pub(crate) fn decide(&mut self, objection: u64, decision: u8, reason: &str) {
        let enc = Enc::default().int(objection).byte(decision).text(reason);
        self.push(0x0325, "commission", enc.0);
    }

    pub(crate) fn certify(&mut self) {
        self.push(0x0311, "commission", Vec::new());
    }

    fn view(&mut self, view: &str, of: usize, document: String) {
        let size = self.election.size();
        let document = (self.content)(&format!("{view}-view {} {size}", NAMES[of]), document);
        let payload = Enc::default().text(view).raw(&self.boxes[of]).int(size);
        let service = self.election.service();
        self.push(0x030a, &service, payload.content(&document).0);
    }

    /// Outcomes name this pack from now on.
    pub(crate) fn say_adopted(&mut self, pack: &[u8; 32]) {
        *self.adopted = Some(hex::encode(pack));
    }

    /// Publishes the view `result` from the return that stands.
    pub(crate) fn result(&mut self, of: usize) {
        let size = self.election.size();
        let paper = self.papers[of].clone();
        let document = result_view(self.plan, of, &self.boxes[of], size, paper.as_ref());
        self.view("result", of, document);
    }

    /// Publishes the view `outcome`.
    pub(crate) fn outcome(&mut self, of: usize, questions: &str) {
        let document = format!(
            "{{\"format\":\"sijill-outcome/1\",\"ledger\":\"{}\",\"size\":{},\"district\":\"{}\",\"pack\":\"{}\",\"questions\":[{questions}]}}",
            hex::encode(self.boxes[of]),
            self.election.size(),
            NAMES[of],
            self.adopted.clone().unwrap_or_else(|| "0".repeat(64)),
        );
        self.view("outcome", of, document);
    }
}

const NAMES: [&str; 2] = ["east", "west"];

/// The day of the poll in Qatar.
pub(crate) const fn polling_day() -> u64 {
    (OPENS + 10_800_000) / 86_400_000
}

fn result_view(plan: &Plan, of: usize, ledger: &[u8; 32], size: u64, paper: Option<&Paper>) -> String {
    let (eligible, counted, digital, blanks) = match of {
        EAST => (5, 2, vec![vec![0, 1, 1], vec![1, 0]], vec![true, false]),
        _ => (0, 0, vec![vec![0; plan.west]], vec![false]),
    };
    let bp = |a: u64, b: u64| (10_000 * a + b / 2).checked_div(b).unwrap_or(0);
    let zero = Paper::new(0, 0, &[]);
    let paper = paper.unwrap_or(&zero);
    let sum = |digital: u64, paper: u64| {
        format!(
            "\"digital\":{digital},\"paper\":{paper},\"total\":{}",
            digital + paper
        )
    };
    let cast = counted + paper.valid + paper.invalid;
    let valid = counted + paper.valid;
    let mut questions = Vec::new();
    for (row, (counts, has_blank)) in digital.iter().zip(blanks).enumerate() {
        let on_paper = |choice: usize| {
            paper
                .counts
                .get(row)
                .and_then(|row| row.get(choice))
                .copied()
                .unwrap_or(0)
        };
        let naming = valid - if has_blank { counts[0] + on_paper(0) } else { 0 };
        let count = |choice: usize, base: u64| {
            let total = counts[choice] + on_paper(choice);
            format!(
                "{{{},\"of_cast_bp\":{},\"of_valid_bp\":{}}}",
                sum(counts[choice], on_paper(choice)),
                bp(total, cast),
                bp(total, base)
            )
        };
        let blank = if has_blank {
            format!("\"blank\":{},", count(0, valid))
        } else {
            String::new()
        };
        let answers: Vec<String> = (usize::from(has_blank)..counts.len())
            .map(|choice| count(choice, naming))
            .collect();
        questions.push(format!("{{{blank}\"answers\":[{}]}}", answers.join(",")));
    }
    format!(
        "{{\"format\":\"sijill-result/1\",\"ledger\":\"{}\",\"size\":{size},\"district\":\"{}\",\"rehearsal\":{},\"eligible\":{eligible},\
         \"cast\":{{{}}},\"valid\":{{{}}},\"invalid\":{{{}}},\"turnout_bp\":{},\"questions\":[{}]}}",
        hex::encode(ledger),
        NAMES[of],
        plan.manifest.contains("\"rehearsal\":true"),
        sum(counted, paper.valid + paper.invalid),
        sum(counted, paper.valid),
        sum(0, paper.invalid),
        bp(cast, eligible),
        questions.join(",")
    )
}

/// Plays the event. Contents are named: `manifest`, `trustees`, `election east`, `credentials east`, `exclusions east`, `tally east`,
/// `sized east`, `share east 1`, `result east`, `turnout east`, and so on.
pub(crate) fn build(hook: Hook<'_>, on_content: ContentHook<'_>) -> Event {
    play(&Plan::new(), hook, on_content, &|_, _| {})
}

/// Plays an event after a plan; `script` adds to it.
#[allow(clippy::too_many_lines, unused_assignments)]
pub(crate) fn play(
    plan: &Plan,
    hook: Hook<'_>,
    on_content: ContentHook<'_>,
    script: &dyn Fn(Moment, &mut Script<'_>),
) -> Event {
    let mut dice = Dice(0);
    let contents = std::cell::RefCell::new(BTreeMap::new());
    let content = |name: &str, bytes: String| -> (Vec<u8>, [u8; 32]) {
        let bytes = on_content(name, bytes.into_bytes());
        let hash = sha(&[&bytes]);
        contents.borrow_mut().insert(hex::encode(hash), bytes.clone());
        (bytes, hash)
    };
    let grants = [
        grant(&public("commission"), 1, None),
        grant(&public("registrar"), 2, None),
        grant(&public("trustee 1"), 4, Some("1")),
        grant(&public("trustee 2"), 4, None),
    ];
    let mut election = LedgerBuilder::new("election", 3, None, &grants);
    let mut roll = LedgerBuilder::new("roll", 2, Some(election.id), &grants);
    let mut east = LedgerBuilder::new("east", 4, Some(election.id), &grants);
    let mut west = LedgerBuilder::new("west", 4, Some(election.id), &grants);
    let mut now = 1_800_000_000_000;
    for ledger in [&mut election, &mut roll, &mut east, &mut west] {
        let (service, genesis) = (ledger.service(), ledger.genesis.clone());
        ledger.push(hook, 0x0001, &service, now, &[], genesis);
    }

    let mut papers: [Option<Paper>; 2] = [None, None];
    let mut adopted = None;
    let boxes = [east.id, west.id];
    macro_rules! script {
        ($moment:ident) => {
            let mut played = Script {
                hook,
                election: &mut election,
                content: &content,
                boxes,
                papers: &mut papers,
                plan,
                now: now + 50,
                adopted: &mut adopted,
            };
            script(Moment::$moment, &mut played);
            now = played.now;
        };
    }

    // Definition.
    script!(Begun);
    now += 1_000;
    let manifest = content("manifest", plan.manifest());
    let mut listed: Vec<Vec<u8>> = vec![
        Enc::default().raw(&roll.id).int(2).byte(2).byte(0).0,
        Enc::default().raw(&east.id).int(4).byte(1).byte(1).text("east").0,
        Enc::default().raw(&west.id).int(4).byte(1).byte(1).text("west").0,
    ];
    listed.sort();
    let payload = Enc::default().content(&manifest).int(3).raw(&listed.concat()).0;
    election.push(hook, 0x0301, "commission", now, &[], payload);

    // A grant that comes and goes.
    let passing = grant(&public("passing"), 1, Some("elsewhere"));
    election.push(hook, 0x0002, "commission", now + 10, &[], passing.clone());
    election.push(hook, 0x0003, "commission", now + 20, &[], passing);

    script!(Defined);

    // Roll: five registered in east, four with a credential.
    let mut credentials: Vec<[u8; 32]> = (0..4).map(|n| (G * secret(n)).compress().0).collect();
    credentials.sort();
    let credential_text = |bytes: &[u8; 32]| {
        let mut bytes = *bytes;
        bytes.reverse();
        format!("\"{}\"", hex::encode(bytes))
    };
    let credential_list = join(&credentials, credential_text);
    let pack = content("rules", plan.rules.clone());
    // No holidays, no objections.
    let defined = Enc::default().content(&pack).byte(0).int(polling_day());
    let cite = election.cite();
    roll.push(hook, 0x0204, "commission", now, &[cite], defined.byte(0).0);
    for n in 0..5u8 {
        let voter = sha(&[b"voter", &[n]]);
        let checked = Enc::default()
            .raw(&voter)
            .byte(1)
            .byte(1)
            .raw(&sha(&[b"check", &[n]]));
        roll.push(hook, 0x0205, "registrar", now, &[], checked.0);
        roll.push(
            hook,
            0x0201,
            "registrar",
            now,
            &[],
            Enc::default().raw(&voter).text("east").0,
        );
        if n < 4 {
            let commitment = sha(&[b"commitment", &[n]]);
            roll.push(hook, 0x0202, "registrar", now, &[], [voter, commitment].concat());
        }
    }
    let east_credentials = content("credentials east", credential_list);
    let frozen = Enc::default()
        .int(1)
        .text("east")
        .int(5)
        .int(4)
        .content(&east_credentials)
        .0;
    roll.push(hook, 0x0203, "registrar", now + 100, &[], frozen);
    let west_credentials = content("credentials west", "[]".to_owned());

    // Trustees.
    let trustee_secrets = [Scalar::from(77_777u64), Scalar::from(88_888u64)];
    let names = ["T One", "T Two"];
    let mut records = Vec::new();
    for (index, (x, name)) in trustee_secrets.iter().zip(names).enumerate() {
        let public = text_of(&(G * x));
        let proof = schnorr(&format!("pok|Ed25519|{public}|"), x, &mut dice);
        let record = format!(
            "{{\"pok\":{},\"public_key\":\"{public}\",\"name\":\"{name}\"}}",
            proof_json(&proof)
        );
        now += 1_000;
        let payload = Enc::default().int(index as u64 + 1).text(&record).0;
        election.push(hook, 0x0302, &format!("trustee {}", index + 1), now, &[], payload);
        records.push(record);
    }
    let y: EdwardsPoint = trustee_secrets.iter().map(|x| G * x).sum();
    let trustees = content(
        "trustees",
        join(&records, |record| format!("[\"Single\",{record}]")),
    );
    let fixed = Enc::default().content(&trustees).raw(&y.compress().0).0;
    election.push(hook, 0x0303, "commission", now + 10, &[], fixed);
    script!(TrusteesFixed);

    // Boxes.
    let mut suites = Vec::new();
    let mut records = Vec::new();
    let west_answers: Vec<String> = (0..plan.west)
        .map(|n| format!("\"{}\"", west_answer(n)))
        .collect();
    let west_questions = format!(
        "[{{\"answers\":[{}],\"min\":0,\"max\":{},\"question\":\"W?\"}}]",
        west_answers.join(","),
        plan.west
    );
    for (ledger, questions, list, eligible, holders) in [
        (&east, EAST_QUESTIONS, &east_credentials, 5, 4),
        (&west, west_questions.as_str(), &west_credentials, 0, 0),
    ] {
        let uuid = uuid(&ledger.id);
        let record = format!(
            "{{\"version\":1,\"description\":\"test-1/{}\",\"name\":\"A \\\"test\\\" / تجربة\",\"group\":\"Ed25519\",\"public_key\":\"{}\",\
             \"questions\":{questions},\"uuid\":\"{uuid}\",\"administrator\":\"Commission\",\"credential_authority\":\"Registrar\"}}",
            ledger.name,
            text_of(&y)
        );
        let record = content(&format!("election {}", ledger.name), record);
        let payload = Enc::default()
            .text(ledger.name)
            .raw(&ledger.id)
            .content(&record)
            .content(list);
        let cite = roll.cite();
        election.push(
            hook,
            0x0304,
            "commission",
            now + 20,
            &[cite],
            payload.int(eligible).int(holders).0,
        );
        let phi = b64(&record.1);
        let plain = |blank, min, max| Question { blank, min, max };
        let questions = if ledger.name == "east" {
            vec![plain(true, 1, 1), plain(false, 0, 2)]
        } else {
            vec![plain(false, 0, plan.west as u64)]
        };
        suites.push(Suite {
            uuid,
            phi,
            y,
            questions,
        });
        records.push(record);
    }
    for (ledger, record, list) in [
        (&mut east, &records[0], &east_credentials),
        (&mut west, &records[1], &west_credentials),
    ] {
        let payload = Enc::default()
            .text(ledger.name)
            .content(record)
            .content(&trustees)
            .content(list);
        let payload = payload
            .int(OPENS)
            .int(CLOSES)
            .int(GRACE)
            .byte(1)
            .int(plan.min_ballots)
            .0;
        ledger.push(hook, 0x0401, "commission", now + 30, &[election.cite()], payload);
    }
    script!(BoxesDefined);
    now = OPENS;
    election.push(hook, 0x0305, "commission", now, &[], Vec::new());
    for ledger in [&mut east, &mut west] {
        ledger.push(hook, 0x0402, "commission", now, &[election.cite()], Vec::new());
    }

    script!(PollOpened);

    // Ballots of east.
    let service = east.service();
    let b0 = ballot(&suites[0], &secret(0), &[vec![1, 0, 0], vec![1, 1]], &mut dice);
    let b1 = ballot(&suites[0], &secret(1), &[vec![0, 0, 1], vec![1, 0]], &mut dice);
    let b2 = ballot(&suites[0], &secret(0), &[vec![0, 1, 0], vec![0, 0]], &mut dice);
    let b3 = ballot(&suites[0], &secret(2), &[vec![0, 1, 0], vec![0, 1]], &mut dice);
    let audited = ballot(&suites[0], &secret(3), &[vec![0, 1, 0], vec![0, 1]], &mut dice);
    let chain = replaces(&b2, &b0, &secret(0), &mut dice);
    let cast = |ballot: &str, replaces: Option<&[u8]>| {
        let enc = Enc::default().text(ballot);
        replaces.map_or_else(
            || enc.clone().byte(0).0,
            |replaces| enc.clone().byte(1).raw(replaces).0,
        )
    };
    east.push(hook, 0x0403, &service, OPENS + 1_000, &[], cast(&b0, None));
    east.push(hook, 0x0403, &service, OPENS + 2_000, &[], cast(&b1, None));
    let announced = alphas(&audited);
    let audit = Enc::default()
        .raw(&sha(&[audited.as_bytes()]))
        .int(announced.len() as u64);
    east.push(
        hook,
        0x0404,
        &service,
        OPENS + 3_000,
        &[],
        audit.raw(&announced.concat()).0,
    );
    east.push(
        hook,
        0x0403,
        &service,
        OPENS + 4_000_000,
        &[],
        cast(&b2, Some(&chain)),
    );
    east.push(hook, 0x0403, &service, CLOSES + GRACE, &[], cast(&b3, None));
    now = CLOSES + GRACE + 1;
    let excluded = content(
        "exclusions east",
        format!("[{}]", credential_text(&(G * secret(2)).compress().0)),
    );
    let none = content("exclusions west", "[]".to_owned());
    for (ledger, list, count) in [(&mut east, &excluded, 1), (&mut west, &none, 0)] {
        ledger.push(hook, 0x0405, "commission", now, &[], Vec::new());
        let payload = Enc::default().content(list).int(count).0;
        ledger.push(hook, 0x0406, "registrar", now + 100, &[], payload);
    }

    // Seal, anchor, decrypt, declare, publish.
    let neutral = (EdwardsPoint::identity(), EdwardsPoint::identity());
    let mut east_tally = vec![vec![neutral; 3], vec![neutral; 2]];
    for ballot in [&b1, &b2] {
        for (sums, cts) in east_tally.iter_mut().zip(ciphertexts(ballot)) {
            for (sum, ct) in sums.iter_mut().zip(cts) {
                *sum = (sum.0 + ct.0, sum.1 + ct.1);
            }
        }
    }
    let tallies = [east_tally, vec![vec![neutral; plan.west]]];
    let mut hashes: Vec<[u8; 32]> = [&b1, &b2]
        .iter()
        .map(|ballot| sha(&[ballot.as_bytes()]))
        .collect();
    hashes.sort();
    let digests = [
        sha(&[b"sijill/counted/v1\n", &hashes[0], &hashes[1]]),
        sha(&[b"sijill/counted/v1\n"]),
    ];
    let results = [
        "{\"result\":[[0,1,1],[1,0]]}".to_owned(),
        format!("{{\"result\":[{:?}]}}", vec![0; plan.west]).replace(' ', ""),
    ];
    let mut trackers: Vec<([u8; 32], &str)> = [
        (&b0, "superseded"),
        (&b1, "counted"),
        (&b2, "counted"),
        (&b3, "excluded"),
    ]
    .map(|(ballot, state)| (sha(&[ballot.as_bytes()]), state))
    .to_vec();
    trackers.sort();
    let elections_service = election.service();
    for (index, ledger) in [&mut east, &mut west].into_iter().enumerate() {
        let name = ledger.name;
        now += 1_000;
        ledger.push(hook, 0x0407, "commission", now, &[], Vec::new());
        let encrypted = content(
            &format!("tally {name}"),
            join(&tallies[index], |row| join(row, ct_json)),
        );
        let counted = [2u64, 0][index];
        let sized = format!(
            "{{\"num_tallied\":{counted},\"total_weight\":{counted},\"encrypted_tally\":\"{}\"}}",
            hex::encode(encrypted.1)
        );
        let sized = content(&format!("sized {name}"), sized);
        let seal = Enc::default()
            .raw(&ledger.last_body_hash)
            .int(counted)
            .raw(&digests[index]);
        let service = ledger.service();
        ledger.push(
            hook,
            0x0408,
            &service,
            now,
            &[],
            seal.content(&encrypted).content(&sized).0,
        );

        let size = ledger.size();
        let anchor = Enc::default()
            .raw(&ledger.id)
            .int(size)
            .int(counted)
            .content(&encrypted)
            .content(&sized)
            .0;
        election.push(
            hook,
            0x0306,
            &elections_service,
            now + 10,
            &[ledger.cite()],
            anchor,
        );
        let decrypted = counted >= plan.min_ballots;
        for (trustee, x) in trustee_secrets.iter().enumerate().filter(|_| decrypted) {
            let mut factors = Vec::new();
            let mut proofs = Vec::new();
            let prefix = format!("decrypt|{}|{}|", suites[index].phi, text_of(&(G * x)));
            for row in &tallies[index] {
                factors.push(join(row, |ct| format!("\"{}\"", text_of(&(ct.0 * x)))));
                let row_proofs: Vec<_> = row
                    .iter()
                    .map(|ct| {
                        let w = dice.roll();
                        let c = challenge(&prefix, &[G * w, ct.0 * w]);
                        (c, w - x * c)
                    })
                    .collect();
                proofs.push(join(&row_proofs, proof_json));
            }
            let share = format!(
                "{{\"decryption_factors\":[{}],\"decryption_proofs\":[{}]}}",
                factors.join(","),
                proofs.join(",")
            );
            let share = content(&format!("share {name} {}", trustee + 1), share);
            let payload = Enc::default()
                .raw(&ledger.id)
                .int(trustee as u64 + 1)
                .content(&share)
                .0;
            election.push(
                hook,
                0x0307,
                &format!("trustee {}", trustee + 1),
                now + 20,
                &[],
                payload,
            );
        }
        if decrypted {
            let result = content(&format!("result {name}"), results[index].clone());
            let payload = Enc::default().raw(&ledger.id).content(&result).0;
            election.push(hook, 0x0308, "commission", now + 30, &[], payload);
        }
        if plan.paper {
            let payload = plan.papers[index].encode(Enc::default().raw(&ledger.id)).0;
            election.push(hook, 0x0309, "commission", now + 40, &[], payload);
            papers[index] = Some(plan.papers[index].clone());
        }

        let id = hex::encode(ledger.id);
        let head = |view: &str, size: u64| {
            format!("{{\"format\":\"sijill-{view}/1\",\"ledger\":\"{id}\",\"size\":{size}")
        };
        let east_box = name == "east";
        let turnout = if east_box {
            format!(
                "{},\"district\":\"east\",\"eligible\":5,\"holders\":4,\"digital\":{{\"ballots\":4,\"voters\":3,\"superseded\":1,\"excluded\":1,\"audits\":1}},\
                 \"by_hour\":[{{\"start_ms\":1800003600000,\"voters\":2}},{{\"start_ms\":1800010800000,\"voters\":1}}]}}",
                head("turnout", size)
            )
        } else {
            format!(
                "{},\"district\":\"west\",\"eligible\":0,\"holders\":0,\"digital\":{{\"ballots\":0,\"voters\":0,\"superseded\":0,\"excluded\":0,\"audits\":0}},\"by_hour\":[]}}",
                head("turnout", size)
            )
        };
        let rows = if east_box { trackers.clone() } else { Vec::new() };
        let rows = join(&rows, |(hash, state)| format!("[\"{}\",\"{state}\"]", b64(hash)));
        let tracker_view = format!("{},\"trackers\":{rows}}}", head("trackers", size));
        let tally_view = format!(
            "{},\"counted\":{counted},\"counted_digest\":\"{}\",\"encrypted_tally\":\"{}\",\"sized_tally\":\"{}\"}}",
            head("tally", size),
            hex::encode(digests[index]),
            hex::encode(encrypted.1),
            hex::encode(sized.1)
        );
        for (view, document) in [
            ("turnout", turnout),
            ("trackers", tracker_view),
            ("tally", tally_view),
        ] {
            let document = content(&format!("{view} {name}"), document);
            let payload = Enc::default()
                .text(view)
                .raw(&ledger.id)
                .int(size)
                .content(&document)
                .0;
            election.push(hook, 0x030a, &elections_service, now + 50, &[], payload);
        }
        if index == WEST {
            now += 60;
            script!(Returned);
            now += 1_000;
        }
    }
    for of in [EAST, WEST] {
        let counted = [2, 0][of];
        if !plan.paper && counted < plan.min_ballots {
            continue;
        }
        let size = election.size();
        let document = result_view(plan, of, &boxes[of], size, papers[of].as_ref());
        let document = content(&format!("result-view {}", NAMES[of]), document);
        let payload = Enc::default().text("result").raw(&boxes[of]).int(size);
        election.push(
            hook,
            0x030a,
            &elections_service,
            now,
            &[],
            payload.content(&document).0,
        );
    }
    now += 1_000;
    script!(Published);
    let pack = hex::encode(pack.1);
    Event {
        election,
        roll,
        boxes: vec![east, west],
        contents: contents.into_inner(),
        roll_alone: (adopted.as_ref() != Some(&pack)).then_some(pack),
    }
}
