//! Ledgers below the engine: every field of an entry can be set, and whatever follows from it is made again. Spec: specs/ledger.md.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

pub fn sha(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

pub fn b64(hash: &[u8; 32]) -> String {
    STANDARD_NO_PAD.encode(hash)
}

/// A key by its name. `service` and `ledger` are those of [`crate::engine_keys`], so that the engine can be fed with the same bodies.
pub fn key(name: &str) -> SigningKey {
    let mut seed = [0u8; 32];
    for (at, byte) in name.bytes().enumerate() {
        seed[at % 32] = seed[at % 32].wrapping_mul(31).wrapping_add(byte);
    }
    SigningKey::from_bytes(&seed)
}

pub fn public(name: &str) -> [u8; 32] {
    key(name).verifying_key().to_bytes()
}

/// Canonical bytes. Spec: specs/ledger.md §2.
#[derive(Debug, Default, Clone)]
pub struct Enc(pub Vec<u8>);

impl Enc {
    pub fn byte(mut self, value: u8) -> Enc {
        self.0.push(value);
        self
    }
    pub fn int(mut self, mut value: u64) -> Enc {
        while value >= 0x80 {
            self.0.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.byte(value as u8)
    }
    pub fn raw(mut self, bytes: &[u8]) -> Enc {
        self.0.extend_from_slice(bytes);
        self
    }
    pub fn bytes(self, bytes: &[u8]) -> Enc {
        self.int(bytes.len() as u64).raw(bytes)
    }
    pub fn text(self, text: &str) -> Enc {
        self.bytes(text.as_bytes())
    }
    pub fn content(self, content: &Content) -> Enc {
        self.raw(&content.hash).int(content.length)
    }
}

/// A citation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub hash: [u8; 32],
    pub length: u64,
}

pub fn grant(name: &str, role: u8, scope: Option<&str>) -> Vec<u8> {
    let enc = Enc::default().raw(&public(name)).byte(role);
    match scope {
        None => enc.byte(0).0,
        Some(scope) => enc.byte(1).text(scope).0,
    }
}

pub type Cited = ([u8; 32], u64, [u8; 32]);

/// How the author signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    Strict,
    /// One bit is wrong.
    Broken,
    /// R carries a component of order 8: holds with the cofactor only.
    TorsionInR,
    /// R is neutral: holds, but R is of small order.
    SmallR,
}

/// An entry before it is signed. Hooks change what they like.
#[derive(Debug, Clone)]
pub struct Draft {
    pub ledger: String,
    pub event_type: u16,
    /// How many entries of this type the ledger has already.
    pub nth: usize,
    pub version: u8,
    pub body_ledger: [u8; 32],
    pub author: String,
    pub author_time: u64,
    /// `None`: the honest one, computed after the hook.
    pub nonce: Option<[u8; 16]>,
    pub seen: Option<(u64, [u8; 32])>,
    pub refs: Vec<Cited>,
    pub payload: Vec<u8>,
    pub seq: u64,
    pub prev: [u8; 32],
    pub received: u64,
    pub sequenced: u64,
    /// How often the entry is written: 0 leaves it out.
    pub copies: usize,
    /// A hook has changed it.
    pub flawed: bool,
    pub signing: Signing,
    /// The kind of integer that `seq` is written with: one byte more than it needs.
    pub padded_seq: bool,
    /// A whole body with its signature, as it stands on some ledger.
    pub replay: Option<(Vec<u8>, [u8; 64])>,
}

/// The ledger being made.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub name: String,
    pub kind: u64,
    pub origin: String,
    pub id: [u8; 32],
    pub genesis: Vec<u8>,
    pub entries: Vec<Vec<u8>>,
    pub leaves: Vec<[u8; 32]>,
    pub bodies: Vec<(Vec<u8>, [u8; 64])>,
    pub service_key: String,
    pub ledger_key: String,
    counts: BTreeMap<u16, usize>,
    pub last_body_hash: [u8; 32],
}

