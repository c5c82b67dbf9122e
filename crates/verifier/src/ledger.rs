//! Section 3: what every ledger must satisfy, whatever its kind.
//!
//! [`scan`] reads a ledger once, bundle by bundle. Decoding, hashing and signatures run on all cores; the rules that depend on order run
//! behind them on one thread. What remains in memory is small: hashes of the tree, times, nonces, citations. [`replay`] reads the entries
//! again for the registers and refuses bytes that changed in between.
//!
//! Spec: specs/verification.md §3, specs/ledger.md.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::authority::Authority;
use crate::check::{Check, Checks, Place};
use crate::events::{ContentRef, Event, EventError, Refs, RegisterEvent};
use crate::hash::{first_16, sha256};
use crate::keys::{is_enrollable_key, signature_holds};
use crate::merkle::{Tree, leaf_hash};
use crate::note::{Checkpoint, MAX_CHECKPOINT_BYTES};
use crate::reader::DecodeError;
use crate::since::{KnownLeaves, known_leaves};
use crate::source::Source;
use crate::tiles::{Bundle, TileName, bundle_names, tile_bytes, tile_names};
use crate::wire::{
    Entry, Genesis, Kind, Position, Ref, Role, TIME_LIMIT_MS, body_hash, body_message, is_origin,
};

/// Bundles read before they are looked at, so that the walk through one and the look at the next overlap.
const BUNDLES_AT_ONCE: usize = 4;
/// How far an official's clock may be ahead, milliseconds.
const CLOCK_AHEAD_MS: u64 = 120_000;

/// A ref that stands on a ledger, to be compared with the ledger that it cites.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Citation {
    pub(crate) seq: u64,
    pub(crate) target: Ref,
}

/// A ledger that was read.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// The id that its folder has.
    pub(crate) id: [u8; 32],
    /// Where its files are, with a `/` at the end, or empty.
    pub(crate) folder: String,
    pub(crate) genesis: Genesis,
    pub(crate) kind: Kind,
    pub(crate) tree: Tree,
    pub(crate) checkpoint_holds: bool,
    /// So many first entries are, byte for byte, those that an earlier run verified.
    pub(crate) known: u64,
    /// The first entry that could not be understood; nothing from there on is replayed.
    pub(crate) broken_at: Option<u64>,
    pub(crate) citations: Vec<Citation>,
    /// Cited contents and where each was cited first.
    pub(crate) contents: BTreeMap<ContentRef, u64>,
    /// When each entry was sequenced; of ballot boxes, which stations look into, and of calendars.
    pub(crate) sequenced: Vec<u64>,
    /// Of an election ledger: the roll that it lists first, and whether it lists stations.
    pub(crate) listed: Option<Listed>,
    /// Of a ballot box: where ExclusionsFixed stands, and which ledger it cites besides the parent, if any.
    pub(crate) exclusions: Vec<(u64, Option<[u8; 32]>)>,
    /// Of a station: positions of its own events that were reported for their author or their refs; of a consultation: for their author.
    /// They are reported for nothing else.
    ///
    /// Spec: specs/station.md §4.1, specs/consultation.md §1.4.
    pub(crate) reported: BTreeSet<u64>,
    /// Of a consultation: participants have authored events. Whether they could is followed with the register.
    pub(crate) has_participants: bool,
    /// Of a consultation: sizes of which a view is published.
    pub(crate) view_sizes: BTreeSet<u64>,
}

/// What an election ledger lists, as far as refs depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed {
    roll: Option<[u8; 32]>,
    stations: bool,
}

impl Ledger {
    pub(crate) fn size(&self) -> u64 {
        self.tree.size()
    }

    fn place(&self, seq: u64) -> Place {
        Place::entry(self.id, seq)
    }
}

/// The checks that [`scan`] fills.
pub(crate) const LEDGER_CHECKS: [Check; 15] = [
    Check::LedgerCheckpoint,
    Check::LedgerTiles,
    Check::EntryEncoding,
    Check::LedgerGenesis,
    Check::EntryChain,
    Check::EntryTime,
    Check::EntrySignature,
    Check::EntryLedger,
    Check::EntryNonce,
    Check::EntrySeen,
    Check::EntryRefs,
    Check::EventUnknown,
    Check::EventAuthor,
    Check::EventGrant,
    Check::EventNonce,
];

