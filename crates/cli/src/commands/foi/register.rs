//! What the commission does with a register: begins it and puts it under rules.

use serde_json::json;
use sijill_ledger::{Kind, Predecessor, Role};
use sijill_registers::calendar::events::{CalendarEvent, PUBLIC, RegisterListed};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::events::{FoiEvent, RegisterDefined, RegisterSucceeded};
use sijill_registers::names::Name;

use super::arguments::FoiCommand;
use super::desk::Desk;
use crate::commands::calendar::{calendar, make, office};
use crate::commands::public_key;
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
        let named = |text: &str| -> Outcome<Name> {
            text.parse().map_err(|e| {
                Failure::usage(format!("{}: {e}", escape(text)), "choose a name like moph-2026")
                    .code("register.name")
            })
        };
        let (id, authority) = (named(id)?, named(authority)?);
        let engine = self.engine();
        let (root, facts) = calendar(engine)?;
        if facts.registers.iter().any(|r| r.listing.id == id) {
            return Err(Failure::refused(
                format!("the id {id} is taken"),
                "choose another one; `sijill calendar show` lists them",
            )
            .code("register.name"));
        }
        let pack = self.pack(pack)?;
        let signing = self.common.signing_key(&key.key)?;
        let mut grants = vec![office(signing.key_id(), Role::Commission)];
        for (keys, role) in [
            (member, Role::Commission),
            (officer, Role::FoiOfficer),
            (grievance_officer, Role::GrievanceOfficer),
        ] {
            for key in keys {
                grants.push(office(public_key(key)?, role));
            }
        }
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
        let name = format!("foi/{id}");
        let origin = self.site.origin();
        let ledger = make(engine, origin, &name, Kind::Foi, Some(root), grants, predecessor).await?;
        let listed = CalendarEvent::RegisterListed(RegisterListed {
            ledger,
            kind: Kind::Foi.code(),
            visibility: PUBLIC,
            id: id.clone(),
            authority,
            name_en: names.name_en.clone(),
            name_ar: names.name_ar.clone(),
        });
        engine.act(&signing, root, &Event::Calendar(listed), &[]).await?;
        engine.begin_register(ledger, root).await?;
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