impl Ledger {
    /// `owner` comes before the names of ledger and service key.
    pub fn new(
        name: &str,
        kind: u64,
        parent: Option<[u8; 32]>,
        grants: &[Vec<u8>],
        owner: &str,
        random: [u8; 32],
    ) -> Ledger {
        let origin = format!("vote.example/{name}");
        let (service_key, ledger_key) = (format!("{owner}service"), format!("{owner}ledger"));
        let mut sorted = grants.to_vec();
        sorted.sort();
        let mut enc = Enc::default().byte(1).int(kind).text(&origin);
        enc = match parent {
            None => enc.byte(0),
            Some(parent) => enc.byte(1).raw(&parent),
        };
        enc = enc.raw(&public(&ledger_key)).raw(&public(&service_key));
        enc = enc.int(sorted.len() as u64);
        for grant in &sorted {
            enc = enc.raw(grant);
        }
        let genesis = enc.int(5_000).int(600_000).raw(&random).byte(0).0;
        Ledger {
            name: name.to_owned(),
            kind,
            origin,
            id: sha(&[&genesis]),
            genesis,
            entries: Vec::new(),
            leaves: Vec::new(),
            bodies: Vec::new(),
            service_key,
            ledger_key,
            counts: BTreeMap::new(),
            last_body_hash: [0; 32],
        }
    }

    /// Names the last checkpoint of the ledger that this one continues; before anything is appended.
    pub fn continuing(mut self, (ledger, size, root): Cited) -> Ledger {
        self.genesis.pop();
        self.genesis = Enc(self.genesis).byte(1).raw(&ledger).int(size).raw(&root).0;
        self.id = sha(&[&self.genesis]);
        self
    }

    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub fn cite(&self) -> Cited {
        (self.id, self.size(), root(&self.leaves))
    }

    pub fn push(
        &mut self,
        hook: &mut dyn FnMut(&mut Draft),
        event_type: u16,
        author: &str,
        at: u64,
        refs: &[Cited],
        payload: Vec<u8>,
    ) {
        let by_service = author == self.service_key;
        let nth = *self.counts.entry(event_type).and_modify(|n| *n += 1).or_insert(1) - 1;
        let mut draft = Draft {
            ledger: self.name.clone(),
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
            sequenced: at,
            copies: 1,
            flawed: false,
            signing: Signing::Strict,
            padded_seq: false,
            replay: None,
        };
        hook(&mut draft);
        for copy in 0..draft.copies {
            let mut draft = draft.clone();
            if copy > 0 {
                draft.seq = self.size();
                draft.prev = self.leaves.last().copied().unwrap_or_default();
                if draft.seen.is_some() {
                    draft.seen = Some((self.size(), root(&self.leaves)));
                }
            }
            self.write(&draft);
        }
    }

    fn write(&mut self, draft: &Draft) {
        let kind = draft.event_type.to_be_bytes();
        let fixed = match draft.event_type {
            0x0001 => self.id,
            0x0403 => ballot_of(&draft.payload).map_or([0; 32], |ballot| sha(&[ballot])),
            0x0404 => sha(&[&draft.payload]),
            0x0408 => sha(&[b"sijill/consequence/v1\n", &draft.payload[..32], &kind]),
            0x0306 | 0x030a | 0x0315 | 0x0316 => sha(&[b"sijill/service/v1\n", &kind, &draft.payload]),
            // Specs/jurisdiction.md §2.6.
            0x0004 => {
                let size = draft.refs.first().map_or(0, |(_, size, _)| *size);
                sha(&[b"sijill/service/v1\n", &kind, &size.to_be_bytes()])
            }
            _ if self.kind >= 6 && draft.author == self.service_key => {
                sha(&[b"sijill/service/v1\n", &kind, &draft.payload])
            }
            _ => sha(&[&self.id, &self.size().to_be_bytes()]),
        };
        let mut nonce = [0; 16];
        nonce.copy_from_slice(&fixed[..16]);
        let nonce = draft.nonce.unwrap_or(nonce);
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
        let signature = sign(&key(&draft.author), &message, draft.signing);
        let (body, signature) = draft.replay.clone().unwrap_or((body, signature));
        let entry = Enc::default().byte(1).int(draft.seq);
        let mut entry = entry.0;
        if draft.padded_seq {
            let last = entry.len() - 1;
            entry[last] |= 0x80;
            entry.push(0);
        }
        let entry = Enc(entry)
            .raw(&draft.prev)
            .int(draft.received)
            .int(draft.sequenced)
            .bytes(&body)
            .raw(&signature)
            .0;
        self.last_body_hash = sha(&[b"sijill/body/v1\n", &body]);
        self.leaves.push(sha(&[&[0], &entry]));
        self.entries.push(entry);
        self.bodies.push((body, signature));
    }