/// Reads a ledger and runs section 3 on it. `None` if it has no readable genesis; the reason is then in `checks`.
///
/// Spec: specs/verification.md §3.
///
/// `earlier`: an earlier run verified the ledger with this size and root; signatures of those entries are not checked again.
pub(crate) fn scan(
    source: &dyn Source,
    folder: &str,
    id: [u8; 32],
    earlier: Option<Position>,
    checks: &mut Checks,
) -> Option<Ledger> {
    let nothing_else = |checks: &mut Checks, except: &[Check], reason: &str| {
        for check in LEDGER_CHECKS.iter().filter(|check| !except.contains(check)) {
            checks.skip(*check, reason);
        }
    };
    let here = Place::ledger(id);
    let text = source.read(&format!("{folder}checkpoint"), MAX_CHECKPOINT_BYTES);
    let checkpoint = text
        .map_err(|e| e.to_string())
        .and_then(|t| Checkpoint::parse(&t).map_err(|e| e.to_string()));
    let checkpoint = match checkpoint {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            checks.fail(Check::LedgerCheckpoint, here, error);
            nothing_else(
                checks,
                &[Check::LedgerCheckpoint],
                "the ledger has no readable checkpoint",
            );
            return None;
        }
    };
    let known = known_leaves(source, folder, checkpoint.size, earlier);
    let mut ledger: Option<(Ledger, Walk)> = None;
    let mut complete = true;
    let mut names = bundle_names(checkpoint.size);
    loop {
        let mut bundles = Vec::with_capacity(BUNDLES_AT_ONCE);
        let mut fault = None;
        for name in names.by_ref().take(BUNDLES_AT_ONCE) {
            match Bundle::read(source, folder, &name) {
                Ok(bundle) => bundles.push(bundle),
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            }
        }
        let end = bundles.is_empty();
        if let (None, Some(first)) = (&ledger, bundles.first()) {
            match first_entry(first) {
                Ok(genesis) => ledger = Some(begin(id, folder, genesis)),
                Err(error) => {
                    checks.fail(Check::LedgerGenesis, Place::entry(id, 0), error);
                    nothing_else(
                        checks,
                        &[Check::LedgerGenesis],
                        "the ledger has no readable genesis",
                    );
                    return None;
                }
            }
        }
        if let Some((ledger, walk)) = &mut ledger {
            walk_bundles(ledger, walk, &bundles, &known, checks);
            checks.progress().advance(bundles.len() as u64);
        }
        if let Some(error) = fault {
            checks.fail(Check::LedgerTiles, here, error);
            complete = false;
            break;
        }
        if end {
            break;
        }
    }
    let Some((mut ledger, walk)) = ledger else {
        nothing_else(
            checks,
            &[Check::LedgerTiles],
            "the ledger has no readable genesis",
        );
        return None;
    };
    if matches!(ledger.kind, Kind::BallotBox | Kind::Calendar) {
        ledger.sequenced = walk.sequenced;
    }
    if !complete {
        ledger.broken_at = Some(ledger.broken_at.unwrap_or(ledger.size()));
        nothing_else(checks, &[Check::LedgerTiles], "entries are missing");
    }
    ledger.known = earlier
        .filter(|earlier| ledger.tree.root(earlier.size) == Some(earlier.root))
        .map_or(0, |earlier| earlier.size);
    ledger.checkpoint_holds = check_checkpoint(&ledger, &checkpoint, checks);
    check_tiles(source, &ledger, &checkpoint, complete, checks);
    Some(ledger)
}

