//! The common rules of every ledger: what may stand behind what.
//!
//! [`Chain`] holds what the rules need to know of all entries so far. The sequencer asks [`Chain::check_body`]
//! and builds with [`Chain::append`]; replay and readers check finished entries with [`Chain::push`]. Both go
//! through the same rules: positions and hashes, times, the author's view, `(author, nonce)`. What an event
//! means, who may author it and which refs it needs is the registers' to say.
//!
//! Spec: specs/ledger.md §4, §5.

use std::collections::HashMap;

use crate::body::{Body, BodyError, EventType, SignedBody};
use crate::entry::{Entry, EntryError};
use crate::genesis::{Genesis, GenesisError};
use crate::ids::{BodyHash, KeyId, LeafHash, LedgerId, Nonce, Root, Seq, UnixMillis};
use crate::keys::SigningKey;
use crate::merkle::{ConsistencyProof, InclusionProof, MerkleTree};

/// How far an official's clock may be ahead of the service's. Spec: specs/ledger.md §4.2.
pub const OFFICIAL_CLOCK_AHEAD_MS: u64 = 120_000;

/// Why an entry may not stand at the end of this chain, or a body not become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The author's fault: the body is for another ledger.
    #[error("the body is for ledger {0}")]
    OtherLedger(LedgerId),
    /// The author's fault: a genesis behind entry 0.
    #[error("a genesis event stands at position 0 and only there")]
    SecondGenesis,
    /// The author's fault: the pair has been used for another body.
    #[error("the author has used this nonce for another event, at position {0}")]
    NonceUsed(Seq),
    /// Nobody's fault in a submission (see [`Admission`]); the ledger's in an entry: the body stands there already.
    #[error("the same event stands at position {0}")]
    Repeated(Seq),
    /// The service's fault: its bodies carry neither a view nor a time.
    #[error("a body of the service carries a view or an author time")]
    ServiceBody,
    /// The author's fault: only the service may leave out its view.
    #[error("the author's view of the ledger is missing")]
    SeenMissing,
    /// The author's fault: the view has more entries than there are.
    #[error("the author's view has {0} entries, more than there are")]
    SeenAhead(u64),
    /// The author's view is not of this ledger's history: one of the two is wrong.
    #[error("the author's view at size {0} has another root")]
    SeenRoot(u64),
    /// The author may sign again upon a newer view: this one is too old.
    #[error("the author's view at size {0} is older than the window for officials")]
    SeenTooOld(u64),
    /// The author may sign again: its time is outside the window for officials.
    #[error("the author's time is outside the window for officials")]
    AuthorTime,
    /// The service's fault: sequenced before received, or later than the policy's lag.
    #[error("the entry was not sequenced within the policy's lag after its receipt")]
    Lag,
    /// The service's fault, and for its clock to mend: before the entry before.
    #[error("the entry is sequenced before the entry before it")]
    TimeGoesBack,
    /// The ledger's fault: a gap, or a repetition.
    #[error("position {found} where {expected} is next")]
    Position {
        /// The next position.
        expected: Seq,
        /// The entry's.
        found: Seq,
    },
    /// The ledger's fault: the chain is broken.
    #[error("the entry at position {0} does not continue the chain")]
    Prev(Seq),
    /// The ledger's fault: entry 0 breaks a rule of its own.
    #[error("entry 0 is not the opening of a ledger: {0}")]
    Opening(&'static str),
    /// The ledger's fault: the genesis is not one.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The body or its signature breaks a rule.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The entry breaks a rule.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The ledger's fault: there is no entry.
    #[error("a ledger has at least one entry")]
    Empty,
}

/// What the common rules say of a submitted body. Spec: specs/ledger.md §4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is new and may stand next.
    New,
    /// It is recorded already, here.
    Recorded {
        /// Its position.
        seq: Seq,
        /// Its leaf hash.
        leaf_hash: LeafHash,
    },
}

/// All that the common rules need to know of the entries so far: about 170 bytes per entry.
#[derive(Debug, Clone)]
pub struct Chain {
    genesis: Genesis,
    tree: MerkleTree,
    sequenced_ms: Vec<UnixMillis>,
    /// The first half of each body hash: tells a repeated body from another one under its nonce.
    body_tags: Vec<[u8; 16]>,
    authors: HashMap<KeyId, u32>,
    nonces: HashMap<(u32, Nonce), Seq>,
    tail: LeafHash,
}

