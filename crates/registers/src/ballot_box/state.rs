//! State of a ballot box.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sijill_ballot::BallotHash;
use sijill_ballot::{CredentialError, CredentialList};
use sijill_ballot::{Election, ElectionContext};
use sijill_ledger::codec::bytes;
use sijill_ledger::{ContentRef, LedgerId, UnixMillis};
use sijill_rules::Window;

use super::events::{BoxEvent, BoxPrepared, BoxSealed};
use super::recorded::RecordedBallot;
use crate::register::Contents;

/// Where a box stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// Genesis only.
    New,
    /// Its election is set.
    Prepared,
    /// It takes ballots.
    Open,
    /// It takes none any more.
    Closed,
    /// The exclusion list is fixed.
    Excluded,
    /// The seal is ordered; the seal follows in the same append.
    SealOrdered,
    /// Nothing follows.
    Sealed,
}

impl core::fmt::Display for Phase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::New => "not yet prepared",
            Self::Prepared => "prepared, not yet open",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Excluded => "closed, with its exclusions fixed",
            Self::SealOrdered => "about to be sealed",
            Self::Sealed => "sealed",
        })
    }
}

/// What a box has established for other ledgers and for the door.
#[derive(Debug)]
pub struct BoxFacts {
    /// The election ledger.
    pub parent: LedgerId,
    /// Where the box stands.
    pub phase: Phase,
    /// Its setup.
    pub prepared: Option<BoxSetup>,
    /// Number of excluded credentials.
    pub exclusions: Option<u64>,
    /// The seal, and the entries up to and including it.
    pub sealed: Option<(u64, BoxSealed)>,
}

/// The setup of a box, decoded.
#[derive(Debug, Clone)]
pub struct BoxSetup {
    /// The event.
    pub event: BoxPrepared,
    /// When it collects.
    pub window: Window,
    /// What ballots are checked against.
    pub election: Arc<ElectionContext>,
    /// Who may vote.
    pub credentials: Arc<CredentialList>,
}

impl BoxSetup {
    fn of(
        event: &BoxPrepared,
        contents: &dyn Contents,
        list: fn(&[u8]) -> Result<CredentialList, CredentialError>,
    ) -> Result<Self, String> {
        let load = |c: &ContentRef| contents.load(c).map_err(|e| e.to_string());
        let election = Election::parse(&load(&event.election)?).map_err(|e| e.to_string())?;
        let credentials = list(&load(&event.credentials)?).map_err(|e| e.to_string())?;
        Ok(Self {
            window: Window::new(event.opens_ms, event.closes_ms, event.grace_ms)
                .map_err(|e| e.to_string())?,
            election: Arc::new(ElectionContext::new(&election)),
            credentials: Arc::new(credentials),
            event: event.clone(),
        })
    }
}

/// The latest ballot of a credential.
#[derive(Debug, Clone, Copy)]
struct Latest {
    hash: BallotHash,
    seq: u64,
}

/// A ballot that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedBallot {
    /// Its hash.
    pub hash: BallotHash,
    /// Its position.
    pub seq: u64,
}

/// State of a ballot box.
#[derive(Debug, Clone)]
pub struct BoxState {
    ledger: LedgerId,
    facts: Arc<BoxFacts>,
    latest: HashMap<[u8; 32], Latest>,
    ballots: HashSet<BallotHash>,
    alphas: HashSet<[u8; 32]>,
    audited: HashSet<BallotHash>,
    audited_alphas: HashSet<[u8; 32]>,
    excluded: HashSet<[u8; 32]>,
}

impl BoxState {
    /// An empty box of an election.
    #[must_use]
    pub fn new(ledger: LedgerId, parent: LedgerId) -> Self {
        let facts = BoxFacts {
            parent,
            phase: Phase::New,
            prepared: None,
            exclusions: None,
            sealed: None,
        };
        Self {
            ledger,
            facts: Arc::new(facts),
            latest: HashMap::new(),
            ballots: HashSet::new(),
            alphas: HashSet::new(),
            audited: HashSet::new(),
            audited_alphas: HashSet::new(),
            excluded: HashSet::new(),
        }
    }

    /// What the box has established.
    #[must_use]
    pub fn facts(&self) -> Arc<BoxFacts> {
        Arc::clone(&self.facts)
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.facts.phase
    }