/// Reads a ledger again and hands its understood entries to `take`, a few bundles at a time.
pub(crate) fn replay(
    source: &dyn Source,
    ledger: &Ledger,
    checks: &mut Checks,
    mut take: impl FnMut(&mut Checks, &[(Entry<'_>, Event<'_>)]),
) -> Result<(), String> {
    let end = ledger.broken_at.unwrap_or(ledger.size());
    let mut names = bundle_names(ledger.size())
        .take_while(|name| name.index.saturating_mul(crate::tiles::WIDTH) < end)
        .peekable();
    while names.peek().is_some() {
        let mut bundles = Vec::with_capacity(BUNDLES_AT_ONCE);
        let mut unreadable = None;
        for name in names.by_ref().take(BUNDLES_AT_ONCE) {
            match read_again(source, ledger, &name) {
                Ok(bundle) => bundles.push(bundle),
                Err(error) => {
                    unreadable = Some(error);
                    break;
                }
            }
        }
        let mut items = Vec::new();
        let entries = bundles.iter().flat_map(Bundle::entries);
        for (_, _, bytes) in entries.take_while(|(seq, _, _)| *seq < end) {
            // Both decoded in the scan, from bytes of the same hash.
            let entry = Entry::decode(bytes).map_err(|e| e.to_string())?;
            let event = Event::decode(ledger.kind, &entry.body).map_err(|e| format!("{e:?}"))?;
            items.push((entry, event));
        }
        take(checks, &items);
        checks.progress().advance(items.len() as u64);
        if let Some(error) = unreadable {
            checks.fail(Check::LedgerTiles, Place::ledger(ledger.id), &error);
            return Err(error);
        }
    }
    match ledger.broken_at {
        None => Ok(()),
        Some(seq) => Err(format!(
            "entry {seq} of ledger {} cannot be understood",
            hex::encode(ledger.id)
        )),
    }
}

fn read_again(source: &dyn Source, ledger: &Ledger, name: &TileName) -> Result<Bundle, String> {
    // A ledger whose reading stopped early may end inside a bundle; it is then read by the width that was found.
    let bundle = Bundle::read(source, &ledger.folder, name)?;
    for (seq, leaf, _) in bundle.entries() {
        if ledger.tree.leaf(seq) != Some(&leaf) {
            return Err(format!("entry {seq} changed while it was read"));
        }
    }
    Ok(bundle)
}

/// Refs to ledgers at hand agree with them; others lie beyond the scope. Spec: specs/verification.md §3.11.
pub(crate) fn check_citations(ledgers: &mut BTreeMap<[u8; 32], Ledger>, checks: &mut Checks) {
    let mut reported = Vec::new();
    for ledger in ledgers.values() {
        check_exclusion_refs(ledgers, ledger, checks);
        for citation in &ledger.citations {
            let target = citation.target;
            let Some(cited) = ledgers.get(&target.ledger) else {
                checks.limit(
                    Check::EntryRefs,
                    format!("refs to ledger {}, which is not here", hex::encode(target.ledger)),
                );
                continue;
            };
            let outcome = match cited.tree.root(target.at.size) {
                None => Err("the ref cites more entries than the ledger has"),
                Some(root) if root != target.at.root => Err("the ref's root is not that of the cited ledger"),
                Some(_) => Ok(()),
            };
            if outcome.is_err() {
                reported.push((ledger.id, citation.seq));
            }
            checks.outcome(Check::EntryRefs, ledger.place(citation.seq), outcome);
        }
    }
    for (id, seq) in reported {
        if let Some(ledger) = ledgers.get_mut(&id).filter(|ledger| ledger.kind == Kind::Station) {
            ledger.reported.insert(seq);
        }
    }
}

/// Whether ExclusionsFixed cites other ledgers depends on the event. Spec: specs/events.md §5.
fn check_exclusion_refs(ledgers: &BTreeMap<[u8; 32], Ledger>, ledger: &Ledger, checks: &mut Checks) {
    let election = ledger.genesis.parent.and_then(|parent| ledgers.get(&parent));
    let Some(listed) = election.and_then(|election| election.listed) else {
        return;
    };
    for (seq, cited) in &ledger.exclusions {
        let expected = if listed.stations { listed.roll } else { None };
        if *cited != expected {
            let detail = if listed.stations {
                "the event does not cite the election ledger and the roll"
            } else {
                "the event carries refs"
            };
            checks.fail(Check::EntryRefs, ledger.place(*seq), detail);
        }
    }
}