impl Chain {
    /// Opens a new ledger: makes and signs entry 0, received and sequenced `now`.
    ///
    /// # Errors
    ///
    /// [`ChainError::Body`] if `service_key` is not the genesis's.
    pub fn create(
        genesis: Genesis,
        service_key: &SigningKey,
        now: UnixMillis,
    ) -> Result<(Self, Entry), ChainError> {
        let body = Body::by_service(
            &genesis,
            EventType::GENESIS,
            genesis.nonce(),
            genesis.bytes().to_vec(),
        );
        let entry = Entry::seal(body.sign(service_key)?, Seq::ZERO, LeafHash::NONE, now, now)?;
        Ok((Self::start(&entry)?, entry))
    }

    /// Begins with entry 0. Spec: specs/ledger.md §3, §5.
    ///
    /// # Errors
    ///
    /// [`ChainError`] names the rule that the entry breaks.
    pub fn start(entry: &Entry) -> Result<Self, ChainError> {
        let body = entry.body();
        if entry.seq() != Seq::ZERO {
            return Err(ChainError::Position {
                expected: Seq::ZERO,
                found: entry.seq(),
            });
        }
        if entry.prev() != LeafHash::NONE {
            return Err(ChainError::Prev(Seq::ZERO));
        }
        if body.event_type != EventType::GENESIS {
            return Err(ChainError::Opening("its event is not a genesis"));
        }
        let genesis = Genesis::parse(&body.payload)?;
        if body.ledger != genesis.id() {
            return Err(ChainError::OtherLedger(body.ledger));
        }
        if body.author != genesis.service_key() {
            return Err(ChainError::Opening("its author is not the service"));
        }
        if body.seen.is_some() || body.author_time_ms != UnixMillis::ZERO {
            return Err(ChainError::ServiceBody);
        }
        if !body.refs.is_empty() {
            return Err(ChainError::Opening("it has refs"));
        }
        if body.nonce != genesis.nonce() {
            return Err(ChainError::Opening("its nonce is not that of the ledger id"));
        }
        let mut chain = Self {
            genesis,
            tree: MerkleTree::new(),
            sequenced_ms: Vec::new(),
            body_tags: Vec::new(),
            authors: HashMap::new(),
            nonces: HashMap::new(),
            tail: LeafHash::NONE,
        };
        chain.check_times(entry.received_ms(), entry.sequenced_ms())?;
        chain.record(entry);
        Ok(chain)
    }

    /// Checks a whole ledger from entry 0 on.
    ///
    /// # Errors
    ///
    /// [`ChainError`] of the first entry that may not stand.
    pub fn replay(entries: impl IntoIterator<Item = Entry>) -> Result<Self, ChainError> {
        let mut entries = entries.into_iter();
        let mut chain = Self::start(&entries.next().ok_or(ChainError::Empty)?)?;
        for entry in entries {
            chain.push(&entry)?;
        }
        Ok(chain)
    }

    /// Whether the common rules let this body stand next, if it is sequenced at `sequenced_ms`.
    ///
    /// A body that is recorded already is answered with its place, however old it is; another body under its
    /// nonce is refused. Spec: specs/ledger.md §4.
    ///
    /// # Errors
    ///
    /// [`ChainError`] names the rule.
    pub fn check_body(
        &self,
        body: &SignedBody,
        received_ms: UnixMillis,
        sequenced_ms: UnixMillis,
    ) -> Result<Admission, ChainError> {
        let fields = body.body();
        if fields.ledger != self.ledger() {
            return Err(ChainError::OtherLedger(fields.ledger));
        }
        if let Some((seq, leaf_hash, same)) = self.find_nonce(fields.author, fields.nonce, body.hash()) {
            return if same {
                Ok(Admission::Recorded { seq, leaf_hash })
            } else {
                Err(ChainError::NonceUsed(seq))
            };
        }
        if fields.event_type == EventType::GENESIS {
            return Err(ChainError::SecondGenesis);
        }
        self.check_times(received_ms, sequenced_ms)?;
        self.check_view(fields, received_ms)?;
        Ok(Admission::New)
    }

