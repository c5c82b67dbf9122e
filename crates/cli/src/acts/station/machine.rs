//! The machine of a station. Spec: specs/station.md §4 to §6.

use std::sync::Arc;

use sijill_engine::Engine;
use sijill_engine::ledgers::LedgerHandle;
use sijill_engine::look_up::Answer;
use sijill_ledger::{Grant, KeyId, LedgerId, Role, SigningKey};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::register::Facts;
use sijill_registers::station::StationFacts;
use sijill_registers::station::events::{PaperIssued, Signed, StationEvent, final_message};

use crate::error::{Failure, Outcome};

/// The station whose machine this is.
pub(crate) struct Machine {
    pub(crate) engine: Arc<Engine>,
    pub(crate) ledger: LedgerId,
    pub(crate) election: LedgerId,
}

impl Machine {
    /// Finds it.
    pub(crate) fn open(engine: Arc<Engine>) -> Outcome<Self> {
        let found = engine.ledgers().all().into_iter().find_map(|handle| {
            let Facts::Station(facts) = handle.facts() else {
                return None;
            };
            (!engine.is_copy(&handle.ledger())).then(|| (handle.ledger(), facts.parent))
        });
        let (ledger, election) = found.ok_or_else(|| {
            Failure::refused(
                "this installation is not the machine of a polling station",
                "`sijill station set-up` makes it one",
            )
            .code("station.unknown")
        })?;
        Ok(Self {
            engine,
            ledger,
            election,
        })
    }

    pub(crate) fn handle(&self) -> Outcome<Arc<LedgerHandle>> {
        let handle = self.engine.ledgers().find(&self.ledger);
        handle.ok_or_else(|| Failure::internal("a station without its ledger"))
    }

    pub(crate) fn facts(&self) -> Outcome<Arc<StationFacts>> {
        match self.handle()?.facts() {
            Facts::Station(facts) => Ok(facts),
            _ => Err(Failure::internal("a station that is none")),
        }
    }

    /// An officer acts. Returns the position.
    pub(crate) async fn act(&self, key: &SigningKey, event: StationEvent) -> Outcome<u64> {
        let cites: &[LedgerId] = match event {
            StationEvent::StationOpened(_) => &[self.election],
            _ => &[],
        };
        let done = self
            .engine
            .act(key, self.ledger, &Typed::Station(event), cites)
            .await?;
        Ok(done.seq.as_u64())
    }

    /// An officer issues a paper upon the centre's answer. Returns the position.
    pub(super) async fn issue_after_look_up(
        &self,
        key: &SigningKey,
        event: PaperIssued,
        answer: &Answer,
    ) -> Outcome<u64> {
        let done = self
            .engine
            .issue_after_look_up(key, self.ledger, event, answer)
            .await?;
        Ok(done.seq.as_u64())
    }

    /// The commission grants the role of an officer here, or takes it away, as the election ledger says already.
    pub(crate) async fn change_officer(
        &self,
        commission: &SigningKey,
        officer: KeyId,
        holds: bool,
    ) -> Outcome {
        let grant = Grant {
            key: officer,
            role: Role::StationOfficer,
            scope: None,
        };
        let event = if holds {
            Typed::RoleGranted(grant)
        } else {
            Typed::RoleRevoked(grant)
        };
        self.engine.act(commission, self.ledger, &event, &[]).await?;
        Ok(())
    }

    /// What an officer signs at the end.
    pub(crate) fn sign_final(&self, key: &SigningKey) -> Outcome<Signed> {
        if self.facts()?.closed.is_none() {
            return Err(Failure::refused(
                "the station is not closed yet",
                "`sijill station close` first; then the chair and two members sign",
            )
            .code("station.final"));
        }
        let cited = self.handle()?.cite();
        let message = final_message(self.ledger, cited.size, cited.root.as_bytes());
        Ok(Signed {
            key: key.key_id(),
            signature: key.sign(&message),
        })
    }
}