/// What the walk remembers besides the ledger itself.
#[derive(Debug)]
struct Walk {
    authority: Authority,
    /// By author: an author has many more nonces than a ledger has authors.
    nonces: HashMap<[u8; 32], HashSet<[u8; 16]>>,
    sequenced: Vec<u64>,
    previous: Option<Previous>,
    /// No role event may follow: the box is sealed, the roll frozen or the station closed.
    ended: bool,
}

#[derive(Debug, Clone, Copy)]
struct Previous {
    body_hash: [u8; 32],
    received_ms: u64,
    sequenced_ms: u64,
}

fn begin(id: [u8; 32], folder: &str, genesis: (Genesis, Kind)) -> (Ledger, Walk) {
    let (genesis, kind) = genesis;
    let walk = Walk {
        authority: Authority::of(&genesis),
        nonces: HashMap::new(),
        sequenced: Vec::new(),
        previous: None,
        ended: false,
    };
    let ledger = Ledger {
        id,
        folder: folder.to_owned(),
        genesis,
        kind,
        tree: Tree::default(),
        checkpoint_holds: false,
        known: 0,
        broken_at: None,
        citations: Vec::new(),
        contents: BTreeMap::new(),
        sequenced: Vec::new(),
        listed: None,
        exclusions: Vec::new(),
        reported: BTreeSet::new(),
        has_participants: false,
        view_sizes: BTreeSet::new(),
    };
    (ledger, walk)
}

fn first_entry(bundle: &Bundle) -> Result<(Genesis, Kind), String> {
    let (_, _, bytes) = bundle.entries().next().ok_or("there is no entry 0")?;
    let entry = Entry::decode(bytes).map_err(|error| format!("entry 0: {error}"))?;
    if entry.body.event_type != 0x0001 || entry.body.version != 1 {
        return Err("entry 0 is not a genesis of version 1".to_owned());
    }
    let genesis = Genesis::decode(entry.body.payload).map_err(|error| format!("genesis: {error}"))?;
    if genesis.format != 1 {
        return Err("unknown genesis format".to_owned());
    }
    let kind = Kind::from_code(genesis.kind).ok_or("unknown kind of ledger")?;
    Ok((genesis, kind))
}

/// What can be said about an entry without its neighbours.
struct Looked<'a> {
    seq: u64,
    leaf: [u8; 32],
    entry: Result<Parts<'a>, DecodeError>,
}

struct Parts<'a> {
    entry: Entry<'a>,
    event: Result<Event<'a>, EventError>,
    body_hash: [u8; 32],
    fixed_nonce: Option<[u8; 16]>,
    signature_holds: bool,
    signature_time: Duration,
}

fn look<'a>(kind: Kind, seq: u64, leaf: [u8; 32], bytes: &'a [u8], known: &KnownLeaves) -> Looked<'a> {
    let entry = Entry::decode(bytes).map(|entry| {
        let event = Event::decode(kind, &entry.body);
        let fixed_nonce = event
            .as_ref()
            .ok()
            .and_then(|event| event.fixed_nonce(&entry.body));
        let start = Instant::now();
        let holds = known.has(seq, &leaf)
            || signature_holds(
                &entry.body.author,
                &body_message(entry.body_bytes),
                &entry.signature,
            );
        Parts {
            body_hash: body_hash(entry.body_bytes),
            entry,
            event,
            fixed_nonce,
            signature_holds: holds,
            signature_time: start.elapsed(),
        }
    });
    Looked { seq, leaf, entry }
}

/// Walks through bundles in order; while one is walked through, the next is looked at.
fn walk_bundles(
    ledger: &mut Ledger,
    walk: &mut Walk,
    bundles: &[Bundle],
    known: &KnownLeaves,
    checks: &mut Checks,
) {
    let kind = ledger.kind;
    let mut looked = bundles.first().map(|bundle| look_at(kind, bundle, known));
    for next in bundles.iter().skip(1).map(Some).chain([None]) {
        let current = looked.take().unwrap_or_default();
        let ((), ahead) = rayon::join(
            || walk_bundle(ledger, walk, current, checks),
            || next.map(|bundle| look_at(kind, bundle, known)),
        );
        looked = ahead;
    }
}