    /// Seals a body as the next entry, without adding it to the chain.
    ///
    /// # Errors
    ///
    /// Those of [`Chain::check_body`]; [`ChainError::Repeated`] if the body is recorded already.
    pub fn seal(
        &self,
        body: SignedBody,
        received_ms: UnixMillis,
        sequenced_ms: UnixMillis,
    ) -> Result<Entry, ChainError> {
        match self.check_body(&body, received_ms, sequenced_ms)? {
            Admission::Recorded { seq, .. } => Err(ChainError::Repeated(seq)),
            Admission::New => Ok(Entry::seal(
                body,
                self.next_seq(),
                self.tail,
                received_ms,
                sequenced_ms,
            )?),
        }
    }

    /// Seals a body as the next entry and adds it. [`Chain::truncate`] takes it back if it does not become durable.
    ///
    /// # Errors
    ///
    /// Those of [`Chain::seal`]; the chain is then as before.
    pub fn append(
        &mut self,
        body: SignedBody,
        received_ms: UnixMillis,
        sequenced_ms: UnixMillis,
    ) -> Result<Entry, ChainError> {
        let entry = self.seal(body, received_ms, sequenced_ms)?;
        self.record(&entry);
        Ok(entry)
    }

    /// Checks a finished entry by all common rules and adds it. Spec: specs/ledger.md §4, §5.
    ///
    /// # Errors
    ///
    /// [`ChainError`] names the rule; the chain is then as before.
    pub fn push(&mut self, entry: &Entry) -> Result<(), ChainError> {
        if entry.seq() != self.next_seq() {
            return Err(ChainError::Position {
                expected: self.next_seq(),
                found: entry.seq(),
            });
        }
        if entry.prev() != self.tail {
            return Err(ChainError::Prev(entry.seq()));
        }
        match self.check_body(entry.signed_body(), entry.received_ms(), entry.sequenced_ms())? {
            Admission::Recorded { seq, .. } => Err(ChainError::Repeated(seq)),
            Admission::New => {
                self.record(entry);
                Ok(())
            }
        }
    }

    /// Forgets the entries from `size` on, which must leave entry 0: for entries that did not become durable.
    /// Walks the whole index of nonces.
    pub fn truncate(&mut self, size: u64) {
        let size = size.clamp(1, self.size());
        let keep = usize::try_from(size).unwrap_or(usize::MAX);
        self.tree.truncate(size);
        self.sequenced_ms.truncate(keep);
        self.body_tags.truncate(keep);
        self.nonces.retain(|_, seq| seq.as_u64() < size);
        if let Some(tail) = self.tree.leaf(Seq::new(size - 1)) {
            self.tail = tail;
        }
    }

    /// The genesis.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The ledger id.
    #[must_use]
    pub fn ledger(&self) -> LedgerId {
        self.genesis.id()
    }

    /// Number of entries, at least 1.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The position of the next entry.
    #[must_use]
    pub fn next_seq(&self) -> Seq {
        Seq::new(self.size())
    }

    /// The leaf hash of the last entry.
    #[must_use]
    pub fn tail(&self) -> LeafHash {
        self.tail
    }

    /// When the last entry was sequenced.
    #[must_use]
    pub fn tail_sequenced_ms(&self) -> UnixMillis {
        self.sequenced_ms.last().copied().unwrap_or_default()
    }

    /// When the entry at a position was sequenced.
    #[must_use]
    pub fn sequenced_ms(&self, seq: Seq) -> Option<UnixMillis> {
        self.sequenced_ms
            .get(usize::try_from(seq.as_u64()).ok()?)
            .copied()
    }

    /// The earliest time at which the next entry may be sequenced by a clock that shows `now`.
    #[must_use]
    pub fn next_sequenced_ms(&self, now: UnixMillis) -> UnixMillis {
        now.max(self.tail_sequenced_ms())
    }

    /// The root of all entries.
    #[must_use]
    pub fn root(&self) -> Root {
        self.tree.root()
    }

