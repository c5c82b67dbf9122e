//! A small ledger to test with.

use sijill_ledger::*;

pub(crate) const NOW: u64 = 1_800_000_000_000;
pub(crate) const WINDOW_MS: u64 = 600_000;
pub(crate) const LAG_MS: u64 = 5_000;

pub(crate) fn at(offset_ms: u64) -> UnixMillis {
    UnixMillis::new(NOW + offset_ms).unwrap()
}

pub(crate) fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

pub(crate) fn nonce(n: u64) -> Nonce {
    let mut bytes = [0xaa; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Nonce::from_bytes(bytes)
}

pub(crate) struct World {
    pub(crate) chain: Chain,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commission: SigningKey,
    pub(crate) service: SigningKey,
    pub(crate) ledger_key: SigningKey,
}

pub(crate) fn genesis_fields() -> GenesisFields {
    GenesisFields {
        kind: Kind::BallotBox,
        origin: Origin::new("vote.example/2026").unwrap(),
        parent: Some(LedgerId::from_bytes([5; 32])),
        ledger_key: key(3).key_id(),
        service_key: key(2).key_id(),
        grants: vec![Grant {
            key: key(1).key_id(),
            role: Role::Commission,
            scope: None,
        }],
        max_lag_ms: u32::try_from(LAG_MS).unwrap(),
        official_window_ms: WINDOW_MS,
        random: [9; 32],
        predecessor: None,
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let genesis = Genesis::new(genesis_fields()).unwrap();
        let (chain, entry) = Chain::create(genesis, &key(2), at(0)).unwrap();
        Self {
            chain,
            entries: vec![entry],
            commission: key(1),
            service: key(2),
            ledger_key: key(3),
        }
    }

    /// With `n` entries, by service and commission in turn, a millisecond apart.
    pub(crate) fn of_size(n: u64) -> Self {
        let mut world = Self::new();
        for i in 1..n {
            let body = if i % 3 == 0 {
                world
                    .official(nonce(i), at(i), world.chain.seen())
                    .sign(&world.commission)
            } else {
                world
                    .by_service(nonce(i), vec![0xcd; (i % 40) as usize])
                    .sign(&world.service)
            };
            world.append(body.unwrap(), at(i));
        }
        world
    }

    pub(crate) fn by_service(&self, nonce: Nonce, payload: Vec<u8>) -> Body {
        Body::by_service(self.chain.genesis(), EventType::new(0x0403), nonce, payload)
    }

    pub(crate) fn official(&self, nonce: Nonce, time: UnixMillis, seen: Seen) -> Body {
        Body {
            ledger: self.chain.ledger(),
            event_type: EventType::new(0x0405),
            author: self.commission.key_id(),
            author_time_ms: time,
            nonce,
            seen: Some(seen),
            refs: Vec::new(),
            payload: b"official".to_vec(),
        }
    }

    pub(crate) fn append(&mut self, body: SignedBody, time: UnixMillis) -> &Entry {
        let entry = self.chain.append(body, time, time).unwrap();
        self.entries.push(entry);
        self.entries.last().unwrap()
    }

    pub(crate) fn identity(&self) -> LedgerIdentity {
        LedgerIdentity::from(self.chain.genesis())
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        Checkpoint::sign(
            &self.identity(),
            self.chain.size(),
            self.chain.root(),
            &self.ledger_key,
        )
        .unwrap()
    }

    pub(crate) fn receipt(&self, seq: u64) -> Receipt {
        let entry = self.entries[usize::try_from(seq).unwrap()].clone();
        let proof = self
            .chain
            .inclusion_proof(Seq::new(seq), self.chain.size())
            .unwrap();
        Receipt::new(entry, proof, self.checkpoint()).unwrap()
    }
}