fn look_at<'a>(kind: Kind, bundle: &'a Bundle, known: &KnownLeaves) -> Vec<Looked<'a>> {
    let entries: Vec<_> = bundle.entry_bytes().collect();
    entries
        .into_par_iter()
        .map(|(seq, bytes)| look(kind, seq, leaf_hash(bytes), bytes, known))
        .collect()
}

fn walk_bundle(ledger: &mut Ledger, walk: &mut Walk, looked: Vec<Looked<'_>>, checks: &mut Checks) {
    for item in looked {
        let previous_leaf = item
            .seq
            .checked_sub(1)
            .and_then(|seq| ledger.tree.leaf(seq).copied());
        ledger.tree.push(item.leaf);
        match item.entry {
            Ok(parts) => walk_entry(ledger, walk, item.seq, previous_leaf, parts, checks),
            Err(error) => {
                checks.fail(Check::EntryEncoding, ledger.place(item.seq), error);
                ledger.broken_at.get_or_insert(item.seq);
                walk.sequenced.push(walk.sequenced.last().copied().unwrap_or(0));
                walk.previous = None;
                for check in LEDGER_CHECKS.into_iter().skip(4) {
                    checks.skip(check, "an entry cannot be decoded");
                }
            }
        }
    }
}

fn walk_entry(
    ledger: &mut Ledger,
    walk: &mut Walk,
    seq: u64,
    previous_leaf: Option<[u8; 32]>,
    parts: Parts<'_>,
    checks: &mut Checks,
) {
    let here = ledger.place(seq);
    let entry = &parts.entry;
    let body = &entry.body;

    let chained = entry.seq == seq && entry.prev == previous_leaf.unwrap_or_default();
    checks.require(
        Check::EntryChain,
        here,
        chained,
        "the number or the hash of the entry before is wrong",
    );
    checks.outcome(Check::EntryTime, here, time_rules(ledger, walk, entry));
    checks.require(
        Check::EntrySignature,
        here,
        parts.signature_holds,
        "the author's signature does not hold",
    );
    checks.spent(Check::EntrySignature, parts.signature_time);
    checks.require(
        Check::EntryLedger,
        here,
        body.ledger == ledger.id,
        "the body names another ledger",
    );
    let fresh = walk.nonces.entry(body.author).or_default().insert(body.nonce);
    checks.require(
        Check::EntryNonce,
        here,
        fresh,
        "the author has used this nonce before",
    );

    match &parts.event {
        Ok(_) => {
            checks.pass(Check::EntryEncoding);
            checks.pass(Check::EventUnknown);
        }
        Err(EventError::Unknown(reason)) => {
            checks.pass(Check::EntryEncoding);
            checks.fail(
                Check::EventUnknown,
                here,
                format!("{reason}: {:#06x}/{}", body.event_type, body.version),
            );
        }
        Err(EventError::Payload(error)) => {
            checks.fail(Check::EntryEncoding, here, format!("payload: {error}"));
        }
    }
    if let Ok(event) = &parts.event {
        for content in event.contents() {
            ledger.contents.entry(content).or_insert(seq);
        }
        walk_event(ledger, walk, seq, &parts, event, checks);
    } else {
        ledger.broken_at.get_or_insert(seq);
        let rest = [
            Check::EntrySeen,
            Check::EntryRefs,
            Check::EventAuthor,
            Check::EventGrant,
            Check::EventNonce,
        ];
        for check in rest {
            checks.skip(check, "an event cannot be understood");
        }
    }
    walk.sequenced.push(entry.sequenced_ms);
    walk.previous = Some(Previous {
        body_hash: parts.body_hash,
        received_ms: entry.received_ms,
        sequenced_ms: entry.sequenced_ms,
    });
}

