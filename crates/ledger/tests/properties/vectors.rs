//! The crate reproduces every value of the independent model in specs/vectors/ledger_vectors.py.

use std::collections::BTreeMap;

use serde::Deserialize;
use sijill_ledger::*;

#[derive(Deserialize)]
struct Vectors {
    ledger: Ledger,
    tree: Tree,
    paths: Vec<Paths>,
}

#[derive(Deserialize)]
struct Ledger {
    genesis: GenesisVector,
    entries: Vec<EntryVector>,
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
    checkpoint: String,
    receipt: String,
    files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct GenesisVector {
    fields: Fields,
    bytes: String,
    id: LedgerId,
    ledger_seed: String,
}

#[derive(Deserialize)]
struct Fields {
    kind: u16,
    origin: Origin,
    parent: LedgerId,
    ledger_key: KeyId,
    service_key: KeyId,
    grants: Vec<GrantVector>,
    max_lag_ms: u32,
    official_window_ms: u64,
    random: ContentHash,
    predecessor: Predecessor,
}

#[derive(Deserialize)]
struct GrantVector {
    key: KeyId,
    role: u8,
    scope: Option<Scope>,
}

#[derive(Deserialize)]
struct EntryVector {
    event_type: u16,
    author_seed: String,
    author_time_ms: UnixMillis,
    nonce: Nonce,
    seen: Option<Seen>,
    refs: Vec<Ref>,
    payload: String,
    received_ms: UnixMillis,
    sequenced_ms: UnixMillis,
    body: String,
    body_hash: BodyHash,
    signature: Signature,
    entry: String,
    leaf_hash: LeafHash,
    root: Root,
}

#[derive(Deserialize)]
struct Inclusion {
    seq: Seq,
    size: u64,
    hashes: Vec<Root>,
}

#[derive(Deserialize)]
struct Consistency {
    old: u64,
    new: u64,
    hashes: Vec<Root>,
}

#[derive(Deserialize)]
struct Tree {
    empty_root: Root,
    root_of_700: Root,
    roots_1_to_700_sha256: String,
    inclusion_sha256: BTreeMap<String, String>,
    consistency_sha256: BTreeMap<String, String>,
    tiles_of_700_sha256: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Paths {
    size: u64,
    count: usize,
    sha256: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../fixtures/vectors/ledger.json")).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn signing_key(seed: &str) -> SigningKey {
    SigningKey::from_seed(&unhex(seed).try_into().unwrap())
}

fn sha256_hex(bytes: &[u8]) -> String {
    ContentRef::of(bytes).unwrap().sha256.to_string()
}

fn raw(hashes: &[Root]) -> Vec<[u8; 32]> {
    hashes.iter().map(|h| h.to_bytes()).collect()
}

fn genesis(vector: &GenesisVector) -> Genesis {
    let fields = &vector.fields;
    let mut grants: Vec<Grant> = fields
        .grants
        .iter()
        .map(|g| Grant {
            key: g.key,
            role: Role::from_code(g.role).unwrap(),
            scope: g.scope.clone(),
        })
        .collect();
    grants.reverse();
    Genesis::new(GenesisFields {
        kind: Kind::from_code(fields.kind).unwrap(),
        origin: fields.origin.clone(),
        parent: Some(fields.parent),
        ledger_key: fields.ledger_key,
        service_key: fields.service_key,
        grants,
        max_lag_ms: fields.max_lag_ms,
        official_window_ms: fields.official_window_ms,
        random: fields.random.to_bytes(),
        predecessor: Some(fields.predecessor),
    })
    .unwrap()
}

#[test]
fn genesis_bytes_and_id() {
    let vector = vectors().ledger.genesis;
    let genesis = genesis(&vector);
    assert_eq!(hex::encode(genesis.bytes()), vector.bytes);
    assert_eq!(genesis.id(), vector.id);
    assert_eq!(Genesis::parse(&unhex(&vector.bytes)).unwrap(), genesis);
}

#[test]
fn bodies_entries_and_roots() {
    let ledger = vectors().ledger;
    let mut chain: Option<Chain> = None;
    for vector in &ledger.entries {
        let key = signing_key(&vector.author_seed);
        let body = Body {
            ledger: ledger.genesis.id,
            event_type: EventType::new(vector.event_type),
            author: key.key_id(),
            author_time_ms: vector.author_time_ms,
            nonce: vector.nonce,
            seen: vector.seen,
            refs: vector.refs.clone(),
            payload: unhex(&vector.payload),
        };
        let body = body.sign(&key).unwrap();
        assert_eq!(hex::encode(body.bytes()), vector.body);
        assert_eq!(body.hash(), vector.body_hash);
        assert_eq!(*body.signature(), vector.signature);
        assert_eq!(
            SignedBody::parse(&unhex(&vector.body), vector.signature).unwrap(),
            body
        );

        let entry = match &mut chain {
            Some(chain) => chain
                .append(body, vector.received_ms, vector.sequenced_ms)
                .unwrap(),
            None => {
                let (begun, entry) =
                    Chain::create(genesis(&ledger.genesis), &key, vector.received_ms).unwrap();
                chain = Some(begun);
                entry
            }
        };
        assert_eq!(hex::encode(entry.bytes()), vector.entry);
        assert_eq!(entry.leaf_hash(), vector.leaf_hash);
        assert_eq!(Entry::parse(&unhex(&vector.entry)).unwrap(), entry);
        let root = chain.as_ref().unwrap().root();
        assert_eq!(root, vector.root);
    }
    let entries = ledger
        .entries
        .iter()
        .map(|v| Entry::parse(&unhex(&v.entry)).unwrap());
    assert_eq!(Chain::replay(entries).unwrap().root(), chain.unwrap().root());
}

#[test]
fn derived_nonces() {
    let entries = vectors().ledger.entries;
    let cause = entries[3].body_hash;
    assert_eq!(
        Nonce::of_consequence(cause, EventType::new(0x0408)),
        entries[4].nonce
    );
    let service: Vec<_> = entries.iter().filter(|e| e.event_type == 0x7f00).collect();
    assert_eq!(service.len(), 6);
    for entry in service {
        assert_eq!(
            Nonce::of_service(EventType::new(0x7f00), &unhex(&entry.payload)),
            entry.nonce
        );
    }
}

#[test]
fn role_events() {
    let ledger = vectors().ledger;
    let registrar = ledger.genesis.fields.grants[1].key;
    let mut authority = Authority::new(&genesis(&ledger.genesis));
    assert!(!authority.holds(registrar, Role::Registrar, None));
    for vector in &ledger.entries {
        authority
            .apply(EventType::new(vector.event_type), &unhex(&vector.payload))
            .unwrap();
    }
    assert!(authority.holds(registrar, Role::Registrar, None));
    assert_eq!(authority.grants().count(), 3);
}

#[test]
fn proofs() {
    let ledger = vectors().ledger;
    let chain = Chain::replay(
        ledger
            .entries
            .iter()
            .map(|v| Entry::parse(&unhex(&v.entry)).unwrap()),
    )
    .unwrap();
    let root = |size: u64| ledger.entries[usize::try_from(size).unwrap() - 1].root;
    assert_eq!(ledger.inclusion.len(), 78);
    for vector in &ledger.inclusion {
        let proof = chain.inclusion_proof(vector.seq, vector.size).unwrap();
        assert_eq!(proof.hashes(), raw(&vector.hashes));
        proof
            .verify(
                chain.leaf(vector.seq).unwrap(),
                vector.seq,
                vector.size,
                root(vector.size),
            )
            .unwrap();
    }
    assert_eq!(ledger.consistency.len(), 78);
    for vector in &ledger.consistency {
        let proof = chain.consistency_proof(vector.old, vector.new).unwrap();
        assert_eq!(proof.hashes(), raw(&vector.hashes));
        proof
            .verify(vector.old, root(vector.old), vector.new, root(vector.new))
            .unwrap();
    }
}

#[test]
fn checkpoint_and_receipt() {
    let ledger = vectors().ledger;
    let genesis = genesis(&ledger.genesis);
    let identity = LedgerIdentity::from(&genesis);
    let entries: Vec<Entry> = ledger
        .entries
        .iter()
        .map(|v| Entry::parse(&unhex(&v.entry)).unwrap())
        .collect();
    let chain = Chain::replay(entries.clone()).unwrap();
    let key = signing_key(&ledger.genesis.ledger_seed);
    let checkpoint = Checkpoint::sign(&identity, chain.size(), chain.root(), &key).unwrap();
    assert_eq!(checkpoint.to_note(), ledger.checkpoint);
    assert_eq!(
        SignedCheckpoint::parse(&ledger.checkpoint, &identity).unwrap(),
        checkpoint
    );

    let proof = chain.inclusion_proof(Seq::new(2), chain.size()).unwrap();
    let receipt = Receipt::new(entries[2].clone(), proof, checkpoint).unwrap();
    assert_eq!(receipt.to_text(), ledger.receipt);
    assert_eq!(Receipt::parse(&ledger.receipt, &identity).unwrap(), receipt);
}

#[test]
fn published_files() {
    let ledger = vectors().ledger;
    let entries: Vec<Entry> = ledger
        .entries
        .iter()
        .map(|v| Entry::parse(&unhex(&v.entry)).unwrap())
        .collect();
    let chain = Chain::replay(entries.clone()).unwrap();
    let read = |seq: Seq| Ok::<_, ()>(entries[usize::try_from(seq.as_u64()).unwrap()].bytes().to_vec());
    let files: BTreeMap<String, String> = tiles::published_files(chain.tree(), 0, chain.size(), read)
        .map(|file| file.unwrap())
        .map(|(path, bytes)| (path.to_string(), hex::encode(bytes)))
        .collect();
    assert_eq!(files, ledger.files);
}

#[test]
fn tree_of_700() {
    let vectors = vectors().tree;
    let mut tree = MerkleTree::new();
    let mut frontier = Frontier::new();
    assert_eq!(tree.root(), vectors.empty_root);
    assert_eq!(frontier.root(), vectors.empty_root);
    let mut roots = Vec::new();
    for n in 0..700_u64 {
        let leaf = LeafHash::of_entry_bytes(&n.to_be_bytes());
        tree.push(leaf);
        frontier.push(leaf);
        assert_eq!(tree.root(), frontier.root());
        roots.extend_from_slice(tree.root().as_bytes());
    }
    assert_eq!(tree.root(), vectors.root_of_700);
    assert_eq!(sha256_hex(&roots), vectors.roots_1_to_700_sha256);
    for (size, digest) in &vectors.inclusion_sha256 {
        let size: u64 = size.parse().unwrap();
        let proofs = (0..size)
            .step_by(7)
            .map(|m| tree.inclusion_proof(Seq::new(m), size).unwrap());
        assert_eq!(
            sha256_hex(&proofs.flat_map(|p| p.hashes().concat()).collect::<Vec<_>>()),
            *digest
        );
    }
    for (size, digest) in &vectors.consistency_sha256 {
        let size: u64 = size.parse().unwrap();
        let proofs = (1..=size)
            .step_by(5)
            .map(|m| tree.consistency_proof(m, size).unwrap());
        assert_eq!(
            sha256_hex(&proofs.flat_map(|p| p.hashes().concat()).collect::<Vec<_>>()),
            *digest
        );
    }
    let tiles: BTreeMap<String, String> = TilePath::all(700)
        .filter_map(|path| Some((path.to_string(), sha256_hex(&path.hashes(&tree)?))))
        .collect();
    assert_eq!(tiles, vectors.tiles_of_700_sha256);
}

#[test]
fn tile_paths() {
    for vector in vectors().paths {
        let paths: Vec<String> = TilePath::all(vector.size).map(|path| path.to_string()).collect();
        assert_eq!(paths.len(), vector.count, "{}", vector.size);
        assert_eq!(
            sha256_hex(paths.join("\n").as_bytes()),
            vector.sha256,
            "{}",
            vector.size
        );
    }
}
