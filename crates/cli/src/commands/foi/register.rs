//! What the commission does with a register: begins it and puts it under rules.

use serde_json::json;
use sijill_ledger::{Kind, Predecessor, Role};
use sijill_registers::calendar::events::PUBLIC;
use sijill_registers::catalogue::Event;
use sijill_registers::foi::events::{FoiEvent, RegisterDefined, RegisterSucceeded};

use super::arguments::FoiCommand;
use super::desk::Desk;
use crate::commands::calendar::{NewRegister, calendar};
use crate::error::{Failure, Outcome};
use crate::render::{escape, say, show};

impl Desk<'_> {
    /// An adopted pack by its name.
    pub(super) fn pack(&self, name: &str) -> Outcome<sijill_ledger::ContentRef> {
        let (_, facts) = calendar(self.engine())?;
        let mut all = facts.packs.iter();
        let found = all.find(|p| format!("{}/{}", p.pack.id, p.pack.version) == name);
        found.map(|p| p.content).ok_or_else(|| {
            Failure::refused(
                format!("there is no rule pack {}", escape(name)),
                "`sijill calendar show` lists the packs, `sijill calendar adopt` adopts one",
            )
            .code("rules.missing")
        })
    }

    pub(super) async fn new_register(&self, command: &FoiCommand) -> Outcome {
        let FoiCommand::New {
            id,
            authority,
            names,
            pack,
            officer,
            grievance_officer,
            member,
            succeeds,
            key,
        } = command
        else {
            return Err(Failure::internal("another command"));
        };
        let engine = self.engine();
        let register = NewRegister::named(engine, id, authority, "moph-2026")?;
        let pack = self.pack(pack)?;
        let signing = self.common.signing_key(&key.key)?;
        let offices: [(&[String], Role); 3] = [
            (member, Role::Commission),
            (officer, Role::FoiOfficer),
            (grievance_officer, Role::GrievanceOfficer),
        ];
        let old = succeeds.as_deref().map(|id| self.register(id)).transpose()?;
        let predecessor = match &old {
            None => None,
            Some((old, _)) => {
                let missing = || Failure::internal("a listed register that is not here");
                let cited = engine.ledgers().find(old).ok_or_else(missing)?.cite();
                Some(Predecessor {
                    ledger: cited.ledger,
                    size: cited.size,
                    root: cited.root,
                })
            }
        };
        let ledger = register
            .begin(
                engine,
                self.site.origin(),
                (Kind::Foi, "foi", PUBLIC),
                names,
                (&signing, &offices),
                predecessor,
            )
            .await?;
        let id = register.id;
        let defined = FoiEvent::RegisterDefined(RegisterDefined { pack });
        engine.act(&signing, ledger, &Event::Foi(defined), &[]).await?;
        if let Some((old, _)) = old {
            // The days before today, and then that the new register is listed.
            for _ in 0..2 {
                engine.prepare(old).await?;
            }
            let succeeded = FoiEvent::RegisterSucceeded(RegisterSucceeded { successor: ledger });
            engine.act(&signing, old, &Event::Foi(succeeded), &[]).await?;
        }
        say!("The register {id} is ledger {ledger}. Next: `sijill foi submit {id}`.");
        show!(json!({ "register": id.as_str(), "ledger": ledger }));
        Ok(())
    }
}