fn walk_event(
    ledger: &mut Ledger,
    walk: &mut Walk,
    seq: u64,
    parts: &Parts<'_>,
    event: &Event<'_>,
    checks: &mut Checks,
) {
    let here = ledger.place(seq);
    let entry = &parts.entry;
    let body = &entry.body;

    if let Event::Genesis(genesis) = event {
        let outcome = if seq == 0 {
            genesis_rules(ledger, walk, genesis, entry)
        } else {
            Err("a second genesis")
        };
        checks.outcome(Check::LedgerGenesis, here, outcome);
        if seq == 0 {
            checks.require(
                Check::EventAuthor,
                here,
                body.author == genesis.service_key,
                "not by the service key",
            );
        }
        return;
    }

    let by_service = body.author == ledger.genesis.service_key;
    if by_service {
        checks.outcome(Check::EventNonce, here, service_rules(walk, event, parts));
    } else {
        checks.outcome(Check::EntrySeen, here, seen_rules(ledger, walk, seq, entry));
    }

    if let Event::ElectionDefined { ledgers, .. } = event {
        let first = |kind| ledgers.iter().find(|l| Kind::from_code(l.kind) == Some(kind));
        ledger.listed.get_or_insert(Listed {
            roll: first(Kind::Roll).map(|l| l.ledger),
            stations: first(Kind::Station).is_some(),
        });
    }
    let (role, scope) = event.author();
    let entitled = walk.authority.holds(&body.author, role, scope.as_deref());
    let of_station = role == Role::STATION_OFFICER;
    let of_participant = role == Role::PARTICIPANT;
    if ledger.kind == Kind::Consultation {
        ledger.has_participants |= of_participant;
        if !entitled && !of_participant {
            ledger.reported.insert(seq);
        }
        if let Event::Register(register) = event
            && let RegisterEvent::ViewPublished { size, .. } = register.as_ref()
        {
            ledger.view_sizes.insert(*size);
        }
    }
    if of_station && !entitled {
        ledger.reported.insert(seq);
    } else {
        match ref_rules(ledger, event, entry) {
            // Counted when they are compared with the ledgers that they cite.
            Ok(refs) => {
                if refs.is_empty() {
                    checks.pass(Check::EntryRefs);
                }
                if event.refs() == Refs::Exclusions {
                    let parent = ledger.genesis.parent;
                    let other = refs.iter().find(|cited| Some(cited.ledger) != parent);
                    ledger.exclusions.push((seq, other.map(|cited| cited.ledger)));
                }
                let citations = refs.iter().map(|target| Citation { seq, target: *target });
                ledger.citations.extend(citations);
            }
            Err(error) => {
                checks.fail(Check::EntryRefs, here, error);
                if of_station {
                    ledger.reported.insert(seq);
                }
            }
        }
    }
    // Which keys participants have is followed with the register.
    if !of_participant {
        let outcome = if entitled {
            Ok(())
        } else {
            Err(format!("{} by a key that is not {}", event.name(), role.name()))
        };
        checks.outcome(Check::EventAuthor, here, outcome);
    }
    match event {
        Event::RoleGranted(grant) | Event::RoleRevoked(grant) => {
            let outcome = if walk.ended {
                Err("no grant or revocation may stand after the end of this register")
            } else if !entitled {
                Err("not by the commission")
            } else if matches!(event, Event::RoleGranted(_)) {
                walk.authority.grant(grant)
            } else {
                walk.authority.revoke(grant)
            };
            checks.outcome(Check::EventGrant, here, outcome);
        }
        Event::RollFrozen { .. } | Event::BoxSealed(_) | Event::StationClosed { .. } => walk.ended = true,
        _ => {}
    }
}

/// What concerns the genesis alone. Spec: specs/ledger.md §3.
pub(crate) fn genesis_form(genesis: &Genesis, authority: &Authority) -> Result<(), &'static str> {
    if !is_origin(&genesis.origin) {
        return Err("the origin is malformed");
    }
    if !is_enrollable_key(&genesis.ledger_key) || !is_enrollable_key(&genesis.service_key) {
        return Err("the ledger key or the service key is not a public key");
    }
    if genesis.ledger_key == genesis.service_key {
        return Err("the ledger key is also the service key");
    }
    let keys: Vec<Vec<u8>> = genesis.grants.iter().map(|grant| grant.sort_key()).collect();
    if !keys.is_sorted_by(|a, b| a < b) {
        return Err("the first grants are not sorted or not distinct");
    }
    for grant in &genesis.grants {
        authority.grant_form(grant)?;
    }
    if !authority.has_commission() {
        return Err("no first grant makes a commission");
    }
    if !(1..=3_600_000).contains(&genesis.max_lag_ms) {
        return Err("the longest lag is out of range");
    }
    if !(1_000..=604_800_000).contains(&genesis.official_window_ms) {
        return Err("the officials' window is out of range");
    }
    if genesis
        .predecessor
        .is_some_and(|predecessor| predecessor.at.size == 0)
    {
        return Err("the predecessor is cited at size 0");
    }
    Ok(())
}