    pub fn checkpoint(&self, size: u64) -> String {
        let name = format!("{}/{}", self.origin, hex::encode(self.id));
        let root = STANDARD.encode(root(&self.leaves[..size as usize]));
        let text = format!("{name}\n{size}\n{root}\n");
        let ledger_key = key(&self.ledger_key);
        let id = sha(&[name.as_bytes(), b"\n\x01", ledger_key.verifying_key().as_bytes()]);
        let signature = [&id[..4], &ledger_key.sign(text.as_bytes()).to_bytes()].concat();
        format!("{text}\n— {name} {}\n", STANDARD.encode(signature))
    }

    /// Ledgers of the corpus have at most 255 entries: one bundle, one tile.
    pub fn publish(&self, files: &mut BTreeMap<String, Vec<u8>>) {
        self.publish_first(self.size(), files);
    }

    /// Publishes the first `size` entries alone.
    pub fn publish_first(&self, size: u64, files: &mut BTreeMap<String, Vec<u8>>) {
        assert!(size < 256);
        let first = size as usize;
        let folder = format!("ledgers/{}", hex::encode(self.id));
        files.insert(format!("{folder}/checkpoint"), self.checkpoint(size).into_bytes());
        files.insert(
            format!("{folder}/tile/0/000.p/{size}"),
            self.leaves[..first].concat(),
        );
        let bundle = self.entries.iter().take(first).flat_map(|entry| {
            let mut framed = (entry.len() as u16).to_be_bytes().to_vec();
            framed.extend_from_slice(entry);
            framed
        });
        files.insert(format!("{folder}/tile/entries/000.p/{size}"), bundle.collect());
    }

    pub fn receipt(&self, index: u64, size: u64) -> String {
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

fn sign(key: &SigningKey, message: &[u8], how: Signing) -> [u8; 64] {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::scalar::Scalar;
    let mut signature = key.sign(message).to_bytes();
    if how == Signing::Broken {
        signature[5] ^= 1;
    }
    if matches!(how, Signing::TorsionInR | Signing::SmallR) {
        let r = match how {
            Signing::SmallR => Scalar::ZERO,
            _ => Scalar::from_bytes_mod_order(sha(&[b"nonce", message])),
        };
        let torsion = EIGHT_TORSION[usize::from(how == Signing::TorsionInR)];
        let big_r = (ED25519_BASEPOINT_POINT * r + torsion).compress().0;
        let wide = sha2::Sha512::digest([&big_r, key.verifying_key().as_bytes(), message].concat());
        let k = Scalar::from_bytes_mod_order_wide(&wide.into());
        signature[..32].copy_from_slice(&big_r);
        signature[32..].copy_from_slice((r + k * key.to_scalar()).as_bytes());
    }
    signature
}

/// The ballot in the payload of a BallotCast.
pub fn ballot_of(payload: &[u8]) -> Option<&[u8]> {
    let mut length = 0usize;
    for (index, byte) in payload.iter().enumerate().take(3) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return payload.get(index + 1..index + 1 + length);
        }
    }
    None
}

pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
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