    /// The root of the first `size` entries.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<Root> {
        self.tree.root_at(size)
    }

    /// All entries so far as an author's view.
    #[must_use]
    pub fn seen(&self) -> crate::Seen {
        crate::Seen {
            size: self.size(),
            root: self.root(),
        }
    }

    /// The leaf hash at a position.
    #[must_use]
    pub fn leaf(&self, seq: Seq) -> Option<LeafHash> {
        self.tree.leaf(seq)
    }

    /// Where the author has used the nonce.
    #[must_use]
    pub fn find(&self, author: KeyId, nonce: Nonce) -> Option<(Seq, LeafHash)> {
        let author = self.authors.get(&author)?;
        let seq = *self.nonces.get(&(*author, nonce))?;
        Some((seq, self.tree.leaf(seq)?))
    }

    /// The proof that the entry at `seq` is among the first `size`.
    #[must_use]
    pub fn inclusion_proof(&self, seq: Seq, size: u64) -> Option<InclusionProof> {
        self.tree.inclusion_proof(seq, size)
    }

    /// The proof that the first `old` entries are a prefix of the first `new`.
    #[must_use]
    pub fn consistency_proof(&self, old: u64, new: u64) -> Option<ConsistencyProof> {
        self.tree.consistency_proof(old, new)
    }

    /// The Merkle tree.
    #[must_use]
    pub fn tree(&self) -> &MerkleTree {
        &self.tree
    }

    /// What the chain remembers of every entry, for a cache: 76 bytes per entry, and 32 per author. Without the
    /// genesis, which [`Chain::restore`] takes from entry 0.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut authors = vec![[0; 32]; self.authors.len()];
        for (author, number) in &self.authors {
            authors[*number as usize] = author.to_bytes();
        }
        let size = self.sequenced_ms.len();
        let mut bytes = Vec::with_capacity(12 + 32 * authors.len() + REMEMBERED_BYTES * size);
        bytes.extend_from_slice(&(size as u64).to_be_bytes());
        bytes.extend_from_slice(&(authors.len() as u32).to_be_bytes());
        bytes.extend_from_slice(authors.as_flattened());
        let first = bytes.len();
        let leaves = self.tree.leaves().iter();
        for ((leaf, sequenced_ms), tag) in leaves.zip(&self.sequenced_ms).zip(&self.body_tags) {
            bytes.extend_from_slice(leaf);
            bytes.extend_from_slice(&sequenced_ms.as_u64().to_be_bytes());
            bytes.extend_from_slice(tag);
            bytes.extend_from_slice(&[0; 20]);
        }
        for ((author, nonce), seq) in &self.nonces {
            let at = first + REMEMBERED_BYTES * usize::try_from(seq.as_u64()).unwrap_or(usize::MAX);
            bytes[at + 56..at + 60].copy_from_slice(&author.to_be_bytes());
            bytes[at + 60..at + 76].copy_from_slice(nonce.as_bytes());
        }
        bytes
    }

    /// The chain of a [`Chain::snapshot`] that begins with this entry 0; `None` if the bytes are not one.
    ///
    /// The bytes are believed: whoever calls this has reason to, and compares the root with one that is known.
    #[must_use]
    pub fn restore(entry_0: &Entry, snapshot: &[u8]) -> Option<Self> {
        let mut chain = Self::start(entry_0).ok()?;
        let (size, rest) = snapshot.split_first_chunk()?;
        let (authors, rest) = rest.split_first_chunk()?;
        let size = usize::try_from(u64::from_be_bytes(*size)).ok()?;
        let authors = usize::try_from(u32::from_be_bytes(*authors)).ok()?;
        let (authors, rest) = rest.split_at_checked(authors.checked_mul(32)?)?;
        let (entries, []) = rest.as_chunks::<REMEMBERED_BYTES>() else {
            return None;
        };
        if entries.len() != size {
            return None;
        }
        let (authors, _) = authors.as_chunks::<32>();
        for (author, number) in authors.iter().zip(0..) {
            let known = *chain.authors.entry(KeyId::from_bytes(*author)).or_insert(number);
            if known != number {
                return None;
            }
        }
        // The service is author 0, and nobody stands there twice.
        if chain.authors.len() != authors.len() {
            return None;
        }
        let (first, entries) = entries.split_first()?;
        if Remembered::read(first)? != chain.remembered_0() {
            return None;
        }
        chain.nonces.reserve(entries.len());
        chain.sequenced_ms.reserve_exact(entries.len());
        chain.body_tags.reserve_exact(entries.len());
        for entry in entries {
            let entry = Remembered::read(entry)?;
            let fits =
                (entry.author as usize) < authors.len() && entry.sequenced_ms >= chain.tail_sequenced_ms();
            let seq = chain.next_seq();
            if !fits || chain.nonces.insert((entry.author, entry.nonce), seq).is_some() {
                return None;
            }
            chain.sequenced_ms.push(entry.sequenced_ms);
            chain.body_tags.push(entry.tag);
            chain.tree.push(entry.leaf);
            chain.tail = entry.leaf;
        }
        Some(chain)
    }

    /// Entry 0, whose author is the first.
    fn remembered_0(&self) -> Remembered {
        Remembered {
            leaf: self.tree.leaf(Seq::ZERO).unwrap_or(LeafHash::NONE),
            sequenced_ms: self.sequenced_ms.first().copied().unwrap_or_default(),
            tag: self.body_tags.first().copied().unwrap_or_default(),
            author: 0,
            nonce: self.genesis.nonce(),
        }
    }

    fn find_nonce(&self, author: KeyId, nonce: Nonce, body: BodyHash) -> Option<(Seq, LeafHash, bool)> {
        let (seq, leaf_hash) = self.find(author, nonce)?;
        let recorded = self.body_tags.get(usize::try_from(seq.as_u64()).ok()?)?;
        Some((seq, leaf_hash, *recorded == body_tag(body)))
    }

    fn check_times(&self, received_ms: UnixMillis, sequenced_ms: UnixMillis) -> Result<(), ChainError> {
        let latest = received_ms
            .as_u64()
            .saturating_add(self.genesis.fields().max_lag_ms.into());
        if sequenced_ms < received_ms || sequenced_ms.as_u64() > latest {
            return Err(ChainError::Lag);
        }
        if sequenced_ms < self.tail_sequenced_ms() {
            return Err(ChainError::TimeGoesBack);
        }
        Ok(())
    }

    /// Spec: specs/ledger.md §4.2.
    fn check_view(&self, body: &Body, received_ms: UnixMillis) -> Result<(), ChainError> {
        if body.author == self.genesis.service_key() {
            let bare = body.seen.is_none() && body.author_time_ms == UnixMillis::ZERO;
            return if bare {
                Ok(())
            } else {
                Err(ChainError::ServiceBody)
            };
        }
        let seen = body.seen.ok_or(ChainError::SeenMissing)?;
        let root = self
            .tree
            .root_at(seen.size)
            .ok_or(ChainError::SeenAhead(seen.size))?;
        if seen.size == 0 || root != seen.root {
            return Err(ChainError::SeenRoot(seen.size));
        }
        let earliest = received_ms.minus_ms(self.genesis.fields().official_window_ms);
        if self
            .sequenced_ms(Seq::new(seen.size))
            .is_some_and(|first_unseen| first_unseen < earliest)
        {
            return Err(ChainError::SeenTooOld(seen.size));
        }
        let latest = received_ms.as_u64().saturating_add(OFFICIAL_CLOCK_AHEAD_MS);
        if body.author_time_ms < earliest || body.author_time_ms.as_u64() > latest {
            return Err(ChainError::AuthorTime);
        }
        Ok(())
    }

    fn record(&mut self, entry: &Entry) {
        let body = entry.body();
        let next_author = u32::try_from(self.authors.len()).expect("memory ends before 2^32 authors");
        let author = *self.authors.entry(body.author).or_insert(next_author);
        self.nonces.insert((author, body.nonce), entry.seq());
        self.body_tags.push(body_tag(entry.signed_body().hash()));
        self.sequenced_ms.push(entry.sequenced_ms());
        self.tree.push(entry.leaf_hash());
        self.tail = entry.leaf_hash();
    }
}