/// Spec: specs/ledger.md §3, §5.
fn genesis_rules(
    ledger: &Ledger,
    walk: &Walk,
    genesis: &Genesis,
    entry: &Entry<'_>,
) -> Result<(), &'static str> {
    let body = &entry.body;
    if sha256(&[body.payload]) != ledger.id {
        return Err("the ledger id is not the hash of the genesis");
    }
    genesis_form(genesis, &walk.authority)?;
    if body.author != genesis.service_key {
        return Err("the genesis is not by the service key");
    }
    if !body.refs.is_empty() || body.seen.is_some() || body.author_time_ms != 0 {
        return Err("the genesis carries refs, a view or an author's time");
    }
    if body.nonce != first_16(&ledger.id) {
        return Err("the genesis has another nonce than that of its id");
    }
    Ok(())
}

/// Spec: specs/ledger.md §5.
fn time_rules(ledger: &Ledger, walk: &Walk, entry: &Entry<'_>) -> Result<(), &'static str> {
    let latest = entry
        .received_ms
        .saturating_add(u64::from(ledger.genesis.max_lag_ms));
    if entry.received_ms >= TIME_LIMIT_MS
        || entry.sequenced_ms >= TIME_LIMIT_MS
        || entry.body.author_time_ms >= TIME_LIMIT_MS
    {
        return Err("a time is beyond the limit");
    }
    if entry.sequenced_ms < entry.received_ms {
        return Err("sequenced before it was received");
    }
    if entry.sequenced_ms > latest {
        return Err("sequenced too long after it was received");
    }
    if walk
        .sequenced
        .last()
        .is_some_and(|before| entry.sequenced_ms < *before)
    {
        return Err("sequenced before the entry in front of it");
    }
    Ok(())
}

/// Spec: specs/ledger.md §4.2.
fn seen_rules(ledger: &Ledger, walk: &Walk, seq: u64, entry: &Entry<'_>) -> Result<(), &'static str> {
    let window = ledger.genesis.official_window_ms;
    let body = &entry.body;
    let oldest = entry.received_ms.saturating_sub(window);
    let seen = body.seen.ok_or("an official's body without what was seen")?;
    if seen.size == 0 || seen.size > seq {
        return Err("the size that was seen is not one of the ledger before this entry");
    }
    if ledger.tree.root(seen.size) != Some(seen.root) {
        return Err("what was seen is not this ledger");
    }
    if seen.size < seq {
        let first_unseen = usize::try_from(seen.size)
            .ok()
            .and_then(|index| walk.sequenced.get(index))
            .copied()
            .unwrap_or(0);
        if first_unseen < oldest {
            return Err("what was seen is too old");
        }
    }
    if body.author_time_ms < oldest {
        return Err("the author's time is too long ago");
    }
    if body.author_time_ms > entry.received_ms.saturating_add(CLOCK_AHEAD_MS) {
        return Err("the author's time lies in the future");
    }
    Ok(())
}

/// Spec: specs/ledger.md §4.2, §5, specs/events.md §4, §5.
fn service_rules(walk: &Walk, event: &Event<'_>, parts: &Parts<'_>) -> Result<(), &'static str> {
    let body = &parts.entry.body;
    if body.seen.is_some() || body.author_time_ms != 0 {
        return Err("a body of the service carries a view or an author's time");
    }
    if parts.fixed_nonce.is_some_and(|nonce| nonce != body.nonce) {
        return Err("the nonce is not the one fixed by rule");
    }
    if let Event::Register(register) = event
        && register.is_consequence()
    {
        // Of what it is the consequence is judged with the register.
        let same = walk.previous.is_some_and(|before| {
            before.received_ms == parts.entry.received_ms && before.sequenced_ms == parts.entry.sequenced_ms
        });
        if !same {
            return Err("the consequence has other times than its cause");
        }
    }
    if let Event::BoxSealed(sealed) = event {
        let cause = walk
            .previous
            .filter(|previous| previous.body_hash == sealed.cause);
        let cause = cause.ok_or("the cause is not the event directly before")?;
        if cause.received_ms != parts.entry.received_ms || cause.sequenced_ms != parts.entry.sequenced_ms {
            return Err("the consequence has other times than its cause");
        }
    }
    Ok(())
}

/// The refs to compare. Spec: specs/events.md (column refs), specs/ledger.md §4.3.
fn ref_rules<'e>(
    ledger: &Ledger,
    event: &Event<'_>,
    entry: &'e Entry<'_>,
) -> Result<&'e [Ref], &'static str> {
    let refs = entry.body.refs.as_slice();
    let expected = match event.refs() {
        Refs::None if refs.is_empty() => return Ok(refs),
        Refs::None => return Err("the event carries refs"),
        Refs::Roll => ledger.listed.and_then(|listed| listed.roll),
        Refs::Parent => ledger.genesis.parent,
        Refs::Of(id) => Some(id),
        Refs::Exclusions => {
            let parent = |cited: &&Ref| Some(cited.ledger) == ledger.genesis.parent;
            if !refs.is_empty() && (refs.len() != 2 || refs.iter().filter(parent).count() != 1) {
                return Err("the event cites other ledgers than the election ledger and the roll");
            }
            return own_rules(ledger, refs);
        }
        // How many there are, and to which box, is judged with the station.
        Refs::LookUp => return own_rules(ledger, refs),
    };
    let [only] = refs else {
        return Err("the event does not carry exactly one ref");
    };
    if Some(only.ledger) != expected {
        return Err("the ref cites another ledger than the event must");
    }
    own_rules(ledger, refs)
}