    /// Whether nothing may follow.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.facts.phase >= Phase::SealOrdered
    }

    /// The ledger.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Hash of the latest ballot of a credential.
    #[must_use]
    pub fn latest(&self, credential: &[u8; 32]) -> Option<BallotHash> {
        self.latest.get(credential).map(|l| l.hash)
    }

    pub(super) fn has_ballot(&self, hash: &BallotHash) -> bool {
        self.ballots.contains(hash)
    }

    pub(super) fn has_alpha(&self, alpha: &[u8; 32]) -> bool {
        self.alphas.contains(alpha)
    }

    pub(super) fn is_audited(&self, hash: &BallotHash) -> bool {
        self.audited.contains(hash)
    }

    pub(super) fn is_alpha_audited(&self, alpha: &[u8; 32]) -> bool {
        self.audited_alphas.contains(alpha)
    }

    /// Whether the exclusion list names this credential.
    #[must_use]
    pub fn is_excluded(&self, credential: &[u8; 32]) -> bool {
        self.excluded.contains(credential)
    }

    /// The ballots that count as things stand: the latest of each credential that is not excluded, ascending by hash.
    #[must_use]
    pub fn counted(&self) -> Vec<CountedBallot> {
        let mut counted: Vec<_> = self
            .latest
            .iter()
            .filter(|(credential, _)| !self.excluded.contains(*credential))
            .map(|(_, l)| CountedBallot {
                hash: l.hash,
                seq: l.seq,
            })
            .collect();
        counted.sort_unstable();
        counted
    }

    pub(crate) fn evolve(
        &mut self,
        seq: u64,
        _received_ms: UnixMillis,
        event: &BoxEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        match event {
            BoxEvent::BoxPrepared(e) => {
                let setup = BoxSetup::of(e, contents, CredentialList::parse)?;
                self.establish(|f| {
                    f.prepared = Some(setup);
                    f.phase = Phase::Prepared;
                });
            }
            BoxEvent::BoxOpened => self.establish(|f| f.phase = Phase::Open),
            BoxEvent::BallotCast(e) => {
                let ballot = RecordedBallot::read(&e.ballot).ok_or("a ballot that cannot be read")?;
                self.remember(seq, ballot);
            }
            BoxEvent::AuditStarted(e) => {
                self.audited.insert(e.ballot_hash);
                self.audited_alphas.extend(&e.alphas);
            }
            BoxEvent::BoxClosed => self.establish(|f| f.phase = Phase::Closed),
            BoxEvent::ExclusionsFixed(e) => {
                let bytes = contents.load(&e.list).map_err(|e| e.to_string())?;
                let list = CredentialList::parse(&bytes).map_err(|e| e.to_string())?;
                self.excluded = list.entries().iter().map(|c| *c.public.as_bytes()).collect();
                self.establish(|f| {
                    f.exclusions = Some(e.count);
                    f.phase = Phase::Excluded;
                });
            }
            BoxEvent::SealOrdered => self.establish(|f| f.phase = Phase::SealOrdered),
            BoxEvent::BoxSealed(e) => self.establish(|f| {
                f.sealed = Some((seq + 1, e.clone()));
                f.phase = Phase::Sealed;
            }),
        }
        Ok(())
    }

    fn remember(&mut self, seq: u64, ballot: RecordedBallot) {
        self.ballots.insert(ballot.hash);
        self.alphas.extend(ballot.alphas);
        self.latest.insert(
            ballot.credential,
            Latest {
                hash: ballot.hash,
                seq,
            },
        );
    }

    fn establish(&mut self, change: impl FnOnce(&mut BoxFacts)) {
        let f = &self.facts;
        let mut facts = BoxFacts {
            parent: f.parent,
            phase: f.phase,
            prepared: f.prepared.clone(),
            exclusions: f.exclusions,
            sealed: f.sealed.clone(),
        };
        change(&mut facts);
        self.facts = Arc::new(facts);
    }
}