fn body_tag(hash: BodyHash) -> [u8; 16] {
    Nonce::first_of(hash.as_bytes()).to_bytes()
}

/// Bytes of an entry in [`Chain::snapshot`]: leaf hash, time, body tag, number of the author, nonce.
const REMEMBERED_BYTES: usize = 76;

/// What [`Chain::snapshot`] holds of an entry.
#[derive(PartialEq, Eq)]
struct Remembered {
    leaf: LeafHash,
    sequenced_ms: UnixMillis,
    tag: [u8; 16],
    author: u32,
    nonce: Nonce,
}

impl Remembered {
    fn read(bytes: &[u8; REMEMBERED_BYTES]) -> Option<Self> {
        let (leaf, rest) = bytes.split_first_chunk()?;
        let (sequenced_ms, rest) = rest.split_first_chunk()?;
        let (tag, rest) = rest.split_first_chunk()?;
        let (author, rest) = rest.split_first_chunk()?;
        Some(Self {
            leaf: LeafHash::from_bytes(*leaf),
            sequenced_ms: UnixMillis::new(u64::from_be_bytes(*sequenced_ms))?,
            tag: *tag,
            author: u32::from_be_bytes(*author),
            nonce: Nonce::from_bytes(rest.try_into().ok()?),
        })
    }
}