fn own_rules<'e>(ledger: &Ledger, refs: &'e [Ref]) -> Result<&'e [Ref], &'static str> {
    if refs.iter().any(|cited| cited.ledger == ledger.id) {
        return Err("the ref cites its own ledger");
    }
    if refs.iter().any(|cited| cited.at.size == 0) {
        return Err("the ref cites no entries");
    }
    Ok(refs)
}

fn check_checkpoint(ledger: &Ledger, checkpoint: &Checkpoint, checks: &mut Checks) -> bool {
    let genesis = &ledger.genesis;
    let outcome = if checkpoint.ledger != ledger.id || checkpoint.origin != genesis.origin {
        Err("the origin line is not that of the genesis")
    } else if !checkpoint.signature_holds(&genesis.ledger_key) {
        Err("the key id or the signature is not by the ledger key")
    } else {
        Ok(())
    };
    checks.outcome(Check::LedgerCheckpoint, Place::ledger(ledger.id), outcome);
    outcome.is_ok()
}

fn check_tiles(
    source: &dyn Source,
    ledger: &Ledger,
    checkpoint: &Checkpoint,
    complete: bool,
    checks: &mut Checks,
) {
    let here = Place::ledger(ledger.id);
    if !complete {
        return;
    }
    let root_agrees = ledger.tree.root(checkpoint.size) == Some(checkpoint.root);
    checks.require(
        Check::LedgerTiles,
        here,
        root_agrees,
        "the root is not that of the checkpoint",
    );
    for name in tile_names(checkpoint.size) {
        let expected = tile_bytes(&name, &ledger.tree);
        let length = expected.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let path = name.path();
        let outcome = match source.read(&format!("{}{path}", ledger.folder), length) {
            Err(error) => Err(format!("{path}: {error}")),
            Ok(bytes) if Some(&bytes) != expected.as_ref() => {
                Err(format!("{path}: other hashes than those of the entries"))
            }
            Ok(_) => Ok(()),
        };
        checks.outcome(Check::LedgerTiles, here, outcome);
    }
}