/// [`BoxState`] for a cache: the sets as their members, one behind the other, in no order.
#[derive(Serialize, Deserialize)]
pub(crate) struct BoxSnapshot {
    phase: Phase,
    prepared: Option<BoxPrepared>,
    exclusions: Option<u64>,
    sealed: Option<(u64, BoxSealed)>,
    /// Credential, ballot hash, position: 72 bytes each.
    #[serde(with = "bytes")]
    latest: Vec<u8>,
    #[serde(with = "bytes")]
    ballots: Vec<u8>,
    #[serde(with = "bytes")]
    alphas: Vec<u8>,
    #[serde(with = "bytes")]
    audited: Vec<u8>,
    #[serde(with = "bytes")]
    audited_alphas: Vec<u8>,
    #[serde(with = "bytes")]
    excluded: Vec<u8>,
}

impl BoxState {
    pub(crate) fn snapshot(&self) -> BoxSnapshot {
        let mut latest = Vec::with_capacity(72 * self.latest.len());
        for (credential, ballot) in &self.latest {
            latest.extend_from_slice(credential);
            latest.extend_from_slice(ballot.hash.as_bytes());
            latest.extend_from_slice(&ballot.seq.to_be_bytes());
        }
        let facts = &self.facts;
        BoxSnapshot {
            phase: facts.phase,
            prepared: facts.prepared.as_ref().map(|setup| setup.event.clone()),
            exclusions: facts.exclusions,
            sealed: facts.sealed.clone(),
            latest,
            ballots: pack(self.ballots.iter().map(BallotHash::as_bytes)),
            alphas: pack(&self.alphas),
            audited: pack(self.audited.iter().map(BallotHash::as_bytes)),
            audited_alphas: pack(&self.audited_alphas),
            excluded: pack(&self.excluded),
        }
    }

    pub(crate) fn restore(&mut self, found: BoxSnapshot, contents: &dyn Contents) -> Option<()> {
        // The list is the very one, by its hash, that was read strictly before this snapshot was made.
        let list = CredentialList::danger_from_recorded;
        let setup = match &found.prepared {
            Some(event) => Some(BoxSetup::of(event, contents, list).ok()?),
            None => None,
        };
        self.establish(|f| {
            f.phase = found.phase;
            f.prepared = setup;
            f.exclusions = found.exclusions;
            f.sealed = found.sealed;
        });
        let (latest, []) = found.latest.as_chunks::<72>() else {
            return None;
        };
        self.latest.reserve(latest.len());
        for ballot in latest {
            let (credential, rest) = ballot.split_first_chunk()?;
            let (hash, seq) = rest.split_first_chunk()?;
            let ballot = Latest {
                hash: BallotHash::from_bytes(*hash),
                seq: u64::from_be_bytes(seq.try_into().ok()?),
            };
            if self.latest.insert(*credential, ballot).is_some() {
                return None;
            }
        }
        self.ballots = unpack(&found.ballots, BallotHash::from_bytes)?;
        self.alphas = unpack(&found.alphas, |alpha| alpha)?;
        self.audited = unpack(&found.audited, BallotHash::from_bytes)?;
        self.audited_alphas = unpack(&found.audited_alphas, |alpha| alpha)?;
        self.excluded = unpack(&found.excluded, |credential| credential)?;
        Some(())
    }
}

/// The members of a set of 32 bytes each, one behind the other.
fn pack<'a>(members: impl IntoIterator<Item = &'a [u8; 32]>) -> Vec<u8> {
    let members = members.into_iter();
    let mut bytes = Vec::with_capacity(32 * members.size_hint().0);
    members.for_each(|member| bytes.extend_from_slice(member));
    bytes
}

/// The set that [`pack`] was given; `None` if the bytes are not one.
fn unpack<T: Eq + Hash>(bytes: &[u8], member: impl Fn([u8; 32]) -> T) -> Option<HashSet<T>> {
    let (members, []) = bytes.as_chunks::<32>() else {
        return None;
    };
    let set: HashSet<T> = members.iter().map(|bytes| member(*bytes)).collect();
    (set.len() == members.len()).then_some(set)
}

/// Digest over the counted ballots, ascending by hash. Spec: specs/election.md §5.7.
#[must_use]
pub fn counted_digest(counted: &[CountedBallot]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"sijill/counted/v1\n");
    for ballot in counted {
        hasher.update(ballot.hash.as_bytes());
    }
    hasher.finalize().into()
}
